"""What Tencent Cloud reports and allows, and how budgets become quotas of tokens."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.app import App
from bot.config import Settings
from bot.errors import UndeliverableError, UnreachableError
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.base import Limit, ProviderIdentity
from bot.providers.tencent import Tencent
from bot.sync.usage import pull
from handlers.place import Place
from handlers.sentence import Sentence
from storage.charges import Charge
from storage.db import Database
from storage.directory import Link
from storage.limits import Subject
from tests.providers.asking import QUICK, charges, findings, refused
from tests.support.clock import Clock
from tests.support.company import ACME, RULES
from tests.support.fakes.tencent import FakeTencent

DAY = date(2026, 11, 21)
DANA, CRAWLER = Subject("key", "ak-dana"), Subject("key", "ak-crawler")


@pytest.fixture
def cloud() -> Iterator[FakeTencent]:
    with FakeTencent() as server:
        yield server


@pytest.fixture
def provider(cloud: FakeTencent) -> Iterator[Tencent]:
    provider = at(cloud)
    yield provider
    provider.close()


def at(cloud: FakeTencent, **other: str) -> Tencent:
    """A reader of that account."""
    key, account = other.get("key", cloud.secret), other.get("account", cloud.secret_id)
    return Tencent("tencent", cloud.url, key, account, "TENCENT_KEY", lambda: cloud.now, QUICK, None)


# Charges --------------------------------------------------------------------------------------------------------------


def test_a_cell_is_a_day_of_a_key_and_a_model(cloud: FakeTencent, provider: Tencent) -> None:
    """What was read from a cache is a part of the input; nothing is priced there."""
    used = {"InputTotalToken": 1000, "CacheTotalToken": 600, "OutputTotalToken": 70, "RequestCount": 5}
    cloud.use(DAY, "ak-dana", Decimal(0), **used, RequestFailCount=1)
    assert charges(provider, DAY) == [
        Charge(
            "tencent",
            datetime(2026, 11, 21, tzinfo=UTC),
            24,
            "hunyuan-turbos",
            resource="ak-dana",
            tokens_input=400,
            tokens_cache_read=600,
            tokens_output=70,
            requests=5,
            requests_failed=1,
            currency="CNY",
            cost_source="unpriced",
        )
    ]


def test_a_key_that_is_gone_still_has_its_usage(cloud: FakeTencent, provider: Tencent) -> None:
    """The ranking knows it, the list of keys does not."""
    cloud.use(DAY, "ak-dana", Decimal(1))
    del cloud.keys["ak-dana"]
    assert [cell.resource for cell in charges(provider, DAY)] == ["ak-dana"]


def test_only_keys_that_used_something_are_asked_about(cloud: FakeTencent, provider: Tencent) -> None:
    """An account has hundreds of keys, and a call is a call."""
    cloud.use(DAY, "ak-dana", Decimal(1))
    charges(provider, DAY)
    assert len(cloud.requests) == 2


# Keys and quotas ------------------------------------------------------------------------------------------------------


def test_keys_are_named_with_what_is_noted_at_them(provider: Tencent) -> None:
    """The key itself is never read."""
    assert list(provider.people()) == [
        ProviderIdentity("key", "ak-dana", name="dana-laptop (Dana Reyes)"),
        ProviderIdentity("key", "ak-crawler", name="crawler"),
    ]


def test_hundreds_of_keys_come_in_pages(cloud: FakeTencent, provider: Tencent) -> None:
    """A hundred at once."""
    for number in range(230):
        cloud.add_key(f"ak-{number}", "", None)
    assert len(list(provider.people())) == 232


def test_a_quota_is_told_in_tokens(provider: Tencent) -> None:
    """That of the month is ours to set; that of a day binds beside it."""
    assert provider.limit(DANA) == Limit(
        DANA,
        50_000_000,
        name="dana-laptop (Dana Reyes)",
        currency="tokens",
        resets_at=datetime(2026, 11, 30, 16, tzinfo=UTC),
        spent_nanos=0,
        caps=(("day", 5_000_000),),
    )
    assert provider.limit(CRAWLER) == Limit(CRAWLER, None, name="crawler", currency="tokens")


def test_a_quota_of_the_month_leaves_the_others_and_what_was_used(cloud: FakeTencent, provider: Tencent) -> None:
    """The list replaces all, and another first day would let what was used start from nothing."""
    cloud.set_quota("ak-dana", "m", 50_000_000, used=42, start_day=15)
    provider.set_limit(DANA, 60_000_000)
    quotas = {each["CycleUnit"]: each for each in cloud.keys["ak-dana"]["QuotaSet"]}
    assert {unit: each["CycleCredits"] for unit, each in quotas.items()} == {"d": "5000000", "m": "60000000"}
    assert quotas["m"]["CycleUsed"] == "42"


def test_a_quota_that_cannot_be_understood_is_not_lost(cloud: FakeTencent, provider: Tencent) -> None:
    """To write the month without it would take it off."""
    cloud.keys["ak-dana"]["QuotaSet"][0]["CycleUnit"] = "w"
    assert isinstance(refused(lambda: provider.set_limit(DANA, 1)), UndeliverableError)


@pytest.mark.parametrize(
    ("now", "start_day", "resets_at"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), 1, datetime(2026, 11, 30, 16, tzinfo=UTC)),
        (datetime(2026, 11, 30, 17, tzinfo=UTC), 1, datetime(2026, 12, 31, 16, tzinfo=UTC)),
        (datetime(2027, 2, 3, tzinfo=UTC), 31, datetime(2027, 2, 27, 16, tzinfo=UTC)),
        (datetime(2026, 11, 14, 15, tzinfo=UTC), 15, datetime(2026, 11, 14, 16, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_midnight_of_beijing(
    cloud: FakeTencent, provider: Tencent, now: datetime, start_day: int, resets_at: datetime
) -> None:
    """On the day that was set, or the last of a short month."""
    cloud.now = now
    cloud.set_quota("ak-dana", "m", 5, start_day=min(start_day, 30))
    if start_day > 30:
        cloud.keys["ak-dana"]["QuotaSet"][-1]["StartTime"] = f"2026-10-{start_day} 00:00:00"
    seen = provider.limit(DANA)
    assert seen is not None
    assert seen.resets_at == resets_at


# Check ----------------------------------------------------------------------------------------------------------------


def test_a_sub_user_who_may_only_read_is_told(cloud: FakeTencent) -> None:
    """By an order about a key that is not there."""
    provider = at(cloud, account=cloud.reader)
    (advice,) = findings(provider).values()
    provider.close()
    assert "may not" in advice


def test_a_secret_of_another_id_is_told(cloud: FakeTencent) -> None:
    """What is signed does not fit."""
    provider = at(cloud, key="another")
    (advice,) = findings(provider).values()
    provider.close()
    assert "the secret does not belong to the SecretId" in advice


def test_too_many_calls_are_no_refusal(cloud: FakeTencent, provider: Tencent) -> None:
    """They come with status 200, as everything does."""
    body = {"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}, "RequestId": "1"}}
    cloud.fail_next(200, body=body)
    assert provider.limit(DANA)
    cloud.fail_next(200, body=body, times=9)
    assert isinstance(refused(lambda: provider.limit(DANA)), UnreachableError)


# In chat --------------------------------------------------------------------------------------------------------------


class House:
    """A company with an account at Tencent, in which Ana has the key of Dana's name."""

    def __init__(self, database: Database, clock: Clock, cloud: FakeTencent, budget: dict[str, Any]) -> None:
        cloud.now = clock.moment
        self.cloud, self.clock = cloud, clock
        self.tencent = Tencent("tencent", cloud.url, cloud.secret, cloud.secret_id, "K", clock, QUICK, None)
        rules = {
            **RULES,
            "organization": {"name": "Acme", "zone": "Asia/Shanghai", "currency": "CNY"},
            "prices": [{"provider": "tencent", "input": 4, "output": 10, "currency": "CNY"}],
            "budgets": [{"name": "each", "who": "every person", "every": "month", **budget}],
            "providers": [{"kind": "tencent", "account": cloud.secret_id}],
        }
        self.app = App(
            settings=Settings.model_validate(rules),
            database=database,
            platforms={"web": Web()},
            providers={"tencent": self.tencent},
            directory=lambda: replace(ACME, links=(*ACME.links, Link("tencent", "key", "ak-dana", "person/ana"))),
            now=clock,
        )
        self.app.refresh_people()
        self.read()

    def read(self) -> None:
        """Read usage and limits, and let happen what follows."""
        pull(self.app.database, self.tencent, self.app.reading("tencent"), self.clock)
        self.app.limits.read(self.tencent)
        while self.app.deliver():
            pass

    def say(self, person: str, text: str) -> str:
        """Say something, and let happen what follows from it."""
        answer = terminal.render(self.app.hear(Sentence(text, person, Place("terminal", person), {}, "")))
        while self.app.deliver():
            pass
        return answer

    @property
    def quota(self) -> int:
        """What Dana's key may use this month."""
        quotas = {each["CycleUnit"]: each for each in self.cloud.keys["ak-dana"]["QuotaSet"]}
        return int(quotas["m"]["CycleCredits"])


