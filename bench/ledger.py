"""The ledger as it grows: a balance at 10 thousand, 1 million and 10 million charges, restated rows, allotments.

The floor of a balance is the same bot on the smallest history: those who ask have ten charges this month in each, and
what grows is the others' and, from ten million on, what is older. That of restated rows is the same rows put into a
table of their own by the driver's bulk statement and committed, in the same run.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, text

from bench.databases import KINDS, temporary
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from handlers.events import GiveAllotments
from handlers.place import Place
from handlers.sentence import Sentence
from storage import bulk_load, ingest, partitions, people, pulls
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.ingest import WholeDay
from storage.pulls import Pull
from storage.tables import charges

SIZES = (10_000, 1_000_000)
LARGE = 10_000_000
PEOPLE = 100_000
DEPARTMENTS = 10
TEAMS = 1_000
ASKERS = 1_000
DAYS_OF_MONTH = 10
RESTATER, RESTATED = "restater", 100_000
RESTATED_ROUNDS = 3
ROUNDS = 5
ASKED = 200
WARM_UP = 50
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLAT_AIM, SHARE_AIM, GROUP_AIM_MS = 1.3, 0.25, 50.0
RULES = {
    "organization": {"name": "Large", "zone": "UTC"},
    "directory": ["sample"],
    "budgets": [
        {"name": "monthly", "who": "every person", "amount": "400 USD"},
        {"name": "year", "who": "organization", "amount": "90000000 USD", "every": "year"},
        {"name": "d0", "who": "team d0", "amount": "4000000 USD"},
    ],
}


def bench() -> Iterator[Table]:
    """Up to a million charges."""
    return _tables(SIZES)


def bench_large() -> Iterator[Table]:
    """The same with ten million; it takes several minutes and some gigabytes of disk."""
    return _tables((*SIZES, LARGE))


def _tables(sizes: Sequence[int]) -> Iterator[Table]:
    for kind in KINDS:
        with empty(kind) as database:
            yield from _of_one(kind, database, sizes)


@contextmanager
def empty(kind: str) -> Iterator[Database]:
    with temporary(kind) as url, opened(url) as made:
        yield made


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database with all tables."""
    made = Database(url)
    made.migrate()
    yield made
    made.close()


def _of_one(kind: str, database: Database, sizes: Sequence[int]) -> Iterator[Table]:
    directory = large_company()

    def refresh() -> None:
        database.transact(lambda conn: people.apply(conn, directory, NOW.date()))

    app = App(Settings.model_validate(RULES), database, directory=lambda: directory, now=lambda: NOW)
    bulk_s = {
        f"people, teams and links of {PEOPLE:,}, the first time": _timed(refresh) / 1_000,
        "the same again, nothing changed": _timed(refresh) / 1_000,
        f"allotments of {PEOPLE:,} people": _timed(partial(app.handle, GiveAllotments(), "clock")) / 1_000,
    }
    balances, groups = [], []
    for size in sizes:
        fill(database, size)
        balances.append(asked(app, size))
        groups.append({whom: _asked_of(app, whom) for whom in ("team d0", "organization")})
    yield _of_balances(kind, sizes, balances, groups)
    yield _of_bulk(kind, restated(database), bulk_s)


def company(database: Database, size: int) -> App:
    """Let a database be that of the large company, with so many charges; the bot that asks it."""
    directory = large_company()
    database.transact(lambda conn: people.apply(conn, directory, NOW.date()))
    fill(database, size)
    return App(Settings.model_validate(RULES), database, directory=lambda: directory, now=lambda: NOW)


def large_company() -> Directory:
    """A hundred thousand people in a thousand teams of ten departments."""
    departments = [Team(f"d{n}", f"Department {n}", "p0") for n in range(DEPARTMENTS)]
    teams = [Team(f"t{n}", f"Team {n}", "p0", f"d{n % DEPARTMENTS}") for n in range(TEAMS)]
    everybody = tuple(
        Person(f"p{n}", f"Person {n}", team=f"t{n % TEAMS}", roles=("finance",) if n == 0 else ())
        for n in range(PEOPLE)
    )
    links = tuple(Link("restater", "user", f"u{n}", f"person/p{n}") for n in range(PEOPLE))
    return Directory(everybody, (*departments, *teams), links=links)


