"""Amounts in words: "50", "$1,250.50", "1.250,50 €", "50 dollars", "2M tokens", "50元", "500万 Token".

A number is one word, and no amount is ever guessed: what could be two things is refused with both.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    list_currencies,
)

from handlers.language import N_
from handlers.money import COUNTED, Amount, AmountError

CURRENCIES = frozenset(list_currencies())
PLAIN_CURRENCIES = frozenset(
    {"usd", "eur", "gbp", "cny", "jpy", "inr", "chf", "cad", "aud", "sek", "dkk", "nok", "pln"}
)
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BRL", "NAD", "JMD")
_KRONOR = ("SEK", "NOK", "DKK", "ISK")
_YEN = ("JPY", "CNY")
_YUAN = ("CNY", "JPY", "TWD", "HKD")
SIGNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("$", "dollar", "dollars", "bucks"), _DOLLARS),
    **dict.fromkeys(("€", "euro", "euros", "欧元"), ("EUR",)),
    **dict.fromkeys(("£", "pound", "pounds", "quid", "英镑"), ("GBP", "EGP")),
    "¥": ("CNY", "JPY"),
    **dict.fromkeys(("yen", "円", "日元"), _YEN[:1]),
    **dict.fromkeys(("元", "块", "块钱"), _YUAN),
    **dict.fromkeys(("yuan", "rmb", "人民币"), ("CNY",)),
    **dict.fromkeys(("美元", "美金", "us$"), ("USD",)),
    **dict.fromkeys(("₹", "rs", "rs.", "rupee", "rupees"), ("INR", "PKR", "LKR", "NPR")),
    **dict.fromkeys(("₩", "won"), ("KRW",)),
    **dict.fromkeys(("kr", "kr.", "kronor", "kroner"), _KRONOR),
    **dict.fromkeys(("fr.", "francs"), ("CHF",)),
    "zł": ("PLN",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₴": ("UAH",),
    "₦": ("NGN",),
    "s$": ("SGD",),
    "c$": ("CAD", "NIO"),
    "jp¥": ("JPY",),
    "kč": ("CZK",),
}
"""What a sign or a word may mean; the budget's own currency if that is among them, else the first."""

SCALES = {"k": 10**3, "m": 10**6, "b": 10**9, "bn": 10**9}
SCALE_WORDS = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("crore", "crores"), 10**7),
}
SCALES_CHINESE = {"百": 10**2, "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8}
PIECES = {"token": "tokens", "tokens": "tokens", "credit": "credits", "credits": "credits"}
FOLLOWS_A_UNIT = frozenset({"until", "for", "of", "to", "from", "till"})

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0xFFE0: "¢",
    0xFFE1: "£",
    0xFFE5: "¥",
    0xFFE6: "₩",
    0x3000: " ",
    0x212A: "K",  # the Kelvin sign is a K wherever it is written small
    0x2212: "-",
    0x066B: "٫",
}
BLANKS = "\u00a0\u202f\u2009\u2007"
_FORMATS = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_FIGURE = re.compile(
    rf"(?P<before>[^\d]*?)(?P<minus>[-−]?)(?P<number>(?:[.,]\d+|\d(?:[\d.,٫٬'’_{BLANKS}]*\d)?))(?P<after>.*)", re.DOTALL
)
_WRITTEN = re.compile(rf"\D{{0,8}}\d[\d.,٫٬'’_{BLANKS}]*\D{{0,12}}")
_APART = re.compile(rf"(?<!\d)[{BLANKS}]+|[{BLANKS}]+(?!\d)")
_THREES = re.compile(r"[1-9]\d{0,2}(?:(?P<sign>[.,'’_ ])\d{3})(?:(?P=sign)\d{3})*")
_TWOS = re.compile(r"[1-9]\d?(?:,\d\d)*,\d{3}")
_STOPS = ".,:;!?。、"
WHOLE_DIGITS = 3
_BY_TWOS = frozenset({"INR", "PKR", "NPR", "BDT", "LKR"})
_ENGLISH = Locale.parse("en_US")


