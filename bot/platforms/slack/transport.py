"""How requests reach the listener: over HTTP, signed, or over Slack's own socket (Socket Mode)."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol

from slack_bolt import BoltResponse
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient

from bot.platforms.slack.client import TROUBLE, trouble, web_client
from bot.platforms.slack.listener import Turn, report
from bot.platforms.slack.payloads import Json
from bot.platforms.slack.verification import Receive, Rejection, Verifier
from handlers.language import Words

THREADS = 8
BROKEN = BoltResponse(status=200)
"""What Slack hears if even our way to say that something broke is broken; the log has the rest."""

WAIT_S = 2.0

Scope = MutableMapping[str, Any]
Send = Callable[[Json], Awaitable[None]]

_log = logging.getLogger("bursar.slack")


class Answers(Protocol):
    """A listener, as far as what carries requests needs one."""

    def dispatch(self, payload: Json, turn: Turn) -> BoltResponse:
        """Answer a payload that was verified."""

    def at_once(self, payload: Json, turn: Turn) -> BoltResponse | None:
        """The answer, if it takes a few milliseconds and waits for nothing; None: it is to be dispatched."""

    def late(self, payload: Json) -> BoltResponse:
        """What to answer when the answer is not ready."""

    def after(self, turn: Turn) -> None:
        """Do what was put off until the response was on its way."""

    def close(self) -> None:
        """Finish what was put off, and stop."""


class Endpoint:
    """An ASGI application for the one address that Slack sends everything to: POST /slack/events.

    Args:
        listener: who answers.
        verifier: who checks.
        wait_s: seconds after which an empty answer goes out; Slack gives three.
    """

    def __init__(self, listener: Answers, verifier: Verifier, wait_s: float = WAIT_S) -> None:
        self._listener = listener
        self._verifier = verifier
        self._wait_s = wait_s
        self._threads = ThreadPoolExecutor(THREADS, "slack")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            return await _send(send, 405, "Slack sends POST requests here.")
        headers = dict(scope["headers"])
        raw = await self._verifier.read(receive, headers.get(b"content-length", b""))
        payload = raw if isinstance(raw, Rejection) else self._verifier.admit(headers, raw)
        if isinstance(payload, Rejection):
            return await _send(send, payload.status, payload.why)
        turn = Turn()
        response = self._listener.at_once(payload, turn) or await self._answer(payload, turn)
        await _send(send, response.status, response.body)
        self._listener.after(turn)
        return None

    async def _answer(self, payload: Json, turn: Turn) -> BoltResponse:
        """The listener's answer from a thread of its own, or an empty one when time is up.

        A timer and a future cost a third less than asyncio.wait, and this is done for every request.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[BoltResponse] = loop.create_future()

        def work() -> None:
            response = BROKEN
            try:
                response = self._listener.dispatch(payload, turn)
            finally:
                loop.call_soon_threadsafe(_settle, answer, response)

        def time_is_up() -> None:
            if turn.take():
                _settle(answer, self._listener.late(payload))

        self._threads.submit(work).add_done_callback(report)
        timer = loop.call_later(self._wait_s, time_is_up)
        try:
            return await answer
        finally:
            timer.cancel()

    def close(self) -> None:
        """Finish what is being answered, and stop."""
        self._threads.shutdown()


def _settle(answer: asyncio.Future[BoltResponse], response: BoltResponse) -> None:
    if not answer.done():
        answer.set_result(response)


async def _send(send: Send, status: int, body: str) -> None:
    content_type = b"application/json" if body.startswith("{") else b"text/plain; charset=utf-8"
    content = body.encode()
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Socket:
    """Slack's Socket Mode: requests come over a connection that we open, so no public address is needed.

    Every envelope is acknowledged, whatever is in it; Slack takes silence for a failure.

    Args:
        listener: who answers.
        verifier: who checks the form of payloads. The connection itself is what proves that Slack speaks.
        app_token: the app-level token, "xapp-…", with the scope connections:write.
        base_url: of the Web API.
        wait_s: as for Endpoint.
    """

    def __init__(
        self, listener: Answers, verifier: Verifier, app_token: str, base_url: str, wait_s: float = WAIT_S
    ) -> None:
        self._listener = listener
        self._verifier = verifier
        self._app_token = app_token
        self._base_url = base_url
        self._wait_s = wait_s
        self._threads = ThreadPoolExecutor(THREADS, "slack")
        self._client: SocketModeClient | None = None

    @property
    def connected(self) -> bool:
        """Whether the connection stands now; it is renewed by itself."""
        return self._client is not None and self._client.is_connected()

    def connect(self) -> None:
        """Open the connection and begin to listen, in threads of its own.

        Raises:
            UnreachableError: Slack cannot be reached; nothing runs, try again.
            RefusesUsError: the app-level token is not good.
        """
        client = SocketModeClient(
            self._app_token, web_client=web_client(None, self._base_url), concurrency=THREADS, logger=_log
        )
        client.message_listeners.append(self._received)
        try:
            client.connect()
        except TROUBLE as error:
            client.close()
            raise trouble(Words("Connect to Slack's Socket Mode"), error) from error
        self._client = client

    def close(self) -> None:
        """Close the connection and finish what is being answered."""
        if self._client is not None:
            self._client.close()
        self._threads.shutdown()

    def _received(self, client: BaseSocketModeClient, envelope: Json, _raw: str | None) -> None:
        envelope_id = envelope.get("envelope_id")
        if not isinstance(envelope_id, str):
            return  # a greeting, or notice of a new connection
        payload = self._verifier.shape(envelope.get("payload"))
        if isinstance(payload, Rejection):
            _log.warning("A Socket Mode envelope was not understood: %s", payload.why)
            _acknowledge(client, envelope_id, "")
            return
        turn = Turn()
        answer = self._threads.submit(self._listener.dispatch, payload, turn)
        wait((answer,), timeout=self._wait_s)
        late = not answer.done() and turn.take()
        answer.add_done_callback(report)
        response = self._listener.late(payload) if late else BROKEN if answer.exception() else answer.result()
        _acknowledge(client, envelope_id, response.body)
        self._listener.after(turn)


def _acknowledge(client: BaseSocketModeClient, envelope_id: str, body: str) -> None:
    """Answer an envelope. The body is JSON already and is not read again."""
    payload = f', "payload": {body}' if body.startswith("{") else ""
    client.send_message(f'{{"envelope_id": {json.dumps(envelope_id)}{payload}}}')
