"""Gemini CLI itself: its hook stops it over the limit, and its model asks by MCP."""

import json

import pytest

from tests.agents.conftest import HOOK, Desk, needed

pytestmark = pytest.mark.agents


@pytest.fixture
def gemini(desk: Desk) -> Desk:
    """Gemini CLI on Ana's machine, with a hook and MCP."""
    needed("gemini")
    hook = {"type": "command", "command": f"{HOOK} gemini BeforeAgent", "timeout": 5000}
    headers = {"Authorization": "Bearer $BURSAR_TOKEN"}
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "hooksConfig": {"enabled": True},
        "hooks": {"BeforeAgent": [{"hooks": [hook]}]},
        "mcpServers": {"bursar": {"httpUrl": f"{desk.url}/mcp", "headers": headers, "trust": True}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True},
    }
    desk.write(".gemini/settings.json", json.dumps(settings))
    desk.more |= {"GEMINI_API_KEY": "loopback", "GOOGLE_GEMINI_BASE_URL": desk.model_url}
    return desk


def asks(desk: Desk, prompt: str) -> str:
    """A prompt without a person at the keyboard."""
    return desk.run("gemini", "-m", "gemini-2.5-pro", "-p", prompt)


def test_below_the_limit_it_lets_the_prompt_pass(gemini: Desk) -> None:
    """And says nothing."""
    assert "Done." in asks(gemini, "hello")
    assert gemini.model.prompts


def test_over_the_limit_the_prompt_never_reaches_the_model(gemini: Desk) -> None:
    """The hook blocks it with the sentence and the way to ask for more."""
    gemini.spends("400.00")
    assert "To ask for more, say to Bursar in chat" in asks(gemini, "hello")
    assert gemini.model.prompts == []


def test_the_agent_asks_what_is_left(gemini: Desk) -> None:
    """Its model calls the tool, and reads the answer as text."""
    gemini.model.tools = [("mcp_bursar_budget_status", {})]
    said = asks(gemini, "hello")
    assert "$400.00" in json.dumps(gemini.model.prompts), said
