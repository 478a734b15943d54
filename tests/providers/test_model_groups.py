"""LiteLLM's usage names deployments; tiers go by the names under which people ask for them."""

from datetime import UTC, date, datetime

from bot.app import App
from bot.providers.litellm.model_groups import ModelGroups, by_key
from storage.db import Database
from tests.providers.asking import charges
from tests.providers.test_litellm import at
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.fakes.litellm import FakeLiteLLM

DAY = date(2026, 11, 22)


def learned(models: list[tuple[str, str, int]], groups: list[tuple[str, str, int]]) -> dict[str, str]:
    """What is learned of one page."""
    found = ModelGroups()
    found.learn(DAY, by_key(models), by_key(groups))
    return found.names()


def test_a_key_that_used_one_group_used_all_its_deployments_under_it() -> None:
    """However the load was spread over them."""
    models = [("azure/prod-1", "k", 2), ("azure/prod-2", "k", 3)]
    assert learned(models, [("smart", "k", 5)]) == {"azure/prod-1": "smart", "azure/prod-2": "smart"}


def test_of_several_groups_those_belong_together_of_which_the_same_is_told() -> None:
    """What cannot be told apart keeps its own name."""
    models = [("azure/prod-1", "k", 2), ("azure/prod-2", "k", 3)]
    assert learned(models, [("smart", "k", 3), ("cheap", "k", 2)]) == {"azure/prod-1": "cheap", "azure/prod-2": "smart"}
    assert learned([("azure/prod-1", "k", 5)], [("smart", "k", 3), ("cheap", "k", 2)]) == {}


def test_a_deployment_of_two_groups_keeps_its_own_name() -> None:
    """Neither name says more of it than its own."""
    models = [("azure/prod-1", "a", 2), ("azure/prod-1", "b", 3)]
    assert learned(models, [("smart", "a", 2), ("cheap", "b", 3)]) == {"azure/prod-1": "azure/prod-1"}


def test_without_groups_nothing_is_learned() -> None:
    """Old proxies tell none, and calls that failed have none."""
    assert learned([("azure/prod-1", "a", 2)], []) == {}
    assert learned([("azure/prod-1", "a", 2)], [("", "a", 2)]) == {}


def test_the_proxys_usage_tells_them(proxy: FakeLiteLLM) -> None:
    """As it was recorded: "openai/fake-gpt" is asked for as "fake-gpt"."""
    provider = at(proxy)
    assert charges(provider, DAY, DAY)
    assert provider.model_groups()["openai/fake-gpt"] == "fake-gpt"
    provider.close()


def test_spending_counts_in_the_tier_of_the_name_that_was_asked_for(database: Database) -> None:
    """Also in a replica that did not read the provider itself."""
    rules: dict[str, object] = {**RULES, "tiers": {"top": ["smart"]}}
    company = Company(database, Clock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC)), rules)
    company.llm.spends("ana", "12.00", date(2026, 11, 22), "azure/prod-1")
    company.llm.model_groups = lambda: {"azure/prod-1": "smart"}  # type: ignore[method-assign]
    company.pull()
    assert "top" in company.say("ana", "spend by tier this month")
    other = App(company.app.settings, database, {}, {"llm": company.llm}, company.app.directory, company.clock)
    assert other.policy.tier_of("azure/prod-1") == "top"
    company.llm.model_groups = lambda: {"azure/prod-1": "cheap"}  # type: ignore[method-assign]
    company.pull()
    other.tick()
    assert {each.policy.tier_of("azure/prod-1") for each in (other, company.app)} == {"standard"}
