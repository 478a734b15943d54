"""Budgets as companies really set them, each with its numbers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import Settings
from bot.platforms import terminal
from bot.providers.base import ProviderIdentity
from handlers.card import Button
from storage import audit
from storage.charges import Charge
from storage.db import Database
from storage.directory import Agent, Directory, Person, Team
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated

Found = Callable[..., Company]


@pytest.fixture
def found(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """Found a company with budgets of its own."""
    made: list[Database] = []

    def begin(*budgets: dict[str, object], directory: Directory = ACME, **rules: object) -> Company:
        database = migrated(tmp_path / f"{len(made)}.db")
        made.append(database)
        return Company(database, clock, {**RULES, "budgets": list(budgets), **rules}, directory)

    yield begin
    for database in made:
        database.close()


def monthly(amount: str, who: str = "every person", **more: object) -> dict[str, object]:
    """A monthly budget."""
    return {"name": "monthly", "who": who, "amount": amount, **more}


def title(company: Company, person: str, text: str = "balance") -> str:
    """The first line of an answer."""
    return company.hear(person, text).title


def test_a_retailer_gives_every_worker_a_monthly_number_of_tokens(found: Found) -> None:
    """Case 1: per person and month, in tokens."""
    company = found(monthly("2M tokens"))
    company.llm.spends("ana", "1.00", tokens=500_000)
    company.pull()

    assert title(company, "ana") == "1.5M tokens left of 2M tokens"
    assert title(company, "bob") == "2M tokens left of 2M tokens"


def test_a_studio_caps_flagship_models_apart(found: Found) -> None:
    """Case 2: $400 a person and month, and of it at most $100 on flagship models; more on request."""
    company = found(monthly("400 USD"), {**monthly("100 USD", models="flagship"), "name": "flagship"})
    company.llm.spends("ana", "90.00", model="claude-opus-4-5")
    company.pull()
    answer = company.say("ana", "balance")

    assert answer.startswith("! $63.24 left of $400.00")
    assert "Own budget for flagship models, this month $10.00 $100.00" in " ".join(answer.split())

    company.llm.spends("ana", "110.00", model="claude-opus-4-5")
    company.pull()
    assert title(company, "ana") == "$10.00 over the limit of $100.00"
    assert title(company, "ana", "request 50 the redesign") == "Asked for $50.00 more"


def test_a_start_up_gives_fifty_a_week_and_when_it_is_gone_one_applies(found: Found) -> None:
    """Case 3: the week begins on Monday, and what was over last week is over."""
    company = found({**monthly("50 USD"), "every": "week"})
    company.llm.spends("ana", "50.00", date(2026, 11, 21))
    company.pull()
    assert title(company, "ana") == "$0.00 left of $50.00"

    company.clock.moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert title(company, "ana") == "$50.00 left of $50.00"


def test_a_tech_group_splits_team_pools_and_splits_them_anew(found: Found) -> None:
    """Case 4: ¥7,000 and ¥5,250 a month; the lead of Search gives Ana 3,000, then 2,000 in mid-month."""
    cny = {
        "organization": {"name": "Acme", "currency": "CNY", "zone": "Asia/Shanghai"},
        "rates": {"USD": {date(2026, 1, 1): "7"}},
    }
    company = found(monthly("7000 CNY", "team search"), {**monthly("5250 CNY", "team ads"), "name": "ads"}, **cny)
    assert title(company, "max", "pool") == "CN¥5,272.68 left in the Search pool"

    assert title(company, "max", "allot 3000 to ana") == "Ana Silva's share is now CN¥3,000.00"
    assert title(company, "ana") == "CN¥1,272.68 left of CN¥3,000.00"
    assert title(company, "max") == "CN¥4,000.00 left of CN¥4,000.00"

    assert title(company, "max", "allot 2000 to ana") == "Ana Silva's share is now CN¥2,000.00"
    assert title(company, "ana") == "CN¥272.68 left of CN¥2,000.00"
    assert title(company, "max") == "CN¥5,000.00 left of CN¥5,000.00"
    assert "Ana Silva has already used CN¥1,727.32" in title(company, "max", "allot 1000 to ana")
    assert title(company, "max", "allot 9000 to ana") == "Only CN¥5,000.00 of the pool is free to give."
    assert title(company, "ana", "allot 9000 to ana").startswith("You don't own such a pool.")


def test_an_even_split_leaves_everybody_what_they_have_used(found: Found) -> None:
    """$3,000 less $246.76 used, among Ana and Max: $1,376.62 more for each."""
    company = found(monthly("3000 USD", "team search"))

    assert title(company, "max", "split now") == "$917.75 more for each of 3 people and agents"
    assert title(company, "ana") == "$917.75 left of $1,164.51"
    assert title(company, "max") == "$917.75 left of $917.75"
    assert title(company, "max", "balance of crawler") == "Crawler: $917.75 left of $917.75"
    assert company.reads("ana") == []


def test_a_split_says_before_what_it_would_do_to_everybody(found: Found) -> None:
    """Agents are named, a tenth is kept back, and nothing has changed until the button is pressed."""
    company = found(monthly("3000 USD", "team search") | {"reserve_percent": 10})

    card = company.hear("max", "split")
    text = terminal.render(card)
    assert text.split("\n")[0] == "This would be $817.75 more for each of 3 people and agents"
    assert re.search(r"Crawler +no share +\$0.00 +\$817.75", text)
    assert "Kept in reserve  $300.00" in text
    assert title(company, "max") == "$2,753.24 left of $3,000.00"
    press = next(each for each in card.blocks if isinstance(each, Button))
    assert title(company, "max", press.says) == "$817.75 more for each of 3 people and agents"
    assert "Free to give    $300.00" in company.say("max", "pool")


def test_a_share_that_leaves_nothing_for_others_says_so(found: Found) -> None:
    """Max gives all that is free away; he and the crawler have no share."""
    company = found(monthly("3000 USD", "team search"))

    assert "2 people and agents have no share, and nothing is left for them." in company.say("max", "allot 3000 to ana")


def test_finance_looks_into_any_pool_and_moves_money_between_them(found: Found) -> None:
    """500 go from Search to Ads; both owners hear of it. Nobody else may, nor into a pool one spends from."""
    company = found(monthly("3000 USD", "team search") | {"name": "search"}, monthly("100 USD", "team ads"))

    assert title(company, "fay", "pool of team search") == "$2,753.24 left in the Search pool"
    assert title(company, "fay", "allot 50 to ana from team search").startswith("You don't own such a pool.")
    assert title(company, "kim", "transfer 500 from team search to team ads") == (
        "Only finance can move budget between pools."
    )
    said = "transfer 500 from team search to team ads for the campaign"
    assert title(company, "fay", said) == "$500.00 moved from Search to Ads"
    assert title(company, "lea", "pool").endswith("left in the Ads pool")
    assert "of CN" not in company.say("lea", "pool")
    assert any("$500.00 of the Search pool moved to Ads" in each for each in company.reads("max"))
    assert any("$500.00 added to the Ads pool from Search" in each for each in company.reads("lea"))
    assert title(company, "fay", "transfer 5000 from team search to team ads") == (
        "Only $2,253.24 of the pool is free to give."
    )


@pytest.mark.parametrize(
    "directory",
    [
        replace(ACME, teams=tuple(replace(each, owner="fay") if each.id == "ads" else each for each in ACME.teams)),
        replace(ACME, agents=(*ACME.agents, Agent("writer", "Writer", "fay", "ads"))),
    ],
)
def test_finance_gives_nothing_to_a_pool_from_which_it_profits(found: Found, directory: Directory) -> None:
    """Fay owns the team, or an agent that spends from its pool: somebody else in finance must do it."""
    pools = monthly("3000 USD", "team search") | {"name": "search"}, monthly("200 USD", "team ads") | {"name": "ads"}
    company = found(*pools, directory=directory)

    assert title(company, "fay", "transfer 500 from team search to team ads").endswith("Ask a colleague in finance.")
    assert "Ask a colleague in finance" in title(company, "fay", "correct 500 of team ads the campaign")
    assert title(company, "fay", "transfer 50 from team ads to team search") == "$50.00 moved from Ads to Search"


def test_of_several_pools_of_a_team_only_what_is_free_in_the_same_one_is_moved(found: Found) -> None:
    """Three thousand dollars are free in Search, but of tokens only two million."""
    company = found(
        monthly("3000 USD", "team search") | {"name": "search"},
        monthly("2M tokens", "team search") | {"name": "search-tokens"},
        monthly("1M tokens", "team ads") | {"name": "ads-tokens"},
    )

    said = "transfer 50M tokens from team search to team ads"
    assert title(company, "fay", said) == "Only 2M tokens of the pool is free to give."


def test_an_owner_gives_no_more_of_a_pool_than_is_free_by_a_transfer(found: Found) -> None:
    """All of it is shared out: what is left of the shares of others is not to be given again."""
    company = found(monthly("3000 USD", "team search"))
    company.hear("max", "allot 2500 to ana")
    company.hear("max", "allot 500 to crawler")

    said = "transfer 2000 from team search to ana"
    assert title(company, "max", said) == "Only $0.00 of the pool is free to give."


def test_what_was_granted_for_a_share_never_becomes_the_pools(found: Found) -> None:
    """Ana's share is 500 and 100 more until tomorrow; neither a smaller share nor a split takes those into the pool."""
    company = found(monthly("3000 USD", "team search"))
    company.hear("max", "allot 500 to ana")
    company.hear("max", "allot 2500 to crawler")
    company.hear("ana", "request 100 of monthly until tomorrow the load test")
    assert title(company, "max", "approve 1").startswith("The pool has nothing free.")
    assert title(company, "kim", "approve 1") == "Approved: $100.00 for Ana Silva"
    company.hear("max", "allot 0 to crawler")

    assert title(company, "max", "allot 300 to ana") == (
        "Only $253.24 is left to give. Extra budget that was granted can't be passed on."
    )
    assert title(company, "max", "split now") == "$917.75 more for each of 3 people and agents"
    company.hear("max", "allot 346.76 to ana")
    assert title(company, "ana", "revoke 1") == "$100.00 returned"
    assert title(company, "max", "pool") == "$2,753.24 left in the Search pool"


