"""The kinds of providers that app.yaml can name: an entry each. Settings, building, tests and docs go by it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import cast

from bot.providers.base import Provider
from bot.providers.files.settings import FileRules
from bot.providers.running_totals import Told
from bot.texts import t
from handlers.language import N_


def _named(module: str, kind: str) -> Callable[..., Provider]:
    """A class of providers that is only loaded where one is made: what app.yaml does not name, nobody waits for."""
    return lambda *said, **named: cast("Provider", getattr(import_module(module), kind)(*said, **named))


AgentCore = _named("bot.providers.agentcore", "AgentCore")
Alibaba = _named("bot.providers.alibaba", "Alibaba")
Azure = _named("bot.providers.azure", "Azure")
ClaudeConsole = _named("bot.providers.anthropic.console", "ClaudeConsole")
ClaudeEnterprise = _named("bot.providers.anthropic.enterprise", "ClaudeEnterprise")
ClaudeGateway = _named("bot.providers.anthropic.gateway", "ClaudeGateway")
Cursor = _named("bot.providers.cursor", "Cursor")
Devin = _named("bot.providers.devin", "Devin")
Files = _named("bot.providers.files.provider", "Files")
FilesWithLog = _named("bot.providers.files.provider", "FilesWithLog")
GitHubCopilot = _named("bot.providers.github_copilot", "GitHubCopilot")
Helicone = _named("bot.providers.helicone", "Helicone")
Langfuse = _named("bot.providers.langfuse", "Langfuse")
LiteLLM = _named("bot.providers.litellm.provider", "LiteLLM")
Mistral = _named("bot.providers.mistral", "Mistral")
ChatGPT = _named("bot.providers.openai.chatgpt", "ChatGPT")
OpenAI = _named("bot.providers.openai.platform", "OpenAI")
OpenRouter = _named("bot.providers.openrouter.provider", "OpenRouter")
Prepaid = _named("bot.providers.prepaid", "Prepaid")
Sample = _named("bot.providers.sample.provider", "Sample")
Tencent = _named("bot.providers.tencent", "Tencent")
Vercel = _named("bot.providers.vercel", "Vercel")
Vertex = _named("bot.providers.vertex", "Vertex")
Volcengine = _named("bot.providers.volcengine", "Volcengine")
XAI = _named("bot.providers.xai", "XAI")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a provider is opened with; each kind takes what it needs.

    Args:
        name: the name under which app.yaml lists it.
        url: where it is.
        key: its secret key, "" if it needs none.
        key_name: the environment variable that the key is in; sentences call it so.
        account: the organization, enterprise or workspace, "" if it needs none.
        file: which files, "" if it reads none.
        credit: what a credit costs in US dollars, None if it does not count in them or that is not known.
        now: the clock.
        files: what app.yaml says about the files.
        told: what the ledger holds of it.
        reports_key: the secret key of its reports, "" if the other one opens them.
        reports_key_name: the environment variable that this one is in.
        linked: the ids of the users there who are linked, for one that has no list of its users.
    """

    name: str
    url: str
    key: str
    key_name: str
    account: str
    file: str
    credit: Decimal | None
    now: Callable[[], datetime]
    files: FileRules = field(default_factory=FileRules)
    told: Told = lambda _first, _last: {}
    reports_key: str = ""
    reports_key_name: str = ""
    linked: Callable[[], Iterable[str]] = tuple


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One kind: how it is made, and what app.yaml has to say of it and what it need not.

    Args:
        service: what people call it.
        page: its heading in docs/reference/providers.md.
        make: opens one.
        url: where it is unless app.yaml says otherwise, "" if only app.yaml can know.
        key: the environment variable of its key unless app.yaml says otherwise, "" if it needs none.
        account: what `account:` must hold, such as "the workspace id", "" if it is not needed.
        file: whether it is read from files that `file:` names.
        days_back: days that are read again each time unless app.yaml says otherwise.
        credit: what a credit costs in US dollars if it counts in them at a price of its own, None if not.
        reports_key: the environment variable of a second key, which opens its reports, "" if the first does.
        read: when it is read unless app.yaml says otherwise, as a cron line.
    """

    service: str
    page: str
    make: Callable[[Opening], Provider]
    url: str = ""
    key: str = ""
    account: str = ""
    file: bool = False
    days_back: int = 3
    credit: Decimal | None = None
    reports_key: str = ""
    read: str = "*/10 * * * *"

    def missing(self, url: str, account: str, file: str) -> list[str]:
        """What app.yaml still has to say, each as the setting to write."""
        lacking = []
        if self.key and not (url or self.url):
            lacking.append(t("url (where it is, such as http://127.0.0.1:4000)"))
        if self.account and not account:
            lacking.append(t("account ({what})", what=t(self.account)))
        if self.file and not file:
            lacking.append(t("file (which files, such as usage/*.csv)"))
        return lacking


PROVIDERS: Mapping[str, ProviderKind] = {
    "agentcore": ProviderKind(
        "Amazon Bedrock AgentCore",
        "Amazon Bedrock AgentCore gateway",
        lambda its: AgentCore(its.name, its.url, its.key, its.account, its.key_name, its.linked, its.now),
        key="AGENTCORE_ACCESS_KEY",
        account=N_("the gateway's id"),
    ),
    "alibaba": ProviderKind(
        "Alibaba Cloud Model Studio",
        "Alibaba Cloud Model Studio",
        lambda its: Alibaba(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://modelstudio.cn-beijing.aliyuncs.com",
        key="ALIBABA_SECRET_KEY",
        account=N_("the AccessKey ID"),
        days_back=7,  # the bill of a month is final some days after its end
    ),
    "anthropic-console": ProviderKind(
        "Claude Console",
        "Claude Console",
        lambda its: ClaudeConsole(its.name, its.url, its.key, its.key_name, its.now),
        url="https://api.anthropic.com",
        key="ANTHROPIC_ADMIN_KEY",
    ),
    "anthropic-enterprise": ProviderKind(
        "Claude Enterprise",
        "Claude Enterprise",
        lambda its: ClaudeEnterprise(its.name, its.url, its.key, its.key_name, its.now),
        url="https://api.anthropic.com",
        key="ANTHROPIC_ENTERPRISE_KEY",
    ),
    "azure": ProviderKind(
        "Azure",
        "Azure AI Foundry",
        lambda its: Azure(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://management.azure.com",
        key="AZURE_CLIENT_SECRET",
        account=N_("the tenant, the application id and the scope, with slashes between them"),
        days_back=5,  # cost comes within a day, and the last days change
        read="40 */4 * * *",
    ),
    "chatgpt-enterprise": ProviderKind(
        "ChatGPT Enterprise",
        "ChatGPT Enterprise",
        lambda its: ChatGPT(its.name, its.url, its.key, its.account, its.credit, its.key_name, now=its.now),
        url="https://api.chatgpt.com/v1",
        key="CHATGPT_ADMIN_KEY",
        account=N_("the workspace's id"),
    ),
    "claude-gateway": ProviderKind(
        "Claude apps gateway",
        "Claude apps gateway",
        lambda its: ClaudeGateway(its.name, its.url, its.key, its.key_name, its.now, its.told),
        key="CLAUDE_GATEWAY_ADMIN_KEY",
    ),
    "cursor": ProviderKind(
        "Cursor",
        "Cursor",
        lambda its: Cursor(its.name, its.url, its.key, its.key_name, its.now),
        url="https://api.cursor.com",
        key="CURSOR_API_KEY",
    ),
    "deepseek": ProviderKind(
        "DeepSeek",
        "DeepSeek, Moonshot, Zhipu",
        lambda its: Prepaid("deepseek", its.name, its.url, its.key, its.key_name),
        url="https://api.deepseek.com",
        key="DEEPSEEK_API_KEY",
    ),
    "devin": ProviderKind(
        "Devin",
        "Devin",
        lambda its: Devin(its.name, its.url, its.key, its.credit, its.key_name),
        url="https://api.devin.ai",
        key="DEVIN_SERVICE_KEY",
    ),
    "files": ProviderKind(
        "Files",
        "Files",
        lambda its: (FilesWithLog if its.files.log else Files)(its.name, its.file, its.files, its.credit),
        file=True,
        days_back=35,  # a month may come in one file, after its end
    ),
    "github-copilot": ProviderKind(
        "GitHub Copilot",
        "GitHub Copilot",
        lambda its: GitHubCopilot(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://api.github.com",
        key="GITHUB_COPILOT_KEY",
        account=N_("the organization, or enterprises/ and the enterprise"),
        credit=Decimal("0.01"),
    ),
    "helicone": ProviderKind(
        "Helicone",
        "Helicone",
        lambda its: Helicone(its.name, its.url, its.key, its.key_name),
        url="https://api.helicone.ai",
        key="HELICONE_API_KEY",
    ),
    "langfuse": ProviderKind(
        "Langfuse",
        "Langfuse",
        lambda its: Langfuse(its.name, its.url, its.key, its.account, its.key_name),
        url="https://cloud.langfuse.com",
        key="LANGFUSE_SECRET_KEY",
        account=N_("the public key, which begins with pk-lf-"),
    ),
    "litellm": ProviderKind(
        "LiteLLM",
        "LiteLLM",
        lambda its: LiteLLM(its.name, its.url, its.key, its.key_name, now=its.now),
        key="LITELLM_API_KEY",
    ),
    "mistral": ProviderKind(
        "Mistral",
        "Mistral",
        lambda its: Mistral(its.name, its.url, its.key, its.key_name),
        url="https://api.mistral.ai",
        key="MISTRAL_ADMIN_KEY",
    ),
    "moonshot": ProviderKind(
        "Moonshot",
        "DeepSeek, Moonshot, Zhipu",
        lambda its: Prepaid("moonshot", its.name, its.url, its.key, its.key_name),
        url="https://api.moonshot.cn",
        key="MOONSHOT_API_KEY",
    ),
    "openai": ProviderKind(
        "OpenAI's API platform",
        "OpenAI, API platform",
        lambda its: OpenAI(its.name, its.url, its.key, its.key_name),
        url="https://api.openai.com/v1",
        key="OPENAI_ADMIN_KEY",
    ),
    "openrouter": ProviderKind(
        "OpenRouter",
        "OpenRouter",
        lambda its: OpenRouter(its.name, its.url, its.key, its.key_name),
        url="https://openrouter.ai/api/v1",
        key="OPENROUTER_API_KEY",
    ),
    "tencent": ProviderKind(
        "Tencent Cloud",
        "Tencent Cloud",
        lambda its: Tencent(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://tokenhub.tencentcloudapi.com",
        key="TENCENT_SECRET_KEY",
        account=N_("the SecretId"),
    ),
    "vercel": ProviderKind(
        "Vercel AI Gateway",
        "Vercel AI Gateway",
        lambda its: Vercel(
            its.name, its.url, its.key, its.account, its.key_name, its.reports_key, its.reports_key_name
        ),
        url="https://api.vercel.com",
        key="VERCEL_TOKEN",
        account=N_("the team's id, which begins with team_"),
        days_back=1,
        reports_key="AI_GATEWAY_API_KEY",
        read="20 */6 * * *",  # each report costs money
    ),
    "vertex": ProviderKind(
        "Google Cloud",
        "Google Cloud spend caps",
        lambda its: Vertex(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://billingbudgets.googleapis.com",
        key="GOOGLE_SERVICE_ACCOUNT_KEY",
        account=N_("the id of the billing account, such as 01A2B3-C4D5E6-F70819"),
    ),
    "volcengine": ProviderKind(
        "Volcengine Ark",
        "Volcengine Ark",
        lambda its: Volcengine(its.name, its.url, its.key, its.account, its.key_name, its.now),
        url="https://open.volcengineapi.com",
        key="VOLCENGINE_SECRET_KEY",
        account=N_("the access key id, and after a slash the projects"),
        days_back=5,  # the bill of a day comes by noon of the next, and at times later
    ),
    "xai": ProviderKind(
        "xAI",
        "xAI",
        lambda its: XAI(its.name, its.url, its.key, its.account, its.key_name),
        url="https://management-api.x.ai",
        key="XAI_MANAGEMENT_KEY",
    ),
    "zhipu": ProviderKind(
        "Zhipu",
        "DeepSeek, Moonshot, Zhipu",
        lambda its: Prepaid("zhipu", its.name, its.url, its.key, its.key_name),
        url="https://open.bigmodel.cn",
        key="ZHIPU_API_KEY",
    ),
    "sample": ProviderKind(
        "The sample company",
        "Sample",
        lambda its: Sample(its.name, now=its.now, memory=Path(its.file) if its.file else None),
    ),
}


def credit_price(providers: Iterable[tuple[str, Decimal | None]]) -> Decimal | None:
    """What a credit costs in US dollars where all count in the same credits; None where they cannot be counted.

    Args:
        providers: the kind of each, and what app.yaml says that its credit costs.
    """
    prices = {said or (PROVIDERS[kind].credit if kind in PROVIDERS else None) for kind, said in providers}
    return prices.pop() if len(prices) == 1 else None
