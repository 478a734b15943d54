"""Whole databases: what is in one, and one copied into another, of whichever kind the two are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Integer, MetaData, Table, delete, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from storage import installation
from storage.bulk_load import load, writer
from storage.partitions import ensure, month_of, partitions
from storage.sums import halves, whole
from storage.tables import charges, metadata

ROWS_AT_ONCE = 5_000
VERSION = "alembic_version"


class UncopiedError(Exception):
    """A table that cannot be copied.

    Args:
        table: its name.
        why: what the target's driver says.
    """

    def __init__(self, table: str, why: str) -> None:
        super().__init__(f"{table}: {why}")
        self.table = table
        self.why = why


@dataclass(frozen=True, slots=True)
class Total:
    """What a table comes to: its rows, and the sum of each column of whole numbers."""

    rows: int
    sums: dict[str, int]


def totals(conn: Connection) -> dict[str, Total]:
    """What every table comes to, by its name. Two databases with the same totals hold the same money."""
    there, parts = MetaData(), set(partitions(conn).values())
    # As they are, which is not as this program would have them where an older one wrote.
    there.reflect(conn, only=lambda name, _: name not in parts)
    return {name: _total(conn, table) for name, table in sorted(there.tables.items()) if name != VERSION}


def _total(conn: Connection, table: Table) -> Total:
    counted = [each for each in table.columns if isinstance(each.type, Integer)]
    parts = [half for each in counted for half in halves(each)]
    found = conn.execute(select(func.count(), *parts).select_from(table)).one()
    pairs = zip(found[1::2], found[2::2], strict=True)
    return Total(found[0], {each.name: whole(*pair) for each, pair in zip(counted, pairs, strict=True)})


def is_empty(conn: Connection) -> bool:
    """Whether there is nothing in any table, or no table at all."""
    there = set(inspect(conn).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in there and table.name != installation.NAME]
    return not any(conn.execute(select(1).select_from(table).limit(1)).first() for table in tables)


def copy(source: Connection, target: Connection) -> Iterator[str]:
    """Copy all rows, one table after another.

    Args:
        source: of a question, so that all is of one moment.
        target: of an order. It has all tables, and nothing in them.

    Yields:
        The name of each table before it is copied.

    Raises:
        UncopiedError: PostgreSQL is stricter than SQLite, such as with a text that is too long.
    """
    target.execute(delete(metadata.tables[installation.NAME]))  # migrating has made notes there
    writes, quoted = writer(target), target.dialect.identifier_preparer.quote
    for table in metadata.sorted_tables:
        rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        yield table.name
        if table is charges:
            ensure(target, _months(source))
        try:
            load(target, table, [quoted(each.name) for each in table.columns], (_written(row, writes) for row in rows))
            _count_on(target, table)
        except (DBAPIError, target.dialect.loaded_dbapi.Error) as trouble:
            raise UncopiedError(table.name, str(getattr(trouble, "orig", trouble)).strip()) from trouble


def _months(source: Connection) -> set[date]:
    """The months of which there are charges, by a look at each bucket."""
    return {month_of(each) for each in source.execute(select(charges.c.bucket_start).distinct()).scalars()}


def _written(row: Any, writes: Any) -> tuple[Any, ...]:
    return tuple(writes(each) if isinstance(each, date) else each for each in row)


def _count_on(conn: Connection, table: Table) -> None:
    """Rows to come are numbered after those that were copied."""
    numbered = table.autoincrement_column
    if numbered is None or conn.dialect.name == "sqlite":
        return
    last = f"(select max({numbered.name}) from {table.name})"  # noqa: S608 - names of our own tables
    sequence = f"pg_get_serial_sequence('{table.name}', '{numbered.name}')"
    conn.execute(text(f"select setval({sequence}, coalesce({last}, 1), {last} is not null)"))
