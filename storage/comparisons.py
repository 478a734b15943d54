"""Questions that look deeper than a balance: which kinds of tokens, since when, and how far we have heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BigInteger, Connection, Date, and_, bindparam, cast, func, literal, or_, select

from storage import pulls
from storage.charges import TOKENS
from storage.partitions import of_days
from storage.pulls import Pull
from storage.tables import ORGANIZATION, charges, lineage, spend

SILENT_DAYS_MAX = 14


@dataclass(frozen=True, slots=True)
class Consumed:
    """A sum of priced charges by model and perhaps by key.

    Args:
        model: as reported.
        key: the provider's id of the key, "" if keys are not told apart.
        cost_nanos: in the house currency.
        tokens: one number for each kind, in the order of `usage.TOKENS`.
    """

    model: str
    key: str
    cost_nanos: int
    tokens: tuple[int, ...]


_SUMS = [cast(func.sum(charges.c[name]), BigInteger) for name in ("cost_house_nanos", *TOKENS)]
_PRICED = and_(
    of_days(bindparam("first", type_=Date), bindparam("end", type_=Date)),
    charges.c.cost_nanos.is_not(None),
)
_ON_LINE = and_(
    lineage.c.account_id == charges.c.account_id, lineage.c.since <= charges.c.day, charges.c.day < lineage.c.until
)
_BY_KEY = (
    select(charges.c.model, charges.c.resource, *_SUMS)
    .where(charges.c.account_id == bindparam("account"), _PRICED)
    .group_by(charges.c.model, charges.c.resource)
    .order_by(charges.c.model, charges.c.resource)
)
_BELOW = (
    select(charges.c.model, literal(""), *_SUMS)
    .join(lineage, _ON_LINE)
    .where(lineage.c.ancestor_id == bindparam("account"), _PRICED)
    .group_by(charges.c.model)
    .order_by(charges.c.model)
)
_FIRST_USED = (
    select(spend.c.model, func.min(spend.c.day))
    .where(spend.c.account_id == bindparam("account"), or_(spend.c.tokens > 0, spend.c.cost_nanos != 0))
    .group_by(spend.c.model)
)


_BEGUN = select(func.min(spend.c.day)).where(spend.c.account_id == ORGANIZATION)


def begun(conn: Connection) -> date | None:
    """The first day of which any usage is known, None if nothing is."""
    found: date | None = conn.execute(_BEGUN).scalar()
    return found


def begun_at(conn: Connection, provider: str) -> date | None:
    """The first day of which any usage at a provider is known, None if nothing is."""
    found: date | None = conn.execute(_BEGUN.where(spend.c.provider == provider)).scalar()
    return found


def consumed(conn: Connection, account_id: str, first: date, end: date, *, keys: bool) -> list[Consumed]:
    """What was consumed on the days first until before end, priced charges only.

    Args:
        conn: any connection.
        account_id: whose.
        first: the first day.
        end: the day after the last.
        keys: tell keys apart, of this one account; else the account and all below it, without keys.
    """
    rows = conn.execute(_BY_KEY if keys else _BELOW, {"account": account_id, "first": first, "end": end})
    return [Consumed(row[0], row[1], row[2], tuple(row[3:])) for row in rows]


def first_used(conn: Connection, account_id: str) -> dict[str, date]:
    """The first day we know of on which an account, or one below it, used each model."""
    return {row[0]: row[1] for row in conn.execute(_FIRST_USED, {"account": account_id})}


def whole_until(conn: Connection, today: date) -> date:
    """The day before which days are whole: over, and read from every provider after their end."""
    return whole_before(pulls.pulled(conn), today)


def whole_before(read: Sequence[Pull], today: date) -> date:
    """The same, from how reading the providers went.

    A provider that has been silent for two weeks longer than another is no longer waited for; the line of provenance
    tells how old its figures are.
    """
    heard = [pull.through for pull in read if pull.through is not None]
    waited = [day for day in heard if day >= max(heard) - timedelta(days=SILENT_DAYS_MAX)]
    return min([today, *waited])
