"""Ids and names as long as anything allows: there is room for them in every column, and for what is made of them.

PostgreSQL refuses a text that is too long for its column; SQLite does not. So who adds a column says here what keeps
its texts short enough, and what is made of several names is tried with the longest on both.
"""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import String, select

from bot.providers.base import IncreaseRequest, ProviderIdentity
from bot.telemetry import reading
from handlers.card import File
from handlers.events import CheckThresholds, DetectWaste
from handlers.money import NANOS
from handlers.requests import claims
from storage import outbox, tokens
from storage.db import Database
from storage.directory import Agent, Directory, Link, Person, Team
from storage.limits import Subject
from storage.tables import findings, metadata
from tests.support.clock import Clock
from tests.support.company import RULES, Company

BOUNDED_BY = {
    # Ids of ours: app.yaml's Name, and those made of what a people source says (bot/directory/names.py).
    **dict.fromkeys(("manager_id", "owner_id", "asker_id", "person_id", "for_id", "to_id", "by_id"), "an id"),
    **dict.fromkeys(("said_by", "resolved_by", "approved_by", "asked_by", "ended_by", "made_by", "paid_by"), "an id"),
    **dict.fromkeys(("paused_by", "resumed_by", "continued_by", "who"), "an id, or clock"),
    **dict.fromkeys(("account_id", "ancestor_id", "parent_id"), "a kind, / and an id"),
    **dict.fromkeys(("budget", "source", "provider", "program"), "a name in app.yaml, or one of ours"),
    # What providers and programs say.
    **dict.fromkeys(("external_id", "sub_account", "resource", "subject", "model"), "Word, or name_of of a file"),
    **dict.fromkeys(("skill", "subagent", "mcp_server", "effort"), f"cut at {reading.WORD_MAX}"),
    "tier": "Tier, or cut in a file",
    "currency": "a code of ISO 4217, or tokens",
    "unit": "the same",
    "origin": "a provider and its id of the request",
    "through": "the number of a token, as “token #3”",
    "client": f"cut at {tokens.CLIENT_MAX}",
    "about": "a kind and an id of a provider's, or a model",
    "pseudonym": "made by us, shorter than an id",
    "vendor": f"at most {claims.TOOL_MAX}",
    # Keys and places: made of some of the above.
    **dict.fromkeys(("key", "delivery", "place", "target", "place_id"), "tried below"),
    # Slack's and Microsoft's own ids, of what they have signed.
    **dict.fromkeys(("app_id", "client_id", "enterprise_id", "team_id", "bot_id", "bot_user_id", "user_id"), "Slack's"),
    **dict.fromkeys(("token_type", "tenant_id"), "Slack's, Microsoft's"),
    # Words of ours.
    **dict.fromkeys(("kind", "how", "cause", "cost_source", "part", "window", "state", "said", "detector", "rule"), ""),
    **dict.fromkeys(("confidence", "verdict", "told", "what", "scope", "tail", "hash", "sha256", "digest", "salt"), ""),
    **dict.fromkeys(("handle", "holder", "erased", "platform", "language"), ""),
}  # fmt: skip
"""Columns with room for so many letters, by their name, and what keeps their texts within."""

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
YESTERDAY = date(2026, 11, 23)
LONG = 63
WORD = 255
ANA, MAX, FAY, SEARCH, CRAWLER = (f"{letter}" * LONG for letter in "amfsc")
PER_PERSON, POOL, LLM = ("p" * LONG, "q" * LONG, "l" * LONG)
CALLED = "Ann Æ " * 60
USER, ROBOT, TEAM = ("户" * WORD, "机" * WORD, "组" * WORD)
OFFICE = Directory(
    people=(
        Person(ANA, CALLED, f"{'a' * 200}@acme.example", MAX, SEARCH),
        Person(MAX, f"Max {CALLED}", f"{'m' * 200}@acme.example", FAY, SEARCH),
        Person(FAY, f"Fay {CALLED}", f"{'f' * 200}@acme.example", roles=("finance", "admin")),
    ),
    teams=(Team(SEARCH, f"Search {CALLED}", MAX),),
    agents=(Agent(CRAWLER, f"Crawler {CALLED}", MAX, SEARCH),),
    links=(
        Link(LLM, "user", USER, f"person/{ANA}"),
        Link(LLM, "user", ROBOT, f"agent/{CRAWLER}"),
        *(Link("web", "user", f"demo/{each}", f"person/{each}") for each in (ANA, MAX, FAY)),
    ),
)
LONG_RULES = {
    **RULES,
    "budgets": [
        {"name": PER_PERSON, "who": "every person", "amount": "400 USD", "every": "month"},
        {"name": POOL, "who": f"team {SEARCH}", "amount": "3000 USD", "every": "month"},
        {"name": "a" * LONG, "who": "every agent", "amount": "500 USD", "every": "month"},
    ],
    "providers": [{"kind": "sample", "name": LLM, "history_days": 4}],
}


