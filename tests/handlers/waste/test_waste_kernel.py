"""Detectors of waste alone, on plain figures: what they find, and from where on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.language import say
from handlers.policy.policy import STANDARD, TIERS
from handlers.waste.batchable_run_live import batchable_run_live
from handlers.waste.detectors import detect
from handlers.waste.failed_calls import failed_calls
from handlers.waste.larger_than_peers import verbose_output
from handlers.waste.load import Evidence
from handlers.waste.low_cache_reuse import low_cache_reuse
from handlers.waste.no_caching import no_caching
from handlers.waste.off_hours_loop import off_hours_loop
from handlers.waste.older_model import older_model
from handlers.waste.premium_speed import premium_speed
from handlers.waste.seats import doubled_seat, idle_seat, larger_seat
from handlers.waste.small_jobs_big_model import small_jobs_big_model
from handlers.waste.stranded_quota import stranded_quota
from handlers.waste.tool_fees import tool_fees
from handlers.waste.top_tier_only import top_tier_only
from handlers.waste.usage import FLAGSHIP, Peers, PoolShare, Usage
from handlers.waste.wrong_cache_lifetime import wrong_cache_lifetime
from storage.findings import Found, Said
from storage.seats import Seat
from storage.usage_patterns import Habit, Hour

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
    assert all(each.saving == (0, 90 * DOLLAR) for each in seen)
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


# What only looks like waste ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "later", "found"),
    [
        ("claude-opus-4-1", "claude-opus-4-5", True),
        ("claude-3-5-sonnet-20241022", "claude-sonnet-4-5", True),
        ("anthropic/claude-opus-4-1-20250805", "eu.anthropic.claude-opus-4-5-20251101-v1:0", True),
        ("gpt-5", "gpt-5.2", True),
        ("qwen2.5-72b", "qwen3-72b", True),
        ("kimi-k2-0711-preview", "kimi-k2.5", True),
        ("grok-4.20", "grok-4.3", True),
        ("qwen2.5-72b", "qwen3-8b", False),  # another size
        ("mixtral-8x7b", "mixtral-8x22b", False),
        ("moonshot-v1-8k", "moonshot-v1-32k", False),  # another context
        ("gpt-5.2", "gpt-5.4-mini", False),  # another line
        ("gpt-4o", "gpt-4.1", False),
        ("gpt-4-0613", "gpt-4-1106-preview", False),  # days, not versions
        ("claude-opus-4-20250514", "claude-opus-4-0", False),  # the same
        ("deepseek-r1", "deepseek-v3.2", False),
        ("text-embedding-2", "text-embedding-3", False),  # what was read must be read again
        ("search-1", "search-2", False),  # names that somebody gave to deployments
        ("ft:gpt-4o-mini-2024-07-18:acme:one:2", "gpt-5-mini", False),
    ],
)
def test_a_successor_is_the_same_line_and_size_in_a_later_version(model: str, later: str, *, found: bool) -> None:
    """It is half as expensive here; only what is really a later version of it is advised."""
    peers = Peers([habit(model, 100 * DOLLAR), habit(later, 50 * DOLLAR)], tier_of)
    seen = list(older_model(usage(habit(model, 100 * DOLLAR)), peers))

    assert bool(seen) == found
    assert all(each.confidence == "medium" for each in seen)


def test_who_moves_to_the_successor_already_needs_no_advice() -> None:
    """Or compares both."""
    old, new = habit("claude-opus-4-1", 100 * DOLLAR), habit("claude-opus-4-5", 15 * DOLLAR, requests=300)
    peers = Peers([habit("claude-opus-4-1", 100 * DOLLAR), habit("claude-opus-4-5", 50 * DOLLAR)], tier_of)

    assert not list(older_model(usage(old, new), peers))
    assert list(older_model(usage(old, replace(new, requests=299)), peers))


def sent(model: str, size: int, tier: str = "", **more: int) -> Habit:
    """So many tokens in each of a thousand requests, read from no cache."""
    read = more.get("read", 0)
    return Habit("person/ana", model, tier, 900 * DOLLAR, (size * 1000, read * 1000, 0, 0, 100_000), 1000, 0)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (sent("claude-sonnet-4-5", 1_463), True),
        (sent("claude-sonnet-4-5", 1_462), False),  # seven tenths of it are below 1,024
        (sent("claude-haiku-4-5", 5_852), True),
        (sent("claude-haiku-4-5", 5_851), False),  # below 4,096
        (sent("anthropic/claude-4.5-opus", 5_851), False),
        (sent("claude-opus-4-1", 5_851), True),
        (sent("text-embedding-3-large", 9_000), False),
        (sent("voyage-3", 9_000), False),
        (sent("gpt-5.2", 9_000), False),  # it caches by itself what repeats
        (sent("claude-sonnet-4-5", 9_000, "batch"), False),
    ],
)
def test_a_cache_is_missed_only_where_it_could_be(one: Habit, *, found: bool) -> None:
    """By models that cache when asked to, in requests that are long enough for them; whether it helps is not seen."""
    seen = [
        *no_caching(usage(one), NOBODY),
        *low_cache_reuse(usage(replace(one, tokens=(*one.tokens[:1], 5, 0, 0, 9))), NOBODY),
    ]

    assert bool(seen) == found
    assert {(each.confidence, each.saving and each.saving[0]) for each in seen} <= {("low", 0)}


def hours(*cells: tuple[int, int, int], key: str = "k") -> tuple[Hour, ...]:
    """Hours of a key: of a day of the four weeks, at an hour (UTC), so many requests at a cent each."""
    start = datetime(2026, 10, 26, tzinfo=UTC)
    return tuple(
        Hour(
            "agent/crawler",
            key,
            start + timedelta(days=day, hours=hour),
            asked * DOLLAR // 100,
            (100 * asked, 9_000 * asked, 0, 2_500 * asked, 100 * asked),
            asked,
            0,
        )
        for day, hour, asked in cells
    )


def program(*habits: Habit, active: Sequence[Hour] = ()) -> Usage:
    """The crawler."""
    return replace(usage(*habits), account_id="agent/crawler", person=False, hours=tuple(active))


EVENLY = hours(*((day, hour, 30) for day in range(14) for hour in range(24)))
BY_DAY = hours(*((day, hour, 100 if 8 <= hour < 16 else 13) for day in range(14) for hour in range(24)))


def test_conversations_of_people_may_pause_for_longer_than_a_short_cache_lives() -> None:
    """However often others ask meanwhile: only what runs like clockwork is thought to be one."""
    assert list(wrong_cache_lifetime(program(active=EVENLY), NOBODY))
    assert not list(wrong_cache_lifetime(program(active=BY_DAY), NOBODY))


def test_where_people_ask_speed_is_not_in_vain() -> None:
    """A backlog that is worked off around the clock has nobody who waits."""
    fast = habit("gpt-5.2", 300 * DOLLAR, 10**9)
    peers = Peers([replace(fast, cost_nanos=150 * DOLLAR)], tier_of)
    fast = replace(fast, tier="priority")

    assert list(premium_speed(program(fast, active=EVENLY), peers))
    assert not list(premium_speed(program(fast, active=BY_DAY), peers))


def test_a_timetable_by_day_and_without_weekends_is_peoples() -> None:
    """At night, or on all days, it is a program's; a shift at night without weekends is people's elsewhere."""
    use = habit("gpt-5.2", 300 * DOLLAR)
    by_day = hours(*((day, 9, 30) for day in range(28) if day % 7 < 5))
    at_night = hours(*((day, 1, 30) for day in range(28) if day % 7 < 5))
    daily = hours(*((day, 9, 30) for day in range(28)))
    shift = hours(*((day, hour, 30) for day in range(28) for hour in range(1, 7) if day % 7 < 5))
    every_night = hours(*((day, hour, 30) for day in range(28) for hour in range(1, 7)))
    timetables = by_day, at_night, daily, shift, every_night
    found = [bool(list(batchable_run_live(program(use, active=each), NOBODY))) for each in timetables]

    assert found == [False, True, True, False, True]


def test_requests_that_go_on_from_the_last_cannot_be_sent_as_a_batch() -> None:
    """Nine tenths of their input was read before."""
    nightly = hours(*((day, 1, 30) for day in range(28)))
    chained = Habit("agent/crawler", "gpt-5.2", "", 300 * DOLLAR, (100, 900, 0, 0, 50), 100, 0)

    assert not list(batchable_run_live(program(chained, active=nightly), NOBODY))


OTHER = habit("claude-sonnet-4-5", 500 * DOLLAR, 10**9)
JUDGE = habit("claude-opus-4-5", 500 * DOLLAR, 10**6, 2000)


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        ([], True),
        ([habit("claude-haiku-4-5", 5 * DOLLAR, requests=999)], True),
        ([habit("claude-haiku-4-5", 5 * DOLLAR, requests=1000)], False),  # a cascade
        (
            [habit("gpt-5.2", DOLLAR, requests=2000), habit("gemini-3-pro", DOLLAR, requests=2100)],
            False,
        ),  # an evaluation
    ],
)
def test_small_jobs_are_left_to_who_chooses_or_compares_models(beside: list[Habit], *, found: bool) -> None:
    """A small model answers most and hands on the rest, or the same questions go to several models."""
    assert bool(list(small_jobs_big_model(usage(JUDGE, *beside), Peers([JUDGE, OTHER], tier_of)))) == found


def test_the_same_question_to_three_models_is_a_comparison() -> None:
    """Of the largest ones, too, and every night: whoever compares them does it on purpose."""
    asked = [replace(JUDGE, model=f"claude-opus-4-{number}", requests=2000 + number) for number in (1, 5, 6)]
    nightly = hours(*((day, 1, 30) for day in range(28)))

    assert not list(small_jobs_big_model(usage(*asked), Peers([JUDGE, OTHER], tier_of)))
    assert not list(batchable_run_live(program(*asked, active=nightly), NOBODY))
    assert list(small_jobs_big_model(usage(*asked[:2]), Peers([JUDGE, OTHER], tier_of)))
    assert list(batchable_run_live(program(*asked[:2], active=nightly), NOBODY))


def test_an_embedding_is_no_cheaper_model() -> None:
    """It has the cheapest tokens of all, and answers nothing."""
    numbers = habit("text-embedding-3-large", 200 * DOLLAR, 10**12)
    [found] = small_jobs_big_model(usage(JUDGE), Peers([JUDGE, OTHER, numbers], tier_of))
    assert found.about == "claude-sonnet-4-5"


def test_who_sends_a_tenth_of_the_requests_to_smaller_models_chooses_already() -> None:
    """Though these cost next to nothing."""
    small = habit("claude-haiku-4-5", DOLLAR, requests=223)
    peers = Peers([JUDGE, OTHER], tier_of)

    assert not list(top_tier_only(usage(JUDGE, small), peers))
    assert list(top_tier_only(usage(JUDGE, replace(small, requests=222)), peers))


def test_long_answers_are_no_small_talk() -> None:
    """Whoever gets a page or three on the mean gives the largest model what it is for."""
    peers = Peers([JUDGE, OTHER], tier_of)

    assert not list(top_tier_only(usage(replace(JUDGE, tokens=(10**6, 0, 0, 0, 5_000_000))), peers))
    assert list(top_tier_only(usage(replace(JUDGE, tokens=(10**6, 0, 0, 0, 4_900_000))), peers))


def person(number: int, size: int, length: int) -> Habit:
    """Somebody else: tokens of a request and of its answer."""
    tokens = (size * 1000, 0, 0, 0, length * 1000)
    return Habit(f"person/other{number}", "gpt-5.2", "", 100 * DOLLAR, tokens, 1000, 0)


def test_long_texts_are_compared_with_work_of_the_same_kind() -> None:
    """Who writes long texts from short questions does other work than who changes a line of a large program."""
    peers = Peers([person(number, 30_000, 700) for number in range(9)], tier_of)
    lengthy = replace(person(0, 30_000, 4_000), account_id="person/ana")
    writer = replace(person(0, 5_000, 4_000), account_id="person/ana")

    assert list(verbose_output(usage(lengthy), peers))
    assert not list(verbose_output(usage(writer), peers))


def failing(billed: int, fails: Sequence[int]) -> Usage:
    """A hundred calls in each hour, of which some fail; one that works costs a cent, one that fails so many mills."""
    start = datetime(2026, 10, 26, tzinfo=UTC)
    rows = tuple(
        Hour(
            "agent/crawler",
            "k",
            start + timedelta(hours=number),
            (100 - bad) * DOLLAR // 100 + bad * billed * DOLLAR // 1000,
            (10,) * 5,
            100,
            bad,
        )
        for number, bad in enumerate(fails)
    )
    whole = Habit("agent/crawler", "gpt-5.2", "", 100 * DOLLAR, (10**6, 0, 0, 0, 10**5), 100 * len(rows), sum(fails))
    return program(whole, active=rows)


MIXED = [5, 20, 100, 8, 40, 12, 100, 3] * 5


def test_failed_calls_cost_what_was_billed() -> None:
    """Half of what others cost here, and 1,440 of them failed."""
    [found] = failed_calls(failing(5, MIXED), NOBODY)
    assert found.saving is not None
    assert [round(each / DOLLAR, 2) for each in found.saving] == [7.71, 7.71]
    assert found.confidence == "medium"


def test_failed_calls_that_were_not_billed_are_no_waste() -> None:
    """However many they are."""
    assert not list(failed_calls(failing(0, MIXED), NOBODY))


def test_where_all_hours_are_alike_nobody_can_tell_what_a_failed_call_costs() -> None:
    """It is shown, and nothing is claimed."""
    [found] = failed_calls(failing(5, [20] * 40), NOBODY)
    assert (found.saving, found.confidence) == (None, "low")
    assert ("Usage data does not show", "whether failed calls are billed") in evidence(found)


def a_key(*spans: tuple[int, int], nights: int = 5) -> Usage:
    """Ana's key in Berlin (UTC+1), by spans of local hours; at night it costs ten times as much in an hour."""
    cells = [
        (day, hour - 1, 100 if hour >= 22 or hour < 6 else 10)
        for day in range(nights)
        for first, end in spans
        for hour in range(first, end)
    ]
    return replace(usage(), hours=hours(*cells))


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([(9, 18), (22, 29)], True),  # by day and through the night
        ([(22, 30)], False),  # a night shift
        ([(1, 12)], False),  # far away
        ([(12, 24)], False),  # late
        ([(9, 18), (22, 25)], False),  # somebody who cannot sleep
    ],
)
def test_a_key_runs_at_night_if_it_never_sleeps(spans: list[tuple[int, int]], *, found: bool) -> None:
    """Who works at night sleeps by day."""
    seen = list(off_hours_loop(a_key(*spans), NOBODY))
    assert bool(seen) == found
    assert all(each.confidence == "low" for each in seen)


