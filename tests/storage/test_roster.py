"""People staged, compared and written: the same as row by row, whatever happened before; all of it or nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, func, select

from storage import ingest, people, people_sources, roster, terms
from storage.charges import Charge
from storage.db import Database
from storage.directory import Agent, Directory, Link, Person, Team
from storage.tables import accounts, charges, lineage, links, presence, spend
from storage.tables import people as people_
from storage.tables import terms as terms_
from tests.support import plain_people

IDS = ("ana", "bob", "kim", "max")
TEAMS = ("ads", "eng", "search")
FIRST = date(2026, 11, 1)
MADE = (people_, accounts, lineage, presence, spend, links)

persons = st.builds(
    Person,
    id=st.sampled_from(IDS),
    name=st.sampled_from(["A", "B"]),
    email=st.sampled_from(["", "A@x.y"]),
    manager=st.sampled_from(["", *IDS]),
    team=st.sampled_from(["", *TEAMS, "strange"]),
    active=st.sampled_from([True, True, False]),
    joined=st.sampled_from([None, FIRST]),
    groups=st.sampled_from([(), ("contractors", "interns")]),
)
teams = st.builds(
    Team,
    id=st.sampled_from(TEAMS),
    name=st.just("T"),
    owner=st.sampled_from(["", *IDS]),
    parent=st.sampled_from(["", *TEAMS]),
)
directories = st.builds(
    Directory,
    people=st.lists(persons, max_size=4, unique_by=lambda one: one.id).map(tuple),
    teams=st.lists(teams, max_size=3, unique_by=lambda one: one.id).map(tuple),
    agents=st.lists(
        st.builds(Agent, st.just("bot"), st.just("Bot"), st.just("ana"), st.sampled_from(TEAMS)), max_size=1
    ).map(tuple),
    links=st.lists(
        st.builds(Link, st.just("llm"), st.just("user"), st.just("u1"), st.sampled_from(["person/ana", "team/ads"])),
        max_size=1,
    ).map(tuple),
)
# What the sources say, how many days later, and whether terms are posted before.
histories = st.lists(st.tuples(directories, st.sampled_from([0, 1, 3]), st.booleans()), min_size=2, max_size=4)
Steps = Sequence[tuple[Directory, int, bool]]


def rows(conn: Connection) -> dict[str, list[Any]]:
    """All that a reading of the people sources makes."""
    found = {table.name: conn.execute(select(table)).all() for table in MADE}
    # A person who moves away and back leaves nothing in the rollup, or noughts.
    found["spend"] = [row for row in found["spend"] if any(row[-4:])]
    return {name: sorted(map(repr, rows_)) for name, rows_ in found.items()}


class Undone(Exception):  # noqa: N818 - nothing is wrong
    """What was done is taken back."""


def plainly(database: Database, directory: Directory, today: date) -> dict[str, list[Any]]:
    """What the plain way would make of it."""
    made: dict[str, list[Any]] = {}

    def work(conn: Connection) -> None:
        plain_people.apply(conn, directory, today)
        made.update(rows(conn))
        raise Undone

    with pytest.raises(Undone):
        database.transact(work)
    return made


def spent_each_day(conn: Connection) -> None:
    """Everybody who is known has spent something on each of twelve days."""
    known = conn.scalars(select(accounts.c.id).where(accounts.c.kind == "person")).all()
    known_links = [(Link("llm", "user", each, each), "explicit", "") for each in known]
    people.link_all(conn, known_links)
    batch = [
        Charge("llm", datetime(2026, 11, day, tzinfo=UTC), 24, "m", subject=each, requests=1, cost_nanos=7)
        for each in known
        for day in range(1, 13)
    ]
    ingest.record(
        conn, batch, ZoneInfo("UTC"), lambda cost, _currency, _day: (cost, 1), datetime(2026, 11, 1, tzinfo=UTC)
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_any_history_gives_the_same_as_row_by_row(database: Database, steps: Steps) -> None:
    """Who comes, leaves, comes back, moves, and whose team moves; what they spent goes where it belongs."""

    def empty(conn: Connection) -> None:
        for table in (*MADE, charges, terms_):
            conn.execute(table.delete())

    database.transact(empty)
    today = FIRST
    for number, (directory, days, posted) in enumerate(steps):
        today += timedelta(days)
        if posted:
            term = terms.Term("b", FIRST, "person", str(number), 1, "USD", "clock", datetime(2026, 11, 1, tzinfo=UTC))
            database.transact(partial(terms.post, new=term))
        expected = plainly(database, directory, today)
        database.transact(partial(people.apply, directory=directory, today=today, leavers_percent=100))
        assert database.ask(rows) == expected
        database.transact(spent_each_day)


def test_a_team_that_moves_takes_along_everybody_however_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they spent from that day on counts there, a part of the people at a time."""
    monkeypatch.setattr(ingest, "MOVED_AT_ONCE", 2)
    crew = tuple(Person(f"p{n}", f"P{n}", team="search") for n in range(5))
    both = Directory(crew, (Team("search", "Search"), Team("eng", "Engineering")))
    database.transact(partial(people.apply, directory=both, today=FIRST))
    database.transact(spent_each_day)
    moved = replace(both, teams=(Team("search", "Search", parent="eng"), both.teams[1]))
    later = FIRST + timedelta(days=5)
    expected = plainly(database, moved, later)
    database.transact(partial(people.apply, directory=moved, today=later))

    assert database.ask(rows) == expected
    in_eng = select(func.sum(spend.c.cost_nanos)).where(spend.c.account_id == "team/eng")
    assert database.ask(lambda conn: conn.execute(in_eng).scalar_one()) == 5 * 7 * 7


