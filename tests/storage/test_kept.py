"""What questions share is read once for each state of the database, and never out of another one."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, RootTransaction, func, select, text

from storage import kept as module
from storage import ledger
from storage.db import BusyError, Database
from storage.kept import kept
from storage.ledger import Entry
from storage.prepared import Prepared
from storage.tables import entries
from tests.support.clock import NOW

COUNT = text("select count(*) from entries")


COUNT_PREPARED = Prepared(select(func.count()).select_from(entries))


def _counted(conn: Connection) -> int:
    return int(conn.execute(COUNT).scalar_one())


def _counted_prepared(conn: Connection) -> int:
    return int(COUNT_PREPARED.rows(conn, {})[0][0])


def post(database: Database, key: str) -> None:
    """Write something."""
    one = Entry(key, "person/ana", "monthly", date(2026, 11, 1), "grant", 1, "USD", "max", "", NOW)
    database.transact(lambda conn: ledger.post(conn, [one]))


def counting(reads: list[int]) -> Callable[[Connection], int]:
    """A question that keeps how many entries there are, and notes each time that it reads them."""

    def work(conn: Connection) -> int:
        def read() -> int:
            reads.append(1)
            return _counted(conn)

        return kept(conn, "entries", read)

    return work


def test_what_was_read_is_kept_until_something_is_written(database: Database) -> None:
    """Whatever it is: the version is that of the whole database. On PostgreSQL other databases of the server count."""
    reads: list[int] = []
    work = counting(reads)
    asked = 3 if database.is_sqlite else 100
    assert {database.ask(work) for _ in range(asked)} == {0}
    before = len(reads)
    assert before == 1 if database.is_sqlite else before < asked
    post(database, "grant/1")
    assert {database.ask(work) for _ in range(asked)} == {1}
    assert len(reads) == 2 if database.is_sqlite else before < len(reads) < before + asked


def asking_again(database: Database) -> Callable[[], int]:
    """Asks how many entries there are, as somebody who asked before."""
    work = counting([])
    return lambda: database.ask(work, again="entries")


def test_who_asks_again_is_answered_without_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as nothing is written; then from a snapshot of what was."""
    ask = asking_again(database)
    ask()
    begun: list[int] = []
    begin = Connection.begin

    def noted(conn: Connection) -> RootTransaction:
        begun.append(1)
        return begin(conn)

    monkeypatch.setattr(Connection, "begin", noted)
    asked = 3 if database.is_sqlite else 100  # there other databases of the server count
    assert {ask() for _ in range(asked)} == {0}
    assert len(begun) == 0 if database.is_sqlite else len(begun) < asked
    post(database, "grant/1")
    before = len(begun)
    assert ask() == 1
    after = len(begun)
    assert after > before
    assert {ask() for _ in range(asked)} == {1}
    assert len(begun) == after if database.is_sqlite else len(begun) < after + asked


def test_who_asks_again_sees_what_another_process_wrote(database: Database) -> None:
    """Whatever connection it was kept by."""
    ask = asking_again(database)
    other = Database(database.url.render_as_string(hide_password=False))
    for number in range(5):
        assert ask() == number
        post(other, f"grant/{number}")
    other.close()
    assert ask() == 5


@pytest.mark.parametrize("read", [_counted, _counted_prepared])
def test_what_is_not_kept_is_never_put_together_with_what_is(
    database: Database, read: Callable[[Connection], int]
) -> None:
    """A question that would read, by SQLAlchemy or past it, is begun anew: others may have written since."""
    asking_again(database)()
    runs: list[int] = []

    def work(conn: Connection) -> tuple[int, int]:
        runs.append(1)
        before = counting([])(conn)
        if len(runs) == 1:
            post(database, "grant/1")
        return before, read(conn)

    seen = database.ask(work, again="entries")
    assert seen[0] == seen[1]
    if database.is_sqlite:  # there other databases of the server count, so a state may end before it is of use
        assert (seen, len(runs)) == ((1, 1), 2)


def test_what_needs_more_than_is_kept_is_not_tried_again_and_again(database: Database) -> None:
    """Until something is written."""
    runs: list[int] = []

    def work(conn: Connection) -> int:
        runs.append(1)
        return counting([])(conn) + _counted(conn)

    assert [database.ask(work, again="entries") for _ in range(4)] == [0] * 4
    assert len(runs) <= 5 if database.is_sqlite else len(runs) <= 8  # there each state may be another one


