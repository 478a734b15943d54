"""The bot on a host whose clock is wrong: `python -m tests.support.moved_clock run`.

The file that HOST_AHEAD names has the seconds by which the host's clock is ahead, and may be written while the bot
runs. The clock that only goes forward is as it is. SQLite has the host's time, PostgreSQL its own.
"""

import os
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.__main__ import main
from bot.cli import commands
from bot.shared_clock import SharedClock
from storage.db import Database

_seconds, _asked = time.time, Database.time


def ahead_s() -> float:
    """By how much the host is ahead."""
    return float(Path(os.environ["HOST_AHEAD"]).read_text())


def moved() -> float:
    """Seconds since 1970, by the host's clock."""
    return _seconds() + ahead_s()


def host_now() -> datetime:
    """The moment, by the host's clock."""
    return datetime.fromtimestamp(moved(), UTC)


def _time(database: Database) -> datetime:
    return host_now() if database.is_sqlite else _asked(database)


if __name__ == "__main__":
    moves = (
        (time, "time", moved),
        (Database, "time", _time),
        (commands, "SharedClock", partial(SharedClock, host_now)),
    )
    for where, name, instead in moves:
        setattr(where, name, instead)
    sys.exit(main())
