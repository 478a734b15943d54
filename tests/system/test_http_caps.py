"""What a stranger may take of the real process: it stays small, and answers everybody else meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bot.capped import BODY_MAX_BYTES, BODY_MAX_S, CONNECTIONS_MAX, HEAD_MAX_S
from tests.support.fakes.slack import FakeSlack
from tests.support.process import MIB, BotProcess, bot_process, get

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProcess]:
    """A bot that hears Slack over HTTP."""
    with FakeSlack() as slack:
        rules = {"organization": {"name": "Acme"}, "slack": {"mode": "http", "url": slack.base_url}}
        with bot_process(tmp_path_factory.mktemp("bot"), rules, {}) as running:
            yield running


def answers(bot: BotProcess) -> bool:
    """Whether somebody with an ordinary request is answered."""
    return get(f"{bot.url}/healthz") == (200, "ok\n")


def said(sock: socket.socket) -> bytes:
    """All that is answered until the connection ends."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def flood(sock: socket.socket, head: bytes, piece: bytes, total: int) -> int:
    """Send as much as is taken; how many bytes that was."""
    sent = 0
    try:
        sock.sendall(head)
        while sent < total:
            sock.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(GET + b"X-Large: ", b"a" * 65536, id="one header"),
        pytest.param(GET, b"X-Small: a\r\n" * 5000, id="many headers"),
        pytest.param(b"GET /", b"a" * 65536, id="the address"),
        pytest.param(b"", b"a" * 65536, id="no request at all"),
    ],
)
def test_a_head_without_an_end_is_refused_and_stops_nobody(bot: BotProcess, head: bytes, piece: bytes) -> None:
    before = bot.resident_mib()
    with bot.connected() as sock:
        sent = flood(sock, head, piece, 300 * MIB)
        assert answers(bot)
    assert sent < 16 * MIB  # what fits into the buffers on the way
    assert bot.resident_mib() < before + 16


def test_who_sends_too_large_a_head_is_told(bot: BotProcess) -> None:
    with bot.connected() as sock:
        sock.sendall(GET + b"X-Large: " + b"a" * 33_000 + b"\r\n\r\n")
        assert said(sock).startswith(b"HTTP/1.1 431 ")


def test_a_head_of_an_ordinary_size_is_taken(bot: BotProcess) -> None:
    with bot.connected() as sock:
        sock.sendall(GET + b"Cookie: " + b"a" * 16_000 + b"\r\nConnection: close\r\n\r\n")
        assert said(sock).startswith(b"HTTP/1.1 200 ")


def test_a_body_or_trailers_without_an_end_are_refused(bot: BotProcess) -> None:
    before = bot.resident_mib()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with bot.connected() as sock:
        sent = flood(sock, POST + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 100 * MIB)
    assert sent + len(chunk) >= BODY_MAX_BYTES
    assert sent < BODY_MAX_BYTES + 16 * MIB
    with bot.connected() as sock:
        trailers = POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: "
        assert flood(sock, trailers, b"a" * 65536, 100 * MIB) < BODY_MAX_BYTES + 16 * MIB
    assert answers(bot)
    assert bot.resident_mib() < before + 48


def test_half_open_connections_shut_nobody_out(bot: BotProcess) -> None:
    """More than the process may have: those that wait longest make room."""
    with ExitStack() as held:
        for number in range(CONNECTIONS_MAX + 150):
            sock = held.enter_context(bot.connected())
            sock.sendall((b"", GET, POST + b"Content-Length: 9\r\n\r\n1")[number % 3])
        assert all(answers(bot) for _ in range(20))


def test_requests_on_one_connection_are_answered_one_after_the_other(bot: BotProcess) -> None:
    """The bounds are those of a request, not of a connection."""
    with bot.connected() as sock:
        sock.sendall((GET + b"Cookie: " + b"a" * 10_000 + b"\r\n\r\n") * 9 + GET + b"Connection: close\r\n\r\n")
        assert said(sock).count(b"HTTP/1.1 200 ") == 10


@pytest.mark.long
@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        pytest.param(b"", HEAD_MAX_S, id="nothing"),
        pytest.param(GET, HEAD_MAX_S, id="half a head"),
        pytest.param(GET + b"\r\n" + GET, HEAD_MAX_S, id="half of a second head"),
        pytest.param(POST + b"Content-Length: 999\r\n\r\n", BODY_MAX_S, id="half a body"),
    ],
)
def test_a_connection_that_sends_too_slowly_is_closed(bot: BotProcess, head: bytes, seconds: float) -> None:
    start = time.monotonic()
    with bot.connected() as sock:
        sock.sendall(head)
        sock.settimeout(1)
        try:
            while time.monotonic() < start + 3 * seconds:
                try:
                    if not sock.recv(65536):
                        break
                except TimeoutError:
                    sock.sendall(b"X" if head else b"\r\n")
        except OSError:
            pass
    assert time.monotonic() - start < 2 * seconds
