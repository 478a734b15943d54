"""The language of a reader. Texts stand in the code in English; a catalog says them in another language.

A catalog is one file, `handlers/locales/<language>.po`; there is nothing else to add
(docs/how-to/translating.md). Names and amounts are named placeholders:
`ctx.t("{left} left of {limit}", left=…, limit=…)`.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated later
    """A text that stands in a table and is said in the reader's language where it is shown."""
    return text


@cache
def languages() -> tuple[str, ...]:
    """English, and all languages of which there is a catalog, such as "zh_Hans"."""
    return (ENGLISH, *sorted(path.stem for path in LOCALES.glob("*.po")))


@lru_cache(maxsize=512)
def language_of(locale: str) -> str:
    """The language in which a reader of a locale is spoken to; English if there is no catalog.

    Args:
        locale: such as "zh_CN", "de_DE" or "zh".
    """
    for each in _near(locale):
        if each in languages():
            return each
    return ENGLISH


@cache
def autonym(language: str) -> str:
    """What a language calls itself, such as "中文 (简体)"."""
    return str(Locale.parse(language).get_display_name(language))


def _near(locale: str) -> Sequence[str]:
    """The names that a catalog for a locale may have, the nearest first: zh_CN is written in Hans."""
    try:
        parsed = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return ()
    likely = get_global("likely_subtags").get(parsed.language, parsed.language).split("_")
    script = parsed.script or next((part for part in likely[1:] if len(part) == len("Hans")), "")
    names = (f"{parsed.language}_{script}_{parsed.territory}", f"{parsed.language}_{script}", parsed.language)
    # Somebody who reads another script of a language is better served in English.
    return names if not parsed.script or f"_{parsed.script}" in f"_{'_'.join(likely)}" else names[:2]


@cache
def _catalog(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def say(language: str, text: str, /, **values: object) -> str:
    """A text in a language, with its placeholders filled; a value that has a text of its own is said in it, too."""
    said = _catalog(language).gettext(text) if text else ""
    if not values:
        return said
    for value in values.values():
        if type(value) not in _AS_THEY_ARE:
            return said.format(**{name: _in(language, each) for name, each in values.items()})
    return said.format(**values)


def say_many(language: str, one: str, many: str, number: int, /, **values: object) -> str:
    """The same for a text that differs with a number, which fills the placeholder `n` unless values say otherwise."""
    return _catalog(language).ngettext(one, many, number).format(**{"n": number, **values})


_AS_THEY_ARE = frozenset({str, int})
"""What nearly all values are. To ask whether something is Spoken takes longer than all the rest of a text."""


def _in(language: str, value: object) -> object:
    if type(value) in _AS_THEY_ARE:
        return value
    return value.said(language) if isinstance(value, Spoken) else value


@runtime_checkable
class Spoken(Protocol):
    """What can be said in any language."""

    why: str
    values: Mapping[str, object]

    def said(self, language: str) -> str:
        """The sentence in a language."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text with named placeholders and what fills them, said when it is known to whom; `str` says it in English."""

    why: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: str) -> str:
        """The sentence in a language."""
        return say(language, self.why, **self.values)

    def __str__(self) -> str:
        return self.said(ENGLISH)


def stored(said: object) -> str:
    """What a column of text keeps of something that is said later: its text and values; anything else as it reads."""
    return json.dumps(_kept(said), ensure_ascii=False) if isinstance(said, Spoken) else str(said)


def said_of(language: str, kept: str) -> str:
    """What `stored` kept, in a language; a plain text as it is."""
    if not kept.startswith(_STORED):
        return kept
    try:
        return _words(json.loads(kept)).said(language)
    except (ValueError, LookupError, AttributeError, TypeError):
        return kept  # it only looks like ours


_STORED = '{"text": '


def _kept(said: object) -> object:
    if isinstance(said, Spoken):
        return {"text": said.why, "values": {name: _kept(value) for name, value in said.values.items()}}
    return said if isinstance(said, int) else str(said)


def _words(kept: Mapping[str, Any]) -> Words:
    values = {name: _words(value) if isinstance(value, dict) else value for name, value in kept["values"].items()}
    return Words(kept["text"], values)
