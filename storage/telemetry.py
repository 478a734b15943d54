"""What programs say of themselves: taken in once, added up by hour, and held against what providers report.

A measurement comes again when an answer was lost, and in any order. So that it counts once, a mark of each is kept for
as long as it may come (`LATE_MAX`); of counters that are told as a whole, how far each had come.
"""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from storage.charges import TOKENS
from storage.partitions import of_days
from storage.tables import (
    UNALLOCATED,
    Instant,
    charges,
    lineage,
    links,
    reported_days,
    spend,
    telemetry,
    telemetry_counters,
    telemetry_seen,
)
from storage.upsert import insert_into, upsert

LATE_MAX = timedelta(hours=24)
"""A measurement that is older is not taken: nothing is known any more of what was counted then."""
COUNTERS_KEPT = timedelta(days=14)
AT_ONCE = 400
AMOUNTS = (*TOKENS, "tokens_reasoning", "requests", "cost_nanos")
Dimension = Literal["skill", "subagent", "mcp_server", "source", "effort", "tier"]
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
T = TypeVar("T")
SHARDS = 0xFFFF
_MARK = struct.Struct("<q")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where something is added up.

    Args:
        program: such as "claude-code".
        hour: its beginning, aware UTC.
        resource: the account for which the token speaks, "" if it names others.
        subject: whom the program named: an e-mail address, or its own id of the user; "" if nobody.
        model: as the program calls it.
        tier: "fast", or "" for the ordinary speed.
        skill: that was at work, "" for none.
        subagent: the same.
        mcp_server: the same.
        source: what asked the model, such as "main" or "subagent".
        effort: such as "high".
    """

    program: str
    hour: datetime
    resource: str
    subject: str
    model: str
    tier: str = ""
    skill: str = ""
    subagent: str = ""
    mcp_server: str = ""
    source: str = ""
    effort: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Args:
        cell: where it belongs.
        factors: how often its value counts in each of AMOUNTS: cached input takes its tokens out of the plain ones.
        value: tokens, requests, or nanos of a US dollar.
        series: tells its counter from all others; of one that is told as a whole, with its start.
        start_ns: when what it counts began, in nanoseconds of the epoch.
        end_ns: when it was measured.
        cumulative: it is the whole since its start, not what was added since the last one.
        known_before: of a counter that began so long ago that nobody knows when what it counts was used: where it is
            first seen, it only begins there.
    """

    cell: Cell
    factors: Mapping[str, int]
    value: int
    series: int
    start_ns: int
    end_ns: int
    cumulative: bool = False
    known_before: bool = False


def news(conn: Connection, batch: Sequence[Measured], today: date) -> list[tuple[Measured, int]]:
    """What of a batch was not counted yet, each with the value that is new; it is noted as counted.

    Args:
        conn: an order's connection.
        batch: in any order.
        today: for forgetting counters of long ago.
    """
    added = _unseen(conn, [each for each in batch if not each.cumulative])
    grown = _grown(conn, [each for each in batch if each.cumulative], today)
    return [(each, each.value) for each in added] + grown


def _unseen(conn: Connection, batch: Sequence[Measured]) -> list[Measured]:
    """Those whose mark is not known, once each."""
    places: dict[tuple[datetime, int], list[tuple[Measured, bytes]]] = defaultdict(list)
    for each in batch:
        mark = _MARK.pack(_mixed(each.series, each.start_ns, each.end_ns))
        places[each.cell.hour, each.series & SHARDS].append((each, mark))
    found = _kept_marks(conn, sorted(places))
    new, rows = [], []
    for place in sorted(places):
        kept = found.get(place, b"")
        known = {kept[at : at + _MARK.size] for at in range(0, len(kept), _MARK.size)}
        before = len(known)
        for each, mark in places[place]:
            if mark not in known:
                known.add(mark)
                kept += mark
                new.append(each)
        if len(known) > before:
            rows.append({"hour": place[0], "stream": place[1], "marks": kept})
    upsert(conn, telemetry_seen, rows)
    return new


def _kept_marks(conn: Connection, places: Sequence[tuple[datetime, int]]) -> dict[tuple[datetime, int], bytes]:
    seen = telemetry_seen.c
    found: dict[tuple[datetime, int], bytes] = {}
    for hour in sorted({hour for hour, _ in places}):
        for some in _portions([stream for other, stream in places if other == hour]):
            here = seen.hour == hour, seen.stream.in_(some)
            found |= {(hour, row.stream): bytes(row.marks) for row in conn.execute(select(telemetry_seen).where(*here))}
    return found


