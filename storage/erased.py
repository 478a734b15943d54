"""What providers called somebody who was erased: they may tell of an old day again, and it must not come back.

Only salted digests are kept, which tell nothing to who does not know the name already.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    rows = conn.execute(select(erased_identities)).all()
    return _replaced(rows, batch) if rows else batch


def _replaced(rows: Sequence[Any], batch: Iterable[Charge]) -> Iterator[Charge]:
    known: dict[str, tuple[str, datetime] | None] = {}

    def found(external: str) -> tuple[str, datetime] | None:
        if external not in known:
            fits = (row for row in rows if row.digest == _digest(row.salt, external))
            known[external] = next(((row.pseudonym, row.until) for row in fits), None)
        return known[external]

    for charge in batch:
        new: dict[str, Any] = {}
        for name in REPORTED:
            hit = found(getattr(charge, name))
            if hit and charge.bucket_start < hit[1]:
                new[name] = hit[0]
        yield replace(charge, **new) if new else charge


def _digest(salt: str, external: str) -> str:
    return hashlib.sha256(f"{salt}{external}".encode()).hexdigest()
