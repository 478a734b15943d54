"""A balance of somebody who is limited at a provider that can be asked at any time is of now."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import UnreachableError
from bot.platforms import terminal
from bot.sync import live
from handlers.card import Card, Facts
from storage.db import Database
from storage.limits import Subject
from tests.support.clock import Clock
from tests.support.company import Company

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANA = Subject("user", "ana")
REFUSES = "The sample company (llm) refuses requests now"


@pytest.fixture
def acme(database: Database, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Ana has spent all of her limit there since it was read, and nothing of it is charged here yet."""
    monkeypatch.setattr("tests.support.fakes.provider.FakeProvider.live", True)
    company = Company(database, Clock(NOON))
    company.llm.knows("ana")
    company.llm.changes("ana", 400)
    spent(company, 246)
    company.app.limits.read(company.llm, compare=False)
    company.clock.forward(timedelta(minutes=5))
    return company


def spent(company: Company, dollars: int) -> None:
    company.llm.there[ANA] = replace(company.llm.there[ANA], spent_nanos=dollars * 10**9)


def test_a_balance_asks_what_is_counted_there(acme: Company) -> None:
    """Who is refused there reads so, with the time, though the ledger knows nothing of it yet."""
    spent(acme, 400)

    card = acme.say("ana", "balance")
    assert card.startswith("!! $153.24 left of $400.00")
    assert REFUSES in card
    assert "$400.00 of $400.00, as of 23 Nov 13:05" in card


def test_it_is_not_asked_twice_within_half_a_minute(acme: Company) -> None:
    """However often somebody asks."""
    for _ in range(3):
        acme.say("ana", "balance")
    assert acme.llm.calls.count("limit") == 1
    acme.clock.forward(timedelta(minutes=2))
    acme.say("ana", "balance")
    assert acme.llm.calls.count("limit") == 2


def test_a_provider_that_is_away_costs_no_answer(acme: Company) -> None:
    """What was known is shown with its own time, and it is not asked again at once."""
    acme.llm.trouble = UnreachableError("away")

    assert "$246.00 of $400.00, as of 23 Nov 13:00" in acme.say("ana", "balance")
    acme.say("ana", "balance")
    assert acme.llm.calls.count("limit") == 1


def test_an_answer_does_not_wait_for_a_provider_that_hangs(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given after a second with what was known; what is told later is noted for the next one."""
    monkeypatch.setattr(live, "PATIENCE_S", 0.05)
    told = threading.Event()
    noted = acme.llm.limit
    acme.llm.limit = lambda subject: (told.wait(30), noted(subject))[1]  # type: ignore[method-assign]
    spent(acme, 400)

    assert REFUSES not in acme.say("ana", "balance")
    told.set()
    acme.app.live.close(finish=True)
    assert REFUSES in acme.say("ana", "balance")


def test_what_is_somebody_elses_is_not_asked_for(acme: Company) -> None:
    """Bob has no limit there, and Ana's is not his to see."""
    assert "itself counts" not in acme.say("bob", "balance")
    assert not acme.llm.calls.count("limit")


def test_whoever_decides_sees_what_is_counted_there(acme: Company) -> None:
    """The card comes at once, with its time; when the provider has told, the same message says what is so now."""
    spent(acme, 400)
    acme.say("ana", "request 50 finish the migration")
    acme.app.deliver()
    [first] = [each for each in acme.messages("max") if "asks for $50.00 more" in each.title]
    assert ("The sample company (llm) itself counts", "$246.00 of $400.00, as of 23 Nov 13:00 (Berlin)") in facts(first)

    acme.settle()
    [card] = [each for each in acme.messages("max") if "asks for $50.00 more" in each.title]
    assert ("The sample company (llm) itself counts", "$400.00 of $400.00, as of 23 Nov 13:05 (Berlin)") in facts(card)
    assert REFUSES in terminal.render(card)
    assert acme.llm.calls.count("limit") == 1


def test_a_card_to_decide_waits_for_no_provider(acme: Company) -> None:
    """One that is away is asked once, and the card stands as it was."""
    acme.llm.trouble = UnreachableError("away")
    acme.say("ana", "request 50 finish the migration")
    acme.settle()
    [card] = [each for each in acme.messages("max") if "asks for $50.00 more" in each.title]
    assert ("The sample company (llm) itself counts", "$246.00 of $400.00, as of 23 Nov 13:00 (Berlin)") in facts(card)
    assert acme.llm.calls.count("limit") == 1
    assert "could not be delivered" not in acme.say("fay", "status")


def facts(card: Card) -> list[tuple[str, str]]:
    return [fact for block in card.blocks if isinstance(block, Facts) for fact in block.facts]
