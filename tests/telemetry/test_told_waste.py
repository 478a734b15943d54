"""Waste that only programs can tell of: a sub-agent, an MCP server, the fast mode."""

from datetime import timedelta

import pytest

from handlers.events import DetectWaste
from handlers.policy import TelemetryRules
from tests.support.company import Company
from tests.support.exporters import Collecting
from tests.telemetry.test_provisional import NOON, TODAY, company, tells

__all__ = ["company"]


@pytest.fixture(autouse=True)
def _nobody_speaks(company: Company) -> None:
    """No provider reports Claude Code."""
    rules = TelemetryRules(provisional={"claude-code": "none"})
    company.app.policy = company.app.policy.model_copy(update={"telemetry": rules})


def found_next_morning(company: Company) -> str:
    """What is found of a day when it is over: the first findings, in full."""
    company.clock.forward(timedelta(days=1))
    company.llm.spends("bob", "1.00", TODAY + timedelta(days=1))
    company.pull()
    company.happens(DetectWaste())
    return "\n".join(company.say("ana", f"finding {number}") for number in range(1, 4))


def test_a_sub_agent_that_takes_most_is_told(company: Company, door: Collecting) -> None:
    """With what it costs a month; whether it pays is not claimed."""
    ana = door.exporter()
    tells(ana, NOON, 60.0, 100, agent__name="explorer", query_source="subagent")
    tells(ana, NOON, 40.0, 100, query_source="main")
    said = found_next_morning(company)
    assert "The sub-agent explorer takes 60 % of the spending that programs told" in said
    assert "Give it a smaller model, or a narrower task." in said


def test_an_mcp_server_whose_results_cost_much_is_told(company: Company, door: Collecting) -> None:
    """From a quarter on."""
    ana = door.exporter()
    tells(ana, NOON, 30.0, 100, mcp_server__name="jira")
    tells(ana, NOON, 70.0, 100)
    assert "Results of the MCP server jira take 30 % of the spending that programs told" in found_next_morning(company)


def test_what_is_spread_evenly_is_no_finding(company: Company, door: Collecting) -> None:
    """Nothing stands out."""
    ana = door.exporter()
    for number in range(5):
        tells(ana, NOON, 20.0, 100, agent__name=f"agent-{number}", mcp_server__name=f"server-{number}")
    said = found_next_morning(company)
    assert "sub-agent" not in said
    assert "MCP server" not in said


def test_the_fast_mode_is_seen_as_a_premium_for_speed(company: Company, door: Collecting) -> None:
    """By the detector that looks at tiers, since programs tell their speed."""
    ana = door.exporter()
    tells(ana, NOON, 90.0, 1_000_000, speed="fast", model="claude-haiku-4-5")
    tells(ana, NOON, 10.0, 1_000_000, model="claude-haiku-4-5")
    assert "% of the spending is on a priority tier" in found_next_morning(company)
