"""Questions about what was spent: by model, day, provider, key and account, from the rollup or from charges."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union,
    union_all,
)

from storage import aliases
from storage.charges import HOURS_OF_A_DAY, TOKENS
from storage.kept import known, note
from storage.partitions import near_days, of_days
from storage.prepared import Prepared
from storage.tables import (
    BEGINNING,
    FOREVER,
    ORGANIZATION,
    UNALLOCATED,
    Instant,
    accounts,
    all_tokens,
    charges,
    hours,
    lineage,
    spend,
)


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum of charges. `name` is what it was summed by, "" for all."""

    name: str
    cost_nanos: int
    tokens: int
    tokens_unpriced: int
    requests: int


# The columns of Spent after its name, from the rollup and from charges.
_SUMS = tuple(
    cast(func.sum(column), BigInteger)
    for column in (spend.c.cost_nanos, spend.c.tokens, spend.c.tokens_unpriced, spend.c.requests)
)
_CHARGED = tuple(
    cast(func.sum(amount), BigInteger)
    for amount in (
        charges.c.cost_house_nanos,
        all_tokens(charges),
        case((charges.c.cost_nanos.is_(None), all_tokens(charges)), else_=0),
        charges.c.requests,
    )
)


_WINDOW = tuple(bindparam(name, type_=Date) for name in ("first", "end"))


def _within(day: Column[Any], suffix: str = "") -> ColumnElement[bool]:
    """Whether a day is in the window of some parameters."""
    return and_(
        day >= bindparam(f"first{suffix}", type_=Date),
        day < bindparam(f"end{suffix}", type_=Date),
    )


def _that_day(table: FromClause) -> ColumnElement[bool]:
    """The accounts that were above that of a row on its day."""
    return and_(
        lineage.c.account_id == table.c.account_id, lineage.c.since <= table.c.day, table.c.day < lineage.c.until
    )


def _summed(*, by: Column[Any], suffix: str = "") -> Select[Any]:
    here = spend.c.account_id == bindparam(f"account{suffix}")
    return select(by, *_SUMS).where(here, _within(spend.c.day, suffix)).group_by(by)


def _each_day(suffix: str) -> Select[Any]:
    here = spend.c.account_id == bindparam(f"account{suffix}")
    sums = (spend.c.cost_nanos, spend.c.tokens, spend.c.tokens_unpriced, spend.c.requests)
    return select(spend.c.model, *sums).where(here, _within(spend.c.day, suffix))


_BY = {
    name: _summed(by=column).order_by(column)
    for name, column in (("model", spend.c.model), ("day", spend.c.day), ("provider", spend.c.provider))
}


def _daily(by: Column[Any], *where: ColumnElement[bool]) -> Select[Any]:
    """Sums of each day by something else, in the order that `_as_daily` reads."""
    return (
        select(spend.c.day, *_SUMS, by)
        .where(*where, _within(spend.c.day))
        .group_by(spend.c.day, by)
        .order_by(spend.c.day, by)
    )


def _as_daily(row: Sequence[Any]) -> tuple[date, Spent]:
    return row[0], Spent(row[5], *row[1:5])


_HERE = spend.c.account_id == bindparam("account")
_BY_DAY_AND = {name: _daily(spend.c[name], _HERE) for name in ("model", "provider")}


_CHILDREN = (
    select(accounts.c.id, *_SUMS)
    .join(spend, spend.c.account_id == accounts.c.id)
    .join(lineage, _that_day(spend))
    .where(
        lineage.c.ancestor_id == bindparam("above"),
        accounts.c.id.in_(bindparam("accounts", expanding=True)),
        _within(spend.c.day),
    )
    .group_by(accounts.c.id)
    .order_by(accounts.c.id)
)


_CHILDREN_BY_DAY = _CHILDREN.add_columns(spend.c.day).group_by(spend.c.day).order_by(spend.c.day)


def _by_hour(table: Table, hour: Column[Any], sums: Sequence[ColumnElement[int]]) -> Select[Any]:
    here = lineage.c.ancestor_id == bindparam("account"), _within(table.c.day)
    return select(hour, *sums).join(lineage, _that_day(table)).where(*here).group_by(hour)


