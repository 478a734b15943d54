"""What would have happened if other budgets had been in force: days of the past, one after the other.

Plain data in, plain data out, and by the same functions that decide today: which rules bind an account (rules_for),
what they give (allotment_of), what counts against them (used), how periods are cut (period_of), and which budgets a
provider can be told to keep (can_be_enforced).

Within a day everybody spends evenly. Who reaches a limit that a provider keeps is served up to then and no further, and
what is not served draws on nothing. If several reach the end of a pool together, they do so at the same moment: the
result does not depend on an order. Where nobody can be stopped (tiers of models, tokens, providers that take no limits)
spending goes on, and what is above the limit is what would be saved if people did as they are told.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from handlers.budgets import allotment_of, can_be_enforced, used
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from handlers.planning.history import DayUse, Granted, History, InAll
from handlers.policy import Budget, Policy, rules_for, with_exceptions

Granting = Literal["as then", "none", "all"]
DAY = timedelta(days=1)
WHOLE = Fraction(1)
REST = "*"
"""What of a pool is not split is shared by all who have no share."""


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
        elsewhere: accounts that used something where no limit can be kept.
    """

    stops: tuple[Stop, ...]
    courses: tuple[Course, ...]
    wanted_nanos: int
    missed_by_day: Mapping[date, int]
    wanted_by: Mapping[str, int]
    elsewhere: frozenset[str]


Amounts = tuple[int, int]
"""What somebody used on a day: where a limit can be kept, and where not."""


@dataclass(slots=True)
class _Open:
    """A stop that goes on: of what, since when, and whether a provider stops them."""

    pot: "_Pot"
    day: date
    kept: bool
    missed_nanos: int = 0
    missed: int = 0


@dataclass(slots=True, eq=False)
class _Pot:
    """A purse while it is spent from. There is one for each person and period, so it holds no more than it must.

    Args:
        budget: its rule.
        holder: the account whose budget or pool it is.
        period: its days.
        limit: what may be spent.
        spent: so far.
        wanted: so far.
        inside: of a pool, what each account spent of it, where some have shares.
    """

    budget: Budget
    holder: str
    period: Period
    limit: int
    spent: int = 0
    wanted: int = 0
    inside: dict[str, int] | None = None

    @property
    def purse(self) -> Purse:
        """Its name."""
        return Purse(self.budget.name, self.holder, self.period.first)

    @property
    def left(self) -> int:
        """What may still be spent."""
        return self.limit - self.used

    @property
    def used(self) -> int:
        """What was spent."""
        return self.spent

    @property
    def is_rest(self) -> bool:
        """Whether it is what of a split pool is not split."""
        return False

    @property
    def is_shared(self) -> bool:
        """Whether several spend from it."""
        return self.budget.is_pool


@dataclass(slots=True, eq=False, kw_only=True)
class _Share(_Pot):
    """A share of a pool, or what is not split of it.

    Args:
        sharer: whose; "*" for what is not split.
        whole: the pool.
        sharers: of what is not split, those who have a share.
    """

    sharer: str
    whole: _Pot
    sharers: tuple[str, ...] = ()

    @property
    def purse(self) -> Purse:
        """Its name."""
        return Purse(self.budget.name, self.holder, self.period.first, self.sharer)

    @property
    def used(self) -> int:
        """What was spent: of a share by whoever has it, of what is not split by all others."""
        inside = self.whole.inside or {}
        if self.is_rest:
            return self.whole.spent - sum(inside.get(each, 0) for each in self.sharers)
        return inside.get(self.sharer, 0)

    @property
    def is_rest(self) -> bool:
        """Whether it is what of a split pool is not split."""
        return self.sharer == REST

    @property
    def is_shared(self) -> bool:
        """Whether several spend from it."""
        return self.is_rest


@dataclass(frozen=True, slots=True)
class _Missed:
    """What an account did not get on a day, or got above a limit: in nanos, in the budget's unit, of which purse."""

    cost_nanos: int
    units: int
    by: _Pot | None


NOTHING = _Missed(0, 0, None)


