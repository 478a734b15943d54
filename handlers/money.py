"""Amounts: integers with a unit, written for people. amounts.py reads them.

A unit is an ISO 4217 currency, counted in nanos (10⁻⁹) or, where it is worth little, in larger parts
(storage/units.py); or "tokens" or "credits", counted one by one.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
)

from handlers.language import ENGLISH, N_, language_of, say
from storage import units as parts_of_currencies

NANOS = parts_of_currencies.NANOS
"""Parts of a dollar. How many a budget's unit has, says `scale_of`."""

CENTS_BELOW = 10
"""Estimates from here on are shown in whole units: cents would claim to be known."""

COUNTED = frozenset({"tokens", "credits"})
COUNTS = {"tokens": N_("{number} tokens"), "credits": N_("{number} credits")}
AMOUNT_MAX = 4 * 10**18
"""What a budget can hold: four thousand million dollars, or about as much in any other currency."""
ASKED_MAX = 10**18
"""What can be asked for or moved at once: a thousand million dollars."""
LIMIT_MAX = 8 * 10**18
"""What a budget can become by what is moved into it."""


class AmountError(ValueError):
    """Words that are no amount, or none that a budget can hold.

    Args:
        why: shown to people in their language; the message is the English one.
        values: fill the placeholders.
    """

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(say(ENGLISH, why, **values))
        self.why = why
        self.values = values


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something. `unit` is "" when the words did not say it."""

    number: Decimal
    unit: str

    def units(self, unit: str, locale: str = "en_US", most: int = AMOUNT_MAX) -> int:
        """The amount as an integer: parts of the currency, or pieces.

        Args:
            unit: counts if the words named none.
            locale: of whoever reads why it cannot be.
            most: what is taken at most.

        Raises:
            AmountError: the words named another unit, or the amount is larger than a budget can be, or has a part
                smaller than the smallest there is.
        """
        if self.unit and self.unit != unit:
            raise AmountError(N_("This budget is counted in {unit}, not in {other}."), unit=unit, other=self.unit)
        value = self.number * scale_of(unit)
        if abs(value) > most:
            raise AmountError(N_("That is too much. The most is {most}."), most=show_amount(most, unit, locale))
        if value % smallest(unit):
            least = show_amount(smallest(unit), unit, locale)
            raise AmountError(N_("An amount must be a multiple of {least}."), least=least)
        return int(value)

    def __str__(self) -> str:
        """As app.yaml writes it, such as "400 USD"."""
        return f"{self.number.normalize():f} {self.unit}".strip()


@lru_cache(maxsize=8192)
def show_amount(units: int, unit: str, locale: str) -> str:
    """An amount as people in that locale write it: money to the cent, tokens in whole or in millions."""
    if unit in COUNTED:
        return say(language_of(locale), COUNTS[unit], number=show_count(units, locale))
    return format_currency(in_units(units, unit), unit, locale=locale)


@lru_cache(maxsize=1024)
def show_price(nanos: int, unit: str, locale: str) -> str:
    """A price with all its decimals, such as "$0.0375"."""
    return format_currency(Decimal(nanos) / NANOS, unit, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=8192)
def show_count(pieces: int, locale: str) -> str:
    """How many, in whole or in millions, as people in that locale write it."""
    if abs(pieces) < 10**6:
        return format_decimal(pieces, locale=locale)
    return format_compact_decimal(pieces, locale=locale, fraction_digits=1)


@lru_cache(maxsize=8192)
def show_estimate(units: int, unit: str, locale: str) -> str:
    """An amount that nobody knows exactly: money in whole units, unless it is very little."""
    if unit in COUNTED or abs(units) < CENTS_BELOW * scale_of(unit):
        return show_amount(units, unit, locale)
    whole = in_units(units, unit).to_integral_value(ROUND_HALF_EVEN)
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(whole, unit, pattern, locale, currency_digits=False)


def in_units(parts: int, unit: str) -> Decimal:
    """An amount as a number of its unit, for a file that machines read."""
    return Decimal(parts) / scale_of(unit)


def scale_of(unit: str) -> int:
    """In how many parts a unit is counted: one by one, or the parts of its currency."""
    return 1 if unit in COUNTED else parts_of_currencies.scale_of(unit)


@lru_cache(maxsize=64)
def smallest(unit: str) -> int:
    """The least amount that is written: a cent, a yen, a token."""
    return 1 if unit in COUNTED else scale_of(unit) // 10 ** get_currency_precision(unit)


def symbol_of(unit: str, locale: str) -> str:
    """The sign that stands for a unit, for the axis of a chart."""
    return unit if unit in COUNTED else get_currency_symbol(unit, locale)


def percent(part: int, whole: int) -> int:
    """Part of whole in percent, rounded to the nearest; 0 of nothing."""
    return (200 * part + whole) // (2 * whole) if whole > 0 else 0
