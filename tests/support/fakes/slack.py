"""A Slack workspace on 127.0.0.1: the Web API with its state, response_urls, Socket Mode, and people.

It refuses what Slack refuses: a token that is not good, a scope that was not granted, a channel the bot is not in, a
trigger that is over or used, texts and blocks beyond the limits (see blockkit.py). What people do is sent to the bot as
Slack sends it: signed, as a form with the JSON in `payload`, or through the socket.
"""

import hashlib
import hmac
import html
import itertools
import json
import queue
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from slack_sdk.signature import SignatureVerifier
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.support.fakes.blockkit import faults_of_message, faults_of_view
from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]

TRIGGER_S = 3
RESPONSE_URL_S = 30 * 60
PATIENCE_S = 60.0
"""Slack gives an answer three seconds. A test may run on a busy machine, and is no test of its speed."""
RESPONSE_URL_USES = 5
BOT_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "files:write",
        "im:write",
        "im:history",
        "app_mentions:read",
        "users:read",
        "users:read.email",
    }
)


# Slack's own helper says neither that it is a bot nor that it is not a person (is_bot is false).
SLACKBOT: Json = {
    "id": "USLACKBOT",
    "team_id": "T1",
    "name": "slackbot",
    "deleted": False,
    "is_bot": False,
    "is_email_confirmed": False,
    "profile": {"real_name": "Slackbot", "display_name": "Slackbot", "fields": {}},
}


PROMPTS_MAX = 4
TITLE_MAX = 200


class NotOkError(Exception):
    """Slack's answer `ok: false` with its word for it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


@dataclass(slots=True)
class Message:
    """A message as the workspace keeps it. `only_for` is who can see a whisper, "" for all in the channel."""

    ts: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str = ""
    only_for: str = ""

    @property
    def words(self) -> str:
        """All that can be read in it."""
        return " ".join([self.text, *words_of(self.blocks)])


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot answered to something Slack sent."""

    status: int
    body: str

    @property
    def json(self) -> Json:
        """The body, empty if there is none."""
        read: Json = json.loads(self.body) if self.body.startswith("{") else {}
        return read


@dataclass(slots=True)
class Hook:
    """A response_url."""

    channel: str
    user: str
    until: float
    uses: int = RESPONSE_URL_USES


@dataclass(slots=True)
class Upload:
    """A file, from the moment its place was asked for. A picture can be shown once Slack has looked at it."""

    name: str
    length: int
    alt: str
    content: bytes = b""
    complete: bool = False
    looks: int = 0


@dataclass(slots=True)
class Waiting:
    """An envelope on its way through the socket."""

    answer: "queue.Queue[Json]" = field(default_factory=queue.Queue)


def words_of(blocks: list[Json]) -> list[str]:
    """Every text in some blocks, in order."""
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.extend(v for k, v in node.items() if k in {"text", "title"} and isinstance(v, str))
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(blocks)
    return [html.unescape(text) for text in found]


