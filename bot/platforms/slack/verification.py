"""What stands between the Internet and Bolt: size, signature, form. In this order, and nothing is parsed before it.

Stock Bolt parses first and verifies later, and answers 500 to a stranger who sends a timestamp of letters, bytes that
are no UTF-8 or a JSON list; it loses a command with the word "payload" in its text. Here the raw bytes are verified,
then parsed, then copied key by key into a small dict of known keys with known types. What is not in the list does not
come through, so nothing behind it needs to ask whether a value is what it should be.

Source: docs.slack.dev, "Verifying requests from Slack".
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from bot.platforms.slack.payloads import KINDS, Json, PayloadError

SIZE_MAX = 1_000_000
READ_MAX_S = 10.0
SKEW_MAX_S = 300
FIELDS_MAX = 100
DEPTH_MAX = 32

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request is not let in: an HTTP status and one plain sentence."""

    status: int
    why: str


UNSIGNED = Rejection(401, "This request is not signed by Slack for this app.")
TOO_LARGE = Rejection(413, "This request is larger than any that Slack sends.")
TOO_SLOW = Rejection(400, "This request took too long to arrive.")
UNREADABLE = Rejection(400, "This request is not in a form that Slack sends.")
UNKNOWN = Rejection(400, "This bot does not take this kind of request.")
FOREIGN = Rejection(401, "This request is for another app.")


class Verifier:
    """Lets in what Slack has signed and what has the form of a Slack request.

    From which workspace it comes is not asked here: one of ours may speak in a channel that another company hosts, and
    one of theirs in ours. Who speaks decides (`bot/platforms/slack/identity.py`).

    Args:
        secrets: the app's signing secrets, two while one replaces the other. Socket Mode needs none.
        app_id: the only app that requests may be for, or "" for any that knows a secret.
        now: seconds since 1970.
    """

    def __init__(self, secrets: Iterable[str], now: Callable[[], float], app_id: str = "") -> None:
        keys = tuple(secret.strip().encode() for secret in secrets)
        if not all(keys):
            raise ValueError("A signing secret is empty; anybody could sign with it.")
        # A copy of a keyed MAC takes a third of the time that keying one takes.
        self._keyed = tuple(hmac.new(key, digestmod="sha256") for key in keys)
        self._now = now
        self._app_id = app_id

    async def read(self, receive: Receive, length: bytes) -> bytes | Rejection:
        """The body of a request, as long as it is neither too large nor too slow.

        Args:
            receive: the ASGI callable.
            length: the content-length header, b"" if there is none.
        """
        if len(length) > len(str(SIZE_MAX)) or (length.isdigit() and int(length) > SIZE_MAX):
            return TOO_LARGE
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(READ_MAX_S):
                while True:
                    part = await receive()
                    if part["type"] != "http.request":
                        return UNREADABLE
                    body = part.get("body", b"")
                    size += len(body)
                    if size > SIZE_MAX:
                        return TOO_LARGE
                    parts.append(body)
                    if not part.get("more_body", False):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
        except TimeoutError:
            return TOO_SLOW

    def admit(self, headers: Mapping[bytes, bytes], raw: bytes) -> Json | Rejection:
        """Check a request and read it.

        Args:
            headers: by lower-case name.
            raw: the body as it came.

        Returns:
            The payload, reduced to what this bot reads, or why not.
        """
        if len(raw) > SIZE_MAX:
            return TOO_LARGE
        stamp, signature = headers.get(b"x-slack-request-timestamp", b""), headers.get(b"x-slack-signature", b"")
        if not self._signed(stamp, signature, raw):
            return UNSIGNED
        try:
            return self.shape(_parsed(raw, headers.get(b"content-type", b"")))
        except (ValueError, RecursionError):
            return UNREADABLE

    def _signed(self, stamp: bytes, signature: bytes, raw: bytes) -> bool:
        if not stamp.isdigit() or len(stamp) > 12 or abs(self._now() - int(stamp)) > SKEW_MAX_S:  # noqa: PLR2004 - digits
            return False
        right = False
        for keyed in self._keyed:
            mac = keyed.copy()
            mac.update(b"v0:%b:%b" % (stamp, raw))
            right |= hmac.compare_digest(b"v0=%b" % mac.hexdigest().encode(), signature)
        return right

    def shape(self, payload: object) -> Json | Rejection:
        """The payload reduced to what this bot reads, from HTTP and from the envelopes of Socket Mode alike."""
        if not isinstance(payload, dict):
            return UNREADABLE
        kind = "command" if "command" in payload else payload.get("type")
        read = KINDS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return UNKNOWN
        try:
            if self._app_id and kind != "url_verification" and payload.get("api_app_id") != self._app_id:
                return FOREIGN
            return read(payload)
        except PayloadError:
            return UNREADABLE


def _parsed(raw: bytes, content_type: bytes) -> object:
    """The body as a dict: a form, the JSON in a form's `payload`, or JSON.

    Raises:
        ValueError: it is neither, or not UTF-8.
        RecursionError: it is nested too deeply.
    """
    text = raw.decode()
    if content_type.startswith(b"application/json") or text.startswith("{"):
        return _loaded(text)
    form = _form(text)
    return _loaded(form["payload"]) if "payload" in form and "command" not in form else form


def _form(text: str) -> dict[str, str]:
    """A form's fields; the last of a name counts. What needs no decoding is not decoded, as most of it does not.

    Raises:
        ValueError: there are too many, or a percent sequence is no UTF-8.
    """
    if text.count("&") >= FIELDS_MAX:
        raise ValueError("too many fields")
    form: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        form[_decoded(name)] = _decoded(value)
    return form


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode() if "%" in text or "+" in text else text


def _loaded(text: str) -> object:
    loaded = json.loads(text)
    if _deeper(loaded, DEPTH_MAX):
        raise ValueError("nested too deeply")
    return loaded


def _deeper(value: object, most: int) -> bool:
    if isinstance(value, dict):
        return most == 0 or any(_deeper(inner, most - 1) for inner in value.values() if isinstance(inner, (dict, list)))
    if isinstance(value, list):
        return most == 0 or any(_deeper(inner, most - 1) for inner in value if isinstance(inner, (dict, list)))
    return False
