"""The texts for whoever operates the bot: the command line, `check`, and why settings or files cannot be used.

They are in the language of the terminal, else in that of the organization.
"""

import os
from collections.abc import Mapping
from contextvars import ContextVar

from handlers.language import language_of, said_of, say, say_many

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where a terminal says its locale, by POSIX the first that is set: pubs.opengroup.org, Base Definitions, chapter 8."""
_UNSAID = ("C", "POSIX")

_organization: ContextVar[str] = ContextVar("organization", default="")
"""The locale of the organization, once its settings are read."""


def speak_as(locale: str) -> None:
    """Speak as the organization does where the terminal does not say its language.

    Args:
        locale: of the organization.
    """
    _organization.set(locale)


def terminal_locale(environ: Mapping[str, str] = os.environ) -> str:
    """The locale that a terminal asks for, such as "zh_CN"; "" if it asks for none."""
    said = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    locale = said.partition(".")[0].partition("@")[0]
    return "" if locale in _UNSAID else locale


def _language() -> str:
    return language_of(terminal_locale() or _organization.get())


def t(text: str, /, **values: object) -> str:
    """A text in the operator's language, with its named placeholders filled."""
    return say(_language(), text, **values)


def nt(one: str, many: str, number: int, /, **values: object) -> str:
    """The same for a text that differs with a number, which fills the placeholder `n`."""
    return say_many(_language(), one, many, number, **values)


def in_words(error: Exception) -> str:
    """What an exception says: in the operator's language if its text has placeholders of its own, else as it is."""
    why = getattr(error, "why", None)
    return t(why, **getattr(error, "values", {})) if isinstance(why, str) else str(error)


def kept(reason: str) -> str:
    """A reason that is stored (`handlers.language.stored`), in the operator's language; a plain text as it is."""
    return said_of(_language(), reason)
