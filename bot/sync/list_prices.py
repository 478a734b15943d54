"""What tokens cost by the list, where a provider tells tokens and no cost.

A list price is a guess at a bill: it knows no discount of yours. So it says of itself that it is one, a cost that was
reported always wins, and what the list does not know stays unpriced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

from storage.charges import Charge

NANOS_PER_TOKEN = Decimal(1_000)  # of a price in dollars for a million tokens
ORDINARY = frozenset({"", "default", "standard"})

# How the list names a tier. A model that it does not sell in that tier has no price in it.
_TIERS: Mapping[str, Mapping[str, str]] = {
    "batch": {"processing": "batch"},
    "fast": {"speed": "fast"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}

# As the list understands a proxy: "openai/gpt-5" is OpenAI's, "gpt-5" is whose it can only be.
_AS_TOLD_BY_A_PROXY = "litellm"


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Nanos of a dollar for one token of each kind, None where the list has no price."""

    input: Decimal | None
    cache_read: Decimal | None
    cache_write_5m: Decimal | None
    cache_write_1h: Decimal | None
    output: Decimal | None


def priced(charge: Charge) -> Charge:
    """The charge with its list price, if nobody reported a cost and every kind of its tokens has a price."""
    if charge.cost_nanos is not None:
        return charge
    rates = _rates(charge.model, charge.tier, charge.bucket_start.date())
    used = (
        (charge.tokens_input, rates.input),
        (charge.tokens_cache_read, rates.cache_read),
        (charge.tokens_cache_write_5m, rates.cache_write_5m),
        (charge.tokens_cache_write_1h, rates.cache_write_1h),
        (charge.tokens_output, rates.output),
    )
    rated = [(tokens, rate) for tokens, rate in used if tokens]
    cost = sum((tokens * rate for tokens, rate in rated if rate is not None), Decimal(0))
    if not rated or any(rate is None for _, rate in rated):
        return charge
    nanos = int(cost.quantize(Decimal(1), ROUND_HALF_EVEN))
    return replace(charge, cost_nanos=nanos, currency="USD", cost_source="list_price")


@lru_cache(maxsize=4096)
def _rates(model: str, tier: str, day: date) -> TokenPrices:
    """The prices of a day. A vendor without a price for cached tokens bills them as any other input."""
    try:
        _, found = get_snapshot().find_provider_model(model, None, _AS_TOLD_BY_A_PROXY, None)
    except LookupError:
        return TokenPrices(None, None, None, None, None)
    price = _price(found, tier, datetime.combine(day, time(), UTC))
    if price is None:
        return TokenPrices(None, None, None, None, None)
    plain = _nanos(price.input_mtok)
    written = _nanos(price.cache_write_mtok)
    return TokenPrices(
        input=plain,
        cache_read=plain if price.cache_read_mtok is None else _nanos(price.cache_read_mtok),
        cache_write_5m=plain if written is None else written,
        cache_write_1h=_nanos(price.cache_write_1h_mtok),
        output=_nanos(price.output_mtok),
    )


def _price(model: ModelInfo, tier: str, moment: datetime) -> ModelPrice | None:
    if tier in ORDINARY:
        return model.get_prices(moment)
    context = _TIERS.get(tier)
    if context is None or all(variant.when != context for variant in model.price_variants or ()):
        return None
    return model.get_prices(moment, dict(context))


def _nanos(price: Decimal | TieredPrices | None) -> Decimal | None:
    """A price for one token. Calls with a long context cost more at some vendors; a sum of calls does not show them."""
    base = price.base if isinstance(price, TieredPrices) else price
    return None if base is None else base * NANOS_PER_TOKEN