IDLE = seat("ana")


@pytest.mark.parametrize(
    ("one", "joined", "found"),
    [
        (replace(IDLE, used_on=TODAY - timedelta(days=30)), None, "low"),  # nothing else is used: away, perhaps
        (replace(IDLE, used_on=None, since=TODAY - timedelta(days=300)), None, "high"),
        (replace(IDLE, used_on=None, since=TODAY - timedelta(days=300)), TODAY - timedelta(days=29), None),
        (replace(IDLE, used_on=None, since=TODAY - timedelta(days=300)), TODAY - timedelta(days=30), "high"),
    ],
)
def test_a_seat_of_somebody_away_or_new_is_not_surely_idle(one: Seat, joined: date | None, found: str | None) -> None:
    """The seat may be older than its owner's first day."""
    seen = list(idle_seat(replace(usage(seats=[one]), joined=joined), NOBODY))
    assert [each.confidence for each in seen] == ([found] if found else [])


def test_an_unused_seat_of_somebody_who_works_otherwise_is_surely_idle() -> None:
    """They are here, and use something else."""
    one = replace(usage(habit("gpt-5.2", DOLLAR)), seats=(replace(IDLE, used_on=TODAY - timedelta(days=30)),))
    assert [each.confidence for each in idle_seat(one, NOBODY)] == ["high"]


@pytest.mark.parametrize(("both", "found"), [(3, True), (8, False)])
def test_two_seats_that_most_have_are_no_duplicate(both: int, *, found: bool) -> None:
    """The company wants it so."""
    mine = [seat("ana"), seat("ana-editor", "editor_business", 40)]
    owned = [mine] * both + [[seat(f"other{number}")] for number in range(8)]

    assert bool(list(doubled_seat(usage(seats=mine), Peers([], tier_of, {}, owned)))) == found


def test_of_one_cause_the_surer_finding_is_told() -> None:
    """The predecessor on small jobs is one matter, not three."""
    old = Habit("person/ana", "claude-opus-4-1", "", 500 * DOLLAR, (10**6, 0, 0, 0, 10**5), 2000, 0)
    new = replace(OTHER, model="claude-opus-4-5")
    seen = detect(Evidence([usage(old)], Peers([old, new, OTHER], tier_of), TODAY), 0)

    assert [each.detector for each in seen] == ["older_model"]
