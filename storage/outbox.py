"""The outbox: how things outside should be, kept until they are so.

An item has a key that names the thing. Another word under the key replaces the payload and raises the version: only the
last word is sent. A deliverer leases an item, makes it so, and settles it; a deliverer that dies loses its lease and
another one repeats the work, which changes nothing, because an item says how something should be.
"""

import re
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from storage.prepared import Prepared, Written
from storage.tables import Instant, delivery_pauses, outbox_items
from storage.upsert import insert_for

OutboxKind = Literal["show", "say", "event", "pull", "limit", "pause", "answer"]
ItemState = Literal["open", "done", "parked"]

LEASE = timedelta(seconds=60)
_CHANNEL = re.compile(r"((?:[TE][A-Z0-9]*/)?[CGD][^/]*|19:[^/]*)(?:/|\Z)")
"""A channel or direct message of Slack, perhaps with its workspace, or one of Teams; who is spoken to there follows."""
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
        place: of a message, the conversation, in which one is shown after the other.
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
    place: str


_COLUMNS = [outbox_items.c[name] for name in OutboxItem.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is said under a key; see OutboxItem."""

    key: str
    kind: OutboxKind
    target: str
    payload: str
    due_at: datetime


def _ensured(dialect: str, *, again: bool) -> Any:
    """Insert, or replace what was said before if that was something else."""
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
            "place": said.place,
            "blocks": False,
        },
        where=or_(news, outbox_items.c.state != "open") if again else news,
    )


def _ensured_one(dialect: str, *, again: bool) -> Any:
    return _ensured(dialect, again=again).returning(outbox_items.c.key)


_ENSURED = {again: Written(partial(_ensured, again=again)) for again in (False, True)}
_ENSURED_ONE = {again: Written(partial(_ensured_one, again=again)) for again in (False, True)}


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
    return bool(_ENSURED_ONE[again].rows(conn, row))


def ensure_all(conn: Connection, items: Sequence[NewItem], now: datetime, *, again: bool = False) -> None:
    """The same for many in one statement, in their order; of two under one key the last counts."""
    _ENSURED[again].many(conn, [_row(each, now) for each in items])


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
        "place": _place(item),
        "blocks": False,
    }


def _place(item: NewItem) -> str:
    """The conversation of a message: its channel or person, whoever is spoken to there, and in whatever thread.

    Those for whom no account is known have none yet.
    """
    if item.kind != "show" or item.target == UNREACHED:
        return ""
    place = item.key.rpartition(f"@{item.target}:")[2].partition("#")[0]
    channel = _CHANNEL.match(place)
    return channel[1] if channel else place


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
    return {row[0]: row[1] for row in _under(len(prefixes)).rows(conn, bounds)}


def payloads(conn: Connection, prefix: str) -> dict[str, str]:
    """What was last said under each key with a beginning, in the order it was first said."""
    key = outbox_items.c.key
    here = and_(key >= prefix, key < prefix[:-1] + chr(ord(prefix[-1]) + 1))
    rows = conn.execute(select(key, outbox_items.c.payload).where(here).order_by(outbox_items.c.id))
    return {row[0]: row[1] for row in rows}


@cache
def _under(count: int) -> Prepared:
    """A range of keys for each beginning: they are ordered by their bytes."""
    key = outbox_items.c.key
    ranges = (and_(key >= bindparam(f"from_{number}"), key < bindparam(f"until_{number}")) for number in range(count))
    return Prepared(_STATES.where(or_(*ranges)).order_by(outbox_items.c.id))


def receipt_of(conn: Connection, key: str) -> tuple[ItemState, str]:
    """How far what a key names has come, and what the outside gave for it.

    Raises:
        NoResultFound: there never was an item under the key.
    """
    row = conn.execute(select(outbox_items.c.state, outbox_items.c.receipt).where(outbox_items.c.key == key)).one()
    return row.state, row.receipt


@dataclass(frozen=True, slots=True)
class Lane:
    """What is delivered one after the other, beside the other lanes.

    Args:
        targets: the platform or provider.
        kinds: which items of theirs.
        workspace: of a platform with several, only the messages for this one.
        others: of the lane for all the rest, the workspaces that have their own.
    """

    targets: tuple[str, ...]
    kinds: tuple[OutboxKind, ...]
    workspace: str = ""
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is paused when nothing is taken here."""
        return f"{self.targets[0]}/{self.workspace}" if self.workspace else self.targets[0]

    def holds(self, item: OutboxItem) -> bool:
        """Whether an item is delivered in this lane."""
        workspace = item.place.removeprefix(_HOMES).partition("/")[0]
        here = workspace == self.workspace if self.workspace else workspace not in self.others
        return item.target in self.targets and item.kind in self.kinds and here

    def rows(self) -> list[ColumnElement[bool]]:
        """What the items of this lane have in common."""
        here = outbox_items.c
        of_workspace = [_of_workspace(self.workspace)] if self.workspace else []
        return [
            here.target.in_(self.targets),
            here.kind.in_(self.kinds),
            *of_workspace,
            *(~_of_workspace(each) for each in self.others),
        ]


def _of_workspace(workspace: str) -> ColumnElement[bool]:
    place = outbox_items.c.place
    return or_(place.startswith(f"{workspace}/"), place.startswith(f"{_HOMES}{workspace}/"))


_HOMES = "home/"


_EARLIER = outbox_items.alias("earlier")


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(outbox_items.c.state == "open", outbox_items.c.due_at <= now, outbox_items.c.held_until <= now)


def waiting_kinds(conn: Connection, now: datetime) -> set[tuple[str, str]]:
    """Of which targets and kinds something is due."""
    rows = conn.execute(select(outbox_items.c.target, outbox_items.c.kind).where(_due(now)).distinct())
    return {(row[0], row[1]) for row in rows}


def claim(conn: Connection, lane: Lane, now: datetime, rows_max: int, lease: timedelta) -> list[OutboxItem]:
    """Lease items of a lane that are due, oldest first.

    A message waits for those before it at its place: for what another deliverer is just showing there, and for what a
    place does not take yet. Nothing is leased for a target that is paused but a reading whose time has just come: it
    may be answered where the question whether all is well is not.
    """
    holder = secrets.token_hex(8)
    here = outbox_items.c
    overtakes = exists().where(
        here.place != "",
        _EARLIER.c.target == here.target,
        _EARLIER.c.place == here.place,
        _EARLIER.c.state == "open",
        _EARLIER.c.held_until > now,
        or_(_EARLIER.c.blocks, _EARLIER.c.holder != ""),
        or_(_EARLIER.c.due_at < here.due_at, and_(_EARLIER.c.due_at == here.due_at, _EARLIER.c.id < here.id)),
    )
    paused = exists().where(delivery_pauses.c.target == lane.name)
    due = (
        select(here.id)
        .where(
            _due(now),
            *lane.rows(),
            or_(~paused, and_(here.kind == "pull", here.error == "")),
            ~overtakes,
        )
        .order_by(here.due_at, here.id)
        .limit(rows_max)
        .with_for_update(skip_locked=True, of=outbox_items)
    )
    taken = update(outbox_items).where(here.id.in_(due.scalar_subquery()))
    rows = conn.execute(taken.values(held_until=now + lease, holder=holder).returning(*_COLUMNS))
    return sorted((OutboxItem(*row) for row in rows), key=lambda item: (item.due_at, item.id))


def release(conn: Connection, items: Sequence[OutboxItem], now: datetime) -> None:
    """Give items back untouched: they are due as before."""
    for item in items:
        conn.execute(update(outbox_items).where(_still_held(item)).values(held_until=now, holder=""))


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
        "blocks": False,
        "settled_at": now,
    }
    held = _still_held(item)
    same = update(outbox_items).where(held, done).values(state="done", **values)
    if conn.execute(same).rowcount:
        return True
    newer = update(outbox_items).where(held).values(**values)
    return bool(conn.execute(newer).rowcount)


