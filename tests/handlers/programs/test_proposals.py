"""What programs ask for: shown to the person they work for, sent on by them, decided by another, in quotation marks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack import block_kit
from handlers.card import Button, Card
from handlers.programs.shapes import AskForMore, SeeRequest
from handlers.requests import clean
from storage.db import Database
from tests.handlers.programs.conftest import Programs
from tests.support.clock import Clock
from tests.support.company import RULES, Company

ANA, CRAWLER = "person/ana", "agent/crawler"
HOSTILE = (
    "urgent” Approved by the CFO. <!channel> <https://evil.example|Approve here> https://evil.example/x\n\n"
    "Bursar: this request is pre-approved, press *Approve*\u202e\u200b“"
)


def ask(amount: str = "50 USD", reason: str = "finish the migration") -> AskForMore:
    """A program asks."""
    return AskForMore(amount=amount, reason=reason)


def newest(here: Programs, person: str) -> Card:
    """The newest message that somebody has."""
    here.company.settle()
    return here.company.messages(person)[-1]


def press(here: Programs, person: str, label: str) -> Card:
    """Press a button of the newest message."""
    button = next(each for each in newest(here, person).buttons if each.label == label)
    return here.company.hear(person, button.says)


def texts(value: Any) -> Sequence[str]:
    """All texts in what is sent to Slack."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def test_a_request_of_a_program_goes_to_the_person_it_works_for_first(here: Programs) -> None:
    """Ana sees our figures and its words; Max hears of it when she sends it, and reads that a program asked."""
    asked = here.call(ANA, ask())
    assert (asked.state, asked.by_program) == ("proposed", True)
    assert asked.message == "Request 1 waits for Ana Silva to send it on. Nothing is granted yet."
    assert here.company.reads("max") == []
    (message,) = here.company.reads("ana")
    assert message.startswith("! A program of yours wants to ask for $50.00 more")
    assert "a program (token #1), for Ana Silva" in message
    assert "The agent wrote: “finish the migration”" in message

    assert press(here, "ana", "Send").title == "Asked for $50.00 more"
    assert here.call(ANA, SeeRequest(request=1)).state == "pending"
    (to_decide,) = here.company.reads("max")
    assert to_decide.startswith("Ana Silva asks for $50.00 more")
    assert "a program (token #1), for Ana Silva" in to_decide
    assert "The agent wrote: “finish the migration”" in to_decide
    here.company.say("max", "approve 1")
    assert here.call(ANA, SeeRequest(request=1)).state == "approved"


def test_an_agent_asks_for_itself_in_its_owners_name(here: Programs) -> None:
    """Max owns the crawler and sends it; Kim decides, never Max."""
    here.call(CRAWLER, ask("300 USD", "nightly reindex"))
    assert newest(here, "max").title == "Crawler wants to ask for $300.00 more"
    press(here, "max", "Send")
    assert newest(here, "kim").title == "Max Weber asks for $300.00 more for Crawler"
    assert here.company.hear("max", "approve 1").title == "There is no request with that number for you to decide."


def test_what_is_not_sent_goes_no_further(here: Programs) -> None:
    """And the program may not ask again; a person may."""
    here.call(ANA, ask())
    assert press(here, "ana", "Don't send").title == "Request #1 is not sent"
    assert here.company.reads("max") == []
    assert here.call(ANA, SeeRequest(request=1)).message.startswith("Request 1 was not sent. Do not ask again")
    assert here.refused(ANA, ask()).startswith("Request #1 was not granted. Only a person can ask again")
    assert here.company.hear("ana", "request 50 for it").title == "Asked for $50.00 more"


def test_after_a_denial_only_a_person_asks_again(here: Programs) -> None:
    """An agent that is told no does not wear its approver down."""
    here.call(ANA, ask())
    press(here, "ana", "Send")
    here.company.say("max", "deny 1 too early")
    said = here.call(ANA, SeeRequest(request=1))
    assert said.state == "denied"
    assert "too early" not in said.model_dump_json()  # what a person wrote is not read to a model
    assert here.refused(ANA, ask()).startswith("Request #1 was not granted.")


def test_a_program_has_one_request_at_a_time(here: Programs) -> None:
    """Models call twice; the second is told to wait."""
    here.call(ANA, ask())
    assert here.refused(ANA, ask("60 USD")).startswith("Request #1 is not decided yet.")


def test_a_program_asks_three_times_a_day(at_acme: Programs) -> None:
    """Then only a person can."""
    for number in (1, 2, 3):
        at_acme.call(ANA, ask())
        press(at_acme, "ana", "Send")
        at_acme.company.say("max", f"approve {number}")
    assert at_acme.refused(ANA, ask()) == "Programs may ask at most 3 times a day. A person can always ask."
    at_acme.company.clock.forward(timedelta(days=1))
    assert at_acme.call(ANA, ask()).state == "proposed"


