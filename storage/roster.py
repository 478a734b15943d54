"""Who there is to be by the people sources, beside who there is: staged, compared, and then written in one transaction.

Everybody goes into temporary tables first, and what differs is found there, while nobody waits. Under the lock of the
one writer only what differs is written: all of it or nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    delete,
    except_,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.schema import CreateTable, DropTable

from storage import bulk_load, ingest, people_sources, terms
from storage.directory import Directory, Person, address
from storage.tables import BEGINNING, FOREVER, ORGANIZATION, UNALLOCATED, accounts, lineage, people
from storage.upsert import insert_into

LEAVERS_ALWAYS_ALLOWED = 10
ITSELF = ""
_PERSON, _TEAM = "person/", "team/"
_TEMPORARY: dict[str, Any] = {"prefixes": ["TEMPORARY"], "sqlite_with_rowid": False}

staged_people = Table(
    "staged_people",
    MetaData(),
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("manager_id", String(64), nullable=False),
    Column("zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("joined", Date),
    Column("number", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("team", Text, nullable=False),
    **_TEMPORARY,
)
# All accounts but those of people, which follow from the people.
staged_accounts = Table(
    "staged_accounts",
    MetaData(),
    Column("id", String(80), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("parent_id", String(80), nullable=False),
    Column("owner_id", String(64), nullable=False),
    Column("cost_center", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    **_TEMPORARY,
)
# What is above whoever stands below one of these accounts: itself, the account, and all above that.
staged_lines = Table(
    "staged_lines",
    MetaData(),
    Column("account_id", String(80), primary_key=True),
    Column("ancestor_id", String(80), primary_key=True),
    **_TEMPORARY,
)
# Who is otherwise than they are staged. Who is not named by the sources is gone.
other_people = Table(
    "other_people",
    MetaData(),
    Column("id", String(64), primary_key=True),
    Column("is_known", Boolean, nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("is_renamed", Boolean, nullable=False),
    **_TEMPORARY,
)
other_accounts = Table(
    "other_accounts",
    MetaData(),
    Column("id", String(80), primary_key=True),
    Column("person_id", String(64), nullable=False),  # empty where it is no person's
    Column("below_id", String(80), nullable=False),  # whose line it has
    Column("was_active", Boolean),  # empty for a new one
    Column("active", Boolean, nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("differs", Boolean, nullable=False),
    Column("may_move", Boolean, nullable=False),
    **_TEMPORARY,
)
# Accounts that are known and may stand elsewhere in the tree.
moving = Table(
    "moving",
    MetaData(),
    Column("id", String(80), primary_key=True),
    Column("below_id", String(80), nullable=False),
    **_TEMPORARY,
)
other_lines = Table(
    "other_lines",
    MetaData(),
    Column("account_id", String(80), primary_key=True),
    Column("ancestor_id", String(80), primary_key=True),
    Column("is_new", Boolean, nullable=False),
    **_TEMPORARY,
)
_STAGED = (staged_people, staged_accounts, staged_lines)
_OTHER = (other_people, other_accounts, moving, other_lines)
_FIELDS = tuple(column.name for column in staged_people.columns)
_VALUES = tuple(name for name in _FIELDS if name not in ("id", "team"))
_ACCOUNT = tuple(column.name for column in staged_accounts.columns)
_ACCOUNT_VALUES = tuple(name for name in _ACCOUNT if name != "id")


class ShrunkError(Exception):
    """The people sources suddenly say that a large part of the company has left.

    Args:
        leavers: how many have left at once.
        before: how many there were.
    """

    def __init__(self, leavers: int, before: int) -> None:
        super().__init__(f"{leavers} of {before} people have left at once")
        self.leavers = leavers
        self.before = before


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found.

    Args:
        state: of the people sources when it was found; what was found holds while it is the same.
        renamed: the ids of those who are called otherwise than they are known, in their order.
    """

    state: tuple[str, datetime | None]
    renamed: tuple[str, ...]


def stage(conn: Connection, directory: Directory, organization: str) -> None:
    """Write down who there is to be.

    Args:
        conn: any connection that can make temporary tables.
        directory: what the sources say.
        organization: how the whole is called.
    """
    clear(conn)
    for table in (*_STAGED, *_OTHER):
        conn.execute(CreateTable(table))
    written = bulk_load.writer(conn)
    bulk_load.load(conn, staged_people, _FIELDS, (_row(each, written) for each in directory.everybody()))
    others = list(_other_accounts(directory, organization))
    bulk_load.load(conn, staged_accounts, _ACCOUNT, others)
    parents = {row[0]: row[3] for row in others}
    lines = ((each, above) for each in parents for above in (ITSELF, *_above(each, parents)))
    bulk_load.load(conn, staged_lines, ("account_id", "ancestor_id"), lines)
    _analyze(conn, *_STAGED)


