"""What vendors tell by the hour, from end to end: whoever burns money at night is told of at the next reading."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.config import Settings
from bot.http import Patience
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.base import Provider
from bot.providers.litellm.provider import LiteLLM
from bot.providers.openai.platform import OpenAI
from bot.providers.openrouter.provider import OpenRouter
from handlers.place import Place
from handlers.sentence import Sentence
from storage import spikes
from storage.directory import Agent, Directory, Link, Person
from tests.support.clock import Clock
from tests.support.databases import migrated
from tests.support.fakes.anthropic_console import FakeClaudeConsole
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.openai import FakeOpenAI
from tests.support.fakes.openrouter import FakeOpenRouter

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
KEY = "apikey_crawler"
QUICK = Patience(attempts=2, total_s=20.0, silence_s=5.0, pause_s=0.001)
DIRECTORY = Directory(
    people=(
        Person("max", "Max Weber", "max@acme.test"),
        Person("fay", "Fay Osei", "fay@acme.test", roles=("finance",)),
    ),
    agents=(Agent("crawler", "Crawler", "max", ""),),
    links=(
        Link("llm", "key", KEY, "agent/crawler"),
        Link("web", "user", "demo/max", "person/max"),
        Link("web", "user", "demo/fay", "person/fay"),
    ),
)


def at(hour: int, minute: int = 10) -> datetime:
    """A moment of the day, UTC."""
    return datetime(TODAY.year, TODAY.month, TODAY.day, hour, minute, tzinfo=UTC)


def usual(hour: int) -> Decimal:
    """What an hour costs usually: between 40 and 58 cents, for requests are not all alike."""
    return Decimal(40 + hour * 7 % 19) / 100


@dataclass
class Bot:
    """A bot that reads one vendor.

    Args:
        app: the bot.
        clock: its time.
        vendor: the stand-in for the vendor.
        use: says in it that the crawler's key spent some dollars in an hour of a day.
    """

    app: App
    clock: Clock
    vendor: Any
    use: Callable[[date, int, Decimal], None]

    def reads(self, moment: datetime) -> None:
        """A reading, and all that follows it."""
        self.clock.moment = self.vendor.now = moment
        self.app.tick()
        while self.app.deliver():
            pass

    def told(self, person: str) -> list[str]:
        """The titles of what somebody was told."""
        return [terminal.render(card).splitlines()[0] for _, _, card in self.app.messages(Place("web", person))]

    def says(self, person: str, words: str) -> str:
        """What somebody is answered."""
        return terminal.render(self.app.hear(Sentence(words, person, Place("terminal", person))))

    def spikes(self) -> list[spikes.Spike]:
        """All that are known."""
        return self.app.database.ask(lambda conn: spikes.known(conn, at(0) - 30 * DAY))

    def ask(self, query: str) -> Any:
        """A figure of the database."""
        return self.app.database.ask(lambda conn: conn.exec_driver_sql(query).scalar())


def bot(path: Path, kind: str, vendor: Any, make: Callable[[Clock], Provider], use: Callable[..., None]) -> Bot:
    """A bot with one provider, called llm, that is read every ten minutes."""
    clock = Clock(at(0) - DAY)
    rules = {
        "organization": {"name": "Acme", "zone": "UTC"},
        "providers": [{"kind": kind, "name": "llm", "key": "LLM_KEY", "url": vendor.url, "history_days": 20}],
        "prices": [{"model": "gpt-5.2*", "input": 10, "output": 30}],
    }
    app = App(
        settings=Settings.model_validate(rules),
        database=migrated(path / "acme.db"),
        platforms={"web": Web()},
        providers={"llm": make(clock)},
        directory=lambda: DIRECTORY,
        now=clock,
    )
    app.refresh_people()
    return Bot(app, clock, vendor, use)


def openai_bot(path: Path, vendor: FakeOpenAI) -> Bot:
    """OpenAI tells tokens by the hour, and costs by the day, hours later; a million input tokens cost 10 dollars."""
    vendor.add_user("max")
    vendor.projects["proj_main"].keys[KEY] = {"name": "crawler", "owner": {"type": "service_account"}}

    def use(day: date, hour: int, dollars: Decimal) -> None:
        vendor.add_usage(day, None, KEY, "gpt-5.2-2026-01-15", int(dollars * 100_000), hour=hour, requests=60)

    def make(_: Clock) -> Provider:
        return OpenAI("llm", vendor.base, vendor.key, patience=QUICK, calls_per_minute=None)

    return bot(path, "openai", vendor, make, use)


def claude_bot(path: Path, vendor: FakeClaudeConsole) -> Bot:
    """Anthropic tells tokens and cost of whole hours."""

    def use(day: date, hour: int, dollars: Decimal) -> None:
        vendor.use(day, KEY, dollars, int(dollars * 100_000), hour=hour)

    def make(clock: Clock) -> Provider:
        return ClaudeConsole("llm", vendor.url, vendor.key, "LLM_KEY", clock, QUICK, calls_per_minute=60_000)

    return bot(path, "anthropic-console", vendor, make, use)


def litellm_bot(path: Path, vendor: FakeLiteLLM) -> Bot:
    """LiteLLM has a log of requests, a few seconds late."""

    def use(day: date, hour: int, dollars: Decimal) -> None:
        tokens, spend = int(dollars * 100_000), float(dollars)
        vendor.add_usage(day, None, None, KEY, "crawler", None, "openai/gpt-x", spend, tokens, 0, hour=hour)

    def make(clock: Clock) -> Provider:
        return LiteLLM("llm", vendor.url, vendor.key, patience=QUICK, now=clock)

    return bot(path, "litellm", vendor, make, use)


def openrouter_bot(path: Path, vendor: FakeOpenRouter) -> Bot:
    """OpenRouter's analytics have hours, also of the hour that goes on."""
    key = vendor.state.keys.pop(vendor.agent_key)
    vendor.state.keys[KEY] = {**key, "hash": KEY}

    def use(day: date, hour: int, dollars: Decimal) -> None:
        vendor.use(day, KEY, "openai/gpt-x", float(dollars), int(dollars * 100_000), hour=hour)

    def make(_: Clock) -> Provider:
        return OpenRouter("llm", vendor.url, vendor.key, patience=QUICK, calls_per_minute=60_000)

    return bot(path, "openrouter", vendor, make, use)


