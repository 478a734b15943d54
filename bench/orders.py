"""Orders while a provider's day is recorded: how long a request waits for its answer, beside one with nothing else.

One process does both, as `run` does: a thread reads a day of so many cells, and requests are sent at their own times
(an open loop), whether the one before is answered or not.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from bench.databases import KINDS, temporary
from bench.pull import NOW, Bulk
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from bot.sync.usage import Reading, pull
from handlers.events import GiveAllotments
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.db import Database
from storage.directory import Directory, Link, Person, Team

ROWS = 600_000
PEOPLE, TEAMS = 10_000, 100
PER_SECOND = 4
QUIET = 100
THREADS = 16
P99_AIM_MS = 1_000.0
RULES = {
    "organization": {"name": "Large", "zone": "UTC"},
    "directory": ["sample"],
    "budgets": [{"name": "monthly", "who": "every person", "amount": "400 USD"}],
}


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds until each answer, sorted, and how many of them were that it is busy."""

    ms: Sequence[float]
    busy: int

    def share(self, part: float) -> float:
        """The time in which a share of the answers came, such as 0.99."""
        return self.ms[min(int(len(self.ms) * part), len(self.ms) - 1)]


def bench() -> Iterator[Table]:
    """Both databases, each table as soon as it is there."""
    for kind in KINDS:
        with temporary(kind) as url:
            yield _of_one(kind, url)


def _of_one(kind: str, url: str) -> Table:
    database = Database(url)
    database.migrate()
    directory = _company()
    app = App(Settings.model_validate(RULES), database, directory=lambda: directory, now=lambda: NOW)
    database.transact(lambda conn: people.apply(conn, directory, date(2026, 1, 1)))
    app.handle(GiveAllotments(), "clock")
    numbers = iter(range(1, PEOPLE))

    def ask() -> bool:
        card = app.hear(Sentence("request 50 for tests", f"p{next(numbers)}", Place("terminal", "bench")))
        assert card.title.startswith("Asked for") or card.tone == "warn", card.title
        return card.tone != "warn"

    quiet = _sent(ask, lambda: False, QUIET)
    reading = threading.Thread(
        target=pull, args=(database, Bulk(ROWS), Reading(app.policy, 0, 0), lambda: NOW), daemon=True
    )
    began_s = time.monotonic()
    reading.start()
    beside = _sent(ask, lambda: not reading.is_alive(), PEOPLE - QUIET - 1)
    took_s = time.monotonic() - began_s
    app.close()
    rows = [_row("nothing else", quiet), _row(f"a day of {ROWS:,} cells is recorded", beside)]
    rows[1] = (*rows[1][:-1], aimed(beside.share(0.99), at_most=P99_AIM_MS, digits=0))
    return Table(
        f"Requests beside a reading, {kind}, {PER_SECOND} a second",
        ("meanwhile", "requests", "p50 ms", "p99 ms", "most ms", "busy", "aim"),
        rows,
        (f"The day took {took_s:.0f} s ({ROWS / took_s:,.0f} rows/s).",),
    )


def _company() -> Directory:
    teams = tuple(Team(f"t{n}", f"Team {n}", "p0") for n in range(TEAMS))
    everybody = tuple(
        Person(f"p{n}", f"Person {n}", manager="p0" if n else "", team=f"t{n % TEAMS}") for n in range(PEOPLE)
    )
    links = tuple(Link("bulk", "user", f"u{n}", f"person/p{n}") for n in range(PEOPLE))
    return Directory(everybody, teams, links=links)


def _sent(ask: Callable[[], bool], over: Callable[[], bool], at_most: int) -> Waits:
    """So many a second until it is over; each in a thread of its own, timed from the moment at which it was due."""
    began_s = time.perf_counter()

    def timed(due_s: float) -> tuple[float, bool]:
        done = ask()
        return (time.perf_counter() - due_s) * 1_000, done

    with ThreadPoolExecutor(THREADS) as pool:
        found = []
        for number in range(at_most):
            due_s = began_s + number / PER_SECOND
            time.sleep(max(0.0, due_s - time.perf_counter()))
            if over():
                break
            found.append(pool.submit(timed, due_s))
        answers = [each.result() for each in found]
    return Waits(sorted(ms for ms, _ in answers), sum(not done for _, done in answers))


def _row(what: str, waits: Waits) -> tuple[str, ...]:
    shown = (f"{waits.share(part):.0f}" for part in (0.5, 0.99, 1.0))
    return what, f"{len(waits.ms)}", *shown, f"{waits.busy}", ""