def test_who_asks_again_where_no_version_is_told_is_answered_in_a_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in recovery: what was kept before is of no use."""
    ask = asking_again(database)
    ask()
    monkeypatch.setattr(module, "SQLITE_VERSION", "select null")
    monkeypatch.setattr(module, "POSTGRESQL_VERSION", "select null")
    assert [ask(), ask()] == [0, 0]
    post(database, "grant/1")
    assert [ask(), ask()] == [1, 1]


def test_what_another_process_writes_ends_it(database: Database) -> None:
    """Another Database has its own connections, as another process has."""
    work = counting([])
    assert database.ask(work) == 0
    other = Database(database.url.render_as_string(hide_password=False))
    post(other, "grant/1")
    other.close()
    assert database.ask(work) == 1


def test_a_question_keeps_to_its_snapshot_while_others_write(database: Database) -> None:
    """What it kept before a commit is of the state that it sees, and is no use to the question after it."""

    def work(conn: Connection) -> tuple[int, int]:
        before = int(conn.execute(COUNT).scalar_one())
        post(database, "grant/1")
        return before, kept(conn, "entries", lambda: int(conn.execute(COUNT).scalar_one()))

    assert database.ask(work) == (0, 0)
    assert database.ask(counting([])) == 1


def test_an_order_keeps_nothing(database: Database) -> None:
    """It sees what it has written itself."""
    work = counting([])
    assert database.ask(work) == 0

    def order(conn: Connection) -> tuple[int, int]:
        before = work(conn)
        ledger.post(
            conn, [Entry("grant/1", "person/ana", "monthly", date(2026, 11, 1), "grant", 1, "USD", "", "", NOW)]
        )
        return before, work(conn)

    assert database.transact(order) == (0, 1)


def test_a_reading_that_fails_is_not_kept(database: Database) -> None:
    """And the connection serves the next question."""

    def broken(conn: Connection) -> int:
        return kept(conn, "entries", lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        database.ask(broken)
    assert database.ask(counting([])) == 0


def test_where_the_version_is_not_told_nothing_is_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL in recovery does not say which transactions are under way."""
    monkeypatch.setattr(module, "SQLITE_VERSION", "select null")
    monkeypatch.setattr(module, "POSTGRESQL_VERSION", "select null")
    reads: list[int] = []
    assert [database.ask(counting(reads)) for _ in range(2)] == [0, 0]
    assert len(reads) == 2


def test_what_is_kept_has_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for ever other things fills no memory."""
    monkeypatch.setattr(module, "VALUES_MAX", 3)

    def work(conn: Connection) -> int:
        for number in range(20):
            assert kept(conn, number, lambda number=number: number) == number  # type: ignore[misc]
        return len(conn.info[module.KEPT].values)

    assert database.ask(work) <= 3


def test_a_connection_that_is_let_go_keeps_nothing(database: Database) -> None:
    """Whoever gets it next may use it for something else."""
    database.ask(counting([]))
    database._ready.close()
    with database._questions.connect() as conn:
        assert module.KEPT not in conn.info


def test_who_will_not_wait_is_told_that_all_connections_are_in_use(database: Database) -> None:
    """All others wait until one is free."""
    most = 8
    inside, go = threading.Barrier(most + 1), threading.Event()

    def held(_conn: Connection) -> None:
        inside.wait()
        go.wait()

    threads = [threading.Thread(target=database.ask, args=(held,)) for _ in range(most)]
    for each in threads:
        each.start()
    inside.wait()
    with pytest.raises(BusyError):
        database.ask(lambda _conn: None, wait_s=0)
    go.set()
    for each in threads:
        each.join()
    assert database.ask(counting([]), wait_s=0) == 0


def test_connections_to_postgresql_share_what_they_read(database: Database) -> None:
    """A snapshot means the same to all of them; the number of SQLite does not."""
    inside = threading.Barrier(2)
    reads: list[int] = []

    def work(conn: Connection) -> int:
        inside.wait()  # each has a connection of its own
        return counting(reads)(conn)

    for _ in range(20):
        both = [threading.Thread(target=database.ask, args=(work,)) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert len(reads) == 2 if database.is_sqlite else len(reads) < 40


def test_the_latest_snapshots_are_kept() -> None:
    """Each ends those before it, but for a few that questions of the same time still see."""
    states = module.States()
    first = states.of("1:1:")
    first["key"] = 1
    assert states.of("1:1:") is first
    for number in range(2, 5):
        states.of(f"{number}:{number}:")
    assert states.of("1:1:") == {}
