"""An identity that becomes another's leaves the past alone; a person who corrects a link takes it along."""

from datetime import date

import pytest
from sqlalchemy import Connection

from storage import former_links, people
from storage.charges import Charge
from storage.db import Database
from storage.directory import Link
from storage.former_links import Relinked
from tests.storage.test_usage import HERE, charge, record, record_day, total
from tests.support.clock import NOW


@pytest.fixture
def company(database: Database) -> Database:
    """Two people in two teams."""
    database.transact(lambda conn: people.apply(conn, HERE, date(2026, 11, 1)))
    return database


def link(database: Database, to: str, day: int, kind: str = "key", external_id: str = "k") -> int:
    """A provider's list says whose a key is, from a day on; how many cells moved."""

    def work(conn: Connection) -> int:
        new = Link("llm", kind, external_id, f"person/{to}")  # type: ignore[arg-type]
        relinked = people.link_all(conn, [(new, "owner", "")])
        return former_links.settle(conn, relinked, date(2026, 11, day), NOW)

    return database.transact(work)


def of_key(day: int, cost: int, subject: str = "") -> Charge:
    """What the key used on a day."""
    return Charge("llm", charge(day=day).bucket_start, 24, "m", resource="k", subject=subject, cost_nanos=cost)


def split(database: Database) -> tuple[int, int]:
    """What is charged to Ana and to Bob."""
    return total(database, "person/ana"), total(database, "person/bob")


def test_a_key_that_changes_hands_leaves_the_past_with_whom_it_was_charged_to(company: Database) -> None:
    """Also when a day of then is told anew, whole, and under the name of the new owner."""
    link(company, "ana", 1)
    record(company, of_key(10, 100, "u-ana"), of_key(20, 30, "u-ana"))
    assert link(company, "bob", 21) == 0
    record(company, of_key(21, 5, "u-bob"))
    record_day(company, of_key(10, 70, "u-bob"), of_key(10, 7), day=10)

    assert split(company) == (107, 5)


def test_what_was_charged_today_stays_too(company: Database) -> None:
    """A day is one cell, so whoever takes over begins with the next."""
    link(company, "ana", 1)
    record(company, of_key(20, 30))
    link(company, "bob", 20)
    record(company, of_key(20, 40), of_key(21, 1))

    assert split(company) == (40, 1)


def test_the_past_of_what_was_nobodys_follows(company: Database) -> None:
    """It was charged to nobody."""
    record(company, of_key(10, 100))

    assert link(company, "bob", 20) == 1
    assert split(company) == (0, 100)


def test_a_key_may_change_hands_again_and_come_back(company: Database) -> None:
    """Each day is whose it was then; who had it for no day had nothing."""
    for to, day in (("ana", 1), ("bob", 10), ("ana", 20), ("bob", 20), ("ana", 20)):
        link(company, to, day)
    record(company, *(of_key(day, day) for day in (9, 10, 19, 20)))

    assert split(company) == (9 + 20, 10 + 19)


def test_a_corrected_link_takes_the_past_along(company: Database) -> None:
    """As if it had always been so, whoever had it between."""
    for to, day in (("ana", 1), ("bob", 10)):
        link(company, to, day)
    record(company, of_key(5, 5), of_key(15, 15))
    new = Link("llm", "key", "k", "person/bob")

    assert company.transact(lambda conn: former_links.correct(conn, new, NOW)) == 1
    record(company, of_key(6, 1))
    assert split(company) == (0, 5 + 15 + 1)


def test_a_user_who_is_another_person_now_leaves_the_past_alone(company: Database) -> None:
    """An address was given to somebody else."""
    link(company, "ana", 1, "user", "u-shared")
    record(company, charge("u-shared", 10, 100))
    link(company, "bob", 20, "user", "u-shared")
    record(company, charge("u-shared", 10, 120), charge("u-shared", 20, 3))

    assert split(company) == (120, 3)


def test_a_link_of_app_yaml_that_changes_leaves_the_past_alone(company: Database) -> None:
    """A person corrects it with `link`; a file that changes says how it is from now on."""
    record(company, charge("u-ana", 10, 100))
    new = Link("llm", "user", "u-ana", "person/bob")

    def work(conn: Connection) -> list[Relinked]:
        return people.link_all(conn, [(new, "explicit", "")])

    (relinked,) = company.transact(work)
    assert relinked == Relinked(new, "person/ana")
    company.transact(lambda conn: former_links.settle(conn, [relinked], date(2026, 11, 20), NOW))
    assert split(company) == (100, 0)
