"""Promotions: shadow budgets that were let count, each from a day on."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection, delete, select

from storage.tables import promotions
from storage.upsert import insert_for


def starts(conn: Connection) -> dict[str, date]:
    """The first day on which each counts, by the name of the budget."""
    rows = conn.execute(select(promotions.c.budget, promotions.c.starts).order_by(promotions.c.budget))
    return {row[0]: row[1] for row in rows}


def promote(conn: Connection, budget: str, first: date, by: str, at: datetime) -> bool:
    """Let one count from a day on, once; whether it is new."""
    row = {"budget": budget, "starts": first, "said_by": by, "said_at": at}
    new = insert_for(conn.dialect.name, promotions).on_conflict_do_nothing(index_elements=["budget"])
    return conn.execute(new.returning(promotions.c.budget), row).first() is not None


def take_back(conn: Connection, budget: str, today: date) -> bool:
    """Let one not count whose day has not come; whether there was one."""
    here = promotions.c.budget == budget, promotions.c.starts > today
    return conn.execute(delete(promotions).where(*here)).rowcount > 0


def forget(conn: Connection, budgets: Collection[str]) -> None:
    """Forget that some were let count: app.yaml says it now, and a shadow budget of that name would be another one."""
    if budgets:
        conn.execute(delete(promotions).where(promotions.c.budget.in_(sorted(budgets))))
