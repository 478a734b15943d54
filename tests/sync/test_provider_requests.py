"""Whoever asks a provider for more is answered by their manager in chat, and the provider hears the decision."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import UnreachableError
from bot.providers.base import IncreaseRequest
from handlers.money import NANOS
from storage import audit, outbox, requests
from storage.db import Database
from storage.limits import Subject
from storage.requests import Request
from tests.support.clock import Clock
from tests.support.company import Company

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def acme(database: Database, clock: Clock) -> Company:
    """A company whose people have the limits of the ledger at the provider."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows("ana", "max")
    company.app.limits.read(company.llm)
    company.settle()
    return company


def asks(company: Company, number: str = "inc_1", user: str = "ana", dollars: int | None = 475) -> None:
    """Somebody asks the provider for a new total, and the clock reads its queue."""
    total = None if dollars is None else dollars * NANOS
    one = IncreaseRequest(number, Subject("user", user), total, 400 * NANOS, "a larger eval", TUESDAY)
    company.llm.asked.append(one)
    queue(company)


def queue(company: Company) -> None:
    """Read the provider's queue, as after each pull."""
    company.app.limits.take_requests(company.llm)
    company.settle()


def mirrored(company: Company, number: str = "inc_1") -> Request | None:
    """The request here that mirrors one there."""
    return company.database.ask(lambda conn: requests.of_origin(conn, f"llm/{number}"))


def test_what_is_asked_there_goes_to_the_manager_here_once(acme: Company) -> None:
    """With the amount that is more than now, and the reason; read again it is the same request."""
    asks(acme)
    queue(acme)
    card = acme.reads("max")[-1]
    assert "Ana Silva asks for $75.00 more" in card
    assert "a larger eval" in card
    assert len(acme.messages("max")) == 1


def test_who_waits_there_is_seen_within_a_minute(acme: Company) -> None:
    """Nobody waits for the next reading of usage. The item is one row, however often it is delivered."""
    acme.app.tick()
    acme.settle()
    one = IncreaseRequest("inc_1", Subject("user", "ana"), 475 * NANOS, 400 * NANOS, "", TUESDAY)
    acme.llm.asked.append(one)
    acme.llm.spends("ana", "300.00")
    for _ in range(3):
        acme.clock.forward(timedelta(minutes=1))
        acme.app.tick()
        acme.app.tick()
        acme.settle()
    assert mirrored(acme) is not None
    assert acme.llm.calls.count("increase_requests") == 4
    item = acme.database.ask(lambda conn: outbox.find(conn, "pull/llm/requests"))
    assert item is not None
    assert (item.state, item.version) == ("done", 4)
    assert acme.hear("ana", "balance").title == "$153.24 left of $400.00"


def test_an_approval_is_written_back_with_the_new_total(acme: Company) -> None:
    """The provider's own request is granted, its limit is the ledger's, and the asker hears of both."""
    asks(acme)
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.answers == {"inc_1": 475 * NANOS}
    assert acme.llm.allows("ana") == 475
    assert [card.title for card in acme.messages("ana")][-2:] == [
        "Max Weber approved $75.00",
        "$75.00 more: applied at The sample company (llm) at once",
    ]
    assert acme.hear("ana", "balance").title == "$228.24 left of $475.00"
    assert acme.database.ask(audit.first_broken) is None


def test_another_amount_is_written_back_as_such(acme: Company) -> None:
    """What was approved counts, not what was asked."""
    asks(acme)
    acme.say("max", "approve 1 30")
    acme.settle()
    assert acme.llm.answers == {"inc_1": 430 * NANOS}


def test_a_denial_is_written_back(acme: Company) -> None:
    """The provider's queue is answered as well; the limit stays."""
    asks(acme)
    acme.say("max", "deny 1 not this month")
    acme.settle()
    assert acme.llm.answers == {"inc_1": None}
    assert acme.llm.allows("ana") == 400


def test_an_open_amount_may_be_as_much_again(acme: Company) -> None:
    """Who decides approves less if they like."""
    asks(acme, dollars=None)
    assert "Ana Silva asks for $400.00 more" in acme.reads("max")[-1]


def test_what_was_decided_there_is_withdrawn_here(acme: Company) -> None:
    """A decision made meanwhile elsewhere ends the request here, and its buttons."""
    asks(acme)
    acme.llm.asked.clear()
    queue(acme)
    found = mirrored(acme)
    assert found is not None
    assert found.state == "withdrawn"
    assert acme.messages("max")[-1].buttons == ()
    assert acme.llm.answers == {}
    assert "approve" not in acme.say("max", "approve 1").lower().split(":")[0]


def test_with_a_request_that_is_not_understood_nothing_is_withdrawn(acme: Company) -> None:
    """It may be the one that is not told."""
    asks(acme)
    acme.llm.asked.clear()
    acme.llm.odd_rows = 1
    queue(acme)
    waiting = mirrored(acme)
    assert waiting is not None
    assert waiting.state == "pending"


def test_who_is_unknown_here_stays_in_the_providers_queue(acme: Company) -> None:
    """Nothing is guessed, and nothing fails for the others."""
    asks(acme, "inc_0", user="stranger")
    asks(acme, "inc_1")
    assert mirrored(acme, "inc_0") is None
    assert mirrored(acme, "inc_1") is not None


def test_a_decision_reaches_the_provider_though_it_was_down(acme: Company, clock: Clock) -> None:
    """The outbox tries again, and the provider hears it once."""
    asks(acme)
    acme.llm.trouble = UnreachableError("down for maintenance")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.answers == {}
    acme.llm.trouble = None
    clock.moment = clock.moment.replace(hour=11)
    acme.settle()
    assert acme.llm.answers == {"inc_1": 475 * NANOS}
    assert acme.llm.allows("ana") == 475


LONG = " ".join(["a reason of many words"] * 200)


@pytest.mark.parametrize(
    ("increase_id", "reason"), [("inc 1 of 2", "more"), ("inc_2", LONG), ("inc_3", ""), ("4", "x" * 5_000)]
)
def test_whatever_the_words_are_a_request_is_taken_up(acme: Company, increase_id: str, reason: str) -> None:
    """It travels as data: blanks in an id and reasons longer than any sentence lose nothing."""
    acme.llm.asked.append(
        IncreaseRequest(increase_id, Subject("user", "ana"), 475 * NANOS, 400 * NANOS, reason, TUESDAY)
    )
    acme.app.limits.take_requests(acme.llm)
    taken = mirrored(acme, increase_id)
    assert taken is not None
    assert taken.reason
    acme.say("max", f"approve {taken.id}")
    acme.settle()
    assert acme.llm.answers == {increase_id: 475 * NANOS}


def test_a_person_makes_no_request_of_a_providers(acme: Company) -> None:
    """No sentence of a person's makes a request in another's name."""
    said = acme.say("bob", "increase_requested llm inc_9 user:ana 5000000000 for me")
    assert "I don't know" in said
    assert mirrored(acme, "inc_9") is None
