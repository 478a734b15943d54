"""How an account stands: every budget that binds it, with limit, spent and left.

Several budgets may bind one account. All are looked at. One that is used up decides; else the one with least left among
those that count every model, for a cap on some models stops nobody who can take another.

A pool may be split: who has a share is bound by the share, and all others together by what is not split.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from handlers.budgets.holds import Hold, holds_on
from handlers.context import Context
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from handlers.policy import Budget, Policy, rules_for
from storage import comparisons, ledger, people, spend
from storage.directory import Person
from storage.kept import kept, known, note
from storage.ledger import Posted
from storage.people import Account
from storage.reservations import Held
from storage.spend import Spent, Window
from storage.tables import ORGANIZATION
from storage.terms import BudgetPeriod


@dataclass(frozen=True, slots=True)
class BudgetStatus:
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
        unpriced: tokens that a budget in money would count, if anybody knew their price.
        free: what of a pool is given to nobody and spent by nobody, where that is known.
        used: what an account without a share used of a pool that is split, where that is known.
        daily: what the account used on each day by model, for the period and the weeks before it, where that was read.
        holds: what is reserved of it for jobs whose charges have not arrived yet.
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
    unpriced: int = 0
    free: int | None = None
    used: int | None = None
    holds: tuple[Hold, ...] = ()
    daily: tuple[tuple[date, Spent], ...] | None = field(default=None, compare=False, repr=False)

    @property
    def limit(self) -> int:
        """All that may be spent in the period."""
        return self.allotment + self.moved

    @property
    def left(self) -> int:
        """What is left; below zero when it is overspent."""
        return self.limit - self.spent

    @property
    def held(self) -> int:
        """What is reserved for jobs and has not arrived as charges."""
        return sum(each.amount for each in self.holds)

    @property
    def unreserved(self) -> int:
        """What may still be promised to somebody: what is left, less what is reserved."""
        return self.left - self.held

    @property
    def remaining(self) -> int:
        """What people are told is left: not what is reserved; of one that is overspent, by how much."""
        return self.unreserved if self.left > 0 else self.left

    @property
    def usable(self) -> int:
        """What whose budget it is may still use: an agent's reservations are its own jobs."""
        return self.left if self.account_id.startswith("agent/") else self.unreserved

    def is_enforced_in(self, unit: str) -> bool:
        """Whether a provider is to keep it whose limits are in a currency or in tokens."""
        return can_be_enforced(self.budget, unit)

    @property
    def permille(self) -> int:
        """The share used, in thousandths; 1000 of nothing if nothing is allowed."""
        return self.spent * 1000 // self.limit if self.limit > 0 else 1000 * (self.spent > 0 or self.limit < 0)


def can_be_enforced(budget: Budget, unit: str = "") -> bool:
    """Whether providers can be told to keep a budget, whose limits are in money or else in a unit.

    None knows tiers of models, and who counts money knows no tokens: those are kept by telling.
    """
    is_known = budget.unit not in COUNTED or budget.unit == unit
    return budget.limit == "hard" and budget.models == "all" and is_known


def current(ctx: Context, budget: Budget) -> Period:
    """The period that a budget is in now, by the calendar of its zone."""
    today = ctx.now.astimezone(ZoneInfo(budget.zone)).date() if budget.zone else ctx.today
    return period_of(today, budget.every, ctx.policy.budget_calendar)


# Usage is still coming in when a period ends; what is left of it is carried on when two more days have passed.
STILL_MOVES = timedelta(days=2)


def lately_ended(ctx: Context, budget: Budget) -> list[Period]:
    """The periods of a budget that are over and whose figures still move, the latest first."""
    found, period = [], current(ctx, budget)
    today = ctx.now.astimezone(ZoneInfo(budget.zone)).date() if budget.zone else ctx.today
    while today < period.first + STILL_MOVES:
        period = period_of(period.first - timedelta(days=1), budget.every, ctx.policy.budget_calendar)
        found.append(period)
    return found


def allotment_of(budget: Budget, period: Period, joined: date | None) -> int:
    """What the rule gives for a period: all of it, or the share of the days that are left for a joiner."""
    if not budget.prorate or joined is None or joined <= period.first:
        return budget.allotment
    days = max(0, (period.end - joined).days)
    return budget.allotment * days // period.days


