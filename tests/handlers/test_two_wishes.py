"""Two wishes in one sentence: neither is dropped, and none is guessed."""

import pytest

from handlers.card import Button
from tests.support.company import Company


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        ("balance and spend last week", "balance", "spend last week"),
        ("balance; spend last week", "balance", "spend last week"),
        ("balance, then spend yesterday", "balance", "spend yesterday"),
        ("whats my balance and what did i spend yesterday", "balance", "what did i spend yesterday"),
        ("spend by model last week and forecast", "spend by model last week", "forecast"),
        ("余额和上周支出", "balance", "上周支出"),
    ],
)
def test_two_questions_are_offered_one_after_the_other(acme: Company, said: str, first: str, second: str) -> None:
    """Each by a button."""
    card = acme.hear("ana", said)
    assert card.title == f"I do one thing at a time. Say “{first}”, then “{second}”."
    assert [block.says for block in card.blocks if isinstance(block, Button)] == [first, second]


def test_an_order_behind_a_question_is_no_button(acme: Company) -> None:
    """What changes something is said by a person."""
    card = acme.hear("ana", "show my balance and request 50 more")
    assert "then “request 50 more”" in card.title
    assert [block.says for block in card.blocks if isinstance(block, Button)] == ["balance"]


@pytest.mark.parametrize("said", ["balance of nobody and nothing", "spend by moon and stars"])
def test_what_is_no_second_wish_is_refused_as_before(acme: Company, said: str) -> None:
    """Words that begin no command."""
    assert "one thing at a time" not in acme.hear("ana", said).title
