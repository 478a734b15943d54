"""Who speaks: an account of a platform becomes a person by a link, and a link is made by a verified e-mail address.

A platform is asked only about those we don't know. Guests, bots, people who have left and people of other companies
are refused, whoever they say they are; each platform's own module tells them apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.ports import Knows
from handlers.card import Card, Text


def refused(title: str, why: str) -> Card:
    """What somebody is told whom we do not speak with, and what to do."""
    return Card(title, (Text(why),), "warn")


@dataclass(frozen=True, slots=True)
class Identities:
    """Finds the person behind an account of one platform.

    Args:
        app: who knows people.
        platform: the word in Place.platform.
        service: what people call the platform.
        account: what the speaker calls an account there, such as "your Slack account".
    """

    app: Knows
    platform: str
    service: str
    account: str

    def known(self, identity: str) -> str | None:
        """The id of the person who is linked to an identity, None for nobody."""
        return self.app.who(self.platform, identity)

    def introduced(self, identity: str, addresses: Iterable[str]) -> str | Card:
        """Link an identity to the person with one of its verified addresses; a card if nobody has one of them."""
        found = (self.app.introduce(self.platform, identity, each) for each in addresses)
        return next((each for each in found if each), None) or refused(
            "I don't find you among the people of Bursar",
            f"The e-mail address of {self.account} is not on the list of people. "
            "Ask an administrator of Bursar to add you or to link your account.",
        )

    def unanswered(self) -> Card:
        """The platform could not be asked who somebody is."""
        return refused(
            "I could not find out who you are",
            f"{self.service} did not answer when I asked. Nothing was changed. Say it again in a minute.",
        )
