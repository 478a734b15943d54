"""What goes wrong in tools of this kind, each hazard as a conversation in which it must not happen."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.errors import UnreachableError
from bot.http import Patience
from bot.providers.litellm.provider import LiteLLM
from handlers.budgets.status import BudgetStatus, statuses
from handlers.card import Facts
from handlers.context import CLOCK, Context
from handlers.events import GiveAllotments
from handlers.place import Place
from storage import ingest
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person
from storage.tables import spend
from tests.support.clock import Clock
from tests.support.company import ACME, PEOPLE, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.litellm import FakeLiteLLM

NANOS = 10**9
Found = Callable[..., Company]


@pytest.fixture
def found(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """Found a company with budgets of its own, in which nothing was spent yet."""
    made: list[Database] = []

    def begin(*budgets: dict[str, object], directory: Directory = ACME, **rules: object) -> Company:
        database = migrated(tmp_path / f"{len(made)}.db")
        made.append(database)
        company = Company(database, clock, {**RULES, "budgets": list(budgets), **rules}, directory)
        for subject, model in (("ana", "claude-sonnet-4-5"), ("bob", "claude-opus-4-5")):
            company.llm.spends(subject, "0.00", date(2026, 11, 21), model, tokens=0)
        return read(company)

    yield begin
    for database in made:
        database.close()


def budget(amount: str = "400 USD", who: str = "every person", **more: object) -> dict[str, object]:
    """A monthly budget, unless more is said."""
    return {"name": "monthly", "who": who, "amount": amount, **more}


def read(company: Company) -> Company:
    """Take in all that the provider says, however long ago it was."""
    policy, now = company.app.policy, company.clock()

    def convert(cost: int, currency: str, day: date) -> tuple[int, int]:
        return policy.convert(cost, currency, day) or (0, 0)

    company.database.transact(lambda conn: ingest.record(conn, company.llm.rows, policy.zone, convert, now))
    return company


def ruled(company: Company, *budgets: dict[str, object]) -> Company:
    """The same company after its app.yaml was changed."""
    changed = Company(company.database, company.clock, {**RULES, "budgets": list(budgets)})
    changed.llm.rows = company.llm.rows
    return read(changed)


def title(company: Company, person: str, text: str = "balance") -> str:
    """The first line of an answer."""
    return company.hear(person, text).title


def spends(company: Company, subject: str, dollars: str, day: date, model: str = "m", tokens: int = 1) -> None:
    """Somebody spends on a day, and the provider is read."""
    company.llm.spends(subject, dollars, day, model, tokens)
    read(company)


def spends_at(company: Company, dollars: int, *moments: datetime) -> None:
    """Ana spends so much in each of some hours, and the provider is read."""
    cells = [
        Charge("llm", at, 1, "m", subject="ana", tokens_input=1, requests=1, cost_nanos=dollars * NANOS)
        for at in moments
    ]
    company.llm.rows += cells
    read(company)


def status(company: Company, account_id: str, name: str = "monthly") -> BudgetStatus:
    """How one budget of an account stands."""

    def work(conn: Connection) -> BudgetStatus:
        ctx = Context(conn, company.clock(), CLOCK, Place("terminal", "x"), company.app.policy)
        account = ctx.account(account_id)
        assert account is not None
        return next(each for each in statuses(ctx, account) if each.budget.name == name)

    return company.database.ask(work)


def later(company: Company, moment: datetime) -> None:
    """Time passes; the clock says what it says every hour."""
    company.clock.moment = moment
    company.happens(GiveAllotments())


def move(company: Company, person: str, team: str) -> None:
    """Somebody is in another team from today on."""
    moved = tuple(replace(one, team=team) if one.id == person else one for one in company.directory.people)
    company.directory = replace(company.directory, people=moved)
    company.app.refresh_people()


def rollup(company: Company) -> list[object]:
    """The rollup as it is kept."""
    rows = select(spend).where((spend.c.tokens != 0) | (spend.c.cost_nanos != 0)).order_by(*spend.primary_key)
    return company.database.ask(lambda conn: [tuple(row) for row in conn.execute(rows)])


# Resets --------------------------------------------------------------------------------------------------------------


def test_a_budget_starts_anew_with_its_period_and_the_past_can_still_be_asked_for(found: Found) -> None:
    """Hazard: the budget never resets, people make their accounts anew, and what was spent before is lost."""
    company = found(budget())
    spends(company, "ana", "399.00", date(2026, 11, 21))
    assert title(company, "ana") == "$1.00 left of $400.00"

    later(company, datetime(2026, 12, 1, 0, 5, tzinfo=UTC))
    assert title(company, "ana") == "$400.00 left of $400.00"
    assert title(company, "ana", "spend last month") == "$399.00 spent last month"


def test_the_answer_says_on_which_day_it_starts_anew(found: Found) -> None:
    """Hazard: nobody can see when a budget resets."""
    (facts,) = (block for block in found(budget()).hear("bob", "balance").blocks if isinstance(block, Facts))

    assert ("Resets on", "1 December (in 9 days)") in facts.facts


def test_beginning_a_period_leaves_fresh_spend_alone(found: Found) -> None:
    """Hazard: the job that resets budgets zeroes what was spent a moment ago, for a newcomer has no date of reset."""
    company = found(budget())
    eve = Person("eve", "Eve Newcomer", manager="max", team="search")
    link = Link("llm", "user", "eve", "person/eve")
    company.directory = replace(ACME, people=(*PEOPLE, eve), links=(*ACME.links, link))
    company.app.refresh_people()
    spends(company, "eve", "30.00", date(2026, 11, 22))
    for _ in range(3):
        company.clock.forward(timedelta(hours=1))
        company.happens(GiveAllotments())

    assert title(company, "eve") == "$370.00 left of $400.00"


def test_spend_outside_the_window_does_not_count(found: Found) -> None:
    """Hazard: a default budget ignores its window, and spend adds up for ever."""
    company = found(budget())
    spends(company, "ana", "395.00", date(2026, 10, 31))
    spends(company, "ana", "10.00", date(2026, 11, 1))

    assert title(company, "ana") == "$390.00 left of $400.00"


def test_a_window_that_is_added_counts_what_lies_in_it_and_no_more(found: Found) -> None:
    """Hazard: a weekly cap given to somebody in mid-month takes over all spend so far, and is used up at once."""
    company = found(budget())
    spends(company, "ana", "300.00", date(2026, 11, 10))
    spends(company, "ana", "20.00", date(2026, 11, 17))
    weekly = budget("50 USD", every="week", name="weekly")

    assert title(ruled(company, budget(), weekly), "ana") == "$30.00 left of $50.00"


def test_a_new_period_does_not_wipe_the_total(found: Found) -> None:
    """Hazard: the reset wipes the total of a lifetime; period and total must be known apart."""
    company = found(budget(), budget("5000 USD", every="year", name="yearly"))
    spends(company, "ana", "200.00", date(2026, 10, 5))
    spends(company, "ana", "100.00", date(2026, 11, 5))

    assert title(company, "ana", "spend this year") == "$300.00 spent this year"
    assert (status(company, "person/ana").spent, status(company, "person/ana", "yearly").spent) == (
        100 * NANOS,
        300 * NANOS,
    )


def test_a_month_begins_on_the_first_whenever_the_budget_was_made(found: Found) -> None:
    """Hazard: “monthly” resets on the date or the time of day of its creation instead of with the calendar."""
    company = found(budget(), budget("3000 USD", "team search", name="pool"))  # made on 22 November at noon
    spends(company, "ana", "100.00", date(2026, 11, 21))
    for month in (12, 13, 14):
        first = date(2026 + month // 13, (month - 1) % 12 + 1, 1)
        midnight = datetime(first.year, first.month, 1, tzinfo=company.app.policy.zone)
        later(company, midnight - timedelta(seconds=1))
        assert status(company, "person/ana").period.end == first
        later(company, midnight)
        here, pool = status(company, "person/ana"), status(company, "team/search", "pool")
        assert (here.period.first, here.spent, pool.period.first, pool.spent) == (first, 0, first, 0)


def test_a_changed_amount_counts_from_the_next_period(found: Found) -> None:
    """Hazard: a changed rule applies at once, and backwards, to a period that people planned with."""
    company = found(budget("400 USD"))
    changed = ruled(company, budget("100 USD"))

    assert title(changed, "max") == "$400.00 left of $400.00"
    later(changed, datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    assert title(changed, "max") == "$100.00 left of $100.00"


def test_a_correction_is_not_undone_by_the_next_report(found: Found) -> None:
    """Hazard: an operator resets what was spent, and the next flush adds it up again."""
    company = found(budget())
    spends(company, "ana", "246.76", date(2026, 11, 21))
    company.hear("fay", "correct 246.76 of ana the gateway ran wild")
    for _ in range(3):
        company.pull()

    assert status(company, "person/ana").left == 400 * NANOS


def test_a_limit_set_in_mid_period_explains_what_is_older(found: Found) -> None:
    """Hazard: a limit set today shows “2856 % of limit” and scares, because most was spent before there was a limit."""
    company = found()
    spends(company, "ana", "2856.00", date(2026, 11, 15))
    limited = ruled(company, budget("100 USD"))

    assert status(limited, "person/ana").since == date(2026, 11, 22)
    assert "This limit was set on 22 November. It counts everything spent since 1 November." in limited.say(
        "ana", "balance"
    )
    later(limited, datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    assert status(limited, "person/ana").since is None


def test_a_limit_that_is_enforced_in_mid_period_is_what_the_rule_says(found: Found) -> None:
    """Hazard: a limit is set before the period's allotments are posted, and the joiner's share is taken off twice."""
    ana = replace(PEOPLE[0], joined=date(2026, 12, 16))
    company = found(budget("310 USD", prorate=True), directory=replace(ACME, people=(ana, *PEOPLE[1:])))
    company.clock.moment = datetime(2026, 12, 17, tzinfo=UTC)
    assert title(company, "ana") == "$160.00 left of $160.00"

    company.hear("fay", "enforce monthly")
    company.happens(GiveAllotments())
    assert title(company, "ana") == "$160.00 left of $160.00"


def test_a_pool_is_called_a_pool(found: Found) -> None:
    """Hazard: a label says “per member” where all draw from one pot, and one of them drains it."""
    answer = found(budget("3000 USD", "team search")).say("ana", "balance")

    assert "Search pool, this month" in answer
    assert "Own budget" not in answer


# Zones ---------------------------------------------------------------------------------------------------------------


def test_the_report_of_one_day_in_india_is_of_that_day_alone(found: Found) -> None:
    """Hazard: a single day asked for in IST takes in a UTC day on each side, and shows twice what was spent."""
    company = found(organization={"name": "Acme", "zone": "Asia/Kolkata"})
    midnight = datetime(2026, 11, 17, 18, 30, tzinfo=UTC)  # 18 November begins in India
    spends_at(company, 1, *(midnight.replace(minute=0) + timedelta(hours=hours) for hours in range(-24, 48)))

    days = [title(company, "ana", f"spend 2026-11-{day}").split()[0] for day in (17, 18, 19, 20)]
    assert days == ["$24.00", "$24.00", "$23.00", "$0.00"]
    assert title(company, "ana", "spend 2026-11-16..2026-11-20").split()[0] == "$72.00"


def test_a_day_is_metered_for_as_long_as_it_lasts(found: Found) -> None:
    """Hazard: the zone is stripped without conversion, the window ends late by the offset: a day of 32 hours."""
    daily = budget("50 USD", every="day")
    company = found(daily, organization={"name": "Acme", "zone": "Asia/Shanghai"})
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # 23 November begins in Shanghai
    company.clock.moment = midnight - timedelta(seconds=1)
    spends_at(company, 40, midnight - timedelta(hours=1))
    spends_at(company, 7, midnight)
    assert title(company, "ana") == "$10.00 left of $50.00"

    company.clock.moment = midnight
    assert title(company, "ana") == "$43.00 left of $50.00"


def test_one_calendar_cuts_the_figures_of_everybody(found: Found) -> None:
    """Hazard: the same month has another sum for each reader's zone, and finance can close none."""
    company = found(budget())
    spends_at(company, 30, datetime(2026, 11, 1, 2, tzinfo=UTC))
    spends_at(company, 50, datetime(2026, 10, 31, 23, tzinfo=UTC))  # November in Berlin
    sums = set()
    for zone in ("America/Los_Angeles", "Asia/Tokyo", ""):
        fay = replace(PEOPLE[3], zone=zone)
        company.directory = replace(ACME, people=(*PEOPLE[:3], fay, *PEOPLE[4:]))
        company.app.refresh_people()
        sums.add(title(company, "fay", "spend of ana november"))

    assert sums == {"Ana Silva: $80.00 spent November 2026"}


