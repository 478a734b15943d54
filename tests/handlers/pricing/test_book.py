"""What a charge costs: as reported, by prices of one's own, by the list, or nobody knows."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.policy import Organization, Policy, PriceRule, Vendor
from handlers.pricing import PriceBook
from storage.charges import Charge, CostSource
from storage.prices import PostedPrice

START = datetime(2026, 11, 21, tzinfo=UTC)
M = 10**6
USED = Charge("llm", START, 24, "doubao-pro", tokens_input=M, tokens_output=M, cost_source="unpriced")
POSTED = PostedPrice(
    "doubao-pro", "", date(2026, 11, 1), "price", "USD", 3 * 10**9, None, None, None, 15 * 10**9, "fay", START
)
CNY = {"CNY": {date(2026, 1, 1): Decimal("0.14")}}


def rule(**said: Any) -> PriceRule:
    """A rule as app.yaml has it."""
    return PriceRule.model_validate(said)


def book(*rules: PriceRule, posted: tuple[PostedPrice, ...] = (), vendors: tuple[Vendor, ...] = ()) -> PriceBook:
    """A book of prices, with a rate for the yuan."""
    return PriceBook(Policy(prices=rules, rates=CNY, vendors=vendors), posted)


def cost(charge: Charge) -> tuple[object, str, str]:
    """What it costs, in what, and who says so."""
    amount = None if charge.cost_nanos is None else Decimal(charge.cost_nanos) / 10**9
    return amount, charge.currency, charge.cost_source


PRICE = rule(model="doubao-*", input="3", output="15")


def test_a_price_of_ones_own_counts_where_no_cost_is_reported() -> None:
    """And says of itself that it is one."""
    assert cost(book(PRICE).priced(USED)) == (18, "USD", "own_price")
    assert cost(book().priced(USED)) == (None, "USD", "unpriced")


def test_it_is_paid_in_its_own_currency() -> None:
    """The ledger converts it, as any other cost."""
    found = book(rule(model="doubao-pro", currency="CNY", input="6", output="30")).priced(USED)
    assert cost(found) == (36, "CNY", "own_price")


def test_a_price_that_cannot_be_converted_is_none() -> None:
    """Without a rate for the day nobody knows what it is."""
    found = book(rule(model="doubao-pro", currency="EUR", input="6", output="30")).priced(USED)
    assert cost(found) == (None, "USD", "unpriced")


def test_cached_tokens_cost_what_is_said_or_follow_from_input() -> None:
    """A read and a write cost as input, a write for an hour twice as much; none of them leaves a model unpriced."""
    cached = replace(USED, tokens_cache_read=M, tokens_cache_write_5m=M, tokens_cache_write_1h=M)
    assert cost(book(PRICE).priced(cached))[0] == 18 + 3 + 3 + 6
    said = rule(model="doubao-pro", input="3", cache_read="0.3", cache_write="3.75", cache_write_1h="7", output="15")
    assert cost(book(said).priced(cached))[0] == 18 + Decimal("0.3") + Decimal("3.75") + 7


def test_a_tier_costs_its_percent_or_all_of_it() -> None:
    """A batch at half the price; what is not named costs the full price, for unknown is not free."""
    one = book(rule(model="doubao-pro", input="3", output="15", tiers={"batch": 50}))
    assert [cost(one.priced(replace(USED, tier=tier)))[0] for tier in ("", "batch", "priority")] == [18, 9, 18]


def test_a_price_counts_from_a_day_until_a_day() -> None:
    """Both days included; the first rule that fits counts."""
    rules = (
        rule(model="doubao-pro", input="1", output="1", **{"from": "2026-11-10", "until": "2026-11-20"}),
        rule(model="doubao-pro", input="2", output="2", **{"from": "2026-11-21"}),
    )
    days = [9, 10, 20, 21, 30]
    costs = [cost(book(*rules).priced(replace(USED, bucket_start=START.replace(day=day))))[0] for day in days]
    assert costs == [None, 2, 2, 4, 4]


def test_a_pattern_without_a_slash_is_for_the_name_behind_the_last_one() -> None:
    """Capital letters do not matter, brackets and dots are letters, and only the star is special."""
    fits = [
        rule(model=each, input="1", output="1").fits("llm", "volcengine/Doubao-1.5[x]", START.date())
        for each in (
            "doubao-1.5[x]",
            "volcengine/doubao*",
            "*",
            "doubao-1?5[x]",
            "doubao-1.5",
            "other/doubao*",
        )
    ]
    assert fits == [True, True, True, False, False, False]


def test_a_name_of_ones_own_costs_what_its_model_costs() -> None:
    """By a price of one's own or by the list; a circle of names has no price."""
    alias = rule(model="my-gpt", same_as="azure/gpt-5")
    mine = replace(USED, model="azure/my-gpt")
    assert cost(book(alias).priced(mine)) == (Decimal("11.25"), "USD", "own_price")
    assert cost(book(alias, rule(model="azure/gpt-5", input="1", output="1")).priced(mine))[0] == 2
    circle = book(rule(model="my-gpt", same_as="your-gpt"), rule(model="your-gpt", same_as="my-gpt"))
    assert cost(circle.priced(mine))[0] is None