class Figures(Protocol):
    """What statuses are made of; read for one account when asked (OfOne), or for everybody at once (OfAll)."""

    def above(self, account: Account) -> dict[str, str]:
        """The account itself and every account above it today, the nearest first, each with its name."""

    def person(self, account: Account) -> Person | None:
        """Whose own account it is, None for a team or an agent."""

    def binding(self, account: Account) -> Sequence[tuple[Budget, Period]]:
        """The budgets that bind it, each in its present period."""

    def posted(self, budget: Budget, period: Period, account: Account) -> Posted:
        """The entries of an account's own budget."""

    def shares(self, budget: Budget, period: Period) -> Mapping[str, Posted]:
        """The entries of a pool by account."""

    def spent(self, budget: Budget, period: Period, account_id: str) -> int:
        """What of an account's spending counts against a budget, in its unit."""

    def below(self, budget: Budget, period: Period) -> dict[str, int]:
        """What each account below a pool spent of it, on the days on which it was there."""

    def outside(self, budget: Budget, period: Period, account_id: str) -> int:
        """The tokens of an account that a budget in money cannot count, for they have no price."""

    def outside_below(self, budget: Budget, period: Period, account_id: str) -> int:
        """The same of an account below a pool, on the days on which it was there."""

    def daily(self, account: Account) -> tuple[tuple[date, Spent], ...] | None:
        """What an account used on each day, None if that is not read."""

    def holds(self, budget: Budget, period: Period, account_id: str) -> tuple[Hold, ...]:
        """What is reserved of a budget by an account and all below it."""


LOOK_BACK = timedelta(days=90)
YEAR, SEASON, WEEK = timedelta(days=364), timedelta(days=56), timedelta(days=7)
"""The same weekday of the same week of last year, and the weeks before it that last year's are compared with."""
NOTHING = Posted(0, 0, None, has_allotment=False)


def statuses(ctx: Context, account: Account, figures: Figures | None = None) -> list[BudgetStatus]:
    """How an account stands today, the deciding budget first."""
    figures = figures or OfOne(ctx, account)
    names, person = figures.above(account), figures.person(account)
    found = []
    for budget, period in figures.binding(account):
        holder = budget.account_id or account.id
        if budget.is_pool:
            found += _pool(ctx, figures, budget, period, account, names[holder])
            continue
        here = figures.posted(budget, period, account)
        joined = person.joined if person else None
        allotment = here.allotment if here.has_allotment else allotment_of(budget, period, joined)
        spent = figures.spent(budget, period, holder)
        since = _late(ctx, here, period)
        found.append(
            BudgetStatus(
                budget,
                holder,
                names[holder],
                period,
                allotment,
                here.moved,
                spent,
                since,
                unpriced=figures.outside(budget, period, holder),
                holds=figures.holds(budget, period, holder),
            )
        )
    daily = figures.daily(account) if found else None
    if daily is not None:
        found = [replace(each, daily=daily) if each.account_id == account.id else each for each in found]
    return sorted(found, key=_deciding)


def statuses_with_days(ctx: Context, account: Account) -> list[BudgetStatus]:
    """The same with each day's use, for what looks ahead. A question keeps it, for as long as the rules stand, too.

    What depends on the moment and not only on the day is not kept: reservations, exceptions, and other zones' periods.
    """
    policy = ctx.policy
    if ctx.budgets_of(account.id) is not policy.budgets or policy.has_other_zones:
        return statuses(ctx, account, OfOne(ctx, account, daily=True))
    key = ("stands", account.id, ctx.today)
    found: tuple[object, object, list[BudgetStatus]] | None = known(ctx.conn, key)
    if found is None or found[0] is not policy.budgets or found[1] is not policy.tier_of:
        found = policy.budgets, policy.tier_of, statuses(ctx, account, OfOne(ctx, account, daily=True))
        if not any(each.holds for each in found[2]):
            note(ctx.conn, key, found)
    return list(found[2])


def _binding(
    ctx: Context, account: Account, person: Person | None, above: Iterable[str]
) -> list[tuple[Budget, Period]]:
    """The budgets that bind an account, each in its present period."""
    return [(each, current(ctx, each)) for each in _rules(ctx, account, person, tuple(above))]


def _rules(ctx: Context, account: Account, person: Person | None, line: tuple[str, ...]) -> Sequence[Budget]:
    """Those of app.yaml bind whoever is in the same team and has the same roles and groups alike: read once for all."""
    budgets = ctx.budgets_of(account.id)
    if budgets is not ctx.policy.budgets:  # one has exceptions of one's own
        return rules_for(budgets, account, person, line)
    named = kept(ctx.conn, ("named", id(budgets)), lambda: (budgets, frozenset(each.account_id for each in budgets)))
    if account.id in named[1]:
        return rules_for(budgets, account, person, line)
    roles, groups = (person.roles, person.groups) if person else ((), ())
    key = ("rules", id(budgets), account.kind, roles, groups, line[1:])
    return kept(ctx.conn, key, lambda: tuple(rules_for(budgets, account, person, line)))


