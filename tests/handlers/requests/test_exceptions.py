"""Exceptions: another limit for one person or agent, asked for and approved in chat, until a day or for good."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.check_person import rules_of
from bot.config import Settings
from handlers.events import CheckThresholds
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import PEOPLE, RULES, Company
from tests.support.databases import migrated

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UNTIL_MARCH = "raise me to 900 a month until 31 March: migration"
MANAGER: list[dict[str, object]] = [{"stages": [{"by": "manager"}]}]
Rules = dict[str, object]


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """The small company, whose manager decides, in the month's allotments."""
    database = migrated(tmp_path / "bursar.db")
    yield begun(database, clock)
    database.close()


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """The same on each kind of database in turn."""
    return begun(database, clock)


def begun(database: Database, clock: Clock, **rules: object) -> Company:
    clock.moment = MONDAY
    made = Company(database, clock, {**RULES, "approvals": MANAGER, **rules})
    tick(made)
    return made


def tick(company: Company) -> None:
    company.app.tick()
    company.settle()


def is_now(company: Company, moment: datetime) -> None:
    """The clock says a later moment, and what is due then is done."""
    company.clock.moment = moment
    tick(company)
    company.clock.forward(timedelta(minutes=15))
    tick(company)


def says_now(company: Company, **rules: object) -> None:
    """app.yaml says something else, and Bursar is started again."""
    company.rules = {**company.rules, **rules}
    company.app.settings = Settings.model_validate(company.rules)
    company.app.__post_init__()
    company.clock.forward(timedelta(minutes=15))
    tick(company)


def limit(company: Company, person: str = "ana", whom: str = "") -> str:
    """The first line of a balance."""
    return company.hear(person, f"balance {whom}").title


def told(company: Company, person: str) -> str:
    return "\n".join(company.reads(person))


def test_it_is_asked_for_and_counts_once_it_is_approved(on_both: Company) -> None:
    """At once, in this period and in the next ones; everybody reads how much a month and until when."""
    asked = on_both.say("ana", UNTIL_MARCH)
    assert asked.startswith("Asked for $900.00 a month")
    assert "Until       31 March 2027" in asked
    assert "Instead of  $400.00 a month" in asked
    assert limit(on_both) == "$153.24 left of $400.00"
    card = on_both.reads("max")[0]
    assert card.startswith("Ana Silva asks for a limit of $900.00 a month")
    assert "After it                                $653.24 left" in card

    assert on_both.hear("max", "approve 1").title == "Approved: $900.00 a month for Ana Silva"
    assert "Max Weber approved $900.00 a month" in told(on_both, "ana")
    balance = on_both.say("ana", "balance")
    assert balance.startswith("$653.24 left of $900.00")
    assert "Exception    request #1, until 31 March 2027" in balance
    assert "In app.yaml  $400.00" in balance
    assert limit(on_both, "fay", "of bob") == "Bob Reyes: $300.00 left of $400.00"
    is_now(on_both, datetime(2026, 12, 1, 8, tzinfo=UTC))
    assert limit(on_both) == "$900.00 left of $900.00"


