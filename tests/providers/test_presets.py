"""The exports that people have: each is known by its header, and gives these figures."""

import os
import re
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.providers.files.presets import FOCUS, NAMES, PRESETS, nearest, recognized
from bot.providers.files.provider import Files
from bot.providers.files.settings import FileRules
from bot.providers.set_aside import setting_aside
from storage.charges import Charge
from tests.providers.test_files import NEXT, NOVEMBER
from tests.support.paths import ROOT

EXPORTS = ROOT / "tests/providers/exports"
KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
ANA, BO = "ana@acme.example", "bo@acme.example"
LITELLM_KEY = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"
PROFILE = "arn:aws:bedrock:us-east-1:1:application-inference-profile/x1"
DEPLOYMENT = "/subscriptions/1/deployments/d1"

# Of each cell: day, who, key, team, model, tier, tokens by kind, requests, and 10⁻⁹ of what currency.
FIGURES: dict[str, list[tuple[Any, ...]]] = {
    "anthropic-console-usage.csv": [
        (3, "", "batch-job", "Default", "claude-haiku-4-5", "batch", (9_000, 0, 0, 0, 100), 0, None),
        (3, "", "ana-laptop", "Search", "claude-sonnet-4-5", "standard", (1_200, 50_000, 300, 40, 700), 0, None),
    ],
    "anthropic-console-cost.csv": [
        (3, "", "ana-laptop", "Search", "", "standard", (0, 0, 0, 0, 0), 0, (20_000_000, "USD")),
        (3, "", "ana-laptop", "Search", "claude-sonnet-4-5", "standard", (0, 0, 0, 0, 0), 0, (1_410_000_000, "USD")),
    ],
    "claude-spend_2026-11-01_2026-11-03.csv": [
        (1, ANA, "", "", "claude-opus-4-7", "Claude Code", (33, 0, 0, 0, 3), 10, (3_333_333_333, "USD")),
        (1, BO, "", "", "claude-sonnet-4-6", "Chat", (0, 0, 0, 0, 0), 1, (0, "USD")),
        (2, ANA, "", "", "claude-opus-4-7", "Claude Code", (33, 0, 0, 0, 3), 10, (3_333_333_333, "USD")),
        (2, BO, "", "", "claude-sonnet-4-6", "Chat", (0, 0, 0, 0, 0), 1, (0, "USD")),
        (3, ANA, "", "", "claude-opus-4-7", "Claude Code", (34, 0, 0, 0, 4), 11, (3_333_333_334, "USD")),
        (3, BO, "", "", "claude-sonnet-4-6", "Chat", (0, 0, 0, 0, 0), 2, (1, "USD")),
    ],
    "openai-costs.csv": [
        (3, ANA, "key_1", "proj_1", "gpt-5-nano", "", (1_000, 0, 0, 0, 2_000), 0, (262_500_000, "USD")),
    ],
    "completions_usage.csv": [(3, "user-a", "key_1", "proj_1", "gpt-5-nano", "", (500, 600, 0, 0, 220), 4, None)],
    "chatgpt-credits.csv": [
        (3, ANA, "", "", "codex", "", (0, 0, 0, 0, 0), 2, (240_000_000, "USD")),
        (3, ANA, "", "", "gpt_5_5_2026_04_23", "", (0, 40_000, 0, 0, 900), 0, (160_000_000, "USD")),
    ],
    "cursor-events.csv": [
        (3, ANA, "", "", "claude-4.6-opus-high-thinking", "", (1_210, 5_000, 300, 0, 705), 2, (120_000_000, "USD")),
        (3, BO, "", "", "auto", "", (10, 0, 0, 0, 0), 1, (0, "USD")),
        (3, BO, "", "", "composer-2.5", "", (1_000, 0, 0, 0, 1), 1, (0, "USD")),
    ],
    "github-ai-usage.csv": [
        (3, "ana", "", "Search", "GPT-5.4", "", (1_010, 50, 5, 0, 202), 0, (120_000_000, "USD")),
        (3, "bo", "", "acme", "Claude Sonnet 4.6", "", (0, 0, 0, 0, 0), 7, (0, "USD")),
    ],
    "github-premium-requests.csv": [(3, "ana", "", "", "GPT-5.4", "", (0, 0, 0, 0, 0), 3, (0, "USD"))],
    "github-detailed.csv": [
        (3, "ana", "", "acme", "copilot_for_business", "", (0, 0, 0, 0, 0), 0, (632_700_000, "USD")),
    ],
    "openrouter-generations.csv": [
        (3, "", "crawler", "", "deepseek/deepseek-v4", "free", (10, 0, 0, 0, 5), 1, (0, "USD")),
        (3, "ana", "crawler", "", "openai/gpt-5.4", "", (500, 1_000, 0, 0, 90), 1, (4_200_000, "USD")),
    ],
    "openrouter-activity.csv": [
        (3, "", "", "", "openai/gpt-5.4", "", (1_000, 0, 0, 0, 200), 4, (1_250_000_000, "USD")),
    ],
    "litellm-spend-logs.csv": [
        (3, ANA, LITELLM_KEY, "search", "gpt-5.4", "", (650, 400, 0, 0, 210), 2, (12_500_000, "USD")),
    ],
    "deepseek-cost.csv": [(3, "", "", "", "deepseek-chat", "", (0, 0, 0, 0, 0), 0, (210_000_000, "USD"))],
    "deepseek.zip": [
        (3, "", "crawler", "", "deepseek-chat", "", (500_000, 1_000_000, 0, 0, 100_000), 12, (210_000_000, "USD")),
    ],
    "aws-cur2.csv.gz": [
        (
            *(3, "BedrockAPIKey-ab12", PROFILE, "111122223333", "Claude4.6Sonnet", "", (0, 7_000_000, 0, 0, 0), 0),
            (1_890_000_000, "USD"),
        ),
        (
            *(3, ANA, PROFILE, "111122223333", "Claude4.6Sonnet", "", (1_200_000, 0, 0, 0, 100_000), 0),
            (4_590_000_000, "USD"),
        ),
    ],
    "azure-cost.csv": [
        (3, "", DEPLOYMENT, "rg-ai", "gpt-5", "", (1_200_000, 3_000_000, 0, 0, 0), 0, (1_800_000_000, "EUR")),
        (
            *(13, "", DEPLOYMENT, "rg-ai", "Provisioned Managed Global Unit", "", (0, 0, 0, 0, 0), 0),
            (48_000_000_000, "EUR"),
        ),
    ],
    "gcp-billing.csv": [
        (3, ANA, "", "search", "Gemini 3.5 Flash", "", (1_000_000, 0, 0, 0, 2_000), 0, (7_000_000_000, "USD")),
    ],
    "volcengine.csv": [
        (3, "", "ep-20261103", "search", "doubao-seed-1.8", "", (12_500, 0, 0, 0, 3_000), 0, (70_000_000, "CNY")),
    ],
    "alibaba.csv": [
        (
            *(3, "", "ws-1;qwen3-max;key-7", "默认资源组", "qwen3-max", "", (1_200_000, 0, 0, 0, 100_000), 0),
            (3_780_000_000, "CNY"),
        ),
    ],
    "tencent.csv": [
        (3, "100001", "res-1", "默认项目", "hunyuan-t1", "", (1_200_000, 0, 0, 0, 0), 0, (1_000_000_000, "CNY")),
    ],
    "tokens-and-kinds.csv": [
        (3, ANA, "k1", "search", "llama-4", "batch", (1_200, 300, 0, 0, 100), 3, (1_500_000_000, "EUR")),
    ],
    "excel.csv": [
        (3, ANA, "", "", "llama-4", "", (1_200, 0, 0, 0, 0), 0, (1_500_000_000, "USD")),
        (3, "bo", "", "", "llama-4", "", (7, 0, 0, 0, 0), 0, (500_000_000, "USD")),
    ],
}
CREDIT = Decimal("0.04")


