"""What people say in chat, and what then stands at Anthropic: the whole way, with the real readers of its two kinds."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from bot.app import App
from bot.config import Settings
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.anthropic.enterprise import ClaudeEnterprise
from bot.sync.usage import pull
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from tests.providers.asking import QUICK
from tests.support.clock import Clock
from tests.support.company import ACME, RULES
from tests.support.fakes.anthropic_console import FakeClaudeConsole
from tests.support.fakes.anthropic_enterprise import FakeClaudeEnterprise


class House:
    """A company with a Claude of each kind.

    Args:
        database: empty and migrated.
        clock: the time of everybody.
        enterprise: where Ana and Max are members.
        console: where Ana has a key.
    """

    def __init__(
        self, database: Database, clock: Clock, enterprise: FakeClaudeEnterprise, console: FakeClaudeConsole
    ) -> None:
        enterprise.now = console.now = clock.moment
        self.enterprise, self.console, self._clock = enterprise, console, clock
        for fake in (enterprise, console):
            fake.join("user_ana", "ana@acme.example", "Ana Silva")
            fake.join("user_max", "max@acme.example", "Max Weber")
        console.make_key("apikey_ana", "ana-laptop", "user_ana", workspace="wrkspc_01Search")
        kinds = ({"kind": "anthropic-enterprise", "name": "claude"}, {"kind": "anthropic-console", "name": "console"})
        self.app = App(
            settings=Settings.model_validate({**RULES, "providers": kinds}),
            database=database,
            platforms={"web": Web()},
            providers={
                "claude": ClaudeEnterprise("claude", enterprise.url, enterprise.key, "K", clock, QUICK, 60_000),
                "console": ClaudeConsole("console", console.url, console.key, "K", clock, QUICK, 60_000),
            },
            directory=lambda: ACME,
            now=clock,
        )
        self.app.refresh_people()
        self.read()

    def read(self) -> None:
        """Read both, and deliver until nothing is due."""
        for name, provider in self.app.providers.items():
            pull(self.app.database, provider, self.app.reading(name), self._clock)
            self.app.limits.read(provider)
        self.app.limits.take_requests(self.app.providers["claude"])
        self.settle()

    def settle(self) -> None:
        """Deliver until nothing is due."""
        while self.app.deliver():
            pass

    def say(self, person: str, text: str) -> str:
        """Say something, read the answer, and let happen what follows from it."""
        answer = terminal.render(self.app.hear(Sentence(text, person, Place("terminal", person), {}, "")))
        self.settle()
        return answer

    def reads(self, person: str) -> list[str]:
        """What a person sees in the private conversation with the bot."""
        return [terminal.render(card) for _, _, card in self.app.messages(Place("web", person))]


@pytest.fixture
def house(database: Database, clock: Clock) -> Iterator[House]:
    with FakeClaudeEnterprise() as enterprise, FakeClaudeConsole() as console:
        house = House(database, clock, enterprise, console)
        yield house
        for provider in house.app.providers.values():
            provider.close()


def test_what_is_used_at_both_is_one_balance(house: House) -> None:
    """Ana is known by her address, and her key by her."""
    house.enterprise.use(date(2026, 11, 21), "user_ana", Decimal("12.50"), 10)
    house.console.use(date(2026, 11, 21), "", Decimal("7.25"), 10, api_key_id="apikey_ana")
    house.read()
    assert house.say("ana", "balance").startswith("$380.25 left of $400.00")


def test_what_anthropic_gives_to_somebody_else_is_taken_back(house: House) -> None:
    """A corrected report leaves out the row that was wrong; it is counted for one of them only."""
    for user in ("user_ana", "user_max"):
        house.enterprise.uses.clear()
        house.enterprise.use(date(2026, 11, 21), user, Decimal("12.50"), 10)
        house.read()
    assert house.say("ana", "balance").startswith("$400.00 left of $400.00")
    assert house.say("max", "balance").startswith("$387.50 left of $400.00")


def test_everybodys_limit_becomes_that_of_the_ledger(house: House) -> None:
    """What the seat allowed is replaced by what the company gives."""
    assert house.enterprise.overrides["user_ana"]["amount"] == "40000"


def test_a_request_in_claude_is_granted_by_the_manager_in_chat(house: House) -> None:
    """Ana clicks there, Max says how much here, and Claude has the new total."""
    name = house.enterprise.ask_for_more("user_ana")
    house.read()
    assert "Ana Silva asks for" in house.reads("max")[-1]
    house.say("max", "approve 1 75")
    assert house.enterprise.asked[name]["status"] == "approved"
    assert house.enterprise.overrides["user_ana"]["amount"] == "47500"
    assert any("applied at Claude Enterprise" in card for card in house.reads("ana"))


def test_a_request_in_claude_is_denied_by_the_manager_in_chat(house: House) -> None:
    """The request there is closed, and nothing else changes."""
    name = house.enterprise.ask_for_more("user_ana")
    house.read()
    house.say("max", "deny 1 not this month")
    assert house.enterprise.asked[name]["status"] == "denied"
    assert house.enterprise.overrides["user_ana"]["amount"] == "40000"


def test_a_key_is_paused_and_resumed_in_chat(house: House) -> None:
    """Finance stops a key by its name, and only that one."""
    house.say("fay", "pause key ana-laptop")
    assert house.console.keys["apikey_ana"]["status"] == "inactive"
    assert house.console.keys["apikey_01Dana"]["status"] == "active"
    house.say("fay", "resume key ana-laptop")
    assert house.console.keys["apikey_ana"]["status"] == "active"
