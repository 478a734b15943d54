"""Two million yuan in a night: an agent on a model whose bill comes a day later, seen by its telemetry."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import TICK_S
from bot.platforms import terminal
from handlers.card import Card
from storage.charges import Charge
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.exporters import Collecting, metrics, point

MIDNIGHT = datetime(2026, 11, 23, 16, 0, 12, tzinfo=UTC)  # in Shanghai
M = 10**6
TOKENS_A_MINUTE = 134 * M
"""At 31.05 yuan a million, some 4,160 yuan: two million in eight hours."""


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company that counts in yuan; its crawler cost some 30 yuan a day so far."""
    clock.moment = MIDNIGHT
    rules: dict[str, object] = {
        **RULES,
        "organization": {"name": "Acme", "zone": "Asia/Shanghai", "currency": "CNY", "locale": "zh_CN"},
        "rates": {"USD": {date(2026, 1, 1): "7.2"}},
        "budgets": [{"name": "each", "who": "every agent", "amount": "100000 CNY"}],
        "providers": [{"kind": "sample", "name": "llm", "history_days": 14}],
    }
    made = Company(database, clock, rules)
    start = MIDNIGHT.replace(hour=0, minute=0, second=0)
    made.llm.rows += [
        Charge("llm", start - timedelta(days=day), 24, "m", subject="crawler-key", cost_nanos=4 * 10**9)
        for day in range(14)
    ]
    made.pull()
    return made


def test_it_is_told_in_the_first_minutes_and_not_with_the_bill(company: Company, door: Collecting) -> None:
    """By tokens alone, at a list price in dollars, in the owner's language, with what it costs in yuan."""
    crawler = door.exporter("token new for agent crawler telemetry", "max")
    used = {"model": "doubao-seed-2.1-pro", "type": "output", "session__id": "s1"}
    seconds, cards = 0, list[Card]()
    while not cards and seconds < 600:
        seconds += 1
        at = MIDNIGHT + timedelta(seconds=seconds)
        company.clock.moment = at
        if seconds % 60 == 0:
            tokens = point(at - timedelta(seconds=60), at, TOKENS_A_MINUTE, **used)
            assert crawler.send(metrics("claude_code.token.usage", tokens)).status_code == 200
        if seconds % TICK_S == TICK_S // 2:
            company.app.tick()
        if seconds % 3 == 0:
            company.app.deliver()
            cards = [card for card in company.messages("max") if "Crawler" in card.title]
    assert seconds < 180
    assert cards[0].title == "Crawler每小时支出¥16,642.80，平时为¥2.08"
    assert "¥4,1" in terminal.render(cards[0])
    assert "剩余¥95,724.10" in company.say("max", "balance crawler")
