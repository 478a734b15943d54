"""Real programs from npm (`make agents`), each with a home of its own and nothing of this machine's environment."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import api
from bot.api.manifest import HOOK_MANIFESTS, Hooks
from bot.mcp import server as mcp
from bot.server import server
from bot.telemetry import endpoint as telemetry
from bot.telemetry.manifest import MANIFESTS
from handlers.events import CheckJobs
from handlers.policy import TelemetryRules
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
        account: for whom the programs work.
        more: what else stands in their environment.
    """

    api: Api
    model: Model
    home: Path
    url: str
    model_url: str
    account: str = "person/ana"
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
            "BURSAR_TOKEN": self.token,
            "NO_PROXY": "*",
            "no_proxy": "*",
            **self.more,
        }

    @property
    def token(self) -> str:
        """The token of this machine."""
        return self.api.token(self.account)

    def hooks(self, program: str, unreachable: str = "open", url: str = "") -> str:
        """The settings of a program's hooks, as they are handed out."""
        made = Hooks(url or self.url, str(HOOK), unreachable, mcp=True)
        return HOOK_MANIFESTS[program](made)

    def telemetry(self, program: str) -> str:
        """The settings of a program's telemetry, as they are handed out."""
        return MANIFESTS[program](self.url, self.token, TelemetryRules())

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

    def counted(self) -> str:
        """What Ana is shown of what was spent today, when all that programs said is counted."""
        self.api.company.settle()
        return self.api.company.say("ana", "spend today")

    def spends(self, dollars: str, who: str = "ana") -> None:
        """Somebody spends so much today, and the provider tells it."""
        company = self.api.company
        company.llm.spends(who, dollars, company.clock().date())
        company.pull()

    def has_a_job(self) -> None:
        """The machine is the crawler's, for which Max was granted $300 for a job; tomorrow may be another month."""
        self.account = "agent/crawler"
        self.api.company.say("max", "request 300 for crawler until today nightly reindex")
        assert "approved" in self.api.company.say("kim", "approve 1").lower()

    def half_is_spent(self) -> None:
        """The provider tells that the job has spent half of what it may."""
        self.spends("150.00", "crawler-key")

    def goes_on(self) -> str:
        """What Max is told who lets the job go on."""
        company = self.api.company
        company.happens(CheckJobs())
        company.settle()
        told = [each for card in company.messages("max") for each in card.buttons]  # a spike may be told after it
        button = [each for each in told if each.label == "Continue"][-1]
        return company.hear("max", button.says).title


def needed(program: str) -> None:
    """Skip a test whose program is not installed."""
    if not (BIN / program).exists():
        pytest.skip(f"{program} is not installed: make agents")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Ana's machine, with the small company's Bursar in the next room. Hooks get no answer of a moment ago."""
    monkeypatch.setattr("bot.api.hooks.FRESH", timedelta(0))
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
