"""Managed settings that make coding agents ask here before they go on, as each of them wants them written.

Claude Code takes `managed-settings.json` (code.claude.com, hooks and settings), Codex `/etc/codex/requirements.toml`
(openai/codex, docs/config.md), Gemini CLI `/etc/gemini-cli/settings.json` (geminicli.com, hooks). A time-out is in
seconds at the first two and in milliseconds at Gemini CLI. What each does was seen with Claude Code 2.1.332, Codex CLI
0.171.0 and Gemini CLI 0.61.0. No token stands in them: a token says who asks, so each machine has its own.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

TIMEOUT_S = 5
LINE_EVERY_S = 60
ASKS_NOBODY = ("budget_status", "estimate_cost", "request_status", "report_done")
"""Tools that an agent may call without asking the person; only `request_more` asks somebody for something."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What stands in the settings.

    Args:
        url: where programs reach the bot.
        script: where `bursar-hook` lies on each machine.
        unreachable: "open" or "closed", what to do when the bot can't be reached.
        mcp: the bot serves MCP.
    """

    url: str
    script: str
    unreachable: str
    mcp: bool

    def command(self, *words: str) -> str:
        """A command of a shell that asks the bot."""
        return f"BURSAR_URL={shlex.quote(self.url)} {shlex.join((self.script, *words))}"


EVENTS: Mapping[str, tuple[str, ...]] = {
    "claude-code": ("SessionStart", "UserPromptSubmit", "PreToolUse"),
    "codex": ("SessionStart", "UserPromptSubmit", "PreToolUse"),
    "gemini": ("SessionStart", "BeforeAgent", "BeforeModel"),
}
"""The hooks that are set. The last of each stops a run in the middle, such as a job that waits for its owner."""


def _policy(hooks: Hooks, event: str) -> str:
    """The start of a session stops nobody, so there is nothing to close."""
    return "open" if event == "SessionStart" else hooks.unreachable


def claude_code(hooks: Hooks) -> str:
    """`managed-settings.json` of Claude Code: hooks, the status line, and the tools that need no permission."""
    said: dict[str, object] = {
        "hooks": {
            event: [
                {
                    **({"matcher": "*"} if event == "PreToolUse" else {}),
                    "hooks": [
                        {
                            "type": "command",
                            "command": hooks.command("claude-code", event, _policy(hooks, event)),
                            "timeout": TIMEOUT_S,
                        }
                    ],
                }
            ]
            for event in EVENTS["claude-code"]
        },
        "statusLine": {"type": "command", "command": hooks.command("statusline"), "refreshInterval": LINE_EVERY_S},
    }
    if hooks.mcp:
        said["permissions"] = {"allow": [f"mcp__bursar__{each}" for each in ASKS_NOBODY]}
    return json.dumps(said, indent=2, ensure_ascii=False)


def codex(hooks: Hooks) -> str:
    """`requirements.toml` of Codex. A string of JSON is one of TOML."""
    folder = str(PurePosixPath(hooks.script).parent)
    lines = ["[features]", "hooks = true", "", "[hooks]", f"managed_dir = {json.dumps(folder)}"]
    for event in EVENTS["codex"]:
        command = json.dumps(hooks.command("codex", event, _policy(hooks, event)), ensure_ascii=False)
        lines += ["", f"[[hooks.{event}]]", f"[[hooks.{event}.hooks]]", 'type = "command"', f"command = {command}"]
        lines.append(f"timeout = {TIMEOUT_S}")
    return "\n".join(lines)


def gemini(hooks: Hooks) -> str:
    """`settings.json` of Gemini CLI. Unless hooks are switched on here, a person can switch them off."""
    said = {
        "hooksConfig": {"enabled": True},
        "hooks": {
            event: [
                {
                    "hooks": [
                        {
                            "type": "command",
                            "command": hooks.command("gemini", event, _policy(hooks, event)),
                            "timeout": TIMEOUT_S * 1000,
                        }
                    ]
                }
            ]
            for event in EVENTS["gemini"]
        },
    }
    return json.dumps(said, indent=2, ensure_ascii=False)


HOOK_MANIFESTS: Mapping[str, Callable[[Hooks], str]] = {"claude-code": claude_code, "codex": codex, "gemini": gemini}
