"""More, on request: every path, from asking to the end of the grant."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import UndeliverableError
from handlers.card import Card, Facts
from handlers.events import EndGrants, Escalate, RemindApprover, RequestExpired
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.board import Board

Found = Callable[..., Company]
NO_REQUEST = "You can't see a request with that number, or it doesn't exist. To see yours, say: requests"
LADDER = [
    {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]},
    {"when": {"amount_up_to": "500 USD"}, "stages": [{"by": "manager"}]},
    {"stages": [{"by": "manager"}, {"by": "role finance"}]},
]


@pytest.fixture
def found(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """Found a company with approval rules of its own. It is a Monday at noon."""
    clock.moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    made: list[Database] = []

    def begin(*approvals: dict[str, object], **more: object) -> Company:
        database = migrated(tmp_path / f"{len(made)}.db")
        made.append(database)
        rules = {**RULES, "approvals": list(approvals) or LADDER, **more}
        return Company(database, clock, rules)

    yield begin
    for database in made:
        database.close()


def title(company: Company, person: str, text: str, **inputs: str) -> str:
    """The first line of an answer."""
    return company.hear(person, text, **inputs).title


def facts_of(card: Card) -> list[tuple[str, str]]:
    """Every name and value of a card."""
    return [fact for block in card.blocks if isinstance(block, Facts) for fact in block.facts]


def buttons(company: Company, person: str) -> list[str]:
    """What can be pressed in the last message somebody got."""
    company.settle()
    cards = company.messages(person)
    return [button.label for button in cards[-1].buttons] if cards else []


def test_a_small_one_is_granted_at_once_and_only_so_often(found: Found) -> None:
    """Up to $25, twice a period, nobody is asked; the third time the manager is."""
    company = found()
    assert title(company, "ana", "request 20 a quick test") == "$20.00 approved at once"
    assert title(company, "ana", "request 25 another one") == "$25.00 approved at once"
    assert title(company, "ana", "balance") == "$198.24 left of $445.00"

    assert title(company, "ana", "request 5 a third") == "Asked for $5.00 more"
    assert company.reads("max")[0].startswith("Ana Silva asks for $5.00 more")


def test_the_form_says_what_will_happen_before_anything_is_sent(found: Found) -> None:
    """The rules stand under the fields, in words."""
    form = found().say("ana", "request")

    for sentence in (
        "Up to $25.00: approved at once, 2 times per period.",
        "Up to $500.00: decided by your manager.",
        "Otherwise: decided by your manager, then finance.",
    ):
        assert sentence in form


def test_the_manager_has_what_is_needed_and_one_tap_decides(found: Found) -> None:
    """Who, how much, why, what was used, what is left in the pool after; then both see the same end."""
    company = found()
    answer = company.say("ana", "request 50 finish the migration")
    assert "Max Weber (your manager)" in answer
    (asked,) = company.reads("max")
    for words in ("Ana Silva asks for $50.00 more", "“finish the migration”", "$246.76 of $400.00", "$2,703.24"):
        assert words in asked
    assert buttons(company, "max") == ["Approve", "Approve other amount", "Deny", "Ask a question"]

    handle = company.messages("max")[-1].buttons[0].says
    assert title(company, "max", handle) == "Approved: $50.00 for Ana Silva"
    assert buttons(company, "max") == []
    assert company.reads("ana")[-1].startswith("Max Weber approved $50.00")
    assert title(company, "ana", "balance") == "$203.24 left of $450.00"


def test_a_large_one_goes_to_the_manager_then_to_finance(found: Found) -> None:
    """Two stages; the manager may cut it down; finance decides on what is left."""
    company = found()
    facts = facts_of(company.hear("ana", "request 600 train a model"))
    for label, value in (
        ("Goes to", "Max Weber (your manager)"),
        ("Then", "finance"),
        ("Why", "It is more than $500.00."),
    ):
        assert (label, value) in facts
    assert company.reads("fay") == []

    assert title(company, "max", "approve 1 550") == "You agreed to $550.00. Next to decide: Fay Osei"
    assert company.reads("fay")[0].startswith("Ana Silva asks for $550.00 more")
    assert title(company, "max", "approve 1") == "Others decide request #1 now."
    assert title(company, "fay", "approve 1") == "Approved: $550.00 for Ana Silva"
    assert company.reads("max")[0].startswith("Approved: $550.00 for Ana Silva")


def test_all_of_a_stage_must_agree_if_the_rule_says_so(found: Found) -> None:
    """Two eyes each: one agreement is not enough."""
    company = found({"stages": [{"by": "people kim, fay", "need": "all"}]})
    company.say("ana", "request 50 for it")

    assert title(company, "kim", "approve 1") == "You agreed. Still to agree: Fay Osei"
    assert title(company, "fay", "approve 1") == "Approved: $50.00 for Ana Silva"


def test_a_denial_needs_a_reason_and_the_asker_reads_it(found: Found) -> None:
    """`deny 1` asks for the reason first."""
    company = found()
    company.say("ana", "request 50 pizza")
    form = company.hear("max", "deny 1")
    assert [field.name for field in form.inputs] == ["reason"]

    assert title(company, "max", form.buttons[0].says, reason="not with this budget") == "Denied: $50.00 for Ana Silva"
    assert "“not with this budget”" in company.reads("ana")[-1]
    assert title(company, "ana", "balance") == "$153.24 left of $400.00"


def test_another_amount_is_approved_by_a_form_and_never_more_than_was_asked(found: Found) -> None:
    """The button opens it; $30 instead of $50; $80 is refused on the field."""
    company = found()
    company.say("ana", "request 50 for it")
    form = company.hear("max", "other 1")
    refused = company.hear("max", form.buttons[0].says, amount="80")
    assert (refused.fault, refused.title) == ("amount", "You can approve at most $50.00, which is what was asked for.")

    assert title(company, "max", form.buttons[0].says, amount="30") == "Approved: $30.00 for Ana Silva"


def test_a_question_goes_to_the_asker_and_back(found: Found) -> None:
    """Both sides read the other's words."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("max", "question 1 can it wait until monday?")
    assert "“can it wait until monday?”" in company.reads("ana")[-1]

    company.say("ana", "question 1 no, the demo is on friday")
    assert "“no, the demo is on friday”" in company.reads("max")[-1]
    assert title(company, "bob", "question 1 what is it?") == NO_REQUEST


