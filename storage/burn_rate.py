"""What accounts burn: hours and days as the guard looks at them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, Connection, Date, bindparam, cast, func, select

from storage.charges import HOURS_OF_A_DAY, TOKENS
from storage.tables import UNALLOCATED, Instant, accounts, charges, spend

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Bucket:
    """What an account cost in an hour or a day of a provider's report. `input` and `output` are tokens."""

    account_id: str
    start: datetime
    hours: int
    day: date
    cost_nanos: int
    requests: int
    input: int
    output: int


_SUMS = [
    cast(func.sum(charges.c.cost_house_nanos), BigInteger),
    cast(func.sum(charges.c.requests), BigInteger),
    cast(func.sum(sum((charges.c[name] for name in TOKENS[1:4]), start=charges.c[TOKENS[0]])), BigInteger),
    cast(func.sum(charges.c.tokens_output), BigInteger),
]
_KEY = (charges.c.account_id, charges.c.bucket_start, charges.c.bucket_hours, charges.c.day)
_LATEST = (
    select(*_KEY, *_SUMS)
    .where(charges.c.provider == bindparam("provider"), charges.c.bucket_start >= bindparam("since", type_=Instant))
    .group_by(*_KEY)
)
_HOURS = (
    select(*_KEY, *_SUMS)
    .where(
        charges.c.account_id.in_(bindparam("accounts", expanding=True)),
        charges.c.day >= bindparam("first", type_=Date),
        charges.c.bucket_hours < HOURS_OF_A_DAY,
    )
    .group_by(*_KEY)
    .order_by(charges.c.account_id, charges.c.bucket_start)
)
_COST = cast(func.sum(spend.c.cost_nanos), BigInteger)
_DAYS = (
    select(spend.c.account_id, spend.c.day, _COST)
    .where(spend.c.account_id.in_(bindparam("accounts", expanding=True)), spend.c.day >= bindparam("first", type_=Date))
    .group_by(spend.c.account_id, spend.c.day)
)
_DEAR = (
    select(spend.c.account_id)
    .join(accounts, accounts.c.id == spend.c.account_id)
    .where(
        accounts.c.kind.in_(("person", "agent", "unallocated")),
        spend.c.day >= bindparam("first", type_=Date),
        spend.c.day < bindparam("end", type_=Date),
    )
    .group_by(spend.c.account_id)
    .having(bindparam("least") <= _COST)
    .order_by(spend.c.account_id)
)


_LATE = (
    select(charges.c.account_id)
    .where(
        charges.c.provider == bindparam("provider"),
        charges.c.bucket_start >= bindparam("since", type_=Instant),
        charges.c.bucket_start < bindparam("until", type_=Instant),
        charges.c.account_id.is_not(None),
    )
    .group_by(charges.c.account_id, charges.c.day)
    .having(
        _SUMS[0] >= bindparam("least"),
        func.max(charges.c.recorded_at, type_=Instant) >= bindparam("heard", type_=Instant),
    )
)
_STRAYS = (
    select(charges.c.provider, charges.c.resource, charges.c.subject, charges.c.sub_account, *_KEY, *_SUMS)
    .where(charges.c.account_id == UNALLOCATED, charges.c.day >= bindparam("first", type_=Date))
    .group_by(charges.c.provider, charges.c.resource, charges.c.subject, charges.c.sub_account, *_KEY)
    .order_by(charges.c.bucket_start)
)


def latest(conn: Connection, provider: str, since: datetime) -> Iterator[Bucket]:
    """What a provider reported of every account since a moment."""
    for row in conn.execute(_LATEST, {"provider": provider, "since": since}):
        yield Bucket(*row)


def late(
    conn: Connection, provider: str, since: datetime, until: datetime, heard: datetime, least_nanos: int
) -> set[str]:
    """The accounts with a day that cost so much at least, and of which a provider told something late.

    Args:
        conn: any connection.
        provider: its name.
        since: days from here on.
        until: days before this.
        heard: something of the day was told after this moment.
        least_nanos: what the day cost.
    """
    values = {"provider": provider, "since": since, "until": until, "heard": heard, "least": least_nanos}
    return {row[0] for row in conn.execute(_LATE, values)}


def strays(conn: Connection, first: date) -> dict[tuple[str, ...], list[Bucket]]:
    """What is unallocated since a day, by provider, key, user and team over there; each in the order of time."""
    found: dict[tuple[str, ...], list[Bucket]] = defaultdict(list)
    for row in conn.execute(_STRAYS, {"first": first}):
        found[tuple(row[:4])].append(Bucket(*row[4:]))
    return found


def hours(conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, list[Bucket]]:
    """The hours of some accounts since a day, in their order."""
    found: dict[str, list[Bucket]] = defaultdict(list)
    for some in _portions(account_ids):
        for row in conn.execute(_HOURS, {"accounts": some, "first": first}):
            found[row[0]].append(Bucket(*row))
    return found


def days(conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, dict[date, int]]:
    """What each of some accounts, and all below it, cost on each day since a day."""
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for some in _portions(account_ids):
        for account_id, day, cost in conn.execute(_DAYS, {"accounts": some, "first": first}):
            found[account_id][day] = cost
    return found


def dear(conn: Connection, first: date, end: date, least_nanos: int) -> list[str]:
    """The people, agents and strays that cost so much at least on the days first until before end."""
    rows = conn.execute(_DEAR, {"first": first, "end": end, "least": least_nanos})
    return list(rows.scalars())


def _portions(account_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(account_ids), AT_ONCE):
        yield list(account_ids[start : start + AT_ONCE])
