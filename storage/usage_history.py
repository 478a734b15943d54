"""What was used, by whom and under which limits, day by day: what another policy is tried on."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from storage.ledger import EntryKind
from storage.partitions import near_days
from storage.spend import Spent
from storage.tables import Instant, accounts, all_tokens, charges, entries, lineage, requests, spend

LEAVES = ("person", "agent", "unallocated")
"""Accounts below which there are no others."""
_STREAMED = {"yield_per": 5_000}
DAYS_AT_ONCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Use:
    """What an account used of a model at a provider on a day, without what others used below it."""

    day: date
    account_id: str
    provider: str
    spent: Spent


@dataclass(frozen=True, slots=True)
class UseInAll:
    """What an account used of a model at a provider on some days, without what others used below it.

    Args:
        account_id: whose.
        provider: where.
        spent: in all.
        most: what it never exceeded on the way: the same without days of less than nothing, such as refunds.
    """

    account_id: str
    provider: str
    spent: Spent
    most: Spent


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An account above another one, or that account itself, from a day until before a day."""

    account_id: str
    ancestor_id: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Move:
    """What was granted, transferred or corrected: an entry that is no allotment.

    Args:
        account_id: whose.
        budget: the name of the rule.
        period_start: first day of the period that it counts in.
        kind: why it was posted.
        amount: in nanos or pieces of the unit; negative takes away.
        unit: currency code, "tokens" or "credits".
        posted_at: when.
    """

    account_id: str
    budget: str
    period_start: date
    kind: EntryKind
    amount: int
    unit: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A request of the past: who asked how much of what, and how much of it was granted; None while it waits."""

    account_id: str
    budget: str
    unit: str
    amount: int
    granted: int | None
    asked_at: datetime
    resolved_at: datetime | None


_DAYS = and_(
    lineage.c.ancestor_id == bindparam("above"),
    lineage.c.since < bindparam("end", type_=Date),
    lineage.c.until > bindparam("first", type_=Date),
)


_ROLLED_UP = spend.c.cost_nanos, spend.c.tokens, spend.c.tokens_unpriced, spend.c.requests
_CHARGED = (
    charges.c.cost_house_nanos,
    all_tokens(charges),
    case((charges.c.cost_nanos.is_(None), all_tokens(charges)), else_=0),
    charges.c.requests,
)


def _used(table: Any, kinds: tuple[str, ...], *columns: Any) -> Select[Any]:
    """What accounts of some kinds used on the days on which they were below another."""
    here = and_(
        lineage.c.account_id == table.c.account_id, lineage.c.since <= table.c.day, table.c.day < lineage.c.until
    )
    found = (
        select(*columns)
        .select_from(table)
        .join(accounts, accounts.c.id == table.c.account_id)
        .join(lineage, and_(here, lineage.c.ancestor_id == bindparam("above")))
        .where(
            accounts.c.kind.in_(kinds),
            table.c.day >= bindparam("first", type_=Date),
            table.c.day < bindparam("end", type_=Date),
        )
    )
    window = (bindparam(name, type_=Date) for name in ("first", "end"))
    return found.where(near_days(*window)) if table is charges else found


def _summed(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.sum(amount), BigInteger)


def _never_less(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((amount > 0, amount), else_=0)


# Of an account below which others are, the rollup holds the sum of all; its own stands in the charges.
_OWN: tuple[tuple[Any, tuple[str, ...], tuple[ColumnElement[Any], ...]], ...] = (
    (spend, LEAVES, _ROLLED_UP),
    (charges, ("team", "organization"), _CHARGED),
)


@cache
def _by_day(only: str) -> Any:
    """Day by day; of all accounts, or of those of a list, as a database takes it."""
    parts = []
    for table, kinds, amounts in _OWN:
        key = table.c.day, table.c.account_id, table.c.provider, table.c.model
        found = _used(table, kinds, *key, *amounts)
        if table is charges:
            found = _used(table, kinds, *key, *map(_summed, amounts)).group_by(*key)
        if only == "sqlite":
            found = found.where(
                table.c.account_id.in_(select(func.json_each(bindparam("only")).table_valued("value").c.value))
            )
        elif only:
            found = found.where(table.c.account_id == any_(bindparam("only", type_=ARRAY(Text))))
        parts.append(found)
    return union_all(*parts).order_by(text("1"), text("2"))


def _in_all(table: Any, kinds: tuple[str, ...], amounts: tuple[ColumnElement[Any], ...]) -> Select[Any]:
    key = table.c.account_id, table.c.provider, table.c.model
    most = (_summed(_never_less(each)) for each in amounts)
    return _used(table, kinds, *key, *map(_summed, amounts), *most).group_by(*key)


_IN_ALL = union_all(*(_in_all(*each) for each in _OWN)).order_by(text("1"))
_BELOW = select(lineage.c.account_id).where(_DAYS)
_ABOVE = select(lineage.c.ancestor_id).where(lineage.c.account_id == bindparam("above"))
_LINES = select(lineage.c.account_id, lineage.c.ancestor_id, lineage.c.since, lineage.c.until).where(
    or_(lineage.c.account_id.in_(_BELOW), lineage.c.account_id.in_(_ABOVE)),
    lineage.c.since < bindparam("end", type_=Date),
    lineage.c.until > bindparam("first", type_=Date),
)
_MOVES = (
    select(*(entries.c[name] for name in Move.__dataclass_fields__))
    .where(
        entries.c.kind != "allotment",
        entries.c.period_start >= bindparam("first", type_=Date),
        entries.c.period_start < bindparam("end", type_=Date),
    )
    .order_by(entries.c.posted_at, entries.c.id)
)
_REQUESTS = (
    select(
        requests.c.account_id,
        requests.c.budget,
        requests.c.unit,
        requests.c.amount,
        requests.c.state,
        requests.c.resolved_amount,
        requests.c.given,
        requests.c.asked_at,
        requests.c.resolved_at,
    )
    .where(
        requests.c.asked_at >= bindparam("since", type_=Instant),
        requests.c.kind == "",
        requests.c.state.not_in(("proposed", "withdrawn")),
    )
    .order_by(requests.c.id)
)


def used(conn: Connection, above: str, first: date, end: date, only: Collection[str] | None = None) -> Iterator[Use]:
    """What was used on the days first until before end below an account, and by that account itself.

    It is told in the order of the days and accounts, and read a week at a time.

    Args:
        conn: any connection; nothing else may end its transaction meanwhile.
        above: the account.
        first: the first day.
        end: the day after the last.
        only: of these accounts only.
    """
    values: dict[str, Any] = {"above": above}
    if only is not None:
        values["only"] = json.dumps(sorted(only)) if conn.dialect.name == "sqlite" else sorted(only)
    statement = _by_day("" if only is None else conn.dialect.name)
    while first < end:
        until = min(end, first + DAYS_AT_ONCE)
        within = {**values, "first": first, "end": until}
        for row in conn.execute(statement, within, execution_options=_STREAMED):
            yield Use(row[0], row[1], row[2], Spent(*row[3:]))
        first = until


def used_in_all(conn: Connection, above: str, first: date, end: date) -> Iterator[UseInAll]:
    """The same summed up over the days, in the order of the accounts."""
    values = {"above": above, "first": first, "end": end}
    for row in conn.execute(_IN_ALL, values, execution_options=_STREAMED):
        yield UseInAll(row[0], row[1], Spent(*row[2:7]), Spent(row[2], *row[7:]))


def lines(conn: Connection, above: str, first: date, end: date, same: dict[Any, Any]) -> list[Ancestor]:
    """All that was above the accounts which were below another one on some of the days, and above that one itself.

    Args:
        conn: any connection.
        above: the other one.
        first: the first day.
        end: the day after the last.
        same: see `people.accounts_ever`.
    """
    found = conn.execute(_LINES, {"above": above, "first": first, "end": end})
    return [Ancestor(*(same.setdefault(value, value) for value in row)) for row in found]


def moves(conn: Connection, first: date, end: date) -> list[Move]:
    """Entries other than allotments, of the periods that begin on the days first until before end, the oldest first."""
    return [Move(*row) for row in conn.execute(_MOVES, {"first": first, "end": end})]


def past_requests(conn: Connection, since: datetime) -> list[PastRequest]:
    """Requests for extra budget since a moment that were not withdrawn, the oldest first."""
    found = []
    for row in conn.execute(_REQUESTS, {"since": since}):
        account_id, budget, unit, amount, state, resolved, given, asked_at, resolved_at = row
        granted = None if state == "pending" else resolved + given
        found.append(PastRequest(account_id, budget, unit, amount + given, granted, asked_at, resolved_at))
    return found
