"""What tokens cost by the list, where a provider reports tokens and no cost.

A list price is a guess at a bill: it knows no discount of yours. So it says of itself that it is one, a cost that was
reported always wins, and what the list does not know stays unpriced. The list is data in the package genai-prices,
and behind it a second one of our own (second_list.py): nothing is asked over a network, and no figure moves by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from handlers.model_names import ModelForm, forms
from handlers.money import NANOS
from handlers.pricing.second_list import Listed, find_listed
from storage.charges import HOURS_OF_A_DAY

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices

ORDINARY = frozenset({"", "default", "standard"})

# How the list names a tier: "fast" is a speed at one vendor and a service tier at another. A model that it does not
# sell in that tier has no price in it.
_TIERS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "batch": ({"processing": "batch"},),
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
}

# As the list understands a proxy: "openai/gpt-5" is OpenAI's, "gpt-5" is whose it can only be.
_AS_REPORTED_BY_A_PROXY = "litellm"


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What a million tokens of each kind cost in a currency, None where there is no price; and a request besides."""

    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    request: Decimal | None = None

    def times(self, factor: Decimal) -> "TokenPrices":
        """All of them times a factor."""
        each = ((field.name, getattr(self, field.name)) for field in fields(self))
        return TokenPrices(**{name: None if price is None else price * factor for name, price in each})


KINDS_OF_LIST = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
"""The kinds of tokens, in the order of storage.charges.TOKENS."""
NOTHING = Decimal(0)
FREE = TokenPrices(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)


@lru_cache(maxsize=8192)
def list_prices(model: str, tier: str, start: datetime, hours: int) -> TokenPrices | None:
    """The prices by the list, None if it has none.

    A vendor without a price for cached tokens bills them as any other input. Where a price depends on the time of day,
    a bucket of a whole day takes the highest: a guard must not be blind.

    Args:
        model: as reported.
        tier: as reported, "" if not.
        start: of the bucket, aware UTC.
        hours: its length.
    """
    for form in forms(model):
        found = _find(form)
        second = find_listed(form) if found is None else None
        if found is None and second is None:
            continue
        if form.tier == "free":
            return FREE
        asked = tier if tier not in ORDINARY else form.tier
        if found is None:
            return _of_second(second) if second and asked in ORDINARY else None
        prices = [_prices(found, asked, moment) for moment in _moments(found, start, hours)]
        known = [each for each in prices if each is not None]
        if known:
            return max(known, key=lambda each: (each.input or NOTHING) + (each.output or NOTHING))
        return None
    return None


def list_cost(model: str, tokens: Sequence[int], start: datetime) -> int | None:
    """What tokens cost by the list, in nanos of a dollar; None if a kind of them has no price there.

    Args:
        model: as reported.
        tokens: of each kind, in the order of KINDS_OF_LIST.
        start: of a day, aware UTC, whose list counts.
    """
    prices = list_prices(model, "", start, HOURS_OF_A_DAY)
    cost = Decimal(0)
    for count, kind in zip(tokens, KINDS_OF_LIST, strict=True):
        price: Decimal | None = getattr(prices, kind, None)
        if count and price is None:
            return None
        cost += count * (price or Decimal(0))
    return int(cost * NANOS / 10**6)


def _of_second(listed: Listed) -> TokenPrices:
    """All that is listed, and the price of any other input where nothing is said of cached tokens."""
    return TokenPrices(
        input=listed.input,
        cache_read=listed.input if listed.cache_read is None else listed.cache_read,
        cache_write_5m=listed.input if listed.cache_write_5m is None else listed.cache_write_5m,
        cache_write_1h=listed.cache_write_1h,
        output=listed.output,
    )


def _find(form: ModelForm) -> "ModelInfo | None":
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - a tenth of the start, for who prices

    try:
        return get_snapshot().find_provider_model(form.name, None, form.seller or _AS_REPORTED_BY_A_PROXY, None)[1]
    except LookupError:
        return None


def _moments(model: "ModelInfo", start: datetime, hours: int) -> Iterator[datetime]:
    """The moments at which a price is looked up: one, or every hour of a day if the time of day matters."""
    depends = isinstance(model.prices, list) and any(_on_time_of_day(each) for each in model.prices)
    for hour in range(HOURS_OF_A_DAY if depends and hours >= HOURS_OF_A_DAY else 1):
        yield start + timedelta(hours=hour)


def _on_time_of_day(price: "ConditionalPrice") -> bool:
    return hasattr(price.constraint, "start_time")


def _prices(model: "ModelInfo", tier: str, moment: datetime) -> TokenPrices | None:
    price = _price(model, tier, moment)
    if price is None:
        return None
    plain, written = _base(price.input_mtok), _base(price.cache_write_mtok)
    return TokenPrices(
        input=plain,
        cache_read=plain if price.cache_read_mtok is None else _base(price.cache_read_mtok),
        cache_write_5m=plain if written is None else written,
        cache_write_1h=_base(price.cache_write_1h_mtok),
        output=_base(price.output_mtok),
    )


def _price(model: "ModelInfo", tier: str, moment: datetime) -> "ModelPrice | None":
    if tier in ORDINARY:
        return model.get_prices(moment)
    sold = [variant.when for variant in model.price_variants or ()]
    context = next((each for each in _TIERS.get(tier, ()) if each in sold), None)
    return None if context is None else model.get_prices(moment, dict(context))


def _base(price: "Decimal | TieredPrices | None") -> Decimal | None:
    """Dollars a million. Calls with a long context cost more at some vendors; a sum of calls does not show them."""
    return price if price is None or isinstance(price, Decimal) else price.base
