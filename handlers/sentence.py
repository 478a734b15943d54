"""What is said to the bot: by a person, a button, a form or the clock, all alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.place import Place


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, who says them, and where.

    Args:
        text: the words, such as "balance" or "spend by model last week".
        person: id of the person who speaks; the clock is "clock".
        place: where the words were said, and where the answer goes.
        inputs: fields of a form by the name of the parameter they fill.
        delivery: the platform's id of this delivery; an order under the same id is carried out once.
    """

    text: str
    person: str
    place: Place
    inputs: Mapping[str, str] = field(default_factory=dict)
    delivery: str = ""


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """A text without what PostgreSQL keeps in no text, and UTF-8 has no bytes for: nulls, and halves of pairs."""
    return text if text.isprintable() else _UNSTORABLE.sub("", text)
