"""Where it will end: what a period will have cost, and the day the budget runs out.

The future is drawn from the past, week by week: a coming week is like one of the last eight, recent ones more often,
and each of its days like the day of that kind in that week. Four hundred such courses give the middle and the range.
The dice are the same every time, so that a figure moves only if the usage does.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Literal

from handlers.access import may_see
from handlers.balance import label_of
from handlers.card import Block, Button, Card, Chart, Facts, Series, Text, Tone
from handlers.context import Context
from handlers.house import Budget
from handlers.money import COUNTED, NANOS, percent, symbol_of
from handlers.periods import Period, period_of
from handlers.provenance import as_of
from handlers.standing import Standing, standings, used
from handlers.trouble import Refused
from handlers.words import Whom
from storage import people, reports, usage
from storage.people import Account

WEEK = 7
WEEKS_MAX = 8
ACTIVE_DAYS_MIN = 14
COURSES = 401
COURSES_IN_TRIALS = 101
POINTS_MAX = 31
SATURDAY = 5

_NO_DAYS: frozenset[date] = frozenset()
_DAY = timedelta(days=1)

RunsOut = tuple[date | None, date | None, date | None]
Method = Literal["weeks", "pace"]


# The kernel: plain data in, plain data out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a period will end, in nanos or tokens.

    Args:
        spent: so far.
        p10: in one case of ten it ends at or below this.
        p50: the middle: half of the cases end above, half below.
        p90: in one case of ten it ends above this.
        runs_out: the day on which the limit is reached if it goes fast (P90), in the middle, and if it goes slowly
            (P10); None where it is not reached in the period.
        course: the middle of the sum at the end of each day of the period.
        method: "weeks" draws from past weeks; "pace" goes on as on the average day, with a wide range.
        history_days: days with usage that this rests on.
        since: the first of them, None if there is none.
    """

    spent: int
    p10: int
    p50: int
    p90: int
    runs_out: RunsOut
    course: tuple[int, ...]
    method: Method
    history_days: int
    since: date | None


def project(
    days: Sequence[tuple[date, int]],
    period_first: date,
    period_end: date,
    today: date,
    *,
    whole_until: date | None = None,
    limit: int | None = None,
    free: Container[date] = _NO_DAYS,
    courses: int = COURSES,
) -> Forecast:
    """How a period will end, from what was used on each day.

    Args:
        days: what was used, for the period so far and the weeks before it; a day that is missing used nothing.
        period_first: the period's first day.
        period_end: the day after its last.
        today: it is not over, so it is no history, and in the period at least what it has used by now.
        whole_until: days from here on are as unfinished as today; None if all days before today are whole.
        limit: what may be used in the period, None for no limit.
        free: days that are like a weekend whatever their weekday, such as holidays.
        courses: how many courses are drawn.
    """
    used_on: dict[date, int] = {}
    for day, amount in days:
        used_on[day] = used_on.get(day, 0) + amount
    known_until = min(today, whole_until or today)
    history = _history(used_on, known_until)
    active = sum(amount > 0 for amount in history.values())
    method: Method = "weeks" if active >= ACTIVE_DAYS_MIN else "pace"
    period = [period_first + n * _DAY for n in range((period_end - period_first).days)]
    coming = [day for day in period if day >= known_until]
    ahead = _from_weeks(history, coming, free, courses) if method == "weeks" else _from_pace(history, coming)
    before = [used_on.get(day, 0) for day in period if day < known_until]
    so_far = [used_on.get(day, 0) for day in coming]
    paths = [list(accumulate([*before, *map(max, so_far, drawn)])) for drawn in ahead]
    p10, p50, p90 = _spread([path[-1] for path in paths])
    reached = [_reached(path, period, period_end, limit) for path in paths]
    runs_out = tuple(None if day == period_end else day for day in _spread(reached))
    return Forecast(
        spent=sum(before) + sum(so_far),
        p10=p10,
        p50=p50,
        p90=p90,
        runs_out=(runs_out[0], runs_out[1], runs_out[2]),
        course=tuple(_spread(sums)[1] for sums in zip(*paths, strict=True)),
        method=method,
        history_days=active,
        since=min(history, default=None),
    )


def coverage(history: Sequence[tuple[date, int]], horizon: int = WEEK) -> tuple[int, int]:
    """How often the range would have held: (times the truth lay within P10 and P90, times tried).

    From each past day with enough history before it, the days up to the horizon are projected and compared with what
    was used on them.

    Args:
        history: what was used on each day, whole days only.
        horizon: days that are looked ahead.
    """
    used_on = dict(history)
    if not used_on:
        return 0, 0
    held = tried = 0
    day, end = min(used_on), max(used_on) + _DAY
    while (day := day + _DAY) + horizon * _DAY <= end:
        seen = project(list(history), day, day + horizon * _DAY, day, courses=COURSES_IN_TRIALS, limit=None)
        if seen.method == "weeks":
            tried += 1
            held += seen.p10 <= sum(used_on.get(day + n * _DAY, 0) for n in range(horizon)) <= seen.p90
    return held, tried


def _history(used_on: dict[date, int], end: date) -> dict[date, int]:
    """The days before one, each with what it used, from the first day of use within eight weeks on."""
    start = end - WEEKS_MAX * WEEK * _DAY
    first = min((day for day, amount in used_on.items() if start <= day < end and amount > 0), default=end)
    return {day: used_on.get(day, 0) for day in (first + n * _DAY for n in range((end - first).days))}