def test_what_the_answer_says_is_when_it_happens(found: Found) -> None:
    """Hazard: the page says “midnight UTC, Sunday” and the program does Monday, local."""
    company = found(budget("50 USD", every="week"))
    spends(company, "ana", "20.00", date(2026, 11, 20))
    assert "23 November" in company.say("ana", "balance")

    later(company, datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC))
    assert title(company, "ana") == "$30.00 left of $50.00"
    later(company, datetime(2026, 11, 22, 23, 0, tzinfo=UTC))
    assert title(company, "ana") == "$50.00 left of $50.00"


def test_a_bucket_of_a_day_counts_for_the_day_that_the_provider_names(found: Found) -> None:
    """Hazard: daily UTC totals are cut anew for a local zone, and land on the day before."""
    company = found(organization={"name": "Acme", "zone": "America/Los_Angeles"})
    spends(company, "ana", "12.00", date(2026, 11, 20))

    assert title(company, "ana", "spend 2026-11-20") == "$12.00 spent 20 November"
    assert title(company, "ana", "spend 2026-11-19") == "$0.00 spent 19 November"


@pytest.mark.parametrize(("zone", "left"), [("", "$400.00"), ("Asia/Tokyo", "$395.00")])
def test_the_zone_of_a_budget_has_an_effect(found: Found, zone: str, left: str) -> None:
    """Hazard: a zone can be set and changes nothing. Tokyo's December began while Berlin had its last November day."""
    company = found(budget(zone=zone))
    later(company, datetime(2026, 12, 1, 12, tzinfo=UTC))
    spends_at(company, 5, datetime(2026, 11, 30, 16, tzinfo=UTC))

    assert title(company, "ana") == f"{left} left of $400.00"


