"""What is so of this database as a whole: a note under a name, with its value and since when."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.tables import installation
from storage.upsert import upsert

NAME = installation.name
RESTORED = "restored"
"""The note that this is a restored copy, and of which moment: nothing goes out until an admin says so."""

SKEW = "clock skew/"
"""Before the name of a host: the note of how many seconds its clock is ahead of the database's, when that was seen."""

REPLICA = "replica/"
"""Before the name of a host: the note of what is the matter with the read replica, when that was seen."""

NO_CHAT = "no chat"
"""The note that the bot runs without any chat platform, so that nobody is notified there."""


def note(conn: Connection, name: str, value: str, now: datetime) -> None:
    """Let something be so from now on."""
    upsert(conn, installation, [{"name": name, "value": value, "since": now}])


def noted(conn: Connection, name: str) -> tuple[str, datetime] | None:
    """The value of a note and since when it is so, None if it is not."""
    row = conn.execute(select(installation.c.value, installation.c.since).where(installation.c.name == name)).first()
    return (row[0], row[1]) if row else None


def noted_below(conn: Connection, prefix: str) -> dict[str, tuple[str, datetime]]:
    """All notes whose names begin so, by the rest of their names."""
    columns = installation.c.name, installation.c.value, installation.c.since
    rows = conn.execute(select(*columns).where(installation.c.name.startswith(prefix, autoescape=True)))
    return {row[0].removeprefix(prefix): (row[1], row[2]) for row in rows}


def end(conn: Connection, name: str) -> bool:
    """Let it be so no more; whether it was."""
    return bool(conn.execute(delete(installation).where(installation.c.name == name)).rowcount)
