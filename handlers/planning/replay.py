"""What would have happened if other budgets had been in force: days of the past, one after the other.

Plain data in, plain data out, and by the same functions that decide today: which rules bind an account (rules_for),
what they give (allotment_of), what counts against them (used), how periods are cut (period_of), and which budgets a
provider can be told to keep (can_be_enforced).

Within a day everybody spends evenly. Who reaches a limit that a provider keeps is served up to then and no further, and
what is not served draws on nothing. If several reach the end of a pool together, they do so at the same moment: the
result does not depend on an order. Where nobody can be stopped (tiers of models, tokens, providers that take no limits)
spending goes on, and what is above the limit is what would be saved if people did as they are told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from handlers.budgets import allotment_of, can_be_enforced, used
from handlers.periods import Period, period_of
from handlers.planning.history import DayUse, Granted, History
from handlers.policy import Budget, Policy, rules_for, with_exceptions

Granting = Literal["as then", "none", "all"]
DAY = timedelta(days=1)
WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True, order=True)
class Purse:
    """Something that is spent from: a budget of one account, a pool, or a share of one, in a period.

    Args:
        budget: the name of the rule.
        holder: the account whose budget or pool it is.
        first: the first day of the period.
        sharer: of a share, whose; "*" for what of a split pool is not split; else "".
    """

    budget: str
    holder: str
    first: date
    sharer: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody reached a limit.

    Args:
        account_id: who.
        purse: of what.
        budget: by which rule.
        day: the first day on which they wanted more.
        until: the day on which they could go on: because more was granted, or because the period was over.
        missed_nanos: what they wanted in that time and would not have got, in the house currency.
        missed: the same in the unit of the budget.
        kept: whether a provider stops them; else they are told, and go on if they like.
    """

    account_id: str
    purse: Purse
    budget: Budget
    day: date
    until: date
    missed_nanos: int
    missed: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How a budget went in a period: its limit at the end, what was used and what was wanted of it, in its unit."""

    purse: Purse
    budget: Budget
    limit: int
    used: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have happened.

    Args:
        stops: everybody who would have reached a limit, in the order of the days.
        courses: every budget in every whole period.
        wanted_nanos: what was spent in truth.
        missed_by_day: what would not have been served, or was above a limit, by day.
        wanted_by: what each account spent in truth.
    """

    stops: tuple[Stop, ...]
    courses: tuple[Course, ...]
    wanted_nanos: int
    missed_by_day: Mapping[date, int]
    wanted_by: Mapping[str, int]


@dataclass(slots=True)
class _Open:
    """A stop that goes on: of which purse, since when, until when at the latest."""

    budget: Budget
    purse: Purse
    day: date
    until: date
    kept: bool
    missed_nanos: int = 0
    missed: int = 0


@dataclass(slots=True)
class _Bound:
    """What a purse is on a day, for those who spend from it: its rule, its period, its limit."""

    budget: Budget
    period: Period
    limit: int


@dataclass(frozen=True, slots=True)
class _Missed:
    """What an account did not get on a day, or got above a limit: in nanos, in the budget's unit, of which purse."""

    cost_nanos: int
    units: int
    by: Purse | None


@dataclass(slots=True)
class _Wish:
    """What an account wants on a day: where it can be stopped, where it cannot, and from which purses it takes it."""

    account_id: str
    use: DayUse
    kept: int
    free: int
    purses: list[tuple[Purse, Budget]]
    until: Fraction = WHOLE
    by: Purse | None = None

    @property
    def served(self) -> int:
        """What of it is served where it can be stopped."""
        return int(self.kept * self.until)


