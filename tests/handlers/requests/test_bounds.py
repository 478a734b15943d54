"""What bounds a request: amounts, four eyes, what is granted at once, and what a grant really brings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.events import IncreaseRequested
from handlers.policy import RequestRules
from storage.db import Database
from storage.directory import Agent, Person
from storage.limits import Subject
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Found = Callable[..., Company]
NO_REQUEST = "You can't see a request with that number, or it doesn't exist. To see yours, say: requests"
TWICE = [
    {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]},
    {"stages": [{"by": "manager"}]},
]
MANAGER = [{"stages": [{"by": "manager"}]}]
TWO_STAGES = [{"stages": [{"by": "manager"}, {"by": "role finance"}]}]


@pytest.fixture
def found(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """Found a company with rules of its own."""
    clock.moment = MONDAY
    made: list[Database] = []

    def begin(approvals: list[dict[str, object]], **more: object) -> Company:
        made.append(migrated(tmp_path / f"{len(made)}.db"))
        return Company(made[-1], clock, {**RULES, "approvals": approvals, **more})

    yield begin
    for database in made:
        database.close()


def title(company: Company, person: str, text: str, **inputs: str) -> str:
    """The first line of an answer."""
    return company.hear(person, text, **inputs).title


# Amounts ------------------------------------------------------------------------------------------------------------


def test_nobody_asks_for_more_than_the_policy_says(found: Found) -> None:
    """One amount for each unit; another unit is not bounded by it."""
    company = found(TWO_STAGES, requests={"at_most": ["600 USD", "5M tokens"]})
    assert title(company, "ana", "request 600 a model") == "Asked for $600.00 more"
    refused = company.hear("ana", "request 601 a model")
    assert (refused.title, refused.fault) == ("You can ask for at most $600.00 at once.", "amount")
    assert RequestRules.model_validate({"at_most": "5M tokens"}).most("USD") is None


def test_an_absurd_amount_is_asked_about_before_anybody_is(found: Found) -> None:
    """Nothing is sent until the amount is written once more."""
    company = found(TWO_STAGES)
    asked = company.hear("ana", "request 999999999 finish the migration")
    assert "$999,999,999.00 is 2.5M times your budget of $400.00." in company.say("ana", "request 999999999 it")
    assert company.reads("max") == []
    filled = {each.name: each.value for each in asked.inputs}
    assert (filled["amount"], filled["reason"]) == ("999999999", "finish the migration")
    send = asked.buttons[0].says
    assert title(company, "ana", send, **{**filled, "again": "99999999"}) == "Ask for more"
    assert title(company, "ana", send, **{**filled, "again": "999999999"}) == "Asked for $999,999,999.00 more"


def test_nothing_smaller_than_a_cent_uses_up_a_grant(found: Found) -> None:
    """Neither typed nor asked at a provider."""
    company = found(TWICE)
    for _ in range(3):
        assert title(company, "ana", "request 0.000000001 it") == "An amount must be a multiple of $0.01."
    company.happens(IncreaseRequested("llm", "r1", Subject("user", "ana"), 1, "more"))
    amounts = "select amount from entries where kind = 'grant'"
    assert company.database.ask(lambda conn: conn.exec_driver_sql(amounts).scalars().all()) == [10**7]


def test_money_asked_at_a_provider_is_asked_of_a_budget_in_money(found: Found) -> None:
    """Though that in tokens binds: fifty dollars are not fifty billion tokens."""
    tokens = {"name": "tokens", "who": "every person", "amount": "2M tokens"}
    company = found(MANAGER, budgets=[tokens, {"name": "monthly", "who": "every person", "amount": "400 USD"}])
    company.llm.spends("ana", "1.00", tokens=3_000_000)
    company.pull()
    company.happens(IncreaseRequested("llm", "r1", Subject("user", "ana"), 50 * 10**9, "more"))
    assert "#1: Ana Silva asks for $50.00 more" in company.say("max", "requests")


def test_what_is_granted_at_once_is_counted_by_person(database: Database, clock: Clock) -> None:
    """Max asks for each of his agents and for himself: twice in all, whichever it is for. On both databases."""
    clock.moment = MONDAY
    weekly = {"name": "flagship", "who": "every person", "amount": "90 USD", "models": "flagship"}
    company = Company(database, clock, {**RULES, "approvals": TWICE, "budgets": [*RULES["budgets"], weekly]})
    agents = (*ACME.agents, Agent("indexer", "Indexer", "max", "search"))
    company.directory = replace(ACME, agents=agents)
    company.app.refresh_people()
    said = [
        title(company, "max", f"request 25 {whose} the test")
        for whose in ("for crawler", "for indexer", "of flagship", "of per-person")
    ]
    assert said == ["$25.00 approved at once"] * 2 + ["Asked for $25.00 more"] * 2
    clock.moment = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    assert title(company, "max", "request 25 for crawler the test") == "$25.00 approved at once"


# Four eyes ----------------------------------------------------------------------------------------------------------


def both_roles(company: Company) -> None:
    """Ana's manager is of finance, as is one other."""
    people = tuple(replace(one, roles=("finance",)) if one.id in ("max", "fay") else one for one in ACME.people)
    company.directory = replace(ACME, people=people)
    company.app.refresh_people()


