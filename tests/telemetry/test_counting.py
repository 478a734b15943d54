"""However measurements come, each is counted once: added ones, whole ones, again, out of order, after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.telemetry import still_counting
from storage.charges import TOKENS, Charge
from storage.db import Database
from storage.telemetry import Cell, Measured, Reported, news
from tests.support.clock import NOW
from tests.support.databases import migrated
from tests.support.exporters import nanoseconds

DAY = date(2026, 11, 22)
MINUTE = timedelta(minutes=1)


def measured(series: int, start: int, end: int, value: int, *, cumulative: bool = False) -> Measured:
    """A measurement that began and ended so many minutes after noon."""
    cell = Cell("claude-code", NOW, "person/ana", "", "m")
    first, last = (nanoseconds(NOW + minute * MINUTE) for minute in (start, end))
    return Measured(cell, {"tokens_input": 1}, value, series, first, last, cumulative)


@dataclass(frozen=True)
class Sent:
    """What was used, and the batches in which it came."""

    used: int
    batches: list[list[Measured]]


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    """A few counters, each run of which is told in steps; then repeated, shuffled and cut into batches."""
    told: list[Measured] = []
    used = 0
    for number in range(draw(st.integers(1, 3))):
        minute = 0
        for run in range(draw(st.integers(1, 3))):
            cumulative = draw(st.booleans())
            start, whole = minute, 0
            for step in draw(st.lists(st.integers(0, 50), min_size=1, max_size=5)):
                minute += 1
                whole += step
                series = 100 * number + run  # a counter that is told as a whole is another one after a restart
                one = (start, whole) if cumulative else (minute - 1, step)
                told.append(measured(series, one[0], minute, one[1], cumulative=cumulative))
            used += whole
    again = [draw(st.sampled_from(told)) for _ in range(draw(st.integers(0, 6)))]
    order = draw(st.permutations([*told, *again]))
    cuts = sorted({0, len(order), *draw(st.lists(st.integers(0, len(order)), max_size=4))})
    return Sent(used, [list(order[first:last]) for first, last in pairwise(cuts)])


def counted(database: Database, batches: Sequence[Sequence[Measured]]) -> int:
    """What comes of batches, in a database that forgets it afterwards."""
    with database._orders.begin() as conn:
        total = sum(value for batch in batches for _, value in news(conn, batch, DAY))
        conn.rollback()
    return total


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """One database for all examples."""
    folder: Path = tmp_path_factory.mktemp("ledger")
    return migrated(folder / "bursar.db")


@settings(max_examples=60)
@given(sent())
def test_any_order_and_any_repetition_come_to_what_was_used(ledger: Database, sent: Sent) -> None:
    """In whatever batches."""
    assert counted(ledger, sent.batches) == sent.used


def test_a_counter_that_falls_began_anew(ledger: Database) -> None:
    """Some SDKs do not tell a new start."""
    falls = [measured(1, 0, 1, 10, cumulative=True), measured(1, 0, 2, 4, cumulative=True)]
    assert counted(ledger, [falls]) == 14


def test_two_programs_whose_minutes_overlap_both_count(ledger: Database) -> None:
    """They have one name for their counter, and each its own beginning."""
    assert counted(ledger, [[measured(1, 0, 2, 5)], [measured(1, 1, 3, 6)], [measured(1, 0, 2, 5)]]) == 11


# What is reported, and what is left ----------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 1000)
KIND_NAMES = (*TOKENS, "tokens_reasoning", "requests")


@st.composite
def hours(draw: st.DrawFn) -> Charge:
    """What a program told of an hour."""
    hour = datetime(2026, 11, 22, draw(st.integers(0, 5)), tzinfo=UTC)
    model = draw(st.sampled_from(("claude-sonnet-4-5", "claude-opus-4-5")))
    tokens = {name: draw(AMOUNTS) for name in TOKENS}
    cost = draw(st.none() | AMOUNTS)
    return Charge("claude-code", hour, 1, model, requests=draw(AMOUNTS), cost_nanos=cost, **tokens)  # type: ignore[arg-type]


reports = st.builds(
    Reported,
    st.just("person/ana"),
    st.sampled_from(("claude-sonnet-4-5-20250929", "anthropic/claude-opus-4-5", "gpt-5")),
    st.tuples(*[AMOUNTS] * 5),
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
)


@given(st.lists(hours(), max_size=6), st.lists(reports, max_size=4))
def test_an_open_day_comes_to_the_larger_of_both(told: list[Charge], reported: list[Reported]) -> None:
    """Of each model and kind. Never beside each other, and never less than either."""
    left = still_counting(told, reported, lambda each: each.cost_nanos or 0)
    assert len(left) == len(told)
    for model, names in (
        ("claude-sonnet-4-5", {"claude-sonnet-4-5-20250929"}),
        ("claude-opus-4-5", {"anthropic/claude-opus-4-5"}),
    ):
        here = [each for each in reported if each.model in names]
        for place, name in enumerate(TOKENS):
            was = sum(getattr(each, name) for each in told if each.model == model)
            said = sum(each.tokens[place] for each in here)
            counts = sum(getattr(each, name) for each in left if each.model == model)
            assert said + counts == max(said, was)
        was, counts = (sum(each.cost_nanos or 0 for each in some if each.model == model) for some in (told, left))
        said = sum(each.cost_house for each in here)
        assert said + counts == max(said, was)


def test_what_is_reported_takes_the_place_of_the_earliest_hours() -> None:
    """So that the guard still sees what burns now."""
    told = [
        Charge("claude-code", datetime(2026, 11, 22, hour, tzinfo=UTC), 1, "m", tokens_input=10, cost_nanos=10)
        for hour in (3, 1, 2)
    ]
    left = still_counting(
        told, [Reported("person/ana", "m", (15, 0, 0, 0, 0), 0, 0, 15)], lambda each: each.cost_nanos or 0
    )
    assert [(each.bucket_start.hour, each.tokens_input, each.cost_nanos) for each in left] == [
        (1, 0, 0),
        (2, 5, 5),
        (3, 10, 10),
    ]
