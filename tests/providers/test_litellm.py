"""What LiteLLM reports, and what we make of it."""

import copy
import hashlib
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UndeliverableError, UnreachableError
from bot.http import PAGES_MAX, Patience
from bot.providers.base import Provider, ProviderIdentity
from bot.providers.litellm.provider import LiteLLM
from storage.charges import Charge
from tests.providers.asking import QUICK, answered, charges, findings, refused, with_odd
from tests.support.fakes.litellm import FakeLiteLLM, recorded

DAY = date(2026, 11, 22)
HASTY = Patience(attempts=2, total_s=5.0, silence_s=0.2, pause_s=0.001)
USAGE = "/user/daily/activity"
ALICES_LAPTOP = "f772d0c89a63fb345a4dbf887eb381b0eb5fa8f9ce7e6b1aa814931ecd369e52"
# Orders, and questions about one user, team or key, as they were recorded.
ORDERS = ("015", "020", "023", "034", "062", "108", "109", "111", "113")
PLATFORM = "fade7cc2-70f1-441e-8f49-f47774cee9ee"


@pytest.fixture
def provider(proxy: FakeLiteLLM) -> Iterator[LiteLLM]:
    provider = at(proxy)
    yield provider
    provider.close()


def at(proxy: FakeLiteLLM, key: str = "", page_rows: int = 1000) -> LiteLLM:
    """A reader of that proxy, with the bot's own key if no other is given."""
    return LiteLLM("proxy", proxy.url, key or proxy.key, patience=QUICK, page_rows=page_rows)


def cost_nanos(cells: list[Charge], **chosen: str) -> int:
    """What the chosen cells cost together."""
    return sum(
        cell.cost_nanos or 0 for cell in cells if all(getattr(cell, name) == value for name, value in chosen.items())
    )


def usage_body() -> Any:
    """The recorded usage, to be spoiled."""
    return copy.deepcopy(recorded("088")["response"])


def alices_cell(body: Any) -> Any:
    """The only cell of the cheap model in a usage body."""
    return body["results"][0]["breakdown"]["models"]["openai/cheap-gpt"]["api_key_breakdown"][ALICES_LAPTOP]


def model(body: Any, name: str = "openai/cheap-gpt") -> Any:
    """A model in a usage body."""
    return body["results"][0]["breakdown"]["models"][name]


# What is reported -----------------------------------------------------------------------------------------------------


def test_litellm_is_a_provider(provider: LiteLLM) -> None:
    """It keeps the promises of a provider and declares what it can."""
    kept: Provider = provider
    assert kept.name == "proxy"
    assert kept.can == {"charges", "hours", "people", "limits", "set_limit", "pause"}


def test_the_recorded_day_is_counted_to_the_nano(provider: LiteLLM) -> None:
    """The sums are those that the proxy itself shows for the day, its users and its keys."""
    cells = charges(provider, DAY)
    assert len(cells) == 7
    assert cost_nanos(cells) == 736_470_000
    assert cost_nanos(cells, subject="alice") == 246_470_000
    assert cost_nanos(cells, subject="bob") == 147_000_000
    assert cost_nanos(cells, subject="") == 245_000_000
    assert cost_nanos(cells, sub_account=PLATFORM) == 294_000_000
    assert sum(cell.requests for cell in cells) == 31
    assert sum(cell.requests_failed for cell in cells) == 13
    assert sum(cell.tokens_input for cell in cells) == 162
    assert sum(cell.tokens_output for cell in cells) == 360


def test_a_cell_says_who_what_and_when(provider: LiteLLM) -> None:
    """A cell is a UTC day of one key and model, with the key's user and team."""
    (cell,) = (cell for cell in charges(provider, DAY) if cell.model == "openai/cheap-gpt")
    assert cell == Charge(
        provider="proxy",
        bucket_start=datetime(2026, 11, 22, tzinfo=UTC),
        bucket_hours=24,
        model="openai/cheap-gpt",
        resource=ALICES_LAPTOP,
        subject="alice",
        tokens_input=27,
        tokens_output=60,
        requests=5,
        requests_failed=2,
        cost_nanos=1_470_000,
    )


