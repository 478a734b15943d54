"""Rows of a CSV or Parquet file, one after the other, as texts under the names of their columns."""

import gzip
import importlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.column_values import DecimalSign, tidy
from bot.csv_records import CsvLayout, MalformedCsvError, opened, read
from bot.providers.set_aside import RowError

BATCH_ROWS = 5_000
NO_PYARROW = "reading Parquet needs a package that is not installed: pip install pyarrow, or export CSV"

TextRow = Mapping[str, str]


class UnusableFileError(Exception):
    """Nothing of a file can be used.

    Args:
        why: the sentence; never a value out of a row.
        where: "header" or "line 7", "" if it is the file itself.
    """

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{where}: {why}" if where else why)


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
    """

    name: str
    columns: Sequence[str]
    decimal: DecimalSign
    note: str
    rows: Callable[[], Iterator[tuple[str, TextRow | RowError]]]


@contextmanager
def tables(path: Path, layout: CsvLayout) -> Iterator[Iterator[TextTable]]:
    """The tables of a file: one, or one for each member of a zip. A file is never held in memory.

    Raises:
        UnusableFileError: it is no such file; reading the rows may raise it, too.
        OSError: it cannot be opened, or is no regular file.
    """
    with opened(path) as file:
        if path.suffix == ".parquet":
            yield iter([_parquet(path)])
        elif path.suffix == ".zip":
            yield _members(file, path, layout)
        else:
            source = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            yield iter([_csv(source, str(path), layout)])


def _members(file: Any, path: Path, layout: CsvLayout) -> Iterator[TextTable]:
    try:
        with zipfile.ZipFile(file) as archive:
            for name in sorted(archive.namelist()):
                if name.lower().endswith(".csv"):
                    with archive.open(name) as member:
                        yield _csv(member, f"{path}/{name}", layout)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as trouble:
        raise UnusableFileError(f"it is no zip file that can be read ({trouble})") from trouble


def _csv(file: Any, name: str, layout: CsvLayout) -> TextTable:
    def rows() -> Iterator[tuple[str, TextRow | RowError]]:
        with _told():
            taken = read(file, layout).records
            next(taken, None)
            for line, record in taken:
                if len(record) >= len(columns) and not any(record[len(columns) :]):
                    yield f"line {line}", dict(zip(columns, record, strict=False))
                else:
                    why = f"it has {len(record)} fields where the header has {len(columns)}"
                    yield f"line {line}", RowError(why)

    with _told():
        found = read(file, layout)
        _, header = next(found.records, (1, []))
    columns = _distinct([tidy(each) for each in header])
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
