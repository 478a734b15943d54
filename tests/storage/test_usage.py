"""Charges: what a provider says, restated as often as it likes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from storage import ingest, people
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.ingest import Recorded, WholeDay
from storage.spend import spent_by
from storage.tables import charge_versions, spend
from tests.support.clock import NOW

BERLIN = ZoneInfo("Europe/Berlin")
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
HERE = Directory(
    people=(Person("ana", "Ana", "ana@x.example", team="search"), Person("bob", "Bob", "bob@x.example", team="ads")),
    teams=(Team("search", "Search", "ana"), Team("ads", "Ads", "bob")),
    links=(Link("llm", "user", "u-ana", "person/ana"), Link("llm", "user", "u-bob", "person/bob")),
)


def same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    """The house counts in the provider's currency."""
    return cost_nanos, ingest.NANOS


def charge(
    subject: str = "u-ana", day: int = 10, cost: int | None = 1_000, model: str = "m", tokens: int = 7
) -> Charge:
    """A day's cell."""
    start = datetime(2026, 11, day, tzinfo=UTC)
    return Charge("llm", start, 24, model, subject=subject, tokens_input=tokens, requests=1, cost_nanos=cost)


def record(database: Database, *batch: Charge, zone: ZoneInfo = BERLIN) -> Recorded:
    """Take a batch in."""
    return database.transact(lambda conn: ingest.record(conn, batch, zone, same, NOW))


def record_day(database: Database, *batch: Charge, day: int = 10) -> Recorded:
    """Take in all that the provider tells of a day."""
    whole = WholeDay("llm", date(2026, 11, day))
    return database.transact(lambda conn: ingest.record(conn, batch, BERLIN, same, NOW, whole))


def total(database: Database, account: str, first: date = NOVEMBER, end: date = DECEMBER) -> int:
    """Nanos an account spent."""
    return database.ask(lambda conn: sum(s.cost_nanos for s in spent_by(conn, account, first, end, "model")))


@pytest.fixture
def company(database: Database) -> Database:
    """Two people in two teams."""
    database.transact(lambda conn: people.apply(conn, HERE, date(2026, 11, 1)))
    return database


def test_a_charge_counts_for_its_account_and_every_account_above(company: Database) -> None:
    """One cell is seen by the person, the team and the organization, and by nobody else."""
    record(company, charge("u-ana", cost=1_000), charge("u-bob", cost=500))

    sums = {each: total(company, each) for each in ("person/ana", "team/search", "team/ads", "org", "unallocated")}
    assert sums == {"person/ana": 1_000, "team/search": 1_000, "team/ads": 500, "org": 1_500, "unallocated": 0}


def test_reading_the_same_report_again_changes_nothing(company: Database) -> None:
    """Invariant 3: the second reading finds nothing to do."""
    batch = (charge("u-ana"), charge("u-bob"), charge("u-ana", model="n", cost=None))

    assert record(company, *batch) == Recorded(3, 3)
    assert record(company, *batch) == Recorded(3, 0)
    assert total(company, "org") == 2_000


def test_a_restatement_replaces_its_own_cell_and_keeps_what_it_said_before(company: Database) -> None:
    """Invariant 3: the provider's latest word counts, and the earlier one can be looked up."""
    record(company, charge(cost=1_000))
    record(company, charge(cost=1_700))

    assert total(company, "person/ana") == 1_700
    before = company.ask(lambda conn: conn.execute(select(charge_versions.c.cost_nanos)).scalars().all())
    assert before == [1_000]


def test_an_unpriced_charge_is_counted_in_tokens_and_never_as_free(company: Database) -> None:
    """Invariant 3: unknown is not zero."""
    record(company, charge(cost=None, tokens=9))

    (spent,) = company.ask(lambda conn: spent_by(conn, "person/ana", NOVEMBER, DECEMBER, "model"))
    assert (spent.cost_nanos, spent.tokens, spent.tokens_unpriced) == (0, 9, 9)


def test_a_missing_bucket_is_not_zero(company: Database) -> None:
    """Invariant 3: a report that leaves a cell out says nothing about it."""
    record(company, charge(day=10), charge(day=11))
    record(company, charge(day=11))

    assert total(company, "person/ana") == 2_000


def test_a_cell_that_a_whole_day_leaves_out_is_taken_back_and_kept(company: Database) -> None:
    """A key that changed hands is told under its new owner, for the past too; it must not count for both."""
    record_day(company, charge("u-ana", cost=1_000), charge("u-bob", cost=500))

    assert record_day(company, charge("u-bob", cost=1_500)) == Recorded(1, 2)
    assert (total(company, "person/ana"), total(company, "person/bob"), total(company, "org")) == (0, 1_500, 1_500)
    before = company.ask(lambda conn: conn.execute(select(charge_versions.c.cost_nanos)).scalars().all())
    assert sorted(before) == [500, 1_000]
    assert record_day(company, charge("u-bob", cost=1_500)) == Recorded(1, 0)


def test_an_empty_day_takes_nothing_back(company: Database) -> None:
    """Invariant 3: no word is not the word zero."""
    record_day(company, charge("u-ana"))

    assert record_day(company) == Recorded(0, 0)
    assert total(company, "person/ana") == 1_000


def test_a_whole_day_is_one_providers_and_ends_at_midnight(company: Database) -> None:
    """The days around it and other providers say nothing about it; the hours within it do."""
    midnight = datetime(2026, 11, 10, tzinfo=UTC)
    hours = [
        replace(charge(cost=10**n), bucket_start=midnight + timedelta(hours=hour), bucket_hours=1)
        for n, hour in enumerate((-1, 0, 23, 24))
    ]
    record(company, *hours, replace(charge(cost=10_000), provider="other"))
    record_day(company, replace(hours[1], cost_nanos=20))

    assert total(company, "org") == 1 + 20 + 1_000 + 10_000


