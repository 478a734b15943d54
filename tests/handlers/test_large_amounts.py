"""Every amount of every currency that people use fits, and sums of them; what does not is refused where it enters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handlers.money import AMOUNT_MAX, ASKED_MAX, Amount, AmountError, show_amount
from storage.charges import Charge
from storage.db import Database
from storage.units import NANOS, from_nanos, scale_of, to_nanos
from tests.support.clock import Clock
from tests.support.company import RULES, Company

SPENT_CENTS = 346_76  # what Ana and Bob have spent in dollars
DAILY_USD = 1_200_000  # what two million people spend a day
A_DOLLAR = {"USD": 1, "CNY": 7, "INR": 85, "JPY": 155, "KRW": 1_450, "IDR": 16_700, "VND": 26_400, "CLP": 950}


def company_in(database: Database, currency: str, budget: str) -> Company:
    """A company that counts in a currency, with a budget of its own and its people's."""
    rules: dict[str, object] = {
        **RULES,
        "organization": {"name": "Acme", "zone": "Europe/Berlin", "currency": currency},
        "budgets": [
            {"name": "company", "who": "organization", "amount": budget, "every": "year"},
            {"name": "monthly", "who": "every person", "amount": budget},
        ],
        "approvals": [{"stages": [{"by": "manager"}]}],
        "rates": {"USD": {"2026-01-01": A_DOLLAR[currency]}} if currency != "USD" else {},
        "providers": [{**RULES["providers"][0], "history_days": 60, "days_back": 60}],  # type: ignore[index]
    }
    rules.pop("guard", None)
    rules.pop("waste", None)
    return Company(database, Clock(), rules)


@pytest.fixture(params=["KRW", "VND"])
def currency(request: pytest.FixtureRequest) -> str:
    """Currencies of which one is worth little."""
    return str(request.param)


@pytest.fixture
def company(database: Database, currency: str) -> Company:
    """A company with a budget of ten thousand million, which were seven million dollars in won."""
    return company_in(database, currency, f"{10**10} {currency}")


def test_a_large_budget_of_a_small_currency_is_a_budget_like_any_other(company: Company, currency: str) -> None:
    """It is read, spent from, asked about, and raised."""
    day = datetime(2026, 11, 20, tzinfo=UTC)
    company.llm.rows = [
        Charge("llm", day, 24, "m", subject="ana", tokens_input=5, cost_nanos=9 * 10**9 * NANOS, currency=currency)
    ]
    company.pull()
    spent = SPENT_CENTS * A_DOLLAR[currency] * scale_of(currency) // 100
    left = show_amount(10**9 * scale_of(currency) - spent, currency, "en_US")
    assert f"{left} left of" in company.say("ana", "balance")
    asked = company.say("ana", f"request {5 * 10**9} {currency} to finish the migration")
    assert "Asked for" in asked, asked
    for words in ("digest", "spend of organization", "status", "forecast of organization", "why of organization"):
        assert "broke" not in company.say("fay", words), words
    assert "approved" in company.say("max", "approve 1").lower()
    assert f"{left} left of" in company.say("ana", "balance")  # the company's budget is the smaller one now
    own = show_amount(15 * 10**9 * scale_of(currency), currency, "en_US")
    assert own in company.say("ana", "balance")


