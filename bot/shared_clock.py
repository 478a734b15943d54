"""One time for all replicas: that of the database, counted on with a clock that only goes forward.

Leases and slots are compared between hosts. Two hosts whose clocks were four minutes apart took each other's leases,
and showed seven of eight cards twice; a host whose clock was two hours ahead and set right stood still for two hours.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog
from prometheus_client import Gauge

NOTED_S = 5.0
"""What the clocks of host and database differ by at least to be worth a line in the log."""
SKEW = Gauge("bursar_clock_skew_seconds", "By how much the clock of this host is ahead of the database's.")

log = structlog.get_logger()


def ticking() -> float:
    """Seconds of a clock that only goes forward, and counts the time in which the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SharedClock:
    """The moment, as the database has it.

    Until it could be asked, and while it cannot, the time of before goes on.

    Args:
        host: the clock of this machine.
        ticks: seconds that only go forward.
    """

    def __init__(
        self, host: Callable[[], datetime] = lambda: datetime.now(UTC), ticks: Callable[[], float] = ticking
    ) -> None:
        self._host = host
        self._ticks = ticks
        self._lock = Lock()
        self._base, self._base_s = host(), ticks()
        self._skew_s = 0.0

    def __call__(self) -> datetime:
        """The moment."""
        with self._lock:
            return self._base + timedelta(seconds=self._ticks() - self._base_s)

    @property
    def skew_s(self) -> float:
        """Seconds by which the host was ahead when the database was last asked."""
        return self._skew_s

    def sync(self, ask: Callable[[], datetime]) -> float:
        """Take the database's time, and see by how much the host's differs.

        Args:
            ask: the database. Half of the time that its answer takes is added.

        Returns:
            Seconds by which the host is ahead.
        """
        before_s = self._ticks()
        there, host = ask(), self._host()
        after_s = self._ticks()
        jumped_s = (there - self()).total_seconds()
        with self._lock:
            self._base, self._base_s = there + timedelta(seconds=(after_s - before_s) / 2), after_s
        skew_s = (host - there).total_seconds()
        SKEW.set(skew_s)
        if abs(jumped_s) >= NOTED_S:
            log.warning("the clock jumped", seconds=round(jumped_s))
        if abs(skew_s) >= NOTED_S and abs(skew_s - self._skew_s) >= NOTED_S:
            log.warning("the clock of this host is wrong; the database's is used", ahead_s=round(skew_s))
        self._skew_s = skew_s
        return skew_s


def skew_of(clock: Callable[[], datetime]) -> float:
    """Seconds by which this host is ahead of the database, as far as a clock knows."""
    return clock.skew_s if isinstance(clock, SharedClock) else 0.0
