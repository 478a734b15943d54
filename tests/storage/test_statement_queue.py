"""What an order says waits for its next question on PostgreSQL; nothing else is different for who says it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import DBAPIError

from storage import audit, idempotency
from storage.audit import Deed
from storage.db import Database
from storage.prepared import Prepared, Written, queue_of
from storage.statement_queue import StatementQueue
from storage.tables import heard
from tests.support.clock import NOW

HEARD = Written(lambda _dialect: insert(heard))
CHANGED = Written(lambda _dialect: update(heard).values(answer="changed"))
ALL = Prepared(heard.select().order_by(heard.c.delivery))


def row(name: str, answer: str = "") -> dict[str, object]:
    """A delivery."""
    return {"delivery": name, "answer": answer, "heard_at": NOW}


def names(database: Database) -> list[str]:
    """All deliveries there are."""
    return database.ask(lambda conn: [each[0] for each in ALL.rows(conn, {})])


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each trip had, where statements wait for one."""
    found: list[int] = []
    original = StatementQueue.trip

    def trip(self: StatementQueue, *how: Any, **named: Any) -> Any:
        found.append(len(self._opening) + len(self._waiting))
        return original(self, *how, **named)

    monkeypatch.setattr(StatementQueue, "trip", trip)
    return found


def test_what_is_written_goes_with_the_next_question_and_with_the_commit(database: Database, trips: list[int]) -> None:
    """Two trips: the beginning, two rows and the question; two more rows and the end."""

    def work(conn: Connection) -> int:
        HEARD.many(conn, [row("a"), row("b")])
        there = len(ALL.rows(conn, {}))
        HEARD.later(conn, row("c"))
        HEARD.later(conn, row("d"))
        return there

    assert database.transact(work) == 2
    assert names(database) == ["a", "b", "c", "d"]
    assert trips == ([] if database.is_sqlite else [2, 2])


def test_what_sqlalchemy_sends_itself_comes_after_what_waits(database: Database) -> None:
    """Nobody sees a table as it was before their own writing."""

    def work(conn: Connection) -> int:
        HEARD.later(conn, row("a"))
        return int(conn.execute(text("select count(*) from heard")).scalar_one())

    assert database.transact(work) == 1


@pytest.mark.parametrize("asks", [True, False])
def test_the_first_error_is_told_and_nothing_stays(database: Database, *, asks: bool) -> None:
    """Wherever it is sent: with a question, or with the commit."""

    def work(conn: Connection) -> None:
        ALL.rows(conn, {})
        HEARD.later(conn, row("a"))
        HEARD.later(conn, {"delivery": "b", "answer": None, "heard_at": NOW})
        HEARD.later(conn, row("c"))
        if asks:
            ALL.rows(conn, {})

    with pytest.raises(DBAPIError) as told:
        database.transact(work)
    assert "null" in str(told.value).lower()
    assert names(database) == []


@pytest.mark.parametrize("asks", [True, False])
def test_rows_that_were_expected_and_are_not_there_undo_all(database: Database, *, asks: bool) -> None:
    """At the next question, or before the commit."""

    def work(conn: Connection) -> None:
        ALL.rows(conn, {})
        CHANGED.later(conn, {}, expects)
        HEARD.later(conn, row("a"))
        if asks:
            ALL.rows(conn, {})

    def expects(rows: int) -> None:
        if not rows:
            raise KeyError

    with pytest.raises(KeyError):
        database.transact(work)
    assert names(database) == []
    database.transact(lambda conn: HEARD.later(conn, row("b")))
    database.transact(work)
    assert names(database) == ["a", "b"]


