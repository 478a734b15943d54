"""What stands in the cells of a table that a person or a console wrote: days, numbers and money as people write them.

A cell is read by the rule of its column. Where cells could be read in two ways (03/04/2026, 1.234), the other cells of
the column tell which is meant; see `date_order` and `decimal_sign`.
"""

# ruff: noqa: RUF001 - letters of other languages are meant

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from itertools import product
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale

DateOrder = Literal["dmy", "mdy"]
DecimalSign = Literal[".", ","]

EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
MONTHS = 12
FOR_AN_ODD_ONE = 10
EXCEL_DAYS = range(25_569, 73_051)  # 1970 to 2099
_NOTHING = frozenset(
    ("", "-", "--", "–", "—", "n/a", "#n/a", "null", "(null)", "none", "nil", "nan", "\\n", "undefined", "no_manager")
)
_LANGUAGES = tuple(
    "en de fr es pt it nl sv da nb fi is pl cs sk hu ro hr sl bg sr uk ru el tr id ms vi ca et lv lt".split()  # noqa: SIM905
)
_FLAGS = re.IGNORECASE | re.ASCII
_CLOCK = re.compile(
    r"[ T,]+(?:at )?(?P<early>[ap]m )?(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?"
    r"(?: ?\(?(?P<zone>z|(?:utc|gmt)?[+-]\d{1,2}(?::?\d\d)?(?: utc| gmt)?|utc|gmt|[a-z]+/[a-z_/]+)\)?)?$",
    _FLAGS,
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d?):?(?P<minutes>\d\d)?")
_HALVES = re.compile(r" ?(?:(?P<am>上午|午前|오전)|(?P<pm>下午|午後|오후)) ?")
_ERAS = re.compile(r"(?P<era>民國|民国|令和)(?P<year>\d{1,3}|元)(?=年)")
_BEFORE_ERA = {"民國": 1911, "民国": 1911, "令和": 2018}
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:[-/]|\. ?|[年년] ?)(?P<month>\d\d?)(?:[-/]|\. ?|[月월] ?)(?P<day>\d\d?)[日일.]?", _FLAGS
)
_YEAR_LAST = re.compile(
    rf"(?P<a>\d\d?)(?P<by>[-/.])(?P<b>\d\d?)(?P=by)(?P<year>\d{{4}}|\d\d)(?:{_CLOCK.pattern})?", _FLAGS
)
_BEHIND_A_DAY = re.compile(r" ?(?:[(（][月火水木金土日一二三四五六월화수목금토일][)）]|г\.?)$")
_PART = re.compile(
    r"(?P<day>\d\d?)(?:\.|st|nd|rd|th|er|º|°|ª)?(?![^\W_])|(?P<year>\d{4}|['’]\d\d)(?!\d)"
    r"|(?P<word>[^\W\d_]+)\.?|[ ,./-]+"
)
_FILLERS = frozenset(("de", "del", "of", "den", "der", "le", "el", "г", "р", "год", "года", "року", "r", "roku"))
_MONTH = (
    re.compile(r"(?P<year>\d{4})[-/年년]? ?(?P<month>\d\d?)[月월]?", re.ASCII),
    re.compile(r"(?P<month>\d\d?)[/.](?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<name>[^\W\d_]{3,12})\.?[ -](?P<year>\d{4})", re.IGNORECASE),
)
_SINCE_1970 = re.compile(r"(?P<number>\d{10}|\d{13}|\d{16})(?:\.\d+)?", re.ASCII)
_SERIAL = re.compile(r"(?P<days>\d{5})(?:[.,](?P<rest>\d+))?", re.ASCII)
_SCALES = {
    **dict.fromkeys(("k", "tsd", "tsd.", "千", "천"), 10**3),
    **dict.fromkeys(("m", "mn", "mio", "mio.", "mln", "mln.", "million", "百万", "百萬", "백만"), 10**6),
    **dict.fromkeys(("b", "bn", "mrd", "mrd.", "mld", "mld.", "billion", "十亿", "十億"), 10**9),
    **dict.fromkeys(("万", "萬", "만"), 10**4),
    **dict.fromkeys(("亿", "億", "억"), 10**8),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("crore", "crores"), 10**7),
    "": 1,
}
_PLAIN_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d{1,3})?", re.ASCII)
_NUMBER = re.compile(
    r"(?P<sign>[-+−]?) ?(?P<digits>\d[\d.,]*|[.,]\d+)(?:e(?P<power>[-+]?\d{1,3}))? ?"
    r"(?P<scale>[^\W\d_]*\.?)(?P<behind>[-−]?)",
    re.IGNORECASE,
)
_TWOS = re.compile(r"[1-9]\d?(?:,\d\d)+,\d{3}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3})")