def half_width(word: str) -> str:
    """A word without full-width letters, with digits as we write them, and without marks that cannot be seen."""
    plain = _FORMATS.sub("", word.translate(_HALF_WIDTH))
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in plain)


def split_words(text: str) -> list[str]:
    """The words of a text. An amount is one word, also with blanks in it that do not break."""
    chunks = re.split(rf"[^\S{BLANKS}]+", text)
    return [each for chunk in chunks for each in ([chunk] if _WRITTEN.fullmatch(chunk) else chunk.split()) if each]


def taken_apart(word: str) -> list[str]:
    """The words of one that blanks hold together, but for what stands between digits."""
    return [each for each in _APART.split(word) if each]


def _bare(sign: str) -> str:
    """A sign without blanks and without marks that cannot be seen."""
    return re.sub(f"[ {BLANKS}]", "", _FORMATS.sub("", sign))


def read_amount(words: str, locale: str = "en_US", own: str = "") -> Amount | None:
    """An amount in words, such as "400 USD", "$1,250.50", "100M tokens" or "50"; None if it is none.

    Args:
        words: nothing but the amount.
        locale: of whoever wrote it: where it has a decimal comma, "12,5" is twelve and a half.
        own: the currency of the budgets, which "$" means where that is its sign.

    Raises:
        AmountError: it could be two things.
    """
    said = split_words(words)
    taken = take_amount(said, locale, own) if said else None
    return taken[0] if taken and taken[1] == len(said) else None


def take_amount(words: Sequence[str], locale: str, own: str) -> tuple[Amount, int] | None:
    """The amount at the front of some words and how many of them it is, or None; as read_amount.

    Raises:
        AmountError: it is a number that nobody writes so, or that could be two things.
    """
    said = [half_width(each) for each in words[:4]]
    lead = unit_of(said[0].lstrip("-"), locale, own) if len(said) > 1 and not re.search(r"\d", said[0]) else ""
    used = 1 if lead else 0
    minus_first = used and said[0].startswith("-")
    figure = _FIGURE.fullmatch(said[used].strip(BLANKS))
    if figure is None:
        return None
    before, after = figure["before"].strip(BLANKS), figure["after"].strip(BLANKS)
    negative = bool(minus_first or figure["minus"] or before.startswith("-"))
    sign = unit_of(before.strip("-" + BLANKS), locale, own) if before.strip("-" + BLANKS) else ""
    tail = _Tail.of(after, locale, own)
    if sign is None or tail is None:
        return None
    used += 1
    if not tail.ended:
        tail, used = tail.with_next(said, used, locale, own)
    named = {each for each in (lead, sign, tail.unit) if each}
    if len(named) > 1 or (lead and sign):
        raise AmountError(N_("“{words}” names two currencies. Write such as 50 USD."), words=" ".join(words[:used]))
    number = _number(figure["number"], locale, named.pop() if (unit := "".join(named)) else own, scaled=tail.factor > 1)
    _refuse_halves(words, said, used, locale, plain=not (unit or tail.factor > 1))
    value = number * tail.factor
    return Amount(-value if negative else value, unit), used


