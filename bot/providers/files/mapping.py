"""What the columns of a file mean: rules made ready for one header, and rows read by them."""

# ruff: noqa: RUF001 - letters of other languages are meant

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.column_values import (
    DateOrder,
    DecimalSign,
    date_order,
    decimal_sign,
    folded,
    moment_of,
    month_of,
    needs_order,
    number_of,
    said,
    tidy,
)
from bot.providers.files.charge_rows import (
    MONEY,
    ChargeRow,
    DatedRowError,
    count_of,
    currency_of,
    id_of,
    name_of,
    pico_of,
    spread,
    utc,
)
from bot.providers.files.kinds import KINDS, Kind, Unit, kind_of, unit_of
from bot.providers.files.readers import TextRow, TextTable, UnusableFileError
from bot.providers.files.settings import ColumnRule, FileRules, Meaning
from bot.providers.set_aside import RowError
from handlers.amounts import currencies_of
from handlers.language import N_

LEARNT_FROM_MAX = 1_000
TIER_LETTERS_MAX = 32
"""What is kept of the name of a tier, by which usage of a day is told apart."""
DAY = timedelta(days=1)
IN_TABLES: Mapping[str, str] = {
    **dict.fromkeys(("ft", "ft."), "HUF"),
    **dict.fromkeys(("rp", "rp."), "IDR"),
    "rm": "MYR",
    **dict.fromkeys(("руб", "руб."), "RUB"),
    **dict.fromkeys(("грн", "грн."), "UAH"),
    **dict.fromkeys(("лв", "лв."), "BGN"),
    "tl": "TRY",
    "lei": "RON",
    "원": "KRW",
    "エン": "JPY",
}
"""What means a currency beside an amount in a table, and other things where people talk."""
_UNSURE = {"¥", "￥", "kr", "kr.", "rs", "rs."}
_MONEY = re.compile(
    r"(?P<sign>[-−(]?)\s*(?P<before>[^\d\s.,'()−-][^\d()−-]*?)?\s*(?P<number>[-−]?\s*[.,]?\d(?:[\d.,٫٬'’\s]*\d)?(?:[eE][-+]?\d{1,3})?"
    r"(?:\s?(?:[千万亿萬億]|(?:[kKmMbB]|[mMbB]n|M[Ii][Oo])(?![^\W\d_])))?[-−]?)\s*"
    r"(?P<after>[^\d\s.,'()−-][^\d()−-]*?)?(?P<behind>[-−]?)(?P<close>\)?)"
)
_TITLE_UNIT = re.compile(
    r"(?P<rest>.*?)[\s_]*(?:in )?[(（\[ _]\s*(?:in )?(?P<unit>[^\W\d_]{1,3}\$?|[^\w\s()（）]{1,3})\s*[)）\]]?"
)
_RANGE = re.compile(r"(\d{4}-?\d\d-?\d\d)(?:\.\.|_?to_?|[ _-]+|_-_)(\d{4}-?\d\d-?\d\d)")
PLAIN_DIGITS_MAX = 15
"""So many digits are no more than a row can count."""
SUMS = frozenset(
    (
        *("total", "totals", "grandtotal", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "totalgénéral", "suma"),
        *(
            "totale",
            "totaal",
            "razem",
            "итого",
            "всего",
            "合计",
            "总计",
            "小计",
            "總計",
            "小計",
            "合計",
            "総計",
            "합계",
            "총계",
        ),
    )
)
"""What stands in the row below a table that adds it up: counted, everything would be there twice."""
_COUNTED: tuple[Meaning, ...] = (*KINDS, "tokens")
_DAYS: tuple[Meaning, ...] = ("date", "end")

NO_KINDS = N_("tokens without a cost are priced by their kinds: say tokens_input and tokens_output, or the cost")

Get = Callable[[TextRow], str]


@dataclass(frozen=True, slots=True)
class Signs:
    """How days and numbers of a file are written."""

    decimal: DecimalSign = "."
    order: DateOrder | None = None


def plain(name: str) -> str:
    """A column's name without case, width, blanks and punctuation."""
    return "".join(each for each in tidy(name).casefold() if each.isalnum())


# Columns -------------------------------------------------------------------------------------------------------------


