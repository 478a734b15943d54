"""What GitHub and GitLab count: sums of teams, by day, of what was really merged and closed. Nobody's name is kept."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.cli.check import outcome_lines
from bot.config import OutcomeSettings, Settings
from bot.errors import KeyRefusedError, OutsideError
from bot.health import Health
from bot.outcomes import SOURCES
from handlers.events import CheckSources
from storage import installation, outcomes
from storage.db import Database
from storage.directory import Link
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.code_hosts import FakeGitHubCode, FakeGitLabCode, Repo

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
TEAMS = {"search": ["acme/search-*"], "ads": ["acme/ads"]}


@dataclass
class Counted:
    """A company, and where its code lies."""

    company: Company
    rules: OutcomeSettings
    told: str = ""

    def read(self) -> None:
        """Read it as the clock does."""
        self.company.app.tick()
        self.company.settle()

    def sums(self) -> dict[tuple[str, str, str], int]:
        """What is known: team, day and kind."""
        query = text("select account_id, day, kind, number from outcomes order by 1, 2, 3")
        rows = self.company.database.ask(lambda conn: conn.execute(query).all())
        return {(row[0].removeprefix("team/"), str(row[1])[:10], row[2]): row[3] for row in rows}

    def note(self) -> dict[str, Any]:
        """How it went."""
        found = self.company.database.ask(lambda conn: installation.noted(conn, outcomes.note_of(self.rules.called)))
        assert found
        return dict(json.loads(found[0]))


def counting(database: Database, clock: Clock, token: str, **said: Any) -> Counted:
    clock.moment = NOW
    one = {"token": "CODE_TOKEN", "teams": TEAMS, **said}
    company = Company(database, clock, {**RULES, "outcomes": [one]})
    rules = company.app.settings.outcomes[0]
    company.app.outcomes = {rules.called: SOURCES[rules.kind](rules, token)}
    return Counted(company, rules)


@pytest.fixture
def github() -> Iterator[FakeGitHubCode]:
    """Two repositories of Search, one of Ads, one of nobody."""
    with FakeGitHubCode() as made:
        names = ("acme/search-api", "acme/search-web", "acme/ads", "acme/handbook")
        made.repos = [Repo(name) for name in names]
        yield made


@pytest.fixture
def at_github(github: FakeGitHubCode, database: Database, clock: Clock) -> Iterator[Counted]:
    """A company whose code is at GitHub, on each kind of database in turn."""
    made = counting(database, clock, github.token, kind="github", organization="acme", url=github.url)
    yield made
    made.company.app.outcomes["github"].close()


@pytest.fixture
def gitlab(tmp_path: Path, clock: Clock) -> Iterator[tuple[FakeGitLabCode, Counted]]:
    """The same at a GitLab of its own."""
    database = migrated(tmp_path / "acme.db")
    with FakeGitLabCode() as fake:
        fake.project(1, "acme/search-api")
        fake.project(2, "acme/deep/er/thing", "trunk")
        fake.project(3, "acme/ads")
        fake.project(4, "acme/empty", None)
        made = counting(database, clock, fake.token, kind="gitlab", groups=["acme"], url=fake.url)
        yield fake, made
        made.company.app.outcomes["gitlab"].close()
    database.close()


def test_what_was_merged_and_closed_is_counted_by_team_and_day(github: FakeGitHubCode, at_github: Counted) -> None:
    """Days are those of the organization; what merges elsewhere, machines do, or is taken back, is told apart."""
    api, web, ads, handbook = github.repos
    github.merged(api, WEDNESDAY)
    github.merged(api, WEDNESDAY, 'Revert "Add search"')
    github.merged(web, datetime(2026, 11, 18, 23, 30, tzinfo=UTC))  # half past midnight in Berlin
    github.merged(api, WEDNESDAY, base={"ref": "release-1"})
    github.merged(api, WEDNESDAY, user={"login": "dependabot[bot]", "type": "Bot"})
    github.merged(api, WEDNESDAY, user=None)  # whoever it was has left GitHub
    github.merged(api, WEDNESDAY, merged_at=None)  # closed without a merge
    github.merged(handbook, WEDNESDAY)
    github.closed(ads, WEDNESDAY)
    github.closed(ads, WEDNESDAY, state_reason="not_planned")
    github.closed(ads, WEDNESDAY, state_reason=None)
    github.merged(api, NOW)  # today is not over

    at_github.read()

    assert at_github.sums() == {
        ("search", "2026-11-18", "merged_pull_requests"): 2,
        ("search", "2026-11-18", "reverts"): 1,
        ("search", "2026-11-19", "merged_pull_requests"): 1,
        ("ads", "2026-11-18", "closed_issues"): 2,
    }
    assert not any("handbook" in path for path in github.paths)


def test_nobodys_name_is_kept(github: FakeGitHubCode, at_github: Counted) -> None:
    """Neither in the table nor in the note of the reading."""
    github.merged(github.repos[0], WEDNESDAY, user={"login": "zorvana", "type": "User"}, title="Zorvana's secret")
    at_github.read()
    rows = at_github.company.database.ask(lambda conn: str(conn.execute(text("select * from outcomes")).all()))
    assert "zorvana" not in (rows + str(at_github.note())).lower()


def test_all_pages_are_read_and_no_more_than_is_needed(github: FakeGitHubCode, at_github: Counted) -> None:
    """The first reading goes back half a year, the next two weeks."""
    api = github.repos[0]
    for number in range(250):
        github.merged(api, WEDNESDAY - timedelta(hours=number))
    for number in range(300):
        github.merged(api, WEDNESDAY - timedelta(days=400, hours=number))
    at_github.read()
    assert sum(number for (team, _, kind), number in at_github.sums().items() if team == "search") == 250
    assert sum("search-api/pulls" in path for path in github.paths) == 3

    github.paths.clear()
    at_github.company.clock.forward(timedelta(days=1))
    at_github.read()
    assert sum(number for (team, _, kind), number in at_github.sums().items() if team == "search") == 250


def test_the_last_word_counts_and_the_same_changes_nothing(github: FakeGitHubCode, at_github: Counted) -> None:
    """A count that falls, because a repository's issue is opened again, falls here, too."""
    ads = github.repos[2]
    github.closed(ads, WEDNESDAY)
    github.closed(ads, WEDNESDAY)
    at_github.read()
    assert at_github.sums() == {("ads", "2026-11-18", "closed_issues"): 2}
    ads.issues.pop()
    at_github.company.clock.forward(timedelta(days=1))
    at_github.read()
    at_github.company.app.read_outcomes("github")
    assert at_github.sums() == {("ads", "2026-11-18", "closed_issues"): 1}


