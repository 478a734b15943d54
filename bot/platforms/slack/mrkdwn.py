"""Text on its way to Slack and back: nothing that a person, a provider or a model wrote becomes markup.

Slack reads `<!channel>`, `<@U1>` and `<https://evil|good>` in mrkdwn as a ping, a mention and a link, and decodes
exactly three entities. So `& < >` are escaped in mrkdwn and in the `text` of a message; plain_text is not parsed.
"""

import re
from collections.abc import Callable

from bot.platforms.text import line, plain

_PARTIAL_ENTITY = re.compile(r"&[a-z]{0,3}$")
_MARK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")

SENTENCE_MAX = 4_000
"""Characters of a sentence that are listened to; nobody types more, and a handler should not have to read more."""


MENTIONS_MAX = 10
"""People in a sentence who are looked up."""


def escaped(text: str, most: int) -> str:
    """The text for mrkdwn, in at most so many characters after escaping."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(safe) <= most:
        return safe
    return _PARTIAL_ENTITY.sub("", safe[: most - 1]).rstrip() + "…"


def heard(text: str, bot: str, person: Callable[[str], str | None]) -> str:
    """What somebody typed, as one line of words.

    Args:
        text: as Slack sends it, with `<@U1|ada>`, `<https://…|…>` and entities.
        bot: our own user id; being addressed is no part of the sentence. "" if unknown.
        person: gives the person id of a Slack user id, or None; a known person is written as "@ana".
    """
    asked = 0

    def said(mark: re.Match[str]) -> str:
        nonlocal asked
        sign, what, label = mark.group(1), mark.group(2), mark.group(3)
        match sign:
            case "@" if what == bot:
                return " "
            case "@":
                asked += 1
                return f"@{(asked <= MENTIONS_MAX and person(what)) or label or what}"
            case "#":
                return f"#{label or what}"
            case "!":
                return label or f"@{what.partition('^')[0]}"
            case _:
                return label or what.removeprefix("mailto:")

    words = text[:SENTENCE_MAX]
    if "<" in words:
        words = _MARK.sub(said, words)
    return line(unescaped(words))


def unescaped(text: str) -> str:
    """The text with Slack's three entities read."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text
