"""Two to eight people at one request in the same moment, on both databases: one decision, at most one grant."""

import json
import random
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest
from sqlalchemy import Connection, text

from handlers.card import Card
from handlers.events import EndGrants
from storage import audit, requests
from storage.db import Database
from storage.directory import Directory, Link, Person
from tests.support.clock import Clock
from tests.support.company import RULES, Company

ROUNDS = 20
MANY = 500
SETTLED_EVERY = 10
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
APPROVERS = tuple(f"f{n}" for n in range(8))
EVERYBODY = (
    Person("ana", "Ana Silva"),
    Person("dan", "Dan Ito"),
    *(Person(one, f"Fin {one}", roles=("finance",)) for one in APPROVERS),
    *(Person(f"p{n}", f"P {n}") for n in range(8)),
)
ALL = Directory(EVERYBODY, links=tuple(Link("web", "user", f"x/{one.id}", f"person/{one.id}") for one in EVERYBODY))
AT_ONCE = {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]}
ANYONE = {"stages": [{"by": f"people {', '.join(APPROVERS)}"}]}
FINANCE = {"stages": [{"by": "role finance"}]}
BOTH = {"stages": [{"by": "people f0, f1, f2, f3", "need": "all"}, {"by": "people f4, f5, f6, f7"}]}

# What somebody hears who came too late, or pressed what had changed: one plain sentence each.
LATE = (
    r"[\w ]+ already (approved|denied|withdrew) request #\d+\.",
    r"Request #\d+ is already (approved|denied|withdrawn)\.",
    r"Request #\d+ has changed since you saw it\. Nothing was decided; look at it again\.",
    r"Request #\d+ was changed or decided a moment ago\. Nothing was saved; look at it again\.",
    r"You already sent a reminder today\. Try again tomorrow\.",
    r"There is no request with that number for you to decide\.",
)
FINAL = {"approved": "Approved:", "denied": "Denied:", "withdrawn": "Withdrawn:"}

Found = Callable[..., Company]


