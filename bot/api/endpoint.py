"""/api/v1: a request becomes a call, the call's answer becomes JSON.

Nothing is decided here. Who a token speaks for is looked up by the doorkeeper, what they may is looked up by the same
handlers that answer in chat.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from anyio.to_thread import run_sync
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.api import problems
from bot.api.document import document
from bot.api.hooks import HookDesk
from bot.api.operations import OPERATIONS, Operation
from bot.app import App, BrokeError, KeyUsedError
from bot.bearer import PROBLEMS, RIGHTS, Doorkeeper, ProblemError
from handlers import CALLS
from handlers.errors import RefusedError
from handlers.programs import Call, Caller, Need, Shape
from handlers.programs.shapes import Check, LineAnswer, RequestAnswer, SeeLine, Verdict
from storage.db import BusyError
from storage.tokens import Bearer

PREFIX = "/api/v1"
BODY_MAX_BYTES = 64 * 1024
KEY_MAX = 255
WAIT_MAX_S = 45
"""Claude Code and Gemini CLI give up after a minute without an answer."""
WAITERS_MAX = 200
LOOKS_EVERY_S = 1.0
COLORS = {"good": "", "warn": "33", "bad": "31"}
ANSWERABLE = (RefusedError, KeyUsedError, BusyError, BrokeError, ValidationError, ProblemError)


class Desk:
    """Answers programs.

    Args:
        app: who answers.
        door: lets programs in.
    """

    def __init__(self, app: App, door: Doorkeeper) -> None:
        self._app = app
        self._door = door
        self._waiting = 0

    def route(self, one: Operation) -> Route:
        """The route of an operation."""

        async def endpoint(request: Request) -> Response:
            return await self._answered(request, one)

        path = one.path.replace("}", ":int}")
        return Route(path, endpoint, methods=[one.method], name=one.call.__name__)

    async def _answered(self, request: Request, one: Operation) -> Response:
        language = "en"
        try:
            kind = CALLS[one.call]
            bearer = await run_sync(self.let_in, request, kind.need)
            language = await run_sync(self.language, bearer)
            said = await _said(request, one)
            wait_s = _wait(request) if one.wait else 0
            key = _key(request, one)
            answer = await run_sync(self.call, bearer, said, key)
            while wait_s > 0 and _waits(answer) and self._waiting < WAITERS_MAX:
                answer = await self._look_again(bearer, said)
                wait_s -= LOOKS_EVERY_S
        except ANSWERABLE as trouble:
            return problems.problem_of(trouble, language).respond()
        return JSONResponse(answer.model_dump(mode="json"), 201 if one.created else 200, NO_STORE)

    async def _look_again(self, bearer: Bearer, said: Call) -> Shape:
        self._waiting += 1
        try:
            await anyio.sleep(LOOKS_EVERY_S)
            return await run_sync(self.call, bearer, said, "")
        finally:
            self._waiting -= 1

    def let_in(self, request: Request, need: Need) -> Bearer:
        """The token that a request shows. See Doorkeeper.let_in."""
        peer = request.client.host if request.client else ""
        client = request.headers.get("user-agent", "")
        return self._door.let_in(request.headers.get("authorization"), need, peer, client)

    def call(self, bearer: Bearer, call: Call, key: str = "") -> Shape:
        """What is answered to a program that was let in. See App.call.

        Raises:
            ProblemError: its token does not open that.
        """
        if CALLS[type(call)].need not in RIGHTS[bearer.token.scope]:
            raise ProblemError(*PROBLEMS["scope"])
        return self._app.call(caller_of(bearer), bearer.speaker, call, key)

    def language(self, bearer: Bearer) -> str:
        """The language of the person for whom a program speaks."""
        return self._app.language(bearer.speaker)

    async def statusline(self, request: Request) -> Response:
        """What is left, in a line of text; nothing when something is wrong, for a prompt shows no errors."""
        try:
            bearer = await run_sync(self.let_in, request, "figures")
            answer = await run_sync(self.call, bearer, SeeLine())
        except ANSWERABLE as trouble:
            return problems.problem_of(trouble, "en").respond()
        if not isinstance(answer, LineAnswer):
            raise TypeError(f"{answer!r} is no line")
        color = COLORS[answer.tone] if request.query_params.get("color") == "1" else ""
        line = f"\x1b[{color}m{answer.line}\x1b[0m" if color and answer.line else answer.line
        return PlainTextResponse(f"{line}\n" if line else "", headers={"Cache-Control": "private, max-age=30"})

    async def authorize(self, request: Request) -> Response:
        """What a gateway asks before each request: 200 to let it pass, 429 with the sentence that clients show.

        See external_auth.proto of Envoy: the status, headers and body of a denial go to the client. `x-should-retry`
        keeps Claude Code from trying on for minutes (seen with 2.1.332).
        """
        try:
            bearer = await run_sync(self.let_in, request, "figures")
            answer = await run_sync(self.call, bearer, Check())
        except ANSWERABLE as trouble:
            return problems.problem_of(trouble, "en").respond()
        if not isinstance(answer, Verdict) or answer.decision != "no":
            return Response(status_code=200)
        return denied(answer.message, is_openai="/v1/messages" not in request.url.path)


def denied(message: str, *, is_openai: bool) -> Response:
    """A refusal as the clients of a provider show it."""
    error: dict[str, Any] = {"type": "billing_error", "message": message}
    body = {"error": {**error, "code": "insufficient_quota"}} if is_openai else {"type": "error", "error": error}
    return JSONResponse(body, 429, {"x-should-retry": "false"})


def caller_of(bearer: Bearer) -> Caller:
    """A token as handlers know it."""
    return Caller(bearer.token.account_id, f"token #{bearer.token.id}", bearer.token.client)


NO_STORE = {"Cache-Control": "no-store"}


async def _said(request: Request, one: Operation) -> Call:
    """The call that a request says.

    Raises:
        ProblemError: the body is too large or no JSON.
        ValidationError: it is no such call.
    """
    in_path: dict[str, Any] = dict(request.path_params)
    if one.method == "GET":
        asked = {name: value for name, value in request.query_params.items() if not (one.wait and name == "wait")}
        return one.call.model_validate({**asked, **in_path})
    body = await read_body(request)
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(415, "not-json", "Not JSON", "Send the body as Content-Type: application/json.")
    try:
        values = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise ProblemError(400, "not-json", "Not JSON", "The body is not JSON.") from None
    if not isinstance(values, dict) or in_path.keys() & values.keys():
        raise ProblemError(422, "invalid", "Not understood", "The body must be an object, without what the path says.")
    return one.call.model_validate_json(json.dumps({**values, **in_path}), strict=True)


async def read_body(request: Request) -> bytes:
    """The body, if it is not too large.

    Raises:
        ProblemError: it is.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            most = BODY_MAX_BYTES // 1024
            raise ProblemError(413, "too-large", "Too large", f"The body may have at most {most} KiB.")
    return body


