"""What Cursor reports and allows, and what we make of it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.errors import UndeliverableError, UnreachableError
from bot.providers.base import Limit, ProviderIdentity, ProviderSeat
from bot.providers.cursor import DAILY, CallRates, Cursor
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused, with_odd
from tests.support.clock import Clock
from tests.support.fakes.cursor import FakeCursor, Seat

DAY = date(2026, 11, 21)
TEN = datetime(2026, 11, 21, 10, 15, 30, tzinfo=UTC)
FAST = CallRates(10**6, 10**6, 10**6)
ANA, BO = Subject("user", "ana@acme.example"), Subject("user", "bo@acme.example")
DOLLAR = 10**9
EVENTS, SET_LIMIT = "/teams/filtered-usage-events", "/teams/user-spend-limit"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def team(clock: Clock) -> Iterator[FakeCursor]:
    with FakeCursor(clock) as server:
        yield server


@pytest.fixture
def provider(team: FakeCursor, clock: Clock) -> Iterator[Cursor]:
    provider = Cursor("cursor", team.url, team.key, now=clock, patience=QUICK, rates=FAST)
    yield provider
    provider.close()


# Charges --------------------------------------------------------------------------------------------------------------


def test_a_cell_is_an_hour_of_a_person_and_a_model(team: FakeCursor, provider: Cursor) -> None:
    """Calls of one hour are added up; the four kinds of tokens are disjoint as they come."""
    tokens = {"inputTokens": 126, "outputTokens": 450, "cacheWriteTokens": 6112, "cacheReadTokens": 11964}
    team.use(TEN, "Ana@acme.example", "claude-4.5-sonnet", 20.18232, tokens)
    team.use(TEN + timedelta(minutes=44), "Ana@acme.example", "claude-4.5-sonnet", 0.000001, tokens)
    assert charges(provider, DAY) == [
        Charge(
            provider="cursor",
            bucket_start=datetime(2026, 11, 21, 10, tzinfo=UTC),
            bucket_hours=1,
            model="claude-4.5-sonnet",
            subject="ana@acme.example",
            tokens_input=252,
            tokens_cache_read=23928,
            tokens_cache_write_5m=12224,
            tokens_output=900,
            requests=2,
            cost_nanos=201_823_210,
        )
    ]


def test_what_the_plan_included_is_a_cell_of_its_own_and_costs_nothing(team: FakeCursor, provider: Cursor) -> None:
    """The seat pays for it, and limits do not count it."""
    team.use(TEN, "bo@acme.example", "auto", 4, {"inputTokens": 9}, kind="Included in Business")
    team.use(TEN, "bo@acme.example", "auto", 7)
    cells = [(cell.tier, cell.cost_nanos, cell.tokens_input) for cell in charges(provider, DAY)]
    assert cells == [("", 70_000_000, 0), ("included", 0, 9)]


def test_a_service_account_counts_by_itself(team: FakeCursor, provider: Cursor) -> None:
    """It has an id and no address, and can be linked like a key."""
    team.use(TEN, None, "auto", 4, serviceAccountId="sa_1")
    (cell,) = charges(provider, DAY)
    assert (cell.resource, cell.subject) == ("sa_1", "")


def test_a_call_without_tokens_or_charge_is_counted_as_a_call(team: FakeCursor, provider: Cursor) -> None:
    """What is not chargeable costs nothing."""
    event = team.use(TEN, "bo@acme.example", "auto", 0, isChargeable=False)
    del event["chargedCents"]
    (cell,) = charges(provider, DAY)
    assert (cell.requests, cell.tokens_input, cell.cost_nanos) == (1, 0, 0)


def test_a_call_without_its_charge_costs_what_its_tokens_cost(team: FakeCursor, provider: Cursor) -> None:
    """After the discount and with Cursor's fee; of what nobody says what it cost, it is unknown, which is not free."""
    told = {"totalCents": 50, "discountPercentOff": 20, "outputTokens": 3}
    call = team.use(TEN, "bo@acme.example", "auto", 0, cursorTokenFee=1.5, tokenUsage=told)
    del call["chargedCents"]
    team.use(TEN, "bo@acme.example", "auto", -20)  # refunded
    del team.use(TEN, "bo@acme.example", "auto", 0)["chargedCents"]
    found = {cell.tier: (cell.cost_nanos, cell.cost_source, cell.requests) for cell in charges(provider, DAY)}
    assert found == {"": (215_000_000, "cost_report", 2), "unpriced": (None, "unpriced", 1)}


