"""The try-it page: the sample company, on this machine only, where anyone may be anyone."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import uvicorn

from bot.app import App, utc_now
from bot.build import build
from bot.clock import Clock
from bot.config import DEMO_DATABASE, ConfigError, Settings
from bot.platforms.web.messenger import Web
from bot.platforms.web.page import page
from bot.server import serve_until_told
from bot.sync.usage import pull
from storage import people, pulls
from storage.directory import Link

DOT_S = 2.0

# Whom the page offers first, with what they are.
CAST = (
    ("ana", "engineer in Search"),
    ("max", "Ana's manager, owner of Search"),
    ("kim", "Max's manager"),
    ("fay", "finance"),
    ("bob", "engineer in Ads"),
    ("lea", "Bob's manager, owner of Ads"),
)


def demo_app(settings: Settings, url: str = DEMO_DATABASE, now: Callable[[], datetime] = utc_now) -> App:
    """The sample company on its own database, read and ready."""
    app = build(settings, environ={}, now=now, url=url)
    app.platforms = {"web": Web()}
    app.refresh_people()
    everybody = app.everybody()
    app.database.transact(
        lambda conn: [
            people.link(conn, Link("web", "user", f"demo/{one.id}", f"person/{one.id}"), "explicit")
            for one in everybody
        ],
    )
    first = not app.database.ask(pulls.pulled)
    for name, provider in app.providers.items():
        how = app.reading(name)
        new = f"{how.history_days} days of the sample company's usage (about 15 s, once)" if first else "what is new"
        with _said(f"Reading {new}"):
            pull(app.database, provider, how, app.now)
    return app


def serve_demo(app: App, port: int) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        ConfigError: the port is in use.
    """
    names = {one.id: one.name for one in app.everybody()}
    cast = [(person, names[person], role) for person, role in CAST if person in names]
    with _listen(port) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        print(f"\n  The sample company is at {address}   (Ctrl-C ends it)\n", file=sys.stderr)
        clock = Clock(app)
        clock.start()
        try:
            serve_until_told(uvicorn.Config(page(app, cast), log_level="warning"), [listener])
        finally:
            clock.stop()
            app.close()


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


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as trouble:
        listener.close()
        raise ConfigError(
            f"Port {port} on 127.0.0.1 is in use. End what uses it, or choose another: make demo PORT={port + 1}",
        ) from trouble
    listener.listen(128)
    return listener
