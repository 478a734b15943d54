"""Several people sources as one: whoever has the same id or the same e-mail address is the same person.

What an earlier source says stands, field by field; a later one fills what is empty. There are three exceptions. Who has
left by any source has left, for an authority that lingers does more harm than one that is missing. A manager or a team
above that would close a circle is left out. An address that is somebody else's already is left out.

There may be millions of people, so they are in a scratch database, where each source is laid over those before it.
"""
# ruff: noqa: S608 - what is put into statements are names of our own tables and columns

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice
from typing import Any

from bot.cycles import circles, circles_of_numbers, circles_through
from bot.directory.links import StagedLinks
from bot.directory.scratch import Scratch
from bot.directory.source import Many
from bot.texts import nt, t
from handlers.language import N_
from storage.directory import RESERVED, Agent, Directory, Group, Link, Person, Team, address

PERSON = "person/"
SHOWN_MAX = 20
FEW = 1_000
"""As many people, with their addresses and other ids, are looked for in a last source that has many."""
_CIRCLE_SHOWN_MAX = 5
_LAST = 1 << 30  # what is said of all sources together comes after what is said of each

_TEXTS = ("name", "email", "manager", "team", "zone", "locale", "roles", "joined", "language", "number", "groups")
_FILLED = ("name", "team", "zone", "locale", "roles", "joined", "language", "number")
_COLUMNS = ("id", *_TEXTS, "active", "plain")  # `plain` is the address as it is compared
_MADE = ", ".join(f"{name} text" for name in (*_TEXTS, "plain"))
_TABLES = (
    f"create table part (n integer primary key, id text, active integer, {_MADE}, known text, place integer)",
    "create index part_id on part (id)",
    # `above_by` is the number of the source that said the manager first, `above_from` its name.
    f"""
    create table person (n integer primary key, id text unique, active integer, {_MADE},
      above_by integer, above_from text, email_from text)
    """,
    "create table alias (id text primary key, known text) without rowid",
    "create table address (email text primary key, person text) without rowid",
    "create table member (person text, team text, primary key (person, team)) without rowid",
    "create table cut (id text primary key) without rowid",
    """
    create table link (platform text, kind text, external_id text, account text,
      primary key (platform, kind, external_id)) without rowid
    """,
    """
    create table complaint (source integer, step integer, n integer, k integer, what text, who text,
      one text, two text, three text, four text)
    """,
)
# Whom a source names is who had the id before, or is called so; else who has the address; else somebody new.
_IDENTIFIED = (
    """
    update part set known = coalesce(
      (select person.id from person where person.id = part.id), (select alias.known from alias where alias.id = part.id)
    ) where n between ? and ?
    """,
    """
    insert or ignore into address select plain, coalesce(known, id) from part
    where plain <> '' and n between ? and ? order by n
    """,
    """
    update part set known = coalesce((select person from address where email = plain), id)
    where known is null and n between ? and ?
    """,
    "insert or ignore into alias select id, known from part where known <> id and n between ? and ? order by n",
)
# The last line of a source that has an id says who it is there.
_HERE = "(select last.known from part as last where last.id = {id} order by last.n desc limit 1)"
_ONE_PERSON = """
    insert into complaint select ?, 1, n, 0, ?, id, email, known, '', '' from part
    where known <> id and exists (select 1 from part as other where other.id = part.known)
"""
_ANOTHERS = """
    insert into complaint select ?, 2, n, 0, ?, known, part.email, ?, person, ''
    from part cross join address on address.email = plain where person <> known
"""
_DIFFERS = {
    "manager": """
        insert into complaint select ?, 2, part.n, 1, ?, known, person.manager, part.manager, above_from, ?
        from part cross join person on person.id = known
        where place = ? and part.manager <> '' and person.manager <> ''
          and coalesce((select alias.known from alias where alias.id = person.manager), person.manager) <> part.manager
    """,
    "email": """
        insert into complaint select ?, 2, part.n, 2, ?, known, person.plain, part.plain, email_from, ?
        from part cross join person on person.id = known
        where place = ? and part.plain <> '' and person.plain <> '' and person.plain <> part.plain
    """,
}
_LAID_OVER = f"""
    insert into person ({", ".join(_COLUMNS)}, above_by, above_from, email_from)
    select {", ".join("known" if name == "id" else name for name in _COLUMNS)}, ?1, ?2, ?2
    from part where place = ?3 order by n
    on conflict (id) do update set
      {", ".join(f"{name} = case {name} when '' then excluded.{name} else {name} end" for name in _FILLED)},
      email = case email when '' then excluded.email else email end,
      plain = case email when '' then excluded.plain else plain end,
      email_from = case plain when '' then excluded.email_from else email_from end,
      manager = case manager when '' then excluded.manager else manager end,
      above_by = case manager when '' then excluded.above_by else above_by end,
      above_from = case manager when '' then excluded.above_from else above_from end,
      active = active and excluded.active,
      groups = case when excluded.groups in ('', groups) then groups else united(groups, excluded.groups) end
"""
# The people as they are in the end: each manager under the id that counts, without circles, with the groups of all.
_ABOVE = "case when cut.id is null then coalesce(boss.id, alias.known, person.manager) else '' end"
_MERGED = f"""
    select person.id, name, email, {_ABOVE}, person.team, zone, locale, roles, active, joined, language, number, groups,
      (select group_concat(member.team, ' ') from member where member.person = person.id)
    from person
    left join (select id from person) as boss on boss.id = person.manager
    left join alias on boss.id is null and alias.id = person.manager
    left join cut on cut.id = person.id
"""
# Each under the id that counts, in the order of their keys.
_LINKS = """
    select platform, kind, external_id, case when whose.id is null then account else 'person/' || whose.known end
    from link left join alias as whose
      on substr(account, 1, 7) = 'person/' and whose.id = substr(account, 8)
      and not exists (select 1 from person where person.id = whose.id)
    order by platform, kind, external_id
"""
_ABOVE_BY_NUMBER = """
    select person.n, coalesce(boss.n, other.n) from person
    left join person as boss on boss.id = person.manager
    left join alias on boss.n is null and alias.id = person.manager
    left join person as other on other.id = alias.known
    where person.manager <> ''
"""
_SENTENCES = {
    "one person": N_("{address} is the address of {other}, too; they are taken for one person"),
    "another's": N_("{address}, from {source}, is the address of {other}; it is left out"),
    "manager": N_("the manager is {old} by {first} and {new} by {source}; what {first} says counts"),
    "email": N_("the address is {old} by {first} and {new} by {source}; what {first} says counts"),
    "stranger": N_("the group {name} has somebody in it who is not known: {person}"),
}
_PLACEHOLDERS = {
    "one person": ("address", "other"),
    "another's": ("address", "source", "other"),
    "manager": ("old", "new", "first", "source"),
    "email": ("old", "new", "first", "source"),
    "stranger": ("name", "person"),
}


