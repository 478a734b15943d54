"""Days in words: "yesterday", "last 7 days", "since 1 November", "october to december", "first week of q4".

What names some days by itself is a reader; the table `READERS` has them all, in the order in which they are asked. What
stands between and before them ("3 nov to 9 nov", "since monday") is read here.
"""

import re
from collections.abc import Callable, Sequence

from handlers.context import Context
from handlers.day_parts import ORDINALS, Days, apart, part_of
from handlers.days import (
    LAST,
    THIS,
    count_of,
    date_of,
    is_weekday,
    months_in,
    no_day,
    of_a_month,
    plain,
    weekdays_gone_in,
    weekdays_in,
    word_at,
    written,
)
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.named_periods import NEAR_YEAR, fiscal_year, month, quarter_or_year, week
from handlers.parser import nearest_few
from handlers.past_periods import (
    OFFERS_MAX,
    ago,
    before_last,
    day,
    ever,
    few,
    months_ago,
    nth,
    of_a_week,
    same,
    this,
    this_or_last,
    to_date,
    weekend,
)
from handlers.periods import DAYS_A_WEEK, EVERY, ONE_DAY, add_months
from handlers.spans import Found, Span, called, from_to, longer_by

TO = ("to", "until", "till", "through", "thru", "-", "–", "—", "~")
AND = ("and", "&", "+")
NOW = ("now", "date")
STARTS = ("start", "beginning")
HOURS = ("hour", "hours", "morning", "afternoon", "evening", "night", "tonight")
FISCAL = ("fiscal", "financial")
NEAR_LETTERS_MIN = 5
"""Shorter words are near to all."""
SOON_DAYS = 31
_RANGE = re.compile(r"(.+?)(?:\.\.\.?|…)(.+)")
_DAY = r"(?P<{}>\d{{1,2}})(?:st|nd|rd|th|\.)?"
_TO = r"(?: ?[-–] ?| to | until | till | through )"
_FROM_TO = _DAY.format("first") + _TO + _DAY.format("last")
_DAYS_OF_A_MONTH = (
    re.compile(rf"{_FROM_TO} (?:of )?(?P<month>\S+?)\.?(?: (?P<year>\d{{4}}))?(?= |$)"),
    re.compile(rf"(?P<month>\S+?)\.? {_FROM_TO}(?: (?P<year>\d{{4}}))?(?= |$)"),
)


def span_of(words: Sequence[str], ctx: Context) -> Found:
    """Which days some words at the front name, and how many words that are; None if they name none.

    Raises:
        RefusedError: they are no days, or none that could be meant.
    """
    said = [plain(each) for each in words]
    found = _led_or_joined(said, ctx)
    if found is None and len(said[0]) >= NEAR_LETTERS_MIN:
        known = [*(each for each in months_in("en") if len(each) >= NEAR_LETTERS_MIN), "today", "yesterday"]
        near = nearest_few(said[0], known)[:OFFERS_MAX]
        if near:
            raise MeantOtherwiseError(
                "I don't know “{word}”. Did you mean “{meant}”?",
                1,
                tuple(near),
                word=words[0],
                meant="”, “".join(near),
            )
    return found


# Between and before days ----------------------------------------------------------------------------------------------


def _led_or_joined(said: Sequence[str], ctx: Context) -> Found:
    return _since(said, ctx) or _joined(said, ctx)


def _since(said: Sequence[str], ctx: Context) -> Found:
    """Such as "since monday", "from october to november", "between 1 and 5 november", "after 3 november"."""
    lead = said[0]
    if lead not in ("since", "from", "between", "after") or len(said) < 2:  # noqa: PLR2004 - the word and a day
        return None
    if said[1] in ("since", "from"):
        return longer_by(1, _since(said[1:], ctx))
    if lead == "between" and (days := _days_of_a_month(said, ctx)):
        return days
    then = months_ago(said[1:], ctx)
    found = (
        (Span(then, then, ""), 3)
        if then
        else _start(said[1:], ctx) or _joined(said[1:], ctx, and_is_to=lead == "between")
    )
    if found is None:
        if lead == "since":
            raise RefusedError(
                "I don't understand “{words}”. Write such as: since 1 november", words=" ".join(said[:3])
            )
        return None
    used = 1 + found[1]
    alone = then is not None or not any(each in (*TO, *AND, "..") for each in said[1:used])
    if not alone and lead != "after":
        return found[0], used
    if lead == "between":
        return None
    first = found[0].end if lead == "after" else found[0].first
    if first > ctx.today:
        raise RefusedError("{day} is still to come.", day=ctx.day(first))
    return Span(first, ctx.today + ONE_DAY, ctx.t("since {day}", day=called(first, ctx))), used


