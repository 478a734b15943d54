"""What each replica looks after at every tick: its clock, its read replica, and free parts of the database's files.

What is the matter is noted in the database under the name of the host, for `status`, which any other process may be
asked for.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from socket import gethostname

from bot.shared_clock import NOTED_S, skew_of
from storage import erasure, installation
from storage.db import BusyError, Database


@dataclass(eq=False)
class Upkeep:
    """Of one process.

    Args:
        database: migrated.
    """

    database: Database
    _noted: dict[str, bool] = field(default_factory=dict, init=False)

    def note_skew(self, clock: Callable[[], datetime]) -> None:
        """Note that this host's clock is wrong."""
        skew_s = skew_of(clock)
        self._note(installation.SKEW, f"{skew_s:.0f}" if abs(skew_s) >= NOTED_S else "", clock())

    def look_at_replica(self, now: datetime) -> None:
        """Use the read replica again that is well again; note what is the matter with it."""
        self._note(installation.REPLICA, self.database.look_at_replica(now), now)

    def compact(self) -> None:
        """After somebody was erased, nothing of them stays in free parts of the database's files."""
        if self.database.ask(lambda conn: installation.noted(conn, erasure.COMPACT)) is None:
            return
        with suppress(BusyError):  # it is tried again at the next tick
            self.database.compact()
            self.database.transact(lambda conn: installation.end(conn, erasure.COMPACT))

    def _note(self, about: str, why: str, now: datetime) -> None:
        """Note something of this host; "" ends what was noted, perhaps by a process before that this one follows."""
        name = f"{about}{gethostname()}"
        if why:
            self.database.transact(lambda conn: installation.note(conn, name, why, now))
        elif self._noted.get(about, True):
            self.database.transact(lambda conn: installation.end(conn, name))
        self._noted[about] = bool(why)