@dataclass(frozen=True, slots=True)
class Differences:
    """Where sources contradict each other.

    Args:
        shown: the first twenty, a sentence each.
        count: how many there are.
    """

    shown: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """The sources as one.

    Args:
        directory: what they say together; its people can be gone through once.
        disagreements: where they contradict each other.
        left_out: what could not be used, such as a manager of one's own manager, a sentence each; the first twenty,
            and how many more there are.
    """

    directory: Directory
    disagreements: Differences
    left_out: tuple[str, ...]


class Words(Mapping[str, str]):
    """What words lead to by a table, which may have millions.

    Args:
        scratch: where the table is.
        rows: a statement that gives the words with what they lead to.
        key: the column with the words.
    """

    def __init__(self, scratch: Scratch, rows: str, key: str) -> None:
        self._scratch = scratch
        self._rows = rows
        self._one = f"{rows} {'and' if ' where ' in rows else 'where'} {key} = ?"

    def __getitem__(self, word: str) -> str:
        found = self._scratch(self._one, word).fetchone()
        if found is None:
            raise KeyError(word)
        return str(found[1])

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._scratch(self._rows))

    def __len__(self) -> int:
        return int(self._scratch.one(f"select count(*) from ({self._rows})"))


class People(Mapping[str, Person]):
    """Everybody by id, as the sources say that were taken.

    Args:
        scratch: where they are.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def __getitem__(self, person_id: str) -> Person:
        row = self._scratch(f"{_MERGED} where person.id = ?", person_id).fetchone()
        if row is None:
            raise KeyError(person_id)
        return _person(row)

    def __contains__(self, person_id: object) -> bool:
        return self._scratch.one("select 1 from person where id = ?", person_id) is not None

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._scratch("select id from person order by n"))

    def __len__(self) -> int:
        return int(self._scratch.one("select count(*) from person"))


class Merger:
    """Takes sources one after the other, the weightiest first, and says at any time what they say together.

    Args:
        few: up to how many are looked for in a last source that has many.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._scratch = Scratch()
        self._scratch.function("united", _united)
        for table in _TABLES:
            self._scratch(table)
        self.people: Mapping[str, Person] = People(self._scratch)
        """Everybody by id; circles are broken when `so_far` or `merged` is asked."""
        self.aliases: Mapping[str, str] = Words(self._scratch, "select id, known from alias", "id")
        """Ids by which a source calls somebody who is known by another one."""
        self.named: Mapping[str, str] = Words(
            self._scratch,
            "select address.email, person from address cross join person as whose on whose.id = person "
            "where plain = address.email",
            "address.email",
        )
        """Whose an address is."""
        self._teams: dict[str, Team] = {}
        self._agents: dict[str, Agent] = {}
        self._groups: list[Group] = []
        self._team_above_by: dict[str, int] = {}  # the number of the source that said the team above first
        self._taken = 0
        self._many: Many | None = None
        self._touched: set[str] = set()  # those of them who are among all others, too

    def take(self, source: str, part: Directory) -> None:
        """Add what a source says.

        Args:
            source: its name in disagreements.
            part: what it says.
        """
        self._taken += 1
        self._scratch("delete from part")
        rows = ((n, *_row(one), None, 1) for n, one in enumerate(part.everybody(), 1))
        count = self._scratch.load(f"part (n, {', '.join(_COLUMNS)}, known, place)", rows)
        self._identify(count)
        self._lay_over(source, self._places())
        for team in part.teams:
            if team.parent and not (team.id in self._teams and self._teams[team.id].parent):
                self._team_above_by[team.id] = self._taken
            self._teams[team.id] = _filled(self._teams.get(team.id), _owned(team, self._called_here))
        for agent in part.agents:
            self._agents[agent.id] = _filled(self._agents.get(agent.id), _owned(agent, self._called_here))
        self._groups += part.groups
        said = (_linked(each, self._called_here) for each in part.links)
        rows = ((each.platform, each.kind, each.external_id, each.account) for each in said)
        self._scratch.load("link", rows, "or ignore")

    def take_many(self, source: str, many: Many, *, is_last: bool) -> None:
        """Add what a source says whose people are not held in memory.

        If few people were named before, only those are laid over others who are named elsewhere, too, or whose manager
        is. Everybody else is as this source says: they stay where they are if no other source comes after it.

        Args:
            source: its name in disagreements.
            many: its people.
            is_last: whether no other source will be taken.
        """
        kept = many.said.people
        if not self._are_few():
            self.take(source, replace(many.said, more=many.all_but(())))
            return
        touched = self._touching(many)
        self.take(source, replace(many.said, people=(*touched.values(), *kept)))
        if is_last:
            self._many, self._touched = many, {*touched}
        else:
            self._add(source, many.all_but({*touched, *(one.id for one in kept)}))

    def _touching(self, many: Many) -> dict[str, Person]:
        """Those of many people who are named elsewhere, too, or whose manager is."""
        kept = many.said.people
        ids = {*self.people, *self.aliases, *RESERVED, *(one for group in self._groups for one in group.people)}
        ids |= {one.id for one in kept}
        emails = {address(one.email) for one in kept if one.email}
        emails |= {row[0] for row in self._scratch("select email from address")}
        touched: dict[str, Person] = {}
        while ids:
            found = {one.id: one for one in many.touching(ids, emails) if one.id not in touched}
            touched |= found
            # Whom they know by an id that does not count in the end are called by another one.
            ids, emails = {one.id for one in found.values() if self._owner(one.email, one.id) != one.id}, set()
        return touched

    def _add(self, source: str, everybody: Iterable[Person]) -> None:
        """Take in people of the source that was taken last of whom nobody else has said anything."""
        last = self._scratch.one("select max(n) from person") or 0
        said = (self._taken, source, source)
        columns = f"person ({', '.join(_COLUMNS)}, above_by, above_from, email_from)"
        self._scratch.load(columns, ((*_row(one), *said) for one in everybody))
        self._scratch("insert into address select plain, id from person where n > ? and plain <> ''", last)

    def so_far(self) -> Directory:
        """What was said besides people, with everybody under the id that counts; `people` has them without circles."""
        self._join_groups()
        self._break_circles()
        return self._besides_people()

    def _besides_people(self) -> Directory:
        return Directory(
            teams=tuple(_owned(each, self._called) for each in self._teams.values()),
            agents=tuple(_owned(each, self._called) for each in self._agents.values()),
            links=StagedLinks(self._scratch, _LINKS),
        )

    def merged(self) -> Merged:
        """All that was said, without circles, and with everybody under the id that counts. It is asked last."""
        self._take_who_are_above_themselves()
        strangers = self._join_groups()
        reasons = self._break_circles()
        said = self._besides_people()
        teams = {each.id: each for each in said.teams}
        tangled = circles({each.id: each.parent for each in teams.values()})
        for circle in tangled:
            last = max(circle, key=lambda each: (self._team_above_by[each], each))
            reasons.append(_around(last, teams[last].parent, circle))
            teams[last] = replace(teams[last], parent="")
        directory = replace(said, teams=tuple(teams.values()), more=self._everybody())
        return Merged(directory, self._differences(strangers), _first(reasons))

    def close(self) -> None:
        """Let everybody go."""
        self._scratch.close()

    # Who is who -------------------------------------------------------------------------------------------------------

    def _identify(self, count: int) -> None:
        """Find whom each line of the source means. Where an id stands again, the lines before it count already."""
        first = 1
        for line, before in self._repeated():
            if before >= first:
                self._identify_lines(first, line - 1)
                first = line
        self._identify_lines(first, count)
        self._scratch(_ONE_PERSON, self._taken, "one person")

    def _identify_lines(self, first: int, last: int) -> None:
        for each in _IDENTIFIED:
            self._scratch(each, first, last)

    def _repeated(self) -> Sequence[tuple[int, int]]:
        """The lines whose id stands on a line before, with that line."""
        if self._scratch.one("select id from part group by id having count(*) > 1 limit 1") is None:
            return ()
        before = "select n, lag(n) over (partition by id order by n) as before from part"
        return self._scratch(f"select n, before from ({before}) where before is not null order by n").fetchall()

    def _places(self) -> int:
        """Put the lines about one person into their order; how many there are at most."""
        if self._repeated():
            self._scratch(f"update part set known = {_HERE.format(id='part.id')}")
        elif self._scratch.one("select 1 from part where known <> id limit 1") is None:
            return 1
        ranked = "select n as line, row_number() over (partition by known order by n) as rank from part"
        self._scratch(f"update part set place = rank from ({ranked}) where line = n and rank > 1")
        return int(self._scratch.one("select max(place) from part") or 0)

    def _lay_over(self, source: str, places: int) -> None:
        if self._scratch(_ANOTHERS, self._taken, "another's", source).rowcount:
            self._scratch(
                "update part set email = '', plain = '' "
                "where plain <> '' and known <> (select person from address where address.email = plain)"
            )
        here = f"coalesce({_HERE.format(id='part.manager')}, manager)"
        self._scratch(f"update part set manager = {here} where manager <> ''")
        self._scratch("update part set manager = '' where manager = known")
        for place in range(1, places + 1):
            for what, statement in _DIFFERS.items():
                self._scratch(statement, self._taken, what, source, place)
            self._scratch(_LAID_OVER, self._taken, source, place)

    def _called_here(self, person_id: str) -> str:
        """Whom the source that was taken last means by an id."""
        return self._scratch.one(f"select {_HERE.format(id='?')}", person_id) or person_id

    def _called(self, person_id: str) -> str:
        return person_id if person_id in self.people else self.aliases.get(person_id, person_id)

    def _owner(self, email: str, otherwise: str) -> str:
        return self._scratch.one("select person from address where email = ?", email) or otherwise

    def _are_few(self) -> bool:
        counts = (self._scratch.one(f"select count(*) from {table}") for table in ("person", "alias", "address"))
        return sum(map(int, counts)) <= self._few

    # All together -----------------------------------------------------------------------------------------------------

    def _everybody(self) -> Iterator[Person]:
        yield from map(_person, self._scratch(f"{_MERGED} order by person.n"))
        if self._many:
            yield from self._many.all_but(self._touched)
        self._scratch("pragma shrink_memory")  # what is read of links after it is read in their order

    def _join_groups(self) -> list[tuple[str, str]]:
        """Put people into the groups that list them; each whom nobody knows, with the group."""
        self._scratch("delete from member")
        strangers = []
        for group in self._groups:
            for one in map(self._called, group.people):
                if one in self.people:
                    self._scratch("insert or ignore into member values (?, ?)", one, group.id)
                else:
                    strangers.append((group.id, one))
        return strangers

    def _take_who_are_above_themselves(self) -> None:
        """Those of the many who are in a circle. One that is within the source was broken there."""
        many = self._many
        if many is None:
            return
        said = {each: one.manager for each, one in self.people.items()}

        def above(person_id: str) -> str:
            if person_id in said or person_id in self._touched:
                return said.get(person_id, "")  # of who is called so by the last source only, nothing
            return many.above(person_id)

        around = circles_through(chain(said, many.left_with_a_manager()), above)
        found = [one for circle in around for one in many.touching(circle, ()) if one.id in circle]
        for one in {each.id: each for each in found if each.id not in said}.values():
            self._touched.add(one.id)
            values = (*_row(one), self._taken, "", "")
            columns = f"{', '.join(_COLUMNS)}, above_by, above_from, email_from"
            self._scratch.load(f"person ({columns})", [values])

    def _break_circles(self) -> list[str]:
        """Cut each circle of managers below who has left, or else where it was said last; why, of who is there."""
        self._scratch("delete from cut")
        numbers = array("q", bytes(8 * (1 + (self._scratch.one("select max(n) from person") or 0))))
        for n, above in self._scratch(_ABOVE_BY_NUMBER):
            numbers[n] = above or 0
        reasons = []
        for circle in self._circles(numbers):
            last = max(circle, key=lambda each: (not circle[each][0], circle[each][1], each))
            self._scratch("insert into cut values (?)", last)
            if circle[last][0]:
                names = list(circle)
                reasons.append(_around(last, names[(names.index(last) + 1) % len(names)], names))
        return reasons

    def _circles(self, numbers: Sequence[int]) -> list[dict[str, tuple[bool, int]]]:
        """Each from its smallest member upwards: whether they are there, and which source said their manager."""
        found = []
        for circle in circles_of_numbers(numbers):
            rows = [self._scratch("select id, active, above_by from person where n = ?", n).fetchone() for n in circle]
            first = rows.index(min(rows))
            found.append({row[0]: (bool(row[1]), row[2]) for row in rows[first:] + rows[:first]})
        return sorted(found, key=list)

    def _differences(self, strangers: Sequence[tuple[str, str]]) -> Differences:
        self._scratch.load(
            "complaint", ((_LAST, 0, n, 0, "stranger", "", *each, "", "") for n, each in enumerate(strangers))
        )
        ordered = "select what, who, one, two, three, four from complaint order by source, step, n, k limit ?"
        shown = tuple(_sentence(*row) for row in self._scratch(ordered, SHOWN_MAX))
        return Differences(shown, self._scratch.one("select count(*) from complaint"))


