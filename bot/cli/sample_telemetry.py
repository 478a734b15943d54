"""The sample company's coding agents: while the demo is open, some of them tell what they spend, as real ones do."""

import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.app import App
from bot.clock import guarded
from bot.telemetry.intake import Intake
from bot.telemetry.reading import Reading
from storage.tokens import Bearer, Token

EVERY_S = 20.0
# Whose agent tells, for which skill, and what a stretch of it costs in dollars.
SENDERS = (("ana", "review", 0.04), ("ana", "", 0.02), ("priya", "tests", 0.03), ("bob", "", 0.05))
MODEL = "claude-sonnet-4-5"


class SampleTelemetry:
    """Sends every few seconds until it is stopped, through the same door as real programs behind the network.

    Args:
        app: the sample company's bot.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._intake = Intake(app.database, app.policy, app.now)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sample-telemetry", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more, and let what was sent be counted."""
        self._stopping.set()
        self._thread.join()
        self._intake.close()

    def send(self) -> None:
        """Tell what the last seconds cost."""
        now = self._app.now()
        emails = {each.id: each.email for each in self._app.everybody()}
        body = json.dumps(_body(emails, now)).encode()
        taken = Reading(_bearer(now), self._app.policy.telemetry, now).metrics(body, "json")
        self._intake.take(taken.measured).result()

    def _run(self) -> None:
        guarded(self.send)
        while not self._stopping.wait(EVERY_S):
            guarded(self.send)


def _bearer(now: datetime) -> Bearer:
    """A token of the organization that nobody holds."""
    until = now + timedelta(days=1)
    token = Token(0, "", "telemetry_all", "org", "clock", now, until, now, "sample", None, None, "")
    return Bearer(token, "organization", "", True, True, True, ())


def _body(emails: Mapping[str, str], now: datetime) -> dict[str, Any]:
    costs = [_point(emails[who], skill, cost, now) for who, skill, cost in SENDERS if who in emails]
    tokens = [
        _point(emails[who], skill, round(cost * 100_000), now, type="cacheRead")
        for who, skill, cost in SENDERS
        if who in emails
    ]
    named = (("claude_code.cost.usage", costs), ("claude_code.token.usage", tokens))
    metrics = [
        {"name": name, "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points}}
        for name, points in named
    ]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}


def _point(email: str, skill: str, value: float, now: datetime, **more: str) -> dict[str, Any]:
    said = {"user.email": email, "model": MODEL, "query_source": "main", "skill.name": skill, **more}
    start, end = (int((now + step).timestamp() * 10**9) for step in (-timedelta(seconds=EVERY_S), timedelta()))
    return {
        "attributes": [{"key": name, "value": {"stringValue": each}} for name, each in said.items() if each],
        "startTimeUnixNano": str(start),
        "timeUnixNano": str(end),
        "asDouble": value,
    }
