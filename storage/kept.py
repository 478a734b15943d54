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
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection

from storage.prepared import run

T = TypeVar("T")

VALUES_MAX = 4_096
KEPT = "kept"
SQLITE_VERSION = "pragma data_version"
POSTGRESQL_VERSION = "select case when pg_is_in_recovery() then null else pg_current_snapshot()::text end"


class Kept:
    """What one connection has read of one state of the database."""

    __slots__ = ("is_known", "values", "version")

    def __init__(self) -> None:
        self.version: object = None
        self.is_known = False
        self.values: dict[Hashable, Any] = {}

    def see(self, version: object) -> None:
        """A question sees this version."""
        if version != self.version:
            self.values.clear()
            self.version = version
        self.is_known = True


def keep(conn: Connection) -> None:
    """Let a connection keep what its questions read; it must have no other use."""
    conn.info[KEPT] = Kept()


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
        read: reads it. Nobody may change what it gives.
    """
    here: Kept | None = conn.info.get(KEPT)
    if here is None:
        return read()
    if not here.is_known:
        found = run(conn, SQLITE_VERSION if conn.dialect.name == "sqlite" else POSTGRESQL_VERSION)
        here.see(found[0][0])
    if here.version is None:
        return read()
    if key in here.values:
        return here.values[key]  # type: ignore[no-any-return]
    value = read()
    if len(here.values) >= VALUES_MAX:
        here.values.clear()
    here.values[key] = value
    return value
