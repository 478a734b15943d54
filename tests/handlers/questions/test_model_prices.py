"""What models cost here: what people say and hear."""

from datetime import date

from tests.support.company import Company
from tests.support.history import on_working_days, read_all, reports, uses


def a_month(acme: Company) -> Company:
    """Ana uses 1M tokens of Sonnet a day for $3, Bob 2M of Opus for $20 and of Haiku for $1."""
    uses(acme, "ana", on_working_days("3"), tokens=lambda _: 1_000_000)
    uses(acme, "bob", on_working_days("20"), "claude-opus-4-5", lambda _: 2_000_000)
    uses(acme, "bob", on_working_days("1"), "claude-haiku-4-5", lambda _: 2_000_000)
    return read_all(acme)


def test_everybody_hears_what_tiers_cost_and_what_an_own_day_would_cost_on_each(acme: Company) -> None:
    """The rates are the organization's, the typical day is Ana's: 1M tokens."""
    answer = a_month(acme).say("ana", "models")

    assert answer.splitlines()[0] == "Your typical day: $0.50 on small, $10.00 on flagship"
    for row in ("small                $0.50", "standard             $3.00", "flagship            $10.00"):
        assert row in answer
    assert "1M tokens, the median of your 20 days with usage" in answer
    assert "llm as of 22 Nov 13:00 (Berlin)" in answer


def test_the_typical_day_is_the_askers_own(acme: Company) -> None:
    """Bob's is 4M tokens."""
    assert a_month(acme).say("bob", "models").startswith("Your typical day: $2.00 on small, $40.00 on flagship")


def test_who_used_nothing_hears_the_rates(acme: Company) -> None:
    """They are prices, not people's figures."""
    answer = a_month(acme).say("lea", "models")

    assert answer.startswith("A million tokens: $0.50 on small, $10.00 on flagship")
    assert "typical day" not in answer


def test_a_model_without_a_price_is_said_to_be_so(acme: Company) -> None:
    """Unknown is not zero: it is left out of its tier's rate."""
    a_month(acme)
    reports(acme, "lea", date(2026, 11, 18), model="mystery-mini", tokens_output=5_000_000)
    answer = read_all(acme).say("ana", "models")

    assert "mystery-mini       small             unpriced" in answer
    assert "small                $0.50" in answer
    assert "5M tokens have no known price and are not in the sum." in answer


def test_a_rate_below_a_cent_is_not_shown_as_nothing(acme: Company) -> None:
    """Tokens that cost next to nothing do cost something."""
    uses(acme, "ana", on_working_days("1"), "deepseek-lite", lambda _: 900_000_000)

    assert "less than $0.01" in read_all(acme).say("ana", "models")


def test_nothing_read_is_no_price(acme: Company) -> None:
    """No rate is made up."""
    acme.clock.moment = acme.clock.moment.replace(year=2027)
    acme.llm.rows = []
    acme.pull()

    answer = acme.say("ana", "models")
    assert answer.startswith("No price is known yet")
    assert "No usage was reported for the last 28 days." in answer
