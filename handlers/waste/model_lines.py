"""Lines of models: which name is a later version of which, what only converts text, and from where on a cache works."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from handlers.model_names import forms

# Makers' names of their lines. The name of a deployment ("search-2") is none of them, and its number no version.
LINES = frozenset(
    {
        "claude",
        "codestral",
        "command",
        "deepseek",
        "devstral",
        "doubao",
        "ernie",
        "gemini",
        "gemma",
        "glm",
        "gpt",
        "grok",
    }
    | {
        "hunyuan",
        "kimi",
        "llama",
        "magistral",
        "minimax",
        "ministral",
        "mistral",
        "nova",
        "o",
        "phi",
        "pixtral",
        "qwen",
    }
    | {"sonar"}
)
EMBEDDINGS = ("*embed*", "*voyage*", "bge*", "gte-*", "e5-*", "*rerank*", "*moderation*")
"""Models that answer with numbers: what they read is never cached, and their versions do not fit each other's."""

CACHED_FROM = 1_024
"""The least input that most vendors cache: https://platform.openai.com/docs/guides/prompt-caching and those below."""

# Where it is more, or where sources differ, the larger number:
# https://platform.claude.com/docs/en/build-with-claude/prompt-caching and https://ai.google.dev/gemini-api/docs/caching.
_CACHED_FROM = (
    ("claude-haiku-4-5*", 4_096),
    ("claude-opus-4-[567]*", 4_096),
    ("claude-sonnet-4-6*", 2_048),
    ("claude-*haiku*", 2_048),
    ("gemini-2*", 2_048),
    ("gemini-*", 4_096),
)
_ASKED_FOR = ("claude*", "nova*")  # by other vendors' models a beginning that repeats is cached without being marked

_TRAIT = re.compile(r"(?:\d+x)?[ae]?\d+(?:\.\d+)?[kmb]|(?:int|fp|bf|q|w)\d+\w*|\d+bit")
_ISO_DAY = re.compile(r"[-@]\d{4}-\d{2}-\d{2}")
_MAKER = re.compile(r"^(?:[a-z-]+\.)+(?=[a-z])")
_REVISION = re.compile(r"(?:-v\d+)?:.*$")
_STAMP_DIGITS = 3  # 001, 0613, 20250929: a day or a build, no version
_IDLE_WORDS = frozenset({"preview", "latest", "exp", "experimental", "instruct", "it"})


@dataclass(frozen=True, slots=True)
class Version:
    """A model's place in its line.

    Args:
        line: the words of its name and its sizes, in the order of the alphabet: another size is another line.
        number: its version, (4, 5).
    """

    line: tuple[str, ...]
    number: tuple[int, ...]


@lru_cache(maxsize=4096)
def version_of(model: str) -> Version | None:
    """Where a model stands in its line; None if its name does not say, or is no name of a maker's."""
    name = "-".join(model.rpartition("/")[2].lower().split())
    name = _REVISION.sub("", _MAKER.sub("", _ISO_DAY.sub("", name.replace("[1m]", ""))))
    words: list[str] = []
    number: list[int] = []
    for part in re.split(r"[-_@]", name):
        if _TRAIT.fullmatch(part):
            words.append(part)
            continue
        for word, digits in re.findall(r"([a-z]+)|(\d+(?:\.\d+)*)", part):
            if digits:
                number += _numbers(digits)
            elif word not in _IDLE_WORDS:
                words.append(word)
    while number and not number[-1]:
        number.pop()
    if not words or words[0] not in LINES or not number:
        return None
    return Version(tuple(sorted(words)), tuple(number))


def _numbers(digits: str) -> Iterator[int]:
    """4.1 is 4 and 1; 4.20 is 4, 2 and 0, for it came before 4.3."""
    major, _, minor = digits.partition(".")
    if len(major) < _STAMP_DIGITS:
        yield int(major)
        yield from map(int, minor.replace(".", ""))


@lru_cache(maxsize=4096)
def is_embedding(model: str) -> bool:
    """Whether a model's name says that it answers with numbers instead of text."""
    return any(fnmatchcase(name, pattern) for name in _names(model) for pattern in EMBEDDINGS)


@lru_cache(maxsize=4096)
def cached_from(model: str) -> int:
    """How many tokens a beginning must have at least to be cached."""
    names = _names(model)
    return next((least for pattern, least in _CACHED_FROM if _is_called(names, pattern)), CACHED_FROM)


@lru_cache(maxsize=4096)
def is_caching_asked_for(model: str) -> bool:
    """Whether something is cached only if the request marks it.

    Other vendors cache a beginning that repeats by themselves; what they did not cache did not repeat.
    """
    names = _names(model)
    return any(_is_called(names, pattern) for pattern in _ASKED_FOR)


def _is_called(names: frozenset[str], pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _names(model: str) -> frozenset[str]:
    """The ways in which a model may be called, without who sells it."""
    last = model.rpartition("/")[2].lower()
    readings = {last, *(form.name.lower().rpartition("/")[2] for form in forms(model))}
    return frozenset(_MAKER.sub("", each) for each in readings)
