"""Card -> text: for newcomers in a terminal, for tests, and as the fallback text of every message elsewhere."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import assert_never

from bot.csv_files import BYTE_ORDER_MARK, text_of
from bot.platforms.text import cells, filled, plain
from handlers.card import Block, Button, Card, Chart, Facts, File, Gauge, Heading, Input, Table, Text

BAR_WIDTH = 24
NAME_WIDTH = 40
LEVELS = " ▁▂▃▄▅▆▇█"
MARKS = {"plain": "", "good": "", "warn": "! ", "bad": "!! "}


def render(card: Card) -> str:
    """A card as plain text, at most 100 characters wide where the content allows; nothing in it steers a terminal."""
    parts, number = [MARKS[card.tone] + card.title], _number_in(card.title)
    for block in card.blocks:
        number = number or _number_in(" ".join(_words(block)))
    for is_button, blocks in groupby(card.blocks, lambda block: isinstance(block, Button)):
        if is_button:
            parts.append("  ".join(_button(block, number) for block in blocks if isinstance(block, Button)))
        else:
            parts += [_block(block) for block in blocks]
    return plain("\n\n".join(parts))


_HANDLE = re.compile(r"\b[0-9a-f]{32}\b(?:\.\d+)?")
"""What buttons call a request by, which nobody can type."""
_NUMBER = re.compile(r"#(\d+)")


def _number_in(text: str) -> str:
    """The number of the request that a text names first, "" if it names none."""
    found = _NUMBER.search(text)
    return found[1] if found else ""


def _words(block: Block) -> tuple[str, ...]:
    if isinstance(block, Text):
        return (block.text,)
    return tuple(word for fact in block.facts for word in fact) if isinstance(block, Facts) else ()


def _button(button: Button, number: str) -> str:
    """A button, with what to type instead of pressing it."""
    number = _number_in(button.label) or number
    says = _HANDLE.sub(number, button.says) if number else button.says
    return f"[{button.label}]" if _HANDLE.search(says) else f"[{button.label}: {says}]"


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"  {block.shown}" if block.quiet else block.shown
        case Heading():
            return f"── {block.text} ──"
        case Facts():
            width = max(cells(name) for name, _ in block.facts) if block.facts else 0
            return "\n".join(f"{filled(name, width, 'l')}  {value}" for name, value in block.facts)
        case Gauge():
            return f"{block.label}\n{bar(block.permille)} {block.caption}"
        case Table():
            return _table(block)
        case Chart():
            return _chart(block)
        case Button():
            return _button(block, "")
        case Input():
            return f"{block.label} ({block.name}{', optional' if block.optional else ''}) {block.hint}".rstrip()
        case File():
            return f"[file {block.name}]" + (f"\n{text_of(block).lstrip(BYTE_ORDER_MARK)}" if block.is_here else "")
        case _:
            assert_never(block)


def bar(permille: int) -> str:
    """A share as a bar; what is over the limit stands behind its end."""
    filled = min(BAR_WIDTH, max(0, permille) * BAR_WIDTH // 1000)
    over = "▶" if permille > 1000 else ""  # noqa: PLR2004 - the whole
    return "█" * filled + "░" * (BAR_WIDTH - filled) + over


def _table(table: Table) -> str:
    lines = [table.columns, *table.rows]
    # What stands last may be a sentence: nothing beside it moves.
    most = [NAME_WIDTH * 2] * (len(table.columns) - 1) + [NAME_WIDTH * 4]
    cut = [
        tuple(cell if len(cell) <= each else cell[: each - 1] + "…" for cell, each in zip(line, most, strict=True))
        for line in lines
    ]
    widths = [max(cells(line[column]) for line in cut) for column in range(len(table.columns))]
    rows = [
        "  ".join(
            filled(cell, width, side) for cell, width, side in zip(line, widths, table.align, strict=True)
        ).rstrip()
        for line in cut
    ]
    caption = [table.caption] if table.caption else []
    return "\n".join([*caption, rows[0], "  ".join("─" * width for width in widths), *rows[1:]])


def _chart(chart: Chart) -> str:
    """Parts of a whole as one sparkline of their sums; courses as one each, on the same scale."""
    if chart.form == "line":
        lines = [(one.name, list(one.values)) for one in chart.series]
    else:
        lines = [("", [sum(values) for values in zip(*(one.values for one in chart.series), strict=True)])]
    top = max((value for _, values in lines for value in values), default=0.0) or 1.0
    width = max(len(name) for name, _ in lines)
    drawn = [
        f"{name:<{width}}  {_sparkline(values, top)}" if width else _sparkline(values, top) for name, values in lines
    ]
    return "\n".join([chart.title, *drawn, chart.alt])


def _sparkline(values: Sequence[float], top: float) -> str:
    return "".join(LEVELS[round(max(0.0, value) / top * (len(LEVELS) - 1))] for value in values)


def converse(say: Callable[[str], Card], lines: Iterator[str], show: Callable[[str], None]) -> None:
    """A prompt: hear lines until they end or somebody says "quit"."""
    for line in lines:
        if line.strip().lower() in ("quit", "exit"):
            return
        show(render(say(line.strip())))
