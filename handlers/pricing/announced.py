"""Prices that vendors have announced (contracts[].prices in app.yaml): by what the same use will cost more, and when.

A burn-down, a renewal and a forecast reckon with them through these functions, so that they agree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from handlers.context import Context
from handlers.policy import PriceChange
from handlers.pricing.list_prices import KINDS_OF_LIST, list_prices
from storage import spend
from storage.charges import HOURS_OF_A_DAY

LOOK_BACK_DAYS = 28
"""Of so many days it is taken which kinds of tokens are used, where these change unlike each other."""
_USUAL = dict(zip(KINDS_OF_LIST, map(Decimal, ("1", "0.1", "1.25", "2", "5")), strict=True))
"""What kinds of tokens usually cost beside input, where neither the vendor's word nor a list says it."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A model of a provider costs more (or less) from a day on.

    Args:
        provider: whose.
        change: what was announced.
        factors: by what the cost of the same use is multiplied, by model; only of models that were used lately and
            whose kinds of tokens change unlike each other.
    """

    provider: str
    change: PriceChange
    factors: Mapping[str, Decimal]

    def factor(self, model: str) -> Decimal:
        """By what the cost of the same use of a model is multiplied; 1 if it is not for that model."""
        if not self.change.is_for(model):
            return Decimal(1)
        return self.factors.get(model) or self.change.factor()


def announced(ctx: Context, provider: str = "") -> tuple[Rise, ...]:
    """All changes of prices that contracts announce, the earliest first.

    Nothing is read from the database unless kinds of tokens change unlike each other.

    Args:
        ctx: whose rules.
        provider: whose changes; "" for all providers.
    """
    changes: list[tuple[str, PriceChange]] = []
    for each in ctx.policy.contracts:
        said = ((each.provider, change) for change in each.prices if provider in ("", each.provider))
        changes += (one for one in said if one not in changes)
    mixed = {name for name, change in changes if not change.is_even}
    first, end = ctx.today - timedelta(days=LOOK_BACK_DAYS), ctx.today
    used = {name: spend.kinds_at(ctx.conn, name, first, end) for name in sorted(mixed)}
    rises = (Rise(name, change, dict(_factors(change, used.get(name, {}), first))) for name, change in changes)
    return tuple(sorted(rises, key=lambda each: (each.change.since, each.provider, each.change.model)))


def price_factor(rises: Sequence[Rise], provider: str, model: str, used: date, day: date) -> Decimal:
    """By what the cost of something that was used on one day is multiplied, for the same to be used on a later one.

    Args:
        rises: of `announced`.
        provider: where it was used.
        model: that was used.
        used: the day whose price is in the cost.
        day: the day whose price is asked for.
    """
    found = Decimal(1)
    for each in rises:
        if each.provider == provider and used < each.change.since <= day:
            found *= each.factor(model)
    return found


def _factors(change: PriceChange, used: Mapping[str, tuple[int, ...]], day: date) -> Iterator[tuple[str, Decimal]]:
    """The factor of each model that was used, by what is paid for each kind of its tokens."""
    if change.is_even:
        return
    for model, tokens in used.items():
        if change.is_for(model):
            prices = _old_prices(change, model, day)
            paid = {kind: count * prices[kind] for kind, count in zip(KINDS_OF_LIST, tokens, strict=True)}
            yield model, change.factor({_RULE[kind]: amount for kind, amount in paid.items()})


_RULE = dict(zip(KINDS_OF_LIST, ("input", "cache_read", "cache_write", "cache_write_1h", "output"), strict=True))


def _old_prices(change: PriceChange, model: str, day: date) -> dict[str, Decimal]:
    """What each kind costs until then: as announced, else in the proportion of the list, else in the usual one."""
    said: dict[str, Decimal] = dict(change.old.items())
    listed = list_prices(model, "", datetime.combine(day, time(), UTC), HOURS_OF_A_DAY)
    usual = dict(_USUAL)
    if listed is not None and listed.input:
        usual = {kind: (getattr(listed, kind) or _USUAL[kind] * listed.input) / listed.input for kind in _USUAL}
    known = next((kind for kind in KINDS_OF_LIST if _RULE[kind] in said), None)
    one = said[_RULE[known]] / usual[known] if known else Decimal(1)
    return {kind: said.get(_RULE[kind], usual[kind] * one) for kind in KINDS_OF_LIST}
