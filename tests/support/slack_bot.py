"""A small bot behind the listener of Slack, for tests: a few sentences and their cards, by HTTP or the socket."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.errors import OutsideError
from bot.platforms.slack.client import web_client
from bot.platforms.slack.listener import ListenerSettings, SlackListener
from bot.platforms.slack.messenger import Slack
from bot.platforms.slack.transport import Endpoint, Socket
from bot.platforms.slack.verification import Verifier
from handlers.card import Button, Card, Facts, Gauge, Input, Text
from handlers.errors import RefusedError
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.fakes.slack import PATIENCE_S, FakeSlack

BALANCE = Card(
    "$380.00 left of $1,000.00",
    (
        Gauge("Your budget, this month", 620, "$620.00 of $1,000.00 used (62 %)"),
        Facts((("Starts anew", "1 December (9 days)"), ("At this pace", "$850.00 by 30 November"))),
        Text("As of 22 Nov 11:00 (UTC), from the cost reports.", quiet=True),
        Button("Where did it go?", "spend by model"),
        Button("Ask for more", "request", style="primary"),
    ),
)
TOTALS = Card("Team Search: $4,200.00 used of $10,000.00", (Text("Twelve people."),), personal=False)
FORM = Card(
    "Ask for more",
    (
        Input("amount", "How much more?", hint="Such as 50"),
        Input("reason", "What is it for?", form="long"),
        Input("until", "Until when?", form="choice", choices=(("week", "Sunday"), ("month", "The 30th")), value="week"),
        Button("Send", "request", style="primary"),
        Button("Rather not", "balance"),
    ),
)


@dataclass
class SmallApp:
    """Knows Ana, and answers by heart. What it hears is kept in `heard`."""

    slack: Slack
    links: dict[str, str] = field(default_factory=lambda: {"T1/UANA": "ana"})
    emails: dict[str, str] = field(default_factory=lambda: {"ben@acme.com": "ben"})
    heard: list[Sentence] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    bug: bool = False
    kept: list[bytes] = field(default_factory=list)
    instead: dict[str, Card] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)
    shown: dict[tuple[str, str], Card] = field(default_factory=dict)

    def who(self, platform: str, external_id: str) -> str | None:
        """The person linked to an identity."""
        if self.bug:
            raise RuntimeError("the database is gone")
        return self.links.get(external_id) if platform == "slack" else None

    def introduce(self, platform: str, external_id: str, email: str) -> str | None:
        """Link by address."""
        person = self.emails.get(email) if platform == "slack" else None
        if person:
            self.links[external_id] = person
        return person

    def hear(self, sentence: Sentence) -> Card:
        """Answer by heart."""
        self.heard.append(sentence)
        word = sentence.text.partition(" ")[0]
        if word in self.instead:
            return self.instead[word]
        return ANSWERS.get(word, _echo)(self, sentence)

    def ask_linked(self, identities: Sequence[str], text: str, place: Place, *, at_once: bool = False) -> Card | None:
        """Answer a question of whoever is linked; what is slow not at once, and what has a form not at all."""
        if self.bug:
            raise RuntimeError("the database is gone")
        person = next((self.links[each] for each in identities if each in self.links), None)
        word = text.partition(" ")[0]
        if person is None or word in ORDERS or (at_once and word != "balance"):
            return None
        return self.hear(Sentence(text, person, place))

    def show_home(self, sentence: Sentence) -> None:
        """Show a Home."""
        self.slack.show(sentence.place, self.hear(sentence), "")

    def language(self, _person: str) -> str:
        """Everybody speaks English."""
        return "en"

    def takes_file(self, text: str) -> bool:
        """What `claim` and `receipt` do."""
        return text.partition(" ")[0] in ("claim", "receipt")

    def keep_receipt(self, _person: str, content: bytes) -> str:
        """Keeps it, unless it is a page."""
        if content.startswith(b"<"):
            raise RefusedError("This is no receipt.", fault="receipt")
        self.kept.append(content)
        return str(len(self.kept))

    def in_reply(self, platform: str, receipt: str, words: str) -> str:
        """Replies to a message that is known mean something of their own."""
        return f"question 42 {words}" if (platform, receipt) in self.asked else words

    def look(self, platform: str, receipt: str, _reader: str) -> Card | None:
        """What a message shows by now."""
        return self.shown.get((platform, receipt))

    def answer(self, key: str, sentence: Sentence) -> None:
        """Answer each key once."""
        if key not in self.keys:
            self.keys.append(key)
            card = self.hear(sentence)
            with suppress(OutsideError):  # the real app has an outbox for that
                self.slack.show(sentence.place, card, "")


def _echo(_app: SmallApp, sentence: Sentence) -> Card:
    return Card(f"You said: {sentence.text}")


def _slow(app: SmallApp, _sentence: Sentence) -> Card:
    app.gate.wait(2 * PATIENCE_S)
    return Card("At last")


def _request(_app: SmallApp, sentence: Sentence) -> Card:
    amount = sentence.inputs.get("amount")
    if amount is None:
        return FORM
    if not amount.isdigit():
        return Card("An amount must be a number.", tone="warn", fault="amount")
    return Card(f"Asked for {amount} more", (Text(sentence.inputs.get("reason", "")),))


ORDERS = ("request", "claim", "receipt")
ANSWERS: dict[str, Callable[[SmallApp, Sentence], Card]] = {
    "balance": lambda _app, _sentence: BALANCE,
    "home": lambda _app, _sentence: BALANCE,
    "totals": lambda _app, _sentence: TOTALS,
    "request": _request,
    "slow": _slow,
}


@dataclass
class SlackBot:
    """A running bot."""

    app: SmallApp
    listener: SlackListener
    settings: ListenerSettings


@contextmanager
def running(
    slack: FakeSlack, how: str = "http", wait_s: float = PATIENCE_S, settings: ListenerSettings | None = None
) -> Iterator[SlackBot]:
    """A bot that hears a workspace over "http" or through the "socket", and says later what takes over `wait_s`."""
    settings = settings or ListenerSettings()
    client = web_client(slack.bot_token, slack.base_url)
    app = SmallApp(Slack(client))
    listener = SlackListener(app, client, settings)
    gate = Verifier([slack.secret], slack.now, app_id=slack.app_id)
    try:
        with over_http(slack, listener, gate, wait_s) if how == "http" else over_socket(slack, listener, gate, wait_s):
            yield SlackBot(app, listener, settings)
    finally:
        app.gate.set()
        listener.close()


@contextmanager
def over_http(slack: FakeSlack, listener: SlackListener, gate: Verifier, wait_s: float) -> Iterator[None]:
    """The endpoint, mounted in a web server."""
    endpoint = Endpoint(listener, gate, wait_s)
    web = Starlette(routes=[Route("/slack/events", endpoint)])
    config = uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    slack.bot_url = f"http://127.0.0.1:{port}/slack/events"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        endpoint.close()


@contextmanager
def over_socket(slack: FakeSlack, listener: SlackListener, gate: Verifier, wait_s: float) -> Iterator[None]:
    """The Socket Mode connection."""
    slack.bot_url = ""
    socket = Socket(listener, gate, slack.app_token, slack.base_url, wait_s)
    socket.connect()
    try:
        yield
    finally:
        socket.close()
