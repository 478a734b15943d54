"""What Alibaba Cloud bills by key and model, and which keys it switches off."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.errors import UnreachableError
from bot.providers.alibaba import Alibaba
from bot.providers.base import ProviderIdentity, ProviderSeat
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused
from tests.support.fakes.alibaba import FakeAlibaba

DAY = date(2026, 11, 21)
DANA = Subject("key", "1001")


@pytest.fixture
def studio() -> Iterator[FakeAlibaba]:
    with FakeAlibaba() as server:
        yield server


@pytest.fixture
def provider(studio: FakeAlibaba) -> Iterator[Alibaba]:
    provider = at(studio)
    yield provider
    provider.close()


def at(studio: FakeAlibaba, key: str = "") -> Alibaba:
    """A reader of that account."""
    return Alibaba("qwen", studio.url, key or studio.secret, studio.key_id, "A_KEY", lambda: studio.now, QUICK, None)


def costs(cells: list[Charge]) -> dict[tuple[str, str], int]:
    """Fen by key and model."""
    return {(cell.resource, cell.model): (cell.cost_nanos or 0) // 10**7 for cell in cells}


def test_a_cell_is_a_day_of_a_key_and_a_model(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Before taxes, as all other vendors count."""
    studio.use(DAY, "1001", Decimal("7.25"))
    assert charges(provider, DAY) == [
        Charge(
            "qwen",
            datetime(2026, 11, 21, tzinfo=UTC),
            24,
            "qwen3-max",
            resource="1001",
            cost_nanos=7_250_000_000,
            currency="CNY",
            cost_source="invoice",
        )
    ]


def test_more_keys_than_a_question_tells_are_all_counted(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Twenty are told and the others are one figure: they are asked for by name, and nothing is counted twice."""
    for number in range(57):
        studio.use(DAY, f"{2000 + number}", Decimal(number + 1), model=f"qwen-{number % 3}")
    found = costs(charges(provider, DAY))
    assert found == {(f"{2000 + number}", f"qwen-{number % 3}"): 100 * (number + 1) for number in range(57)}


def test_what_is_of_no_key_or_of_a_key_that_is_gone_is_nobodys(studio: FakeAlibaba, provider: Alibaba) -> None:
    """The day adds up to its total."""
    studio.use(DAY, "", Decimal(5))
    for number in range(30):
        studio.use(DAY, f"{2000 + number}", Decimal(10 + number))
        if number < 3:
            del studio.keys[f"{2000 + number}"]
    cells = charges(provider, DAY)
    assert sum(costs(cells).values()) == 100 * (5 + sum(10 + number for number in range(30)))
    assert costs(cells)["", ""] == 100 * (5 + 10 + 11 + 12)


def test_a_plan_that_is_bought_ahead_is_no_use_of_a_day(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Its fee would be a spike."""
    studio.use(DAY, "1001", Decimal(1))
    studio.use(DAY, "1001", Decimal(9000), fee="subscription")
    assert costs(charges(provider, DAY)) == {("1001", "qwen3-max"): 100}


def test_an_account_abroad_is_billed_in_its_currency(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Nothing is taken for yuan that is none."""
    studio.currency = "USD"
    studio.use(DAY, "1001", Decimal(1))
    assert [cell.currency for cell in charges(provider, DAY)] == ["USD"]


def test_keys_and_seats_are_told_and_what_a_key_looks_like_is_not(studio: FakeAlibaba, provider: Alibaba) -> None:
    """The list has it; nothing of ours keeps it."""
    studio.seat("acc-1", "ana@acme.test", 40)
    people = list(provider.people())
    assert people == [
        ProviderIdentity("key", "1001", name="dana laptop"),
        ProviderIdentity("user", "acc-1", email="ana@acme.test"),
        ProviderIdentity("team", "ws-main", name="Main"),
    ]
    assert studio.value not in repr(people) + repr(vars(provider))


def test_a_seat_of_which_nothing_was_used_is_idle(studio: FakeAlibaba, provider: Alibaba) -> None:
    """As far as its cycle tells."""
    studio.seat("acc-1", None, 40)
    studio.seat("acc-2", None, 0, "pro")
    assert list(provider.seats()) == [
        ProviderSeat("acc-1", "alibaba_token_plan_standard", None, date(2026, 11, 22)),
        ProviderSeat("acc-2", "alibaba_token_plan_pro", None, None),
    ]
    studio.has_plan = False
    assert list(provider.seats()) == []


def test_hundreds_of_keys_come_in_pages(studio: FakeAlibaba, provider: Alibaba) -> None:
    """A hundred at once."""
    for number in range(230):
        studio.add_key(f"{3000 + number}", None)
    assert len(list(provider.limits())) == 231


def test_a_key_that_was_off_stays_off(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Somebody did it for a reason that we don't know."""
    studio.keys["1001"]["disabled"] = 1
    before = provider.before(DANA)
    provider.pause(DANA)
    provider.resume(DANA, before)
    assert studio.keys["1001"]["disabled"] == 1


def test_a_secret_of_another_id_is_told(studio: FakeAlibaba) -> None:
    """It comes with status 400."""
    provider = at(studio, "another")
    (advice,) = findings(provider).values()
    provider.close()
    assert "the secret does not belong to the AccessKey ID" in advice


def test_too_many_calls_are_no_refusal(studio: FakeAlibaba, provider: Alibaba) -> None:
    """Whatever status they come with."""
    body = {"code": "Throttling.User", "message": "slow down", "success": False}
    studio.fail_next(400, body=body)
    assert provider.limit(DANA)
    studio.fail_next(400, body=body, times=9)
    assert isinstance(refused(lambda: provider.limit(DANA)), UnreachableError)