def getter(name: str, columns: Sequence[str]) -> Get | None:
    """How to get at a column, or at what an object in it holds (`labels.team`); None if it is not there.

    Raises:
        UnusableFileError: several columns could be meant.
    """
    if name in columns:
        return lambda row: row[name]
    alike = [each for each in columns if plain(each) == plain(name) and plain(name)]
    if len(alike) > 1:
        raise UnusableFileError(
            f"the columns {' and '.join(alike)} could both be {name}; write the name exactly", "header"
        )
    if alike:
        only = alike[0]
        return lambda row: row[only]
    head = name.rpartition(".")[0]
    while head:
        outer, path = getter(head, columns), name[len(head) + 1 :]
        if outer is not None:
            return lambda row: inside(outer(row), path)
        head = head.rpartition(".")[0]
    return None


def inside(text: str, path: str) -> str:
    """What stands at a path in an object, a list of pairs, or each object of a list."""
    try:
        found = json.loads(text) if text.strip() else None
    except ValueError:
        return ""
    for name in path.split("."):
        if isinstance(found, list) and any(isinstance(each, dict) and "key" in each for each in found):
            found = {each["key"]: each.get("value") for each in found if isinstance(each, dict) and "key" in each}
        if isinstance(found, list):
            found = [each.get(name) for each in found if isinstance(each, dict)]
        elif isinstance(found, dict):
            found = found.get(name)
        else:
            return ""
    if isinstance(found, list):
        return " ".join(str(each) for each in found if each is not None)
    return "" if found is None else str(found)


class _Text:
    """The text of a meaning."""

    def __init__(self, rule: ColumnRule, columns: Sequence[str]) -> None:
        self._rule = rule
        self.column = rule.names[0] if rule.names else "const"
        self.columns = rule.names
        found = [(name, getter(name, columns)) for name in rule.names]
        self._gets = [get for _, get in found if get is not None]
        self.missing = [] if self._gets or rule.const or rule.optional else list(rule.names[:1])
        self.there = bool(self._gets or rule.const or rule.default)
        self._match = re.compile(rule.match) if rule.match else None
        self._words = {plain(word): value for word, value in rule.words.items()}
        self._simple = not (rule.match or rule.words or rule.lower or rule.otherwise == "drop")

    def __call__(self, row: TextRow) -> str | None:
        """What is said, None if the row is to be left out."""
        rule = self._rule
        text = rule.const
        for get in self._gets:
            text = get(row)
            text = text if text.isdigit() and text.isascii() else said(text)  # most cells are counts
            if text:
                break
        if self._simple:
            return text or rule.default
        if self._match and text:
            found = self._match.search(text)
            if found:
                text = next((each for each in found.groups() if each), "")
            elif rule.otherwise != "whole":
                text = ""
        if rule.otherwise == "drop" and not text:
            return None
        if self._words:
            text = self._words.get(plain(text), text)
        text = text or rule.default
        return text.lower() if rule.lower else text


# Rows ----------------------------------------------------------------------------------------------------------------


