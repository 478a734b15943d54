"""A small company with round figures, in which tests talk to the whole bot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from bot.app import App
from bot.config import Settings
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.sync.usage import pull
from handlers import event_type_of
from handlers.card import Card
from handlers.context import Context
from handlers.events import Event
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from storage.directory import Agent, Directory, Link, Person, Team
from tests.support.clock import Clock
from tests.support.contents import Contents
from tests.support.databases import is_new, put, taken
from tests.support.fakes.provider import FakeProvider

MAIL = "@acme.example"
PEOPLE = (
    Person("ana", "Ana Silva", f"ana{MAIL}", "max", "search"),
    Person("max", "Max Weber", f"max{MAIL}", "kim", "search"),
    Person("kim", "Kim Tanaka", f"kim{MAIL}", "", "engineering"),
    Person("fay", "Fay Osei", f"fay{MAIL}", "kim", roles=("finance",)),
    Person("bob", "Bob Reyes", f"bob{MAIL}", "lea", "ads"),
    Person("lea", "Lea Novak", f"lea{MAIL}", "kim", "ads"),
    Person("ada", "Ada Admin", f"ada{MAIL}", "kim", roles=("admin",)),
)
ACME = Directory(
    people=PEOPLE,
    teams=(
        Team("engineering", "Engineering", "kim"),
        Team("search", "Search", "max", "engineering"),
        Team("ads", "Ads", "lea", "engineering"),
    ),
    agents=(Agent("crawler", "Crawler", "max", "search"),),
    links=(
        *(Link("llm", "user", person.id, f"person/{person.id}") for person in PEOPLE),
        *(Link("web", "user", f"demo/{person.id}", f"person/{person.id}") for person in PEOPLE),
        Link("llm", "user", "crawler-key", "agent/crawler"),
    ),
)
RULES = {
    "organization": {"name": "Acme", "zone": "Europe/Berlin"},
    "directory": ["sample"],
    "budgets": [
        {"name": "per-person", "who": "every person", "amount": "400 USD", "every": "month"},
        {"name": "search-pool", "who": "team search", "amount": "3000 USD", "every": "month"},
        {"name": "agents", "who": "every agent", "amount": "500 USD", "every": "month"},
    ],
    "providers": [{"kind": "sample", "name": "llm", "history_days": 4}],
}


FIRST_READINGS: dict[str, tuple[Contents | bytes, list[str], list[date]]] = {}
"""What the first reading of people and usage left: the database, what the provider was asked, and for which days."""


def says_first(app: App, said: Callable[[Context], object]) -> None:
    """Let the bot speak first: what is said with the context is written, as at the end of an order."""

    def work(conn: Connection) -> None:
        ctx = Context(conn, app.now(), app.everybody()[0], Place("clock", ""), app.policy)
        said(ctx)
        ctx.write()

    app.database.transact(work)


@dataclass
class Company:
    """A whole bot at work.

    Whatever begins with the same rules, people and time on a new database reads people and usage once in a process:
    that takes longer than most of what tests do with it. The others get what the first one found.

    Args:
        database: empty and migrated.
        clock: its time.
        rules: app.yaml as data.
        directory: who is there.
        vendor: what the provider is called in the rules.
    """

    database: Database
    clock: Clock
    rules: dict[str, object] = field(default_factory=lambda: dict(RULES))
    directory: Directory = ACME
    vendor: str = "llm"

    def __post_init__(self) -> None:
        begins = (
            repr((self.database.is_sqlite, self.rules, self.directory, self.clock.moment))
            if is_new(self.database)
            else ""
        )
        known = FIRST_READINGS.get(begins)
        if known:
            put(self.database, known[0])
        self.llm = FakeProvider(name=self.vendor)
        self.llm.spends("ana", "246.76", date(2026, 11, 21))
        self.llm.spends("bob", "100.00", date(2026, 11, 21), "claude-opus-4-5")
        self.app = App(
            settings=Settings.model_validate(self.rules),
            database=self.database,
            platforms={"web": Web()},
            providers={self.vendor: self.llm},
            directory=lambda: self.directory,
            now=self.clock,
        )
        if known:
            self.llm.calls, self.llm.days_asked = list(known[1]), list(known[2])
            self.app.wake.set()
            return
        self.app.refresh_people()
        self.pull()
        if begins:
            FIRST_READINGS[begins] = (taken(self.database), list(self.llm.calls), list(self.llm.days_asked))

    def pull(self) -> None:
        """Read the provider."""
        pull(self.database, self.llm, self.app.reading(self.vendor), self.clock)

    def hear(self, person: str, text: str, delivery: str = "", **inputs: str) -> Card:
        """Say something and see the card."""
        return self.app.hear(Sentence(text, person, Place("terminal", person), inputs, delivery))

    def say(self, person: str, text: str, delivery: str = "", **inputs: str) -> str:
        """Say something and read the answer as text."""
        return terminal.render(self.hear(person, text, delivery, **inputs))

    def happens(self, event: Event) -> None:
        """Raise an event as one who may, and see that it is handled."""
        by, *_ = sorted(event_type_of(event).by)
        assert self.app.handle(event, by)

    def settle(self) -> None:
        """Deliver until nothing is due."""
        while self.app.deliver():
            pass

    def messages(self, person: str) -> list[Card]:
        """The cards a person sees in the private conversation with the bot."""
        return [card for _, _, card in self.app.messages(Place("web", person))]

    def reads(self, person: str) -> list[str]:
        """What a person sees in the private conversation with the bot."""
        self.settle()
        return [terminal.render(card) for card in self.messages(person)]
