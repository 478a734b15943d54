"""How an account stands: every budget that binds it, with limit, spent and left.

Several budgets may bind one account. All are looked at. One that is used up decides; else the one with least left among
those that count every model, for a cap on some models stops nobody who can take another.

A pool may be split: who has a share is bound by the share, and all others together by what is not split.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.context import Context
from handlers.house import Budget, House
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from storage import ledger, people, usage
from storage.directory import Person
from storage.ledger import Posted
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
        since: the day of the allotment, if the rule came after the period's first day; else None.
        is_share: a share of a pool that was split.
    """

    budget: Budget
    account_id: str
    name: str
    period: Period
    allotment: int
    moved: int
    spent: int
    since: date | None = None
    is_share: bool = False

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


def binds(budget: Budget, account: Account, roles: Container[str], above: Container[str]) -> bool:
    """Whether a budget is an account's own, or that of an account above it."""
    if budget.role:
        return account.kind == "person" and budget.role in roles
    return bool(budget.kind and budget.kind == account.kind) or budget.account_id in above


def current(ctx: Context, budget: Budget) -> Period:
    """The period that a budget is in now, by the calendar of its zone."""
    today = ctx.now.astimezone(ZoneInfo(budget.zone)).date() if budget.zone else ctx.today
    return period_of(today, budget.every, ctx.house.organization.fiscal_year_starts)


def allotment_of(budget: Budget, period: Period, joined: date | None) -> int:
    """What the rule gives for a period: all of it, or the share of the days that are left for a joiner."""
    if not budget.prorate or joined is None or joined <= period.first:
        return budget.allotment
    days = max(0, (period.end - joined).days)
    return budget.allotment * days // period.days


def standings(ctx: Context, account: Account) -> list[Standing]:
    """How an account stands today, the deciding budget first."""
    names = people.ancestors(ctx.conn, account.id)
    person = _person_of(ctx, account)
    roles, joined = (person.roles, person.joined) if person else ((), None)
    binding = [each for each in ctx.house.budgets if binds(each, account, roles, names)]
    figures = _Figures(ctx, binding, account)
    found = []
    for budget in binding:
        period = current(ctx, budget)
        holder = budget.account_id or account.id
        if budget.is_pool:
            found += _pool(ctx, figures, budget, period, account, names[holder])
            continue
        here = figures.posted(budget, period, holder)
        allotment = here.allotment if here.has_allotment else allotment_of(budget, period, joined)
        spent = figures.spent(budget, period, holder)
        since = _late(ctx, here, period)
        found.append(Standing(budget, holder, names[holder], period, allotment, here.moved, spent, since))
    return sorted(found, key=_deciding)


def _person_of(ctx: Context, account: Account) -> Person | None:
    """Whose own account it is."""
    return ctx.somebody(account.person_id) if account.person_id else None


def _pool(
    ctx: Context, figures: "_Figures", budget: Budget, period: Period, account: Account, name: str
) -> list[Standing]:
    """A pool as a whole, and before it what binds this account in it: its share, or what is not split."""
    holder = budget.account_id
    shares = ledger.shares(ctx.conn, budget.name, period.first)
    own = shares.pop(holder, Posted(0, 0, None, has_allotment=False))
    allotment = own.allotment if own.has_allotment else budget.allotment
    shares = {each: posted for each, posted in shares.items() if posted.moved}  # a share of nothing is none
    split = sum(each.moved for each in shares.values())
    spent = figures.spent(budget, period, holder)
    since = _late(ctx, own, period)
    whole = Standing(budget, holder, name, period, allotment, own.moved + split, spent, since)
    if not split or account.id == holder:
        return [whole]
    below = figures.below(budget, period)
    if account.id in shares:
        used = below.get(account.id, 0)
        return [Standing(budget, account.id, name, period, 0, shares[account.id].moved, used, is_share=True), whole]
    theirs = sum(below.get(each, 0) for each in shares)
    return [Standing(budget, holder, name, period, allotment, own.moved, spent - theirs, is_share=True), whole]


def _late(ctx: Context, here: Posted, period: Period) -> date | None:
    """The day the allotment was posted, if that was after the first day of the period."""
    day = here.first_posted_at.astimezone(ctx.house.zone).date() if here.first_posted_at else None
    return day if day and day > period.first else None


def _deciding(standing: Standing) -> tuple[bool, bool, bool, int]:
    """The order in which limits bind: used up, for every model, in money, with least left."""
    budget = standing.budget
    return standing.left > 0, budget.models != "all", budget.unit in COUNTED, standing.left


class _Figures:
    """Entries and charges of one answer, each read once."""

    def __init__(self, ctx: Context, binding: list[Budget], account: Account) -> None:
        self._ctx = ctx
        self._spent: dict[tuple[str, date, date, str], list[Spent]] = {}
        own = [each for each in binding if not each.is_pool]
        since = min((current(ctx, each).first for each in own), default=ctx.today)
        self._posted = ledger.posted(ctx.conn, account.id, since) if own else {}

    def posted(self, budget: Budget, period: Period, _holder: str) -> Posted:
        """The entries of an account's own budget."""
        return self._posted.get((budget.name, period.first), Posted(0, 0, None, has_allotment=False))

    def spent(self, budget: Budget, period: Period, account_id: str) -> int:
        """What counts against a budget, in its unit."""
        window = (account_id, period.first, period.end, budget.zone)
        if window not in self._spent:
            self._spent[window] = _read(self._ctx, budget, period, account_id)
        return used(self._ctx.house, budget, self._spent[window])

    def below(self, budget: Budget, period: Period) -> dict[str, int]:
        """What each account below a pool spent of it, on the days on which it was there."""
        spent = spent_below(self._ctx, budget, period, budget.account_id)
        return {each: used(self._ctx.house, budget, sums) for each, sums in spent.items()}


def _read(ctx: Context, budget: Budget, period: Period, account_id: str) -> list[Spent]:
    if not _has_own_zone(ctx, budget):
        return usage.spent_by(ctx.conn, account_id, period.first, period.end, "model")
    return spent_below(ctx, budget, period, account_id)[account_id]


def spent_below(ctx: Context, budget: Budget, period: Period, account_id: str) -> dict[str, list[Spent]]:
    """What an account spent, and each below it on the days on which it was there, as a budget cuts the days."""
    if not _has_own_zone(ctx, budget):
        return usage.spent_below(ctx.conn, account_id, period.first, period.end)
    zone = ZoneInfo(budget.zone)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (period.first, period.end))
    return usage.spent_between(ctx.conn, account_id, (period.first, period.end), (start, end))


def _has_own_zone(ctx: Context, budget: Budget) -> bool:
    """The rollup cuts days as the organization does; a budget of another zone looks at the hours themselves."""
    return bool(budget.zone) and budget.zone != ctx.house.organization.zone


def used(house: House, budget: Budget, spent: list[Spent]) -> int:
    """What of some sums counts against a budget, in its unit."""
    covered = [each for each in spent if house.covers(budget, each.name)]
    return sum(each.tokens if budget.unit in COUNTED else each.cost_nanos for each in covered)
