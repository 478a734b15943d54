"""Charges by months, so that a month is found, kept and forgotten as a whole.

On PostgreSQL each month of buckets (UTC) is a partition of its own: what asks for some days opens only the months in
which they lie, and a month that may be forgotten is taken off at once. On SQLite the same table is one, and the same
questions find their days by its key.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Date, Table, and_, func, literal, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from storage import installation
from storage.tables import FILLED, Instant, charges

KEPT_SINCE = "charges kept since"
"""The note from which moment on charges are kept."""
AHEAD_MONTHS = 2
MONTHS = 12
MONTH_LOCK_MS = 5_000
"""How long PostgreSQL's own cleaning of a month that is taken off is waited for; nobody else waits meanwhile. It stops
for us, but only after its deadlock_timeout of a second."""
ALL_LOCK_MS = 100
"""The same of those who use charges. Until they are ready everybody else waits behind us, so better try again."""
_DAY = timedelta(days=1)
_NEXT_MONTH = timedelta(days=32)  # from the first of any month it leads into the next one

_MISSING = text("select name from unnest(cast(:names as text[])) as name where to_regclass(name) is null")
_MONTHS = text(
    "select cast(oid as regclass)::text from pg_inherits join pg_class on oid = inhrelid"
    " where inhparent = to_regclass('charges') order by 1"
)

_TREE = text(
    "with tree as (select relid from pg_partition_tree(to_regclass(:table)))"
    " select relname, relkind in ('i', 'I') from pg_class where oid in (select relid from tree)"
    " or oid in (select indexrelid from pg_index where indrelid in (select relid from tree)) order by 1"
)


class _NearDays(FunctionElement[bool]):
    """Whether a bucket begins near some days. It is true of all that count for them, and prunes partitions."""

    type = Boolean()
    inherit_cache = True
    name = "near_days"


@compiles(_NearDays, "postgresql")
def _near_days_postgresql(element: _NearDays, compiler: Any, **kw: Any) -> str:
    bucket, first, end = (compiler.process(each, **kw) for each in element.clauses)
    # As moments of UTC whatever the session's zone: only so the planner leaves months out, and locks none of them.
    since, until = (
        f"cast(cast({day} as date) {by} as timestamp) at time zone 'UTC'" for day, by in ((first, "- 1"), (end, "+ 1"))
    )
    return f"({bucket} >= {since} and {bucket} < {until})"


@compiles(_NearDays, "sqlite")
def _near_days_sqlite(_element: _NearDays, _compiler: Any, **_kw: Any) -> str:
    return "1"  # the key begins with the provider: it would help nothing there


def of_days(first: Any, end: Any) -> ColumnElement[bool]:
    """Whether a charge counts for the days first until before end, given as days or as parameters of that type.

    A day of the organization begins and ends within a day of the one of UTC, so few months are opened for it.
    """
    since, until = (literal(each, Date) if isinstance(each, date) else each for each in (first, end))
    return and_(charges.c.day >= since, charges.c.day < until, near_days(since, until))


def near_days(first: Any, end: Any) -> ColumnElement[bool]:
    """What holds of the buckets of all charges of some days, given as parameters."""
    return _NearDays(charges.c.bucket_start, first, end)


def month_of(moment: datetime | date) -> date:
    """The first day of the month of a moment, by UTC."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the next month."""
    return (month + _NEXT_MONTH).replace(day=1)


def months_before(moment: datetime, count: int) -> datetime:
    """The start of a month that lies so many months before that of a moment, by UTC."""
    years, month = divmod(moment.astimezone(UTC).year * MONTHS + moment.astimezone(UTC).month - 1 - count, MONTHS)
    return start_of(date(years, month + 1, 1))


