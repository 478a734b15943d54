"""How models are used: the shape of everybody's requests over some weeks, and the hours of programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, Connection, Date, and_, bindparam, cast, func, select

from storage.charges import HOURS_OF_A_DAY, TOKENS
from storage.partitions import of_days
from storage.tables import charges


@dataclass(frozen=True, slots=True)
class Habit:
    """What an account used of a model in a service tier, priced charges only.

    Args:
        account_id: whose.
        model: as reported.
        tier: service tier, "" if not reported.
        cost_nanos: in the house currency.
        tokens: one number for each kind, in the order of `usage.TOKENS`.
        requests: made, failed ones included.
        failed: of them.
    """

    account_id: str
    model: str
    tier: str
    cost_nanos: int
    tokens: tuple[int, ...]
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What a key used in one hour, all models together. The fields are those of `Habit`."""

    account_id: str
    key: str
    start: datetime
    cost_nanos: int
    tokens: tuple[int, ...]
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What an account used of one model on a day. The fields are those of `Habit`."""

    account_id: str
    cost_nanos: int
    requests: int
    failed: int


_AMOUNTS = ("cost_house_nanos", *TOKENS, "requests", "requests_failed")
_SUMS = [cast(func.sum(charges.c[name]), BigInteger) for name in _AMOUNTS]
_IN_TIME = and_(
    of_days(bindparam("first", type_=Date), bindparam("end", type_=Date)),
    charges.c.cost_nanos.is_not(None),
)
_HABITS = (
    select(charges.c.account_id, charges.c.model, charges.c.tier, *_SUMS)
    .where(_IN_TIME)
    .group_by(charges.c.account_id, charges.c.model, charges.c.tier)
    .order_by(charges.c.account_id, charges.c.model, charges.c.tier)
)
_HOURS = (
    select(charges.c.account_id, charges.c.resource, charges.c.bucket_start, *_SUMS)
    .where(_IN_TIME, charges.c.bucket_hours < HOURS_OF_A_DAY)
    .group_by(charges.c.account_id, charges.c.resource, charges.c.bucket_start)
    .order_by(charges.c.account_id, charges.c.resource, charges.c.bucket_start)
)


def habits(conn: Connection, first: date, end: date) -> Iterator[Habit]:
    """How everybody used models on the days first until before end, by account."""
    for account_id, model, tier, cost, *tokens, requests, failed in conn.execute(_HABITS, {"first": first, "end": end}):
        yield Habit(account_id, model, tier, cost, tuple(tokens), requests, failed)


def hours(conn: Connection, first: date, end: date) -> Iterator[Hour]:
    """Every hour of what is reported by the hour, by account and key."""
    for account_id, key, start, cost, *tokens, requests, failed in conn.execute(_HOURS, {"first": first, "end": end}):
        yield Hour(account_id, key, start, cost, tuple(tokens), requests, failed)


_OFTEN_FAILING = (
    select(charges.c.account_id)
    .where(_IN_TIME)
    .group_by(charges.c.account_id)
    .having(
        func.sum(charges.c.requests_failed) * 100 >= func.sum(charges.c.requests) * bindparam("percent"),
        func.sum(charges.c.requests_failed) > 0,
    )
)
_BUCKETS = (
    select(
        charges.c.account_id,
        *(cast(func.sum(charges.c[name]), BigInteger) for name in ("cost_house_nanos", "requests", "requests_failed")),
    )
    .where(_IN_TIME, charges.c.bucket_hours >= HOURS_OF_A_DAY, charges.c.account_id.in_(_OFTEN_FAILING))
    .group_by(charges.c.account_id, charges.c.model, charges.c.bucket_start)
    .order_by(charges.c.account_id, charges.c.model, charges.c.bucket_start)
)


def failing_days(conn: Connection, first: date, end: date, percent: int) -> Iterator[Bucket]:
    """The days, by model, of accounts of whose calls so many in a hundred fail, where no hours are reported."""
    for values in conn.execute(_BUCKETS, {"first": first, "end": end, "percent": percent}):
        yield Bucket(*values)


_USERS = (
    select(charges.c.provider, charges.c.subject, _SUMS[0])
    .where(_IN_TIME, charges.c.subject != "")
    .group_by(charges.c.provider, charges.c.subject)
)


def spent_by_user(conn: Connection, first: date, end: date) -> dict[tuple[str, str], int]:
    """What each user spent at a provider on the days first until before end, by (provider, its id of the user)."""
    return {(provider, user): cost for provider, user, cost in conn.execute(_USERS, {"first": first, "end": end})}


_OWN = select(_SUMS[0], cast(func.sum(charges.c.requests), BigInteger)).where(
    _IN_TIME, charges.c.account_id == bindparam("account")
)


def cost_and_requests(conn: Connection, account_id: str, first: date, end: date) -> tuple[int, int]:
    """What an account itself spent on the days first until before end, and how many requests it made."""
    cost, requests = conn.execute(_OWN, {"account": account_id, "first": first, "end": end}).one()
    return cost or 0, requests or 0
