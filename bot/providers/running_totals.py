"""Days out of running totals: for a provider that tells what somebody spent this month, this week and today, no more.

What the month has beyond today and beyond the days that were told before is of days that are over and were not told
whole: those since the last one that was told. It is shared out evenly among them. Read at least once a day that is the
evening of yesterday; of a first reading it is the month so far.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

Told = Callable[[date, date], Mapping[tuple[str, date], int]]
"""What was told of the days first to last, both included: costs in 10⁻⁹ US dollars by the provider's own user and day.

It is asked of the ledger."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What somebody spent so far, in 10⁻⁹ US dollars; None for what was not told."""

    day: int | None
    week: int | None
    month: int | None


def earliest(today: date) -> date:
    """The first day of which a running total can say anything: of the week or the month, whichever began earlier."""
    return min(week_of(today), today.replace(day=1))


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


class DaysTold:
    """The days from `earliest` to today. Ask for them in order, each once.

    Args:
        today: by the provider's calendar.
        told: what was told before, in 10⁻⁹ US dollars, by user and day.
    """

    def __init__(self, today: date, told: Mapping[tuple[str, date], int]) -> None:
        self._today = today
        self._told = {key: cost for key, cost in told.items() if key[1] < today}
        self._is_of_month = (today - timedelta(days=1)).month == today.month
        begins = today.replace(day=1) if self._is_of_month else week_of(today)
        self._open = max((day for _, day in self._told if day >= begins), default=begins)
        self._sums: dict[str, int] = defaultdict(int)
        for (user, day), cost in self._told.items():
            if day >= begins:
                self._sums[user] += cost

    def users(self, day: date) -> set[str]:
        """Of whom something was told of a day."""
        return {user for user, told_on in self._told if told_on == day}

    def spent(self, day: date, user: str, totals: Totals) -> int:
        """What somebody spent on a day, in nanos, as far as it is known now."""
        if day == self._today:
            return totals.day or 0
        known = self._told.get((user, day), 0)
        so_far = totals.month if self._is_of_month else totals.week
        if day < self._open or so_far is None or totals.day is None:
            return known
        more = max(so_far - totals.day - self._sums[user], 0)
        share = more // (self._today - day).days
        self._sums[user] += share
        return known + share
