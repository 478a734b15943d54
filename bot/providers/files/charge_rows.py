"""What a row of a file says: each reader takes a text and gives a value, or says what would be right."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from bot.providers.files.readers import RowError

LETTERS_MAX = 255
TOKENS_MAX = 10**13
COST_MAX = 10**6
PICO_DIGITS = 12


class ChargeRow(NamedTuple):
    """A part of a charge: several rows may add up to one. Names and order are those of the table that adds them up.

    Args:
        day: ISO 8601, of UTC.
        sub_account: workspace or project, "" if none.
        resource: key or service, "" if none.
        subject: user, "" if none.
        model: as it is written, "" if none.
        currency: of the cost.
        tokens_input: uncached input tokens.
        tokens_cache_read: input tokens read from a cache.
        tokens_cache_write_5m: input tokens written to a cache.
        tokens_output: output tokens.
        requests: requests made.
        cost: in 10⁻¹² of the currency, None if it is not said. Nanos would lose what a million small rows add up to.
    """

    day: str
    sub_account: str
    resource: str
    subject: str
    model: str
    currency: str
    tokens_input: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_output: int = 0
    requests: int = 0
    cost: int | None = None


def day_of(text: str, column: str) -> str:
    """A calendar day."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise RowError(f"“{text}” under {column} is no day; write it as 2026-11-22") from None


def utc_day_of(text: str, column: str) -> str:
    """The UTC day of a moment; FOCUS has UTC only, and Parquet does not always say so."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RowError(f"“{text}” under {column} is no moment; write it as 2026-11-22T00:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date().isoformat()


def word_of(text: str, column: str) -> str:
    """A name or id."""
    word = text.strip()
    if len(word) > LETTERS_MAX or not word.isprintable():
        raise RowError(f"what stands under {column} is no name: it is too long or has odd letters")
    return word


def currency_of(text: str, column: str) -> str:
    """An ISO 4217 code."""
    if not re.fullmatch(r"[A-Z]{3}", text.strip()):
        raise RowError(f"“{text}” under {column} is no currency; write three letters such as USD")
    return text.strip()


def cost_of(text: str, column: str) -> int:
    """Money, as 10⁻¹² of its currency; below zero it is a credit."""
    number = decimal_of(text, column)
    if abs(number) > COST_MAX:
        raise RowError(f"“{text}” under {column} is more than a row can cost")
    return round(number.scaleb(PICO_DIGITS))


def decimal_of(text: str, column: str) -> Decimal:
    """A number."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RowError(f"“{text}” under {column} is no number; write it as 1234.56")
    return number


def count_of(text: str, column: str) -> int:
    """How many, whole and not below zero; nothing is none."""
    number = decimal_of(text, column) if text.strip() else Decimal(0)
    if number != number.to_integral_value() or not 0 <= number <= TOKENS_MAX:
        raise RowError(f"“{text}” under {column} is no count; write a whole number such as 1200")
    return int(number)
