"""What Devin reports in ACUs, and the limits of its organizations."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.providers.base import Limit, ProviderIdentity
from bot.providers.devin import Devin
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused, with_odd
from tests.support.fakes.devin import FakeDevin

DAY = date(2026, 11, 21)
PLATFORM, LAB = Subject("team", "org-platform"), Subject("team", "org-lab")
PRICE = Decimal("2.25")
DOLLAR = 10**9


@pytest.fixture
def fake() -> Iterator[FakeDevin]:
    with FakeDevin() as server:
        yield server


@pytest.fixture
def provider(fake: FakeDevin) -> Iterator[Devin]:
    provider = at(fake)
    yield provider
    provider.close()


def at(fake: FakeDevin, acu: Decimal | None = PRICE, key: str = "") -> Devin:
    """A reader of that enterprise."""
    return Devin("devin", fake.url, key or fake.key, acu, "DEVIN_SERVICE_KEY", QUICK, None)


def test_a_cell_is_a_day_of_a_person_and_a_product(fake: FakeDevin, provider: Devin) -> None:
    """At the contract's price of an ACU; an id with odd letters is asked for as it is."""
    fake.use(DAY, "email|dana", Decimal("10.5"))
    assert charges(provider, DAY) == [
        Charge(
            "devin", datetime(2026, 11, 21, tzinfo=UTC), 24, "devin", subject="email|dana", cost_nanos=23_625_000_000
        )
    ]


def test_what_no_person_used_is_nobodys(fake: FakeDevin, provider: Devin) -> None:
    """Service users have sessions, too; what people used is not in it twice."""
    fake.use(DAY, "email|dana", Decimal("0.1"))
    fake.use(DAY, "email|dana", Decimal("0.2"), product="cascade")
    fake.use(DAY, "", Decimal(4))
    told = {(cell.subject, cell.model): cell.cost_nanos for cell in charges(provider, DAY)}
    assert told == {
        ("email|dana", "devin"): 225_000_000,
        ("email|dana", "cascade"): 450_000_000,
        ("", "devin"): 9 * DOLLAR,
    }


def test_what_is_of_no_product_counts_as_well(fake: FakeDevin, provider: Devin) -> None:
    """New products come before their names, and parts that are more than the whole cannot be right."""
    at_eight = int(datetime(2026, 11, 21, 8, tzinfo=UTC).timestamp())
    day = {"date": at_eight, "acus": 5.0, "acus_by_product": {"devin": 3.0}}
    fake.fail_next(200, body={"consumption_by_date": [day]}, path="/v3/enterprise/consumption/daily")
    assert {cell.model: cell.cost_nanos for cell in charges(provider, DAY)} == {
        "": 4_500_000_000,
        "devin": 6_750_000_000,
    }
    day["acus"] = 1.0
    fake.fail_next(200, body={"consumption_by_date": [day]}, path="/v3/enterprise/consumption/daily")
    cells, odd = with_odd(lambda: charges(provider, DAY))
    assert (cells, [row.field for row in odd]) == ([], ["acus_by_product"])


def test_without_a_price_acus_are_unpriced_and_no_limit_is_told(fake: FakeDevin) -> None:
    """Prices differ by contract: none is made up."""
    fake.use(DAY, "email|dana", Decimal(3))
    provider = at(fake, None)
    (cell,) = charges(provider, DAY)
    assert (cell.cost_nanos, cell.cost_source) == (None, "unpriced")
    assert list(provider.limits()) == []
    assert "credit: 2.25" in str(refused(lambda: provider.set_limit(PLATFORM, DOLLAR)))
    assert list(findings(provider)) == ["it is known what an ACU costs"]
    provider.close()


def test_a_limit_is_whole_acus(fake: FakeDevin, provider: Devin) -> None:
    """Rounded down, so that nobody gets more than was decided."""
    assert provider.limit(PLATFORM) == Limit(PLATFORM, 225 * DOLLAR, name="platform")
    assert provider.step_nanos == 2_250_000_000
    provider.set_limit(LAB, 20 * DOLLAR)
    assert fake.limits["org-lab"] == 8
    assert provider.limit(LAB) == Limit(LAB, 18 * DOLLAR)


def test_no_limit_is_none_and_a_persons_is_not_an_organizations(fake: FakeDevin, provider: Devin) -> None:
    """They stand in one list."""
    fake.limits["org-platform"] = None
    assert [(each.subject, each.amount_nanos) for each in provider.limits()] == [(PLATFORM, None), (LAB, None)]


def test_a_limit_that_is_not_understood_is_not_taken_for_none(fake: FakeDevin, provider: Devin) -> None:
    """It is named, and the organization is left out."""
    fake.limits["org-platform"] = -3
    told, odd = with_odd(provider.limits)
    assert [each.subject for each in told] == [LAB]
    assert [row.field for row in odd] == ["cycle_acu_limit"]


def test_hundreds_of_people_come_in_pages(fake: FakeDevin, provider: Devin) -> None:
    """Two hundred at once."""
    for number in range(450):
        fake.add_person(f"u{number}", None, None)
    people = list(provider.people())
    assert len(people) == 453
    assert people[0] == ProviderIdentity("user", "email|dana", "Dana", "dana@acme.test")


def test_a_key_that_is_not_known_is_told_by_its_name(fake: FakeDevin) -> None:
    """With the one that is needed."""
    provider = at(fake, key="apk_user_1")
    (advice,) = findings(provider).values()
    assert "DEVIN_SERVICE_KEY" in advice
    assert "begins with cog_" in advice
    provider.close()
