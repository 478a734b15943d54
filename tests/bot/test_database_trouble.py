"""A database that is damaged, read-only, full or gone is told in one plain sentence, wherever one meets it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from bot.server import server
from storage.db import Database, why_unusable
from tests.support.company import Company
from tests.support.databases import copied
from tests.support.paths import ROOT

WHY = {"full": "The disk of the database is full", "read_only": "The database is read-only"}


def pragma(company: Company, words: str) -> int:
    """Tell the connection of orders something of SQLite's, outside of any transaction."""
    raw = company.database._orders.raw_connection()
    (value, *_) = raw.driver_connection.execute(f"pragma {words}").fetchone() or (0,)  # type: ignore[union-attr]
    raw.close()
    return int(value)


def fill(company: Company) -> None:
    """The file may not grow any more, as on a full disk."""
    pragma(company, f"max_page_count = {pragma(company, 'page_count')}")


def forbid(company: Company) -> None:
    """Nothing may be written, as on a read-only file system."""
    pragma(company, "query_only = on")


def allow(company: Company) -> None:
    """There is room again."""
    pragma(company, "max_page_count = 1073741823")
    pragma(company, "query_only = off")


def corrected(company: Company) -> str:
    """What is answered to an order that writes much."""
    company.clock.forward(timedelta(seconds=1))
    return company.hear("fay", "correct 1 of ana " + "reason " * 100).title


def tick_on(company: Company) -> None:
    """Let hours pass, until the last page is full."""
    for _ in range(300):
        company.clock.forward(timedelta(hours=1))
        company.app.tick()


@pytest.mark.parametrize(("what", "happens"), [("full", fill), ("read_only", forbid)])
def test_a_database_that_takes_no_writes(acme: Company, what: str, happens: Callable[[Company], None]) -> None:
    """An order says so and changes nothing; /readyz says why; when it is well again all goes on by itself."""
    happens(acme)
    told = f"The database is {what.replace('_', '-')}. Nothing was changed. Please tell whoever runs Bursar."
    assert told in (corrected(acme) for _ in range(100))  # until the last page is full
    with pytest.raises(DBAPIError):
        tick_on(acme)
    ready = TestClient(server(acme.app, [], lambda: True)).get("/readyz")
    assert (ready.status_code, WHY[what] in ready.text) == (503, True)
    assert "left" in acme.say("ana", "balance")  # questions are answered

    allow(acme)
    acme.app.tick()
    assert TestClient(server(acme.app, [], lambda: True)).get("/readyz").status_code == 200
    assert acme.hear("ana", "request 50 the migration").tone != "bad"


def test_an_ordinary_mistake_is_no_trouble_of_the_database(database: Database) -> None:
    """A bug of ours stays one, on both databases."""
    with pytest.raises(DBAPIError) as caught:
        database.ask(lambda conn: conn.execute(text("select nothing from nowhere")))
    assert why_unusable(caught.value) == ""
    assert why_unusable(ValueError("x")) == ""


def test_a_server_that_is_not_there_and_one_that_refuses_us() -> None:
    """Both are told apart from bugs."""
    gone = Database("postgresql://bursar@127.0.0.1:9/bursar")
    with pytest.raises(DBAPIError) as caught:
        gone.ask(lambda conn: conn.execute(text("select 1")))
    assert why_unusable(caught.value) == "unreachable"


@pytest.mark.parametrize(
    "command",
    [["run"], ["say", "balance", "--as", "ana"], ["status"], ["check"], ["backup", "x.backup"], ["export", "audit"]],
    ids=" ".join,
)
@pytest.mark.parametrize("what", ["damaged", "no folder"])
def test_every_command_says_it_in_one_sentence(tmp_path: Path, command: list[str], what: str) -> None:
    """Without a traceback, and with an exit status that a service manager sees."""
    (tmp_path / "app.yaml").write_text("organization: {name: Acme}\n")
    file = tmp_path / "bursar.db"
    copied(file)
    if what == "damaged":
        content = bytearray(file.read_bytes())
        content[100:9000] = b"x" * 8900
        file.write_bytes(content)
    else:
        file = tmp_path / "app.yaml" / "deep" / "bursar.db"
    environ = {**os.environ, "BURSAR_CONFIG": str(tmp_path / "app.yaml"), "DATABASE_URL": f"sqlite:///{file}"}
    environ |= {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "Traceback" not in said
    sentence = "The database is damaged" if what == "damaged" else "cannot be made (Not a directory)"
    assert said.count(sentence) == 1, said
    assert not (tmp_path / "x.backup").exists()


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """With the folder that is made for it, and the files that SQLite puts beside it."""
    before = os.umask(0o022)
    try:
        made = Database(f"sqlite:///{tmp_path}/var/bursar.db")
        made.migrate()
        files = sorted((tmp_path / "var").iterdir())
        modes = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "var", *files)}
        made.close()
    finally:
        os.umask(before)

    assert modes == {"var": 0o700, "bursar.db": 0o600, "bursar.db-shm": 0o600, "bursar.db-wal": 0o600}
