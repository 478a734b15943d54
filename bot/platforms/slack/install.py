"""The two pages by which a workspace installs the app: one that sends people to Slack, one to which Slack sends them.

Anybody may begin; app.yaml says which workspaces may end it. Of another one nothing is kept, and the app is removed
there again. A state is bound to the browser in which it was begun (by a cookie), works once, and for ten minutes.

Source: docs.slack.dev, "Installing with OAuth", `oauth.v2.access`, `apps.uninstall`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from slack_sdk.oauth.installation_store import Installation
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.platforms.about import NAME
from bot.platforms.slack.client import TROUBLE, code, web_client
from bot.platforms.slack.workspaces import STATE_S, Workspaces
from handlers.language import N_, say

INSTALL_PATH = "/slack/install"
BACK_PATH = "/slack/oauth_redirect"
AUTHORIZE_PATH = "/oauth/v2/authorize"
COOKIE = "bursar-install"
CODE_MAX = 1000
SAFE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_log = logging.getLogger("bursar.slack")


class RefusedInstallationError(Exception):
    """The app is not installed.

    Args:
        why: a sentence for whoever wanted to install it.
        status: of HTTP.
        values: fill its placeholders.
    """

    def __init__(self, why: str, status: int = 400, **values: str) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.values = values


@dataclass(frozen=True, slots=True)
class InstallPages:
    """The pages.

    Args:
        workspaces: where installations are kept, and which are allowed.
        address: under which browsers reach the bot, such as "https://bursar.acme.example".
        scopes: that the app asks for.
        language: of the organization.
        installed: called when a workspace has installed the app.
    """

    workspaces: Workspaces
    address: str
    scopes: Iterable[str]
    language: str
    installed: Callable[[], object]

    def routes(self) -> list[BaseRoute]:
        """For the web server."""
        return [Route(INSTALL_PATH, self._begin), Route(BACK_PATH, self._back)]

    async def _begin(self, request: Request) -> Response:
        state = await run_in_threadpool(self.workspaces.installations.issue)
        api = urlsplit(self.workspaces.base_url)
        asked = {
            "client_id": self.workspaces.credentials.client_id,
            "scope": ",".join(self.scopes),
            "redirect_uri": self.address + BACK_PATH,
            "state": state,
        }
        wanted = request.query_params.get("team", "")
        asked |= {"team": wanted} if wanted in self.workspaces.allowed else {}
        where = f"{api.scheme}://{api.netloc}{AUTHORIZE_PATH}?{urlencode(asked)}"
        answer = RedirectResponse(where, 302, headers=dict(SAFE))
        secure = self.address.startswith("https:")
        answer.set_cookie(COOKIE, state, STATE_S, path="/slack", secure=secure, httponly=True, samesite="lax")
        return answer

    async def _back(self, request: Request) -> Response:
        said, cookie = request.query_params, request.cookies.get(COOKIE, "")
        answer = await run_in_threadpool(self._ended, dict(said), cookie)
        answer.delete_cookie(COOKIE, path="/slack")
        return answer

    def _ended(self, said: Mapping[str, str], cookie: str) -> Response:
        try:
            name = self._installed(said, cookie)
        except RefusedInstallationError as no:
            _log.warning("The app was not installed: %s", no)
            again = f'<p><a href="{INSTALL_PATH}">{escape(say(self.language, "Begin again"))}</a></p>'
            title = say(self.language, "{name} was not installed", name=NAME)
            return self._page(title, say(self.language, no.why, **no.values), again, no.status)
        title = say(self.language, "{name} is installed in {workspace}", name=NAME, workspace=name)
        return self._page(title, say(self.language, "You can close this page and write to it in Slack."))

    def _installed(self, said: Mapping[str, str], cookie: str) -> str:
        """Install the app; the name of the workspace.

        Raises:
            RefusedInstallationError: no, and why.
        """
        state, spent = said.get("state", ""), said.get("code", "")
        if not cookie or not compare_digest(cookie.encode(), state.encode()):
            raise RefusedInstallationError(
                N_("This page was not opened by the browser in which the installation was begun.")
            )
        if not self.workspaces.installations.consume(state):
            raise RefusedInstallationError(N_("This page was used before, or more than ten minutes have passed."))
        if said.get("error"):
            raise RefusedInstallationError(N_("It was cancelled in Slack."), 200)
        if not 0 < len(spent) <= CODE_MAX:
            raise RefusedInstallationError(N_("Slack sent no code."))
        given = self._exchanged(spent)
        kept = _installation(given)
        id = str(kept.team_id or kept.enterprise_id or "")
        if kept.app_id != self.workspaces.credentials.app_id:
            raise RefusedInstallationError(N_("Slack answered for another app: compare app_id in app.yaml."))
        if id not in self.workspaces.allowed:
            self._give_back(kept)
            raise RefusedInstallationError(
                N_(
                    "Workspace {id} may not install this app. Whoever runs it can add the workspace to "
                    "slack.workspaces in app.yaml."
                ),
                403,
                id=id,
            )
        self.workspaces.installations.save(kept)
        self.workspaces.changed()
        _log.info("The app was installed in workspace %s.", id)
        self.installed()
        return str(kept.team_name or kept.enterprise_name or id)

    def _exchanged(self, spent: str) -> Mapping[str, Any]:
        """What Slack gives for a code, and for whom its own token says that it is.

        Raises:
            RefusedInstallationError: nothing.
        """
        app, client = self.workspaces.credentials, web_client(None, self.workspaces.base_url)
        try:
            given = client.oauth_v2_access(
                client_id=app.client_id,
                client_secret=app.client_secret,
                code=spent,
                redirect_uri=self.address + BACK_PATH,
            )
            token = str(given.get("access_token") or "")
            who = client.auth_test(token=token)
        except TROUBLE as error:
            raise RefusedInstallationError(
                N_("Slack did not take the code ({error})."), 502, error=code(error) or type(error).__name__
            ) from error
        return {**_body(given), "bot_id": who.get("bot_id")}

    def _give_back(self, kept: Installation) -> None:
        """Remove the app from a workspace that may not have it."""
        app, client = self.workspaces.credentials, web_client(kept.bot_token, self.workspaces.base_url)
        try:
            client.apps_uninstall(client_id=app.client_id, client_secret=app.client_secret)
        except TROUBLE as error:
            _log.warning(
                "The app could not be removed from a foreign workspace (%s); its token is revoked.", code(error)
            )
            try:
                client.auth_revoke()
            except TROUBLE as again:
                _log.warning("The token of a foreign workspace could not be revoked (%s).", code(again))

    def _page(self, title: str, text: str, more: str = "", status: int = 200) -> Response:
        head = (
            f'<!doctype html><html lang="{escape(self.language)}"><meta charset="utf-8"><title>{escape(title)}</title>'
        )
        return HTMLResponse(f"{head}<h1>{escape(title)}</h1><p>{escape(text)}</p>{more}", status, dict(SAFE))


def _body(given: Any) -> dict[str, Any]:
    return dict(given.data) if isinstance(given.data, dict) else {}


def _installation(given: Mapping[str, Any]) -> Installation:
    """What Slack gave as slack_sdk keeps it; of an organization-wide installation `team` is null."""
    team, organization = given.get("team") or {}, given.get("enterprise") or {}
    wide = bool(given.get("is_enterprise_install"))
    return Installation(
        app_id=given.get("app_id"),
        enterprise_id=organization.get("id"),
        enterprise_name=organization.get("name"),
        team_id=None if wide else team.get("id"),
        team_name=None if wide else team.get("name"),
        bot_token=given.get("access_token"),
        bot_id=given.get("bot_id"),
        bot_user_id=given.get("bot_user_id"),
        bot_scopes=given.get("scope") or "",
        bot_refresh_token=given.get("refresh_token"),
        bot_token_expires_in=given.get("expires_in"),
        user_id=str((given.get("authed_user") or {}).get("id") or ""),
        is_enterprise_install=wide,
        token_type=given.get("token_type"),
    )
