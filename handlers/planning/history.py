"""What another policy is tried on: what everybody used day by day, where they stood then, and what they were granted.

All of it is read in a few statements; from then on it is values (replay.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from handlers.context import Context
from storage import exceptions, people, usage_history
from storage.directory import Person
from storage.exceptions import BudgetException
from storage.people import Account
from storage.spend import Spent
from storage.tables import UNALLOCATED
from storage.usage_history import Ancestor, Move, PastRequest

REQUESTS_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class DayUse:
    """What an account used on a day by model: where its provider can keep a limit, and where it cannot."""

    kept: tuple[Spent, ...]
    free: tuple[Spent, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an account stood from a day until before a day: itself and every account above it, the nearest first."""

    since: date
    until: date
    line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """A move of budget: on which day of the organization's calendar it was posted, and for which budget and period."""

    day: date
    account_id: str
    budget: str
    first: date
    kind: str
    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Excepted:
    """An exception that was approved, from a day until before a day."""

    since: date
    until: date
    rule: BudgetException


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the days first until before end, of an account and all below it.

    Args:
        above: the account.
        first: the first day.
        end: the day after the last.
        days: what each account used on each day.
        placed: where each account stood.
        accounts: by id, those that are no more as well.
        persons: those who are there today, by id.
        granted: moves of budget, the oldest first.
        excepted: the exceptions of each account.
        asked: requests for extra budget of the last year.
        unallocated_nanos: what nobody owns, and is left out.
        tokens_unpriced: tokens that nobody knows the price of, and that are left out of what is counted in money.
    """

    above: str
    first: date
    end: date
    days: Mapping[date, Mapping[str, DayUse]]
    placed: Mapping[str, Sequence[Placed]]
    accounts: Mapping[str, Account]
    persons: Mapping[str, Person]
    granted: Sequence[Granted] = ()
    excepted: Mapping[str, Sequence[Excepted]] = field(default_factory=dict)
    asked: Sequence[PastRequest] = ()
    unallocated_nanos: int = 0
    tokens_unpriced: int = 0

    def placed_on(self, account_id: str, day: date) -> Placed:
        """Where an account stood on a day, and how long; alone if it is not known."""
        here = self.placed.get(account_id, ())
        found = next((each for each in here if each.since <= day < each.until), None)
        return found or Placed(day, day + timedelta(days=1), (account_id,))

    def line(self, account_id: str, day: date) -> tuple[str, ...]:
        """An account and every account above it on a day, the nearest first."""
        return self.placed_on(account_id, day).line

    def person(self, account_id: str) -> Person | None:
        """Whose own account it is; None for a team or an agent, and for who has left."""
        account = self.accounts.get(account_id)
        return self.persons.get(account.person_id) if account else None


def load(ctx: Context, above: str, first: date, end: date) -> History:
    """Read what is known of some days, in seven statements.

    Args:
        ctx: whoever asks; must be allowed to see the account's figures.
        above: the account; the organization for everybody.
        first: the first day.
        end: the day after the last.
    """
    stoppable = {each.name for each in ctx.policy.vendors if "set_limit" in each.can}
    days: dict[date, dict[str, tuple[list[Spent], list[Spent]]]] = defaultdict(dict)
    unallocated = unpriced = 0
    for each in usage_history.used(ctx.conn, above, first, end):
        if each.account_id == UNALLOCATED:
            unallocated += each.spent.cost_nanos
            continue
        unpriced += each.spent.tokens_unpriced
        kept, free = days[each.day].setdefault(each.account_id, ([], []))
        (kept if each.provider in stoppable else free).append(each.spent)
    since = datetime.combine(ctx.today, time(), ctx.policy.zone) - REQUESTS_BACK
    return History(
        above,
        first,
        end,
        {
            day: {one: DayUse(tuple(kept), tuple(free)) for one, (kept, free) in sorted(uses.items())}
            for day, uses in sorted(days.items())
        },
        placed_by(usage_history.lines(ctx.conn, above, first, end)),
        {each.id: each for each in people.accounts_ever(ctx.conn)},
        {each.id: each for each in people.active_people(ctx.conn)},
        [_granted(ctx, each) for each in usage_history.moves(ctx.conn, first, end)],
        _excepted(ctx, exceptions.ever(ctx.conn)),
        usage_history.past_requests(ctx.conn, since),
        unallocated,
        unpriced,
    )


def placed_by(found: Iterable[Ancestor]) -> dict[str, list[Placed]]:
    """Where each account stood, from the rows of the tree through time.

    Of two accounts above one, the nearer has more above itself.
    """
    above: dict[str, list[Ancestor]] = defaultdict(list)
    for each in found:
        above[each.account_id].append(each)
    return {account_id: list(_segments(account_id, rows, above)) for account_id, rows in above.items()}


def _segments(account_id: str, rows: Sequence[Ancestor], above: Mapping[str, Sequence[Ancestor]]) -> Iterable[Placed]:
    cuts = sorted({cut for each in rows for cut in (each.since, each.until)})
    for since, until in pairwise(cuts):
        here = [each.ancestor_id for each in rows if each.since <= since < each.until]
        if here:
            depth = {each: _depth(above.get(each, ()), since) for each in here}
            line = sorted(here, key=lambda each: (each != account_id, -depth[each], each))
            yield Placed(since, until, tuple(line))


def _depth(rows: Sequence[Ancestor], day: date) -> int:
    return sum(each.since <= day < each.until for each in rows)


def _granted(ctx: Context, move: Move) -> Granted:
    day = move.posted_at.astimezone(ctx.policy.zone).date()
    return Granted(day, move.account_id, move.budget, move.period_start, move.kind, move.amount, move.unit)


def _excepted(ctx: Context, found: Iterable[BudgetException]) -> dict[str, list[Excepted]]:
    made: dict[str, list[Excepted]] = defaultdict(list)
    for each in found:
        since = each.approved_at.astimezone(ctx.policy.zone).date()
        ended = each.ended_at.astimezone(ctx.policy.zone).date() if each.ended_at else date.max
        until = min(ended, each.until + timedelta(days=1) if each.until < date.max else date.max)
        made[each.account_id].append(Excepted(since, until, each))
    return made
