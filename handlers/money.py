"""Amounts: integers with a unit, read from words and written for people.

A unit is an ISO 4217 currency, counted in nanos (10⁻⁹), or "tokens" or "credits", counted one by one.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
    list_currencies,
)

NANOS = 10**9
CENTS_BELOW = 10
"""Estimates from here on are shown in whole units: cents would claim to be known."""

COUNTED = frozenset({"tokens", "credits"})
SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "₹": "INR"}
SCALES = {"": 1, "k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6, "b": 10**9, "bn": 10**9, "billion": 10**9}
AMOUNT_MAX = 2**62
CURRENCIES = frozenset(list_currencies())
PLAIN_CURRENCIES = frozenset(
    {"usd", "eur", "gbp", "cny", "jpy", "inr", "chf", "cad", "aud", "sek", "dkk", "nok", "pln"}
)

_AMOUNT = re.compile(
    r"(?P<symbol>[$€£¥₹])?\s*(?P<number>\d[\d,_ ]*(\.\d+)?|\.\d+)\s*(?P<scale>k|m|bn?|thousand|million|billion)?"
    r"\s*(?P<unit>[a-z]{3,7})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something. `unit` is "" when the words did not say it."""

    number: Decimal
    unit: str

    def units(self, unit: str) -> int:
        """The amount as an integer: nanos of the currency, or pieces.

        Args:
            unit: counts if the words named none.

        Raises:
            ValueError: the words named another unit, or the amount is too large to be meant.
        """
        if self.unit and self.unit != unit:
            raise ValueError(f"That is counted in {unit}, not in {self.unit}.")
        value = self.number * (1 if unit in COUNTED else NANOS)
        if value > AMOUNT_MAX:
            raise ValueError("That is more than I can count.")
        return int(value.to_integral_value(ROUND_HALF_EVEN))


def read_amount(words: str) -> Amount | None:
    """An amount in words, such as "400 USD", "$1,250.50", "100M tokens" or "50"; None if it is none."""
    found = _AMOUNT.fullmatch(words.strip())
    if not found:
        return None
    number = Decimal(re.sub(r"[,_ ]", "", found["number"])) * SCALES[(found["scale"] or "").lower()]
    named = _unit(found["unit"] or "")
    symbol = SYMBOLS.get(found["symbol"] or "", "")
    if named is None or (symbol and named and symbol != named):
        return None
    return Amount(number, named or symbol)


def _unit(word: str) -> str | None:
    """The unit that a word names, "" for no word, None for a word that is no unit.

    A currency in small letters counts only if it is no English word: "50 try" is no Turkish money.
    """
    lower = word.lower()
    if lower.removesuffix("s") in ("token", "credit"):
        return lower.removesuffix("s") + "s"
    if word.upper() in CURRENCIES and (word.isupper() or lower in PLAIN_CURRENCIES):
        return word.upper()
    return "" if not word else None


@lru_cache(maxsize=8192)
def show_amount(units: int, unit: str, locale: str) -> str:
    """An amount as people in that locale write it: money to the cent, tokens in whole or in millions."""
    if unit in COUNTED:
        if abs(units) < 10**6:
            return f"{format_decimal(units, locale=locale)} {unit}"
        return f"{format_compact_decimal(units, locale=locale, fraction_digits=1)} {unit}"
    return format_currency(Decimal(units) / NANOS, unit, locale=locale)


@lru_cache(maxsize=8192)
def show_estimate(units: int, unit: str, locale: str) -> str:
    """An amount that nobody knows exactly: money in whole units, unless it is very little."""
    if unit in COUNTED or abs(units) < CENTS_BELOW * NANOS:
        return show_amount(units, unit, locale)
    whole = (Decimal(units) / NANOS).to_integral_value(ROUND_HALF_EVEN)
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(whole, unit, pattern, locale, currency_digits=False)


@lru_cache(maxsize=64)
def smallest(unit: str) -> int:
    """The least amount that is written: a cent, a yen, a token."""
    return 1 if unit in COUNTED else NANOS // 10 ** get_currency_precision(unit)


def symbol_of(unit: str, locale: str) -> str:
    """The sign that stands for a unit, for the axis of a chart."""
    return unit if unit in COUNTED else get_currency_symbol(unit, locale)


def percent(part: int, whole: int) -> int:
    """Part of whole in percent, rounded to the nearest; 0 of nothing."""
    return (200 * part + whole) // (2 * whole) if whole > 0 else 0