@pytest.mark.parametrize(
    ("amount", "rules", "second"),
    [
        (1200, {}, "Others decide request #1 now."),
        (1000, {}, "Approved: $1,000.00 for Ana Silva"),
        (1200, {"four_eyes_above": "2000 USD"}, "Approved: $1,200.00 for Ana Silva"),
        (1200, {"four_eyes_above": "never"}, "Approved: $1,200.00 for Ana Silva"),
        (20, {"four_eyes_above": 0}, "Others decide request #1 now."),
    ],
)
def test_above_an_amount_two_people_decide_two_stages(
    found: Found, amount: int, rules: dict[str, object], second: str
) -> None:
    """The manager who is of finance decides one of the stages, and another of finance the other."""
    company = found(TWO_STAGES, requests=rules)
    both_roles(company)
    company.say("ana", f"request {amount} a model")
    company.say("max", "approve 1")
    assert title(company, "max", "approve 1") == second
    if second.startswith("Others"):
        assert title(company, "fay", "approve 1").startswith("Approved")


def test_four_eyes_are_not_evaded_by_a_delegation(found: Found) -> None:
    """Who decided in Max's stead does not decide for finance, nor Max himself, nor a delegate of Fay's who is Kim."""
    company = found(TWO_STAGES, requests={"four_eyes_above": 0})
    both_roles(company)
    company.say("max", "delegate kim until friday")
    company.say("fay", "delegate kim until friday")
    company.say("ana", "request 50 a model")
    assert title(company, "kim", "approve 1") == "You agreed to $50.00. Next to decide: Fay Osei"
    for each in ("kim", "max"):
        assert title(company, each, "approve 1") == "Others decide request #1 now."
    assert title(company, "fay", "approve 1") == "Approved: $50.00 for Ana Silva"


def test_a_manager_who_decided_one_stage_is_passed_over_in_the_next(found: Found) -> None:
    """Both stages are the manager's: the second goes to Max's own manager, and the card says why."""
    company = found([{"stages": [{"by": "manager"}, {"by": "manager"}]}], requests={"four_eyes_above": 0})
    company.say("ana", "request 50 a model")
    company.say("max", "approve 1")
    assert "You decide as Max Weber's manager, because Max Weber decided another stage." in company.reads("kim")[0]


def test_who_delegates_hears_what_was_decided_for_them_and_may_see_it(found: Found) -> None:
    """Approved and denied; nobody else may open it for that."""
    company = found([{"stages": [{"by": "manager"}]}])
    company.say("max", "delegate kim until friday")
    for number, words in ((1, "approve 1"), (2, "deny 2 too early")):
        company.say("ana", "request 50 a model")
        company.say("kim", words)
        assert title(company, "max", f"history {number}").startswith(f"Request #{number}: $50.00")
    told = company.reads("max")
    assert [each.split("\n")[0] for each in told] == [
        "Kim Tanaka approved $50.00 for Ana Silva in your place",
        "Kim Tanaka denied $50.00 for Ana Silva in your place",
    ]
    assert title(company, "lea", "history 1") == NO_REQUEST


