"""What a period begins with: one row for everybody, and an entry for whoever has something else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from handlers.events import GiveAllotments
from storage import ledger
from storage.db import Database
from storage.directory import Person
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company

NOVEMBER = date(2026, 11, 1)
NEW = Person("new", "Nia New", team="search")
Found = Callable[..., Company]


def rule(amount: str = "400 USD", **more: object) -> dict[str, object]:
    return {"name": "own", "who": "every person", "amount": amount, **more}


@pytest.fixture
def found(database: Database, clock: Clock) -> Found:
    """A company with some budgets; founded again on the same database, app.yaml has changed."""

    def make(*budgets: dict[str, object], people: tuple[Person, ...] = ACME.people) -> Company:
        return Company(database, clock, {**RULES, "budgets": list(budgets)}, replace(ACME, people=people))

    return make


def rows(company: Company, words: str) -> list[tuple[Any, ...]]:
    return company.database.ask(lambda conn: [tuple(row) for row in conn.execute(text(words))])


def entries(company: Company) -> list[tuple[Any, ...]]:
    return rows(company, "select account_id, kind, amount / 1000000000 from entries order by id")


def limit(company: Company, person: str) -> str:
    """Of a balance's title."""
    return company.say(person, "balance").split("\n")[0].rpartition(" of ")[2]


def people_are(company: Company, *people: Person) -> None:
    company.directory = replace(ACME, people=people)
    company.app.refresh_people()


def test_everybody_has_a_limit_by_one_row(found: Found) -> None:
    """And the clock finds nothing to do afterwards."""
    company = found(rule())
    company.happens(GiveAllotments())

    assert rows(company, "select budget, kind, cause, amount / 1000000000 from terms") == [("own", "person", "", 400)]
    assert entries(company) == []
    assert {limit(company, each.id) for each in ACME.people} == {"$400.00"}


def test_whoever_has_something_else_has_an_entry(found: Found) -> None:
    """By a rule of their own, and as a joiner; both beside the terms of all others."""
    joined = tuple(replace(each, joined=date(2026, 11, 16)) if each.id == "bob" else each for each in ACME.people)
    company = found(rule("300 USD", prorate=True), rule("900 USD", who="person lea"), people=joined)

    assert sorted(entries(company)) == [("person/bob", "allotment", 150), ("person/lea", "allotment", 900)]
    assert [limit(company, each) for each in ("ana", "bob", "lea")] == ["$300.00", "$150.00", "$900.00"]


def test_whoever_comes_later_has_what_the_rule_says_then(found: Found) -> None:
    """The terms are for those who were there; the amount of app.yaml was changed meanwhile."""
    found(rule())
    company = found(rule("600 USD"))
    people_are(company, *ACME.people, NEW)

    assert (limit(company, "new"), limit(company, "ana")) == ("$600.00", "$400.00")
    assert entries(company) == [("person/new", "allotment", 600)]


def test_whoever_comes_back_within_the_period_has_what_they_had(found: Found) -> None:
    """Also if the terms of another budget were posted while they were away."""
    company = found(rule(), {"name": "daily", "who": "every agent", "amount": "5 USD", "every": "day"})
    people_are(company, *(each for each in ACME.people if each.id != "ana"))
    company.clock.moment = datetime(2026, 11, 25, 12, tzinfo=UTC)
    company.happens(GiveAllotments())
    back = found(rule("600 USD"))

    assert limit(back, "ana") == "$400.00"
    assert entries(back) == []


def test_whoever_was_away_when_a_period_began_has_what_the_rule_says_then(found: Found) -> None:
    """They are as new."""
    company = found(rule())
    people_are(company, *(each for each in ACME.people if each.id != "ana"))
    company.clock.moment = datetime(2026, 12, 2, 12, tzinfo=UTC)
    company.happens(GiveAllotments())
    back = found(rule("600 USD"))

    assert (limit(back, "ana"), limit(back, "bob")) == ("$600.00", "$400.00")


def test_what_was_moved_is_on_top_of_the_terms(found: Found) -> None:
    """A correction alone is no allotment."""
    company = found(rule())
    company.say("fay", "correct 20 of ana the gateway ran wild")

    assert limit(company, "ana") == "$420.00"


def test_what_is_enforced_counts_for_all_and_is_counted(found: Found) -> None:
    """A second row, and entries for whom another rule counts by now; a second time it is no news."""
    found(rule(), rule("900 USD", who="person lea"))
    company = found(rule("600 USD"), rule("1000 USD", who="person lea"), rule("700 USD", who="person bob"))
    assert [limit(company, each) for each in ("ana", "bob", "lea")] == ["$400.00", "$400.00", "$900.00"]

    said = company.say("fay", "enforce own").split("\n")[0]
    assert said == f"{len(ACME.people)} limits changed to the current amount of “own”"
    assert [limit(company, each) for each in ("ana", "bob", "lea")] == ["$600.00", "$700.00", "$1,000.00"]
    assert rows(company, "select amount / 1000000000 from terms order by id") == [(400,), (600,)]
    assert company.say("fay", "enforce own").startswith("All limits already have")


def test_terms_that_are_posted_at_once_are_posted_once(found: Found) -> None:
    """By four at the same moment."""
    company = found(rule())
    company.clock.moment = datetime(2026, 12, 1, 12, tzinfo=UTC)
    at_once(*[partial(company.happens, GiveAllotments())] * 4)

    assert rows(company, "select count(*) from terms") == [(2,)]


def test_a_month_counts_what_its_terms_gave(found: Found) -> None:
    """As if each had an entry of it: 400 for all but Lea, who has 900."""
    company = found(rule(), rule("900 USD", who="person lea"))
    (allotted,) = company.database.ask(lambda conn: ledger.moved(conn, NOVEMBER, date(2026, 12, 1)))

    others = len(ACME.people) - 1
    assert (allotted.count, allotted.added // 10**9) == (others + 1, others * 400 + 900)


def test_a_rule_that_begins_to_carry_on_carries_what_the_terms_gave(found: Found) -> None:
    """What is left of November is in December, though nobody has an entry of November."""
    found(rule())
    company = found(rule(rollover="up to 50 USD"))
    company.clock.moment = datetime(2026, 12, 3, 12, tzinfo=UTC)
    company.happens(GiveAllotments())

    assert limit(company, "ana") == "$450.00"


def test_an_earlier_release_left_an_entry_for_each(found: Found) -> None:
    """They count as they stand, beside the terms that are posted now."""
    company = found()
    said = "insert into entries (key, account_id, budget, period_start, kind, amount, unit, said_by, note, posted_at)"
    old = f"'allotment/own/person/ana/{NOVEMBER}', 'person/ana', 'own', '{NOVEMBER}', 'allotment', 250000000000"
    company.database.transact(
        lambda conn: conn.execute(text(f"{said} values ({old}, 'USD', 'clock', '', '2026-11-01 00:01:00')"))
    )
    later = found(rule())

    assert (limit(later, "ana"), limit(later, "bob")) == ("$250.00", "$400.00")
