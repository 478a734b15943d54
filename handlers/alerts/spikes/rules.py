"""The guard's clocks: plain figures in, a judgement out.

- **Velocity**, where a provider reports hours: an hour that costs several times as much as the dearest usual hour.
- **Daily**: a day, even while it lasts, or two days together, that cost half as much again as the dearest of eight
  weeks, and are far from the usual of their kind (weekdays, free days) by the median deviation of the logarithm.
- **Loop**: hours on end in which every request is as large as the others, which people's work never is.
- **Weekly**: a slow drift, by whole weeks.

An account without a history of its own is measured by what the dearest of its kind usually cost. Logarithms are only
compared; money stays in whole nanos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import exp, log
from statistics import median, median_low

from storage.spikes import Sight, SpikeRule

PRESSING: frozenset[SpikeRule] = frozenset({"velocity", "daily"})

BY_THE_HOUR: frozenset[SpikeRule] = frozenset({"velocity", "loop"})

HISTORY_DAYS = 56
HOURS_DAYS = 28
ACTIVE_DAYS_MIN = 14
ACTIVE_HOURS_MIN = 48
HOUR_TIMES = 4  # of the dearest but one in twenty of one's own hours
HOUR_LATE = timedelta(hours=3)  # an hour is reported by then
DAY_PERCENT = 150  # of one's own dearest day
PEER_TIMES = 3  # of the dearest but one in twenty of one's kind
DEVIATIONS = 3.7  # by chance one day in ten thousand is as far off; at 3 it is one in a thousand, for everybody
SCALE_MIN = 0.2
MAD_TO_SIGMA = 1.4826
LOOP_HOURS = 8
LOOP_REQUESTS = 10
LOOP_PERMILLE = 10
WEEK = 7
WEEKS_MIN = 3
WEEK_TIMES_PERCENT = 150
WEEK_FLOORS = 2
SATURDAY = 5

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


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
        peer_hour: the dearest usual hour among accounts of its kind, for one without a history.
        peer_day: the dearest usual day.
        whole_until: days before this one are whole.
        since: when the danger began that is known already, if there is one: what is usual was before.
    """

    hours: Sequence[Spell]
    days: Mapping[date, int]
    peer_hour: int
    peer_day: int
    whole_until: date
    since: datetime | None = None


