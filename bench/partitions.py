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
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from storage import ingest, partitions, people, retention
from storage.copies import totals
from storage.db import Database

MINUTES = 20.0
MONTHS_MAX = 24
DAYS = 28
SMALL, THIS_MONTH = 10_000, 1_000_000
FLAT_AIM, SHARE_AIM, DETACH_AIM_S = 1.2, 0.27, 0.1


def bench() -> Iterator[Table]:
    """On PostgreSQL only: SQLite has no partitions."""
    directory = ledger.large_company()
    with ledger.empty("PostgreSQL") as database:
        database.transact(lambda conn: people.apply(conn, directory, ledger.NOW.date()))
        app = App(Settings.model_validate(ledger.RULES), database, directory=lambda: directory, now=lambda: ledger.NOW)
        ledger.fill(database, SMALL)
        small = ledger.asked(app, SMALL)
        ledger.fill(database, THIS_MONTH)
        filled = list(_filled(database))
        ledger.settle(database)
        rates = ledger.restated(database)
        large = ledger.asked(app, THIS_MONTH)
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


def _forgotten(database: Database) -> float:
    """The seconds in which the oldest month is taken off."""
    oldest = min(database.ask(partitions.partitions))
    before = partitions.start_of(partitions.following(oldest))
    return _timed(database, lambda conn: retention.charges_of_months(conn, before, ledger.NOW))


def _timed(database: Database, work: Callable[[Connection], object]) -> float:
    began = time.perf_counter()
    database.transact(work)
    return time.perf_counter() - began


def _of_balances(small: tuple[float, float], large: tuple[float, float], rows: int) -> Table:
    shown = [
        (f"{count:,} charges", f"{p50:.2f}", f"{p99:.2f}", f"{p50 / small[0]:.2f}", aim)
        for count, (p50, p99), aim in (
            (SMALL, small, ""),
            (rows, large, aimed(large[0] / small[0], at_most=FLAT_AIM)),
        )
    ]
    return Table("A balance, charges by months, PostgreSQL", ("", "p50 ms", "p99 ms", "ratio", "aim"), shown)


def _of_months(filled: Sequence[tuple[float, float]], rates: ledger.Restated, took_off: float, rows: int) -> Table:
    month = DAYS * ledger.PEOPLE
    floor, restated, same = rates.floor[0], rates.restated[0], rates.same[0]
    shown = [
        (f"{ledger.RESTATED:,} rows restated, floor", f"{floor:,.0f} rows/s", "1.00", ""),
        (
            "balances right",
            f"{restated:,.0f} rows/s",
            f"{restated / floor:.2f}",
            aimed(restated / floor, at_least=SHARE_AIM),
        ),
        ("the same again", f"{same:,.0f} rows/s", f"{same / floor:.2f}", ""),
        (f"a month of {month:,} put in, median", f"{median(each[0] for each in filled):.1f} s", "", ""),
        ("the rollup of a month made anew, median", f"{median(each[1] for each in filled):.1f} s", "", ""),
        ("the oldest month forgotten", f"{took_off:.3f} s", "", aimed(took_off, at_most=DETACH_AIM_S, digits=1)),
    ]
    title = f"{len(filled)} months of {month:,} charges, {rows:,} in all, PostgreSQL"
    return Table(title, ("", "", "ratio", "aim"), shown)