def test_what_cannot_be_read_is_not_nought(github: FakeGitHubCode, at_github: Counted) -> None:
    """A team of whose repositories one is closed to us keeps its figures; all others count. It is said."""
    api, web, ads, _ = github.repos
    for repo in (api, web, ads):
        github.merged(repo, WEDNESDAY)
    at_github.read()
    before = at_github.sums()
    assert before["search", "2026-11-18", "merged_pull_requests"] == 2

    web.readable = False
    github.merged(ads, WEDNESDAY)
    at_github.company.clock.forward(timedelta(days=1))
    at_github.read()
    assert at_github.sums() == before | {("ads", "2026-11-18", "merged_pull_requests"): 2}
    assert at_github.note()["unread"] == ["acme/search-web"]


def test_an_answer_that_is_no_list_is_not_nought(github: FakeGitHubCode, at_github: Counted) -> None:
    """Whatever stands there instead: the figures of before stay."""
    github.merged(github.repos[2], WEDNESDAY)
    at_github.read()
    before = at_github.sums()
    github.fail_next(200, body={}, path="/repos/acme/ads/pulls", times=9)
    at_github.company.clock.forward(timedelta(days=1))
    with suppress(OutsideError):
        at_github.company.app.read_outcomes("github")
    assert at_github.sums() == before == {("ads", "2026-11-18", "merged_pull_requests"): 1}


def test_a_repository_that_was_renamed_is_named(github: FakeGitHubCode, at_github: Counted) -> None:
    """Its old name fits nothing any more; nobody guesses whose the new one is."""
    github.repos[2].full_name = "acme/growth"
    github.merged(github.repos[2], WEDNESDAY)
    at_github.read()
    assert at_github.note()["unmatched"] == ["acme/ads"]


def test_an_odd_row_is_set_aside_and_the_others_count(github: FakeGitHubCode, at_github: Counted) -> None:
    """With its place and its field."""
    api = github.repos[0]
    github.merged(api, WEDNESDAY)
    github.merged(api, WEDNESDAY, number="seven", base=None)
    at_github.read()
    assert at_github.sums() == {("search", "2026-11-18", "merged_pull_requests"): 1}
    query = text("select provider, place, field from set_aside")
    rows = at_github.company.database.ask(lambda conn: conn.execute(query).all())
    assert [(row[0], row[2]) for row in rows] == [("github", "number")]


