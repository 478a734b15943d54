"""Card -> Adaptive Card 1.5 with Teams' own charts. The limits of Teams' cards live in this file and nowhere else.

What a person, a provider or a model wrote stands in text runs, which Teams does not parse: it cannot become a link or
markup. A card that is too big is drawn again with less room, with a line that says what is missing; it is never an
error. Only a button is left out rather than cut, because half a sentence would say something else.

Source: the reference of Teams' cards (adaptivecards.microsoft.com, 2026). Messages are refused from about 100 KB on;
28 KB is what every way into Teams takes.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bot.charts.axis import amount, has_its_values, numbers
from bot.csv_files import BYTE_ORDER_MARK, text_of
from bot.platforms.renderer import Drawing
from bot.platforms.text import cut, date_of, decimal_of, line, plain
from handlers.card import Block, Button, Card, Chart, Facts, File, Gauge, Heading, Input, Series, Table, Text, Tone
from handlers.language import N_, say

Json = dict[str, Any]

BYTES_MAX = 26_000
"""Of a card as JSON; the rest of 28 KB is for the message around it."""

TITLE_MAX, LABEL_MAX, HINT_MAX = 300, 80, 200
SAYS_MAX = 1_000
BUTTONS_IN_ROW, BUTTONS_MAX, INPUTS_MAX, CHOICES_MAX, COLUMNS_MAX, SERIES_MAX = 6, 24, 12, 100, 8, 6
WIDTH_MIN, WIDTH_MAX = 4, 24

SAY = "say"
"""The verb of every button, and the key under which its sentence travels."""

LOOK = "look"
"""The verb with which Teams asks for a card anew, for one reader."""

READERS_MAX = 60
"""So many people may see one card in a way of their own (Teams' page "User Specific Views", 2026)."""

FIELD = "in:"
"""What the id of every field begins with; the field's name follows."""

NUMBER = "number:"
"""The same of a field for a number, which comes back with a point in every language."""

EMPTY = "\N{EN DASH}"
STAR = "\N{ASTERISK OPERATOR}"  # looks the same and makes nothing bold
JOINER = "\N{WORD JOINER}"
LOW_LINE = "\N{MODIFIER LETTER LOW MACRON}"  # looks like an underscore
_UNDERLINED = re.compile(r"(?<!\w)_|_(?!\w)")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LIST = re.compile(r"^(?:[-+#>]+|\d+[.)])(?=\s)")
FULL = 100  # percent
DIALS: dict[Tone, str] = {"plain": "categoricalBlue", "good": "good", "warn": "warning", "bad": "attention"}
STYLES = {"plain": "default", "primary": "positive", "danger": "destructive"}
TOO_BIG = N_("This does not fit into Teams. Ask for less at once, such as a shorter time.")


@dataclass(frozen=True, slots=True)
class _Room:
    """How much is drawn: rows of a table and marks of a chart, letters of a text and of a cell, blocks in all."""

    rows: int
    letters: int
    cell: int
    blocks: int


ROOMS = (_Room(100, 4_000, 400, 60), _Room(40, 2_000, 150, 60), _Room(15, 1_000, 80, 30), _Room(5, 300, 40, 12))


def adaptive(card: Card, readers: Sequence[str] | None = None) -> Json:
    """The card as Teams draws it, details included, in at most BYTES_MAX bytes.

    Args:
        card: what to show.
        readers: for whom Teams asks for it anew by itself when it is looked at again, as Teams calls them; the first 60
            count. Without anybody, Teams does so if one chooses it in the message's menu; None for never.
    """
    card = card.whole
    anew = {"refresh": _anew(readers[:READERS_MAX], card.language)} if readers is not None else {}
    for room in ROOMS:
        drawn = _drawn(card, room) | anew
        if size(drawn) <= BYTES_MAX:
            return drawn
    return _drawn(Card(card.title, (Text(say(card.language, TOO_BIG)),), card.tone), ROOMS[-1])


def _anew(readers: Sequence[str], language: str) -> Json:
    """What makes Teams ask; the SDK refuses an action without data."""
    action = {"type": "Action.Execute", "title": say(language, "Look again"), "verb": LOOK, "data": {LOOK: "again"}}
    return {"action": action, "userIds": list(readers)}


def size(drawn: Json) -> int:
    """Bytes of a card on its way."""
    return len(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode())


def _drawn(card: Card, room: _Room) -> Json:
    page = _Page(card.language, room, submits=len(card.buttons) == 1)
    page.title(card.title, card.tone)
    page.draw(card.blocks)
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "msteams": {"width": "full"},
        "fallbackText": _harmless(card.title),
        "body": page.body,
    }