def test_it_is_said_of_every_column_what_keeps_its_texts_short() -> None:
    bounded = {
        column.name: table.name
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String) and column.type.length
    }
    assert bounded.keys() - BOUNDED_BY.keys() - {"id", "name", "state"} == set(), bounded
    assert BOUNDED_BY.keys() - bounded.keys() == set()


@pytest.fixture
def office(database: Database, clock: Clock) -> Company:
    """A company in which everything is called as long as it may be."""
    clock.moment = NOW
    company = Company(database, clock, dict(LONG_RULES), OFFICE, LLM)
    company.llm.knows(USER, ROBOT)
    company.llm.members = [ProviderIdentity("key", "键" * WORD, f"Key {CALLED}")]
    for spender, dollars in ((USER, "300.00"), (ROBOT, "480.00"), ("谁" * WORD, "120.00")):
        company.llm.spends(spender, dollars, YESTERDAY, "模" * WORD)
    company.pull()
    company.app.limits.read(company.llm)
    company.settle()
    company.app.tick()
    company.settle()
    return company


def held_up(company: Company) -> list[str]:
    """What could not be delivered, and why."""
    return [f"{item.key}: {item.error}" for item in company.database.ask(outbox.troubled)]


def test_limits_are_set_and_paused_where_ids_are_long(office: Company) -> None:
    assert office.llm.allows(USER) == 400
    assert "is being paused" in office.say(MAX, f"pause agent {CRAWLER}")
    office.settle()
    assert office.llm.there[Subject("user", ROBOT)].paused
    assert "is being resumed" in office.say(MAX, f"resume agent {CRAWLER}")
    office.llm.changes(USER, 900)
    office.app.limits.read(office.llm)
    office.settle()
    assert any("$900.00" in said for said in office.reads(FAY))
    assert held_up(office) == []


def test_who_asks_at_a_provider_under_a_long_id_is_answered_there(office: Company) -> None:
    number = "求" * WORD
    office.llm.asked.append(IncreaseRequest(number, Subject("user", USER), 475 * NANOS, 400 * NANOS, "more", NOW))
    office.app.limits.take_requests(office.llm)
    office.settle()
    office.say(MAX, "approve 1")
    office.settle()
    assert office.llm.answers == {number: 475 * NANOS}
    assert held_up(office) == []


def test_what_nobody_owns_is_found_and_a_file_has_a_short_name(office: Company) -> None:
    office.happens(DetectWaste())
    office.settle()
    found = office.database.ask(lambda conn: conn.execute(select(findings.c.about)).scalars().all())
    assert f"user/{'谁' * WORD}" in found
    shown = office.hear(FAY, f"spend of agent {CRAWLER} by day as csv")
    (file,) = (block for block in shown.blocks if isinstance(block, File))
    office.happens(CheckThresholds())
    office.settle()
    assert len(file.name) < 100
    assert held_up(office) == []
