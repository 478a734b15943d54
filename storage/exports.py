"""Whole months for those who keep the books: what each team itself spent, and every charge with whom it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, and_, cast, func, select

from storage.partitions import of_days
from storage.spend import Spent
from storage.tables import IS_TOLD_APART, ORGANIZATION, UNALLOCATED, accounts, charges, lineage, spend

ROWS_AT_ONCE = 5_000
NO_TEAM, NO_OWNER = "No team", "Unallocated"
"""The names of the last two shares."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one team itself spent, without the teams below it.

    Args:
        team: its name, NO_TEAM or NO_OWNER.
        cost_center: its own, or that of the nearest team above that has one.
        spent: so much.
    """

    team: str
    cost_center: str
    spent: Spent


def showback(conn: Connection, first: date, end: date) -> list[Share]:
    """What each team itself spent on the days first until before end, by name; all shares add up to the whole.

    What is unallocated, and what people without a team spent, are shares of their own at the end.
    """
    teams = {row.id: row for row in conn.execute(select(accounts).where(accounts.c.kind == "team"))}
    inside = _inside(conn, first, end)
    above: dict[str, set[str]] = {}
    for ancestor, team in inside:
        above.setdefault(team, set()).add(ancestor)
    own = {team: spent for (ancestor, team), spent in inside.items() if ancestor == team}
    for (ancestor, team), spent in inside.items():
        between = (each for each in above[team] - {team, ancestor} if ancestor in above.get(each, ()))
        if ancestor != team and ancestor in own and not any(between):
            own[ancestor] = _less(own[ancestor], spent)
    shares = [Share(teams[each].name, _cost_center(each, teams), sums) for each, sums in own.items() if each in teams]
    whole, unallocated = own[ORGANIZATION], own.get(UNALLOCATED, NONE)
    shares.sort(key=lambda share: share.team)
    return [*shares, Share(NO_TEAM, "", whole), Share(NO_OWNER, "", unallocated)]


NONE = Spent("", 0, 0, 0, 0)


def _inside(conn: Connection, first: date, end: date) -> dict[tuple[str, str], Spent]:
    """What the organization, each team and what is unallocated spent while below another of these, or as itself."""
    below, over = accounts.alias(), accounts.alias()
    kinds = ("organization", "team", "unallocated")
    columns = (spend.c.cost_nanos, spend.c.tokens, spend.c.tokens_unpriced, spend.c.requests)
    sums = [cast(func.sum(each), BigInteger) for each in columns]
    days = spend.c.day >= first, spend.c.day < end
    own = (
        select(spend.c.account_id, *(each.label(column.name) for each, column in zip(sums, columns, strict=True)))
        .where(spend.c.account_id.in_(select(accounts.c.id).where(accounts.c.kind.in_(kinds))), *days)
        .group_by(spend.c.account_id)
        .subquery()
    )
    # Who stood at one place all the time is added up once, and not once for each account above.
    is_steady = and_(lineage.c.since <= first, lineage.c.until >= end)
    steadily = (
        select(over.c.id, own)
        .join(lineage, and_(lineage.c.account_id == own.c.account_id, is_steady))
        .join(over, over.c.id == lineage.c.ancestor_id)
        .where(over.c.kind.in_(kinds))
    )
    partly = (
        select(over.c.id, below.c.id, *sums)
        .join(below, below.c.id == spend.c.account_id)
        .join(
            lineage,
            and_(lineage.c.account_id == below.c.id, lineage.c.since <= spend.c.day, spend.c.day < lineage.c.until),
        )
        .join(over, over.c.id == lineage.c.ancestor_id)
        .where(*days, ~is_steady, below.c.kind.in_(kinds), over.c.kind.in_(kinds))
        .group_by(over.c.id, below.c.id)
    )
    found = {(ORGANIZATION, ORGANIZATION): NONE}
    for ancestor, team, *values in (*conn.execute(steadily), *conn.execute(partly)):
        found[ancestor, team] = _plus(found.get((ancestor, team), NONE), Spent("", *values))
    return found


def _plus(one: Spent, other: Spent) -> Spent:
    return _less(one, Spent("", -other.cost_nanos, -other.tokens, -other.tokens_unpriced, -other.requests))


def _less(whole: Spent, part: Spent) -> Spent:
    return Spent(
        "",
        whole.cost_nanos - part.cost_nanos,
        whole.tokens - part.tokens,
        whole.tokens_unpriced - part.tokens_unpriced,
        whole.requests - part.requests,
    )


def _cost_center(team: str, teams: dict[str, Any]) -> str:
    seen: set[str] = set()
    while team in teams and team not in seen:
        if teams[team].cost_center:
            return str(teams[team].cost_center)
        seen.add(team)
        team = teams[team].parent_id
    return ""


@dataclass(frozen=True, slots=True)
class ToldApart:
    """What a provider's charges of some days count, would have cost by its list, and are billed at.

    All in parts of the currency; `listed` and `billed` are None where the provider says neither.
    """

    provider: str
    currency: str
    counted: int
    listed: int | None
    billed: int | None


def told_apart(conn: Connection, first: date, end: date) -> list[ToldApart]:
    """Providers that say a list price or a bill beside what counts, for the days first until before end."""
    days = charges.c.day >= first, charges.c.day < end
    who = conn.scalars(select(charges.c.provider).distinct().where(IS_TOLD_APART, *days)).all()
    if not who:
        return []
    cost = func.coalesce(charges.c.cost_nanos, 0)
    sums = (
        func.sum(cost),
        *(func.sum(func.coalesce(charges.c[name], cost)) for name in ("list_nanos", "billed_nanos")),
    )
    counts = (func.count(charges.c.list_nanos), func.count(charges.c.billed_nanos))
    rows = conn.execute(
        select(charges.c.provider, charges.c.currency, *(cast(each, BigInteger) for each in sums), *counts)
        .where(charges.c.provider.in_(who), of_days(first, end))
        .group_by(charges.c.provider, charges.c.currency)
        .order_by(charges.c.provider, charges.c.currency)
    )
    return [
        ToldApart(name, currency, counted, listed if lists else None, billed if bills else None)
        for name, currency, counted, listed, billed, lists, bills in rows
        if lists or bills
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A charge with whom it belongs to. `charge` has the columns of the table of charges."""

    charge: Row[Any]
    account: str
    team: str
    cost_center: str