def test_what_was_said_stays_when_it_is_decided(found: Found) -> None:
    """Question and answer can still be read, without the button, and say how it ended."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("max", "question 1 can it wait?")
    company.clock.forward(timedelta(minutes=1))
    company.say("ana", "question 1 no, the demo is on friday")
    company.say("max", "approve 1")

    asked, answered = company.reads("ana")[0], company.reads("max")[-1]
    assert "“can it wait?”" in asked
    assert "“no, the demo is on friday”" in answered
    for each in (asked, answered):
        assert "Approved: $50.00 for Ana Silva" in each
        assert "[Answer" not in each


def talk(found: Found) -> tuple[Company, Board]:
    """Ana asked for more, Max asks back twice, and she answers the second time; what stands where on a board."""
    company, board = found(), Board()
    company.app.platforms = {"web": board}
    company.say("ana", "request 50 for it")
    for words in ("max", "question 1 can it wait?"), ("max", "question 1 or less?"), ("ana", "question 1 no"):
        company.clock.forward(timedelta(minutes=1))
        company.say(*words)
        company.settle()
    return company, board


def test_what_is_said_about_a_request_stands_in_its_thread(found: Found) -> None:
    """With Max below the request; with Ana, who has no message of it, below the first question."""
    _, board = talk(found)

    said = [(receipt, place.id, place.thread, card.title) for receipt, (place, card) in board.messages.items()]
    assert said == [
        ("1", "max", "", "Ana Silva asks for $50.00 more"),
        ("2", "ana", "", "Max Weber about request #1"),
        ("3", "ana", "2", "Max Weber about request #1"),
        ("4", "max", "1", "Ana Silva about request #1"),
    ]


def test_a_question_does_not_wait_for_a_message_that_was_given_up(found: Found) -> None:
    """Max's chat was closed to us when the request came, and is open again: Ana's words stand by themselves."""
    company, board = found(), Board(trouble=UndeliverableError("blocked"))
    company.app.platforms = {"web": board}
    company.say("ana", "request 50 for it")
    company.settle()
    board.trouble = None
    company.say("ana", "question 1 please hurry")
    company.settle()

    assert [(place.thread, card.title) for place, card in board.messages.values()] == [
        ("", "Ana Silva about request #1")
    ]


def test_two_who_ask_back_in_one_moment_do_not_wait_for_each_other(found: Found) -> None:
    """Nor for themselves: no message stands in its own thread."""
    company = found({"stages": [{"by": "people kim, fay"}]})
    company.say("ana", "request 50 for it")
    for person in ("kim", "fay"):
        company.say(person, "question 1 why?")

    assert company.reads("ana")[-1].startswith("Fay Osei about request #1")


def test_who_answers_hears_what_comes_next(found: Found) -> None:
    """Whoever asks back waits for an answer; the asker, who gave it, for the decision."""
    company = found()
    company.say("ana", "request 50 for it")
    assert "I'll send you the answer." in company.say("max", "question 1 can it wait?")
    assert "I'll let you know when it's decided" in company.say("ana", "question 1 no")


@pytest.mark.parametrize("wrong", ["ana", "bob", "lea", "kim", "fay", "ada"])
def test_a_wrong_clicker_changes_nothing_and_hears_one_sentence(found: Found, wrong: str) -> None:
    """Not the asker, not a colleague, not another manager, not finance when the rules don't name it."""
    company = found()
    company.say("ana", "request 50 for it")
    company.settle()
    press = company.messages("max")[-1].buttons[0].says

    for words in (press, "approve 1", "approve 1 10", "deny 1 no", "other 1"):
        assert title(company, wrong, words) == "There is no request with that number for you to decide."
    assert title(company, "ana", "balance") == "$153.24 left of $400.00"


