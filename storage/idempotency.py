"""Orders that were carried out, so that a delivery repeated by a platform or replayed by a stranger does nothing."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from storage.prepared import Written
from storage.tables import heard
from storage.upsert import insert_new

KEPT = timedelta(days=1)

_ANSWER = select(heard.c.answer).where(heard.c.delivery == bindparam("delivery"))
_ANSWERED = Written(
    lambda _dialect: update(heard).where(heard.c.delivery == bindparam("which")).values(answer=bindparam("said"))
)


def note(conn: Connection, delivery: str, now: datetime) -> str | None:
    """Note a delivery before its order is carried out.

    Returns:
        None if it is new, else the answer that was given the first time.
    """
    if insert_new(conn, heard, {"delivery": delivery, "answer": "", "heard_at": now}, "delivery"):
        return None
    return str(conn.execute(_ANSWER, {"delivery": delivery}).scalar_one())


def answered(conn: Connection, delivery: str, answer: str) -> None:
    """Keep the answer of an order for the case that it is delivered again."""
    _ANSWERED.count(conn, {"which": delivery, "said": answer})


def prune(conn: Connection, now: datetime) -> None:
    """Forget deliveries that nobody can repeat any more."""
    conn.execute(delete(heard).where(heard.c.heard_at < now - KEPT))
