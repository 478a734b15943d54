"""What stands before the page: it answers this machine only, and only its own scripts.

Anybody who can reach the page can be anybody on it, so it must be out of reach for others. Listening on loopback keeps
other machines out. A web site that is open in the same browser is kept out by three checks: the Host header must name
this machine (else a name that points to 127.0.0.1, "DNS rebinding", would do), a POST must come from this very page,
and no page may frame it. The policy in the headers allows no script but the page's own file, so that even an escape
that was forgotten would run nothing.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with none at all, browsers name no origin of a form, and it is refused
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Refuses what does not come from this page on this machine; puts the headers on all else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = _refuse(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)


def _refuse(method: str, headers: Headers) -> Response | None:
    """Why a request is not let in, or None."""
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or not _HERE.fullmatch(host):
        return PlainTextResponse("This page answers on this machine only: open it as http://127.0.0.1.", 421)
    origins = headers.getlist("origin")  # browsers send it with every POST; what is no browser has no page to protect
    if method not in ("GET", "HEAD") and any(origin.lower() != f"http://{host.lower()}" for origin in origins):
        return PlainTextResponse("This page takes orders from itself only.", 403)
    return None
