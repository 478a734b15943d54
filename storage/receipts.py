"""Receipts: files that show what people paid.

They lie here and nowhere else: so a backup and each replica have them, and no address leads to them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from storage.tables import claims, receipts, requests


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file without its content.

    Args:
        id: its number.
        person_id: who sent it.
        request_id: the claim that it belongs to, None for none yet.
        sha256: of its content, as hexadecimal digits.
        kind: what its content is, such as "pdf".
        size_bytes: how large it is.
        sent_at: when it came.
        is_kept: whether its content is still here.
    """

    id: int
    person_id: str
    request_id: int | None
    sha256: str
    kind: str
    size_bytes: int
    sent_at: datetime
    is_kept: bool = True


_SHOWN = select(
    *(receipts.c[name] for name in ("id", "person_id", "request_id", "sha256", "kind", "size_bytes", "sent_at")),
    receipts.c.content.is_not(None),
).order_by(receipts.c.id)
_OF_NO_CLAIM = receipts.c.request_id.is_(None)


def keep(conn: Connection, new: Receipt, content: bytes) -> int:
    """Keep a file of somebody; one that they have sent already, and that belongs to no claim yet, is the same.

    Returns:
        Its number.
    """
    same = _OF_NO_CLAIM, receipts.c.person_id == new.person_id, receipts.c.sha256 == new.sha256
    known = conn.execute(select(receipts.c.id).where(*same)).scalar()
    if known is not None:
        conn.execute(update(receipts).where(receipts.c.id == known).values(sent_at=new.sent_at))
        return int(known)
    values = {
        "person_id": new.person_id,
        "sha256": new.sha256,
        "kind": new.kind,
        "size_bytes": new.size_bytes,
        "content": content,
        "sent_at": new.sent_at,
    }
    key = conn.execute(insert(receipts), values).inserted_primary_key
    assert key is not None
    return int(key[0])


def of_no_claim(conn: Connection, person_id: str) -> list[Receipt]:
    """What somebody sent and that belongs to no claim yet, the oldest first."""
    here = _SHOWN.where(_OF_NO_CLAIM, receipts.c.person_id == person_id)
    return sorted(_read(conn.execute(here)), key=lambda each: (each.sent_at, each.id))


def of_request(conn: Connection, request_id: int) -> list[Receipt]:
    """The receipts of a claim, in the order in which they came."""
    return _read(conn.execute(_SHOWN.where(receipts.c.request_id == request_id)))


def counted(conn: Connection, request_ids: Collection[int]) -> dict[int, int]:
    """How many receipts some claims have; those that have none are missing."""
    here = receipts.c.request_id.in_(request_ids)
    rows = conn.execute(select(receipts.c.request_id, func.count()).where(here).group_by(receipts.c.request_id))
    return {row[0]: row[1] for row in rows}


def used_already(conn: Connection, marks: Collection[str], request_id: int = 0) -> list[Receipt]:
    """The receipts with one of some contents that belong to other claims, which wait or are approved."""
    counting = select(requests.c.id).where(requests.c.state.in_(("pending", "approved")))
    here = receipts.c.sha256.in_(marks), receipts.c.request_id.in_(counting), receipts.c.request_id != request_id
    return _read(conn.execute(_SHOWN.where(*here)))


def attach(conn: Connection, receipt_ids: Collection[int], request_id: int) -> None:
    """Let some receipts belong to a claim."""
    conn.execute(update(receipts).where(receipts.c.id.in_(receipt_ids)).values(request_id=request_id))


def content(conn: Connection, receipt_id: int) -> bytes | None:
    """What is in a file, None if it is not kept any more."""
    found = conn.execute(select(receipts.c.content).where(receipts.c.id == receipt_id)).scalar()
    return None if found is None else bytes(found)


def forget_strays(conn: Connection, before: datetime) -> int:
    """Forget what was sent before a moment and belongs to no claim. Returns how many."""
    return conn.execute(delete(receipts).where(_OF_NO_CLAIM, receipts.c.sent_at < before)).rowcount


def forget(conn: Connection, before: datetime) -> int:
    """Forget the contents of receipts whose claims were paid back, or came to nothing, before a moment.

    What tells that a file comes a second time stays.
    """
    paid = select(claims.c.request_id).where(claims.c.paid_at < before)
    ended = func.coalesce(requests.c.ended_at, requests.c.resolved_at, requests.c.asked_at) < before
    over: ColumnElement[bool] = and_(requests.c.state.not_in(("proposed", "pending", "approved")), ended)
    gone = select(requests.c.id).where(over)
    here = or_(receipts.c.request_id.in_(paid), receipts.c.request_id.in_(gone))
    return conn.execute(update(receipts).where(receipts.c.content.is_not(None), here).values(content=None)).rowcount


def _read(rows: Iterable[Any]) -> list[Receipt]:
    return [Receipt(*row) for row in rows]
