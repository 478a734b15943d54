"""The line to PostgreSQL is cut in the middle of an order: it is done once, and nobody is told what is not so."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert

from bot.api.problems import problem_of
from handlers.events import CheckTokens
from storage import db, requests
from storage.db import Database, InDoubtError
from storage.prepared import Prepared, Written
from storage.tables import heard
from tests.support.clock import NOW, Clock
from tests.support.company import Company
from tests.support.cut_line import CutLine, Side, line_to
from tests.support.databases import Postgres

HEARD = Written(lambda _dialect: insert(heard))
ALL = Prepared(heard.select().order_by(heard.c.delivery))


@pytest.fixture
def cut(postgres: Postgres) -> Iterator[tuple[Database, CutLine, Database]]:
    """A database that is reached over a line, the line, and the same database past it."""
    with postgres.migrated() as url, line_to(url) as (over, line):
        made, direct = Database(over), Database(url)
        yield made, line, direct
        made.close()
        direct.close()


def names(database: Database) -> list[str]:
    """All deliveries there are."""
    return database.ask(lambda conn: [each[0] for each in ALL.rows(conn, {})])


def order(conn: Connection) -> str:
    """Looks, and writes one row more than there are."""
    number = len(ALL.rows(conn, {}))
    HEARD.later(conn, {"delivery": f"row-{number}", "answer": "", "heard_at": NOW})
    return f"row-{number}"


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("word", [b"COMMIT", b"SELECT heard"])
def test_an_order_that_is_cut_off_is_done_once(
    cut: tuple[Database, CutLine, Database], side: Side, word: bytes
) -> None:
    """Whether the server heard the end of it or not: it is asked what became of it."""
    database, line, direct = cut
    assert database.transact(order, in_turn=True) == "row-0"
    line.cut(side, word)
    assert database.transact(order, in_turn=True) == "row-1"
    assert line.cuts == 1
    assert names(direct) == ["row-0", "row-1"]


def test_who_cannot_be_told_what_became_of_an_order_is_told_so(
    cut: tuple[Database, CutLine, Database], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is gone for longer: then nobody says that nothing was changed, for it may have been."""
    monkeypatch.setattr(db, "ASKED_AGAIN_S", (0.0,))
    database, line, direct = cut
    company = Company(database, clock)
    line.cut("after", for_good=True)
    said = company.say("ana", "request 50 train a model", delivery="press-1")
    assert "It may have been done" in said
    assert "Nothing was changed" not in said
    assert direct.ask(lambda conn: requests.find(conn, "1")) is not None

    line.cut("after", for_good=True)
    assert not company.app.handle(CheckTokens(), "clock")


def test_an_order_that_was_never_begun_changed_nothing(cut: tuple[Database, CutLine, Database], clock: Clock) -> None:
    """A server that is gone before the end of an order is heard of is no doubt."""
    database, line, direct = cut
    company = Company(database, clock)
    line.cut("before", b"begin", for_good=True)
    said = company.say("ana", "request 50 train a model")
    assert "Nothing was changed" in said
    assert direct.ask(lambda conn: requests.find(conn, "1")) is None


def test_programs_are_told_how_to_be_sure() -> None:
    """The same key does it once, whatever became of it."""
    told = problem_of(InDoubtError(), "en")
    assert (told.status, "same Idempotency-Key" in told.detail) == (503, True)
