"""The process dies at any step of sync and delivery; after a restart nothing is lost and nothing counts twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from bot.app import App
from handlers.card import Card
from handlers.place import Place
from storage import ingest
from storage.db import Database
from storage.outbox import LEASE
from tests.support.clock import NOW, Clock
from tests.support.company import RULES, Company
from tests.support.databases import copied
from tests.support.fakes.board import Board


class Died(BaseException):
    """The process is gone. Not an Exception, so that no handler of ours can catch it."""


@dataclass
class Fate:
    """Lets the process die at its n-th step; 0 lets it live."""

    at: int = 0
    steps: int = 0

    def step(self, *_: object) -> None:
        """One more step."""
        self.steps += 1
        if self.steps == self.at:
            raise Died


class MortalBoard(Board):
    """Dies before or after a message is put up."""

    fate: Fate

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Board."""
        self.fate.step()
        receipt = super().show(place, card, receipt)
        self.fate.step()
        return receipt


QUIET: dict[str, object] = {**RULES, "guard": {"floor": "100000 USD", "caps": {"person": "100000 USD"}}}
"""Nothing is unusual here: what is told of a spike grows with each reading, and where it stops is chance."""


def life(url: str, board: MortalBoard, fate: Fate, clock: Clock) -> Company:
    """One life of a process: it reads a provider, hears a request and its approval, and delivers the messages."""
    board.fate = Fate()
    company = Company(Database(url), clock, QUIET)
    company.app.platforms = {"web": board}
    board.fate = fate
    company.llm.spends("ana", "300.00")
    company.llm.spends("bob", "7.00")
    original = company.llm.charges

    def charges(*days: object) -> Iterator[object]:
        fate.step()
        yield from original(*days)  # type: ignore[arg-type]
        fate.step()

    company.llm.charges = charges  # type: ignore[method-assign, assignment]
    for engine in (company.database._orders, company.database._slices):
        event.listen(engine, "commit", fate.step)
    try:
        work(company)
    finally:
        for engine in (company.database._orders, company.database._slices):
            event.remove(engine, "commit", fate.step)
        company.database.close()
    return company


def work(company: Company) -> None:
    """What the process would do, each piece harmless if it was done before."""
    company.app.tick()
    company.settle()
    company.say("ana", "request 50 for the test", delivery="trigger-1")
    company.settle()
    company.say("max", "approve 1", delivery="trigger-2")
    company.settle()


def facts(url: str) -> list[object]:
    """Everything that must be the same at the end."""
    database = Database(url)
    questions = (
        "select account_id, model, cost_nanos, tokens from spend where tokens > 0 order by 1, 2, 3",
        "select key, amount from entries order by key",
        "select id, state, resolved_amount from requests order by id",
        "select key, state from outbox where kind = 'show' order by key",
    )
    found: list[object] = database.ask(lambda conn: [conn.execute(text(each)).all() for each in questions])
    database.close()
    return found


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is written in several transactions, and the process may die between them."""
    monkeypatch.setattr(ingest, "SLICE_CELLS", 1)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MAX", 1)


def fresh(tmp_path: object, name: str) -> str:
    """A SQLite file with all tables and no rows."""
    return copied(Path(f"{tmp_path}/{name}.db"))


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_whenever_the_process_dies_the_end_is_the_same(tmp_path: object, every: int) -> None:
    """A sweep over commits and outside calls, every fifth of them or all: invariants 6 and 7."""
    board, fate = MortalBoard(), Fate()
    url = fresh(tmp_path, "whole")
    life(url, board, fate, Clock())
    wanted, messages = facts(url), board.titles()
    assert fate.steps > 20
    assert len(messages) == 2

    for at in range(1, fate.steps + 1, every):
        url, board, clock = fresh(tmp_path, f"died-{at}"), MortalBoard(), Clock()
        with pytest.raises(Died):
            life(url, board, Fate(at), clock)
        clock.moment = NOW + LEASE + timedelta(minutes=20)
        life(url, board, Fate(), clock)

        assert facts(url) == wanted, f"died at step {at}"
        extra = len(board.titles()) - len(messages)
        assert extra in (0, 1), "a crash between the platform's answer and our note may repeat one message, not more"
        assert set(board.titles()) - {"Ana Silva asks for $50.00 more"} == set(messages)


def test_a_message_that_cannot_be_delivered_is_tried_again_and_not_lost(acme: Company) -> None:
    """Outside is down, then up again."""
    board = Board(trouble=OSError("down"))
    acme.app.platforms = {"web": board}
    acme.say("ana", "request 50 for the test")
    acme.settle()
    assert board.titles() == []

    board.trouble = None
    acme.clock.forward(timedelta(hours=1))
    acme.settle()
    assert board.titles() == ["Ana Silva asks for $50.00 more"]


def test_an_app_leaves_items_alone_that_it_cannot_reach(acme: Company) -> None:
    """A terminal does not take the messages of the server beside it."""
    other = App(settings=acme.app.settings, database=acme.database, now=acme.clock)
    acme.say("ana", "request 50 for the test")
    while other.deliver():
        pass

    assert acme.reads("max")[0].startswith("Ana Silva asks for $50.00 more")
