"""The outbox: items are kept until they are delivered, the last word wins."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from storage import outbox, pauses
from storage.db import Database
from storage.outbox import OutboxItem
from storage.pauses import DeliveryPause
from tests.support.clock import NOW, Clock

CHAT = outbox.Lane(("slack",), ("show",))


def ensure(database: Database, payload: str = "a", key: str = "k", clock: Clock | None = None) -> bool:
    """OutboxItem for something."""
    now = clock() if clock else NOW
    return database.transact(lambda conn: outbox.ensure(conn, key, "show", "slack", payload, now, now))


def claim(database: Database, clock: Clock) -> list[OutboxItem]:
    """Lease what is due."""
    return database.transact(lambda conn: outbox.claim(conn, CHAT, clock(), 10, outbox.LEASE))


def test_the_same_word_again_changes_nothing(database: Database, clock: Clock) -> None:
    """Saying it twice is saying it once, also after it came true."""
    assert ensure(database)
    assert not ensure(database)
    (item,) = claim(database, clock)
    database.transact(lambda conn: outbox.settle(conn, item, "r", clock()))

    assert not ensure(database)
    assert claim(database, clock) == []


def test_only_the_last_word_is_sent(database: Database, clock: Clock) -> None:
    """Three words under one key before anybody looked are one item with the third word."""
    for payload in "abc":
        ensure(database, payload)

    (item,) = claim(database, clock)
    assert (item.payload, item.version) == ("c", 3)


def test_a_newer_word_during_delivery_is_sent_after_it(database: Database, clock: Clock) -> None:
    """Settling an old version leaves the new one open, with the receipt that the old one got."""
    ensure(database, "a")
    (old,) = claim(database, clock)
    ensure(database, "b")
    database.transact(lambda conn: outbox.settle(conn, old, "receipt", clock()))

    (new,) = claim(database, clock)
    assert (new.payload, new.receipt) == ("b", "receipt")


def test_a_second_word_does_not_break_a_lease(database: Database, clock: Clock) -> None:
    """While one replica delivers, a new word does not hand the item to another."""
    ensure(database, "a")
    claim(database, clock)
    ensure(database, "b")

    assert claim(database, clock) == []


def test_a_dead_deliverers_item_is_taken_over_when_its_lease_ends(database: Database, clock: Clock) -> None:
    """Nothing is lost by a crash, and the dead one's late settlement does not count."""
    ensure(database)
    (dead,) = claim(database, clock)
    clock.forward(outbox.LEASE + timedelta(seconds=1))
    (alive,) = claim(database, clock)

    assert not database.transact(lambda conn: outbox.settle(conn, dead, "late", clock()))
    assert database.transact(lambda conn: outbox.settle(conn, alive, "r", clock()))


def test_a_postponed_item_waits_and_a_parked_one_waits_for_a_new_word(database: Database, clock: Clock) -> None:
    """Trouble delays; a final no parks until somebody says something new."""
    ensure(database)
    (item,) = claim(database, clock)
    later = clock() + timedelta(minutes=5)
    database.transact(lambda conn: outbox.postpone(conn, item, "down", later))
    assert claim(database, clock) == []

    clock.forward(timedelta(minutes=6))
    (again,) = claim(database, clock)
    assert (again.attempts, again.error) == (1, "down")
    database.transact(lambda conn: outbox.postpone(conn, again, "no such channel", None))
    clock.forward(timedelta(days=1))
    assert claim(database, clock) == []

    ensure(database, "new word", clock=clock)
    assert len(claim(database, clock)) == 1


def test_a_new_word_while_the_old_one_is_refused_is_not_parked_with_it(database: Database, clock: Clock) -> None:
    """Only the version that was refused is given up."""
    ensure(database, "a")
    (item,) = claim(database, clock)
    ensure(database, "b")
    database.transact(lambda conn: outbox.postpone(conn, item, "no", None))
    clock.forward(outbox.LEASE + timedelta(seconds=1))

    assert [each.payload for each in claim(database, clock)] == ["b"]


@pytest.mark.parametrize("deliverers", [4])
def test_many_deliverers_share_the_items_without_taking_one_twice(
    database: Database, clock: Clock, deliverers: int
) -> None:
    """Each item is leased by exactly one."""
    for n in range(40):
        ensure(database, key=f"k{n:02}")
    taken: list[str] = []
    barrier = threading.Barrier(deliverers)

    def work() -> None:
        barrier.wait()
        while items := claim(database, clock):
            taken.extend(item.key for item in items)

    threads = [threading.Thread(target=work) for _ in range(deliverers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [f"k{n:02}" for n in range(40)]


def test_messages_of_each_workspace_have_a_lane_of_their_own(database: Database, clock: Clock) -> None:
    """What begins with no workspace is in the lane of all the rest; a pause of one stops no other."""
    first = outbox.Lane(("slack",), ("show",), others=("T2", "T3"))
    second = outbox.Lane(("slack",), ("show",), workspace="T2")
    for place in ("C1", "U1", "T1/U1", "home/U1", "T2/C2/U9", "T2/U2", "home/T2/U2", "T3/U3", "T22/U4"):
        ensure(database, key=f"k@slack:{place}")

    def claimed(lane: outbox.Lane) -> set[str]:
        items = database.transact(lambda conn: outbox.claim(conn, lane, clock(), 10, outbox.LEASE))
        assert all(lane.holds(each) for each in items)
        database.transact(lambda conn: outbox.release(conn, items, clock()))
        return {each.place for each in items}

    rest = {"C1", "U1", "T1/U1", "home/U1", "T22/U4"}
    assert claimed(first) == rest
    assert claimed(second) == {"T2/C2", "T2/U2", "home/T2/U2"}
    pause = DeliveryPause(second.name, NOW, NOW + timedelta(seconds=10), "gone", refused=True)
    database.transact(lambda conn: pauses.begin(conn, pause))
    assert claimed(second) == set()
    assert claimed(first) == rest
    database.transact(lambda conn: (pauses.end(conn, second.name), pauses.begin(conn, replace(pause, target="slack"))))
    assert claimed(first) == set()
    assert claimed(second) == {"T2/C2", "T2/U2", "home/T2/U2"}
