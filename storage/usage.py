"""Charges taken in, and questions about what was spent.

A batch is staged first; then a few statements make it count in one transaction: what is not news is left out, what is
replaced is kept as an earlier version, the rollup moves by the difference, and the cells take the new word.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    FromClause,
    Select,
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
    union_all,
    update,
)
from sqlalchemy.schema import CreateTable

from storage import bulk_load
from storage.charges import Charge
from storage.directory import Link
from storage.tables import (
    BEGINNING,
    UNALLOCATED,
    Instant,
    accounts,
    changed,
    charge_versions,
    charges,
    lineage,
    links,
    pulls,
    spend,
    staged,
)
from storage.upsert import insert_into, upsert

HOURS_OF_A_DAY = 24
MOVED_AT_ONCE = 500
LINKED_AT_ONCE = 5_000  # a statement takes a few ten thousand values at most
NANOS = 10**9

# Gives a cost in the house currency and the rate used, in 10⁻⁹ house currency per unit of the charge's currency.
Convert = Callable[[int, str, date], tuple[int, int]]

KEY = tuple(column.name for column in charges.primary_key)
VALUES = tuple(column.name for column in charges.columns if column.name not in (*KEY, "version", "recorded_at"))
REPORTED = tuple(name for name in Charge.__dataclass_fields__ if name != "bucket_start")
STAGED = ("bucket_start", *REPORTED, "day", "cost_house_nanos", "rate_nanos")
PLACE = ("day", "account_id")
ROLLED = tuple(column.name for column in spend.primary_key)
SUMS = tuple(column.name for column in spend.columns if column.name not in ROLLED)
TOKENS = ("tokens_input", "tokens_cache_read", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_output")


_DAY = timedelta(days=1)
_AS_REPORTED = attrgetter(*REPORTED)
_PLATFORM_AND_KIND = attrgetter("platform", "kind")
_KNOWN = charges.c.version.is_not(None)  # of a cell that words were joined to
_IS_NEW = changed.c.was_day.is_(None)
_STAYS = and_(*(changed.c[name] == changed.c[f"was_{name}"] for name in PLACE))
_MOVES = or_(*(changed.c[name] != changed.c[f"was_{name}"] for name in PLACE))  # not so of a new cell


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
    _clear(conn)
    written = bulk_load.writer(conn)
    seen = bulk_load.load(conn, staged, STAGED, (_row(charge, zone, convert, written) for charge in batch))
    conn.exec_driver_sql(f"analyze {staged.name}")  # or SQLite goes through all charges to find these few
    retired = _retire(conn, whole, now) if whole and seen else 0
    return Recorded(seen, retired + _settle(conn, _words(staged), now))


def reattribute(conn: Connection, new: Iterable[Link], now: datetime) -> int:
    """Let the past follow new links: the cells of those identities are charged to whom they belong to now.

    A provider's cells are gone through once for each kind and each few thousand links, however many there are.

    Returns:
        How many cells moved.
    """
    columns = {"key": charges.c.resource, "user": charges.c.subject, "team": charges.c.sub_account}
    moved = 0
    for (platform, kind), links_ in groupby(sorted(new, key=_PLATFORM_AND_KIND), _PLATFORM_AND_KIND):
        while some := [each.external_id for each in islice(links_, LINKED_AT_ONCE)]:
            _clear(conn)
            theirs = _words(charges).where(charges.c.provider == platform, columns[kind].in_(some))
            moved += _settle(conn, theirs, now)
    return moved


def rebuild(conn: Connection) -> None:
    """Make the rollup anew from the charges; a right one does not change by it."""
    conn.execute(delete(spend))
    _add_to_spend(conn, _amounts(charges, _sums(charges)))


def recount(conn: Connection, account_ids: Sequence[str], since: date, sign: int) -> None:
    """Take the charges of some accounts since a day out of the rollup (-1) or put them in (1), around a move."""
    for start in range(0, len(account_ids), MOVED_AT_ONCE):
        some = charges.c.account_id.in_(account_ids[start : start + MOVED_AT_ONCE])
        amounts = _amounts(charges, [each * sign for each in _sums(charges)])
        _add_to_spend(conn, amounts.where(some, charges.c.day >= since))


def _clear(conn: Connection) -> None:
    """Make the tables of one transaction, empty."""
    for table in (staged, changed):
        conn.execute(CreateTable(table, if_not_exists=True))
        conn.execute(delete(table))


def _row(
    charge: Charge, zone: ZoneInfo, convert: Convert, written: Callable[[datetime | date], object]
) -> tuple[object, ...]:
    """A charge as a row of the staging table, in the order of STAGED."""
    start = charge.bucket_start
    day = start.date() if charge.bucket_hours >= HOURS_OF_A_DAY else start.astimezone(zone).date()
    house, rate = (0, 0) if charge.cost_nanos is None else convert(charge.cost_nanos, charge.currency, day)
    return (written(start), *_AS_REPORTED(charge), written(day), house, rate)


def _settle(conn: Connection, words: Select[Any], now: datetime) -> int:
    """Let some words about cells count, as far as they are news."""
    columns = [*KEY, *VALUES]
    conn.execute(insert(changed).from_select([*columns, *(f"was_{name}" for name in (*PLACE, *SUMS))], _news(words)))
    conn.exec_driver_sql(f"analyze {changed.name}")
    cells = conn.execute(select(func.count()).select_from(changed)).scalar_one()
    if not cells:
        return 0
    replaced = [charges.c[name] for name in (*columns, "version", "recorded_at")]
    old = select(*replaced, literal(now, charges.c.recorded_at.type)).join(changed, _same_cell(changed))
    conn.execute(
        insert(charge_versions).from_select([*columns, "version", "recorded_at", "replaced_at"], old.where(~_IS_NEW))
    )
    _add_to_spend(conn, _difference())
    # Few cells move; the upsert then leaves the index of places alone, which costs as much as the cells themselves.
    moved = update(charges).where(_same_cell(changed), _MOVES)
    conn.execute(moved.values({name: changed.c[name] for name in PLACE}))
    new = select(*(changed.c[name] for name in columns), literal(1), literal(now, charges.c.recorded_at.type))
    statement = insert_into(conn, charges).from_select(
        [*columns, "version", "recorded_at"],
        new.where(literal(1) == 1).order_by(*(changed.c[name] for name in KEY)),
    )
    values = {name: statement.excluded[name] for name in (*VALUES, "recorded_at") if name not in PLACE}
    values["version"] = charges.c.version + 1
    conn.execute(statement.on_conflict_do_update(index_elements=list(KEY), set_=values))
    return cells


def _words(table: Table) -> Select[Any]:
    """What a table says about cells, and whose they are."""
    columns = (*KEY, *VALUES)
    return select(*(_attributed(table) if name == "account_id" else table.c[name] for name in columns))


def _news(words: Select[Any]) -> Select[Any]:
    """The words that are not what the cell says already, beside what it says, in the order of `changed`."""
    word = words.subquery()
    cell = [word.c[name] for name in (*KEY, *VALUES)]
    was = [*(charges.c[name] for name in PLACE), *_sums(charges)]
    compared = (*(name for name in VALUES if name != "account_id"), "account_id")  # whose it is has to be looked up
    same_values = and_(*(charges.c[name].is_not_distinct_from(word.c[name]) for name in compared))
    return (
        select(*cell, *(case((_KNOWN, each)) for each in was))
        .outerjoin_from(word, charges, _same_cell(word))
        .where(or_(~_KNOWN, ~same_values))
    )


def _retire(conn: Connection, whole: WholeDay, now: datetime) -> int:
    """Take back the cells of a day that are not staged; what they said is kept."""
    start = datetime.combine(whole.day, time(), UTC)
    gone = and_(
        charges.c.provider == whole.provider,
        charges.c.bucket_start >= start,
        charges.c.bucket_start < start + timedelta(days=1),
        ~select(literal(1)).select_from(staged).where(_same_cell(staged)).correlate(charges).exists(),
    )
    kept = [charges.c[name] for name in (*KEY, *VALUES, "version", "recorded_at")]
    old = select(*kept, literal(now, charges.c.recorded_at.type)).where(gone)
    columns = [*KEY, *VALUES, "version", "recorded_at", "replaced_at"]
    conn.execute(insert(charge_versions).from_select(columns, old))
    _add_to_spend(conn, _amounts(charges, [-each for each in _sums(charges)]).where(gone))
    return conn.execute(delete(charges).where(gone)).rowcount


def _same_cell(other: FromClause) -> ColumnElement[bool]:
    return and_(*(charges.c[name] == other.c[name] for name in KEY))


def _attributed(table: Table) -> ColumnElement[str | None]:
    """Whose charge it is: by its key, else by its user, else by its team over there, else nobody's yet."""

    def by(kind: str, column: Column[Any]) -> ColumnElement[str | None]:
        linked = links.c.platform == table.c.provider, links.c.kind == kind, links.c.external_id == column
        return case((column != "", select(links.c.account_id).where(*linked).scalar_subquery()))

    whose = (by("key", table.c.resource), by("user", table.c.subject), by("team", table.c.sub_account))
    return func.coalesce(*whose, UNALLOCATED).label("account_id")


