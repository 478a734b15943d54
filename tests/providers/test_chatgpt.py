"""What a ChatGPT workspace reports and lets us set, and what we make of it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config import ProviderSettings
from bot.errors import KeyRefusedError, UndeliverableError
from bot.providers.base import Limit, ProviderIdentity, ProviderSeat
from bot.providers.openai.chatgpt import ChatGPT
from bot.providers.openai.chatgpt_currency import CREDITS_MAX
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused, with_odd
from tests.support.fakes.chatgpt import PERIOD_END, FakeChatGPT, Person

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOUR_CENTS = Decimal("0.04")
DANA = Subject("user", "user-dana")
LIMITS = "/manage/workspaces/ws-123/usage_limits"
USAGE = "/analytics/workspaces/ws-123/usage"


@pytest.fixture
def provider(chat: FakeChatGPT) -> Iterator[ChatGPT]:
    provider = at(chat)
    yield provider
    provider.close()


def at(
    chat: FakeChatGPT, credit: Decimal | None = FOUR_CENTS, key: str = "", workspace: str = "", now: datetime = NOW
) -> ChatGPT:
    """A reader of that workspace, with its own key if no other is given."""
    return ChatGPT(
        "chatgpt",
        chat.base,
        key or chat.key,
        workspace or chat.workspace,
        credit,
        patience=QUICK,
        calls_per_minute=None,
        now=lambda: now,
    )


# Charges -------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_users_day(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Credits become dollars by the price in app.yaml; OpenAI's own estimate is no cost."""
    chat.add_usage(
        DAY,
        "user-dana",
        credits=41.25,
        estimated_cost_usd=99.0,
        uncached_text_input_tokens=120_334,
        cached_text_input_tokens=88_211,
        text_output_tokens=15_420,
        text_total_tokens=223_965,
    )
    assert charges(provider, DAY) == [
        Charge(
            provider="chatgpt",
            bucket_start=datetime(2026, 11, 18, tzinfo=UTC),
            bucket_hours=24,
            subject="user-dana",
            model="",
            tokens_input=120_334,
            tokens_cache_read=88_211,
            tokens_output=15_420,
            cost_nanos=1_650_000_000,
        )
    ]


@pytest.mark.parametrize("credit", [None, FOUR_CENTS])
def test_dollars_are_taken_as_they_are(chat: FakeChatGPT, credit: Decimal | None) -> None:
    """Where a workspace is billed in dollars, no price of a credit matters."""
    provider = at(chat, credit)
    chat.add_usage(DAY, "user-dana", cost_usd=1.2345, estimated_cost_usd=9.0)
    cells = charges(provider, DAY)
    provider.close()
    assert [cell.cost_nanos for cell in cells] == [1_234_500_000]


