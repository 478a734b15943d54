"""People as an HR system exports them: a CSV file with a line for each person.

It is read whole or not at all. Every error is told at once, with its line and what would be right, and then nothing of
the file counts: half a company is worse than yesterday's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from bot.csv_records import MalformedCsvError, opened, records
from bot.cycles import circles
from bot.directory.departments import DepartmentIds, DepartmentLine, departments_of
from bot.directory.hr_csv.columns import STATUS_BY_WORD, STATUSES, Column, find_columns, plain
from bot.directory.names import ID, id_from_email, locale_name
from bot.directory.source import Known, UnusableSourceError
from handlers.policy import ZONES
from storage.directory import Directory, Person, Role, address, visible

ROWS_MAX = 5_000_000
SHOWN_MAX = 20
CIRCLE_SHOWN_MAX = 5
ROLES: tuple[Role, ...] = get_args(Role)
ZONE_BY_WORD = {zone.lower(): zone for zone in ZONES}
DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII),
    re.compile(r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})", re.ASCII),
)
_SEPARATORS = str.maketrans(",;|/", "    ")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")


@dataclass(frozen=True, slots=True)
class Csv:
    """An HR export.

    Args:
        path: of the file. It is opened anew at each reading.
    """

    path: Path

    def read(self, known: Known) -> Directory:
        """See Source.

        Raises:
            UnusableSourceError: with a line for each error, the first twenty of them.
        """
        try:
            with opened(self.path) as file:
                content = file.read()
        except OSError as trouble:
            raise UnusableSourceError(f"{self.path} cannot be read: {trouble.strerror}") from trouble
        wrong: list[Complaint] = []
        try:
            directory = read(content, known, wrong, self.path.name)
        except MalformedCsvError as broken:
            wrong.append(Complaint(broken.line, str(broken)))
        if wrong:
            raise UnusableSourceError(_explained(self.path, wrong))
        return directory


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong in the file.

    Args:
        line: number of the line, from 1.
        what: the rest of the sentence, with what would be right.
        word: what was written, if one of `known` may have been meant.
        known: the words that would be right.
    """

    line: int
    what: str
    word: str = ""
    known: Iterable[str] = ()

    @property
    def sentence(self) -> str:
        """All of it. To look for what was meant takes time, so it is done only for what is shown."""
        close = get_close_matches(self.word, sorted(filter(None, self.known)), n=1, cutoff=0.6) if self.word else []
        return f"line {self.line}: {self.what}" + (f"; did you mean “{close[0]}”?" if close else "")


@dataclass(slots=True)
class HrRow:
    """What a line says, with the address in lower case, the id once it is known, and whether the person is there."""

    line: int
    said: Mapping[Column, str]
    email: str = field(init=False)
    id: str = ""
    there: bool = True

    def __post_init__(self) -> None:
        self.email = address(self.get("email"))

    def get(self, column: Column) -> str:
        """What stands in a column, "" if the file has none."""
        return self.said.get(column, "")

    @property
    def name(self) -> str:
        """In one piece."""
        return self.get("name") or f"{self.get('given')} {self.get('family')}".strip()


@dataclass(frozen=True, slots=True)
class PeopleInFile:
    """Everybody in the file, to be found by whatever stands in a manager's column."""

    known: Known
    by_email: dict[str, HrRow] = field(default_factory=dict)
    by_id: dict[str, HrRow] = field(default_factory=dict)
    by_number: dict[str, HrRow] = field(default_factory=dict)

    def find(self, word: str) -> str | None:
        """The id of the person of that e-mail address, id or number, None if there is none, here or elsewhere."""
        word = word.lower()
        row = self.by_email.get(word) or self.by_id.get(word) or self.by_number.get(word)
        if row is not None:
            return row.id
        if "@" in word:
            return self.known.by_email(word) or None
        return self.known.by_id(word) or None


