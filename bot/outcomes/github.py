"""Merged pull requests and closed issues of GitHub.

Sources: GitHub's REST documents, API version 2026-03-10: "List organization repositories", "List pull requests", "List
repository issues" (which lists pull requests, too; `state_reason` says why one was closed), "Rate limits". A token
needs Metadata, Pull requests and Issues, all read; no right to read code. Only CODEOWNERS takes Contents ("Get
repository content"), only teams take Members ("List teams", "List team members", which has those of the teams below,
too). Which files were changed is asked by GraphQL (`pullRequest.files`), many pull requests at once, for REST takes a
call for each. "Token expiration and revocation" says that answers to a token that ends have the header
github-authentication-token-expiration. Nothing was seen live.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from bot.checks import CheckLine, why_not, works
from bot.config import OutcomeSettings
from bot.errors import NotFoundError
from bot.http import PATIENCE, Api, ApiKey, Refusal
from bot.outcomes.answers import StoredFile, listed
from bot.outcomes.code_owners import PLACES, CodeOwners, read_code_owners
from bot.outcomes.source import ISSUES, NOBODY, Done, Repository, kind_of
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_

URL = "https://api.github.com"
REFUSED = {"RATE_LIMITED": 429, "RATE_LIMIT": 429, "FORBIDDEN": 403, "NOT_FOUND": 404}
"""What GraphQL's words amount to."""
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}
ENDS = re.compile(r"\d{4}-\d{2}-\d{2}(?= )")
"""As in "2026-12-31 23:00:00 UTC"."""
CALLS_PER_MINUTE = 600
"""Below GitHub's 900 points a minute; of its 5,000 calls an hour it says itself when they are used up."""
AT_ONCE = 50
"""So many pull requests are asked about in a question; each may have 100 files, of GraphQL's 500,000 rows."""
FILES_MAX = 100
NEEDED = N_("a token that may read metadata, pull requests and issues of the organization's repositories")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _User(_Shape):
    login: str = ""
    type: str = ""

    @property
    def is_machine(self) -> bool:
        """Whether it is a program."""
        return self.type == "Bot" or self.login.endswith("[bot]")


class _Label(_Shape):
    name: str | None = None


class _Repository(_Shape):
    full_name: str
    default_branch: str | None = None
    has_issues: bool | None = None


class _Base(_Shape):
    ref: str


class _Pull(_Shape):
    number: int
    title: str = ""
    user: _User | None = None
    merged_at: datetime | None = None
    updated_at: datetime
    base: _Base
    labels: tuple[_Label, ...] = ()


class _Issue(_Shape):
    number: int
    user: _User | None = None
    closed_at: datetime | None = None
    state_reason: str | None = None
    pull_request: dict[str, Any] | None = None
    labels: tuple[_Label | str, ...] = ()


class _Team(_Shape):
    slug: str


class _File(_Shape):
    path: str


class _Files(_Shape):
    nodes: tuple[_File | None, ...] | None = None


