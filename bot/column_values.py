"""What stands in the cells of a table that a person or a console wrote: days, numbers and money as people write them.

A cell is read by the rule of its column. Where cells could be read in two ways (03/04/2026, 1.234), the other cells of
the column tell which is meant; see `date_order` and `decimal_sign`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from itertools import product
from typing import Literal

from babel import Locale

DateOrder = Literal["dmy", "mdy"]
DecimalSign = Literal[".", ","]

EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
MONTHS = 12
FOR_AN_ODD_ONE = 10
EXCEL_DAYS = range(25_569, 73_051)  # 1970 to 2099
_NOTHING = frozenset(
    ("", "-", "--", "–", "—", "n/a", "#n/a", "null", "(null)", "none", "nil", "nan", "\\n", "undefined")
)
_LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")
_TIME = r"(?:[ T]+(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?: ?(?P<half>[ap])\.?m\.?)?)?"
_NAME = r"(?P<name>[^\W\d_]{3,10})"
_FLAGS = re.IGNORECASE | re.ASCII
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.年](?P<month>\d\d?)[-/.月](?P<day>\d\d?)日?{_TIME}", _FLAGS)
_YEAR_LAST = re.compile(rf"(?P<a>\d\d?)(?P<by>[-/.])(?P<b>\d\d?)(?P=by)(?P<year>\d{{4}}|\d\d){_TIME}", _FLAGS)
_NAMED = (
    re.compile(rf"(?P<day>\d\d?)\.?[ -](?:de )?{_NAME}\.?,?[ -](?:de )?(?P<year>\d{{4}}|\d\d){_TIME}", re.IGNORECASE),
    re.compile(rf"{_NAME}\.? (?P<day>\d\d?),? (?P<year>\d{{4}}){_TIME}", re.IGNORECASE),
)
_MONTH = (
    re.compile(r"(?P<year>\d{4})[-/年]?(?P<month>\d\d?)月?", re.ASCII),
    re.compile(r"(?P<name>[a-z]{3,9})\.?[ -](?P<year>\d{4})", _FLAGS),
)
_SINCE_1970 = re.compile(r"(?P<number>\d{10}|\d{13}|\d{16})(?:\.\d+)?", re.ASCII)
_SERIAL = re.compile(r"(?P<days>\d{5})(?:[.,](?P<rest>\d+))?", re.ASCII)
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9, "千": 10**3, "万": 10**4, "亿": 10**8}
_PLAIN_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d{1,3})?", re.ASCII)
_NUMBER = re.compile(
    r"(?P<sign>[-+−]?)(?P<digits>\d[\d.,]*|[.,]\d+)(?:e(?P<power>[-+]?\d{1,3}))? ?(?P<scale>[a-z千万亿]{0,2})",
    re.IGNORECASE,
)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3})")


def tidy(text: str) -> str:
    """A text without what nobody sees: blanks around it, marks of width or direction, a quote that forces text."""
    if not text.isascii():
        text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    text = text.strip()
    return text[1:] if text.startswith("'") and text.count("'") == 1 else text


@lru_cache(2_048)  # columns say the same few things again and again
def said(text: str) -> str:
    """A text, "" if it is one of the words with which exports write that there is nothing."""
    text = tidy(text)
    return "" if text.lower() in _NOTHING else text


# Days ----------------------------------------------------------------------------------------------------------------


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """Whether a column has the day or the month first, None if its cells do not tell. A rare odd one decides nothing.

    Raises:
        ValueError: some can only be the one and some only the other.
    """
    day_first = month_first = 0
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match and match["by"] != ".":
            first, second = _ints(match)
            day_first += first > MONTHS >= second
            month_first += second > MONTHS >= first
    if min(day_first, month_first) * FOR_AN_ODD_ONE > max(day_first, month_first):
        raise ValueError("some days have the month first and some the day")
    if day_first == month_first:
        return None
    return "dmy" if day_first > month_first else "mdy"


def needs_order(text: str) -> bool:
    """Whether a day is read by the order of its column."""
    match = _YEAR_LAST.fullmatch(text)
    return match is not None and match["by"] != "." and match["a"] != match["b"]


def _ints(match: re.Match[str]) -> tuple[int, int]:
    return int(match["a"]), int(match["b"])


def moment_of(text: str, order: DateOrder | None = None) -> datetime:
    """A day or moment in any usual form.

    ISO 8601, day or month first, with the month's name, of a spreadsheet, or seconds, thousandths or millionths since
    1970.

    Args:
        text: a tidy text.
        order: that of its column, None if it does not tell.

    Returns:
        Without a zone if the text has none.

    Raises:
        ValueError: it is no day, or one that could be read in two ways.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if text.endswith((" UTC", " GMT")):
        return moment_of(text[:-4], order).replace(tzinfo=UTC)
    if match := _SINCE_1970.fullmatch(text):
        return datetime.fromtimestamp(int(match["number"]) / 10 ** (len(match["number"]) - 10), UTC)
    if (match := _SERIAL.fullmatch(text)) and int(match["days"]) in EXCEL_DAYS:
        return EXCEL_EPOCH + timedelta(days=float(f"{match['days']}.{match['rest'] or 0}"))
    if match := _YEAR_FIRST.fullmatch(text):
        return _moment(match, int(match["month"]), int(match["day"]))
    if match := next((found for each in _NAMED if (found := each.fullmatch(text))), None):
        return _moment(match, _month(match["name"]), int(match["day"]))
    if match := _YEAR_LAST.fullmatch(text):
        first, second = _ints(match)
        day_first = match["by"] == "." or order == "dmy"
        if not day_first and order is None and first != second:
            raise ValueError("it could be read in two ways")
        return _moment(match, second if day_first else first, first if day_first else second)
    raise ValueError("it is no day")


