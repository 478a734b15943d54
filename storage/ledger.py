"""Entries: movements of budget, posted once and never changed.

Balance = sum of entries - sum of charges. It is always derived.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Date,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from storage import reservations, terms
from storage.kept import known, note
from storage.prepared import Prepared, Written
from storage.reservations import Held
from storage.sums import halves, parts, whole
from storage.tables import FOREVER, Instant, accounts, entries, presence
from storage.terms import BudgetPeriod
from storage.upsert import insert_for

K = TypeVar("K")

EntryKind = Literal["allotment", "grant", "transfer", "rollover", "correction", "expiry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of budget.

    Args:
        key: names its cause, such as "grant/42"; the same key is posted once.
        account_id: who may spend more or less by it.
        budget: the name of the rule in app.yaml.
        period_start: first day of the period that it counts in.
        kind: why it was posted.
        amount: nanos of the currency, or tokens; negative takes away.
        unit: the currency's code, or "tokens".
        said_by: id of the person who caused it; "clock" for allotments.
        note: the reason in words, "" if none.
        posted_at: when.
    """

    key: str
    account_id: str
    budget: str
    period_start: date
    kind: EntryKind
    amount: int
    unit: str
    said_by: str
    note: str
    posted_at: datetime


FIELDS = tuple(Entry.__dataclass_fields__)
_VALUES = attrgetter(*FIELDS)


@dataclass(frozen=True, slots=True)
class Posted:
    """Sums of entries of one budget and period.

    Args:
        allotment: what the rule gave.
        moved: everything else.
        first_posted_at: when the allotment was posted, None if it is not.
        has_allotment: whether it is.
        has_rollover: whether something was carried on into this period, or out of it.
    """

    allotment: int
    moved: int
    first_posted_at: datetime | None
    has_allotment: bool
    has_rollover: bool = False


_SUMS = (
    entries.c.budget,
    entries.c.period_start,
    entries.c.kind,
    func.min(entries.c.posted_at),
    *halves(entries.c.amount),
)
_HELD = -2
_TERMS = -3
_NO_ENTRY = (
    cast(null(), String(64)),
    cast(null(), Date),
    cast(null(), String(16)),
    cast(null(), Instant),
    cast(null(), BigInteger),
    cast(null(), BigInteger),
)
_POSTED = (
    select(entries.c.account_id, *_SUMS)
    .where(
        entries.c.account_id == bindparam("account"),
        entries.c.period_start >= bindparam("since", type_=Date),
    )
    .group_by(entries.c.account_id, entries.c.budget, entries.c.period_start, entries.c.kind)
)


_COUNTING = terms.counting()
# What the terms say for the same account, in the columns of its entries.
_TERMED = select(
    accounts.c.id,
    _COUNTING.c.budget,
    _COUNTING.c.period_start,
    _COUNTING.c.kind,
    _COUNTING.c.first_posted_at,
    *parts(_COUNTING.c.amount),
).where(
    accounts.c.id == bindparam("account"),
    accounts.c.kind == _COUNTING.c.kind,
    _COUNTING.c.period_start >= bindparam("since", type_=Date),
    terms.are_for(accounts.c.id, _COUNTING.c.first_id),
)


_PRESENCE = -4
# The terms of some periods and who was there when, for the statement of everybody's entries. The number of the first
# terms stands where entries have their account.
_TERMS_SINCE = select(
    cast(_COUNTING.c.first_id, String(80)),
    _COUNTING.c.budget,
    _COUNTING.c.period_start,
    _COUNTING.c.kind,
    _COUNTING.c.first_posted_at,
    *parts(_COUNTING.c.amount),
    literal(_TERMS),
).where(_COUNTING.c.period_start >= bindparam("since", type_=Date))
_STRETCHES = select(
    presence.c.account_id, *_NO_ENTRY[:4], presence.c.after_term, presence.c.last_term, literal(_PRESENCE)
)


@cache
def _everything(count: int) -> Any:
    return union_all(*(_shares(number) for number in range(count)), _TERMS_SINCE, _STRETCHES)


@cache
def _posted_and_shares(pools: int) -> Prepared:
    """With them what the terms say, and what is reserved: the columns of either are empty where the other is."""
    own = _POSTED.add_columns(literal(-1), *reservations.NONE)
    termed = _TERMED.add_columns(literal(_TERMS), *reservations.NONE)
    of_pools = (_shares(number).add_columns(*reservations.NONE) for number in range(pools))
    reserved = reservations.above().subquery()
    ancestor, *rest = reserved.c
    held = select(ancestor, *_NO_ENTRY, literal(_HELD), *rest)
    return Prepared(union_all(own, termed, *of_pools, held))


