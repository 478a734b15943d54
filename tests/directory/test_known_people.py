"""What the database remembers of people, a part at a time."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.directory import known_people
from bot.directory.known_people import Remembered, recall
from bot.directory.source import Known
from storage import people
from storage.db import Database
from storage.directory import Directory, Link, Person, Team

ANA = Person("ana", "Ana", "ana@x.y", team="search", number="people.csv/1")
BOB = Person("bob", "Bob", "bob@x.y", manager="ana", active=False)


def test_everybody_is_remembered_a_part_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who have left, too; nobody twice and nobody forgotten where a part ends."""
    monkeypatch.setattr(known_people, "AT_ONCE", 1)
    here = Directory((ANA, BOB), (Team("search", "Search"),))
    database.transact(lambda conn: people.apply(conn, here, date(2026, 11, 1)))
    remembered = Remembered(database.ask)

    assert list(remembered.values()) == [ANA, BOB]
    assert dict(remembered.items()) == {"ana": ANA, "bob": BOB}
    assert (len(remembered), list(remembered), remembered["bob"], remembered.get("eve")) == (
        2,
        ["ana", "bob"],
        BOB,
        None,
    )
    in_brief = [("ana", "ana@x.y", "people.csv/1", True), ("bob", "bob@x.y", "", False)]
    assert list(Known(remembered=remembered).in_brief()) == in_brief
    assert list(Known(remembered={"bob": BOB, "ana": ANA}).in_brief()) == in_brief


def test_who_is_linked_is_remembered_a_part_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users of Slack and Teams; not keys, and not users of providers. Nothing is read until somebody asks."""
    monkeypatch.setattr(known_people, "AT_ONCE", 1)
    asked: list[object] = []
    here = Directory(
        (ANA, BOB),
        (Team("search", "Search"),),
        links=(
            Link("slack", "user", "T1/U1", "person/ana"),
            Link("slack", "user", "T1/U2", "person/bob"),
            Link("teams", "user", "acme/1", "person/ana"),
            Link("llm", "user", "u1", "person/ana"),
            Link("slack", "team", "T1/S1", "team/search"),
        ),
    )
    database.transact(lambda conn: people.apply(conn, here, date(2026, 11, 1)))

    def ask(work: Callable[[Connection], Any]) -> Any:
        asked.append(work)
        return database.ask(work)

    linked = recall(ask).linked
    assert asked == []
    assert dict(linked) == {"T1/U1": "person/ana", "T1/U2": "person/bob", "acme/1": "person/ana"}
    assert (len(linked), linked.get("u1", "")) == (3, "")
