"""Processor time on both sides of PostgreSQL: it says something on a machine that others use, too."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from sqlalchemy import text

from storage.db import Database

_OURS = text("select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time: of our process, and of PostgreSQL's; and by the clock."""

    ours: float
    database: float
    clock: float = 0.0

    @property
    def both(self) -> float:
        """In all."""
        return self.ours + self.database


def cost(database: Database, count: int, work: Callable[[], object]) -> Cost:
    """What each of so many takes that a piece of work does."""
    before, ours, began = used(database), time.process_time(), time.perf_counter()
    work()
    took = time.process_time() - ours, used(database) - before, time.perf_counter() - began
    return Cost(*(each / count for each in took))


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each part."""
    return Cost(*(median(getattr(each, field.name) for each in costs) for field in fields(Cost)))


def used(database: Database) -> float:
    """The processor time of PostgreSQL's processes that serve us; not of those that clean up or serve another one."""
    ours = text(
        "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
    )
    return sum(_used_by(pid) for pid in database.ask(lambda conn: conn.execute(ours).scalars().all()))


def _used_by(pid: int) -> float:
    """The first field is nanoseconds on a processor: docs.kernel.org, Scheduler Statistics."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9
