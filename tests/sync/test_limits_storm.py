"""An hour in which a third of everything fails: at the end every limit is the ledger's and every charge counts once."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.http import Patience
from bot.providers.litellm.provider import LiteLLM
from storage import audit, spend
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import MAIL, RULES, Company
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.loopback import Answer, Fault, Heard

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PEOPLE = ("ana", "max", "kim", "bob", "lea")
HASTY = Patience(attempts=2, total_s=5.0, silence_s=0.05, pause_s=0.001)
SHARE = 0.3
FAULTS = (
    *(
        Fault(instead=Answer(status, {"error": {"message": "no", "type": "no"}}))
        for status in (400, 401, 403, 404, 409)
    ),
    *(Fault(instead=Answer(status, b"", {"Retry-After": "0"})) for status in (429, 500, 503)),
    Fault(instead=Answer(200, b"<html>busy</html>")),
    Fault(instead=Answer(200, {"data": 7})),
    Fault(wait_s=0.1),
    Fault(drop=True),
    Fault(half=True),
)


class StormyLiteLLM(FakeLiteLLM):
    """Fails in every way, at random, while the storm lasts."""

    chance: random.Random
    storms = False

    def _take_fault(self, heard: Heard) -> Fault:
        fault = super()._take_fault(heard)
        with self.lock:
            return self.chance.choice(FAULTS) if self.storms and self.chance.random() < SHARE else fault


@pytest.fixture
def proxy() -> Iterator[StormyLiteLLM]:
    """A proxy whose people have not spent anything yet."""
    with StormyLiteLLM() as server:
        server.chance = random.Random(5)
        for person in PEOPLE:
            uses(server, person, 0)
        yield server


def uses(proxy: FakeLiteLLM, person: str, cents: int) -> None:
    """Say what somebody has spent today."""
    mail, key = f"{person}{MAIL}", f"{person:0>64}"
    proxy.add_usage(TUESDAY.date(), person, mail, key, person, None, "openai/gpt-x", cents / 100, cents + 1, 1)


def allowed(proxy: FakeLiteLLM) -> dict[str, Decimal | None]:
    """What everybody may spend there, in dollars."""
    rows = {row["user_id"]: row["max_budget"] for row in proxy._users.values()}
    return {one: None if rows[one] is None else Decimal(str(rows[one])) for one in PEOPLE}


def minutes(company: Company, clock: Clock, count: int, each: int = 1) -> None:
    """Let the clock run, so many minutes each time: tick, deliver."""
    for _ in range(0, count, each):
        clock.moment += timedelta(minutes=each)
        company.app.tick()
        company.settle()


def test_a_storm_passes(database: Database, clock: Clock, proxy: StormyLiteLLM) -> None:
    """Pulls, comparisons and decisions go on for an hour while calls fail; then nothing is lost or counted twice."""
    clock.moment = TUESDAY
    company = Company(
        database, clock, {**RULES, "providers": [{"kind": "sample", "name": "llm", "read": "*/5 * * * *"}]}
    )
    company.app.providers = {"llm": LiteLLM("llm", proxy.url, proxy.key, patience=HASTY, now=clock)}
    company.app.__post_init__()
    company.app.limits.read(company.app.providers["llm"])
    company.say("fay", "proceed llm")
    company.settle()
    spent, granted = dict.fromkeys(PEOPLE, 0), dict.fromkeys(PEOPLE, 0)

    proxy.storms = True
    for number in range(1, 13):
        person = proxy.chance.choice(("ana", "bob"))
        spent[person] += proxy.chance.randint(1, 900)
        uses(proxy, person, spent[person])
        asker, manager = proxy.chance.choice((("ana", "max"), ("bob", "lea")))
        dollars = proxy.chance.randint(1, 40)
        company.say(asker, f"request {dollars} to weather it")
        company.say(manager, f"approve {number}")
        granted[asker] += dollars
        minutes(company, clock, 5)
    proxy.storms = False
    minutes(company, clock, 130, each=10)

    assert allowed(proxy) == {one: Decimal(400 + granted[one]) for one in PEOPLE}
    assert company.hear("fay", "limits").title == "All limits match the budgets"
    here = database.ask(lambda conn: spend.spent_at(conn, "llm", TUESDAY.date(), TUESDAY.date() + timedelta(days=1)))
    assert {one: here.get(f"person/{one}", (0, 0))[0] for one in PEOPLE} == {one: spent[one] * 10**7 for one in PEOPLE}
    assert database.ask(audit.first_broken) is None
    for asker in ("ana", "bob"):
        told = [card.title for card in company.messages(asker) if "applied at" in card.title]
        assert len(told) == sum(
            card.title.endswith("approved") or "approved $" in card.title for card in company.messages(asker)
        )
    for provider in company.app.providers.values():
        provider.close()