def read(content: bytes, known: Known, wrong: list[Complaint], source: str) -> Directory:
    """What the file says, as far as it can be understood; what cannot is added to `wrong`.

    Args:
        content: of the file.
        known: who is known already.
        wrong: is added to.
        source: the name of the file; two of them may number their people alike.

    Raises:
        MalformedCsvError: it cannot even be taken apart.
    """
    rows = list(_rows(content, wrong))
    people = _registered(rows, known, wrong)
    _identify(rows, people, source)
    managers = [_reference(row, "manager", people, wrong) for row in rows]
    _refuse_circles(rows, managers, wrong)
    ids = DepartmentIds(known.earlier.teams)
    members = [_member(row, above, people, ids, wrong) for row, above in zip(rows, managers, strict=True)]
    persons = tuple(_person(row, one, source, wrong) for row, one in zip(rows, members, strict=True))
    live = {one.department for row, one in zip(rows, members, strict=True) if row.there}
    counted = [
        one
        for row, one in zip(rows, members, strict=True)
        if one.department and (row.there or one.department not in live)
    ]
    teams, odd = departments_of(ids, counted)
    wrong += [Complaint(*each) for each in (*ids.wrong, *odd)]
    return Directory(persons, teams)


def _explained(path: Path, wrong: Sequence[Complaint]) -> str:
    ordered = sorted(wrong, key=lambda each: each.line)
    lines = [f"{path}, {each.sentence}" for each in ordered[:SHOWN_MAX]]
    if len(ordered) > SHOWN_MAX:
        lines.append(f"{path}: and {len(ordered) - SHOWN_MAX} more")
    return "\n".join(lines)


# Lines ----------------------------------------------------------------------------------------------------------------


def _rows(content: bytes, wrong: list[Complaint]) -> Iterator[HrRow]:
    """A row for each person; blank lines are left out.

    Raises:
        MalformedCsvError: it is no CSV, lacks a column without which there are no people, or names nobody.
    """
    lines = records(content)
    line, header = next(lines, (1, []))
    if not header:
        raise MalformedCsvError(
            1, "there is no header; the first line names the columns, such as e-mail, name, manager, team"
        )
    columns, faults = find_columns(header)
    if faults:
        raise MalformedCsvError(line, "; ".join(faults))
    number = 0
    for number, (line, record) in enumerate(lines, 1):
        if number > ROWS_MAX:
            raise MalformedCsvError(line, f"there are more than {ROWS_MAX} people, which is more than we take")
        if len(record) < len(header) or any(record[len(header) :]):
            wrong.append(Complaint(line, f"there are {len(record)} fields where the header has {len(header)}"))
        else:
            yield HrRow(line, {column: visible(record[place]) for column, place in columns.items()})
    if not number:
        raise MalformedCsvError(line, "there is nobody below the header")


# Who is who -----------------------------------------------------------------------------------------------------------


def _registered(rows: Iterable[HrRow], known: Known, wrong: list[Complaint]) -> PeopleInFile:
    """Everybody by what they can be found by. The same twice is wrong, for then nobody knows who is meant."""
    people = PeopleInFile(known)
    for row in rows:
        row.there = _status(row, wrong)
        row.id = row.get("id").lower()
        if row.id and not ID.fullmatch(row.id):
            wrong.append(Complaint(row.line, f"“{row.id}” is no id; use at most 63 letters, digits, dots and hyphens"))
        if row.email and not _ADDRESS.fullmatch(row.email):
            wrong.append(Complaint(row.line, f"“{row.email}” is no e-mail address; write one such as ana@acme.example"))
        if not row.email and not row.id:
            wrong.append(Complaint(row.line, "the e-mail address is missing"))
        if not row.name:
            wrong.append(Complaint(row.line, "the name is missing"))
        _once(people.by_email, row.email, row, "e-mail address", wrong)
        _once(people.by_id, row.id, row, "id", wrong)
        _once(people.by_number, row.get("number").lower(), row, "number", wrong)
    return people


def _once(found: dict[str, HrRow], word: str, row: HrRow, what: str, wrong: list[Complaint]) -> None:
    before = found.setdefault(word, row) if word else row
    if before is not row:
        twice = f"the {what} {word} stands on line {before.line} already; give each person one line with their own"
        wrong.append(Complaint(row.line, twice))


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
    number = row.get("number").lower()
    return f"{source}/{number}" if number else ""


