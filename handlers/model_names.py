"""Names of models as vendors, clouds and gateways write them, and under what a price list may know them.

One model has many names: `anthropic/claude-sonnet-4-5-20250929`, `eu.anthropic.claude-sonnet-4-5-20250929-v1:0`,
`azure/eu/gpt-5`, `Claude Sonnet 4.5`, `gpt-5.5-high`. The name that was reported stays what people see. What is derived
here are readings of it, the most literal one first: whoever has a list takes the first that stands there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# Who sells a model, by what stands before it. The names of the sellers are those of the package genai-prices, and of
# those that it does not know those of the second list.
SELLERS = {
    **dict.fromkeys(
        ("bedrock", "bedrock_converse", "bedrock_mantle", "amazon-bedrock", "amazon_bedrock", "aws"), "aws"
    ),
    **dict.fromkeys(("azure", "azure_ai", "azure_openai", "azure-openai", "azure_text"), "azure"),
    **dict.fromkeys(("vertex_ai", "vertex_ai_beta", "vertex-ai", "google", "gemini", "google_genai"), "google"),
    **dict.fromkeys(("google-vertex", "models", "publishers", "projects"), "google"),
    **dict.fromkeys(("openai", "chatgpt", "responses", "text-completion-openai", "openai_like"), "openai"),
    **dict.fromkeys(("mistral", "mistralai", "codestral"), "mistral"),
    **dict.fromkeys(("deepseek", "deepseek-ai"), "deepseek"),
    **dict.fromkeys(("x-ai", "xai"), "x-ai"),
    **dict.fromkeys(("moonshot", "moonshotai"), "moonshotai"),
    **dict.fromkeys(("zai", "z-ai", "zai-org"), "zai"),
    **dict.fromkeys(("zhipuai", "zhipu", "bigmodel"), "zhipuai"),
    **dict.fromkeys(("dashscope", "qwencloud", "alibaba", "aliyun", "bailian", "qwen"), "alibaba"),
    **dict.fromkeys(("volcengine", "volcano", "ark", "bytedance", "doubao"), "volcengine"),
    **dict.fromkeys(("tencent", "tencentcloud", "hunyuan"), "tencent"),
    **dict.fromkeys(("together", "together_ai", "togetherai"), "together"),
    **dict.fromkeys(("fireworks", "fireworks_ai"), "fireworks"),
    **dict.fromkeys(("github_copilot", "github-copilot"), "github-copilot"),
    **dict.fromkeys(("cohere", "cohere_chat"), "cohere"),
    **dict.fromkeys(("voyage", "voyageai"), "voyageai"),
    **{each: each for each in ("anthropic", "groq", "perplexity", "cerebras", "minimax", "cursor", "databricks")},
    **{each: each for each in ("novita", "cloudflare", "openrouter", "ovhcloud")},
}
OWN_HARDWARE = frozenset(
    {"hosted_vllm", "vllm", "ollama", "ollama_chat", "lm_studio", "llamafile", "sagemaker", "sagemaker_chat"}
    | {"xinference", "triton", "docker_model_runner", "lemonade", "petals", "oobabooga"}
)
"""What runs where the company itself pays for the machines: no list has a price for that."""

LAST_ONLY = frozenset({"aws", "azure", "google"})
"""Sellers whose names carry regions and folders before the model."""

MAKER_SELLS = {"google": "", "github-copilot": "", "cursor": "", "zhipuai": "zai", "zai": "zhipuai"}
"""Where else a model is looked for: "" is by its own name, whoever makes it."""

_BEDROCK = re.compile(r"(?:(?:us|eu|apac|au|jp|in|ca|sa|us-gov|global)\.)?[a-z0-9]+\.[a-z0-9-]+[a-z].*")
_BEDROCK_MAKERS = frozenset({"anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "openai", "qwen"})
_ARN = re.compile(r"arn:aws[\w-]*:bedrock:[\w-]*:\d*:(?P<kind>[\w-]+)/(?P<name>.+)")
_FREE = ":free"
_VARIANT = re.compile(r"(?::(?:online|nitro|floor|exacto|extended|thinking|beta)|\[1m\])$")
_BATCH = re.compile(r"-batch$")
_EFFORT = re.compile(r"-(?:x?high|medium|low|minimal|none|thinking|max|latest|preview|fast)$")
_CLAUDE = re.compile(
    r"(?:claude-)?(?:(?P<number>\d+(?:[.-]\d)?)-(?P<family>opus|sonnet|haiku)|"
    r"(?P<family2>opus|sonnet|haiku)-(?P<number2>\d+(?:[.-]\d)?))(?P<rest>(?:-.*)?)"
)


@dataclass(frozen=True, slots=True)
class ModelForm:
    """One reading of a model's name.

    Args:
        seller: who sells it, as genai-prices calls them; "" if the name does not say.
        name: the model's name there.
        tier: "batch" or "fast" if the name says so, "free" if it says that it costs nothing; else "".
    """

    seller: str
    name: str
    tier: str = ""


@lru_cache(maxsize=4096)
def forms(model: str) -> tuple[ModelForm, ...]:
    """The readings of a model's name, the most literal one first; none if nobody but the company can know a price.

    Only what stands in a closed list is cut off, and only after the longer name: `qwen-max` and `grok-4-fast` are
    models, `gpt-5.5-high` is `gpt-5.5` at a high effort.
    """
    said = "-".join(model.split())
    found: list[ModelForm] = []
    for seller, name, tier in _sold(said):
        readings = list(_loud(name))
        if "free" not in {hint for _, hint in readings}:
            readings += [(name, tier), *_shorter(name, tier)]
        found += [ModelForm(seller, each, hint) for each, hint in readings]
        if seller in MAKER_SELLS:
            found += [ModelForm(MAKER_SELLS[seller], each, hint) for each, hint in readings]
    return tuple(dict.fromkeys(found))


def is_own_hardware(model: str) -> bool:
    """Whether a name says that a model runs on machines of the company."""
    return model.partition("/")[0].lower() in OWN_HARDWARE


def _sold(said: str) -> Iterator[tuple[str, str, str]]:
    """Who sells it, the name there, and what the name says of the tier."""
    lower = said.lower()
    tier = "batch" if lower.startswith("batch/") else ""
    said = said[len("batch/") :] if tier else said
    arn = _ARN.fullmatch(said.removeprefix("bedrock/").removeprefix("converse/"))
    if arn:
        if arn["kind"] in ("foundation-model", "inference-profile"):
            yield "aws", arn["name"], tier
        return  # any other ARN names something of the account's own
    head, slash, rest = said.partition("/")
    head = head.lower()
    if not slash:
        if _is_bedrock(lower):
            yield "aws", said, tier
        elif lower.startswith("ft:"):
            yield "openai", said, tier
        else:
            yield "", said, tier
            yield from _by_family(lower, tier)
    elif head in OWN_HARDWARE:
        return
    elif head in SELLERS:
        seller = SELLERS[head]
        yield seller, rest.rpartition("/")[2] if seller in LAST_ONLY else rest, tier
    else:
        yield "", said, tier  # "accounts/fireworks/models/x", and whatever the list itself understands


def _is_bedrock(lower: str) -> bool:
    parts = lower.split(".")
    return _BEDROCK.fullmatch(lower) is not None and not _BEDROCK_MAKERS.isdisjoint(parts[:2])


def _by_family(lower: str, tier: str) -> Iterator[tuple[str, str, str]]:
    """Who makes it, where a list finds it only under its maker."""
    if lower.startswith("glm-"):
        yield "zhipuai", lower, tier
    elif lower.startswith(("text-embedding-", "gpt-", "o1", "o3", "o4", "codex-")):
        yield "openai", lower, tier


def _loud(name: str) -> Iterator[tuple[str, str]]:
    """The readings that come before the name itself: lists compare beginnings, and would overlook its end."""
    lower = name.lower()
    if lower.endswith(_FREE):
        yield lower.removesuffix(_FREE), "free"
    elif "claude" in lower and lower.endswith("-fast"):
        yield lower.removesuffix("-fast"), "fast"


def _shorter(name: str, tier: str) -> Iterator[tuple[str, str]]:
    """The same name without what only says how a model was used, one cut after the other."""
    lower = name.lower()
    while True:
        claude = _CLAUDE.fullmatch(lower)
        if claude:
            number = (claude["number"] or claude["number2"]).replace(".", "-")
            canonical = f"claude-{claude['family'] or claude['family2']}-{number}{claude['rest']}"
            older = f"claude-{number}-{claude['family'] or claude['family2']}{claude['rest']}"
            yield canonical, tier
            yield older, tier
        shorter = _VARIANT.sub("", lower)
        if shorter == lower and _BATCH.search(lower):
            shorter, tier = _BATCH.sub("", lower), "batch"
        if shorter == lower:
            shorter = _EFFORT.sub("", lower)
            tier = "fast" if lower.endswith("-fast") else tier
        if shorter == lower:
            return
        lower = shorter
        yield lower, tier
