"""Periods as they are seen from today: "last week", "7 days", "2 months ago", "month to date", "last weekend"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers.context import Context
from handlers.days import (
    COUNT_MAX,
    LAST,
    THIS,
    WEEKDAYS,
    count_of,
    day_gone,
    months_in,
    nth_gone,
    unit_of,
    weekdays_gone_in,
    weekdays_in,
    word_at,
)
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.language import N_
from handlers.named_periods import is_part_of_a_year, month, quarter_or_year
from handlers.parser import nearest_few
from handlers.periods import (
    DAYS_A_WEEK,
    DAYS_OF,
    EVERY,
    MONTHS_OF,
    ONE_DAY,
    Every,
    add_months,
    called_after,
    month_called,
)
from handlers.periods import THIS as THIS_PERIOD
from handlers.spans import Found, Span, from_to, longer_by, one_day, whole

OFFERS_MAX = 3
WEEKEND_DAYS = 2
DAYS_A_MONTH = 30
TO_DATE: dict[str, Every] = {"wtd": "week", "mtd": "month", "qtd": "quarter", "ytd": "year"}
LAST_PERIOD = {
    "day": N_("yesterday"),
    "week": N_("last week"),
    "month": N_("last month"),
    "quarter": N_("last quarter"),
    "year": N_("last year"),
}


# Days -----------------------------------------------------------------------------------------------------------------


def day(said: Sequence[str], ctx: Context) -> Found:
    """A single day that was: see `day_gone`."""
    found = day_gone(said, ctx)
    if found is None:
        return None
    label = {"today": THIS_PERIOD["day"], "yesterday": LAST_PERIOD["day"]}.get(said[0])
    span = one_day(found[0], ctx)
    return replace(span, label=ctx.t(label)) if label else span, found[1]


def nth(said: Sequence[str], ctx: Context) -> Found:
    """Such as "the 5th": see `nth_gone`."""
    gone = nth_gone(said[0], ctx)
    return (one_day(gone, ctx), 1) if gone else None


def weekend(said: Sequence[str], ctx: Context) -> Found:
    """Such as "last weekend", "the weekend": the latest that has begun; the last one is over."""
    led = said[0] in (*LAST, *THIS)
    if word_at(said, led) != "weekend":
        return None
    before = (ctx.today.weekday() - WEEKDAYS.index("saturday")) % DAYS_A_WEEK
    if said[0] in LAST and before < WEEKEND_DAYS:
        before += DAYS_A_WEEK
    first = ctx.today - before * ONE_DAY
    return from_to(first, first + ONE_DAY, ctx), 1 + led


def of_a_week(said: Sequence[str], ctx: Context) -> Found:
    """Such as "friday of last week", "friday of last week to today", "week of 9 november"."""
    if tuple(said[:2]) == ("week", "of"):
        found = day(said[2:], ctx) if len(said) > 2 else None  # noqa: PLR2004 - the two and a day
        return (whole(ctx.period(found[0].first, "week"), ctx), 2 + found[1]) if found else None
    first = _weekday_of_a_week(said, ctx)
    if first is None:
        return None
    last = _weekday_of_a_week(said[5:], ctx) if word_at(said, 4) == "to" else None
    return (from_to(first, last, ctx), 9) if last else (one_day(first, ctx), 4)


def _weekday_of_a_week(said: Sequence[str], ctx: Context) -> date | None:
    """The day of "friday of last week", None if it is none. Unlike "last friday" it may be eleven days ago."""
    names, which = weekdays_in(ctx.locale), word_at(said, 2)
    if word_at(said, 0) not in names or (said[1:2], said[3:4]) != (["of"], ["week"]) or which not in (*LAST, *THIS):
        return None
    first = ctx.period(ctx.today, "week").first
    if which in LAST:
        first = ctx.period(first - ONE_DAY, "week").first
    return first + ONE_DAY * ((names[said[0]] - first.weekday()) % DAYS_A_WEEK)


def _weekday_now(said: Sequence[str], ctx: Context) -> Found:
    """The day of "this monday".

    Raises:
        RefusedError: it is still to come.
    """
    first = ctx.period(ctx.today, "week").first
    found = first + ONE_DAY * ((weekdays_gone_in(ctx.locale)[said[1]] - first.weekday()) % DAYS_A_WEEK)
    if found > ctx.today:
        raise RefusedError("{day} is still to come.", day=ctx.day(found))
    return one_day(found, ctx), 2


def ever(said: Sequence[str], ctx: Context) -> Found:
    """Such as "all time": the ten years that may be asked for."""
    used = 2 if tuple(said[:2]) == ("all", "time") else int(said[0] in ("ever", "alltime", "all-time"))
    return (Span(ctx.today - COUNT_MAX * ONE_DAY, ctx.today + ONE_DAY, ctx.t("in all")), used) if used else None


# This one and the last one --------------------------------------------------------------------------------------------


def this_or_last(said: Sequence[str], ctx: Context) -> Found:
    """Such as "last week", "this month", "last 7 days", "last november".

    Raises:
        MeantOtherwiseError: it is no period.
    """
    which = "last" if said[0] in LAST else "this" if said[0] in THIS else ""
    if not which or len(said) < 2:  # noqa: PLR2004 - the word and a period
        return None
    if count_of(said[1]) and which == "last":
        return last_few(said, ctx)
    if said[1] in weekdays_gone_in(ctx.locale):
        return day(said, ctx) if which == "last" else _weekday_now(said, ctx)
    if said[1] in months_in(ctx.locale):
        return longer_by(1, _last_month_called(said[1:], ctx) if which == "last" else month(said[1:], ctx))
    every = unit_of(said[1].removesuffix("'s"))
    if every not in EVERY:
        instead = tuple(f"{which} {each}" for each in nearest_few(every, EVERY) or ("week", "month", "quarter"))
        raise MeantOtherwiseError(
            "I don't know “{words}”. I know day, week, month, quarter and year.",
            2,
            instead[:OFFERS_MAX],
            words=f"{said[0]} {said[1]}",
        )
    return _last(every, ctx) if which == "last" else this(every, ctx), 2


def this(every: Every, ctx: Context) -> Span:
    """The period that today is in."""
    period = ctx.period(ctx.today, every)
    return Span(period.first, period.end, ctx.t(THIS_PERIOD[every]))


def _last(every: Every, ctx: Context) -> Span:
    period = ctx.period(ctx.period(ctx.today, every).first - ONE_DAY, every)
    return Span(period.first, period.end, ctx.t(LAST_PERIOD[every]))


def _last_month_called(said: Sequence[str], ctx: Context) -> Found:
    """The latest month of a name that is over."""
    found = month(said, ctx)
    if found is None or found[0].end <= ctx.today:
        return found
    named = called_after(found[0].first)
    before = month_called(named.replace(year=named.year - 1), ctx.policy.calendar)
    return Span(before.first, before.end, ctx.month(before.first)), found[1]


def before_last(said: Sequence[str], ctx: Context) -> Found:
    """Such as "week before last", "last fortnight", "this past week".

    Raises:
        MeantOtherwiseError: it is "last few days".
    """
    first, second = said[0], word_at(said, 1)
    if first in EVERY and tuple(said[1:3]) == ("before", "last"):
        last = ctx.period(ctx.period(ctx.today, first).first - ONE_DAY, first)
        return whole(ctx.period(last.first - ONE_DAY, first), ctx), 3
    if first in LAST and second == "fortnight":
        return longer_by(-1, last_few(("last", "2", "weeks"), ctx))
    if first in LAST and tuple(said[1:3]) == ("half", "year"):
        return last_few(("last", "6", "months"), ctx)
    if first in LAST and second == "few":
        raise MeantOtherwiseError(
            "I don't know how many “{words}” are.",
            3,
            ("last 3 days", "last 7 days"),
            words=" ".join(said[:3]),
        )
    if first == "this" and second == "past" and len(said) > 2:  # noqa: PLR2004 - the two and a period
        return longer_by(1, this_or_last(said[1:], ctx))
    return None


def to_date(said: Sequence[str], ctx: Context) -> Found:
    """Such as "mtd", "month to date"."""
    if said[0] in TO_DATE:
        return this(TO_DATE[said[0]], ctx), 1
    if said[0] in EVERY and tuple(said[1:3]) == ("to", "date"):
        return this(said[0], ctx), 3
    return None


def same(said: Sequence[str], ctx: Context) -> Found:
    """Such as "last year november", "same month last year", "same period last month"."""
    if said[0] in (*LAST, *THIS) and said[1:2] == ["year"] and len(said) > 2:  # noqa: PLR2004 - and what of it
        turned = [said[2], said[0], "year"]
        if said[2] in months_in(ctx.locale):
            return month(turned, ctx)
        return quarter_or_year(turned, ctx) if is_part_of_a_year(said[2]) else None
    size = MONTHS_OF.get(word_at(said, 3), 0) if word_at(said, 2) in LAST else 0
    if not size or said[0] not in ("same", *THIS):
        return None
    then = add_months(ctx.today, -size)
    if said[1] in ("period", "time", "days"):
        return from_to(add_months(ctx.period(ctx.today, "month").first, -size), then, ctx), 4
    return (whole(ctx.period(then, said[1]), ctx), 4) if said[1] in EVERY else None


# So many --------------------------------------------------------------------------------------------------------------


def last_few(said: Sequence[str], ctx: Context) -> Found:
    """Such as "last 7 days", today included; "last 2 months" are the days since this day two months ago.

    Raises:
        RefusedError: they are no periods, or too many.
    """
    every, count = unit_of(word_at(said, 2)), count_of(said[1])
    if every not in EVERY:
        raise RefusedError("I don't understand “{words}”. Write such as: last 7 days", words=" ".join(said[:3]))
    months, days = MONTHS_OF.get(every, 0) * count, DAYS_OF.get(every, 0) * count
    if not 0 < max(days, months * DAYS_A_MONTH) <= COUNT_MAX:
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


def few(said: Sequence[str], ctx: Context) -> Found:
    """Such as "30 days", which are the last."""
    counted = count_of(said[0]) and said[0] not in ("a", "an") and unit_of(word_at(said, 1)) in EVERY
    if not counted or word_at(said, 2) in ("ago", "of"):
        return None
    return longer_by(-1, last_few(("last", *said[:2]), ctx))


def ago(said: Sequence[str], ctx: Context) -> Found:
    """Such as "2 months ago": that month as a whole."""
    then = months_ago(said, ctx)
    every = unit_of(word_at(said, 1))
    if then is None or every not in EVERY:
        return None
    period = ctx.period(then, every)
    return Span(period.first, period.end, ctx.month(period.first)) if every == "month" else whole(period, ctx), 3


def months_ago(said: Sequence[str], ctx: Context) -> date | None:
    """The day so many months, quarters or years ago."""
    months = MONTHS_OF.get(unit_of(word_at(said, 1)), 0) * count_of(said[0]) if word_at(said, 2) == "ago" else 0
    return add_months(ctx.today, -months) if 0 < months * DAYS_A_MONTH <= COUNT_MAX else None