class Mapped:
    """Rows of one table, read by rules.

    Args:
        rules: what the columns mean.
        table: its header is looked at, and the first rows, to learn how days and numbers are written.
        credit: what a credit costs in US dollars, if the cost is a number of credits; None if nobody said it.
        adds: columns that rows get besides those of the table.

    Raises:
        UnusableFileError: the header lacks a column, or nobody can know how days are written.
    """

    def __init__(
        self, rules: FileRules, table: TextTable, credit: Decimal | None = Decimal(1), adds: Sequence[str] = ()
    ) -> None:
        columns = (*table.columns, *adds)
        self._rules = rules
        self._texts = {
            meaning: _Text(self._constant(rule, columns), columns) for meaning, rule in rules.columns.items()
        }
        missing = [name for text in self._texts.values() for name in text.missing]
        filters = [self._filter(each, columns, missing) for each in (rules.keep, rules.skip, rules.free)]
        self._keep, self._skip, self._free = filters
        self._more = {
            meaning: (
                [_known(n, columns, missing) for n in rule.plus],
                [_known(n, columns, missing) for n in rule.minus],
            )
            for meaning, rule in rules.columns.items()
            if rule.plus or rule.minus
        }
        self._plain = {
            meaning
            for meaning, rule in rules.columns.items()
            if meaning not in self._more and rule.scale == rule.divide == 1 and rule.sign not in ("absolute", "negate")
        }
        if missing:
            raise UnusableFileError(lacking(missing, table.columns), "header")
        if self._says("tokens") and not self._says("cost") and not self._says("kind"):
            raise UnusableFileError(NO_KINDS, "header")
        self._period = _period(rules.period, table.name) if "date" not in rules.columns else None
        self._times = self._credit_price(credit)
        self._title_unit = self._in_title(columns)
        self._told = [(name, get) for name, get in self._texts.items() if get.there]
        self._signs = self._learn(table)
        self._day = lru_cache(1024)(self._when)

    def _says(self, meaning: Meaning) -> bool:
        """Whether anything says this."""
        return meaning in self._texts and self._texts[meaning].there

    def _in_title(self, columns: Sequence[str]) -> str:
        """The currency that stands in the title of the cost, where nothing else says one; "" if none does.

        Raises:
            UnusableFileError: it could be two.
        """
        names = self._texts["cost"].columns if "cost" in self._texts and not self._says("currency") else ()
        titles = [each for each in columns if plain(each) in {plain(name) for name in names}]
        unit = next((unit for title in titles if (unit := unit_of_title(title)[0])), "")
        if unit.casefold() in _UNSURE:
            one, other = _currencies_of(unit)[:2]
            raise UnusableFileError(
                f"costs in {unit} could be {one} or {other}; say currency: {one} or {other} under columns", "header"
            )
        return _currencies_of(unit)[0] if unit else ""

    @staticmethod
    def _constant(rule: ColumnRule, columns: Sequence[str]) -> ColumnRule:
        """`currency: CNY` is the currency itself where there is no such column."""
        if re.fullmatch("[A-Z]{3}", rule.column) and getter(rule.column, columns) is None:
            return rule.model_copy(update={"column": "", "const": rule.column})
        return rule

    @staticmethod
    def _filter(
        words: Mapping[str, Sequence[str]], columns: Sequence[str], missing: list[str]
    ) -> list[tuple[Get, list[str]]]:
        return [(_known(name, columns, missing), [each.casefold() for each in some]) for name, some in words.items()]

    @staticmethod
    def _credit_price(credit: Decimal | None) -> Decimal:
        if credit is None:
            raise UnusableFileError("it counts in credits: say what one costs in US dollars (credit: 0.04)", "header")
        return credit

    def _learn(self, table: TextTable) -> Signs:
        """Read the first rows to know which sign begins the decimals, and all if days could have the month first."""
        told: Mapping[str, DecimalSign] = {"point": ".", "comma": ","}
        sign = told.get(self._rules.decimal) or decimal_sign(
            islice(self._said(table, (*_COUNTED, *MONEY)), LEARNT_FROM_MAX)
        )
        order = self._rules.date_order
        some = islice(self._said(table, _DAYS), LEARNT_FROM_MAX)
        doubtful = next((text for text in some if needs_order(text)), "")
        if order is None and doubtful:
            try:
                order = date_order(self._said(table, _DAYS))
            except ValueError as wrong:
                raise UnusableFileError(f"{wrong}; say date_order: dmy or mdy", "header") from wrong
            if order is None:
                raise UnusableFileError(
                    f"days such as {doubtful} could have the day or the month first; say date_order: dmy or mdy",
                    "header",
                )
        return Signs(sign or table.decimal, order)

    def _said(self, table: TextTable, meanings: Iterable[Meaning]) -> Iterator[str]:
        """What the rows say of some meanings."""
        texts = [self._texts[meaning] for meaning in meanings if meaning in self._texts]
        return (text for _, row in table.rows() if not isinstance(row, RowError) for get in texts if (text := get(row)))

    def read(self, row: TextRow) -> Iterable[ChargeRow]:
        """What a row says; nothing if it is to be left out.

        Raises:
            RowError: something in it cannot be right.
        """
        if self._keep and not all(_holds(get(row), words) for get, words in self._keep):
            return ()
        if self._skip and any(_holds(get(row), words) for get, words in self._skip):
            return ()
        texts: dict[Meaning, str] = {}
        for meaning, get in self._told:
            text = get(row)
            if text is None:
                return ()
            texts[meaning] = text
        if _is_sum(texts):
            return ()
        start, end = self._day(texts.get("date", ""), texts.get("end", ""))
        day = start.date().isoformat()
        try:
            made = self._made(row, texts, day)
            return (made,) if end - start <= DAY else tuple(spread(made, start, end))
        except RowError as wrong:
            raise DatedRowError(wrong, day) from None

    def _made(self, row: TextRow, texts: Mapping[Meaning, str], day: str) -> ChargeRow:
        currency = currency_of(texts["currency"], self._texts["currency"].column) if texts.get("currency") else ""
        cost, currency = self._cost(row, texts, currency)
        listed, currency = self._money(row, texts, "list_cost", currency)
        counts: Mapping[str, Any] = self._counts(row, texts)
        return ChargeRow(
            day=day,
            sub_account=self._id(texts, "team"),
            resource=self._id(texts, "key"),
            subject=self._id(texts, "who"),
            model=self._name(texts, "model"),
            tier=self._name(texts, "tier")[:TIER_LETTERS_MAX],
            currency=currency or "USD",
            cost=cost,
            list_cost=listed,
            **counts,
        )

    def _id(self, texts: Mapping[Meaning, str], meaning: Meaning) -> str:
        return id_of(texts[meaning], self._texts[meaning].column) if texts.get(meaning) else ""

    def _name(self, texts: Mapping[Meaning, str], meaning: Meaning) -> str:
        return name_of(texts[meaning], self._texts[meaning].column) if texts.get(meaning) else ""

    def _when(self, date_said: str, end_said: str) -> tuple[datetime, datetime]:
        """From when until when, as moments of the calendar in which the vendor cuts days."""
        if self._period:
            return self._period
        start = self._moment(date_said, "date")
        if isinstance(start, tuple):
            return start
        if not end_said:
            return start, start + DAY
        end = self._moment(end_said, "end")
        return start, end[1] if isinstance(end, tuple) else end

    def _moment(self, text: str, meaning: Meaning) -> datetime | tuple[datetime, datetime]:
        """A moment, or a whole month."""
        column, zone = self._texts[meaning].column, self._rules.columns[meaning].zone
        wrong = RowError("it is no day; write it as 2026-11-22", column)
        try:
            found = moment_of(text, self._signs.order)
        except (ValueError, OverflowError):
            try:
                first, last = (utc(datetime.combine(each, time())) for each in month_of(text))
            except (ValueError, OverflowError):
                raise wrong from None
            return first, last
        try:
            if zone == "written":
                return utc(found.replace(tzinfo=UTC))
            return utc(found.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) if zone and found.tzinfo else found)
        except (ValueError, OverflowError):
            raise wrong from None

    def _number(self, row: TextRow, text: str, meaning: Meaning) -> Decimal:
        """A number with all that is done to it."""
        rule, column = self._rules.columns[meaning], self._texts[meaning].column
        number = self._read(text, column)
        if meaning in self._more:
            plus, minus = self._more[meaning]
            number += sum(self._each(get, row, column) for get in plus)
            number -= sum(self._each(get, row, column) for get in minus)
        if rule.scale != 1 or rule.divide != 1:
            number = number * rule.scale / rule.divide
        return abs(number) if rule.sign == "absolute" else -number if rule.sign == "negate" else number

    def _each(self, get: Get, row: TextRow, column: str) -> Decimal:
        return sum((self._read(text, column) for text in said(get(row)).split()), Decimal(0))

    def _read(self, text: str, column: str) -> Decimal:
        try:
            return number_of(text, self._signs.decimal)
        except ValueError:
            example = "1234.56" if self._signs.decimal == "." else "1234,56"
            raise RowError("it is no number; write it as {example}", column, example=example) from None

    def _cost(self, row: TextRow, texts: Mapping[Meaning, str], currency: str) -> tuple[int | None, str]:
        """The cost and its currency; a sign such as € beside it says the currency, if nothing else does."""
        if self._free and any(_holds(get(row), words) for get, words in self._free):
            return 0, currency
        cost, currency = self._money(row, texts, "cost", currency)
        if cost is None and texts.get("tokens") and not texts.get("kind"):
            raise RowError(NO_KINDS, "cost")
        return cost, currency

    def _money(
        self, row: TextRow, texts: Mapping[Meaning, str], meaning: Meaning, currency: str
    ) -> tuple[int | None, str]:
        text = texts.get(meaning, "")
        if not text:
            return None, currency
        column = self._texts[meaning].column
        bare = text[0].isdigit() and text[-1].isdigit()  # a sign of a currency stands at one end
        match = None if bare else _MONEY.fullmatch(text)
        marks = [each for each in (match["before"], match["after"]) if each] if match else []
        meant = {mark: _currencies_of(mark) for mark in marks}
        if match and marks and all(meant.values()):
            for mark in marks:
                currency = _agreed(mark, meant[mark], currency or self._title_unit, column)
            text = f"{match['sign']}{match['number']}{match['behind']}{match['close']}"
        currency = currency or self._title_unit
        return pico_of(self._number(row, text, meaning) * self._times, column), currency

    def _counts(self, row: TextRow, texts: Mapping[Meaning, str]) -> Mapping[str, int]:
        """How many of each kind."""
        counts: dict[str, int] = {kind: self._count(row, text, kind) for kind in KINDS if (text := texts.get(kind, ""))}
        if texts.get("tokens"):
            unit = unit_of(texts["unit"]) if texts.get("unit") else Unit(1, "")
            kind = self._kind(texts, unit)
            if unit and not kind and texts.get("unit", "").lower() in {"count", "counts"}:
                kind = "requests"
            if unit and kind:
                counts[kind] = counts.get(kind, 0) + self._count(row, texts["tokens"], "tokens", unit.times)
        return counts

    def _kind(self, texts: Mapping[Meaning, str], unit: Unit | None) -> Kind | Literal[""]:
        if unit and unit.what == "request":
            return "requests"
        told = texts.get("kind")
        if told is None:
            return "tokens_input"
        return next((kind for kind in KINDS if kind == told), kind_of(told))

    def _count(self, row: TextRow, text: str, meaning: Meaning, times: int = 1) -> int:
        is_plain = times == 1 and meaning in self._plain and len(text) <= PLAIN_DIGITS_MAX
        if is_plain and text.isascii() and text.isdigit():
            return int(text)
        number = self._number(row, text, meaning) * times
        if times > 1:  # 0.3333 of a thousand
            number = Decimal(round(number))
        return count_of(number, self._texts[meaning].column)


