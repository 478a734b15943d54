"""The guard on worlds that nobody tuned it on: few of them here, all of them with `python -m bench.score.guard`."""

import pytest

from bench.score.guard import GUARD, false_table, hits, kinds_table, play


@pytest.mark.long
def test_a_new_agent_and_an_unknown_key_of_a_small_company_are_told_within_a_reading() -> None:
    """In a company of four programs and in one of ten."""
    played = [play("small", seed) for seed in (1001, 1002)]
    told = [told for _, _, told in hits(played, GUARD)]
    assert len(told) == 8
    assert all(told)
    assert "an unknown key at $60 an hour" in str(kinds_table(played))
    assert "small" in str(false_table(played))
