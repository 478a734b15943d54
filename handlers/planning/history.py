"""What another policy is tried on: what everybody used day by day, where they stood then, and what they were granted.

What was used is read as a stream, for there may be millions of days of people; the rest are values (replay.py).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, Protocol

from sqlalchemy import Connection

from handlers.context import Context
from storage import exceptions, people, spend, usage_history
from storage.directory import Person
from storage.exceptions import BudgetException
from storage.people import Account
from storage.spend import Spent
from storage.tables import ORGANIZATION, UNALLOCATED
from storage.usage_history import Ancestor, Move, PastRequest

REQUESTS_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class DayUse:
    """What an account used on a day by model: where its provider can keep a limit, and where it cannot."""

    kept: tuple[Spent, ...]
    free: tuple[Spent, ...]


@dataclass(frozen=True, slots=True)
class InAll:
    """What an account used on some days by model.

    Args:
        account_id: whose.
        use: so much.
        most: what it never exceeded on the way, more than `use` where something was given back.
    """

    account_id: str
    use: DayUse
    most: DayUse


class Uses(Protocol):
    """What everybody used, without what is unallocated; it may be asked for again and again."""

    def by_day(
        self, first: date, end: date, only: Collection[str] | None = None
    ) -> Iterator[tuple[date, Mapping[str, DayUse]]]:
        """What each account, or each of some, used on each of the days on which anything was, in their order."""

    def in_all(self, first: date, end: date) -> Iterator[InAll]:
        """The same summed up over the days."""


@dataclass(frozen=True, slots=True)
class StoredUses:
    """What the database knows that was used below an account.

    Args:
        conn: a question's connection.
        above: the account.
        stoppable: the names of providers that can keep a limit.
        accounts: all that are known, by id: what is said of one is said under the very id that stands there, for rows
            bring millions of the same.
    """

    conn: Connection
    above: str
    stoppable: Collection[str]
    accounts: Mapping[str, Account]

    def by_day(
        self, first: date, end: date, only: Collection[str] | None = None
    ) -> Iterator[tuple[date, Mapping[str, DayUse]]]:
        """See Uses."""
        found = usage_history.used(self.conn, self.above, first, end, only)
        for day, rows in groupby(found, key=attrgetter("day")):
            accounts = groupby(rows, key=attrgetter("account_id"))
            uses = {self._id(one): self._parted((each.provider, each.spent) for each in own) for one, own in accounts}
            uses.pop(UNALLOCATED, None)
            if uses:
                yield day, uses

    def in_all(self, first: date, end: date) -> Iterator[InAll]:
        """See Uses."""
        found = usage_history.used_in_all(self.conn, self.above, first, end)
        for account_id, rows in groupby(found, key=attrgetter("account_id")):
            if account_id == UNALLOCATED:
                continue
            own = list(rows)
            use = self._parted((each.provider, each.spent) for each in own)
            is_plain = all(each.spent == each.most for each in own)
            most = use if is_plain else self._parted((each.provider, each.most) for each in own)
            yield InAll(self._id(account_id), use, most)

    def _id(self, account_id: str) -> str:
        known = self.accounts.get(account_id)
        return known.id if known else account_id

    def _parted(self, found: Iterable[tuple[str, Spent]]) -> DayUse:
        kept: list[Spent] = []
        free: list[Spent] = []
        for provider, spent in found:
            (kept if provider in self.stoppable else free).append(spent)
        return DayUse(tuple(kept), tuple(free))


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an account stood from a day until before a day: every account above it, the nearest first.

    It does not name the account, so that all who stood there at the same time have the same one.
    """

    since: date
    until: date
    above: tuple[str, ...]


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
        uses: what each account used.
        placed: where each account stood.
        accounts: by id, those that are no more as well.
        persons: those who are there today, by id.
        granted: moves of budget, the oldest first.
        excepted: the exceptions of each account.
        asked: requests for extra budget of the last year.
        models: what was used in all by model, without what is unallocated.
        unallocated_nanos: what nobody owns, and is left out.
        tokens_unpriced: tokens that nobody knows the price of, and that are left out of what is counted in money.
    """

    above: str
    first: date
    end: date
    uses: Uses
    placed: Mapping[str, Sequence[Placed]]
    accounts: Mapping[str, Account]
    persons: Mapping[str, Person]
    granted: Sequence[Granted] = ()
    excepted: Mapping[str, Sequence[Excepted]] = field(default_factory=dict)
    asked: Sequence[PastRequest] = ()
    models: Sequence[Spent] = ()
    unallocated_nanos: int = 0
    tokens_unpriced: int = 0

    def placed_on(self, account_id: str, day: date) -> Placed:
        """Where an account stood on a day, and how long; alone if it is not known."""
        here = self.placed.get(account_id, ())
        found = next((each for each in here if each.since <= day < each.until), None)
        return found or Placed(day, day + timedelta(days=1), ())

    def line(self, account_id: str, day: date) -> tuple[str, ...]:
        """An account and every account above it on a day, the nearest first."""
        return account_id, *self.placed_on(account_id, day).above

    def person(self, account_id: str) -> Person | None:
        """Whose own account it is; None for a team or an agent, and for who has left."""
        account = self.accounts.get(account_id)
        return self.persons.get(account.person_id) if account else None


def load(ctx: Context, above: str, first: date, end: date) -> History:
    """Read what is known of some days, and have what was used be read when it is asked for.

    Args:
        ctx: whoever asks; must be allowed to see the account's figures.
        above: the account; the organization for everybody.
        first: the first day.
        end: the day after the last.
    """
    stoppable = {each.name for each in ctx.policy.vendors if "set_limit" in each.can}
    everything = spend.spent_by(ctx.conn, above, first, end, "model")
    nobodys = spend.spent_by(ctx.conn, UNALLOCATED, first, end, "model") if above == ORGANIZATION else []
    same: dict[Any, Any] = {}
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn, same)}
    persons = {each.id: each for each in people.active_people(ctx.conn, same)}
    placed = placed_by(usage_history.lines(ctx.conn, above, first, end, same))
    since = datetime.combine(ctx.today, time(), ctx.policy.zone) - REQUESTS_BACK
    return History(
        above,
        first,
        end,
        StoredUses(ctx.conn, above, stoppable, accounts),
        placed,
        accounts,
        persons,
        [_granted(ctx, each) for each in usage_history.moves(ctx.conn, first, end)],
        _excepted(ctx, exceptions.ever(ctx.conn)),
        usage_history.past_requests(ctx.conn, since),
        list(_less(everything, nobodys)),
        sum(each.cost_nanos for each in nobodys),
        sum(each.tokens_unpriced for each in everything) - sum(each.tokens_unpriced for each in nobodys),
    )


def _less(everything: Iterable[Spent], part: Iterable[Spent]) -> Iterator[Spent]:
    """What is left of some sums by model without a part of them."""
    out = {each.name: each for each in part}
    for each in everything:
        gone = out.get(each.name, Spent("", 0, 0, 0, 0))
        yield Spent(
            each.name,
            each.cost_nanos - gone.cost_nanos,
            each.tokens - gone.tokens,
            each.tokens_unpriced - gone.tokens_unpriced,
            each.requests - gone.requests,
        )


def placed_by(found: Iterable[Ancestor]) -> dict[str, tuple[Placed, ...]]:
    """Where each account stood, from the rows of the tree through time; one object for all who always stood alike.

    Of two accounts above one, the nearer has more above itself.
    """
    same: dict[tuple[Placed, ...], tuple[Placed, ...]] = {}
    above: dict[str, list[Ancestor]] = defaultdict(list)
    for each in found:
        above[each.account_id].append(each)
    stood = ((account_id, tuple(_segments(account_id, rows, above))) for account_id, rows in above.items())
    return {account_id: same.setdefault(where, where) for account_id, where in stood}


def _segments(account_id: str, rows: Sequence[Ancestor], above: Mapping[str, Sequence[Ancestor]]) -> Iterable[Placed]:
    cuts = sorted({cut for each in rows for cut in (each.since, each.until)})
    for since, until in pairwise(cuts):
        here = [each.ancestor_id for each in rows if each.since <= since < each.until]
        if here:
            depth = {each: _depth(above.get(each, ()), since) for each in here}
            over = sorted((each for each in here if each != account_id), key=lambda each: (-depth[each], each))
            yield Placed(since, until, tuple(over))


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
