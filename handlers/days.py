"""Days in words: "yesterday", "last 7 days", "since 1 November", "20 November", "october", "q4", "2026-10-15".

Days are those of the organization's calendar. Months and days of the week are understood in English and in the reader's
language, as the bot itself writes them.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_skeleton, get_date_format, get_day_names, get_month_names

from handlers.context import Context
from handlers.day_parts import ORDINALS, SHORT_WEEKDAYS, Days, apart, part_of
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.language import N_
from handlers.parser import nearest_few
from handlers.periods import Every, Period, add_months, called_after, month_called

ONE_DAY = timedelta(days=1)
YEARS = range(2000, 2100)
COUNT_MAX = 3660
OFFERS_MAX = 3
WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
LAST = ("last", "past", "previous", "trailing", "rolling")
THIS = ("this", "current")
TO = ("to", "until", "till", "through", "thru", "-", "–", "—", "~")
AND = ("and", "&", "+")
NOW = ("now", "date")
STARTS = ("start", "beginning")
HOURS = ("hour", "hours", "morning", "afternoon", "evening", "night", "tonight")
FISCAL = ("fiscal", "financial")
SOON = timedelta(days=31)
SPANS: dict[tuple[str, str], str] = {
    ("this", "day"): N_("today"),
    ("this", "week"): N_("this week"),
    ("this", "month"): N_("this month"),
    ("this", "quarter"): N_("this quarter"),
    ("this", "year"): N_("this year"),
    ("last", "day"): N_("yesterday"),
    ("last", "week"): N_("last week"),
    ("last", "month"): N_("last month"),
    ("last", "quarter"): N_("last quarter"),
    ("last", "year"): N_("last year"),
}
EVERY: tuple[Every, ...] = ("day", "week", "month", "quarter", "year")
SIZES = {"day": 1, "week": 7}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
_RANGE = re.compile(r"(.+?)(?:\.\.\.?|…)(.+)")
_SHORT_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.?")
_NTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_QUARTER = re.compile(r"q([1-4])")
_HALF = re.compile(r"h([12])")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?,?")
_DAY = r"(?P<{}>\d{{1,2}})(?:st|nd|rd|th|\.)?"
_TO = r"(?: ?[-–] ?| to | until | till | through )"
_FROM_TO = _DAY.format("first") + _TO + _DAY.format("last")
_DAYS_OF_A_MONTH = (
    re.compile(rf"{_FROM_TO} (?:of )?(?P<month>\S+?)\.?(?: (?P<year>\d{{4}}))?(?= |$)"),
    re.compile(rf"(?P<month>\S+?)\.? {_FROM_TO}(?: (?P<year>\d{{4}}))?(?= |$)"),
)
_NUMBER_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"]
NUMBERS = {
    "a": 1,
    "an": 1,
    "couple": 2,
    **{word: number for number, word in enumerate(_NUMBER_WORDS, 1)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
}
TO_DATE: dict[str, Every] = {"wtd": "week", "mtd": "month", "qtd": "quarter", "ytd": "year"}
END_OF: dict[str, Every] = {"eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
WEEKEND_DAYS = 2
LEAP_WEEKS = 8
"""In so many years there is one with 53 weeks."""
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` until before `end`.

    Args:
        first: the first day.
        end: the day after the last.
        label: how the reader calls them.
        words: by which somebody named them, for a sentence that names them again.
    """

    first: date
    end: date
    label: str
    words: str = ""


@lru_cache(maxsize=128)
def _months(locale: str) -> dict[str, int]:
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
def _weekdays(locale: str) -> dict[str, int]:
    found = {str(name).lower(): number for number, name in get_day_names("wide", "format", locale).items()}
    return found | {name: number for number, name in enumerate(WEEKDAYS)}


@lru_cache(maxsize=128)
def _weekdays_gone(locale: str) -> dict[str, int]:
    """The same with the short names. Of days to come they are not understood: "request 50 sun screens" has none."""
    return _weekdays(locale) | SHORT_WEEKDAYS


@lru_cache(maxsize=128)
def _order(locale: str) -> tuple[bool, bool]:
    """Whether a locale writes the month before the day with the year in front, and whether it writes dots."""
    pattern = str(get_date_format("short", locale).pattern)
    return pattern.startswith("y"), "." in pattern


def _plain(word: str) -> str:
    return word.lower().rstrip(",;")


# A single day ---------------------------------------------------------------------------------------------------------


def _date(year: int, month: int, day: int, word: str) -> date:
    try:
        made = date(year, month, day)
    except ValueError:
        raise RefusedError(
            "There is no day “{word}”. Write days such as 2026-10-15, or 2026-10-01..2026-10-15.", word=word
        ) from None
    if year not in YEARS:
        raise RefusedError("“{word}” is too far away. Name a day from 2000 to 2099.", word=word)
    return made