def _all_tokens(table: Table) -> ColumnElement[int]:
    """The tokens of a cell, each kind once: reasoning is a part of output."""
    return sum((table.c[name] for name in TOKENS[1:]), start=table.c[TOKENS[0]])


def _sums(table: Table) -> list[ColumnElement[int]]:
    """What a cell adds to the rollup, in the order of SUMS."""
    tokens = _all_tokens(table)
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


def _add_to_spend(conn: Connection, amounts: Select[Any] | CompoundSelect[Any]) -> None:
    """Move the rollup of every account on the line, in the order of its key.

    What an account itself moved by is added up first: a restated cell is then one row on its way up, and not two.
    """
    each = amounts.subquery()
    own = [each.c[name] for name in ROLLED]
    part = (
        select(*own, *(cast(func.sum(each.c[name]), BigInteger).label(name) for name in SUMS)).group_by(*own).subquery()
    )
    keys = (lineage.c.ancestor_id, part.c.day, part.c.provider, part.c.model)
    on_line = and_(
        lineage.c.account_id == part.c.account_id, lineage.c.since <= part.c.day, part.c.day < lineage.c.until
    )
    moved = (
        select(*keys, *(cast(func.sum(part.c[name]), BigInteger) for name in SUMS))
        .join(lineage, on_line)
        .group_by(*keys)
        .order_by(*keys)
    )
    statement = insert_into(conn, spend).from_select([*ROLLED, *SUMS], moved)
    values = {name: spend.c[name] + statement.excluded[name] for name in SUMS}
    conn.execute(statement.on_conflict_do_update(index_elements=list(ROLLED), set_=values))