def test_free_is_said_and_costs_nothing() -> None:
    """As on machines of one's own; tokens still count."""
    found = book(rule(model="doubao-pro", free=True)).priced(USED)
    assert cost(found) == (0, "USD", "own_price")


def test_a_discount_is_taken_off_the_list() -> None:
    """The first that fits, and never off a price of one's own; below zero it is a surcharge."""
    gpt = replace(USED, model="gpt-5")
    assert cost(book(rule(model="gpt-*", discount="20"), rule(model="*", discount="50")).priced(gpt)) == (
        9,
        "USD",
        "own_price",
    )
    assert cost(book(rule(model="gpt-*", discount="-20")).priced(gpt))[0] == Decimal("13.5")
    assert cost(book(rule(model="*", discount="20"), PRICE).priced(USED))[0] == 18


def test_a_discount_on_the_reported_cost_is_taken_off_that_only() -> None:
    """It stays a reported cost."""
    off = book(rule(provider="llm", discount="10", discount_on="reported"))
    reported = replace(USED, cost_nanos=5, cost_source="cost_report")
    assert off.priced(reported).cost_nanos == 4  # 4.5, half to even
    assert off.priced(reported).cost_source == "cost_report"
    assert off.priced(replace(reported, provider="other")).cost_nanos == 5
    assert cost(off.priced(replace(USED, model="gpt-5"))) == (Decimal("11.25"), "USD", "list_price")


def test_a_discount_on_the_reported_cost_comes_off_what_was_reported_however_often_it_changes() -> None:
    """What was reported stays beside the cost; without the discount it is the cost again."""
    reported = replace(USED, cost_nanos=100, cost_source="cost_report")
    ten, twenty = (book(rule(provider="llm", discount=off, discount_on="reported")) for off in ("10", "20"))
    once = ten.priced(reported)
    assert (once.cost_nanos, once.reported_nanos) == (90, 100)
    assert ten.priced_anew(once) == once
    assert twenty.priced_anew(once) == replace(reported, cost_nanos=80, reported_nanos=100)
    assert book().priced_anew(once) == reported


def test_a_request_may_cost_something_besides_its_tokens() -> None:
    """Or instead of them; where no price of requests is said, they are free."""
    used = replace(USED, requests=4)
    with_fee = book(rule(model=USED.model, input=1, output=1, request="0.5")).priced(used).cost_nanos or 0
    without = book(rule(model=USED.model, input=1, output=1)).priced(used).cost_nanos or 0
    assert with_fee - without == 2 * 10**9
    only = replace(used, tokens_input=0, tokens_output=0)
    assert book(rule(model=USED.model, request="0.5")).priced(only).cost_nanos == 2 * 10**9
    assert book(rule(model=USED.model, request="0.5")).priced(used).cost_nanos == 2 * 10**9
    assert book().priced(only) == only