def _written(word: str) -> date | None:
    """A day in figures, None if it is none.

    Raises:
        RefusedError: the calendar has no such day, or nobody knows which number is the month.
    """
    iso, dotted = _ISO.fullmatch(word), _DOTTED.fullmatch(word)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]), word)
    if dotted:
        return _date(int(dotted[3]), int(dotted[2]), int(dotted[1]), word)
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
        return _date(int(figures[3] or ctx.today.year), month, day, word)
    name = calendar.month_name[month].lower()
    found = _of_a_month([str(day), name, figures[3] or ""], ctx, to_come=to_come)
    return found[0] if found else None


def _dotted(word: str, ctx: Context, *, to_come: bool) -> date | None:
    """A day such as 3.11. where the reader's language writes days so, None if it is none."""
    figures = _SHORT_DOTTED.fullmatch(word) if _order(ctx.locale)[1] else None
    if figures is None or not 0 < int(figures[2]) <= MONTHS:
        return None
    found = _of_a_month([figures[1], calendar.month_name[int(figures[2])].lower()], ctx, to_come=to_come)
    return found[0] if found else None


def _of_a_month(words: Sequence[str], ctx: Context, *, to_come: bool) -> tuple[date, int] | None:
    """Such as "20 November", "November 20", both perhaps with a year; else the last such day, or the next."""
    if len(words) < 2:  # noqa: PLR2004 - a day and a month
        return None
    months = _months(ctx.locale)
    first, second = (each.rstrip(".") if each.rstrip(".") in months else each for each in words[:2])
    behind = 1 if second == "of" and len(words) > 2 else 0  # noqa: PLR2004 - "the 20th of November"
    second = words[2].rstrip(".") if behind else second
    number, name = (first, second) if second in months else (second, first)
    figure = _ORDINAL.fullmatch(number)
    if name not in months or figure is None:
        return None
    used = 2 + behind
    said = " ".join(words[:used])
    named = _year_behind([each.rstrip(".") for each in words[used:]], ctx.today.year)
    if named:
        return _date(named[0], months[name], int(figure[1]), f"{said} {named[0]}"), used + named[1]
    today = ctx.today
    leap = next(year for year in range(today.year, today.year + 9) if calendar.isleap(year))
    _date(leap, months[name], int(figure[1]), said)  # the 29th of February is a day, if not of each year
    years = range(today.year, today.year + 9) if to_come else range(today.year, today.year - 9, -1)
    for year in years:
        if int(figure[1]) <= calendar.monthrange(year, months[name])[1]:
            day = date(year, months[name], int(figure[1]))
            if (day >= today) if to_come else (day <= today):
                return day, used
    return None


def _year_behind(said: Sequence[str], this: int) -> tuple[int, int] | None:
    """A year behind a month, a quarter or a day: "2025", "'25", "of 2025", "last year"; and how many words it is."""
    of = int(said[:1] == ["of"])
    first = said[of] if len(said) > of else ""
    if re.fullmatch(r"\d{4}", first):
        return int(first), of + 1
    if re.fullmatch(r"['’]\d\d", first):
        return 2000 + int(first[1:]), of + 1
    if said[of + 1 : of + 2] == ["year"] and first in (*LAST, *THIS):
        return this - (first in LAST), of + 2
    return None


