"""What a platform is: a place where people talk."""

from typing import Protocol

from handlers.card import Card, Text
from handlers.place import Place


class Platform(Protocol):
    """Listens in its own way (see each platform's module) and shows cards."""

    @property
    def name(self) -> str:
        """The word that stands in Place.platform."""

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """Make the message at a place look like the card.

        Args:
            place: where.
            card: what it should look like now.
            receipt: what an earlier show of the same message returned, or "" for a new message.

        Returns:
            An opaque receipt with which the same message can be changed later.

        Raises:
            UnreachableError: try again later.
            UndeliverableError: it will not work until somebody acts.
        """


class Knows(Protocol):
    """Knows people by what platforms call them."""

    def who(self, platform: str, external_id: str) -> str | None:
        """The person id linked to an identity such as ("slack", "workspace/user"), or None."""

    def introduce(self, platform: str, external_id: str, email: str) -> str | None:
        """Link an identity to the person with that verified address; the person id, or None if there is none."""


def broken(number: str) -> Card:
    """What a person sees of a bug in a platform's door; the app has its own boundary behind `hear`.

    Args:
        number: under which the log has it.
    """
    advice = Text("The fault is ours. Try again, and give an administrator this number if it stays.")
    return Card(f"That broke ({number}).", (advice,), "bad")