def _named_without_address(email: str, known: Known) -> str:
    """The id of somebody whom app.yaml names without an address and who is the one with this address, or ""."""
    simple = id_from_email(email, ())
    named = known.people.get(simple)
    if named is None or named.email or known.remembered.get(simple, named).email not in ("", email):
        return ""
    return simple


def _reference(row: HrRow, column: Column, people: PeopleInFile, wrong: list[Complaint]) -> str:
    """The id of the person in a column, "" if none. Whom somebody who has left reported to may be forgotten."""
    word = row.get(column)
    found = people.find(word) if word else ""
    if found is None and row.there:
        what = "owner of the team" if column == "owner" else column
        hint = "write the e-mail address or the id of somebody in this file"
        wrong.append(Complaint(row.line, f"nobody knows the {what} “{word}”; {hint}"))
    return found or ""


def _refuse_circles(rows: Sequence[HrRow], managers: Sequence[str], wrong: list[Complaint]) -> None:
    """Whoever is their own manager has none: that is how HR systems write who is at the top."""
    lines = {row.id: row.line for row in rows}
    above = {
        row.id: manager
        for row, manager in zip(rows, managers, strict=True)
        if row.there and row.id and row.id != manager
    }
    for circle in circles(above):
        shown = circle if len(circle) <= CIRCLE_SHOWN_MAX else [*circle[:CIRCLE_SHOWN_MAX], "…"]
        around = " → ".join([*shown, circle[0]])
        what = f"the managers form a circle ({around}); one of them must report to somebody else, or to nobody"
        wrong.append(Complaint(min(lines[each] for each in circle), what))


# What is said of a person ---------------------------------------------------------------------------------------------


def _member(
    row: HrRow, manager: str, people: PeopleInFile, ids: DepartmentIds, wrong: list[Complaint]
) -> DepartmentLine:
    team = ids.of(row.get("team") or row.get("department"), row.line)
    parent = ids.of(row.get("department"), row.line)
    return DepartmentLine(
        row.line,
        row.id,
        "" if manager == row.id else manager,
        team,
        "" if parent == team else parent,
        _reference(row, "owner", people, wrong),
        row.get("cost_center"),
    )


def _person(row: HrRow, member: DepartmentLine, source: str, wrong: list[Complaint]) -> Person:
    return Person(
        row.id,
        row.name,
        row.email,
        member.manager,
        member.department,
        _zone(row, wrong),
        _locale(row, wrong),
        _roles(row, wrong),
        row.there,
        _joined(row, wrong),
        number=_number(row, source),
    )


def _status(row: HrRow, wrong: list[Complaint]) -> bool:
    word = row.get("status")
    there = STATUS_BY_WORD.get(plain(word))
    if there is None:
        what = f"the status “{word}” is not known; write active, or left"
        wrong.append(Complaint(row.line, what, word.lower(), STATUSES))
    return there is not False


def _zone(row: HrRow, wrong: list[Complaint]) -> str:
    word = row.get("zone")
    zone = ZONE_BY_WORD.get(word.lower(), "")
    if word and not zone:
        wrong.append(Complaint(row.line, f"“{word}” is no time zone; write one such as Europe/Berlin", word, ZONES))
    return zone


def _locale(row: HrRow, wrong: list[Complaint]) -> str:
    word = row.get("locale")
    locale = locale_name(word) if word else ""
    if word and not locale:
        wrong.append(Complaint(row.line, f"“{word}” is no locale; write one such as en_US or de_DE"))
    return locale


def _roles(row: HrRow, wrong: list[Complaint]) -> tuple[Role, ...]:
    if not row.get("roles"):
        return ()
    words = row.get("roles").lower().translate(_SEPARATORS).split()
    for word in words:
        if word not in ROLES:
            known = " or ".join(ROLES)
            wrong.append(Complaint(row.line, f"“{word}” is no role; write {known}, or nothing", word, ROLES))
    return tuple(role for role in ROLES if role in words)


def _joined(row: HrRow, wrong: list[Complaint]) -> date | None:
    word = row.get("joined")
    if not word:
        return None
    match = next((found for each in DATES if (found := each.fullmatch(word))), None)
    with suppress(ValueError):
        if match:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
    wrong.append(Complaint(row.line, f"“{word}” is no day; write one such as 2026-11-22"))
    return None