# What a grant brings ------------------------------------------------------------------------------------------------


def overspent(company: Company) -> None:
    """Bob is $500 over."""
    company.llm.spends("bob", "900.00", date(2026, 11, 21), "claude-opus-4-5")
    company.pull()


def test_everybody_reads_what_will_be_left_and_what_would_do(found: Found) -> None:
    """In the form, in the answer, on the manager's card, after the decision, and in the queue."""
    company = found([{"stages": [{"by": "manager"}]}])
    overspent(company)
    assert "The budget is used up. $501.00 would do to go on." in company.say("bob", "request")
    after = "$450.00 over the limit; $501.00 would do"
    assert after in company.say("bob", "request 50 the demo")
    assert after in company.reads("lea")[0]
    assert after in company.say("lea", "requests")
    told = company.say("lea", "approve 1"), company.reads("bob")[-1]
    for each in told:
        assert "Approved, but not in effect: the budget is still used up. $451.00 more would do." in each
    assert "[Ask for more: request of per-person the demo]" in told[1]
    assert "$300.00 left" in company.say("bob", "request 750 the demo")


def test_a_pool_that_binds_is_named_with_who_can_raise_it(found: Found) -> None:
    """Search has used all of its pool: Ana's grant does not help, and finance hears that it waits for them."""
    company = found([{"stages": [{"by": "manager"}]}])
    company.llm.spends("crawler-key", "3100.00", date(2026, 11, 21))
    company.pull()
    assert "the Search pool binds; finance can raise it" in company.say("ana", "request 50 the demo")
    assert "the Search pool binds" in company.reads("max")[0]
    company.say("max", "approve 1")
    assert "Approved, but not in effect: the Search pool binds. Finance can raise it." in company.reads("ana")[-1]
    told = company.reads("fay")[-1]
    assert told.startswith("! $50.00 for Ana Silva: approved, but not in effect")
    assert "correct 100 of team search" in told


def test_what_is_granted_at_once_says_the_same(found: Found) -> None:
    """No news is promised that is none."""
    company = found(TWICE)
    overspent(company)
    said = company.say("bob", "request 20 the demo")
    assert said.startswith("! $20.00 approved at once")
    assert "$481.00 more would do" in said


def test_whoever_asked_may_give_back_what_is_left(on_both: Company) -> None:
    """With a reason or without, by the button, once; others may not."""
    company = on_both
    company.say("ana", "request 50 the demo")
    company.say("max", "approve 1")
    assert "[Return what is left: return-grant" in company.reads("ana")[-1]
    assert title(company, "bob", "revoke 1").startswith("There is no approved request")
    assert title(company, "ana", "revoke 1 not needed any more") == "$50.00 returned"
    assert title(company, "ana", "revoke 1") == "The extra budget of request #1 has already ended."
    assert title(company, "ana", "balance") == "$153.24 left of $400.00"


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """A company on each kind of database in turn."""
    clock.moment = MONDAY
    return Company(database, clock, {**RULES, "approvals": [{"stages": [{"by": "manager"}]}]})


# Who may look -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["fay", "ada"])
def test_finance_and_admins_open_and_comment_what_they_are_shown(found: Found, person: str) -> None:
    """Both who asked and who decides read it; deciding stays with whom the rules name."""
    company = found([{"stages": [{"by": "manager"}]}])
    company.say("ana", "request 50 the demo")
    company.settle()
    assert title(company, person, "history 1") == "Request #1: $50.00, waiting"
    assert title(company, person, "question 1 is there a ticket?") == "Sent"
    for each in ("ana", "max"):
        assert "“is there a ticket?”" in company.reads(each)[-1]
    assert title(company, person, "approve 1") == "There is no request with that number for you to decide."
    assert title(company, "bob", "question 1 what?") == NO_REQUEST


def test_lists_name_the_agent_the_budget_and_the_last_day(found: Found) -> None:
    """`requests` and `history` tell two requests of one amount apart."""
    company = found([{"stages": [{"by": "manager"}]}])
    company.say("max", "request 50 for crawler until friday nightly")
    company.say("max", "request 50 the demo")
    for told in (company.say("max", "requests"), company.say("max", "history 1"), company.reads("kim")[0]):
        assert "Crawler" in told
        assert "27" in told
    assert "agents" in company.say("max", "requests")
    assert "per-person" in company.say("max", "history 2")


