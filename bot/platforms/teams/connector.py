"""Microsoft's SDK, and the line to the Bot Connector: what comes in is checked, what goes out waits for its answer.

The SDK is asynchronous and fetches Microsoft's signing keys while it checks a request, so it lives in an event loop of
a thread of its own: Slack's requests never wait for it, and what is sent works before the server runs and in `check`.
"""

import asyncio
import json
import logging
import re
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from typing import Any, TypeVar
from uuid import UUID

import jwt
from microsoft_teams.api import InvokeResponse
from microsoft_teams.api.auth.cloud_environment import PUBLIC, CloudEnvironment
from microsoft_teams.api.auth.credentials import TokenProvider
from microsoft_teams.apps import ActivityEvent, App
from microsoft_teams.apps.events import ErrorEvent
from microsoft_teams.apps.http import HttpMethod, HttpRequest, HttpResponse, HttpRouteHandler
from microsoft_teams.common import ClientOptions
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.config import TeamsSettings
from bot.errors import OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from bot.http import NO_ANSWER, HttpRefusal, Origin, refusal_of
from handlers.language import N_, Words

PATH = "/api/messages"
BODY_MAX_BYTES = 256 * 1024
PATIENCE_S = 20.0
BUSY = frozenset({408, 412, 429})
"""What the Connector answers when the same thing may work later; so does everything from 500 on."""

PLAYGROUND_ID = str(UUID(int=1))
OK, UNAUTHORIZED, FORBIDDEN, BROKEN, NOT_KNOWN = 200, 401, 403, 500, 501

# Words of the Bot Connector's reference (learn.microsoft.com, 2026), and what stands for a status without a word.
ADVICE: Mapping[str, str] = {
    "BotNotInConversationRoster": N_("Install the app there: for a person by the setup policy of Teams' admin center."),
    "ConversationNotFound": N_("The chat or channel is gone, or its id in app.yaml is wrong."),
    "ForbiddenOperationException": N_("The app was blocked or taken away there; install it again."),
    "MessageWritesBlocked": N_("The person has blocked the bot."),
    "MessageSizeTooBig": N_("The message is too long for Teams."),
    "401": N_("The app registration's secret is not valid: make a new one and set TEAMS_APP_SECRET."),
    "403": N_("Install the app there: for a person by the setup policy of Teams' admin center."),
    "404": N_("The chat, the channel or the message is gone."),
}
UNADVISED = N_("Look that word up in the docs of the Bot Connector.")

T = TypeVar("T")
Json = dict[str, Any]
ONE_DRIVE = Origin("https://sharepoint.com")
OnRequest = Callable[[ActivityEvent], Awaitable[InvokeResponse[Any]]]

_log = logging.getLogger("bursar.teams")
logging.getLogger("microsoft_teams").setLevel(logging.CRITICAL)  # it writes what people say into its complaints


