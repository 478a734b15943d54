"""What every source of outcomes has in common: whose a thing is, what counts, and what a reading comes to."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pydantic import RootModel

from bot.checks import CheckLine
from bot.http import Api, Page, Params

PULL_REQUESTS, REVERTS, ISSUES = "merged_pull_requests", "reverts", "closed_issues"
"""Apart from what providers count of their own programs, which is part of these."""
TEAM_LABEL = "team:"
PAGE_ROWS = 100
REVERT = re.compile(r"\s*(?:Revert\b|Reapply\b|revert[(:])")
"""How GitHub, GitLab and `git revert` begin the title of what takes something back, or puts it there again."""


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done, without whoever did it.

    Args:
        kind: PULL_REQUESTS, REVERTS or ISSUES.
        at: when.
        labels: that it has.
        author: login of who did it, for their team alone; it is kept nowhere.
    """

    kind: str
    at: datetime
    labels: tuple[str, ...] = ()
    author: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that was found.

    Args:
        name: such as "acme/search-api", as it is called today.
        branch: the one into which it is merged, "" for one without any.
        key: what the source calls it in its own questions.
        has_issues: whether issues are switched on there.
    """

    name: str
    branch: str
    key: str
    has_issues: bool = True


class _Rows(RootModel[list[Any]]):
    """An answer that is a list, and nothing else."""


def listed(api: Api, path: str, params: Params) -> Iterator[Any]:
    """The rows of a list whose pages are numbered; a page that is not full is the last.

    Args:
        api: where it is asked for.
        path: of the list.
        params: of the question, without the page.

    Raises:
        OutsideError: a page cannot be had, or is no list. Rows already given must not be counted.
    """

    def ask(number: int) -> Page:
        rows = api.read(_Rows, api.get_json(path, {**params, "per_page": PAGE_ROWS, "page": number}), path).root
        return Page(rows, number + (len(rows) >= PAGE_ROWS))

    return api.pages(ask, path)


class OutcomeSource(Protocol):
    """A place where code and issues lie."""

    def repositories(self) -> Iterator[Repository]:
        """All that the token may read.

        Raises:
            OutsideError: it cannot be asked.
        """

    def done(self, repository: Repository, since: datetime) -> Iterator[Done]:
        """What was merged or closed there since a moment, and perhaps some of before.

        Raises:
            OutsideError: it cannot be asked; what was given before must not be counted.
        """

    def token_ends(self) -> date | None:
        """The day on which the token ends, None if it ends never or nobody says. Asked after something was read."""

    def check(self) -> Iterator[CheckLine]:
        """What `check` says of it."""

    def close(self) -> None:
        """Let the connections go."""


@dataclass(frozen=True, slots=True)
class Teams:
    """Whose things are.

    Args:
        teams: patterns of names of repositories, by the id of a team; the first that fits counts.
        known: ids of all teams that there are.
        authors: the team of each login that is known, empty where app.yaml does not ask for it.
    """

    teams: Mapping[str, Sequence[str]]
    known: Collection[str]
    authors: Mapping[str, str] = field(default_factory=dict)

    def of_repository(self, name: str) -> str:
        """The team whose repository it is, "" for none."""
        here = name.casefold()
        fits = (team for team, those in self.teams.items() if any(fnmatchcase(here, each.casefold()) for each in those))
        return next(fits, "")

    def of(self, repository: Repository, one: Done) -> str:
        """The team whose it is: by its label, else by its repository, else by its author; "" for none."""
        named = (each.removeprefix(TEAM_LABEL).strip() for each in one.labels if each.startswith(TEAM_LABEL))
        labelled = next((each for each in named if each in self.known), "")
        return labelled or self.of_repository(repository.name) or self.authors.get(one.author.casefold(), "")

    def unmatched(self, names: Iterable[str]) -> list[str]:
        """The patterns that fit no repository: of one that was renamed, or that the token may not read."""
        folded = [each.casefold() for each in names]
        patterns = (each for those in self.teams.values() for each in those)
        return [each for each in patterns if not any(fnmatchcase(one, each.casefold()) for one in folded)]


@dataclass(slots=True)
class Tally:
    """What a reading has counted: sums of teams, never of persons.

    Args:
        first: the first day that counts.
        last: the last one.
        zone: in which days are cut.
    """

    first: date
    last: date
    zone: ZoneInfo
    sums: Counter[tuple[str, date, str]] = field(default_factory=Counter)
    nobodys: int = 0

    def add(self, team: str, one: Done) -> None:
        """Count something for a team."""
        day = one.at.astimezone(self.zone).date()
        if not self.first <= day <= self.last:
            return
        if team:
            self.sums[team, day, one.kind] += 1
        else:
            self.nobodys += 1


def kind_of(title: str) -> str:
    """What a merged change counts as: one that takes another back is counted apart."""
    return REVERTS if REVERT.match(title) else PULL_REQUESTS
