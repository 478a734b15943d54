"""Alerts: which shares of which limits are used up, and what was told about it.

An alert of an account, budget, period and percentage is armed until it fires, once. Then it is known, or put off until
a moment, or armed again when the limit was raised. What is armed and was never fired has no row. Where very many limits
are found to have been reached long ago, their alerts are quiet: nobody gets a message of their own.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from storage import terms
from storage.tables import FOREVER, Instant, accounts, alerts, entries, lineage, spend
from storage.upsert import insert_into, upsert

WHOLE = 100
"""All of a limit, in percent."""
AlertState = Literal["armed", "fired", "known", "snoozed", "quiet"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One percentage of one limit in one period.

    Args:
        budget: the name of the rule.
        period_start: the first day of the period.
        account_id: whose limit it is.
        percent: of the limit.
        handle: a word that cannot be guessed, for its buttons.
        state: what became of it.
        limit_units: the limit when it fired.
        round: how often it has fired.
        fired_at: when it fired last.
        until: when it is told again, if it was put off.
    """

    budget: str
    period_start: date
    account_id: str
    percent: int
    handle: str
    state: AlertState
    limit_units: int
    round: int
    fired_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """What an account may spend of a budget in a period, and what it has spent of it."""

    account_id: str
    limit: int
    spent: int


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for: limits of accounts by one budget in one period, of which something is news.

    Args:
        budget: the name of a rule that gives accounts a limit of their own.
        first: of the period's days.
        end: the day after its last.
        percents: of a limit at which people are told.
        now: the moment; what was put off until then is news again.
        tokens: whether the limit is counted in tokens, and not in money.
        models: those that count, None for all.
        over: look only for limits that were passed, of which nobody was told at 100 percent or above.
    """

    budget: str
    first: date
    end: date
    percents: tuple[int, ...]
    now: datetime
    tokens: bool = False
    models: tuple[str, ...] | None = None
    over: bool = False


_SPENT, _EARLIER = "spent", "earlier"


def _standing(look: Look, said: Mapping[str, terms.Posted], recent: date) -> CTE:
    """Each active account with a limit by a budget: the limit, what it spent, and what of it before a recent day."""
    own = (
        select(
            entries.c.account_id,
            cast(func.sum(entries.c.amount), BigInteger).label("units"),
            func.max(case((entries.c.kind == "allotment", 1), else_=0)).label("allotted"),
        )
        .where(entries.c.budget == look.budget, entries.c.period_start == look.first)
        .group_by(entries.c.account_id)
        .subquery()
    )
    units = spend.c.tokens if look.tokens else spend.c.cost_nanos
    counted = [spend.c.account_id == accounts.c.id, spend.c.day >= look.first, spend.c.day < look.end]
    counted += [spend.c.model.in_(look.models)] if look.models is not None else []
    sums = (
        select(
            accounts.c.id,
            accounts.c.kind,
            cast(func.coalesce(func.sum(units), 0), BigInteger).label(_SPENT),
            cast(func.coalesce(func.sum(case((spend.c.day < recent, units), else_=0)), 0), BigInteger).label(_EARLIER),
        )
        .select_from(accounts.outerjoin(spend, and_(*counted)))
        .where(accounts.c.active)
        .group_by(accounts.c.id, accounts.c.kind)
        .subquery()
    )
    moved = func.coalesce(own.c.units, 0)
    by_terms = (
        (and_(sums.c.kind == each.kind, terms.are_for(sums.c.id, each.first_id)), moved + each.amount)
        for each in said.values()
    )
    limit = case((own.c.allotted == 1, own.c.units), *by_terms, else_=own.c.units)
    rows = select(sums.c.id.label("account_id"), limit.label("units"), sums.c.spent, sums.c.earlier)
    return rows.select_from(sums.outerjoin(own, own.c.account_id == sums.c.id)).cte("standing")


def _reached(spent: ColumnElement[int], units: ColumnElement[int], percent: int) -> ColumnElement[bool]:
    """Whether a share of a limit is surely used up, or may be. A large sum cannot be multiplied: both are divided."""
    return and_(spent > 0, spent // percent >= units // WHOLE)


def _of_limit(look: Look, standing: CTE) -> ColumnElement[bool]:
    return and_(
        alerts.c.budget == look.budget,
        alerts.c.period_start == look.first,
        alerts.c.account_id == standing.c.account_id,
    )


def _due(look: Look, standing: CTE, percent: int) -> ColumnElement[bool]:
    """Whether people are to be told of a percentage of a limit: it is reached, and was not told, or was put off."""
    again = and_(alerts.c.state == "snoozed", alerts.c.until <= look.now)
    rests = and_(_of_limit(look, standing), alerts.c.percent == percent, alerts.c.state != "armed", ~again)
    reached = _reached(standing.c.spent, standing.c.units, percent)
    return and_(reached, ~select(literal(1)).where(rests).exists())


def _is_news(look: Look, standing: CTE) -> ColumnElement[bool]:
    if look.over:
        knows = and_(_of_limit(look, standing), alerts.c.percent >= WHOLE, alerts.c.state != "armed")
        return and_(standing.c.spent > standing.c.units, ~select(literal(1)).where(knows).exists())
    below = and_(standing.c.spent // alerts.c.percent <= standing.c.units // WHOLE)
    raised = and_(
        _of_limit(look, standing),
        alerts.c.state != "armed",
        standing.c.units > alerts.c.limit_units,
        or_(below, alerts.c.percent.not_in(look.percents)),
    )
    rearmed = select(literal(1)).where(raised).exists()
    return or_(*(_due(look, standing, each) for each in look.percents), rearmed)


def news(conn: Connection, look: Look, said: Mapping[str, terms.Posted], most: int | None = None) -> list[Used]:
    """The accounts with which something is to be done about an alert, or may be; one question, however many there are.

    Args:
        conn: any connection.
        look: what is looked for.
        said: the terms of the budget and period, by the kind of account.
        most: so many of them, by their ids; None for all.
    """
    standing = _standing(look, said, look.first)
    rows = conn.execute(
        select(standing.c.account_id, standing.c.units, standing.c.spent)
        .where(standing.c.units.is_not(None), _is_news(look, standing))
        .order_by(standing.c.account_id)
        .limit(most)
    )
    return [Used(*row) for row in rows]


def passed(conn: Connection, look: Look, said: Mapping[str, terms.Posted]) -> list[Used]:
    """The accounts that have used up their limit, by their ids."""
    standing = _standing(look, said, look.first)
    rows = conn.execute(
        select(standing.c.account_id, standing.c.units, standing.c.spent)
        .where(standing.c.units.is_not(None), standing.c.spent >= standing.c.units, standing.c.spent > 0)
        .order_by(standing.c.account_id)
    )
    return [Used(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Tally:
    """Of how many limits people are to be told, and how many of these had been reached before a recent day."""

    due: int
    earlier: int


def tally(conn: Connection, look: Look, said: Mapping[str, terms.Posted], recent: date) -> Tally:
    """Count what `news` finds, as far as people are to be told of it."""
    standing = _standing(look, said, recent)
    due = _is_news(look, standing) if look.over else or_(*(_due(look, standing, each) for each in look.percents))
    old = _reached(standing.c.earlier, standing.c.units, min(look.percents))
    counted = select(func.count(), func.coalesce(func.sum(case((old, 1), else_=0)), 0))
    row = conn.execute(counted.select_from(standing).where(standing.c.units.is_not(None), due)).one()
    return Tally(*map(int, row))


def hush(conn: Connection, look: Look, said: Mapping[str, terms.Posted]) -> None:
    """Let everything of which people would be told be quiet, without reading it."""
    is_sqlite = conn.dialect.name == "sqlite"
    chance = (
        func.lower(func.hex(func.randomblob(8)))
        if is_sqlite
        else func.replace(cast(func.gen_random_uuid(), Text), "-", "")
    )
    for percent in look.percents:
        standing = _standing(look, said, look.first)
        due = _is_news(look, standing) if look.over else _due(look, standing, percent)
        values: dict[str, ColumnElement[Any]] = {
            "budget": literal(look.budget),
            "period_start": literal(look.first, Date),
            "account_id": standing.c.account_id,
            "percent": literal(percent),
            "handle": chance,
            "state": literal("quiet"),
            "limit_units": standing.c.units,
            "round": literal(1),
            "fired_at": literal(look.now, Instant),
        }
        rows = select(*values.values()).where(standing.c.units.is_not(None), due)
        inserting = insert_into(conn, alerts).from_select(list(values), rows)
        anew = {name: inserting.excluded[name] for name in ("state", "limit_units", "fired_at")}
        again = anew | {"round": alerts.c.round + 1, "until": None}
        conn.execute(inserting.on_conflict_do_update(index_elements=list(alerts.primary_key), set_=again))


def is_first(conn: Connection, budget: str) -> bool:
    """Whether nothing was ever told of a budget."""
    return conn.execute(select(literal(1)).where(alerts.c.budget == budget).limit(1)).first() is None


def quiet_below(
    conn: Connection, budget: str, period_start: date, at: datetime, account_ids: Sequence[str]
) -> dict[str, dict[int, int]]:
    """How many limits became quiet at a moment below each of some accounts, by account and percentage."""
    rows = conn.execute(
        select(lineage.c.ancestor_id, alerts.c.percent, func.count())
        .join(lineage, and_(lineage.c.account_id == alerts.c.account_id, lineage.c.until == FOREVER))
        .where(
            alerts.c.budget == budget,
            alerts.c.period_start == period_start,
            alerts.c.state == "quiet",
            alerts.c.fired_at == at,
            lineage.c.ancestor_id.in_(account_ids),
        )
        .group_by(lineage.c.ancestor_id, alerts.c.percent)
    )
    found: dict[str, dict[int, int]] = {}
    for account_id, percent, count in rows:
        found.setdefault(account_id, {})[percent] = count
    return found


def told(conn: Connection, budget: str, period_start: date, account_ids: Iterable[str]) -> dict[str, dict[int, Alert]]:
    """What was told of a budget in a period to some accounts, by account and percentage."""
    here = select(alerts).where(alerts.c.budget == budget, alerts.c.period_start == period_start)
    found: dict[str, dict[int, Alert]] = {}
    for some in terms.batched(account_ids):
        rows = conn.execute(here.where(alerts.c.account_id.in_(some)).order_by(alerts.c.account_id, alerts.c.percent))
        for each in map(_alert, rows):
            found.setdefault(each.account_id, {})[each.percent] = each
    return found


def find(conn: Connection, handle: str) -> Alert | None:
    """The alert of that handle, or None."""
    row = conn.execute(select(alerts).where(alerts.c.handle == handle)).first()
    return _alert(row) if row else None


def note(conn: Connection, changed: Sequence[Alert]) -> None:
    """Write down how some alerts stand now; callers give them sorted by their key."""
    upsert(conn, alerts, [asdict(each) for each in changed])


def new_handle() -> str:
    """A word that cannot be guessed."""
    return secrets.token_hex(8)


def _alert(row: object) -> Alert:
    return Alert(*row)  # type: ignore[misc]
