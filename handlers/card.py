"""What the bot shows: a card made of a closed set of blocks.

A card knows nothing of Slack, Teams, HTML or a terminal. Each platform renders every block; a block that one of them
forgets fails mypy there (`assert_never`). A card is read in five seconds: the title carries the number, the blocks the
reason, the buttons the action.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from handlers.language import ENGLISH

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of plain text. Quiet text is provenance (as of when, from where) and is drawn small.

    Args:
        text: what stands there.
        quiet: drawn small.
        secret: shown in its stead, once. It is never written down: a card that comes back from where it was kept, such
            as the outbox, has only the text.
    """

    text: str
    quiet: bool = False
    secret: Annotated[str, Field(exclude=True)] = field(default="", repr=False)
    kind: Literal["text"] = "text"

    @property
    def shown(self) -> str:
        """What is drawn."""
        return self.secret or self.text


@dataclass(frozen=True, slots=True)
class Heading:
    """What the blocks below it are about, where a card has several parts; at most 150 characters."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Facts:
    """Short pairs of a name and its value, in reading order."""

    facts: tuple[tuple[str, str], ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of something is used.

    Args:
        label: what is measured, such as "November budget".
        permille: share used in thousandths; above 1000 is over the limit, never negative.
        caption: the same in words and numbers, so that nobody needs to see the bar.
    """

    label: str
    permille: int
    caption: str
    tone: Tone = "plain"
    kind: Literal["gauge"] = "gauge"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `align` has one letter per column: "l" for words, "r" for numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of a chart: a name and a value per category. Values are only drawn, never added up.

    A line may end before the last category, as what is spent ends today.
    """

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers, for where people would rather look than read.

    Args:
        title: what it shows, at most 50 characters.
        form: "bar" for one series, "stack" for parts of a whole per category, "line" for courses.
        categories: 1 to 31 unique labels of the horizontal axis.
        series: 1 to 6 series, each with one value per category; lines may have fewer, and then end there.
        unit: what the values are, such as "$" or "tokens".
        limit: a line drawn across, in the same unit, or None.
        alt: the finding in a sentence with its numbers, for those who cannot see the picture.
        locale: how its numbers are written.
    """

    title: str
    form: Literal["bar", "stack", "line"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    alt: str
    limit: float | None = None
    locale: str = "en_US"
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True)
class Button:
    """Says a sentence when pressed. It carries words and no authority: who presses is looked up then.

    On a card with inputs every button takes the inputs along, and the first one is the form's submit button.
    """

    label: str
    says: str
    style: Literal["plain", "primary", "danger"] = "plain"
    confirm: str = ""
    kind: Literal["button"] = "button"


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form. Its name is the name of the parameter of the sentence that it fills.

    Args:
        name: of the parameter.
        label: what stands above it.
        form: what is filled in; a "date" is written as 2026-11-30, a "number" with a point such as 12.5. Of a "file"
            the numbers are sent under which it is kept; a platform without files shows the hint.
        value: what it holds at first.
        choices: of a "choice": what is sent, and what is shown.
        hint: what helps to fill it in.
        optional: whether it may be left empty.
        least: the first date or the smallest number, "" for any.
        most: the last date or the largest number, "" for any.
    """

    name: str
    label: str
    form: Literal["text", "long", "choice", "date", "number", "file"] = "text"
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    optional: bool = False
    least: str = ""
    most: str = ""
    kind: Literal["input"] = "input"


@dataclass(frozen=True, slots=True)
class File:
    """A file that comes with a message.

    Args:
        name: says what is in it; a large one, such as an export of a month, is made of its name on delivery.
        columns: the heads of a small one, which the card brings along.
        rows: its cells. A number is written as a decimal, such as "-12.5".
        text: all of a small one that is no list, such as lines for app.yaml.
    """

    name: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    text: str = ""
    kind: Literal["file"] = "file"

    @property
    def is_here(self) -> bool:
        """Whether the card brings it along."""
        return bool(self.columns or self.text)


Block = Annotated[Text | Heading | Facts | Gauge | Table | Chart | Button | Input | File, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown in answer to a sentence, or sent by itself.

    Args:
        title: the number or the news, in one line of at most 150 characters.
        blocks: the reason, then the action.
        tone: "warn" and "bad" are also said in words; colour is never the only sign.
        personal: shown to nobody but the person it is for. Only group totals may set it to False.
        fault: for a refused form, the name of the input at fault.
        thread: the details. What the clock says has them in a thread below; in an answer they follow the blocks.
        idle: there is nothing to say, so the clock shows it to nobody.
        language: of the reader, for what a platform adds by itself.
        stale: limits at providers of which it says something and that can be asked for anew, as (provider, kind, id).
    """

    __pydantic_config__ = ConfigDict(defer_build=True)  # few answers of the command line are written down or read back

    title: str
    blocks: tuple[Block, ...] = ()
    tone: Tone = "plain"
    personal: bool = True
    fault: str = ""
    thread: tuple[Block, ...] = ()
    idle: bool = False
    language: str = field(default=ENGLISH, compare=False)
    stale: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)

    @property
    def whole(self) -> "Card":
        """The card with its details, for where there are no threads."""
        return replace(self, blocks=(*self.blocks, *self.thread), thread=()) if self.thread else self

    @property
    def files(self) -> tuple[File, ...]:
        """The files that come with it."""
        return tuple(block for block in self.blocks if isinstance(block, File))

    @property
    def has_secret(self) -> bool:
        """Whether something in it must be shown now, or never."""
        return any(isinstance(block, Text) and block.secret for block in self.blocks)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The fields of the form, empty for a card that asks nothing."""
        return tuple(block for block in self.blocks if isinstance(block, Input))

    @property
    def buttons(self) -> tuple[Button, ...]:
        """The buttons in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Button))


CARD = TypeAdapter(Card)
