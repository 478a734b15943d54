"""Budgets have no side door: no sentence, setting or race lets a person raise their own limit."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from bot.config import Settings
from bot.directory.combined import Everybody
from bot.directory.known_people import Memory
from bot.directory.names import id_from_email
from bot.directory.source import UnusableSourceError
from handlers.events import EndGrants, RemindApprover
from handlers.place import Place
from handlers.sentence import Sentence
from storage import audit
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Person
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated

Found = Callable[..., Company]
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT_ONCE = {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]}
MANAGER = {"stages": [{"by": "manager"}]}
LADDER = (
    AT_ONCE,
    {"when": {"amount_up_to": "500 USD"}, "stages": [{"by": "manager"}]},
    {"stages": [{"by": "manager"}, {"by": "role finance"}]},
)
POOL = {"name": "pool", "who": "team search", "amount": "3000 USD"}


@pytest.fixture
def found(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """Found a company with approval rules of its own. It is a Monday at noon."""
    made: list[Database] = []

    def begin(*approvals: dict[str, object], directory: Directory = ACME, **more: object) -> Company:
        clock.moment = MONDAY
        database = migrated(tmp_path / f"{len(made)}.db")
        made.append(database)
        return Company(database, clock, {**RULES, "approvals": list(approvals) or list(LADDER), **more}, directory)

    yield begin
    for database in made:
        database.close()


def title(company: Company, person: str, text: str = "balance", **inputs: str) -> str:
    """The first line of an answer."""
    return company.hear(person, text, **inputs).title


def rows(company: Company, question: str) -> list[Any]:
    """Rows of the database."""
    return company.database.ask(lambda conn: list(conn.execute(text(question)).all()))


# What is granted at once ---------------------------------------------------------------------------------------------


def test_giving_back_does_not_buy_another_grant_at_once(found: Found) -> None:
    """Spend it, give back the nothing that is left, ask again: the third time the manager is asked all the same."""
    company = found()
    company.llm.spends("ana", "400.00")
    company.pull()
    for number in (1, 2):
        assert title(company, "ana", "request 25 a little more") == "$25.00 approved at once"
        company.llm.spends("ana", f"{400 + 25 * number}.00")
        company.pull()
        assert title(company, "ana", f"return-grant {number}") == "$0.00 returned"

    assert title(company, "ana", "request 25 a little more") == "Asked for $25.00 more"
    assert title(company, "ana") == "$0.00 left of $450.00"


def test_a_share_of_the_budget_does_not_grow_with_what_was_granted(found: Found) -> None:
    """Half of $400 is $200 each time; it does not become half of $600, then of $900."""
    half = {"when": {"share_up_to": 50, "times_up_to": 3}, "stages": [{"by": "nobody"}]}
    company = found(half, MANAGER)

    assert title(company, "ana", "request 200 a lot") == "$200.00 approved at once"
    assert title(company, "ana", "request 201 a lot") == "Asked for $201.00 more"
    assert title(company, "ana", "request 200 a lot") == "$200.00 approved at once"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"stages": [{"by": "nobody"}]}, "needs limits"),
        ({"when": {"amount_up_to": "25 USD"}, "stages": [{"by": "nobody"}]}, "needs limits"),
        ({"when": {"times_up_to": 2}, "stages": [{"by": "nobody"}]}, "needs limits"),
        ({**AT_ONCE, "stages": [{"by": "nobody"}, {"by": "manager"}]}, "the only stage"),
        ({**AT_ONCE, "stages": [{"by": "manager"}, {"by": "nobody"}]}, "the only stage"),
    ],
)
def test_what_nobody_decides_has_bounds(rule: dict[str, object], why: str) -> None:
    """A setting that would let anybody raise their own limit without end is no setting."""
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate({**RULES, "approvals": [rule]})


def test_open_requests_are_counted_however_many_came_after(found: Found) -> None:
    """Asking and withdrawing fifty times does not hide four that are open."""
    company = found(MANAGER)
    for _ in range(4):
        company.say("ana", "request 5 for it")
    for number in range(5, 60):
        company.say("ana", "request 5 for it")
        company.say("ana", f"withdraw {number}")

    assert title(company, "ana", "request 5 for it") == "Asked for $5.00 more"
    assert title(company, "ana", "request 5 for it").startswith("You have 5 open requests.")


# The end of a grant --------------------------------------------------------------------------------------------------


def test_what_is_granted_is_not_given_on(found: Found) -> None:
    """Nobody parks a grant with a colleague until its day is over, and nobody passes on what a manager granted."""
    company = found(MANAGER, directory=replace(ACME, people=colleagues()))
    company.llm.spends("ana", "0.00", tokens=0)
    company.pull()
    company.say("ana", "request 50 until wednesday for it")
    company.say("max", "approve 1")
    assert title(company, "ana", "transfer 450 to fay").startswith(
        "Only $400.00 is left to give. Extra budget that was granted"
    )

    assert title(company, "ana", "transfer 400 to fay") == "$400.00 moved from Ana Silva to Fay Osei"
    company.clock.moment = datetime(2026, 11, 26, 12, tzinfo=UTC)
    company.happens(EndGrants())
    assert title(company, "ana") == "$0.00 left of $0.00"


@pytest.mark.parametrize("days", [(1, 2, 3), (4,)], ids=["at work", "down over the turn of the month"])
@pytest.mark.parametrize("rollover", ["all", "up to 1000 USD"])
def test_a_grant_is_not_carried_into_the_next_period(found: Found, rollover: str, days: tuple[int, ...]) -> None:
    """Only what is left of the budget itself moves on: $153.24 of Ana's $400, and nothing of the $50."""
    budget = {"name": "monthly", "who": "every person", "amount": "400 USD", "rollover": rollover}
    company = found(MANAGER, budgets=[budget])
    company.say("ana", "request 50 for it")
    company.say("max", "approve 1")
    assert title(company, "ana") == "$203.24 left of $450.00"

    for day in days:
        company.clock.moment = datetime(2026, 12, day, 12, tzinfo=UTC)
        company.app.refresh_people()
        company.happens(EndGrants())
        company.app.refresh_people()
    assert title(company, "ana") == "$553.24 left of $553.24"


