"""Spikes: accounts that burn money out of the ordinary, and what people said about them."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Date, Row, bindparam, delete, insert, or_, select, update

from storage.tables import Instant, expectations, spikes
from storage.upsert import upsert

SpikeRule = Literal["velocity", "daily", "loop", "weekly", "wave", "ceiling"]
Verdict = Literal["", "expected", "unexpected"]


@dataclass(frozen=True, slots=True)
class Sight:
    """Something out of the ordinary.

    Args:
        rule: which one rang.
        since: when it began.
        until: up to when it was seen burning.
        now_nanos: what the last hour, day or week cost.
        usual_nanos: what such a one usually costs at most.
        excess_nanos: what it has cost above the usual so far.
        rate_nanos: what an hour of it costs above the usual.
    """

    rule: SpikeRule
    since: datetime
    until: datetime
    now_nanos: int
    usual_nanos: int
    excess_nanos: int
    rate_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike(Sight):
    """One spell of it, from the first sight to the end.

    Args:
        id: the number people say.
        account_id: whose.
        burns: whether it goes on, as far as is known.
        told_nanos: what it had cost when people were told last, None if they were not told.
        told_times: how often they were told.
        paused: whether the rules had it paused.
        verdict: what its owner said: "expected", "unexpected" or nothing.
        ended_at: when it was found to be over.
    """

    id: int
    account_id: str
    burns: bool
    told_nanos: int | None
    told_times: int
    paused: bool
    verdict: Verdict
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """Somebody said that what an account spends above usual is expected.

    Args:
        account_id: whose.
        first: the first day of it.
        until: the last day of it.
        ceiling_nanos: what it may cost on these days in all, None for no limit.
        said_by: who said so.
        reason: why.
        said_at: when.
    """

    account_id: str
    first: date
    until: date
    ceiling_nanos: int | None
    said_by: str
    reason: str
    said_at: datetime


_COLUMNS = [spikes.c[name] for name in Spike.__dataclass_fields__]
_SINCE = (
    select(*_COLUMNS)
    .where(or_(spikes.c.burns, spikes.c.until >= bindparam("since", type_=Instant)))
    .order_by(spikes.c.id)
)
_EXPECTATION = [expectations.c[name] for name in Expectation.__dataclass_fields__]
_EXPECTED = select(*_EXPECTATION).where(expectations.c.until >= bindparam("today", type_=Date))


def _spike(row: Row[Any]) -> Spike:
    return Spike(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping


def begin(conn: Connection, account_id: str, seen: Sight) -> Spike:
    """Note the first sight of a danger."""
    row = {"account_id": account_id, "burns": True, "told_times": 0, "paused": False, "verdict": "", **asdict(seen)}
    return _spike(conn.execute(insert(spikes).values(**row).returning(*_COLUMNS)).one())


def note(conn: Connection, number: int, **values: object) -> Spike:
    """Change what is known of a spike; the names are those of `Spike`."""
    changed = update(spikes).where(spikes.c.id == number).values(**values).returning(*_COLUMNS)
    return _spike(conn.execute(changed).one())


def find(conn: Connection, number: str) -> Spike | None:
    """The danger of a number, or None."""
    if not number.isdecimal() or len(number) > len(str(2**31)) - 1:
        return None
    row = conn.execute(select(*_COLUMNS).where(spikes.c.id == int(number))).first()
    return _spike(row) if row else None


def known(conn: Connection, since: datetime) -> list[Spike]:
    """Spikes that burn, or burnt after a moment, the oldest first."""
    return [_spike(row) for row in conn.execute(_SINCE, {"since": since})]


def expect(conn: Connection, new: Expectation) -> None:
    """Remember that something is expected; it replaces what was said of the account before."""
    upsert(conn, expectations, [{name: getattr(new, name) for name in Expectation.__dataclass_fields__}])


def unexpect(conn: Connection, account_id: str) -> None:
    """Forget that it was expected."""
    conn.execute(delete(expectations).where(expectations.c.account_id == account_id))


def expected(conn: Connection, today: date) -> dict[str, Expectation]:
    """What is expected today or later, by account."""
    return {row[0]: Expectation(*row) for row in conn.execute(_EXPECTED, {"today": today})}
