"""A trace of each request over HTTP, for the server that answers it."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.tracing import span

UNTRACED = frozenset({"healthz", "startupz", "readyz", "metrics", "otlp", "static"})
"""First steps of paths that are asked so often that they would hide the rest; telemetry could be our own."""
NOT_FOUND = 404


class TracedRequests:
    """Keeps a trace of each request over HTTP: its method, the first step of its path, and the status.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        step = Request(scope).url.path.split("/")[1] if scope["type"] == "http" else ""
        if scope["type"] != "http" or step in UNTRACED:
            await self._app(scope, receive, send)
            return
        with span("request", {"http.request.method": scope["method"]}) as one:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = int(message["status"])
                    one.note("http.response.status_code", status)
                    if status != NOT_FOUND:  # whoever asks for nothing of ours chooses the word
                        one.note("http.route", f"/{step}")
                await send(message)

            await self._app(scope, receive, send_noted)
