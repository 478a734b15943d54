"""Who speaks: an account of a platform becomes a person by a link, and a link is made by a verified e-mail address.

A platform is asked only about those we don't know. Guests, bots, people who have left and people of other companies
are refused, whoever they say they are; each platform's own module tells them apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.ports import Knows, in_language
from handlers.card import Card, Text
from handlers.language import ENGLISH, N_, say


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
