"""Where it will end: what people say and hear."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from handlers.card import Chart, Facts
from handlers.programs import Caller
from handlers.programs.shapes import Reserve
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.databases import migrated
from tests.support.history import on_working_days, read_all, uses


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """A company that counts tokens."""
    database = migrated(tmp_path / "tokens.db")
    budgets = [{"name": "tokens", "who": "every person", "amount": "100M tokens"}]
    yield Company(database, clock, {**RULES, "budgets": budgets})
    database.close()


def test_a_person_hears_where_the_month_ends(acme: Company) -> None:
    """15 working days of $10 are gone, 6 are to come: $210 of $400, and it does not run out."""
    uses(acme, "ana", on_working_days("10"))
    answer = read_all(acme).say("ana", "forecast")

    assert answer.splitlines()[0] == "$210 expected by 30 November, limit $400.00"
    for words in ("$210 to $210 in 8 of 10 cases", "not by 30 November, in 9 of 10 cases", "$150.00 (38 %)"):
        assert words in answer
    assert "llm as of 22 Nov 13:00 (Berlin)" in answer


def test_who_will_run_out_hears_the_day_and_can_ask_for_more(acme: Company) -> None:
    """$375 are gone: Monday takes the last $25."""
    uses(acme, "ana", on_working_days("25"))
    answer = read_all(acme).say("ana", "forecast")

    assert answer.startswith("! $525 expected by 30 November, limit $400.00")
    assert "Runs out      23 November\n" in answer
    assert "[Ask for more: request]" in answer


def test_uneven_weeks_give_a_range_and_the_earliest_and_the_latest_day(acme: Company) -> None:
    """Every other week is three times as dear."""
    uses(acme, "ana", lambda day: "0" if day.weekday() > 4 else ("10" if day.isocalendar().week % 2 else "30"))
    answer = read_all(acme).say("ana", "forecast")

    assert "at the earliest" in answer
    assert "$250.00 (63 %)" in answer


def test_who_has_run_out_hears_since_when(acme: Company) -> None:
    """$30 a day: $400 were gone on the fourteenth working day."""
    uses(acme, "ana", on_working_days("30"))
    answer = read_all(acme).say("ana", "forecast")

    assert answer.startswith("!! $630 expected by 30 November, limit $400.00")
    assert "Ran out on    19 November\n" in answer


def test_a_short_history_is_said_to_be_short(acme: Company) -> None:
    """One day of use: the plain pace of a week, and a wide range."""
    answer = acme.say("ana", "forecast")

    assert "This is a rough estimate: there is only 1 day with usage" in answer
    assert "$564 expected by 30 November, limit $400.00" in answer
    assert "roughly $405 to $881" in answer


def test_who_used_nothing_is_told_that_nothing_is_known(acme: Company) -> None:
    """No number is made up."""
    answer = acme.say("lea", "forecast")

    assert answer.startswith("$0.00 expected by 30 November, limit $400.00")
    assert "There is no full day of usage in the last 90 days" in answer
    assert "Runs out      not known" in answer


def test_an_owner_hears_of_the_team_and_finance_of_the_whole(acme: Company) -> None:
    """The pool of Search holds Ana's days; the whole company has no limit, so its month is shown."""
    uses(acme, "ana", on_working_days("10"))
    uses(acme, "bob", on_working_days("20"))
    uses(acme, "bob", lambda _: "0", "claude-opus-4-5")
    read_all(acme)

    assert acme.say("max", "forecast of team search").startswith(
        "Search: $210 expected by 30 November, limit $3,000.00"
    )
    assert acme.say("fay", "forecast organization").startswith("Acme: $630 expected by 30 November\n")


def test_nobody_hears_where_others_will_end(acme: Company) -> None:
    """The same refusal as for a balance."""
    assert "You can't see figures for “bob”" in acme.say("ana", "forecast of bob")


def test_a_pool_that_decides_is_named_but_its_days_are_its_owners(acme: Company) -> None:
    """Max has used up the pool of Search: Ana hears that it binds, with the forecast of her own budget."""
    uses(acme, "ana", on_working_days("10"))
    acme.llm.spends("max", "2900.00")
    read_all(acme)
    answer = acme.say("ana", "forecast")

    assert answer.startswith("$210 expected by 30 November, limit $400.00")
    assert "Another limit applies first: Search pool, this month, $50.00 over the limit." in answer
    assert "Search: " in acme.say("max", "forecast of team search").splitlines()[0]


def test_the_picture_says_its_finding_in_words(acme: Company) -> None:
    """30 days, what is spent until today, the 22nd, and what is likely, under the limit of $400."""
    uses(acme, "ana", on_working_days("10"))
    [chart] = [block for block in read_all(acme).hear("ana", "forecast").blocks if isinstance(block, Chart)]

    assert (chart.form, len(chart.categories), chart.limit) == ("line", 30, 400.0)
    assert [(one.name, len(one.values), one.values[19], one.values[-1]) for one in chart.series] == [
        ("Spent", 22, 150.0, 150.0),
        ("Expected", 30, 150.0, 210.0),
    ]
    assert chart.alt == ("$150.00 spent by 22 November, $210 expected by 30 November: $190 below the limit of $400.00.")


def test_days_a_silent_provider_has_not_told_are_drawn_and_not_taken_for_zero(acme: Company) -> None:
    """The last read was on Wednesday noon; two working days are missing, and Wednesday is half a day."""
    uses(acme, "max", on_working_days("10"))
    acme.llm.spends("max", "4", date(2026, 11, 18))
    acme.clock.moment = datetime(2026, 11, 18, 12, tzinfo=UTC)
    read_all(acme)
    acme.clock.moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    answer = acme.say("max", "forecast")

    assert answer.startswith("$210 expected by 30 November, limit $400.00")
    assert "$124.00 (31 %)" in answer


