"""What a charge costs: as reported, else by prices of the company's own, else by the list, else nobody knows.

The rules, once read, are plain data: what a charge costs follows from them and from the charge alone. So a cell that
was counted before can be priced anew at any time, and comes out the same in every process.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from handlers.money import NANOS
from handlers.policy import Policy, PriceRule, is_model
from handlers.pricing.list_prices import FREE, KINDS_OF_LIST, ORDINARY, TokenPrices, list_prices
from storage.charges import HOURS_OF_A_DAY, TOKENS, Charge, CostSource
from storage.prices import PostedPrice
from storage.units import from_nanos

MILLION = 10**6
HUNDRED = Decimal(100)
NAMES_MAX = 5
"""How often a name may stand for another one; a circle ends here, and has no price."""

COST_MAX = 10**17
"""What is more than this is no cost: sums of it would not fit. Reading refuses the same of a whole day."""

REPORTED = ("invoice", "cost_report")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a million tokens of a model cost.

    Args:
        prices: by kind of token.
        currency: of the prices.
        source: "own_price" if anything that the company said is in it, else "list_price".
        said_by: who of finance said it, "" for app.yaml or the list.
    """

    prices: TokenPrices
    currency: str
    source: CostSource
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a price is asked for: a model of a provider in a tier, and when."""

    provider: str
    model: str
    tier: str
    start: datetime
    hours: int

    @property
    def day(self) -> date:
        """The day (UTC) whose price counts."""
        return self.start.date()

    @property
    def counted_from(self) -> date:
        """The first day for which it may count; an hour may count for the day before in another zone."""
        return self.day if self.hours >= HOURS_OF_A_DAY else self.day - timedelta(days=1)


class PriceBook:
    """All prices that count here.

    Args:
        policy: app.yaml's prices and rates, and which providers know the prices of all they sell.
        posted: what finance said, the last word first.
    """

    def __init__(self, policy: Policy, posted: Iterable[PostedPrice] = ()) -> None:
        self._policy = policy
        self._rules = policy.prices
        self._posted = tuple(posted)
        self._zero_is_cost = {each.name for each in policy.vendors if each.zero_is_cost}
        self.discounts_reported = any(each.discount_on == "reported" for each in self._rules)
        self._quotes: dict[Asked, Quote | None] = {}

    def priced(self, charge: Charge) -> Charge:
        """A charge as it was reported, with what it costs.

        Tokens that are reported to cost nothing by who may not know their price have no cost until there is a price. A
        cost that was reckoned at list prices gives way to a price of the company's own.
        """
        if charge.cost_source == "list_price" and charge.cost_nanos:
            own = self._of_quote(charge)
            return own if own.cost_source == "own_price" else charge
        if charge.cost_nanos is not None and (charge.cost_nanos or charge.provider in self._zero_is_cost):
            return self._discounted(charge) if self.discounts_reported else charge
        return self._of_quote(charge)

    def _of_quote(self, charge: Charge) -> Charge:
        """A charge at the price of its model, without a cost if there is none."""
        tokens = any(getattr(charge, kind) for kind in TOKENS)
        if not tokens and not charge.requests:
            return charge
        quote = self.quote(Asked(charge.provider, charge.model, charge.tier, charge.bucket_start, charge.bucket_hours))
        if not tokens and not (quote and quote.prices.request):
            return charge  # requests alone cost nothing, but where a price of theirs is known
        nanos = _cost(charge, quote.prices) if quote else None
        if quote is None or nanos is None or not self._fits(nanos, quote.currency, charge):
            known = charge.cost_nanos is None and charge.cost_source == "unpriced"
            return charge if known else replace(charge, cost_nanos=None, cost_source="unpriced")
        return replace(charge, cost_nanos=nanos, currency=quote.currency, cost_source=quote.source)

    def _fits(self, nanos: int, currency: str, charge: Charge) -> bool:
        """Whether the ledger can hold a cost and the sums it will be in."""
        house = self._policy.convert(nanos, currency, charge.bucket_start.date())
        return max(abs(from_nanos(nanos, currency)), abs(house[0]) if house else 0) <= COST_MAX

    def priced_anew(self, charge: Charge) -> Charge:
        """A charge that was counted, by the prices of now: the reported cost less a discount, or a price.

        What cost a list price still does, whatever a newer list says, unless a price of the company's own now counts.
        """
        reported = charge.cost_nanos if charge.reported_nanos is None else charge.reported_nanos
        if charge.cost_source in REPORTED and (reported or charge.provider in self._zero_is_cost):
            return self.priced(replace(charge, cost_nanos=reported, reported_nanos=None))
        new = self.priced(replace(charge, cost_nanos=None, cost_source="unpriced"))
        return charge if charge.cost_source == "list_price" and new.cost_source != "own_price" else new

    def quote(self, asked: Asked) -> Quote | None:
        """What a model costs, None if nobody knows. Looked up once for each day and tier."""
        if asked not in self._quotes:
            quote = self._quote(asked)
            known = quote and self._policy.convert(0, quote.currency, asked.counted_from)
            self._quotes[asked] = quote if known else None
        return self._quotes[asked]

    def _quote(self, asked: Asked) -> Quote | None:
        own = False
        for _ in range(NAMES_MAX):
            posted = self._said(asked)
            if posted and posted.what != "removed":
                prices = FREE if posted.what == "free" else _of_posted(posted)
                return Quote(prices, posted.currency, "own_price", posted.said_by)
            rule = next((each for each in self._fitting(asked) if each.discount is None), None)
            if rule is None:
                return self._listed(asked, own=own)
            if not rule.same_as:
                nothing = rule.free or bool(rule.reserved)
                prices = FREE if nothing else _of_rule(rule, asked.tier)
                currency = self._policy.organization.currency if nothing else rule.currency
                return Quote(prices, currency, "own_price")
            own, asked = True, replace(asked, model=rule.same_as)
        return None

    def _listed(self, asked: Asked, *, own: bool) -> Quote | None:
        prices = list_prices(asked.model, asked.tier, asked.start, asked.hours)
        if prices is None:
            return None
        off = self._discount(asked, "list")
        return Quote(prices.times(1 - off / HUNDRED), "USD", "own_price" if own or off else "list_price")

    def _said(self, asked: Asked) -> PostedPrice | None:
        """The last word of finance that has begun. What is said about one provider goes before what is for all."""
        found = [
            each
            for each in self._posted
            if each.since <= asked.day and each.provider in ("", asked.provider) and is_model(each.model, asked.model)
        ]
        return max(found, key=lambda each: bool(each.provider), default=None)

    def _fitting(self, asked: Asked) -> Iterator[PriceRule]:
        return (each for each in self._rules if each.fits(asked.provider, asked.model, asked.day))

    def _discount(self, asked: Asked, on: str) -> Decimal:
        """Percent off; the first rule that fits."""
        found = (each.discount for each in self._fitting(asked) if each.discount is not None and each.discount_on == on)
        return next(found, Decimal(0))

    def _discounted(self, charge: Charge) -> Charge:
        asked = Asked(charge.provider, charge.model, charge.tier, charge.bucket_start, charge.bucket_hours)
        off = self._discount(asked, "reported")
        if not off or charge.cost_nanos is None:
            return charge
        reported = charge.cost_nanos
        return replace(charge, cost_nanos=_whole(reported * (1 - off / HUNDRED)), reported_nanos=reported)


def _cost(charge: Charge, prices: TokenPrices) -> int | None:
    """What the tokens of a charge cost, None if one kind of them has no price: half a price is none."""
    used = [
        (getattr(charge, tokens), getattr(prices, kind))
        for tokens, kind in zip(TOKENS, KINDS_OF_LIST, strict=True)
        if getattr(charge, tokens)
    ]
    if any(price is None for _, price in used):
        return None
    fees = charge.requests * (prices.request or Decimal(0))
    return _whole(sum((tokens * price for tokens, price in used), Decimal(0)) * NANOS / MILLION + fees * NANOS)


def _whole(nanos: Decimal) -> int:
    return int(nanos.to_integral_value(ROUND_HALF_EVEN))


def _of_rule(rule: PriceRule, tier: str) -> TokenPrices:
    if rule.input is None:  # requests are all that is paid for
        return replace(FREE, request=rule.request)
    prices = _own(rule.input, rule.cache_read, rule.cache_write, rule.cache_write_1h, rule.output)
    prices = replace(prices, request=rule.request)
    percent = rule.tiers.get(tier) if tier not in ORDINARY else None
    return prices if percent is None else prices.times(percent / HUNDRED)


def _of_posted(posted: PostedPrice) -> TokenPrices:
    nanos = (
        posted.input_nanos,
        posted.cache_read_nanos,
        posted.cache_write_nanos,
        posted.cache_write_1h_nanos,
        posted.output_nanos,
    )
    return _own(*(None if each is None else Decimal(each) / NANOS for each in nanos))


def _own(
    plain: Decimal | None,
    read: Decimal | None,
    written: Decimal | None,
    written_1h: Decimal | None,
    output: Decimal | None,
) -> TokenPrices:
    """Prices of one's own, complete: what was not said of cached tokens follows from the price of input."""
    kept = None if plain is None else 2 * plain
    return TokenPrices(
        input=plain,
        cache_read=plain if read is None else read,
        cache_write_5m=plain if written is None else written,
        cache_write_1h=kept if written_1h is None else written_1h,
        output=output,
    )
