"""The real process where no chat platform is set up: what needs none works, and it is said that nobody is notified."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.fakes.slack import FakeSlack
from tests.support.paths import ROOT
from tests.support.process import KEYS, bot_process, free_port, get

NONE_OF_SLACK = dict.fromkeys(KEYS, "")
FAY = {"id": "fay", "name": "Fay Osei", "email": "fay@acme.example", "roles": ["finance"]}
SETTINGS = {"organization": {"name": "Acme", "zone": "Europe/Berlin"}, "people": [FAY]}


def test_console_api_and_telemetry_alone(tmp_path: Path) -> None:
    """One sentence in the log, a line in /readyz and in status; and no message is said to be late."""
    address = f"http://127.0.0.1:{free_port()}"
    with bot_process(tmp_path, {**SETTINGS, "console": {"url": address}}, NONE_OF_SLACK) as running:
        status, said = get(f"{running.url}/readyz")
        assert (status, "chat: no platform is set up" in said) == (200, True)
        assert "Sign in to Bursar" in get(f"{running.url}/signin")[1]
        assert get(f"{running.url}/api/v1/balance")[0] in {401, 404}
        assert "nobody is notified in chat" in running.log.read_text()
        environ = {**os.environ, **NONE_OF_SLACK, "BURSAR_CONFIG": str(tmp_path / "app.yaml")}
        environ["DATABASE_URL"] = f"sqlite:///{tmp_path}/run.db"
        told = subprocess.run(
            [sys.executable, "-m", "bot", "say", "status", "--as", "fay"],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert "not set up, so nobody is notified there" in told
    assert "Is the bot running?" not in told


def test_half_of_slack_is_not_none_of_it(tmp_path: Path) -> None:
    """Who sets one of its secrets means Slack, and is told which is missing."""
    secrets = {**NONE_OF_SLACK, "SLACK_APP_TOKEN": FakeSlack.app_token}
    with bot_process(tmp_path, SETTINGS, secrets, ready=False) as running:
        assert running.process.wait(60) == 2
        assert "SLACK_BOT_TOKEN is not set" in running.log.read_text()