@pytest.fixture
def house(request: pytest.FixtureRequest, database: Database, clock: Clock, cloud: FakeTencent) -> Iterator[House]:
    cloud.use(date(2026, 11, 20), "ak-dana", Decimal(0), InputTotalToken=10_000_000, OutputTotalToken=0)
    house = House(database, clock, cloud, request.param)
    yield house
    house.tencent.close()


@pytest.mark.parametrize("house", [{"amount": "100M tokens"}], indirect=True)
def test_a_budget_in_tokens_is_the_keys_quota(house: House) -> None:
    """100 million each, as 58.com gives them; what is granted is added."""
    assert house.quota == 100_000_000
    assert "90M tokens left of 100M tokens" in house.say("ana", "balance")
    house.say("ana", "request 20M tokens for the migration")
    house.say("max", "approve 1")
    assert house.quota == 120_000_000


@pytest.mark.parametrize("house", [{"amount": "7000 CNY"}], indirect=True)
def test_a_budget_in_money_is_as_many_tokens_as_money_buys_lately(house: House) -> None:
    """¥40 bought 10 million tokens: ¥6,960 buy 1,740 million more, written in two digits and never above."""
    assert house.quota == 1_700_000_000
    house.cloud.use(date(2026, 11, 21), "ak-dana", Decimal(0), InputTotalToken=50_000, OutputTotalToken=0)
    house.read()
    assert house.quota == 1_700_000_000


@pytest.mark.parametrize("house", [{"amount": "7000 CNY"}], indirect=True)
def test_a_key_is_paused_and_goes_on(house: House) -> None:
    """At once, whatever its quota."""
    house.say("fay", "pause @ana")
    assert house.cloud.keys["ak-dana"]["Status"] == "disable"
    house.say("fay", "resume @ana")
    assert house.cloud.keys["ak-dana"]["Status"] == "enable"
