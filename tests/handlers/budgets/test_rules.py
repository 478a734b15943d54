"""Which budget counts for whom: the most specific rule of a name, whatever the order of app.yaml."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from pydantic import ValidationError

from bot.cli.check_person import rules_of
from bot.config import Settings
from bot.directory.merge import Merger
from handlers.policy import Budget, Policy, considered, rules_for
from storage.db import Database
from storage.directory import Directory, Group, Person
from storage.people import Account
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company

LINE = ("person/bob", "team/ads", "team/engineering", "org")
BOB = Account("person/bob", "person", "Bob Reyes", "team/ads", "bob", "", active=True)
PERSON = Person("bob", "Bob Reyes", groups=("contractors", "new"), roles=("finance",))
WHOS = (
    "person bob",
    "every person in contractors",
    "every person of team ads",
    "every person of team engineering",
    "every person",
)
"""The nearest first."""


def rule(who: str, amount: str = "100 USD", name: str = "personal", **more: object) -> Budget:
    return Budget.model_validate({"name": name, "who": who, "amount": amount, **more})


def counting(*whos: str, account: Account = BOB, person: Person | None = PERSON, line: tuple[str, ...] = LINE) -> str:
    found = rules_for([rule(who) for who in whos], account, person, line)
    return found[0].who if found else ""


@pytest.mark.parametrize("number", range(len(WHOS)))
def test_the_most_specific_rule_counts(number: int) -> None:
    """In whatever order the rules stand, the nearest of those that are there counts."""
    left = WHOS[number:]
    assert {counting(*order) for order in permutations(left)} == {left[0]}


def test_a_role_is_as_near_as_a_group_and_the_first_counts() -> None:
    """Who is in two groups has the one that stands earlier in app.yaml."""
    both = ("every person in new", "role finance", "every person in contractors")
    assert counting(*both) == both[0]
    assert counting(*both[::-1]) == both[2]


@pytest.mark.parametrize(
    "who", ["person ana", "every person in engineers", "every person of team search", "role admin"]
)
def test_a_rule_for_others_does_not_count(who: str) -> None:
    """Neither another's own, nor a group, team or role that one is not in."""
    assert counting(who) == ""
    assert counting(who, "every person") == "every person"


def test_rules_of_different_names_all_count() -> None:
    """Only rules of one name stand for each other."""
    budgets = [rule("every person"), rule("person bob", name="extra"), rule("team engineering", name="pool")]
    assert rules_for(budgets, BOB, PERSON, LINE) == budgets


def test_an_agent_has_the_rule_of_its_team() -> None:
    """Rules for people are not for agents."""
    crawler = Account("agent/crawler", "agent", "Crawler", "team/search", "max", "", active=True)
    line = ("agent/crawler", "team/search", "org")
    assert counting(
        "every person", "every agent", "every agent of team search", account=crawler, person=None, line=line
    ) == ("every agent of team search")


def test_what_was_considered_says_which_counts() -> None:
    """Every rule that fits is there, one of a name counts."""
    found = considered([rule("every person"), rule("every person in new")], BOB, PERSON, LINE)
    assert [(each.budget.who, each.counts) for each in found] == [
        ("every person", False),
        ("every person in new", True),
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (rule("every person"), rule("every person", "50 USD"), "already"),
        (rule("every person"), rule("team ads"), "needs one of its own"),
        (rule("every person"), rule("person bob", "5M tokens"), "same unit"),
        (rule("every person"), rule("person bob", every="week"), "same every"),
        (rule("every person"), rule("person bob", models="flagship"), "same models"),
    ],
    ids=lambda each: each.who if isinstance(each, Budget) else each,
)
def test_rules_of_one_name_are_one_budget(one: Budget, other: Budget, said: str) -> None:
    """They agree in all but whom they are for and how much they give."""
    with pytest.raises(ValidationError, match=said):
        Policy(budgets=(one, other))


def test_a_days_budget_carries_nothing_on() -> None:
    """It would be refused silently: a day's usage is known two days later."""
    with pytest.raises(ValidationError, match="cannot be carried on"):
        Policy(budgets=(rule("every person", every="day", rollover="all"),))


# The seeds' way: 7,000 / 5,250 / 1,000 by team and for contractors. ---------------------------------------------------

