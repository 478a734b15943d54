"""Insert rows, or bring them up to date, on both databases."""

from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table

from storage.prepared import Written


def insert_into(conn: Connection, table: Table) -> Any:
    """The dialect's own insert, for the sake of its `on conflict`."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """The same by the dialect's name, for statements that are built once. The other dialect is not loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def upsert(conn: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Insert the rows, or update those whose key is there already; callers give them sorted by key.

    Unsorted batches of two writers can lock each other out (seen: 74 of 80 batches; sorted: none).
    """
    if rows:
        _upserting(table, tuple(rows[0])).many(conn, rows)


@cache
def _upserting(table: Table, names: tuple[str, ...]) -> Written:
    """Built once for each set of columns."""
    return Written(partial(_upsert, table, names))


def _upsert(table: Table, names: tuple[str, ...], dialect: str) -> Any:
    keys = [column.name for column in table.primary_key]
    statement = insert_for(dialect, table)
    said = statement.excluded
    values = {name: said[name] for name in names if name not in keys}
    if values:
        return statement.on_conflict_do_update(index_elements=keys, set_=values)
    return statement.on_conflict_do_nothing(index_elements=keys)


def insert_new(conn: Connection, table: Table, row: dict[str, object], key: str) -> bool:
    """Insert a row unless its unique key is there already.

    Returns:
        Whether it was new.
    """
    return bool(_inserting_new(table, key).rows(conn, row))


@cache
def _inserting_new(table: Table, key: str) -> Written:
    """Built once: it runs several times in every order."""
    return Written(partial(_insert_new, table, key))


def _insert_new(table: Table, key: str, dialect: str) -> Any:
    statement = insert_for(dialect, table).on_conflict_do_nothing(index_elements=[key])
    return statement.returning(table.c[key])
