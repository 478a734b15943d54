"""Codex CLI itself: what it spends is counted, its hooks stop it, and its model asks by MCP."""

import json

import pytest

from tests.agents.conftest import Desk, needed

pytestmark = pytest.mark.agents
TOUCH = ("exec_command", {"cmd": "touch made"})


@pytest.fixture
def codex(desk: Desk) -> Desk:
    """Codex on Ana's machine, with hooks, MCP and telemetry."""
    needed("codex")
    desk.more["LOOPBACK_KEY"] = "sk-loopback"
    return desk


def asks(desk: Desk, prompt: str, unreachable: str = "open", bursar: str = "") -> str:
    """A prompt without a person at the keyboard, with the settings that are handed out."""
    settings = f"""
model = "gpt-5.2-codex"
model_provider = "loopback"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.loopback]
name = "loopback"
base_url = "{desk.model_url}/v1"
env_key = "LOOPBACK_KEY"
wire_api = "responses"

[mcp_servers.bursar]
url = "{desk.url}/mcp"
bearer_token_env_var = "BURSAR_TOKEN"
"""
    hooks = desk.hooks("codex", unreachable, bursar)
    desk.write(".codex/config.toml", f"{settings}\n{hooks}\n\n{desk.telemetry('codex')}\n")
    return desk.run("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", prompt)


def test_what_a_prompt_costs_is_in_the_balance(codex: Desk) -> None:
    """By its telemetry: Codex tells tokens, Bursar prices them."""
    assert "Done." in asks(codex, "hello")
    assert codex.model.prompts
    card = codex.counted()
    assert "gpt-5.2-codex" in card, card


def test_over_the_limit_the_prompt_never_reaches_the_model(codex: Desk) -> None:
    """The hook blocks it; `codex exec` shows no more than that."""
    codex.spends("400.00")
    said = asks(codex, "hello")
    assert "Blocked" in said
    assert codex.model.prompts == []


def test_a_job_is_held_in_the_middle_of_it(codex: Desk) -> None:
    """From the charge that passes half on no tool runs and no prompt passes, until the owner says so."""
    codex.has_a_job()
    codex.model.tools, codex.model.meanwhile = [TOUCH], codex.half_is_spent
    asks(codex, "reindex")
    assert not (codex.project / "made").exists()
    assert "Half of what Crawler may spend on this job is spent" in json.dumps(codex.model.prompts)
    asked = len(codex.model.prompts)
    assert "Blocked" in asks(codex, "go on")
    assert len(codex.model.prompts) == asked
    assert codex.goes_on() == "Crawler goes on"
    codex.model.tools = [TOUCH]
    assert "Done." in asks(codex, "go on")
    assert (codex.project / "made").exists()


def test_the_agent_asks_what_is_left(codex: Desk) -> None:
    """Its model calls the tool, and reads the answer as data."""
    codex.model.tools = [("mcp__bursar__budget_status", {})]
    said = asks(codex, "hello")
    assert "$400.00" in json.dumps(codex.model.prompts), said


def test_where_bursar_is_away_people_work_on_unless_it_must_be_asked(codex: Desk) -> None:
    """Open lets the prompt pass; closed blocks it before it reaches the model."""
    away = "http://127.0.0.1:9"
    assert "Blocked" in asks(codex, "hello", "closed", away)
    assert codex.model.prompts == []
    assert "Done." in asks(codex, "hello", "open", away)
    assert "Done." in asks(codex, "hello", "closed")