def lines(conn: Connection, first: date, end: date) -> Iterator[Line]:
    """Every charge of the days first until before end, in the order of its key, some thousand in memory at a time."""
    teams = {row.id: row for row in conn.execute(select(accounts).where(accounts.c.kind == "team"))}
    names = {row.id: row.name for row in conn.execute(select(accounts.c.id, accounts.c.name))}
    homes = _homes(conn, teams)
    found = conn.execution_options(yield_per=ROWS_AT_ONCE).execute(
        select(charges).where(of_days(first, end)).order_by(*charges.primary_key)
    )
    for row in found:
        here = (team for team, since, until in homes.get(row.account_id, ()) if since <= row.day < until)
        team = next(here, "")
        yield Line(row, names.get(row.account_id, ""), teams[team].name if team else "", _cost_center(team, teams))


def _homes(conn: Connection, teams: dict[str, Any]) -> dict[str, list[tuple[str, date, date]]]:
    """The teams above each account, each from a day until before a day, the lowest first."""

    def depth(team: str) -> int:
        parent = teams[team].parent_id
        return depth(parent) + 1 if parent in teams and parent != team else 0

    over = accounts.alias()
    rows = conn.execute(
        select(lineage.c.account_id, lineage.c.ancestor_id, lineage.c.since, lineage.c.until)
        .join(over, over.c.id == lineage.c.ancestor_id)
        .where(over.c.kind == "team")
    )
    depths = {team: depth(team) for team in teams}
    homes: dict[str, list[tuple[str, date, date]]] = {}
    for account, team, since, until in rows:
        homes.setdefault(account, []).append((team, since, until))
    for each in homes.values():
        each.sort(key=lambda home: -depths[home[0]])
    return homes
