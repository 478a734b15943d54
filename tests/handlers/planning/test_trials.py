"""Trials in conversation: what another limit would have done, for whoever may see it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from handlers.card import Button, Card, File, Table, Text
from storage.db import Database
from storage.directory import Link, Person
from storage.tables import metadata
from tests.support.clock import Clock
from tests.support.company import ACME, Company
from tests.support.history import on_working_days, read_all, uses

UNSEEN = "You can't see figures for “bob”, or it doesn't exist."


def used_for_ten_weeks(company: Company) -> Company:
    """Ana spends ten dollars on each working day, Bob twenty; the crawler five on every day."""
    company.llm.rows = []
    uses(company, "ana", on_working_days("10.00"))
    uses(company, "bob", on_working_days("20.00"), model="claude-opus-4-5")
    uses(company, "crawler-key", lambda _: "5.00")
    return read_all(company)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """On each kind of database."""
    return used_for_ten_weeks(Company(database, clock))


@pytest.fixture
def small(acme: Company) -> Company:
    """On SQLite."""
    return used_for_ten_weeks(acme)


def facts(card: Card) -> dict[str, str]:
    """What a card says, by name."""
    return {name: value for block in card.blocks if block.kind == "facts" for name, value in block.facts}


def stops(card: Card) -> list[tuple[str, ...]]:
    """The rows of the table of stops."""
    tables = [block for block in card.whole.blocks if isinstance(block, Table) and len(block.columns) == 6]
    return list(tables[0].rows) if tables else []


def test_finance_sees_who_would_have_been_stopped_when_and_for_how_long(company: Company) -> None:
    """October has 22 working days: of 440 dollars Bob gets 300, on 15 of them."""
    card = company.hear("fay", "try per-person 300 USD")

    assert card.title == "1 of 3 people and agents would have reached a limit"
    assert stops(card) == [("Bob Reyes", "per-person", "22 October", "7", "$140", "the provider")]
    said = facts(card)
    assert said["Replay"].startswith("1 October to 31 October (1 whole month)")
    assert said["How often"] == "1 stop a month"
    assert said["Requests"] == "between 1 and 2 requests a month, 2 to Lea Novak"
    assert said["Not spent"].startswith("between $0.00 and $140 a month (17 % of the spending at most)")
    assert said["Against today"] == "1 reached a limit by the budgets of today"
    assert "- {name: per-person, who: every person, amount: 300 USD, every: month}" in card_text(card)


def card_text(card: Card) -> str:
    """All paragraphs of a card."""
    return "\n".join(block.text for block in card.whole.blocks if isinstance(block, Text))


def test_a_trial_writes_nothing_and_answers_the_same_again(company: Company) -> None:
    """All tables are as they were, and the second answer is the first."""

    def everything(conn: Connection) -> list[list[tuple[object, ...]]]:
        return [
            sorted((tuple(row) for row in conn.execute(select(table))), key=repr) for table in metadata.sorted_tables
        ]

    before = company.database.ask(everything)
    first = company.hear("fay", "try p90 of company times 1.2 and without agents")
    assert company.hear("fay", "try p90 of company times 1.2 and without agents") == first
    assert company.database.ask(everything) == before


def test_a_lead_sees_their_own_team_and_nobody_else(small: Company) -> None:
    """Without a word of whom it is the team that one owns; others are as if they did not exist."""
    card = small.hear("max", "try per-person 150 USD")

    assert card.title == "1 of 2 people and agents would have reached a limit"
    assert [row[0] for row in stops(card)] == ["Ana Silva"]
    assert "Bob" not in small.say("max", "try per-person 150 USD")
    assert small.say("max", "try per-person 150 USD of bob").startswith(f"! {UNSEEN}")
    assert small.say("max", "try per-person 150 USD of organization").startswith("! You can't see figures")


def test_anybody_may_try_a_limit_for_themselves(small: Company) -> None:
    """And for nobody else."""
    assert small.hear("ana", "try per-person 150 USD").title == "Ana Silva would have reached a limit"
    assert small.hear("ana", "try per-person 900 USD").title == "Ana Silva would have reached no limit"
    assert small.say("ana", "try per-person 150 USD of bob").startswith(f"! {UNSEEN}")


@pytest.mark.parametrize(
    ("words", "stopped"),
    [
        ("per-person 300 USD", {"Bob Reyes"}),
        ("per-person 200", {"Ana Silva", "Bob Reyes"}),
        ("per-person 200 USD for team ads", {"Bob Reyes"}),
        ("per-person 100 USD for ana", {"Ana Silva", "Bob Reyes"}),
        ("agents 100 USD", {"Crawler", "Bob Reyes"}),
        ("4 USD a day for every agent", {"Crawler", "Bob Reyes"}),
        ("without per-person", set()),
        ("without per-person and agents 100 USD", {"Crawler"}),
        ("search-pool 300 USD", {"Ana Silva", "Crawler", "Bob Reyes"}),
        ("per-person 300 USD over last 4 weeks", set()),
        ("per-person 300 USD last 4 weeks", set()),
        ("per-person 300 美元 过去4周", set()),
        ("per-person 300 USD since 2026-10-01", {"Bob Reyes"}),
        ("per-person 300 USD over october", {"Bob Reyes"}),
        ("p50 of company", {"Bob Reyes"}),
        ("p90 of team times 0.5 floor 100", {"Bob Reyes"}),
    ],
)
def test_what_can_be_tried(small: Company, words: str, stopped: set[str]) -> None:
    """Amounts, groups, percentiles, budgets that are taken out, several at once, other days."""
    card = small.hear("fay", f"try {words}")

    assert {row[0] for row in stops(card)} == stopped, card.title


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "Say which budget should be another one"),
        ("per-persn 200 USD", "There is no budget “per-persn” in app.yaml."),
        ("per-person", "Say how much"),
        ("per-person 200 EUR", "EUR is not the organization's currency"),
        ("per-person 200 USD for nobody-here", "I don't know for whom “nobody-here” is."),
        ("per-person -5 USD", "An amount must not be below zero."),
        ("200 USD", "Say of which budget"),
        ("without rain", "There is no budget “rain”"),
        ("per-person 200 USD granting sometimes", "Say what becomes of requests"),
        ("per-person 200 USD over last 0 months", "Say from 1 to 36 periods."),
        ("per-person 200 USD over last 2 quarters", "There is no whole quarter of figures"),
        ("p90 times never", "Say by what to multiply"),
        ("search-pool p90", "Only a budget that every person has"),
        ("per-person 200 USD quickly", "I don't understand “quickly”."),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_sentence(small: Company, words: str, why: str) -> None:
    """It says what is wrong and what would be right."""
    card = small.hear("fay", f"try {words}")

    assert card.title.startswith(why)
    assert card.tone == "warn"


def test_the_stops_come_as_a_file(small: Company) -> None:
    """Days as machines write them, amounts as numbers."""
    card = small.hear("fay", "try per-person 300 USD as csv")

    (file,) = [block for block in card.whole.blocks if isinstance(block, File)]
    assert file.rows == (("person/bob", "Bob Reyes", "per-person", "2026-10-22", "2026-11-01", "7", "140", "yes"),)


def test_extra_budget_that_was_granted_then_counts_unless_it_is_left_out(small: Company) -> None:
    """Bob was granted 200 dollars more in October."""
    small.clock.moment -= timedelta(days=40)
    small.app.refresh_people()
    small.say("bob", "request 200 for the launch")
    small.say("lea", "approve 1")
    small.clock.moment += timedelta(days=40)

    assert stops(small.hear("fay", "try per-person 300 USD")) == []
    assert [row[0] for row in stops(small.hear("fay", "try per-person 300 USD granting none"))] == ["Bob Reyes"]


def test_a_member_who_moved_counts_where_they_were(small: Company) -> None:
    """Ana went to Ads on 15 October: what she spent before stays with the pool of Search."""
    small.clock.moment -= timedelta(days=38)
    people_then = tuple(replace(each, team="ads") if each.id == "ana" else each for each in ACME.people)
    small.directory = replace(ACME, people=people_then)
    small.app.refresh_people()
    small.clock.moment += timedelta(days=38)

    card = small.hear("fay", "try search-pool 200 USD and without per-person")

    assert [(row[0], row[2]) for row in stops(card)] == [("Crawler", "21 October")]


def test_a_proposal_goes_to_finance_with_a_button_that_shows_what_it_would_do(small: Company) -> None:
    """Finance sees it for the same people as whoever proposes it."""
    assert small.say("max", "propose per-person 150 USD").startswith("Sent to 1 person in finance")
    small.settle()

    (told,) = [card for card in small.messages("fay") if "proposes" in card.title]
    (button,) = [block for block in told.blocks if isinstance(block, Button)]
    assert told.title == "Max Weber proposes other limits"
    assert button.says == "try per-person 150 USD of team search"
    assert small.hear("fay", button.says).title == small.hear("max", "try per-person 150 USD").title


def test_teams_below_five_are_not_told_apart(small: Company) -> None:
    """They stand together as others."""
    card = small.hear("fay", "try per-person 300 USD")

    assert not [block for block in card.whole.blocks if isinstance(block, Table) and block.caption == "By team"]


def test_a_company_without_a_whole_period_is_told_so(acme: Company) -> None:
    """Two days of figures are no month."""
    card = acme.hear("fay", "try per-person 300 USD")

    assert card.title.startswith("There is no whole month of figures to try it on.")


def test_a_large_team_gets_a_cap_of_its_own(acme: Company) -> None:
    """From five people on whom enough is known of; the others share one."""
    new = tuple(Person(f"p{n}", f"Person {n}", f"p{n}@acme.example", "lea", "ads") for n in range(6))
    links = tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in new)
    acme.directory = replace(ACME, people=(*ACME.people, *new), links=(*ACME.links, *links))
    acme.clock.moment -= timedelta(days=80)
    acme.app.refresh_people()
    acme.clock.moment += timedelta(days=80)
    acme.llm.rows = []
    uses(acme, "ana", on_working_days("10.00"))
    for n, each in enumerate(new):
        uses(acme, each.id, on_working_days(f"{5 + n}.00"))
    read_all(acme)

    text = card_text(acme.hear("fay", "try p90 of team times 1.2 floor 50"))

    assert "who: every person of team ads, amount: 270 USD" in text
    assert "who: every person, amount: 270 USD" in text
    assert "team search" not in text
