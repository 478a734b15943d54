"""List prices: a guess that says it is one, and nothing where the list knows nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from handlers.policy import Policy
from handlers.pricing import PriceBook
from storage.charges import Charge

START = datetime(2026, 11, 21, tzinfo=UTC)
M = 10**6
priced = PriceBook(Policy()).priced
SONNET = Charge(
    "llm",
    START,
    24,
    "claude-sonnet-4-5",
    tokens_input=M,
    tokens_cache_read=10 * M,
    tokens_cache_write_5m=2 * M,
    tokens_cache_write_1h=3 * M,
    tokens_output=M,
    tokens_reasoning=M // 2,
    requests=7,
    cost_source="unpriced",
)


def dollars(charge: Charge) -> Decimal | None:
    """The cost, None if it has none."""
    return None if charge.cost_nanos is None else Decimal(charge.cost_nanos) / 10**9


def test_each_kind_of_token_has_its_own_price() -> None:
    """A million each at $3, $0.30, $3.75, $6 and $15: reasoning is within output, and a sum is no long context."""
    found = priced(SONNET)
    assert dollars(found) == Decimal(3) + 10 * Decimal("0.3") + 2 * Decimal("3.75") + 3 * 6 + 15
    assert (found.cost_source, found.currency) == ("list_price", "USD")
    assert replace(found, cost_nanos=None, cost_source="unpriced") == SONNET


def test_a_reported_cost_wins() -> None:
    """Nothing is reckoned where the provider said it, credits included."""
    for told in (5, -5):
        charge = replace(SONNET, cost_nanos=told, cost_source="cost_report")
        assert priced(charge) is charge


def test_half_a_nano_goes_to_the_even_one() -> None:
    """Small prices are exact until the end: 5 and 15 tokens at 37.5 nanos are 187.5 and 562.5."""
    cheap = Charge("llm", START, 24, "gemini-flash-1.5-8b", tokens_input=5, cost_source="unpriced")
    costs = [priced(replace(cheap, tokens_input=tokens)).cost_nanos for tokens in (5, 15)]
    assert costs == [188, 562]


@pytest.mark.parametrize("model", ["", "m", "meridian-flash-preview", "openai/fake-gpt", "gpt", "no/such/thing"])
def test_an_unknown_model_stays_unpriced(model: str) -> None:
    """Unknown is not zero."""
    charge = replace(SONNET, model=model)
    assert priced(charge) is charge


def test_a_kind_of_token_without_a_price_leaves_all_unpriced() -> None:
    """Half a price is no price: an embedding has no output, and this vendor keeps no cache for an hour."""
    charge = replace(SONNET, model="gpt-5", tokens_cache_write_1h=1)
    assert priced(charge) is charge
    assert priced(replace(charge, tokens_cache_write_1h=0)).cost_source == "list_price"


def test_cached_tokens_without_a_price_of_their_own_are_input() -> None:
    """OpenAI sells no writes to its cache: what was written was read once as any input."""
    charge = Charge("llm", START, 24, "gpt-5", tokens_cache_write_5m=M, tokens_cache_read=M, cost_source="unpriced")
    assert dollars(priced(charge)) == Decimal("1.25") + Decimal("0.125")


def test_no_tokens_have_no_price() -> None:
    """Requests alone are not free."""
    charge = Charge("llm", START, 24, "gpt-5", requests=3, cost_source="unpriced")
    assert priced(charge) is charge


@pytest.mark.parametrize(
    ("tier", "share"), [("", 1), ("standard", 1), ("default", 1), ("batch", Decimal("0.5")), ("warp", None)]
)
def test_a_tier_has_its_own_price_or_none(tier: str, share: Decimal | None) -> None:
    """A batch costs half; a tier that nobody knows is not sold at the ordinary price."""
    plain = replace(SONNET, tokens_cache_read=0, tokens_cache_write_5m=0, tokens_cache_write_1h=0)
    found = dollars(priced(replace(plain, tier=tier)))
    assert found == (None if share is None else 18 * share)


def test_a_tier_that_this_model_is_not_sold_in_has_no_price() -> None:
    """Others sell it."""
    charge = Charge("llm", START, 24, "mistral-large", tier="priority", tokens_input=M, cost_source="unpriced")
    assert priced(charge) is charge
    assert dollars(priced(replace(charge, tier="")))


def test_a_price_is_that_of_its_day() -> None:
    """A price that changed later did not change then."""
    then, now = (
        priced(
            Charge("llm", datetime(year, 3, 1, tzinfo=UTC), 24, "o3", tokens_input=M, cost_source="unpriced")
        ).cost_nanos
        for year in (2025, 2026)
    )
    assert (then, now) == (10 * 10**9, 2 * 10**9)


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ("openai/gpt-5", "gpt-5"),
        ("anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("vertex_ai/claude-opus-4-5", "claude-opus-4-5"),
    ],
)
def test_a_model_is_known_as_a_proxy_writes_it(told: str, same: str) -> None:
    """With its vendor before it and its date behind."""
    plain = replace(SONNET, tokens_cache_write_1h=0)
    assert dollars(priced(replace(plain, model=told))) == dollars(priced(replace(plain, model=same)))
