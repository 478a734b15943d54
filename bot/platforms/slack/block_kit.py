"""Card -> Block Kit. Slack's limits live in this file and nowhere else.

Long data is cut, with an ellipsis and a line that says so; it is never an error. Only a button is left out rather than
cut, because half a sentence would say something else. Sources: the Block Kit reference of docs.slack.dev (2026), with
the pages of the table block (10,000 characters in all) and of the data_visualization block (six series, to be safe).
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, assert_never

from bot.charts.axis import amount, has_its_values
from bot.platforms.renderer import Drawing
from bot.platforms.slack.mrkdwn import escaped, literal
from bot.platforms.text import cells, cut, date_of, decimal_of, filled, first_units, line, plain, units
from handlers.card import Block, Button, Card, Chart, Facts, File, Gauge, Heading, Input, Series, Table, Text
from handlers.language import say
from handlers.place import Place

Json = dict[str, Any]
Surface = Literal["message", "modal", "home"]

TEXT_MAX = 4_000
BLOCKS_MAX: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
HEADER_MAX = 150
SECTION_MAX = 3_000
FIELDS_MAX, FIELD_MAX = 10, 2_000
MARKUP_MAX = 10**9
BUTTONS_MAX, LABEL_MAX, SAYS_MAX = 25, 75, 2_000
CONFIRM_TITLE_MAX, CONFIRM_TEXT_MAX, CONFIRM_BUTTON_MAX = 100, 300, 30
TABLE_ROWS_MAX, TABLE_COLUMNS_MAX, TABLE_TEXT_MAX, CELL_MAX = 100, 20, 10_000, 400
CHARTS_MAX, SERIES_MAX, CATEGORIES_MAX, CHART_TITLE_MAX, CHART_LABEL_MAX, AXIS_LABEL_MAX = 2, 6, 20, 50, 20, 50
INPUT_LABEL_MAX, INPUT_HINT_MAX, INPUT_VALUE_MAX = 2_000, 2_000, 3_000
OPTIONS_MAX, OPTION_LABEL_MAX, OPTION_VALUE_MAX = 100, 75, 150
VIEW_TITLE_MAX, METADATA_MAX = 24, 3_000
FAULT_MAX = 300
ALT_MAX = 2_000
ID_MAX = 255

SAY = "say"
"""What the action_id of every button and the callback_id of every form begins with."""

FIELD = "in:"
"""What the action_id of every field begins with; the field's name follows."""

NO_PICTURES: Mapping[Chart, str] = MappingProxyType({})
BAR_CELLS = 20
PERMILLE = 1_000
EMPTY = "\N{EN DASH}"
STAR = "\N{ASTERISK OPERATOR}"  # looks the same and ends no bold
VITAL = frozenset({"actions", "input"})


def message(card: Card, *, native: bool = True, pictures: Mapping[Chart, str] = NO_PICTURES) -> Json:
    """The card as a message: `text` for notifications and screen readers, `blocks` for the eye.

    Args:
        card: what to show.
        native: draw tables and charts as Slack's own blocks; without, as text, for where Slack refuses those.
        pictures: Slack's ids of the pictures of charts that were uploaded; the other charts are drawn by Slack.
    """
    page = _Page("message", card.language, native, pictures)
    page.title(card.title)
    page.draw(card.blocks)
    return {"text": fallback(card), "blocks": page.fitted()}


def modal(card: Card, place: Place, *, native: bool = True) -> Json:
    """The card as a modal view. With inputs it is a form, and the first button is what sends it.

    Args:
        card: what to show.
        place: where the conversation is; it travels along in `private_metadata`.
        native: as for `message`.
    """
    page = _Page("modal", card.language, native)
    title = line(card.title)
    if units(title) > VIEW_TITLE_MAX:
        page.title(title)
    submit = _submit(card, place)
    if card.inputs and submit is None:
        page.remark("This form does not fit here. Say it in words instead.")
    page.draw(block for block in card.blocks if not (block is submit or (submit is None and isinstance(block, Input))))
    if not page.blocks:
        page.title(title)
    view = {
        "type": "modal",
        "callback_id": SAY,
        "title": _plain_text(title, VIEW_TITLE_MAX),
        "close": _plain_text(say(card.language, "Close"), VIEW_TITLE_MAX),
        "private_metadata": _metadata(submit.says if submit else "", place),
        "blocks": page.fitted(),
    }
    if submit:
        view["submit"] = _plain_text(submit.label, VIEW_TITLE_MAX)
    return view


