"""How a period will end, from past days: plain data in, plain data out.

A coming day is like the weeks before it: as large as they were (a recent week counts more), a working day like working
days and a free day like free days, and growing or shrinking as they did. The growth is believed as far as the weeks
agree about it, and less the further it looks ahead, for nothing grows for ever.

What the recent weeks say is weighed against two simpler views, that it goes on as on the average of a quarter, and as
in the last days: each counts the more the less it was wrong at moments of the past. Where last year's same weeks are
known, they tell by how much these weeks differ from what came before them. What people used who have left is no longer
expected; prices that will change, and what else is known to come, are reckoned with.

How wide the range is comes from trying: the same is worked out for moments of the past, and compared with what came.
Where there is too little past to try it on, the range is a guess and says so.
"""

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from statistics import fmean, pstdev, stdev
from typing import Literal

WEEK = 7
DAYS_MAX = 90
"""How far back is looked."""
WEEKS_MAX = 8
"""Of how many weeks level and growth are taken."""
ACTIVE_DAYS_MIN = 14
TRIALS_MIN, TRIALS_MAX = 8, 14
TRIAL_DAYS_MAX = 28
RECENT, RECENT_GROWTH = 0.65, 0.8
"""A week weighs so much of the week after it: for how large the next will be, and for how they grow."""
STUBBORN = 25.0
"""How many times larger than its own variance the square of a growth must be to be believed by half."""
GROWTH_MAX = 0.12
"""Of the logarithm, in a week: 13 %."""
LASTS, LASTS_LONG, LONG_DAYS = 0.85, 0.93, 40
"""So much of a growth is left a week later; more of it if the end is far."""
OUTER = 1.2816
"""A normal deviate is below this in nine cases of ten."""
CAREFUL = 1.4
"""Errors of one series are alike, and the views were weighed by them, so that trials look better than they are."""
VIEWS: tuple[tuple[float, int, bool, int], ...] = (
    (RECENT, WEEKS_MAX, True, 2),
    (0.97, 13, False, 1),
    (0.3, 8, False, 1),
)
"""Ways to see the past: what a week weighs of the week after it, of how many weeks, whether growth is believed, and how
much the view counts beside the others if all were equally right."""
LATEST, LATEST_MAX = 0.8, 8
"""Half of what weighs the views are single weeks, each so much of the next: a change of two weeks ago shows."""
SHARP, ERROR_LEAST, WEIGHED_MIN = 4, 0.0005, 3
"""A view that was half as wrong counts so many times doubled; squared errors below the least are alike; and so many
moments of the past are needed to tell the views apart."""
CHANGED_MAX, BEFORE_MIN, BEFORE_MAX = 4, 4, 6
"""A level has changed so many weeks ago at most; so many weeks before are needed to tell, and so many are looked at."""
CHANGED_LEAST, CHANGED_FAR = 0.35, 4.0
"""By how much the logarithm has changed at least, and by how many of its standard errors."""
CHANGED_FAR_AT_ONCE, CHANGED_MOST_AT_ONCE = 5.0, 1.1
"""After a single week by more errors, and to no less than a third: that is rather a week off."""
ALIKE, CHANGED_ALIKE = 0.12, 0.2
"""Weeks differ by so much where they seem to differ less; and those since by less than this part of the step."""
YEAR = timedelta(days=364)
"""So long ago was the same weekday of the same week."""
SEASON_DAYS, SEASON_ACTIVE_MIN, SEASON_MAX = 56, 20, 4.0
SEASON_BELIEVED = 0.5
"""So much of what last year's weeks differed by is believed: one year is one example."""
SPREADS, NARROWS = 0.3, 0.4
"""The range grows with this power of the days ahead, where they are more than could be tried, and where they are fewer
it is wider by that power: single days are less alike than weeks."""
SPREAD_MAX = 0.6
HOLIDAY_DOUBT = 1.0
"""So much of what a holiday makes less is not known: some work on, and the days before are quiet already."""
SATURDAY = 5
_NODAYS: frozenset[date] = frozenset()
DAY = timedelta(days=1)