@pytest.fixture
def found(database: Database, clock: Clock) -> Found:
    """Found a company with eight who may approve, on each kind of database in turn."""

    def begin(*approvals: dict[str, object]) -> Company:
        clock.moment = MONDAY
        budgets = [{"name": "monthly", "who": "every person", "amount": "400 USD"}]
        return Company(database, clock, {**RULES, "budgets": budgets, "approvals": list(approvals)}, ALL)

    return begin


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does in a round: sentences, one after the other, each said by somebody."""

    says: tuple[tuple[str, str], ...]


def at_once(company: Company, acts: Sequence[Act]) -> list[Card]:
    """Let all act at the same moment, while messages are being delivered; every card that was heard."""
    barrier, heard = threading.Barrier(len(acts) + 1), SimpleQueue[Card]()

    def act(one: Act) -> None:
        barrier.wait()
        for person, words in one.says:
            if person == "clock":
                company.happens(EndGrants())
                heard.put(Card(""))
            else:
                heard.put(company.hear(person, words))

    def deliver() -> None:
        barrier.wait()
        company.app.deliver()

    threads = [threading.Thread(target=act, args=(one,)) for one in acts] + [threading.Thread(target=deliver)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [heard.get() for one in acts for _ in one.says]


def rows(company: Company, question: str, **values: object) -> list[Any]:
    """Rows of the database."""
    return company.database.ask(lambda conn: list(conn.execute(text(question), values).all()))


def acts_on(chance: random.Random, number: int, button: str) -> list[Act]:
    """Two to eight acts on a request; the first two decide in words, so that it is decided in the end."""
    decide = ["approve {n}", "approve {n} 20", "deny {n} no"]
    other = [*decide, "{b}", "question {n} why?", "delegate @dan until friday"]
    approvers = chance.sample(APPROVERS, chance.randint(1, 7))
    said = [chance.choice(decide if place == 0 else other) for place in range(len(approvers))]
    acts = []
    for person, words in zip(approvers, said, strict=True):
        says = [(person, words.format(n=number, b=button))]
        says += [("dan", f"approve {number}")] if words.startswith("delegate") else []
        acts.append(Act(tuple(says)))
    asker = chance.choice(
        [("withdraw {n}",), ("change {n} better words", "withdraw {n}"), ("remind {n}",), ("change {n} b",)]
    )
    acts.append(Act(tuple(("ana", words.format(n=number)) for words in asker)))
    return acts


def race(company: Company, rounds: int, seed: int) -> None:
    """Round after round: ask, let all act at once, and look at everything."""
    chance = random.Random(seed)
    granted = 0
    for number in range(1, rounds + 1):
        company.clock.moment = MONDAY.replace(day=24 if number % 2 else 25)  # so that one may remind again
        assert company.hear("ana", "request 50 for the race").title == "Asked for $50.00 more"
        handle = rows(company, "select handle from requests where id = :n", n=number)[0][0]
        acts = acts_on(chance, number, f"approve {handle}.1")
        heard = [card.title for card in at_once(company, acts)]

        granted += once_and_only_once(company, number, acts, heard)
        for person in {person for act in acts for person, words in act.says if words.startswith("delegate")}:
            company.hear(person, "delegate")
        if number % SETTLED_EVERY == 0 or number == rounds:
            company.settle()
            waiting = rows(company, "select key from outbox where kind = 'show' and state <> 'done'")
            assert waiting == []
    spent_and_given = company.hear("ana", "balance").title
    assert spent_and_given == f"${400 + granted:,}.00 left of ${400 + granted:,}.00"
    assert company.database.ask(audit.first_broken) is None


def once_and_only_once(company: Company, number: int, acts: Sequence[Act], heard: Sequence[str]) -> int:
    """One decision, its one grant, its one row in the audit, and messages that all say so. The dollars granted."""
    state, amount = rows(company, "select state, resolved_amount from requests where id = :n", n=number)[0]
    decided = [each for each in heard if each.startswith(("Approved:", "Denied:")) or each.endswith("is withdrawn")]
    assert len(decided) == 1, (acts, heard)
    assert state in decided[0].lower(), (acts, heard)
    for each in heard:
        fine = each in decided or each.startswith(
            ("Sent", "Sent a reminder about", f"Updated the reason of request #{number}", "Dan Ito decides")
        )
        assert fine or any(re.fullmatch(late, each) for late in LATE), each

    grants = rows(company, "select amount from entries where key = :key", key=f"grant/{number}")
    assert grants == ([(amount,)] if state == "approved" else [])
    deeds = rows(
        company,
        "select what from audit where subject = :s and what in ('approved', 'denied', 'withdrawn')",
        s=f"request/{number}",
    )
    assert deeds == [(state,)]
    shown = {
        key: json.loads(payload)["card"]
        for key, payload in rows(
            company,
            "select key, payload from outbox where kind = 'show' "
            "and (key like :main or key like :more or key like :asked)",
            main=f"request/{number}@%",
            more=f"request/{number}/%",
            asked=f"question/{number}/%",
        )
    }
    assert len(shown) >= len(APPROVERS)
    asked = {card["title"].partition(" ")[0] for key, card in shown.items() if key.startswith("request/")}
    assert asked == {FINAL[state]}, "what was said about it keeps its words"
    assert [block for card in shown.values() for block in card["blocks"] if block["kind"] in ("button", "input")] == []
    return int(amount // 10**9) if state == "approved" else 0


@pytest.mark.parametrize("rule", [ANYONE, FINANCE], ids=["people", "role"])
def test_many_at_one_request_decide_it_once(found: Found, rule: dict[str, object]) -> None:
    """Approve, approve less, deny, withdraw, change, remind, ask back and delegate at the same moment."""
    race(found(rule), ROUNDS, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_many_at_one_request_decide_it_once_in_many_rounds(found: Found) -> None:
    """Five hundred rounds on each kind of database."""
    race(found(ANYONE), MANY, seed=2)


def test_when_all_must_agree_their_agreements_at_once_all_count(found: Found) -> None:
    """Four must agree, then one of four others: all eight press on, and there is one grant."""
    company = found(BOTH)
    for number in range(1, 6):
        company.say("ana", "request 50 for the race")
        heard = at_once(company, [Act(((person, f"approve {number}"),) * 3) for person in APPROVERS])

        assert not [card.title for card in heard if card.tone == "bad" or "busy" in card.title]
        if not rows(company, "select 1 from requests where id = :n and state = 'approved'", n=number):
            company.say("f4", f"approve {number}")
        deeds = rows(company, "select who from audit where subject = :s and what = 'agreed'", s=f"request/{number}")
        assert {who for (who,) in deeds} == {"f0", "f1", "f2", "f3"}
        assert len(rows(company, "select 1 from entries where key = :key", key=f"grant/{number}")) == 1
    assert company.hear("ana", "balance").title == "$650.00 left of $650.00"


def test_what_is_granted_at_once_is_granted_so_often_and_not_oftener(found: Found) -> None:
    """Eight small asks in one moment: two are granted, the rest go to finance, and at most five are open."""
    company = found(AT_ONCE, FINANCE)
    for number in range(4):
        heard = at_once(company, [Act(((f"p{number}", "request 25 a little more"),))] * 8)

        titles = sorted(card.title for card in heard)
        assert titles.count("$25.00 approved at once") == 2, titles
        assert titles.count("Asked for $25.00 more") == 5, titles
        assert company.hear(f"p{number}", "balance").title == "$450.00 left of $450.00"


def test_a_grant_is_taken_back_once(found: Found) -> None:
    """Revoked by who gave it and by finance, given back, and ended by its day, all in the same moment."""
    company = found(FINANCE)
    for number in range(1, 9):
        company.clock.moment = MONDAY
        company.say("ana", "request 50 until today for the race")
        company.say("f0", f"approve {number}")
        company.clock.moment = MONDAY.replace(day=24)
        ends = [("f0", f"revoke {number} over"), ("f1", f"revoke {number} over"), ("ana", f"return-grant {number}")]
        at_once(company, [Act((end,)) for end in [*ends, ("clock", "")]])

        taken = rows(company, "select amount from entries where key = :key", key=f"expiry/{number}")
        assert taken == [(-50 * 10**9,)]
        assert company.hear("ana", "balance").title == "$400.00 left of $400.00"
    assert company.database.ask(audit.first_broken) is None


def test_approvers_of_different_requests_do_not_wait_in_vain(found: Found) -> None:
    """Eight at once, each on requests of their own: the audit is one chain, and still nobody hears that it is busy."""
    company = found(FINANCE)
    for number in range(40):
        company.say(f"p{number % 8}", "request 50 for the race")
    acts = [
        Act(tuple((approver, f"approve {number + 1}") for number in range(place, 40, 8)))
        for place, approver in enumerate(APPROVERS)
    ]

    assert {card.title.partition(":")[0] for card in at_once(company, acts)} == {"Approved"}
    assert company.database.ask(audit.first_broken) is None


def test_two_halves_at_once_need_four_eyes_as_one_after_the_other(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person may decide both stages of 600 dollars, but not of 1,200: pressing both at one moment helps nobody."""
    company = found({"stages": [{"by": "people f0"}, {"by": "people f0, f1"}]})
    for number in (1, 2):
        company.say("ana", "request 600 for the race")
        company.say("f0", f"approve {number}")
    both, look = threading.Barrier(2), requests.find_with_asked

    def look_together(conn: Connection, word: str) -> object:
        seen = look(conn, word)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # who may look only after the other one never meets it
        return seen

    monkeypatch.setattr(requests, "find_with_asked", look_together)
    heard = at_once(company, [Act((("f0", f"approve {number}"),)) for number in (1, 2)])

    assert sorted(card.title[:15] for card in heard) == ["Approved: $600.", "Others decide r"]
    assert company.hear("ana", "balance").title == "$1,000.00 left of $1,000.00"


