"""A restored copy: it reads and answers, and nothing goes out until an admin says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.card import Card
from handlers.place import Place
from storage import installation
from tests.support.company import Company
from tests.support.databases import copied
from tests.support.fakes.board import Board
from tests.support.paths import ROOT


def restored(company: Company) -> Board:
    """The company's database is a restored copy with a message that waits."""
    board = Board()
    company.settle()
    company.app.platforms = {"web": board}
    company.app.post("1", Place("web", "x"), Card("one"))
    company.database.transact(lambda conn: installation.note(conn, installation.RESTORED, "x.backup", company.clock()))
    return board


def test_nothing_goes_out_but_questions_to_providers(acme: Company) -> None:
    """No message, no limit, no timer; people are answered, providers are read, and it is said."""
    board = restored(acme)
    acme.app.tick()
    acme.settle()
    assert board.titles() == []
    assert acme.llm.days_asked  # read
    assert acme.app.waiting_lanes() == set()
    assert "left" in acme.say("ana", "balance")
    assert "restored copy" in acme.hear("fay", "status").title


@pytest.mark.parametrize(("words", "count"), [("go-live send", 1), ("go-live drop", 0)])
def test_an_admin_lets_it_go(acme: Company, words: str, count: int) -> None:
    """With what waited, or without; nobody else may, and there is nothing to let go twice."""
    board = restored(acme)
    for other in ("ana", "fay"):
        assert "Only admins" in acme.say(other, words)
    assert acme.hear("ada", "go-live").title == "Nothing is sent or limited yet"
    acme.settle()
    assert board.titles() == []

    assert acme.hear("ada", words).title == "Messages and limits go out again"
    acme.settle()
    assert board.titles().count("one") == count
    assert "no restored copy" in acme.say("ada", words)


def test_restore_holds_the_copy(tmp_path: Path) -> None:
    """As an operator does it."""
    (tmp_path / "app.yaml").write_text("organization: {name: Acme}\npeople: [{id: ada, name: Ada, roles: [admin]}]\n")
    copied(tmp_path / "bursar.db")
    environ = {**os.environ, "BURSAR_CONFIG": str(tmp_path / "app.yaml"), "PYTHONPATH": str(ROOT)}
    environ["DATABASE_URL"] = f"sqlite:///{tmp_path}/bursar.db"

    def bursar(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    bursar("backup", "x.backup")
    assert "until an admin says: go-live" in bursar("restore", "x.backup", "--replace")
    assert "restored copy" in bursar("status")
    assert "go out again" in bursar("say", "go-live", "send", "--as", "ada")
    assert "restored copy" not in bursar("status")