def test_it_ends_by_itself_and_those_concerned_hear_it_a_day_before_and_then(company: Company) -> None:
    """On the first of April app.yaml counts again, in the ledger, too."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    is_now(company, datetime(2027, 3, 31, 8, tzinfo=UTC))
    assert "The exception of Ana Silva ends tonight: $900.00 a month" in told(company, "ana")
    assert limit(company) == "$900.00 left of $900.00"
    is_now(company, datetime(2027, 4, 1, 8, tzinfo=UTC))
    for each in ("ana", "max"):
        assert "The exception of Ana Silva has ended: $900.00 a month" in told(company, each)
    assert limit(company) == "$400.00 left of $400.00"
    assert company.hear("ana", "exceptions").title == "No exceptions"
    assert "its last day is over" not in company.say("ana", "history 1")
    assert "ended" in company.say("ana", "history 1")


def test_what_is_left_of_it_is_not_carried_on_beyond_its_last_day(database: Database, clock: Clock) -> None:
    """Like extra budget: of $653.24 that are left in November, $153.24 come on top of the $400 of December."""
    carried = {"name": "per-person", "who": "every person", "amount": "400 USD", "rollover": "all"}
    company = Company(database, clock, {**RULES, "budgets": [carried]})
    company.say("ana", "raise me to 900 a month until 30 November: migration")
    company.say("max", "approve 1")
    assert limit(company) == "$653.24 left of $900.00"
    for day in (1, 3, 5):
        is_now(company, datetime(2026, 12, day, 8, tzinfo=UTC))
    assert limit(company) == "$553.24 left of $553.24"


def test_within_a_period_only_what_is_not_spent_goes(company: Company) -> None:
    """What she spent of it was hers to spend; nobody is over the limit by an end."""
    company.say("ana", "raise me to 900 a month until friday: migration")
    company.say("max", "approve 1")
    company.llm.spends("ana", "253.24", MONDAY.date())
    company.pull()
    assert limit(company) == "$400.00 left of $900.00"
    is_now(company, datetime(2026, 11, 28, 8, tzinfo=UTC))
    assert limit(company) == "$0.00 left of $500.00"


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("max", "end exception 1 the project ended"),
        ("fay", "end-exception 1 the project ended"),
        ("ada", "end-exception 1 the project ended"),
        ("ana", "end-exception 1"),
        ("max", "revoke 1 the project ended"),
    ],
)
def test_whoever_may_can_end_it(on_both: Company, person: str, words: str) -> None:
    """Who approved it, finance, an admin, and whoever has it; all others hear of it with the reason."""
    on_both.say("ana", UNTIL_MARCH)
    on_both.say("max", "approve 1")
    for stranger in ("bob", "lea"):
        assert on_both.hear(stranger, "end-exception 1 no").title.startswith("There is no exception with that number")
    assert on_both.hear(person, words).title == "The exception of request #1 has ended"
    assert limit(on_both) == "$153.24 left of $400.00"
    heard = told(on_both, "max" if person == "ana" else "ana")
    assert "The exception of Ana Silva was ended: $900.00 a month" in heard
    assert ("“the project ended”" in heard) is (person != "ana")
    again = on_both.hear(person, words).title
    assert again.startswith("There is no exception with that number for you to end.")


def test_a_reason_is_asked_for_where_somebody_elses_is_ended(company: Company) -> None:
    """The button opens a form."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    form = company.hear("fay", "end-exception 1")
    assert form.title == "End the exception of request #1"
    company.hear("fay", form.buttons[0].says, reason="too much")
    assert limit(company) == "$153.24 left of $400.00"


