"""What Vercel's AI Gateway reports, and the budgets that are kept there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.build import build
from bot.config import load
from bot.errors import KeyRefusedError
from bot.providers.base import Limit, ProviderIdentity
from bot.providers.registry import PROVIDERS
from bot.providers.vercel import Vercel
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused, with_odd
from tests.support.fakes.vercel import FakeVercel

DAY = date(2026, 11, 21)
DANA, SHOP, TEAM = Subject("user", "uid-dana"), Subject("team", "prj_shop"), Subject("organization", "")
DOLLAR = 10**9


@pytest.fixture
def fake() -> Iterator[FakeVercel]:
    with FakeVercel() as server:
        yield server


@pytest.fixture
def provider(fake: FakeVercel) -> Iterator[Vercel]:
    provider = at(fake)
    yield provider
    provider.close()


def at(fake: FakeVercel, token: str = "", account: str = "", key: str = "") -> Vercel:
    """A reader of that team."""
    return Vercel(
        "vercel",
        fake.url,
        token or fake.token,
        account or fake.team,
        "VERCEL_TOKEN",
        key or fake.key,
        "AI_GATEWAY_API_KEY",
        QUICK,
        None,
    )


# Usage ---------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_day_of_a_user_and_a_model(fake: FakeVercel, provider: Vercel) -> None:
    """What was paid beside what the vendor would take; what a cache had is apart from the input."""
    cached = {"cached_input_tokens": 300, "cache_creation_input_tokens": 100, "reasoning_tokens": 20}
    fake.use(DAY, "Dana@acme.test", Decimal("1.5"), 1000, "acme/gpt-x", output_tokens=80, **cached)
    assert charges(provider, DAY) == [
        Charge(
            "vercel",
            datetime(2026, 11, 21, tzinfo=UTC),
            24,
            "acme/gpt-x",
            subject="dana@acme.test",
            tokens_input=600,
            tokens_cache_read=300,
            tokens_cache_write_5m=100,
            tokens_output=80,
            tokens_reasoning=20,
            requests=1,
            cost_nanos=1_500_000_000,
            list_nanos=1_875_000_000,
        )
    ]


def test_what_names_nobody_is_nobodys(fake: FakeVercel, provider: Vercel) -> None:
    """The reports cannot be asked for it: it is what remains of a model."""
    fake.use(DAY, "uid-dana", Decimal("0.3"), 10)
    fake.use(DAY, None, Decimal("0.1"), 7)
    fake.use(DAY, None, Decimal(2), 70, "acme/other")
    told = {(cell.subject, cell.model): (cell.cost_nanos, cell.tokens_input) for cell in charges(provider, DAY)}
    assert told == {
        ("uid-dana", "acme/gpt-x"): (300_000_000, 10),
        ("", "acme/gpt-x"): (100_000_000, 7),
        ("", "acme/other"): (2_000_000_000, 70),
    }


def test_an_address_in_two_spellings_is_one_user(fake: FakeVercel, provider: Vercel) -> None:
    """Programs write what they like."""
    fake.use(DAY, "dana@acme.test", Decimal(1), 10)
    fake.use(DAY, "Dana@Acme.test", Decimal(2), 10)
    (cell,) = charges(provider, DAY)
    assert (cell.subject, cell.cost_nanos, cell.requests) == ("dana@acme.test", 3 * DOLLAR, 2)


def test_what_runs_on_own_vendor_keys_costs_nothing_here(fake: FakeVercel, provider: Vercel) -> None:
    """The tokens are told, and what they would have cost."""
    fake.use(DAY, "uid-dana", Decimal(0), 10, market_cost=1.25)
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.list_nanos, cell.tokens_input) == (0, 1_250_000_000, 10)


def test_reports_are_few_for_each_costs_money(fake: FakeVercel, provider: Vercel) -> None:
    """Two for a day and one for each user, four times a day."""
    for number in range(5):
        fake.use(DAY, f"u{number}", Decimal(1), 10)
    charges(provider, DAY)
    assert fake.reports == 7
    assert PROVIDERS["vercel"].read == "20 */6 * * *"


# Who and how much ----------------------------------------------------------------------------------------------------


def test_a_member_is_known_by_id_and_by_address(fake: FakeVercel, provider: Vercel) -> None:
    """For a program may name either; who shows no address is known by id alone."""
    fake.add_member("uid-bo", None, None)
    fake.set_budget("api-key", "key_1", 20, name="crawler")
    assert list(provider.people()) == [
        ProviderIdentity("user", "uid-dana", "Dana", "dana@acme.test"),
        ProviderIdentity("user", "dana@acme.test", "Dana", "dana@acme.test"),
        ProviderIdentity("user", "uid-bo", "uid-bo", ""),
        ProviderIdentity("team", "prj_shop", "shop"),
        ProviderIdentity("key", "key_1", "crawler"),
    ]


def test_hundreds_of_members_and_projects_come_in_pages(fake: FakeVercel, provider: Vercel) -> None:
    """A hundred at once."""
    for number in range(230):
        fake.add_member(f"u{number}", None, None)
        fake.add_project(f"p{number}")
    assert len(list(provider.limits())) == 1 + 231 + 231


def test_a_default_binds_until_an_own_budget_is_set(fake: FakeVercel, provider: Vercel) -> None:
    """Everybody has 50 unless said otherwise."""
    fake.defaults["user"] = 50
    fake.spent["user", "uid-dana"] = 12.34
    seen = provider.limit(DANA)
    assert seen == Limit(DANA, 50 * DOLLAR, spent_nanos=12_340_000_000)
    assert provider.set_limit(DANA, 80 * DOLLAR).amount_nanos == 80 * DOLLAR
    assert fake.budgets["user", "uid-dana"]["limitAmount"] == 80


def test_a_limit_says_what_is_counted_and_whether_it_refuses(fake: FakeVercel, provider: Vercel) -> None:
    """The budget's own counter, by its own period."""
    fake.set_budget("project", "prj_shop", 12.5, "weekly")
    fake.spent["project", "prj_shop"] = 12.75
    assert provider.limit(SHOP) == Limit(SHOP, 12_500_000_000, "week", spent_nanos=12_750_000_000, refusing=True)


