"""Budget moved by many at once: threads and processes, on SQLite and on PostgreSQL. What one gets another gives."""

import multiprocessing
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text

from handlers.events import GiveAllotments
from storage import ingest
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person
from storage.tables import entries, spend, terms
from tests.support.clock import NOW, Clock
from tests.support.company import ACME, PEOPLE, RULES, Company

NANOS = 10**9
ROUNDS = 5
EVA = Person("eva", "Eva Colleague", manager="max", team="search")
GIL = Person("gil", "Gil Colleague", manager="max", team="search")
HERE = replace(ACME, people=(*PEOPLE, EVA, GIL), links=(*ACME.links, Link("llm", "user", "eva", "person/eva")))
DECEMBER = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)


@dataclass
class Ticking(Clock):
    """A clock that is a microsecond later each time it is looked at."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """The moment."""
        with self._lock:
            self.moment += timedelta(microseconds=1)
            return self.moment


@pytest.fixture
def company(database: Database) -> Company:
    """Search has Ana, Eva, Gil and Max, $3,000 together and $400 each; Ana has spent $246.76."""
    return founded(database)


def founded(database: Database, clock: Clock | None = None, directory: Directory = HERE, **more: object) -> Company:
    """The company on a database, perhaps with other rules."""
    return Company(database, clock or Ticking(), {**RULES, **more}, directory)


def at_once(*work: Callable[[], str]) -> list[str]:
    """Run all at the same moment, and return what each said, in their order."""
    barrier, said = threading.Barrier(len(work)), [""] * len(work)

    def run(number: int) -> None:
        barrier.wait()
        said[number] = work[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [each for each in said if "That broke" in each], said
    return said


def say(company: Company, person: str, words: str) -> Callable[[], str]:
    """An order, to be given in a moment; the title of the answer."""
    return lambda: company.hear(person, words).title


def begins(company: Company) -> Callable[[], str]:
    """A period, to be begun in a moment."""

    def work() -> str:
        company.happens(GiveAllotments())
        return ""

    return work


def sums(company: Company) -> dict[tuple[str, str, str], int]:
    """What all entries of a kind add up to, by kind, budget and account."""
    found: dict[tuple[str, str, str], int] = {}
    words = select(entries.c.kind, entries.c.budget, entries.c.account_id, entries.c.amount)
    for kind, budget, account, amount in company.database.ask(lambda conn: conn.execute(words).all()):
        found[kind, budget, account] = found.get((kind, budget, account), 0) + amount
    return found


def total(company: Company, kind: str, budget: str = "") -> int:
    """What the entries of a kind add up to."""
    return sum(amount for (of, name, _), amount in sums(company).items() if of == kind and budget in ("", name))


def count(company: Company, kind: str) -> int:
    """How many entries of a kind there are."""
    words = text("select count(*) from entries where kind = :kind")
    return int(company.database.ask(lambda conn: conn.execute(words, {"kind": kind}).scalar_one()))


def left(company: Company, person: str) -> str:
    """The first line of a balance."""
    return company.hear(person, "balance").title


# Transfers -----------------------------------------------------------------------------------------------------------


def test_what_is_left_is_given_away_once(company: Company) -> None:
    """Ana has $153.24 left and gives $100 to two colleagues at the same moment: one of them gets it."""
    for number in range(1, ROUNDS + 1):
        said = at_once(
            say(company, "ana", "transfer 100 to eva"),
            say(company, "ana", "transfer 100 to gil"),
            say(company, "max", "transfer 100 from ana to eva"),
            say(company, "kim", "transfer 100 from ana to bob"),
        )
        assert len([each for each in said if "moved from" in each]) == 1, said
        assert (count(company, "transfer"), total(company, "transfer")) == (2 * number, 0)
        assert left(company, "ana") == "$53.24 left of $300.00" if number == 1 else True
        company.hear("fay", "correct 100 of ana for the next round")


def test_transfers_in_a_circle_lose_nothing_and_lock_nobody_out(company: Company) -> None:
    """Everybody gives to the next at the same moment, again and again."""
    for _ in range(ROUNDS):
        at_once(
            say(company, "ana", "transfer 7 to eva"),
            say(company, "eva", "transfer 11 to gil"),
            say(company, "gil", "transfer 13 to ana"),
            say(company, "kim", "transfer 3 from eva to ana"),
        )
    assert total(company, "transfer") == 0
    assert count(company, "transfer") % 2 == 0
    assert count(company, "transfer") >= ROUNDS * 4


def test_two_orders_of_the_same_moment_are_not_taken_for_one(database: Database) -> None:
    """Two clocks show the same microsecond: the second order is refused, and never posted by half."""
    company = founded(database, Clock())
    said = at_once(
        say(company, "gil", "transfer 50 to ana"),
        say(company, "gil", "transfer 30 to eva"),
        say(company, "gil", "transfer 20 to ana"),
        say(company, "fay", "correct 5 of ana for the outage"),
        say(company, "fay", "correct 7 of ana for the outage"),
    )
    moved = [int(each[1:3]) for each in said if "moved from" in each]
    corrected = [int(each.rpartition("$")[2][0]) for each in said if "corrected by" in each]

    assert total(company, "transfer") == 0
    assert sums(company)["transfer", "per-person", "person/gil"] == -sum(moved) * NANOS
    assert total(company, "correction") == sum(corrected) * NANOS
    assert len([each for each in said if "at the same moment" in each]) == 5 - len(moved) - len(corrected)


# Pools ---------------------------------------------------------------------------------------------------------------


def test_what_is_free_is_allotted_once(company: Company) -> None:
    """Of $3,000, Max and Kim each give $2,000 to somebody else at the same moment: one of them can."""
    for _ in range(ROUNDS):
        said = at_once(
            say(company, "max", "allot 2000 to eva"),
            say(company, "kim", "allot 2000 to ana from team search"),
            say(company, "max", "allot 2000 to crawler"),
        )
        assert len([each for each in said if "share is" in each]) == 1, said
        assert total(company, "transfer", "search-pool") == 0
        for each in ("eva", "crawler"):
            company.hear("max", f"allot 0 to {each}")
        company.hear("max", "allot 246.76 to ana")


def test_splits_and_allotments_at_once_never_give_more_than_there_is(company: Company) -> None:
    """Two owners split and allot at the same moment; the pool's sum stays, and nothing is free twice."""
    for number in range(ROUNDS):
        at_once(
            say(company, "max", "split now"),
            say(company, "kim", "split now of team search"),
            say(company, "max", f"allot {300 + number} to ana"),
            say(company, "kim", f"allot {400 + number} to eva from team search"),
        )
        shares = {each[2]: amount for each, amount in sums(company).items() if each[:2] == ("transfer", "search-pool")}
        assert sum(shares.values()) == 0
        assert -3000 * NANOS <= shares["team/search"] <= 0
        assert shares["person/ana"] >= 246.76 * NANOS
        assert min(shares.get(f"person/{each}", 0) for each in ("eva", "gil", "max")) >= 0


