"""What `run` serves over HTTP: Slack's requests, and how the bot is doing."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from storage.db import Busy


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
        except Busy:
            return PlainTextResponse("the database is busy\n", status_code=503)
        if not connected():
            return PlainTextResponse("the chat platform is not connected\n", status_code=503)
        return PlainTextResponse("ready\n")

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    return Starlette(routes=[*own, *extra])
