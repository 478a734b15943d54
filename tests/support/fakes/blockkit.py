"""Refuses the blocks and views that Slack refuses. Written apart from the renderer, from Slack's reference pages.

Every limit is written down here a second time, so that a slip of the pen in the renderer shows.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Literal

Json = dict[str, Any]
Surface = Literal["message", "modal", "home"]

BLOCKS_MAX = {"message": 50, "modal": 100, "home": 100}
SURFACES = {
    "header": {"message", "modal", "home"},
    "section": {"message", "modal", "home"},
    "context": {"message", "modal", "home"},
    "divider": {"message", "modal", "home"},
    "actions": {"message", "modal", "home"},
    "input": {"message", "modal", "home"},
    "rich_text": {"message", "modal", "home"},
    "table": {"message"},
    "data_visualization": {"message", "home"},
    "image": {"message", "modal", "home"},
}
KEYS = {
    "header": {"type", "block_id", "text"},
    "section": {"type", "block_id", "text", "fields", "accessory"},
    "context": {"type", "block_id", "elements"},
    "divider": {"type", "block_id"},
    "actions": {"type", "block_id", "elements"},
    "input": {"type", "block_id", "label", "element", "hint", "optional", "dispatch_action"},
    "rich_text": {"type", "block_id", "elements"},
    "table": {"type", "block_id", "rows", "column_settings"},
    "data_visualization": {"type", "block_id", "title", "chart"},
    "image": {"type", "block_id", "slack_file", "image_url", "alt_text", "title"},
}


def units(text: str) -> int:
    """How Slack counts a text: in UTF-16, where most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def faults_of_message(message: Json) -> list[str]:
    """What Slack would refuse in the text and blocks of a message."""
    blocks = message.get("blocks", [])
    found = list(_blocks(blocks, "message"))
    if not isinstance(message.get("text", ""), str) or units(message.get("text", "")) > 4_000:
        found.append("text: longer than 4,000 characters")
    if not blocks and not message.get("text"):
        found.append("no_text")
    return found


