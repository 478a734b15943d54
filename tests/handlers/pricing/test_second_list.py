"""The second list: models of sellers that the first does not know, however their names are written."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.policy import Policy, PriceRule
from handlers.pricing import PriceBook
from handlers.pricing.list_prices import list_prices
from handlers.pricing.second_list import LIST
from storage.charges import Charge

START = datetime(2026, 11, 21, tzinfo=UTC)
M = 10**6
DOUBAO = Charge(
    "ark",
    START,
    24,
    "doubao-seed-2.1-pro",
    tokens_input=M,
    tokens_cache_read=M,
    tokens_output=M,
    cost_source="unpriced",
)


def per_million(model: str, tier: str = "") -> tuple[str, ...] | None:
    """Input, cached input and output in dollars."""
    found = list_prices(model, tier, START, 24)
    return None if found is None else tuple(str(each) for each in (found.input, found.cache_read, found.output))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("doubao-seed-2.1-pro", ("0.8625", "0.1725", "4.3125")),
        ("Doubao-Seed-2-1-Pro-260915", ("0.8625", "0.1725", "4.3125")),
        ("doubao-seed-2-1-pro-261105", ("0.8625", "0.1725", "4.3125")),
        ("volcengine/doubao-seed-2-1-turbo-260628", ("0.43125", "0.08625", "2.15625")),
        ("hy4", ("0.834", "0.042", "2.501")),
        ("qwen3.8-max", ("2", "0.25", "6")),
        ("dashscope/qwen-max", ("1.6", "1.6", "6.4")),
        ("kimi-k3.1-pro", ("2", "0.2", "10")),
    ],
)
def test_names_as_they_are_written(model: str, expected: tuple[str, ...]) -> None:
    """With points or dashes, with the day of any snapshot or none, with the seller or without."""
    assert per_million(model) == expected


def test_calls_of_any_length_cost_what_short_ones_do() -> None:
    """A sum of calls does not show how long they were."""
    assert per_million("qwen3-max") == ("1.2", "1.2", "6")


def test_the_seller_that_is_named_counts() -> None:
    """One model at two sellers has two prices; the first list knows only its maker."""
    assert per_million("tencent/glm-5.3") == ("1.4", "0.26", "4.4")
    assert per_million("glm-5.3") != per_million("tencent/glm-5.3")


@pytest.mark.parametrize(
    "model", ["doubao", "qwen", "qwen3-235b", "hunyuan-turbos-latest", "hosted_vllm/qwen3-vl-32b-instruct", "hy"]
)
def test_what_is_not_listed_has_no_price(model: str) -> None:
    """No beginning of a name is enough, and nobody lists what runs on the company's own machines."""
    assert per_million(model) is None


def test_a_tier_that_is_not_listed_has_no_price() -> None:
    """Half price in a batch is nothing to assume."""
    assert per_million("qwen3.8-max", "batch") is None


def test_a_charge_in_tokens_becomes_dollars_until_the_company_says_yuan() -> None:
    """The list is a guess and says so; an own price wins."""
    policy = Policy()
    listed = PriceBook(policy).priced(DOUBAO)
    assert (listed.cost_nanos, listed.currency, listed.cost_source) == (5_347_500_000, "USD", "list_price")
    own = PriceRule(model="doubao-seed-2.1-pro", currency="USD", input=Decimal(1), output=Decimal(5))
    ours = PriceBook(policy.model_copy(update={"prices": (own,)})).priced(DOUBAO)
    assert (ours.cost_nanos, ours.cost_source) == (7_000_000_000, "own_price")


def test_the_list_is_made_from_a_price_file(tmp_path: Path) -> None:
    """Prices of nought, other sellers and pictures are left out; of tiers by length the first is taken."""
    price_file = tmp_path / "prices.json"
    price_file.write_text(
        json.dumps(
            {
                "sample_spec": {"litellm_provider": "one of many", "mode": "chat", "input_cost_per_token": 0},
                "dashscope/q-max": {
                    "litellm_provider": "dashscope",
                    "mode": "chat",
                    "tiered_pricing": [
                        {"range": [0, 32000], "input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06},
                        {"range": [32000, 1e6], "input_cost_per_token": 9e-06, "output_cost_per_token": 9e-06},
                    ],
                },
                "tencent/free": {"litellm_provider": "tencent", "mode": "chat", "input_cost_per_token": 0.0},
                "tencent/picture": {"litellm_provider": "tencent", "mode": "image_generation"},
                "gpt-5": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06},
            }
        )
    )
    script = Path(__file__).parents[3] / "deploy" / "price_list.py"
    made = tmp_path / "handlers" / "pricing"
    made.mkdir(parents=True)
    (tmp_path / "deploy").mkdir()
    copy = tmp_path / "deploy" / "price_list.py"
    copy.write_text(script.read_text())
    subprocess.run([sys.executable, copy, price_file, "9.9"], check=True)
    told = json.loads((made / LIST.name).read_text())
    assert told["sellers"] == {"alibaba": {"q-max": {"input": "1.2", "output": "6"}}}
    assert "9.9" in told["from"]
