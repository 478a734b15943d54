"""Where it went: what people say and hear."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.platforms import terminal
from handlers.card import Button, Chart, Table
from handlers.context import CLOCK
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.clock import Clock
from tests.support.company import ACME, PEOPLE, RULES, Company
from tests.support.databases import migrated
from tests.support.history import on_working_days, read_all, reports, uses


def chart_of(company: Company, person: str, words: str) -> Chart:
    """The picture of an answer."""
    [chart] = [block for block in company.hear(person, words).blocks if isinstance(block, Chart)]
    return chart


def test_a_picture_shows_what_was_asked_for(acme: Company) -> None:
    """By team, its colours are teams; a single day's sums are those of the table."""
    uses(acme, "ana", on_working_days("10"))
    uses(acme, "bob", on_working_days("20"))
    read_all(acme)

    chart = chart_of(acme, "fay", "spend of organization by team last week")
    assert chart.title == "Cost per day by team"
    assert {one.name: sum(one.values) for one in chart.series} == {"Ads": 100.0, "Search": 50.0}
    assert chart_of(acme, "fay", "spend of organization by provider last week").title == "Cost per day by provider"
    assert chart_of(acme, "fay", "spend of organization by day last week").title == "Cost per day by model"


def test_a_picture_tells_no_people_apart(acme: Company) -> None:
    """By person it shows the sum of each day: nobody is ranked by a colour."""
    uses(acme, "ana", on_working_days("10"))
    chart = chart_of(read_all(acme), "max", "spend of team search by person last week")

    assert (chart.title, [one.name for one in chart.series]) == ("Cost per day", ["Cost"])


def test_a_picture_covers_all_days_of_its_sum(acme: Company) -> None:
    """A quarter is drawn by the week, and the sentence for those who cannot see it has the whole sum."""
    uses(acme, "ana", on_working_days("10"))
    read_all(acme)
    acme.clock.moment = datetime(2026, 11, 30, 12, tzinfo=UTC)
    chart = chart_of(acme, "ana", "spend 2026-10-01..2026-11-21")

    assert chart.title == "Cost per week by model"
    assert sum(chart.series[0].values) == 370.0
    assert chart.alt.startswith("$370.00 from 1 October to 21 November. The most expensive week began on 5 October")


def test_figures_that_begin_later_than_the_days_asked_for_say_so(acme: Company) -> None:
    """Nothing is known of the first three weeks, which is not nothing spent."""
    answer = acme.say("ana", "spend")

    assert "Figures begin on 21 November. Earlier days are not in the sum." in answer
    assert "Figures begin" not in acme.say("ana", "spend 2026-11-21")


def test_less_than_a_cent_is_not_nothing(acme: Company) -> None:
    """It is said in the table and in the title."""
    acme.llm.spends("lea", "0.001", date(2026, 11, 21))
    acme.pull()
    card = acme.hear("lea", "spend")

    assert card.title == "less than $0.01 spent this month"
    [table] = [block for block in card.blocks if isinstance(block, Table)]
    assert table.rows[0][1] == "less than $0.01"


def rows_of(company: Company, person: str, words: str) -> list[tuple[str, ...]]:
    """The rows of the table of an answer."""
    [table] = [block for block in company.hear(person, words).blocks if isinstance(block, Table)]
    return [row[:2] for row in table.rows]


def test_weeks_and_months_and_tiers_have_rows_of_their_own(acme: Company) -> None:
    """A week that was asked for in part is named by that part, and each of them adds up to the same sum."""
    uses(acme, "ana", on_working_days("10"))
    uses(acme, "ana", on_working_days("5"), "claude-opus-4-5")
    read_all(acme)

    assert rows_of(acme, "ana", "spend by week 2026-10-01..2026-10-12") == [
        ("1 Oct to 4 Oct", "$30.00"),
        ("5 Oct to 11 Oct", "$75.00"),
        ("12 Oct", "$15.00"),
    ]
    assert rows_of(acme, "ana", "spend by month 2026") == [
        ("September 2026", "$195.00"),
        ("October 2026", "$330.00"),
        ("November 2026", "$225.00"),
    ]
    assert rows_of(acme, "ana", "spend by tier october") == [("standard", "$220.00"), ("flagship", "$110.00")]


def test_months_are_called_as_the_reader_calls_them(acme: Company) -> None:
    """In the table and below the picture."""
    uses(acme, "ana", on_working_days("10"))
    read_all(acme)
    acme.directory = replace(ACME, people=tuple(replace(one, locale="de_DE") for one in PEOPLE))
    acme.app.refresh_people()

    assert chart_of(acme, "ana", "spend by month 2026").categories == ("Sep", "Okt", "Nov")
    assert [name for name, _ in rows_of(acme, "ana", "spend by month 2026")][1] == "Oktober 2026"


def test_kinds_of_tokens_are_counted_and_not_priced(acme: Company) -> None:
    """No provider says what a kind cost, so there is no column that would."""
    reports(acme, "lea", date(2026, 11, 20), model="gpt-5", tokens_input=1000, tokens_cache_read=6000, cost_nanos=1)
    reports(acme, "lea", date(2026, 11, 21), model="gpt-5", tokens_input=2000, tokens_output=1000, cost_nanos=1)
    acme.pull()

    card = acme.hear("lea", "spend by tokens")
    assert card.title == "10,000 tokens used this month"
    [table] = [block for block in card.blocks if isinstance(block, Table)]
    assert table.columns == ("Kind of tokens", "Tokens", "Share")
    assert table.rows == (("input", "3,000", "30 %"), ("cache reads", "6,000", "60 %"), ("output", "1,000", "10 %"))
    chart = chart_of(acme, "lea", "spend by tokens")
    assert (chart.title, chart.unit) == ("Tokens per day by kind", "tokens")
    assert chart.alt.endswith("Most were used on 20 November: 7,000 tokens.")


