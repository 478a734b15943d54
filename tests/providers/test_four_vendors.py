"""One company in China over four vendors: usage in, one budget in yuan over all, a pause wherever it can be had."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.app import App
from bot.config import Settings
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.alibaba import Alibaba
from bot.providers.anthropic.gateway import ClaudeGateway
from bot.providers.base import Provider
from bot.providers.tencent import Tencent
from bot.providers.volcengine import Volcengine
from bot.sync.usage import pull
from handlers.place import Place
from handlers.sentence import Sentence
from storage import spend
from storage.db import Database
from storage.directory import Link
from tests.providers.asking import QUICK
from tests.support.clock import Clock
from tests.support.company import ACME, RULES
from tests.support.fakes.alibaba import FakeAlibaba
from tests.support.fakes.claude_gateway import FakeClaudeGateway
from tests.support.fakes.tencent import FakeTencent
from tests.support.fakes.volcengine import FakeVolcengine

DAY = date(2026, 11, 21)
LINKS = (
    Link("tencent", "key", "ak-dana", "person/ana"),
    Link("volcengine", "key", "ep-dana", "person/ana"),
    Link("alibaba", "key", "1001", "person/ana"),
)


class House:
    """A company whose Ana has a key or an endpoint at each vendor.

    Args:
        database: empty and migrated.
        clock: the time of everybody.
        stack: closes what is opened.
    """

    def __init__(self, database: Database, clock: Clock, stack: ExitStack) -> None:
        self.clock = clock
        self.gateway = stack.enter_context(FakeClaudeGateway())
        self.tencent = stack.enter_context(FakeTencent())
        self.ark = stack.enter_context(FakeVolcengine())
        self.qwen = stack.enter_context(FakeAlibaba())
        for fake in (self.gateway, self.tencent, self.ark, self.qwen):
            fake.now = clock.moment
        self.gateway.see("sub-ana", "ana@acme.example", "Ana Silva")

        def told(first: date, last: date) -> dict[tuple[str, date], int]:
            return database.ask(lambda conn: spend.told(conn, "claude-gateway", first, last))

        providers: dict[str, Provider] = {
            "claude-gateway": ClaudeGateway(
                "claude-gateway", self.gateway.url, self.gateway.key, "K", clock, told, QUICK, 60_000
            ),
            "tencent": Tencent(
                "tencent", self.tencent.url, self.tencent.secret, self.tencent.secret_id, "K", clock, QUICK, None
            ),
            "volcengine": Volcengine(
                "volcengine", self.ark.url, self.ark.secret, self.ark.key_id, "K", clock, QUICK, None
            ),
            "alibaba": Alibaba("alibaba", self.qwen.url, self.qwen.secret, self.qwen.key_id, "K", clock, QUICK, None),
        }
        for provider in providers.values():
            stack.callback(provider.close)
        rules: dict[str, Any] = {
            **RULES,
            "organization": {"name": "Acme", "zone": "Asia/Shanghai", "currency": "CNY"},
            "rates": {"USD": {"2026-01-01": "7.2"}},
            "prices": [
                {"provider": each, "input": 4, "output": 10, "currency": "CNY"} for each in ("tencent", "volcengine")
            ],
            "budgets": [{"name": "each", "who": "every person", "amount": "7000 CNY", "every": "month"}],
            "providers": [
                {"kind": "claude-gateway", "url": self.gateway.url},
                *({"kind": kind, "account": "id"} for kind in ("tencent", "volcengine", "alibaba")),
            ],
        }
        self.app = App(
            settings=Settings.model_validate(rules),
            database=database,
            platforms={"web": Web()},
            providers=providers,
            directory=lambda: replace(ACME, links=(*ACME.links, *LINKS)),
            now=clock,
        )
        self.app.refresh_people()

    def read(self) -> None:
        """Read all four, and let happen what follows."""
        for name, provider in self.app.providers.items():
            pull(self.app.database, provider, self.app.reading(name), self.clock)
            self.app.limits.read(provider)
        self.settle()

    def settle(self) -> None:
        """Deliver until nothing is due."""
        while self.app.deliver():
            pass

    def say(self, person: str, text: str) -> str:
        """Say something, and let happen what follows from it."""
        answer = terminal.render(self.app.hear(Sentence(text, person, Place("terminal", person), {}, "")))
        self.settle()
        return answer


@pytest.fixture
def house(database: Database, clock: Clock) -> Iterator[House]:
    with ExitStack() as stack:
        house = House(database, clock, stack)
        house.gateway.use(clock.moment.date(), "sub-ana", Decimal(100))  # $100 are ¥720
        house.tencent.use(DAY, "ak-dana", Decimal(0), InputTotalToken=20_000_000, OutputTotalToken=0)  # ¥80
        house.ark.use(DAY, "ep-dana", Decimal(0), PromptTokens=10_000_000, CompletionTokens=0)  # ¥40
        house.qwen.use(DAY, "1001", Decimal(160))
        house.read()
        yield house


def test_one_balance_over_four_vendors(house: House) -> None:
    """¥720 + ¥80 + ¥40 + ¥160 of ¥7,000."""
    assert house.say("ana", "balance").startswith("CN¥6,000.00 left of CN¥7,000.00")


def test_one_budget_becomes_each_vendors_own_limit(house: House) -> None:
    """Money at the gateway, in dollars; tokens at Tencent; nothing where there is nothing to set."""
    (row,) = [row for row in house.gateway.rows.values() if row["scope"].get("user_id") == "sub-ana"]
    assert row["amount"] == str((720 + 6000) * 1000 // 7200 * 100 + 33)  # ¥6,720 are $933.33
    quotas = {each["CycleUnit"]: int(each["CycleCredits"]) for each in house.tencent.keys["ak-dana"]["QuotaSet"]}
    assert quotas["m"] == 1_500_000_000  # 20 million used, ¥6,000 buy 1,500 million more


def test_a_pause_stops_a_person_wherever_that_can_be(house: House) -> None:
    """At all four; and all go on as they were."""
    house.say("fay", "pause @ana")
    assert [row["amount"] for row in house.gateway.rows.values() if row["scope"].get("user_id") == "sub-ana"] == ["0"]
    assert house.tencent.keys["ak-dana"]["Status"] == "disable"
    assert house.ark.endpoints["ep-dana"]["Status"] == "Stopped"
    assert house.qwen.keys["1001"]["disabled"] == 1
    house.say("fay", "resume @ana")
    assert house.tencent.keys["ak-dana"]["Status"] == "enable"
    assert house.ark.endpoints["ep-dana"]["Status"] == "Running"
    assert house.qwen.keys["1001"]["disabled"] == 0


def test_what_is_asked_for_in_yuan_raises_every_limit(house: House) -> None:
    """The manager gives ¥720: $100 at the gateway."""
    before = int(next(row["amount"] for row in house.gateway.rows.values()))
    house.say("ana", "request 720 for the migration")
    house.say("max", "approve 1")
    assert int(next(row["amount"] for row in house.gateway.rows.values())) == before + 10_000
