"""What of the reservations still counts: what has not arrived as charges yet, so that no money counts twice.

Charges do not say which job they are of. What an account spends after a reservation was made is taken to be of it: of
jobs that are settled first, for what they cost is known, then of those that run, the oldest first.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from handlers.periods import Period
from handlers.policy import Budget, Policy
from storage.reservations import TOKENS_UNIT, Held

ARRIVES_WITHIN = timedelta(days=2)
"""So long a settled job waits for its charges; then they are taken to have arrived, or to have been less."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What a reservation takes from a budget.

    Args:
        id: of the reservation.
        account_id: who spends.
        amount: what of it has not arrived as charges, in the budget's unit.
    """

    id: int
    account_id: str
    amount: int


def outstanding(held: Iterable[Held]) -> list[Held]:
    """The reservations of some accounts, each with as much as has not arrived of it.

    Args:
        held: each reservation once.
    """
    found = []
    together: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for each in held:
        together[each.account_id, each.unit].append(each)
    for rows in together.values():
        rows.sort(key=lambda each: each.id)
        since = _arrived_between(rows)
        for place, each in sorted(enumerate(rows), key=lambda pair: (pair[1].settled_at is None, pair[1].id)):
            found.append(replace(each, amount=_less_what_arrived(each.amount, since, place)))
    return sorted(found, key=lambda each: each.id)


def _arrived_between(rows: Sequence[Held]) -> list[int]:
    """What arrived after each reservation was made and before the next one was, in the order of their making."""
    later, between = 0, []
    for each in reversed(rows):
        between.append(max(0, each.arrived - later))
        later = max(later, each.arrived)
    return between[::-1]


def _less_what_arrived(amount: int, between: list[int], place: int) -> int:
    """Take from what arrived since a reservation was made, the earliest first; what is left of its amount."""
    for each in range(place, len(between)):
        taken = min(amount, between[each])
        between[each] -= taken
        amount -= taken
    return amount


def holds_on(policy: Policy, budget: Budget, period: Period, held: Iterable[Held], now: datetime) -> tuple[Hold, ...]:
    """What reservations take from a budget in its present period.

    Tokens are reserved of budgets in tokens, money of all others. A budget for some models is touched by the jobs that
    say they use these.

    Args:
        policy: what models belong to which tier.
        budget: the rule.
        period: its present period.
        held: of one holder of the budget.
        now: the moment.
    """
    zone = ZoneInfo(budget.zone) if budget.zone else policy.zone
    found = []
    for each in outstanding(held):
        if (each.unit == TOKENS_UNIT) != (budget.unit == TOKENS_UNIT):
            continue
        if each.settled_at is not None:
            of_before = each.settled_at.astimezone(zone).date() < period.first
            if of_before or now >= each.settled_at + ARRIVES_WITHIN:
                continue
        covered = policy.covers(budget, each.model) if each.model else budget.models == "all"
        in_units = round(Fraction(each.amount, policy.credit_nanos)) if budget.unit == "credits" else each.amount
        if covered and in_units > 0:
            found.append(Hold(each.id, each.account_id, in_units))
    return tuple(found)