def test_what_was_taken_back_may_come_again(company: Database) -> None:
    """A report that was late in parts mends itself with the next reading."""
    for batch in (("u-ana", "u-bob"), ("u-bob",), ("u-ana", "u-bob")):
        record_day(company, *(charge(each, cost=1_000) for each in batch))

    assert (total(company, "person/ana"), total(company, "org")) == (1_000, 2_000)


def test_an_unknown_user_is_unallocated_until_linked_and_the_past_follows_the_link(company: Database) -> None:
    """Nothing is guessed, nothing is lost."""
    record(company, charge("u-who", cost=300))
    assert (total(company, "unallocated"), total(company, "org")) == (300, 300)

    def introduce(conn: Connection) -> int:
        new = Link("llm", "user", "u-who", "person/bob")
        people.link(conn, new, "explicit")
        return ingest.reattribute(conn, [new], NOW)

    assert company.transact(introduce) == 1
    assert (total(company, "unallocated"), total(company, "team/ads"), total(company, "org")) == (0, 300, 300)


def test_the_past_follows_many_links_in_several_walks(company: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """More links than one statement takes, of users and of keys: each cell moves once."""
    monkeypatch.setattr(ingest, "LINKED_AT_ONCE", 1)
    key = replace(charge("u-three", cost=4), resource="k-three")
    record(company, charge("u-one", cost=1), charge("u-two", cost=2), key)
    new = [
        Link("llm", "user", "u-one", "person/ana"),
        Link("llm", "key", "k-three", "person/bob"),
        Link("llm", "user", "u-two", "person/bob"),
    ]

    def introduce(conn: Connection) -> int:
        people.link_all(conn, ((each, "explicit", "") for each in new))
        return ingest.reattribute(conn, new, NOW)

    assert company.transact(introduce) == 3
    assert [total(company, each) for each in ("unallocated", "person/ana", "person/bob", "org")] == [0, 1, 6, 7]


def test_a_moved_persons_past_stays_with_the_old_team(company: Database) -> None:
    """A move on the 15th leaves the 10th where it was spent, also when the 10th is restated later."""
    moved = replace(HERE, people=(replace(HERE.people[0], team="ads"), HERE.people[1]))
    record(company, charge(day=10, cost=100))
    company.transact(lambda conn: people.apply(conn, moved, date(2026, 11, 15)))
    record(company, charge(day=10, cost=150), charge(day=16, cost=40))

    assert (total(company, "team/search"), total(company, "team/ads"), total(company, "person/ana")) == (150, 40, 190)


def test_an_hourly_bucket_counts_for_the_organizations_day(company: Database) -> None:
    """23:30 UTC on the 30th is December in Berlin; a day bucket counts for the day that the provider names."""
    hour = replace(charge(cost=10), bucket_start=datetime(2026, 11, 30, 23, tzinfo=UTC), bucket_hours=1)
    day = replace(charge(cost=1), bucket_start=datetime(2026, 11, 30, tzinfo=UTC))
    record(company, hour, day)

    assert total(company, "person/ana") == 1
    assert total(company, "person/ana", DECEMBER, date(2027, 1, 1)) == 10


def test_the_sum_of_single_days_is_the_report_of_many_days(company: Database) -> None:
    """Invariant 9, over the weekend of a clock change, hour by hour."""
    start = datetime(2026, 10, 23, tzinfo=UTC)
    hours = [replace(charge(cost=1 + n), bucket_start=start + timedelta(hours=n), bucket_hours=1) for n in range(100)]
    record(company, *hours)
    days = [date(2026, 10, 22) + timedelta(days=n) for n in range(8)]

    single = [total(company, "org", day, day + timedelta(days=1)) for day in days]
    assert sum(single) == total(company, "org", days[0], days[-1] + timedelta(days=1)) == sum(range(1, 101))


batches = st.lists(
    st.lists(
        st.builds(
            charge,
            st.sampled_from(["u-ana", "u-bob", "u-who"]),
            st.integers(8, 12),
            st.one_of(st.none(), st.integers(0, 10**12)),
            st.sampled_from(["m", "n"]),
            st.integers(0, 10**9),
        ),
        max_size=8,
        unique_by=lambda each: (each.subject, each.bucket_start, each.model),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches, st.data())
def test_the_rollup_is_what_a_rebuild_from_charges_would_make(
    company: Database, words: list[list[Charge]], data: st.DataObject
) -> None:
    """Invariant 1: a rollup may change cost, never meaning; and the last word about each cell is what counts."""
    company.transact(lambda conn: [conn.execute(text(f"delete from {t}")) for t in ("charges", "spend")])
    last: dict[tuple[str, datetime, str], int] = {}
    for batch in words:
        day = data.draw(st.sampled_from([None, 9, 10]))
        told = [each for each in batch if day in {None, each.bucket_start.day}]
        if day is None:
            record(company, *told)
        else:
            record_day(company, *told, day=day)
            last = {cell: cost for cell, cost in last.items() if not told or cell[1].day != day}
        last |= {(c.subject, c.bucket_start, c.model): c.cost_nanos or 0 for c in told}

    def rows(conn: Connection) -> list[object]:
        nonzero = select(spend).where((spend.c.tokens != 0) | (spend.c.requests != 0)).order_by(*spend.primary_key)
        return [tuple(row) for row in conn.execute(nonzero)]

    kept = company.ask(rows)
    company.transact(ingest.rebuild)
    assert (company.ask(rows), total(company, "org")) == (kept, sum(last.values()))