def told(folder: Path, *names: str, rules: FileRules = FileRules(), credit: Decimal | None = CREDIT) -> list[Any]:
    """The cells that some exports give together; none of their rows may be odd, and `check` is content."""
    for name in names:
        shutil.copy(EXPORTS / name, folder / name)
    provider = Files("files", str(folder / "*"), rules, credit)
    with setting_aside() as odd:
        found = [_short(cell) for cell in provider.charges(NOVEMBER, NEXT)]
    lines = list(provider.check())
    provider.close()
    assert list(odd) == []
    assert [line for line in lines if not line.ok] == []
    return found


def _short(cell: Charge) -> tuple[Any, ...]:
    who = (cell.subject, cell.resource, cell.sub_account, cell.model, cell.tier)
    money = None if cell.cost_nanos is None else (cell.cost_nanos, cell.currency)
    kinds = tuple(getattr(cell, f"tokens_{kind}") for kind in KINDS)
    return (cell.bucket_start.day, *who, kinds, cell.requests, money)


@pytest.mark.parametrize("name", FIGURES)
def test_an_export_gives_its_figures(tmp_path: Path, name: str) -> None:
    """Known by its header, whatever it is called."""
    assert told(tmp_path, name) == FIGURES[name]


def test_every_preset_but_focus_has_an_export(tmp_path: Path) -> None:
    """Nothing stands in the table that was never tried."""
    tried = set()
    for name in FIGURES:
        shutil.copy(EXPORTS / name, tmp_path / name)
        provider = Files("files", str(tmp_path / name), credit=CREDIT)
        list(provider.charges(NOVEMBER, NEXT))
        tried |= {row[0] for row in provider._table.execute("select preset from sources")}
        provider.close()
    assert tried == set(NAMES) - {"focus"}


@pytest.mark.parametrize("preset", PRESETS, ids=[f"{each.name}-{each.header[0]}" for each in PRESETS])
def test_a_header_is_the_most_specific_exports(preset: Any) -> None:
    """No entry above it in the table takes it away, and one column less is said."""
    header = [*preset.header, *preset.any_of[:1]]
    assert recognized(header) is preset
    near = nearest(header[1:])
    assert near
    assert near[1] or recognized(header[1:])


