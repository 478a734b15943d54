"""Sentences: the signature of a handler is the grammar of its command.

    def spend(ctx: Context, whom: Whom = None, by: By = "model", period: When = None) -> Card:

hears "spend", "spend of search by day", "spend last week of me": each parameter's type is a Word, which looks at the
front of what is left of the sentence and takes what it understands, in any order. A field of a form fills the
parameter of its name by the same Word. A parameter without a default must be said.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol, get_type_hints

from handlers.card import Card
from handlers.context import Context
from handlers.errors import RefusedError

WORDS_MAX = 200
TEXT_MAX = 3000


class Word(Protocol):
    """Understands one kind of words."""

    def usage(self, name: str) -> str:
        """How it is written in a usage line, such as "[of whom]"; the name is the parameter's."""

    def take(self, words: list[str], ctx: Context) -> tuple[Any, int] | None:
        """The value of the words at the front and how many they are, or None if they are not mine.

        Raises:
            RefusedError: they are mine, and wrong.
        """


class InForm:
    """Text that only a form asks for; in a sentence it is not told from what else is said."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return ""

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        return " ".join(words), len(words)


Handler = Callable[..., Card]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a handler."""

    name: str
    word: Word
    required: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the menu.

    Args:
        name: the word people say.
        handler: what it does.
        writes: an order; a question only reads.
        hidden: said by buttons only, not shown in the menu.
        bulk: it may take long and writes nothing to the audit, so that other orders need not wait for it.
        parameters: what may follow the name.
        help: the first line of the handler's docstring.
        details: the whole docstring.
    """

    name: str
    handler: Handler
    writes: bool
    hidden: bool
    bulk: bool
    parameters: tuple[Parameter, ...]
    help: str
    details: str

    @property
    def usage(self) -> str:
        """How the command is written."""
        spoken = [each for each in self.parameters if not isinstance(each.word, InForm)]
        said = (p.word.usage(p.name) if p.required else f"[{p.word.usage(p.name)}]" for p in spoken)
        return " ".join([self.name, *said])


def command(handler: Handler, *, writes: bool, hidden: bool = False, bulk: bool = False) -> Command:
    """Read a handler's signature and docstring."""
    hints = get_type_hints(handler, include_extras=True)
    parameters = tuple(
        Parameter(name, _word_of(hints[name]), parameter.default is inspect.Parameter.empty)
        for name, parameter in list(inspect.signature(handler).parameters.items())[1:]
    )
    details = inspect.getdoc(handler) or ""
    name = handler.__name__.strip("_").replace("_", "-")
    return Command(name, handler, writes, hidden, bulk, parameters, details.partition("\n")[0], details)


def _word_of(hint: Any) -> Word:
    return next(extra for extra in hint.__metadata__ if hasattr(extra, "take"))  # type: ignore[no-any-return]


def understand(one: Command, rest: str, inputs: Mapping[str, str], ctx: Context) -> dict[str, Any]:
    """The arguments of a handler, from the words after the command and the fields of a form.

    Raises:
        RefusedError: a word that nobody understands, or something that must be said and was not.
    """
    values = _from_inputs(one, inputs, ctx)
    words = rest.split()
    if len(rest) > TEXT_MAX or len(words) > WORDS_MAX:
        raise RefusedError("That is too long for me. Say it in fewer words.")
    while words:
        for parameter in one.parameters:
            passed = parameter.name in values or isinstance(parameter.word, InForm)
            taken = None if passed else parameter.word.take(words, ctx)
            if taken is not None:
                values[parameter.name], count = taken
                words = words[count:]
                break
        else:
            raise RefusedError(f"I don't understand “{words[0]}”. Say it like this: {one.usage}")
    for parameter in one.parameters:
        if parameter.required and parameter.name not in values:
            raise RefusedError(f"Something is missing. Say it like this: {one.usage}", fault=parameter.name)
    return values


def _from_inputs(one: Command, inputs: Mapping[str, str], ctx: Context) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in one.parameters:
        words = inputs.get(parameter.name, "").split()
        if not words:
            continue
        try:
            taken = parameter.word.take(words, ctx)
        except RefusedError as refused:
            raise RefusedError(str(refused), fault=parameter.name) from refused
        if taken is None or taken[1] < len(words):
            raise RefusedError(f"I don't understand “{' '.join(words)}” here.", fault=parameter.name)
        values[parameter.name] = taken[0]
    return values


def nearest(word: str, known: list[str]) -> str:
    """The known word that was probably meant, or ""."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else ""
