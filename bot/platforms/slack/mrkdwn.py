"""Text on its way to Slack and back: nothing that a person, a provider or a model wrote becomes markup.

Slack reads `<!channel>`, `<@U1>` and `<https://evil|good>` in mrkdwn as a ping, a mention and a link, and decodes
exactly three entities. So `& < >` are escaped in mrkdwn and in the `text` of a message; plain_text is not parsed.
"""

import re
from collections.abc import Callable

from bot.platforms.text import first_units, line, plain, units

_PARTIAL_ENTITY = re.compile(r"&[a-z]{0,3}$")
_MARK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")

SENTENCE_MAX = 4_000
"""Characters of a sentence that are listened to; nobody types more, and a handler should not have to read more."""


MENTIONS_MAX = 10
"""People in a sentence who are looked up."""


_STYLED = re.compile(r"(?<!\w)([*_~`])(?=\S)([^\n]+?)(?<=\S)\1(?!\w)")
_EMOJI = re.compile(r":(?<!\w:)([a-z0-9_+'-]+):(?!\w)")
_QUOTED = re.compile(r"^(\s*)>", re.MULTILINE)
_ALIKE = {
    "*": "\N{ASTERISK OPERATOR}",
    "_": "\N{MODIFIER LETTER LOW MACRON}",
    "~": "\N{TILDE OPERATOR}",
    "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
}


def literal(text: str) -> str:
    """Words that a person wrote, so that Slack shows them as they are: no bold, no code, no emoji, no quotation.

    What would become markup gets signs that look the same; a lone star, a name_with_lines and an address stay.
    """
    while _is_styled(text) and (styled := _STYLED.sub(_alike, text)) != text:
        text = styled
    if ":" in text:
        text = _EMOJI.sub("\N{MODIFIER LETTER COLON}\\1\N{MODIFIER LETTER COLON}", text)
    return _QUOTED.sub("\\1\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", text) if ">" in text else text


def _is_styled(text: str) -> bool:
    """Whether it has a mark at all: to look for pairs of them takes a hundred times as long, and most texts have none.

    A loop over the marks would take five times as long.
    """
    return "*" in text or "_" in text or "~" in text or "`" in text


def _alike(found: re.Match[str]) -> str:
    return _ALIKE[found[1]] + found[2] + _ALIKE[found[1]]


def escaped(text: str, most: int) -> str:
    """The text for mrkdwn, in at most so many characters after escaping."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if 2 * len(safe) <= most or units(safe) <= most:
        return safe
    return _PARTIAL_ENTITY.sub("", first_units(safe, most - 1)).rstrip() + "…"


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
