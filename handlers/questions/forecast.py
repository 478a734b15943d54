"""Where it will end: what a period will have cost, and the day the budget runs out.

The future is drawn from the past eight weeks: a coming working day is like a past one, a coming weekend day like a past
one of these, and a coming week is as full or as empty as a past week; recent ones are drawn more often. Two hundred
such courses give the middle and the range. The dice are the same every time, so that a figure moves only if the usage
does.
"""

from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from operator import mul
from random import Random
from typing import Literal, TypeVar

from handlers.access import may_see
from handlers.arguments import Whom
from handlers.budgets.status import Standing, standings, used
from handlers.card import Block, Button, Card, Chart, Facts, Series, Text, Tone
from handlers.context import Context
from handlers.errors import Refused
from handlers.money import COUNTED, NANOS, percent, symbol_of
from handlers.periods import Period, period_of
from handlers.policy.policy import Budget
from handlers.provenance import as_of
from handlers.questions.balance import label_of
from storage import comparisons, people, spend
from storage.people import Account

WEEK = 7
WEEKS_MAX = 8
ACTIVE_DAYS_MIN = 14
RECENT, AGED = 3, 4  # a week weighs three quarters of the week after it
COURSES, COURSES_TRIED = 201, 101
TRIALS_MIN = 14
POINTS_MAX = 31
SATURDAY = 5

_NO_DAYS: frozenset[date] = frozenset()
_DAY = timedelta(days=1)

Value = TypeVar("Value", int, date)
Weighed = tuple[int, int]
RunsOut = tuple[date | None, date | None, date | None]
Method = Literal["weeks", "pace"]


# The kernel: plain data in, plain data out ---------------------------------------------------------------------------


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
        method: "weeks" draws from past weeks; "pace" goes on as on the average day, with a wide range.
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
    history_days: int
    since: date | None