@dataclass(frozen=True, slots=True)
class _Tail:
    """What stands behind a number: by how much it is to be multiplied, of what it is, whether a stop ended it."""

    factor: int = 1
    unit: str = ""
    ended: bool = False

    @classmethod
    def of(cls, glued: str, locale: str, own: str) -> "_Tail | None":
        """The letters that stand right behind a number; None if they are none of it."""
        letters = glued if _known(glued, locale, own) else glued.rstrip(_STOPS)
        ended = letters != glued
        if not letters:
            return cls(ended=ended)
        whole = unit_of(letters, locale, own)
        if whole:
            return cls(unit=whole, ended=ended)
        for cut in range(len(letters), -1, -1):
            unit = unit_of(letters[cut:].strip(BLANKS), locale, own) if letters[cut:] else ""
            if unit is None:
                continue
            factor = scale_of(letters[:cut].strip(BLANKS), locale, joined=True) if cut else 1
            if factor:
                return cls(factor, unit, ended)
        return None

    def with_next(self, said: Sequence[str], used: int, locale: str, own: str) -> tuple["_Tail", int]:
        """With the words that follow the number, as far as they are a scale or a unit."""
        factor, unit = self.factor, self.unit
        if factor == 1 and not unit and used < len(said):
            word = said[used].rstrip(_STOPS)
            scale = scale_of(word, locale, joined=False) or scale_of(said[used], locale, joined=False)
            if scale:
                factor, used = scale, used + 1
        if not unit and used < len(said):
            word = said[used] if _known(said[used], locale, own) else said[used].rstrip(_STOPS)
            # "50 token refresh" is money for a token refresh; "50 try" is no Turkish money.
            alone = used + 1 >= len(said) or said[used + 1].lower() in FOLLOWS_A_UNIT or not said[used + 1].isascii()
            if word.lower() not in ("token", "credit") or alone:
                unit = unit_of(word, locale, own) or ""
                used += bool(unit)
        return _Tail(factor, unit), used


def _known(word: str, locale: str, own: str) -> bool:
    return bool(word) and bool(unit_of(word, locale, own) or scale_of(word, locale, joined=True))


def unit_of(word: str, locale: str, own: str) -> str | None:
    """The unit that a word or a sign names, None if it names none.

    A currency in small letters counts only if it is no English word. A sign that several currencies have means the
    budget's own, where it is among them.
    """
    word = _bare(word)
    lower = word.lower()
    if lower in PIECES:
        return PIECES[lower]
    if own and own not in COUNTED and word == _bare(get_currency_symbol(own, locale)):
        return own
    meant = SIGNS.get(lower)
    if meant:
        return own if own in meant else meant[0]
    if word.upper() in CURRENCIES and (word.isupper() or lower in PLAIN_CURRENCIES):
        return word.upper()
    return _symbols(locale).get(word)


def currencies_of(mark: str) -> tuple[str, ...]:
    """All currencies that a sign, a word or a code may mean, the most usual first; none if it means none."""
    bare = _bare(mark)
    unit = unit_of(bare, "en_US", "")
    return SIGNS.get(bare.lower()) or ((unit,) if unit and unit not in COUNTED else ())


@lru_cache(maxsize=256)
def _symbols(locale: str) -> dict[str, str]:
    """The signs of all currencies as a locale writes them, and as English does where it has no other use for one."""
    known = [*_ENGLISH.currency_symbols.items(), *Locale.parse(locale).currency_symbols.items()]
    return {_bare(str(sign)): code for code, sign in known if code in CURRENCIES and not str(sign).isalpha()}


def scale_of(word: str, locale: str, *, joined: bool) -> int:
    """By how much a word multiplies, such as "k", "million" or "万"; 0 if it is no such word.

    Args:
        word: without its number.
        locale: of the reader, who may abbreviate otherwise.
        joined: it stands right behind the number; a single letter counts only there.

    Raises:
        AmountError: the letter means one thing in the reader's language and another in English.
    """
    lower = word.lower()
    general = {**SCALE_WORDS, **SCALES_CHINESE, **(SCALES if joined else {})}.get(lower, 0)
    local = _scales(locale).get(lower, 0)
    if not joined and local and not general:
        return local if len(lower.strip(".")) > 1 else 0
    if local and general and local != general:
        one, other = (format_decimal(each, locale=locale) for each in sorted((local, general)))
        raise AmountError(
            N_("“{word}” could be {one} or {other}. Write the number in full."), word=word, one=one, other=other
        )
    return local or general