# Finance and the clock -----------------------------------------------------------------------------------------------


def test_corrections_at_once_all_count_and_each_counts_once(company: Company) -> None:
    """What was said to be corrected is what stands in the ledger."""
    said = at_once(*(say(company, "fay", f"correct {number} of ana for the outage") for number in range(1, 7)))
    done = [int(each.rpartition("$")[2].removesuffix(".00")) for each in said if "corrected by" in each]

    assert done
    assert (total(company, "correction"), count(company, "correction")) == (sum(done) * NANOS, len(done))


def test_a_rule_enforced_twice_at_once_is_enforced_once(company: Company) -> None:
    """Fay and Ada say it in the same moment, on two replicas that know the new rule."""
    rules = [{**each, "amount": "600 USD"} if each["name"] == "per-person" else each for each in budgets()]
    replicas = [founded(company.database, budgets=rules) for _ in range(2)]
    at_once(*(say(replica, who, "enforce per-person") for replica in replicas for who in ("fay", "ada")))

    words = select(terms.c.amount).where(terms.c.budget == "per-person").order_by(terms.c.id)
    amounts = company.database.ask(lambda conn: list(conn.scalars(words)))
    assert len(amounts) == 2
    assert amounts[-1] == 600 * NANOS


def test_periods_begun_by_all_replicas_at_once_are_begun_once(database: Database) -> None:
    """Hazard: two resets at once, the last one wins. Allotments and remainders are posted once."""
    rules = [{**each, "rollover": "all"} for each in budgets()]
    company = founded(database, budgets=rules)
    company.clock.moment = DECEMBER
    company.pull()
    at_once(*[begins(company)] * 4)

    holders = len(HERE.people) + 2
    assert count(company, "allotment") == 2 * holders
    assert (total(company, "rollover"), count(company, "rollover")) == (0, 2 * holders)


def budgets() -> list[dict[str, object]]:
    """The company's rules."""
    found = RULES["budgets"]
    assert isinstance(found, list)
    return list(found)


# Usage and people ----------------------------------------------------------------------------------------------------


def test_reports_links_and_moves_at_once_leave_the_rollup_right(company: Company) -> None:
    """A provider is read while an identity is linked and people change teams: what is kept is what a rebuild makes."""
    other = founded(company.database, company.clock)
    for number in range(1, ROUNDS + 1):
        for subject in ("ana", "eva", f"ghost-{number}"):
            company.llm.spends(subject, f"{number}{len(subject)}.00", date(2026, 11, 22))
        company.pull()
        company.llm.spends("ana", f"{number}.00", date(2026, 11, 22))
        moved = replace(EVA, team=("ads", "search", "")[number % 3])
        other.directory = replace(HERE, people=(*PEOPLE, moved, GIL))
        at_once(
            partial(pulled, company),
            partial(moved_by, other),
            say(company, "fay", f"link llm user ghost-{number} to eva"),
            say(other, "ada", f"link llm user ghost-{number} to ana"),
        )
        kept = rollup(company)
        company.database.transact(ingest.rebuild)
        assert rollup(company) == kept


