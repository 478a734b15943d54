"""Whoever must hear and has no account in the chat: they are looked for, and nothing waits for them for ever."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import UndeliverableError, UnreachableError
from handlers.card import Card
from handlers.place import Place
from storage.db import Database
from storage.directory import Directory, Link
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.board import Board

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def without(*people: str) -> Directory:
    """The small company, of whom some have no account in the chat."""
    gone = {("web", f"person/{each}") for each in people}
    return replace(ACME, links=tuple(each for each in ACME.links if (each.platform, each.account) not in gone))


@dataclass
class FindingBoard(Board):
    """A platform that can be asked for a member by their address, and may be down."""

    members: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    blocked: set[str] = field(default_factory=set)

    def find(self, email: str) -> str:
        """See Finds."""
        self.asked.append(email)
        if self.down:
            raise UnreachableError("down")
        return self.members.get(email, "")

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Board."""
        if place.id in self.blocked:
            raise UndeliverableError("The person's account is deactivated.")
        return super().show(place, card, receipt)

    def of(self, person: str) -> list[str]:
        """The titles that somebody sees."""
        return [card.title for place, card in self.messages.values() if place.id == person]


def begin(database: Database, clock: Clock, gone: Iterable[str], **stage: object) -> tuple[Company, FindingBoard]:
    """A company in which some have no account, on a platform that finds people."""
    clock.moment = MONDAY
    approvals = [{"stages": [{"by": "manager", **stage}]}]
    company, board = Company(database, clock, {**RULES, "approvals": approvals}, without(*gone)), FindingBoard()
    company.app.platforms = {"web": board}
    company.settle()
    return company, board


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A database."""
    made = migrated(tmp_path / "bursar.db")
    yield made
    made.close()


def later(company: Company, **step: float) -> None:
    """Some time passes, and the clock ticks."""
    company.clock.forward(timedelta(**step))
    company.app.tick()
    company.settle()


def test_who_never_spoke_is_found_by_the_verified_address(database: Database, clock: Clock) -> None:
    """The card reaches them, they can press it, and whoever asked only reads that they are looked for."""
    company, board = begin(database, clock, ["max"])
    board.members = {"max@acme.example": "demo/max"}
    assert "I don't know a chat account of Max Weber yet." in company.say("ana", "request 50 the demo")
    company.settle()
    assert board.of("max") == ["Ana Silva asks for $50.00 more"]
    assert board.of("ana") == []
    assert company.app.who("web", "demo/max") == "max"
    assert company.hear("max", "approve 1").title == "Approved: $50.00 for Ana Silva"
    company.settle()
    assert board.of("max") == ["Approved: $50.00 for Ana Silva"]
    assert company.hear("fay", "status").tone == "good"


def test_who_cannot_be_found_is_said_at_once_and_the_next_in_line_is_asked(database: Database, clock: Clock) -> None:
    """To whoever asked and to finance; after the policy's time Kim is asked, and her card says why."""
    company, board = begin(database, clock, ["max"], unreachable_after_hours=2)
    company.say("ana", "request 50 the demo")
    company.settle()
    assert board.of("ana") == ["I can't reach Max Weber, who decides your request"]
    assert board.of("fay") == ["I can't reach Max Weber about request #1"]
    told = company.hear("fay", "status")
    assert (told.title, told.tone) == ("1 person can't be reached", "warn")
    assert "Max Weber" in company.say("fay", "status")

    later(company, hours=1)
    assert board.of("kim") == []
    later(company, hours=1)
    assert board.of("kim") == ["Ana Silva asks for $50.00 more"]
    kims = next(card for place, card in board.messages.values() if place.id == "kim")
    assert "You decide as Max Weber's manager, because Max Weber can't be reached." in str(kims.blocks)
    assert board.of("ana")[-1] == "Your request for $50.00 goes to somebody else now"
    assert company.hear("kim", "approve 1").title == "Approved: $50.00 for Ana Silva"


def test_nobody_is_told_twice_and_the_platform_is_not_asked_all_the_time(sqlite: Database, clock: Clock) -> None:
    """A day of ticks: one message each, and a few questions to the platform."""
    company, board = begin(sqlite, clock, ["max"])
    company.say("ana", "request 50 the demo")
    for _ in range(24):
        later(company, hours=1)
    assert board.of("ana").count("I can't reach Max Weber, who decides your request") == 1
    assert board.of("fay") == ["I can't reach Max Weber about request #1"]
    assert len(board.asked) <= 5