def test_it_survives_a_restart_and_what_app_yaml_says_later_stands_beside(company: Company) -> None:
    """Also if app.yaml gives more, or has the budget no more; then it does not count, and those concerned hear it."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    more = [{"name": "per-person", "who": "every person", "amount": "950 USD"}]
    says_now(company, budgets=[*more, *RULES["budgets"][1:]])  # type: ignore[index]
    assert "In app.yaml  $950.00" in company.say("ana", "balance")
    assert "$950.00 a month" in company.say("fay", "exceptions")
    assert limit(company) == "$653.24 left of $900.00"
    says_now(company, budgets=[{"name": "weekly", "who": "every person", "amount": "90 USD", "every": "week"}])
    assert "The exception of Ana Silva does not count now: $900.00" in told(company, "ana")
    assert "no budget “per-person” any more" in company.say("fay", "exceptions")
    assert limit(company) == "$90.00 left of $90.00"
    says_now(company, budgets=RULES["budgets"])
    assert limit(company) == "$653.24 left of $900.00"


def test_it_is_more_specific_than_a_rule_of_ones_own(database: Database, clock: Clock) -> None:
    """And `check --person` says so."""
    own = [
        {"name": "per-person", "who": "person ana", "amount": "500 USD"},
        {"name": "per-person", "who": "every person", "amount": "400 USD"},
    ]
    company = begun(database, clock, budgets=own)
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    assert limit(company) == "$653.24 left of $900.00"
    assert list(rules_of(company.app, "ana")) == [
        "Ana Silva: per-person",
        "  exception of request #1, until 2027-03-31: $900.00 - counts",
        "  person ana: $500.00 - does not count, a more specific rule does",
        "  every person: $400.00 - does not count, a more specific rule does",
    ]


def test_a_permanent_one_for_an_agent_is_asked_for_by_its_owner(company: Company) -> None:
    """Its owner does not decide it."""
    assert company.hear("ana", "permanent: 700 a month for crawler: reindex").title == (
        "Only the owner of Crawler can ask for it."
    )
    asked = company.say("max", "raise crawler permanently to 700 a month: nightly reindex")
    assert "Goes to     Kim Tanaka" in asked
    assert "Until       no end (permanent)" in asked
    company.say("kim", "approve 1")
    assert limit(company, "max", "of agent crawler") == "Crawler: $700.00 left of $700.00"
    assert "request #1, permanent" in company.say("max", "balance of agent crawler")
    is_now(company, datetime(2027, 6, 1, 8, tzinfo=UTC))
    assert limit(company, "max", "of agent crawler") == "Crawler: $700.00 left of $700.00"
    assert company.hear("max", "exceptions").title == "1 exception"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("raise me to 300 a month until friday: x", "The limit is $400.00 a month already. Ask for more than that."),
        ("raise me to 900 a week until friday: x", "Ana Silva has no such budget. Choose one of: per-person"),
        ("raise me to 900 a month until yesterday: x", "I don't understand the day"),
        ("raise me to 900 a month until 2026-11-01: x", "1 November is in the past. Choose a day to come."),
        ("raise bob to 900 a month until friday: x", "You can ask for yourself and for agents that you own."),
        ("raise me to 900 EUR a month until friday: x", "This budget is counted in USD, not in EUR."),
        (
            "raise me to 900/month until friday: x",
            "I don't understand “900/month”. Write it in words, such as: 900 a month",
        ),
        ("raise me to 900 a month until friday", "Say what it is for, for example: raise me"),
        ("raise me to 99999999 a month until friday: x", "Ask for another limit"),
        ("raise me to 900 a month: x", "Ask for another limit"),
        ("raise", "Ask for another limit"),
    ],
)
def test_what_is_no_exception_is_refused_or_asked_about(company: Company, words: str, answer: str) -> None:
    """In one plain sentence; what lacks the day or is absurd opens the form."""
    assert company.hear("ana", words).title.startswith(answer)
    assert company.reads("max") == []


def test_the_form_asks_for_the_same(company: Company) -> None:
    """Its fields are filled with what was said."""
    form = company.hear("ana", "raise me to 900 a month: migration")
    filled = {each.name: each.value for each in form.inputs}
    assert filled == {"amount": "900", "until": "", "reason": "migration"}
    sent = company.hear("ana", form.buttons[0].says, **{**filled, "until": "permanent"})
    assert sent.title == "Asked for $900.00 a month"


SMALL: Rules = {"amount_up_to": "500 USD", "times_up_to": 3}
AT_ONCE = [{"when": SMALL, "stages": [{"by": "nobody"}]}, *MANAGER]


def test_nobody_is_raised_for_good_at_once_unless_the_policy_says_so(tmp_path: Path, clock: Clock) -> None:
    """A limit until a day counts with all that it adds until then."""
    database = migrated(tmp_path / "one.db")
    company = begun(database, clock, approvals=AT_ONCE)
    assert company.hear("ana", "permanent: 410 a month for me: x").title == "Asked for $410.00 a month"
    assert company.hear("ana", "raise me to 600 a month until 31 January: x").title == "Asked for $600.00 a month"
    assert company.hear("ana", "raise me to 600 a month until 31 December: x").title == (
        "$600.00 a month approved at once"
    )
    database.close()
    also: Rules = {**SMALL, "permanent": True}
    explicit = [{"when": also, "stages": [{"by": "nobody"}]}, *MANAGER]
    database = migrated(tmp_path / "two.db")
    company = begun(database, clock, approvals=explicit)
    assert company.hear("ana", "permanent: 410 a month for me: x").title == "$410.00 a month approved at once"
    assert company.hear("ana", "request 20 it").title == "Asked for $20.00 more"
    database.close()


def test_the_bounds_of_requests_hold(database: Database, clock: Clock) -> None:
    """`at_most` bounds what is added to a month; four eyes count what it adds until its end."""
    twice = tuple(replace(each, roles=("finance",)) if each.id == "max" else each for each in PEOPLE)
    company = begun(
        database,
        clock,
        approvals=[{"stages": [{"by": "manager"}, {"by": "role finance"}]}],
        requests={"at_most": "600 USD", "four_eyes_above": "1000 USD"},
    )
    company.directory = replace(company.directory, people=twice)
    company.app.refresh_people()
    refused = company.hear("ana", "permanent: 1001 a month for me: x")
    assert refused.title == "You can ask for at most $600.00 at once."
    company.say("ana", "permanent: 900 a month for me: x")
    assert company.hear("max", "approve 1").title.startswith("You agreed to $900.00 a month. Next to decide: Fay")
    assert company.hear("max", "approve 1").title == "Others decide request #1 now."
    assert company.hear("ana", "approve 1").title == "There is no request with that number for you to decide."


def test_another_amount_may_be_approved_if_it_is_above_app_yaml(company: Company) -> None:
    """As of any request."""
    company.say("ana", UNTIL_MARCH)
    assert company.hear("max", "approve 1 400").title == (
        "The limit is $400.00 a month already. Approve more than that, or deny the request."
    )
    assert company.hear("max", "approve 1 901").title.startswith("You can approve at most $900.00 a month")
    assert company.hear("max", "approve 1 600").title == "Approved: $600.00 a month for Ana Silva"
    assert limit(company) == "$353.24 left of $600.00"


def test_a_new_one_takes_the_place_of_the_one_before(company: Company) -> None:
    """Nobody has two; what is smaller and ends sooner is none."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    assert company.hear("ana", "raise me to 800 a month until 31 December: x").title == (
        "The exception of request #1 gives $900.00 a month already."
    )
    company.say("ana", "permanent: 1000 a month for me: I lead it")
    company.say("max", "approve 2")
    assert limit(company) == "$753.24 left of $1,000.00"
    assert company.hear("fay", "exceptions").title == "1 exception"
    is_now(company, datetime(2027, 4, 1, 8, tzinfo=UTC))
    assert limit(company) == "$1,000.00 left of $1,000.00"