def pulled(company: Company) -> str:
    """The provider is read."""
    company.pull()
    return "read"


def moved_by(company: Company) -> str:
    """The people sources are read."""
    return company.app.refresh_people()


def rollup(company: Company) -> list[tuple[object, ...]]:
    """The rollup as it is kept, without rows of nothing."""
    rows = select(spend).where((spend.c.tokens != 0) | (spend.c.cost_nanos != 0)).order_by(*spend.primary_key)
    return company.database.ask(lambda conn: [tuple(row) for row in conn.execute(rows)])


def test_restatements_at_once_leave_one_word_per_cell(company: Company) -> None:
    """Several readers with different words about the same cells: one of them is the last, and only it counts."""

    def read(number: int) -> str:
        cells = [
            Charge("llm", NOW - timedelta(days=day), 24, "m", subject=one, tokens_input=1, cost_nanos=number)
            for day in range(3)
            for one in ("ana", "eva", "bob")
        ]
        random.Random(number).shuffle(cells)
        zone = company.app.policy.zone
        company.database.transact(
            lambda conn: ingest.record(conn, cells, zone, lambda cost, *_: (cost, NANOS), NOW),
        )
        return "read"

    before = dict(totals(company))
    at_once(*(partial(read, number) for number in range(1, 5)))
    each = {account: cost - before.get(account, 0) for account, cost in totals(company)}
    assert each["person/ana"] in {3 * number for number in range(1, 5)}
    assert (each["org"], each["team/search"]) == (3 * each["person/ana"], 2 * each["person/ana"])


def totals(company: Company) -> Iterable[tuple[str, int]]:
    """What each account has spent."""
    words = text("select account_id, cast(sum(cost_nanos) as bigint) from spend group by account_id")
    return [(row[0], int(row[1])) for row in company.database.ask(lambda conn: conn.execute(words).all())]


# Processes -----------------------------------------------------------------------------------------------------------


def test_processes_that_move_budget_at_once_keep_the_sums(database_url: str) -> None:
    """Everything at once from two processes, where no lock of ours could help, and threads in each."""
    made = Database(database_url)
    company = founded(made)
    context = multiprocessing.get_context("spawn")
    said = context.SimpleQueue()
    movers = [context.Process(target=_move_all, args=(database_url, seed, said)) for seed in range(2)]
    for mover in movers:
        mover.start()
    answers = [each for _ in movers for each in said.get()]
    for mover in movers:
        mover.join()

    assert [mover.exitcode for mover in movers] == [0, 0]
    assert not [each for each in answers if "That broke" in each]
    corrected = sum(int(each.rpartition("$")[2].removesuffix(".00")) for each in answers if "corrected by" in each)
    assert total(company, "transfer") == 0
    assert total(company, "correction") == corrected * NANOS
    moved = len([each for each in answers if "moved from" in each])
    pool = {each[2]: amount for each, amount in sums(company).items() if each[:2] == ("transfer", "search-pool")}
    assert halves(company) == 2 * moved > 0
    assert -3000 * NANOS <= pool["team/search"] <= 0
    assert pool["person/ana"] >= 246.76 * NANOS
    made.close()


def halves(company: Company) -> int:
    """How many entries were posted by transfers between two, of whatever budget they have in common."""
    words = select(entries.c.id).where(entries.c.key.startswith("transfer/"))
    return company.database.ask(lambda conn: len(conn.execute(words).all()))


def _move_all(url: str, seed: int, heard: "multiprocessing.queues.SimpleQueue[list[str]]") -> None:
    """One process: three threads that give orders in an order of their own."""
    database = Database(url)
    company = founded(database, Ticking(NOW + timedelta(seconds=seed)))
    orders = [
        ("ana", "transfer 5 to eva"),
        ("eva", "transfer 6 to ana"),
        ("max", "transfer 4 from eva to ana"),
        ("fay", "correct 3 of max for the outage"),
        ("max", f"allot {300 + seed} to ana"),
        ("kim", f"allot {500 + seed} to eva from team search"),
        ("max", "split now"),
        ("clock", "give_allotments"),
    ] * 2

    def said(person: str, words: str) -> str:
        return begins(company)() if person == "clock" else company.hear(person, words).title

    def work(number: int) -> str:
        mine = list(orders)
        random.Random(10 * seed + number).shuffle(mine)
        return "\n".join(said(person, words) for person, words in mine)

    answers = at_once(*(partial(work, number) for number in range(3)))
    heard.put([line for each in answers for line in each.splitlines()])
    database.close()
