"""What Claude Console reports and lets us switch, and what we make of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.checks import CheckLine
from bot.errors import UndeliverableError, UnreachableError
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.base import Limit, ProviderIdentity, ProviderOutcome
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, refused
from tests.support.fakes.anthropic_console import FakeClaudeConsole

DAY = date(2026, 11, 21)
ROOT = "/v1/organizations"
KEYS, LIMITS = f"{ROOT}/api_keys", f"{ROOT}/spend_limits"
KEY = Subject("key", "apikey_01Dana")
SEARCH = Subject("team", "wrkspc_01Search")
ORGANIZATION = Subject("organization", "")
DOLLAR = 10**9


@pytest.fixture
def console() -> Iterator[FakeClaudeConsole]:
    with FakeClaudeConsole() as server:
        yield server


@pytest.fixture
def provider(console: FakeClaudeConsole) -> Iterator[ClaudeConsole]:
    provider = at(console)
    yield provider
    provider.close()


def at(console: FakeClaudeConsole, key: str = "") -> ClaudeConsole:
    """A reader of that organization, by its clock."""
    return ClaudeConsole(
        "console", console.url, key or console.key, "ADMIN_KEY", lambda: console.now, QUICK, calls_per_minute=60_000
    )


# Usage, people and outcomes -------------------------------------------------------------------------------------------


def test_a_cell_is_of_a_user_a_key_a_workspace_a_model_and_a_tier(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Money per key is what the older reports did not have."""
    key: dict[str, Any] = {"api_key_id": "apikey_01Dana", "workspace_id": "wrkspc_01Search"}
    console.use(DAY, "user_01Dana", Decimal("1.237891201"), 150_320, output=20_114, service_tier="batch", **key)
    console.use(DAY, "user_01Dana", Decimal(3), 10, service_tier="standard", api_key_id=None, workspace_id=None)
    code, batch = provider.charges(DAY, DAY)
    assert (code.sub_account, code.resource, code.subject, code.cost_nanos) == ("", "", "user_01Dana", 3 * DOLLAR)
    assert batch == Charge(
        provider="console",
        bucket_start=datetime(2026, 11, 21, tzinfo=UTC),
        bucket_hours=24,
        model="claude-sonnet-5",
        sub_account="wrkspc_01Search",
        resource="apikey_01Dana",
        subject="user_01Dana",
        tier="batch",
        tokens_input=150_320,
        tokens_output=20_114,
        requests=1,
        cost_nanos=1_237_891_201,
        list_nanos=1_361_680_321,
    )