@dataclass
class Replay:
    """Goes through the days of a history under some budgets.

    Args:
        policy: how models are sorted into tiers, how periods are cut, and which providers there are.
        budgets: those that are tried.
        history: the past.
        granting: what was granted then counts ("as then"), or does not ("none"); or nobody is ever stopped, for all
            that is asked is granted ("all").
    """

    policy: Policy
    budgets: Sequence[Budget]
    history: History
    granting: Granting = "as then"
    _spent: dict[Purse, int] = field(default_factory=lambda: defaultdict(int))
    _wanted: dict[Purse, int] = field(default_factory=lambda: defaultdict(int))
    _inside: dict[Purse, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    _moved: dict[tuple[str, date], dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _bound: dict[Purse, _Bound] = field(default_factory=dict)
    _open: dict[tuple[str, bool], _Open] = field(default_factory=dict)
    _stops: list[Stop] = field(default_factory=list)
    _rules: dict[tuple[str, tuple[str, ...]], list[Budget]] = field(default_factory=dict)
    _periods: dict[str, Period] = field(default_factory=dict)

    def run(self) -> Replayed:
        """What would have happened."""
        wanted_by: dict[str, int] = defaultdict(int)
        missed_by_day: dict[date, int] = {}
        moves = sorted(self._counting(), key=lambda each: each.day)
        day = self.history.first
        while day < self.history.end:
            while moves and moves[0].day <= day:
                self._move(moves.pop(0))
            uses = self.history.days.get(day, {})
            for account_id, use in uses.items():
                wanted_by[account_id] += _cost(use)
            missed_by_day[day] = self._day(day, uses)
            day += DAY
        for key in list(self._open):
            self._end(key, self.history.end)
        courses = (
            Course(purse, bound.budget, bound.limit, self._spent[purse], self._wanted[purse])
            for purse, bound in sorted(self._bound.items())
            if purse.sharer != "*"
        )
        stops = sorted(self._stops, key=lambda each: (each.day, each.account_id, each.purse))
        return Replayed(tuple(stops), tuple(courses), sum(wanted_by.values()), missed_by_day, dict(wanted_by))

    def _counting(self) -> Iterator[Granted]:
        """The moves of budget that count: what is carried on is worked out anew, and is no move."""
        units = {each.name: each.unit for each in self.budgets}
        for each in self.history.granted:
            out = ("rollover", "grant", "expiry") if self.granting == "none" else ("rollover",)
            if units.get(each.budget) == each.unit and each.kind not in out:
                yield each

    def _move(self, one: Granted) -> None:
        moved = self._moved[one.budget, one.first]
        moved[one.account_id] = moved.get(one.account_id, 0) + one.amount

    # A day ---------------------------------------------------------------------------------------------------------

    def _day(self, day: date, uses: Mapping[str, DayUse]) -> int:
        """Let everybody spend on a day; what was not served, or is above a limit, in nanos."""
        self._periods.clear()
        wishes = [self._wish(each, use, day) for each, use in uses.items()]
        keeping = self.granting != "all"
        if keeping:
            self._stop_on_their_own(wishes)
            self._stop_at_pools(wishes)
        above = self._take(wishes)
        missed = 0
        for wish in wishes:
            unserved = wish.kept - wish.served
            told = self._told(wish, above)
            missed += unserved + told.cost_nanos
            self._note(wish.account_id, day, _Missed(unserved, unserved, wish.by), kept=True, wanted=wish.kept)
            self._note(wish.account_id, day, told, kept=False, wanted=wish.kept + wish.free)
        return missed

    def _wish(self, account_id: str, use: DayUse, day: date) -> _Wish:
        purses = [each for budget in self._binding(account_id, day) for each in self._purses(account_id, budget, day)]
        kept, free = (sum(each.cost_nanos for each in part) for part in (use.kept, use.free))
        return _Wish(account_id, use, kept, free, purses)

    def _binding(self, account_id: str, day: date) -> list[Budget]:
        """The rules that bind an account on a day; none of a pool beyond the accounts that are looked at."""
        line = self.history.line(account_id, day)
        running = [each.rule for each in self.history.excepted.get(account_id, ()) if each.since <= day < each.until]
        key = account_id, line
        if running or key not in self._rules:
            budgets = with_exceptions(self.budgets, running, day)
            person, account = self.history.person(account_id), self.history.accounts[account_id]
            inside = line[: line.index(self.history.above) + 1] if self.history.above in line else line
            rules = [
                each
                for each in rules_for(budgets, account, person, line)
                if not each.is_pool or each.account_id in inside
            ]
            if running:
                return rules
            self._rules[key] = rules
        return self._rules[key]

    def _purses(self, account_id: str, budget: Budget, day: date) -> Iterator[tuple[Purse, Budget]]:
        """What an account takes from by a rule, if the period is a whole one of those that are looked at."""
        period = self._period(budget, day)
        if period.first < self.history.first or period.end > self.history.end:
            return
        holder = budget.account_id or account_id
        purse = Purse(budget.name, holder, period.first)
        moved = self._moved[budget.name, period.first]
        if not budget.is_pool:
            person = self.history.person(account_id)
            given = allotment_of(budget, period, person.joined if person else None)
            self._bind(purse, budget, period, given + moved.get(holder, 0) + self._carried(purse, budget, period))
            yield purse, budget
            return
        carried = self._carried(purse, budget, period)
        self._bind(purse, budget, period, budget.allotment + carried + sum(moved.values()))
        yield purse, budget
        shares = {each: amount for each, amount in moved.items() if each != holder and amount}
        if account_id in shares:
            share = replace(purse, sharer=account_id)
            self._bind(share, budget, period, shares[account_id])
            self._spent[share] = self._inside[purse][account_id]
            yield share, budget
        elif shares:
            rest = replace(purse, sharer="*")
            self._bind(rest, budget, period, budget.allotment + carried + moved.get(holder, 0))
            self._spent[rest] = self._spent[purse] - sum(self._inside[purse][each] for each in shares)
            yield rest, budget

    def _bind(self, purse: Purse, budget: Budget, period: Period, limit: int) -> None:
        self._bound[purse] = _Bound(budget, period, limit)

    def _carried(self, purse: Purse, budget: Budget, period: Period) -> int:
        """What is carried on from the period before, if that was looked at."""
        if budget.rollover_max == 0:
            return 0
        before = period_of(period.first - DAY, budget.every, self.policy.budget_calendar)
        if before.first < self.history.first:
            return 0
        earlier = replace(purse, first=before.first)
        bound = self._bound.get(earlier)
        limit = bound.limit if bound else budget.allotment + self._carried(earlier, budget, before)
        left = max(0, limit - self._spent[earlier])
        return left if budget.rollover_max is None else min(left, budget.rollover_max)

    def _period(self, budget: Budget, day: date) -> Period:
        if budget.every not in self._periods:
            self._periods[budget.every] = period_of(day, budget.every, self.policy.budget_calendar)
        return self._periods[budget.every]

    # Who is stopped when -------------------------------------------------------------------------------------------

    def _left(self, purse: Purse) -> int:
        return self._bound[purse].limit - self._spent[purse]

    def _stop_on_their_own(self, wishes: Iterable[_Wish]) -> None:
        """Who alone spends from a purse stops when it is empty."""
        for wish in wishes:
            rate = wish.kept + wish.free
            for purse, budget in wish.purses:
                if rate and can_be_enforced(budget) and not _is_shared(purse, budget):
                    until = min(WHOLE, Fraction(max(0, self._left(purse)), rate))
                    if until < wish.until:
                        wish.until, wish.by = until, purse

    def _stop_at_pools(self, wishes: Sequence[_Wish]) -> None:
        """Who spends from the same purse stops at the moment at which it is empty; the earliest such moment counts."""
        members: dict[Purse, list[_Wish]] = defaultdict(list)
        for wish in wishes:
            for purse, budget in wish.purses:
                if can_be_enforced(budget) and _is_shared(purse, budget):
                    members[purse].append(wish)
        while members:
            empty = {purse: _empty_at(self._left(purse), each) for purse, each in members.items()}
            purse = min(empty, key=lambda each: (empty[each], each))
            if empty[purse] >= WHOLE:
                return
            for wish in members.pop(purse):
                if empty[purse] < wish.until:
                    wish.until, wish.by = empty[purse], purse

    # What comes of it ----------------------------------------------------------------------------------------------

    def _take(self, wishes: Iterable[_Wish]) -> dict[Purse, Fraction]:
        """Take from the purses what is served; and which part of that is above a limit."""
        taken: dict[Purse, int] = defaultdict(int)
        for wish in wishes:
            for purse, budget in wish.purses:
                kept, free = self._counted(wish, budget)
                amount = int(kept * wish.until) + free
                taken[purse] += amount
                if purse.sharer != "*":
                    self._wanted[purse] += kept + free
                if budget.is_pool and not purse.sharer:
                    self._inside[purse][wish.account_id] += amount
        above: dict[Purse, Fraction] = {}
        for purse, amount in taken.items():
            before, bound = self._spent[purse], self._bound[purse]
            self._spent[purse] = before + amount
            over = max(0, before + amount - bound.limit) - max(0, before - bound.limit)
            if over > 0 and bound.budget.limit == "hard" and purse.sharer != "*":
                above[purse] = Fraction(over, amount)
        return above

    def _told(self, wish: _Wish, above: Mapping[Purse, Fraction]) -> _Missed:
        """What somebody got above a limit: above which most, for it would be saved only once."""
        most = _Missed(0, 0, None)
        for purse, budget in wish.purses:
            part = above.get(purse)
            if part is None:
                continue
            kept, free = self._counted(wish, budget)
            units = int((int(kept * wish.until) + free) * part)
            cost = int(self._covered(wish, budget) * part)
            if units and (cost > most.cost_nanos or most.by is None):
                most = _Missed(cost, units, purse)
        return most

    def _counted(self, wish: _Wish, budget: Budget) -> tuple[int, int]:
        """What somebody wants that counts against a budget: where they can be stopped, and where not."""
        return used(self.policy, budget, list(wish.use.kept)), used(self.policy, budget, list(wish.use.free))

    def _covered(self, wish: _Wish, budget: Budget) -> int:
        """What of that which is served counts against a budget, in nanos of the house currency."""
        kept, free = (
            sum(each.cost_nanos for each in part if self.policy.covers(budget, each.name))
            for part in (wish.use.kept, wish.use.free)
        )
        return int(kept * wish.until) + free

    def _note(self, account_id: str, day: date, missed: _Missed, *, kept: bool, wanted: int) -> None:
        """Begin a stop, let it go on, or end it because there was enough."""
        key = account_id, kept
        known = self._open.get(key)
        if known and known.until <= day:
            self._end(key, known.until)
            known = None
        if missed.by is None or (kept and missed.units <= 0):
            if known and kept and wanted:
                self._end(key, day)
            return
        if known is None or known.purse != missed.by:
            if known:
                self._end(key, day)
            bound = self._bound[missed.by]
            known = self._open[key] = _Open(bound.budget, missed.by, day, bound.period.end, kept)
        known.missed_nanos += missed.cost_nanos
        known.missed += missed.units

    def _end(self, key: tuple[str, bool], day: date) -> None:
        one = self._open.pop(key)
        until = min(day, one.until)
        self._stops.append(Stop(key[0], one.purse, one.budget, one.day, until, one.missed_nanos, one.missed, one.kept))


def _cost(use: DayUse) -> int:
    return sum(each.cost_nanos for each in (*use.kept, *use.free))


def _is_shared(purse: Purse, budget: Budget) -> bool:
    """Whether several spend from it."""
    return budget.is_pool and purse.sharer in ("", "*")


def _empty_at(left: int, members: Sequence[_Wish]) -> Fraction:
    """At which part of a day a purse is empty, 1 or later if it lasts, where each member stops at their own moment."""
    if left <= 0:
        return Fraction(0) if any(each.kept or each.free for each in members) else WHOLE
    moment, spent = Fraction(0), Fraction(0)
    rate = sum(each.kept + each.free for each in members)
    for wish in sorted(members, key=lambda each: each.until):
        if wish.until >= WHOLE:
            break
        reached = spent + rate * (wish.until - moment)
        if reached >= left:
            break
        moment, spent, rate = wish.until, reached, rate - wish.kept
    return moment + (Fraction(left) - spent) / rate if rate else WHOLE
