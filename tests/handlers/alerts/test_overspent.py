"""`overspent`: who is over their limit, told to whom it is told."""

from datetime import date

import pytest

from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.history import read_all, uses


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Ana and Lea are over 400 USD, the crawler and team Search are not."""
    made = Company(database, clock)
    made.llm.spends("ana", "450.00", date(2026, 11, 20))
    made.llm.spends("lea", "400.01", date(2026, 11, 19))
    made.pull()
    return made


def test_finance_sees_all_and_people_in_the_order_of_the_alphabet(company: Company) -> None:
    """Teams stand before people; a limit that is met to the cent is not passed."""
    company.llm.spends("crawler-key", "900.00", date(2026, 11, 20))
    company.llm.spends("bob", "300.00", date(2026, 11, 20))
    company.pull()
    said = company.say("fay", "overspent")

    assert "3 budgets are over their limits" in said
    rows = [line for line in said.partition("Likely")[0].splitlines() if "this month" in line]
    assert [row.split()[0] for row in rows] == ["Crawler", "Ana", "Lea"]
    assert rows[1].split()[-3:] == ["$696.76", "$400.00", "$296.76"]
    assert "Bob" not in said


def test_others_see_what_is_theirs_and_nobody_else(company: Company) -> None:
    """Who owns Search sees Ana, who is in it; Ana sees herself; Bob sees nobody."""
    assert "Ana Silva is over the limit" in company.say("max", "which team is over budget?")
    assert "Lea" not in company.say("max", "overspent")
    assert "Ana Silva is over the limit" in company.say("ana", "overspent")
    bob = company.say("bob", "overspent")
    assert "No budget is over its limit" in bob
    assert "Ana" not in bob
    assert "Lea" not in bob


def test_a_team_that_will_be_over_is_told_before(company: Company) -> None:
    """Search has spent most of its 3,000 USD by the 22nd and goes on so."""
    uses(company, "max", lambda _: "90.00")
    read_all(company)
    said = company.say("kim", "overspent")

    assert "Likely over when the period ends" in said
    [row] = [line for line in said.splitlines() if line.startswith("Search")]
    assert "$3,000.00" in row


def test_a_grant_takes_somebody_off_the_list(company: Company) -> None:
    """The limit is that of the ledger, with what was granted."""
    company.say("lea", "request 5 the demo")
    company.settle()
    company.say("kim", "approve 1")
    assert "Lea" not in company.say("fay", "overspent")