@pytest.mark.parametrize("currency", sorted(A_DOLLAR))
def test_years_of_the_largest_company_can_be_summed_up(tmp_path_factory: pytest.TempPathFactory, currency: str) -> None:
    """Reported in the company's currency or in dollars, all days fit, and so does their sum."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('sums')}/b.db")
    database.migrate()
    company = company_in(database, currency, f"1 {currency}")
    daily = DAILY_USD * A_DOLLAR[currency]
    first = datetime(2026, 10, 24, tzinfo=UTC)
    one = Charge("llm", first, 24, "m", subject="ana", tokens_input=10**13)
    days = [replace(one, bucket_start=first + timedelta(days=n)) for n in range(28)]
    half = daily // 2 * NANOS
    company.llm.rows = [
        each
        for day in days
        for each in (
            replace(day, subject="bob", cost_nanos=half, currency=currency),
            replace(day, cost_nanos=DAILY_USD // 2 * NANOS),
        )
    ]
    company.pull()
    spent = SPENT_CENTS * A_DOLLAR[currency] * scale_of(currency) // 100
    total = show_amount(28 * daily * scale_of(currency) + spent, currency, "en_US")
    assert f"{total} spent" in company.say("fay", "spend of organization 2026-10-01..2026-11-30")
    years = 28 * daily * scale_of(currency) * 13 * 2
    assert years < 2**63
    database.close()


def test_what_cannot_be_meant_is_refused_where_it_is_said(acme: Company) -> None:
    """Three requests of thousands of millions broke the digest of a company."""
    for _ in range(3):
        said = acme.say("ana", "request 4600000000 to finish the migration")
        assert "That is too much. The most is $1,000,000,000.00." in said
    assert "The most is" in acme.say("fay", "correct 9000000000 of ana a mistake")
    assert "broke" not in acme.say("fay", "digest")


def test_what_everybody_asks_for_fits_however_much_it_is(database: Database) -> None:
    """Many may ask for the most that can be asked for, and what they are granted and revoked adds up."""
    company = company_in(database, "USD", "100000000 USD")
    rows = (
        "insert into requests (handle, version, state, asker_id, account_id, budget, period_start, until, amount, unit,"
        " reason, stages, stage, raised, asked_at, resolved_by, resolved_amount, resolved_note, origin)"
        " values (:handle, 1, :state, 'kim', 'person/bob', 'monthly', '2026-11-01', '2026-11-30', :amount, 'USD', 'x',"
        " '[]', 0, 0, :at, '', :resolved, '', '')"
    )
    at = company.clock().replace(tzinfo=None) if database.is_sqlite else company.clock()
    many = [
        {"handle": f"{state}{n}", "state": state, "amount": ASKED_MAX, "resolved": resolved, "at": at}
        for n in range(100)
        for state, resolved in (("pending", 0), ("revoked", ASKED_MAX))
    ]
    database.transact(lambda conn: conn.execute(text(rows), many))
    assert "100 requests for $100,000,000,000.00" in company.say("fay", "digest of organization")
    assert "Asked for" in company.say("bob", "request 50 to finish the migration")


def test_what_a_budget_cannot_become_is_refused(database: Database) -> None:
    """However it is raised."""
    company = company_in(database, "USD", f"{4 * 10**9} USD")
    for _ in range(4):
        assert "corrected by" in company.say("fay", "correct 1000000000 of ana a large order")
        company.clock.forward(timedelta(seconds=1))
    for person, words in (
        ("fay", "correct 1 of ana a small one"),
        ("ana", "request 1 of monthly to finish the migration"),
    ):
        assert "That is too much. The most is $0.00." in company.say(person, words), words


def test_a_budget_that_nothing_can_hold_is_refused_by_the_settings() -> None:
    """With the most that it may be."""
    with pytest.raises(AmountError, match=r"That is too much\. The most is ₩40,000,000,000,000\."):
        Amount(Decimal(10**15), "KRW").units("KRW")
    with pytest.raises(AmountError, match=r"The most is \$4,000,000,000"):
        Amount(Decimal(5 * 10**9), "USD").units("USD")


@given(st.sampled_from(sorted(list_currencies())), st.integers(-(10**22), 10**22))
def test_what_is_kept_of_an_amount_is_the_nearest_part_of_it(currency: str, nanos: int) -> None:
    """Whatever the currency; nothing is lost where it is counted in nanos."""
    parts = from_nanos(nanos, currency)
    size = NANOS // scale_of(currency)
    assert abs(to_nanos(parts, currency) - nanos) * 2 <= size
    assert scale_of(currency) % 10**4 == 0
    assert AMOUNT_MAX + 5 * ASKED_MAX < 2**63


def test_an_absurd_row_is_set_aside_and_no_sum_breaks(acme: Company) -> None:
    """Neither one of a thousand million dollars nor many of them take the others with them."""
    day = datetime(2026, 11, 20, tzinfo=UTC)
    good = Charge("llm", day, 24, "m", subject="ana", cost_nanos=7 * NANOS)
    absurd = [replace(good, subject=f"u{n}", cost_nanos=10**9 * NANOS) for n in range(20)]
    acme.llm.rows = [*absurd[:10], good, *absurd[10:]]
    acme.pull()
    said = acme.say("fay", "spend of organization 2026-11-20")
    assert said.startswith("Acme: $7.00 spent") or "$7.00 spent" in said
    assert "20 rows of 20 November set aside" in said
    acme.llm.rows = [replace(good, subject=f"u{n}", cost_nanos=6 * 10**7 * NANOS) for n in range(200)]
    acme.pull()
    said = acme.say("fay", "spend of organization 2026-11-20")
    assert "$60,000,007.00 spent" in said
    assert "199 rows of 20 November set aside" in said
