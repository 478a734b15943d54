"""The first look: what waits for whoever reads stands first, and a Home that was opened shows how things stand now."""

from datetime import timedelta

import pytest

from bot.platforms.slack.block_kit import home as drawn
from bot.platforms.terminal import render
from handlers.card import Button, Card, Heading
from handlers.events import RefreshHomes
from handlers.place import Place
from handlers.sentence import Sentence
from storage import spikes
from storage.spikes import Sight
from tests.support.company import Company
from tests.support.fakes.blockkit import faults_of_view
from tests.support.fakes.board import Board

HOME = Place("web", "home/max")


def headings(card: Card) -> list[str]:
    """What the parts of a card are about."""
    return [block.text for block in card.blocks if isinstance(block, Heading)]


def says(card: Card) -> list[str]:
    """What can be pressed."""
    return [block.label for block in card.blocks if isinstance(block, Button)]


def test_who_has_nothing_to_decide_sees_what_is_left(acme: Company) -> None:
    """And what of their own is not decided yet."""
    assert acme.hear("ana", "home").title == "$153.24 left of $400.00"
    acme.say("ana", "request 50 finish the migration")
    card = acme.hear("ana", "home")

    assert card.title == "$153.24 left of $400.00"
    assert "#1 finish the migration: $50.00  waits for Max Weber since 22 Nov" in acme.say("ana", "home")
    assert "Send a reminder about #1" in says(card)


def test_an_approver_sees_the_queue_first_and_then_their_own_balance(acme: Company) -> None:
    """Each request with its numbers and what can be done; one press decides."""
    acme.say("ana", "request 50 finish the migration")
    acme.say("ana", "request 20 a test")
    card = acme.hear("max", "home")

    assert card.title == "2 requests wait for you"
    assert headings(card) == [
        "#1: Ana Silva asks for $50.00 more",
        "#2: Ana Silva asks for $20.00 more",
        "$400.00 left of $400.00",
    ]
    assert says(card)[:4] == ["Approve #1", "Other amount for #1", "Deny #1", "Ask about #1"]
    assert "$246.76 of $400.00 used" in acme.say("max", "home")
    first = next(each for each in card.buttons if each.label == "Approve #1")
    assert acme.hear("max", first.says).title == "Approved: $50.00 for Ana Silva"
    assert acme.hear("max", "home").title == "1 request waits for you"


def test_finance_sees_what_waits_what_is_unusual_and_what_is_late(acme: Company) -> None:
    """And nothing of it where there is nothing."""
    assert acme.hear("fay", "home").title == "No request waits, and nothing is unusual or late"
    acme.say("ana", "request 50 finish the migration")
    acme.clock.forward(timedelta(days=3))
    acme.settle()
    now = acme.clock()
    figures = {"now_nanos": 9 * 10**9, "usual_nanos": 10**9, "excess_nanos": 7 * 10**9, "rate_nanos": 10**9}
    sight = Sight(rule="daily", since=now, until=now, **figures)
    acme.database.transact(lambda conn: spikes.begin(conn, "person/bob", sight))
    card = acme.hear("fay", "home")

    assert card.title == "1 request waits for others, 1 spike now, 1 thing is late"
    assert headings(card) == [
        "Requests that wait for others",
        "Unusual spending now",
        "Late or not working",
        "$400.00 left of $400.00",
    ]
    text = acme.say("fay", "home")
    assert "Max Weber" in text
    assert "#1 Bob Reyes" in text
    assert "Last read: 22 Nov 13:00 (Berlin)" in text
    assert "Max Weber" not in acme.say("bob", "home")


def test_the_whole_fits_slack_however_much_waits(acme: Company) -> None:
    """Thirty requests wait for Max: eight in full and a button for all, in a hundred blocks."""
    for n in range(6):
        for person in ("ana", "max", "bob", "lea", "kim"):
            acme.hear(person, f"request {n + 1} 🚀🚀 number {n} *of* many <!channel>")
    for person in ("max", "kim", "lea", "fay", "ada"):
        view = drawn(acme.hear(person, "home"))
        assert faults_of_view(view) == []
        assert len(view["blocks"]) <= 100


def opened(acme: Company, person: str) -> Board:
    """Somebody opens their Home."""
    board = Board()
    acme.app.platforms = {"web": board}
    acme.app.show_home(Sentence("home", person, Place("web", f"home/{person}")))
    acme.settle()
    return board


@pytest.mark.parametrize("person", ["max", "ana", "fay"])
def test_an_opened_home_is_drawn_again_when_a_request_changes(acme: Company, person: str) -> None:
    """Asked, then decided: who decides, who asked, and finance see it without opening it again."""
    board = opened(acme, person)
    acme.say("ana", "request 50 finish the migration")
    acme.settle()
    assert "#1" in on_home(board, person)
    acme.clock.forward(timedelta(minutes=1))
    acme.say("max", "approve 1")
    acme.settle()
    assert "#1" not in on_home(board, person)


def on_home(board: Board, person: str) -> str:
    """What somebody's Home shows."""
    (shown,) = (card for place, card in board.messages.values() if place.id == f"home/{person}")
    return render(shown)


def test_who_never_opened_a_home_gets_none(acme: Company) -> None:
    """A place that was never seen is not written to."""
    board = opened(acme, "max")
    acme.say("ana", "request 50 finish the migration")
    acme.happens(RefreshHomes(("ana", "max", "nobody"), "now"))
    acme.settle()

    assert [place.id for place, _ in board.messages.values() if place.id.startswith("home/")] == ["home/max"]


def test_a_home_opened_again_is_shown_again(acme: Company) -> None:
    """Though nothing changed: the platform may have lost it."""
    board = opened(acme, "max")
    board.messages.clear()
    acme.app.show_home(Sentence("home", "max", HOME))
    acme.settle()

    assert board.titles() == ["$400.00 left of $400.00"]
