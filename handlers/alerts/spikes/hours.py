"""Hours in a row that cost far more than usual, and hours at which nobody works."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from heapq import nlargest
from itertools import accumulate
from statistics import median_low

from handlers.alerts.spikes.batches import AGAIN_PERCENT, again, month_back
from handlers.alerts.spikes.burn import (
    ACTIVE_DAYS_FEW,
    ACTIVE_DAYS_MIN,
    DAY,
    DAYS_FEW,
    HISTORY_DAYS,
    HOUR,
    HOURS_DAYS,
    LITTLE_FLOORS,
    WEEK,
    Burn,
    Spell,
    ahead,
    goes_on,
)
from handlers.alerts.spikes.tail import repeated, seldom_above
from storage.spikes import Sight

ACTIVE_HOURS_MIN = 48
HOURS_JUDGED = timedelta(hours=48)
SELDOM_IN_HOURS = 0.01  # so seldom a day costs more than dear hours in a row do
RUN_PERCENT = 150  # of the dearest but one in twenty of one's own hours: dear hours in a row
WINDOWS = ((1, 400), (3, 300), (8, 220))  # hours in a row, and what they cost of so many of the dearest usual ones
WINDOW_TOP_PERCENT = 130  # of what as many hours cost on one's dearest day but one
CLOCK_HOURS, CLOCK_PERCENT = 8, 600  # hours on end, and what they cost of the most but one at that time of the day
CLOCK_DAY_PERCENT = 150  # and of a usual day
PACE_MIN = timedelta(minutes=15)  # of an hour, before which its pace says nothing

MINUTE = timedelta(minutes=1)


def hourly(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Dear hours, and beside them those that are dear for their time of the day."""
    found = list(_velocity(burn, now, morning, floor_nanos))
    yield from found
    for sight in _off_clock(burn, now, morning, floor_nanos):
        if not any(sight.since < each.until and each.since < sight.until for each in found):
            yield sight