def start_of(month: date) -> datetime:
    """When a month begins, by UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def name_of(month: date) -> str:
    """What the partition of a month is called."""
    return f"{charges.name}_{month:%Y_%m}"


def ensure(conn: Connection, months: Iterable[date]) -> None:
    """Make the partitions of some months where they are missing; nobody waits for it but who makes one, too."""
    if conn.dialect.name == "sqlite":
        return
    names = {name_of(month): month for month in sorted(months)}
    if not names or not _missing(conn, names):
        return
    # One after the other, by the lock that attaching takes; no advisory lock, which would not let us see what came.
    conn.exec_driver_sql(f"lock table only {charges.name} in share update exclusive mode")
    for name in _missing(conn, names):
        create(conn, names[name])
        attach(conn, names[name])


def create(conn: Connection, month: date) -> None:
    """Make the table of a month, which is no partition yet and has no keys."""
    conn.exec_driver_sql(
        f"create table {name_of(month)} (like {charges.name} including defaults) with (fillfactor = {FILLED})"
    )


def attach(conn: Connection, month: date) -> None:
    """Make the table of a month a partition, with its keys: created as one, it would wait for all who use charges."""
    since, until = (start_of(each).isoformat() for each in (month, following(month)))
    conn.exec_driver_sql(
        f"alter table {charges.name} attach partition {name_of(month)} for values from ('{since}') to ('{until}')"
    )


def ensure_staged(conn: Connection, table: Table) -> None:
    """The same for all cells that are staged in a table, as far as charges of their time are kept."""
    if conn.dialect.name == "sqlite":
        return
    month = func.date_trunc("month", table.c.bucket_start, type_=Instant)
    found = [month_of(each) for each in conn.execute(select(month).distinct()).scalars()]
    since = kept_since(conn)
    ensure(conn, [each for each in found if since is None or start_of(each) >= since])


def ensure_ahead(conn: Connection, now: datetime) -> None:
    """The same for this month and those to come, so that no reading makes one while others wait."""
    months = [month_of(now)]
    for _ in range(AHEAD_MONTHS):
        months.append(following(months[-1]))
    ensure(conn, months)


def partitions(conn: Connection) -> dict[date, str]:
    """The partitions there are, by their months; none on SQLite."""
    if conn.dialect.name == "sqlite":
        return {}
    return {_month(name): name for name in conn.execute(_MONTHS).scalars()}


def detach(conn: Connection, until: datetime) -> int:
    """Take all partitions off that end by a moment, and drop them; how many there were.

    Whoever uses charges waits until the transaction ends, so nothing else should follow in it.

    Raises:
        DBAPIError: others use them for too long (lock_not_available); try again later.
    """
    gone = [name for month, name in sorted(partitions(conn).items()) if start_of(following(month)) <= until]
    if gone:
        _lock(conn, gone, "share update exclusive", MONTH_LOCK_MS)
        _lock(conn, [charges.name, *gone], "access exclusive", ALL_LOCK_MS)
    for name in gone:
        conn.exec_driver_sql(f"alter table {charges.name} detach partition {name}")
        conn.exec_driver_sql(f"drop table {name}")
    return len(gone)


def _lock(conn: Connection, names: Iterable[str], mode: str, wait_ms: int) -> None:
    """Lock tables until the transaction ends."""
    conn.exec_driver_sql(f"set local lock_timeout = {wait_ms}")
    for name in names:
        conn.exec_driver_sql(f"lock table only {name} in {mode} mode")


def rename(conn: Connection, old: str, new: str) -> None:
    """Give charges, their partitions and indexes another beginning of their names, so that others can have these."""
    for name, is_index in conn.execute(_TREE, {"table": f"{old}{charges.name}"}).all():
        what = "index" if is_index else "table"
        conn.exec_driver_sql(f'alter {what} "{name}" rename to "{new}{name.removeprefix(old)}"')


def kept_since(conn: Connection) -> datetime | None:
    """From which moment on charges are kept; None from the beginning."""
    noted = installation.noted(conn, KEPT_SINCE)
    return datetime.fromisoformat(noted[0]) if noted else None


def months(conn: Connection) -> Iterator[tuple[date, date]]:
    """The months of days of which there may be charges: the first day of each, and of the next one."""
    bounds = [_bounds(conn, provider) for provider in providers(conn)]
    if not bounds:
        return
    month = month_of(min(first for first, _ in bounds) - _DAY)
    last = max(last for _, last in bounds) + _DAY
    while start_of(month) <= last:
        end = following(month)
        yield month, end
        month = end


def beside(conn: Connection, first: date, end: date) -> ColumnElement[bool]:
    """What holds of the keys of all charges of some days: SQLite finds them by it."""
    start = charges.c.bucket_start
    since, until = (datetime.combine(each, time(), UTC) for each in (first - _DAY, end + _DAY))
    return and_(charges.c.provider.in_(providers(conn)), start >= since, start < until)


def providers(conn: Connection) -> list[str]:
    """Those of which there are charges, by a look into the key for each."""
    found: list[str] = []
    least = select(func.min(charges.c.provider))
    while (name := conn.execute(least.where(charges.c.provider > found[-1]) if found else least).scalar()) is not None:
        found.append(name)
    return found


def _bounds(conn: Connection, provider: str) -> tuple[datetime, datetime]:
    start = charges.c.bucket_start
    here = charges.c.provider == provider
    ends = [select(one(start, type_=Instant)).where(here).scalar_subquery() for one in (func.min, func.max)]
    first, last = conn.execute(select(*ends)).one()
    return first, last


def _missing(conn: Connection, names: Iterable[str]) -> list[str]:
    return list(conn.execute(_MISSING, {"names": list(names)}).scalars())


def _month(name: str) -> date:
    year, month = name.rsplit("_", 2)[1:]
    return date(int(year), int(month), 1)