_BY_HOUR = (
    _by_hour(charges, charges.c.bucket_start, _CHARGED).where(
        charges.c.bucket_hours < HOURS_OF_A_DAY, near_days(*_WINDOW)
    ),
    _by_hour(
        hours,
        hours.c.hour,
        [
            cast(func.sum(amount), BigInteger)
            for amount in (
                hours.c.cost_nanos,
                hours.c.tokens_input + hours.c.tokens_output,
                hours.c.tokens_unpriced,
                hours.c.requests,
            )
        ],
    ),
)


_KEYS = (
    select(charges.c.resource, *_CHARGED)
    .join(lineage, _that_day(charges))
    .where(lineage.c.ancestor_id == bindparam("account"), of_days(*_WINDOW))
    .group_by(charges.c.resource)
    .order_by(charges.c.resource)
)


def spent_by(conn: Connection, account_id: str, first: date, end: date, by: str) -> list[Spent]:
    """What an account and all below it spent on the days first until before end, by "model", "day" or "provider"."""
    rows = conn.execute(_BY[by], {"account": account_id, "first": first, "end": end})
    return [Spent(str(row[0]), *row[1:]) for row in rows]


_IN_USE = (
    select(spend.c.model, spend.c.provider)
    .distinct()
    .where(spend.c.account_id == ORGANIZATION, spend.c.day >= bindparam("first", type_=Date))
)


def in_use(conn: Connection, first: date) -> tuple[frozenset[str], frozenset[str]]:
    """The names of all models and of all providers that were used since a day."""
    rows = conn.execute(_IN_USE, {"first": first}).all()
    return frozenset(row[0] for row in rows if row[0]), frozenset(row[1] for row in rows)


_KINDS_BY_DAY = (
    select(charges.c.day, *(cast(func.sum(charges.c[name]), BigInteger) for name in TOKENS))
    .join(lineage, _that_day(charges))
    .where(lineage.c.ancestor_id == bindparam("account"), of_days(*_WINDOW))
    .group_by(charges.c.day)
    .order_by(charges.c.day)
)


def tokens_by_day(conn: Connection, account_id: str, first: date, end: date) -> list[tuple[date, tuple[int, ...]]]:
    """How many tokens of each kind an account and all below it used on each day, in the order of TOKENS."""
    rows = conn.execute(_KINDS_BY_DAY, {"account": account_id, "first": first, "end": end})
    return [(row[0], tuple(row[1:])) for row in rows]


Window = tuple[str, date, date]
"""An account, the first day and the day after the last."""


def spent_in(conn: Connection, windows: Sequence[Window]) -> list[list[Spent]]:
    """What was spent in each of some windows by model, in one statement."""
    values = _bounds(windows)
    found: list[list[Spent]] = [[] for _ in windows]
    for row in _in_windows(len(windows)).rows(conn, values) if windows else ():
        found[row[5]].append(Spent(*row[:5]))
    return found


def ask_ahead_for_spent_in(conn: Connection, windows: Sequence[Window]) -> None:
    """Let `spent_in` be asked with the order's next trip."""
    if windows:
        _in_windows(len(windows)).ahead(conn, _bounds(windows))


def _bounds(windows: Sequence[Window]) -> dict[str, object]:
    values: dict[str, object] = {}
    for number, (account_id, first, end) in enumerate(windows):
        values |= {f"account_{number}": account_id, f"first_{number}": first, f"end_{number}": end}
    return values


def spent_in_and_daily(
    conn: Connection, windows: Sequence[Window], daily: Sequence[Window]
) -> tuple[list[list[Spent]], tuple[tuple[date, Spent], ...]]:
    """The same, and in the same statement what was spent on each day of some more windows by model, in their order.

    A question keeps what it has read: pools are asked about by all who spend from them.
    """
    sums = [known(conn, ("spent", each)) for each in windows]
    days = [known(conn, ("days", each)) for each in daily]
    missing = [each for each, found in zip(windows, sums, strict=True) if found is None]
    missing_days = [each for each, found in zip(daily, days, strict=True) if found is None]
    if missing or missing_days:
        read, read_days = _spent_in_and_daily(conn, missing, missing_days)
        for window, spent in read.items():
            note(conn, ("spent", window), spent)
        for window, each_day in read_days.items():
            note(conn, ("days", window), each_day)
        sums = [read[each] if found is None else found for each, found in zip(windows, sums, strict=True)]
        days = [read_days[each] if found is None else found for each, found in zip(daily, days, strict=True)]
    return sums, tuple(days[0]) if len(days) == 1 else tuple(sorted(chain(*days), key=_day_and_model))


