"""Hours beside days: the latest word about each, whose it is, and how long they are kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from storage import burn_rate, hours, ingest, people, spend
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.hours import Place, Used

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def company(database: Database) -> Database:
    """Ana in team search, known at the provider by her user."""
    directory = Directory(
        people=(Person("ana", "Ana", "ana@acme.example", "", "search"),),
        teams=(Team("search", "Search", "ana"),),
        links=(Link("llm", "user", "u-ana", "person/ana"),),
    )
    database.transact(lambda conn: people.apply(conn, directory, DAY))
    return database


def at(hour: int, user: str = "u-ana", key: str = "") -> Place:
    """Somebody's hour after noon."""
    return Place(NOON + hour * HOUR, "", key, user)


def used(cost: int) -> Used:
    """What was used in an hour."""
    return Used(DAY, cost, 10, 1, 0, 1)


def told(base: Database, words: dict[Place, Used], *, whole: bool = False) -> int:
    """The provider's word about the two days around noon."""
    since, until = NOON - 24 * HOUR, NOON + 24 * HOUR
    return base.transact(lambda conn: hours.record(conn, "llm", since, until, words, whole=whole))


def costs(base: Database, account: str = "org") -> list[int]:
    """What an account and all below it cost, hour by hour."""
    found = base.ask(lambda conn: spend.spent_by_hour(conn, account, DAY, DAY + timedelta(days=1)))
    return [each.cost_nanos for _, each in found]


def test_the_latest_word_counts_and_the_same_again_changes_nothing(company: Database) -> None:
    """What is late comes beside what is there."""
    assert told(company, {at(0): used(5), at(1): used(7)}) == 2
    assert told(company, {at(0): used(5), at(1): used(7)}) == 0
    assert told(company, {at(1): used(9), at(2): used(1)}) == 2
    assert costs(company) == [5, 9, 1]


def test_of_an_hour_that_is_told_whole_what_is_left_out_is_gone(company: Database) -> None:
    """Another hour stays: no word is not the word zero."""
    told(company, {at(0): used(5), at(0, "", "k"): used(3), at(1): used(7)}, whole=True)
    assert told(company, {at(0, "", "k"): used(8)}, whole=True) == 2
    assert costs(company) == [8, 7]
    assert told(company, {}, whole=True) == 0
    told(company, {at(0): used(1)})
    assert costs(company) == [9, 7]


def test_an_hour_is_whose_its_key_or_user_is_and_follows_a_new_link(company: Database) -> None:
    """As the days do, and those above see it."""
    told(company, {at(0): used(5), at(1, "", "k-new"): used(7)})
    assert [costs(company, each) for each in ("person/ana", "team/search", "unallocated")] == [[5], [5], [7]]

    def link(conn: Connection) -> None:
        new = Link("llm", "key", "k-new", "person/ana")
        people.link(conn, new, "explicit")
        ingest.reattribute(conn, [new], NOON)

    company.transact(link)
    assert [costs(company, each) for each in ("person/ana", "team/search", "unallocated")] == [[5, 7], [5, 7], []]


def test_the_guard_sees_hours_once_and_knows_that_they_are_beside_days(company: Database) -> None:
    """Those of several keys are one; a stray key is told apart from others."""
    told(
        company,
        {at(0): used(5), at(0, "u-ana", "k"): used(3), at(1, "", "k-one"): used(1), at(1, "", "k-two"): used(2)},
    )
    found = company.ask(lambda conn: burn_rate.hours(conn, ["person/ana"], DAY))
    assert [(each.start, each.cost_nanos, each.requests) for each in found["person/ana"]] == [(NOON, 8, 2)]
    latest = company.ask(lambda conn: list(burn_rate.latest(conn, "llm", NOON)))
    assert {(each.account_id, each.cost_nanos, each.beside) for each in latest} == {
        ("person/ana", 8, True),
        ("unallocated", 3, True),
    }
    strays = company.ask(lambda conn: burn_rate.strays(conn, DAY))
    assert sorted(each.cost_nanos for found in strays.values() for each in found) == [1, 2]


def test_hours_are_kept_for_thirty_days(company: Database) -> None:
    """Longer than the four weeks in which usual hours are looked for."""
    told(company, {at(0): used(5)})
    for days, rest in ((30, 1), (31, 0)):
        company.transact(lambda conn, days=days: hours.prune(conn, DAY + timedelta(days=days)))  # type: ignore[misc]
        assert company.ask(lambda conn: conn.execute(text("select count(*) from hours")).scalar()) == rest
