"""Seats: places at a provider that are paid for by the month, whoever uses them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, and_, delete, select

from storage.tables import links, seats
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat as its provider tells it.

    Args:
        provider: the name under which app.yaml lists it.
        external_id: the provider's id of the user who has it, as in Charge.subject.
        plan: what is paid for, such as "copilot_business".
        month_nanos: what it costs a month, in the house currency; 0 if app.yaml does not say.
        used_on: the last day on which it was used, None if never or not said.
        since: the day it was given, None if it is not said.
        use_known: whether the provider says when it was used; without that nobody can say that it was not.
    """

    provider: str
    external_id: str
    plan: str
    month_nanos: int
    used_on: date | None
    since: date | None
    use_known: bool = True


_OWNED = (
    select(links.c.account_id, seats)
    .join(
        links,
        and_(links.c.platform == seats.c.provider, links.c.kind == "user", links.c.external_id == seats.c.external_id),
    )
    .order_by(links.c.account_id, seats.c.provider, seats.c.external_id)
)


def record(conn: Connection, provider: str, here: Sequence[Seat], *, all_told: bool = True) -> None:
    """Take in a provider's list of seats; one that is not on it any more is given up, if the list was all there is."""
    if all_told:
        conn.execute(delete(seats).where(seats.c.provider == provider))
    upsert(conn, seats, [asdict(each) for each in sorted(here, key=lambda each: each.external_id)])


def of_account(conn: Connection, account_id: str) -> list[Seat]:
    """The seats of one account."""
    return [Seat(*values) for _, *values in conn.execute(_OWNED.where(links.c.account_id == account_id))]


def at_provider(conn: Connection, provider: str) -> list[Seat]:
    """All seats at a provider, also those of nobody who is known."""
    return [Seat(*row) for row in conn.execute(select(seats).where(seats.c.provider == provider))]


def owned(conn: Connection) -> dict[str, list[Seat]]:
    """The seats of each account that a person was linked to."""
    found: dict[str, list[Seat]] = {}
    for account_id, *values in conn.execute(_OWNED):
        found.setdefault(account_id, []).append(Seat(*values))
    return found
