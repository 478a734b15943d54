"""People as an HR system exports them: a CSV file with a line for each person.

What cannot be used of one person is told with its line, and the others come in. A file that is broken as a whole, such
as one of which only a half was written, counts for nothing: half a company is worse than yesterday's.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from bot.column_values import DateOrder, date_order, moment_of, needs_order, said
from bot.config import HrColumn as Column
from bot.csv_records import MalformedCsvError, opened, records
from bot.cycles import circles
from bot.directory.departments import DepartmentIds, DepartmentLine, departments_of
from bot.directory.hr_csv.columns import STATUSES, find_columns, is_there, plain
from bot.directory.hr_csv.complaints import Complaint, explained
from bot.directory.names import ID, id_from_email, locale_name, same_name
from bot.directory.source import Known, UnusableSourceError
from bot.texts import t
from handlers.language import N_
from handlers.policy import ZONES
from storage.directory import Directory, Person, Role, address, visible

ROWS_MAX = 5_000_000
CIRCLE_SHOWN_MAX = 5
_PART_BYTES = 1 << 20
CENTURY = 100
YEAR_MAX = 2069
"""A year in two digits above it is of the century before, as in POSIX (strptime, %y)."""
ROLES: tuple[Role, ...] = get_args(Role)
ZONE_BY_WORD = {zone.lower(): zone for zone in ZONES}
_DATES: tuple[Column, Column] = ("end_date", "start_date")
DATES: Mapping[str, DateOrder] = {"day first": "dmy", "month first": "mdy"}
_SEPARATORS = str.maketrans(",;|/", "    ")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
_BEHIND = re.compile(r"(?P<name>.*\S)\s*\((?P<within>[^()]*)\)")


@dataclass(frozen=True, slots=True)
class HrLayout:
    """What app.yaml says of a file that it does not say itself.

    Args:
        columns: the title of a column, where it is none that is known.
        dates: "day first" or "month first", for dates such as 03/04/2026; "" is found out.
        statuses: what other words for a status mean.
        groups: which value of which column puts somebody into a group, by group.
    """

    columns: Mapping[Column, str] = field(default_factory=dict)
    dates: str = ""
    statuses: Mapping[str, Literal["active", "left"]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Csv:
    """An HR export.

    Args:
        path: of the file. It is opened anew at each reading.
        layout: what it does not say itself.
        today: the organization's calendar day: who had their last day before it has left.
    """

    path: Path
    layout: HrLayout = HrLayout()
    today: Callable[[], date] = lambda: date.min

    def mark(self) -> str:
        """See Marked: of the whole file, in constant memory, and of how it is read."""
        try:
            with opened(self.path) as file:
                content = sha256()
                while part := file.read(_PART_BYTES):
                    content.update(part)
        except OSError:
            return ""  # reading it says what is wrong
        return f"{content.hexdigest()}/{self.layout!r}"

    def read(self, known: Known) -> Directory:
        """See Source. What could not be used stands in `left_out`.

        Raises:
            UnusableSourceError: nothing of it can be used.
        """
        try:
            with opened(self.path) as file:
                content = file.read()
        except OSError as trouble:
            raise UnusableSourceError(
                t("{file} cannot be read: {reason}", file=self.path, reason=trouble.strerror)
            ) from trouble
        wrong: list[Complaint] = []
        try:
            directory = _Reading(self.path.name, self.layout, known, wrong, self.today()).read(content)
        except MalformedCsvError as broken:
            whole = [Complaint(broken.line, str(broken))]
            raise UnusableSourceError("\n".join(explained(self.path, whole))) from broken
        if not directory.people:
            wrong.append(Complaint(1, N_("nobody in this file can be used")))
            raise UnusableSourceError("\n".join(explained(self.path, wrong)))
        return Directory(directory.people, directory.teams, left_out=explained(self.path, wrong))


@dataclass(slots=True, eq=False)
class HrRow:
    """What a line says, with the address in lower case, the id once it is known, and whether the person is there."""

    line: int
    said: Mapping[Column, str]
    email: str = field(init=False)
    number: str = field(init=False)
    id: str = ""
    there: bool = True
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.email = address(self.get("email"))
        self.number = self.get("number").lower()

    def get(self, column: Column) -> str:
        """What stands in a column, "" if the file has none."""
        return self.said.get(column, "")

    @property
    def name(self) -> str:
        """In one piece."""
        return self.get("name") or f"{self.get('first_name')} {self.get('last_name')}".strip()

    @property
    def called(self) -> str:
        """By what somebody finds the person."""
        return self.name or self.email or self.get("number")


@dataclass(frozen=True, slots=True)
class PeopleInFile:
    """Everybody in the file, to be found by whatever stands in a manager's column."""

    known: Known
    by_email: dict[str, HrRow] = field(default_factory=dict)
    by_id: dict[str, HrRow] = field(default_factory=dict)
    by_number: dict[str, HrRow] = field(default_factory=dict)
    by_name: dict[str, list[HrRow]] = field(default_factory=lambda: defaultdict(list))

    def find(self, word: str) -> list[str]:
        """The ids of those of that e-mail address, id, number or exact name; one, if it is clear who is meant."""
        for each in _readings(word):
            found = self._found(each)
            if found:
                return found
        return []

    def _found(self, word: str) -> list[str]:
        plain_word = address(word)
        row = self.by_email.get(plain_word) or self.by_id.get(plain_word) or self.by_number.get(plain_word)
        if row is not None:
            return [row.id]
        elsewhere = self.known.by_email(plain_word) if "@" in plain_word else self.known.by_id(plain_word)
        if elsewhere:
            return [elsewhere]
        return [row.id for row in self.by_name.get(same_name(word), ()) if row.id]


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


