"""AgentCore's gateway: callers are stopped by a rate limit of nought, each by one of their own."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from bot.app import App
from bot.config import Settings
from bot.errors import KeyRefusedError, NotFoundError, OutsideError, UndeliverableError, UnreachableError
from bot.platforms import terminal
from bot.platforms.web.messenger import Web
from bot.providers.agentcore import AgentCore
from bot.providers.set_aside import setting_aside
from bot.sync.usage import pull
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.db import Database
from storage.directory import Link
from storage.limits import Subject
from tests.providers.asking import QUICK
from tests.support.clock import Clock
from tests.support.company import ACME, RULES
from tests.support.fakes.agentcore import FakeAgentCore

DANA, EVE = Subject("user", "sub-dana"), Subject("user", "sub-eve")


@pytest.fixture
def fake() -> Iterator[FakeAgentCore]:
    with FakeAgentCore() as server:
        yield server


@pytest.fixture
def provider(fake: FakeAgentCore) -> Iterator[AgentCore]:
    with closing(opened(fake)) as made:
        yield made


def opened(fake: FakeAgentCore, key: str = "", account: str = "") -> AgentCore:
    """A provider that asks the fake."""
    return AgentCore(
        "a",
        fake.url,
        key or fake.key,
        account or fake.account,
        "A_KEY",
        lambda: fake.linked,
        lambda: fake.now,
        QUICK,
        None,
    )


def stopped(provider: AgentCore) -> set[str]:
    """Who is stopped."""
    return {each.subject.external_id for each in provider.limits() if each.paused}


def test_a_caller_is_stopped_by_a_rate_of_nought_for_their_claim(fake: FakeAgentCore, provider: AgentCore) -> None:
    """And for nobody else's; what others made stays as it is."""
    others = json.dumps(fake.held)
    provider.pause(DANA)
    (made,) = (each for name, each in fake.held.items() if name.startswith("bursar-block-"))
    assert made["dimensionKeys"] == [fake.claim]
    assert made["entries"] == [{"dimensions": {fake.claim: "sub-dana"}, "requests": [{"rate": 0, "period": "minute"}]}]
    assert stopped(provider) == {"sub-dana"}
    provider.resume(DANA, "open")
    assert json.dumps(fake.held) == others


def test_two_who_are_stopped_do_not_hang_together(provider: AgentCore) -> None:
    """One goes on, and the other stays stopped."""
    provider.pause(DANA)
    provider.pause(EVE)
    provider.resume(DANA, "open")
    assert stopped(provider) == {"sub-eve"}


def test_who_was_stopped_before_stays_so(provider: AgentCore) -> None:
    """What is restored is what was there."""
    provider.pause(DANA)
    before = provider.before(DANA)
    provider.pause(DANA)
    provider.resume(DANA, before)
    assert stopped(provider) == {"sub-dana"}


def test_an_order_is_sent_once_and_not_at_all_where_it_is_so(fake: FakeAgentCore, provider: AgentCore) -> None:
    """Paused twice is one rate limit."""
    for _ in range(2):
        provider.pause(DANA)
    for _ in range(2):
        provider.resume(DANA, "open")
    assert [heard.method for heard in fake.requests if heard.method != "GET"] == ["PUT", "DELETE"]


def test_who_is_not_linked_here_is_not_known(provider: AgentCore) -> None:
    """The gateway has no list of its callers, so a word that is nobody's stops nobody."""
    with pytest.raises(NotFoundError):
        provider.pause(Subject("user", "nobody"))
    assert provider.limit(Subject("user", "nobody")) is None
    assert provider.limit(Subject("key", "sub-dana")) is None


def test_who_is_stopped_and_linked_no_more_can_go_on(fake: FakeAgentCore, provider: AgentCore) -> None:
    """They are seen by their rate limit."""
    provider.pause(DANA)
    fake.linked.clear()
    assert stopped(provider) == {"sub-dana"}
    provider.resume(DANA, "open")
    assert list(provider.limits()) == []


def test_a_block_that_somebody_loosened_stops_nobody_and_is_put_again(fake: FakeAgentCore, provider: AgentCore) -> None:
    """It is ours by its id, and says again what it should."""
    provider.pause(DANA)
    (its,) = (name for name in fake.held if name.startswith("bursar-block-"))
    fake.held[its]["entries"][0]["requests"] = [{"rate": 5.0, "period": "second"}]
    assert stopped(provider) == set()
    provider.pause(DANA)
    assert stopped(provider) == {"sub-dana"}


def test_a_block_that_is_still_being_removed_is_waited_for(fake: FakeAgentCore, provider: AgentCore) -> None:
    """AWS refuses to put it again until then; the outbox comes again."""
    provider.pause(DANA)
    fake.slow = True
    provider.resume(DANA, "open")
    assert stopped(provider) == set()
    with pytest.raises(UnreachableError):
        provider.pause(DANA)


def test_whose_block_is_odd_is_left_out_and_not_taken_for_free(fake: FakeAgentCore, provider: AgentCore) -> None:
    """The others are told."""
    provider.pause(DANA)
    (its,) = (name for name in fake.held if name.startswith("bursar-block-"))
    fake.held[its]["entries"] = [7]
    with setting_aside() as odd:
        assert [each.subject for each in provider.limits()] == [EVE]
    assert sum(each.rows or 0 for each in odd) == 1


