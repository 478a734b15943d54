"""A day that is recorded in slices: at every moment each cell is as it was or as it is now, and orders come between."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from storage import db, ingest, ledger, people
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.ingest import Recorded, WholeDay
from storage.ledger import Entry
from storage.tables import charge_versions, charges, entries, spend
from storage.turns import Turns
from tests.support.clock import NOW

UTC_ZONE = ZoneInfo("UTC")
DAY = date(2026, 11, 10)
START = datetime(2026, 11, 10, tzinfo=UTC)
HERE = Directory(
    people=tuple(Person(f"p{n}", f"P {n}", f"p{n}@x.example", team="search" if n % 2 else "ads") for n in range(6)),
    teams=(Team("search", "Search", "p0"), Team("ads", "Ads", "p0")),
    links=tuple(Link("llm", "user", f"u{n}", f"person/p{n}") for n in range(5)),
)
Cells = dict[tuple[str, str], int]


class DiedError(Exception):
    """The process is gone."""


@pytest.fixture
def company(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Six people in two teams; a slice is three cells."""
    monkeypatch.setattr(ingest, "SLICE_CELLS", 3)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MAX", 3)
    database.transact(lambda conn: people.apply(conn, HERE, date(2026, 11, 1)))
    return database


def same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    """The house counts in the provider's currency."""
    return cost_nanos, ingest.NANOS


def told(cells: Cells) -> list[Charge]:
    """Charges of a day, by key and user."""
    return [
        Charge("llm", START, 24, "m", resource=key, subject=user, tokens_input=7, cost_nanos=cost)
        for (key, user), cost in cells.items()
    ]


def nothing(*_: object) -> None:
    """Nothing else is written."""


def record(database: Database, cells: Cells, whole: WholeDay | None = WholeDay("llm", DAY), **then: object) -> Recorded:
    """Record a day in slices."""
    does = {"meanwhile": nothing, "at_last": nothing, **then}
    with database.apart() as apart:
        return ingest.record_apart(apart, told(cells), UTC_ZONE, same, NOW, whole, **does)  # type: ignore[arg-type]


def kept(conn: Connection) -> Cells:
    """What is charged."""
    rows = conn.execute(select(charges.c.resource, charges.c.subject, charges.c.cost_nanos))
    return {(row[0], row[1]): row[2] for row in rows}


def rollup(conn: Connection) -> list[tuple[object, ...]]:
    """The rollup without rows of nothing."""
    rows = select(spend).where((spend.c.tokens != 0) | (spend.c.cost_nanos != 0)).order_by(*spend.primary_key)
    return [tuple(row) for row in conn.execute(rows)]


def is_right(database: Database) -> bool:
    """Whether the rollup is what a rebuild would make of the charges."""
    before = database.ask(rollup)
    database.transact(ingest.rebuild)
    return before == database.ask(rollup)


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["", "k1", "k2"]), st.sampled_from([f"u{n}" for n in range(6)])),
    st.integers(1, 9),
    max_size=18,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=CELLS, after=CELLS, complete=st.booleans(), dies_after=st.integers(1, 9))
def test_at_every_moment_a_cell_is_as_it_was_or_as_it_is_now(
    company: Database, before: Cells, after: Cells, complete: bool, dies_after: int
) -> None:
    """Also where the process dies; the next reading does the rest, and finds no more to do."""
    whole = WholeDay("llm", DAY) if complete else None
    company.transact(lambda conn: [conn.execute(each.delete()) for each in (charges, charge_versions, spend)])
    company.transact(lambda conn: ingest.record(conn, told(before), UTC_ZONE, same, NOW))
    wanted = (after if complete and after else {**before, **after}) if after else before
    slices = 0

    def meanwhile(conn: Connection, account_ids: Sequence[str]) -> None:
        nonlocal slices
        slices += 1
        now = kept(conn)
        assert all(now.get(cell) in (before.get(cell), wanted.get(cell)) for cell in {*before, *after})
        assert set(account_ids) <= {"unallocated", *(f"person/p{n}" for n in range(5))}
        if slices == dies_after:
            raise DiedError

    try:
        record(company, after, whole, meanwhile=meanwhile)
    except DiedError:
        assert is_right(company)
        record(company, after, whole)
    assert company.ask(kept) == wanted
    assert is_right(company)
    assert record(company, after, whole) == Recorded(len(after), 0)


def test_a_slice_is_whole_or_not_at_all(company: Database) -> None:
    """What was written before it stays."""
    cells = {(f"k{n}", f"u{n}"): 1 for n in range(5)}

    def at_last(_: Connection) -> None:
        raise DiedError

    with pytest.raises(DiedError):
        record(company, cells, at_last=at_last)
    assert company.ask(kept) == {(f"k{n}", f"u{n}"): 1 for n in range(3)}
    assert is_right(company)


