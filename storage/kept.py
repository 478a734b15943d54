"""What many questions read, kept for as long as the database says nothing new.

Who asks what is left reads the tree of teams, how the providers were read, and what a pool has, as everybody else does.
That is read once for each state of the whole database: any commit, by whatever process, ends it. The version is read in
the question's own transaction, so a question sees an order that came before it, and no answer is put together out of
two states.

On SQLite the version is `pragma data_version`: it is another one once any other connection has committed, and stands
for what this transaction sees; the number means nothing to other connections, so each keeps what it has read itself
(sqlite.org/pragma.html#pragma_data_version). On PostgreSQL it is the snapshot itself: two that are equal see the same
transactions. A server in recovery does not tell which are still under way, so nothing is kept there
(postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).

An order keeps nothing: it sees what it has written itself.

A question that was asked before needs no transaction if all that it needs is kept and the version is still the same:
whatever it says is then of the one state that stands (`alone`). As soon as it wants to read something it is begun anew,
in a transaction, for others may have written since the version was told.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, String, cast, literal_column, null

from storage.prepared import run

T = TypeVar("T")

VALUES_MAX = 1_000
"""Of one state. The largest are the days of an account, a hundred or two."""
STATES_MAX = 3
"""Questions that run at once may see one before and one after a commit."""
KEPT = "kept"
MORE = "more"
"""Under this and another key it is noted that what begins with that one needs more than is kept."""
SQLITE_VERSION = "pragma data_version"
SNAPSHOT = "(case when pg_is_in_recovery() then null else pg_current_snapshot()::text end)"
POSTGRESQL_VERSION = f"select {SNAPSHOT}"


class NotKeptError(Exception):
    """A question needs something that is not kept."""


class States:
    """What connections to one PostgreSQL have read, by snapshot: it means the same to each of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[object, dict[Hashable, Any]] = {}

    def of(self, version: object) -> dict[Hashable, Any]:
        """What was read of a snapshot; a question that sees an older one keeps its own."""
        with self._lock:
            while version not in self._values and len(self._values) >= STATES_MAX:
                del self._values[next(iter(self._values))]
            return self._values.setdefault(version, {})


class Kept:
    """What one connection has read of one state of the database.

    Args:
        states: where all connections keep it, None if each does for itself.
    """

    __slots__ = ("_states", "is_alone", "is_known", "values", "version")

    def __init__(self, states: States | None) -> None:
        self._states = states
        self.is_alone = False
        self.version: object = None
        self.is_known = False
        self.values: dict[Hashable, Any] = {}

    def see(self, version: object) -> None:
        """A question sees this version."""
        if version != self.version:
            self.values = {} if self._states is None or version is None else self._states.of(version)
            self.version = version
        self.is_known = True


def version_in(dialect: str) -> ColumnElement[str | None]:
    """A column with the version, for the first statement of a question; null on SQLite, which tells it otherwise."""
    return literal_column(SNAPSHOT, String) if dialect == "postgresql" else cast(null(), String)


def see(conn: Connection, version: str | None) -> None:
    """What the column of `version_in` said in this question."""
    here: Kept | None = conn.info.get(KEPT)
    if here is not None and conn.dialect.name == "postgresql":
        here.see(version)


def keep(conn: Connection, states: States) -> None:
    """Let a connection keep what its questions read, on PostgreSQL together with others; it must have no other use."""
    conn.info[KEPT] = Kept(states if conn.dialect.name == "postgresql" else None)


def alone(conn: Connection, key: Hashable, work: Callable[[Connection], T]) -> T:
    """Answer a question with what is kept and nothing else.

    Args:
        conn: outside of a transaction.
        key: of what the question begins with. If that is not kept, the database is not asked for its version.
        work: the question; `refuse_to_read` stops it where it would read.

    Raises:
        NotKeptError: something is not kept, or not of the state that stands.
    """
    here: Kept = conn.info[KEPT]
    if key not in here.values or (MORE, key) in here.values:
        raise NotKeptError
    here.see(_version_outside(conn))
    if here.version is None or key not in here.values:
        raise NotKeptError
    here.is_alone = True
    try:
        return work(conn)
    except NotKeptError:
        here.values[MORE, key] = True
        raise
    finally:
        here.is_alone = False
        if conn.in_transaction():  # SQLAlchemy begins one before it tells that it would read
            conn.rollback()


def refuse_to_read(conn: Connection, *_statement: object) -> None:
    """Is told of each statement before it is carried out.

    Raises:
        NotKeptError: the question is to be answered with what is kept.
    """
    here: Kept | None = conn.info.get(KEPT)
    if here is not None and here.is_alone:
        raise NotKeptError


def _version_outside(conn: Connection) -> object:
    """The version that stands, without a transaction; None if it cannot be told."""
    if conn.dialect.name == "sqlite":
        return _version(conn)
    # In one trip of libpq itself: the driver would begin a transaction, which takes another.
    driver: Any = conn.connection.driver_connection
    said = driver.pgconn.exec_(POSTGRESQL_VERSION.encode())
    value = said.get_value(0, 0) if said.ntuples else None  # an error is met again in the transaction, and told then
    return value and value.decode()


def sees(conn: Connection) -> bool:
    """Whether a question knows which version it sees, or learns it without a trip."""
    here: Kept | None = conn.info.get(KEPT)
    return here is not None and (here.is_known or conn.dialect.name == "sqlite")


def begun(conn: Connection) -> None:
    """Another question begins on a connection: which version it sees is not known yet."""
    conn.info[KEPT].is_known = False


def end(conn: Connection) -> None:
    """Keep nothing any more; the connection may get another use."""
    conn.info.pop(KEPT, None)


def kept(conn: Connection, key: Hashable, read: Callable[[], T]) -> T:
    """What is read under a key: what was found before, if the database is still as it was then.

    Args:
        conn: any connection; only those of questions keep anything.
        key: names what is read, with all that it depends on.
        read: reads it, and gives something but None. Nobody may change what it gives.
    """
    found: T | None = known(conn, key)
    if found is not None:
        return found
    value = read()
    note(conn, key, value)
    return value


def known(conn: Connection, key: Hashable) -> Any:
    """What was kept under a key of the state that a question sees, None if nothing was, and in an order.

    Together with `note` it is for what comes out of a statement along with something else.
    """
    here: Kept | None = conn.info.get(KEPT)
    if here is None:
        return None
    if not here.is_known:
        here.see(_version(conn))
    return here.values.get(key)


def _version(conn: Connection) -> object:
    if conn.dialect.name != "sqlite":
        return run(conn, POSTGRESQL_VERSION)[0][0]
    cursor = conn.connection.cursor()  # no statement that counts: it reads no table
    try:
        return cursor.execute(SQLITE_VERSION).fetchone()[0]
    finally:
        cursor.close()


def note(conn: Connection, key: Hashable, value: object) -> None:
    """Keep what a question has read under a key, for which it has looked with `known` before. Nobody may change it."""
    here: Kept | None = conn.info.get(KEPT)
    if here is None or here.version is None:
        return
    if len(here.values) >= VALUES_MAX:
        here.values.clear()
    here.values[key] = value
