"""Microsoft Graph and the sign-in of Microsoft Entra, as far as reading people goes.

They refuse what the real ones refuse: another secret, a token of somebody else, a batch of more than twenty, and, if so
set, the list of managers and mailboxes' settings.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
TOKEN = "a-token-of-microsoft-entra-for-graph"
PAGE, BATCH_MAX = 2, 20


ADDRESS = re.compile(r"(?:mail|userPrincipalName) eq '((?:[^']|'')*)'")
NAMED = ("mail", "userPrincipalName")


class FakeGraph(Loopback):
    """Graph.

    `users` are as it has them, with the id of the manager under "manager" and the mailbox's zone under "zone"; without
    that there is no mailbox.
    """

    def __init__(self) -> None:
        super().__init__()
        self.users: list[Json] = []
        self.managers_refused = False
        self.zones_refused = False
        self.busy_mailboxes: set[str] = set()
        self.kept_mailboxes: set[str] = set()
        self.refused = False
        self.groups: dict[str, list[str]] = {}

    def hire(self, id: str, name: str, manager: str = "", **more: Any) -> None:
        """Somebody is in the tenant."""
        address = f"{id}@acme.example"
        usual = {"id": f"oid-{id}", "displayName": name, "mail": address, "userPrincipalName": address}
        known = {"accountEnabled": True, "department": None, "preferredLanguage": None, "userType": "Member"}
        self.users.append({**usual, **known, "manager": f"oid-{manager}" if manager else "", **more})

    def answer(self, heard: Heard) -> Answer:
        """See Loopback."""
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refusal(401, "InvalidAuthenticationToken")
        if (heard.method, heard.path) == ("POST", "/$batch"):
            return self._batch(json.loads(heard.body)["requests"])
        group = re.fullmatch("/groups/([^/]+)/transitiveMembers/microsoft.graph.user", heard.path)
        if group and group[1] in self.groups:
            return self._members(self.groups[group[1]], heard)
        if heard.path != "/users":
            return _refusal(404, "Request_ResourceNotFound")
        expanded = "$expand" in heard.query
        if self.refused or (expanded and self.managers_refused):
            return _refusal(403, "Authorization_RequestDenied")
        start = int(heard.query.get("$skiptoken", "0"))
        members = [user for user in self.users if user["userType"] == "Member" or "$filter" not in heard.query]
        addresses = {each.replace("''", "'") for each in ADDRESS.findall(heard.query.get("$filter", ""))}
        if addresses:  # Entra compares addresses whatever their case
            lower = {each.lower() for each in addresses}
            members = [user for user in members if {str(user[each]).lower() for each in NAMED} & lower]
        page: Json = {"value": [_shown(user, expanded=expanded) for user in members[start : start + PAGE]]}
        if start + PAGE < len(members):
            rest = "&".join(f"{name}={value}" for name, value in heard.query.items() if name != "$skiptoken")
            page["@odata.nextLink"] = f"{self.url}/users?{rest}&$skiptoken={start + PAGE}".replace(" ", "%20")
        return Answer(200, page)

    def _members(self, members: list[str], heard: Heard) -> Answer:
        start = int(heard.query.get("$skiptoken", "0"))
        page: Json = {"value": [{"id": each} for each in members[start : start + PAGE]]}
        if start + PAGE < len(members):
            page["@odata.nextLink"] = f"{self.url}{heard.path}?$select=id&$skiptoken={start + PAGE}"
        return Answer(200, page)

    def _batch(self, asked: list[Json]) -> Answer:
        """Each request is answered by itself, in another order than they came."""
        if not 0 < len(asked) <= BATCH_MAX or len({each["id"] for each in asked}) < len(asked):
            return _refusal(400, "BadRequest")
        return Answer(200, {"responses": [{"id": each["id"], **self._one(each)} for each in reversed(asked)]})

    def _one(self, asked: Json) -> Json:
        who = re.fullmatch("/users/([^/]+)/mailboxSettings/timeZone", asked["url"])
        if asked["method"] != "GET" or who is None:
            return _part(_refusal(400, "BadRequest"))
        user = next(each for each in self.users if each["id"] == who[1])
        if self.zones_refused or user["id"] in self.kept_mailboxes:
            return _part(_refusal(403, "ErrorAccessDenied"))
        if user["id"] in self.busy_mailboxes:
            return _part(_refusal(429, "ApplicationThrottled"))
        if "zone" not in user:
            return _part(_refusal(404, "MailboxNotEnabledForRESTAPI"))
        return _part(Answer(200, {"value": user["zone"]}))


def _part(answer: Answer) -> Json:
    return {"status": answer.status, "body": answer.body}


def _shown(user: Json, *, expanded: bool) -> Json:
    shown = {name: value for name, value in user.items() if name not in {"manager", "userType", "zone"}}
    return shown | ({"manager": {"id": user["manager"]}} if expanded and user["manager"] else {})


def _refusal(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": "Insufficient privileges to complete the operation."}})


@dataclass
class Said:
    """An HTTP answer as msal reads it."""

    status_code: int
    text: str
    headers: Json

    def raise_for_status(self) -> None:
        """Complain about a bad status."""
        assert self.status_code < 400, self.text


@dataclass
class FakeEntra:
    """What msal asks Microsoft Entra, answered here: who signs in there, and with which secret."""

    tenant: str
    app_id: str
    secret: str
    tokens: int = 0

    def get(self, url: str, **_how: Any) -> Said:
        """Where what is, as msal asks first."""
        base = f"https://{urlsplit(url).netloc}/{self.tenant}"
        if "discovery/instance" in url:
            host = urlsplit(url).netloc
            known = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
            where = f"{base}/v2.0/.well-known/openid-configuration"
            return _said(200, {"tenant_discovery_endpoint": where, "metadata": [known]})
        if self.tenant not in url:
            return _said(400, {"error": "invalid_tenant"})
        places = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/oauth2/v2.0/token"}
        return _said(200, {**places, "issuer": f"{base}/v2.0"})

    def post(self, url: str, data: Any = None, **_how: Any) -> Said:
        """A token, for the right secret."""
        sent = dict(parse_qsl(data)) if isinstance(data, str) else dict(data)
        right = (sent.get("client_id"), sent.get("client_secret")) == (self.app_id, self.secret)
        if not right or not url.endswith("/oauth2/v2.0/token"):
            return _said(401, {"error": "invalid_client", "error_description": f"wrong: {sent.get('client_secret')}"})
        self.tokens += 1
        return _said(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})


def _said(status: int, body: Json) -> Said:
    return Said(status, json.dumps(body), {})
