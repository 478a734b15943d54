"""What Volcengine Ark reports, and what its bills say later."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.errors import UndeliverableError
from bot.providers.base import ProviderIdentity
from bot.providers.volcengine import Volcengine
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused
from tests.support.fakes.volcengine import FakeVolcengine

DAY = date(2026, 11, 21)
DANA = Subject("key", "ep-dana")


@pytest.fixture
def ark() -> Iterator[FakeVolcengine]:
    with FakeVolcengine() as server:
        yield server


@pytest.fixture
def provider(ark: FakeVolcengine) -> Iterator[Volcengine]:
    provider = at(ark)
    yield provider
    provider.close()


def at(ark: FakeVolcengine, account: str = "", key: str = "") -> Volcengine:
    """A reader of that account."""
    return Volcengine("ark", ark.url, key or ark.secret, account or ark.key_id, "ARK_KEY", lambda: ark.now, QUICK, None)


def test_a_cell_is_a_day_of_an_endpoint(ark: FakeVolcengine, provider: Volcengine) -> None:
    """Tokens at once, without money; the model is the endpoint's."""
    ark.use(DAY, "ep-dana", Decimal(0), PromptTokens=900, CompletionTokens=80)
    assert charges(provider, DAY) == [
        Charge(
            "ark",
            datetime(2026, 11, 21, tzinfo=UTC),
            24,
            "doubao-seed-1-6",
            sub_account="default",
            resource="ep-dana",
            tokens_input=900,
            tokens_output=80,
            currency="CNY",
            cost_source="unpriced",
        )
    ]


def test_the_bill_says_what_it_cost(ark: FakeVolcengine, provider: Volcengine) -> None:
    """The next day, in the same cell, beside what it would have cost by the list."""
    ark.use(DAY, "ep-dana", Decimal(1))
    ark.bill(DAY, "ep-dana", "12.34", "15.00")
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.list_nanos, cell.currency, cell.cost_source) == (
        12_340_000_000,
        15_000_000_000,
        "CNY",
        "invoice",
    )


def test_what_prepaid_tokens_paid_for_is_not_free(ark: FakeVolcengine, provider: Volcengine) -> None:
    """The bill says nothing is to be paid, and 1,000 tokens were used: they are priced as before the bill."""
    ark.use(DAY, "ep-dana", Decimal(1))
    ark.bill(DAY, "ep-dana", "0", "0")
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.cost_source) == (None, "unpriced")


def test_bills_that_may_not_be_read_hide_no_usage(ark: FakeVolcengine, provider: Volcengine) -> None:
    """They are not needed; `check` notes it."""
    ark.use(DAY, "ep-dana", Decimal(1))
    ark.has_bills = False
    assert [cell.tokens_input for cell in charges(provider, DAY)] == [1000]
    assert findings(provider) == {}
    assert "estimates" in {line.what: line.advice for line in provider.check()}["ARK_KEY may read ListBillDetail"]


def test_a_day_is_one_of_beijing(ark: FakeVolcengine, provider: Volcengine) -> None:
    """At 17:30 UTC the next day has begun there, and what is used then is read with today's."""
    ark.now = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    ark.use(date(2026, 11, 22), "ep-dana", Decimal(2))
    assert [cell.bucket_start.day for cell in charges(provider, DAY)] == [22]


def test_projects_are_those_that_are_named(ark: FakeVolcengine) -> None:
    """The usual one shows only itself."""
    ark.add("ep-lab", "lab", "research")
    provider = at(ark, f"{ark.key_id}/default, research")
    assert [each.external_id for each in provider.people()] == [
        "ep-dana",
        "ep-crawler",
        "ep-lab",
        "default",
        "research",
    ]
    provider.close()


def test_an_endpoint_is_named_with_whose_it_is(provider: Volcengine) -> None:
    """As a tag says."""
    assert next(provider.people()) == ProviderIdentity("key", "ep-dana", name="dana (dana@acme.test)")


def test_hundreds_of_endpoints_come_in_pages(ark: FakeVolcengine, provider: Volcengine) -> None:
    """A hundred at once."""
    for number in range(230):
        ark.add(f"ep-{number}", None)
    assert len(list(provider.limits())) == 232


def test_starting_that_the_api_does_not_know_is_said(ark: FakeVolcengine, provider: Volcengine) -> None:
    """The documents have it, the SDK does not."""
    before = provider.before(DANA)
    provider.pause(DANA)
    ark.starts = False
    trouble = refused(lambda: provider.resume(DANA, before))
    assert isinstance(trouble, UndeliverableError)
    assert "start it in the console" in str(trouble)


def test_an_endpoint_that_was_stopped_stays_so(ark: FakeVolcengine, provider: Volcengine) -> None:
    """Somebody did it for a reason that we don't know."""
    ark.endpoints["ep-dana"]["Status"] = "Stopped"
    before = provider.before(DANA)
    provider.pause(DANA)
    provider.resume(DANA, before)
    assert ark.endpoints["ep-dana"]["Status"] == "Stopped"


def test_a_secret_of_another_id_is_told(ark: FakeVolcengine) -> None:
    """What is signed does not fit."""
    provider = at(ark, key="another")
    (advice,) = findings(provider).values()
    provider.close()
    assert "the secret does not belong to the access key id" in advice
