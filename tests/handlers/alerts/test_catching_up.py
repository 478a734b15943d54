"""A provider that is connected in mid-month: many limits are over already, and nobody else has to wait for that."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from handlers.alerts import catching_up
from handlers.events import CheckThresholds
from storage.db import Database
from storage.directory import Link, Person
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NEW = [f"p{number}" for number in range(8)]
LONG_AGO, LATELY = date(2026, 11, 10), date(2026, 11, 23)


@pytest.fixture
def company(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Eight more people, seven of them in Search; more than four limits at once are many."""
    monkeypatch.setattr(catching_up, "MANY", 4)
    monkeypatch.setattr("handlers.alerts.thresholds.MANY", 4)
    clock.moment = MONDAY
    crowd = tuple(Person(each, each.upper(), team="search" if each != "p7" else "ads") for each in NEW)
    directory = replace(ACME, people=(*ACME.people, *crowd), links=(*ACME.links, *linked(crowd)))
    rules: dict[str, object] = {
        **RULES,
        "providers": [{"kind": "sample", "name": "llm", "history_days": 30, "days_back": 20}],
        "budgets": [{"name": "b", "who": "every person", "amount": "400 USD"}],
    }
    return Company(database, clock, rules, directory)


def linked(crowd: Sequence[Person]) -> Iterator[Link]:
    for each in crowd:
        yield Link("llm", "user", each.id, f"person/{each.id}")
        yield Link("web", "user", f"demo/{each.id}", f"person/{each.id}")


def reads(company: Company, day: date, *costs: str) -> None:
    """Usage of the new people comes in, and the clock looks for alerts."""
    for person, cost in zip(NEW, costs, strict=False):
        company.llm.spends(person, cost, day)
    company.pull()
    look(company)


def look(company: Company) -> None:
    company.happens(CheckThresholds())
    company.settle()


def titles(company: Company, person: str) -> list[str]:
    return [card.title for card in company.messages(person) if "used to" in card.title or "left of" in card.title]


def alerts(company: Company) -> list[tuple[Any, ...]]:
    words = "select account_id, percent, state, round from alerts order by account_id, percent"
    return company.database.ask(lambda conn: [tuple(row) for row in conn.execute(text(words))])


def test_old_news_of_many_is_told_to_owners_and_finance_alone(company: Company) -> None:
    """Six in Search and one in Ads are over 80 %, two of them over the limit: three messages and not seven."""
    reads(company, LONG_AGO, "340.00", "340.00", "340.00", "340.00", "500.00", "340.00", "10.00", "500.00")

    assert [titles(company, each) for each in NEW] == [[]] * len(NEW)
    assert titles(company, "max") == ["Search: 6 limits are used to 80 % or more"]
    assert titles(company, "fay") == ["Acme: 7 limits are used to 80 % or more"]
    assert "Search" in company.reads("max")[-1]
    assert "$60.00 left of $400.00" in company.say("p0", "balance").split("\n")[0]
    assert {state for *_, state, _ in alerts(company)} == {"quiet"}
    look(company)
    assert len(titles(company, "max")) == 1


def test_what_is_reached_afterwards_is_told_as_always(company: Company) -> None:
    """The next threshold is news, and so is the limit of whoever was below the first one."""
    reads(company, LONG_AGO, *["340.00"] * 6, "10.00")
    company.llm.spends("p0", "100.00", LATELY)
    company.llm.spends("p6", "330.00", LATELY)
    company.pull()
    look(company)

    assert company.messages("p0")[-1].title == "$40.00 over the limit of $400.00"
    assert titles(company, "p6") == ["$60.00 left of $400.00"]
    assert titles(company, "p1") == []


def test_many_who_reach_it_now_are_told_one_by_one(company: Company) -> None:
    """What was spent today is no old news, once something was ever told of the budget."""
    company.llm.spends("ana", "100.00", LATELY)
    company.pull()
    look(company)
    assert len(titles(company, "ana")) == 1
    reads(company, LATELY, *["340.00"] * 6)

    assert [titles(company, each) for each in NEW[:6]] == [["$60.00 left of $400.00"]] * 6


def test_a_few_are_told_one_by_one_however_old_it_is(company: Company) -> None:
    """Four of them."""
    reads(company, LONG_AGO, *["340.00"] * 4)

    assert [titles(company, each) for each in NEW[:4]] == [["$60.00 left of $400.00"]] * 4


def test_a_provider_that_was_away_for_weeks_is_no_other(company: Company) -> None:
    """Something was told before; most of what comes in now is of long ago."""
    company.llm.spends("ana", "100.00", LATELY)
    company.pull()
    look(company)
    reads(company, LONG_AGO, *["340.00"] * 6)

    assert [titles(company, each) for each in NEW] == [[]] * len(NEW)
    assert titles(company, "fay")[-1] == "Acme: 6 limits are used to 80 % or more"


def test_owners_are_told_in_working_hours(company: Company) -> None:
    """On Sunday nobody is, and on Monday it is said."""
    company.clock.moment = MONDAY - timedelta(days=1)
    reads(company, LONG_AGO, *["340.00"] * 6)
    assert alerts(company) == []
    assert titles(company, "fay") == []

    company.clock.moment = MONDAY
    look(company)
    assert titles(company, "fay") == ["Acme: 6 limits are used to 80 % or more"]


def test_a_limit_that_was_raised_is_armed_again(company: Company) -> None:
    """A quiet alert is one like any other then."""
    reads(company, LONG_AGO, *["340.00"] * 6)
    company.say("fay", "correct 400 of p0 for the demo")
    look(company)
    company.llm.spends("p0", "330.00", LATELY)
    company.pull()
    look(company)

    assert titles(company, "p0")[-1] == "$130.00 left of $800.00"
    assert ("person/p0", 80, "fired", 2) in alerts(company)


def test_days_that_ended_over_their_limit_are_no_flood_either(database: Database, clock: Clock) -> None:
    """The first look at a budget of a day finds two days that are over; all is from before anybody was watching."""
    clock.moment = MONDAY
    crowd = tuple(Person(f"q{number}", f"Q{number}", team="search") for number in range(catching_up.MANY + 1))
    directory = replace(ACME, people=(*ACME.people, *crowd), links=(*ACME.links, *linked(crowd)))
    budget = {"name": "b", "who": "every person", "amount": "40 USD", "every": "day"}
    company = Company(database, clock, {**RULES, "budgets": [budget]}, directory)
    company.clock.moment = MONDAY - timedelta(days=1)
    company.app.refresh_people()
    company.clock.moment = MONDAY
    company.app.refresh_people()
    for person in crowd:
        company.llm.spends(person.id, "50.00", MONDAY.date() - timedelta(days=1))
    company.pull()
    look(company)

    assert not any(company.messages(person.id) for person in crowd)
    assert titles(company, "fay")[-1].startswith(f"Acme: {len(crowd)} limits are used to 100 % or more")
