"""Real programs from npm (`make agents`), each with a home of its own and nothing of this machine's environment."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import api
from bot.mcp import server as mcp
from bot.server import server
from bot.telemetry import endpoint as telemetry
from tests.agents.standin import Model
from tests.bot.api.conftest import Api
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import migrated
from tests.support.paths import ROOT
from tests.support.small_bot import served

HERE = Path(os.environ.get("BURSAR_AGENTS", str(ROOT / "var" / "agents")))
BIN = HERE / "node_modules" / ".bin"
HOOK = ROOT / "deploy" / "bursar-hook"
LONGEST_S = 120


@dataclass
class Desk:
    """Somebody's machine: a home, a token of theirs, a model on loopback, and Bursar.

    Args:
        api: makes tokens; its company is the one whose Bursar runs.
        model: answers the programs.
        home: of the programs.
        url: of Bursar.
        model_url: of the model.
    """

    api: Api
    model: Model
    home: Path
    url: str
    model_url: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """A folder to work in."""
        made = self.home / "project"
        made.mkdir(exist_ok=True)
        return made

    @property
    def environment(self) -> dict[str, str]:
        """All that a program sees."""
        return {
            "HOME": str(self.home),
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "BURSAR_URL": self.url,
            "BURSAR_TOKEN": self.api.token("person/ana"),
            "NO_PROXY": "*",
            "no_proxy": "*",
            **self.more,
        }

    def run(self, *command: str) -> str:
        """What a program says, on both of its outputs."""
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        return done.stdout + done.stderr

    def write(self, path: str, text: str) -> None:
        """Write a file in the home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def spends(self, dollars: str) -> None:
        """Ana spends so much today."""
        company = self.api.company
        company.llm.spends("ana", dollars, company.clock().date())
        company.pull()


def needed(program: str) -> None:
    """Skip a test whose program is not installed."""
    if not (BIN / program).exists():
        pytest.skip(f"{program} is not installed: make agents")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Ana's machine, with the small company's Bursar in the next room."""
    model = Model()
    home = tmp_path / "home"
    home.mkdir()
    with ExitStack() as stack:
        database = migrated(tmp_path / "acme.db")
        stack.callback(database.close)
        company = Company(database, Clock(datetime.now(UTC)))
        company.app.now = lambda: datetime.now(UTC)
        routes = [
            *stack.enter_context(telemetry.connected(company.app)),
            *stack.enter_context(api.connected(company.app)),
        ]
        made = server(company.app, routes, lambda: True)
        mcp.add_to(made, company.app)
        url = stack.enter_context(served(made))
        model_url = stack.enter_context(served(model.app()))
        yield Desk(Api(company, None), model, home, url, model_url)  # type: ignore[arg-type]
