"""A company on PostgreSQL with months of charges, put in as fast as it goes: rows first, their keys when all are there.

What it makes is what readings would have made; tests/bench/test_months.py compares it with a rebuild.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import Connection

from bench import ledger
from storage import ingest, partitions
from storage.db import Database

DAYS = 28
CELLS_OF_A_PERSON = 42
"""A charge a day, and of half the days another of another model."""
BYTES_OF_A_CHARGE = 700
ROOM_BYTES = 8 * 10**9
"""What is left free of the disk that the database is on: the key of the rollup is sorted there."""
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "'2GB'"}
MEMORY = "set local work_mem = '256MB'; set local maintenance_work_mem = '1GB'"

_OWN = """
insert into spend select account_id, day, provider, model, cost_house_nanos, {tokens}, 0, requests from {table}
"""
_ABOVE = """
with teams as materialized (
  select parent_id as account_id, day, provider, model,
    sum(cost_house_nanos) as cost_nanos, sum({tokens}) as tokens, sum(requests) as requests
  from {table} join accounts on accounts.id = account_id group by 1, 2, 3, 4
)
insert into spend
select ancestor_id, day, provider, model, sum(cost_nanos), sum(tokens), 0, sum(requests)
from teams join lineage using (account_id) where since <= day and day < until group by 1, 2, 3, 4
"""
_TOKENS = "tokens_input + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h + tokens_output"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds that a month took: to be put in, to get its keys, and to be added up."""

    put_s: float
    keys_s: float
    sums_s: float


def size(spenders: int) -> int:
    """Charges of a month."""
    return CELLS_OF_A_PERSON * spenders


@contextmanager
def as_fast_as_it_goes(database: Database) -> Iterator[None]:
    """What a crash would take may be lost meanwhile. Nothing is cleaned by itself, until the server ends."""
    _say(database, *(f"alter system set {name} = {value}" for name, value in FAST.items()))
    _say(database, "alter system set autovacuum = off", "select pg_reload_conf()")
    yield
    _say(database, *(f"alter system reset {name}" for name in FAST), "select pg_reload_conf()", "checkpoint")


def _say(database: Database, *statements: str) -> None:
    for each in statements:
        database.outside_of_transactions(each)


def fill(database: Database, months: int, spenders: int, home: str, until_s: float) -> Iterator[Took]:
    """Put in the months before this one, the newest first. That one is added up by our own rollup.

    Args:
        database: of a company (`ledger.company`) that has no charges of these months.
        months: at most.
        spenders: how many people spend something.
        home: a folder of the disk on which the database is.
        until_s: on the monotonic clock; no month begins after it.
    """
    end = partitions.month_of(ledger.NOW)
    database.transact(lambda conn: partitions.detach(conn, partitions.start_of(end)))  # they are there, and empty
    for number in range(months):
        needed = size(spenders) * BYTES_OF_A_CHARGE + ROOM_BYTES
        if number and (time.monotonic() > until_s or shutil.disk_usage(home).free < needed):
            break
        month = partitions.months_before(partitions.start_of(end), 1).date()
        put = timed(database, partial(_put, database, month, spenders))
        keys = timed(database, partial(_attach, month))
        yield Took(put, keys, timed(database, partial(_add_up, month, end) if number else partial(_rollup, month, end)))
        if number == 0:
            timed(database, _without_key)
        end = month
    timed(database, _with_key)
    ledger.settle(database)


def _put(database: Database, month: date, spenders: int, conn: Connection) -> None:
    partitions.create(conn, month)
    words = ledger.words_of(
        database,
        f"'{month:%Y-%m-}{DAYS}'",
        f"(i / :people % {DAYS})",
        model=f"(i / (:people * {DAYS}) + i % :people)",
        table=partitions.name_of(month),
    )
    ledger.insert(conn, words, size(spenders), spenders)


def _attach(month: date, conn: Connection) -> None:
    conn.exec_driver_sql(MEMORY)
    partitions.attach(conn, month)


def _rollup(first: date, end: date, conn: Connection) -> None:
    conn.exec_driver_sql(MEMORY)
    ingest.add_up(conn, first, end)


def _add_up(month: date, _end: date, conn: Connection) -> None:
    """The same in as few steps as a company allows in which nobody ever moved."""
    conn.exec_driver_sql(MEMORY)
    for each in (_OWN, _ABOVE):
        conn.exec_driver_sql(each.format(table=partitions.name_of(month), tokens=_TOKENS))


def _without_key(conn: Connection) -> None:
    conn.exec_driver_sql("alter table spend drop constraint pk_spend")


def _with_key(conn: Connection) -> None:
    conn.exec_driver_sql(MEMORY)
    conn.exec_driver_sql(f"alter table spend add constraint pk_spend primary key ({', '.join(ingest.ROLLED)})")


def timed(database: Database, work: Callable[[Connection], object]) -> float:
    """The seconds of an order, until it is committed."""
    began = time.perf_counter()
    database.transact(work)
    return time.perf_counter() - began