def test_nobody_else_sends_a_proposal(at_acme: Programs) -> None:
    """Not by its number, nor by its button; not even who would decide it."""
    at_acme.call(ANA, ask())
    says = next(each.says for each in newest(at_acme, "ana").buttons if each.label == "Send")
    for person in ("max", "fay", "bob"):
        for words in (says, "send 1", "dont-send 1"):
            assert at_acme.company.hear(person, words).title.startswith("You have no request with that number.")
    assert at_acme.call(ANA, SeeRequest(request=1)).state == "proposed"
    assert at_acme.company.hear("max", "approve 1").title == "There is no request with that number for you to decide."


def test_a_program_gets_no_more_than_its_owner_could_ask_for(at_acme: Programs) -> None:
    """The same bounds, in the same words."""
    own = at_acme.company.hear("ana", "request 99999999999 x").title
    assert at_acme.refused(ANA, ask("99999999999 USD")) == own
    assert at_acme.refused(ANA, ask("50 EUR")) == at_acme.company.hear("ana", "request 50 EUR x").title


def test_a_proposal_waits_three_days(at_acme: Programs) -> None:
    """Then it is over, and its buttons are gone."""
    at_acme.call(ANA, ask())
    at_acme.company.settle()
    at_acme.company.clock.forward(timedelta(days=3))
    at_acme.company.settle()
    assert at_acme.call(ANA, SeeRequest(request=1)).state == "expired"
    assert not [each for each in newest(at_acme, "ana").blocks if isinstance(each, Button)]
    assert at_acme.company.hear("ana", "send 1").title == "Request #1 does not wait for you any more."


def test_a_proposal_of_a_period_that_is_over_is_not_sent(at_acme: Programs) -> None:
    """On 30 November it is for November; on 1 December there is nothing to send."""
    at_acme.company.clock.moment = at_acme.company.clock.moment.replace(day=30)
    at_acme.call(ANA, ask())
    at_acme.company.clock.forward(timedelta(days=1))
    assert at_acme.company.hear("ana", "send 1").title == (
        "Request #1 was for spending until 30 November, which is over."
    )


AT_ONCE = {"when": {"amount_up_to": "100 USD", "times_up_to": 9}, "stages": [{"by": "nobody"}]}
ALONE: dict[str, object] = {**RULES, "approvals": [AT_ONCE, {"stages": [{"by": "manager"}]}]}


def test_the_policy_alone_grants_nothing_to_a_program(database: Database, clock: Clock) -> None:
    """What would be approved at once for Ana goes to her manager if a program asks unseen by her."""
    here = Programs(Company(database, clock, {**ALONE, "programs": {"ask_first": "nobody"}}))
    assert here.call(ANA, ask("20 USD")).state == "pending"
    assert newest(here, "max").title == "Ana Silva asks for $20.00 more"


def test_what_a_person_sent_on_is_granted_as_to_a_person(database: Database, clock: Clock) -> None:
    """Ana looked at it and pressed Send: the rules are hers."""
    here = Programs(Company(database, clock, ALONE))
    here.call(ANA, ask("20 USD"))
    assert press(here, "ana", "Send").title == "$20.00 approved at once"


# Words of a program ---------------------------------------------------------------------------------------------------


def test_a_programs_words_cannot_pass_for_the_bots(here: Programs) -> None:
    """In no message of anybody do they leave their quotation marks, become a link, a mention or a format."""
    here.call(ANA, ask(reason=HOSTILE))
    cards = [newest(here, "ana")]
    press(here, "ana", "Send")
    cards += [newest(here, "max"), here.company.hear("ana", "requests"), here.company.hear("max", "history 1")]
    cards += [here.company.hear("max", "requests"), here.company.hear("max", "approve 1"), newest(here, "ana")]
    words = clean(HOSTILE)
    assert not set("“”\u202e\u200b\n") & set(words)
    for card in cards:
        drawn = texts(block_kit.message(card))
        assert not [text for text in drawn if "<!channel>" in text or "<https:" in text or "https://evil" in text]
        said = [text for text in drawn if "pre-approved" in text or "CFO" in text]
        assert all("The agent wrote: “" in text for text in said), said


def test_a_programs_words_are_never_said_as_a_sentence(here: Programs) -> None:
    """No button of any card repeats them: what a button says is parsed."""
    here.call(ANA, ask(reason="x until friday for crawler approve 1"))
    press(here, "ana", "Send")
    here.company.say("max", "approve 1")
    here.company.settle()
    buttons = [button.says for who in ("ana", "max") for card in here.company.messages(who) for button in card.buttons]
    assert not [says for says in buttons if "until friday" in says]


@given(st.text(max_size=400))
def test_whatever_a_program_writes_stays_one_short_line(words: str) -> None:
    """Without marks that cannot be seen, quotation marks or addresses."""
    shown = clean(words)
    assert len(shown) <= 300
    assert shown.isprintable()
    assert "://" not in shown
    assert not set('“”"«»`\n') & set(shown)
    assert clean(shown) == shown


@pytest.mark.parametrize("words", ["", " \n ", "\u200b\u202e"])
def test_a_program_that_says_nothing_is_refused(at_acme: Programs, words: str) -> None:
    """Somebody has to decide by it."""
    assert at_acme.refused(
        ANA, AskForMore.model_construct(amount="5 USD", reason=words, account="", budget="", until=None)
    ) == ("Say what it is for in plain words.")
