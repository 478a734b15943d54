"""People made as the sources say in the plain way, row by row in memory: what the staged way is compared with."""

from collections.abc import Collection, Iterator
from datetime import date

from sqlalchemy import Connection, Table, and_, bindparam, delete, func, select, update

from storage import ingest
from storage.directory import Directory, Person, address
from storage.people import link_all
from storage.tables import BEGINNING, FOREVER, ORGANIZATION, UNALLOCATED, accounts, lineage, people, presence
from storage.tables import terms as terms_
from storage.terms import moves
from storage.upsert import upsert


def apply(conn: Connection, directory: Directory, today: date) -> None:
    """The same as storage.people.apply."""
    rows = [_person_row(someone) for someone in sorted(directory.people, key=lambda p: p.id)]
    upsert(conn, people, rows)
    _part_with(conn, people, rows)
    wanted = list(_account_rows(directory, "Organization"))
    before = set(conn.scalars(select(accounts.c.id).where(accounts.c.active)))
    upsert(conn, accounts, wanted)
    _part_with(conn, accounts, wanted)
    active = {str(row["id"]) for row in wanted if row["active"]}
    _came_and_left(conn, active - before, before - active)
    parents = {str(row["id"]): str(row["parent_id"]) for row in wanted}
    _grow(conn, parents, today)
    link_all(conn, ((one, "explicit", "") for one in directory.links if one.account in parents))


def _part_with(conn: Connection, table: Table, here: list[dict[str, object]]) -> None:
    """Who is no longer among the rows stays, inactive."""
    active = set(conn.execute(select(table.c.id).where(table.c.active)).scalars())
    gone = [{"gone": each} for each in sorted(active - {row["id"] for row in here})]
    if gone:
        conn.execute(update(table).where(table.c.id == bindparam("gone")).values(active=False), gone)


def _person_row(someone: Person) -> dict[str, object]:
    return {
        "id": someone.id,
        "name": someone.name,
        "email": address(someone.email),
        "manager_id": someone.manager,
        "zone": someone.zone,
        "locale": someone.locale,
        "roles": " ".join(someone.roles),
        "active": someone.active,
        "joined": someone.joined,
        "number": someone.number,
        "groups": " ".join(someone.groups),
    }


def _account_rows(directory: Directory, organization: str) -> Iterator[dict[str, object]]:
    def row(
        account_id: str, kind: str, name: str, parent: str, owner: str = "", center: str = "", *, active: bool = True
    ) -> dict[str, object]:
        return {
            "id": account_id,
            "kind": kind,
            "name": name,
            "parent_id": parent,
            "owner_id": owner,
            "cost_center": center,
            "active": active,
        }

    teams = {each.id for each in directory.teams}

    def team(name: str) -> str:
        return f"team/{name}" if name in teams else ORGANIZATION

    yield row(ORGANIZATION, "organization", organization, "")
    yield row(UNALLOCATED, "unallocated", "Unallocated", ORGANIZATION)
    for t in directory.teams:
        yield row(f"team/{t.id}", "team", t.name, team(t.parent), t.owner, t.cost_center)
    for p in directory.people:
        yield row(f"person/{p.id}", "person", p.name, team(p.team), p.id, active=p.active)
    for a in directory.agents:
        yield row(f"agent/{a.id}", "agent", a.name, team(a.team), a.owner)


def _grow(conn: Connection, parents: dict[str, str], today: date) -> None:
    """Make the tree as it is today, and leave the past alone."""
    wanted = {(each, above) for each in parents for above in _above(each, parents)}
    rows = conn.execute(select(lineage.c.account_id, lineage.c.ancestor_id).where(lineage.c.until == FOREVER))
    known = {(row[0], row[1]) for row in rows}
    seen = set(conn.execute(select(lineage.c.account_id).distinct()).scalars())
    moved = sorted({account_id for account_id, _ in known ^ wanted if account_id in seen & parents.keys()})
    ingest.recount(conn, moved, today, -1)
    for account_id, ancestor_id in sorted((known - wanted) & {pair for pair in known if pair[0] in parents}):
        where = and_(
            lineage.c.account_id == account_id, lineage.c.ancestor_id == ancestor_id, lineage.c.until == FOREVER
        )
        conn.execute(delete(lineage).where(where, lineage.c.since >= today))
        conn.execute(update(lineage).where(where).values(until=today))
    new = [
        {
            "account_id": account_id,
            "ancestor_id": ancestor_id,
            "since": today if account_id in seen else BEGINNING,
            "until": FOREVER,
        }
        for account_id, ancestor_id in sorted(wanted - known)
    ]
    upsert(conn, lineage, new)
    ingest.recount(conn, moved, today, 1)


def _above(account_id: str, parents: dict[str, str]) -> Iterator[str]:
    seen: set[str] = set()
    while account_id and account_id not in seen:
        seen.add(account_id)
        yield account_id
        account_id = parents.get(account_id, "")


def _came_and_left(conn: Connection, came: Collection[str], left: Collection[str]) -> None:
    """Note which accounts are there from now on, and which are no longer.

    Whoever comes back before other terms were posted was there all the time.
    """
    latest = conn.execute(select(func.max(terms_.c.id))).scalar_one()
    if latest is None:
        return
    known = moves(conn, {*came, *left}).stretches
    rows: list[tuple[str, int, int | None]] = []
    for each in left:
        after, _ = known[each][-1] if each in known else (0, None)
        rows.append((each, after, latest))
    for each in came:
        after, last = known[each][-1] if each in known else (latest, None)
        rows.append((each, after if last is not None and last >= latest else latest, None))
    names = ("account_id", "after_term", "last_term")
    upsert(conn, presence, [dict(zip(names, row, strict=True)) for row in sorted(rows, key=lambda row: row[:2])])
