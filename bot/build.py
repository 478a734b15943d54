"""Puts an App together from settings and the environment."""

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

from bot import __version__
from bot.app import App, utc_now
from bot.config import ProviderSettings, Settings, database_url, replica_url, secret
from bot.directory import everybody
from bot.metrics import answered
from bot.outcomes import SOURCES
from bot.providers.registry import PROVIDERS, Opening
from storage import people, spend
from storage.db import Database


def _placed(one: ProviderSettings, database: Database) -> ProviderSettings:
    """The sample keeps its limits beside the database, so that the next process finds them."""
    if one.kind != "sample" or one.file or not database.is_sqlite:
        return one
    beside = Path(database.url.database or "").with_name(f"{one.name}-limits.json")
    return one.model_copy(update={"file": str(beside)})


def _opening(
    one: ProviderSettings, environ: Mapping[str, str], now: Callable[[], datetime], database: Database
) -> Opening:
    key = secret(one.key, environ) if one.key else ""
    reports_key = secret(one.reports_key, environ) if one.reports_key else ""

    def told(first: date, last: date) -> Mapping[tuple[str, date], int]:
        return database.ask(lambda conn: spend.told(conn, one.name, first, last))

    def linked() -> list[str]:
        return [external_id for external_id, _ in database.ask(lambda conn: people.members(conn, one.name))]

    return Opening(
        one.name,
        one.url,
        key,
        one.key,
        one.account,
        one.file,
        one.credit,
        now,
        one,
        told,
        reports_key,
        one.reports_key,
        linked,
    )


def build(
    settings: Settings, environ: Mapping[str, str] = os.environ, now: Callable[[], datetime] = utc_now, url: str = ""
) -> App:
    """An App with its database migrated and its providers made; platforms are put in by who serves them.

    Args:
        settings: app.yaml.
        environ: where secrets are.
        now: the clock.
        url: the database, instead of the one that settings and environment name, and without a replica.

    Raises:
        UnreadableDatabaseError: the database's address is unusable.
    """
    replica = "" if url else replica_url(settings, environ)
    database = Database(url or database_url(settings, environ), replica, answered)
    database.migrate(__version__)
    providers = {
        each.name: PROVIDERS[each.kind].make(_opening(_placed(each, database), environ, now, database))
        for each in settings.providers
    }
    outcomes = {each.called: SOURCES[each.kind](each, secret(each.token, environ)) for each in settings.outcomes}
    directory = everybody(settings, environ, now, database)
    return App(
        settings=settings, database=database, providers=providers, directory=directory, now=now, outcomes=outcomes
    )
