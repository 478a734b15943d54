"""What an account without a history of its own may cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from handlers.alerts.spikes.burn import Allowed
from handlers.alerts.spikes.days import NEWCOMER_TIMES
from handlers.budgets import current
from handlers.context import Context
from handlers.policy import rules_for
from storage.burn_rate import Bucket
from storage.charges import HOURS_OF_A_DAY
from storage.directory import Person
from storage.people import Account

PEERS_MIN = 12
PEOPLE_TIMES = 2  # people work on some days and some hours only


class Peers:
    """What the dearest but one in twenty of a kind cost of late: for accounts that have no history of their own.

    An account is no peer of itself, nor are those that burn or are new themselves. With few peers, a newcomer may cost
    what app.yaml allows for its kind. What was decided for it counts more: some times the even pace through its own
    budget, and no more than that through a budget that it shares with others.
    """

    def __init__(
        self,
        ctx: Context,
        accounts: Mapping[str, Account],
        persons: Mapping[str, Person],
        late: Mapping[str, Sequence[Bucket]],
    ) -> None:
        self._ctx = ctx
        self._accounts = accounts
        self._persons = persons
        self._hours: dict[str, dict[str, list[int]]] = defaultdict(dict)
        self._days: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for account_id, buckets in late.items():
            if account_id not in accounts:
                continue
            kind = accounts[account_id].kind
            days: dict[date, int] = defaultdict(int)
            for each in buckets:
                days[each.day] += 0 if each.beside else each.cost_nanos
            self._days[kind][account_id] = list(days.values())
            self._hours[kind][account_id] = [
                each.cost_nanos // each.hours for each in buckets if each.hours < HOURS_OF_A_DAY and each.cost_nanos
            ]

    def allowed(self, account_id: str, *, is_new: bool) -> Allowed:
        """What a dear hour, and what a day of a newcomer may cost; budgets are looked up of newcomers only."""
        account = self._accounts[account_id]
        cap = self._ctx.policy.guard_cap_nanos(account.kind)
        hours, days = (self._of_others(each[account.kind], account_id) for each in (self._hours, self._days))
        hour, day = hours or cap // 24, NEWCOMER_TIMES * days or cap
        if is_new:
            floor = self._ctx.policy.guard_floor_nanos
            own, shared = self._paces(account)
            hour, day = (hour, day) if own is None else (max(own, floor) // 24, max(own, floor))
            day = day if shared is None else min(day, max(shared, floor))
        return Allowed(min(hour, day), day, days)

    def _paces(self, account: Account) -> tuple[int | None, int | None]:
        """What a day may cost by the budgets that bind an account: by its own, and by those that others share."""
        rules = rules_for(
            self._ctx.budgets_of(account.id), account, self._persons.get(account.person_id), self._line(account)
        )
        found: dict[bool, list[int]] = {False: [], True: []}
        for rule in rules:
            if rule.unit == self._ctx.policy.organization.currency and rule.models == "all":
                times = NEWCOMER_TIMES * (PEOPLE_TIMES if account.kind == "person" else 1)
                found[rule.is_pool].append(times * rule.allotment // current(self._ctx, rule).days)
        return min(found[False], default=None), min(found[True], default=None)

    def _line(self, account: Account) -> list[str]:
        """An account and those above it, the nearest first."""
        found = [account.id]
        while (account := self._accounts.get(account.parent_id, account)).id not in found:
            found.append(account.id)
        return found

    @staticmethod
    def _of_others(costs: Mapping[str, Sequence[int]], account_id: str) -> int:
        others = [each for who, each in costs.items() if who != account_id and each]
        return dearest(cost for each in others for cost in each) if len(others) >= PEERS_MIN else 0


def dearest(costs: Iterable[int]) -> int:
    """The dearest but one in twenty, 0 of none."""
    known = sorted(costs)
    return known[len(known) * 19 // 20] if known else 0
