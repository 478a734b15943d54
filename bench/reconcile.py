"""Limits of a hundred thousand people compared with the ledger, one in a hundred changed: how many calls, how long.

The floor is what cannot be less: each page of the provider's list read once, each change written once.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bench.databases import KINDS
from bench.ledger import NOW, PEOPLE, RULES, empty, large_company
from bench.table import Table
from bot.app import App
from bot.config import Settings
from bot.providers.base import Limit, Provider
from handlers.events import GiveAllotments
from storage import ledger, people
from storage.db import Database
from storage.ledger import Entry
from storage.limits import Subject

PAGE_ROWS = 100
CHANGED = PEOPLE // 100
GIVEN_NANOS = 50 * 10**9


@dataclass
class Counting(Provider):
    """A provider that keeps everybody's limit, and counts how often it is called; a page of its list is a call."""

    can = frozenset({"limits", "set_limit"})
    limited = frozenset({"user"})

    name: str = "restater"
    there: dict[Subject, Limit] = field(default_factory=dict)
    calls: int = 0

    def limits(self) -> Iterator[Limit]:
        """See Provider."""
        for number, limit in enumerate(list(self.there.values())):
            self.calls += number % PAGE_ROWS == 0
            yield limit

    def limit(self, subject: Subject) -> Limit | None:
        """See Provider."""
        self.calls += 1
        return self.there.get(subject)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """See Provider."""
        self.calls += 1
        self.there[subject] = replace(self.there[subject], amount_nanos=amount_nanos)
        return self.there[subject]


@dataclass(frozen=True, slots=True)
class Run:
    """How a comparison went."""

    what: str
    seconds: float
    calls: int
    least: int


def bench() -> Iterator[Table]:
    """On both databases."""
    for kind in KINDS:
        with empty(kind) as database:
            yield _table(kind, list(_runs(database)))


def _runs(database: Database) -> Iterator[Run]:
    directory, provider = large_company(), Counting()
    budgets = [{"name": "monthly", "who": "every person", "amount": "400 USD"}]
    settings = Settings.model_validate(
        {**RULES, "budgets": budgets, "providers": [{"kind": "sample", "name": "restater"}]}
    )
    clock = [NOW]
    app = App(settings, database, providers={"restater": provider}, directory=lambda: directory, now=lambda: clock[0])
    database.transact(lambda conn: people.apply(conn, directory, NOW.date()))
    app.handle(GiveAllotments(), "clock")
    app.deliver()
    for number in range(PEOPLE):
        subject = Subject("user", f"u{number}")
        provider.there[subject] = Limit(subject, 400 * 10**9)
    pages = PEOPLE // PAGE_ROWS
    yield _run(app, provider, "the first time, all as they should be", pages)
    clock[0] += timedelta(minutes=1)
    _give(database)
    yield _run(app, provider, f"{CHANGED:,} budgets changed", pages + CHANGED)
    clock[0] += timedelta(minutes=1)
    yield _run(app, provider, "nothing changed", pages)
    wrong = sum(
        provider.there[Subject("user", f"u{number}")].amount_nanos != 400 * 10**9 + (number < CHANGED) * GIVEN_NANOS
        for number in range(PEOPLE)
    )
    if wrong:
        raise AssertionError(f"{wrong} limits are not what the ledger says")


def _give(database: Database) -> None:
    """Give each of some more, as so many grants would."""
    entries = [
        Entry(
            f"grant/{number}", f"person/p{number}", "monthly", NOW.date().replace(day=1), "grant", GIVEN_NANOS, "USD",
            "p0", "", NOW,
        )
        for number in range(CHANGED)
    ]  # fmt: skip
    database.transact(lambda conn: ledger.post_many(conn, entries))


def _run(app: App, provider: Counting, what: str, least: int) -> Run:
    provider.calls, began = 0, time.monotonic()
    app.limits.read(provider)
    while app.deliver():
        pass
    return Run(what, time.monotonic() - began, provider.calls, least)


def _table(kind: str, runs: list[Run]) -> Table:
    rows = [(run.what, f"{run.seconds:.1f} s", f"{run.calls:,}", f"{run.least:,}") for run in runs]
    return Table(
        f"Limits of {PEOPLE:,} people, {kind}",
        ("comparison", "took", "calls", "pages and changes"),
        rows,
        (f"A page of the provider's list has {PAGE_ROWS} rows. The calls take no time here: what is timed is ours.",),
    )
