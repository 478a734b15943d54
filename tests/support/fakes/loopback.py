"""A real HTTP server on 127.0.0.1 that can be told to misbehave. Fakes of providers stand on it."""

import json
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it came. Header names are lower case. `at_s` is a reading of the monotonic clock.

    `query` has the last value of each name, `lists` has all, `raw` is as it came.
    """

    method: str
    path: str
    query: Mapping[str, str]
    lists: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    at_s: float
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. A body that is not bytes is sent as JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body as it goes out."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong once. Without an answer of its own it spoils the right one.

    Args:
        path: only a request for this path meets the fault, "" for any.
        instead: answered in place of the right answer.
        wait_s: seconds before anything is sent.
        drop: the connection is closed without a word.
        half: the connection is closed in the middle of the body.
        drip_s: seconds between any two bytes of the body, 0 to send it at once.
    """

    path: str = ""
    instead: Answer | None = None
    wait_s: float = 0.0
    drop: bool = False
    half: bool = False
    drip_s: float = 0.0


class Loopback:
    """The server. Whoever inherits it says what is answered; it keeps what it heard in `requests`.

    Faults wait in a line, and each request meets the first one for its path.
    """

    def __init__(self) -> None:
        self.requests: list[Heard] = []
        self.lock = threading.RLock()
        self._faults: list[Fault] = []
        self._closing = threading.Event()

    def answer(self, heard: Heard) -> Answer:
        """The right answer to a request. It may be called by several threads at once; `lock` is there for it."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail_next(
        self, status: int, headers: Mapping[str, str] | None = None, body: Any = b"", *, path: str = "", times: int = 1
    ) -> None:
        """Answer the next requests with this instead, a good status included."""
        self._add(Fault(path, instead=Answer(status, body, headers or {})), times)

    def drop_next(self, *, path: str = "", times: int = 1) -> None:
        """Hang up on the next requests."""
        self._add(Fault(path, drop=True), times)

    def halve_next(self, *, path: str = "", times: int = 1) -> None:
        """Hang up in the middle of the next bodies."""
        self._add(Fault(path, half=True), times)

    def slow_next(self, wait_s: float, *, path: str = "", times: int = 1) -> None:
        """Keep the next requests waiting, then answer rightly."""
        self._add(Fault(path, wait_s=wait_s), times)

    def drip_next(self, drip_s: float, *, path: str = "", times: int = 1) -> None:
        """Send the next bodies byte by byte."""
        self._add(Fault(path, drip_s=drip_s), times)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def _add(self, fault: Fault, times: int) -> None:
        with self.lock:
            self._faults.extend([fault] * times)

    def _take_fault(self, heard: Heard) -> Fault:
        with self.lock:
            self.requests.append(heard)
            for fault in self._faults:
                if fault.path in {"", heard.path}:
                    self._faults.remove(fault)
                    return fault
        return Fault()

    def _respond(self, heard: Heard, handler: "_Handler") -> None:
        fault = self._take_fault(heard)
        self._closing.wait(fault.wait_s)
        if fault.drop:
            handler.hang_up()
            return
        answer = fault.instead or self.answer(heard)
        content = answer.content
        handler.send_head(answer, len(content))
        if fault.half:
            handler.wfile.write(content[: len(content) // 2])
            handler.hang_up()
        elif fault.drip_s:
            for number in range(len(content)):
                handler.wfile.write(content[number : number + 1])
                self._closing.wait(fault.drip_s)
        else:
            handler.wfile.write(content)


class _Server(ThreadingHTTPServer):
    """Threads are waited for at the end, so that no socket outlives its test."""

    daemon_threads = False
    loopback: Loopback

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep for later."""
        for request in list(self._open):
            _shut(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of the fake and shall be seen."""
        if not isinstance(_current_error(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Any method is heard the same way."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        heard = Heard(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            lists=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("content-length", 0))),
            at_s=time.monotonic(),
            raw=parts.query,
        )
        self.server.loopback._respond(heard, self)

    def send_head(self, answer: Answer, length: int) -> None:
        """Status and headers. The length is that of the whole body, whatever is sent of it."""
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(length), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def hang_up(self) -> None:
        """End the connection at once."""
        self.close_connection = True
        _shut(self.connection)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already gone


def _current_error() -> BaseException | None:
    return sys.exception()
