"""What each program tells, and how it counts: a table for each, from the names on the wire to our kinds of tokens.

Seen in bodies that the real programs sent (Claude Code 2.1.332, Codex CLI 0.171.0, Gemini CLI 0.61.0), in Qwen Code's
documentation of its telemetry (QwenLM/qwen-code, docs/developers/development/telemetry.md; it speaks to models as
OpenAI does, whose output includes reasoning), and in the semantic conventions of OpenTelemetry for generative AI. A
kind that another one includes is taken out of it again: the input of Codex and Gemini includes what was read from a
cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Factors = Mapping[str, int]

_INPUT: Factors = {"tokens_input": 1}
_READ: Factors = {"tokens_cache_read": 1}
_READ_OF_INPUT: Factors = {"tokens_cache_read": 1, "tokens_input": -1}
_WRITTEN: Factors = {"tokens_cache_write_5m": 1}
_WRITTEN_1H: Factors = {"tokens_cache_write_1h": 1}
_WRITTEN_OF_INPUT: Factors = {"tokens_cache_write_5m": 1, "tokens_input": -1}
_OUTPUT: Factors = {"tokens_output": 1}
_REASONING_OF_OUTPUT: Factors = {"tokens_reasoning": 1}
_REASONING: Factors = {"tokens_output": 1, "tokens_reasoning": 1}
_DOLLARS: Factors = {"cost_nanos": 1}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that counts.

    Args:
        kind: the attribute that says which kind of tokens a point is of, "" where there is one only.
        factors: how a point of each kind counts. What is not named is passed over, such as a total.
        dollars: its values are US dollars.
    """

    kind: str
    factors: Mapping[str, Factors]
    dollars: bool = False


@dataclass(frozen=True, slots=True)
class EventKind:
    """A log record that tells of one request.

    Args:
        factors: how each of its attributes counts.
        dollars: the attribute with the cost in US dollars, "" if there is none.
        needs: an attribute that it must have; there may be others of the same name.
        instead: attributes that only count where others are missing, each with those.
    """

    factors: Mapping[str, Factors]
    dollars: str = ""
    needs: str = ""
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """What a program calls things.

    Args:
        metrics: by name.
        events: by the attribute event.name, without the program's own prefix.
        prefix: of its events.
        own: how its services and scopes begin; what is told there by other names is told a second time.
    """

    metrics: Mapping[str, Metric]
    events: Mapping[str, EventKind] = field(default_factory=dict)
    prefix: str = ""
    own: tuple[str, ...] = ()


def _like_gemini(prefix: str, own: tuple[str, ...], reasoning: Factors) -> Names:
    """What Gemini CLI tells, and Qwen Code, which was made from it; they count reasoning in their own ways."""
    return Names(
        metrics={
            f"{prefix}token.usage": Metric(
                "type",
                {
                    "input": _INPUT,
                    "output": _OUTPUT,
                    "cache": _READ_OF_INPUT,
                    "thought": reasoning,
                    "tool": _INPUT,
                },
            )
        },
        events={
            "api_response": EventKind(
                {
                    "input_token_count": _INPUT,
                    "output_token_count": _OUTPUT,
                    "cached_content_token_count": _READ_OF_INPUT,
                    "thoughts_token_count": reasoning,
                    "tool_token_count": _INPUT,
                },
                needs="input_token_count",
            )
        },
        prefix=prefix,
        own=own,
    )


NAMES: Mapping[str, Names] = {
    "claude-code": Names(
        metrics={
            "claude_code.token.usage": Metric(
                "type", {"input": _INPUT, "output": _OUTPUT, "cacheRead": _READ, "cacheCreation": _WRITTEN}
            ),
            "claude_code.cost.usage": Metric("", {"": _DOLLARS}, dollars=True),
        },
        events={
            "api_request": EventKind(
                {
                    "input_tokens": _INPUT,
                    "output_tokens": _OUTPUT,
                    "cache_read_tokens": _READ,
                    "cache_creation_5m_tokens": _WRITTEN,
                    "cache_creation_1h_tokens": _WRITTEN_1H,
                    "cache_creation_tokens": _WRITTEN,
                },
                dollars="cost_usd",
                needs="input_tokens",
                instead={"cache_creation_tokens": ("cache_creation_5m_tokens", "cache_creation_1h_tokens")},
            )
        },
        prefix="claude_code.",
        own=("claude-code", "com.anthropic.claude_code"),
    ),
    "codex": Names(
        metrics={
            "codex.turn.token_usage": Metric(
                "token_type",
                {
                    "input": _INPUT,
                    "cached_input": _READ_OF_INPUT,
                    "cache_write_input": _WRITTEN_OF_INPUT,
                    "output": _OUTPUT,
                    "reasoning_output": _REASONING_OF_OUTPUT,
                },
            )
        },
        events={
            "sse_event": EventKind(
                {
                    "input_token_count": _INPUT,
                    "cached_token_count": _READ_OF_INPUT,
                    "cache_write_token_count": _WRITTEN_OF_INPUT,
                    "output_token_count": _OUTPUT,
                    "reasoning_token_count": _REASONING_OF_OUTPUT,
                },
                needs="input_token_count",
            )
        },
        prefix="codex.",
        own=("codex",),
    ),
    "gemini-cli": _like_gemini("gemini_cli.", ("gemini-cli", "gemini_cli"), _REASONING),
    "qwen-code": _like_gemini("qwen-code.", ("qwen-code",), _REASONING_OF_OUTPUT),
    "gen-ai": Names(
        metrics={
            "gen_ai.client.token.usage": Metric(
                "gen_ai.token.type", {"input": _INPUT, "output": _OUTPUT, "completion": _OUTPUT}
            ),
        }
    ),
}
"""By the program's name in PROGRAMS (handlers/policy)."""

