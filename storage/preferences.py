"""What somebody wants otherwise than it is for all."""

from sqlalchemy import Connection, select

from storage.tables import preferences
from storage.upsert import upsert


def prefer(conn: Connection, person_id: str, name: str, value: str) -> None:
    """Remember what somebody wants."""
    upsert(conn, preferences, [{"person_id": person_id, "name": name, "value": value}])


def preferred(conn: Connection, person_id: str) -> dict[str, str]:
    """All that somebody wants, by name."""
    rows = conn.execute(select(preferences.c.name, preferences.c.value).where(preferences.c.person_id == person_id))
    return {row[0]: row[1] for row in rows}


def who_prefers(conn: Connection, name: str, value: str) -> list[str]:
    """The people who want something, by id."""
    wanted = (preferences.c.name == name) & (preferences.c.value == value)
    return list(conn.execute(select(preferences.c.person_id).where(wanted).order_by(preferences.c.person_id)).scalars())
