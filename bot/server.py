"""What `run` serves over HTTP: Slack's requests, and how the bot is doing."""

import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.health import Health
from storage.db import BusyError


def server(app: App, extra: list[BaseRoute], connected: Callable[[], bool]) -> Starlette:
    """The ASGI application of `run`: health, metrics, and the platforms' own routes.

    Args:
        app: the bot.
        extra: the platforms' routes.
        connected: whether Slack's socket stands.
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

    def metrics(_request: Request) -> Response:
        with suppress(BusyError, SQLAlchemyError):  # the other figures are told all the same
            health.measure()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    own = {"/healthz": healthz, "/startupz": startupz, "/readyz": readyz, "/metrics": metrics}
    return Starlette(routes=[*(Route(path, answer) for path, answer in own.items()), *extra])


def serve_until_told(config: uvicorn.Config, sockets: Sequence[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, finish the requests that are under way, and return.

    uvicorn raises the signal once more when it has stopped; ignored here, it leaves the caller to tidy up.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    uvicorn.Server(config).run(sockets=list(sockets) if sockets else None)
