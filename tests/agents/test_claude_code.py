"""Claude Code itself: what it spends is counted, what it may not spend it does not, and it asks by MCP."""

import json

import pytest

from tests.agents.conftest import HOOK, Desk, needed

pytestmark = pytest.mark.agents
CLIENT = "claude-code"


@pytest.fixture
def claude(desk: Desk) -> Desk:
    """Claude Code on Ana's machine, with hooks, MCP and telemetry."""
    needed("claude")
    hook: dict[str, list[dict[str, object]]] = {
        event: [{"hooks": [_command(event)]}] for event in ("SessionStart", "UserPromptSubmit")
    }
    hook["PreToolUse"] = [{"matcher": "*", "hooks": [_command("PreToolUse")]}]
    line = 'printf "Authorization: Bearer %s" "$BURSAR_TOKEN" | curl -sf -H @- "$BURSAR_URL/api/v1/statusline"'
    settings = {"hooks": hook, "statusLine": {"type": "command", "command": line}}
    desk.write(".claude/settings.json", json.dumps(settings))
    server = {"type": "http", "url": f"{desk.url}/mcp", "headers": {"Authorization": "Bearer ${BURSAR_TOKEN}"}}
    desk.write("mcp.json", json.dumps({"mcpServers": {"bursar": server}}))
    desk.more |= {
        "ANTHROPIC_BASE_URL": desk.model_url,
        "ANTHROPIC_API_KEY": "sk-ant-loopback",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{desk.url}/otlp",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {desk.api.token('person/ana')}",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    return desk


def _command(event: str) -> dict[str, object]:
    return {"type": "command", "command": f"{HOOK} {CLIENT} {event}", "timeout": 5}


def asks(desk: Desk, prompt: str, *more: str) -> str:
    """A prompt without a person at the keyboard."""
    return desk.run("claude", "-p", prompt, "--model", "claude-sonnet-4-5", *more)


def test_what_a_prompt_costs_is_in_the_balance(claude: Desk) -> None:
    """By its telemetry, when the program has ended: no provider has said anything yet."""
    assert "Done." in asks(claude, "hello")
    assert claude.model.prompts
    claude.api.company.settle()
    card = claude.api.company.say("ana", "spend today")
    assert "claude-sonnet-4-5" in card, card


def test_over_the_limit_the_prompt_never_reaches_the_model(claude: Desk) -> None:
    """The hook blocks it, with the sentence and the way to ask for more."""
    claude.spends("400.00")
    said = asks(claude, "hello")
    assert "To ask for more, say to Bursar in chat" in said
    assert claude.model.prompts == []


def test_who_is_paused_is_stopped(claude: Desk) -> None:
    """With no gateway at all."""
    claude.api.token("person/ana")
    claude.api.company.hear("fay", "pause ana")
    assert "Ana Silva is paused. Ask Fay Osei to resume it." in asks(claude, "hello")
    assert claude.model.prompts == []


def test_the_agent_asks_what_is_left_and_for_more(claude: Desk) -> None:
    """Its model calls the tools; Ana is shown what it asks for, quoted."""
    claude.model.tools = [
        ("mcp__bursar__budget_status", {}),
        ("mcp__bursar__request_more", {"amount": "50 USD", "reason": "finish the migration"}),
    ]
    said = asks(claude, "hello", "--mcp-config", str(claude.home / "mcp.json"), "--allowedTools", "mcp__bursar")
    assert "Done." in said
    told = json.dumps(claude.model.prompts)
    assert "$400.00" in told
    assert "waits for Ana Silva to send it on" in told
    (message,) = [each for each in claude.api.company.reads("ana") if "wants to ask" in each]
    assert "The agent wrote: “finish the migration”" in message


def test_where_bursar_is_away_people_work_on(claude: Desk) -> None:
    """Open is what the script does unless it is told otherwise."""
    claude.more["BURSAR_URL"] = "http://127.0.0.1:9"
    assert "Done." in asks(claude, "hello")