def test_a_second_click_and_a_late_one_hear_how_it_ended(found: Found) -> None:
    """Nothing happens twice."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("max", "approve 1")

    assert title(company, "max", "approve 1") == "Max Weber already approved request #1."
    assert title(company, "max", "deny 1 no") == "Max Weber already approved request #1."
    assert title(company, "ana", "withdraw 1") == "Request #1 is already approved."
    assert title(company, "ana", "balance") == "$203.24 left of $450.00"


def test_a_withdrawn_request_cannot_be_approved(found: Found) -> None:
    """And the manager's message says so, without buttons."""
    company = found()
    company.say("ana", "request 50 for it")
    assert title(company, "ana", "withdraw 1") == "Request #1 is withdrawn"

    assert title(company, "max", "approve 1") == "Ana Silva already withdrew request #1."
    assert company.reads("max")[0].startswith("Withdrawn: $50.00 for Ana Silva")


def test_a_forged_or_foreign_handle_is_nobodys(found: Found) -> None:
    """Guessing gives nothing, not even whether it exists."""
    company = found()
    for word in ("0", "999999", "99999999999999999999", "f" * 32, "-1", "1;drop", "٣"):
        assert title(company, "max", f"approve {word}") == "There is no request with that number for you to decide."


def test_the_reason_may_be_bettered_and_the_manager_reminded_once_a_day(found: Found) -> None:
    """Until it is decided."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("ana", "change 1 the migration of search to the new index")
    assert "“the migration of search to the new index”" in company.reads("max")[0]

    assert title(company, "ana", "remind 1") == "Sent a reminder about request #1"
    assert title(company, "ana", "remind 1") == "You already sent a reminder today. Try again tomorrow."
    assert company.reads("max")[-1].startswith("Reminder: Ana Silva asks for $50.00 more")
    assert title(company, "bob", "remind 1") == "You have no request with that number. To see yours, say: requests"


def test_requests_lists_ones_own_and_what_waits(found: Found) -> None:
    """With a button to look at the first."""
    company = found()
    company.say("ana", "request 50 for it")

    assert title(company, "ana", "requests") == "1 open request"
    assert title(company, "max", "requests") == "1 for you to decide"


def test_while_away_a_delegate_decides_and_it_is_said_in_the_audit(found: Found) -> None:
    """Max is away until Friday; Kim is asked in his stead, also about what already waits."""
    company = found()
    company.say("ana", "request 50 for it")
    assert title(company, "max", "delegate @kim until friday") == "Kim Tanaka decides for you until 27 November"
    assert "You decide for Max Weber, who is away until 27 November." in company.reads("kim")[0]

    assert title(company, "kim", "approve 1") == "Approved: $50.00 for Ana Silva"
    audit = company.database.ask(
        lambda conn: conn.exec_driver_sql("select authority from audit where what = 'approved'").scalar_one()
    )
    assert audit == "manager, for max until 2026-11-27"


def test_no_delegation_leads_back_to_the_asker(found: Found) -> None:
    """Max delegates to Ana, who asks: she still cannot decide. Circles lead nowhere."""
    company = found()
    company.say("max", "delegate ana until friday")
    company.say("ana", "delegate max until friday")
    company.say("ana", "request 50 for it")

    assert title(company, "ana", "approve 1") == "There is no request with that number for you to decide."
    assert title(company, "max", "approve 1") == "Approved: $50.00 for Ana Silva"


def test_a_delegation_ends_with_its_day(found: Found) -> None:
    """On Saturday Kim decides no more."""
    company = found()
    company.say("max", "delegate kim until friday")
    company.clock.moment = datetime(2026, 11, 28, 12, tzinfo=UTC)
    company.say("ana", "request 50 for it")

    assert title(company, "kim", "approve 1") == "There is no request with that number for you to decide."


def test_a_manager_who_left_is_passed_over(found: Found) -> None:
    """Authority is looked up at the click: Max leaves, and Ana's request is Kim's to decide."""
    company = found()
    company.say("ana", "request 50 for it")
    ana, max_, *others = ACME.people
    company.directory = replace(ACME, people=(ana, replace(max_, active=False), *others))
    company.app.refresh_people()

    assert title(company, "max", "approve 1").startswith("I don't know you.")
    assert title(company, "kim", "approve 1") == "Approved: $50.00 for Ana Silva"


def test_without_a_manager_finance_decides_and_without_anybody_it_is_refused(found: Found) -> None:
    """Never silently granted."""
    company = found()
    company.say("kim", "request 50 for it")
    assert company.reads("fay")[0].startswith("Kim Tanaka asks for $50.00 more")

    nobody = found({"stages": [{"by": "people eve", "fallback": "people eve"}]})
    nobody.directory = replace(ACME, people=tuple(p for p in ACME.people if p.id != "ada"))
    nobody.app.refresh_people()
    assert title(nobody, "ana", "request 50 for it").startswith("Nobody can decide this request.")


def away(company: Company) -> None:
    """Max is away until Friday."""
    company.say("max", "delegate kim until friday")


def gone(company: Company) -> None:
    """Max has left."""
    people = (replace(one, active=one.id != "max") for one in ACME.people)
    company.directory = replace(ACME, people=tuple(people))
    company.app.refresh_people()


OWNER: dict[str, object] = {"stages": [{"by": "owner"}]}
NAMED: dict[str, object] = {"stages": [{"by": "people kim, fay", "need": "all"}]}
ROUTES: list[tuple[str, list[dict[str, object]], Callable[[Company], None], str, str]] = [
    ("ana", [], lambda _: None, "Max Weber (your manager)", "You decide as Ana Silva's manager."),
    (
        "ana",
        [],
        gone,
        "Kim Tanaka (Max Weber's manager, because Max Weber has left)",
        "You decide as Max Weber's manager, because Max Weber has left.",
    ),
    (
        "ana",
        [],
        away,
        "Kim Tanaka (while Max Weber is away)",
        "You decide for Max Weber, who is away until 27 November.",
    ),
    (
        "kim",
        [],
        lambda _: None,
        "Fay Osei (finance, because no manager can decide this)",
        "You decide as finance, because no manager can decide this.",
    ),
    ("ana", [OWNER], lambda _: None, "Max Weber (owner of Search)", "You decide as owner of Search."),
    (
        "ana",
        [NAMED],
        lambda _: None,
        "Fay Osei and Kim Tanaka",
        "You decide because the approval policy names you.",
    ),
]


@pytest.mark.parametrize(("asker", "approvals", "before", "goes_to", "you_decide"), ROUTES)
def test_it_is_said_who_decides_and_why(
    found: Found,
    asker: str,
    approvals: list[dict[str, object]],
    before: Callable[[Company], None],
    goes_to: str,
    you_decide: str,
) -> None:
    """To whoever asks, and to whoever decides."""
    company = found(*approvals)
    before(company)
    assert ("Goes to", goes_to) in facts_of(company.hear(asker, "request 50 for it"))
    first = next(one.id for one in ACME.people if goes_to.startswith(one.name))
    assert you_decide in company.reads(first)[-1]


def test_history_says_states_and_verbs_in_words(found: Found) -> None:
    """What the audit has as a bare word is a word that people know."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("ana", "change 1 for the demo")
    company.say("ana", "remind 1")
    company.say("max", "approve 1")
    told = company.say("ana", "history 1")
    assert told.startswith("Request #1: $50.00, approved")
    for words in ("asked", "$50.00: it", "changed the reason", "sent a reminder"):
        assert words in told
    company.say("ana", "request 50 for it")
    assert "waiting" in company.say("ana", "requests")


