"""What the chat platforms' ways of drawing a card have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import assert_never

from bot.platforms.text import plain, units
from handlers.card import Block, Button, Chart, Facts, File, Gauge, Heading, Input, Table, Text
from handlers.language import say, say_many


class Drawing(ABC):
    """A card in the making. A kind of block that nobody draws fails mypy: below, or where a platform makes its own."""

    __slots__ = ()

    language: str

    def remark(self, text: str, **values: object) -> None:
        """Draw a small line of the platform's own, in the reader's language."""
        self.note(say(self.language, text, **values))

    def missing(self, one: str, many: str, number: int) -> None:
        """The same about how many of something are not shown; nothing if all are."""
        if number > 0:
            self.note(say_many(self.language, one, many, number))

    def one(self, block: Block) -> None:
        """Draw a block."""
        match block:
            case Text():
                self.text(block)
            case Heading():
                self.heading(block)
            case Facts():
                self.facts(block)
            case Gauge():
                self.gauge(block)
            case Table():
                self.table(block)
            case Chart():
                self.chart(block)
            case Input():
                self.input(block)
            case Button():
                self.row([block])
            case File():
                self.file(block)
            case _:
                assert_never(block)

    def text(self, block: Text) -> None:
        """Draw a paragraph, or a small line; what does not fit is said to be missing."""
        text = plain(block.shown).strip()
        if not text:
            return
        (self.note if block.quiet else self.paragraph)(text)
        if units(text) > self.letters_max:
            self.remark("That text was longer; the rest is not shown.")

    @property
    @abstractmethod
    def letters_max(self) -> int:
        """How long a text may be."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Draw a small line, such as where a figure comes from or that something was cut."""

    @abstractmethod
    def paragraph(self, text: str) -> None:
        """Draw text."""

    @abstractmethod
    def heading(self, block: Heading) -> None:
        """Draw what the blocks below are about."""

    @abstractmethod
    def facts(self, block: Facts) -> None:
        """Draw names and values."""

    @abstractmethod
    def gauge(self, block: Gauge) -> None:
        """Draw how much is used."""

    @abstractmethod
    def table(self, block: Table) -> None:
        """Draw rows under columns, with what they are."""

    @abstractmethod
    def chart(self, block: Chart) -> None:
        """Draw a picture of numbers."""

    @abstractmethod
    def input(self, block: Input) -> None:
        """Draw a field."""

    @abstractmethod
    def row(self, buttons: Sequence[Button]) -> None:
        """Draw buttons side by side."""

    @abstractmethod
    def file(self, block: File) -> None:
        """Say which file there is."""
