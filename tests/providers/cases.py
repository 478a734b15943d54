"""The providers that run the contract suite: how each is stood up beside its fake. A new one is a line in CASES."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from bot.http import Patience
from bot.providers.agentcore import AgentCore
from bot.providers.alibaba import Alibaba
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.anthropic.enterprise import ClaudeEnterprise
from bot.providers.anthropic.gateway import MALFORMED as MALFORMED_AT_GATEWAY
from bot.providers.anthropic.gateway import ClaudeGateway
from bot.providers.azure import Azure
from bot.providers.base import Provider
from bot.providers.cursor import CallRates, Cursor
from bot.providers.devin import Devin
from bot.providers.files.provider import Files
from bot.providers.github_copilot import GitHubCopilot
from bot.providers.helicone import Helicone
from bot.providers.langfuse import Langfuse
from bot.providers.litellm.provider import MALFORMED, LiteLLM
from bot.providers.mistral import Mistral
from bot.providers.openai.chatgpt import ChatGPT
from bot.providers.openai.platform import OpenAI
from bot.providers.openrouter.provider import OpenRouter
from bot.providers.tencent import Tencent
from bot.providers.vercel import Vercel
from bot.providers.vertex import Vertex
from bot.providers.volcengine import Volcengine
from bot.providers.xai import XAI
from storage.charges import Charge
from storage.limits import Subject
from tests.support.fakes.agentcore import FakeAgentCore
from tests.support.fakes.alibaba import FakeAlibaba
from tests.support.fakes.anthropic import FakeAnthropic
from tests.support.fakes.anthropic_console import FakeClaudeConsole
from tests.support.fakes.anthropic_enterprise import FakeClaudeEnterprise
from tests.support.fakes.azure import FakeAzure, resource_of
from tests.support.fakes.chatgpt import FakeChatGPT
from tests.support.fakes.claude_gateway import FakeClaudeGateway
from tests.support.fakes.cursor import FakeCursor
from tests.support.fakes.devin import FakeDevin
from tests.support.fakes.folder import Folder
from tests.support.fakes.github import FakeGitHub
from tests.support.fakes.helicone import FakeHelicone
from tests.support.fakes.langfuse import FakeLangfuse
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.loopback import Heard, Loopback
from tests.support.fakes.mistral import FakeMistral
from tests.support.fakes.openai import FakeOpenAI
from tests.support.fakes.openrouter import FakeOpenRouter
from tests.support.fakes.tencent import FakeTencent
from tests.support.fakes.vercel import FakeVercel
from tests.support.fakes.vertex import FakeVertex
from tests.support.fakes.volcengine import FakeVolcengine
from tests.support.fakes.xai import FakeXAI

FAST = 10**6
AZURE_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLATFORM = "fade7cc2-70f1-441e-8f49-f47774cee9ee"
LAPTOP = "f772d0c89a63fb345a4dbf887eb381b0eb5fa8f9ce7e6b1aa814931ecd369e52"


def told_elsewhere(_fake: Any, _day: date, _user: str, _dollars: Decimal, _tokens: int) -> None:
    """Of a provider that reports no usage."""


@dataclass(frozen=True, slots=True)
class Case:
    """A provider and its fake.

    Args:
        fake: makes the fake; it is entered as a context.
        make: makes the provider that speaks to that fake.
        use: says in the fake what a user used on a day: (fake, day, user, dollars, tokens). Said again for the same day
            and user it is restated. The user is there from then on. `told_elsewhere` where no usage is reported.
        secret: what must never be shown: the provider's key in the fake, or a text that is none of our business.
        subjects: somebody there of each kind whose limit can be set.
        paused: somebody there who can be paused, None if nobody can.
        questions: the paths of questions that are asked by another method than GET.
        asks: whether a request is a question, where neither its method nor its path says so.
        tries: what `check` sends to learn whether it might write: bodies that cannot be carried out, by path.
        is_asked: whether it is asked over a network, which can fail in ways of its own.
        named: what a user stands under in a cell, where that is more than their name.
        figure: what a cell says of what was used, as nanos of a dollar: its cost.
        odd_each_day: whether what is odd is there on every day that is asked for, such as in running totals.
    """

    fake: Callable[[], Loopback | Folder]
    make: Callable[[Any, Patience], Provider]
    use: Callable[[Any, date, str, Decimal, int], None]
    secret: Callable[[Any], str]
    subjects: tuple[Subject, ...] = ()
    paused: Subject | None = None
    questions: frozenset[str] = frozenset()
    asks: Callable[[Heard], bool] = lambda _heard: False
    tries: Mapping[str, object] = field(default_factory=dict)
    is_asked: bool = True
    odd_each_day: bool = False
    named: Callable[[str], str] = lambda user: user
    figure: Callable[[Charge], int] = lambda cell: cell.cost_nanos or 0

    def changes(self, heard: Heard) -> bool:
        """Whether a request is an order rather than a question."""
        if self.asks(heard):
            return False
        if heard.body and heard.path in self.tries and json.loads(heard.body) == self.tries[heard.path]:
            return False
        return heard.method != "GET" and heard.path not in self.questions


def _litellm_use(fake: FakeLiteLLM, day: date, user: str, dollars: Decimal, tokens: int) -> None:
    spend = float(dollars)
    fake.add_usage(day, user, f"{user}@acme.test", f"{user:0>64}", user, None, "openai/gpt-x", spend, tokens, tokens)


def _claude_use(fake: FakeAnthropic, day: date, user: str, dollars: Decimal, tokens: int) -> None:
    fake.join(user, f"{user}@acme.test", user)
    fake.use(day, user, dollars, tokens)


def _cursor_use(fake: FakeCursor, day: date, user: str, dollars: Decimal, tokens: int) -> None:
    fake.state.events = [
        event for event in fake.state.events if (event["userEmail"], event["day"]) != (user, day.isoformat())
    ]
    noon = datetime.combine(day, time(12), UTC)
    fake.use(
        noon, user, "gpt-x", float(dollars * 100), {"inputTokens": tokens, "outputTokens": tokens}, day=day.isoformat()
    )


def _copilot_use(fake: FakeGitHub, day: date, user: str, dollars: Decimal, _tokens: int) -> None:
    if user not in fake.state.seats:
        fake.add_seat(user)
    fake.use(day, user, "GPT-X", float(dollars))


def _openrouter_use(fake: FakeOpenRouter, day: date, user: str, dollars: Decimal, tokens: int) -> None:
    fake.add_member(f"user_{user}", user, user, None)
    fake.use(day, fake.key_of(f"user_{user}"), "openai/gpt-x", float(dollars), tokens, tokens)


def of_tokens(cell: Charge) -> int:
    """Of who tells tokens only: a million nanos for each that was put in; the fake counts a thousand for a dollar."""
    return cell.tokens_input * 10**6


MADE_UP = frozenset({"sample"})
"""Kinds that no case can be made for: nobody can tell them what somebody used. test_sample.py holds what they keep."""

CASES: Mapping[str, Case] = {
    "agentcore": Case(
        FakeAgentCore,
        lambda fake, patience: AgentCore(
            "agentcore",
            fake.url,
            fake.key,
            fake.account,
            "AGENTCORE_KEY",
            lambda: fake.linked,
            lambda: fake.now,
            patience,
            None,
        ),
        told_elsewhere,
        lambda fake: str(fake.secret),
        paused=Subject("user", "sub-dana"),
    ),
    "alibaba": Case(
        FakeAlibaba,
        lambda fake, patience: Alibaba(
            "alibaba", fake.url, fake.secret, fake.key_id, "ALIBABA_KEY", lambda: fake.now, patience, None
        ),
        FakeAlibaba.use,
        lambda fake: str(fake.secret),
        paused=Subject("key", "1001"),
    ),
    "chatgpt-enterprise": Case(
        FakeChatGPT,
        lambda fake, patience: ChatGPT(
            "chatgpt", fake.base, fake.key, fake.workspace, Decimal("0.04"), patience=patience, calls_per_minute=None
        ),
        FakeChatGPT.use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "user-dana"),),
        paused=Subject("user", "user-dana"),
    ),
    "chatgpt-enterprise with its log of costs": Case(
        FakeChatGPT,
        lambda fake, patience: ChatGPT(
            "chatgpt",
            fake.base,
            fake.key,
            f"{fake.workspace}/{fake.organization}",
            Decimal("0.04"),
            patience=patience,
            calls_per_minute=None,
            now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        ),
        FakeChatGPT.use,
        lambda fake: str(fake.key),
    ),
    "anthropic-console": Case(
        FakeClaudeConsole,
        lambda fake, patience: ClaudeConsole(
            "console", fake.url, fake.key, "CONSOLE_KEY", lambda: fake.now, patience, calls_per_minute=60_000
        ),
        _claude_use,
        lambda fake: str(fake.key),
        subjects=(Subject("team", "wrkspc_01Search"), Subject("organization", "")),
        paused=Subject("key", "apikey_01Dana"),
    ),
    "anthropic-enterprise": Case(
        FakeClaudeEnterprise,
        lambda fake, patience: ClaudeEnterprise(
            "claude", fake.url, fake.key, "CLAUDE_KEY", lambda: fake.now, patience, calls_per_minute=60_000
        ),
        _claude_use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "user_01Dana"),),
    ),
    "claude-gateway": Case(
        FakeClaudeGateway,
        lambda fake, patience: ClaudeGateway(
            "gateway",
            fake.url,
            fake.key,
            "GATEWAY_KEY",
            lambda: fake.now,
            fake.told,
            patience,
            calls_per_minute=60_000,
        ),
        FakeClaudeGateway.use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "sub-dana"), Subject("team", "eng")),
        paused=Subject("user", "sub-dana"),
        tries={"/v1/organizations/spend_limits": MALFORMED_AT_GATEWAY},
        odd_each_day=True,
    ),
    "tencent": Case(
        FakeTencent,
        lambda fake, patience: Tencent(
            "tencent", fake.url, fake.secret, fake.secret_id, "TENCENT_KEY", lambda: fake.now, patience, None
        ),
        FakeTencent.use,
        lambda fake: str(fake.secret),
        subjects=(Subject("key", "ak-dana"),),
        paused=Subject("key", "ak-dana"),
        asks=FakeTencent.asks,
        figure=of_tokens,
    ),
    "volcengine": Case(
        FakeVolcengine,
        lambda fake, patience: Volcengine(
            "volcengine", fake.url, fake.secret, fake.key_id, "VOLCENGINE_KEY", lambda: fake.now, patience, None
        ),
        FakeVolcengine.use,
        lambda fake: str(fake.secret),
        paused=Subject("key", "ep-dana"),
        asks=FakeVolcengine.asks,
        odd_each_day=True,
        figure=of_tokens,
    ),
    "cursor": Case(
        FakeCursor,
        lambda fake, patience: Cursor("cur", fake.url, fake.key, patience=patience, rates=CallRates(FAST, FAST, FAST)),
        _cursor_use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "ana@acme.example"),),
        paused=Subject("user", "bo@acme.example"),
        questions=frozenset({"/teams/spend", "/teams/filtered-usage-events", "/teams/daily-usage-data"}),
    ),
    "devin": Case(
        FakeDevin,
        lambda fake, patience: Devin("devin", fake.url, fake.key, Decimal(1), "DEVIN_KEY", patience, None),
        FakeDevin.use,
        lambda fake: str(fake.key),
        subjects=(Subject("team", "org-platform"),),
    ),
    "files": Case(
        Folder,
        lambda fake, _patience: Files("files", f"{fake.path}/*.csv"),
        Folder.use,
        lambda fake: str(fake.prompt),
        is_asked=False,
    ),
    "github-copilot": Case(
        FakeGitHub,
        lambda fake, patience: GitHubCopilot(
            "ghc", fake.url, fake.key, "acme", patience=patience, calls_per_minute=FAST
        ),
        _copilot_use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "octocat"), Subject("organization", "")),
        paused=Subject("user", "bo-li"),
    ),
    "litellm": Case(
        FakeLiteLLM,
        lambda fake, patience: LiteLLM("llm", fake.url, fake.key, patience=patience),
        _litellm_use,
        lambda fake: str(fake.key),
        subjects=(
            Subject("user", "alice"),
            Subject("key", LAPTOP),
            Subject("team", PLATFORM),
            Subject.of_member(PLATFORM, "alice"),
        ),
        paused=Subject("user", "alice"),
        tries=MALFORMED,
    ),
    "openai": Case(
        FakeOpenAI,
        lambda fake, patience: OpenAI("openai", fake.base, fake.key, patience=patience, calls_per_minute=None),
        FakeOpenAI.use,
        lambda fake: str(fake.key),
        subjects=(Subject("team", "proj_main"), Subject("organization", "")),
        paused=Subject("team", "proj_main"),
    ),
    "openrouter": Case(
        FakeOpenRouter,
        lambda fake, patience: OpenRouter("or", fake.url, fake.key, patience=patience, calls_per_minute=FAST),
        _openrouter_use,
        lambda fake: str(fake.key),
        subjects=(Subject("key", f"{1:064x}"), Subject("user", "ana@acme.example")),
        paused=Subject("user", "bo@acme.example"),
        questions=frozenset({"/analytics/query"}),
    ),
    "azure": Case(
        FakeAzure,
        lambda fake, patience: Azure(
            "azure", fake.url, fake.key, fake.account, "AZURE_KEY", lambda: AZURE_NOW, patience, None
        ),
        FakeAzure.use,
        lambda fake: str(fake.key),
        asks=FakeAzure.asks,
        named=lambda user: resource_of(user).lower(),
    ),
    "helicone": Case(
        FakeHelicone,
        lambda fake, patience: Helicone("helicone", fake.url, fake.key, "HELICONE_KEY", patience, None),
        FakeHelicone.use,
        lambda fake: str(fake.key),
        questions=frozenset({"/v1/user/metrics/query"}),
    ),
    "langfuse": Case(
        FakeLangfuse,
        lambda fake, patience: Langfuse("langfuse", fake.url, fake.key, fake.public, "LANGFUSE_KEY", patience, None),
        FakeLangfuse.use,
        lambda fake: str(fake.key),
    ),
    "mistral": Case(
        FakeMistral,
        lambda fake, patience: Mistral("mistral", fake.url, fake.key, "MISTRAL_KEY", patience, None),
        FakeMistral.use,
        lambda fake: str(fake.key),
        subjects=(Subject("organization", ""),),
    ),
    "vercel": Case(
        FakeVercel,
        lambda fake, patience: Vercel(
            "vercel", fake.url, fake.token, fake.team, "VERCEL_KEY", fake.key, "GATEWAY_KEY", patience, None
        ),
        FakeVercel.use,
        lambda fake: str(fake.key),
        subjects=(Subject("user", "uid-dana"), Subject("team", "prj_shop"), Subject("organization", "")),
    ),
    "vertex": Case(
        FakeVertex,
        lambda fake, patience: Vertex(
            "vertex", fake.url, fake.key, fake.account, "GOOGLE_KEY", lambda: fake.now, patience, None
        ),
        told_elsewhere,
        lambda fake: str(fake.token),
        subjects=(Subject("team", "4711"),),
        asks=FakeVertex.asks,
    ),
    "xai": Case(
        FakeXAI,
        lambda fake, patience: XAI("xai", fake.url, fake.key, "", "XAI_KEY", patience, None),
        FakeXAI.use,
        lambda fake: str(fake.key),
        subjects=(Subject("organization", ""),),
        paused=Subject("key", "key-dana"),
        asks=FakeXAI.asks,
    ),
}
