"""What is known to come and no past day tells: prices that change, seats that were bought, people who have left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.budgets import used_by_day
from handlers.context import Context
from handlers.money import COUNTED
from handlers.periods import add_months
from handlers.policy import Budget, Contract
from handlers.pricing import Rise, announced, price_factor
from storage import seats, spend
from storage.spend import Spent
from storage.tables import ORGANIZATION

MIX_DAYS = timedelta(days=28)
"""Of so many days it is taken how much of an account's use a price is for."""
MONTHS_MAX = 12


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is known to come.

    Args:
        name: of the contract's provider.
        since: its first day.
        factor: by what the account's use costs more from then on; 1 if no price changes.
        seats: how many seats are new, 0 for none.
        extra: what it costs on which days.
    """

    name: str
    since: date
    factor: float = 1.0
    seats: int = 0
    extra: tuple[tuple[date, int], ...] = ()


def known_events(ctx: Context, account_id: str, budget: Budget | None, first: date, end: date) -> tuple[Known, ...]:
    """What contracts say of the days until before the end, the earliest first; nothing for a budget in tokens.

    Prices that changed within the days that are looked back at stand here, too: the same use cost another price then.

    Args:
        ctx: of whoever asks.
        account_id: whose days.
        budget: of which budget, None for all that is spent.
        first: of the days that are looked back at.
        end: the day after the last day that is looked ahead to.
    """
    if not ctx.policy.contracts or (budget and budget.unit in COUNTED):
        return ()
    rises = []
    if any(first < change.since < end for each in ctx.policy.contracts for change in each.prices):
        rises = [each for each in announced(ctx) if first < each.change.since < end]
    found = [*_prices(ctx, account_id, budget, rises)] if rises else []
    if account_id == ORGANIZATION and (budget is None or budget.models == "all"):
        found += [each for one in ctx.policy.contracts if (each := _seats(ctx, one, end))]
    return tuple(sorted(found, key=lambda each: (each.since, each.name)))


def _prices(ctx: Context, account_id: str, budget: Budget | None, rises: Sequence[Rise]) -> Iterator[Known]:
    """By what an account's use as a whole costs more from each day on which prices change."""
    until = min(ctx.today, *(each.change.since for each in rises))
    begin = until - MIX_DAYS
    used = {
        name: spend.daily_at(ctx.conn, name, begin, until, account_id)
        for name in sorted({each.provider for each in rises})
    }
    every = spend.spent_by_day_and_model(ctx.conn, account_id, begin, until)
    whole = sum(amount for _, amount in _counted(ctx, budget, every, begin, until))
    for provider, days in used.items() if whole > 0 else ():
        cost = [(spent.name, amount) for (_, spent), (_, amount) in _paired(ctx, budget, days)]
        before = 1.0
        for since in sorted({each.change.since for each in rises if each.provider == provider}):
            more = sum(
                amount * (float(price_factor(rises, provider, model, begin, since)) - 1) for model, amount in cost
            )
            now = 1 + more / whole
            if now != before and now > 0:
                yield Known(provider, since, now / before)
            before = now


def _counted(
    ctx: Context, budget: Budget | None, days: Iterator[tuple[date, Spent]], first: date, end: date
) -> list[tuple[date, int]]:
    if budget is None:
        return [(day, spent.cost_nanos) for day, spent in days]
    return list(used_by_day(ctx.policy, budget, days, first, end))


def _paired(
    ctx: Context, budget: Budget | None, days: Sequence[tuple[date, Spent]]
) -> Iterator[tuple[tuple[date, Spent], tuple[date, int]]]:
    """Each day and model with what of it counts."""
    for each in days:
        yield each, _counted(ctx, budget, iter([each]), each[0], each[0] + timedelta(days=1))[0]


def _seats(ctx: Context, contract: Contract, end: date) -> Known | None:
    """The seats that a contract adds which begins later in the period, at the price of app.yaml for each month."""
    if not contract.seats or not ctx.today < contract.starts < end:
        return None
    here = seats.at_provider(ctx.conn, contract.provider)
    new = contract.seats - len(here)
    plans = [contract.provider, *sorted({each.plan for each in here})]
    price = next((nanos for plan in plans if (nanos := ctx.policy.seat_nanos(plan))), 0)
    if new <= 0 or not price:
        return None
    days = [add_months(contract.starts, n) for n in range(MONTHS_MAX)]
    extra = tuple((day, new * price) for day in days if day < min(end, contract.ends))
    return replace(Known(contract.provider, contract.starts), seats=new, extra=extra)