@lru_cache(maxsize=256)
def _scales(locale: str) -> dict[str, int]:
    """How a locale abbreviates thousands, millions and so on: what show_amount writes must be read as that."""
    found: dict[str, set[int]] = {}
    for forms in Locale.parse(locale).compact_decimal_formats["short"].values():
        for size, pattern in forms.items():
            text = str(pattern.pattern).split(";")[0]
            letters = _FORMATS.sub("", re.sub(r"[0#]+|'", "", text)).strip(f" {BLANKS}").lower()
            if letters and "0" in text:
                found.setdefault(letters, set()).add(int(size) // 10 ** (text.count("0") - 1))
    return {letters: sizes.pop() if len(sizes) == 1 else 0 for letters, sizes in found.items()}


def _number(word: str, locale: str, unit: str, *, scaled: bool) -> Decimal:
    """The number that a word is.

    Raises:
        AmountError: nobody writes a number so, or it could be two.
    """
    plain = re.sub(f"[{BLANKS}]", " ", word).replace("’", "'").replace("٬", "'").replace("٫", ".")
    kinds = sorted({each for each in plain if not each.isdecimal()}, key=plain.rindex)
    if not kinds:
        return Decimal(plain)
    last = kinds[-1]
    whole, _, rest = plain.rpartition(last)
    if len(kinds) == 1 and last in ".," and plain.count(last) == 1:
        return _one_sign(word, whole, last, rest, locale, unit, scaled=scaled)
    if len(kinds) == 1:
        return _grouped(word, plain, locale, unit)
    if len(kinds) == 2 and last in ".," and plain.count(last) == 1:  # noqa: PLR2004 - one for groups, one for cents
        return _grouped(word, whole, locale, unit) + Decimal(f"0.{rest}")
    raise _unreadable(word)


def _grouped(word: str, whole: str, locale: str, unit: str) -> Decimal:
    """A whole number in groups of three, or as India groups, where the reader does or rupees are meant."""
    indian = unit in _BY_TWOS or Locale.parse(locale).decimal_formats[None].grouping == (3, 2)
    if not (_THREES.fullmatch(whole) or (indian and _TWOS.fullmatch(whole))):
        raise _unreadable(word)
    return Decimal("".join(each for each in whole if each.isdecimal()))


def _one_sign(word: str, whole: str, sign: str, rest: str, locale: str, unit: str, *, scaled: bool) -> Decimal:
    """A number with one point or one comma: cents behind it, or thousands, or nobody knows."""
    small = Decimal(f"{whole or 0}.{rest}")
    if len(rest) != WHOLE_DIGITS or not _THREES.fullmatch(f"{whole}{sign}{rest}"):
        return small
    large = Decimal(f"{whole}{rest}")
    digits = 0 if unit in COUNTED else get_currency_precision(unit or "USD")
    if sign == get_group_symbol(locale) and not scaled:
        return large
    if sign == get_decimal_symbol(locale) and digits >= WHOLE_DIGITS and not scaled:
        return small
    one, other = (format_decimal(each, format="#,##0.00#", locale=locale) for each in (small, large))
    raise AmountError(
        N_("“{word}” could be {one} or {other}. Write {large} or {small}."),
        word=word,
        one=one,
        other=other,
        large=format_decimal(large, format="0", locale=locale),
        small=format_decimal(small, format="0.00" if not scaled else "0.0##", locale=locale),
    )


def _unreadable(word: str) -> AmountError:
    return AmountError(N_("I can't read “{word}” as a number. Write it such as 1250.50."), word=word)


def _refuse_halves(words: Sequence[str], said: Sequence[str], used: int, locale: str, *, plain: bool) -> None:
    """Where a blank groups digits, "1 250" may be one number that a keyboard or a chat took apart."""
    if not plain or used >= len(said) or not re.fullmatch(r"\d{1,3}", said[used - 1]):
        return
    whole = get_group_symbol(locale) in BLANKS and re.match(r"\d{3}(?!\d)", said[used])
    if whole or re.fullmatch(r"\d{3}[.,]\d\d?\D*", said[used]):
        one, other = words[used - 1], f"{words[used - 1]}{words[used]}"
        raise AmountError(N_("Is that {one} or {other}? Write the number without blanks."), one=one, other=other)