def faults_of_view(view: Json) -> list[str]:
    """What Slack would refuse in a modal or a Home tab."""
    found: list[str] = []
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        return [f"view: unknown type {kind}"]
    if len(json.dumps(view)) > 250_000:
        found.append("view_too_large")
    if units(view.get("private_metadata", "")) > 3_000:
        found.append("private_metadata: longer than 3,000")
    if len(view.get("callback_id", "")) > 255:
        found.append("callback_id: longer than 255")
    found += _blocks(view.get("blocks", []), kind)
    if not view.get("blocks"):
        found.append("view: no blocks")
    if kind == "modal":
        found += _text(view.get("title"), "title", 24, only="plain_text")
        for key in ("submit", "close"):
            if key in view:
                found += _text(view[key], key, 24, only="plain_text")
        if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
            found.append("submit: required, for the view has inputs")
    known = {"type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "clear_on_close"}
    found += [f"view: unknown key {key}" for key in view if key not in known | {"notify_on_close", "external_id"}]
    return found


def _blocks(blocks: Any, surface: Surface) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield "blocks: not a list"
        return
    if len(blocks) > BLOCKS_MAX[surface]:
        yield f"blocks: {len(blocks)} are too many"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "block_id: used twice"
    for number, block in enumerate(blocks):
        for fault in _block(block, surface):
            yield f"blocks/{number} ({block.get('type')}): {fault}"
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield "only_one_table_allowed"
    if sum(block["type"] == "data_visualization" for block in blocks) > 2:
        yield "more than two charts"


def _block(block: Json, surface: Surface) -> Iterator[str]:
    kind = block.get("type", "")
    if surface not in SURFACES.get(kind, ()):
        yield f"not allowed in a {surface}"
        return
    yield from (f"unknown key {key}" for key in block if key not in KEYS[kind])
    if "block_id" in block and not 1 <= len(block["block_id"]) <= 255:
        yield "block_id: 1 to 255 characters"
    yield from CHECKS[kind](block)


def _text(text: Any, where: str, most: int, *, only: str = "", least: int = 1) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in {"plain_text", "mrkdwn"}:
        yield f"{where}: not a text object"
        return
    if only and text["type"] != only:
        yield f"{where}: must be {only}"
    if not isinstance(text.get("text"), str) or not least <= units(text["text"]) <= most:
        yield f"{where}: must be {least} to {most} characters"
    if "emoji" in text and text["type"] == "mrkdwn":
        yield f"{where}: emoji is for plain_text"
    if "verbatim" in text and text["type"] == "plain_text":
        yield f"{where}: verbatim is for mrkdwn"
    yield from _markup(text)


def _markup(text: Json) -> Iterator[str]:
    """Nothing that we render may hold a control sequence of Slack."""
    if text["type"] == "mrkdwn":
        bare = text["text"].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        if any(sign in bare for sign in "<>&"):
            yield "markup: an unescaped control character"


def _header(block: Json) -> Iterator[str]:
    yield from _text(block.get("text"), "text", 150, only="plain_text")


def _section(block: Json) -> Iterator[str]:
    if "text" in block:
        yield from _text(block["text"], "text", 3_000)
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "text or fields are required"
    if len(fields) > 10:
        yield "fields: at most 10"
    for field in fields:
        yield from _text(field, "fields", 2_000)


def _context(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 10:
        yield "elements: 1 to 10"
    for element in elements:
        yield from _text(element, "elements", 3_000)


def _divider(_block: Json) -> Iterator[str]:
    yield from ()


def _actions(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 25:
        yield "elements: 1 to 25"
    ids = [element.get("action_id") for element in elements]
    if len(ids) != len(set(ids)):
        yield "action_id: used twice"
    for element in elements:
        yield from _element(element)


def _element(element: Json) -> Iterator[str]:
    kind = element.get("type")
    if not 1 <= units(element.get("action_id", "")) <= 255:
        yield "action_id: 1 to 255 characters"
    checks = {
        "button": _button,
        "static_select": _select,
        "plain_text_input": _plain_text_input,
        "datepicker": _datepicker,
        "number_input": _number_input,
        "file_input": _file_input,
    }
    if kind in checks:
        yield from checks[kind](element)
    else:
        yield f"unknown element {kind}"


def _button(element: Json) -> Iterator[str]:
    yield from _text(element.get("text"), "button text", 75, only="plain_text")
    if "value" in element and not 1 <= units(element["value"]) <= 2_000:
        yield "value: 1 to 2,000 characters"
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield "style: primary or danger"
    if "confirm" in element:
        yield from _confirm(element["confirm"])


def _plain_text_input(element: Json) -> Iterator[str]:
    most = element.get("max_length", 3_000)
    if not 1 <= most <= 3_000:
        yield "max_length: 1 to 3,000"
    if units(element.get("initial_value", "")) > most:
        yield "initial_value: longer than max_length"


def _datepicker(element: Json) -> Iterator[str]:
    yield from (f"datepicker: unknown key {key}" for key in element if key not in {"type", "action_id", "initial_date"})
    if "initial_date" in element and not re.fullmatch(r"\d{4}-\d\d-\d\d", element["initial_date"]):
        yield "initial_date: not as 2026-11-30"


def _number_input(element: Json) -> Iterator[str]:
    bounds = ("initial_value", "min_value", "max_value")
    known = {"type", "action_id", "is_decimal_allowed", *bounds}
    yield from (f"number_input: unknown key {key}" for key in element if key not in known)
    if not isinstance(element.get("is_decimal_allowed"), bool):
        yield "is_decimal_allowed: required"
    for key in bounds:
        if key in element and not re.fullmatch(r"-?\d+(\.\d+)?", str(element[key])):
            yield f"{key}: no number, as a text"


def _file_input(element: Json) -> Iterator[str]:
    yield from (f"file_input: unknown key {key}" for key in element if key not in {*FILE_INPUT, "filetypes"})
    if not 1 <= element.get("max_files", 10) <= 10:
        yield "max_files: 1 to 10"


FILE_INPUT = ("type", "action_id", "max_files")


def _confirm(confirm: Json) -> Iterator[str]:
    yield from _text(confirm.get("title"), "confirm title", 100, only="plain_text")
    yield from _text(confirm.get("text"), "confirm text", 300)
    yield from _text(confirm.get("confirm"), "confirm button", 30, only="plain_text")
    yield from _text(confirm.get("deny"), "confirm button", 30, only="plain_text")


def _select(element: Json) -> Iterator[str]:
    options = element.get("options", [])
    if not 1 <= len(options) <= 100:
        yield "options: 1 to 100"
    values = [option.get("value") for option in options]
    if len(values) != len(set(values)):
        yield "options: a value is used twice"
    for option in options:
        yield from _text(option.get("text"), "option", 75)
        if not 1 <= units(option.get("value", "")) <= 150:
            yield "option value: 1 to 150 characters"
    if "initial_option" in element and element["initial_option"] not in options:
        yield "initial_option: not one of the options"


def _input(block: Json) -> Iterator[str]:
    yield from _text(block.get("label"), "label", 2_000, only="plain_text")
    if "hint" in block:
        yield from _text(block["hint"], "hint", 2_000, only="plain_text")
    element = block.get("element", {})
    if element.get("type") == "button":
        yield "element: a button is no input"
    yield from _element(element)


def _rich_text(block: Json) -> Iterator[str]:
    for element in block.get("elements", []):
        if element.get("type") != "rich_text_preformatted":
            yield f"unknown element {element.get('type')}"
        for part in element.get("elements", []):
            if part.get("type") != "text" or not part.get("text"):
                yield "rich text must not be empty"


def _table(block: Json) -> Iterator[str]:
    rows = block.get("rows", [])
    if not 1 <= len(rows) <= 100:
        yield "rows: 1 to 100"
    if any(not 1 <= len(row) <= 20 for row in rows):
        yield "rows: 1 to 20 cells"
    if len({len(row) for row in rows}) > 1:
        yield "rows: of unequal length"
    cells = [cell for row in rows for cell in row]
    if any(set(cell) != {"type", "text"} or cell["type"] != "raw_text" or not cell["text"] for cell in cells):
        yield "cells: raw_text of at least one character"
    if sum(units(cell["text"]) for cell in cells) > 10_000:
        yield "cells: more than 10,000 characters in all"
    settings = block.get("column_settings", [])
    if len(settings) > 20 or any(setting.get("align") not in {"left", "center", "right"} for setting in settings):
        yield "column_settings"


def _data_visualization(block: Json) -> Iterator[str]:
    if not 1 <= units(block.get("title", "")) <= 50:
        yield "title: 1 to 50 characters"
    chart = block.get("chart", {})
    if chart.get("type") not in {"bar", "line", "area"}:
        yield f"chart: unknown type {chart.get('type')}"
    axes = chart.get("axis_config", {})
    categories = axes.get("categories", [])
    if not 1 <= len(categories) <= 20 or len(set(categories)) != len(categories):
        yield "categories: 1 to 20, each once"
    if any(not 1 <= units(category) <= 20 for category in categories):
        yield "categories: 1 to 20 characters"
    if any(not 1 <= units(axes[key]) <= 50 for key in ("x_label", "y_label") if key in axes):
        yield "axis labels: 1 to 50 characters"
    series = chart.get("series", [])
    names = [each.get("name", "") for each in series]
    if not 1 <= len(series) <= 6 or len(set(names)) != len(names) or any(not 1 <= units(name) <= 20 for name in names):
        yield "series: 1 to 6, with names of 1 to 20 characters, each once"
    for each in series:
        if [point.get("label") for point in each.get("data", [])] != categories:
            yield "series: not one point for each category"
        if any(not math.isfinite(point["value"]) for point in each["data"]):
            yield "series: a value that is no number"


def _image(block: Json) -> Iterator[str]:
    if not 1 <= units(block.get("alt_text", "")) <= 2_000:
        yield "alt_text: 1 to 2,000 characters"
    if ("slack_file" in block) == ("image_url" in block):
        yield "one of slack_file and image_url"
    if "slack_file" in block and not block["slack_file"].get("id", "").startswith("F"):
        yield "slack_file: no id of a file"


CHECKS = {
    "image": _image,
    "header": _header,
    "section": _section,
    "context": _context,
    "divider": _divider,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich_text,
    "table": _table,
    "data_visualization": _data_visualization,
}