def test_reserved_capacity_is_paid_whatever_is_used() -> None:
    """Its tokens cost nothing besides, and that is known."""
    priced = book(rule(model=USED.model, reserved="12000 USD")).priced(USED)
    assert (priced.cost_nanos, priced.cost_source) == (0, "own_price")


def test_a_reported_cost_of_nothing_is_no_price_for_tokens() -> None:
    """A gateway reports nothing for what it does not know: priced if there is a price, else nobody knows."""
    nothing = replace(USED, cost_nanos=0, cost_source="cost_report")
    assert cost(book().priced(nothing)) == (None, "USD", "unpriced")
    assert cost(book(PRICE).priced(nothing)) == (18, "USD", "own_price")
    assert cost(book().priced(replace(nothing, model="gpt-5"))) == (Decimal("11.25"), "USD", "list_price")
    assert cost(book(rule(model="doubao-pro", free=True)).priced(nothing))[0] == 0


def test_who_knows_the_price_of_all_they_sell_may_report_nothing() -> None:
    """What a plan includes costs nothing; without tokens nothing is nothing everywhere."""
    knows = (Vendor(name="llm", service="LLM", zero_is_cost=True),)
    nothing = replace(USED, cost_nanos=0, cost_source="cost_report")
    assert book(PRICE, vendors=knows).priced(nothing) is nothing
    fees = replace(nothing, tokens_input=0, tokens_output=0)
    assert book(PRICE).priced(fees) is fees


def test_a_price_of_finance_comes_before_app_yaml() -> None:
    """It is about one model, and somebody has just said it."""
    dearer = replace(POSTED, input_nanos=5 * 10**9)
    assert cost(book(PRICE, posted=(POSTED,)).priced(USED))[0] == 18
    assert cost(book(PRICE, posted=(dearer, POSTED)).priced(USED))[0] == 20


def test_the_last_word_of_finance_that_has_begun_counts() -> None:
    """Also one that begins before another; one to come does not count yet, and one taken back leaves the rest."""
    later = replace(POSTED, since=date(2026, 12, 1), input_nanos=0)
    earlier = replace(POSTED, since=date(2026, 10, 1), input_nanos=10**9)
    removed = replace(POSTED, what="removed")
    assert cost(book(posted=(later, POSTED)).priced(USED))[0] == 18
    assert cost(book(posted=(earlier, POSTED)).priced(USED))[0] == 16
    assert cost(book(posted=(removed, POSTED)).priced(USED))[0] is None
    assert cost(book(PRICE, posted=(removed, POSTED)).priced(USED))[0] == 18


def test_a_price_at_one_provider_comes_before_one_for_all() -> None:
    """Two sellers of one model have two prices."""
    there = replace(POSTED, provider="llm", input_nanos=10**9)
    assert cost(book(posted=(POSTED, there)).priced(USED))[0] == 16
    assert cost(book(posted=(POSTED, there)).priced(replace(USED, provider="other")))[0] == 18


def test_no_price_makes_a_cell_that_nothing_can_hold() -> None:
    """What does not fit stays without a price, instead of stopping all others."""
    huge = replace(USED, tokens_input=10**15)
    assert cost(book(rule(model="*", input="100000000", output="0")).priced(huge))[0] is None


def test_priced_anew_a_list_price_stays_unless_a_price_of_ones_own_counts() -> None:
    """Figures do not move because a newer list came with a newer version."""
    old = replace(USED, model="gpt-5", cost_nanos=7, cost_source="list_price")
    assert book().priced_anew(old) is old
    assert cost(book(rule(model="gpt-5", discount="20")).priced_anew(old)) == (9, "USD", "own_price")
    own = replace(old, cost_source="own_price")
    assert cost(book().priced_anew(own)) == (Decimal("11.25"), "USD", "list_price")
    assert cost(book().priced_anew(replace(own, model="doubao-pro"))) == (None, "USD", "unpriced")


