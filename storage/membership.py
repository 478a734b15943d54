"""How many people were behind an account on days of the past: fewer than a group tell of one of them."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, case, func, select

from storage.tables import BEGINNING, accounts, lineage, people, spend


def changes(conn: Connection, account_ids: Collection[str], first: date, end: date) -> dict[str, Counter[date]]:
    """By how many people each of some accounts grew or shrank, and on which days of a span; on the first from nobody.

    Somebody counts from the day on which they joined, if that is known, and who has left until the last day on which
    they spent anything.

    Args:
        conn: any connection.
        account_ids: teams or the organization.
        first: the first day.
        end: the day after the last.
    """
    found: dict[str, Counter[date]] = {each: Counter() for each in account_ids}
    for account_id, since, until in _memberships(conn, account_ids, first, end):
        found[account_id][max(since, first)] += 1
        found[account_id][min(until, end)] -= 1
    return found


def _memberships(
    conn: Connection, account_ids: Collection[str], first: date, end: date
) -> Iterator[tuple[str, date, date]]:
    """Account, first day and the day after the last of everybody who was in one within a span."""
    spent = select(func.max(spend.c.day)).where(spend.c.account_id == accounts.c.id).scalar_subquery()
    rows = conn.execute(
        select(
            lineage.c.ancestor_id,
            lineage.c.since,
            lineage.c.until,
            people.c.joined,
            accounts.c.active,
            case((~accounts.c.active, spent)),
        )
        .join(accounts, accounts.c.id == lineage.c.account_id)
        .outerjoin(people, people.c.id == accounts.c.owner_id)
        .where(
            lineage.c.ancestor_id.in_(account_ids),
            accounts.c.kind == "person",
            lineage.c.since < end,
            lineage.c.until > first,
        )
    )
    for account_id, since, until, joined, active, last in rows:
        begins = max(since, joined or BEGINNING)
        ends = until if active else min(until, last + timedelta(days=1) if last else BEGINNING)
        if begins < ends and begins < end and ends > first:
            yield account_id, begins, ends
