"""The MCP server, spoken to by the client of the official SDK, and with what real clients sent."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp")

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bot.mcp import server as mcp
from bot.server import server
from storage.tokens import Scope
from tests.bot.api.conftest import Api
from tests.support.company import Company
from tests.support.small_bot import served

ANA, CRAWLER = "person/ana", "agent/crawler"
TOOLS = {"budget_status", "estimate_cost", "request_more", "request_status", "report_done"}
Work = Callable[[Client], Awaitable[Any]]


class Agents:
    """Agents that reach the MCP server of a company.

    Args:
        api: makes their tokens.
        address: of the server.
    """

    def __init__(self, api: Api, address: str) -> None:
        self.api = api
        self.url = f"{address}{mcp.PATH}"

    def do(self, account: str, work: Work, mode: str = "auto", scope: Scope | None = None, forms: Any = None) -> Any:
        """Let the agent of an account do something, in one session of its client."""

        async def session() -> Any:
            headers = {"Authorization": f"Bearer {self.api.token(account, scope)}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(
                    streamable_http_client(self.url, http_client=http), mode=mode, elicitation_callback=forms
                ) as client,
            ):
                return await work(client)

        return anyio.run(session)

    def call(self, whose: str, tool: str, /, *, by: str = "auto", **arguments: Any) -> dict[str, Any]:
        """What a tool answers; as data and as text alike."""
        result = self.do(whose, lambda client: client.call_tool(tool, arguments), by)
        assert not result.is_error, result
        said: dict[str, Any] = result.structured_content
        assert json.loads(result.content[0].text) == said
        return said


@pytest.fixture
def agents(acme: Company) -> Iterator[Agents]:
    """The small company with its MCP server."""
    made = server(acme.app, [], lambda: True)
    mcp.add_to(made, acme.app)
    with served(made) as address:
        yield Agents(Api(acme, None), address)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_the_official_client_finds_the_tools(agents: Agents, mode: str) -> None:
    """By each way of the protocol; all of them say what they do, for Codex refuses what does not."""
    listed = agents.do(ANA, lambda client: client.list_tools(), mode)
    assert {each.name for each in listed.tools} == TOOLS
    for each in listed.tools:
        assert each.annotations.open_world_hint is False
        assert each.annotations.destructive_hint in (None, False)
        assert each.output_schema["properties"].keys() >= {"ok", "message"}
        assert len(each.description) < 2_000
        assert "approve" not in each.name
    assert agents.call(ANA, "budget_status", by=mode)["budget"]["budgets"][0]["left"]["text"] == "$153.24"


def test_what_real_clients_sent_is_understood(agents: Agents) -> None:
    """The first requests of Claude Code 2.1.332 and of the two that begin with a handshake."""
    secret = agents.api.token(ANA)
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "2.1.332"},
        "io.modelcontextprotocol/clientCapabilities": {"roots": {"listChanged": True}},
    }
    start = {"clientInfo": {"name": "codex-mcp-client", "version": "0.171.0"}, "capabilities": {}}
    bodies: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("2026-07-28", "server/discover", {"_meta": meta}),
        ("2026-07-28", "tools/list", {"_meta": meta}),
        ("", "initialize", {**start, "protocolVersion": "2025-06-18"}),
        ("2025-06-18", "tools/list", {}),
        ("", "tools/list", {}),
    )
    for version, method, params in bodies:
        headers = {
            "Authorization": f"Bearer {secret}",
            "Accept": "application/json, text/event-stream",
            **({"MCP-Protocol-Version": version} if version else {}),
            **({"Mcp-Method": method} if version == "2026-07-28" else {}),
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx2.post(agents.url, headers=headers, json=body)
        assert answer.status_code == 200, answer.text
        assert "result" in answer.json(), answer.text


def test_an_agent_asks_waits_and_goes_on(agents: Agents) -> None:
    """It asks, Ana sends it on, Max approves; it sees each, and a second call under its key asks nothing anew."""
    said = {"amount": "50 USD", "reason": "finish the migration", "key": "k"}
    first = agents.call(ANA, "request_more", **said)
    assert (first["ok"], first["request"]["state"]) == (True, "proposed")
    assert agents.call(ANA, "request_more", **said) == first
    company = agents.api.company
    company.settle()
    company.hear("ana", next(each.says for each in company.messages("ana")[-1].buttons if each.label == "Send"))
    assert agents.call(ANA, "request_status", request=1)["request"]["state"] == "pending"
    company.say("max", "approve 1")
    waited = agents.call(ANA, "request_status", request=1, wait_seconds=45)
    assert (waited["request"]["state"], waited["request"]["granted"]["text"]) == ("approved", "$50.00")


def test_a_refusal_is_an_answer_as_data(agents: Agents) -> None:
    """One sentence, not an error with a page around it."""
    agents.call(ANA, "request_more", amount="50 USD", reason="x")
    again = agents.call(ANA, "request_more", amount="50 USD", reason="x")
    assert (again["ok"], again["message"]) == (
        False,
        "Request #1 is not decided yet. Wait for it, do not ask again.",
    )
    assert agents.call(ANA, "request_status", request=99)["ok"] is False
    assert "is not an amount" in agents.call(ANA, "request_more", amount="much", reason="x")["message"]
    assert "until" in agents.call(ANA, "request_more", amount="5 USD", reason="x", until="soon")["message"]


def test_an_agent_sees_its_own_figures_only(agents: Agents) -> None:
    """The crawler's token does not open its owner's budget, nor another's."""
    assert agents.call(CRAWLER, "budget_status")["budget"]["account"]["id"] == CRAWLER
    for account in ("person/max", "person/ana", "team/search"):
        assert agents.call(CRAWLER, "budget_status", account=account)["message"] == (
            f"There is no account “{account}” that this token may see."
        )