def _spent_in_and_daily(
    conn: Connection, windows: Sequence[Window], daily: Sequence[Window]
) -> tuple[dict[Window, list[Spent]], dict[Window, tuple[tuple[date, Spent], ...]]]:
    every = [*windows, *daily]
    values = _bounds(every)
    found: dict[Window, list[Spent]] = {each: [] for each in windows}
    days: dict[Window, list[tuple[date, Spent]]] = {each: [] for each in daily}
    for model, cost_nanos, tokens, unpriced, requests, number, day in _in_windows(len(windows), len(daily)).rows(
        conn, values
    ):
        spent = Spent(model, cost_nanos, tokens, unpriced, requests)
        if day is None:
            found[every[number]].append(spent)
        else:
            days[every[number]].append((day, spent))
    return found, {each: tuple(sorted(some, key=_day_and_model)) for each, some in days.items()}


def _day_and_model(each: tuple[date, Spent]) -> tuple[date, str]:
    return each[0], each[1].name


@cache
def _in_windows(count: int, daily: int = 0) -> Prepared:
    """A select for each window, the number of the window in its last column but one. Built once for each count.

    Args:
        count: of windows.
        daily: so many more selects of a window's days, with the day in its last column; a model that two providers have
            has two rows, for to group them takes SQLite twice the time of finding them.
    """
    sums = [
        _summed(by=spend.c.model, suffix=f"_{number}").add_columns(literal(number), cast(null(), Date))
        for number in range(count)
    ]
    sums += [_each_day(f"_{n}").add_columns(literal(n), spend.c.day) for n in range(count, count + daily)]
    return Prepared(union_all(*sums).order_by(text("1")))


def spent_by_account(conn: Connection, above: str, account_ids: Sequence[str], first: date, end: date) -> list[Spent]:
    """The same, a sum for each of some accounts, on the days on which they were below another."""
    rows = conn.execute(_CHILDREN, {"above": above, "accounts": list(account_ids), "first": first, "end": end})
    return [Spent(*row) for row in rows]


_WHO = {
    name: select(spend.c[name], spend.c.account_id)
    .distinct()
    .join(lineage, _that_day(spend))
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        spend.c.account_id.startswith("person/"),
        _within(spend.c.day),
    )
    for name in ("model", "provider", "day")
}


def who_spent_by(conn: Connection, account_id: str, first: date, end: date, by: str) -> dict[str, set[str]]:
    """Whose own accounts are behind each sum of `spent_by`, by "model", "provider" or "day"."""
    found: dict[str, set[str]] = {}
    for name, who in conn.execute(_WHO[by], {"account": account_id, "first": first, "end": end}):
        found.setdefault(str(name), set()).add(who)
    return found


_WHERE = (
    select(spend.c.provider, spend.c.model, spend.c.account_id)
    .distinct()
    .join(lineage, _that_day(spend))
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        spend.c.account_id.startswith("person/"),
        _within(spend.c.day),
    )
)


def who_spent_where(conn: Connection, account_id: str, first: date, end: date) -> list[tuple[str, str, str]]:
    """The same for each provider and model: these, and whose account."""
    return [(*row,) for row in conn.execute(_WHERE, {"account": account_id, "first": first, "end": end})]


_USERS = (
    select(charges.c.account_id, *(func.max(charges.c[name]) for name in TOKENS))
    .join(lineage, _that_day(charges))
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        charges.c.account_id.startswith("person/"),
        of_days(*_WINDOW),
    )
    .group_by(charges.c.account_id)
)


def who_used(conn: Connection, account_id: str, first: date, end: date) -> dict[str, set[str]]:
    """Whose own accounts used tokens of each kind."""
    found: dict[str, set[str]] = {}
    for who, *most in conn.execute(_USERS, {"account": account_id, "first": first, "end": end}):
        for kind, number in zip(TOKENS, most, strict=True):
            if number:
                found.setdefault(kind, set()).add(who)
    return found