def test_want_of_an_answer_reminds_then_asks_the_manager_above_then_refuses(found: Found) -> None:
    """Working hours of the approver's zone: 8 remind, 24 raise, 80 refuse; nights and weekends do not count."""
    company = found({"stages": [{"by": "manager"}]})
    company.say("ana", "request 50 for it")  # Monday 13:00 in Berlin
    company.clock.moment = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # 7.5 working hours
    assert len(company.reads("max")) == 1
    company.clock.moment = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
    assert company.reads("max")[-1].startswith("Reminder: Ana Silva asks for $50.00 more")
    assert company.reads("kim") == []

    company.clock.moment = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
    assert company.reads("kim")[0].startswith("Ana Silva asks for $50.00 more")
    assert "You decide as Max Weber's manager, because Max Weber has not answered." in company.reads("kim")[0]

    company.clock.moment = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
    assert company.reads("ana")[-1].startswith("! Nobody decided your request for $50.00 in time")
    assert title(company, "max", "approve 1") == "Request #1 has expired: nobody decided in time."


def test_a_grant_ends_with_its_day_and_the_asker_hears_of_it_the_day_before(found: Found) -> None:
    """Until Wednesday: on Wednesday she hears of it, on Thursday what is not spent is gone, and only that."""
    company = found()
    company.say("ana", "request 50 until wednesday for it")
    company.say("max", "approve 1")
    company.llm.spends("ana", "413.24", date(2026, 11, 23))
    company.clock.moment = datetime(2026, 11, 25, 12, tzinfo=UTC)
    company.pull()
    company.happens(EndGrants())
    assert company.reads("ana")[-1].startswith("Your extra budget of $50.00 ends tonight")

    company.clock.moment = datetime(2026, 11, 26, 12, tzinfo=UTC)
    for _ in range(2):
        company.happens(EndGrants())
    assert title(company, "ana", "balance") == "$210.00 over the limit of $450.00"


