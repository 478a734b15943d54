"""A backup of the whole database while Bursar runs, back again, and over to PostgreSQL.

SQLite is copied by its own online backup in one go: a copy of the file would leave out what still stands in the log
beside it. PostgreSQL is written by its own pg_dump. What a backup holds stands beside it in FILE.json, and is compared
when it is restored: for a trial as soon as it is made, and when it is wanted.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bot import __version__
from bot.config import ConfigError
from bot.texts import t
from storage import audit, partitions
from storage.copies import Total, UncopiedError, copy, is_empty, totals
from storage.db import Database, revision
from storage.tables import charges

SQLITE = b"SQLite format 3\x00"
POSTGRESQL = b"PGDMP"
REPLACED = "replaced_"
OWN_ONLY = 0o600
PATIENCE_S = 6 * 3600  # a program of PostgreSQL that takes longer hangs


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, in a few numbers that tell whether another one is the same.

    Args:
        revision: its last migration.
        tables: what every table comes to.
        audit_rows: how many rows of the audit follow from each other.
    """

    revision: str
    tables: dict[str, Total]
    audit_rows: int

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(each.rows for each in self.tables.values())


def contents(database: Database) -> Contents:
    """What is in a database, from one moment.

    Raises:
        ConfigError: the audit was changed.
    """

    def ask(conn: Any) -> Contents:
        broken = audit.first_broken(conn)
        if broken is not None:
            raise ConfigError(
                t(
                    "Row {n} of the audit does not follow from the one before: it, or one before it, was changed or "
                    "removed.",
                    n=broken,
                )
            )
        found = totals(conn)
        return Contents(revision(conn) or "", found, found["audit"].rows)

    return database.ask(ask)


