"""What a Claude apps gateway tells and allows, beside what the real program answered."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UndeliverableError
from bot.providers.anthropic.gateway import ClaudeGateway
from bot.providers.base import Limit, ProviderIdentity
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused
from tests.support.fakes.claude_gateway import ROOT, FakeClaudeGateway

DAY = date(2026, 11, 18)
DOLLAR = 10**9
DANA, ENG = Subject("user", "sub-dana"), Subject("team", "eng")
RECORDED = json.loads((Path(__file__).parent / "claude_gateway_recorded" / "answers.json").read_text())["calls"]
CALLS = {each["name"]: each for each in RECORDED}


@pytest.fixture
def gateway() -> Iterator[FakeClaudeGateway]:
    with FakeClaudeGateway() as server:
        yield server


@pytest.fixture
def provider(gateway: FakeClaudeGateway) -> Iterator[ClaudeGateway]:
    provider = at(gateway)
    yield provider
    provider.close()


def at(gateway: FakeClaudeGateway, key: str = "") -> ClaudeGateway:
    """A reader of that gateway."""
    return ClaudeGateway(
        "gateway", gateway.url, key or gateway.key, "GATEWAY_KEY", lambda: gateway.now, gateway.told, QUICK, 60_000
    )


def said(gateway: FakeClaudeGateway, **scope: str) -> Any:
    """The amount that stands for a user or group at the gateway; "none" if there is no row."""
    rows = (row for row in gateway.rows.values() if scope.items() <= row["scope"].items())
    return next((row["amount"] for row in rows), "none")


# As the real one ------------------------------------------------------------------------------------------------------


def admin_calls() -> list[str]:
    """Those to the limits, in the order in which they were made, but for what only the real one can know."""
    return [
        name
        for name, call in CALLS.items()
        if "/spend_limits" in call["request"]["path"] and not name.startswith(("audit", "effective_after"))
    ]


def test_the_fake_answers_as_the_real_one_did(gateway: FakeClaudeGateway) -> None:
    """The same calls in the same order have the same status, the same fields, and the same words of refusal."""
    gateway.see("sub-live", "live@b.example", "Liv E", "pool")
    gateway._spent["sub-live", date(2026, 11, 18)] = Decimal(60)
    ids: dict[str, str] = {}
    keys = {"write key": gateway.key, "read key": gateway.look, "nobody": "none"}
    for name in admin_calls():
        call = CALLS[name]
        path = call["request"]["path"]
        for theirs, ours in ids.items():
            path = path.replace(theirs, ours)
        body = call["request"].get("body")
        status, answer = answered(gateway.url + path, call["request"]["method"], {"x-api-key": keys[call["as"]]}, body)
        real = call["response"]
        assert status == real["status"], name
        if status == 200 and "data" in answer:
            assert answer.keys() == real["body"].keys(), name
            for mine, row in zip(answer["data"], real["body"]["data"], strict=False):
                assert mine.keys() >= row.keys() - {"pooled_budget"}, name
        elif status == 200:
            assert answer.keys() == real["body"].keys(), name
            ids[real["body"]["id"]] = answer["id"]
        else:
            assert answer["error"] == real["body"]["error"], name


def test_what_the_real_one_told_is_read(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """Somebody over the own cap, to the cent."""
    body = CALLS["effective_user_over"]["response"]["body"]
    gateway.fail_next(200, body=body, path=f"{ROOT}/effective")
    assert provider.limit(Subject("user", "sub-live")) == Limit(
        Subject("user", "sub-live"),
        300_000_000,
        name="Liv E",
        resets_at=datetime(2026, 12, 1, tzinfo=UTC),
        spent_nanos=600_000_000,
    )


# Charges --------------------------------------------------------------------------------------------------------------


def test_parts_of_a_cent_count(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """Spend is text with a fraction of a cent."""
    gateway.use(DAY, "sub-dana", Decimal("1.2345"))
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.subject, cell.model, cell.list_nanos) == (
        1_234_500_000,
        "sub-dana",
        "",
        1_234_500_000,
    )


def test_what_was_spent_before_the_first_reading_is_not_lost(provider: ClaudeGateway) -> None:
    """Dana's $2.004 of the 2nd are told, though nobody read the gateway then."""
    first = provider.earliest(DAY)
    provider._told = lambda _first, _last: {}
    day = date(2026, 11, 1)
    (cell,) = charges(provider, day)
    assert first == day
    assert cell.cost_nanos == 2_004_000_000 // 17


# Limits ---------------------------------------------------------------------------------------------------------------


def test_people_are_who_was_seen(provider: ClaudeGateway) -> None:
    """And the groups that they are in."""
    assert list(provider.people()) == [
        ProviderIdentity("user", "sub-dana", "Dana Reyes", "dana@acme.test"),
        ProviderIdentity("team", "eng", "eng"),
    ]


