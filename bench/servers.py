"""Servers in processes of their own: Bursar as an operator starts it, and the bare Bolt app beside it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.load import MeasurementError, Workspace
from bench.machine import SERVER_CORE, cpu_s, on_core
from bot.app import utc_now
from bot.build import build
from bot.config import Settings
from bot.providers.sample.provider import Sample
from bot.sync.usage import pull
from tests.support.fakes.slack import FakeSlack

ROOT = Path(__file__).parent.parent
COMES_UP_MAX_S = 300.0
DAYS = 35
POLL_S = 0.002
NEVER = "0 0 1 1 *"
"""When the provider is read: it is read before, for what is measured is not how a company is made up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up.

    Args:
        name: what it is.
        pid: its process.
        port: on 127.0.0.1.
        took_s: from the start of the process to the first good answer.
        took_cpu_s: of a core, until then.
    """

    name: str
    pid: int
    port: int
    took_s: float
    took_cpu_s: float


def workspace() -> Workspace:
    """Everybody of the sample company, in Slack."""
    people = Sample(now=utc_now).directory().people
    return Workspace(FakeSlack.team, FakeSlack.secret, [slack_id(each.id) for each in people if each.active])


@contextmanager
def bare(slack: FakeSlack, home: Path, answer: bytes = b"") -> Iterator[Server]:
    """The Bolt app that only acknowledges.

    Args:
        slack: the workspace.
        home: where its files are.
        answer: what it acknowledges with, as JSON: always the same.
    """
    port = _free_port()
    words = ["-m", "bench.bare", str(port), slack.base_url]
    if answer:
        path = home / "answer.json"
        path.write_bytes(answer)
        words.append(str(path))
    with _process("bare Bolt", words, {}, port, "/", home) as server:
        yield server


@contextmanager
def sink(home: Path) -> Iterator[Server]:
    """The OTLP endpoint that counts nothing."""
    port = _free_port()
    with _process("bare sink", ["-m", "bench.sink", str(port)], {}, port, "/", home) as server:
        yield server


@contextmanager
def answering(home: Path) -> Iterator[Server]:
    """The Starlette app that only answers."""
    port = _free_port()
    with _process("bare Starlette", ["-m", "bench.answer", str(port)], {}, port, "/", home) as server:
        yield server


@contextmanager
def bursar(
    slack: FakeSlack,
    home: Path,
    database_url: str,
    more: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    read: str = NEVER,
) -> Iterator[Server]:
    """`python -m bot run` with the sample company, in HTTP mode.

    Args:
        slack: the workspace.
        home: where its files are.
        database_url: its database.
        more: what comes to the lists of app.yaml.
        secrets: what comes to its environment.
        read: when the provider is read, a cron line.
    """
    port = _free_port()
    config = home / f"app-{port}.yaml"
    settings = rules(slack, port, read)
    config.write_text(yaml.safe_dump(settings | {name: settings[name] + each for name, each in (more or {}).items()}))
    environ = {
        "BURSAR_CONFIG": str(config),
        "DATABASE_URL": database_url,
        "SLACK_BOT_TOKEN": FakeSlack.bot_token,
        "SLACK_SIGNING_SECRET": FakeSlack.secret,
        **(secrets or {}),
    }
    with _process("Bursar", ["-m", "bot", "run"], environ, port, "/readyz", home) as server:
        yield server


def rules(slack: FakeSlack, port: int, read: str = NEVER) -> dict[str, Any]:
    """app.yaml as it comes, with its people linked to their Slack users."""
    settings: dict[str, Any] = yaml.safe_load((ROOT / "app.yaml").read_text())
    people = Sample(now=utc_now).directory().people
    return settings | {
        "providers": [{"kind": "sample", "read": read, "history_days": DAYS}],
        "slack": {"mode": "http", "url": slack.base_url},
        "server": {"port": port},
        "links": [
            {
                "platform": "slack",
                "kind": "user",
                "id": f"{FakeSlack.team}/{slack_id(person.id)}",
                "account": f"person/{person.id}",
            }
            for person in people
        ],
    }


def fill(database_url: str, slack: FakeSlack) -> None:
    """Make the tables, and read the sample company's people and its last days."""
    app = build(Settings.model_validate(rules(slack, 0)), {}, url=database_url)
    app.refresh_people()
    for each in workspace().users:
        slack.add_user(each)
    for name, provider in app.providers.items():
        pull(app.database, provider, app.reading(name), app.now)
    app.close()


@contextmanager
def _process(
    name: str, words: Sequence[str], environ: Mapping[str, str], port: int, path: str, home: Path
) -> Iterator[Server]:
    """A Python process on the server's core, waited for until it answers."""
    log = home / f"{name.replace(' ', '-')}-{port}.log"
    with log.open("w") as out, on_core(SERVER_CORE):
        began_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env={**surroundings(), **environ}, stdout=out, stderr=out
        )
    try:
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() > began_s + COMES_UP_MAX_S:
                raise MeasurementError(f"{name} does not come up:\n{log.read_text()[-2000:]}")
            time.sleep(POLL_S)
        took_s = time.perf_counter() - began_s
        yield Server(name, process.pid, port, took_s, cpu_s(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def surroundings() -> dict[str, str]:
    """Our environment, in which Python may keep what it has compiled, as it does where the bot is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _answers(port: int, path: str) -> bool:
    """Whether somebody listens, and does not say that it is not ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return line.recv(64).split(b" ")[1:2] in ([b"200"], [b"404"])
    except OSError:
        return False


def slack_id(person: str) -> str:
    """The Slack user of somebody of the sample company."""
    return "U" + "".join(letter for letter in person.upper() if letter.isalnum())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
