"""Charges taken in, and questions about what was spent.

A batch is staged first; then a few statements make it count in one transaction: what is not news is left out, what is
replaced is kept as an earlier version, the rollup moves by the difference, and the cells take the new word. A large
batch is cut in slices of its key, each a transaction of its own after which all balances are right, so that no order
waits for more than one of them.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Dialect,
    FromClause,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.schema import CreateTable

from storage import bulk_load, erased, hours, partitions, units
from storage.attribution import COLUMNS, attributed, has_former
from storage.charges import AMOUNTS, HOURS_OF_A_DAY, Charge
from storage.db import Apart
from storage.directory import Link
from storage.tables import (
    BEGINNING,
    FOREVER,
    Instant,
    alike,
    all_tokens,
    changed,
    charge_versions,
    charges,
    lineage,
    moves,
    spend,
    staged,
    staged_apart,
)
from storage.units import from_nanos, scale_of, to_nanos
from storage.upsert import insert_for

NANOS = units.NANOS
MOVED_AT_ONCE = 500
LINKED_AT_ONCE = 5_000  # a statement takes a few ten thousand values at most
SLICE_CELLS = 2_500
"""Cells that are written in one transaction beside orders at first, those that are there already among them."""
SLICE_CELLS_MAX = 5_000
"""The same where nobody waits long: every slice moves the rows of all teams, so larger ones cost less a cell."""
SLICE_CELLS_MIN = 100
MANY_CELLS = 10_000
"""From so many on it pays to look for accounts of the same line first. A slice has fewer, of people of all teams."""
SLICE_S = 0.2
"""Longer than this an order should not wait for a slice."""

# Gives nanos of a currency in parts of the house currency, and the rate used (in 10⁻⁹ house currency for one unit).
Convert = Callable[[int, str, date], tuple[int, int]]
Key = tuple[Any, ...]

KEY = tuple(column.name for column in charges.primary_key)
VALUES = tuple(column.name for column in charges.columns if column.name not in (*KEY, "version", "recorded_at"))
REPORTED = tuple(name for name in Charge.__dataclass_fields__ if name != "bucket_start")
STAGED = ("bucket_start", *REPORTED, "day", "cost_house_nanos", "rate_nanos")
PLACE = ("day", "account_id")
NOT_REPORTED = ("own_price", "list_price", "unpriced")
ROLLED = tuple(column.name for column in spend.primary_key)
SUMS = tuple(column.name for column in spend.columns if column.name not in ROLLED)


_DAY = timedelta(days=1)
_AS_REPORTED = attrgetter(*REPORTED)
_PLATFORM_AND_KIND = attrgetter("platform", "kind")
_EVERYWHERE = true()
_CHANGED_ACCOUNTS = select(changed.c.account_id).union(
    select(changed.c.was_account_id).where(changed.c.was_account_id.is_not(None))
)
_KNOWN = charges.c.version.is_not(None)  # of a cell that words were joined to
_IS_NEW = changed.c.was_day.is_(None)
_STAYS = and_(*(changed.c[name] == changed.c[f"was_{name}"] for name in PLACE))
_MOVES = or_(*(changed.c[name] != changed.c[f"was_{name}"] for name in PLACE))  # not so of a new cell
_COUNTED = select(
    func.count(), func.coalesce(func.sum(case((_IS_NEW, 1))), 0), func.coalesce(func.sum(case((_MOVES, 1))), 0)
).select_from(changed)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch did: rows that the provider gave, and cells that were new or changed."""

    rows_seen: int
    rows_changed: int


@dataclass(frozen=True, slots=True)
class WholeDay:
    """A day (UTC) of which a provider told everything: what it left out is not so any more."""

    provider: str
    day: date

    @property
    def since(self) -> Key:
        """Not after the key of any of its cells."""
        return self._at(self.day)

    @property
    def until(self) -> Key:
        """After the key of each of its cells."""
        return self._at(self.day + _DAY)

    def _at(self, day: date) -> Key:
        return (self.provider, datetime.combine(day, time(), UTC), *[""] * (len(KEY) - 2))


