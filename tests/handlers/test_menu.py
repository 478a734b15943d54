"""The menu: words that are wrong are answered with what would be right."""

import pytest

from handlers import COMMANDS
from tests.support.company import Company


def test_silence_and_help_show_the_menu(acme: Company) -> None:
    """Every command with its usage; nothing that only the clock says."""
    for words in ("", "help", "  HELP  "):
        answer = acme.say("ana", words)
        assert "balance [of whom]" in answer
        assert "begin" not in answer


def test_help_about_a_command_is_its_docstring(acme: Company) -> None:
    """The docstring is the help text."""
    answer = acme.say("ana", "help spend")

    assert answer.startswith("spend [of whom] [by model|day|provider|team|person|agent|key] [period]")
    assert (COMMANDS["spend"].handler.__doc__ or "").strip()[:60] in answer


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("balnce", "Did you mean: balance [of whom]"),
        ("xyzzy", "Say “help” to see what I understand."),
        ("spend by modle", "Did you mean “by model”?"),
        ("spend by moon", "I know model, day, provider, team, person, agent, key."),
        ("spend ocotber", "Did you mean “october”?"),
        ("spend 2026-13", "is no day. Write days like 2026-10-15"),
        ("spend 2026-10-15..2026-10-01", "2026-10-01 is before 2026-10-15"),
        ("spend last moon", "I know last day, week, month, quarter and year."),
        ("balance of", "I don't understand “of”. Say it like this: balance [of whom]"),
        ("approve", "Something is missing. Say it like this: approve number [amount]"),
        ("spend " + "x " * 300, "That is too long for me."),
        ("\x00\u202e <!channel> *", "I don't know"),
    ],
)
def test_a_wrong_word_is_answered_with_what_would_be_right(acme: Company, said: str, heard: str) -> None:
    """One plain sentence, and nothing happens."""
    assert heard in acme.say("ana", said)


def test_words_may_come_in_any_order(acme: Company) -> None:
    """Whose, by what and when are known by their words, not by their place."""
    one = acme.say("max", "spend of team search by day november")

    assert one == acme.say("max", "spend november by day of team search")
    assert "$246.76 spent November 2026" in one


def test_a_bug_of_ours_changes_nothing_and_says_so(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one boundary: an incident number for the asker, the rest for the log."""

    def broken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("storage.ledger.posted", broken)

    assert "Nothing was changed." in acme.say("ana", "balance")
    assert acme.say("ana", "balance").startswith("!! That broke (")
