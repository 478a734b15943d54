"""Limits that the past suggests: by percentile of a team, or the other way round from a bound."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import yaml
from sqlalchemy import Connection

from bot.config import Settings
from handlers.card import Button, Card, File, Table, Text
from handlers.context import CLOCK, Context
from handlers.place import Place
from handlers.planning import try_policy, written
from handlers.policy import Budget
from storage.directory import Link, Person, Team
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


def buttons(card: Card, word: str) -> list[str]:
    """What the buttons say that begin with a word."""
    return [block.says for block in card.whole.blocks if isinstance(block, Button) and block.says.startswith(word)]


def lines(company: Company, person: str, words: str) -> list[str]:
    """The lines for app.yaml, which are a file."""
    card = company.hear(person, words)
    asked = [each for each in buttons(card, "suggest") if each.endswith(" as yaml")]
    return (
        [each for each in file_of(company, person, asked[0]).text.splitlines() if each.startswith("- ")]
        if asked
        else [card.title]
    )


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

    (says,) = buttons(company.hear("fay", words), "try")

    assert says.startswith("try per-person p90 of team times 0.")
    assert company.say("fay", "suggest total 0.01 USD").startswith("! No limits keep the spending below that.")


def test_a_total_that_nobody_reaches_needs_no_limits(company: Company) -> None:
    """Limits of thousands for each would be no suggestion."""
    said = company.say("fay", "suggest total 20000 USD")

    assert said.startswith("! They spent $1,650 a period, so such a total needs no limits.")


def test_what_is_suggested_can_be_tried_with_one_press(company: Company) -> None:
    """The replay stops as many as the suggestion says."""
    card = company.hear("fay", "suggest limits for every person floor 1")
    (says,) = buttons(card, "try")

    assert says == "try per-person p90 of team times 1.2 floor 1"
    assert company.hear("fay", says).title.startswith("0 of 8 people and agents")


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
    table = next(b for b in company.hear("fay", "suggest").blocks if isinstance(b, Table))

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
    """Of nobody else's figures; and the press of a button tries them."""
    assert lines(company, "lea", "suggest floor 50") == [
        "- {name: per-person, who: every person of team ads, amount: 270 USD, every: month}"
    ]
    (says,) = buttons(company.hear("lea", "suggest floor 50"), "try")
    assert company.hear("lea", says).title == "0 of 6 people and agents would have reached a limit"


# Groups of people -----------------------------------------------------------------------------------------------------

CONTRACTORS = ("p0", "p1", "p2", "p3", "p4")
STARTERS = ("p4", "p5", "ana", "bob")


@pytest.fixture
def grouped(company: Company) -> Company:
    """Five of Ads are contractors, four people are starters; one of them is both."""
    people = tuple(
        replace(
            each,
            groups=tuple(
                name for name, ids in (("contractors", CONTRACTORS), ("starters", STARTERS)) if each.id in ids
            ),
        )
        for each in company.directory.people
    )
    company.directory = replace(company.directory, people=people)
    company.app.refresh_people()
    return company


def proposed_by(company: Company, text: str, **rules: object) -> Card:
    """What an app.yaml with the budgets of a file would have done, to whom nothing is granted."""
    budgets = company.rules["budgets"]
    assert isinstance(budgets, list)
    others = [each for each in budgets if each["name"] != "per-person"]
    proposed = Settings.model_validate(
        {**company.rules, **rules, "budgets": [*others, *yaml.safe_load(text)["budgets"]]}
    )

    def tried_by(conn: Connection) -> Card:
        app = company.app
        ctx = Context(conn, app.now(), CLOCK, Place("terminal", ""), app.policy, {CLOCK.id: CLOCK})
        return try_policy(ctx, proposed.policy, "granting none")

    return company.database.ask(tried_by)


def file_of(company: Company, person: str, words: str) -> File:
    """The file that comes with an answer."""
    (file,) = company.hear(person, words).whole.files
    return file


def test_each_group_of_five_gets_what_most_of_it_spends(grouped: Company) -> None:
    """Nine of ten months of contractors came to 198; four starters get no line, and count with all others."""
    assert lines(grouped, "fay", "suggest limits by group floor 50") == [
        "- {name: per-person, who: every person in contractors, amount: 240 USD, every: month}",
        "- {name: per-person, who: every person, amount: 800 USD, every: month}",
    ]
    assert "by group" in grouped.hear("fay", "suggest by role floor 50").title


def test_fewer_than_five_who_are_left_get_what_most_people_spend(grouped: Company) -> None:
    """What Ana alone spends stands in no app.yaml: half of all months came to 176 and less."""
    card = grouped.hear("fay", "try p50 of group floor 1")

    said = [block.text for block in card.whole.blocks if isinstance(block, Text)]
    assert any("{name: per-person, who: every person, amount: 180 USD, every: month}" in each for each in said)


