"""One door to the database: `transact` for orders, `ask` for questions, `apart` for what is written in many slices.

Orders run SERIALIZABLE with a bounded redo on PostgreSQL and under BEGIN IMMEDIATE on SQLite. Decisions run beside each
other there, READ COMMITTED: what they check stands in their statements, or is held by locks of their own. Questions run
read-only on a snapshot and never wait for a writer. Nobody else commits.
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from storage import installation
from storage.prepared import queue_of, run, send_waiting, without_values
from storage.ready import Ready
from storage.replica import Replica, make_mark, needs_mark, patient
from storage.statement_queue import QUEUE, StatementQueue
from storage.turns import Turns

T = TypeVar("T")

SCHEMA = "schema"
"""The note of who made the tables as they are."""

REDO_MAX = 30
CUT_MAX = 3
"""So often an order is begun anew whose line was cut: after the first time no connection of before is left."""
ASKED_AGAIN_S = (0.0, 0.02, 0.1, 0.5, 1.0, 2.0)
"""After these pauses the server is asked what became of an order; it may not have noticed yet that nobody listens."""
BUSY_TIMEOUT_MS = 5_000
CONNECTIONS_MAX = 8
POOL_WAIT_S = 5.0
PAUSE_SHARE = 0.1  # of the time of a slice: another process asks SQLite for its turn every tenth of a second only
PAUSE_SHARE_AFTER_WAIT = 1.0  # if an order waited for it: what the order leads to is more orders, and they come at once
PAUSE_MAX_S = 0.5
TURN_WAIT_S = 20.0  # SQLite has one place for orders: who waits for it loses nothing, a platform shows the answer late
MIGRATION_LOCK = 0x6275_7273  # "burs": one number for all replicas, see PostgreSQL's advisory locks
# None of them takes the snapshot, so what is read after them is what the one before has left.
PATIENCE = f"set local lock_timeout = {BUSY_TIMEOUT_MS}"
READ_COMMITTED = "set transaction isolation level read committed"
SQLITE_TIME = "select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"
POSTGRESQL_TIME = "select clock_timestamp()"
BECAME = "select pg_xact_status($1::xid8)"
Use = Literal["orders", "questions", "slices"]
Turn = Literal["", "outbox", "decisions"]
TURNS: Mapping[Turn, tuple[str, ...]] = {
    "": (PATIENCE, "lock table audit in share row exclusive mode"),
    "outbox": (PATIENCE, "lock table delivery_pauses in share row exclusive mode"),
    "decisions": (READ_COMMITTED, PATIENCE, "lock table audit in row exclusive mode"),
}
"""How those begin who wait for each other. Decisions wait for all who are in turn, and these for decisions; but not
decisions for each other. Nothing else locks the table of the second one."""
USES: tuple[Use, ...] = ("orders", "questions", "slices")
LOCK_NOT_AVAILABLE = "55P03"
RETRYABLE = frozenset({"40001", "40P01", "53200"})
"""Serialization failure, deadlock detected, and no room for another lock, which is there again when others are done."""


MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
VERSION = "alembic_version"
REVISIONS = frozenset(each.name.partition("_")[0] for each in MIGRATIONS.glob("[0-9]*.py"))
"""All migrations there are: a file's name begins with its number, which is its revision."""


class BusyError(Exception):
    """The database had no time for us: try again. Nothing was changed, unless it is an `InDoubtError`."""


class InDoubtError(BusyError):
    """The line was cut while an order ended, and the server cannot be asked: it may have been done."""


class UnreadableDatabaseError(Exception):
    """The database's address cannot be used.

    Args:
        what: is wrong with it.
        values: what is to be said of it besides.
    """

    def __init__(
        self, what: Literal["address", "place", "newer", "replica_address", "replica_is_primary"], **values: object
    ) -> None:
        super().__init__(what, values)
        self.what = what
        self.values = values


Unusable = Literal["corrupt", "read_only", "full", "no_access", "unreachable", ""]
_SQLITE_CODES: Mapping[int, Unusable] = {
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "unreachable",
    sqlite3.SQLITE_PERM: "no_access",
    sqlite3.SQLITE_CANTOPEN: "no_access",
}
_SQLITE_PRIMARY = 0xFF  # an extended code has the primary one in its lowest byte: sqlite.org/rescode.html
_SQLSTATES: Mapping[str, Unusable] = {
    "XX001": "corrupt",
    "XX002": "corrupt",
    "25006": "read_only",
    "53": "full",
    "28": "no_access",
    "3D": "no_access",
    "42501": "no_access",
    "08": "unreachable",
    "57P": "unreachable",
}
"""By the code or its beginning: postgresql.org, PostgreSQL Error Codes."""


