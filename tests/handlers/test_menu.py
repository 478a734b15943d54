"""The menu: words that are wrong are answered with what would be right."""

from dataclasses import replace

import pytest

from handlers import COMMANDS, GROUPS, parse_command
from handlers.card import Card, Facts, Table
from handlers.errors import RefusedError
from handlers.place import Place
from handlers.sentence import Sentence
from storage.db import Database
from storage.directory import Agent
from tests.support.clock import Clock
from tests.support.company import ACME, Company


def test_silence_and_help_show_examples_by_groups(acme: Company) -> None:
    """What one could say next, and nothing that only the clock or a button says."""
    for words in ("", "help", "  HELP  ", "hi", "?", "帮助"):
        answer = acme.say("ana", words)
        assert "request 50 finish the migration" in answer
        assert "[" not in answer.split("help request")[0]
        assert "return-grant" not in answer


@pytest.mark.parametrize(
    ("who", "groups"),
    [
        ("ana", ["Ask", "Request", "Waste"]),
        ("max", ["Ask", "Request", "Decide", "Team", "Waste"]),
        ("fay", ["Ask", "Request", "Decide", "Team", "Waste", "Admin"]),
    ],
)
def test_help_shows_what_is_of_use_to_whoever_asks(acme: Company, who: str, groups: list[str]) -> None:
    """Two columns fit a phone; who decides nothing, owns nothing or administers nothing sees none of that."""
    tables = [block for block in acme.hear(who, "help").blocks if isinstance(block, Table)]
    assert [each.caption for each in tables] == groups
    assert {len(row) for each in tables for row in each.rows} == {2}
    assert max(len(row[0]) for each in tables for row in each.rows) <= 32


def test_the_list_says_each_example_once(acme: Company) -> None:
    """The first column has it, so the second one leaves it out; the whole sentence stands in the terminal."""
    said = acme.say("fay", "help")

    assert "Approve a request, in full or with a smaller amount." in said
    assert "Keep an unused seat. I don't ask again for 90 days." in said
    assert "…" not in said.replace("1a2b…", "")


def test_every_command_of_the_menu_stands_in_a_group() -> None:
    """What has none is shown to nobody."""
    assert {one.name for one in COMMANDS.values() if not one.hidden and one.group not in GROUPS} == set()


def test_help_about_a_command_is_its_docstring_with_its_whole_grammar(acme: Company) -> None:
    """The docstring is the help text; a synonym is found, too."""
    answer = acme.say("ana", "help spend")

    assert answer.startswith("spend [of whom] [by model|day|hour|provider|")
    assert " ".join((COMMANDS["spend"].handler.__doc__ or "").split())[:40] in answer
    assert acme.say("ana", "help usage") == answer
    assert acme.say("ana", "帮助 支出") == answer


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("xyzzy", "Say “help” to see what I understand."),
        ("spend by modle", "Did you mean “by model”?"),
        ("spend by moon", "Did you mean “by month”?"),
        ("spend by weather", "I know model, day, hour, provider"),
        ("spend ocotber", "Did you mean “october”?"),
        ("spend 2026-13", "There is no day “2026-13”. Write days such as 2026-10-15"),
        ("spend 2026-10-15..2026-10-01", "2026-10-01 is before 2026-10-15"),
        ("spend last moon", "I know day, week, month, quarter and year."),
        ("balance of", "I don't understand “of”. Say it like this: balance"),
        ("approve", "Something is missing. Say it like this: approve 42 30"),
        ("spend " + "x " * 300, "That is too long."),
        ("\x00\u202e <!channel> *", "I don't know"),
    ],
)
def test_a_wrong_word_is_answered_with_what_would_be_right(acme: Company, said: str, heard: str) -> None:
    """One plain sentence, and nothing happens."""
    assert heard in acme.say("ana", said)


@pytest.mark.parametrize(
    ("who", "said", "offered"),
    [
        ("ana", "balnce", ["balance"]),
        ("max", "balnce of team search", ["balance of team search"]),
        ("ana", "balnce of bob", ["balance"]),
        ("ana", "spend by modle", ["spend by model"]),
        ("max", "spend of ana by modle last week", ["spend of ana by model last week"]),
        ("max", "balance of serch", ["balance of team search"]),
        ("ana", "balance of serch", []),
        ("ana", "aprove 42", ["help"]),
        ("max", "aprove 42", ["help approve"]),
        ("ana", "statsu", ["help"]),
        ("fay", "statsu", ["status"]),
        ("ana", "witdraw 3", ["help withdraw"]),
        ("ana", "my balence", ["balance"]),
        ("ana", "how many requests did i make", ["requests"]),
        ("ana", "余鹅", ["balance"]),
        ("ana", "支处 上周", ["spend 上周"]),
        ("ana", "帮组", ["help"]),
        ("ana", "申情50完成迁移", ["help request"]),
        ("ana", "预策", ["balance", "forecast"]),
        ("ana", "批隼 42", ["help"]),
        ("max", "批隼 42", ["help approve"]),
        ("ana", "天气", ["help"]),
    ],
)
def test_what_was_probably_meant_is_a_button_that_changes_nothing(
    acme: Company, who: str, said: str, offered: list[str]
) -> None:
    """Only questions are offered, only to whom they are of use, and only names that the asker may see."""
    card = acme.hear(who, said)
    assert [each.says for each in card.buttons] == offered
    assert not any(parse_command(each.says)[0].writes for each in card.buttons)


def test_a_name_that_several_have_is_asked_back_with_buttons(database: Database, clock: Clock) -> None:
    """One press says which one was meant."""
    directory = replace(ACME, agents=(*ACME.agents, Agent("search", "Search agent", "max", "search")))
    card = Company(database, clock, directory=directory).hear("max", "balance of search")
    assert card.title == "“search” could be agent search, team search. Say which one."
    assert [each.says for each in card.buttons] == ["balance of agent search", "balance of team search"]


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


def test_a_timer_that_is_not_due_yet_does_not_wait_to_be_delivered(acme: Company) -> None:
    """A request has reminders of the next days; what is due and not delivered waits."""
    acme.settle()
    acme.hear("ana", "request 50 finish the migration")
    before = facts_of(acme.hear("fay", "status"))["Waiting to be delivered"]
    acme.settle()
    after = facts_of(acme.hear("fay", "status"))["Waiting to be delivered"]

    assert int(before) > 0
    assert after == "0"


def facts_of(card: Card) -> dict[str, str]:
    """The facts of a card by name."""
    return {name: value for block in card.blocks if isinstance(block, Facts) for name, value in block.facts}


def test_a_field_that_was_misspelt_keeps_what_was_probably_meant(acme: Company) -> None:
    """A form is answered at its field, with the same proposals as a sentence."""
    with pytest.raises(RefusedError) as refused:
        acme.app.carry_out(Sentence("spend", "fay", Place("terminal", "fay"), {"whom": "team serch"}))

    assert refused.value.fault == "whom"
    assert refused.value.offers == ("spend of team search",)