def day_gone(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """A day that was, or today, and how many words it is; None if they are none.

    Raises:
        RefusedError: there is no such day.
    """
    said = [_plain(each) for each in words[:6]]
    if said[0] in ("today", "yesterday"):
        return ctx.today - ONE_DAY * (said[0] == "yesterday"), 1
    ago = _ago(said, ctx)
    if ago:
        return ago
    weekdays = _weekdays_gone(ctx.locale)
    if said[0] in weekdays:
        return ctx.today - ONE_DAY * ((ctx.today.weekday() - weekdays[said[0]]) % 7), 1
    if said[0] in LAST and len(said) > 1 and said[1] in weekdays:
        return ctx.today - ONE_DAY * ((ctx.today.weekday() - weekdays[said[1]] - 1) % 7 + 1), 2
    written = _written(said[0]) or _slashed(said[0], ctx, to_come=False) or _dotted(said[0], ctx, to_come=False)
    return (written, 1) if written else _of_a_month(said, ctx, to_come=False)


def _ago(said: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """Such as "3 days ago", "a week ago", "the day before yesterday"."""
    if tuple(said[:3]) == ("day", "before", "yesterday"):
        return ctx.today - 2 * ONE_DAY, 3
    count = count_of(said[0])
    if not count or len(said) < 3 or said[2] != "ago":  # noqa: PLR2004 - a number, of what, and "ago"
        return None
    every = said[1].removesuffix("s")
    days = SIZES.get(every, 0) * count
    if not 0 < days <= COUNT_MAX:
        return None
    return ctx.today - days * ONE_DAY, 3


def count_of(word: str) -> int:
    """A small number in figures or as a word, 0 if it is none."""
    return int(word[:5]) if word.isdecimal() else NUMBERS.get(word, 0)


def days_ahead(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """The last day of such as "3 days", "two weeks", "a month", counted from today; None if they are none of it."""
    said = [_plain(each).rstrip(":") for each in words[:3]]
    count = count_of(said[0]) if len(said) > 1 else 0
    every = said[1].removesuffix("s") if count else ""
    if not 0 < count <= COUNT_MAX or "of" in said[2:]:  # "3 days of tests" says what for
        return None
    if every == "month":
        return add_months(ctx.today, count), 2
    return (ctx.today + SIZES[every] * count * ONE_DAY, 2) if every in SIZES else None


def day_to_come(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """A day to come, or today, and how many words it is; None if they are none.

    Raises:
        RefusedError: there is no such day, or it could be two.
    """
    said = [_plain(each) for each in words[:6]]
    if said[0] in ("on", "the") and len(said) > 1:
        found = day_to_come(said[1:], ctx)
        return (found[0], found[1] + 1) if found else None
    if said[0] in ("today", "tomorrow"):
        return ctx.today + ONE_DAY * (said[0] == "tomorrow"), 1
    weekdays = _weekdays(ctx.locale)
    if said[0] in weekdays:
        return _next(ctx.today, weekdays[said[0]]), 1
    if said[0] in ("next", "this") and len(said) > 1 and said[1] in weekdays:
        day = _next(ctx.today, weekdays[said[1]])
        if said[0] == "next" and (day - ctx.today).days < len(WEEKDAYS):
            raise RefusedError(
                "“{words}” could be {one} or {other}. Write the date.",
                words=" ".join(said[:2]),
                one=ctx.day(day),
                other=ctx.day(day + 7 * ONE_DAY),
            )
        return day, 2
    if said[0] == "weekend":
        return _next(ctx.today, WEEKDAYS.index("sunday")), 1
    if said[0] in END_OF:
        return ctx.period(ctx.today, END_OF[said[0]]).end - ONE_DAY, 1
    if said[0] == "end":
        return _end_of(said, ctx)
    written = _written(said[0]) or _slashed(said[0], ctx, to_come=True) or _dotted(said[0], ctx, to_come=True)
    return (written, 1) if written else _of_a_month(said, ctx, to_come=True)


def is_weekday(said: Sequence[str], ctx: Context) -> bool:
    """Whether a day is said by its name alone, as in "sunday": which one it is depends on what was said before."""
    return said[0].lower() in _weekdays(ctx.locale)


def _next(today: date, weekday: int) -> date:
    return today + ONE_DAY * ((weekday - today.weekday()) % 7)


def _end_of(said: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """Such as "end of month", "end of the week", "end of december"."""
    rest = [each for each in said[1:] if each not in ("of", "the", "this")]
    months = _months(ctx.locale)
    if rest and rest[0] in months:
        ahead = (months[rest[0]] - ctx.today.month) % MONTHS
        first = add_months(ctx.today.replace(day=1), ahead)
        return month_called(first, ctx.policy.calendar).end - ONE_DAY, list(said).index(rest[0]) + 1
    if not rest or rest[0] not in EVERY:
        return None
    end = ctx.period(ctx.today, rest[0]).end
    return end - ONE_DAY, list(said).index(rest[0]) + 1


def looks_like_a_day(words: Sequence[str]) -> bool:
    """Whether words that are no day were probably meant to be one."""
    first = _plain(words[0]) if words else ""
    return (
        first[:1].isdecimal()
        or first in ("next", "end", "tomorow", "yesterday", "")
        or bool(nearest_few(first, WEEKDAYS))
    )


# Several days ---------------------------------------------------------------------------------------------------------


def span_of(words: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Which days some words at the front name, and how many words that are; None if they name none.

    Raises:
        RefusedError: they are no days, or none that could be meant.
    """
    said = [_plain(each) for each in words]
    found = _since(said, ctx) or _joined(said, ctx)
    if found is None and len(said[0]) > 4:  # noqa: PLR2004 - short words are near all
        near = nearest_few(said[0], [*(each for each in _months("en") if len(each) > 4), "today", "yesterday"])  # noqa: PLR2004
        if near:
            raise MeantOtherwiseError(
                "I don't know “{word}”. Did you mean “{meant}”?",
                1,
                tuple(near[:OFFERS_MAX]),
                word=words[0],
                meant="”, “".join(near[:OFFERS_MAX]),
            )
    return found


def _one(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """The days that the words at the front name by themselves, without what may join others to them."""
    if not said:
        return None
    if said[0] == "the" and len(said) > 1:
        found = _one(said[1:], ctx)
        return (found[0], found[1] + 1) if found else None
    whole = _written_apart(said, ctx)
    if whole != said:
        found = _since(whole, ctx) or _joined(whole, ctx)
        more = len(whole) - len(said)
        return (found[0], found[1] - more) if found and found[1] > more else None
    _refuse_to_come(said, ctx)
    _refuse_hours(said)
    return (
        _weekend(said, ctx)
        or _before_last(said, ctx)
        or _of_a_week(said, ctx)
        or _ever(said, ctx)
        or _to_date(said, ctx)
        or _part(said, ctx)
        or _same(said, ctx)
        or _last(said, ctx)
        or _count(said, ctx)
        or _range(said, ctx)
        or _days_of_a_month(said, ctx)
        or _week(said, ctx)
        or _day(said, ctx)
        or _nth(said, ctx)
        or _periods_ago(said, ctx)
        or _month(said, ctx)
        or _quarter_or_year(said, ctx)
        or _fiscal(said, ctx)
    )


def _written_apart(said: Sequence[str], ctx: Context) -> Sequence[str]:
    """The same with a word taken apart that stands for several, and without one that says nothing."""
    at = int(said[0] in (*LAST, *THIS) and len(said) > 1)
    if said[at] in FISCAL and said[at + 1 : at + 2] in (["year"], ["quarter"]):
        return [*(said[:at] or ["this"]), *said[at + 1 :]]
    if said[at] == "fiscal" and re.fullmatch(r"20\d\d", (said[at + 1 : at + 2] or [""])[0]):
        return [*said[:at], "fy", *said[at + 1 :]]
    if not at and (bare := _without_its_kind(said, ctx)):
        return bare
    if said[at] == "calendar" and said[at + 1 : at + 2] == ["week"]:
        return [*said[:at], *said[at + 1 :]]
    if said[at] == "couple" and said[at + 1 : at + 2] == ["of"]:
        return [*said[:at], "2", *said[at + 2 :]]
    words = apart(said[at], _months(ctx.locale).keys() | _weekdays_gone(ctx.locale).keys(), led=bool(at))
    return [*said[:at], *words, *said[at + 1 :]] if words else said


def _without_its_kind(said: Sequence[str], ctx: Context) -> Sequence[str]:
    """The same without what it is, as in "month of october", "calendar year 2025"; empty where nothing says it."""
    kind = 1 if said[0] in ("month", "year") else 2 if tuple(said[:2]) == ("calendar", "year") else 0
    behind = kind + (said[kind : kind + 1] == ["of"])
    named = said[behind] if kind and len(said) > behind else ""
    return said[behind:] if named in _months(ctx.locale) or re.fullmatch(r"20\d\d", named) else []


def _joined(said: Sequence[str], ctx: Context, *, and_is_to: bool = False) -> tuple[Span, int] | None:
    """Some days, and those up to others: "3 nov to 9 nov", "october and november", "monday to friday"."""
    first = _one(said, ctx)
    used = first[1] if first else 0
    if first is None or used + 1 >= len(said) or said[used] not in (*TO, *AND):
        return first
    rest = said[used + 1 :]
    last = _one(["today"] if rest[0] in NOW and said[used] in TO else rest, ctx)
    if last is None:
        return first
    words = used + 1 + last[1]
    if said[used] in AND and not and_is_to:
        earlier, later = sorted((first[0], last[0]), key=lambda each: each.first)
        if earlier.end != later.first:
            raise RefusedError("Name days that follow each other, such as: 1 october to 30 november")
        return _between(earlier.first, later.end - ONE_DAY, ctx), words
    begin, end = first[0].first, last[0].end
    if end <= begin and is_weekday(rest, ctx) and is_weekday(said, ctx):
        begin -= 7 * ONE_DAY
    elif end <= begin:
        begin, end = _in_order(first[0], last[0], (said[:used], rest[: last[1]]), ctx)
    return _between(begin, end - ONE_DAY, ctx), words


def _in_order(first: Span, last: Span, said: tuple[Sequence[str], Sequence[str]], ctx: Context) -> tuple[date, date]:
    """From when to when, where a day without a year is the latest that was: "20 nov to 30 nov" on the 22nd."""
    has_year = [any(re.match(r"\d{4}|['’]\d\d|year", each) for each in some) for some in said]
    if all(has_year) or has_year[0]:
        return first.first, last.end
    if has_year[1]:
        years = last.first.year - first.first.year
        begin = add_months(first.first, 12 * years)
        return (begin if begin < last.end else add_months(begin, -12)), last.end
    if add_months(last.first, 12) <= ctx.today + SOON:
        return first.first, add_months(last.end, 12)
    return add_months(first.first, -12), last.end


def _refuse_to_come(said: Sequence[str], ctx: Context) -> None:
    """Refuse days that nobody can know anything of yet.

    Raises:
        RefusedError: they are still to come.
    """
    known = {*EVERY, *(f"{each}s" for each in EVERY), *_weekdays(ctx.locale), *_months(ctx.locale), "weekend"}
    if said[0] == "tomorrow" or (said[0] == "next" and any(each in known for each in said[1:3])):
        raise RefusedError(
            "“{words}” is still to come. Name days that were, or say “forecast”.",
            words=" ".join(said[: 1 if said[0] == "tomorrow" else 2]),
        )


def _refuse_hours(said: Sequence[str]) -> None:
    """Refuse a part of a day, and offer days.

    Raises:
        MeantOtherwiseError: it is one.
    """
    led = said[0] in (*LAST, *THIS, "yesterday", "today")
    at = led + (len(said) > led + 1 and bool(count_of(said[led])))
    if at < len(said) and said[at] in HOURS and (led or said[at] == "tonight" or at):
        raise MeantOtherwiseError(
            "I count whole days and know no “{words}”. For the hours of today, say “spend today by hour”.",
            at + 1,
            ("today", "yesterday", "last 2 days"),
            words=" ".join(said[: at + 1]),
        )


def _whole(said: Sequence[str], ctx: Context) -> tuple[Days, int] | None:
    """A month, quarter or year, and how many words it is: "november", "this month", "the year", "2026"."""
    led = int(said[0] == "the" and len(said) > 1)
    rest = said[led:]
    if led and rest[0] in EVERY:
        found = _last(("this", rest[0]), ctx)
        return ((found[0].first, found[0].end), 2) if found else None
    is_period = rest[0] in (*LAST, *THIS) and len(rest) > 1
    found = (_same(rest, ctx) or _last(rest, ctx)) if is_period else _month(rest, ctx) or _quarter_or_year(rest, ctx)
    return ((found[0].first, found[0].end), led + found[1]) if found else None


def _part(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "first week of november", "mid november", "third quarter", "second half of 2026"."""
    number = ORDINALS.get(said[0], 0)
    if number > 0 and said[1:2] in (["quarter"], ["half"]):
        months = _months(ctx.locale)
        if not any(each in months or each == "month" for each in said[2:5]):
            return _with_one_word_more(_quarter_or_year([f"{said[1][0]}{number}", *said[2:]], ctx))
    if number < 0 and said[1:2] and said[1] in _months(ctx.locale):
        return None
    found = part_of(said, count_of, lambda rest: _whole(rest, ctx))
    return (_between(found[0][0], found[0][1] - ONE_DAY, ctx), found[1]) if found else None


def _with_one_word_more(found: tuple[Span, int] | None) -> tuple[Span, int] | None:
    return (found[0], found[1] + 1) if found else None


def _same(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "last year november", "same month last year", "same period last month"."""
    if said[0] in (*LAST, *THIS) and said[1:2] == ["year"] and len(said) > 2:  # noqa: PLR2004 - and what of it
        inner = said[2] in _months(ctx.locale) or _QUARTER.fullmatch(said[2]) or _HALF.fullmatch(said[2])
        turned = [said[2], said[0], "year"]
        return (_month(turned, ctx) or _quarter_or_year(turned, ctx)) if inner else None
    size = {"year": 12, "quarter": 3, "month": 1}.get(said[3], 0) if len(said) > 3 and said[2] in LAST else 0  # noqa: PLR2004
    if not size or said[0] not in ("same", *THIS):
        return None
    then = add_months(ctx.today, -size)
    if said[1] in ("period", "time", "days"):
        first = add_months(ctx.period(ctx.today, "month").first, -size)
        return _between(first, then, ctx), 4
    if said[1] not in EVERY:
        return None
    whole = ctx.period(then, said[1])
    return _between(whole.first, whole.end - ONE_DAY, ctx), 4


def _count(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "30 days", which are the last."""
    every = said[1].removesuffix("s") if len(said) > 1 else ""
    counted = count_of(said[0]) and said[0] not in ("a", "an") and every in EVERY
    if not counted or said[2:3] in (["ago"], ["of"]):
        return None
    found = _last_few(("last", *said[:2]), ctx)
    return (found[0], 2) if found else None


def _nth(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "the 5th": of this month, or of the one before."""
    nth = _NTH.fullmatch(said[0])
    if nth is None:
        return None
    months = range(0, -12, -1)
    firsts = [add_months(ctx.today.replace(day=1), each) for each in months]
    days = [
        first.replace(day=int(nth[1]))
        for first in firsts
        if 0 < int(nth[1]) <= calendar.monthrange(first.year, first.month)[1]
    ]
    day = next((each for each in days if each <= ctx.today), None)
    return (Span(day, day + ONE_DAY, _label(day, ctx)), 1) if day else None


def _periods_ago(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "2 months ago": that month as a whole."""
    day = _months_ago(said, ctx)
    if day is None:
        return None
    whole = ctx.period(day, _every(said[1]))
    label = ctx.month(whole.first) if whole.every == "month" else ""
    span = Span(whole.first, whole.end, label) if label else _between(whole.first, whole.end - ONE_DAY, ctx)
    return span, 3


def _every(word: str) -> Every:
    return next(each for each in EVERY if each == word.removesuffix("s"))


def _months_ago(said: Sequence[str], ctx: Context) -> date | None:
    """The day so many months, quarters or years ago."""
    size = {"month": 1, "quarter": 3, "year": 12}.get(said[1].removesuffix("s"), 0) if len(said) > 1 else 0
    months = size * count_of(said[0]) if said[2:3] == ["ago"] else 0
    return add_months(ctx.today, -months) if 0 < months * 30 <= COUNT_MAX else None


def _fiscal(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "fy 2026": the year of that number, if years begin in January.

    Raises:
        MeantOtherwiseError: it could be called by its beginning or by its end.
    """
    if said[0] != "fy" or not re.fullmatch(r"20\d\d", said[1] if len(said) > 1 else ""):
        return None
    year, starts = int(said[1]), ctx.policy.calendar.year_starts
    firsts = [date(each, starts, 1) for each in (year, year - 1)]
    whole = [ctx.period(month_called(each, ctx.policy.calendar).first, "year") for each in firsts]
    if starts == 1:
        return _between(whole[0].first, whole[0].end - ONE_DAY, ctx), 2
    raise MeantOtherwiseError(
        "“FY {year}” could be the year that begins in {year}, or the one that ends in it.",
        2,
        tuple(f"{each.first}..{each.end - ONE_DAY}" for each in whole),
        year=str(year),
    )


def _day(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    found = day_gone(said, ctx)
    if found is None:
        return None
    day, used = found
    names = {ctx.today: N_("today"), ctx.today - ONE_DAY: N_("yesterday")}
    named = said[0] in ("today", "yesterday")
    return Span(day, day + ONE_DAY, ctx.t(names[day]) if named else _label(day, ctx)), used


def _label(day: date, ctx: Context) -> str:
    """A day, with its year unless it is this one's."""
    if day.year == ctx.today.year:
        return ctx.day(day)
    if ctx.language == "en" and ctx.locale.startswith("en"):
        return f"{ctx.day(day)} {day.year}"
    return format_skeleton("yMMMMd", datetime.combine(day, time()), locale=ctx.locale)


def _since(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "since monday", "from october to november", "between 1 and 5 november", "after 3 november"."""
    if said[0] not in ("since", "from", "between", "after") or len(said) < 2:  # noqa: PLR2004 - the word and a day
        return None
    if said[1] in ("since", "from"):
        return _with_one_word_more(_since(said[1:], ctx))
    if said[0] == "between" and (days := _days_of_a_month(said, ctx)):
        return days
    ago = _months_ago(said[1:], ctx)
    found = (
        (Span(ago, ago, ""), 3)
        if ago
        else _start(said[1:], ctx) or _joined(said[1:], ctx, and_is_to=said[0] == "between")
    )
    if found is None:
        if said[0] == "since":
            raise RefusedError(
                "I don't understand “{words}”. Write such as: since 1 november", words=" ".join(said[:3])
            )
        return None
    used = 1 + found[1]
    alone = ago is not None or not any(each in (*TO, *AND, "..") for each in said[1:used])
    if not alone and said[0] != "after":
        return found[0], used
    if said[0] == "between":
        return None
    first = found[0].end if said[0] == "after" else found[0].first
    if first > ctx.today:
        raise RefusedError("{day} is still to come.", day=ctx.day(first))
    return Span(first, ctx.today + ONE_DAY, ctx.t("since {day}", day=_label(first, ctx))), used


def _start(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """The first day, as in "the start of the month"."""
    at = int(said[0] == "the")
    if said[at : at + 1] and said[at] in STARTS:
        behind = at + 1 + (said[at + 1 : at + 2] == ["of"])
        found = _whole(said[behind:], ctx) if behind < len(said) else None
        return (Span(found[0][0], found[0][0] + ONE_DAY, ""), behind + found[1]) if found else None
    return None


def _between(first: date, last: date, ctx: Context) -> Span:
    if last < first:
        raise RefusedError(
            "{last} is before {first}. Write the earlier day first, such as 2026-10-01..2026-10-15.",
            last=str(last),
            first=str(first),
        )
    return Span(first, last + ONE_DAY, ctx.t("{first} to {last}", first=_label(first, ctx), last=_label(last, ctx)))


def _weekend(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "last weekend", "the weekend": the latest that has begun; the last one is over."""
    led = said[0] in (*LAST, *THIS)
    if "weekend" not in said[led : led + 1]:
        return None
    today = ctx.today.weekday()
    before = (today - WEEKDAYS.index("saturday")) % len(WEEKDAYS)
    if said[0] in LAST and before < WEEKEND_DAYS:
        before += len(WEEKDAYS)
    first = ctx.today - before * ONE_DAY
    return _between(first, first + ONE_DAY, ctx), 1 + led


def _before_last(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "week before last", "last fortnight", "this past week"."""
    if said[0] in EVERY and tuple(said[1:3]) == ("before", "last"):
        last = ctx.period(ctx.period(ctx.today, said[0]).first - ONE_DAY, said[0])
        before = ctx.period(last.first - ONE_DAY, said[0])
        return _between(before.first, before.end - ONE_DAY, ctx), 3
    if said[0] in LAST and said[1:2] == ["fortnight"]:
        found = _last_few(("last", "2", "weeks"), ctx)
        return (found[0], 2) if found else None
    if said[0] in LAST and tuple(said[1:3]) == ("half", "year"):
        return _last_few(("last", "6", "months"), ctx)
    if said[0] in LAST and said[1:2] == ["few"]:
        raise MeantOtherwiseError(
            "I don't know how many “{words}” are.",
            3,
            ("last 3 days", "last 7 days"),
            words=" ".join(said[:3]),
        )
    if said[0] == "this" and said[1:2] == ["past"] and len(said) > 2:  # noqa: PLR2004 - the two and a period
        found = _last(said[1:], ctx)
        return (found[0], found[1] + 1) if found else None
    return None


def _of_a_week(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "friday of last week", "friday of last week to today", "week of 9 november"."""
    if tuple(said[:2]) == ("week", "of"):
        found = _day(said[2:], ctx) if len(said) > 2 else None  # noqa: PLR2004 - the two and a day
        week = ctx.period(found[0].first, "week") if found else None
        return (_between(week.first, week.end - ONE_DAY, ctx), 2 + found[1]) if week and found else None
    first = _weekday_of_a_week(said, ctx)
    if first is None:
        return None
    last = _weekday_of_a_week(said[5:], ctx) if said[4:5] == ["to"] else None
    if last:
        return _between(first, last, ctx), 9
    return Span(first, first + ONE_DAY, _label(first, ctx)), 4


def _weekday_of_a_week(said: Sequence[str], ctx: Context) -> date | None:
    """The day of "friday of last week", None if it is none. Unlike "last friday" it may be eleven days ago."""
    names = _weekdays(ctx.locale)
    if len(said) < 4 or said[0] not in names or said[1] != "of" or said[3] != "week":  # noqa: PLR2004 - all four
        return None
    if said[2] not in (*LAST, *THIS):
        return None
    week = ctx.period(ctx.today, "week")
    first = ctx.period(week.first - ONE_DAY, "week").first if said[2] in LAST else week.first
    return first + ONE_DAY * ((names[said[0]] - first.weekday()) % len(WEEKDAYS))


def _ever(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "all time": the ten years that may be asked for."""
    used = 2 if tuple(said[:2]) == ("all", "time") else int(said[0] in ("ever", "alltime", "all-time"))
    return (Span(ctx.today - COUNT_MAX * ONE_DAY, ctx.today + ONE_DAY, ctx.t("in all")), used) if used else None


def _to_date(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "mtd", "month to date"."""
    every = TO_DATE.get(said[0])
    if every:
        found = _last(("this", every), ctx)
        return (found[0], 1) if found else None
    if said[0] in EVERY and tuple(said[1:3]) == ("to", "date"):
        found = _last(("this", said[0]), ctx)
        return (found[0], 3) if found else None
    return None


def _days_of_a_month(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "1-5 november", "november 1st to 5th 2025"."""
    led = said[0] in ("between", "from") and len(said) > 1
    text = " ".join(said[led : led + 6])
    text = text.replace(" and ", " to ", 1) if said[0] == "between" else text
    for pattern in _DAYS_OF_A_MONTH:
        found = pattern.match(text)
        if found and found["month"] in _months(ctx.locale):
            day = _of_a_month([found["first"], found["month"], found["year"] or ""], ctx, to_come=False)
            if day:
                last = _date(day[0].year, day[0].month, int(found["last"]), found[0])
                return _between(day[0], last, ctx), found[0].count(" ") + 1 + led
    return None


def _week(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "week 47", "week 47 2025", as ISO 8601 counts them; the latest begun."""
    if said[0] not in ("week", "wk", "cw", "kw") or len(said) < 2 or not said[1].isdecimal():  # noqa: PLR2004 - the word and a number
        return None
    named = said[2] if len(said) > 2 and re.fullmatch(r"\d{4}", said[2]) else ""  # noqa: PLR2004 - a year may follow
    year, number = ctx.today.isocalendar().year, int(said[1][:3])
    for each in (int(named),) if named else range(year, year - LEAP_WEEKS, -1):
        try:
            first = date.fromisocalendar(each, number, 1)
        except ValueError:
            continue
        if named or first <= ctx.today:
            break
    else:
        raise RefusedError("There is no week {n} in {year}.", n=said[1][:3], year=named or year)
    return _between(first, first + 6 * ONE_DAY, ctx), 2 + bool(named)


def _last(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "last week", "this month", "last 7 days", "last november"."""
    which = "last" if said[0] in LAST else "this" if said[0] in THIS else ""
    if not which or len(said) < 2:  # noqa: PLR2004 - the word and a period
        return None
    if count_of(said[1]) and which == "last":
        return _last_few(said, ctx)
    if said[1] in _weekdays_gone(ctx.locale):
        return _day(said, ctx) if which == "last" else _weekday_now(said, ctx)
    if said[1] in _months(ctx.locale):
        found = _month(said[1:], ctx)
        if found and which == "last" and found[0].end > ctx.today:
            named = called_after(found[0].first)
            before = month_called(named.replace(year=named.year - 1), ctx.policy.calendar)
            found = Span(before.first, before.end, ctx.month(before.first)), found[1]
        return (found[0], found[1] + 1) if found else None
    every = said[1].removesuffix("'s").removesuffix("s")
    if every not in EVERY:
        instead = tuple(f"{which} {each}" for each in nearest_few(every, EVERY) or ("week", "month", "quarter"))
        raise MeantOtherwiseError(
            "I don't know “{words}”. I know day, week, month, quarter and year.",
            2,
            instead[:OFFERS_MAX],
            words=f"{said[0]} {said[1]}",
        )
    period = ctx.period(ctx.today, every)
    if which == "last":
        period = ctx.period(period.first - ONE_DAY, every)
    return Span(period.first, period.end, ctx.t(SPANS[which, every])), 2


def _weekday_now(said: Sequence[str], ctx: Context) -> tuple[Span, int]:
    """The day of "this monday".

    Raises:
        RefusedError: it is still to come.
    """
    week = ctx.period(ctx.today, "week").first
    day = week + ONE_DAY * ((_weekdays_gone(ctx.locale)[said[1]] - week.weekday()) % len(WEEKDAYS))
    if day > ctx.today:
        raise RefusedError("{day} is still to come.", day=ctx.day(day))
    return Span(day, day + ONE_DAY, _label(day, ctx)), 2


def _last_few(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "last 7 days", today included; "last 2 months" are the days since this day two months ago."""
    every = said[2].removesuffix("s") if len(said) > 2 else ""  # noqa: PLR2004 - last, a number, and of what
    if every not in EVERY:
        raise RefusedError("I don't understand “{words}”. Write such as: last 7 days", words=" ".join(said[:3]))
    count = count_of(said[1])
    months = {"month": 1, "quarter": 3, "year": 12}.get(every, 0) * count
    days = SIZES.get(every, 0) * count
    if not 0 < max(days, months * 30) <= COUNT_MAX:
        raise RefusedError("Ask for at most ten years, and at least a day.")
    first = add_months(ctx.today, -months) + ONE_DAY if months else ctx.today - ONE_DAY * (days - 1)
    label = {
        "day": ctx.nt("last {n} day", "last {n} days", count),
        "week": ctx.nt("last {n} week", "last {n} weeks", count),
        "month": ctx.nt("last {n} month", "last {n} months", count),
        "quarter": ctx.nt("last {n} quarter", "last {n} quarters", count),
        "year": ctx.nt("last {n} year", "last {n} years", count),
    }[every]
    return Span(first, ctx.today + ONE_DAY, label), 3


def _range(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    parts = _RANGE.fullmatch(said[0])
    if parts is None or not parts[1][0].isdecimal():
        return None
    first, last = (_written(each) for each in parts.groups())
    if first is None or last is None:
        raise RefusedError(
            "There is no day “{word}”. Write days such as 2026-10-15, or 2026-10-01..2026-10-15.", word=said[0]
        )
    return _between(first, last, ctx), 1


def _month(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "october", "october 2025", "2026-10"."""
    months, figures = _months(ctx.locale), re.fullmatch(r"(\d{4})[-/](\d{1,2})", said[0])
    if figures:
        first, used = _date(int(figures[1]), int(figures[2]), 1, said[0]), 1
    elif said[0].rstrip(".") in months:
        month = months[said[0].rstrip(".")]
        named = _year_behind(said[1:], ctx.today.year)
        year = named[0] if named else ctx.today.year - (month > ctx.today.month)
        used = 1 + (named[1] if named else 0)
        first = _date(year, month, 1, " ".join(said[:used]))
    elif re.match(r"\d{4}-", said[0]):
        raise RefusedError(
            "There is no day “{word}”. Write days such as 2026-10-15, or 2026-10-01..2026-10-15.", word=said[0]
        )
    else:
        return None
    whole = month_called(first, ctx.policy.calendar)
    return Span(whole.first, whole.end, ctx.month(whole.first)), used


def _quarter_of(months: int, ctx: Context) -> Period:
    """The quarter that begins with a month, counted from year 0."""
    return ctx.period(month_called(date(months // 12, months % 12 + 1, 1), ctx.policy.calendar).first, "quarter")


def _quarter_or_year(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "q4", "q4 2025", "h1", "2026"; a quarter and a half are of the fiscal year, the latest begun."""
    quarter, half = _QUARTER.fullmatch(said[0]), _HALF.fullmatch(said[0])
    begun = called_after(ctx.period(ctx.today, "year").first).year
    alone = not (quarter or half)
    named = ((int(said[0]), 1) if re.fullmatch(r"\d{4}", said[0]) else None) if alone else _year_behind(said[1:], begun)
    if named and named[0] not in YEARS:
        raise RefusedError("“{word}” is too far away. Name a day from 2000 to 2099.", word=str(named[0]))
    if alone:
        if named is None:
            return None
        turned = len(said) > 1 and (_QUARTER.fullmatch(said[1]) or _HALF.fullmatch(said[1]))
        if turned:  # "2026 Q3"
            return _quarter_or_year([said[1], said[0]], ctx)
        return Span(date(named[0], 1, 1), date(named[0] + 1, 1, 1), str(named[0])), 1
    used = 1 + (named[1] if named else 0)
    begun = named[0] if named else begun
    number = int(quarter[1]) if quarter else 2 * int(half[1]) - 1 if half else 1
    months = begun * 12 + ctx.policy.calendar.year_starts - 1 + 3 * (number - 1)
    if not named and _quarter_of(months, ctx).first > ctx.today:
        months -= 12
    period = _quarter_of(months, ctx)
    if quarter is None:
        return _between(period.first, _quarter_of(months + 3, ctx).end - ONE_DAY, ctx), used
    label = ctx.t(
        "Q{n} ({first} to {last})",
        n=quarter[1],
        first=_label(period.first, ctx),
        last=_label(period.end - ONE_DAY, ctx),
    )
    return Span(period.first, period.end, label), used
