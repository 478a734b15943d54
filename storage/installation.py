"""What is so of this database as a whole: a note under a name, with its value and since when."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.tables import installation
from storage.upsert import upsert

NAME = installation.name
RESTORED = "restored"
"""The note that this is a restored copy, and of which moment: nothing goes out until an admin says so."""

NO_CHAT = "no chat"
"""The note that the bot runs without any chat platform, so that nobody is notified there."""


def note(conn: Connection, name: str, value: str, now: datetime) -> None:
    """Let something be so from now on."""
    upsert(conn, installation, [{"name": name, "value": value, "since": now}])


def noted(conn: Connection, name: str) -> tuple[str, datetime] | None:
    """The value of a note and since when it is so, None if it is not."""
    row = conn.execute(select(installation.c.value, installation.c.since).where(installation.c.name == name)).first()
    return (row[0], row[1]) if row else None


def end(conn: Connection, name: str) -> bool:
    """Let it be so no more; whether it was."""
    return bool(conn.execute(delete(installation).where(installation.c.name == name)).rowcount)
