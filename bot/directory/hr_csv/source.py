"""People as an HR system exports them: a CSV file with a line for each person.

What cannot be used of one person is told with its line, and the others come in. A file that is broken as a whole, such
as one of which only a half was written, counts for nothing: half a company is worse than yesterday's.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from bot.csv_records import MalformedCsvError, opened
from bot.directory.departments import DepartmentIds, departments_of
from bot.directory.hr_csv.columns import STATUSES, plain
from bot.directory.hr_csv.complaints import Complaint, Complaints, Words
from bot.directory.hr_csv.people_in_file import KnownBefore, PeopleInFile
from bot.directory.hr_csv.rows import HrLayout, Rows
from bot.directory.scratch import Scratch
from bot.directory.source import Known, UnusableSourceError
from bot.texts import t
from handlers.language import N_
from handlers.policy import ZONES
from storage.directory import Directory, Person

_PART_BYTES = 1 << 20


class _File:
    """The people of a file that was read. See source.Many."""

    def __init__(self, scratch: Scratch, everybody: PeopleInFile, said: Directory) -> None:
        self.said = said
        self._scratch = scratch
        self._everybody = everybody

    def touching(self, ids: Collection[str], emails: Collection[str]) -> Iterator[Person]:
        """See source.Many."""
        self._scratch("create temp table if not exists asked (word text primary key)")
        for column, words in (("row.id", ids), ("email", emails), ("said_manager.id", ids)):
            self._scratch("delete from asked")
            self._scratch.load("asked", ((word,) for word in sorted(set(words))))
            yield from self._everybody.people(f"{column} in (select word from asked)")  # noqa: S608 - our own columns

    def above(self, person_id: str) -> str:
        """See source.Many."""
        return self._everybody.above(person_id)

    def left_with_a_manager(self) -> Iterator[str]:
        """See source.Many."""
        return self._everybody.left_with_a_manager()

    def all_but(self, ids: Collection[str]) -> Iterator[Person]:
        """See source.Many."""
        for one in self._everybody.people():
            if one.id not in ids:
                yield one
        self._scratch.close()


@dataclass(frozen=True, slots=True)
class Csv:
    """An HR export.

    Args:
        path: of the file. It is opened anew at each reading.
        layout: what it does not say itself.
        today: the organization's calendar day: who had their last day before it has left.
    """

    path: Path
    layout: HrLayout = field(default_factory=HrLayout)
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
        file = self.open(known)
        return Directory((*file.all_but(()), *file.said.people), file.said.teams, left_out=file.said.left_out)

    def open(self, known: Known) -> _File:
        """See source.Large: nobody of the file is held in memory.

        Raises:
            UnusableSourceError: nothing of it can be used.
        """
        scratch = Scratch()
        complaints = Complaints(scratch)
        words: Words = {
            "zone": lambda: ZONES,
            "status": lambda: (*STATUSES, *map(plain, self.layout.statuses)),
        }
        try:
            everybody, said = self._understood(scratch, complaints, known)
        except MalformedCsvError as broken:
            why = Complaint(broken.line, str(broken)).sentence(words)
            raise UnusableSourceError(f"{self.path}, {why}") from broken
        except OSError as trouble:
            raise UnusableSourceError(
                t("{file} cannot be read: {reason}", file=self.path, reason=trouble.strerror)
            ) from trouble
        if not said.people and not everybody.has_anybody():
            complaints.add(Complaint(1, N_("nobody in this file can be used")))
            raise UnusableSourceError("\n".join(complaints.explained(self.path, words)))
        left_out = complaints.explained(self.path, words)
        return _File(scratch, everybody, Directory(said.people, said.teams, left_out=left_out))

    def _understood(self, scratch: Scratch, complaints: Complaints, known: Known) -> tuple[PeopleInFile, Directory]:
        """Everybody in the file, and beside them those who stay as they were, with the teams."""
        kept: list[Person] = []
        with opened(self.path) as file:
            before = KnownBefore(scratch, known, self.path.name)
            rows = Rows(self.layout, before, complaints.add, kept.append)
            everybody = PeopleInFile(scratch, before, rows, complaints.add, self.layout.dates, self.today())
            everybody.load(rows.read(file))
        ids = DepartmentIds(known.earlier.teams)
        everybody.name_departments(ids)
        everybody.find_all("owner")
        everybody.find_first_days()
        everybody.tell_of_odd_ones()
        teams, odd = departments_of(ids, everybody)
        for line, what in odd:
            complaints.add(Complaint(line, what))
        there = {one.id for one in kept if everybody.has(one.id)}
        return everybody, Directory(tuple(one for one in kept if one.id not in there), teams)
