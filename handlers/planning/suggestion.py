"""Caps from the past: what a share of the people of a group spent at most in a period, with a floor."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from math import ceil

from handlers.access import GROUP_MIN
from handlers.budgets import used
from handlers.money import Amount, in_units, scale_of, smallest
from handlers.periods import period_of
from handlers.planning.history import DayUse, History
from handlers.planning.proposal import Caps, Change, applied
from handlers.policy import Budget, Policy
from storage.tables import ORGANIZATION

PERIODS_MIN = 2
"""So many periods must be known of somebody who counts for their group, where so many are looked at."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some people, and what each of them spent in each period in which they spent anything.

    Args:
        account_id: the team; for all who are in none that is large enough, the account that is looked at.
        totals: by person.
    """

    account_id: str
    totals: Mapping[str, Sequence[int]]


def with_changes(
    policy: Policy, budgets: Sequence[Budget], changes: Sequence[Change], history: History
) -> tuple[Budget, ...]:
    """The budgets with all changes, those that are made of the past included."""
    made = applied(budgets, changes)
    for change in changes:
        if isinstance(change, Caps):
            made = _capped(policy, made, change, history)
    return made


def groups(policy: Policy, budget: Budget, history: History, *, kind: str = "person", by_team: bool) -> list[Group]:
    """The groups that get a cap of their own, and what is spent in them.

    A team has its own if there are five people of whom enough periods are known; else its people count for the team
    above it, and at last for all that is looked at, which comes last.
    """
    totals = spent_by_period(policy, budget, history, kind)
    if not by_team:
        return [Group(history.above, totals)]
    last = history.end
    below: dict[str, list[str]] = defaultdict(list)
    for account_id in totals:
        placed = history.placed.get(account_id, ())
        line = max(placed, key=lambda each: each.since).line if placed else (account_id,)
        for above in line[1:]:
            below[above].append(account_id)
    lines = {each: history.line(each, last) for each in below}
    teams = [each for each in below if each != ORGANIZATION]
    taken: set[str] = set()
    found = []
    for team in sorted(teams, key=lambda each: (-_depth(lines, each), each)):
        members = [each for each in below[team] if each not in taken]
        if sum(len(totals[each]) >= min(PERIODS_MIN, _most(totals)) for each in members) >= GROUP_MIN:
            found.append(Group(team, {each: totals[each] for each in members}))
            taken.update(members)
    rest = {each: amounts for each, amounts in totals.items() if each not in taken}
    return [*sorted(found, key=lambda each: each.account_id), *([Group(history.above, rest)] if rest else [])]


def _depth(lines: Mapping[str, Sequence[str]], team: str) -> int:
    return len(lines[team])


def _most(totals: Mapping[str, Sequence[int]]) -> int:
    return max((len(each) for each in totals.values()), default=0)


def spent_by_period(policy: Policy, budget: Budget, history: History, kind: str) -> dict[str, list[int]]:
    """What of each account of a kind counts against a budget in each whole period in which there was anything."""
    found: dict[str, list[int]] = defaultdict(list)
    for uses in _by_period(policy, budget, history):
        for account_id, use in uses:
            if history.accounts[account_id].kind != kind:
                continue
            amount = used(policy, budget, [*use.kept, *use.free])
            if amount:
                found[account_id].append(amount)
            else:
                found.setdefault(account_id, [])
    return dict(sorted(found.items()))


def _by_period(policy: Policy, budget: Budget, history: History) -> Iterator[Iterable[tuple[str, DayUse]]]:
    """What was used in each whole period of a budget, the earliest first."""
    if budget.every == "day":
        for _, uses in history.uses.by_day(history.first, history.end):
            yield uses.items()
        return
    day = history.first
    while day < history.end:
        period = period_of(day, budget.every, policy.budget_calendar)
        if history.first <= period.first and period.end <= history.end:
            yield ((each.account_id, each.use) for each in history.uses.in_all(period.first, period.end))
        day = period.end


def percentile(amounts: Iterable[int], percent: int) -> int:
    """The least of some amounts that so many percent of them do not exceed; 0 of none."""
    ordered = sorted(amounts)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0


def rounded_up(amount: int, unit: str) -> int:
    """An amount with two digits that count, as people set limits."""
    whole = Decimal(in_units(amount, unit)).to_integral_value(ROUND_CEILING)
    step = Decimal(10) ** max(0, whole.adjusted() - 1)
    return max(int((whole / step).to_integral_value(ROUND_CEILING) * step * scale_of(unit)), smallest(unit))


def cap_of(change: Caps, group: Group, unit: str) -> int:
    """The cap of a group."""
    amounts = (amount for each in group.totals.values() for amount in each)
    return rounded_up(max(change.floor, int(percentile(amounts, change.percent) * change.times)), unit)


def _capped(policy: Policy, budgets: Sequence[Budget], change: Caps, history: History) -> tuple[Budget, ...]:
    family = [each for each in budgets if each.name == change.name]
    base = next((each for each in family if each.who == "every person"), None)
    if base is None:
        return tuple(budgets)
    found = groups(policy, base, history, by_team=change.of == "team")
    made = rules_of(base, change, found)
    made += [base] if all(each.who != base.who for each in made) else []
    others = [each for each in budgets if each.name != change.name or not _is_replaced(each)]
    place = next(n for n, each in enumerate(budgets) if each is base)
    before = sum(1 for each in budgets[:place] if each in others)
    return (*others[:before], *made, *others[before:])


def _is_replaced(budget: Budget) -> bool:
    return budget.who == "every person" or budget.who.startswith("every person of team ")


def rules_of(base: Budget, change: Caps, found: Sequence[Group]) -> list[Budget]:
    """A rule for the people of each group."""
    return [
        with_amount(base, cap_of(change, group, base.unit)).model_copy(update={"who": _who(group)}) for group in found
    ]


def _who(group: Group) -> str:
    """Whose rule it is, as app.yaml writes it."""
    if group.account_id == ORGANIZATION:
        return "every person"
    kind, _, name = group.account_id.partition("/")
    return f"every person of team {name}" if kind == "team" else f"{kind} {name}"


def with_amount(budget: Budget, units: int) -> Budget:
    """The same budget with another amount, in nanos or pieces."""
    return budget.model_copy(update={"amount": Amount(in_units(units, budget.unit).normalize(), budget.unit)})
