"""What Claude Enterprise reports and allows, and what we make of it."""

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UndeliverableError, UnreachableError
from bot.providers.anthropic.enterprise import ClaudeEnterprise
from bot.providers.base import IncreaseRequest, Limit, ProviderIdentity, ProviderOutcome, ProviderSeat
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused
from tests.support.fakes.anthropic_enterprise import FakeClaudeEnterprise

DAY = date(2026, 11, 21)
TODAY = date(2026, 11, 22)
ROOT = "/v1/organizations"
USAGE, COST = f"{ROOT}/analytics/usage", f"{ROOT}/analytics/cost"
ACTIVITY, USERS = f"{ROOT}/analytics/users", f"{ROOT}/users"
LIMITS, EFFECTIVE = f"{ROOT}/spend_limits", f"{ROOT}/spend_limits/effective"
REQUESTS = f"{ROOT}/spend_limit_increase_requests"
DANA, ELI = Subject("user", "user_01Dana"), Subject("user", "user_01Eli")
DOLLAR = 10**9


@pytest.fixture
def claude() -> Iterator[FakeClaudeEnterprise]:
    with FakeClaudeEnterprise() as server:
        yield server


@pytest.fixture
def provider(claude: FakeClaudeEnterprise) -> Iterator[ClaudeEnterprise]:
    provider = at(claude)
    yield provider
    provider.close()


def at(claude: FakeClaudeEnterprise, key: str = "") -> ClaudeEnterprise:
    """A reader of that organization, by its clock, with a key that may do everything if no other is given."""
    return ClaudeEnterprise(
        "claude", claude.url, key or claude.key, "CLAUDE_KEY", lambda: claude.now, QUICK, calls_per_minute=60_000
    )


# Usage and cost -------------------------------------------------------------------------------------------------------