def _velocity(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Runs of dear hours among those that became known of late, the latest first; one quiet hour does not end a run."""
    fresh = min(burn.heard_by("velocity", now) - HOURS_JUDGED, burn.since or now)
    usual = _usual_hour([spell for spell in burn.hours if spell.start < fresh], burn)
    for run in _runs([spell for spell in burn.hours if spell.start >= fresh], usual * RUN_PERCENT // 100):
        before = min(run[0].start, burn.since or now)
        cost = sum(spell.cost_nanos for spell in run)
        little = cost - len(run) * usual < LITTLE_FLOORS * floor_nanos
        if cost < _least_run(burn, before, little=little) or _comes_again(burn, run):
            continue
        past = [spell for spell in burn.hours if spell.start.date() < before.date()]
        if not any(
            _dearest_window(run, width) > _most_of_hours(past, width, usual * percent // 100)
            for width, percent in WINDOWS
        ):
            continue
        sight = _sight_of(run, usual, now)
        if _comes_to(burn, sight, now, morning) >= floor_nanos:
            # What somebody new may spend is no history of theirs.
            yield sight if _is_known(burn, fresh) else replace(sight, usual_nanos=0)


def _is_known(burn: Burn, until: datetime) -> bool:
    """Whether anything was spent before a moment."""
    by_day = any(cost > 0 and day < until.date() for day, cost in burn.days.items())
    return by_day or any(spell.cost_nanos > 0 and spell.start < until for spell in burn.hours)


def _sight_of(run: Sequence[Spell], usual: int, now: datetime) -> Sight:
    """What hours in a row look like, where one of them usually costs so much."""
    excess = sum(spell.cost_nanos - usual for spell in run)
    whole = [spell.cost_nanos for spell in reversed(run) if spell.start + HOUR <= now][:3]
    whole = whole or [_at_its_pace(run[-1], now)]
    rate = max(0, sum(cost - usual for cost in whole) // len(whole))
    until = min(now, run[-1].start + HOUR)
    return Sight("velocity", run[0].start, until, whole[0], usual, excess, rate)


def _comes_to(burn: Burn, sight: Sight, now: datetime, morning: datetime) -> int:
    """What it costs above the usual until somebody is there again."""
    return sight.excess_nanos + (ahead(sight.rate_nanos, now, morning) if goes_on(burn, sight, now) else 0)


def _off_clock(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Hours that cost far more than ever at their time of the day, as of a loop at night or on a day off.

    A whole day may cost what it likes by day and still be within the usual; at an hour at which nobody works it is not.
    """
    fresh = min(burn.heard_by("velocity", now) - HOURS_JUDGED, burn.since or now)
    usual_days = [cost for day, cost in burn.days.items() if cost > 0 and day < fresh.date() and day not in burn.odd]
    if len(usual_days) < ACTIVE_DAYS_MIN:
        return
    least = max(floor_nanos, median_low(usual_days) * CLOCK_DAY_PERCENT // 100)
    sums = _Sums(burn.hours)
    group: list[Spell] = []
    usual = 0
    for spell in burn.hours:
        if spell.start < fresh:
            continue
        cost = sums.of(spell.start)
        most = sums.most_but_one(spell.start, fresh) if cost >= least else 0
        if cost < least or cost * 100 <= CLOCK_PERCENT * most or _was_then(burn, sums, spell.start, cost):
            continue
        mine = [each for each in sums.spells(spell.start) if each.cost_nanos * 2 * CLOCK_HOURS >= cost]
        if group and mine[0].start > group[-1].start + CLOCK_HOURS * HOUR:
            yield from _told_of(burn, group, usual, now, morning, floor_nanos)
            group = []
        group += [each for each in mine if not group or each.start > group[-1].start]
        usual = most // CLOCK_HOURS
    if group:
        yield from _told_of(burn, group, usual, now, morning, floor_nanos)


def _told_of(
    burn: Burn, group: Sequence[Spell], usual: int, now: datetime, morning: datetime, floor_nanos: int
) -> Iterator[Sight]:
    sight = _sight_of(group, usual, now)
    if _comes_to(burn, sight, now, morning) >= floor_nanos:
        yield sight


def _was_then(burn: Burn, sums: "_Sums", last: datetime, cost: int) -> bool:
    """Whether it came a week or two ago at that time of the day, or four weeks or a month ago on that day."""
    if not burn.has_timetable:
        return False
    then = max(sums.of(last - back * DAY + off * HOUR) for back in (WEEK, 2 * WEEK) for off in (-1, 0, 1))
    first = sums.spells(last)[0].start.date()
    before = max(again(burn, day, length, (4 * WEEK, *month_back(day))) for day, length in _days_of(first, last.date()))
    return cost * 100 <= max(then, before) * AGAIN_PERCENT


class _Sums:
    """What hours on end cost: sums that are taken once."""

    def __init__(self, spells: Sequence[Spell]) -> None:
        self._spells = spells
        self._starts = [each.start for each in spells]
        self._sums = [0, *accumulate(each.cost_nanos for each in spells)]

    def of(self, last: datetime) -> int:
        """What the hours until the end of one cost."""
        first, end = self._between(last)
        return self._sums[end] - self._sums[first]

    def spells(self, last: datetime) -> Sequence[Spell]:
        """These hours, as far as they cost anything."""
        first, end = self._between(last)
        return self._spells[first:end]

    def most_but_one(self, last: datetime, before: datetime) -> int:
        """What such hours cost on the dearest day but one, at that time of the day or an hour off it."""
        days = range(1, HOURS_DAYS)
        ends = ([last - number * DAY + off * HOUR for off in (-1, 0, 1)] for number in days)
        tops = nlargest(2, (max(self.of(each) for each in near) for near in ends if near[-1] < before))
        return tops[1] if len(tops) > 1 else 0

    def _between(self, last: datetime) -> tuple[int, int]:
        return bisect_right(self._starts, last - CLOCK_HOURS * HOUR), bisect_right(self._starts, last)


def _at_its_pace(spell: Spell, now: datetime) -> int:
    """What an hour that goes on will have cost at its end, if it goes on as it began; at first nobody can say."""
    begun = max(now - spell.start, PACE_MIN)
    return spell.cost_nanos * (HOUR // MINUTE) // (begun // MINUTE)


def _comes_again(burn: Burn, run: Sequence[Spell]) -> bool:
    """Whether as much came on such a day before, or on two of them, if there is a midnight in it."""
    first, last = run[0].start.date(), run[-1].start.date()
    last_time = max(again(burn, day, length) for day, length in _days_of(first, last))
    return sum(spell.cost_nanos for spell in run) * 100 <= last_time * AGAIN_PERCENT


def _days_of(first: date, last: date) -> list[tuple[date, int]]:
    """The days that hours on end are compared with: the first, and how many; with a midnight in them both, too."""
    return [(first, 1), (first, 2), (last, 1)] if last > first else [(first, 1)]


def _runs(spells: Sequence[Spell], least: int) -> list[list[Spell]]:
    """Hours above an amount that follow each other, the latest run first."""
    runs: list[list[Spell]] = []
    for spell in spells:
        if spell.cost_nanos <= least:
            continue
        if runs and spell.start <= runs[-1][-1].start + 2 * HOUR:
            runs[-1].append(spell)
        else:
            runs.append([spell])
    return runs[::-1]


def _dearest_window(spells: Sequence[Spell], width: int) -> int:
    """The most that so many hours in a row cost."""
    dearest = running = first = 0
    for spell in spells:
        running += spell.cost_nanos
        while spells[first].start <= spell.start - width * HOUR:
            running -= spells[first].cost_nanos
            first += 1
        dearest = max(dearest, running)
    return dearest


def _most_of_hours(past: Sequence[Spell], width: int, each: int) -> int:
    """What so many hours in a row may cost: what happened twice is usual, half as much again is not."""
    days: dict[date, list[Spell]] = defaultdict(list)
    for spell in past:
        days[spell.start.date()].append(spell)
    tops = sorted((_dearest_window(spells, width) for spells in days.values()), reverse=True)
    return max(width * each, tops[1] * WINDOW_TOP_PERCENT // 100 if len(tops) > 1 else 0)


def _least_run(burn: Burn, before: datetime, *, little: bool) -> int:
    """What dear hours in a row cost at least, to be worth a word: less is within what days cost; 0 of a newcomer."""
    first = before.date() - HISTORY_DAYS * DAY
    days = {day: cost for day, cost in burn.days.items() if first <= day < before.date() and day not in burn.odd}
    known = {day: cost for day, cost in days.items() if cost > 0}
    if len(known) < ACTIVE_DAYS_FEW:
        return 0
    return seldom_above([*known.values()] if little else repeated(known), SELDOM_IN_HOURS, DAYS_FEW)


def _usual_hour(past: Sequence[Spell], burn: Burn) -> int:
    """The dearest but one in twenty of the hours with usage; not less than a newcomer's where few are known."""
    known = sorted(spell.cost_nanos for spell in past if spell.cost_nanos > 0)
    own = known[len(known) * 19 // 20] if known else 0
    return own if len(known) >= ACTIVE_HOURS_MIN else max(own, burn.new_hour)
