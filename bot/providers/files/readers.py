"""Rows of a CSV, Excel or Parquet file, one after the other, as texts under the names of their columns."""

import gzip
import importlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bot.column_values import DecimalSign, tidy
from bot.csv_records import CsvLayout, MalformedCsvError, opened, read
from bot.providers.set_aside import RowError

BATCH_ROWS = 5_000
UNPACKED_BYTES_MAX = 8 * 2**30
ROWS_MAX = 20_000_000
MEMBERS_MAX = 1_000
HEADER_ROWS_MAX = 50
"""How far down its header may stand."""
HEADER_LINES_MAX = 3
"""How many lines a header may have: one of groups may stand above the names."""
TOO_LARGE = "it is larger than {most} when it is unpacked: split it, for example by month"
NO_PYARROW = "reading Parquet needs a package that is not installed: pip install pyarrow, or export CSV"

TextRow = Mapping[str, str]
Knows = Callable[[Sequence[str]], bool]
"""Whether some titles are those of a table that somebody knows."""


class UnusableFileError(Exception):
    """Nothing of a file can be used.

    Args:
        why: the sentence; never a value out of a row.
        where: "header" or "line 7", "" if it is the file itself.
    """

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{where}: {why}" if where else why)


class UnknownTableError(UnusableFileError):
    """Nobody knows what the columns mean."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts.

    Args:
        name: of the file, and of the member of an archive.
        columns: their names, in order; of two with one name the second gets a number.
        decimal: what begins the decimals in it unless its numbers say otherwise.
        note: what was found out that a person may want to know, such as "GB18030".
        rows: gives each row with where it stands, from the first on each time. A row of another length comes as the
            error that it is.
        is_sheet: whether it is one of the sheets of a workbook.
    """

    name: str
    columns: Sequence[str]
    decimal: DecimalSign
    note: str
    rows: Callable[[], Iterator[tuple[str, TextRow | RowError]]]
    is_sheet: bool = False


@contextmanager
def tables(path: Path, layout: CsvLayout, knows: Knows) -> Iterator[Iterator[TextTable]]:
    """The tables of a file: one, or one for each member of a zip. A file is never held in memory.

    Args:
        path: of the file.
        layout: what app.yaml says of it.
        knows: tells the header from a line of groups above it.

    Raises:
        UnusableFileError: it is no such file; reading the rows may raise it, too.
        OSError: it cannot be opened, or is no regular file.
    """
    suffix = path.suffix.lower()
    with opened(path) as file:
        if suffix == ".parquet":
            yield iter([_parquet(path)])
        elif suffix == ".zip":
            yield _members(file, path, layout, knows)
        elif suffix in (".xlsx", ".xlsm"):
            yield _sheets(file, path, layout, knows)
        else:
            source = _Bounded.buffered(gzip.GzipFile(fileobj=file)) if suffix == ".gz" else file
            yield iter([_csv(source, str(path), layout, knows)])


class _Bounded(io.RawIOBase):
    """What comes out of a packed file, and no more than fits: a small file may hold more than any disk."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed
        self._read = 0

    @classmethod
    def buffered(cls, packed: Any) -> io.BufferedReader:
        """The same as a file that can be read in lines."""
        return io.BufferedReader(cls(packed))

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """As far as back to the beginning."""
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """See RawIOBase."""
        self._read = int(self._packed.seek(place, whence))
        return self._read

    def tell(self) -> int:
        """See RawIOBase."""
        return self._read

    def readinto(self, into: Any) -> int:
        """See RawIOBase.

        Raises:
            UnusableFileError: it is too much.
        """
        taken = self._packed.read(len(into))
        self._read += len(taken)
        if self._read > UNPACKED_BYTES_MAX:
            raise _too_large()
        into[: len(taken)] = taken
        return len(taken)


def _too_large() -> UnusableFileError:
    return UnusableFileError(TOO_LARGE.format(most=f"{UNPACKED_BYTES_MAX // 2**30} GB"))


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Look at an archive before anything of it is unpacked.

    Raises:
        UnusableFileError: it holds too much.
    """
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise UnusableFileError(f"it has more than {MEMBERS_MAX} files in it")
    if sum(each.file_size for each in members) > UNPACKED_BYTES_MAX:
        raise _too_large()


def _members(file: Any, path: Path, layout: CsvLayout, knows: Knows) -> Iterator[TextTable]:
    try:
        with zipfile.ZipFile(file) as archive:
            _check_archive(archive)
            names = [each for each in sorted(archive.namelist()) if _is_table(each)]
            if not names:
                raise UnusableFileError("there is no CSV file in it")
            for name in names:
                with archive.open(name) as member:
                    source = _Bounded.buffered(
                        gzip.GzipFile(fileobj=member) if name.lower().endswith(".gz") else member
                    )
                    yield _csv(source, f"{path}/{name}", layout, knows)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as trouble:
        raise UnusableFileError(f"it is no zip file that can be read ({trouble})") from trouble


def _is_table(name: str) -> bool:
    """Whether a member of an archive is one. macOS puts a file of its own beside each, of the same name."""
    folder, _, last = name.rpartition("/")
    own = last.startswith(".") or folder.partition("/")[0] == "__MACOSX"
    return not own and last.lower().endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz"))


