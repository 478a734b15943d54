"""Periods that have a name: "october", "2026-10", "q4 2025", "h1", "2026", "fy 2026", "week 47".

Months, quarters, halves and fiscal years are cut as the organization's calendar does; "2026" is the year of everybody.
"""

import re
from collections.abc import Sequence
from datetime import date

from handlers.context import Context
from handlers.days import check_year, date_of, months_in, no_day, word_at, year_behind
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.periods import DAYS_A_WEEK, ONE_DAY, Period, called_after, month_called
from handlers.spans import Found, Span, called, from_to, whole

YEAR = re.compile(r"\d{4}")
NEAR_YEAR = re.compile(r"20\d\d")
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_QUARTER = re.compile(r"q([1-4])")
_HALF = re.compile(r"h([12])")
LEAP_WEEKS = 8
"""In so many years there is one with 53 weeks."""


def month(said: Sequence[str], ctx: Context) -> Found:
    """Such as "october", "october 2025", "2026-10"; without a year the latest begun."""
    months, figures, name = months_in(ctx.locale), _MONTH.fullmatch(said[0]), said[0].rstrip(".")
    if figures:
        first, used = date_of(int(figures[1]), int(figures[2]), 1, said[0]), 1
    elif name in months:
        year, behind = year_behind(said[1:], ctx.today.year) or (ctx.today.year - (months[name] > ctx.today.month), 0)
        used = 1 + behind
        first = date_of(year, months[name], 1, " ".join(said[:used]))
    elif re.match(r"\d{4}-", said[0]):
        raise no_day(said[0])
    else:
        return None
    found = month_called(first, ctx.policy.calendar)
    return Span(found.first, found.end, ctx.month(found.first)), used


def is_part_of_a_year(word: str) -> bool:
    """Whether a word is a quarter or a half, as in "q4" and "h1"."""
    return bool(_QUARTER.fullmatch(word) or _HALF.fullmatch(word))


def quarter_or_year(said: Sequence[str], ctx: Context) -> Found:
    """Such as "q4", "q4 2025", "2025 q4", "h1", "2026"; a quarter and a half are the fiscal ones, the latest begun."""
    if is_part_of_a_year(said[0]):
        return _part_of_a_year(said, ctx)
    if not YEAR.fullmatch(said[0]):
        return None
    year = int(said[0])
    check_year(year, str(year))
    if is_part_of_a_year(word_at(said, 1)):
        return _part_of_a_year([said[1], said[0]], ctx)
    return Span(date(year, 1, 1), date(year + 1, 1, 1), str(year)), 1


def _part_of_a_year(said: Sequence[str], ctx: Context) -> Found:
    begun = called_after(ctx.period(ctx.today, "year").first).year
    named = year_behind(said[1:], begun)
    if named:
        check_year(named[0], str(named[0]))
    year, behind = named or (begun, 0)
    number, is_half = int(said[0][1]), bool(_HALF.fullmatch(said[0]))
    months = year * 12 + ctx.policy.calendar.year_starts - 1 + (6 if is_half else 3) * (number - 1)
    if not named and _quarter(months, ctx).first > ctx.today:
        months -= 12
    period = _quarter(months, ctx)
    if is_half:
        return from_to(period.first, _quarter(months + 3, ctx).end - ONE_DAY, ctx), 1 + behind
    label = ctx.t(
        "Q{n} ({first} to {last})",
        n=said[0][1],
        first=called(period.first, ctx),
        last=called(period.end - ONE_DAY, ctx),
    )
    return Span(period.first, period.end, label), 1 + behind


def _quarter(months: int, ctx: Context) -> Period:
    """The quarter that begins with a month, counted from year 0."""
    return ctx.period(month_called(date(months // 12, months % 12 + 1, 1), ctx.policy.calendar).first, "quarter")


def fiscal_year(said: Sequence[str], ctx: Context) -> Found:
    """Such as "fy 2026": the year of that number, if years begin in January.

    Raises:
        MeantOtherwiseError: it could be called by its beginning or by its end.
    """
    if said[0] != "fy" or not NEAR_YEAR.fullmatch(word_at(said, 1)):
        return None
    year, starts = int(said[1]), ctx.policy.calendar.year_starts
    firsts = (date(each, starts, 1) for each in (year, year - 1))
    years = [ctx.period(month_called(each, ctx.policy.calendar).first, "year") for each in firsts]
    if starts == 1:
        return whole(years[0], ctx), 2
    raise MeantOtherwiseError(
        "“FY {year}” could be the year that begins in {year}, or the one that ends in it.",
        2,
        tuple(f"{each.first}..{each.end - ONE_DAY}" for each in years),
        year=str(year),
    )


def week(said: Sequence[str], ctx: Context) -> Found:
    """Such as "week 47", "week 47 2025", as ISO 8601 counts them; the latest begun."""
    if said[0] not in ("week", "wk", "cw", "kw") or not word_at(said, 1).isdecimal():
        return None
    number, named = said[1][:3], word_at(said, 2) if YEAR.fullmatch(word_at(said, 2)) else ""
    this = ctx.today.isocalendar().year
    for year in (int(named),) if named else range(this, this - LEAP_WEEKS, -1):
        try:
            first = date.fromisocalendar(year, int(number), 1)
        except ValueError:
            continue
        if named or first <= ctx.today:
            break
    else:
        raise RefusedError("There is no week {n} in {year}.", n=number, year=named or this)
    return from_to(first, first + (DAYS_A_WEEK - 1) * ONE_DAY, ctx), 2 + bool(named)
