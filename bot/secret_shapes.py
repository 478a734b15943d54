"""What keys, tokens and passwords look like, so that they are neither kept in settings nor written to a log.

The shapes are those that the services document for scanners of secrets: docs.github.com, Supported secret scanning
patterns; api.slack.com, Token types; and the beginnings of the keys of the providers that Bursar reads.
"""

import re
from collections.abc import Iterator

_BEGINS = r"(?<![A-Za-z0-9_-])"  # not in the middle of a word, such as task-
_SHAPES = (
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{4,}",  # Slack
    r"xapp-[A-Za-z0-9-]{4,}",
    r"sk-(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{8,}",  # OpenAI, Anthropic, OpenRouter, LiteLLM and most others
    r"sk-[A-Za-z0-9_-]{20,}",
    r"sk-[0-9]{4,}",
    r"[a-z]*sk_[A-Za-z0-9]{16,}",  # Groq, ElevenLabs
    r"gh[a-z]_[A-Za-z0-9]{16,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{16,}",
    r"glpat-[A-Za-z0-9_-]{16,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"ABSK[A-Za-z0-9+/=]{32,}",
    r"AIza[A-Za-z0-9_-]{30,}",  # Google
    r"ya29\.[A-Za-z0-9_-]{16,}",
    r"GOCSPX-[A-Za-z0-9_-]{16,}",
    r"xai-(?:token-)?[A-Za-z0-9]{16,}",
    r"pplx-[A-Za-z0-9]{16,}",
    r"cog_[A-Za-z0-9]{16,}",  # Devin
    r"hf_[A-Za-z0-9]{16,}",
    r"nvapi-[A-Za-z0-9_-]{16,}",
    r"vc[a-z]_[A-Za-z0-9]{16,}",  # Vercel
    r"r8_[A-Za-z0-9]{16,}",
    r"dapi[0-9a-f]{32}",  # Databricks
    r"key_[0-9a-f]{60,}",  # Cursor
    r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{30,}",  # Microsoft Entra
    r"[0-9a-f]{32}\.[A-Za-z0-9]{16}(?![A-Za-z0-9])",  # Zhipu
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}",  # a JSON Web Token
    r"bursar_[a-z]_[0-9A-Za-z]{30,}",  # our own
)
KEYS = re.compile(f"{_BEGINS}(?:{'|'.join(_SHAPES)})|-----BEGIN [A-Z ]*PRIVATE KEY-----")
PASSWORDS = re.compile(r"://[^/\s:@\"']*:[^/\s@\"']+@")
"""In an address."""
_LIKE_KEYS = re.compile(r"\bsk-[\w.-]+|[0-9a-fA-F]{32,}|[\w-]{40,}")
"""Keys of every provider we know, hashes of keys, and whatever else is long enough to be one; a UUID is not."""
SHOWN_LETTERS_MAX = 200
_DRAWN = "[A-Za-z0-9~+=]"
_RANDOM = re.compile(rf"(?<!{_DRAWN})(?={_DRAWN}*[0-9])(?={_DRAWN}*[A-Za-z]){_DRAWN}{{20,}}")


def lines_with_keys(text: str) -> Iterator[int]:
    """The numbers, from 1, of the lines in which something looks like a key or a password, comments included."""
    for number, line in enumerate(text.splitlines(), start=1):
        if KEYS.search(line) or PASSWORDS.search(line):
            yield number


def without_random(text: str) -> str:
    """A text in which what is long and looks drawn at random is left out: it may be a key whose shape nobody knows."""
    return _RANDOM.sub("…", text)


def shown(text: str) -> str:
    """Somebody else's text, on one line, short and without what looks like a secret."""
    text = _LIKE_KEYS.sub("…", text)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= SHOWN_LETTERS_MAX else text[: SHOWN_LETTERS_MAX - 1] + "…"
