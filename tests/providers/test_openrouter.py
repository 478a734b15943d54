"""What OpenRouter reports and allows, and what we make of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.errors import UndeliverableError, UnreachableError
from bot.providers.base import Limit, ProviderIdentity
from bot.providers.openrouter.provider import OpenRouter
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused
from tests.support.fakes.openrouter import FakeOpenRouter

DAY = date(2026, 11, 21)
ANA, BO = Subject("user", "ana@acme.example"), Subject("user", "bo@acme.example")
DOLLAR = 10**9
GPT = "openai/gpt-5.2"


@pytest.fixture
def router() -> Iterator[FakeOpenRouter]:
    with FakeOpenRouter() as server:
        yield server


@pytest.fixture
def provider(router: FakeOpenRouter) -> Iterator[OpenRouter]:
    provider = at(router)
    yield provider
    provider.close()


def at(router: FakeOpenRouter, key: str = "") -> OpenRouter:
    """A reader of that organization, with its management key if no other is given."""
    return OpenRouter("openrouter", router.url, key or router.key, patience=QUICK, calls_per_minute=10**6)


def costs(cells: list[Charge]) -> dict[tuple[str, str], int | None]:
    """Costs by key and person, without the cells that cost nothing."""
    return {(cell.resource, cell.subject): cell.cost_nanos for cell in cells if cell.cost_nanos}


def key_of(key_hash: str) -> Subject:
    """A key as somebody to be limited."""
    return Subject("key", key_hash)


# Charges --------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_day_of_a_person_and_a_model(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A person is known by the address, in lower case; cached tokens are counted apart from other input."""
    router.use(DAY, router.ana_key, GPT, 0.123456789, 100, 40, cached=60, reasoning=15, requests=3)
    assert charges(provider, DAY) == [
        Charge(
            provider="openrouter",
            bucket_start=datetime(2026, 11, 21, tzinfo=UTC),
            bucket_hours=24,
            model=GPT,
            subject="ana@acme.example",
            tokens_input=40,
            tokens_cache_read=60,
            tokens_output=40,
            tokens_reasoning=15,
            requests=3,
            cost_nanos=123_456_789,
        )
    ]


