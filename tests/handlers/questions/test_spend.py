"""Where it went: what people say and hear."""

from datetime import UTC, date, datetime

from handlers.card import Chart, Table
from tests.support.company import Company
from tests.support.history import on_working_days, read_all, uses


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
