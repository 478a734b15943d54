"""Whose a change is where a file of the repository, or a group of people at the source, says it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.outcomes.code_owners import read_code_owners
from bot.outcomes.source import PULL_REQUESTS, Done, Teams
from storage.directory import Link
from tests.support.clock import Clock
from tests.support.company import ACME
from tests.support.databases import migrated
from tests.support.fakes.code_hosts import FakeGitHubCode, FakeGitLabCode, Repo
from tests.sync.test_outcomes import WEDNESDAY, Counted, counting

DOCUMENTED = """
# The example of "About code owners", a line for each of its rules.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
/my\\ files/ @doctocat
!/nothing @octocat
[x]y @octocat
/half[ @octocat
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", "global-owner1 global-owner2"),
        ("web/app.js", "js-owner"),
        ("main.go", "docs@example.com"),
        ("notes/a.txt", "octo-org/octocats"),
        ("build/x", "global-owner1 global-owner2"),
        ("deep/docs/a.md", "global-owner1 global-owner2"),
        ("docs/deep/a.md", "doctocat"),
        ("old/apps/x", "octocat"),
        ("scripts/x", "doctocat octocat"),
        ("deep/logs/x", "octocat"),
        ("apps/x", "octocat"),
        ("apps/github/x", ""),
        ("my files/x", "doctocat"),
        ("nothing", "global-owner1 global-owner2"),
    ],
)
def test_the_last_pattern_that_fits_decides(path: str, owners: str) -> None:
    """A pattern without owners owns nothing, and a line that GitHub does not understand is skipped."""
    assert read_code_owners(DOCUMENTED).of(path) == set(owners.split())