@dataclass(frozen=True, slots=True)
class _Part:
    """Cells of a staging table: all, or those from one key until before another.

    Args:
        table: where they are staged.
        first: the earliest bucket of all that is staged there, None of nothing.
        last: the latest one.
        since: the key of the first one, None from the beginning.
        until: the key after the last one, None until the end.
    """

    table: Table
    first: datetime | None
    last: datetime | None
    since: Key | None = None
    until: Key | None = None

    def holds(self, table: FromClause) -> ColumnElement[bool]:
        """Whether a cell belongs to it."""
        key = tuple_(*(table.c[name] for name in KEY))
        since = key >= _literal(self.since) if self.since else true()
        until = key < _literal(self.until) if self.until else true()
        return and_(since, until, self._within(table))

    def _within(self, table: FromClause) -> ColumnElement[bool]:
        """What follows from the keys, but no database sees it: of one provider, the bucket lies between theirs."""
        if not (self.since and self.until) or self.since[0] != self.until[0]:
            return true()
        first, last = (literal(key[1], Instant) for key in (self.since, self.until))
        return table.c.bucket_start.between(first, last)

    @property
    def near(self) -> ColumnElement[bool]:
        """What holds of all cells that are there already: partitions and indexes need not be looked at beyond it."""
        within = charges.c.bucket_start.between(self.first, self.last) if self.first else true()
        return and_(within, self.holds(charges))


def record(
    conn: Connection,
    batch: Iterable[Charge],
    zone: ZoneInfo,
    convert: Convert,
    now: datetime,
    whole: WholeDay | None = None,
) -> Recorded:
    """Take in a provider's word about some cells; the same word again changes nothing.

    Args:
        conn: an order's connection; balances are right when it commits.
        batch: the cells, each at most once.
        zone: the organization's zone, which decides the day that an hourly bucket counts for.
        convert: cost in the house currency.
        now: when the word was heard.
        whole: the day that the batch is all of; an empty batch says nothing, not that there was nothing.
    """
    seen = _stage(conn, staged, batch, zone, convert)
    _clear(conn, changed)
    part = _Part(staged, *_bounds(conn, staged))
    retired = _retire(conn, replace(part, since=whole.since, until=whole.until), now) if whole and seen else 0
    return Recorded(seen, retired + _settle(conn, _words_of(conn, part), now, part.near))


def record_apart(
    apart: Apart,
    batch: Iterable[Charge],
    zone: ZoneInfo,
    convert: Convert,
    now: datetime,
    whole: WholeDay | None = None,
    *,
    meanwhile: Callable[[Connection, Sequence[str]], None],
    at_last: Callable[[Connection], None],
) -> Recorded:
    """The same in slices, for a batch that is so large that orders would wait for it.

    After each slice the balances are right: a cell is as it was or as it is now. A slice is a range of the key, in
    which what is not told any more goes with what comes. If the process dies in the middle, the rest comes with the
    next reading.

    Args:
        apart: the connection.
        batch: see `record`.
        zone: see `record`.
        convert: see `record`.
        now: see `record`.
        whole: see `record`.
        meanwhile: called in the transaction of each slice but the last one, with the accounts whose charges it changed.
        at_last: called in that of the last one; a batch of a few cells has no other.
    """
    seen = apart.prepare(lambda conn: _stage(conn, staged_apart, batch, zone, convert))
    whole = whole if seen else None
    rest, size, cells = apart.prepare(lambda conn: _all(conn, whole)), SLICE_CELLS, 0
    while True:
        part = apart.prepare(lambda conn: _first_of(conn, rest, size, whole))  # noqa: B023 - it is called at once

        def work(conn: Connection, part: _Part = part, *, is_last: bool = part.until == rest.until) -> int:
            _clear(conn, changed)
            retired = _retire(conn, part, now) if whole else 0
            settled = _settle(conn, _words_of(conn, part), now, part.near)
            if is_last:
                at_last(conn)
            else:
                meanwhile(conn, conn.execute(_CHANGED_ACCOUNTS).scalars().all())
            return retired + settled

        cells += apart.transact(work)
        if part.until == rest.until:
            break
        rest, size = replace(rest, since=part.until), next_size(size, apart.held_s)
    apart.prepare(lambda conn: _empty(conn, staged_apart))
    return Recorded(seen, cells)


