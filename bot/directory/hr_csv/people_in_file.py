"""Everybody in an HR export, in a scratch database: who is who, who manages whom, and what of it cannot be used.

The file may have millions of lines, so nothing is kept of each in memory. What is said by many lines in the same words
is found out once for each word, and what is odd about some lines is looked at line by line.
"""
# ruff: noqa: S608 - what is put into statements are names of our own tables and columns

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import chain, repeat
from typing import Any

from bot.column_values import DateOrder, date_order, moment_of, needs_order, said
from bot.config import HrColumn as Column
from bot.cycles import circles_of_numbers
from bot.directory.departments import DepartmentIds, Word, Words
from bot.directory.hr_csv.complaints import Complaint
from bot.directory.hr_csv.rows import (
    FIELDS,
    HrRow,
    Rows,
    are_strange_roles,
    is_strange_locale,
    is_strange_zone,
    locale_of,
    roles_of,
    zone_of,
)
from bot.directory.names import id_from_email, ids_from_email, same_name
from bot.directory.scratch import Scratch
from bot.directory.source import Known, Taken
from handlers.language import N_
from storage.directory import RESERVED, Person, address

CIRCLE_SHOWN_MAX = 5
CENTURY = 100
YEAR_MAX = 2069
"""A year in two digits above it is of the century before, as in POSIX (strptime, %y)."""
DATES: Mapping[str, DateOrder] = {"day first": "dmy", "month first": "mdy"}
_BEHIND = re.compile(r"(?P<name>.*\S)\s*\((?P<within>[^()]*)\)")
_TEXTS = tuple(name for name in FIELDS if name not in ("line", "is_made", "there", "is_odd", "digest"))
_IS_SAID = {"email": "true", "id": "not is_made"}
# SQLite takes the tables of a cross join in the order in which they stand: the many rows first, then what they mean.
_BY_ID = "insert or ignore into special (line) select line from row where is_made and id"
_SEVERAL = "select line from row where is_made and id in (select id from row group by id having count(*) > 1)"
# Whom the number or the address leads to another id, and whose id is remembered of somebody else. ?1 begins a number.
_KNOWN_OTHERWISE = (
    """
    select row.line from known cross join row on row.number = substr(known.number, length(?1) + 1)
    where substr(known.number, 1, length(?1)) = ?1 and row.number <> '' and is_made and known.id <> row.id
    """,
    """
    select row.line from known cross join row on row.email = known.email
    where known.email <> '' and is_made and known.id <> row.id and ?1 <> ''
    """,
    """
    select row.line from row cross join known on known.id = row.id
    where is_made and known.email <> row.email and (row.number = '' or known.number <> ?1 || row.number)
    """,
)
# Whom an earlier source names by the same id with another address, or by the same address with another id.
_NAMED_OTHERWISE = (
    "select line from earlier cross join row on row.id = earlier.id where is_made and earlier.email <> row.email",
    """
    select line from earlier cross join row on row.email = earlier.email
    where earlier.email <> '' and is_made and earlier.id <> row.id
    """,
)
# Those who say something of a department: who is there, or whoever was where nobody is there any more.
_COUNTED_MEMBERS = "row cross join unit on unit.title = coalesce(nullif(team, ''), department)"
_COUNTS = "unit.id <> '' and (there or unit.id not in (select id from live))"
_FOUND_TOGETHER = """
    select word, row.id, row.line, 1 from spoken cross join row on row.line = coalesce(
      (select line from row where email = plain), (select line from row where id = plain){number}
    ) where plain <> ''
"""
_COLUMNS = ", ".join(f"{name} {'text' if name in _TEXTS else 'integer'}" for name in FIELDS)