def _mixed(*numbers: int) -> int:
    """Several numbers as one of 64 bits; the first is a good hash already (Knuth's multiplicative mixing)."""
    mixed = 0
    for each in numbers:
        mixed = ((mixed ^ each) * 0x9E3779B97F4A7C15 + (mixed >> 29)) & 0xFFFFFFFFFFFFFFFF
    return mixed - (1 << 63)


def _grown(conn: Connection, batch: Sequence[Measured], today: date) -> list[tuple[Measured, int]]:
    """By how much counters grew. One that is less than before, and later, began anew."""
    kept = telemetry_counters.c
    known: dict[int, tuple[int, int]] = {}
    for some in _portions(sorted({each.series for each in batch})):
        rows = conn.execute(select(kept.series, kept.at_ns, kept.value).where(kept.series.in_(some)))
        known |= {series: (at_ns, value) for series, at_ns, value in rows}
    new, moved = [], set()
    for each in sorted(batch, key=lambda each: (each.series, each.end_ns, each.value)):
        at_ns, value = known.get(each.series, (-1, each.value if each.known_before else 0))
        if each.end_ns <= at_ns:
            continue
        known[each.series] = each.end_ns, each.value
        moved.add(each.series)
        growth = each.value - value if each.value >= value else each.value
        if growth:
            new.append((each, growth))
    counters: list[dict[str, object]] = [
        {"series": series, "at_ns": known[series][0], "value": known[series][1], "seen_on": today}
        for series in sorted(moved)
    ]
    upsert(conn, telemetry_counters, counters)
    return new


def sizes(conn: Connection, cells: Collection[Cell]) -> dict[tuple[str, str, str, datetime], int]:
    """How many cells each (program, resource, subject, hour) has of those that some cells are in."""
    at = telemetry.c
    found: dict[tuple[str, str, str, datetime], int] = {}
    for some in _portions(sorted({(each.program, each.resource, each.subject) for each in cells})):
        here = tuple_(at.program, at.resource, at.subject).in_(some)
        hours = at.hour.in_(sorted({each.hour for each in cells}))
        rows = conn.execute(
            select(at.program, at.resource, at.subject, at.hour, func.count())
            .where(here, hours)
            .group_by(at.program, at.resource, at.subject, at.hour)
        )
        found |= {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
    return found


def add(conn: Connection, amounts: Mapping[Cell, Mapping[str, int]]) -> None:
    """Add to cells. A cell of which no cost was told has none, which is not nought."""
    rows = [
        {name: getattr(cell, name) for name in Cell.__dataclass_fields__}
        | {name: some.get(name, None if name == "cost_nanos" else 0) for name in AMOUNTS}
        for cell, some in sorted(amounts.items())
    ]
    if not rows:
        return
    statement = insert_into(conn, telemetry)
    said, at = statement.excluded, telemetry.c
    sums: dict[str, Any] = {name: at[name] + said[name] for name in AMOUNTS if name != "cost_nanos"}
    both = func.coalesce(at.cost_nanos, 0) + said.cost_nanos
    sums["cost_nanos"] = case((said.cost_nanos.is_(None), at.cost_nanos), else_=both)
    keys = [column.name for column in telemetry.primary_key]
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=sums), rows)


# Whose it is ----------------------------------------------------------------------------------------------------------

Identity = tuple[str, str, str]
"""A program, and the resource and subject that it is added up under."""


def accounts_of(conn: Connection, identities: Collection[Identity]) -> dict[Identity, str]:
    """Whose some identities are, "unallocated" for nobody's."""
    linked: dict[tuple[str, str, str], str] = {}
    wanted = {
        (program, "key" if resource else "user", resource or subject) for program, resource, subject in identities
    }
    for some in _portions(sorted(wanted)):
        here = tuple_(links.c.platform, links.c.kind, links.c.external_id).in_(some)
        for row in conn.execute(select(links).where(here)):
            linked[row.platform, row.kind, row.external_id] = row.account_id
    return {
        each: linked.get((each[0], "key" if each[1] else "user", each[1] or each[2]), UNALLOCATED)
        for each in identities
    }


