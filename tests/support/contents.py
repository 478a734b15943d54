"""What is in a PostgreSQL database, taken out and put in again: a tenth of what it takes to make one anew."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import psycopg
from psycopg import sql

GONE_WITHIN_MS = 60_000
FORM = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class where relkind not in ('p', 'I')",
    "pg_constraint",
    "pg_default_acl",
    "pg_extension",
    "pg_index",
    "pg_inherits",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_sequence",
    "pg_statistic_ext",
    "pg_trigger",
    "pg_type",
)
"""Catalogs that change when a table or a right does, and not with rows, statistics or vacuum.

The rows of partitioned tables and their indexes do whenever a partition comes or goes, so these are passed over.
"""

Form = tuple[tuple[int, int], ...]
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Contents:
    """All rows, and the tables that were made for them.

    Args:
        parts: partitions by name, with their table and its bounds.
        rows: of each table that has any, as COPY writes them; by name.
        numbers: the next number of each sequence, and whether it was given away; by name.
    """

    parts: dict[str, tuple[str, str]]
    rows: dict[str, bytes]
    numbers: dict[str, tuple[int, bool]]


def alone(conn: Connection) -> None:
    """Let nobody else be connected to the database, and wait until their temporary tables are gone."""
    conn.execute(
        "select pg_terminate_backend(pid, %s) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()",
        [GONE_WITHIN_MS],
    )


def form(conn: Connection) -> Form:
    """What is different whenever a table or a right is: how many there are, and who wrote the newest."""
    asked = " union all ".join(f"select count(*), coalesce(max(xmin::text::bigint), 0) from {each}" for each in FORM)
    return cast("Form", tuple(conn.execute(sql.SQL(asked)).fetchall()))


def contents(conn: Connection) -> Contents:
    """What is in it."""
    return Contents(_parts(conn), {each: _copied(conn, each) for each in _filled(conn)}, _numbers(conn))


def refill(conn: Connection, wanted: Contents) -> None:
    """Put these contents into a database of the same form, instead of what is in it."""
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")  # in any order, and no trigger sees it
        for each in _parts(conn).keys() - wanted.parts.keys():
            conn.execute(sql.SQL("drop table {}").format(sql.Identifier(each)))
        for each in wanted.parts.keys() - _parts(conn).keys():
            table, bounds = wanted.parts[each]
            said = "create table {} partition of {} " + bounds
            conn.execute(sql.SQL(said).format(sql.Identifier(each), sql.Identifier(table)))
        for each in _filled(conn):
            conn.execute(sql.SQL("delete from {}").format(sql.Identifier(each)))
        for each, rows in wanted.rows.items():
            with conn.cursor() as cursor, cursor.copy(_copy(conn, each, "from stdin")) as copy:
                copy.write(rows)
        for each, (number, is_given) in _numbers(conn).items():
            first = wanted.numbers.get(each, (1, False))
            if first != (number, is_given):
                conn.execute("select setval(%s::regclass, %s, %s)", [each, *first])


def _parts(conn: Connection) -> dict[str, tuple[str, str]]:
    found = conn.execute(
        "select part.relname, whole.relname, pg_get_expr(part.relpartbound, part.oid) from pg_class part"
        " join pg_inherits on inhrelid = part.oid join pg_class whole on whole.oid = inhparent"
        " where part.relkind = 'r' and part.relnamespace = 'public'::regnamespace"
    )
    return {str(part): (str(whole), str(bounds)) for part, whole, bounds in found}


def _filled(conn: Connection) -> list[str]:
    tables = _names(conn, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    has_rows = sql.SQL("select {} where exists (select 1 from {})")
    asked = [has_rows.format(sql.Literal(each), sql.Identifier(each)) for each in sorted(tables)]
    return _names(conn, sql.SQL(" union all ").join(asked)) if asked else []


def _numbers(conn: Connection) -> dict[str, tuple[int, bool]]:
    names = _names(conn, "select relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace")
    one = sql.SQL("select {}, last_value, is_called from {}")
    asked = [one.format(sql.Literal(each), sql.Identifier(each)) for each in sorted(names)]
    found = conn.execute(sql.SQL(" union all ").join(asked)).fetchall() if asked else []
    return cast("dict[str, tuple[int, bool]]", {name: (number, given) for name, number, given in found})


def _copied(conn: Connection, table: str) -> bytes:
    with conn.cursor() as cursor, cursor.copy(_copy(conn, table, "to stdout")) as copy:
        return b"".join(bytes(each) for each in copy)


def _copy(conn: Connection, table: str, where: str) -> sql.Composed:
    columns = _names(
        conn,
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped and attgenerated = '' order by attnum",
        [sql.Identifier(table).as_string(conn)],
    )
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("copy {} ({}) {}").format(sql.Identifier(table), named, sql.SQL(where))


def _names(conn: Connection, asked: str | sql.Composed, values: Iterable[str] = ()) -> list[str]:
    return [str(name) for (name,) in conn.execute(asked, list(values) or None)]
