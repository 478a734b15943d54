"""Who there is: people, accounts, the tree they form through time, and the identities that were linked to them."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
    update,
)

from storage import people_sources, roster
from storage.directory import Directory, Link, Person, address, has_plain_domain
from storage.former_links import Relinked
from storage.kept import kept, known, note, see, sees, version_in
from storage.prepared import Prepared
from storage.tables import (
    FOREVER,
    IN_ANY_CASE,
    ORGANIZATION,
    accounts,
    delegations,
    lineage,
    links,
    people,
)
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Account:
    """Who spends. `kind` is "organization", "team", "person", "agent" or "unallocated"."""

    id: str
    kind: str
    name: str
    parent_id: str
    owner_id: str
    cost_center: str
    active: bool

    @property
    def person_id(self) -> str:
        """The person whose own account it is, "" for a team, an agent or the organization."""
        return self.id.removeprefix("person/") if self.kind == "person" else ""


FEW = 2_000
"""So many accounts are looked through one by one, and not more."""
LIKE_MAX = 100
LINKS_AT_ONCE = 5_000

_PERSON = select(people).where(people.c.id == bindparam("id"))
_PERSONS = select(people).where(people.c.id.in_(bindparam("ids", expanding=True)))
_LINKED = Prepared(
    select(links.c.account_id).where(
        links.c.platform == bindparam("platform"),
        links.c.kind == bindparam("kind"),
        links.c.external_id == bindparam("external_id"),
    )
)
_PLACES = (
    select(links.c.account_id, links.c.platform, links.c.external_id)
    .where(
        links.c.account_id.in_(bindparam("accounts", expanding=True)),
        links.c.kind == "user",
        links.c.platform.in_(bindparam("platforms", expanding=True)),
    )
    .order_by(links.c.account_id, links.c.platform, links.c.external_id)
)
_LINES = Prepared(
    select(accounts, lineage.c.account_id.label("whose"))
    .join(lineage, accounts.c.id == lineage.c.ancestor_id)
    .where(lineage.c.account_id.in_(bindparam("accounts", expanding=True)), lineage.c.until == FOREVER),
    lists=("accounts",),
)
# Who is behind identities, with their own account if it has a place in the tree today.
_WHO = (
    select(links.c.external_id, people, accounts)
    .select_from(
        links.join(people, people.c.id == func.substr(links.c.account_id, len("person/") + 1))
        .outerjoin(
            lineage,
            and_(
                lineage.c.account_id == links.c.account_id,
                lineage.c.ancestor_id == links.c.account_id,
                lineage.c.until == FOREVER,
            ),
        )
        .outerjoin(accounts, accounts.c.id == lineage.c.account_id)
    )
    .where(
        links.c.platform == bindparam("platform"),
        links.c.kind == "user",
        links.c.external_id.in_(bindparam("ids", expanding=True)),
        links.c.account_id.startswith("person/"),
    )
)
_SPEAKERS = {
    dialect: Prepared(_WHO.add_columns(version_in(dialect)), lists=("ids",)) for dialect in ("sqlite", "postgresql")
}
# Three ways, each by an index of its own: with `or` between them every account, or everybody, would be looked at.
_CALLED = Prepared(
    union_all(
        select(accounts, literal("").label("email"), literal("").label("name_said")).where(
            accounts.c.active, accounts.c.id.in_(bindparam("ids", expanding=True))
        ),
        select(accounts, people.c.email, literal(""))
        .join(people, accounts.c.id == "person/" + people.c.id)
        .where(accounts.c.active, people.c.email.in_(bindparam("said", expanding=True))),
        select(accounts, literal(""), accounts.c.name).where(
            accounts.c.active, IN_ANY_CASE.in_(bindparam("names", expanding=True))
        ),
    ),
    lists=("ids", "said", "names"),
)
_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_PERSON_FIELDS = tuple(column.name for column in people.columns)


def person_of(row: Any) -> Person:
    """The person of a row that begins with all columns of the table, in their order."""
    values = dict(zip(_PERSON_FIELDS, row, strict=False))
    values["roles"], values["groups"] = tuple(values["roles"].split()), tuple(values["groups"].split())
    return Person(manager=values.pop("manager_id"), **values)


def person(conn: Connection, person_id: str) -> Person | None:
    """The person under an id, or None. The team is left out: ask `line` for it."""
    row = conn.execute(_PERSON, {"id": person_id}).first()
    return person_of(row) if row else None


def speaker_key(platform: str, external_ids: Sequence[str]) -> Hashable:
    """Under what a question keeps who speaks; see `speaker`."""
    return ("speaker", platform, *external_ids)


def speaker(
    conn: Connection, platform: str, external_ids: Sequence[str]
) -> tuple[Person, tuple["Account", ...]] | None:
    """Who is linked to the first of some identities that is a person's, and their account with all above it.

    Args:
        conn: any connection.
        platform: such as "slack".
        external_ids: in the order in which they are looked for.
    """
    key = speaker_key(platform, external_ids)
    if sees(conn):  # else the version comes with the statement
        before: tuple[Person, tuple[Account, ...]] | None = known(conn, key)
        if before is not None:
            return before
    said = _SPEAKERS[conn.dialect.name].rows(conn, {"platform": platform, "ids": list(external_ids)})
    rows = {row[0]: row[1:-1] for row in said}
    found = next((rows[each] for each in external_ids if each in rows), None)
    if found is None:
        return None
    see(conn, said[0][-1])
    fields = len(_PERSON_FIELDS)
    own = Account(*found[fields:]) if found[fields] is not None else None
    above = kept(conn, ("line", own.parent_id), lambda: line(conn, own.parent_id)) if own and own.parent_id else ()
    result = person_of(found), (own, *above) if own else ()
    note(conn, key, result)
    return result


def choose_language(conn: Connection, person_id: str, language: str) -> None:
    """Keep in which language somebody wants to be spoken to; "" is that of their locale."""
    conn.execute(update(people).where(people.c.id == person_id).values(language=language))


def persons(conn: Connection, person_ids: Collection[str]) -> dict[str, Person]:
    """Those of some people who are known, by id."""
    return {row.id: person_of(row) for row in conn.execute(_PERSONS, {"ids": list(person_ids)})}


def person_by_email(conn: Connection, email: str) -> Person | None:
    """The one active person with a verified e-mail address, or None; two under one address are nobody.

    A domain with other letters than those of ASCII is nobody's: it may only look like ours.
    """
    if not email or not has_plain_domain(email):
        return None
    rows = conn.execute(select(people).where(people.c.email == address(email), people.c.active)).all()
    return person_of(rows[0]) if len(rows) == 1 else None


def ids_by_email(conn: Connection, only: Collection[str] | None = None) -> dict[str, str]:
    """The one active person under each verified e-mail address, in small letters; two under one address are nobody.

    Args:
        conn: any connection.
        only: of these addresses, None for all.
    """
    found = select(people.c.email, func.min(people.c.id)).where(people.c.active, people.c.email != "")
    if only is not None:
        found = found.where(people.c.email.in_(sorted(only)))
    return {row[0]: row[1] for row in conn.execute(found.group_by(people.c.email).having(func.count() == 1))}


def active_people(conn: Connection, same: dict[Any, Any] | None = None) -> list[Person]:
    """Everybody who is there now, by name; for `same` see `accounts_ever`."""
    rows = conn.execute(select(people).where(people.c.active).order_by(people.c.name))
    return [person_of(row) for row in _shared(rows, same)]


def people_with_role(conn: Connection, role: str) -> list[Person]:
    """Everybody who is there now and has a role, by id."""
    rows = conn.execute(select(people).where(people.c.active, people.c.roles.contains(role)).order_by(people.c.id))
    return [each for each in map(person_of, rows) if role in each.roles]


def who_answers(conn: Connection) -> set[str]:
    """Ids of those who have a role, or own a team, an agent or the organization: who may do more than anybody may."""
    with_role = select(people.c.id).where(people.c.active, people.c.roles != "")
    owners = select(accounts.c.owner_id).where(
        accounts.c.active, accounts.c.kind != "person", accounts.c.owner_id != ""
    )
    return set(conn.scalars(union(with_role, owners)))


def every_account(conn: Connection) -> list[Account]:
    """All accounts that are active, by id."""
    return [Account(*row) for row in conn.execute(select(accounts).where(accounts.c.active).order_by(accounts.c.id))]


def teams_with_owners(conn: Connection) -> list[tuple[Account, int]]:
    """The active teams whose owner is there, each with how many accounts are above it, those nearest the top first."""
    above = (
        select(lineage.c.account_id, func.count().label("above"))
        .where(lineage.c.until == FOREVER)
        .group_by(lineage.c.account_id)
        .subquery()
    )
    rows = conn.execute(
        select(accounts, above.c.above)
        .join(above, above.c.account_id == accounts.c.id)
        .join(people, and_(people.c.id == accounts.c.owner_id, people.c.active))
        .where(accounts.c.kind == "team", accounts.c.active)
        .order_by(above.c.above, accounts.c.id)
    )
    return [(Account(*row[:-1]), row[-1] - 1) for row in rows]


def accounts_ever(conn: Connection, same: dict[Any, Any] | None = None) -> list[Account]:
    """All accounts there are or were, by id.

    Args:
        conn: any connection.
        same: what was read before, each value under itself: a driver makes ids and names anew for every row, and of a
            large company each is to be in memory once only. What is new is put in. None for what is read here alone.
    """
    rows = conn.execute(select(accounts).order_by(accounts.c.id))
    return [Account(*row) for row in _shared(rows, same)]


def _shared(rows: Iterable[Any], same: dict[Any, Any] | None) -> Iterator[list[Any]]:
    """Rows in which whatever is equal is one object."""
    known: dict[Any, Any] = {} if same is None else same
    for row in rows:
        yield [known.setdefault(value, value) for value in row]


def accounts_of(conn: Connection, account_ids: Collection[str]) -> dict[str, Account]:
    """Those of some accounts that there are or were, by id."""
    rows = conn.execute(select(accounts).where(accounts.c.id.in_(sorted({*account_ids})))) if account_ids else ()
    return {row.id: Account(*row) for row in rows}


def line(conn: Connection, account_id: str) -> tuple[Account, ...]:
    """The account itself and every account above it today, the nearest first; empty if there is no such account."""
    return lines(conn, [account_id])[account_id]


def lines(conn: Connection, account_ids: Collection[str]) -> dict[str, tuple[Account, ...]]:
    """The same for several accounts."""
    above: dict[str, dict[str, Account]] = {each: {} for each in account_ids}
    for *account, whose in _LINES.rows(conn, {"accounts": list(account_ids)}):
        above[whose][account[0]] = Account(*account)
    return {account_id: tuple(_upwards(account_id, found)) for account_id, found in above.items()}


def _upwards(account_id: str, found: dict[str, Account]) -> Iterator[Account]:
    here = found.pop(account_id, None)
    while here:
        yield here
        here = found.pop(here.parent_id, None)


def everybodys_ancestors(conn: Connection) -> dict[str, dict[str, str]]:
    """Of every account the account itself and every account above it today, the nearest first, each with its name."""
    rows = conn.execute(
        select(lineage.c.account_id, lineage.c.ancestor_id, accounts.c.name)
        .join(accounts, accounts.c.id == lineage.c.ancestor_id)
        .where(lineage.c.until == FOREVER),
    )
    found: dict[str, dict[str, str]] = {}
    for account_id, ancestor_id, name in rows:
        found.setdefault(account_id, {})[ancestor_id] = name
    # What is nearer has more above it.
    return {
        each: dict(sorted(above.items(), key=lambda pair: -len(found.get(pair[0], ()))))
        for each, above in found.items()
    }


def descendants(conn: Connection, account_id: str, kind: str = "") -> list[Account]:
    """Every account below, and the account itself, today, by id; those of a kind if one is named."""
    inside = select(lineage.c.account_id).where(lineage.c.ancestor_id == account_id, lineage.c.until == FOREVER)
    asked = select(accounts).order_by(accounts.c.id)
    if kind in ("team", "agent"):  # they are few among all accounts: look at each, not at everybody below
        above = func.coalesce(lineage.c.ancestor_id, "") == account_id  # by no index: it would find everybody each time
        here = select(lineage.c.account_id).where(lineage.c.account_id == accounts.c.id, lineage.c.until == FOREVER)
        asked = asked.where(accounts.c.kind == kind, here.where(above).correlate(accounts).exists())
    else:
        asked = asked.where(accounts.c.id.in_(inside), *([accounts.c.kind == kind] if kind else []))
    return [Account(*row) for row in conn.execute(asked)]


def headcounts(conn: Connection, account_id: str) -> dict[str, int]:
    """How many people who are there have each account directly above them, of those below an account."""
    inside = select(lineage.c.account_id).where(lineage.c.ancestor_id == account_id, lineage.c.until == FOREVER)
    everybody = account_id == ORGANIZATION  # whom to look up one by one would take longest
    here = accounts.c.kind == "person", accounts.c.active, *(() if everybody else (accounts.c.id.in_(inside),))
    rows = conn.execute(select(accounts.c.parent_id, func.count()).where(*here).group_by(accounts.c.parent_id))
    return {parent_id: int(number) for parent_id, number in rows}


def teams_below(conn: Connection, account_id: str) -> list[Account]:
    """The active teams below an account, by id."""
    return [each for each in descendants(conn, account_id, "team") if each.active]


def is_group(conn: Connection, word: str) -> bool:
    """Whether somebody who is there is in a group of that name."""
    return _somebody_has(conn, people.c.groups, word)


def is_role(conn: Connection, word: str) -> bool:
    """Whether somebody who is there has a role of that name."""
    return _somebody_has(conn, people.c.roles, word)


def _somebody_has(conn: Connection, words: ColumnElement[str], word: str) -> bool:
    among = (" " + words + " ").contains(f" {word} ", autoescape=True)
    return conn.execute(select(people.c.id).where(people.c.active, among).limit(1)).first() is not None


def nearby(conn: Connection, word: str, most: int = 300) -> list[Account]:
    """Active accounts among which one may be that somebody means who misspelt its id or name.

    Of a small company these are all; of a large one those that come shortly before and after the word in the order of
    names and of ids, which begin like it.

    Args:
        conn: any connection.
        word: what was said.
        most: how many, in each direction and by each way.
    """
    here = select(accounts).where(accounts.c.active)
    everybody = conn.execute(here.order_by(accounts.c.id).limit(FEW + 1)).all()
    if len(everybody) <= FEW:
        return [Account(*row) for row in everybody]
    lower = word.lower()
    found: dict[str, Account] = {}
    for by, said in ((IN_ANY_CASE, lower), *((accounts.c.id, each) for each in _ids(lower)[:-1])):
        for side in (here.where(by >= said).order_by(by), here.where(by < said).order_by(by.desc())):
            found |= {row[0]: Account(*row) for row in conn.execute(side.limit(most))}
    return list(found.values())


def owned(conn: Connection, person_id: str) -> list[Account]:
    """The active accounts whose owner a person is, by id."""
    here = select(accounts).where(accounts.c.owner_id == person_id, accounts.c.active).order_by(accounts.c.id)
    return [Account(*row) for row in conn.execute(here)]


def manages(conn: Connection, person_id: str) -> bool:
    """Whether somebody who is there has a person as manager."""
    here = select(people.c.id).where(people.c.manager_id == person_id, people.c.active).limit(1)
    return conn.execute(here).first() is not None


def owns(person_id: str, line: Iterable[Account]) -> bool:
    """Whether a person owns an account or one above it. What nobody owns is not owned by who is nobody."""
    return bool(person_id) and any(each.owner_id == person_id for each in line)


def find_accounts(conn: Connection, words: Sequence[str]) -> dict[str, list[Account]]:
    """Active accounts that people call by some words, in any case: by the id after the slash, the e-mail, or the name.

    Args:
        conn: any connection.
        words: several, of which some may be nobody's, such as "ana", "ana for" and "ana for lunch".

    Returns:
        The accounts under each word; those of a name only if it is nobody's id and nobody's e-mail address.
    """
    lowered = {word: word.lower() for word in words}
    rows = _CALLED.rows(
        conn,
        {
            "ids": [each for lower in lowered.values() for each in _ids(lower)],
            "said": sorted(lowered.values()),
            "names": sorted({each for word in words for each in _as_databases_lower(word)}),
        },
    )
    return {word: _called(lower, rows) for word, lower in lowered.items()}


def _called(lower: str, rows: Sequence[Any]) -> list[Account]:
    ids, found, named = _ids(lower), dict[str, Account](), list[Account]()
    for *account, email, name in rows:
        if name:
            named += [Account(*account)] if name.lower() == lower else []
        elif email == lower if email else account[0] in ids:
            found[account[0]] = Account(*account)
    return list(found.values()) or named


def _as_databases_lower(word: str) -> set[str]:
    """How a database may write a name in small letters that somebody says in some case.

    SQLite, and PostgreSQL with some locales, lower the letters of ASCII and leave all others as they are, so a name
    with others is looked for as it is commonly written.
    """
    if word.isascii():
        return {word.lower()}
    return {word.lower(), *(each.translate(_ASCII_LOWER) for each in (word, word.lower(), word.title(), word.upper()))}


def _ids(word: str) -> list[str]:
    return [*(f"{kind}/{word}" for kind in ("person", "team", "agent")), word]


def linked(conn: Connection, platform: str, kind: str, external_id: str) -> str | None:
    """The account that an identity over there was linked to, or None."""
    found = _LINKED.rows(conn, {"platform": platform, "kind": kind, "external_id": external_id})
    return str(found[0][0]) if found else None


def identities(
    conn: Connection, person_ids: Collection[str], platforms: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """(platform, external id) of the identities of some people on the named platforms, by person."""
    found: dict[str, list[tuple[str, str]]] = {each: [] for each in person_ids}
    values = {"accounts": [f"person/{each}" for each in person_ids], "platforms": list(platforms)}
    for account_id, platform, external_id in conn.execute(_PLACES, values) if person_ids else ():
        found[account_id.removeprefix("person/")].append((platform, external_id))
    return found


def members(conn: Connection, platform: str) -> list[tuple[str, str]]:
    """(external id, account) of everybody who is known on a platform."""
    rows = conn.execute(
        select(links.c.external_id, links.c.account_id)
        .where(links.c.platform == platform, links.c.kind == "user")
        .order_by(links.c.account_id),
    )
    return [(row[0], row[1]) for row in rows]


def linked_people(conn: Connection) -> set[str]:
    """The ids of people who have an identity anywhere."""
    here = links.c.account_id.startswith("person/"), links.c.kind == "user"
    return {row[0].removeprefix("person/") for row in conn.execute(select(links.c.account_id).where(*here).distinct())}


def link(conn: Connection, new: Link, how: str, name: str = "") -> bool:
    """Note an identity. An explicit one is never replaced by a found one.

    Returns:
        Whether anything changed.
    """
    where = and_(links.c.platform == new.platform, links.c.kind == new.kind, links.c.external_id == new.external_id)
    known = conn.execute(select(links.c.account_id, links.c.how).where(where)).first()
    if not _is_news((known.account_id, known.how) if known else None, new.account, how):
        return False
    upsert(conn, links, [_link_row(new, how, name)])
    return True


def _link_row(new: Link, how: str, name: str = "") -> dict[str, object]:
    return {
        "platform": new.platform,
        "kind": new.kind,
        "external_id": new.external_id,
        "account_id": new.account,
        "how": how,
        "name": name,
    }


def relink(conn: Connection, new: Link) -> None:
    """Note an identity as a person says it, whatever was known of it."""
    upsert(conn, links, [_link_row(new, "explicit")])
    people_sources.forget(conn)


def linked_like(conn: Connection, platform: str, kind: str, beginning: str) -> dict[str, str]:
    """The identities over there that begin so and are linked, each with its account; at most a hundred."""
    known = and_(links.c.platform == platform, links.c.kind == kind)
    begin = links.c.external_id.startswith(beginning, autoescape=True)
    rows = conn.execute(select(links.c.external_id, links.c.account_id).where(known, begin).limit(LIKE_MAX))
    return {row[0]: row[1] for row in rows}


def link_all(conn: Connection, wanted: Iterable[tuple[Link, str, str]]) -> list[Relinked]:
    """The same for many at once, each with how it is known and the name over there.

    Returns:
        Those that are new or another's now; their past is to be settled (former_links.settle).
    """
    last = {(one.platform, one.kind, one.external_id): (one, how, name) for one, how, name in wanted}
    known: dict[tuple[str, str, str], tuple[str, str]] = {}
    keys = iter(sorted(last))
    while some := list(islice(keys, LINKS_AT_ONCE)):
        platforms, ids = (sorted({key[place] for key in some}) for place in (0, 2))
        here = links.c.platform.in_(platforms), links.c.external_id.in_(ids)
        rows = conn.execute(select(links).where(*here))
        known |= {(row.platform, row.kind, row.external_id): (row.account_id, row.how) for row in rows}
    new = [each for key, each in sorted(last.items()) if _is_news(known.get(key), each[0].account, each[1])]
    upsert(conn, links, [_link_row(*each) for each in new])
    return [Relinked(one, known.get((one.platform, one.kind, one.external_id), ("", ""))[0]) for one, _, _ in new]


def _is_news(known: tuple[str, str] | None, account_id: str, how: str) -> bool:
    """An explicit link is never replaced by a found one."""
    return known is None or (known[0] != account_id and (known[1] != "explicit" or how == "explicit"))


def apply(
    conn: Connection, directory: Directory, today: date, organization: str = "Organization", leavers_percent: int = 20
) -> list[Relinked]:
    """Make people, accounts, the tree and explicit links as the sources say.

    Who is missing from the sources has left: the person stays, inactive, with all history. A moved person's new team
    counts from today on.

    Args:
        conn: an order's.
        directory: what the sources say.
        today: from when on it is so.
        organization: how the whole is called.
        leavers_percent: how many in a hundred may leave at once; ten always may.

    Returns:
        The explicit links that are new or another's now; their past is to be settled (former_links.settle).

    Raises:
        roster.ShrunkError: more people would leave at once than is believable; nothing was changed.
    """
    roster.stage(conn, directory, organization)
    roster.compare(conn, leavers_percent)
    relinked = [each for some in settle(conn, directory.links, today) for each in some]
    roster.clear(conn)
    return relinked


def settle(conn: Connection, wanted: Iterable[Link], today: date) -> Iterator[list[Relinked]]:
    """Make people, accounts, the tree and explicit links as they were staged and compared on this connection.

    Args:
        conn: an order's.
        wanted: what the sources say of identities, each once; there may be millions.
        today: from when on it is so.

    Yields:
        Some at a time, what `apply` returns. It is done when all were taken.
    """
    roster.write(conn, today)
    remaining = iter(wanted)
    while some := list(islice(remaining, LINKS_AT_ONCE)):
        # What is charged to an account that is not there would count nowhere.
        there = roster.named(conn, {one.account for one in some})
        yield link_all(conn, ((one, "explicit", "") for one in some if one.account in there))


def any_known(conn: Connection) -> bool:
    """Whether there is anybody."""
    return conn.execute(select(people.c.id).limit(1)).first() is not None


# All whom a decision may concern -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Circle:
    """Some people with all their managers and stand-ins, read in one statement.

    Args:
        people: by id, in the order of their names; those who have left, too.
        stand_ins: who decides in whose stead today: from person to (stand-in, last day).
        identities: (platform, external id) of each, by person.
        inside: those of them who are below one of the accounts that were asked about.
    """

    people: Mapping[str, Person]
    stand_ins: Mapping[str, tuple[str, date]]
    identities: Mapping[str, tuple[tuple[str, str], ...]]
    inside: frozenset[str]


NOBODY = Circle({}, {}, {}, frozenset())


def circle(
    conn: Connection,
    ids: Collection[str],
    roles: Collection[str],
    today: date,
    platforms: Collection[str],
    below: Collection[str] = (),
) -> Circle:
    """People by id or by role, all managers above them, and whoever stands in for any of these today.

    Args:
        conn: any connection.
        ids: of people; unknown ones are left out.
        roles: everybody who is there and has one of them.
        today: the day on which a delegation must still run.
        platforms: of which identities are wanted.
        below: accounts of which it is asked who is below them today.
    """
    values: dict[str, object] = {
        "ids": sorted(ids),
        "today": today,
        "platforms": list(platforms),
        "below": sorted(below),
        **{f"role_{number}": f"%{role}%" for number, role in enumerate(roles)},
    }
    found: dict[str, Person] = {}
    stand_ins: dict[str, tuple[str, date]] = {}
    identities_: dict[str, tuple[tuple[str, str], ...]] = {}
    inside = set()
    for row in _circle(len(roles)).rows(conn, values):
        person_id, (to_id, until, platform, external_id, is_inside) = row[0], row[len(_PERSON_FIELDS) :]
        if person_id not in found:
            found[person_id] = person_of(row)
            identities_[person_id] = ()
        if to_id:
            stand_ins[person_id] = (to_id, until)
        if platform:
            identities_[person_id] += ((platform, external_id),)
        if is_inside:
            inside.add(person_id)
    return Circle(found, stand_ins, identities_, frozenset(inside))


@cache
def _circle(roles: int) -> Prepared:
    """One row for each person and identity. Built once for each number of roles."""
    has_role = (and_(people.c.active, people.c.roles.like(bindparam(f"role_{number}"))) for number in range(roles))
    ids = people.c.id.in_(bindparam("ids", expanding=True))
    line = select(people.c.id, people.c.manager_id).where(or_(ids, *has_role)).cte("line", recursive=True)
    line = line.union(select(people.c.id, people.c.manager_id).join(line, people.c.id == line.c.manager_id))
    runs = delegations.c.until >= bindparam("today", type_=Date)
    stand_ins = select(delegations.c.to_id).where(runs, delegations.c.person_id.in_(select(line.c.id)))
    account_id = "person/" + people.c.id
    inside = exists().where(
        lineage.c.account_id == account_id,
        lineage.c.until == FOREVER,
        lineage.c.ancestor_id.in_(bindparam("below", expanding=True)),
    )
    identity = and_(
        links.c.account_id == account_id,
        links.c.kind == "user",
        links.c.platform.in_(bindparam("platforms", expanding=True)),
    )
    found = (
        select(
            people,
            delegations.c.to_id,
            delegations.c.until,
            links.c.platform,
            links.c.external_id,
            inside.label("inside"),
        )
        .outerjoin(delegations, and_(delegations.c.person_id == people.c.id, runs))
        .outerjoin(links, identity)
        .where(people.c.id.in_(union(select(line.c.id), stand_ins)))
        .order_by(people.c.name, people.c.id, links.c.platform, links.c.external_id)
    )
    return Prepared(found, lists=("ids", "below", "platforms"))
