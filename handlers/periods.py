"""Days, weeks, months, quarters and years as the organization's calendar cuts them.

A period is half open: it holds its first day and not its end. Everything here is a local calendar day of the
organization's zone, so that days of 23 or 25 hours need no arithmetic.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

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

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


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


def period_of(day: date, every: Every, fiscal_start: int = 1, week_start: int = 0) -> Period:
    """The period that a day is in.

    Args:
        day: a local day.
        every: how long periods are.
        fiscal_start: the month (1 to 12) in which quarters and years begin.
        week_start: the day of the week on which weeks begin, Monday is 0.
    """
    if every == "day":
        return Period(every, day, day + timedelta(days=1))
    if every == "week":
        first = day - timedelta(days=(day.weekday() - week_start) % 7)
        return Period(every, first, first + timedelta(days=7))
    size = _MONTHS[every]
    since_fiscal = (day.year * 12 + day.month - fiscal_start) // size * size + fiscal_start - 1
    return Period(every, _month(since_fiscal), _month(since_fiscal + size))


def _month(months: int) -> date:
    """The first day of a month counted from year 0."""
    return date(months // 12, months % 12 + 1, 1)