def test_a_firm_gives_everybody_a_hundred_million_tokens(found: Found) -> None:
    """Case 5: a budget in tokens."""
    company = found(monthly("100 million tokens"))

    assert title(company, "bob") == "100M tokens left of 100M tokens"


def test_credits_are_what_was_spent_by_their_price(found: Found) -> None:
    """Not tokens: at four cents a credit Bob's 110 dollars are 2,750; a refund gives them back."""
    company = found(monthly("4000 credits"), providers=[{"kind": "sample", "name": "llm", "credit": 0.04}])
    company.llm.spends("bob", "10.00", date(2026, 11, 20), tokens=7_000)
    company.pull()
    assert title(company, "bob") == "1,250 credits left of 4,000 credits"
    company.llm.spends("bob", "8.00", date(2026, 11, 20), tokens=7_000)
    company.pull()
    assert title(company, "bob") == "1,300 credits left of 4,000 credits"


@pytest.mark.parametrize(
    "rules",
    [
        {"providers": [{"kind": "sample", "name": "llm"}]},
        {"providers": [{"kind": "github-copilot", "account": "acme"}, {"kind": "sample", "name": "llm"}]},
        {"providers": [{"kind": "github-copilot", "account": "acme"}], "organization": {"currency": "EUR"}},
    ],
)
def test_credits_that_cannot_be_counted_are_refused(rules: dict[str, object]) -> None:
    """When app.yaml is read, with what to write instead."""
    with pytest.raises(ValidationError, match="credits can be counted only if all providers count in the same"):
        Settings.model_validate({**RULES, "budgets": [monthly("250 credits")], **rules}).policy  # noqa: B018
    copilot = {"providers": [{"kind": "github-copilot", "account": "acme"}]}
    policy = Settings.model_validate({**RULES, "budgets": [monthly("250 credits")], **copilot}).policy
    assert policy.credit_nanos == 10_000_000