def test_keys_of_a_person_count_as_one(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """OpenRouter counts for whoever made a key."""
    router.use(DAY, router.ana_key, GPT, 0.1)
    router.use(DAY, router.add_key("ana server", "user_ana"), GPT, 0.2)
    assert costs(charges(provider, DAY)) == {("", "ana@acme.example"): 300_000_000}


def test_a_key_that_nobody_made_counts_by_itself(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A key of a workspace can belong to an agent, so its cells carry the key."""
    router.use(DAY, router.ana_key, GPT, 0.1)
    router.use(DAY, router.agent_key, GPT, 0.2)
    assert costs(charges(provider, DAY)) == {("", "ana@acme.example"): 100_000_000, (router.agent_key, ""): 200_000_000}


def test_what_belongs_to_nobody_is_neither_lost_nor_counted_twice(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """The use of a deleted key has neither a person nor a key."""
    lost = router.add_key("lost", None)
    router.use(DAY, router.agent_key, GPT, 0.2)
    router.use(DAY, lost, GPT, 0.3)
    del router.state.keys[lost]
    assert costs(charges(provider, DAY)) == {("", ""): 300_000_000, (router.agent_key, ""): 200_000_000}
    router.state.uses = [use for use in router.state.uses if use.key_hash == router.agent_key]
    assert [cell.resource for cell in charges(provider, DAY)] == [router.agent_key]


def test_a_part_that_grew_meanwhile_does_not_make_the_rest_negative(
    router: FakeOpenRouter, provider: OpenRouter
) -> None:
    """The whole is asked for before its parts, and somebody may call a model between the two."""
    router.use(DAY, router.agent_key, GPT, 0.2, 20)
    row = {"date__day": str(DAY), "user": None, "user_email": None, "model": GPT, "credits_usage": 0.1}
    counts = {"request_count": "1", "tokens_prompt": "21", "tokens_completion": "1"}
    body = {"data": {"data": [{**row, **counts}], "metadata": {"truncated": False}}}
    router.fail_next(200, body=body, path="/analytics/query")
    cells = charges(provider, DAY)
    figures = {cell.resource: (cell.cost_nanos, cell.tokens_input, cell.tokens_output) for cell in cells}
    assert figures == {router.agent_key: (200_000_000, 20, 5), "": (0, 1, 0)}


def test_a_key_is_asked_about_only_if_it_can_have_been_used(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Neither an unused key nor one that was made later costs a call, and none does when all is accounted for."""
    young = router.add_key("young", None, created_at="2026-11-22T00:00:00Z")
    others = [router.add_key(f"unused {number}", None) for number in range(9)]
    router.use(DAY + timedelta(days=1), young, GPT, 1.0)
    router.use(DAY, router.agent_key, GPT, 0.1)
    router.use(DAY - timedelta(days=1), others[-1], GPT, 0.1)
    charges(provider, DAY)
    assert [heard.path for heard in router.requests].count("/analytics/query") == 2
    router.use(DAY, "deleted", GPT, 0.1)
    charges(provider, DAY)
    assert [heard.path for heard in router.requests].count("/analytics/query") == 2 + 3


def test_the_days_add_up(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Days are asked for one by one, and a row of the next day is not taken for this one's."""
    router.use(DAY, router.ana_key, GPT, 0.1)
    router.use(DAY + timedelta(days=1), router.ana_key, GPT, 0.2)
    both = charges(provider, DAY, DAY + timedelta(days=1))
    assert both == charges(provider, DAY) + charges(provider, DAY + timedelta(days=1))
    assert [cell.cost_nanos for cell in both] == [100_000_000, 200_000_000]


def test_a_restated_row_is_given_with_its_latest_word(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """The same cell, another figure."""
    router.use(DAY, router.ana_key, GPT, 0.1)
    charges(provider, DAY)
    router.use(DAY, router.ana_key, GPT, 0.4)
    assert costs(charges(provider, DAY)) == {("", "ana@acme.example"): 400_000_000}


def test_a_report_that_was_cut_off_is_not_counted(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Rows beyond the most that OpenRouter gives would be lost without a word."""
    router.rows_max = 1
    router.use(DAY, router.ana_key, GPT, 0.1)
    router.use(DAY, router.bo_key, GPT, 0.1)
    assert "more than 10000 rows for 2026-11-21" in str(refused(lambda: charges(provider, DAY)))


def test_what_does_not_apply_is_null_and_a_discount_may_be_more_than_the_cost(
    router: FakeOpenRouter, provider: OpenRouter
) -> None:
    """And the day is named by the one or the other prefix."""
    row = {"created_at__day": f"{DAY}T00:00:00Z", "credits_usage": -0.5, "request_count": None, "tokens_prompt": "7"}
    body = {"data": {"data": [{**row, "cached_tokens": None, "user_email": "ana@acme.example"}]}}
    router.fail_next(200, body=body, path="/analytics/query")
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.requests, cell.tokens_input, cell.subject) == (-500_000_000, 0, 7, "ana@acme.example")


def test_guardrails_of_all_workspaces_are_found(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Asked without one, OpenRouter lists those of the default workspace; old ones are in none."""
    router.add_workspace("ws_2", "Second")
    router.state.rails[router.add_rail("theirs", 5, "monthly", holder="user_ana")]["workspace_id"] = "ws_2"
    router.state.rails[router.add_rail("old", 7, "fortnightly", holder="user_bo")]["workspace_id"] = None
    found = {each.subject.external_id: (each.amount_nanos, each.window) for each in provider.limits()}
    assert found["ana@acme.example"] == (5 * 10**9, "month")
    assert found["bo@acme.example"] == (7 * 10**9, "total")


@pytest.mark.parametrize(("name", "value"), [("credits_usage", "free"), ("tokens_prompt", "-1")])
def test_a_figure_that_cannot_be_right_is_refused(
    router: FakeOpenRouter, provider: OpenRouter, name: str, value: Any
) -> None:
    """And neither is the rest of the answer counted."""
    row = {"date__day": str(DAY), "credits_usage": 0, "request_count": 1, "tokens_prompt": 1, "tokens_completion": 1}
    body = {"data": {"data": [{**row, name: value}], "metadata": {"truncated": False}}}
    router.fail_next(200, body=body, path="/analytics/query")
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UndeliverableError)
    assert name in str(trouble)


def test_a_query_is_asked_again_though_it_is_a_post(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """It changes nothing, so a passing trouble passes."""
    router.use(DAY, router.ana_key, GPT, 0.1)
    router.fail_next(429, {"Retry-After": "0"}, path="/analytics/query")
    assert costs(charges(provider, DAY)) == {("", "ana@acme.example"): 100_000_000}


def test_reasoning_is_a_part_of_output(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Whatever is said of it."""
    router.use(DAY, router.ana_key, GPT, 0.1, completion=40, reasoning=50)
    assert [(cell.tokens_output, cell.tokens_reasoning) for cell in charges(provider, DAY)] == [(40, 40)]


# People ---------------------------------------------------------------------------------------------------------------


def test_people_are_members_and_keys_of_all_workspaces(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Without a workspace in the question only the default one's keys would be listed; disabled ones count, too."""
    router.add_workspace("ws-2", "Research")
    other = router.add_key("lab", "user_bo", "ws-2")
    router.state.keys[other]["disabled"] = True
    people = list(provider.people())
    assert people[0] == ProviderIdentity("user", "ana@acme.example", name="Ana Silva", email="ana@acme.example")
    assert ProviderIdentity("key", other, name="lab", owner="bo@acme.example") in people
    assert ProviderIdentity("key", router.agent_key, name="crawler") in people
    assert len(people) == 6


@pytest.mark.parametrize("extra", [97, 98, 230])
def test_lists_are_read_to_their_end(router: FakeOpenRouter, provider: OpenRouter, extra: int) -> None:
    """Members name their total and keys don't; both may end with a full page."""
    for number in range(extra):
        router.add_member(f"user_{number}", f"u{number}@acme.example", None, None)
        router.add_key(f"k{number}", f"user_{number}")
    kinds = [member.kind for member in provider.people()]
    assert (kinds.count("user"), kinds.count("key")) == (extra + 2, extra + 3)


def test_a_list_that_repeats_itself_is_stopped(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A service that no longer heeds the offset would be read for ever."""
    page = {"data": [{"id": "user_x", "email": "x@acme.example"}], "total_count": 9}
    router.fail_next(200, body=page, path="/organization/members", times=2)
    assert "sent the same page of members twice" in str(refused(lambda: list(provider.people())))


# Limits ---------------------------------------------------------------------------------------------------------------


def test_all_members_and_keys_are_listed_also_those_without_limit(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A window is what the limit there has; none at all is a total."""
    router.add_rail("Interns", 12.5, "weekly", holder="user_bo")
    router.state.keys[router.ana_key] |= {"limit": 100, "limit_reset": "monthly"}
    router.state.keys[router.agent_key] |= {"limit": 0.01, "disabled": True}
    assert list(provider.limits()) == [
        Limit(ANA, None, name="Ana Silva"),
        Limit(BO, 12_500_000_000, "week", name="Bo"),
        Limit(key_of(router.ana_key), 100 * DOLLAR, "month", name="ana laptop"),
        Limit(key_of(router.bo_key), None, "total", name="bo laptop"),
        Limit(key_of(router.agent_key), 10_000_000, "total", paused=True, name="crawler"),
    ]
    assert [provider.limit(each.subject) for each in provider.limits()] == list(provider.limits())


@pytest.mark.parametrize("cents", [0, 1, 1999, 10**8 - 1])
def test_a_persons_limit_is_a_guardrail_of_their_own(router: FakeOpenRouter, provider: OpenRouter, cents: int) -> None:
    """It is made once, assigned, and changed from then on."""
    amount = cents * provider.step_nanos
    assert provider.set_limit(ANA, DOLLAR) == Limit(ANA, DOLLAR, "month", name="Ana Silva")
    assert provider.set_limit(ANA, amount) == provider.limit(ANA) == Limit(ANA, amount, "month", name="Ana Silva")
    (rail,) = router.state.rails.values()
    assert (rail["name"], rail["reset_interval"], router.state.held) == (
        "Bursar: user_ana",
        "monthly",
        {"user_ana": rail["id"]},
    )


def test_a_guardrail_that_was_made_and_not_yet_assigned_is_found_again(
    router: FakeOpenRouter, provider: OpenRouter
) -> None:
    """A crash between the two leaves no second one."""
    router.fail_next(503, path="/guardrails/550e8400-e29b-41d4-a716-000000000004/assignments/members")
    assert isinstance(refused(lambda: provider.set_limit(ANA, DOLLAR)), UnreachableError)
    provider.set_limit(ANA, 2 * DOLLAR)
    assert [rail["limit_usd"] for rail in router.state.rails.values()] == [2.0]
    assert provider.limit(ANA) == Limit(ANA, 2 * DOLLAR, "month", name="Ana Silva")


def test_a_guardrail_made_by_hand_is_left_alone(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """It may hold rules about models and vendors, so it is neither changed nor replaced."""
    router.add_rail("Interns", 12.5, "weekly", holder="user_ana")
    sentence = str(refused(lambda: provider.set_limit(ANA, DOLLAR)))
    assert "ana@acme.example has the guardrail “Interns”" in sentence
    assert sentence.endswith("take it off there, so that Bursar can give one of its own")
    assert {heard.method for heard in router.requests} == {"GET"}


def test_an_assignment_that_did_not_hold_is_told(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A limit that is assigned to nobody limits nobody."""
    router.fail_next(
        200, body={"assigned_count": 0}, path="/guardrails/550e8400-e29b-41d4-a716-000000000004/assignments/members"
    )
    assert "did not assign the guardrail to ana@acme.example" in str(refused(lambda: provider.set_limit(ANA, DOLLAR)))


def test_a_keys_limit_starts_anew_each_month(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """What is written is absolute, and what is said then is OpenRouter's own answer."""
    agent = key_of(router.agent_key)
    told = provider.set_limit(agent, 19_990_000_000)
    assert told == provider.limit(agent) == Limit(agent, 19_990_000_000, "month", name="crawler")
    assert router.state.keys[router.agent_key]["limit"] == 19.99


@pytest.mark.parametrize(
    "subject", [Subject("user", "eve@acme.example"), Subject("key", "00"), Subject("key", f"{1:064x}?x=1")]
)
def test_nobody_is_made_who_is_not_there(router: FakeOpenRouter, provider: OpenRouter, subject: Subject) -> None:
    """An unknown person or key is refused, and no guardrail is left behind."""
    assert provider.limit(subject) is None
    assert isinstance(refused(lambda: provider.set_limit(subject, DOLLAR)), UndeliverableError)
    assert isinstance(refused(lambda: provider.pause(subject)), UndeliverableError)
    assert router.state.rails == {}


def test_an_order_is_said_once(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Whether to say it again is the outbox's to decide."""
    router.fail_next(503, path=f"/keys/{router.agent_key}")
    assert isinstance(refused(lambda: provider.set_limit(key_of(router.agent_key), DOLLAR)), UnreachableError)
    assert [heard.method for heard in router.requests].count("PATCH") == 1


# Pauses ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disabled", [False, True])
def test_a_paused_key_is_disabled_and_restored_as_it_was(
    router: FakeOpenRouter, provider: OpenRouter, disabled: bool
) -> None:
    """Also a key that somebody had disabled before stays so."""
    router.state.keys[router.agent_key] |= {"disabled": disabled, "limit": 7}
    was, agent = dict(router.state.keys[router.agent_key]), key_of(router.agent_key)
    before = provider.before(agent)
    provider.pause(agent)
    provider.pause(agent)
    paused = provider.limit(agent)
    assert paused
    assert paused.paused
    provider.resume(agent, before)
    assert router.state.keys[router.agent_key] == was


@pytest.mark.parametrize("rail", ["", "Interns", "Bursar: user_ana"])
def test_a_paused_person_may_use_nothing_and_is_restored_as_they_were(
    router: FakeOpenRouter, provider: OpenRouter, rail: str
) -> None:
    """The guardrail from before waits unchanged, whoever made it."""
    if rail:
        router.add_rail(rail, 12.5, "weekly", holder="user_ana")
    was = provider.limit(ANA)
    before = provider.before(ANA)
    provider.pause(ANA)
    provider.pause(ANA)
    assert provider.limit(ANA) == Limit(ANA, 0, "month", paused=True, name="Ana Silva")
    assert provider.limit(BO) == Limit(BO, None, name="Bo")
    provider.resume(ANA, before)
    provider.resume(ANA, before)
    assert provider.limit(ANA) == was


def test_who_is_paused_is_not_limited_meanwhile(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """A new limit would end the pause."""
    provider.pause(ANA)
    assert "paused" in str(refused(lambda: provider.set_limit(ANA, DOLLAR)))
    assert next(iter(router.state.rails.values()))["limit_usd"] == 0


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Each thing that works has its line, and nothing was changed by looking."""
    assert findings(provider) == {}
    assert "credit left: 74.75 USD" in [finding.what for finding in provider.check()]
    assert {heard.method for heard in router.requests} == {"GET"}


def test_a_key_that_calls_models_does_not_do(router: FakeOpenRouter) -> None:
    """It is told once, with which key is needed."""
    provider = at(router, router.model_key)
    (advice,) = findings(provider).values()
    provider.close()
    assert "Only management keys" in advice
    assert advice.endswith("it needs a management key that an admin of the organization makes")


def test_an_account_without_an_organization_is_told(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Members exist in organizations only."""
    router.fail_next(404, body={"error": {"code": 404, "message": "No organization"}}, path="/organization/members")
    assert "No organization" in findings(provider)["OPENROUTER_API_KEY may read /organization/members"]


def test_credit_that_is_used_up_is_told(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Without credit every call is refused, whatever the limits."""
    router.credits = {"total_credits": 25, "total_usage": 25.0}
    assert "Buy credits" in findings(provider)["credit left: 0.00 USD"]


def test_a_figure_that_the_analytics_no_longer_have_is_named(router: FakeOpenRouter, provider: OpenRouter) -> None:
    """Their list of figures is said to change."""
    router.fail_next(200, body={"data": {"metrics": [{"name": "total"}], "dimensions": []}}, path="/analytics/meta")
    assert "credits_usage" in findings(provider)["its analytics have all figures that we count"]


# The fake refuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/keys?limit=100", None, 400),
        ("GET", "/keys?workspace_id=nowhere", None, 404),
        ("GET", "/organization/members?limit=101", None, 400),
        ("PATCH", "/keys/{key}", {"expires_at": "2027-01-01T00:00:00Z"}, 400),
        ("PATCH", "/keys/{key}", {"limit": -1}, 400),
        ("PATCH", "/keys/{key}", {"limit": "5"}, 400),
        ("PATCH", "/keys/{key}", {"limit_reset": "yearly"}, 400),
        ("PATCH", "/keys/00", {"limit": 1}, 404),
        ("PUT", "/keys/{key}", {}, 404),
        ("POST", "/guardrails", {"limit_usd": 5}, 400),
        ("PATCH", "/guardrails/none", {"limit_usd": 5}, 404),
        ("POST", "/guardrails/none/assignments/members", {"member_user_ids": []}, 404),
        ("POST", "/analytics/query", {"metrics": ["money"]}, 400),
        ("POST", "/analytics/query", {"metrics": ["request_count"], "dimensions": ["user", "model", "workspace"]}, 400),
    ],
)
def test_the_fake_refuses_what_the_documents_refuse(
    router: FakeOpenRouter, method: str, path: str, body: Any, status: int
) -> None:
    """A question that the real one would not answer gets no answer here either."""
    headers = {"Authorization": f"Bearer {router.key}"}
    assert answered(router.url + path.format(key=router.ana_key), method, headers, body)[0] == status
