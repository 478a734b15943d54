"""A read replica: what the primary is spared when it answers, and what that costs our process.

The company is that of `pages`. The same is asked in turn of a bot without a replica, and of one with a standby that
streams. Processor time only, for both servers share the machine.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median

from starlette.applications import Starlette
from starlette.testclient import TestClient

from bench.cost import used
from bench.pages import NOW, app_of, ask, build
from bench.table import Table
from bot.app import App
from bot.console import of_anyone
from handlers.events import CheckThresholds
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from tests.support.standby import Servers, servers

SIZE = 1_000_000
ROUNDS = 3
SENTENCES = 100
LOOKS = (("p7", "/team/t7"), ("p0", "/organization"), ("p0", "/money"))
FILES = ("showback-2026-10.csv", "focus-1.2-2026-10.csv")


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds of processor time: of our process, of the primary, and of the replica."""

    ours: float
    primary: float
    replica: float


def bench() -> Iterator[Table]:
    """With a million charges."""
    with servers() as running, running.postgres.empty() as url:
        build(url, SIZE)
        yield _of(running, url)


def _of(running: Servers, url: str) -> Table:
    heard: list[str] = []
    running.catch_up()
    there = Database(running.standby_url(url))
    apps = app_of(url), app_of(url, running.standby_url(url), heard.append)
    apps[1].database.look_at_replica(NOW)
    rows = []
    for name, count, do in _things():
        spent = _compared(apps, there, count, do)
        figures = [spent[0].ours, spent[1].ours, spent[0].primary, spent[1].primary, spent[1].replica]
        rows.append((name, *(f"{each:,.2f}" for each in figures), f"{1 - spent[1].primary / spent[0].primary:.0%}"))
    heads = ("", "ours", "with a replica", "the primary's", "with a replica", "the replica's", "the primary is spared")
    elsewhere = sum(why not in ("", "writes") for why in heard)
    note = f"Of {len(heard):,} questions, {elsewhere} were answered by the primary for other reasons than orders."
    for each in (*(app.database for app in apps), there):
        each.close()
    return Table(f"Processor time for each, ms, with {SIZE:,} charges", heads, rows, (note,))


def _things() -> Iterator[tuple[str, int, Callable[[App], object]]]:
    """What is done, and how many that is."""
    yield "a balance", SENTENCES, _said
    for person, path in LOOKS:
        yield f"the page {path}", 1, partial(_seen, person, path)
    for name in FILES:
        yield name, 1, partial(_written, name)
    yield "a look for alerts", 1, lambda app: app.handle(CheckThresholds(), "clock")


def _compared(apps: tuple[App, App], there: Database, count: int, do: Callable[[App], object]) -> tuple[Spent, Spent]:
    """Without and with a replica: the median of some rounds, after one that is not counted."""
    found: tuple[list[Spent], list[Spent]] = ([], [])
    for _ in range(ROUNDS + 1):
        for app, spent in zip(apps, found, strict=True):
            spent.append(_spent(app, there, count, do))
    without, with_ = (
        Spent(*(median(getattr(each, name) for each in spent[1:]) for name in ("ours", "primary", "replica")))
        for spent in found
    )
    return without, with_


def _spent(app: App, there: Database, count: int, do: Callable[[App], object]) -> Spent:
    before, ours = (used(app.database), used(there)), time.process_time()
    do(app)
    took = time.process_time() - ours, used(app.database) - before[0], used(there) - before[1]
    return Spent(*(each * 1_000 / count for each in took))


def _said(app: App) -> None:
    for number in range(1, SENTENCES + 1):
        app.hear(Sentence("balance", f"p{number}", Place("terminal", f"p{number}")))


def _seen(person: str, path: str, app: App) -> None:
    site = Starlette(routes=[of_anyone(app, [("p0", "Person 0")], "/pages")])
    with TestClient(site, base_url="http://127.0.0.1") as browser:
        ask(browser, person, path)


def _written(name: str, app: App) -> None:
    with app.file(name):
        pass
