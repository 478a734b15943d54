"""What is said to the bot: by a person, a button, a form or the clock, all alike."""

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