def test_a_role_is_a_group_whoever_has_it(company: Company) -> None:
    """Budgets may be for a role; of two groups that which stands first in app.yaml counts, also in a suggestion."""
    people = tuple(
        replace(each, roles=("viewer",) if each in NEW else each.roles, groups=("ads",) if each in NEW else ())
        for each in company.directory.people
    )
    company.directory = replace(company.directory, people=people)
    company.app.refresh_people()
    first = lines(company, "fay", "suggest by group floor 50")[0]
    assert "who: every person in ads," in first

    budgets = [*company.rules["budgets"], {"name": "per-person", "who": "role viewer", "amount": "90 USD"}]  # type: ignore[misc]
    again = Company(company.database, company.clock, {**company.rules, "budgets": budgets}, company.directory)
    assert "who: role viewer," in lines(again, "fay", "suggest by group floor 50")[0]


def test_without_groups_it_says_why_the_limit_is_the_same_for_all(company: Company, grouped: Company) -> None:
    """Nobody takes it for that of a group."""
    why = "No group has five people of whom enough is known"
    assert why not in grouped.say("fay", "suggest by group")

    grouped.directory = replace(
        grouped.directory, people=tuple(replace(each, groups=()) for each in grouped.directory.people)
    )
    grouped.app.refresh_people()

    assert why in company.say("fay", "suggest by group")


def test_all_alike_get_one_limit(grouped: Company) -> None:
    """“by company” is one line."""
    assert lines(grouped, "fay", "suggest by company floor 50") == [
        "- {name: per-person, who: every person, amount: 800 USD, every: month}"
    ]


def test_limits_of_groups_are_suggested_for_everybody_only(grouped: Company) -> None:
    """A line for contractors would bind those of other teams by what one team spends."""
    why = "! A limit of a group counts in all teams, so it is suggested for everybody only."
    assert grouped.say("lea", "suggest by group").startswith(why)
    assert grouped.say("fay", "suggest for team ads by group").startswith(why)
    assert grouped.say("fay", "try p90 of group of team ads").startswith(why)


def test_who_has_a_rule_of_their_own_keeps_it_and_is_counted_nowhere(grouped: Company) -> None:
    """Ana's 50 dollars stay, and of all others nobody spends more than 220."""
    budgets = [*grouped.rules["budgets"], {"name": "per-person", "who": "person ana", "amount": "50 USD"}]  # type: ignore[misc]
    company = Company(grouped.database, grouped.clock, {**grouped.rules, "budgets": budgets}, grouped.directory)

    for words in ("suggest by group floor 1", "suggest by team floor 1"):
        said = lines(company, "fay", words)
        assert "- {name: per-person, who: person ana, amount: 50 USD, every: month}" in said
        assert "800 USD" not in str(said)
        facts = {
            name: value
            for block in company.hear("fay", words).blocks
            if block.kind == "facts"
            for name, value in block.facts
        }
        assert facts["Would stop"].startswith("0 of 6 people")


def test_a_button_leads_from_teams_to_groups_where_there_are_any(grouped: Company) -> None:
    """With the same bounds, and not for whom it would be refused."""
    says = [
        block.says for block in grouped.hear("fay", "suggest at most 2 floor 5").blocks if isinstance(block, Button)
    ]
    assert says[-1] == "suggest at most 2 floor 5 by group"
    assert "by group" not in str([b for b in grouped.hear("lea", "suggest").blocks if isinstance(b, Button)])
    card = grouped.hear("fay", says[-1])
    (again,) = buttons(card, "try")
    assert again.startswith("try per-person p90 of group times ")
    stopped = dict(next(block for block in card.blocks if block.kind == "facts").facts)["Would stop"].split()[0]
    assert grouped.hear("fay", f"{again} granting none").title.startswith(f"{stopped} of ")


@pytest.mark.parametrize(
    "words", ["suggest by group at most 3 floor 1", "suggest at most 2 floor 1", "suggest by company floor 1"]
)
def test_the_file_is_an_app_yaml_that_stops_as_many_as_was_said(grouped: Company, words: str) -> None:
    """It loads as it is, in the place of the budgets of that name."""
    card = grouped.hear("fay", words)
    (said,) = [dict(block.facts)["Would stop"].partition(" ")[0] for block in card.blocks if block.kind == "facts"]

    file = file_of(grouped, "fay", f"{words} as yaml")

    assert file.name == "suggested-per-person.yaml"
    assert "In the place of all budgets named “per-person” in app.yaml" in file.text
    assert proposed_by(grouped, file.text).title.startswith(f"{said} of ")


