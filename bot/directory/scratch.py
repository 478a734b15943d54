"""A database of nobody else, for files of any size: it is in memory while it is small, then in a temporary file."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

BATCH_ROWS = 5_000
CACHE_KIB = 16 * 1024
"""Of the pages that are looked at, as many are kept; with more of them nothing was faster, with two million people."""


class Scratch:
    """Tables that are gone when it is closed."""

    def __init__(self) -> None:
        # An empty name is a temporary file of SQLite's own, see sqlite.org/inmemorydb.html.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute(f"pragma cache_size = -{CACHE_KIB}")
        self._db.execute("pragma journal_mode = off")
        self._db.execute("pragma synchronous = off")
        self._db.execute("begin")

    def __call__(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Say something."""
        return self._db.execute(statement, values)

    def function(self, name: str, of_texts: Callable[[str, str], str]) -> None:
        """Give statements a function of two texts."""
        self._db.create_function(name, 2, of_texts, deterministic=True)

    def one(self, statement: str, *values: object) -> Any:
        """The first value of the first row, None if there is none."""
        row = self._db.execute(statement, values).fetchone()
        return row[0] if row else None

    def load(self, table: str, rows: Iterable[Sequence[object]], otherwise: str = "") -> int:
        """Append rows to a table; how many there were.

        Args:
            table: its name.
            rows: in the order of its columns.
            otherwise: what is done where a row is there already, such as "or ignore".
        """
        count = 0
        remaining = iter(rows)
        while batch := list(islice(remaining, BATCH_ROWS)):
            marks = ", ".join("?" * len(batch[0]))
            self._db.executemany(f"insert {otherwise} into {table} values ({marks})", batch)  # noqa: S608 - our own names
            count += len(batch)
        return count

    def groups(self, statement: str, *values: object) -> Iterator[list[Any]]:
        """Rows in lists of those with the same first value; the statement has them in this order."""
        group: list[Any] = []
        for row in self(statement, *values):
            if group and row[0] != group[0][0]:
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def close(self) -> None:
        """Let it go."""
        self._db.close()

    def __del__(self) -> None:
        """Whoever gave up half-way need not close it."""
        self._db.close()
