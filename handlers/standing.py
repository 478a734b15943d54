"""How an account stands: every budget that binds it, with limit, spent and left.

Several budgets may bind one account. All are looked at. One that is used up decides; else the one with least left among
those that count every model, for a cap on some models stops nobody who can take another.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from handlers.context import Context
from handlers.house import Budget, House
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from storage import ledger, people, usage
from storage.people import Account
from storage.usage import Spent


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget of one account in one period.

    Args:
        budget: the rule.
        account_id: whose budget it is: the account's own, or a pool above it.
        name: the account's name.
        period: which days.
        allotment: what the rule gave at the start.
        moved: what was granted, transferred or corrected since.
        spent: what was consumed.
    """

    budget: Budget
    account_id: str
    name: str
    period: Period
    allotment: int
    moved: int
    spent: int

    @property
    def limit(self) -> int:
        """All that may be spent in the period."""
        return self.allotment + self.moved

    @property
    def left(self) -> int:
        """What is left; below zero when it is overspent."""
        return self.limit - self.spent

    @property
    def permille(self) -> int:
        """The share used, in thousandths; 1000 of nothing if nothing is allowed."""
        return self.spent * 1000 // self.limit if self.limit > 0 else 1000 * (self.spent > 0 or self.limit < 0)


def budgets_of(house: House, account: Account, above: Container[str]) -> list[tuple[Budget, str]]:
    """The budgets that bind an account, each with the account whose budget it is: its own, or one above."""
    return [
        (budget, budget.account_id or account.id)
        for budget in house.budgets
        if (budget.kind and budget.kind == account.kind) or budget.account_id in above
    ]


def standings(ctx: Context, account: Account) -> list[Standing]:
    """How an account stands today, the deciding budget first."""
    fiscal = ctx.house.organization.fiscal_year_starts
    names = people.ancestors(ctx.conn, account.id)
    binding = [(b, h, period_of(ctx.today, b.every, fiscal)) for b, h in budgets_of(ctx.house, account, names)]
    spent: dict[tuple[str, date], list[Spent]] = {}
    entries: dict[str, dict[tuple[str, date, str], int]] = {}
    found = []
    for budget, holder, period in binding:
        if holder not in entries:
            mine = [(b, p) for b, h, p in binding if h == holder]
            entries[holder] = ledger.posted(ctx.conn, holder, [b.name for b, _ in mine], min(p.first for _, p in mine))
        window = (holder, period.first)
        if window not in spent:
            spent[window] = usage.spent_by(ctx.conn, holder, period.first, period.end, "model")
        limit, used = _limit(budget, period, entries[holder]), _used(ctx, budget, spent[window])
        found.append(Standing(budget, holder, names[holder], period, *limit, used))
    return sorted(found, key=_deciding)


def _deciding(standing: Standing) -> tuple[bool, bool, bool, int]:
    """The order in which limits bind: used up, for every model, in money, with least left."""
    budget = standing.budget
    return standing.left > 0, budget.models != "all", budget.unit in COUNTED, standing.left


def _limit(budget: Budget, period: Period, entries: dict[tuple[str, date, str], int]) -> tuple[int, int]:
    """The allotment of a period, and what was moved since.

    An allotment that is not yet posted counts as the rule stands, so that midnight is no moment without budget.
    """
    here = {kind: sum_ for (name, first, kind), sum_ in entries.items() if (name, first) == (budget.name, period.first)}
    return here.pop("allotment", budget.allotment), sum(here.values())


def _used(ctx: Context, budget: Budget, spent: list[Spent]) -> int:
    """What counts against a budget, in its unit."""
    covered = [each for each in spent if ctx.house.covers(budget, each.name)]
    return sum(each.tokens if budget.unit in COUNTED else each.cost_nanos for each in covered)
