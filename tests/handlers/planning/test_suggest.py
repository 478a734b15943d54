"""Limits that the past suggests: by percentile of a team, or the other way round from a bound."""

from dataclasses import replace
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import Connection

from bot.config import Settings
from handlers.card import Button, Card, Table, Text
from handlers.context import CLOCK, Context
from handlers.place import Place
from handlers.planning import try_policy, written
from handlers.policy import Budget
from storage.directory import Link, Person
from tests.support.company import ACME, Company
from tests.support.history import on_working_days, read_all, uses

NEW = tuple(Person(f"p{n}", f"Person {n}", f"p{n}@acme.example", "lea", "ads") for n in range(6))


@pytest.fixture
def company(acme: Company) -> Company:
    """Ads has six people who spend 5 to 10 dollars on each of October's 22 working days; Ana of Search spends 30."""
    links = tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in NEW)
    acme.directory = replace(ACME, people=(*ACME.people, *NEW), links=(*ACME.links, *links))
    acme.clock.moment -= timedelta(days=80)
    acme.app.refresh_people()
    acme.clock.moment += timedelta(days=80)
    acme.llm.rows = []
    uses(acme, "ana", on_working_days("30.00"))
    uses(acme, "crawler-key", lambda day: "4.00" if day.day % 10 else "9.00")
    for n, each in enumerate(NEW):
        uses(acme, each.id, on_working_days(f"{5 + n}.00"))
    return read_all(acme)


def lines(company: Company, person: str, words: str) -> list[str]:
    """The lines for app.yaml."""
    card = company.hear(person, words)
    texts = [block.text for block in card.whole.blocks if isinstance(block, Text) and "app.yaml" in block.text]
    return texts[0].splitlines()[1:] if texts else [card.title]


def test_each_team_of_five_gets_what_most_of_it_spends_and_a_fifth_more(company: Company) -> None:
    """Nine of ten months of Ads came to 220; all others share one limit."""
    assert lines(company, "fay", "suggest limits for every person floor 50") == [
        "- {name: per-person, who: every person of team ads, amount: 270 USD, every: month}",
        "- {name: per-person, who: every person, amount: 800 USD, every: month}",
    ]


def test_no_limit_is_below_the_floor(company: Company) -> None:
    """Without a word it is a hundred dollars a month."""
    assert "amount: 500 USD" in lines(company, "fay", "suggest floor 500")[0]


def test_a_bound_of_stops_finds_the_lowest_limits_that_keep_it(company: Company) -> None:
    """At most three stops: the limits are lower than those of no stop."""
    card = company.hear("fay", "suggest at most 3 stopped a month floor 1")

    facts = {name: value for block in card.blocks if block.kind == "facts" for name, value in block.facts}
    assert "3 stops a period" in facts["Would stop"]
    assert "0 stops" in str(company.hear("fay", "suggest at most 0 stopped a month floor 1"))


def test_a_total_finds_the_highest_limits_that_keep_it(company: Company) -> None:
    """Together they spent 1,650 dollars in October; 1,000 are allowed."""
    words = "suggest total 1000 USD"

    (button,) = [block for block in company.hear("fay", words).blocks if isinstance(block, Button)]

    assert button.says.startswith("try per-person p90 of team times 0.")
    assert company.say("fay", "suggest total 0.01 USD").startswith("! No limits keep the spending below that.")


def test_a_total_that_nobody_reaches_needs_no_limits(company: Company) -> None:
    """Limits of thousands for each would be no suggestion."""
    said = company.say("fay", "suggest total 20000 USD")

    assert said.startswith("! They spent $1,650 a period, so such a total needs no limits.")


def test_what_is_suggested_can_be_tried_with_one_press(company: Company) -> None:
    """The replay stops as many as the suggestion says."""
    card = company.hear("fay", "suggest limits for every person floor 1")
    (button,) = [block for block in card.blocks if isinstance(block, Button)]

    assert button.says == "try per-person p90 of team times 1.2 floor 1"
    assert company.hear("fay", button.says).title.startswith("0 of 8 people and agents")


@pytest.mark.parametrize("words", ["suggest floor 1", "suggest at most 3 stopped a month floor 1"])
def test_what_is_suggested_can_be_put_into_app_yaml_and_does_what_was_said(company: Company, words: str) -> None:
    """The lines load as they are, in the place of the budgets of that name, and a replay stops as many people."""
    card = company.hear("fay", words)
    (said,) = [dict(block.facts)["Would stop"].partition(" ")[0] for block in card.blocks if block.kind == "facts"]
    pasted = yaml.safe_load("\n".join(lines(company, "fay", words)))
    budgets = company.rules["budgets"]
    assert isinstance(budgets, list)
    others = [each for each in budgets if each["name"] != "per-person"]

    proposed = Settings.model_validate({**company.rules, "budgets": [*others, *pasted]})

    def tried_by(conn: Connection) -> Card:
        app = company.app
        ctx = Context(conn, app.now(), CLOCK, Place("terminal", ""), app.policy, {CLOCK.id: CLOCK})
        return try_policy(ctx, proposed.policy, "granting none")

    tried = company.database.ask(tried_by)

    assert tried.title.startswith(f"{said} of ")
    assert (said == "0") == ("most" not in words)


def test_words_that_yaml_would_take_for_something_else_are_quoted() -> None:
    """A budget may be called “on”, and a tier may begin with a star."""
    odd = Budget.model_validate({"name": "on", "who": "every person", "amount": "5 USD", "alert_at": (70, 90)})

    (back,) = yaml.safe_load("\n".join(written.lines([odd])))

    assert Budget.model_validate(back) == odd


def test_choices_stand_beside_each_other(company: Company) -> None:
    """The higher the percentile, the fewer are stopped."""
    (table,) = [b for b in company.hear("fay", "suggest").blocks if isinstance(b, Table)]

    stopped = [int(row[2]) for row in table.rows]
    assert stopped == sorted(stopped, reverse=True)
    assert stopped[-1] == 0


def test_agents_get_a_limit_of_a_day(company: Company) -> None:
    """Twice what nearly all of their days came to."""
    assert lines(company, "fay", "suggest limits for every agent") == [
        "- {name: agents-daily, who: agent crawler, amount: 18 USD, every: day}"
    ]


@pytest.mark.parametrize(
    ("person", "words", "why"),
    [
        ("fay", "suggest at most five", "Say how many people may be stopped"),
        ("fay", "suggest total much", "Say an amount"),
        ("fay", "suggest dinner", "I don't understand “dinner”."),
        ("max", "suggest limits of organization", "You can't see figures"),
        ("ana", "suggest", "Limits are suggested for a team or for everybody"),
    ],
)
def test_what_cannot_be_suggested_is_refused(company: Company, person: str, words: str, why: str) -> None:
    """In one sentence."""
    assert company.hear(person, words).title.startswith(why)


def test_a_lead_gets_limits_for_their_own_team(company: Company) -> None:
    """Of nobody else's figures."""
    assert lines(company, "lea", "suggest floor 50") == [
        "- {name: per-person, who: every person of team ads, amount: 270 USD, every: month}"
    ]
