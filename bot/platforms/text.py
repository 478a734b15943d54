"""Text on its way to any screen: nothing unseen in it, on one line where need be, no longer than there is room."""

import re
import unicodedata
from datetime import date
from decimal import Decimal

# Control characters, bidirectional overrides, zero-width and tag characters, halves of surrogate pairs: they show as
# nothing, or as something else than they are. Line breaks and tabs stay; so do the joiners that emoji are made of.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]",
)


def plain(text: str) -> str:
    """The text without characters that cannot be seen."""
    if text.isprintable() or text.replace("\n", "").isprintable():  # as nearly all are
        return text
    return _UNSEEN.sub("", text)


def line(text: str) -> str:
    """The text as one line."""
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text  # as nearly all are: of white space only the blank is printable
    return " ".join(plain(text).split())


def units(text: str) -> int:
    """How long chat platforms take a text for: they count in UTF-16, where most emoji are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def first_units(text: str, most: int) -> str:
    """The beginning of a text that is no longer than so many units; no letter is cut in two."""
    kept = text[:most]
    if 2 * len(kept) <= most:  # however it is counted
        return kept
    while units(kept) > most:
        kept = kept[: len(kept) - max(1, (units(kept) - most) // 2)]
    return kept


def cut(text: str, most: int) -> str:
    """The text in at most so many units of UTF-16; what is missing shows as an ellipsis."""
    if 2 * len(text) <= most:  # however it is counted
        return text
    return text if units(text) <= most else first_units(text, most - 1).rstrip() + "…"


_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
THOUSAND_DIGITS = 3


def decimal_of(text: str) -> str:
    """A number as fields for numbers take it, such as "12.5"; "" for anything else."""
    return text.strip() if _DECIMAL.fullmatch(text.strip()) else ""


def date_of(text: str) -> str:
    """A day as fields for days take it, such as "2026-11-30"; "" for anything else."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return ""


def exact(text: str) -> str:
    """A number out of a field for numbers, which has a decimal point in every language.

    It is written so that nobody takes the point for one between thousands: 1.250 is 1.25, and 1.125 is 1.1250.
    """
    if not decimal_of(text):
        return text
    number = f"{Decimal(text.strip()).normalize():f}"
    return f"{number}0" if len(number.partition(".")[2]) == THOUSAND_DIGITS else number


def cells(text: str) -> int:
    """How many cells a text takes where all letters are equally wide; those of East Asia take two."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def filled(text: str, most: int, side: str) -> str:
    """A text with blanks, so that it takes so many cells; "r" stands on the right."""
    blanks = " " * (most - cells(text))
    return blanks + text if side == "r" else text + blanks