class Connector:
    """The SDK at work. It is the SDK's HTTP adapter, too: `answer` is the one address that Teams sends everything to.

    Args:
        settings: who we are and whose people may speak.
        secret: of the app registration.
        cloud: where Microsoft's keys are.
        token: gives tokens in the place of Microsoft Entra.
        files: where files lie that people send.
    """

    def __init__(
        self,
        settings: TeamsSettings,
        secret: str,
        cloud: CloudEnvironment = PUBLIC,
        token: TokenProvider | None = None,
        files: Origin = ONE_DRIVE,
    ) -> None:
        self.files = files
        self._tenants = frozenset(settings.tenants)
        self._handle: HttpRouteHandler | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="teams", daemon=True)
        self.sdk = App(
            client_id=settings.app_id or PLAYGROUND_ID,
            client_secret=secret or None,
            tenant_id=settings.tenants[0] if settings.tenants else None,
            token=_token_of_nobody if settings.playground else token,
            cloud=cloud,
            client=ClientOptions(timeout=PATIENCE_S),
            http_server_adapter=self,
            messaging_endpoint=PATH,
            dangerously_allow_unauthenticated_requests=settings.playground,
        )
        self.sdk.event("error")(_log_where)
        self._thread.start()
        self.run(self.sdk.initialize())
        self._inner: OnRequest | None = self.sdk.server.on_request
        self.sdk.server.on_request = self._ours_only

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the SDK's loop and wait for it; from any thread but that one.

        Raises:
            UnreachableError: the Connector or Entra is down, slow or busy.
            RefusesUsError: they do not take our secret.
            UndeliverableError: they said no for good.
        """
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * PATIENCE_S)
        except (*NO_ANSWER, OSError, CancelledError) as trouble:
            raise _trouble(refusal_of(trouble)) from trouble
        except ValueError as trouble:  # what the SDK makes of a token that it was not given
            raise RefusesUsError(
                "Microsoft Entra gives no token for Teams: are app_id and tenants in app.yaml right, and is the secret "
                "in TEAMS_APP_SECRET still valid?"
            ) from trouble

    def close(self) -> None:
        """Let the connections go and end the loop."""
        for client in (self.sdk.api.http, self.sdk.http_client):
            self.run(client.http.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def answer(self, request: Request) -> Response:
        """POST /api/messages: the SDK says who is there, and what to answer."""
        body = await _read(request)
        if isinstance(body, Response):
            return body
        _forget_trigger(body)
        assert self._handle is not None
        work = self._handle(HttpRequest(body=body, headers=dict(request.headers)))
        result = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_coroutine(work), self._loop))
        status, content = result["status"], result["body"]
        if status >= UNAUTHORIZED:
            _log.warning("A request to %s was answered with %d.", PATH, status)
        return Response(status_code=status) if content is None else JSONResponse(content, status)

    # The SDK's HTTP adapter ------------------------------------------------------------------------------------------

    def register_route(self, _method: HttpMethod, path: str, handler: HttpRouteHandler) -> None:
        """See HttpServerAdapter. There is one route."""
        assert path == PATH
        self._handle = handler

    def serve_static(self, path: str, directory: str) -> None:
        """See HttpServerAdapter. There is nothing to serve."""

    async def start(self, port: int) -> None:
        """See HttpServerAdapter. The server is ours."""

    async def stop(self) -> None:
        """See HttpServerAdapter."""

    async def _ours_only(self, event: ActivityEvent) -> InvokeResponse[Any]:
        """Let nobody in of another company; the signature only says that Microsoft sent it."""
        said = _tenants_of(event)
        if self._tenants and (not said or said - self._tenants):
            return InvokeResponse(status=FORBIDDEN)
        assert self._inner is not None
        try:
            return await self._inner(event)
        except ValidationError:  # what it says may be what a person wrote
            kind = re.sub(r"[^A-Za-z/]", "", f"{event.body.type}/{event.body.model_dump().get('name') or ''}")[:80]
            _log.warning("Teams sent a request that the SDK does not know (%s); it is passed over.", kind)
            return InvokeResponse(status=NOT_KNOWN if event.body.type == "invoke" else OK)


def _tenants_of(event: ActivityEvent) -> set[str]:
    """Every tenant that a request names: of the conversation, of the channel, of the token."""
    body = event.body.model_dump()
    conversation, data = body.get("conversation"), body.get("channelData")
    whose = data.get("tenant") if isinstance(data, dict) else None
    found = [
        conversation.get("tenantId") if isinstance(conversation, dict) else "",
        whose.get("id") if isinstance(whose, dict) else "",
        event.token.tenant_id,
    ]
    return {str(each).lower() for each in found if each}


def where(error: BaseException) -> str:
    """The place of an error, without what it says."""
    return "".join(traceback.format_tb(error.__traceback__))


def _log_where(event: ErrorEvent) -> None:
    """Log where the SDK broke; what the error says may be what a person wrote."""
    _log.error("Teams' SDK broke (%s):\n%s", type(event.error).__name__, where(event.error))


async def _coroutine(work: Awaitable[HttpResponse]) -> HttpResponse:
    return await work


async def _read(request: Request) -> Json | Response:
    """The JSON object in a request, or what to answer to something else."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_MAX_BYTES:
            return PlainTextResponse("That is too long.", 413)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return PlainTextResponse("That is no JSON.", 400)
    return body if isinstance(body, dict) else PlainTextResponse("That is no activity.", 400)


def _forget_trigger(body: Json) -> None:
    """Take away what started a press; nothing depends on it.

    Teams says "automatic" of a card that is looked at again (its page "User Specific Views", 2026), and the SDK (2.1.1)
    refuses that word.
    """
    if isinstance(body.get("value"), dict):
        body["value"].pop("trigger", None)


def _token_of_nobody(_scope: str | list[str], _tenant: str | None) -> str:
    """What the SDK needs to see to speak with the Playground, which looks at no token."""
    return jwt.encode({"aud": "playground"}, "no secret, for there is nobody to deceive with it", "HS256")


def _trouble(refusal: HttpRefusal) -> OutsideError:
    """What the Connector's answer means for trying again."""
    if refusal.status == 0:
        return UnreachableError("Teams cannot be reached ({word}).", word=refusal.word)
    if refusal.status in BUSY or refusal.status >= BROKEN:
        return UnreachableError("Teams is busy or down ({status}).", refusal.retry_after_s, status=refusal.status)
    advice = ADVICE.get(refusal.word) or ADVICE.get(str(refusal.status), UNADVISED)
    kind = RefusesUsError if refusal.status == UNAUTHORIZED else UndeliverableError
    return kind("Teams said {said}. {advice}", said=f"{refusal.status} {refusal.word}".rstrip(), advice=Words(advice))