class FakeSlack(Loopback):
    """A workspace with a bot in it.

    Attributes:
        bot_url: where the bot takes requests over HTTP; "" to send through the socket.
        scopes: what was granted to the bot token.
        scopes_used: what the bot has needed of it so far.
        fields: the profile fields of the workspace; what stands in them is in a user's profile under "fields".
        hosts: the workspace of channels that another company has and shares.
        uploads: files of the bot by their id.
        files: files of people, as Slack shows them; `sent` has their contents, `downloads` the paths that were fetched.
        looks: how often a picture is refused before Slack has looked at it.
        calls: methods of the Web API in the order they were called, with their arguments.
        down: everything is answered as the edge answers while nothing stands behind it.
    """

    team = "T1"
    enterprise = ""
    app_id = "A1"
    bot_user = "UBOT"
    bot_id = "B1"
    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    bot_token = "xoxb-1-fake"
    app_token = "xapp-1-fake"

    def __init__(self) -> None:
        super().__init__()
        self.bot_url = ""
        self.scopes = set(BOT_SCOPES)
        self.scopes_used: set[str] = set()
        self.calls: list[tuple[str, Json]] = []
        self.users: dict[str, Json] = {}
        self.usergroups: dict[str, list[str]] = {}
        self.fields: list[Json] = []
        self.channels: dict[str, set[str]] = {}
        self.archived: set[str] = set()
        self.hosts: dict[str, str] = {}
        self.directs: dict[str, str] = {}
        self.messages: dict[str, list[Message]] = {}
        self.homes: dict[str, Json] = {}
        self.prompts: dict[str, list[tuple[str, str]]] = {}
        self.statuses: list[tuple[str, str, str]] = []
        self.titles: dict[tuple[str, str], str] = {}
        self.missing: set[str] = set()
        self.views: dict[str, list[Json]] = {}
        self.uploads: dict[str, Upload] = {}
        self.files: dict[str, Json] = {}
        self.sent: dict[str, bytes] = {}
        self.downloads: list[str] = []
        self.looks = 0
        self.down = False
        self._began_s = time.time()
        self.ahead_s = 0.0
        self._numbers = itertools.count(1)
        self._triggers: dict[str, tuple[str, float, bool]] = {}
        self._hooks: dict[str, Hook] = {}
        self._sockets: list[ServerConnection] = []
        self._waiting: dict[str, Waiting] = {}
        self._news = threading.Condition(self.lock)
        self.add_channel("C1")

    def __enter__(self) -> Self:
        super().__enter__()
        self._socket: Server = serve(self._connected, "127.0.0.1", 0)
        self._socket_thread = threading.Thread(target=self._socket.serve_forever)
        self._socket_thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.shutdown()
        self._socket_thread.join()
        super().__exit__(*exc)

    # The workspace ---------------------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """Of the Web API."""
        return f"{self.url}/api/"

    def now(self) -> float:
        """Seconds since 1970. The clock stands still until it is moved, so that nothing expires on a busy machine."""
        return self._began_s + self.ahead_s

    def add_user(self, id: str, email: str = "", **flags: Any) -> str:
        """Somebody; flags are those of a user object, such as is_restricted or deleted."""
        name = flags.pop("name", id.removeprefix("U").lower())
        self.users[id] = {
            "id": id,
            "team_id": self.team,
            "name": name,
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
            "profile": {"display_name": name, **({"email": email} if email else {})},
            **flags,
        }
        for channel in self.channels.values():
            channel.add(id)
        return id

    def add_channel(self, id: str, *, bot: bool = True) -> str:
        """A channel with everybody in it."""
        self.channels[id] = {*self.users, *({self.bot_user} if bot else ())}
        return id

    def direct(self, user: str) -> str:
        """The conversation of a user with the bot."""
        return self.directs.setdefault(user, f"D{user}")

    def seen(self, channel: str, user: str) -> list[Message]:
        """The messages that a user can see in a channel, oldest first."""
        with self.lock:
            return [m for m in self.messages.get(channel, []) if m.only_for in {"", user}]

    def modal(self, user: str) -> Json:
        """The view that lies on top for a user, empty if there is none."""
        with self.lock:
            return self.views.get(user, [{}])[-1] if self.views.get(user) else {}

    def wait(self, until: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """Wait for something to become true in the workspace."""
        with self._news:
            if not self._news.wait_for(until, seconds):
                raise AssertionError("It did not come to be.")
            return until()

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead_s += seconds

    # What people do --------------------------------------------------------------------------------------------------

    def command(self, user: str, text: str, channel: str = "C1", command: str = "/tokens", **more: str) -> Reply:
        """Type a slash command; the answer is shown as Slack would."""
        self.scopes_used.add("commands")
        form = {
            "token": "legacy",
            "team_id": self.team,
            "team_domain": "acme",
            "channel_id": channel,
            "channel_name": "general",
            "user_id": user,
            "user_name": self.users.get(user, {}).get("name", "someone"),
            "command": command,
            "text": self.typed(text),
            "api_app_id": self.app_id,
            "is_enterprise_install": "false",
            "response_url": self.response_url(channel, user),
            "trigger_id": self.trigger(user),
            **more,
        }
        reply = self.send("slash_commands", form)
        if reply.status == 200 and reply.json:
            self._answered(channel, user, reply.json)
        return reply

    def click(self, user: str, label: str, channel: str = "C1", **filled: str) -> Reply:
        """Press the newest button of that label that the user can see, in a form first, with its fields filled in."""
        view = self.modal(user) or self.homes.get(user, {})
        button = _find_button(view.get("blocks", []), label)
        if button:
            return self.press(user, button, view=view, filled=filled)
        for message in reversed(self.seen(channel, user)):
            button = _find_button(message.blocks, label)
            if button:
                return self.press(user, button, channel=channel, message=message, filled=filled)
        raise AssertionError(f"{user} sees no button {label!r} in {channel}.")

    def press(
        self,
        user: str,
        button: Json,
        *,
        channel: str = "",
        message: Message | None = None,
        view: Json | None = None,
        action_ts: str = "",
        filled: Mapping[str, str] = MappingProxyType({}),
    ) -> Reply:
        """Send the press of a button; the same press again if `action_ts` is given again."""
        payload: Json = {
            "type": "block_actions",
            **self._person(user),
            "trigger_id": self.trigger(user),
            "actions": [
                {
                    "type": "button",
                    "action_id": button["action_id"],
                    "block_id": "b1",
                    "text": button["text"],
                    **({"value": button["value"]} if "value" in button else {}),
                    "action_ts": action_ts or self._ts(),
                }
            ],
        }
        if view is not None:
            view = {**view, "state": {"values": _state(view["blocks"], filled)}}
            payload |= {"view": view, "container": {"type": "view", "view_id": view["id"]}}
        if message is not None:
            payload |= {
                "channel": {"id": channel, "name": "general"},
                "container": {"type": "message", "message_ts": message.ts, "channel_id": channel},
                "message": {"ts": message.ts, "text": message.text, "blocks": message.blocks, "user": message.user},
                "state": {"values": _state(message.blocks, filled)},
                "response_url": self.response_url(channel, user),
            }
            if message.thread_ts:
                payload["message"]["thread_ts"] = message.thread_ts
        return self.send("interactive", payload)

    def submit(self, user: str, **values: Any) -> Reply:
        """Fill in the form that lies on top and send it."""
        view = self.modal(user)
        assert "submit" in view, "there is no form to send"
        filled = {**view, "state": {"values": _state(view["blocks"], values)}}
        payload = {
            "type": "view_submission",
            **self._person(user),
            "trigger_id": self.trigger(user),
            "view": filled,
            "response_urls": [],
        }
        reply = self.send("interactive", payload)
        if reply.status == 200:
            self._submitted(user, view, reply.json)
        return reply

    def close(self, user: str) -> None:
        """Close all forms of a user."""
        with self.lock:
            self.views.pop(user, None)

    def mention(self, user: str, text: str, channel: str = "C1", /, **more: Any) -> Reply:
        """Speak to the bot in a channel."""
        self.scopes_used.add("app_mentions:read")
        ts = self._said(channel, user, f"<@{self.bot_user}> {self.typed(text)}")
        return self.event(
            {"type": "app_mention", "text": f"<@{self.bot_user}> {self.typed(text)}"}, user, channel, ts, more
        )

    def write(self, user: str, text: str, /, **more: Any) -> Reply:
        """Write to the bot directly."""
        self.scopes_used.add("im:history")
        channel = self.direct(user)
        ts = self._said(channel, user, self.typed(text))
        said = {"type": "message", "channel_type": "im", "text": self.typed(text)}
        return self.event(said, user, channel, ts, more)

    def open_home(self, user: str, tab: str = "home") -> Reply:
        """Open the app's Home."""
        return self.event({"type": "app_home_opened", "tab": tab}, user, self.direct(user), self._ts(), {})

    def shortcut(self, user: str, id: str, text: str | None = None) -> Reply:
        """Choose a shortcut; with a text the one in the menu of a message, in a channel that the app is not in."""
        payload: Json = {"type": "shortcut", "callback_id": id, "action_ts": self._ts(), **self._person(user)}
        payload["trigger_id"] = self.trigger(user)
        if text is not None:
            message = {"type": "message", "user": "UELSE", "ts": self._ts(), "text": self.typed(text)}
            there = {"channel": {"id": "C9", "name": "secret"}, "message": message, "message_ts": message["ts"]}
            payload |= {"type": "message_action", **there, "response_url": self.response_url("C9", user)}
        return self.send("interactive", payload)

    def event(self, event: Json, user: str, channel: str, ts: str, more: Json) -> Reply:
        """Send an event, the same again if `event_id` is given in `more`.

        Of somebody of another company (Slack Connect) a message comes from their workspace, a mention from ours.
        """
        event_id = more.pop("event_id", f"Ev{next(self._numbers)}")
        person, host = self.users.get(user, {}), self.hosts.get(channel, self.team)
        sender = (person.get("enterprise_user") or {}).get("enterprise_id") or person.get("team_id", self.team)
        foreign = sender not in {self.team, self.enterprise}
        outer = sender if foreign and event["type"] == "message" else host
        if event["type"] == "app_mention" and (foreign or host != self.team):
            more = {"user_team": sender, "source_team": sender, "user_profile": {"team": sender}, **more}
        payload = {
            "token": "legacy",
            "team_id": outer,
            "is_ext_shared_channel": foreign or host != self.team,
            "api_app_id": self.app_id,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(self.now()),
            "authorizations": [self._authorization()],
            "event": {**event, "user": user, "channel": channel, "ts": ts, "event_ts": ts, "team": outer, **more},
        }
        return self.send("events_api", payload)

    def _authorization(self) -> Json:
        """For which installation an event is."""
        own = {"user_id": self.bot_user, "is_bot": True, "is_enterprise_install": False}
        return {"team_id": self.team, "enterprise_id": self.enterprise or None, **own}

    def send(self, kind: str, payload: Json) -> Reply:
        """Send a payload the way Slack does: through the socket, or signed to the bot's address."""
        if not self.bot_url:
            return self._send_envelope(kind, payload)
        if kind == "events_api":
            return self.post(json.dumps(payload).encode(), "application/json")
        body = urlencode(payload) if kind == "slash_commands" else f"payload={quote_plus(json.dumps(payload))}"
        return self.post(body.encode(), "application/x-www-form-urlencoded")

    def post(self, raw: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Send bytes with a good signature; `headers` replace those that go with it."""
        signed = {**self.signed(raw), "Content-Type": content_type}
        where = urlsplit(self.bot_url)
        assert where.hostname
        connection = HTTPConnection(where.hostname, where.port, timeout=PATIENCE_S)
        try:
            connection.request("POST", where.path, raw, {**signed, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode())
        finally:
            connection.close()

    def signed(self, raw: bytes) -> dict[str, str]:
        """The headers that prove where a body comes from."""
        stamp = str(int(self.now()))
        try:
            signature = SignatureVerifier(self.secret).generate_signature(timestamp=stamp, body=raw) or ""
        except UnicodeDecodeError:  # Slack would not send it, and its library cannot sign it
            digest = hmac.new(self.secret.encode(), b"v0:%b:%b" % (stamp.encode(), raw), hashlib.sha256)
            signature = f"v0={digest.hexdigest()}"
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}

    def typed(self, text: str) -> str:
        """What Slack makes of typed words: entities for & < >, and marks for @names it knows."""
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        names = {user["name"]: id for id, user in self.users.items()}
        return re.sub(r"@(\w+)", lambda m: f"<@{names[m[1]]}|{m[1]}>" if m[1] in names else m[0], safe)

    def trigger(self, user: str) -> str:
        """A fresh trigger id."""
        trigger = f"{next(self._numbers)}.1.abc"
        self._triggers[trigger] = (user, self.now() + TRIGGER_S, False)
        return trigger

    def response_url(self, channel: str, user: str) -> str:
        """A fresh response_url."""
        token = f"{next(self._numbers)}"
        self._hooks[token] = Hook(channel, user, self.now() + RESPONSE_URL_S)
        return f"{self.url}/response/{token}"

    # What the bot says -----------------------------------------------------------------------------------------------

    def answer(self, heard: Heard) -> Answer:
        """Answer a call of the Web API or a post to a response_url."""
        if self.down:
            return Answer(503, b"<html>Service Unavailable</html>", {"Content-Type": "text/html"})
        with self._news:
            try:
                if heard.path.startswith("/response/"):
                    return self._hooked(heard)
                if heard.path.startswith("/upload/"):
                    return self._uploaded(heard)
                if heard.path.startswith("/files-pri/"):
                    return self._downloaded(heard)
                method = heard.path.removeprefix("/api/")
                body = self._call(method, heard)
            except NotOkError as no:
                body = no.body
            finally:
                self._news.notify_all()
        return Answer(200, body, {"x-oauth-scopes": ",".join(sorted(self.scopes))})

    def _call(self, method: str, heard: Heard) -> Json:
        said = METHODS.get(method)
        if said is None:
            raise NotOkError("unknown_method")
        arguments = _arguments(heard)
        self.calls.append((method, arguments))
        if method in self.missing:
            raise NotOkError("unknown_method")
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        handler, needed = said
        self._refuse_token(token, needed)
        if needed and needed != "connections:write":
            if needed not in self.scopes:
                raise NotOkError("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
            self.scopes_used.add(needed)
        return {"ok": True, **getattr(self, handler.__name__)(arguments)}

    def _refuse_token(self, token: str, needed: str) -> None:
        if token != (self.app_token if needed == "connections:write" else self.bot_token):
            raise NotOkError("invalid_auth" if token else "not_authed")

    def _auth_test(self, _arguments: Json) -> Json:
        who = {"team": "Acme", "team_id": self.team, "user": "bursar", "user_id": self.bot_user, "bot_id": self.bot_id}
        return who | ({"enterprise_id": self.enterprise} if self.enterprise else {})

    def _bots_info(self, arguments: Json) -> Json:
        if arguments.get("bot") != self.bot_id:
            raise NotOkError("bot_not_found")
        return {"bot": {"id": self.bot_id, "deleted": False, "name": "bursar", "app_id": self.app_id}}

    def _users_info(self, arguments: Json) -> Json:
        user = self.users.get(arguments.get("user", ""))
        if user is None:
            raise NotOkError("user_not_found")
        return {"user": self._shown(user)}

    def _users_lookup(self, arguments: Json) -> Json:
        """By the address as it stands in the profile, in any case; who was deactivated is not found."""
        email = arguments.get("email", "").lower()
        for user in self.users.values():
            if str(user["profile"].get("email") or "").lower() == email and not user.get("deleted"):
                return {"user": self._shown(user)}
        raise NotOkError("users_not_found")

    def _shown(self, user: Json, hidden: frozenset[str] = frozenset({"locale"})) -> Json:
        """A user as the token may see it. The fields of a profile are shown by users.profile.get alone."""
        secret = {"fields"}
        if "users:read.email" in self.scopes:
            self.scopes_used.add("users:read.email")
        else:
            secret.add("email")
        profile = {key: value for key, value in user["profile"].items() if key not in secret}
        return {**{key: value for key, value in user.items() if key not in hidden}, "profile": profile}

    def _users_list(self, arguments: Json) -> Json:
        """A page, in no particular order; it may hold fewer than were asked for, and a cursor is good for this list."""
        everybody = sorted(self.users, key=lambda id: hashlib.sha256(id.encode()).digest())
        everybody = ["USLACKBOT", *everybody]
        limit = int(arguments.get("limit") or 0)
        if not limit and len(everybody) > 1_000:
            raise NotOkError("limit_required")
        cursor = arguments.get("cursor", "")
        starts = {b64encode(f"user:{id}".encode()).decode(): place for place, id in enumerate(everybody)}
        if cursor and cursor not in starts:
            raise NotOkError("invalid_cursor")
        start = starts.get(cursor, 0)
        page = everybody[start : start + limit] if limit else everybody
        end = start + len(page)
        hidden = frozenset() if arguments.get("include_locale") in {"1", "true", True} else frozenset({"locale"})
        shown = [self._shown(self.users.get(id, SLACKBOT), hidden) for id in page]
        after = b64encode(f"user:{everybody[end]}".encode()).decode() if end < len(everybody) else ""
        return {"members": shown, "cache_ts": int(self.now()), "response_metadata": {"next_cursor": after}}

    def _usergroup(self, arguments: Json) -> Json:
        if arguments.get("usergroup") not in self.usergroups:
            raise NotOkError("no_such_subteam")
        return {"users": self.usergroups[arguments["usergroup"]]}

    def _team_profile(self, _arguments: Json) -> Json:
        return {"profile": {"fields": self.fields, "sections": []}}

    def _users_profile(self, arguments: Json) -> Json:
        user = self.users.get(arguments.get("user", ""))
        if user is None:
            raise NotOkError("user_not_found")
        filled = user["profile"].get("fields", {})
        fields = {id: {"value": value, "alt": ""} for id, value in filled.items()}
        return {"profile": {**self._shown(user)["profile"], "fields": fields or []}}

    def _conversations_open(self, arguments: Json) -> Json:
        user = arguments.get("users", "")
        if user not in self.users:
            raise NotOkError("user_not_found")
        return {"channel": {"id": self.direct(user)}}

    def _conversations_info(self, arguments: Json) -> Json:
        channel = arguments.get("channel", "")
        if channel not in self.channels:
            raise NotOkError("channel_not_found")
        return {
            "channel": {
                "id": channel,
                "is_channel": True,
                "name": channel.lower(),
                "is_archived": channel in self.archived,
                "is_ext_shared": channel in self.hosts,
                "is_pending_ext_shared": False,
                "is_member": self.bot_user in self.channels[channel],
            }
        }

    def _channel(self, arguments: Json) -> str:
        channel = arguments.get("channel", "")
        if channel in self.directs.values():
            return str(channel)
        if channel not in self.channels:
            raise NotOkError("channel_not_found")
        if self.bot_user not in self.channels[channel]:
            raise NotOkError("not_in_channel")
        return str(channel)

    def _post_message(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        _refuse(arguments)
        if arguments.get("unfurl_links") is not False or arguments.get("unfurl_media") is not False:
            raise NotOkError("the_bot_should_not_unfurl")
        self._refuse_pictures(arguments)
        message = self._put(channel, self.bot_user, arguments)
        return {"channel": channel, "ts": message.ts, "message": {"text": message.text}}

    def _post_ephemeral(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        user = arguments.get("user", "")
        if channel in self.channels and user not in self.channels[channel]:
            raise NotOkError("user_not_in_channel")
        _refuse(arguments)
        message = self._put(channel, self.bot_user, arguments, only_for=user)
        return {"message_ts": message.ts}

    def _update(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        _refuse(arguments)
        for message in self.messages.get(channel, []):
            if message.ts == arguments.get("ts") and not message.only_for:
                if message.user != self.bot_user:
                    raise NotOkError("cant_update_message")
                message.text = arguments.get("text", message.text)
                message.blocks = arguments.get("blocks", message.blocks)
                return {"channel": channel, "ts": message.ts}
        raise NotOkError("message_not_found")

    def _upload_url(self, arguments: Json) -> Json:
        if not arguments.get("filename") or int(arguments.get("length") or 0) < 1:
            raise NotOkError("invalid_arguments")
        id = f"F{next(self._numbers)}"
        self.uploads[id] = Upload(arguments["filename"], int(arguments["length"]), arguments.get("alt_txt", ""))
        return {"upload_url": f"{self.url}/upload/{id}", "file_id": id}

    def _uploaded(self, heard: Heard) -> Answer:
        upload = self.uploads.get(heard.path.removeprefix("/upload/"))
        if upload is None or upload.content or len(heard.body) != upload.length:
            return Answer(400, b"bad upload")
        upload.content = heard.body
        return Answer(200, f"OK - {upload.length}".encode())

    def _complete_upload(self, arguments: Json) -> Json:
        """Without a channel a file is there for messages; with one it is a message itself."""
        files = arguments.get("files", [])
        files = json.loads(files) if isinstance(files, str) else files
        for each in files:
            upload = self.uploads.get(each["id"])
            if upload is None or not upload.content or upload.complete:
                raise NotOkError("file_not_found")
            upload.complete, upload.looks = True, self.looks
        if arguments.get("channel_id"):
            channel = self._channel({"channel": arguments["channel_id"]})
            for each in files:
                self._put(channel, self.bot_user, {"text": each["title"], "thread_ts": arguments.get("thread_ts")})
        return {"files": [{"id": each["id"], "title": each.get("title", "")} for each in files]}

    def sends(self, user: str, content: bytes, name: str = "receipt.pdf", **more: Any) -> Json:
        """A file of a user, as Slack shows it in events and in forms; `more` makes it an odd one."""
        id = f"F{next(self._numbers)}"
        self.sent[id] = content
        address = f"{self.url}/files-pri/{self.team}-{id}/download/{quote_plus(name)}"
        self.files[id] = {
            "id": id,
            "created": int(self.now()),
            "name": name,
            "title": name,
            "mimetype": "application/pdf",
            "filetype": "pdf",
            "user": user,
            "user_team": self.team,
            "editable": False,
            "size": len(content),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "url_private": address.replace("/download", ""),
            "url_private_download": address,
            "permalink_public": None,
            "file_access": "visible",
            **more,
        }
        return self.files[id]

    def _files_info(self, arguments: Json) -> Json:
        file = self.files.get(arguments.get("file", ""))
        if file is None:
            raise NotOkError("file_not_found")
        return {"file": file, "comments": [], "content_html": None}

    def _downloaded(self, heard: Heard) -> Answer:
        """A file for whoever has the token and may read files; for anybody else a page to sign in."""
        self.downloads.append(heard.path)
        may = heard.headers.get("authorization") == f"Bearer {self.bot_token}" and "files:read" in self.scopes
        if not may:
            return Answer(302, b"", {"Location": f"{self.url}/?redir=files"})
        return Answer(200, self.sent[heard.path.split("/")[2].rpartition("-")[2]])

    def _refuse_pictures(self, arguments: Json) -> None:
        """An image that is not there, or that was not looked at yet, is refused like any other bad block."""
        blocks = arguments.get("blocks", [])
        blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
        for block in blocks:
            if block["type"] == "image":
                upload = self.uploads.get(block["slack_file"]["id"])
                if upload is None or not upload.complete or upload.looks > 0:
                    if upload:
                        upload.looks -= 1
                    raise NotOkError("invalid_blocks", errors=["invalid slack file"])

    def _views_open(self, arguments: Json) -> Json:
        trigger = arguments.get("trigger_id", "")
        if trigger not in self._triggers:
            raise NotOkError("invalid_trigger_id")
        user, until, used = self._triggers[trigger]
        if used:
            raise NotOkError("exchanged_trigger_id")
        if self.now() > until:
            raise NotOkError("expired_trigger_id")
        view = self._checked(arguments, "modal")
        takes_files = any(block.get("element", {}).get("type") == "file_input" for block in view["blocks"])
        if takes_files and "files:read" not in self.scopes:
            raise NotOkError("invalid_arguments")
        self._triggers[trigger] = (user, until, True)
        self.views.setdefault(user, []).append(view)
        return {"view": view}

    def _views_update(self, arguments: Json) -> Json:
        for views in self.views.values():
            for number, view in enumerate(views):
                if view["id"] == arguments.get("view_id"):
                    views[number] = {**self._checked(arguments, "modal"), "id": view["id"]}
                    return {"view": views[number]}
        raise NotOkError("not_found")

    def _views_publish(self, arguments: Json) -> Json:
        user = arguments.get("user_id", "")
        if user not in self.users:
            raise NotOkError("user_not_found")
        self.homes[user] = self._checked(arguments, "home")
        return {"view": self.homes[user]}

    def _prompts(self, arguments: Json) -> Json:
        said = arguments.get("prompts", [])
        said = json.loads(said) if isinstance(said, str) else said
        if not 1 <= len(said) <= PROMPTS_MAX or any(set(each) != {"title", "message"} for each in said):
            raise NotOkError("invalid_arguments")
        if not arguments.get("thread_ts"):  # with one, Slack says ok and does nothing
            self.prompts[arguments["channel_id"]] = [(each["title"], each["message"]) for each in said]
        return {}

    def _status(self, arguments: Json) -> Json:
        if not arguments.get("thread_ts"):
            raise NotOkError("invalid_arguments")
        self.statuses.append((arguments["channel_id"], arguments["thread_ts"], arguments["status"]))
        return {}

    def _rename(self, arguments: Json) -> Json:
        if not 1 <= len(arguments.get("title", "")) <= TITLE_MAX:
            raise NotOkError("invalid_arguments")
        self.titles[arguments["channel_id"], arguments.get("thread_ts", "")] = arguments["title"]
        return {}

    def _connections_open(self, _arguments: Json) -> Json:
        host, port = self._socket.socket.getsockname()[:2]
        return {"url": f"ws://{host}:{port}/link?ticket={next(self._numbers)}"}

    def _checked(self, arguments: Json, kind: str) -> Json:
        view = arguments.get("view", {})
        view = json.loads(view) if isinstance(view, str) else view
        faults = faults_of_view(view)
        if faults or view.get("type") != kind:
            raise NotOkError("invalid_arguments", response_metadata={"messages": faults})
        return {**view, "id": f"V{next(self._numbers)}", "hash": "1.a", "team_id": self.team}

    def _hooked(self, heard: Heard) -> Answer:
        hook = self._hooks.get(heard.path.removeprefix("/response/"))
        body = json.loads(heard.body)
        if hook is None:
            return Answer(404, b"no_service")
        if self.now() > hook.until or hook.uses == 0:
            return Answer(404, b"expired_url" if hook.uses else b"used_url")
        if faults := faults_of_message(body):
            return Answer(400, {"ok": False, "error": "invalid_blocks", "faults": faults})
        hook.uses -= 1
        self.calls.append(("response_url", body))
        self._answered(hook.channel, hook.user, body)
        return Answer(200, b"ok")

    def _answered(self, channel: str, user: str, body: Json) -> None:
        """An answer to a command or a press shows up."""
        faults = faults_of_message(body)
        assert not faults, faults
        with self._news:
            self._put(channel, self.bot_user, body, only_for="" if body.get("response_type") == "in_channel" else user)
            self._news.notify_all()

    def _submitted(self, user: str, view: Json, answer: Json) -> None:
        """A form was answered: it closes, changes, or shows what is wrong."""
        stack = self.views[user]
        match answer.get("response_action"):
            case None:
                stack.pop()
            case "update":
                faults = faults_of_view(answer["view"])
                assert not faults, faults
                stack[-1] = {**answer["view"], "id": view["id"]}
            case "errors":
                inputs = {block.get("block_id") for block in view["blocks"] if block["type"] == "input"}
                assert answer["errors"].keys() <= inputs, "an error at a block that is no input"
                stack[-1] = {**view, "errors": answer["errors"]}
            case other:
                raise AssertionError(f"unknown response_action {other}")

    def _put(self, channel: str, user: str, said: Json, only_for: str = "") -> Message:
        blocks = said.get("blocks") or []
        blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
        message = Message(self._ts(), user, said.get("text", ""), blocks, said.get("thread_ts") or "", only_for)
        self.messages.setdefault(channel, []).append(message)
        return message

    def _said(self, channel: str, user: str, text: str) -> str:
        with self.lock:
            return self._put(channel, user, {"text": text}).ts

    def _ts(self) -> str:
        return f"{int(self.now())}.{next(self._numbers):06}"

    def _person(self, user: str) -> Json:
        return {
            "team": {"id": self.team, "domain": "acme"},
            "enterprise": None,
            "user": {
                "id": user,
                "username": user.lower(),
                "team_id": self.users.get(user, {}).get("team_id", self.team),
            },
            "api_app_id": self.app_id,
            "token": "legacy",
            "is_enterprise_install": False,
        }

    # The socket ------------------------------------------------------------------------------------------------------

    def _connected(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            socket.send(json.dumps({"type": "hello", "num_connections": 1}))
            with self._news:
                self._sockets.append(socket)
                self._news.notify_all()
            for raw in socket:
                answer = json.loads(raw)
                self._waiting[answer["envelope_id"]].answer.put(answer)
        with self._news:
            self._sockets = [each for each in self._sockets if each is not socket]

    def refresh_socket(self) -> None:
        """Say that the connection will be closed, wait until the bot has opened another, and close it."""
        old = self._sockets[-1]
        old.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
        self.wait(lambda: any(each is not old for each in self._sockets))
        old.close()

    def _send_envelope(self, kind: str, payload: Json) -> Reply:
        """Status 200 is an acknowledgement, 0 none."""
        self.wait(lambda: self._sockets)
        envelope_id = f"E{next(self._numbers)}"
        waiting = self._waiting[envelope_id] = Waiting()
        envelope = {
            "type": kind,
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        self._sockets[-1].send(json.dumps(envelope))
        try:
            answer = waiting.answer.get(timeout=PATIENCE_S)
        except queue.Empty:
            return Reply(0, "")
        return Reply(200, json.dumps(answer["payload"]) if "payload" in answer else "")


def _arguments(heard: Heard) -> Json:
    kind = heard.headers.get("content-type", "")
    if "json" in kind:
        read: Json = json.loads(heard.body or b"{}")
        return read
    return {**heard.query, **dict(parse_qsl(heard.body.decode(), keep_blank_values=True))}


def _refuse(arguments: Json) -> None:
    blocks = arguments.get("blocks", [])
    said = {**arguments, "blocks": json.loads(blocks) if isinstance(blocks, str) else blocks}
    if len(arguments.get("text") or "") > 4_000:
        raise NotOkError("msg_too_long")
    if faults := faults_of_message(said):
        raise NotOkError("invalid_blocks", errors=faults)


def _find_button(blocks: list[Json], label: str) -> Json:
    for block in blocks:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            if element["type"] == "button" and element["text"]["text"] == label:
                return dict(element)
    return {}


def _state(blocks: list[Json], values: Mapping[str, Any]) -> Json:
    """What is filled in, by block and action; a field is named by the end of its action id."""
    state: Json = {}
    for block in blocks:
        if block["type"] == "input":
            element = block["element"]
            name = element["action_id"].rpartition(":")[2]
            chosen = element.get("initial_option", {}).get("value")
            value = values.get(name, element.get("initial_value", element.get("initial_date", chosen)))
            picked = {"type": element["type"], "value": value}
            if element["type"] == "static_select":
                picked = {"type": element["type"], "selected_option": {"value": value} if value else None}
            if element["type"] == "file_input":
                picked = {"type": element["type"], "files": values.get(name, [])}
            if element["type"] == "datepicker":
                picked = {"type": element["type"], "selected_date": value or None}
            state[block["block_id"]] = {element["action_id"]: picked}
    return state


METHODS: Mapping[str, tuple[Callable[[FakeSlack, Json], Json], str]] = {
    "auth.test": (FakeSlack._auth_test, ""),
    "bots.info": (FakeSlack._bots_info, "users:read"),
    "users.info": (FakeSlack._users_info, "users:read"),
    "users.lookupByEmail": (FakeSlack._users_lookup, "users:read.email"),
    "users.list": (FakeSlack._users_list, "users:read"),
    "users.profile.get": (FakeSlack._users_profile, "users.profile:read"),
    "team.profile.get": (FakeSlack._team_profile, "users.profile:read"),
    "usergroups.users.list": (FakeSlack._usergroup, "usergroups:read"),
    "conversations.info": (FakeSlack._conversations_info, "channels:read"),
    "conversations.open": (FakeSlack._conversations_open, "im:write"),
    "chat.postMessage": (FakeSlack._post_message, "chat:write"),
    "chat.postEphemeral": (FakeSlack._post_ephemeral, "chat:write"),
    "chat.update": (FakeSlack._update, "chat:write"),
    "files.info": (FakeSlack._files_info, "files:read"),
    "files.getUploadURLExternal": (FakeSlack._upload_url, "files:write"),
    "files.completeUploadExternal": (FakeSlack._complete_upload, "files:write"),
    "views.open": (FakeSlack._views_open, ""),
    "views.update": (FakeSlack._views_update, ""),
    "views.publish": (FakeSlack._views_publish, ""),
    "assistant.threads.setSuggestedPrompts": (FakeSlack._prompts, "assistant:write"),
    "assistant.threads.setStatus": (FakeSlack._status, "chat:write"),
    "agents.sessions.rename": (FakeSlack._rename, "chat:write"),
    "apps.connections.open": (FakeSlack._connections_open, "connections:write"),
}
