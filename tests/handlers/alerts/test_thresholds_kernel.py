"""The state machine of alerts, as a rule on plain data."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alerts.thresholds import Step, step
from storage.alerts import Alert, Used

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARKS = (50, 80, 100)
FRESH = Alert("b", date(2026, 11, 1), "person/ana", 0, "", "armed", 0, 0, NOW)


def after(*courses: tuple[int, int], before: dict[int, Alert] | None = None, now: datetime = NOW) -> list[int]:
    """What is told as (limit, spent) goes through some values, 0 for nothing."""
    known, told = dict(before or {}), []
    for limit, spent in courses:
        done = step(now, Used("person/ana", limit, spent), MARKS, known, FRESH)
        known |= {each.percent: each for each in done.changed}
        told.append(done.tell)
    return told


@pytest.mark.parametrize(
    ("courses", "told"),
    [
        ([(100, 49), (100, 50), (100, 60)], [0, 50, 0]),
        ([(100, 50), (100, 80), (100, 100), (100, 900)], [50, 80, 100, 0]),
        ([(100, 95), (100, 96)], [80, 0]),  # two at once are one message, by the higher
        ([(100, 85), (100, 79), (100, 85)], [80, 0, 0]),  # a correction of the report is no news
        ([(100, 85), (200, 85), (200, 160)], [80, 0, 80]),  # the limit was raised: armed again
        ([(100, 100), (110, 105), (110, 110)], [100, 0, 100]),
        ([(100, 100), (101, 101)], [100, 0]),  # raised, and still used up: the same news
        ([(0, 0), (0, 1), (0, 2)], [0, 100, 0]),
        ([(-5, 0), (-5, 1)], [0, 100]),
        ([(100, 40), (20, 40)], [0, 100]),  # the limit was lowered
    ],
)
def test_each_mark_is_told_once_until_the_limit_is_raised(courses: list[tuple[int, int]], told: list[int]) -> None:
    """Armed, fired, and armed again by a raised limit only."""
    assert after(*courses) == told


def test_what_was_put_off_is_told_again_at_its_time_unless_it_is_better_by_then() -> None:
    """Put off until tomorrow: silent today, told tomorrow, and not if a higher mark was told since."""
    (fired,) = step(NOW, Used("a", 100, 60), MARKS, {}, FRESH).changed
    later = {50: replace(fired, state="snoozed", until=NOW + timedelta(days=1))}
    tomorrow = NOW + timedelta(days=1)

    assert after((100, 60), before=later) == [0]
    assert after((100, 60), before=later, now=tomorrow) == [50]
    assert after((100, 40), before=later, now=tomorrow) == [0]
    assert after((100, 85), (100, 85), before=later) == [80, 0]
    higher = {**later, 80: replace(fired, percent=80)}
    assert after((100, 85), before=higher, now=tomorrow) == [0]


def test_what_is_known_is_not_told_again() -> None:
    """Until the limit is raised above it."""
    (fired,) = step(NOW, Used("a", 100, 60), MARKS, {}, FRESH).changed
    known = {50: replace(fired, state="known")}

    assert after((100, 70), (200, 70), (200, 110), before=known) == [0, 0, 50]


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 300)), max_size=12))
def test_the_same_state_twice_changes_nothing(courses: list[tuple[int, int]]) -> None:
    """However it came about: looking again tells nobody and writes nothing."""
    known: dict[int, Alert] = {}
    for limit, spent in courses:
        used = Used("a", limit, spent)
        known |= {each.percent: each for each in step(NOW, used, MARKS, known, FRESH).changed}

        assert step(NOW, used, MARKS, known, FRESH) == Step(0, ())
