"""Detectors of waste alone, on plain figures: what they find, and from where on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.language import say
from handlers.policy.policy import STANDARD, TIERS
from handlers.waste.seats import larger_seat
from handlers.waste.small_jobs_big_model import small_jobs_big_model
from handlers.waste.stranded_quota import stranded_quota
from handlers.waste.tool_fees import tool_fees
from handlers.waste.usage import FLAGSHIP, Peers, PoolShare, Usage
from storage.findings import Found, Said
from storage.seats import Seat
from storage.usage_patterns import Habit

TODAY = date(2026, 11, 23)
DOLLAR = 10**9
assert {FLAGSHIP, "small"} == TIERS.keys()


def tier_of(model: str) -> str:
    """By the name."""
    return FLAGSHIP if "opus" in model else "small" if "haiku" in model else STANDARD


def habit(model: str, cost: int, tokens: int = 1000, requests: int = 1000) -> Habit:
    """What Ana used of a model; half of the tokens are input, half output."""
    return Habit("person/ana", model, "", cost, (tokens // 2, 0, 0, 0, tokens // 2), requests, 0)


def usage(*habits: Habit, seats: Sequence[Seat] = (), shares: Sequence[PoolShare] = ()) -> Usage:
    """Ana."""
    zone = ZoneInfo("Europe/Berlin")
    one = Usage("person/ana", True, False, habits, (), zone, TODAY, tier_of)
    return replace(one, seats=tuple(seats), shares=tuple(shares))


NOBODY = Peers([], tier_of)


def said(text: Said) -> str:
    """A text that is kept as data, in English."""
    return say("en", text.text, **text.values)


def evidence(found: Found) -> list[tuple[str, str]]:
    """What a finding is based on, in English."""
    return [(said(name), said(value)) for name, value in found.evidence]


@pytest.mark.parametrize(
    ("now", "before", "found"), [(19, 19, True), (19, 20, False), (20, 19, False), (0, 0, True), (100, 100, False)]
)
def test_a_share_is_stranded_if_less_than_a_fifth_was_used_twice(now: int, before: int, *, found: bool) -> None:
    """One quiet period is none: somebody may have been away."""
    one = usage(shares=[PoolShare("search-pool", ((100, now), (100, before)))])
    seen = list(stranded_quota(one, NOBODY))

    assert bool(seen) == found
    assert all(each.saving is None and each.cost_nanos == 0 for each in seen)  # no money: others could use it
    assert all(each.about == "search-pool" for each in seen)


def test_each_share_is_looked_at_by_itself() -> None:
    """Of two pools one may be used."""
    one = usage(shares=[PoolShare("a", ((100, 90), (100, 90))), PoolShare("b", ((100, 9), (100, 8)))])
    [found] = stranded_quota(one, NOBODY)
    assert (found.about, said(found.what)) == ("b", "9 % of the share of b was used, two periods in a row")
    assert ("Period before", "8 %") in evidence(found)


SEARCHES = habit("web search tool calls", 30 * DOLLAR, tokens=0, requests=3000)


def test_a_tenth_for_tools_is_shown_and_nothing_is_claimed() -> None:
    """Whether the searches were needed usage cannot show."""
    [found] = tool_fees(usage(habit("claude-haiku-4-5", 100 * DOLLAR), SEARCHES), NOBODY)
    assert said(found.what) == "23 % of the spending is on tools, not tokens"
    assert evidence(found) == [("Tools", "web search tool calls"), ("Calls in four weeks", "3000")]
    assert found.saving is None

    assert not list(tool_fees(usage(habit("claude-haiku-4-5", 300 * DOLLAR), SEARCHES), NOBODY))


def test_what_is_reported_without_tokens_is_no_tool() -> None:
    """Copilot and others tell money only: that is no fee."""
    assert not list(tool_fees(usage(habit("gpt-5.2", 100 * DOLLAR, tokens=0)), NOBODY))


def test_a_tool_is_no_cheap_model() -> None:
    """A million tokens of a search cost nothing, for it has none; nobody is sent there with their small jobs."""
    small, big = habit("claude-haiku-4-5", 200 * DOLLAR, 10**9), habit("claude-opus-4-5", 500 * DOLLAR, 10**5, 2000)
    searches = replace(SEARCHES, cost_nanos=900 * DOLLAR)
    [found] = small_jobs_big_model(usage(big), Peers([small, big, searches], tier_of))
    assert found.about == "claude-haiku-4-5"


def seat(name: str, plan: str = "assistant_standard", usd: int = 30, *, since: date | None = None) -> Seat:
    """Somebody's seat, used yesterday."""
    return Seat("sample", name, plan, usd * DOLLAR, TODAY - timedelta(days=1), since)


OTHERS = {seat(f"other{number}"): (50 + number, 50 + number) for number in range(9)}  # the median has 54
PREMIUM = seat("ana", "assistant_premium", 120)


@pytest.mark.parametrize(("used", "found"), [((53, 53), True), ((53, 54), False), ((54, 53), False), ((500, 9), False)])
def test_a_large_seat_of_which_less_is_used_than_of_small_ones(used: tuple[int, int], *, found: bool) -> None:
    """Two months in a row less than the median of those who have the cheaper seat."""
    seen = list(larger_seat(usage(seats=[PREMIUM]), Peers([], tier_of, {**OTHERS, PREMIUM: used})))

    assert bool(seen) == found
    assert all(each.saving == (90 * DOLLAR, 90 * DOLLAR) for each in seen)
    assert all(said(each.advice).startswith("Switch to assistant_standard") for each in seen)


@pytest.mark.parametrize(
    "mine",
    [
        seat("ana", "editor_premium", 120),  # another product
        replace(PREMIUM, provider="other"),
        seat("ana", "assistant_premium", 30),  # it costs no more
        seat("ana", "assistant_premium", 120, since=TODAY - timedelta(days=55)),  # it is new
        replace(PREMIUM, used_on=TODAY - timedelta(days=30)),  # it is idle, which is another finding
    ],
)
def test_a_seat_is_compared_with_cheaper_ones_of_its_own_product_only(mine: Seat) -> None:
    """And once there are two months to look at."""
    assert not list(larger_seat(usage(seats=[mine]), Peers([], tier_of, {**OTHERS, mine: (1, 1)})))


def test_seven_others_are_too_few_to_compare_with() -> None:
    """Eight are enough."""
    some = dict(list(OTHERS.items())[:7])
    assert not list(larger_seat(usage(seats=[PREMIUM]), Peers([], tier_of, {**some, PREMIUM: (1, 1)})))
