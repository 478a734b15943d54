"""Events: handled once, by whoever may raise them, and never lost."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.config import Settings
from handlers.context import CLOCK, NOWHERE, Context
from handlers.events import DetectWaste, EndGrants, RequestExpired
from storage import requests
from storage.db import BusyError, Database
from storage.requests import Request
from tests.support.company import Company


def asked(acme: Company) -> str:
    """How Ana's request stands."""
    found = acme.database.ask(lambda conn: requests.find(conn, "1"))
    assert found is not None
    return found.state


def waiting(acme: Company) -> list[tuple[str, str]]:
    """Events that are not yet handled: name and trouble."""
    rows = text("select key, error from outbox where kind = 'event' and state = 'open' and error <> ''")
    return [(key.split("/")[1], error) for key, error in acme.database.ask(lambda conn: conn.execute(rows).all())]


def emit(acme: Company) -> None:
    """Have the timer of Ana's request ring now."""

    def work(conn: Connection) -> None:
        ctx = Context(conn, acme.clock(), CLOCK, NOWHERE, acme.app.policy)
        ctx.emit("again", RequestExpired(1, 0))
        ctx.write()

    acme.database.transact(work)


def is_busy(real: Callable[..., object]) -> Callable[..., object]:
    """A database that has no time for events; the outbox itself is reached."""

    def transact(self: Database, work: Callable[[Connection], object], **turn: Any) -> object:
        if "_handle" in work.__code__.co_names:
            raise BusyError("the database is busy")
        return real(self, work, **turn)

    return transact


def test_a_timer_that_meets_a_busy_database_comes_again(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays in the outbox with the reason, and is handled when there is time: no request waits for ever."""
    acme.say("ana", "request 50 finish the migration")
    acme.settle()
    emit(acme)
    with monkeypatch.context() as here:
        here.setattr(Database, "transact", is_busy(Database.transact))
        acme.settle()
        assert asked(acme) == "pending"
    assert [name for name, _ in waiting(acme)] == ["request_expired"]
    acme.clock.forward(timedelta(minutes=1))
    acme.settle()
    assert asked(acme) == "expired"
    assert waiting(acme) == []


def test_a_timer_that_breaks_comes_again(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours is not taken for success either."""
    acme.say("ana", "request 50 finish the migration")
    acme.settle()
    emit(acme)
    with monkeypatch.context() as here:
        here.setattr("storage.requests.save_or_raise", lambda *_: 1 / 0)
        acme.settle()
    assert asked(acme) == "pending"
    assert len(waiting(acme)) == 1
    acme.clock.forward(timedelta(minutes=1))
    acme.settle()
    assert asked(acme) == "expired"


def test_a_scheduled_sentence_that_meets_a_busy_database_comes_again(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel gets its digest later, and never a card that says busy."""
    lines = [{"at": "* * * * *", "say": "retry", "in": "web:#ops"}]
    acme.app.settings = Settings.model_validate({**acme.rules, "schedule": lines})
    acme.app.tick()

    def busy(*_: object, **__: object) -> object:
        raise BusyError("the database is busy")

    with monkeypatch.context() as here:
        here.setattr("bot.app.App.carry_out", busy)
        acme.settle()
    rows = text("select state, error from outbox where kind = 'say'")
    state, error = acme.database.ask(lambda conn: conn.execute(rows).one())
    assert (state, error) == ("open", "the database is busy")
    acme.clock.forward(timedelta(seconds=30))
    acme.settle()
    assert acme.database.ask(lambda conn: conn.execute(rows).first()) == ("done", "")


def test_an_event_under_one_delivery_is_handled_once(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies between the work and the receipt repeats the delivery, and not the work."""
    looked: list[date] = []

    def grants_until(_conn: Connection, day: date) -> list[Request]:
        looked.append(day)
        return []

    monkeypatch.setattr("storage.requests.grants_until", grants_until)
    assert acme.app.handle(EndGrants(), "clock", "event/end_grants/x/1")
    once = len(looked)
    assert once > 0
    assert acme.app.handle(EndGrants(), "clock", "event/end_grants/x/1")
    assert len(looked) == once
    assert acme.app.handle(EndGrants(), "clock", "event/end_grants/x/2")
    assert len(looked) == 2 * once


def test_who_may_not_raise_an_event_changes_nothing(acme: Company) -> None:
    """One check for all of them."""
    assert not acme.app.handle(DetectWaste(), "sync")