class KnownBefore:
    """Who was known before the file was read, to be found by the database.

    Args:
        scratch: where a copy of what is remembered is kept.
        known: who is known.
        source: the name of the file; two of them may number their people alike.
    """

    def __init__(self, scratch: Scratch, known: Known, source: str) -> None:
        self.known = known
        self._scratch = scratch
        self._source = source
        scratch("create table known (id text primary key, email text, number text, active integer) without rowid")
        self.any = bool(scratch.load("known", known.in_brief()))
        self._indexed: set[str] = set()

    def load_earlier(self) -> int:
        """Keep a copy of whom earlier sources name, too; how many ids they have."""
        self._scratch("create table earlier (id text primary key, email text) without rowid")
        named = ((person_id, email) for email, person_id in self.known.named.items())
        others = ((each, "") for each in chain(self.known.people, self.known.aliases))
        return self._scratch.load("earlier", named) + self._scratch.load("earlier", others, "or ignore")

    def number(self, number: str) -> str:
        """An employee number as it is remembered, "" if there is none."""
        return f"{self._source}/{number}" if number else ""

    def by_number(self, number: str) -> str:
        """The id of the one who is remembered under an employee number, "" if nobody or several are."""
        if not number or not self.any:
            return ""
        self._index("number")
        found = self._scratch("select id from known where number = ? limit 2", self.number(number)).fetchall()
        return str(found[0][0]) if len(found) == 1 else ""

    def by_email(self, email: str) -> str:
        """The id of whoever has the address by an earlier source or else by memory; "" if nobody has."""
        earlier = self.known.named.get(email)
        if earlier or not self.any or not email:
            return earlier or ""
        self._index("email")
        last = "select id from known where email = ? order by active desc, id desc limit 1"
        return self._scratch.one(last, email) or ""

    def by_id(self, person_id: str) -> str:
        """The id of whoever has this one, or is called so by an earlier source; "" if nobody is."""
        return person_id if self._is_somebodys(person_id) else self.known.aliases.get(person_id, "")

    def has(self, person_id: str) -> bool:
        """Whether an id is, or was, somebody's."""
        return person_id in self.known.aliases or self._is_somebodys(person_id)

    def _is_somebodys(self, person_id: str) -> bool:
        remembered = self._scratch.one("select 1 from known where id = ?", person_id) is not None
        return remembered or person_id in self.known.people

    def of_line(self, number: str, email: str, id: str) -> Person | None:
        """See rows.Before."""
        found = self.by_number(number) or (email and self.by_email(email))
        return self.known.remembered.get(found or id)

    def _index(self, column: str) -> None:
        if column not in self._indexed:
            self._indexed.add(column)
            self._scratch(f"create index known_{column} on known ({column})")


