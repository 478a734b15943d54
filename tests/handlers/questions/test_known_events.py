"""What is known to come enters every estimate, and the forecast names it in a line."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from handlers.policy import Policy
from storage import seats
from storage.db import Database
from storage.seats import Seat
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.history import on_working_days, read_all, uses

CONTRACT = {"name": "llm-2026", "provider": "llm", "starts": date(2026, 9, 14), "ends": date(2027, 9, 14)}


def company_with(database: Database, clock: Clock, contract: dict[str, object], **rules: object) -> Company:
    """Ana and Bob spend 10 dollars a day each, from Monday to Friday."""
    made = Company(database, clock, {**RULES, "contracts": [{**CONTRACT, **contract}], **rules})
    made.llm.rows = []
    uses(made, "ana", on_working_days("10"))
    uses(made, "bob", on_working_days("10"), model="claude-opus-4-5")
    return read_all(made)


def test_a_new_price_counts_from_its_day_for_whoever_uses_it(database: Database, clock: Clock) -> None:
    """Opus costs half as much again from the 25th: Bob's four working days after it, and nobody else's."""
    prices = [{"model": "claude-opus-*", "from": date(2026, 11, 25), "percent": 50}]
    company = company_with(database, clock, {"prices": prices})

    bob = company.say("bob", "forecast")
    assert bob.splitlines()[0] == "$230 expected by 30 November, limit $400.00"
    assert "Includes the new prices of llm from 25 November: $20 more." in bob
    assert "Month-end estimate  $230" in company.say("bob", "balance")
    ana = company.say("ana", "forecast")
    assert ana.splitlines()[0] == "$210 expected by 30 November, limit $400.00"
    assert "new prices" not in ana
    assert "$440 expected by 30 November" in company.say("fay", "forecast of organization")


def test_a_contract_that_is_written_down_counts_at_once(database: Database, clock: Clock) -> None:
    """What was estimated by the rules of before is not said by the new ones, though no figure has changed."""
    company = company_with(database, clock, {})
    assert "Month-end estimate  $210" in company.say("bob", "balance")
    dearer = [{**CONTRACT, "prices": [{"from": date(2026, 11, 25), "percent": 50}]}]
    contracts = Policy.model_validate({"contracts": dearer}).contracts
    company.app.policy = company.app.policy.model_copy(update={"contracts": contracts})
    assert "Month-end estimate  $230" in company.say("bob", "balance")


def test_seats_of_a_contract_that_begins_are_paid_from_its_first_day(database: Database, clock: Clock) -> None:
    """Of 22 seats two are there: 20 new ones at 40 dollars, and only the organization pays for them."""
    company = company_with(database, clock, {"starts": date(2026, 11, 25), "seats": 22}, seats={"cursor": "40 USD"})
    here = [Seat("llm", each, "cursor", 40 * 10**9, None, None) for each in ("ana", "bob")]
    database.transact(lambda conn: seats.record(conn, "llm", here))

    said = company.say("fay", "forecast of organization")
    assert said.splitlines()[0] == "Acme: $1,220 expected by 30 November"
    assert "Includes 20 new llm seats from 25 November: $800.00." in said
    assert "seats" not in company.say("ana", "forecast")


def test_what_people_used_who_left_is_not_expected_again(database: Database, clock: Clock) -> None:
    """Bob is off the roster: his 150 are spent, his six days are not to come."""
    company = company_with(database, clock, {})
    assert "Acme: $420 expected" in company.say("fay", "forecast of organization")

    company.directory = replace(ACME, people=tuple(each for each in ACME.people if each.id != "bob"))
    company.app.refresh_people()
    said = company.say("fay", "forecast of organization")
    assert "Acme: $360 expected" in said
    assert "Leaves out $200 that people who have left used in the last four weeks." in said
    assert "people who have left" not in company.say("ana", "forecast")


def test_last_years_weeks_shape_what_a_team_will_use(database: Database, clock: Clock) -> None:
    """Its last Novembers' ends had twice the use: the team's estimate says so, a single person's does not."""
    company = company_with(database, clock, {})
    year = timedelta(days=364)
    for number in range(-56, 20):
        day = clock().date() + number * timedelta(days=1) - year
        if day.weekday() < 5:
            company.llm.spends("ana", "20" if number >= 0 else "10", day)
    read_all(company)

    said = company.say("max", "forecast of team search")
    assert "more, as in the same weeks of last year." in said
    [expected] = [line for line in said.splitlines() if "expected by 30 November, limit" in line]
    assert expected > "Search: $225"
    estimate = expected.split()[1]
    assert f"Month-end estimate  {estimate}" in company.say("max", "balance of team search")
    assert company.say("ana", "forecast").startswith("$210 expected")


@pytest.mark.parametrize("unit", ["100M tokens"])
def test_tokens_have_no_price(database: Database, clock: Clock, unit: str) -> None:
    """A budget in tokens knows nothing of prices or seats."""
    prices = [{"from": date(2026, 11, 25), "percent": 50}]
    budgets = [{"name": "tokens", "who": "every person", "amount": unit}]
    company = company_with(database, clock, {"prices": prices}, budgets=budgets)
    assert "Includes" not in company.say("bob", "forecast")