def test_it_is_approved_in_another_month_and_counts_from_then(company: Company) -> None:
    """It is of no period, so it does not expire with one."""
    company.say("ana", UNTIL_MARCH)
    is_now(company, datetime(2026, 12, 1, 8, tzinfo=UTC))
    assert company.hear("max", "approve 1").title == "Approved: $900.00 a month for Ana Silva"
    assert limit(company) == "$900.00 left of $900.00"


def test_one_that_waits_beyond_its_last_day_expires(company: Company) -> None:
    """With the way to ask again."""
    company.say("ana", "raise me to 900 a month until friday: migration")
    is_now(company, datetime(2026, 11, 28, 8, tzinfo=UTC))
    assert "Your request for $900.00 a month has expired" in told(company, "ana")
    assert "[Ask again: raise of per-person migration]" in told(company, "ana")
    assert company.hear("ana", "raise of per-person migration").title == "Ask for another limit"


def test_it_ends_with_whoever_leaves(company: Company) -> None:
    """Who comes back years later has the limit of all."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    company.directory = replace(
        company.directory, people=tuple(each for each in company.directory.people if each.id != "ana")
    )
    company.app.refresh_people()
    is_now(company, datetime(2026, 12, 1, 8, tzinfo=UTC))
    assert company.hear("fay", "exceptions").title == "No exceptions"


def test_it_is_written_to_the_providers_as_any_limit(company: Company) -> None:
    """When it is approved and when it ends."""
    company.llm.knows("ana", "bob")
    company.app.limits.read(company.llm)
    company.hear("fay", "proceed llm")
    company.settle()
    assert company.llm.allows("ana") == 400
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    company.settle()
    assert company.llm.allows("ana") == 900
    company.clock.forward(timedelta(minutes=1))
    company.say("ana", "end-exception 1")
    company.settle()
    assert (company.llm.allows("ana"), company.llm.allows("bob")) == (400, 400)


def test_thresholds_are_those_of_the_exception(company: Company) -> None:
    """Nobody is told at 80 % of what app.yaml gives."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    company.settle()
    company.llm.spends("ana", "103.24", MONDAY.date())
    company.pull()
    company.happens(CheckThresholds())
    assert not [each for each in company.reads("ana") if "80 %" in each]
    company.llm.spends("ana", "503.24", MONDAY.date())
    company.pull()
    company.happens(CheckThresholds())
    assert [each for each in company.reads("ana") if "$900.00" in each.split("\n")[0]]


def test_others_do_not_see_it(company: Company) -> None:
    """Only whom it concerns, and who sees all."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    for person, title in (("bob", "No exceptions"), ("kim", "No exceptions"), ("ada", "1 exception")):
        assert company.hear(person, "exceptions").title == title


def test_who_moves_keeps_an_exception_and_reads_what_the_new_team_has_beside_it(company: Company) -> None:
    """It was approved for the person, not for the team."""
    company.say("ana", UNTIL_MARCH)
    company.say("max", "approve 1")
    moved = tuple(
        replace(each, team="ads", manager="lea") if each.id == "ana" else each for each in company.directory.people
    )
    company.directory = replace(company.directory, people=moved)
    company.app.refresh_people()
    rules = [{"name": "per-person", "who": "every person of team ads", "amount": "200 USD"}]
    says_now(company, budgets=[*rules, *RULES["budgets"]])
    assert limit(company) == "$653.24 left of $900.00"
    assert "In app.yaml  $200.00" in company.say("ana", "balance")
    company.say("ana", "end-exception 1")
    assert limit(company) == "$0.00 left of $246.76"  # what she has spent stays allowed in this month


def test_one_whose_manager_leaves_while_it_waits_goes_to_the_next(company: Company) -> None:
    """As every request."""
    company.say("ana", UNTIL_MARCH)
    people = tuple(replace(each, active=each.id != "max") for each in company.directory.people)
    company.directory = replace(company.directory, people=people)
    company.app.refresh_people()
    tick(company)
    assert "Your request for $900.00 a month goes to somebody else now" in told(company, "ana")
    assert company.hear("kim", "approve 1").title == "Approved: $900.00 a month for Ana Silva"
