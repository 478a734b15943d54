"""Questions that look deeper than a balance, on both databases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from storage import comparisons, ingest, people, pulls
from storage.charges import Charge
from storage.comparisons import Consumed
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.pulls import Pull
from tests.support.clock import NOW

TODAY = date(2026, 11, 22)
HERE = Directory(
    people=(Person("ana", "Ana", team="search"),),
    teams=(Team("search", "Search", "ana"),),
    links=(Link("llm", "user", "u-ana", "person/ana"),),
)


def used(day: int, model: str = "m", key: str = "", cost: int | None = 100, **tokens: int) -> Charge:
    """A day's cell of Ana's."""
    start = datetime(2026, 11, day, tzinfo=UTC)
    return Charge("llm", start, 24, model, resource=key, subject="u-ana", cost_nanos=cost, **tokens)  # type: ignore[arg-type]


@pytest.fixture
def company(database: Database) -> Database:
    """Ana's cells of two keys, one model unpriced, one without any use."""
    batch = (
        used(10, key="k1", tokens_input=7, tokens_output=1),
        used(11, key="k1", tokens_input=3, tokens_cache_read=5),
        used(11, key="k2", tokens_cache_write_5m=2, tokens_cache_write_1h=4),
        used(12, model="mystery", cost=None, tokens_input=9),
        used(9, model="idle", cost=0),
        used(20, key="k1", tokens_input=1000),
    )

    def begin(conn: Connection) -> None:
        people.apply(conn, HERE, date(2026, 11, 1))
        ingest.record(conn, batch, ZoneInfo("Europe/Berlin"), lambda cost, *_: (cost, ingest.NANOS), NOW)

    database.transact(begin)
    return database


def test_kinds_of_tokens_are_told_apart_and_keys_if_asked_for(company: Database) -> None:
    """The 10th and the 11th, and neither what has no price nor a later day."""
    days = (date(2026, 11, 10), date(2026, 11, 13))

    assert company.ask(lambda conn: comparisons.consumed(conn, "person/ana", *days, keys=True)) == [
        Consumed("m", "k1", 200, (10, 5, 0, 0, 1)),
        Consumed("m", "k2", 100, (0, 0, 2, 4, 0)),
    ]
    above = company.ask(
        lambda conn: [
            comparisons.consumed(conn, each, *days, keys=False) for each in ("person/ana", "team/search", "org")
        ]
    )
    assert above == [[Consumed("m", "", 300, (10, 5, 2, 4, 1))]] * 3


def test_a_model_is_used_first_on_the_day_it_consumed_something(company: Database) -> None:
    """A row of zeros is no use; tokens without a price are."""
    assert company.ask(lambda conn: comparisons.first_used(conn, "team/search")) == {
        "m": date(2026, 11, 10),
        "mystery": date(2026, 11, 12),
    }


@pytest.mark.parametrize(
    ("heard", "whole"),
    [
        ({}, 0),
        ({"a": 0}, 0),
        ({"a": -1}, 0),
        ({"a": 0, "b": 3}, 3),
        ({"a": 0, "b": 14}, 14),
        ({"a": 0, "b": 15}, 0),
        ({"a": 0, "b": None}, 0),
        ({"a": 40}, 40),
    ],
)
def test_days_are_whole_that_every_living_provider_has_told(
    database: Database, heard: dict[str, int | None], whole: int
) -> None:
    """In days before today: who was last heard when, and from which day on days are unfinished."""

    def note(conn: Connection) -> None:
        for name, days in heard.items():
            through = None if days is None else TODAY - timedelta(days=days)
            pulls.note_pull(conn, Pull(name, NOW, None if days is None else NOW, through, 1, 1, ""))

    database.transact(note)
    assert database.ask(lambda conn: comparisons.whole_until(conn, TODAY)) == TODAY - timedelta(days=whole)