def clear(conn: Connection) -> None:
    """Leave nothing of it behind."""
    for table in (*_STAGED, *_OTHER):
        conn.execute(DropTable(table, if_exists=True))


def compare(conn: Connection, leavers_percent: int) -> Compared:
    """Find out what is otherwise than it is staged.

    Args:
        conn: the connection where it is staged.
        leavers_percent: how many in a hundred may leave at once; ten always may.

    Raises:
        ShrunkError: more people would leave at once than is believable.
    """
    for table in _OTHER:
        conn.execute(delete(table))
    state = people_sources.state(conn)
    _refuse_shrinking(conn, leavers_percent)
    _compare_people(conn)
    _compare_accounts(conn)
    _analyze(conn, other_people, other_lines)
    renamed = select(other_people.c.id).where(other_people.c.is_renamed).order_by(other_people.c.id)
    return Compared(state, tuple(conn.scalars(renamed)))


def is_as_compared(conn: Connection, compared: Compared) -> bool:
    """Whether nobody wrote people since then."""
    return people_sources.state(conn) == compared.state


def write(conn: Connection, today: date) -> None:
    """Make people, accounts and the tree as they are staged, where they are otherwise.

    Who is missing from the sources has left: the person stays, inactive, with all history. A moved person's new team
    counts from today on.

    Args:
        conn: an order's, where it was staged and compared.
        today: from when on it is so.
    """
    _write_people(conn)
    _write_accounts(conn)
    _note_presence(conn)
    _write_lines(conn, today)


def named(conn: Connection, account_ids: Iterable[str]) -> set[str]:
    """Those of some accounts that the sources name."""
    own = {each.removeprefix(_PERSON) for each in account_ids if each.startswith(_PERSON)}
    others = {each for each in account_ids if not each.startswith(_PERSON)}
    found = {
        _PERSON + each
        for some in terms.batched(sorted(own))
        for each in conn.scalars(select(staged_people.c.id).where(staged_people.c.id.in_(some)))
    }
    for some in terms.batched(sorted(others)):
        found |= set(conn.scalars(select(staged_accounts.c.id).where(staged_accounts.c.id.in_(some))))
    return found


# Staged --------------------------------------------------------------------------------------------------------------


def _row(someone: Person, written: Any) -> tuple[object, ...]:
    """In the order of the columns."""
    return (
        someone.id,
        someone.name,
        address(someone.email),
        someone.manager,
        someone.zone,
        someone.locale,
        " ".join(someone.roles),
        someone.active,
        written(someone.joined) if someone.joined else None,
        someone.number,
        " ".join(someone.groups),
        someone.team,
    )


def _other_accounts(directory: Directory, organization: str) -> Iterator[tuple[Any, ...]]:
    teams = {each.id for each in directory.teams}

    def below(team: str) -> str:
        return _TEAM + team if team in teams else ORGANIZATION

    yield ORGANIZATION, "organization", organization, "", "", "", True
    yield UNALLOCATED, "unallocated", "Unallocated", ORGANIZATION, "", "", True
    for each in directory.teams:
        yield _TEAM + each.id, "team", each.name, below(each.parent), each.owner, each.cost_center, True
    for agent in directory.agents:
        yield f"agent/{agent.id}", "agent", agent.name, below(agent.team), agent.owner, "", True


def _above(account_id: str, parents: Mapping[str, str]) -> Iterator[str]:
    seen: set[str] = set()
    while account_id and account_id not in seen:
        seen.add(account_id)
        yield account_id
        account_id = parents.get(account_id, "")


def _of_people(*whose: ColumnElement[bool]) -> Select[Any]:
    """The accounts of people, as they are to be: of all, or of those among `other_accounts` of whom something holds."""
    team = staged_accounts.alias("team")
    found = select(
        (_PERSON + staged_people.c.id).label("id"),
        literal("person").label("kind"),
        staged_people.c.name,
        func.coalesce(team.c.id, ORGANIZATION).label("parent_id"),
        staged_people.c.id.label("owner_id"),
        literal("").label("cost_center"),
        staged_people.c.active,
    )
    begins: FromClause = staged_people
    if whose:
        begins = other_accounts.join(staged_people, staged_people.c.id == other_accounts.c.person_id)
    return found.select_from(begins.outerjoin(team, team.c.id == _TEAM + staged_people.c.team)).where(*whose)


# Compared ------------------------------------------------------------------------------------------------------------