# Two files that tell of the same days -------------------------------------------------------------------------------


def test_cost_and_tokens_of_two_exports_meet(tmp_path: Path) -> None:
    """Tokens come from the one and money from the other; tokens without their cost would be priced a second time."""
    usage, cost = FIGURES["anthropic-console-usage.csv"], FIGURES["anthropic-console-cost.csv"]
    both = told(tmp_path, "anthropic-console-usage.csv", "anthropic-console-cost.csv")
    assert both == [cost[0], (*usage[1][:-1], cost[1][-1])]


def test_an_export_that_tells_both_is_not_doubled(tmp_path: Path) -> None:
    """The usage of the same days lies beside the costs."""
    assert told(tmp_path, "openai-costs.csv", "completions_usage.csv") == FIGURES["openai-costs.csv"]


def test_the_newer_of_two_exports_counts_for_a_day(tmp_path: Path) -> None:
    """Downloaded again it may be the same under another name, or corrected."""
    old, new = tmp_path / "a.csv", tmp_path / "b.csv"
    shutil.copy(EXPORTS / "openrouter-activity.csv", old)
    new.write_text(old.read_text().replace("1.25", "1.5"))
    os.utime(old, (1, 1))
    (cell,) = told(tmp_path)
    assert cell[-1] == (1_500_000_000, "USD")
    provider = Files("files", str(tmp_path / "*"))
    assert [line.what for line in provider.check() if "another file" in line.what] == [
        (
            f"{old}: 1 row as openrouter-activity, 2026-11-03 to 2026-11-03, 1.25 USD, "
            "1 not counted, because another file tells the same days"
        )
    ]
    provider.close()


def test_parts_of_an_export_are_added_up_if_told_so(tmp_path: Path) -> None:
    """One file for each workspace."""
    for name in "ab":
        shutil.copy(EXPORTS / "openrouter-activity.csv", tmp_path / f"{name}.csv")
    (cell,) = told(tmp_path, rules=FileRules(additive=True))
    assert cell[-1] == (2_500_000_000, "USD")


# What an export lacks -----------------------------------------------------------------------------------------------


def refused(folder: Path, name: str, **how: Any) -> str:
    """What `check` says of an export that cannot be read."""
    shutil.copy(EXPORTS / name, folder / "export.csv")
    provider = Files("files", str(folder / "*"), **how)
    told_ = [line.advice for line in provider.check() if not line.ok]
    provider.close()
    return "; ".join(told_)


def test_an_export_of_a_range_says_which(tmp_path: Path) -> None:
    """In its name, or in app.yaml; never all on one day."""
    name = "claude-spend_2026-11-01_2026-11-03.csv"
    assert "say which it covers (period: 2026-11-01..2026-11-15)" in refused(tmp_path, name)
    whole = told(tmp_path, rules=FileRules(period="2026-11-01..2026-11-30"))
    assert len(whole) == 2 * (NEXT - NOVEMBER + timedelta(days=1)).days
    assert sum(cell[-1][0] for cell in whole) == 10_000_000_001


def test_credits_have_a_price(tmp_path: Path) -> None:
    """Nobody knows it but the company."""
    assert "say what one costs in US dollars (credit: 0.04)" in refused(tmp_path, "chatgpt-credits.csv")


def test_an_export_without_traffic_is_no_error(tmp_path: Path) -> None:
    """It has the columns of time alone."""
    (tmp_path / "a.csv").write_text("start_time,end_time,start_time_iso,end_time_iso\n1793664000,1793750400,,\n")
    assert told(tmp_path) == []


def test_a_column_of_a_preset_can_be_replaced(tmp_path: Path) -> None:
    """Where a company uses one otherwise, such as for its cost centres."""
    rules = FileRules.model_validate(
        {"preset": "openrouter-generations", "columns": {"team": "app_name", "key": "user"}}
    )
    assert [cell[1:4] for cell in told(tmp_path, "openrouter-generations.csv", rules=rules)] == [
        ("", "", ""),
        ("ana", "ana", ""),
    ]


def test_every_preset_stands_in_the_docs() -> None:
    """And no other."""
    page = (ROOT / "docs/reference/providers.md").read_text()
    table = page.partition("| preset | the export |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == sorted(NAMES, key=_as_in_the_docs)


def _as_in_the_docs(name: str) -> tuple[int, int]:
    """What is ours comes first there, and last in the code, where the most specific is first."""
    return (("plain", "plain-total", FOCUS, name).index(name), NAMES.index(name))


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("anthropic-console-cost.csv", [20_000_000, 1_450_000_000]),
        ("github-ai-usage.csv", [145_000_000, 280_000_000]),
        ("volcengine.csv", [80_000_000]),
        ("cursor-events.csv", [None, None, None]),
    ],
)
def test_what_it_would_have_cost_by_the_list_stands_beside(name: str, listed: list[int | None]) -> None:
    """So that discounts show."""
    provider = Files("files", str(EXPORTS / name), credit=CREDIT)
    assert [cell.list_nanos for cell in provider.charges(NOVEMBER, NEXT)] == listed
    provider.close()
