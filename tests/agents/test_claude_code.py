"""Claude Code itself: what it spends is counted, what it may not spend it does not, and it asks by MCP."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from tests.agents.conftest import LONGEST_S, Desk, needed

pytestmark = pytest.mark.agents
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TOUCH = ("Bash", {"command": "touch made", "description": "make a file"})


@pytest.fixture
def claude(desk: Desk) -> Desk:
    """Claude Code on Ana's machine, with hooks, MCP and telemetry."""
    needed("claude")
    desk.more |= {
        "ANTHROPIC_BASE_URL": desk.model_url,
        "ANTHROPIC_API_KEY": "sk-ant-loopback",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return desk


def asks(desk: Desk, prompt: str, *more: str, unreachable: str = "open", bursar: str = "") -> str:
    """A prompt without a person at the keyboard, with the settings that are handed out."""
    set_up(desk, unreachable, bursar)
    return desk.run("claude", "-p", prompt, "--model", "claude-sonnet-4-5", *more)


def set_up(desk: Desk, unreachable: str = "open", bursar: str = "") -> None:
    """Write the settings of this machine."""
    settings = json.loads(desk.telemetry("claude-code")) | json.loads(desk.hooks("claude-code", unreachable, bursar))
    desk.write(".claude/settings.json", json.dumps(settings))
    server = {"type": "http", "url": f"{desk.url}/mcp", "headers": {"Authorization": "Bearer ${BURSAR_TOKEN}"}}
    desk.write("mcp.json", json.dumps({"mcpServers": {"bursar": server}}))


def test_what_a_prompt_costs_is_in_the_balance(claude: Desk) -> None:
    """By its telemetry, when the program has ended: no provider has said anything yet."""
    assert "Done." in asks(claude, "hello")
    assert claude.model.prompts
    card = claude.counted()
    assert "claude-sonnet-4-5" in card, card


def test_over_the_limit_the_prompt_never_reaches_the_model(claude: Desk) -> None:
    """The hook blocks it, with the sentence and the way to ask for more."""
    claude.spends("400.00")
    said = asks(claude, "hello")
    assert "To ask for more, say to Bursar in chat" in said
    assert claude.model.prompts == []


def test_who_is_paused_is_stopped(claude: Desk) -> None:
    """With no gateway at all."""
    assert claude.token
    claude.api.company.hear("fay", "pause ana")
    assert "Ana Silva is paused. Ask Fay Osei to resume it." in asks(claude, "hello")
    assert claude.model.prompts == []


def test_a_job_is_held_in_the_middle_of_it(claude: Desk) -> None:
    """From the charge that passes half on no tool runs and the model is not asked again, until the owner says so.

    Without a person `claude -p` prints nothing then; its JSON says why.
    """
    claude.has_a_job()
    claude.model.tools, claude.model.meanwhile = [TOUCH], claude.half_is_spent
    said = asks(claude, "reindex", "--allowedTools", "Bash", "--output-format", "json", "--verbose")
    assert '"terminal_reason":"hook_stopped"' in said
    assert "Half of what Crawler may spend on this job is spent. Max Weber was asked" in said
    assert len(claude.model.prompts) == 1
    assert not (claude.project / "made").exists()
    assert "Half of what Crawler may spend" in asks(claude, "go on")
    assert len(claude.model.prompts) == 1
    assert claude.goes_on() == "Crawler goes on"
    claude.model.tools = [TOUCH]
    assert "Done." in asks(claude, "go on", "--allowedTools", "Bash")
    assert (claude.project / "made").exists()


def test_the_agent_asks_what_is_left_and_for_more(claude: Desk) -> None:
    """Its model calls the tools; Ana is shown what it asks for, quoted. What asks nobody needs no permission."""
    claude.model.tools = [
        ("mcp__bursar__budget_status", {}),
        ("mcp__bursar__request_more", {"amount": "50 USD", "reason": "finish the migration"}),
    ]
    said = asks(
        claude,
        "hello",
        "--mcp-config",
        str(claude.home / "mcp.json"),
        "--allowedTools",
        "mcp__bursar__request_more",
    )
    assert "Done." in said
    told = json.dumps(claude.model.prompts)
    assert "$400.00" in told
    assert "waits for Ana Silva to send it on" in told
    (message,) = [each for each in claude.api.company.reads("ana") if "wants to ask" in each]
    assert "The agent wrote: “finish the migration”" in message


def test_where_bursar_is_away_people_work_on(claude: Desk) -> None:
    """Open is what the script does unless it is told otherwise."""
    assert "Done." in asks(claude, "hello", bursar="http://127.0.0.1:9")


def test_where_bursar_is_away_and_must_be_asked_nothing_is_spent(claude: Desk) -> None:
    """Closed: the prompt never reaches the model."""
    said = asks(claude, "hello", unreachable="closed", bursar="http://127.0.0.1:9")
    assert "your company wants it to be asked first" in said
    assert claude.model.prompts == []
    assert "Done." in asks(claude, "hello", unreachable="closed")


def test_who_sits_there_is_shown_a_form(claude: Desk) -> None:
    """Before anything is asked for: what the agent said, to correct or to decline."""
    at_a_terminal(claude)
    claude.model.tools = [("mcp__bursar__request_more", {"amount": "50 USD", "reason": "finish the migration"})]
    tools = "--mcp-config", str(claude.home / "mcp.json"), "--allowedTools", "mcp__bursar__request_more"
    shown = on_screen(claude, "finish the migration", "claude", "--model", "claude-sonnet-4-5", "hello", *tools)
    assert "wants to ask for more budget" in shown, shown
    assert claude.api.company.reads("ana") == []


def test_the_status_line_says_what_is_left(claude: Desk) -> None:
    """In a terminal, under the prompt, with the command that is handed out."""
    at_a_terminal(claude)
    assert "$400.00 left" in on_screen(claude, "$400.00 left", "claude", "--model", "claude-sonnet-4-5")


def at_a_terminal(claude: Desk) -> None:
    """Let Claude Code ask nothing when it starts in a terminal."""
    set_up(claude)
    state = {"hasCompletedOnboarding": True, "projects": {str(claude.project): {"hasTrustDialogAccepted": True}}}
    state["customApiKeyResponses"] = {"approved": [claude.more["ANTHROPIC_API_KEY"][-20:]], "rejected": []}
    claude.write(".claude.json", json.dumps(state))


def on_screen(desk: Desk, awaited: str, *command: str) -> str:
    """What a program shows in a terminal until something stands there, as plain text."""
    ours, theirs = pty.openpty()
    environment = {**desk.environment, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    shown = b""
    with subprocess.Popen(
        command, cwd=desk.project, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as program:
        os.close(theirs)
        until = time.monotonic() + LONGEST_S
        try:
            while awaited not in _plain(shown) and time.monotonic() < until and program.poll() is None:
                if select.select([ours], [], [], 1)[0]:
                    shown += os.read(ours, 65536)
        finally:
            program.kill()
            os.close(ours)
    return _plain(shown)


def _plain(shown: bytes) -> str:
    """What stands on a screen, without colours and places."""
    return " ".join(STYLE.sub(" ", shown.decode(errors="replace")).split())
