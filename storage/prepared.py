"""Questions that are asked all the time, and what every order writes, on the driver's own cursor.

What SQLAlchemy does around a statement takes longer than SQLite takes for most of those that a balance is made of. So
a statement is compiled once for each database, and then only its values are bound. Types, errors and listeners are as
they are with `Connection.execute`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
T = TypeVar("T")
KNOWN_MAX = 64


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one dialect.

    Args:
        text: as the driver takes it.
        names: of the parameters in their order, for a driver that takes them so; else empty.
        fixed: the values of parameters that are part of the statement.
        bound: how values become what the driver takes, by parameter.
        read: how what the driver gives becomes values, by column.
    """

    text: str
    names: tuple[str, ...]
    fixed: dict[str, Any]
    bound: tuple[tuple[str, Convert], ...]
    read: tuple[tuple[int, Convert], ...]


class Prepared:
    """A select with named parameters.

    Args:
        statement: a select, or a union of some.
        lists: those of its parameters that are lists (`bindparam(…, expanding=True)`).
    """

    def __init__(self, statement: Any, lists: Sequence[str] = ()) -> None:
        self._statement = statement
        self._lists = lists
        self._known: dict[tuple[str, tuple[int, ...]], _Compiled] = {}

    def rows(self, conn: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What is found.

        Args:
            conn: any connection.
            values: of all parameters, by name.

        Raises:
            DBAPIError: as with `Connection.execute`.
        """
        counts = tuple(len(values[name]) for name in self._lists)
        one = self._known.get((conn.dialect.name, counts))
        if one is None:
            if len(self._known) >= KNOWN_MAX:  # lists of ever other lengths
                self._known.clear()
            one = self._known[conn.dialect.name, counts] = self._compiled(conn.dialect, values)
        given = {**one.fixed, **values}
        for name in self._lists:
            given |= {f"{name}_{number}": value for number, value in enumerate(values[name], start=1)}
        return _read(one, run(conn, one.text, _sent(one, given)))

    def _compiled(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        statement = self._statement.params(**values)  # a list is written out when it is known how long it is
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return _kept(compiled, dialect, values, statement.selected_columns)


class Written:
    """An insert, an update or a delete with named parameters.

    Args:
        statement: the statement in a dialect of a name; its tables have no defaults that Python would work out.
    """

    def __init__(self, statement: Callable[[str], Any]) -> None:
        self._statement = statement
        self._known: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def rows(self, conn: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it returns.

        Args:
            conn: an order's connection.
            values: of all parameters, by name: always the same names, or of an insert some of its columns.

        Raises:
            DBAPIError: as with `Connection.execute`.
        """
        one = self._compiled(conn.dialect, values)
        return _read(one, run(conn, one.text, _sent(one, {**one.fixed, **values})))

    def count(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it wrote; see `rows`."""
        one = self._compiled(conn.dialect, values)
        return _done(conn, one.text, _sent(one, {**one.fixed, **values}), lambda cursor: int(cursor.rowcount))

    def many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write it for each of some rows, which have the same names; see `rows`."""
        if not rows:
            return
        one = self._compiled(conn.dialect, rows[0])
        sent = [_sent(one, {**one.fixed, **row}) for row in rows]
        if len(sent) == 1:
            _done(conn, one.text, sent[0], _nothing)
        else:
            _done(conn, one.text, sent, _nothing, many=True)

    def _compiled(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        key = (dialect.name, tuple(values))
        one = self._known.get(key)
        if one is None:
            statement = self._statement(dialect.name)
            compiled = statement.compile(dialect=dialect, column_keys=list(values) if statement.is_insert else None)
            one = self._known[key] = _kept(compiled, dialect, values, statement.exported_columns)
        return one


def _kept(compiled: Any, dialect: Dialect, values: Mapping[str, Any], columns: Iterable[Any]) -> _Compiled:
    """What is kept of a statement that was compiled, with the values of all parameters that it is used with first."""
    binds: dict[str, BindParameter[Any]] = {}
    fixed = dict[str, Any]()
    for bind, name in compiled.bind_names.items():
        said = values.get(name, bind.effective_value)
        members = {f"{name}_{number}": each for number, each in enumerate(said, start=1)} if bind.expanding else {}
        binds |= dict.fromkeys(members or (name,), bind)
        if name not in values:
            fixed |= members or {name: said}
    bound = ((name, _impl(bind.type, dialect).bind_processor(dialect)) for name, bind in binds.items())
    read = (
        (number, _impl(column.type, dialect).result_processor(dialect, None)) for number, column in enumerate(columns)
    )
    return _Compiled(
        text=str(compiled),
        names=tuple(compiled.positiontup or ()),
        fixed=fixed,
        bound=tuple((name, convert) for name, convert in bound if convert),
        read=tuple((number, convert) for number, convert in read if convert),
    )


def _sent(one: _Compiled, given: dict[str, Any]) -> Any:
    """The values of all parameters as the driver takes them."""
    for name, convert in one.bound:
        given[name] = convert(given[name])
    return [given[name] for name in one.names] if one.names else given


def _read(one: _Compiled, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if len(one.read) == 1:  # as nearly all have, for many rows
        number, convert = one.read[0]
        return [(*row[:number], convert(row[number]), *row[number + 1 :]) for row in found]
    return [_converted(row, one.read) for row in found] if one.read else found


def _nothing(_cursor: object) -> None:
    """Nothing is to be known of what was written."""


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _converted(row: Sequence[Any], read: Sequence[tuple[int, Convert]]) -> tuple[Any, ...]:
    values = list(row)
    for number, convert in read:
        values[number] = convert(values[number])
    return tuple(values)


def run(conn: Connection, text: str, sent: Any = (), answers: int = 1) -> list[tuple[Any, ...]]:
    """What a statement finds that stands as the driver takes it.

    Args:
        conn: any connection.
        text: the statement, or several, as PostgreSQL takes them if nothing is sent with them.
        sent: the values of its parameters.
        answers: of how many statements; what the last one finds is given.

    Raises:
        DBAPIError: as with `Connection.execute`.
    """

    def after(cursor: Any) -> list[tuple[Any, ...]]:
        for _ in range(answers - 1):
            cursor.nextset()
        return list(cursor.fetchall())

    return _done(conn, text, sent, after)


def _done(conn: Connection, text: str, sent: Any, after: Callable[[Any], T], *, many: bool = False) -> T:
    """Let a driver's cursor do something, and see what came of it."""
    cursor = conn.connection.cursor()
    try:
        for heard in conn.engine.dispatch.before_cursor_execute:  # who counts statements counts these, too
            heard(conn, cursor, text, sent, None, many)
        if many:
            cursor.executemany(text, sent)
        else:
            cursor.execute(text, sent) if sent else cursor.execute(text)
        return after(cursor)
    except conn.dialect.loaded_dbapi.Error as trouble:
        gone = conn.dialect.is_disconnect(trouble, conn.connection, cursor)
        if gone:
            conn.invalidate(trouble)
        raise DBAPIError.instance(
            text,
            None,
            trouble,
            conn.dialect.loaded_dbapi.Error,
            connection_invalidated=gone,
            dialect=conn.dialect,
        ) from trouble
    finally:
        cursor.close()
