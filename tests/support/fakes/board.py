"""A platform that remembers what was put up, and where."""

from dataclasses import dataclass, field

from handlers.card import Card
from handlers.place import Place


@dataclass
class Board:
    """Messages by receipt, in the order they were put up; raises `trouble` instead, if there is any."""

    name: str = "web"
    messages: dict[str, tuple[Place, Card]] = field(default_factory=dict)
    trouble: Exception | None = None

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform."""
        if self.trouble:
            raise self.trouble
        receipt = receipt or f"{len(self.messages) + 1}"
        self.messages[receipt] = (place, card)
        return receipt

    def titles(self) -> list[str]:
        """What stands on the board now."""
        return [card.title for _, card in self.messages.values()]
