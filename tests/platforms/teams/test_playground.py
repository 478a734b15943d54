"""Teams as people see it: Microsoft 365 Agents Playground in Chromium, the whole bot behind Microsoft's SDK.

Each Playground is the desk of one person, so two of them are a company: Ana asks, Max decides.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette

from bot.app import App
from bot.platforms.teams.connector import PATH, Connector
from bot.run import teams_connected
from handlers.card import Button, Card, Gauge
from storage.directory import Person
from tests.support.clock import Clock
from tests.support.company import PEOPLE, RULES, Company, says_first
from tests.support.databases import migrated
from tests.support.paths import ROOT
from tests.support.small_bot import served

CLI = ROOT / "var/playground/node_modules/@microsoft/m365agentsplayground/cli.js"
ALERT = Card(
    "$40.00 left of $400.00",
    (
        Gauge("Own budget, this month", 900, "90 % used, with eight days to go", "warn"),
        Button("Ask for more", "request"),
    ),
    "warn",
)
PATIENCE_S = 120.0


def desk(me: Person) -> dict[str, object]:
    """The Playground's settings: whose desk it is, in a tenant of six."""
    known = {
        one.id: {
            "id": f"29:{one.id}",
            "name": one.name,
            "givenName": one.name,
            "surname": "",
            "email": one.email,
            "userPrincipleName": one.email,
            "aadObjectId": str(UUID(int=number)),
        }
        for number, one in enumerate(PEOPLE[:6])
    }
    return {
        "version": "0.1.1",
        "tenantId": str(UUID(int=0xACE)),
        "bot": {"id": "28:bursar", "name": "Bursar"},
        "currentUser": known.pop(me.id),
        "users": list(known.values()),
        "personalChat": {"id": f"a:1-{me.id}"},
        "groupChat": {"id": "19:group@thread.v2", "name": "Group Chat"},
        "team": {
            "id": "19:general@thread.tacv2",
            "name": "Search",
            "aadGroupId": str(UUID(int=0x5EA)),
            "channels": [{"id": "19:ai-spend@thread.tacv2", "name": "AI spend"}],
        },
    }


@dataclass
class Desk:
    """One person's Teams."""

    page: Page
    company: Company

    def until(self, true: Callable[[], object]) -> None:
        """Deliver what is due until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            self.company.settle()
            assert time.monotonic() < end, self.page.inner_text("body")
            self.page.wait_for_timeout(50)

    def sees(self, words: str) -> None:
        """Wait for words to be seen."""
        self.until(lambda: self.page.get_by_text(words).filter(visible=True).count())

    def writes(self, words: str) -> None:
        """Write into the chat that is open."""
        self.page.locator("[data-lexical-editor=true]").last.click()
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")

    def presses(self, label: str) -> None:
        """Press the newest button of that name."""
        self.page.get_by_role("button", name=label, exact=True).last.click()

    def opens(self, chat: str) -> None:
        """Go to another chat or channel."""
        self.page.get_by_text(chat, exact=True).first.click()


@contextmanager
def playground(folder: Path, settings: dict[str, object], bot_url: str) -> Iterator[str]:
    """A Playground on a free port; its address."""
    folder.mkdir()
    (folder / ".m365agentsplayground.yml").write_text(yaml.safe_dump(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = shutil.which("node")
    assert node
    command = [node, str(CLI), "start", "-e", bot_url, "-c", "msteams", "-p", str(port), "--dt"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as running:
        try:
            end = time.monotonic() + PATIENCE_S
            while not _answers(port):
                assert running.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end, (folder / "log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/"
        finally:
            running.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def desks(tmp_path: Path, clock: Clock, browser: Browser) -> Iterator[tuple[Desk, Desk]]:
    """Ana's and Max's."""
    if not CLI.exists() or not shutil.which("node"):
        pytest.skip("no Playground: install Node.js and npm (apt-get install nodejs npm), then make playground")
    database = migrated(tmp_path / "acme.db")
    company = Company(database, clock, {**RULES, "msteams": {"playground": True}})
    with ExitStack() as stack:
        stack.callback(database.close)
        route = stack.enter_context(teams_connected(company.app, Connector(company.app.settings.msteams, "")))
        url = stack.enter_context(served(Starlette(routes=[route]))) + PATH
        found = []
        for me in PEOPLE[:2]:
            address = stack.enter_context(playground(tmp_path / me.id, desk(me), url))
            page = browser.new_page(viewport={"width": 1400, "height": 860})
            stack.callback(page.close)
            page.goto(address)
            page.get_by_text("Log Panel").locator("xpath=..").get_by_role("button").last.click()
            found.append(Desk(page, company))
        yield found[0], found[1]


def tell(app: App, person: str, card: Card) -> None:
    """The bot speaks first."""
    says_first(app, lambda ctx: ctx.tell(person, "alert/1", card))


def test_ana_asks_and_max_decides_in_teams(desks: tuple[Desk, Desk], pictures: Path) -> None:
    """Balance with its gauge, a request with fields, a question and approval in another chat, an alert, a mention."""
    ana, max_ = desks
    max_.sees("What you can say")  # the app was installed, and so it greets

    ana.sees("What you can say")
    ana.writes("balance")
    ana.sees("$153.24 left of $400.00")
    ana.sees("62%")  # in the middle of the gauge
    ana.page.screenshot(path=pictures / "teams.png")

    ana.presses("Ask for more")
    ana.sees("How much more (USD)?")
    number, day = (ana.page.get_by_label(label).last for label in ("How much more (USD)?", "Until when?"))
    assert (number.get_attribute("role"), day.get_attribute("aria-haspopup")) == ("spinbutton", "dialog")
    number.fill("50")
    ana.page.get_by_label("What is it for?").last.fill("the migration")
    ana.presses("Send")
    ana.sees("Asked for $50.00 more")

    max_.sees("Ana Silva asks for $50.00 more")
    max_.presses("Ask a question")
    max_.sees("What do you want to say?")
    max_.page.get_by_label("What do you want to say?").last.fill("can it wait until monday?")
    max_.presses("Send")
    max_.sees("Sent. I'll send you the answer.")  # and below it the request, still to be decided
    ana.sees("can it wait until monday?")
    max_.presses("Approve")
    max_.until(lambda: not max_.page.get_by_role("button", name="Approve", exact=True).count())
    ana.sees("approved")

    tell(ana.company.app, "ana", ALERT)
    ana.sees("90 % used, with eight days to go")

    ana.opens("AI spend")
    ana.page.locator("[data-lexical-editor=true]").last.click()
    ana.page.keyboard.type("@Bur")
    ana.page.get_by_text("Bursar", exact=True).last.click()
    ana.page.keyboard.type(" balance")
    ana.page.get_by_role("button", name="Post").click()
    ana.sees("Your answer is in our private chat")
    assert not ana.page.get_by_text("left of").filter(visible=True).count()
    ana.opens("Personal Chat")
    ana.sees("$203.24 left of $450.00")