def test_today_counts_at_least_what_it_has(acme: Company) -> None:
    """Monday noon has $40 already, more than any day before."""
    acme.clock.moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    uses(acme, "ana", on_working_days("10"))
    acme.llm.spends("ana", "40", date(2026, 11, 23))

    assert read_all(acme).say("ana", "forecast").startswith("$240 expected by 30 November")


def test_a_budget_in_tokens_is_forecast_in_tokens(tokens: Company) -> None:
    """15 days of 2M tokens, and 6 to come."""
    uses(tokens, "ana", on_working_days("1"), tokens=lambda _: 2_000_000)

    assert read_all(tokens).say("ana", "forecast").startswith("42M tokens expected by 30 November, limit 100M tokens")


def test_a_balance_and_a_forecast_expect_the_same(acme: Company) -> None:
    """One function says where the month ends: with weekends, not along a straight line."""
    uses(acme, "ana", on_working_days("10"))
    read_all(acme)

    assert "Month-end estimate  $210\n" in acme.say("ana", "balance")
    assert acme.say("ana", "forecast").startswith("$210 expected by 30 November")


def test_a_digest_and_whoever_decides_read_the_same_estimate(acme: Company) -> None:
    """What is compared is what is said, wherever it stands."""
    uses(acme, "ana", on_working_days("10"))
    read_all(acme)

    assert re.search(r"Month-end estimate +\$210\b", acme.say("ana", "digest"))
    acme.say("ana", "request 50 finish the migration")
    assert any(re.search(r"Month-end estimate +\$210\b", text) for text in acme.reads("max"))


def test_with_one_day_of_usage_a_balance_expects_nothing(acme: Company) -> None:
    """What is that rough is only said by a forecast, with how rough it is."""
    assert "estimate" not in acme.say("ana", "balance")


def test_a_pool_of_others_is_not_looked_ahead_at(acme: Company) -> None:
    """Ana sees what is left of it, but not where it goes; its owner does."""
    uses(acme, "ana", on_working_days("10"))
    acme.llm.spends("max", "2900.00")
    read_all(acme)

    assert "over the limit of $3,000.00" in acme.say("ana", "balance")
    assert "estimate" not in acme.say("ana", "balance")
    assert "Month-end estimate" in acme.say("max", "balance of team search")


def test_what_a_job_has_reserved_is_expected_to_be_spent(acme: Company) -> None:
    """$240 of $500 are spent and $100 reserved; six more days of $16 are $96: the month ends at $436."""
    uses(acme, "crawler-key", on_working_days("16"))
    read_all(acme)
    assert acme.say("max", "forecast of crawler").startswith("Crawler: $336 expected by 30 November")

    acme.app.call(Caller("agent/crawler", "token #1"), "max", Reserve(amount="100 USD"), "")

    answer = acme.say("max", "forecast of crawler")
    assert answer.startswith("Crawler: $436 expected by 30 November")
    assert "$240.00 (48 %)" in answer


def test_what_was_granted_moves_the_day_it_runs_out(acme: Company) -> None:
    """At $30 a working day $400 are gone before the month; with $300 more they are not."""
    uses(acme, "ana", on_working_days("25"))
    read_all(acme)
    assert "Runs out" in acme.say("ana", "forecast")
    assert "not by" not in acme.say("ana", "forecast")

    acme.say("ana", "request 300 finish the migration")
    acme.say("max", "approve 1")

    assert "not by 30 November" in acme.say("ana", "forecast")


def test_a_budget_of_the_year_that_is_gone_in_march_is_told_in_january(tmp_path: Path, clock: Clock) -> None:
    """The digest of 25 January names the day, by balance, forecast and digest the same estimate."""
    database = migrated(tmp_path / "year.db")
    budgets = [{"name": "year", "who": "team search", "amount": "2000 USD", "every": "year"}]
    company = Company(database, clock, {**RULES, "budgets": budgets})
    day = date(2026, 11, 2)
    while day < date(2027, 1, 25):
        company.llm.spends("ana", "40" if day.weekday() < 5 else "0", day, tokens=1000)
        day += timedelta(days=1)
    clock.moment = datetime(2027, 1, 25, 9, tzinfo=UTC)

    read_all(company)

    told = {}
    for words in ("forecast", "digest", "balance"):
        card = company.hear("max", f"{words} of team search")
        told[words] = dict(next(each for each in card.blocks if isinstance(each, Facts)).facts)
    assert re.match(r"\d+ March", told["forecast"]["Runs out"])
    assert told["digest"]["Runs out"] == told["forecast"]["Runs out"]
    assert told["digest"]["Year-end estimate"].split()[0] == told["balance"]["Year-end estimate"]
    database.close()


def test_a_range_that_was_seldom_right_promises_nothing(acme: Company) -> None:
    """After a burst, most past weeks ended outside of it: it is a rough one."""
    begins, burst = date(2026, 9, 28), [date(2026, 11, number) for number in range(3, 7)]
    uses(acme, "ana", lambda day: "0" if day < begins else "50" if day in burst else on_working_days("10")(day))

    answer = read_all(acme).say("ana", "forecast")

    assert re.search(r"the range was right \d+ times", answer)
    assert "Range         roughly" in answer
    assert "8 of 10" not in answer