HERE = Directory(
    people=(Person("ana", "Ana", team="search"), Person("max", "Max", team="search")),
    teams=(Team("search", "Search", "max"), Team("eng", "Engineering")),
)


def test_what_others_wrote_meanwhile_is_seen(database: Database) -> None:
    """Then it is compared anew."""
    database.transact(lambda conn: people.apply(conn, HERE, FIRST))
    with database.apart() as apart:
        apart.prepare(lambda conn: roster.stage(conn, HERE, "Organization"))
        found = apart.prepare(lambda conn: roster.compare(conn, 20))
        assert apart.transact(lambda conn: roster.is_as_compared(conn, found))
        database.transact(lambda conn: people.relink(conn, Link("llm", "user", "u", "person/ana")))
        database.transact(lambda conn: people_sources.note(conn, "other", datetime(2026, 11, 1, tzinfo=UTC)))
        assert not apart.transact(lambda conn: roster.is_as_compared(conn, found))


def test_the_same_again_writes_nothing(database: Database) -> None:
    """Nothing is found that is otherwise, whoever left included."""
    left = replace(HERE, people=(HERE.people[0], replace(HERE.people[1], active=False)))
    for directory in (HERE, left):
        database.transact(partial(people.apply, directory=directory, today=FIRST))

    def differences(conn: Connection) -> list[int]:
        roster.stage(conn, left, "Organization")
        roster.compare(conn, 20)
        differs = select(func.count()).select_from(roster.other_accounts).where(roster.other_accounts.c.differs)
        counts = (select(func.count()).select_from(each) for each in (roster.other_people, roster.other_lines))
        return [conn.execute(each).scalar_one() for each in (*counts, differs)]

    assert database.transact(differences) == [0, 0, 0]


class Died(Exception):  # noqa: N818 - the process is gone
    """The process died."""


def test_a_reading_that_dies_anywhere_leaves_everything_as_it_was(database: Database) -> None:
    """Half a state is never seen: it is written in one transaction, and the next reading begins anew."""
    database.transact(partial(people.apply, directory=HERE, today=FIRST))
    later = FIRST + timedelta(days=3)
    moved = replace(
        HERE,
        people=(replace(HERE.people[0], team="eng", name="Ana Costa"), Person("zoe", "Zoe", team="eng")),
        links=(Link("llm", "user", "u1", "person/zoe"),),
    )
    before = database.ask(rows)
    statements = 0

    def dies(last: int, conn: Connection) -> None:
        nonlocal statements
        statements = 0

        def count(*_: object) -> None:
            nonlocal statements
            statements += 1
            if statements > last:
                raise Died

        event.listen(conn, "after_cursor_execute", count)
        try:
            people.apply(conn, moved, later, leavers_percent=100)
        finally:
            event.remove(conn, "after_cursor_execute", count)

    for last in range(30, 1_000, 3):
        with suppress(Died):
            database.transact(partial(dies, last))
            break
        assert database.ask(rows) == before
    assert database.ask(rows) != before
