"""A reply below what the bot said about a request goes to the other side; no command has to be known for it."""

from datetime import timedelta

import pytest

from handlers import in_reply
from handlers.card import Button, Card
from tests.support.company import Company
from tests.support.fakes.board import Board


def replies(company: Company, person: str, receipt: str, words: str) -> str:
    """Somebody replies below a message; the title of the answer."""
    company.clock.forward(timedelta(minutes=1))
    said = company.app.in_reply("web", receipt, words)
    answer = company.hear(person, said).title
    company.settle()
    return answer


@pytest.fixture
def board(acme: Company) -> Board:
    """Where everything is put up: Ana has asked for $50, and Max has the request as message 1."""
    made = Board()
    acme.app.platforms = {"web": made}
    acme.say("ana", "request 50 for it")
    acme.settle()
    return made


def test_question_and_answer_are_plain_replies(acme: Company, board: Board) -> None:
    """Max writes “Why?” below the request, Ana answers below the question, Max below the answer; then he decides."""
    assert replies(acme, "max", "1", "Why?") == "Sent"
    assert replies(acme, "ana", "2", "Because the demo is on Friday") == "Sent"
    assert replies(acme, "max", "1", "approve it then, boss") == "Sent"

    assert [(place.id, place.thread, card.title) for place, card in board.messages.values()] == [
        ("max", "", "Ana Silva asks for $50.00 more"),
        ("ana", "", "Max Weber about request #1"),
        ("max", "1", "Ana Silva about request #1"),
        ("ana", "2", "Max Weber about request #1"),
    ]
    assert "“Why?”" in acme.reads("ana")[0]
    assert "“Because the demo is on Friday”" in acme.reads("max")[-1]

    assert replies(acme, "max", "1", "approve 1 30") == "Approved: $30.00 for Ana Silva"
    assert "“Why?”" in acme.reads("ana")[0]
    assert "“Because the demo is on Friday”" in acme.reads("max")[1]
    assert replies(acme, "ana", "2", "thanks") == "Max Weber already approved request #1."


@pytest.mark.parametrize("words", ["help", "balance", "Requests", "approve 42 30", "history #42", "批准 42 30"])
def test_what_names_the_request_is_said_to_the_bot(words: str) -> None:
    """So is what nobody says to a colleague."""
    assert in_reply("request/42@slack:U1", Card("Ana asks"), words) == words


@pytest.mark.parametrize(
    "words",
    [
        "why",
        "Why 50?",
        "spend is high",
        "approve 41",
        "deny it if you must",
        "done",
        "balance it with 41",
        "no",
        "为什么",
    ],
)
def test_all_else_is_passed_on(words: str) -> None:
    """Whatever word it begins with: an order that was not meant would be worse than a word that was."""
    assert in_reply("question/42/20261123T120000@slack:U1", Card("Max about it"), words) == f"question 42 {words}"


def test_the_answer_to_the_asker_is_known_by_its_buttons() -> None:
    """“Asked for $50 more” was said in answer to a sentence; its button names the request."""
    card = Card("Asked for $50.00 more", (Button("Withdraw", "withdraw 7f3a"),))

    assert in_reply("slack/Ev1@slack:D1", card, "it is for the demo") == "question 7f3a it is for the demo"
    assert in_reply("slack/Ev1@slack:D1", Card("$5 left", (Button("Ask", "request"),)), "why") == "why"


def test_a_stranger_to_a_request_learns_nothing_by_a_reply(acme: Company, board: Board) -> None:
    """Whoever gets hold of a message's id is refused like everybody else."""
    assert "can't see a request" in replies(acme, "bob", "1", "Why?")
    assert len(board.messages) == 1


def test_a_reply_below_an_unknown_message_is_a_sentence(acme: Company) -> None:
    """Such as below one's own."""
    assert acme.app.in_reply("web", "no such", "balance") == "balance"