def test_finance_agrees_for_who_cannot_be_reached_where_all_must_agree(sqlite: Database, clock: Clock) -> None:
    """For Lea, not for Kim, who can be reached; and once."""
    company, _ = begin(sqlite, clock, ["lea"], by="people kim, lea", need="all")
    company.say("ana", "request 50 the demo")
    company.settle()
    assert company.hear("fay", "approve 1").title == "You agreed. Still to agree: Kim Tanaka"
    later(company, hours=1)
    assert company.hear("fay", "approve 1").title == "You agreed. Still to agree: Kim Tanaka"
    assert company.hear("kim", "approve 1").title == "Approved: $50.00 for Ana Silva"


def test_who_has_a_say_in_finance_agrees_for_themselves_only(sqlite: Database, clock: Clock) -> None:
    """Fay must agree anyway, so her word is not Lea's as well."""
    company, _ = begin(sqlite, clock, ["lea"], by="people fay, lea", need="all")
    company.say("ana", "request 50 the demo")
    company.settle()
    assert company.hear("fay", "approve 1").title == "You agreed. Still to agree: Lea Novak"


def test_finance_may_decide_for_who_cannot_be_reached(sqlite: Database, clock: Clock) -> None:
    """Only as long as that is so, and never what is their own."""
    company, board = begin(sqlite, clock, ["max"])
    company.say("ana", "request 50 the demo")
    assert company.hear("fay", "approve 1").title == "There is no request with that number for you to decide."
    company.settle()
    look = next(card for place, card in board.messages.values() if place.id == "fay").buttons[0].says
    labels = [each.label for each in company.hear("fay", look).buttons]
    assert labels == ["Approve", "Approve other amount", "Deny", "Ask a question"]
    assert company.hear("ada", "approve 1").title == "There is no request with that number for you to decide."
    assert company.hear("fay", "approve 1").title == "Approved: $50.00 for Ana Silva"


@pytest.mark.parametrize("how", ["first word", "directory"])
def test_what_waits_is_delivered_when_somebody_becomes_known(database: Database, clock: Clock, how: str) -> None:
    """Max writes to the bot, or the people source knows his account: the card is there at once, as it stands now."""
    company, board = begin(database, clock, ["max"])
    company.say("ana", "request 50 the demo")
    company.say("ana", "change 1 the customer's demo")
    company.say("bob", "request 30 another")
    company.settle()
    if how == "first word":
        assert company.app.introduce("web", "demo/max", "max@acme.example") == "max"
    else:
        company.directory = ACME
        company.app.refresh_people()
    company.settle()
    assert board.of("max") == ["Ana Silva asks for $50.00 more"]
    card = next(card for place, card in board.messages.values() if place.id == "max")
    assert "the customer's demo" in str(card.blocks)
    later(company, minutes=15)
    assert company.hear("fay", "status").tone == "good"
    later(company, hours=8)
    assert board.of("kim") == [], "he was reached, so nobody is asked in his place"
    assert company.hear("fay", "approve 1").title == "There is no request with that number for you to decide."


def test_what_was_decided_meanwhile_is_not_shown_as_open(sqlite: Database, clock: Clock) -> None:
    """Ana withdrew it before Max was known."""
    company, board = begin(sqlite, clock, ["max"])
    company.say("ana", "request 50 the demo")
    company.settle()
    company.say("ana", "withdraw 1")
    company.app.introduce("web", "demo/max", "max@acme.example")
    company.settle()
    assert board.of("max") == ["Withdrawn: $50.00 for Ana Silva"]


def test_a_late_copy_never_covers_what_is_newer(sqlite: Database, clock: Clock) -> None:
    """Linked and decided in one breath: what waited is not put over the decision."""
    company, board = begin(sqlite, clock, ["max"])
    company.say("ana", "request 50 the demo")
    company.settle()
    company.app.introduce("web", "demo/max", "max@acme.example")
    assert company.hear("max", "approve 1").title == "Approved: $50.00 for Ana Silva"
    company.settle()
    assert board.of("max") == ["Approved: $50.00 for Ana Silva"]


def test_a_platform_that_is_down_is_no_proof_that_nobody_is_there(sqlite: Database, clock: Clock) -> None:
    """Nobody is alarmed for an hour without Slack; then Max is found."""
    company, board = begin(sqlite, clock, ["max"])
    board.members, board.down = {"max@acme.example": "demo/max"}, True
    company.say("ana", "request 50 the demo")
    for _ in range(6):
        later(company, minutes=10)
    assert (board.of("ana"), board.of("fay")) == ([], [])
    board.down = False
    later(company, hours=1)
    assert board.of("max") == ["Ana Silva asks for $50.00 more"]