def _pool(
    ctx: Context, figures: Figures, budget: Budget, period: Period, account: Account, name: str
) -> list[BudgetStatus]:
    """A pool as a whole, and before it what binds this account in it: its share, or what is not split."""
    holder = budget.account_id
    shares = dict(figures.shares(budget, period))
    own = shares.pop(holder, NOTHING)
    allotment = own.allotment if own.has_allotment else budget.allotment
    shares = {each: posted for each, posted in shares.items() if posted.moved}  # a share of nothing is none
    split = sum(each.moved for each in shares.values())
    spent = figures.spent(budget, period, holder)
    since = _late(ctx, own, period)
    outside = figures.outside(budget, period, holder)
    holds = figures.holds(budget, period, holder)
    whole = BudgetStatus(
        budget, holder, name, period, allotment, own.moved + split, spent, since, unpriced=outside, holds=holds
    )
    if not split:
        return [replace(whole, free=whole.unreserved)]
    if account.id == holder:
        return [whole]
    below = figures.below(budget, period)
    theirs = sum(below.get(each, 0) for each in shares)
    of_rest = tuple(each for each in holds if each.account_id not in shares)
    free = allotment + own.moved - (spent - theirs) - sum(each.amount for each in of_rest)
    if account.id in shares:
        share = BudgetStatus(budget, account.id, name, period, 0, shares[account.id].moved, below.get(account.id, 0))
        outside = figures.outside_below(budget, period, account.id)
        own_holds = tuple(each for each in holds if each.account_id == account.id)
        return [replace(share, is_share=True, unpriced=outside, free=free, holds=own_holds), whole]
    rest = BudgetStatus(budget, holder, name, period, allotment, own.moved, spent - theirs, is_share=True)
    outside -= sum(figures.outside_below(budget, period, each) for each in shares)
    used = below.get(account.id, 0)
    return [replace(rest, unpriced=outside, free=free, used=used, holds=of_rest), whole]


def _late(ctx: Context, here: Posted, period: Period) -> date | None:
    """The day the allotment was posted, if that was after the first day of the period."""
    day = here.first_posted_at.astimezone(ctx.policy.zone).date() if here.first_posted_at else None
    return day if day and day > period.first else None


def _deciding(status: BudgetStatus) -> tuple[bool, bool, bool, int]:
    """The order in which limits bind: used up, for every model, in money, with least left."""
    budget = status.budget
    return status.unreserved > 0, budget.models != "all", budget.unit in COUNTED, status.unreserved


