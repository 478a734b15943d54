"""The outbox: how things outside should be, kept until they are so.

An item has a key that names the thing. Another word under the key replaces the payload and raises the version: only the
last word is sent. A deliverer leases an item, makes it so, and settles it; a deliverer that dies loses its lease and
another one repeats the work, which changes nothing, because an item says how something should be.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, func, or_, select, update

from storage.tables import Instant, outbox_items
from storage.upsert import insert_for

OutboxKind = Literal["show", "say", "event", "pull", "limit", "pause", "answer"]
ItemState = Literal["open", "done", "parked"]

LEASE = timedelta(seconds=60)
UNREACHED = "unlinked"
"""The target of messages for people of whom no account is known."""
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A row of the outbox.

    Args:
        id: its number.
        key: names the thing outside.
        kind: "show" a message, "say" a sentence, handle an "event", "pull" from a provider, "limit" or "pause"
            somebody at a provider, "answer" a provider's own request.
        target: the platform or the provider concerned.
        payload: how it should be, as JSON.
        version: counts the words said under the key.
        attempts: failed attempts at this version.
        receipt: what the outside gave for the thing, "" before the first time.
        holder: the lease's token.
        due_at: not before.
        error: why it is not yet delivered, "" if nothing went wrong.
        state: open, done, or parked because trying again is useless until somebody acts.
    """

    id: int
    key: str
    kind: OutboxKind
    target: str
    payload: str
    version: int
    attempts: int
    receipt: str
    holder: str
    due_at: datetime
    error: str
    state: ItemState


