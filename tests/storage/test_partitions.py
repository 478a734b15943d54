"""Charges by months: PostgreSQL keeps each month apart, and nobody can tell by any figure."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, func, select, text

from storage import comparisons, exports, ingest, partitions, people, retention, spend, usage_patterns
from storage.charges import Charge
from storage.copies import totals
from storage.db import BusyError, Database
from storage.directory import Directory, Link, Person, Team
from storage.ingest import WholeDay
from storage.tables import charge_versions, charges
from storage.tables import spend as rollup
from tests.support.at_once import at_once
from tests.support.clock import NOW
from tests.support.databases import Postgres, copied
from tests.support.paths import ROOT

UTC_ZONE, KIRITIMATI, NIUE = ZoneInfo("UTC"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")
HERE = Directory(
    people=tuple(Person(f"p{n}", f"P {n}", f"p{n}@x.example", team="search" if n % 2 else "ads") for n in range(4)),
    teams=(Team("search", "Search", "p0"), Team("ads", "Ads", "p0")),
    links=tuple(Link("llm", "user", f"u{n}", f"person/p{n}") for n in range(3)),
)
MONTH_ENDS = (
    datetime(2026, 9, 30, 23, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 12, 31, tzinfo=UTC),
)


LINK = Link("llm", "user", "u3", "person/p3")


def same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    """The house counts in the provider's currency."""
    return cost_nanos, ingest.NANOS


def cell(start: datetime, user: str = "u1", cost: int = 5, hours: int = 24) -> Charge:
    """A cell of a user."""
    return Charge("llm", start, hours, "m", subject=user, tokens_input=7, requests=1, cost_nanos=cost)


def company(database: Database) -> Database:
    """Four people in two teams."""
    database.transact(lambda conn: people.apply(conn, HERE, date(2026, 1, 1)))
    return database


def record(database: Database, *cells: Charge, zone: ZoneInfo = UTC_ZONE, whole: WholeDay | None = None) -> int:
    """Record some cells at once; how many were news."""
    done = database.transact(lambda conn: ingest.record(conn, cells, zone, same, NOW, whole))
    return done.rows_changed


def months(database: Database) -> list[date]:
    """Those that have a partition."""
    return sorted(database.ask(partitions.partitions))


def rows(conn: Connection, table: Table) -> list[str]:
    """All there is in a table, but for numbers that only count rows."""
    found = conn.execute(select(*(each for each in table.columns if each.name != "id")))
    return sorted(repr(tuple(row)) for row in found)


def everything(conn: Connection) -> dict[str, Any]:
    """What is charged, what it was, what it comes to, and what is answered about each two weeks."""
    found: dict[str, Any] = {table.name: rows(conn, table) for table in (charges, charge_versions, rollup)}
    for week in range(0, 18, 2):
        first = date(2026, 9, 20) + timedelta(weeks=week)
        end = first + timedelta(weeks=2)
        found[f"{first}"] = (
            comparisons.consumed(conn, "org", first, end, keys=False),
            comparisons.consumed(conn, "person/p1", first, end, keys=True),
            spend.spent_by(conn, "team/search", first, end, "day"),
            sorted(usage_patterns.spent_by_user(conn, first, end).items()),
            [tuple(line.charge) for line in exports.lines(conn, first, end)],
        )
    return found


@pytest.fixture
def both(postgres: Postgres, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """One database of which charges are kept by months, and one of which they are not."""
    with postgres.migrated() as url:
        made = Database(url), Database(copied(tmp_path / "plain.db"))
        yield company(made[0]), company(made[1])
        for each in made:
            each.close()


MOMENTS = st.sampled_from([end + timedelta(hours=n) for end in MONTH_ENDS for n in (-25, -1, 0, 1, 24)])
TOLD = st.lists(
    st.builds(cell, MOMENTS, st.sampled_from(["u0", "u1", "u2", "u3"]), st.integers(1, 9), st.sampled_from([1, 24])),
    max_size=8,
    unique_by=lambda each: (each.bucket_start, each.subject),
)
ZONES = st.sampled_from([UTC_ZONE, KIRITIMATI, NIUE])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(TOLD, ZONES, st.sampled_from(["told", "whole", "linked", "rebuilt"])), max_size=4))
def test_by_months_or_not_is_the_same(both: tuple[Database, Database], history: list[Any]) -> None:
    """After any history: cells, earlier words, sums and answers."""
    for database in both:
        database.transact(lambda conn: [conn.execute(each.delete()) for each in (charges, charge_versions, rollup)])
        for told, zone, what in history:
            day = told[0].bucket_start.date() if told else date(2026, 11, 1)
            of_day = [each for each in told if each.bucket_start.date() == day]
            if what == "whole":
                record(database, *of_day, zone=zone, whole=WholeDay("llm", day))
            else:
                record(database, *told, zone=zone)
            if what == "linked":
                database.transact(lambda conn: people.link(conn, LINK, "explicit"))
                database.transact(lambda conn: ingest.reattribute(conn, [LINK], NOW))
            if what == "rebuilt":
                database.transact(ingest.rebuild)
    assert both[0].ask(everything) == both[1].ask(everything)


