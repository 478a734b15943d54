"""Words that a program wrote: always quoted, so that they never pass for ours.

A program may repeat what stood in a web page or a repository. Its words are cut to one short line without marks that
cannot be seen, without quotation marks that could end the quotation, and without anything that chat makes a link, a
mention or a format of.
"""

import re
import unicodedata

from handlers.context import Context
from storage.requests import Request

WORDS_MAX = 300
_QUOTE_MARKS = frozenset(
    '"`\N{FULLWIDTH QUOTATION MARK}\N{LEFT CORNER BRACKET}\N{RIGHT CORNER BRACKET}\N{LEFT WHITE CORNER BRACKET}'
    "\N{RIGHT WHITE CORNER BRACKET}\N{REVERSED DOUBLE PRIME QUOTATION MARK}\N{DOUBLE PRIME QUOTATION MARK}"
    "\N{LOW DOUBLE PRIME QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
)
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)://|\b(mailto|tel|javascript|data):")


def clean(words: str) -> str:
    """What of a program's words is shown; "" if nothing is left of them."""
    seen = "".join(map(_shown, unicodedata.normalize("NFC", words[: 8 * WORDS_MAX])))
    plain = _ADDRESS.sub(lambda found: f"{found[1] or found[2]}: ", seen)
    return " ".join(plain.split())[:WORDS_MAX].strip()


def _shown(letter: str) -> str:
    """A letter as it is shown: no controls, marks of direction, invisible letters or marks of quotation."""
    category = unicodedata.category(letter)
    if category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return " "
    if category in {"Pi", "Pf"} or letter in _QUOTE_MARKS:
        return "'"
    return {"<": "(", ">": ")"}.get(letter, letter)  # what chat would read as a mention or a link


def reason_of(ctx: Context, request: Request) -> str:
    """What a request is for; a program's words are quoted as such."""
    if not request.through:
        return request.reason
    return ctx.t("The agent wrote: “{words}”", words=request.reason)


def to_say_again(request: Request) -> str:
    """The reason for a sentence that a button says; what a program wrote is never said as if a person had."""
    return "" if request.through else request.reason
