"""Which budget counts for whom: of the rules of one name, the most specific one.

An exception that was approved in chat beats every rule of app.yaml. Among these, a rule for one person or agent beats
that of a group or a role, this beats that of a team (the nearest team first), and this the rule for every person. Of
two groups, the one that stands earlier in app.yaml counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.money import Amount, in_units
from handlers.policy.policy import Budget
from storage.directory import Person
from storage.exceptions import BudgetException
from storage.people import Account

EXCEPTION = -1
GROUP = 1
TEAM = 2
EVERY = 1_000_000
"""Further away than any team can be."""


class ExceptionRule(Budget):
    """A rule that was asked for and approved: the limit of one account, in all else like the rule it stands in for.

    Args:
        number: of the request.
        until: the last day, FOREVER for a permanent one.
        beneath: for whom the rule is that it stands in for.
    """

    number: int
    until: date
    beneath: str


def with_exceptions(budgets: Sequence[Budget], running: Iterable[BudgetException], today: date) -> tuple[Budget, ...]:
    """The rules of app.yaml, and the exceptions to them that count on a day.

    One whose budget app.yaml has no more, or counts in another unit, does not count.
    """
    rules = [_rule_of(each, budgets) for each in running if today <= each.until]
    return (*budgets, *(each for each in rules if each is not None))


def _rule_of(one: BudgetException, budgets: Sequence[Budget]) -> ExceptionRule | None:
    family = [each for each in budgets if each.name == one.budget and each.unit == one.unit and not each.is_pool]
    beneath = next((each for each in family if each.who == one.rule), next(iter(family), None))
    if beneath is None:
        return None
    said = {
        "who": one.account_id.replace("/", " ", 1),
        "amount": Amount(Decimal(in_units(one.amount, one.unit)), one.unit),
        "prorate": False,
        "number": one.request_id,
        "until": one.until,
        "beneath": beneath.who,
    }
    return ExceptionRule.model_construct(**{**dict(beneath), **said})


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that could count for an account.

    Args:
        budget: the rule.
        counts: whether it does; else a more specific one of its name does.
    """

    budget: Budget
    counts: bool


def rules_for(budgets: Sequence[Budget], account: Account, person: Person | None, line: Sequence[str]) -> list[Budget]:
    """The rules that bind an account, in the order of app.yaml: pools above it, and of each name the most specific.

    Args:
        budgets: all rules.
        account: whose budgets.
        person: whose own account it is, None for a team or an agent.
        line: ids of the account and of every account above it, the nearest first.
    """
    return [each.budget for each in considered(budgets, account, person, line) if each.counts]


def considered(
    budgets: Sequence[Budget], account: Account, person: Person | None, line: Sequence[str]
) -> list[Considered]:
    """Every rule that fits an account, and whether it counts. See `rules_for`."""
    fitting = [(each, far) for each in budgets if (far := _distance(each, account, person, line)) is not None]
    nearest: dict[str, Budget] = {}
    for budget, _ in sorted(fitting, key=lambda pair: pair[1]):
        nearest.setdefault(budget.name, budget)
    return [Considered(budget, nearest[budget.name] is budget) for budget, _ in fitting]


def _distance(budget: Budget, account: Account, person: Person | None, line: Sequence[str]) -> int | None:
    """How far a rule is from an account, 0 for its own; None if it is not for it."""
    if isinstance(budget, ExceptionRule):
        return EXCEPTION if budget.account_id == account.id else None
    if budget.is_pool:
        return 0 if budget.account_id in line else None
    if budget.account_id:
        return 0 if budget.account_id == account.id else None
    if budget.kind != account.kind:
        return None
    if budget.role:
        return GROUP if person is not None and budget.role in person.roles else None
    if budget.group:
        return GROUP if person is not None and budget.group in person.groups else None
    if budget.team_id:
        return TEAM + line.index(budget.team_id) if budget.team_id in line else None
    return EVERY
