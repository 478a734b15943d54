"""From the first minute that burns to the owner's message: by a clock that is moved, as the bot itself is driven."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import TICK_S
from bot.telemetry.manifest import EXPORT_EVERY_S
from storage.charges import Charge
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.exporters import Collecting, Exporter, metrics, point

NIGHT = datetime(2026, 11, 24, 1, 17, 12, tzinfo=UTC)
IDLE_S = 3
"""The bot looks for what is due as often as this."""
DEFAULT_EXPORT_S = 60
"""Claude Code's own interval (OTEL_METRIC_EXPORT_INTERVAL)."""


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The crawler has cost half a dollar an hour for two weeks; nobody is awake."""
    clock.moment = NIGHT
    made = Company(database, clock, {**RULES, "providers": [{"kind": "sample", "name": "llm", "history_days": 14}]})
    made.llm.rows += [
        Charge("llm", NIGHT.replace(minute=0, second=0) - timedelta(hours=hour), 1, "m", subject="crawler-key")
        for hour in range(2, 14 * 24)
    ]
    made.llm.rows = [
        Charge(row.provider, row.bucket_start, 1, "m", subject=row.subject, cost_nanos=5 * 10**8)
        if row.subject == "crawler-key"
        else row
        for row in made.llm.rows
    ]
    made.pull()
    return made


@dataclass(frozen=True, slots=True)
class Fire:
    """Something that burns.

    Args:
        dollars: in a minute.
        every_s: so often it is told.
    """

    dollars: float
    every_s: int

    def tell(self, crawler: Exporter, at: datetime) -> None:
        """Tell what it cost since the last time."""
        begun, cost = at - timedelta(seconds=self.every_s), self.dollars * self.every_s / 60
        where = {"model": "claude-opus-4-5", "session__id": "s1"}
        assert crawler.send(metrics("claude_code.cost.usage", point(begun, at, cost, **where))).status_code == 200


def seconds_until_told(company: Company, crawler: Exporter, fire: Fire) -> int:
    """Let the bot run as its clock does, and the crawler burn, until its owner has a message."""
    begun = company.clock()
    for passed in range(1, 600):
        company.clock.moment = begun + timedelta(seconds=passed)
        if passed % fire.every_s == 0:
            fire.tell(crawler, company.clock())
        if passed % TICK_S == TICK_S // 2:
            company.app.tick()
        if passed % IDLE_S == 0:
            company.app.deliver()
            if any("Crawler" in card.title for card in company.messages("max")):
                return passed
    return 600


@pytest.mark.parametrize(
    "fire",
    [Fire(15.0, DEFAULT_EXPORT_S), Fire(4.0, EXPORT_EVERY_S)],
    ids=["more than its usual day each minute", "a third of it, as handed-out settings tell it"],
)
def test_the_owner_hears_within_three_minutes_of_the_first_burning_minute(
    company: Company, door: Collecting, fire: Fire
) -> None:
    """Claude Code tells it after a minute, or sooner; a provider would tell it in the morning."""
    crawler = door.exporter("token new for agent crawler telemetry", "max")
    took = seconds_until_told(company, crawler, fire)
    sys.stdout.write(f"\nowner told after {took} s\n")
    assert took < 180
    [card] = [card for card in company.messages("max") if "Crawler" in card.title]
    assert "Crawler" in card.title
    assert any(button.says.startswith("expected") for button in card.buttons)


def test_what_is_usual_wakes_nobody(company: Company, door: Collecting) -> None:
    """Half a dollar in the hour, as always."""
    crawler = door.exporter("token new for agent crawler telemetry", "max")
    for minute in range(1, 6):
        company.clock.moment = NIGHT + timedelta(minutes=minute)
        at = company.clock()
        one = point(at - timedelta(minutes=1), at, 0.008, model="m", session__id="s1")
        assert crawler.send(metrics("claude_code.cost.usage", one)).status_code == 200
        company.app.tick()
        company.settle()
    assert [card.title for card in company.messages("max") if "Crawler" in card.title] == []