def _shares(number: int) -> Select[Any]:
    """The entries of a budget in a period; the parameters of each have a number."""
    return (
        select(entries.c.account_id, *_SUMS, literal(number))
        .where(
            entries.c.budget == bindparam(f"budget_{number}"),
            entries.c.period_start == bindparam(f"first_{number}", type_=Date),
        )
        .group_by(entries.c.account_id, entries.c.budget, entries.c.period_start, entries.c.kind)
    )


_SHARES = _shares(0)


def by_terms(own: Posted | None, amount: int, posted_at: datetime) -> Posted:
    """What an account has by its entries, or where none of them is an allotment, by the terms of the period.

    Args:
        own: the sums of its entries, None if it has none.
        amount: what the terms say.
        posted_at: when they were posted.
    """
    if own and own.has_allotment:
        return own
    found = own or Posted(0, 0, None, has_allotment=False)
    return replace(found, allotment=amount, first_posted_at=posted_at, has_allotment=True)


def _folded(rows: Iterable[Any], key: Callable[[Any], K]) -> dict[K, Posted]:
    found: dict[K, Posted] = {}
    for row in rows:
        old, kind = found.get(key(row), Posted(0, 0, None, has_allotment=False)), row[3]
        if kind == "allotment":
            found[key(row)] = replace(old, allotment=whole(row[5], row[6]), first_posted_at=row[4], has_allotment=True)
        else:
            rolled = old.has_rollover or kind == "rollover"
            found[key(row)] = replace(old, moved=old.moved + whole(row[5], row[6]), has_rollover=rolled)
    return found


def post(conn: Connection, new: Sequence[Entry]) -> set[str]:
    """Append entries, each unless one of the same key is there, in one statement.

    Returns:
        The keys of those that are new.
    """
    if len(new) == 1:  # as nearly every order posts
        return {row[0] for row in _NEWLY_POSTED.rows(conn, _rows(new)[0])}
    return set(conn.scalars(_posting(conn.dialect.name).returning(entries.c.key), _rows(new))) if new else set()


def post_many(conn: Connection, new: Sequence[Entry]) -> None:
    """The same in bulk, for whom it is not news which of them are new."""
    if new:
        conn.execute(_posting(conn.dialect.name), _rows(new))


def _rows(new: Sequence[Entry]) -> list[dict[str, Any]]:
    """Sorted by key."""
    return [dict(zip(FIELDS, _VALUES(entry), strict=True)) for entry in sorted(new, key=lambda entry: entry.key)]


@cache
def _posting(dialect: str) -> Any:
    """Built once: it runs in many orders."""
    return insert_for(dialect, entries).on_conflict_do_nothing(index_elements=["key"])


_NEWLY_POSTED = Written(lambda dialect: _posting(dialect).returning(entries.c.key))


def posted(
    conn: Connection, account_id: str, since: date, pools: Sequence[BudgetPeriod], now: datetime
) -> tuple[dict[BudgetPeriod, Posted], dict[BudgetPeriod, dict[str, Posted]], tuple[Held, ...]]:
    """An account's entries, all entries of some pools, and what is reserved of them, in one statement.

    Args:
        conn: any connection.
        account_id: whose.
        since: only periods that begin on this day or later.
        pools: budgets and periods.
        now: the moment at which reservations count.

    Returns:
        The account's by budget and period; those of each pool by account; the reservations of the account, and of all
        below each account above it.
    """
    key = ("posted", account_id, since, *pools)
    kept = known(conn, key)
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    found = _posted(conn, account_id, since, pools, now)
    if not found[2]:  # what is reserved counts until a moment; what has lapsed does not come back
        note(conn, key, found)
    return found


def _posted(
    conn: Connection, account_id: str, since: date, pools: Sequence[BudgetPeriod], now: datetime
) -> tuple[dict[BudgetPeriod, Posted], dict[BudgetPeriod, dict[str, Posted]], tuple[Held, ...]]:
    rows: dict[int, list[Any]] = {number: [] for number in range(_TERMS, len(pools))}
    values = {"account": account_id, "since": since, "now": now, **_named(pools)}
    for row in _posted_and_shares(len(pools)).rows(conn, values):
        rows[row[7]].append(row)
    own = _folded(rows[-1], lambda row: (row[1], row[2]))
    for row in rows[_TERMS]:
        own[row[1], row[2]] = by_terms(own.get((row[1], row[2])), whole(row[5], row[6]), row[4])
    held = tuple(Held(row[0], *row[8:]) for row in rows[_HELD])
    return own, {pool: _by_account(rows[number]) for number, pool in enumerate(pools)}, held


