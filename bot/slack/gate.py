"""What stands between the Internet and Bolt: size, signature, form. In this order, and nothing is parsed before it.

Stock Bolt parses first and verifies later, and answers 500 to a stranger who sends a timestamp of letters, bytes that
are no UTF-8 or a JSON list; it loses a command with the word "payload" in its text. Here the raw bytes are verified,
then parsed, then copied key by key into a small dict of known keys with known types. What is not in the list does not
come through, so nothing behind the gate needs to ask whether a value is what it should be.

Sources: docs.slack.dev, "Verifying requests from Slack", and the payload references of commands, block_actions, views
and events.
"""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

SIZE_MAX = 1_000_000
READ_MAX_S = 10.0
SKEW_MAX_S = 300
FIELDS_MAX = 100
DEPTH_MAX = 32
TEXT_MAX = 40_000

Json = dict[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in: an HTTP status and one plain sentence."""

    status: int
    why: str


UNSIGNED = Refusal(401, "This request is not signed by Slack for this app.")
TOO_LARGE = Refusal(413, "This request is larger than any that Slack sends.")
TOO_SLOW = Refusal(400, "This request took too long to arrive.")
UNREADABLE = Refusal(400, "This request is not in a form that Slack sends.")
UNKNOWN = Refusal(400, "This bot does not take this kind of request.")
FOREIGN = Refusal(401, "This request is for another app or another workspace.")


class Gate:
    """Lets in what Slack has signed and what has the form of a Slack request.

    Args:
        secrets: the app's signing secrets, two while one replaces the other. Socket Mode needs none.
        app_id: the only app that requests may be for, or "" for any that knows a secret.
        teams: the workspaces and organizations that may speak, by id; none means all.
        now: seconds since 1970.
    """

    def __init__(
        self, secrets: Iterable[str], now: Callable[[], float], app_id: str = "", teams: Iterable[str] = ()
    ) -> None:
        self._keys = tuple(secret.strip().encode() for secret in secrets)
        if not all(self._keys):
            raise ValueError("A signing secret is empty; anybody could sign with it.")
        self._now = now
        self._app_id = app_id
        self._teams = frozenset(teams)

    async def read(self, receive: Receive, length: bytes) -> bytes | Refusal:
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

    def admit(self, headers: Mapping[bytes, bytes], raw: bytes) -> Json | Refusal:
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
        signed = b"v0:%b:%b" % (stamp, raw)
        right = False
        for key in self._keys:
            right |= hmac.compare_digest(b"v0=" + hmac.digest(key, signed, "sha256").hex().encode(), signature)
        return right

    def shape(self, payload: object) -> Json | Refusal:
        """The payload reduced to what this bot reads, from HTTP and from the envelopes of Socket Mode alike."""
        if not isinstance(payload, dict):
            return UNREADABLE
        kind = "command" if "command" in payload else payload.get("type")
        read = KINDS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return UNKNOWN
        try:
            if not self._ours(payload, kind):
                return FOREIGN
            return read(payload)
        except _OddError:
            return UNREADABLE

    def _ours(self, payload: Json, kind: object) -> bool:
        if kind == "url_verification":
            return True
        if self._app_id and payload.get("api_app_id") != self._app_id:
            return False
        return not self._teams or not self._teams.isdisjoint((_team(payload), _enterprise(payload)))


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
    fields = (pair.partition("=") for pair in text.split("&"))
    return {_decoded(name): _decoded(value) for name, _, value in fields}


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


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


# What comes through, kind by kind -------------------------------------------------------------------------------------

_ID = re.compile(r"[A-Za-z0-9]{1,64}\Z")
_STAMP = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?\Z")
_TOKEN = re.compile(r"[\x21-\x7e]{1,2000}\Z")


class _OddError(Exception):
    """A value is not what Slack sends there."""


def _take(source: Json, key: str, pattern: re.Pattern[str], *, optional: bool = False) -> str:
    value = source.get(key)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or not (pattern.match(value) or (optional and value == "")):
        raise _OddError(key)
    return value


def _text(source: Json, key: str) -> str:
    """A text that may hold anything, "" if there is none."""
    value = source.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise _OddError(key)
    return value


def _part(source: Json, key: str) -> Json:
    """A dict inside, empty if there is none."""
    value = source.get(key)
    return {} if value is None else _dict(value)


def _dict(value: object) -> Json:
    if not isinstance(value, dict):
        raise _OddError
    return value


def _team(payload: Json) -> str:
    """Where the request comes from. An organization-wide installation may name no workspace in `team`."""
    inside = _part(payload, "team") if "command" not in payload else {}
    return (
        _take(payload, "team_id", _ID, optional=True)
        or _take(inside, "id", _ID, optional=True)
        or (_take(_part(payload, "user"), "team_id", _ID, optional=True) if payload.get("type") in PRESSED else "")
    )


def _enterprise(payload: Json) -> str:
    if payload.get("type") in PRESSED:
        return _take(_part(payload, "enterprise"), "id", _ID, optional=True)
    return _take(payload, "enterprise_id", _ID, optional=True)


def _command(form: Json) -> Json:
    return {
        "command": _take(form, "command", _TOKEN),
        "text": _text(form, "text"),
        "team_id": _take(form, "team_id", _ID),
        "user_id": _take(form, "user_id", _ID),
        "channel_id": _take(form, "channel_id", _ID),
        "trigger_id": _take(form, "trigger_id", _TOKEN),
        "response_url": _take(form, "response_url", _TOKEN),
    }


def _who(payload: Json) -> Json:
    """Who pressed or sent something, and in which workspace."""
    team = _team(payload)
    user = _part(payload, "user")
    if not team:
        raise _OddError("team")
    return {
        "type": payload["type"],
        "team": {"id": team},
        "user": {
            "id": _take(user, "id", _ID),
            "team_id": _take(user, "team_id", _ID, optional=True) or team,
        },
        "enterprise_id": _enterprise(payload),
        "trigger_id": _take(payload, "trigger_id", _TOKEN, optional=True),
    }


def _block_actions(payload: Json) -> Json:
    actions = payload.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise _OddError("actions")
    pressed: Json = actions[0]
    shaped = _who(payload)
    channel, message, container = _part(payload, "channel"), _part(payload, "message"), _part(payload, "container")
    view = _part(payload, "view")
    shaped["actions"] = [
        {
            "type": _take(pressed, "type", _TOKEN),
            "action_id": _text(pressed, "action_id"),
            "block_id": _text(pressed, "block_id"),
            "value": _text(pressed, "value"),
            "action_ts": _take(pressed, "action_ts", _STAMP, optional=True),
        }
    ]
    shaped["channel"] = {
        "id": _take(channel, "id", _ID, optional=True) or _take(container, "channel_id", _ID, optional=True)
    }
    shaped["message"] = {
        "ts": _take(message, "ts", _STAMP, optional=True) or _take(container, "message_ts", _STAMP, optional=True),
        "thread_ts": _take(message, "thread_ts", _STAMP, optional=True)
        or _take(container, "thread_ts", _STAMP, optional=True),
    }
    shaped["response_url"] = _take(payload, "response_url", _TOKEN, optional=True)
    shaped["state"] = _state(_part(view or payload, "state"))
    if view:
        shaped["view"] = _view(view)
    return shaped


def _view(view: Json) -> Json:
    return {
        "id": _take(view, "id", _ID, optional=True),
        "type": _take(view, "type", _TOKEN, optional=True),
        "callback_id": _text(view, "callback_id"),
        "private_metadata": _text(view, "private_metadata"),
    }


def _state(state: Json) -> Json:
    """What was filled in: block id -> action id -> value."""
    return {
        block_id: {action_id: _filled(_dict(entry)) for action_id, entry in _dict(block).items()}
        for block_id, block in _part(state, "values").items()
    }


def _filled(entry: Json) -> str:
    return _text(entry, "value") or _text(_part(entry, "selected_option"), "value")


def _view_submission(payload: Json) -> Json:
    view = _part(payload, "view")
    return {**_who(payload), "view": _view(view), "state": _state(_part(view, "state"))}


def _view_closed(payload: Json) -> Json:
    return {**_who(payload), "view": _view(_part(payload, "view"))}


def _shortcut(payload: Json) -> Json:
    return {**_who(payload), "callback_id": _text(payload, "callback_id")}


def _event_callback(payload: Json) -> Json:
    event = _part(payload, "event")
    return {
        "type": "event_callback",
        "team_id": _take(payload, "team_id", _ID),
        "enterprise_id": _enterprise(payload),
        "event_id": _take(payload, "event_id", _ID),
        "bot_user": _bot_user(payload),
        "event": {
            "type": _take(event, "type", _TOKEN),
            "subtype": _text(event, "subtype"),
            "user": _sender(event),
            "team": _take(event, "user_team", _ID, optional=True) or _take(event, "team", _ID, optional=True),
            "bot_id": _text(event, "bot_id"),
            "edited": event.get("edited") is not None,
            "channel": _channel(event),
            "channel_type": _text(event, "channel_type"),
            "text": _text(event, "text"),
            "thread_ts": _take(event, "thread_ts", _STAMP, optional=True),
            "tab": _text(event, "tab"),
        },
    }


def _sender(event: Json) -> str:
    """The user id; a few events that we do not read carry a whole user or channel there."""
    return _take(event, "user", _ID, optional=True) if isinstance(event.get("user"), str) else ""


def _channel(event: Json) -> str:
    return _take(event, "channel", _ID, optional=True) if isinstance(event.get("channel"), str) else ""


def _bot_user(payload: Json) -> str:
    """Our own user id, which the event says for whom it was sent."""
    seen = payload.get("authorizations")
    first = seen[0] if isinstance(seen, list) and seen else None
    return _take(first, "user_id", _ID, optional=True) if isinstance(first, dict) else ""


def _url_verification(payload: Json) -> Json:
    return {"type": "url_verification", "challenge": _text(payload, "challenge")}


PRESSED = frozenset({"block_actions", "view_submission", "view_closed", "shortcut", "message_action"})
KINDS: Mapping[str, Callable[[Json], Json]] = {
    "command": _command,
    "block_actions": _block_actions,
    "view_submission": _view_submission,
    "view_closed": _view_closed,
    "shortcut": _shortcut,
    "message_action": _shortcut,
    "event_callback": _event_callback,
    "url_verification": _url_verification,
}
