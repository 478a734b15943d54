"""Load: signed slash commands over kept connections, the next one sent when the last is answered (a closed loop).

Raw sockets and one thread: a client library would take longer than the server that it measures. Commands are signed
beforehand, so that the time in between is the server's alone.
"""

import gc
import hmac
import itertools
import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

PATH = "/slack/events"
SILENCE_MAX_S = 60.0

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_numbers = itertools.count(1)


class MeasurementError(Exception):
    """A server did not answer, or not with what was asked."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where commands come from.

    Args:
        team: id of the workspace.
        secret: signs what it sends.
        users: ids of those who speak, in turn.
    """

    team: str
    secret: str
    users: Sequence[str]

    def commands(self, text: str, count: int) -> list[bytes]:
        """HTTP requests of slash commands as Slack makes them, each signed now and with a trigger id of its own."""
        stamp = str(int(time.time())).encode()
        return [
            self._request(self._form(user, text), stamp)
            for user in itertools.islice(itertools.cycle(self.users), count)
        ]

    def _form(self, user: str, text: str) -> bytes:
        number = next(_numbers)
        form = {
            "token": "legacy",
            "team_id": self.team,
            "team_domain": "meridian",
            "channel_id": "C0BENCH",
            "channel_name": "general",
            "user_id": user,
            "user_name": user.lower(),
            "command": "/tokens",
            "text": text,
            "api_app_id": "A1",
            "is_enterprise_install": "false",
            "response_url": f"https://hooks.slack.com/commands/{self.team}/{number}/abcdefghijklmnopqrstuvwx",
            "trigger_id": f"{number}.1.0123456789abcdef0123456789abcdef",
        }
        return urlencode(form).encode()

    def _request(self, body: bytes, stamp: bytes) -> bytes:
        signature = hmac.digest(self.secret.encode(), b"v0:%b:%b" % (stamp, body), "sha256").hex()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
            f"Accept: application/json,*/*\r\nAccept-Encoding: gzip,deflate\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Slack-Request-Timestamp: {stamp.decode()}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back.

    Args:
        seconds: from the first command to the last answer.
        waits_s: how long each answer took, sorted.
    """

    seconds: float
    waits_s: Sequence[float]

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.waits_s) / self.seconds

    def wait_ms(self, share: float) -> float:
        """The time in which a share of the answers came, such as 0.99."""
        return self.waits_s[min(int(len(self.waits_s) * share), len(self.waits_s) - 1)] * 1000


@dataclass(slots=True)
class _Line:
    """A connection with one command under way."""

    socket: socket.socket
    heard: bytes = b""
    size: int = 0
    sent_s: float = field(default=0.0)

    def say(self, request: bytes) -> None:
        self.heard, self.size = b"", 0
        self.sent_s = time.perf_counter()
        if self.socket.send(request) < len(request):
            raise MeasurementError("a command did not fit into the socket")

    def listen(self) -> bool:
        """Whether the answer is here, whole."""
        part = self.socket.recv(262_144)
        if not part:
            raise MeasurementError(f"the server hung up after {self.heard[:200]!r}")
        self.heard += part
        if not self.size:
            end = self.heard.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = _LENGTH.search(self.heard, 0, end)
            self.size = end + 4 + (int(length[1]) if length else 0)
        return len(self.heard) >= self.size


def drive(
    port: int, requests: Iterable[bytes], connections: int, seconds: float = 60, must_hold: bytes = b""
) -> Answers:
    """Send commands until there are no more or the time is up.

    Args:
        port: on 127.0.0.1.
        requests: whole HTTP requests.
        connections: how many, each with one command under way.
        seconds: after which none is sent any more.
        must_hold: every answer has to contain it, so that a quick excuse is not counted as an answer.

    Raises:
        MeasurementError: an answer was not 200, was not what it should be, or did not come.
    """
    waiting = iter(requests)
    lines = [_Line(socket.create_connection(("127.0.0.1", port))) for _ in range(connections)]
    gc.collect()
    gc.disable()
    try:
        with selectors.DefaultSelector() as selector:
            for line in lines:
                line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.socket.setblocking(False)
                selector.register(line.socket, selectors.EVENT_READ, line)
            began_s = time.perf_counter()
            waits_s = list(_conversed(selector, lines, waiting, began_s + seconds, must_hold))
            return Answers(time.perf_counter() - began_s, sorted(waits_s))
    finally:
        gc.enable()
        for line in lines:
            line.socket.close()


def said(port: int, request: bytes) -> bytes:
    """The body of one answer.

    Args:
        port: on 127.0.0.1.
        request: a whole HTTP request.

    Raises:
        MeasurementError: it was not 200.
    """
    with socket.create_connection(("127.0.0.1", port)) as connection:
        line = _Line(connection)
        line.say(request)
        while not line.listen():
            pass
    _check(line.heard, b"")
    return line.heard.partition(b"\r\n\r\n")[2]


def _conversed(
    selector: selectors.BaseSelector, lines: list[_Line], waiting: Iterator[bytes], until_s: float, must_hold: bytes
) -> Iterator[float]:
    """Seconds that each answer took."""
    under_way = 0
    for line, request in zip(lines, waiting, strict=False):
        line.say(request)
        under_way += 1
    while under_way:
        ready = selector.select(SILENCE_MAX_S)
        if not ready:
            raise MeasurementError(f"no answer within {SILENCE_MAX_S:.0f} s")
        for key, _ in ready:
            line = key.data
            if not line.listen():
                continue
            now_s = time.perf_counter()
            yield now_s - line.sent_s
            _check(line.heard, must_hold)
            more = next(waiting, None) if now_s < until_s else None
            if more is None:
                under_way -= 1
            else:
                line.say(more)


def _check(heard: bytes, must_hold: bytes) -> None:
    if not heard.startswith(b"HTTP/1.1 200 ") or must_hold not in heard:
        raise MeasurementError(f"the server answered {heard[:600]!r}")