# Questions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum of charges. `name` is what it was summed by, "" for all."""

    name: str
    cost_nanos: int
    tokens: int
    tokens_unpriced: int
    requests: int


def _summed(*, by: Column[Any]) -> Select[Any]:
    return (
        select(
            by,
            cast(func.sum(spend.c.cost_nanos), BigInteger),
            cast(func.sum(spend.c.tokens), BigInteger),
            cast(func.sum(spend.c.tokens_unpriced), BigInteger),
            cast(func.sum(spend.c.requests), BigInteger),
        )
        .where(
            spend.c.account_id == bindparam("account"),
            spend.c.day >= bindparam("first", type_=Date),
            spend.c.day < bindparam("end", type_=Date),
        )
        .group_by(by)
        .order_by(by)
    )


_BY = {"model": _summed(by=spend.c.model), "day": _summed(by=spend.c.day), "provider": _summed(by=spend.c.provider)}
_BY_DAY_AND_MODEL = _BY["day"].add_columns(spend.c.model).group_by(spend.c.model).order_by(spend.c.model)
_THAT_DAY = and_(
    lineage.c.account_id == spend.c.account_id, lineage.c.since <= spend.c.day, spend.c.day < lineage.c.until
)
_CHILDREN = (
    select(
        accounts.c.id,
        cast(func.sum(spend.c.cost_nanos), BigInteger),
        cast(func.sum(spend.c.tokens), BigInteger),
        cast(func.sum(spend.c.tokens_unpriced), BigInteger),
        cast(func.sum(spend.c.requests), BigInteger),
    )
    .join(spend, spend.c.account_id == accounts.c.id)
    .join(lineage, _THAT_DAY)
    .where(
        lineage.c.ancestor_id == bindparam("above"),
        accounts.c.id.in_(bindparam("accounts", expanding=True)),
        spend.c.day >= bindparam("first", type_=Date),
        spend.c.day < bindparam("end", type_=Date),
    )
    .group_by(accounts.c.id)
    .order_by(accounts.c.id)
)
_KEYS = (
    select(
        charges.c.resource,
        cast(func.sum(charges.c.cost_house_nanos), BigInteger),
        cast(func.sum(_all_tokens(charges)), BigInteger),
        cast(func.sum(case((charges.c.cost_nanos.is_(None), _all_tokens(charges)), else_=0)), BigInteger),
        cast(func.sum(charges.c.requests), BigInteger),
    )
    .join(
        lineage,
        and_(
            lineage.c.account_id == charges.c.account_id,
            lineage.c.since <= charges.c.day,
            charges.c.day < lineage.c.until,
        ),
    )
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        charges.c.day >= bindparam("first", type_=Date),
        charges.c.day < bindparam("end", type_=Date),
    )
    .group_by(charges.c.resource)
    .order_by(charges.c.resource)
)


