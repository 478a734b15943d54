"""Browsers that are signed in, and sign-ins that are under way.

What a browser shows is 256 random bits, which nobody guesses; what is kept is their SHA-256, so that who reads the
database can be nobody with it. No right is kept: who somebody is and may do is looked up at each request.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, insert, or_, select, update

from storage.directory import Person
from storage.people import person_of
from storage.tables import Instant, people, sessions, sign_ins

Kind = Literal["link", "flow"]
"""A sign-in by a link that was printed, or at the company's own sign-in page."""
SEEN_AGAIN = timedelta(minutes=1)
TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in.

    Args:
        id: the number people say.
        person_id: who it is.
        issuer: who said so, such as "https://slack.com"; "link" for a link that was printed on the server.
        subject: whom the issuer named.
        began_at: when it signed in.
        seen_at: when it was last heard of, to the minute.
    """

    id: int
    person_id: str
    issuer: str
    subject: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: since it was last seen, and since it began."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that is under way.

    Args:
        kind: which way.
        person_id: for whom a link is, "" if that is not known yet.
        content: what is needed to end it.
    """

    kind: Kind
    person_id: str
    content: str


def new_token() -> str:
    """What a browser shows, which nobody has had before."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).hexdigest()


_FIELDS = tuple(Session.__dataclass_fields__)
_SESSION = [sessions.c[name] for name in _FIELDS]
_LIVE = and_(
    sessions.c.seen_at > bindparam("seen_since", type_=Instant),
    sessions.c.began_at > bindparam("begun_since", type_=Instant),
)
_BY_TOKEN: Select[Any] = (
    select(people, *(column.label(f"session_{column.name}") for column in _SESSION))
    .join(people, people.c.id == sessions.c.person_id)
    .where(sessions.c.hash == bindparam("hash"), people.c.active, _LIVE)
)
_ALL_LIVE = select(*_SESSION).where(_LIVE).order_by(sessions.c.id)


def begin(conn: Connection, token: str, person_id: str, issuer: str, subject: str, now: datetime) -> int:
    """Keep that a browser is signed in; its number."""
    row = {
        "hash": hash_of(token),
        "person_id": person_id,
        "issuer": issuer[:TEXT_MAX],
        "subject": subject[:TEXT_MAX],
        "began_at": now,
        "seen_at": now,
    }
    return int(conn.execute(insert(sessions).values(row).returning(sessions.c.id)).scalar_one())


def find(conn: Connection, token: str, lifetime: Lifetime, now: datetime) -> tuple[Person, Session] | None:
    """Who is behind what a browser shows; None if it shows nothing of ours, is over, or somebody has left."""
    row = conn.execute(_BY_TOKEN, {"hash": hash_of(token), **_since(lifetime, now)}).first()
    if row is None:
        return None
    return person_of(row), Session(*(getattr(row, f"session_{name}") for name in _FIELDS))


def live(conn: Connection, lifetime: Lifetime, now: datetime, person_id: str = "") -> list[Session]:
    """Those that are signed in, all or of one person, in the order in which they began."""
    asked = _ALL_LIVE.where(sessions.c.person_id == person_id) if person_id else _ALL_LIVE
    return [_session(row) for row in conn.execute(asked, _since(lifetime, now))]


def seen(conn: Connection, session_id: int, now: datetime) -> None:
    """Note that a browser was heard of."""
    conn.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def end(conn: Connection, session_ids: Collection[int]) -> int:
    """End some sessions; how many there were."""
    return conn.execute(delete(sessions).where(sessions.c.id.in_(session_ids))).rowcount


def of_leavers(conn: Connection) -> list[Session]:
    """The sessions of people who are not there any more."""
    gone = select(people.c.id).where(people.c.id == sessions.c.person_id, people.c.active).exists()
    return [_session(row) for row in conn.execute(select(*_SESSION).where(~gone).order_by(sessions.c.id))]


def tidy(conn: Connection, lifetime: Lifetime, now: datetime) -> None:
    """Forget what is over."""
    since = _since(lifetime, now)
    over = or_(sessions.c.seen_at <= since["seen_since"], sessions.c.began_at <= since["begun_since"])
    conn.execute(delete(sessions).where(over))
    conn.execute(delete(sign_ins).where(sign_ins.c.expires_at <= now))


def _since(lifetime: Lifetime, now: datetime) -> dict[str, datetime]:
    return {"seen_since": now - lifetime.idle, "begun_since": now - lifetime.whole}


def _session(row: Row[Any]) -> Session:
    return Session(*(getattr(row, name) for name in _FIELDS))


# Sign-ins that are under way -----------------------------------------------------------------------------------------


def start(conn: Connection, token: str, new: SignIn, expires_at: datetime) -> None:
    """Keep a sign-in that is under way, under what will end it."""
    row = {"hash": hash_of(token), "kind": new.kind, "person_id": new.person_id, "content": new.content}
    conn.execute(insert(sign_ins).values(row | {"expires_at": expires_at}))


def under_way(conn: Connection, token: str, kind: Kind, now: datetime) -> SignIn | None:
    """A sign-in that is under way, without ending it."""
    row = conn.execute(
        select(sign_ins.c.kind, sign_ins.c.person_id, sign_ins.c.content).where(*_one(token, kind, now))
    ).first()
    return SignIn(*row) if row else None


def take(conn: Connection, token: str, kind: Kind, now: datetime) -> SignIn | None:
    """End a sign-in that is under way; whoever comes second gets None."""
    taken = (
        delete(sign_ins)
        .where(*_one(token, kind, now))
        .returning(sign_ins.c.kind, sign_ins.c.person_id, sign_ins.c.content)
    )
    row = conn.execute(taken).first()
    return SignIn(*row) if row else None


def _one(token: str, kind: Kind, now: datetime) -> tuple[Any, ...]:
    return sign_ins.c.hash == hash_of(token), sign_ins.c.kind == kind, sign_ins.c.expires_at > now
