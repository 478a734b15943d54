"""Reading hours beside days: from where on, what comes late, what is odd, and what fails."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.errors import KeyRefusedError, NotFoundError, OutsideError, UndeliverableError, UnreachableError
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.litellm import logs
from bot.providers.litellm.provider import LiteLLM
from bot.providers.openrouter.provider import OpenRouter
from bot.providers.set_aside import set_aside as note_odd
from bot.sync.usage import Reading, pull
from handlers.policy import Policy
from storage import pulls, set_aside
from storage.charges import Charge
from storage.db import Database
from storage.pulls import Pull
from storage.set_aside import Aside
from tests.providers.asking import QUICK
from tests.support.clock import Clock
from tests.support.databases import migrated
from tests.support.fakes.anthropic_console import FakeClaudeConsole
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.openrouter import FakeOpenRouter
from tests.support.fakes.provider import FakeProvider

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def charge(hour: datetime, cost: int | None = 5, model: str = "some-model", tokens: int = 100) -> Charge:
    """What Ana used in an hour."""
    return Charge("llm", hour, 1, model, subject="ana", tokens_input=tokens, requests=1, cost_nanos=cost)


@dataclass
class Hourly(FakeProvider):
    """Tells hours, and notes which it is asked for."""

    can = FakeProvider.can | {"hours"}
    hourly: list[Charge] = field(default_factory=list)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)
    no: OutsideError | None = None
    odd_hours: int = 0

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """What is there."""
        self.windows.append((since, until))
        if self.odd_hours:
            note_odd("llm", "hours, row 3", "spend", "Input should be a valid integer", rows=self.odd_hours)
        yield from self.hourly
        if self.no:
            raise self.no


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    made = migrated(tmp_path / "hours.db")
    yield made
    made.close()


def read(base: Database, provider: Hourly, at: datetime = NOON, policy: Policy | None = None) -> Pull:
    """A reading, and how it went."""
    pull(base, provider, Reading(policy or Policy(), days_back=0, history_days=1), Clock(at))
    (known,) = base.ask(pulls.pulled)
    return known


def kept(base: Database) -> list[tuple[int, int, int]]:
    """Cost, tokens and unpriced tokens of each hour that is kept."""
    query = "select cost_nanos, tokens_input, tokens_unpriced from hours order by hour"
    return base.ask(lambda conn: [tuple(row) for row in conn.exec_driver_sql(query)])


def asides(base: Database) -> list[Aside]:
    """What was set aside."""
    return base.ask(set_aside.everything)


def test_two_days_are_read_first_and_then_what_may_have_changed(base: Database) -> None:
    """A provider that told nothing for long is asked for two days again, and never for more."""
    llm = Hourly(hourly=[charge(NOON - HOUR)])
    half_past = NOON + HOUR / 2
    read(base, llm, half_past)
    read(base, llm, half_past + HOUR)
    read(base, llm, half_past + 100 * HOUR)
    assert llm.windows == [
        (NOON - 48 * HOUR, NOON + HOUR),
        (NOON - 6 * HOUR, NOON + 2 * HOUR),
        (NOON + 52 * HOUR, NOON + 101 * HOUR),
    ]


def test_it_is_learned_how_late_hours_come(base: Database) -> None:
    """An hour that ended at noon and came at half past one is an hour and a half late."""
    llm = Hourly(hourly=[charge(NOON - 3 * HOUR)])
    first = read(base, llm, NOON)
    assert (first.hours_read_at, first.hours_until, first.hours_late_seconds) == (NOON, NOON - 2 * HOUR, None)
    llm.hourly.append(charge(NOON - HOUR))
    then = read(base, llm, NOON + HOUR * 3 / 2)
    assert (then.hours_until, then.hours_late_seconds) == (NOON, 5400)


def test_hours_that_fail_leave_the_days_and_what_was_known(base: Database) -> None:
    """Half of them is never kept. It is noted, until they are read again."""
    llm = Hourly(hourly=[charge(NOON - HOUR)])
    read(base, llm)
    llm.hourly, llm.no = [charge(NOON, 9)], UnreachableError("It did not answer")
    llm.spends("ana", "1.00", date(2026, 11, 22))
    after = read(base, llm, NOON + HOUR)

    assert kept(base) == [(5, 100, 0)]
    assert (after.error, after.rows_seen, after.hours_read_at) == ("", 1, NOON)
    assert [(each.part, each.rows) for each in asides(base)] == [("hours", None)]
    llm.no = None
    read(base, llm, NOON + HOUR)
    assert asides(base) == []


@pytest.mark.parametrize("no", [KeyRefusedError("No right", ""), NotFoundError("No such route")])
def test_who_may_not_read_hours_is_read_by_the_day_without_a_word(base: Database, no: OutsideError) -> None:
    """Nothing else needs the right; `check` names it."""
    known = read(base, Hourly(no=no))
    assert (known.error, known.hours_read_at, asides(base)) == ("", None, [])


def test_an_odd_row_hides_no_other_hour(base: Database) -> None:
    """So does one about a time that was not asked for, or that is no hour."""
    strange = [charge(NOON - 100 * HOUR), charge(NOON - HOUR / 2), charge(NOON + 5 * HOUR)]
    read(base, Hourly(hourly=[*strange, charge(NOON - HOUR)], odd_hours=2))
    assert kept(base) == [(5, 100, 0)]
    assert sorted(each.rows or 0 for each in asides(base)) == [1, 1, 1, 2]
    assert {each.part for each in asides(base)} == {"hours"}


def test_an_hour_without_a_cost_costs_what_the_model_cost_of_late(base: Database) -> None:
    """A price of one's own goes before; where nothing is known its tokens are unpriced."""
    llm = Hourly(hourly=[charge(NOON, None, "m-known", 50), charge(NOON - HOUR, None, "m-new", 70)])
    llm.rows = [replace(charge(NOON.replace(hour=0), 400, "m-known", 200), bucket_hours=24)]
    read(base, llm)
    assert kept(base) == [(0, 70, 70), (100, 50, 0)]

    rules = {"prices": [{"model": "m-new", "input": 2, "output": 2}]}
    read(base, llm, NOON, Policy.model_validate(rules))
    assert kept(base) == [(140_000, 70, 0), (100, 50, 0)]


