"""The real process, as an operator starts it: `python -m bot run`."""

import os
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.fakes.slack import PATIENCE_S, FakeSlack
from tests.support.paths import ROOT

KEYS = {"SLACK_BOT_TOKEN": FakeSlack.bot_token, "SLACK_APP_TOKEN": FakeSlack.app_token}
KEYS |= {"SLACK_SIGNING_SECRET": FakeSlack.secret}
MIB = 2**20


@dataclass
class BotProcess:
    """A bot that runs.

    Args:
        process: of the operating system.
        port: on which it serves.
        log: the file with its log.
    """

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it serves, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def connected(self) -> socket.socket:
        """A connection on which nothing was said."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def resident_mib(self) -> float:
        """The memory it uses."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / MIB


@contextmanager
def bot_process(
    home: Path,
    settings: Mapping[str, object],
    environ: Mapping[str, str],
    database_url: str = "",
    *,
    ready: bool = True,
    module: str = "bot",
) -> Iterator[BotProcess]:
    """The bot with settings, killed at the end.

    Args:
        home: a directory for app.yaml, the log and a SQLite file.
        settings: app.yaml, without the port.
        environ: besides what stands in KEYS.
        database_url: instead of the SQLite file.
        ready: wait until it is ready.
        module: what is run.
    """
    port = free_port()
    of_server = settings.get("server")
    of_server = of_server if isinstance(of_server, dict) else {}
    (home / "app.yaml").write_text(yaml.safe_dump({**settings, "server": {**of_server, "port": port}}))
    given = {
        **os.environ,
        **KEYS,
        "BURSAR_CONFIG": str(home / "app.yaml"),
        "DATABASE_URL": database_url or f"sqlite:///{home}/run.db",
        **environ,
    }
    with (home / "log").open("a") as log:
        process = subprocess.Popen([sys.executable, "-m", module, "run"], cwd=ROOT, env=given, stderr=log, text=True)
        running = BotProcess(process, port, home / "log")
        try:
            if ready:
                until(lambda: get(f"{running.url}/readyz")[0] == 200 or process.poll() is not None)
            yield running
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def get(url: str) -> tuple[int, str]:
    """GET an address: status and text, (0, "") if nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def until(true: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.05)
