"""Google Cloud's spend caps: budgets that stop a project, read and set, and nothing else of them."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.config import Settings
from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.set_aside import setting_aside
from bot.providers.vertex import Vertex
from bot.sync.usage import pull
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from storage.directory import Link
from storage.limits import Subject
from tests.providers.asking import QUICK
from tests.support.clock import Clock
from tests.support.company import ACME, RULES
from tests.support.fakes.provider import FakeProvider
from tests.support.fakes.vertex import FakeVertex

SEARCH, SHOP = Subject("team", "4711"), Subject("team", "4712")


@pytest.fixture
def fake() -> Iterator[FakeVertex]:
    with FakeVertex() as server:
        yield server


@pytest.fixture
def provider(fake: FakeVertex) -> Iterator[Vertex]:
    with closing(opened(fake)) as made:
        yield made


def opened(fake: FakeVertex, key: str = "", account: str = "") -> Vertex:
    """A provider that asks the fake."""
    return Vertex("v", fake.url, key or fake.key, account or fake.account, "A_KEY", lambda: fake.now, QUICK, None)


def trouble_of(provider: Vertex) -> OutsideError:
    """What reading meets."""
    with pytest.raises(OutsideError) as trouble:
        list(provider.limits())
    return trouble.value


def test_only_a_budget_that_caps_one_project_each_month_is_a_limit(provider: Vertex) -> None:
    """Not one that warns, nor of several projects or a year; an amount below one comes without units."""
    found = {each.subject: (each.amount_nanos, each.currency, each.name) for each in provider.limits()}
    assert found == {SEARCH: (500 * 10**9, "USD", "Search"), SHOP: (500_000_000, "USD", "")}


def test_nothing_but_the_amount_is_changed(fake: FakeVertex, provider: Vertex) -> None:
    """What nobody knows the meaning of stays as it is, and budgets that only warn do, too."""
    before = json.loads(json.dumps(fake.budgets))
    assert provider.set_limit(SEARCH, 1234 * 10**9).amount_nanos == 1234 * 10**9
    name = f"billingAccounts/{fake.account}/budgets/cap-search"
    before[name] |= {"amount": {"specifiedAmount": {"currencyCode": "USD", "units": "1234"}}}
    before[name]["etag"] = fake.budgets[name]["etag"]
    assert fake.budgets == before


def test_an_amount_is_in_the_currency_of_the_billing_account(fake: FakeVertex, provider: Vertex) -> None:
    """Google takes no other."""
    fake.currency = "EUR"
    fake.budget("cap-search")["amount"] = {"specifiedAmount": fake.money("EUR", 20)}
    limit = provider.set_limit(SEARCH, 30 * 10**9)
    assert (limit.amount_nanos, limit.currency) == (30 * 10**9, "EUR")


def test_a_second_cap_of_a_project_binds_as_well(fake: FakeVertex, provider: Vertex) -> None:
    """The first by its name is the one that is set, whichever is lower."""
    fake.add_budget("cap-search-again", ["projects/4711"], fake.money("USD", 90), cap=True)
    limit = provider.set_limit(SEARCH, 600 * 10**9)
    assert (limit.amount_nanos, limit.caps) == (600 * 10**9, (("month", 90 * 10**9),))


def test_a_budget_that_was_changed_meanwhile_is_not_overwritten(
    fake: FakeVertex, provider: Vertex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its etag is sent with the order: Google refuses, and the outbox reads it again."""
    changed = fake._changed

    def meanwhile(budget: dict[str, Any], mask: str, said: dict[str, Any]) -> dict[str, Any]:
        return changed(budget | {"etag": "another"}, mask, said)

    monkeypatch.setattr(fake, "_changed", meanwhile)
    with pytest.raises(UndeliverableError, match="409"):
        provider.set_limit(SEARCH, 10**10)


