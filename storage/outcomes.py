"""Outcomes: what came out of a team's work, counted by a provider or by somebody's list. Never a person's."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, Connection, Date, and_, bindparam, cast, delete, func, select

from storage import installation
from storage.tables import FOREVER, accounts, lineage, links, outcomes
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Outcome:
    """So many of a kind on a day.

    Args:
        source: who counted: a provider's name, or "list".
        account_id: the team's.
        day: the calendar day.
        kind: such as "pull_requests".
        number: how many.
    """

    source: str
    account_id: str
    day: date
    kind: str
    number: int


_BELOW = (
    select(outcomes.c.kind, cast(func.sum(outcomes.c.number), BigInteger))
    .join(lineage, and_(lineage.c.account_id == outcomes.c.account_id, lineage.c.until == FOREVER))
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        outcomes.c.day >= bindparam("first", type_=Date),
        outcomes.c.day < bindparam("end", type_=Date),
    )
    .group_by(outcomes.c.kind)
    .order_by(outcomes.c.kind)
)
_DAYS = outcomes.c.day >= bindparam("first", type_=Date), outcomes.c.day < bindparam("end", type_=Date)
_OWN = (
    select(outcomes.c.account_id, outcomes.c.kind, cast(func.sum(outcomes.c.number), BigInteger))
    .where(*_DAYS)
    .group_by(outcomes.c.account_id, outcomes.c.kind)
)
_ABOVE = select(lineage.c.account_id, lineage.c.ancestor_id).where(
    lineage.c.account_id.in_(select(outcomes.c.account_id).where(*_DAYS)), lineage.c.until == FOREVER
)
_TEAMS = (
    select(links.c.external_id, accounts.c.parent_id)
    .join(accounts, accounts.c.id == links.c.account_id)
    .where(links.c.platform == bindparam("platform"), links.c.kind == "user", accounts.c.kind == "person")
)


def record(conn: Connection, new: Iterable[Outcome]) -> None:
    """Remember outcomes; the same source's word about a team, a day and a kind replaces the one before."""
    rows = sorted((asdict(each) for each in new), key=lambda row: [str(each) for each in row.values()])
    upsert(conn, outcomes, rows)


def record_of_users(
    conn: Connection, source: str, days: tuple[date, date], told: Iterable[tuple[str, date, str, int]]
) -> None:
    """Remember what a provider counted for its users, as sums of their teams.

    Args:
        conn: an order's connection.
        source: the provider.
        days: the first and the last day it speaks of; what it said of them before is forgotten.
        told: external id of a user, day, kind and number.
    """
    teams = teams_of_users(conn, source)
    sums: Counter[tuple[str, date, str]] = Counter()
    for user, day, kind, number in told:
        if user in teams:
            sums[teams[user], day, kind] += number
    conn.execute(delete(outcomes).where(outcomes.c.source == source, outcomes.c.day.between(*days)))
    record(conn, (Outcome(source, team, day, kind, number) for (team, day, kind), number in sums.items()))


def note_of(source: str) -> str:
    """The note in `installation` that says how reading a source went last."""
    return f"outcomes/{source}"


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source of outcomes stands.

    Args:
        name: of the source.
        read_at: when it was read last, None if never.
        error: why it could not be read since, as `stored` keeps it; "" if it could.
        since: since when it cannot be read.
        refused: it refuses the token, until somebody acts.
        expires: the day on which its token ends, None if it ends never or nobody says.
    """

    name: str
    read_at: datetime | None = None
    error: str = ""
    since: datetime | None = None
    refused: bool = False
    expires: date | None = None


def state_of(conn: Connection, name: str) -> SourceState:
    """How a source stands."""
    read, trouble = (installation.noted(conn, note) for note in (note_of(name), _trouble_of(name)))
    said = json.loads(read[0]) if read else {}
    why = json.loads(trouble[0]) if trouble else {}
    return SourceState(
        name,
        read[1] if read else None,
        why.get("error", ""),
        trouble[1] if trouble else None,
        why.get("refused", False),
        date.fromisoformat(said["expires"]) if said.get("expires") else None,
    )


def note_trouble(conn: Connection, name: str, error: str, *, refused: bool, now: datetime) -> None:
    """A source cannot be read; since when, stays that of the first time."""
    before = installation.noted(conn, _trouble_of(name))
    went_on = before is not None and json.loads(before[0])["refused"] == refused
    since = before[1] if before and went_on else now
    installation.note(conn, _trouble_of(name), json.dumps({"error": error, "refused": refused}), since)


def note_read(conn: Connection, name: str, said: Mapping[str, object], now: datetime) -> None:
    """A source was read, and what there is to say about it; trouble of before is over."""
    installation.note(conn, note_of(name), json.dumps(said), now)
    installation.end(conn, _trouble_of(name))


def _trouble_of(source: str) -> str:
    """The note in `installation` that says why a source cannot be read."""
    return f"outcomes unread/{source}"


def teams_of_users(conn: Connection, platform: str) -> dict[str, str]:
    """The team of each user of a provider that is somebody's."""
    return {row[0]: row[1] for row in conn.execute(_TEAMS, {"platform": platform})}


def record_of_teams(
    conn: Connection,
    source: str,
    days: tuple[date, date],
    sums: Mapping[tuple[str, date, str], int],
    *,
    but: Collection[str],
) -> None:
    """Remember what a source counted for teams; what it said of these days before is forgotten.

    Args:
        conn: an order's connection.
        source: who counted.
        days: the first and the last day it speaks of.
        sums: by the id of a team without "team/", day and kind.
        but: accounts of which not all is known: what was said of them stands.
    """
    here = outcomes.c.source == source, outcomes.c.day.between(*days), outcomes.c.account_id.not_in(list(but))
    conn.execute(delete(outcomes).where(*here))
    new = (Outcome(source, f"team/{team}", day, kind, number) for (team, day, kind), number in sums.items())
    record(conn, (each for each in new if each.account_id not in but))


def counted_by(conn: Connection, first: date, end: date) -> dict[tuple[str, str], int]:
    """How many of each kind every account and all below it had on the days first until before end."""
    days = {"first": first, "end": end}
    own = conn.execute(_OWN, days).all()
    above: dict[str, list[str]] = {}
    for account_id, ancestor_id in conn.execute(_ABOVE, days) if own else ():
        above.setdefault(account_id, []).append(ancestor_id)
    sums: Counter[tuple[str, str]] = Counter()
    for account_id, kind, number in own:
        for each in above.get(account_id, ()):
            sums[each, kind] += number
    return dict(sums)


def counted(conn: Connection, account_id: str, first: date, end: date) -> dict[str, int]:
    """How many of each kind a team and all below it had on the days first until before end."""
    return {row[0]: row[1] for row in conn.execute(_BELOW, {"account": account_id, "first": first, "end": end})}