def why_unusable(trouble: Exception) -> Unusable:
    """What is wrong with the database itself, "" if an error is about something else."""
    orig = trouble.orig if isinstance(trouble, DBAPIError) else trouble
    if isinstance(orig, sqlite3.Error):
        return _SQLITE_CODES.get((getattr(orig, "sqlite_errorcode", 0) or 0) & _SQLITE_PRIMARY, "")
    if not isinstance(trouble, DBAPIError):
        return ""
    code = _sqlstate(trouble)
    found: Unusable = next((what for begins, what in _SQLSTATES.items() if code.startswith(begins)), "")
    if not found and not code and isinstance(trouble, OperationalError):
        return "unreachable"  # no server has answered
    return found


class Database:
    """A SQLite file or a PostgreSQL database.

    Args:
        url: `sqlite:///path/to/file.db` or `postgresql://user:password@host/name`.
        replica_url: of a read replica of the second, "" for none.
        heard: is told of each question that may be answered there why it was not, "" if it was.

    Attributes:
        replica: answers questions, None if there is none.

    Raises:
        UnreadableDatabaseError: the address is of no kind we know.
    """

    def __init__(self, url: str, replica_url: str = "", heard: Callable[[str], object] = lambda _why: None) -> None:
        self.url = _known(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            _make_private(Path(self.url.database))
        engine = _sqlite if self.is_sqlite else _postgresql
        self._orders, self._questions, self._slices = (engine(self.url, use) for use in USES)
        self._ready = Ready(self._questions, CONNECTIONS_MAX)
        self._turns = Turns()
        self.replica: Replica | None = None
        if replica_url:
            there = self._known_replica(replica_url)
            self.replica = Replica(there, _postgresql(patient(there), "questions"), CONNECTIONS_MAX, self._say, heard)

    def _known_replica(self, url: str) -> URL:
        try:
            found = _known(url)
        except UnreadableDatabaseError:
            raise UnreadableDatabaseError("replica_address") from None
        if self.is_sqlite or found.get_backend_name() == "sqlite":
            raise UnreadableDatabaseError("replica_address")
        return found

    def transact(self, work: Callable[[Connection], T], *, in_turn: bool = False, turn: Turn = "") -> T:
        """Run an order in one transaction; on PostgreSQL it is redone when another one came between.

        Args:
            work: called with the connection, perhaps several times; it must have no effect but on the database.
            in_turn: wait for others that are in turn. What writes to the one chain of the audit would be overtaken by
                them again and again (measured: eight at once, 1.8 times each).
            turn: wait for others that take the same turn. "decisions" do not wait for each other, only for those that
                are in turn; what they check against each other they must lock themselves (requests.hold).

        Raises:
            BusyError: no connection or no turn could be had in time.
            InDoubtError: on PostgreSQL, it may have been done.
        """
        return self._redone(self._orders.begin, work, TURNS[turn] if in_turn or turn else ())

    def _redone(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        work: Callable[[Connection], T],
        opening: tuple[str, ...] = (),
    ) -> T:
        cuts = 0
        for attempt in range(REDO_MAX):
            queue, done = None, None
            try:
                with self._turn(), begin() as conn:
                    queue = queue_of(conn)
                    if queue is not None:
                        queue.open_with(opening)
                    done = work(conn)
            except PoolTimeout as trouble:
                raise BusyError("all connections to the database are in use") from trouble
            except DBAPIError as trouble:
                if _locked(trouble):
                    raise BusyError("the database is locked by another program") from trouble
                if _sqlstate(trouble) == LOCK_NOT_AVAILABLE:
                    raise BusyError("another order takes too long") from trouble
                cut_off = queue if trouble.connection_invalidated else None
                if cut_off and cut_off.is_ending and self._was_done(cut_off.number):
                    return cast("T", done)  # it was given before the order ended
                cuts += cut_off is not None
                if cuts > CUT_MAX or not (cut_off or _is_overtaken(trouble)):
                    raise
            else:
                return done
            time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))  # noqa: S311 - spreads the redoers, no secret
        raise BusyError(f"{REDO_MAX} attempts were overtaken by others")

    def _was_done(self, number: str) -> bool:
        """Whether an order was done whose line was cut while it ended.

        Raises:
            InDoubtError: the server does not say.
        """
        for pause_s in ASKED_AGAIN_S:
            time.sleep(pause_s)
            with suppress(DBAPIError, PoolTimeout), self._orders.begin() as conn:
                ((became,),) = run(conn, BECAME, [number])
                if became in ("committed", "aborted"):
                    return bool(became == "committed")
        raise InDoubtError("the line was cut, and nobody says whether it was done")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's one place for writers, given in the order in which it was asked for."""
        if not self.is_sqlite:
            yield
            return
        if not self._turns.take(TURN_WAIT_S):
            raise BusyError("other orders take too long")
        try:
            yield
        finally:
            self._turns.give_back()

    @contextmanager
    def apart(self) -> Iterator["Apart"]:
        """A connection of its own, for what is prepared first and then written in many short orders.

        Raises:
            BusyError: no connection could be had in time.
        """
        try:
            conn = self._slices.connect()
        except PoolTimeout as trouble:
            raise BusyError("all connections to the database are in use") from trouble
        with conn:
            yield Apart(conn, self.is_sqlite, self._redone, lambda: self._turns.waits)

    def ask(
        self,
        work: Callable[[Connection], T],
        wait_s: float = POOL_WAIT_S,
        again: Hashable = None,
        *,
        anywhere: bool = False,
    ) -> T:
        """Answer a question from one read-only snapshot, anew if the server had closed the connection meanwhile.

        Args:
            work: called with the connection, perhaps several times; what it leaves elsewhere it must begin anew.
            wait_s: so many seconds a connection is waited for.
            again: a key of what is kept with which it begins, for what is asked again and again; see Ready.
            anywhere: if there is a read replica, and it is not late, it may answer.

        Raises:
            BusyError: no connection could be had in time.
        """
        if anywhere and self.replica is not None and (found := self.replica.answer(work)) is not None:
            return found.value
        try:
            return self._ask(work, wait_s, again)
        except DBAPIError as trouble:
            if not trouble.connection_invalidated:
                raise
            return self._ask(work, wait_s, again)  # all old connections are gone now

    def looked(self, work: Callable[[Connection], T]) -> T | None:
        """Answer a question on the read replica only, None if it can't; for what an order will read all the same.

        Args:
            work: called with the connection, perhaps several times. It gives something but None.
        """
        found = self.replica.answer(work) if self.replica is not None else None
        return None if found is None else found.value

    def _say(self, text: str) -> list[tuple[Any, ...]]:
        """What one statement finds on PostgreSQL, anew if the server had closed the connection meanwhile."""
        try:
            return self._ready.say(text, POOL_WAIT_S)
        except DBAPIError as trouble:
            if not trouble.connection_invalidated:
                raise
            return self._ready.say(text, POOL_WAIT_S)

    def look_at_replica(self, now: datetime) -> str:
        """See whether the replica can be used now, and whether the primary's mark is that of today.

        Args:
            now: the moment.

        Returns:
            What is the matter with it, a word of storage/replica.py; "" if nothing is, and if there is none.

        Raises:
            DBAPIError, BusyError: the primary cannot be used.
        """
        if self.replica is None:
            return ""
        try:
            here = self.replica.position()
        except PoolTimeout as trouble:
            raise BusyError("all connections to the database are in use") from trouble
        if self.ask(partial(needs_mark, here, now)):
            self.transact(partial(make_mark, here, now))
        return self.replica.look()

    def _ask(self, work: Callable[[Connection], T], wait_s: float, again: Hashable) -> T:
        try:
            return self._ready.ask(work, wait_s, again)
        except PoolTimeout as trouble:
            raise BusyError("all connections to the database are in use") from trouble

    def migrate(self, program: str = "") -> None:
        """Bring the tables up to date, one process at a time; the others wait and find nothing left to do.

        What does it is loaded only then: most starts find the tables as they should be. Tables of a newer program are
        left as they are, if it said that older ones can go on (CONTRIBUTING.md).

        Args:
            program: what is written down as the one that made them so, such as "0.2.0".

        Raises:
            UnreadableDatabaseError: they are of a newer program with which this one cannot work.
        """
        here = self.ask(revision)
        if here is not None and here not in REVISIONS:
            self._refuse_newer(max(REVISIONS), program)
            return
        if here == max(REVISIONS):
            return
        now = self.time()
        with self._orders.connect() as conn:
            if not self.is_sqlite:
                # The lock belongs to the connection: the migration's own snapshot must be younger than it.
                conn.execute(text("select pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
                conn.commit()
            try:
                with conn.begin():
                    oldest = import_module("storage.migrations.upgrade").upgrade(conn)
                    installation.note(conn, SCHEMA, json.dumps({"program": program, "oldest": oldest}), now)
            finally:
                if not self.is_sqlite:
                    conn.execute(text("select pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
                    conn.commit()

    def _refuse_newer(self, head: str, program: str) -> None:
        made_by = self.ask(_made_by)
        if not made_by or made_by["oldest"] > head:
            newer = (made_by or {}).get("program") or "newer"
            raise UnreadableDatabaseError("newer", newer=newer, own=program)

    def outside_of_transactions(self, statement: str) -> None:
        """Say to PostgreSQL what it does in no transaction, such as to make a database."""
        self.transact(lambda conn: run(conn, "select 1"))  # lets go of connections that the server had closed
        raw = self._orders.raw_connection()
        try:
            raw.cursor().execute(statement)
        finally:
            raw.close()

    def compact(self) -> None:
        """Overwrite what was deleted: it still stands in free parts of the file, and in the log beside it.

        Raises:
            BusyError: somebody reads; try again later.
        """
        if not self.is_sqlite:
            self.outside_of_transactions("vacuum")
            return
        with self._turn():
            raw = self._orders.raw_connection()
            try:
                raw.cursor().execute("vacuum")
                busy, *_ = raw.cursor().execute("pragma wal_checkpoint(truncate)").fetchone()
            except sqlite3.OperationalError as trouble:
                raise BusyError("the file cannot be compacted now") from trouble
            finally:
                raw.close()
        if busy:
            raise BusyError("the log of the file is being read")

    def time(self) -> datetime:
        """The moment by the database's clock, in UTC.

        Raises:
            BusyError: no connection could be had in time.
        """
        said = self.ask(
            lambda conn: conn.exec_driver_sql(SQLITE_TIME if self.is_sqlite else POSTGRESQL_TIME).scalar_one()
        )
        return datetime.fromisoformat(said) if isinstance(said, str) else said.astimezone(UTC)

    def close(self) -> None:
        """Let all connections go."""
        if self.replica is not None:
            self.replica.close()
        self._ready.close()
        self._orders.dispose()
        self._questions.dispose()
        self._slices.dispose()


class Apart:
    """A connection of its own. What it keeps in temporary tables outlives its transactions.

    Args:
        conn: the connection.
        is_sqlite: what kind of database it is.
        redone: runs a piece of work in an order that the context manager begins.
        waits: whether an order of this process waits for its turn now.

    Attributes:
        held_s: seconds for which the last slice kept all others from writing: 0 on PostgreSQL.
    """

    def __init__(
        self, conn: Connection, is_sqlite: bool, redone: Callable[..., Any], waits: Callable[[], bool]
    ) -> None:
        self._conn = conn
        self._is_sqlite = is_sqlite
        self._redone = redone
        self._waits = waits
        self.held_s = 0.0

    def prepare(self, work: Callable[[Connection], T]) -> T:
        """Read, and fill temporary tables, while nobody waits."""
        with self._begun("begin", "set transaction isolation level read committed") as conn:
            return work(conn)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run a slice as an order of its own. On SQLite others get the time to come between, in other processes, too.

        Raises:
            BusyError: no turn could be had in time.
        """
        waited = False

        @contextmanager
        def begin() -> Iterator[Connection]:
            nonlocal waited
            with self._begun("begin immediate") as conn:
                began_s = time.monotonic()
                yield conn
            if self._is_sqlite:
                self.held_s, waited = time.monotonic() - began_s, self._waits()

        done: T = self._redone(begin, work)
        time.sleep(min(PAUSE_MAX_S, self.held_s * (PAUSE_SHARE_AFTER_WAIT if waited else PAUSE_SHARE)))
        return done

    @contextmanager
    def _begun(self, sqlite: str, postgresql: str = "") -> Iterator[Connection]:
        with self._conn.begin():
            statement = sqlite if self._is_sqlite else postgresql
            if statement:
                self._conn.exec_driver_sql(statement)
            yield self._conn


def _known(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnreadableDatabaseError("address") from None
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    raise UnreadableDatabaseError("address")


def _make_private(path: Path) -> None:
    """A file that is not there yet is made for its owner alone; SQLite gives those beside it the same rights.

    Raises:
        UnreadableDatabaseError: it cannot be made there.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as trouble:
        raise UnreadableDatabaseError("place", path=path, reason=trouble.strerror) from trouble


def revision(conn: Connection) -> str | None:
    """The last migration that was done here, None if none was."""
    if not inspect(conn).has_table(VERSION):
        return None
    found = conn.exec_driver_sql(f"select version_num from {VERSION}").scalar()  # noqa: S608 - a name of our own
    return None if found is None else str(found)


def _made_by(conn: Connection) -> dict[str, str] | None:
    """Which program made the tables as they are, and the last migration of the oldest that can work with them."""
    if not inspect(conn).has_table(installation.NAME):
        return None
    noted = installation.noted(conn, SCHEMA)
    return json.loads(noted[0]) if noted else None


def _sqlstate(trouble: DBAPIError) -> str:
    return str(getattr(trouble.orig, "sqlstate", "") or "")


def _is_overtaken(trouble: DBAPIError) -> bool:
    """Whether another transaction came between; so it did where the audit's next row or the same delivery is there."""
    constraint = getattr(getattr(trouble.orig, "diag", None), "constraint_name", "")
    return _sqlstate(trouble) in RETRYABLE or constraint in ("pk_audit", "pk_heard")


def _locked(trouble: DBAPIError) -> bool:
    orig = trouble.orig
    return isinstance(orig, sqlite3.OperationalError) and getattr(orig, "sqlite_errorcode", 0) in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_BUSY_SNAPSHOT,
    }


def _sqlite(url: URL, use: Use) -> Engine:
    """WAL lets questions run beside the one order; FULL keeps an order through a power cut."""
    reads = use == "questions"
    engine = create_engine(
        url,
        pool_size=1 if use == "orders" else CONNECTIONS_MAX,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        hide_parameters=True,  # in errors, which are logged: they may be what people said
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _settings(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
        dbapi.execute("pragma journal_mode = wal")
        dbapi.execute("pragma synchronous = full")
        if reads:
            dbapi.execute("pragma query_only = on")

    # Said by the dialect itself: an event would cost every question a twelfth of its time.
    begin = {"orders": "begin immediate", "questions": "begin", "slices": ""}[use]  # a slice says it itself
    engine.dialect.do_begin = lambda dbapi: dbapi.execute(begin)  # type: ignore[assignment]

    return engine


def _postgresql(url: URL, use: Use) -> Engine:
    """`options` sets the isolation for the whole connection, so that no transaction pays for saying it."""
    reads = use == "questions"
    isolation = "repeatable\\ read" if reads else "serializable"
    options = f"-c default_transaction_isolation={isolation} -c TimeZone=UTC"
    if reads:
        options += " -c default_transaction_read_only=on"
    engine = create_engine(
        url,
        pool_size=CONNECTIONS_MAX,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        # Who asks is asked again, and so is an order whose first trip found nobody: it saves a way there and back.
        pool_pre_ping=use == "slices",
        hide_parameters=True,
        connect_args={"options": options},
    )
    event.listen(engine, "handle_error", _say_no_values)
    if use == "orders":
        _let_wait(engine)
    return engine


def _say_no_values(context: ExceptionContext) -> None:
    said = without_values(context.original_exception)
    if said and context.sqlalchemy_exception:
        context.sqlalchemy_exception.args = (said,)


def _let_wait(engine: Engine) -> None:
    """Let all that orders say on PostgreSQL wait for their next question, from their beginning to their commit."""

    @event.listens_for(engine, "connect")
    def _settings(dbapi: Any, record: ConnectionPoolEntry) -> None:
        dbapi.autocommit = True  # the queue says itself when an order begins
        record.info[QUEUE] = StatementQueue(dbapi, engine.dialect.loaded_dbapi.RawCursor)

    @event.listens_for(engine, "before_cursor_execute")
    def _first_what_waits(
        conn: Connection, _cursor: object, _statement: str, _sent: object, context: object, _many: bool
    ) -> None:
        if context is not None:  # said past the queue
            send_waiting(conn)

    engine.dialect.do_begin = lambda pooled: pooled.info[QUEUE].begin()  # type: ignore[assignment]
    engine.dialect.do_commit = lambda pooled: pooled.info[QUEUE].finish(pooled.commit)  # type: ignore[assignment]


__all__ = [
    "Apart",
    "BusyError",
    "Connection",
    "Database",
    "InDoubtError",
    "OperationalError",
    "UnreadableDatabaseError",
    "Unusable",
    "revision",
    "why_unusable",
]
