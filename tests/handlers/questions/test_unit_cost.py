"""Idle seats, and what an outcome costs a team."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.cli.import_outcomes import read
from bot.directory.source import UnusableSourceError
from bot.providers.base import Capability, ProviderOutcome, ProviderSeat
from bot.sync.usage import pull
from handlers.events import DetectWaste
from storage import outcomes
from storage.directory import Link
from tests.support.company import ACME, Company
from tests.support.fakes.provider import FakeProvider
from tests.support.history import on_working_days, read_all, uses


@dataclass
class SeatProvider(FakeProvider):
    """A provider that also tells of seats and outcomes."""

    here: list[ProviderSeat] = field(default_factory=list)
    done: list[ProviderOutcome] = field(default_factory=list)
    can: frozenset[Capability] = frozenset({"charges", "people", "seats", "outcomes"})

    def seats(self) -> Iterator[ProviderSeat]:
        """See Provider."""
        yield from self.here

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """See Provider."""
        yield from (each for each in self.done if first <= each.day <= last)


def with_seats(acme: Company, *here: ProviderSeat) -> SeatProvider:
    """The provider tells of these seats; one of the first plan costs 19 dollars a month."""
    told = SeatProvider(rows=acme.llm.rows, here=list(here))
    settings = acme.app.settings.model_copy(update={"seats": {"copilot_business": "19 USD", "chat": "30 USD"}})
    acme.app = App(settings, acme.database, acme.app.platforms, {"llm": told}, acme.app.directory, acme.clock)
    pull(acme.database, told, acme.app.reading("llm"), acme.clock)
    acme.happens(DetectWaste())
    return told


def days_ago(number: int) -> date:
    """A day before today."""
    return date(2026, 11, 22) - timedelta(days=number)


def test_whoever_does_not_use_a_seat_is_asked_keep_or_release(acme: Company) -> None:
    """Before anything is done; finance hears of a release, and takes it back there."""
    with_seats(acme, ProviderSeat("ana", "copilot_business", days_ago(200), days_ago(45)))
    acme.clock.forward(timedelta(days=1))

    [card] = [each for each in acme.reads("ana") if "seat" in each]
    assert "$19.00 a month in potential savings" in card
    assert "has not been used for 45 days" in card
    assert "[Keep: keep 1]  [Release: release 1]" in card
    assert not any("seat" in each for each in acme.reads("fay"))

    assert "Your seat is released" in acme.say("ana", "release 1")
    assert any("Ana Silva releases a seat that costs $19.00 a month" in each for each in acme.reads("fay"))


def test_a_seat_that_is_kept_is_not_asked_about_for_90_days(acme: Company) -> None:
    """And nobody else may decide it."""
    with_seats(acme, ProviderSeat("ana", "copilot_business", days_ago(200), None))

    assert "no finding with that number" in acme.say("max", "release 1")
    assert "You keep your seat" in acme.say("ana", "keep 1")
    acme.happens(DetectWaste())
    assert acme.say("ana", "waste").startswith("No waste found")


def test_a_seat_that_is_used_or_new_is_not_idle(acme: Company) -> None:
    """Nor is one of which nothing is said."""
    with_seats(
        acme,
        ProviderSeat("ana", "copilot_business", days_ago(200), days_ago(29)),
        ProviderSeat("bob", "copilot_business", days_ago(10), None),
        ProviderSeat("max", "copilot_business", None, None),
    )

    assert all(acme.say(person, "waste").startswith("No waste found") for person in ("ana", "max"))


def test_a_released_seat_that_is_gone_counts_as_saved(acme: Company) -> None:
    """After two weeks, if the provider does not list it any more."""
    told = with_seats(acme, ProviderSeat("ana", "copilot_business", days_ago(200), days_ago(45)))
    acme.say("ana", "release 1")
    told.here = []
    acme.clock.forward(timedelta(days=14))
    pull(acme.database, told, acme.app.reading("llm"), acme.clock)
    acme.happens(DetectWaste())

    assert any("$19.00 a month saved" in each for each in acme.reads("ana"))


def team_of_five(acme: Company) -> Company:
    """Five people spend $4 on each working day, and Bob $100 once: $500 in four weeks."""
    for person in ("ana", "max", "kim", "fay", "bob"):
        uses(acme, person, on_working_days("4"))
    return read_all(acme)


def test_an_outcome_costs_the_team_so_much(acme: Company) -> None:
    """$500 of four weeks over 100 pull requests, which a provider counted for persons and we keep for teams."""
    told = with_seats(team_of_five(acme))
    told.done = [ProviderOutcome(person, days_ago(1), "pull_requests", 25) for person in ("ana", "max", "bob", "lea")]
    acme.clock.forward(timedelta(minutes=10))
    pull(acme.database, told, acme.app.reading("llm"), acme.clock)

    answer = acme.say("fay", "value of organization")
    assert answer.startswith("Acme: $5.00 for each of 100 pull requests in the last four weeks")
    assert "never shown for a person" in answer
    with acme.database._questions.connect() as conn:
        rows = conn.exec_driver_sql("select account_id, number from outcomes order by 1").all()
    assert [tuple(row) for row in rows] == [("team/ads", 50), ("team/search", 50)]


def test_value_is_told_of_no_person_and_of_no_small_team(acme: Company) -> None:
    """Fewer than five are persons."""
    team_of_five(acme)

    assert "never for a person" in acme.say("fay", "value of ana")
    assert "never for a person" in acme.say("ana", "value")
    assert "fewer than five people" in acme.say("max", "value of team search")
    assert "can't see figures" in acme.say("ana", "value of organization")


def test_a_list_of_outcomes_is_taken_in_and_the_same_list_changes_nothing(acme: Company, tmp_path: Path) -> None:
    """Merged pull requests or tickets, by team and day."""
    team_of_five(acme)
    path = tmp_path / "done.csv"
    path.write_text("team,day,kind,count\nsearch,2026-11-18,tickets,30\nads,2026-11-19,tickets,10\n", encoding="utf-8")
    for _ in range(2):
        new = read(path, ["search", "ads"])
        acme.database.transact(lambda conn, new=new: outcomes.record(conn, new))  # type: ignore[misc]

    assert acme.say("fay", "value of organization").startswith("Acme: $12.50 for each of 40 tickets")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("nowhere,2026-11-18,tickets,1", "there is no team “nowhere”"),
        ("search,the 18th,tickets,1", "“the 18th” is not a date"),
        ("search,2026-11-18,tickets,-1", "whole number"),
        ("search,2026-11-18,,1", "write what was counted"),
        ("search,2026-11-18,tickets,1\nsearch,2026-11-18,tickets,2", "twice"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(tmp_path: Path, row: str, why: str) -> None:
    """And nothing of it counts."""
    path = tmp_path / "done.csv"
    path.write_text(f"team,day,kind,count\n{row}\n", encoding="utf-8")

    with pytest.raises(UnusableSourceError, match=why):
        read(path, ["search"])


def test_outcomes_of_somebody_unknown_count_nowhere(acme: Company) -> None:
    """Nothing is guessed."""
    told = SeatProvider(done=[ProviderOutcome("stranger", days_ago(1), "commits", 5)])
    pull(acme.database, told, acme.app.reading("llm"), acme.clock)

    with acme.database._questions.connect() as conn:
        assert conn.exec_driver_sql("select count(*) from outcomes").scalar() == 0
    assert Link("llm", "user", "ana", "person/ana") in ACME.links