def test_a_pool_of_another_zone_is_the_same_in_every_answer(found: Found) -> None:
    """Hazard: the balance cuts by the budget's zone, and the view of the pool by the organization's."""
    company = found(budget("300 USD", "team search", zone="Pacific/Auckland"))
    company.clock.moment = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
    spends_at(company, 70, datetime(2026, 11, 30, 12, tzinfo=UTC))  # December in Auckland alone

    assert title(company, "max", "balance of team search") == "Search: $230.00 left of $300.00"
    assert title(company, "max", "pool") == "$230.00 left in the Search pool"


def test_what_is_carried_on_is_cut_by_the_budgets_zone(found: Found) -> None:
    """Hazard: the remainder of a month forgets the zone, and gives back an hour that was spent."""
    company = found(budget("100 USD", rollover="all", zone="America/Los_Angeles"))
    spends_at(company, 60, datetime(2026, 12, 1, 3, tzinfo=UTC))  # still November in Los Angeles
    later(company, datetime(2026, 12, 3, 20, 0, tzinfo=UTC))
    company.pull()
    later(company, datetime(2026, 12, 3, 21, 0, tzinfo=UTC))

    assert status(company, "person/bob").limit == 200 * NANOS


# Counting once -------------------------------------------------------------------------------------------------------


