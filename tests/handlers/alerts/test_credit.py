"""Credit that was paid ahead: how long it lasts, and who hears of it before it is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.config import Settings
from bot.errors import UndeliverableError
from bot.platforms import terminal
from bot.providers.prepaid import Prepaid
from bot.sync.usage import pull
from handlers.alerts.credit import day_nanos, days_left, stage
from handlers.events import CheckCredit
from storage import prepaid
from storage.db import Database
from storage.prepaid import Credit, Known
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.fakes.prepaid import FakeDeepSeek

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NANOS = 10**9


def known(left: int, used: int, watched: timedelta) -> Known:
    """A credit that fell by so many yuan since it was watched."""
    return Known(Credit("d", "CNY", left * NANOS), NOW - watched, NOW, "", used * NANOS)


def test_how_long_it_lasts_follows_from_what_it_fell_by_of_late() -> None:
    """Two days watched, 100 used: 50 a day, and 200 last four days."""
    one = known(200, 100, timedelta(days=2))
    assert (day_nanos(one, NOW), days_left(one, NOW)) == (Decimal(50 * NANOS), Decimal(4))
    assert stage(one, NOW) == "week"


def test_of_a_long_time_the_last_seven_days_count() -> None:
    """The current one is half over at noon."""
    assert day_nanos(known(200, 65, timedelta(days=300)), NOW) == 10 * NANOS


def test_nothing_is_said_of_a_pace_after_an_hour_or_without_any_use() -> None:
    """An hour says nothing about a day; what does not fall lasts."""
    assert days_left(known(5, 4, timedelta(hours=1)), NOW) is None
    assert stage(known(5, 0, timedelta(days=3)), NOW) == ""


def test_nothing_left_and_a_debt_are_the_end_whatever_the_pace() -> None:
    """Also at the first reading."""
    assert [stage(known(left, 0, timedelta(0)), NOW) for left in (0, -3)] == ["empty", "empty"]


@pytest.fixture
def deepseek() -> Iterator[FakeDeepSeek]:
    with FakeDeepSeek(left=1000, granted=0) as server:
        yield server


@pytest.fixture
def company(database: Database, clock: Clock) -> Iterator[Company]:
    """A company that pays DeepSeek ahead."""
    made = Company(database, clock)
    llm = made.app.policy.vendors[0]
    deepseek = llm.model_copy(update={"name": "deepseek", "service": "DeepSeek", "can": frozenset({"credit"})})
    made.app.policy = made.app.policy.model_copy(update={"vendors": (*made.app.policy.vendors, deepseek)})
    yield made
    made.app.close()


def read(company: Company, fake: FakeDeepSeek, left: float) -> list[str]:
    """What finance hears once so much is left and read."""
    fake.left = left
    provider = Prepaid("deepseek", "deepseek", fake.url, fake.key, "A_KEY", calls_per_minute=None)
    before = len(company.messages("fay"))
    pull(company.database, provider, company.app.reading("llm"), company.clock)
    provider.close()
    company.app.handle(CheckCredit(), "clock")
    company.settle()
    return [each.title for each in company.messages("fay")[before:]]


def test_finance_hears_at_each_stage_once_and_again_after_a_top_up(company: Company, deepseek: FakeDeepSeek) -> None:
    """A week before the end, two days before, and when it is gone; nobody else hears."""
    assert read(company, deepseek, 1000) == []
    company.clock.moment += timedelta(days=1)
    assert read(company, deepseek, 850) == ["Credit at DeepSeek: CN¥850.00, about 5 days"]
    company.clock.moment += timedelta(minutes=10)
    assert read(company, deepseek, 849) == []
    company.clock.moment += timedelta(days=1)
    assert read(company, deepseek, 300) == ["Credit at DeepSeek: CN¥300.00, less than a day"]
    company.clock.moment += timedelta(hours=20)
    assert read(company, deepseek, 0) == ["Credit at DeepSeek: CN¥0.00: used up"]
    assert read(company, deepseek, 50_000) == []
    company.clock.moment += timedelta(days=1)
    assert read(company, deepseek, 0) == ["Credit at DeepSeek: CN¥0.00: used up"]
    assert [each for each in company.messages("bob") if "DeepSeek" in each.title] == []


def test_what_is_paid_in_hides_no_use(company: Company, deepseek: FakeDeepSeek) -> None:
    """A rise counts as nothing used, and the falls before and after it stay."""
    for left in (1000, 900, 5000, 4900):
        read(company, deepseek, left)
        company.clock.moment += timedelta(days=1)
    (here,) = company.database.ask(lambda conn: prepaid.of_all(conn, company.clock()))
    assert here.used_nanos == 200 * NANOS
    company.clock.moment += timedelta(days=30)
    (here,) = company.database.ask(lambda conn: prepaid.of_all(conn, company.clock()))
    assert here.used_nanos == 0


def test_status_and_providers_say_it(company: Company, deepseek: FakeDeepSeek) -> None:
    """All is not well while the credit runs out."""
    read(company, deepseek, 1000)
    company.clock.moment += timedelta(days=1)
    read(company, deepseek, 400)
    assert "Credit at DeepSeek" in company.say("fay", "status")
    card = terminal.render(company.hear("fay", "providers deepseek"))
    assert "CN¥400.00, less than a day" in card
    assert "reads prepaid credit" in card


def test_a_reading_that_fails_says_so_and_leaves_what_was_known(company: Company, deepseek: FakeDeepSeek) -> None:
    """The figure of yesterday is not taken for today's nothing."""
    read(company, deepseek, 1000)
    deepseek.key = "sk-other"
    provider = Prepaid("deepseek", "deepseek", deepseek.url, "sk-wrong", "A_KEY", calls_per_minute=None)
    with pytest.raises(UndeliverableError):
        pull(company.database, provider, company.app.reading("llm"), company.clock)
    provider.close()
    (here,) = company.database.ask(lambda conn: prepaid.of_all(conn, company.clock()))
    assert here.credit.left_nanos == 1000 * NANOS
    assert "A_KEY" in company.say("fay", "providers deepseek")


def test_app_yaml_names_them_like_any_provider() -> None:
    """Each with a key of its own."""
    kinds = [{"kind": kind} for kind in ("deepseek", "moonshot", "zhipu")]
    settings = Settings.model_validate({**RULES, "providers": kinds})
    assert [each.kind for each in settings.providers] == ["deepseek", "moonshot", "zhipu"]