def test_an_unspent_grant_is_taken_back_at_its_end_and_by_revoking(found: Found) -> None:
    """$50 granted and not touched: both ways lead back to $400, once."""
    company = found()
    company.say("ana", "request 50 until wednesday for it")
    company.say("max", "approve 1")
    company.clock.moment = datetime(2026, 11, 26, 12, tzinfo=UTC)
    company.happens(EndGrants())
    assert title(company, "ana", "balance") == "$153.24 left of $400.00"

    company.say("ana", "request 60 for more")
    company.say("max", "approve 2")
    assert title(company, "bob", "revoke 2 no") == "There is no approved request with that number to take back."
    assert title(company, "max", "revoke 2 the project ended") == "$60.00 taken back"
    assert title(company, "max", "revoke 2 again") == "The extra budget of request #2 has already ended."
    assert title(company, "ana", "balance") == "$153.24 left of $400.00"
    assert company.reads("ana")[-1].startswith("! Max Weber took back $60.00")


def test_an_agent_is_asked_for_before_it_runs_and_at_half_its_owner_is_asked(found: Found) -> None:
    """Max asks $300 for the crawler; Kim decides; at half of it he is asked whether to go on, once."""
    company = found()
    assert title(company, "ana", "request 300 for crawler nightly") == "Only the owner of Crawler can ask for it."
    company.say("max", "request 300 for crawler until friday nightly reindex")
    assert company.reads("kim")[0].startswith("Max Weber asks for $300.00 more for Crawler")
    assert title(company, "max", "approve 1") == "There is no request with that number for you to decide."
    company.say("kim", "approve 1")
    assert "For      Crawler" in company.reads("max")[-1]
    assert "For        Crawler" in company.reads("kim")[0]

    company.llm.spends("crawler-key", "651.00", date(2026, 11, 23))
    company.pull()
    for _ in range(2):
        company.happens(EndGrants())
    asked = [message for message in company.reads("max") if "Let it continue?" in message]
    assert len(asked) == 1
    assert asked[0].startswith("Crawler has $149.00 left. Let it continue?")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("request 0 x", "An amount must be above zero."),
        ("request -5 x", "An amount must be above zero."),
        ("request 50", "Say what it is for"),
        ("request 50 EUR trip", "This budget is counted in USD, not in EUR."),
        ("request 99999999999999999999 x", "That is too much. The most is $1,000,000,000.00."),
        ("request 50 until yesterday x", "I don't understand the day in “until yesterday x”"),
        ("request 50 until 2026-11-01 x", "1 November is in the past."),
        ("request 50 until 2026-12-24 x", "The budget resets on 1 December. Choose 30 November or an earlier day."),
        ("approve 1 0", "There is no request with that number for you to decide."),
        ("delegate me until friday", "Name a colleague"),
        ("delegate max", "Say until when"),
    ],
)
def test_a_wrong_word_is_refused_in_one_sentence(found: Found, said: str, heard: str) -> None:
    """And nothing is asked."""
    company = found()
    assert title(company, "ana", said).startswith(heard)
    assert title(company, "ana", "requests") == "No open requests, 0 for you to decide"


