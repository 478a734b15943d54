"""The door to the database: what it promises on SQLite and on PostgreSQL."""

import inspect
import multiprocessing
import threading
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from storage import db, ledger
from storage.db import Database, UnreadableDatabaseError
from storage.ledger import Entry
from storage.tables import Instant, metadata
from tests.support.clock import NOW


def entry(key: str, amount: int = 1) -> Entry:
    """An entry under a key."""
    return Entry(key, "person/ana", "monthly", date(2026, 11, 1), "grant", amount, "USD", "max", "", NOW)


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    """What the code believes about tables is what a database has."""

    def differences(conn: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(conn, opts={"compare_type": False}), metadata))

    assert database.ask(differences) == []


def test_several_starts_at_once_migrate_once(empty_url: str) -> None:
    """Replicas that start together wait for one another."""
    context = multiprocessing.get_context("spawn")
    starts = [context.Process(target=_start, args=(empty_url,)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()

    assert [start.exitcode for start in starts] == [0, 0, 0, 0]


def _start(url: str) -> None:
    made = Database(url)
    made.migrate()
    made.ask(lambda conn: conn.execute(text("select * from entries")).all())
    made.close()


def test_a_question_cannot_write(database: Database) -> None:
    """The read-only path is read-only in the database's own eyes."""
    with pytest.raises(DBAPIError):
        database.ask(lambda conn: ledger.post(conn, [entry("grant/1")]))


def test_a_question_sees_one_snapshot(database: Database) -> None:
    """What is written while a question reads does not change its picture."""

    def look_twice(conn: Connection) -> tuple[int, int]:
        count = text("select count(*) from entries")
        first = conn.execute(count).scalar_one()
        database.transact(lambda other: ledger.post(other, [entry("grant/1")]))
        return first, conn.execute(count).scalar_one()

    assert database.ask(look_twice) == (0, 0)


def test_a_question_survives_the_end_of_its_connections(database: Database) -> None:
    """The server is started anew or a proxy hangs up: the next question is asked again on a new connection."""
    if database.is_sqlite:
        pytest.skip("a file does not hang up")
    asked = threading.Barrier(2)

    def ask(conn: Connection) -> int:
        number = conn.execute(text("select 1")).scalar_one()
        asked.wait()
        return int(number)

    together = [threading.Thread(target=database.ask, args=(ask,)) for _ in range(2)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    end = text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = :db")
    database.transact(lambda conn: conn.execute(end, {"db": database.url.database}).all())

    assert database.ask(lambda conn: conn.execute(text("select 1")).scalar_one()) == 1
    assert database.ask(lambda conn: conn.execute(text("select 1")).scalar_one()) == 1


@pytest.mark.parametrize("in_turn", [True, False])
def test_an_order_survives_the_end_of_its_connections(database: Database, *, in_turn: bool) -> None:
    """It begins with a word that changes nothing, so it is begun again on a new connection, and carried out once."""
    if database.is_sqlite:
        pytest.skip("a file does not hang up")
    database.transact(lambda conn: conn.execute(text("select 1")), in_turn=in_turn)
    end = text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = :db")
    database.ask(lambda conn: conn.execute(end, {"db": database.url.database}).all())

    assert database.transact(lambda conn: ledger.post(conn, [entry("grant/1")]), in_turn=in_turn) == {"grant/1"}


def test_an_order_that_fails_leaves_nothing(database: Database) -> None:
    """One sentence, one transaction."""

    def half(conn: Connection) -> None:
        ledger.post(conn, [entry("grant/1")])
        raise KeyError

    with pytest.raises(KeyError):
        database.transact(half)

    assert database.ask(lambda conn: conn.execute(text("select count(*) from entries")).scalar_one()) == 0


def test_orders_that_run_at_once_do_not_lose_each_others_work(database: Database) -> None:
    """Two orders that read and then write what they read come out as if one had followed the other.

    PostgreSQL's default isolation fails this: both read the same count, and a number is given twice.
    """

    def work(conn: Connection) -> None:
        count = conn.execute(text("select count(*) from entries")).scalar_one()
        ledger.post(conn, [entry(f"grant/{count}")])

    def append() -> None:
        for _ in range(10):
            database.transact(work)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert database.ask(lambda conn: conn.execute(text("select count(*) from entries")).scalar_one()) == 40


def test_an_order_waits_for_the_disk(tmp_path: Path) -> None:
    """But for tests, in which nobody pulls a plug: 2 is FULL, which keeps an order through a power cut."""
    engine = inspect.unwrap(db._sqlite)(make_url(f"sqlite:///{tmp_path}/bursar.db"), "orders")
    with engine.connect() as conn:
        assert conn.execute(text("pragma synchronous")).scalar_one() == 2
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_no_use_is_refused_in_words(url: str) -> None:
    """A wrong address says what would be right."""
    with pytest.raises(UnreadableDatabaseError, match="address"):
        Database(url)


def test_a_naive_moment_is_refused() -> None:
    """A moment without a zone never reaches a table."""
    with pytest.raises(ValueError, match="no time zone"):
        Instant().process_bind_param(NOW.replace(tzinfo=None), None)  # type: ignore[arg-type]
