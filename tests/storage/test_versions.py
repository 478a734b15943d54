"""Two programs on one database: the older one runs on newer tables if these only grew, else it refuses."""

import json

import pytest
from sqlalchemy import text

from bot.database_trouble import sentence
from storage import db, installation
from storage.db import Database, UnreadableDatabaseError
from tests.support.clock import NOW


def newer(database: Database, oldest: str) -> None:
    """The next release was here: it made a table, and wrote down who may go on."""
    database.transact(lambda conn: conn.execute(text("create table to_come (id integer primary key)")))
    database.transact(lambda conn: conn.execute(text("update alembic_version set version_num = '9001'")))
    made_by = json.dumps({"program": "9.0.0", "oldest": oldest})
    database.transact(lambda conn: installation.note(conn, db.SCHEMA, made_by, NOW))


def test_an_older_program_runs_on_tables_that_only_grew(database: Database) -> None:
    """And leaves them as they are."""
    newer(database, "0001")
    database.migrate("0.2.0")
    assert database.ask(db.revision) == "9001"


@pytest.mark.parametrize("noted", [True, False])
def test_an_older_program_refuses_tables_that_it_cannot_work_with(database: Database, noted: bool) -> None:
    """Also where nothing is said of who can."""
    newer(database, "9001")
    if not noted:
        database.transact(lambda conn: installation.end(conn, db.SCHEMA))
    with pytest.raises(UnreadableDatabaseError) as refused:
        database.migrate("0.2.0")
    said = sentence(refused.value)
    assert "this is 0.2.0, which cannot use it" in said
    assert ("9.0.0" in said) is noted


def test_who_made_the_tables_is_written_down(empty_url: str) -> None:
    """By the one that made them so, and by no other start."""
    made = Database(empty_url)
    for program in ("0.2.0", "0.2.1"):
        made.migrate(program)
    noted = made.ask(lambda conn: installation.noted(conn, db.SCHEMA))
    made.close()
    assert noted is not None
    assert json.loads(noted[0])["program"] == "0.2.0"