def test_every_kind_of_token_counts_once(found: Found) -> None:
    """Hazard: tokens written to a cache are counted again as input, and reasoning again beside output."""
    company = found(budget("1000 tokens"))
    cell = Charge("llm", datetime(2026, 11, 21, tzinfo=UTC), 24, "m", subject="ana", cost_nanos=1)
    cached = replace(cell, tokens_cache_read=30, tokens_cache_write_5m=50, tokens_cache_write_1h=5)
    company.llm.rows.append(replace(cached, tokens_input=100, tokens_output=20, tokens_reasoning=15))
    read(company)

    assert status(company, "person/ana").spent == 100 + 30 + 50 + 5 + 20


def test_input_that_includes_the_cached_and_input_that_does_not_come_out_alike(found: Found) -> None:
    """Hazard: one vendor's input includes what was cached and another's does not; read alike, one is charged twice."""
    company = found(budget("1000 tokens"))
    with FakeLiteLLM() as proxy:
        proxy.add_usage("2026-11-21", "ana", None, "k", None, None, "m", 0.1, 100, 20, cache_read=60, cache_write=30)
        inclusive = LiteLLM("llm", proxy.url, proxy.key, patience=Patience(1, 5.0, 1.0, 0.001))
        company.llm.rows = list(inclusive.charges(date(2026, 11, 21), date(2026, 11, 21)))
        inclusive.close()
    cell = Charge("llm", datetime(2026, 11, 21, tzinfo=UTC), 24, "m", subject="bob", cost_nanos=1)
    exclusive = replace(cell, tokens_input=10, tokens_cache_read=60, tokens_cache_write_5m=30, tokens_output=20)
    company.llm.rows.append(exclusive)
    read(company)

    assert status(company, "person/ana").spent == status(company, "person/bob").spent == 120


