"""Reservations: what a job is going to spend, set aside until its charges arrive.

A reservation is neither an entry nor a charge. While it counts, what of it has not arrived as charges is not free to be
promised to anybody else. It stops to count at a moment that stands in its row, so that no crash leaves one behind.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    null,
    select,
    update,
)

from storage.tables import FOREVER, Instant, lineage, reservations, spend

TOKENS_UNIT = "tokens"
ReservationState = Literal["held", "settled", "released"]


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a job may spend.

    Args:
        id: its number.
        account_id: who spends.
        by_id: id of the person in whose name it was made.
        through: the program that made it, as its token is called; "" for the approval of a request.
        external_id: what the program calls the job, "" if it did not say.
        what: what the job is, in the program's words.
        model: the only model that it uses, "" if it did not say.
        amount: what was reserved, in parts of the unit.
        unit: code of the currency, or "tokens".
        day: the organization's day on which it was made.
        spent_before: what the account had spent on that day by then, in the unit.
        reserved_at: when it was made.
        counts_until: from when on nothing of it counts: when it lapses, or when the last charge of a settled job must
            have arrived.
        state: "held" until it is settled with what the job cost, or released because the job did not run.
        ended_at: when it was settled or released.
        cost: what the job cost, None until it is settled.
        request_id: the request that allowed the job, None if there is none.
        asked_at: when the owner was asked at the checkpoint whether the job goes on, None if not yet.
        continued_by: id of who let it go on, "" as long as nobody did.
    """

    id: int
    account_id: str
    by_id: str
    through: str
    external_id: str
    what: str
    model: str
    amount: int
    unit: str
    day: date
    spent_before: int
    reserved_at: datetime
    counts_until: datetime
    state: ReservationState
    ended_at: datetime | None
    cost: int | None
    request_id: int | None
    asked_at: datetime | None
    continued_by: str


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation that counts, as one of the accounts above it sees it.

    Args:
        holder_id: the account, or one above it.
        id: of the reservation.
        account_id: who spends.
        model: see Reservation.
        unit: see Reservation.
        amount: what was reserved, or what the job cost if it is settled.
        arrived: what the account has spent since the reservation was made, in the unit.
        settled_at: when it was settled, None while it is held.
    """

    holder_id: str
    id: int
    account_id: str
    model: str
    unit: str
    amount: int
    arrived: int
    settled_at: datetime | None


_ALL = select(reservations)
_SPENT = case((reservations.c.unit == TOKENS_UNIT, spend.c.tokens), else_=spend.c.cost_nanos)
_ARRIVED = (
    cast(
        select(func.coalesce(func.sum(_SPENT), 0))
        .where(spend.c.account_id == reservations.c.account_id, spend.c.day >= reservations.c.day)
        .correlate(reservations)
        .scalar_subquery(),
        BigInteger,
    )
    - reservations.c.spent_before
)
_HELD_NOW = and_(reservations.c.state == "held", reservations.c.counts_until > bindparam("now", type_=Instant))
_WITH_ARRIVED = select(reservations, _ARRIVED).order_by(reservations.c.id)
_COUNTS = and_(reservations.c.state != "released", reservations.c.counts_until > bindparam("now", type_=Instant))
_ABOVE = (
    select(
        lineage.c.ancestor_id,
        reservations.c.id,
        reservations.c.account_id,
        reservations.c.model,
        reservations.c.unit,
        func.coalesce(reservations.c.cost, reservations.c.amount),
        _ARRIVED,
        reservations.c.ended_at,
    )
    .join(lineage, and_(lineage.c.account_id == reservations.c.account_id, lineage.c.until == FOREVER))
    .where(_COUNTS)
)
_LAPSED = and_(
    reservations.c.state == "held",
    reservations.c.request_id.is_(None),
    reservations.c.counts_until <= bindparam("now", type_=Instant),
)
_TOTALS = select(func.sum(case((_HELD_NOW, 1), else_=0)), func.sum(case((_LAPSED, 1), else_=0))).where(
    reservations.c.counts_until > bindparam("since", type_=Instant)
)
# No index on it: what is reserved is little, and what is below an account that is high up is nearly everybody.
_ANCESTOR = func.coalesce(lineage.c.ancestor_id, "")
_LINE = select(lineage.c.ancestor_id).where(lineage.c.account_id == bindparam("account"), lineage.c.until == FOREVER)

# The columns of Held for a statement in which other rows have none of them.
NONE = (
    cast(null(), BigInteger),
    cast(null(), String(80)),
    cast(null(), String(255)),
    cast(null(), String(8)),
    cast(null(), BigInteger),
    cast(null(), BigInteger),
    cast(null(), Instant),
)


def above() -> Select[Any]:
    """What counts for an account (parameter `account`) and for each above it at a moment (parameter `now`).

    The columns are those of Held, for the statement that reads the entries: a balance sees both in one.
    """
    return _ABOVE.where(_ANCESTOR.in_(_LINE))


def below(conn: Connection, holder_id: str, now: datetime) -> list[Held]:
    """What counts at a moment of an account and all below it."""
    rows = conn.execute(_ABOVE.where(lineage.c.ancestor_id == holder_id), {"now": now})
    return [Held(*row) for row in rows]


def reserve(conn: Connection, new: Reservation) -> Reservation:
    """Make a reservation; its number is given here."""
    row = asdict(new)
    del row["id"]
    return Reservation(*conn.execute(insert(reservations).returning(reservations), row).one())


def find(conn: Connection, number: int) -> Reservation | None:
    """The reservation of a number, or None."""
    row = conn.execute(_ALL.where(reservations.c.id == number)).first()
    return Reservation(*row) if row else None


def of_request(conn: Connection, request_id: int) -> Reservation | None:
    """The reservation that a request allowed, or None."""
    row = conn.execute(_ALL.where(reservations.c.request_id == request_id)).first()
    return Reservation(*row) if row else None


def save(conn: Connection, before: Reservation, after: Reservation) -> bool:
    """Write what has become of a reservation.

    Returns:
        False if it was changed since it was read; then nothing was written.
    """
    row = asdict(after)
    del row["id"]
    same = and_(
        reservations.c.id == before.id,
        reservations.c.state == before.state,
        reservations.c.counts_until == before.counts_until,
        reservations.c.continued_by == before.continued_by,
    )
    return conn.execute(update(reservations).where(same).values(**row).returning(reservations.c.id)).first() is not None


def spent_since(conn: Connection, account_id: str, day: date, unit: str) -> int:
    """What an account has spent from a day on, as far as it was reported: in tokens, or in the house currency."""
    total = select(func.coalesce(func.sum(spend.c.tokens if unit == TOKENS_UNIT else spend.c.cost_nanos), 0))
    found = conn.execute(total.where(spend.c.account_id == account_id, spend.c.day >= day)).scalar_one()
    return int(found)


def at_checkpoint(conn: Connection, now: datetime) -> list[tuple[Reservation, int]]:
    """The jobs of requests whose half is spent and whose owner was not asked yet, each with what has arrived of it."""
    where = and_(
        reservations.c.request_id.is_not(None),
        reservations.c.asked_at.is_(None),
        _HELD_NOW,
        reservations.c.amount <= _ARRIVED * 2,
    )
    return [(Reservation(*row[:-1]), int(row[-1])) for row in conn.execute(_WITH_ARRIVED.where(where), {"now": now})]


def totals(conn: Connection, now: datetime, since: datetime) -> tuple[int, int]:
    """How many reservations are held now, and how many have lapsed since a moment without a word of their program."""
    row = conn.execute(_TOTALS, {"now": now, "since": since}).one()
    return int(row[0] or 0), int(row[1] or 0)


def arrived_of(conn: Connection, number: int) -> int:
    """What the account of a reservation has spent since it was made."""
    return int(conn.execute(select(_ARRIVED).select_from(reservations).where(reservations.c.id == number)).scalar_one())


def held(conn: Connection, account_id: str, now: datetime) -> list[tuple[Reservation, int]]:
    """The reservations of an account that are held now, each with what has arrived of it."""
    where = and_(reservations.c.account_id == account_id, _HELD_NOW)
    return [(Reservation(*row[:-1]), int(row[-1])) for row in conn.execute(_WITH_ARRIVED.where(where), {"now": now})]
