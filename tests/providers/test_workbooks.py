"""Exports as Excel workbooks, and packed files that hold more than they look like."""

import gzip
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from bot.providers.files import provider as reading
from bot.providers.files import readers
from bot.providers.files.provider import Files
from bot.providers.files.settings import FileRules
from tests.providers.test_files import PLAIN, refused

DAY = date(2026, 11, 21)
HEADER = ("date", "who", "model", "tokens_input", "tokens_output", "cost")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """Reads whatever lies in a folder."""
    provider = Files("files", str(tmp_path / "*"))
    yield provider
    provider.close()


def workbook(path: Path, *sheets: tuple[str, list[tuple[Any, ...]]]) -> None:
    """Write a workbook with some sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_workbook_is_read_as_its_csv_would_be(files: Files, tmp_path: Path) -> None:
    """Days are Excel's own, above the header stands a title, and a sheet of notes is no trouble; `check` names it."""
    rows = [
        ("Usage of November", None),
        (),
        HEADER,
        (datetime(2026, 11, 21), "ana@acme.example", "gpt-5", 1_000, 20, 1.25),  # noqa: DTZ001 - Excel has no zones
        (DAY, "bo@acme.example", "gpt-5", 7.0, 0, None),
        (None, None),
        ("2026-11-21", "bo@acme.example", "m", "1,000", "-", "$0.50"),
    ]
    workbook(tmp_path / "usage.xlsx", ("Notes", [("by", "whom"), ("Fay", "Osei")]), ("Data", rows))
    found = {(cell.subject, cell.model): cell for cell in files.charges(DAY, DAY)}
    assert found["ana@acme.example", "gpt-5"].cost_nanos == 1_250_000_000
    assert found["bo@acme.example", "gpt-5"].tokens_input == 7
    assert (found["bo@acme.example", "m"].tokens_input, found["bo@acme.example", "m"].cost_nanos) == (1_000, 5 * 10**8)
    said = " ".join(line.what for line in files.check())
    assert "3 rows as plain (not read: sheet Notes)" in said


def test_a_vendors_export_is_known_as_a_workbook_and_a_mapping_reads_one(tmp_path: Path) -> None:
    """By its header, whatever the ending of its name."""
    names = (
        "Date",
        "Slug",
        "Usage",
        "BYOK Usage",
        "Requests",
        "Prompt Tokens",
        "Completion Tokens",
        "Reasoning Tokens",
    )
    workbook(
        tmp_path / "activity.XLSX", ("Sheet1", [names, ("2026-11-21 00:00:00", "openai/gpt-5", 1.25, 0, 4, 9, 2, 0)])
    )
    known = Files("files", str(tmp_path / "*"))
    assert [cell.cost_nanos for cell in known.charges(DAY, DAY)] == [1_250_000_000]
    known.close()
    own = {"date": "Tag", "cost": "Betrag", "currency": "EUR"}
    workbook(tmp_path / "activity.XLSX", ("Tabelle1", [("Tag", "Betrag"), (DAY, 3)]))
    mapped = Files("files", str(tmp_path / "*"), FileRules.model_validate({"columns": own}))
    assert [(cell.cost_nanos, cell.currency) for cell in mapped.charges(DAY, DAY)] == [(3 * 10**9, "EUR")]
    mapped.close()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", b"date,cost\n"])
def test_what_is_no_workbook_is_one_sentence(files: Files, tmp_path: Path, content: bytes) -> None:
    """And leaves its neighbours alone."""
    (tmp_path / "a.xlsx").write_bytes(content)
    assert "it is no Excel workbook that can be read" in refused(files)


def test_a_workbook_without_a_table_is_one_sentence(files: Files, tmp_path: Path) -> None:
    """Such as one of pictures."""
    workbook(tmp_path / "a.xlsx", ("Empty", []), ("Title", [("Usage",)]))
    assert "no sheet of it has a header" in refused(files)