def back_up(database: Database, file: Path, now: datetime, *, trial: bool = True) -> tuple[Contents, str]:
    """Write a backup and what it holds; it is only there when it is whole.

    Args:
        database: may be in use.
        file: where to; the one that is there is replaced.
        now: is written down.
        trial: restore it somewhere else, and compare.

    Returns:
        What it holds, and what could not be tried and why, "" if nothing.

    Raises:
        ConfigError: it cannot be written, or is not what it should be.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.touch(mode=OWN_ONLY)
        part.chmod(OWN_ONLY)
        held = _write_sqlite(database, part) if database.is_sqlite else _dump(database, part)
        untried = _try(database, part, held) if trial else ""
        with part.open("rb") as written:
            os.fsync(written.fileno())
        beside = _beside(file)
        beside.write_text(json.dumps(_described(held, part, now), indent=2), encoding="utf-8")
        part.replace(file)
    except OSError as trouble:
        raise ConfigError(
            t("{file} cannot be written ({reason}).", file=file, reason=trouble.strerror or trouble)
        ) from trouble
    finally:
        part.unlink(missing_ok=True)
    return held, untried


def restore(file: Path, url: str, *, replace: bool = False) -> Contents:
    """Put a backup in the place of a database.

    Raises:
        ConfigError: it is no backup, was changed, belongs to another kind of database, or something is there.
    """
    held = _read(file)
    target = Database(url)
    try:
        if target.is_sqlite is not (_kind(file) == SQLITE):
            raise ConfigError(
                t(
                    "{file} is a backup of the other kind of database. Restore it into one of its own kind, then use "
                    "“move”.",
                    file=file,
                )
            )
        if not replace and not target.ask(is_empty):
            raise ConfigError(
                t("There is something in the database. To delete it, say so: restore {file} --replace", file=file)
            )
        if target.is_sqlite:
            target.close()
            _restore_sqlite(file, Path(str(target.url.database)), held)
        else:
            with _out_of_the_way(target):
                _undump(file, target.url, "--clean", "--if-exists")
            _compare(target, held)
    finally:
        target.close()
    return held


def move(source: Database, url: str, begins: Callable[[str], None]) -> Contents:
    """Copy all into another database and compare. A SQLite file is renamed afterwards, so that nobody goes on with it.

    Args:
        source: nobody uses it.
        url: of an empty database.
        begins: is told the name of each table before it is copied.

    Raises:
        ConfigError: the target is not empty, or one of the rows does not fit there.
    """
    target = Database(url)
    if target.url == source.url:
        raise ConfigError(t("That is the same database."))
    try:
        if not target.ask(is_empty):
            raise ConfigError(t("There is something in the database that you named. It must be empty."))
        source.migrate()
        target.migrate()
        before = contents(source)

        def write(asked: Any, conn: Any) -> None:
            for name in copy(asked, conn):
                begins(name)

        target.transact(lambda conn: source.ask(lambda asked: write(asked, conn)))
        _compare(target, before)
    except UncopiedError as trouble:
        raise ConfigError(
            t("Table {table} cannot be copied: {reason}", table=trouble.table, reason=trouble.why)
        ) from trouble
    finally:
        target.close()
    if source.is_sqlite:
        source.close()
        file = Path(str(source.url.database))
        file.replace(file.with_name(f"{file.name}.moved"))
    return before


# SQLite --------------------------------------------------------------------------------------------------------------


def _write_sqlite(database: Database, part: Path) -> Contents:
    with sqlite3.connect(str(database.url.database)) as source, sqlite3.connect(part) as target:
        source.backup(target, pages=-1)  # in steps it begins anew with each commit of others, and may never end
        target.execute("pragma journal_mode = delete")
    target.close()
    source.close()
    return _checked_sqlite(part)


def _checked_sqlite(file: Path) -> Contents:
    """What a copy holds, by a copy of it: opening it writes files beside it, and may bring its tables up to date."""
    with tempfile.TemporaryDirectory(prefix="bursar-trial-", dir=file.parent) as folder:
        beside = Path(folder) / "trial.db"
        shutil.copyfile(file, beside)
        with sqlite3.connect(beside) as conn:
            said = conn.execute("pragma quick_check").fetchone()[0]
        conn.close()
        if said != "ok":
            raise ConfigError(t("The copy is damaged: {reason}", reason=said))
        database = Database(f"sqlite:///{beside}")
        try:
            return contents(database)
        finally:
            database.close()


def _restore_sqlite(file: Path, target: Path, held: Contents) -> None:
    part = target.with_name(f"{target.name}.part")
    part.touch(mode=OWN_ONLY)
    try:
        shutil.copyfile(file, part)
        _same(_checked_sqlite(part), held)
        if target.exists():
            _nobody_uses(target)
        for beside in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
            beside.unlink(missing_ok=True)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _nobody_uses(file: Path) -> None:
    """Close the log of a file, which works only while nobody else has it open.

    Raises:
        ConfigError: somebody has.
    """
    conn = sqlite3.connect(file, timeout=0)
    try:
        conn.execute("pragma journal_mode = delete")
    except sqlite3.OperationalError as trouble:
        raise ConfigError(t("The database is in use. Stop Bursar first.")) from trouble
    finally:
        conn.close()


# PostgreSQL ----------------------------------------------------------------------------------------------------------


def _dump(database: Database, part: Path) -> Contents:
    """The dump is of the same moment as the totals: PostgreSQL lends the snapshot of the one to the other."""

    def ask(conn: Any) -> Contents:
        snapshot = conn.scalar(text("select pg_export_snapshot()"))
        _run("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={part}", url=database.url)
        found = totals(conn)
        return Contents(revision(conn) or "", found, found["audit"].rows)

    return database.ask(ask)


def _try(database: Database, part: Path, held: Contents) -> str:
    if database.is_sqlite:
        return ""  # it was opened from the copy already
    name = f"bursar_trial_{uuid4().hex[:8]}"
    admin = Database(database.url.render_as_string(hide_password=False))
    try:
        with _created(admin, name):
            there = database.url.set(database=name)
            _undump(part, there)
            trial = Database(there.render_as_string(hide_password=False))
            try:
                _compare(trial, held)
            finally:
                trial.close()
    except DBAPIError as trouble:
        return str(trouble.orig).strip()
    finally:
        admin.close()
    return ""


@contextmanager
def _created(admin: Database, name: str) -> Iterator[None]:
    admin.outside_of_transactions(f"create database {name} template template0")
    try:
        yield
    finally:
        admin.outside_of_transactions(f"drop database {name} with (force)")


def _undump(file: Path, url: URL, *options: str) -> None:
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", *options, str(file), url=url, into=True)


@contextmanager
def _out_of_the_way(target: Database) -> Iterator[None]:
    """Let charges be called otherwise until others are in their place: pg_restore cannot drop what is in months."""

    def drop(conn: Any) -> None:
        conn.execute(text(f"drop table if exists {REPLACED}{charges.name}"))

    def begin(conn: Any) -> None:
        drop(conn)  # of a restore that died
        partitions.rename(conn, "", REPLACED)

    target.transact(begin)
    is_done = False
    try:
        yield
        is_done = True
    finally:
        target.transact(drop if is_done else lambda conn: partitions.rename(conn, REPLACED, ""))


def _run(program: str, *arguments: str, url: URL, into: bool = False) -> None:
    """Run one of PostgreSQL's programs. The password goes by the environment, where no list of processes shows it.

    Raises:
        ConfigError: it is missing, or failed.
    """
    found = shutil.which(program)
    if not found:
        raise ConfigError(
            t(
                "{program} is missing. It comes with PostgreSQL's client: apt-get install postgresql-client",
                program=program,
            )
        )
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    command = [found, f"--dbname={address}", *arguments] if into else [found, *arguments, f"--dbname={address}"]
    environ: Mapping[str, str] = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, with arguments of ours
        command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ConfigError(t("{program} failed: {reason}", program=program, reason=said[0] if said else done.returncode))


# What it holds -------------------------------------------------------------------------------------------------------


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def _described(held: Contents, file: Path, now: datetime) -> dict[str, Any]:
    return {
        "bursar": __version__,
        "made_at": now.isoformat(),
        "sha256": _digest(file),
        "bytes": file.stat().st_size,
        **asdict(held),
    }


def _read(file: Path) -> Contents:
    """What a backup should hold.

    Raises:
        ConfigError: it is none, or is not as it was written.
    """
    try:
        kind = _kind(file)
        said = json.loads(_beside(file).read_text(encoding="utf-8"))
        held = Contents(
            said["revision"], {name: Total(**each) for name, each in said["tables"].items()}, said["audit_rows"]
        )
        digest = said["sha256"]
    except OSError as trouble:
        raise ConfigError(
            t("{file} cannot be read ({reason}).", file=trouble.filename or file, reason=trouble.strerror or trouble)
        ) from trouble
    except (ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise ConfigError(t("{file} is not what “backup” wrote.", file=_beside(file))) from trouble
    if kind not in {SQLITE, POSTGRESQL}:
        raise ConfigError(t("{file} is no backup of a database.", file=file))
    if _digest(file) != digest:
        raise ConfigError(t("{file} is not what was written: it is damaged, or another one.", file=file))
    return held


def _kind(file: Path) -> bytes:
    with file.open("rb") as opened:
        head = opened.read(len(SQLITE))
    return POSTGRESQL if head.startswith(POSTGRESQL) else head


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _compare(database: Database, held: Contents) -> None:
    _same(contents(database), held)


def _same(found: Contents, held: Contents) -> None:
    """Nothing, if they are.

    Raises:
        ConfigError: a table differs.
    """
    wrong = sorted(name for name in held.tables if found.tables.get(name) != held.tables[name])
    if wrong:
        raise ConfigError(t("What was written differs from what was read, in: {tables}", tables=", ".join(wrong)))
    if found.revision != held.revision:
        raise ConfigError(
            t("The backup is of tables {one}, and these are {other}.", one=held.revision, other=found.revision)
        )
