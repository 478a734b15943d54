"""What each replica looks after at every tick."""

from datetime import UTC, datetime, timedelta
from socket import gethostname

import pytest

from bot.shared_clock import SharedClock
from bot.upkeep import Upkeep
from storage import erasure, installation
from storage.db import BusyError, Database
from tests.support.clock import NOW


def skew_noted(database: Database) -> str:
    """By how many seconds this host's clock is noted to be wrong, "" if it is not."""
    return database.ask(lambda conn: installation.noted_below(conn, installation.SKEW)).get(gethostname(), ("",))[0]


def test_a_clock_that_is_right_again_is_noted_no_more_also_by_a_process_that_follows(database: Database) -> None:
    """What a process of before noted is ended by the first tick of the next one."""
    host = [datetime.now(UTC)]
    clock = SharedClock(lambda: host[0])
    there = host[0]
    host[0] += timedelta(minutes=4)
    clock.sync(lambda: there)
    Upkeep(database).note_skew(clock)
    assert skew_noted(database) == "240"

    host[0] = there
    clock.sync(lambda: there)
    follows = Upkeep(database)
    follows.note_skew(clock)
    assert skew_noted(database) == ""

    database.transact(lambda conn: installation.note(conn, f"{installation.SKEW}{gethostname()}", "9", NOW))
    follows.note_skew(clock)
    assert skew_noted(database) == "9"  # a clock that stays right costs no statement


def test_files_are_compacted_at_the_next_tick_if_the_database_was_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note that somebody was erased stands until it is done."""
    database.transact(lambda conn: installation.note(conn, erasure.COMPACT, "", NOW))
    upkeep = Upkeep(database)

    def busy() -> None:
        raise BusyError

    with monkeypatch.context() as here:
        here.setattr(database, "compact", busy)
        upkeep.compact()
    assert database.ask(lambda conn: installation.noted(conn, erasure.COMPACT)) is not None

    upkeep.compact()
    assert database.ask(lambda conn: installation.noted(conn, erasure.COMPACT)) is None
