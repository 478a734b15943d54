"""Whose identities were before they were another's: the past stays with whom it was charged to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice

from sqlalchemy import Connection, delete, func, insert, select

from storage import ingest
from storage.attribution import COLUMNS
from storage.directory import Link
from storage.ingest import LINKED_AT_ONCE
from storage.tables import charges, former_links


@dataclass(frozen=True, slots=True)
class Relinked:
    """An identity that is linked anew.

    Args:
        link: whose it is now.
        was: the account that it belonged to before, "" if it was nobody's.
    """

    link: Link
    was: str


def settle(conn: Connection, relinked: Iterable[Relinked], today: date, now: datetime) -> int:
    """Settle the past of identities that are linked anew: of what was nobody's it follows, of another's it stays.

    Args:
        conn: an order's.
        relinked: they are linked already.
        today: the organization's day.
        now: the moment.

    Returns:
        How many cells moved.
    """
    counted = [each for each in relinked if each.link.kind in COLUMNS]
    _hand_over(conn, [each for each in counted if each.was], today)
    return ingest.reattribute(conn, (each.link for each in counted if not each.was), now)


def correct(conn: Connection, link: Link, now: datetime) -> int:
    """Let an identity have been always whose it is now, for somebody says so; how many cells moved."""
    where = (former_links.c[name] == getattr(link, name) for name in ("platform", "kind", "external_id"))
    conn.execute(delete(former_links).where(*where))
    return ingest.reattribute(conn, [link], now)


def _hand_over(conn: Connection, relinked: Sequence[Relinked], today: date) -> None:
    """The new account begins today, or on the day after the last one that is charged to the old one."""
    ordered = sorted(relinked, key=_place)
    for (platform, kind), group in groupby(ordered, _place):
        while was := {each.link.external_id: each.was for each in islice(group, LINKED_AT_ONCE)}:
            rows = [
                {"platform": platform, "kind": kind, "external_id": external_id, "until": until, "account_id": account}
                for external_id, account, until in _spans(conn, platform, kind, was, today)
            ]
            if rows:
                conn.execute(insert(former_links), rows)


def _place(each: Relinked) -> tuple[str, str]:
    return each.link.platform, each.link.kind


def _spans(
    conn: Connection, platform: str, kind: str, was: Mapping[str, str], today: date
) -> Iterator[tuple[str, str, date]]:
    """Until when each was whose it was; what was theirs for no day is left out."""
    column, before = charges.c[COLUMNS[kind]], former_links.c
    charged = conn.execute(
        select(column, charges.c.account_id, func.max(charges.c.day))
        .where(charges.c.provider == platform, column.in_(was))
        .group_by(column, charges.c.account_id)
    )
    last = {(row[0], row[1]): row[2] + timedelta(days=1) for row in charged}
    earlier = conn.execute(
        select(before.external_id, func.max(before.until))
        .where(before.platform == platform, before.kind == kind, before.external_id.in_(was))
        .group_by(before.external_id)
    )
    begun = {row[0]: row[1] for row in earlier}
    for external_id, account in sorted(was.items()):
        until = max(today, last.get((external_id, account), today))
        if until > begun.get(external_id, date.min):
            yield external_id, account, until
