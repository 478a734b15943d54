"""The policy lab against months it has not seen: bench/score/lab.py, on one company."""

import pytest

from bench.score.lab import DAY, FIRST, LIMITS_USD, SET, Foretold, foretold, of_the_lab, spent, table

SEED = 1000


@pytest.fixture(scope="module")
def found() -> dict[int, Foretold]:
    """What was foretold and what came, by limit."""
    return {each.limit_usd: each for each in foretold(SEED)}


def test_the_lab_names_most_of_those_who_ask_once_the_limit_is_there(found: dict[int, Foretold]) -> None:
    """By the months before it alone; those it names ask more often than not."""
    for limit in (100, 150, 200):
        lab, asked = found[limit].lab.askers, found[limit].came.askers
        assert len(lab & asked) >= 0.8 * len(asked), limit
        assert len(lab & asked) >= 0.5 * len(lab), limit


def test_as_many_ask_as_the_lab_says(found: dict[int, Foretold]) -> None:
    """Between those who are stopped and what they would ask for until they have all."""
    assert found[150].least <= found[150].came.requests <= found[150].lab.requests


def test_the_lab_sees_nothing_of_the_month_it_is_asked_about() -> None:
    """Without November it says the same."""
    days = spent(SEED)
    before = {day: uses for day, uses in days.items() if day < SET}

    assert of_the_lab(before, 150) == of_the_lab(days, 150)
    assert min(days) >= FIRST
    assert max(before) < SET <= max(days) + DAY


def test_the_table_has_a_row_for_each_limit(found: dict[int, Foretold]) -> None:
    """With the error of each."""
    said = table(list(found.values()))

    assert [row[0] for row in said.rows] == [f"${limit}" for limit in LIMITS_USD]
    assert all(len(row) == len(said.heads) for row in said.rows)
