"""Entries: movements of budget, posted once and never changed.

Balance = sum of entries - sum of charges. It is always derived.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Literal, TypeVar

from sqlalchemy import BigInteger, Connection, Date, bindparam, case, cast, func, literal, select

from storage.tables import entries
from storage.upsert import insert_into, insert_new

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


_SUM = cast(func.sum(entries.c.amount), BigInteger)
_POSTED = (
    select(entries.c.budget, entries.c.period_start, entries.c.kind, _SUM, func.min(entries.c.posted_at))
    .where(
        entries.c.account_id == bindparam("account"),
        entries.c.period_start >= bindparam("since", type_=Date),
    )
    .group_by(entries.c.budget, entries.c.period_start, entries.c.kind)
)
_SHARES = (
    select(entries.c.account_id, literal(""), entries.c.kind, _SUM, func.min(entries.c.posted_at))
    .where(entries.c.budget == bindparam("budget"), entries.c.period_start == bindparam("first", type_=Date))
    .group_by(entries.c.account_id, entries.c.kind)
)


def _folded(rows: Iterable[Any], key: Callable[[Any], K]) -> dict[K, Posted]:
    found: dict[K, Posted] = {}
    for row in rows:
        old = found.get(key(row), Posted(0, 0, None, has_allotment=False))
        if row[2] == "allotment":
            found[key(row)] = replace(old, allotment=row[3], first_posted_at=row[4], has_allotment=True)
        else:
            rolled = old.has_rollover or row[2] == "rollover"
            found[key(row)] = replace(old, moved=old.moved + row[3], has_rollover=rolled)
    return found


def post(conn: Connection, entry: Entry) -> bool:
    """Append an entry, unless one of the same key is there.

    Returns:
        Whether it is new.
    """
    return insert_new(conn, entries, asdict(entry), "key")


def post_many(conn: Connection, new: Sequence[Entry]) -> None:
    """Append entries in bulk, each unless its key is there; sorted by key."""
    if new:
        statement = insert_into(conn, entries).on_conflict_do_nothing(index_elements=["key"])
        rows = [dict(zip(FIELDS, _VALUES(entry), strict=True)) for entry in sorted(new, key=lambda entry: entry.key)]
        conn.execute(statement, rows)


def posted(conn: Connection, account_id: str, since: date) -> dict[tuple[str, date], Posted]:
    """An account's entries by (budget, start of the period), for periods that start on a day or later."""
    rows = conn.execute(_POSTED, {"account": account_id, "since": since})
    return _folded(rows, lambda row: (row[0], row[1]))


def shares(conn: Connection, budget: str, period_start: date) -> dict[str, Posted]:
    """All entries of a budget in a period, by account: of a pool, its own account and everybody's share."""
    return _folded(conn.execute(_SHARES, {"budget": budget, "first": period_start}), lambda row: str(row[0]))


def allotted(conn: Connection, budget: str, period_start: date) -> set[str]:
    """The accounts that have their allotment of a period."""
    rows = conn.execute(
        select(entries.c.account_id).where(
            entries.c.budget == budget, entries.c.period_start == period_start, entries.c.kind == "allotment"
        ),
    )
    return set(rows.scalars())


@dataclass(frozen=True, slots=True)
class Moved:
    """Entries of one kind and unit: how many, what they added and what they took."""

    kind: str
    unit: str
    count: int
    added: int
    taken: int


def moved(conn: Connection, first: date, end: date) -> list[Moved]:
    """The entries of all periods that begin on the days first until before end, by kind and unit."""
    added = case((entries.c.amount > 0, entries.c.amount), else_=0)
    taken = case((entries.c.amount < 0, -entries.c.amount), else_=0)
    sums = (cast(func.sum(each), BigInteger) for each in (added, taken))
    rows = conn.execute(
        select(entries.c.kind, entries.c.unit, func.count(), *sums)
        .where(entries.c.period_start >= first, entries.c.period_start < end)
        .group_by(entries.c.kind, entries.c.unit)
        .order_by(entries.c.kind, entries.c.unit),
    )
    return [Moved(*row) for row in rows]


def count(conn: Connection, budget: str, period_start: date) -> int:
    """How many entries a budget has in a period."""
    here = select(func.count()).where(entries.c.budget == budget, entries.c.period_start == period_start)
    return conn.execute(here).scalar_one()
