"""Exceptions: limits other than app.yaml gives, which were asked for and approved. They end, and are never deleted."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.directory import Person
from storage.kept import kept, see, version_in
from storage.people import person_of
from storage.prepared import Prepared
from storage.tables import exceptions, people


@dataclass(frozen=True, slots=True)
class NewException:
    """A limit that was approved.

    Args:
        request_id: by which request.
        account_id: of whom: a person or an agent.
        budget: the name of the rule.
        rule: for whom the rule of app.yaml is that it stands in for, such as "every person".
        amount: the limit of a period, in nanos or pieces.
        unit: currency code, "tokens" or "credits".
        until: the last day, FOREVER for a permanent one.
        reason: in the words of who asked.
        asked_by: who asked.
        approved_by: who approved it last.
        approved_at: when.
    """

    request_id: int
    account_id: str
    budget: str
    rule: str
    amount: int
    unit: str
    until: date
    reason: str
    asked_by: str
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetException(NewException):
    """The same as it is kept.

    Args:
        id: a number; people say that of the request.
        ended_at: when it was ended, None while it counts.
        ended_by: by whom, "clock" for its last day; "" while it counts.
        ended_note: why.
    """

    id: int
    ended_at: datetime | None
    ended_by: str
    ended_note: str


_NEW = tuple(NewException.__dataclass_fields__)
_FIELDS = tuple(BudgetException.__dataclass_fields__)
_COLUMNS = [exceptions.c[name] for name in _FIELDS]
_RUNNING = Prepared(select(*_COLUMNS).where(exceptions.c.ended_at.is_(None)).order_by(exceptions.c.id))
_SPEAKER = {
    dialect: Prepared(
        select(people, version_in(dialect), *(column.label(f"of_{column.name}") for column in _COLUMNS))
        .select_from(people.outerjoin(exceptions, exceptions.c.ended_at.is_(None)))
        .where(people.c.id == bindparam("id"))
        .order_by(exceptions.c.id)
    )
    for dialect in ("sqlite", "postgresql")
}


def running(conn: Connection) -> list[BudgetException]:
    """All that were not ended, the oldest first; one whose last day is over is there until it is ended."""
    return [BudgetException(*row) for row in _RUNNING.rows(conn, {})]


def running_now(conn: Connection) -> tuple[BudgetException, ...]:
    """The same for a question, which shares it with others."""
    return kept(conn, "exceptions", lambda: tuple(running(conn)))


def ever(conn: Connection) -> list[BudgetException]:
    """All there are or were, the oldest first."""
    return [BudgetException(*row) for row in conn.execute(select(*_COLUMNS).order_by(exceptions.c.id))]


def speaker(conn: Connection, person_id: str) -> tuple[Person | None, list[BudgetException]]:
    """Somebody as `people.person` finds them and what `running` finds, in one statement; without them, nothing."""
    rows = _SPEAKER[conn.dialect.name].rows(conn, {"id": person_id})
    if rows:
        see(conn, rows[0][len(people.columns)])
    there = (BudgetException(*row[-len(_FIELDS) :]) for row in rows if row[-len(_FIELDS)] is not None)
    found = list(there)
    return (person_of(rows[0]) if rows else None), found


def ask_ahead_for_speaker(conn: Connection, person_id: str) -> None:
    """Let `speaker` be asked with the order's next trip."""
    _SPEAKER[conn.dialect.name].ahead(conn, {"id": person_id})


def begin(conn: Connection, new: NewException) -> BudgetException:
    """Keep one that was approved, once for a request."""
    row = {**asdict(new), "ended_by": "", "ended_note": ""}
    return BudgetException(*conn.execute(insert(exceptions).returning(*_COLUMNS), row).one())


def end(conn: Connection, ended: Iterable[BudgetException], at: datetime, by: str, note: str) -> None:
    """End some that have not ended; that of another moment is left as it is."""
    values: dict[str, Any] = {"ended_at": at, "ended_by": by, "ended_note": note}
    ids = [each.id for each in ended]
    conn.execute(update(exceptions).where(exceptions.c.id.in_(ids), exceptions.c.ended_at.is_(None)).values(values))