RunsOut = tuple[date | None, date | None, date | None]
Method = Literal["weeks", "pace"]
Steps = Sequence[tuple[date, float]]
"""From which days the same use costs how many times as much as the day before."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a period will end, in nanos or tokens.

    Args:
        spent: so far.
        p10: in one case of ten it ends at or below this.
        p50: the middle: half of the cases end above, half below.
        p90: in one case of ten it ends above this.
        runs_out: the day on which the limit is reached if it goes fast (P90), in the middle, and if it goes slowly
            (P10); None where it is not reached in the period.
        course: the middle of the sum at the end of each day of the period.
        method: "weeks" goes on as the past weeks did; "pace" goes on as on the average day, with a wide range.
        trials: on how many past moments the range was tried; fewer than `TRIALS_MIN` make it a guess.
        history_days: days with usage that this rests on.
        since: the first of them, None if there is none.
    """

    spent: int
    p10: int
    p50: int
    p90: int
    runs_out: RunsOut
    course: tuple[int, ...]
    method: Method
    trials: int
    history_days: int
    since: date | None

    @property
    def is_rough(self) -> bool:
        """Whether the range could not be tried."""
        return self.trials < TRIALS_MIN


def project(
    days: Sequence[tuple[date, int]],
    period_first: date,
    period_end: date,
    today: date,
    *,
    whole_until: date | None = None,
    limit: int | None = None,
    free: Container[date] = _NODAYS,
    reserved: int = 0,
    steps: Steps = (),
    extra: Sequence[tuple[date, int]] = (),
    gone: Sequence[tuple[date, int]] = (),
) -> Forecast:
    """How a period will end, from what was used on each day.

    Args:
        days: what was used, for the period so far and the weeks before it; a day that is missing used nothing.
        period_first: the period's first day.
        period_end: the day after its last.
        today: it is not over, so it is no history, and in the period at least what it has used by now.
        whole_until: days from here on are as unfinished as today; None if all days before today are whole.
        limit: what may be used in the period, None for no limit.
        free: days that are like a weekend whatever their weekday, such as holidays.
        reserved: what jobs have reserved and not spent yet: as much is used from today on at least.
        steps: prices that change; what was used before is taken at the price of then.
        extra: what will be used on some days beside what past days tell.
        gone: what of `days` people used who have left since: it is spent, and not expected again.
    """
    used_on: dict[date, int] = {}
    for day, amount in days:
        used_on[day] = used_on.get(day, 0) + amount
    known_until = min(today, whole_until or today)
    left = dict(used_on)
    for day, amount in gone:
        left[day] = max(0, left.get(day, 0) - amount)
    history = _at_prices_of(known_until, _history(left, known_until), steps)
    active = sum(amount > 0 for amount in history.values())
    method: Method = "weeks" if active >= ACTIVE_DAYS_MIN else "pace"
    period = [period_first + n * DAY for n in range((period_end - period_first).days)]
    coming = [day for day in period if day >= known_until]
    before = list(accumulate(used_on.get(day, 0) for day in period if day < known_until))
    so_far = [used_on.get(day, 0) for day in coming]
    least = [have + reserved * (day == today) for day, have in zip(coming, so_far, strict=True)]
    comes = Coming(
        coming,
        least,
        tuple(_factor(steps, known_until, day) for day in coming),
        tuple(sum(amount for when, amount in extra if when == day) for day in coming),
    )
    if method == "weeks":
        lines, trials = _from_weeks(history, comes, known_until, free, used_on, _leaving(history, left, used_on))
    else:
        lines, trials = _from_pace(history, comes), 0
    start = before[-1] if before else 0
    slow, middle, fast = ([*before, *(start + amount for amount in line)] for line in lines)
    return Forecast(
        spent=start + sum(so_far),
        p10=slow[-1],
        p50=middle[-1],
        p90=fast[-1],
        runs_out=(_reached(fast, period, limit), _reached(middle, period, limit), _reached(slow, period, limit)),
        course=tuple(middle),
        method=method,
        trials=trials,
        history_days=active,
        since=min(history, default=None),
    )


