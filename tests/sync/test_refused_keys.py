"""A provider that refuses the key, or is down, waits as a whole: it is said, and goes on by itself."""

from datetime import timedelta

import pytest

from bot.errors import KeyRefusedError, OutsideError, UnreachableError
from bot.health import Health
from storage import outbox, pauses
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.fakes.provider import FakeProvider

EXPIRED = KeyRefusedError("LiteLLM refused the key in LITELLM_KEY (401): it has expired", "expired")
NAME = "The sample company (llm)"


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company whose people have limits at their provider, on each database."""
    made = Company(database, clock)
    made.llm.knows("ana", "max")
    tick(made)
    return made


def tick(company: Company, hours: float = 0) -> None:
    """Time passes, with a tick each half hour."""
    for _ in range(max(1, int(hours * 2))):
        company.clock.forward(timedelta(hours=hours) / max(1, int(hours * 2)))
        company.app.tick()
        company.settle()


def titles(company: Company, person: str) -> list[str]:
    company.settle()
    return [card.title for card in company.messages(person)]


def pulls_open(company: Company) -> dict[str, str]:
    found = company.database.ask(lambda conn: outbox.under(conn, ["pull/llm/"]))
    return {key: state for key, state in found.items() if state != "done"}


@pytest.mark.parametrize("trouble", [EXPIRED, UnreachableError("LiteLLM cannot be reached")], ids=["refused", "down"])
def test_a_provider_that_takes_nothing_waits_and_goes_on_by_itself(company: Company, trouble: OutsideError) -> None:
    """For hours. Nothing is given up, one reading of a kind waits, and a minute after the end all is done."""
    company.say("ana", "request 50 finish the migration")
    company.llm.refuses = trouble
    company.say("max", "approve 1")
    tick(company, hours=7)
    assert "Approved, but not yet applied" in titles(company, "ana")[-1]
    assert set(pulls_open(company).values()) == {"open"}
    assert len(pulls_open(company)) <= 3
    calls = len(company.llm.calls)

    company.llm.refuses = None
    company.llm.spends("ana", "300.00")
    company.clock.forward(timedelta(seconds=61))
    company.settle()
    assert company.llm.allows("ana") == 450
    assert len(company.llm.calls) < calls + 20
    assert pulls_open(company) == {}
    assert "$150.00 left" in company.say("ana", "balance")
    assert company.database.ask(pauses.every) == []
    assert "takes" not in company.say("fay", "status")


def test_a_key_that_is_refused_is_said_wherever_one_looks_and_to_finance_once(company: Company) -> None:
    """In status, providers, the Home of finance and /readyz; the process stays in the balancer."""
    company.llm.refuses = EXPIRED
    tick(company, hours=5)

    for sentence in ("status", "providers"):
        said = company.say("fay", sentence)
        assert f"{NAME} refuses the key" in said
        assert "it has expired" in said
    assert titles(company, "fay").count(f"{NAME} refuses the key") == 1
    assert titles(company, "ada").count(f"{NAME} refuses the key") == 1
    health = Health(company.app, lambda: True)
    assert health.not_ready() == ""
    assert any(line.startswith("llm: refuses us since") and "it has expired" in line for line in health.notes())


def test_what_waits_for_a_provider_is_told_before_it_is_tried(company: Company) -> None:
    """A limit that is approved while nothing is taken there; its asker hears why at once."""
    company.llm.refuses = EXPIRED
    tick(company, hours=2)
    company.llm.calls.clear()
    company.say("ana", "request 50 finish the migration")
    company.say("max", "approve 1")
    company.settle()

    assert "it has expired" in company.reads("ana")[-1]
    assert company.llm.calls == []


def test_a_right_that_is_missing_stops_nothing_else(company: Company) -> None:
    """The key may not set limits, and reads all the same; finance is told of what waits, and it is tried again."""
    company.say("ana", "request 50 finish the migration")

    def may_not(*_said: object) -> None:
        raise KeyRefusedError("LiteLLM refused the key (403): it may not set limits", "")

    company.llm.set_limit = may_not  # type: ignore[assignment, method-assign]
    company.say("max", "approve 1")
    tick(company, hours=2)
    assert company.database.ask(pauses.every) == []
    company.llm.spends("ana", "300.00")
    tick(company, hours=1)
    assert "$150.00 left" in company.say("ana", "balance")

    del company.llm.set_limit
    tick(company, hours=1)
    assert company.llm.allows("ana") == 450


def test_a_reading_that_may_not_be_is_told_once_and_leaves_no_trail(company: Company) -> None:
    """The key works for limits, and not for usage: finance hears of it once, and one reading waits."""

    def may_not(*_said: object) -> None:
        raise KeyRefusedError("LiteLLM refused the key (403): it may not read usage", "")

    company.llm.charges = may_not  # type: ignore[assignment, method-assign]
    tick(company, hours=6)
    assert titles(company, "fay").count(f"{NAME} refuses the key") == 1
    assert list(pulls_open(company).values()) == ["open"]
    assert "may not read usage" in company.say("fay", "status")

    del company.llm.charges
    tick(company, hours=1)
    assert pulls_open(company) == {}


def test_a_question_that_lies_stops_nothing_for_ever(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service whose own word for being well is wrong is read all the same at the next full hour."""
    monkeypatch.setattr(FakeProvider, "try_key", lambda _self: (_ for _ in ()).throw(UnreachableError("not well")))
    company.llm.trouble = UnreachableError("it broke off")
    tick(company, hours=1)
    assert company.database.ask(pauses.every) != []
    company.llm.trouble = None
    company.llm.spends("ana", "300.00")
    tick(company, hours=1)
    assert "$100.00 left" in company.say("ana", "balance")


def test_a_provider_that_app_yaml_names_no_more_troubles_nobody(company: Company) -> None:
    """Its pause is forgotten with it."""
    company.llm.refuses = EXPIRED
    tick(company, hours=1)
    company.app.providers = {}
    company.app.policy = company.app.policy.model_copy(update={"vendors": ()})

    assert "refuses" not in company.say("fay", "status")
    assert Health(company.app, lambda: True).notes() == []
