"""People as an HR system exports them: a CSV file with a line for each person.

It is read whole or not at all. Every error is told at once, with its line and what would be right, and then nothing of
the file counts: half a company is worse than yesterday's.
"""

import csv
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from bot.directory.circles import circles
from bot.directory.columns import STATUS_BY_WORD, STATUSES, Column, find_columns, plain
from bot.directory.names import ID, id_from_email, locale_name
from bot.directory.source import Known, Unusable
from bot.directory.teams import Member, TeamIds, Wrong, teams_of
from handlers.house import ZONES
from storage.directory import Directory, Person, Role

ROWS_MAX = 5_000_000
SHOWN_MAX = 20
_CIRCLE_SHOWN_MAX = 6
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
_DATES = (re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"), re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})"))
_ROLES = frozenset(get_args(Role))


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
            Unusable: with a line for each error, the first twenty of them.
        """
        try:
            content = self.path.read_bytes()
        except OSError as trouble:
            raise Unusable(f"{self.path} cannot be read: {trouble.strerror}.") from trouble
        wrong: list[Complaint] = []
        try:
            directory = read(content, known, wrong)
        except _Broken as broken:
            wrong.append(Complaint(broken.line, str(broken)))
            directory = Directory()
        if wrong:
            raise Unusable(_explained(self.path, wrong))
        return directory


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong in the file.

    Args:
        line: number of the line, from 1.
        what: the rest of the sentence, with what would be right.
        word: the word that is wrong, if one of `known` may have been meant.
        known: the words that would be right.
    """

    line: int
    what: str
    word: str = ""
    known: Iterable[str] = ()

    @property
    def sentence(self) -> str:
        """All of it. To look for what was meant takes time, so that is done only for what is shown."""
        close = get_close_matches(self.word, sorted(self.known), n=1, cutoff=0.6) if self.known else []
        return f"line {self.line}: {self.what}" + (f"; did you mean “{close[0]}”?" if close else "")


class _Broken(Exception):  # noqa: N818 - it says what the file is
    """The file cannot even be taken apart."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


@dataclass(slots=True)
class Row:
    """A line of the file, and the id of its person once that is known."""

    line: int
    said: Mapping[Column, str]
    id: str = ""

    def get(self, column: Column) -> str:
        """What stands in a column, "" if the file has none."""
        return self.said.get(column, "")

    @property
    def email(self) -> str:
        """Lower case."""
        return self.get("email").lower()


@dataclass(slots=True)
class People:
    """Whom the file names, to be found by whatever a manager's column may hold."""

    known: Known
    by_email: dict[str, Row] = field(default_factory=dict)
    by_id: dict[str, Row] = field(default_factory=dict)
    by_number: dict[str, Row] = field(default_factory=dict)

    def find(self, word: str) -> str | None:
        """The id of the person of that e-mail address, id or number, None if nobody knows one."""
        word = word.lower()
        row = self.by_email.get(word) or self.by_id.get(word) or self.by_number.get(word)
        if row:
            return row.id
        if "@" in word:
            return self.known.by_email(word) or None
        return word if word in self.known.people or word in self.known.remembered else None


def read(content: bytes, known: Known, wrong: list[Complaint]) -> Directory:
    """What the file says, as far as it can be understood; what cannot is added to `wrong`."""
    rows = list(_rows(content, wrong))
    people = People(known)
    _register(rows, people, wrong)
    _identify(rows, people)
    managers = {row.id: _reference(row, "manager", people, wrong) for row in rows}
    _refuse_circles(rows, managers, wrong)
    ids = TeamIds(known.earlier.teams)
    members = [_member(row, managers[row.id], people, ids, wrong) for row in rows]
    persons = [_person(row, one, wrong) for row, one in zip(rows, members, strict=True)]
    there = [one for one, person in zip(members, persons, strict=True) if person.active and one.team]
    teams, odd = teams_of(ids, there or [one for one in members if one.team])
    wrong += [Complaint(*each) for each in [*ids.wrong, *odd]]
    return Directory(people=tuple(persons), teams=teams)


def _explained(path: Path, wrong: Sequence[Complaint]) -> str:
    ordered = sorted(wrong, key=lambda each: each.line)
    lines = [f"{path}, {each.sentence}." for each in ordered[:SHOWN_MAX]]
    if len(ordered) > SHOWN_MAX:
        lines.append(f"{path}: and {len(ordered) - SHOWN_MAX} more.")
    return "\n".join(lines)


# Lines ----------------------------------------------------------------------------------------------------------------


def _rows(content: bytes, wrong: list[Complaint]) -> Iterator[Row]:
    """The people's lines; blank ones are left out.

    Raises:
        _Broken: it is no CSV, or lacks a column without which there are no people.
    """
    records = _records(_text(content))
    line, header = next(records, (1, []))
    columns, faults = find_columns(header)
    if not any(title.strip() for title in header):
        raise _Broken(line, "there is no header; the first line names the columns, such as e-mail, name, manager, team")
    if faults:
        raise _Broken(line, "; ".join(faults))
    width = len(header)
    for number, (line, record) in enumerate(records):
        if number >= ROWS_MAX:
            raise _Broken(line, f"there are more than {ROWS_MAX} people, which is more than we take")
        if len(record) < width or any(record[width:]):
            wrong.append(Complaint(line, f"there are {len(record)} fields, and the header has {width}"))
        else:
            yield Row(line, {column: record[place].strip() for column, place in columns.items()})


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise _Broken(line, "this is no UTF-8; save the file as “CSV UTF-8”") from trouble
    if "\0" in text:
        raise _Broken(text.count("\n", 0, text.index("\0")) + 1, "this is no text; save the file as “CSV UTF-8”")
    return text


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line where it begins."""
    lines = text.splitlines(keepends=True) if "\r" in text.replace("\r\n", "") else text.split("\n")
    said = lines[0].strip() if lines else ""
    skipped = 1 if re.fullmatch(r"sep=.", said) else 0  # Excel's own way to say it
    first = lines[skipped] if len(lines) > skipped else ""
    delimiter = said[-1] if skipped else max(",;\t", key=first.count)
    reader = csv.reader(lines[skipped:], delimiter=delimiter, strict=True)
    begins = skipped + 1
    try:
        for record in reader:
            if any(field.strip() for field in record):
                yield begins, record
            begins = skipped + reader.line_num + 1
    except csv.Error as trouble:
        raise _Broken(begins, f"the quotes or delimiters of this record are wrong ({trouble})") from trouble