GITLAB = """
* @acme
[Documentation][2] @acme/docs
docs/
README.md @ana
^[Data] @acme/data
/db/
!/db/generated.sql
/db/generated.sql @acme/late
[DOCUMENTATION]
internal/README.md @acme/inside # the last that fits, of the whole section
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", "acme"),
        ("a/docs/b", "acme acme/docs"),
        ("web/README.md", "acme ana"),
        ("web/internal/README.md", "acme acme/inside"),
        ("db/a.sql", "acme acme/data"),
        ("db/generated.sql", "acme"),
    ],
)
def test_each_section_of_gitlab_names_an_owner(path: str, owners: str) -> None:
    """Sections of one name are one, have owners of their own, and what they exclude stays excluded."""
    assert read_code_owners(GITLAB, sections=True).of(path) == set(owners.split())


def done(files: str) -> Done:
    return Done(PULL_REQUESTS, WEDNESDAY, files=tuple(files.split()))


def test_a_change_is_of_the_team_that_owns_most_of_its_files() -> None:
    """Who owns everything counts only where nobody narrower does; a tie goes by the id."""
    teams = Teams({}, {"search": "Search", "ads": "Ads", "core": "Core"}, {"bobcodes": "ads"})
    owners = read_code_owners("* @acme/core\n/search/ @acme/search\n/ads/ @bobcodes\n/odd/ @acme/strangers\n")
    assert teams.of_files(owners, done("search/a search/b ads/c")) == "search"
    assert teams.of_files(owners, done("search/a ads/c")) == "ads"
    assert teams.of_files(owners, done("ads/a README.md Makefile")) == "core"
    assert teams.of_files(owners, done("odd/a")) == ""
    assert teams.of_files(owners, done("")) == "core"
    both = read_code_owners("* @acme/core\n[Search] @acme/search\nsearch/", sections=True)
    assert teams.of_files(both, done("search/a search/b")) == "search"


def test_a_team_is_called_by_its_id_its_name_or_as_app_yaml_says() -> None:
    """Of two teams of one name neither is meant."""
    names = {"search": "Search", "ml": "Machine Learning", "a": "Twins", "b": "Twins"}
    teams = Teams({}, names, called={"search": ["@acme/Finders"]})
    assert [teams.of_group(each) for each in ("acme/search", "acme/finders", "acme/machine-learning")] == [
        "search",
        "search",
        "ml",
    ]
    assert teams.of_group("acme/twins") == teams.of_group("acme/others") == ""


@pytest.fixture
def github() -> Iterator[FakeGitHubCode]:
    """One repository for all."""
    with FakeGitHubCode() as made:
        made.repos = [Repo("acme/mono")]
        made.repos[0].files["docs/CODEOWNERS"] = "* @acme/ads\n/search/ @acme/finders\n"
        yield made


@pytest.fixture
def owned(github: FakeGitHubCode, tmp_path: Path, clock: Clock) -> Iterator[Counted]:
    """A company that counts by it."""
    settings: dict[str, Any] = {"teams": {"ads": ["acme/mono"]}, "codeowners": True}
    settings |= {"members": True, "labels": True, "owners": {"search": ["acme/finders"]}}
    database = migrated(tmp_path / "acme.db")
    made = counting(database, clock, github.token, kind="github", organization="acme", url=github.url, **settings)
    yield made
    made.company.app.outcomes["github"].close()
    database.close()


def test_the_files_owner_comes_after_a_label_and_before_the_repository(github: FakeGitHubCode, owned: Counted) -> None:
    """Of many pull requests all files are asked for, 50 at a time."""
    for _ in range(60):
        github.merged(github.repos[0], WEDNESDAY, files="search/a.py search/b.py README.md")
    github.merged(github.repos[0], WEDNESDAY, files="README.md search/x")
    github.merged(github.repos[0], WEDNESDAY, files="search/a", labels=[{"name": "team:ads"}])
    github.closed(github.repos[0], WEDNESDAY)
    owned.read()
    assert owned.sums() == {
        ("search", "2026-11-18", "merged_pull_requests"): 60,
        ("ads", "2026-11-18", "merged_pull_requests"): 2,
        ("ads", "2026-11-18", "closed_issues"): 1,
    }
    assert github.paths.count("/graphql") == 2


def test_without_the_right_the_repository_counts_and_it_is_said(github: FakeGitHubCode, owned: Counted) -> None:
    """Once, in the card, and to who sees all."""
    github.rights.clear()
    github.merged(github.repos[0], WEDNESDAY, files="search/a.py")
    owned.read()
    assert owned.sums() == {("ads", "2026-11-18", "merged_pull_requests"): 1}
    assert owned.note()["unowned"] == ["acme/mono"]
    assert owned.note()["members_unread"] is True
    said = owned.company.say("fay", "outcomes")
    assert said.count("CODEOWNERS not readable, so app.yaml says whose these are: acme/mono") == 1
    assert said.count("github: the token may not read teams, so nobody's membership counts.") == 1


def test_files_that_cannot_be_read_leave_the_figures_of_before(github: FakeGitHubCode, owned: Counted) -> None:
    """GraphQL refuses with status 200."""
    github.merged(github.repos[0], WEDNESDAY, files="search/a.py")
    owned.read()
    trouble = {"data": None, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}
    github.fail_next(200, body=trouble, path="/graphql", times=9)
    github.merged(github.repos[0], WEDNESDAY, files="search/a.py")
    owned.company.app.read_outcomes("github")
    assert owned.sums() == {("search", "2026-11-18", "merged_pull_requests"): 1}
    assert owned.note()["unread"] == ["acme/mono"]


def test_the_smallest_group_of_the_author_counts_where_nothing_else_fits(
    github: FakeGitHubCode, tmp_path: Path, clock: Clock
) -> None:
    """A link of a provider comes first; names are kept nowhere."""
    github.teams = {
        "engineering": ["Zoe", "BobCodes", "lou", "kim"],
        "search": ["Zoe", "bobcodes"],
        "guild": ["zoe"],
        "ads": ["lou", "x", "y"],
    }
    database = migrated(tmp_path / "acme.db")
    settings: dict[str, Any] = {"members": True, "people": "llm", "kind": "github", "organization": "acme"}
    made = counting(database, clock, github.token, url=github.url, **{"teams": {}, **settings})
    made.company.directory = replace(ACME, links=(*ACME.links, Link("llm", "user", "BobCodes", "person/bob")))
    made.company.app.refresh_people()
    for login in ("zoe", "BOBCODES", "Lou", "kim", "stranger"):
        github.merged(github.repos[0], WEDNESDAY, user={"login": login, "type": "User"}, files="secret/path")
    made.read()
    assert made.sums() == {
        ("search", "2026-11-18", "merged_pull_requests"): 1,
        ("ads", "2026-11-18", "merged_pull_requests"): 2,
        ("engineering", "2026-11-18", "merged_pull_requests"): 1,
    }
    assert made.note()["unallocated"] == 1
    tables = database.ask(
        lambda conn: str(
            [conn.execute(text(f"select * from {each}")).all() for each in ("outcomes", "installation", "audit")]
        )
    )
    assert not any(each in tables.lower() for each in ("stranger", "secret/path"))
    assert "/graphql" not in github.paths
    made.company.app.outcomes["github"].close()
    database.close()


def test_gitlab_knows_owners_and_groups_too(tmp_path: Path, clock: Clock) -> None:
    """Its sections, and the people of the groups below."""
    database = migrated(tmp_path / "acme.db")
    with FakeGitLabCode() as fake:
        fake.project(1, "acme/mono")
        fake.project(2, "acme/other")
        fake.project(3, "acme/empty", None)
        fake.files[1, ".gitlab/CODEOWNERS"] = "[Search] @acme/search\n/search/\n"
        active = {"state": "active", "access_level": 30}
        fake.members = {"acme/ads": [{"username": "Lou", **active}, {"username": "gone", "state": "blocked"}]}
        fake.merged(1, WEDNESDAY, files="search/a other/b")
        fake.merged(1, WEDNESDAY, files="other/b", author={"username": "lou"})
        for _ in range(30):
            fake.merged(1, WEDNESDAY, files="search/x")
        fake.merged(2, WEDNESDAY, author={"username": "lou"})
        fake.merged(2, WEDNESDAY, author={"username": "gone"})
        said: dict[str, Any] = {"kind": "gitlab", "groups": ["acme"], "codeowners": True, "members": True}
        made = counting(database, clock, fake.token, url=fake.url, **{"teams": {}, **said})
        made.read()
        assert made.sums() == {
            ("search", "2026-11-18", "merged_pull_requests"): 31,
            ("ads", "2026-11-18", "merged_pull_requests"): 2,
        }
        assert json.dumps(made.note()["unowned"]) == "[]"
        made.company.app.outcomes["gitlab"].close()
    database.close()
