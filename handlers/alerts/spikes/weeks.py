"""A slow drift, by whole weeks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import exp, log
from statistics import median, median_low

from handlers.alerts.spikes.batches import AGAIN_PERCENT
from handlers.alerts.spikes.burn import ACTIVE_DAYS_FEW, ACTIVE_DAYS_MIN, DAY, HISTORY_DAYS, WEEK
from storage.spikes import Sight

DEVIATIONS = 3.3  # by chance one week in two thousand is as far off; at 3 it is one in seven hundred
SCALE_MIN = 0.2
MAD_TO_SIGMA = 1.4826
WEEKS_MIN = 3
WEEK_TIMES_PERCENT = 200  # of the dearest week
GROWN_PERCENT = 150  # of a usual week, if all its days are dear
UNSEEN_PERCENT = 300  # of a usual week, if it began before readings did
WEEK_FLOORS = 2
MONTH_BACKS = range(27, 36)  # days: a month, and where its end falls among working days
SATURDAY = 5


def drift(days: Mapping[date, int], end: date, began: datetime, floor_nanos: int) -> Sight | None:
    """Whether the last seven whole days cost far more than the weeks before, in all or each of them.

    What came on one day of them is no drift.

    Args:
        days: what each day cost.
        end: the day after the last whole one.
        began: when readings began: of a week before, only what is far above the usual is worth a word.
        floor_nanos: the floor of a day.
    """
    sums = [_week(days, end, number) for number in range(HISTORY_DAYS // WEEK + 1)]
    now, past = sums[0], [each for each in sums[1:] if each > 0]
    if len(past) < WEEKS_MIN:
        return None
    middle = median_low(past)
    largest = max(_seven(days, end - back * DAY) for back in range(WEEK, HISTORY_DAYS + 1))
    most = max(int(middle * _times(past)), largest * WEEK_TIMES_PERCENT // 100)
    dearest = max(days.get(end - back * DAY, 0) for back in range(1, WEEK + 1))
    grown = (now > most and 3 * dearest < 2 * now) or (now > largest and _is_above(days, end, middle, now))
    if not grown or now - middle < WEEK_FLOORS * floor_nanos or _came_a_month_ago(days, end, now):
        return None
    until = datetime.combine(end, time(), UTC)
    since = until - timedelta(days=WEEK)
    if since < began and now * 100 < UNSEEN_PERCENT * middle:
        return None
    return Sight("weekly", since, until, now, middle, now - middle, (now - middle) // (24 * WEEK))


def _is_above(days: Mapping[date, int], end: date, middle: int, now: int) -> bool:
    """Whether the days of a week are among the dearest tenth of their kind, as with a growth of 5 % a day.

    Of seven days one may be none: a free day among working days.
    """
    active = [day for day in (end - back * DAY for back in range(1, WEEK + 1)) if days.get(day, 0) > 0]
    past = {day: cost for day, cost in days.items() if cost > 0 and day < end - WEEK * DAY}
    if len(active) < ACTIVE_DAYS_FEW or len(past) < ACTIVE_DAYS_MIN:
        return False
    high = 0
    for day in active:
        alike = sorted(cost for each, cost in past.items() if (each.weekday() < SATURDAY) == (day.weekday() < SATURDAY))
        alike = alike or sorted(past.values())
        high += days[day] > alike[len(alike) * 9 // 10]
    return high >= min(len(active), WEEK - 1) and now * 100 > GROWN_PERCENT * middle


def _came_a_month_ago(days: Mapping[date, int], end: date, now: int) -> bool:
    """Whether about as much came in the same days of the month before, and less after them: books are closed again."""
    thens = [end - back * DAY for back in MONTH_BACKS]
    return any(
        now * 100 <= cost * AGAIN_PERCENT and 2 * _seven(days, then + WEEK * DAY) <= cost
        for then, cost in ((then, _seven(days, then)) for then in thens)
    )


def _week(days: Mapping[date, int], end: date, number: int) -> int:
    """What a week cost, the latest is number 0."""
    return _seven(days, end - number * WEEK * DAY)


def _seven(days: Mapping[date, int], end: date) -> int:
    """What the seven days before one cost."""
    return sum(days.get(end - back * DAY, 0) for back in range(1, WEEK + 1))


def _times(known: Sequence[int]) -> float:
    """How many times the median is still usual, by the median deviation of the logarithms."""
    logs = [log(each) for each in known]
    middle = median(logs)
    scale = max(SCALE_MIN, MAD_TO_SIGMA * median(abs(each - middle) for each in logs))
    return exp(min(DEVIATIONS * scale, 20.0))