def test_a_packed_file_unpacks_to_what_fits_and_no_more(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes may hold a terabyte. It is refused while it is read, and what was read of it does not count."""
    monkeypatch.setattr(readers, "UNPACKED_BYTES_MAX", 100_000)
    rows = PLAIN + "2026-11-21,u,m,1,0.01\n" * 10_000
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(rows.encode()))
    assert "when it is unpacked: split it" in refused(files)
    (tmp_path / "a.csv.gz").unlink()
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.csv", rows)
    assert "when it is unpacked: split it" in refused(files)
    (tmp_path / "b.zip").unlink()
    (tmp_path / "c.csv").write_text(rows)  # a plain file takes the room that it has
    assert sum(cell.tokens_input or 1 for cell in files.charges(DAY, DAY))


def test_an_archive_of_very_many_files_and_a_file_of_very_many_rows_are_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would keep everybody else waiting."""
    monkeypatch.setattr(readers, "MEMBERS_MAX", 2)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.csv", PLAIN)
    assert "it has more than 2 files in it" in refused(files)
    (tmp_path / "a.zip").unlink()
    monkeypatch.setattr(reading, "ROWS_MAX", 2)
    (tmp_path / "a.csv").write_text(PLAIN + "2026-11-21,u,m,1,0.01\n" * 3)
    assert "it has more than 2 rows: split it" in refused(files)


def test_a_sheet_that_is_hidden_is_not_read(files: Files, tmp_path: Path) -> None:
    """It is last month's copy, or what a pivot was made of, and would count twice."""
    row = ("2026-11-21", "ana@acme.example", "m", 10, 1, 0.5)
    workbook(tmp_path / "a.xlsx", ("Data", [HEADER, row]), ("Copy", [HEADER, row]), ("Pivot", [HEADER, row]))
    book = load_workbook(tmp_path / "a.xlsx")
    book["Copy"].sheet_state, book["Pivot"].sheet_state = "hidden", "veryHidden"
    book.save(tmp_path / "a.xlsx")
    assert [cell.tokens_input for cell in files.charges(DAY, DAY)] == [10]


GROUPS = ("When and who", "", "Use", "", "", "Money")


@pytest.mark.parametrize("title", [(), (("Report of November",),)])
def test_a_line_of_groups_may_stand_above_the_names(files: Files, tmp_path: Path, title: tuple[Any, ...]) -> None:
    """Such as cells that are merged; in a workbook and in a CSV."""
    row = ("2026-11-21", "ana@acme.example", "m", 10, 1, 0.5)
    workbook(tmp_path / "a.xlsx", ("Data", [*title, GROUPS, HEADER, row]))
    assert [cell.tokens_input for cell in files.charges(DAY, DAY)] == [10]
    (tmp_path / "a.xlsx").unlink()
    lines = [",".join(map(str, each)) for each in (*title, GROUPS, HEADER, row)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    assert [cell.tokens_input for cell in files.charges(DAY, DAY)] == [10]


def test_an_archive_is_read_as_people_and_consoles_pack_it(files: Files, tmp_path: Path) -> None:
    """Folders, packed members, tabs; what macOS puts beside each file is none of them."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("__MACOSX/._a.csv", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
        archive.writestr("november/._b.csv", b"\x00\x05\x16\x07")
        archive.writestr("november/a.csv", PLAIN + "2026-11-21,ana,m,1,0.01\n")
        archive.writestr("november/b.csv.gz", gzip.compress((PLAIN + "2026-11-21,bo,m,2,0.01\n").encode()))
        archive.writestr("november/c.TSV", (PLAIN + "2026-11-21,cy,m,3,0.01\n").replace(",", "\t"))
        archive.writestr("readme.txt", "nothing of use")
    assert sorted(cell.subject for cell in files.charges(DAY, DAY)) == ["ana", "bo", "cy"]


def test_an_archive_without_a_table_is_one_sentence(files: Files, tmp_path: Path) -> None:
    """It would count nothing, in silence."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("report.pdf", "nothing of use")
    assert "there is no CSV file in it" in refused(files)
