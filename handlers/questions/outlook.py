"""How a budget's period will end: the one estimate that a balance, a forecast, a digest and an approver's card show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from handlers.access import may_see
from handlers.budgets import LOOK_BACK, BudgetStatus, last_years, looked_back_to, statuses_with_days, used_by_day
from handlers.context import Context
from handlers.language import N_
from handlers.money import COUNTED
from handlers.periods import Period
from handlers.policy import Budget
from handlers.questions.free_days import free_days
from handlers.questions.known_events import Known, known_events
from handlers.questions.projection import DAY, YEAR, Forecast, project
from storage import comparisons, spend
from storage.kept import kept
from storage.people import Account
from storage.spend import Spent

DAYS_MIN = 3
"""With fewer days of usage an estimate is only shown by `forecast`, which says how rough it is."""

ESTIMATED = {
    "day": N_("Estimate for today"),
    "week": N_("Estimate for this week"),
    "month": N_("Month-end estimate"),
    "quarter": N_("Quarter-end estimate"),
    "year": N_("Year-end estimate"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked ahead at: a budget's period, or the month where there is no budget."""

    account_id: str
    period: Period
    unit: str
    status: BudgetStatus | None


def scope_of(ctx: Context, account: Account, found: Sequence[BudgetStatus]) -> Scope:
    """The first budget whose daily figures the asker may see, and whose days are one account's."""
    for each in found:
        if not is_rest(each) and may_see(ctx, each.account_id):
            return of_status(each)
    return Scope(account.id, ctx.period(ctx.today, "month"), ctx.policy.organization.currency, None)


def is_rest(status: BudgetStatus) -> bool:
    """Whether it is what is left of a split pool: several use it, so its days are nobody's alone."""
    return status.is_share and status.account_id == status.budget.account_id


def of_status(status: BudgetStatus) -> Scope:
    """The scope of one budget."""
    return Scope(status.account_id, status.period, status.budget.unit, status)


def looked_at(ctx: Context, account: Account) -> list[BudgetStatus]:
    """How an account stands, with each day's use for looking ahead."""
    if not ctx.read:
        ctx.limits_of(account.id)  # they come with the readings, which are needed to look ahead
    return statuses_with_days(ctx, account)


def whole_until(ctx: Context) -> date:
    """The day before which days are whole."""
    return comparisons.whole_before(ctx.readings(), ctx.today)


def days_of(ctx: Context, scope: Scope) -> list[tuple[date, int]]:
    """What was used on each day in the scope's unit, from ninety days ago or the period's first day on.

    Of a team and of the organization last year's same weeks stand there, too. The sum over the period is the one of the
    balance: the hours by which another zone cuts it are its first day's.
    """
    first, end = scope.period.first, scope.period.end
    start = min(first, looked_back_to(ctx))
    budget = scope.status.budget if scope.status else None
    rows: Iterable[tuple[date, Spent]] | None = scope.status.daily if scope.status else None
    last_year = (start, start) if scope.account_id.startswith("person/") else last_years(ctx, start, end)
    if rows is None:
        rows = [
            *spend.spent_by_day_and_model(ctx.conn, scope.account_id, *last_year),
            *spend.spent_by_day_and_model(ctx.conn, scope.account_id, start, end),
        ]
    days = [day for span in (last_year, (start, end)) for day in _counted(ctx, budget, rows, *span)]
    if scope.status:
        days.append((first, scope.status.spent - sum(amount for day, amount in days if first <= day < end)))
    return days


def _counted(
    ctx: Context, budget: Budget | None, rows: Iterable[tuple[date, Spent]], start: date, end: date
) -> list[tuple[date, int]]:
    """What of some days counts, in the unit of a budget, or in money."""
    if budget:
        return used_by_day(ctx.policy, budget, rows, start, end)
    return [(day, spent.cost_nanos) for day, spent in rows if start <= day < end]


def gone_of(ctx: Context, scope: Scope) -> list[tuple[date, int]]:
    """What people used of a scope's days who have left since, so that nobody expects it again."""
    if scope.account_id.startswith(("person/", "agent/")):
        return []
    start = min(scope.period.first, looked_back_to(ctx))
    rows = spend.spent_by_who_left(ctx.conn, scope.account_id, start, scope.period.end)
    return _counted(ctx, scope.status.budget if scope.status else None, rows, start, scope.period.end)


