"""A bot of a few sentences, and a server on loopback, for tests of the page."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from starlette.applications import Starlette

from handlers.card import Button, Card, Chart, Facts, Gauge, Input, Series, Table, Text
from handlers.errors import RefusedError
from handlers.place import Place
from handlers.sentence import Sentence

PEOPLE = (
    ("ana", "Ana", "engineer, Search"),
    ("max", "Max", "Ana's manager"),
    ("fay", "Fay", "finance"),
)

EVERY_BLOCK = Card(
    "$412.10 left of $1,000 in November",
    (
        Gauge("November budget", 588, "$587.90 of $1,000 used (59 %)"),
        Facts((("Forecast", "$930 by 30 November"), ("Resets", "1 December"))),
        Table("By model", ("Model", "Cost"), (("opus", "$500.40"), ("haiku", "$87.50")), "lr"),
        Chart("Spend by day", "bar", ("Mon", "Tue"), (Series("spend", (120.0, 467.9)),), "$", "Tuesday was the peak."),
        Text("Three quarters went into code review."),
        Text("as of 13:40, from the cost report", quiet=True),
        Input("amount", "How much more", hint="such as $200"),
        Input("why", "What for", form="long", optional=True),
        Input("until", "Until", form="choice", value="month", choices=(("week", "this week"), ("month", "this month"))),
        Button("Ask for it", "request", style="primary"),
        Button("Give it all back", "return all", style="danger", confirm="Give back all that is left?"),
    ),
)

ASK = Card("Ask for more", tuple(block for block in EVERY_BLOCK.blocks if isinstance(block, Input | Button)))
WAITING = Card(
    "Ana asks for $200 more",
    (
        Facts((("Left", "$12"), ("For", "code review"))),
        Button("Approve", "approve 42", style="primary"),
        Button("Deny", "deny 42", style="danger", confirm="Deny what Ana asks for?"),
    ),
)


@dataclass
class SmallBot:
    """Answers by its first word; remembers what it heard; says to Max what Ana asks for."""

    heard: list[Sentence] = field(default_factory=list)
    pushed: dict[str, list[tuple[str, int, Card]]] = field(default_factory=dict)
    answers: dict[str, Callable[[Sentence], Card]] = field(default_factory=dict)
    kept: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, sentence: Sentence) -> Card:
        self.heard.append(sentence)
        word = sentence.text.split()[0]
        if word in self.answers:
            return self.answers[word](sentence)
        match word:
            case "balance":
                return EVERY_BLOCK
            case "ask":
                return ASK
            case "request":
                return self._request(sentence)
            case "approve":
                self.push("max", Card("Approved: $200 for Ana", tone="good"))
                return Card("Done. Ana has $212 left.", tone="good")
            case "group":
                return Card("$4,210 spent by Search", personal=False)
            case _:
                return Card("I do not know that sentence.", (Text("Say help to see what I know."),), tone="warn")

    def _request(self, sentence: Sentence) -> Card:
        if not sentence.inputs.get("amount"):
            return Card("Say how much, such as $200.", tone="warn", fault="amount")
        self.push("max", WAITING)
        return Card("Max has your request", (Text("You will hear from me here."),), tone="good")

    def push(self, place: str, card: Card) -> None:
        """Say something to somebody, or change what was said to them."""
        version = self.pushed.get(place, [("", 0, card)])[0][1] + 1
        self.pushed[place] = [("request/42", version, card)]

    def messages(self, place: Place) -> Sequence[tuple[str, int, Card]]:
        return self.pushed.get(place.id, [])

    def keep_receipt(self, person: str, content: bytes) -> str:
        """Keeps it, unless it is a page."""
        if content.startswith(b"<"):
            raise RefusedError("This is no receipt.")
        self.kept.append((person, content))
        return str(len(self.kept))

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        if name != "close.csv":
            raise KeyError(name)
        with TemporaryDirectory() as home:
            path = Path(home) / name
            path.write_text("team,cost\nSearch,12\n")
            yield path

    def sentences(self) -> Sequence[tuple[str, str]]:
        return (
            ("balance", "what is left"),
            ("spend [by WHAT] [PERIOD]", "where it went"),
            ("ask", "ask for more"),
            ("group", "what the team spent"),
        )


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The application on a free port of this machine; the address without a slash at its end."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
