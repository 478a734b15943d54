"""What LiteLLM lets users, teams and keys spend, and how Bursar changes it."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.checks import CheckLine
from bot.errors import UndeliverableError
from bot.providers.base import Limit, ProviderIdentity
from bot.providers.litellm.limits import BLOCKING, UPDATES
from bot.providers.litellm.provider import LiteLLM
from storage.limits import Subject
from tests.providers.asking import QUICK, answered
from tests.support.fakes.litellm import MASTER_KEY, FakeLiteLLM, recorded

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
LAPTOP = "f772d0c89a63fb345a4dbf887eb381b0eb5fa8f9ce7e6b1aa814931ecd369e52"
ALICE, BOT = Subject("user", "alice"), Subject("user", "quota-bot")
PLATFORM = Subject("team", "fade7cc2-70f1-441e-8f49-f47774cee9ee")
ALICE_THERE, BOB_THERE = (Subject.of_member(PLATFORM.external_id, user) for user in ("alice", "bob"))
KEY = Subject("key", LAPTOP)
DOLLAR = 10**9


@pytest.fixture
def provider(proxy: FakeLiteLLM) -> Iterator[LiteLLM]:
    provider = at(proxy, proxy.key)
    yield provider
    provider.close()


def at(proxy: FakeLiteLLM, key: str) -> LiteLLM:
    """A provider with that key, at noon of the recorded day."""
    return LiteLLM("proxy", proxy.url, key, patience=QUICK, now=lambda: NOW)


def limit(provider: LiteLLM, subject: Subject) -> Limit:
    """What somebody is allowed who is there."""
    found = provider.limit(subject)
    assert found is not None
    return found


def orders(proxy: FakeLiteLLM) -> list[tuple[str, Any]]:
    """The orders that it heard, with their bodies."""
    return [(heard.path, json.loads(heard.body)) for heard in proxy.requests if heard.method == "POST"]


# Read ----------------------------------------------------------------------------------------------------------------


def test_limits_are_those_of_users_teams_and_keys(provider: LiteLLM) -> None:
    """Each in nanos with its window, what is counted, and when that resets; those without a limit too."""
    every = {each.subject: each for each in provider.limits()}
    assert every[ALICE] == Limit(ALICE, 400_000_000, "month", name="Alice", resets_at=DECEMBER, spent_nanos=49_000_000)
    assert every[PLATFORM] == Limit(
        PLATFORM, 25 * DOLLAR, "month", name="platform", resets_at=DECEMBER, spent_nanos=245_000_000
    )
    assert every[KEY].amount_nanos is None
    assert all(limit(provider, subject) == each for subject, each in every.items())


def test_one_limit_says_at_once_what_is_counted_against_it(provider: LiteLLM) -> None:
    """So that a balance can ask for it while somebody waits."""
    assert provider.live
    assert provider.limit(ALICE) == Limit(
        ALICE, 400_000_000, "month", name="Alice", resets_at=DECEMBER, spent_nanos=49_000_000
    )


def test_what_we_are_there_and_the_proxy_itself_have_no_limits(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Nobody forgot to cap them: the management key cannot spend, and the master key cannot be stopped."""
    own = hashlib.sha256(proxy.key.encode()).hexdigest()
    proxy.add_usage("2026-11-22", "quota-bot", None, own, "bursar", None, "m", 0.1, 1, 1)
    proxy.add_usage("2026-11-22", "default_user_id", None, MASTER_KEY, None, None, "m", 0.1, 1, 1)
    told = {each.subject for each in provider.limits()}
    assert not told & {BOT, Subject("key", own), Subject("user", "default_user_id")}
    assert limit(provider, BOT).amount_nanos is None
    with_master_key = at(proxy, proxy.master_key)
    assert BOT in {each.subject for each in with_master_key.limits()}
    with_master_key.close()


