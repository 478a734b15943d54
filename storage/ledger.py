"""Entries: movements of budget, posted once and never changed.

Balance = sum of entries - sum of charges. It is always derived.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import BigInteger, Connection, Date, bindparam, cast, func, select

from storage.models import entries
from storage.upsert import insert_into, insert_new

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


_LIMITS = (
    select(entries.c.budget, entries.c.period_start, entries.c.kind, cast(func.sum(entries.c.amount), BigInteger))
    .where(
        entries.c.account_id == bindparam("account"),
        entries.c.budget.in_(bindparam("budgets", expanding=True)),
        entries.c.period_start >= bindparam("since", type_=Date),
    )
    .group_by(entries.c.budget, entries.c.period_start, entries.c.kind)
)


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
        conn.execute(statement, [asdict(entry) for entry in sorted(new, key=lambda entry: entry.key)])


def posted(conn: Connection, account_id: str, budgets: Sequence[str], since: date) -> dict[tuple[str, date, str], int]:
    """Sums of an account's entries by (budget, start of the period, kind), for periods that start on a day or later."""
    rows = conn.execute(_LIMITS, {"account": account_id, "budgets": list(budgets), "since": since})
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def allotted(conn: Connection, budget: str, period_start: date) -> set[str]:
    """The accounts that have their allotment of a period."""
    rows = conn.execute(
        select(entries.c.account_id).where(
            entries.c.budget == budget, entries.c.period_start == period_start, entries.c.kind == "allotment"
        ),
    )
    return set(rows.scalars())
