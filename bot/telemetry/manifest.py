"""Managed settings that make coding agents send their telemetry here, as each of them wants them written.

Claude Code takes `managed-settings.json` (code.claude.com, monitoring), Codex a table of `config.toml` (openai/codex,
docs/config.md), Gemini CLI its `settings.json` and the environment (geminicli.com, telemetry). Claude Code does not
decode what stands in OTEL_EXPORTER_OTLP_HEADERS, Gemini CLI does (both seen).
"""

import json
from collections.abc import Callable, Mapping

from bot.telemetry.endpoint import PREFIX
from handlers.policy import TelemetryRules

PLACEHOLDER = "bursar_…"
"""Stands where the token is to be put in."""
EXPORT_EVERY_S = 20
"""What Claude Code tells each minute by default: a third of it, so that a burn of some dollars a minute is told within
three. Events come every five seconds anyway."""


def claude_code(url: str, token: str, rules: TelemetryRules) -> str:
    """`managed-settings.json` of Claude Code: of its two signals only the one that is counted is switched on."""
    signal = "LOGS" if rules.signals.get("claude-code") == "events" else "METRICS"
    often = {"OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT_EVERY_S * 1000)} if signal == "METRICS" else {}
    env = {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        **often,
        f"OTEL_{signal}_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{url}{PREFIX}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {token}",
    }
    return json.dumps({"env": env}, indent=2, ensure_ascii=False)


def codex(url: str, token: str, rules: TelemetryRules) -> str:
    """The table for Codex's `config.toml`."""
    events = rules.signals.get("codex") == "events"
    table, path = ("exporter", "logs") if events else ("metrics_exporter", "metrics")
    return (
        "[otel]\nlog_user_prompt = false\n\n"
        f'[otel.{table}."otlp-http"]\n'
        f'endpoint = "{url}{PREFIX}/v1/{path}"\nprotocol = "binary"\n\n'
        f'[otel.{table}."otlp-http".headers]\n'
        f'"Authorization" = "Bearer {token}"'
    )


def gemini(url: str, token: str, _rules: TelemetryRules) -> str:
    """`settings.json` of Gemini CLI, and in front of it the variable that it reads the token from."""
    settings = {
        "telemetry": {
            "enabled": True,
            "target": "local",
            "otlpProtocol": "http",
            "otlpEndpoint": f"{url}{PREFIX}",
            "logPrompts": False,
        }
    }
    header = f"// environment: OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20{token}"
    return f"{header}\n{json.dumps(settings, indent=2)}"


MANIFESTS: Mapping[str, Callable[[str, str, TelemetryRules], str]] = {
    "claude-code": claude_code,
    "codex": codex,
    "gemini": gemini,
}
