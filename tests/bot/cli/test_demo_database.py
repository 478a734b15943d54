"""The demo takes the database that DATABASE_URL names, and no company of others."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli.demo import demo_app
from bot.config import ConfigError, load
from storage.directory import Person
from tests.support.clock import Clock
from tests.support.company import ACME, Company
from tests.support.databases import migrated


def test_a_database_of_another_company_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    """DATABASE_URL may be that of a real company: the demo would write its own people into it."""
    database = migrated(tmp_path / "acme.db")
    quentin = Person("quentin", "Quentin Real", "quentin@real.example", "", "search")
    Company(database, clock, directory=replace(ACME, people=(*ACME.people, quentin)))
    before = database.ask(lambda conn: list(conn.exec_driver_sql("select id from people order by id")))
    with pytest.raises(ConfigError, match="holds another company"):
        demo_app(load({}), f"sqlite:///{tmp_path}/acme.db", clock)

    assert database.ask(lambda conn: list(conn.exec_driver_sql("select id from people order by id"))) == before
    database.close()


def test_only_the_demos_own_file_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`demo --reset` deletes nothing that DATABASE_URL names."""
    kept = tmp_path / "kept.db"
    kept.touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{kept}")

    assert main(["demo", "--reset"]) != 0
    assert kept.exists()
    assert "Empty the database of DATABASE_URL yourself" in capsys.readouterr().err
