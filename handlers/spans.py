"""Some days that follow each other, and how a reader calls them."""

from dataclasses import dataclass
from datetime import date, datetime, time

from babel.dates import format_skeleton

from handlers.context import Context
from handlers.errors import RefusedError
from handlers.periods import ONE_DAY, Period


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


Found = tuple[Span, int] | None
"""Days that some words name, and how many words at the front that are; None if they name none."""


def called(day: date, ctx: Context) -> str:
    """A day, with its year unless it is this one's."""
    if day.year == ctx.today.year:
        return ctx.day(day)
    if ctx.language == "en" and ctx.locale.startswith("en"):
        return f"{ctx.day(day)} {day.year}"
    return format_skeleton("yMMMMd", datetime.combine(day, time()), locale=ctx.locale)


def one_day(day: date, ctx: Context) -> Span:
    """A day, called by its date."""
    return Span(day, day + ONE_DAY, called(day, ctx))


def from_to(first: date, last: date, ctx: Context) -> Span:
    """Days, called by the dates of the first and of the last.

    Raises:
        RefusedError: the last is before the first.
    """
    if last < first:
        raise RefusedError(
            "{last} is before {first}. Write the earlier day first, such as 2026-10-01..2026-10-15.",
            last=str(last),
            first=str(first),
        )
    return Span(first, last + ONE_DAY, ctx.t("{first} to {last}", first=called(first, ctx), last=called(last, ctx)))


def whole(period: Period, ctx: Context) -> Span:
    """All days of a period, called by their dates."""
    return from_to(period.first, period.end - ONE_DAY, ctx)


def longer_by(words: int, found: Found) -> Found:
    """The same days, named by so many words more."""
    return (found[0], found[1] + words) if found else None