def test_a_budget_that_is_switched_off_limits_nobody(fake: FakeVercel, provider: Vercel) -> None:
    """It stands there and counts on."""
    fake.set_budget("user", "uid-dana", 50, active=False)
    fake.set_budget("team", fake.team, 50, archived=True)
    assert {each.subject: each.amount_nanos for each in provider.limits()} == {DANA: None, SHOP: None}
    assert provider.limit(DANA) == Limit(DANA, None)


def test_what_else_stands_at_a_budget_stays(fake: FakeVercel, provider: Vercel) -> None:
    """Whether own vendor keys count, and when Vercel warns."""
    fake.set_budget("user", "uid-dana", 50, includeByokInQuota=True, alertThresholds=[90])
    provider.set_limit(DANA, 60 * DOLLAR)
    row = fake.budgets["user", "uid-dana"]
    assert (row["limitAmount"], row["includeByokInQuota"], row["alertThresholds"]) == (60, True, [90])


def test_nothing_is_the_least_budget_for_all_time(fake: FakeVercel, provider: Vercel) -> None:
    """Vercel takes no budget below one dollar; one of the month is a dollar, and not nothing."""
    provider.set_limit(TEAM, 0)
    row = fake.budgets["team", fake.team]
    assert (row["limitAmount"], row["refreshPeriod"]) == (1, "none")
    assert provider.set_limit(TEAM, DOLLAR) == Limit(TEAM, DOLLAR, spent_nanos=0)


def test_a_budget_that_is_not_understood_is_not_taken_for_none(fake: FakeVercel, provider: Vercel) -> None:
    """Whose it is, they are left out of the list, and nothing is written over it."""
    fake.set_budget("user", "uid-dana", 50, "fortnightly")
    told, odd = with_odd(provider.limits)
    assert [each.subject for each in told if each.subject == DANA] == []
    assert [row.field for row in odd] == ["refreshPeriod"]
    assert "does not say what uid-dana may spend" in str(refused(lambda: provider.set_limit(DANA, DOLLAR)))


# Keys ----------------------------------------------------------------------------------------------------------------


def test_a_token_that_may_not_write_is_told(fake: FakeVercel, provider: Vercel) -> None:
    """By its name, at the first limit; nothing is written to find out."""
    fake.owner = False
    trouble = refused(lambda: provider.set_limit(DANA, DOLLAR))
    assert isinstance(trouble, KeyRefusedError)
    assert "VERCEL_TOKEN" in str(trouble)


def test_each_key_is_told_by_its_own_name(fake: FakeVercel) -> None:
    """What one of them lacks does not hide the other."""
    provider = at(fake, token="vcp_another")
    assert ["VERCEL_TOKEN" in advice for advice in findings(provider).values()] == [True]
    provider.close()
    provider = at(fake, key="vck_another")
    assert {"AI_GATEWAY_API_KEY" in advice for advice in findings(provider).values()} == {True}
    provider.close()


def test_a_plan_without_reports_is_told(fake: FakeVercel, provider: Vercel) -> None:
    """Budgets work on."""
    fake.has_reports = False
    (advice,) = findings(provider).values()
    assert "a team on Pro or Enterprise" in advice
    assert provider.set_limit(DANA, DOLLAR).amount_nanos == DOLLAR


def test_a_slug_in_place_of_the_id_is_told(fake: FakeVercel) -> None:
    """Members are asked for by the id."""
    provider = at(fake, account="acme")
    assert "begins with team_" in findings(provider)["account is the id of a team"]
    provider.close()


def test_used_up_credit_is_told(fake: FakeVercel, provider: Vercel) -> None:
    """Then every call is refused, whoever's."""
    fake.balance = "0.00"
    assert "Buy credits" in findings(provider)["credit left: 0.00 USD"]


def test_two_keys_are_two_variables(tmp_path: Path) -> None:
    """app.yaml may name both, and neither goes to the other's host."""
    (tmp_path / "app.yaml").write_text(
        "providers: [{kind: vercel, account: team_acme, key: ACME_TOKEN, reports_key: ACME_REPORTS}]\n"
    )
    settings = load({"BURSAR_CONFIG": str(tmp_path / "app.yaml")})
    environ = {"ACME_TOKEN": "vcp_1", "ACME_REPORTS": "vck_2"}
    with FakeVercel() as fake:
        fake.token, fake.key = "vcp_1", "vck_2"
        placed = settings.model_copy(
            update={"providers": tuple(each.model_copy(update={"url": fake.url}) for each in settings.providers)}
        )
        app = build(placed, environ, url=f"sqlite:///{tmp_path}/bursar.db")
        assert findings(app.providers["vercel"]) == {}
        app.close()