def next_size(cells: int, held_s: float) -> int:
    """How many cells the slice after one takes: fewer after one for which orders waited too long.

    What a cell takes is different on each machine and with each load, so nobody can set a number.

    Args:
        cells: that the one before could take.
        held_s: seconds for which nobody else could write meanwhile.
    """
    if held_s > SLICE_S:
        return min(cells, max(SLICE_CELLS_MIN, int(cells * SLICE_S / held_s)))
    return min(SLICE_CELLS_MAX, cells * 2) if held_s < SLICE_S / 2 else cells


def restate(conn: Connection, cells: Iterable[tuple[Charge, date]], convert: Convert, now: datetime) -> int:
    """Let cells that are there cost something else; whose they are and for which day they count stays.

    Args:
        conn: an order's connection; balances are right when it commits.
        cells: as they are to be, each with the day for which it counts.
        convert: cost in the house currency.
        now: when it was decided.

    Returns:
        How many cells changed; what they said is kept.
    """
    _clear(conn, staged, changed)
    written = bulk_load.writer(conn)
    bulk_load.load(conn, staged, STAGED, (_counted(charge, day, convert, written) for charge, day in cells))
    _analyze(conn, staged)
    near = _Part(staged, *_bounds(conn, staged)).near
    columns = (charges.c.account_id if name == "account_id" else staged.c[name] for name in (*KEY, *VALUES))
    return _settle(conn, select(*columns).join_from(staged, charges, and_(_same_cell(staged), near)), now, near)


def repriceable(
    conn: Connection, providers: Collection[str], day: date, zeros_of: Collection[str], *, discounted: bool = False
) -> list[tuple[Charge, date]]:
    """The cells of a day (UTC) that prices of one's own may change, each with the day for which it counts.

    They are those whose cost nobody reported, and those from whose reported cost a discount came off.

    Args:
        conn: any connection.
        providers: whose cells are looked at.
        day: on which the buckets begin.
        zeros_of: providers that report a cost of nothing for what they have no price of.
        discounted: all others as well, for a discount may come off any.
    """
    start = datetime.combine(day, time(), UTC)
    zero = and_(charges.c.provider.in_(zeros_of), charges.c.cost_nanos == 0, all_tokens(charges) > 0)
    found = conn.execute(
        select(*(charges.c[name] for name in Charge.__dataclass_fields__), charges.c.day).where(
            charges.c.provider.in_(providers),
            charges.c.bucket_start >= start,
            charges.c.bucket_start < start + _DAY,
            or_(
                charges.c.cost_source.in_(NOT_REPORTED),
                charges.c.cost_nanos.is_(None),
                charges.c.reported_nanos.is_not(None),
                zero,
                literal(discounted),
            ),
        )
    )
    return [(_in_nanos(Charge(*row[:-1])), row[-1]) for row in found]


def reattribute(conn: Connection, new: Iterable[Link], now: datetime) -> int:
    """Let the past follow new links: the cells of those identities are charged to whom they belong to now.

    A provider's cells are gone through once for each kind and each few thousand links, however many there are.

    Returns:
        How many cells moved.
    """
    moved = 0
    for (platform, kind), links_ in groupby(sorted(new, key=_PLATFORM_AND_KIND), _PLATFORM_AND_KIND):
        while some := [each.external_id for each in islice(links_, LINKED_AT_ONCE)]:
            _clear(conn, changed)
            theirs = _words(charges, has_former=True).where(
                charges.c.provider == platform, charges.c[COLUMNS[kind]].in_(some)
            )
            moved += _settle(conn, theirs, now)
            hours.follow(conn, platform, kind, some)
    return moved


def rebuild(conn: Connection) -> None:
    """Make the rollup anew from the charges, month by month; a right one does not change by it.

    Days of which charges may have been forgotten stay as they are.
    """
    since = partitions.kept_since(conn)
    first = since.date() + _DAY if since else BEGINNING
    conn.execute(delete(spend).where(spend.c.day >= first))
    for month, end in partitions.months(conn):
        add_up(conn, max(month, first), end)


