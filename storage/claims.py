"""Claims: what people paid themselves for tools. Each is a request of the kind "claim"; this is what it has besides."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.requests import FIELDS, Request
from storage.tables import claims, requests


@dataclass(frozen=True, slots=True)
class Claim:
    """What was bought.

    Args:
        request_id: the request by which it is decided; its amount is in the house currency.
        vendor: what was bought, in the claimant's words.
        month: the first day of the month it is for.
        day: the day whose rate counts.
        amount: what was paid, in parts of the currency.
        currency: in which it was paid.
        rate_nanos: 10⁻⁹ of the house currency for one unit of it.
        paid_at: when it was paid back, None until then.
        paid_by: who said so, "" until then.
    """

    request_id: int
    vendor: str
    month: date
    day: date
    amount: int
    currency: str
    rate_nanos: int
    paid_at: datetime | None = None
    paid_by: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim with the request by which it is decided."""

    request: Request
    claim: Claim


_COLUMNS = [claims.c[name] for name in Claim.__dataclass_fields__]
_BOTH = (
    select(*(requests.c[name] for name in FIELDS), *_COLUMNS)
    .join(claims, claims.c.request_id == requests.c.id)
    .order_by(requests.c.id)
)
_COUNTING = requests.c.state.in_(("pending", "approved"))
_APPROVED = requests.c.state == "approved"


def note(conn: Connection, claim: Claim) -> None:
    """Keep what a claim is for."""
    conn.execute(insert(claims), asdict(claim))


def of(conn: Connection, request_ids: Collection[int]) -> dict[int, Claim]:
    """What some requests claim, by their numbers."""
    rows = conn.execute(select(*_COLUMNS).where(claims.c.request_id.in_(request_ids)))
    return {each.request_id: each for each in (Claim(*row) for row in rows)}


def of_year(conn: Connection, account_id: str, first: date) -> list[Claimed]:
    """An account's claims that wait or are approved, in the year that begins on a day; the oldest first."""
    return _read(
        conn.execute(_BOTH.where(_COUNTING, requests.c.account_id == account_id, requests.c.period_start == first))
    )


def of_account(conn: Connection, account_id: str, since: datetime) -> list[Claimed]:
    """An account's claims since a moment, however they stand; the oldest first."""
    return _read(conn.execute(_BOTH.where(requests.c.account_id == account_id, requests.c.asked_at >= since)))


def every(conn: Connection, since: datetime) -> list[Claimed]:
    """Everybody's claims since a moment, however they stand; the oldest first."""
    return _read(conn.execute(_BOTH.where(requests.c.asked_at >= since)))


def unpaid(conn: Connection) -> list[Claimed]:
    """The claims that are approved and not paid back; the oldest first."""
    return _read(conn.execute(_BOTH.where(_APPROVED, claims.c.paid_at.is_(None))))


def numbered(conn: Connection, request_ids: Collection[int]) -> list[Claimed]:
    """The claims of some numbers, as far as there are such; the oldest first."""
    return _read(conn.execute(_BOTH.where(requests.c.id.in_(request_ids))))


def note_paid(conn: Connection, request_ids: Collection[int], at: datetime, by: str) -> int:
    """Note that some claims were paid back, unless it was noted before. Returns how many."""
    approved = select(requests.c.id).where(_APPROVED)
    here = claims.c.request_id.in_(request_ids), claims.c.request_id.in_(approved), claims.c.paid_at.is_(None)
    return conn.execute(update(claims).where(*here).values(paid_at=at, paid_by=by)).rowcount


def _read(rows: Iterable[Any]) -> list[Claimed]:
    width = len(FIELDS)
    return [Claimed(Request(*row[:width]), Claim(*row[width:])) for row in rows]