BY_METRIC: Mapping[str, tuple[str, Metric]] = {
    name: (program, metric) for program, names in NAMES.items() for name, metric in names.metrics.items()
}
BY_EVENT: Mapping[str, tuple[str, EventKind]] = {
    names.prefix + name: (program, event) for program, names in NAMES.items() for name, event in names.events.items()
}

SPANS_OF = "gen-ai"
"""The program whose spans may count."""
SPAN_TOKENS: Mapping[str, tuple[str, ...]] = {
    "input": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "output": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "cache_read": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached",
        "llm.token_count.prompt_details.cache_read",
        "ai.usage.cachedInputTokens",
    ),
    "cache_write": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "ai.usage.reasoningTokens",
    ),
}
"""The attributes of a span that says what a call used, the newest name first. They are those of OpenTelemetry's
conventions for generative AI, now and before their version 1.27 (open-telemetry/semantic-conventions, docs/gen-ai), of
OpenLLMetry (traceloop/openllmetry, SpanAttributes), of OpenInference (Arize-ai/openinference, semantic_conventions.md)
and Vercel's AI SDK (ai-sdk.dev, telemetry), whose outer spans say the sum of the inner ones by other names."""
SPAN_FACTORS: Mapping[str, Factors] = {
    "input": _INPUT,
    "output": _OUTPUT,
    "cache_read": _READ_OF_INPUT,
    "cache_write": _WRITTEN_OF_INPUT,
    "reasoning": _REASONING_OF_OUTPUT,
}
SPAN_FACTORS_BESIDE: Mapping[str, Factors] = {**SPAN_FACTORS, "cache_read": _READ, "cache_write": _WRITTEN}
"""The same where the input is less than what was cached, so that it cannot include it."""
NO_CALLS: Mapping[str, tuple[str, ...]] = {
    "gen_ai.operation.name": ("invoke_", "create_", "execute_"),
    "openinference.span.kind": ("CHAIN", "AGENT", "TOOL", "RETRIEVER", "RERANKER", "GUARDRAIL", "EVALUATOR"),
    "traceloop.span.kind": ("workflow", "task", "agent", "tool"),
    "langsmith.span.kind": ("chain", "tool", "retriever", "prompt", "parser"),
}
"""How attributes begin of spans that are no call of a model, but say what those within them used together."""

# The attributes that are read, and what each is for. All others are dropped unread: prompts, responses, arguments.
MODEL = ("model", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name")
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "skill": ("skill.name",),
    "subagent": ("agent.name", "gen_ai.agent.name"),
    "mcp_server": ("mcp_server.name",),
    "source": ("query_source", "role"),
    "effort": ("effort",),
}
SPEED = "speed"
FAST = "fast"
EMAIL, USER_IDS = "user.email", ("user.account_id", "user.account_uuid", "user.id", "installation.id")
SERVICE, EVENT_NAME = "service.name", "event.name"
ALLOWED = frozenset(
    {
        *MODEL,
        *(name for names in DIMENSIONS.values() for name in names),
        *(metric.kind for _, metric in BY_METRIC.values() if metric.kind),
        *(name for names in SPAN_TOKENS.values() for name in names),
        *NO_CALLS,
        *(name for _, event in BY_EVENT.values() for name in (*event.factors, event.dollars, event.needs) if name),
        SPEED,
        EMAIL,
        *USER_IDS,
        SERVICE,
        EVENT_NAME,
    }
)

NEVER = (
    *("prompt", "response", "process.command", "tool_"),
    *("gen_ai.input.", "gen_ai.output.", "gen_ai.system_instructions", "gen_ai.prompt", "gen_ai.completion"),
)
"""How attributes begin that may hold what people wrote: not even what tells one series from another is made of them."""


def is_own(program: str, service: str, scope: str) -> bool:
    """Whether a service or scope is a program's own."""
    return any(service.startswith(each) or scope.startswith(each) for each in NAMES[program].own)
