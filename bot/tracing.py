"""Traces: how long each piece of work took, and what it was part of. Off until somebody wants them.

What OpenTelemetry needs is in `bot/otel.py` and imported only then. As in the metrics, a span says kinds, names of
commands, platforms and providers: no people, no places, no texts.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Attributes = Mapping[str, str | int]
UNTRACED = frozenset({"healthz", "startupz", "readyz", "metrics", "otlp", "static"})
"""First steps of paths that are asked so often that they would hide the rest; telemetry could be our own."""
NOT_FOUND = 404


class Span(Protocol):
    """A piece of work that is under way."""

    def note(self, name: str, value: str | int) -> None:
        """Say something of it that is known only now."""


class _Untraced:
    """A piece of work of which no trace is kept."""

    def note(self, name: str, value: str | int) -> None:
        """See Span."""


Begin = Callable[[str, Attributes], AbstractContextManager[Span]]
_UNTRACED = nullcontext[Span](_Untraced())
_begins: list[Begin] = []


@contextmanager
def traced_by(begin: Begin) -> Iterator[None]:
    """Keep traces of all work of this process, for as long as this is open."""
    _begins.append(begin)
    try:
        yield
    finally:
        _begins.remove(begin)


def span(name: str, attributes: Attributes) -> AbstractContextManager[Span]:
    """A piece of work, from now until the block ends.

    Args:
        name: such as "sentence balance".
        attributes: what else is known of it.
    """
    return _begins[-1](name, attributes) if _begins else _UNTRACED


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
