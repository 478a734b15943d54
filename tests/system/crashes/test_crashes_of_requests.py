"""From asking to decided, the process dies at any step: nothing is lost, nothing granted twice, the audit is whole."""

import json
import multiprocessing
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import event, text

from handlers.card import Card
from handlers.place import Place
from storage import audit
from storage.db import Connection, Database
from storage.outbox import LEASE
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.system.crashes.test_crashes import Died, Fate, MortalBoard, fresh

T = TypeVar("T")

KILLS = 30
PATIENCE_S = 300
MANY = 200
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
STAGES = [{"by": "manager"}, {"by": "role finance"}]
AT_ONCE = {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]}
TWO_STAGES: dict[str, object] = {
    **RULES,
    "approvals": [AT_ONCE, {"stages": STAGES}],
    "claims": {"categories": [{"name": "tools", "amount": "500 USD"}]},
    "rates": {"EUR": {"2026-01-01": 1.10}},
}
QUIET = {"remind_after_hours": 0, "raise_after_hours": 0, "refuse_after_hours": 0}
UNTIMED: dict[str, object] = {**RULES, "approvals": [{"stages": [stage | QUIET for stage in STAGES]}]}

# Who says what; each under an id of its own, for a platform says it again when it got no answer.
SHORT = (("ana", "request 600 train a model"), ("max", "approve 1 550"), ("fay", "approve 1"))
LONG = (
    ("ana", "request 600 train a model"),
    ("max", "question 1 which one?"),
    ("ana", "remind 1"),
    ("max", "approve 1 550"),
    ("fay", "approve 1"),
    ("bob", "request 20 a quick test"),
    ("bob", "request 50 for the fair"),
    ("lea", "deny 3 not this month"),
    ("bob", "request 70 for the fair"),
    ("bob", "withdraw 4"),
    ("fay", "revoke 1 the project ended"),
)
CLAIMS = (
    ("ana", "claim 60 USD cursor September: pair programming"),
    ("max", "approve 1 50"),
    ("fay", "approve 1"),
    ("bob", "claim 20 USD chatgpt September: for the fair"),
    ("lea", "deny 2 ask for a seat"),
    ("bob", "claim 20 EUR chatgpt October: for the next fair"),
    ("bob", "withdraw 3"),
    ("fay", "paid 1"),
)
Play = Sequence[tuple[str, str]]


class MortalDatabase(Database):
    """Dies before a commit, or after it and before anybody hears of it."""

    fate = Fate()

    def transact(self, work: Callable[[Connection], T], **how: Any) -> T:
        """See Database."""
        done = super().transact(work, **how)
        self.fate.step()
        return done


def life(url: str, play: Play, board: MortalBoard, fate: Fate, clock: Clock) -> None:
    """One life of a process: it hears everything, and delivers what comes of it."""
    database = MortalDatabase(url)
    board.fate = Fate()
    company = Company(database, clock, TWO_STAGES)
    company.app.platforms = {"web": board}
    board.fate = database.fate = fate
    event.listen(database._orders, "commit", fate.step)
    try:
        for number, (person, words) in enumerate(play):
            company.say(person, words, delivery=f"press-{number}")
            company.settle()
    finally:
        event.remove(database._orders, "commit", fate.step)
        database.close()


def facts(url: str) -> list[object]:
    """Everything that must be the same at the end, but for the minute of a question; handles are by chance."""
    questions = (
        "select key, account_id, amount from entries order by key",
        "select id, state, stage, amount, resolved_by, resolved_amount from requests order by id",
        "select request_id, stage, person_id, said from asked order by 1, 2, 3",
        "select id, who, what, subject, authority, details from audit order by id",
        "select request_id, vendor, amount, currency, rate_nanos, paid_by from claims order by 1",
        "select replace(key, '0101', '0000') as what, state from outbox where kind = 'show' order by what",
    )
    database = Database(url)
    found: list[object] = database.ask(lambda conn: [conn.execute(text(each)).all() for each in questions])
    assert database.ask(audit.first_broken) is None
    database.close()
    return found


def sweep(tmp_path: Path, play: Play, every: int = 1) -> int:
    """Let the process die at each step in turn, or at every fifth, and live again. The number of steps."""
    url = fresh(tmp_path, "whole")
    life(url, (), MortalBoard(), Fate(), Clock(MONDAY))
    begun = (tmp_path / "whole.db").read_bytes()
    board, fate = MortalBoard(), Fate()
    life(url, play, board, fate, Clock(MONDAY))
    wanted, messages = facts(url), Counter(board.titles())
    assert [card.buttons for _, card in board.messages.values() if "asks for" in card.title] == []

    for at in range(1, fate.steps + 1, every):
        copy = f"sqlite:///{tmp_path}/died-{at}.db"
        (tmp_path / f"died-{at}.db").write_bytes(begun)
        board, clock = MortalBoard(), Clock(MONDAY)
        with pytest.raises(Died):
            life(copy, play, board, Fate(at), clock)
        clock.moment = MONDAY + LEASE + timedelta(seconds=1)
        life(copy, play, board, Fate(), clock)

        assert facts(copy) == wanted, f"died at step {at}"
        again = Counter(board.titles())
        assert not messages - again, f"died at step {at}: a message was lost"
        assert (again - messages).total() <= 1, "only a crash between the platform's answer and our note repeats one"
    return fate.steps


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_whenever_the_process_dies_from_asking_to_decided_the_end_is_the_same(tmp_path: Path, every: int) -> None:
    """A sweep over commits, before and after them, and outside calls, every fifth or all: invariants 5, 6 and 7."""
    assert sweep(tmp_path, SHORT, every) > 30