def _key(request: Request, one: Operation) -> str:
    """The Idempotency-Key, bare or as the quoted string that the draft of the IETF wants.

    Raises:
        ProblemError: it is missing, or none.
    """
    said = request.headers.get("idempotency-key", "").strip()
    key = said[1:-1] if len(said) > 1 and said.startswith('"') and said.endswith('"') else said
    if not one.key or (not key and one.key == "allowed"):
        return ""
    if not key or len(key) > KEY_MAX or not key.isprintable() or not key.isascii():
        text = f"Send the header Idempotency-Key with up to {KEY_MAX} letters that name this order, such as a UUID."
        raise ProblemError(400, "key-missing", "No key", text)
    return key


def _wait(request: Request) -> float:
    said = request.query_params.get("wait", "0")
    if not said.isdecimal() or not said.isascii():
        raise ProblemError(422, "invalid", "Not understood", f"wait: seconds from 0 to {WAIT_MAX_S}.")
    return min(int(said[:9]), WAIT_MAX_S)


def _waits(answer: Shape) -> bool:
    return isinstance(answer, RequestAnswer) and answer.state in ("proposed", "pending")


def routes(app: App, door: Doorkeeper) -> list[BaseRoute]:
    """The routes of the API."""
    desk = Desk(app, door)
    hooks = HookDesk(app, desk)
    said = json.dumps(document(), ensure_ascii=False).encode()

    async def openapi(_request: Request) -> Response:
        return Response(said, media_type="application/json")

    inner = Starlette(
        routes=[
            *map(desk.route, OPERATIONS),
            Route("/statusline", desk.statusline),
            Route("/hooks/{client}/{event}", hooks.answer, methods=["POST"]),
            Route("/ext-authz", desk.authorize, methods=METHODS),
            Route("/ext-authz/{path:path}", desk.authorize, methods=METHODS),
            Route("/openapi.json", openapi),
        ],
        exception_handlers={HTTPException: problems.of_http},
    )
    return [Mount(PREFIX, app=inner)]


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@contextmanager
def connected(app: App) -> Iterator[list[BaseRoute]]:
    """The routes, for as long as the server runs."""
    yield routes(app, Doorkeeper(app.database, app.policy, app.now))
