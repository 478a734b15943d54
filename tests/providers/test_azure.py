"""Azure's bill for AI: by day, resource and model, through Cost Management."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.errors import KeyRefusedError, UndeliverableError
from bot.http import Patience
from bot.providers.azure import Azure
from tests.support.fakes.azure import FakeAzure, resource_of

DAY = date(2026, 11, 18)
QUICK = Patience(attempts=2, total_s=20.0, silence_s=0.3, pause_s=0.001)


class Clock:
    """A clock that is set."""

    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Now."""
        return self.moment


@pytest.fixture
def fake() -> Iterator[FakeAzure]:
    with FakeAzure() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def azure(fake: FakeAzure, clock: Clock) -> Iterator[Azure]:
    with closing(Azure("az", fake.url, fake.key, fake.account, "A_KEY", clock, QUICK, None)) as made:
        yield made


def test_meters_of_one_model_are_one_cell_over_all_pages(fake: FakeAzure, azure: Azure) -> None:
    """Input, output and cached; the resource is the key, its group the team."""
    fake.page_rows = 2
    for meter, cost in (
        ("gpt 5 Inp glbl Tokens", "1.5"),
        ("gpt 5 cchd Inp glbl 1M Tokens", "0.25"),
        ("gpt 5 Outp glbl Tokens", "2"),
    ):
        fake.use(DAY, "oai-prod", Decimal(cost), meter=meter)
    fake.use(DAY, "oai-prod", Decimal(7), meter="Provisioned Managed Global Unit")
    gpt, ptu = sorted(azure.charges(DAY, DAY), key=lambda cell: cell.cost_nanos or 0)
    assert (gpt.model, gpt.cost_nanos, gpt.sub_account) == ("gpt 5", 3_750_000_000, "ai-prod")
    assert gpt.resource == resource_of("oai-prod").lower()
    assert (ptu.model, ptu.cost_nanos) == ("Provisioned Managed Global Unit", 7 * 10**9)


def test_what_is_no_ai_does_not_count(fake: FakeAzure, azure: Azure) -> None:
    """A subscription holds more than that; one resource in two cases is one."""
    fake.use(DAY, "/subscriptions/9c3e/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm", Decimal(99))
    fake.use(DAY, resource_of("oai"), Decimal(1))
    fake.use(DAY, resource_of("oai").upper(), Decimal(2))
    (cell,) = azure.charges(DAY, DAY)
    assert cell.cost_nanos == 3 * 10**9


def test_a_token_is_made_once_and_again_before_it_ends(fake: FakeAzure, azure: Azure, clock: Clock) -> None:
    """Not with every question."""
    for _ in range(3):
        list(azure.charges(DAY, DAY))
    clock.moment += timedelta(minutes=59)
    list(azure.charges(DAY, DAY))
    assert sum(heard.path.endswith("/token") for heard in fake.requests) == 2


def test_a_wrong_secret_is_told_by_its_name(fake: FakeAzure) -> None:
    """Entra says so, before Azure is asked."""
    made = Azure("az", fake.url, "wrong", fake.account, "A_KEY", Clock(), QUICK, None)
    with closing(made) as azure, pytest.raises(KeyRefusedError, match="A_KEY"):
        list(azure.charges(DAY, DAY))
    assert not any(heard.path.endswith("/query") for heard in fake.requests)


def test_an_account_of_another_form_is_refused_in_a_sentence(fake: FakeAzure) -> None:
    """With what it must look like."""
    made = Azure("az", fake.url, fake.key, "contoso", "A_KEY", Clock(), QUICK, None)
    with closing(made) as azure, pytest.raises(UndeliverableError, match="the tenant, the application id"):
        list(azure.charges(DAY, DAY))


def test_our_token_is_taken_to_no_other_host(fake: FakeAzure, azure: Azure) -> None:
    """Wherever an answer says that its next page is."""
    columns = [{"name": name, "type": "String"} for name in ("UsageDate", "Cost", "Meter", "ResourceId", "Currency")]
    body = {"properties": {"columns": columns, "rows": [], "nextLink": "http://169.254.169.254/x?y=1"}}
    list(azure.charges(DAY, DAY))
    fake.fail_next(200, body=body)
    with pytest.raises(UndeliverableError, match="do not trust"):
        list(azure.charges(DAY, DAY))
