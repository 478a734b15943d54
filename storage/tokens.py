"""Tokens: what a program shows to be let in, for whom it speaks then, and until when.

A token is `bursar_`, a letter for its kind, `_`, thirty letters drawn at random (178 bits) and six of a checksum, so
that scanners for secrets find it with few false alarms and a mistyped one never reaches the database. What is kept is
its SHA-256: at that length a slow hash would guard nothing more.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, or_, select, update

from storage.directory import RESERVED
from storage.tables import Instant, accounts, people, tokens

Scope = Literal["own", "agent", "telemetry", "telemetry_all", "reports"]
"""What a token opens: all that a person may ask for themself, or for an agent of theirs; telemetry of one account, or
of whomever it names in the organization; reports, to be read only."""

SHAPE = re.compile(r"bursar_[pas]_[0-9A-Za-z]{36}")
"""What a scanner for secrets looks for."""

KINDS: dict[Scope, str] = {"own": "p", "agent": "a", "telemetry": "s", "telemetry_all": "s", "reports": "s"}
CLIENT_MAX = 64
ID_DIGITS_MAX = 9
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 30, 6


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept.

    Args:
        id: the number people say.
        tail: its last four letters.
        scope: what it opens.
        account_id: for whom it speaks, such as "person/ana"; "org" for the whole organization.
        made_by: id of who made it.
        made_at: when.
        expires_at: when it ends by itself.
        used_at: when it was last used, to the hour; None if never.
        client: what used it last, as that calls itself.
        replaced_by: the token that took its place, None if none did.
        ended_at: when it was ended, None if it was not.
        ended_by: by whom, "clock" when whoever it speaks for had left, "" if it was not.
    """

    id: int
    tail: str
    scope: Scope
    account_id: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    client: str
    replaced_by: int | None
    ended_at: datetime | None
    ended_by: str

    def is_live(self, now: datetime) -> bool:
        """Whether it neither was ended nor has ended by itself."""
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token with those it depends on, as they are now.

    Args:
        token: the token.
        kind: of its account.
        owner_id: who answers for the account: the person, the agent's owner.
        account_active: whether the account is there.
        owner_active: whether that person is.
        maker_active: whether who made it is still there.
        maker_roles: of who made it, now.
    """

    token: Token
    kind: str
    owner_id: str
    account_active: bool
    owner_active: bool
    maker_active: bool
    maker_roles: tuple[str, ...]

    @property
    def speaker(self) -> str:
        """Id of the person for whom it speaks: the owner of the person's or agent's account, else who made it."""
        return self.owner_id if self.kind in ("person", "agent") else self.token.made_by

    @property
    def stands(self) -> bool:
        """Whether all are there on whom it depends. An agent's goes over to the agent's new owner."""
        if not self.account_active:
            return False
        if self.kind in ("person", "agent"):
            return self.owner_active
        if self.token.made_by in RESERVED:  # on the machine itself
            return True
        return self.maker_active and (self.kind == "team" or not {"finance", "admin"}.isdisjoint(self.maker_roles))


def new_secret(scope: Scope) -> str:
    """A token that nobody has had before."""
    start = f"bursar_{KINDS[scope]}_" + "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return start + _checksum(start)


def is_well_formed(secret: str) -> bool:
    """Whether a text can be a token at all."""
    return SHAPE.fullmatch(secret) is not None and _checksum(secret[:-_CHECK]) == secret[-_CHECK:]


def hash_of(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(start: str) -> str:
    number, found = zlib.crc32(start.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found


_FIELDS = tuple(Token.__dataclass_fields__)
_TOKEN = [tokens.c[name] for name in _FIELDS]
_OWNER, _MAKER = people.alias("owner"), people.alias("maker")
_BEARERS: Select[Any] = (
    select(
        *_TOKEN,
        accounts.c.kind,
        accounts.c.owner_id,
        func.coalesce(accounts.c.active, False).label("account_active"),
        func.coalesce(_OWNER.c.active, False).label("owner_active"),
        func.coalesce(_MAKER.c.active, False).label("maker_active"),
        _MAKER.c.roles.label("maker_roles"),
    )
    .outerjoin_from(tokens, accounts, accounts.c.id == tokens.c.account_id)
    .outerjoin(_OWNER, _OWNER.c.id == accounts.c.owner_id)
    .outerjoin(_MAKER, _MAKER.c.id == tokens.c.made_by)
)
_BY_HASH = _BEARERS.where(tokens.c.hash == bindparam("hash"))
_BY_ID = _BEARERS.where(tokens.c.id == bindparam("id"))
_LIVE = and_(tokens.c.ended_at.is_(None), tokens.c.expires_at > bindparam("now", type_=Instant))
_ALL_LIVE = _BEARERS.where(_LIVE).order_by(tokens.c.id)
_OF = _ALL_LIVE.where(
    or_(tokens.c.account_id.in_(bindparam("accounts", expanding=True)), tokens.c.made_by == bindparam("person"))
)


def make(conn: Connection, secret: str, scope: Scope, account_id: str, by: str, now: datetime, until: datetime) -> int:
    """Keep a new token; what is kept of it is its hash.

    Returns:
        Its number.
    """
    row = {
        "hash": hash_of(secret),
        "tail": secret[-4:],
        "scope": scope,
        "account_id": account_id,
        "made_by": by,
        "made_at": now,
        "expires_at": until,
        "client": "",
        "ended_by": "",
    }
    return int(conn.execute(insert(tokens).values(row).returning(tokens.c.id)).scalar_one())


def by_secret(conn: Connection, secret: str) -> Bearer | None:
    """The token that was shown, whether it still counts or not; None if there never was one."""
    row = conn.execute(_BY_HASH, {"hash": hash_of(secret)}).first()
    return _bearer(row) if row else None


def find(conn: Connection, number: str) -> Bearer | None:
    """The token under the number that somebody said, None if there is none."""
    if not number.isdecimal() or len(number) > ID_DIGITS_MAX:
        return None
    row = conn.execute(_BY_ID, {"id": int(number)}).first()
    return _bearer(row) if row else None


def live(conn: Connection, now: datetime) -> list[Bearer]:
    """All that have not ended, in the order in which they were made."""
    return [_bearer(row) for row in conn.execute(_ALL_LIVE, {"now": now})]


def live_of(conn: Connection, account_ids: Collection[str], person_id: str, now: datetime) -> list[Bearer]:
    """The same of some accounts, and those that a person made."""
    values = {"accounts": sorted(account_ids), "person": person_id, "now": now}
    return [_bearer(row) for row in conn.execute(_OF, values)]


def end(conn: Connection, token_id: int, by: str, now: datetime) -> bool:
    """End a token now; False if it had been ended before."""
    one = and_(tokens.c.id == token_id, tokens.c.ended_at.is_(None))
    return conn.execute(update(tokens).where(one).values(ended_at=now, ended_by=by)).rowcount > 0


def replace(conn: Connection, token_id: int, new_id: int, until: datetime) -> None:
    """Let another token take one's place, which ends at a moment at the latest."""
    conn.execute(update(tokens).where(tokens.c.id == token_id).values(replaced_by=new_id, expires_at=until))


def used(conn: Connection, token_id: int, client: str, now: datetime) -> None:
    """Note that a token is in use, and by what."""
    conn.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=now, client=client[:CLIENT_MAX]))


def _bearer(row: Row[Any]) -> Bearer:
    count = len(_FIELDS)
    kind, owner_id, account_active, owner_active, maker_active, roles = row[count:]
    return Bearer(
        Token(*row[:count]),
        kind or "",
        owner_id or "",
        bool(account_active),
        bool(owner_active),
        bool(maker_active),
        tuple((roles or "").split()),
    )
