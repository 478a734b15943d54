"""Whatever comes in as a press, a form or a command: the bot stands, and only the right person's own press counts."""

import asyncio
import copy
import hashlib
import hmac
import json
import logging
import random
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from structlog.testing import capture_logs

from bot.app import App
from bot.build import build
from bot.config import Settings
from bot.run import EVENTS_PATH, assembled
from handlers.place import Place
from handlers.sentence import Sentence
from storage import audit
from storage.audit import Row
from tests.support.clock import Clock
from tests.support.fakes.slack import FakeSlack, Reply
from tests.support.small_bot import served

Json = dict[str, Any]

COUNT = 500
MANY, PARTS = 10_000, 4
FORM = b"application/x-www-form-urlencoded"
KEYS = {"SLACK_BOT_TOKEN": FakeSlack.bot_token, "SLACK_SIGNING_SECRET": FakeSlack.secret}
USERS = {"UANA": "ana", "UMAX": "max", "UKIM": "kim", "UFAY": "fay", "UBOB": "bob"}
DECIDES = {"ana": "max", "bob": "max", "max": "kim", "kim": "fay"}
"""Whose requests are whose to decide; nobody else ever may. Who has no manager asks finance."""
PEOPLE = [
    {"id": "ana", "name": "Ana", "manager": "max", "team": "search", "slack": "T1/UANA"},
    {"id": "max", "name": "Max", "manager": "kim", "team": "search", "slack": "T1/UMAX"},
    {"id": "kim", "name": "Kim", "slack": "T1/UKIM"},
    {"id": "fay", "name": "Fay", "roles": ["finance"], "slack": "T1/UFAY"},
    {"id": "bob", "name": "Bob", "manager": "max", "team": "search", "slack": "T1/UBOB"},
]


