"""Several workspaces of Slack, and organizations, on one address, with one app that each of them may install.

It refuses what Slack refuses: a code that was used, or that was given for another redirect, a wrong client secret, a
refresh token that was used, tokens that have expired or were revoked, and an organization-wide token that does not say
of which workspace. Sources: docs.slack.dev, `oauth.v2.access`, `apps.uninstall`, `auth.revoke`, `auth.teams.list`,
"Using token rotation", "Organization-ready apps".
"""

import base64
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.fakes.loopback import Answer, Heard
from tests.support.fakes.slack import BOT_SCOPES, FakeSlack, Json, NotOkError, Reply, _arguments

CLIENT_ID = "2210535565.4187112"
CLIENT_SECRET = "c1ient-secret"
WITH_TEAM = frozenset({"users.list", "usergroups.users.list", "conversations.list"})
"""What an organization-wide token may ask only of one workspace."""
ROTATED_S = 12 * 3600


@dataclass(slots=True)
class Token:
    """A token, until when it is good (0: for ever), and what renews it."""

    workspace: "Workspace"
    until_s: float
    refresh: str
    revoked: bool = False


class Workspace(FakeSlack):
    """A workspace, or an organization with some; it has no server of its own.

    Attributes:
        teams: of an organization, its workspaces to which the app was added.
    """

    def __init__(self, town: "SlackTown", id: str, name: str, teams: tuple[str, ...], enterprise: str) -> None:
        self.town = town
        super().__init__()
        self.team = id
        self.name = name
        self.teams = teams
        self.enterprise = enterprise or (id if teams else "")
        self.bot_user = f"UBOT{id}"
        self.bot_id = f"B{id}"
        self._numbers = town._numbers
        self.channels.clear()

    @property
    def url(self) -> str:
        """That of the town."""
        return self.town.url

    def now(self) -> float:
        """The town's clock."""
        return self.town.now()

    def add_user(self, id: str, email: str = "", **flags: Any) -> str:
        """Somebody; in an organization they are known to all of it."""
        if self.enterprise:
            wide = {"id": id, "enterprise_id": self.enterprise, "teams": list(self.teams) or [self.team]}
            flags = {"enterprise_user": wide, "team_id": self.teams[0] if self.teams else self.team, **flags}
        return super().add_user(id, email, **flags)

    def command(self, user: str, text: str, channel: str = "C1", command: str = "/tokens", **more: str) -> Reply:
        """Type a slash command; in an organization that is said, too."""
        wide = {"enterprise_id": self.enterprise} if self.enterprise else {}
        wide |= {"team_id": self.teams[0], "is_enterprise_install": "true"} if self.teams else {}
        return super().command(user, text, channel, command, **{**wide, **more})

    def send(self, kind: str, payload: Json) -> Reply:
        """By the one way of the app."""
        self.bot_url = self.town.bot_url
        return super().send(kind, payload) if self.bot_url else self.town._send_envelope(kind, payload)

    def uninstall(self) -> None:
        """Remove the app; Slack tells it twice."""
        self.town.revoke(self)
        for event in ({"type": "tokens_revoked", "tokens": {"bot": [self.bot_user]}}, {"type": "app_uninstalled"}):
            self.tell(event)

    def tell(self, event: Json) -> Reply:
        """Send an event that is about the app itself; it has no authorizations."""
        wide = bool(self.teams)
        return self.send(
            "events_api",
            {
                "team_id": None if wide else self.team,
                "enterprise_id": self.enterprise or None,
                "is_enterprise_install": wide,
                "api_app_id": self.app_id,
                "type": "event_callback",
                "event_id": f"Ev{next(self._numbers)}",
                "event_time": int(self.now()),
                "event": event,
            },
        )

    def _authorization(self) -> Json:
        own = super()._authorization()
        return own | {"team_id": self.teams[0], "is_enterprise_install": True} if self.teams else own

    def _person(self, user: str) -> Json:
        person = super()._person(user)
        if self.teams:
            person |= {"team": None, "enterprise": {"id": self.team}, "is_enterprise_install": True}
        return person

    def _refuse_token(self, token: str, _needed: str) -> None:
        self.town.refuse_token(token)

    def _call(self, method: str, heard: Heard) -> Json:
        asked = _arguments(heard)
        if self.teams and method in WITH_TEAM and asked.get("team_id") not in self.teams:
            raise NotOkError("team_access_not_granted" if asked.get("team_id") else "missing_argument")
        if method == "auth.teams.list":
            return {"ok": True, "teams": [{"id": each, "name": each} for each in self.teams or (self.team,)]}
        return super()._call(method, heard)

    def _auth_test(self, arguments: Json) -> Json:
        return super()._auth_test(arguments) | {"team": self.name, "is_enterprise_install": bool(self.teams)}

    def _users_list(self, arguments: Json) -> Json:
        page = super()._users_list(arguments)
        if self.teams:
            there = arguments["team_id"]
            page["members"] = [
                each for each in page["members"] if there in (each.get("enterprise_user") or {}).get("teams", ())
            ]
        return page


