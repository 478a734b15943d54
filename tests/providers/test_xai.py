"""What xAI reports of keys, and the one limit of its team."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.providers.base import Limit, ProviderIdentity, midnight
from bot.providers.xai import XAI
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused, with_odd
from tests.support.fakes.xai import FakeXAI

DAY = date(2026, 11, 21)
DANA, TEAM = Subject("key", "key-dana"), Subject("organization", "")
DOLLAR = 10**9


@pytest.fixture
def fake() -> Iterator[FakeXAI]:
    with FakeXAI() as server:
        yield server


@pytest.fixture
def provider(fake: FakeXAI) -> Iterator[XAI]:
    provider = at(fake)
    yield provider
    provider.close()


def at(fake: FakeXAI, key: str = "", team: str = "") -> XAI:
    """A reader of that team."""
    return XAI("xai", fake.url, key or fake.key, team, "XAI_MANAGEMENT_KEY", QUICK, None)


# Usage ---------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_day_of_a_key_and_what_was_bought(fake: FakeXAI, provider: XAI) -> None:
    """Money alone, in dollars; what the day before had is the day before's."""
    fake.use(DAY, "key-dana", Decimal("0.75973725"), hour=0)
    fake.use(DAY, "key-dana", Decimal("0.1"), hour=23)
    fake.use(DAY - timedelta(days=1), "key-dana", Decimal(7), hour=23)
    start = datetime(2026, 11, 21, tzinfo=UTC)
    assert charges(provider, DAY) == [
        Charge("xai", start, 24, "Chat grok-4", resource="key-dana", cost_nanos=859_737_250)
    ]


def test_hours_are_told_as_days_are(fake: FakeXAI, provider: XAI) -> None:
    """Each with its own cost, so that a night of spending is seen in the night."""
    fake.use(DAY, "key-crawler", Decimal(2), hour=3)
    fake.use(DAY, "key-crawler", Decimal(40), hour=4)
    told = list(provider.hours(midnight(DAY), midnight(DAY) + timedelta(hours=5)))
    assert [(each.bucket_start.hour, each.bucket_hours, each.cost_nanos) for each in told] == [
        (3, 1, 2 * DOLLAR),
        (4, 1, 40 * DOLLAR),
    ]


@pytest.mark.parametrize(
    ("groups", "told"), [({"description"}, ("", "Chat grok-4")), (set(), ("", ""))], ids=["by what", "not at all"]
)
def test_what_cannot_be_told_apart_is_told_together(
    fake: FakeXAI, provider: XAI, groups: set[str], told: tuple[str, str]
) -> None:
    """Older accounts know fewer groupings."""
    fake.groups = groups
    fake.use(DAY, "key-dana", Decimal(1))
    fake.use(DAY, "key-crawler", Decimal(2))
    (cell,) = charges(provider, DAY)
    assert ((cell.resource, cell.model), cell.cost_nanos) == (told, 3 * DOLLAR)


def test_an_answer_that_was_cut_off_is_never_counted(fake: FakeXAI, provider: XAI) -> None:
    """Less finely grouped there are fewer rows; if even these are too many, nothing is counted."""
    fake.use(DAY, "key-dana", Decimal(1))
    fake.use(DAY, "key-crawler", Decimal(2))
    fake.series_max = 1
    assert [(cell.resource, cell.cost_nanos) for cell in charges(provider, DAY)] == [("", 3 * DOLLAR)]
    fake.series_max = 0
    assert "more rows for 2026-11-21 than it gives at once" in str(refused(lambda: charges(provider, DAY)))


def test_an_odd_point_hides_no_other(fake: FakeXAI, provider: XAI) -> None:
    """One of another day is set aside, a nought of another day is nothing."""
    good = {"timestamp": "2026-11-21T00:00:00Z", "values": [1.5]}
    points = [good, {"timestamp": "2026-11-22T00:00:00Z", "values": [0]}]
    odd = [{"timestamp": "2026-11-23T00:00:00Z", "values": [4]}, {"timestamp": "soon", "values": [4]}]
    for group in (["key-dana", "Chat grok-4"], ["key-dana"]):
        body = {"timeSeries": [{"group": group, "dataPoints": [*points, *odd]}]}
        fake.fail_next(200, body=body, path=f"/v1/billing/teams/{fake.team}/usage")
    cells, aside = with_odd(lambda: charges(provider, DAY))
    assert [cell.cost_nanos for cell in cells] == [1_500_000_000]
    assert sum(each.rows for each in aside) == 2
    assert "another kind" in with_odd(lambda: charges(provider, DAY))[1][0].why


# Limits --------------------------------------------------------------------------------------------------------------


def test_the_lower_of_two_limits_is_seen(fake: FakeXAI, provider: XAI) -> None:
    """The vendor has one of its own, which is not ours to set."""
    fake.hard = 15_000
    assert provider.limit(TEAM) == Limit(TEAM, 200 * DOLLAR, caps=(("month", 150 * DOLLAR),))
    fake.hard = 30_000
    assert provider.limit(TEAM) == Limit(TEAM, 200 * DOLLAR)


def test_a_limit_that_was_never_set_is_none(fake: FakeXAI, provider: XAI) -> None:
    """And one of nought is nought, though the amount is left out."""
    fake.soft = None
    assert provider.limit(TEAM) == Limit(TEAM, None, caps=(("month", 225_000 * DOLLAR),))
    fake.soft = 0
    assert provider.limit(TEAM) == Limit(TEAM, 0)


def test_a_key_has_no_limit(provider: XAI) -> None:
    """It can only be paused."""
    assert "can only limit the organization" in str(refused(lambda: provider.set_limit(DANA, DOLLAR)))
    assert provider.limit(DANA) == Limit(DANA, None, name="dana")


def test_a_key_that_was_disabled_stays_so(fake: FakeXAI, provider: XAI) -> None:
    """Somebody did it for a reason that we don't know."""
    fake.keys["key-dana"]["disabled"] = True
    before = provider.before(DANA)
    provider.pause(DANA)
    provider.resume(DANA, before)
    assert fake.keys["key-dana"]["disabled"] is True


def test_hundreds_of_keys_come_in_pages(fake: FakeXAI, provider: XAI) -> None:
    """A hundred at once."""
    for number in range(230):
        fake.add_key(f"key-{number}", None)
    assert len(list(provider.people())) == 232
    assert next(provider.people()) == ProviderIdentity("key", "key-dana", name="dana")


# Keys ----------------------------------------------------------------------------------------------------------------


def test_the_credit_that_is_left_is_shown_as_people_count_it(provider: XAI) -> None:
    """It is told below zero."""
    assert "prepaid credit left: 45.00 USD" in [line.what for line in provider.check()]


def test_a_key_of_an_organization_needs_the_team(fake: FakeXAI) -> None:
    """Which stands as account then."""
    fake.scope = {"scope": "SCOPE_ORGANIZATION", "scopeId": "org-1"}
    provider = at(fake)
    (advice,) = findings(provider).values()
    assert "write the team's id as account" in advice
    provider.close()
    provider = at(fake, team=fake.team)
    assert findings(provider) == {}
    provider.close()


def test_an_api_key_is_not_a_management_key(fake: FakeXAI) -> None:
    """It is told which is needed."""
    provider = at(fake, key="xai-an-api-key")
    (advice,) = findings(provider).values()
    assert "a management key of the team" in advice
    provider.close()