@pytest.mark.parametrize(
    ("start", "zone", "day"),
    [
        (datetime(2026, 10, 31, 23, tzinfo=UTC), KIRITIMATI, date(2026, 11, 1)),
        (datetime(2026, 11, 1, 1, tzinfo=UTC), NIUE, date(2026, 10, 31)),
    ],
)
def test_a_day_is_found_whole_though_it_lies_in_two_months(
    database: Database, start: datetime, zone: ZoneInfo, day: date
) -> None:
    """An hour counts for the organization's day, which begins or ends in another month of UTC."""
    record(company(database), cell(start, hours=1), zone=zone)
    found = database.ask(lambda conn: comparisons.consumed(conn, "org", day, day + timedelta(days=1), keys=False))
    assert [each.cost_nanos for each in found] == [5]


def test_each_month_of_what_is_told_has_a_place_of_its_own(database: Database) -> None:
    """Also the last of a year; on SQLite there is nothing to be made."""
    record(company(database), *(cell(start) for start in MONTH_ENDS))
    wanted = [date(2026, 9, 1), date(2026, 11, 1), date(2026, 12, 1)]
    assert months(database) == ([] if database.is_sqlite else wanted)
    assert database.ask(totals)["charges"].rows == len(MONTH_ENDS)
    assert not [name for name in database.ask(totals) if name.startswith("charges_")]


def test_a_month_that_several_need_at_once_is_made_once(database: Database) -> None:
    """None of them fails."""
    company(database)
    starts = [datetime(2026, 12, day, tzinfo=UTC) for day in range(1, 6)]
    said = at_once(*(lambda start=start: record(database, cell(start)) for start in starts))
    assert said == ["1"] * len(starts)
    assert database.ask(lambda conn: conn.scalar(select(func.count()).select_from(charges))) == len(starts)


def test_a_question_about_some_days_opens_their_month_only(postgres: Postgres) -> None:
    """So does a cell that is told anew."""
    with postgres.migrated() as url:
        database = company(Database(url))
        record(database, *(cell(start) for start in MONTH_ENDS))
        asked = select(charges.c.model).where(partitions.of_days(date(2026, 10, 5), date(2026, 11, 15)))

        def plan(conn: Connection) -> str:
            said = str(asked.compile(conn, compile_kwargs={"literal_binds": True}))
            return "\n".join(conn.execute(text(f"explain {said}")).scalars())

        found = database.ask(plan)
        database.close()
    assert "charges_2026_11" in found
    assert "charges_2026_09" not in found
    assert "charges_2026_12" not in found


def test_months_that_may_be_forgotten_go_and_what_they_came_to_stays(database: Database) -> None:
    """What is told of them later does not count a second time, and neither does the rollup lose them."""
    record(company(database), *(cell(start) for start in MONTH_ENDS))
    sums = database.ask(totals)["spend"]
    for _ in range(2):
        database.transact(lambda conn: retention.charges_of_months(conn, datetime(2026, 12, 24, tzinfo=UTC), NOW))

    assert database.ask(totals)["charges"].rows == 1
    assert months(database) == ([] if database.is_sqlite else [date(2026, 12, 1)])
    assert record(database, *(cell(start, cost=9) for start in MONTH_ENDS[:2])) == 0
    database.transact(ingest.rebuild)
    assert database.ask(totals)["spend"] == sums
    assert record(database, cell(MONTH_ENDS[2], cost=9)) == 1


def test_what_is_restated_leaves_the_indexes_alone_on_postgresql(postgres: Postgres) -> None:
    """There is room for its next version on its own page."""
    updated = text(
        "select relname, pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid) from pg_class"
        " where relname in ('charges_2026_11', 'spend')"
    )
    cells = [[replace(cell(MONTH_ENDS[1], cost=n), model=f"m{k}") for k in range(300)] for n in (1, 2)]
    with postgres.migrated() as url:
        made = company(Database(url))
        record(made, *cells[0])

        def restated(conn: Connection) -> list[tuple[str, int, int]]:
            ingest.record(conn, cells[1], UTC_ZONE, same, NOW)
            return [(*row,) for row in conn.execute(updated)]

        found = made.transact(restated)
        made.close()
    assert len(found) == 2
    assert all(in_place > count / 10 for _, count, in_place in found), found


