"""Questions that are asked all the time, on the driver's own cursor.

What SQLAlchemy does around a statement takes longer than SQLite takes for most of those that a balance is made of. So
a statement is compiled once for each database, and then only its values are bound. Types, errors and listeners are as
they are with `Connection.execute`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
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
        for name, convert in one.bound:
            given[name] = convert(given[name])
        sent = [given[name] for name in one.names] if one.names else given
        found = run(conn, one.text, sent)
        if not one.read:
            return found
        return [_converted(row, one.read) for row in found]

    def _compiled(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        statement = self._statement.params(**values)  # a list is written out when it is known how long it is
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
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
            (number, _impl(column.type, dialect).result_processor(dialect, None))
            for number, column in enumerate(statement.selected_columns)
        )
        return _Compiled(
            text=str(compiled),
            names=tuple(compiled.positiontup or ()),
            fixed=fixed,
            bound=tuple((name, convert) for name, convert in bound if convert),
            read=tuple((number, convert) for number, convert in read if convert),
        )


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
    cursor = conn.connection.cursor()
    try:
        for heard in conn.engine.dispatch.before_cursor_execute:  # who counts statements counts these, too
            heard(conn, cursor, text, sent, None, False)
        cursor.execute(text, sent) if sent else cursor.execute(text)
        for _ in range(answers - 1):
            cursor.nextset()
        found = list(cursor.fetchall())
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
    return found
