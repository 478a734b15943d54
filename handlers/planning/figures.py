"""What a replay comes to: who would have been stopped and when, how often, and what would not have been spent.

Plain data in, plain data out. Money that is not spent is a range and never one figure: at most all that would have been
refused, at least what nobody would have been granted on request and could not have been spent elsewhere.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from statistics import median_low

from handlers.access import GROUP_MIN
from handlers.budgets import can_be_enforced
from handlers.money import percent
from handlers.planning.history import History
from handlers.planning.replay import Course, Granting, Replayed, Stop
from handlers.planning.suggestion import percentile
from handlers.policy import Budget, Policy
from storage.tables import ORGANIZATION

DRAWS = 300
DECIDED_MIN = 5
"""So many decisions must be known before it is said which part of what is asked is granted."""
BINDS_BELOW = 60
"""A budget of which nobody uses more percent never binds."""
WEEK = timedelta(days=7)
PARTS: tuple[tuple[int, int], ...] = ((0, 25), (25, 50), (50, 80), (80, 100), (100, 150), (150, 10**9))
"""In what parts of their limit people are sorted, in percent."""
SPENDERS = ("person", "agent")


@dataclass(frozen=True, slots=True)
class Falls:
    """On how many of a team or a group it falls.

    Args:
        name: the account's id, or the group; "" for all that are too small to be told apart.
        size: how many people and agents spent anything.
        stopped: how many of them would have been stopped.
    """

    name: str
    size: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Unused:
    """A budget of which nobody came near the limit: the highest use in percent."""

    budget: Budget
    highest: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a replay comes to.

    Args:
        spenders: accounts that spent anything: people and agents.
        stopped: those that a provider would have stopped, or that would have been told to stop.
        stops_by_period: how many stops began in each period of the window.
        first_day: the median day of the first stop of those who were stopped, counted from 1 in the period.
        earliest: the earliest day of a stop.
        days_without: working days from a stop to its end, in the middle.
        spent_nanos: what was spent in truth.
        most_nanos: what would not have been spent at most.
        least_nanos: what would not have been spent at least.
        told_nanos: the part of the most that only is saved if people do as they are told.
        cheaper_nanos: what the same tokens would have cost at cheaper models, where only some models are limited.
        resampled: the most, in one case of ten less and in one case of ten more, if whole weeks had come otherwise.
        falls_on_teams: by team, those that are large enough.
        falls_on_groups: the same by group and role of people.
        never_bind: budgets that nobody came near to.
        bind_all: names of budgets that most of those who have them reached.
        parts: how many budgets of people were used up to which part, as in PARTS.
        warned: how many times a soft limit was reached.
    """

    spenders: int
    stopped: frozenset[str]
    stops_by_period: tuple[int, ...]
    first_day: int
    earliest: date | None
    days_without: int
    spent_nanos: int
    most_nanos: int
    least_nanos: int
    told_nanos: int
    cheaper_nanos: int
    resampled: tuple[int, int]
    falls_on_teams: tuple[Falls, ...]
    falls_on_groups: tuple[Falls, ...]
    never_bind: tuple[Unused, ...]
    bind_all: tuple[str, ...]
    parts: tuple[int, ...]
    warned: int

    @property
    def stops_a_period(self) -> int:
        """How many stops there are in a period, in the middle."""
        return median_low(self.stops_by_period) if self.stops_by_period else 0


