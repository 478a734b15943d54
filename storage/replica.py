"""A read replica of PostgreSQL: questions are answered there, as exactly as the primary server would answer them.

A replica is late, by an amount that changes. So before it is asked, the primary says how far its log has come, and the
replica answers only if it has replayed all of that: then its snapshot has everything that anybody could have seen on
the primary, by whatever process it was written. If it is not so far within a moment, or anything else is the matter
with it, the primary answers, and whoever asks notices nothing.

**Which position.** A commit becomes visible on the primary, and is acknowledged, after its record was flushed; so what
was flushed is enough (postgresql.org/docs/current/wal-async-commit.html). With `synchronous_commit = off` it becomes
visible before, and then the position is that up to which anything was inserted. Of this a replica gets nothing until it
is flushed, so more questions go to the primary there.

**In which order.** The snapshot of a REPEATABLE READ transaction is taken by its first statement before that is carried
out, so a replica that is asked how far it is in the question's own transaction may name a later place than the
transaction sees. It is asked before, in a statement of its own.

**Whose copy.** Positions mean something within one history only. The primary keeps a mark in the database, made anew
each hour and in each timeline; what has another one is the copy of another database, or has gone another way since one
of two servers was promoted.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage import installation
from storage.prepared import run
from storage.ready import Ready

T = TypeVar("T")

Passing = Literal["late", "busy", "conflict", "writes", "failed", "unmarked"]
Lasting = Literal["unreachable", "no_access", "primary", "other", "unsuitable"]
Why = Passing | Lasting
"""Why a replica has not answered.

late: it has not replayed enough.
busy: all connections to it are in use.
conflict: what it was reading was removed by the primary, and it goes on replaying.
writes: the question would write something.
failed: the question had another error there.
unmarked: the primary's mark is missing, or of the timeline before.
unreachable: no server answers.
no_access: it lets us not in.
primary: it is no replica, or was promoted.
other: it is a copy of another database, or of what this one was before another server became its primary.
unsuitable: it does not say how far it has replayed.
"""
LASTING = frozenset[Why](get_args(Lasting))
"""After these it is not asked again until `look` finds it well."""
AT_WORK = frozenset[Why](("busy", "conflict"))
"""They say nothing of the replica but that it is used."""

MARK = "replica mark"
MARK_KEPT = timedelta(hours=1)
LATE_S = 0.1
"""A question waits so long for the replica to replay what it must have seen."""
ANSWERS_S = 2.0
"""A server that does not say within this time how far it is will not say anything."""
PAUSE_FIRST_S, PAUSE_MAX_S = 0.001, 0.01
CONFLICTS = frozenset(("40001", "40P01", "57014"))
"""How a statement ends whose rows the primary has removed: postgresql.org, Hot Standby, Handling Query Conflicts."""
READ_ONLY = "25006"
UNSUITABLE = frozenset(("0A000", "42883"))
NO_ACCESS = ("28", "3D", "42501")
UNREACHABLE = ("08", "57P", "53")  # connections, shutting down or starting, too many connections
PATIENCE = {
    "connect_timeout": "2",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""A host that is gone is noticed within seconds, unless the address says otherwise (libpq, Connection Parameters)."""

_INSERTED_OR_FLUSHED = (
    "case current_setting('synchronous_commit') when 'off'"
    " then pg_current_wal_insert_lsn() else pg_current_wal_flush_lsn() end"
)
_MARK = f"coalesce((select value from installation where name = '{MARK}'), '')"  # noqa: S608 - nothing from outside
_PRIMARY = f"select lsn::text, substr(pg_walfile_name(lsn), 1, 8), {_MARK} from (select {_INSERTED_OR_FLUSHED}) at(lsn)"  # noqa: S608
_REPLICA = f"select pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false), {_MARK}"
_CLUSTER = "select system_identifier from pg_control_system()"


class Position(NamedTuple):
    """How far the primary is.

    Args:
        lsn: the end of what anybody can have seen.
        timeline: eight digits; another one since a server was promoted.
        mark: as it stands in the database, "" if there is none.
    """

    lsn: str
    timeline: str
    mark: str


