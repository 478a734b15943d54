"""Langfuse and Helicone: what those tell who only watch the calls."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.errors import UndeliverableError
from bot.http import Patience
from bot.providers.helicone import Helicone
from bot.providers.langfuse import Langfuse
from handlers.policy import Policy, PriceRule
from handlers.pricing import PriceBook
from storage.charges import Charge
from tests.support.fakes.helicone import FakeHelicone
from tests.support.fakes.langfuse import FakeLangfuse

DAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 12, 5, tzinfo=UTC)
QUICK = Patience(attempts=2, total_s=20.0, silence_s=0.3, pause_s=0.001)


@pytest.fixture
def traces() -> Iterator[FakeLangfuse]:
    with FakeLangfuse() as server:
        yield server


def read(fake: FakeLangfuse) -> list[Charge]:
    """What Langfuse tells of the day."""
    with closing(Langfuse("lf", fake.url, fake.key, fake.public, "A_KEY", QUICK, None)) as provider:
        return list(provider.charges(DAY, DAY))


@pytest.mark.parametrize(
    ("usage", "kinds"),
    [
        ({"input": 100, "output": 20, "total": 120}, (100, 0, 0, 20, 0)),
        # Claude's parts stand beside the rest.
        (
            {"input": 100, "output": 20, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 50},
            (100, 900, 50, 20, 0),
        ),
        # OpenAI's, as its own integration splits them.
        (
            {"input": 40, "input_cached_tokens": 60, "output": 15, "output_reasoning_tokens": 5, "total": 120},
            (40, 60, 0, 20, 5),
        ),
        # And as programs write them that copy its answer.
        (
            {"input": 100, "input_cached_tokens": 60, "output": 20, "output_reasoning_tokens": 5, "total": 120},
            (40, 60, 0, 20, 5),
        ),
        ({"input": 10, "input_audio": 7, "output": 3}, (17, 0, 0, 3, 0)),
        ({"total": 50}, (0, 0, 0, 0, 0)),
        ({}, (0, 0, 0, 0, 0)),
        (None, (0, 0, 0, 0, 0)),
    ],
)
def test_kinds_of_tokens_are_disjoint_however_they_were_traced(
    traces: FakeLangfuse, usage: Any, kinds: tuple[int, ...]
) -> None:
    """The total tells whether parts stand within the rest or beside it."""
    traces.trace("one", NOON, "ana", usage)
    (cell,) = read(traces)
    found = (cell.tokens_input, cell.tokens_cache_read, cell.tokens_cache_write_5m, cell.tokens_output)
    assert (*found, cell.tokens_reasoning) == kinds
    assert (cell.requests, cell.bucket_start, cell.bucket_hours) == (1, NOON.replace(minute=0), 1)


def test_calls_of_an_hour_are_one_cell_and_texts_are_not_asked_for(traces: FakeLangfuse) -> None:
    """By environment, user and model, over all pages; embeddings count, spans do not, and failed calls are told."""
    traces.page_rows = 2
    for number in range(5):
        at = NOON + timedelta(minutes=number)
        traces.trace(f"g{number}", at, "ana", {"input": 10, "output": 1}, totalCost=0.25, environment="ci")
    traces.trace("failed", NOON, "ana", None, level="ERROR", environment="ci")
    traces.trace("embedded", NOON, None, {"input": 3}, type="EMBEDDING", model="embed-x", environment="ci")
    traces.trace("span", NOON, "ana", {"input": 999}, type="SPAN")
    embedded, chat = sorted(read(traces), key=lambda cell: cell.subject)
    assert (chat.requests, chat.requests_failed, chat.tokens_input, chat.cost_nanos) == (6, 1, 50, 1_250_000_000)
    assert (chat.subject, chat.sub_account, chat.cost_source) == ("ana", "ci", "list_price")
    assert (embedded.subject, embedded.model, embedded.tokens_input) == ("", "embed-x", 3)
    assert embedded.cost_nanos is None
    assert all(heard.query["fields"] == "basic,model,usage" for heard in traces.requests)


def test_a_price_of_ones_own_goes_before_what_an_observer_reckons(traces: FakeLangfuse) -> None:
    """Its cost is a list price; where nothing is said of the model, it stays."""
    traces.use(DAY, "ana", Decimal(9), 1_000_000, "house-model")
    (cell,) = read(traces)
    own = PriceRule(model="house-*", currency="USD", input=Decimal(1), output=Decimal(2))
    ours = PriceBook(Policy().model_copy(update={"prices": (own,)})).priced(cell)
    assert (ours.cost_nanos, ours.cost_source) == (3_000_000_000, "own_price")
    assert PriceBook(Policy()).priced(cell) is cell


def test_helicone_refuses_with_status_200() -> None:
    """What it says is told, and nothing is counted."""
    with FakeHelicone() as fake, closing(Helicone("h", fake.url, fake.key, "A_KEY", QUICK, None)) as provider:
        fake.fail_next(200, body={"data": None, "error": "Failed to get users"})
        with pytest.raises(UndeliverableError, match="Failed to get users"):
            list(provider.charges(DAY, DAY))


def test_helicone_is_asked_for_one_day_without_the_first_second_of_the_next() -> None:
    """Over as many pages as there are."""
    with FakeHelicone() as fake, closing(Helicone("h", fake.url, fake.key, "A_KEY", QUICK, None)) as provider:
        for number in range(230):
            fake.use(DAY, f"user-{number:03}", Decimal("0.01"), 5)
        fake.use(DAY + timedelta(days=1), "late", Decimal(7), 5)
        found = list(provider.charges(DAY, DAY))
    assert len({cell.subject for cell in found}) == len(found) == 230
    assert sum(cell.cost_nanos or 0 for cell in found) == 2_300_000_000
    assert len(fake.requests) == 3
