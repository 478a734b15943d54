"""A million rows of usage on one day, from a provider to right balances: rows a second, and the memory it takes.

The floor is the same rows put into an indexed table of their own by the driver's fastest way: no spool, no accounts, no
balances. Each size is pulled in a process of its own, because the most memory that a process had never goes down.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
        for n in range(self._rows):
            user, model, key = n % PEOPLE, n // PEOPLE % MODELS, n // PEOPLE // MODELS
            yield Charge(
                self.name,
                start,
                24,
                f"model-{model}",
                resource=f"key-{key}",
                subject=f"u{user}",
                tokens_input=1_000 + n,
                tokens_output=100,
                requests=1,
                cost_nanos=1_000_000 + n,
            )


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one process measured: rows a second of the first pull, of the same again, and of the floor; MB at most."""

    first: float
    again: float
    floor: float
    memory: float


def bench() -> Iterator[Table]:
    """Both sizes on both databases, each table as soon as it is there."""
    for kind in KINDS:
        yield _table(kind, {size: _in_a_process(kind, size) for size in SIZES})


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

    def work() -> None:
        done = pull(database, provider, how, lambda: NOW)
        assert done.rows_seen == size, done

    first, again = size / _took(work), size / _took(work)
    _, most = memory_mb(os.getpid())
    floor = size / _took(lambda: database.transact(lambda conn: _floor(conn, provider)))
    database.close()
    there.send(Pulled(first, again, floor, most))


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
            f"{each.floor:,.0f}",
            f"{each.first:,.0f}",
            f"{each.first / each.floor:.2f}",
            f"{each.again:,.0f}",
            f"{each.memory:.0f}",
            f"{each.memory / least:.2f}",
            aimed(each.memory / least, at_most=FLAT_AIM),
        )
        for size, each in found.items()
    ]
    heads = ("rows", "floor rows/s", "pulled rows/s", "ratio", "the same again", "most MB", "ratio", "aim")
    return Table(f"A day pulled, {kind}, {PEOPLE:,} people", heads, rows)