def coverage(history: Sequence[tuple[date, int]], horizon: int = WEEK) -> tuple[int, int]:
    """How often the range would have held: (times the truth lay within P10 and P90, times tried).

    From each past day with enough history before it, the days up to the horizon are projected and compared with what
    was used on them.

    Args:
        history: what was used on each day, whole days only.
        horizon: days that are looked ahead.
    """
    held = tried = 0
    last = max((day for day, _ in history), default=date.min)
    for day in sorted({day for day, _ in history if day + (horizon - 1) * DAY <= last}):
        end = day + horizon * DAY
        seen = project([each for each in history if each[0] < day], day, end, day)
        if not seen.is_rough:
            tried += 1
            held += seen.p10 <= sum(amount for when, amount in history if day <= when < end) <= seen.p90
    return held, tried


Lines = tuple[list[int], list[int], list[int]]
"""The sum at the end of each coming day if it goes slowly, in the middle, and if it goes fast."""


def _history(used_on: Mapping[date, int], end: date) -> dict[date, int]:
    """The days before one, each with what it used, from the first day of use within the days looked at on."""
    start = end - DAYS_MAX * DAY
    first = min((day for day, amount in used_on.items() if start <= day < end and amount > 0), default=end)
    return {day: used_on.get(day, 0) for day in (first + n * DAY for n in range((end - first).days))}


@dataclass(frozen=True, slots=True)
class Coming:
    """The days that are still to come.

    Args:
        days: each of them.
        least: what each has used already, or is sure to use.
        factors: by what the price of each is multiplied, beside that of the last known day.
        extra: what each will use beside what past days tell.
    """

    days: Sequence[date]
    least: Sequence[int]
    factors: Sequence[float]
    extra: Sequence[int]

    def sums(self, usual: Sequence[float]) -> list[int]:
        """The sum at the end of each day, from what each would use as past days did."""
        rows = zip(usual, self.factors, self.extra, self.least, strict=True)
        return list(accumulate(max(round(amount * factor) + more, have) for amount, factor, more, have in rows))


def _factor(steps: Steps, since: date, day: date) -> float:
    """By what prices are multiplied from one day to another."""
    return math.prod(factor for when, factor in steps if since <= when <= day)


def _at_prices_of(known_until: date, history: Mapping[date, int], steps: Steps) -> dict[date, int]:
    """What was used, at the prices of the last known day."""
    past = [(when, factor) for when, factor in steps if when < known_until]
    if not past:
        return dict(history)
    return {day: round(amount * _factor(past, day + DAY, known_until)) for day, amount in history.items()}


