"""Each page as each role: who has it, whose names and figures stand on it, and what two figures of it tell together."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import pytest

from bot.console.pages import PAGES
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from tests.console.conftest import Console, console_of, words_of
from tests.support.clock import Clock
from tests.support.company import Company

BUSY_DAY, QUIET_DAY = date(2026, 11, 19), date(2026, 11, 20)
TEAMS = {"search": 6, "ads": 4, "core": 7}
"""Ads has too few people to be told of, and so has the smallest of the others beside it: Search."""


@dataclass(frozen=True)
class One:
    """Somebody, what they spend in cents on a busy day, with which model, and on a quiet day."""

    person: Person
    cents: int
    model: str = "claude-sonnet-4-5"
    cents_on_quiet_day: int = 0


def _members() -> list[One]:
    found, number = [], 0
    for team, size in TEAMS.items():
        for place in range(size):
            number += 1
            name = f"{team.title()}{'abcdefg'[place].upper()} Osei{number}"
            manager = "boss" if place == 1 else ""
            person = Person(f"{team}{place}", name, f"{team}{place}@acme.example", manager, team)
            # Only one of Core uses the flagship, and only one of Search works on the quiet day.
            model = "claude-opus-4-5" if (team, place) == ("core", 3) else "claude-sonnet-4-5"
            found.append(One(person, 1000 + 137 * number**2, model, 7919 if (team, place) == ("search", 3) else 0))
    return found


MEMBERS = _members()
OTHERS = (
    Person("boss", "Bo Boss", "boss@acme.example", team="core"),
    Person("fin", "Fi Nance", "fin@acme.example", team="core", roles=("finance",)),
    Person("vic", "Vic Viewer", "vic@acme.example", team="core", roles=("viewer",)),
    Person("ada", "Ada Admin", "ada@acme.example", team="core", roles=("admin",)),
)
RULES = {
    "organization": {"name": "Acme", "zone": "Europe/Berlin"},
    "directory": ["sample"],
    "budgets": [
        {"name": "per-person", "who": "every person", "amount": "400 USD"},
        {"name": "search-pool", "who": "team search", "amount": "3000 USD"},
    ],
    "providers": [{"kind": "sample", "name": "llm", "history_days": 4}],
}
EVERYBODY = {"/", "/requests", "/waste"}
DECIDES = EVERYBODY | {"/queue"}
ALL = DECIDES | {"/organization", "/providers", "/money", "/lab", "/audit", "/team/search", "/team/ads"}
SEES = {
    "search3": EVERYBODY,
    "search0": DECIDES | {"/team/search"},
    "boss": DECIDES,
    "fin": ALL,
    "ada": ALL,
    "vic": EVERYBODY | {"/organization"},
}
"""A person, a lead, an approver, finance, an admin and a viewer: the pages each has."""


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """Every page, that of a team for two teams."""
    found = [each.path for each in PAGES if "{" not in each.path]
    return [*found, "/team/search", "/team/ads"]


@pytest.fixture
def console(database: Database, clock: Clock) -> Console:
    """The console of that company, on each kind of database."""
    people = (*(each.person for each in MEMBERS), *OTHERS)
    directory = Directory(
        people=people,
        teams=tuple(Team(team, team.title(), f"{team}0") for team in TEAMS),
        links=tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in people),
    )
    company = Company(database, clock, dict(RULES), directory)
    company.llm.rows = []
    for each in MEMBERS:
        company.llm.spends(each.person.id, f"{each.cents / 100:.2f}", BUSY_DAY, each.model)
        if each.cents_on_quiet_day:
            company.llm.spends(each.person.id, f"{each.cents_on_quiet_day / 100:.2f}", QUIET_DAY, each.model)
    company.pull()
    company.say("search1", "request 50 finish the migration")
    return console_of(company)


def cents(page: str) -> set[int]:
    """All amounts on a page, in cents."""
    return {round(float(each.replace(",", "")) * 100) for each in re.findall(r"\$([\d,]+\.\d\d)", words_of(page))}


def sum_of(one: One) -> int:
    """What somebody spent."""
    return one.cents + one.cents_on_quiet_day


def test_each_role_has_its_pages_and_no_other(console: Console, paths: list[str]) -> None:
    """Others are as if they were not there."""
    found = {who: {path for path in paths if console.of(who).get(path).status_code == 200} for who in SEES}

    assert found == SEES


def test_nobody_sees_a_person_whom_they_may_not_see(console: Console, paths: list[str]) -> None:
    """Neither a name nor a sum; a lead sees their team, an approver who asks them."""
    may = {"search3": {"search3"}, "search0": {f"search{n}" for n in range(6)}, "boss": {"search1"}, "vic": set()}
    for who, theirs in may.items():
        for path in sorted(SEES[who] & {*paths}):
            page = console.of(who).get(path).text
            words, sums = words_of(page), cents(page)
            for each in MEMBERS:
                if each.person.id not in theirs:
                    assert each.person.name not in words or (each.person.id, who) == ("search0", "search3"), (
                        who,
                        path,
                    )
                    assert sum_of(each) not in sums, (who, path, each.person.id)


ASKED = (
    "spend of organization by team",
    "spend of organization by model",
    "spend of organization by provider",
    "spend of organization by tier",
    "spend of organization by day",
    "spend of organization by week",
    "spend of organization by month",
    "spend of organization by tokens",
    "spend of organization by hour",
    "spend of organization by day as csv",
    "spend of organization 2026-11-20",
    "spend of organization 2026-11-01..2026-11-19",
    "spend of organization this week",
    "spend of organization by model last week",
    "spend of team core",
    "spend of team core by model",
    "spend of team core by day",
    "spend of team search",
    "spend of team ads",
    "forecast of organization",
    "forecast of team core",
    "balance of organization",
    "why of organization",
    "digest of organization",
    "value of team core",
    "waste of organization",
    "prices",
)


def test_no_two_figures_of_a_viewer_differ_by_those_of_a_few(console: Console) -> None:
    """Whatever a viewer adds or takes away, on the page and by its line: at least five people are behind it."""
    vic = console.of("vic")
    sums: set[int] = set()
    for path in ["/organization", "/organization?period=2026-11", *(f"/ask?q={each}" for each in ASKED)]:
        sums |= cents(vic.get(path).text)
    assert len(sums) > 3
    alone = {sum_of(each) for each in MEMBERS} | {7919} | {each.cents for each in MEMBERS}
    ads = sum(sum_of(each) for each in MEMBERS if each.person.team == "ads")

    told = sums | {abs(one - other) for one, other in combinations(sums, 2)}

    assert told & (alone | {ads}) == set()


def test_a_viewer_is_told_which_days_they_may_ask_for(console: Console) -> None:
    """In one sentence, with an example that works."""
    said = console.company.say("vic", "spend of organization 2026-11-20")

    assert "You see whole months, such as: spend of org 2026-10" in said
    assert "spent October 2026" in console.company.say("vic", "spend of org 2026-10")
    assert "too early to show these days" in console.company.say("vic", "spend of org 2026-11")
