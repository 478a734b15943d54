"""What the people sources said when they were read last, by a mark: while it is the same, nobody is read anew."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.tables import people_sources
from storage.upsert import upsert

ALL = "all"


def mark(conn: Connection) -> str:
    """The mark of what was read last, "" if nothing was."""
    return conn.execute(select(people_sources.c.mark).where(people_sources.c.name == ALL)).scalar() or ""


def state(conn: Connection) -> tuple[str, datetime | None]:
    """The mark with the moment when it was noted: another one, if somebody read the sources meanwhile."""
    row = conn.execute(
        select(people_sources.c.mark, people_sources.c.read_at).where(people_sources.c.name == ALL)
    ).first()
    return (row[0], row[1]) if row else ("", None)


def take_turn(conn: Connection) -> None:
    """Wait until nobody else writes people. The first word of a transaction: what is read then is what they left."""
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql(f"lock table {people_sources.name} in share row exclusive mode")


def note(conn: Connection, new: str, at: datetime) -> None:
    """Keep the mark of what was read."""
    upsert(conn, people_sources, [{"name": ALL, "mark": new, "read_at": at}])


def forget(conn: Connection) -> None:
    """Let the sources be read anew, for what they said was changed by a person."""
    conn.execute(delete(people_sources))
