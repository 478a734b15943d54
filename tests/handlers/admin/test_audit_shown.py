"""The audit as finance looks at it."""

import ast
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import update

from handlers.card import File, Table
from handlers.deeds import DEEDS, OF_REQUESTS, RIGHTS
from handlers.events import RequestExpired
from storage import tables
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.paths import ROOT

SAY_A_VERB = ("deed", "_deed", "_settled")


def test_it_is_searched_by_whom_and_when_the_latest_first(database: Database, clock: Clock) -> None:
    """What somebody did, and what was done to them."""
    acme = Company(database, clock)
    for number in range(23):
        clock.forward(timedelta(seconds=1))
        acme.say("fay", f"correct {number + 1} of ana refund {number}")
    acme.say("fay", "correct 5 of bob refund of bob")

    assert "refund of bob" in acme.say("fay", "audit")
    assert "refund of bob" not in acme.say("fay", "audit of ana")
    first, second = acme.say("fay", "audit of ana"), acme.say("fay", "audit of ana page 2")
    assert "23 entries in the audit" in first
    assert ("refund 22" in first, "refund 2\n" in first) == (True, False)
    assert "refund 0" in second
    assert "0 entries in the audit" in acme.say("fay", "audit last month")
    assert "24 entries" in acme.say("ada", "audit this month")


def test_it_can_be_had_as_a_file(acme: Company) -> None:
    """As it was written, in every language the same; a period of very many entries is refused."""
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")

    card = acme.hear("fay", "审计 本月 导出")
    [file] = [each for each in (*card.blocks, *card.thread) if isinstance(each, File)]

    assert file.columns[:4] == ("number", "at", "who", "what")
    assert [row[2:5] for row in file.rows] == [("max", "approved", "request/1"), ("ana", "asked", "request/1")]
    assert "Only finance" in acme.say("max", "audit as csv")


def test_a_row_that_was_changed_is_found(database: Database, clock: Clock) -> None:
    """By whoever asks whether it is complete."""
    acme = Company(database, clock)
    acme.say("fay", "correct 5 of bob refund")
    acme.say("fay", "correct 6 of bob refund")
    assert "The audit is complete" in acme.say("fay", "audit verify")

    database.transact(lambda conn: conn.execute(update(tables.audit).where(tables.audit.c.id == 1).values(who="ana")))

    assert "Row 1 of the audit does not follow" in acme.say("fay", "audit verify")


def test_what_nobody_ordered_was_done_by_bursar(acme: Company) -> None:
    """The clock is at no place that a reader could look for."""
    acme.say("ana", "request 50 more")
    acme.happens(RequestExpired(1, 0))

    table = next(block for block in acme.hear("fay", "audit").blocks if isinstance(block, Table))

    assert (table.rows[0][1], table.rows[0][-1]) == ("Bursar", "")
    assert table.rows[-1][1] == "Ana Silva"


def test_nobody_else_sees_it(acme: Company) -> None:
    """Finance and admins only."""
    for person in ("ana", "max", "kim"):
        assert "Only finance and admins" in acme.say(person, "audit")
        assert "Only finance and admins" in acme.say(person, "month")


def verbs() -> Iterator[str]:
    """The verbs that the code writes into the audit: the first string of each call."""
    for folder in ("handlers", "bot"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
                    strings = [each.value for each in node.args if isinstance(each, ast.Constant)]
                    is_record = name == "record" and path.parent.name in ("requests", "limits")
                    if strings and isinstance(strings[0], str) and (name in SAY_A_VERB or is_record):
                        yield strings[0]


def test_every_verb_of_the_audit_has_words() -> None:
    """So that nobody reads it in another language than their own."""
    found = {each for each in verbs() if each not in RIGHTS and not each.startswith("role ")}
    assert len(found) > 50
    assert found - {*DEEDS, *OF_REQUESTS} == set()


def test_who_decided_for_another_is_said_by_name(acme: Company) -> None:
    """By which right, for whom and until when."""
    acme.say("max", "delegate @kim until friday")
    acme.say("ana", "request 50 more")
    acme.say("kim", "approve 1")

    table = next(block for block in acme.hear("fay", "audit").blocks if isinstance(block, Table))

    assert table.rows[0][2:5] == ("approved", "#1", "manager, for Max Weber until 27 November")
