"""Three replicas on PostgreSQL, one of which is killed again and again: every slot is delivered, and once."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

import pytest

from storage.db import Database
from storage.directory import Person
from storage.outbox import LEASE
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import Postgres
from tests.support.fakes.slack import FakeSlack, Message
from tests.support.history import on_working_days, read_all, uses
from tests.support.replica import replica

MONDAY = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)
CHANNELS = tuple(f"C{number}" for number in range(1, 7))
WEEKS = 2
QUIET_S, PATIENCE_S = 5.0, 200
SCHEDULE = [{"at": "0 9 * * mon", "say": "digest of team search", "in": f"slack:{each}"} for each in CHANNELS]
LIMITS = [
    {"name": "pool", "who": "team search", "amount": "600 USD", "alert_at": [50], "alert_in": f"slack:{CHANNELS[0]}"}
]
RULES_HERE: dict[str, object] = {**RULES, "schedule": SCHEDULE, "budgets": LIMITS}


@contextmanager
def replicas(start: Callable[[], BaseProcess]) -> Iterator[list[BaseProcess]]:
    """Three of them, all gone at the end."""
    running = [start() for _ in range(3)]
    try:
        yield running
    finally:
        for each in running:
            each.kill()
            each.join()


@pytest.fixture
def company(postgres: Postgres, clock: Clock) -> Iterator[Company]:
    """Six people in Search, ten weeks of usage, on PostgreSQL."""
    clock.moment = MONDAY
    crowd = tuple(Person(f"p{n}", f"P {n}", team="search") for n in range(5))
    with postgres.migrated() as url:
        made = Company(Database(url), clock, RULES_HERE, replace(ACME, people=(*ACME.people, *crowd)))
        uses(made, "ana", on_working_days("20"))
        yield read_all(made)
        made.database.close()


def told(slack: FakeSlack) -> Counter[tuple[str, str]]:
    """How often each thing was said, by channel: digests, their details, alerts."""
    with slack.lock:
        messages = {each: list(slack.messages.get(each, [])) for each in CHANNELS}
    return Counter((channel, _kind(each)) for channel in CHANNELS for each in messages[channel])


def _kind(message: Message) -> str:
    if message.thread_ts:
        return "details"
    return "digest" if "last week" in message.text else "alert"


def test_every_slot_is_delivered_once_while_replicas_are_killed(company: Company) -> None:
    """Each Monday one replica dies in the middle of its work, and another one takes its place.

    A process that dies between Slack's answer and its own note of it may say one message again; nothing else may be
    said twice, and nothing is lost.
    """
    context = multiprocessing.get_context("spawn")
    ahead_s = context.Value("d", 0.0)
    with FakeSlack() as slack:
        for channel in CHANNELS:
            slack.add_channel(channel)
        address = company.database.url.render_as_string(hide_password=False)

        def start() -> BaseProcess:
            made = context.Process(target=replica, args=(RULES_HERE, address, slack.base_url, slack.bot_token, ahead_s))
            made.start()
            return made

        def complete(weeks: int) -> bool:
            said = told(slack)
            return all(said[channel, kind] >= weeks for channel in CHANNELS for kind in ("digest", "details"))

        def let_leases_end_when_all_is_quiet(weeks: int) -> None:
            """The dead one's leases end in a minute; those who live must not lose theirs while they work."""
            until = time.monotonic() + PATIENCE_S
            while not complete(weeks) and time.monotonic() < until:
                before = told(slack)
                time.sleep(QUIET_S)
                if told(slack) == before:
                    ahead_s.value += LEASE.total_seconds()

        ahead_s.value = MONDAY.timestamp() - time.time()
        with replicas(start) as running:
            for week in range(WEEKS):
                slack.wait(lambda: told(slack).total() > 2 * week * len(CHANNELS) + week, PATIENCE_S)  # noqa: B023
                running[week].kill()
                running[week].join()
                running[week] = start()
                let_leases_end_when_all_is_quiet(week + 1)
                ahead_s.value = (MONDAY + timedelta(weeks=week + 1)).timestamp() - time.time()
        said = told(slack)

    assert complete(WEEKS)
    assert said[CHANNELS[0], "alert"] >= 1
    assert said.total() <= 2 * WEEKS * len(CHANNELS) + 1 + WEEKS
    for channel in CHANNELS:
        tops = {each.ts for each in slack.messages[channel] if not each.thread_ts}
        assert {each.thread_ts for each in slack.messages[channel] if each.thread_ts} <= tops
