"""What a row of a file says: a part of a charge, on one day or on several."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from bot.column_values import said, tidy
from bot.providers.files.kinds import KINDS
from bot.providers.set_aside import RowError
from handlers.amounts import currencies_of

LETTERS_MAX = 255
TOKENS_MAX = 10**15
COST_MAX = 9 * 10**9  # nanos of it fit in 64 bits
PICO_DIGITS = 12
PICO_PER_NANO = 1_000
DAYS_MAX = 400
YEARS = range(1990, 2190)
Money = Literal["cost", "list_cost"]
MAIN = frozenset(("$", "us dollar", "us dollars", "dollar", "dollars", "£", "元"))
"""What several currencies are called, and one of them nearly always."""
MONEY: tuple[Money, ...] = get_args(Money)
_DAY = timedelta(days=1)


class DatedRowError(RowError):
    """A row cannot be understood, but for its day.

    Args:
        wrong: what is wrong with it.
        day: ISO 8601.
    """

    def __init__(self, wrong: RowError, day: str) -> None:
        super().__init__(wrong.why, wrong.field)
        self.day = day


class ChargeRow(NamedTuple):
    """A part of a charge: several rows may add up to one. Names and order are those of the table that adds them up.

    Args:
        day: ISO 8601, of UTC.
        sub_account: workspace or project, "" if none.
        resource: key or service, "" if none.
        subject: user, "" if none.
        model: as it is written, "" if none.
        tier: such as "batch", "" if it is not said.
        currency: of the cost.
        tokens_input: uncached input tokens.
        tokens_cache_read: input tokens read from a cache.
        tokens_cache_write_5m: input tokens written to a cache.
        tokens_cache_write_1h: the same, for an hour.
        tokens_output: output tokens.
        requests: requests made.
        cost: in 10⁻¹² of the currency, None if it is not said. Nanos would lose what a million small rows add up to.
        list_cost: before discounts, in the same, None if it is not said.
    """

    day: str
    sub_account: str = ""
    resource: str = ""
    subject: str = ""
    model: str = ""
    tier: str = ""
    currency: str = "USD"
    tokens_input: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_cache_write_1h: int = 0
    tokens_output: int = 0
    requests: int = 0
    cost: int | None = None
    list_cost: int | None = None


def spread(row: ChargeRow, start: datetime, end: datetime) -> Iterator[ChargeRow]:
    """A row of several days as a row for each of them, by the time it takes of it; the parts add up to the whole.

    Args:
        row: its day does not matter.
        start: when it begins; its calendar days are those of its own zone.
        end: when it has ended, in the same zone.

    Raises:
        RowError: it ends before it begins, or takes too long.
    """
    whole = end - start
    if not timedelta() < whole <= DAYS_MAX * _DAY:
        raise RowError("it ends before it begins, or takes more than 400 days", "end")
    done = timedelta()
    given: dict[str, int] = dict.fromkeys((*KINDS, *MONEY), 0)
    day = datetime.combine(start.date(), time(), start.tzinfo)
    while done < whole:
        day += _DAY
        done = min(day, end) - start
        parts = {name: _part(getattr(row, name), done, whole, name) for name in given}
        shares: dict[str, Any] = {name: None if part is None else part - given[name] for name, part in parts.items()}
        yield row._replace(**shares, day=f"{day - _DAY:%Y-%m-%d}")
        given = {name: part or 0 for name, part in parts.items()}


def _part(amount: int | None, done: timedelta, whole: timedelta, name: str) -> int | None:
    """What of an amount has come after a time. Money goes by whole nanos: its parts add up when rounded, too."""
    if amount is None or done == whole:
        return amount
    step = PICO_PER_NANO if name in MONEY else 1
    return amount // step * (done // timedelta(microseconds=1)) // (whole // timedelta(microseconds=1)) * step


@lru_cache(1024)
def name_of(text: str, column: str) -> str:
    """A name or id, "" for one of the words for nothing.

    Args:
        text: as it stands in the file.
        column: its title, for a complaint.

    Raises:
        RowError: it is longer than LETTERS_MAX, or has letters that cannot be shown.
    """
    word = said(text)
    if len(word) > LETTERS_MAX or not word.isprintable():
        raise RowError("it is no name: it is too long or has odd letters", column)
    return word


@lru_cache(1024)
def id_of(text: str, column: str) -> str:
    """The id of somebody or something. A key that could be used is shortened to its end, as consoles show it.

    Raises:
        RowError: as `name_of`, or a spreadsheet has made a number of it.
    """
    word = name_of(text, column)
    mantissa, power, digits = word.upper().partition("E+")
    if power and digits.isdecimal() and mantissa.replace(".", "").isdecimal():
        raise RowError("a spreadsheet made a number of this id; export the file again", column)
    return f"sk-…{word[-4:]}" if word.startswith("sk-") else word


@lru_cache(64)
def currency_of(text: str, column: str) -> str:
    """An ISO 4217 code, in small letters, too, or a name or a sign that only one currency has.

    Raises:
        RowError: it is none of these.
    """
    plain = tidy(text)
    called = currencies_of(plain.lower().removeprefix("us ") if plain.lower().startswith("us dollar") else plain)
    only = len(called) == 1 or plain.lower() in MAIN
    code = called[0] if called and only else plain.upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():  # noqa: PLR2004
        raise RowError("it is no currency; write three letters such as USD", column)
    return code


def pico_of(cost: Decimal, column: str) -> int:
    """Money, as 10⁻¹² of its currency; below zero it is a credit.

    Raises:
        RowError: it is more than COST_MAX.
    """
    if abs(cost) > COST_MAX:
        raise RowError("it is more than a row can cost", column)
    return round(cost.scaleb(PICO_DIGITS))


def count_of(number: Decimal, column: str) -> int:
    """How many; below zero it is a correction.

    Raises:
        RowError: it is more than TOKENS_MAX, or no whole number.
    """
    if abs(number) > TOKENS_MAX:
        raise RowError("it is more than a row can count", column)
    if number != number.to_integral_value():
        raise RowError("it is no count; write a whole number such as 1200", column)
    return int(number)


def utc(moment: datetime) -> datetime:
    """A moment in UTC; one without a zone is in it already.

    Raises:
        ValueError: nobody used AI then.
    """
    if moment.year not in YEARS:
        raise ValueError("it is no day of our time")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