def spent_by_hour(conn: Connection, account_id: str, first: date, end: date) -> list[tuple[datetime, Spent]]:
    """What an account and all below it used in each hour of some days, as far as hours are told, in their order.

    Hours that are told beside days are in these days as well: the sums of both are never added.
    """
    found: dict[datetime, Spent] = {}
    for query in _BY_HOUR:
        for hour, *sums in conn.execute(query, {"account": account_id, "first": first, "end": end}):
            was = found.get(hour, Spent("", 0, 0, 0, 0))
            found[hour] = Spent(
                "",
                was.cost_nanos + sums[0],
                was.tokens + sums[1],
                was.tokens_unpriced + sums[2],
                was.requests + sums[3],
            )
    return sorted(found.items(), key=lambda each: each[0])


def spent_by_key(conn: Connection, account_id: str, first: date, end: date) -> list[Spent]:
    """What an account and all below it spent, by the provider's id of the key."""
    rows = conn.execute(_KEYS, {"account": account_id, "first": first, "end": end})
    return [Spent(*row) for row in rows]


def spent_by_day_and_model(conn: Connection, account_id: str, first: date, end: date) -> Iterator[tuple[date, Spent]]:
    """What an account and all below it spent, for each day and model."""
    return spent_by_day_and(conn, account_id, first, end, "model")


def spent_by_day_and(
    conn: Connection, account_id: str, first: date, end: date, by: str
) -> Iterator[tuple[date, Spent]]:
    """What an account and all below it spent, for each day and "model" or "provider"."""
    return map(_as_daily, conn.execute(_BY_DAY_AND[by], {"account": account_id, "first": first, "end": end}))


def spent_by_day_and_account(
    conn: Connection, above: str, account_ids: Sequence[str], first: date, end: date
) -> Iterator[tuple[date, Spent]]:
    """What each of some accounts spent, for each day on which it was below another."""
    values = {"above": above, "accounts": list(account_ids), "first": first, "end": end}
    for row in conn.execute(_CHILDREN_BY_DAY, values):
        yield row[5], Spent(*row[:5])


Counted = tuple[int, int]
"""What was spent, in parts of the house currency, and how many tokens that were."""

_AT_BY_ALL = (
    select(spend.c.account_id, *(cast(func.sum(each), BigInteger) for each in (spend.c.cost_nanos, spend.c.tokens)))
    .where(spend.c.provider == bindparam("provider"), _within(spend.c.day))
    .group_by(spend.c.account_id)
)


_AT_BY_ONE = _AT_BY_ALL.where(spend.c.account_id == bindparam("account"))


def spent_at(conn: Connection, provider: str, first: date, end: date, account_id: str = "") -> dict[str, Counted]:
    """What an account, or else each, spent at a provider on the days first until before end."""
    values = {"provider": provider, "first": first, "end": end}
    if account_id:
        return {row[0]: (row[1], row[2]) for row in conn.execute(_AT_BY_ONE, {**values, "account": account_id})}
    return {row[0]: (row[1], row[2]) for row in conn.execute(_AT_BY_ALL, values)}


_AT_BY_MODEL = (
    select(spend.c.account_id, spend.c.model, cast(func.sum(spend.c.cost_nanos), BigInteger))
    .where(spend.c.provider == bindparam("provider"), _within(spend.c.day))
    .group_by(spend.c.account_id, spend.c.model)
)


def spent_at_by_model(conn: Connection, provider: str, first: date, end: date) -> Iterator[tuple[str, str, int]]:
    """What each account spent on each model at a provider on the days first until before end."""
    for row in conn.execute(_AT_BY_MODEL, {"provider": provider, "first": first, "end": end}):
        yield row[0], row[1], row[2]


_DAILY_AT = _daily(spend.c.model, _HERE, spend.c.provider == bindparam("provider"))


def daily_at(conn: Connection, provider: str, first: date, end: date, account_id: str) -> list[tuple[date, Spent]]:
    """What an account and all below it spent at a provider on each day, by model; `name` is the model."""
    values = {"provider": provider, "account": account_id, "first": first, "end": end}
    return [_as_daily(row) for row in conn.execute(_DAILY_AT, values)]