def test_decisions_about_different_people_do_not_wait_for_each_other(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL both are looked at before either is written; on SQLite there is one place."""
    budgets = [{"name": "monthly", "who": "every person", "amount": "400 USD"}]
    clock.moment = MONDAY
    company = Company(database, clock, {**RULES, "budgets": budgets, "approvals": [FINANCE]}, ALL)
    for person in ("p1", "p2"):
        company.say(person, "request 50 for the race")
    both, look, met = threading.Barrier(2), requests.find_with_asked, list[int]()

    def look_together(conn: Connection, word: str) -> object:
        seen = look(conn, word)
        with suppress(threading.BrokenBarrierError):
            met.append(both.wait(0.5 if database.is_sqlite else 30))
        return seen

    monkeypatch.setattr(requests, "find_with_asked", look_together)
    heard = at_once(company, [Act((("f0", "approve 1"),)), Act((("f1", "approve 2"),))])

    assert [card.title.partition(":")[0] for card in heard] == ["Approved", "Approved"]
    assert len(met) == (0 if database.is_sqlite else 2)
    assert company.database.ask(audit.first_broken) is None


def test_a_request_that_expires_while_it_is_approved_ends_once(found: Found) -> None:
    """The asker leaves, the clock notices, and somebody presses: it is granted once, or it expires, never both."""
    company = found(ANYONE)
    gone = tuple(replace(one, active=one.id != "ana") for one in EVERYBODY)
    for number in range(1, 6):
        company.directory = ALL
        company.app.refresh_people()
        assert company.hear("ana", "request 50 for the race").title == "Asked for $50.00 more"
        company.directory = replace(ALL, people=gone)
        steps = [partial(company.hear, person, f"approve {number}") for person in APPROVERS[:3]]
        run_at_once([company.app.refresh_people, *steps])
        company.settle()
        state = rows(company, "select state from requests where id = :n", n=number)[0][0]
        grants = rows(company, "select amount from entries where key = :key", key=f"grant/{number}")
        assert (state, len(grants)) in {("approved", 1), ("expired", 0)}
        deeds = rows(
            company,
            "select what from audit where subject = :s and what in ('approved', 'lapsed')",
            s=f"request/{number}",
        )
        assert len(deeds) == 1


def test_several_who_follow_a_move_at_once_ask_the_new_one_once(found: Found) -> None:
    """Two replicas notice it and the old one presses: the new one has one message, and one decides."""
    company = found({"stages": [{"by": "manager"}]})
    company.directory = replace(ALL, people=_led_by("f0"))
    company.app.refresh_people()
    for number in range(1, 6):
        company.hear("ana", "request 50 for the race")
        new, old = ("f1", "f0") if number % 2 else ("f0", "f1")
        company.directory = replace(ALL, people=_led_by(new))
        run_at_once(
            [company.app.refresh_people, company.app.refresh_people, partial(company.hear, old, f"approve {number}")]
        )
        company.settle()
        state = rows(company, "select state from requests where id = :n", n=number)[0][0]
        asked = rows(company, "select key from outbox where key = :key", key=f"request/{number}@web:{new}")
        assert (state, len(asked)) in {("approved", 0), ("pending", 1)}
        if state == "pending":
            assert company.hear(old, f"approve {number}").title == f"Others decide request #{number} now."
            assert company.hear(new, f"approve {number}").title.startswith("Approved")
        assert len(rows(company, "select amount from entries where key = :key", key=f"grant/{number}")) == 1


def _led_by(manager: str) -> tuple[Person, ...]:
    return tuple(replace(one, manager=manager) if one.id == "ana" else one for one in EVERYBODY)


def run_at_once(work: Sequence[Callable[[], object]]) -> None:
    """Do all in the same moment."""
    barrier = threading.Barrier(len(work))

    def run(each: Callable[[], object]) -> None:
        barrier.wait()
        each()

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