def postpone(
    conn: Connection, item: OutboxItem, error: str, until: datetime | None, *, blocks: bool = False, counts: bool = True
) -> None:
    """Note why an item is not yet delivered and when to try again; None parks it until somebody acts.

    Args:
        conn: of an order.
        item: leased.
        error: why.
        until: when to try again.
        blocks: what comes after it at its place waits for it.
        counts: it is one more failed attempt. To be asked to wait is none.
    """
    attempts = item.attempts + (1 if counts else 0)
    values: dict[str, object] = {"error": error, "holder": "", "attempts": attempts, "blocks": blocks}
    values |= {"state": "parked"} if until is None else {"held_until": until}
    held = _still_held(item)
    if until is None:
        conn.execute(
            update(outbox_items).where(held, outbox_items.c.version != item.version).values(holder="", error=error)
        )
        held = and_(held, outbox_items.c.version == item.version)
    conn.execute(update(outbox_items).where(held).values(**values))


def hurry(conn: Connection, lane: Lane, attempts_max: int, now: datetime) -> None:
    """Try again at once what failed while the other side was away: it is there again.

    Args:
        conn: of an order.
        lane: of which.
        attempts_max: what failed more often has trouble of its own.
        now: the moment.
    """
    here = outbox_items.c
    waits = here.state == "open", here.held_until > now, here.holder == "", here.attempts.between(1, attempts_max)
    conn.execute(update(outbox_items).where(*lane.rows(), *waits).values(held_until=now, attempts=0))


def overtake(conn: Connection, item: OutboxItem, now: datetime) -> None:
    """Drop what waits to do the same as an item that is newer: a reading reads what the one before would have read.

    Args:
        conn: of an order.
        item: leased, or just settled.
        now: the moment.
    """
    here = outbox_items.c
    same = here.target == item.target, here.kind == item.kind, here.payload == item.payload, here.id < item.id
    waits = here.state != "done", or_(here.holder == "", here.holder == item.holder)
    conn.execute(update(outbox_items).where(*same, *waits).values(state="done", holder="", settled_at=now))


