"""Each reader of days in words by itself, and the order in which they are asked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from handlers import named_periods, past_periods, period_words
from handlers.context import CLOCK, Context
from handlers.days import day_gone, day_to_come
from handlers.errors import RefusedError
from handlers.period_words import READERS, span_of
from handlers.place import Place
from handlers.policy.policy import Policy

# On Sunday, 22 November 2026, in years that begin in January: words, and the days they are.
READ = {
    past_periods.weekend: ("last weekend", "2026-11-14", "2026-11-15"),
    past_periods.before_last: ("week before last", "2026-11-02", "2026-11-08"),
    past_periods.of_a_week: ("friday of last week", "2026-11-13", "2026-11-13"),
    past_periods.ever: ("all time", "2016-11-14", "2026-11-22"),
    past_periods.to_date: ("month to date", "2026-11-01", "2026-11-30"),
    period_words._part: ("first week of november", "2026-11-01", "2026-11-07"),
    past_periods.same: ("same month last year", "2025-11-01", "2025-11-30"),
    past_periods.this_or_last: ("last 7 days", "2026-11-16", "2026-11-22"),
    past_periods.few: ("30 days", "2026-10-24", "2026-11-22"),
    period_words._range: ("2026-10-01..2026-10-15", "2026-10-01", "2026-10-15"),
    period_words._days_of_a_month: ("1-5 november", "2026-11-01", "2026-11-05"),
    named_periods.week: ("week 46", "2026-11-09", "2026-11-15"),
    past_periods.day: ("20 november", "2026-11-20", "2026-11-20"),
    past_periods.nth: ("the 5th", "2026-11-05", "2026-11-05"),
    past_periods.ago: ("2 months ago", "2026-09-01", "2026-09-30"),
    named_periods.month: ("october 2025", "2025-10-01", "2025-10-31"),
    named_periods.quarter_or_year: ("q4 2025", "2025-10-01", "2025-12-31"),
    named_periods.fiscal_year: ("fy 2026", "2026-01-01", "2026-12-31"),
}


@pytest.fixture(scope="module")
def ctx() -> Iterator[Context]:
    """What a handler sees at noon of that Sunday, where nothing but the calendar is asked for."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        yield Context(
            conn, now, CLOCK, Place("terminal", "x"), Policy.model_validate({"organization": {"zone": "UTC"}})
        )
    engine.dispose()


def test_each_reader_has_words_of_its_own() -> None:
    """A new line of the table has one here."""
    assert set(READ) == set(READERS)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_what_a_reader_understands_no_other_takes_first(read: object, ctx: Context) -> None:
    """Each line of the table reads its own words, and the whole table reads them the same."""
    said, first, last = READ[read]  # type: ignore[index]
    words = said.removeprefix("the ").split()

    alone, found = read(words, ctx), span_of(said.split(), ctx)  # type: ignore[operator]

    assert found is not None
    assert alone == (found[0], len(words))
    assert found[1] == len(said.split())
    assert (found[0].first, found[0].end - timedelta(days=1)) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("joined", ["{} to today", "between {} and today", "since {}"])
@pytest.mark.parametrize("said", ["friday of last week", "20 november", "october", "the 5th"])
def test_words_between_days_join_whatever_names_them(said: str, joined: str, ctx: Context) -> None:
    """From the first day of what is named until today."""
    alone, found = span_of(said.split(), ctx), span_of(joined.format(said).split(), ctx)

    assert alone is not None
    assert found is not None
    assert (found[0].first, found[0].end) == (alone[0].first, ctx.today + timedelta(days=1))


@pytest.mark.parametrize(
    ("said", "gone", "to_come"),
    [
        ("friday", "2026-11-20", "2026-11-27"),
        ("sunday", "2026-11-22", "2026-11-22"),
        ("20 november", "2026-11-20", "2027-11-20"),
        ("november 30", "2025-11-30", "2026-11-30"),
        ("29 february", "2024-02-29", "2028-02-29"),
        ("11/30", "2025-11-30", "2026-11-30"),
        ("2026-11-21", "2026-11-21", "2026-11-21"),
    ],
)
def test_a_day_without_a_year_is_the_last_one_or_the_next(said: str, gone: str, to_come: str, ctx: Context) -> None:
    """By what it is asked for: what was spent, or until when."""
    words = said.split()

    assert day_gone(words, ctx) == (date.fromisoformat(gone), len(words))
    assert day_to_come(words, ctx) == (date.fromisoformat(to_come), len(words))


@pytest.mark.parametrize("said", ["2026-02-30", "30 february", "31.11.2026", "november 31", "1999-12-31"])
def test_a_day_that_no_calendar_has_is_refused_however_it_is_written(said: str, ctx: Context) -> None:
    """Whether it is asked for or to come."""
    for read in (day_gone, day_to_come, span_of):
        with pytest.raises(RefusedError, match=r"There is no day|is too far away"):
            read(said.split(), ctx)
