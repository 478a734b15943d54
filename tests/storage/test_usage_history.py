"""What was used, as a stream: day by day and in all, of everybody or of some."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from storage import ingest, people, usage_history
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.tables import ORGANIZATION
from tests.support.clock import NOW

FIRST, END = date(2026, 10, 1), date(2026, 11, 1)
HERE = Directory(
    people=(Person("ana", "Ana", team="search"), Person("bob", "Bob", team="ads")),
    teams=(Team("search", "Search", "ana"), Team("ads", "Ads", "bob")),
    links=(
        Link("llm", "user", "u-ana", "person/ana"),
        Link("llm", "user", "u-bob", "person/bob"),
        Link("llm", "user", "u-team", "team/search"),
    ),
)


@pytest.fixture
def used(database: Database) -> Database:
    """Two people, a team's own key and a stranger, on days in three weeks; Ana is given something back."""
    found = [
        Charge("llm", datetime(2026, 10, day, tzinfo=UTC), 24, model, subject=who, tokens_input=7, cost_nanos=cost)
        for who, day, model, cost in (
            ("u-ana", 1, "m", 50),
            ("u-ana", 1, "n", 5),
            ("u-ana", 20, "m", -30),
            ("u-bob", 2, "m", 9),
            ("u-team", 20, "m", 3),
            ("u-nobody", 31, "m", 1),
        )
    ]

    def work(conn: Connection) -> None:
        people.apply(conn, HERE, date(2026, 1, 1))
        ingest.record(conn, found, ZoneInfo("UTC"), lambda cost, *_: (cost, ingest.NANOS), NOW)

    database.transact(work)
    return database


def test_days_come_in_their_order_and_a_list_leaves_out_all_others(used: Database) -> None:
    """Of a team only what it used itself, for its people's is theirs."""

    def told(only: tuple[str, ...] | None, above: str = ORGANIZATION) -> list[tuple[int, str, str, int]]:
        return used.ask(
            lambda conn: [
                (each.day.day, each.account_id, each.spent.name, each.spent.cost_nanos)
                for each in usage_history.used(conn, above, FIRST, END, only)
            ]
        )

    everybody = told(None)
    assert [row[0] for row in everybody] == [1, 1, 2, 20, 20, 31]
    assert sorted(everybody) == [
        (1, "person/ana", "m", 50),
        (1, "person/ana", "n", 5),
        (2, "person/bob", "m", 9),
        (20, "person/ana", "m", -30),
        (20, "team/search", "m", 3),
        (31, "unallocated", "m", 1),
    ]
    assert told(("person/bob", "team/search")) == [(2, "person/bob", "m", 9), (20, "team/search", "m", 3)]
    assert told(()) == []
    assert {row[1] for row in told(None, "team/search")} == {"person/ana", "team/search"}


def test_sums_are_those_of_the_days_and_say_what_was_never_exceeded(used: Database) -> None:
    """Ana had used fifty before thirty were given back."""

    def work(conn: Connection) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], tuple[int, int]]]:
        days: dict[tuple[str, str], int] = defaultdict(int)
        for each in usage_history.used(conn, ORGANIZATION, FIRST, END):
            days[each.account_id, each.spent.name] += each.spent.cost_nanos
        sums = {
            (each.account_id, each.spent.name): (each.spent.cost_nanos, each.most.cost_nanos)
            for each in usage_history.used_in_all(conn, ORGANIZATION, FIRST, END)
        }
        return days, sums

    days, sums = used.ask(work)
    assert {key: cost for key, (cost, _) in sums.items()} == days
    assert sums["person/ana", "m"] == (20, 50)
    assert sums["team/search", "m"] == (3, 3)


def test_a_stream_leaves_the_connection_free_for_other_questions(used: Database) -> None:
    """A replay may ask something while it reads; and the next question is not streamed for it."""

    def work(conn: Connection) -> list[int]:
        found = usage_history.used(conn, ORGANIZATION, FIRST, FIRST + timedelta(days=2))
        return [len(people.lines(conn, [each.account_id])[each.account_id]) for each in found]

    assert used.ask(work) == [3, 3, 3]