class _Changed(_Shape):
    files: _Files | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, but for those that GitHub has forgotten."""
        return tuple(each.path for each in (self.files and self.files.nodes) or () if each)


class _Found(_Shape):
    repository: dict[str, _Changed | None]


class _Answer(_Shape):
    data: _Found


class GitHub:
    """An organization at GitHub.

    Args:
        settings: where it is, and whose.
        token: opens it.
    """

    def __init__(self, settings: OutcomeSettings, token: str) -> None:
        self._organization = settings.organization
        self._members = settings.members
        key = ApiKey(settings.token, token, {}, NEEDED)
        url = settings.url or URL
        self._api = Api("GitHub", url, key, PATIENCE, HEADERS, CALLS_PER_MINUTE)
        graph = url.rstrip("/").removesuffix("/v3")  # a server of one's own has both below /api
        self._graph = Api("GitHub", graph, key, PATIENCE, None, CALLS_PER_MINUTE, _refusal)

    def repositories(self) -> Iterator[Repository]:
        """See OutcomeSource."""
        path = f"/orgs/{quote(self._organization, safe='')}/repos"
        for one in understood(
            self._api.who, path, listed(self._api, path, {"type": "all"}), _Repository.model_validate
        ):
            yield Repository(one.full_name, one.default_branch or "", one.full_name, one.has_issues is not False)

    def done(self, repository: Repository, since: datetime, *, files: bool) -> Iterator[Done]:
        """See OutcomeSource. Of a pull request the first 100 files are known."""
        pulls = list(self._pulls(repository, since))
        changed = self._changed(repository, [each.number for each in pulls]) if files else {}
        for one in pulls:
            login, paths = one.user.login if one.user else "", changed.get(one.number, ())
            yield Done(kind_of(one.title), one.merged_at or one.updated_at, _names(one.labels), login, paths)
        if repository.has_issues:  # where they are switched off, GitHub answers that they are gone (410)
            yield from self._issues(repository, since)

    def _pulls(self, repository: Repository, since: datetime) -> Iterator[_Pull]:
        path, seen = f"/repos/{repository.key}/pulls", set[int]()
        rows = listed(self._api, path, {"state": "closed", "sort": "updated", "direction": "desc"})
        for one in understood(self._api.who, path, rows, _Pull.model_validate):
            if one.updated_at < since:
                return
            is_ours = one.base.ref == repository.branch and not (one.user and one.user.is_machine)
            if one.merged_at and is_ours and one.number not in seen:
                seen.add(one.number)
                yield one

    def _changed(self, repository: Repository, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The files of pull requests, by their numbers."""
        owner, _, name = repository.key.partition("/")
        found: dict[int, tuple[str, ...]] = {}
        for begin in range(0, len(numbers), AT_ONCE):
            part = numbers[begin : begin + AT_ONCE]
            asked = " ".join(
                f"p{each}: pullRequest(number: {each}) {{files(first: {FILES_MAX}) {{nodes {{path}}}}}}"
                for each in part
            )
            question = f"query($owner: String!, $name: String!) {{repository(owner: $owner, name: $name) {{{asked}}}}}"
            body = {"query": question, "variables": {"owner": owner, "name": name}}
            answer = self._graph.read(_Answer, self._graph.ask_json("/graphql", body), "/graphql")
            found |= {int(key[1:]): one.paths for key, one in answer.data.repository.items() if one}
        return found

    def code_owners(self, repository: Repository) -> CodeOwners:
        """See OutcomeSource."""
        for place in PLACES if repository.branch else ():
            path = f"/repos/{repository.key}/contents/{place}"
            try:
                found = self._api.read(StoredFile, self._api.get_json(path), path)
            except NotFoundError:
                continue
            return read_code_owners(found.text)
        return NOBODY

    def groups(self) -> Iterator[str]:
        """See OutcomeSource."""
        path = f"/orgs/{quote(self._organization, safe='')}/teams"
        for one in understood(self._api.who, path, listed(self._api, path, {}), _Team.model_validate):
            yield f"{self._organization}/{one.slug}"

    def members(self, group: str) -> Iterator[str]:
        """See OutcomeSource."""
        organization, _, slug = group.partition("/")
        path = f"/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}/members"
        for one in understood(self._api.who, path, listed(self._api, path, {"role": "all"}), _User.model_validate):
            yield one.login

    def _issues(self, repository: Repository, since: datetime) -> Iterator[Done]:
        path, seen = f"/repos/{repository.key}/issues", set[int]()
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = listed(self._api, path, {"state": "closed", "since": moment})
        for one in understood(self._api.who, path, rows, _Issue.model_validate):
            is_done = one.pull_request is None and one.state_reason in (None, "completed")
            if one.closed_at and is_done and not (one.user and one.user.is_machine) and one.number not in seen:
                seen.add(one.number)
                yield Done(ISSUES, one.closed_at, _names(one.labels), one.user.login if one.user else "")

    def token_ends(self) -> date | None:
        """See OutcomeSource. GitHub says it with every answer to a personal access token that ends."""
        said = ENDS.match(self._api.heard.get("github-authentication-token-expiration", ""))
        return date.fromisoformat(said[0]) if said else None

    def check(self) -> Iterator[CheckLine]:
        """See OutcomeSource."""
        what = t("GitHub: repositories of {name}", name=self._organization)
        yield works(what, why_not(lambda: next(self.repositories(), None)))
        if self._members:
            what = t("GitHub: teams of {name}", name=self._organization)
            yield works(what, why_not(lambda: next(self.groups(), None)))

    def close(self) -> None:
        """See OutcomeSource."""
        self._api.close()
        self._graph.close()


def _refusal(body: Any) -> Refusal | None:
    """What GraphQL refuses with status 200: a whole answer has no errors."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    kind = str(first.get("type", ""))
    return Refusal(REFUSED.get(kind, 400), kind, str(first.get("message", "")))


def _names(labels: tuple[_Label | str, ...]) -> tuple[str, ...]:
    """The names of labels; an issue may have them as plain words."""
    return tuple(filter(None, (each if isinstance(each, str) else each.name for each in labels)))
