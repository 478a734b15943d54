"""Calls: what programs say. As a sentence, but as data: a model checks it, and the answer is data as well.

A call runs in one transaction, as the person for whom the program speaks, with their permissions and into the same
audit. The table of them is CALLS in handlers/__init__.py.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from handlers.programs.shapes import Call, Shape

Need = Literal["figures", "requests"]
"""What a token must open: to see figures, or to reserve, settle and ask for more as well."""


@dataclass(frozen=True, slots=True)
class CallType:
    """A row of the table of calls.

    Args:
        name: of the handler.
        call: the shape of what is said.
        answer: the shape of what is answered.
        handler: what is done about it.
        need: what the token must open.
        writes: an order; a question only reads.
        text: what it is for.
    """

    name: str
    call: type[Call]
    answer: type[Shape]
    handler: Callable[..., Any]
    need: Need
    writes: bool
    text: str


def call_type(handler: Callable[..., Any], need: Need, *, writes: bool = False) -> CallType:
    """Read the shapes of a call from its handler's signature."""
    hints = get_type_hints(handler)
    said = hints[list(inspect.signature(handler).parameters)[2]]
    text = " ".join((inspect.getdoc(handler) or "").split("\n\n", maxsplit=1)[0].split())
    return CallType(handler.__name__, said, hints["return"], handler, need, writes, text)
