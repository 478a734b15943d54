"""Time passes while a request waits: for each situation who hears what, and that nothing waits for ever."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.config import Settings
from bot.errors import UnreachableError
from handlers.events import IncreaseRequested
from storage import people
from storage.db import Database
from storage.directory import Person
from storage.limits import Subject
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.board import Board

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MANAGER = [{"stages": [{"by": "manager"}]}]
Happens = Callable[[Company], object]


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """The small company on a Monday at noon, in which the manager decides everything."""
    clock.moment = MONDAY
    database = migrated(tmp_path / "bursar.db")
    yield Company(database, clock, {**RULES, "approvals": MANAGER})
    database.close()


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """The same on each kind of database in turn."""
    clock.moment = MONDAY
    return Company(database, clock, {**RULES, "approvals": MANAGER})


def later(company: Company, **step: float) -> None:
    """Some time passes, and the clock ticks."""
    company.clock.forward(timedelta(**step))
    company.app.tick()
    company.settle()


def change(company: Company, **people: Mapping[str, object]) -> None:
    """The people source says something else of some people, and is read."""
    changed = tuple(replace(one, **people.get(one.id, {})) for one in company.directory.people)  # type: ignore[arg-type]
    company.directory = replace(company.directory, people=changed)
    company.app.refresh_people()
    company.settle()


def changes_rules(company: Company, **rules: object) -> None:
    """app.yaml says something else, and Bursar is started again."""
    company.rules = {**company.rules, **rules}
    company.app.settings = Settings.model_validate(company.rules)
    company.app.__post_init__()
    later(company, minutes=15)


def reads(company: Company, person: str) -> str:
    """All that somebody reads in their chat."""
    return "\n---\n".join(company.reads(person))


def granted(company: Company) -> int:
    """How many grants were posted."""
    count = "select count(*) from entries where kind = 'grant'"
    return int(company.database.ask(lambda conn: conn.exec_driver_sql(count).scalar_one()))


# What ends a request ------------------------------------------------------------------------------------------------


def leaves(company: Company) -> None:
    """Ana leaves the company."""
    change(company, ana={"active": False})


def month_ends(company: Company) -> None:
    """It is the second of December, and nobody approved it for December on the first."""
    company.clock.moment = datetime(2026, 12, 2, 8, 0, tzinfo=UTC)
    later(company, minutes=15)


def budget_vanishes(company: Company) -> None:
    """app.yaml has another budget for people now."""
    changes_rules(company, budgets=[{"name": "weekly", "who": "every person", "amount": "90 USD", "every": "week"}])


def periods_change(company: Company) -> None:
    """The same budget is one of a week now."""
    changes_rules(company, budgets=[{"name": "per-person", "who": "every person", "amount": "90 USD", "every": "week"}])


def nobody_decides(company: Company) -> None:
    """Everybody above has left, and so have finance and the admins."""
    change(company, **{each: {"active": False} for each in ("max", "kim", "fay", "ada")})


@dataclass(frozen=True)
class End:
    """How a request of Ana's ends by itself.

    Args:
        happens: what happens while it waits.
        why: what everybody reads who looks at it.
        heard: whether Ana hears of it.
    """

    happens: Happens
    why: str
    heard: bool = True


ENDS = (
    End(leaves, "Request #1 has expired: Ana Silva has left.", heard=False),
    End(month_ends, "Request #1 was for spending until 30 November, which is over."),
    End(budget_vanishes, "Request #1 has expired: the budget “per-person” no longer applies to Ana Silva."),
    End(periods_change, "Request #1 was for spending until 30 November, which is over."),
    End(nobody_decides, "Request #1 has expired: nobody is left who can decide it."),
)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.happens.__name__)
def test_what_can_no_longer_be_granted_expires_and_says_why(company: Company, end: End) -> None:
    """To whoever asked with the way to ask again, and on the message of whoever was asked, without buttons."""
    company.say("ana", "request 50 the demo")
    company.settle()
    end.happens(company)
    told = reads(company, "ana")
    assert (end.why in told) is end.heard
    assert ("[Ask again: request of per-person the demo]" in told) is end.heard
    if end.happens != nobody_decides:  # Max has left, too
        asked = company.messages("max")[0]
        assert asked.title == "Expired: $50.00 for Ana Silva"
        assert not asked.buttons
        assert company.hear("max", "approve 1").title == end.why
        assert company.hear("max", "requests").title == "No open requests, 0 for you to decide"
    assert granted(company) == 0


@pytest.mark.parametrize("happens", [leaves, month_ends])
def test_nothing_is_granted_in_the_minutes_before_it_is_noticed(on_both: Company, happens: Happens) -> None:
    """Whoever presses first is refused with the same reason, on both kinds of database."""
    on_both.say("ana", "request 50 the demo")
    on_both.settle()
    on_both.app.tick = lambda: None  # type: ignore[method-assign]
    if happens is leaves:
        gone = tuple(replace(one, active=one.id != "ana") for one in ACME.people)
        on_both.database.transact(lambda conn: people.apply(conn, replace(ACME, people=gone), MONDAY.date()))
    else:
        on_both.clock.moment = datetime(2026, 12, 2, 0, 5, tzinfo=UTC)
    assert on_both.hear("max", "approve 1").title.startswith(("Request #1 has expired: ", "Request #1 was for"))
    assert granted(on_both) == 0


def test_on_the_day_after_its_period_it_is_offered_for_the_new_one(on_both: Company) -> None:
    """On the message of whoever decides and in their answer; whoever asked reads so, and it is never of November."""
    on_both.say("ana", "request 50 the demo")
    on_both.settle()
    on_both.clock.moment = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    later(on_both, minutes=15)
    later(on_both, minutes=15)
    told = reads(on_both, "ana")
    assert told.count("Nobody decided your request for $50.00 in its period") == 1
    assert "It was for spending until 30 November. It can be approved for this month now." in told
    asked = on_both.messages("max")[0]
    assert [each.label for each in asked.buttons] == ["Approve for this month", "Deny", "Ask a question"]
    offered = on_both.hear("max", "approve 1")
    assert offered.title == "Request #1 was for spending until 30 November, which is over."
    assert "Approve #1 for this month" in [each.label for each in on_both.hear("max", "requests").buttons]
    assert granted(on_both) == 0
    assert on_both.hear("max", offered.buttons[0].says).title == "Approved: $50.00 for Ana Silva"
    assert on_both.hear("ana", "balance").title == "$450.00 left of $450.00"
    assert "Until     31 December" in on_both.say("ana", "history 1")


def test_a_week_is_offered_until_the_end_of_its_first_working_day(company: Company) -> None:
    """On Monday, however late; on Tuesday it is over."""
    weekly = {"name": "weekly", "who": "every person", "amount": "90 USD", "every": "week"}
    changes_rules(company, budgets=[weekly])
    company.say("ana", "request 50 the demo")
    for moment, offered in (
        (datetime(2026, 11, 30, 20, tzinfo=UTC), True),
        (datetime(2026, 12, 1, 8, tzinfo=UTC), False),
    ):
        company.clock.moment = moment
        later(company, minutes=15)
        answer = company.hear("max", "approve 1")
        assert bool(answer.buttons) is offered
    assert "Your request for $50.00 has expired" in reads(company, "ana")


def test_an_agent_that_got_another_owner_is_asked_for_anew(company: Company) -> None:
    """Max asked for the crawler, and Bob owns it now."""
    company.say("max", "request 30 for crawler nightly")
    (crawler,) = ACME.agents
    company.directory = replace(ACME, agents=(replace(crawler, owner="bob"),))
    company.app.refresh_people()
    assert "Request #1 has expired: Max Weber no longer owns Crawler." in reads(company, "max")


def test_what_was_asked_at_a_provider_that_is_gone_expires(company: Company) -> None:
    """There is nobody there any more whom a decision could be told."""
    company.happens(IncreaseRequested("llm", "r1", Subject("user", "ana"), 50 * 10**9, "more"))
    assert "asks for $50.00 more" in reads(company, "max")
    company.app.providers = {}
    company.app.__post_init__()
    later(company, minutes=15)
    assert "Request #1 has expired: llm, where it was asked, is no longer connected." in reads(company, "ana")


def test_a_day_before_its_period_ends_is_a_day_on_which_it_can_be_granted(company: Company) -> None:
    """The last of November is not over at noon, nor at eleven in the evening where the company is."""
    company.clock.moment = datetime(2026, 11, 30, 21, 30, tzinfo=UTC)
    company.say("ana", "request 50 the demo")
    later(company, minutes=15)
    assert company.hear("max", "approve 1").title == "Approved: $50.00 for Ana Silva"


# Who decides changes ------------------------------------------------------------------------------------------------


def moves(company: Company) -> None:
    """Ana works for Lea now."""
    change(company, ana={"manager": "lea", "team": "ads"})


def manager_leaves(company: Company) -> None:
    """Max leaves, and his people work for Lea."""
    change(company, max={"active": False}, ana={"manager": "lea"})


@pytest.mark.parametrize("happens", [moves, manager_leaves])
def test_the_question_goes_to_whoever_decides_now(on_both: Company, happens: Happens) -> None:
    """The new one is asked, the old one reads to whom it went, whoever asked reads it, too; and one decides it."""
    company = on_both
    company.say("ana", "request 50 the demo")
    company.settle()
    happens(company)
    assert company.hear("lea", "requests").title == "1 for you to decide"
    (asked,) = company.reads("lea")
    assert asked.startswith("Ana Silva asks for $50.00 more")
    assert "You decide as Ana Silva's manager." in asked
    told = company.reads("ana")[-1]
    assert told.startswith("! Your request for $50.00 goes to somebody else now")
    assert "Lea Novak (your manager)" in told
    if happens is moves:
        old = company.messages("max")[0]
        assert old.title == "$50.00 for Ana Silva: others decide now"
        assert "Lea Novak" in company.reads("max")[0]
        assert not old.buttons
        assert company.hear("max", "requests").title == "No open requests, 0 for you to decide"
        assert company.hear("max", "approve 1").title == "Others decide request #1 now."
    assert company.hear("lea", "approve 1").title == "Approved: $50.00 for Ana Silva"
    assert granted(company) == 1


def test_who_is_asked_now_has_the_whole_time_to_answer(company: Company) -> None:
    """A request that moved is not raised the hour after because the one before was silent."""
    company.say("ana", "request 50 the demo")
    company.clock.moment = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)  # 23 of 24 working hours
    company.settle()
    moves(company)
    later(company, hours=4)
    assert not company.reads("kim")
    company.clock.moment = datetime(2026, 12, 1, 12, 0, tzinfo=UTC) - timedelta(days=1)
    later(company, hours=3)
    assert "because Lea Novak has not answered" in reads(company, "kim")


def test_back_again_is_asked_again(company: Company) -> None:
    """The reorganisation is undone: Max's message has its buttons again, Lea's has none."""
    company.say("ana", "request 50 the demo")
    company.settle()
    moves(company)
    change(company, ana={"manager": "max", "team": "search"})
    assert [len(company.messages(each)[0].buttons) for each in ("max", "lea")] == [4, 0]


def test_a_delegation_that_ends_brings_the_question_back(company: Company) -> None:
    """Asked while Max was away: the day he is back he is asked, and Kim is not any more."""
    company.say("max", "delegate kim until tuesday")
    company.say("ana", "request 50 the demo")
    company.settle()
    assert "asks for" not in reads(company, "max")
    company.clock.moment = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    later(company, minutes=15)
    assert company.reads("max")[-1].startswith("Ana Silva asks for $50.00 more")
    assert company.hear("kim", "approve 1").title == "Others decide request #1 now."


def test_who_comes_back_early_is_asked_at_once(company: Company) -> None:
    """`delegate` alone ends it."""
    company.say("max", "delegate kim until friday")
    company.say("ana", "request 50 the demo")
    company.say("max", "delegate")
    assert company.reads("max")[-1].startswith("Ana Silva asks for $50.00 more")
    assert company.hear("kim", "requests").title == "No open requests, 0 for you to decide"


def test_a_stand_in_who_leaves_hands_it_back(company: Company) -> None:
    """Kim decides for Max and leaves."""
    company.say("max", "delegate kim until friday")
    company.say("ana", "request 50 the demo")
    change(company, kim={"active": False})
    assert company.hear("max", "requests").title == "1 for you to decide"
    assert company.hear("max", "approve 1").title == "Approved: $50.00 for Ana Silva"


def test_of_two_who_must_agree_the_one_who_leaves_does_not_count_as_a_yes(company: Company) -> None:
    """Kim agreed, Fay leaves: nobody waits for her for ever, and nothing is granted on one word."""
    changes_rules(company, approvals=[{"stages": [{"by": "people kim, fay", "need": "all"}]}])
    company.say("ana", "request 50 the demo")
    company.say("kim", "approve 1")
    change(company, fay={"active": False})
    assert "nobody is left who can decide it" in reads(company, "ana")
    assert granted(company) == 0


def test_who_has_agreed_has_nothing_more_to_decide(company: Company) -> None:
    """Of two who must agree, only the other one still has it in the queue."""
    changes_rules(company, approvals=[{"stages": [{"by": "people kim, fay", "need": "all"}]}])
    company.say("ana", "request 50 the demo")
    company.say("kim", "approve 1")
    assert company.hear("kim", "requests").title == "No open requests, 0 for you to decide"
    assert company.hear("fay", "requests").title == "1 for you to decide"


def test_above_the_last_manager_those_whom_the_policy_names_are_asked(company: Company) -> None:
    """Kim has nobody above and says nothing: after the time of the policy finance is asked, then it is decided."""
    company.directory = replace(ACME, people=(*ACME.people, Person("zoe", "Zoe Lind", manager="kim")))
    company.app.refresh_people()
    company.say("zoe", "request 50 the demo")
    company.clock.moment = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
    company.settle()
    assert "You decide as finance, because nobody has answered." in reads(company, "fay")
    assert company.hear("fay", "approve 1").title == "Approved: $50.00 for Zoe Lind"


def test_what_changed_for_nobody_is_told_to_nobody(company: Company) -> None:
    """A week of ticks while a request waits changes no message and writes nothing into the audit."""
    company.say("ana", "request 50 the demo")
    company.settle()
    before = company.database.ask(lambda conn: conn.exec_driver_sql("select count(*) from audit").scalar_one())
    for _ in range(4):
        later(company, minutes=15)
        company.app.refresh_people()
    after = company.database.ask(lambda conn: conn.exec_driver_sql("select count(*) from audit").scalar_one())
    assert (after, len(company.reads("max")), company.reads("ana")) == (before, 1, [])


def test_who_is_called_otherwise_is_asked_for_under_the_new_name(company: Company) -> None:
    """Ana marries: the card that waits says who asks now, and nobody is asked twice."""
    company.say("ana", "request 50 the demo")
    company.settle()
    change(company, ana={"name": "Ana Weber-Silva"})
    assert [card.title for card in company.messages("max")] == ["Ana Weber-Silva asks for $50.00 more"]


# What was granted, and what is on its way ---------------------------------------------------------------------------


@pytest.mark.parametrize("happens", [leaves, budget_vanishes, month_ends])
def test_a_grant_ends_whatever_happens_to_whom_it_was_for(company: Company, happens: Happens) -> None:
    """By its day at the latest, without an error, and nothing of it is carried on."""
    company.say("ana", "request 50 the demo")
    company.say("max", "approve 1")
    happens(company)
    company.clock.moment = datetime(2026, 12, 4, 8, 0, tzinfo=UTC)
    later(company, minutes=15)
    running = "select count(*) from requests where state = 'approved' and ended_at is null"
    assert company.database.ask(lambda conn: conn.exec_driver_sql(running).scalar_one()) == 0
    assert company.hear("fay", "status").tone == "good"


def test_a_question_waits_out_a_chat_that_is_down_for_days(company: Company) -> None:
    """No message and no timer is lost; what changed meanwhile is shown as it is then."""
    board = Board(trouble=UnreachableError("down"))
    company.app.platforms = {"web": board}
    company.say("ana", "request 50 the demo")
    company.say("ana", "change 1 the customer's demo")
    for _ in range(20):
        later(company, hours=1)
    assert company.hear("fay", "status").tone == "warn"
    board.trouble = None
    later(company, hours=2)
    assert "Ana Silva asks for $50.00 more" in board.titles()
    assert "the customer's demo" in str([card.blocks for _, card in board.messages.values()])


# The last figures of a period ---------------------------------------------------------------------------------------


def test_a_month_that_ended_above_its_limit_is_told_once(on_both: Company) -> None:
    """What is spent on the last day arrives after midnight; and again, and nobody is told twice."""
    company = on_both
    company.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    for amount in ("900.00", "950.00"):
        company.llm.spends("bob", amount, date(2026, 11, 30))
        company.pull()
        for _ in range(3):
            later(company, minutes=15)
    (told,) = (each for each in company.reads("bob") if "limit" in each.splitlines()[0])
    assert "Last month ended $600.00 over the limit of $400.00" in told
    assert "Remind me" not in told


@pytest.mark.parametrize("percents", [[80, 100], [80, 120]])
def test_who_knew_in_time_is_not_told_again_after_the_end(company: Company, percents: list[int]) -> None:
    """An alert at 100 percent in November says it all, and so does one beyond."""
    own = {"name": "per-person", "who": "every person", "amount": "400 USD", "alert_at": percents}
    changes_rules(company, budgets=[own])
    company.llm.spends("bob", "450.00", date(2026, 11, 23))
    company.pull()
    later(company, minutes=15)
    company.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    company.llm.spends("bob", "460.00", date(2026, 11, 23))
    company.pull()
    later(company, minutes=15)
    assert sum("over the limit" in each.splitlines()[0] for each in company.reads("bob")) == 1


def test_a_grant_of_the_month_is_not_taken_back_before_its_last_figures(company: Company) -> None:
    """$420 of $450 are known at midnight; $20 more arrive in the morning, and they were granted."""
    company.say("bob", "request 50 the demo")
    company.say("lea", "approve 1")
    company.llm.spends("bob", "320.00", date(2026, 11, 24))
    company.pull()
    later(company, minutes=15)
    before = len(company.reads("bob"))
    company.clock.moment = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
    later(company, minutes=15)
    company.llm.spends("bob", "20.00", date(2026, 11, 30))
    company.pull()
    later(company, minutes=15)
    assert not [each for each in company.reads("bob")[before:] if "Last month" in each]
    company.clock.moment = datetime(2026, 12, 3, 7, 0, tzinfo=UTC)
    later(company, minutes=15)
    ended = "select count(*) from entries where kind = 'expiry'"
    assert company.database.ask(lambda conn: conn.exec_driver_sql(ended).scalar_one()) <= 1