def test_a_company_caps_the_year_and_each_department_per_quarter(found: Found) -> None:
    """Case 6: the fiscal year begins in February, so November is the first month of its fourth quarter."""
    company = found(
        {"name": "year", "who": "organization", "amount": "1000000 USD", "every": "year"},
        {"name": "quarter", "who": "team engineering", "amount": "50000 USD", "every": "quarter"},
        organization={"name": "Acme", "zone": "Europe/Berlin", "fiscal_year_starts": 2},
    )
    quarter = company.say("kim", "balance of team engineering")
    assert quarter.startswith("Engineering: $49,653.24 left of $50,000.00")
    assert "1 February (in 71 days)" in quarter
    assert "Acme pool, this year $999,653.24 $1,000,000.00" in " ".join(quarter.split())


def test_an_agent_has_a_daily_and_a_monthly_cap_and_an_owner(found: Found) -> None:
    """Case 7: $20 a day and $300 a month; its owner sees it, others do not."""
    company = found(
        {"name": "day", "who": "agent crawler", "amount": "20 USD", "every": "day"},
        monthly("300 USD", "every agent"),
    )
    company.llm.spends("crawler-key", "50.00", date(2026, 11, 21))
    company.llm.spends("crawler-key", "15.00", date(2026, 11, 22))
    company.pull()
    answer = company.say("max", "balance of crawler")

    assert answer.startswith("Crawler: $5.00 left of $20.00")
    assert "Own budget, this month  $235.00  $300.00" in answer
    assert title(company, "bob", "balance of crawler").startswith("You can't see figures for “crawler”")


