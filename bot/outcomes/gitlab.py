"""Merged merge requests and closed issues of GitLab, of groups and all groups below them.

Sources: GitLab's REST documents: "List all merge requests for a group" (`scope` must be said; `merged_at` is null for
what was merged long ago), "List all issues of a group", "List a group's projects", "Pagination", "Get details
of a personal access token" (of itself), "Get file from repository", "List all descendant groups", "List all members of
a group" (those of its own, not of the groups above). Which files were changed is asked by GraphQL (`diffStats`), which
gives no code. A token needs the scope read_api and the role Reporter. Nothing was seen live.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from bot.checks import CheckLine, why_not, works
from bot.config import OutcomeSettings
from bot.errors import NotFoundError, OutsideError
from bot.http import PATIENCE, Api, ApiKey, Refusal
from bot.outcomes.answers import StoredFile, listed
from bot.outcomes.code_owners import PLACES_GITLAB, CodeOwners, read_code_owners
from bot.outcomes.source import ISSUES, NOBODY, Done, Repository, kind_of
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_

URL = "https://gitlab.com/api/v4"
ITSELF = "/personal_access_tokens/self"
CALLS_PER_MINUTE = 600
MACHINE = re.compile(r"(?:project|group)_\d+_bot(?:_.*)?|.*\[bot\]|renovate-bot|dependabot")
"""Access tokens of projects and groups act as users of such names."""
AT_ONCE = 20
"""So many merge requests are asked about in a question: GitLab limits how much one may ask for."""
CHANGED = """
query($path: ID!, $numbers: [String!]) {
  project(fullPath: $path) { mergeRequests(iids: $numbers) { nodes { iid diffStats { path } } } }
}"""
NEEDED = N_("a group access token with the scope read_api and the role Reporter")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Author(_Shape):
    username: str = ""


class _Project(_Shape):
    id: int
    path_with_namespace: str
    default_branch: str | None = None


class _Row(_Shape):
    id: int
    iid: int = 0
    project_id: int
    title: str = ""
    author: _Author | None = None
    labels: tuple[str, ...] = ()
    target_branch: str = ""
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    moved_to_id: int | None = None
    issue_type: str | None = None


class _File(_Shape):
    path: str


class _Changed(_Shape):
    iid: int
    files: tuple[_File, ...] | None = Field(None, alias="diffStats")


class _Page(_Shape):
    nodes: tuple[_Changed | None, ...] | None = None


class _Requests(_Shape):
    requests: _Page = Field(alias="mergeRequests")


class _Found(_Shape):
    project: _Requests


class _Answer(_Shape):
    data: _Found


class _Group(_Shape):
    full_path: str


class _Member(_Shape):
    username: str
    state: str = "active"


class _Token(_Shape):
    expires_at: date | None = None


class GitLab:
    """Groups at GitLab.

    Args:
        settings: where it is, and which groups.
        token: opens them.
    """

    def __init__(self, settings: OutcomeSettings, token: str) -> None:
        self._groups = settings.groups
        self._members = settings.members
        key = ApiKey(settings.token, token, {}, NEEDED)
        url = f"{settings.url.rstrip('/').removesuffix('/api/v4')}/api/v4" if settings.url else URL
        self._api = Api("GitLab", url, key, PATIENCE, None, CALLS_PER_MINUTE)
        self._graph = Api("GitLab", url.removesuffix("/v4"), key, PATIENCE, None, CALLS_PER_MINUTE, _refusal)
        self._read: dict[datetime, dict[str, list[_Row]]] = {}

    def repositories(self) -> Iterator[Repository]:
        """See OutcomeSource. What was read before of what was done is forgotten."""
        self._read.clear()
        seen = set[int]()
        for group in self._groups:
            path = f"/groups/{quote(group, safe='')}/projects"
            rows = listed(self._api, path, {"include_subgroups": "true", "order_by": "id", "sort": "asc"})
            for one in understood(self._api.who, path, rows, _Project.model_validate):
                if one.id not in seen:
                    seen.add(one.id)
                    yield Repository(one.path_with_namespace, one.default_branch or "", str(one.id))

    def done(self, repository: Repository, since: datetime, *, files: bool) -> Iterator[Done]:
        """See OutcomeSource. All groups are read at the first question: GitLab tells of all their projects at once."""
        rows = self._since(since).get(repository.key, [])
        merged = [each.iid for each in rows if each.merged_at and each.target_branch == repository.branch]
        changed = self._changed(repository, merged) if files else {}
        for one in rows:
            login = one.author.username if one.author else ""
            if MACHINE.fullmatch(login):
                continue
            if one.merged_at and one.target_branch == repository.branch:
                yield Done(kind_of(one.title), one.merged_at, one.labels, login, changed.get(one.iid, ()))
            if one.closed_at and not one.target_branch and not one.moved_to_id and one.issue_type in (None, "issue"):
                yield Done(ISSUES, one.closed_at, one.labels, login)

    def _changed(self, repository: Repository, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The files of merge requests, by their numbers."""
        found: dict[int, tuple[str, ...]] = {}
        for begin in range(0, len(numbers), AT_ONCE):
            asked = {"path": repository.name, "numbers": [str(each) for each in numbers[begin : begin + AT_ONCE]]}
            answer = self._graph.ask_json("/graphql", {"query": CHANGED, "variables": asked})
            rows = self._graph.read(_Answer, answer, "/graphql").data.project.requests.nodes or ()
            found |= {one.iid: tuple(each.path for each in one.files or ()) for one in rows if one}
        return found

    def code_owners(self, repository: Repository) -> CodeOwners:
        """See OutcomeSource."""
        for place in PLACES_GITLAB if repository.branch else ():
            path = f"/projects/{repository.key}/repository/files/{quote(place, safe='')}"
            try:
                found = self._api.read(StoredFile, self._api.get_json(path, {"ref": repository.branch}), path)
            except NotFoundError:
                continue
            return read_code_owners(found.text, sections=True)
        return NOBODY

    def groups(self) -> Iterator[str]:
        """See OutcomeSource."""
        for group in self._groups:
            yield group
            path = f"/groups/{quote(group, safe='')}/descendant_groups"
            for one in understood(self._api.who, path, listed(self._api, path, {}), _Group.model_validate):
                yield one.full_path

    def members(self, group: str) -> Iterator[str]:
        """See OutcomeSource. Who is in a group above is in none below."""
        path = f"/groups/{quote(group, safe='')}/members"
        for one in understood(self._api.who, path, listed(self._api, path, {}), _Member.model_validate):
            if one.state == "active":
                yield one.username

    def _since(self, since: datetime) -> dict[str, list[_Row]]:
        if since not in self._read:
            found, seen = defaultdict[str, list[_Row]](list), set[tuple[str, int]]()
            asked = {"scope": "all", "updated_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
            asked |= {"order_by": "updated_at", "sort": "asc"}
            for group in self._groups:
                for what, state in (("merge_requests", "merged"), ("issues", "closed")):
                    path = f"/groups/{quote(group, safe='')}/{what}"
                    rows = listed(self._api, path, {**asked, "state": state})
                    for one in understood(self._api.who, path, rows, _Row.model_validate):
                        if (what, one.id) not in seen:
                            seen.add((what, one.id))
                            found[str(one.project_id)].append(one)
            self._read = {since: dict(found)}
        return self._read[since]

    def token_ends(self) -> date | None:
        """See OutcomeSource. A token may ask for itself, also that of a group; a server that is too old cannot say."""
        try:
            return self._api.read(_Token, self._api.get_json(ITSELF), ITSELF).expires_at
        except OutsideError:
            return None

    def check(self) -> Iterator[CheckLine]:
        """See OutcomeSource."""
        what = t("GitLab: projects of {name}", name=", ".join(self._groups))
        yield works(what, why_not(lambda: next(self.repositories(), None)))
        if self._members:
            what = t("GitLab: members of {name}", name=", ".join(self._groups))
            yield works(what, why_not(lambda: [next(self.members(each), None) for each in self._groups]))

    def close(self) -> None:
        """See OutcomeSource."""
        self._api.close()
        self._graph.close()


def _refusal(body: Any) -> Refusal | None:
    """What GraphQL refuses with status 200."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else None
    return Refusal(400, "", str(first.get("message", ""))) if first else None
