"""Caps from the past: what a share of the people of a group spent at most in a period, with a floor."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import takewhile
from math import ceil

from handlers.access import GROUP_MIN
from handlers.budgets import used
from handlers.errors import RefusedError
from handlers.money import Amount, in_units, scale_of, smallest
from handlers.periods import period_of
from handlers.planning.history import DayUse, History
from handlers.planning.proposal import Basis, Caps, Change, applied
from handlers.policy import Budget, Policy, rules_for
from storage.directory import Person
from storage.tables import ORGANIZATION

PERIODS_MIN = 2
"""So many periods must be known of somebody who counts for their group, where so many are looked at."""
_BLANK = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Group:
    """Some people, and what each of them spent in each period in which they spent anything.

    Args:
        who: whose rule it is, as app.yaml writes it.
        totals: by person.
        like: the amounts that its cap is made of. These are its own, or those of all groups together where fewer than
            five people are left: what one of them spent would stand in app.yaml.
    """

    who: str
    totals: Mapping[str, Sequence[int]]
    like: Sequence[int]


def with_changes(
    policy: Policy, budgets: Sequence[Budget], changes: Sequence[Change], history: History
) -> tuple[Budget, ...]:
    """The budgets with all changes, those that are made of the past included.

    Raises:
        RefusedError: limits of groups are tried on a part of the company.
    """
    made = applied(budgets, changes)
    for change in changes:
        base = next((each for each in made if (each.name, each.who) == (_name(change), "every person")), None)
        if isinstance(change, Caps) and base is not None:
            made = capped(made, base, change, groups(policy, made, base, history, change.of), history)
    return made


def _name(change: Change) -> str:
    return change.name if isinstance(change, Caps) else ""


def groups(policy: Policy, budgets: Sequence[Budget], base: Budget, history: History, of: Basis) -> list[Group]:
    """The groups that get a cap of their own, and what is spent in them, in the order in which app.yaml has them.

    A team has its own if there are five people of whom enough periods are known; else its people count for the team
    above it, and at last for all that is looked at, which comes last. So do people of groups and roles: who is in
    several counts for the one that stands earlier in app.yaml, of those that do not stand there for the smallest. Whom
    another rule of that name binds, such as one of their own, counts nowhere.

    Args:
        policy: calendar and tiers of models.
        budgets: among which the caps come.
        base: the one for every person whose name they have.
        history: the past.
        of: of what groups are made.

    Raises:
        RefusedError: limits of groups are asked for a part of the company.
    """
    if of == "group" and history.above != ORGANIZATION:
        raise RefusedError(
            "A limit of a group counts in all teams, so it is suggested for everybody only. Say it without a team."
        )
    everybody = spent_by_period(policy, base, history, "person")
    family = [each for each in budgets if each.name == base.name]
    bound = _bound([each for each in family if not _is_replaced(each, of, history)], history, everybody)
    totals = {each: amounts for each, amounts in everybody.items() if each not in bound or bound[each].team_id}
    known = [each.who for each in family]
    enough = min(PERIODS_MIN, max(map(len, everybody.values()), default=0))
    taken: set[str] = set()
    found = []
    for who, people in _candidates(history, totals, known, of):
        members = {each: totals[each] for each in people if each not in taken}
        if _is_group(members, enough):
            found.append(Group(who, members, _amounts(members)))
            taken.update(members)
    left = totals.keys() - taken
    rest = {each: amounts for each, amounts in totals.items() if each in left and (of != "group" or each not in bound)}
    found = found if of == "group" else sorted(found, key=lambda each: each.who)
    like = _amounts(rest if _is_group(rest, enough) else totals)
    return [*found, *([Group(_who(history.above), rest, like)] if rest else [])]


def _is_group(members: Mapping[str, Sequence[int]], enough: int) -> bool:
    """Whether so many periods are known of five of them."""
    return sum(len(amounts) >= enough for amounts in members.values()) >= GROUP_MIN


def _amounts(members: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    return tuple(amount for amounts in members.values() for amount in amounts)


def _bound(stays: Sequence[Budget], history: History, people: Iterable[str]) -> dict[str, Budget]:
    """Which rule of those that stay binds each of some people, where one does."""
    found = {}
    for each in people if stays else ():
        rules = rules_for(stays, history.accounts[each], history.person(each), _line(history, each))
        if rules:
            found[each] = rules[0]
    return found


def _line(history: History, account_id: str) -> tuple[str, ...]:
    """An account and every account above it, where it stood last."""
    placed = history.placed.get(account_id, ())
    return account_id, *(max(placed, key=lambda each: each.since).above if placed else ())


def _candidates(
    history: History, people: Iterable[str], known: Sequence[str], of: Basis
) -> Iterator[tuple[str, Sequence[str]]]:
    """What could have a rule of its own, as app.yaml writes it, and whom it would bind; what comes earlier beats it."""
    below: dict[str, list[str]] = defaultdict(list)
    match of:
        case "team":
            for each in people:
                for team in takewhile(
                    lambda above: above not in (ORGANIZATION, history.above), _line(history, each)[1:]
                ):
                    below[team].append(each)
            depth = {each: len(history.line(each, history.end)) for each in below}
            for team in sorted(below, key=lambda each: (-depth[each], each)):
                yield _who(team), below[team]
        case "group":
            for each in people:
                person = history.person(each)
                for who in _groups_of(person) if person else ():
                    below[who].append(each)
            place = {who: n for n, who in enumerate(known)}
            for who in sorted(below, key=lambda each: (place.get(each, len(place)), len(below[each]), each)):
                yield who, below[who]
        case "company":
            return


def _groups_of(person: Person) -> Iterator[str]:
    """The groups and roles of a person, as app.yaml writes whose rule it is; one with a blank cannot stand there."""
    yield from (f"every person in {each}" for each in person.groups if not _BLANK.search(each))
    yield from (f"role {each}" for each in person.roles)


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
    return rounded_up(max(change.floor, int(percentile(group.like, change.percent) * change.times)), unit)


def capped(
    budgets: Sequence[Budget], base: Budget, change: Caps, found: Sequence[Group], history: History
) -> tuple[Budget, ...]:
    """The budgets with caps in the place of the rules that they replace; who is in no group keeps the rule for all.

    Args:
        budgets: among which the caps come.
        base: the one for every person.
        change: how they are made.
        found: the groups.
        history: the past.
    """
    made = rules_of(base, change, found)
    made += [base] if all(each.who != base.who for each in made) else []
    others = [each for each in budgets if each.name != base.name or not _is_replaced(each, change.of, history)]
    before = sum(1 for each in budgets[: budgets.index(base)] if each in others)
    return (*others[:before], *made, *others[before:])


def _is_replaced(budget: Budget, of: Basis, history: History) -> bool:
    """Whether caps take the place of a rule of their name: that for all, and those of the same kind of groups."""
    if budget.who in ("every person", _who(history.above)):
        return True
    if of == "group":
        return bool(budget.group or budget.role)
    is_below = history.above == ORGANIZATION or history.above in history.line(budget.team_id, history.end)
    return bool(budget.team_id) and is_below


def rules_of(base: Budget, change: Caps, found: Sequence[Group]) -> list[Budget]:
    """A rule for the people of each group."""
    return [
        with_amount(base, cap_of(change, group, base.unit)).model_copy(update={"who": group.who}) for group in found
    ]


def _who(account_id: str) -> str:
    """Whose rule it is for an account and all below it, as app.yaml writes it."""
    if account_id == ORGANIZATION:
        return "every person"
    kind, _, name = account_id.partition("/")
    return f"every person of team {name}" if kind == "team" else f"{kind} {name}"


def with_amount(budget: Budget, units: int) -> Budget:
    """The same budget with another amount, in nanos or pieces."""
    return budget.model_copy(update={"amount": Amount(in_units(units, budget.unit).normalize(), budget.unit)})
