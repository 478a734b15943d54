"""The exports that people have, each known by its header: one table with what their columns mean.

The most specific come first. A rule here is what app.yaml could say under `columns:`; docs/providers.md has a line for
each. Where a vendor's description of its columns is public, the entry names it; the others are as several public
programs read them (seen in November 2026).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from bot.column_values import number_of, said, tidy
from bot.providers.files.mapping import inside, plain
from bot.providers.files.readers import TextRow
from bot.providers.files.settings import FileRules
from bot.providers.files.titles import meanings

Part = Literal["", "cost", "tokens", "both"]

FOCUS = "focus"


@dataclass(frozen=True)
class Preset:
    """One export.

    Args:
        name: what app.yaml and `check` call it.
        header: columns that all its files have; by them it is recognized.
        rules: what its columns mean, as under a provider of app.yaml.
        any_of: of these columns one is enough, in addition.
        family: exports that tell the same use in two files, one its cost and one its tokens, have one family.
        part: which of it this one tells.
        newest: whether of two files that speak of the same day the newer counts. Exports that come in parts are added.
        credits: whether its cost is a number of credits.
        prepare: what has to be worked out of several columns first.
        adds: the names that it gives to that.
    """

    name: str
    header: tuple[str, ...]
    rules: Mapping[str, Any] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    family: str = ""
    part: Part = ""
    newest: bool = True
    credits: bool = False
    prepare: Callable[[TextRow], dict[str, str]] | None = None
    adds: tuple[str, ...] = ()

    @cached_property
    def parsed(self) -> FileRules:
        """Its rules, checked."""
        return FileRules.model_validate(self.rules)

    def knows(self, columns: frozenset[str]) -> bool:
        """Whether a header is its own; the names are plain ones."""
        return {*map(plain, self.header)} <= columns and (
            not self.any_of or not columns.isdisjoint(map(plain, self.any_of))
        )


def _maybe(column: str, **more: Any) -> dict[str, Any]:
    return {"column": column, "optional": True, **more}


def _any(*columns: str, **more: Any) -> dict[str, Any]:
    return {"first_of": list(columns), "optional": True, **more}


def _number(row: TextRow, *names: str) -> Decimal:
    """The number under the first of some names that is there, nought if there is none."""
    columns = {plain(name): name for name in row}
    text = next((said(row[columns[plain(name)]]) for name in names if plain(name) in columns), "")
    try:
        return number_of(text)
    except ValueError:
        return Decimal(0)


def _claude_model(row: TextRow) -> dict[str, str]:
    """One file has ids of models and the other their names: both as one name, so that their rows meet."""
    told = tidy(row.get("model_version") or row.get("model") or "").lower()
    return {"x_model": re.sub(r"-20\d{6}$", "", re.sub(r"[ .]", "-", told))}


def _deepseek_cost(row: TextRow) -> dict[str, str]:
    """It tells the price of a token, or of a million of them, and how many."""
    price, amount = _number(row, "price"), _number(row, "amount")
    per = 1 if price < Decimal("0.0001") else 10**6  # no token costs so much, and no million so little
    return {"x_cost": "0" if row.get("type") == "request_count" else f"{price * amount / per:f}"}


def _google_credits(row: TextRow) -> dict[str, str]:
    """Costs are before credits, which are below zero."""
    name = next((each for each in row if plain(each) == "credits"), "")
    try:
        given = json.loads(row.get(name) or "[]")
    except ValueError:
        given = []
    found = given if isinstance(given, list) else []
    amounts = [str(each.get("amount") or 0) for each in found if isinstance(each, dict)]
    return {"x_credits": " ".join(amounts)}


def _openai_uncached(row: TextRow) -> dict[str, str]:
    """Input holds what was read from a cache or written to it, unless the rest has a column of its own."""
    held = _number(row, "input_cached_tokens") + _number(row, "input_cache_write_tokens")
    told = said(row.get("input_uncached_tokens", ""))
    used = any(said(row.get(name, "")) for name in ("num_model_requests", "input_tokens", "output_tokens"))
    return {"x_uncached": told or f"{_number(row, 'input_tokens') - held:f}", "x_used": "yes" if used else "no"}


def _cursor_written(row: TextRow) -> dict[str, str]:
    """Input with cache write is what was written; in some files it holds the rest, too, and the total shows it."""
    both, rest = _number(row, "Input (w/ Cache Write)"), _number(row, "Input (w/o Cache Write)")
    others = _number(row, "Cache Read") + _number(row, "Output Tokens")
    holds = rest and _number(row, "Total Tokens") == both + others
    return {"x_written": f"{both - rest if holds else both:f}"}


def _litellm_cached(row: TextRow) -> dict[str, str]:
    """What was read from a cache is within the prompt, and is told in the metadata."""
    paths = ("prompt_tokens_details.cached_tokens", "cache_read_input_tokens")
    found = (inside(row.get("metadata", ""), f"usage_object.{path}") for path in paths)
    return {"x_cached": next((each for each in found if each), "0")}


def _is_bedrock(row: TextRow) -> dict[str, str]:
    """Models of others come through the marketplace, under product codes of their own."""
    words = " ".join(row.get(name, "") for name in ("line_item_product_code", "product_product_name")).lower()
    claude = "claude" in row.get("line_item_usage_type", "").lower()
    return {"x_bedrock": "yes" if "bedrock" in words or claude else "no"}


def _bill(
    vendor: str, keep: tuple[str, ...], own: tuple[str, ...] = (), **columns: tuple[str, str]
) -> Iterator["Preset"]:
    """A bill of a Chinese cloud, with the console's headers or those of its API: two names for each meaning.

    A meaning may have several names of a language, with a bar between them; the first has to be there. One of its own
    columns has to be there, too, if there are others with the same ones.
    """
    model = {"match": r"^(\S+?)[\s_-]*(?:输入|输出|缓存|思考|input|output|cache|$)", "else": "whole"}
    more: dict[str, dict[str, Any]] = {"model": model, "unit": {"default": "other"}, "currency": {"default": "CNY"}}
    names = {meaning: [*chinese.split("|"), *english.split("|")] for meaning, (chinese, english) in columns.items()}
    product = names.pop("product")
    rules = {meaning: _any(*some, **more.get(meaning, {})) for meaning, some in names.items()}
    rules["date"]["optional"] = False
    for language in (0, 1):
        needed = tuple(columns[meaning][language].split("|")[0] for meaning in ("product", "model", "cost"))
        yield Preset(
            f"{vendor}-bill",
            needed,
            {"columns": rules, "keep": {product[language]: [*keep]}},
            any_of=own if language == 0 else (),
            newest=False,
        )


_CLAUDE_CONSOLE = {
    "date": {"column": "usage_date_utc"},
    "key": _maybe("api_key"),
    "team": _maybe("workspace"),
    "tier": _maybe("usage_type"),
}
_GITHUB = {
    "date": "date",
    "who": _maybe("username"),
    "team": _any("cost_center_name", "organization"),
    "cost": "net_amount",
    "list_cost": _maybe("gross_amount"),
}
_PLAIN = {
    "date": "date",
    "who": "who",
    "key": _maybe("key"),
    "team": _maybe("team"),
    "model": "model",
    "tier": _maybe("tier"),
    "tokens_cache_read": _maybe("tokens_cache_read"),
    "tokens_cache_write_5m": _maybe("tokens_cache_write_5m"),
    "tokens_cache_write_1h": _maybe("tokens_cache_write_1h"),
    "requests": _maybe("requests"),
    "cost": "cost",
    "list_cost": _maybe("list_cost"),
    "currency": _maybe("currency"),
}
_BEDROCK = r"(?:^[A-Z]{2,4}\d-|^EU-)?(.+?)[-_ ](?:cache[-_]|input|output|in-|out-|prompt|text-)"

PRESETS: tuple[Preset, ...] = (
    Preset(
        FOCUS,
        ("ChargePeriodStart", "BillingCurrency", "ServiceCategory", "BilledCost"),
        newest=False,
    ),
    Preset(
        "anthropic-console-usage",
        ("usage_date_utc", "usage_input_tokens_no_cache"),
        {
            "columns": {
                **_CLAUDE_CONSOLE,
                "model": "x_model",
                "tokens_input": "usage_input_tokens_no_cache",
                "tokens_cache_read": _maybe("usage_input_tokens_cache_read"),
                "tokens_cache_write_5m": _any("usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write"),
                "tokens_cache_write_1h": _maybe("usage_input_tokens_cache_write_1h"),
                "tokens_output": "usage_output_tokens",
            }
        },
        family="anthropic-console",
        prepare=_claude_model,
        adds=("x_model",),
        part="tokens",
    ),
    Preset(
        "anthropic-console-cost",
        ("usage_date_utc", "token_type", "cost_usd"),
        {"columns": {**_CLAUDE_CONSOLE, "model": "x_model", "cost": "cost_usd", "list_cost": _maybe("list_price_usd")}},
        family="anthropic-console",
        prepare=_claude_model,
        adds=("x_model",),
        part="cost",
    ),
    Preset(
        "claude-enterprise-spend",  # support.claude.com, article 12883420
        ("user_email", "total_net_spend_usd"),
        {
            "columns": {
                "who": {"column": "user_email", "lower": True},
                "model": _maybe("model"),
                "tier": _maybe("product"),
                "tokens_input": _maybe("total_prompt_tokens"),
                "tokens_output": _maybe("total_completion_tokens"),
                "requests": _maybe("total_requests"),
                "cost": "total_net_spend_usd",
                "list_cost": _maybe("total_gross_spend_usd"),
            }
        },
    ),
    Preset(
        "openai-costs",
        ("start_time", "amount_value", "line_item"),
        {
            "columns": {
                "date": "start_time",
                "who": _any("user_email", "user_id"),
                "key": _maybe("api_key_id"),
                "team": _maybe("project_id"),
                "model": {"column": "line_item", "match": r"^([^,]+)"},
                "kind": {"column": "line_item", "match": r"^[^,]+, *(.+)$"},
                "tokens": _maybe("quantity"),
                "unit": _maybe("quantity_unit", default="other"),
                "cost": "amount_value",
                "currency": _maybe("amount_currency"),
            },
            "keep": {"amount_value": "?*"},
        },
        family="openai",
        part="both",
    ),
    Preset(
        "openai-usage",  # the columns are those of the usage API, in the vendor's SDK
        ("start_time", "end_time"),
        {
            "columns": {
                "date": "start_time",
                "who": _any("user_email", "user_id"),
                "key": _maybe("api_key_id"),
                "team": _maybe("project_id"),
                "model": _maybe("model"),
                "tier": _maybe("service_tier", map={"default": ""}),
                "tokens_input": _maybe("x_uncached"),
                "tokens_cache_read": _maybe("input_cached_tokens"),
                "tokens_cache_write_5m": _maybe("input_cache_write_tokens"),
                "tokens_output": _maybe("output_tokens"),
                "requests": _maybe("num_model_requests"),
            },
            "keep": {"x_used": "yes"},
        },
        any_of=("num_model_requests", "input_tokens", "start_time_iso"),
        family="openai",
        part="tokens",
        prepare=_openai_uncached,
        adds=("x_uncached", "x_used"),
    ),
    Preset(
        "chatgpt-enterprise-credits",
        ("date_partition", "email", "usage_type", "usage_credits"),
        {
            "columns": {
                "date": "date_partition",
                "who": {"column": "email", "lower": True},
                "model": {
                    "column": "usage_type",
                    "match": r"^(?:api\.)?(.+?)(?:_(?:text|audio|image))?(?:_cached|_cache_write)?"
                    r"(?:_(?:input|output))?(?:_v_\d+)?$",
                },
                "kind": {"column": "usage_type", "match": r"(?:_text|_audio|_image)(_.*)$"},
                "tokens": "usage_quantity",
                "unit": "usage_units",
                "cost": "usage_credits",
            }
        },
        credits=True,
    ),
    Preset(
        "cursor-usage-events",
        ("Date", "Model", "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read", "Output Tokens"),
        {
            "columns": {
                "date": "Date",
                "who": _any("User", "User Email"),
                "key": _any("Automation ID", "Cloud Agent ID"),
                "model": "Model",
                "tokens_input": "Input (w/o Cache Write)",
                "tokens_cache_read": "Cache Read",
                "tokens_cache_write_5m": "x_written",
                "tokens_output": "Output Tokens",
                "requests": {"const": "1"},
                "cost": _any("Cost", "Cost to you", default="0", map={"Included": "0", "Free": "0", "NaN": "0"}),
            },
            "free": {"Kind": ["*no charge*", "*not charged*", "user api key*"]},
        },
        prepare=_cursor_written,
        adds=("x_written",),
    ),
    Preset(
        "github-ai-usage",  # docs.github.com, reference of billing reports
        ("date", "username", "model", "quantity", "unit_type", "net_amount"),
        {
            "columns": {
                **_GITHUB,
                "model": {"column": "model", "match": r"^(?:Auto: *)?(.*)$"},
                "tokens_input": _maybe("input"),
                "tokens_output": _maybe("output"),
                "tokens_cache_read": _maybe("cache_read"),
                "tokens_cache_write_5m": _maybe("cache_write"),
                "tokens": "quantity",
                "unit": {"column": "unit_type", "default": "other"},
            }
        },
    ),
    Preset(
        "github-premium-requests",
        ("Timestamp", "User", "Model", "Requests Used"),
        {
            "columns": {
                "date": "Timestamp",
                "who": "User",
                "model": "Model",
                "tokens": {"column": "Requests Used"},
                "unit": {"const": "requests"},
                "cost": {"const": "0"},
            }
        },
    ),
    Preset(
        "github-detailed-usage",
        ("date", "product", "sku", "quantity", "net_amount"),
        {
            "columns": {**_GITHUB, "model": "sku"},
            "keep": {"product": ["copilot*"]},
        },
    ),
    Preset(
        "openrouter-generations",
        ("generation_id", "created_at", "cost_total", "model_permaslug"),
        {
            "columns": {
                "date": "created_at",
                "who": _maybe("user"),
                "key": _maybe("api_key_name"),
                "model": "model_permaslug",
                "tier": _maybe("variant", map={"standard": ""}),
                "tokens_input": {"column": "tokens_prompt", "minus": ["tokens_cached"]},
                "tokens_cache_read": "tokens_cached",
                "tokens_output": "tokens_completion",
                "requests": {"const": "1"},
                "cost": "cost_total",
            }
        },
    ),
    Preset(
        "openrouter-activity",
        ("Date", "Slug", "Usage", "Prompt Tokens", "Completion Tokens"),
        {
            "columns": {
                "date": "Date",
                "model": "Slug",
                "tokens_input": "Prompt Tokens",
                "tokens_output": "Completion Tokens",
                "requests": _maybe("Requests"),
                "cost": "Usage",
            }
        },
    ),
    Preset(
        "litellm-spend-logs",  # schema.prisma of LiteLLM 1.110
        ("request_id", "spend", "prompt_tokens", "completion_tokens", "startTime", "model"),
        {
            "columns": {
                "date": "startTime",
                "who": _maybe("user"),
                "key": _maybe("api_key"),
                "team": _maybe("team_id"),
                "model": "model",
                "tokens_input": {"column": "prompt_tokens", "minus": ["x_cached"]},
                "tokens_cache_read": _maybe("x_cached"),
                "tokens_output": "completion_tokens",
                "requests": {"const": "1"},
                "cost": "spend",
            }
        },
        prepare=_litellm_cached,
        adds=("x_cached",),
    ),
    Preset(
        "deepseek-amount",
        ("model", "api_key_name", "type", "price", "amount"),
        {
            "columns": {
                "date": {"first_of": ["utc_date", "start_time_iso"], "zone": "written"},
                "key": "api_key_name",
                "model": "model",
                "kind": "type",
                "tokens": "amount",
                "cost": "x_cost",
            }
        },
        family="deepseek",
        part="both",
        prepare=_deepseek_cost,
        adds=("x_cost",),
    ),
    Preset(
        "deepseek-cost",
        ("model", "wallet_type", "cost", "currency"),
        {
            "columns": {
                "date": {"first_of": ["utc_date", "start_time_iso"], "zone": "written"},
                "model": "model",
                "cost": {"column": "cost", "sign": "absolute"},
                "currency": "currency",
            }
        },
        family="deepseek",
        part="cost",
    ),
    Preset(
        "aws-cur2",  # AWS Data Exports, table dictionary of CUR 2.0
        ("line_item_usage_start_date", "line_item_usage_type", "line_item_unblended_cost", "line_item_product_code"),
        {
            "columns": {
                "date": "line_item_usage_start_date",
                "who": _maybe("line_item_iam_principal", match=r"(?:^arn:.*[/:])?([^/:]+)$"),
                "key": _maybe("line_item_resource_id"),
                "team": _maybe("line_item_usage_account_id"),
                "model": {"column": "line_item_usage_type", "match": _BEDROCK, "else": "whole"},
                "kind": "line_item_usage_type",
                "tokens": _maybe("line_item_usage_amount"),
                "unit": _maybe("pricing_unit", default="other"),
                "cost": _any("line_item_net_unblended_cost", "line_item_unblended_cost"),
                "list_cost": _maybe("pricing_public_on_demand_cost"),
                "currency": _maybe("line_item_currency_code"),
            },
            "keep": {"x_bedrock": "yes"},
            "skip": {"line_item_line_item_type": ["tax", "fee", "credit", "refund", "*discount"]},
        },
        newest=False,
        prepare=_is_bedrock,
        adds=("x_bedrock",),
    ),
    Preset(
        "azure-cost",  # learn.microsoft.com, cost and usage details schema
        ("Date", "CostInBillingCurrency", "MeterName", "Quantity", "UnitOfMeasure"),
        {
            "columns": {
                "date": "Date",
                "key": _any("ResourceId", "InstanceName"),
                "team": _any("ResourceGroup", "ResourceGroupName"),
                "model": {
                    "column": "MeterName",
                    "match": r"(?i)^(.+?)[- ](?:cach|inp|in |outp|out|opt)",
                    "else": "whole",
                },
                "kind": "MeterName",
                "tokens": "Quantity",
                "unit": "UnitOfMeasure",
                "cost": "CostInBillingCurrency",
                "currency": _any("BillingCurrency", "BillingCurrencyCode"),
            },
            "keep": {"MeterCategory": ["azure openai*", "foundry models*", "cognitive services*", "azure ai*"]},
        },
        newest=False,
    ),
    Preset(
        "gcp-billing",  # cloud.google.com, structure of detailed data export
        ("service.description", "sku.description", "usage_start_time", "cost", "currency"),
        {
            "columns": {
                "date": "usage_start_time",
                "who": _any("labels.user_email", "labels.user", "labels.email", "labels.owner"),
                "key": _maybe("resource.name"),
                "team": _maybe("project.id"),
                "model": {
                    "column": "sku.description",
                    "match": r"^(.+?)(?: Text| Image| Audio| Video)?(?: Cached?| Caching| Input| Output| Thinking)",
                    "else": "whole",
                },
                "kind": "sku.description",
                "tokens": _maybe("usage.amount_in_pricing_units"),
                "unit": _maybe("usage.pricing_unit", default="other"),
                "cost": {"column": "cost", "plus": ["x_credits"]},
                "currency": "currency",
            },
            "keep": {
                "service.description": ["vertex ai*", "gemini api*", "cloud ai platform*", "*generative language*"]
            },
        },
        newest=False,
        prepare=_google_credits,
        adds=("x_credits",),
    ),
    *_bill(
        "alibaba",
        ("*百炼*", "*大模型*"),
        ("账单日期", "资源组", "财务单元", "用量单位"),
        product=("产品名称", "ProductName"),
        date=("账单日期|账期", "BillingDate|BillingCycle"),
        model=("计费项|规格", "BillingItem|InstanceSpec"),
        kind=("计费项", "BillingItem"),
        key=("实例ID", "InstanceID"),
        team=("财务单元|资源组", "CostUnit|ResourceGroup"),
        tokens=("用量", "Usage"),
        unit=("用量单位", "UsageUnit"),
        cost=("应付金额", "PretaxAmount"),
        list_cost=("官网价|原价", "PretaxGrossAmount"),
        currency=("币种", "Currency"),
    ),
    *_bill(
        "volcengine",
        ("火山方舟*", "*大模型*", "*ark*"),
        product=("产品名称", "ProductZh"),
        date=("费用时间|消费日期|账期", "ExpenseDate|BillPeriod"),
        model=("计费项", "Element"),
        kind=("计费项", "Element"),
        key=("实例ID", "InstanceNo"),
        team=("项目", "Project"),
        tokens=("用量", "Count"),
        unit=("单位", "Unit"),
        cost=("应付金额", "PayableAmount"),
        list_cost=("原价", "OriginalBillAmount"),
        currency=("币种", "Currency"),
    ),
    *_bill(
        "tencent",
        ("*tokenhub*", "*大模型*", "*混元*"),
        product=("产品名称", "BusinessCodeName"),
        date=("账单归属日|开始使用时间", "BillDay|FeeBeginTime"),
        model=("组件名称", "ItemCodeName"),
        kind=("组件名称", "ItemCodeName"),
        key=("资源ID", "ResourceId"),
        team=("项目名称|项目", "ProjectName"),
        who=("操作者", "OperateUin"),
        tokens=("组件用量", "UsedAmount"),
        unit=("组件用量单位|单位", "UsedAmountUnit"),
        cost=("优惠后总价", "RealCost"),
        list_cost=("组件原价", "Cost"),
        currency=("币种", "Currency"),
    ),
    Preset(
        "plain",
        ("date", "who", "model", "tokens_input", "tokens_output", "cost"),
        {"columns": {**_PLAIN, "tokens_input": "tokens_input", "tokens_output": "tokens_output"}},
        newest=False,
    ),
    Preset(
        "plain-total",
        ("date", "who", "model", "tokens", "cost"),
        {"columns": {**_PLAIN, "tokens": "tokens"}},
        newest=False,
    ),
)
NAMES: tuple[str, ...] = tuple(dict.fromkeys(each.name for each in PRESETS))


def recognized(columns: Sequence[str]) -> Preset | None:
    """The first export in the table whose header this is, else a plain table if its titles have one meaning."""
    names = frozenset(map(plain, columns))
    known = next((each for each in PRESETS if each.knows(names)), None)
    meant = None if known else meanings(columns)
    return Preset("plain", (), {"columns": meant}, newest=False) if meant else known


def nearest(columns: Sequence[str]) -> tuple[Preset, list[str]] | None:
    """The export that a header nearly is, and what it lacks; None if it has less than half of any."""
    names = frozenset(map(plain, columns))
    lacking = [(each, [name for name in each.header if plain(name) not in names]) for each in PRESETS]
    best = min(lacking, key=lambda one: len(one[1]) / len(one[0].header))
    return best if 2 * len(best[1]) <= len(best[0].header) else None


def named(name: str) -> Preset | None:
    """The export of a name."""
    return next((each for each in PRESETS if each.name == name), None)