class PeopleInFile:
    """The people of a file, from the first of its lines to the last of the checks.

    Args:
        scratch: where they are kept.
        before: who was known.
        rows: gives the lines, and complains about them.
        complain: is called with what cannot be used.
        dates: "day first" or "month first", "" is found out.
        today: the calendar day.
    """

    def __init__(
        self,
        scratch: Scratch,
        before: KnownBefore,
        rows: Rows,
        complain: Callable[[Complaint], None],
        dates: str,
        today: date,
    ) -> None:
        self._scratch = scratch
        self._before = before
        self._rows = rows
        self._complaint = complain
        self._dates_said = dates
        self._today = today
        self._joined: dict[str, date | None] = {}
        self._circular: frozenset[int] = frozenset()
        self.team_ids: Mapping[str, str] = {}
        scratch(f"create table row ({_COLUMNS}, primary key (line))")

    def load(self, values: Iterable[tuple[object, ...]]) -> None:
        """Take in all lines, and find out who is who."""
        self._scratch.load("row", values)
        self._scratch("create index row_email on row (email)")
        self._leave_out_copies()
        self._leave()
        self._alone("email")
        self._scratch("create index row_id on row (id)")
        self._alone("id")
        if self._has("number"):
            self._scratch("create index row_number on row (number) where number <> ''")
            self._number()
        self._identify()
        self.find_all("manager")
        self._break_circles()

    def _has(self, column: Column) -> bool:
        return column in self._rows.titles

    def _each(self, where: str, *values: object) -> Iterator[HrRow]:
        for row in self._scratch(f"select {', '.join(FIELDS)} from row where {where}", *values):
            made = HrRow(*row)
            made.there, made.is_made = bool(made.there), bool(made.is_made)
            yield made

    # Who is who -------------------------------------------------------------------------------------------------------

    def _leave_out_copies(self) -> None:
        """Of lines that stand twice the first one counts."""
        for key in ("email", "id"):
            if key == "id" and not self._has("id"):
                continue
            several = f"select {key} from row where {key} <> '' group by {key} having count(*) > 1"
            copies = f"""
                select line from (
                  select line, row_number() over (partition by {key}, digest order by line) as nth
                  from row where {key} in ({several})
                ) where nth > 1
            """
            self._scratch(f"delete from row where line in ({copies})")

    def _leave(self) -> None:
        """Let those leave whose last day is over. One before the start is of an earlier job."""
        if not self._has("end_date"):
            return
        ends = self._days("end_date", "there", quiet=False)
        starts = self._days("start_date", "there", quiet=True)
        gone = (
            (line,)
            for line, end, start in self._scratch("select line, end_date, start_date from row where there")
            if _is_over(ends.get(end), starts.get(start), self._today)
        )
        self._scratch("create temp table gone (line integer primary key)")
        self._scratch.load("gone", gone)
        self._scratch("update row set there = 0 where line in (select line from gone)")

    def _alone(self, key: Column) -> None:
        """One line for each person: who came back counts as they are now; of one who stands twice the first line.

        If two people have the same address, neither is known by it.
        """
        several = f"select {key} from row where {key} <> '' and {_IS_SAID[key]} group by {key} having count(*) > 1"
        self._scratch(f"create temp table several_{key} as {several}")
        dropped: list[int] = []
        for (word,) in self._scratch(f"select {key} from several_{key}"):
            same = list(self._each(f"{key} = ? and {_IS_SAID[key]} order by line", word))
            there = [row for row in same if row.there] or same
            dropped += (row.line for row in same if row is not there[0])
            if len(there) == 1:
                continue
            lines = ", ".join(str(row.line) for row in there)
            if len({row.number or same_name(row.name) for row in there}) == 1:
                what = N_("this person stands on lines {lines}; what line {first} says counts")
                self._rows.complain(there[1], what, key, lines=lines, first=there[0].line)
            else:
                what = N_("different people have this on lines {lines}, so neither can be used; give each their own")
                self._rows.complain(there[1], what, key, lines=lines)
                dropped.append(there[0].line)
                self._rows.keep(there[0])
        for line in dropped:
            self._scratch("delete from row where line = ?", line)

    def _number(self) -> None:
        """A number that two people have is nobody's; one whose other bearers have left is theirs."""
        several = "select number from row where number <> '' group by number having count(*) > 1"
        for (number,) in self._scratch(several).fetchall():
            same = list(self._each("number = ? and number <> '' order by line", number))
            there = [row for row in same if row.there] or same
            if len(there) > 1:
                self._rows.complain(there[1], N_("two people have this number, so it is nobody's"), "number")
            for row in same:
                if [row] != there:
                    self._scratch("update row set number = '', number_said = '' where line = ?", row.line)

    def _identify(self) -> None:
        """Give an id to everybody who has none in the file.

        Whoever is known by the employee number keeps the id, whatever became of name and address; then whoever is known
        by the address. The others are taken in the order of their addresses, so that it does not matter how the file is
        sorted. All this is done one by one only where the id that an address makes is not simply theirs.
        """
        self._scratch("create temp table special (line integer primary key, is_done integer default 0)")
        self._scratch("create temp table wanted (id text primary key)")
        self._scratch(f"insert or ignore into special (line) {_SEVERAL}")
        for each in _KNOWN_OTHERWISE if self._before.any else ():
            self._scratch(f"insert or ignore into special (line) {each}", self._before.number("-")[:-1])
        for each in _NAMED_OTHERWISE if self._before.load_earlier() else ():
            self._scratch(f"insert or ignore into special (line) {each}")
        for person_id in RESERVED:
            self._scratch(f"{_BY_ID} = ?", person_id)
        while self._scratch.one("select 1 from special where not is_done"):
            for row in self._each("line in (select line from special where not is_done)"):
                for each in (*ids_from_email(row.email), *self._known_as(row)):
                    self._scratch("insert or ignore into wanted values (?)", each)
            self._scratch("update special set is_done = 1")
            self._scratch(f"{_BY_ID} in (select id from wanted)")
            self._scratch("delete from wanted")
        self._identify_one_by_one()

    def _known_as(self, row: HrRow) -> tuple[str, ...]:
        found = (self._before.by_number(row.number), self._before.by_email(row.email), self._named(row.email))
        return tuple(filter(None, found))

    def _named(self, email: str) -> str:
        """The id of somebody whom app.yaml names without an address and who is the one with this address, or ""."""
        known = self._before.known
        simple = id_from_email(email, ())
        named = known.people.get(simple)
        if named is None or named.email or known.remembered.get(simple, named).email not in ("", email):
            return ""
        return simple

    def _identify_one_by_one(self) -> None:
        assigned: dict[str, int] = {}

        def is_taken(person_id: str) -> bool:
            in_file = "select 1 from row where id = ? and not is_made"
            return person_id in assigned or self._scratch.one(in_file, person_id) is not None

        unnamed = list(self._each("line in (select line from special) order by email"))
        rest = []
        for row in unnamed:
            numbered = self._before.by_number(row.number)
            if numbered and not is_taken(numbered):
                assigned[numbered] = row.line
            else:
                rest.append(row)
        taken = Taken(is_taken, self._before.has)
        for row in rest:
            before = self._before.by_email(row.email) or self._named(row.email)
            made = before if before and not is_taken(before) else id_from_email(row.email, taken)
            assigned[made] = row.line
        for person_id, line in assigned.items():
            self._scratch("update row set id = ? where line = ?", person_id, line)

    # Words for people -------------------------------------------------------------------------------------------------

    def find_all(self, column: Column) -> None:
        """Find whom each word of a column means, once."""
        table = f"said_{column}"
        self._scratch(
            f"create table {table} (word text primary key, id text, line integer, found integer) without rowid"
        )
        if not self._has(column):
            return
        words = self._scratch(f"select distinct {column} from row where {column} <> ''")
        self._scratch("create temp table spoken (word text, meant text, plain text)")
        spoken = ((word, meant := said(word), address(meant)) for (word,) in words)
        self._scratch.load("spoken", spoken)
        # Most are an address, an id or a number of the file: those are found together, the others one by one.
        number = ", (select line from row where number = plain and number <> '')" if self._has("number") else ""
        self._scratch(f"insert into {table} {_FOUND_TOGETHER.format(number=number)}")
        self._scratch(f"delete from spoken where word in (select word from {table})")
        others = self._scratch("select word, meant from spoken")
        self._scratch.load(table, ((word, *self._found_by(meant)) for word, meant in others))
        self._scratch("drop table spoken")
        strange = "there and found not in (1, -1)"
        odd = f"select row.line, found from row cross join {table} on word = {column} where {strange}"
        unknown = N_("nobody is known so; write the e-mail address, the employee number or the exact name")
        several = N_("several people are called so; write the e-mail address or the employee number")
        for line, found in self._scratch(odd):
            (row,) = self._each("line = ?", line)
            self._rows.complain(row, several if found else unknown, column)

    def _found_by(self, word: str) -> tuple[str, int | None, int]:
        """The id of whom a word means, their line in the file, and how many are called so; -1 for no word."""
        if not word:
            return "", None, -1
        found = self.find(word)
        if len(found) != 1:
            return "", None, len(found)
        return found[0], self._scratch.one("select line from row where id = ?", found[0]), 1

    def find(self, word: str) -> list[str]:
        """The ids of those of that e-mail address, id, number or exact name; one, if it is clear who is meant."""
        for each in _readings(word):
            found = self._found(each)
            if found:
                return found
        return []

    def _found(self, word: str) -> list[str]:
        plain_word = address(word)
        for where in ("email = ? and email <> ''", "id = ?"):
            found = self._scratch.one(f"select id from row where {where}", plain_word)
            if found:
                return [found]
        if self._has("number") and (found := self._by_number(plain_word)):
            return [found]
        before = self._before
        elsewhere = before.by_email(plain_word) if "@" in plain_word else before.by_id(plain_word)
        if elsewhere:
            return [elsewhere]
        return self._by_name(same_name(word))

    def _by_number(self, word: str) -> str:
        """A number as it is, or without noughts that a spreadsheet has dropped in the one place and not the other."""
        found = self._scratch.one("select id from row where number = ? and number <> ''", word)
        if found or not word:
            return found or ""
        self._scratch(
            "create index if not exists row_short on row (ltrim(number, '0')) where number like '0%' and number <> ''"
        )
        short = "select id from row where ltrim(number, '0') = ? and number like '0%' and number <> '' limit 2"
        several = self._scratch(short, word).fetchall()
        return str(several[0][0]) if len(several) == 1 else ""

    def _by_name(self, name: str) -> list[str]:
        """Those of a name who are there; all names are put in order when one is asked for first."""
        if self._scratch.one("select 1 from sqlite_master where name = 'called'") is None:
            self._scratch("create table called (name text, line integer, id text)")
            named = self._scratch("select name, line, id from row where there").fetchall()
            self._scratch.load("called", ((same_name(each), line, person_id) for each, line, person_id in named))
            self._scratch("create index called_name on called (name)")
        return [row[0] for row in self._scratch("select id from called where name = ? order by line", name)]

    def _break_circles(self) -> None:
        """Whoever would be above themselves has no manager."""
        self._scratch("create table circular (line integer primary key)")
        if not self._has("manager"):
            return
        last = self._scratch.one("select max(line) from row") or 0
        above = array("i", bytes(4 * (last + 1)))  # by line; nought is the top
        reports = """
            select row.line, said_manager.line from row cross join said_manager on word = manager
            where there and said_manager.line is not null and said_manager.line <> row.line
        """
        for line, manager in self._scratch(reports):
            above[line] = manager
        circular: set[int] = set()
        for circle in circles_of_numbers(above):
            rows = {line: next(self._each("line = ?", line)) for line in circle}
            ids = [rows[line].id for line in circle]
            first = ids.index(min(ids))
            ids = ids[first:] + ids[:first]
            shown = ids if len(ids) <= CIRCLE_SHOWN_MAX else [*ids[:CIRCLE_SHOWN_MAX], "…"]
            what = N_("these people are each other's managers: {names}. None of them has one until it is corrected")
            self._rows.complain(rows[min(circle)], what, "manager", names=" → ".join([*shown, ids[0]]))
            circular |= set(circle)
        self._circular = frozenset(circular)
        self._scratch.load("circular", ((line,) for line in sorted(circular)))

    # What is said of a person -----------------------------------------------------------------------------------------

    def tell_of_odd_ones(self) -> None:
        """Complain about zones, locales, roles and first days that cannot be understood."""
        titles = self._rows.titles
        for row in self._each("is_odd order by line"):
            if is_strange_zone(row.zone):
                what = N_("this time zone is not known; write one such as Europe/Berlin")
                self._complaint(Complaint(row.line, what, row.called, titles["zone"], said(row.zone), "zone"))
            if is_strange_locale(row.locale):
                self._rows.complain(row, N_("this locale is not known; write one such as en_US or de_DE"), "locale")
            if are_strange_roles(row.roles):
                self._rows.complain(row, N_("write finance, admin, both, or nothing"), "roles")

    def find_first_days(self) -> None:
        """Read the day on which each one started."""
        if self._has("start_date"):
            self._joined = self._days("start_date", "true", quiet=False)

    def _days(self, column: Column, where: str, *, quiet: bool) -> dict[str, date | None]:
        """What each word of a column means, by one rule for all. If that cannot be found, app.yaml is asked for it."""
        counted = f"select {column}, count(*) from row where {where} and {column} <> '' group by {column}"
        counts = self._scratch(counted).fetchall()
        telling = (repeat(said(text), count) for text, count in counts if needs_order(said(text)))
        try:
            order = DATES.get(self._dates_said) or date_order(chain.from_iterable(telling))
        except ValueError:
            order = None
        days = {text: _day(said(text), order) for text, _ in counts}
        asked = N_("day or month first? Add dates: day first, or dates: month first, to this source in app.yaml")
        other = N_("this is not a date; write one such as 2026-11-22")
        odd = {text for text, day in days.items() if day is None and said(text) and not quiet}
        if odd:
            self._scratch(f"create temp table odd_{column} (word text primary key)")
            self._scratch.load(f"odd_{column}", ((text,) for text in odd))
            for row in self._each(f"{where} and {column} in (select word from odd_{column})"):
                is_asked = order is None and needs_order(said(row.get(column)))
                self._rows.complain(row, asked if is_asked else other, column)
        return days

    # Departments ------------------------------------------------------------------------------------------------------

    def name_departments(self, ids: DepartmentIds) -> None:
        """Find out which departments there are.

        Args:
            ids: is asked for each, in the order of the file.
        """
        pairs = "select team, department, min(line) from row group by team, department order by min(line)"
        self._scratch("create table unit (title text primary key, id text) without rowid")
        known: dict[str, str] = {}
        for team, department, line in self._scratch(pairs):
            for name in (team or department, department):
                known[name] = ids.of(name, line)
        self._scratch.load("unit", known.items())
        self.team_ids = known
        self._scratch("create table live (id text primary key) without rowid")
        live = f"select distinct unit.id from {_COUNTED_MEMBERS} where there"
        self._scratch(f"insert into live {live}")

    @property
    def parents(self) -> Words:
        """See departments.Told."""
        if not (self._has("team") and self._has("department")):
            return {}
        return self._words("above.id", "cross join unit as above on above.title = department", "above.id <> unit.id")

    @property
    def owners(self) -> Words:
        """See departments.Told."""
        if not self._has("owner"):
            return {}
        return self._words("said_owner.id", "cross join said_owner on word = owner", "true")

    @property
    def centers(self) -> Words:
        """See departments.Told."""
        return self._words("cost_center", "", "true") if self._has("cost_center") else {}

    def _words(self, what: str, joined: str, where: str) -> Words:
        counted = f"""
            select unit.id, {what}, count(*), min(row.line) from {_COUNTED_MEMBERS} {joined}
            where {_COUNTS} and {where} and {what} <> '' group by 1, 2
        """
        found: dict[str, list[Word]] = {}
        for department, word, count, line in self._scratch(counted):
            found.setdefault(department, []).append(Word(word, count, line))
        return found

    def managers(self) -> Iterator[tuple[str, Counter[str]]]:
        """See departments.Told."""
        counted = f"""
            select unit.id, said_manager.id, count(*) from {_COUNTED_MEMBERS} cross join said_manager on word = manager
            where {_COUNTS} and said_manager.id not in ('', row.id) and row.line not in (select line from circular)
            group by 1, 2 order by 1
        """
        for group in self._scratch.groups(counted):
            yield group[0][0], Counter({manager: count for _, manager, count in group})

    def manager_of(self, person: str) -> str:
        """See departments.Told."""
        counted = f"""
            select said_manager.id from {_COUNTED_MEMBERS} cross join said_manager on word = manager
            where row.id = ? and {_COUNTS} and said_manager.id <> row.id and row.line not in (select line from circular)
        """
        return self._scratch.one(counted, person) or ""

    def is_inside(self, person: str, department: str) -> bool:
        """See departments.Told."""
        inside = f"select 1 from {_COUNTED_MEMBERS} where row.id = ? and unit.id = ? and {_COUNTS}"
        return self._scratch.one(inside, person, department) is not None

    # Read out ---------------------------------------------------------------------------------------------------------

    def has_anybody(self) -> bool:
        """Whether somebody is left."""
        return self._scratch.one("select 1 from row") is not None

    def has(self, person_id: str) -> bool:
        """Whether an id is somebody's in the file."""
        return self._scratch.one("select 1 from row where id = ?", person_id) is not None

    def above(self, person_id: str) -> str:
        """Somebody's manager, "" if they have none or are not there."""
        own = "select said_manager.id, row.line from row cross join said_manager on word = manager where row.id = ?"
        found = self._scratch(own, person_id).fetchone()
        return "" if found is None or found[0] == person_id or found[1] in self._circular else str(found[0])

    def left_with_a_manager(self) -> Iterator[str]:
        """The ids of those who have left, had a manager, and are somebody's manager."""
        managers = "select row.id from said_manager cross join row on row.line = said_manager.line"
        for (person_id,) in self._scratch(f"{managers} where not there and manager <> ''"):
            yield person_id

    def people(self, where: str = "true", *values: object) -> Iterator[Person]:
        """Everybody, or those of whom something holds, in the order of the file.

        Args:
            where: of the columns of `row`.
            values: in it.
        """
        zones, locales, roles = _Kept(zone_of), _Kept(locale_of), _Kept(roles_of)
        number, circular, joined, teams = self._before.number, self._circular, self._joined, self.team_ids
        chosen = f"""
            select row.line, row.id, name, email, coalesce(said_manager.id, ''), coalesce(nullif(team, ''), department),
              zone, locale, roles, there, start_date, number, groups
            from row left join said_manager on word = manager where {where} order by row.line
        """
        for line, own, name, email, above, team, zone, locale, role, there, start, no, groups in self._scratch(
            chosen, *values
        ):
            yield Person(
                own,
                name,
                email,
                "" if above == own or line in circular else above,
                teams[team],
                zones[zone],
                locales[locale],
                roles[role],
                bool(there),
                joined.get(start),
                "",
                number(no),
                tuple(groups.split()) if groups else (),
            )


def _readings(word: str) -> Iterator[str]:
    """What a word for a person may mean: it, “Kim Tanaka (1001)” by the number and the name, and “Tanaka, Kim”."""
    yield word
    if behind := _BEHIND.fullmatch(word):
        yield behind["within"].strip()
        yield behind["name"]
    if word.count(",") == 1:
        family, given = (part.strip() for part in word.split(","))
        yield f"{given} {family}"
    if word.isdecimal() and word.startswith("0"):
        yield word.lstrip("0")  # a spreadsheet drops them elsewhere


def _is_over(end: date | None, start: date | None, today: date) -> bool:
    return end is not None and end < today and not (start is not None and end < start)


def _day(text: str, order: DateOrder | None) -> date | None:
    if not text:
        return None
    try:
        day = moment_of(text, order).date()
    except ValueError:
        return None
    return day.replace(year=day.year - CENTURY) if day.year > YEAR_MAX and str(day.year) not in text else day


class _Kept(dict[str, Any]):
    """What words mean, each found out once."""

    def __init__(self, meaning: Callable[[str], Any]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, word: str) -> Any:
        meant = self[word] = self._meaning(word)
        return meant
