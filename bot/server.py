"""What `run` serves over HTTP: Slack's requests, and how the bot is doing."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hmac import compare_digest

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot import capped
from bot.app import App
from bot.config import ConfigError
from bot.health import Health
from bot.texts import t
from storage.db import BusyError

METRICS_PATH = "/metrics"
STOP_S = 5.0


class StraightRoute(Route):
    """A route that needs nothing of what Starlette does around one, and is asked more often than all others."""


class Served(Starlette):
    """What is served over HTTP. To straight routes requests go at once: to find one takes a fortieth of a question.

    Args:
        routes: all of them.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes=routes)
        self._straight = {each.path: each.app for each in routes if isinstance(each, StraightRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        straight = self._straight.get(scope["path"]) if scope["type"] == "http" else None
        await (straight or super().__call__)(scope, receive, send)


def server(
    app: App, extra: list[BaseRoute], connected: Callable[[], bool], metrics: Sequence[BaseRoute] | None = None
) -> Starlette:
    """The ASGI application of `run`: health, metrics, and the platforms' own routes.

    Args:
        app: the bot.
        extra: the platforms' routes.
        connected: whether Slack's socket stands.
        metrics: the routes of the figures; empty if they are served elsewhere, None if anybody may read them here.
    """
    health = Health(app, connected)

    def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def startupz(_request: Request) -> Response:
        why = health.started()
        return PlainTextResponse(f"{why or 'started'}\n", status_code=503 if why else 200)

    def readyz(_request: Request) -> Response:
        why = health.not_ready()
        lines = [why] if why else ["ready", *health.notes()]
        return PlainTextResponse("\n".join([*lines, ""]), status_code=503 if why else 200)

    own = {"/healthz": healthz, "/startupz": startupz, "/readyz": readyz}
    shown = [metrics_route(app, connected)] if metrics is None else metrics
    # The platforms' come first: nearly all requests are theirs.
    return Served([*extra, *(Route(path, answer) for path, answer in own.items()), *shown])


def metrics_route(app: App, connected: Callable[[], bool], token: str = "") -> Route:
    """Figures for Prometheus.

    Args:
        app: the bot.
        connected: whether Slack's socket stands.
        token: who asks must show it (RFC 6750), "" if nobody need.
    """
    health = Health(app, connected)

    def metrics(request: Request) -> Response:
        shown = request.headers.get("authorization", "")
        if token and not compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return PlainTextResponse("Show the token of the metrics.\n", 401, {"www-authenticate": "Bearer"})
        with suppress(BusyError, SQLAlchemyError):  # the other figures are told all the same
            health.measure()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Route(METRICS_PATH, metrics)


@contextmanager
def served_apart(route: BaseRoute, host: str, port: int) -> Iterator[int]:
    """Serve one route on a port of its own, in a thread, with the same bounds for strangers; gives the port.

    Raises:
        ConfigError: the port is in use.
    """
    config = capped.config(Starlette(routes=[route]), log_config=None)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as trouble:
            said = t("Port {port} on {host} cannot be used ({reason}).", port=port, host=host, reason=trouble.strerror)
            raise ConfigError(said) from trouble
        apart = uvicorn.Server(config)
        thread = threading.Thread(target=apart.run, args=([listener],), name="metrics", daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            apart.should_exit = True
            thread.join(STOP_S)


def serve_until_told(config: uvicorn.Config, sockets: Sequence[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, finish the requests that are under way, and return.

    uvicorn raises the signal once more when it has stopped; ignored here, it leaves the caller to tidy up.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    uvicorn.Server(config).run(sockets=list(sockets) if sockets else None)
