"""What a stranger may take of the HTTP server: bytes, connections and time are bounded before anything is parsed.

Measured with uvicorn 0.54 and httptools 0.9, which have no such bounds: one header of 64 MiB was accepted and stood in
the way of everybody for eleven seconds, and a connection that sent half a request was never closed.

This extends uvicorn's protocol, so its version is pinned, and tests/system/test_http_caps.py holds with raw sockets
what it leans on.
"""

import asyncio
import math
from asyncio.events import TimerHandle
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import uvicorn
from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 32 * 1024
"""Of the first line and the headers of a request."""
HEADERS_MAX = 200
BODY_MAX_BYTES = 8 * 1024 * 1024
"""For every route; a route may take less."""
HEAD_MAX_S = 10.0
BODY_MAX_S = 30.0
UNREAD_MAX_S = 30.0
"""So long may a client leave an answer unread."""
CONNECTIONS_MAX = 400
"""Of one process: below the number of open files that a process usually may have (1,024)."""


def config(app: Callable[..., Any], **settings: Any) -> uvicorn.Config:
    """How uvicorn serves an ASGI application within these bounds.

    Args:
        app: the application.
        settings: of uvicorn.Config, such as host and port.
    """
    return uvicorn.Config(app, http=CappedProtocol, ws="none", access_log=False, **settings)


class CappedProtocol(HttpToolsProtocol):
    """One connection.

    Where there are too many, the one that has waited longest for the rest of its request makes room. So who sends a
    request at once is served while somebody else holds all the others open.
    """

    _arriving = False
    """Whether part of a request has come, and the rest has not."""
    _has_head = False
    _bytes = 0
    """Of the request that is arriving, as they came."""
    _head_bytes = 0
    """The same without what stands between them, as far as it was parsed."""
    since = 0.0
    """When it began to wait for a request, by the loop's clock."""
    _until = math.inf
    """Until when it may wait for the rest, by the same clock; for ever while we are the ones who take long."""
    _timer: TimerHandle | None = None
    """Rings every now and then, however many requests come meanwhile: to set one for each costs more than to look."""
    _unread: TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the connection waits for its client, not for us."""
        return self._arriving or not self._is_answering()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is room or somebody who sends nothing can make some."""
        super().connection_made(transport)
        self._await_head()
        self._look_again()
        if len(self.connections) <= CONNECTIONS_MAX:
            return
        others = (each for each in self.connections if isinstance(each, CappedProtocol) and each is not self)
        oldest = min((each for each in others if each.is_waiting), key=lambda each: each.since, default=None)
        if oldest is None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            oldest.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_looking()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as there is not too much of it."""
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if not self._arriving:
            self._await_head()
        self._bytes += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            return  # there is nothing else to change to: the request is answered as it is
        except HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if self._arriving and not self._has_head and self._bytes > HEAD_MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._arriving and self._bytes > HEAD_MAX_BYTES + BODY_MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    # What the parser says --------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins; what came before it in the same read was another one."""
        if not self._arriving:
            self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the first line."""
        self._head_bytes += len(url)
        if self._head_bytes > HEAD_MAX_BYTES:
            self._refuse_head()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind the body."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_MAX_BYTES or len(self.headers) >= HEADERS_MAX:
            self._refuse_head()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._has_head = True
        self._until = self.loop.time() + BODY_MAX_S
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: now we have the time that we need."""
        self._arriving = False
        self._until = math.inf
        super().on_message_complete()

    def _refuse_head(self) -> None:
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        raise ValueError("too large")  # so that the parser stops

    # Time ------------------------------------------------------------------------------------------------------------

    def _await_head(self) -> None:
        self._arriving, self._has_head = True, False
        self._bytes = self._head_bytes = 0
        self.since = self.loop.time()
        self._until = self.since + HEAD_MAX_S

    def _look_again(self) -> None:
        """Refuse what took too long; else look again when it will have, or when a request that comes by then will."""
        left_s = self._until - self.loop.time()
        if left_s > 0:
            self._timer = self.loop.call_later(min(left_s, HEAD_MAX_S), self._look_again)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        """The client does not read what we answer."""
        self._unread = self.loop.call_later(UNREAD_MAX_S, self.drop)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def _is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why and close; where an answer has begun, only close."""
        if self.transport.is_closing():
            return
        self._stop_looking()
        if not (self._is_answering() and self.cycle.response_started):
            text = f"{status.phrase}.\n".encode()
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(text)}\r\n\r\n".encode() + text)
        self.transport.close()

    def drop(self) -> None:
        """Close the connection at once."""
        self.connections.discard(self)
        self.transport.abort()
