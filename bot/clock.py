"""The clock: APScheduler calls tick each minute and deliver every few seconds, in every replica.

Its jobs live in memory only. What must happen once is an item of the outbox, under a key that names the slot.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot.app import App

log = structlog.get_logger()

TICK_S = 60
PEOPLE_S = 3600
IDLE_S = 3.0


def guarded(work: Callable[[], object]) -> object:
    """Run a piece of the clock's work; trouble is logged and the clock goes on."""
    try:
        return work()
    except Exception as trouble:
        log.exception("the clock stumbled", work=getattr(work, "__name__", ""), trouble=type(trouble).__name__)
        return None


class Clock:
    """Runs an app's tick and deliver until it is stopped.

    Args:
        app: the bot.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._worker = threading.Thread(target=self._deliver, name="deliver", daemon=True)

    def start(self) -> None:
        """Tick at once, for what was missed, then on."""
        once = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        first = self._app.now() + timedelta(seconds=1)
        self._scheduler.add_job(guarded, "interval", [self._app.tick], seconds=TICK_S, next_run_time=first, **once)
        self._scheduler.add_job(guarded, "interval", [self._app.refresh_people], seconds=PEOPLE_S, **once)
        self._scheduler.start()
        self._worker.start()

    def stop(self) -> None:
        """Let what is under way end, and start nothing new."""
        self._stopping.set()
        self._app.wake.set()
        self._scheduler.shutdown(wait=True)
        self._worker.join(timeout=30)

    def _deliver(self) -> None:
        while not self._stopping.is_set():
            self._app.wake.clear()
            if not guarded(self._app.deliver):
                self._app.wake.wait(IDLE_S)
