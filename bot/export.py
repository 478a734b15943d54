"""What leaves the bot as a file: rows of CSV in which no cell can act as a formula."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

from storage.audit import Row

AUDIT_COLUMNS = ("number", "at", "who", "what", "subject", "authority", "place", "details", "hash")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def safe(cell: object) -> str:
    """A cell that a spreadsheet shows and never computes: what could begin a formula gets an apostrophe before it.

    The list of beginnings is OWASP's (CSV injection).
    """
    text = str(cell).replace("\x00", "")
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_csv(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as RFC 4180 says, every cell safe."""
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe(cell) for cell in row] for row in rows)


def audit_rows(rows: Iterable[Row]) -> Iterable[Sequence[object]]:
    """The audit as rows of AUDIT_COLUMNS."""
    for row in rows:
        deed = row.deed
        at = deed.at.isoformat(timespec="microseconds")
        yield (row.id, at, deed.who, deed.what, deed.subject, deed.authority, deed.place, deed.details, row.hash)
