"""Pages and cards as HTML, drawn by the templates of the try-it page and by those of the console."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

import handlers
from bot.charts.plot import plot
from bot.platforms.web.html import Drawing, fill, filled, render
from handlers.card import Card, Chart, File, Input, Text

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
    """What several cards of a page say alike in small print, such as as of when, is said once, below them.

    A note that another one of these contains is left out: that one says it.

    Returns:
        The cards without it, and what it is.
    """
    notes = [[each.text for each in card.blocks if isinstance(each, Text) and each.quiet] for card in cards]
    said = [each for number, here in enumerate(notes) for each in here if any(each in more for more in notes[:number])]
    twice = list(dict.fromkeys(said))
    below = [each for each in twice if not any(each != other and each in other for other in twice)]

    def is_left(block: object) -> bool:
        return not (isinstance(block, Text) and block.quiet and block.text in twice)

    return [replace(card, blocks=tuple(filter(is_left, card.blocks))) for card in cards], below


def with_values(form: Card, values: dict[str, str], refusal: Card) -> Card:
    """A form that was refused: what was filled in, and beside the field at fault what is wrong with it."""
    blocks = tuple(
        replace(block, value=values.get(block.name, block.value)) if isinstance(block, Input) else block
        for block in form.blocks
    )
    return replace(form, title=refusal.title, blocks=blocks, tone="warn", fault=refusal.fault)
