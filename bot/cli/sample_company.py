"""Makes the sample company ready to be looked at: its figures read, and on any day something for everybody to see."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from bot.app import App
from bot.delivery import AFTER_READING
from bot.providers.sample.provider import Sample
from bot.sync.usage import pull
from bot.texts import t
from handlers.events import DetectWaste
from handlers.place import Place
from handlers.sentence import Sentence
from storage import limits, pulls, requests
from storage.limits import Subject

DOT_S = 2.0
NANOS = 10**9

# Whose limit somebody changes at the provider, and to what.
CHANGED, CHANGED_NANOS = Subject("user", "usr_bob"), 900 * NANOS
# Who asks whom for more.
ASKER, APPROVER = "priya", "max"
WISH = "request 120 compare two rerankers on the whole index"


def prepare(app: App, *, staged: bool = True) -> None:
    """Read the sample company, and let happen what happens in any company, so that there is something to see.

    A program spends far above usual just now; a request waits; somebody has changed a limit at the provider. What was
    settled stays settled: only the spike begins anew each time, and a request if none waits.

    Args:
        app: the bot, with the sample among its providers.
        staged: whether any of that happens; without it, figures are read and no more.
    """
    name, sample = next((name, each) for name, each in app.providers.items() if isinstance(each, Sample))
    how = app.reading(name)
    is_first = not app.database.ask(pulls.pulled)
    reading = (
        t("Reading {n} days of the sample company's usage (about 15 s, once)", n=how.history_days)
        if is_first
        else t("Reading what is new")
    )
    with _said(reading):
        if staged and not is_first:
            pull(app.database, sample, how, app.now)
            _look(app)  # the spike of an earlier day is over before another begins
        if staged:
            sample.begin_spike()
        pull(app.database, sample, how, app.now)
    if not staged:
        return
    with _said(t("Comparing limits, looking for spikes and waste")):
        _change_a_limit(app, name, sample)
        _look(app)
        if is_first:
            app.handle(DetectWaste(), "clock")
        _ask_for_more(app)


def _look(app: App) -> None:
    """What follows each reading."""
    for event in AFTER_READING:
        app.handle(event, "clock")


def _change_a_limit(app: App, name: str, sample: Sample) -> None:
    """Let somebody change a limit at the provider, once it is known how it was."""
    if app.database.ask(lambda conn: limits.find(conn, name, CHANGED)) is None:
        app.limits.read(sample)
        sample.set_limit(CHANGED, CHANGED_NANOS)
    app.limits.read(sample)


def _ask_for_more(app: App) -> None:
    """Let somebody ask for more, unless a request waits."""

    def waits(conn: Connection) -> bool:
        return bool(requests.waiting_for(conn, APPROVER))

    if not app.database.ask(waits):
        delivery = f"sample/{app.now():%Y-%m-%d}"
        app.hear(Sentence(WISH, ASKER, Place("web", ASKER), delivery=delivery))


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Say what is being done, and that it is still being done: a dot every two seconds."""
    done = threading.Event()

    def dots() -> None:
        while not done.wait(DOT_S):
            print(".", end="", file=sys.stderr, flush=True)

    print(f"{what} ..", end="", file=sys.stderr, flush=True)
    thread = threading.Thread(target=dots)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print(file=sys.stderr)