def home(card: Card, *, native: bool = True) -> Json:
    """The card as the app's Home tab."""
    page = _Page("home", card.language, native)
    page.title(card.title)
    page.draw(card.blocks)
    return {"type": "home", "blocks": page.fitted()}


def fallback(card: Card) -> str:
    """The card's words and figures in at most 4,000 characters, escaped for the top-level `text` of a message."""
    said = "\n".join([line(card.title), *_said(card.blocks)])
    return escaped(literal(first_units(plain(said), TEXT_MAX)), TEXT_MAX) or EMPTY


def fault(card: Card) -> str:
    """What to write at the field that is at fault, in plain words."""
    words = [card.title, *(block.text for block in card.blocks if isinstance(block, Text) and not block.quiet)]
    return cut(line(" ".join(words)), FAULT_MAX) or EMPTY


def origin(metadata: str) -> tuple[str, Place] | None:
    """The sentence that a view sends and the place it came from; None for metadata that is not ours."""
    try:
        kept = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    match kept:
        case [str(says), str(id), bool(public), str(thread)] if f"{id}{thread}".isprintable():
            return plain(says), Place("slack", id, public, thread)
        case _:
            return None


def _metadata(says: str, place: Place) -> str:
    return json.dumps([says, place.id, place.public, place.thread], ensure_ascii=False)


def _submit(card: Card, place: Place) -> Button | None:
    """The button that sends the form, if its sentence fits."""
    first = card.buttons[0] if card.inputs and card.buttons else None
    if first is None or units(first.says) > SAYS_MAX or units(_metadata(first.says, place)) > METADATA_MAX:
        return None
    return first