def test_nothing_is_approved_for_days_that_are_over(found: Found) -> None:
    """Asked until Wednesday and approved on Friday, it would only forgive what was overspent."""
    company = found(MANAGER)
    company.llm.spends("ana", "440.00")
    company.pull()
    company.say("ana", "request 50 until wednesday for it")
    company.clock.moment = datetime(2026, 11, 27, 12, tzinfo=UTC)

    assert title(company, "max", "approve 1").startswith("Request #1 was for spending until 25 November, which is over")
    assert title(company, "ana") == "$40.00 over the limit of $400.00"
    assert title(company, "max", "deny 1 too late") == "Denied: $50.00 for Ana Silva"


def test_two_grants_that_end_together_take_back_what_is_unspent_once(found: Found) -> None:
    """$400 and twice $50, $470 spent: $30 are unspent, and the two ends take back $30 and not twice as much."""
    company = found(MANAGER)
    for number in (1, 2):
        company.say("ana", "request 50 until wednesday for it")
        company.say("max", f"approve {number}")
    company.llm.spends("ana", "470.00")
    company.pull()
    company.clock.moment = datetime(2026, 11, 26, 12, tzinfo=UTC)
    company.happens(EndGrants())

    assert title(company, "ana") == "$0.00 left of $470.00"
    assert rows(company, "select key, amount from entries where kind = 'expiry'") == [("expiry/1", -30 * 10**9)]


# Who decides ---------------------------------------------------------------------------------------------------------


def test_who_spends_of_a_pool_does_not_decide_to_enlarge_it(found: Found) -> None:
    """Max gives Ana what is free. More is more for the pool that he spends of, so it is Kim's decision and not his."""
    company = found(MANAGER, budgets=[POOL])
    company.say("max", "allot 300 to ana")
    answer = company.say("ana", "request 5000 for it")
    assert answer.startswith("Asked for $5,000.00 more")
    assert title(company, "max", "approve 1") == (
        "You gave $2,700.00. The pool lacks $2,300.00; next to decide: Kim Tanaka"
    )
    assert "You decide as Max Weber's manager, because Max Weber decided another stage." in company.reads("kim")[0]

    assert title(company, "max", "approve 1") == "Others decide request #1 now."
    assert title(company, "kim", "approve 1") == "Approved: $5,000.00 for Ana Silva"


