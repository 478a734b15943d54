"""One place for many threads, given to them in the order in which they came."""

import threading
from collections import deque


class Turns:
    """A lock that nobody can take out of turn.

    A plain lock goes to whoever asks at the right moment. A thread that gives it back and takes it again at once is
    nearly always that one, and all others wait until it is through (seen: an order behind 120 slices of a reading).
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    @property
    def waits(self) -> bool:
        """Whether somebody waits for it now."""
        return bool(self._waiting)

    def take(self, wait_s: float) -> bool:
        """Take it, after all who came before.

        Returns:
            Whether it could be had in so many seconds.
        """
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(wait_s):
            return True
        with self._mutex:
            if mine.is_set():  # at the very last moment
                return True
            self._waiting.remove(mine)
            return False

    def give_back(self) -> None:
        """Let the next one have it."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
