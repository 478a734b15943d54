"""Terms: what a budget gives in a period to everybody of a kind, said once and not for each.

An account has what the terms say if it was there when they were posted and no allotment of its own is among the
entries. So a month begins with one row, and not with one for each of two million people. Like entries, terms are never
changed: what is enforced within a period is a row of its own, and counts from then on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
)

from storage.tables import FOREVER, accounts, entries, lineage, people, presence, terms
from storage.upsert import insert_into, upsert

BudgetPeriod = tuple[str, date]
"""A budget's name and the first day of a period."""

AT_ONCE = 5_000
"""So many values go into one statement; SQLite takes 32,766."""


def batched(values: Iterable[str], size: int = AT_ONCE) -> Iterator[list[str]]:
    """Several values, in lists that one statement takes."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


@dataclass(frozen=True, slots=True)
class Term:
    """What each account of a kind has of a budget in a period.

    Args:
        budget: the name of the rule in app.yaml.
        period_start: first day of the period.
        kind: of the accounts: "person" or "agent".
        cause: "" for the first of the period.
        amount: nanos of the currency, or tokens.
        unit: the currency's code, or "tokens".
        said_by: id of the person who caused it; "clock" for the first.
        posted_at: when.
    """

    budget: str
    period_start: date
    kind: str
    cause: str
    amount: int
    unit: str
    said_by: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """The terms that count now of a budget, a period and a kind.

    Args:
        kind: of the accounts.
        amount: what each has.
        first_id: the number of the first terms, by which it is decided who was there.
        posted_at: when those were posted.
    """

    kind: str
    amount: int
    first_id: int
    posted_at: datetime


def _spans() -> Subquery:
    """The first and the last terms of each budget, period and kind."""
    key = (terms.c.budget, terms.c.period_start, terms.c.kind)
    return (
        select(
            *key,
            func.min(terms.c.id).label("first_id"),
            func.max(terms.c.id).label("last_id"),
            func.min(terms.c.posted_at).label("first_posted_at"),
        )
        .group_by(*key)
        .subquery()
    )


def counting() -> Subquery:
    """The terms that count now, with the number and the moment of the first ones of their period."""
    spans = _spans()
    return (
        select(terms, spans.c.first_id, spans.c.first_posted_at)
        .join(spans, terms.c.id == spans.c.last_id)
        .subquery("counting")
    )


def are_for(account_id: ColumnElement[str], first_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Whether an account was there when terms were posted; of its kind it must be, too."""
    stretch = presence.alias()
    own = select(stretch.c.account_id).where(stretch.c.account_id == account_id)
    was_there = and_(
        stretch.c.after_term < first_id, or_(stretch.c.last_term.is_(None), stretch.c.last_term >= first_id)
    )
    return or_(~own.exists(), own.where(was_there).exists())


def post(conn: Connection, new: Term) -> bool:
    """Post terms, unless those of the same cause are there.

    Returns:
        Whether they are new.
    """
    key = ("budget", "period_start", "kind", "cause")
    inserting = insert_into(conn, terms).on_conflict_do_nothing(index_elements=key).returning(terms.c.id)
    return conn.execute(inserting, asdict(new)).first() is not None


def of(conn: Connection, budget: str, period_start: date) -> dict[str, Posted]:
    """The terms that count now of a budget in a period, by the kind of account."""
    return of_all(conn, [(budget, period_start)])[budget, period_start]


def of_all(conn: Connection, budgets: Collection[BudgetPeriod]) -> dict[BudgetPeriod, dict[str, Posted]]:
    """The same for several, in one statement."""
    found: dict[BudgetPeriod, dict[str, Posted]] = {each: {} for each in budgets}
    if not found:
        return found
    here = counting()
    rows = conn.execute(
        select(here.c.budget, here.c.period_start, here.c.kind, here.c.amount, here.c.first_id, here.c.first_posted_at)
        .where(here.c.budget.in_({budget for budget, _ in budgets}))
        .where(here.c.period_start >= min(first for _, first in budgets)),
    )
    for budget, first, *rest in rows:
        if (budget, first) in found:
            found[budget, first][rest[0]] = Posted(*rest)
    return found


@dataclass(frozen=True, slots=True)
class Moves:
    """When accounts that came or left were there: for each the stretches of `presence`."""

    stretches: Mapping[str, Sequence[tuple[int, int | None]]]

    def was_there(self, account_id: str, posted: Posted) -> bool:
        """Whether an account was there when terms were posted."""
        own = self.stretches.get(account_id, ((0, None),))
        return any(after < posted.first_id and (last is None or last >= posted.first_id) for after, last in own)


def moves(conn: Connection, account_ids: Collection[str]) -> Moves:
    """Who of some accounts was there when."""
    every = select(presence).order_by(presence.c.account_id, presence.c.after_term)
    found: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for some in batched(sorted(account_ids)):
        for account_id, after, last in conn.execute(every.where(presence.c.account_id.in_(some))):
            found[account_id].append((after, last))
    return Moves(found)


