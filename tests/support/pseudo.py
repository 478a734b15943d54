"""A language that nobody speaks: every text of the code in marks, so that what escapes the catalogs can be seen.

It is made here and committed nowhere. It takes the place of Japanese, whose dates and amounts have no Latin letters.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot.platforms.slack.block_kit import message, modal
from bot.platforms.teams.adaptive_cards import adaptive
from bot.platforms.web.html import render
from handlers.card import Block, Button, Card, Chart, File, Input
from handlers.place import Place
from tests.support.messages import template

LANGUAGE, LOCALE = "ja", "ja_JP"
OPENS, CLOSES = "⟦", "⟧"
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+")
SHOWN = frozenset(
    {"text", "title", "label", "placeholder", "errorMessage", "legend", "alt_text", "altText", "fallbackText", "name"}
)
"""The keys of Slack's and Teams' JSON whose values people read."""
HTML_SHOWN = ("alt", "title", "placeholder", "aria-label", "aria-valuetext", "data-label", "data-confirm")


def write_catalog(folder: Path) -> None:
    """Put the language into a folder of catalogs."""
    catalog = Catalog(locale=LANGUAGE, project="Bursar", fuzzy=False)
    for each in template():
        if not each.id:
            continue
        one = each.id if isinstance(each.id, str) else each.id[-1]
        said = f"{OPENS}{one}{CLOSES}"
        catalog.add(each.id, said if isinstance(each.id, str) else (said,))
    out = BytesIO()
    write_po(out, catalog)
    (folder / f"{LANGUAGE}.po").write_bytes(out.getvalue())


def escaped(text: str, values: Iterable[str]) -> list[str]:
    """The words of a text that stand outside the marks and are no values, such as names."""
    depth, outside = 0, []
    for letter in text:
        depth += letter == OPENS
        outside.append(" " if depth else letter)
        depth -= letter == CLOSES
    left = "".join(outside)
    for each in sorted(values, key=len, reverse=True):
        left = re.sub(rf"(?<![A-Za-z]){re.escape(each)}(?![A-Za-z])", " ", left, flags=re.IGNORECASE)
    return LATIN.findall(left)


def texts_of(card: Card) -> Iterator[str]:
    """Every text of a card that people read, whoever draws it."""
    yield card.title
    for block in (*card.blocks, *card.thread):
        yield from _texts(block)


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Button():
            yield from (block.label, block.confirm)
        case File():
            return
        case Input():
            yield from (block.label, block.hint, *(label for _, label in block.choices))
        case Chart():
            yield from (block.title, block.alt, block.unit, *block.categories, *(each.name for each in block.series))
        case _:
            yield from _strings([getattr(block, each.name) for each in fields(block) if each.name not in HIDDEN])


HIDDEN = frozenset({"kind", "tone", "align"})


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _strings(each)
    elif is_dataclass(value):
        yield from _strings([getattr(value, each.name) for each in fields(value)])


def drawn(card: Card) -> Iterator[str]:
    """Every text that people read of a card as Slack, Teams and the web page draw it."""
    whole = card.whole
    yield from _shown(message(whole, native=True))
    yield from _shown(message(whole, native=False))
    yield from _shown(modal(whole, Place("slack", "D1")))
    yield from _shown(adaptive(card))
    page = _Page()
    page.feed(str(render(whole, "k")))
    yield from page.texts


def _shown(drawn_: object, key: str = "") -> Iterator[str]:
    if isinstance(drawn_, dict):
        for name, value in drawn_.items():
            yield from _shown(value, name)
    elif isinstance(drawn_, list):
        for each in drawn_:
            yield from _shown(each, key or "text")
    elif isinstance(drawn_, str) and key in SHOWN | {"inlines"}:
        yield drawn_


class _Page(HTMLParser):
    """What a reader of a page sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag if tag in ("script", "style") else ""
        self.texts += [value for name, value in attrs if name in HTML_SHOWN and value]

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.texts.append(data)


def texts_of_page(html: str) -> list[str]:
    """What a reader of a page sees or hears."""
    page = _Page()
    page.feed(html)
    return page.texts


def as_json(value: object) -> str:
    """For a message of a failed test."""
    return json.dumps(value, ensure_ascii=False, indent=1)
