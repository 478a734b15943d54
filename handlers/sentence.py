"""What is said to the bot: by a person, a button, a form or the clock, all alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.place import Place


def storable(text: str) -> str:
    """A text without the letters that no database keeps: a nought is left out, a half of a letter is replaced.

    Platforms hand on what was pasted: JSON may have both as escapes, and a text that is cut may end in half a picture.
    """
    if "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)):
        return text
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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

    def __post_init__(self) -> None:
        """Keep of the words what a database can keep."""
        object.__setattr__(self, "text", storable(self.text))
        if self.inputs:
            object.__setattr__(self, "inputs", {name: storable(each) for name, each in self.inputs.items()})