def _is_sum(texts: Mapping[Meaning, str]) -> bool:
    """Whether a row is the sum below a table, which has no day and says what it is in some column."""
    date_said = texts.get("date", "")
    is_dated = any(each.isdecimal() for each in date_said)
    return not is_dated and any(text and plain(text) in SUMS for text in texts.values())


def unit_of_title(title: str) -> tuple[str, str]:
    """The sign or code of a currency that ends a title, "" if none does, and the rest of it: "Cost (EUR)"."""
    match = _TITLE_UNIT.fullmatch(tidy(title))
    return (match["unit"], match["rest"]) if match and _currencies_of(match["unit"]) else ("", title)


def _known(name: str, columns: Sequence[str], missing: list[str]) -> Get:
    get = getter(name, columns)
    if get is None:
        missing.append(name)
        return lambda _: ""
    return get


def _holds(text: str, words: Iterable[str]) -> bool:
    folded = tidy(text).casefold()
    return any(fnmatchcase(folded, word) for word in words)


@lru_cache(256)
def _currencies_of(mark: str) -> tuple[str, ...]:
    in_tables = IN_TABLES.get(mark.casefold())
    return (in_tables,) if in_tables else currencies_of(folded(mark))


def _agreed(mark: str, may_be: Sequence[str], currency: str, column: str) -> str:
    """The currency of which a sign may be; nobody knows whether ¥ is yuan or yen."""
    if currency and currency not in may_be:
        raise RowError("it is not in {currency}", column, currency=currency)
    if not currency and mark.casefold() in _UNSURE:
        one, other = may_be[:2]
        raise RowError("it could be {one} or {other}; say currency: {one} or {other}", column, one=one, other=other)
    return currency or may_be[0]


