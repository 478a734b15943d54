"""Many programs at once, for the same last dollars, on both databases."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from handlers.errors import RefusedError
from handlers.programs import Caller
from handlers.programs.shapes import Reserve, SeeBudget, Settle
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company

ANA = Caller("person/ana", "token #1")


def at_once(*work: Callable[[], object]) -> list[str]:
    """Run all at the same moment, and return what each said."""
    barrier, said = threading.Barrier(len(work)), SimpleQueue[str]()

    def run(each: Callable[[], object]) -> None:
        barrier.wait()
        try:
            said.put(str(each()))
        except RefusedError as no:
            said.put(f"no: {no}")

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [said.get() for _ in work]


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The small company, on each kind of database in turn."""
    return Company(database, clock)


def held(company: Company) -> str:
    """What Ana's programs have reserved."""
    answer = company.app.call(ANA, "ana", SeeBudget())
    return str(answer.model_dump()["budgets"][0]["reserved"]["amount"])


def test_the_last_dollars_are_promised_once(company: Company) -> None:
    """$153.24 left: of six jobs that want $100 at once, one gets it."""

    def wants() -> object:
        return company.app.call(ANA, "ana", Reserve(amount="100 USD"))

    said = at_once(*[wants] * 6)
    assert sum(not each.startswith("no: ") for each in said) == 1
    assert held(company) == "100"


def test_one_key_at_once_is_one_reservation(company: Company) -> None:
    """A client that repeats before it was answered gets the same number each time."""

    def wants() -> object:
        return company.app.call(ANA, "ana", Reserve(amount="20 USD"), "run-7").model_dump_json()

    assert len(set(at_once(*[wants] * 5))) == 1
    assert held(company) == "20"


def test_two_costs_of_one_job_at_once_are_one(company: Company) -> None:
    """The first counts, the others are refused."""
    company.app.call(ANA, "ana", Reserve(amount="50 USD"))

    def costs(cost: str) -> Callable[[], object]:
        return lambda: company.app.call(ANA, "ana", Settle(reservation=1, cost=cost))

    said = at_once(*(costs(f"{number} USD") for number in range(1, 5)))
    assert sum(not each.startswith("no: ") for each in said) == 1
