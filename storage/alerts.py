"""Alerts: which shares of which limits are used up, and what was told about it.

An alert of an account, budget, period and percentage is armed until it fires, once. Then it is known, or put off until
a moment, or armed again when the limit was raised. What is armed and was never fired has no row.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import BigInteger, Connection, and_, cast, func, literal, or_, select

from storage.tables import accounts, alerts, entries, spend
from storage.upsert import upsert

AlertState = Literal["armed", "fired", "known", "snoozed"]


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


def used_up(
    conn: Connection,
    budget: str,
    period: tuple[date, date],
    percent: int,
    *,
    tokens: bool,
    models: Sequence[str] | None,
) -> list[Used]:
    """The accounts that have used so many percent of their own limit, and those that were ever told about it.

    One question, however many accounts there are.

    Args:
        conn: any connection.
        budget: the name of a rule that gives accounts a limit of their own.
        period: its first day, and the day after its last.
        percent: of the limit.
        tokens: whether the limit is counted in tokens, and not in money.
        models: those that count, None for all.
    """
    first, end = period
    limits = (
        select(entries.c.account_id, cast(func.sum(entries.c.amount), BigInteger).label("units"))
        .where(entries.c.budget == budget, entries.c.period_start == first)
        .group_by(entries.c.account_id)
        .subquery()
    )
    counted = [spend.c.day >= first, spend.c.day < end, *([spend.c.model.in_(models)] if models is not None else [])]
    spent = (
        select(
            spend.c.account_id,
            cast(func.sum(spend.c.tokens if tokens else spend.c.cost_nanos), BigInteger).label("units"),
        )
        .where(*counted)
        .group_by(spend.c.account_id)
        .subquery()
    )
    told = (
        select(literal(1))
        .where(
            alerts.c.budget == budget,
            alerts.c.period_start == first,
            alerts.c.account_id == limits.c.account_id,
        )
        .exists()
    )
    so_far = func.coalesce(spent.c.units, 0)
    enough = so_far // percent >= limits.c.units // 100  # divided on both sides: a large sum cannot be multiplied
    rows = conn.execute(
        select(limits.c.account_id, limits.c.units, so_far)
        .join(accounts, and_(accounts.c.id == limits.c.account_id, accounts.c.active))
        .outerjoin(spent, spent.c.account_id == limits.c.account_id)
        .where(or_(and_(so_far > 0, enough), told))
        .order_by(limits.c.account_id)
    )
    return [Used(*row) for row in rows]


def told(conn: Connection, budget: str, period_start: date) -> dict[str, dict[int, Alert]]:
    """What was told of a budget in a period, by account and percentage."""
    here = select(alerts).where(alerts.c.budget == budget, alerts.c.period_start == period_start)
    found: dict[str, dict[int, Alert]] = {}
    for row in conn.execute(here.order_by(alerts.c.account_id, alerts.c.percent)):
        each = _alert(row)
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
