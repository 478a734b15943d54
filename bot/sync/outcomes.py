"""Reads what sources of outcomes count: sums of teams and days. What cannot be read whole is left as it was."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from bot.config import OutcomeSettings
from bot.errors import KeyRefusedError, OutsideError, UndeliverableError
from bot.outcomes import OutcomeSource
from bot.outcomes.code_owners import CodeOwners
from bot.outcomes.source import NOBODY, Repository, Tally, Teams
from bot.sync.parts import read_apart
from handlers.language import stored
from handlers.policy import Policy
from storage import installation, outcomes, people
from storage.db import Database

HISTORY_DAYS = 180
"""So many days are read at first: six windows of four weeks, and the days of one that has begun."""
DAYS_BACK = 15
"""So many are read again each day: something may get another label, or is opened again."""
NAMED_MAX = 10


def read_outcomes(
    database: Database, source: OutcomeSource, rules: OutcomeSettings, policy: Policy, now: Callable[[], datetime]
) -> str:
    """Read a source, and replace what it counted of the days that were read.

    A team of whose repositories one cannot be read keeps its figures: fewer than there were would look like a fall.

    Args:
        database: where sums are kept.
        source: counts.
        rules: whose repositories are.
        policy: says in which zone days are cut.
        now: the clock.

    Returns:
        What came of it, in a word for the outbox.

    Raises:
        OutsideError: it cannot be asked at all; what was known before stands.
    """
    name = rules.called
    last = now().astimezone(policy.zone).date() - timedelta(days=1)
    known = database.ask(lambda conn: installation.noted(conn, outcomes.note_of(name)))
    first = last - timedelta(days=DAYS_BACK if known else HISTORY_DAYS)
    teams, tally = database.ask(lambda conn: _teams(conn, rules)), Tally(first, last, policy.zone)
    since = datetime.combine(first, time(), policy.zone).astimezone(UTC)
    unread: list[Repository] = []
    unowned: list[str] = []
    with _noting_trouble(database, name, now), read_apart(database, name, "outcomes", now, alone=False):
        found = list(source.repositories())
        authors = _members(source, teams) if rules.members else {}
        teams = replace(teams, authors={**(authors or {}), **teams.authors})
        for repository in _wanted(found, teams, rules):
            owners = _owners(source, repository, unowned) if rules.codeowners else NOBODY
            files = any(map(teams.of_owner, owners.names))
            try:
                for one in list(source.done(repository, since, files=files)):
                    tally.add(teams.of(repository, one, owners), one)
            except UndeliverableError:
                unread.append(repository)
        ends = source.token_ends()
    left = _left_as_they_were(unread, teams, rules)
    said = {
        "last": str(last),
        "unread": sorted(each.name for each in unread)[:NAMED_MAX],
        "unmatched": teams.unmatched(each.name for each in found)[:NAMED_MAX],
        "unowned": sorted(unowned)[:NAMED_MAX],
        "members_unread": authors is None,
        "unallocated": tally.nobodys,
        "expires": ends.isoformat() if ends else "",
    }

    def record(conn: Connection) -> None:
        if left is not None:
            outcomes.record_of_teams(conn, name, (first, last), tally.sums, but=left)
        outcomes.note_read(conn, name, said, now())

    database.transact(record)
    return f"{sum(tally.sums.values())} counted"


@contextmanager
def _noting_trouble(database: Database, name: str, now: Callable[[], datetime]) -> Iterator[None]:
    """Note why a source cannot be read, for `status`; the trouble goes on to the outbox."""
    try:
        yield
    except OutsideError as trouble:
        error, refused = stored(trouble), isinstance(trouble, KeyRefusedError)
        database.transact(lambda conn: outcomes.note_trouble(conn, name, error, refused=refused, now=now()))
        raise


def _owners(source: OutcomeSource, repository: Repository, unowned: list[str]) -> CodeOwners:
    """Who owns code there; nobody, and its name noted, where the token may not read it."""
    try:
        return source.code_owners(repository)
    except UndeliverableError:
        unowned.append(repository.name)
        return NOBODY


def _members(source: OutcomeSource, teams: Teams) -> dict[str, str] | None:
    """The team of each login, by the smallest group that it is in; None if the token may not read groups."""
    try:
        groups = [
            (teams.of_group(each), list(source.members(each))) for each in source.groups() if teams.of_group(each)
        ]
    except UndeliverableError:
        return None
    found: dict[str, str] = {}
    for team, logins in sorted(groups, key=lambda each: (-len(each[1]), teams.depths.get(each[0], 0), each[0])):
        found |= dict.fromkeys((each.casefold() for each in logins), team)
    return found


def _teams(conn: Connection, rules: OutcomeSettings) -> Teams:
    every = {each.id: each for each in people.every_account(conn) if each.kind == "team"}
    known = {id.removeprefix("team/"): each.name for id, each in every.items()}
    authors = outcomes.teams_of_users(conn, rules.people) if rules.people else {}
    folded = {login.casefold(): team.removeprefix("team/") for login, team in authors.items()}
    here = {team: those for team, those in rules.teams.items() if team in known}
    called = {team: those for team, those in rules.owners.items() if team in known}
    return Teams(here, known, folded, called, _depths(every))


def _depths(teams: Mapping[str, people.Account]) -> dict[str, int]:
    """How many teams are above each, by its id without "team/"."""
    found: dict[str, int] = {}
    for id in teams:
        above, depth = teams[id].parent_id, 0
        while above in teams and depth < len(teams):
            above, depth = teams[above].parent_id, depth + 1
        found[id.removeprefix("team/")] = depth
    return found


def _wanted(found: Sequence[Repository], teams: Teams, rules: OutcomeSettings) -> list[Repository]:
    """The repositories in which something may be a team's."""
    return [each for each in found if rules.for_any_team or teams.of_repository(each.name)]


def _left_as_they_were(unread: Sequence[Repository], teams: Teams, rules: OutcomeSettings) -> frozenset[str] | None:
    """The teams whose figures would be too low; None if it may be any team."""
    if not unread:
        return frozenset()
    if rules.for_any_team:
        return None
    return frozenset(f"team/{teams.of_repository(each.name)}" for each in unread)
