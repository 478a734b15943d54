"""Code and issues at GitHub and GitLab, as their REST documents of autumn 2026 describe them, with their oddities."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]


def stamp(moment: datetime) -> str:
    """A moment as both write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Repo:
    """A repository with what was done in it."""

    full_name: str
    branch: str | None = "main"
    has_issues: bool = True
    readable: bool = True
    pulls: list[Json] = field(default_factory=list)
    issues: list[Json] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def stored(text: str) -> str:
    """A file as both give it: in Base64, in lines."""
    return base64.encodebytes(text.encode()).decode()


class FakeGitHubCode(Loopback):
    """An organization at GitHub: pages of at most 100 rows, and rows of odd shapes.

    Attributes:
        repos: its repositories.
        paths: what was asked for, with its query.
        busy: how many calls are refused first, with a pause.
        ends: when the token ends, as GitHub writes it in a header; "" for one that does not.
        teams: the logins of each team, by its slug.
        changed: the files of pull requests, by their numbers.
        rights: what the token may read besides.
    """

    token = "github_pat_fake"

    def __init__(self) -> None:
        super().__init__()
        self.repos: list[Repo] = []
        self.paths: list[str] = []
        self.busy = 0
        self.ends = ""
        self.teams: dict[str, list[str]] = {}
        self.changed: dict[int, list[str]] = {}
        self.rights = {"contents", "members"}
        self._numbers = iter(range(1, 100_000))

    def merged(self, repo: Repo, at: datetime, title: str = "Add search", *, files: str = "", **odd: Any) -> None:
        """A pull request that was merged, with the paths of its files, blanks between."""
        number = next(self._numbers)
        self.changed[number] = files.split()
        row = {
            "number": number,
            "title": title,
            "state": "closed",
            "user": {"login": "octocat", "type": "User", "id": 1},
            "merged_at": stamp(at),
            "closed_at": stamp(at),
            "updated_at": stamp(at),
            "base": {"ref": repo.branch, "label": f"acme:{repo.branch}"},
            "head": {"ref": "topic", "repo": None},
            "labels": [],
            "body": None,
            "milestone": None,
            "auto_merge": None,
        }
        repo.pulls.append(row | odd)

    def closed(self, repo: Repo, at: datetime, **odd: Any) -> None:
        """An issue that was closed."""
        row = {
            "number": next(self._numbers),
            "title": "Search is slow",
            "state": "closed",
            "state_reason": "completed",
            "user": {"login": "octocat", "type": "User"},
            "closed_at": stamp(at),
            "updated_at": stamp(at),
            "labels": [{"name": "bug"}, {"name": None}],
            "assignee": None,
        }
        repo.issues.append(row | odd)

    def answer(self, heard: Heard) -> Answer:
        """See Loopback."""
        self.paths.append(heard.path)
        if heard.method != "GET" and heard.path != "/graphql":
            return Answer(404, {"message": "Not Found"})
        if heard.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"message": "Bad credentials"})
        if self.busy:
            self.busy -= 1
            return Answer(
                403, {"message": "API rate limit exceeded"}, {"Retry-After": "0", "X-RateLimit-Remaining": "0"}
            )
        if heard.path == "/graphql":
            return self._graph(heard)
        if heard.path.startswith("/orgs/acme/teams"):
            return self._of_teams(heard)
        if heard.path == "/orgs/acme/repos":
            rows = [self._shown(each) for each in self.repos]
            return self._page(heard, rows)
        return self._of_repository(heard)

    def _of_repository(self, heard: Heard) -> Answer:
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)/(pulls|issues|contents/.+)", heard.path)
        repo = next((each for each in self.repos if found and each.full_name == unquote(found[1])), None)
        if found is None or repo is None or not repo.readable:
            return Answer(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})
        if found[2].startswith("contents/"):
            if "contents" not in self.rights:
                return Answer(403, {"message": "Resource not accessible by personal access token", "status": "403"})
            kept = repo.files.get(found[2].removeprefix("contents/"))
            shown = {"type": "file", "encoding": "base64", "content": stored(kept or ""), "download_url": None}
            return Answer(404, {"message": "Not Found"}) if kept is None else Answer(200, shown)
        if found[2] == "issues":
            if not repo.has_issues:
                return Answer(410, {"message": "Issues are disabled for this repo"})
            since = _one(heard, "since")
            both = [*repo.issues, *({**each, "pull_request": {"url": "x"}} for each in repo.pulls)]
            return self._page(heard, [each for each in both if each["updated_at"] >= since])
        order = _one(heard, "direction") == "desc"
        return self._page(heard, sorted(repo.pulls, key=lambda row: str(row.get("updated_at")), reverse=order))

    def _of_teams(self, heard: Heard) -> Answer:
        if "members" not in self.rights:
            return Answer(403, {"message": "Resource not accessible by personal access token", "status": "403"})
        found = re.fullmatch(r"/orgs/acme/teams(?:/([^/]+)/members)?", heard.path)
        if found is None or (found[1] and found[1] not in self.teams):
            return Answer(404, {"message": "Not Found"})
        if found[1]:
            return self._page(heard, [{"login": each, "type": "User"} for each in self.teams[found[1]]])
        rows: list[Json] = [{"slug": each, "name": each.title(), "parent": None} for each in self.teams]
        return self._page(heard, rows)

    def _graph(self, heard: Heard) -> Answer:
        """Only the one question about files; what one may not see is an error with status 200."""
        said = json.loads(heard.body)
        name = f"{said['variables']['owner']}/{said['variables']['name']}"
        repo = next((each for each in self.repos if each.full_name == name and each.readable), None)
        if repo is None:
            trouble = {"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve to a Repository"}
            return Answer(200, {"data": {"repository": None}, "errors": [trouble]})
        asked = re.findall(
            r"p(\d+): pullRequest\(number: \1\) \{files\(first: 100\) \{nodes \{path\}\}\}", said["query"]
        )
        assert 0 < len(asked) <= 50
        nodes = {int(each): [{"path": path} for path in self.changed[int(each)]] for each in asked}
        rows = {f"p{each}": {"files": {"nodes": those[:100]} if those else None} for each, those in nodes.items()}
        return Answer(200, {"data": {"repository": rows}})

    def _shown(self, repo: Repo) -> Json:
        return {
            "id": len(repo.full_name),
            "full_name": repo.full_name,
            "default_branch": repo.branch,
            "has_issues": repo.has_issues,
            "archived": False,
            "language": None,
        }

    def _page(self, heard: Heard, rows: list[Json]) -> Answer:
        size, page = int(_one(heard, "per_page") or 30), int(_one(heard, "page") or 1)
        if not 1 <= size <= 100:
            return Answer(422, {"message": "Validation Failed"})
        ends = {"github-authentication-token-expiration": self.ends} if self.ends else {}
        return Answer(200, json.dumps(rows[(page - 1) * size : page * size]).encode(), ends)