@dataclass(slots=True)
class _Page(Drawing):
    """Blocks in the making, and how much of what Slack allows once is used up."""

    surface: Surface
    language: str
    native: bool
    pictures: Mapping[Chart, str] = field(default_factory=dict)
    blocks: list[Json] = field(default_factory=list)
    tables: int = 0
    charts: int = 0
    buttons: int = 0
    names: set[str] = field(default_factory=set)

    def title(self, text: str) -> None:
        self.blocks.append({"type": "header", "text": _plain_text(line(text), HEADER_MAX)})

    def note(self, text: str) -> None:
        """A small line, such as where a figure comes from or that something was cut."""
        self.blocks.append({"type": "context", "elements": [_plain_text(text, SECTION_MAX)]})

    def paragraph(self, text: str) -> None:
        self.blocks.append({"type": "section", "text": _plain_text(text, SECTION_MAX)})

    def preformatted(self, text: str) -> None:
        """Text in columns. A rich_text element is not parsed, so nothing in it can become markup."""
        element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
        self.blocks.append({"type": "rich_text", "elements": [element]})

    def draw(self, blocks: Iterable[Block]) -> None:
        row: list[Button] = []
        for block in blocks:
            if isinstance(block, Button):
                row.append(block)
                continue
            if row:
                self.row(row)
                row = []
            self.one(block)
        if row:
            self.row(row)

    @property
    def letters_max(self) -> int:
        return SECTION_MAX

    def file(self, block: File) -> None:
        self.remark("File: {name}", name=line(block.name))

    def heading(self, block: Heading) -> None:
        if self.blocks:
            self.blocks.append({"type": "divider"})
        self.title(block.text)

    def facts(self, block: Facts) -> None:
        for start in range(0, len(block.facts), FIELDS_MAX):
            some = block.facts[start : start + FIELDS_MAX]
            self.blocks.append({"type": "section", "fields": [_mrkdwn(_fact(*fact), FIELD_MAX) for fact in some]})
        if any(units(escaped(_fact(*fact), MARKUP_MAX)) > FIELD_MAX for fact in block.facts if _long(fact)):
            self.remark("A value was longer; the rest is not shown.")

    def gauge(self, block: Gauge) -> None:
        full = min(BAR_CELLS, block.permille * BAR_CELLS // PERMILLE)
        bar = "█" * full + "░" * (BAR_CELLS - full)
        self.paragraph(f"{line(block.label)}\n{bar}\n{line(block.caption)}")

    def table(self, block: Table) -> None:
        grid = _Grid.of(block)
        if block.caption:
            self.blocks.append({"type": "section", "text": _mrkdwn(_bold(block.caption), SECTION_MAX)})
        if not block.columns:
            return
        if self.native and self.surface == "message" and self.tables == 0:
            self.tables += 1
            missing = self.table_block(grid, block.align)
        else:
            missing = self.table_text(grid, block.align)
        self.missing("{n} more row is not shown.", "{n} more rows are not shown.", missing)
        self.missing("{n} more column is not shown.", "{n} more columns are not shown.", grid.columns_missing)

    def table_block(self, grid: "_Grid", align: str) -> int:
        """Draw as many rows as fit into a table block; return how many do not."""
        left = TABLE_TEXT_MAX
        rows: list[list[Json]] = []
        for row in grid.rows:
            left -= sum(map(units, row))
            if left < 0:
                break
            rows.append([{"type": "raw_text", "text": cell} for cell in row])
        sides = [{"align": "right" if side == "r" else "left"} for side in align[: len(grid.rows[0])]]
        self.blocks.append({"type": "table", "rows": rows, **({"column_settings": sides} if sides else {})})
        return grid.rows_all - len(rows)

    def table_text(self, grid: "_Grid", align: str) -> int:
        """Draw as many rows as fit into one text; return how many do not."""
        widths = [max(map(cells, column)) for column in zip(*grid.rows, strict=True)]
        lines: list[str] = []
        left = SECTION_MAX
        for row in grid.rows:
            columns = zip(row, widths, align.ljust(len(row), "l"), strict=False)
            drawn = "  ".join(filled(cell, width, side) for cell, width, side in columns)
            left -= units(drawn) + 1
            if left < 0:
                break
            lines.append(drawn.rstrip())
        self.preformatted("\n".join(lines) or cut("  ".join(grid.rows[0]), SECTION_MAX))
        return grid.rows_all - max(1, len(lines))

    def chart(self, block: Chart) -> None:
        if block in self.pictures:
            alt = cut(line(f"{block.title}. {block.alt}"), ALT_MAX)
            self.blocks.append({"type": "image", "slack_file": {"id": self.pictures[block]}, "alt_text": alt})
            return
        drawn = _chart(block) if self.native and self.surface != "modal" and self.charts < CHARTS_MAX else None
        if drawn is None:
            self.paragraph(f"{line(block.title)}\n{plain(block.alt)}".strip() or EMPTY)
        else:
            self.charts += 1
            self.blocks.append(drawn)
            if block.alt.strip():
                self.note(block.alt)
            if len(block.categories) > CATEGORIES_MAX:
                self.remark("Drawn: the last {n} of {all}.", n=CATEGORIES_MAX, all=len(block.categories))
        if block.limit is not None:
            self.remark("Limit: {limit}.", limit=amount(block.limit, block.unit, block.locale))

    def row(self, buttons: Sequence[Button]) -> None:
        """Buttons that stand together."""
        fitting = [button for button in buttons if units(button.says) <= SAYS_MAX]
        for start in range(0, len(fitting), BUTTONS_MAX):
            elements = [self.button(button) for button in fitting[start : start + BUTTONS_MAX]]
            self.blocks.append({"type": "actions", "elements": elements})
        for button in buttons:
            if units(button.says) > SAYS_MAX:
                self.remark("The button “{label}” says more than fits here.", label=cut(line(button.label), LABEL_MAX))

    def button(self, button: Button) -> Json:
        label = _plain_text(button.label, LABEL_MAX)
        element = {"type": "button", "action_id": f"{SAY}-{self.buttons}", "text": label, "value": button.says}
        self.buttons += 1
        if not button.says:
            del element["value"]
        if button.style != "plain":
            element["style"] = button.style
        if button.confirm:
            element["confirm"] = {
                "title": _plain_text(button.label, CONFIRM_TITLE_MAX),
                "text": _plain_text(button.confirm, CONFIRM_TEXT_MAX),
                "confirm": _plain_text(button.label, CONFIRM_BUTTON_MAX),
                "deny": _plain_text(say(self.language, "Back"), CONFIRM_BUTTON_MAX),
            }
        return element

    def input(self, block: Input) -> None:
        action = first_units(FIELD + block.name, ID_MAX)
        if action in self.names:
            return
        self.names.add(action)
        if block.form == "file" and self.surface != "modal":  # Slack takes one in a modal only
            self.remark("{label}: send the file to me in a direct message.", label=line(block.label))
            return
        drawn = {
            "type": "input",
            "block_id": action,
            "label": _plain_text(block.label or block.name, INPUT_LABEL_MAX),
            "element": _element(block, action),
            "optional": block.optional,
        }
        if block.hint:
            drawn["hint"] = _plain_text(block.hint, INPUT_HINT_MAX)
        self.blocks.append(drawn)
        if block.form == "choice" and len(_options(block)) < len(block.choices):
            self.remark("There are more choices than fit here.")

    def fitted(self) -> list[Json]:
        """The blocks, without those of the end that are too many; what can be pressed or filled in stays."""
        most = BLOCKS_MAX[self.surface]
        if len(self.blocks) <= most:
            return self.blocks
        room = most - 1 - sum(block["type"] in VITAL for block in self.blocks)
        kept: list[Json] = []
        for block in self.blocks:
            vital = block["type"] in VITAL
            if (vital or room > 0) and len(kept) < most - 1:
                kept.append(block)
                room -= not vital
        missing = len(self.blocks) - len(kept)
        self.blocks = kept
        self.missing("{n} more part does not fit here.", "{n} more parts do not fit here.", missing)
        return kept


@dataclass(frozen=True, slots=True)
class _Grid:
    """The first cells of a table, the heads in the first row, all rows equally long and no cell empty.

    Args:
        rows: at most as many rows and columns as Slack takes.
        rows_all: how many rows there were, with the heads.
        columns_missing: how many columns are left out.
    """

    rows: list[list[str]]
    rows_all: int
    columns_missing: int

    @classmethod
    def of(cls, table: Table) -> "_Grid":
        wide = min(len(table.columns), TABLE_COLUMNS_MAX)
        shown = (table.columns, *table.rows[: TABLE_ROWS_MAX - 1])
        rows = [[_cell(row[n] if n < len(row) else "") for n in range(wide)] for row in shown]
        return cls(rows, 1 + len(table.rows), len(table.columns) - wide)


def _cell(text: str) -> str:
    return cut(line(text), CELL_MAX) or EMPTY


def _plain_text(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": cut(plain(text).strip(), most) or EMPTY, "emoji": False}


def _mrkdwn(text: str, most: int) -> Json:
    return {"type": "mrkdwn", "text": escaped(text, most), "verbatim": True}


def _bold(text: str) -> str:
    return f"*{literal(line(text)).replace('*', STAR) or EMPTY}*"


def _fact(name: str, value: str) -> str:
    return f"{_bold(name)}\n{literal(plain(value)).strip() or EMPTY}"


def _long(fact: tuple[str, str]) -> bool:
    """Whether a fact may be too long once it is escaped, when an ampersand takes five characters."""
    return 5 * (len(fact[0]) + len(fact[1]) + 3) > FIELD_MAX


def _chart(chart: Chart) -> Json | None:
    """The chart as Slack draws it, or None if Slack cannot. A stack becomes groups of bars: Slack has no stacks."""
    start = max(0, len(chart.categories) - CATEGORIES_MAX)
    categories = [cut(line(each), CHART_LABEL_MAX) for each in chart.categories[start:]]
    names = [cut(line(each.name), CHART_LABEL_MAX) for each in chart.series[:SERIES_MAX]]
    if not all(categories) or not all(names) or len(chart.series) > SERIES_MAX:
        return None
    if not categories or not names or len({*categories}) < len(categories) or len({*names}) < len(names):
        return None
    if any(not _drawable(series, chart) for series in chart.series):
        return None
    series = [
        {"name": name, "data": [{"label": c, "value": v} for c, v in zip(categories, values[start:], strict=True)]}
        for name, values in zip(names, (_whole(each, chart) for each in chart.series), strict=True)
    ]
    axes: Json = {"categories": categories}
    if line(chart.unit):
        axes["y_label"] = cut(line(chart.unit), AXIS_LABEL_MAX)
    return {
        "type": "data_visualization",
        "title": cut(line(chart.title), CHART_TITLE_MAX) or EMPTY,
        "chart": {"type": "line" if chart.form == "line" else "bar", "series": series, "axis_config": axes},
    }


def _drawable(series: Series, chart: Chart) -> bool:
    return has_its_values(series, chart) and all(map(math.isfinite, series.values))


def _whole(series: Series, chart: Chart) -> tuple[float, ...]:
    """A value for each category, as Slack asks for: a line that ends before the last lies flat from there on."""
    return series.values + series.values[-1:] * (len(chart.categories) - len(series.values))


FILE_TYPES = ["pdf", "png", "jpg", "jpeg", "heic"]
"""What the client offers; what is in a file is looked at when it comes."""


def _element(block: Input, action: str) -> Json:
    """What is filled in."""
    options = _options(block) if block.form == "choice" else []
    if options:
        return _choice(block, action, options)
    match block.form:
        case "date":
            first = date_of(block.value)
            return {"type": "datepicker", "action_id": action, **({"initial_date": first} if first else {})}
        case "number":
            given = {"initial_value": block.value, "min_value": block.least, "max_value": block.most}
            bounds = {key: decimal_of(value) for key, value in given.items() if decimal_of(value)}
            return {"type": "number_input", "action_id": action, "is_decimal_allowed": True, **bounds}
        case "file":
            return {"type": "file_input", "action_id": action, "filetypes": FILE_TYPES, "max_files": 3}
        case _:
            return _line_of_text(block, action)


def _choice(block: Input, action: str, options: list[Json]) -> Json:
    element: Json = {"type": "static_select", "action_id": action, "options": options}
    chosen = [option for option in options if option["value"] == block.value]
    if chosen:
        element["initial_option"] = chosen[0]
    return element


def _options(block: Input) -> list[Json]:
    """The choices that fit, each value once. A value is never cut: it would be another choice."""
    labels = {value: label for value, label in reversed(block.choices) if 0 < units(value) <= OPTION_VALUE_MAX}
    fitting = list(reversed(labels.items()))[:OPTIONS_MAX]
    return [{"text": _plain_text(label or value, OPTION_LABEL_MAX), "value": value} for value, label in fitting]


def _line_of_text(block: Input, action: str) -> Json:
    element: Json = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": block.form == "long",
        "max_length": INPUT_VALUE_MAX,
    }
    if block.value:
        element["initial_value"] = cut(plain(block.value), INPUT_VALUE_MAX)
    return element


def _said(blocks: Iterable[Block]) -> Iterator[str]:
    """The blocks in words, a line for each thing said."""
    for block in blocks:
        match block:
            case Text() | Heading():
                yield block.text
            case Facts():
                yield from (f"{name}: {value}" for name, value in block.facts)
            case Gauge():
                yield f"{block.label}: {block.caption}"
            case Table():
                yield block.caption
                yield from (" | ".join(row) for row in (block.columns, *block.rows[:TABLE_ROWS_MAX]))
            case Chart():
                yield f"{block.title}: {block.alt}"
            case Input():
                yield f"{block.label}: {block.value}" if block.value else block.label
            case File():
                yield block.name
            case Button():
                pass
            case _:
                assert_never(block)