def rules(slack: FakeSlack) -> dict[str, object]:
    """app.yaml of a company in Slack."""
    return {
        "people": PEOPLE,
        "teams": [{"id": "search", "name": "Search", "owner": "kim"}],
        "budgets": [{"name": "monthly", "who": "every person", "amount": "400 USD"}],
        "slack": {"mode": "http", "url": slack.base_url},
    }


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it comes in."""

    raw: bytes
    headers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Genuine:
    """Something that Slack sends when somebody presses, sends or types something. `kind` is as in FakeSlack.send."""

    kind: str
    payload: Json

    def request(self) -> Request:
        """As Slack sends it now."""
        return signed(written(self.kind, self.payload))


def written(kind: str, payload: Json) -> bytes:
    """The body of a request."""
    if kind == "slash_commands":
        return urlencode({name: str(value) for name, value in payload.items()}, errors="surrogatepass").encode()
    return f"payload={quote_plus(json.dumps(payload))}".encode()


def signed(raw: bytes, at: float | None = None, secret: str = FakeSlack.secret) -> Request:
    """With the headers that prove where it comes from."""
    stamp = str(int(time.time() if at is None else at)).encode()
    proof = hmac.new(secret.encode(), b"v0:%b:%b" % (stamp, raw), hashlib.sha256).hexdigest().encode()
    headers = ((b"x-slack-request-timestamp", stamp), (b"x-slack-signature", b"v0=" + proof), (b"content-type", FORM))
    return Request(raw, headers)


@dataclass
class Bot:
    """The whole bot behind Slack's address, on a SQLite file.

    Args:
        app: the bot.
        slack: the workspace.
        asgi: what is served.
        genuine: presses, forms and commands as they were really made, all about one request.
        handle: of that request.
    """

    app: App
    slack: FakeSlack
    asgi: Starlette
    genuine: list[Genuine] = field(default_factory=list)
    handle: str = ""

    def send(self, *requests: Request) -> list[Reply]:
        """Put requests to the ASGI application itself, one after the other."""

        async def every() -> list[Reply]:
            return [await self._one(each) for each in requests]

        return asyncio.run(every())

    async def _one(self, request: Request) -> Reply:
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> Json:
            return {"type": "http.request", "body": request.raw, "more_body": False}

        async def send(part: MutableMapping[str, Any]) -> None:
            sent.append(part)

        scope = {"type": "http", "method": "POST", "path": EVENTS_PATH, "query_string": b"", "root_path": ""}
        await self.asgi({**scope, "headers": list(request.headers)}, receive, send)
        return Reply(sent[0]["status"], sent[1]["body"].decode())

    def state(self) -> str:
        """A hash of all that counts: entries and requests by their sums and newest rows, the audit by its last seal."""
        questions = (
            "select count(*), sum(amount), max(id) from entries",
            "select count(*), sum(version), sum(resolved_amount), sum(id * length(state)) from requests",
            "select * from requests order by id desc limit 10",
            "select id, hash from audit order by id desc limit 1",
        )
        return hashlib.sha256(repr([self._rows(each) for each in questions]).encode()).hexdigest()

    def deeds(self, after: int = 0) -> list[Row]:
        """The audit from a row on."""
        return self.app.database.ask(lambda conn: [row for row in audit.rows(conn) if row.id > after])

    def ask(self) -> tuple[int, str]:
        """Ana asks for more: number and handle. Nothing else of hers stays open."""
        place = Place("slack", "DUANA")
        pending = self._rows("select id from requests where state = 'pending'")
        for (number,) in pending:
            self.app.hear(Sentence(f"withdraw {number}", "ana", place))
        self.app.hear(Sentence("request 50 finish the migration", "ana", place))
        number, handle = self._rows("select id, handle from requests order by id desc limit 1")[0]
        return int(number), str(handle)

    def asker(self, subject: str) -> str:
        """Who asked for what the audit calls so, such as "request/42"."""
        ((asker_id,),) = self._rows(f"select asker_id from requests where id = {int(subject.removeprefix('request/'))}")
        return str(asker_id)

    def about(self, number: int, handle: str) -> list[Genuine]:
        """What was really pressed, sent and typed, about another request than it was."""
        whole = json.dumps([each.payload for each in self.genuine])
        payloads = json.loads(whole.replace(self.handle, handle).replace("NUMBER", str(number)))
        return [replace(each, payload=fresh(new)) for each, new in zip(self.genuine, payloads, strict=True)]

    def _rows(self, question: str) -> list[Any]:
        return self.app.database.ask(lambda conn: list(conn.execute(text(question)).all()))


def fresh(payload: Json) -> Json:
    """The same made anew: pressed at another moment, under another trigger."""
    moment = time.time_ns()
    payload = {**payload, "trigger_id": f"{moment}.1.abc"}
    if "actions" in payload:
        payload["actions"] = [{**payload["actions"][0], "action_ts": f"{moment // 10**9}.{moment % 10**9}"}]
    return payload


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    """A company whose people are in Slack, and what Max and Ana really did there."""
    with FakeSlack() as slack:
        for user, person in USERS.items():
            slack.add_user(user, f"{person}@acme.example")
        slack.add_user("USTRANGER", "max@acme.example", team_id="T9")
        slack.add_user("UGUEST", "max@acme.example", is_restricted=True)
        app = build(
            Settings.model_validate(rules(slack)),
            {},
            Clock(datetime(2026, 11, 23, 12, tzinfo=UTC)),
            f"sqlite:///{tmp_path}/bot.db",
        )
        app.refresh_people()
        with assembled(app, KEYS) as asgi, served(asgi) as url:
            slack.bot_url = f"{url}{EVENTS_PATH}"
            made = Bot(app, slack, asgi)
            record(made)
            yield made
        app.close()


def record(bot: Bot) -> None:
    """Let Max and Ana do everything once, and keep what Slack would send."""
    _, bot.handle = bot.ask()
    while bot.app.deliver():
        pass
    slack, home = bot.slack, bot.slack.direct("UMAX")
    with listening(bot) as hear_only:
        slack.click("UMAX", "Approve", channel=home)
        slack.click("UMAX", "Deny", channel=home)
        for words in ("approve NUMBER", "approve NUMBER 30", "deny NUMBER not now", "question NUMBER why?"):
            slack.command("UMAX", words)
        for words in ("withdraw NUMBER", "change NUMBER better words", "remind NUMBER", "request 5 a little more"):
            slack.command("UANA", words)
    assert len(hear_only) == 10
    for button, filled in (("Approve other amount", {"amount": "30"}), ("Deny", {"reason": "not this month"})):
        slack.click("UMAX", button, channel=home)
        slack.wait(lambda: "submit" in slack.modal("UMAX"))
        with listening(bot):
            slack.submit("UMAX", **filled)
        slack.views.clear()


@contextmanager
def listening(bot: Bot) -> Iterator[list[Genuine]]:
    """Keep what would be sent instead of sending it."""

    def keep(kind: str, payload: Json) -> Reply:
        bot.genuine.append(Genuine(kind, payload))
        return Reply(0, "")

    bot.slack.send = keep  # type: ignore[method-assign]
    try:
        yield bot.genuine
    finally:
        del bot.slack.send


# Genuine, but not by the right person, not now, or not from here ------------------------------------------------------


def decisions(bot: Bot, number: int, handle: str) -> list[Genuine]:
    """What Max did that decides or says something: his presses, his forms and his commands."""
    return [each for each in bot.about(number, handle) if "UMAX" in json.dumps(each.payload)]


def by(one: Genuine, user: str, team: str = "T1") -> Genuine:
    """The same by another user, of another workspace."""
    if one.kind == "slash_commands":
        return replace(one, payload={**one.payload, "user_id": user, "team_id": team})
    who = {**one.payload["user"], "id": user, "team_id": team}
    return replace(one, payload={**one.payload, "user": who, "team": {"id": team, "domain": "x"}})


def test_what_was_recorded_works(bot: Bot) -> None:
    """Each of Max's decisions, made by Max on an open request, decides it; so the tests below test something."""
    for place in range(len(decisions(bot, 1, bot.handle))):
        number, handle = bot.ask()
        before = bot.state()
        (reply,) = bot.send(decisions(bot, number, handle)[place].request())
        opens_a_form = place == 1
        assert (reply.status, bot.state() == before) == (200, opens_a_form), place