def test_finance_enlarges_no_pool_that_it_spends_of_itself(found: Found) -> None:
    """Fay is in Ads: she corrects neither the pool of Ads nor that of everybody, but that of Search."""
    people = tuple(replace(one, team="ads") if one.id == "fay" else one for one in ACME.people)
    ads = {"name": "ads", "who": "team ads", "amount": "3000 USD"}
    everybody = {"name": "all", "who": "organization", "amount": "9000 USD"}
    company = found(budgets=[POOL, ads, everybody], directory=replace(ACME, people=people))

    for whose in ("team ads", "organization"):
        assert "yourself" in title(company, "fay", f"correct 1000 of {whose} we need it")
    assert title(company, "fay", "correct 1000 of team search they need it") == "Search's budget corrected by $1,000.00"


def test_a_share_of_a_pool_is_not_corrected(found: Found) -> None:
    """It would enlarge the pool, of which Fay spends herself; what it is, the pool's owner says."""
    people = tuple(replace(one, team="search") if one.id == "fay" else one for one in ACME.people)
    company = found(budgets=[POOL], directory=replace(ACME, people=people))
    company.say("max", "allot 300 to ana")

    assert title(company, "fay", "correct 1000 of ana so it is").startswith("Ana Silva has no budget of their own")
    assert title(company, "max", "pool") == "$2,753.24 left in the Search pool"


def test_a_changed_request_voids_the_buttons_that_were_seen(found: Found) -> None:
    """A decision is for what was read: the old button says so, the new one decides."""
    company = found(MANAGER)
    company.say("ana", "request 50 a security audit")
    company.settle()
    seen = company.messages("max")[-1].buttons
    company.say("ana", "change 1 a trip to the seaside")

    for button in seen[:3]:
        heard = title(company, "max", button.says)
        assert heard == "Request #1 has changed since you saw it. Nothing was decided; look at it again."
    company.settle()
    assert title(company, "max", company.messages("max")[-1].buttons[0].says) == "Approved: $50.00 for Ana Silva"


def test_nobody_has_the_id_of_the_clock_or_of_the_rules() -> None:
    """clock@acme.example would speak with the clock's rights: of finance and of an admin."""
    assert id_from_email("clock@acme.example", set()) == "clock-acme.example"
    assert id_from_email("rules@acme.example", set()) == "rules-acme.example"
    for reserved in ("clock", "rules"):
        everybody = Everybody(Directory(people=(Person(reserved, "Eve"),)), [], Memory)
        with pytest.raises(UnusableSourceError, match="the bot's own"):
            everybody()


def test_a_manager_gets_nothing_from_those_whose_requests_they_decide(found: Found) -> None:
    """Ana gives Max her $400, asks $400 more, and Max approves: he would have raised his own limit by $400."""
    company = found(MANAGER)
    company.llm.spends("ana", "0.00")
    company.pull()
    company.say("ana", "transfer 400 to max")
    company.say("ana", "request 400 for it")
    company.say("max", "approve 1")

    assert title(company, "max") == "$400.00 left of $400.00"


# Everything else that was found on the way ---------------------------------------------------------------------------


def test_orders_of_one_moment_make_no_money(found: Found) -> None:
    """Two transfers under one tick of the clock: what is given is taken."""
    company = found()
    company.say("kim", "transfer 100 from bob to ana first")
    company.say("kim", "transfer 100 from bob to max second")

    assert rows(company, "select sum(amount) from entries where kind = 'transfer'") == [(0,)]


