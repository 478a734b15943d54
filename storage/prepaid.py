"""Prepaid credit at providers: what is left of it, and how fast it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from storage.tables import prepaid, prepaid_days
from storage.upsert import upsert

DAYS = 7
"""Days over which the pace is taken, the current one among them."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What one account of ours at a provider still has in a currency.

    Args:
        provider: the name under which app.yaml lists it.
        currency: ISO 4217.
        left_nanos: in 10⁻⁹ of the currency; below zero is a debt.
        granted_nanos: what of it was given for nothing, such as vouchers, which may expire.
    """

    provider: str
    currency: str
    left_nanos: int
    granted_nanos: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a credit.

    Args:
        credit: what is left.
        since: when it was first read, aware UTC.
        read_at: when it was last read, aware UTC.
        told: the last stage that finance was told of, "" if none.
        used_nanos: by how much it fell within DAYS; what was paid in is not taken off.
    """

    credit: Credit
    since: datetime
    read_at: datetime
    told: str
    used_nanos: int


def record(conn: Connection, provider: str, here: Sequence[Credit], now: datetime) -> None:
    """Take in what is left at a provider; a currency that is not told any more is forgotten.

    A fall since the last reading is what was used, a rise was paid in. Two at once between two readings are seen as
    their difference.
    """
    before = {each.credit.currency: each for each in of_all(conn, now) if each.credit.provider == provider}
    gone = [currency for currency in before if currency not in {each.currency for each in here}]
    for table in (prepaid, prepaid_days):
        conn.execute(delete(table).where(table.c.provider == provider, table.c.currency.in_(gone)))
    conn.execute(delete(prepaid_days).where(prepaid_days.c.day < first_day(now)))
    for each in here:
        known = before.get(each.currency)
        fell = known.credit.left_nanos - each.left_nanos if known else 0
        _note(conn, each, known, now)
        if fell > 0:
            _add(conn, each, now.date(), fell)


def _note(conn: Connection, credit: Credit, known: Known | None, now: datetime) -> None:
    row = {
        "provider": credit.provider,
        "currency": credit.currency,
        "left_nanos": credit.left_nanos,
        "granted_nanos": credit.granted_nanos,
        "since": known.since if known else now,
        "read_at": now,
        "told": known.told if known else "",
    }
    upsert(conn, prepaid, [row])


def _add(conn: Connection, credit: Credit, day: date, fell: int) -> None:
    key = {"provider": credit.provider, "currency": credit.currency, "day": day}
    mine = [prepaid_days.c[name] == value for name, value in key.items()]
    used = conn.execute(select(prepaid_days.c.used_nanos).where(*mine)).scalar() or 0
    upsert(conn, prepaid_days, [{**key, "used_nanos": used + fell}])


def of_all(conn: Connection, now: datetime) -> list[Known]:
    """All credits, by provider and currency."""
    used = (
        select(prepaid_days.c.provider, prepaid_days.c.currency, func.sum(prepaid_days.c.used_nanos).label("used"))
        .where(prepaid_days.c.day >= first_day(now))
        .group_by(prepaid_days.c.provider, prepaid_days.c.currency)
        .subquery()
    )
    rows = conn.execute(
        select(prepaid, used.c.used)
        .outerjoin(used, (used.c.provider == prepaid.c.provider) & (used.c.currency == prepaid.c.currency))
        .order_by(prepaid.c.provider, prepaid.c.currency)
    )
    return [
        Known(
            Credit(row.provider, row.currency, row.left_nanos, row.granted_nanos),
            row.since,
            row.read_at,
            row.told,
            int(row.used or 0),
        )
        for row in rows
    ]


def note_told(conn: Connection, credit: Credit, stage: str) -> None:
    """Remember the last stage of a credit that finance was told of."""
    mine = (prepaid.c.provider == credit.provider, prepaid.c.currency == credit.currency)
    conn.execute(update(prepaid).where(*mine).values(told=stage))


def first_day(now: datetime) -> date:
    """The first day (UTC) that counts for the pace."""
    return now.date() - timedelta(days=DAYS - 1)
