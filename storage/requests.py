"""Requests for more: pending, then resolved at most once."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from storage.models import requests

RequestState = Literal["pending", "approved", "denied", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody asks for more.

    Args:
        id: the number people say.
        handle: an opaque word for buttons; knowing it gives no right.
        version: counts changes of what is asked; a decision is valid for the version that was seen.
        state: pending until it is resolved once.
        asker_id: who asks.
        account_id: who would spend.
        budget: of which rule.
        period_start: first day of the period it is for.
        amount: nanos or tokens.
        unit: currency code or "tokens".
        reason: what for, in the asker's words.
        approver_id: who was asked to decide.
        asked_at: when.
        resolved_at: when it was decided, None while pending.
        resolved_by: by whom, "" while pending.
        resolved_amount: what was granted.
        resolved_note: the decider's reason.
    """

    id: int
    handle: str
    version: int
    state: RequestState
    asker_id: str
    account_id: str
    budget: str
    period_start: date
    amount: int
    unit: str
    reason: str
    approver_id: str
    asked_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    resolved_amount: int
    resolved_note: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a request ends."""

    state: RequestState
    by: str
    amount: int = 0
    note: str = ""


_BY_NUMBER = select(requests).where(requests.c.id == bindparam("id"))
_BY_HANDLE = select(requests).where(requests.c.handle == bindparam("handle"))


def ask_for(
    conn: Connection,
    *,
    asker_id: str,
    account_id: str,
    budget: str,
    period_start: date,
    amount: int,
    unit: str,
    reason: str,
    approver_id: str,
    now: datetime,
) -> Request:
    """Open a request."""
    row = {
        "handle": secrets.token_hex(16),
        "version": 1,
        "state": "pending",
        "asker_id": asker_id,
        "account_id": account_id,
        "budget": budget,
        "period_start": period_start,
        "amount": amount,
        "unit": unit,
        "reason": reason,
        "approver_id": approver_id,
        "asked_at": now,
        "resolved_at": None,
        "resolved_by": "",
        "resolved_amount": 0,
        "resolved_note": "",
    }
    return Request(*conn.execute(insert(requests).returning(requests), row).one())


def find(conn: Connection, word: str) -> Request | None:
    """The request under a number or a handle, or None."""
    if word.isdecimal() and len(word) < 10:  # noqa: PLR2004 - larger numbers are no ids of ours
        row = conn.execute(_BY_NUMBER, {"id": int(word)}).first()
    else:
        row = conn.execute(_BY_HANDLE, {"handle": word}).first()
    return Request(*row) if row else None


def resolve(conn: Connection, request: Request, end: Resolution, now: datetime) -> Request | None:
    """End a pending request, in the version that was looked at, once.

    Returns:
        The request as it stands now, or None if it was resolved or changed meanwhile.
    """
    row = conn.execute(
        update(requests)
        .where(requests.c.id == request.id, requests.c.state == "pending", requests.c.version == request.version)
        .values(
            state=end.state, resolved_at=now, resolved_by=end.by, resolved_amount=end.amount, resolved_note=end.note
        )
        .returning(requests),
    ).first()
    return Request(*row) if row else None


def open_of(conn: Connection, person_id: str) -> list[Request]:
    """Pending requests that a person asked or is to decide, oldest first."""
    mine = or_(requests.c.asker_id == person_id, requests.c.approver_id == person_id)
    rows = conn.execute(select(requests).where(requests.c.state == "pending", mine).order_by(requests.c.id))
    return [Request(*row) for row in rows]