def identities_of(conn: Connection, programs: Collection[str], account_ids: Collection[str]) -> list[Identity]:
    """All identities of some accounts with some programs."""
    found: list[Identity] = []
    for some in _portions(sorted(account_ids)):
        here = links.c.platform.in_(sorted(programs)), links.c.account_id.in_(some)
        for row in conn.execute(select(links).where(*here)):
            found += [(row.platform, row.external_id, "")] if row.kind == "key" else []
            found += [(row.platform, "", row.external_id)] if row.kind == "user" else []
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What a program said of an hour, of one model and speed. `cost_nanos` is in US dollars, None if it told none."""

    program: str
    hour: datetime
    resource: str
    subject: str
    model: str
    tier: str
    tokens: tuple[int, ...]
    reasoning: int
    requests: int
    cost_nanos: int | None


_TOLD_KEY = [telemetry.c[name] for name in ("program", "hour", "resource", "subject", "model", "tier")]
_TOLD_SUMS = [cast(func.sum(telemetry.c[name]), BigInteger) for name in AMOUNTS]


def told(
    conn: Connection, programs: Collection[str], day: date, identities: Collection[Identity] | None = None
) -> list[Told]:
    """What programs said of a day (UTC), by hour, model and speed; of some identities, or of all."""
    start = datetime.combine(day, time(), UTC)
    at = telemetry.c
    in_time = at.program.in_(sorted(programs)), at.hour >= start, at.hour < start + _DAY
    query = select(*_TOLD_KEY, *_TOLD_SUMS).where(*in_time).group_by(*_TOLD_KEY).order_by(*_TOLD_KEY)
    if identities is None:
        return [_told(row) for row in conn.execute(query)]
    found = []
    for some in _portions(sorted(identities)):
        here = tuple_(at.program, at.resource, at.subject).in_(some)
        found += [_told(row) for row in conn.execute(query.where(here))]
    return found


def _told(row: Any) -> Told:
    program, hour, resource, subject, model, tier, *tokens, reasoning, requests, cost = row
    return Told(program, hour, resource, subject, model, tier, tuple(tokens), reasoning, requests, cost)


# What providers report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reported:
    """What a provider reports of an account on a day, of one model; the cost in the house currency."""

    account_id: str
    model: str
    tokens: tuple[int, ...]
    reasoning: int
    requests: int
    cost_house: int


_REPORTED_SUMS = [
    cast(func.sum(charges.c[name]), BigInteger)
    for name in (*TOKENS, "tokens_reasoning", "requests", "cost_house_nanos")
]


def reported(conn: Connection, provider: str, day: date, account_ids: Collection[str]) -> list[Reported]:
    """What a provider reports of some accounts on a day (UTC)."""
    start = datetime.combine(day, time(), UTC)
    here = charges.c.provider == provider, charges.c.bucket_start >= start, charges.c.bucket_start < start + _DAY
    found = []
    for some in _portions(sorted(account_ids)):
        rows = conn.execute(
            select(charges.c.account_id, charges.c.model, *_REPORTED_SUMS)
            .where(*here, charges.c.account_id.in_(some))
            .group_by(charges.c.account_id, charges.c.model)
            .order_by(charges.c.account_id, charges.c.model)
        )
        found += [Reported(row[0], row[1], tuple(row[2:7]), *row[7:]) for row in rows]
    return found


@dataclass(frozen=True, slots=True)
class Beside:
    """What a program told of an account's day and model, and what a provider reported of a model of that account's day.

    The costs are in the house currency.
    """

    program: str
    provider: str
    account_id: str
    day: date
    model: str
    tokens: int
    cost_nanos: int
    its_model: str
    its_tokens: int
    its_cost: int


_THEIRS = spend.alias("theirs")
_BESIDE = (
    select(
        spend.c.provider,
        _THEIRS.c.provider,
        spend.c.account_id,
        spend.c.day,
        spend.c.model,
        spend.c.tokens,
        spend.c.cost_nanos,
        _THEIRS.c.model,
        _THEIRS.c.tokens,
        _THEIRS.c.cost_nanos,
    )
    .join(_THEIRS, and_(_THEIRS.c.account_id == spend.c.account_id, _THEIRS.c.day == spend.c.day))
    .where(or_(spend.c.account_id.startswith("person/"), spend.c.account_id.startswith("agent/")))
)


def beside(conn: Connection, programs: Collection[str], providers: Collection[str], first: date) -> list[Beside]:
    """What programs told and providers reported of the same accounts on the same days, since a day."""
    here = (
        spend.c.day >= first,
        spend.c.provider.in_(sorted(programs)),
        _THEIRS.c.provider.in_(sorted(providers)),
    )
    rows: Iterable[Any] = conn.execute(_BESIDE.where(*here))
    return [Beside(*row) for row in rows]


def note_told(conn: Connection, provider: str, day: date, at: datetime) -> None:
    """Note that a provider told of a day (UTC)."""
    upsert(conn, reported_days, [{"provider": provider, "day": day, "told_at": at}])


def told_at(conn: Connection, providers: Collection[str], days: Collection[date]) -> dict[tuple[str, date], datetime]:
    """When providers last told of some days."""
    at = reported_days.c
    here = at.provider.in_(sorted(providers)), at.day.in_(sorted(days))
    return {(row.provider, row.day): row.told_at for row in conn.execute(select(reported_days).where(*here))}


# Questions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """What was used of a model for something, such as a skill, on a day (UTC).

    Args:
        name: of the skill, sub-agent, MCP server and so on, "" for none.
        account_id: whose.
        day: when.
        program: which.
        model: which.
        tier: its speed.
        tokens: one number for each kind.
        requests: how many, 0 if the program does not say.
        cost_nanos: in US dollars, None if the program told none.
    """

    name: str
    account_id: str
    day: date
    program: str
    model: str
    tier: str
    tokens: tuple[int, ...]
    requests: int
    cost_nanos: int | None


def used_by(conn: Connection, account_id: str, start: datetime, end: datetime, by: Dimension) -> Iterator[Use]:
    """What an account and all below it used, as programs told it, by one of their own dimensions.

    Args:
        conn: any connection.
        account_id: whose.
        start: the moment from which on.
        end: the moment before which.
        by: the dimension.
    """
    at = telemetry.c
    whose = func.coalesce(links.c.account_id, literal(UNALLOCATED))
    day = func.date(at.hour, type_=Date)
    query = (
        select(at[by], whose, day, at.program, at.model, at.tier, *_TOLD_SUMS)
        .outerjoin_from(telemetry, links, _linked())
        .join(lineage, and_(lineage.c.account_id == whose, lineage.c.since <= day, day < lineage.c.until))
        .where(
            lineage.c.ancestor_id == bindparam("account"),
            at.hour >= bindparam("start", type_=Instant),
            at.hour < bindparam("stop", type_=Instant),
        )
        .group_by(at[by], whose, day, at.program, at.model, at.tier)
        .order_by(at[by], whose, day)
    )
    for name, account, day_, program, model, tier, *sums in conn.execute(
        query, {"account": account_id, "start": start, "stop": end}
    ):
        *tokens, _reasoning, requests, cost = sums
        yield Use(name, account, day_, program, model, tier, tuple(tokens), requests, cost)


def _linked() -> ColumnElement[bool]:
    """Whose a cell is."""
    at = telemetry.c
    return and_(
        links.c.platform == at.program,
        or_(
            and_(at.resource != "", links.c.kind == "key", links.c.external_id == at.resource),
            and_(at.resource == "", links.c.kind == "user", links.c.external_id == at.subject),
        ),
    )


def counted(conn: Connection, providers: Collection[str], first: date, end: date) -> dict[tuple[str, date], int]:
    """What each of some providers or programs counts for on each day of the organization, in the house currency."""
    rows = conn.execute(
        select(charges.c.provider, charges.c.day, cast(func.sum(charges.c.cost_house_nanos), BigInteger))
        .where(charges.c.provider.in_(sorted(providers)), of_days(first, end))
        .group_by(charges.c.provider, charges.c.day)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def prune(conn: Connection, now: datetime) -> None:
    """Forget marks that cannot come again, and counters that nobody tells any more."""
    conn.execute(delete(telemetry_seen).where(telemetry_seen.c.hour < now - LATE_MAX - 2 * _HOUR))
    conn.execute(delete(telemetry_counters).where(telemetry_counters.c.seen_on < (now - COUNTERS_KEPT).date()))


def _portions(several: Sequence[T]) -> Iterable[Sequence[T]]:
    return (several[start : start + AT_ONCE] for start in range(0, len(several), AT_ONCE))
