"""What the database remembers of people, so that the same person keeps the same id whichever source names them."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from storage.directory import Person
from storage.tables import accounts, links, people

_PEOPLE = select(people, accounts.c.parent_id).outerjoin(accounts, accounts.c.id == "person/" + people.c.id)
_TEAM = "team/"
_LINKED = select(links.c.external_id, links.c.account_id).where(
    links.c.platform.in_(("slack", "teams")), links.c.kind == "user"
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Everybody who ever was, by id, and the accounts of identities in Slack and Teams. See Known."""

    people: dict[str, Person] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)


def recall(conn: Connection) -> Memory:
    """All that is remembered."""
    everybody = (
        Person(
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
        for row in conn.execute(_PEOPLE)
    )
    return Memory({one.id: one for one in everybody}, {row[0]: row[1] for row in conn.execute(_LINKED)})
