"""What is known by telemetry alone says so where the figure is read."""

from datetime import timedelta

from handlers.policy import TelemetryRules
from tests.support.company import Company
from tests.support.exporters import Collecting
from tests.telemetry.test_provisional import MODEL, NOON, TODAY, company, tells

__all__ = ["company"]


def test_a_balance_says_what_only_telemetry_knows(company: Company, door: Collecting) -> None:
    """And no longer when the provider has told it; others hear nothing of it."""
    tells(door.exporter(), NOON, 5.0)
    words = "$5.00 of this month is so far by telemetry of Claude Code, not yet by The sample company (llm)."
    for sentence in ("balance", "spend", "spend by day this month"):
        assert words in company.say("ana", sentence)
    assert words in company.say("max", "balance of team search")
    assert "telemetry of Claude Code" not in company.say("bob", "balance")
    assert words not in company.say("ana", "spend last month")
    company.llm.spends("ana", "5.00", TODAY, MODEL)
    company.pull()
    assert "is so far by telemetry" not in company.say("ana", "balance")
    assert "Claude Code by telemetry as of 24 Nov 13:00" in company.say("ana", "balance")


def test_an_estimate_is_called_one(company: Company, door: Collecting) -> None:
    """Where nobody will speak for the program."""
    rules = TelemetryRules(provisional={"claude-code": "none"})
    company.app.policy = company.app.policy.model_copy(update={"telemetry": rules})
    tells(door.exporter(), NOON, 5.0)
    company.clock.forward(timedelta(days=2))
    assert "$5.00 of this month is an estimate by telemetry of Claude Code." in company.say("ana", "balance")


def test_spend_is_told_by_what_programs_say_it_was_for(company: Company, door: Collecting) -> None:
    """Also when the provider's report has taken the place of it; a team's owner sees the team's."""
    ana = door.exporter()
    tells(ana, NOON, 3.0, 100, skill__name="review", agent__name="explorer", query_source="subagent", speed="fast")
    tells(ana, NOON, 1.0, 50, mcp_server__name="jira", effort="high", query_source="main")
    tells(door.exporter(who="max"), NOON, 0.5, session__id="s2", skill__name="review")
    company.llm.spends("ana", "9.00", TODAY, MODEL)
    company.pull()

    said = company.say("ana", "spend by skill today")
    assert said.startswith("$4.00 spent today")
    assert "review" in said
    assert "As programs told it themselves" in said
    assert "explorer" in company.say("ana", "spend by subagent today")
    assert "jira" in company.say("ana", "spend by mcp today")
    assert "subagent" in company.say("ana", "spend by source today")
    assert "fast" in company.say("ana", "spend by speed today")
    assert "high" in company.say("ana", "spend by effort today")
    assert company.say("max", "spend of team search by skill today").startswith("Search: $4.50 spent today")
    assert "No program told this" in company.say("bob", "spend by skill today")
    assert "review" not in company.say("lea", "spend of ana by skill")


def test_reconcile_says_what_the_provider_does_not_know(company: Company, door: Collecting) -> None:
    """Day by day, for finance: told, reported, and what was told and is missing in the report."""
    assert "No telemetry came in" in company.say("fay", "reconcile")
    ana, max_ = door.exporter(), door.exporter(who="max")
    tells(ana, NOON, 5.0)
    tells(max_, NOON, 4.0)
    company.llm.spends("ana", "6.00", TODAY, MODEL)
    company.llm.spends("bob", "90.00", TODAY, MODEL)
    company.pull()
    said = company.say("fay", "reconcile")
    assert said.startswith("$9.00 told, $6.00 reported")
    [row] = [line.split() for line in said.splitlines() if line.startswith("24 November")]
    assert row[2:] == ["$9.00", "$6.00", "$4.00", "44", "%", "so", "far"]
    company.clock.forward(timedelta(days=1))
    company.pull()
    assert "final" in company.say("fay", "reconcile today") or "final" in company.say("fay", "reconcile this week")
    assert "Only finance" in company.say("max", "reconcile")
