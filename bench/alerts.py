"""What the clock does again and again for everybody: the start of a period, and the look for alerts.

The company is connected in mid-month: 85 in a hundred people are over 80 % of their limit when it is looked at first.
The floor is one statement that only finds them, in the same database. Each measurement runs in a process of its own, so
that the memory is its own.
"""

import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from sqlalchemy import text

from bench.databases import KINDS, temporary
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from bot.platforms.web.messenger import Web
from handlers.events import CheckThresholds, Event, GiveAllotments
from storage.db import Connection, Database
from storage.directory import Directory

PEOPLE = 200_000
LARGE = 2_100_000
TEAM_OF = 20
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = {
    "organization": {"name": "Large", "zone": "UTC"},
    "directory": ["sample"],
    "budgets": [{"name": "monthly", "who": "every person", "amount": "400 USD"}],
}
T = TypeVar("T")
BEGIN_AIM_S, LOOK_AIM_S, LARGE_AIM_S, LARGE_AIM_MB = 0.1, 1.5, 15.0, 350.0
_MB = 1_000


def bench() -> Iterator[Table]:
    """Two hundred thousand people."""
    for kind in KINDS:
        yield _of(kind, PEOPLE)


def bench_large() -> Iterator[Table]:
    """More than two million, on SQLite; it takes several minutes and some gigabytes of disk."""
    yield _of("SQLite", LARGE)


@dataclass(frozen=True, slots=True)
class Took:
    """What something took: seconds of our processor, seconds by the clock, and the most memory that was resident."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def _of(kind: str, people: int) -> Table:
    with temporary(kind) as url:
        alone(partial(_fill, url, people))
        took = {
            "start of the period": alone(partial(_handled, url, GiveAllotments())),
            "an hour later, nothing to do": alone(partial(_handled, url, GiveAllotments(), again=True)),
            "floor: one statement finds who is over 80 %": alone(partial(_floor, url)),
            "alerts, the first look": alone(partial(_handled, url, CheckThresholds())),
            "alerts, nothing new": alone(partial(_handled, url, CheckThresholds(), again=True)),
            "messages, afterwards": Took(alone(partial(_messages, url)), 0, 0),
        }
    looked = took["alerts, nothing new"]
    is_large = people >= LARGE
    aims = {
        "an hour later, nothing to do": aimed(took["an hour later, nothing to do"].cpu_s, at_most=BEGIN_AIM_S),
        "alerts, nothing new": aimed(looked.cpu_s, at_most=LARGE_AIM_S if is_large else LOOK_AIM_S)
        + (f", {aimed(looked.peak_mb, at_most=LARGE_AIM_MB, digits=0)} MB" if is_large else ""),
    }
    messages = took.pop("messages, afterwards")
    rows = [
        (name, f"{each.cpu_s:.2f}", f"{each.wall_s:.2f}", f"{each.peak_mb:.0f}", aims.get(name, ""))
        for name, each in took.items()
    ]
    note = (
        f"The first look left {messages.cpu_s:.0f} messages. On PostgreSQL our processor's seconds leave out its own."
    )
    return Table(f"The clock, {kind}, {people:,} people", ("", "CPU s", "seconds", "peak MB", "aim"), rows, (note,))


def alone(work: Callable[[], T]) -> T:
    """In a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work).result()


def measured(work: Callable[[], object]) -> Took:
    """Do something, and say what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    took = time.process_time() - cpu, time.perf_counter() - began
    return Took(*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB / _MB)


def _handled(url: str, event: Event, *, again: bool = False) -> Took:
    """What an event takes; `again` in a process that has handled one before, as the clock has."""
    database = Database(url)
    app = App(Settings.model_validate(RULES), database, {"web": Web()}, directory=Directory, now=lambda: NOW)
    if again:
        app.handle(event, "clock")
    took = measured(partial(app.handle, event, "clock"))
    database.close()
    return took


def _floor(url: str) -> Took:
    database = Database(url)
    took = measured(lambda: database.ask(lambda conn: conn.execute(text(_OVER)).scalar_one()))
    database.close()
    return took


def _messages(url: str) -> float:
    database = Database(url)
    found = database.ask(
        lambda conn: conn.execute(text("select count(*) from outbox where kind = 'show'")).scalar_one()
    )
    database.close()
    return float(found)


_OVER = """
select count(*) from (
  select account_id from spend where day >= '2026-11-01' and day < '2026-12-01' and account_id like 'person/%'
  group by account_id having sum(cost_nanos) >= 320000000000
) as over
"""
_SQLITE = "(with recursive s(i) as (select 0 union all select i + 1 from s where i + 1 < :size) select i from s)"
_POSTGRESQL = "generate_series(0, :size - 1) as s(i)"
# Three days with three models; 85 in a hundred people spend 360 of 400 dollars.
_FILL = """
insert into accounts select 'org', 'organization', 'Large', '', '', '', true;
insert into accounts select 'team/t' || i, 'team', 'Team ' || i, 'org', 'p' || i, '', true from {teams};
insert into accounts
  select 'person/p' || i, 'person', 'Person ' || i, 'team/t' || (i % :teams), 'p' || i, '', true from {people};
insert into people (id, name, email, manager_id, zone, locale, roles, active, language, number, groups)
  select 'p' || i, 'Person ' || i, 'p' || i || '@large.example', '', '', '',
    case when i = 0 then 'finance' else '' end, true, '', '', '' from {people};
insert into lineage select id, id, {always} from accounts;
insert into lineage select id, 'org', {always} from accounts where id <> 'org';
insert into lineage select id, parent_id, {always} from accounts where kind = 'person';
insert into spend
  select 'person/p' || i, {day}, 'llm', 'model-' || d,
    case when i % 100 < 85 then 120000000000 else 20000000000 end, 1000, 0, 1
  from {people}, (select 0 as d union all select 1 union all select 2) as days
"""
_WORDS = {
    True: {"always": "'1970-01-01', '9999-12-31'", "day": "'2026-11-0' || (d + 3)"},
    False: {"always": "date '1970-01-01', date '9999-12-31'", "day": "('2026-11-0' || (d + 3))::date"},
}


def _fill(url: str, people: int) -> None:
    """Put the company in, in the database's own words: only what follows is measured."""
    database = Database(url)
    database.migrate()
    numbers = _SQLITE if database.is_sqlite else _POSTGRESQL
    sizes = {"size": people, "teams": max(1, people // TEAM_OF)}
    tables = {"people": numbers, "teams": numbers.replace(":size", ":teams")}
    statements = _FILL.format(**tables, **_WORDS[database.is_sqlite]).split(";")

    def work(conn: Connection) -> None:
        for each in statements:
            conn.execute(text(each), {name: size for name, size in sizes.items() if f":{name}" in each})

    database.transact(work)
    if not database.is_sqlite:
        database.outside_of_transactions("vacuum analyze")
    database.close()