def figures(
    policy: Policy,
    budgets: Sequence[Budget],
    history: History,
    replayed: Replayed,
    granting: Granting,
    periods: Sequence[tuple[date, date]],
    told_apart: Collection[str],
) -> Figures:
    """What a replay comes to.

    Args:
        policy: working days, tiers of models.
        budgets: those that were tried.
        history: the past.
        replayed: what would have happened.
        granting: what became of requests.
        periods: first day and end of each period of the window.
        told_apart: the teams that are large enough to be told apart.
    """
    stopped = frozenset(each.account_id for each in replayed.stops)
    spenders = {each for each, cost in replayed.wanted_by.items() if cost and history.accounts[each].kind in SPENDERS}
    firsts = _first_days(replayed.stops)
    told = sum(each.missed_nanos for each in replayed.stops if not each.kept)
    most = sum(each.missed_nanos for each in replayed.stops)
    everything_granted = granting == "all"
    return Figures(
        len(spenders),
        stopped,
        tuple(sum(first <= each.day < end for each in replayed.stops) for first, end in periods),
        median_low(firsts) if firsts else 0,
        min((each.day for each in replayed.stops), default=None),
        median_low(_days_without(policy, replayed.stops)) if replayed.stops else 0,
        replayed.wanted_nanos,
        0 if everything_granted else most,
        0 if everything_granted else _least(history, replayed, granting),
        0 if everything_granted else told,
        0 if everything_granted else _cheaper(policy, history, replayed.stops),
        (0, 0) if everything_granted else _resampled(replayed.missed_by_day),
        _falls_on_teams(history, spenders, stopped, told_apart),
        _falls_on_groups(history, spenders, stopped),
        _never_bind(budgets, replayed.courses),
        _bind_all(replayed.courses),
        _parts(replayed.courses),
        sum(each.budget.limit == "soft" and each.used >= each.limit for each in replayed.courses),
    )


def _first_days(stops: Iterable[Stop]) -> list[int]:
    first: dict[tuple[str, date], int] = {}
    for each in stops:
        key = each.account_id, each.purse.first
        day = (each.day - each.purse.first).days + 1
        first[key] = min(first.get(key, day), day)
    return sorted(first.values())


def days_without(policy: Policy, stop: Stop) -> int:
    """The working days of a stop."""
    days = (stop.day + timedelta(days=number) for number in range((stop.until - stop.day).days))
    return sum(policy.working.works_on(day) for day in days)


def _days_without(policy: Policy, stops: Iterable[Stop]) -> list[int]:
    return sorted(days_without(policy, each) for each in stops)


def granted_share(history: History) -> Fraction | None:
    """Which part of what was asked in the last year was granted; None if too little is known."""
    decided = [each for each in history.asked if each.granted is not None and each.amount > 0]
    if len(decided) < DECIDED_MIN:
        return None
    parts = [Fraction(min(each.granted or 0, each.amount), each.amount) for each in decided]
    return sum(parts, Fraction(0)) / len(parts)


def _least(history: History, replayed: Replayed, granting: Granting) -> int:
    """What is refused by a provider to those who have no other, less what is granted on request."""
    granted = Fraction(0) if granting == "none" else granted_share(history)
    if granted is None:
        return 0
    refused = sum(
        each.missed_nanos for each in replayed.stops if each.kept and each.account_id not in replayed.elsewhere
    )
    return int(refused * (1 - granted))


def _cheaper(policy: Policy, history: History, stops: Iterable[Stop]) -> int:
    """What the tokens above the limits of some models would have cost at the models that are cheaper."""
    cost: dict[str, int] = defaultdict(int)
    tokens: dict[str, int] = defaultdict(int)
    for each in history.models:
        tier = policy.tier_of(each.name)
        cost[tier] += each.cost_nanos
        tokens[tier] += each.tokens - each.tokens_unpriced
    found = 0
    for stop in stops:
        tier = stop.budget.models
        others = [each for each in cost if each != tier and tokens[each] > 0]
        if tier == "all" or not tokens[tier] or not others:
            continue
        there = Fraction(sum(cost[each] for each in others), sum(tokens[each] for each in others))
        here = Fraction(cost[tier], tokens[tier])
        found += int(stop.missed_nanos * min(Fraction(1), there / here)) if here else 0
    return found


