"""What stands before the console: only its own pages give orders, and nothing of it is kept, framed or run.

Who gives orders: browsers say where a request comes from (`Sec-Fetch-Site`, on https and on loopback; else `Origin`),
and a page cannot lie about it. So no token needs to be hidden in forms; see OWASP's "Cross-Site Request Forgery
Prevention", "Fetch Metadata". The address is compared with the one in app.yaml, for the Host header is the client's.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TWO_YEARS_S = 63_072_000
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses orders of other pages; puts the headers on every answer.

    Args:
        app: what stands behind it.
        url: how browsers reach the console.
    """

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._url = url
        encrypted = {"Strict-Transport-Security": f"max-age={TWO_YEARS_S}"} if url.startswith("https:") else {}
        self._headers = HEADERS | encrypted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or not."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get(POLICY)  # of a file, which is narrower
                headers.update(self._headers)
                if own:
                    headers[POLICY] = own
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refuse(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refuse(self, method: str, headers: Headers) -> Response | None:
        """Why a request is not let in, or None."""
        if method in SAFE:
            return None
        site, origin = headers.getlist("sec-fetch-site"), [each.lower() for each in headers.getlist("origin")]
        if site:
            # "none" is somebody's own doing, such as a typed address: then no page stands behind it.
            is_own = site == ["same-origin"] or (site == ["none"] and origin in ([], ["null"], [self._url.lower()]))
        else:
            is_own = origin == [self._url.lower()]
        return None if is_own else PlainTextResponse("This page takes orders from itself only.", 403)
