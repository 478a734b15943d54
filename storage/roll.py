"""Who is there, to be looked through: a part at a time, for there may be millions."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select

from storage.directory import Person
from storage.people import person_of
from storage.tables import ORGANIZATION, accounts, people

AT_ONCE = 5_000

_boss, _team = people.alias("boss"), accounts.alias("team")
_WITHOUT_MANAGER = and_(
    people.c.active, ~select(_boss.c.id).where(_boss.c.id == people.c.manager_id, _boss.c.active).exists()
)
_WITHOUT_TEAM = and_(accounts.c.active, accounts.c.kind == "person", accounts.c.parent_id == ORGANIZATION)
_BY_NAME = (people.c.name, people.c.id)
_own = accounts.alias("own")
_LISTED = (
    select(people, func.coalesce(_team.c.name, ""), func.coalesce(_boss.c.name, ""))
    .join_from(people, _own, _own.c.id == "person/" + people.c.id)
    .outerjoin(_team, and_(_team.c.id == _own.c.parent_id, _team.c.kind == "team", _team.c.active))
    .outerjoin(_boss, and_(_boss.c.id == people.c.manager_id, _boss.c.active))
    .order_by(*_BY_NAME)
)


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody who is there, with the names of their team and manager; "" for none, and for one who has left."""

    person: Person
    team: str
    manager: str


def count(conn: Connection) -> int:
    """How many people are there."""
    return conn.execute(select(func.count()).select_from(people).where(people.c.active)).scalar_one()


def counts(conn: Connection) -> dict[str, int]:
    """How many active accounts of each kind there are."""
    rows = conn.execute(
        select(accounts.c.kind, func.count()).where(accounts.c.active, accounts.c.kind != "person").group_by("kind")
    )
    return {row[0]: row[1] for row in rows}


def without_manager(conn: Connection, most: int) -> tuple[list[str], int]:
    """The first names of those who have no manager who is there, and how many these are."""
    return _some(conn, people.c.name, people.c.id, _WITHOUT_MANAGER, most)


def without_team(conn: Connection, most: int) -> tuple[list[str], int]:
    """The first names of those who are in no team, and how many these are."""
    return _some(conn, accounts.c.name, accounts.c.id, _WITHOUT_TEAM, most)


def _some(
    conn: Connection, name: ColumnElement[str], id: ColumnElement[str], where: ColumnElement[bool], most: int
) -> tuple[list[str], int]:
    names = list(conn.scalars(select(name).where(where).order_by(name, id).limit(most)))
    return names, conn.execute(select(func.count()).where(where)).scalar_one() if len(names) == most else len(names)


def listed(conn: Connection, skipped: int, most: int) -> list[Listed]:
    """Some of those who are there, by name.

    Args:
        conn: any connection.
        skipped: how many stand before them.
        most: how many.
    """
    chosen = select(people.c.id).where(people.c.active).order_by(*_BY_NAME).limit(most).offset(skipped)
    return [Listed(person_of(row), *row[-2:]) for row in conn.execute(_LISTED.where(people.c.id.in_(chosen)))]


def everybody(conn: Connection) -> Iterator[Listed]:
    """All who are there, by name."""
    rows = conn.execution_options(yield_per=AT_ONCE).execute(_LISTED.where(people.c.active))
    return (Listed(person_of(row), *row[-2:]) for row in rows)