def test_a_cost_in_a_currency_without_a_rate_is_unpriced(base: Database) -> None:
    """The reading of days says which rate is missing."""
    read(base, Hourly(hourly=[replace(charge(NOON), currency="CNY")]))
    assert kept(base) == [(0, 100, 100)]
    assert asides(base) == []


# What each vendor does of its own ------------------------------------------------------------------------------------

DAY = datetime(2026, 11, 18, tzinfo=UTC)


def test_litellm_counts_no_further_than_ten_thousand_requests_and_all_are_read() -> None:
    """Where its own count of pages ends is not the end: a page that is not full is."""
    with FakeLiteLLM() as proxy:
        proxy.counted_max = 1_000
        proxy.add_usage(
            DAY.date(), "zoe", None, "k1", "one", None, "m", 2.5, 2_500, 0, requests=2_510, failed=10, hour=3
        )
        provider = LiteLLM("llm", proxy.url, proxy.key, patience=QUICK)
        [cell] = provider.hours(DAY, DAY + 24 * HOUR)
        provider.close()
    assert (cell.bucket_start.hour, cell.resource, cell.subject) == (3, "k1", "zoe")
    assert (cell.requests, cell.requests_failed, cell.tokens_input, cell.cost_nanos) == (
        2_510,
        10,
        2_500,
        2_500_000_000,
    )


def test_of_very_many_requests_at_litellm_the_newest_hours_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where one hour has too many, that is said."""
    monkeypatch.setattr(logs, "ROWS_MAX", 10)
    monkeypatch.setattr(logs, "PAGES_MAX", 2)
    with FakeLiteLLM() as proxy:
        provider = LiteLLM("llm", proxy.url, proxy.key, patience=QUICK)
        for hour, requests in ((0, 15), (20, 15), (23, 5)):
            proxy.add_usage(DAY.date(), "zoe", None, "k1", "one", None, "m", 1, 10, 0, requests=requests, hour=hour)
        assert [each.bucket_start.hour for each in provider.hours(DAY, DAY + 24 * HOUR)] == [23]
        proxy.add_usage(DAY.date(), "zoe", None, "k2", "two", None, "m", 1, 10, 0, requests=25, hour=23)
        with pytest.raises(UndeliverableError, match="more than 20 requests in an hour"):
            list(provider.hours(DAY, DAY + 24 * HOUR))
        provider.close()


def test_litellm_gives_nobody_the_hours_of_one_user_for_all() -> None:
    """A key without admin rights is not refused there: it sees its own user's requests only."""
    with FakeLiteLLM() as proxy:
        provider = LiteLLM("llm", proxy.url, proxy.issue("alice"), patience=QUICK)
        with pytest.raises(OutsideError):
            list(provider.hours(DAY, DAY + 24 * HOUR))
        provider.close()


def test_openrouter_is_asked_for_less_time_where_it_gives_not_all_rows_at_once() -> None:
    """Two halves, and theirs; what nobody did is told key by key, hour by hour."""
    with FakeOpenRouter() as fake:
        fake.rows_max = 4
        for hour in range(24):
            fake.use(DAY.date(), fake.ana_key, "openai/gpt-x", 1.0, hour=hour)
            fake.use(DAY.date(), fake.agent_key, "openai/gpt-x", 0.5, hour=hour)
        provider = OpenRouter("or", fake.url, fake.key, patience=QUICK, calls_per_minute=10**6)
        told = list(provider.hours(DAY, DAY + 24 * HOUR))
        provider.close()
    assert {(each.resource, each.subject, each.cost_nanos) for each in told} == {
        ("", "ana@acme.example", 10**9),
        (fake.agent_key, "", 5 * 10**8),
    }
    assert sorted(each.bucket_start.hour for each in told) == [hour for hour in range(24) for _ in range(2)]


def test_anthropic_tells_whole_hours_and_late() -> None:
    """The hour that goes on is not asked for; one that is late comes with a later reading, with its cost."""
    with FakeClaudeConsole() as fake:
        fake.now, fake.late = DAY + HOUR * 7 / 2, HOUR
        for hour in range(4):
            fake.use(DAY.date(), "zoe", Decimal(hour), 10, hour=hour)
        provider = ClaudeConsole("c", fake.url, fake.key, "KEY", lambda: fake.now, QUICK, calls_per_minute=10**6)
        assert costs_by_hour(provider.hours(DAY, DAY + 4 * HOUR)) == {0: 0, 1: 10**9}
        fake.now += HOUR
        assert costs_by_hour(provider.hours(DAY, DAY + 5 * HOUR)) == {0: 0, 1: 10**9, 2: 2 * 10**9}
        assert list(provider.hours(DAY + 4 * HOUR, DAY + 5 * HOUR)) == []
        provider.close()


def costs_by_hour(told: Iterator[Charge]) -> dict[int, int | None]:
    """What each hour cost."""
    return {each.bucket_start.hour: each.cost_nanos for each in told}