def spent_by(conn: Connection, account_id: str, first: date, end: date, by: str) -> list[Spent]:
    """What an account and all below it spent on the days first until before end, by "model", "day" or "provider"."""
    rows = conn.execute(_BY[by], {"account": account_id, "first": first, "end": end})
    return [Spent(str(row[0]), *row[1:]) for row in rows]


def spent_by_account(conn: Connection, above: str, account_ids: Sequence[str], first: date, end: date) -> list[Spent]:
    """The same, a sum for each of some accounts, on the days on which they were below another."""
    rows = conn.execute(_CHILDREN, {"above": above, "accounts": list(account_ids), "first": first, "end": end})
    return [Spent(*row) for row in rows]


def spent_by_key(conn: Connection, account_id: str, first: date, end: date) -> list[Spent]:
    """What an account and all below it spent, by the provider's id of the key."""
    rows = conn.execute(_KEYS, {"account": account_id, "first": first, "end": end})
    return [Spent(*row) for row in rows]


def spent_by_day_and_model(conn: Connection, account_id: str, first: date, end: date) -> Iterator[tuple[date, Spent]]:
    """What an account and all below it spent, for each day and model."""
    for row in conn.execute(_BY_DAY_AND_MODEL, {"account": account_id, "first": first, "end": end}):
        yield row[0], Spent(row[5], *row[1:5])


_AT = select(spend.c.account_id, cast(func.sum(spend.c.cost_nanos), BigInteger)).where(
    spend.c.provider == bindparam("provider"),
    spend.c.day >= bindparam("first", type_=Date),
    spend.c.day < bindparam("end", type_=Date),
)
_AT_BY_ALL = _AT.group_by(spend.c.account_id)
_AT_BY_ONE = _AT_BY_ALL.where(spend.c.account_id == bindparam("account"))


def spent_at(conn: Connection, provider: str, first: date, end: date, account_id: str = "") -> dict[str, int]:
    """What an account, or else each, spent at a provider on the days first until before end, in house nanos."""
    values = {"provider": provider, "first": first, "end": end}
    if account_id:
        return {row[0]: row[1] for row in conn.execute(_AT_BY_ONE, {**values, "account": account_id})}
    return {row[0]: row[1] for row in conn.execute(_AT_BY_ALL, values)}


_NAMED = {
    "key": (charges.c.resource,),
    "team": (charges.c.sub_account,),
    "member": (charges.c.sub_account, charges.c.subject),
}
_AS = {
    kind: select(*names, cast(func.sum(charges.c.cost_house_nanos), BigInteger))
    .where(
        charges.c.provider == bindparam("provider"),
        charges.c.bucket_start >= bindparam("first_about"),
        charges.c.bucket_start < bindparam("end_about"),
        charges.c.day >= bindparam("first", type_=Date),
        charges.c.day < bindparam("end", type_=Date),
        *(name != "" for name in names),
    )
    .group_by(*names)
    for kind, names in _NAMED.items()
}


def spent_as(conn: Connection, provider: str, kind: str, first: date, end: date) -> dict[tuple[str, ...], int]:
    """What a provider counts for each "key", "team" or "member" (team and user) on those days, whoever's it is here."""
    # A day of the organization's begins and ends within a day of the one of UTC; the key of charges begins with that.
    first_about, end_about = (datetime.combine(each, time(), UTC) for each in (first - _DAY, end + _DAY))
    values = {"provider": provider, "first": first, "end": end, "first_about": first_about, "end_about": end_about}
    rows = conn.execute(_AS[kind], values)
    return {tuple(row[:-1]): row[-1] for row in rows}


_BETWEEN = (
    select(
        charges.c.account_id,
        charges.c.model,
        cast(func.sum(charges.c.cost_house_nanos), BigInteger),
        cast(func.sum(_all_tokens(charges)), BigInteger),
        cast(func.sum(case((charges.c.cost_nanos.is_(None), _all_tokens(charges)), else_=0)), BigInteger),
        cast(func.sum(charges.c.requests), BigInteger),
    )
    .join(
        lineage,
        and_(
            lineage.c.account_id == charges.c.account_id,
            lineage.c.since <= charges.c.day,
            charges.c.day < lineage.c.until,
        ),
    )
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        or_(
            and_(
                charges.c.bucket_hours >= HOURS_OF_A_DAY,
                charges.c.day >= bindparam("first", type_=Date),
                charges.c.day < bindparam("end", type_=Date),
            ),
            and_(
                charges.c.bucket_hours < HOURS_OF_A_DAY,
                charges.c.day >= bindparam("first_about", type_=Date),
                charges.c.day <= bindparam("end_about", type_=Date),
                charges.c.bucket_start >= bindparam("start_at", type_=Instant),
                charges.c.bucket_start < bindparam("end_at", type_=Instant),
            ),
        ),
    )
    .group_by(charges.c.account_id, charges.c.model)
    .order_by(charges.c.account_id, charges.c.model)
)


