"""What every source of outcomes has in common: whose a thing is, what counts, and what a reading comes to."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.checks import CheckLine
from bot.outcomes.code_owners import CodeOwners

PULL_REQUESTS, REVERTS, ISSUES = "merged_pull_requests", "reverts", "closed_issues"
"""Apart from what providers count of their own programs, which is part of these."""
TEAM_LABEL = "team:"
NOBODY = CodeOwners()
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
        files: that were changed, as far as they were asked for; they are kept nowhere, either.
    """

    kind: str
    at: datetime
    labels: tuple[str, ...] = ()
    author: str = field(default="", repr=False)
    files: tuple[str, ...] = field(default=(), repr=False)


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


class OutcomeSource(Protocol):
    """A place where code and issues lie."""

    def repositories(self) -> Iterator[Repository]:
        """All that the token may read.

        Raises:
            OutsideError: it cannot be asked.
        """

    def done(self, repository: Repository, since: datetime, *, files: bool) -> Iterator[Done]:
        """What was merged or closed there since a moment, and perhaps some of before.

        Args:
            repository: where.
            since: when it was touched last, at the earliest.
            files: whether the files that were changed are needed, which takes more questions.

        Raises:
            OutsideError: it cannot be asked; what was given before must not be counted.
        """

    def code_owners(self, repository: Repository) -> CodeOwners:
        """Who owns its files; nobody if it does not say.

        Raises:
            OutsideError: it cannot be asked; UndeliverableError if the token may not read the file.
        """

    def groups(self) -> Iterator[str]:
        """The teams of people that there are, by their whole names.

        Raises:
            OutsideError: it cannot be asked; UndeliverableError if the token may not.
        """

    def members(self, group: str) -> Iterator[str]:
        """The logins of the people of a group; it raises the same."""

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
        known: the names of all teams that there are, by their ids.
        authors: the team of each login that is known, empty where app.yaml does not ask for it.
        called: other names of teams at the source, by the id of a team.
        depths: how many teams are above each.
    """

    teams: Mapping[str, Sequence[str]]
    known: Mapping[str, str]
    authors: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, Sequence[str]] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)

    def of_group(self, name: str) -> str:
        """The team that is called so at the source: as app.yaml says, else by its id, else by its name; "" for none.

        Args:
            name: of a group, with what it is part of, such as "acme/search".
        """
        whole = name.removeprefix("@").casefold()
        said = (team for team, those in self.called.items() if whole in (_bare(each) for each in those))
        last = whole.rpartition("/")[2]
        named = [team for team, shown in self.known.items() if _slug(shown) == last]
        return next(said, "") or (last if last in self.known else named[0] if len(named) == 1 else "")

    def of_owner(self, name: str) -> str:
        """The team of who owns code: of a group, or of somebody; "" for none."""
        return self.of_group(name) or self.authors.get(name, "")

    def of_files(self, owners: CodeOwners, one: Done) -> str:
        """The team that owns most of the files that were changed, or whatever has no owner of its own; "" for none.

        Who owns everything counts for a file only where nobody narrower does.
        """
        each = [self._owning(owners.of(path), owners.default) for path in one.files]
        sums = Counter(team for those in each for team in those)
        if not one.files:
            sums.update(self._owning(set(owners.default), ()))
        return min(sums, key=lambda team: (-sums[team], team), default="")

    def _owning(self, names: set[str], default: Collection[str]) -> set[str]:
        narrow = {self.of_owner(each) for each in names.difference(default)} - {""}
        return narrow or {self.of_owner(each) for each in names} - {""}

    def of_repository(self, name: str) -> str:
        """The team whose repository it is, "" for none."""
        here = name.casefold()
        fits = (team for team, those in self.teams.items() if any(fnmatchcase(here, each.casefold()) for each in those))
        return next(fits, "")

    def of(self, repository: Repository, one: Done, owners: CodeOwners = NOBODY) -> str:
        """The team whose it is: by its label, its files' owners, its repository, or else its author; "" for none."""
        named = (each.removeprefix(TEAM_LABEL).strip() for each in one.labels if each.startswith(TEAM_LABEL))
        labelled = next((each for each in named if each in self.known), "")
        return (
            labelled
            or self.of_files(owners, one)
            or self.of_repository(repository.name)
            or self.authors.get(one.author.casefold(), "")
        )

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


def _bare(name: str) -> str:
    return name.removeprefix("@").casefold()


def _slug(name: str) -> str:
    """A name as GitHub and GitLab make an address of it."""
    return "-".join(re.findall(r"\w+", name.casefold()))


def kind_of(title: str) -> str:
    """What a merged change counts as: one that takes another back is counted apart."""
    return REVERTS if REVERT.match(title) else PULL_REQUESTS
