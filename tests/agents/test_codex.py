"""Codex CLI itself: its hook stops it over the limit, and its model asks by MCP."""

import json

import pytest

from tests.agents.conftest import HOOK, Desk, needed

pytestmark = pytest.mark.agents


@pytest.fixture
def codex(desk: Desk) -> Desk:
    """Codex on Ana's machine, with a hook and MCP."""
    needed("codex")
    settings = f"""
model = "gpt-5.2-codex"
model_provider = "loopback"
approval_policy = "never"
sandbox_mode = "read-only"

[features]
hooks = true

[model_providers.loopback]
name = "loopback"
base_url = "{desk.model_url}/v1"
env_key = "LOOPBACK_KEY"
wire_api = "responses"

[mcp_servers.bursar]
url = "{desk.url}/mcp"
bearer_token_env_var = "BURSAR_TOKEN"

[[hooks.UserPromptSubmit]]
[[hooks.UserPromptSubmit.hooks]]
type = "command"
command = "{HOOK} codex UserPromptSubmit"
timeout = 5
"""
    desk.write(".codex/config.toml", settings)
    desk.more["LOOPBACK_KEY"] = "sk-loopback"
    return desk


def asks(desk: Desk, prompt: str) -> str:
    """A prompt without a person at the keyboard."""
    return desk.run("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", prompt)


def test_below_the_limit_it_lets_the_prompt_pass(codex: Desk) -> None:
    """And says nothing."""
    assert "Done." in asks(codex, "hello")
    assert codex.model.prompts


def test_over_the_limit_the_prompt_never_reaches_the_model(codex: Desk) -> None:
    """The hook blocks it; `codex exec` shows no more than that."""
    codex.spends("400.00")
    assert "Blocked" in asks(codex, "hello")
    assert codex.model.prompts == []


def test_the_agent_asks_what_is_left(codex: Desk) -> None:
    """Its model calls the tool, and reads the answer as data."""
    codex.model.tools = [("mcp__bursar__budget_status", {})]
    said = asks(codex, "hello")
    assert "$400.00" in json.dumps(codex.model.prompts), said