def came_and_left(conn: Connection, came: Select[Any], left: Select[Any]) -> None:
    """Note which accounts are there from now on, and which are no longer.

    Whoever comes back before other terms were posted was there all the time.

    Args:
        conn: an order's.
        came: selects the ids of those who are there from now on.
        left: of those who are no longer.
    """
    latest = conn.execute(select(func.max(terms.c.id))).scalar_one()
    if latest is None:
        return
    names = ("account_id", "after_term", "last_term")
    rows: list[tuple[str, int, int | None]] = []
    for whose, after_term, last_term in ((left, 0, latest), (came, latest, None)):
        each = whose.subquery()
        has_moved = select(presence.c.account_id).where(presence.c.account_id == each.c[0]).exists()
        known = moves(conn, conn.scalars(select(each.c[0]).where(has_moved)).all()).stretches
        first = select(each.c[0], literal(after_term, BigInteger), literal(last_term, BigInteger)).where(~has_moved)
        conn.execute(insert(presence).from_select(names, first.order_by(each.c[0])))
        for account_id, stretches in known.items():
            after, last = stretches[-1]
            if last_term is not None:
                rows.append((account_id, after, latest))
            else:
                rows.append((account_id, after if last is not None and last >= latest else latest, None))
    upsert(conn, presence, [dict(zip(names, row, strict=True)) for row in sorted(rows, key=lambda row: row[:2])])


def entitled(budget: str, period_start: date, kind: str, first_id: int) -> Select[Any]:
    """The accounts that have what terms say, and no allotment of their own; those that have left since, too."""
    own = and_(
        entries.c.account_id == accounts.c.id,
        entries.c.budget == budget,
        entries.c.period_start == period_start,
        entries.c.kind == "allotment",
    )
    has_left = select(presence.c.account_id).where(presence.c.account_id == accounts.c.id)
    return select(accounts.c.id).where(
        accounts.c.kind == kind,
        or_(accounts.c.active, has_left.exists()),
        are_for(accounts.c.id, first_id),
        ~select(entries.c.id).where(own).exists(),
    )


def count_entitled(conn: Connection, budget: str, period_start: date, said: Posted) -> int:
    """How many active accounts have what terms say."""
    whose = entitled(budget, period_start, said.kind, said.first_id).where(accounts.c.active).subquery()
    return conn.execute(select(func.count()).select_from(whose)).scalar_one()


@dataclass(frozen=True, slots=True)
class Given:
    """What terms gave in all: in which unit, to how many accounts, and how much to each."""

    unit: str
    count: int
    amount: int


def given(conn: Connection, first: date, end: date) -> list[Given]:
    """What the terms of all periods that begin on the days first until before end gave, by budget and period."""
    here = counting()
    rows = conn.execute(select(here).where(here.c.period_start >= first, here.c.period_start < end)).all()
    found = []
    for row in rows:
        whose = entitled(row.budget, row.period_start, row.kind, row.first_id).subquery()
        found.append(Given(row.unit, conn.execute(select(func.count()).select_from(whose)).scalar_one(), row.amount))
    return found


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom it is asked who has no allotment yet: whoever one of these names.

    Args:
        kinds: all accounts of a kind.
        accounts: these.
        teams: of a kind, and below a team today.
        roles: people who may have a role; whoever has one that contains the word is found, too.
        groups: people who may be in a group, likewise.
        joined_after: people who joined after a day.
        arrived: of a kind, and not there when the terms of a number were posted.
    """

    kinds: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    teams: frozenset[tuple[str, str]] = frozenset()
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    joined_after: date | None = None
    arrived: frozenset[tuple[str, int]] = frozenset()

    @property
    def ways(self) -> list[Select[Any]]:
        """A select for each way in which an account can be one of these."""
        own = select(accounts.c.id)
        of_people = own.join(people, accounts.c.id == "person/" + people.c.id)
        found = [own.where(accounts.c.kind.in_(self.kinds))] if self.kinds else []
        found += [own.where(accounts.c.id.in_(some)) for some in batched(sorted(self.accounts))]
        for kind, team in sorted(self.teams):
            below = own.join(lineage, lineage.c.account_id == accounts.c.id)
            is_below = and_(lineage.c.ancestor_id == team, lineage.c.until == FOREVER)
            found.append(below.where(accounts.c.kind == kind, is_below))
        found += [of_people.where(people.c.roles.contains(each)) for each in sorted(self.roles)]
        found += [of_people.where(people.c.groups.contains(each)) for each in sorted(self.groups)]
        found += [of_people.where(people.c.joined > self.joined_after)] if self.joined_after else []
        for kind, first_id in sorted(self.arrived):
            came = own.join(presence, presence.c.account_id == accounts.c.id)
            since = presence.c.after_term >= first_id
            found.append(came.where(accounts.c.kind == kind, since, ~are_for(accounts.c.id, first_id)))
        return found


def without_allotment(conn: Connection, budget: str, period_start: date, whose: Whose) -> set[str]:
    """The active accounts among some that have no allotment of their own among the entries of a period."""
    own = select(entries.c.id).where(
        entries.c.account_id == accounts.c.id,
        entries.c.budget == budget,
        entries.c.period_start == period_start,
        entries.c.kind == "allotment",
    )
    return {
        account_id for way in whose.ways for account_id in conn.scalars(way.where(accounts.c.active, ~own.exists()))
    }
