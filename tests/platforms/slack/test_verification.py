"""What Slack did not sign, or would not send, gets no further than the gate."""

import asyncio
import copy
import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from bot.platforms.slack.transport import Endpoint
from bot.platforms.slack.verification import SIZE_MAX, Rejection, Verifier
from bot.platforms.text import plain
from tests.support.fakes.slack import FakeSlack, Reply
from tests.support.slack_bot import SlackBot, running

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        yield made


@pytest.fixture
def bot(slack: FakeSlack) -> Iterator[SlackBot]:
    """A bot that hears it."""
    with running(slack) as made:
        yield made


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Slack-Signature": "v0=" + "0" * 64}, 401),
        ({"X-Slack-Signature": ""}, 401),
        ({"X-Slack-Signature": "\xff\xfe"}, 401),
        ({"X-Slack-Request-Timestamp": "abc"}, 401),
        ({"X-Slack-Request-Timestamp": ""}, 401),
        ({"X-Slack-Request-Timestamp": "-1"}, 401),
        ({"X-Slack-Request-Timestamp": "1e9"}, 401),
        ({"X-Slack-Request-Timestamp": "\xb2"}, 401),
        ({"X-Slack-Request-Timestamp": "9" * 400}, 401),
        ({"X-Slack-Request-Timestamp": "1500000000"}, 401),
    ],
    ids=str,
)
def test_what_is_not_signed_is_refused(
    slack: FakeSlack, bot: SlackBot, headers: Mapping[str, str], status: int
) -> None:
    """A wrong or missing signature, or a timestamp that is odd or old, is 401 and one plain sentence."""
    reply = slack.post(urlencode(_command()).encode(), FORM, headers)

    assert (reply.status, bot.app.heard) == (status, [])
    assert reply.body == "This request is not signed by Slack for this app."


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_request_is_good_for_five_minutes(slack: FakeSlack, seconds: int) -> None:
    """Before and after that, a right signature is worth nothing."""
    raw = urlencode(_command()).encode()
    headers = _signed(slack, raw)
    now = float(headers[b"x-slack-request-timestamp"])

    assert not isinstance(Verifier([slack.secret], lambda: now + seconds * 0.99).admit(headers, raw), Rejection)
    assert Verifier([slack.secret], lambda: now + seconds).admit(headers, raw) == Rejection(
        401, "This request is not signed by Slack for this app."
    )


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"command=%2Ftokens&text=\xff", FORM, 400),
        (b"command=%2Ftokens&text=%FF", FORM, 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"{", "application/json", 400),
        (b"", FORM, 400),
        (b"payload=", FORM, 400),
        (b"payload=[]", FORM, 400),
        (b"payload=7", FORM, 400),
        (b"payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%5D%7D", FORM, 400),
        (b'{"type": ["event_callback"]}', "application/json", 400),
        (b'{"type": "interactive_message", "callback_id": "x"}', "application/json", 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"type":' + b"9" * 5_000 + b"}", "application/json", 400),
        (b"&".join(b"a=%d" % n for n in range(500)), FORM, 400),
        (b"x" * (SIZE_MAX + 1), FORM, 413),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_slack_would_not_send_is_refused(
    slack: FakeSlack, bot: SlackBot, raw: bytes, content_type: str, status: int
) -> None:
    """Signed or not, a body that is too large, unreadable or of no known shape gets a 4xx and one plain sentence."""
    gate = Verifier([slack.secret], slack.now)
    refused = gate.admit({**_signed(slack, raw), b"content-type": content_type.encode()}, raw)

    assert isinstance(refused, Rejection)
    assert refused.status == status
    assert refused.why.endswith(".")
    assert bot.app.heard == []


def test_a_body_beyond_the_limit_is_not_read(slack: FakeSlack, bot: SlackBot) -> None:
    """A request that says it is too large is refused before its body is read, and so is one that does not say."""
    assert slack.post(b"x" * 10, FORM, {"Content-Length": str(SIZE_MAX + 1)}).status == 413
    assert slack.post(b"x" * (SIZE_MAX + 1), FORM).status == 413
    assert bot.app.heard == []


def test_only_post_is_answered(slack: FakeSlack, bot: SlackBot) -> None:
    """A browser that comes by learns nothing."""
    replies = _ask(Endpoint(bot.listener, Verifier([slack.secret], slack.now)), [("GET", {}, b"")])

    assert [reply.status for reply in replies] == [405]


def test_a_secret_can_be_replaced_without_a_break(slack: FakeSlack) -> None:
    """While two secrets are configured, a request signed with either comes in."""
    raw = urlencode(_command()).encode()

    assert not isinstance(Verifier(["new", slack.secret], slack.now).admit(_signed(slack, raw), raw), Rejection)
    assert isinstance(Verifier(["new"], slack.now).admit(_signed(slack, raw), raw), Rejection)


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_is_no_secret(slack: FakeSlack, secret: str) -> None:
    """Anybody could sign with an empty secret, so the gate does not open with one."""
    with pytest.raises(ValueError, match="empty"):
        Verifier([slack.secret, secret], slack.now)


def test_without_a_secret_nothing_comes_in_over_http(slack: FakeSlack) -> None:
    """Socket Mode needs no secret; the same gate lets nothing in over HTTP then."""
    raw = urlencode(_command()).encode()

    assert isinstance(Verifier([], slack.now).admit(_signed(slack, raw), raw), Rejection)


def test_another_app_is_not_ours(slack: FakeSlack) -> None:
    """With the app's id known, a signed request of another one is refused. Whose workspace it is says nothing."""
    gate = Verifier([slack.secret], slack.now, app_id="A1")

    assert not isinstance(gate.shape(_command()), Rejection)
    assert not isinstance(gate.shape({**_command(), "team_id": "T2"}), Rejection)
    assert gate.shape({**_command(), "api_app_id": "A2"}) == Rejection(401, "This request is for another app.")


def test_slack_may_verify_the_address(slack: FakeSlack, bot: SlackBot) -> None:
    """The challenge that Slack sends when the address is entered is answered with itself."""
    reply = slack.post(json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode(), "application/json")

    assert (reply.status, reply.json) == (200, {"challenge": "3eZbrw1a"})
    assert bot.app.heard == []


def test_only_known_keys_come_through(slack: FakeSlack) -> None:
    """What is behind the gate sees nothing but what it reads; the legacy token is not among it."""
    shaped = Verifier([], slack.now).shape({**_command(), "token": "secret", "extra": {"a": [1]}})

    assert isinstance(shaped, dict)
    known = {"command", "text", "team_id", "enterprise_id", "user_id", "channel_id", "trigger_id", "response_url"}
    known |= {"installs"}
    assert set(shaped) == known


# Fuzz --------------------------------------------------------------------------------------------------------------


def test_no_mutation_of_a_request_breaks_the_bot(
    slack: FakeSlack, bot: SlackBot, caplog: pytest.LogCaptureFixture
) -> None:
    """Two thousand spoiled requests, signed and not: no 5xx, no exception, and nothing heard that was not signed."""
    _fuzz(slack, bot, caplog, 2_000)


@pytest.mark.long
def test_no_mutation_of_many_requests_breaks_the_bot(
    slack: FakeSlack, bot: SlackBot, caplog: pytest.LogCaptureFixture
) -> None:
    """The same with ten thousand."""
    _fuzz(slack, bot, caplog, 10_000)


def _fuzz(slack: FakeSlack, bot: SlackBot, caplog: pytest.LogCaptureFixture, count: int) -> None:
    chance = random.Random(20261122)
    kinds = _payloads(slack)
    requests = [_spoiled(chance, slack, chance.choice(kinds)) for _ in range(count)]
    with caplog.at_level(logging.ERROR):
        replies = _ask(Endpoint(bot.listener, Verifier([slack.secret], slack.now)), requests)
    bot.listener.close()

    statuses = {reply.status for reply in replies}
    assert statuses <= {200, 400, 401, 413}
    assert {200, 400, 401} <= statuses
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert 0 < len(bot.app.heard) <= sum(reply.status == 200 for reply in replies)
    for sentence in bot.app.heard:
        for text in (sentence.text, *sentence.inputs.values()):
            assert text == plain(text)
            text.encode()
        str(sentence.place).encode("ascii")


JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "x" * 3_000,
    "\ud800",
    "\x00",
    "<!channel>",
    "\u202e\u2066",
    "U1/../..",
    "1.1.1",
    "block_actions",
    "http://169.254.169.254/",
    [],
    [[]],
    [None],
    [{}],
    {},
    {"": {}},
    {"id": 7},
    {"id": "U1"},
    {"values": {"b": {"a": {"value": 7}}}},
    {"values": {"b": {"a": {"selected_option": {"value": "x"}}}}},
]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A good request: a form, or JSON in a form, or JSON."""

    payload: dict[str, Any]
    write: Callable[[dict[str, Any]], bytes]
    content_type: str


def _payloads(slack: FakeSlack) -> list[_Kind]:
    """One good request of each kind."""
    kinds: list[_Kind] = []

    def keep(kind: str, payload: dict[str, Any]) -> Reply:
        match kind:
            case "slash_commands":
                kinds.append(_Kind(payload, lambda said: urlencode(said, errors="surrogatepass").encode(), FORM))
            case "events_api":
                kinds.append(_Kind(payload, lambda said: json.dumps(said).encode(), "application/json"))
            case _:
                kinds.append(_Kind(payload, lambda said: f"payload={quote_plus(json.dumps(said))}".encode(), FORM))
        return Reply(0, "")

    send, slack.send = slack.send, keep  # type: ignore[method-assign]
    slack.command("UANA", "balance of @ana")
    slack.write("UANA", "balance")
    slack.mention("UANA", "balance")
    slack.open_home("UANA")
    button = {"action_id": "say-0", "text": {"type": "plain_text", "text": "x"}, "value": "spend"}
    message = slack.seen("C1", "UANA")[0]
    slack.press("UANA", button, channel="C1", message=message)
    field = {"type": "plain_text_input", "action_id": "in:amount"}
    block = {"type": "input", "block_id": "in:amount", "element": field}
    view = {"id": "V1", "type": "modal", "callback_id": "say", "submit": {}, "blocks": [block]}
    view["private_metadata"] = json.dumps(["request", "C1", True, ""])
    slack.press("UANA", button, view=view)
    slack.views["UANA"] = [view]
    slack.submit("UANA", amount="5")
    slack.send = send  # type: ignore[method-assign]
    closed = {**kinds[-1].payload, "type": "view_closed"}
    shortcut = {**kinds[-1].payload, "type": "shortcut", "callback_id": "x"}
    return [*kinds, *(_Kind(payload, kinds[-1].write, FORM) for payload in (closed, shortcut))]


def _spoiled(chance: random.Random, slack: FakeSlack, kind: _Kind) -> tuple[str, dict[bytes, bytes], bytes]:
    payload = json.loads(json.dumps(kind.payload))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        _change(chance, payload)
    raw = kind.write(payload)
    if chance.random() < 0.2:
        raw = _garble(chance, raw)
    headers = {**_signed(slack, raw), b"content-type": kind.content_type.encode()}
    if chance.random() < 0.2:
        name = chance.choice((b"x-slack-signature", b"x-slack-request-timestamp", b"content-type"))
        headers[name] = chance.choice((b"", b"abc", b"\xff", b"v0=", b"1" * 300, b"application/json", b"0"))
    return "POST", headers, raw


def _change(chance: random.Random, payload: Any) -> None:
    """Spoil one value somewhere."""
    node = payload
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(node[key], (dict, list)) and chance.random() < 0.7:
            node = node[key]
            continue
        if chance.random() < 0.25:
            del node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(JUNK))
        return


def _garble(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    match chance.randrange(4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        case 2:
            return raw[:at] + chance.randbytes(8) + raw[at:]
        case _:
            return raw + raw[at:]


def _command() -> dict[str, str]:
    return {
        "command": "/tokens",
        "text": "balance",
        "team_id": "T1",
        "user_id": "UANA",
        "channel_id": "C1",
        "api_app_id": "A1",
        "trigger_id": "1.1.a",
        "response_url": "https://hooks.slack.com/commands/1",
    }


def _signed(slack: FakeSlack, raw: bytes) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.encode() for name, value in slack.signed(raw).items()}


def _ask(endpoint: Endpoint, requests: list[tuple[str, dict[bytes, bytes], bytes]]) -> list[Reply]:
    """Put requests to the ASGI application itself, without a server between."""

    async def one(method: str, headers: dict[bytes, bytes], raw: bytes) -> Reply:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(part: dict[str, Any]) -> None:
            sent.append(part)

        scope = {"type": "http", "method": method, "headers": list(headers.items())}
        await endpoint(scope, receive, send)
        return Reply(sent[0]["status"], sent[1]["body"].decode())

    async def every() -> list[Reply]:
        return [await one(*request) for request in requests]

    try:
        return asyncio.run(every())
    finally:
        endpoint.close()
