"""`budgets`: which there are, told to whom it is told."""

import pytest

from tests.support.company import Company


def test_finance_sees_every_budget_with_what_happens_at_its_limit(acme: Company) -> None:
    """Whose it is, how much, for which models."""
    said = acme.say("fay", "list budgets")

    assert said.startswith("3 budgets")
    for row in (
        ("per-person", "each person", "$400.00 a month", "all models", "a stop, where providers can"),
        ("search-pool", "Search", "$3,000.00 a month", "all models", "a stop, where providers can"),
        ("agents", "each agent", "$500.00 a month", "all models", "a stop, where providers can"),
    ):
        line = next(each for each in said.splitlines() if each.strip().startswith(row[0]))
        assert all(words in line for words in row), line


def test_others_see_what_binds_them_and_what_they_own(acme: Company) -> None:
    """Bob spends from no pool, Ana from that of Search, which Max owns."""
    assert "search-pool" not in acme.say("bob", "budgets")
    assert "search-pool" in acme.say("ana", "budgets")
    assert "agents" not in acme.say("ana", "budgets")
    assert acme.say("max", "budgets of crawler").startswith("Crawler: 2 budgets")


@pytest.mark.parametrize("words", ["budgets of ana", "budgets of nobody-at-all"])
def test_nobody_hears_of_the_budgets_of_others(acme: Company, words: str) -> None:
    """Unknown and forbidden sound alike."""
    name = words.rpartition(" ")[2]
    assert acme.say("bob", words).startswith(f"! You can't see figures for “{name}”, or it doesn't exist.")
