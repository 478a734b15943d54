"""How reading a provider went last."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import (
    Connection,
    select,
)

from storage.tables import (
    pulls,
)
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Pull:
    """How reading a provider went last.

    Args:
        provider: its name.
        tried_at: when we last asked.
        done_at: when we last heard everything, None if never.
        through: the last day we have heard of.
        rows_seen: rows of the last good pull.
        rows_changed: cells it changed.
        error: what went wrong since, "" if nothing.
    """

    provider: str
    tried_at: datetime
    done_at: datetime | None
    through: date | None
    rows_seen: int
    rows_changed: int
    error: str


_PULLS = select(pulls).order_by(pulls.c.provider)


def pulled(conn: Connection) -> list[Pull]:
    """How each provider's last pull went, by name."""
    return [Pull(*row) for row in conn.execute(_PULLS)]


def note_pull(conn: Connection, pull: Pull) -> None:
    """Remember how a pull went."""
    upsert(conn, pulls, [asdict(pull)])
