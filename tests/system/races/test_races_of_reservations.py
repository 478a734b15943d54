"""Many programs at once, for the same last dollars, on both databases."""

from collections.abc import Callable

import pytest

from handlers.programs import Caller
from handlers.programs.shapes import Reserve, SeeBudget, Settle
from storage.db import Database
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import Company

ANA = Caller("person/ana", "token #1")


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