class OfOne:
    """Entries and charges of one account: read at the first question, in two statements and one for each split pool.

    Args:
        ctx: whoever asks.
        account: whose.
        daily: read each day's use, too, in the same statement, for what looks ahead.
    """

    def __init__(self, ctx: Context, account: Account, *, daily: bool = False) -> None:
        self._ctx = ctx
        self._account = account
        self._daily = daily
        self._sums: dict[tuple[str, str], dict[str, int]] = {}
        self._windows: dict[tuple[str, str], dict[str, list[Spent]]] = {}

    def above(self, account: Account) -> dict[str, str]:
        """See Figures."""
        return {each.id: each.name for each in self._ctx.line(account.id)}

    def person(self, account: Account) -> Person | None:
        """See Figures."""
        return self._ctx.somebody(account.person_id) if account.person_id else None

    def binding(self, _account: Account) -> Sequence[tuple[Budget, Period]]:
        """See Figures."""
        return self._budgets

    def posted(self, budget: Budget, period: Period, _account: Account) -> Posted:
        """See Figures."""
        return self._entries[0].get((budget.name, period.first), NOTHING)

    def shares(self, budget: Budget, period: Period) -> dict[str, Posted]:
        """See Figures."""
        return self._entries[1][budget.name, period.first]

    def spent(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        if _has_own_zone(self._ctx, budget):
            return self._below(budget, period, account_id).get(account_id, 0)
        return used(self._ctx.policy, budget, self._spent[0][account_id, period.first, period.end])

    def below(self, budget: Budget, period: Period) -> dict[str, int]:
        """See Figures."""
        return self._below(budget, period, budget.account_id)

    def outside(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        if _has_own_zone(self._ctx, budget):
            found = self._window(budget, period, account_id).get(account_id, [])
        else:
            found = self._spent[0][account_id, period.first, period.end]
        return unpriced(self._ctx.policy, budget, found)

    def outside_below(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        found = self._window(budget, period, budget.account_id).get(account_id, [])
        return unpriced(self._ctx.policy, budget, found)

    def daily(self, _account: Account) -> tuple[tuple[date, Spent], ...] | None:
        """See Figures."""
        return self._spent[1] if self._daily else None

    def holds(self, budget: Budget, period: Period, account_id: str) -> tuple[Hold, ...]:
        """See Figures."""
        if not self._entries[2]:  # as nearly always
            return ()
        here = (each for each in self._entries[2] if each.holder_id == account_id)
        return holds_on(self._ctx.policy, budget, period, here, self._ctx.now)

    @cached_property
    def _budgets(self) -> list[tuple[Budget, Period]]:
        return _binding(self._ctx, self._account, self.person(self._account), self.above(self._account))

    @cached_property
    def _entries(self) -> tuple[dict[BudgetPeriod, Posted], dict[BudgetPeriod, dict[str, Posted]], tuple[Held, ...]]:
        pools = [(budget.name, period.first) for budget, period in self._budgets if budget.is_pool]
        since = min(period.first for _, period in self._budgets)
        if not self._daily:  # what an order needs to know, too, goes in the same trip
            spend.ask_ahead_for_spent_in(self._ctx.conn, self._spent_windows)
        return ledger.posted(self._ctx.conn, self._account.id, since, pools, self._ctx.now)

    @cached_property
    def _spent_windows(self) -> list[Window]:
        windows = {
            (budget.account_id or self._account.id, period.first, period.end)
            for budget, period in self._budgets
            if not _has_own_zone(self._ctx, budget)
        }
        return sorted(windows)

    @cached_property
    def _spent(self) -> tuple[dict[Window, list[Spent]], tuple[tuple[date, Spent], ...]]:
        ordered = self._spent_windows
        if not self._daily:
            return dict(zip(ordered, spend.spent_in(self._ctx.conn, ordered), strict=True)), ()
        first = min(period.first for _, period in self._budgets)
        end = max(period.end for _, period in self._budgets)
        here = (self._account.id, min(first, looked_back_to(self._ctx)), end)
        # A single person's weeks of last year tell nothing of this year's, and most balances are a person's.
        is_one = self._account.kind == "person"
        last_year = [] if is_one else [(self._account.id, *last_years(self._ctx, here[1], end))]
        sums, days = spend.spent_in_and_daily(self._ctx.conn, ordered, [*last_year, here])
        return dict(zip(ordered, sums, strict=True)), days

    def _below(self, budget: Budget, period: Period, account_id: str) -> dict[str, int]:
        if (budget.name, account_id) not in self._sums:
            spent = self._window(budget, period, account_id)
            self._sums[budget.name, account_id] = _counted(self._ctx, budget, spent)
        return self._sums[budget.name, account_id]

    def _window(self, budget: Budget, period: Period, account_id: str) -> dict[str, list[Spent]]:
        if (budget.name, account_id) not in self._windows:
            self._windows[budget.name, account_id] = spent_below(self._ctx, budget, period, account_id)
        return self._windows[budget.name, account_id]


class OfAll:
    """The same for every account, in a few statements: for what goes through the whole company."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._persons = {each.id: each for each in people.active_people(ctx.conn)}
        self._above = people.everybodys_ancestors(ctx.conn)
        self._spent: dict[tuple[str, Period, str], dict[str, list[Spent]]] = {}
        self._sums: dict[tuple[str, str], dict[str, int]] = {}

    def above(self, account: Account) -> dict[str, str]:
        """See Figures."""
        return self._above.get(account.id, {})

    def person(self, account: Account) -> Person | None:
        """See Figures."""
        return self._persons.get(account.person_id)

    def binding(self, account: Account) -> Sequence[tuple[Budget, Period]]:
        """See Figures."""
        return _binding(self._ctx, account, self.person(account), self.above(account))

    def posted(self, budget: Budget, period: Period, account: Account) -> Posted:
        """See Figures."""
        return self._posted.of(budget.name, period.first, account.id, account.kind)

    def shares(self, budget: Budget, period: Period) -> Mapping[str, Posted]:
        """See Figures."""
        return self._posted.entries[budget.name, period.first]

    def spent(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        return self._all(budget, period, ORGANIZATION).get(account_id, 0)

    def below(self, budget: Budget, period: Period) -> dict[str, int]:
        """See Figures."""
        return self._all(budget, period, budget.account_id)

    def outside(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        return unpriced(self._ctx.policy, budget, self._window(budget, period, ORGANIZATION).get(account_id, []))

    def outside_below(self, budget: Budget, period: Period, account_id: str) -> int:
        """See Figures."""
        return unpriced(self._ctx.policy, budget, self._window(budget, period, budget.account_id).get(account_id, []))

    @cached_property
    def _posted(self) -> ledger.Everything:
        budgets = [(each.name, current(self._ctx, each).first) for each in self._ctx.policy.budgets]
        return ledger.everything(self._ctx.conn, budgets)

    def daily(self, _account: Account) -> None:
        """See Figures."""

    def holds(self, _budget: Budget, _period: Period, _account_id: str) -> tuple[Hold, ...]:
        """Nothing: limits are planned by it, and the jobs for which something is reserved spend within these."""
        return ()

    def _all(self, budget: Budget, period: Period, above: str) -> dict[str, int]:
        """Budgets of the same days share what was read; each counts of it what it covers."""
        if (budget.name, above) not in self._sums:
            self._sums[budget.name, above] = _counted(self._ctx, budget, self._window(budget, period, above))
        return self._sums[budget.name, above]

    def _window(self, budget: Budget, period: Period, above: str) -> dict[str, list[Spent]]:
        window = (above, period, budget.zone)
        if window not in self._spent:
            self._spent[window] = spent_below(self._ctx, budget, period, above)
        return self._spent[window]


def looked_back_to(ctx: Context) -> date:
    """The first day of those that tell how a period will go on: ninety days before the last whole one."""
    return comparisons.whole_before(ctx.readings(), ctx.today) - LOOK_BACK


def last_years(ctx: Context, first: date, end: date) -> tuple[date, date]:
    """From when until when last year's days tell of those that come until an end: the weeks before them, too.

    None of them is among the days from the first on.
    """
    begin = looked_back_to(ctx) + LOOK_BACK - YEAR - SEASON
    return begin, max(begin, min(end - YEAR + WEEK, first))


def _counted(ctx: Context, budget: Budget, spent: dict[str, list[Spent]]) -> dict[str, int]:
    """What of the sums of several accounts counts against a budget."""
    return {each: used(ctx.policy, budget, sums) for each, sums in spent.items()}


def spent_of(ctx: Context, budget: Budget, period: Period, account_id: str) -> list[Spent]:
    """What an account and all below it spent by model, as a budget cuts the days."""
    if not _has_own_zone(ctx, budget):
        return spend.spent_by(ctx.conn, account_id, period.first, period.end, "model")
    return spent_below(ctx, budget, period, account_id)[account_id]


def spent_below(ctx: Context, budget: Budget, period: Period, account_id: str) -> dict[str, list[Spent]]:
    """What an account spent, and each below it on the days on which it was there, as a budget cuts the days."""
    if not _has_own_zone(ctx, budget):
        return spend.spent_below(ctx.conn, account_id, period.first, period.end)
    zone = ZoneInfo(budget.zone)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (period.first, period.end))
    return spend.spent_between(ctx.conn, account_id, (period.first, period.end), (start, end))


def _has_own_zone(ctx: Context, budget: Budget) -> bool:
    """The rollup cuts days as the organization does; a budget of another zone looks at the hours themselves."""
    return bool(budget.zone) and budget.zone != ctx.policy.organization.zone


def used(policy: Policy, budget: Budget, spent: list[Spent]) -> int:
    """What of some sums counts against a budget, in its unit."""
    covered = spent if budget.models == "all" else [each for each in spent if policy.covers(budget, each.name)]
    return _in_unit(policy, budget.unit, covered)


def used_by_day(
    policy: Policy, budget: Budget, daily: Iterable[tuple[date, Spent]], first: date, end: date
) -> list[tuple[date, int]]:
    """The same of each day from the first until before the end, a part for each model."""
    unit, every, covers = budget.unit, budget.models == "all", policy.covers
    here = (each for each in daily if first <= each[0] < end)
    if every and unit not in COUNTED:  # nearly all budgets, and many rows
        return [(day, spent.cost_nanos) for day, spent in here]
    return [
        (day, _in_unit(policy, unit, (spent,)) if every or covers(budget, spent.name) else 0) for day, spent in here
    ]


def _in_unit(policy: Policy, unit: str, covered: Collection[Spent]) -> int:
    if unit == "tokens":
        return sum(each.tokens for each in covered)
    nanos = sum(each.cost_nanos for each in covered)
    return round(Fraction(nanos, policy.credit_nanos)) if unit == "credits" else nanos


def unpriced(policy: Policy, budget: Budget, spent: list[Spent]) -> int:
    """The tokens of some sums that a budget in money would count, if anybody knew their price."""
    if budget.unit in COUNTED:
        return 0
    return sum(each.tokens_unpriced for each in spent if policy.covers(budget, each.name))