def test_a_project_whose_cap_is_odd_is_not_written_to(fake: FakeVertex, provider: Vertex) -> None:
    """The others are read; it is named."""
    fake.budget("cap-search")["amount"] = {"lastPeriodAmount": {}}
    with setting_aside() as odd:
        assert [each.subject for each in provider.limits()] == [SHOP]
    assert [each.field for each in odd] == ["amount.specifiedAmount"]
    with pytest.raises(UndeliverableError, match="4711"):
        provider.set_limit(SEARCH, 10**10)


def test_a_service_account_that_may_only_read_is_told_so(fake: FakeVertex, provider: Vertex) -> None:
    """The right that lacks is the role, and the sentence says which."""
    fake.may_write = False
    with pytest.raises(KeyRefusedError, match="Billing Account Costs Manager"):
        provider.set_limit(SEARCH, 10**10)


@pytest.mark.parametrize(
    "key", ["secret", "{}", '{"client_email": "a@b.example", "private_key": "-----BEGIN"}', "two words"]
)
def test_what_is_no_key_of_a_service_account_is_told_by_its_name(fake: FakeVertex, key: str) -> None:
    """And nothing is asked with it."""
    with closing(opened(fake, key)) as provider:
        trouble = trouble_of(provider)
    assert isinstance(trouble, KeyRefusedError)
    assert "A_KEY" in str(trouble)
    assert "JSON key" in str(trouble)
    assert fake.requests == []


def test_a_key_that_google_takes_no_more_is_told_by_its_name(fake: FakeVertex) -> None:
    """Google says so with status 400."""
    other = json.dumps(json.loads(fake.key) | {"client_email": "gone@acme.example"})
    with closing(opened(fake, other)) as provider:
        trouble = trouble_of(provider)
    assert isinstance(trouble, KeyRefusedError)
    assert "A_KEY" in str(trouble)
    assert "account not found" in str(trouble)


def test_a_key_is_taken_with_its_line_breaks_and_without(fake: FakeVertex) -> None:
    """As the console gives it, and in one line, as an environment variable often has it."""
    with closing(opened(fake, json.dumps(json.loads(fake.key)))) as provider:
        assert len(list(provider.limits())) == 2


def test_a_token_is_used_until_shortly_before_it_ends(fake: FakeVertex, provider: Vertex) -> None:
    """Then there is a new one."""
    for minutes in (0, 57, 3):
        fake.now += timedelta(minutes=minutes)
        assert list(provider.limits())
    assert sum(heard.path == "/token" for heard in fake.requests) == 2


@pytest.mark.parametrize("account", ["acme", "01A2B3-C4D5E6", "billingAccounts/../x"])
def test_what_is_no_billing_account_is_told(fake: FakeVertex, account: str) -> None:
    """With how one looks."""
    with closing(opened(fake, account=account)) as provider:
        assert "01A2B3-C4D5E6-F70819" in str(trouble_of(provider))


def test_a_billing_account_may_be_written_as_google_does(fake: FakeVertex) -> None:
    """With the name of its collection, and in any case."""
    with closing(opened(fake, account=f"billingAccounts/{fake.account}")) as provider:
        assert list(provider.limits())
    with closing(opened(fake, account=fake.account.lower())) as provider:
        assert list(provider.limits())


def test_an_account_without_budgets_is_no_trouble_and_check_says_what_to_do(fake: FakeVertex, provider: Vertex) -> None:
    """Google sends an empty object."""
    fake.budgets.clear()
    assert list(provider.limits()) == []
    assert [line.what for line in provider.check() if not line.ok] == ["projects with a spend cap: 0"]


def test_a_page_that_is_something_else_is_not_taken_for_no_budgets(fake: FakeVertex, provider: Vertex) -> None:
    """Or all limits would be forgotten."""
    fake.fail_next(200, body={"data": []}, path=f"/v1/billingAccounts/{fake.account}/budgets")
    assert isinstance(trouble_of(provider), UndeliverableError)