def _from_pace(history: Mapping[date, int], comes: Coming) -> Lines:
    """Every day like the average day, half of it, and twice it. The average is that of a week at least."""
    total, days = sum(history.values()), max(WEEK, len(history))
    slow, middle, fast = (
        comes.sums([share // (2 * days)] * len(comes.days)) for share in (total, 2 * total, 4 * total)
    )
    return slow, middle, fast


def _from_weeks(
    history: Mapping[date, int],
    comes: Coming,
    known_until: date,
    free: Container[date],
    used_on: Mapping[date, int],
    leaving: float,
) -> tuple[Lines, int]:
    """The coming days as the past weeks were, the range by how far off that was before; lower if more may leave."""
    past = [_PastDay(day, amount, _is_free(day, free)) for day, amount in _tamed(history, free).items()]
    coming = comes.days
    lasts = LASTS if len(coming) <= LONG_DAYS else LASTS_LONG
    horizon = max(3, min(len(coming), TRIAL_DAYS_MAX, (len(past) - 3 * WEEK) // 2))
    trials = _trials(past, horizon, lasts, max(1, (len(past) - horizon - ACTIVE_DAYS_MIN) // (TRIALS_MAX - 1)))
    weights, fits = _weights(trials, _trials(past, WEEK, lasts, WEEK)[:LATEST_MAX]), _fits(past)
    season = _season(used_on, known_until, free)
    likely = [
        season(day) * _weighed(weights, [fit.on(_is_free(day, free), (day - known_until).days, lasts) for fit in fits])
        for day in coming
    ]
    middle = comes.sums(likely)
    spread = _spread([math.log(came / _weighed(weights, expected)) for came, expected in trials])
    have = list(accumulate(comes.least))
    slow: list[int] = []
    fast: list[int] = []
    odd = accumulate(fits[0].apart * HOLIDAY_DOUBT * (day.weekday() < SATURDAY and day in free) for day in coming)
    for n, (amount, unsure) in enumerate(zip(middle, odd, strict=True)):
        wide = min(SPREAD_MAX, math.hypot(spread * _wider((n + 1) / horizon), unsure / max(1, amount))) * OUTER
        fewer = leaving * (n + 1) / 2
        slow.append(max(round(amount * math.exp(-wide - fewer)), have[n], slow[-1] if slow else 0))
        fast.append(round(amount * math.exp(wide)))
    return (slow, middle, fast), len(trials)


def _leaving(history: Mapping[date, int], stayed: Mapping[date, int], used_on: Mapping[date, int]) -> float:
    """Which share of the use left with people on each day, so that as many may leave again."""
    every = sum(used_on.get(day, 0) for day in history)
    return (1 - sum(stayed.get(day, 0) for day in history) / every) / len(history) if every > 0 else 0.0


def _season(used_on: Mapping[date, int], known_until: date, free: Container[date]) -> Callable[[date], float]:
    """By what a coming day differs from the weeks before, as last year's same days did; 1 where they are unknown.

    Weekends and holidays are known without it: it tells what they leave unexplained, such as a busy end of a quarter.
    """
    before = [known_until - YEAR - n * DAY for n in range(1, SEASON_DAYS + 1)]
    if sum(used_on.get(day, 0) > 0 for day in before) < SEASON_ACTIVE_MIN:
        return lambda _day: 1.0
    kinds = {kind: [used_on.get(day, 0) for day in before if _is_free(day, free) == kind] for kind in (True, False)}
    usual = {kind: sum(some) / len(some) if some else 0.0 for kind, some in kinds.items()}

    def times(day: date) -> float:
        week = [day - YEAR + n * DAY for n in range(-(WEEK // 2), WEEK // 2 + 1)]
        expected = sum(usual[_is_free(each, free)] for each in week)
        if expected <= 0:
            return 1.0
        found = sum(used_on.get(each, 0) for each in week) / expected
        return float(min(SEASON_MAX, max(1 / SEASON_MAX, found)) ** SEASON_BELIEVED)

    return times


@dataclass(frozen=True, slots=True)
class _PastDay:
    day: date
    amount: float
    is_free: bool


@dataclass(frozen=True, slots=True)
class _Fit:
    """What some weeks say: the size of an average day, what a kind of day is of it, and the growth in a week."""

    level: float
    working: float
    free: float
    growth: float

    @classmethod
    def of(cls, past: Sequence[_PastDay], recent: float, weeks_max: int, *, grows: bool) -> "_Fit":
        """Read the newest weeks, of which there is one at least.

        Args:
            past: all days, the oldest first.
            recent: what a week weighs of the week after it.
            weeks_max: how many are read.
            grows: whether they are believed to grow on.
        """
        weeks = [past[end - WEEK : end] for end in range(len(past), WEEK - 1, -WEEK)][:weeks_max]
        used = [each for week in weeks for each in week]
        mean = sum(each.amount for each in used) / len(used) or 1.0
        kinds = {kind: [each.amount for each in used if each.is_free == kind] for kind in (False, True)}
        working, free = (sum(kinds[kind]) / len(kinds[kind]) / mean if kinds[kind] else 1.0 for kind in (False, True))
        totals = [sum(each.amount for each in week) for week in weeks]
        growth = _growth(totals) if grows else 0.0
        weighed = weight = 0.0
        for n, (week, total) in enumerate(zip(weeks, totals, strict=True)):
            expected = sum(free if each.is_free else working for each in week)
            if expected > 0:
                weighed += recent**n * total / expected * math.exp(growth * n)
                weight += recent**n
        return cls(weighed / weight if weight else 0.0, working, free, growth)

    @property
    def apart(self) -> float:
        """By how much a working day and a free day differ."""
        return self.level * abs(self.working - self.free)

    def on(self, is_free: bool, days_ahead: int, lasts: float) -> float:
        """What a day will use that lies so many days after the past."""
        weeks = (days_ahead + WEEK / 2) / WEEK
        grown = math.exp(self.growth * lasts * (1 - lasts**weeks) / (1 - lasts))
        return self.level * grown * (self.free if is_free else self.working)


def _growth(totals: Sequence[float]) -> float:
    """The growth of the logarithm in a week, the newest first, made smaller the less the weeks agree about it."""
    count, mean = len(totals), sum(totals) / len(totals)
    if count < 4 or mean <= 0:  # noqa: PLR2004 - a line through three points says nothing of its own error
        return 0.0
    weights = [RECENT_GROWTH**n for n in range(count)]
    whole = sum(weights)
    alike = whole**2 / sum(each**2 for each in weights)  # so many weeks of one weight say as much
    logs = [math.log(each + mean / 50) for each in totals]
    middle_x = sum(-n * each for n, each in enumerate(weights)) / whole
    middle_y = sum(map(float.__mul__, weights, logs)) / whole
    width = sum(each * (-n - middle_x) ** 2 for n, each in enumerate(weights))
    slope = sum(each * (-n - middle_x) * (y - middle_y) for n, (each, y) in enumerate(zip(weights, logs, strict=True)))
    slope /= width
    off = [y - middle_y - slope * (-n - middle_x) for n, y in enumerate(logs)]
    variance = sum(each * y**2 for each, y in zip(weights, off, strict=True)) / width / (alike - 2)
    believed = slope**2 / (slope**2 + STUBBORN * variance) if slope else 0.0
    return max(-GROWTH_MAX, min(GROWTH_MAX, slope * believed))


def _fits(past: Sequence[_PastDay]) -> list[_Fit]:
    """What each view sees in some days; where the level has changed, in those since."""
    since = _since_change(past)
    return [_Fit.of(since, recent, weeks, grows=grows) for recent, weeks, grows, _ in VIEWS]


def _since_change(past: Sequence[_PastDay]) -> Sequence[_PastDay]:
    """The newest weeks, if they are alike and far apart from all those before them; else all days.

    A price, a model or a number of people that changes at once leaves a step, of which means of weeks see half.
    """
    weeks = [past[end - WEEK : end] for end in range(len(past), WEEK - 1, -WEEK)][: CHANGED_MAX + BEFORE_MAX]
    totals = [sum(each.amount for each in week) for week in weeks]
    if min(totals, default=0.0) <= 0:
        return past
    logs = [math.log(each) for each in totals]
    found, farthest = 0, 0.0
    for count in range(1, min(CHANGED_MAX, len(logs) - BEFORE_MIN) + 1):
        new, old = logs[:count], logs[count : count + BEFORE_MAX]
        step = abs(fmean(new) - fmean(old))
        far = step / (max(ALIKE, stdev(old)) * math.sqrt(1 / count + 1 / len(old)))
        is_apart = min(new) > max(old) or max(new) < min(old)
        least, most = (CHANGED_FAR, math.inf) if count > 1 else (CHANGED_FAR_AT_ONCE, CHANGED_MOST_AT_ONCE)
        is_step = CHANGED_LEAST < step < most and pstdev(new) < CHANGED_ALIKE * step
        if is_apart and is_step and far > max(least, farthest):
            found, farthest = count, far
    return past[-found * WEEK :] if found else past


Trial = tuple[float, list[float]]
"""What came in some days of the past, and what each view had expected; both with a floor that keeps them above 0."""


def _trials(past: Sequence[_PastDay], horizon: int, lasts: float, step: int) -> list[Trial]:
    """What each view would have said at moments of the past, so many days apart, beside what came; the latest first."""
    floor = horizon * sum(each.amount for each in past) / len(past) / 20
    found = []
    for at in range(len(past) - horizon, ACTIVE_DAYS_MIN - 1, -step)[:TRIALS_MAX]:
        ahead = past[at : at + horizon]
        expected = [sum(fit.on(each.is_free, n, lasts) for n, each in enumerate(ahead)) for fit in _fits(past[:at])]
        found.append((sum(each.amount for each in ahead) + floor, [each + floor for each in expected]))
    return found


def _weights(trials: Sequence[Trial], weeks: Sequence[Trial]) -> list[float]:
    """How much each view counts: the more the less it was wrong before, and in the latest weeks; they add up to 1."""
    counts = [float(count) for *_, count in VIEWS]
    if min(len(trials), len(weeks)) >= WEIGHED_MIN:
        for n in range(len(counts)):
            wrong = (_mean_square(trials, n, 1.0) + _mean_square(weeks, n, LATEST)) / 2
            counts[n] *= (wrong + ERROR_LEAST) ** -SHARP
    return [each / sum(counts) for each in counts]


def _mean_square(trials: Sequence[Trial], view: int, decay: float) -> float:
    """How wrong a view was: the mean square of the logarithm, in which each trial weighs so much of the next."""
    weights = [decay**n for n in range(len(trials))]
    squares = [math.log(came / expected[view]) ** 2 for came, expected in trials]
    return _weighed(weights, squares) / sum(weights)


def _weighed(weights: Sequence[float], views: Sequence[float]) -> float:
    return sum(weight * view for weight, view in zip(weights, views, strict=True))


def _spread(errors: Sequence[float]) -> float:
    """The standard deviation of what comes, from errors of the past; a wide one if there are too few."""
    if len(errors) < TRIALS_MIN:
        return SPREAD_MAX
    return CAREFUL * math.sqrt(sum(each**2 for each in errors) / len(errors) * (1 + 1 / len(errors)))


def _wider(share: float) -> float:
    """How much wider the range is after so much of the days that were tried."""
    return max(math.pow(share, SPREADS), math.pow(share, -NARROWS))


def _is_free(day: date, free: Container[date]) -> bool:
    return day.weekday() >= SATURDAY or day in free


def _tamed(history: Mapping[date, int], free: Container[date]) -> dict[date, float]:
    """The history, in which a day that stands alone counts as half more than the next largest of its kind."""
    tops = {}
    for kind in (True, False):
        amounts = sorted(amount for day, amount in history.items() if _is_free(day, free) == kind)
        second = amounts[-2] if len(amounts) > 1 else 0
        tops[kind] = second * 1.5 if second > 0 else max(amounts, default=0)
    return {day: float(min(amount, tops[_is_free(day, free)])) for day, amount in history.items()}


def _reached(line: Sequence[int], period: Sequence[date], limit: int | None) -> date | None:
    """The first day at whose end nothing is left."""
    if limit is None:
        return None
    return next((day for day, amount in zip(period, line, strict=True) if amount >= limit), None)