def month_of(text: str) -> tuple[date, date]:
    """The first day of a month such as 2026-11 or Nov 2026, and of the one after it.

    Raises:
        ValueError: it is no month.
    """
    match = next((found for each in _MONTH if (found := each.fullmatch(text))), None)
    if match is None:
        raise ValueError("it is no month")
    month = _month(match["name"]) if "name" in match.groupdict() else int(match["month"])
    first = date(int(match["year"]), month, 1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _moment(match: re.Match[str], month: int, day: int) -> datetime:
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)  # noqa: PLR2004
    hour = int(match["hour"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    return datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0))  # noqa: DTZ001


def _month(name: str) -> int:
    """The number of a month by its name, whole or short, as in English, German, French or a few other languages."""
    number = _months().get(name.casefold())
    if number is None:
        raise ValueError("it is no month")
    return number


@cache
def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for width, form in product(("wide", "abbreviated"), ("format", "stand-alone")):
            for number, name in months[form][width].items():
                found.setdefault(name.casefold().rstrip("."), number)
                if language == "en":  # any of its months is known by three letters
                    found.setdefault(name.casefold()[:3], number)
    return found


# Numbers -------------------------------------------------------------------------------------------------------------


def decimal_sign(texts: Iterable[str]) -> DecimalSign | None:
    """Which sign begins the decimals in a column of numbers: that of most that can be read in one way only."""
    signs = Counter(sign for text in texts if (sign := _sign_in(text)))
    return max(signs, key=signs.__getitem__, default=None)


def _sign_in(text: str) -> DecimalSign | None:
    match = re.search(r"\d*[.,][\d.,]*", text, re.ASCII)
    if match is None:
        return None
    digits = match[0]
    last: DecimalSign = "," if digits.rfind(",") > digits.rfind(".") else "."
    other: DecimalSign = "." if last == "," else ","
    if other in digits:
        return last
    if digits.count(last) > 1:
        return other
    before, _, after = digits.partition(last)
    in_one_way = len(after) != 3 or len(before) > 3 or before in {"", "0"}  # noqa: PLR2004 - thousands
    return last if in_one_way else None


def number_of(text: str, sign: DecimalSign = ".") -> Decimal:
    """A number as people write it: 1,234.50 or 1.234,50, (3.20) for what is below zero, 12.3 M, and in wide digits.

    Args:
        text: a tidy text.
        sign: what begins the decimals.

    Raises:
        ValueError: it is none, or its signs stand where they cannot.
    """
    if sign == "." and _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    folded = unicodedata.normalize("NFKC", text)
    if folded.startswith("(") and folded.endswith(")"):
        return -number_of(folded[1:-1].strip(), sign)
    match = _NUMBER.fullmatch(_BETWEEN_DIGITS.sub("", folded))
    if match is None:
        raise ValueError("it is no number")
    thousands = "," if sign == "." else "."
    whole, _, decimals = match["digits"].partition(sign)
    groups = whole.split(thousands)
    if thousands in decimals or sign in decimals or any(len(each) != 3 for each in groups[1:]):  # noqa: PLR2004
        raise ValueError("its signs stand where they cannot")
    try:
        number = Decimal(f"{''.join(groups) or 0}.{decimals or 0}e{match['power'] or 0}")
        number *= _SCALES[match["scale"].lower()]
    except (InvalidOperation, KeyError) as trouble:
        raise ValueError("it is no number") from trouble
    return -number if match["sign"] in {"-", "−"} else number
