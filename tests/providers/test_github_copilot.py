"""What GitHub reports of Copilot and allows, and what we make of it."""

import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.errors import UndeliverableError, UnreachableError
from bot.providers.base import Limit, ProviderIdentity, ProviderOutcome, ProviderSeat
from bot.providers.github_copilot import ASKED_MAX, GitHubCopilot
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, answered, charges, findings, refused, with_odd
from tests.support.clock import Clock
from tests.support.fakes.github import FakeGitHub

DAY = date(2026, 11, 21)
OCTO, BO = Subject("user", "octocat"), Subject("user", "bo-li")
PLATFORM, ALL = Subject("team", "cc-1"), Subject("organization", "")
DOLLAR = 10**9
USAGE = "/organizations/acme/settings/billing/ai_credit/usage"
BUDGETS = "/organizations/acme/settings/billing/budgets"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        yield server


@pytest.fixture
def provider(github: FakeGitHub) -> Iterator[GitHubCopilot]:
    provider = at(github, "acme")
    yield provider
    provider.close()


@pytest.fixture
def enterprise() -> Iterator[FakeGitHub]:
    with FakeGitHub("enterprises/acme-inc") as server:
        yield server


@pytest.fixture
def whole(enterprise: FakeGitHub) -> Iterator[GitHubCopilot]:
    provider = at(enterprise, "enterprises/acme-inc")
    yield provider
    provider.close()


def at(github: FakeGitHub, account: str, key: str = "") -> GitHubCopilot:
    """A reader of that account."""
    key = key or github.key
    return GitHubCopilot("copilot", github.url, key, account, now=Clock(), patience=QUICK, calls_per_minute=10**6)


def costs(cells: list[Charge]) -> dict[tuple[str, str], int | None]:
    """Costs by person and model."""
    return {(cell.subject, cell.model): cell.cost_nanos for cell in cells}


def asked_about(github: FakeGitHub) -> list[str]:
    """Whose usage was asked for, in order; "" for all."""
    return [heard.query.get("user", "") for heard in github.requests if heard.path == USAGE]


# Charges --------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_day_of_a_person_and_a_model(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """The cost is that before included credits, because a person's budget counts that."""
    github.use(DAY, "Octocat", "GPT-5", 1.234567891)
    assert charges(provider, DAY) == [
        Charge(
            provider="copilot",
            bucket_start=datetime(2026, 11, 21, tzinfo=UTC),
            bucket_hours=24,
            model="GPT-5",
            subject="octocat",
            cost_nanos=1_234_567_891,
            billed_nanos=0,
        )
    ]