def test_a_key_without_a_user_has_no_subject(provider: LiteLLM) -> None:
    """An unknown user or team is an empty word, not the word null."""
    cells = [cell for cell in charges(provider, DAY) if cell.resource.startswith("90fec6")]
    assert [(cell.subject, cell.sub_account) for cell in cells] == [("", "")]


def test_the_master_key_is_nobodys(provider: LiteLLM) -> None:
    """What the proxy's own key did is reported under its own two words."""
    (cell,) = (cell for cell in charges(provider, DAY) if cell.subject == "default_user_id")
    assert cell.resource == "litellm_proxy_master_key"


def test_a_day_without_usage_has_no_cells(provider: LiteLLM) -> None:
    """No report is no row, not a zero."""
    assert charges(provider, DAY - timedelta(days=2), DAY - timedelta(days=1)) == []


def test_every_day_is_asked_for_by_itself(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """The days of a range are read one by one, so the sum of one-day reports is the many-day report."""
    proxy.add_usage("2026-11-21", "alice", None, ALICES_LAPTOP, "alice-laptop", None, "openai/fake-gpt", 0.5, 10, 5)
    cells = charges(provider, DAY - timedelta(days=1), DAY)
    assert cells == charges(provider, DAY - timedelta(days=1)) + charges(provider, DAY)
    assert {cell.bucket_start.day for cell in cells} == {21, 22}


def test_reading_twice_gives_the_same(provider: LiteLLM) -> None:
    """The same report gives the same cells in the same order."""
    assert charges(provider, DAY) == charges(provider, DAY)


def test_a_restated_row_is_given_with_its_latest_word(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A cell is what the proxy says now, under the same key as before."""
    alice = ("alice", "alice@acme.test", ALICES_LAPTOP, "alice-laptop", None)
    proxy.add_usage(DAY, *alice, "openai/cheap-gpt", 0.002, 30, 70, requests=6, failed=2)
    cells = charges(provider, DAY)
    assert len(cells) == 7
    assert cost_nanos(cells, model="openai/cheap-gpt") == 2_000_000


# Pages and sums -------------------------------------------------------------------------------------------------------


def test_small_pages_give_the_same_cells(proxy: FakeLiteLLM) -> None:
    """A page may hold a part of a day; what is counted does not hang on its size."""
    small = at(proxy, page_rows=1)
    large = at(proxy)
    assert charges(small, DAY) == charges(large, DAY)
    small.close()
    large.close()
    pages = [
        heard.query["page"] for heard in proxy.requests if heard.query.get("page_size") == "1" and heard.path == USAGE
    ]
    assert pages == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_cell_on_several_pages_is_given_once(proxy: FakeLiteLLM) -> None:
    """Rows of one key and model, such as of two endpoints, are added up before they are given."""
    provider = at(proxy, page_rows=1)
    alice = ("alice", "alice@acme.test", ALICES_LAPTOP, "alice-laptop", None)
    proxy.add_usage(DAY, *alice, "openai/cheap-gpt", 0.00147, 27, 60, requests=5, failed=2, endpoint="/responses")
    cells = [cell for cell in charges(provider, DAY) if cell.model == "openai/cheap-gpt"]
    provider.close()
    assert [(cell.cost_nanos, cell.tokens_input, cell.requests) for cell in cells] == [(2_940_000, 54, 10)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from(["x/1", "x/2"]), st.sampled_from(["/e", "/f"]), st.integers(0, 10**6)
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 5),
)
@settings(max_examples=25, deadline=None)
def test_cells_are_exact_for_any_rows_and_page_size(rows: list[tuple[str, str, str, int]], page_rows: int) -> None:
    """Whatever the rows and the pages, no nano of real prices is lost or gained by the floats in between.

    Prices per token are multiples of 1.25 nanos here, so halves of a nano occur.
    """
    told: dict[tuple[str, str, str], int] = {}
    with FakeLiteLLM() as proxy:
        for key, name, endpoint, count in rows:
            dollars = count * 1.25e-9
            proxy.add_usage("2026-11-01", None, None, key, key, None, name, dollars, 1, 1, endpoint=endpoint)
            told[key, name, endpoint] = count
        small, large = at(proxy, page_rows=page_rows), at(proxy)
        cells = charges(small, date(2026, 11, 1))
        assert cells == charges(large, date(2026, 11, 1))
        small.close()
        large.close()
    sums: dict[tuple[str, str], int] = {}
    for (key, name, _), count in told.items():
        sums[key, name] = sums.get((key, name), 0) + count
    assert {(cell.resource, cell.model): cell.cost_nanos for cell in cells} == {
        cell: round(count * 5 / 4) for cell, count in sums.items()
    }


def test_noise_of_floats_is_not_money(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """0.14700000000000002 dollars, as really seen, are 147 million nanos."""
    proxy.add_usage("2026-11-21", None, None, "k", None, None, "m", 0.14700000000000002, 1, 1)
    assert cost_nanos(charges(provider, date(2026, 11, 21))) == 147_000_000


def test_noise_of_floats_does_not_decide_a_half(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Half a nano goes to the even one, whether the float stands a hair above it or below."""
    proxy.add_usage("2026-11-21", None, None, "above", None, None, "m", 2.5000000000000004e-9, 1, 1)
    proxy.add_usage("2026-11-21", None, None, "below", None, None, "m", 3.4999999999999997e-9, 1, 1)
    cells = charges(provider, date(2026, 11, 21))
    assert {cell.resource: cell.cost_nanos for cell in cells} == {"above": 2, "below": 4}


def test_small_money_is_not_lost(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A cell may cost less than a millionth of a dollar, and many of them are real money."""
    proxy.add_usage("2026-11-21", None, None, "k", None, None, "m", 0.00000014, 7, 0)
    assert cost_nanos(charges(provider, date(2026, 11, 21))) == 140


def test_kinds_of_tokens_are_disjoint(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """prompt_tokens holds what was read from and written to caches; we count it once."""
    proxy.add_usage(
        "2026-11-21",
        "alice",
        None,
        "k",
        None,
        None,
        "m",
        0.1,
        100,
        20,
        cache_read=60,
        cache_write=30,
        requests=3,
        failed=1,
    )
    (cell,) = charges(provider, date(2026, 11, 21))
    assert (cell.tokens_input, cell.tokens_cache_read, cell.tokens_cache_write_5m, cell.tokens_output) == (
        10,
        60,
        30,
        20,
    )
    assert (cell.requests, cell.requests_failed) == (3, 1)


def test_a_prompt_that_cannot_hold_the_cached_tokens_stands_beside_them(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Some ways through LiteLLM report it so; nothing of it is lost."""
    proxy.add_usage("2026-11-21", None, None, "k", None, None, "m", 0.1, 10, 20, cache_read=60)
    (cell,) = charges(provider, date(2026, 11, 21))
    assert (cell.tokens_input, cell.tokens_cache_read) == (10, 60)


def test_a_credit_that_no_key_has_is_nobodys(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A sum below zero without any parts is no mistake."""
    body = usage_body()
    body["results"][0]["metrics"] |= {"spend": -0.5}
    body["results"][0]["breakdown"]["models"] = {}
    proxy.fail_next(200, body=body, path=USAGE)
    assert cost_nanos(charges(provider, DAY), resource="", subject="") == -500_000_000


@pytest.mark.parametrize("breakdown", [None, {}])
def test_a_model_without_keys_keeps_its_cost(proxy: FakeLiteLLM, provider: LiteLLM, breakdown: Any) -> None:
    """What a model cost and no key did is a cell of the model without a key."""
    body = usage_body()
    model(body)["api_key_breakdown"] = breakdown
    proxy.fail_next(200, body=body, path=USAGE)
    cells = charges(provider, DAY)
    (cell,) = (cell for cell in cells if cell.model == "openai/cheap-gpt")
    assert (cell.resource, cell.subject, cell.sub_account) == ("", "", "")
    assert (cell.cost_nanos, cell.tokens_input, cell.requests) == (1_470_000, 27, 5)
    assert cost_nanos(cells) == 736_470_000


def test_usage_without_a_model_keeps_its_cost(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """What a day cost and no model did is a cell of nobody, so the cells add up to the day."""
    body = usage_body()
    del body["results"][0]["breakdown"]["models"]["openai/cheap-gpt"]
    proxy.fail_next(200, body=body, path=USAGE)
    cells = charges(provider, DAY)
    assert cost_nanos(cells, model="", resource="") == 1_470_000
    assert cost_nanos(cells) == 736_470_000


@pytest.mark.parametrize("lost", ["cost", "counts"])
def test_what_is_nobodys_may_be_cost_or_counts_alone(proxy: FakeLiteLLM, provider: LiteLLM, lost: str) -> None:
    """A cost without requests (a flat fee) is kept, and so are requests without a cost (those that failed)."""
    body = usage_body()
    part = alices_cell(body)["metrics"]
    for name in part:
        if (name == "spend") == (lost == "cost"):
            part[name] = 0
    proxy.fail_next(200, body=body, path=USAGE)
    (cell,) = (cell for cell in charges(provider, DAY) if not cell.resource)
    assert (cell.cost_nanos, cell.requests) == ((1_470_000, 0) if lost == "cost" else (0, 5))


@pytest.mark.parametrize(("name", "value"), [("spend", 1.0), ("prompt_tokens", 28), ("api_requests", 6)])
def test_a_sum_that_is_less_than_its_parts_is_set_aside(
    proxy: FakeLiteLLM, provider: LiteLLM, name: str, value: float
) -> None:
    """The parts count as they are told: a row says more than a sum."""
    body = usage_body()
    alices_cell(body)["metrics"][name] = value
    proxy.fail_next(200, body=body, path=USAGE)
    cells, (odd,) = with_odd(lambda: charges(provider, DAY))
    assert (odd.place, odd.why) == (
        "usage of 2026-11-22, openai/cheap-gpt",
        "its parts are more than the whole",
    )
    others = cost_nanos(cells) - cost_nanos(cells, resource=ALICES_LAPTOP, model="openai/cheap-gpt")
    assert others == 735_000_000


def test_a_repeated_page_is_refused(proxy: FakeLiteLLM) -> None:
    """A proxy that sends page 1 again for page 2 does not make us count it twice."""
    provider = at(proxy, page_rows=1)
    page = recorded("090")["response"]
    proxy.fail_next(200, body=page, path=USAGE, times=2)
    trouble = refused(lambda: charges(provider, DAY))
    provider.close()
    assert isinstance(trouble, UndeliverableError)
    assert "sent the same page of usage twice" in str(trouble)


def test_an_endless_list_is_refused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A number of pages beyond all reason is not begun."""
    body = usage_body()
    body["metadata"]["total_pages"] = PAGES_MAX + 1
    proxy.fail_next(200, body=body, path=USAGE)
    assert "has no end of usage" in str(refused(lambda: charges(provider, DAY)))


# Garbage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spend", float("nan")),
        ("spend", float("inf")),
        ("spend", None),
        ("spend", "free"),
        ("spend", 2e9),
        ("prompt_tokens", -1),
        ("prompt_tokens", 2**63),
        ("prompt_tokens", 1.5),
        ("prompt_tokens", True),
        ("completion_tokens", None),
        ("cache_read_input_tokens", -1),
        ("api_requests", "many"),
        ("failed_requests", -1),
    ],
)
def test_a_figure_that_cannot_be_right_is_set_aside(
    proxy: FakeLiteLLM, provider: LiteLLM, name: str, value: Any
) -> None:
    """All other rows count; what the sum has more is nobody's, so that no money is lost."""
    body = usage_body()
    alices_cell(body)["metrics"][name] = value
    proxy.fail_next(200, body=body, path=USAGE)
    cells, (odd,) = with_odd(lambda: charges(provider, DAY))
    assert (odd.field, odd.rows) == (f"metrics.{name}", 1)
    assert odd.place == "usage of 2026-11-22, openai/cheap-gpt, …"  # a hash of a key may be a secret
    assert cost_nanos(cells) == 736_470_000
    assert cost_nanos(cells, subject="", resource="", model="openai/cheap-gpt") == 1_470_000
    proxy.fail_next(200, body=body, path=USAGE)
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UndeliverableError)
    assert f"cannot be right, so nothing of it is counted: metrics.{name}" in str(trouble)
    assert ALICES_LAPTOP not in "".join(traceback.format_exception(trouble))


def test_a_credit_is_a_cost_below_zero(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A model may be priced below zero, and cached tokens may be more than the prompt."""
    proxy.add_usage(DAY, "bob", None, "b" * 64, "k2", None, "odd", -0.85, 1332, 88)
    cells, odd = with_odd(lambda: charges(provider, DAY))
    assert (cost_nanos(cells, model="odd"), odd) == (-850_000_000, [])


def test_a_day_may_cost_millions(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Two million people spend more than a million dollars a day."""
    proxy.add_usage(DAY, "bob", None, "b" * 64, "k2", None, "large", 1_200_000.0, 1332, 88)
    assert cost_nanos(charges(provider, DAY), model="large") == 1_200_000 * 10**9


def test_an_odd_user_hides_no_other(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Neither as people nor as limits."""
    people, limits = list(provider.people()), list(provider.limits())
    proxy.facts("user", "alice", max_budget="plenty")
    fewer, (odd,) = with_odd(provider.people)
    assert len(fewer) == len(people) - 1
    assert (odd.field, odd.place.startswith("users, row ")) == ("max_budget", True)
    less, _ = with_odd(provider.limits)
    assert len(less) == len(limits) - 1


@pytest.mark.parametrize("name", ["spend", "prompt_tokens", "completion_tokens", "api_requests"])
def test_a_figure_that_is_missing_is_not_zero(proxy: FakeLiteLLM, provider: LiteLLM, name: str) -> None:
    """A row without its cost or its tokens is refused rather than counted as free."""
    body = usage_body()
    del alices_cell(body)["metrics"][name]
    proxy.fail_next(200, body=body, path=USAGE)
    assert "Field required" in str(refused(lambda: charges(provider, DAY)))


@pytest.mark.parametrize("name", ["cache_read_input_tokens", "cache_creation_input_tokens", "failed_requests"])
def test_a_figure_that_older_versions_lack_is_zero(proxy: FakeLiteLLM, provider: LiteLLM, name: str) -> None:
    """Cache tokens and failures may be missing."""
    body = usage_body()
    for metrics in (alices_cell(body)["metrics"], model(body)["metrics"], body["results"][0]["metrics"]):
        metrics.pop(name)
    model(body, "openai/fake-gpt")["api_key_breakdown"] = {}
    model(body, "openai/fake-gpt")["metrics"].pop(name)
    proxy.fail_next(200, body=body, path=USAGE)
    assert cost_nanos(charges(provider, DAY)) == 736_470_000


@pytest.mark.parametrize("word", ["a\x00b", "\ud800", "x" * 501, 7, ["alice"]])
def test_a_name_that_no_database_takes_is_refused(proxy: FakeLiteLLM, provider: LiteLLM, word: Any) -> None:
    """Zero bytes, broken letters and giants are no ids."""
    body = usage_body()
    alices_cell(body)["metadata"]["user_id"] = word
    proxy.fail_next(200, body=body, path=USAGE)
    assert "user_id" in str(refused(lambda: charges(provider, DAY)))


@pytest.mark.parametrize("day", ["2026-11-23", "2126-11-22", "2026-11-21"])
def test_a_day_that_was_not_asked_for_is_refused(proxy: FakeLiteLLM, provider: LiteLLM, day: str) -> None:
    """A report of another day, of the future too, is not counted for any day."""
    body = usage_body()
    body["results"][0]["date"] = day
    proxy.fail_next(200, body=body, path=USAGE)
    assert f"it is about {day}, which was not asked for" in str(refused(lambda: charges(provider, DAY)))
    proxy.fail_next(200, body=body, path=USAGE)
    cells, (odd,) = with_odd(lambda: charges(provider, DAY))
    assert (cells, odd.field) == ([], "date")


@pytest.mark.parametrize(
    "body", [{}, [], None, {"results": [], "metadata": {}}, {"results": [1], "metadata": {"total_pages": 1}}]
)
def test_a_body_of_another_shape_is_refused(proxy: FakeLiteLLM, provider: LiteLLM, body: Any) -> None:
    """An answer without rows or pages is not an empty day."""
    proxy.fail_next(200, body=body, path=USAGE)
    assert "cannot be right" in str(refused(lambda: charges(provider, DAY)))


# Trouble --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["062", "093", "094", "107", "111", "113"])
def test_recorded_refusals_are_told_in_a_sentence(proxy: FakeLiteLLM, provider: LiteLLM, number: str) -> None:
    """Each shape of error body that was recorded ends in one plain line with its status."""
    refusal = recorded(number)
    proxy.fail_next(refusal["status"], body=refusal["response"], path=USAGE)
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UndeliverableError)
    assert str(refusal["status"]) in str(trouble)
    assert str(trouble).isprintable()


@pytest.mark.parametrize(("number", "word"), [("048", "Key is blocked"), ("108", "Only proxy admin"), ("116", "route")])
def test_recorded_refusals_of_a_key_say_what_it_may_not(
    proxy: FakeLiteLLM, provider: LiteLLM, number: str, word: str
) -> None:
    """Where LiteLLM has no word of its own for the trouble, its message is handed on with what key is needed."""
    refusal = recorded(number)
    proxy.fail_next(refusal["status"], body=refusal["response"], path=USAGE)
    sentence = str(refused(lambda: charges(provider, DAY)))
    assert f"({refusal['status']}): it may not GET {USAGE} (" in sentence
    assert word in sentence
    assert sentence.endswith("it needs a management key of a user with the role proxy_admin")


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_no_counts_nothing(proxy: FakeLiteLLM, provider: LiteLLM, status: int) -> None:
    """A refused page ends the reading for good."""
    proxy.fail_next(status, body={"detail": "no"}, path=USAGE)
    assert isinstance(refused(lambda: charges(provider, DAY)), UndeliverableError)


@pytest.mark.parametrize("spoil", ["drop_next", "halve_next"])
def test_a_broken_answer_is_asked_again(proxy: FakeLiteLLM, provider: LiteLLM, spoil: str) -> None:
    """A connection that breaks in the middle costs nothing but time."""
    getattr(proxy, spoil)(path=USAGE)
    assert cost_nanos(charges(provider, DAY)) == 736_470_000


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_proxy_is_asked_again(proxy: FakeLiteLLM, provider: LiteLLM, status: int) -> None:
    """Passing trouble passes."""
    proxy.fail_next(status, {"Retry-After": "0"}, path=USAGE)
    assert cost_nanos(charges(provider, DAY)) == 736_470_000


def test_trouble_in_the_middle_is_never_half_a_day(proxy: FakeLiteLLM) -> None:
    """If a later page fails for good, not one cell of its day has been given."""
    provider = at(proxy, page_rows=1)
    proxy.slow_next(0, path=USAGE, times=3)
    proxy.fail_next(503, path=USAGE, times=9)
    cells: list[Charge] = []
    with pytest.raises(UnreachableError):
        cells.extend(provider.charges(DAY, DAY))
    provider.close()
    assert cells == []


def test_a_silent_proxy_is_unreachable(proxy: FakeLiteLLM) -> None:
    """No answer within our patience is trouble that may pass."""
    provider = LiteLLM("proxy", proxy.url, proxy.key, patience=HASTY)
    proxy.slow_next(1.0, times=2)
    trouble = refused(lambda: charges(provider, DAY))
    provider.close()
    assert isinstance(trouble, UnreachableError)


def test_a_long_pause_is_handed_on(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """The outbox learns how long the proxy wants to be left alone."""
    proxy.fail_next(429, {"Retry-After": "120"}, path=USAGE)
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UnreachableError)
    assert trouble.retry_after_s == 120


def test_a_personal_key_is_refused_rather_than_counted_as_everyone(proxy: FakeLiteLLM) -> None:
    """LiteLLM gives an ordinary user the own figures only, without a word; they must not pass for all."""
    provider = at(proxy, key=proxy.issue("alice"))
    sentence = str(refused(lambda: charges(provider, DAY)))
    provider.close()
    assert "it may not GET /user/list" in sentence
    assert "a management key of a user with the role proxy_admin" in sentence


def test_the_key_is_shown_nowhere(proxy: FakeLiteLLM, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the key nor its hash stands in a repr, a sentence, a traceback or a log, however it fails."""
    caplog.set_level(logging.DEBUG)
    wrong = "sk-wrong-" + "0123456789"
    provider = at(proxy, key=wrong)
    shown = repr(provider) + repr(vars(provider)) + repr(findings(provider))
    shown += "".join(traceback.format_exception(refused(lambda: charges(provider, DAY))))
    provider.close()
    assert wrong not in shown + caplog.text
    assert hashlib.sha256(wrong.encode()).hexdigest() not in shown + caplog.text


# People ---------------------------------------------------------------------------------------------------------------


def test_people_are_users_teams_and_keys(provider: LiteLLM) -> None:
    """Each is told with the name it has there, users with their e-mail, keys with their owner."""
    people = list(provider.people())
    assert ProviderIdentity("user", "alice", name="Alice", email="alice@acme.test") in people
    assert ProviderIdentity("user", "quota-bot") in people
    assert ProviderIdentity("team", PLATFORM, name="platform") in people
    assert ProviderIdentity("key", ALICES_LAPTOP, name="alice-laptop", owner="alice") in people
    assert [member.owner for member in people if member.name == "tiny"] == [""]


def test_all_charges_are_of_people_who_are_listed(provider: LiteLLM) -> None:
    """Whoever is charged for is listed, but for the master key and its user."""
    people = {(member.kind, member.external_id) for member in provider.people()}
    unlisted = {
        name
        for cell in charges(provider, DAY)
        for kind, name in [("user", cell.subject), ("key", cell.resource), ("team", cell.sub_account)]
        if name and (kind, name) not in people
    }
    assert unlisted == {"default_user_id", "litellm_proxy_master_key"}


def test_people_are_read_over_all_pages(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """More than a hundred users, teams or keys come in several pages."""
    for number in range(230):
        proxy.add_usage(DAY, f"u{number}", f"u{number}@acme.test", f"k{number}", None, f"t{number}", "m", 0.1, 1, 1)
    kinds = [member.kind for member in provider.people()]
    assert (kinds.count("user"), kinds.count("team"), kinds.count("key")) == (233, 232, 235)


def test_keys_without_their_owner_are_refused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A list of bare hashes, as LiteLLM gives to who does not ask for more, is not taken for keys of nobody."""
    proxy.fail_next(200, body={"keys": ["a" * 64], "total_pages": 1}, path="/key/list")
    assert "sent keys, row 1 that cannot be right" in str(refused(lambda: list(provider.people())))


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Each thing that works has its line, and nothing was changed by looking."""
    lines = [finding.what for finding in provider.check()]
    assert findings(provider) == {}
    assert lines == [
        f"LiteLLM at {proxy.url} answers",
        "its database is connected",
        "LITELLM_API_KEY may read /user/list",
        "LITELLM_API_KEY may read /v2/team/list",
        "LITELLM_API_KEY may read /key/list",
        "LITELLM_API_KEY may read /user/daily/activity",
        "LITELLM_API_KEY may read /spend/logs/v2",
        "LITELLM_API_KEY may set limits",
        "licence: not shown to this key, and not needed",
    ]
    assert {heard.body for heard in proxy.requests if heard.method != "GET"} == {b'{"max_budget":"?"}', b"{}"}


def test_the_master_key_is_shown_the_licence(proxy: FakeLiteLLM) -> None:
    """Who may ask for the licence is told its kind."""
    provider = at(proxy, key=proxy.master_key)
    assert [finding.what for finding in provider.check()][-1] == "licence: community, and none is needed"
    provider.close()


def test_a_wrong_key_is_told_once(proxy: FakeLiteLLM) -> None:
    """An unknown key is one finding, with what to do."""
    provider = at(proxy, key="sk-nope")
    found = findings(provider)
    provider.close()
    assert list(found) == ["LITELLM_API_KEY may read /user/list"]
    (advice,) = found.values()
    assert advice == (
        f"LiteLLM at {proxy.url} refused the key in LITELLM_API_KEY (401): it does not know this key; "
        "it needs a management key of a user with the role proxy_admin"
    )


def test_an_expired_key_is_told_as_expired(proxy: FakeLiteLLM) -> None:
    """An expired key is not called wrong."""
    provider = at(proxy, key=proxy.issue("quota-bot", expired=True))
    (advice,) = findings(provider).values()
    provider.close()
    assert "(401): the key has expired; it needs a management key" in advice


def test_a_key_without_rights_is_told_which_it_lacks(proxy: FakeLiteLLM) -> None:
    """A key that opens some routes has a finding for each of the others."""
    provider = at(proxy, key=proxy.issue("quota-bot", routes=("/user/list", "/user/daily/activity")))
    found = findings(provider)
    provider.close()
    unread = [f"LITELLM_API_KEY may read {route}" for route in ("/v2/team/list", "/key/list", "/spend/logs/v2")]
    assert list(found) == [*unread, "LITELLM_API_KEY may set limits"]
    assert "it may not GET /v2/team/list" in found["LITELLM_API_KEY may read /v2/team/list"]


def test_a_proxy_without_its_database_is_told(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Without a database LiteLLM counts nothing, so we say what to do about it."""
    proxy.fail_next(200, body={"status": "healthy", "db": "Not connected"}, path="/health/readiness")
    assert "PostgreSQL" in findings(provider)["its database is connected"]


def test_a_proxy_that_is_down_is_one_finding() -> None:
    """If nobody answers, nothing else is asked."""
    provider = LiteLLM("proxy", "http://127.0.0.1:9", "sk-1", patience=QUICK)
    found = findings(provider)
    provider.close()
    assert list(found) == ["LiteLLM at http://127.0.0.1:9 answers"]
    assert "cannot be reached" in found["LiteLLM at http://127.0.0.1:9 answers"]


# The fake is like the real one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [*("001", "088", "089", "090", "092", "093", "094", "110", "116"), *ORDERS])
def test_the_fake_answers_as_was_recorded(proxy: FakeLiteLLM, number: str) -> None:
    """To the same question, asked with the same kind of key, it gives the very body of the real proxy."""
    exchange = recorded(number)
    routes = ("/user/info", "/user/update", "/key/info", "/key/update", "/team/info", "/team/member_update", USAGE)
    keys = {
        "sk-MASTER": proxy.master_key,
        "sk-REDACTED-quota-bot": proxy.key,
        "sk-REDACTED-quota-bot-routes": proxy.issue("quota-bot", routes=routes),
        "sk-REDACTED-alice-laptop": proxy.issue("alice"),
        "sk-nope": "sk-nope",
    }
    assert asked(proxy, exchange["request"], keys) == (exchange["status"], exchange["response"])


@pytest.mark.parametrize(
    ("path", "params", "auth", "status"),
    [
        ("/user/list", {}, "", 401),
        ("/user/list", {}, "expired", 401),
        ("/user/list", {}, "alice", 403),
        ("/key/generate", {}, "bot", 403),
        ("/no/such/route", {}, "master", 404),
        ("/user/list", {"page_size": 101}, "bot", 422),
        ("/v2/team/list", {"page": 0}, "bot", 422),
        ("/key/list", {"size": "many"}, "bot", 422),
        ("/user/daily/activity", {"start_date": "2026-11-22", "end_date": "today"}, "bot", 400),
        ("/user/daily/activity", {"start_date": "2026-11-22", "end_date": "2026-11-22", "page_size": 1001}, "bot", 422),
    ],
)
def test_the_fake_refuses_what_the_real_one_refuses(
    proxy: FakeLiteLLM, path: str, params: dict[str, object], auth: str, status: int
) -> None:
    """A question that the real proxy would not answer gets no answer here either."""
    expired = proxy.issue("quota-bot", expired=True)
    keys = {"": "", "bot": proxy.key, "master": proxy.master_key, "alice": proxy.issue("alice"), "expired": expired}
    assert (
        asked(proxy, {"method": "GET", "path": path, "params": params, "json": None, "auth": auth}, keys)[0] == status
    )


def asked(proxy: FakeLiteLLM, question: Any, keys: dict[str, str]) -> tuple[int, Any]:
    """Status and body that the fake gives to a recorded question."""
    where = f"{proxy.url}{question['path']}?{urlencode(question['params'] or {})}"
    return answered(
        where, question["method"], {"Authorization": f"Bearer {keys[question['auth']]}"}, question["json"] or None
    )