def folded(text: str) -> str:
    """A text with the digits and signs of any script and width as ASCII has them."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in plain)


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
    text = folded(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if match := _SINCE_1970.fullmatch(text):
        return datetime.fromtimestamp(int(match["number"]) / 10 ** (len(match["number"]) - 10), UTC)
    if (match := _SERIAL.fullmatch(text)) and int(match["days"]) in EXCEL_DAYS:
        return EXCEL_EPOCH + timedelta(days=float(f"{match['days']}.{match['rest'] or 0}"))
    text = _HALVES.sub(lambda half: " AM " if half["am"] else " PM ", text)
    clock = _CLOCK.search(text)
    day = _day_of(text[: clock.start()] if clock else text, order)
    return _at(day, clock) if clock else day


def _day_of(text: str, order: DateOrder | None) -> datetime:
    text = _ERAS.sub(_common_year, _BEHIND_A_DAY.sub("", text.strip(" ,")))
    if match := _YEAR_FIRST.fullmatch(text):
        return datetime(int(match["year"]), int(match["month"]), int(match["day"]))  # noqa: DTZ001
    if match := _YEAR_LAST.fullmatch(text):
        first, second = _ints(match)
        day_first = match["by"] == "." or order == "dmy"
        if not day_first and order is None and first != second:
            raise ValueError("it could be read in two ways")
        month, day = (second, first) if day_first else (first, second)
        return datetime(_whole_year(match["year"]), month, day)  # noqa: DTZ001
    return _day_in_words(text)


def _day_in_words(text: str) -> datetime:
    """A day whose month has its name, wherever that stands: "Tuesday, November 3rd, 2026", "3 de noviembre de 2026"."""
    days, years, months, at = [], [], [], 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError("it is no day")
        at = part.end()
        word = (part["word"] or "").casefold()
        if part["day"]:
            days.append(part["day"])
        elif part["year"]:
            years.append(part["year"].lstrip("'’"))
        elif word in _months():
            months.append(word)
        elif word and word not in _FILLERS and word not in _weekdays():
            raise ValueError("it is no day")
    if not years and len(days) == 2:  # noqa: PLR2004 - "5-Nov-26"
        years.append(days.pop())
    if len(months) > 1:  # "mar. 3 nov. 2026" is a Tuesday
        months = [each for each in months if each not in _weekdays()]
    if not len(days) == len(years) == len(months) == 1:
        raise ValueError("it is no day")
    return datetime(_whole_year(years[0]), _months()[months[0]], int(days[0]))  # noqa: DTZ001


def _common_year(match: re.Match[str]) -> str:
    return str(_BEFORE_ERA[match["era"]] + (1 if match["year"] == "元" else int(match["year"])))


def _whole_year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)  # noqa: PLR2004


def _at(day: datetime, clock: re.Match[str]) -> datetime:
    """A day at the time that stands behind it, in its zone if it has one."""
    hour, half = int(clock["hour"]), (clock["half"] or clock["early"] or "")[:1].lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    moment = day.replace(hour=hour, minute=int(clock["minute"]), second=int(clock["second"] or 0))
    return moment.replace(tzinfo=_zone_of(clock["zone"])) if clock["zone"] else moment


def _zone_of(text: str) -> tzinfo:
    if match := _OFFSET.search(text):
        away = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return timezone(away if match["sign"] == "+" else -away)
    if "/" in text:
        try:
            return ZoneInfo(text)
        except (KeyError, OSError) as trouble:
            raise ValueError("it is no day") from trouble
    return UTC


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


def _month(name: str) -> int:
    """The number of a month by its name, whole or short, in one of many languages."""
    number = _months().get(name.casefold())
    if number is None:
        raise ValueError("it is no month")
    return number


@cache
def _months() -> dict[str, int]:
    """The months by their names; a name that is another month in another language is none, but for the English."""
    found: dict[str, set[int]] = {}
    english: dict[str, int] = {}
    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for width, form in product(("wide", "abbreviated"), ("format", "stand-alone")):
            for number, name in months[form][width].items():
                plain = name.casefold().rstrip(".")
                found.setdefault(plain, set()).add(number)
                if language == "en":  # any of its months is known by three letters
                    english |= {plain: number, plain[:3]: number}
    certain = {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1 and name.isalpha()}
    return certain | english


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(
        part.rstrip(".")
        for language in _LANGUAGES
        for width, form in product(("wide", "abbreviated", "short"), ("format", "stand-alone"))
        for name in Locale.parse(language).days[form].get(width, {}).values()
        for part in name.casefold().replace("-", " ").split()
    )


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
    """A number as people write it.

    1,234.50 or 1.234,50, India's 1,00,000, (3.20) and 3.20- for what is below zero, 12.3 M; digits of any script.

    Args:
        text: a tidy text.
        sign: what begins the decimals.

    Raises:
        ValueError: it is none, or its signs stand where they cannot.
    """
    if sign == "." and _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    plain = folded(text).replace("٫", sign).replace("٬", "")
    if plain.startswith("(") and plain.endswith(")"):
        return -number_of(plain[1:-1].strip(), sign)
    match = _NUMBER.fullmatch(_BETWEEN_DIGITS.sub("", plain))
    if match is None or (match["sign"] and match["behind"]):
        raise ValueError("it is no number")
    thousands = "," if sign == "." else "."
    whole, _, decimals = match["digits"].partition(sign)
    groups = whole.split(thousands)
    in_threes = all(len(each) == 3 for each in groups[1:])  # noqa: PLR2004
    if thousands in decimals or sign in decimals or not (in_threes or (sign == "." and _TWOS.fullmatch(whole))):
        raise ValueError("its signs stand where they cannot")
    try:
        number = Decimal(f"{''.join(groups) or 0}.{decimals or 0}e{match['power'] or 0}")
        number *= _SCALES[match["scale"].lower()]
    except (InvalidOperation, KeyError) as trouble:
        raise ValueError("it is no number") from trouble
    return -number if (match["sign"] or match["behind"]) in {"-", "−"} else number
