"""What is older than it may be is forgotten, some thousand rows at a time, so that nobody waits."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select, tuple_, update

from storage import installation, partitions
from storage.tables import (
    charge_versions,
    charges,
    entries,
    exceptions,
    outbox_items,
    requests,
    set_aside,
    telemetry,
    tokens,
)

AT_ONCE = 10_000


def messages(conn: Connection, before: datetime) -> int:
    """Forget messages that last changed before a moment; they cannot change again."""
    settled = outbox_items.c.settled_at < before
    return _delete(conn, outbox_items, and_(outbox_items.c.kind == "show", outbox_items.c.state != "open", settled))


def charges_of_months(conn: Connection, before: datetime, now: datetime) -> int:
    """Forget the charges of months (UTC) that were over before a moment. What they came to by day stays in the rollup.

    Whatever a provider tells of these months later is not taken in any more, or it would count twice.

    Args:
        conn: an order's connection.
        before: the months were over before it.
        now: is noted.

    Returns:
        How many months went on PostgreSQL; on SQLite how many rows, of which more may be left.

    Raises:
        DBAPIError: on PostgreSQL, `partitions.detach` could not have its locks; an order is busy then.
    """
    until = partitions.start_of(partitions.month_of(before))
    old = and_(charges.c.provider.in_(partitions.providers(conn)), charges.c.bucket_start < until)
    if conn.execute(select(charges.c.day).where(old).limit(1)).first() is None:
        return 0
    installation.note(conn, partitions.KEPT_SINCE, until.isoformat(), now)
    if conn.dialect.name == "sqlite":
        return _delete(conn, charges, old)
    return partitions.detach(conn, until)


def versions(conn: Connection, before: datetime) -> int:
    """Forget what was said of charges that were corrected before a moment."""
    return _delete(conn, charge_versions, charge_versions.c.replaced_at < before)


def rows_set_aside(conn: Connection, before: datetime) -> int:
    """Forget what could not be understood and was last tried before a moment."""
    return _delete(conn, set_aside, set_aside.c.tried_at < before)


def told_by_programs(conn: Connection, before: datetime) -> int:
    """Forget what programs told of hours before a moment; what of it counted as a charge stays."""
    return _delete(conn, telemetry, telemetry.c.hour < before)


def ended_tokens(conn: Connection, before: datetime) -> int:
    """Forget tokens that ended, or whose time was over, before a moment."""
    over = and_(tokens.c.ended_at.is_(None), tokens.c.expires_at < before)
    return _delete(conn, tokens, or_(tokens.c.ended_at < before, over))


def reasons(conn: Connection, before: datetime, day: date) -> int:
    """Empty the reasons and notes of requests and exceptions that ended before a moment, also in the ledger.

    Args:
        conn: an order's.
        before: they ended before it.
        day: the same as a day: what was granted counts at most until then.
    """
    closed = func.coalesce(requests.c.ended_at, requests.c.resolved_at, requests.c.asked_at) < before
    over = and_(requests.c.state.not_in(["proposed", "pending"]), closed, requests.c.until < day)
    said = or_(requests.c.reason != "", requests.c.resolved_note != "")
    done = conn.execute(update(requests).where(over, said).values(reason="", resolved_note=""))
    ended = and_(exceptions.c.ended_at < before, or_(exceptions.c.reason != "", exceptions.c.ended_note != ""))
    done_too = conn.execute(update(exceptions).where(ended).values(reason="", ended_note=""))
    noted = conn.execute(update(entries).where(entries.c.posted_at < before, entries.c.note != "").values(note=""))
    return done.rowcount + done_too.rowcount + noted.rowcount


def _delete(conn: Connection, table: Table, where: ColumnElement[bool]) -> int:
    key = list(table.primary_key)
    some = select(*key).where(where).limit(AT_ONCE)
    one = key[0] if len(key) == 1 else tuple_(*key)
    return conn.execute(delete(table).where(one.in_(some))).rowcount