def _refuse_shrinking(conn: Connection, percent: int) -> None:
    stays = select(staged_people.c.id).where(staged_people.c.id == people.c.id, staged_people.c.active).exists()
    counts = select(func.count(), func.coalesce(func.sum(case((stays, 0), else_=1)), 0)).where(people.c.active)
    now, leavers = conn.execute(counts).one()
    if leavers > LEAVERS_ALWAYS_ALLOWED and leavers * 100 > percent * now:
        raise ShrunkError(leavers, now)


def _differs(one: FromClause, other: FromClause, names: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(one.c[name].is_distinct_from(other.c[name]) for name in names))


def _compare_people(conn: Connection) -> None:
    names = ["id", "is_known", "is_named", "is_renamed"]
    is_known = people.c.id.is_not(None)
    is_renamed = and_(is_known, people.c.name != staged_people.c.name)
    found = (
        select(staged_people.c.id, is_known, true(), is_renamed)
        .outerjoin_from(staged_people, people, people.c.id == staged_people.c.id)
        .where(or_(~is_known, _differs(people, staged_people, _VALUES)))
    )
    conn.execute(insert(other_people).from_select(names, found))
    is_named = select(staged_people.c.id).where(staged_people.c.id == people.c.id).exists()
    gone = select(people.c.id, true(), false(), false()).where(people.c.active, ~is_named)
    conn.execute(insert(other_people).from_select(names, gone))


def _compare_accounts(conn: Connection) -> None:
    """Which accounts are other ones, and whose lines; those of a person are looked at if something may have moved."""
    known = select(staged_accounts.c.id, staged_accounts.c.id).join(accounts, accounts.c.id == staged_accounts.c.id)
    _compare_moving(conn, known, itself=False)
    names = [column.name for column in other_accounts.columns]
    others, own = select(staged_accounts).subquery(), _of_people().subquery()
    moved_teams = select(other_lines.c.account_id).distinct()
    is_known = accounts.c.id.is_not(None)
    moved = or_(~accounts.c.active, accounts.c.parent_id != own.c.parent_id, own.c.parent_id.in_(moved_teams))
    for wanted, person_id, below, may_move in (
        (others, literal(""), others.c.id, false()),
        (own, own.c.owner_id, own.c.parent_id, and_(is_known, moved)),
    ):
        differs = or_(~is_known, _differs(accounts, wanted, _ACCOUNT_VALUES))
        found = select(
            wanted.c.id, person_id, below, accounts.c.active, wanted.c.active, true(), differs, may_move
        ).outerjoin_from(wanted, accounts, accounts.c.id == wanted.c.id)
        conn.execute(insert(other_accounts).from_select(names, found.where(or_(differs, may_move))))
    is_named = case(
        (
            accounts.c.kind == "person",
            select(staged_people.c.id)
            .where(staged_people.c.id == func.substr(accounts.c.id, len(_PERSON) + 1))
            .exists(),
        ),
        else_=select(staged_accounts.c.id).where(staged_accounts.c.id == accounts.c.id).exists(),
    )
    gone = select(accounts.c.id, literal(""), literal(""), true(), false(), false(), true(), false())
    conn.execute(insert(other_accounts).from_select(names, gone.where(accounts.c.active, ~is_named)))
    _analyze(conn, other_accounts)
    moving_ = select(other_accounts.c.id, other_accounts.c.below_id).where(other_accounts.c.may_move)
    _compare_moving(conn, moving_, itself=True)


def _compare_moving(conn: Connection, whose: Select[Any], *, itself: bool) -> None:
    """Which lines of known accounts are other ones."""
    conn.execute(delete(moving))
    conn.execute(insert(moving).from_select(["id", "below_id"], whose))
    _analyze(conn, moving)
    line = _line_of(moving, itself=itself)
    known = (
        select(lineage.c.account_id, lineage.c.ancestor_id)
        .join(moving, moving.c.id == lineage.c.account_id)
        .where(lineage.c.until == FOREVER)
    )
    for one, other, is_new in ((line, known, True), (known, line, False)):
        found = except_(one, other).subquery()
        rows = select(*found.c, literal(is_new))
        conn.execute(insert(other_lines).from_select(["account_id", "ancestor_id", "is_new"], rows))


def _line_of(table: Table, *, itself: bool) -> Select[Any]:
    """Each account of a table with all above it."""
    ancestor = case((staged_lines.c.ancestor_id == ITSELF, table.c.id), else_=staged_lines.c.ancestor_id)
    found = select(table.c.id.label("account_id"), ancestor.label("ancestor_id"))
    found = found.join_from(table, staged_lines, staged_lines.c.account_id == table.c.below_id)
    return found if itself else found.where(staged_lines.c.ancestor_id != ITSELF)