def test_an_id_that_nobody_has_is_not_limited(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """The gateway would take it, and a slip of the pen would limit nobody."""
    assert isinstance(refused(lambda: provider.set_limit(Subject("user", "sub-nobody"), DOLLAR)), UndeliverableError)
    assert gateway.rows == {}


def test_who_spent_nothing_yet_is_listed_by_the_own_limit(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """On the first of a month nobody has spent anything; limits stand all the same."""
    provider.set_limit(DANA, 50 * DOLLAR)
    gateway.now = datetime(2026, 12, 1, 1, tzinfo=UTC)
    gateway._spent.clear()
    assert [(each.subject, each.amount_nanos) for each in provider.limits()] == [(DANA, 50 * DOLLAR)]


def test_limits_of_days_and_weeks_are_told_as_further_ones(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """The three periods bind each by itself."""
    gateway._set({"scope": {"type": "user", "user_id": "sub-dana"}, "amount": "700", "period": "daily"})
    gateway._set({"scope": {"type": "organization"}, "amount": "5000"})
    seen = provider.limit(DANA)
    assert seen is not None
    assert (seen.amount_nanos, seen.caps) == (50 * DOLLAR, (("day", 7 * DOLLAR),))


def test_a_pool_keeps_what_each_member_may(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """An amount for each member that an admin set stays; ours is as high as the pool and follows it."""
    provider.set_limit(ENG, 50 * DOLLAR)
    assert said(gateway, rbac_group_id="eng") == "5000"
    provider.set_limit(ENG, 70 * DOLLAR)
    assert said(gateway, rbac_group_id="eng") == "7000"
    gateway._set({"scope": {"type": "rbac_group", "rbac_group_id": "eng"}, "amount": "900"})
    provider.set_limit(ENG, 80 * DOLLAR)
    assert said(gateway, rbac_group_id="eng") == "900"
    pool = provider.limit(ENG)
    assert pool is not None
    assert pool.amount_nanos == 80 * DOLLAR


def test_a_pool_that_is_paused_at_the_gateway_stops_nobody(gateway: FakeClaudeGateway, provider: ClaudeGateway) -> None:
    """It is no limit, so the next comparison sets it again."""
    scope = {"type": "rbac_group", "rbac_group_id": "eng"}
    gateway._set({"scope": scope, "amount": "900", "pooled_budget": {"amount": "50", "paused": True}})
    pool = provider.limit(ENG)
    assert pool is not None
    assert pool.amount_nanos is None


# Pauses ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [None, "6000", "none"])
def test_a_paused_person_is_restored_as_they_were(
    gateway: FakeClaudeGateway, provider: ClaudeGateway, own: str | None
) -> None:
    """With an amount of their own, unlimited, or without a row."""
    if own != "none":
        gateway._set({"scope": {"type": "user", "user_id": "sub-dana"}, "amount": own})
    before = provider.before(DANA)
    provider.pause(DANA)
    assert said(gateway, user_id="sub-dana") == "0"
    provider.resume(DANA, before)
    assert said(gateway, user_id="sub-dana") == own


@pytest.mark.parametrize("pool", [None, {"amount": "50", "paused": False}])
def test_a_paused_group_is_restored_as_it_was(
    gateway: FakeClaudeGateway, provider: ClaudeGateway, pool: dict[str, Any] | None
) -> None:
    """With a pool, with an amount for each member only, and without either."""
    if pool:
        gateway._set({"scope": {"type": "rbac_group", "rbac_group_id": "eng"}, "amount": "900", "pooled_budget": pool})
    rows, before = list(provider.limits()), provider.before(ENG)
    provider.pause(ENG)
    paused = provider.limit(ENG)
    assert paused is not None
    assert paused.paused
    provider.resume(ENG, before)
    assert list(provider.limits()) == rows


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_key_that_may_only_read_is_told(gateway: FakeClaudeGateway) -> None:
    """Without an order that changes anything."""
    provider = at(gateway, gateway.look)
    (advice,) = findings(provider).values()
    provider.close()
    assert "admin.write_keys" in advice
    assert gateway.rows == {}


@pytest.mark.parametrize("path", ["/v1/organizations/users", "/v1/organizations/spend_limits/none"])
def test_the_fake_refuses_what_is_not_there(gateway: FakeClaudeGateway, path: str) -> None:
    """Another path is a matter for developers, who sign in; it is refused and not unknown."""
    status, _ = answered(gateway.url + path, "GET", {"x-api-key": gateway.key}, None)
    assert status == (404 if "none" in path else 401)