def look(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> list[Sight]:
    """What is out of the ordinary now, the most pressing first.

    Args:
        burn: the account.
        now: the moment.
        morning: when somebody will be there again.
        floor_nanos: what it must have cost above the usual, or will have by the morning.
    """
    seen = (
        _velocity(burn, now, morning, floor_nanos),
        _daily(burn, now, morning, floor_nanos),
        _loop(burn, now, floor_nanos),
    )
    return [each for each in seen if each is not None]


def total(burn: Burn, one: Sight) -> Sight:
    """What came of something that is over, by all that is reported of it now.

    Figures come late, and it may have gone on after the last look, until somebody read the provider again.
    """
    if one.rule not in BY_THE_HOUR:
        first, last = (each.astimezone(UTC).date() for each in (one.since, one.until - timedelta(seconds=1)))
        days = (first + number * _DAY for number in range((last - first).days + 1))
        return replace(one, excess_nanos=sum(burn.days.get(day, 0) - one.usual_nanos for day in days))
    run: list[Spell] = []
    for spell in burn.hours:
        goes_on = not run or spell.start <= run[-1].start + 2 * _HOUR
        if spell.start >= one.since and goes_on and spell.cost_nanos > HOUR_TIMES * one.usual_nanos:
            run.append(spell)
    if not run:
        return one
    excess = sum(spell.cost_nanos - one.usual_nanos for spell in run)
    return replace(one, until=max(one.until, run[-1].start + _HOUR), excess_nanos=excess)


def _velocity(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Sight | None:
    """The hours that burn, back from the latest; one quiet hour among them does not end it."""
    fresh = now - HOUR_LATE - _HOUR
    usual = _usual_hour(burn, min(fresh - _DAY, burn.since or now))
    burning: list[Spell] = []
    for spell in reversed(burn.hours):
        if spell.start < (burning[-1].start - 2 * _HOUR if burning else fresh):
            break
        if spell.cost_nanos > HOUR_TIMES * usual:
            burning.append(spell)
    if not burning:
        return None
    excess = sum(spell.cost_nanos - usual for spell in burning)
    whole = [spell for spell in burning if spell.start + _HOUR <= now][:3] or burning
    rate = sum(spell.cost_nanos - usual for spell in whole) // len(whole)
    if excess + _ahead(rate, now, morning) < floor_nanos:
        return None
    until = min(now, burning[0].start + _HOUR)
    return Sight("velocity", burning[-1].start, until, whole[0].cost_nanos, usual, excess, rate)


def _ahead(rate_nanos: int, now: datetime, morning: datetime) -> int:
    """What it will cost until somebody is there again."""
    return rate_nanos * max(0, int((morning - now).total_seconds())) // 3600


def _usual_hour(burn: Burn, before: datetime) -> int:
    """The dearest but one in twenty of the hours with usage until a day ago; of one's kind without a history."""
    known = sorted(spell.cost_nanos for spell in burn.hours if spell.start < before and spell.cost_nanos > 0)
    return known[len(known) * 19 // 20] if len(known) >= ACTIVE_HOURS_MIN else burn.peer_hour


def _daily(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> Sight | None:
    """Today so far, or yesterday, which is still reported; or both together, for a night has a midnight in it."""
    known = min(burn.since.date() if burn.since else now.date(), now.date())
    for length in (1, 2):
        for day in sorted((day for day in burn.days if day >= burn.whole_until - _DAY), reverse=True):
            first = day - (length - 1) * _DAY
            past = {each: cost for each, cost in burn.days.items() if each < min(first, known)}
            usual, most = _usual_days(past, first, length, burn)
            burning = []
            while _stretch(burn.days, first, length) > most:
                burning.append(first)
                first -= length * _DAY
            excess = sum(_stretch(burn.days, each, length) - usual for each in burning)
            if not burning:
                continue
            start, last = (datetime.combine(each, time(), UTC) for each in (burning[-1], burning[0]))
            until = min(now, last + length * _DAY)
            cost = _stretch(burn.days, burning[0], length)
            rate = (cost - usual) // max(1, int((until - last).total_seconds()) // 3600)
            if excess + (_ahead(rate, now, morning) if until == now else 0) < floor_nanos:
                continue
            return Sight("daily", start, until, cost // length, usual // length, excess, rate)
    return None


def _stretch(days: Mapping[date, int], first: date, length: int) -> int:
    """What some days that follow each other cost."""
    return sum(days.get(first + number * _DAY, 0) for number in range(length))


def _usual_days(past: Mapping[date, int], first: date, length: int, burn: Burn) -> tuple[int, int]:
    """What such a day, or two of them, usually cost, and what they may cost."""
    starts = sorted(day for day, cost in past.items() if cost > 0 and (length == 1 or day + _DAY in past))
    sums = {day: _stretch(past, day, length) for day in starts}
    if len(sums) < ACTIVE_DAYS_MIN:
        dearest = max(burn.peer_day, *past.values(), 0)
        return median_low(sums.values()) if sums else 0, PEER_TIMES * length * dearest
    alike = [cost for day, cost in sums.items() if _kinds(day, length) == _kinds(first, length)]
    known = alike if len(alike) >= WEEK else list(sums.values())
    middle = median_low(known)
    most = max(int(middle * _times(known)), max(sums.values()) * DAY_PERCENT // 100)
    return middle, most


def _kinds(first: date, length: int) -> list[bool]:
    """Which of some days are on a weekend."""
    return [(first + number * _DAY).weekday() >= SATURDAY for number in range(length)]


def _times(known: Sequence[int]) -> float:
    """How many times the median is still usual, by the median deviation of the logarithms."""
    logs = [log(each) for each in known]
    middle = median(logs)
    scale = max(SCALE_MIN, MAD_TO_SIGMA * median(abs(each - middle) for each in logs))
    return exp(min(DEVIATIONS * scale, 20.0))


def _loop(burn: Burn, now: datetime, floor_nanos: int) -> Sight | None:
    """The last hours, as long as their requests are all alike; the floor counts for a week of it."""
    alike: list[Spell] = []
    for spell in reversed(burn.hours):
        if spell.requests < LOOP_REQUESTS or (alike and not _alike(spell, alike[-1])):
            break
        alike.append(spell)
    if len(alike) < LOOP_HOURS or alike[0].start < now - HOUR_LATE - _HOUR:
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
    """Whether the last seven whole days cost far more than the weeks before.

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
    if now <= most or now - middle < WEEK_FLOORS * floor_nanos:
        return None
    until = datetime.combine(end, time(), UTC)
    since = until - timedelta(days=WEEK)
    return Sight("weekly", since, until, now, middle, now - middle, (now - middle) // (24 * WEEK))


def _week(days: Mapping[date, int], end: date, number: int) -> int:
    """What a week cost, the latest is number 0."""
    return sum(days.get(end - timedelta(days=number * WEEK + back), 0) for back in range(1, WEEK + 1))
