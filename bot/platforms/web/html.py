"""Card -> HTML.

Every block has its template, and every template escapes what it is given: whatever a person typed is data. The `match`
below has no default, so a block that is forgotten here fails mypy.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.charts.axis import numbers
from bot.charts.png import HEIGHT_PX, WIDTH_PX, draw
from bot.csv_files import media_type, text_of
from bot.platforms.text import plain
from handlers.card import Block, Button, Card, Chart, Facts, File, Gauge, Heading, Input, Table, Text
from handlers.language import ENGLISH, N_, say

PICTURES_MAX = 64
FULL_PERMILLE = 1000
TONE_WORDS = {"plain": "", "good": N_("Good news"), "warn": N_("Attention"), "bad": N_("Problem")}


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a page wants its cards drawn.

    Args:
        picture: draws a chart; its key is for the ids of elements.
        file: the address of a file that a card names.
        level: of the heading of a card.
        action: where forms are sent to; "" where a script of the page reads them.
        hidden: fields that go along with each form, as names and values.
        link: the address of the page that answers a sentence, "" for one that is ordered by a button.
        confirm: where a button is sent to that wants a second look, with what it says; None where a script asks.
        details: whether those of a card are drawn too, its long tables folded.
    """

    picture: Callable[[Chart, str], Markup]
    file: Callable[[File], str]
    level: int = 3
    action: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    link: Callable[[str], str] = lambda _says: ""
    confirm: Callable[[str], str] | None = None
    details: bool = False


def render(card: Card, key: str, note: str = "", drawing: Drawing | None = None) -> Markup:
    """The HTML of one card, an `article`.

    Args:
        card: what to show.
        key: letters and digits that no other card on the page has; element ids begin with it.
        note: who can see the card or where it came from, in a few words.
        drawing: how the page wants it; a page whose script sends its forms needs none.
    """
    drawn, whose, title = drawing or SCRIPTED, "", card.title
    named = _WHOSE.match(title)
    rest = title[named.end() :] if named else title
    led = _LEAD.match(rest) if not headline(rest) else None
    rest = rest[led.end() :] if led else rest
    if headline(rest):
        whose, title = title[: len(title) - len(rest)], rest
    figure = headline(title)
    body = Markup().join(_rows(card, key, drawn))
    word = say(card.language, TONE_WORDS[card.tone])
    said = {"whose": whose, "figure": figure, "rest": title[len(figure) :], "word": word, "body": body}
    return fill("card.html", card=card, key=key, note=note, drawing=drawn, has_form=_has_form(card, drawn), **said)


def _has_form(card: Card, drawing: Drawing) -> bool:
    """Whether something of a card is sent; else all its buttons are links."""
    return bool(card.inputs) or any(not drawing.link(each.says) for each in card.buttons)


def fill(template: str, language: str = ENGLISH, **values: Any) -> Markup:
    """A template with its values, all of them escaped but those that are Markup already.

    Args:
        template: its name.
        language: in which it says `t("…")`.
        values: by name.
    """
    return filled(TEMPLATES, template, language, values)


def filled(folder: Path, template: str, language: str, values: Mapping[str, Any]) -> Markup:
    """The same of a template in a folder."""
    return Markup(_templates(folder).get_template(template).render({"t": partial(say, language), **values}))  # noqa: S704 - Jinja has escaped the values


TEMPLATES, STATIC = Path(__file__).parent / "templates", Path(__file__).parent / "static"


@cache
def _templates(folder: Path) -> Environment:
    loader = FileSystemLoader(folder)
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )


def _seen(value: object) -> object:
    """What goes into a page, without letters that nobody sees: a mark of direction would show a reason as another."""
    return plain(value) if type(value) is str else value


_FIGURE = re.compile(  # -$1,204.50, CN¥7,000.00 or 1.2M; 38 % or 12 €; and then a space or the end
    r"[-+\N{MINUS SIGN}]?(?:(?:[A-Z]{1,3})?[$€£¥])? ?"
    r"\d[\d,.'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]*[kKMB]?"
    r"(?:[ \N{NO-BREAK SPACE}]?(?:%|€))?(?![^\s,;，；])"
)