def test_a_flood_of_requests_is_stopped(found: Found) -> None:
    """Five open ones are enough."""
    company = found({"stages": [{"by": "manager"}]})
    said = [title(company, "ana", f"request {n} for it") for n in range(1, 8)]

    assert said[5:] == ["You have 5 open requests. Wait for a decision, or withdraw one."] * 2


def test_history_tells_the_story_to_those_it_concerns(found: Found) -> None:
    """Asked, said, approved; not to others."""
    company = found()
    company.say("ana", "request 50 for it")
    company.say("max", "question 1 why?")
    company.say("max", "approve 1 40")
    story = company.say("ana", "history 1")

    assert story.startswith("Request #1: $50.00, approved")
    assert [word for word in ("asked", "wrote", "approved") if word in story] == ["asked", "wrote", "approved"]
    assert title(company, "bob", "history 1") == NO_REQUEST


def test_the_clock_moves_nothing_for_a_request_that_moved_on(found: Found) -> None:
    """A timer of a stage that is over is silent."""
    company = found()
    company.say("ana", "request 600 for it")
    company.say("max", "approve 1")
    before = len(company.reads("max"))
    company.happens(RemindApprover(1, 0))
    company.happens(Escalate(1, 0))
    company.happens(RequestExpired(1, 0))

    assert len(company.reads("max")) == before
    assert title(company, "ana", "requests").startswith("1 open")
    company.clock.forward(timedelta(minutes=1))


def test_the_form_asks_for_the_budget_the_ticket_and_what_is_expected(database: Database, clock: Clock) -> None:
    """What was filled in reaches who decides; the budget is chosen where there are several."""
    flagship = {"name": "flagship", "who": "every person", "amount": "250 USD", "models": "flagship"}
    company = Company(database, clock, {**RULES, "budgets": [*RULES["budgets"], flagship]})
    form = company.hear("ana", "request of flagship")
    assert [each.name for each in form.inputs] == ["amount", "budget", "reason", "ticket", "result", "until"]
    assert {each.name: each.value for each in form.inputs}["budget"] == "flagship"
    send = next(button for button in form.buttons if button.label == "Send")
    fields = {
        "amount": "40",
        "budget": "flagship",
        "reason": "the review",
        "ticket": "SEARCH-12",
        "result": "half the bugs",
    }
    company.hear("ana", send.says, **fields)
    card = company.reads("max")[-1]
    assert "Own budget for flagship models" in card
    assert "Ticket: SEARCH-12" in card
    assert "Expected result: half the bugs" in card


def test_a_budget_that_is_not_ones_own_cannot_be_chosen(database: Database, clock: Clock) -> None:
    """Those of one's own, and pools that bind, are named."""
    company = Company(database, clock)
    assert "not a budget of Ana Silva. Choose one of: per-person, search-pool" in company.say(
        "ana", "request 40 of agents for it"
    )