def test_a_cell_joins_what_was_used_with_what_it_cost(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Tokens come from one report and money from another; a member's day with a model is one cell."""
    claude.use(
        DAY,
        "user_01Dana",
        Decimal("12.345678901"),
        150,
        output=20,
        cache_read=90,
        cache_5m=5,
        cache_1h=7,
        product="chat",
    )
    assert charges(provider, DAY) == [
        Charge(
            provider="claude",
            bucket_start=datetime(2026, 11, 21, tzinfo=UTC),
            bucket_hours=24,
            model="claude-sonnet-5",
            subject="user_01Dana",
            tokens_input=150,
            tokens_cache_read=90,
            tokens_cache_write_5m=5,
            tokens_cache_write_1h=7,
            tokens_output=20,
            requests=1,
            cost_nanos=12_345_678_901,
            cost_source="cost_report",
            list_nanos=13_580_246_791,
        )
    ]


def test_hours_and_products_of_a_day_are_one_cell(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """What we do not tell apart is added up before it is given."""
    claude.use(DAY, "user_01Dana", Decimal("0.25"), 1, hour=0, product="chat")
    claude.use(DAY, "user_01Dana", Decimal("0.50"), 2, hour=23, product="claude_code")
    assert [(cell.cost_nanos, cell.tokens_input) for cell in charges(provider, DAY)] == [(750_000_000, 3)]


def test_a_cost_that_is_not_told_yet_is_unknown_and_not_zero(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """Usage without a row of cost is unpriced."""
    claude.use(DAY, "user_01Dana", None, 100)
    assert [(cell.cost_nanos, cell.cost_source) for cell in charges(provider, DAY)] == [(None, "unpriced")]


def test_a_cost_without_tokens_counts(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Web searches and code that was run are money without tokens, and have no model."""
    claude.use(DAY, "user_01Dana", Decimal(3), 0, model=None)
    assert [(cell.model, cell.cost_nanos) for cell in charges(provider, DAY)] == [("", 3 * DOLLAR)]


def test_what_is_of_no_member_is_not_lost(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Automation is told under its key or service account, and what is of nobody under nobody."""
    claude.use(DAY, "", Decimal(1), 1)
    claude.use(DAY, "apikey_01Rj", Decimal(2), 1)
    claude.use(DAY, "svac_01Bot", Decimal(4), 1)
    claude.use(DAY, "user_01Gone", Decimal(8), 1)
    cells = {(cell.resource, cell.subject): cell.cost_nanos for cell in charges(provider, DAY)}
    assert cells == {
        ("", ""): 1 * DOLLAR,
        ("apikey_01Rj", ""): 2 * DOLLAR,
        ("", "svac_01Bot"): 4 * DOLLAR,
        ("", "user_01Gone"): 8 * DOLLAR,
    }


def test_every_day_is_asked_for_by_itself(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """The sum of one-day reports is the many-day report."""
    for offset in range(3):
        claude.use(DAY - timedelta(days=offset), "user_01Dana", Decimal(1), 10)
    whole = charges(provider, DAY - timedelta(days=2), DAY)
    apart = [cell for offset in (2, 1, 0) for cell in charges(provider, *[DAY - timedelta(days=offset)] * 2)]
    assert whole == apart
    assert [cell.bucket_start.day for cell in whole] == [19, 20, 21]


def test_of_today_the_whole_hours_are_reported(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Nobody asks for the future, and in the first hour of a day there is nothing to ask for."""
    claude.use(TODAY, "user_01Dana", Decimal(1), 1, hour=8)
    claude.use(TODAY, "user_01Dana", Decimal(2), 1, hour=9)
    assert [cell.cost_nanos for cell in charges(provider, TODAY)] == [1 * DOLLAR]
    claude.now = datetime(2026, 11, 22, 0, 59, tzinfo=UTC)
    claude.requests.clear()
    assert charges(provider, TODAY) == []
    assert claude.requests == []


def test_days_that_nobody_reports_are_not_asked_for(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """History begins with the year 2026, and after that a year ago; earlier days would be refused."""
    assert charges(provider, date(2025, 12, 30), date(2025, 12, 31)) == []
    assert claude.requests == []
    claude.now = datetime(2027, 6, 30, 12, tzinfo=UTC)
    claude.use(date(2026, 7, 1), "user_01Dana", Decimal(1), 1)
    assert len(charges(provider, date(2026, 6, 29), date(2026, 7, 1))) == 1


@pytest.mark.parametrize(("rows_max", "asked_for"), [(100, ["1000", "100", "100", "100"]), (1000, ["1000"])])
def test_many_rows_come_over_pages(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, rows_max: int, asked_for: list[str]
) -> None:
    """Each is counted once, and how many rows a page may have is found out once."""
    claude.report_rows_max = rows_max
    for number in range(250):
        claude.use(DAY, f"user_{number}", Decimal(number), number)
    cells = charges(provider, DAY)
    assert len(cells) == 250
    assert sum(cell.cost_nanos or 0 for cell in cells) == sum(range(250)) * DOLLAR
    assert [heard.query["limit"] for heard in claude.requests if heard.path == USAGE] == asked_for
    assert {heard.query["limit"] for heard in claude.requests if heard.path == COST} == {str(rows_max)}


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_not_about_rows_is_not_asked_for_with_fewer(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, status: int
) -> None:
    """A right that lacks, a route that is gone and a page that has expired are trouble at once."""
    if status == 410:
        claude.fail_next(200, body={"data": [], "next_page": "more"}, path=USAGE)
    claude.fail_next(status, body={"error": {"message": "cannot"}}, path=USAGE)
    assert "cannot" in str(refused(lambda: charges(provider, DAY)))
    assert {heard.query["limit"] for heard in claude.requests} == {"1000"}


def test_a_restated_row_is_given_with_its_latest_word(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Anthropic corrects itself for weeks; the cell stays the same one."""
    claude.use(DAY, "user_01Dana", Decimal(1), 10)
    (before,) = charges(provider, DAY)
    claude.use(DAY, "user_01Dana", Decimal("1.5"), 12)
    (after,) = charges(provider, DAY)
    assert (before.cost_nanos, after.cost_nanos) == (1 * DOLLAR, 1_500_000_000)
    assert (before.subject, before.model, before.bucket_start) == (after.subject, after.model, after.bucket_start)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 10**12)), max_size=10))
@settings(max_examples=20, deadline=None)
def test_money_is_exact_to_the_nano(rows: list[tuple[str, str, int]]) -> None:
    """Fractions of a cent are added up before they are rounded, half to even."""
    told = {(user, model): nanos for user, model, nanos in rows}
    with FakeClaudeEnterprise() as claude:
        for (user, model), nanos in told.items():
            claude.use(DAY, user, Decimal(nanos).scaleb(-9), 1, model=model)
        provider = at(claude)
        assert {(cell.subject, cell.model): cell.cost_nanos for cell in charges(provider, DAY)} == told
        provider.close()


def test_a_fraction_of_a_nano_is_rounded_once(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Two halves are a whole, and one half goes to the even side."""
    claude.use(DAY, "user_01Dana", Decimal("0.0000000025"), 1, model="even")
    claude.use(DAY, "user_01Dana", Decimal("0.0000000035"), 1, model="odd")
    assert {cell.model: cell.cost_nanos for cell in charges(provider, DAY)} == {"even": 2, "odd": 4}


def test_the_reports_have_their_beta_header_and_nothing_else_has(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """A header is sent where it is asked for; the version is pinned everywhere."""
    charges(provider, DAY)
    list(provider.people())
    betas = {heard.path: heard.headers.get("anthropic-beta", "") for heard in claude.requests}
    assert betas == {USAGE: "analytics-usage-cost-2026-08-24", COST: "analytics-usage-cost-2026-08-24", USERS: ""}
    assert {heard.headers["anthropic-version"] for heard in claude.requests} == {"2023-06-01"}


def test_an_expired_page_counts_nothing(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """If a page is gone in the middle of a day, not one cell of the day is given."""
    for number in range(101):
        claude.use(DAY, f"user_{number}", Decimal(1), 1)
    charges(provider, DAY)  # finds out how many rows a page may have
    claude.slow_next(0, path=COST)
    claude.fail_next(410, body={"error": {"message": "cursor has expired"}}, path=COST)
    cells: list[Charge] = []
    with pytest.raises(UndeliverableError, match="cursor has expired"):
        cells.extend(provider.charges(DAY, DAY))
    assert cells == []


ROW = {"group": {"actor": {"type": "user_actor", "user_id": "u"}, "model": "m"}}
TOKENS = {"uncached_input_tokens": 1, "output_tokens": 1}


@pytest.mark.parametrize(
    ("path", "row"),
    [
        (COST, {**ROW, "cost": {"amount": "NaN", "currency": "USD"}}),
        (COST, {**ROW, "cost": {"amount": "1", "currency": "euros"}}),
        (COST, {**ROW, "cost": {}}),
        (USAGE, {**ROW, "usage": {**TOKENS, "output_tokens": -1}}),
        (USAGE, {**ROW, "usage": {**TOKENS, "output_tokens": 1.5}}),
        (USAGE, {**ROW, "usage": {**TOKENS, "output_tokens": "one"}}),
        (USAGE, {"group": {"actor": {"user_id": "a\x00b"}}, "usage": TOKENS}),
        (USAGE, {"group": {"actor": {"type": "user_actor", "uid": "u"}}, "usage": TOKENS}),
        (USAGE, {"usage": TOKENS}),
        (USAGE, 7),
    ],
)
def test_a_figure_that_cannot_be_right_is_refused(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, path: str, row: Any
) -> None:
    """Broken or missing figures count nothing at all."""
    claude.fail_next(200, body={"data": [row], "next_page": None}, path=path)
    assert "cannot be right" in str(refused(lambda: charges(provider, DAY)))


@pytest.mark.parametrize("body", [{}, [], {"data": []}, {"data": {}, "next_page": None}])
def test_an_answer_of_another_shape_is_no_empty_day(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, body: Any
) -> None:
    """Without rows, or without a word about the next page, nothing is counted."""
    claude.fail_next(200, body=body, path=USAGE)
    assert "cannot be right" in str(refused(lambda: charges(provider, DAY)))


def test_a_day_that_was_not_asked_for_is_refused(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """A row of another day is not counted for this one."""
    row = {**ROW, "starting_at": "2026-11-20T00:00:00Z", "usage": TOKENS}
    claude.fail_next(200, body={"data": [row], "next_page": None}, path=USAGE)
    assert "which was not asked for" in str(refused(lambda: charges(provider, DAY)))


def test_an_endless_list_is_stopped(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """A page that names a page we have seen ends the reading."""
    claude.fail_next(200, body={"data": [], "next_page": "again"}, path=USAGE, times=2)
    assert "the same page of usage of 2026-11-21 twice" in str(refused(lambda: charges(provider, DAY)))


# People, seats and outcomes -------------------------------------------------------------------------------------------


def test_people_are_the_members(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """With the names and addresses that they have there, over all slices of the list."""
    for number in range(1500):
        claude.join(f"user_{number}", f"u{number}@acme.test", f"U {number}")
    people = list(provider.people())
    assert people[0] == ProviderIdentity("user", "user_01Dana", name="Dana Reyes", email="dana@acme.test")
    assert len(people) == len({each.external_id for each in people}) == 1502


def test_a_seat_says_since_when_and_when_it_was_used(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """A seat that nobody used for three months has no last day."""
    claude.work(date(2026, 11, 18), "user_01Dana")
    claude.work(date(2026, 8, 1), "user_01Eli")
    joined = date(2026, 6, 12)
    assert list(provider.seats()) == [
        ProviderSeat("user_01Dana", "claude_enterprise", joined, date(2026, 11, 18)),
        ProviderSeat("user_01Eli", "claude_enterprise", joined, None),
    ]


def test_nobody_is_idle_because_last_days_are_not_reported(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """Without a last day it is not known whether a seat is used; so it is for who is not in the report at all."""
    claude.work(date(2026, 11, 18), "user_01Dana")
    claude.reports_last_days = False
    assert [(each.active_on, each.use_known) for each in provider.seats()] == [(None, False), (None, False)]


def test_what_a_cloud_s_identity_used_is_told_under_its_name_there(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """Anthropic has no id for it. What nobody counted as requests is none, and a credit is a cost below zero."""
    claude.use(DAY, "aws:arn:aws:iam::1:role/ci", Decimal(3), 10)
    claude.use(DAY, "gcp:", Decimal(1), 10)
    claude.use(DAY, "", Decimal(-2), 5)
    found = {each.subject: (each.cost_nanos, each.requests) for each in charges(provider, DAY)}
    assert found == {
        "aws:arn:aws:iam::1:role/ci": (3 * DOLLAR, 1),
        "gcp": (DOLLAR, 1),
        "": (-2 * DOLLAR, 0),
    }


def test_outcomes_are_those_of_claude_code(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Edits of all tools are added up, and what did not happen is not told."""
    claude.work(date(2026, 11, 19), "user_01Dana", commits=4, sessions=6, lines=640, accepted=30, rejected=3)
    found = list(provider.outcomes(date(2026, 11, 19), date(2026, 11, 20)))
    assert {each.what: each.count for each in found} == {
        "commits": 4,
        "lines_accepted": 640,
        "edits_accepted": 31,
        "edits_rejected": 3,
        "sessions": 6,
    }
    assert found[0] == ProviderOutcome("user_01Dana", date(2026, 11, 19), "commits", 4)


def test_outcomes_that_are_not_reported_yet_are_not_asked_for(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """A day is there the afternoon after; asking too early is refused, as the fake shows."""
    assert list(provider.outcomes(date(2026, 11, 19), TODAY)) == []
    assert [heard.query["date"] for heard in claude.requests] == ["2026-11-19", "2026-11-20"]
    assert asked(claude, "GET", ACTIVITY, {"date": "2026-11-21"})[0] == 400
    assert list(provider.outcomes(date(2025, 12, 1), date(2025, 12, 31))) == []


# Limits ---------------------------------------------------------------------------------------------------------------


def test_limits_are_told_of_everybody(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """An inherited limit binds like an own one, and no amount is no limit."""
    provider.set_limit(DANA, 750 * DOLLAR)
    assert list(provider.limits()) == [
        Limit(DANA, 750 * DOLLAR, name="Dana Reyes"),
        Limit(ELI, 500 * DOLLAR, name="Eli Novak"),
    ]
    claude.seat_cents = None
    assert provider.limit(ELI) == Limit(ELI, None, name="Eli Novak")


def test_limits_come_over_pages(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """A thousand to a page."""
    for number in range(1500):
        claude.join(f"user_{number}", f"u{number}@acme.test", f"U {number}")
    assert len({each.subject for each in provider.limits()}) == 1502
    assert len(claude.requests) == 2


def test_one_limit_is_read_back_by_itself(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Who is asked for is told in one call, and who is not there is nobody."""
    assert provider.limit(DANA) == Limit(DANA, 500 * DOLLAR, name="Dana Reyes")
    assert provider.limit(Subject("user", "user_01Nobody")) is None
    assert [heard.lists["user_ids[]"] for heard in claude.requests] == [["user_01Dana"], ["user_01Nobody"]]


def test_limits_of_others_of_leavers_and_of_days_are_passed_over(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """However much more than was asked for is answered."""
    of = {"amount": "100", "currency": "USD", "period": "monthly"}
    rows = [
        {**of, "actor": {"user_id": "user_01Eli"}, "period": "daily"},
        {**of, "actor": {"user_id": "user_01Gone", "deleted": True}},
        {**of, "actor": {"user_id": "user_01Dana"}},
        {**of, "actor": {"user_id": "user_01Eli"}, "amount": "200"},
    ]
    claude.fail_next(200, body={"data": rows, "next_page": None}, path=EFFECTIVE, times=2)
    assert list(provider.limits()) == [Limit(DANA, DOLLAR), Limit(ELI, 2 * DOLLAR)]
    assert provider.limit(ELI) == Limit(ELI, 2 * DOLLAR)


def test_a_limit_is_set_once_and_told_back(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """What Anthropic then says is what we say; cents are the smallest step and are rounded down."""
    said = provider.set_limit(DANA, 75 * DOLLAR + 19_999_999)
    assert said == Limit(DANA, 75 * DOLLAR + 10_000_000)
    assert claude.overrides["user_01Dana"]["amount"] == "7501"
    assert [heard.method for heard in claude.requests] == ["POST"]


def test_a_limit_of_zero_is_zero(provider: ClaudeEnterprise) -> None:
    """Nothing is not the same as no limit."""
    assert provider.set_limit(DANA, 0).amount_nanos == 0
    assert provider.limit(DANA) == Limit(DANA, 0, name="Dana Reyes")


def test_a_limit_of_nobody_is_refused(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Nobody is made who is not there."""
    trouble = refused(lambda: provider.set_limit(Subject("user", "user_01Nobody"), DOLLAR))
    assert isinstance(trouble, UndeliverableError)
    assert "(404: User not found)" in str(trouble)
    assert claude.overrides == {}


def test_limits_are_in_the_currency_of_the_organization(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """Euros are not taken for dollars: not as limits, not in what is asked for, not in what was set."""
    claude.currency = "EUR"
    assert {each.currency for each in provider.limits()} == {"EUR"}
    claude.ask_for_more("user_01Dana")
    assert [each.currency for each in provider.increase_requests()] == ["EUR"]
    assert provider.set_limit(DANA, 100 * DOLLAR) == Limit(DANA, 100 * DOLLAR, currency="EUR")


def test_a_row_may_lack_what_need_not_be_there(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """A limit that is null is none, a member without an id is skipped, and another period is another limit."""
    rows = [
        {"actor": {"user_id": "user_01Dana", "name": None}, "currency": None},
        {"actor": None, "amount": "5", "currency": "USD", "period": "monthly"},
        {"actor": {"user_id": "user_01Dana"}, "amount": "5", "currency": "USD", "period": "weekly"},
    ]
    claude.fail_next(200, body={"data": rows, "next_page": None}, path=EFFECTIVE)
    assert list(provider.limits()) == [Limit(DANA, None)]


@pytest.mark.parametrize("spoil", ["drop_next", "halve_next"])
def test_a_limit_that_broke_off_is_not_said_again(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, spoil: str
) -> None:
    """It may have been set; the outbox finds out by reading back."""
    getattr(claude, spoil)(path=LIMITS)
    assert isinstance(refused(lambda: provider.set_limit(DANA, DOLLAR)), UnreachableError)
    assert len(claude.requests) == 1


# Requests for more ----------------------------------------------------------------------------------------------------


def test_a_request_says_who_waits_and_what_binds(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """How much is wanted is never said there."""
    name = claude.ask_for_more("user_01Dana")
    asked_at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert list(provider.increase_requests()) == [IncreaseRequest(name, DANA, None, 500 * DOLLAR, "", asked_at)]


def test_a_request_without_a_summary_is_looked_up(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """The summary may be missing, and an unknown limit must not pass for none."""
    request = claude.asked[claude.ask_for_more("user_01Dana")] | {"spend_summary": None}
    claude.fail_next(200, body={"data": [request], "next_page": None}, path=REQUESTS)
    assert [each.limit_nanos for each in provider.increase_requests()] == [500 * DOLLAR]


def test_requests_that_are_decided_or_of_another_period_do_not_wait(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """We set limits of a month, so a request about a day is not ours."""
    claude.resolve(claude.ask_for_more("user_01Dana"), "denied")
    claude.ask_for_more("user_01Eli", period="daily")
    assert list(provider.increase_requests()) == []


def test_a_granted_request_sets_the_total_and_sends_no_mail(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """The asker hears it from us."""
    name = claude.ask_for_more("user_01Dana")
    provider.answer(name, 750 * DOLLAR)
    assert claude.asked[name]["status"] == "approved"
    assert provider.limit(DANA) == Limit(DANA, 750 * DOLLAR, name="Dana Reyes")
    assert claude.mails == []


def test_a_denied_request_changes_no_limit(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """It is closed, without a mail."""
    name = claude.ask_for_more("user_01Dana")
    provider.answer(name, None)
    assert claude.asked[name]["status"] == "denied"
    assert (claude.overrides, claude.mails) == ({}, [])


@pytest.mark.parametrize(("status", "total"), [("approved", None), ("approved", 750 * DOLLAR), ("denied", None)])
def test_an_answered_request_may_be_answered_again(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, status: str, total: int | None
) -> None:
    """After a crash, or when somebody was faster in claude.ai, there is nothing left to do."""
    name = claude.ask_for_more("user_01Dana")
    claude.resolve(name, status)
    provider.answer(name, total)
    assert claude.asked[name]["status"] == status
    assert claude.overrides == {}
    assert {heard.method for heard in claude.requests} == {"GET"}


def test_what_was_denied_there_and_granted_here_is_granted(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise
) -> None:
    """The request there is closed for good, so the limit is set by itself: the member was told of it."""
    name = claude.ask_for_more("user_01Dana")
    claude.resolve(name, "denied")
    provider.answer(name, 750 * DOLLAR)
    assert provider.limit(DANA) == Limit(DANA, 750 * DOLLAR, name="Dana Reyes")


@pytest.mark.parametrize(("total", "dollars"), [(None, 500), (750 * DOLLAR, 750)])
def test_a_request_that_is_decided_in_between_is_done(
    claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, total: int | None, dollars: int
) -> None:
    """Between our look and our answer somebody may decide there: that is no trouble."""
    name = claude.ask_for_more("user_01Dana")
    waiting = {**claude.asked[name], "spend_summary": None}
    claude.resolve(name, "denied" if total else "approved")
    claude.fail_next(200, body=waiting, path=f"{REQUESTS}/{name}")
    provider.answer(name, total)
    assert [heard.method for heard in claude.requests][:3] == ["GET", "POST", "GET"]
    assert provider.limit(DANA) == Limit(DANA, dollars * DOLLAR, name="Dana Reyes")


def test_an_answer_that_is_refused_for_another_reason_is_trouble(claude: FakeClaudeEnterprise) -> None:
    """A key that may not write has not answered anything, and an unknown request cannot be answered."""
    name = claude.ask_for_more("user_01Dana")
    provider = at(claude, claude.issue("read:spend_limits"))
    assert "write:spend_limits is needed" in str(refused(lambda: provider.answer(name, DOLLAR)))
    assert isinstance(refused(lambda: provider.answer("slir_none", DOLLAR)), UndeliverableError)
    provider.close()


# Trouble and check ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 504, 529])
def test_a_busy_service_is_asked_again(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise, status: int) -> None:
    """Passing trouble passes."""
    claude.use(DAY, "user_01Dana", Decimal(1), 1)
    claude.fail_next(status, {"Retry-After": "0"}, path=COST)
    assert [cell.cost_nanos for cell in charges(provider, DAY)] == [DOLLAR]


def test_a_good_key_passes_the_check(claude: FakeClaudeEnterprise, provider: ClaudeEnterprise) -> None:
    """Each thing that works has its line, and nothing was changed by looking."""
    lines = [finding.what for finding in provider.check()]
    assert findings(provider) == {}
    assert lines[0] == f"Claude Enterprise at {claude.url} answers for Acme"
    assert lines[1:-1] == [
        f"CLAUDE_KEY may read {path}" for path in (USERS, ACTIVITY, EFFECTIVE, REQUESTS, USAGE, COST)
    ]
    assert lines[-1] == "whether limits may be written shows at the first one"
    assert {heard.method for heard in claude.requests} == {"GET"}


def test_a_scope_that_lacks_is_named(claude: FakeClaudeEnterprise) -> None:
    """Anthropic says which scope is needed, and we say where to get it."""
    provider = at(claude, claude.issue("read:members", "read:analytics"))
    found = findings(provider)
    provider.close()
    assert list(found) == [f"CLAUDE_KEY may read {EFFECTIVE}", f"CLAUDE_KEY may read {REQUESTS}"]
    assert "read:spend_limits is needed" in found[f"CLAUDE_KEY may read {EFFECTIVE}"]
    assert found[f"CLAUDE_KEY may read {EFFECTIVE}"].endswith("(claude.ai, Organization settings, API)")


def test_a_wrong_key_is_told_once(claude: FakeClaudeEnterprise) -> None:
    """An unknown key is one finding."""
    provider = at(claude, "sk-ant-api01-wrong")
    (advice,) = findings(provider).values()
    provider.close()
    assert "refused the key in CLAUDE_KEY (401): it does not know this key; it needs a key of the primary" in advice


def test_the_key_is_shown_nowhere(claude: FakeClaudeEnterprise, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, a sentence, a traceback or a log."""
    caplog.set_level(logging.DEBUG)
    provider = at(claude, "sk-ant-api01-wrong")
    shown = repr(provider) + repr(vars(provider)) + repr(findings(provider))
    shown += "".join(traceback.format_exception(refused(lambda: charges(provider, DAY))))
    provider.close()
    assert "sk-ant" not in shown + caplog.text


# The fake is like the real one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "params", "body", "status"),
    [
        ("GET", "/nowhere", {}, None, 404),
        ("DELETE", "/users", {}, None, 405),
        ("GET", "/users", {"limit": 1001}, None, 400),
        ("GET", "/users", {"after_id": "user_01Nobody"}, None, 400),
        ("GET", "/users", {"page": "x"}, None, 400),
        ("GET", "/spend_limits/effective", {"page": "x"}, None, 400),
        ("GET", "/spend_limits/effective", {"period[]": "hourly"}, None, 400),
        ("GET", "/analytics/users", {}, None, 400),
        ("GET", "/analytics/usage", {"starting_at": "2026-11-21T00:00:00Z"}, None, 400),
        ("POST", "/spend_limits", {}, {"scope": {"type": "organization"}, "amount": "1"}, 400),
        ("POST", "/spend_limits", {}, {"scope": {"type": "user", "user_id": "user_01Dana"}, "amount": 1}, 400),
        ("POST", "/spend_limits", {}, {"scope": {"type": "user", "user_id": "user_01Dana"}, "amount": "1.5"}, 400),
        ("POST", "/spend_limits", {}, {"scope": {"type": "user", "user_id": "user_01Dana"}}, 400),
        ("POST", "/spend_limit_increase_requests/slir_0/approve", {}, {"amount": "1"}, 404),
    ],
)
def test_the_fake_refuses_what_the_real_one_refuses(
    claude: FakeClaudeEnterprise, method: str, path: str, params: dict[str, object], body: Any, status: int
) -> None:
    """Unknown ids, words, methods and amounts, wrong paging, and reports without their header."""
    answer = asked(claude, method, ROOT + path, params, body)
    assert (answer[0], answer[1]["type"]) == (status, "error")


def asked(
    claude: FakeClaudeEnterprise, method: str, path: str, params: dict[str, Any], body: Any = None
) -> tuple[int, Any]:
    """Status and body of the fake's answer."""
    headers = {"x-api-key": claude.key, "anthropic-version": "2023-06-01"}
    return answered(f"{claude.url}{path}?{urlencode(params)}", method, headers, body or None)