def _start(said: Sequence[str], ctx: Context) -> Found:
    """The first day, as in "the start of the month"."""
    at = int(said[0] == "the")
    if word_at(said, at) not in STARTS:
        return None
    behind = at + 1 + (word_at(said, at + 1) == "of")
    found = _whole(said[behind:], ctx) if behind < len(said) else None
    return (Span(found[0][0], found[0][0] + ONE_DAY, ""), behind + found[1]) if found else None


def _joined(said: Sequence[str], ctx: Context, *, and_is_to: bool = False) -> Found:
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
        return from_to(earlier.first, later.end - ONE_DAY, ctx), words
    begin, end = first[0].first, last[0].end
    if end <= begin and is_weekday(rest, ctx) and is_weekday(said, ctx):
        begin -= DAYS_A_WEEK * ONE_DAY
    elif end <= begin:
        begin, end = _in_order(first[0], last[0], (said[:used], rest[: last[1]]), ctx)
    return from_to(begin, end - ONE_DAY, ctx), words


def _in_order(first: Span, last: Span, said: tuple[Sequence[str], Sequence[str]], ctx: Context) -> Days:
    """From when to when, where a day without a year is the latest that was: "20 nov to 30 nov" on the 22nd."""
    first_has_year, last_has_year = (any(re.match(r"\d{4}|['’]\d\d|year", each) for each in some) for some in said)
    if first_has_year:
        return first.first, last.end
    if last_has_year:
        begin = add_months(first.first, 12 * (last.first.year - first.first.year))
        return (begin if begin < last.end else add_months(begin, -12)), last.end
    if add_months(last.first, 12) <= ctx.today + SOON_DAYS * ONE_DAY:
        return first.first, add_months(last.end, 12)
    return add_months(first.first, -12), last.end


# Days by themselves ---------------------------------------------------------------------------------------------------


def _one(said: Sequence[str], ctx: Context) -> Found:
    """The days that the words at the front name by themselves, without what may join others to them."""
    if not said:
        return None
    if said[0] == "the" and len(said) > 1:
        return longer_by(1, _one(said[1:], ctx))
    rewritten = _written_apart(said, ctx)
    if rewritten != said:
        found = _led_or_joined(rewritten, ctx)
        more = len(rewritten) - len(said)
        return longer_by(-more, found) if found and found[1] > more else None
    _refuse_to_come(said, ctx)
    _refuse_hours(said)
    return next((found for read in READERS if (found := read(said, ctx))), None)


def _written_apart(said: Sequence[str], ctx: Context) -> Sequence[str]:
    """The same with a word taken apart that stands for several, and without one that says nothing."""
    at = int(said[0] in (*LAST, *THIS) and len(said) > 1)
    lead, word, following, rest = said[:at], said[at], word_at(said, at + 1), said[at + 1 :]
    if word in FISCAL and following in ("year", "quarter"):
        return [*(lead or ["this"]), *rest]
    if word == "fiscal" and NEAR_YEAR.fullmatch(following):
        return [*lead, "fy", *rest]
    if not at and (bare := _without_its_kind(said, ctx)):
        return bare
    if (word, following) == ("calendar", "week"):
        return [*lead, *rest]
    if (word, following) == ("couple", "of"):
        return [*lead, "2", *rest[1:]]
    words = apart(word, months_in(ctx.locale).keys() | weekdays_gone_in(ctx.locale).keys(), led=bool(at))
    return [*lead, *words, *rest] if words else said


