"""Merged pull requests and closed issues of GitHub.

Sources: GitHub's REST documents, API version 2026-03-10: "List organization repositories", "List pull requests", "List
repository issues" (which lists pull requests, too; `state_reason` says why one was closed), "Rate limits". A token
needs Metadata, Pull requests and Issues, all read; no right to read code. "Token expiration and revocation" says that
answers to a token that ends have the header github-authentication-token-expiration. Nothing was seen live.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from bot.checks import CheckLine, why_not, works
from bot.config import OutcomeSettings
from bot.http import PATIENCE, Api, ApiKey
from bot.outcomes.source import ISSUES, Done, Repository, kind_of, listed
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_

URL = "https://api.github.com"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}
ENDS = re.compile(r"\d{4}-\d{2}-\d{2}(?= )")
"""As in "2026-12-31 23:00:00 UTC"."""
CALLS_PER_MINUTE = 600
"""Below GitHub's 900 points a minute; of its 5,000 calls an hour it says itself when they are used up."""
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


class GitHub:
    """An organization at GitHub.

    Args:
        settings: where it is, and whose.
        token: opens it.
    """

    def __init__(self, settings: OutcomeSettings, token: str) -> None:
        self._organization = settings.organization
        key = ApiKey(settings.token, token, {}, NEEDED)
        self._api = Api("GitHub", settings.url or URL, key, PATIENCE, HEADERS, CALLS_PER_MINUTE)

    def repositories(self) -> Iterator[Repository]:
        """See OutcomeSource."""
        path = f"/orgs/{quote(self._organization, safe='')}/repos"
        for one in understood(
            self._api.who, path, listed(self._api, path, {"type": "all"}), _Repository.model_validate
        ):
            yield Repository(one.full_name, one.default_branch or "", one.full_name, one.has_issues is not False)

    def done(self, repository: Repository, since: datetime) -> Iterator[Done]:
        """See OutcomeSource."""
        yield from self._pulls(repository, since)
        if repository.has_issues:  # where they are switched off, GitHub answers that they are gone (410)
            yield from self._issues(repository, since)

    def _pulls(self, repository: Repository, since: datetime) -> Iterator[Done]:
        path, seen = f"/repos/{repository.key}/pulls", set[int]()
        rows = listed(self._api, path, {"state": "closed", "sort": "updated", "direction": "desc"})
        for one in understood(self._api.who, path, rows, _Pull.model_validate):
            if one.updated_at < since:
                return
            is_ours = one.base.ref == repository.branch and not (one.user and one.user.is_machine)
            if one.merged_at and is_ours and one.number not in seen:
                seen.add(one.number)
                yield Done(kind_of(one.title), one.merged_at, _names(one.labels), one.user.login if one.user else "")

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

    def close(self) -> None:
        """See OutcomeSource."""
        self._api.close()


def _names(labels: tuple[_Label | str, ...]) -> tuple[str, ...]:
    """The names of labels; an issue may have them as plain words."""
    return tuple(filter(None, (each if isinstance(each, str) else each.name for each in labels)))
