"""Makes teams_cards.json: the JSON Schema of Teams' cards, from the types that Microsoft publishes on npm.

Run it as `python tests/support/schemas/make_teams_cards.py` where npm and its registry can be reached. Of the schema
only what our cards are made of is kept, so a block that uses something else is refused until it is named here.
Every key must be known. The types are `@microsoft/teams.cards` (MIT).
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

TYPES = "@microsoft/teams.cards@2.0.16"
MAKER = "ts-json-schema-generator@2.4.0"
TARGET = Path(__file__).with_name("teams_cards.json")
PIECES = {
    *("IActionSet", "IContainer", "IRichTextBlock", "ITextRun", "ITextBlock", "ITable", "ITableRow", "ITableCell"),
    *(
        "IGaugeChart",
        "ILineChart",
        "IVerticalBarChart",
        "IGroupedVerticalBarChart",
        "ITextInput",
        "IChoiceSetInput",
        "IDateInput",
    ),
    *("INumberInput", "IExecuteAction", "IShowCardAction", "IToggleVisibilityAction"),
}
"""Elements and actions of which our cards are made."""


def whole() -> dict[str, Any]:
    """The schema of everything that the types know."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--no-audit", TYPES, MAKER], cwd=folder, check=True)
        types = "node_modules/@microsoft/teams.cards/dist/core.d.ts"
        made = subprocess.run(
            [
                "npx",
                "ts-json-schema-generator",
                "--path",
                types,
                "--type",
                "IAdaptiveCard",
                "--expose",
                "all",
                "--no-type-check",
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return dict(json.loads(made.stdout))


def without_others(node: Any) -> Any:
    """A schema without descriptions, and without the elements and actions that we do not use."""
    if isinstance(node, list):
        return [without_others(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: without_others(value) for key, value in node.items() if key != "description" or isinstance(value, dict)
    }
    if "const" in node:
        kept["enum"] = [kept.pop("const")]  # says the same, and the validator of the tests is quicker with it
    if len(node.get("anyOf", ())) > len(("element", "drop")):
        kept["anyOf"] = [each for each in kept["anyOf"] if "$ref" not in each or _name(each["$ref"]) in PIECES]
    return kept


def reached(definitions: dict[str, Any], node: Any, found: set[str]) -> set[str]:
    """The names of the definitions that a schema needs."""
    if isinstance(node, list):
        for each in node:
            reached(definitions, each, found)
    elif isinstance(node, dict):
        name = _name(str(node.get("$ref", "")))
        if name in definitions and name not in found:
            found.add(name)
            reached(definitions, definitions[name], found)
        for each in node.values():
            reached(definitions, each, found)
    return found


def _name(ref: str) -> str:
    return unquote(ref).rpartition("/")[2]


if __name__ == "__main__":
    schema = without_others(whole())
    needed = reached(schema["definitions"], {"$ref": schema["$ref"]}, set())
    schema["definitions"] = {name: schema["definitions"][name] for name in sorted(needed)}
    TARGET.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")
