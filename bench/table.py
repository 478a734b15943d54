"""Figures in columns, as plain text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """What a benchmark has to say.

    Args:
        title: what was measured.
        heads: the columns; the first is left-aligned, all others right.
        rows: the cells.
        notes: what must be known to read it, a line each.
    """

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The table as it is printed."""
        lines = [self.heads, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.heads))]
        shown = [self._line(line, widths) for line in lines]
        return "\n".join([self.title, shown[0], "-" * len(shown[0]), *shown[1:], *self.notes])

    @staticmethod
    def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])


def aimed(figure: float, *, at_least: float | None = None, at_most: float | None = None, digits: int = 2) -> str:
    """The aim and whether the figure meets it, such as "≥ 0.50 met"; nothing for a figure that could not be had."""
    if math.isnan(figure):
        return ""
    if at_least is not None:
        return f"≥ {at_least:.{digits}f} {'met' if figure >= at_least else 'MISSED'}"
    if at_most is not None:
        return f"≤ {at_most:.{digits}f} {'met' if figure <= at_most else 'MISSED'}"
    return ""