VENDORS: dict[str, tuple[Callable[[], Any], Callable[[Path, Any], Bot]]] = {
    "openai": (FakeOpenAI, openai_bot),
    "anthropic-console": (FakeClaudeConsole, claude_bot),
    "litellm": (FakeLiteLLM, litellm_bot),
    "openrouter": (FakeOpenRouter, openrouter_bot),
}


@pytest.fixture(params=list(VENDORS))
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    """A bot at midnight; the crawler spent about half a dollar an hour for two weeks."""
    fake, make = VENDORS[request.param]
    with fake() as vendor:
        here = make(tmp_path, vendor)
        with closing(here.app):
            for back in range(1, 15):
                for hour in range(24):
                    here.use(TODAY - back * DAY, hour, usual(hour))
            yield here


def test_an_agent_that_burns_since_two_is_told_of_at_ten_past_three(night: Bot) -> None:
    """Its owner and finance read what it spends an hour; nothing was told before."""
    for hour in range(2):
        night.use(TODAY, hour, usual(hour))
        night.reads(at(hour + 1))
    assert night.spikes() == []

    night.use(TODAY, 2, Decimal(40))
    night.use(TODAY, 3, Decimal("6.60"))
    night.reads(at(3))

    [spike] = [each for each in night.spikes() if each.rule == "velocity"]
    assert (spike.since, spike.burns) == (at(2, 0), True)
    for person in ("max", "fay"):
        assert any("Crawler spends $40.00 an hour" in title for title in night.told(person))


def test_hours_count_nowhere_but_for_seeing_soon_what_goes_on(night: Bot) -> None:
    """What was spent is what the days tell, and once."""
    night.use(TODAY, 0, Decimal(8))
    night.reads(at(1))
    assert night.ask("select sum(cost_nanos) from hours where day = '2026-11-24'") == 8 * 10**9
    assert night.ask("select sum(cost_nanos) from spend where account_id = 'org' and day = '2026-11-24'") == 8 * 10**9


def test_what_was_used_is_shown_by_the_hour(night: Bot) -> None:
    """The sum above is what the days count; whoever may not see the account sees nothing of its hours."""
    night.use(TODAY, 0, Decimal(8))
    night.use(TODAY, 1, Decimal("0.25"))
    night.reads(at(2))

    said = night.says("max", "spend today of agent crawler by hour")
    assert "$8.25" in said.splitlines()[0]
    assert "24 Nov 00:00" in said
    assert "24 Nov 01:00" in said
    assert "$8.25 is known by the hour" in said
    assert "at most 7 days" in night.says("max", "spend of agent crawler by hour last month")
    assert "$8" not in night.says("fay", "spend by hour")
    assert "No hours" in night.says("max", "spend of agent crawler by hour 1 november")
