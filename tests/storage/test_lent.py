"""What tests begin with: a database of PostgreSQL that others had before, and what was read once for all."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from storage.db import Database
from storage.tables import metadata
from tests.support import company
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import Postgres, is_new, migrated


def rows(database: Database) -> dict[str, list[Any]]:
    """All that is in it, by table."""
    tables = metadata.sorted_tables
    return database.ask(lambda conn: {each.name: list(conn.execute(select(each)).all()) for each in tables})


def test_what_was_written_is_gone_when_it_is_lent_again(postgres: Postgres, clock: Clock) -> None:
    """The numbers that were given away, too. After many times a new one is lent, so two of three are one."""
    lent = set()
    for _ in range(3):
        with postgres.migrated() as url:
            database = Database(url)
            assert is_new(database)
            assert "#1" in Company(database, clock).say("ana", "request 50 for the test")
            assert not is_new(database)
            database.close()
            lent.add(url)
    assert len(lent) < 3


@pytest.mark.parametrize(
    "change",
    [
        "alter table outbox add column odd int",
        "drop table outbox",
        "create index odd on entries (amount)",
        "create function odd() returns int language sql as 'select 1'",
        "grant select on entries to public",
    ],
)
def test_a_database_whose_tables_were_changed_is_not_lent_again(postgres: Postgres, change: str) -> None:
    """Rows can be taken out again; nobody knows how to take back what was done to tables."""
    with postgres.migrated() as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(change)

    with postgres.migrated() as again:
        assert again != url


def test_a_copy_of_the_first_reading_is_what_would_be_read(
    postgres: Postgres, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each table of both kinds of databases, and in what the provider was asked."""
    with postgres.migrated() as one, postgres.migrated() as other:
        for first, second in (
            (migrated(tmp_path / "first.db"), migrated(tmp_path / "second.db")),
            (Database(one), Database(other)),
        ):
            monkeypatch.setattr(company, "FIRST_READINGS", {})
            reading = Company(first, clock)
            read = rows(first)
            monkeypatch.setattr(Company, "pull", lambda _: pytest.fail("it is read again"))
            copying = Company(second, clock)
            monkeypatch.undo()

            assert read["spend"]
            assert rows(second) == read
            assert (copying.llm.calls, copying.llm.days_asked) == (reading.llm.calls, reading.llm.days_asked)
            assert copying.say("ana", "balance") == reading.say("ana", "balance")
            first.close()
            second.close()