def test_the_budget_and_the_report_show_one_number(found: Found) -> None:
    """Hazard: the path of the budget prices a call elevenfold while the report shows it right."""
    company = found(budget())
    for day, model, dollars in ((3, "a", "10.10"), (9, "b", "20.20"), (21, "a", "0.33")):
        spends(company, "ana", dollars, date(2026, 11, day), model)

    spent = "$30.63"
    assert f"{spent} of $400.00 used" in company.say("ana", "balance")
    for by in ("model", "day", "provider", "key"):
        assert title(company, "ana", f"spend by {by}") == f"{spent} spent this month"
    for by in ("person", "team", "model", "key"):
        assert title(company, "fay", f"spend of organization by {by}") == f"Acme: {spent} spent this month"


def test_the_days_and_the_month_have_the_same_prices(found: Found) -> None:
    """Hazard: an overridden price counts in the monthly view and not in the daily one."""
    rates = {"EUR": {"2026-11-01": "1.10", "2026-11-20": "1.20"}}
    company = found(budget(), rates=rates)
    for day, euros in ((19, 10), (20, 10), (21, 5)):
        start = datetime(2026, 11, day, tzinfo=UTC)
        cell = Charge("llm", start, 24, "m", subject="ana", requests=1, cost_nanos=euros * NANOS, currency="EUR")
        company.llm.rows.append(cell)
    company.pull()

    days = [title(company, "ana", f"spend 2026-11-{day}").split()[0] for day in (19, 20, 21)]
    assert days == ["$11.00", "$12.00", "$6.00"]
    assert title(company, "ana", "spend november") == "$29.00 spent November 2026"


def test_a_report_read_again_adds_nothing(found: Found) -> None:
    """Hazard: duplicates: each flush or re-read adds the same usage once more."""
    company = found(budget())
    spends(company, "ana", "40.00", date(2026, 11, 21))
    before = rollup(company)
    for _ in range(3):
        company.pull()

    assert rollup(company) == before
    assert title(company, "ana") == "$360.00 left of $400.00"


def test_what_has_both_a_key_and_a_user_is_charged_once(found: Found) -> None:
    """Hazard: one call under a linked key of a linked user is charged to both."""
    key = Link("llm", "key", "k-crawler", "agent/crawler")
    company = found(directory=replace(ACME, links=(*ACME.links, key)))
    start = datetime(2026, 11, 21, tzinfo=UTC)
    company.llm.rows.append(Charge("llm", start, 24, "m", subject="ana", resource="k-crawler", cost_nanos=8 * NANOS))
    company.pull()

    assert title(company, "fay", "spend of crawler") == "Crawler: $8.00 spent this month"
    assert title(company, "fay", "spend of ana") == "Ana Silva: $0.00 spent this month"
    assert title(company, "fay", "spend of organization") == "Acme: $8.00 spent this month"


