"""Tokens and money, joined: whose cost a line is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.openai.costs import CostLine, UsageCell, UsageCounts, joined, line, shares

ANA, BEN = UsageCell("p", "", "ana", "gpt-5.2", "standard"), UsageCell("p", "", "ben", "gpt-5.2", "standard")

NAMES = st.sampled_from(["", "gpt-5.2", "gpt-5.2-2026-01-15", "gpt-5.2-mini", "web search tool calls"])
WORDS = st.sampled_from(["", "a", "b"])
CELLS = st.builds(UsageCell, WORDS, WORDS, WORDS, NAMES, st.sampled_from(["", "standard", "batch", "priority"]))
USED = st.builds(UsageCounts, *[st.integers(0, 9) for _ in UsageCounts._fields])
TEXTS = st.builds(
    lambda mark, name, kind: mark + name + kind,
    st.sampled_from(["", "priority | ", "odd | "]),
    NAMES,
    st.sampled_from(["", ", input", ", cached input", ", batch output", ", output, long context", ", audio"]),
)
LINES = st.lists(st.builds(line, WORDS, WORDS, TEXTS, st.integers(-100, 10**12)), max_size=8)


def costs(used: dict[UsageCell, UsageCounts], *lines: CostLine) -> dict[UsageCell, int | None]:
    """What each cell costs."""
    return {cell: cost for cell, _, cost in joined(used, lines)}


@pytest.mark.parametrize(
    ("text", "name", "family", "tier"),
    [
        ("gpt-5.2-2026-01-15, input", "gpt-5.2-2026-01-15", "gpt-5.2", ""),
        ("priority | gpt-5.2, output, long context", "gpt-5.2", "gpt-5.2", "priority"),
        ("gpt-5.2, batch input", "gpt-5.2", "gpt-5.2", "batch"),
        ("gpt-audio-mini-2025-12-15 audio, input", "gpt-audio-mini-2025-12-15 audio", "gpt-audio-mini", ""),
        ("ft-gpt-4o-2024-08-06, input", "ft-gpt-4o-2024-08-06", "ft-gpt-4o", ""),
        ("web search tool calls", "web search tool calls", "web", ""),
        ("Batches of paper", "Batches of paper", "batches", ""),
        ("", "", "", ""),
    ],
)
def test_a_line_is_read_from_its_text(text: str, name: str, family: str, tier: str) -> None:
    """Model, family and tier; what else is sold keeps its name."""
    read = line("p", "k", text, 1)
    assert (read.name, read.pot.family, read.tier) == (name, family, tier)


@pytest.mark.parametrize(
    ("kind", "weight"),
    [("input", 1), ("cached input", 2), ("cache writes", 3), ("output, long context", 4), ("audio", 5), ("", 5)],
)
def test_a_line_weighs_tokens_of_its_kind(kind: str, weight: int) -> None:
    """A line about no kind of token that we know is shared by requests."""
    assert line("p", "k", f"gpt-5.2, {kind}", 1).weight(UsageCounts(1, 2, 3, 4, 5)) == weight


def test_users_without_a_key_share_by_their_tokens() -> None:
    """Two people in the playground pay for what each of them used, kind by kind."""
    used = {ANA: UsageCounts(input=75, output=10), BEN: UsageCounts(input=25, output=30)}
    assert costs(used, line("p", "", "gpt-5.2, input", 1_000), line("p", "", "gpt-5.2, output", 4_000)) == {
        ANA: 750 + 1_000,
        BEN: 250 + 3_000,
        UsageCell("p", "", "", "gpt-5.2", ""): 0,
    }


def test_a_line_of_a_tier_is_for_that_tier() -> None:
    """What costs double is not spread over those who waited, and the other lines are not for the priority."""
    fast = ANA._replace(tier="priority")
    used = {ANA: UsageCounts(input=90), fast: UsageCounts(input=10)}
    found = costs(used, line("p", "", "gpt-5.2, input", 900), line("p", "", "priority | gpt-5.2, input", 200))
    assert (found[ANA], found[fast]) == (900, 200)


def test_a_tier_that_no_line_names_shares_the_plain_lines() -> None:
    """Whether batches have lines of their own is nowhere said; without one they are not free."""
    batch = ANA._replace(tier="batch")
    found = costs({ANA: UsageCounts(input=50), batch: UsageCounts(input=50)}, line("p", "", "gpt-5.2, input", 900))
    assert (found[ANA], found[batch]) == (450, 450)


def test_a_snapshot_pays_what_the_line_of_its_model_says() -> None:
    """Usage and costs may name a model with and without its date, and a tuned one in two ways."""
    dated = ANA._replace(model="gpt-5.2-2026-01-15")
    tuned = ANA._replace(model="ft:gpt-4o-2024-08-06:acme::7p4lURel")
    used = {dated: UsageCounts(input=1), tuned: UsageCounts(input=1)}
    found = costs(used, line("p", "", "gpt-5.2, input", 7), line("p", "", "ft-gpt-4o-2024-08-06, input", 9))
    assert (found[dated], found[tuned]) == (7, 9)


def test_what_nobody_used_stays_with_its_key() -> None:
    """Storage and searches are costs of their project and key, under their own name."""
    assert costs({}, line("p", "k", "web search tool calls", 5)) == {
        UsageCell("p", "k", "", "web search tool calls", ""): 5
    }


def test_the_rest_is_told_even_if_it_is_nothing() -> None:
    """Cost before its usage makes a cell of nobody; it must become nothing again, or it would count twice."""
    rest = UsageCell("p", "", "", "gpt-5.2", "")
    cost = line("p", "", "gpt-5.2, input", 7)
    assert costs({}, cost) == {rest: 7}
    assert costs({ANA: UsageCounts(input=1)}, cost) == {rest: 0, ANA: 7}


def test_rests_of_one_name_are_added_up() -> None:
    """A line that finds its users does not take away what another has left."""
    left, found = line("p", "", "gpt-5.2, cached input", 7), line("p", "", "gpt-5.2, input", 5)
    assert costs({ANA: UsageCounts(input=1)}, left, found) == {ANA: 5, left.rest: 7}


def test_usage_of_a_project_without_any_line_has_no_cost_yet() -> None:
    """Unknown is not zero, and not what another project cost."""
    assert costs({ANA: UsageCounts(input=1)}, line("q", "", "gpt-5.2, input", 7))[ANA] is None


def test_usage_in_a_project_with_lines_is_paid_by_them() -> None:
    """A model whose line we cannot match is not estimated on top of what was reported."""
    other = ANA._replace(model="gpt-6")
    assert costs({other: UsageCounts(input=1)}, line("p", "", "gpt-5.2, input", 7))[other] == 0


@given(st.dictionaries(CELLS, USED, max_size=8), LINES)
def test_no_nano_is_lost_or_counted_twice(used: dict[UsageCell, UsageCounts], lines: list[CostLine]) -> None:
    """Whatever is reported: each cell comes once, tokens are as used, and each project costs what its lines say."""
    found = list(joined(used, lines))
    cells = [cell for cell, _, _ in found]
    assert len(set(cells)) == len(cells)
    assert {cell: tokens for cell, tokens, _ in found if any(tokens)} == {c: u for c, u in used.items() if any(u)}
    for project in {cell.project for cell in cells}:
        lined = [each.nanos for each in lines if each.project == project]
        paid = [cost for cell, _, cost in found if cell.project == project]
        assert (sum(cost or 0 for cost in paid), None in paid) == (sum(lined), not lined)


@given(CELLS, LINES)
def test_the_cells_of_costs_do_not_hang_on_usage(cell: UsageCell, lines: list[CostLine]) -> None:
    """Usage that comes later adds cells and leaves none out."""
    assert {each for each, _, _ in joined({}, lines)} <= {each for each, _, _ in joined({cell: UsageCounts(1)}, lines)}


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), max_size=9))
def test_shares_add_up(whole: int, weights: list[int]) -> None:
    """Who weighs nothing pays nothing, and no share is off by a whole nano."""
    parts = shares(whole, weights)
    total = sum(weights)
    assert sum(parts) == (whole if total else 0)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - whole * weight) <= total
        assert weight or not part
