"""Chinese number words: 五十 is 50, 两百 is 200, 一万二 is 12,000, 二〇二六 is 2026."""

import re

_DIGITS = {each: number for number, each in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}  # noqa: RUF001
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "億": 10**8, "亿": 10**8}
_NUMERAL = "零〇一二两俩三四五六七八九十百千万亿億"
_FOUND = re.compile(rf"(?<![周期拜{_NUMERAL}])(?P<number>[{_NUMERAL}]+)(?P<after>.?)")
_COUNTS = "天日号周月年个页元块美欧英日人条tT"
"""What begins with one of these behind a number is counted by it: days, weeks, yuan, dollars, pages, tokens."""
_YEAR = re.compile(r"[零〇一二三四五六七八九]{4}")


def in_digits(word: str, most: int = 0) -> str:
    """A word with its number words as digits, as far as they certainly are numbers; at most so many, 0 for all.

    A single one before other letters may be a part of a word (一起, 十分), so it stays; so do days of a week (周三).
    """
    return _FOUND.sub(_digits, word, count=most)


def _digits(found: re.Match[str]) -> str:
    number, after = found["number"], found["after"]
    counted = not after or after in _COUNTS
    if not counted and (len(number) == 1 or found.start() > 0):
        return found[0]
    value = int("".join(str(_DIGITS[each]) for each in number)) if _YEAR.fullmatch(number) else value_of(number)
    return found[0] if value is None else f"{value}{after}"


def value_of(number: str) -> int | None:
    """What a number word is worth; None for what is none, such as 万一 or 三五."""
    for sign in "亿億万":
        if sign in number:
            large, _, small = number.partition(sign)
            above = value_of(large)
            if not above or any(each in large for each in _MYRIADS):
                return None
            return _with_rest(above * _MYRIADS[sign], small, _MYRIADS[sign])
    return _below_a_myriad(number)


def _with_rest(value: int, rest: str, unit: int) -> int | None:
    """A number and what follows its unit: 一万二 is 12,000, 一万零二 is 10,002."""
    if not rest:
        return value
    if len(rest) == 1 and rest in _DIGITS and _DIGITS[rest]:
        return value + _DIGITS[rest] * unit // 10
    below = value_of(rest.lstrip("零〇"))
    return None if below is None or below >= unit else value + below


def _below_a_myriad(number: str) -> int | None:
    if number in _DIGITS:
        return _DIGITS[number]
    for sign, unit in sorted(_UNITS.items(), key=lambda pair: -pair[1]):
        if sign in number:
            count, _, rest = number.partition(sign)
            if count and (count not in _DIGITS or not _DIGITS[count]):
                return None
            if not count and (sign != "十"):
                return None
            value = (_DIGITS[count] if count else 1) * unit
            return value + _DIGITS[rest] if unit == 10 and rest in _DIGITS else _with_rest(value, rest, unit)  # noqa: PLR2004 - tens
    return None
