"""The guard's clocks: plain figures in, a judgement out.

- **Velocity**, where a provider reports hours: some hours in a row that cost more than an account's usual dear hours,
  and together, for an hour, three or eight, more than such hours ever did but once.
- **Daily**: a day, even while it lasts, or some days together, that cost more than all but one of eight weeks, and are
  far from the usual of their kind (weekdays, free days) by the median deviation of the logarithm.
- **Loop**: hours on end in which every request is as large as the others, which people's work never is.
- **Weekly**: a slow drift, by whole weeks.

What happened once is not usual, what happened twice is; and what comes after one, two or four weeks, or on the same day
of the month, in the size of last time is a batch. Each hour and each day is judged when it becomes known, however late.

An account without a history of its own is measured by what it may cost as a newcomer. Logarithms are only compared;
money stays in whole nanos.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import nlargest
from itertools import accumulate
from math import exp, log
from statistics import median, median_low

from handlers.alerts.spikes.tail import seldom_above
from storage.spikes import Sight, SpikeRule

PRESSING: frozenset[SpikeRule] = frozenset({"velocity", "daily", "wave", "ceiling"})

BY_THE_HOUR: frozenset[SpikeRule] = frozenset({"velocity", "loop"})

HISTORY_DAYS = 56
HOURS_DAYS = 28
ACTIVE_DAYS_MIN = 14
ACTIVE_DAYS_FEW = 5  # from here on an account's own days say something
ACTIVE_HOURS_MIN = 48
LATE_DAYS = 7  # a day that arrives later than that is judged by nobody
HOURS_JUDGED = timedelta(hours=48)
HOUR_LATE = timedelta(hours=3)  # an hour is reported by then, where nothing is known of how late a provider is
RUN_DAY_PERCENT, RUN_TOP_PERCENT = 150, 140  # of a usual day, and of the dearest but one: what they cost at least
RUN_TOP_PERCENT_FEW = 200  # of the dearest day, where few are known
RUN_PERCENT = 150  # of the dearest but one in twenty of one's own hours: dear hours in a row
WINDOWS = ((1, 400), (3, 300), (8, 220))  # hours in a row, and what they cost of so many of the dearest usual ones
CLOCK_HOURS, CLOCK_PERCENT = 8, 600  # hours on end, and what they cost of the most but one at that time of the day
CLOCK_DAY_PERCENT = 150  # and of a usual day
WINDOW_TOP_PERCENT = 130  # of what as many hours cost on one's dearest day but one
SELDOM = {1: 0.003, 2: 0.001}  # so seldom a day costs more, and two days together, which have twice as many chances
ANOTHER_DAY_PERCENT = 175  # of a usual day: less, and a stretch of dear days has ended
BATCH_PART = 2  # of the dearest day: days above it are the large ones
BATCH_DAYS_MIN, BATCH_MONTHS_MIN = 4, 2  # so many large days on one weekday, or one day of the month, are a batch
AGAIN_PERCENT = 160  # of last time, for what comes at its time again
NEWCOMER_TIMES = 3  # of the dearest day of somebody with next to no history
DEVIATIONS = 3.3  # by chance one day in two thousand is as far off; at 3 it is one in seven hundred
SCALE_MIN = 0.2
MAD_TO_SIGMA = 1.4826
STRETCH_MAX = 7
LOOP_HOURS = 8
LOOP_REQUESTS = 10
LOOP_PERMILLE = 10
WEEK = 7
WEEKS_MIN = 3
WEEK_TIMES_PERCENT = 200  # of the dearest week
GROWN_PERCENT = 150  # of a usual week, if all its days are dear
WEEK_FLOORS = 2
SATURDAY = 5

PACE_MIN = timedelta(minutes=15)  # of an hour, before which its pace says nothing

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Spell:
    """What an account cost in an hour. `input` and `output` are tokens."""

    start: datetime
    cost_nanos: int
    requests: int
    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Burn:
    """An account as the guard sees it.

    Args:
        hours: what is reported by the hour, of the last four weeks, the oldest first.
        days: what each day cost, of the last eight weeks and today.
        new_hour: a usual dear hour of an account of its kind without a history.
        new_day: what a day of such an account may cost.
        heard_until: up to when the providers that report it have told something, of anybody.
        judged_from: days before this one are the past, which nobody needs to hear of any more.
        since: when the danger began that is known already, if there is one: what is usual was before.
        odd: days of a danger to which nobody said anything: not usual, but a batch comes again.
        has_timetable: whether it may have one: programs do, people do not.
        hours_until: up to when they told hours beside their days, None if the hours are the days, or none are told.
    """

    hours: Sequence[Spell]
    days: Mapping[date, int]
    new_hour: int
    new_day: int
    heard_until: datetime
    judged_from: date
    since: datetime | None = None
    odd: AbstractSet[date] = frozenset()
    has_timetable: bool = True
    hours_until: datetime | None = None

    def heard_by(self, rule: SpikeRule, now: datetime) -> datetime:
        """Up to when it is known what a rule looks at."""
        by_hour = self.hours_until if rule in BY_THE_HOUR else None
        return min(now, by_hour or self.heard_until)


def look(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> list[Sight]:
    """What is out of the ordinary, the most pressing first, the latest first of each.

    Args:
        burn: the account.
        now: the moment.
        morning: when somebody will be there again.
        floor_nanos: what it must have cost above the usual, or will have by the morning.
    """
    loop = _loop(burn, now, floor_nanos)
    return [
        *_hourly(burn, now, morning, floor_nanos),
        *_daily(burn, now, morning, floor_nanos),
        *([loop] if loop else []),
    ]


def goes_on(burn: Burn, sight: Sight, now: datetime) -> bool:
    """Whether it goes on, as far as is known: nothing later is, or it is too soon to say."""
    rest = _DAY if sight.rule not in BY_THE_HOUR else 2 * _HOUR
    return sight.until + rest > burn.heard_by(sight.rule, now)


def is_known(burn: Burn) -> bool:
    """Whether an account has a history of its own."""
    return sum(cost > 0 for cost in burn.days.values()) >= ACTIVE_DAYS_FEW


def total(burn: Burn, one: Sight) -> Sight:
    """What came of something that is over, by all that is reported of it now.

    Figures come late, and it may have gone on after the last look, until somebody read the provider again.
    """
    if one.rule in {"wave", "ceiling"}:
        return one
    if one.rule not in BY_THE_HOUR:
        first, last = (each.astimezone(UTC).date() for each in (one.since, one.until - timedelta(seconds=1)))
        days = (first + number * _DAY for number in range((last - first).days + 1))
        return replace(one, excess_nanos=sum(burn.days.get(day, 0) - one.usual_nanos for day in days))
    run: list[Spell] = []
    for spell in burn.hours:
        near = not run or spell.start <= run[-1].start + 2 * _HOUR
        if spell.start >= one.since and near and spell.cost_nanos * 100 > RUN_PERCENT * one.usual_nanos:
            run.append(spell)
    if not run:
        return one
    excess = sum(spell.cost_nanos - one.usual_nanos for spell in run)
    return replace(one, until=max(one.until, run[-1].start + _HOUR), excess_nanos=excess)


# Hours ---------------------------------------------------------------------------------------------------------------


def _hourly(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Dear hours, and beside them those that are dear for their time of the day."""
    found = list(_velocity(burn, now, morning, floor_nanos))
    yield from found
    for sight in _off_clock(burn, now, morning, floor_nanos):
        if not any(sight.since < each.until and each.since < sight.until for each in found):
            yield sight


