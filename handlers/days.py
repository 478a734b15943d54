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

from babel.dates import format_skeleton, get_day_names, get_month_names

from handlers.context import Context
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.language import N_
from handlers.parser import nearest_few
from handlers.periods import Every, Period, add_months, called_after, month_called

ONE_DAY = timedelta(days=1)
YEARS = range(2000, 2100)
COUNT_MAX = 3660
OFFERS_MAX = 3
WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
LAST = ("last", "past", "previous")
THIS = ("this", "current")
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
NUMBERS = {"a": 1, "an": 1, **{word: number for number, word in enumerate(_NUMBER_WORDS, 1)}}
TO_DATE: dict[str, Every] = {"wtd": "week", "mtd": "month", "qtd": "quarter", "ytd": "year"}
END_OF: dict[str, Every] = {"eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
WEEKEND_DAYS = 2
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
    if one != other and max(one, other) <= MONTHS:
        raise RefusedError("“{word}” could be two days. Write it such as 2026-10-15.", word=word)
    month, day = sorted((one, other))
    if not 0 < month <= MONTHS:
        return _date(int(figures[3] or ctx.today.year), month, day, word)
    name = calendar.month_name[month].lower()
    found = _of_a_month([str(day), name, figures[3] or ""], ctx, to_come=to_come)
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
    after = words[used].rstrip(".") if len(words) > used else ""
    if len(after) == len("2026") and after.isdecimal():
        return _date(int(after), months[name], int(figure[1]), f"{said} {after}"), used + 1
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


def day_gone(words: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """A day that was, or today, and how many words it is; None if they are none.

    Raises:
        RefusedError: there is no such day.
    """
    said = [_plain(each) for each in words[:4]]
    if said[0] in ("today", "yesterday"):
        return ctx.today - ONE_DAY * (said[0] == "yesterday"), 1
    ago = _ago(said, ctx)
    if ago:
        return ago
    weekdays = _weekdays(ctx.locale)
    if said[0] in weekdays:
        return ctx.today - ONE_DAY * ((ctx.today.weekday() - weekdays[said[0]]) % 7), 1
    if said[0] in LAST and len(said) > 1 and said[1] in weekdays:
        return ctx.today - ONE_DAY * ((ctx.today.weekday() - weekdays[said[1]] - 1) % 7 + 1), 2
    written = _written(said[0]) or _slashed(said[0], ctx, to_come=False)
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
    said = [_plain(each) for each in words[:5]]
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
    if said[0] in END_OF:
        return ctx.period(ctx.today, END_OF[said[0]]).end - ONE_DAY, 1
    if said[0] == "end":
        return _end_of(said, ctx)
    written = _written(said[0]) or _slashed(said[0], ctx, to_come=True)
    return (written, 1) if written else _of_a_month(said, ctx, to_come=True)


def is_weekday(said: Sequence[str], ctx: Context) -> bool:
    """Whether a day is said by its name alone, as in "sunday": which one it is depends on what was said before."""
    return said[0].lower() in _weekdays(ctx.locale)


def _next(today: date, weekday: int) -> date:
    return today + ONE_DAY * ((weekday - today.weekday()) % 7)


def _end_of(said: Sequence[str], ctx: Context) -> tuple[date, int] | None:
    """Such as "end of month", "end of the week"."""
    rest = [each for each in said[1:] if each not in ("of", "the", "this")]
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
    found = (
        _since(said, ctx)
        or _weekend(said, ctx)
        or _before_last(said, ctx)
        or _of_a_week(said, ctx)
        or _ever(said, ctx)
        or _to_date(said, ctx)
        or _last(said, ctx)
        or _range(said, ctx)
        or _days_of_a_month(said, ctx)
        or _week(said, ctx)
        or _day(said, ctx)
        or _month(said, ctx)
        or _quarter_or_year(said, ctx)
    )
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
    if said[0] not in ("since", "from", "between") or len(said) < 2:  # noqa: PLR2004 - the word and a day
        return None
    to = ("and",) if said[0] == "between" else ("to", "until", "till", "through", "-", "–")
    found = _day(said[1:], ctx) or _last(said[1:], ctx) or _month(said[1:], ctx) or _quarter_or_year(said[1:], ctx)
    if found is None:
        if said[0] == "since":
            raise RefusedError(
                "I don't understand “{words}”. Write such as: since 1 november", words=" ".join(said[:3])
            )
        return None
    first, used = found[0].first, 1 + found[1]
    if used + 1 < len(said) and said[used] in to:
        rest = said[used + 1 :]
        last = _day(rest, ctx) or _month(rest, ctx)
        if last:
            return _between(first, last[0].end - ONE_DAY, ctx), used + 1 + last[1]
    if said[0] == "between":
        return None
    if first > ctx.today:
        raise RefusedError("{day} is still to come.", day=ctx.day(first))
    return Span(first, ctx.today + ONE_DAY, ctx.t("since {day}", day=_label(first, ctx))), used


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
        return _last(("this", every), ctx)
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
    year = int(named) if named else ctx.today.isocalendar().year
    try:
        first = date.fromisocalendar(year, int(said[1][:3]), 1)
        if not named and first > ctx.today:
            first = date.fromisocalendar(year - 1, int(said[1][:3]), 1)
    except ValueError:
        raise RefusedError("There is no week {n} in {year}.", n=said[1][:3], year=year) from None
    return _between(first, first + 6 * ONE_DAY, ctx), 2 + bool(named)


def _last(said: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
    """Such as "last week", "this month", "last 7 days", "last november"."""
    which = "last" if said[0] in LAST else "this" if said[0] in THIS else ""
    if not which or len(said) < 2:  # noqa: PLR2004 - the word and a period
        return None
    if count_of(said[1]) and which == "last":
        return _last_few(said, ctx)
    if said[1] in _weekdays(ctx.locale):
        return _day(said, ctx) if which == "last" else None
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
        named = len(said) > 1 and said[1].isdecimal() and len(said[1]) == len("2026")
        year = int(said[1]) if named else ctx.today.year - (month > ctx.today.month)
        first, used = _date(year, month, 1, " ".join(said[: 1 + named])), 1 + named
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
    behind = int(bool(quarter or half))
    year = re.fullmatch(r"\d{4}", said[behind]) if len(said) > behind else None
    if year and int(year[0]) not in YEARS:
        raise RefusedError("“{word}” is too far away. Name a day from 2000 to 2099.", word=year[0])
    if not behind:
        if year is None:
            return None
        return Span(date(int(year[0]), 1, 1), date(int(year[0]) + 1, 1, 1), year[0]), 1
    begun = int(year[0]) if year else called_after(ctx.period(ctx.today, "year").first).year
    number = int(quarter[1]) if quarter else 2 * int(half[1]) - 1 if half else 1
    months = begun * 12 + ctx.policy.calendar.year_starts - 1 + 3 * (number - 1)
    if not year and _quarter_of(months, ctx).first > ctx.today:
        months -= 12
    period = _quarter_of(months, ctx)
    if quarter is None:
        return _between(period.first, _quarter_of(months + 3, ctx).end - ONE_DAY, ctx), 1 + bool(year)
    label = ctx.t(
        "Q{n} ({first} to {last})",
        n=quarter[1],
        first=_label(period.first, ctx),
        last=_label(period.end - ONE_DAY, ctx),
    )
    return Span(period.first, period.end, label), 1 + bool(year)
