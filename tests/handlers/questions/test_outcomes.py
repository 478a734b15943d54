"""What came out of the work of teams beside what they spent: never a person's, never a ranking."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from handlers.card import Card, Chart, Table
from storage import installation, outcomes
from storage.directory import Link, Person
from storage.outcomes import Outcome
from tests.support.clock import Clock
from tests.support.company import ACME, MAIL, RULES, Company
from tests.support.databases import migrated
from tests.support.history import on_working_days, read_all, uses

EXTRA = tuple(
    Person(f"x{team}{n}", f"{team.title()} {n}", f"{team}{n}{MAIL}", "max", team)
    for team in ("search", "ads", "engineering", "")
    for n in range(1, 7)
)
LARGE = replace(
    ACME,
    people=(*ACME.people, Person("vic", "Vic View", f"vic{MAIL}", "", roles=("viewer",)), *EXTRA),
    links=(*ACME.links, *(Link("llm", "user", each.id, f"person/{each.id}") for each in EXTRA)),
)
MERGED = "merged_pull_requests"


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """A company with teams of seven and eight, ten weeks of use, and GitHub beside it."""
    database = migrated(tmp_path / "large.db")
    one = {"kind": "github", "organization": "acme", "token": "T", "teams": {"search": ["acme/*"]}}
    made = Company(database, clock, {**RULES, "outcomes": [one]}, LARGE)
    uses(made, "ana", on_working_days("10"))
    uses(made, "bob", on_working_days("20"))
    yield read_all(made)
    database.close()


def counted(company: Company, team: str, per_week: dict[int, int], kind: str = MERGED) -> None:
    """So many in each week, by how many weeks ago it was."""
    new = [
        Outcome("github", f"team/{team}", date(2026, 11, 20) - timedelta(weeks=ago), kind, number)
        for ago, number in per_week.items()
        if number
    ]
    company.database.transact(lambda conn: outcomes.record(conn, new))


def rows(card: Card) -> list[tuple[str, ...]]:
    return [row for block in card.blocks if isinstance(block, Table) for row in block.rows]


def test_each_team_stands_beside_its_own_past(company: Company) -> None:
    """In the order of the alphabet; 200 dollars and 500 in four weeks."""
    counted(company, "search", dict.fromkeys(range(4), 5) | dict.fromkeys(range(4, 8), 4))
    counted(company, "ads", dict.fromkeys(range(4), 10))
    found = rows(company.hear("fay", "outcomes"))
    names = [row[0] for row in found]
    assert names == sorted(names)
    assert [row for row in found if row[0] in ("Search", "Ads")] == [
        ("Ads", "40", "$12.50", "–"),
        ("Search", "20", "$10.00", "$12.50"),
    ]


def test_what_is_not_known_is_said(company: Company) -> None:
    """Not read yet, not readable, renamed, of nobody; and that spending causes nothing."""
    counted(company, "search", {1: 20})
    assert "github: not read yet." in company.say("fay", "outcomes")
    said = {"last": "2026-11-21", "unread": ["acme/web"], "unmatched": ["acme/old"], "unallocated": 7}

    def note(conn: Connection) -> None:
        installation.note(conn, outcomes.note_of("github"), json.dumps(said), company.clock())

    company.database.transact(note)
    told = company.say("fay", "outcomes")
    for words in (
        "github: counted until 21 November.",
        "Not readable, so their teams keep the figures of before: acme/web",
        "No repository is called so, it may have been renamed: acme/old",
        "7 outcomes belong to no team.",
        "It does not show that the spending caused the outcomes",
    ):
        assert words in told


def test_who_sees_them(company: Company) -> None:
    """Finance all, who owns a team theirs, who sees groups these; nobody else, and nobody by an address."""
    counted(company, "search", {1: 20, 5: 20})
    counted(company, "ads", {1: 20, 5: 20})
    assert {row[0] for row in rows(company.hear("max", "outcomes"))} == {"Search"}
    assert {"Search", "Ads"} <= {row[0] for row in rows(company.hear("vic", "outcomes"))}
    assert company.say("ana", "outcomes").startswith("! Outcomes are shown for teams of five people or more")


def test_without_any_it_says_where_they_come_from(company: Company) -> None:
    """In one sentence."""
    told = company.say("fay", "outcomes")
    assert told.startswith("No outcomes counted in the last four weeks")
    assert "Add one to app.yaml" in told


def test_reverts_are_told_apart(company: Company) -> None:
    """They are neither outcomes nor hidden."""
    counted(company, "search", {1: 20})
    counted(company, "search", {1: 3}, "reverts")
    assert "3 reverts are counted apart (15 % of what was merged)." in company.say("fay", "outcomes")
    told = company.say("max", "value of team search")
    assert told.startswith("Search: $10.00 for each of 20 merged pull requests")
    assert "3 reverts are counted apart." in told


def test_one_team_has_its_course_and_what_more_money_brought(company: Company) -> None:
    """Twice the money for little more: the next one costs more than the others do."""
    company.llm.rows.clear()
    uses(company, "ana", lambda day: ("20" if day > date(2026, 10, 24) else "10") if day.weekday() < 5 else "0")
    read_all(company)
    counted(company, "search", dict.fromkeys(range(4), 6) | dict.fromkeys(range(4, 8), 5) | {9: 20})
    card = company.hear("max", "value of team search")
    told = company.say("max", "value of team search")
    assert card.title.startswith("Search: $16.67 for each of 24 merged pull requests")
    assert "$200.00 more was spent than before and brought 4 more merged pull requests: $50.00 for each" in told
    (chart,) = (block for block in card.blocks if isinstance(block, Chart))
    assert chart.series[0].values[-2:] == (10.0, 16.67)


def test_few_are_called_few(company: Company) -> None:
    """One more or less changes the figure."""
    counted(company, "search", {1: 3})
    assert "These are few" in company.say("max", "value of team search")
    counted(company, "search", {1: 30})
    assert "These are few" not in company.say("max", "value of team search")


def test_what_providers_count_is_never_added_to_it(company: Company) -> None:
    """Pull requests of a coding agent are among those that were merged."""
    counted(company, "search", {1: 20})
    counted(company, "search", {1: 7}, "pull_requests")
    assert company.hear("max", "value of team search").title.startswith("Search: $10.00 for each of 20 merged")