def test_an_automation_is_not_the_person_beside_it(team: FakeCursor, provider: Cursor) -> None:
    """What runs by itself is told under its own id."""
    team.use(TEN, "bo@acme.example", "auto", 100, automationId="auto_1")
    assert [(cell.resource, cell.subject) for cell in charges(provider, DAY)] == [("auto_1", "")]


def test_a_call_may_lack_all_that_need_not_be_there(team: FakeCursor, provider: Cursor) -> None:
    """Nulls for counts, kind and model, and a moment that is a number."""
    call = team.use(TEN, "bo@acme.example", "auto", 3)
    call |= {"model": None, "kind": None, "isChargeable": None, "timestamp": int(call["timestamp"])}
    call["tokenUsage"] = {"inputTokens": None, "outputTokens": 7, "cacheWriteTokens": None, "cacheReadTokens": None}
    (cell,) = charges(provider, DAY)
    assert (cell.model, cell.tokens_input, cell.tokens_output, cell.cost_nanos) == ("", 0, 7, 30_000_000)


def test_a_day_of_work_may_be_told_as_a_date(team: FakeCursor, provider: Cursor) -> None:
    """And what is told without any day is set aside; then nobody is idle because of it."""
    team.work(DAY, "bo@acme.example", 5)
    team.work(DAY, "bo@acme.example", 9)
    team.state.daily[0]["day"] = DAY.isoformat()
    rows = [{**each, "date": None} for each in team.state.daily]
    team.fail_next(200, body={"data": rows}, path=DAILY)
    found, (odd,) = with_odd(lambda: provider.outcomes(DAY, DAY))
    assert [(each.what, each.count) for each in found] == [("lines_accepted", 5)]
    assert odd.why.endswith("it has no day")
    team.fail_next(200, body={"data": rows}, path=DAILY)
    seats, _ = with_odd(provider.seats)
    assert {each.use_known for each in seats} == {False}


def test_limits_may_have_cents(team: FakeCursor, provider: Cursor) -> None:
    """They are compared without them, for ours are whole dollars."""
    team.default = 33.5
    assert provider.limit(Subject("user", "bo@acme.example")) == Limit(
        Subject("user", "bo@acme.example"), 33 * 10**9, name="Bo Li"
    )


def test_a_day_is_a_utc_day_to_the_millisecond(team: FakeCursor, provider: Cursor) -> None:
    """Both ends of the question are included, so days neither overlap nor leave a gap."""
    night = datetime(2026, 11, 21, tzinfo=UTC)
    for moment in (night - timedelta(milliseconds=1), night, night + timedelta(hours=24, milliseconds=-1)):
        team.use(moment.astimezone(timezone(timedelta(hours=9))), "bo@acme.example", "auto", 100)
    assert [cell.bucket_start.hour for cell in charges(provider, DAY)] == [0, 23]
    both = charges(provider, DAY - timedelta(days=1), DAY)
    assert both == charges(provider, DAY - timedelta(days=1)) + charges(provider, DAY)
    assert len(both) == 3


def test_today_is_asked_for_until_now_and_tomorrow_not_at_all(team: FakeCursor, provider: Cursor, clock: Clock) -> None:
    """What happens while pages are read would shift them."""
    today = clock().date()
    charges(provider, today, today + timedelta(days=1))
    (heard,) = team.requests
    assert json.loads(heard.body)["endDate"] == int(clock().timestamp() * 1000)


