"""Rows that could not be understood, and days that could not be read: kept until they are read whole."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from storage.tables import set_aside

Part = Literal["usage", "hours", "people", "limits", "seats", "requests", "outcomes", "credit"]


@dataclass(frozen=True, slots=True)
class Aside:
    """Rows that were set aside for one reason, or a day or a part that could not be read at all.

    Args:
        provider: whose.
        part: of a reading.
        day: the day they are about, None if they are about none.
        place: where the first of them stood in the answer; of what could not be read at all "", or that what was read
            before still counts.
        field: which field of it, "" if it is about all of it.
        why: what was wrong; never a value.
        rows: how many; None if nothing could be read, so that nobody knows.
    """

    provider: str
    part: Part
    day: date | None
    place: str
    field: str
    why: str
    rows: int | None


_FIELDS = [set_aside.c[name] for name in Aside.__dataclass_fields__]
_ALL = select(*_FIELDS).order_by(set_aside.c.provider, set_aside.c.part, set_aside.c.day, set_aside.c.id)


def everything(conn: Connection) -> list[Aside]:
    """All that is set aside, by provider, part and day."""
    return [Aside(*row) for row in conn.execute(_ALL)]


def of_provider(conn: Connection, provider: str) -> list[Aside]:
    """What is set aside of one provider, by part and day."""
    return [Aside(*row) for row in conn.execute(_ALL.where(set_aside.c.provider == provider))]


def replace(
    conn: Connection, provider: str, part: Part, day: date | None, found: Sequence[Aside], now: datetime
) -> None:
    """Keep what was set aside in a reading instead of what was before; what was told of before is not news.

    Args:
        conn: an order's connection.
        provider: who was read.
        part: which part of it.
        day: the day that was read, None if it was all of the part.
        found: what was set aside now.
        now: when.
    """
    of_part = and_(set_aside.c.provider == provider, set_aside.c.part == part)
    told = {_kind(Aside(*row)) for row in conn.execute(select(*_FIELDS).where(of_part, set_aside.c.told))}
    conn.execute(delete(set_aside).where(of_part if day is None else and_(of_part, set_aside.c.day == day)))
    rows = [asdict(each) | {"tried_at": now, "told": _kind(each) in told} for each in found]
    if rows:
        conn.execute(insert(set_aside), rows)


def to_read_again(conn: Connection, provider: str, before: datetime, days_max: int) -> list[date]:
    """Days of usage to be asked for again: those that could not be read at all, and those with odd rows.

    Args:
        conn: for a question.
        provider: whose.
        before: days with odd rows are asked for again only if they were last read before this.
        days_max: how many at most, those that were tried the longest ago.
    """
    again = (
        select(set_aside.c.day)
        .where(set_aside.c.provider == provider, set_aside.c.part == "usage", set_aside.c.day.is_not(None))
        .where(set_aside.c.rows.is_(None) | (set_aside.c.tried_at < before))
        .group_by(set_aside.c.day)
        .order_by(func.min(set_aside.c.tried_at), set_aside.c.day)
        .limit(days_max)
    )
    return sorted(conn.execute(again).scalars())


def untold(conn: Connection, provider: str) -> list[Aside]:
    """What finance has not been told of yet."""
    return [Aside(*row) for row in conn.execute(_ALL.where(set_aside.c.provider == provider, ~set_aside.c.told))]


def note_told(conn: Connection, provider: str) -> None:
    """Remember that finance was told of everything there is."""
    conn.execute(update(set_aside).where(set_aside.c.provider == provider).values(told=True))


def _kind(aside: Aside) -> tuple[str, str]:
    """What makes it the same news: why something could not be read at all may be worded otherwise each time."""
    return aside.field, "" if aside.rows is None else aside.why