MONEY = st.decimals(0, 1000, places=4)
COUNTS = st.tuples(*[st.integers(0, 10**9)] * 5)


@given(MONEY, MONEY, COUNTS, COUNTS)
def test_a_cost_is_the_exact_sum_of_its_kinds_and_parts_add_up(
    plain: Decimal, output: Decimal, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    """To the nano, half to even, whatever the tokens; two cells cost what one of both does, but for their rounding."""
    own = book(rule(model="*", input=str(plain), output=str(output)))
    names = (
        "tokens_input",
        "tokens_cache_read",
        "tokens_cache_write_5m",
        "tokens_cache_write_1h",
        "tokens_output",
    )
    weights: list[Decimal] = [plain, plain, plain, 2 * plain, output]

    def nanos(counts: tuple[int, ...]) -> int:
        used: dict[str, Any] = dict(zip(names, counts, strict=True))
        return own.priced(replace(USED, **used)).cost_nanos or 0

    exact = sum((count * weight * 1000 for count, weight in zip(one, weights, strict=True)), Decimal(0))
    assert abs(nanos(one) - exact) * 2 <= 1
    both = tuple(map(sum, zip(one, other, strict=True)))
    assert abs(nanos(both) - nanos(one) - nanos(other)) <= 1


@given(
    st.sampled_from(["doubao-pro", "gpt-5", "my-gpt", ""]),
    st.sampled_from([None, 0, 7]),
    st.lists(
        st.sampled_from(
            [
                PRICE,
                rule(model="my-*", same_as="gpt-5"),
                rule(model="gpt-5", discount=20),
                rule(model="gpt-5", free=True),
            ]
        ),
        max_size=3,
    ),
)
def test_pricing_twice_is_pricing_once(model: str, reported: int | None, rules: list[PriceRule]) -> None:
    """A cell priced anew by the same rules stays as it is, and no tokens cost nothing unless somebody says so."""
    own = book(*rules)
    source: CostSource = "unpriced" if reported is None else "cost_report"
    found = own.priced(replace(USED, model=model, cost_nanos=reported, cost_source=source))
    if found.cost_source != "cost_report":
        assert own.priced_anew(found) == found
    if found.cost_nanos == 0:
        assert any(each.free for each in rules)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"model": "m"}, "write one of these: input and output, request, free: true, reserved, same_as, or discount"),
        ({"model": "m", "free": True, "discount": 5}, "write one of these"),
        ({"free": True}, "write for which model or provider it is"),
        ({"model": "m", "input": 3}, "write both input and output"),
        ({"model": "m", "free": True, "from": "2026-11-02", "until": "2026-11-01"}, "until is before from"),
        ({"model": "m", "input": 3, "output": 3, "currency": "XXQ"}, "unknown currency XXQ"),
        ({"model": "m", "input": -3, "output": 3}, "greater than or equal to 0"),
        ({"model": "m", "discount": 100}, "less than 100"),
        ({"model": "m", "reserved": "much"}, "invalid amount"),
        ({"model": "m", "reserved": "12000 tokens"}, "not an amount of money"),
        ({"model": "m", "request": 1, "input": 3}, "write both input and output"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(said: dict[str, Any], why: str) -> None:
    """With what would be right."""
    with pytest.raises(ValidationError, match=why):
        rule(**said)


def test_free_is_nothing_in_the_currency_of_the_house() -> None:
    """No rate is needed for nothing."""
    euro = PriceBook(Policy(organization=Organization(currency="EUR"), prices=(rule(model="*", free=True),)))
    assert cost(euro.priced(USED)) == (0, "EUR", "own_price")
