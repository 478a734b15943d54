"""The policy lab of a large company: what other limits would have done, and what the past suggests.

Everybody spent something on each working day of three months, a few of them a lot: one in seven is above their limit.
Each sentence is asked in a process of its own, so that the memory is its own.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from bench.alerts import Took, alone, measured
from bench.databases import KINDS, temporary
from bench.ledger import PEOPLE, RULES, large_company
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from bot.providers.sample.provider import Sample
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people, pulls
from storage.db import Database
from storage.directory import Directory
from storage.pulls import Pull

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ASKED = ("try monthly 200 USD", "suggest limits for every person", "lab")
DAYS = 84
AIM_MB = 350.0
SHADOW = {"name": "monthly-next", "who": "every person", "amount": "300 USD", "limit": "shadow"}


def bench() -> Iterator[Table]:
    """A hundred thousand people."""
    for kind in KINDS:
        yield _of(kind)


def _of(kind: str) -> Table:
    with temporary(kind) as url:
        alone(partial(fill, url))
        took = {words: alone(partial(_asked, url, words)) for words in ASKED}
    rows = [
        (
            f"“{words}”",
            f"{each.cpu_s:.1f}",
            f"{each.wall_s:.1f}",
            f"{each.peak_mb:.0f}",
            aimed(each.peak_mb, at_most=AIM_MB, digits=0),
        )
        for words, each in took.items()
    ]
    note = "On PostgreSQL our processor's seconds leave out its own."
    return Table(
        f"Policy lab, {kind}, {PEOPLE:,} people", ("", "CPU s", "seconds", "peak MB", "aim, MB"), rows, (note,)
    )


_NUMBERS = {
    True: "(with recursive s(i) as (select 0 union all select i + 1 from s where i + 1 < :size) select i from s)",
    False: "generate_series(0, :size - 1) as s(i)",
}
_DAY = {True: "date('2026-08-31', '+' || d.i || ' days')", False: "(date '2026-08-31' + d.i::int)"}
# Four weeks of five days, three times: 31 August is a Monday.
_SPENT = """
insert into spend
  select 'person/p' || p.i, {day}, 'llm', 'claude-sonnet-4-5',
    (p.i % 100) * (p.i % 100) * cast(2500000 as bigint), 1000, 0, 1
  from {people} as p cross join {days} as d where d.i % 7 < 5
"""
_ABOVE = """
insert into spend
  select lineage.ancestor_id, day, provider, model, sum(cost_nanos), sum(tokens), 0, sum(requests)
  from spend join lineage on lineage.account_id = spend.account_id and lineage.ancestor_id <> spend.account_id
  group by lineage.ancestor_id, day, provider, model
"""


def fill(url: str) -> None:
    """Put the company in, in the database's own words: only what follows is measured."""
    database = Database(url)
    database.migrate()
    directory = large_company()
    database.transact(lambda conn: people.apply(conn, directory, date(2026, 1, 1)))
    is_lite = database.is_sqlite
    numbers = {name: f"(select i from {_NUMBERS[is_lite].replace(':size', f':{name}')})" for name in ("people", "days")}

    def work(conn: Connection) -> None:
        conn.execute(text(_SPENT.format(day=_DAY[is_lite], **numbers)), {"people": PEOPLE, "days": DAYS})
        conn.execute(text(_ABOVE))
        pulls.note_pull(conn, Pull("llm", NOW, NOW, NOW.date(), PEOPLE, PEOPLE, ""))

    database.transact(work)
    if not is_lite:
        database.outside_of_transactions("vacuum analyze")
    database.close()


def _asked(url: str, words: str) -> Took:
    rules: dict[str, Any] = RULES | {"providers": [{"kind": "sample", "name": "llm"}]}
    rules = rules | {"budgets": [*rules["budgets"], SHADOW]}
    sample = Sample("llm", now=lambda: NOW)
    app = App(Settings.model_validate(rules), Database(url), {}, {"llm": sample}, Directory, now=lambda: NOW)

    def ask() -> None:
        card = app.hear(Sentence(words, "p0", Place("web", "p0")))
        assert card.tone != "bad", card.title

    took = measured(ask)
    app.close()
    return took