def _row(one: Person) -> tuple[object, ...]:
    """In the order of the columns."""
    return (
        one.id,
        one.name,
        one.email,
        one.manager,
        one.team,
        one.zone,
        one.locale,
        " ".join(one.roles),
        one.joined.isoformat() if one.joined else "",
        one.language,
        one.number,
        " ".join(sorted({*one.groups})),
        one.active,
        address(one.email),
    )


def _person(row: Sequence[Any]) -> Person:
    own, name, email, manager, team, zone, locale, roles, active, joined, language, number, groups, listed = row
    return Person(
        own,
        name,
        email,
        manager,
        team,
        zone,
        locale,
        tuple(roles.split()),
        bool(active),
        date.fromisoformat(joined) if joined else None,
        language,
        number,
        tuple(sorted({*groups.split(), *(listed or "").split()})) if groups or listed else (),
    )


def _united(some: str, others: str) -> str:
    return " ".join(sorted({*some.split(), *others.split()}))


def _sentence(what: str, who: str, *said: str) -> str:
    sentence = t(_SENTENCES[what], **dict(zip(_PLACEHOLDERS[what], said, strict=False)))
    return t("{name}: {what}", name=who, what=sentence) if who else sentence


def _around(last: str, above: str, circle: Sequence[str]) -> str:
    shown = circle if len(circle) <= _CIRCLE_SHOWN_MAX else [*circle[: _CIRCLE_SHOWN_MAX - 1], "…"]
    around = " → ".join([*shown, circle[0]])
    return t("{name}: {above} is left out, for {names} would be a circle", name=last, above=above, names=around)


def _first(reasons: Sequence[str]) -> tuple[str, ...]:
    more = len(reasons) - SHOWN_MAX
    if more <= 0:
        return tuple(reasons)
    counted = nt("and {n} more circle of managers or teams", "and {n} more circles of managers or teams", more)
    return (*islice(reasons, SHOWN_MAX), counted)


def _filled(before: Any, said: Any) -> Any:
    """The earlier word, with what it left empty from the later one."""
    if before is None:
        return said
    return _changed(before, **{name: getattr(said, name) for name in before.__slots__ if not getattr(before, name)})


def _changed(one: Any, **values: Any) -> Any:
    """The same with other values; itself if they are not other. There may be many of them."""
    return one if all(getattr(one, name) == value for name, value in values.items()) else replace(one, **values)


def _owned(one: Any, called: Callable[[str], str]) -> Any:
    return _changed(one, owner=called(one.owner))


def _linked(link: Link, called: Callable[[str], str]) -> Link:
    if not link.account.startswith(PERSON):
        return link
    account: Link = _changed(link, account=PERSON + called(link.account.removeprefix(PERSON)))
    return account
