"""What OpenAI's platform reports and lets us set, and what we make of it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

import pytest

from bot.config import ProviderSettings
from bot.errors import KeyRefusedError, UndeliverableError
from bot.providers.base import Limit, ProviderIdentity
from bot.providers.openai.platform import COSTS, DECISIONS, PROJECTS, SPEND_LIMIT, USAGE, USERS, OpenAI
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, findings, refused, with_odd
from tests.support.fakes.openai import FakeOpenAI, Project

DAY = date(2026, 11, 18)
MODEL = "gpt-5.2-2026-01-15"
MAIN, WHOLE = Subject("team", "proj_main"), Subject("organization", "")


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def provider(fake: FakeOpenAI) -> Iterator[OpenAI]:
    provider = at(fake)
    yield provider
    provider.close()


def at(fake: FakeOpenAI, key: str = "") -> OpenAI:
    """A reader of that organization, with the admin key if no other is given."""
    return OpenAI("openai", fake.base, key or fake.key, patience=QUICK, calls_per_minute=None)


def charges(provider: OpenAI, first: date = DAY, last: date = DAY) -> list[Charge]:
    """All cells of those days that are not empty."""
    return [cell for cell in provider.charges(first, last) if cell.cost_nanos != 0 or cell.requests]


def page(*results: Any, start: date = DAY, **more: Any) -> Any:
    """A report of one bucket."""
    start_time = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
    bucket = {"object": "bucket", "start_time": start_time, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None, **more}


def cost(value: Any, currency: str = "usd") -> Any:
    """A line of the cost report."""
    return {"amount": {"value": value, "currency": currency}, "project_id": "proj_main", "line_item": "storage"}


# Charges -------------------------------------------------------------------------------------------------------------


def test_a_cell_has_its_tokens_from_usage_and_its_money_from_costs(fake: FakeOpenAI, provider: OpenAI) -> None:
    """One cell for a day, project, key, user, model and tier; the kinds of tokens are disjoint."""
    key = fake.add_user("dana")
    fake.add_usage(
        DAY,
        "dana",
        key,
        MODEL,
        1_000,
        requests=9,
        input_cached_tokens=600,
        input_cache_write_tokens=100,
        output_tokens=50,
    )
    for kind, dollars in {"input": "0.3", "cached input": "0.06", "cache writes": "0.04", "output": "0.6"}.items():
        fake.add_cost(DAY, key, f"{MODEL}, {kind}", dollars)
    assert charges(provider) == [
        Charge(
            provider="openai",
            bucket_start=datetime(2026, 11, 18, tzinfo=UTC),
            bucket_hours=24,
            sub_account="proj_main",
            resource=key,
            subject="dana",
            model=MODEL,
            tier="standard",
            tokens_input=300,
            tokens_cache_read=600,
            tokens_cache_write_5m=100,
            tokens_output=50,
            requests=9,
            cost_nanos=1_000_000_000,
        )
    ]


def test_uncached_tokens_are_taken_as_reported(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Where OpenAI says itself what was not cached, that counts."""
    fake.add_usage(DAY, "dana", None, MODEL, 1_000, input_cached_tokens=600, input_uncached_tokens=390)
    assert [(cell.tokens_input, cell.tokens_cache_read) for cell in charges(provider)] == [(390, 600)]


@pytest.mark.parametrize(("cached", "input_tokens"), [(60, 40), (600, 0)])
def test_fields_that_came_later_may_be_missing(
    fake: FakeOpenAI, provider: OpenAI, cached: int, input_tokens: int
) -> None:
    """Older bodies have the sum and the cached part; uncached tokens are the difference, and never negative."""
    row = {"input_tokens": 100, "output_tokens": 7, "num_model_requests": 1, "input_cached_tokens": cached}
    fake.fail_next(200, body=page(row), path=f"/v1{USAGE[0]}")
    (cell,) = charges(provider)
    assert (cell.tokens_input, cell.tokens_cache_read, cell.tokens_output) == (input_tokens, cached, 7)
    assert (cell.sub_account, cell.resource, cell.subject, cell.model, cell.tier) == ("", "", "", "", "")


def test_batches_and_tiers_are_apart(fake: FakeOpenAI, provider: OpenAI) -> None:
    """A batch is a tier, and OpenAI's default is called standard."""
    for tier in ("default", "flex", "priority"):
        fake.add_usage(DAY, "dana", None, MODEL, 1, tier=tier)
    fake.add_usage(DAY, "dana", None, MODEL, 1, batch=True)
    assert sorted(cell.tier for cell in charges(provider)) == ["batch", "flex", "priority", "standard"]


