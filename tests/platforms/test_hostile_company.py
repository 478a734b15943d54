"""Every card of a company whose people, teams, models and reasons are full of emoji and markup fits every platform."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.platforms.slack.block_kit import home, message, modal
from bot.platforms.teams.adaptive_cards import adaptive
from handlers import COMMANDS
from handlers.card import Card
from handlers.place import Place
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.blockkit import faults_of_message, faults_of_view
from tests.support.fakes.teams import valid_card

NASTY = "*bold* _it_ ~no~ `code` <!channel> :white_check_mark: [x](https://evil.example) <https://evil.example|ok> & "
MARKS = (r"(?<!\w)\*b", r"(?<!\w)_it_", r"~no~", r"`code`", r":white_check_mark:", r"<!channel>", r"<https")
"""What Slack would make something of, if it stood in mrkdwn."""
PLACE = Place("slack", "D1")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Everybody's name is markup and a hundred emoji long, and so are teams, an agent and the reason of a request."""
    path: Path = tmp_path_factory.mktemp("hostile") / "acme.db"
    long = NASTY + "🧑‍🚀" * 100
    directory = replace(
        ACME,
        people=tuple(replace(each, name=f"{each.name} {long}") for each in ACME.people),
        teams=tuple(replace(each, name=f"{each.name} {long}") for each in ACME.teams),
        agents=tuple(replace(each, name=f"{each.name} {long}") for each in ACME.agents),
    )
    database = migrated(path)
    made = Company(database, Clock(), {**RULES, "organization": {"name": long[:200], "zone": "UTC"}}, directory)
    made.llm.spends("ana", "40.00", date(2026, 11, 20), long[:200])
    made.llm.spends("crawler-key", "40.00", date(2026, 11, 20), long[:200])
    made.pull()
    made.hear("ana", f"request 50 {NASTY} {'🚀' * 80}")
    made.hear("max", f"question 1 {NASTY}")
    made.settle()
    yield made
    database.close()


def shown(company: Company) -> Iterator[tuple[str, Card]]:
    """What everybody is answered to every question, the forms of orders, and what the bot said by itself."""
    for person in ("ana", "max", "fay"):
        for name, one in COMMANDS.items():
            for words in (name, f"{name} 1") if one.writes else (name, f"{name} of team search", f"{name} 1"):
                if name not in ("approve", "withdraw", "retry"):
                    yield f"{person}: {words}", company.hear(person, words)
        for number, card in enumerate(company.messages(person)):
            yield f"{person}: message {number}", card


def test_every_card_fits_slack_and_teams_and_is_no_markup(company: Company) -> None:
    """Within Slack's limits as Slack counts them, in messages, windows and the Home tab; known to Teams' own types."""
    for words, card in shown(company):
        for said in (message(card), message(card, native=False)):
            assert (words, faults_of_message(said)) == (words, [])
            marked = [*mrkdwn(said["blocks"]), said["text"]]
            assert (words, [each for each in marked for mark in MARKS if re.search(mark, each)]) == (words, [])
        for view in (modal(card, PLACE), home(card)):
            assert (words, faults_of_view(view)) == (words, [])
        valid_card(adaptive(card))


def mrkdwn(node: object) -> Iterator[str]:
    """Every text that Slack parses."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield str(node["text"])
        for each in node.values():
            yield from mrkdwn(each)
    elif isinstance(node, list):
        for each in node:
            yield from mrkdwn(each)
