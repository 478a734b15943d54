#!/usr/bin/env python3
"""Make handlers/pricing/second_list.json anew: python deploy/price_list.py PRICE_FILE VERSION.

PRICE_FILE is LiteLLM's `model_prices_and_context_window_backup.json`, which lies in its wheel on PyPI and in its
repository; all of that outside of `enterprise/` is under the MIT licence. Taken are the sellers that the package
genai-prices does not know or knows in part, what they ask for text, in dollars a million tokens. A price of nought is
left out: there it means that nobody wrote it down.
"""

import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

SELLERS = {
    "dashscope": "alibaba",
    "minimax": "minimax",
    "moonshot": "moonshotai",
    "tencent": "tencent",
    "volcengine": "volcengine",
    "zai": "zai",
}
"""How sellers are called there, and here."""

TEXT = frozenset({"chat", "responses", "embedding"})
KINDS = {
    "input": "input_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "output": "output_cost_per_token",
}
MILLION = 10**6
LIST = Path(__file__).parents[1] / "handlers" / "pricing" / "second_list.json"


def prices(model: dict[str, Any]) -> dict[str, str]:
    """Dollars a million by kind of token; of prices that depend on the length of a call those of short calls."""
    shortest = {**model, **next(iter(model.get("tiered_pricing") or []), {})}
    each = {kind: Decimal(shortest.get(field) or 0) * MILLION for kind, field in KINDS.items()}
    return {kind: f"{price.normalize():f}" for kind, price in each.items() if price}


def main(price_file: str, version: str) -> None:
    """Read the one and write the other."""
    listed: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for name, model in json.loads(Path(price_file).read_text(), parse_float=Decimal).items():
        seller = SELLERS.get(model.get("litellm_provider"))
        found = prices(model) if seller and model.get("mode") in TEXT else {}
        if seller and "input" in found and ("output" in found or model["mode"] == "embedding"):
            listed[seller][name.rpartition("/")[2].lower()] = found
    told = {
        "from": f"LiteLLM {version}, model_prices_and_context_window_backup.json",
        "licence": "MIT, Copyright (c) 2023 Berri AI",
        "sellers": listed,
    }
    LIST.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