_SQLITE = {
    "numbers": "(with recursive s(i) as (select 0 union all select i + 1 from s where i + 1 < :size) select i from s)",
    "day": "date({last}, '-' || {ago} || ' days')",
    "start": "{day} || ' 00:00:00.000000'",
    "now": "'2026-11-22 00:00:00.000000'",
    "room": "pragma cache_size = -1000000",
    "no_room": "pragma cache_size = -2000",
}
_POSTGRESQL = {
    "numbers": "generate_series(0, :size - 1) as s(i)",
    "day": "(({last})::date - ({ago})::int)",
    "start": "{day}::timestamp at time zone 'UTC'",
    "now": "timestamptz '2026-11-22 00:00:00+00'",
    "room": "set local work_mem = '256MB'",
    "no_room": "reset work_mem",
}
# Ten days of this month, then the days before it.
_LAST = f"case when i / :people < {DAYS_OF_MONTH} then '2026-11-22' else '2026-10-31' end"
_AGO = f"(i / :people - case when i / :people < {DAYS_OF_MONTH} then 0 else {DAYS_OF_MONTH} end)"
CHARGES = """
insert into {table} (
  provider, bucket_start, sub_account, resource, subject, model, tier, bucket_hours, day, account_id,
  tokens_input, tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, tokens_output, tokens_reasoning,
  requests, requests_failed, cost_nanos, currency, cost_source, cost_house_nanos, rate_nanos, version, recorded_at
)
select 'llm', {start}, '', '', 'u' || (i % :people),
  case {model} % 3 when 0 then 'claude-sonnet-4-5' when 1 then 'claude-opus-4-5' else 'gpt-5.2' end,
  '', 24, {day}, 'person/p' || (i % :people), 1000, 0, 0, 0, 100, 0, 1, 0,
  1000000, 'USD', 'cost_report', 1000000, 1000000000, 1, {now}
from {numbers}
"""


def words_of(database: Database, last: str, ago: str, *, model: str = "i", table: str = "charges") -> dict[str, str]:
    """The words of a database for what differs between the two.

    Args:
        database: which.
        last: the last day of some, in its words.
        ago: how many days before it a charge is, in its words.
        model: a number for its model, in its words.
        table: where to.
    """
    words = dict(_SQLITE if database.is_sqlite else _POSTGRESQL) | {"model": model, "table": table}
    words["day"] = words["day"].format(last=last, ago=ago)
    words["start"] = words["start"].format(day=words["day"])
    return words


def insert(conn: Connection, words: dict[str, str], size: int, spenders: int) -> None:
    """Put so many charges in, without their sums."""
    conn.execute(text(CHARGES.format(**words)), {"size": size, "people": spenders})


def _months(days: int) -> Iterator[date]:
    """This month, and those of so many days before it."""
    month = partitions.month_of(NOW)
    while month >= partitions.month_of(NOW - timedelta(days=days) - timedelta(days=31)):
        yield month
        month = partitions.month_of(month - timedelta(days=1))


