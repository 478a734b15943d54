"""The lines of an HR export, each by itself: whom it names, and whether they are there."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import BinaryIO, Literal, Protocol, get_args

from bot import csv_records
from bot.column_values import said
from bot.config import HrColumn as Column
from bot.csv_records import CsvLayout, MalformedCsvError
from bot.directory.hr_csv.columns import find_columns, is_there, plain, says_who_is_gone
from bot.directory.hr_csv.complaints import Complaint
from bot.directory.names import ID, id_from_email, locale_name
from bot.texts import t
from handlers.language import N_
from handlers.policy import ZONES
from storage.directory import Person, Role, address, visible

ROWS_MAX = 5_000_000
WORDS_MAX = 10_000
"""So many different words of a column are kept with what they mean; they are few, or else not worth it."""
_TAIL_BYTES = 64
HEADER_ROWS_MAX = 20
"""So many rows may stand above the header: a report's title, when it was made, by whom."""
_ADDRESS = re.compile(r"[^\s@,;:<>]+@[^\s@,;:<>]*[^\s@,;:<>.]")
_ADDRESS_WITHIN = re.compile(r"(?:(?:mailto|smtp):|[^@]*<)(?P<address>[^<>]+)>?", re.IGNORECASE)
"""As a link, as Exchange writes it, or behind a name: mailto:kim@acme.example, Kim Lee <kim@acme.example>."""
_SEPARATORS = str.maketrans(",;|/", "    ")
ROLES: tuple[Role, ...] = get_args(Role)
ZONE_BY_WORD = {zone.lower(): zone for zone in ZONES}
_ORDER: tuple[Column, ...] = get_args(Column)


