"""Rows of a CSV or Parquet file, one after the other, as texts under the names of their columns."""

import csv
import importlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.csv_records import delimiter_of

HEADER_LETTERS_MAX = 65_536
BATCH_ROWS = 5_000
NO_PYARROW = "reading Parquet needs a package that is not installed: pip install pyarrow, or export CSV"

TextRow = Mapping[str, str]


class RowError(Exception):
    """Something in a file cannot be used. `where` is "line 7" or "row 7", "" until somebody knows it."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why)
        self.where = where


def rows(path: Path) -> Iterator[tuple[str, TextRow]]:
    """Each row with where it stands, before them the columns without values; a file is never held in memory.

    Raises:
        RowError: it is no such file, or a row has too many or too few fields.
    """
    return _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)


def _csv_rows(path: Path) -> Iterator[tuple[str, TextRow]]:
    begins = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = delimiter_of(file.read(HEADER_LETTERS_MAX))
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, strict=True)
            names = [name.strip() for name in next(reader, [])]
            twice = next((name for name, count in Counter(names).items() if name and count > 1), "")
            if twice:
                raise RowError(f"two columns are called {twice}", "header")
            yield "header", dict.fromkeys(names, "")
            begins = reader.line_num + 1
            for record in reader:
                if any(map(str.strip, record)):
                    if len(record) != len(names):
                        raise RowError(
                            f"it has {len(record)} fields where the header has {len(names)}", f"line {begins}"
                        )
                    yield f"line {begins}", dict(zip(names, record, strict=True))
                begins = reader.line_num + 1
    except csv.Error as trouble:
        raise RowError(f"its quotes are wrong ({trouble})", f"line {begins}") from trouble
    except UnicodeDecodeError as trouble:
        raise RowError("there or soon after is no UTF-8; save the file as “CSV UTF-8”", f"line {begins}") from trouble


def _parquet_rows(path: Path) -> Iterator[tuple[str, TextRow]]:
    """Rows by way of pyarrow, which is larger than all else we need together: only who has such files installs it."""
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise RowError(NO_PYARROW) from None
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            yield "header", dict.fromkeys(file.schema_arrow.names, "")
            for batch in file.iter_batches(BATCH_ROWS):
                for record in batch.to_pylist():
                    number += 1
                    yield f"row {number}", {name: _text(value) for name, value in record.items()}
    except arrow.ArrowException as trouble:
        raise RowError(f"it is no Parquet file, or a broken one ({trouble})", f"row {number + 1}") from trouble


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    match value:
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
