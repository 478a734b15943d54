"""Bodies that come at once are counted in one transaction, and answered when it has committed.

A transaction for each body would spend its time on the disk. While one is written the next bodies gather, so the more
there is to do the larger the batches are; nothing waits for a batch to fill.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from prometheus_client import Counter

from handlers.context import CLOCK, NOWHERE, Context
from handlers.policy import Policy
from handlers.telemetry import take_in
from storage.db import BusyError, Connection, Database
from storage.telemetry import Measured

log = structlog.get_logger()

QUEUE_MAX = 50_000
"""Measurements that wait at most; then senders are asked to come again."""
BATCH_MAX = 5_000

COUNTED = Counter("bursar_telemetry_points_total", "Measurements of programs, by what became of them.", ["what"])


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A body that waits to be counted."""

    measured: Sequence[Measured]
    done: "Future[None]"


@dataclass(slots=True)
class Intake:
    """Counts what comes in, in a thread of its own.

    Args:
        database: where it is counted.
        policy: the rules.
        now: the clock.
    """

    database: Database
    policy: Policy
    now: Callable[[], datetime]
    _queue: deque[_Waiting] = field(default_factory=deque, init=False)
    _size: int = field(default=0, init=False)
    _news: threading.Condition = field(default_factory=threading.Condition, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)

    def take(self, measured: Sequence[Measured]) -> "Future[None]":
        """Have a body counted.

        Returns:
            Done when it is counted for good; BusyError if it is not, and must come again.
        """
        done: Future[None] = Future()
        with self._news:
            if self._stopping or self._size + len(measured) > QUEUE_MAX:
                done.set_exception(BusyError("too much telemetry waits"))
                return done
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
                self._thread.start()
            self._queue.append(_Waiting(measured, done))
            self._size += len(measured)
            self._news.notify()
        return done

    def close(self) -> None:
        """Count what waits, and stop."""
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._count([each for one in batch for each in one.measured])
            except BusyError as trouble:
                _fail(batch, trouble)
            except Exception as trouble:
                log.exception("telemetry was not counted", bodies=len(batch))
                _fail(batch, trouble)
            else:
                for each in batch:
                    each.done.set_result(None)

    def _next(self) -> list[_Waiting]:
        """What waits, as much as is counted at once; nothing when it is time to stop."""
        with self._news:
            while not self._queue and not self._stopping:
                self._news.wait()
            batch: list[_Waiting] = []
            size = 0
            while self._queue and (not batch or size + len(self._queue[0].measured) <= BATCH_MAX):
                batch.append(self._queue.popleft())
                size += len(batch[-1].measured)
            self._size -= size
            return batch

    def _count(self, measured: Sequence[Measured]) -> None:
        def work(conn: Connection) -> int:
            ctx = Context(conn, self.now(), CLOCK, NOWHERE, self.policy)
            new = take_in(ctx, measured)
            ctx.write()
            return new

        new = self.database.transact(work)
        COUNTED.labels("new").inc(new)
        COUNTED.labels("repeated").inc(len(measured) - new)


def _fail(batch: Sequence[_Waiting], trouble: Exception) -> None:
    for each in batch:
        each.done.set_exception(trouble)
