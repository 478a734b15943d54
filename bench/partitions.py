"""Months of charges on PostgreSQL, as many as twenty minutes allow: what stays as fast as in a company that has none.

The floors are the same bot on the smallest history for a balance, and for restated rows the same rows put into a table
of their own by the driver's bulk statement, in the same run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from statistics import median

from sqlalchemy import Connection

from bench import ledger
from bench.cost import Cost, cost
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from storage import ingest, partitions, people
from storage.copies import totals
from storage.db import Database

MINUTES = 20.0
MONTHS_MAX = 24
DAYS = 28
ASKED = 400
SMALL, THIS_MONTH = 10_000, 1_000_000
FLAT_AIM, SHARE_AIM, DETACH_AIM_S = 1.2, 0.27, 0.1


def bench() -> Iterator[Table]:
    """On PostgreSQL only: SQLite has no partitions."""
    directory = ledger.large_company()
    with ledger.empty("PostgreSQL") as database:
        database.transact(lambda conn: people.apply(conn, directory, ledger.NOW.date()))
        app = App(Settings.model_validate(ledger.RULES), database, directory=lambda: directory, now=lambda: ledger.NOW)
        ledger.fill(database, SMALL)
        small = _asked(database, app)
        ledger.fill(database, THIS_MONTH)
        filled = list(_filled(database))
        ledger.settle(database)
        large = _asked(database, app)
        ledger.record(database, 0)
        rates = [cost(database, ledger.RESTATED, work) for work in _works(database)]
        rows = _rows(database)
        yield _of_balances(small, large, rows)
        yield _of_months(filled, rates, _forgotten(database), rows)


def _rows(database: Database) -> int:
    return database.ask(totals)["charges"].rows


def _filled(database: Database) -> Iterator[tuple[float, float]]:
    """Fill month after month, the newest first; the seconds of each to put it in, and to add it up."""
    began, end = time.monotonic(), partitions.month_of(ledger.NOW)
    for _ in range(MONTHS_MAX):
        if time.monotonic() - began > MINUTES * 60:
            return
        month = partitions.months_before(partitions.start_of(end), 1).date()
        yield _timed(database, partial(_put, database, month)), _timed(database, partial(_add_up, month, end))
        end = month


def _put(database: Database, month: date, conn: Connection) -> None:
    partitions.ensure(conn, [month])
    words = ledger.words_of(database, f"'{month:%Y-%m-}{DAYS}'", f"(i / :people % {DAYS})")
    ledger.insert(conn, words, DAYS * ledger.PEOPLE, ledger.PEOPLE)


def _add_up(first: date, end: date, conn: Connection) -> None:
    conn.exec_driver_sql("set local work_mem = '256MB'")
    ingest.add_up(conn, first, end)


def _asked(database: Database, app: App) -> Cost:
    """What a balance takes, of those who have as many charges this month in each size."""

    def ask(count: int) -> None:
        for number in range(count):
            ledger.balance(app, f"p{number % ledger.ASKERS}", "balance")

    ask(ASKED)
    return cost(database, ASKED, partial(ask, ASKED))


def _works(database: Database) -> list[Callable[[], object]]:
    """Rows told anew by the driver alone, by us, and the same again."""
    return [partial(ledger.floor, database), *(partial(ledger.record, database, 1) for _ in range(2))]


def _forgotten(database: Database) -> tuple[float, float]:
    """The seconds for which the oldest month is taken off while all wait, and until its file is gone."""
    oldest = min(database.ask(partitions.partitions))
    until = partitions.start_of(partitions.following(oldest))
    waited = 0.0

    def work(conn: Connection) -> None:
        nonlocal waited
        began = time.perf_counter()
        partitions.detach(conn, until)
        waited = time.perf_counter() - began

    took = _timed(database, work)
    return waited, took


def _timed(database: Database, work: Callable[[Connection], object]) -> float:
    began = time.perf_counter()
    database.transact(work)
    return time.perf_counter() - began


def _of_balances(small: Cost, large: Cost, rows: int) -> Table:
    ratio = large.both / small.both
    shown = [
        (f"{count:,} charges", *_ms(each), f"{each.both / small.both:.2f}", aim)
        for count, each, aim in ((SMALL, small, ""), (rows, large, aimed(ratio, at_most=FLAT_AIM)))
    ]
    heads = ("", "ours ms", "PostgreSQL's ms", "ratio of both", "aim")
    return Table("Processor time of a balance, charges by months, PostgreSQL", heads, shown)


def _ms(each: Cost) -> tuple[str, str]:
    return f"{each.ours * 1e3:.2f}", f"{each.database * 1e3:.2f}"


def _of_months(
    filled: Sequence[tuple[float, float]], rates: Sequence[Cost], took: tuple[float, float], rows: int
) -> Table:
    month = DAYS * ledger.PEOPLE
    floor, restated, same = rates
    put, added = (median(each) for each in zip(*filled, strict=True))
    shown = [
        (f"{ledger.RESTATED:,} rows restated, floor", f"{floor.both * 1e6:.0f} µs of CPU a row", "1.00", ""),
        _beside("balances right", restated, floor, aimed(floor.both / restated.both, at_least=SHARE_AIM)),
        _beside("the same again", same, floor, ""),
        (f"a month of {month:,} put in, median", f"{put:.1f} s", "", ""),
        ("the rollup of a month made anew, median", f"{added:.1f} s", "", ""),
        ("the oldest month taken off", f"{took[0]:.3f} s", "", aimed(took[0], at_most=DETACH_AIM_S, digits=1)),
        ("until its file is gone", f"{took[1]:.3f} s", "", ""),
    ]
    title = f"{len(filled)} months of {month:,} charges, {rows:,} in all, PostgreSQL"
    return Table(title, ("", "", "ratio", "aim"), shown)


def _beside(what: str, each: Cost, floor: Cost, aim: str) -> tuple[str, ...]:
    return what, f"{each.both * 1e6:.0f} µs of CPU a row", f"{floor.both / each.both:.2f}", aim