@pytest.fixture
def with_months(postgres: Postgres) -> Iterator[Database]:
    """A company on PostgreSQL with charges of several months."""
    with postgres.migrated() as url:
        made = company(Database(url))
        record(made, *(cell(start) for start in MONTH_ENDS))
        yield made
        made.close()


def forget(database: Database) -> int:
    """Forget all months before December."""
    return database.transact(lambda conn: retention.charges_of_months(conn, datetime(2026, 12, 24, tzinfo=UTC), NOW))


def left(conn: Connection) -> int:
    """Charges of December, found without a long wait for anybody's lock."""
    conn.exec_driver_sql("set local lock_timeout = 2000")
    december = partitions.of_days(date(2026, 12, 5), date(2027, 1, 2))
    return conn.execute(select(func.count()).select_from(charges).where(december)).scalar_one()


def test_nobody_waits_while_the_month_that_goes_is_in_use(with_months: Database) -> None:
    """PostgreSQL cleans a month with such a lock, and lets go of it a second after somebody else asks for it."""
    waits = text("select count(*) from pg_locks where not granted and relation = 'charges_2026_09'::regclass")
    with with_months._orders.connect() as cleaning, ThreadPoolExecutor() as threads:
        cleaning.exec_driver_sql("lock table only charges_2026_09 in share update exclusive mode")
        going = threads.submit(forget, with_months)
        while not with_months.ask(lambda conn: conn.execute(waits).scalar_one()):
            assert not going.done()
        assert with_months.ask(left) == 1
        cleaning.rollback()
        assert going.result() == len(MONTH_ENDS) - 1
    assert months(with_months) == [date(2026, 12, 1)]


def test_a_month_does_not_go_while_all_are_read_for_long_and_nobody_waits_for_it(with_months: Database) -> None:
    """Nothing is changed then, and it goes the next time."""
    before = months(with_months)
    with with_months._questions.connect() as reading, ThreadPoolExecutor() as threads:
        reading.execute(select(func.count()).select_from(charges))
        going = threads.submit(forget, with_months)
        while not going.done():
            assert with_months.ask(left) == 1
        with pytest.raises(BusyError):
            going.result()
    assert months(with_months) == before
    assert record(with_months, cell(MONTH_ENDS[0], cost=9)) == 1
    assert forget(with_months) == len(MONTH_ENDS) - 1


def test_charges_of_before_are_put_into_their_months(empty_url: str) -> None:
    """With their key, and nothing is lost."""
    made = Database(empty_url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage" / "migrations"))
    files = sorted((ROOT / "storage" / "migrations" / "versions").glob("[0-9]*.py"))
    before = files[[each.name.endswith("_charges_by_months.py") for each in files].index(True) - 1].name.partition("_")[
        0
    ]
    put = text(
        "insert into charges (provider, bucket_start, sub_account, resource, subject, model, tier, bucket_hours, day,"
        " account_id, tokens_input, tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, tokens_output,"
        " tokens_reasoning, requests, requests_failed, cost_nanos, currency, cost_source, cost_house_nanos, rate_nanos,"
        " version, recorded_at) values ('llm', :at, '', '', 'u1', 'm', '', 24, :day, 'unallocated', 7, 0, 0, 0, 0, 0,"
        " 1, 0, 5, 'USD', 'cost_report', 5, 1000000000, 1, :at)"
    )
    with made._orders.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, before)
        for start in MONTH_ENDS:
            at = f"{start:%Y-%m-%d %H:%M:%S}.000000" if made.is_sqlite else start
            conn.execute(put, {"at": at, "day": str(start.date()) if made.is_sqlite else start.date()})
    made.migrate()
    made.transact(ingest.rebuild)

    wanted = [] if made.is_sqlite else [date(2026, 9, 1), date(2026, 11, 1), date(2026, 12, 1)]
    assert months(made) == wanted
    assert record(made, *(cell(start, cost=5) for start in MONTH_ENDS)) == 0
    assert record(made, *(cell(start, cost=6) for start in MONTH_ENDS)) == len(MONTH_ENDS)
    found = made.ask(totals)
    made.close()
    assert (found["charges"].rows, found["charge_versions"].rows) == (len(MONTH_ENDS), len(MONTH_ENDS))
