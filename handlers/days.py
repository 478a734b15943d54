"""One day in words: "yesterday", "20 November", "friday", "2026-10-15", "3 days ago"; gone, or to come.

Days are those of the organization's calendar. Months and days of the week are understood in English and in the reader's
language, as the bot itself writes them.
"""

import calendar
import re
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache

from babel.dates import get_date_format, get_day_names, get_month_names

from handlers.context import Context
from handlers.day_parts import SHORT_WEEKDAYS
from handlers.errors import RefusedError
from handlers.parser import nearest_few
from handlers.periods import DAYS_A_WEEK, DAYS_OF, EVERY, ONE_DAY, Every, add_months, month_called

YEARS = range(2000, 2100)
COUNT_MAX = 3660
MONTHS = 12
WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
LAST = ("last", "past", "previous", "trailing", "rolling")
THIS = ("this", "current")
"""Words that lead to a day or a period seen from today."""
END_OF: dict[str, Every] = {"eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
_NUMBER_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"]
NUMBERS = {
    "a": 1,
    "an": 1,
    "couple": 2,
    **{word: number for number, word in enumerate(_NUMBER_WORDS, 1)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
_SHORT_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.?")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?,?")
_NTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")


@lru_cache(maxsize=128)
def months_in(locale: str) -> dict[str, int]:
    """The months by their names, short ones too, in English and in the language of a locale."""
    found = {
        str(name).lower().rstrip("."): number
        for width in ("wide", "abbreviated")
        for context in ("format", "stand-alone")
        for number, name in get_month_names(width, context, locale).items()
        if not str(name).isdecimal()
    }
    found |= {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
    found |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
    return found | {"sept": 9}


@lru_cache(maxsize=128)
def weekdays_in(locale: str) -> dict[str, int]:
    """The days of the week by their names; Monday is 0."""
    found = {str(name).lower(): number for number, name in get_day_names("wide", "format", locale).items()}
    return found | {name: number for number, name in enumerate(WEEKDAYS)}


@lru_cache(maxsize=128)
def weekdays_gone_in(locale: str) -> dict[str, int]:
    """The same with the short names. Of days to come they are not understood: "request 50 sun screens" has none."""
    return weekdays_in(locale) | SHORT_WEEKDAYS


@lru_cache(maxsize=128)
def _order(locale: str) -> tuple[bool, bool]:
    """Whether a locale writes the month before the day with the year in front, and whether it writes dots."""
    pattern = str(get_date_format("short", locale).pattern)
    return pattern.startswith("y"), "." in pattern


def plain(word: str) -> str:
    """A word without its case and the stops behind it."""
    return word.lower().rstrip(",;")


def word_at(said: Sequence[str], at: int) -> str:
    """A word, "" if there are not so many."""
    return said[at] if at < len(said) else ""


def no_day(word: str) -> RefusedError:
    """Why a word is no day, though it looks like one."""
    return RefusedError(
        "There is no day “{word}”. Write days such as 2026-10-15, or 2026-10-01..2026-10-15.", word=word
    )


def check_year(year: int, word: str) -> None:
    """Refuse a year that nobody asks for.

    Raises:
        RefusedError: it is too far away.
    """
    if year not in YEARS:
        raise RefusedError("“{word}” is too far away. Name a day from 2000 to 2099.", word=word)


def date_of(year: int, month: int, day: int, word: str) -> date:
    """A day, if the calendar has it and it is not too far away.

    Raises:
        RefusedError: it is none; `word` is how it was said.
    """
    try:
        made = date(year, month, day)
    except ValueError:
        raise no_day(word) from None
    check_year(year, word)
    return made


# In figures, or as the day of a month ---------------------------------------------------------------------------------


def _dated(said: Sequence[str], ctx: Context, *, to_come: bool) -> tuple[date, int] | None:
    """A day by its date, in figures or with the name of its month; without a year the last one, or the next."""
    word = said[0]
    day = written(word) or _slashed(word, ctx, to_come=to_come) or _dotted(word, ctx, to_come=to_come)
    return (day, 1) if day else of_a_month(said, ctx, to_come=to_come)


def written(word: str) -> date | None:
    """A day in figures with its year, None if it is none.

    Raises:
        RefusedError: the calendar has no such day.
    """
    iso, dotted = _ISO.fullmatch(word), _DOTTED.fullmatch(word)
    if iso:
        return date_of(int(iso[1]), int(iso[2]), int(iso[3]), word)
    if dotted:
        return date_of(int(dotted[3]), int(dotted[2]), int(dotted[1]), word)
    return None


def _slashed(word: str, ctx: Context, *, to_come: bool) -> date | None:
    """A day such as 11/30 or 30/11/2026, which only one reading allows; None if it is no such day.

    Raises:
        RefusedError: nobody knows which number is the month.
    """
    figures = _SLASHED.fullmatch(word)
    if figures is None:
        return None
    one, other = int(figures[1]), int(figures[2])
    if one != other and max(one, other) <= MONTHS and not (_order(ctx.locale)[0] and not figures[3]):
        raise RefusedError("“{word}” could be two days. Write it such as 2026-10-15.", word=word)
    month, day = sorted((one, other)) if max(one, other) > MONTHS else (one, other)
    if not 0 < month <= MONTHS:
        return date_of(int(figures[3] or ctx.today.year), month, day, word)
    return _in_month(month, str(day), figures[3] or "", ctx, to_come=to_come)


def _dotted(word: str, ctx: Context, *, to_come: bool) -> date | None:
    """A day such as 3.11. where the reader's language writes days so, None if it is none."""
    figures = _SHORT_DOTTED.fullmatch(word) if _order(ctx.locale)[1] else None
    if figures is None or not 0 < int(figures[2]) <= MONTHS:
        return None
    return _in_month(int(figures[2]), figures[1], "", ctx, to_come=to_come)


def _in_month(month: int, day: str, year: str, ctx: Context, *, to_come: bool) -> date | None:
    found = of_a_month([day, calendar.month_name[month].lower(), year], ctx, to_come=to_come)
    return found[0] if found else None


def _without_dot(word: str, months: Collection[str]) -> str:
    bare = word.rstrip(".")
    return bare if bare in months else word


def of_a_month(words: Sequence[str], ctx: Context, *, to_come: bool) -> tuple[date, int] | None:
    """Such as "20 November", "November 20", both perhaps with a year; else the last such day, or the next.

    Returns:
        The day and how many words it is, None if they are none.

    Raises:
        RefusedError: the calendar has no such day.
    """
    months = months_in(ctx.locale)
    behind = int(word_at(words, 1) == "of" and len(words) > 2)  # noqa: PLR2004 - "the 20th of November"
    first, second = (_without_dot(word_at(words, at), months) for at in (0, 1 + behind))
    number, name = (first, second) if second in months else (second, first)
    figure = _ORDINAL.fullmatch(number)
    if name not in months or figure is None:
        return None
    used = 2 + behind
    said = " ".join(words[:used])
    named = year_behind([each.rstrip(".") for each in words[used:]], ctx.today.year)
    if named:
        return date_of(named[0], months[name], int(figure[1]), f"{said} {named[0]}"), used + named[1]
    today = ctx.today
    leap = next(year for year in range(today.year, today.year + 9) if calendar.isleap(year))
    date_of(leap, months[name], int(figure[1]), said)  # the 29th of February is a day, if not of each year
    years = range(today.year, today.year + 9) if to_come else range(today.year, today.year - 9, -1)
    for year in years:
        if int(figure[1]) <= calendar.monthrange(year, months[name])[1]:
            day = date(year, months[name], int(figure[1]))
            if (day >= today) if to_come else (day <= today):
                return day, used
    return None


def year_behind(said: Sequence[str], this: int) -> tuple[int, int] | None:
    """A year behind a month, a quarter or a day: "2025", "'25", "of 2025", "last year"; and how many words it is."""
    of = int(said[:1] == ["of"])
    first = word_at(said, of)
    if re.fullmatch(r"\d{4}", first):
        return int(first), of + 1
    if re.fullmatch(r"['’]\d\d", first):
        return 2000 + int(first[1:]), of + 1
    if word_at(said, of + 1) == "year" and first in (*LAST, *THIS):
        return this - (first in LAST), of + 2
    return None


# Gone -----------------------------------------------------------------------------------------------------------------


def day_gone(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """A day that was, or today, and how many words it is; None if they are none.

    Raises:
        RefusedError: there is no such day.
    """
    said = [plain(each) for each in words[:6]]
    if said[0] in ("today", "yesterday"):
        return ctx.today - ONE_DAY * (said[0] == "yesterday"), 1
    ago = _ago(said, ctx)
    if ago:
        return ago
    weekdays, today = weekdays_gone_in(ctx.locale), ctx.today
    if said[0] in weekdays:
        return today - ONE_DAY * ((today.weekday() - weekdays[said[0]]) % DAYS_A_WEEK), 1
    if said[0] in LAST and word_at(said, 1) in weekdays:
        return today - ONE_DAY * ((today.weekday() - weekdays[said[1]] - 1) % DAYS_A_WEEK + 1), 2
    return _dated(said, ctx, to_come=False)


def _ago(said: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """Such as "3 days ago", "a week ago", "the day before yesterday"."""
    if tuple(said[:3]) == ("day", "before", "yesterday"):
        return ctx.today - 2 * ONE_DAY, 3
    count = count_of(said[0])
    days = DAYS_OF.get(unit_of(word_at(said, 1)), 0) * count if word_at(said, 2) == "ago" else 0
    return (ctx.today - days * ONE_DAY, 3) if 0 < days <= COUNT_MAX else None


def nth_gone(word: str, ctx: Context) -> date | None:
    """The day of such as "the 5th": of this month, or of the latest before that had one; None if it is none."""
    nth = _NTH.fullmatch(word)
    if nth is None:
        return None
    firsts = (add_months(ctx.today.replace(day=1), -each) for each in range(MONTHS))
    days = (
        first.replace(day=int(nth[1]))
        for first in firsts
        if 0 < int(nth[1]) <= calendar.monthrange(first.year, first.month)[1]
    )
    return next((each for each in days if each <= ctx.today), None)


def count_of(word: str) -> int:
    """A small number in figures or as a word, 0 if it is none."""
    return int(word[:5]) if word.isdecimal() else NUMBERS.get(word, 0)


def unit_of(word: str) -> str:
    """The unit in "days", without its plural."""
    return word.removesuffix("s")


# To come --------------------------------------------------------------------------------------------------------------


def days_ahead(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """The last day of such as "3 days", "two weeks", "a month", counted from today; None if they are none of it."""
    said = [plain(each).rstrip(":") for each in words[:3]]
    count = count_of(said[0]) if len(said) > 1 else 0
    every = unit_of(said[1]) if count else ""
    if not 0 < count <= COUNT_MAX or "of" in said[2:]:  # "3 days of tests" says what for
        return None
    if every == "month":
        return add_months(ctx.today, count), 2
    return (ctx.today + DAYS_OF[every] * count * ONE_DAY, 2) if every in DAYS_OF else None


def day_to_come(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """A day to come, or today, and how many words it is; None if they are none.

    Raises:
        RefusedError: there is no such day, or it could be two.
    """
    said = [plain(each) for each in words[:6]]
    if said[0] in ("on", "the") and len(said) > 1:
        found = day_to_come(said[1:], ctx)
        return (found[0], found[1] + 1) if found else None
    if said[0] in ("today", "tomorrow"):
        return ctx.today + ONE_DAY * (said[0] == "tomorrow"), 1
    weekdays = weekdays_in(ctx.locale)
    if said[0] in weekdays:
        return _next(ctx.today, weekdays[said[0]]), 1
    if said[0] in ("next", "this") and word_at(said, 1) in weekdays:
        day = _next(ctx.today, weekdays[said[1]])
        if said[0] == "next" and (day - ctx.today).days < DAYS_A_WEEK:
            raise RefusedError(
                "“{words}” could be {one} or {other}. Write the date.",
                words=" ".join(said[:2]),
                one=ctx.day(day),
                other=ctx.day(day + DAYS_A_WEEK * ONE_DAY),
            )
        return day, 2
    if said[0] == "weekend":
        return _next(ctx.today, WEEKDAYS.index("sunday")), 1
    if said[0] in END_OF:
        return ctx.period(ctx.today, END_OF[said[0]]).end - ONE_DAY, 1
    if said[0] == "end":
        return _end_of(said, ctx)
    return _dated(said, ctx, to_come=True)


def is_weekday(said: Sequence[str], ctx: Context) -> bool:
    """Whether a day is said by its name alone, as in "sunday": which one it is depends on what was said before."""
    return said[0].lower() in weekdays_in(ctx.locale)


def _next(today: date, weekday: int) -> date:
    return today + ONE_DAY * ((weekday - today.weekday()) % DAYS_A_WEEK)


def _end_of(said: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """Such as "end of month", "end of the week", "end of december"."""
    named = next((each for each in said[1:] if each not in ("of", "the", "this")), "")
    months = months_in(ctx.locale)
    if named in months:
        ahead = (months[named] - ctx.today.month) % MONTHS
        period = month_called(add_months(ctx.today.replace(day=1), ahead), ctx.policy.calendar)
    elif named in EVERY:
        period = ctx.period(ctx.today, named)
    else:
        return None
    return period.end - ONE_DAY, list(said).index(named) + 1


def looks_like_a_day(words: Sequence[str]) -> bool:
    """Whether words that are no day were probably meant to be one."""
    first = plain(words[0]) if words else ""
    return (
        first[:1].isdecimal()
        or first in ("next", "end", "tomorow", "yesterday", "")
        or bool(nearest_few(first, WEEKDAYS))
    )
