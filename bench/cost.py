"""Processor time on both sides of PostgreSQL: it says something on a machine that others use, too."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from storage.db import Database

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time: of our process, and of PostgreSQL's."""

    ours: float
    database: float

    @property
    def both(self) -> float:
        """In all."""
        return self.ours + self.database


def cost(database: Database, count: int, work: Callable[[], object]) -> Cost:
    """What each of so many takes that a piece of work does."""
    before, ours = _used(database), time.process_time()
    work()
    return Cost((time.process_time() - ours) / count, (_used(database) - before) / count)


def _used(database: Database) -> float:
    """The processor time of all of PostgreSQL's processes that serve somebody."""
    pids = database.ask(lambda conn: conn.execute(text("select pid from pg_stat_activity")).scalars().all())
    return sum(_used_by(pid) for pid in pids)


def _used_by(pid: int) -> float:
    """See proc_pid_stat(5): the fields after the name, of which the twelfth and thirteenth are user and system time."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
