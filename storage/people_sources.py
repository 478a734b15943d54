"""What the people sources said when they were read last, by a mark: while it is the same, nobody is read anew."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.tables import people_sources
from storage.upsert import upsert

ALL = "all"


def mark(conn: Connection) -> str:
    """The mark of what was read last, "" if nothing was."""
    return conn.execute(select(people_sources.c.mark).where(people_sources.c.name == ALL)).scalar() or ""


def note(conn: Connection, new: str, at: datetime) -> None:
    """Keep the mark of what was read."""
    upsert(conn, people_sources, [{"name": ALL, "mark": new, "read_at": at}])


def forget(conn: Connection) -> None:
    """Let the sources be read anew, for what they said was changed by a person."""
    conn.execute(delete(people_sources))
