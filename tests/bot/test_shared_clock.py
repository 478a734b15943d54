"""Time: the database's, counted on with a clock that only goes forward."""

from datetime import UTC, datetime, timedelta

import structlog

from bot.shared_clock import SharedClock
from storage import installation
from storage.db import Database
from tests.support.clock import NOW, Clock
from tests.support.company import Company


def test_a_host_whose_clock_is_wrong_has_the_time_of_the_database() -> None:
    """Two hosts four minutes apart agree; what it is off by is known."""
    ticks = [0.0]
    clocks = [SharedClock(lambda off=off: NOW + off, lambda: ticks[0]) for off in (timedelta(0), timedelta(minutes=4))]  # type: ignore[misc]
    skews = [clock.sync(lambda: NOW) for clock in clocks]
    ticks[0] += 10

    assert {clock() for clock in clocks} == {NOW + timedelta(seconds=10)}
    assert skews == [0, 240]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    """Two hours ahead and set right again: time goes on, and the jump is noticed once."""
    host, ticks = [NOW + timedelta(hours=2)], [0.0]
    clock = SharedClock(lambda: host[0], lambda: ticks[0])
    with structlog.testing.capture_logs() as said:
        clock.sync(lambda: NOW)
        host[0] = NOW
        moments = []
        for _ in range(3):
            ticks[0] += 60
            clock.sync(lambda: NOW + timedelta(seconds=ticks[0]))
            moments.append(clock())

    assert moments == [NOW + timedelta(minutes=each) for each in (1, 2, 3)]
    assert [each["event"] for each in said].count("the clock jumped") == 1


def test_each_database_says_its_time(database: Database) -> None:
    """In UTC."""
    first, second = database.time(), database.time()

    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_status_says_whose_clock_is_wrong_until_it_is_right(database: Database, clock: Clock) -> None:
    """Whoever is asked for it, for the note is in the database; a host that is gone is spoken of no more."""
    company = Company(database, clock)
    host = [datetime.now(UTC) + timedelta(seconds=240)]
    company.app.now = SharedClock(lambda: host[0])
    company.app.tick()
    assert "240 s ahead of the database" in company.say("fay", "status")
    host[0] -= timedelta(seconds=480)
    company.app.tick()
    assert "240 s behind the database" in company.say("fay", "status")

    company.app.now = lambda: datetime.now(UTC) + timedelta(hours=1)
    assert "the database, whose time is used" not in company.say("fay", "status")

    company.app.now = SharedClock()
    company.app.tick()
    assert "the database, whose time is used" not in company.say("fay", "status")
    assert company.database.ask(lambda conn: installation.noted_below(conn, installation.SKEW)) == {}