def add_up(conn: Connection, first: date, end: date) -> None:
    """Put the charges of the days first until before end into the rollup, which has none of them."""
    amounts = _amounts(charges, _sums(charges))
    _add_to_spend(conn, amounts.where(partitions.of_days(first, end), partitions.beside(conn, first, end)), MANY_CELLS)


def recount(conn: Connection, account_ids: Sequence[str], since: date, sign: int) -> None:
    """Take the charges of some accounts since a day out of the rollup (-1) or put them in (1), around a move."""
    for start in range(0, len(account_ids), MOVED_AT_ONCE):
        some = charges.c.account_id.in_(account_ids[start : start + MOVED_AT_ONCE])
        amounts = _amounts(charges, [each * sign for each in _sums(charges)])
        _add_to_spend(conn, amounts.where(some, charges.c.day >= since), MANY_CELLS)


def _stage(conn: Connection, table: Table, batch: Iterable[Charge], zone: ZoneInfo, convert: Convert) -> int:
    """Write a batch into a table of nobody else; how many cells it has."""
    _clear(conn, table)
    written = bulk_load.writer(conn)
    known = erased.under_pseudonym(conn, batch)
    seen = bulk_load.load(conn, table, STAGED, (_row(charge, zone, convert, written) for charge in known))
    _analyze(conn, table)
    partitions.ensure_staged(conn, table)
    return seen


def _bounds(conn: Connection, table: Table) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest bucket."""
    start = table.c.bucket_start
    first, last = conn.execute(select(func.min(start), func.max(start))).one()
    return first, last


def _all(conn: Connection, whole: WholeDay | None) -> _Part:
    """All that is staged apart, and of a whole day all that is there already."""
    return _Part(
        staged_apart, *_bounds(conn, staged_apart), whole.since if whole else None, whole.until if whole else None
    )


def _first_of(conn: Connection, rest: _Part, size: int, whole: WholeDay | None) -> _Part:
    """The first slice of what is left. Of a whole day as few cells are there already in it, for some of them may go."""
    slice_ = replace(rest, until=_end(conn, staged_apart, rest, size))
    return replace(slice_, until=_end(conn, charges, slice_, size)) if whole else slice_


def _end(conn: Connection, table: Table, part: _Part, size: int) -> Key | None:
    """The key before which a part of a table ends if it has so many cells or fewer.

    What may stand for each other, the cells of a key or of a user, is cut apart only where there is too much of it.
    """
    columns = [table.c[name] for name in KEY]
    following = select(*columns).where(part.holds(table)).order_by(*columns).limit(1).offset(size)
    row = conn.execute(following).first()
    return part.until if row is None else _cut(tuple(row), part.since)


def _cut(key: Key, since: Key | None) -> Key:
    """The first key of its resource, else the first one of its user there, else itself: one that is after another."""
    for length in (KEY.index("resource") + 1, KEY.index("subject") + 1):
        if since is None or key[:length] != since[:length]:
            return (*key[:length], *[""] * (len(KEY) - length))
    return key


def _analyze(conn: Connection, table: Table) -> None:
    """Let a database know how many rows there are, or SQLite goes through all charges to find these few.

    PostgreSQL is told of two columns only: to look at all of them takes a tenth of what a restated cell takes.
    """
    columns = "" if conn.dialect.name == "sqlite" else "(subject, day)"
    conn.exec_driver_sql(f"analyze {table.name} {columns}")


def _empty(conn: Connection, table: Table) -> None:
    """Let all rows go at once: deleted one by one they would stay behind in PostgreSQL."""
    conn.exec_driver_sql(f"{'delete from' if conn.dialect.name == 'sqlite' else 'truncate'} {table.name}")


def _literal(key: Key) -> ColumnElement[Any]:
    return tuple_(*(literal(value, charges.c[name].type) for name, value in zip(KEY, key, strict=True)))


def _clear(conn: Connection, *tables: Table) -> None:
    """Make tables of one transaction, empty."""
    for table in tables:
        conn.exec_driver_sql(_creating(table, conn.dialect))
        conn.execute(delete(table))


@cache
def _creating(table: Table, dialect: Dialect) -> str:
    return str(CreateTable(table, if_not_exists=True).compile(dialect=dialect))


def day_of(charge: Charge, zone: ZoneInfo) -> date:
    """The day that a charge counts for: the one its provider names, or of an hour that of the organization's zone."""
    start = charge.bucket_start
    return start.date() if charge.bucket_hours >= HOURS_OF_A_DAY else start.astimezone(zone).date()


