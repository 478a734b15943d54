"""The try-it page: the sample company, on this machine only, where anyone may be anyone."""

import socket
import sys
from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette

from bot.app import App, utc_now
from bot.build import build
from bot.capped import config
from bot.cli.sample_company import prepare
from bot.cli.sample_telemetry import SampleTelemetry
from bot.clock import Clock
from bot.config import DEMO_DATABASE, ConfigError, Settings
from bot.console import of_anyone
from bot.platforms.web.messenger import Web
from bot.platforms.web.page import page
from bot.server import serve_until_told
from bot.texts import t
from handlers.language import N_
from storage import people
from storage.directory import Link

CONSOLE = "/console"
# Whom the page offers first, with what they are.
CAST = (
    ("ana", N_("engineer in Search")),
    ("max", N_("Ana's manager, owner of Search")),
    ("kim", N_("Max's manager")),
    ("fay", N_("finance")),
    ("bob", N_("engineer in Ads")),
    ("lea", N_("Bob's manager, owner of Ads")),
    ("ines", N_("head of the company, sees totals only")),
)
# What the page offers to whom, and what it shows: the tour of the README.
TOUR = (
    ("ana", N_("balance"), N_("What is left, and which limit decides")),
    ("ana", N_("spend by model last week"), N_("Where the money went")),
    ("ana", N_("waste"), N_("A seat that is paid for and not used")),
    ("ana", N_("request 50 finish the migration"), N_("Ask your manager for $50 more")),
    ("max", N_("requests"), N_("What waits for your decision")),
    ("max", N_("guard"), N_("What spends far above usual right now")),
    ("max", N_("pool"), N_("How Search shares its budget")),
    ("fay", N_("home"), N_("What waits, what is unusual, and what is late")),
    ("fay", N_("try per-person 200 USD"), N_("What another limit would have done")),
    ("fay", N_("limits"), N_("A limit that somebody changed at the provider")),
    ("fay", N_("value of team search"), N_("What a merged pull request costs")),
    ("fay", N_("link"), N_("Spending that is unallocated")),
)


def demo_app(
    settings: Settings, url: str = DEMO_DATABASE, now: Callable[[], datetime] = utc_now, *, staged: bool = True
) -> App:
    """The sample company on its own database, read and ready.

    Args:
        settings: app.yaml, which names the sample and nothing else.
        url: the database.
        now: the clock.
        staged: whether something happens just now that is worth looking at; without it, figures are read and no more.

    Raises:
        ConfigError: people of another company are in the database.
    """
    app = build(settings, environ={}, now=now, url=url)
    strangers = {one.id for one in app.everybody()} - {one.id for one in app.directory().everybody()}
    if strangers:
        app.close()
        raise ConfigError(
            t("The database holds another company. The demo needs one of its own: unset DATABASE_URL, or name another.")
        )
    app.platforms = {"web": Web()}
    app.refresh_people()
    everybody = app.everybody()
    app.database.transact(
        lambda conn: [
            people.link(conn, Link("web", "user", f"demo/{one.id}", f"person/{one.id}"), "explicit")
            for one in everybody
        ],
    )
    prepare(app, staged=staged)
    return app


def demo_page(app: App) -> Starlette:
    """The try-it page, and beside it the console, of the same people."""
    names = {one.id: one.name for one in app.everybody()}
    cast = [(person, names[person], role) for person, role in CAST if person in names]
    console = of_anyone(app, [(person, name) for person, name, _ in cast], CONSOLE)
    return page(app, cast, TOUR, app.language, app.chose_language, [console])


def serve_demo(app: App, host: str, port: int) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        ConfigError: the port is in use.
    """
    with _listen(host, port) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        app.policy = app.policy.model_copy(update={"console_url": address.rstrip("/") + CONSOLE})
        print(t("\n  The sample company is at {address}   (Ctrl-C ends it)\n", address=address), file=sys.stderr)
        clock, agents = Clock(app), SampleTelemetry(app)
        clock.start()
        agents.start()
        try:
            serve_until_told(config(demo_page(app), log_level="warning"), [listener])
        finally:
            agents.stop()
            clock.stop()
            app.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as trouble:
        listener.close()
        raise ConfigError(
            t(
                "Port {port} on {host} is in use. End what uses it, or choose another: make demo PORT={other}",
                host=host,
                port=port,
                other=port + 1,
            )
        ) from trouble
    listener.listen(128)
    return listener
