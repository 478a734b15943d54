"""Ids made of names and addresses: always the same for the same, and of the letters that an id may have."""

import re
from collections.abc import Container
from functools import lru_cache
from hashlib import sha256
from unicodedata import normalize

from babel import Locale, UnknownLocaleError

from storage.directory import RESERVED

LETTERS_MAX = 63
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_HASH_LETTERS = 6
# Letters that Unicode does not take apart.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})


def slug(name: str) -> str:
    """A name as an id: "Search & Ads" is search-ads. Where letters are lost, a hash keeps different names apart."""
    folded = normalize("NFKD", name.casefold().translate(_PLAIN))
    plain = "-".join(re.findall(r"[a-z0-9]+", folded.encode("ascii", "ignore").decode()))
    lost = not folded.isascii() and any(letter.isalnum() and not letter.isascii() for letter in folded)
    if plain and not lost:
        return plain[:LETTERS_MAX].rstrip("-")
    return f"{plain[: LETTERS_MAX - _HASH_LETTERS - 1]}-{_hash(name.casefold())}".strip("-")


def id_from_email(email: str, taken: Container[str]) -> str:
    """The part before the @ as an id; if somebody else has it, with the domain, and at last with a hash."""
    local, _, domain = email.lower().partition("@")
    for words in (local, f"{local}-{domain}"):
        made = _id(words, email)
        if made not in taken and made not in RESERVED:
            return made
    return _id(f"{_hash(email)}-{local}", email)


def ids_from_email(email: str) -> tuple[str, ...]:
    """All ids that an address may make."""
    local, _, domain = email.lower().partition("@")
    return tuple(_id(words, email) for words in (local, f"{local}-{domain}", f"{_hash(email)}-{local}"))


def same_name(name: str) -> str:
    """A name without regard to case and blanks."""
    return " ".join(name.casefold().split())


@lru_cache(maxsize=512)
def locale_name(written: str) -> str:
    """A locale as we write it, such as de_DE for "de-DE"; "" if there is no such locale."""
    try:
        return str(Locale.parse(written.replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError):
        return ""


def _id(text: str, whole: str) -> str:
    if ID.fullmatch(text) and text[-1] not in "._-":
        return text
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("._-")[:LETTERS_MAX]
    return cleaned.rstrip("._-") or f"p-{_hash(whole.lower())}"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:_HASH_LETTERS]
