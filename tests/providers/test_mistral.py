"""Mistral: usage by the month with its prices beside it, and one limit for the whole organization."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.errors import UndeliverableError
from bot.http import Patience
from bot.providers.mistral import Mistral
from storage.charges import Charge
from storage.limits import Subject
from tests.support.fakes.mistral import FakeMistral

DAY = date(2026, 10, 31)
QUICK = Patience(attempts=2, total_s=20.0, silence_s=0.3, pause_s=0.001)


@pytest.fixture
def fake() -> Iterator[FakeMistral]:
    with FakeMistral() as server:
        yield server


@pytest.fixture
def provider(fake: FakeMistral) -> Iterator[Mistral]:
    with closing(Mistral("m", fake.url, fake.key, "A_KEY", QUICK, None)) as made:
        yield made


def only(provider: Mistral, first: date = DAY, last: date = DAY) -> Charge:
    """The one cell that is told."""
    (cell,) = provider.charges(first, last)
    return cell


@pytest.mark.parametrize("per", [1, 1_000_000])
def test_a_price_is_one_of_a_token_or_of_a_million_as_its_size_tells(
    fake: FakeMistral, provider: Mistral, per: int
) -> None:
    """The description does not say which; both come to the same."""
    fake.per, fake.currency = per, "EUR"
    fake.lines["default", DAY, "large"] = {
        "input": (3_000_000, Decimal("0.000002")),
        "output": (500, Decimal("0.000006")),
    }
    cell = only(provider)
    assert (cell.tokens_input, cell.tokens_output, cell.cost_nanos) == (3_000_000, 500, 6_003_000_000)
    assert (cell.currency, cell.sub_account, cell.model, cell.cost_source) == ("EUR", "default", "large", "cost_report")


def test_cached_tokens_stand_apart(fake: FakeMistral, provider: Mistral) -> None:
    """Each kind at its own price."""
    fake.lines["default", DAY, "small"] = {
        "input": (10, Decimal("0.0001")),
        "input_cached": (90, Decimal("0.00001")),
        "output": (0, None),
    }
    fake.lines["default", DAY, "small"].pop("output")
    cell = only(provider)
    assert (cell.tokens_input, cell.tokens_cache_read, cell.cost_nanos) == (10, 90, 1_900_000)


def test_a_line_without_a_price_leaves_its_cell_without_a_cost(fake: FakeMistral, provider: Mistral) -> None:
    """Half a cost is none: prices of one's own or of the list count then."""
    fake.lines["default", DAY, "new"] = {"input": (10, Decimal("0.0001")), "output": (7, None)}
    cell = only(provider)
    assert (cell.cost_nanos, cell.cost_source, cell.tokens_output) == (None, "unpriced", 7)


def test_days_over_the_end_of_a_month_are_asked_for_month_by_month(fake: FakeMistral, provider: Mistral) -> None:
    """Once for each workspace and month."""
    for day in (DAY, date(2026, 11, 1), date(2026, 11, 2)):
        fake.use(day, "default", Decimal(1))
    found = list(provider.charges(DAY, date(2026, 11, 1)))
    assert sorted(cell.bucket_start.date() for cell in found) == [DAY, date(2026, 11, 1)]
    asked = [(heard.query["year"], heard.query["month"]) for heard in fake.requests if heard.path.endswith("/usage")]
    assert asked == [("2026", "10"), ("2026", "11")]


def test_the_limit_is_told_with_what_was_used_of_it(fake: FakeMistral, provider: Mistral) -> None:
    """And whether there is none; nobody but the organization has one."""
    held = provider.limit(Subject("organization", ""))
    assert held is not None
    assert (held.amount_nanos, held.spent_nanos, held.currency) == (500 * 10**9, 12_500_000_000, "USD")
    fake.limit = None
    assert [each.amount_nanos for each in provider.limits()] == [None]
    assert provider.limit(Subject("team", "default")) is None
    with pytest.raises(UndeliverableError):
        provider.set_limit(Subject("team", "default"), 10**9)


def test_a_month_is_asked_for_once_for_all_its_days_and_anew_by_the_next_reading(
    fake: FakeMistral, provider: Mistral
) -> None:
    """Days are read one after the other; a day that is asked for again gets the newest word."""

    def asked() -> int:
        return sum(heard.path.endswith("/usage") for heard in fake.requests)

    days = [date(2026, 11, 1) + timedelta(days=number) for number in range(20)]
    first = [charge for day in days for charge in provider.charges(day, day)]
    once = asked()
    assert first == list(provider.charges(days[0], days[-1]))
    assert asked() == 2 * once
    list(provider.charges(days[-1], days[-1]))
    assert asked() == 3 * once
