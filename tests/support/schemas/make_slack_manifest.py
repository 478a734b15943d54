"""Makes slack_manifest.json: the JSON Schema of Slack's app manifest, from the types that Slack publishes on npm.

Run it as `python tests/support/schemas/make_slack_manifest.py` where npm and its registry can be reached. The types are
those of `@slack/web-api` (MIT), without their descriptions; every key must be known. They have no lengths: those are
written down in LENGTHS, from the reference of the manifest on docs.slack.dev (2026).
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

TYPES = "@slack/web-api@8.2.0"
MAKER = "ts-json-schema-generator@2.4.0"
TARGET = Path(__file__).with_name("slack_manifest.json")
FILE = "node_modules/@slack/web-api/dist/types/request/manifest.d.ts"
LENGTHS: dict[tuple[str, str], dict[str, int]] = {
    ("ManifestDisplayInformation", "name"): {"maxLength": 35},
    ("ManifestDisplayInformation", "description"): {"maxLength": 140},
    ("ManifestDisplayInformation", "long_description"): {"minLength": 175, "maxLength": 4_000},
    ("ManifestBotUser", "display_name"): {"maxLength": 80},
    ("ManifestFeatures", "slash_commands"): {"maxItems": 50},
    ("ManifestFeatures", "shortcuts"): {"maxItems": 10},
    ("ManifestSlashCommand", "command"): {"minLength": 2, "maxLength": 32},
    ("ManifestSlashCommand", "description"): {"maxLength": 2_000},
    ("ManifestSlashCommand", "usage_hint"): {"maxLength": 1_000},
    ("ManifestShortcut", "name"): {"maxLength": 24},
    ("ManifestShortcut", "callback_id"): {"maxLength": 255},
    ("ManifestShortcut", "description"): {"maxLength": 150},
    ("ManifestAgentView", "agent_description"): {"maxLength": 300},
    ("ManifestAgentView", "suggested_prompts"): {"maxItems": 4},
    ("ManifestEventSubscriptions", "bot_events"): {"maxItems": 100},
}
SCOPES_SINCE = ("assistant:write",)
"""Scopes of docs.slack.dev that the types of that version do not name yet."""


def whole() -> dict[str, Any]:
    """The schema of the types."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--no-audit", TYPES, MAKER], cwd=folder, check=True)
        command = ["npx", "ts-json-schema-generator", "--path", FILE, "--type", "Manifest", "--expose", "all"]
        made = subprocess.run([*command, "--no-type-check"], cwd=folder, check=True, capture_output=True)
    return dict(json.loads(made.stdout))


def bare(node: Any) -> Any:
    """A schema without descriptions and links."""
    if isinstance(node, list):
        return [bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    texts = ("description", "see", "$comment")
    return {key: bare(value) for key, value in node.items() if key not in texts or isinstance(value, dict)}


if __name__ == "__main__":
    schema = bare(whole())
    known = schema["definitions"]
    known["Manifest"]["additionalProperties"] = False
    del known["Manifest"]["properties"]["functions"]  # the app has none
    for unused in [name for name in known if "Parameter" in name or "Function" in name]:
        del known[unused]
    for (type_, name), bounds in LENGTHS.items():
        known[type_]["properties"][name] |= bounds
    known["BotScope"]["enum"] += SCOPES_SINCE
    TARGET.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")