def test_a_key_without_a_user_is_one_cell(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """Whether a row names it as the actor or as the key, it is the same one, and its rows are added up."""
    console.use(DAY, "apikey_01Eval", Decimal(1), 10, output=3)
    console.use(DAY, "", Decimal(2), 20, output=4, api_key_id="apikey_01Eval")
    (cell,) = provider.charges(DAY, DAY)
    assert (cell.resource, cell.subject) == ("apikey_01Eval", "")
    assert (cell.cost_nanos, cell.tokens_input, cell.tokens_output, cell.requests) == (
        3 * DOLLAR,
        30,
        7,
        1,
    )  # of one nobody says how many requests it was


def test_people_are_members_keys_and_workspaces(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """A key belongs to whom it acts for, whoever made it; what is archived stands in reports of the past."""
    console.found("wrkspc_01Old", "team-old", archived=True)
    assert list(provider.people()) == [
        ProviderIdentity("user", "user_01Dana", name="Dana Reyes", email="dana@acme.test"),
        ProviderIdentity("key", "apikey_01Dana", name="dana-laptop", owner="user_01Dana"),
        ProviderIdentity("key", "apikey_01Eval", name="nightly-eval"),
        ProviderIdentity("team", "wrkspc_01Search", name="team-search"),
        ProviderIdentity("team", "wrkspc_01Old", name="team-old"),
    ]


def test_keys_are_read_over_all_slices(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """A thousand to a slice."""
    for number in range(1200):
        console.make_key(f"apikey_{number}", f"k{number}", "user_01Dana")
    assert sum(each.kind == "key" for each in provider.people()) == 1202


def test_outcomes_of_all_terminals_are_added_up(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """They are joined by e-mail address, in whatever case; what a key or a stranger did is of no member."""
    console.join("user_01Eli", "Eli@Acme.test", "Eli Novak")
    console.work(DAY, "eli@acme.test", commits=7)
    console.work(DAY, "dana@acme.test", commits=2, lines=40, accepted=5, rejected=1, sessions=1)
    console.work(DAY, "Dana@acme.test", terminal="iTerm", commits=1, pull_requests=1)
    console.work(DAY, "gone@acme.test", commits=9)
    console.work(DAY, "", commits=9)
    found = list(provider.outcomes(DAY, date(2026, 12, 31)))
    assert found[0] == ProviderOutcome("user_01Eli", DAY, "commits", 7)
    assert {each.what: each.count for each in found if each.external_id == "user_01Dana"} == {
        "commits": 3,
        "pull_requests": 1,
        "lines_accepted": 40,
        "edits_accepted": 5,
        "edits_rejected": 1,
        "sessions": 1,
    }
    assert {each.external_id for each in found} == {"user_01Eli", "user_01Dana"}
    assert len(console.requests) == 3  # the members, and two days: the future is not asked for


# Limits ---------------------------------------------------------------------------------------------------------------


def test_limits_are_told_of_the_organization_and_each_workspace(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Those without a limit included, and those that were archived not."""
    console.found("wrkspc_01New", "team-new")
    console.found("wrkspc_01Old", "team-old", archived=True)
    console.allow({"type": "workspace", "workspace_id": "wrkspc_01Search"}, Decimal(2000))
    assert [each for each in provider.limits() if each.subject.kind != "key"] == [
        Limit(ORGANIZATION, None),
        Limit(SEARCH, 2000 * DOLLAR, name="team-search"),
        Limit(Subject("team", "wrkspc_01New"), None, name="team-new"),
    ]


def test_a_limit_that_is_switched_off_or_of_a_day_is_none_of_the_month(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """It does not bind the month, so it does not pass for a limit of the month."""
    console.allow({"type": "workspace", "workspace_id": "wrkspc_01Search"}, Decimal(5), is_enabled=False)
    console.allow({"type": "organization"}, Decimal(5), period="daily")
    assert [each.amount_nanos for each in provider.limits()] == [None] * 4


def test_keys_are_told_too_so_that_they_can_be_paused(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """Without a limit, and without those that are closed for good."""
    console.make_key("apikey_01Off", "off", "user_01Dana", status="inactive")
    console.make_key("apikey_01Old", "old", "user_01Dana", status="archived")
    assert [each for each in provider.limits() if each.subject.kind == "key"] == [
        Limit(KEY, None, name="dana-laptop"),
        Limit(Subject("key", "apikey_01Eval"), None, name="nightly-eval"),
        Limit(Subject("key", "apikey_01Off"), None, paused=True, name="off"),
    ]


def test_a_limit_of_another_scope_is_not_taken_for_the_organizations(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Anthropic's own cap of a usage tier has neither a workspace nor anything to do with ours."""
    tier = {"scope": {"type": "usage_tier"}, "amount": "500", "currency": "USD", "period": "monthly"}
    console.fail_next(200, body={"data": [tier], "next_page": None}, path=LIMITS, times=2)
    assert [each.amount_nanos for each in provider.limits()] == [None] * 4


def test_limits_that_cannot_be_read_are_not_told_as_none(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """No limit is something else than an unknown one."""
    console.reads_limits = False
    assert {each.subject.kind for each in provider.limits()} == {"key"}
    assert provider.limit(SEARCH) is None


def test_limits_are_in_the_currency_of_the_organization(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """All of them, also where none is set yet: what is written next is worked out in that."""
    console.currency = "EUR"
    console.allow({"type": "organization"}, Decimal(5))
    told = {each.subject: each for each in provider.limits() if each.subject.kind != "key"}
    assert told[ORGANIZATION] == Limit(ORGANIZATION, 5 * DOLLAR, currency="EUR")
    assert told[SEARCH] == Limit(SEARCH, None, name="team-search", currency="EUR")
    assert provider.set_limit(SEARCH, DOLLAR).currency == "EUR"


def test_an_organization_that_was_switched_off_is_shown_as_stopped(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Its amount stays what it was."""
    console.allow({"type": "organization"}, Decimal(5), is_enabled=False)
    assert provider.limit(ORGANIZATION) == Limit(ORGANIZATION, 5 * DOLLAR, paused=True)


def test_only_limits_are_asked_for_with_their_beta_header(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """What an organization without the beta would refuse does not spoil the rest."""
    list(provider.limits())
    betas = {heard.path: heard.headers.get("anthropic-beta", "") for heard in console.requests}
    assert betas == {KEYS: "", f"{ROOT}/workspaces": "", LIMITS: "spend-limit-reads-2026-09-26"}


@pytest.mark.parametrize("subject", [SEARCH, ORGANIZATION])
def test_a_limit_is_set_once_and_told_back(
    console: FakeClaudeConsole, provider: ClaudeConsole, subject: Subject
) -> None:
    """In whole cents, rounded down."""
    assert provider.set_limit(subject, 75 * DOLLAR + 19_999_999) == Limit(subject, 75 * DOLLAR + 10_000_000)
    assert [heard.method for heard in console.requests] == ["POST"]
    seen = provider.limit(subject)
    assert seen is not None
    assert seen.amount_nanos == 75 * DOLLAR + 10_000_000


def test_who_has_no_early_access_is_told_so(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """The refusal says what to do."""
    console.early_access = False
    trouble = refused(lambda: provider.set_limit(SEARCH, DOLLAR))
    assert isinstance(trouble, UndeliverableError)
    assert "ask Anthropic's account team, or set them in the Console" in str(trouble)


# Keys -----------------------------------------------------------------------------------------------------------------


def test_an_active_key_is_paused_and_restored(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """Twice is once, and nothing is written twice."""
    before = provider.before(KEY)
    provider.pause(KEY)
    provider.pause(KEY)
    assert console.keys["apikey_01Dana"]["status"] == "inactive"
    assert provider.limit(KEY) == Limit(KEY, None, paused=True, name="dana-laptop")
    provider.resume(KEY, before)
    provider.resume(KEY, before)
    assert console.keys["apikey_01Dana"]["status"] == "active"
    assert sum(heard.method == "POST" for heard in console.requests) == 2


@pytest.mark.parametrize("status", ["inactive", "archived", "expired"])
def test_a_key_that_opens_nothing_is_left_as_it_is(
    console: FakeClaudeConsole, provider: ClaudeConsole, status: str
) -> None:
    """Neither pausing nor resuming brings back what somebody else had closed."""
    console.keys["apikey_01Dana"]["status"] = status
    before = provider.before(KEY)
    provider.pause(KEY)
    provider.resume(KEY, before)
    assert console.keys["apikey_01Dana"]["status"] == status


def test_a_key_that_was_archived_while_it_was_paused_stays_archived(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Somebody's last word counts."""
    before = provider.before(KEY)
    provider.pause(KEY)
    console.keys["apikey_01Dana"]["status"] = "archived"
    provider.resume(KEY, before)
    assert console.keys["apikey_01Dana"]["status"] == "archived"


def test_a_workspace_is_paused_by_its_keys(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """Those that were inactive before stay so afterwards, and other workspaces are left alone."""
    console.make_key("apikey_01Off", "off", "user_01Dana", workspace="wrkspc_01Search", status="inactive")
    console.make_key("apikey_01Two", "two", "user_01Dana", workspace="wrkspc_01Search")
    console.make_key("apikey_01Ads", "ads", "user_01Dana", workspace="wrkspc_01Ads")
    before, as_it_was = provider.before(SEARCH), {name: key["status"] for name, key in console.keys.items()}
    provider.pause(SEARCH)
    assert provider.limit(SEARCH) == Limit(SEARCH, None, paused=True, name="team-search")
    assert [key["status"] for key in console.keys.values()] == ["inactive", "active", "inactive", "inactive", "active"]
    provider.resume(SEARCH, before)
    assert {name: key["status"] for name, key in console.keys.items()} == as_it_was
    assert provider.limit(SEARCH) == Limit(SEARCH, None, name="team-search")


def test_a_workspace_without_a_key_is_not_said_to_be_paused(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """Nothing was switched, so nothing is stopped; a key of the whole organization is of no workspace."""
    console.found("wrkspc_01Empty", "empty")
    assert "so nothing was paused" in str(refused(lambda: provider.pause(Subject("team", "wrkspc_01Empty"))))
    console.keys["apikey_01Dana"]["scope"] = {"type": "organization"}
    assert "so nothing was paused" in str(refused(lambda: provider.pause(SEARCH)))
    assert console.keys["apikey_01Dana"]["status"] == "active"


def test_a_key_that_is_active_again_at_once_is_trouble(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """A pause is looked at after it was said: here another administrator was faster."""
    off = {**console.keys["apikey_01Dana"], "status": "inactive"}
    rows = {"data": [console.keys["apikey_01Dana"]], "has_more": False, "last_id": None}
    console.fail_next(200, body=rows, path=KEYS)
    console.fail_next(200, body=off, path=f"{KEYS}/apikey_01Dana")
    assert "left keys open that were paused" in str(refused(lambda: provider.pause(SEARCH)))


def test_a_key_of_a_kind_of_holder_that_we_do_not_know_belongs_to_nobody(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """And it is there all the same, whatever its holder is called."""
    for holder in ({"type": "robot_actor", "robot_id": "r1"}, {"type": None}, None, {}):
        console.keys["apikey_01Dana"]["principal"] = holder
        keys = {each.external_id: each.owner for each in provider.people() if each.kind == "key"}
        assert keys == {"apikey_01Dana": "", "apikey_01Eval": ""}


def test_a_key_that_did_not_change_is_trouble(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """An answer that says active is not taken for a pause."""
    console.fail_next(200, body=console.keys["apikey_01Dana"], path=f"{KEYS}/apikey_01Dana", times=2)
    assert "left the key apikey_01Dana active" in str(refused(lambda: provider.pause(KEY)))


def test_who_is_not_there_or_no_key_cannot_be_paused(provider: ClaudeConsole) -> None:
    """An unknown key and a person are refused, each in a sentence."""
    assert "(404: API key not found)" in str(refused(lambda: provider.pause(Subject("key", "apikey_none"))))
    assert "but no user" in str(refused(lambda: provider.before(Subject("user", "user_01Dana"))))
    assert provider.limit(Subject("key", "apikey_none")) is None


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(console: FakeClaudeConsole, provider: ClaudeConsole) -> None:
    """Nothing is changed by looking."""
    found = list(provider.check())
    paths = ("users", "api_keys", "workspaces", "usage_report/claude_code", "analytics/usage", "analytics/cost")
    assert [each.what for each in found[1:]] == [
        f"ADMIN_KEY may read {ROOT}/{path}" for path in (*paths, "spend_limits")
    ]
    assert all(each.ok for each in found)
    assert {heard.method for heard in console.requests} == {"GET"}


def test_limits_that_cannot_be_read_are_no_fault_of_the_key(
    console: FakeClaudeConsole, provider: ClaudeConsole
) -> None:
    """It is said what is lacking, and that all else works."""
    console.reads_limits = False
    last = list(provider.check())[-1]
    assert last == CheckLine("limits cannot be read, and nothing but limits needs them", ok=True, advice=last.advice)
    assert "early access" in last.advice


def test_a_console_that_is_down_is_one_finding() -> None:
    """If nobody answers, nothing else is asked."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    provider = ClaudeConsole("console", "http://127.0.0.1:9", "sk-1", "ADMIN_KEY", lambda: now, QUICK)
    (found,) = provider.check()
    assert "cannot be reached" in found.advice
    assert isinstance(refused(lambda: list(provider.limits())), UnreachableError)
    provider.close()
