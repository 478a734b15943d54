"""Days that cost more than next to all others, alone or some together.

A day is judged by the eight weeks before it, whenever it becomes known, so that it is judged alike each time. Little
money has to be further from the usual than much.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low

from handlers.alerts.spikes.batches import AGAIN_PERCENT, again, stretch, timetable
from handlers.alerts.spikes.burn import (
    ACTIVE_DAYS_FEW,
    DAY,
    DAYS_FEW,
    HISTORY_DAYS,
    HOUR,
    LITTLE_FLOORS,
    STRETCH_MAX,
    WEEK,
    Burn,
    ahead,
)
from handlers.alerts.spikes.tail import MEDIANS, repeated, seldom_above
from storage.spikes import Sight

SELDOM = {1: 0.003, 2: 0.001}  # so seldom a day costs more, and two days together, which have twice as many chances
RARE_MAX = 10  # so many times as often, on days on which there is seldom any usage
KINDS_A_WEEK = {1: (5, 2), 2: (4, 1, 1, 1)}  # how many days, and pairs of days, of a week are of each kind
LITTLE_PERCENT, LARGE_FLOORS = 300, 10  # of a usual day; above so many floors less is worth a word
ANOTHER_DAY_PERCENT = 175  # of a usual day: less, and a stretch of dear days has ended
HABIT_PART = 10  # of the days of a program: large days that are more of them are its habit
NEWCOMER_TIMES = 3  # of the dearest day of somebody with next to no history
QUIET = timedelta(hours=2)  # without usage, as far as hours are told
SATURDAY = 5


def daily(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Days that became known of late, alone or some together; two of them count as one, for a night has a midnight."""
    seen: set[date] = set()
    judged = sorted((day for day, cost in burn.days.items() if cost > 0 and day >= burn.judged_from), reverse=True)
    single = _Past.of(burn, 1)
    for past in (single, _Past.of(burn, 2)) if judged else ():
        for day in judged:
            if day in seen or day - (past.length - 1) * DAY in seen:
                continue
            sight = _stretch_until(burn, day, past, single, now, floor_nanos)
            if sight is None:
                continue
            # As long as it has lasted: who worked all Friday does not go on until Monday.
            lasts = min(morning, now + (now - sight.since))
            coming = ahead(sight.rate_nanos, now, lasts) if sight.until == now and not _is_quiet(burn, now) else 0
            if sight.excess_nanos + coming >= floor_nanos:
                first = sight.since.date()
                seen |= {first + number * DAY for number in range((day - first).days + 1)}
                yield sight


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a day usually costs, what it may cost, and what it may if little money is at stake."""

    usual: int
    most: int
    most_of_little: int


@dataclass(frozen=True, slots=True)
class _Past:
    """What days, or two of them together, cost before; made once, and cut off where what is judged begins.

    Args:
        burn: the account.
        length: how many days count as one.
        starts: the first of them, in order, with usage and not odd.
        sums: what they cost.
        kinds: which of them are on a weekend.
        batches: on which days a batch comes, if any, by what was known before a day; filled as it is asked for.
        known: what was asked for before.
    """

    burn: Burn
    length: int
    starts: list[date]
    sums: list[int]
    kinds: list[int]
    batches: dict[date, Callable[[date], bool] | None] = field(default_factory=dict)
    known: dict[tuple[date, date], "Bounds"] = field(default_factory=dict)

    @classmethod
    def of(cls, burn: Burn, length: int) -> "_Past":
        """Of all days that are known."""
        days = {day: cost for day, cost in burn.days.items() if day not in burn.odd}
        starts = sorted(day for day, cost in days.items() if cost > 0 and (length == 1 or day + DAY in days))
        sums = [stretch(days, day, length) for day in starts]
        return cls(burn, length, starts, sums, [_kinds(day, length) for day in starts])

    def before(self, end: date, first: date) -> Bounds:
        """What such days as begin on `first` cost usually before a day, and what they may cost.

        Where there is usage on few of the days of a kind, as at weekends, such a day counts as seldom as it is, so that
        all days of a calendar have the same chance to ring.
        """
        if (end, first) not in self.known:
            self.known[end, first] = self._before(end, first)
        return self.known[end, first]

    def _before(self, end: date, first: date) -> Bounds:
        low, count = bisect_left(self.starts, end - HISTORY_DAYS * DAY), bisect_left(self.starts, end)
        sums = self.sums[low:count]
        batch = again(self.burn, first, self.length) * AGAIN_PERCENT // 100 if first == end else 0
        if len(sums) < ACTIVE_DAYS_FEW:
            own = max(sums, default=0)
            most = max(NEWCOMER_TIMES * own, self.length * self.burn.new_day, batch)
            return Bounds(median_low(sums) if sums else 0, most, most)
        kind = _kinds(first, self.length)
        alike = [cost for cost, each in zip(sums, self.kinds[low:count], strict=True) if each == kind]
        known = alike if len(alike) >= WEEK else sums
        weeks = min(HISTORY_DAYS, (end - self.starts[0]).days) / WEEK
        rare = (KINDS_A_WEEK[self.length][kind] * weeks + 1) / (len(alike) + 1)
        rare, others = min(RARE_MAX, max(1.0, rare)), self._without_batches(low, end, first)
        known_costs = repeated(others), [*others.values()]
        bounds = [seldom_above(costs, SELDOM[self.length], DAYS_FEW, rare) for costs in known_costs]
        if (large := self._large_of_a_program(sums, end, first)) is not None:
            bounds = [min(each, large) for each in bounds]
        least = max(batch, self._of_others(len(sums)))
        most, of_little = (max(each, least) for each in bounds)
        return Bounds(median_low(known), most, of_little)

    def _of_others(self, known: int) -> int:
        """What a dear day of others costs: it counts less the more days are known, and nothing from four weeks on."""
        return self.burn.dear_day * max(0, DAYS_FEW - known) // (DAYS_FEW - ACTIVE_DAYS_FEW)

    def _large_of_a_program(self, sums: Sequence[int], end: date, first: date) -> int | None:
        """Eight usual days of a program, if it has no habit of spending as much; None if it has, as on days of a batch.

        What a program did a few times it may have done wrong each time. People have days of many sessions.
        """
        batch = self._batch(end)
        if not self.burn.has_timetable or len(sums) < DAYS_FEW or (batch and self._has(batch, first)):
            return None
        large = MEDIANS * median_low(sums)
        return large if HABIT_PART * sum(cost >= large for cost in sums) <= len(sums) else None

    def _without_batches(self, low: int, end: date, first: date) -> dict[date, int]:
        """What such days cost that are no days of a batch either, if enough of them are known."""
        every = dict(zip(self.starts[low:], self.sums[low:], strict=True))
        every = {day: cost for day, cost in every.items() if day < end}
        is_batch = self._batch(end)
        if is_batch is None or self._has(is_batch, first):
            return every
        others = {day: cost for day, cost in every.items() if not self._has(is_batch, day)}
        return every if len(others) < ACTIVE_DAYS_FEW else others

    def _batch(self, end: date) -> Callable[[date], bool] | None:
        """On which days a batch comes, by what was known before a day; people have none."""
        if not self.burn.has_timetable:
            return None
        if end not in self.batches:
            window, odd = end - HISTORY_DAYS * DAY, self.burn.odd
            days = {day: cost for day, cost in self.burn.days.items() if window <= day < end and day not in odd}
            self.batches[end] = timetable(days)
        return self.batches[end]

    def _has(self, is_batch: Callable[[date], bool], first: date) -> bool:
        return any(is_batch(first + number * DAY) for number in range(self.length))


def _stretch_until(burn: Burn, day: date, past: _Past, single: _Past, now: datetime, floor_nanos: int) -> Sight | None:
    """Some days on end, each of them dear by what was before the first, the longest of such."""
    known = min(burn.since.date() if burn.since else now.date(), now.date())
    length, least, found = past.length, None, None
    for number in range(STRETCH_MAX if burn.since is None else HISTORY_DAYS):
        first = day - ((number + 1) * length - 1) * DAY
        cost = stretch(burn.days, first, length)
        least = cost if least is None else min(least, cost)
        if not cost:
            break
        usual = past.before(min(first, known), first).usual
        little = least - usual < LITTLE_FLOORS * floor_nanos
        bounds = [each.before(min(first, known), first) for each in (past, single)]  # what one may cost, two may
        most = max(each.most_of_little if little else each.most for each in bounds)
        if least > most and (least * 100 >= LITTLE_PERCENT * usual or least - usual >= LARGE_FLOORS * floor_nanos):
            found = first, usual, number + 1
        elif least * 100 <= usual * ANOTHER_DAY_PERCENT:
            break
    if found is None:
        return None
    first, usual, count = found
    start, last = (datetime.combine(each, time(), UTC) for each in (first, day - (length - 1) * DAY))
    until = min(now, last + length * DAY)
    cost = stretch(burn.days, day - (length - 1) * DAY, length)
    excess = stretch(burn.days, first, length * count) - usual * count
    rate = (cost - usual) // max(1, int((until - last).total_seconds()) // 3600)
    return Sight("daily", start, until, cost // length, usual // length, excess, rate)


def _is_quiet(burn: Burn, now: datetime) -> bool:
    """Whether hours tell most of today, and nothing of its latest ones: as far as is known, it costs no more."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    today = [spell for spell in burn.hours if spell.start >= midnight and spell.cost_nanos > 0]
    told = sum(spell.cost_nanos for spell in today)
    if 2 * told < burn.days.get(midnight.date(), 0) or not today:
        return False
    return today[-1].start + HOUR + QUIET <= burn.heard_by("velocity", now)


def _kinds(first: date, length: int) -> int:
    """Which of some days are on a weekend, a bit for each."""
    weekday = first.weekday()
    return sum(1 << number for number in range(length) if (weekday + number) % WEEK >= SATURDAY)