def test_a_price_that_nobody_knows_is_not_free(found: Found) -> None:
    """Hazard: an unknown model costs zero, and nobody hears of it."""
    company = found(budget(), budget("1000 tokens", name="tokens"))
    start = datetime(2026, 11, 21, tzinfo=UTC)
    company.llm.rows.append(Charge("llm", start, 24, "new", subject="ana", tokens_input=900, cost_nanos=None))
    company.pull()

    assert status(company, "person/ana", "tokens").spent == 900
    assert "900 tokens have no known price and are not in the sum." in company.say("ana", "spend")


# Restatements --------------------------------------------------------------------------------------------------------


def test_a_restated_day_replaces_itself_up_and_down(found: Found) -> None:
    """Hazard: a corrected figure is added to the one it corrects; or only ever grows."""
    company = found(budget())
    for dollars in ("100.00", "130.00", "90.00", "0.00", "50.00"):
        spends(company, "ana", dollars, date(2026, 11, 21))
        assert status(company, "person/ana").spent == int(dollars[:-3]) * NANOS


def test_a_day_that_is_missing_from_a_report_is_not_zero(found: Found) -> None:
    """Hazard: the provider is late or down, and everybody seems to have spent nothing."""
    company = found(budget())
    spends(company, "ana", "100.00", date(2026, 11, 21))
    company.llm.rows = []
    company.pull()
    assert title(company, "ana") == "$300.00 left of $400.00"

    company.llm.trouble = UnreachableError("llm does not answer")
    with pytest.raises(UnreachableError):
        company.pull()
    assert title(company, "ana") == "$300.00 left of $400.00"
    assert "newer reads failed" in company.say("ana", "balance")


def test_a_late_word_about_a_month_that_is_over_counts_for_that_month(found: Found) -> None:
    """Hazard: late rows are charged to the day on which they come in."""
    company = found(budget())
    later(company, datetime(2026, 12, 2, 12, 0, tzinfo=UTC))
    spends(company, "ana", "70.00", date(2026, 11, 30))

    assert title(company, "ana") == "$400.00 left of $400.00"
    assert title(company, "ana", "spend last month") == "$70.00 spent last month"


def test_what_is_carried_on_is_carried_once_and_leaves_where_it_was(found: Found) -> None:
    """Hazard: a late restatement or a second run carries a remainder on twice."""
    company = found(budget("400 USD", rollover="all"))
    spends(company, "ana", "300.00", date(2026, 11, 21))
    later(company, datetime(2026, 12, 3, 9, 0, tzinfo=UTC))
    assert status(company, "person/ana").limit == 500 * NANOS

    spends(company, "ana", "100.00", date(2026, 11, 21))
    later(company, datetime(2026, 12, 4, 9, 0, tzinfo=UTC))
    assert status(company, "person/ana").limit == 500 * NANOS


# People --------------------------------------------------------------------------------------------------------------


def test_moving_people_loses_no_history(found: Found) -> None:
    """Hazard: a person who changes cost centres takes the past along, or loses it."""
    company = found(budget())
    spends(company, "ana", "100.00", date(2026, 11, 20))
    move(company, "ana", "ads")
    company.clock.forward(timedelta(days=1))
    spends(company, "ana", "25.00", date(2026, 11, 23))

    assert title(company, "ana", "spend") == "$125.00 spent this month"
    assert title(company, "fay", "spend of team search") == "Search: $100.00 spent this month"
    assert title(company, "fay", "spend of team ads") == "Ads: $25.00 spent this month"
    assert title(company, "fay", "spend of organization") == "Acme: $125.00 spent this month"


