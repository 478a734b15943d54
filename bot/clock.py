"""The clock: it ticks each minute and delivers what is due, in every replica.

Nothing of it is kept: what must happen once is an item of the outbox, under a key that names the slot. It counts with a
clock that only goes forward, so a host whose time is set back stands still for nobody.
"""

import threading
import time
from collections.abc import Callable

import structlog

from bot.app import App

log = structlog.get_logger()

TICK_S = 60.0
PEOPLE_S = 3600.0
FIRST_TICK_S = 1.0
LOOK_S = 1.0
"""So often it is looked whether something is due; what this process itself leaves in the outbox is seen at once."""
SETTLE_S = 0.02
"""What is left in the outbox at nearly the same moment is looked for once."""
STOP_S = 30.0


def guarded(work: Callable[[], object]) -> object:
    """Run a piece of the clock's work; trouble is logged and the clock goes on."""
    try:
        return work()
    except Exception as trouble:
        log.exception("the clock stumbled", work=getattr(work, "__name__", ""), trouble=type(trouble).__name__)
        return None


class Clock:
    """Runs an app's tick and deliver until it is stopped, each lane of delivery in a thread of its own.

    Args:
        app: the bot.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._lanes: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Tick at once, for what was missed, then on."""
        self._run("tick", lambda: self._every(TICK_S, FIRST_TICK_S, self._app.tick))
        self._run("people", lambda: self._every(PEOPLE_S, PEOPLE_S, self._app.refresh_people))
        self._run("look", self._look)

    def stop(self) -> None:
        """Let what is under way end, and start nothing new."""
        self._stopping.set()
        self._app.wake.set()
        for each in self._lanes.values():
            each.set()
        end = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _every(self, seconds: float, first: float, work: Callable[[], object]) -> None:
        wait_s = first
        while not self._stopping.wait(wait_s):
            began = time.monotonic()
            guarded(work)
            wait_s = max(0.0, seconds - (time.monotonic() - began))

    def _look(self) -> None:
        """Wake the lanes in which something is due."""
        while not self._stopping.is_set():
            self._app.wake.clear()
            self._app.looked_s = time.monotonic()
            waiting = guarded(self._app.waiting_lanes)
            for name in waiting if isinstance(waiting, set) else ():
                if name not in self._lanes:
                    self._lanes[name] = threading.Event()
                    self._run(name, lambda name=name: self._deliver(name))  # type: ignore[misc]
                self._lanes[name].set()
            self._app.wake.wait(LOOK_S)
            self._stopping.wait(SETTLE_S)

    def _deliver(self, name: str) -> None:
        """Deliver in one lane, as long as there is something."""
        woken = self._lanes[name]
        while not self._stopping.is_set():
            woken.wait()
            woken.clear()
            while not self._stopping.is_set() and guarded(lambda: self._app.deliver(name)):
                pass