_WHOSE = re.compile(r"[^:：]{1,80}(?:: |：\s*)")
"""Of whom a title is, before the number: “Search: $2,264.90 spent this month”."""


_LEAD = re.compile(r"[^\W\d][^\d$€£¥]{0,23}?(?=(?:US|CN|CA|A|HK|NT|R)?[$€£¥]\d)")
"""Words before an amount: “More than $18,609.83 spent this month”, “剩余US$155.15”."""


def headline(title: str) -> str:
    """The number a title begins with, which is drawn large; "" for a title that is words."""
    found = _FIGURE.match(title)
    return found.group().rstrip(",.;") if found else ""


def _rows(card: Card, key: str, drawing: Drawing) -> Iterator[Markup]:
    """The blocks in their order, buttons that follow each other in one row."""
    numbered = enumerate(card.blocks)
    for buttons, group in groupby(numbered, key=lambda pair: isinstance(pair[1], Button)):
        parts = [_block(card, block, f"{key}-{number}", drawing) for number, block in group]
        yield fill("buttons.html", buttons=parts) if buttons else Markup("\n").join(parts)
    if drawing.details:
        for number, block in enumerate(card.thread, len(card.blocks)):
            drawn = _block(card, block, f"{key}-{number}", drawing)
            yield fill("folded.html", caption=block.caption, table=drawn) if isinstance(block, Table) else drawn


def _block(card: Card, block: Block, key: str, drawing: Drawing) -> Markup:
    match block:
        case Text():
            return fill("text.html", text=block)
        case Heading():
            return fill("heading.html", text=block.text, level=drawing.level + 1)
        case Facts():
            return fill("facts.html", facts=block.facts)
        case Gauge():
            return _gauge(block, key)
        case Table():
            return _table(block, key, titled=block.caption == card.title or block in card.thread)
        case Chart():
            return _chart(block, key, card.language, drawing)
        case Button():
            link = "" if card.inputs else drawing.link(block.says)
            return fill("button.html", button=block, link=link, drawing=drawing)
        case Input():
            return fill(
                "input.html", card.language, input=block, key=key, error=card.title if card.fault == block.name else ""
            )
        case File():
            return fill("file.html", file=block, address=drawing.file(block))
        case _:
            assert_never(block)


def _address(file: File) -> str:
    """Where a file is to be had; one that the card brings along is in the address itself."""
    if file.is_here:
        kind = media_type(file).replace(" ", "")
        return f"data:{kind};base64,{b64encode(text_of(file).encode()).decode('ascii')}"
    return f"/files/{quote(file.name)}"


def _gauge(gauge: Gauge, key: str) -> Markup:
    used = max(0, gauge.permille)
    return fill("gauge.html", gauge=gauge, key=key, used=used, full=FULL_PERMILLE, end=max(used, FULL_PERMILLE))


def _table(table: Table, key: str, *, titled: bool = False) -> Markup:
    """A table; where its caption stands above it already, it is only read aloud."""
    sides = [{"r": "number"}.get(letter, "words") for letter in table.align.ljust(len(table.columns), "l")]
    return fill(
        "table.html",
        table=table,
        key=key,
        columns=_paired(table.columns, sides),
        sides=sides,
        paired=_paired,
        titled=titled,
    )


def _paired(cells: Iterable[str], sides: Iterable[str]) -> list[tuple[str, str]]:
    return list(zip(cells, sides, strict=False))


def _chart(chart: Chart, key: str, language: str, drawing: Drawing) -> Markup:
    """The picture, and below it the same numbers as a table."""
    table = _table(replace(numbers(chart), caption=say(language, "{title}: the numbers", title=chart.title)), key)
    return fill("chart.html", language, picture=drawing.picture(chart, key), table=table)


@lru_cache(PICTURES_MAX)
def _picture(chart: Chart) -> Markup:
    """The picture as others will get it, in an address that holds it, so that it needs no place of its own."""
    address = "data:image/png;base64," + b64encode(draw(chart)).decode("ascii")
    return fill("picture.html", chart=chart, address=address, width=WIDTH_PX, height=HEIGHT_PX)


SCRIPTED = Drawing(picture=lambda chart, _key: _picture(chart), file=_address)
