"""Pages and cards as HTML, drawn by the templates of the try-it page and by those of the console."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

import handlers
from bot.charts.plot import plot
from bot.platforms.web.html import Drawing, fill, filled, render
from handlers.card import Block, Button, Card, Chart, File, Input, Table, Text

TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, language: str, **values: Any) -> Markup:
    """A page of the console."""
    return filled(TEMPLATES, template, language, values)


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws cards for one page.

    Args:
        base: what stands before all addresses of the console, "" as a rule.
        back: the address of the page, for whoever comes back to it.
        address: of one of our pages that shows just what a sentence asks, "" if none does.
    """

    base: str
    back: str
    address: Callable[[str], str]

    def card(self, card: Card, key: str, says: str, level: int = 2) -> Markup:
        """A card, whose forms and buttons say what they say in the chat.

        Args:
            card: what to show.
            key: for the ids of its elements.
            says: the sentence that it answers; a form that is refused is shown again by it.
            level: of its heading.
        """
        drawing = Drawing(
            picture=_drawn(card.language),
            file=lambda file: self._file(file, says),
            level=level,
            action=f"{self.base}/say",
            hidden=(("delivery", secrets.token_urlsafe(12)), ("back", self.back), ("form", says)),
            link=self._link,
            confirm=lambda why: f"{self.base}/confirm?{urlencode({'why': why})}",
            details=True,
        )
        return render(card, key, drawing=drawing)

    def _link(self, says: str) -> str:
        if handlers.is_order(says):
            return ""
        return self.base + (self.address(says) or f"/ask?{urlencode({'q': says})}")

    def _file(self, file: File, says: str) -> str:
        return f"{self.base}/files/{quote(file.name)}?{urlencode({'q': says})}"


def _drawn(language: str) -> Callable[[Chart, str], Markup]:
    return lambda chart, key: fill("plot.html", language, chart=chart, plot=plot(chart), key=key)


def once(cards: Sequence[Card]) -> tuple[list[Card], list[str]]:
    """What several cards of a page say alike is said once: their title by the first, their small print below them.

    Of a note that begins as another one does only the rest stays: what is not known is said where the figure is read.

    Returns:
        The cards without it, and the small print.
    """
    notes = [[each.text for each in card.blocks if isinstance(each, Text) and each.quiet] for card in cards]
    parts = [[part for each in here for part in _parts(each, notes)] for here in notes]
    said = Counter(part for here in parts for part in {*here})
    below = [part for part in dict.fromkeys(chain.from_iterable(parts)) if said[part] > 1]

    def left(block: Block) -> Iterator[Block]:
        if not isinstance(block, Text) or not block.quiet:
            yield block
            return
        rest = [part for part in _parts(block.text, notes) if part not in below]
        if rest:
            yield replace(block, text=" ".join(rest))

    found = [replace(card, blocks=tuple(chain.from_iterable(map(left, card.blocks)))) for card in cards]
    return list(_titled(found)), below


def _parts(note: str, notes: Sequence[Sequence[str]]) -> list[str]:
    """A note, apart from the longest other one that it begins with."""
    heads = (each for here in notes for each in here if each != note and note.startswith(each))
    head = max(heads, key=len, default="")
    return [head, note[len(head) :].strip()] if head else [note]


def _titled(cards: Sequence[Card]) -> Iterator[Card]:
    """Cards of which each has a title of its own: where one says the same as before it is called after its table."""
    seen = set[str]()
    for card in cards:
        table = next((each for each in card.blocks if isinstance(each, Table)), None)
        again = card.title in seen and table and table.caption
        seen.add(card.title)
        yield replace(card, title=table.caption) if again and table else card


def without_echoes(cards: Sequence[tuple[str, Card]]) -> list[Card]:
    """Cards without the buttons that say what another card of the page answers.

    Args:
        cards: what was said, and the answer.
    """

    def left(says: str, block: Block) -> bool:
        here = {" ".join(other.split()) for other, _ in cards if other != says}
        return not isinstance(block, Button) or " ".join(block.says.split()) not in here

    return [
        replace(card, blocks=tuple(each for each in card.blocks if card.inputs or left(says, each)))
        for says, card in cards
    ]


def with_values(form: Card, values: dict[str, str], refusal: Card) -> Card:
    """A form that was refused: what was filled in, and beside the field at fault what is wrong with it."""
    blocks = tuple(
        replace(block, value=values.get(block.name, block.value)) if isinstance(block, Input) else block
        for block in form.blocks
    )
    return replace(form, title=refusal.title, blocks=blocks, tone="warn", fault=refusal.fault)
