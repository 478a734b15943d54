"""The audit: who did what, when, on whose authority, from where.

Rows are only ever appended, and each carries the hash of the one before, so that a row that was changed, taken out or
slipped in is found.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from storage.prepared import Prepared, Written, write
from storage.statement_queue import Said
from storage.tables import audit

BEGINNING = "0" * 64
NAME = audit.name


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done.

    Args:
        at: when, aware UTC.
        who: id of the person who did it, or "clock".
        what: the verb, such as "approved".
        subject: what it was done to, such as "request/42".
        authority: why they might: "manager", "role finance", "for max until 2026-11-27".
        place: from where, such as "slack:D123".
        details: the figures and reasons, as words.
    """

    at: datetime
    who: str
    what: str
    subject: str
    authority: str
    place: str
    details: str


@dataclass(frozen=True, slots=True)
class Row:
    """A deed as it stands in the audit."""

    id: int
    deed: Deed
    hash: str
    erased: str = ""


_FIELDS = tuple(Deed.__dataclass_fields__)
_COLUMNS = (audit.c.at, audit.c.who, audit.c.what, audit.c.subject, audit.c.authority, audit.c.place, audit.c.details)
_LAST = Prepared(select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1))
_APPENDED = Written(lambda _dialect: insert(audit))
_END = 0x656E_64  # "end": the number of the lock, see PostgreSQL's advisory locks
_ALONE = Said(f"select pg_advisory_xact_lock({_END})")
_CHAINED = f"""
insert into audit (id, {", ".join(_FIELDS)}, hash)
select id + 1, {", ".join(f"${number}" for number, _ in enumerate(_FIELDS, start=1))},
  encode(sha256(convert_to('[' || id + 1 || ', "' || hash || '", ' || ${len(_FIELDS) + 1} || ']', 'UTF8')), 'hex')
from (select id, hash from audit union all select 0, '{BEGINNING}' order by id desc limit 1) as last
"""  # noqa: S608 - names of our own
_SPAN = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_ALL = select(audit.c.id, audit.c.hash, audit.c.erased, *_COLUMNS).order_by(audit.c.id)


def append(conn: Connection, *deeds: Deed) -> None:
    """Write deeds down, in the order's own transaction. Numbers have no gaps, so a missing row is seen.

    On PostgreSQL all others that append wait from when it is sent until the order is done. So it is the last that an
    order says; it goes along with the commit, and the seals are made over there.
    """
    if conn.dialect.name != "sqlite":
        write(conn, _ALONE)
        # Each statement sees what the lock has waited for, and the row of the one before.
        write(conn, Said(_CHAINED, [[*_said(deed).values(), _content(deed)] for deed in deeds], many=True))
        return
    found = _LAST.rows(conn, {})
    last, before = (found[0][0], found[0][1]) if found else (0, BEGINNING)
    new = []
    for number, deed in enumerate(deeds, start=last + 1):
        before = seal(number, before, deed)
        new.append({"id": number, "hash": before, **_said(deed)})
    _APPENDED.many(conn, new)


def seal(number: int, before: str, deed: Deed) -> str:
    """The hash of a row: over its number, the hash before, and everything it says, as a list in JSON."""
    return hashlib.sha256(f'[{number}, "{before}", {_content(deed)}]'.encode()).hexdigest()


def _content(deed: Deed) -> str:
    """Everything a row says, as it is sealed."""
    said = _said(deed) | {"at": deed.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _said(deed: Deed) -> dict[str, Any]:
    return {name: getattr(deed, name) for name in _FIELDS}


def rows(conn: Connection, subject: str = "") -> Iterator[Row]:
    """The audit in its order, or what concerns one subject."""
    statement = _ALL.where(audit.c.subject == subject) if subject else _ALL
    for row in conn.execute(statement):
        yield Row(row[0], Deed(*tuple(row)[3:]), row[1], row[2])


def erase(conn: Connection, left_of: Callable[[Deed], Deed]) -> list[int]:
    """Take somebody out of deeds. The chain stays: a row keeps the hash of what it said, and what is left is sealed.

    Args:
        conn: an order's.
        left_of: a deed without them; the same deed if it is not about them.

    Returns:
        The numbers of the rows; an ERASED deed must name them, or the audit counts as changed.
    """
    found = []
    for row in list(rows(conn)):
        left = left_of(row.deed)
        if left != row.deed:
            found.append(row.id)
            values = {**_said(left), "erased": seal(row.id, row.hash, left)}
            conn.execute(update(audit).where(audit.c.id == row.id).values(**values))
    return found


ERASED = "erased"
"""What the deed is called that names the rows of which somebody was erased: "rows 3, 17-20"."""


def numbered(numbers: Iterable[int]) -> str:
    """Numbers of rows as an ERASED deed has them."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return "rows " + ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _numbers(details: str) -> Iterator[int]:
    for first, last in _SPAN.findall(details):
        yield from range(int(first), int(last or first) + 1)


def count(conn: Connection, about: Sequence[str] | None, since: datetime | None, until: datetime | None) -> int:
    """How many rows there are, by what they are about and when; see `latest`."""
    found = select(func.count()).select_from(audit).where(*_asked(about, since, until))
    return int(conn.execute(found).scalar_one())


def latest(
    conn: Connection,
    about: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    most: int,
    skipped: int,
) -> list[Row]:
    """The latest rows, the last first.

    Args:
        conn: any connection.
        about: ids of who did it or to what it was done, None for all.
        since: from this moment on, None for the beginning.
        until: before this moment, None for now.
        most: so many.
        skipped: so many later ones are left out.
    """
    asked = select(audit.c.id, audit.c.hash, audit.c.erased, *_COLUMNS).where(*_asked(about, since, until))
    rows_ = conn.execute(asked.order_by(audit.c.id.desc()).limit(most).offset(skipped))
    return [Row(row[0], Deed(*tuple(row)[3:]), row[1], row[2]) for row in rows_]


def _asked(about: Sequence[str] | None, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if about is not None:
        found.append(or_(audit.c.who.in_(about), audit.c.subject.in_(about)))
    if since is not None:
        found.append(audit.c.at >= since)
    if until is not None:
        found.append(audit.c.at < until)
    return found


def first_broken(conn: Connection) -> int | None:
    """The number of the first row that does not follow from the one before, or None if all do.

    Of a row of which somebody was erased only what is left can be checked, and that a later deed says so.
    """
    before, erased, named = BEGINNING, list[int](), set[int]()
    for number, row in enumerate(rows(conn), start=1):
        if row.id != number:
            return number
        if row.erased:
            erased.append(number)
        if (row.erased or row.hash) != seal(number, row.hash if row.erased else before, row.deed):
            return number
        before = row.hash
        if row.deed.what == ERASED and not row.erased:
            named.update(each for each in _numbers(row.deed.details) if each < number)
    return next((each for each in erased if each not in named), None)