def test_reminders_and_questions_end_in_the_same_state(found: Found) -> None:
    """Whatever was posted about a request, to whomever: once it is decided, nothing of it has a button."""
    company = found(MANAGER)
    company.say("ana", "request 50 for it")
    company.say("ana", "remind 1")
    company.say("max", "question 1 why?")
    company.clock.moment = MONDAY + timedelta(days=1)
    company.say("ana", "question 1 the demo")
    company.say("ana", "remind 1")
    company.happens(RemindApprover(1, 0))
    company.settle()
    assert len(company.messages("max")) == 5
    company.say("max", "approve 1")
    company.settle()

    ends = {"Approved: $50.00 for Ana Silva", "Ana Silva about request #1"}  # what was said keeps its words
    assert {card.title for card in company.messages("max")} == ends
    told = [card for card in company.messages("ana") if not card.title.startswith("Max Weber approved")]
    assert [(card.title, card.buttons) for card in told] == [("Max Weber about request #1", ())]
    assert not [card for card in company.messages("max") if card.buttons]


def test_the_clocks_timers_say_nothing_where_it_was_asked(found: Found) -> None:
    """A reminder goes to who decides; the asker's conversation shows no “Done”."""
    company = found(MANAGER)
    company.app.hear(Sentence("request 50 for it", "ana", Place("web", "ana")))
    company.clock.moment = MONDAY + timedelta(days=1)

    assert company.reads("ana") == []
    assert company.reads("max")[-1].startswith("Reminder: ")


def test_a_rule_in_dollars_leaves_a_budget_in_tokens_alone(found: Found) -> None:
    """It does not fit, and the next one is looked at."""
    company = found(budgets=[{"name": "monthly", "who": "every person", "amount": "2M tokens"}])

    assert title(company, "ana", "request") == "Ask for more"
    assert title(company, "ana", "request 5000 for it") == "Asked for 5,000 tokens more"


# Anything at all -----------------------------------------------------------------------------------------------------

AMOUNTS = ("5", "25", "30", "400", "1000")
SENTENCES = (
    "request {a} for it",
    "request {a} until tomorrow for it",
    "request {a} for crawler for it",
    "approve {n}",
    "approve {n} {a}",
    "other {n}",
    "deny {n} no",
    "withdraw {n}",
    "change {n} for something else",
    "remind {n}",
    "question {n} well?",
    "revoke {n} over",
    "return-grant {n}",
    "history {n}",
    "delegate @{p} until friday",
    "delegate",
    "transfer {a} to {p}",
    "transfer {a} from {p} to {q}",
    "transfer {a} from team search to {p}",
    "transfer {a} to team search",
    "correct {a} of {p} why not",
    "correct {a} of team {t} why not",
    "correct {a} of crawler why not",
    "correct {a} of organization why not",
    "allot {a} to {p}",
    "allot {a} to {p} from team {t}",
    "split",
    "enforce per-person",
    "escalate {n} 0",
    "request_expired {n} 0",
    "end_grants",
    "give_allotments",
    "link llm key nobodys to {p}",
    "requests",
)


def test_no_sentence_raises_the_speakers_own_limit(found: Found) -> None:
    """Everybody says anything, knowing every handle: only what the rules grant at once is more, and only so often."""
    for seed in range(2):
        walk(found(directory=replace(ACME, people=colleagues())), random.Random(seed), 300)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_sentence_of_many_raises_the_speakers_own_limit(found: Found) -> None:
    """The same for longer."""
    for seed in range(100, 110):
        walk(found(directory=replace(ACME, people=colleagues())), random.Random(seed), 600)


def colleagues() -> tuple[Person, ...]:
    """Finance sits in Search, and has a manager there; a second of finance has not."""
    moved = (replace(one, team="search", manager="max") if one.id == "fay" else one for one in ACME.people)
    return (*moved, Person("gil", "Gil Amado", "gil@acme.example", "kim", roles=("finance",)))