def test_many_calls_come_in_pages(team: FakeCursor, provider: Cursor) -> None:
    """More than a thousand calls a day are read to the last one."""
    for number in range(2001):
        team.use(TEN + timedelta(seconds=number % 60), "bo@acme.example", f"m{number % 7}", 0.1)
    cells = charges(provider, DAY)
    assert sum(cell.requests for cell in cells) == 2001
    assert sum(cell.cost_nanos or 0 for cell in cells) == 2_001_000_000
    assert [json.loads(heard.body)["page"] for heard in team.requests] == [1, 2, 3]


@pytest.mark.parametrize("total", [0, 2])
def test_usage_that_changed_while_it_was_read_is_not_counted(team: FakeCursor, provider: Cursor, total: int) -> None:
    """A call that slipped from one page to another would be lost or counted twice; it is read again later."""
    event = team.use(TEN, "bo@acme.example", "auto", 1)
    body = {"totalUsageEventsCount": total, "pagination": {"hasNextPage": False}, "usageEvents": [event]}
    team.fail_next(200, body=body, path=EVENTS)
    assert isinstance(refused(lambda: charges(provider, DAY)), UnreachableError)
    assert len(charges(provider, DAY)) == 1


def test_a_restated_call_is_given_with_its_latest_word(team: FakeCursor, provider: Cursor) -> None:
    """The same cell, another figure."""
    event = team.use(TEN, "bo@acme.example", "auto", 1)
    charges(provider, DAY)
    event["chargedCents"] = 2.5
    assert [cell.cost_nanos for cell in charges(provider, DAY)] == [25_000_000]


@pytest.mark.parametrize(
    ("name", "value"), [("chargedCents", "free"), ("timestamp", "yesterday"), ("tokenUsage", {"inputTokens": -1})]
)
def test_a_figure_that_cannot_be_right_is_refused(team: FakeCursor, provider: Cursor, name: str, value: Any) -> None:
    """And neither is the rest of the day counted."""
    event = {**team.use(TEN, "bo@acme.example", "auto", 1), name: value}
    body = {"totalUsageEventsCount": 1, "pagination": {"hasNextPage": False}, "usageEvents": [event]}
    team.fail_next(200, body=body, path=EVENTS)
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UndeliverableError)
    assert name in str(trouble)


def test_a_busy_cursor_is_asked_again(team: FakeCursor, provider: Cursor) -> None:
    """The question is a POST that changes nothing."""
    team.use(TEN, "bo@acme.example", "auto", 1)
    team.fail_next(429, body={"error": "Too Many Requests", "message": "slow down"}, path=EVENTS)
    assert len(charges(provider, DAY)) == 1


# People and limits ----------------------------------------------------------------------------------------------------


def test_people_are_members_by_their_address(team: FakeCursor, provider: Cursor) -> None:
    """Who was removed is known still, for the usage of before."""
    team.state.seats["bo@acme.example"].removed = True
    assert list(provider.people()) == [
        ProviderIdentity("user", "ana@acme.example", name="Ana Silva", email="ana@acme.example"),
        ProviderIdentity("user", "bo@acme.example", name="Bo Li", email="bo@acme.example"),
    ]


def test_a_limit_is_what_is_enforced(team: FakeCursor, provider: Cursor) -> None:
    """The team's default counts, an own limit of nothing is a limit, and no limit is none."""
    team.state.seats["Ana@acme.example"].limit = 0
    assert list(provider.limits()) == [
        Limit(ANA, 0, paused=True, name="Ana Silva"),
        Limit(BO, 100 * DOLLAR, name="Bo Li"),
    ]
    team.default = None
    assert provider.limit(BO) == Limit(BO, None, name="Bo Li")


