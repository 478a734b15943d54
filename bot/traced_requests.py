"""A trace of each request over HTTP, for the server that answers it. It joins the trace of a caller that names one."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.tracing import span

UNTRACED = frozenset({"healthz", "startupz", "readyz", "metrics", "otlp", "static"})
"""First steps of paths that are asked so often that they would hide the rest; telemetry could be our own."""
CALLER = ("traceparent", "tracestate")
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
        request = Request(scope) if scope["type"] == "http" else None
        step = request.url.path.split("/")[1] if request else ""
        if request is None or step in UNTRACED:
            await self._app(scope, receive, send)
            return
        caller = {name: request.headers[name] for name in CALLER if name in request.headers}
        with span("request", {"http.request.method": scope["method"]}, caller) as one:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = int(message["status"])
                    one.note("http.response.status_code", status)
                    if status != NOT_FOUND:  # whoever asks for nothing of ours chooses the word
                        one.note("http.route", f"/{step}")
                await send(message)

            await self._app(scope, receive, send_noted)