def test_a_large_proposal_is_whole_in_its_file(acme: Company) -> None:
    """The card shows twenty limits and says how many more there are; the file has them all."""
    teams = tuple(Team(f"t{n}", f"Team {n}", "lea", "engineering") for n in range(24))
    people = tuple(
        Person(f"t{n}p{k}", f"Person {n} {k}", f"t{n}p{k}@acme.example", "lea", f"t{n}")
        for n in range(24)
        for k in range(5)
    )
    links = tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in people)
    acme.directory = replace(
        ACME, people=(*ACME.people, *people), teams=(*ACME.teams, *teams), links=(*ACME.links, *links)
    )
    acme.clock.moment -= timedelta(days=80)
    acme.app.refresh_people()
    acme.clock.moment += timedelta(days=80)
    acme.llm.rows = []
    for each in people:
        for month in (9, 10):
            acme.llm.spends(each.id, f"{10 + int(each.id.partition('p')[0][1:])}.00", date(2026, month, 20))
    read_all(acme)

    card = acme.hear("fay", "suggest floor 1 over last 2 months")

    (table,) = [block for block in card.blocks if isinstance(block, Table) and block.caption == "Limits"]
    assert len(table.rows) == 20
    assert "5 more are in the file." in [block.text for block in card.blocks if isinstance(block, Text)]
    says = next(each for each in buttons(card, "suggest") if each.endswith(" as yaml"))
    file = file_of(acme, "fay", says)
    assert len(yaml.safe_load(file.text)["budgets"]) == 25
    assert proposed_by(acme, file.text).title.startswith("0 of ")


def test_a_lead_gets_the_lines_of_their_own_team_as_a_file(grouped: Company) -> None:
    """And of no other rule of app.yaml."""
    budgets = yaml.safe_load(file_of(grouped, "lea", "suggest floor 50 as a file").text)["budgets"]

    assert [each["who"] for each in budgets] == ["every person of team ads"]
    assert grouped.say("lea", "suggest as csv").startswith("! It is a file for app.yaml. Say: suggest as yaml")


def test_the_limits_of_many_agents_are_a_file_as_well(company: Company) -> None:
    """All lines, as they are shown."""
    file = file_of(company, "fay", "suggest limits for every agent as yaml")

    assert yaml.safe_load(file.text)["budgets"] == [
        {"name": "agents-daily", "who": "agent crawler", "amount": "18 USD", "every": "day"}
    ]


def test_groups_and_the_file_can_be_asked_for_in_chinese(grouped: Company) -> None:
    """Blanks or none."""
    assert (
        file_of(grouped, "fay", "建议额度 按群组 导出yaml").text
        == file_of(grouped, "fay", "suggest by group as yaml").text
    )
    assert grouped.hear("fay", "试算 p90 按群组").title == grouped.hear("fay", "try p90 of group").title


def test_a_card_shows_whose_limit_is_how_high_and_the_file_has_the_lines(grouped: Company) -> None:
    """Lines of YAML are to be pasted; whoever reads wants names, and who has no limit of their own comes last."""
    budgets = [*grouped.rules["budgets"], {"name": "per-person", "who": "person ana", "amount": "50 USD"}]  # type: ignore[misc]
    company = Company(grouped.database, grouped.clock, {**grouped.rules, "budgets": budgets}, grouped.directory)
    card = company.hear("fay", "suggest by group floor 50")
    (table,) = [block for block in card.blocks if isinstance(block, Table) and block.caption == "Limits"]
    assert [row[0] for row in table.rows] == ["Ana Silva", "contractors", "Everybody else"]
    assert "{name" not in str(card)


def test_many_lines_of_a_trial_are_a_file_as_well(company: Company) -> None:
    """A few stand on the card as they are; of budgets of several names each is named."""
    words = "try per-person p90 of team floor 50 and 20 USD a day for every agent and search-pool 900 USD"
    card = company.hear("fay", words)
    (table,) = [block for block in card.whole.blocks if isinstance(block, Table) and block.caption == "Limits"]
    assert [row[1] for row in table.rows] == sorted(row[1] for row in table.rows)
    (says,) = [each for each in buttons(card, "try") if each.endswith(" as yaml")]
    assert len(yaml.safe_load(file_of(company, "fay", says).text)["budgets"]) == len(table.rows) > 3
    assert "{name: per-person, who: every person, amount: 200 USD" in company.say("fay", "try per-person 200 USD")
    assert company.say("fay", "try without search-pool as yaml").startswith("! This trial adds no line to app.yaml.")
