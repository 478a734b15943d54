"""What accounts burn: hours and days as the guard looks at them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Date, bindparam, cast, func, literal, select

from storage.charges import HOURS_OF_A_DAY, TOKENS
from storage.tables import UNALLOCATED, Instant, accounts, charges, spend
from storage.tables import hours as told_hours

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Bucket:
    """What an account cost in an hour or a day of a provider's report. `input` and `output` are tokens.

    An hour that is told `beside` the days is in one of them, too, as soon as that is told.
    """

    account_id: str
    start: datetime
    hours: int
    day: date
    cost_nanos: int
    requests: int
    input: int
    output: int
    beside: bool = field(default=False, kw_only=True)

    def plus(self, other: "Bucket") -> "Bucket":
        """Both, of one account and time."""
        sums = ("cost_nanos", "requests", "input", "output")
        both: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in sums}
        return replace(self, **both)


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


_BESIDE = (told_hours.c.account_id, told_hours.c.hour, literal(1), told_hours.c.day)
_BESIDE_SUMS = [
    cast(func.sum(told_hours.c[name]), BigInteger)
    for name in ("cost_nanos", "requests", "tokens_input", "tokens_output")
]
_BESIDE_KEY = (told_hours.c.account_id, told_hours.c.hour, told_hours.c.day)
_LATEST_BESIDE = (
    select(*_BESIDE, *_BESIDE_SUMS)
    .where(told_hours.c.provider == bindparam("provider"), told_hours.c.hour >= bindparam("since", type_=Instant))
    .group_by(*_BESIDE_KEY)
)
_HOURS_BESIDE = (
    select(*_BESIDE, *_BESIDE_SUMS)
    .where(
        told_hours.c.account_id.in_(bindparam("accounts", expanding=True)),
        told_hours.c.day >= bindparam("first", type_=Date),
    )
    .group_by(*_BESIDE_KEY)
    .order_by(told_hours.c.account_id, told_hours.c.hour)
)
_STRAYS_BESIDE = (
    select(
        told_hours.c.provider,
        told_hours.c.resource,
        told_hours.c.subject,
        told_hours.c.sub_account,
        *_BESIDE,
        *_BESIDE_SUMS,
    )
    .where(told_hours.c.account_id == UNALLOCATED, told_hours.c.day >= bindparam("first", type_=Date))
    .group_by(
        told_hours.c.provider, told_hours.c.resource, told_hours.c.subject, told_hours.c.sub_account, *_BESIDE_KEY
    )
    .order_by(told_hours.c.hour)
)


def latest(conn: Connection, provider: str, since: datetime) -> Iterator[Bucket]:
    """What a provider reported of every account since a moment, the hours beside its days included."""
    for query, beside in ((_LATEST, False), (_LATEST_BESIDE, True)):
        for row in conn.execute(query, {"provider": provider, "since": since}):
            yield Bucket(*row, beside=beside)


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
    for query, beside in ((_STRAYS, False), (_STRAYS_BESIDE, True)):
        for row in conn.execute(query, {"first": first}):
            found[tuple(row[:4])].append(Bucket(*row[4:], beside=beside))
    return found


def hours(conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, list[Bucket]]:
    """The hours of some accounts since a day, in their order; an hour that several tell is one."""
    found: dict[str, dict[datetime, Bucket]] = defaultdict(dict)
    for some in _portions(account_ids):
        for query in (_HOURS, _HOURS_BESIDE):
            for row in conn.execute(query, {"accounts": some, "first": first}):
                here, one = found[row[0]], Bucket(*row)
                here[one.start] = one.plus(here[one.start]) if one.start in here else one
    return {account_id: [here[start] for start in sorted(here)] for account_id, here in found.items()}


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