def shares(conn: Connection, budget: str, period_start: date) -> dict[str, Posted]:
    """All entries of a budget in a period, by account: of a pool, its own account and everybody's share."""
    return _by_account(conn.execute(_SHARES, _named([(budget, period_start)])))


@dataclass(frozen=True, slots=True)
class Everything:
    """What was posted of some budgets and periods, for everybody.

    Args:
        entries: the sums of entries, by account.
        said: the terms that count now, by the kind of account.
        moves: who was there when.
    """

    entries: Mapping[BudgetPeriod, Mapping[str, Posted]]
    said: Mapping[BudgetPeriod, Mapping[str, terms.Posted]]
    moves: terms.Moves

    def of(self, budget: str, period_start: date, account_id: str, kind: str) -> Posted:
        """What an account of a kind has."""
        own = self.entries[budget, period_start].get(account_id)
        said = self.said[budget, period_start].get(kind)
        if said is None or not self.moves.was_there(account_id, said):
            return own or Posted(0, 0, None, has_allotment=False)
        return by_terms(own, said.amount, said.posted_at)


def everything(conn: Connection, budgets: Sequence[BudgetPeriod]) -> Everything:
    """What was posted of several budgets, for everybody, in one statement."""
    rows: dict[int, list[Any]] = {number: [] for number in range(_PRESENCE, len(budgets))}
    since = min((first for _, first in budgets), default=FOREVER)
    for row in conn.execute(_everything(len(budgets)), {"since": since, **_named(budgets)}):
        rows[row[7]].append(row)
    said: dict[BudgetPeriod, dict[str, terms.Posted]] = {each: {} for each in budgets}
    for first_id, budget, first, kind, posted_at, high, low, _ in rows[_TERMS]:
        if (budget, first) in said:
            said[budget, first][kind] = terms.Posted(kind, whole(high, low), int(first_id), posted_at)
    stretches: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for row in rows[_PRESENCE]:
        stretches[row[0]].append((row[5], row[6]))
    own = {budget: _by_account(rows[number]) for number, budget in enumerate(budgets)}
    return Everything(own, said, terms.Moves(stretches))


def _named(budgets: Sequence[BudgetPeriod]) -> dict[str, object]:
    values: dict[str, object] = {}
    for number, (budget, first) in enumerate(budgets):
        values |= {f"budget_{number}": budget, f"first_{number}": first}
    return values


def _by_account(rows: Iterable[Any]) -> dict[str, Posted]:
    return _folded(rows, lambda row: str(row[0]))


def whole_shares(conn: Connection, budget: str, period_start: date) -> dict[str, Posted]:
    """The same as `shares`, and everybody who has what the terms say."""
    found = shares(conn, budget, period_start)
    for kind, posted_ in terms.of(conn, budget, period_start).items():
        for account_id in conn.scalars(terms.entitled(budget, period_start, kind, posted_.first_id)):
            found[account_id] = by_terms(found.get(account_id), posted_.amount, posted_.posted_at)
    return found


@dataclass(frozen=True, slots=True)
class Moved:
    """Entries of one kind and unit: how many, what they added and what they took."""

    kind: str
    unit: str
    count: int
    added: int
    taken: int


def moved(conn: Connection, first: date, end: date) -> list[Moved]:
    """The entries of all periods that begin on the days first until before end, by kind and unit.

    What the terms give counts as if each account had an entry of it.
    """
    added = case((entries.c.amount > 0, entries.c.amount), else_=0)
    taken = case((entries.c.amount < 0, -entries.c.amount), else_=0)
    sums = (half for each in (added, taken) for half in halves(each))
    rows = conn.execute(
        select(entries.c.kind, entries.c.unit, func.count(), *sums)
        .where(entries.c.period_start >= first, entries.c.period_start < end)
        .group_by(entries.c.kind, entries.c.unit)
        .order_by(entries.c.kind, entries.c.unit),
    )
    found = {
        (kind, unit): Moved(kind, unit, count, whole(high, low), whole(taken_high, taken_low))
        for kind, unit, count, high, low, taken_high, taken_low in rows
    }
    for each in terms.given(conn, first, end):
        old = found.get(("allotment", each.unit), Moved("allotment", each.unit, 0, 0, 0))
        more = replace(old, count=old.count + each.count, added=old.added + each.count * each.amount)
        found["allotment", each.unit] = more
    return [found[key] for key in sorted(found) if found[key].count]


def count(conn: Connection, budget: str, period_start: date) -> int:
    """How many entries a budget has in a period."""
    here = select(func.count()).where(entries.c.budget == budget, entries.c.period_start == period_start)
    return conn.execute(here).scalar_one()
