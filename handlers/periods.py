"""Days, weeks, months, quarters and years as the organization's calendar cuts them.

A period is half open: it holds its first day and not its end. Everything here is a local calendar day of the
organization's zone, so that days of 23 or 25 hours need no arithmetic.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, get_args

from handlers.language import N_

Every = Literal["day", "week", "month", "quarter", "year"]

THIS = {
    "day": N_("today"),
    "week": N_("this week"),
    "month": N_("this month"),
    "quarter": N_("this quarter"),
    "year": N_("this year"),
}
"""How the present period is called, behind a name or a sum."""

EVERY: tuple[Every, ...] = get_args(Every)
ONE_DAY = timedelta(days=1)
MID_MONTH = 15
DAYS_A_WEEK = 7
DAYS_OF = {"day": 1, "week": DAYS_A_WEEK}
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
"""How long periods are: some in days, the others in months."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` until before `end`."""

    every: Every
    first: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    def left(self, today: date) -> int:
        """Days that are still to come, today included."""
        return max(0, (self.end - today).days)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How an organization cuts its weeks, months, quarters and years.

    Args:
        week_starts: weekday on which weeks begin; Monday is 0.
        month_starts: day (1 to 28) on which months begin. One after the 15th begins the month that has most of its
            days: with 26, October is from 26 September to 25 October.
        year_starts: month (1 to 12) in which quarters and years begin.
    """

    week_starts: int = 0
    month_starts: int = 1
    year_starts: int = 1

    @property
    def ahead(self) -> int:
        """By how many months a month begins before the one that it is called after."""
        return int(self.month_starts > MID_MONTH)


GREGORIAN = Calendar()


@lru_cache(maxsize=1024)
def period_of(day: date, every: Every, calendar: Calendar = GREGORIAN) -> Period:
    """The period that a day is in.

    Args:
        day: a local day.
        every: how long periods are.
        calendar: when they begin.
    """
    if every == "day":
        return Period(every, day, day + ONE_DAY)
    if every == "week":
        first = day - timedelta(days=(day.weekday() - calendar.week_starts) % DAYS_A_WEEK)
        return Period(every, first, first + timedelta(days=DAYS_A_WEEK))
    size = MONTHS_OF[every]
    called = day.year * 12 + day.month - 1 - (day.day < calendar.month_starts) + calendar.ahead
    start = calendar.year_starts - 1
    number = (called - start) // size * size + start - calendar.ahead
    return Period(every, _month(number, calendar.month_starts), _month(number + size, calendar.month_starts))


def month_called(first: date, calendar: Calendar) -> Period:
    """An organization's month by its name.

    Args:
        first: the first day of the calendar's month of that name.
        calendar: when months begin.
    """
    return period_of(first.replace(day=MID_MONTH), "month", calendar)


def called_after(first: date) -> date:
    """The first day of the calendar's month after which a month, quarter or year that begins on a day is called."""
    months = first.year * 12 + first.month - 1 + (first.day > MID_MONTH)
    return _month(months, 1)


def _month(months: int, day: int) -> date:
    """A day of a month counted from year 0."""
    return date(months // 12, months % 12 + 1, day)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or the last one of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
