"""The console of the small company, over HTTP as a browser speaks it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import App
from bot.config import ConsoleSettings
from bot.console import connected
from bot.console.sign_in import make_link
from bot.server import server
from storage.audit import rows as audit_rows
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company

URL = "https://bursar.acme.example"


def words_of(html: str) -> str:
    """The text of a page as it is read, a line for each element."""
    text = re.sub(r"<(style|svg|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "", text)))


@dataclass
class Browser:
    """Somebody's browser.

    Args:
        client: of HTTP, with its own cookies.
    """

    client: TestClient

    def get(self, path: str, **more: Any) -> Any:
        """Open an address, as a click does."""
        return self.client.get(path, headers={"Sec-Fetch-Dest": "document", **more.pop("headers", {})}, **more)

    def post(self, path: str, **fields: str) -> Any:
        """Send a form of our own page."""
        return self.client.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})

    def reads(self, path: str) -> str:
        """What an address shows, as text."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, words_of(answer.text))
        return words_of(answer.text)

    def says(self, text: str, **inputs: str) -> str:
        """Press a button that says a sentence, and read what comes."""
        answer = self.post("/say", says=text, **inputs)
        assert answer.status_code == 200, answer.text
        return words_of(answer.text)


@dataclass
class Console:
    """The console of a company.

    Args:
        company: the company.
        asgi: what serves it.
    """

    company: Company
    asgi: Any
    browsers: dict[str, Browser] = field(default_factory=dict)

    @property
    def app(self) -> App:
        """The bot."""
        return self.company.app

    def stranger(self) -> Browser:
        """A browser that is not signed in."""
        return Browser(TestClient(self.asgi, base_url=URL, follow_redirects=False, raise_server_exceptions=False))

    def link(self, person: str) -> str:
        """The path of a link that was printed for somebody."""
        people = {each.id: each for each in self.app.everybody()}
        return make_link(self.app, people[person]).removeprefix(URL)

    def of(self, person: str) -> Browser:
        """The browser of somebody who is signed in."""
        if person not in self.browsers:
            self.browsers[person] = self.signed_in(person)
        return self.browsers[person]

    def signed_in(self, person: str) -> Browser:
        """A new browser of theirs, signed in by a link."""
        browser = self.stranger()
        token = self.link(person).partition("t=")[2]
        assert browser.post("/signin/link", token=token).status_code == 303
        return browser

    def audit(self) -> list[tuple[str, str, str]]:
        """Who did what to what."""
        rows = self.company.database.ask(lambda conn: list(audit_rows(conn)))
        return [(row.deed.who, row.deed.what, row.deed.subject) for row in rows]


def console_of(company: Company, environ: Mapping[str, str] | None = None, **settings: Any) -> Console:
    """The console of a company, with secrets and settings of its own."""
    own = ConsoleSettings.model_validate({"url": URL, **settings})
    company.app.settings = company.app.settings.model_copy(update={"console": own})
    with connected(company.app, environ or {}) as routes:
        return Console(company, server(company.app, list(routes), lambda: True))


@pytest.fixture
def console(acme: Company) -> Console:
    """The console of the small company, on SQLite."""
    return console_of(acme)


@pytest.fixture
def console_anywhere(database: Database, clock: Clock) -> Console:
    """The same on each kind of database in turn."""
    return console_of(Company(database, clock))