_COLUMNS = [outbox_items.c[name] for name in OutboxItem.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is said under a key; see OutboxItem."""

    key: str
    kind: OutboxKind
    target: str
    payload: str
    due_at: datetime


@cache
def _ensured(dialect: str, *, again: bool) -> Any:
    """Insert, or replace what was said before if that was something else. Built once: it runs in every order."""
    statement = insert_for(dialect, outbox_items)
    said = statement.excluded
    news = outbox_items.c.payload != said.payload
    return statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "payload": said.payload,
            "target": said.target,
            "due_at": said.due_at,
            "version": outbox_items.c.version + 1,
            "state": "open",
            "attempts": 0,
        },
        where=or_(news, outbox_items.c.state != "open") if again else news,
    )


@cache
def _ensured_one(dialect: str, *, again: bool) -> Any:
    return _ensured(dialect, again=again).returning(outbox_items.c.key)


def ensure(
    conn: Connection,
    key: str,
    kind: OutboxKind,
    target: str,
    payload: str,
    due_at: datetime,
    now: datetime,
    *,
    again: bool = False,
) -> bool:
    """OutboxItem that something outside be so.

    The same word again changes nothing, unless `again` says that one which was delivered, or given up, must be seen to
    anew. Another payload under the key is the new last word. A lease that another deliverer holds is left alone: it
    will find that its version is old when it settles.

    Returns:
        Whether there is something new to deliver.
    """
    row = _row(NewItem(key, kind, target, payload, due_at), now)
    return conn.execute(_ensured_one(conn.dialect.name, again=again), row).first() is not None


def ensure_all(conn: Connection, items: Sequence[NewItem], now: datetime, *, again: bool = False) -> None:
    """The same for many in one statement, in their order; of two under one key the last counts."""
    if items:
        conn.execute(_ensured(conn.dialect.name, again=again), [_row(each, now) for each in items])


def _row(item: NewItem, now: datetime) -> dict[str, object]:
    return {
        "key": item.key,
        "kind": item.kind,
        "target": item.target,
        "payload": item.payload,
        "version": 1,
        "state": "open",
        "due_at": item.due_at,
        "held_until": item.due_at,
        "holder": "",
        "attempts": 0,
        "receipt": "",
        "error": "",
        "made_at": now,
    }


def find(conn: Connection, key: str) -> OutboxItem | None:
    """The item under a key, or None."""
    row = conn.execute(select(*_COLUMNS).where(outbox_items.c.key == key)).first()
    return OutboxItem(*row) if row else None


_STATES = select(outbox_items.c.key, outbox_items.c.state)
_KNOWN = select(outbox_items.c.key).where(outbox_items.c.key.in_(bindparam("keys", expanding=True)))


def known(conn: Connection, keys: Collection[str]) -> set[str]:
    """Those of some keys under which there ever was an item."""
    return set(conn.scalars(_KNOWN, {"keys": list(keys)})) if keys else set()


def under(conn: Connection, prefixes: Sequence[str]) -> dict[str, ItemState]:
    """Everything that there ever was under keys with one of some beginnings, in the order it was first said.

    Args:
        conn: any connection.
        prefixes: such as "request/42/".
    """
    bounds: dict[str, str] = {}
    for number, prefix in enumerate(prefixes):
        bounds |= {f"from_{number}": prefix, f"until_{number}": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
    return {row[0]: row[1] for row in conn.execute(_under(len(prefixes)), bounds)}


def payloads(conn: Connection, prefix: str) -> dict[str, str]:
    """What was last said under each key with a beginning, in the order it was first said."""
    key = outbox_items.c.key
    here = and_(key >= prefix, key < prefix[:-1] + chr(ord(prefix[-1]) + 1))
    rows = conn.execute(select(key, outbox_items.c.payload).where(here).order_by(outbox_items.c.id))
    return {row[0]: row[1] for row in rows}


@cache
def _under(count: int) -> Any:
    """A range of keys for each beginning: they are ordered by their bytes."""
    key = outbox_items.c.key
    ranges = (and_(key >= bindparam(f"from_{number}"), key < bindparam(f"until_{number}")) for number in range(count))
    return _STATES.where(or_(*ranges)).order_by(outbox_items.c.id)


def receipt_of(conn: Connection, key: str) -> tuple[ItemState, str]:
    """How far what a key names has come, and what the outside gave for it.

    Raises:
        NoResultFound: there never was an item under the key.
    """
    row = conn.execute(select(outbox_items.c.state, outbox_items.c.receipt).where(outbox_items.c.key == key)).one()
    return row.state, row.receipt


def claim(
    conn: Connection, targets: Collection[str], now: datetime, rows_max: int, lease: timedelta
) -> list[OutboxItem]:
    """Lease items that are due, oldest first, for targets that this process can reach."""
    holder = secrets.token_hex(8)
    due = (
        select(outbox_items.c.id)
        .where(
            outbox_items.c.state == "open",
            outbox_items.c.due_at <= now,
            outbox_items.c.held_until <= now,
            outbox_items.c.target.in_(list(targets)),
        )
        .order_by(outbox_items.c.due_at, outbox_items.c.id)
        .limit(rows_max)
        .with_for_update(skip_locked=True)
    )
    taken = update(outbox_items).where(outbox_items.c.id.in_(due.scalar_subquery()))
    rows = conn.execute(taken.values(held_until=now + lease, holder=holder).returning(*_COLUMNS))
    return sorted((OutboxItem(*row) for row in rows), key=lambda item: (item.due_at, item.id))


def _still_held(item: OutboxItem) -> ColumnElement[bool]:
    return and_(outbox_items.c.id == item.id, outbox_items.c.holder == item.holder)


def renew(conn: Connection, item: OutboxItem, until: datetime) -> bool:
    """Keep a lease for longer work; False if it was lost to another."""
    statement = update(outbox_items).where(_still_held(item)).values(held_until=until)
    return bool(conn.execute(statement).rowcount)


def settle(conn: Connection, item: OutboxItem, receipt: str, now: datetime) -> bool:
    """Note that an item was delivered, if the lease is still ours. A newer word under the key stays open.

    Returns:
        Whether the lease was still ours.
    """
    done = outbox_items.c.version == item.version
    values = {
        "receipt": receipt,
        "error": "",
        "holder": "",
        "held_until": now,
        "attempts": 0,
        "settled_at": now,
    }
    held = _still_held(item)
    same = update(outbox_items).where(held, done).values(state="done", **values)
    if conn.execute(same).rowcount:
        return True
    newer = update(outbox_items).where(held).values(**values)
    return bool(conn.execute(newer).rowcount)


def postpone(conn: Connection, item: OutboxItem, error: str, until: datetime | None) -> None:
    """Note why an item is not yet delivered and when to try again; None parks it until somebody acts."""
    values: dict[str, object] = {"error": error, "holder": "", "attempts": item.attempts + 1}
    values |= {"state": "parked"} if until is None else {"held_until": until}
    held = _still_held(item)
    if until is None:
        conn.execute(
            update(outbox_items).where(held, outbox_items.c.version != item.version).values(holder="", error=error)
        )
        held = and_(held, outbox_items.c.version == item.version)
    conn.execute(update(outbox_items).where(held).values(**values))


def shown_at(conn: Connection, target: str, place: str) -> list[OutboxItem]:
    """Messages that are to be seen at one place, in the order they were first made."""
    mine = outbox_items.c.key.like(f"%@{target}:{place}")
    rows = conn.execute(
        select(*_COLUMNS)
        .where(outbox_items.c.kind == "show", outbox_items.c.target == target, mine)
        .order_by(outbox_items.c.id),
    )
    return [OutboxItem(*row) for row in rows]


def shown_as(conn: Connection, target: str, receipt: str) -> OutboxItem | None:
    """The message that a platform gave a receipt for, None if the outbox did not send it."""
    mine = outbox_items.c.kind == "show", outbox_items.c.target == target, outbox_items.c.receipt == receipt
    row = conn.execute(select(*_COLUMNS).where(*mine)).first()
    return None if row is None else OutboxItem(*row)


def waiting(conn: Connection, now: datetime, long: timedelta) -> dict[str, int]:
    """How many items are open, how many are parked, and how many of the open ones are "late".

    What is not due yet, such as a timer, waits for nothing.

    Args:
        conn: any connection.
        now: the moment.
        long: what is due for longer is late.
    """
    here = outbox_items.c.state != "done", outbox_items.c.due_at <= now
    late = func.sum(case((outbox_items.c.due_at < now - long, 1), else_=0))
    rows = conn.execute(select(outbox_items.c.state, func.count(), late).where(*here).group_by(outbox_items.c.state))
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    return {**{state: count for state, (count, _) in found.items()}, "late": found.get("open", (0, 0))[1]}


def troubled(conn: Connection) -> list[OutboxItem]:
    """Items that failed at least once and are not yet delivered, oldest first, at most twenty.

    Those for people of whom no account is known are counted by `waiting_at`.
    """
    rows = conn.execute(
        select(*_COLUMNS)
        .where(outbox_items.c.state != "done", outbox_items.c.error != "", outbox_items.c.target != UNREACHED)
        .order_by(outbox_items.c.id)
        .limit(20),
    )
    return [OutboxItem(*row) for row in rows]


def refused(conn: Connection, kind: OutboxKind, target: str) -> dict[str, str]:
    """Why the items of a kind at one target are not yet delivered, by key; those that failed at least once."""
    here = outbox_items.c.kind == kind, outbox_items.c.target == target
    failed = outbox_items.c.state != "done", outbox_items.c.error != ""
    rows = conn.execute(select(outbox_items.c.key, outbox_items.c.error).where(*here, *failed))
    return {row[0]: row[1] for row in rows}


def reopen(conn: Connection, now: datetime) -> int:
    """Let everything that was given up be tried again; how many there were."""
    parked = update(outbox_items).where(outbox_items.c.state == "parked")
    return conn.execute(parked.values(state="open", attempts=0, held_until=now)).rowcount


_WAKE = (
    update(outbox_items)
    .where(outbox_items.c.target == bindparam("where"), outbox_items.c.state != "done")
    .where(outbox_items.c.key.endswith(bindparam("place")))
    .values(state="open", attempts=0, held_until=bindparam("now", type_=Instant))
)


def wake(conn: Connection, target: str, places: Collection[str], now: datetime) -> None:
    """Let everything that waits for some places be tried at once."""
    if places:
        conn.execute(_WAKE, [{"where": target, "place": f"@{target}:{each}", "now": now} for each in sorted(places)])


def waiting_at(conn: Connection, target: str) -> dict[str, int]:
    """How much waits for each place of a target that could not be reached, by the place's id."""
    rows = conn.execute(
        select(outbox_items.c.key).where(
            outbox_items.c.target == target, outbox_items.c.state != "done", outbox_items.c.error != ""
        )
    )
    return dict(sorted(Counter(key.rpartition(f"@{target}:")[2] for (key,) in rows).items()))


def prune(conn: Connection, now: datetime) -> None:
    """Forget sentences, events and pulls that were delivered long ago, and what waited too long for somebody unknown.

    Other messages stay, for they may change again.
    """
    forgotten = outbox_items.c.target == UNREACHED, outbox_items.c.due_at < now - KEPT
    conn.execute(delete(outbox_items).where(*forgotten))
    conn.execute(
        delete(outbox_items).where(
            outbox_items.c.state == "done",
            outbox_items.c.kind.in_(("say", "event", "pull")),
            outbox_items.c.settled_at < now - KEPT,
        ),
    )
