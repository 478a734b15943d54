"""Names of models as clouds, gateways and people write them: each finds the price of what is sold, or none."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.model_names import forms, is_own_hardware
from handlers.pricing.list_prices import list_prices

START = datetime(2026, 11, 21, tzinfo=UTC)
OPUS, REGIONAL_OPUS, SONNET, HAIKU_3 = ("5", "25"), ("5.5", "27.5"), ("3", "15"), ("0.25", "1.25")
GPT_5, GPT_4O = ("1.25", "10"), ("2.5", "10")
PROFILE = "arn:aws:bedrock:eu-central-1:123456789012"

# A regional profile at Bedrock costs a tenth more than the global one, and a fine-tuned model more than its base.
SOLD = {
    "claude-opus-4-5": OPUS,
    "anthropic/claude-opus-4-5-20251101": OPUS,
    "us.anthropic.claude-opus-4-5-20251101-v1:0": REGIONAL_OPUS,
    "apac.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.3", "16.5"),
    "global.anthropic.claude-opus-4-5-20251101-v1:0": OPUS,
    "anthropic.claude-3-haiku-20240307-v1:0": HAIKU_3,
    "amazon.nova-pro-v1:0": ("0.8", "3.2"),
    "bedrock/us-west-2/anthropic.claude-3-haiku-20240307-v1:0": HAIKU_3,
    "bedrock/eu.anthropic.claude-opus-4-5-20251101-v1:0": REGIONAL_OPUS,
    "bedrock/converse/us.anthropic.claude-opus-4-5-20251101-v1:0": REGIONAL_OPUS,
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0": HAIKU_3,
    f"{PROFILE}:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0": REGIONAL_OPUS,
    f"bedrock/{PROFILE}:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0": REGIONAL_OPUS,
    "azure/gpt-4o-2024-08-06": GPT_4O,
    "azure/eu/gpt-5": GPT_5,
    "azure/global-standard/gpt-4o": GPT_4O,
    "azure_ai/gpt-5": GPT_5,
    "ft:gpt-4o-mini-2024-07-18:acme::abc": ("0.3", "1.2"),
    "responses/gpt-5": GPT_5,
    "text-completion-openai/gpt-3.5-turbo-instruct": ("1.5", "2"),
    "models/gemini-2.5-pro": ("1.25", "10"),
    "publishers/google/models/gemini-2.5-flash": ("0.3", "2.5"),
    "projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-5": OPUS,
    "vertex_ai/claude-sonnet-4-5@20250929": SONNET,
    "gemini/gemini-2.5-flash": ("0.3", "2.5"),
    "openrouter/anthropic/claude-opus-4.5": OPUS,
    "deepseek/deepseek-r1:free": ("0", "0"),
    "openrouter/deepseek/deepseek-chat-v3.1:free": ("0", "0"),
    "anthropic/claude-opus-4.5:online": OPUS,
    "claude-sonnet-4-5-20250929[1m]": SONNET,
    "gpt-5-mini-batch": ("0.125", "1"),
    "batch/gpt-5": ("0.625", "5"),
    "gpt-5-high": GPT_5,
    "gpt-5.5-xhigh": ("5", "30"),
    "claude-4.6-opus-high-thinking": OPUS,
    "claude-3.5-sonnet": SONNET,
    "claude-3-5-sonnet-latest": SONNET,
    "claude-4.5-sonnet": SONNET,
    "Claude Sonnet 4.5": SONNET,
    "sonnet-4.5": SONNET,
    "github_copilot/gpt-5": GPT_5,
    "glm-4.6": ("0.6", "2.2"),
    "z-ai/glm-4.6": ("0.6", "2.2"),
    "zhipuai/glm-4.6": ("0.6", "2.2"),
    "moonshot/kimi-k2-thinking": ("0.6", "2.5"),
    "Kimi-K2": ("0.57", "2.3"),
    "MiniMax-M2": ("0.3", "1.2"),
    "xai/grok-4": ("3", "15"),
    "grok-4-fast": ("0.2", "0.5"),
    "mistralai/mistral-large": ("2", "6"),
    "groq/llama-3.3-70b-versatile": ("0.59", "0.79"),
    "deepseek-ai/deepseek-chat": ("0.27", "1.1"),
}
NOT_SOLD = (
    f"{PROFILE}:application-inference-profile/k3x9",
    f"{PROFILE}:provisioned-model/k3x9",
    "azure/my-gpt",
    "hosted_vllm/qwen3-32b",
    "ollama/llama3",
    "sagemaker/gpt-5",
    "auto",
    "default",
    "agent_review",
    "doubao-acme-tuned",
    "volcengine/ep-20261101-abcde",
    "hunyuan-turbos",
    "ep-20260915103000-abcde",
    "deepseek-v4",
    "gpt-6.1",
    "mistral-large-3",
    "gemini-3.5-pro",
    "claude-opus-4-5-fast",
    "brand-new-model-9",
    "",
)


@pytest.mark.parametrize(("name", "dollars"), SOLD.items())
def test_a_name_finds_the_price_of_what_is_sold(name: str, dollars: tuple[str, str]) -> None:
    """Dollars for a million tokens of input and output."""
    found = list_prices(name, "", START, 24)
    assert found is not None
    assert (found.input, found.output) == tuple(map(Decimal, dollars))


@pytest.mark.parametrize("name", NOT_SOLD)
def test_a_name_of_which_nobody_knows_the_price_finds_none(name: str) -> None:
    """Nothing is guessed: names of one's own, one's own machines, models that nobody sells, vendors not in the list."""
    assert list_prices(name, "", START, 24) is None


def test_an_embedding_has_a_price_for_input_only() -> None:
    """It has no output."""
    found = list_prices("text-embedding-3-small", "", START, 24)
    assert found is not None
    assert (found.input, found.output) == (Decimal("0.02"), None)


@pytest.mark.parametrize("tier", ["fast", "priority", "batch"])
def test_a_tier_that_vendors_call_otherwise_is_found(tier: str) -> None:
    """Fast is a service tier at one vendor, and a speed at another."""
    assert list_prices("gpt-5.6-sol", tier, START, 24) is not None


def test_a_price_by_the_time_of_day_is_that_of_the_hour_and_the_highest_of_a_day() -> None:
    """A working day in China costs twice the night; a cell of a whole day cannot tell them apart."""
    day, *hours = (
        list_prices("deepseek-v4-pro", "", START.replace(hour=hour), length)
        for hour, length in ((0, 24), (2, 1), (20, 1))
    )
    busy, quiet = hours
    assert day == busy
    assert busy is not None
    assert quiet is not None
    assert busy.input == 2 * (quiet.input or 0)


def test_what_runs_on_ones_own_machines_is_known_by_its_name() -> None:
    """The button that says it is free is only there for it."""
    assert is_own_hardware("ollama/llama3")
    assert not is_own_hardware("gpt-5")


@given(st.text(max_size=40) | st.sampled_from(sorted(SOLD)).flatmap(lambda name: st.text(max_size=3).map(name.__add__)))
def test_every_name_can_be_read(name: str) -> None:
    """Whatever a provider reports: the readings end, none stands twice, and the first is the most literal one."""
    found = forms(name)
    assert len(found) == len(set(found)) < 40
    list_prices(name, "", START, 1)
