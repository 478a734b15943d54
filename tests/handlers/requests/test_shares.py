"""A share of a pool: its lead is asked first and gives what is free; only what the pool lacks goes above."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.db import Database
from storage.directory import Team
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MANAGER: list[dict[str, object]] = [{"stages": [{"by": "manager"}]}]
POOL = {"name": "search-pool", "who": "team search", "amount": "300 USD"}
"""Ana has used $246.76 of it."""
ONLY_A_POOL = {**RULES, "approvals": MANAGER, "budgets": [POOL]}


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """Nobody has a budget but the team of Search together."""
    clock.moment = MONDAY
    database = migrated(tmp_path / "bursar.db")
    yield Company(database, clock, dict(ONLY_A_POOL))
    database.close()


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """The same on each kind of database in turn."""
    clock.moment = MONDAY
    return Company(database, clock, dict(ONLY_A_POOL))


def pool(company: Company) -> str:
    return company.say("max", "pool")


def last(company: Company, person: str) -> str:
    return company.reads(person)[-1]


def sums(company: Company) -> int:
    """What the pool holds by all that was moved."""
    every = "select sum(amount) from entries where budget = 'search-pool' and kind <> 'allotment'"
    return int(company.database.ask(lambda conn: conn.exec_driver_sql(every).scalar_one()) or 0)


def test_a_member_bound_only_by_a_pool_asks_its_lead(on_both: Company) -> None:
    """Who gives it out of what is free: the pool does not grow, and who spent with all others has a share now."""
    asked = on_both.say("ana", "request 40 finish the migration")
    assert asked.startswith("Asked for $40.00 more")
    assert "Goes to                  Max Weber (lead of the Search pool)" in asked
    assert "Their share then         $286.76, to which they are limited" in asked
    card = last(on_both, "max")
    assert "Free in the Search pool  $53.24" in card
    assert "You decide as lead of the Search pool." in card

    assert on_both.hear("max", "approve 1").title == "Approved: $40.00 for Ana Silva"
    assert "Max Weber gave you $40.00 of the Search pool" in last(on_both, "ana")
    assert on_both.hear("ana", "balance").title == "$40.00 left of $286.76"
    assert "$246.76 of $300.00 used" in pool(on_both)
    assert "Free to give    $13.24" in pool(on_both)
    assert sums(on_both) == 0  # all that was given was taken from the rest
    assert len(on_both.reads("kim")) == 0


def test_only_what_the_pool_lacks_goes_above(on_both: Company) -> None:
    """To whoever decides over the pool, which grows by that and no more."""
    asked = on_both.say("ana", "request 100 a larger one")
    assert "What the pool lacks      $46.76" in asked
    assert "For what the pool lacks  your manager" in asked
    answer = on_both.hear("max", "approve 1")
    assert answer.title == "You gave $53.24. The pool lacks $46.76; next to decide: Kim Tanaka"
    assert "Max Weber gave you $53.24 of the Search pool. Kim Tanaka decides about $46.76" in last(on_both, "ana")
    assert on_both.hear("ana", "balance").title == "$53.24 left of $300.00"
    above = last(on_both, "kim")
    assert above.startswith("Ana Silva asks for $46.76 more")
    assert "Given out of the pool    $53.24" in above
    assert "because Max Weber spends from this pool" in above
    assert on_both.hear("max", "approve 1").title == "Others decide request #1 now."

    assert on_both.hear("kim", "approve 1").title == "Approved: $100.00 for Ana Silva"
    assert on_both.hear("ana", "balance").title == "$100.00 left of $346.76"
    assert "$246.76 of $346.76 used" in pool(on_both)
    assert "Request #1: $100.00, approved" in on_both.say("ana", "history 1")


def test_of_a_used_up_pool_everything_goes_above(company: Company) -> None:
    """The lead still decides first whether it is worth asking for."""
    company.llm.spends("ana", "340.00", MONDAY.date())
    company.pull()
    assert "The Search pool binds" not in company.say("ana", "request 60 it")
    assert company.hear("max", "approve 1").title == (
        "The pool has nothing free. Next to decide about $60.00: Kim Tanaka"
    )
    assert "The Search pool has nothing free. Kim Tanaka decides about $60.00" in last(company, "ana")
    company.say("kim", "approve 1")
    assert (
        company.hear("ana", "balance").title == "$226.76 over the limit of $360.00"
    )  # the pool as a whole still binds
    assert "Share of the Search pool, this month    $60.00" in company.say("ana", "balance")


def test_the_lead_may_give_less_or_nothing(company: Company) -> None:
    """As whoever decides any request."""
    company.say("ana", "request 100 it")
    assert company.hear("max", "approve 1 30").title == "Approved: $30.00 for Ana Silva"
    assert company.hear("ana", "balance").title == "$30.00 left of $276.76"
    company.say("ana", "request 20 more of it")
    assert company.hear("max", "deny 2 not now").title == "Denied: $20.00 for Ana Silva"
    assert company.hear("ana", "balance").title == "$30.00 left of $276.76"


def test_what_was_given_stays_when_the_rest_is_denied(company: Company) -> None:
    """She reads both, and the request is over."""
    company.say("ana", "request 100 it")
    company.say("max", "approve 1")
    company.say("kim", "deny 1 the quarter is planned")
    told = last(company, "ana")
    assert told.split("\n")[0].endswith("Kim Tanaka denied $46.76")
    assert "The $53.24 that you were given stay." in told
    assert company.hear("ana", "balance").title == "$53.24 left of $300.00"
    assert "approved" in company.say("ana", "requests")
    assert "Request #1: $100.00, approved" in company.say("ana", "history 1")


@pytest.mark.parametrize("words", ["withdraw 1", ""])
def test_what_was_given_stays_when_the_rest_is_withdrawn_or_expires(company: Company, words: str) -> None:
    """Nothing that was decided is undone."""
    company.say("ana", "request 100 until friday it")
    company.say("max", "approve 1")
    if words:
        company.say("ana", words)
    else:
        company.clock.moment = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
        company.say("ana", "withdraw 1")
    assert company.hear("ana", "balance").title == "$53.24 left of $300.00"
    assert company.hear("kim", "approve 1").title != "Approved: $100.00 for Ana Silva"


def test_it_is_given_back_to_the_pool(on_both: Company) -> None:
    """What grew the pool is gone, what was free is free again, and who has nothing left spends with all others."""
    on_both.say("ana", "request 100 it")
    on_both.say("max", "approve 1")
    on_both.say("kim", "approve 1")
    assert on_both.hear("ana", "return-grant 1").title == "$100.00 returned"
    assert on_both.hear("ana", "balance").title == "$53.24 left of $300.00"
    assert "Ana Silva    no share" in pool(on_both)
    assert sums(on_both) == 0


def test_its_last_day_ends_it(company: Company) -> None:
    """What was spent of it stays hers."""
    company.say("ana", "request 40 until friday it")
    company.say("max", "approve 1")
    company.llm.spends("ana", "30.00", datetime(2026, 11, 24).date())  # noqa: DTZ001 - a day
    company.clock.moment = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    company.pull()
    company.app.tick()
    company.settle()
    assert "Ana Silva    no share  $276.76" in pool(company)
    assert company.hear("ana", "balance").title == "$23.24 left of $300.00"


def test_who_has_a_share_is_given_more_of_it(company: Company) -> None:
    """And keeps the share when that ends."""
    company.say("max", "allot 260 to ana")
    company.say("ana", "request 20 it")
    assert "Free in the Search pool  $40.00" in last(company, "max")
    company.say("max", "approve 1")
    assert company.hear("ana", "balance").title == "$33.24 left of $280.00"
    company.say("ana", "return-grant 1")
    assert company.hear("ana", "balance").title == "$13.24 left of $260.00"


def test_two_who_ask_for_the_same_cannot_both_have_it(on_both: Company) -> None:
    """What is free is looked up when it is given."""
    people = tuple(replace(each, team="search", manager="max") if each.id == "bob" else each for each in ACME.people)
    on_both.directory = replace(ACME, people=people)
    on_both.app.refresh_people()
    on_both.say("ana", "request 50 it")
    on_both.say("bob", "request 50 it")
    assert on_both.hear("max", "approve 1").title.startswith("Approved: $50.00")
    assert on_both.hear("max", "approve 2").title.startswith("You gave $3.24. The pool lacks $46.76")
    assert "Free to give    $0.00" in pool(on_both)


def test_a_lead_who_asks_goes_above(company: Company) -> None:
    """Nobody gives themself."""
    asked = company.say("max", "request 20 it")
    assert "Kim Tanaka" in asked
    assert "lead of the Search pool" not in asked
    assert company.hear("max", "approve 1").title == "There is no request with that number for you to decide."
    company.say("kim", "approve 1")
    assert company.hear("max", "balance").title == "$20.00 left of $20.00"
    assert "of $320.00 used" in pool(company)


def test_a_pool_without_a_lead_is_asked_of_whoever_decides_over_it(company: Company) -> None:
    """As before."""
    teams = tuple(Team(each.id, each.name, "", each.parent) if each.id == "search" else each for each in ACME.teams)
    company.directory = replace(ACME, teams=teams)
    company.app.refresh_people()
    assert "Goes to                  Kim Tanaka" in company.say("ana", "request 40 it")


def test_a_lead_who_leaves_hands_it_to_the_next(company: Company) -> None:
    """Finance gives in their place, or the new lead."""
    company.say("ana", "request 40 it")
    people = tuple(replace(each, active=each.id != "max") for each in ACME.people)
    company.directory = replace(ACME, people=people)
    company.app.refresh_people()
    company.app.tick()
    company.settle()
    assert "Your request for $40.00 goes to somebody else now" in "\n".join(company.reads("ana"))
    assert company.hear("fay", "approve 1").title == "Approved: $40.00 for Ana Silva"
    assert company.hear("ana", "balance").title == "$40.00 left of $286.76"


AT_ONCE: list[dict[str, object]] = [
    {"when": {"amount_up_to": "60 USD", "times_up_to": 5}, "stages": [{"by": "nobody"}]},
    *MANAGER,
]


def test_a_pool_never_grows_at_once(tmp_path: Path, clock: Clock) -> None:
    """Small ones are given out of what is free; what the pool lacks is decided by somebody."""
    clock.moment = MONDAY
    database = migrated(tmp_path / "bursar.db")
    company = Company(database, clock, {**ONLY_A_POOL, "approvals": AT_ONCE})
    assert company.hear("ana", "request 50 it").title == "$50.00 approved at once"
    assert company.hear("ana", "balance").title == "$50.00 left of $296.76"
    assert "of $300.00 used" in pool(company)
    asked = company.say("ana", "request 20 more of it")
    assert "Max Weber (lead of the Search pool)" in asked
    assert company.hear("max", "approve 2").title.startswith(
        "You gave $3.24. The pool lacks $16.76; next to decide: Kim"
    )
    database.close()


def test_whoever_has_a_budget_of_their_own_can_name_the_pool(tmp_path: Path, clock: Clock) -> None:
    """Without a name it is their own."""
    clock.moment = MONDAY
    database = migrated(tmp_path / "bursar.db")
    company = Company(database, clock, {**RULES, "approvals": MANAGER})
    assert "Budget" not in company.say("ana", "request 20 it")
    assert "(lead of the Search pool)" in company.say("ana", "request 20 of search-pool it")
    database.close()
