"""Where people come from besides app.yaml itself: one file for each source, and a line in the table."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any

from bot.config import Settings, SourceSettings, secret
from bot.directory.combined import Everybody
from bot.directory.known_people import recall
from bot.directory.sample import SampleDirectory
from bot.directory.source import Source
from bot.optional import optional
from storage.db import Database

Make = Callable[[SourceSettings, Settings, Mapping[str, str], Callable[[], datetime]], Source]

SOURCES: Mapping[str, Make] = {
    "sample": lambda _source, _settings, _environ, now: SampleDirectory(now),
    "csv": lambda source, settings, _environ, now: _csv(source, settings, now),
    "microsoft": lambda _source, settings, environ, _now: entra(settings, secret("TEAMS_APP_SECRET", environ)),
    "slack": lambda _source, settings, environ, now: _slack().slack_directory(
        secret("SLACK_BOT_TOKEN", environ),
        settings.slack.url,
        now,
        link_by_email=settings.slack.link_by_email,
        groups={each.id: each.slack for each in settings.groups if each.slack},
    ),
}


def entra(settings: Settings, secret: str) -> Any:
    """Microsoft Entra as a people source that can look up one person, too; imported only if Teams is configured.

    Args:
        settings: app.yaml, with the app registration.
        secret: of it.
    """
    microsoft = optional("bot.directory.microsoft.source")
    return microsoft.MicrosoftDirectory(
        next(iter(settings.msteams.tenants), ""),
        microsoft.token(settings.msteams, secret),
        link_by_email=settings.msteams.link_by_email,
        groups={each.id: each.microsoft for each in settings.groups if each.microsoft},
    )


def _csv(source: SourceSettings, settings: Settings, now: Callable[[], datetime]) -> Any:
    """An HR export. Who names none does not load what reads it."""
    hr = import_module("bot.directory.hr_csv.source")
    groups = {each.id: each.title_and_value for each in settings.groups if each.column}
    layout = hr.HrLayout(source.columns, source.dates, source.statuses, groups, source.encoding)
    return hr.Csv(source.file, layout, lambda: now().astimezone(settings.policy.zone).date())


def _slack() -> Any:
    """Slack as a people source: who does not name it does not load what speaks with Slack, a twentieth of `say`."""
    return import_module("bot.directory.slack.source")


def everybody(
    settings: Settings, environ: Mapping[str, str], now: Callable[[], datetime], database: Database
) -> Everybody:
    """All people sources of app.yaml, ready to be read.

    Args:
        settings: app.yaml.
        environ: where secrets are.
        now: the clock.
        database: what it remembers of people keeps their ids the same.
    """
    sources: list[tuple[str, Source]] = []
    for each in settings.directory:
        if each.kind == "slack" and settings.slack.workspaces:
            sources += _slack_workspaces(settings, environ, now, database)
        else:
            sources.append((str(each), SOURCES[each.kind](each, settings, environ, now)))
    return Everybody(settings.inline_directory(), sources, lambda: recall(database.ask))


def _slack_workspaces(
    settings: Settings, environ: Mapping[str, str], now: Callable[[], datetime], database: Database
) -> list[tuple[str, Source]]:
    """Each workspace of Slack that app.yaml names, as a source of its own. Who names none does not load what it takes.

    Raises:
        ConfigError: a secret is missing.
    """
    slack = settings.slack
    installed = import_module("bot.installations").workspaces_of(settings, environ, database, now)
    return [
        (
            f"slack {id}",
            _slack().SlackDirectory(
                installed.client(id),
                now,
                link_by_email=slack.link_by_email,
                groups=_groups_of(settings, id),
                workspace=id,
                is_installed=partial(installed.is_installed, id),
            ),
        )
        for id in slack.workspaces
    ]


def _groups_of(settings: Settings, workspace: str) -> Mapping[str, str]:
    """The user groups of one workspace; one that names none is in the first."""
    said = ((each.id, *each.slack.rpartition("/")) for each in settings.groups if each.slack)
    return {id: group for id, there, _, group in said if (there or settings.slack.workspaces[0]) == workspace}