def test_the_private_key_and_the_token_are_shown_nowhere(fake: FakeVertex, provider: Vertex) -> None:
    """Nor is the key ever sent."""
    list(provider.limits())
    inner = json.loads(fake.key)["private_key"].splitlines()[1]
    shown = repr(provider) + repr(vars(provider)) + repr([vars(each) for each in (provider._api, provider._login)])
    assert inner not in shown + "".join(heard.body.decode() for heard in fake.requests)
    assert fake.token not in shown + repr(provider._opens)


# In a company ---------------------------------------------------------------------------------------------------------


class House:
    """A company whose team Search has a project at Google, and whose usage another provider reports."""

    def __init__(self, fake: FakeVertex, database: Database, clock: Clock) -> None:
        self.fake, self.clock = fake, clock
        fake.now = clock.moment
        usage = FakeProvider()
        usage.spends("ana", "246.76")
        rules = {
            **RULES,
            "providers": [
                {"kind": "sample", "name": "llm", "history_days": 4},
                {"kind": "vertex", "account": fake.account},
            ],
        }
        self.vertex = Vertex("vertex", fake.url, fake.key, fake.account, "A_KEY", clock, QUICK, None)
        self.app = App(
            settings=Settings.model_validate(rules),
            database=database,
            platforms={"web": Web()},
            providers={"llm": usage, "vertex": self.vertex},
            directory=lambda: replace(ACME, links=(*ACME.links, Link("vertex", "team", "4711", "team/search"))),
            now=clock,
        )
        self.app.refresh_people()
        self.read()

    def read(self) -> None:
        """Read both, and let happen what follows."""
        for name, provider in self.app.providers.items():
            pull(self.app.database, provider, self.app.reading(name), self.clock)
            self.app.limits.read(provider)
        while self.app.deliver():
            pass

    def say(self, person: str, text: str) -> str:
        """Say something, and let happen what follows."""
        answer = terminal.render(self.app.hear(Sentence(text, person, Place("terminal", person), {}, "")))
        while self.app.deliver():
            pass
        return answer


@pytest.fixture
def house(fake: FakeVertex, database: Database, clock: Clock) -> Iterator[House]:
    house = House(fake, database, clock)
    with closing(house.vertex):
        yield house


@pytest.mark.usefixtures("house")
def test_a_cap_allows_what_was_spent_wherever_it_was_told(fake: FakeVertex) -> None:
    """Google counts what the project cost since the 1st, and another source reports it: the cap is the whole budget.

    With what is left alone ($2,753.24) the team would be stopped while it still has money.
    """
    assert fake.budget("cap-search")["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "3000"}}
    assert fake.budget("cap-shop")["amount"]["specifiedAmount"]["nanos"] == 500_000_000


def test_what_finance_keeps_there_stays_above_the_budget(house: House, fake: FakeVertex) -> None:
    """A cap that was raised in the console for credits is asked about, and kept."""
    fake.budget("cap-search")["amount"]["specifiedAmount"]["units"] = "3300"
    house.read()
    assert fake.budget("cap-search")["amount"]["specifiedAmount"]["units"] == "3300"
    assert "Keep theirs" in house.say("fay", "limits vertex")
    house.say("fay", "keep-theirs vertex team:4711 3300000000000")
    house.read()
    assert "All limits match the budgets" in house.say("fay", "limits vertex")
    assert fake.budget("cap-search")["amount"]["specifiedAmount"]["units"] == "3300"


def test_a_provider_without_usage_that_is_down_is_not_taken_for_read(house: House, fake: FakeVertex) -> None:
    """Its reading asks it, though there is nothing to count."""
    assert "All providers answer" in house.say("fay", "providers")
    fake.fail_next(503, times=99)
    with pytest.raises(UnreachableError):
        pull(house.app.database, house.vertex, house.app.reading("vertex"), house.clock)
    assert "1 of 2 providers does not answer" in house.say("fay", "providers")