@dataclass(frozen=True, slots=True)
class HrLayout:
    """What app.yaml says of a file that it does not say itself.

    Args:
        columns: the title of a column, where it is none that is known.
        dates: "day first" or "month first", for dates such as 03/04/2026; "" is found out.
        statuses: what other words for a status mean.
        groups: which value of which column puts somebody into a group, by group.
        encoding: such as "cp1251"; "" is found out.
    """

    columns: Mapping[Column, str] = field(default_factory=dict)
    dates: str = ""
    statuses: Mapping[str, Literal["active", "left"]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    encoding: str = ""


@dataclass(slots=True, eq=False)
class HrRow:
    """What a line says of somebody, in the order in which it is kept.

    Args:
        line: its number, from 1.
        email: in the form in which addresses are compared.
        number: in small letters.
        id: what the file says, or else the one that the address makes; what counts in the end is found out later.
        is_made: whether the id is made of the address.
        name: in one piece.
        there: whether the person is there.
        manager: by which word the file names them.
        team: its name.
        department: its name.
        cost_center: as it stands there.
        owner: by which word the file names whoever owns the team.
        zone: as it stands there; so are locale and roles.
        locale: see zone.
        roles: see zone.
        start_date: see zone.
        end_date: see zone.
        groups: with blanks between.
        is_odd: whether zone, locale or roles are not understood.
        digest: of the whole line: of two that are the same one is left out.
        email_said: as it stands there, if that is another form.
        number_said: likewise.
        id_said: likewise.
    """

    line: int
    email: str = ""
    number: str = ""
    id: str = ""
    is_made: bool = False
    name: str = ""
    there: bool = True
    manager: str = ""
    team: str = ""
    department: str = ""
    cost_center: str = ""
    owner: str = ""
    zone: str = ""
    locale: str = ""
    roles: str = ""
    start_date: str = ""
    end_date: str = ""
    groups: str = ""
    is_odd: bool = False
    digest: int = 0
    email_said: str = ""
    number_said: str = ""
    id_said: str = ""

    def get(self, column: Column) -> str:
        """What stands in a column, "" if the file has none."""
        if column in ("email", "number", "id"):
            return str(getattr(self, f"{column}_said") or getattr(self, column))
        return str(getattr(self, column))

    @property
    def called(self) -> str:
        """By what somebody finds the person."""
        return self.name or self.email or self.get("number")


FIELDS = tuple(HrRow.__dataclass_fields__)


class Before(Protocol):
    """Who was known before the file was read."""

    def of_line(self, number: str, email: str, id: str) -> Person | None:
        """Whoever a line is about, as they were: by number, address or id."""


class Meanings:
    """What words of a column mean, each found out once."""

    def __init__(self, statuses: Mapping[str, Literal["active", "left"]]) -> None:
        self.own = {plain(word): meant == "active" for word, meant in statuses.items()}
        self.is_reversed = False
        self._there: dict[str, bool | None] = {}
        self._odd: dict[tuple[str, str, str], bool] = {}

    def is_there(self, status: str) -> bool | None:
        """See columns.is_there; in a column such as “disabled” yes and no mean the other."""
        if status not in self._there:
            if len(self._there) >= WORDS_MAX:
                self._there.clear()
            there = is_there(status, self.own)
            self._there[status] = there if there is None or not status or not self.is_reversed else not there
        return self._there[status]

    def is_odd(self, zone: str, locale: str, roles: str) -> bool:
        """Whether one of them is not understood."""
        key = zone, locale, roles
        if key not in self._odd:
            if len(self._odd) >= WORDS_MAX:
                self._odd.clear()
            self._odd[key] = is_strange_zone(zone) or is_strange_locale(locale) or are_strange_roles(roles)
        return self._odd[key]


def zone_of(word: str) -> str:
    """The time zone, "" if it is none."""
    return ZONE_BY_WORD.get(said(word).lower(), "")


def is_strange_zone(word: str) -> bool:
    """Whether it is no zone."""
    return bool(said(word)) and not zone_of(word)


def locale_of(word: str) -> str:
    """The locale, "" if it is none."""
    meant = said(word)
    return locale_name(meant) if meant else ""


def is_strange_locale(word: str) -> bool:
    """Whether it is no locale."""
    return bool(said(word)) and not locale_of(word)


def _role_words(word: str) -> list[str]:
    return said(word).lower().translate(_SEPARATORS).split()


def roles_of(word: str) -> tuple[Role, ...]:
    """The roles that are named."""
    words = _role_words(word)
    return tuple(role for role in ROLES if role in words)


def are_strange_roles(word: str) -> bool:
    """Whether something is no role."""
    return bool(set(_role_words(word)) - set(ROLES))


class Rows:
    """The rows of a file that name somebody who can be told from others.

    Args:
        layout: what the file does not say itself.
        before: who was known.
        complain: is called with what cannot be used.
        keep: is called with whoever stays as they were, for their line cannot be used.
    """

    def __init__(
        self,
        layout: HrLayout,
        before: Before,
        complain: Callable[[Complaint], None],
        keep: Callable[[Person], None],
    ) -> None:
        self.titles: dict[Column, str] = {}
        self._layout = layout
        self._before = before
        self._complaint = complain
        self._keep = keep
        self._meanings = Meanings(layout.statuses)
        self._told: set[int] = set()  # digests of lines of which something was told

    def read(self, file: BinaryIO) -> Iterator[tuple[object, ...]]:
        """The values of each row, in the order of FIELDS; blank lines are left out.

        Raises:
            MalformedCsvError: it is no CSV, lacks a column without which there are no people, names nobody, or ends in
                the middle of a line.
        """
        lines = csv_records.read(file, CsvLayout(self._layout.encoding)).records
        header, columns = self._header(lines)
        line = 1
        self.titles.update({column: visible(header[place]) for column, place in columns.items()})
        self._meanings.is_reversed = says_who_is_gone(self.titles.get("status", ""))
        groups = self._group_columns(header)
        width = fields = len(header)
        # What the file has no column of stands behind the last one, and is empty.
        picked = itemgetter(*(columns.get(column, width) for column in _ORDER))
        number = 0
        for number, (line, record) in enumerate(lines, 1):
            if number > ROWS_MAX:
                raise MalformedCsvError(line, t("there are more than {n} people, which is too many", n=ROWS_MAX))
            fields = len(record)
            padded = record if fields >= width else [*record, *([""] * (width - fields))]
            digest = hash(tuple(padded))
            within = (
                " ".join(group for group, (place, value) in groups if plain(padded[place]) == value) if groups else ""
            )
            beyond = padded[width:]
            if beyond:
                padded = padded[:width]
            padded.append("")
            row = self._row(line, picked(padded), within, digest, has_more=any(map(str.strip, beyond)))
            if row is not None:
                yield row
        if fields < width and not _ends_with_a_line(file):
            raise MalformedCsvError(line, t("the file ends in the middle of this line; export it again"))
        if not number:
            raise MalformedCsvError(line, t("there is nobody below the header"))

    def _header(self, lines: Iterator[tuple[int, list[str]]]) -> tuple[list[str], dict[Column, int]]:
        """The first row that can be the header, and where its columns are; what stands above it is a report's title.

        Raises:
            MalformedCsvError: no row can be. What is said is of the one that names most columns.
        """
        nearest: tuple[int, int, list[str]] | None = None
        for line, header in islice(lines, HEADER_ROWS_MAX):
            columns, faults = find_columns([visible(title) for title in header], self._layout.columns)
            if not faults:
                return header, columns
            if nearest is None or len(columns) > nearest[0]:
                nearest = len(columns), line, faults
        if nearest is None:
            raise MalformedCsvError(
                1, t("there is no header; the first line names the columns, such as e-mail, name, manager, team")
            )
        raise MalformedCsvError(nearest[1], "; ".join(nearest[2]))

    def _group_columns(self, header: Sequence[str]) -> list[tuple[str, tuple[int, str]]]:
        """Where it stands who is in a group, and which value puts somebody there.

        Raises:
            MalformedCsvError: a column is not there: without it nobody would be in the group.
        """
        titles = [plain(title) for title in header]
        for title, _ in self._layout.groups.values():
            if plain(title) not in titles:
                raise MalformedCsvError(
                    1, t("there is no column “{title}”, which a group of app.yaml needs", title=title)
                )
        return [
            (group, (titles.index(plain(title)), plain(value))) for group, (title, value) in self._layout.groups.items()
        ]

    def _row(
        self, line: int, cells: Sequence[str], groups: str, digest: int, *, has_more: bool
    ) -> tuple[object, ...] | None:
        """A row if it names somebody: at once, if nothing about it is odd."""
        by = _BY_COLUMN
        is_plain = "".join(cells).isascii()
        cells = list(map(str.strip, cells)) if is_plain else list(map(visible, cells))
        raw_email, raw_number, raw_id = cells[by["email"]], cells[by["number"]], cells[by["id"]]
        email, number, own_id = address(raw_email), raw_number.lower(), raw_id.lower()
        first, last = cells[by["first_name"]], cells[by["last_name"]]
        name = _name_of(cells[by["name"]], first, last)
        there = self._meanings.is_there(cells[by["status"]])
        zone, locale, roles = cells[by["zone"]], cells[by["locale"]], cells[by["roles"]]
        row = (
            line,
            email,
            number,
            own_id,
            False,
            name,
            there,
            *_REST(cells),
            groups,
            self._meanings.is_odd(zone, locale, roles),
            digest,
            "" if raw_email == email else raw_email,
            "" if raw_number == number else raw_number,
            "" if raw_id == own_id else raw_id,
        )
        if there is None or not name or has_more or not email or not _ADDRESS.fullmatch(email):
            return self._odd(row, cells[by["status"]], has_more=has_more)
        if not own_id:
            return (*row[:3], id_from_email(email, ()), True, *row[5:])
        return row if ID.fullmatch(own_id) else self._odd(row, cells[by["status"]], has_more=has_more)

    def _odd(self, values: tuple[object, ...], status: str, *, has_more: bool) -> tuple[object, ...] | None:
        row = HrRow(*values)  # type: ignore[arg-type]
        if row.digest in self._told:  # of two lines that are the same only one is told of
            return None
        if has_more:
            self.complain(row, N_("there are more fields than in the header; put a value with the delimiter in quotes"))
            self.keep(row)
            return None
        if not self._is_somebody(row, status):
            return None
        if not row.id:
            row.id, row.is_made = id_from_email(row.email, ()), True
        return tuple(getattr(row, name) for name in FIELDS)

    def _is_somebody(self, row: HrRow, status: str) -> bool:
        """Whether a line names somebody who can be told from others. Whoever was known stays as they were, if not."""
        if row.id and not ID.fullmatch(row.id):
            self.complain(row, N_("use at most 63 letters, digits, dots and hyphens for an id"), "id")
            self.keep(row)
            return False
        within = _ADDRESS_WITHIN.fullmatch(row.email)
        if within:
            row.email = within["address"].strip()
        row.email = row.email.rstrip(".")  # of the sentence that it stood in
        if row.email and not _ADDRESS.fullmatch(row.email):
            self.complain(row, N_("this is not an e-mail address; write one such as ana@acme.example"), "email")
            row.email = row.email_said = ""
        elif not row.email and not row.id:
            self.complain(row, N_("the e-mail address is missing"), "email")
        if not row.email and not row.id:
            before = self._remembered(row)
            if before is None:
                return False
            row.email, row.id = before.email, before.id
        if not row.name:
            self.complain(row, N_("the name is missing"), "name")
            before = self._remembered(row)
            row.name = before.name if before else row.email.partition("@")[0] or row.id
        return self._is_known_status(row, status)

    def _is_known_status(self, row: HrRow, status: str) -> bool:
        """Whether the status is understood. If not, whoever was known stays as they were; nobody else comes in."""
        there: bool | None = row.there
        if there is None:
            complaint = N_("this status is not known; write active or left, or add it under statuses in app.yaml")
            self._told.add(row.digest)
            self._complaint(Complaint(row.line, complaint, row.called, self.titles["status"], status, "status"))
            before = self._remembered(row)
            there = before.active if before else None
        row.there = bool(there)
        return there is not None

    def _remembered(self, row: HrRow) -> Person | None:
        return self._before.of_line(row.number, row.email, "" if row.is_made else row.id)

    def complain(self, row: HrRow, what: str, column: Column | None = None, **values: object) -> None:
        """Note what cannot be used of a person."""
        self._told.add(row.digest)
        title = self.titles.get(column, "") if column else ""
        word = row.get(column) if column else ""
        self._complaint(Complaint(row.line, t(what, **values) if values else what, row.called, title, word))

    def keep(self, row: HrRow) -> None:
        """Leave whoever was known as they were; a role that this file does not say is said again by who gave it."""
        before = self._remembered(row)
        if before:
            self._keep(before if "roles" in self.titles else replace(before, roles=()))


_BY_COLUMN = {column: place for place, column in enumerate(_ORDER)}
_REST = itemgetter(
    *(
        _BY_COLUMN[column]
        for column in (
            *("manager", "team", "department", "cost_center", "owner"),
            *("zone", "locale", "roles", "start_date", "end_date"),
        )
    )
)


def _name_of(name: str, first: str, last: str) -> str:
    """Somebody's name on one line. Where a column for the first or last one stands beside it, "name" is the other."""
    if name and first and not last and first.casefold() not in name.casefold():
        name = f"{first} {name}"
    elif name and last and not first and last.casefold() not in name.casefold():
        name = f"{name} {last}"
    return " ".join((name or f"{first} {last}").split())


def _ends_with_a_line(file: BinaryIO) -> bool:
    file.seek(-min(_TAIL_BYTES, file.seek(0, 2)), 2)
    return file.read().rstrip(b"\0").endswith((b"\n", b"\r"))