def test_the_period_stays_when_another_way_is_chosen(acme: Company) -> None:
    """A button asks about the same days."""
    says = {
        block.says for block in acme.hear("max", "spend of team search last week").blocks if isinstance(block, Button)
    }
    assert "spend of team search by person last week" in says


@pytest.mark.parametrize(
    ("said", "first", "weeks"),
    [
        ({}, "9 Nov", ["1 Nov", "2 Nov to 8 Nov", "9 Nov to 15 Nov", "16 Nov to 22 Nov"]),
        ({"locale": "en_US"}, "9 Nov", []),
        (
            {"locale": "en_US", "week_starts": "locale"},
            "15 Nov",
            ["1 Nov to 7 Nov", "8 Nov to 14 Nov", "15 Nov to 21 Nov"],
        ),
        ({"locale": "de_DE", "week_starts": "locale"}, "9. Nov.", []),
        ({"week_starts": "saturday"}, "14 Nov", []),
    ],
)
def test_weeks_begin_as_the_organization_counts_them(
    tmp_path: Path, clock: Clock, said: dict[str, str], first: str, weeks: list[str]
) -> None:
    """On Monday, or on the day that is set, or on that of the locale; for everybody alike."""
    company = Company(migrated(tmp_path / "weeks.db"), clock, {**RULES, "organization": {"name": "Acme", **said}})
    uses(company, "ana", lambda _: "1")
    read_all(company)

    [(name, _)] = rows_of(company, "ana", "spend by week last week")
    assert name.startswith(first)
    assert not weeks or [name for name, _ in rows_of(company, "ana", "spend by week")] == weeks
    company.database.close()


def test_days_to_come_are_no_days_without_usage(acme: Company) -> None:
    """Nothing was reported of them because they are not over."""
    assert "These days are still to come." in acme.say("ana", "spend 2099-12-31")


def test_spending_on_some_models_is_counted_alone(acme: Company) -> None:
    """By a part of the name, by who makes them, by the tier; with what share of all it is."""
    acme.llm.spends("ana", "53.24", date(2026, 11, 20), "claude-opus-4-5")
    acme.llm.spends("ana", "10.00", date(2026, 10, 20), "claude-opus-4-5")
    acme.llm.spends("ana", "7.00", date(2026, 11, 20), "gpt-5.2-mini")
    acme.llm.spends("ana", "3.00", date(2026, 11, 20), "gpt-5.2")
    acme.pull()

    opus = acme.say("ana", "spend on opus")
    assert opus.startswith("$53.24 spent on opus this month")
    assert "That is 17 % of the $310.00 spent on all models." in opus
    assert "sonnet" not in opus
    assert acme.say("ana", "how much did i spend on claude this month?").startswith("$300.00 spent on claude")
    assert acme.say("ana", "spend on gpt-5.2").startswith("$3.00 spent on gpt-5.2 ")
    assert acme.say("ana", "spend gpt 5.2 mini").startswith("$7.00 spent on gpt 5.2 mini")
    assert acme.say("ana", "spend on anthropic").startswith("$300.00 spent on anthropic")
    assert acme.say("ana", "spend on flagship models").startswith("$53.24 spent on flagship models")
    assert acme.say("ana", "spend on llm").startswith("$310.00 spent on llm")
    assert acme.say("ana", "opus 花了多少").startswith("$53.24 spent on opus")
    assert "20 November" in acme.say("ana", "spend on opus by day")
    assert acme.say("bob", "spend on opus").startswith("$100.00 spent on opus this month")


def test_a_model_that_is_misspelt_is_asked_about(acme: Company) -> None:
    """What was probably meant is a button; what is no model stays what it is."""
    acme.llm.spends("ana", "53.24", date(2026, 11, 20), "claude-opus-4-5")
    acme.pull()
    assert "[spend on opus: spend on opus]" in acme.say("ana", "spend on oups")
    assert "[spend on sonnet: spend on sonnet]" in acme.say("ana", "spend on sonett")
    assert acme.say("max", "spend on team search").startswith("Search: $")
    assert "by model" in acme.say("ana", "spend on opus by key")


def test_a_channel_is_told_of_a_model_only_what_enough_people_used(acme: Company) -> None:
    """One person behind a model is none of the others' business, by whatever name it is asked for."""
    channel = Sentence("spend of team engineering on opus", CLOCK.id, Place("web", "team", public=True))
    said = terminal.render(acme.app.hear(channel))
    assert "100" not in said


def test_who_names_nobody_divides_all_that_they_may_see(acme: Company) -> None:
    """One account alone cannot be divided by teams."""
    assert acme.say("fay", "spend by team").startswith("Acme: $346.76 spent this month")
    assert acme.say("max", "who spends the most").startswith("Search: $246.76")
    assert acme.say("ana", "our spend").startswith("$246.76 spent this month")
