"""Long lists: a page at a time, turned over by buttons, and as a whole in a file."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from handlers.card import Button, Card, File, Text
from handlers.context import Context

ROWS_MAX = 20
FILE_LETTERS_MAX = 80
"""Of the name of a file, which is a part of a key of the outbox."""
_UNUSABLE = re.compile(r"[^\w.-]+")
T = TypeVar("T")
Cell = str | int | Decimal


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """The rows of one page.

    Args:
        rows: on this page.
        rest: all others.
        number: of the page, from 1.
        pages: how many there are, at least 1.
        first: the number of its first row, from 1.
        total: rows on all pages.
    """

    rows: Sequence[T]
    rest: Sequence[T]
    number: int
    pages: int
    first: int
    total: int

    def captioned(self, ctx: Context, caption: str) -> str:
        """What a table is about, and which of its rows are on this page unless all are."""
        if self.pages == 1:
            return caption
        return ctx.t(
            "{list}: {first} to {last} of {total}",
            list=caption,
            first=self.first,
            last=self.first + len(self.rows) - 1,
            total=self.total,
        )

    def buttons(self, ctx: Context, says: str, *, file: bool = True) -> Iterator[Button]:
        """Those that turn the page, and that give the whole list; none if it is all here.

        Args:
            ctx: for whom.
            says: the sentence that asks for the list, without a page.
            file: whether it may be asked for as a file.
        """
        if self.number < self.pages:
            yield Button(ctx.t("Next"), f"{says} page {self.number + 1}")
        if self.number > 1:
            yield Button(ctx.t("Back"), f"{says} page {self.number - 1}")
        if file and self.pages > 1:
            yield Button(ctx.t("All as CSV"), f"{says} as csv")


def part_of(rows: Sequence[T], page: int, rows_max: int = ROWS_MAX) -> Part[T]:
    """The rows of a page; behind the last one there is the last one."""
    pages = max(1, -(-len(rows) // rows_max))
    number = min(max(1, page), pages)
    start = (number - 1) * rows_max
    here = rows[start : start + rows_max]
    return Part(here, [*rows[:start], *rows[start + rows_max :]], number, pages, start + 1, len(rows))


def part_read(total: int, page: int, read: Callable[[int, int], Sequence[T]], rows_max: int = ROWS_MAX) -> Part[T]:
    """The rows of a page of a list that is too long to be read as a whole; `rest` is left empty.

    Args:
        total: how many rows there are.
        page: which; behind the last one there is the last one.
        read: gives rows by how many stand before them, and how many they are at most.
        rows_max: so many are on a page.
    """
    pages = max(1, -(-total // rows_max))
    number = min(max(1, page), pages)
    start = (number - 1) * rows_max
    return Part(read(start, rows_max), (), number, pages, start + 1, total)


def as_file(ctx: Context, title: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Card:
    """A list as a file, for who asked and nobody else.

    Args:
        ctx: for whom.
        title: what it is.
        name: of the file, without its ending.
        columns: heads that stay the same in every language, for whatever reads it.
        rows: amounts as decimal numbers, days as 2026-10-15.
    """
    cells = tuple(tuple(f"{cell:f}" if isinstance(cell, Decimal) else str(cell) for cell in row) for row in rows)
    counted = ctx.nt("{n} row", "{n} rows", len(cells))
    file = File(f"{_UNUSABLE.sub('-', name)[:FILE_LETTERS_MAX]}.csv", tuple(columns), cells)
    return Card(title, (Text(counted, quiet=True),), thread=(file,))


def as_text_file(title: str, name: str, text: str, counted: str) -> Card:
    """Something to be put elsewhere, such as lines for app.yaml, as a file for who asked and nobody else.

    Args:
        title: what it is.
        name: of the file, with its ending.
        text: all that is in it.
        counted: how much it is, in words.
    """
    return Card(title, (Text(counted, quiet=True),), thread=(File(_UNUSABLE.sub("-", name), text=text),))