_NOW = lineage.alias("now")
# Those who are no longer anywhere, and those who are below it no longer: few, so their days are looked for by account.
_WHO_LEFT = union(
    select(accounts.c.id).where(accounts.c.kind == "person", ~accounts.c.active),
    select(lineage.c.account_id)
    .join(accounts, accounts.c.id == lineage.c.account_id)
    .where(lineage.c.ancestor_id == bindparam("account"), lineage.c.until < FOREVER, accounts.c.kind == "person")
    .where(
        ~exists().where(
            _NOW.c.account_id == lineage.c.account_id,
            _NOW.c.ancestor_id == bindparam("account"),
            _NOW.c.until == FOREVER,
        )
    ),
)
_GONE = _daily(spend.c.model, lineage.c.ancestor_id == bindparam("account"), spend.c.account_id.in_(_WHO_LEFT)).join(
    lineage, _that_day(spend)
)


def spent_by_who_left(conn: Connection, account_id: str, first: date, end: date) -> list[tuple[date, Spent]]:
    """What of an account's days people spent who were below it then and are no longer, by model."""
    rows = conn.execute(_GONE, {"account": account_id, "first": first, "end": end})
    return [_as_daily(row) for row in rows]


_KINDS_AT = (
    select(charges.c.model, *(cast(func.sum(charges.c[name]), BigInteger) for name in TOKENS))
    .where(
        charges.c.provider == bindparam("provider"),
        charges.c.bucket_start >= bindparam("start_at", type_=Instant),
        charges.c.bucket_start < bindparam("end_at", type_=Instant),
    )
    .group_by(charges.c.model)
    .order_by(charges.c.model)
)


def kinds_at(conn: Connection, provider: str, first: date, end: date) -> dict[str, tuple[int, ...]]:
    """How many tokens of each kind of each model were used at a provider on some UTC days, in the order of TOKENS."""
    start_at, end_at = (datetime.combine(each, time(), UTC) for each in (first, end))
    rows = conn.execute(_KINDS_AT, {"provider": provider, "start_at": start_at, "end_at": end_at})
    return {row[0]: tuple(row[1:]) for row in rows}


_TOLD = (
    select(
        charges.c.subject,
        charges.c.bucket_start,
        cast(func.sum(func.coalesce(charges.c.reported_nanos, charges.c.cost_nanos)), BigInteger),
    )
    .where(
        charges.c.provider == bindparam("provider"),
        charges.c.bucket_start >= bindparam("start_at", type_=Instant),
        charges.c.bucket_start < bindparam("end_at", type_=Instant),
        charges.c.cost_nanos.is_not(None),
    )
    .group_by(charges.c.subject, charges.c.bucket_start)
)


def told(conn: Connection, provider: str, first: date, last: date) -> dict[tuple[str, date], int]:
    """What a provider told of its UTC days first to last, both included: by its own user and day.

    Costs are in parts of the currency that it tells, before discounts of the company's own.
    """
    start_at, end_at = (datetime.combine(each, time(), UTC) for each in (first, last + timedelta(days=1)))
    sums: dict[tuple[str, date], int] = defaultdict(int)
    for subject, at, cost in conn.execute(_TOLD, {"provider": provider, "start_at": start_at, "end_at": end_at}):
        sums[subject, at.date()] += cost
    return dict(sums)


_NAMED = {
    "key": (charges.c.resource,),
    "team": (charges.c.sub_account,),
    "member": (charges.c.sub_account, charges.c.subject),
}


_AS = {
    kind: select(
        *names, *(cast(func.sum(each), BigInteger) for each in (charges.c.cost_house_nanos, all_tokens(charges)))
    )
    .where(
        charges.c.provider == bindparam("provider"),
        charges.c.bucket_start >= bindparam("first_about"),
        charges.c.bucket_start < bindparam("end_about"),
        of_days(*_WINDOW),
        *(name != "" for name in names),
    )
    .group_by(*names)
    for kind, names in _NAMED.items()
}