def test_a_new_team_sees_what_was_spent_there_and_nothing_below_zero(found: Found) -> None:
    """Hazard: the new team's list shows what was spent in the old one, and makes up for it with a negative rest."""
    company = found()
    spends(company, "ana", "100.00", date(2026, 11, 20))
    move(company, "ana", "ads")
    company.clock.forward(timedelta(days=1))
    spends(company, "ana", "25.00", date(2026, 11, 23))

    answer = company.say("lea", "spend of team ads by person")
    assert "-$" not in answer
    assert "Ana Silva  $25.00  100 %" in answer


def test_a_day_on_which_somebody_moves_is_counted_whole_and_once(found: Found) -> None:
    """Hazard: spend of the very day of a move stays with the old team and is subtracted from the new one."""
    company = found()
    spends(company, "ana", "100.00", date(2026, 11, 22))
    move(company, "ana", "ads")
    spends(company, "ana", "20.00", date(2026, 11, 22))

    assert title(company, "fay", "spend of team ads") == "Ads: $20.00 spent this month"
    assert title(company, "fay", "spend of team search") == "Search: $0.00 spent this month"
    kept = rollup(company)
    company.database.transact(ingest.rebuild)
    assert rollup(company) == kept


def test_who_moves_into_a_pool_has_spent_nothing_of_it(found: Found) -> None:
    """Hazard: what somebody spent elsewhere counts against their share, and frees budget for the others."""
    company = found(budget("300 USD", "team search", name="search"), budget("500 USD", "team ads", name="ads"))
    spends(company, "ana", "100.00", date(2026, 11, 20))
    move(company, "ana", "ads")
    company.hear("lea", "allot 60 to ana")

    assert status(company, "person/ana", "ads").left == 60 * NANOS
    assert status(company, "person/bob", "ads").left == 440 * NANOS


def test_what_somebody_spent_before_leaving_is_spent(found: Found) -> None:
    """Hazard: whoever leaves takes their spend out of the pool, and it is given away a second time."""
    company = found(budget("300 USD", "team search"))
    spends(company, "ana", "100.00", date(2026, 11, 20))
    company.directory = replace(ACME, people=PEOPLE[1:])
    company.app.refresh_people()

    assert "Free to give    $200.00" in company.say("max", "pool")
    assert title(company, "max", "split now") == "$100.00 more for each of 2 people and agents"
    assert title(company, "fay", "spend of team search") == "Search: $100.00 spent this month"


def test_what_is_linked_later_is_moved_once_and_the_whole_stays(found: Found) -> None:
    """Hazard: linking an identity counts its past twice, or cannot reach it any more."""
    company = found()
    spends(company, "ghost", "50.00", date(2026, 11, 21))
    company.clock.forward(timedelta(days=10))
    company.pull()
    assert title(company, "fay", "link") == "$50.00 unallocated"
    company.directory = replace(ACME, links=(*ACME.links, Link("llm", "user", "ghost", "person/ana")))
    company.app.refresh_people()

    assert title(company, "fay", "link") == "Nothing is unallocated"
    assert title(company, "fay", "spend of ana november") == "Ana Silva: $50.00 spent November 2026"
    assert title(company, "fay", "spend of organization november") == "Acme: $50.00 spent November 2026"


def test_what_is_linked_to_nobody_we_know_stays_in_sight(found: Found) -> None:
    """Hazard: a link to a name that is misspelt hides its spend from every total."""
    typo = Link("llm", "user", "ghost", "person/anna")
    company = found(directory=replace(ACME, links=(*ACME.links, typo)))
    spends(company, "ghost", "50.00", date(2026, 11, 21))

    assert title(company, "fay", "link") == "$50.00 unallocated"
    assert title(company, "fay", "spend of organization") == "Acme: $50.00 spent this month"


def test_who_is_in_a_team_that_is_not_there_still_counts_for_the_whole(found: Found) -> None:
    """Hazard: a team's name is misspelt, and its people vanish from the organization's total."""
    ana = replace(PEOPLE[0], team="serach")
    company = found(directory=replace(ACME, people=(ana, *PEOPLE[1:])))
    spends(company, "ana", "50.00", date(2026, 11, 21))

    assert title(company, "fay", "spend of organization") == "Acme: $50.00 spent this month"
