"""Who a program speaks for: a bearer token becomes a token of the table, or a problem that says why not.

Every edge that programs speak to asks here, and only here. Errors are those of RFC 9457, `application/problem+json`.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from prometheus_client import Counter
from starlette.responses import JSONResponse, Response

from handlers.context import CLOCK, NOWHERE, Context
from handlers.events import OldTokenUsed
from handlers.policy import Policy
from storage import tokens
from storage.db import BusyError, Connection, Database
from storage.tokens import Bearer, Scope

Right = Literal["telemetry", "figures", "requests", "reports"]
"""What is asked for: to send telemetry; to see figures; to reserve, settle and ask for more; to read reports."""

RIGHTS: Mapping[Scope, frozenset[Right]] = {
    "own": frozenset({"telemetry", "figures", "requests", "reports"}),
    "agent": frozenset({"telemetry", "figures", "requests", "reports"}),
    "telemetry": frozenset({"telemetry"}),
    "telemetry_all": frozenset({"telemetry"}),
    "reports": frozenset({"reports"}),
}
A_MINUTE: Mapping[Scope, int] = {
    "own": 600,
    "agent": 3_000,
    "telemetry": 600,
    "telemetry_all": 60_000,
    "reports": 120,
}
"""Requests that one token may make in a minute."""
REFUSED_A_MINUTE = 30
"""Wrong tokens from one address in a minute; then that address waits, but for tokens that were right before."""
MINUTE = timedelta(minutes=1)
REMEMBERED_MAX = 20_000
NOTED_AGAIN = timedelta(hours=1)

LET_IN = Counter("bursar_tokens_total", "Requests of programs, by the scope of their token.", ["scope"])
REFUSED = Counter("bursar_tokens_refused_total", "Requests of programs that were refused, by the reason.", ["why"])


class ProblemError(Exception):
    """A request that is not answered, and why; `respond` makes the answer of it.

    Args:
        status: of HTTP.
        name: of the kind of problem, such as "token-ended".
        title: what is wrong, in a few words.
        detail: one plain sentence with what to do.
        wait_s: seconds to wait before trying again, 0 if that is of no use.
    """

    def __init__(self, status: int, name: str, title: str, detail: str, wait_s: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.wait_s = wait_s

    def respond(self) -> Response:
        """The answer."""
        said = {"type": f"urn:bursar:problem:{self.name}", "title": self.title, "status": self.status}
        headers = {"Retry-After": str(self.wait_s)} if self.wait_s else {}
        if self.status == 401:  # noqa: PLR2004 - HTTP's number for "who are you"
            headers["WWW-Authenticate"] = "Bearer"
        body = said | {"detail": self.detail}
        return JSONResponse(body, self.status, headers, media_type="application/problem+json")


@dataclass(slots=True)
class Window:
    """Counts what happens in a minute, for each of some names."""

    counts: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def count(self, name: str, now: datetime, more: int = 1) -> int:
        """Count some more; how many there were in this minute."""
        start, number = self.counts.get(name, (now, 0))
        if not start <= now < start + MINUTE:
            start, number = now, 0
        if len(self.counts) >= REMEMBERED_MAX and name not in self.counts:
            self.counts.clear()  # so many names at once are a flood, and memory has an end
        self.counts[name] = (start, number + more)
        return number + more

    def wait_s(self, name: str, most: int, now: datetime) -> int:
        """Seconds until a name may go on, 0 for now."""
        start, number = self.counts.get(name, (now, 0))
        left = (start + MINUTE - now).total_seconds()
        return max(1, math.ceil(left)) if number >= most and 0 < left <= MINUTE.total_seconds() else 0


@dataclass(slots=True)
class Doorkeeper:
    """Lets programs in. It may be asked by several threads at once.

    Args:
        database: where tokens are.
        policy: for what is written down about them.
        now: the clock.
    """

    database: Database
    policy: Policy
    now: Callable[[], datetime]
    _refused: Window = field(default_factory=Window, init=False)
    _asked: Window = field(default_factory=Window, init=False)
    _right: dict[str, datetime] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def let_in(self, authorization: str | None, right: Right, peer: str = "", client: str = "") -> Bearer:
        """The token that a request shows.

        Args:
            authorization: the header of that name.
            right: what is asked for.
            peer: the address that asks.
            client: what the program calls itself.

        Raises:
            ProblemError: 401 or 403 for no right, 429 and 503 for later.
        """
        secret = secret_of(authorization)
        now = self.now()
        if secret is None or not tokens.is_well_formed(secret):
            raise self._no(peer, now, "missing" if secret is None else "malformed")
        self._hold_back(peer, tokens.hash_of(secret), now)
        try:
            bearer = self.database.ask(lambda conn: tokens.by_secret(conn, secret))
        except BusyError:
            raise _busy() from None
        if bearer is None:
            raise self._no(peer, now, "unknown")
        if not bearer.token.is_live(now) or not bearer.stands:
            if bearer.token.replaced_by:
                self._tell_old(bearer, now)
            raise self._no(peer, now, "ended")
        if right not in RIGHTS[bearer.token.scope]:
            raise self._no(peer, now, "scope")
        self._pace(bearer, tokens.hash_of(secret), now)
        self._note(bearer, client, now)
        LET_IN.labels(bearer.token.scope).inc()
        return bearer

    def _no(self, peer: str, now: datetime, why: str) -> ProblemError:
        REFUSED.labels(why).inc()
        with self._lock:
            wait_s = self._refused.wait_s(peer, REFUSED_A_MINUTE, now)
            self._refused.count(peer, now)
        return _too_many(wait_s) if wait_s else ProblemError(*PROBLEMS[why])

    def _hold_back(self, peer: str, digest: str, now: datetime) -> None:
        """An address with many wrong tokens is not looked up, but one that was right lately is: others share it."""
        with self._lock:
            wait_s = 0 if digest in self._right else self._refused.wait_s(peer, REFUSED_A_MINUTE, now)
        if wait_s:
            REFUSED.labels("rate").inc()
            raise _too_many(wait_s)

    def _pace(self, bearer: Bearer, digest: str, now: datetime) -> None:
        name, most = str(bearer.token.id), A_MINUTE[bearer.token.scope]
        with self._lock:
            if len(self._right) >= REMEMBERED_MAX:
                self._right.clear()
            self._right[digest] = now
            wait_s = self._asked.wait_s(name, most, now)
            if not wait_s:
                self._asked.count(name, now)
        if wait_s:
            REFUSED.labels("rate").inc()
            raise _too_many(wait_s)

    def _note(self, bearer: Bearer, client: str, now: datetime) -> None:
        """Note once an hour that a token is in use; its first use stands in the audit."""
        one = bearer.token
        if one.used_at is not None and now < one.used_at + NOTED_AGAIN:
            return

        def work(conn: Connection) -> None:
            known = tokens.find(conn, str(one.id))
            if known and known.token.used_at == one.used_at:
                tokens.used(conn, one.id, client, now)
                if one.used_at is None:
                    ctx = Context(conn, now, CLOCK, NOWHERE, self.policy)
                    ctx.deed(
                        "first used token", f"token/{one.id}", f"for {one.account_id}", client[: tokens.CLIENT_MAX]
                    )
                    ctx.write()

        try:
            self.database.transact(work, in_turn=one.used_at is None)
        except BusyError:
            return  # noted with the next request

    def _tell_old(self, bearer: Bearer, now: datetime) -> None:
        """Have its owner told, once a day."""

        def work(conn: Connection) -> None:
            ctx = Context(conn, now, CLOCK, NOWHERE, self.policy)
            ctx.emit(f"{bearer.token.id}/{now:%Y-%m-%d}", OldTokenUsed(bearer.token.id))
            ctx.write()

        try:
            self.database.transact(work)
        except BusyError:
            return


def secret_of(authorization: str | None) -> str | None:
    """The token in the header Authorization, None if there is none.

    "Bearer%20" is read too: Claude Code does not decode what it was given in OTEL_EXPORTER_OTLP_HEADERS.
    """
    scheme, _, rest = (authorization or "").strip().replace("%20", " ", 1).partition(" ")
    return rest.strip() if scheme.lower() == "bearer" and rest.strip() else None


PROBLEMS: Mapping[str, tuple[int, str, str, str]] = {
    "missing": (
        401,
        "token-missing",
        "No token",
        "Send the header “Authorization: Bearer bursar_…”. To make a token, say in chat: token new",
    ),
    "malformed": (
        401,
        "token-malformed",
        "Not a token",
        "This is not a token of Bursar: it may be cut off or mistyped. To make one, say in chat: token new",
    ),
    "unknown": (401, "token-unknown", "Unknown token", "I don't know this token. To make one, say in chat: token new"),
    "ended": (401, "token-ended", "Token ended", "This token has ended. To make a new one, say in chat: token new"),
    "scope": (
        403,
        "token-scope",
        "Not with this token",
        "This token does not open that. To see what yours open, say in chat: token",
    ),
}


def _too_many(wait_s: int) -> ProblemError:
    return ProblemError(429, "too-many-requests", "Too many requests", f"Wait {wait_s} s before you try again.", wait_s)


def _busy() -> ProblemError:
    return ProblemError(503, "busy", "Busy", "The database is busy. Nothing was changed; try again.", 1)
