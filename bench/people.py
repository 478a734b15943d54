"""People from an HR export: the first time, with one in a hundred changed, and the same file again.

The floors are what nobody can do without: reading the file through a hash, and through the csv module.
"""

import csv
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from bench.alerts import Took, alone, measured
from bench.databases import KINDS, temporary
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from bot.directory import everybody
from handlers.events import GiveAllotments
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database

PEOPLE = 200_000
LARGE = 2_100_000
PER_TEAM = 20
SPAN = 8
CHANGED_EVERY = 100
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAME_AIM_S = 1.0
# Of two million, on SQLite by the seconds of our processor, on PostgreSQL by those of the clock; and the most memory.
LARGE_AIMS = {
    "SQLite": {"the first time": (80.0, 350.0), f"one in {CHANGED_EVERY} changed": (75.0, 350.0)},
    "PostgreSQL": {"the first time": (110.0, 150.0)},
}
_HEAD = ("Employee ID", "Name", "Email", "Manager ID", "Department", "Cost center", "Time zone", "Status", "Start date")
_BLOCK = 1 << 20


def bench() -> Iterator[Table]:
    """Two hundred thousand people, each time in a process of its own."""
    for kind in KINDS:
        yield _of(kind, PEOPLE)


def bench_large() -> Iterator[Table]:
    """More than two million; it takes half an hour on a busy machine, and four gigabytes of disk."""
    for kind in KINDS:
        yield _of(kind, LARGE)


def _of(kind: str, people: int) -> Table:
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as home, temporary(kind) as url:
        file = Path(home, "people.csv")
        write(file, people, changed=False)
        took = {
            "floor: the file through a hash": alone(partial(_hashed, file)),
            "floor: the file through the csv module": alone(partial(_parsed, file)),
            "the first time": alone(partial(_read, url, file)),
            "the same file again": alone(partial(_read, url, file)),
        }
        write(file, people, changed=True)
        took[f"one in {CHANGED_EVERY} changed"] = alone(partial(_read, url, file))
        took["the start of the period"] = alone(partial(_begun, url))
        took["a balance"] = alone(partial(_balance, url))
    aims = {"the same file again": aimed(took["the same file again"].cpu_s, at_most=SAME_AIM_S)}
    for name, (most_s, most_mb) in LARGE_AIMS[kind].items() if people == LARGE else ():
        seconds = took[name].cpu_s if kind == "SQLite" else took[name].wall_s
        aims[name] = f"{aimed(seconds, at_most=most_s)}, {aimed(took[name].peak_mb, at_most=most_mb, digits=0)} MB"
    rows = [
        (name, f"{each.cpu_s:.2f}", f"{each.wall_s:.2f}", f"{each.peak_mb:.0f}", aims.get(name, ""))
        for name, each in took.items()
    ]
    note = "On PostgreSQL our processor's seconds leave out its own."
    return Table(f"People, {kind}, {people:,} in a file", ("", "CPU s", "seconds", "peak MB", "aim"), rows, (note,))


def write(file: Path, people: int, *, changed: bool) -> None:
    """An HR export: a tree in which everybody answers for eight, and teams of twenty."""
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(_HEAD)
        for number in range(people):
            other = changed and number % CHANGED_EVERY == CHANGED_EVERY - 1
            manager = str((number - 1) // SPAN) if number else ""
            name = f"Person {number} Renamed" if other else f"Person {number}"
            team = f"Team {number // PER_TEAM}"
            rows.writerow(
                (number, name, f"p{number}@large.example", manager, team, "", "Europe/Berlin", "active", "2020-01-01")
            )


def _app(url: str, file: Path) -> App:
    database = Database(url)
    database.migrate()
    budgets = [{"name": "monthly", "who": "every person", "amount": "400 USD"}]
    settings = Settings.model_validate({"directory": [{"csv": str(file)}], "budgets": budgets})
    return App(settings, database, directory=everybody(settings, {}, lambda: NOW, database), now=lambda: NOW)


def _read(url: str, file: Path) -> Took:
    """As the clock does every hour, and the bot when it starts."""
    app = _app(url, file)
    took = measured(app.refresh_people)
    app.database.close()
    return took


def _begun(url: str) -> Took:
    """As the clock does every hour, too; the first time of the period was when people were read."""
    app = _app(url, Path("people.csv"))
    took = measured(partial(app.handle, GiveAllotments(), "clock"))
    app.database.close()
    return took


def _balance(url: str) -> Took:
    """The first one that a process is asked for."""
    app = _app(url, Path("people.csv"))
    took = measured(lambda: app.hear(Sentence("balance", "p7", Place("terminal", "p7"))))
    app.database.close()
    return took


def _hashed(file: Path) -> Took:
    def work() -> None:
        whole = sha256()
        with file.open("rb") as read:
            while block := read.read(_BLOCK):
                whole.update(block)

    return measured(work)


def _parsed(file: Path) -> Took:
    def work() -> None:
        with file.open(newline="", encoding="utf-8") as read:
            for _ in csv.reader(read):
                pass

    return measured(work)