def events_of(ctx: Context, scope: Scope) -> tuple[Known, ...]:
    """What is known to come in a scope's period, and what has changed in the days that it is judged by."""
    budget = scope.status.budget if scope.status else None
    start = min(scope.period.first, looked_back_to(ctx))
    return known_events(ctx, scope.account_id, budget, start, scope.period.end)


def look_ahead(
    ctx: Context,
    scope: Scope,
    days: Sequence[tuple[date, int]],
    *,
    events: Sequence[Known] | None = None,
    gone: Sequence[tuple[date, int]] | None = None,
) -> Forecast:
    """How a scope's period will end, from what was used on each day.

    Args:
        ctx: of whoever asks.
        scope: what is looked ahead at.
        days: see `days_of`.
        events: what is known to come; None for all that is.
        gone: what people used who have left; None for what they did.
    """
    known = events_of(ctx, scope) if events is None else events
    return _projected(
        tuple(days),
        scope.period.first,
        scope.period.end,
        ctx.today,
        whole_until=whole_until(ctx),
        limit=scope.status.limit if scope.status else None,
        free=free_days(ctx.policy, ctx.today - LOOK_BACK - YEAR, scope.period.end),
        reserved=scope.status.held if scope.status else 0,
        steps=tuple((each.since, each.factor) for each in known if each.factor != 1),
        extra=tuple(day for each in known for day in each.extra),
        gone=tuple(gone_of(ctx, scope) if gone is None else gone),
    )


# The same figures have one future: between two readings it is worked out once, not for each balance and each reader.
_projected = lru_cache(maxsize=1024)(project)


def seen_ahead(ctx: Context, account: Account) -> tuple[Scope, Forecast]:
    """How the period of an account will end, and which period that is."""
    scope = scope_of(ctx, account, looked_at(ctx, account))
    return scope, look_ahead(ctx, scope, days_of(ctx, scope))


def missing(ctx: Context, status: BudgetStatus) -> int:
    """What an account's budget will likely lack when its period ends, 0 if it will do."""
    scope = of_status(status)
    return max(0, look_ahead(ctx, scope, days_of(ctx, scope)).p50 - status.limit)


def pace(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """The estimate of a budget's period as a fact; nothing while too little is known, or if its days are several's."""
    if is_rest(status):
        return []
    scope = of_status(status)
    seen = _seen(ctx, scope, status)
    return [estimated(ctx, scope, seen)] if seen.history_days >= DAYS_MIN else []


def _seen(ctx: Context, scope: Scope, status: BudgetStatus) -> Forecast:
    """The estimate of a budget's period. That of a person is kept: it comes of nothing but their days and the rules.

    But for what tiers of models say, which may be otherwise while the figures stay.
    """
    budget, working, contracts = status.budget, ctx.policy.working, ctx.policy.contracts
    if not is_plain(status):
        return look_ahead(ctx, scope, days_of(ctx, scope))
    rules = (budget.unit, budget.zone, ctx.policy.organization.zone, working.country, working.holidays, id(contracts))
    about = (scope.account_id, scope.period, ctx.today, whole_until(ctx))
    key = ("ahead", *about, *rules, status.limit, status.spent, status.held)
    # The contracts stand beside it, for an id is theirs for as long as they are there.
    return kept(ctx.conn, key, lambda: (look_ahead(ctx, scope, days_of(ctx, scope)), contracts))[0]


def is_plain(status: BudgetStatus) -> bool:
    """Whether a budget is a person's, in money, and for all models."""
    budget = status.budget
    return status.account_id.startswith("person/") and budget.models == "all" and budget.unit not in COUNTED


def estimated(ctx: Context, scope: Scope, seen: Forecast) -> tuple[str, str]:
    """The estimate of a period as a fact, such as ("Month-end estimate", "$525")."""
    return ctx.t(ESTIMATED[scope.period.every]), ctx.estimate(seen.p50, scope.unit)


def last_day(scope: Scope) -> date:
    """The last day of a scope's period."""
    return scope.period.end - DAY