@pytest.mark.parametrize("extra", [98, 99, 205])
def test_limits_are_read_over_all_pages(team: FakeCursor, provider: Cursor, extra: int) -> None:
    """More than a hundred members come in several pages."""
    for number in range(extra):
        team.add_member(f"u{number}@acme.example", f"U {number}")
    assert len(list(provider.limits())) == extra + 2


@pytest.mark.parametrize("dollars", [0, 1, 10**6])
def test_a_limit_is_written_in_whole_dollars_and_read_back(team: FakeCursor, provider: Cursor, dollars: int) -> None:
    """The address is written as Cursor has it, whatever its letters."""
    told = provider.set_limit(ANA, dollars * provider.step_nanos)
    assert told == provider.limit(ANA) == Limit(ANA, dollars * DOLLAR, paused=dollars == 0, name="Ana Silva")
    assert team.state.seats["Ana@acme.example"].limit == dollars


def test_a_name_that_contains_another_is_not_taken_for_it(team: FakeCursor, provider: Cursor) -> None:
    """The search finds parts of addresses and names."""
    team.state.seats = {"bo@acme.example.org": Seat("Bo Else"), **team.state.seats}
    assert provider.set_limit(BO, 5 * DOLLAR) == Limit(BO, 5 * DOLLAR, name="Bo Li")
    assert team.state.seats["bo@acme.example.org"].limit is None


def test_nobody_is_limited_who_is_not_there(team: FakeCursor, provider: Cursor) -> None:
    """An unknown member is refused before anything is written."""
    eve = Subject("user", "eve@acme.example")
    assert provider.limit(eve) is None
    sentence = str(refused(lambda: provider.set_limit(eve, DOLLAR)))
    assert "has no member with the address eve@acme.example" in sentence
    assert SET_LIMIT not in {heard.path for heard in team.requests}


def test_a_refusal_with_a_good_status_is_a_refusal(team: FakeCursor, provider: Cursor) -> None:
    """Cursor says it in the body."""
    team.fail_next(200, body={"outcome": "error", "message": f"No {team.key}"}, path=SET_LIMIT)
    sentence = str(refused(lambda: provider.set_limit(BO, DOLLAR)))
    assert sentence.endswith("refused a limit for bo@acme.example: No …")


def test_a_plan_without_limits_says_so(team: FakeCursor, provider: Cursor) -> None:
    """What comes back is handed on."""
    team.enterprise = False
    assert "Enterprise plan required" in str(refused(lambda: provider.set_limit(BO, DOLLAR)))


def test_an_order_is_said_once(team: FakeCursor, provider: Cursor) -> None:
    """Whether to say it again is the outbox's to decide."""
    team.fail_next(500, path=SET_LIMIT)
    assert isinstance(refused(lambda: provider.set_limit(BO, DOLLAR)), UnreachableError)
    assert [heard.path for heard in team.requests].count(SET_LIMIT) == 1


@pytest.mark.parametrize("own", [None, 0, 30])
def test_who_was_paused_gets_the_own_limit_back(team: FakeCursor, provider: Cursor, own: int | None) -> None:
    """Also if there was none, and also if it was nothing."""
    team.state.seats["Ana@acme.example"].limit = own
    before = provider.before(ANA)
    provider.pause(ANA)
    provider.pause(ANA)
    assert provider.limit(ANA) == Limit(ANA, 0, paused=True, name="Ana Silva")
    provider.resume(ANA, before)
    assert team.state.seats["Ana@acme.example"].limit == own


def test_a_limit_that_did_not_come_back_is_told(team: FakeCursor, provider: Cursor) -> None:
    """The team's default was changed during the pause, so somebody has to look."""
    before = provider.before(BO)
    provider.pause(BO)
    team.default = None
    sentence = str(refused(lambda: provider.resume(BO, before)))
    assert sentence.endswith("allows bo@acme.example no limit now, and it was 100 dollars: set it right there")


# Seats and outcomes ---------------------------------------------------------------------------------------------------


