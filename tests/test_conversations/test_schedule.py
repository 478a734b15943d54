"""What the clock says in a channel: group totals, once for each slot, and nothing of persons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from storage.directory import Person
from tests.clock import Clock
from tests.company import ACME, RULES, Company
from tests.fakes.board import Board

CROWD = tuple(Person(f"p{n}", f"P {n}", team="search") for n in range(4))
LINE = {"at": "0 9 * * mon", "say": "spend of team search by model last week", "in": "web:#ai-spend"}


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Six people in Search, and a line of the schedule for Mondays at nine."""
    clock.moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    directory = replace(ACME, people=(*ACME.people, *CROWD))
    return Company(database, clock, {**RULES, "schedule": [LINE]}, directory)


def posted(company: Company) -> list[tuple[str, bool]]:
    """Titles in the channel, and whether they were personal."""
    company.app.tick()
    company.settle()
    return [(card.title, card.personal) for _, _, card in company.app.messages(Place("web", "#ai-spend"))]


def test_a_line_of_the_schedule_is_said_once_and_late_if_it_was_missed(company: Company) -> None:
    """Half an hour late after a restart, and not again."""
    assert posted(company) == [("Search: $246.76 spent last week", False)]
    company.clock.forward(timedelta(hours=1))
    assert len(posted(company)) == 1

    company.clock.forward(timedelta(days=7))
    assert len(posted(company)) == 2


def test_a_line_that_is_older_than_its_grace_is_skipped(company: Company) -> None:
    """Down since Sunday, up on Tuesday: Monday's report is not worth reading any more."""
    company.clock.forward(timedelta(days=1))

    assert posted(company) == []


def test_a_small_group_or_a_list_of_persons_is_never_for_a_channel(company: Company) -> None:
    """Fewer than five people, or figures by person, stay personal even if the schedule asks for them."""
    board = Board()
    company.app.platforms = {"web": board}
    for words in ("spend of team ads last week", "spend of team search by person last week", "balance of ana"):
        line = company.app.settings.schedule[0].model_copy(update={"say": words})
        company.app.settings = company.app.settings.model_copy(update={"schedule": (line,)})
        company.app.tick()
        company.settle()

    assert all(card.personal for _, card in board.messages.values())
    assert len(board.messages) == 3


def test_what_a_person_asks_in_a_channel_stays_with_that_person(company: Company) -> None:
    """Only the clock speaks to all."""
    asked = Sentence("spend of team search", "kim", Place("web", "#ai-spend", public=True))

    assert company.app.hear(asked).personal
