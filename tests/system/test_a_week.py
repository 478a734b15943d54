"""A week in fast time under three replicas, while PostgreSQL is stopped and started: each slot once, none lost."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from storage.db import Database
from storage.directory import Person
from storage.outbox import LEASE
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import started
from tests.support.fakes.slack import FakeSlack
from tests.support.history import on_working_days, read_all, uses
from tests.support.replica import replica

BEGIN = datetime(2026, 11, 23, 0, 0, 5, tzinfo=UTC)
EVERY = timedelta(hours=6)
STEPS, REPLICAS = 28, 3
CHANNELS = ("C1", "C2", "C3")
STOPPED_AT = frozenset({3, 9, 14, 20, 27})
"""Steps at which PostgreSQL is killed when the slot is due, and is away while it would be said."""
AWAY_S, PATIENCE_S = 1.5, 300.0
SCHEDULE = [{"at": "0 */6 * * *", "say": "spend of team search by model", "in": f"slack:{each}"} for each in CHANNELS]
RULES_HERE: dict[str, object] = {
    **RULES,
    "organization": {"name": "Acme", "zone": "UTC"},
    "schedule": [{**each, "grace_hours": 5} for each in SCHEDULE],
}


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL of its own, which can be stopped.

    It runs as another user, and whoever runs pytest beside us takes the folder of all temporary paths for themself.
    """
    with TemporaryDirectory(prefix="bursar-week-", ignore_cleanup_errors=True) as home:
        made = started(Path(home) / "data")
        yield made
        made.cleanup()


def said(slack: FakeSlack) -> Counter[str]:
    """How often something was said in each channel."""
    with slack.lock:
        return Counter({each: len(slack.messages.get(each, [])) for each in CHANNELS})


def wait_for(
    slots: int, slack: FakeSlack, ahead_s: "Synchronized[float]", rounds: Sequence["Synchronized[int]"]
) -> None:
    """Until so many were said everywhere. The leases of what was cut off end in a minute.

    They end early only when nothing was said while each replica went round twice: then none of them is about to say
    what it has leased, however slow the machine is.
    """
    until = time.monotonic() + PATIENCE_S
    while min(said(slack).values()) < slots:
        before, seen = said(slack), [each.value for each in rounds]
        while any(each.value < was + 2 for each, was in zip(rounds, seen, strict=True)):
            assert time.monotonic() < until, (slots, before)
            time.sleep(0.02)
        if said(slack) == before:
            ahead_s.value += LEASE.total_seconds()


@pytest.mark.long
def test_each_slot_of_a_week_is_said_once_while_postgresql_comes_and_goes(server: Any, clock: Clock) -> None:
    """Whoever dies between Slack's answer and its own note of it may say that one again, and nothing else twice."""
    clock.moment = BEGIN - timedelta(hours=1)
    url = server.get_uri("postgres").replace("postgresql+psycopg://", "postgresql://")
    made = Database(url)
    made.migrate()
    crowd = tuple(Person(f"p{n}", f"P {n}", team="search") for n in range(5))
    company = Company(made, clock, RULES_HERE, replace(ACME, people=(*ACME.people, *crowd)))
    uses(company, "ana", on_working_days("20"))
    read_all(company)
    made.close()

    context = multiprocessing.get_context("spawn")
    ahead_s, rounds = context.Value("d", 0.0), [context.Value("q", 0) for _ in range(REPLICAS)]
    with FakeSlack() as slack:
        for channel in CHANNELS:
            slack.add_channel(channel)

        where = (RULES_HERE, url, slack.base_url, slack.bot_token, ahead_s)
        running: list[BaseProcess] = []
        try:
            for step in range(STEPS):
                ahead_s.value = (BEGIN + step * EVERY).timestamp() - time.time()
                if step in STOPPED_AT:
                    server.stop()
                    time.sleep(AWAY_S)
                    server.start()
                if not running:
                    running += [context.Process(target=replica, args=(*where, each)) for each in rounds]
                    for one in running:
                        one.start()
                wait_for(step + 1, slack, ahead_s, rounds)
        finally:
            for one in running:
                one.kill()
                one.join()
        counted = said(slack)
    assert min(counted.values()) >= STEPS
    assert max(counted.values()) <= STEPS + len(STOPPED_AT)
