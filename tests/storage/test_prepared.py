"""Statements on the driver's own cursor give what SQLAlchemy gives."""

import traceback
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, bindparam, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from storage import people, requests, tables
from storage.db import Database
from storage.directory import Directory, Link, Person
from storage.people import Circle
from storage.prepared import Prepared, Written, run

PEOPLE = Directory(
    (
        Person("max", "Max", roles=("finance",), joined=date(2026, 2, 3)),
        Person("ana", "Ana", manager="max", groups=("one", "two")),
        Person("bob", "Bob", active=False),
    ),
    links=(Link("slack", "user", "T1/ana", "person/ana"),),
)
TABLE = tables.people


@pytest.fixture
def peopled(database: Database) -> Database:
    """A database with three people."""
    database.transact(lambda conn: people.apply(conn, PEOPLE, date(2026, 1, 1)))
    return database


def test_types_are_those_of_the_columns(peopled: Database) -> None:
    """Days, truth and moments, with lists of any length and what stands in the statement itself."""
    ids = TABLE.c.id.in_(bindparam("ids", expanding=True))
    statement = select(TABLE).where(ids, TABLE.c.name.in_(["Ana", "Max"]), TABLE.c.id != "nobody").order_by(TABLE.c.id)
    prepared = Prepared(statement, lists=("ids",))

    def same(conn: Connection) -> None:
        for wanted in (["ana"], ["ana", "bob", "max"], [], ["max"]):
            plain = [tuple(row) for row in conn.execute(statement, {"ids": wanted})]
            assert prepared.rows(conn, {"ids": wanted}) == plain

    peopled.ask(same)


def test_the_circle_of_a_request_is_found_whatever_is_asked_for(peopled: Database) -> None:
    """Lists within a part of the statement that goes on by itself."""

    def circle(conn: Connection) -> Circle:
        return people.circle(conn, ["ana"], ["admin"], date(2026, 1, 1), ["slack", "web"], below=["org"])

    found = peopled.ask(circle)
    assert set(found.people) == {"ana", "max"}
    assert found.identities["ana"] == (("slack", "T1/ana"),)
    assert peopled.ask(lambda conn: people.circle(conn, [], [], date(2026, 1, 1), [])).people == {}


def test_what_is_written_is_what_sqlalchemy_writes(database: Database) -> None:
    """One row and several, with what a column says of itself where nothing else is said."""
    by_us = Written(lambda _dialect: insert(TABLE).returning(TABLE.c.id, TABLE.c.joined, TABLE.c.active))
    renamed = Written(lambda _dialect: update(TABLE).where(TABLE.c.name == bindparam("was")).values(name="Kim"))

    def work(conn: Connection) -> None:
        people.apply(conn, PEOPLE, date(2026, 1, 1))
        ana = dict(conn.execute(select(TABLE).where(TABLE.c.id == "ana")).mappings().one())
        ours = [ana | {"id": each, "email": each, "joined": date(2026, 2, day)} for day, each in enumerate("xyz", 1)]
        del ours[0]["language"]  # the column has a default
        assert by_us.rows(conn, ours[0]) == [("x", date(2026, 2, 1), True)]
        by_us.many(conn, ours[1:])
        by_us.many(conn, [])
        found = conn.execute(select(TABLE).where(TABLE.c.id.in_(["x", "y", "z"])).order_by(TABLE.c.id)).mappings()
        assert [dict(each) for each in found] == [{"language": "", **each} for each in ours]
        assert renamed.count(conn, {"was": "Ana"}) == 4
        assert renamed.count(conn, {"was": "Ana"}) == 0

    database.transact(work)


def test_trouble_is_that_of_sqlalchemy(database: Database) -> None:
    """So an order that was overtaken is done again, and a broken database is told from a bug."""
    with pytest.raises(DBAPIError):
        database.ask(lambda conn: run(conn, "select * from nothing_there"))
    with pytest.raises(DBAPIError):
        database.ask(lambda conn: conn.execute(text("select * from nothing_there")))


def test_who_counts_statements_counts_these(database: Database) -> None:
    """The bounds of statements hold for them, too."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(database._questions, "before_cursor_execute", note)
    database.ask(lambda conn: requests.find_with_asked(conn, "1"))
    event.remove(database._questions, "before_cursor_execute", note)

    assert len(seen) == 1


WORDS = "what nobody else may read\n\nnot in a log either"


def through_sqlalchemy(conn: Connection, row: dict[str, object]) -> None:
    """Write a delivery as most are written."""
    conn.execute(insert(tables.heard), row)


def on_our_own(conn: Connection, row: dict[str, object]) -> None:
    """Write one on the driver's own cursor, now."""
    Written(lambda _dialect: insert(tables.heard)).count(conn, row)


def with_the_end(conn: Connection, row: dict[str, object]) -> None:
    """Write one when the order ends."""
    Written(lambda _dialect: insert(tables.heard)).later(conn, row)


@pytest.mark.parametrize("write", [through_sqlalchemy, on_our_own, with_the_end])
def test_an_error_of_the_database_tells_nothing_of_what_was_to_be_written(
    database: Database, write: Callable[[Connection, dict[str, object]], None]
) -> None:
    """It is logged with all that led to it, and PostgreSQL quotes the row that it refuses."""
    with pytest.raises(DBAPIError) as told:
        database.transact(lambda conn: write(conn, {"delivery": "press-1", "answer": WORDS, "heard_at": None}))
    logged = "".join(traceback.format_exception(told.value))
    assert "heard_at" in logged
    assert [line for line in WORDS.split("\n\n") if line in logged] == []
