"""A gateway that nobody named tells of the same calls as a program: it is said, with what to set."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.cli import check
from handlers.telemetry.twice import found_twice
from storage.db import Database
from storage.telemetry import Beside
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.exporters import Collecting, collecting
from tests.telemetry.test_provisional import MODEL, NOON, TODAY, tells

SAID = "Claude Code and The sample company (llm) tell of the same calls of 1 person or agent: about $4.00 counts twice"
SET = "Set telemetry.provisional: {claude-code: llm} in app.yaml. If these are other calls: {claude-code: none}"


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Nobody said who speaks for Claude Code."""
    clock.moment = NOON
    return Company(database, clock)


def both_tell(company: Company, door: Collecting, told: int, reported: int, model: str = MODEL) -> None:
    """Ana's Claude Code tells some tokens of today, and the gateway reports some."""
    tells(door.exporter(), NOON, 4.0, tokens=told)
    company.llm.spends("ana", "4.00", TODAY, model, tokens=reported)
    company.pull()


@pytest.mark.parametrize("model", [MODEL, f"anthropic/{MODEL}-20250929"])
def test_what_both_tell_is_said_to_finance(company: Company, door: Collecting, model: str) -> None:
    """However the gateway writes the model."""
    both_tell(company, door, 100_000, 104_000, model)
    card = company.say("fay", "status")
    assert SAID in card
    assert SET in card
    [line] = check._told_twice(company.app)
    assert (line.mark, line.what, line.advice) == ("note", SAID, SET)


def test_what_is_not_the_same_is_not_said(company: Company, door: Collecting) -> None:
    """The gateway tells far less than the program did: somebody works with both."""
    both_tell(company, door, 100_000, 80_000)
    assert "tell of the same calls" not in company.say("fay", "status")


@pytest.mark.parametrize("speaker", ["llm", "none"])
def test_who_has_said_who_speaks_hears_nothing(database: Database, clock: Clock, speaker: str) -> None:
    """With the gateway's name nothing counts twice; with “none” somebody said that these are other calls."""
    clock.moment = NOON
    company = Company(database, clock, {**RULES, "telemetry": {"provisional": {"claude-code": speaker}}})
    with collecting(company) as door:
        both_tell(company, door, 100_000, 104_000)
    assert "tell of the same calls" not in company.say("fay", "status")


ROW = Beside("claude-code", "litellm", "person/ana", date(2026, 11, 24), MODEL, 5_000, 40, MODEL, 5_000, 50)


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({}, 40),
        ({"its_cost": 30}, 30),
        ({"its_cost": -5}, 0),
        ({"its_tokens": 4_499}, None),
        ({"its_model": "claude-opus-4-5"}, None),
        ({"tokens": 999, "its_tokens": 999}, None),
        ({"provider": "console"}, None),
    ],
)
def test_what_counts_as_told_twice(changes: dict[str, Any], cost: int | None) -> None:
    """As many tokens of the same model, by a provider whose report does not take the place of it already."""
    found = found_twice([replace(ROW, **changes)], {"claude-code": "console"})
    assert [each.cost_nanos for each in found] == ([] if cost is None else [cost])


def test_several_names_of_a_model_are_added_up_once() -> None:
    """A gateway writes one model in two ways; each of its rows counts once, and so does what was told."""
    dated = replace(ROW, its_model=f"{MODEL}-20250929", its_tokens=2_000, its_cost=20)
    other = replace(ROW, its_tokens=2_900, its_cost=25)
    [found] = found_twice([dated, other, replace(dated, account_id="person/max", its_tokens=9)], {"claude-code": ""})
    assert (found.accounts, found.cost_nanos) == (1, 40)


def test_only_the_last_days_are_looked_at(company: Company, door: Collecting) -> None:
    """What was mended a week ago troubles nobody."""
    both_tell(company, door, 100_000, 104_000)
    company.clock.moment = datetime.combine(TODAY, time(12), UTC) + timedelta(days=8)
    assert "tell of the same calls" not in company.say("fay", "status")