@dataclass(slots=True)
class _Wish:
    """What an account wants on a day: where it can be stopped, where it cannot, and from what it takes it."""

    account_id: str
    use: DayUse
    kept: int
    free: int
    pots: Sequence[tuple[_Pot, Amounts]]
    until: Fraction | None = None
    by: _Pot | None = None

    def of(self, amounts: Amounts) -> int:
        """What is taken of some amounts: up to the moment of the stop where there is one, and all of the rest."""
        kept, free = amounts
        return (kept if self.until is None else int(kept * self.until)) + free

    def stop(self, until: Fraction, by: _Pot) -> None:
        """Stop them at a moment, unless they have stopped before."""
        if until < (WHOLE if self.until is None else self.until):
            self.until, self.by = until, by


@dataclass(frozen=True, slots=True)
class _InAll:
    """What an account wants on some days: in nanos, and of each purse in its unit."""

    account_id: str
    cost_nanos: int
    pots: tuple[_Pot, ...]
    amounts: tuple[int, ...]


@dataclass(slots=True)
class _Standing:
    """What binds an account until before a day."""

    until: date
    pots: list[_Pot]


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
    _pots: dict[tuple[str, date, str], dict[str, _Pot]] = field(default_factory=lambda: defaultdict(dict))
    _limits: dict[int, int] = field(default_factory=dict)
    _standing: dict[str, _Standing] = field(default_factory=dict)
    _moved: dict[tuple[str, date], dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _open: dict[tuple[str, bool], _Open] = field(default_factory=dict)
    _stops: list[Stop] = field(default_factory=list)
    _rules: dict[tuple[str, ...], dict[str, Sequence[Budget]]] = field(default_factory=lambda: defaultdict(dict))
    _alike: dict[tuple[int, ...], Sequence[Budget]] = field(default_factory=dict)
    _rollovers: dict[str, int | None] = field(default_factory=dict)
    _most: dict[Purse, int] = field(default_factory=lambda: defaultdict(int))
    _elsewhere: set[str] = field(default_factory=set)

    def run(self) -> Replayed:
        """What would have happened."""
        counting = sorted(self._counting(), key=lambda each: each.day)
        wanted_by, daily = self._served(counting)
        missed_by_day = self._day_by_day(deque(counting), wanted_by, daily)
        stops = sorted(self._stops, key=lambda each: (each.day, each.account_id, each.purse))
        return Replayed(
            tuple(stops),
            tuple(self._courses()),
            sum(wanted_by.values()),
            missed_by_day,
            wanted_by,
            frozenset(self._elsewhere),
        )

    def _day_by_day(
        self, moves: deque[Granted], wanted_by: dict[str, int], daily: Collection[str] | None
    ) -> dict[date, int]:
        """Go through the days of some accounts, or of all; what was not served, or is above a limit, by day.

        Args:
            moves: of budget, the oldest first; they are taken out as they count.
            wanted_by: what each account spent; what they do is put in.
            daily: these accounts, None for all.
        """
        missed_by_day: dict[date, int] = {}
        for day, uses in self._days(daily):
            while moves and moves[0].day <= day:
                self._move(moves.popleft())
            self._elsewhere.update(each for each, use in uses.items() if use.free)
            wishes = [self._wish(each, use, day) for each, use in uses.items()]
            for wish in wishes:
                wanted_by[wish.account_id] = wanted_by.get(wish.account_id, 0) + wish.kept + wish.free
            missed_by_day[day] = self._day(day, wishes)
        for key in list(self._open):
            self._end(key, self.history.end)
        return missed_by_day

    def _courses(self) -> Iterator[Course]:
        """How each purse went; each goes as soon as it is told."""
        self._standing.clear()
        self._rules.clear()
        for key in sorted(self._pots):
            held = self._pots.pop(key)
            for holder in sorted(held):
                pot = held.pop(holder)
                if not pot.is_rest:
                    yield Course(pot.purse, pot.budget, pot.limit, pot.used, pot.wanted)

    def _days(self, accounts: Collection[str] | None) -> Iterator[tuple[date, Mapping[str, DayUse]]]:
        """Each day with what some accounts, or all, used on it."""
        first, end = self.history.first, self.history.end
        is_asked = accounts is None or accounts
        told = self.history.uses.by_day(first, end, accounts) if is_asked else iter(())
        at, uses = next(told, (end, {}))
        for number in range((end - first).days):
            day = first + number * DAY
            if at > day:
                yield day, {}
                continue
            yield day, uses
            at, uses = next(told, (end, {}))

    def _counting(self) -> Iterator[Granted]:
        """The moves of budget that count: what is carried on is worked out anew, and is no move."""
        units = {each.name: each.unit for each in self.budgets}
        for each in self.history.granted:
            out = ("rollover", "grant", "expiry") if self.granting == "none" else ("rollover",)
            if units.get(each.budget) == each.unit and each.kind not in out:
                yield each

    def _move(self, one: Granted) -> None:
        """Let a move count: what binds is looked at anew."""
        moved = self._moved[one.budget, one.first]
        moved[one.account_id] = moved.get(one.account_id, 0) + one.amount
        self._standing.clear()

    # Who is served in full ------------------------------------------------------------------------------------------

    def _served(self, counting: Sequence[Granted]) -> tuple[dict[str, int], set[str] | None]:
        """Serve those at once whom no limit can stop on any day, for all that they and others wanted is below it.

        Args:
            counting: the moves of budget that count.

        Returns:
            What each of them spent, and who else there is, None for everybody: these are gone through day by day.
        """
        if any(each.every == "day" for each in self.budgets):
            return {}, None
        moved = {(each.budget, each.first) for each in counting}
        daily = {each.account_id for each in counting}
        wanted: list[_InAll] = []
        most: dict[_Pot, int] = defaultdict(int)
        for first, end in self._cuts():
            for each in self.history.uses.in_all(first, end):
                if each.use.free:
                    self._elsewhere.add(each.account_id)
                if self._is_steady(each.account_id):
                    wanted.append(self._wanted(each, first, most))
                else:
                    daily.add(each.account_id)
                    self._wanted_unsteadily(each, first, end)
        self._standing.clear()
        enough = {pot for pot, amount in most.items() if self._suffices(pot, amount, moved)}
        daily.update(one.account_id for one in wanted if not enough.issuperset(one.pots))
        served: dict[str, int] = {}
        for one in wanted:
            if one.account_id not in daily:
                served[one.account_id] = served.get(one.account_id, 0) + one.cost_nanos
                for pot, amount in zip(one.pots, one.amounts, strict=True):
                    pot.spent = pot.wanted = pot.spent + amount  # one number: nobody else took of it until now
        return served, daily

    def _cuts(self) -> Iterator[tuple[date, date]]:
        """The days of the history, cut wherever a period of a budget begins."""
        first, end = self.history.first, self.history.end
        cuts = {first, end}
        for every in {each.every for each in self.budgets}:
            day = first
            while day < end:
                day = period_of(day, every, self.policy.budget_calendar).end
                cuts.add(min(day, end))
        return pairwise(sorted(cuts))

    def _is_steady(self, account_id: str) -> bool:
        """Whether the same rules bind an account on all days."""
        placed = self.history.placed_on(account_id, self.history.first)
        return placed.until >= self.history.end and account_id not in self.history.excepted

    def _wanted(self, one: InAll, day: date, most: dict[_Pot, int]) -> _InAll:
        """What an account wants on some days, the first of which is given; what it may want at most is put in."""
        wish = self._wish(one.account_id, one.use, day)
        for pot, _ in wish.pots:
            most[pot] += self._at_most(one, pot.budget)
        cost_nanos = wish.kept + wish.free
        pots = tuple(pot for pot, _ in wish.pots)
        amounts = (sum(amounts) for _, amounts in wish.pots)
        # Most of it is one number: there may be hundreds of thousands of it.
        return _InAll(
            one.account_id, cost_nanos, pots, tuple(cost_nanos if each == cost_nanos else each for each in amounts)
        )

    def _wanted_unsteadily(self, one: InAll, first: date, end: date) -> None:
        """Count what an account may want of all that binds it on any of some days."""
        changes = [day for each in self.history.placed.get(one.account_id, ()) for day in (each.since, each.until)]
        changes += [day for each in self.history.excepted.get(one.account_id, ()) for day in (each.since, each.until)]
        days = {first, *(day for day in changes if first < day < end)}
        binding: dict[Purse, Budget] = {}
        for day in days:
            for budget in self._binding(one.account_id, self.history.placed_on(one.account_id, day).above, day):
                period = period_of(day, budget.every, self.policy.budget_calendar)
                binding[Purse(budget.name, budget.account_id or one.account_id, period.first)] = budget
        for purse, budget in binding.items():
            self._most[purse] += self._at_most(one, budget)

    def _at_most(self, one: InAll, budget: Budget) -> int:
        """What an account may want of a budget in all, at any time of some days."""
        most = [*one.most.kept, *one.most.free]
        counted = used(self.policy, budget, most)
        return max(counted, sum(each.cost_nanos for each in most)) if can_be_enforced(budget) else counted

    def _suffices(self, pot: _Pot, most: int, moved: Collection[tuple[str, date]]) -> bool:
        """Whether a purse is never empty. What is rounded each day, is carried on or was moved is not told by sums.

        Args:
            pot: the purse.
            most: what those may want of it in all whom the same rules bind on all days.
            moved: the pools, each with the first day of a period, of which something was moved.
        """
        budget = pot.budget
        is_moved = budget.is_pool and (budget.name, pot.period.first) in moved
        if is_moved or budget.unit == "credits" or self._carried_most(budget) != 0:
            return False
        return budget.limit != "hard" or most + (self._most.get(pot.purse, 0) if self._most else 0) <= pot.limit

    # What binds ----------------------------------------------------------------------------------------------------

    def _wish(self, account_id: str, use: DayUse, day: date) -> _Wish:
        standing = self._standing.get(account_id)
        if standing is None or standing.until <= day:
            standing = self._standing[account_id] = self._stands(account_id, day)
        kept, free = (sum(each.cost_nanos for each in part) for part in (use.kept, use.free))
        known: dict[tuple[str, str], Amounts] = {}
        pots = []
        for pot in standing.pots:
            key = pot.budget.models, pot.budget.unit
            if key not in known:
                known[key] = (
                    used(self.policy, pot.budget, list(use.kept)),
                    used(self.policy, pot.budget, list(use.free)) if use.free else 0,
                )
            pots.append((pot, known[key]))
        return _Wish(account_id, use, kept, free, pots)

    def _stands(self, account_id: str, day: date) -> _Standing:
        """What binds an account, until a period ends, it is moved, or an exception begins or ends."""
        placed = self.history.placed_on(account_id, day)
        excepted = self.history.excepted.get(account_id, ())
        cuts = [cut for each in excepted for cut in (each.since, each.until) if cut > day]
        until = min([placed.until, self.history.end, *cuts])
        pots: list[_Pot] = []
        for budget in self._binding(account_id, placed.above, day):
            period = period_of(day, budget.every, self.policy.budget_calendar)
            until = min(until, period.end)
            if self.history.first <= period.first and period.end <= self.history.end:
                pots += self._of(account_id, budget, period)
        return _Standing(until, pots)

    def _binding(self, account_id: str, above: tuple[str, ...], day: date) -> Sequence[Budget]:
        """The rules that bind an account on a day; none of a pool beyond the accounts that are looked at."""
        running = [each.rule for each in self.history.excepted.get(account_id, ()) if each.since <= day < each.until]
        known = self._rules[above]
        if running or account_id not in known:
            line = account_id, *above
            budgets = with_exceptions(self.budgets, running, day)
            person, account = self.history.person(account_id), self.history.accounts[account_id]
            inside = line[: line.index(self.history.above) + 1] if self.history.above in line else line
            rules = tuple(
                each
                for each in rules_for(budgets, account, person, line)
                if not each.is_pool or each.account_id in inside
            )
            if running:
                return rules
            known[account_id] = self._alike.setdefault(tuple(map(id, rules)), rules)  # most have the same
        return known[account_id]

    def _of(self, account_id: str, budget: Budget, period: Period) -> Iterator[_Pot]:
        """What an account takes from by a rule in a period."""
        holder = budget.account_id or account_id
        moved = self._moved[budget.name, period.first]
        carried = self._carried(holder, budget, period)
        if not budget.is_pool:
            person = self.history.person(account_id)
            given = allotment_of(budget, period, person.joined if person else None)
            yield self._pot(budget, holder, period, given + moved.get(holder, 0) + carried)
            return
        whole = self._pot(budget, holder, period, budget.allotment + carried + sum(moved.values()))
        whole.inside = {} if whole.inside is None else whole.inside
        yield whole
        shares = {each: amount for each, amount in moved.items() if each != holder and amount}
        if account_id in shares:
            yield self._share(whole, account_id, shares[account_id])
        elif shares:
            limit = budget.allotment + carried + moved.get(holder, 0)
            yield self._share(whole, REST, limit, tuple(shares))

    def _pot(self, budget: Budget, holder: str, period: Period, limit: int) -> _Pot:
        held = self._pots[budget.name, period.first, ""]
        limit = self._limits.setdefault(limit, limit)  # one number for all who have the same
        known = held.get(holder)
        if known is None:
            known = held[holder] = _Pot(budget, holder, period, limit)
        known.budget, known.limit = budget, limit
        return known

    def _share(self, whole: _Pot, sharer: str, limit: int, sharers: tuple[str, ...] = ()) -> _Pot:
        held = self._pots[whole.budget.name, whole.period.first, sharer]
        known = held.get(whole.holder)
        if not isinstance(known, _Share):
            known = _Share(whole.budget, whole.holder, whole.period, limit, sharer=sharer, whole=whole)
            held[whole.holder] = known
        known.budget, known.limit, known.sharers = whole.budget, limit, sharers
        return known

    def _carried(self, holder: str, budget: Budget, period: Period) -> int:
        """What is carried on from the period before, if that was looked at."""
        most = self._carried_most(budget)
        if most == 0:
            return 0
        before = period_of(period.first - DAY, budget.every, self.policy.budget_calendar)
        if before.first < self.history.first:
            return 0
        pot = self._pots[budget.name, before.first, ""].get(holder)
        left = max(0, pot.left if pot else budget.allotment + self._carried(holder, budget, before))
        return left if most is None else min(left, most)

    def _carried_most(self, budget: Budget) -> int | None:
        """How much is carried on at most, None for all."""
        if budget.rollover not in self._rollovers:
            self._rollovers[budget.rollover] = budget.rollover_max
        return self._rollovers[budget.rollover]

    # A day ---------------------------------------------------------------------------------------------------------

    def _day(self, day: date, wishes: Sequence[_Wish]) -> int:
        """Let everybody spend on a day; what was not served, or is above a limit, in nanos."""
        if self.granting != "all":
            _stop_on_their_own(wishes)
            _stop_at_pools(wishes)
        above = _take(wishes)
        missed = 0
        for wish in wishes:
            unserved = 0 if wish.until is None else wish.kept - wish.of((wish.kept, 0))
            told = self._told(wish, above) if above else NOTHING
            missed += unserved + told.cost_nanos
            if unserved or (wish.account_id, True) in self._open:
                self._note(wish.account_id, day, _Missed(unserved, unserved, wish.by), kept=True, wanted=wish.kept)
            if told.by or (wish.account_id, False) in self._open:
                self._note(wish.account_id, day, told, kept=False, wanted=wish.kept + wish.free)
        return missed

    def _told(self, wish: _Wish, above: Mapping[_Pot, Fraction]) -> _Missed:
        """What somebody got above a limit: above which most, for it would be saved only once."""
        most = NOTHING
        for pot, amounts in wish.pots:
            part = above.get(pot)
            if part is None:
                continue
            taken = wish.of(amounts)
            units = int(taken * part)
            cost = units if pot.budget.unit not in COUNTED else int(self._cost(wish, pot.budget) * part)
            if units and (cost > most.cost_nanos or most.by is None):
                most = _Missed(cost, units, pot)
        return most

    def _cost(self, wish: _Wish, budget: Budget) -> int:
        """What somebody used of what a budget in tokens or credits counts, in nanos of the house currency."""
        use = wish.use
        kept, free = (
            sum(each.cost_nanos for each in part if self.policy.covers(budget, each.name))
            for part in (use.kept, use.free)
        )
        return wish.of((kept, free))

    def _note(self, account_id: str, day: date, missed: _Missed, *, kept: bool, wanted: int) -> None:
        """Begin a stop, let it go on, or end it because there was enough."""
        key = account_id, kept
        known = self._open.get(key)
        if known and known.pot.period.end <= day:
            self._end(key, day)
            known = None
        if missed.by is None or (kept and missed.units <= 0):
            if known and kept and wanted:
                self._end(key, day)
            return
        if known is None or known.pot is not missed.by:
            if known:
                self._end(key, day)
            known = self._open[key] = _Open(missed.by, day, kept)
        known.missed_nanos += missed.cost_nanos
        known.missed += missed.units

    def _end(self, key: tuple[str, bool], day: date) -> None:
        one = self._open.pop(key)
        until = min(day, one.pot.period.end)
        self._stops.append(
            Stop(key[0], one.pot.purse, one.pot.budget, one.day, until, one.missed_nanos, one.missed, one.kept)
        )


def _stop_on_their_own(wishes: Iterable[_Wish]) -> None:
    """Who alone spends from something stops when it is empty."""
    for wish in wishes:
        rate = wish.kept + wish.free
        for pot, _ in wish.pots:
            if rate and rate > pot.left and can_be_enforced(pot.budget) and not pot.is_shared:
                wish.stop(Fraction(max(0, pot.left), rate), pot)


def _stop_at_pools(wishes: Sequence[_Wish]) -> None:
    """Who spends from the same pool stops at the moment at which it is empty; the earliest such moment counts."""
    members: dict[_Pot, list[_Wish]] = defaultdict(list)
    for wish in wishes:
        for pot, _ in wish.pots:
            if pot.is_shared and can_be_enforced(pot.budget):
                members[pot].append(wish)
    for pot, those in list(members.items()):
        if sum(each.kept + each.free for each in those) <= pot.left:
            del members[pot]
    while members:
        empty = {pot: _empty_at(pot.left, those) for pot, those in members.items()}
        pot = min(empty, key=lambda each: (empty[each], each.purse))
        if empty[pot] >= WHOLE:
            return
        for wish in members.pop(pot):
            wish.stop(empty[pot], pot)


def _take(wishes: Iterable[_Wish]) -> dict[_Pot, Fraction]:
    """Take what is served; of each purse of which something above its limit was taken, which part of it."""
    taken: dict[_Pot, int] = defaultdict(int)
    for wish in wishes:
        for pot, amounts in wish.pots:
            amount = wish.of(amounts)
            taken[pot] += amount
            pot.wanted += amounts[0] + amounts[1]
            if pot.inside is not None:
                pot.inside[wish.account_id] = pot.inside.get(wish.account_id, 0) + amount
    above = {}
    for pot, amount in taken.items():
        pot.spent += amount
        if pot.budget.limit == "hard" and not pot.is_rest:
            after = pot.used
            over = max(0, after - pot.limit) - max(0, after - amount - pot.limit)
            if over > 0:
                above[pot] = Fraction(over, amount)
    return above


def _empty_at(left: int, members: Sequence[_Wish]) -> Fraction:
    """At which part of a day a purse is empty, 1 or later if it lasts, where each member stops at their own moment."""
    if left <= 0:
        return Fraction(0) if any(each.kept or each.free for each in members) else WHOLE
    moment, spent = Fraction(0), Fraction(0)
    rate = sum(each.kept + each.free for each in members)
    stopping = [(each.until, each.kept) for each in members if each.until is not None]
    for until, kept in sorted(stopping):
        reached = spent + rate * (until - moment)
        if reached >= left:
            break
        moment, spent, rate = until, reached, rate - kept
    return moment + (Fraction(left) - spent) / rate if rate else WHOLE
