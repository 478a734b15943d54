"""How reading a provider went last."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Date, and_, bindparam, case, cast, func, or_, select

from storage.kept import known, note
from storage.limits import EVERYWHERE, HOOKS, Held, held_of
from storage.prepared import Prepared
from storage.tables import FOREVER, charges, day_marks, pulls, set_aside, spend
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class OddDay:
    """A day of usage that is not known whole.

    Args:
        day: which.
        rows: how many of its rows were set aside.
        missing: whether it could never be read.
        stale: whether it was read before and could not be read again.
    """

    day: date
    rows: int
    missing: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class Pull:
    """How reading a provider went last.

    Args:
        provider: its name.
        tried_at: when we last asked.
        done_at: when we last heard everything, None if never.
        through: the last day we have heard of.
        rows_seen: rows of the last good pull.
        rows_changed: cells it changed.
        error: what went wrong since, "" if nothing.
        began_at: when it was first read, None if it never was.
        heard_until: the end of the newest hour or day of which it told anything, of anybody.
        late_seconds: how long after the end of an hour or a day its figures come, None while that is not known.
        hours_read_at: when its hours were last read, if it tells any beside its days.
        hours_until: the end of the newest of these hours of which it told anything, of anybody.
        hours_late_seconds: how late these hours come.
        odd: days that are not known whole, in their order.
        told_nanos: what counts of the account that was asked about, in the house currency, since the day that was asked
            about; only of what has no days that are heard of, which is a program.
    """

    provider: str
    tried_at: datetime
    done_at: datetime | None
    through: date | None
    rows_seen: int
    rows_changed: int
    error: str
    began_at: datetime | None = None
    heard_until: datetime | None = None
    late_seconds: int | None = None
    hours_read_at: datetime | None = None
    hours_until: datetime | None = None
    hours_late_seconds: int | None = None
    odd: tuple[OddDay, ...] = ()
    told_nanos: int = 0


LATE_MAX = timedelta(days=4)
"""Figures that come later are corrections of the past."""

READ_WITHIN = timedelta(hours=3)
"""Somebody who reads reads as often as this."""

_FORGOTTEN_PERCENT = 10  # of how late it was, each time that it was less late
_UNREAD = set_aside.c.rows.is_(None)
_ODD = (
    select(
        set_aside.c.provider,
        set_aside.c.day,
        func.coalesce(func.sum(set_aside.c.rows), 0).label("rows"),
        func.max(case((and_(_UNREAD, set_aside.c.place == ""), 1), else_=0)).label("missing"),
        func.max(case((and_(_UNREAD, set_aside.c.place != ""), 1), else_=0)).label("stale"),
    )
    .where(set_aside.c.part == "usage")
    .group_by(set_aside.c.provider, set_aside.c.day)
    .subquery()
)
_TOLD = (
    select(cast(func.sum(spend.c.cost_nanos), BigInteger))
    .where(
        spend.c.account_id == bindparam("about"),
        spend.c.provider == pulls.c.provider,
        spend.c.day >= bindparam("since", type_=Date),
    )
    .scalar_subquery()
)
_PULLS = (
    select(
        pulls,
        _ODD.c.day,
        _ODD.c.rows,
        _ODD.c.missing,
        _ODD.c.stale,
        case((pulls.c.through.is_(None), _TOLD)).label("told"),
    )
    .outerjoin_from(pulls, _ODD, _ODD.c.provider == pulls.c.provider)
    .order_by(pulls.c.provider, _ODD.c.day)
)
_THERE = EVERYWHERE.subquery()
_PULLS_AND_LIMITS = Prepared(
    _PULLS.add_columns(*_THERE.c)
    .outerjoin(_THERE, or_(_THERE.c.provider == pulls.c.provider, _THERE.c.provider == HOOKS))
    .order_by(_THERE.c.kind, _THERE.c.external_id),
    lists=("above",),
)
_FIELDS = len(pulls.columns)
_ODD_FIELDS = 4
_MORE_FIELDS = _ODD_FIELDS + 1


def pulled(conn: Connection, about: str = "", since: date = FOREVER) -> list[Pull]:
    """How each provider's last pull went, by name; of programs also what an account is charged by them since a day."""
    return _pulls(conn.execute(_PULLS, {"about": about, "since": since}))


def pulled_and_limits(
    conn: Connection, account_id: str, above: Collection[str], about: str = "", since: date = FOREVER
) -> tuple[list[Pull], list[Held]]:
    """The same, and the limits that bind an account at these providers, in one statement; see `limits.binding`."""
    key = ("pulled and limits", account_id, tuple(above), about, since)
    kept = known(conn, key)
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    values = {"account": account_id, "above": list(above), "about": about, "since": since}
    rows = _PULLS_AND_LIMITS.rows(conn, values)
    there = dict.fromkeys(row[_FIELDS + _MORE_FIELDS :] for row in rows)
    found = _pulls(rows), [held_of(each) for each in there if each[0] is not None]
    note(conn, key, found)
    return found


def _pulls(rows: Iterable[Sequence[Any]]) -> list[Pull]:
    found: dict[str, Pull] = {}
    for row in rows:
        pull = found.setdefault(row[0], replace(Pull(*row[:_FIELDS]), told_nanos=row[_FIELDS + _ODD_FIELDS] or 0))
        day, odd_rows, missing, stale = row[_FIELDS : _FIELDS + _ODD_FIELDS]
        odd = OddDay(day, int(odd_rows or 0), bool(missing), bool(stale))
        if day and odd not in pull.odd:
            found[row[0]] = replace(pull, odd=(*pull.odd, odd))
    return list(found.values())


_NEWEST = (
    select(charges.c.bucket_start, charges.c.bucket_hours)
    .where(charges.c.provider == bindparam("provider"))
    .order_by(charges.c.bucket_start.desc())
    .limit(1)
)


def heard_until(conn: Connection, provider: str) -> datetime | None:
    """The end of the newest hour or day of which a provider told anything, None if it never did."""
    newest = conn.execute(_NEWEST, {"provider": provider}).first()
    return newest.bucket_start + timedelta(hours=newest.bucket_hours) if newest else None


def lateness(before: Pull, heard: datetime | None, now: datetime) -> int | None:
    """How long after the end of an hour or a day a provider's figures come, in seconds, as far as readings showed it.

    Each reading that brings something newer shows it once: it came after the reading before, and not long after it if
    nobody read for a while. The first reading brings the past, and shows nothing.
    """
    if before.done_at is None or before.heard_until is None or heard is None or heard <= before.heard_until:
        return before.late_seconds
    came = min(now, before.done_at + READ_WITHIN)
    took = min(max(came - heard, timedelta()), LATE_MAX) // timedelta(seconds=1)
    return max(took, (before.late_seconds or 0) * (100 - _FORGOTTEN_PERCENT) // 100)


def note_pull(conn: Connection, pull: Pull) -> None:
    """Remember how a pull went."""
    row = asdict(pull)
    del row["odd"], row["told_nanos"]
    upsert(conn, pulls, [row])


def marks(conn: Connection, provider: str) -> dict[date, str]:
    """The marks under which days of long ago were read."""
    return {row.day: row.mark for row in conn.execute(select(day_marks).where(day_marks.c.provider == provider))}


def note_mark(conn: Connection, provider: str, day: date, mark: str) -> None:
    """Remember under which mark a day was read."""
    upsert(conn, day_marks, [{"provider": provider, "day": day, "mark": mark}])
