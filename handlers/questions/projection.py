"""How a period will end, from past days: plain data in, plain data out.

The future is drawn from the past eight weeks: a coming working day is like a past one, a coming weekend day like a past
one of these, and a coming week is as full or as empty as a past week; recent ones are drawn more often. Two hundred
such courses give the middle and the range. The dice are the same every time, so that a figure moves only if the usage
does.
"""

from bisect import bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from operator import mul
from random import Random
from typing import Literal, TypeVar

WEEK = 7
WEEKS_MAX = 8
ACTIVE_DAYS_MIN = 14
RECENT, AGED = 3, 4  # a week weighs three quarters of the week after it
COURSES, COURSES_TRIED = 201, 101
TRIALS_MIN = 14
SATURDAY = 5
_NODAYS: frozenset[date] = frozenset()


DAY = timedelta(days=1)


Value = TypeVar("Value", int, date)


Weighed = tuple[int, int]


RunsOut = tuple[date | None, date | None, date | None]


Method = Literal["weeks", "pace"]


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
    free: Container[date] = _NODAYS,
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
    period = [period_first + n * DAY for n in range((period_end - period_first).days)]
    coming = [day for day in period if day >= known_until]
    ahead = _from_weeks(history, coming, free, courses) if method == "weeks" else _from_pace(history, coming)
    before = [used_on.get(day, 0) for day in period if day < known_until]
    so_far = [used_on.get(day, 0) for day in coming]
    paths = [list(accumulate([*before, *map(max, so_far, drawn)])) for drawn in ahead]
    p10, p50, p90 = _spread([path[-1] for path in paths])
    reached = [_reached(path, period, period_end, limit) for path in paths]
    early, middle, late = (None if day == period_end else day for day in _spread(reached))
    return Forecast(
        spent=sum(before) + sum(so_far),
        p10=p10,
        p50=p50,
        p90=p90,
        runs_out=(early, middle, late),
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
    held = tried = 0
    last = max((day for day, _ in history), default=date.min)
    for day in sorted({day for day, _ in history if day + (horizon - 1) * DAY <= last}):
        end = day + horizon * DAY
        seen = project([each for each in history if each[0] < day], day, end, day, courses=COURSES_TRIED)
        if seen.method == "weeks":
            tried += 1
            held += seen.p10 <= sum(amount for when, amount in history if day <= when < end) <= seen.p90
    return held, tried


def _history(used_on: dict[date, int], end: date) -> dict[date, int]:
    """The days before one, each with what it used, from the first day of use within eight weeks on."""
    start = end - WEEKS_MAX * WEEK * DAY
    first = min((day for day, amount in used_on.items() if start <= day < end and amount > 0), default=end)
    return {day: used_on.get(day, 0) for day in (first + n * DAY for n in range((end - first).days))}


class _Urn:
    """Draws numbers by their weights, and puts each back with another like it.

    So a course may go on being high or low, and the range also holds what a few weeks cannot tell (a Pólya urn).
    """

    def __init__(self, numbers: Sequence[Weighed], dice: Random) -> None:
        self._numbers = [number for number, _ in numbers]
        self._bounds = list(accumulate(weight for _, weight in numbers))
        self._more = max(1, self._bounds[-1] // len(numbers))
        self._drawn: list[int] = []
        self._dice = dice

    def forget(self) -> None:
        """Begin anew."""
        self._drawn.clear()

    def draw(self) -> int:
        """A number."""
        whole = self._bounds[-1]
        at = int(self._dice.random() * (whole + self._more * len(self._drawn)))
        again = at >= whole
        number = self._drawn[(at - whole) // self._more] if again else self._numbers[bisect_right(self._bounds, at)]
        self._drawn.append(number)
        return number


def _from_pace(history: dict[date, int], coming: Sequence[date]) -> list[list[int]]:
    """Every day like the average day, half of it, and twice it. The average is that of a week at least."""
    total, days = sum(history.values()), max(WEEK, len(history))
    return [[share // (2 * days)] * len(coming) for share in (total, 2 * total, 4 * total)]


def _from_weeks(
    history: dict[date, int], coming: Sequence[date], free: Container[date], courses: int
) -> list[list[int]]:
    """Courses of the coming days: days drawn from past ones of their kind, times how a past week stood to the mean."""
    tame = _tamed(history, free)
    weeks = _weeks(list(tame))
    weights = [RECENT**n * 1000 // AGED**n for n in range(len(weeks))]
    totals = [sum(tame[day] for day in week) for week in weeks]
    mean = max(1, sum(map(mul, totals, weights)) // sum(weights))
    pool = [
        (_is_free(day, free), tame[day], weight) for week, weight in zip(weeks, weights, strict=True) for day in week
    ]
    pools = {kind: [(amount, weight) for is_free, amount, weight in pool if is_free == kind] for kind in (True, False)}
    dice = Random(0)  # noqa: S311 - no secret, and the same every time
    week = _Urn(list(zip(totals, weights, strict=True)), dice)
    urns = {kind: _Urn(pools[kind] or pools[not kind], dice) for kind in (True, False)}
    days = [urns[_is_free(day, free)] for day in coming]
    return [_course(days, week, mean) for _ in range(courses)]


def _course(days: Sequence[_Urn], week: _Urn, mean: int) -> list[int]:
    """One course: a draw for each day from its urn, and one for each week."""
    for urn in {week, *days}:
        urn.forget()
    drawn: list[int] = []
    for start in range(0, len(days), WEEK):
        total = week.draw()
        drawn += [urn.draw() * total // mean for urn in days[start : start + WEEK]]
    return drawn


def _weeks(days: Sequence[date]) -> list[Sequence[date]]:
    """The whole weeks of a history, the newest first."""
    return [days[end - WEEK : end] for end in range(len(days), WEEK - 1, -WEEK)]


def _is_free(day: date, free: Container[date]) -> bool:
    return day.weekday() >= SATURDAY or day in free


def _tamed(history: dict[date, int], free: Container[date]) -> dict[date, int]:
    """The history, in which a day that stands alone counts as half more than the next largest of its kind."""
    tops = {}
    for kind in (True, False):
        amounts = sorted(amount for day, amount in history.items() if _is_free(day, free) == kind)
        second = amounts[-2] if len(amounts) > 1 else 0
        tops[kind] = second * 3 // 2 if second > 0 else max(amounts, default=0)
    return {day: min(amount, tops[_is_free(day, free)]) for day, amount in history.items()}


def _reached(path: Sequence[int], period: Sequence[date], period_end: date, limit: int | None) -> date:
    """The first day at whose end nothing is left, or the period's end if something always is."""
    return next(
        (day for day, sum_ in zip(period, path, strict=True) if limit is not None and sum_ >= limit), period_end
    )


def _spread(values: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The values at a tenth, the middle and nine tenths."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[last // 10], ordered[last // 2], ordered[last - last // 10]
