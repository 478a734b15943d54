"""What was verified, kind by kind: known keys with known types, copied one by one into a small dict.

Sources: the payload references of slash commands, block_actions, views, shortcuts and the Events API on docs.slack.dev.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.platforms.text import exact

TEXT_MAX = 40_000
FILES_MAX = 3

Json = dict[str, Any]

_ID = re.compile(r"[A-Za-z0-9]{1,64}\Z")
_STAMP = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?\Z")
_TOKEN = re.compile(r"[\x21-\x7e]{1,2000}\Z")


class PayloadError(Exception):
    """A value is not what Slack sends there."""


def _take(source: Json, key: str, pattern: re.Pattern[str], *, optional: bool = False) -> str:
    value = source.get(key)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or not (pattern.match(value) or (optional and value == "")):
        raise PayloadError(key)
    return value


def _text(source: Json, key: str) -> str:
    """A text that may hold anything, "" if there is none."""
    value = source.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise PayloadError(key)
    return value


def _part(source: Json, key: str) -> Json:
    """A dict inside, empty if there is none."""
    value = source.get(key)
    return {} if value is None else _dict(value)


def _dict(value: object) -> Json:
    if not isinstance(value, dict):
        raise PayloadError
    return value


def team(payload: Json) -> str:
    """Where the request comes from. An organization-wide installation may name no workspace in `team`."""
    inside = _part(payload, "team") if "command" not in payload else {}
    return (
        _take(payload, "team_id", _ID, optional=True)
        or _take(inside, "id", _ID, optional=True)
        or (_take(_part(payload, "user"), "team_id", _ID, optional=True) if payload.get("type") in PRESSED else "")
    )


def installs(payload: Json) -> list[str]:
    """Which of our installations a request may be for, the likeliest first: workspaces and organizations.

    Of an event Slack says it; of what somebody types or presses it is where they did, or where they belong.
    """
    if payload.get("type") == "event_callback":
        listed = payload.get("authorizations")
        here = _dict(listed[0]) if isinstance(listed, list) and listed else payload
        organization = _take(here, "enterprise_id", _ID, optional=True)
        workspaces = [_take(here, "team_id", _ID, optional=True)]
        wide = here.get("is_enterprise_install")
    else:
        typed = "command" in payload
        organization = _take(payload, "enterprise_id", _ID, optional=True) if typed else _id_in(payload, "enterprise")
        opened_in = "" if typed else _take(_part(payload, "view"), "app_installed_team_id", _ID, optional=True)
        own = "" if typed else _take(_part(payload, "user"), "team_id", _ID, optional=True)
        workspaces = [opened_in, team(payload), own]
        wide = payload.get("is_enterprise_install")
    first = [organization] if wide is True or wide == "true" else []
    return list(dict.fromkeys(filter(None, [*first, *workspaces, organization])))


def _id_in(payload: Json, key: str) -> str:
    return _take(_part(payload, key), "id", _ID, optional=True)


def _command(form: Json) -> Json:
    return {
        "installs": installs(form),
        "command": _take(form, "command", _TOKEN),
        "text": _text(form, "text"),
        "team_id": _take(form, "team_id", _ID),
        "enterprise_id": _take(form, "enterprise_id", _ID, optional=True),
        "user_id": _take(form, "user_id", _ID),
        "channel_id": _take(form, "channel_id", _ID),
        "trigger_id": _take(form, "trigger_id", _TOKEN),
        "response_url": _take(form, "response_url", _TOKEN),
    }


def _who(payload: Json) -> Json:
    """Who pressed or sent something, and in which workspace."""
    here = team(payload)
    user = _part(payload, "user")
    if not here:
        raise PayloadError("team")
    return {
        "type": payload["type"],
        "installs": installs(payload),
        "team": {"id": here},
        "user": {
            "id": _take(user, "id", _ID),
            "team_id": _take(user, "team_id", _ID, optional=True),
        },
        "enterprise_id": _take(_part(payload, "enterprise"), "id", _ID, optional=True),
        "trigger_id": _take(payload, "trigger_id", _TOKEN, optional=True),
    }


def _block_actions(payload: Json) -> Json:
    actions = payload.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise PayloadError("actions")
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
    if entry.get("type") == "number_input":
        return exact(_text(entry, "value"))
    return _text(entry, "value") or _text(entry, "selected_date") or _text(_part(entry, "selected_option"), "value")


def _view_submission(payload: Json) -> Json:
    view = _part(payload, "view")
    state = _part(view, "state")
    return {**_who(payload), "view": _view(view), "state": _state(state), "files": _sent(state)}


def _sent(state: Json) -> list[str]:
    """The ids of the files of a form."""
    entries = (_dict(entry) for block in _part(state, "values").values() for entry in _dict(block).values())
    return [each for entry in entries if entry.get("type") == "file_input" for each in _files(entry)]


def _view_closed(payload: Json) -> Json:
    return {**_who(payload), "view": _view(_part(payload, "view"))}


def _shortcut(payload: Json) -> Json:
    return {**_who(payload), "callback_id": _text(payload, "callback_id"), "text": ""}


def _message_shortcut(payload: Json) -> Json:
    """The same on a message, whose words come along, whoever wrote them and wherever."""
    return _shortcut(payload) | {"text": _text(_part(payload, "message"), "text")}


def _event_callback(payload: Json) -> Json:
    event = _part(payload, "event")
    organization = _take(payload, "enterprise_id", _ID, optional=True)
    return {
        "type": "event_callback",
        "installs": installs(payload),
        "team_id": _take(payload, "team_id", _ID, optional=bool(organization)),
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
            "ts": _take(event, "ts", _STAMP, optional=True),
            "tab": _text(event, "tab"),
            "files": _files(event),
        },
    }


def _files(source: Json) -> list[str]:
    """The ids of files that were sent; everything else about one is asked of Slack."""
    found = source.get("files")
    if found is None:
        return []
    if not isinstance(found, list):
        raise PayloadError("files")
    return [_take(_dict(each), "id", _ID) for each in found[: FILES_MAX + 1]]


def _sender(event: Json) -> str:
    """The user id; a few events have a whole user there, such as user_change, or something else that we do not read."""
    user = event.get("user")
    if isinstance(user, dict):
        return _take(user, "id", _ID, optional=True)
    return _take(event, "user", _ID, optional=True) if isinstance(user, str) else ""


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
    "message_action": _message_shortcut,
    "event_callback": _event_callback,
    "url_verification": _url_verification,
}