def test_charges_in_dollars_count_in_yuan_at_the_rate_of_their_day(found: Found) -> None:
    """Case 8: 7.10 until the 20th, 7.20 from the 21st; the rate used stands on the row."""
    rates = {"USD": {date(2026, 1, 1): "7.10", date(2026, 11, 21): "7.20"}}
    company = found(monthly("7000 CNY"), organization={"name": "Acme", "currency": "CNY"}, rates=rates)
    company.llm.spends("lea", "10.00", date(2026, 11, 20))
    company.llm.spends("lea", "20.00", date(2026, 11, 21))
    company.pull()

    assert title(company, "lea") == "CN¥6,785.00 left of CN¥7,000.00"
    rows = company.database.ask(
        lambda conn: conn.exec_driver_sql(
            "select cost_nanos, rate_nanos, cost_house_nanos from charges where subject = 'lea' order by day"
        ).all()
    )
    assert rows == [
        (10 * 10**9, 7_100_000_000, 71 * 10**9),
        (20 * 10**9, 7_200_000_000, 144 * 10**9),
    ]


def test_a_cost_without_a_rate_is_set_aside_and_says_what_to_add(found: Found) -> None:
    """Nothing is guessed, and all other rows count."""
    company = found(monthly("400 USD"))
    company.llm.rows.append(replace(company.llm.rows[0], currency="EUR", subject="bob"))
    company.app.tick()
    company.settle()

    assert "no rate from EUR to USD for 2026-11-21: add it" in company.say("fay", "status")
    assert "1 row of 21 November set aside" in company.say("ana", "balance")


def test_a_joiner_gets_the_share_of_the_days_that_are_left(found: Found) -> None:
    """Joined on the 16th of a month of 30 days: half of $400."""
    ana, *others = ACME.people
    joined = replace(ACME, people=(replace(ana, joined=date(2026, 11, 16)), *others))
    company = found(monthly("400 USD", prorate=True), directory=joined)

    assert title(company, "ana") == "$46.76 over the limit of $200.00"
    assert title(company, "bob") == "$300.00 left of $400.00"


@pytest.mark.parametrize(("rollover", "limit"), [("none", 400), ("all", 700), ("up to 100 USD", 500)])
def test_what_is_left_is_carried_on_as_the_rule_says(found: Found, rollover: str, limit: int) -> None:
    """Bob has $300 left of November; it moves on the 3rd, when November's usage is in, and only once."""
    company = found(monthly("400 USD", rollover=rollover))
    for day in (1, 2, 3, 4):
        company.clock.moment = datetime(2026, 12, day, 12, tzinfo=UTC)
        company.app.refresh_people()
        carried = company.hear("bob", "balance").title
        assert carried == (f"${limit}.00 left of ${limit}.00" if day > 2 else "$400.00 left of $400.00")

    sums = company.database.ask(
        lambda conn: conn.exec_driver_sql("select sum(amount) from entries where kind = 'rollover'").scalar_one()
    )
    assert (sums or 0) == 0


