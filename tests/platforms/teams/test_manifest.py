"""The app package for Teams."""

import json
import struct
from io import BytesIO
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest

from bot.__main__ import main
from bot.config import ConfigError, Settings
from bot.platforms.teams.manifest import COMMANDS as OFFERED
from bot.platforms.teams.manifest import check, manifest, package
from handlers import COMMANDS

APP = str(UUID(int=0xB0B))
URL = "https://bursar.acme.example"
SETTINGS = Settings.model_validate(
    {"organization": {"name": "Acme"}, "msteams": {"app_id": APP, "tenants": [str(UUID(int=0xACE))]}}
)
HELP = {name: one.texts[0] for name, one in COMMANDS.items()}


def test_the_package_holds_the_manifest_and_two_icons() -> None:
    """At the root of the zip, the icons as large as Teams wants them."""
    with ZipFile(BytesIO(package(manifest(SETTINGS, URL, HELP)))) as zipped:
        assert sorted(zipped.namelist()) == ["color.png", "manifest.json", "outline.png"]
        made = json.loads(zipped.read("manifest.json"))
        sizes = [struct.unpack(">II", zipped.read(made["icons"][icon])[16:24]) for icon in ("color", "outline")]
    assert sizes == [(192, 192), (32, 32)]
    assert made["bots"][0]["botId"] == APP
    assert made["bots"][0]["supportsTargetedMessages"] is True
    assert made["validDomains"] == ["bursar.acme.example"]
    assert "defaultBlockUntilAdminAction" not in made  # what is not said is left to Microsoft


def test_what_is_offered_while_typing_are_commands_that_there_are() -> None:
    """And none that is hidden."""
    assert all(not COMMANDS[name].hidden for name in OFFERED)


def test_microsofts_schema_refuses_what_is_wrong() -> None:
    """Thirteen commands, a scope that there is not, a name that is too long."""
    for wrong in ({"commands": [{"title": "x"}] * 13}, {"scopes": ["everywhere"]}, {"triggers": ["shout"]}):
        made = manifest(SETTINGS, URL, HELP)
        made["bots"][0]["commandLists"][0] |= wrong
        with pytest.raises(ConfigError, match="schema refuses"):
            check(made)
    made = manifest(SETTINGS, URL, HELP)
    made["name"]["short"] = "x" * 31
    with pytest.raises(ConfigError, match="schema refuses"):
        check(made)


def test_what_is_missing_is_said() -> None:
    """The app registration, the address, and that it is https."""
    with pytest.raises(ConfigError, match="Add the app registration"):
        manifest(Settings(), URL, HELP)
    with pytest.raises(ConfigError, match="--url"):
        manifest(SETTINGS, "http://bursar.acme.example", HELP)
    with pytest.raises(ConfigError, match="--version"):
        manifest(SETTINGS, URL, HELP, "two")


def test_the_command_writes_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`manifest teams` beside app.yaml; a changed one has a higher version."""
    (tmp_path / "app.yaml").write_text(f"msteams: {{app_id: {APP}, tenants: [{APP}]}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BURSAR_CONFIG", raising=False)

    for version in ("1.0.0", "1.0.1"):
        assert main(["manifest", "teams", "--url", URL, *(["--version", version] if version > "1.0.0" else [])]) == 0
        with ZipFile(tmp_path / "bursar-teams.zip") as zipped:
            made = json.loads(zipped.read("manifest.json"))
        assert (made["id"], made["version"]) == (APP, version)