def spent_between(
    conn: Connection, account_id: str, days: tuple[date, date], moments: tuple[datetime, datetime]
) -> dict[str, list[Spent]]:
    """What an account spent, and each below it on the days on which it was there, in a period of another zone.

    Args:
        conn: any connection.
        account_id: whose.
        days: the period's first day and its end, which count for buckets of a day.
        moments: its start and end as instants, which count for hourly buckets.
    """
    around = timedelta(days=2)  # between the zones of Kiritimati and of Pago Pago lie 25 hours
    values = {
        "account": account_id,
        "first": days[0],
        "end": days[1],
        "first_about": days[0] - around,
        "end_about": days[1] + around,
        "start_at": moments[0],
        "end_at": moments[1],
    }
    found: dict[str, list[Spent]] = {account_id: []}
    for own_id, *sums in conn.execute(_BETWEEN, values):
        spent = Spent(*sums)
        for each in {account_id, own_id}:
            found.setdefault(each, []).append(spent)
    return found


_BELOW = (
    select(
        spend.c.account_id,
        spend.c.model,
        cast(func.sum(spend.c.cost_nanos), BigInteger),
        cast(func.sum(spend.c.tokens), BigInteger),
    )
    .join(lineage, _THAT_DAY)
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        spend.c.day >= bindparam("first", type_=Date),
        spend.c.day < bindparam("end", type_=Date),
    )
    .group_by(spend.c.account_id, spend.c.model)
)


def spent_below(conn: Connection, account_id: str, first: date, end: date) -> dict[str, list[Spent]]:
    """What an account spent, and what each account spent on the days on which it was below, by model."""
    found: dict[str, list[Spent]] = {}
    for row in conn.execute(_BELOW, {"account": account_id, "first": first, "end": end}):
        found.setdefault(row[0], []).append(Spent(row[1], row[2], row[3], 0, 0))
    return found


@dataclass(frozen=True, slots=True)
class Unallocated:
    """An identity at a provider whose charges are nobody's yet. `kind` is "key", "user" or "team", "" for none."""

    provider: str
    kind: str
    identity: str
    cost_nanos: int
    last: date


_UNALLOCATED = (
    select(
        charges.c.provider,
        charges.c.resource,
        charges.c.subject,
        charges.c.sub_account,
        cast(func.sum(charges.c.cost_house_nanos), BigInteger),
        func.max(charges.c.day, type_=Date),
    )
    .where(charges.c.account_id == UNALLOCATED, charges.c.day >= bindparam("since", type_=Date))
    .group_by(charges.c.provider, charges.c.resource, charges.c.subject, charges.c.sub_account)
)


def unallocated(conn: Connection, since: date = BEGINNING) -> list[Unallocated]:
    """Whose charges since a day are nobody's: each by its key, else by its user, else by its team over there."""
    found: dict[tuple[str, str, str], Unallocated] = {}
    for provider, resource, subject, sub_account, cost, last in conn.execute(_UNALLOCATED, {"since": since}):
        kinds = (("key", resource), ("user", subject), ("team", sub_account), ("", ""))
        kind, identity = next(pair for pair in kinds if pair[1] or not pair[0])
        old = found.get((provider, kind, identity))
        both = (cost + old.cost_nanos, max(last, old.last)) if old else (cost, last)
        found[provider, kind, identity] = Unallocated(provider, kind, identity, *both)
    return list(found.values())


# Pulls ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pull:
    """How reading a provider went last.

    Args:
        provider: its name.
        tried_at: when we last asked.
        done_at: when we last heard everything, None if never.
        through: the last day we have heard of.
        rows_seen: rows of the last good pull.
        rows_changed: cells it changed.
        error: what went wrong since, "" if nothing.
    """

    provider: str
    tried_at: datetime
    done_at: datetime | None
    through: date | None
    rows_seen: int
    rows_changed: int
    error: str


_PULLS = select(pulls).order_by(pulls.c.provider)


def pulled(conn: Connection) -> list[Pull]:
    """How each provider's last pull went, by name."""
    return [Pull(*row) for row in conn.execute(_PULLS)]


def note_pull(conn: Connection, pull: Pull) -> None:
    """Remember how a pull went."""
    upsert(conn, pulls, [asdict(pull)])