def _header_at(rows: Sequence[Sequence[str]], knows: Knows) -> int:
    """Which of some rows is the header: the first with two names, but for a line of groups above one that is known."""
    first = next((number for number, each in enumerate(rows) if sum(map(bool, each)) > 1), 0)
    below = range(first, min(first + HEADER_LINES_MAX, len(rows)))
    return next((number for number in below if knows(rows[number])), first)


def _sheets(file: Any, path: Path, layout: CsvLayout, knows: Knows) -> Iterator[TextTable]:
    """The sheets of a workbook that are shown and have a header, in their order.

    What is hidden, such as last month's copy, nobody means to hand on. openpyxl is loaded by who has a workbook.
    """
    openpyxl = importlib.import_module("openpyxl")
    try:
        with zipfile.ZipFile(file) as archive:
            _check_archive(archive)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, zlib.error) as trouble:
        raise UnusableFileError(f"it is no Excel workbook that can be read ({trouble})") from trouble
    try:
        shown = [each for each in book.worksheets if each.sheet_state == "visible"]
        found = [_sheet(each, f"{path}/{each.title}", layout.skip_rows, knows) for each in shown]
        tables_found = [each for each in found if each]
        if not tables_found:
            raise UnusableFileError("no sheet of it has a header", "header")
        yield from tables_found
    finally:
        book.close()


def _sheet(sheet: Any, name: str, skip_rows: int, knows: Knows) -> TextTable | None:
    """A sheet, None if it has no header: a row with two names at least."""
    rows_above = islice(sheet.iter_rows(values_only=True), skip_rows, skip_rows + HEADER_ROWS_MAX)
    above = [[tidy(_text(each)) for each in values] for values in rows_above]
    at = _header_at(above, knows)
    header = above[at] if above and sum(map(bool, above[at])) > 1 else []
    begins = skip_rows + at + 1
    while header and not header[-1]:
        header.pop()
    columns = _distinct(header)

    def rows() -> Iterator[tuple[str, TextRow | RowError]]:
        try:
            for number, values in enumerate(sheet.iter_rows(min_row=begins + 1, values_only=True), begins + 1):
                cells = [_text(each) for each in values]
                if any(map(str.strip, cells)):
                    yield f"row {number}", dict(zip(columns, cells, strict=False))
        except (zipfile.BadZipFile, SyntaxError, ValueError, zlib.error) as trouble:
            raise UnusableFileError(f"the sheet is broken ({trouble})") from trouble

    return TextTable(name, columns, ".", "", rows, is_sheet=True) if header else None


def _csv(file: Any, name: str, layout: CsvLayout, knows: Knows) -> TextTable:
    def rows() -> Iterator[tuple[str, TextRow | RowError]]:
        with _told():
            taken = read(file, layout).records
            for _ in range(above + 1):
                next(taken, None)
            for line, record in taken:
                if len(record) >= len(columns) and not any(record[len(columns) :]):
                    yield f"line {line}", dict(zip(columns, record, strict=False))
                else:
                    why = "it has {fields} fields where the header has {columns}"
                    wrong = RowError(why, fields=len(record), columns=len(columns))
                    yield f"line {line}", wrong

    with _told():
        found = read(file, layout)
        first = [record for _, record in islice(found.records, HEADER_ROWS_MAX)]
    # What stands above the header is a report's title, as in a sheet: the header is the first row with two names.
    titles = [[tidy(cell) for cell in each] for each in first]
    above = _header_at(titles, knows)
    columns = _distinct(titles[above] if titles else [])
    decimal: DecimalSign = "," if found.delimiter == ";" else "."
    return TextTable(name, columns, decimal, "" if found.encoding.startswith("utf") else found.encoding, rows)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file, as the error of this module."""
    try:
        yield
    except MalformedCsvError as trouble:
        hint = ", or say its encoding:" if "no UTF-8" in str(trouble) else ""
        raise UnusableFileError(f"{trouble}{hint}", f"line {trouble.line}") from trouble
    except LookupError as trouble:
        raise UnusableFileError(f"nobody knows its encoding ({trouble})") from trouble
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as trouble:
        raise UnusableFileError(f"it is packed wrongly ({trouble})") from trouble


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns, of which a second one of a name gets a number."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return distinct


def _parquet(path: Path) -> TextTable:
    """Rows by way of pyarrow, which is larger than all else we need together: only who has such files installs it."""
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UnusableFileError(NO_PYARROW) from None

    def rows() -> Iterator[tuple[str, TextRow | RowError]]:
        number = 0
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    for record in batch.to_pylist():
                        number += 1
                        yield f"row {number}", {name: _text(value) for name, value in record.items()}
        except arrow.ArrowException as trouble:
            raise UnusableFileError(
                f"it is no Parquet file, or a broken one ({trouble})", f"row {number + 1}"
            ) from trouble

    try:
        with parquet.ParquetFile(path) as file:
            return TextTable(str(path), file.schema_arrow.names, ".", "", rows)
    except arrow.ArrowException as trouble:
        raise UnusableFileError(f"it is no Parquet file, or a broken one ({trouble})", "row 1") from trouble


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    match value:
        case str():
            return value
        case None:
            return ""
        case datetime() | date():
            return value.isoformat()
        case [(_, _), *_]:  # a map comes as its pairs
            return json.dumps(dict(value), default=str)
        case list() | dict():
            return json.dumps(value, default=str) if value else ""
        case _:
            return str(value)