# Written -------------------------------------------------------------------------------------------------------------


def _write_people(conn: Connection) -> None:
    same = and_(other_people.c.id == staged_people.c.id, other_people.c.is_named)
    names = ["id", *_VALUES]
    new = select(*(staged_people.c[name] for name in names)).join(other_people, same)
    conn.execute(insert(people).from_select(names, new.where(~other_people.c.is_known).order_by(other_people.c.id)))
    changed = update(people).where(people.c.id == staged_people.c.id, same, other_people.c.is_known)
    conn.execute(changed.values({name: staged_people.c[name] for name in _VALUES}))
    gone = update(people).where(people.c.id == other_people.c.id, ~other_people.c.is_named)
    conn.execute(gone.values(active=False))


def _write_accounts(conn: Connection) -> None:
    is_new = other_accounts.c.was_active.is_(None)
    for wanted in (_others, _of_people):
        new = wanted(is_new).order_by(other_accounts.c.id)
        conn.execute(insert(accounts).from_select(list(_ACCOUNT), new))
        changed = wanted(~is_new, other_accounts.c.is_named, other_accounts.c.differs).subquery()
        same = update(accounts).where(accounts.c.id == changed.c.id)
        conn.execute(same.values({name: changed.c[name] for name in _ACCOUNT_VALUES}))
    gone = update(accounts).where(accounts.c.id == other_accounts.c.id, ~other_accounts.c.is_named)
    conn.execute(gone.values(active=False))


def _others(*whose: ColumnElement[bool]) -> Select[Any]:
    """The accounts that are no people's, as they are to be, of those among `other_accounts` of whom something holds."""
    same = staged_accounts.c.id == other_accounts.c.id
    return select(*staged_accounts.c).join_from(other_accounts, staged_accounts, same).where(*whose)


def _note_presence(conn: Connection) -> None:
    was_there = func.coalesce(other_accounts.c.was_active, false())
    each = select(other_accounts.c.id)
    terms.came_and_left(
        conn,
        each.where(other_accounts.c.active, ~was_there),
        each.where(~other_accounts.c.active, was_there),
    )


def _write_lines(conn: Connection, today: date) -> None:
    """Make the tree as it is today, and leave the past alone."""
    for some in _moved(conn):
        ingest.recount(conn, some, today, -1)
    gone = select(other_lines.c.account_id, other_lines.c.ancestor_id).where(~other_lines.c.is_new)
    where = and_(tuple_(lineage.c.account_id, lineage.c.ancestor_id).in_(gone), lineage.c.until == FOREVER)
    conn.execute(delete(lineage).where(where, lineage.c.since >= today))
    conn.execute(update(lineage).where(where).values(until=today))
    is_new = other_accounts.c.was_active.is_(None)
    for itself in (True, False):
        is_person = other_accounts.c.person_id != "" if itself else other_accounts.c.person_id == ""
        lines = _line_of(other_accounts, itself=itself).where(is_new, is_person)
        # In the order of their keys, which are not sorted once more: there may be millions. No new account had a line,
        # so none is looked for, a quarter of PostgreSQL's work.
        conn.execute(_lines_from(conn, lines.order_by(other_accounts.c.id, staged_lines.c.ancestor_id), BEGINNING))
    again = select(other_lines.c.account_id, other_lines.c.ancestor_id).where(other_lines.c.is_new)
    adding = _lines_from(conn, again.order_by(*again.selected_columns), today)
    keys = [column.name for column in lineage.primary_key]
    conn.execute(adding.on_conflict_do_update(index_elements=keys, set_={"until": adding.excluded.until}))
    for some in _moved(conn):
        ingest.recount(conn, some, today, 1)


def _moved(conn: Connection) -> Iterator[Sequence[str]]:
    """The accounts that stand elsewhere in the tree, a part at a time: a team may move with a million people."""
    each = other_lines.c.account_id
    ordered = select(each).distinct().order_by(each).limit(ingest.MOVED_AT_ONCE)
    some = conn.scalars(ordered).all()
    while some:
        yield some
        some = conn.scalars(ordered.where(each > some[-1])).all()


def _lines_from(conn: Connection, lines: Select[Any], since: date) -> Any:
    """An insert of lines that count from a day on."""
    rows = lines.add_columns(literal(since, Date), literal(FOREVER, Date))
    return insert_into(conn, lineage).from_select(["account_id", "ancestor_id", "since", "until"], rows)


def _analyze(conn: Connection, *tables: Table) -> None:
    """Let the database know how many rows there are; without it PostgreSQL takes millions for a few."""
    for table in tables:
        conn.exec_driver_sql(f"analyze {table.name}")
