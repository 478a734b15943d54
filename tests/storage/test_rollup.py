"""Many cells are added up by lines of the tree first, and come to the same as a few at a time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from storage import ingest, people
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.tables import charges, lineage, spend
from tests.support.clock import NOW

FIRST = date(2026, 10, 28)
DAYS = 8
TEAMS = (Team("search", "Search", "p0"), Team("ranking", "Ranking", "p0", "search"), Team("ads", "Ads", "p0"))
LINKS = (
    *(Link("llm", "user", f"u{n}", f"person/p{n}") for n in range(4)),
    Link("llm", "user", "u4", "team/search"),
    Link("llm", "user", "u5", "agent/crawler"),
)
PLACES = st.lists(st.sampled_from(["search", "ranking", "ads", ""]), min_size=4, max_size=4)
CELLS = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(0, 6), st.integers(1, 9)),
    max_size=20,
    unique_by=lambda each: each[:2],
)


def company(places: list[str]) -> Directory:
    """Four people, each in a team or in none."""
    everybody = tuple(Person(f"p{n}", f"P {n}", team=place) for n, place in enumerate(places))
    return Directory(people=everybody, teams=TEAMS, links=LINKS)


def told(cells: list[tuple[int, int, int]], factor: int) -> list[Charge]:
    """A cell a day and user; the last user is linked to nobody."""
    return [
        Charge(
            "llm",
            datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=day),
            24,
            f"m{user % 2}",
            subject=f"u{user}",
            tokens_input=cost,
            requests=1,
            cost_nanos=cost * factor,
        )
        for day, user, cost in cells
    ]


def sums(conn: Connection) -> list[tuple[object, ...]]:
    """All of the rollup."""
    return [tuple(row) for row in conn.execute(select(spend).order_by(*spend.primary_key))]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, DAYS), PLACES), min_size=1, max_size=3), cells=CELLS)
def test_lines_of_the_tree_come_to_the_same(
    database: Database, moves: list[tuple[int, list[str]]], cells: list[tuple[int, int, int]]
) -> None:
    """Also of people who moved meanwhile, of teams and agents that spend themselves, and of what is nobody's."""
    found = []
    for many in (0, 10**9):
        database.transact(lambda conn: [conn.execute(each.delete()) for each in (charges, spend, lineage)])
        with pytest.MonkeyPatch.context() as here:
            here.setattr(ingest, "MANY_CELLS", many)
            database.transact(lambda conn: people.apply(conn, company(["search"] * 4), FIRST - timedelta(days=9)))
            for day, places in sorted(moves):
                today = FIRST + timedelta(days=day)
                database.transact(lambda conn: people.apply(conn, company(places), today))  # noqa: B023 - at once
            for factor in (1, 3):
                batch = told(cells, factor)
                database.transact(
                    lambda conn: ingest.record(
                        conn,
                        batch,  # noqa: B023 - at once
                        ZoneInfo("UTC"),
                        lambda cost, *_: (cost, ingest.NANOS),
                        NOW,
                    )
                )
        found.append(database.ask(sums))
    assert found[0] == found[1]