def _velocity(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Runs of dear hours among those that became known of late, the latest first; one quiet hour does not end a run."""
    fresh = min(burn.heard_by("velocity", now) - HOURS_JUDGED, burn.since or now)
    past = [spell for spell in burn.hours if spell.start < fresh]
    usual = _usual_hour(past, burn)
    least = _least_run(burn, fresh)
    runs = _runs([spell for spell in burn.hours if spell.start >= fresh], usual * RUN_PERCENT // 100)
    runs = [run for run in runs if sum(spell.cost_nanos for spell in run) >= least]
    mosts = [(width, _most_of_hours(past, width, usual * percent // 100)) for width, percent in WINDOWS] if runs else []
    for run in runs:
        if not any(_dearest_window(run, width) > most for width, most in mosts) or _comes_again(burn, run):
            continue
        sight = _sight_of(run, usual, now)
        if _comes_to(burn, sight, now, morning) >= floor_nanos:
            yield sight


def _sight_of(run: Sequence[Spell], usual: int, now: datetime) -> Sight:
    """What hours in a row look like, where one of them usually costs so much."""
    excess = sum(spell.cost_nanos - usual for spell in run)
    whole = [spell.cost_nanos for spell in reversed(run) if spell.start + _HOUR <= now][:3]
    whole = whole or [_at_its_pace(run[-1], now)]
    rate = max(0, sum(cost - usual for cost in whole) // len(whole))
    until = min(now, run[-1].start + _HOUR)
    return Sight("velocity", run[0].start, until, whole[0], usual, excess, rate)


def _comes_to(burn: Burn, sight: Sight, now: datetime, morning: datetime) -> int:
    """What it costs above the usual until somebody is there again."""
    return sight.excess_nanos + (_ahead(sight.rate_nanos, now, morning) if goes_on(burn, sight, now) else 0)


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
        if group and mine[0].start > group[-1].start + CLOCK_HOURS * _HOUR:
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
    then = max(sums.of(last - back * _DAY + off * _HOUR) for back in (WEEK, 2 * WEEK) for off in (-1, 0, 1))
    backs = (4 * WEEK, *_month_back(last.date()))
    return cost * 100 <= max(then, _again(burn, last.date(), 1, backs)) * AGAIN_PERCENT


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
        ends = ([last - number * _DAY + off * _HOUR for off in (-1, 0, 1)] for number in days)
        tops = nlargest(2, (max(self.of(each) for each in near) for near in ends if near[-1] < before))
        return tops[1] if len(tops) > 1 else 0

    def _between(self, last: datetime) -> tuple[int, int]:
        return bisect_right(self._starts, last - CLOCK_HOURS * _HOUR), bisect_right(self._starts, last)


def _at_its_pace(spell: Spell, now: datetime) -> int:
    """What an hour that goes on will have cost at its end, if it goes on as it began; at first nobody can say."""
    begun = max(now - spell.start, PACE_MIN)
    return spell.cost_nanos * (_HOUR // _MINUTE) // (begun // _MINUTE)


def _comes_again(burn: Burn, run: Sequence[Spell]) -> bool:
    """Whether as much came on such a day before."""
    again = _again(burn, run[0].start.date(), 1)
    return sum(spell.cost_nanos for spell in run) * 100 <= again * AGAIN_PERCENT


def _runs(spells: Sequence[Spell], least: int) -> list[list[Spell]]:
    """Hours above an amount that follow each other, the latest run first."""
    runs: list[list[Spell]] = []
    for spell in spells:
        if spell.cost_nanos <= least:
            continue
        if runs and spell.start <= runs[-1][-1].start + 2 * _HOUR:
            runs[-1].append(spell)
        else:
            runs.append([spell])
    return runs[::-1]


def _dearest_window(spells: Sequence[Spell], width: int) -> int:
    """The most that so many hours in a row cost."""
    dearest = running = first = 0
    for spell in spells:
        running += spell.cost_nanos
        while spells[first].start <= spell.start - width * _HOUR:
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


def _least_run(burn: Burn, before: datetime) -> int:
    """What dear hours in a row cost at least, to be worth a word: less is within what days cost; 0 of a newcomer."""
    known = [cost for day, cost in burn.days.items() if cost > 0 and day < before.date() and day not in burn.odd]
    if len(known) < ACTIVE_DAYS_FEW:
        return 0
    first, second = nlargest(2, known)
    top = second * RUN_TOP_PERCENT if len(known) >= ACTIVE_DAYS_MIN else first * RUN_TOP_PERCENT_FEW
    return max(median_low(known) * RUN_DAY_PERCENT, top) // 100


def _ahead(rate_nanos: int, now: datetime, morning: datetime) -> int:
    """What it will cost until somebody is there again."""
    return rate_nanos * max(0, int((morning - now).total_seconds())) // 3600


def _usual_hour(past: Sequence[Spell], burn: Burn) -> int:
    """The dearest but one in twenty of the hours with usage; not less than a newcomer's where few are known."""
    known = sorted(spell.cost_nanos for spell in past if spell.cost_nanos > 0)
    own = known[len(known) * 19 // 20] if known else 0
    return own if len(known) >= ACTIVE_HOURS_MIN else max(own, burn.new_hour)


# Days ----------------------------------------------------------------------------------------------------------------


def _daily(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Iterator[Sight]:
    """Days that became known of late, alone or some together; two of them count as one, for a night has a midnight."""
    seen: set[date] = set()
    judged = sorted((day for day, cost in burn.days.items() if cost > 0 and day >= burn.judged_from), reverse=True)
    for past in (_Past.of(burn, length) for length in (1, 2) if judged):
        for day in judged:
            if day in seen or day - (past.length - 1) * _DAY in seen:
                continue
            sight = _stretch_until(burn, day, past, now)
            if sight is None:
                continue
            ahead = _ahead(sight.rate_nanos, now, morning) if sight.until == now else 0
            if sight.excess_nanos + ahead >= floor_nanos:
                first = sight.since.date()
                seen |= {first + number * _DAY for number in range((day - first).days + 1)}
                yield sight


@dataclass(frozen=True, slots=True)
class _Past:
    """What days, or two of them together, cost before; made once, and cut off where what is judged begins.

    Args:
        burn: the account.
        length: how many days count as one.
        starts: the first of them, in order, with usage and not odd.
        sums: what they cost.
        kinds: which of them are on a weekend.
        batches: on which days a batch comes, by what was known before a day; filled as it is asked for.
    """

    burn: Burn
    length: int
    starts: list[date]
    sums: list[int]
    kinds: list[int]
    batches: dict[date, Callable[[date], bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, burn: Burn, length: int) -> "_Past":
        """Of all days that are known."""
        days = {day: cost for day, cost in burn.days.items() if day not in burn.odd}
        starts = sorted(day for day, cost in days.items() if cost > 0 and (length == 1 or day + _DAY in days))
        sums = [_stretch(days, day, length) for day in starts]
        return cls(burn, length, starts, sums, [_kinds(day, length) for day in starts])

    def before(self, end: date, first: date) -> tuple[int, int]:
        """What such days as begin on `first` cost usually before a day, and what they may cost."""
        count = bisect_left(self.starts, end)
        sums = self.sums[:count]
        again = _again(self.burn, first, self.length) * AGAIN_PERCENT // 100 if first == end else 0
        if count < ACTIVE_DAYS_FEW:
            own = max(sums, default=0)
            most = max(NEWCOMER_TIMES * own, self.length * self.burn.new_day, again)
            return median_low(sums) if sums else 0, most
        kind = _kinds(first, self.length)
        alike = [cost for cost, each in zip(sums, self.kinds, strict=False) if each == kind]
        known = alike if len(alike) >= WEEK else sums
        sums = self._without_batches(sums, end, first)
        return median_low(known), max(seldom_above(sums, SELDOM[self.length], ACTIVE_DAYS_MIN), again)

    def _without_batches(self, sums: list[int], end: date, first: date) -> list[int]:
        """What such days cost that are no days of a batch either, if enough of them are known."""
        if not self.burn.has_timetable:
            return sums
        if end not in self.batches:
            days = {day: cost for day, cost in self.burn.days.items() if day < end and day not in self.burn.odd}
            self.batches[end] = _timetable(days)
        others = [cost for cost, day in zip(sums, self.starts, strict=False) if not self._is_batch(day, end)]
        return sums if self._is_batch(first, end) or len(others) < ACTIVE_DAYS_FEW else others

    def _is_batch(self, first: date, end: date) -> bool:
        return any(self.batches[end](first + number * _DAY) for number in range(self.length))


def _timetable(days: Mapping[date, int]) -> Callable[[date], bool]:
    """On which days a batch comes: all large days of a program are on one weekday, or on one day of the month.

    Its days say nothing of the others, on which as much is out of the ordinary.
    """
    dearest = max(days.values(), default=0)
    large = [day for day, cost in days.items() if cost * BATCH_PART > dearest]
    weekdays = {day.weekday() for day in large}
    if len(large) >= BATCH_DAYS_MIN and len(weekdays) == 1:
        return lambda day: day.weekday() in weekdays
    numbers, months = [day.day for day in large], {(day.year, day.month) for day in large}
    if len(months) == len(large) >= BATCH_MONTHS_MIN and max(numbers) - min(numbers) <= 1:
        return lambda day: min(numbers) - 1 <= day.day <= max(numbers) + 1
    return _never


def _never(_day: date) -> bool:
    return False


def _stretch_until(burn: Burn, day: date, past: _Past, now: datetime) -> Sight | None:
    """Some days on end, each of them dear by what was before the first, the longest of such."""
    known = min(burn.since.date() if burn.since else now.date(), now.date())
    length, least, found = past.length, None, None
    for number in range(STRETCH_MAX if burn.since is None else HISTORY_DAYS):
        first = day - ((number + 1) * length - 1) * _DAY
        cost = _stretch(burn.days, first, length)
        least = cost if least is None else min(least, cost)
        if not cost:
            break
        usual, most = past.before(min(first, known), first)
        if least > most:
            found = first, usual, number + 1
        elif least * 100 <= usual * ANOTHER_DAY_PERCENT:
            break
    if found is None:
        return None
    first, usual, count = found
    start, last = (datetime.combine(each, time(), UTC) for each in (first, day - (length - 1) * _DAY))
    until = min(now, last + length * _DAY)
    cost = _stretch(burn.days, day - (length - 1) * _DAY, length)
    excess = _stretch(burn.days, first, length * count) - usual * count
    rate = (cost - usual) // max(1, int((until - last).total_seconds()) // 3600)
    return Sight("daily", start, until, cost // length, usual // length, excess, rate)


def _stretch(days: Mapping[date, int], first: date, length: int) -> int:
    """What some days that follow each other cost."""
    if length == 1:
        return days.get(first, 0)
    return sum(days.get(first + number * _DAY, 0) for number in range(length))


def _again(burn: Burn, first: date, length: int, backs: Sequence[int] = ()) -> int:
    """What it cost a week, two, or four before, or on that day of the month before, if that stood alone, as now."""
    found, batch = 0, None
    for back in (backs or (WEEK, 2 * WEEK, 4 * WEEK, *_month_back(first))) if burn.has_timetable else ():
        then = first - back * _DAY
        cost = _stretch(burn.days, then, length)
        if cost > found and 2 * _stretch(burn.days, then + length * _DAY, length) < cost:
            batch = batch or _timetable({day: cost for day, cost in burn.days.items() if day < first})
            if batch(first) or not batch(then):  # else it came on its own weekday, which this is not
                found = cost
    return found


def _month_back(day: date) -> Iterator[int]:
    """How many days ago the same day of the month before was, and the days around it."""
    last = day.replace(day=1) - _DAY
    then = last.replace(day=min(day.day, last.day))
    yield from ((day - then).days + off for off in (-1, 0, 1))


def _kinds(first: date, length: int) -> int:
    """Which of some days are on a weekend, a bit for each."""
    weekday = first.weekday()
    return sum(1 << number for number in range(length) if (weekday + number) % WEEK >= SATURDAY)


def _times(known: Sequence[int]) -> float:
    """How many times the median is still usual, by the median deviation of the logarithms."""
    logs = [log(each) for each in known]
    middle = median(logs)
    scale = max(SCALE_MIN, MAD_TO_SIGMA * median(abs(each - middle) for each in logs))
    return exp(min(DEVIATIONS * scale, 20.0))


# Loops and weeks -----------------------------------------------------------------------------------------------------


def _loop(burn: Burn, now: datetime, floor_nanos: int) -> Sight | None:
    """The last hours, as long as their requests are all alike; the floor counts for a week of it."""
    alike: list[Spell] = []
    whole = [spell for spell in burn.hours if spell.start + _HOUR <= now]
    for spell in reversed(whole):
        if spell.requests < LOOP_REQUESTS or (alike and not _alike(spell, alike[-1])):
            break
        alike.append(spell)
    if len(alike) < LOOP_HOURS or alike[0].start < burn.heard_by("loop", now) - HOUR_LATE - _HOUR:
        return None
    cost = sum(spell.cost_nanos for spell in alike)
    rate = cost // len(alike)
    if rate * 24 * WEEK < floor_nanos:
        return None
    until = min(now, alike[0].start + _HOUR)
    return Sight("loop", alike[-1].start, until, alike[0].cost_nanos, 0, cost, rate)


def _alike(one: Spell, other: Spell) -> bool:
    """Whether the requests of two hours that follow each other are of the same size and as many, to a hundredth."""
    pairs = (
        (one.requests, other.requests),
        (one.input * other.requests, other.input * one.requests),
        (one.output * other.requests, other.output * one.requests),
    )
    near = all(abs(a - b) * 1000 <= LOOP_PERMILLE * max(a, b) for a, b in pairs)
    return near and other.start - one.start == _HOUR


def drift(days: Mapping[date, int], end: date, floor_nanos: int) -> Sight | None:
    """Whether the last seven whole days cost far more than the weeks before, in all or each of them.

    Args:
        days: what each day cost.
        end: the day after the last whole one.
        floor_nanos: the floor of a day.
    """
    sums = [_week(days, end, number) for number in range(HISTORY_DAYS // WEEK + 1)]
    now, past = sums[0], [each for each in sums[1:] if each > 0]
    if len(past) < WEEKS_MIN:
        return None
    middle = median_low(past)
    most = max(int(middle * _times(past)), max(past) * WEEK_TIMES_PERCENT // 100)
    if not (now > most or _is_above(days, end, middle, now)) or now - middle < WEEK_FLOORS * floor_nanos:
        return None
    until = datetime.combine(end, time(), UTC)
    since = until - timedelta(days=WEEK)
    return Sight("weekly", since, until, now, middle, now - middle, (now - middle) // (24 * WEEK))


def _is_above(days: Mapping[date, int], end: date, middle: int, now: int) -> bool:
    """Whether all days of a week are among the dearest tenth of the weeks before, as with a growth of 5 % a day."""
    week = [days.get(end - back * _DAY, 0) for back in range(1, WEEK + 1)]
    past = sorted(cost for day, cost in days.items() if cost > 0 and day < end - WEEK * _DAY)
    active = [cost for cost in week if cost > 0]
    if len(active) < ACTIVE_DAYS_FEW or len(past) < ACTIVE_DAYS_MIN:
        return False
    return min(active) > past[len(past) * 9 // 10] and now * 100 > GROWN_PERCENT * middle


def _week(days: Mapping[date, int], end: date, number: int) -> int:
    """What a week cost, the latest is number 0."""
    return sum(days.get(end - timedelta(days=number * WEEK + back), 0) for back in range(1, WEEK + 1))
