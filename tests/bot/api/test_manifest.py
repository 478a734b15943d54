"""The settings that are handed out ask at hooks that are answered, and say what to do when nobody answers."""

import json
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.api.hooks import HOOKS
from bot.api.manifest import HOOK_MANIFESTS, Hooks
from tests.support.paths import ROOT

URL = "https://bursar.acme.example"
SCRIPT = ROOT / "deploy" / "bursar-hook"


def read(client: str, text: str) -> dict[str, Any]:
    """The settings as the program reads them."""
    found: dict[str, Any] = tomllib.loads(text) if client == "codex" else json.loads(text)
    return found


def commands(client: str, said: dict[str, Any]) -> Iterator[tuple[str, list[str], int]]:
    """Each hook that is set: its event, the words of its command, and its time-out."""
    for event, groups in said["hooks"].items():
        if isinstance(groups, list):
            [hook] = [each for group in groups for each in group["hooks"]]
            assert hook["type"] == "command", client
            yield event, shlex.split(hook["command"]), hook["timeout"]


@pytest.mark.parametrize("client", HOOK_MANIFESTS)
@pytest.mark.parametrize("unreachable", ["open", "closed"])
def test_each_hook_asks_where_it_is_answered(client: str, unreachable: str) -> None:
    """At a path that is served; only what can stop somebody is ever closed; no token stands in it."""
    hooks = Hooks(URL, "/opt/b r/bursar-hook", unreachable, mcp=True)
    said = HOOK_MANIFESTS[client](hooks)
    assert "TOKEN" not in said
    found = list(commands(client, read(client, said)))
    assert len(found) == 3
    for event, (address, script, *words), timeout in found:
        assert address == f"BURSAR_URL={URL}"
        assert script == "/opt/b r/bursar-hook"
        assert words == [client, event, "open" if event == "SessionStart" else unreachable]
        assert event in HOOKS[client]
        assert timeout == (5000 if client == "gemini" else 5)


def test_only_where_mcp_is_served_its_tools_are_let_pass() -> None:
    """But never the one that asks somebody for more."""
    settings = [json.loads(HOOK_MANIFESTS["claude-code"](Hooks(URL, "x", "open", mcp=mcp))) for mcp in (True, False)]
    assert len(settings[0]["permissions"]["allow"]) == 4
    assert "mcp__bursar__request_more" not in settings[0]["permissions"]["allow"]
    assert "permissions" not in settings[1]


def test_the_command_prints_what_app_yaml_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what is missing."""
    rules = tmp_path / "app.yaml"
    rules.write_text("providers: [{kind: sample}]\nprograms: {unreachable: closed}\nserver: {mcp: true}\n")
    monkeypatch.setenv("BURSAR_CONFIG", str(rules))
    assert main(["manifest", "hooks", "codex", "--url", f"{URL}/", "--script", "/srv/hook"]) == 0
    [_, prompt, _] = commands("codex", tomllib.loads(capsys.readouterr().out))
    assert prompt == ("UserPromptSubmit", [f"BURSAR_URL={URL}", "/srv/hook", "codex", "UserPromptSubmit", "closed"], 5)
    assert main(["manifest", "hooks", "gemini"]) == 2
    assert "--url https://bursar.acme.example" in capsys.readouterr().err
    for words in (["manifest", "hooks"], ["manifest", "slack", "codex"]):
        assert main(words) == 2
        assert capsys.readouterr().err == "Say for which program, such as: manifest hooks claude-code\n"


@pytest.mark.parametrize(("policy", "status"), [("open", 0), ("closed", 2), ("", 0)])
def test_the_script_does_what_it_is_told_when_nobody_answers(tmp_path: Path, policy: str, status: int) -> None:
    """Closed says why on standard error; the line of a prompt shows no error at all."""
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "BURSAR_URL": "http://127.0.0.1:9"}

    def ran(*words: str) -> subprocess.CompletedProcess[str]:
        told = [str(SCRIPT), *(each for each in words if each)]
        return subprocess.run(told, env=environment, input="{}", capture_output=True, text=True, check=False)

    done = ran("codex", "UserPromptSubmit", policy)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("Bursar does not answer" if status else "")
    line = ran("statusline")
    assert (line.returncode, line.stdout, line.stderr) == (0, "", "")
