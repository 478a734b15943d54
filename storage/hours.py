"""What providers tell by the hour beside their days: to see soon what goes on, never a part of what was spent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, cast, delete, func, select, tuple_, update

from storage.attribution import COLUMNS, attributed, has_former
from storage.charges import TOKENS
from storage.tables import Instant, charges, hours
from storage.upsert import upsert

KEPT_DAYS = 30
"""How long they are kept: what is usual is seen in four weeks."""

AT_ONCE = 400
_HOUR = timedelta(hours=1)
_KEY = tuple(column.name for column in hours.primary_key)
_AMOUNTS = ("cost_nanos", "tokens_input", "tokens_output", "tokens_unpriced", "requests")
_TOLD = (*_KEY, "day", *_AMOUNTS)
_amounts = attrgetter(*_AMOUNTS)


class Place(NamedTuple):
    """Whose an hour is, as the provider tells it.

    Args:
        hour: its beginning, aware UTC.
        sub_account: the provider's workspace, project or team, "" if none.
        resource: the provider's id of the key, "" if none.
        subject: the provider's id of the user, "" if none.
    """

    hour: datetime
    sub_account: str
    resource: str
    subject: str


@dataclass(slots=True)
class Used:
    """What was used in it.

    Args:
        day: the day that it is of, in the organization's zone.
        cost_nanos: in parts of the house currency, of what has a price.
        tokens_input: of all kinds of input.
        tokens_output: with reasoning.
        tokens_unpriced: what the cost does not hold, because nobody knows its price.
        requests: made, failed ones included.
    """

    day: date
    cost_nanos: int = 0
    tokens_input: int = 0
    tokens_output: int = 0
    tokens_unpriced: int = 0
    requests: int = 0


def record(
    conn: Connection, provider: str, since: datetime, until: datetime, told: dict[Place, Used], *, whole: bool
) -> int:
    """Keep a provider's latest word about some hours; the same again changes nothing.

    Args:
        conn: an order's connection.
        provider: its name.
        since: the first hour that was asked for.
        until: the hour before which.
        told: what it told.
        whole: whether of an hour of which it tells something it tells all: what it leaves out is not so any more.

    Returns:
        How many rows are new, changed or gone.
    """
    here = hours.c.provider == provider, hours.c.hour >= since, hours.c.hour < until
    known = {tuple(row[: len(_KEY)]): tuple(row) for row in conn.execute(select(*_columns(_TOLD)).where(*here))}
    words = {}
    for place, used in sorted(told.items()):
        key = (provider, *place)
        words[key] = (*key, used.day, *_amounts(used))
    news = [dict(zip(_TOLD, word, strict=True)) for key, word in words.items() if known.get(key) != word]
    upsert(conn, hours, [{**row, "account_id": ""} for row in news])
    if news:
        whose = attributed(hours, has_former=has_former(conn))
        conn.execute(update(hours).where(*here, hours.c.account_id == "").values(account_id=whose))
    again = {place.hour for place in told}
    gone = sorted(key for key in known.keys() - words.keys() if whole and key[1] in again)
    for start in range(0, len(gone), AT_ONCE):
        conn.execute(delete(hours).where(tuple_(*_columns(_KEY)).in_(gone[start : start + AT_ONCE])))
    return len(news) + len(gone)


def _columns(names: Iterable[str]) -> list[Any]:
    return [hours.c[name] for name in names]


def follow(conn: Connection, platform: str, kind: str, external_ids: Sequence[str]) -> None:
    """Let hours follow new links, as charges do."""
    theirs = hours.c.provider == platform, hours.c[COLUMNS[kind]].in_(external_ids)
    conn.execute(update(hours).where(*theirs).values(account_id=attributed(hours, has_former=True)))


def told_until(conn: Connection, provider: str) -> datetime | None:
    """The end of the newest hour of which a provider told anything, None if it never did."""
    newest = conn.execute(select(func.max(hours.c.hour, type_=Instant)).where(hours.c.provider == provider)).scalar()
    return newest + _HOUR if newest else None


def prune(conn: Connection, today: date) -> None:
    """Forget hours that nobody needs any more."""
    conn.execute(delete(hours).where(hours.c.day < today - timedelta(days=KEPT_DAYS)))


def costs_of_tokens(conn: Connection, provider: str, since: datetime) -> dict[str, tuple[int, int]]:
    """What each model cost at a provider of late, in parts of the house currency, and for how many tokens."""
    tokens = sum((charges.c[name] for name in TOKENS[1:]), start=charges.c[TOKENS[0]])
    sums = (cast(func.sum(charges.c.cost_house_nanos), BigInteger), cast(func.sum(tokens), BigInteger))
    rows = conn.execute(
        select(charges.c.model, *sums)
        .where(charges.c.provider == provider, charges.c.bucket_start >= since, charges.c.cost_nanos.is_not(None))
        .group_by(charges.c.model)
    )
    return {model: (cost, counted) for model, cost, counted in rows if cost > 0 and counted > 0}