def test_embeddings_are_counted_too(fake: FakeOpenAI, provider: OpenAI) -> None:
    """They have input only."""
    key = fake.add_user("dana")
    fake.add_usage(DAY, "dana", key, "text-embedding-3-small", 70, kind="embeddings", requests=2)
    fake.add_cost(DAY, key, "text-embedding-3-small, input", "0.000007")
    (cell,) = charges(provider)
    assert (cell.model, cell.tokens_input, cell.requests, cell.cost_nanos) == ("text-embedding-3-small", 70, 2, 7_000)


def test_usage_without_any_cost_is_unpriced(fake: FakeOpenAI, provider: OpenAI) -> None:
    """What has no cost yet is not free."""
    fake.add_usage(DAY, "dana", fake.add_user("dana"), MODEL, 5)
    assert [(cell.cost_nanos, cell.cost_source) for cell in charges(provider)] == [(None, "unpriced")]


def test_a_cost_of_zero_is_a_cost(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Tokens that OpenAI gives away are reported with nothing to pay, and are not priced by a list."""
    key = fake.add_user("dana")
    fake.add_usage(DAY, "dana", key, MODEL, 5)
    fake.add_cost(DAY, key, f"{MODEL}, input", "0")
    assert [(cell.cost_nanos, cell.cost_source) for cell in charges(provider)] == [(0, "cost_report")]


def test_what_no_user_did_is_a_cost_of_its_project(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Storage has no user and no key, and some costs are of no project."""
    fake.add_cost(DAY, None, "Vector storage", "0.5")
    fake.add_cost(DAY, None, None, "0.25", project=None)
    found = {(cell.sub_account, cell.resource, cell.subject, cell.model): cell.cost_nanos for cell in charges(provider)}
    assert found == {("proj_main", "", "", "Vector storage"): 500_000_000, ("", "", "", ""): 250_000_000}


def test_a_line_without_an_amount_says_nothing(fake: FakeOpenAI, provider: OpenAI) -> None:
    """It is not a cost of zero either: usage beside it has no cost yet."""
    fake.add_usage(DAY, "dana", None, MODEL, 5)
    fake.fail_next(200, body=page({"project_id": "proj_main", "amount": None}), path=f"/v1{COSTS}")
    assert [cell.cost_nanos for cell in charges(provider)] == [None]


@pytest.mark.parametrize(
    ("dollars", "nanos"),
    [(41.7320145, 41_732_014_500), (1e-7, 100), (0.14700000000000002, 147_000_000), (-0.5, -500_000_000)],
)
def test_dollars_are_exact(fake: FakeOpenAI, provider: OpenAI, dollars: float, nanos: int) -> None:
    """Numbers are read as decimals, and a credit is a cost below zero."""
    fake.fail_next(200, body=page(cost(dollars)), path=f"/v1{COSTS}")
    assert [cell.cost_nanos for cell in charges(provider)] == [nanos]


def test_costs_are_in_the_currency_that_they_are_in(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Euros do not pass for dollars, and a row in something else than the rest is set aside."""
    rows = page(cost(1, currency="eur"), cost(2, currency="EUR"), cost(3))
    fake.fail_next(200, body=rows, path=f"/v1{COSTS}")
    ((cell,), (odd,)) = with_odd(lambda: charges(provider))
    assert (cell.cost_nanos, cell.currency) == (3_000_000_000, "EUR")
    assert (odd.field, odd.why) == ("currency", "it is not EUR as in the other rows")


def test_a_cost_that_has_a_user_is_the_users(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Also of what has no tokens; what has none is shared among those who used it."""
    key = fake.add_user("dana")
    for user in ("dana", "eli"):
        fake.add_usage(DAY, user, key, MODEL, 100)
    fake.add_cost(DAY, key, f"{MODEL}, input", "3", user="dana")
    fake.add_cost(DAY, key, f"{MODEL}, input", "1")
    fake.add_cost(DAY, key, "web search tool calls", "0.5", user="eli")
    found = {(cell.subject, cell.model): cell.cost_nanos for cell in charges(provider)}
    assert found == {
        ("dana", MODEL): 3_500_000_000,
        ("eli", MODEL): 500_000_000,
        ("eli", "web search tool calls"): 500_000_000,
    }


@pytest.mark.parametrize(("by", "questions"), [({"user_id", "project_id"}, 1), ({"user_id"}, 2), ({"project_id"}, 3)])
def test_costs_are_told_apart_as_far_as_openai_does_it(
    fake: FakeOpenAI, provider: OpenAI, by: set[str], questions: int
) -> None:
    """Not every organization has costs by user and project: the coarser question is remembered, and nothing is lost."""
    fake.costs_by = by
    fake.use(DAY, "dana", Decimal(3), 100)
    for _ in range(2):
        (cell,) = charges(provider)
        assert (cell.sub_account, cell.subject, cell.cost_nanos) == ("proj_main", "dana", 3_000_000_000)
    assert sum(heard.path == f"/v1{COSTS}" for heard in fake.requests) == questions + 1


def test_what_is_kept_in_a_cache_for_long_is_apart(fake: FakeOpenAI, provider: OpenAI) -> None:
    """OpenAI's 30 minutes stand with our five, its 12 hours with our hour; the sum alone is taken for the short one."""
    fake.add_usage(DAY, "dana", None, MODEL, 100, input_cache_write_30m_tokens=10, input_cache_write_12h_tokens=20)
    fake.add_usage(DAY, "eli", None, MODEL, 100, input_cache_write_tokens=30)
    found = {cell.subject: (cell.tokens_input, *written(cell)) for cell in charges(provider)}
    assert found == {"dana": (70, 10, 20), "eli": (70, 30, 0)}


def written(cell: Charge) -> tuple[int, int]:
    """What was written to a cache, by how long it is kept."""
    return cell.tokens_cache_write_5m, cell.tokens_cache_write_1h


def test_decisions_are_counted_too(fake: FakeOpenAI, provider: OpenAI) -> None:
    """They have the measures of completions; where OpenAI does not have them, nothing is missing."""
    fake.add_usage(DAY, "dana", None, MODEL, 40, kind="decisions", output_tokens=2)
    assert [(cell.tokens_input, cell.tokens_output) for cell in charges(provider)] == [(40, 2)]
    fake.fail_next(404, path=f"/v1{DECISIONS}")
    assert charges(provider) == []


@pytest.mark.parametrize("path", [*USAGE, COSTS])
def test_another_day_is_refused(fake: FakeOpenAI, provider: OpenAI, path: str) -> None:
    """A report of a day that was not asked for is counted for no day."""
    fake.fail_next(200, body=page(start=DAY - timedelta(days=1)), path=f"/v1{path}")
    assert "was asked for 2026-11-18 and answered for another day" in str(refused(lambda: charges(provider)))


def test_a_day_is_asked_for_to_its_last_second(fake: FakeOpenAI, provider: OpenAI) -> None:
    """From midnight to midnight UTC, one bucket, grouped by all that we keep."""
    charges(provider)
    asked = {heard.path.removeprefix("/v1"): heard for heard in fake.requests}
    assert list(asked) == [COSTS, *USAGE, DECISIONS]
    for heard in asked.values():
        window = (heard.query["start_time"], heard.query["end_time"], heard.query["bucket_width"])
        assert window == ("1794960000", "1795046400", "1d")
    assert {path: heard.lists["group_by[]"] for path, heard in asked.items()} == {
        COSTS: ["project_id", "user_id", "api_key_id", "line_item"],
        USAGE[0]: ["project_id", "api_key_id", "user_id", "model", "batch", "service_tier"],
        DECISIONS: ["project_id", "api_key_id", "user_id", "model", "batch", "service_tier"],
        USAGE[1]: ["project_id", "api_key_id", "user_id", "model"],
    }


def test_a_report_on_several_pages_is_added_up(fake: FakeOpenAI, provider: OpenAI) -> None:
    """If a day is ever continued on another page, a cell on both is given once."""
    row = {"input_tokens": 4, "output_tokens": 3, "num_model_requests": 2, "model": MODEL}
    fake.fail_next(200, body=page(row, has_more=True, next_page="page_2"), path=f"/v1{USAGE[0]}")
    fake.fail_next(200, body=page(row), path=f"/v1{USAGE[0]}")
    assert [(cell.tokens_input, cell.tokens_output, cell.requests) for cell in charges(provider)] == [(8, 6, 4)]
    assert [heard.query.get("page") for heard in fake.requests if heard.path == f"/v1{USAGE[0]}"] == [None, "page_2"]


def test_a_page_that_comes_again_is_refused(fake: FakeOpenAI, provider: OpenAI) -> None:
    """A cursor that repeats would never end."""
    body = page(has_more=True, next_page="page_1")
    fake.fail_next(200, body=body, path=f"/v1{COSTS}", times=3)
    assert "the same page" in str(refused(lambda: charges(provider)))


@pytest.mark.parametrize("cursor", [None, ""])
def test_more_without_saying_where_is_refused(fake: FakeOpenAI, provider: OpenAI, cursor: str | None) -> None:
    """Half a report is not a whole one."""
    fake.fail_next(200, body=page(has_more=True, next_page=cursor), path=f"/v1{COSTS}")
    assert "there is more, but not where" in str(refused(lambda: charges(provider)))


def test_calls_are_a_second_apart(fake: FakeOpenAI) -> None:
    """OpenAI says no limit, so we keep to one call a second."""
    provider = OpenAI("openai", fake.base, fake.key)
    began_s = time.monotonic()
    charges(provider)
    provider.close()
    _, second, third, _ = (heard.at_s - began_s for heard in fake.requests)
    assert second >= 1
    assert third >= 2


# People --------------------------------------------------------------------------------------------------------------


def test_people_are_users_projects_and_keys(fake: FakeOpenAI, provider: OpenAI) -> None:
    """A key belongs to its user or its service account."""
    fake.add_user("dana", "dana@acme.test")
    robot = {"type": "service_account", "service_account": {"id": "svc_1", "name": "nightly"}}
    fake.projects["proj_main"].keys["key_svc"] = {"name": "Secret Key", "owner": robot}
    assert list(provider.people()) == [
        ProviderIdentity("user", "dana", name="Dana", email="dana@acme.test"),
        ProviderIdentity("team", "proj_main", name="main"),
        ProviderIdentity("key", "key_dana", name="dana-laptop", owner="dana"),
        ProviderIdentity("key", "key_svc", name="Secret Key", owner="svc_1"),
    ]


def test_an_archived_project_keeps_its_name_and_is_not_limited(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Its past is still charged for, but it has no working keys and needs no limit."""
    fake.projects["proj_old"] = Project("old", archived=True)
    assert ProviderIdentity("team", "proj_old", name="old") in list(provider.people())
    assert f"/v1{PROJECTS}/proj_old/api_keys" not in {heard.path for heard in fake.requests}
    assert [each.subject.external_id for each in provider.limits()] == ["", "proj_main"]
    assert provider.limit(Subject("team", "proj_old")) is None


def test_lists_are_read_to_their_end(fake: FakeOpenAI, provider: OpenAI) -> None:
    """More than a hundred users, projects or keys come in several pages."""
    for number in range(230):
        fake.projects[f"proj_{number}"] = Project(f"p{number}")
        fake.add_user(f"u{number}")
    kinds = [member.kind for member in provider.people()]
    assert (kinds.count("user"), kinds.count("team"), kinds.count("key")) == (230, 231, 230)
    assert len([heard for heard in fake.requests if heard.path == f"/v1{USERS}"]) == 3


# Limits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unset", ["missing", "null", "empty"])
def test_no_limit_is_none_however_it_is_said(fake: FakeOpenAI, provider: OpenAI, unset: Any) -> None:
    """What OpenAI answers for a limit that is not set, its documents don't say."""
    fake.unset = unset
    assert list(provider.limits()) == [Limit(WHOLE, None), Limit(MAIN, None, name="main")]


def test_a_limit_that_stops_requests_now_says_so(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Whatever word stands there otherwise; `check` names that of the organization."""
    fake.limit = fake.projects["proj_main"].limit = 500
    assert not any(limit.refusing for limit in provider.limits())
    fake.enforced = {"proj_main"}
    assert [limit.subject for limit in provider.limits() if limit.refusing] == [MAIN]
    assert "refuses requests now" not in str(findings(provider))
    fake.enforced = {""}
    assert "it is used up, and OpenAI refuses requests now" in str(findings(provider))


def test_a_limit_is_in_the_currency_that_is_there(fake: FakeOpenAI, provider: OpenAI) -> None:
    """It is read before it is written: OpenAI refuses another one."""
    fake.currency = "eur"
    fake.projects["proj_main"].limit = 500
    assert provider.limit(MAIN) == Limit(MAIN, 5_000_000_000, name="main", currency="EUR")
    assert provider.set_limit(MAIN, 7_000_000_000) == Limit(MAIN, 7_000_000_000, currency="EUR")


def test_a_limit_for_another_time_is_left_alone(fake: FakeOpenAI, provider: OpenAI) -> None:
    """It is somebody's own rule, of a kind that Bursar does not know."""
    fake.projects["proj_main"].limit = 500
    fake.fail_next(
        200, body={"threshold_amount": 500, "interval": "fortnight"}, path=f"/v1{PROJECTS}/proj_main/spend_limit"
    )
    assert "a limit for each fortnight there" in str(refused(lambda: provider.set_limit(MAIN, 7_000_000_000)))
    assert fake.projects["proj_main"].limit == 500


def test_a_limit_is_written_in_cents_a_month(fake: FakeOpenAI, provider: OpenAI) -> None:
    """And what OpenAI then says is given back."""
    assert provider.set_limit(MAIN, 12_340_000_000) == Limit(MAIN, 12_340_000_000)
    assert fake.projects["proj_main"].limit == 1_234
    assert json.loads(fake.requests[-1].body) == {"threshold_amount": 1_234, "currency": "USD", "interval": "month"}
    assert provider.limit(MAIN) == Limit(MAIN, 12_340_000_000, name="main")


def test_the_organization_has_a_limit_of_its_own(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Beside those of its projects."""
    provider.set_limit(WHOLE, 5_000 * 10**9)
    assert (fake.limit, fake.projects["proj_main"].limit) == (500_000, None)
    assert provider.limit(WHOLE) == Limit(WHOLE, 5_000 * 10**9)


def test_a_fraction_of_a_cent_is_not_given(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Rounded down, so that nobody gets more than was decided."""
    provider.set_limit(MAIN, 12_349_999_999)
    assert fake.projects["proj_main"].limit == 1_234


def test_every_limit_of_ours_is_read_as_it_was_meant(provider: OpenAI) -> None:
    """None of them is the cent that stands for nothing."""
    for steps in range(4):
        wanted = steps * provider.step_nanos
        assert provider.set_limit(MAIN, wanted).amount_nanos == wanted


def test_nothing_is_written_as_a_cent(fake: FakeOpenAI, provider: OpenAI) -> None:
    """OpenAI knows no limit of zero, and what has a cent is stopped."""
    assert provider.set_limit(MAIN, 0) == Limit(MAIN, 0, paused=True)
    assert fake.projects["proj_main"].limit == 1


@pytest.mark.parametrize("subject", [Subject("user", "dana"), Subject("key", "key_dana")])
def test_who_cannot_be_limited_is_refused_with_who_can(provider: OpenAI, subject: Subject) -> None:
    """A person or a key has no limit here, and the sentence says whose limit keeps theirs."""
    assert provider.limit(subject) is None
    for order in (lambda: provider.set_limit(subject, 10**9), lambda: provider.pause(subject)):
        trouble = refused(order)
        assert isinstance(trouble, UndeliverableError)
        assert "OpenAI's platform has no per-person cap" in str(trouble)
    assert isinstance(refused(lambda: provider.before(subject)), UndeliverableError)


def test_an_odd_id_is_not_a_path(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Whatever stands in an id, no other route is asked."""
    assert provider.limit(Subject("team", "../spend_limit?x")) is None
    refused(lambda: provider.set_limit(Subject("team", "../spend_limit?x"), 10**9))
    assert [heard.path.removeprefix(f"/v1{PROJECTS}/") for heard in fake.requests] == [
        "..%2Fspend_limit%3Fx",
        "..%2Fspend_limit%3Fx/spend_limit",
        "..%2Fspend_limit%3Fx/spend_limit",
    ]


@pytest.mark.parametrize("cents", [None, 50_000])
@pytest.mark.parametrize("subject", [MAIN, WHOLE])
def test_a_pause_leaves_a_cent_and_gives_all_back(
    fake: FakeOpenAI, provider: OpenAI, subject: Subject, cents: int | None
) -> None:
    """The limit of before is written again, or taken away if there was none."""
    holder = fake if subject is WHOLE else fake.projects["proj_main"]
    holder.limit = cents
    before = provider.before(subject)
    provider.pause(subject)
    assert holder.limit == 1
    provider.resume(subject, before)
    assert holder.limit == cents


# Check ---------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_the_check(provider: OpenAI) -> None:
    """Each route that is read has its line."""
    found = list(provider.check())
    assert [finding.what for finding in found] == [
        f"OPENAI_ADMIN_KEY may read {path}" for path in (PROJECTS, USERS, *USAGE, COSTS, SPEND_LIMIT)
    ]
    assert all(finding.ok for finding in found)


@pytest.mark.parametrize(("key", "status"), [("plain", 403), ("sk-admin-wrong", 401)])
def test_a_key_that_is_none_is_told_once(fake: FakeOpenAI, key: str, status: int) -> None:
    """An ordinary key does not do; the sentence says which one does."""
    provider = at(fake, fake.plain_key if key == "plain" else key)
    (finding,) = provider.check()
    trouble = refused(lambda: charges(provider))
    provider.close()
    assert not finding.ok
    assert f"refused the key in OPENAI_ADMIN_KEY ({status})" in finding.advice
    assert finding.advice.endswith("an admin key (sk-admin-…), which an owner of the organization makes")
    assert isinstance(trouble, KeyRefusedError)


def test_a_right_that_is_missing_is_named(fake: FakeOpenAI, provider: OpenAI) -> None:
    """The other routes are still looked at."""
    fake.fail_next(403, body={"error": {"message": "no", "type": "x"}}, path=f"/v1{COSTS}")
    found = [finding.what for finding in provider.check() if not finding.ok]
    assert found == [f"OPENAI_ADMIN_KEY may read {COSTS}"]


def test_a_route_that_is_gone_is_told(fake: FakeOpenAI, provider: OpenAI) -> None:
    """Only for a limit does “not there” mean that none is set."""
    fake.fail_next(404, path=f"/v1{USERS}")
    assert [finding.what for finding in provider.check() if not finding.ok] == [f"OPENAI_ADMIN_KEY may read {USERS}"]


def test_app_yaml_needs_to_say_no_more_than_its_kind() -> None:
    """Its address and the name of its key are known."""
    settings = ProviderSettings.model_validate({"kind": "openai"})
    assert (settings.name, settings.url, settings.key) == ("openai", "https://api.openai.com/v1", "OPENAI_ADMIN_KEY")


# The fake is like the real one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/organization/costs?start_time=1794960000&group_by[]=model", None, 400),
        ("GET", "/organization/costs", None, 400),
        ("GET", "/organization/costs?start_time=1794960000&limit=181", None, 400),
        ("GET", "/organization/costs?start_time=1794960000&bucket_width=1h", None, 400),
        ("GET", "/organization/usage/completions?start_time=1794960000&limit=32", None, 400),
        ("GET", "/organization/usage/completions?start_time=1794960000", None, 200),
        ("GET", "/organization/users?limit=101", None, 400),
        ("GET", "/organization/users?after=nobody", None, 400),
        ("GET", "/organization/projects/none", None, 404),
        ("GET", "/organization/projects/none/api_keys", None, 404),
        ("POST", "/organization/projects/none/spend_limit", {"threshold_amount": 1}, 404),
        ("POST", "/organization/spend_limit", {"threshold_amount": 0, "currency": "USD", "interval": "month"}, 400),
        ("POST", "/organization/spend_limit", {"threshold_amount": 1.5, "currency": "USD", "interval": "month"}, 400),
        ("POST", "/organization/spend_limit", {"threshold_amount": 1}, 400),
        ("DELETE", "/organization/spend_limit", None, 404),
        ("DELETE", "/organization/users", None, 405),
        ("GET", "/organization/no_such_thing", None, 404),
    ],
)
def test_the_fake_refuses_what_the_real_one_refuses(
    fake: FakeOpenAI, method: str, path: str, body: Any, status: int
) -> None:
    """A question that OpenAI would not answer gets no answer here either."""
    headers = {"Authorization": f"Bearer {fake.key}"}
    assert answered(fake.base + path, method, headers, body)[0] == status


def test_the_fake_pages_by_buckets(fake: FakeOpenAI) -> None:
    """Seven days unless told otherwise, and a cursor for the next."""
    path = "/organization/usage/completions?start_time=1794960000&end_time=1795824000"
    request = Request(fake.base + path, headers={"Authorization": f"Bearer {fake.key}"})
    with urlopen(request) as answer:
        body = json.load(answer)
    assert (len(body["data"]), body["has_more"], body["next_page"]) == (7, True, "page_7")
