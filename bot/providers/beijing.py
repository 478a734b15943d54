"""The calendar of vendors in China: their days and months begin at midnight in Beijing, eight hours before UTC's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bot.providers.base import days, midnight

AHEAD = timedelta(hours=8)
"""China has one zone and no summer time."""


def today(now: datetime) -> date:
    """The day in Beijing."""
    return (now.astimezone(UTC) + AHEAD).date()


def begins(day: date) -> datetime:
    """The moment at which a day begins there, in UTC."""
    return midnight(day) - AHEAD


def days_there(first: date, last: date, now: datetime) -> Iterator[date]:
    """The days that are asked for. With today's of UTC comes the one that has begun in Beijing already."""
    ahead = today(now)
    return days(first, ahead if last == now.astimezone(UTC).date() else min(last, ahead))


def next_month(now: datetime, start_day: int = 1) -> datetime:
    """When a month begins there next, in UTC: on a day of the month, or the last of a month that has no such day."""
    here = today(now)
    for months in range(2):
        first = (here.replace(day=1) + timedelta(days=32 * months)).replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        moment = begins(min(first + timedelta(days=start_day - 1), last))
        if moment > now:
            return moment
    raise AssertionError("a month begins within two")