def test_every_member_but_a_free_owner_has_a_seat(team: FakeCursor, provider: Cursor) -> None:
    """With the last day on which Cursor saw it used; who was removed has none."""
    team.state.seats["kim@acme.example"] = Seat("Kim", role="free-owner")
    team.state.seats["gone@acme.example"] = Seat("Gone", removed=True)
    team.work(date(2026, 11, 3), "Ana@acme.example", 10)
    team.work(date(2026, 9, 1), "ana@acme.example", 10)
    assert list(provider.seats()) == [
        ProviderSeat("ana@acme.example", "cursor", None, date(2026, 11, 3)),
        ProviderSeat("bo@acme.example", "cursor", None, None),
    ]


def test_seats_are_told_without_their_last_use_if_that_is_closed(team: FakeCursor, provider: Cursor) -> None:
    """The list of members needs no such right."""
    team.fail_next(403, path="/teams/daily-usage-data")
    assert {seat.active_on for seat in provider.seats()} == {None}


def test_what_came_of_it_is_what_was_taken(team: FakeCursor, provider: Cursor) -> None:
    """Each day once, ten days at a time; what nobody did is nobody's."""
    days = [date(2026, 11, 21) - timedelta(days=back) for back in (24, 10, 0)]
    for day in days:
        team.work(day, "Ana@acme.example", 40, accepts=3, rejects=0)
    team.work(days[-1], None, 5)
    found = list(provider.outcomes(days[0], date(2026, 11, 30)))
    assert [(one.day, one.what, one.count) for one in found] == [
        (day, what, count) for day in days for what, count in (("lines_accepted", 40), ("edits_accepted", 3))
    ]
    assert {one.external_id for one in found} == {"ana@acme.example"}
    assert len([heard for heard in team.requests if heard.path == "/teams/daily-usage-data"]) == 3


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(team: FakeCursor, provider: Cursor) -> None:
    """Nothing was changed by looking."""
    assert findings(provider) == {}
    assert SET_LIMIT not in {heard.path for heard in team.requests}


def test_a_wrong_key_is_told_once(team: FakeCursor) -> None:
    """With which key is needed."""
    provider = Cursor("cursor", team.url, "crsr_no", patience=QUICK, rates=FAST)
    (advice,) = findings(provider).values()
    provider.close()
    assert "refused the key in CURSOR_API_KEY (401)" in advice
    assert advice.endswith("it needs an Admin API key with the scope admin:*, which an admin of the team makes")


def test_a_plan_that_cannot_limit_is_told(team: FakeCursor, provider: Cursor) -> None:
    """Usage may be readable all the same."""
    team.enterprise = False
    assert "Enterprise plan only" in findings(provider)["the plan has limits of members"]


def test_usage_that_is_closed_is_told(team: FakeCursor, provider: Cursor) -> None:
    """Each route has its line."""
    team.fail_next(403, body={"error": "Forbidden", "message": "no scope"}, path=EVENTS)
    assert "no scope" in findings(provider)[f"CURSOR_API_KEY may read {EVENTS}"]


# The fake refuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/teams/members", {}, 404),
        ("POST", "/teams/spend", {"page": 0}, 400),
        ("POST", EVENTS, {}, 400),
        ("POST", EVENTS, {"startDate": 0, "endDate": 31 * 86_400_000}, 400),
        ("POST", EVENTS, {"startDate": 0, "endDate": 1, "pageSize": 1001}, 400),
        ("POST", SET_LIMIT, {"userEmail": "bo@acme.example", "spendLimitDollars": 1.5}, 400),
        ("POST", SET_LIMIT, {"userEmail": "bo@acme.example"}, 400),
    ],
)
def test_the_fake_refuses_what_the_documents_refuse(
    team: FakeCursor, method: str, path: str, body: Any, status: int
) -> None:
    """A question that the real one would not answer gets no answer here either."""
    headers = {"Authorization": f"Basic {b64encode(f'{team.key}:'.encode()).decode()}"}
    assert answered(team.url + path, method, headers, body)[0] == status
