"""The kinds of providers that app.yaml can name, and what each needs to be found and opened."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What app.yaml has to say of a provider, and what it need not.

    Args:
        service: what people call it.
        url: where it is unless app.yaml says otherwise, "" if only app.yaml can know.
        key: the environment variable of its key unless app.yaml says otherwise, "" if it needs none.
        account: what `account:` must hold, such as "the workspace id", "" if it is not needed.
        file: whether it is read from files that `file:` names.
        days_back: days that are read again each time unless app.yaml says otherwise.
    """

    service: str
    url: str = ""
    key: str = ""
    account: str = ""
    file: bool = False
    days_back: int = 3

    def missing(self, url: str, account: str, file: str) -> list[str]:
        """What app.yaml still has to say, each as the setting to write."""
        lacking = []
        if self.key and not (url or self.url):
            lacking.append("where it is (url: http://…)")
        if self.account and not account:
            lacking.append(f"{self.account} (account: …)")
        if self.file and not file:
            lacking.append("which files (file: usage/*.csv)")
        return lacking


ANTHROPIC = "https://api.anthropic.com"

KINDS: Mapping[str, Kind] = {
    "anthropic-console": Kind("Claude Console", ANTHROPIC, "ANTHROPIC_ADMIN_KEY"),
    "anthropic-enterprise": Kind("Claude Enterprise", ANTHROPIC, "ANTHROPIC_ENTERPRISE_KEY"),
    "chatgpt-enterprise": Kind(
        "ChatGPT Enterprise",
        url="https://api.chatgpt.com/v1",
        key="CHATGPT_ADMIN_KEY",
        account="the workspace's id",
    ),
    "cursor": Kind("Cursor", "https://api.cursor.com", "CURSOR_API_KEY"),
    "files": Kind("Files", file=True, days_back=35),  # a month may come in one file, after its end
    "github-copilot": Kind(
        "GitHub Copilot",
        "https://api.github.com",
        "GITHUB_COPILOT_KEY",
        account="the organization, or enterprises/ and the enterprise",
    ),
    "litellm": Kind("LiteLLM", key="LITELLM_API_KEY"),
    "openai": Kind("OpenAI's API platform", url="https://api.openai.com/v1", key="OPENAI_ADMIN_KEY"),
    "openrouter": Kind("OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "sample": Kind("The sample company"),
}