def test_what_goes_and_what_comes_in_its_place_count_in_the_same_moment(company: Database) -> None:
    """A key that changed hands is a cell that goes and one that comes: never both, never neither."""
    before = {(f"k{n}", "u1"): 10 for n in range(8)}
    record(company, before)
    after = {(key, "u2"): cost for (key, _), cost in before.items()}
    seen = []

    def total(conn: Connection, _: Sequence[str]) -> None:
        seen.append(conn.execute(select(func.sum(spend.c.cost_nanos)).where(spend.c.account_id == "org")).scalar_one())

    record(company, after, meanwhile=total)
    assert list(map(int, seen)) == [80, 80]
    assert company.ask(kept) == after


def test_a_day_of_which_little_is_left_goes_in_slices_as_well(company: Database) -> None:
    """It is not all taken back at once."""
    record(company, {(f"k{n:02}", "u1"): 1 for n in range(12)})
    sizes = []

    def size(conn: Connection, _: Sequence[str]) -> None:
        sizes.append(len(kept(conn)))

    assert record(company, {("k05", "u1"): 1}, meanwhile=size).rows_changed == 11
    assert sizes == [9, 7, 4]
    assert len(company.ask(lambda conn: conn.execute(select(charge_versions)).all())) == 11
    assert is_right(company)


def test_an_order_comes_between_two_slices(company: Database) -> None:
    """It waits for the one that is being written, and not for all of them."""
    counted = select(func.count()).select_from(entries)
    order: list[threading.Thread] = []
    found: list[int] = []

    def write() -> None:
        entry = Entry("grant/1", "person/p1", "monthly", date(2026, 11, 1), "grant", 1, "USD", "p0", "", NOW)
        company.transact(lambda conn: ledger.post(conn, [entry]))

    def meanwhile(conn: Connection, _: Sequence[str]) -> None:
        found.append(conn.execute(counted).scalar_one())
        if not order:
            order.append(threading.Thread(target=write))
            order[0].start()
            while company.is_sqlite and not company._turns._waiting:
                pass
            if not company.is_sqlite:
                order[0].join()

    record(company, {(f"k{n:02}", "u1"): 1 for n in range(12)}, meanwhile=meanwhile)
    order[0].join()
    assert found == [0, 1, 1]


def test_a_slice_for_which_orders_waited_too_long_makes_the_next_one_smaller(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody waits for a slice, it stays as large as it may be."""
    monkeypatch.setattr(ingest, "SLICE_CELLS", 8)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MAX", 8)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MIN", 2)
    monkeypatch.setattr(ingest, "SLICE_S", 0.0)  # whatever a slice takes is too long
    sizes = [0]

    def size(conn: Connection, _: Sequence[str]) -> None:
        sizes.append(len(kept(conn)))

    record(company, {(f"k{n:02}", "u1"): 1 for n in range(20)}, meanwhile=size)
    assert sizes == ([0, 8, 10, 12, 14, 16, 18] if company.is_sqlite else [0, 8, 16])
    assert is_right(company)


@pytest.mark.parametrize(
    ("cells", "held_s", "following"),
    [(2_500, 0.15, 2_500), (2_500, 0.4, 1_250), (2_500, 60.0, 100), (600, 0.05, 1_200), (4_000, 0.05, 5_000)],
)
def test_slices_are_as_large_as_what_an_order_may_wait(cells: int, held_s: float, following: int) -> None:
    """They grow again when the machine has time."""
    assert ingest.next_size(cells, held_s) == following


def test_orders_have_as_long_as_the_slice_for_which_one_of_them_waited(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of an order is an order again, and should not wait for the next slice."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    order = threading.Thread(target=company.transact, args=(nothing,))

    def waited_for(_: Connection) -> None:
        order.start()
        while company.is_sqlite and not company._turns.waits:
            pass

    with company.apart() as apart:
        apart.transact(nothing)
        alone_s = apart.held_s
        apart.transact(waited_for)
        assert pauses == [alone_s * db.PAUSE_SHARE, min(db.PAUSE_MAX_S, apart.held_s * db.PAUSE_SHARE_AFTER_WAIT)]
        assert (apart.held_s > 0) == company.is_sqlite
    order.join()


def test_a_turn_is_given_in_the_order_in_which_it_was_asked_for() -> None:
    """Whoever gives it back and wants it again is the last in the row; who waited too long is not in it any more."""
    turns, came = Turns(), []
    assert turns.take(0)
    assert not turns.take(0)

    def wait(number: int) -> None:
        assert turns.take(60)
        came.append(number)
        turns.give_back()

    waiting = []
    for number in range(3):
        waiting.append(threading.Thread(target=wait, args=(number,)))
        waiting[-1].start()
        while len(turns._waiting) <= number:
            pass
    turns.give_back()
    assert turns.take(60)
    for each in waiting:
        each.join()
    assert came == [0, 1, 2]
    turns.give_back()


def test_cells_of_one_key_in_two_providers_are_two(company: Database) -> None:
    """A whole day of one takes nothing back of the other, whatever their names sort like."""
    other = [replace(each, provider=name) for name in ("lla", "llz") for each in told({("k1", "u1"): 5})]
    company.transact(lambda conn: ingest.record(conn, other, UTC_ZONE, same, NOW))
    record(company, {(f"k{n:02}", "u1"): 1 for n in range(7)})
    assert len(company.ask(lambda conn: conn.execute(select(charges)).all())) == 9
