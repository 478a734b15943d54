"""What somebody is shown instead of an answer. Whether anything was changed is always said."""

from bot.database_trouble import SHORTLY
from handlers.card import Button, Card
from handlers.errors import RefusedError
from handlers.language import say
from storage.db import Unusable


def refusal(refused: RefusedError, language: str) -> Card:
    """No, and why, in the language of who asked."""
    offers = tuple(Button(each, each) for each in refused.offers)
    return Card(refused.said(language), offers, tone="warn", fault=refused.fault, language=language)


def busy(language: str) -> Card:
    """The database had no time."""
    said = say(language, "I am busy just now. Nothing was changed; please say it again.")
    return Card(said, tone="warn", language=language)


def in_doubt(language: str) -> Card:
    """Nobody knows whether it was done."""
    said = say(
        language,
        "The connection to the database broke while this was saved. It may have been done: look before you say it "
        "again.",
    )
    return Card(said, tone="warn", language=language)


def unusable(why: Unusable, language: str) -> Card:
    """The database itself is not well: that is no bug of ours, and who asks can do nothing about it."""
    said = say(
        language, "{reason} Nothing was changed. Please tell whoever runs Bursar.", reason=say(language, SHORTLY[why])
    )
    return Card(said, tone="bad", language=language)


def broke(incident: str, language: str) -> Card:
    """A bug of ours, under the number that the log has."""
    said = say(language, "That broke ({incident}). Nothing was changed.", incident=incident)
    return Card(said, tone="bad", language=language)
