"""Platforms that take nothing from us now: what is for them waits as it is, until they are well again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage.tables import delivery_pauses
from storage.upsert import insert_for


@dataclass(frozen=True, slots=True)
class DeliveryPause:
    """A pause.

    Args:
        target: the platform.
        since: when it began.
        until: when the platform is asked again.
        error: why, as `stored` keeps it.
        refused: it refuses us, until somebody acts; else it is down.
    """

    target: str
    since: datetime
    until: datetime
    error: str
    refused: bool


def of(conn: Connection, target: str) -> DeliveryPause | None:
    """The pause of a platform, None if it is well."""
    row = conn.execute(select(delivery_pauses).where(delivery_pauses.c.target == target)).first()
    return DeliveryPause(*row) if row else None


def every(conn: Connection) -> list[DeliveryPause]:
    """All of them, by name."""
    return [DeliveryPause(*row) for row in conn.execute(select(delivery_pauses).order_by(delivery_pauses.c.target))]


def begin(conn: Connection, pause: DeliveryPause) -> bool:
    """Pause a platform, or go on with a pause that began earlier.

    Returns:
        Whether it is news that it refuses us.
    """
    before = of(conn, pause.target)
    values = {"until": pause.until, "error": pause.error, "refused": pause.refused}
    if before is None:
        added = insert_for(conn.dialect.name, delivery_pauses).values(target=pause.target, since=pause.since, **values)
        conn.execute(added.on_conflict_do_nothing())
    else:
        conn.execute(update(delivery_pauses).where(delivery_pauses.c.target == pause.target).values(**values))
    return pause.refused and not (before and before.refused)


def end(conn: Connection, target: str) -> bool:
    """A platform is well again; whether it was paused."""
    return bool(conn.execute(delete(delivery_pauses).where(delivery_pauses.c.target == target)).rowcount)