def test_issues_that_are_switched_off_are_not_asked_for(github: FakeGitHubCode, at_github: Counted) -> None:
    """GitHub says that they are gone."""
    github.repos[2].has_issues = False
    github.merged(github.repos[2], WEDNESDAY)
    at_github.read()
    assert at_github.sums() == {("ads", "2026-11-18", "merged_pull_requests"): 1}
    assert at_github.note()["unread"] == []


def test_too_many_calls_are_made_later(github: FakeGitHubCode, at_github: Counted) -> None:
    """GitHub refuses with a pause; then all is read."""
    github.busy = 2
    github.merged(github.repos[2], WEDNESDAY)
    at_github.read()
    assert at_github.sums() == {("ads", "2026-11-18", "merged_pull_requests"): 1}


def test_a_token_that_ended_changes_nothing(github: FakeGitHubCode, at_github: Counted) -> None:
    """What was known stands; `check` says which variable has it."""
    github.merged(github.repos[2], WEDNESDAY)
    at_github.read()
    github.token = "another"
    with pytest.raises(KeyRefusedError, match="CODE_TOKEN"):
        at_github.company.app.read_outcomes("github")
    assert at_github.sums() == {("ads", "2026-11-18", "merged_pull_requests"): 1}
    (line,) = at_github.company.app.outcomes["github"].check()
    assert not line.ok


def told(made: Counted, person: str) -> list[str]:
    """The titles of what somebody was told of sources."""
    return [card.title for card in made.company.messages(person) if "token" in card.title]


def test_a_refused_token_is_told_once_and_stands_in_status_until_it_works(
    github: FakeGitHubCode, at_github: Counted
) -> None:
    """Day after day it is tried; finance and admins hear of it once, and again only if it is refused anew."""
    company, good = at_github.company, github.token
    at_github.read()
    assert "The token" not in company.say("fay", "status")
    github.token = "another"
    for _ in range(3):
        company.clock.forward(timedelta(days=1))
        at_github.read()
    for person in ("fay", "ada"):
        assert told(at_github, person) == ["The token for outcomes of github is refused"]
    assert told(at_github, "max") == []
    assert company.hear("fay", "status").title.startswith("outcomes of github: ")
    assert "CODE_TOKEN" in company.say("fay", "status")
    (line,) = [each for each in Health(company.app, lambda: True).notes() if "outcomes" in each]
    assert line.startswith("outcomes of github: refuses the token since 2026-11-23")

    github.token = good
    company.clock.forward(timedelta(days=1))
    at_github.read()
    assert "CODE_TOKEN" not in company.say("fay", "status")
    assert not [each for each in Health(company.app, lambda: True).notes() if "outcomes" in each]

    github.token = "another"
    company.clock.forward(timedelta(days=1))
    at_github.read()
    assert told(at_github, "fay") == ["The token for outcomes of github is refused"] * 2


def test_a_source_that_is_down_stands_in_status_and_troubles_nobody(
    gitlab: tuple[FakeGitLabCode, Counted],
) -> None:
    """Groups that are not there are no token's fault."""
    fake, at_gitlab = gitlab
    fake.projects.clear()
    at_gitlab.read()
    assert "404" in at_gitlab.company.say("fay", "status")
    assert told(at_gitlab, "fay") == []


def test_a_token_that_ends_soon_is_told_once_each_at_30_7_and_1_days(
    github: FakeGitHubCode, at_github: Counted
) -> None:
    """GitHub says the day with each answer; `check` and `status` say it, too."""
    github.ends = "2027-01-10 23:00:00 UTC"
    company, said = at_github.company, []
    at_github.read()
    assert "The token ends" not in company.say("fay", "status")
    days = [date(2026, 12, 10), date(2026, 12, 11), date(2026, 12, 12), date(2027, 1, 3), date(2027, 1, 9)]
    for day in days:
        company.clock.moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        company.happens(CheckSources())
        company.settle()
        said.append(len(told(at_github, "fay")))
    assert said == [0, 1, 1, 2, 3]
    assert set(told(at_github, "ada")) == {"The token for outcomes of github ends soon"}
    assert "The token ends on 10 January" in company.say("fay", "status")
    lines = [each for each in outcome_lines(company.app) if each.what == "token of github"]
    assert [each.advice for each in lines] == ["It ends on 2027-01-10. Set a new one."]