@dataclass(slots=True)
class _Page(Drawing):
    """The body of a card in the making.

    Args:
        room: how much is drawn.
        submits: there is one button, so Teams may see to it that every field is filled in before it is pressed.
        body: the elements.
        names: the fields that are there.
        hidden: how many parts wait behind a button.
        buttons: how many there are.
    """

    language: str
    room: _Room
    submits: bool
    body: list[Json] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    hidden: int = 0
    buttons: int = 0

    def title(self, text: str, tone: Tone) -> None:
        """The only text that Teams parses, because only a TextBlock can be a heading; it is made harmless."""
        heading = {"type": "TextBlock", "text": _harmless(text), "style": "heading", "size": "Large", "wrap": True}
        color = "Attention" if tone == "bad" else "Default"  # Teams' green and yellow can hardly be read on white
        self.body.append({**heading, "weight": "Bolder", "color": color})

    def paragraph(self, text: str, **looks: object) -> None:
        self.body.append(_text(cut(plain(text), self.room.letters), **looks))

    def note(self, text: str) -> None:
        """A small line, such as where a figure comes from or that something was cut."""
        self.paragraph(text, size="Small", isSubtle=True)

    def caption(self, text: str) -> None:
        if line(text):
            self.paragraph(line(text), weight="Bolder")

    def draw(self, blocks: Iterable[Block]) -> None:
        left = self.room.blocks
        missing = 0
        for buttons, group in groupby(blocks, lambda block: isinstance(block, Button)):
            if buttons:
                self.row([block for block in group if isinstance(block, Button)])
                continue
            for block in group:
                vital = isinstance(block, Input)
                missing += not vital and left <= 0
                if vital or left > 0:
                    self.one(block)
                    left -= not vital
        self.missing("{n} more part does not fit here.", "{n} more parts do not fit here.", missing)

    @property
    def letters_max(self) -> int:
        return self.room.letters

    def file(self, block: File) -> None:
        # Teams lets a bot send no file to a channel; who needs it has the same from the command line.
        if not block.is_here:
            self.remark("{name}: python -m bot export writes it.", name=line(block.name))
            return
        self.caption(block.name)
        lines = text_of(block).lstrip(BYTE_ORDER_MARK).splitlines()
        shown, left = [], self.room.letters
        for each in lines:
            left -= len(each) + 1
            if left < 0:
                break
            shown.append(each)
        self.body.append(_text("\n".join(shown) or EMPTY, fontType="Monospace"))
        self.missing("{n} more row is not shown.", "{n} more rows are not shown.", len(lines) - len(shown))

    def heading(self, block: Heading) -> None:
        drawn = _text(cut(line(block.text), TITLE_MAX) or EMPTY, weight="Bolder", size="Medium")
        self.body.append(drawn | {"separator": True, "spacing": "Large"})

    def facts(self, block: Facts) -> None:
        shown = block.facts[: self.room.rows]
        if shown:
            rows = [[_text(self.cell(name), isSubtle=True), _text(self.cell(value))] for name, value in shown]
            self.body.append(_table(rows, [{"width": 1}, {"width": 2}], heads=False))
        self.missing("{n} more line is not shown.", "{n} more lines are not shown.", len(block.facts) - len(shown))

    def gauge(self, block: Gauge) -> None:
        used = min(FULL, max(0, (block.permille + 5) // 10))
        dial = {"color": DIALS[block.tone], "size": used, "legend": say(self.language, "used")}
        rest = {"color": "neutral", "size": FULL - used, "legend": say(self.language, "left")}
        words = f"{line(block.label)}: {line(block.caption)}"
        self.caption(block.label)
        self.body.append(
            {
                "type": "Chart.Gauge",
                "value": used,
                "min": 0,
                "max": FULL,
                "segments": [part for part in (dial, rest) if part["size"]],
                "valueFormat": "Percentage",
                "showLegend": False,
                "showMinMax": False,
                "maxWidth": "300px",
                "fallback": _text(cut(words, self.room.letters)),
            }
        )
        self.paragraph(line(block.caption) or EMPTY)

    def table(self, block: Table) -> None:
        self.caption(block.caption)
        wide = min(len(block.columns), COLUMNS_MAX)
        if not wide:
            return
        shown = [
            [self.cell(row[n] if n < len(row) else "") for n in range(wide)] for row in block.rows[: self.room.rows]
        ]
        heads = [self.cell(column) for column in block.columns[:wide]]
        sides = block.align.ljust(wide, "l")
        columns = [
            {"width": _width(column), "horizontalCellContentAlignment": "Right" if side == "r" else "Left"}
            for column, side in zip(zip(heads, *shown, strict=True), sides, strict=False)
        ]
        rows = [[_text(head, weight="Bolder") for head in heads], *([_text(cell) for cell in row] for row in shown)]
        self.body.append(_table(rows, columns, heads=True))
        self.missing("{n} more row is not shown.", "{n} more rows are not shown.", len(block.rows) - len(shown))
        self.missing("{n} more column is not shown.", "{n} more columns are not shown.", len(block.columns) - wide)

    def cell(self, text: str) -> str:
        return cut(line(text), self.room.cell) or EMPTY

    def chart(self, block: Chart) -> None:
        """The picture, its finding in a sentence, and its numbers in a table that a press opens."""
        drawn = _chart(block, self.room.rows)
        if drawn is not None:
            self.body.append(drawn)
        else:
            self.caption(block.title)
        self.paragraph(plain(block.alt).strip() or EMPTY, isSubtle=True)
        if drawn is not None and len(block.categories) > self.room.rows:
            self.remark("Drawn: the last {n} of {all}.", n=self.room.rows, all=len(block.categories))
        if block.limit is not None:
            self.remark("Limit: {limit}.", limit=amount(block.limit, block.unit, block.locale))
        if drawn is not None:
            self.numbers(block)

    def numbers(self, block: Chart) -> None:
        name = f"numbers-{self.hidden}"
        self.hidden += 1
        inside = _Page(self.language, self.room, submits=False)
        inside.table(numbers(block))
        toggle = {"type": "Action.ToggleVisibility", "title": say(self.language, "Numbers"), "targetElements": [name]}
        self.body.append({"type": "ActionSet", "actions": [toggle]})
        self.body.append({"type": "Container", "id": name, "isVisible": False, "items": inside.body})

    def row(self, buttons: Sequence[Button]) -> None:
        """Buttons that stand together."""
        fitting = [button for button in buttons if _fits(button.says, SAYS_MAX)][: BUTTONS_MAX - self.buttons]
        for start in range(0, len(fitting), BUTTONS_IN_ROW):
            some = fitting[start : start + BUTTONS_IN_ROW]
            self.body.append({"type": "ActionSet", "actions": [_button(button) for button in some]})
        self.buttons += len(fitting)
        self.missing(
            "{n} button does not fit here. Say it in words instead.",
            "{n} buttons do not fit here. Say it in words instead.",
            len(buttons) - len(fitting),
        )

    def input(self, block: Input) -> None:
        if block.form == "file":  # no card of Teams takes one; a message does
            self.remark("{label}: send the file to me in this chat.", label=line(block.label))
            return
        name = (NUMBER if block.form == "number" else FIELD) + plain(block.name)
        if name in self.names:
            return
        if len(self.names) == INPUTS_MAX:
            self.remark("There are more fields than fit here. Say it in words instead.")
            return
        self.names.add(name)
        drawn: Json = {"id": name, "label": cut(line(block.label or block.name), HINT_MAX) or EMPTY}
        if self.submits and not block.optional:
            drawn |= {"isRequired": True, "errorMessage": say(self.language, "Please fill this in.")}
        if block.hint:
            drawn["placeholder"] = cut(line(block.hint), HINT_MAX)
        if block.value and block.form not in ("date", "number"):
            drawn["value"] = cut(plain(block.value), self.room.letters)
        self.body.append(drawn | (_choice(block) or _filled(block)))
        if block.form == "choice" and len(block.choices) > CHOICES_MAX:
            self.remark("There are more choices than fit here.")


def _fits(word: str, most: int) -> bool:
    """Whether what a button or a choice sends back fits as it is."""
    return 0 < len(word) <= most and plain(word) == word


def _harmless(text: str) -> str:
    """One line that no reader of Markdown makes a link, a list or bold words of, nor reads a sign by its name."""
    words = cut(line(text), TITLE_MAX).replace("*", STAR).replace("](", f"]{JOINER}(")
    words = _UNDERLINED.sub(LOW_LINE, _ENTITY.sub(f"&{JOINER}", words))
    return _LIST.sub(lambda found: f"{found[0]}{JOINER}", words) or EMPTY


def _text(text: str, **looks: object) -> Json:
    """Words that are not parsed."""
    runs: list[object] = [{"type": "TextRun", "text": text, **looks}] if looks else [text]
    return {"type": "RichTextBlock", "inlines": runs}


def _table(rows: Sequence[Sequence[Json]], columns: Sequence[Json], *, heads: bool) -> Json:
    cells = [[{"type": "TableCell", "items": [item]} for item in row] for row in rows]
    return {
        "type": "Table",
        "firstRowAsHeaders": heads,
        "showGridLines": heads,
        "columns": list(columns),
        "rows": [{"type": "TableRow", "cells": row} for row in cells],
    }


def _width(column: Sequence[str]) -> int:
    """The weight of a column: the letters of its longest cell, within bounds."""
    return min(WIDTH_MAX, max(WIDTH_MIN, *map(len, column)))


def _button(button: Button) -> Json:
    """A button. One that asks back opens the question below itself, with the button that says it."""
    says = {
        "type": "Action.Execute",
        "title": cut(line(button.label), LABEL_MAX) or EMPTY,
        "verb": SAY,
        "data": {SAY: button.says},
        "style": STYLES[button.style],
    }
    if not button.confirm:
        return says
    question = [_text(cut(plain(button.confirm).strip(), HINT_MAX) or EMPTY), {"type": "ActionSet", "actions": [says]}]
    card = {"type": "AdaptiveCard", "version": "1.5", "body": question}
    return {"type": "Action.ShowCard", "title": says["title"], "style": says["style"], "card": card}


def _filled(block: Input) -> Json:
    """A field to write in, to choose a day, or for a number."""
    given = {"value": block.value, "min": block.least, "max": block.most}
    match block.form:
        case "date":
            return {"type": "Input.Date", **{key: date_of(value) for key, value in given.items() if date_of(value)}}
        case "number":
            numbers = {key: decimal_of(value) for key, value in given.items()}
            return {"type": "Input.Number", **{key: float(value) for key, value in numbers.items() if value}}
        case _:
            return {"type": "Input.Text", "isMultiline": block.form == "long"}


def _choice(block: Input) -> Json | None:
    """A list to choose from, or None if there is nothing in it. A value is never cut: it would be another choice."""
    if block.form != "choice" or not block.choices:
        return None
    choices = {
        value: cut(line(label), LABEL_MAX) or value
        for value, label in reversed(block.choices)
        if _fits(value, HINT_MAX)
    }
    shown = list(reversed(choices.items()))[:CHOICES_MAX]
    return {"type": "Input.ChoiceSet", "choices": [{"title": title, "value": value} for value, title in shown]}


def _chart(chart: Chart, marks: int) -> Json | None:
    """The chart as Teams draws it, or None for one that it cannot draw."""
    if not _drawable(chart):
        return None
    names = [cut(line(each), LABEL_MAX) or EMPTY for each in chart.categories]
    first = max(0, len(names) - marks)
    named = [(cut(line(each.name), LABEL_MAX) or EMPTY, _points(each, names)[first:]) for each in chart.series]
    looks: Json = {"title": cut(line(chart.title), LABEL_MAX), "fallback": _text(cut(line(chart.title), LABEL_MAX))}
    if line(chart.unit):
        looks["yAxisTitle"] = cut(line(chart.unit), LABEL_MAX)
    match chart.form:
        case "bar":
            return {"type": "Chart.VerticalBar", "data": named[0][1], **looks}
        case "stack":
            data = [{"legend": name, "values": points} for name, points in named]
            return {"type": "Chart.VerticalBar.Grouped", "stacked": True, "data": data, **looks}
        case "line":
            data = [{"legend": name, "values": points} for name, points in named]
            return {"type": "Chart.Line", "data": data, **looks}


def _points(series: Series, names: Sequence[str]) -> list[Json]:
    return [{"x": name, "y": value} for name, value in zip(names, series.values, strict=False)]


def _drawable(chart: Chart) -> bool:
    if not chart.categories or not 0 < len(chart.series) <= (1 if chart.form == "bar" else SERIES_MAX):
        return False
    return all(has_its_values(one, chart) and all(map(math.isfinite, one.values)) for one in chart.series)
