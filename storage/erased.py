"""What providers called somebody who was erased: they may tell of an old day again, and it must not come back.

Only salted digests are kept, which tell nothing to who does not know the name already.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from storage.charges import Charge
from storage.tables import erased_identities

REPORTED = ("subject", "resource", "sub_account")
"""The fields of a charge in which a provider names somebody."""


def note(conn: Connection, instead: Mapping[str, str], until: datetime) -> None:
    """Remember what is written in place of identities, in charges of the time before a moment."""
    for external, to in instead.items():
        salt = secrets.token_hex(16)
        row = {"digest": _digest(salt, external), "salt": salt, "pseudonym": to, "until": until}
        conn.execute(insert(erased_identities).values(**row))


def under_pseudonym(conn: Connection, batch: Iterable[Charge]) -> Iterable[Charge]:
    """Charges as they come; of those of the time before somebody was erased, the pseudonym instead of the identity."""
    instead = pseudonyms(conn)
    return batch if instead is None else (_replaced(instead, each) for each in batch)


def pseudonyms(conn: Connection) -> Callable[[str, datetime], str] | None:
    """What is written for an identity in what is of a moment: it itself, or a pseudonym. None if nobody was erased."""
    rows = conn.execute(select(erased_identities)).all()
    known: dict[str, tuple[str, datetime] | None] = {}

    def instead(external: str, at: datetime) -> str:
        if external not in known:
            fits = (row for row in rows if row.digest == _digest(row.salt, external))
            known[external] = next(((row.pseudonym, row.until) for row in fits), None)
        hit = known[external]
        return hit[0] if hit and at < hit[1] else external

    return instead if rows else None


def _replaced(instead: Callable[[str, datetime], str], charge: Charge) -> Charge:
    new = {name: instead(getattr(charge, name), charge.bucket_start) for name in REPORTED}
    changed: dict[str, Any] = {name: value for name, value in new.items() if value != getattr(charge, name)}
    return replace(charge, **changed) if changed else charge


def _digest(salt: str, external: str) -> str:
    return hashlib.sha256(f"{salt}{external}".encode()).hexdigest()