def test_what_belongs_to_nobody_is_not_lost(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Whoever has no seat any more cannot be asked about."""
    github.use(DAY, "gone", "GPT-5", 0.3)
    github.use(DAY, "bo-li", "GPT-5", 0.1)
    assert costs(charges(provider, DAY)) == {("", "GPT-5"): 300_000_000, ("bo-li", "GPT-5"): 100_000_000}


def test_people_are_asked_about_until_all_is_accounted_for_and_first_who_was_active(
    github: FakeGitHub, provider: GitHubCopilot
) -> None:
    """Sums of floats leave noise, which is no reason to ask on."""
    github.add_seat("idle", active="2026-10-01T09:00:00Z")
    github.use(DAY, "Octocat", "GPT-5", 0.1)
    github.use(DAY, "bo-li", "GPT-5", 0.2)
    charges(provider, DAY)
    assert asked_about(github) == ["", "octocat", "bo-li"]


def test_a_day_without_usage_costs_one_call(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Nobody is asked about."""
    assert charges(provider, DAY) == []
    assert asked_about(github) == [""]


def test_a_part_that_grew_meanwhile_does_not_make_the_rest_negative(
    github: FakeGitHub, provider: GitHubCopilot
) -> None:
    """The whole is asked for before its parts."""
    github.use(DAY, "Octocat", "GPT-5", 0.5)
    item = {"model": "GPT-5", "grossAmount": 0.4}
    body = {"timePeriod": {"year": 2026, "month": 11, "day": 21}, "usageItems": [item]}
    github.fail_next(200, body=body, path=USAGE)
    assert costs(charges(provider, DAY)) == {("octocat", "GPT-5"): 500_000_000}


def test_the_days_add_up(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Days are asked for one by one."""
    github.use(DAY, "bo-li", "GPT-5", 0.1)
    github.use(DAY + timedelta(days=1), "bo-li", "GPT-5", 0.2)
    both = charges(provider, DAY, DAY + timedelta(days=1))
    assert both == charges(provider, DAY) + charges(provider, DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("period", "user"),
    [
        ({"year": 2026, "month": 10}, "octocat"),
        ({"year": 2026, "month": 11, "day": 20}, "octocat"),
        ({"year": 2026, "month": 11, "day": 21}, "bo-li"),
    ],
)
def test_an_answer_to_another_question_is_refused(
    github: FakeGitHub, provider: GitHubCopilot, period: Any, user: str | None
) -> None:
    """If GitHub did not heed the day or the person, a month or everybody would be counted for them."""
    github.use(DAY, "Octocat", "GPT-5", 0.5)
    github.slow_next(0, path=USAGE)
    github.fail_next(200, body={"timePeriod": period, "user": user, "usageItems": []}, path=USAGE)
    assert "answered for another day or person" in str(refused(lambda: charges(provider, DAY)))


def test_too_many_calls_are_not_the_keys_fault(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """GitHub says it with 403; how long it wants to be left alone is handed on."""
    github.fail_next(403, {"Retry-After": "60"}, path=USAGE)
    trouble = refused(lambda: charges(provider, DAY))
    assert isinstance(trouble, UnreachableError)
    assert trouble.retry_after_s == 60


def test_a_large_organization_is_read_from_its_metrics(github: FakeGitHub) -> None:
    """What everybody used stands in one file, without models; what is not in it is nobody's."""
    done = date(2026, 11, 18)
    for number in range(ASKED_MAX + 1):
        github.add_seat(f"u{number}")
    github.use(done, "u7", "GPT-5", 0.5)
    github.use(done, "u8", "GPT-5", 0.25)
    github.make(done, "u7", 1, credits=50.0)
    github.make(done, "u9", 1, credits=None)
    provider = at(github, "acme")
    assert costs(charges(provider, done)) == {("u7", ""): DOLLAR // 2, ("", ""): DOLLAR // 4}
    assert sum(heard.path == USAGE for heard in github.requests) == 1
    provider.close()


def test_of_days_without_metrics_only_some_are_asked_for(github: FakeGitHub) -> None:
    """Those who were active last; the rest is nobody's until the metrics are there."""
    for number in range(ASKED_MAX + 1):
        github.add_seat(f"u{number}", active="2026-11-22T09:00:00Z")
    github.use(DAY, "bo-li", "GPT-5", 0.5)
    provider = at(github, "acme")
    assert costs(charges(provider, DAY)) == {("", "GPT-5"): DOLLAR // 2}
    assert sum(heard.path == USAGE for heard in github.requests) == ASKED_MAX + 1
    provider.close()


def test_each_of_a_cost_centre_may_have_a_budget(enterprise: FakeGitHub, whole: GitHubCopilot) -> None:
    """It goes before everybody's, and behind one's own."""
    enterprise.state.centers[0]["resources"] = [{"type": "User", "name": "Bo-Li"}, {"type": "Repo", "name": "shop"}, 7]
    enterprise.add_budget("multi_user_customer", 40)
    enterprise.add_budget("multi_user_cost_center", 25, budget_entity_name="Platform")
    limits, (odd,) = with_odd(whole.limits)
    found = {each.subject: each.amount_nanos for each in limits}
    assert (found[OCTO], found[BO], odd.place) == (40 * DOLLAR, 25 * DOLLAR, "a cost centre, row 3")
    assert whole.limit(BO) == Limit(BO, 25 * DOLLAR)
    assert whole.set_limit(BO, 90 * DOLLAR) == Limit(BO, 90 * DOLLAR)
    assert whole.limit(BO) == Limit(BO, 90 * DOLLAR)


# The reports of an enterprise -----------------------------------------------------------------------------------------


def test_an_enterprise_is_read_from_one_file(enterprise: FakeGitHub, whole: GitHubCopilot) -> None:
    """With tokens, added up over repositories; nobody is asked about one by one, and each day is given once."""
    for number in range(30):
        enterprise.add_seat(f"u{number}")
        enterprise.use(DAY, f"U{number}", "GPT-5", 1.5, tokens=10)
    enterprise.use(DAY + timedelta(days=1), "u1", "GPT-5", 2.5)
    found = {cell.subject: cell for cell in charges(whole, DAY, DAY + timedelta(days=1)) if cell.model == "GPT-5"}
    assert len(found) == 30
    assert (found["u7"].cost_nanos, found["u7"].tokens_input, found["u7"].tokens_output) == (3 * DOLLAR // 2, 20, 20)
    assert len(enterprise.reports) == 1
    assert not any("ai_credit/usage" in heard.path for heard in enterprise.requests)
    enterprise.use(DAY, "U7", "GPT-5", 3.5)
    assert costs(charges(whole, DAY))["u7", "GPT-5"] == 7 * DOLLAR // 2


def test_an_enterprise_without_reports_is_read_person_by_person(enterprise: FakeGitHub, whole: GitHubCopilot) -> None:
    """It is asked once whether there are any."""
    enterprise.gives_reports = False
    enterprise.use(DAY, "bo-li", "GPT-5", 1.5)
    for _ in range(2):
        assert costs(charges(whole, DAY)) == {("bo-li", "GPT-5"): 3 * DOLLAR // 2}
    assert sum(heard.path.endswith("/reports") for heard in enterprise.requests) == 1


def test_an_odd_row_of_a_report_hides_no_other(enterprise: FakeGitHub, whole: GitHubCopilot) -> None:
    """Nor does one that is about no day."""
    enterprise.use(DAY, "bo-li", "GPT-5", 1.5)
    made = "date,username,model,unit_type,gross_amount,input\n"
    made += f"{DAY},bo-li,GPT-5,ai-credits,1.5,\n{DAY},ana,GPT-5,ai-credits,free,3\nsoon,ana,GPT-5,ai-credits,1,3\n"
    made += f"{DAY},kim,GPT-5,requests,-2,3\n{DAY},,,ai-credits,0.25,3\n"
    enterprise.fail_next(200, body=made.encode(), path="/made/rep-3")
    cells, odd = with_odd(lambda: charges(whole, DAY))
    assert costs(cells) == {("bo-li", "GPT-5"): 3 * DOLLAR // 2, ("kim", "GPT-5"): -2 * DOLLAR, ("", ""): DOLLAR // 4}
    assert sorted(each.field for each in odd) == ["date", "gross_amount"]


def test_a_report_that_fails_or_is_no_file_is_trouble(enterprise: FakeGitHub, whole: GitHubCopilot) -> None:
    """In a sentence, and the day is asked for again."""
    reports = "/enterprises/acme-inc/settings/billing/reports"
    enterprise.fail_next(200, body={"id": "rep-3", "status": "failed"}, path=f"{reports}/rep-3")
    assert "could not make its report of AI usage of 2026-11-21" in str(refused(lambda: charges(whole, DAY)))
    enterprise.fail_next(200, body=b"<html>soon</html>", path="/made/rep-4")
    assert "without the columns date, username and model" in str(refused(lambda: charges(whole, DAY)))


# People and seats -----------------------------------------------------------------------------------------------------


def test_people_are_who_has_a_seat(provider: GitHubCopilot) -> None:
    """They go by their login in lower case; most have no address. An organization has no cost centres."""
    assert list(provider.people()) == [
        ProviderIdentity("user", "octocat", email="octo@acme.example"),
        ProviderIdentity("user", "bo-li"),
    ]


def test_an_enterprise_has_cost_centres(whole: GitHubCopilot) -> None:
    """Those that are archived are gone."""
    assert list(whole.people())[2:] == [ProviderIdentity("team", "cc-1", name="Platform")]


def test_seats_say_since_when_and_of_the_last_activity(provider: GitHubCopilot) -> None:
    """Never, or not within ninety days, is not said."""
    assert list(provider.seats()) == [
        ProviderSeat("octocat", "copilot_business", date(2026, 1, 15), date(2026, 11, 22)),
        ProviderSeat("bo-li", "copilot_business", date(2026, 1, 15), None),
    ]


@pytest.mark.parametrize("extra", [98, 99, 230])
def test_seats_are_read_to_their_end_and_each_person_once(
    github: FakeGitHub, provider: GitHubCopilot, extra: int
) -> None:
    """A seat that waits for a team to take it has nobody; who has two seats is one person."""
    for number in range(extra):
        github.add_seat(f"u{number}")
    github.state.seats["waiting"] = {"assignee": None}
    github.state.seats["again"] = github.state.seats["Octocat"]
    assert len(list(provider.seats())) == extra + 2


# Limits ---------------------------------------------------------------------------------------------------------------


def test_a_persons_own_budget_goes_before_everybodys(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """The products of a budget come as a word or as several; other products are none of our business."""
    github.add_budget("multi_user_customer", 40)
    github.add_budget("user", 250, user="octocat", budget_product_skus=["ai_credits"])
    github.add_budget("organization", 9, budget_entity_name="acme", budget_product_sku="actions")
    assert list(provider.limits()) == [
        Limit(OCTO, 250 * DOLLAR),
        Limit(BO, 40 * DOLLAR),
        Limit(ALL, None, name="acme"),
    ]
    assert [provider.limit(each.subject) for each in provider.limits()] == list(provider.limits())


def test_a_budget_that_stops_nobody_is_no_limit(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """It only warns."""
    github.add_budget("organization", 500, budget_entity_name="Acme", prevent_further_usage=False)
    assert provider.limit(ALL) == Limit(ALL, None, name="acme")
    assert provider.set_limit(ALL, 400 * DOLLAR) == Limit(ALL, 400 * DOLLAR, name="acme")
    (budget,) = github.state.budgets.values()
    assert (budget["budget_amount"], budget["prevent_further_usage"]) == (400, True)


@pytest.mark.parametrize("dollars", [0, 1, 10**6])
def test_a_persons_budget_is_made_once_and_then_changed(
    github: FakeGitHub, provider: GitHubCopilot, dollars: int
) -> None:
    """Everybody's stays as it is."""
    everybodys = github.add_budget("multi_user_customer", 40)
    provider.set_limit(OCTO, 7 * DOLLAR)
    told = provider.set_limit(OCTO, dollars * provider.step_nanos)
    assert told == provider.limit(OCTO) == Limit(OCTO, dollars * DOLLAR, paused=dollars == 0)
    assert provider.limit(BO) == Limit(BO, 40 * DOLLAR)
    assert len(github.state.budgets) == 2
    assert github.state.budgets[everybodys]["budget_amount"] == 40


@pytest.mark.parametrize(
    ("subject", "scope", "entity"), [(PLATFORM, "cost_center", "cc-1"), (ALL, "enterprise", "acme-inc")]
)
def test_an_enterprise_has_budgets_of_cost_centres_and_of_its_own(
    enterprise: FakeGitHub, whole: GitHubCopilot, subject: Subject, scope: str, entity: str
) -> None:
    """They are made so that they stop."""
    assert subject.kind in whole.limited
    assert whole.set_limit(subject, 30 * DOLLAR) == whole.limit(subject)
    (budget,) = enterprise.state.budgets.values()
    assert (budget["budget_scope"], budget["budget_entity_name"]) == (scope, entity)
    assert budget["prevent_further_usage"] is True
    assert {each.subject: each.amount_nanos for each in whole.limits()}[subject] == 30 * DOLLAR


def test_an_organization_does_not_claim_cost_centres(provider: GitHubCopilot) -> None:
    """What it cannot is not declared."""
    assert provider.limited == {"user", "organization"}
    assert "has no Copilot cost centre cc-1 in acme" in str(refused(lambda: provider.set_limit(PLATFORM, DOLLAR)))


def test_nobody_gets_a_budget_who_has_no_seat(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """GitHub would make one for any login."""
    eve = Subject("user", "eve")
    assert provider.limit(eve) is None
    for order in (lambda: provider.set_limit(eve, DOLLAR), lambda: provider.pause(eve), lambda: provider.before(eve)):
        assert isinstance(refused(order), UndeliverableError)
    assert github.state.budgets == {}


def test_budgets_are_read_over_all_pages(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """The one that counts may be the last."""
    for number in range(250):
        github.add_budget("user", 5, user=f"u{number}")
    github.add_budget("organization", 900, budget_entity_name="acme")
    assert provider.limit(ALL) == Limit(ALL, 900 * DOLLAR, name="acme")


def test_an_order_is_said_once(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Whether to say it again is the outbox's to decide."""
    github.slow_next(0, path=BUDGETS)
    github.fail_next(503, path=BUDGETS)
    assert isinstance(refused(lambda: provider.set_limit(BO, DOLLAR)), UnreachableError)
    assert [heard.method for heard in github.requests].count("POST") == 1


@pytest.mark.parametrize("amount", [None, 0, 30])
def test_who_was_paused_gets_the_budget_back(github: FakeGitHub, provider: GitHubCopilot, amount: int | None) -> None:
    """If there was none, everybody's holds again."""
    github.add_budget("multi_user_customer", 40)
    if amount is not None:
        github.add_budget("user", amount, user="bo-li")
    was, before = provider.limit(BO), provider.before(BO)
    provider.pause(BO)
    provider.pause(BO)
    assert provider.limit(BO) == Limit(BO, 0, paused=True)
    provider.resume(BO, before)
    provider.resume(BO, before)
    assert provider.limit(BO) == was
    assert len(github.state.budgets) == (1 if amount is None else 2)


def test_a_budget_that_only_warned_only_warns_again(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """A pause makes it stop, and its end ends that, too."""
    budget_id = github.add_budget("organization", 500, budget_entity_name="acme", prevent_further_usage=False)
    was, before = dict(github.state.budgets[budget_id]), provider.before(ALL)
    provider.pause(ALL)
    assert provider.limit(ALL) == Limit(ALL, 0, paused=True, name="acme")
    provider.resume(ALL, before)
    assert github.state.budgets[budget_id] == was


# Outcomes -------------------------------------------------------------------------------------------------------------


def test_what_came_of_it_is_read_from_where_the_report_lies(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Days that are whole, people by their login, and our token is not taken to the file."""
    done = date(2026, 11, 18)
    github.make(done, "Octocat", 120, accepted=9)
    github.make(done, "bo-li", 0)
    github.make(date(2026, 11, 21), "Octocat", 7)
    assert list(provider.outcomes(done - timedelta(days=1), date(2026, 11, 22))) == [
        ProviderOutcome("octocat", done, "lines_accepted", 120),
        ProviderOutcome("octocat", done, "edits_accepted", 9),
    ]
    asked = [heard.query["day"] for heard in github.requests if "day" in heard.query]
    assert asked == ["2026-11-17", "2026-11-18", "2026-11-19"]
    assert list(provider.outcomes(date(2025, 1, 1), date(2025, 10, 1))) == []


def test_metrics_of_another_day_are_refused(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """They would be counted twice."""
    done = date(2026, 11, 18)
    github.make(done, "octocat", 1)
    github.state.made[done][0]["day"] = "2026-11-17"
    assert "it is about 2026-11-17, which was not asked" in str(refused(lambda: list(provider.outcomes(done, done))))


def test_the_address_of_a_file_is_never_shown(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """Whoever has it can read the file."""
    done = date(2026, 11, 18)
    github.make(done, "octocat", 1)
    github.fail_next(403, path="/signed/2026-11-18", times=9)
    trouble = refused(lambda: list(provider.outcomes(done, done)))
    assert isinstance(trouble, UnreachableError)
    assert "s3cr3t" not in "".join(traceback.format_exception(trouble))


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_good_token_passes_the_check(enterprise: FakeGitHub, whole: GitHubCopilot, provider: GitHubCopilot) -> None:
    """It answers, each route has a line, five or four of them, and nothing was changed by looking."""
    assert findings(whole) == findings(provider) == {}
    assert (len(list(whole.check())), len(list(provider.check()))) == (7, 6)
    assert {heard.method for heard in enterprise.requests} == {"GET"}


def test_a_right_that_is_missing_is_told(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """With what token is needed."""
    github.fail_next(403, body={"message": "Resource not accessible by personal access token"}, path=BUDGETS)
    advice = findings(provider)[f"GITHUB_COPILOT_KEY may read {BUDGETS}"]
    assert "Resource not accessible" in advice
    assert advice.endswith("as docs/reference/providers.md says")


def test_usage_that_does_not_heed_the_day_is_told(github: FakeGitHub, provider: GitHubCopilot) -> None:
    """The documents are not clear about it, so the check looks."""
    body = {"timePeriod": {"year": 2026, "month": 11, "day": 1}, "usageItems": []}
    github.fail_next(200, body=body, path=USAGE)
    assert "answered for another day" in findings(provider)[f"GITHUB_COPILOT_KEY may read {USAGE}"]


# The fake refuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/orgs/acme/settings/billing/budgets", None, 404),
        ("GET", f"{USAGE}?day=3", None, 400),
        ("GET", "/organizations/acme/settings/billing/cost-centers", None, 404),
        ("POST", BUDGETS, {"budget_amount": 1}, 400),
        ("POST", BUDGETS, {"budget_scope": "user"}, 400),
        ("POST", BUDGETS, {"budget_scope": "user", "user": "bo-li", "budget_amount": 1.5}, 422),
        ("POST", BUDGETS, {"budget_scope": "user", "user": "bo-li", "prevent_further_usage": False}, 422),
        ("POST", BUDGETS, {"budget_scope": "cost_center"}, 422),
        ("PATCH", f"{BUDGETS}/none", {"budget_amount": 1}, 404),
        ("DELETE", f"{BUDGETS}/none", {}, 404),
    ],
)
def test_the_fake_refuses_what_the_documents_refuse(
    github: FakeGitHub, method: str, path: str, body: Any, status: int
) -> None:
    """A question that the real one would not answer gets no answer here either."""
    whole = {"budget_entity_name": "", "budget_type": "BundlePricing", "prevent_further_usage": True}
    order = {**whole, "budget_amount": 1, **body} if body and "budget_scope" in body else body
    headers = {"Authorization": f"Bearer {github.key}", "X-GitHub-Api-Version": "2026-03-10"}
    assert answered(github.url + path, method, headers, order)[0] == status