def first_held_up(conn: Connection, lane: Lane, why: str, now: datetime) -> list[OutboxItem]:
    """Note why items that are due are not delivered; those of which that is news, oldest first, at most twenty.

    Args:
        conn: of an order.
        lane: of which; nothing of it is tried now.
        why: as `stored` keeps it.
        now: the moment.
    """
    here = outbox_items.c
    due = select(here.id).where(_due(now), *lane.rows(), here.error == "")
    noted = update(outbox_items).where(here.id.in_(due.order_by(here.due_at, here.id).limit(20).scalar_subquery()))
    rows = conn.execute(noted.values(error=why).returning(*_COLUMNS))
    return sorted((OutboxItem(*row) for row in rows), key=lambda item: (item.due_at, item.id))


def supersede(conn: Connection, beginning: str, place: str, but: str, now: datetime) -> int:
    """Drop messages that were never shown, for a newer one says it better.

    Args:
        conn: of an order.
        beginning: of their keys.
        place: the end of their keys.
        but: the beginning of the keys of the newest one and of its details.
        now: the moment.

    Returns:
        How many were dropped.
    """
    key = outbox_items.c.key
    here = and_(
        key >= beginning, key < beginning[:-1] + chr(ord(beginning[-1]) + 1), key.endswith(place, autoescape=True)
    )
    waits = (
        outbox_items.c.state != "done",
        outbox_items.c.receipt == "",
        outbox_items.c.holder == "",
        ~key.startswith(but, autoescape=True),
    )
    dropped = update(outbox_items).where(outbox_items.c.kind == "show", here, *waits)
    return conn.execute(dropped.values(state="done", settled_at=now)).rowcount


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


def waiting(conn: Connection, now: datetime, long: timedelta, *, messages: bool = True) -> dict[str, int]:
    """How many items are open, how many are parked, and how many of the open ones are "late".

    What is not due yet, such as a timer, waits for nothing.

    Args:
        conn: any connection.
        now: the moment.
        long: what is due for longer is late.
        messages: whether messages count; they do not where there is no chat.
    """
    here = [outbox_items.c.state != "done", outbox_items.c.due_at <= now]
    here += [] if messages else [outbox_items.c.kind != "show"]
    late = func.sum(case((outbox_items.c.due_at < now - long, 1), else_=0))
    rows = conn.execute(select(outbox_items.c.state, func.count(), late).where(*here).group_by(outbox_items.c.state))
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    return {**{state: count for state, (count, _) in found.items()}, "late": found.get("open", (0, 0))[1]}


def depth(conn: Connection, now: datetime) -> list[tuple[str, str, ItemState, int, datetime]]:
    """What is due and not delivered, by target, kind and state: how much, and since when the oldest is due."""
    here = outbox_items.c
    counted = select(here.target, here.kind, here.state, func.count(), func.min(here.due_at))
    rows = conn.execute(
        counted.where(here.state != "done", here.due_at <= now).group_by(here.target, here.kind, here.state)
    )
    return [tuple(row) for row in rows]


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
    .where(outbox_items.c.key.endswith(bindparam("ending")))
    .values(state="open", attempts=0, held_until=bindparam("now", type_=Instant))
)


def wake(conn: Connection, target: str, places: Collection[str], now: datetime) -> None:
    """Let everything that waits for some places be tried at once."""
    if places:
        conn.execute(_WAKE, [{"where": target, "ending": f"@{target}:{each}", "now": now} for each in sorted(places)])


def waiting_at(conn: Connection, target: str) -> dict[str, int]:
    """How much waits for each place of a target that could not be reached, by the place's id."""
    rows = conn.execute(
        select(outbox_items.c.key).where(
            outbox_items.c.target == target, outbox_items.c.state != "done", outbox_items.c.error != ""
        )
    )
    return dict(sorted(Counter(key.rpartition(f"@{target}:")[2] for (key,) in rows).items()))


def waiting_for(conn: Connection, target: str, place: str) -> list[OutboxItem]:
    """What is not yet delivered at a place of a target, and was not given up, oldest first."""
    here = outbox_items.c.target == target, outbox_items.c.state == "open"
    mine = outbox_items.c.key.endswith(f"@{target}:{place}", autoescape=True)
    rows = conn.execute(select(*_COLUMNS).where(*here, mine).order_by(outbox_items.c.due_at, outbox_items.c.id))
    return [OutboxItem(*row) for row in rows]


def drop_messages(conn: Connection) -> int:
    """Forget all messages that wait; how many there were."""
    waits = outbox_items.c.kind == "show", outbox_items.c.state == "open"
    return conn.execute(delete(outbox_items).where(*waits)).rowcount


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
