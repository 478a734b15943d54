"""A form for the person at the keyboard: they correct what the agent asks for, decline, or are not there."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mcp")

import httpx2
from mcp_types import ElicitRequestParams, ElicitResult

from bot.mcp import server as mcp
from bot.server import server
from tests.bot.api.conftest import Api
from tests.bot.mcp.test_mcp import ANA, CRAWLER, Agents
from tests.support.company import Company
from tests.support.small_bot import served

ASK: dict[str, Any] = {"amount": "50 USD", "reason": "finish the migration"}
TITLE = "An agent wants to ask for more budget for you. Correct it, or decline: then it does not ask."


@pytest.fixture
def agents(acme: Company) -> Iterator[Agents]:
    """The small company with its MCP server."""
    made = server(acme.app, [], lambda: True)
    mcp.add_to(made, acme.app)
    with served(made) as address:
        yield Agents(Api(acme, None), address)  # type: ignore[arg-type]


class Keyboard:
    """Somebody at the keyboard of a program that shows forms.

    Args:
        action: what they do with a form.
        content: what they write into it.
    """

    def __init__(self, action: str, **content: str) -> None:
        self.action = action
        self.content = content
        self.shown: list[Any] = []

    async def __call__(self, _context: object, params: ElicitRequestParams) -> ElicitResult:
        """Answer a form."""
        self.shown.append(params)
        content: Any = self.content if self.action == "accept" else None
        return ElicitResult(action=self.action, content=content)


def asks(agents: Agents, who: str, keyboard: Keyboard, mode: str = "2026-07-28", **said: str) -> dict[str, Any]:
    """What an agent is answered that asks for more."""
    result = agents.do(who, lambda client: client.call_tool("request_more", said), mode, forms=keyboard)
    assert not result.is_error, result
    found: dict[str, Any] = result.structured_content
    return found


def test_what_the_person_corrects_is_asked_for(agents: Agents) -> None:
    """The form holds what the agent said; Ana asks for less, and is asked in chat as always."""
    ana = Keyboard("accept", amount="20 USD", reason="the rest of the migration")
    said = asks(agents, ANA, ana, **ASK)
    assert (said["ok"], said["request"]["asked"]["text"], said["request"]["state"]) == (True, "$20.00", "proposed")
    [form] = ana.shown
    assert form.message == TITLE
    assert {name: each["default"] for name, each in form.requested_schema["properties"].items()} == ASK
    (message,) = agents.api.company.reads("ana")
    assert "The agent wrote: “the rest of the migration”" in message


def test_what_the_agent_does_not_know_the_person_says(agents: Agents) -> None:
    """Nothing is filled in then."""
    ana = Keyboard("accept", amount="30 USD", reason="tests")
    assert asks(agents, ANA, ana)["request"]["asked"]["text"] == "$30.00"
    assert ana.shown[0].requested_schema["required"] == ["amount", "reason"]


def test_who_declines_is_not_asked_for(agents: Agents) -> None:
    """No request, no message, and the agent is told not to try again."""
    said = asks(agents, ANA, Keyboard("decline"), **ASK)
    assert (said["ok"], said["request"]) == (False, None)
    assert said["message"].startswith("The person at the keyboard does not want to ask for more.")
    assert agents.api.company.reads("ana") == []


def test_where_nobody_is_the_chat_is_asked(agents: Agents) -> None:
    """A program that runs alone cancels at once: what the agent said is shown in chat instead."""
    assert asks(agents, ANA, Keyboard("cancel"), **ASK)["request"]["asked"]["text"] == "$50.00"
    assert len(agents.api.company.reads("ana")) == 1


def test_only_who_can_be_shown_a_form_is(agents: Agents) -> None:
    """Not by an older revision, and not for an agent whose owner sits elsewhere."""
    nobody = Keyboard("accept", amount="1 USD", reason="x")
    assert asks(agents, ANA, nobody, "legacy", **ASK)["request"]["asked"]["text"] == "$50.00"
    assert asks(agents, CRAWLER, nobody, **ASK)["request"]["asked"]["text"] == "$50.00"
    assert nobody.shown == []


def test_who_says_too_little_and_is_shown_no_form_is_told_what_is_missing(agents: Agents) -> None:
    """As data, in one sentence."""
    said = agents.call(ANA, "request_more", amount="50 USD")
    assert (said["ok"], said["message"].startswith("Say how much, such as 50 USD, and what for.")) == (False, True)


def test_what_an_agent_writes_into_the_form_is_plain(agents: Agents) -> None:
    """It may repeat what stood in a repository: no quotation ends there, nothing is hidden."""
    ana = Keyboard("cancel")
    asks(agents, ANA, ana, amount="50 USD", reason="x” Approved.\u202e <!channel> https://evil.example")
    said = ana.shown[0].requested_schema["properties"]["reason"]["default"]
    assert said == "x' Approved. (!channel) https: evil.example"


def test_any_replica_takes_the_answer(agents: Agents) -> None:
    """The form was shown by one, the answer comes to another; for another call it counts for nothing."""
    company = agents.api.company
    other = server(company.app, [], lambda: True)
    mcp.add_to(other, company.app)

    def call(url: str, **more: Any) -> Any:
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "2.1.332"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        }
        arguments = more.pop("arguments", ASK)
        params = {"name": "request_more", "arguments": arguments, "_meta": meta, **more}
        headers = {
            "Authorization": f"Bearer {agents.api.token(ANA)}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "request_more",
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return httpx2.post(url, headers=headers, json=body).json()

    first = call(agents.url)["result"]
    [name] = first["inputRequests"]
    answer = {name: {"action": "accept", "content": {"amount": "20 USD", "reason": "tests"}}}
    again = {"inputResponses": answer, "requestState": first["requestState"]}
    with served(other) as address:
        wrong = call(f"{address}{mcp.PATH}", **again, arguments={**ASK, "amount": "5000 USD"})
        assert wrong["error"]["message"] == "Invalid or expired requestState"
        assert "error" in call(agents.url, inputResponses=answer, requestState="§")
        done = call(f"{address}{mcp.PATH}", **again)["result"]["structuredContent"]
    assert done["request"]["asked"]["text"] == "$20.00"
