"""What comes again at its time: a program's days of a week, of a fortnight, or of a month."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median_low

from handlers.alerts.spikes.burn import DAY, WEEK, Burn

BATCH_PERCENT = 300  # of the other days: a weekday that usually costs so much is one of a batch
BATCH_DAYS_MIN = 4  # of that weekday
BATCH_PART = 2  # of the dearest day: those above it are the large ones
BATCH_MONTHS_MIN = 2
AGAIN_PERCENT = 175  # of last time, for what comes at its time again
MONTH_LEAST = 26  # days: as little may lie between the same working days of two months
CLOSE_DAYS = 5  # what comes each month may last so long
SATURDAY = 5
BACKS = (WEEK, 2 * WEEK, 4 * WEEK, 5 * WEEK)  # days ago: the first Sunday of a month is four or five weeks ago


def timetable(days: Mapping[date, int]) -> Callable[[date], bool] | None:
    """On which days a batch comes, None if there is none.

    It comes on a weekday that usually costs far more than the others; on the weekday that all large days are on, as
    every second Sunday; or on the day of the month that they are on. Its days say nothing of the others, on which as
    much is out of the ordinary.
    """
    dearest = max(days.values(), default=0)
    large = [day for day, cost in days.items() if cost * BATCH_PART > dearest]
    usually = _dear_weekdays(days)
    alone = {day.weekday() for day in large}
    weekdays = usually or (alone if len(large) >= BATCH_DAYS_MIN and len(alone) == 1 else None)
    if weekdays:
        return lambda day: day.weekday() in weekdays
    numbers, months = [day.day for day in large], {(day.year, day.month) for day in large}
    if len(months) == len(large) >= BATCH_MONTHS_MIN and max(numbers) - min(numbers) <= 1:
        return lambda day: min(numbers) - 1 <= day.day <= max(numbers) + 1
    return None


def _dear_weekdays(days: Mapping[date, int]) -> set[int]:
    """The weekdays that usually cost far more than the other days on which there is usage."""
    costs: dict[int, list[int]] = defaultdict(list)
    for day, cost in days.items():
        if cost > 0:
            costs[day.weekday()].append(cost)
    whole = sum(map(len, costs.values()))
    found = set()
    for weekday, here in costs.items():
        if min(len(here), whole - len(here)) >= BATCH_DAYS_MIN:
            others = [cost for other, each in costs.items() if other != weekday for cost in each]
            if median_low(here) * 100 >= BATCH_PERCENT * median_low(others):
                found.add(weekday)
    return found


def again(burn: Burn, first: date, length: int, backs: Sequence[int] = ()) -> int:
    """What it cost some weeks before, or on that day of the month before, if that stood alone, as now; 0 of people.

    What comes each month may last some days, as books are closed.
    """
    found, batches = 0, None
    for back in (backs or (*BACKS, *month_back(first))) if burn.has_timetable else ():
        then = first - back * DAY
        cost = stretch(burn.days, then, length)
        lasts = CLOSE_DAYS if back >= MONTH_LEAST else 1
        if cost > found and any(
            2 * stretch(burn.days, then + n * length * DAY, length) < cost for n in range(1, lasts + 1)
        ):
            batches = batches or [timetable({day: cost for day, cost in burn.days.items() if day < first})]
            [batch] = batches
            if batch is None or batch(first) or not batch(then):  # else it came on its own weekday, which this is not
                found = cost
    return found


def month_back(day: date) -> Iterator[int]:
    """How many days ago the same day of the month before was, the days around it, and the same working day."""
    last = day.replace(day=1) - DAY
    then = last.replace(day=min(day.day, last.day))
    yield from ((day - then).days + off for off in (-1, 0, 1))
    if day.weekday() < SATURDAY:
        here, before = _working_days(day), _working_days(last)
        number = here.index(day)
        yield from (
            (day - before[each]).days for each in (number, number - len(here)) if -len(before) <= each < len(before)
        )


def _working_days(day: date) -> list[date]:
    """Those of a month."""
    first = day.replace(day=1)
    days = (first + number * DAY for number in range(31))
    return [each for each in days if each.month == day.month and each.weekday() < SATURDAY]


def stretch(days: Mapping[date, int], first: date, length: int) -> int:
    """What some days that follow each other cost."""
    if length == 1:
        return days.get(first, 0)
    return sum(days.get(first + number * DAY, 0) for number in range(length))