class SlackTown(FakeSlack):
    """All of them. The app's own calls, and those of nobody's token, are answered here.

    Attributes:
        rotates: whether tokens expire and are renewed.
        lasts_s: how long a token is good.
        given: for how many codes and refresh tokens tokens were given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.workspaces: dict[str, Workspace] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, tuple[Workspace, str]] = {}
        self.used: set[str] = set()
        self.rotates = True
        self.lasts_s: float = ROTATED_S
        self.given = 0
        self.answers_for = self.app_id

    def workspace(self, id: str, name: str = "", teams: tuple[str, ...] = (), enterprise: str = "") -> Workspace:
        """A new workspace; with teams it is an organization."""
        made = self.workspaces[id] = Workspace(self, id, name or f"Workspace {id}", teams, enterprise)
        return made

    def approve(self, address: str, workspace: Workspace) -> str:
        """Say yes on Slack's page to which the bot sent somebody; where Slack sends them back to."""
        asked = {name: each[-1] for name, each in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert asked["scope"].split(",")
        code = secrets.token_hex(8)
        self.codes[code] = (workspace, asked["redirect_uri"])
        workspace.scopes = set(asked["scope"].split(",")) | BOT_SCOPES
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def grant(self, workspace: Workspace) -> Json:
        """A new token of a workspace."""
        token, refresh = f"xoxe.xoxb-{workspace.team}-{secrets.token_hex(60)}", f"xoxe-1-{secrets.token_hex(60)}"
        until_s = self.now() + self.lasts_s if self.rotates else 0
        self.tokens[token] = Token(workspace, until_s, refresh)
        workspace.bot_token = token
        rotation = {"refresh_token": refresh, "expires_in": int(self.lasts_s)} if self.rotates else {}
        return {"access_token": token, "token_type": "bot", "scope": ",".join(sorted(workspace.scopes)), **rotation}

    def revoke(self, workspace: Workspace) -> None:
        """End all tokens of a workspace."""
        for each in self.tokens.values():
            each.revoked = each.revoked or each.workspace is workspace

    def refuse_token(self, token: str) -> Token:
        """The token, if it is good."""
        known = self.tokens.get(token)
        if known is None:
            raise NotOkError("invalid_auth" if token else "not_authed")
        if known.revoked:
            raise NotOkError("token_revoked")
        if known.until_s and known.until_s < self.now():
            raise NotOkError("token_expired")
        return known

    def answer(self, heard: Heard) -> Answer:
        """Let the workspace of the token answer."""
        for each in self.workspaces.values():
            name = heard.path.rpartition("/")[2]
            mine = each._hooks if heard.path.startswith("/response/") else each.uploads
            if heard.path.startswith(("/response/", "/upload/")) and name in mine:
                return each.answer(heard)
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        known = self.tokens.get(token)
        if known is None or heard.path.removeprefix("/api/") in OF_THE_APP:
            return super().answer(heard)
        return known.workspace.answer(heard)

    def _call(self, method: str, heard: Heard) -> Json:
        asked = _arguments(heard)
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        if method in OF_THE_APP:
            self.calls.append((method, asked))
            if method == "oauth.v2.access":
                return self._access(asked, heard.headers.get("authorization", ""))
            workspace = self.refuse_token(token).workspace
            if method == "apps.uninstall" and (asked.get("client_id"), asked.get("client_secret")) != (
                CLIENT_ID,
                CLIENT_SECRET,
            ):
                raise NotOkError("bad_client_secret")
            self.revoke(workspace)
            return {"ok": True, "revoked": True}
        return super()._call(method, heard)

    def _access(self, asked: Json, basic: str) -> Json:
        client_id, _, client_secret = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
        client_id, client_secret = asked.get("client_id", client_id), asked.get("client_secret", client_secret)
        if client_id != CLIENT_ID:
            raise NotOkError("invalid_client_id")
        if client_secret != CLIENT_SECRET:
            raise NotOkError("bad_client_secret")
        if asked.get("grant_type") == "refresh_token":
            return self._refreshed(asked.get("refresh_token", ""))
        if asked.get("code", "") in self.used:
            raise NotOkError("code_already_used")
        workspace, back = self.codes.get(asked.get("code", ""), (None, ""))
        if workspace is None:
            raise NotOkError("invalid_code")
        if asked.get("redirect_uri", "") != back:
            raise NotOkError("bad_redirect_uri")
        self.used.add(asked["code"])
        self.given += 1
        wide = bool(workspace.teams)
        organization = {"id": workspace.enterprise, "name": workspace.name} if workspace.enterprise else None
        return {
            "ok": True,
            **self.grant(workspace),
            "app_id": self.answers_for,
            "bot_user_id": workspace.bot_user,
            "team": None if wide else {"id": workspace.team, "name": workspace.name},
            "enterprise": organization,
            "is_enterprise_install": wide,
            "authed_user": {"id": "UINSTALLER"},
        }

    def _refreshed(self, refresh: str) -> Json:
        """A refresh token works once; then it and the token that it came with are dead."""
        old = next((each for each in self.tokens.values() if each.refresh == refresh), None)
        if old is None or old.revoked or refresh in self.used:
            raise NotOkError("invalid_refresh_token")
        self.used.add(refresh)
        self.given += 1
        fresh = self.grant(old.workspace)
        old.revoked = True
        return {"ok": True, **fresh, "app_id": self.app_id, "team": {"id": old.workspace.team}}


OF_THE_APP = frozenset({"oauth.v2.access", "apps.uninstall", "auth.revoke"})
