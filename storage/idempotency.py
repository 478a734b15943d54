"""Orders that were carried out, so that a delivery repeated by a platform or replayed by a stranger does nothing."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from storage.prepared import Prepared, Written
from storage.tables import heard
from storage.upsert import insert_new

KEPT = timedelta(days=1)

_ANSWER = Prepared(select(heard.c.answer).where(heard.c.delivery == bindparam("delivery")))
_HEARD = Written(lambda _dialect: insert(heard))


def note(conn: Connection, delivery: str, now: datetime) -> bool:
    """Note a delivery that has no answer, before it is seen to. Returns whether it is new."""
    return insert_new(conn, heard, {"delivery": delivery, "answer": "", "heard_at": now}, "delivery")


def answer_of(conn: Connection, delivery: str) -> str | None:
    """What was answered when a delivery came the first time, None if it is new."""
    found = _ANSWER.rows(conn, {"delivery": delivery})
    return str(found[0][0]) if found else None


def ask_ahead(conn: Connection, delivery: str) -> None:
    """Let `answer_of` be asked with the order's next trip."""
    _ANSWER.ahead(conn, {"delivery": delivery})


def keep(conn: Connection, delivery: str, answer: str, now: datetime) -> None:
    """Keep the answer of an order that was new, for the case that it is delivered again.

    If it was delivered twice at once, the second one breaks on the delivery's key, and is done again
    (storage/db.py): then it finds the first one's answer.
    """
    _HEARD.later(conn, {"delivery": delivery, "answer": answer, "heard_at": now})


def prune(conn: Connection, now: datetime) -> None:
    """Forget deliveries that nobody can repeat any more."""
    conn.execute(delete(heard).where(heard.c.heard_at < now - KEPT))