def test_a_changed_rule_counts_from_the_next_period_unless_finance_says_otherwise(found: Found) -> None:
    """$400 stays $400 in November when app.yaml says $600, until somebody enforces it."""
    company = found(monthly("400 USD"))
    changed = Company(company.database, company.clock, {**RULES, "budgets": [monthly("600 USD")]})
    assert title(changed, "bob") == "$300.00 left of $400.00"
    assert title(changed, "bob", "enforce monthly").startswith("Only finance and admins")

    assert title(changed, "fay", "enforce monthly") == "7 limits changed to the current amount of “monthly”"
    assert title(changed, "bob") == "$500.00 left of $600.00"
    assert title(changed, "fay", "enforce monthly") == "All limits already have the current amount of “monthly”"


def test_a_limit_set_in_mid_period_explains_spend_that_is_older(found: Found) -> None:
    """Nobody is shown a frightening figure without the reason."""
    company = found(monthly("100 USD"))

    assert "This limit was set on 22 November. It counts everything spent since 1 November." in company.say(
        "ana", "balance"
    )


def test_a_colleague_gives_of_the_own_budget_and_an_owner_moves_it(found: Found) -> None:
    """The sum stays; nobody moves budget to themself or to another team; nobody gives what is not left."""
    company = found(monthly("400 USD"))
    assert title(company, "max", "transfer 50 to ana for the demo") == "$50.00 moved from Max Weber to Ana Silva"
    assert title(company, "ana") == "$203.24 left of $450.00"
    assert company.reads("ana")[0].startswith("$50.00 added to your budget from Max Weber")
    assert title(company, "kim", "transfer 30 from bob to ana") == "$30.00 moved from Bob Reyes to Ana Silva"

    for person, words, refusal in (
        ("bob", "transfer 10 to ana", "Ana Silva is not in the same team."),
        ("bob", "transfer 10 from ana to bob", "You can only give from your own budget"),
        ("max", "transfer 10 from ana to max", "You can't move budget to yourself."),
        ("ana", "transfer 10 to max", "Max Weber decides about your requests, so you can't give budget to them."),
        ("max", "transfer 1000 to ana", "Only $350.00 is left to give."),
        ("ana", "transfer -5 to max", "An amount must be above zero."),
    ):
        assert title(company, person, words).startswith(refusal)


def test_finance_corrects_with_a_reason_and_never_for_oneself(found: Found) -> None:
    """Who and why stand in the ledger."""
    company = found(monthly("400 USD"))
    assert title(company, "fay", "correct -20 of bob refund of the outage") == "Bob Reyes's budget corrected by -$20.00"
    assert title(company, "bob") == "$280.00 left of $380.00"

    for person, words, refusal in (
        ("bob", "correct 20 of bob please", "Only finance can correct budgets."),
        ("fay", "correct 20 of fay please", "You can't correct a budget of your own."),
        ("fay", "correct 20 of bob", "Say why"),
    ):
        assert title(company, person, words).startswith(refusal)


def test_what_cannot_be_linked_is_shown_to_finance_with_a_way_to_link_it(found: Found) -> None:
    """A key nobody knows is charged to nobody; when it is linked, its past follows."""
    company = found(monthly("400 USD"))
    start = datetime(2026, 11, 21, tzinfo=UTC)
    company.llm.rows.append(Charge("llm", start, 24, "m", resource="key-of-nobody-knows-whom", cost_nanos=7 * 10**9))
    company.pull()

    answer = company.say("fay", "link")
    assert answer.startswith("! $7.00 unallocated")
    assert "link llm key key-of-nobod… to ana" in answer
    assert title(company, "bob", "link") == "Only finance and admins can do this."

    assert title(company, "fay", "link llm key key-of-nobod… to bob").endswith("is linked to Bob Reyes")
    assert title(company, "bob") == "$293.00 left of $400.00"
    assert title(company, "fay", "link") == "Nothing is unallocated"