GIVEN = [
    {"name": "per-person", "who": "every person", "amount": "5250 CNY"},
    {"name": "per-person", "who": "every person of team search", "amount": "7000 CNY"},
    {"name": "per-person", "who": "every person in contractors", "amount": "1000 CNY"},
    {"name": "per-person", "who": "person lea", "amount": "9000 CNY"},
]
CHINA: dict[str, object] = {
    **RULES,
    "organization": {"name": "Acme", "zone": "Asia/Shanghai", "currency": "CNY"},
    "budgets": GIVEN,
}
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def with_contractors() -> Directory:
    contractors = Group("contractors", ("bob", "ada"))
    people = tuple(
        replace(each, groups=("contractors",)) if each.id in contractors.people else each for each in ACME.people
    )
    return replace(ACME, people=people)


@pytest.fixture
def company(database: Database) -> Company:
    return Company(database, Clock(NOON), CHINA, with_contractors())


@pytest.mark.parametrize(("person", "limit"), [("ana", "7,000"), ("kim", "5,250"), ("bob", "1,000"), ("lea", "9,000")])
def test_each_has_the_limit_of_their_rule_and_only_that(company: Company, person: str, limit: str) -> None:
    """Posted once, in the period's first tick, and shown as the one budget it is."""
    company.app.tick()
    company.settle()

    card = company.say(person, "balance")
    assert f"of CN¥{limit}.00" in card.split("\n")[0]
    assert "All limits" not in card


def test_a_move_counts_at_once_and_the_amount_next_period(company: Company) -> None:
    """Ana goes to Ads in mid-month: her 7,000 stay until the month ends, and she is asked about no other rule."""
    company.app.tick()
    company.settle()
    moved = tuple(replace(each, team="ads") if each.id == "ana" else each for each in company.directory.people)
    company.directory = replace(company.directory, people=moved)
    company.app.refresh_people()

    assert "7,000" in company.say("ana", "balance").split("\n")[0]
    company.say("fay", "enforce per-person")
    assert "5,250" in company.say("ana", "balance").split("\n")[0]


def test_groups_of_app_yaml_are_people_by_their_ids() -> None:
    """A group lists people, and a person may name theirs."""
    listed = {
        "people": [{"id": "ana", "name": "Ana", "groups": ["engineers"]}],
        "groups": [{"id": "contractors", "people": ["ana"]}],
    }
    said = Settings.model_validate({**RULES, **listed}).inline_directory()

    assert said.groups == (Group("contractors", ("ana",)),)
    assert said.people[0].groups == ("engineers",)


def test_a_group_joins_people_of_any_source() -> None:
    """Whom app.yaml lists may come from another source; whom nobody knows is named."""
    merger = Merger()
    merger.take("app.yaml", Directory(groups=(Group("contractors", ("ana", "zoe")),)))
    merger.take("hr.csv", Directory((Person("ana", "Ana", groups=("engineers",)),)))
    merged = merger.merged()

    assert [one.groups for one in merged.directory.everybody()] == [("contractors", "engineers")]
    assert [each for each in merged.disagreements.shown if "zoe" in each]


@pytest.mark.parametrize(
    ("person", "whom"),
    [("ana", "everyone in Search"), ("kim", "everyone"), ("bob", "the group contractors"), ("lea", "Lea Novak only")],
)
def test_a_card_says_for_whom_its_rule_is(company: Company, person: str, whom: str) -> None:
    """Where several rules have its name."""
    assert f"For        {whom}" in company.say(person, "balance")


def test_two_budgets_of_a_month_have_different_names(database: Database) -> None:
    """Each has its name in brackets."""
    research = {"name": "research", "who": "every person in contractors", "amount": "300 CNY"}
    company = Company(database, Clock(NOON), {**CHINA, "budgets": [*GIVEN, research]}, with_contractors())

    card = company.say("bob", "balance")
    assert "Own budget (research), this month" in card
    assert "Own budget (per-person), this month" in card


def test_two_pools_of_a_team_and_month_have_different_names(database: Database) -> None:
    """Also their shares, and what is not shared out."""
    pools = [{"name": name, "who": "team search", "amount": "9000 CNY"} for name in ("search-pool", "launch")]
    company = Company(database, Clock(NOON), {**CHINA, "budgets": [*GIVEN, *pools]}, with_contractors())

    card = company.say("ana", "balance")
    assert "Search (launch) pool, this month" in card
    assert "Search (search-pool) pool, this month" in card


def test_check_shows_what_was_considered(database: Database) -> None:
    """Every rule that fits, and why one counts."""
    company = Company(database, Clock(NOON), CHINA, with_contractors())

    assert list(rules_of(company.app, "bob")) == [
        "Bob Reyes: per-person",
        "  every person in contractors: CN¥1,000.00 - counts",
        "  every person: CN¥5,250.00 - does not count, a more specific rule does",
    ]
    assert list(rules_of(company.app, "nobody")) == ["Nobody has the id “nobody”."]
