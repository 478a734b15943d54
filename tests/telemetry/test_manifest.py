"""The settings that are handed out send to the door that is there, and the demo's agents go through it."""

import json
import tomllib
from datetime import timedelta

import pytest

from bot.cli.demo import demo_app
from bot.cli.sample_telemetry import SampleTelemetry
from bot.config import Settings
from bot.telemetry.endpoint import PREFIX, SIGNALS
from bot.telemetry.manifest import MANIFESTS
from bot.telemetry.programs import BY_METRIC, NAMES
from handlers.place import Place
from handlers.policy import PROGRAMS, TelemetryRules
from handlers.sentence import Sentence
from tests.support.clock import Clock

URL, TOKEN = "https://bursar.acme.example", "bursar_s_" + "x" * 36


@pytest.mark.parametrize(("signal", "path"), [("metrics", "metrics"), ("events", "logs")])
def test_each_program_sends_the_signal_that_is_counted(signal: str, path: str) -> None:
    """To an address that is served, with the token as that program reads it."""
    rules = TelemetryRules.model_validate({"signals": {"claude-code": signal, "codex": signal}})
    env = json.loads(MANIFESTS["claude-code"](URL, TOKEN, rules))["env"]
    assert env[f"OTEL_{path.upper()}_EXPORTER"] == "otlp"
    assert len([name for name in env if name.endswith("S_EXPORTER")]) == 1
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"{URL}{PREFIX}"
    assert env["OTEL_EXPORTER_OTLP_HEADERS"] == f"Authorization=Bearer {TOKEN}"
    [exporter] = [each for each in tomllib.loads(MANIFESTS["codex"](URL, TOKEN, rules))["otel"].values() if each]
    assert exporter["otlp-http"]["endpoint"] == f"{URL}{PREFIX}/v1/{path}"
    assert exporter["otlp-http"]["headers"] == {"Authorization": f"Bearer {TOKEN}"}
    assert path in SIGNALS
    comment, _, settings = MANIFESTS["gemini"](URL, TOKEN, rules).partition("\n")
    assert comment.endswith(f"Bearer%20{TOKEN}")
    assert json.loads(settings)["telemetry"]["otlpEndpoint"] == f"{URL}{PREFIX}"


def test_the_tables_of_programs_agree() -> None:
    """Each program has its names, and no metric has two programs."""
    assert set(NAMES) == set(PROGRAMS)
    assert len(BY_METRIC) == sum(len(names.metrics) for names in NAMES.values())


def test_the_demo_shows_telemetry_arriving(tmp_path: object, clock: Clock) -> None:
    """Ana's agent has just told something, and tells more a little later."""
    rules = {"directory": ["sample"], "providers": [{"kind": "sample", "history_days": 1}]}
    app = demo_app(Settings.model_validate(rules), f"sqlite:///{tmp_path}/demo.db", clock, staged=False)
    agents = SampleTelemetry(app)

    def said() -> str:
        return app.hear(Sentence("spend by skill today", "ana", Place("web", "ana"))).title

    agents.send()
    assert said() == "$0.06 spent today"
    clock.forward(timedelta(seconds=20))
    agents.start()
    agents.stop()
    assert said() == "$0.12 spent today"
    app.close()
