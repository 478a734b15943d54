"""What the database remembers of people, a part at a time."""

from datetime import date

import pytest

from bot.directory import known_people
from bot.directory.known_people import Remembered
from bot.directory.source import Known
from storage import people
from storage.db import Database
from storage.directory import Directory, Person, Team

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