class UnfitError(Exception):
    """The replica can't answer this question now."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Answer(NamedTuple, Generic[T]):
    """What a question came to on the replica."""

    value: T


def patient(url: URL) -> URL:
    """The address of a replica with all that its own says, and how soon a host is given up that is gone."""
    return url.update_query_dict({name: value for name, value in PATIENCE.items() if name not in url.query})


class Replica:
    """Answers questions from a read replica, if it can do so as exactly as the primary.

    Args:
        url: of it.
        engine: makes connections to it.
        most: how many of them.
        primary: carries out one statement on the primary, and gives what it finds.
        heard: is told of each question why the primary must answer it, "" if the replica did.

    Attributes:
        trouble: what was the matter with it when it was last asked, "" if nothing was.
    """

    def __init__(
        self,
        url: URL,
        engine: Engine,
        most: int,
        primary: Callable[[str], Sequence[tuple[Any, ...]]],
        heard: Callable[[Why | Literal[""]], object],
    ) -> None:
        self.url = url
        self.trouble: Why | Literal[""] = ""
        self._engine = engine
        self._ready = Ready(engine, most)
        self._primary = primary
        self._heard = heard

    def answer(self, work: Callable[[Connection], T]) -> Answer[T] | None:
        """Answer a question from one read-only snapshot; None if the primary must.

        Args:
            work: called with a connection, perhaps twice.
        """
        if self.trouble in LASTING:
            self._heard(self.trouble)
            return None
        why: Why | Literal[""] = ""  # also if the question raises what is its answer
        try:
            found, why = self._tried(work)
            self._note(why)
        finally:
            self._heard(why)
        return found

    def look(self) -> Why | Literal[""]:
        """Look anew whether it can be used. A host that is gone takes some seconds, so it is the clock that looks."""
        _, why = self._tried(lambda _conn: None)
        if not why and self._is_of_another_cluster():
            why = "other"
        self._note(why)
        return self.trouble if why in AT_WORK else why

    def close(self) -> None:
        """Let all connections go."""
        self._ready.close()
        self._engine.dispose()

    def _note(self, why: Why | Literal[""]) -> None:
        if why in LASTING or why in ("", "late"):
            self.trouble = why

    def _tried(self, work: Callable[[Connection], T]) -> tuple[Answer[T] | None, Why | Literal[""]]:
        """Try it, and once more: on new connections if the old ones are gone, of a new mark if that was just made."""
        why: Why = "failed"
        for _ in range(2):
            try:
                position = self.position()
            except (DBAPIError, PoolTimeout):
                return None, "failed"  # the primary says what is the matter with it when it is asked
            if not position.mark.startswith(f"{position.timeline}/"):
                return None, "unmarked"
            try:
                return Answer(self._ready.ask_after(partial(self._must_be_fresh, position), work)), ""
            except PoolTimeout:
                return None, "busy"
            except UnfitError as unfit:
                why = unfit.why
                if why != "other":
                    break
            except DBAPIError as trouble:
                why = _why(trouble)
                if not trouble.connection_invalidated:
                    break
        return None, why

    def position(self) -> Position:
        """How far the primary is now.

        Raises:
            DBAPIError: it does not say so, or does not answer.
        """
        return Position(*self._primary(_PRIMARY)[0])

    def _must_be_fresh(self, position: Position, conn: Connection) -> None:
        """Wait a moment until the replica has replayed up to a position; if it was late before, it is not waited for.

        Raises:
            UnfitError: it has not, or is no replica of this primary.
        """
        with _hung_up_after(conn, ANSWERS_S):
            self._wait_until_fresh(position, conn)

    def _wait_until_fresh(self, position: Position, conn: Connection) -> None:
        end_s = time.monotonic() + (0 if self.trouble == "late" else LATE_S)
        pause_s = PAUSE_FIRST_S
        for looks in count():
            in_recovery, reached, mark = run(conn, _REPLICA, [position.lsn])[0]
            if not in_recovery:
                raise UnfitError("primary")
            if reached and mark == position.mark:
                return
            if looks and time.monotonic() >= end_s:  # a mark that comes at this moment is seen by the next look only
                raise UnfitError("other" if reached else "late")
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    def _is_of_another_cluster(self) -> bool:
        """Whether it says so itself. A server may not let us ask; then the mark tells."""
        try:
            return self._ready.ask(lambda conn: run(conn, _CLUSTER), 0) != list(self._primary(_CLUSTER))
        except (DBAPIError, PoolTimeout):
            return False


def needs_mark(position: Position, now: datetime, conn: Connection) -> bool:
    """Whether a mark is to be made on the primary."""
    noted = installation.noted(conn, MARK)
    return noted is None or not noted[0].startswith(f"{position.timeline}/") or noted[1] <= now - MARK_KEPT


def make_mark(position: Position, now: datetime, conn: Connection) -> None:
    """Make a new mark, which no copy has that was made before."""
    installation.note(conn, MARK, f"{position.timeline}/{secrets.token_hex(8)}", now)


@contextmanager
def _hung_up_after(conn: Connection, seconds: float) -> Iterator[None]:
    """Cut the line to a server that keeps it open and says nothing; who waits is then told that it is gone."""
    with socket.socket(fileno=os.dup(conn.connection.driver_connection.fileno())) as line:  # type: ignore[union-attr]
        timer = threading.Timer(seconds, _cut, [line])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # the server was first
        line.shutdown(socket.SHUT_RDWR)


def _why(trouble: DBAPIError) -> Why:
    code = str(getattr(trouble.orig, "sqlstate", "") or "")
    if code in CONFLICTS:
        return "conflict"
    if code == READ_ONLY:
        return "writes"
    if code in UNSUITABLE:
        return "unsuitable"
    if code.startswith(NO_ACCESS):
        return "no_access"
    if code.startswith(UNREACHABLE) or (not code and isinstance(trouble, OperationalError)):
        return "unreachable"
    return "failed"
