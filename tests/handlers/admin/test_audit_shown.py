"""The audit as finance looks at it."""

from datetime import timedelta

from sqlalchemy import update

from handlers.card import Table
from handlers.events import RequestExpired
from storage import tables
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company


def test_it_is_searched_by_whom_and_when_the_latest_first(database: Database, clock: Clock) -> None:
    """What somebody did, and what was done to them."""
    acme = Company(database, clock)
    for number in range(23):
        clock.forward(timedelta(seconds=1))
        acme.say("fay", f"correct {number + 1} of ana refund {number}")
    acme.say("fay", "correct 5 of bob refund of bob")

    assert "refund of bob" in acme.say("fay", "audit")
    assert "refund of bob" not in acme.say("fay", "audit of ana")
    first, second = acme.say("fay", "audit of ana"), acme.say("fay", "audit of ana page 2")
    assert "23 entries in the audit" in first
    assert ("refund 22" in first, "refund 2\n" in first) == (True, False)
    assert "refund 0" in second
    assert "0 entries in the audit" in acme.say("fay", "audit last month")
    assert "24 entries" in acme.say("ada", "audit this month")


def test_a_row_that_was_changed_is_found(database: Database, clock: Clock) -> None:
    """By whoever asks whether it is complete."""
    acme = Company(database, clock)
    acme.say("fay", "correct 5 of bob refund")
    acme.say("fay", "correct 6 of bob refund")
    assert "The audit is complete" in acme.say("fay", "audit verify")

    database.transact(lambda conn: conn.execute(update(tables.audit).where(tables.audit.c.id == 1).values(who="ana")))

    assert "Row 1 of the audit does not follow" in acme.say("fay", "audit verify")


def test_what_nobody_ordered_was_done_by_bursar(acme: Company) -> None:
    """The clock is at no place that a reader could look for."""
    acme.say("ana", "request 50 more")
    acme.happens(RequestExpired(1, 0))

    table = next(block for block in acme.hear("fay", "audit").blocks if isinstance(block, Table))

    assert (table.rows[0][1], table.rows[0][-1]) == ("Bursar", "")
    assert table.rows[-1][1] == "Ana Silva"


def test_nobody_else_sees_it(acme: Company) -> None:
    """Finance and admins only."""
    for person in ("ana", "max", "kim"):
        assert "Only finance and admins" in acme.say(person, "audit")
        assert "Only finance and admins" in acme.say(person, "month")
