"""The audit: appended only, and whoever rewrites it is found out."""

import io
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from bot.exports.files import AUDIT_COLUMNS, audit_rows, safe, write_csv
from storage import audit
from storage.audit import Deed
from storage.db import Database
from tests.support.clock import NOW
from tests.support.company import Company

ROWS = 40


@pytest.fixture
def kept(database: Database) -> Database:
    """A database with some deeds."""
    for n in range(ROWS):
        deed = Deed(
            NOW + timedelta(seconds=n), "max", "approved", f"request/{n}", "manager", "slack:D1", f"${n}.00 ünï"
        )
        database.transact(lambda conn, deed=deed: audit.append(conn, deed))  # type: ignore[misc]
    return database


def test_an_audit_that_nobody_touched_is_whole(kept: Database) -> None:
    """Every row follows from the one before."""
    assert kept.ask(audit.first_broken) is None


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update audit set who = 'eve' where id = 17", 17),
        ("update audit set details = '$1.00' where id = 1", 1),
        ("update audit set authority = '' where id = 40", 40),
        ("delete from audit where id = 23", 23),
        ("delete from audit where id <= 5", 1),
        ("update audit set id = 1000 where id = 40", 40),
        ("update audit set hash = (select hash from audit where id = 9) where id = 10", 10),
        (
            (
                "insert into audit (id, at, who, what, subject, authority, place, details, hash) "
                "select 41, at, who, what, subject, authority, place, details, hash from audit where id = 1"
            ),
            41,
        ),
    ],
)
def test_the_first_row_that_was_tampered_with_is_named(kept: Database, damage: str, found: int) -> None:
    """Changed, removed, renumbered, copied or slipped in."""
    kept.transact(lambda conn: conn.execute(text(damage)))

    assert kept.ask(audit.first_broken) == found


def test_swapping_two_rows_is_found(kept: Database) -> None:
    """The order is a part of what was said."""
    for old, new in ((12, -1), (13, 12), (-1, 13)):
        kept.transact(lambda conn, o=old, n=new: conn.execute(text(f"update audit set id = {n} where id = {o}")))  # type: ignore[misc]

    assert kept.ask(audit.first_broken) == 12


def test_an_export_is_rows_of_csv_that_no_spreadsheet_computes(kept: Database) -> None:
    """A reason that begins like a formula stays a text."""
    deed = Deed(NOW, "eve", "asked", "request/99", "asker", "slack:D1", '=HYPERLINK("http://x","y")')
    kept.transact(lambda conn: audit.append(conn, deed))
    out = io.StringIO()
    kept.ask(lambda conn: write_csv(out, AUDIT_COLUMNS, audit_rows(audit.rows(conn))))
    lines = out.getvalue().splitlines()

    assert len(lines) == ROWS + 2
    assert '"\'=HYPERLINK(""http://x"",""y"")"' in lines[-1]
    assert [safe(cell) for cell in ("+1", "-1", "@a", "\ta", "1", "")] == ["'+1", "'-1", "'@a", "'\ta", "1", ""]
    for unseen in ("\uff1d1+1", "\ufeff=1", "\u200b@a", "\u202e+1", "a;\uff0b1", "a;\u200b=1"):
        assert "'" in safe(unseen), unseen
    # Excel in German separates at semicolons, and sees the quotes of a line break only at the beginning of a cell.
    assert [safe(cell) for cell in ("a;=1", "a\n=1", "a;;@b", "a; b")] == ["a;'=1", "a\n'=1", "a;;'@b", "a; b"]


@pytest.mark.parametrize(
    ("who", "says", "row"),
    [
        (
            "max",
            "transfer 20 to ana for the demo",
            ("transferred", "person/max", "own", "$20.00 to person/ana: the demo"),
        ),
        ("kim", "transfer 20 from ana to max", ("transferred", "person/ana", "owner", "$20.00 to person/max: ")),
        ("max", "allot 300 to ana", ("allotted", "person/ana", "owner", "$300.00 of team/search, search-pool since")),
        ("max", "split now", ("split", "team/search", "owner", "more for each of 3, search-pool since 2026-11-01")),
        ("fay", "correct -5 of ana a refund", ("corrected", "person/ana", "role finance", "-$5.00: a refund")),
        ("ada", "enforce per-person", ("enforced", "budget/per-person", "role admin", "0 limits since 2026-11-01")),
        ("fay", "link llm user new to bob", ("linked", "person/bob", "role finance", "llm user new, 1 charges")),
    ],
)
def test_who_moves_money_or_a_name_stands_in_the_audit(
    acme: Company, who: str, says: str, row: tuple[str, ...]
) -> None:
    """Who, what, to what, on whose authority, with the figures; and the chain stays whole."""
    acme.llm.spends("new", "7.00", date(2026, 11, 21))
    acme.pull()
    card = acme.hear(who, says)

    found = acme.database.ask(lambda conn: list(audit.rows(conn)))
    assert card.tone not in ("warn", "bad"), card.title
    assert len(found) == 1
    deed = found[0].deed
    assert (deed.who, deed.what, deed.subject, deed.authority) == (who, *row[:3])
    assert row[3] in deed.details
    assert acme.database.ask(audit.first_broken) is None


def test_what_was_refused_is_no_deed(acme: Company) -> None:
    """Nothing was done, so nothing is written."""
    for who, says in (("ana", "transfer 5000 to max"), ("ana", "allot 5 to ana"), ("ana", "correct 5 of bob why")):
        acme.hear(who, says)

    assert not acme.database.ask(lambda conn: list(audit.rows(conn)))
