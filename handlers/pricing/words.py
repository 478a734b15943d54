"""How a price is said: `price doubao-pro input 6 cache-read 1.2 output 30 CNY from 2026-11-01`, `price llama free`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Literal

from handlers.amounts import half_width, take_amount
from handlers.context import Context
from handlers.days import day_gone
from handlers.errors import RefusedError
from handlers.money import NANOS, AmountError
from handlers.policy import PRICE_MAX

KINDS = {
    **dict.fromkeys(("input", "in", "prompt", "输入"), "input"),
    **dict.fromkeys(("output", "out", "completion", "输出"), "output"),
    **dict.fromkeys(("cache-read", "cache_read", "cached", "cache", "缓存", "缓存命中"), "cache_read"),
    **dict.fromkeys(("cache-write", "cache_write", "缓存写入"), "cache_write"),
    **dict.fromkeys(("cache-write-1h", "cache_write_1h"), "cache_write_1h"),
}
ORDER = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
WHOLE = {
    **dict.fromkeys(("free", "免费"), "free"),
    **dict.fromkeys(("remove", "removed", "none", "删除"), "removed"),
}
FROM = frozenset({"from", "since", "starting", "从"})
QUOTES = {'"': '"', "“": "”", "„": "“", "'": "'", "「": "」"}
EXAMPLE = "price my-model input 3 output 15"


@dataclass(frozen=True, slots=True)
class SaidPrices:
    """Prices as they were said, in 10⁻⁹ of a currency for a million tokens; None for a kind that was not.

    Args:
        what: prices, that it is free, or that there are none of one's own any more.
        currency: as it was said, "" for that of the organization.
        input: and all below, by kind of token.
    """

    what: Literal["price", "free", "removed"] = "price"
    currency: str = ""
    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None


class ModelWord:
    """A model by its name; one with blanks stands in quotation marks."""

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int] | None:
        """See Word."""
        skipped = int(words[0].lower() in ("of", "for", "model") and len(words) > 1)
        first = words[skipped]
        closing = QUOTES.get(first[0])
        if closing is None:
            return first, skipped + 1
        for count in range(1, len(words) - skipped + 1):
            said = " ".join(words[skipped : skipped + count])
            if len(said) > 1 and said.endswith(closing):
                return said[1:-1].strip(), skipped + count
        return first, skipped + 1


class PricesWord:
    """Prices by kind of token: "input 3 output 15"; or "free", or "remove"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "input … output …"

    def take(self, words: list[str], ctx: Context) -> tuple[SaidPrices, int] | None:
        """See Word."""
        first = half_width(words[0]).lower()
        if first in WHOLE:
            return SaidPrices(what="free" if WHOLE[first] == "free" else "removed"), 1
        prices: dict[str, int] = {}
        units: set[str] = set()
        used = 0
        while len(words) > used and (kind := KINDS.get(half_width(words[used]).lower().rstrip(":,"))):
            if kind in prices:
                raise RefusedError("“{kind}” is there twice.", kind=words[used])
            prices[kind], unit, count = price_said(words[used + 1 :], ctx, words[used])
            units |= {unit} - {""}
            used += 1 + count
        return (said_prices(prices, units), used) if used else None


def said_prices(prices: Mapping[str, int], units: Collection[str]) -> SaidPrices:
    """Prices by kind, as they were said in a sentence or a form.

    Raises:
        RefusedError: they are in two currencies.
    """
    if len(units) > 1:
        raise RefusedError("Write all prices in one currency.", fault="output_price")
    return SaidPrices("price", "".join(units), *(prices.get(kind) for kind in ORDER))


def price_said(words: list[str], ctx: Context, kind: str) -> tuple[int, str, int]:
    """A price at the front of some words: in 10⁻⁹ of the currency, the currency or "", and how many words it was.

    Raises:
        RefusedError: there is none, or none that a model can have.
    """
    try:
        taken = take_amount(words, ctx.locale, ctx.policy.organization.currency) if words else None
    except AmountError as wrong:
        raise RefusedError(wrong.why, **wrong.values) from wrong
    if taken is None:
        raise RefusedError("Write a number after “{kind}”, for example: {example}", kind=kind, example=EXAMPLE)
    amount, used = taken
    nanos = amount.number * NANOS
    if amount.unit in ("tokens", "credits"):
        raise RefusedError("Write the price in a currency, for example: {example}", example=EXAMPLE)
    if not 0 <= amount.number <= PRICE_MAX or nanos % 1:
        raise RefusedError("“{words}” can't be the price of a million tokens.", words=" ".join(words[:used]))
    return int(nanos), amount.unit, used


class FromDayWord:
    """The first day of something: "from 2026-11-01", "since 1 November"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "from day"

    def take(self, words: list[str], ctx: Context) -> tuple[date, int] | None:
        """See Word."""
        led = int(half_width(words[0]).lower() in FROM)
        said = [half_width(each) for each in words[led:]]
        found = day_gone(said, ctx) if said else None
        if found:
            return found[0], found[1] + led
        if led:
            raise RefusedError(
                "I don't understand the day in “{words}”. Write it such as: from {day}",
                words=" ".join(words[:3]),
                day=ctx.today.isoformat(),
            )
        return None


class AtWord:
    """One of the providers: "at litellm"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "at provider"

    def take(self, words: list[str], ctx: Context) -> tuple[str, int] | None:
        """See Word."""
        if words[0].lower() != "at" or len(words) < 2:  # noqa: PLR2004 - the word and the name
            return None
        name = words[1].lower()
        known = [each.name for each in ctx.policy.vendors]
        if name not in known:
            raise RefusedError(
                "There is no provider “{name}”. There is: {known}", name=words[1], known=", ".join(known)
            )
        return name, 2


MaybeModel = Annotated[str, ModelWord()]
MaybePrices = Annotated[SaidPrices | None, PricesWord()]
FromDay = Annotated[date | None, FromDayWord()]
At = Annotated[str, AtWord()]


def kinds_of(said: SaidPrices) -> dict[str, int | None]:
    """The prices by kind of token, as the table of prices names its columns."""
    return {
        f"{each.name}_nanos": getattr(said, each.name) for each in fields(said) if each.name not in ("what", "currency")
    }