@pytest.mark.parametrize("user", ["UANA", "UBOB", "UKIM", "UFAY", "USTRANGER", "UGUEST", "UNOBODY", "UBOT"])
def test_the_right_payload_by_the_wrong_user_changes_nothing(bot: Bot, user: str) -> None:
    """Not by the asker, a colleague, the manager above, finance, a stranger, a guest, nobody, or the bot."""
    number, handle = bot.ask()
    before = bot.state()
    replies = bot.send(
        *(by(each, user).request() for each in decisions(bot, number, handle) if not asks_back(each, user))
    )

    assert {reply.status for reply in replies} == {200}
    assert bot.state() == before


def asks_back(one: Genuine, user: str) -> bool:
    """Ana may say something about her own request, as Max may, and finance about any."""
    return user in ("UANA", "UFAY") and "question" in one.payload.get("text", "")


@pytest.mark.parametrize("user", ["UMAX", "UANA"])
def test_the_right_user_of_another_workspace_is_somebody_else(bot: Bot, user: str) -> None:
    """The same user id in T2 is not the user of T1, whichever field says so."""
    number, handle = bot.ask()
    before = bot.state()
    mine = [each for each in bot.about(number, handle) if user in json.dumps(each.payload)]
    foreign = [by(each, user, "T2") for each in mine]
    shared = [
        replace(each, payload={**each.payload, "user": {**each.payload["user"], "team_id": "T2"}})
        for each in mine
        if each.kind != "slash_commands"
    ]
    bot.slack.users[user]["team_id"] = "T2"
    replies = bot.send(*(each.request() for each in foreign + shared))

    assert {reply.status for reply in replies} == {200}
    assert bot.state() == before


def test_an_old_handle_is_worth_nothing(bot: Bot) -> None:
    """Of a request that is decided, withdrawn or was changed, pressed by the right person; or cut, or made up."""
    old = bot.ask()
    bot.app.hear(Sentence(f"approve {old[0]}", "max", Place("slack", "DUMAX")))
    withdrawn = bot.ask()
    changed = bot.ask()
    bot.app.hear(Sentence(f"change {changed[0]} other words", "ana", Place("slack", "DUANA")))
    made_up = [changed[1][:-1], changed[1].upper(), changed[1][::-1], "f" * 32, f"{changed[1]}.7"]
    before = bot.state()
    pressed = [each for one in (old, withdrawn) for each in decisions(bot, *one)]
    pressed += [each for each in decisions(bot, *changed) if each.kind == "interactive"]
    pressed += [each for one in made_up for each in decisions(bot, 0, one) if each.kind == "interactive"]
    replies = bot.send(*(each.request() for each in pressed))

    assert {reply.status for reply in replies} == {200}
    assert bot.state() == before


