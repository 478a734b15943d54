"""What the clock says in a channel: group totals, once for each slot, and nothing of persons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.config import Settings
from bot.schedule import latest_slot
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from storage.directory import Person
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.fakes.board import Board

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


SAID = text("select key from outbox where key like 'say/status@%'")


def said(company: Company, line: dict[str, object], first: datetime, hours: int) -> list[str]:
    """The moments, in UTC, at which a line is said while the clock ticks through some hours."""
    (parsed,) = Settings.model_validate(
        {"directory": ["sample"], "schedule": [{"say": "status", "grace_hours": 1, **line}]}
    ).schedule
    company.app.settings = company.app.settings.model_copy(update={"schedule": (parsed,)})
    company.clock.moment = first
    found, seen = [], set[str]()
    for _ in range(hours):
        company.app.tick()
        now = set(company.database.ask(lambda conn: conn.execute(SAID).scalars()))
        found += [f"{company.clock():%d.%m. %H}"] * len(now - seen)
        seen = now
        company.clock.forward(timedelta(hours=1))
    return found


@pytest.mark.parametrize(
    ("line", "first", "expected"),
    [
        # Nine in Auckland, where summer time begins on 27 September; and nine in New York, where it ends on 1 November.
        ({"at": "0 9 * * *", "zone": "Pacific/Auckland"}, (9, 25), ["25.09. 21", "26.09. 20", "27.09. 20"]),
        ({"at": "0 9 * * *", "zone": "America/New_York"}, (10, 31), ["31.10. 13", "01.11. 14", "02.11. 14"]),
        ({"at": "0 9 * * *"}, (10, 24), ["24.10. 07", "25.10. 08", "26.10. 08"]),
        # Sunday the 1st is said on Monday the 2nd; Christmas (a Friday) is said on Monday.
        ({"at": "0 9 1 * *", "workday": True}, (11, 1), ["02.11. 08"]),
        ({"at": "0 9 * * fri", "workday": True}, (12, 25), []),
        ({"at": "0 9 * * fri", "workday": True}, (12, 26), ["28.12. 08"]),
        ({"at": "0 9 * * *", "workday": True}, (12, 26), ["28.12. 08"]),
    ],
)
def test_a_line_is_due_in_its_own_zone_and_on_working_days(
    acme: Company, line: dict[str, object], first: tuple[int, int], expected: list[str]
) -> None:
    """Whatever the clocks do there; what falls on a free day is said on the next working day, once."""
    working = acme.app.policy.working.model_copy(update={"holidays": (date(2026, 12, 25),)})
    acme.app.policy = acme.app.policy.model_copy(update={"working": working})

    assert said(acme, line, datetime(2026, *first, 0, 30, tzinfo=UTC), 72) == expected


@pytest.mark.parametrize(
    ("zone", "day", "cron", "said"),
    [
        ("Asia/Beirut", "2026-03-29", "0 0 * * *", "01:00"),
        ("Africa/Cairo", "2026-04-24", "30 0 * * *", "01:00"),
        ("America/New_York", "2026-03-08", "30 2 * * *", "03:00"),
    ],
)
def test_a_time_that_a_day_does_not_have_is_said_at_the_next_that_exists(
    zone: str, day: str, cron: str, said: str
) -> None:
    """Clocks are set forward over it. The slot keeps its name, so it is one."""
    there = ZoneInfo(zone)
    at = datetime.fromisoformat(f"{day}T{said}").replace(tzinfo=there)
    slot = latest_slot(cron, there, at, timedelta(hours=1))

    assert str(slot).startswith(day)
    assert latest_slot(cron, there, at + timedelta(hours=8), timedelta(hours=12)) == slot
    assert latest_slot(cron, there, at.astimezone(UTC) - timedelta(minutes=1), timedelta(hours=1)) is None