@pytest.mark.parametrize("its", ["ops-block", "bursar-block-by-hand"])
def test_a_block_that_somebody_else_made_is_none_of_ours(fake: FakeAgentCore, provider: AgentCore, its: str) -> None:
    """Bursar could not take it away; odd ones are not set aside either, for nobody here reads them."""
    entry = {"dimensions": {fake.claim: "sub-dana"}, "requests": [{"rate": 0, "period": "minute"}]}
    fake._put({"rateLimitId": its, "dimensionKeys": [fake.claim], "entries": [entry]})
    fake.held["fair-0"]["entries"] = [7]
    with setting_aside() as odd:
        assert stopped(provider) == set()
    assert not odd


def test_another_claim_is_named_in_the_account(fake: FakeAgentCore) -> None:
    """As the company's tokens have it."""
    with closing(opened(fake, account=f"{fake.account}/$.context.jwt.email")) as provider:
        provider.pause(DANA)
        assert stopped(provider) == {"sub-dana"}
    assert fake.held[next(name for name in fake.held if "bursar" in name)]["dimensionKeys"] == ["$.context.jwt.email"]


def test_no_room_for_another_rate_limit_is_told(fake: FakeAgentCore, provider: AgentCore) -> None:
    """In AWS's words."""
    fake.most = 3
    with pytest.raises(UndeliverableError, match="Too many rate limits"):
        provider.pause(DANA)


@pytest.mark.parametrize("account", ["acme", "Models_1", ""])
def test_what_is_no_account_is_told(fake: FakeAgentCore, account: str) -> None:
    """With how one looks."""
    with closing(opened(fake, account=account or "/")) as provider, pytest.raises(OutsideError, match="such as models"):
        list(provider.limits())


def test_a_wrong_secret_is_told_by_its_name(fake: FakeAgentCore) -> None:
    """AWS says so with status 403."""
    with closing(opened(fake, f"{fake.key_id}:another")) as provider, pytest.raises(KeyRefusedError, match="A_KEY"):
        list(provider.limits())
    assert all("another" not in repr(heard) for heard in fake.requests)


def test_a_key_without_its_id_is_told_by_its_name(fake: FakeAgentCore) -> None:
    """And nothing is asked with it."""
    with closing(opened(fake, fake.secret)) as provider, pytest.raises(KeyRefusedError, match=r"A_KEY .* a colon"):
        list(provider.limits())
    assert fake.requests == []


def test_the_region_is_that_of_the_address() -> None:
    """The signature holds for one."""
    made = AgentCore(
        "a", "https://bedrock-agentcore-control.eu-central-1.amazonaws.com", "AKIA:k", "g-0a1b2c3d4e", "K", list
    )
    with closing(made):
        sign = made._api._key.sign_all
        request = made._api._client.build_request("GET", "https://x.example/")
        made._api._signed(request)
    assert sign is not None
    assert "/eu-central-1/bedrock-agentcore/aws4_request" in request.headers["authorization"]


def test_a_person_is_paused_at_the_gateway_and_goes_on(fake: FakeAgentCore, database: Database, clock: Clock) -> None:
    """Linked by the claim of their token, in words of the chat."""
    fake.now = clock.moment

    def linked() -> list[str]:
        return [external_id for external_id, _ in database.ask(lambda conn: people.members(conn, "agentcore"))]

    gateway = AgentCore("agentcore", fake.url, fake.key, fake.account, "K", linked, clock, QUICK, None)
    rules = {**RULES, "providers": [{"kind": "agentcore", "url": fake.url, "account": fake.account}]}
    directory = replace(ACME, links=(*ACME.links, Link("agentcore", "user", "00u1ana", "person/ana")))
    with closing(gateway):
        app = App(
            settings=Settings.model_validate(rules),
            database=database,
            platforms={"web": Web()},
            providers={"agentcore": gateway},
            directory=lambda: directory,
            now=clock,
        )
        app.refresh_people()
        pull(database, gateway, app.reading("agentcore"), clock)
        app.limits.read(gateway)

        def say(words: str) -> str:
            answer = terminal.render(app.hear(Sentence(words, "fay", Place("terminal", "fay"), {}, "")))
            while app.deliver():
                pass
            return answer

        assert "is being paused" in say("pause @ana")
        assert stopped(gateway) == {"00u1ana"}
        assert "is being resumed" in say("resume @ana")
        assert stopped(gateway) == set()


def test_temporary_credentials_have_a_session_token_behind_the_secret(fake: FakeAgentCore) -> None:
    """It is sent and signed; without it, or with an old one, the key is refused."""
    fake.session = "FwoGZXIvYXdzE+/=="
    with closing(opened(fake, f"{fake.key}:{fake.session}")) as provider:
        assert list(provider.limits())
    for key in (fake.key, f"{fake.key}:old"):
        with closing(opened(fake, key)) as provider, pytest.raises(KeyRefusedError, match="A_KEY"):
            list(provider.limits())