def project(
    days: Sequence[tuple[date, int]],
    period_first: date,
    period_end: date,
    today: date,
    *,
    whole_until: date | None = None,
    limit: int | None = None,
    free: Container[date] = _NO_DAYS,
    courses: int = COURSES,
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
        courses: how many courses are drawn.
    """
    used_on: dict[date, int] = {}
    for day, amount in days:
        used_on[day] = used_on.get(day, 0) + amount
    known_until = min(today, whole_until or today)
    history = _history(used_on, known_until)
    active = sum(amount > 0 for amount in history.values())
    method: Method = "weeks" if active >= ACTIVE_DAYS_MIN else "pace"
    period = [period_first + n * _DAY for n in range((period_end - period_first).days)]
    coming = [day for day in period if day >= known_until]
    ahead = _from_weeks(history, coming, free, courses) if method == "weeks" else _from_pace(history, coming)
    before = [used_on.get(day, 0) for day in period if day < known_until]
    so_far = [used_on.get(day, 0) for day in coming]
    paths = [list(accumulate([*before, *map(max, so_far, drawn)])) for drawn in ahead]
    p10, p50, p90 = _spread([path[-1] for path in paths])
    reached = [_reached(path, period, period_end, limit) for path in paths]
    early, middle, late = (None if day == period_end else day for day in _spread(reached))
    return Forecast(
        spent=sum(before) + sum(so_far),
        p10=p10,
        p50=p50,
        p90=p90,
        runs_out=(early, middle, late),
        course=tuple(_spread(sums)[1] for sums in zip(*paths, strict=True)),
        method=method,
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
    for day in sorted({day for day, _ in history if day + (horizon - 1) * _DAY <= last}):
        end = day + horizon * _DAY
        seen = project([each for each in history if each[0] < day], day, end, day, courses=COURSES_TRIED)
        if seen.method == "weeks":
            tried += 1
            held += seen.p10 <= sum(amount for when, amount in history if day <= when < end) <= seen.p90
    return held, tried


def _history(used_on: dict[date, int], end: date) -> dict[date, int]:
    """The days before one, each with what it used, from the first day of use within eight weeks on."""
    start = end - WEEKS_MAX * WEEK * _DAY
    first = min((day for day, amount in used_on.items() if start <= day < end and amount > 0), default=end)
    return {day: used_on.get(day, 0) for day in (first + n * _DAY for n in range((end - first).days))}


class _Urn:
    """Draws numbers by their weights, and puts each back with another like it.

    So a course may go on being high or low, and the range also holds what a few weeks cannot tell (a Pólya urn).
    """

    def __init__(self, numbers: Sequence[Weighed], dice: Random) -> None:
        self._numbers = [number for number, _ in numbers]
        self._bounds = list(accumulate(weight for _, weight in numbers))
        self._more = max(1, self._bounds[-1] // len(numbers))
        self._drawn: list[int] = []
        self._dice = dice

    def forget(self) -> None:
        """Begin anew."""
        self._drawn.clear()

    def draw(self) -> int:
        """A number."""
        whole = self._bounds[-1]
        at = int(self._dice.random() * (whole + self._more * len(self._drawn)))
        again = at >= whole
        number = self._drawn[(at - whole) // self._more] if again else self._numbers[bisect_right(self._bounds, at)]
        self._drawn.append(number)
        return number


def _from_pace(history: dict[date, int], coming: Sequence[date]) -> list[list[int]]:
    """Every day like the average day, half of it, and twice it. The average is that of a week at least."""
    total, days = sum(history.values()), max(WEEK, len(history))
    return [[share // (2 * days)] * len(coming) for share in (total, 2 * total, 4 * total)]


def _from_weeks(
    history: dict[date, int], coming: Sequence[date], free: Container[date], courses: int
) -> list[list[int]]:
    """Courses of the coming days: days drawn from past ones of their kind, times how a past week stood to the mean."""
    tame = _tamed(history, free)
    weeks = _weeks(list(tame))
    weights = [RECENT**n * 1000 // AGED**n for n in range(len(weeks))]
    totals = [sum(tame[day] for day in week) for week in weeks]
    mean = max(1, sum(map(mul, totals, weights)) // sum(weights))
    pool = [
        (_is_free(day, free), tame[day], weight) for week, weight in zip(weeks, weights, strict=True) for day in week
    ]
    pools = {kind: [(amount, weight) for is_free, amount, weight in pool if is_free == kind] for kind in (True, False)}
    dice = Random(0)  # noqa: S311 - no secret, and the same every time
    week = _Urn(list(zip(totals, weights, strict=True)), dice)
    urns = {kind: _Urn(pools[kind] or pools[not kind], dice) for kind in (True, False)}
    days = [urns[_is_free(day, free)] for day in coming]
    return [_course(days, week, mean) for _ in range(courses)]


def _course(days: Sequence[_Urn], week: _Urn, mean: int) -> list[int]:
    """One course: a draw for each day from its urn, and one for each week."""
    for urn in {week, *days}:
        urn.forget()
    drawn: list[int] = []
    for start in range(0, len(days), WEEK):
        total = week.draw()
        drawn += [urn.draw() * total // mean for urn in days[start : start + WEEK]]
    return drawn


def _weeks(days: Sequence[date]) -> list[Sequence[date]]:
    """The whole weeks of a history, the newest first."""
    return [days[end - WEEK : end] for end in range(len(days), WEEK - 1, -WEEK)]


def _is_free(day: date, free: Container[date]) -> bool:
    return day.weekday() >= SATURDAY or day in free


def _tamed(history: dict[date, int], free: Container[date]) -> dict[date, int]:
    """The history, in which a day that stands alone counts as half more than the next largest of its kind."""
    tops = {}
    for kind in (True, False):
        amounts = sorted(amount for day, amount in history.items() if _is_free(day, free) == kind)
        second = amounts[-2] if len(amounts) > 1 else 0
        tops[kind] = second * 3 // 2 if second > 0 else max(amounts, default=0)
    return {day: min(amount, tops[_is_free(day, free)]) for day, amount in history.items()}


def _reached(path: Sequence[int], period: Sequence[date], period_end: date, limit: int | None) -> date:
    """The first day at whose end nothing is left, or the period's end if something always is."""
    return next(
        (day for day, sum_ in zip(period, path, strict=True) if limit is not None and sum_ >= limit), period_end
    )


def _spread(values: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The values at a tenth, the middle and nine tenths."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[last // 10], ordered[last // 2], ordered[last - last // 10]


# The command ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked ahead at: a budget's period, or the month where no budget binds."""

    account_id: str
    period: Period
    unit: str
    standing: Standing | None


def forecast(ctx: Context, whom: Whom = None) -> Card:
    """Where the period will end, how sure that is, and the day the budget runs out.

    Say it alone for yourself, or of a team or an agent that you own: `forecast of team search`.
    """
    account = whom or people.account(ctx.conn, ctx.account_id)
    if account is None:
        raise Refused("You have no account of your own. Say whose figures you mean, such as: forecast of team search")
    found = standings(ctx, account)
    scope = scope_of(ctx, account, found)
    until = comparisons.whole_until(ctx.conn, ctx.today)
    days = _days(ctx, scope, until)
    seen = look_ahead(ctx, scope, days, until)
    limit = scope.standing.limit if scope.standing else None
    blocks: list[Block] = [Facts(tuple(_facts(ctx, scope, seen)))]
    blocks += [Text(words) for words in (*_doubts(seen), *_elsewhere(ctx, scope, found))]
    blocks += _chart(ctx, scope, seen)
    if seen.method == "weeks":
        blocks.append(Text(_method(ctx, seen, [each for each in days if each[0] < until]), quiet=True))
    return Card(
        _title(ctx, account, scope, seen),
        (*blocks, as_of(ctx), *_buttons(ctx, account, scope, seen)),
        _tone(seen, limit),
    )


def missing(ctx: Context, standing: Standing) -> int:
    """What an account's budget will likely lack when its period ends, 0 if it will do."""
    scope = Scope(standing.account_id, standing.period, standing.budget.unit, standing)
    until = comparisons.whole_until(ctx.conn, ctx.today)
    return max(0, look_ahead(ctx, scope, _days(ctx, scope, until), until).p50 - standing.limit)


def seen_ahead(ctx: Context, account: Account) -> tuple[Scope, Forecast]:
    """How the period of an account will end, and which period that is."""
    scope = scope_of(ctx, account, standings(ctx, account))
    until = comparisons.whole_until(ctx.conn, ctx.today)
    return scope, look_ahead(ctx, scope, _days(ctx, scope, until), until)


def look_ahead(ctx: Context, scope: Scope, days: Sequence[tuple[date, int]], until: date) -> Forecast:
    """How a scope's period will end, from what was used on each day; days before `until` are whole."""
    return project(
        days,
        scope.period.first,
        scope.period.end,
        ctx.today,
        whole_until=until,
        limit=scope.standing.limit if scope.standing else None,
        free=ctx.house.working.holidays,
    )


def scope_of(ctx: Context, account: Account, found: Sequence[Standing]) -> Scope:
    """The first budget whose daily figures the asker may see, and whose days are one account's."""
    for each in found:
        whole = not each.is_share or each.account_id == account.id
        if whole and may_see(ctx, each.account_id):
            return Scope(each.account_id, each.period, each.budget.unit, each)
    return Scope(account.id, period_of(ctx.today, "month"), ctx.house.organization.currency, None)


def _days(ctx: Context, scope: Scope, until: date) -> list[tuple[date, int]]:
    """What was used on each day in the scope's unit, from eight weeks ago or the period's first day on.

    The sum over the period is the one of the balance: the hours by which another zone cuts it are its first day's.
    """
    first, end = scope.period.first, scope.period.end
    budget = scope.standing.budget if scope.standing else None
    start = min(first, until - WEEKS_MAX * WEEK * _DAY)
    rows = spend.spent_by_day_and_model(ctx.conn, scope.account_id, start, end)
    days = [(day, _used(ctx, budget, spent)) for day, spent in rows]
    if scope.standing:
        days.append((first, scope.standing.spent - sum(amount for day, amount in days if first <= day < end)))
    return days


def _used(ctx: Context, budget: Budget | None, spent: spend.Spent) -> int:
    return used(ctx.house, budget, [spent]) if budget else spent.cost_nanos


def _title(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> str:
    whose = "" if account.id == ctx.account_id else f"{account.name}: "
    end = f"{ctx.estimate(seen.p50, scope.unit)} by {ctx.day(scope.period.end - _DAY)}"
    return f"{whose}{end}, of {ctx.amount(scope.standing.limit, scope.unit)}" if scope.standing else f"{whose}{end}"


def _tone(seen: Forecast, limit: int | None) -> Tone:
    if limit is None:
        return "plain"
    if seen.spent >= limit:
        return "bad"
    return "warn" if seen.p90 >= limit else "good"


def _facts(ctx: Context, scope: Scope, seen: Forecast) -> Iterator[tuple[str, str]]:
    low, high = (ctx.estimate(each, scope.unit) for each in (seen.p10, seen.p90))
    spent = ctx.amount(seen.spent, scope.unit)
    sure = "in 8 of 10 cases" if seen.method == "weeks" else "roughly"
    yield "Range", f"{low} to {high} {sure}" if seen.since else "not known"
    if scope.standing is None:
        yield "Spent so far", spent
        return
    yield ("Ran out" if seen.spent >= scope.standing.limit else "Runs out"), runs_out(ctx, scope, seen)
    yield "Spent so far", f"{spent} ({percent(seen.spent, scope.standing.limit)} %)"
    yield "Limit", label_of(scope.standing)


def runs_out(ctx: Context, scope: Scope, seen: Forecast) -> str:
    """The day the budget runs out, and how sure that is."""
    early, middle, late = (ctx.day(day) if day else "" for day in seen.runs_out)
    if not early and seen.since is None:
        return "not known"
    if not early:
        return f"not this {scope.period.every}, {'in 9 of 10 cases' if seen.method == 'weeks' else 'at this pace'}"
    if not middle:
        return f"probably not this {scope.period.every}; {early} at the earliest"
    if early == late:
        return early
    return f"{middle}; {early} at the earliest, {late or 'perhaps not at all'}{' at the latest' if late else ''}"


def _doubts(seen: Forecast) -> Iterator[str]:
    """What makes the forecast weak."""
    if seen.since is None:
        yield "No whole day of usage in the last eight weeks, so I can only show what is spent by now."
    elif seen.method == "pace":
        days = f"{seen.history_days} {'day' if seen.history_days == 1 else 'days'}"
        yield (
            f"The history is short: {days} with usage in the last eight weeks. "
            "This is the plain pace, with a wide range."
        )


def _elsewhere(ctx: Context, scope: Scope, found: Sequence[Standing]) -> Iterator[str]:
    """A limit that decides now, but whose course is not the asker's to see."""
    if found and found[0] is not scope.standing:
        left = ctx.amount(found[0].left, found[0].budget.unit)
        yield f"Another limit decides today: {label_of(found[0])}, {left} left. Its owner can see its forecast."


def _method(ctx: Context, seen: Forecast, whole: Sequence[tuple[date, int]]) -> str:
    since = ctx.day(seen.since) if seen.since else ""
    held, tried = coverage(whole)
    tested = (
        f" Tried on {tried} past days for a week ahead, the range held {held} times." if tried >= TRIALS_MIN else ""
    )
    return f"Drawn from the days since {since}, recent ones more often, weekdays and weekends apart.{tested}"


def _chart(ctx: Context, scope: Scope, seen: Forecast) -> Iterator[Chart]:
    """The sum day by day: what is spent (from today on it lies flat) and what is likely."""
    period, unit = scope.period, scope.unit
    if period.days < 2:  # noqa: PLR2004 - one day is no course
        return
    step = -(-period.days // POINTS_MAX)
    points = list(range(period.days - 1, -1, -step))[::-1]
    days = [period.first + n * _DAY for n in points]
    scale = 1 if unit in COUNTED else NANOS
    likely = tuple(seen.course[n] / scale for n in points)
    spent = tuple(min(seen.course[n], seen.spent) / scale for n in points)
    limit = scope.standing.limit / scale if scope.standing else None
    labels = tuple(str(day.day) if period.every in ("week", "month") else f"{day.day}.{day.month}." for day in days)
    series = (Series("Spent", spent), Series("Likely", likely))
    yield Chart(
        "Spent so far and likely",
        "line",
        labels,
        series,
        symbol_of(unit, ctx.locale),
        _finding(ctx, scope, seen),
        limit,
        ctx.locale,
    )


def _finding(ctx: Context, scope: Scope, seen: Forecast) -> str:
    likely, spent = ctx.estimate(seen.p50, scope.unit), ctx.amount(seen.spent, scope.unit)
    told = f"{spent} by {ctx.day(ctx.today)}, likely {likely} by {ctx.day(scope.period.end - _DAY)}"
    if scope.standing is None:
        return f"{told}."
    gap = scope.standing.limit - seen.p50
    side = "below" if gap >= 0 else "above"
    limit = ctx.amount(scope.standing.limit, scope.unit)
    return f"{told}: {ctx.estimate(abs(gap), scope.unit)} {side} the limit of {limit}."


def _buttons(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> Iterator[Button]:
    mine = account.id == ctx.account_id
    of = "" if mine else f" of {account.id.replace('/', ' ')}"
    yield Button("What is left?", f"balance{of}")
    yield Button("Why?", f"why{of}")
    if mine and scope.standing and scope.standing.account_id == account.id and seen.runs_out[0]:
        yield Button("Ask for more", "request", style="primary")
