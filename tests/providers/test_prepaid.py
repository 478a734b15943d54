"""Vendors that tell what credit is left and nothing else."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.http import Patience
from bot.providers.base import ProviderCredit
from bot.providers.prepaid import VENDORS, Prepaid
from bot.providers.set_aside import setting_aside
from tests.support.fakes.prepaid import FakeDeepSeek, FakeMoonshot, FakeZhipu

QUICK = Patience(attempts=2, total_s=20.0, silence_s=0.3, pause_s=0.001)
FAKES = {"deepseek": FakeDeepSeek, "moonshot": FakeMoonshot, "zhipu": FakeZhipu}
FOR_EVER = 50
Fake = Any

every = pytest.mark.parametrize("vendor", list(VENDORS))


@pytest.fixture
def fake(vendor: str) -> Iterator[Fake]:
    with FAKES[vendor]() as server:
        yield server


@pytest.fixture
def provider(vendor: str, fake: Fake) -> Iterator[Prepaid]:
    """The provider that asks the fake."""
    with closing(opened(vendor, fake)) as made:
        yield made


def opened(vendor: str, fake: Fake, key: str = "") -> Prepaid:
    """A provider that asks a fake."""
    return Prepaid(vendor, vendor, fake.url, key or fake.key, "A_KEY", QUICK, None)


def trouble_of(provider: Prepaid) -> OutsideError:
    """What reading meets."""
    with pytest.raises(OutsideError) as trouble:
        list(provider.credit())
    return trouble.value


@every
def test_what_is_left_is_told_to_the_nano(vendor: str, provider: Prepaid) -> None:
    """In the currency of its host; what was given apart, where it is told."""
    given = 0 if vendor == "zhipu" else 20 * 10**9
    assert list(provider.credit()) == [ProviderCredit("CNY", 412_500_000_000, given)]


@every
def test_a_debt_is_below_zero(fake: Fake, provider: Prepaid) -> None:
    """It is told as it is, and not as nothing."""
    fake.left, fake.granted = -3.25, 0
    assert [each.left_nanos for each in provider.credit()] == [-3_250_000_000]


@every
def test_a_refused_key_is_told_by_its_name(vendor: str, fake: Fake) -> None:
    """Zhipu says so with status 200."""
    with closing(opened(vendor, fake, "another")) as provider:
        trouble = trouble_of(provider)
    assert isinstance(trouble, KeyRefusedError)
    assert "A_KEY" in str(trouble)


@every
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(fake: Fake, provider: Prepaid, status: int) -> None:
    """Once is nothing, for ever is unreachable."""
    fake.fail_next(status)
    assert list(provider.credit())
    fake.fail_next(status, times=FOR_EVER)
    assert isinstance(trouble_of(provider), UnreachableError)


@every
@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"{}",
        b"[]",
        b"<html>",
        b'{"data": {"available_balance": null, "availableBalance": "much"}}',
        b'{"data": {"available_balance": 1e30, "availableBalance": 1e30}}',
        b'{"balance_infos": 7}',
    ],
)
def test_what_is_not_understood_is_never_a_figure(fake: Fake, provider: Prepaid, body: bytes) -> None:
    """It is a trouble in words."""
    fake.fail_next(200, body=body, times=FOR_EVER)
    assert len(str(trouble_of(provider))) > 20


@every
def test_check_says_what_is_left_and_what_is_wrong(fake: Fake, provider: Prepaid) -> None:
    """It never raises."""
    assert any("412.50 CNY" in str(line.what) and line.ok for line in provider.check())
    assert all(heard.method == "GET" for heard in fake.requests)
    fake.fail_next(401, times=FOR_EVER)
    assert [line for line in provider.check() if not line.ok]


@every
def test_what_is_secret_is_shown_nowhere(fake: Fake, provider: Prepaid, caplog: pytest.LogCaptureFixture) -> None:
    """Not even if the other side sends it back."""
    caplog.set_level(logging.DEBUG)
    body = {"error": {"message": f"bad key {fake.key}"}, "msg": fake.key, "scode": fake.key, "success": False}
    fake.fail_next(400, body=body, times=FOR_EVER)
    shown = repr(vars(provider)) + repr(list(provider.check())) + caplog.text
    assert fake.key not in shown + "".join(traceback.format_exception(trouble_of(provider)))


def test_one_odd_purse_leaves_the_other() -> None:
    """DeepSeek has one for each currency."""
    with FakeDeepSeek() as fake:
        fine = {"currency": "USD", "total_balance": "7.10"}
        body = {"is_available": True, "balance_infos": [{"currency": "CNY", "total_balance": None}, fine]}
        fake.fail_next(200, body=body)
        with closing(opened("deepseek", fake)) as provider, setting_aside() as odd:
            found = list(provider.credit())
    assert found == [ProviderCredit("USD", 7_100_000_000)]
    assert sum(each.rows or 0 for each in odd) == 1


def test_moonshot_refuses_in_words_of_its_own() -> None:
    """With status 200 and no figure that could be taken for one."""
    with FakeMoonshot() as fake, closing(opened("moonshot", fake)) as provider:
        fake.fail_next(200, body={"code": 5, "scode": "0x5", "status": False, "data": None})
        assert isinstance(trouble_of(provider), UndeliverableError)


def test_the_currency_is_that_of_the_host() -> None:
    """A key of one host is not known at the other."""
    abroad = Prepaid("moonshot", "m", "https://api.moonshot.ai", "k", "A_KEY")
    assert abroad.currency == "USD"
    abroad.close()
