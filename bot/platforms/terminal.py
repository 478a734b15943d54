"""Card -> text: for newcomers in a terminal, for tests, and as the fallback text of every message elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import assert_never

from bot.csv_files import BYTE_ORDER_MARK, text_of
from handlers.card import Block, Button, Card, Chart, Facts, File, Gauge, Heading, Input, Table, Text

BAR_WIDTH = 24
NAME_WIDTH = 40
LEVELS = " ▁▂▃▄▅▆▇█"
MARKS = {"plain": "", "good": "", "warn": "! ", "bad": "!! "}


def render(card: Card) -> str:
    """A card as plain text, at most 100 characters wide where the content allows."""
    parts = [MARKS[card.tone] + card.title]
    for is_button, blocks in groupby(card.blocks, lambda block: isinstance(block, Button)):
        if is_button:
            parts.append("  ".join(_block(block) for block in blocks))
        else:
            parts += [_block(block) for block in blocks]
    return "\n\n".join(parts)


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"  {block.shown}" if block.quiet else block.shown
        case Heading():
            return f"── {block.text} ──"
        case Facts():
            width = max(len(name) for name, _ in block.facts) if block.facts else 0
            return "\n".join(f"{name:<{width}}  {value}" for name, value in block.facts)
        case Gauge():
            return f"{block.label}\n{bar(block.permille)} {block.caption}"
        case Table():
            return _table(block)
        case Chart():
            return _chart(block)
        case Button():
            return f"[{block.label}: {block.says}]"
        case Input():
            return f"{block.label} ({block.name}{', optional' if block.optional else ''}) {block.hint}".rstrip()
        case File():
            return f"[file {block.name}]" + (f"\n{text_of(block).lstrip(BYTE_ORDER_MARK)}" if block.columns else "")
        case _:
            assert_never(block)


def bar(permille: int) -> str:
    """A share as a bar; what is over the limit stands behind its end."""
    filled = min(BAR_WIDTH, max(0, permille) * BAR_WIDTH // 1000)
    over = "▶" if permille > 1000 else ""  # noqa: PLR2004 - the whole
    return "█" * filled + "░" * (BAR_WIDTH - filled) + over


def _table(table: Table) -> str:
    lines = [table.columns, *table.rows]
    cut = [
        tuple(cell if len(cell) <= NAME_WIDTH * 2 else cell[: NAME_WIDTH * 2 - 1] + "…" for cell in line)
        for line in lines
    ]
    widths = [max(len(line[column]) for line in cut) for column in range(len(table.columns))]
    rows = [
        "  ".join(
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(line, widths, table.align, strict=True)
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