def test_windows_and_a_budget_that_a_key_stands_on_bind_as_well(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Such a key is not without a cap."""
    windows = recorded("045")["response"]["budget_limits"]
    proxy.facts("key", LAPTOP, budget_limits=windows, litellm_budget_table={"max_budget": 9, "budget_duration": "7d"})
    every = {each.subject: each for each in provider.limits()}
    expected = (("day", DOLLAR // 2), ("month", 5 * DOLLAR), ("week", 9 * DOLLAR))
    assert every[KEY].caps == limit(provider, KEY).caps == expected
    assert every[ALICE].caps == ()


@pytest.mark.parametrize("word", ["next month", 12, "", {}])
def test_a_reset_that_is_not_understood_is_not_known(proxy: FakeLiteLLM, provider: LiteLLM, word: Any) -> None:
    """Nothing else depends on it."""
    proxy.facts("user", "alice", budget_reset_at=word)
    assert limit(provider, ALICE).resets_at is None


def test_limits_are_read_over_all_pages(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A company has more than a hundred of each."""
    for number in range(130):
        proxy.add_usage("2026-11-22", f"u{number}", None, f"k{number}", None, f"t{number}", "m", 0.1, 1, 1)
    kinds = [each.subject.kind for each in provider.limits()]
    assert (kinds.count("user"), kinds.count("team"), kinds.count("key")) == (132, 132, 135)


@pytest.mark.parametrize("subject", [Subject("user", "ghost"), Subject("team", "ghost"), Subject("key", "ghost")])
def test_who_is_not_there_has_no_limit(provider: LiteLLM, subject: Subject) -> None:
    """Unknown is neither unlimited nor an error."""
    assert provider.limit(subject) is None


def test_an_empty_name_is_not_ourselves(provider: LiteLLM) -> None:
    """LiteLLM tells who names nobody about itself."""
    assert provider.limit(Subject("user", "")) is None


@pytest.mark.parametrize("user", ["ana silva", "ana+test@acme.test", "a&b=c/ü%20?"])
def test_any_id_is_asked_for_as_it_is(proxy: FakeLiteLLM, provider: LiteLLM, user: str) -> None:
    """LiteLLM takes a plus for a plus, so a blank must not be written as one."""
    proxy.add_usage("2026-11-22", user, None, "n" * 64, None, None, "m", 0.1, 1, 1)
    assert provider.set_limit(Subject("user", user), DOLLAR).amount_nanos == DOLLAR


def test_a_null_in_place_of_a_user_is_nobody(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Some versions tell of nobody with a 200."""
    proxy.fail_next(200, body={"user_id": "alice", "user_info": None, "keys": []}, path="/user/info")
    assert provider.limit(ALICE) is None


@pytest.mark.parametrize(
    ("word", "window"),
    [("30d", "month"), ("1mo", "month"), ("7d", "week"), ("24h", "day"), ("14d", "total"), (None, "total")],
)
def test_a_window_is_the_calendars(proxy: FakeLiteLLM, provider: LiteLLM, word: str | None, window: str) -> None:
    """30 days end with the month, as LiteLLM reckons; what we have no word for is not taken for a month."""
    proxy.facts("user", "alice", budget_duration=word)
    assert limit(provider, ALICE).window == window


@pytest.mark.parametrize(("there", "nanos"), [(-1, 0), (0, 0), (0.1 + 0.2, 300_000_000), (1e300, 10**18)])
def test_any_number_there_is_read(proxy: FakeLiteLLM, provider: LiteLLM, there: float, nanos: int) -> None:
    """LiteLLM takes whatever it is told; one odd row must not hide all others."""
    proxy.facts("user", "alice", max_budget=there)
    assert limit(provider, ALICE).amount_nanos == nanos


# Set -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [ALICE, PLATFORM, KEY])
def test_a_limit_is_set_for_each_kind(proxy: FakeLiteLLM, provider: LiteLLM, subject: Subject) -> None:
    """An absolute amount for a calendar month, as the answer then says."""
    answer = provider.set_limit(subject, 123_456_789_012)
    assert (answer.amount_nanos, answer.window) == (123_456_789_012, "month")
    assert limit(provider, subject) == answer
    assert proxy.facts(subject.kind, subject.external_id)["budget_duration"] in ("1mo", "30d")


def test_what_the_answer_says_is_what_is_told(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """If LiteLLM drops a word of ours without one of its own, the caller sees it."""
    answer = {"user_id": "alice", "data": {"user_id": "alice", "max_budget": 0.4, "budget_duration": "30d"}}
    proxy.fail_next(200, body=answer, path="/user/update")
    assert provider.set_limit(ALICE, 2 * DOLLAR).amount_nanos == 400_000_000


def test_an_answer_about_somebody_else_is_refused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """It is not taken for ours."""
    proxy.fail_next(200, body={"user_id": "bob", "data": {"user_id": "bob", "max_budget": 2.0}}, path="/user/update")
    with pytest.raises(UndeliverableError, match="somebody else"):
        provider.set_limit(ALICE, 2 * DOLLAR)


@pytest.mark.parametrize("subject", [Subject("user", "ghost"), Subject("team", "ghost"), Subject("key", "ghost")])
def test_nobody_is_written_to_who_is_not_there(proxy: FakeLiteLLM, provider: LiteLLM, subject: Subject) -> None:
    """An unknown user would be made by it."""
    with pytest.raises(UndeliverableError, match="“ghost” is not known"):
        provider.set_limit(subject, DOLLAR)
    assert orders(proxy) == []


def test_a_limit_below_zero_is_refused_here(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """LiteLLM would take it."""
    with pytest.raises(UndeliverableError, match="below zero"):
        provider.set_limit(ALICE, -1)
    assert orders(proxy) == []


def test_orders_say_who_is_behind_them(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """LiteLLM's own audit names Bursar."""
    provider.set_limit(ALICE, DOLLAR)
    assert proxy.requests[-1].headers["litellm-changed-by"] == "bursar"


@pytest.mark.parametrize(("subject", "spent"), [(ALICE, 3.5), (KEY, 3.25)])
def test_a_first_monthly_limit_counts_this_month_and_not_all_years(
    proxy: FakeLiteLLM, provider: LiteLLM, subject: Subject, spent: float
) -> None:
    """Who had no monthly limit has a counter that never went back to zero; it would stop them at once."""
    proxy.facts(subject.kind, subject.external_id, budget_duration=None, spend=900.0)
    proxy.add_usage("2026-10-31", "alice", None, LAPTOP, None, None, "m", 100.0, 1, 1)
    proxy.add_usage("2026-11-01", "alice", None, "other", None, None, "m", 0.25, 1, 1)
    proxy.add_usage("2026-11-21", "alice", None, LAPTOP, None, None, "m", 3.25 - 0.09947, 1, 1)
    proxy._rows = [row for row in proxy._rows if row.day != "2026-11-22" or row.key_hash == LAPTOP]
    provider.set_limit(subject, 20 * DOLLAR)
    assert proxy.facts(subject.kind, subject.external_id)["spend"] == pytest.approx(spent)


def test_a_later_limit_leaves_the_counter_alone(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """What LiteLLM counts within its month is its own; a month that is said again would skip a reset that is due."""
    provider.set_limit(ALICE, 20 * DOLLAR)
    provider.set_limit(ALICE_THERE, 20 * DOLLAR)
    there = {"team_id": PLATFORM.external_id, "user_id": "alice", "max_budget_in_team": 20.0, "budget_duration": "30d"}
    assert orders(proxy) == [("/user/update", {"user_id": "alice", "max_budget": 20.0}), ("/team/member_update", there)]


def test_a_team_that_would_be_stopped_by_its_past_is_refused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A team's counter cannot be set, so we say who can do it."""
    proxy.facts("team", PLATFORM.external_id, budget_duration=None, spend=900.0)
    with pytest.raises(UndeliverableError, match=r"900\.00 dollars.*master key"):
        provider.set_limit(PLATFORM, 20 * DOLLAR)
    assert orders(proxy) == []
    assert provider.set_limit(PLATFORM, 901 * DOLLAR).window == "month"


# Members of teams -----------------------------------------------------------------------------------------------------


def test_members_are_told_with_their_teams(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Who is on the team's default has that; who has no limit there is told as such."""
    every = {each.subject: each for each in provider.limits() if each.subject.kind == "member"}
    alice, bob = every[ALICE_THERE], every[BOB_THERE]
    assert (alice.amount_nanos, alice.window, alice.name, alice.resets_at) == (DOLLAR, "month", "platform", DECEMBER)
    assert (bob.amount_nanos, bob.window, bob.name) == (300_000_000, "total", "platform")
    assert set(every) == {ALICE_THERE, BOB_THERE, Subject.of_member(PLATFORM.external_id, "quota-bot")}
    proxy.add_usage("2026-11-22", "alice", None, "n" * 64, None, "new/team", "m", 0.1, 1, 1)
    new = Subject.of_member("new/team", "alice")
    assert new.external_id == "new%2Fteam/alice"
    assert limit(provider, new) == Limit(new, None, "total", spent_nanos=0)


def test_members_are_known_by_team_and_user(provider: LiteLLM) -> None:
    """So that a member is whoever the user is."""
    found = [each for each in provider.people() if each.kind == "member"]
    assert ProviderIdentity("member", ALICE_THERE.external_id, name="platform", owner="alice") in found


def test_a_members_limit_is_for_a_month_and_for_nobody_else(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """The others keep the team's default. The answer repeats what was said, so it is read back."""
    proxy.member(PLATFORM.external_id, "bob", spend=0.0)
    assert provider.set_limit(BOB_THERE, 7 * DOLLAR) == Limit(
        BOB_THERE, 7 * DOLLAR, "month", name="platform", spent_nanos=0
    )
    said = {"team_id": PLATFORM.external_id, "user_id": "bob", "max_budget_in_team": 7.0, "budget_duration": "1mo"}
    assert orders(proxy) == [("/team/member_update", said)]
    assert limit(provider, ALICE_THERE).amount_nanos == DOLLAR


def test_a_member_who_would_be_stopped_by_the_past_is_refused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """That counter cannot be set with a management key, so we say who can do it."""
    proxy.member(PLATFORM.external_id, "bob", spend=900.0)
    with pytest.raises(UndeliverableError, match=r"900\.00 dollars.*master key"):
        provider.set_limit(BOB_THERE, 20 * DOLLAR)
    assert orders(proxy) == []
    assert provider.set_limit(BOB_THERE, 901 * DOLLAR).amount_nanos == 901 * DOLLAR


@pytest.mark.parametrize("subject", [Subject.of_member("ghost", "bob"), Subject.of_member("", "bob")])
def test_a_member_of_no_team_is_nobody(proxy: FakeLiteLLM, provider: LiteLLM, subject: Subject) -> None:
    """Nor is a membership made by writing."""
    assert provider.limit(subject) is None
    with pytest.raises(UndeliverableError, match="has no member “bob”"):
        provider.set_limit(subject, DOLLAR)
    assert orders(proxy) == []


def test_a_member_cannot_be_paused_apart(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """What a member was allowed by default could not be restored exactly."""
    with pytest.raises(UndeliverableError, match="pause the user"):
        provider.pause(ALICE_THERE)
    assert orders(proxy) == []


def test_the_fake_refuses_of_members_what_the_real_one_refuses(proxy: FakeLiteLLM) -> None:
    """Half a temporary increase, a team or a member that is not there; a member of the default gets an own row."""
    team, headers = PLATFORM.external_id, {"Authorization": f"Bearer {proxy.key}"}
    for body, status in (
        ({"team_id": team, "user_id": "bob", "temp_budget_increase": 1.0}, 422),
        ({"user_id": "bob"}, 422),
        ({"team_id": "ghost", "user_id": "bob"}, 404),
        ({"team_id": team, "user_id": "ghost", "max_budget_in_team": 1.0}, 400),
        ({"team_id": team, "user_id": "alice", "max_budget_in_team": 2.0}, 200),
    ):
        assert answered(f"{proxy.url}/team/member_update", "POST", headers, body)[0] == status
    row = proxy.member(team, "alice")
    assert (row["budget_source"], row["litellm_budget_table"]["budget_duration"]) == ("custom", "30d")
    assert proxy.member(team, "quota-bot")["litellm_budget_table"]["max_budget"] == 1.0


@pytest.mark.parametrize("number", ["055", "057"])
def test_the_fake_answers_about_members_as_recorded(proxy: FakeLiteLLM, number: str) -> None:
    """Word for word."""
    exchange, headers = recorded(number), {"Authorization": f"Bearer {proxy.key}"}
    found = answered(f"{proxy.url}/team/member_update", "POST", headers, exchange["request"]["json"])
    assert found == (200, exchange["response"])


# Pause ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", [False, None, True])
@pytest.mark.parametrize("subject", [PLATFORM, KEY])
def test_a_team_or_key_is_blocked_and_restored(
    proxy: FakeLiteLLM, provider: LiteLLM, subject: Subject, blocked: bool | None
) -> None:
    """What was blocked before stays blocked after; the amount is never touched."""
    proxy.facts(subject.kind, subject.external_id, blocked=blocked)
    as_it_was, before = limit(provider, subject), provider.before(subject)
    provider.pause(subject)
    assert limit(provider, subject).paused
    assert limit(provider, subject).amount_nanos == as_it_was.amount_nanos
    provider.resume(subject, before)
    assert limit(provider, subject) == as_it_was


@pytest.mark.parametrize("amount", [0.4, None, 0.30000000000000004, -1.0])
def test_a_user_is_allowed_nothing_and_gets_the_very_amount_back(
    proxy: FakeLiteLLM, provider: LiteLLM, amount: float | None
) -> None:
    """LiteLLM cannot block a user, so the amount before is kept to its last digit."""
    proxy.facts("user", "alice", max_budget=amount)
    before = provider.before(ALICE)
    provider.pause(ALICE)
    assert limit(provider, ALICE).paused
    provider.resume(ALICE, before)
    assert proxy.facts("user", "alice")["max_budget"] == amount


def test_pausing_a_user_blocks_the_keys_of_teams_as_well(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """The user's amount does not bind those, so each key is blocked; and only those are opened again."""
    proxy.add_usage("2026-11-22", "alice", None, "b" * 64, "shut", PLATFORM.external_id, "m", 0.1, 1, 1)
    proxy.add_usage("2026-11-22", "alice", None, "c" * 64, "open", PLATFORM.external_id, "m", 0.1, 1, 1)
    proxy.facts("key", "b" * 64, blocked=True)
    before = provider.before(ALICE)
    provider.pause(ALICE)
    assert all(key["blocked"] for key in proxy._keys.values() if key["user_id"] == "alice")
    assert not any(key["blocked"] for key in proxy._keys.values() if key["user_id"] != "alice")
    provider.resume(ALICE, before)
    assert [proxy.facts("key", letter * 64)["blocked"] for letter in "bc"] == [True, False]


def test_a_key_that_is_gone_does_not_keep_its_user_paused(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Somebody deleted it meanwhile."""
    before = provider.before(ALICE)
    provider.pause(ALICE)
    del proxy._keys[LAPTOP]
    provider.resume(ALICE, before)
    assert limit(provider, ALICE).amount_nanos == 400_000_000


def test_bursar_does_not_lock_itself_out(proxy: FakeLiteLLM) -> None:
    """Whoever blocks the own key can never unblock it, nor anything else."""
    provider = at(proxy, proxy.key)
    hashed = hashlib.sha256(proxy.key.encode()).hexdigest()
    proxy.add_usage("2026-11-22", "alice", None, hashed, "bursar", None, "m", 0.1, 1, 1)
    provider.pause(ALICE)
    assert not proxy.facts("key", hashed)["blocked"]
    assert proxy.facts("key", LAPTOP)["blocked"]
    with pytest.raises(UndeliverableError, match="Bursar itself"):
        provider.pause(Subject("key", hashed))
    provider.close()


@pytest.mark.parametrize("kind", ["user", "team", "key"])
def test_who_is_not_there_cannot_be_paused(proxy: FakeLiteLLM, provider: LiteLLM, kind: Any) -> None:
    """Nor is a user made by it."""
    ghost = Subject(kind, "ghost")
    for order in (lambda: provider.before(ghost), lambda: provider.pause(ghost), lambda: provider.resume(ghost, "{}")):
        with pytest.raises(UndeliverableError, match="not known"):
            order()
    assert orders(proxy) == []


# Rights --------------------------------------------------------------------------------------------------------------


def rights(provider: LiteLLM) -> CheckLine:
    """What check says about setting limits."""
    (found,) = (each for each in provider.check() if "may set limits" in each.what)
    return found


def test_a_key_that_may_not_write_is_told_which_routes_it_lacks(proxy: FakeLiteLLM) -> None:
    """Nothing is written to find out."""
    reading = ("/user/daily/activity", "/user/list", "/v2/team/list", "/key/list", "/user/info", "/team/info")
    provider = at(proxy, proxy.issue("quota-bot", routes=(*reading, "/key/info", "/user/update", "/team/update")))
    found = rights(provider)
    provider.close()
    assert not found.ok
    assert found.advice == (
        "without it Bursar only reads: add /key/block, /key/unblock, /key/update, /team/block, "
        "/team/member_update, /team/unblock to the allowed_routes of its key"
    )
    assert orders(proxy) == []


def test_a_viewers_key_is_not_good_enough(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """Its routes are open, and it may write nothing."""
    assert rights(provider).ok
    proxy.facts("user", "quota-bot", user_role="proxy_admin_viewer")
    found = rights(provider)
    assert (found.ok, "has the role proxy_admin_viewer, and needs proxy_admin" in found.advice) == (False, True)


def test_what_an_older_version_refuses_is_found_by_trying(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """All is well there but for members; what is tried changes nothing, whoever is named."""
    before = repr((proxy._users, proxy._teams, proxy._keys, proxy._memberships))
    proxy.fail_next(403, body={"detail": "Virtual key is not allowed to call this route."}, path="/team/member_update")
    found = rights(provider)
    assert not found.ok
    assert found.advice.startswith("this LiteLLM does not let the key write /team/member_update: name all routes")
    assert {path for path, _ in orders(proxy)} == {*UPDATES, *BLOCKING}
    assert repr((proxy._users, proxy._teams, proxy._keys, proxy._memberships)) == before


def test_the_master_key_may_set_limits(proxy: FakeLiteLLM) -> None:
    """It stands in no list of keys."""
    provider = at(proxy, proxy.master_key)
    assert rights(provider).ok
    provider.close()


def test_an_ordinary_users_key_is_refused_when_it_writes(proxy: FakeLiteLLM) -> None:
    """As recorded: 401 for users, 403 for keys."""
    provider = at(proxy, proxy.issue("alice"))
    for subject in (ALICE, KEY):
        with pytest.raises(UndeliverableError, match="Only proxy admin"):
            provider.set_limit(subject, DOLLAR)
    provider.close()


def test_the_fake_takes_what_the_real_one_takes(proxy: FakeLiteLLM, provider: LiteLLM) -> None:
    """A negative amount, and words it does not know; nobody but us would notice."""
    body = {"user_id": "alice", "max_budget": -1, "temp_budget_increase": 1}
    assert provider._api.write_json("POST", "/user/update", body)["data"]["max_budget"] == Decimal(-1)
    assert "temp_budget_increase" not in proxy.facts("user", "alice")
