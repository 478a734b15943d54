"""Leadership sees the company in groups of five people and more, and nobody in them, whatever it asks."""

from dataclasses import replace
from datetime import date

import pytest

from handlers import COMMANDS
from handlers.context import CHAT_PLATFORMS, CLOCK
from handlers.place import Place
from handlers.sentence import Sentence
from storage.audit import rows
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from tests.support.clock import Clock
from tests.support.company import RULES, Company

SIZES = {"search": 6, "ads": 5, "ops": 2, "lab": 5}
"""Ops has two people; with the smallest of the others, Ads, there are seven of whom nothing is told."""
PERSONS = tuple(
    Person(f"{team}{n}", f"{team.title()} Person{n}", f"{team}{n}@acme.example", "", team)
    for team, size in SIZES.items()
    for n in range(size)
)
VIC = Person("vic", "Vic Viewer", "vic@acme.example", team="search", roles=("viewer",))
SEEN_NOWHERE = tuple(each.name.split()[1] for each in PERSONS)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company with a viewer, who is one of Search."""
    people = (*(each for each in PERSONS if each.id != "search0"), VIC)
    directory = Directory(
        people=people,
        teams=tuple(Team(team, team.title(), f"{team}1") for team in SIZES),
        links=tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in people),
    )
    made = Company(database, clock, {**RULES, "budgets": RULES["budgets"]}, directory)
    for number, each in enumerate(people):
        made.llm.spends(each.id, f"{number + 1}.00", date(2026, 11, 20))
    made.pull()
    return made


def test_a_viewer_sees_the_company_and_its_teams(company: Company) -> None:
    """Their totals, and only of teams of five and more that leave none or five and more."""
    by_team = company.say("vic", "spend of organization by team")

    assert "Acme: $517.76 spent this month" in by_team
    assert "Search" in by_team
    assert "Lab" in by_team
    assert "Ops" not in by_team
    assert "Ads" not in by_team
    assert "Search: " in company.say("vic", "spend of team search")
    assert "expected by" in company.say("vic", "forecast of organization")


@pytest.mark.parametrize("team", ["ops", "ads", "nowhere"])
def test_a_small_team_is_as_if_it_were_not_there(team: str, company: Company) -> None:
    """Also one that would tell of a small one by what it leaves."""
    said = company.say("vic", f"spend of team {team}")

    assert f"You can't see figures for “{team}”, or it doesn't exist" in said


@pytest.mark.parametrize(
    "question",
    [
        "spend of organization by person",
        "spend of team search by person",
        "spend of organization by key",
        "spend of organization by agent",
        "spend of organization by skill",
        "spend of organization by person as csv",
        "spend of search1",
        "balance of search1",
        "why of search1",
        "why of organization",
        "waste of search1",
        "pool of team search",
        "people",
        "limits",
        "status",
        "link",
        "exceptions",
        "guard",
    ],
)
def test_nothing_names_a_person(question: str, company: Company) -> None:
    """Neither a name nor a sum of one person, whatever the question."""
    said = company.say("vic", question)

    assert [each for each in SEEN_NOWHERE if each in said] == []


def test_no_question_of_the_menu_names_a_person(company: Company) -> None:
    """The whole menu, about the organization and each team."""
    for one in COMMANDS.values():
        for whom in ("organization", "team search", "team ops", "search1"):
            if not one.writes and one.name != "help":
                said = company.say("vic", f"{one.name} of {whom}")
                assert [each for each in SEEN_NOWHERE if each in said] == [], (one.name, whom)


def test_a_viewer_still_has_their_own(company: Company) -> None:
    """What everybody has."""
    assert "spent this month" in company.say("vic", "spend")
    assert company.hear("vic", "balance").personal
    assert "web" in CHAT_PLATFORMS


def test_a_viewer_orders_nothing_of_others(company: Company) -> None:
    """Seeing is not doing."""
    for order in ("allot 300 to search1", "pause search1", "correct 20 of search1 refund", "close october"):
        assert company.hear("vic", order).tone == "warn", order
    assert company.database.ask(lambda conn: list(rows(conn))) == []


def test_what_was_one_persons_once_is_not_a_groups_today(company: Company) -> None:
    """A team that grew: of months in which fewer than five were behind it nothing is told, nor by what others leave."""
    newcomers = {f"lab{number}" for number in range(1, 5)}
    people = tuple(
        replace(each, joined=date(2026, 11, 10)) if each.id in newcomers else each for each in company.directory.people
    )
    assert "Lab: " in company.say("vic", "spend of team lab")
    company.directory = replace(company.directory, people=people)
    company.app.refresh_people()
    company.llm.spends("lab0", "77.00", date(2026, 10, 20))
    company.llm.spends("search1", "40.00", date(2026, 10, 20))
    company.pull()

    for span in ("last month", "this month"):
        assert "You can't see figures" in company.say("vic", f"spend of team lab {span}")
        assert "Lab" not in company.say("vic", f"spend of organization by team {span}")
    assert "77" not in company.say("vic", "spend of organization by team last month")


def test_of_those_who_left_only_their_own_time_counts(company: Company) -> None:
    """Four left after the 20th: of the one who stayed alone until others came no channel is told."""
    stayed = tuple(each for each in company.directory.people if each.id not in {"lab1", "lab2", "lab3", "lab4"})
    come = tuple(Person(f"new{n}", f"N New{n}", team="lab", joined=date(2026, 11, 22)) for n in range(4))
    company.directory = replace(company.directory, people=(*stayed, *come))
    company.app.refresh_people()

    def is_told(days: str) -> bool:
        place = Place("slack", "C1", public=True)
        return not company.app.carry_out(Sentence(f"spend of team lab {days}", CLOCK.id, place)).personal

    assert is_told("2026-11-20")
    assert is_told("2026-11-22")
    assert not is_told("2026-11-20..2026-11-21")
