"""A million rows of usage on one day, from a provider to right balances: rows a second, and the memory it takes.

The floor is the same rows put into an indexed table of their own by the driver's fastest way: no spool, no accounts, no
balances. Each size is pulled in a process of its own, because the most memory that a process had never goes down. Then
the same day is read again with hours beside it: the last seven, in each of which a third of the day's cells was used.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection as Pipe

from sqlalchemy import Connection, MetaData, text

from bench.databases import KINDS, temporary
from bench.machine import memory_mb
from bench.table import Table, aimed
from bot.providers.base import Provider
from bot.sync.usage import Reading, pull
from handlers.policy.policy import Policy
from storage import bulk_load, people
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.tables import charges

SIZES = (100_000, 1_000_000)
PEOPLE, TEAMS, MODELS = 10_000, 100, 5
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLAT_AIM = 1.1
HOURS, HOURLY_PART = 7, 3


class Bulk(Provider):
    """Tells so many cells of a day, each time the same."""

    can = frozenset({"charges"})
    complete = True
    name = "bulk"

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """See Provider."""
        start = datetime(first.year, first.month, last.day, tzinfo=UTC)
        yield from (self._cell(n, start, 24) for n in range(self._rows))

    def _cell(self, n: int, start: datetime, hours: int) -> Charge:
        user, model, key = n % PEOPLE, n // PEOPLE % MODELS, n // PEOPLE // MODELS
        return Charge(
            self.name,
            start,
            hours,
            f"model-{model}",
            resource=f"key-{key}",
            subject=f"u{user}",
            tokens_input=1_000 + n,
            tokens_output=100,
            requests=1,
            cost_nanos=1_000_000 + n,
        )


class Hourly(Bulk):
    """Tells hours beside its day."""

    can = frozenset({"charges", "hours"})

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """See Provider."""
        for number in range(HOURS):
            start = until - (number + 1) * timedelta(hours=1)
            if start >= since:
                yield from (self._cell(n, start, 1) for n in range(number % HOURLY_PART, self._rows, HOURLY_PART))


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds, by the clock and of this process's CPU."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one process measured: the first pull, the same again, again with hours, and the floor; MB at most."""

    first: Took
    again: Took
    with_hours: Took
    floor: Took
    memory: float


def bench() -> Iterator[Table]:
    """Both sizes on both databases, each table as soon as it is there."""
    for kind in KINDS:
        found = {size: _in_a_process(kind, size) for size in SIZES}
        yield _table(kind, found)
        yield _table_of_hours(kind, found)


def _in_a_process(kind: str, size: int) -> Pulled:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    with temporary(kind) as url:
        database = Database(url)
        database.migrate()
        database.transact(lambda conn: people.apply(conn, _company(), date(2026, 1, 1)))
        database.close()
        child = spawn.Process(target=_measure, args=(url, size, there))
        child.start()
        there.close()  # so that a child that dies is an end of file here, and no wait for ever
        found: Pulled = here.recv()
        child.join()
    return found


def _measure(url: str, size: int, there: Pipe) -> None:
    database, provider = Database(url), Bulk(size)
    how = Reading(Policy(), days_back=0, history_days=0)

    def work(told: Provider = provider) -> None:
        done = pull(database, told, how, lambda: NOW)
        assert done.rows_seen == size, done

    first, again = _took(work), _took(work)
    _, most = memory_mb(os.getpid())
    work(Hourly(size))  # the first time they are all new
    with_hours = _took(lambda: work(Hourly(size)))
    floor = _took(lambda: database.transact(lambda conn: _floor(conn, provider)))
    database.close()
    there.send(Pulled(first, again, with_hours, floor, most))


def _took(work: Callable[[], object]) -> Took:
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - began, time.process_time() - began_cpu)


def _company() -> Directory:
    teams = tuple(Team(f"t{n}", f"Team {n}", "p0") for n in range(TEAMS))
    everybody = tuple(Person(f"p{n}", f"Person {n}", team=f"t{n % TEAMS}") for n in range(PEOPLE))
    links = tuple(Link("bulk", "user", f"u{n}", f"person/p{n}") for n in range(PEOPLE))
    return Directory(everybody, teams, links=links)


def _floor(conn: Connection, provider: Bulk) -> None:
    written = bulk_load.writer(conn)
    table = charges.to_metadata(MetaData(), name="floor")
    conn.execute(text("create table floor as select * from charges where 1 = 0"))
    conn.execute(text(f"create unique index floor_key on floor ({', '.join(c.name for c in charges.primary_key)})"))
    told = [name for name in Charge.__dataclass_fields__ if name != "bucket_start"]
    names = ["bucket_start", "day", *told]
    rows = (
        (written(each.bucket_start), written(NOW.date()), *(getattr(each, name) for name in told))
        for each in provider.charges(NOW.date(), NOW.date())
    )
    bulk_load.load(conn, table, names, rows)


def _table(kind: str, found: dict[int, Pulled]) -> Table:
    least = found[min(found)].memory
    rows = [
        (
            f"{size:,}",
            f"{size / each.floor.wall:,.0f}",
            f"{size / each.first.wall:,.0f}",
            f"{each.floor.wall / each.first.wall:.2f}",
            _share(kind, each.floor.cpu / each.first.cpu),
            f"{size / each.again.wall:,.0f}",
            f"{each.memory:.0f}",
            f"{each.memory / least:.2f}",
            aimed(each.memory / least, at_most=FLAT_AIM),
        )
        for size, each in found.items()
    ]
    heads = ("rows", "floor rows/s", "pulled rows/s", "ratio", "of CPU", "the same again", "most MB", "ratio", "aim")
    return Table(f"A day pulled, {kind}, {PEOPLE:,} people", heads, rows)


def _table_of_hours(kind: str, found: dict[int, Pulled]) -> Table:
    rows = [
        (
            f"{size:,}",
            f"{size * HOURS // HOURLY_PART:,}",
            f"{each.again.cpu:.1f}",
            f"{each.with_hours.cpu:.1f}",
            f"{each.with_hours.cpu / each.again.cpu:.2f}",
        )
        for size, each in found.items()
    ]
    heads = ("rows of the day", "rows of hours", "CPU s of the day", "with hours", "ratio")
    return Table(f"A day read again, alone and with hours beside it, {kind}", heads, rows)


def _share(kind: str, share: float) -> str:
    return f"{share:.2f}" if kind == "SQLite" else ""  # PostgreSQL works in a process of its own
