"""Who speaks: an account of a platform becomes a person by a link, and a link is made by a verified e-mail address.

Guests, bots, people who have left and people of other companies are refused, whoever they say they are; each platform's
own module tells them apart. Who is known may become one of these, so they are looked at again while they speak.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Generic, TypeVar

from bot.errors import OutsideError
from bot.ports import Knows, in_language
from handlers.card import Card, Text
from handlers.language import ENGLISH, N_, say

V = TypeVar("V")

FRESH_S = 3600.0
"""After so long somebody is looked at again: they may have become a guest, or have left."""
KNOWN_MAX_S = 24 * 3600.0
"""So long what was seen of somebody counts while the platform does not answer."""


class Verdicts(Generic[V]):
    """What a platform said of its members a short while ago.

    Args:
        now: a clock that only goes forward, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._found: dict[str, tuple[float, V]] = {}
        self._lock = Lock()

    def of(self, member: str, ask: Callable[[], V]) -> V:
        """What is said of a member; the platform is asked if that is not known, or was an hour ago.

        Raises:
            OutsideError: the platform does not answer, and what it said before is older than a day.
        """
        now = self._now()
        at_s, before = self._found.get(member, (-KNOWN_MAX_S, None))
        if before is not None and now - at_s < FRESH_S:
            return before
        try:
            found = ask()
        except OutsideError:
            if before is None or now - at_s >= KNOWN_MAX_S:
                raise
            return before
        with self._lock:
            self._found[member] = (now, found)
        return found

    def fresh(self, member: str) -> V | None:
        """What the platform said of a member within the hour, None if it is to be asked."""
        at_s, found = self._found.get(member, (-FRESH_S, None))
        return found if self._now() - at_s < FRESH_S else None

    def forget(self, member: str) -> None:
        """Something about a member is different now: the platform is asked before they are heard again."""
        with self._lock:
            self._found.pop(member, None)


def refused(title: str, why: str) -> Card:
    """What somebody is told whom we do not speak with, and what to do; said in a language by `in_language`."""
    return Card(title, (Text(why),), "warn")


@dataclass(frozen=True, slots=True)
class Identities:
    """Finds the person behind an account of one platform.

    Args:
        app: who knows people.
        platform: the word in Place.platform.
        service: what people call the platform.
        unlisted: the sentence for whose address is not on the list of people.
        language: of the organization, for who is asked about is not known.
    """

    app: Knows
    platform: str
    service: str
    unlisted: str
    language: str = ENGLISH

    def known(self, identity: str) -> str | None:
        """The id of the person who is linked to an identity, None for nobody."""
        return self.app.who(self.platform, identity)

    def introduced(self, identity: str, addresses: Iterable[str]) -> str | Card:
        """Link an identity to the person with one of its verified addresses; a card if nobody has one of them."""
        found = (self.app.introduce(self.platform, identity, each) for each in addresses)
        unknown = refused(N_("I don't find you among the people of Bursar"), self.unlisted)
        return next((each for each in found if each), None) or in_language(unknown, self.language)

    def unanswered(self) -> Card:
        """The platform could not be asked who somebody is."""
        why = N_("{service} did not answer when I asked. Nothing was changed. Say it again in a minute.")
        title = say(self.language, "I could not find out who you are")
        return replace(refused(title, say(self.language, why, service=self.service)), language=self.language)
