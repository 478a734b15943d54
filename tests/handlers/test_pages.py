"""Long lists: a page at a time, to the end, and as a whole in a file that only who asked gets."""

import csv
from dataclasses import replace
from datetime import date
from io import StringIO

import pytest

from bot.csv_files import BYTE_ORDER_MARK, text_of
from handlers.card import Button, Card, File, Table
from handlers.place import Place
from handlers.sentence import Sentence
from storage.directory import Person
from tests.support.company import ACME, Company

MANY = 57
NAMES = [f"Person {number:02}" for number in range(MANY)]
HOSTILE = "=cmd|' /C calc'!A0"


@pytest.fixture
def crowd(acme: Company) -> Company:
    """A company with many people in Search, each of whom spent something."""
    more = [Person(f"p{number}", name, f"p{number}@acme.example", "max", "search") for number, name in enumerate(NAMES)]
    acme.directory = replace(ACME, people=(*ACME.people, *more))
    acme.app.refresh_people()
    return acme


def table_of(card: Card) -> Table:
    """The first table of a card."""
    return next(block for block in card.blocks if isinstance(block, Table))


def button(card: Card, label: str) -> str:
    """What a button says, "" if there is none."""
    return next((block.says for block in card.blocks if isinstance(block, Button) and block.label == label), "")


def content(card: Card) -> list[list[str]]:
    """The rows of the file that a card brings along."""
    [file] = [block for block in card.blocks if isinstance(block, File)]
    return list(csv.reader(StringIO(text_of(file).removeprefix(BYTE_ORDER_MARK))))


def test_a_list_is_read_to_its_end_by_pressing_next(crowd: Company) -> None:
    """Each row is on one page; the last page has no next one, and each table adds up to the whole."""
    card, seen, pages = crowd.hear("fay", "people"), [], 0
    while True:
        seen += [row[0] for row in table_of(card).rows]
        pages += 1
        says = button(card, "Next")
        if not says:
            break
        card = crowd.hear("fay", says)

    assert pages == 4
    assert len(seen) == len(set(seen)) == MANY + len(ACME.people)
    assert table_of(card).caption == "People: 61 to 64 of 64"
    assert button(card, "Back") == "people page 3"


def test_a_page_behind_the_last_one_is_the_last_one(crowd: Company) -> None:
    """And one before the first is the first."""
    assert table_of(crowd.hear("fay", "people page 99")).caption == "People: 61 to 64 of 64"
    assert table_of(crowd.hear("fay", "people page 0")).caption == "People: 1 to 20 of 64"
    assert table_of(crowd.hear("fay", "people 第2页")).caption == "People: 21 to 40 of 64"


def test_the_rows_of_other_pages_are_one_row_so_that_sums_agree(acme: Company) -> None:
    """Of 25 models, twenty have a row of their own on the first page, and five on the second."""
    for number in range(25):
        acme.llm.spends("lea", str(number + 1), date(2026, 11, 21), f"model-{number:02}")
    acme.pull()
    first, second = acme.hear("lea", "spend"), acme.hear("lea", "spend page 2")

    assert first.title == second.title == "$325.00 spent this month"
    assert table_of(first).rows[0][:2] == ("model-24", "$25.00")
    assert table_of(first).rows[-1][:2] == ("5 more", "$15.00")
    assert [row[0] for row in table_of(second).rows] == [f"model-0{n}" for n in (4, 3, 2, 1, 0)] + ["20 more"]
    assert table_of(acme.hear("lea", "spend sorted by name")).rows[0][0] == "model-00"
    assert button(acme.hear("lea", "spend by name this month"), "Next") == (
        "spend by model sorted by name this month page 2"
    )


def test_people_are_never_ranked(acme: Company) -> None:
    """Not even where it is asked for: they stand in the order of the alphabet."""
    acme.llm.spends("bob", "900.00", date(2026, 11, 20))
    acme.pull()
    for words in ("", " sorted by amount", " by amount"):
        rows = table_of(acme.hear("fay", f"spend of organization by person{words}")).rows
        assert [row[0] for row in rows] == ["Ana Silva", "Bob Reyes"]
    assert [row[0] for row in table_of(acme.hear("fay", "spend of organization by team")).rows] == ["Ads", "Search"]


def test_all_of_a_list_comes_as_a_file_with_what_the_page_left_out(crowd: Company) -> None:
    """Its heads are for machines; amounts are plain numbers and days are written as everywhere."""
    rows = content(crowd.hear("fay", "people as csv"))
    assert rows[0] == ["id", "name", "email", "team", "manager", "roles"]
    assert [row[1] for row in rows[1:]] == sorted([*NAMES, *(each.name for each in ACME.people)])

    rows = content(crowd.hear("ana", "spend by day as csv"))
    assert rows == [
        ["day", "cost", "currency", "tokens", "tokens_unpriced", "requests"],
        ["2026-11-21", "246.76", "USD", "1", "0", "1"],
    ]


def test_no_cell_of_a_file_computes_anything(acme: Company) -> None:
    """A name that begins like a formula gets an apostrophe, a figure below zero stays a figure, and Excel reads it."""
    acme.llm.spends("lea", "-3", date(2026, 11, 21), HOSTILE)
    acme.pull()
    card = acme.hear("lea", "spend csv")
    [file] = [block for block in card.blocks if isinstance(block, File)]

    assert text_of(file).startswith(BYTE_ORDER_MARK)
    assert content(card)[1][:2] == [f"'{HOSTILE}", "-3"]


def test_a_file_that_is_asked_for_in_a_channel_goes_to_the_asker_alone(acme: Company) -> None:
    """The channel hears that it was sent; the figures are in the direct message."""
    channel = Place("web", "#ai-spend", public=True)
    answer = acme.app.hear(Sentence("spend by day as csv", "ana", channel, delivery="d1"))

    assert answer.personal
    assert not answer.files
    assert "direct messages" in str(answer.blocks)
    assert acme.messages("max") == []
    acme.settle()
    assert [card.files[0].name for card in acme.messages("ana") if card.files] == [
        "spend-Ana-Silva-by-day-2026-11-01.csv"
    ]
    assert acme.app.messages(channel) == []


def test_what_one_may_not_see_is_no_file_either(acme: Company) -> None:
    """The same question, the same answer."""
    for said in ("spend of bob as csv", "people as csv", "limits as csv", "link as csv"):
        card = acme.hear("ana", said)
        assert not card.files, said
        assert card.tone == "warn", said
