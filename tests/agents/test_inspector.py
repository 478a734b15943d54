"""The inspector of the Model Context Protocol itself finds the tools, calls them, and is told what is wrong."""

import json
from typing import Any

import pytest

from bot.mcp.server import PATH
from tests.agents.conftest import Desk, needed

pytestmark = pytest.mark.agents


def inspected(desk: Desk, *words: str) -> str:
    """What the inspector says, without a person at the keyboard."""
    needed("mcp-inspector")
    bearer = f"Authorization: Bearer {desk.token}"
    where = f"{desk.url}{PATH}", "--transport", "http"
    return desk.run("mcp-inspector", "--cli", *where, *words, "--header", bearer)


def called(desk: Desk, tool: str, **arguments: str) -> Any:
    """What a tool answers, as data and as text alike."""
    given = [word for name, value in arguments.items() for word in ("--tool-arg", f"{name}={value}")]
    said = json.loads(inspected(desk, "--method", "tools/call", "--tool-name", tool, *given))
    assert json.loads(said["content"][0]["text"]) == said["structuredContent"]
    return said["structuredContent"]


def test_it_finds_the_tools_and_calls_them(desk: Desk) -> None:
    """Each by its name; a refusal is an answer as data."""
    listed = json.loads(inspected(desk, "--method", "tools/list"))["tools"]
    assert {each["name"] for each in listed} == {
        "budget_status",
        "estimate_cost",
        "request_more",
        "request_status",
        "report_done",
    }
    assert called(desk, "budget_status")["budget"]["budgets"][0]["limit"]["text"] == "$400.00"
    assert called(desk, "request_more", amount="50 USD", reason="tests")["request"]["state"] == "proposed"
    assert called(desk, "request_status", request="7")["ok"] is False


def test_it_is_told_what_is_wrong(desk: Desk) -> None:
    """A resource that is not there, and a token that has ended."""
    assert "Unknown resource" in inspected(desk, "--method", "resources/read", "--uri", "bursar://x")
    desk.api.company.hear("ana", "token revoke 1")
    assert '"auth_required"' in inspected(desk, "--method", "tools/list")
