"""Gemini CLI itself: what it spends is counted, its hooks stop it, and its model asks by MCP."""

import json

import pytest

from tests.agents.conftest import Desk, needed

pytestmark = pytest.mark.agents
WRITE = ("write_file", {"file_path": "made", "content": "x"})


@pytest.fixture
def gemini(desk: Desk) -> Desk:
    """Gemini CLI on Ana's machine, with hooks, MCP and telemetry."""
    needed("gemini")
    desk.more |= {"GEMINI_API_KEY": "loopback", "GOOGLE_GEMINI_BASE_URL": desk.model_url}
    return desk


def asks(desk: Desk, prompt: str, unreachable: str = "open", bursar: str = "") -> str:
    """A prompt without a person at the keyboard, with the settings that are handed out."""
    header, _, telemetry = desk.telemetry("gemini").partition("\n")
    name, _, value = header.partition("environment: ")[2].partition("=")
    desk.more[name] = value
    headers = {"Authorization": "Bearer $BURSAR_TOKEN"}
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "mcpServers": {"bursar": {"httpUrl": f"{desk.url}/mcp", "headers": headers, "trust": True}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True},
        **json.loads(telemetry),
        **json.loads(desk.hooks("gemini", unreachable, bursar)),
    }
    desk.write(".gemini/settings.json", json.dumps(settings))
    return desk.run("gemini", "-m", "gemini-2.5-pro", "--approval-mode", "yolo", "-p", prompt)


def test_what_a_prompt_costs_is_in_the_balance(gemini: Desk) -> None:
    """By its telemetry: Gemini CLI tells tokens, Bursar prices them."""
    assert "Done." in asks(gemini, "hello")
    assert gemini.model.prompts
    card = gemini.counted()
    assert "gemini-2.5-pro" in card, card


def test_over_the_limit_the_prompt_never_reaches_the_model(gemini: Desk) -> None:
    """The hook blocks it with the sentence and the way to ask for more."""
    gemini.spends("400.00")
    assert "To ask for more, say to Bursar in chat" in asks(gemini, "hello")
    assert gemini.model.prompts == []


def test_a_job_is_held_in_the_middle_of_it(gemini: Desk) -> None:
    """From the charge that passes half on the model is not asked again, until the owner says so."""
    gemini.has_a_job()
    gemini.model.tools, gemini.model.meanwhile = [WRITE], gemini.half_is_spent
    said = asks(gemini, "reindex")
    assert "Half of what Crawler may spend on this job is spent" in said
    assert len(gemini.model.prompts) == 1
    assert "Half of what Crawler may spend on this job is spent" in asks(gemini, "go on")
    assert len(gemini.model.prompts) == 1
    assert gemini.goes_on() == "Crawler goes on"
    assert "Done." in asks(gemini, "go on")


def test_the_agent_asks_what_is_left(gemini: Desk) -> None:
    """Its model calls the tool, and reads the answer as text."""
    gemini.model.tools = [("mcp_bursar_budget_status", {})]
    said = asks(gemini, "hello")
    assert "$400.00" in json.dumps(gemini.model.prompts), said


def test_where_bursar_is_away_people_work_on_unless_it_must_be_asked(gemini: Desk) -> None:
    """Open lets the prompt pass; closed blocks it before it reaches the model."""
    away = "http://127.0.0.1:9"
    assert "your company wants it to be asked first" in asks(gemini, "hello", "closed", away)
    assert gemini.model.prompts == []
    assert "Done." in asks(gemini, "hello", "open", away)
    assert "Done." in asks(gemini, "hello", "closed")