def test_a_plan_is_estimated_before_it_runs(agents: Agents) -> None:
    """By the list price; what has no price is said and is not nothing."""
    plan: dict[str, Any] = {"tokens_input": 1_000_000, "tokens_output": 100_000}
    said = agents.call(ANA, "estimate_cost", model="claude-sonnet-4-5", **plan)
    assert said["estimate"]["fits"] is True
    assert said["estimate"]["price_source"] == "list_price"
    many = agents.call(ANA, "estimate_cost", model="claude-sonnet-4-5", runs=1000, **plan)
    assert many["estimate"]["fits"] is False
    nobody = agents.call(ANA, "estimate_cost", model="in-house-7b", **plan)
    assert (nobody["estimate"]["cost"], nobody["estimate"]["fits"]) == (None, None)


def test_a_job_is_reported_done(agents: Agents) -> None:
    """Nothing was reserved for it, and that is no error."""
    assert agents.call(ANA, "report_done", outcome="done", what="the migration")["ok"] is True


@pytest.mark.parametrize("secret", ["", "bursar_p_wrong", "telemetry"])
def test_without_a_token_that_counts_there_are_no_tools(agents: Agents, secret: str) -> None:
    """401 or 403 as a problem, before anything is parsed."""
    shown = agents.api.token(ANA, "telemetry") if secret == "telemetry" else secret
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    answer = httpx2.post(agents.url, headers=headers, content=b"{")
    assert answer.status_code == (403 if secret == "telemetry" else 401)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_in_a_browser_gets_nothing(agents: Agents) -> None:
    """Whatever token it has found."""
    headers = {"Authorization": f"Bearer {agents.api.token(ANA)}", "Origin": "https://evil.example"}
    assert httpx2.post(agents.url, headers=headers, json={}).status_code == 403


def test_instructions_are_short_and_say_when_to_ask() -> None:
    """Claude Code cuts them at two kilobytes."""
    assert len(mcp.INSTRUCTIONS) < 2_000
    assert "budget_status" in mcp.INSTRUCTIONS