def _without_its_kind(said: Sequence[str], ctx: Context) -> Sequence[str]:
    """The same without what it is, as in "month of october", "calendar year 2025"; empty where nothing says it."""
    kind = 1 if said[0] in ("month", "year") else 2 if tuple(said[:2]) == ("calendar", "year") else 0
    behind = kind + (word_at(said, kind) == "of")
    named = word_at(said, behind) if kind else ""
    return said[behind:] if named in months_in(ctx.locale) or NEAR_YEAR.fullmatch(named) else []


def _refuse_to_come(said: Sequence[str], ctx: Context) -> None:
    """Refuse days that nobody can know anything of yet.

    Raises:
        RefusedError: they are still to come.
    """
    known = {*EVERY, *(f"{each}s" for each in EVERY), *weekdays_in(ctx.locale), *months_in(ctx.locale), "weekend"}
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
    if word_at(said, at) in HOURS and (led or said[at] == "tonight" or at):
        raise MeantOtherwiseError(
            "I count whole days and know no “{words}”. For the hours of today, say “spend today by hour”.",
            at + 1,
            ("today", "yesterday", "last 2 days"),
            words=" ".join(said[: at + 1]),
        )


def _part(said: Sequence[str], ctx: Context) -> Found:
    """Such as "first week of november", "mid november", "third quarter", "second half of 2026"."""
    number, following = ORDINALS.get(said[0], 0), word_at(said, 1)
    months = months_in(ctx.locale)
    if number > 0 and following in ("quarter", "half") and not any(x in months or x == "month" for x in said[2:5]):
        return longer_by(1, quarter_or_year([f"{following[0]}{number}", *said[2:]], ctx))
    if number < 0 and following in months:
        return None
    found = part_of(said, count_of, lambda rest: _whole(rest, ctx))
    return (from_to(found[0][0], found[0][1] - ONE_DAY, ctx), found[1]) if found else None


def _whole(said: Sequence[str], ctx: Context) -> tuple[Days, int] | None:
    """A month, quarter or year, and how many words it is: "november", "this month", "the year", "2026"."""
    led = int(said[0] == "the" and len(said) > 1)
    rest = said[led:]
    if led and rest[0] in EVERY:
        found: Found = (this(rest[0], ctx), 1)
    elif rest[0] in (*LAST, *THIS) and len(rest) > 1:
        found = same(rest, ctx) or this_or_last(rest, ctx)
    else:
        found = month(rest, ctx) or quarter_or_year(rest, ctx)
    return ((found[0].first, found[0].end), led + found[1]) if found else None


def _range(said: Sequence[str], ctx: Context) -> Found:
    """Such as "2026-10-01..2026-10-15"."""
    parts = _RANGE.fullmatch(said[0])
    if parts is None or not parts[1][0].isdecimal():
        return None
    first, last = (written(each) for each in parts.groups())
    if first is None or last is None:
        raise no_day(said[0])
    return from_to(first, last, ctx), 1


def _days_of_a_month(said: Sequence[str], ctx: Context) -> Found:
    """Such as "1-5 november", "november 1st to 5th 2025"."""
    led = said[0] in ("between", "from") and len(said) > 1
    text = " ".join(said[led : led + 6])
    text = text.replace(" and ", " to ", 1) if said[0] == "between" else text
    for pattern in _DAYS_OF_A_MONTH:
        found = pattern.match(text)
        if found and found["month"] in months_in(ctx.locale):
            first = of_a_month([found["first"], found["month"], found["year"] or ""], ctx, to_come=False)
            if first:
                last = date_of(first[0].year, first[0].month, int(found["last"]), found[0])
                return from_to(first[0], last, ctx), found[0].count(" ") + 1 + led
    return None


READERS: tuple[Callable[[Sequence[str], Context], Found], ...] = (
    weekend,
    before_last,
    of_a_week,
    ever,
    to_date,
    _part,
    same,
    this_or_last,
    few,
    _range,
    _days_of_a_month,
    week,
    day,
    nth,
    ago,
    month,
    quarter_or_year,
    fiscal_year,
)
"""What names some days by itself. The first that understands the words is right, so what is longer stands before."""