def test_an_account_that_takes_no_messages_is_one_that_cannot_be_reached(sqlite: Database, clock: Clock) -> None:
    """Max is linked, and his account is deactivated: the same as if there was none, until it takes them again."""
    company, board = begin(sqlite, clock, [])
    board.blocked = {"max"}
    company.say("ana", "request 50 the demo")
    company.settle()
    assert board.of("ana") == ["I can't reach Max Weber, who decides your request"]
    later(company, hours=5)
    assert board.of("kim") == ["Ana Silva asks for $50.00 more"]
    assert company.hear("fay", "status").tone == "warn"


def test_somebody_else_of_the_stage_is_enough(sqlite: Database, clock: Clock) -> None:
    """Of two of finance one has no account: nobody is alarmed, and the other decides."""
    clock.moment = MONDAY
    rules: dict[str, object] = {**RULES, "approvals": [{"stages": [{"by": "people kim, fay"}]}]}
    company, board = Company(sqlite, clock, rules, without("kim")), FindingBoard()
    company.app.platforms = {"web": board}
    company.say("ana", "request 50 the demo")
    company.settle()
    assert board.of("ana") == []
    later(company, hours=6)
    assert board.of("fay") == ["Ana Silva asks for $50.00 more"]


def test_when_nobody_at_all_can_be_reached_it_does_not_wait_for_ever(sqlite: Database, clock: Clock) -> None:
    """No refusal by time, and none of those above has an account: it ends, and Ana reads why."""
    company, board = begin(sqlite, clock, ["max", "kim", "fay", "ada", "lea"], refuse_after_hours=0)
    company.say("ana", "request 50 the demo")
    for _ in range(14):
        later(company, hours=12)
    assert board.of("ana")[-1] == "Your request for $50.00 has expired"


def test_an_answer_reaches_whoever_asked_elsewhere_once_they_are_known(sqlite: Database, clock: Clock) -> None:
    """Not only requests: whatever is for somebody unknown waits for them."""
    company, board = begin(sqlite, clock, ["ana"])
    company.say("ana", "request 50 the demo")
    company.say("max", "approve 1")
    company.settle()
    assert board.of("ana") == []
    company.app.introduce("web", "demo/ana", "ana@acme.example")
    company.settle()
    assert board.of("ana") == ["Max Weber approved $50.00"]


def test_nothing_waits_for_who_has_left(sqlite: Database, clock: Clock) -> None:
    """Max has no account and leaves: what waited for him is dropped, and all is well."""
    company, board = begin(sqlite, clock, ["max"])
    company.say("ana", "request 50 the demo")
    company.settle()
    gone = without("max")
    people = (replace(one, active=one.id != "max") for one in gone.people)
    company.directory = replace(gone, people=tuple(people))
    company.app.refresh_people()
    later(company, hours=7)
    assert board.of("kim") == ["Ana Silva asks for $50.00 more"]
    assert company.hear("fay", "status").tone == "good"


def test_what_waits_for_somebody_unknown_is_forgotten_after_a_month(sqlite: Database, clock: Clock) -> None:
    """A card of last spring is of no use to a newcomer."""
    company, _ = begin(sqlite, clock, ["ana"])
    company.say("ana", "request 50 the demo")
    company.say("max", "approve 1")
    company.settle()
    count = "select count(*) from outbox where target = 'unlinked'"
    assert company.database.ask(lambda conn: conn.exec_driver_sql(count).scalar_one()) > 0
    later(company, days=40)
    later(company, days=40)
    left = "select count(*) from outbox where target = 'unlinked' and key like 'answer/%'"
    assert company.database.ask(lambda conn: conn.exec_driver_sql(left).scalar_one()) == 0


def test_a_link_by_address_needs_that_the_company_allows_it(sqlite: Database, clock: Clock) -> None:
    """With link_by_email off, an address proves nothing."""
    company, board = begin(sqlite, clock, ["max"])
    company.app.link_by_email = {"web": False}
    board.members = {"max@acme.example": "demo/max"}
    company.say("ana", "request 50 the demo")
    company.settle()
    assert board.of("max") == []
    assert company.app.who("web", "demo/max") is None
    assert Link("web", "user", "demo/max", "person/max") not in company.directory.links