def _period(told: str, name: str) -> tuple[datetime, datetime]:
    """The days of a file without days, as told or as its own name says."""
    match = _RANGE.search(told or name.rpartition("/")[2])
    if match is None:
        raise UnusableFileError(
            "it names no days: say which it covers (period: 2026-11-01..2026-11-15), or leave both in its name",
            "header",
        )
    first, last = (date.fromisoformat(each) for each in match.groups())
    midnights = [datetime.combine(each, time(), UTC) for each in (first, last + timedelta(days=1))]
    if midnights[0] >= midnights[1]:
        raise UnusableFileError(f"its days {first} to {last} end before they begin", "header")
    return midnights[0], midnights[1]


def lacking(missing: Sequence[str], columns: Sequence[str]) -> str:
    """What a header lacks, in words."""
    has = f"it has {', '.join(columns) or 'nothing'}"
    return f"it lacks {', '.join(missing)}; {has}" if missing else has


def suggestion(columns: Sequence[str]) -> str:
    """A mapping to paste, with the columns of a file that nothing is known about guessed where their names tell."""
    guesses: dict[Meaning, Any] = {
        "date": ("date", "day", "time", "timestamp", "created", "日期", "时间"),
        "who": ("user", "email", "who", "person", "用户"),
        "model": ("model", "模型"),
        "tokens_input": ("input", "prompt", "输入"),
        "tokens_output": ("output", "completion", "输出"),
        "cost": ("cost", "amount", "spend", "fee", "price", "金额", "费用"),
    }
    found = {
        meaning: next((column for word in words for column in columns if word in column.casefold()), "…")
        for meaning, words in guesses.items()
    }
    pairs = ", ".join(f"{meaning}: {json.dumps(column, ensure_ascii=False)}" for meaning, column in found.items())
    return f"columns: {{{pairs}}}"