def test_what_is_not_signed_or_is_sent_again_changes_nothing(bot: Bot) -> None:
    """No signature, a wrong secret, an old stamp, another body: 401. The same press again: nothing more."""
    number, handle = bot.ask()
    good = decisions(bot, number, handle)
    before = bot.state()
    forged = [request for each in good for request in forgeries(each)]
    assert {reply.status for reply in bot.send(*forged)} == {401}
    assert bot.state() == before

    press = good[0].request()
    assert {reply.status for reply in bot.send(press)} == {200}
    decided = bot.state()
    assert decided != before
    assert {reply.status for reply in bot.send(press, press, signed(press.raw, time.time() + 100))} == {200}
    assert bot.state() == decided


def forgeries(one: Genuine) -> list[Request]:
    """What somebody would send who does not know the secret."""
    good = one.request()
    return [
        replace(good, headers=good.headers[2:]),
        replace(good, headers=(good.headers[0], (b"x-slack-signature", b"v0=" + b"0" * 64), good.headers[2])),
        signed(good.raw, secret="guessed"),
        signed(good.raw, at=time.time() - 400),
        signed(good.raw, at=time.time() + 400),
        replace(good, raw=good.raw.replace(b"UMAX", b"UBOB")),
    ]


# Spoiled --------------------------------------------------------------------------------------------------------------

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
    "1.1.1",
    "block_actions",
    "http://169.254.169.254/",
    "http://[::1",
    "UANA",
    "UFAY",
    "USTRANGER",
    "T2",
    "approve 1",
    "end_grants",
    "give_allotments",
    "correct 1000 of max so it is",
    '["approve 1", "C1", true, ""]',
    '["history 1", "\\ud800", false, "\\u0000"]',
    '["request 9 x", "\\ud800\\u0000", false, "\\u202e"]',
    [],
    [[]],
    [None],
    {},
    {"": {}},
    {"id": 7},
    {"id": "UMAX"},
    {"id": "T1"},
    {"values": {"b": {"in:amount": {"type": "plain_text_input", "value": "1e9"}}}},
    {"values": {"b": {"in:number": {"value": "1"}, "in:to": {"value": "max"}, "in:whom": {"value": "max"}}}},
]
SECRET_HEADERS = (b"x-slack-signature", b"x-slack-request-timestamp", b"content-type")
HEADER_JUNK = (b"", b"abc", b"\xff", b"v0=", b"1" * 300, b"application/json", b"0")


def spoiled(chance: random.Random, good: Genuine) -> Request:
    """A request with something wrong in it: who, where, what, the bytes or the signature."""
    one = by(good, chance.choice(list(USERS)), chance.choice(["T1", "T1", "T2"])) if chance.random() < 0.5 else good
    payload = copy.deepcopy(one.payload)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        change(chance, vital(chance, payload))
    raw = written(one.kind, payload)
    if chance.random() < 0.2:
        raw = garbled(chance, raw)
    request = signed(raw)
    if chance.random() < 0.2:
        name, junk = chance.choice(SECRET_HEADERS), chance.choice(HEADER_JUNK)
        request = replace(request, headers=tuple((n, junk if n == name else v) for n, v in request.headers))
    return request


def vital(chance: random.Random, payload: Json) -> Any:
    """Where to spoil something: anywhere, or where it would hurt."""
    view, actions = payload.get("view"), payload.get("actions")
    inside = [payload.get("user"), view, view.get("state") if isinstance(view, dict) else None]
    inside += actions if isinstance(actions, list) else []
    return chance.choice([payload, payload, *(each for each in inside if isinstance(each, dict) and each)])