def test_nothing_spent_is_not_unknown(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """A day of zero dollars or credits is a day of zero."""
    chat.add_usage(DAY, "user-dana", cost_usd=0)
    chat.add_usage(DAY, "user-eve", credits=0)
    assert [(cell.cost_nanos, cell.cost_source) for cell in charges(provider, DAY)] == [(0, "cost_report")] * 2


def test_credits_without_a_price_are_unpriced(chat: FakeChatGPT) -> None:
    """Unknown is not zero, and not OpenAI's estimate."""
    provider = at(chat, credit=None)
    chat.add_usage(DAY, "user-dana", credits=5, estimated_cost_usd=0.2, text_output_tokens=7)
    cells = charges(provider, DAY)
    provider.close()
    assert [(cell.cost_nanos, cell.cost_source, cell.tokens_output) for cell in cells] == [(None, "unpriced", 7)]


def test_what_no_user_did_is_one_cell_of_nobody(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Agents have rows without a user; their costs are added up, and what none of them says stays unsaid."""
    chat.add_usage(DAY, None, credits=1, text_output_tokens=3)
    chat.add_usage(DAY, None, more=True, credits=2, text_output_tokens=4)
    chat.add_usage(DAY, None, more=True, text_output_tokens=5)
    assert [(cell.subject, cell.cost_nanos, cell.tokens_output) for cell in charges(provider, DAY)] == [
        ("", 120_000_000, 12)
    ]


def test_one_user_twice_is_set_aside(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Whether the one row corrects the other or adds to it, nobody says: the first counts."""
    chat.add_usage(DAY, "user-dana", credits=1)
    chat.add_usage(DAY, "user-dana", more=True, credits=1)
    (cell,), (odd,) = with_odd(lambda: charges(provider, DAY))
    assert (cell.cost_nanos, odd.why) == (40_000_000, "it is a second row of one user")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("credits", float("nan")),
        ("credits", 1e13),
        ("cost_usd", "free"),
        ("text_output_tokens", -1),
        ("text_output_tokens", 1.5),
        ("cached_text_input_tokens", True),
    ],
)
def test_a_figure_that_cannot_be_right_is_refused(
    chat: FakeChatGPT, provider: ChatGPT, name: str, value: object
) -> None:
    """Nothing of such an answer is counted."""
    chat.add_usage(DAY, "user-dana", more=False, **{name: value})
    assert name in str(refused(lambda: charges(provider, DAY)))


def test_another_day_is_refused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """A row of a day that was not asked for is counted for no day."""
    row = {"user_id": "user-dana", "start_time": 1_794_873_600, "totals": {"credits": 1}}
    chat.fail_next(200, body={"data": [row], "has_more": False, "next_page": None}, path=f"/v1{USAGE}")
    assert "it is about another day than was asked for" in str(refused(lambda: charges(provider, DAY)))


