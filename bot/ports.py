"""What a platform is: a place where people talk; and what it may ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from handlers.card import Card, Text
from handlers.language import ENGLISH, say
from handlers.place import Place
from handlers.sentence import Sentence
from storage.conversations import Conversation

__all__ = ["Conversation", "Conversations", "Divided", "Hears", "Knows", "Platform", "Probes", "broken", "in_language"]


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


@runtime_checkable
class Probes(Protocol):
    """A platform that can be asked whether it is well, without showing anything; of providers see `try_key`."""

    def probe(self) -> None:
        """Ask.

        Raises:
            UnreachableError: it is down.
            RefusesUsError: it takes nothing from us.
        """


@runtime_checkable
class Divided(Protocol):
    """A platform of several workspaces, each of which may be down, or take nothing from us, by itself."""

    @property
    def workspaces(self) -> Mapping[str, Probes]:
        """Each but the first, by what the ids of its places begin with; the first has all other places."""


class Knows(Protocol):
    """Knows people by what platforms call them."""

    def who(self, platform: str, external_id: str) -> str | None:
        """The person id linked to an identity such as ("slack", "workspace/user"), or None."""

    def introduce(self, platform: str, external_id: str, email: str) -> str | None:
        """Link an identity to the person with that verified address; the person id, or None if there is none."""


class Hears(Knows, Protocol):
    """What every listener needs of the app behind it."""

    def hear(self, sentence: Sentence) -> Card:
        """Answer a sentence. It takes milliseconds and never raises."""

    def ask_linked(self, identities: Sequence[str], text: str, place: Place, *, at_once: bool = False) -> Card | None:
        """Answer a question of somebody by their identities at the place's platform; None: it is to be said to `hear`.

        Args:
            identities: such as "workspace/user", in the order in which they are looked for.
            text: what is asked.
            place: where.
            at_once: only what takes a few milliseconds and waits for nothing. It never raises.
        """

    def answer(self, key: str, sentence: Sentence) -> None:
        """Hear a sentence and have its card shown at its place, once for every key."""

    def show_home(self, sentence: Sentence) -> None:
        """Hear a sentence and show its card as somebody's Home, which is its place; it stays true from then on."""

    def language(self, person_id: str) -> str:
        """The language of somebody."""

    def takes_file(self, text: str) -> bool:
        """Whether a sentence can do something with a file that was sent with it."""

    def keep_receipt(self, person: str, content: bytes) -> str:
        """Keep a file that somebody sent; its number, for the field of a form.

        Raises:
            RefusedError: it can be no receipt, and why.
            BusyError: the database had no time.
        """

    def in_reply(self, platform: str, receipt: str, words: str) -> str:
        """What words mean that somebody wrote in reply to the message of a receipt."""

    def look(self, platform: str, receipt: str, reader: str) -> Card | None:
        """A message as somebody should see it now; None if it is not known. The reader may be unknown: ""."""


class Conversations(Protocol):
    """Remembers how people and channels are reached, for a platform that tells it only along with what is said."""

    def note(self, seen: Conversation) -> None:
        """Keep how a place is reached, if it is news."""

    def forget(self, place_id: str) -> None:
        """The app was taken away there."""

    def find(self, place_id: str) -> Conversation | None:
        """How a channel, or a person's private chat, is reached."""

    def latest(self) -> Conversation | None:
        """The one that was heard from last, None if there is none."""

    def who_answers(self) -> Mapping[str, str]:
        """What the platform calls those who may do more than anybody may, by the id of the person."""

    def person_of(self, member_id: str) -> str | None:
        """The directory's id of somebody whom the platform calls so."""


def broken(number: str, language: str = ENGLISH) -> Card:
    """What a person sees of a bug in a platform's listener; the app has its own boundary behind `hear`.

    Args:
        number: under which the log has it.
        language: of the organization, for nobody knows who it is.
    """
    title = say(language, "That broke ({number}).", number=number)
    advice = say(language, "The fault is ours. Try again, and give an administrator this number if it stays.")
    return Card(title, (Text(advice),), "bad", language=language)


def in_language(card: Card, language: str) -> Card:
    """A card of a platform's own, whose texts are marked by N_, in a language."""
    blocks = (replace(each, text=say(language, each.text)) if isinstance(each, Text) else each for each in card.blocks)
    return replace(card, title=say(language, card.title), blocks=tuple(blocks), language=language)
