"""CSV on its way out: rows in which no cell can act as a formula. And files of text that a card brings along."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from handlers.card import File

_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula, also as wide letters: a spreadsheet in Japanese or Chinese takes those for the same."""
_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_FORMULA = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_STARTS}]")
BYTE_ORDER_MARK = "\ufeff"
"""Excel knows UTF-8 by a mark at the beginning only."""

_WITHIN = re.compile(rf"(?<=[;\t\r\n])(?=[{_UNSEEN}]*[{_STARTS}])")
"""Where a cell may begin within another: Excel in German and many other languages separates at semicolons."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
"""What is written as a number; an employee number such as 00042 keeps its noughts."""


def safe(cell: object) -> str:
    """A cell that a spreadsheet shows and never computes: what could begin a formula gets an apostrophe before it.

    The list of beginnings is OWASP's (CSV injection), and so is that a cell may begin after another separator than the
    comma. A number is a number, also below zero.
    """
    if isinstance(cell, int | Decimal):
        return str(cell)
    text = _WITHIN.sub("'", str(cell).replace("\x00", ""))
    return f"'{text}" if _FORMULA.match(text) else text


def write_csv(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as RFC 4180 says, every cell safe."""
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe(cell) for cell in row] for row in rows)


def media_type(file: File) -> str:
    """What a browser is told that a file is (RFC 4180, RFC 9512)."""
    return f"{'application/yaml' if file.text else 'text/csv'}; charset=utf-8"


def text_of(file: File) -> str:
    """The file that a card brings along: rows as they are opened in Excel, text as it is."""
    if file.text:
        return file.text
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    rows = ([Decimal(cell) if _NUMBER.fullmatch(cell) else cell for cell in row] for row in file.rows)
    write_csv(out, file.columns, rows)
    return out.getvalue()
