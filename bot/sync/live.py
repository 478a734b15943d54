"""Limits that are asked for while somebody waits for an answer, so that it is of now and not of ten minutes ago."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from bot.errors import OutsideError
from bot.providers.base import Provider
from bot.sync.limits import LimitSync
from storage.db import BusyError
from storage.limits import Subject, SubjectKind

PATIENCE_S = 1.0
"""How long an answer waits. What is told later is noted, and is in the next answer."""
AGAIN = timedelta(seconds=30)
"""A limit is not asked for more often, whether the provider answers or not."""
THREADS = 4
REMEMBERED_MAX = 10_000

LimitKey = tuple[str, str, str]


@dataclass(slots=True)
class LiveLimits:
    """Asks providers that can be asked at any time.

    Args:
        limits: where what is said is noted.
        providers: by name.
        now: the clock.
    """

    limits: LimitSync
    providers: Mapping[str, Provider]
    now: Callable[[], datetime]
    _asked: dict[LimitKey, datetime] = field(default_factory=dict, init=False)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="live"), init=False
    )

    def refreshed(self, stale: Collection[LimitKey]) -> bool:
        """Ask for some limits, for a second at most.

        Args:
            stale: provider, kind and id of each.

        Returns:
            Whether something was told in time.
        """
        due = [each for each in stale if each[0] in self.providers and self._is_due(each)]
        done, _ = wait([self._pool.submit(self._ask, each) for each in due], timeout=PATIENCE_S)
        return any(each.result() for each in done)

    def close(self, *, finish: bool = False) -> None:
        """Ask no more.

        Args:
            finish: wait for what was asked already.
        """
        self._pool.shutdown(wait=finish, cancel_futures=not finish)

    def _is_due(self, key: LimitKey) -> bool:
        now, before = self.now(), self._asked.get(key)
        if before is not None and before <= now < before + AGAIN:
            return False
        if len(self._asked) >= REMEMBERED_MAX:
            self._asked.clear()
        self._asked[key] = now
        return True

    def _ask(self, key: LimitKey) -> bool:
        provider, kind, external_id = key
        with suppress(OutsideError, BusyError):  # the hourly reading tells of it
            subject = Subject(cast("SubjectKind", kind), external_id)
            return self.limits.note(self.providers[provider], subject) is not None
        return False
