"""Prices of one's own, as an admin wrote them in app.yaml."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from handlers.amounts import CURRENCIES
from handlers.errors import SettingError
from handlers.policy.amounts import written_amount_with_unit
from handlers.policy.approvals import Frozen

PRICE_MAX = 10**8
Price = Annotated[Decimal, Field(ge=0, le=PRICE_MAX, decimal_places=9)]
KINDS = ("input", "cache_read", "cache_write", "cache_write_1h", "output")


class PriceRule(Frozen):
    """What some models cost here. Rules are read from the top; of each sort the first that fits counts.

    A rule is a price, a discount, another name for a model, or says that a model is free.

    Args:
        model: the name of a model as it is reported, with `*` for any letters; "" for every model.
        provider: the name of a provider in app.yaml, "" for every one.
        currency: of the prices.
        input: of a million input tokens that are not cached.
        cache_read: of those read from a cache; those of `input` if it is not said.
        cache_write: of those written to a cache; those of `input` if it is not said.
        cache_write_1h: of those kept for an hour; twice those of `input` if it is not said.
        output: of a million output tokens.
        request: of each request, besides its tokens.
        tiers: percent of the price at which a tier such as "batch" is sold; a tier that is not named costs all of it.
        free: it costs nothing, as on machines of one's own.
        reserved: it is paid by this amount each month, whatever is used of it, such as "12000 USD"; tokens cost nothing
            besides.
        same_as: the model is another name for this one, and costs the same.
        discount: percent off; below zero it is a surcharge.
        discount_on: what it is taken off.
        since: the first day (UTC) on which the rule counts, None for all days.
        until: the last one, None for no end.
    """

    model: str = ""
    provider: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    input: Price | None = None
    cache_read: Price | None = None
    cache_write: Price | None = None
    cache_write_1h: Price | None = None
    output: Price | None = None
    request: Price | None = None
    tiers: dict[str, Annotated[Decimal, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    free: bool = False
    reserved: str = ""
    same_as: str = ""
    discount: Annotated[Decimal, Field(ge=-1000, lt=100)] | None = None
    discount_on: Literal["list", "reported"] = "list"
    since: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @property
    def is_price(self) -> bool:
        """Whether it has prices of tokens or requests."""
        return self.request is not None or self._names_tokens

    @property
    def _names_tokens(self) -> bool:
        return any(getattr(self, kind) is not None for kind in KINDS)

    @model_validator(mode="after")
    def _says_one_thing(self) -> "PriceRule":
        sorts = [self.is_price, self.free, bool(self.reserved), bool(self.same_as), self.discount is not None]
        if sum(sorts) != 1:
            raise SettingError(
                "write one of these: input and output, request, free: true, reserved, same_as, or discount"
            )
        if not (self.model or self.provider):
            raise SettingError("write for which model or provider it is")
        if self._names_tokens and (self.input is None or self.output is None):
            raise SettingError("write both input and output; output: 0 for a model that has none")
        if self.reserved and written_amount_with_unit(self.reserved).unit not in CURRENCIES:
            raise SettingError("“{word}” is not an amount of money: write one such as 12000 USD", word=self.reserved)
        if self.since and self.until and self.until < self.since:
            raise SettingError("until is before from")
        if self.currency not in CURRENCIES:
            raise SettingError("unknown currency {word}: write one such as USD or CNY", word=self.currency)
        return self

    def fits(self, provider: str, model: str, day: date) -> bool:
        """Whether it is for a model of a provider on a day."""
        return (
            self.provider in ("", provider)
            and (not self.model or is_model(self.model, model))
            and (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
        )


def is_model(pattern: str, model: str) -> bool:
    """Whether a pattern is for a model: its whole name or, of a pattern without "/", what stands behind the last one.

    Only `*` is special, for names have brackets and dots in them.
    """
    expression = re.escape(pattern.lower()).replace(r"\*", ".*")
    lower = model.lower()
    names = [lower] if "/" in pattern else [lower, lower.rpartition("/")[2]]
    return any(re.fullmatch(expression, name) for name in names)