def test_what_was_asked_ahead_is_asked_anew_after_something_is_written(database: Database, trips: list[int]) -> None:
    """An answer of before would be wrong."""

    def work(conn: Connection, *, answered: bool) -> int:
        ALL.ahead(conn, {})
        if answered:
            idempotency.answer_of(conn, "nobody")
        HEARD.later(conn, row(str(answered)))
        return len(ALL.rows(conn, {}))

    assert database.transact(lambda conn: work(conn, answered=False)) == 1
    assert database.transact(lambda conn: work(conn, answered=True)) == 2

    def unwritten(conn: Connection) -> int:
        trips.clear()
        idempotency.ask_ahead(conn, "nobody")
        ALL.ahead(conn, {})
        return len(ALL.rows(conn, {})) + (idempotency.answer_of(conn, "nobody") is None)

    assert database.transact(unwritten) == 3
    assert trips == ([] if database.is_sqlite else [3])


def test_the_seals_are_the_same_wherever_they_are_made(database: Database) -> None:
    """Whatever a deed says, and whether it is alone in its order or one of several."""
    words = ['"quoted" \\ back', "é 日本 😀 \u2028", "tab\tline\nbell\x07", "", "{} [] , 'x' %s $1"]
    deeds = [Deed(datetime(2026, 11, 1, tzinfo=UTC), w[:8], w[:8], w, w, w, w) for w in words]
    database.transact(lambda conn: audit.append(conn, deeds[0]), in_turn=True)
    database.transact(lambda conn: audit.append(conn, *deeds[1:]))

    assert database.ask(lambda conn: [each.deed for each in audit.rows(conn)]) == deeds
    assert [each.id for each in database.ask(lambda conn: list(audit.rows(conn)))] == [1, 2, 3, 4, 5]
    assert database.ask(audit.first_broken) is None
    database.transact(lambda conn: conn.execute(text("update audit set details = 'x' where id = 4")))
    assert database.ask(audit.first_broken) == 4


def test_orders_that_append_at_once_make_one_chain(database: Database) -> None:
    """In turn, beside each other, and in no turn at all; who decides waits for its end, and is never begun anew."""
    begun: list[str] = []
    ways: list[dict[str, Any]] = [{"in_turn": True}, {"turn": "decisions"}, {"turn": "decisions"}, {}]
    start = threading.Barrier(len(ways))

    def append(how: dict[str, Any]) -> None:
        start.wait()
        for number in range(5):
            deed = Deed(NOW, "ana", "did", str(number), "", "", "")
            database.transact(partial(write, deed, how.get("turn", "")), **how)

    def write(deed: Deed, turn: str, conn: Connection) -> None:
        begun.append(turn)
        audit.append(conn, deed)

    threads = [threading.Thread(target=append, args=(each,)) for each in ways]
    run_all(threads)

    assert begun.count("decisions") == 10
    assert len(database.ask(lambda conn: list(audit.rows(conn)))) == 20
    assert database.ask(audit.first_broken) is None


def test_of_a_delivery_that_comes_twice_at_once_the_second_has_the_answer_of_the_first(database: Database) -> None:
    """It breaks on the key when both have looked, and looks again."""
    looked, seen, answers = threading.Barrier(2, timeout=60), list[str | None](), list[str]()

    def work(conn: Connection) -> str:
        before = idempotency.answer_of(conn, "press-1")
        seen.append(before)
        if not database.is_sqlite and len(seen) <= looked.parties:
            looked.wait()
        if before is None:
            idempotency.keep(conn, "press-1", threading.current_thread().name, NOW)
        return before or threading.current_thread().name

    def press() -> None:
        answers.append(database.transact(work, turn="decisions"))

    run_all([threading.Thread(target=press) for _ in range(2)])

    assert len(answers) == 2
    assert len(set(answers)) == 1
    assert seen[-1] == answers[0]


def run_all(threads: list[threading.Thread]) -> None:
    """Start them, and wait."""
    each: Callable[[threading.Thread], None]
    for each in (threading.Thread.start, threading.Thread.join):
        for thread in threads:
            each(thread)


def test_questions_and_slices_wait_for_nothing(database: Database) -> None:
    """Only an order has an end that all of it can wait for."""
    assert database.ask(queue_of) is None
    with database.apart() as apart:
        assert apart.transact(queue_of) is None
    assert (database.transact(queue_of) is None) == database.is_sqlite