def walk(company: Company, chance: random.Random, steps: int) -> None:
    """Say random sentences, and look after each at what the speaker may spend."""
    nobodys = Charge("llm", datetime(2026, 11, 21, tzinfo=UTC), 24, "m", resource="nobodys", cost_nanos=10**9)
    company.llm.rows.append(nobodys)
    company.pull()
    people = [one.id for one in company.directory.people]
    for _ in range(steps):
        company.clock.forward(timedelta(seconds=1) if chance.random() < 0.99 else timedelta(hours=30))
        likely = sensible(company, chance) if chance.random() < 0.4 else []
        if likely:
            (speaker, words), inputs = chance.choice(likely), dict[str, str]()
        else:
            speaker, words, inputs = chance.choice(people), *sentence(company, chance, people)
        before, given = limits(company, speaker), at_once(company)
        card = company.hear(speaker, words, **inputs)
        assert not card.title.startswith("That broke"), (speaker, words, inputs)
        if at_once(company) == given:
            after = limits(company, speaker)
            raised = {each: (before.get(each, 0), after[each]) for each in after if after[each] > before.get(each, 0)}
            assert not raised, (speaker, words, inputs, card.title)
    most = rows(
        company,
        "select account_id, budget, period_start, count(*), max(resolved_amount) from requests "
        "where resolved_by = 'rules' group by 1, 2, 3",
    )
    assert all(times <= 2 and amount <= 25 * 10**9 for *_, times, amount in most)
    assert company.database.ask(audit.first_broken) is None


def sensible(company: Company, chance: random.Random) -> list[tuple[str, str]]:
    """Who would say what next, if all did what they are there for."""
    amount = chance.choice(AMOUNTS)
    said = [("fay", f"correct {amount} of {one} so it is") for one in ("ana", "gil", "crawler", "bob")]
    said += [("max", f"allot {amount} to ana"), ("max", f"allot {amount} to fay"), ("kim", "pool of team search")]
    said += [(giver, f"transfer {amount} to {to}") for giver in ("ana", "max", "fay") for to in ("ana", "max", "fay")]
    for number, asker, state, decider in rows(
        company,
        "select requests.id, asker_id, state, person_id from requests join asked on request_id = requests.id",
    ):
        match state:
            case "pending":
                said += [(decider, f"approve {number}"), (decider, f"approve {number} {amount}")]
            case "approved":
                said += [(asker, f"return-grant {number}"), (decider, f"revoke {number} it is over")]
            case _:
                pass
    return said


def sentence(company: Company, chance: random.Random, people: list[str]) -> tuple[str, dict[str, str]]:
    """Something to say: in words, or by a form that was tampered with."""
    asked = rows(company, "select id, handle, version from requests order by id desc limit 6") or [(1, "f" * 32, 1)]
    number, handle, version = chance.choice(asked)
    values = {
        "a": chance.choice(AMOUNTS),
        "n": chance.choice([str(number), handle, f"{handle}.{version}", f"{number}.{version}"]),
        "p": chance.choice(people),
        "q": chance.choice(people),
        "t": chance.choice(["search", "ads", "engineering"]),
    }
    if chance.random() < 0.8:
        return chance.choice(SENTENCES).format(**values), {}
    inputs = {
        "number": values["n"],
        "amount": values["a"],
        "to": values["p"],
        "giver": f"from {values['q']}",
        "whom": values["p"],
        "agent": "for crawler",
        "reason": "for it",
        "until": "tomorrow",
        "pool": f"from team {values['t']}",
    }
    return chance.choice(SENTENCES).split()[0], dict(chance.sample(sorted(inputs.items()), chance.randint(1, 6)))


def at_once(company: Company) -> int:
    """How many requests the rules have granted."""
    return int(rows(company, "select count(*) from requests where resolved_by = 'rules'")[0][0])


def limits(company: Company, speaker: str) -> dict[tuple[str, str, date], int]:
    """What was added to the budgets that bind a person: their own, those of agents they own, the pools above them.

    Of a pool it is the whole; how its owner splits it among the team, oneself included, is the owner's to say.
    """
    moved = rows(
        company,
        "select account_id, budget, period_start, amount from entries where kind <> 'allotment' order by id",
    )
    own = {f"person/{speaker}", *(f"agent/{one.id}" for one in company.directory.agents if one.owner == speaker)}
    team = next(one.team for one in company.directory.people if one.id == speaker)
    found: dict[tuple[str, str, date], int] = {}
    for account, budget, first, amount in moved:
        is_pool = budget == "search-pool"
        if (is_pool and team == "search") or (not is_pool and account in own):
            key = ("pool" if is_pool else account, budget, first)
            found[key] = found.get(key, 0) + amount
    return found
