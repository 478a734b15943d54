"""What was used, by whom and under which limits, day by day: what another policy is tried on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Date, Select, and_, bindparam, case, cast, func, or_, select, union_all

from storage.ledger import EntryKind
from storage.partitions import near_days
from storage.spend import Spent
from storage.tables import Instant, accounts, all_tokens, charges, entries, lineage, requests, spend

LEAVES = ("person", "agent", "unallocated")
"""Accounts below which there are no others."""


@dataclass(frozen=True, slots=True)
class Use:
    """What an account used of a model at a provider on a day, without what others used below it."""

    day: date
    account_id: str
    provider: str
    spent: Spent


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


def _used(table: Any, kinds: tuple[str, ...], *sums: Any) -> Select[Any]:
    """The use of accounts of some kinds on the days on which they were below another."""
    here = and_(
        lineage.c.account_id == table.c.account_id, lineage.c.since <= table.c.day, table.c.day < lineage.c.until
    )
    return (
        select(table.c.day, table.c.account_id, table.c.provider, table.c.model, *sums)
        .join(accounts, accounts.c.id == table.c.account_id)
        .join(lineage, and_(here, lineage.c.ancestor_id == bindparam("above")))
        .where(
            accounts.c.kind.in_(kinds),
            table.c.day >= bindparam("first", type_=Date),
            table.c.day < bindparam("end", type_=Date),
        )
    )


# Of an account below which others are, the rollup holds the sum of all; its own stands in the charges.
_USE = union_all(
    _used(spend, LEAVES, spend.c.cost_nanos, spend.c.tokens, spend.c.tokens_unpriced, spend.c.requests),
    _used(
        charges,
        ("team", "organization"),
        cast(func.sum(charges.c.cost_house_nanos), BigInteger),
        cast(func.sum(all_tokens(charges)), BigInteger),
        cast(func.sum(case((charges.c.cost_nanos.is_(None), all_tokens(charges)), else_=0)), BigInteger),
        cast(func.sum(charges.c.requests), BigInteger),
    )
    .where(near_days(*(bindparam(name, type_=Date) for name in ("first", "end"))))
    .group_by(charges.c.day, charges.c.account_id, charges.c.provider, charges.c.model),
)
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


def used(conn: Connection, above: str, first: date, end: date) -> Iterator[Use]:
    """What was used on the days first until before end below an account, and by that account itself."""
    for row in conn.execute(_USE, {"above": above, "first": first, "end": end}):
        yield Use(row[0], row[1], row[2], Spent(*row[3:]))


def lines(conn: Connection, above: str, first: date, end: date) -> list[Ancestor]:
    """All that was above the accounts which were below another one on some of the days, and above that one itself."""
    return [Ancestor(*row) for row in conn.execute(_LINES, {"above": above, "first": first, "end": end})]


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