def change(chance: random.Random, payload: Any) -> None:
    """Spoil one value somewhere; or what a button says, by a letter."""
    node = payload
    while keys := list(node) if isinstance(node, dict) else list(range(len(node))):
        key = chance.choice(keys)
        if isinstance(node[key], dict | list) and chance.random() < 0.7:
            node = node[key]
        elif isinstance(node[key], str) and node[key] and chance.random() < 0.3:
            at = chance.randrange(len(node[key]))
            node[key] = node[key][:at] + chance.choice(["", "0", " ", "\u0663", "."]) + node[key][at + 1 :]
            return
        elif chance.random() < 0.25:
            del node[key]
            return
        else:
            node[key] = copy.deepcopy(chance.choice(JUNK))
            return


def garbled(chance: random.Random, raw: bytes) -> bytes:
    """Spoil the bytes."""
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


def speaker(request: Request) -> str:
    """The person whose press it is by all that a request proves, "" for nobody's. The gate has no part in it."""
    headers = dict(request.headers)
    stamp, proof = headers.get(b"x-slack-request-timestamp", b""), headers.get(b"x-slack-signature", b"")
    right = hmac.new(FakeSlack.secret.encode(), b"v0:%b:%b" % (stamp, request.raw), hashlib.sha256).hexdigest()
    if proof != b"v0=" + right.encode():
        return ""
    try:
        fields = dict(parse_qsl(request.raw.decode(), keep_blank_values=True, errors="strict"))
        payload: Any = fields if "command" in fields else json.loads(fields["payload"])
    except (ValueError, KeyError):
        return ""
    user = payload.get("user") if isinstance(payload.get("user"), dict) else {}
    team = payload.get("team") if isinstance(payload.get("team"), dict) else {}
    teams = {payload.get("team_id"), team.get("id"), user.get("team_id")} - {None, ""}
    if teams != {"T1"}:
        return ""
    return USERS.get(str(payload.get("user_id") if "command" in fields else user.get("id")), "")


def explained(bot: Bot, request: Request, after: int) -> bool:
    """Whether everything new in the audit was done by the one whose press it was, and decided by who may."""
    who = speaker(request)
    new = bot.deeds(after)
    decided = [row.deed.subject for row in new if row.deed.what in ("approved", "agreed", "denied")]
    by_right = all(DECIDES.get(bot.asker(each)) == who for each in decided)
    return bool(who and new) and all(row.deed.who == who for row in new) and by_right


def fuzz(bot: Bot, caplog: pytest.LogCaptureFixture, count: int, seed: int) -> None:
    """Send spoiled requests; after each, look whether something changed, and whose doing it was."""
    chance = random.Random(seed)
    number, handle = bot.ask()
    statuses, moved, state = set[int](), 0, bot.state()
    with caplog.at_level(logging.ERROR), capture_logs() as logs:
        for _ in range(count):
            request = spoiled(chance, chance.choice(bot.about(number, handle)))
            last = bot.deeds()[-1].id
            (reply,) = bot.send(request)
            statuses.add(reply.status)
            assert "That broke" not in reply.body, request
            now = bot.state()
            if now != state:
                assert explained(bot, request, last), (request, [row.deed for row in bot.deeds(last)])
                moved += 1
                number, handle = bot.ask()
                state = bot.state()
    assert statuses == {200, 400, 401}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert [entry for entry in logs if entry["log_level"] in ("error", "critical")] == []
    assert [said for _, said in bot.slack.calls if "That broke" in str(said)] == []
    assert count // 50 < moved < count // 4, "some were still genuine, most were not"
    assert bot.app.database.ask(audit.first_broken) is None


def test_no_spoiled_request_breaks_the_bot_or_changes_what_is_not_the_speakers_to_change(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    """Five hundred: no 5xx, no error logged, and no change but by the genuine press of who may."""
    fuzz(bot, caplog, COUNT, seed=0)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_no_spoiled_request_of_many_breaks_the_bot_or_changes_what_is_not_the_speakers_to_change(
    bot: Bot, caplog: pytest.LogCaptureFixture, part: int
) -> None:
    """Ten thousand, in four parts."""
    fuzz(bot, caplog, MANY // PARTS, seed=part)
