"""`forecast`: what a period will have cost, and the day the budget runs out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.access import may_see
from handlers.arguments import Whom
from handlers.budgets import BudgetStatus, statuses, used
from handlers.card import Block, Button, Card, Chart, Facts, Series, Text, Tone
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import COUNTED, NANOS, percent, symbol_of
from handlers.periods import Period, period_of
from handlers.policy import Budget
from handlers.provenance import as_of
from handlers.questions.balance import label_of
from handlers.questions.projection import DAY, TRIALS_MIN, WEEK, WEEKS_MAX, Forecast, coverage, project
from storage import comparisons, spend
from storage.people import Account

POINTS_MAX = 31


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked ahead at: a budget's period, or the month where no budget binds."""

    account_id: str
    period: Period
    unit: str
    status: BudgetStatus | None


def forecast(ctx: Context, whom: Whom = None) -> Card:
    """Where the period will end, how sure that is, and the day the budget runs out.

    Say it alone for yourself, or of a team or an agent that you own: `forecast of team search`.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError(
            "You have no account of your own. Say whose figures you mean, such as: forecast of team search"
        )
    found = statuses(ctx, account)
    scope = scope_of(ctx, account, found)
    until = comparisons.whole_until(ctx.conn, ctx.today)
    days = _days(ctx, scope, until)
    seen = look_ahead(ctx, scope, days, until)
    limit = scope.status.limit if scope.status else None
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


def missing(ctx: Context, status: BudgetStatus) -> int:
    """What an account's budget will likely lack when its period ends, 0 if it will do."""
    scope = Scope(status.account_id, status.period, status.budget.unit, status)
    until = comparisons.whole_until(ctx.conn, ctx.today)
    return max(0, look_ahead(ctx, scope, _days(ctx, scope, until), until).p50 - status.limit)


def seen_ahead(ctx: Context, account: Account) -> tuple[Scope, Forecast]:
    """How the period of an account will end, and which period that is."""
    scope = scope_of(ctx, account, statuses(ctx, account))
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
        limit=scope.status.limit if scope.status else None,
        free=ctx.policy.working.holidays,
    )


def scope_of(ctx: Context, account: Account, found: Sequence[BudgetStatus]) -> Scope:
    """The first budget whose daily figures the asker may see, and whose days are one account's."""
    for each in found:
        whole = not each.is_share or each.account_id == account.id
        if whole and may_see(ctx, each.account_id):
            return Scope(each.account_id, each.period, each.budget.unit, each)
    return Scope(account.id, period_of(ctx.today, "month"), ctx.policy.organization.currency, None)


def _days(ctx: Context, scope: Scope, until: date) -> list[tuple[date, int]]:
    """What was used on each day in the scope's unit, from eight weeks ago or the period's first day on.

    The sum over the period is the one of the balance: the hours by which another zone cuts it are its first day's.
    """
    first, end = scope.period.first, scope.period.end
    budget = scope.status.budget if scope.status else None
    start = min(first, until - WEEKS_MAX * WEEK * DAY)
    rows = spend.spent_by_day_and_model(ctx.conn, scope.account_id, start, end)
    days = [(day, _used(ctx, budget, spent)) for day, spent in rows]
    if scope.status:
        days.append((first, scope.status.spent - sum(amount for day, amount in days if first <= day < end)))
    return days


def _used(ctx: Context, budget: Budget | None, spent: spend.Spent) -> int:
    return used(ctx.policy, budget, [spent]) if budget else spent.cost_nanos


def _title(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> str:
    whose = "" if account.id == ctx.account_id else f"{account.name}: "
    end = f"{ctx.estimate(seen.p50, scope.unit)} by {ctx.day(scope.period.end - DAY)}"
    return f"{whose}{end}, of {ctx.amount(scope.status.limit, scope.unit)}" if scope.status else f"{whose}{end}"


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
    if scope.status is None:
        yield "Spent so far", spent
        return
    yield ("Ran out" if seen.spent >= scope.status.limit else "Runs out"), runs_out(ctx, scope, seen)
    yield "Spent so far", f"{spent} ({percent(seen.spent, scope.status.limit)} %)"
    yield "Limit", label_of(scope.status)


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


def _elsewhere(ctx: Context, scope: Scope, found: Sequence[BudgetStatus]) -> Iterator[str]:
    """A limit that decides now, but whose course is not the asker's to see."""
    if found and found[0] is not scope.status:
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
    days = [period.first + n * DAY for n in points]
    scale = 1 if unit in COUNTED else NANOS
    likely = tuple(seen.course[n] / scale for n in points)
    spent = tuple(min(seen.course[n], seen.spent) / scale for n in points)
    limit = scope.status.limit / scale if scope.status else None
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
    told = f"{spent} by {ctx.day(ctx.today)}, likely {likely} by {ctx.day(scope.period.end - DAY)}"
    if scope.status is None:
        return f"{told}."
    gap = scope.status.limit - seen.p50
    side = "below" if gap >= 0 else "above"
    limit = ctx.amount(scope.status.limit, scope.unit)
    return f"{told}: {ctx.estimate(abs(gap), scope.unit)} {side} the limit of {limit}."


def _buttons(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> Iterator[Button]:
    mine = account.id == ctx.account_id
    of = "" if mine else f" of {account.id.replace('/', ' ')}"
    yield Button("What is left?", f"balance{of}")
    yield Button("Why?", f"why{of}")
    if mine and scope.status and scope.status.account_id == account.id and seen.runs_out[0]:
        yield Button("Ask for more", "request", style="primary")