def spent_as(conn: Connection, provider: str, kind: str, first: date, end: date) -> dict[tuple[str, ...], Counted]:
    """What a provider counts for each "key", "team" or "member" (team and user) on those days, whoever's it is here."""
    # A day of the organization's begins and ends within a day of the one of UTC; the key of charges begins with that.
    first_about, end_about = (
        datetime.combine(each, time(), UTC) for each in (first - timedelta(days=1), end + timedelta(days=1))
    )
    values = {"provider": provider, "first": first, "end": end, "first_about": first_about, "end_about": end_about}
    rows = conn.execute(_AS[kind], values)
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


_BETWEEN = (
    select(charges.c.account_id, charges.c.model, *_CHARGED)
    .join(lineage, _that_day(charges))
    .where(
        lineage.c.ancestor_id == bindparam("account"),
        or_(
            and_(charges.c.bucket_hours >= HOURS_OF_A_DAY, of_days(*_WINDOW)),
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
    select(spend.c.account_id, spend.c.model, *_SUMS[:3])  # one is not asked for of everybody
    .join(lineage, _that_day(spend))
    .where(lineage.c.ancestor_id == bindparam("account"), _within(spend.c.day))
    .group_by(spend.c.account_id, spend.c.model)
)


def spent_below(conn: Connection, account_id: str, first: date, end: date) -> dict[str, list[Spent]]:
    """What an account spent, and what each account spent on the days on which it was below, by model."""
    found: dict[str, list[Spent]] = {}
    for row in conn.execute(_BELOW, {"account": account_id, "first": first, "end": end}):
        found.setdefault(row[0], []).append(Spent(row[1], row[2], row[3], row[4], 0))
    return found


@dataclass(frozen=True, slots=True)
class Unpriced:
    """What was used of a model at a provider without a price: how many tokens, and the first day of it."""

    model: str
    provider: str
    tokens: int
    first: date


_UNPRICED = (
    select(
        spend.c.model,
        spend.c.provider,
        cast(func.sum(spend.c.tokens_unpriced), BigInteger),
        func.min(spend.c.day, type_=Date),
    )
    .where(
        spend.c.account_id == bindparam("account"),
        spend.c.day >= bindparam("since", type_=Date),
        spend.c.tokens_unpriced > 0,
    )
    .group_by(spend.c.model, spend.c.provider)
)


def unpriced(conn: Connection, account_id: str, since: date) -> list[Unpriced]:
    """What an account and all below it used since a day without a price, by model and provider."""
    return [Unpriced(*row) for row in conn.execute(_UNPRICED, {"account": account_id, "since": since})]


_UNPRICED_USERS = (
    select(spend.c.account_id, cast(func.sum(spend.c.tokens_unpriced), BigInteger))
    .join(accounts, accounts.c.id == spend.c.account_id)
    .where(
        spend.c.model.in_(bindparam("models", expanding=True)),
        spend.c.day >= bindparam("since", type_=Date),
        spend.c.tokens_unpriced > 0,
        accounts.c.kind.in_(("person", "agent", "unallocated")),
    )
    .group_by(spend.c.account_id)
    .order_by(func.sum(spend.c.tokens_unpriced).desc(), spend.c.account_id)
    .limit(bindparam("most"))
)


def unpriced_tokens(conn: Connection, account_id: str, since: date) -> dict[str, int]:
    """How many tokens without a price each provider told of an account since a day."""
    tokens = func.sum(spend.c.tokens_unpriced)
    rows = conn.execute(
        select(spend.c.provider, tokens)
        .where(spend.c.account_id == account_id, spend.c.day >= since)
        .group_by(spend.c.provider)
    )
    return {row[0]: int(row[1]) for row in rows}


def unpriced_users(conn: Connection, models: Collection[str], since: date, most: int) -> list[tuple[str, int]]:
    """Who used some models without a price since a day, most tokens first: accounts, each with how many."""
    asked = {"models": sorted(models), "since": since, "most": most}
    return [(account, tokens) for account, tokens in conn.execute(_UNPRICED_USERS, asked)]


@dataclass(frozen=True, slots=True)
class Unallocated:
    """An identity at a provider whose charges are nobody's yet. `kind` is "key", "user" or "team", "" for none.

    `name` is what it is called there, "" if it has none.
    """

    provider: str
    kind: str
    identity: str
    cost_nanos: int
    last: date
    name: str = ""


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
    called = aliases.names(conn, [each.identity for each in found.values()])
    return [replace(each, name=called.get(key, "")) for key, each in found.items()]
