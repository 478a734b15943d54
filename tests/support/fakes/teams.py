"""A tenant with Teams in it: members, private chats and channels, the Bot Connector's API, and Microsoft's signature.

It refuses what Teams refuses: a card that Microsoft's types do not know, a message over 28 KB, a chat that is not
there, a person for whom the app is not installed, a caller without our token.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import fastjsonschema
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from microsoft_teams.api.auth.cloud_environment import PUBLIC, CloudEnvironment

from tests.support.fakes.loopback import Answer, Heard, Loopback
from tests.support.paths import SCHEMAS

Json = dict[str, Any]

valid_card = fastjsonschema.compile(json.loads((SCHEMAS / "teams_cards.json").read_text()), detailed_exceptions=False)
ISSUER = "https://api.botframework.com"
READERS_MAX = 60
MESSAGE_BYTES_MAX = 28 * 1024
CHANNEL = "19:ai-spend@thread.tacv2"
BOT_NAME = "Bursar"


def elements(drawn: Any) -> Iterator[Json]:
    """Every element and action of a card, from the top down."""
    if isinstance(drawn, dict):
        if "type" in drawn:
            yield drawn
        for key, value in drawn.items():
            if key != "refresh":  # it is not drawn
                yield from elements(value)
    elif isinstance(drawn, list):
        for value in drawn:
            yield from elements(value)


def words_in(drawn: Any) -> str:
    """All that a card shows to the eye, a line each."""
    shown = []
    for each in elements(drawn):
        shown += [str(each[key]) for key in ("text", "title", "label", "placeholder") if key in each]
        shown += [run for run in each.get("inlines", ()) if isinstance(run, str)]
    return "\n".join(shown)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the tenant."""

    name: str
    id: str
    member: str
    email: str
    role: str = "user"


