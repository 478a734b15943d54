"""Many rows at once, by the fastest way each database has."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

from storage.prepared import send_waiting

BATCH_ROWS = 5_000


def load(conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Append rows to a table that nobody else looks at, such as a temporary one.

    PostgreSQL takes them by COPY, SQLite by the driver's own executemany: both several times faster than one statement
    built for each batch.

    Args:
        conn: an order's connection.
        table: where to.
        columns: their names, in the order of the values.
        rows: values as plain numbers and texts; moments and days as `writer` makes them.

    Returns:
        How many rows there were.
    """
    names = ", ".join(columns)
    count = 0
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"insert into {table.name} ({names}) values ({marks})"  # noqa: S608 - names of our own tables
        remaining = iter(rows)
        while batch := list(islice(remaining, BATCH_ROWS)):
            conn.exec_driver_sql(statement, batch)
            count += len(batch)
        return count
    send_waiting(conn)
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"copy {table.name} ({names}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def writer(conn: Connection) -> Callable[[datetime | date], object]:
    """How moments and days are written for `load` on this database."""
    return _as_sqlite_text if conn.dialect.name == "sqlite" else _as_is


def _as_is(moment: datetime | date) -> object:
    return moment


@lru_cache(maxsize=4096)
def _as_sqlite_text(moment: datetime | date) -> object:
    """The text that SQLAlchemy writes for the same value."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return moment.isoformat()