@pytest.mark.long
@pytest.mark.timeout(900)
def test_whenever_the_process_dies_in_any_path_the_end_is_the_same(tmp_path: Path) -> None:
    """The same with questions, reminders, denying, withdrawing, a grant at once, and revoking."""
    assert sweep(tmp_path, LONG) > 100


# kill -9 -------------------------------------------------------------------------------------------------------------


@dataclass
class FileBoard:
    """A platform outside of the process: a file with a line for everything that was shown."""

    path: Path
    name: str = "web"

    def show(self, _place: Place, card: Card, receipt: str) -> str:
        """See Platform."""
        receipt = receipt or secrets.token_hex(8)
        line = json.dumps({"receipt": receipt, "title": card.title, "buttons": len(card.buttons)}) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, line.encode())
        os.close(handle)
        return receipt

    def messages(self) -> dict[str, dict[str, Any]]:
        """What is to be seen now, by receipt."""
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return {line["receipt"]: line for line in lines}


def work(url: str, path: Path, moment: datetime, more: int, ready: Pipe) -> None:
    """What the process does: it asks and decides from where it was, the last two once more, and delivers."""
    database = Database(url)
    company = Company(database, Clock(moment), UNTIMED)
    company.app.platforms = {"web": FileBoard(path)}
    done = database.ask(lambda conn: conn.execute(text("select count(*) from requests")).scalar_one())
    ready.send("at work")
    for number in range(max(1, done - 1), done + more + 1):
        for person, words in (("ana", "request 50 go on"), ("max", f"approve {number}"), ("fay", f"approve {number}")):
            company.say(person, words, delivery=f"{words}/{person}/{number}")
        company.settle()
    database.close()


def killed(tmp_path: Path, kills: int, seed: int) -> None:
    """Kill the process at random moments, start it again each time, and look at what has become of everything."""
    url, path, chance = fresh(tmp_path, "killed"), tmp_path / "board", random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.system.crashes.test_crashes_of_requests"])
    exits = list[int | None]()
    while exits[-1:] != [0]:
        moment = MONDAY + len(exits) * (LEASE + timedelta(seconds=1))
        here, there = context.Pipe()
        dies = len(exits) < kills
        process = context.Process(target=work, args=(url, path, moment, MANY if dies else 1, there))
        process.start()
        if dies and here.poll(PATIENCE_S):
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
        process.join(PATIENCE_S)
        exits.append(process.exitcode)
        assert process.exitcode in (0, -9)
    assert exits.count(-9) == kills, "it was done before it was killed often enough"
    all_is_well(url, FileBoard(path), kills)


def all_is_well(url: str, board: FileBoard, kills: int) -> None:
    """Each request was granted, once, with its whole story, and each message says so."""
    database = Database(url)

    def rows(question: str) -> list[Any]:
        return database.ask(lambda conn: list(conn.execute(text(question)).all()))

    assert rows("pragma integrity_check") == [("ok",)]
    requests = rows("select id, state from requests order by id")
    numbers = range(1, len(requests) + 1)
    assert requests == [(number, "approved") for number in numbers]
    total = len(numbers)
    grants = rows("select key, amount from entries where kind = 'grant' order by id")
    assert grants == [(f"grant/{number}", 50 * 10**9) for number in numbers]
    deeds = rows("select subject, who, what from audit order by id")
    story = (("ana", "asked"), ("max", "agreed"), ("fay", "approved"))
    assert deeds == [(f"request/{number}", *deed) for number in numbers for deed in story]
    assert database.ask(audit.first_broken) is None

    shown, seen = rows("select key, state, receipt from outbox where kind = 'show'"), board.messages()
    assert len(shown) == 3 * total, "the manager's, finance's and the answer to the asker"
    for key, state, receipt in shown:
        final = "Fay Osei approved" if key.startswith("answer/") else "Approved:"
        assert (state, seen[receipt]["title"].startswith(final)) == ("done", True), key
        assert seen[receipt]["buttons"] == 2 * int(key.startswith("answer/"))
    assert len(seen) - len(shown) <= kills, "a crash repeats one message at most"
    database.close()


def test_a_process_that_is_killed_again_and_again_loses_nothing_and_grants_nothing_twice(tmp_path: Path) -> None:
    """Kill -9 at thirty random moments between asking and delivering."""
    killed(tmp_path, KILLS, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_process_that_is_killed_very_often_loses_nothing_and_grants_nothing_twice(tmp_path: Path) -> None:
    """The same two hundred times."""
    killed(tmp_path, MANY, seed=2)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_whenever_the_process_dies_a_claim_is_paid_back_once(tmp_path: Path) -> None:
    """From claiming, in another currency too, to the note that it is paid back; at every third step."""
    assert sweep(tmp_path, CLAIMS, every=3) > 60
