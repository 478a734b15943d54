"""Letters that no database keeps: they come along in what is pasted, and stop nothing."""

import pytest

from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company

HALF = "\ud83d"
"""The first half of a picture, as a text has it that was cut in the middle of one."""


@pytest.mark.parametrize("letter", ["\0", HALF])
@pytest.mark.parametrize(
    "text", ["balance of a{}b", "spend on a{}b", "a{}b", "approve {}", "request 5 a{}b", "deny 1 {}"]
)
def test_a_sentence_may_have_any_letter(database: Database, clock: Clock, text: str, letter: str) -> None:
    """What is left of it is understood or refused like any other."""
    company = Company(database, clock)
    answer = company.say("ana", text.format(letter))
    assert "broke" not in answer
    answer.encode()


@pytest.mark.parametrize(("letter", "kept"), [("\0", "ab"), (HALF, "ab")])
def test_what_a_form_brings_along_is_kept_without_them(
    database: Database, clock: Clock, letter: str, kept: str
) -> None:
    """The rest of it stays as it was written."""
    company = Company(database, clock)
    company.hear("ana", "request", amount="5", reason=f"a{letter}b 😀")
    company.settle()
    assert f"{kept} 😀" in "".join(company.reads("max"))