def _row(
    charge: Charge, zone: ZoneInfo, convert: Convert, written: Callable[[datetime | date], object]
) -> tuple[object, ...]:
    """A charge as a row of the staging table, in the order of STAGED."""
    return _counted(charge, day_of(charge, zone), convert, written)


def _counted(
    charge: Charge, day: date, convert: Convert, written: Callable[[datetime | date], object]
) -> tuple[object, ...]:
    """The same for a charge whose day is known."""
    house, rate = (0, 0) if charge.cost_nanos is None else convert(charge.cost_nanos, charge.currency, day)
    reported = charge if scale_of(charge.currency) == NANOS else _in_parts(charge)
    return (written(charge.bucket_start), *_AS_REPORTED(reported), written(day), house, rate)


def _in_parts(charge: Charge) -> Charge:
    """A charge as it is kept: its costs in parts of their currency instead of nanos."""
    return _amounts_as(charge, from_nanos)


def _in_nanos(charge: Charge) -> Charge:
    """A charge as it was reported, from what is kept of it."""
    if scale_of(charge.currency) == NANOS:
        return charge
    return _amounts_as(charge, to_nanos)


def _amounts_as(charge: Charge, unit: Callable[[int, str], int]) -> Charge:
    said = ((name, getattr(charge, name)) for name in AMOUNTS)
    amounts: dict[str, Any] = {name: unit(each, charge.currency) for name, each in said if each is not None}
    return replace(charge, **amounts)


def _settle(conn: Connection, words: Select[Any], now: datetime, near: ColumnElement[bool] = _EVERYWHERE) -> int:
    """Let some words about cells count, as far as they are news.

    Args:
        conn: an order's connection.
        words: what is said.
        now: when it was heard.
        near: holds of all cells that they can be about.
    """
    columns = [*KEY, *VALUES]
    before = [f"was_{name}" for name in (*PLACE, *SUMS)]
    conn.execute(insert(changed).from_select([*columns, *before], _news(words, near)))
    _analyze(conn, changed)
    cells: int
    cells, new_cells, moved_cells = conn.execute(_COUNTED).one()
    if not cells:
        return 0
    replaced = [charges.c[name] for name in (*columns, "version", "recorded_at")]
    same = and_(_same_cell(changed), near)
    old = select(*replaced, literal(now, charges.c.recorded_at.type)).join(changed, same).where(~_IS_NEW)
    if new_cells < cells:
        kept = insert(charge_versions).from_select([*columns, "version", "recorded_at", "replaced_at"], old)
        conn.execute(kept)
    if cells < MANY_CELLS:
        conn.execute(_moving_by_few(conn.dialect.name))
    else:
        _add_to_spend(conn, _difference(), cells)
    # Few cells move; the upsert then leaves the index of places alone, which costs as much as the cells themselves.
    if moved_cells:
        moved = update(charges).where(same, _MOVES)
        conn.execute(moved.values({name: changed.c[name] for name in PLACE}))
    conn.execute(_taking_the_word(conn.dialect.name), {"now": now})
    return cells


@cache
def _taking_the_word(dialect: str) -> Any:
    """Lets the cells say what changed, at a moment `now`. Built once: a day is many slices."""
    columns = [*KEY, *VALUES]
    now = bindparam("now", type_=charges.c.recorded_at.type)
    new = select(*(changed.c[name] for name in columns), literal(1), now)
    statement = insert_for(dialect, charges).from_select(
        [*columns, "version", "recorded_at"],
        new.where(literal(1) == 1).order_by(*(changed.c[name] for name in KEY)),
    )
    values = {name: statement.excluded[name] for name in (*VALUES, "recorded_at") if name not in PLACE}
    values["version"] = charges.c.version + 1
    return statement.on_conflict_do_update(index_elements=list(KEY), set_=values)