def test_the_queue_of_whoever_decides_has_numbers_and_buttons(found: Found) -> None:
    """Each waiting request with what can be done; one press decides."""
    company = found([{"stages": [{"by": "manager"}]}])
    company.directory = replace(ACME, people=(*ACME.people, Person("zoe", "Zoe Lind", manager="max", team="search")))
    company.app.refresh_people()
    company.say("ana", "request 50 the demo")
    company.say("zoe", "request 60 the other demo")
    queue = company.hear("max", "requests")
    labels = [each.label for each in queue.buttons]
    assert labels[:5] == ["Approve #1", "Other amount for #1", "Deny #1", "Ask about #1", "Look at #1"]
    assert title(company, "max", next(each.says for each in queue.buttons if each.label == "Approve #2")).startswith(
        "Approved: $60.00 for Zoe Lind"
    )
    assert title(company, "max", "requests") == "1 for you to decide"


# What adds up ---------------------------------------------------------------------------------------------------------


def test_what_is_granted_adds_up_for_what_is_granted_at_once(found: Found) -> None:
    """So many times what may be at once, whoever granted it, and however it is cut."""
    company = found(TWICE)
    company.say("ana", "request 40 it")
    company.say("max", "approve 1")
    assert title(company, "ana", "request 25 it") == "Asked for $25.00 more"
    assert title(company, "ana", "request 10 it") == "$10.00 approved at once"


def test_what_is_granted_at_once_adds_up_by_person_in_each_unit(found: Found) -> None:
    """Over all budgets and agents; an amount of another unit is bounded by a rule of its own."""
    often = {"amount_up_to": "25 USD", "models": "all", "times_up_to": 2}
    small = {"amount_up_to": "5 USD", "models": "flagship", "times_up_to": 9}
    rules = [
        {"when": small, "stages": [{"by": "nobody"}]},
        {"when": often, "stages": [{"by": "nobody"}]},
        {"when": {"amount_up_to": "1M tokens", "times_up_to": 9}, "stages": [{"by": "nobody"}]},
        {"stages": [{"by": "manager"}]},
    ]
    flagship = {"name": "flagship", "who": "every person", "amount": "90 USD", "models": "flagship"}
    tokens = {"name": "tokens", "who": "every person", "amount": "2M tokens"}
    company = found(rules, budgets=[*RULES["budgets"], flagship, tokens])
    assert title(company, "max", "request 25 for crawler it") == "$25.00 approved at once"
    assert title(company, "max", "request 25 of per-person it") == "$25.00 approved at once"
    assert title(company, "max", "request 5 of flagship it") == "Asked for $5.00 more"  # 45 are more than nine times 5
    assert title(company, "max", "request 1M of tokens it") == "1M tokens approved at once"


@pytest.mark.parametrize("whose", ["", "for crawler "])
def test_small_requests_that_add_up_need_four_eyes(database: Database, clock: Clock, whose: str) -> None:
    """By person and by budget: the third of 400 is above a thousand. On both databases."""
    clock.moment = MONDAY
    company = Company(database, clock, {**RULES, "approvals": TWO_STAGES})
    both_roles(company)
    asker, manager = ("ana", "max") if not whose else ("max", "kim")
    if whose:
        people = tuple(
            replace(one, roles=("finance",)) if one.id in ("kim", "fay") else one for one in company.directory.people
        )
        company.directory = replace(company.directory, people=people)
        company.app.refresh_people()
    for number in (1, 2):
        company.say(asker, f"request 400 {whose}it")
        company.say(manager, f"approve {number}")
        assert title(company, manager, f"approve {number}").startswith("Approved: $400.00")
    company.say(asker, f"request 400 {whose}it")
    company.say(manager, "approve 3")
    assert title(company, manager, "approve 3") == "Others decide request #3 now."
    assert title(company, "fay", "approve 3").startswith("Approved: $400.00")