def fill(database: Database, size: int) -> None:
    """Put so many charges in, in the database's own words, as if just read, and let the rollup be rebuilt."""
    words = words_of(database, _LAST, _AGO)
    spenders = min(PEOPLE, size // DAYS_OF_MONTH)

    def work(conn: Connection) -> None:
        conn.execute(text(words["room"]))
        conn.execute(text("delete from charges"))
        partitions.ensure(conn, _months(size // spenders))
        insert(conn, words, size, spenders)
        ingest.rebuild(conn)
        pulls.note_pull(conn, Pull("restater", NOW, NOW, NOW.date(), size, size, ""))
        conn.execute(text(words["no_room"]))

    database.transact(work)
    settle(database)


def settle(database: Database) -> None:
    """Let PostgreSQL count what it has, as it does by itself after a while."""
    if not database.is_sqlite:
        database.outside_of_transactions("vacuum analyze")


def _timed(say: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    say()
    return (time.perf_counter() - began) * 1_000


def asked(app: App, size: int) -> tuple[float, float]:
    """Milliseconds of a person's balance: half of them are faster, and all but one in a hundred; the best round."""
    chance = random.Random(size)
    whom = [f"p{chance.randrange(ASKERS)}" for _ in range(ASKED * ROUNDS + WARM_UP)]
    took = [_timed(partial(balance, app, person, "balance")) for person in whom][WARM_UP:]
    rounds = (sorted(took[first : first + ASKED]) for first in range(0, len(took), ASKED))
    return min((each[ASKED // 2], each[ASKED * 99 // 100]) for each in rounds)


def _asked_of(app: App, whom: str) -> float:
    """Milliseconds of a group's balance, the median of twenty."""
    return sorted(_timed(partial(balance, app, "p0", f"balance of {whom}")) for _ in range(20))[10]


def balance(app: App, person: str, words: str) -> None:
    card = app.hear(Sentence(words, person, Place("terminal", person)))
    assert "left of" in card.title, card.title


@dataclass(frozen=True, slots=True)
class Restated:
    """Rows a second, and a second of our processor: by the driver alone, and told anew by us.

    Args:
        floor: the driver alone.
        restated: as a reading does.
        same: the same reading again, in which nothing changed.
        at_once: restated in one transaction.
    """

    floor: tuple[float, float]
    restated: tuple[float, float]
    same: tuple[float, float]
    at_once: tuple[float, float]


def restated(database: Database) -> Restated:
    """Rows told anew; round after round, for others use the machine, too; the best of each."""
    record(database, 0)
    rounds = []
    for number in range(1, 2 * RESTATED_ROUNDS, 2):
        works = (reading(database, number), reading(database, number), recording(database, number + 1))
        rounds.append((floor(database), *map(_rate, works)))
    best = (tuple(map(max, zip(*each, strict=True))) for each in zip(*rounds, strict=True))
    return Restated(*best)


def _rows(version: int) -> Iterator[Charge]:
    for n in range(RESTATED):
        start = datetime(2026, 10, 1 + n % 10, tzinfo=UTC)
        yield Charge(RESTATER, start, 24, "m", subject=f"u{n // 10}", tokens_input=9, requests=1, cost_nanos=version)


def _same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    return cost_nanos, ingest.NANOS


def _rate(work: Callable[[], object]) -> tuple[float, float]:
    """Rows a second by the clock, and by the processor time of this process."""
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    return RESTATED / (time.perf_counter() - began), RESTATED / (time.process_time() - began_cpu)


def reading(database: Database, version: int) -> Callable[[], object]:
    """What records the rows of a version as a reading does: a day at a time, each in slices. They are made before."""
    told = sorted(_rows(version), key=_day)
    days = [(WholeDay(RESTATER, day), list(cells)) for day, cells in groupby(told, _day)]

    def work() -> None:
        for whole, cells in days:
            with database.apart() as apart:
                ingest.record_apart(
                    apart, cells, ZoneInfo("UTC"), _same, NOW, whole, meanwhile=_nothing, at_last=_nothing
                )

    return work


def _day(charge: Charge) -> date:
    return charge.bucket_start.date()


def _nothing(*_: object) -> None:
    """Nobody has told anything by telemetry."""


def recording(database: Database, version: int) -> Callable[[], object]:
    """What records the rows of a version in one transaction; they are made before."""
    rows = list(_rows(version))
    return partial(database.transact, lambda conn: ingest.record(conn, rows, ZoneInfo("UTC"), _same, NOW))


def record(database: Database, version: int) -> tuple[float, float]:
    return _rate(recording(database, version))


def floor(database: Database) -> tuple[float, float]:
    with restating(database) as work:
        return _rate(work)


@contextmanager
def restating(database: Database) -> Iterator[Callable[[], object]]:
    """What restates the same rows in a table of their own by the driver's fastest upsert: no balance, no history."""
    names = [column.name for column in charges.columns]
    keys = [column.name for column in charges.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)

    upsert = (
        f"insert into floor select * from floor_in where true on conflict ({', '.join(keys)}) do update set {values}"
    )
    ours = charges.select().where(charges.c.provider == "restater")

    def prepare(conn: Connection) -> list[tuple[object, ...]]:
        written = bulk_load.writer(conn)
        conn.execute(text("create table floor as select * from charges where provider = 'restater'"))
        conn.execute(text(f"create unique index floor_key on floor ({', '.join(keys)})"))
        return [tuple(written(v) if isinstance(v, date) else v for v in row) for row in conn.execute(ours)]

    def work(conn: Connection) -> None:
        conn.execute(text("drop table if exists floor_in"))
        conn.execute(text("create temporary table floor_in as select * from floor limit 0"))
        bulk_load.load(conn, charges.to_metadata(MetaData(), name="floor_in"), names, rows)
        conn.execute(text(upsert))

    rows = database.transact(prepare)
    yield partial(database.transact, work)
    database.transact(lambda conn: conn.execute(text("drop table floor")))


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


def _of_bulk(kind: str, rates: Restated, bulk_s: dict[str, float]) -> Table:
    floor, floor_cpu = rates.floor
    rows = [("driver's own upsert, no balances (floor)", f"{floor:,.0f}", "", "", "")]
    shown = (
        (f"{RESTATED:,} rows restated by a reading, balances right", rates.restated),
        ("the same again", rates.same),
        ("restated in one transaction", rates.at_once),
    )
    for what, (rate, cpu) in shown:
        share_cpu = f"{cpu / floor_cpu:.2f}" if kind == "SQLite" else ""  # PostgreSQL works in a process of its own
        aim = aimed(rate / floor, at_least=SHARE_AIM) if rate is rates.restated[0] else ""
        rows.append((what, f"{rate:,.0f}", f"{rate / floor:.2f}", share_cpu, aim))
    rows += [(what, f"{PEOPLE / seconds:,.0f}", "", "", "") for what, seconds in bulk_s.items()]
    took = "; ".join(f"{what}: {seconds:.1f} s" for what, seconds in bulk_s.items())
    heads = ("", "rows/s", "ratio", "CPU ratio", "aim")
    return Table(f"Rows a second, {kind}, the best of {RESTATED_ROUNDS} rounds", heads, rows, (f"{took}.",))
