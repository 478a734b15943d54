"""`run`: the bot as companies use it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

import structlog
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot import api, capped, console
from bot.app import App
from bot.clock import Clock
from bot.config import ConfigError, Settings, secret
from bot.conversations import StoredConversations
from bot.directory import entra
from bot.optional import optional
from bot.platforms.slack.client import own_app_id, web_client
from bot.platforms.slack.install import InstallPages
from bot.platforms.slack.listener import ASK_MAX_S, ListenerSettings, SlackListener
from bot.platforms.slack.manifest import wanted_scopes
from bot.platforms.slack.messenger import Slack
from bot.platforms.slack.several import SlackListeners, SlackWorkspaces
from bot.platforms.slack.transport import Answers, Endpoint, Socket
from bot.platforms.slack.verification import Verifier
from bot.server import StraightRoute, metrics_route, serve_until_told, served_apart, server
from bot.telemetry import endpoint as telemetry
from bot.texts import t
from bot.traced_requests import TracedRequests
from handlers.context import spoken_to
from handlers.language import N_
from handlers.place import named_place
from storage import installation

log = structlog.get_logger()

EVENTS_PATH = "/slack/events"
SLACK_SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
STOP_S = 20


def serve(app: App, environ: Mapping[str, str]) -> None:
    """Serve all that app.yaml says over HTTP until SIGTERM or SIGINT; what is under way is finished.

    Raises:
        ConfigError: a token is missing.
    """
    with ExitStack() as stack:
        asgi: ASGIApp = stack.enter_context(assembled(app, environ, lambda: app.now().timestamp()))
        if app.settings.server.traces:
            otel = optional("bot.otel", "traces", "requirements-tracing.txt")
            stack.enter_context(otel.sent_to(app.settings.server.traces))
            asgi = TracedRequests(asgi)
        clock = Clock(app)
        stack.callback(clock.stop)
        clock.start()
        where = app.settings.server
        log.info("serving", host=where.host, port=where.port, platforms=sorted(app.platforms))
        serve_until_told(
            capped.config(asgi, host=where.host, port=where.port, log_config=None, timeout_graceful_shutdown=STOP_S)
        )
    app.close()
    log.info("stopped")


@contextmanager
def assembled(app: App, environ: Mapping[str, str], seconds: Callable[[], float] = time.time) -> Iterator[Starlette]:
    """The ASGI application with the chat platforms connected, as app.yaml says; on leaving, what is under way ends.

    Args:
        app: the bot.
        environ: where secrets are.
        seconds: since 1970, by which the age of signed requests is judged.
    """
    app.link_by_email = {"slack": app.settings.slack.link_by_email, "teams": app.settings.msteams.link_by_email}
    with ExitStack() as stack:
        routes: list[BaseRoute] = []
        connected: Callable[[], bool] = lambda: True  # noqa: E731 - one of two ways to ask the same
        if app.settings.msteams.on:
            routes.append(stack.enter_context(_teams(app, environ)))
        if app.settings.slack.workspaces or _names_slack(app, environ):
            more, connected = stack.enter_context(_slack(app, environ, seconds))
            routes += more
        _note_chat(app)
        routes += stack.enter_context(telemetry.connected(app))
        routes += stack.enter_context(api.connected(app))
        made = server(app, routes, connected, stack.enter_context(_metrics(app, connected, environ)))
        if app.settings.server.mcp:
            optional("bot.mcp.server", "MCP", "requirements-mcp.txt").add_to(made, app)
        made.router.routes += stack.enter_context(
            console.connected(app, environ)
        )  # the last: it takes what is nobody else's
        yield made


def _names_slack(app: App, environ: Mapping[str, str]) -> bool:
    """Whether Slack is meant: one of its secrets is set, or app.yaml says something of it that is not so anyway.

    Which of them are missing is said when it is connected: who lost a secret shall not run without chat unawares.
    """
    if app.settings.msteams.on:
        return bool(secret(SLACK_SECRETS[0], environ))
    return app.settings.slack.is_set or any(secret(name, environ) for name in SLACK_SECRETS)


def _note_chat(app: App) -> None:
    """Say where nobody can be notified in chat: here in the log, and in `status`."""
    if not app.platforms:
        log.warning(
            "No chat platform is set up, so nobody is notified in chat. The console, the API and telemetry work. "
            "To set one up, see docs/how-to/slack.md or docs/how-to/teams.md."
        )
    if bool(app.platforms) == bool(app.database.ask(lambda conn: installation.noted(conn, installation.NO_CHAT))):
        app.database.transact(lambda conn: _change_chat(conn, app))


def _change_chat(conn: Connection, app: App) -> None:
    if app.platforms:
        installation.end(conn, installation.NO_CHAT)
    else:
        installation.note(conn, installation.NO_CHAT, "", app.now())


@contextmanager
def _metrics(app: App, connected: Callable[[], bool], environ: Mapping[str, str]) -> Iterator[list[BaseRoute]]:
    """Where figures are served: beside the rest, or, with a port of their own, nowhere there."""
    where = app.settings.server
    route = metrics_route(app, connected, secret("METRICS_TOKEN", environ))
    if where.metrics_port is None:
        yield [route]
        return
    with served_apart(route, where.host, where.metrics_port):
        yield []


def teams_secret(app: App, environ: Mapping[str, str]) -> str:
    """The secret of the app registration; the Playground needs none.

    Raises:
        ConfigError: it is missing.
    """
    if app.settings.msteams.playground:
        return ""
    return _needed("TEAMS_APP_SECRET", N_("a client secret of the app registration"), environ, "docs/how-to/teams.md")


@contextmanager
def _teams(app: App, environ: Mapping[str, str]) -> Iterator[BaseRoute]:
    teams = optional("bot.platforms.teams.setup")
    key = teams_secret(app, environ)
    look_up = entra(app.settings, key).find if key else (lambda _email: "")
    with teams_connected(app, teams.Connector(app.settings.msteams, key), look_up) as route:
        yield route


@contextmanager
def teams_connected(app: App, connector: Any, look_up: Callable[[str], str] = lambda _email: "") -> Iterator[BaseRoute]:
    """The route for Teams' requests; while it is open, the app can show cards in Teams.

    Args:
        app: who answers, and remembers.
        connector: a Connector of bot/platforms/teams, which is imported only if Teams is configured.
        look_up: see Teams.
    """
    setup = optional("bot.platforms.teams.setup")
    remembered = StoredConversations(app.database, app.now)
    tenants = app.settings.msteams.tenants
    with setup.connected(app, connector, remembered, tenants, look_up, spoken_to(None, app.policy)) as (teams, route):
        app.platforms = {**app.platforms, teams.name: teams}
        yield route


@contextmanager
def _slack(
    app: App, environ: Mapping[str, str], seconds: Callable[[], float]
) -> Iterator[tuple[list[BaseRoute], Callable[[], bool]]]:
    """Slack's routes, and whether it is connected."""
    slack = app.settings.slack
    heard = ListenerSettings(
        command=slack.command,
        teams=frozenset(slack.teams),
        language=spoken_to(None, app.policy),
        agent=slack.agent,
        all_by_bolt=slack.questions == "bolt",
    )
    listener: Answers
    routes: list[BaseRoute] = []
    with ExitStack() as stack:
        if slack.workspaces:
            # Who has one workspace does not load what several take.
            installations = import_module("bot.installations")
            installed = installations.workspaces_of(app.settings, environ, app.database, app.now)
            installed.installations.encrypt_anew()
            app.platforms = {**app.platforms, "slack": SlackWorkspaces(installed, app.file)}
            listener, app_id = SlackListeners(app, installed, heard, app.pause), slack.app_id
            scopes = wanted_scopes(**scopes_for(app.settings))
            routes += InstallPages(installed, slack.address, scopes, heard.language, app.welcome).routes()
        else:
            token = _needed("SLACK_BOT_TOKEN", N_("the bot token (xoxb-…) of the Slack app"), environ)
            client = web_client(token, slack.url)
            app_id = own_app_id(web_client(token, slack.url, ASK_MAX_S))
            app.platforms = {**app.platforms, "slack": Slack(client, app.file)}
            listener = SlackListener(app, client, heard)
        stack.callback(listener.close)
        if slack.mode == "http":
            said = _needed("SLACK_SIGNING_SECRET", N_("the signing secret of the Slack app"), environ).split(",")
            secrets = [one.strip() for one in said if one.strip()]
            endpoint = Endpoint(listener, Verifier(secrets, now=seconds, app_id=app_id))
            stack.callback(endpoint.close)
            routes.append(StraightRoute(EVENTS_PATH, endpoint))
            connected: Callable[[], bool] = lambda: True  # noqa: E731 - one of two ways to ask the same
        else:
            app_token = _needed("SLACK_APP_TOKEN", N_("the app-level token (xapp-…) for Socket Mode"), environ)
            socket = Socket(listener, Verifier((), now=seconds, app_id=app_id), app_token, slack.url)
            stack.callback(socket.close)
            socket.connect()
            connected = lambda: socket.connected  # noqa: E731 - as above
        yield routes, connected


def scopes_for(settings: Settings) -> dict[str, bool]:
    """What of app.yaml takes further scopes of Slack; see wanted_scopes."""
    named = [each.place for each in settings.schedule] + [each.alert_in for each in settings.budgets]
    places = [named_place(each) for each in named if each.startswith("slack:")]
    return {
        "directory": any(each.kind == "slack" for each in settings.directory),
        "groups": any(each.slack for each in settings.groups),
        "channels": any(each.public for each in places),
        "agent": settings.slack.agent,
        "receipts": bool(settings.policy.claims.categories),
    }


def events_url(address: str | None) -> str | None:
    """Where Slack sends everything to, from the bot's public address; None stays None."""
    return address and address.rstrip("/").removesuffix(EVENTS_PATH) + EVENTS_PATH


def _needed(name: str, what: str, environ: Mapping[str, str], page: str = "docs/how-to/slack.md") -> str:
    value = secret(name, environ)
    if not value:
        raise ConfigError(
            t("{name} is not set: it holds {what}. {page} says where to find it.", name=name, what=t(what), page=page)
        )
    return value
