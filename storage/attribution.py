"""Whose the usage is that a provider tells of a key, a user or a team over there."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, case, func, literal, select

from storage.tables import UNALLOCATED, former_links, links

COLUMNS = {"key": "resource", "user": "subject", "team": "sub_account"}
"""The column in which each kind of identity stands, the one that decides first."""

_HAS_FORMER = select(literal(1)).select_from(former_links).limit(1)


def has_former(conn: Connection) -> bool:
    """Whether any identity was another's before."""
    return conn.execute(_HAS_FORMER).first() is not None


def attributed(table: Table, *, has_former: bool) -> ColumnElement[str | None]:
    """Whose charge it is: by its key, else by its user, else by its team over there, else nobody's yet.

    An identity that was another's on that day is that one's; that is only looked up where there is any such.
    """

    def by(kind: str, column: Column[Any]) -> ColumnElement[str | None]:
        linked = links.c.platform == table.c.provider, links.c.kind == kind, links.c.external_id == column
        now = select(links.c.account_id).where(*linked).scalar_subquery()
        if not has_former:
            return case((column != "", now))
        whose = former_links.c
        once = whose.platform == table.c.provider, whose.kind == kind, whose.external_id == column
        then = select(whose.account_id).where(*once, whose.until > table.c.day).order_by(whose.until).limit(1)
        return case((column != "", func.coalesce(then.scalar_subquery(), now)))

    whose = (by(kind, table.c[column]) for kind, column in COLUMNS.items())
    return func.coalesce(*whose, UNALLOCATED).label("account_id")