@pytest.mark.parametrize(("ends", "day"), [("2027-02-01", date(2027, 2, 1)), ("never", None), ("", None)])
def test_gitlab_is_asked_when_its_token_ends(
    gitlab: tuple[FakeGitLabCode, Counted], ends: str, day: date | None
) -> None:
    """An old server does not know the question; that is no trouble."""
    fake, at_gitlab = gitlab
    fake.ends = ends
    at_gitlab.read()
    state = at_gitlab.company.database.ask(lambda conn: outcomes.state_of(conn, "gitlab"))
    assert (state.expires, state.error) == (day, "")


def test_a_label_or_the_authors_team_says_whose_it_is(github: FakeGitHubCode, database: Database, clock: Clock) -> None:
    """For a repository of many teams; the login is asked for its team and forgotten."""
    settings: dict[str, Any] = {"labels": True, "people": "llm", "teams": {"search": ["acme/search-*"]}}
    made = counting(database, clock, github.token, kind="github", organization="acme", url=github.url, **settings)
    linked = replace(ACME, links=(*ACME.links, Link("llm", "user", "BobCodes", "person/bob")))
    made.company.directory = linked
    made.company.app.refresh_people()
    handbook = github.repos[3]
    github.merged(handbook, WEDNESDAY, labels=[{"name": "team:search"}, {"name": "bug"}])
    github.merged(handbook, WEDNESDAY, user={"login": "bobcodes", "type": "User"})
    github.merged(handbook, WEDNESDAY, user={"login": "stranger", "type": "User"})
    made.read()
    assert made.sums() == {
        ("search", "2026-11-18", "merged_pull_requests"): 1,
        ("ads", "2026-11-18", "merged_pull_requests"): 1,
    }
    assert made.note()["unallocated"] == 1
    made.company.app.outcomes["github"].close()


def test_gitlab_counts_the_same(gitlab: tuple[FakeGitLabCode, Counted]) -> None:
    """Of groups and all below them; of old merges that have no moment nothing is made up."""
    fake, counted = gitlab
    fake.merged(1, WEDNESDAY)
    fake.merged(1, WEDNESDAY, 'Revert "Add search"')
    fake.merged(1, WEDNESDAY, target_branch="release")
    fake.merged(1, WEDNESDAY, author={"username": "project_1_bot_abc"})
    fake.merged(1, WEDNESDAY, author=None)
    fake.merged(1, None)
    fake.merged(2, WEDNESDAY, target_branch="trunk")
    fake.closed(3, WEDNESDAY)
    fake.closed(3, WEDNESDAY, moved_to_id=9)
    fake.closed(3, WEDNESDAY, issue_type="incident")
    for _ in range(120):
        fake.closed(3, WEDNESDAY)
    counted.read()
    assert counted.sums() == {
        ("search", "2026-11-18", "merged_pull_requests"): 2,
        ("search", "2026-11-18", "reverts"): 1,
        ("ads", "2026-11-18", "closed_issues"): 121,
    }


def test_a_group_that_is_not_there_is_said(gitlab: tuple[FakeGitLabCode, Counted]) -> None:
    """And nothing that was known is forgotten."""
    fake, counted = gitlab
    fake.closed(3, WEDNESDAY)
    counted.read()
    fake.projects.clear()
    with pytest.raises(OutsideError, match="404"):
        counted.company.app.read_outcomes("gitlab")
    assert counted.sums() == {("ads", "2026-11-18", "closed_issues"): 1}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"kind": "github", "token": "T", "teams": TEAMS}, "github needs organization"),
        ({"kind": "gitlab", "token": "T", "teams": TEAMS}, "gitlab needs groups"),
        ({"kind": "github", "token": "T", "organization": "acme"}, "say whose repositories are"),
        ({"kind": "github", "token": "T", "organization": "acme", "people": "nowhere"}, "unknown provider"),
    ],
)
def test_settings_that_make_no_sense_are_refused(said: dict[str, Any], why: str) -> None:
    """In a sentence each."""
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({**RULES, "outcomes": [said]})


def test_two_of_one_name_are_refused() -> None:
    """Their figures would replace each other."""
    one = {"kind": "github", "token": "T", "organization": "acme", "teams": TEAMS}
    with pytest.raises(ValueError, match="two sources of outcomes are called"):
        Settings.model_validate({**RULES, "outcomes": [one, one]})