def test_a_key_is_called_by_its_alias_where_only_it_is_called_so(found: Found) -> None:
    """In the list of what is unallocated, in a link and in spend; a key of the past keeps its last name."""
    company = found(monthly("400 USD"))
    start = datetime(2026, 11, 21, tzinfo=UTC)
    for key, name in (("hash-of-nightly-0001", "nightly eval"), ("hash-a-2222", "twin"), ("hash-b-3333", "twin")):
        company.llm.rows.append(Charge("llm", start, 24, "m", resource=key, cost_nanos=7 * 10**9))
        company.llm.members.append(ProviderIdentity("key", key, name))
    company.pull()
    company.llm.members.clear()
    company.pull()

    answer = company.say("fay", "link")
    assert "nightly eval" in answer
    assert "hash-of-nightly-0001" not in answer
    assert "hash-a-2222" in answer  # two are called so
    spent = company.say("fay", "spend of unallocated by key")
    assert "nightly eval" in spent
    assert re.findall(r"twin ….*(2222|3333)", spent) == ["2222", "3333"]

    assert title(company, "fay", "link llm key nightly%20eval to bob").endswith("is linked to Bob Reyes")
    assert title(company, "fay", "link llm key twin to bob").startswith("Several")


def test_a_person_may_correct_whose_it_is_and_the_audit_says_whose_it_was(found: Found) -> None:
    """The past goes along; an id with a blank is one word; who is who in a chat is not said so."""
    company = found(monthly("400 USD"))
    start = datetime(2026, 11, 21, tzinfo=UTC)
    company.llm.rows.append(Charge("llm", start, 24, "m", resource="a key of bob", cost_nanos=7 * 10**9))
    company.pull()

    assert "link llm key a%20key%20of%20bob to ana" in company.say("fay", "link")
    assert title(company, "fay", "link llm key a%20key%20of%20bob to ana").endswith("is linked to Ana Silva")
    assert "Charges moved  1" in company.say("fay", "link llm key a%20key%20of%20bob to bob")
    assert title(company, "bob") == "$293.00 left of $400.00"
    rows = company.database.ask(lambda conn: list(audit.rows(conn)))
    assert rows[-1].deed.details == "llm key a key of bob, before person/ana, 1 charges"
    assert title(company, "fay", "link web user demo/max to fay").startswith("web reports nothing for user")


def test_a_budget_of_another_zone_is_cut_by_its_own_calendar(found: Found) -> None:
    """23:30 UTC on the 21st is the 22nd in Kolkata, while the company counts in UTC."""
    rule = {"name": "day", "who": "every person", "amount": "50 USD", "every": "day", "zone": "Asia/Kolkata"}
    company = found(rule, organization={"name": "Acme", "zone": "UTC"})
    late = datetime(2026, 11, 21, 23, tzinfo=UTC)
    company.llm.rows = [Charge("llm", late, 1, "m", subject="ana", cost_nanos=5 * 10**9)]
    company.llm.rows.append(Charge("llm", late - timedelta(hours=6), 1, "m", subject="ana", cost_nanos=11 * 10**9))
    company.pull()

    assert title(company, "ana") == "$45.00 left of $50.00"


def test_a_role_has_a_budget_of_its_own(found: Found) -> None:
    """Finance gets $900 each; nobody else is bound by it."""
    company = found(monthly("900 USD", "role finance"))

    assert title(company, "fay") == "$900.00 left of $900.00"
    assert title(company, "ana") == "$246.76 spent this month"


def test_a_large_team_is_read_in_one_go(found: Found) -> None:
    """A pool of 300 people is cut in its table with a line that says so."""
    crowd = tuple(Person(f"p{n:03}", f"P {n:03}", team="search") for n in range(300))
    big = replace(ACME, people=(*ACME.people, *crowd), teams=(*ACME.teams, Team("empty", "Empty", "max")))
    company = found(monthly("3000 USD", "team search"), directory=big)

    assert "253 more" in company.say("max", "pool")
