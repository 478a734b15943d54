"""How the places of a chat platform are reached that gives us no other way than what it sent along with a message."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from storage.tables import conversations
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that was seen.

    Args:
        place_id: what we call it: a channel's or group's own id, a person's id in the directory for the private chat.
        conversation_id: what the platform calls it.
        member_id: what the platform calls the person in it, "" for a channel.
        service_url: where its messages are sent to.
        tenant_id: whose it is.
    """

    place_id: str
    conversation_id: str
    member_id: str
    service_url: str
    tenant_id: str


_COLUMNS = [conversations.c[name] for name in Conversation.__dataclass_fields__]
_ONE = select(*_COLUMNS).where(conversations.c.place_id == bindparam("place_id"))
_LATEST = select(*_COLUMNS).order_by(conversations.c.seen_at.desc()).limit(1)

_MEMBERS = select(*_COLUMNS).where(conversations.c.member_id != "").order_by(conversations.c.place_id)


def note(conn: Connection, seen: Conversation, now: datetime) -> None:
    """Keep how a place is reached; the latest word counts."""
    upsert(conn, conversations, [{**asdict(seen), "seen_at": now}])


def forget(conn: Connection, place_id: str) -> None:
    """The app was taken away there."""
    conn.execute(delete(conversations).where(conversations.c.place_id == place_id))


def find(conn: Connection, place_id: str) -> Conversation | None:
    """How a place is reached, None if nothing was ever heard from there."""
    row = conn.execute(_ONE, {"place_id": place_id}).first()
    return None if row is None else Conversation(*row)


def latest(conn: Connection) -> Conversation | None:
    """The conversation heard from last: its address is the best guess for a place that was never heard from."""
    row = conn.execute(_LATEST).first()
    return None if row is None else Conversation(*row)


def person_of(conn: Connection, member_id: str) -> str | None:
    """The directory's id of somebody by what the platform calls them, None for somebody never heard."""
    statement = select(conversations.c.place_id).where(conversations.c.member_id == member_id).limit(1)
    return conn.execute(statement).scalar()


def members(conn: Connection) -> dict[str, str]:
    """What the platform calls people, by what they are known by there: the tenant and the directory's id."""
    rows = conn.execute(_MEMBERS)
    return {f"{row.tenant_id}/{row.place_id}": row.member_id for row in rows}


def known(conn: Connection, place_ids: Collection[str]) -> set[str]:
    """Which of some places can be reached."""
    rows = conn.execute(select(conversations.c.place_id).where(conversations.c.place_id.in_(list(place_ids))))
    return {row.place_id for row in rows}
