"""Questions that are asked all the time, and what every order writes, on the driver's own cursor.

What SQLAlchemy does around a statement takes longer than SQLite takes for most of those that a balance is made of. So
a statement is compiled once for each database, and then only its values are bound. Types, errors and listeners are as
they are with `Connection.execute`. What an order only writes waits for its next question on PostgreSQL
(storage/statement_queue.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import TypeEngine

from storage.statement_queue import QUEUE, Expects, Said, StatementQueue

Convert = Callable[[Any], Any]
T = TypeVar("T")
KNOWN_MAX = 64


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one dialect.

    Args:
        text: as the driver takes it.
        names: of the parameters in their order.
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
        one, sent = self._bound(conn, values)
        return _read(one, run(conn, one.text, sent))

    def ahead(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Let it be asked with the next trip of an order on PostgreSQL; `rows` with the same values has the answer.

        What the order writes meanwhile makes the answer void; then it is asked again.
        """
        if queue_of(conn) is not None:
            one, sent = self._bound(conn, values)
            run_ahead(conn, one.text, sent)

    def _bound(self, conn: Connection, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        counts = tuple(len(values[name]) for name in self._lists)
        one = self._known.get((conn.dialect.name, counts))
        if one is None:
            if len(self._known) >= KNOWN_MAX:  # lists of ever other lengths
                self._known.clear()
            one = self._known[conn.dialect.name, counts] = self._compiled(conn.dialect, values)
        given = {**one.fixed, **values}
        for name in self._lists:
            given |= {f"{name}_{number}": value for number, value in enumerate(values[name], start=1)}
        return one, _sent(one, given)

    def _compiled(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        statement = self._statement.params(**values)  # a list is written out when it is known how long it is
        options = {"render_postcompile": True}
        compiled = statement.compile(dialect=_as_the_driver_takes_it(dialect), compile_kwargs=options)
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
        said = Said(one.text, _sent(one, {**one.fixed, **values}))
        return _read(one, _done(conn, queue_of(conn), said, _all))

    def count(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it wrote; see `rows`."""
        one = self._compiled(conn.dialect, values)
        return _done(conn, queue_of(conn), Said(one.text, _sent(one, {**one.fixed, **values})), _how_many)

    def later(self, conn: Connection, values: Mapping[str, Any], expects: Expects | None = None) -> None:
        """Write it at the latest when something is asked or the order ends.

        Args:
            conn: an order's connection.
            values: see `rows`.
            expects: is given how many rows it wrote, and raises if that is wrong.

        Raises:
            DBAPIError: here or where it is sent.
        """
        one = self._compiled(conn.dialect, values)
        write(conn, Said(one.text, _sent(one, {**one.fixed, **values}), expects=expects))

    def many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """The same for each of some rows, which have the same names."""
        if not rows:
            return
        one = self._compiled(conn.dialect, rows[0])
        sent = [_sent(one, {**one.fixed, **row}) for row in rows]
        write(conn, Said(one.text, sent[0]) if len(sent) == 1 else Said(one.text, sent, many=True))

    def _compiled(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        key = (dialect.name, tuple(values))
        one = self._known.get(key)
        if one is None:
            statement = self._statement(dialect.name)
            names = list(values) if statement.is_insert else None
            compiled = statement.compile(dialect=_as_the_driver_takes_it(dialect), column_keys=names)
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
    return [given[name] for name in one.names]


def _read(one: _Compiled, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if len(one.read) == 1:  # as nearly all have, for many rows
        number, convert = one.read[0]
        return [(*row[:number], convert(row[number]), *row[number + 1 :]) for row in found]
    return [_converted(row, one.read) for row in found] if one.read else found


def _as_the_driver_takes_it(dialect: Dialect) -> Dialect:
    """With parameters by number for PostgreSQL: then psycopg need not take each statement apart to number them."""
    kind: Any = type(dialect)
    return dialect if dialect.name == "sqlite" else _numbered(kind)


@cache
def _numbered(kind: Callable[..., Dialect]) -> Dialect:
    return kind(paramstyle="numeric_dollar")


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _converted(row: Sequence[Any], read: Sequence[tuple[int, Convert]]) -> tuple[Any, ...]:
    values = list(row)
    for number, convert in read:
        values[number] = convert(values[number])
    return tuple(values)


def queue_of(conn: Connection) -> StatementQueue | None:
    """Where an order's statements wait; None on SQLite, for questions and for slices."""
    queue: StatementQueue | None = conn.connection.info.get(QUEUE)
    return queue


def send_waiting(conn: Connection) -> None:
    """Send what waits, before something is done past this module."""
    queue = queue_of(conn)
    if queue is not None and queue.waits:
        try:
            queue.trip()
        except conn.dialect.loaded_dbapi.Error as trouble:
            raise _as_sqlalchemy_says(conn, "", trouble) from trouble


def run(conn: Connection, text: str, sent: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a statement finds that stands as the driver takes it.

    Args:
        conn: any connection.
        text: the statement.
        sent: the values of its parameters, in their order.

    Raises:
        DBAPIError: as with `Connection.execute`.
    """
    queue = queue_of(conn)
    if queue is not None:
        try:
            answer = queue.answer(_key(text, sent))
        except conn.dialect.loaded_dbapi.Error as trouble:
            raise _as_sqlalchemy_says(conn, text, trouble) from trouble
        if answer is not None:
            return answer
    return _done(conn, queue, Said(text, sent), _all)


def run_ahead(conn: Connection, text: str, sent: Sequence[Any]) -> None:
    """Let a statement go with the next trip of an order on PostgreSQL; `run` with the same values has what it finds."""
    queue = queue_of(conn)
    if queue is not None:
        _tell_listeners(conn, text, sent)
        queue.ask_ahead(_key(text, sent), text, sent)


def write(conn: Connection, said: Said) -> None:
    """Let a statement be carried out that finds nothing: with the next trip of an order on PostgreSQL, else now.

    Raises:
        DBAPIError: here or where it is sent.
    """
    queue = queue_of(conn)
    if queue is None:
        count = _done(conn, None, said, _how_many)
        if said.expects:
            said.expects(count)
    else:
        _tell_listeners(conn, said.text, said.sent, many=said.many)
        queue.add(said)


def _done(conn: Connection, queue: StatementQueue | None, said: Said, after: Callable[[Any], T]) -> T:
    """Let a driver's cursor do something, after all that waits, and see what came of it."""
    _tell_listeners(conn, said.text, said.sent, many=said.many)
    try:
        if queue is not None and queue.waits:
            return after(queue.trip(said))
        cursor = _cursor(conn)
        try:
            if said.many:
                cursor.executemany(said.text, said.sent)
            else:
                cursor.execute(said.text, said.sent) if said.sent else cursor.execute(said.text)
            return after(cursor)
        finally:
            cursor.close()
    except conn.dialect.loaded_dbapi.Error as trouble:
        raise _as_sqlalchemy_says(conn, said.text, trouble) from trouble


def _cursor(conn: Connection) -> Any:
    """One that takes parameters by number, or by their order."""
    if conn.dialect.name == "sqlite":
        return conn.connection.cursor()
    return conn.dialect.loaded_dbapi.RawCursor(conn.connection.driver_connection)


def _all(cursor: Any) -> list[tuple[Any, ...]]:
    return list(cursor.fetchall())


def _how_many(cursor: Any) -> int:
    return int(cursor.rowcount)


def _tell_listeners(conn: Connection, text: str, sent: Any, *, many: bool = False) -> None:
    """Who counts statements counts these, too."""
    for heard in conn.engine.dispatch.before_cursor_execute:
        heard(conn, None, text, sent, None, many)


def _key(text: str, sent: Any) -> tuple[str, tuple[Any, ...]]:
    return text, tuple(sent)


def without_values(trouble: Any) -> str:
    """Let an error of PostgreSQL say what is wrong, and not in which row: it is logged, and the row may be a message.

    Returns:
        What it says; "" if it is none of the server's.
    """
    said = str(getattr(getattr(trouble, "diag", None), "message_primary", None) or "")
    if said:
        trouble.args = (said,)
    return said


def _as_sqlalchemy_says(conn: Connection, text: str, trouble: Any) -> BaseException:
    """The driver's error as SQLAlchemy raises it."""
    without_values(trouble)
    gone = conn.dialect.is_disconnect(trouble, conn.connection, None)
    if gone:
        conn.invalidate(trouble)
    said: BaseException = DBAPIError.instance(
        text,
        None,
        trouble,
        conn.dialect.loaded_dbapi.Error,
        connection_invalidated=gone,
        dialect=conn.dialect,
    )
    return said
