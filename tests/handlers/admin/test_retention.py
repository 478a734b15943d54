"""What is older than app.yaml lets it be is forgotten, and no sum changes."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from handlers.events import ForgetMonths, ForgetOld
from storage import audit, partitions
from storage.copies import totals
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import RULES, Company

ALL = {"message_days": 60, "reason_days": 60, "version_days": 60, "set_aside_days": 60, "telemetry_days": 60}
ALL |= {"token_days": 60}


def company_with(database: Database, clock: Clock, retention: dict[str, int]) -> Company:
    """A company in which there is something of each kind."""
    made = Company(database, clock, {**RULES, "retention": retention})
    made.hear("ana", "request 50 a secret reason")
    made.hear("max", "approve 1")
    made.hear("ana", "token new 30 days")
    made.llm.spends("ana", "250.00")
    made.llm.odd[clock().date()] = 1
    made.pull()
    made.settle()
    return made


def counts(company: Company) -> dict[str, int]:
    """Rows of the tables from which something may be forgotten, and requests that still have a reason."""
    found = company.database.ask(totals)
    said = company.database.ask(
        lambda conn: conn.execute(text("select count(*) from requests where reason <> ''")).scalar_one()
    )
    shown = company.database.ask(
        lambda conn: conn.execute(text("select count(*) from outbox where kind = 'show'")).scalar_one()
    )
    tables = ("charge_versions", "set_aside", "tokens")
    return {"reasons": said, "messages": shown} | {name: found[name].rows for name in tables}


@pytest.mark.parametrize(("days", "forgotten"), [(59, False), (125, True)])
def test_what_is_old_goes_and_what_is_not_stays(database: Database, clock: Clock, days: int, forgotten: bool) -> None:
    """On both databases; sums, ledger and the chain of the audit stay."""
    company = company_with(database, clock, ALL)
    before, sums = counts(company), database.ask(totals)
    assert all(before.values()), before
    clock.forward(timedelta(days=days))
    company.happens(ForgetOld())
    after = database.ask(totals)

    assert counts(company) == (dict.fromkeys(before, 0) if forgotten else before)
    assert [after[name] for name in ("charges", "spend", "entries", "audit")] == [
        sums[name] for name in ("charges", "spend", "entries", "audit")
    ]
    assert database.ask(audit.first_broken) is None


def test_charges_go_by_whole_months_and_room_is_made_for_those_to_come(database: Database, clock: Clock) -> None:
    """What they came to stays, so that no balance and no report of that time changes."""
    company = company_with(database, clock, {"charge_months": 25})
    sums = database.ask(totals)
    clock.forward(timedelta(days=770))  # to the last day of December, two years later
    company.happens(ForgetMonths())
    assert database.ask(totals)["charges"] == sums["charges"]

    clock.forward(timedelta(days=1))
    company.happens(ForgetMonths())
    company.happens(ForgetOld())
    after = database.ask(totals)
    assert after["charges"].rows == 0
    assert after["spend"] == sums["spend"]
    to_come = [date(2029, 1, 1), date(2029, 2, 1), date(2029, 3, 1)]
    assert database.is_sqlite or sorted(database.ask(partitions.partitions))[-3:] == to_come


def test_everything_stays_unless_somebody_says_otherwise(database: Database, clock: Clock) -> None:
    """Also after ten years."""
    company = company_with(database, clock, {})
    before = counts(company)
    clock.forward(timedelta(days=3650))
    company.happens(ForgetOld())
    assert counts(company) == before
