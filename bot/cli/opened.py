"""What every command begins and ends with: settings and bot opened, and trouble said in a plain sentence."""

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from bot import config
from bot.app import App, utc_now
from bot.build import build
from bot.database_trouble import sentence
from bot.directory.source import UnusableSourceError
from bot.errors import OutsideError
from bot.shared_clock import SharedClock
from bot.texts import in_words, speak_as, t
from storage.db import BusyError, UnreadableDatabaseError


def settings_of(*, or_sample: bool = False) -> config.Settings:
    """The settings; from now on the organization's language is spoken where the terminal says none."""
    settings = config.load(or_sample=or_sample)
    speak_as(settings.organization.locale)
    return settings


def opened(*, or_sample: bool = False, now: Callable[[], datetime] = utc_now, refreshed: bool = True) -> App:
    """A bot that knows its people.

    Args:
        or_sample: whether it is that of the sample company where there is no app.yaml.
        now: the clock.
        refreshed: read the people sources first; without it only if nobody is known yet.
    """
    app = build(settings_of(or_sample=or_sample), now=now)
    if isinstance(now, SharedClock):
        now.sync(app.database.time)
    if refreshed or not app.knows_people():
        app.refresh_people()
    return app


def plainly(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a command; trouble is one plain sentence on standard error and exit status 2."""
    try:
        status = command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has enough, such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SQLAlchemyError, sqlite3.Error, UnreadableDatabaseError) as trouble:
        print(sentence(trouble), file=sys.stderr)
        return 2
    except BusyError:
        print(t("The database is busy. Try again in a minute."), file=sys.stderr)
        return 2
    except (config.ConfigError, UnusableSourceError, OutsideError) as trouble:
        print(in_words(trouble), file=sys.stderr)
        return 2
    return status
