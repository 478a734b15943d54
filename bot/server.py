"""What `run` serves over HTTP: Slack's requests, and how the bot is doing."""

import signal
import socket
from collections.abc import Callable, Sequence

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from storage.db import BusyError


def server(app: App, extra: list[BaseRoute], connected: Callable[[], bool]) -> Starlette:
    """The ASGI application of `run`: /healthz, /readyz, /metrics, and the platforms' own routes.

    Args:
        app: the bot.
        extra: the platforms' routes.
        connected: whether the chat platform can reach us now.
    """

    def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def readyz(_request: Request) -> Response:
        try:
            app.database.ask(lambda conn: conn.execute(text("select 1")))
        except BusyError:
            return PlainTextResponse("the database is busy\n", status_code=503)
        if not connected():
            return PlainTextResponse("the chat platform is not connected\n", status_code=503)
        return PlainTextResponse("ready\n")

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    return Starlette(routes=[*own, *extra])


def serve_until_told(config: uvicorn.Config, sockets: Sequence[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, finish the requests that are under way, and return.

    uvicorn raises the signal once more when it has stopped; ignored here, it leaves the caller to tidy up.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    uvicorn.Server(config).run(sockets=list(sockets) if sockets else None)
