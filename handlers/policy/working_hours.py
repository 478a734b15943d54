"""Working hours: when somebody can be expected to have answered."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.policy.approvals import WorkingHours

DAYS_MAX = 400


def after_working(start: datetime, hours: int, working: WorkingHours, zone: ZoneInfo) -> datetime:
    """The moment at which so many working hours have passed.

    Args:
        start: from when, aware.
        hours: how many.
        working: which hours of which days count.
        zone: of the person who is waited for; a day of a clock change counts by its wall clock.

    Returns:
        An aware UTC moment, always within working hours, so that nobody is reminded at night.
    """
    left = timedelta(hours=hours)
    first, last = working.span
    day = start.astimezone(zone).date()
    for _ in range(DAYS_MAX):
        opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (first, last))
        begin = max(opens, start.astimezone(UTC))
        if working.works_on(day) and begin < closes:
            if begin + left <= closes:
                return begin + left
            left -= closes - begin
        day += timedelta(days=1)
    return start + timedelta(days=DAYS_MAX)


def is_working(moment: datetime, working: WorkingHours, zone: ZoneInfo) -> bool:
    """Whether it is working time somewhere."""
    local = moment.astimezone(zone)
    first, last = working.span
    return working.works_on(local.date()) and first <= local.time() < last


def next_workday(day: date, working: WorkingHours) -> date:
    """The day itself if it is a working day, else the next one that is."""
    for ahead in range(DAYS_MAX):
        if working.works_on(day + timedelta(days=ahead)):
            return day + timedelta(days=ahead)
    return day


def next_morning(now: datetime, working: WorkingHours, zone: ZoneInfo) -> datetime:
    """When somebody in a zone comes to work next: tomorrow's at the earliest, if they are there now."""
    local = now.astimezone(zone)
    closes = working.span[1]
    end = datetime.combine(local.date(), closes, zone) if is_working(now, working, zone) else local
    return after_working(end, 0, working, zone)
