"""Many at once: threads and processes, on SQLite and on PostgreSQL."""

import json
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from bot.app import App
from handlers.card import CARD, Card
from handlers.context import place_to_json
from handlers.place import Place
from handlers.requests.opening import OPEN_MAX
from storage import outbox
from storage.db import Database
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.fakes.board import Board

ROUNDS = 10
SHOWN = json.dumps({"place": place_to_json(Place("web", "x")), "card": CARD.dump_python(Card("News"), mode="json")})


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The small company, on each kind of database in turn."""
    return Company(database, clock)


def granted(company: Company) -> tuple[int, int]:
    """How many grants were posted and what they add up to, in nanos."""
    sums = text("select count(*), coalesce(sum(amount), 0) from entries where kind = 'grant'")
    row = company.database.ask(lambda conn: conn.execute(sums).one())
    return int(row[0]), int(row[1])


def test_several_who_decide_at_once_decide_once(company: Company) -> None:
    """Invariant 5: approve, approve less and deny at the same moment: one decision, at most one grant."""
    words = ["approve {}", "approve {} 20", "deny {} no", "approve {}"]
    before = granted(company)
    for number in range(1, ROUNDS + 1):
        company.say("ana", "request 50 for the race")
        said = at_once(*(partial(company.say, "max", each.format(number)) for each in words))

        done = [each for each in said if each.startswith(("Approved", "Denied"))]
        assert len(done) == 1, said
        amount = {"Approved: $50": 50, "Approved: $20": 20, "Denied: $50.0": 0}[done[0][:13]]
        after = granted(company)
        assert (after[0] - before[0], after[1] - before[1]) == (int(amount > 0), amount * 10**9)
        before = after


def test_an_order_delivered_twice_at_once_is_carried_out_once(company: Company) -> None:
    """A double click is one request, and both clicks get the same answer."""
    said = at_once(*[partial(company.say, "ana", "request 5 twice", delivery="trigger-1")] * 4)

    assert len(set(said)) == 1
    count = text("select count(*) from requests")
    assert company.database.ask(lambda conn: conn.execute(count).scalar_one()) == 1


def test_replicas_that_tick_at_once_write_a_slot_once(company: Company) -> None:
    """The same slot in every replica is one item: one each to read the usage, the limits and who asks for more."""
    at_once(*[company.app.tick] * 4)
    payloads = text("select payload from outbox where kind = 'pull' order by payload")

    found = company.database.ask(lambda conn: conn.execute(payloads).scalars().all())
    assert [json.loads(each)["what"] for each in found] == ["limits", "requests", "usage"]


def test_readers_of_the_same_report_count_it_once(company: Company) -> None:
    """Two pulls of the same days at once add nothing up twice."""
    company.llm.spends("ana", "300.00")
    at_once(*[company.pull] * 4)

    assert company.say("ana", "balance").startswith("$100.00 left of $400.00")


def test_processes_that_decide_at_once_decide_once(database_url: str, clock: Clock) -> None:
    """The same across processes, where no lock of ours could help."""
    made = Database(database_url)
    company = Company(made, clock)
    for _ in range(OPEN_MAX):
        company.say("ana", "request 50 for the race")
    context = multiprocessing.get_context("spawn")
    deciders = [context.Process(target=_decide_all, args=(database_url, clock)) for _ in range(2)]
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join()

    assert [decider.exitcode for decider in deciders] == [0, 0]
    assert granted(company) == (OPEN_MAX, OPEN_MAX * 50 * 10**9)
    made.close()


def _decide_all(url: str, clock: Clock) -> None:
    database = Database(url)
    company = Company(database, clock)
    _say_all(company, [f"approve {n}" for n in range(1, OPEN_MAX + 1)])
    database.close()


def _say_all(company: Company, words: Sequence[str]) -> None:
    for each in words:
        company.say("max", each)


@dataclass
class SlowBoard(Board):
    """Takes its time for each message, in which another replica looks for work."""

    clock: Clock = field(default_factory=Clock)
    meanwhile: Callable[[], object] = int

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Board."""
        self.clock.forward(timedelta(seconds=25))
        self.meanwhile()
        return super().show(place, card, receipt)


def test_a_batch_that_takes_longer_than_its_lease_is_delivered_once(company: Company, clock: Clock) -> None:
    """Six messages of 25 seconds: what the second replica has taken over, the first one leaves alone."""
    slow, other = SlowBoard(clock=clock), Board()
    company.settle()
    company.database.transact(
        lambda conn: [outbox.ensure(conn, f"m{n}@web:x{n}", "show", "web", SHOWN, clock(), clock()) for n in range(6)]
    )
    second = App(company.app.settings, company.database, {"web": other}, now=clock)
    slow.meanwhile = second.deliver
    company.app.platforms = {"web": slow}
    company.settle()

    assert len(slow.messages) + len(other.messages) == 6
    assert other.messages