def _words_of(conn: Connection, part: _Part) -> Select[Any]:
    """What a part says of the time of which charges are kept: what was forgotten would count twice."""
    since = partitions.kept_since(conn)
    kept = part.table.c.bucket_start >= since if since else true()
    return _words(part.table, has_former=has_former(conn)).where(part.holds(part.table), kept)


def _words(table: Table, *, has_former: bool) -> Select[Any]:
    """What a table says about cells, and whose they are."""
    columns = (*KEY, *VALUES)
    whose = attributed(table, has_former=has_former)
    return select(*(whose if name == "account_id" else table.c[name] for name in columns))


def _news(words: Select[Any], near: ColumnElement[bool]) -> Select[Any]:
    """The words that are not what the cell says already, beside what it says, in the order of `changed`."""
    word = words.subquery()
    cell = [word.c[name] for name in (*KEY, *VALUES)]
    was = [*(charges.c[name] for name in PLACE), *_sums(charges)]
    compared = (*(name for name in VALUES if name != "account_id"), "account_id")  # whose it is has to be looked up
    same_values = and_(*(charges.c[name].is_not_distinct_from(word.c[name]) for name in compared))
    return (
        select(*cell, *(case((_KNOWN, each)) for each in was))
        .outerjoin_from(word, charges, and_(_same_cell(word), near))
        .where(or_(~_KNOWN, ~same_values))
    )


def _retire(conn: Connection, part: _Part, now: datetime) -> int:
    """Take back the cells of a part that are not staged; what they said is kept."""
    told = select(literal(1)).select_from(part.table).where(_same_cell(part.table)).correlate(charges).exists()
    gone = and_(part.holds(charges), ~told)
    if conn.execute(select(literal(1)).select_from(charges).where(gone).limit(1)).first() is None:
        return 0
    kept = [charges.c[name] for name in (*KEY, *VALUES, "version", "recorded_at")]
    old = select(*kept, literal(now, charges.c.recorded_at.type)).where(gone)
    columns = [*KEY, *VALUES, "version", "recorded_at", "replaced_at"]
    conn.execute(insert(charge_versions).from_select(columns, old))
    _add_to_spend(conn, _amounts(charges, [-each for each in _sums(charges)]).where(gone))
    return conn.execute(delete(charges).where(gone)).rowcount


def _same_cell(other: FromClause) -> ColumnElement[bool]:
    return and_(*(charges.c[name] == other.c[name] for name in KEY))


def _sums(table: Table) -> list[ColumnElement[int]]:
    """What a cell adds to the rollup, in the order of SUMS."""
    tokens = all_tokens(table)
    unpriced = case((table.c.cost_nanos.is_(None), tokens), else_=0)
    return [table.c.cost_house_nanos, tokens, unpriced, table.c.requests]


def _amounts(table: Table, sums: Iterable[ColumnElement[int]]) -> Select[Any]:
    labelled = (each.label(name) for name, each in zip(SUMS, sums, strict=True))
    return select(*(table.c[name] for name in ROLLED), *labelled)


def _difference() -> CompoundSelect[Any]:
    """What changes, less what its cells said before; a cell that moves is taken out where it was."""
    were = [changed.c[f"was_{name}"] for name in SUMS]
    here = _amounts(
        changed, [new - case((_STAYS, was), else_=0) for new, was in zip(_sums(changed), were, strict=True)]
    )
    place = {name: changed.c[f"was_{name}"] for name in PLACE}
    gone = select(*(place.get(name, changed.c[name]) for name in ROLLED), *(-was for was in were)).where(_MOVES)
    return union_all(here, gone)