def test_a_long_day_comes_in_pages(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """More users than a page holds are all counted."""
    for number in range(10_001):
        chat.add_usage(DAY, f"u{number}", credits=1)
    assert sum(cell.cost_nanos or 0 for cell in charges(provider, DAY)) == 10_001 * 40_000_000
    assert [heard.query.get("page") for heard in chat.requests] == [None, "page_10000"]


# People --------------------------------------------------------------------------------------------------------------


def test_people_are_users_and_groups(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Groups are teams, and have a cursor of their own."""
    for number in range(150):
        chat.groups[f"group-{number:03}"] = f"Group {number}"
    people = list(provider.people())
    assert people[0] == ProviderIdentity("user", "user-dana", name="user-dana", email="dana@acme.test")
    assert ProviderIdentity("team", "group-42", name="Search team") in people
    assert len(people) == 152


def test_a_seat_is_of_some_type(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """App.yaml prices it under its type; who has none has no seat."""
    chat.people["user-eve"] = Person("eve@acme.test", seat=None)
    assert list(provider.seats()) == [ProviderSeat("user-dana", "chatgpt_default", None, None)]


# Limits --------------------------------------------------------------------------------------------------------------


def test_limits_are_what_counts_for_each_user(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """The own one, else that of the workspace; `unlimited` is none, and an older one has credits without a unit."""
    chat.people |= {
        "own": Person("own@acme.test", chat.rule("1000")),
        "free": Person("free@acme.test", {"type": "unlimited"}),
        "old": Person("old@acme.test", {"type": "limited", "limit": 250}),
        "paused": Person("paused@acme.test", chat.rule("0")),
    }
    assert [(each.name, each.amount_nanos, each.paused) for each in provider.limits()] == [
        ("dana@acme.test", 20 * 10**9, False),
        ("own@acme.test", 40 * 10**9, False),
        ("free@acme.test", None, False),
        ("old@acme.test", 10 * 10**9, False),
        ("paused@acme.test", 0, True),
    ]


def test_no_limit_at_all_is_none(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Neither an own one nor one of the workspace."""
    chat.default = None
    assert list(provider.limits()) == [Limit(DANA, None, name="dana@acme.test")]
    assert provider.limit(DANA) == Limit(DANA, None)


def test_limits_come_in_pages(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """All users are told."""
    for number in range(230):
        chat.people[f"u{number}"] = Person(f"u{number}@acme.test")
    assert len(list(provider.limits())) == 231


def test_a_list_of_limits_without_limits_is_refused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """If the list is otherwise than we know it, nobody passes for unlimited."""
    chat.fail_next(200, body={"data": [{"id": "user-dana"}], "has_more": False}, path=f"/v1{LIMITS}/users")
    assert "effective_monthly_usage_limit" in str(refused(lambda: list(provider.limits())))


@pytest.mark.parametrize(
    ("unit", "nanos", "amount", "seen"),
    [
        ("credit", 40 * 10**9, "1000", 40 * 10**9),
        ("credit", 40 * 10**9 + 39_999_999, "1000", 40 * 10**9),
        ("usd", 50 * 10**9, "50.00", 50 * 10**9),
        ("usd", 12_345_678_901, "12.34", 12_340_000_000),
    ],
)
def test_a_limit_is_written_in_the_workspaces_unit(
    chat: FakeChatGPT, provider: ChatGPT, unit: Any, nanos: int, amount: str, seen: int
) -> None:
    """Whole credits or cents, rounded down; it is the user's own, for as long as nobody changes it."""
    chat.unit, chat.default = unit, None
    assert provider.set_limit(DANA, nanos) == Limit(DANA, seen)
    assert json.loads(chat.requests[-1].body) == {
        "override_monthly_usage_limit": {"type": "limited", "limit_amount": {"unit": unit, "amount": amount}}
    }


def test_steps_are_credits_or_cents(chat: FakeChatGPT) -> None:
    """What a credit costs is the least that limits can differ by."""
    for credit, step in [(FOUR_CENTS, 40_000_000), (None, 10_000_000)]:
        provider = at(chat, credit)
        assert provider.step_nanos == step
        provider.close()


def test_more_credits_than_there_can_be_are_refused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Nothing is sent."""
    trouble = refused(lambda: provider.set_limit(DANA, (CREDITS_MAX + 1) * 40_000_000))
    assert f"takes at most {CREDITS_MAX} credits" in str(trouble)
    assert {heard.method for heard in chat.requests} == {"GET"}


@pytest.mark.parametrize("order", ["set", "read"])
def test_credits_without_a_price_cannot_be_limited(chat: FakeChatGPT, order: str) -> None:
    """The sentence says what to write where."""
    provider = at(chat, credit=None)
    trouble = refused(lambda: provider.set_limit(DANA, 10**9) if order == "set" else list(provider.limits()))
    provider.close()
    assert isinstance(trouble, UndeliverableError)
    assert "counts in credits: say what a credit costs you in US dollars" in str(trouble)


def test_a_unit_that_nobody_knows_is_refused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """A limit in a wrong unit would be worse than none."""
    chat.fail_next(200, body={"current_month_usage_unit": "coin"}, path=f"/v1{LIMITS}/users/user-dana/monthly-usage")
    assert "current_month_usage_unit" in str(refused(lambda: provider.set_limit(DANA, 10**9)))


@pytest.mark.parametrize("subject", [Subject("team", "group-42"), Subject("organization", "")])
def test_groups_and_the_workspace_are_not_limited(chat: FakeChatGPT, provider: ChatGPT, subject: Subject) -> None:
    """What a group has there is each member's limit, and no budget for all together."""
    assert provider.limit(subject) is None
    for order in (lambda: provider.set_limit(subject, 10**9), lambda: provider.before(subject)):
        assert "what each member may use" in str(refused(order))
    assert chat.requests == []


@pytest.mark.parametrize(
    "override",
    [
        None,
        {"type": "unlimited", "limit_expires_at": None},
        {"type": "limited", "limit_amount": {"amount": "1000", "unit": "credit"}, "limit_expires_at": None},
        {"type": "limited", "limit_amount": {"amount": "1000", "unit": "credit"}, "limit_expires_at": PERIOD_END},
        {"type": "limited", "limit": 250, "limit_expires_at": None},
    ],
)
def test_a_pause_gives_the_own_limit_back_as_it_was(
    chat: FakeChatGPT, provider: ChatGPT, override: dict[str, Any] | None
) -> None:
    """Inherited, unlimited, for good, for this month, or as it was written in older times."""
    chat.people["user-dana"].override = override
    before = provider.before(DANA)
    provider.pause(DANA)
    assert provider.limit(DANA) == Limit(DANA, 0, paused=True)
    provider.resume(DANA, before)
    assert chat.people["user-dana"].override == override


def test_a_limit_for_a_month_that_is_over_is_not_given_back(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Who is resumed next month has what everybody has."""
    chat.people["user-dana"].override = chat.rule("1000", expires=PERIOD_END)
    before = provider.before(DANA)
    provider.pause(DANA)
    later = at(chat, now=datetime(2026, 12, 1, tzinfo=UTC))
    later.resume(DANA, before)
    later.close()
    assert chat.people["user-dana"].override is None


def test_both_forms_of_an_amount_are_given_back_as_one(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Answers may hold the older form beside the newer one; only one of them may be written."""
    both = {**chat.rule("1000"), "limit": 1000}
    chat.people["user-dana"].override = both
    provider.resume(DANA, provider.before(DANA))
    assert chat.people["user-dana"].override == chat.rule("1000")


def test_several_own_limits_are_not_paused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """What could not be restored is not touched."""
    body = {"override_monthly_usage_limit": [chat.rule("1"), chat.rule("2")]}
    chat.fail_next(200, body=body, path=f"/v1{LIMITS}/users/user-dana")
    assert "several limits for user user-dana" in str(refused(lambda: provider.before(DANA)))


def test_an_odd_id_is_not_a_path(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Whatever stands in an id, no other route is asked."""
    assert provider.limit(Subject("user", "../x?y")) is None
    assert chat.requests[-1].path == f"/v1{LIMITS}/users/..%2Fx%3Fy"


# Check ---------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(provider: ChatGPT) -> None:
    """Each route has its line, and the unit."""
    found = list(provider.check())
    assert all(finding.ok for finding in found)
    assert [finding.what.removeprefix("CHATGPT_ADMIN_KEY may read ") for finding in found] == [
        f"{LIMITS}/workspace",
        "/manage/workspaces/ws-123/users",
        "/manage/workspaces/ws-123/groups",
        f"{LIMITS}/users",
        USAGE,
        "whether limits may be written shows at the first one",
        "it counts in credits",
    ]


@pytest.mark.parametrize(("right", "path"), [("users", "/users"), ("groups", "/groups"), ("usage", "/usage")])
def test_a_right_that_is_missing_is_named(chat: FakeChatGPT, provider: ChatGPT, right: str, path: str) -> None:
    """In OpenAI's own word for it."""
    chat.lacking.add(right)
    found = findings(provider)
    assert next(iter(found)).endswith(path)
    assert "Missing permission: " in next(iter(found.values()))


@pytest.mark.parametrize(("key", "workspace", "status"), [("sk-admin-wrong", "", 401), ("", "ws-9", 403)])
def test_a_wrong_key_or_workspace_is_told_once(chat: FakeChatGPT, key: str, workspace: str, status: int) -> None:
    """Nothing else is asked."""
    provider = at(chat, key=key, workspace=workspace)
    (advice,) = findings(provider).values()
    trouble = refused(lambda: charges(provider, DAY))
    provider.close()
    assert f"refused the key in CHATGPT_ADMIN_KEY ({status})" in advice
    assert isinstance(trouble, KeyRefusedError)


def test_another_workspace_is_told(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Should OpenAI ever answer for another one, its figures are not ours."""
    chat.fail_next(200, body={"id": "ws-9"}, path=f"/v1{LIMITS}/workspace")
    assert "answered for another workspace" in next(iter(findings(provider).values()))


@pytest.mark.parametrize(("unit", "word"), [("credit", "credits"), ("usd", "US dollars")])
def test_the_unit_is_told(chat: FakeChatGPT, unit: Any, word: str) -> None:
    """And what to say in app.yaml if it has no price."""
    chat.unit, chat.default = unit, None
    provider = at(chat, credit=None)
    found = {finding.what: finding for finding in provider.check()}
    provider.close()
    assert found[f"it counts in {word}"].ok == (unit == "usd")
    assert ("credit: 0.04" in found[f"it counts in {word}"].advice) == (unit == "credit")


def test_an_empty_workspace_has_no_unit_yet(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """It is told with a user's usage only."""
    chat.people.clear()
    assert findings(provider) == {}


def test_requests_of_its_own_are_counted(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """They are told, with where to answer them; whatever they look like."""
    chat.requests_waiting = [{"id": "req_1"}, {"id": "req_2"}]
    last = list(provider.check())[-1]
    assert (last.what, last.ok) == ("2 requests for more in ChatGPT's own list", True)
    assert "Admin Console" in last.advice


def test_app_yaml_says_the_workspace_and_the_price_of_a_credit() -> None:
    """Without the workspace nothing can be asked, and a price of nothing is none."""
    one = {"kind": "chatgpt-enterprise", "account": "ws-123", "credit": 0.04}
    assert ProviderSettings.model_validate(one).credit == FOUR_CENTS
    for wrong in ({"account": ""}, {"credit": 0}, {"credit": "0.0000001"}):
        with pytest.raises(ValidationError):
            ProviderSettings.model_validate({**one, **wrong})


# The fake is like the real one ---------------------------------------------------------------------------------------


def rule(**fields: object) -> dict[str, object]:
    """The body of an order."""
    return {"override_monthly_usage_limit": {"type": "limited", **fields}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"{USAGE}?start_time=1794960000", None, 400),
        ("GET", f"{USAGE}?start_time=1794960001&end_time=1795046400", None, 400),
        ("GET", f"{USAGE}?start_time=1794960000&end_time=1795046400&limit=30001", None, 400),
        ("GET", f"{LIMITS}/users/nobody", None, 404),
        ("GET", f"{LIMITS}/users/nobody/monthly-usage", None, 404),
        ("GET", "/manage/workspaces/ws-123/users?limit=1001", None, 400),
        ("GET", "/manage/workspaces/ws-123/groups?limit=101", None, 400),
        ("GET", "/manage/workspaces/ws-9/users", None, 403),
        ("GET", "/nothing", None, 404),
        ("DELETE", f"{LIMITS}/users/user-dana", None, 405),
        ("PATCH", f"{LIMITS}/users/nobody", rule(limit=5), 404),
        ("PATCH", f"{LIMITS}/users/user-dana", {}, 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(), 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(limit=5, limit_expires_at=PERIOD_END), 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(limit_amount={"unit": "usd", "amount": "5.00"}), 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(limit_amount={"unit": "credit", "amount": "5.5"}), 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(limit=2**31), 400),
        ("PATCH", f"{LIMITS}/users/user-dana", rule(limit=5), 200),
    ],
)
def test_the_fake_refuses_what_the_real_one_refuses(
    chat: FakeChatGPT, method: str, path: str, body: Any, status: int
) -> None:
    """A question that OpenAI would not answer gets no answer here either."""
    headers = {"Authorization": f"Bearer {chat.key}"}
    assert answered(chat.base + path, method, headers, body)[0] == status


def test_a_day_is_asked_for_from_midnight_to_midnight(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """In UTC, each day by itself."""
    charges(provider, DAY - timedelta(days=1), DAY)
    windows = [(heard.query["start_time"], heard.query["end_time"]) for heard in chat.requests]
    assert windows == [("1794873600", "1794960000"), ("1794960000", "1795046400")]