@dataclass(slots=True)
class _Reading:
    """One reading of a file.

    Args:
        source: the name of the file; two of them may number their people alike.
        layout: what it does not say itself.
        known: who is known already.
        wrong: is added to.
        today: the calendar day.
    """

    source: str
    layout: HrLayout
    known: Known
    wrong: list[Complaint]
    today: date
    titles: dict[Column, str] = field(default_factory=dict)

    def read(self, content: bytes) -> Directory:
        """What the file says, as far as it can be understood.

        Raises:
            MalformedCsvError: nothing of it can be.
        """
        kept: list[Person] = []
        rows = self._rows(content, kept)
        self._leave(rows)
        people = PeopleInFile(self.known)
        rows = self._registered(rows, people, kept)
        _identify(rows, people, self.source)
        managers = self._managers(rows, people)
        ids = DepartmentIds(self.known.earlier.teams)
        members = [self._member(row, above, people, ids) for row, above in zip(rows, managers, strict=True)]
        joined = self._dates(rows, "start_date")
        persons = [self._person(*each) for each in zip(rows, members, joined, strict=True)]
        live = {one.department for row, one in zip(rows, members, strict=True) if row.there}
        counted = [
            one
            for row, one in zip(rows, members, strict=True)
            if one.department and (row.there or one.department not in live)
        ]
        teams, odd = departments_of(ids, counted)
        self.wrong += [Complaint(*each) for each in odd]
        there = {one.id for one in persons}
        return Directory((*persons, *(one for one in kept if one.id not in there)), teams)

    def _complain(self, row: HrRow, what: str, column: Column | None = None, **values: object) -> None:
        """Note what cannot be used of a person."""
        title = self.titles.get(column, "") if column else ""
        word = row.get(column) if column else ""
        self.wrong.append(Complaint(row.line, t(what, **values) if values else what, row.called, title, word))

    # Lines ------------------------------------------------------------------------------------------------------------

    def _rows(self, content: bytes, kept: list[Person]) -> list[HrRow]:
        """A row for each person that can be used; blank lines and lines that stand twice are left out.

        Raises:
            MalformedCsvError: it is no CSV, lacks a column without which there are no people, names nobody, or ends in
                the middle of a line.
        """
        lines = records(content)
        line, header = next(lines, (1, []))
        if not header:
            raise MalformedCsvError(
                1, t("there is no header; the first line names the columns, such as e-mail, name, manager, team")
            )
        columns, faults = find_columns([visible(title) for title in header], self.layout.columns)
        if faults:
            raise MalformedCsvError(line, "; ".join(faults))
        self.titles = {column: visible(header[place]) for column, place in columns.items()}
        groups = self._group_columns(header)
        rows: list[HrRow] = []
        seen: set[tuple[str, ...]] = set()
        width = fields = len(header)
        number = 0
        for number, (line, record) in enumerate(lines, 1):
            if number > ROWS_MAX:
                raise MalformedCsvError(line, t("there are more than {n} people, which is too many", n=ROWS_MAX))
            fields = len(record)
            padded = (*record, *("" for _ in range(width - fields)))
            if padded in seen:
                continue
            seen.add(padded)
            row = HrRow(line, {column: visible(padded[place]) for column, place in columns.items()})
            row.groups = tuple(group for group, (place, value) in groups.items() if plain(padded[place]) == value)
            if any(map(str.strip, record[width:])):
                self._complain(
                    row, N_("there are more fields than in the header; put a value with the delimiter in quotes")
                )
                self._keep(row, kept)
            elif self._is_somebody(row, kept):
                rows.append(row)
        if fields < width and not content.rstrip(b"\0").endswith((b"\n", b"\r")):
            raise MalformedCsvError(line, t("the file ends in the middle of this line; export it again"))
        if not number:
            raise MalformedCsvError(line, t("there is nobody below the header"))
        return rows

    def _group_columns(self, header: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Where it stands who is in a group, and which value puts somebody there.

        Raises:
            MalformedCsvError: a column is not there: without it nobody would be in the group.
        """
        titles = [plain(title) for title in header]
        for title, _ in self.layout.groups.values():
            if plain(title) not in titles:
                raise MalformedCsvError(
                    1, t("there is no column “{title}”, which a group of app.yaml needs", title=title)
                )
        return {
            group: (titles.index(plain(title)), plain(value)) for group, (title, value) in self.layout.groups.items()
        }

    def _is_somebody(self, row: HrRow, kept: list[Person]) -> bool:
        """Whether a line names somebody who can be told from others. Whoever was known stays as they were, if not."""
        row.id = row.get("id").lower()
        if row.id and not ID.fullmatch(row.id):
            self._complain(row, N_("use at most 63 letters, digits, dots and hyphens for an id"), "id")
            self._keep(row, kept)
            return False
        if row.email and not _ADDRESS.fullmatch(row.email):
            self._complain(row, N_("this is not an e-mail address; write one such as ana@acme.example"), "email")
            row.email = ""
        elif not row.email and not row.id:
            self._complain(row, N_("the e-mail address is missing"), "email")
        if not row.email and not row.id:
            before = self._remembered(row)
            if before is None:
                return False
            row.email, row.id = before.email, before.id
        if not row.name:
            self._complain(row, N_("the name is missing"), "name")
            before = self._remembered(row)
            named = before.name if before else row.email.partition("@")[0] or row.id
            row.said = {**row.said, "name": named}
        return self._is_known_status(row)

    def _is_known_status(self, row: HrRow) -> bool:
        """Whether the status is understood. If not, whoever was known stays as they were; nobody else comes in."""
        own = {plain(word): meant == "active" for word, meant in self.layout.statuses.items()}
        there = is_there(row.get("status"), own)
        if there is None:
            complaint = N_("this status is not known; write active or left, or add it under statuses in app.yaml")
            self.wrong.append(
                Complaint(
                    row.line, complaint, row.called, self.titles["status"], row.get("status"), lambda: (*STATUSES, *own)
                )
            )
            before = self._remembered(row)
            there = before.active if before else None
        row.there = bool(there)
        return there is not None

    def _remembered(self, row: HrRow) -> Person | None:
        """Whoever a line is about, as they were."""
        found = self.known.by_number(_number(row, self.source)) or (row.email and self.known.by_email(row.email))
        return self.known.remembered.get(found or row.id)

    def _keep(self, row: HrRow, kept: list[Person]) -> None:
        """Leave whoever was known as they were; a role that this file does not say is said again by who gave it."""
        before = self._remembered(row)
        if before:
            kept.append(before if "roles" in self.titles else replace(before, roles=()))

    # Who is who -------------------------------------------------------------------------------------------------------

    def _registered(self, rows: Iterable[HrRow], people: PeopleInFile, kept: list[Person]) -> list[HrRow]:
        """Those who can be told apart, by what they can be found by."""
        rows = self._alone(rows, lambda row: row.email, "email", kept)
        rows = self._alone(rows, lambda row: row.id, "id", kept)
        for number, same in _groups(rows, lambda row: row.number).items():
            there = [row for row in same if row.there] or same
            if len(there) > 1:
                self._complain(there[1], N_("two people have this number, so it is nobody's"), "number")
            for row in same:
                row.number = number if [row] == there else ""
        people.by_email.update({row.email: row for row in rows if row.email})
        people.by_id.update({row.id: row for row in rows if row.id})
        shortened = Counter(row.number.lstrip("0") for row in rows)
        people.by_number.update(
            {short: row for row in rows if shortened[short := row.number.lstrip("0")] == 1 and short}
        )
        people.by_number.update({row.number: row for row in rows if row.number})
        for row in rows:
            if row.there:
                people.by_name[same_name(row.name)].append(row)
        return rows

    def _alone(
        self, rows: Iterable[HrRow], key: Callable[[HrRow], str], column: Column, kept: list[Person]
    ) -> list[HrRow]:
        """One line for each person: who came back counts as they are now; of one who stands twice the first line.

        If two people have the same address, neither is known by it.
        """
        rows = list(rows)
        dropped: set[int] = set()
        for same in _groups(rows, key).values():
            there = [row for row in same if row.there] or same
            dropped |= {row.line for row in same if row is not there[0]}
            if len(there) == 1:
                continue
            lines = ", ".join(str(row.line) for row in there)
            if len({row.number or same_name(row.name) for row in there}) == 1:
                self._complain(
                    there[1],
                    N_("this person stands on lines {lines}; what line {first} says counts"),
                    column,
                    lines=lines,
                    first=there[0].line,
                )
            else:
                self._complain(
                    there[1],
                    N_("different people have this on lines {lines}, so neither can be used; give each their own"),
                    column,
                    lines=lines,
                )
                dropped.add(there[0].line)
                self._keep(there[0], kept)
        return [row for row in rows if row.line not in dropped]

    def _managers(self, rows: Sequence[HrRow], people: PeopleInFile) -> list[str]:
        """The id of each one's manager, "" if none, or none that can be used."""
        managers = [self._reference(row, "manager", people) for row in rows]
        by_id = {row.id: row for row in rows}
        above = {
            row.id: manager
            for row, manager in zip(rows, managers, strict=True)
            if row.there and row.id and row.id != manager  # whoever is their own manager stands at the top
        }
        circular = set()
        for circle in circles(above):
            shown = circle if len(circle) <= CIRCLE_SHOWN_MAX else [*circle[:CIRCLE_SHOWN_MAX], "…"]
            first = min((by_id[each] for each in circle), key=lambda row: row.line)
            self._complain(
                first,
                N_("these people are each other's managers: {names}. None of them has one until it is corrected"),
                "manager",
                names=" → ".join([*shown, circle[0]]),
            )
            circular |= set(circle)
        return ["" if row.id in circular else manager for row, manager in zip(rows, managers, strict=True)]

    def _reference(self, row: HrRow, column: Column, people: PeopleInFile) -> str:
        """The id of the person in a column, "" if none. Whom somebody who has left reported to may be forgotten."""
        word = said(row.get(column))
        found = people.find(word) if word else []
        if word and row.there and len(found) != 1:
            unknown = N_("nobody is known so; write the e-mail address, the employee number or the exact name")
            several = N_("several people are called so; write the e-mail address or the employee number")
            self._complain(row, several if found else unknown, column)
        return found[0] if len(found) == 1 else ""

    # What is said of a person -----------------------------------------------------------------------------------------

    def _member(self, row: HrRow, manager: str, people: PeopleInFile, ids: DepartmentIds) -> DepartmentLine:
        team = ids.of(row.get("team") or row.get("department"), row.line)
        parent = ids.of(row.get("department"), row.line)
        return DepartmentLine(
            row.line,
            row.id,
            "" if manager == row.id else manager,
            team,
            "" if parent == team else parent,
            self._reference(row, "owner", people),
            row.get("cost_center"),
        )

    def _person(self, row: HrRow, member: DepartmentLine, joined: date | None) -> Person:
        return Person(
            row.id,
            row.name,
            row.email,
            member.manager,
            member.department,
            self._zone(row),
            self._locale(row),
            self._roles(row),
            row.there,
            joined,
            number=_number(row, self.source),
            groups=row.groups,
        )

    def _zone(self, row: HrRow) -> str:
        word = said(row.get("zone"))
        zone = ZONE_BY_WORD.get(word.lower(), "")
        if word and not zone:
            what = N_("this time zone is not known; write one such as Europe/Berlin")
            self.wrong.append(Complaint(row.line, what, row.called, self.titles["zone"], word, lambda: ZONES))
        return zone

    def _locale(self, row: HrRow) -> str:
        word = said(row.get("locale"))
        locale = locale_name(word) if word else ""
        if word and not locale:
            self._complain(row, N_("this locale is not known; write one such as en_US or de_DE"), "locale")
        return locale

    def _roles(self, row: HrRow) -> tuple[Role, ...]:
        words = said(row.get("roles")).lower().translate(_SEPARATORS).split()
        if set(words) - set(ROLES):
            self._complain(row, N_("write finance, admin, both, or nothing"), "roles")
        return tuple(role for role in ROLES if role in words)

    def _leave(self, rows: Sequence[HrRow]) -> None:
        """Let those leave whose last day is over. One before the start is of an earlier job."""
        if "end_date" not in self.titles:
            return
        there = [row for row in rows if row.there]
        ends, starts = (self._dates(there, column, quiet=column == "start_date") for column in _DATES)
        for row, end, start in zip(there, ends, starts, strict=True):
            if end and end < self.today and not (start and end < start):
                row.there = False

    def _dates(self, rows: Sequence[HrRow], column: Column, *, quiet: bool = False) -> list[date | None]:
        """The dates of a column, read by one rule for all. If that cannot be found, app.yaml is asked for it, once."""
        texts = [said(row.get(column)) for row in rows]
        try:
            order = DATES.get(self.layout.dates) or date_order(filter(None, texts))
        except ValueError:
            order = None
        return [self._date(row, text, order, column, quiet=quiet) for row, text in zip(rows, texts, strict=True)]

    def _date(self, row: HrRow, text: str, order: DateOrder | None, column: Column, *, quiet: bool) -> date | None:
        if not text:
            return None
        try:
            day = moment_of(text, order).date()
        except ValueError:
            asked = N_("day or month first? Add dates: day first, or dates: month first, to this source in app.yaml")
            other = N_("this is not a date; write one such as 2026-11-22")
            if not quiet:
                self._complain(row, asked if order is None and needs_order(text) else other, column)
            return None
        return day.replace(year=day.year - CENTURY) if day.year > YEAR_MAX and str(day.year) not in text else day


def _groups(rows: Iterable[HrRow], key: Callable[[HrRow], str]) -> dict[str, list[HrRow]]:
    """Those with the same word, if there are several."""
    found: dict[str, list[HrRow]] = defaultdict(list)
    counts = Counter(key(row) for row in rows)
    for row in rows:
        if (word := key(row)) and counts[word] > 1:
            found[word].append(row)
    return found


def _identify(rows: Iterable[HrRow], people: PeopleInFile, source: str) -> None:
    """Give an id to everybody who has none in the file.

    Whoever is known by the employee number keeps the id, whatever became of name and address; then whoever is known by
    the address. The others are taken in the order of their addresses, so that it does not matter how the file is
    sorted.
    """
    known = people.known
    unnamed = sorted((row for row in rows if row.email and not row.id), key=lambda row: row.email)
    for row in unnamed:
        numbered = known.by_number(_number(row, source))
        if numbered and numbered not in people.by_id:
            row.id = numbered
            people.by_id[row.id] = row
    taken = {*people.by_id, *known.ids}
    for row in (row for row in unnamed if not row.id):
        before = known.by_email(row.email) or _named_without_address(row.email, known)
        row.id = before if before and before not in people.by_id else id_from_email(row.email, taken)
        people.by_id[row.id] = row
        taken.add(row.id)


def _number(row: HrRow, source: str) -> str:
    """The employee number of a line as it is remembered, "" if there is none."""
    return f"{source}/{row.number}" if row.number else ""


def _named_without_address(email: str, known: Known) -> str:
    """The id of somebody whom app.yaml names without an address and who is the one with this address, or ""."""
    simple = id_from_email(email, ())
    named = known.people.get(simple)
    if named is None or named.email or known.remembered.get(simple, named).email not in ("", email):
        return ""
    return simple
