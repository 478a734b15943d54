"""What the database remembers of people, so that the same person keeps the same id whichever source names them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, select, type_coerce

from bot.directory.scratch import Scratch
from storage.directory import Person
from storage.prepared import Prepared
from storage.tables import accounts, links, people

AT_ONCE = 10_000
_PEOPLE = select(people, accounts.c.parent_id).outerjoin(accounts, accounts.c.id == "person/" + people.c.id)
# As the driver gives them: of millions nothing is to be done with each.
_BRIEF = Prepared(
    select(people.c.id, people.c.email, people.c.number, type_coerce(people.c.active, Integer))
    .where(people.c.id > bindparam("last"))
    .order_by(people.c.id)
    .limit(bindparam("most"))
)
_TEAM = "team/"
_LINKED = Prepared(
    select(links.c.external_id, links.c.account_id)
    .where(links.c.platform == bindparam("platform"), links.c.kind == "user", links.c.external_id > bindparam("last"))
    .order_by(links.c.external_id)
    .limit(bindparam("most"))
)
PLATFORMS = ("slack", "teams")


@dataclass(frozen=True, slots=True)
class Memory:
    """Everybody who ever was, by id, and the accounts of identities in Slack and Teams. See Known."""

    people: Mapping[str, Person] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)


class Remembered(Mapping[str, Person]):
    """Everybody who ever was, by id; nobody is held in memory who is not asked for.

    Args:
        ask: asks the database.
    """

    def __init__(self, ask: Callable[[Callable[[Connection], Any]], Any]) -> None:
        self._ask = ask

    def __getitem__(self, person_id: str) -> Person:
        row = self._ask(lambda conn: conn.execute(_PEOPLE.where(people.c.id == person_id)).first())
        if row is None:
            raise KeyError(person_id)
        return _person(row)

    def __len__(self) -> int:
        return int(self._ask(lambda conn: conn.execute(select(func.count()).select_from(people)).scalar_one()))

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._in_parts(select(people.c.id)))

    def items(self) -> Any:
        """Everybody with their ids, a part at a time."""
        return ((row.id, _person(row)) for row in self._in_parts(_PEOPLE))

    def values(self) -> Any:
        """Everybody, a part at a time."""
        return (one for _, one in self.items())

    def in_brief(self) -> Iterator[tuple[str, str, str, bool]]:
        """See source.InBrief."""
        last = ""
        while rows := self._ask(partial(_BRIEF.rows, values={"last": last, "most": AT_ONCE})):
            yield from rows
            last = rows[-1][0]

    def _in_parts(self, what: Any) -> Iterator[Any]:
        last = ""
        ordered = what.order_by(people.c.id).limit(AT_ONCE)
        while rows := self._ask(partial(_all, ordered.where(people.c.id > last))):
            yield from rows
            last = rows[-1].id


class Linked(Mapping[str, str]):
    """The accounts of identities in Slack and Teams, which may be everybody's: none is held in memory.

    Args:
        ask: asks the database, when the first is asked for.
    """

    def __init__(self, ask: Callable[[Callable[[Connection], Any]], Any]) -> None:
        self._ask = ask

    @cached_property
    def _scratch(self) -> Scratch:
        scratch = Scratch()
        scratch("create table linked (identity text primary key, account text) without rowid")
        for platform in PLATFORMS:
            scratch.load("linked", self._of(platform), "or replace")
        return scratch

    def _of(self, platform: str) -> Iterator[tuple[Any, ...]]:
        last = ""
        values = {"platform": platform, "most": AT_ONCE}
        while rows := self._ask(partial(_LINKED.rows, values=values | {"last": last})):
            yield from rows
            last = rows[-1][0]

    def __getitem__(self, identity: str) -> str:
        account = self._scratch.one("select account from linked where identity = ?", identity)
        if account is None:
            raise KeyError(identity)
        return str(account)

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._scratch("select identity from linked"))

    def __len__(self) -> int:
        return int(self._scratch.one("select count(*) from linked"))


def _all(what: Any, conn: Connection) -> Any:
    return conn.execute(what).all()


def recall(ask: Callable[[Callable[[Connection], Any]], Any]) -> Memory:
    """All that is remembered.

    Args:
        ask: asks the database.
    """
    return Memory(Remembered(ask), Linked(ask))


def _person(row: Any) -> Person:
    return Person(
        row.id,
        row.name,
        row.email,
        row.manager_id,
        row.parent_id.removeprefix(_TEAM) if (row.parent_id or "").startswith(_TEAM) else "",
        row.zone,
        row.locale,
        tuple(row.roles.split()),
        row.active,
        row.joined,
        number=row.number,
    )