@dataclass(slots=True)
class Message:
    """A message of the bot's as it looks now. `to` is the only one who sees it, "" for all."""

    id: str
    activity: Json
    to: str = ""
    changes: int = 0

    @property
    def card(self) -> Json:
        """Its card."""
        return dict(self.activity["attachments"][0]["content"])


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot answered to a request."""

    status: int
    body: Any


@dataclass
class Keys:
    """A key that signs, and what is known of it."""

    secret: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    kid: str = "microsoft-1"

    def signed(self, **claims: Any) -> str:
        """A token with these claims."""
        return jwt.encode(claims, self.secret, "RS256", {"kid": self.kid})

    @property
    def public(self) -> Json:
        """As it stands in the set of keys."""
        known = json.loads(RSAAlgorithm.to_jwk(self.secret.public_key()))
        return {**known, "kid": self.kid, "use": "sig", "alg": "RS256"}


MICROSOFT = Keys()


class FakeTeams(Loopback):
    """The tenant.

    `chats` has the messages of the bot by conversation, `authorized` with which token each file was asked for.
    """

    app_id = str(UUID(int=0xB0B))
    tenant = str(UUID(int=0xACE))

    def __init__(self) -> None:
        super().__init__()
        self.keys = MICROSOFT
        self.members: dict[str, Member] = {}
        self.installed: set[str] = set()
        self.chats: dict[str, list[Message]] = {CHANNEL: []}
        self.whispers = True
        self.files: dict[str, bytes] = {}
        self.authorized: list[str] = []
        self.bot_url = ""
        self._numbers = iter(range(1_700_000_000_000, 1_800_000_000_000))
        self._token = jwt.encode({"aud": "connector"}, "a secret of the fake's own that is long enough")

    @property
    def cloud(self) -> CloudEnvironment:
        """Microsoft's cloud, with its keys here."""
        return replace(PUBLIC, openid_metadata_url=f"{self.url}/openidconfiguration")

    def token(self, _scope: str | list[str], _tenant: str | None) -> str:
        """What Microsoft Entra gives the bot."""
        return self._token

    def join(self, name: str, email: str = "", role: str = "user", *, installed: bool = True) -> Member:
        """Somebody joins the tenant."""
        number = len(self.members) + 1
        member = Member(name, str(UUID(int=number)), f"29:{name}-{number}", email or f"{name}@acme.example", role)
        self.members[name] = member
        if installed:
            self.installed.add(member.id)
            self.chats[self.chat(name)] = []
        return member

    def chat(self, name: str) -> str:
        """The private chat with somebody."""
        return f"a:1-{self.members[name].id}"

    def messages(self, where: str) -> list[Message]:
        """What the bot shows in the private chat with somebody, or in a channel."""
        return self.chats[self.chat(where) if where in self.members else where]

    def last(self, where: str) -> Json:
        """The newest card there."""
        return self.messages(where)[-1].card

    # What people do --------------------------------------------------------------------------------------------------

    def claims(self, **other: Any) -> Json:
        """What Microsoft says in its signature."""
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": self.app_id, "serviceurl": self.url, "nbf": now - 60, "exp": now + 3600}
        return usual | other

    def activity(self, person: str, kind: str, channel: str = "", thread: str = "", **more: Any) -> Json:
        """What Teams sends for somebody."""
        member = self.members[person]
        conversation: Json = {"id": self.chat(person), "conversationType": "personal", "tenantId": self.tenant}
        if channel:
            root = f";messageid={thread or next(self._numbers)}"
            conversation = {"id": channel + root, "conversationType": "channel", "tenantId": self.tenant}
        return {
            "type": kind,
            "id": str(next(self._numbers)),
            "channelId": "msteams",
            "serviceUrl": self.url,
            "from": {"id": member.member, "name": member.name, "aadObjectId": member.id},
            "recipient": {"id": f"28:{self.app_id}", "name": BOT_NAME},
            "conversation": conversation,
            "channelData": {"tenant": {"id": self.tenant}},
            **more,
        }

    def say(self, name: str, text: str, channel: str = "", *, slash: bool = False) -> Reply:
        """Somebody writes: in the private chat, or in a channel with a mention of the bot or a slash command."""
        if not channel:
            return self.post(self.activity(name, "message", text=text))
        activity = self.activity(name, "message", channel, text=text if slash else f"<at>{BOT_NAME}</at>{text}")
        if slash:
            activity["recipient"]["isTargeted"] = True
        else:
            mention = {"type": "mention", "mentioned": activity["recipient"], "text": f"<at>{BOT_NAME}</at>"}
            activity["entities"] = [mention]
        return self.post(activity)

    def send(self, name: str, text: str, content: bytes, channel: str = "", address: str = "") -> Reply:
        """Somebody sends a file, which lies in their OneDrive: with it come its name and, as HTML, what they wrote."""
        number = str(next(self._numbers))
        self.files[number] = content
        told = {"downloadUrl": address or f"{self.url}/download/{number}?tempauth=x", "uniqueId": number}
        file = {
            "contentType": "application/vnd.microsoft.teams.file.download.info",
            "contentUrl": f"{self.url}/personal/{name}/Documents/receipt.pdf",
            "name": "receipt.pdf",
            "content": {**told, "fileType": "pdf", "etag": None},
        }
        drawn = {"contentType": "text/html", "content": f"<p>{text}</p>"}
        return self.post(self.activity(name, "message", channel, text=text, attachments=[file, drawn]))

    def press(self, name: str, title: str, where: str = "", **inputs: str) -> Reply:
        """Somebody presses a button of the newest message; fields that are not given are sent as they stand."""
        message = self.messages(where or name)[-1]
        return self.press_on(name, message.id, message.card, title, where, **inputs)

    def press_on(self, name: str, message: str, card: Json, title: str, where: str = "", **inputs: str) -> Reply:
        """The same on a certain card."""
        parts = [*elements(card)]
        button = [each for each in parts if each["type"] == "Action.Execute" and each["title"] == title][-1]
        fields = {each["id"]: each.get("value", "") for each in parts if each["type"].startswith("Input.")}
        named = {id.rpartition(":")[2]: id for id in fields}
        fields |= {named.get(field, f"in:{field}"): value for field, value in inputs.items()}
        action = {"type": "Action.Execute", "verb": button["verb"], "data": button["data"] | fields}
        more = {"name": "adaptiveCard/action", "value": {"action": action, "trigger": "manual"}, "replyToId": message}
        return self.post(self.activity(name, "invoke", where, message if where else "", **more))

    def look(self, name: str, where: str = "") -> Json:
        """Somebody opens a chat or a channel; how they see the newest card there."""
        message = self.messages(where or name)[-1]
        refresh = message.card.get("refresh", {})
        if self.members[name].member not in refresh.get("userIds", ()):
            return message.card
        action = {"id": "", **{key: value for key, value in refresh["action"].items() if key != "title"}}
        said = {"value": {"action": action, "trigger": "automatic"}, "replyToId": message.id}
        reply = self.post(self.activity(name, "invoke", where, message.id, name="adaptiveCard/action", **said))
        assert (reply.status, reply.body["type"]) == (200, "application/vnd.microsoft.card.adaptive"), reply
        valid_card(reply.body["value"])
        return dict(reply.body["value"])

    def install(self, name: str, action: str = "add") -> Reply:
        """The app is installed for somebody, or taken away."""
        return self.post(self.activity(name, "installationUpdate", action=action))

    def post(self, activity: Json, token: str | None = None) -> Reply:
        """Send the bot a request, signed by Microsoft unless there is another token."""
        signed = self.keys.signed(**self.claims()) if token is None else token
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {signed}"}
        request = urllib.request.Request(self.bot_url, json.dumps(activity).encode(), headers if signed else {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return _reply(answer.status, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return _reply(refused.code, refused.read())

    # The Bot Connector -----------------------------------------------------------------------------------------------

    def answer(self, heard: Heard) -> Answer:
        """See Loopback."""
        path = [unquote(part) for part in heard.path.strip("/").split("/")]
        if path == ["keys"]:
            return Answer(200, {"keys": [MICROSOFT.public]})
        if path[0] == "download":
            self.authorized.append(heard.headers.get("authorization", ""))
            return Answer(200, self.files[path[1]])
        if heard.headers.get("authorization") != f"Bearer {self._token}":
            return Answer(401, {"error": {"code": "Unauthorized"}})
        with self.lock:
            match (heard.method, path):
                case ("POST", ["v3", "conversations"]):
                    return self._open(json.loads(heard.body))
                case ("GET", ["v3", "conversations", chat, "members", member]):
                    return self._member(chat, member)
                case ("POST", ["v3", "conversations", chat, "activities"]):
                    return self._send(chat, heard, targeted="isTargetedActivity" in heard.query)
                case ("PUT", ["v3", "conversations", chat, "activities", message]):
                    return self._change(chat, message, heard)
                case _:
                    return Answer(404, {"error": {"code": "NotFound"}})

    def _open(self, said: Json) -> Answer:
        person = said["members"][0]["id"]
        if person not in self.installed:
            return Answer(403, {"error": {"code": "BotNotInConversationRoster"}})
        name = next(each.name for each in self.members.values() if each.id == person)
        self.chats.setdefault(self.chat(name), [])
        return Answer(201, {"id": self.chat(name)})

    def _member(self, _chat: str, member: str) -> Answer:
        found = [each for each in self.members.values() if member in (each.member, each.id)]
        if not found:
            return Answer(404, {"error": {"code": "MemberNotFoundInConversation"}})
        one = found[0]
        upn = f"{one.name}_other.example#EXT#@acme.example" if one.role == "guest" else one.email
        known = {"id": one.member, "name": one.name, "aadObjectId": one.id, "email": one.email, "tenantId": self.tenant}
        return Answer(200, {**known, "userPrincipalName": upn, "userRole": one.role})

    def _send(self, chat: str, heard: Heard, *, targeted: bool) -> Answer:
        base = chat.partition(";")[0]
        activity = json.loads(heard.body)
        if targeted and not self.whispers:
            return Answer(400, {"error": {"code": "BadArgument"}})
        refusal = self._refused(base, heard, activity)
        if refusal is None:
            message = Message(str(next(self._numbers)), activity, activity["recipient"]["id"] if targeted else "")
            self.chats[base].append(message)
            return Answer(201, {"id": message.id})
        return refusal

    def _change(self, chat: str, message: str, heard: Heard) -> Answer:
        base = chat.partition(";")[0]
        activity = json.loads(heard.body)
        refusal = self._refused(base, heard, activity)
        if refusal is not None:
            return refusal
        for each in self.chats[base]:
            if each.id == message:
                each.activity, each.changes = activity, each.changes + 1
                return Answer(200, {"id": message})
        return Answer(404, {"error": {"code": "ActivityNotFoundInConversation"}})

    def _refused(self, chat: str, heard: Heard, activity: Json) -> Answer | None:
        if chat not in self.chats:
            return Answer(404, {"error": {"code": "ConversationNotFound"}})
        if len(heard.body) > MESSAGE_BYTES_MAX:
            return Answer(413, {"error": {"code": "MessageSizeTooBig"}})
        for attachment in activity.get("attachments", ()):
            if len(attachment["content"].get("refresh", {}).get("userIds", ())) > READERS_MAX:
                return Answer(400, {"error": {"code": "BadArgument"}})
            try:
                valid_card(attachment["content"])
            except fastjsonschema.JsonSchemaException as wrong:
                return Answer(400, {"error": {"code": "BadSyntax", "message": str(wrong)}})
        return None


def _reply(status: int, content: bytes) -> Reply:
    try:
        return Reply(status, json.loads(content) if content else None)
    except ValueError:
        return Reply(status, content.decode())