def _resampled(missed: Mapping[date, int]) -> tuple[int, int]:
    """What would not have been spent if whole weeks of the window had come again in another mix: P10 and P90."""
    weeks: list[int] = []
    start = min(missed, default=None)
    for day, amount in sorted(missed.items()):
        if start is None or day >= start + WEEK or not weeks:
            start = day
            weeks.append(0)
        weeks[-1] += amount
    dice = random.Random(len(weeks))  # noqa: S311 - the same question has the same answer
    sums = [sum(dice.choices(weeks, k=len(weeks))) for _ in range(DRAWS)] if weeks else []
    return percentile(sums, 10), percentile(sums, 90)


def _falls_on_teams(
    history: History, spenders: Iterable[str], stopped: Collection[str], told_apart: Collection[str]
) -> tuple[Falls, ...]:
    """By the nearest team that is large enough; the rest together."""
    size: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    last = history.end - timedelta(days=1)
    for each in spenders:
        above = history.line(each, last)[1:]
        team = next((one for one in above if one in told_apart and one != ORGANIZATION), "")
        size[team] += 1
        hit[team] += each in stopped
    return _falls(size, hit)


def _falls_on_groups(history: History, spenders: Iterable[str], stopped: Collection[str]) -> tuple[Falls, ...]:
    """By the groups that people are in, and agents; somebody may be in several."""
    size: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for each in spenders:
        person = history.person(each)
        of = person.groups if person else ()
        for name in ("agent",) if history.accounts[each].kind == "agent" else of:
            size[name] += 1
            hit[name] += each in stopped
    kept = {name: number for name, number in size.items() if number >= GROUP_MIN or name == "agent"}
    return _falls(Counter(kept), hit)


def _falls(size: Mapping[str, int], hit: Mapping[str, int]) -> tuple[Falls, ...]:
    """In the order of their names, what is too small to be told apart at the end."""
    return tuple(Falls(name, size[name], hit[name]) for name in sorted(size, key=lambda each: (not each, each)))


def _never_bind(budgets: Iterable[Budget], courses: Iterable[Course]) -> tuple[Unused, ...]:
    highest: dict[tuple[str, str], int] = {}
    for each in courses:
        key = each.budget.name, each.budget.who
        highest[key] = max(highest.get(key, 0), percent(each.wanted, each.limit) if each.limit > 0 else 100)
    return tuple(
        Unused(each, highest[each.name, each.who])
        for each in budgets
        if highest.get((each.name, each.who), BINDS_BELOW) < BINDS_BELOW
    )


def _bind_all(courses: Iterable[Course]) -> tuple[str, ...]:
    """Budgets that at least nine of ten of those who spend from them reached, where these are five or more."""
    have: dict[str, set[str]] = defaultdict(set)
    reached: dict[str, set[str]] = defaultdict(set)
    for each in courses:
        have[each.budget.name].add(each.purse.holder)
        if each.wanted >= each.limit:
            reached[each.budget.name].add(each.purse.holder)
    return tuple(
        name for name, all_ in have.items() if len(all_) >= GROUP_MIN and len(reached[name]) * 10 >= len(all_) * 9
    )


def _parts(courses: Iterable[Course]) -> tuple[int, ...]:
    """How people's and agents' own budgets for all models were used, by PARTS, each person's fullest in the window."""
    fullest: dict[str, int] = {}
    for each in courses:
        if each.budget.is_pool or not can_be_enforced(each.budget.model_copy(update={"limit": "hard"})):
            continue
        share = each.wanted * 100 // each.limit if each.limit > 0 else 10**9 - 1
        fullest[each.purse.holder] = max(fullest.get(each.purse.holder, 0), share)
    return tuple(sum(low <= each < high for each in fullest.values()) for low, high in PARTS)


@dataclass(frozen=True, slots=True)
class Difference:
    """Against the budgets of today: who would newly be stopped, and who no longer."""

    newly: frozenset[str]
    no_longer: frozenset[str]


def difference(now: Figures, then: Figures) -> Difference:
    """What is different from today."""
    return Difference(then.stopped - now.stopped, now.stopped - then.stopped)