class FakeGitLabCode(Loopback):
    """Groups at GitLab, with all groups below them. `rows` has merge requests and issues by kind.

    `ends` is the day on which the token ends, "never", or "" on a server that does not say it. `files` has texts by
    project and path, `changed` paths by project and number, `members` the names in a group.
    """

    token = "glpat-fake"

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[int, Json] = {}
        self.rows: dict[str, list[Json]] = {"merge_requests": [], "issues": []}
        self.paths: list[str] = []
        self.ends = ""
        self.files: dict[tuple[int, str], str] = {}
        self.changed: dict[tuple[int, str], list[str]] = {}
        self.members: dict[str, list[Json]] = {}
        self._numbers = iter(range(1, 100_000))

    def project(self, id: int, path: str, branch: str | None = "main") -> None:
        """A project; an empty one has no branch."""
        self.projects[id] = {"id": id, "path_with_namespace": path, "default_branch": branch, "archived": False}

    def merged(
        self, project: int, at: datetime | None, title: str = "Add search", *, files: str = "", **odd: Any
    ) -> None:
        """A merge request that was merged; long ago without a moment."""
        moment = stamp(at) if at else None
        number = next(self._numbers)
        self.changed[project, str(number)] = files.split()
        row = {
            "id": 1000 + number,
            "iid": number,
            "project_id": project,
            "title": title,
            "state": "merged",
            "merged_at": moment,
            "closed_at": None,
            "updated_at": moment or "2026-11-20T00:00:00Z",
            "target_branch": "main",
            "labels": [],
            "author": {"id": 7, "username": "ana", "state": "active"},
            "merged_by": None,
        }
        self.rows["merge_requests"].append(row | odd)

    def closed(self, project: int, at: datetime, **odd: Any) -> None:
        """An issue that was closed."""
        row = {
            "id": next(self._numbers),
            "project_id": project,
            "title": "Slow",
            "state": "closed",
            "closed_at": stamp(at),
            "updated_at": stamp(at),
            "labels": [],
            "author": {"username": "ana"},
            "moved_to_id": None,
            "issue_type": "issue",
        }
        self.rows["issues"].append(row | odd)

    def answer(self, heard: Heard) -> Answer:
        """See Loopback."""
        self.paths.append(heard.path)
        if heard.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"message": "401 Unauthorized"})
        if heard.path == "/api/v4/personal_access_tokens/self" and self.ends:
            shown = {"id": 7, "name": "bursar", "revoked": False, "scopes": ["read_api"], "expires_at": self.ends}
            return Answer(200, shown | {"expires_at": None if self.ends == "never" else self.ends})
        if heard.path == "/api/graphql":
            return self._graph(heard)
        file = re.fullmatch(r"/api/v4/projects/(\d+)/repository/files/(.+)", heard.path)
        if file:
            words = self.files.get((int(file[1]), unquote(file[2]))) if _one(heard, "ref") == "main" else None
            shown = {"file_name": "CODEOWNERS", "encoding": "base64", "content": stored(words or "")}
            return Answer(404, {"message": "404 File Not Found"}) if words is None else Answer(200, shown)
        within = re.fullmatch(r"/api/v4/groups/([^/]+)/(descendant_groups|members)", heard.path)
        if within:
            return self._of_groups(heard, unquote(within[1]), within[2])
        found = re.fullmatch(r"/api/v4/groups/([^/]+)/(projects|merge_requests|issues)", heard.path)
        if heard.method != "GET" or found is None:
            return Answer(404, {"error": "404 Not Found"})
        group = unquote(found[1])
        inside = {id for id, one in self.projects.items() if one["path_with_namespace"].startswith(f"{group}/")}
        if not inside:
            return Answer(404, {"message": "404 Group Not Found"})
        if found[2] == "projects":
            return self._page(heard, [one for id, one in self.projects.items() if id in inside])
        if _one(heard, "scope") != "all":
            return self._page(heard, [])  # what the token's own user has made: nothing
        kept: Callable[[Json], bool] = lambda row: (  # noqa: E731 - one condition of several lines
            row["project_id"] in inside
            and row["state"] == _one(heard, "state")
            and row["updated_at"] >= _one(heard, "updated_after")
        )
        return self._page(heard, sorted(filter(kept, self.rows[found[2]]), key=lambda row: row["updated_at"]))

    def _of_groups(self, heard: Heard, group: str, what: str) -> Answer:
        if what == "members":
            return self._page(heard, self.members.get(group, []))
        below = sorted(each for each in self.members if each.startswith(f"{group}/"))
        return self._page(heard, [{"id": 1, "full_path": each, "path": each.rpartition("/")[2]} for each in below])

    def _graph(self, heard: Heard) -> Answer:
        said = json.loads(heard.body)
        assert "diffStats" in said["query"]
        path, numbers = said["variables"]["path"], said["variables"]["numbers"]
        id = next((id for id, one in self.projects.items() if one["path_with_namespace"] == path), None)
        if id is None or len(numbers) > 20:
            return Answer(200, {"errors": [{"message": "Query has complexity of 999, which exceeds max of 250"}]})
        rows = [{"iid": each, "diffStats": [{"path": one} for one in self.changed[id, each]]} for each in numbers]
        return Answer(200, {"data": {"project": {"mergeRequests": {"nodes": rows}}}})

    def _page(self, heard: Heard, rows: list[Json]) -> Answer:
        size, page = min(int(_one(heard, "per_page") or 20), 100), int(_one(heard, "page") or 1)
        return Answer(200, json.dumps(rows[(page - 1) * size : page * size]).encode())


def _one(heard: Heard, name: str) -> str:
    return heard.query.get(name, "")
