"""Puts an App together from settings and the environment."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from bot.app import App, utc_now
from bot.config import ProviderSettings, Settings, database_url, secret
from bot.directory import everybody
from bot.providers.anthropic.console import ClaudeConsole
from bot.providers.anthropic.enterprise import ClaudeEnterprise
from bot.providers.base import Provider
from bot.providers.cursor import Cursor
from bot.providers.files.provider import Files
from bot.providers.github_copilot import GitHubCopilot
from bot.providers.litellm.provider import LiteLLM
from bot.providers.openai.chatgpt import ChatGPT
from bot.providers.openai.platform import OpenAI
from bot.providers.openrouter.provider import OpenRouter
from bot.providers.sample.provider import Sample
from storage.db import Database

Make = Callable[[ProviderSettings, str, Callable[[], datetime]], Provider]

PROVIDERS: Mapping[str, Make] = {
    "anthropic-console": lambda settings, key, now: ClaudeConsole(settings.name, settings.url, key, settings.key, now),
    "anthropic-enterprise": lambda settings, key, now: ClaudeEnterprise(
        settings.name, settings.url, key, settings.key, now
    ),
    "chatgpt-enterprise": lambda settings, key, now: ChatGPT(
        settings.name, settings.url, key, settings.account, settings.credit, settings.key, now=now
    ),
    "cursor": lambda settings, key, now: Cursor(settings.name, settings.url, key, settings.key, now),
    "files": lambda settings, _key, _now: Files(settings.name, settings.file),
    "github-copilot": lambda settings, key, now: GitHubCopilot(
        settings.name, settings.url, key, settings.account, settings.key, now
    ),
    "litellm": lambda settings, key, now: LiteLLM(settings.name, settings.url, key, settings.key, now=now),
    "openai": lambda settings, key, _now: OpenAI(settings.name, settings.url, key, settings.key),
    "openrouter": lambda settings, key, _now: OpenRouter(settings.name, settings.url, key, settings.key),
    "sample": lambda settings, _key, now: Sample(settings.name, now=now, memory=_path(settings.file)),
}


def _path(words: str) -> Path | None:
    return Path(words) if words else None


def _placed(one: ProviderSettings, database: Database) -> ProviderSettings:
    """The sample keeps its limits beside the database, so that the next process finds them."""
    if one.kind != "sample" or one.file or not database.is_sqlite:
        return one
    beside = Path(database.url.database or "").with_name(f"{one.name}-limits.json")
    return one.model_copy(update={"file": str(beside)})


def build(
    settings: Settings, environ: Mapping[str, str] = os.environ, now: Callable[[], datetime] = utc_now, url: str = ""
) -> App:
    """An App with its database migrated and its providers made; platforms are put in by who serves them.

    Args:
        settings: app.yaml.
        environ: where secrets are.
        now: the clock.
        url: the database, instead of the one that settings and environment name.

    Raises:
        Unreadable: the database's address is unusable.
    """
    database = Database(url or database_url(settings, environ))
    database.migrate()
    providers = {
        each.name: PROVIDERS[each.kind](_placed(each, database), secret(each.key, environ) if each.key else "", now)
        for each in settings.providers
    }
    directory = everybody(settings, environ, now, database)
    return App(settings=settings, database=database, providers=providers, directory=directory, now=now)