def _add_to_spend(conn: Connection, amounts: Select[Any] | CompoundSelect[Any], cells: int = 0) -> None:
    """Move the rollup of every account on the line, in the order of its key.

    What an account itself moved by is added up first: a restated cell is then one row on its way up, and not two. Of
    many cells, what people of the same line moved by is added up before it goes up.
    """
    part = _own(amounts)
    if cells < MANY_CELLS:
        _upsert_spend(conn, _up_the_line(part.subquery()))
        return
    _clear(conn, moves, alike)
    conn.execute(insert(moves).from_select([*ROLLED, *SUMS], part))
    first, last = conn.execute(select(func.min(moves.c.day), func.max(moves.c.day))).one()
    if first is None:
        return
    conn.execute(insert(alike).from_select(["account_id", "first_id"], _alike(first, last)))
    for table in (moves, alike):
        conn.exec_driver_sql(f"analyze {table.name}")
    themselves = lineage.c.account_id == moves.c.account_id, lineage.c.ancestor_id == moves.c.account_id
    there = and_(*themselves, lineage.c.since <= moves.c.day, moves.c.day < lineage.c.until)
    _upsert_spend(conn, select(moves).join(lineage, there).where(_is_person(moves)).order_by(*moves.primary_key))
    keys = (alike.c.first_id.label("account_id"), moves.c.day, moves.c.provider, moves.c.model)
    joint = (
        select(*keys, *_added(moves)).join(alike, alike.c.account_id == moves.c.account_id).group_by(*keys).subquery()
    )
    above = or_(lineage.c.ancestor_id != joint.c.account_id, ~_is_person(joint))
    _upsert_spend(conn, _up_the_line(joint).where(above))


@cache
def _moving_by_few(dialect: str) -> Any:
    """The same for what changes of few cells. Built once: a day is many slices."""
    return _adding_to_spend(dialect, _up_the_line(_own(_difference()).subquery()))


def _own(amounts: Select[Any] | CompoundSelect[Any]) -> Select[Any]:
    """What each account itself moves by."""
    each = amounts.subquery()
    own = [each.c[name] for name in ROLLED]
    return select(*own, *_added(each)).group_by(*own)


def _added(table: FromClause) -> list[ColumnElement[int]]:
    return [cast(func.sum(table.c[name]), BigInteger).label(name) for name in SUMS]


def _is_person(table: FromClause) -> ColumnElement[bool]:
    """Nobody is below a person, so a person's row of the rollup is moved by nothing else."""
    return table.c.account_id.startswith("person/")


def _alike(first: date, last: date) -> CompoundSelect[Any]:
    """People who spent, each with the first one of the same line on the days first to last; others with themselves."""
    each = select(moves.c.account_id).distinct().subquery()
    since = case((lineage.c.since < first, literal(first, Date)), else_=lineage.c.since)
    until = case((lineage.c.until > last, literal(FOREVER, Date)), else_=lineage.c.until)
    step = lineage.c.ancestor_id + " " + cast(since, String) + " " + cast(until, String)
    steps = (
        select(each.c.account_id, step.label("step"))
        .join(lineage, lineage.c.account_id == each.c.account_id)
        .where(lineage.c.since <= last, lineage.c.until > first, lineage.c.ancestor_id != each.c.account_id)
        .where(_is_person(each))
        .order_by(each.c.account_id, lineage.c.ancestor_id, lineage.c.since)
        .subquery()
    )
    line = func.aggregate_strings(steps.c.step, ",")
    lines = select(steps.c.account_id, line.label("line")).group_by(steps.c.account_id).subquery()
    same = func.min(lines.c.account_id).over(partition_by=lines.c.line)
    return union_all(
        select(lines.c.account_id, same), select(each.c.account_id, each.c.account_id).where(~_is_person(each))
    )


def _up_the_line(part: FromClause) -> Select[Any]:
    """Sums of some accounts for them and every account above them on that day."""
    keys = (lineage.c.ancestor_id, part.c.day, part.c.provider, part.c.model)
    on_line = and_(
        lineage.c.account_id == part.c.account_id, lineage.c.since <= part.c.day, part.c.day < lineage.c.until
    )
    return select(*keys, *_added(part)).join(lineage, on_line).group_by(*keys).order_by(*keys)


def _upsert_spend(conn: Connection, sums: Select[Any]) -> None:
    conn.execute(_adding_to_spend(conn.dialect.name, sums))


def _adding_to_spend(dialect: str, sums: Select[Any]) -> Any:
    statement = insert_for(dialect, spend).from_select([*ROLLED, *SUMS], sums)
    values = {name: spend.c[name] + statement.excluded[name] for name in SUMS}
    return statement.on_conflict_do_update(index_elements=list(ROLLED), set_=values)
