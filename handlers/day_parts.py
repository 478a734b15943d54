"""Words for days that stand for others, and parts of a period: "oct-nov", "7d", "first week of november".

All of it is text and calendar; what a period is, handlers/period_words.py says.
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date

from handlers.periods import DAYS_OF, ONE_DAY, add_months

Days = tuple[date, date]
"""The first day and the day after the last."""
Whole = Callable[[Sequence[str]], tuple[Days, int] | None]
"""The days of a period at the front of some words, and how many words name it; None for none."""

_ORDINAL_WORDS = (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"))
ORDINALS = {word: n for n, words in enumerate(_ORDINAL_WORDS, 1) for word in words} | {"last": -1, "final": -1}
THIRDS = {"early": 0, "beginning": 0, "start": 0, "mid": 1, "middle": 1, "late": 2, "end": 2}
"""Which third of a month: until the 10th, until the 20th, and after it, as 上旬, 中旬 and 下旬 have it."""
THIRD_DAYS, HALF_MONTH_DAYS = 10, 15
COUNT_MAX = 366
"""So many days has a period at most."""
PIECE_MONTHS = {"month": 1, "quarter": 3, "half": 6}
"""What a longer period has several of; a day and a week are counted in days."""
SHORT = {
    **dict.fromkeys(("h", "hr", "hrs"), "hours"),
    **dict.fromkeys(("d",), "days"),
    **dict.fromkeys(("w", "wk", "wks"), "weeks"),
    **dict.fromkeys(("mo", "mth", "mths", "mos"), "months"),
    **dict.fromkeys(("y", "yr", "yrs"), "years"),
}
SHORT_WEEKDAYS = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "thu": 3,
    "thur": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("ttm|ltm|l12m|t12m"), "last 12 months"),
    (
        re.compile(r"(\d{4}([-/.])\d{1,2}\2\d{1,2})(?:[~–—:至到]|[-/](?=\d{4}))(\d{4}\2\d{1,2}\2\d{1,2})"),
        r"from \1 to \3",
    ),
    (re.compile(r"(\d{4}-\d{2}-\d{2})t\d{2}.*"), r"\1"),
    (re.compile(r"(\d{1,2}/\d{1,2})[-–—~](\d{1,2}/\d{1,2})"), r"from \1 to \2"),
    (re.compile(r"(20\d\d)(\d\d)(\d\d)"), r"\1-\2-\3"),
    (re.compile(r"(\d{1,2})[/.](20\d\d)"), r"\2-\1"),
    (re.compile(r"(20\d\d)[-/]?(q[1-4]|h[12])"), r"\2 \1"),
    (re.compile(r"(q[1-4]|h[12])[-/]?['’]?(?:20)?(\d\d)"), r"\1 20\2"),
    (re.compile(r"(?:(20\d\d)-?)?(?:cw|kw|w)(\d{1,2})(?:[-/](20\d\d))?"), r"week \2 \1\3"),
    (re.compile(r"fy['’]?(?:20)?(\d\d)"), r"fy 20\1"),
    (re.compile(r"(early|mid|late)-([^\W\d]+)"), r"\1 \2"),
    (re.compile(r"['’](\d\d)"), r"20\1"),
)
"""Words that stand for several, and those."""
_SHORT_COUNT = re.compile(r"(\d{1,4})([a-z]{1,4})")
_TWO = re.compile(r"([^\W\d]+)\.?[-–—~]([^\W\d]+)\.?")


def apart(word: str, names: Collection[str], *, led: bool) -> list[str]:
    """The words that one word stands for; empty where it stands for itself.

    Args:
        word: in small letters.
        names: of the months and the days of the week.
        led: whether a word such as "last" stands before it.
    """
    for pattern, stands_for in _FORMS:
        found = pattern.fullmatch(word)
        if found:
            return found.expand(stands_for).split()
    count, two = _SHORT_COUNT.fullmatch(word), _TWO.fullmatch(word)
    if count and count[2] in SHORT:
        return [*([] if led else ["last"]), count[1], SHORT[count[2]]]
    return [two[1], "to", two[2]] if two and all(each in names for each in two.groups()) else []


def part_of(said: Sequence[str], count_of: Callable[[str], int], whole: Whole) -> tuple[Days, int] | None:
    """Days that are a part of a period, as in "first week of november", "last 10 days of october", "mid november".

    Args:
        said: words in small letters.
        count_of: a number in figures or as a word, 0 for none.
        whole: reads the period.

    Returns:
        They and how many words that are, None if it is no such part.
    """
    if said[0] in THIRDS:
        return _third(said, whole)
    number = ORDINALS.get(said[0], 0)
    count = count_of(said[1]) if number and len(said) > 1 else 0
    of = 2 + bool(count)
    if not number or count > COUNT_MAX or said[of : of + 1] != ["of"] or len(said) <= of + 1:
        return None
    found = whole(said[of + 1 :])
    days = _piece(found[0], said[of - 1].removesuffix("s"), number, count or 1) if found else None
    return (days, of + 1 + found[1]) if days and found else None


def _third(said: Sequence[str], whole: Whole) -> tuple[Days, int] | None:
    at = 1 + (said[1:2] == ["of"])
    found = whole(said[at:]) if at < len(said) else None
    if found is None or not 28 <= (found[0][1] - found[0][0]).days <= 31:  # noqa: PLR2004 - a month
        return None
    (first, end), used = found
    third = THIRDS[said[0]]
    until = end if third == max(THIRDS.values()) else first + (third + 1) * THIRD_DAYS * ONE_DAY
    return (first + third * THIRD_DAYS * ONE_DAY, until), at + used


def _piece(days: Days, unit: str, number: int, count: int) -> Days | None:
    """Such as the second week of a period, from its end if the number is below nought; None if it has none."""
    first, end = days
    length = (end - first).days
    if unit == "half" and length <= 31:  # noqa: PLR2004 - a month
        middle = first + HALF_MONTH_DAYS * ONE_DAY
        return {1: (first, middle), 2: (middle, end), -1: (middle, end)}.get(number)
    if unit in DAYS_OF:
        size = DAYS_OF[unit] * count * ONE_DAY
        made = (end - size, end) if number < 0 else (first + (number - 1) * size, first + number * size)
    elif unit in PIECE_MONTHS:
        size_months = PIECE_MONTHS[unit] * count
        made = (
            (add_months(end, -size_months), end)
            if number < 0
            else (add_months(first, (number - 1) * size_months), add_months(first, number * size_months))
        )
    else:
        return None
    made = made[0], min(made[1], end)
    return made if first <= made[0] < made[1] else None
