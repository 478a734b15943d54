"""How many statements a sentence takes: an order at most twenty, a balance at most six.

Counted is every statement that SQLAlchemy sends to the database (`before_cursor_execute`) from the moment a platform
hands a sentence over until its answer is there: who speaks, and under which id the press was delivered, are in it.
BEGIN, what goes with it, and COMMIT are not counted. One statement for many rows (executemany) counts once. Everybody
is reached on two platforms, limits at a provider follow every budget, and the team's pool is split. What may take more
than twenty has its bound beside it, and why. How often that goes to PostgreSQL and back is counted for the most usual.

`pytest tests/handlers/test_statements.py -s` prints the table of docs/reference/benchmarks.md.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

import handlers
from handlers.card import Card
from handlers.events import CheckJobs, CheckThresholds
from handlers.policy import Budget, ClaimRules
from handlers.programs import Caller
from handlers.programs.shapes import AskForMore
from storage import findings, spikes
from storage.db import Database
from storage.directory import Link
from storage.findings import Found, Said
from storage.spikes import Sight
from storage.statement_queue import StatementQueue
from tests.support.clock import Clock
from tests.support.company import ACME, PEOPLE, RULES, Company
from tests.support.receipt_files import pdf

ORDER_MAX = 20
BALANCE_MAX = 6
WHO_LEFT = 1
"""Of a team, what people used who have left, so that its estimate does not expect it again."""
WAITING = 9
"""What a delegation takes more for each request that waits: each is drawn anew for whoever is asked in one's stead."""

ABOVE = 1
"""What a lead's decision takes more on PostgreSQL if the pool lacks something: it gives, and asks those above."""

AGAIN = 4
"""What touches the figures of others than those for whom it is decided was begun beside other decisions on PostgreSQL,
with four questions in one trip, and is begun again alone."""

TRIPS_MAX = 15
"""How often the most usual orders go to PostgreSQL and back, with the commit. What is only written goes along."""

BATCH = 1
"""On PostgreSQL an order that moves the charges of the past makes the table of its batch first."""

HOURS = 1
"""The hours that providers tell beside their days follow a new link, too."""
SOURCES = 1
"""A corrected link lets the sources of people be read anew, for the mark by which they were left alone is dropped."""

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LADDER = [
    {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]},
    {"when": {"amount_up_to": "500 USD"}, "stages": [{"by": "manager"}]},
    {"when": {"amount_up_to": "900 USD"}, "stages": [{"by": "manager"}, {"by": "role finance"}]},
    {"stages": [{"by": "people kim, fay", "need": "all"}]},
]
Prepare = Callable[[Company], object]


@dataclass(frozen=True)
class Spoken:
    """A sentence that is counted.

    Args:
        person: who speaks.
        words: what they say; "press Label" presses the newest button of that label.
        answer: how the answer begins, so that a refusal is not taken for an order.
        before: what was said before, as (person, words).
        prepare: what else happened before.
        about: what is special about it.
        most: how many statements it may take.
    """

    person: str
    words: str
    answer: str
    before: tuple[tuple[str, str], ...] = ()
    prepare: Prepare = lambda _company: None
    about: str = ""
    most: int = ORDER_MAX


def with_shadow(company: Company) -> None:
    """Let app.yaml have a shadow budget."""
    shadow = Budget.model_validate({"name": "next", "who": "every person", "amount": "90 USD", "limit": "shadow"})
    company.app.policy = company.app.policy.model_copy(update={"shadows": (shadow,)})


def promoted(company: Company) -> None:
    """Let a shadow budget be about to count."""
    with_shadow(company)
    company.say("fay", "promote next")


CLAIMED = ("ana", "claim 20 USD cursor: pair programming")


def with_claims(company: Company) -> None:
    """Let app.yaml say what can be claimed."""
    rules = ClaimRules.model_validate({"categories": [{"name": "tools", "amount": "1000 USD"}]})
    company.app.policy = company.app.policy.model_copy(update={"claims": rules})


def claim_made(company: Company) -> None:
    """Ana has claimed something."""
    with_claims(company)
    company.say(*CLAIMED)


def claim_with_file(company: Company) -> None:
    """A receipt was sent after it."""
    claim_made(company)
    company.app.keep_receipt("ana", pdf())


def claim_approved(company: Company) -> None:
    """It is to be paid back."""
    claim_made(company)
    company.say("max", "approve 1")


# What happens before -------------------------------------------------------------------------------------------------


def finds(company: Company, detector: str = "no_caching") -> None:
    """The night found something that Ana can change."""
    found = Found(
        account_id="person/ana",
        about="claude-sonnet-4-5",
        what=Said("Nothing is cached"),
        evidence=((Said("Cached"), Said("{percent} %", {"percent": 0})),),
        advice=Said("Cache it."),
        cost_nanos=90 * 10**9,
        saving=(10 * 10**9, 20 * 10**9),
        confidence="high",
        detector=detector,
    )
    company.database.transact(lambda conn: findings.keep(conn, [found], MONDAY.date()))


def finds_a_seat(company: Company) -> None:
    """The night found a seat that Ana does not use."""
    finds(company, "idle_seat")


def spikes_up(company: Company) -> None:
    """The crawler spends far above usual."""
    seen = Sight("velocity", MONDAY - timedelta(hours=1), MONDAY, 5, usual_nanos=1, excess_nanos=4, rate_nanos=4)
    company.database.transact(lambda conn: spikes.begin(conn, "agent/crawler", seen))


def month_turns(company: Company) -> None:
    """It is the first of December."""
    company.clock.moment = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def passes_a_threshold(company: Company) -> None:
    """Ana has used 85 % of her limit and was told."""
    company.llm.spends("ana", "340.00", date(2026, 11, 21))
    company.pull()
    company.happens(CheckThresholds())


def is_as_it_should_be(company: Company) -> None:
    """Finance let all limits be set, once."""
    company.hear("fay", "proceed llm")
    company.settle()


def is_changed_over_there(company: Company) -> None:
    """Then somebody raised Ana's limit in the provider's own console."""
    is_as_it_should_be(company)
    company.llm.changes("ana", 900)
    company.app.limits.read(company.llm)


def knows_a_stranger(company: Company) -> None:
    """Somebody whom nobody knows spends."""
    company.llm.spends("usr_stranger", "12.00", date(2026, 11, 21))
    company.pull()


def asks_by_a_program(company: Company) -> None:
    """A program of Ana's wants more."""
    call = AskForMore(amount="50 USD", reason="finish the migration")
    company.app.call(Caller("person/ana", "token #1"), "ana", call)


def is_half_spent(company: Company) -> None:
    """The crawler was granted $300 for a job, and half of it is spent."""
    company.llm.spends("crawler-key", "150.00", date(2026, 11, 23))
    company.pull()
    company.happens(CheckJobs())


ASKED = ("ana", "request 50 finish the migration")
FOR_A_JOB = ("max", "request 300 for crawler nightly reindex")
LASTING = ("ana", "raise me to 600 a month until 31 December: migration")
SHARE = ("ana", "request 50 of search-pool the demo")
TAKEN = (("max", "allot 2490 to max"),)
LARGE = ("ana", "request 600 train a model")
BOTH = ("ana", "request 950 train a larger model")
AWAY = ("max", "delegate kim until friday")
TALK = (ASKED, AWAY, ("ana", "remind 1"), ("max", "question 1 why?"), ("ana", "question 1 so"))
GRANTED = (ASKED, ("max", "approve 1"))

ORDERS: dict[str, tuple[Spoken, ...]] = {
    "request": (
        Spoken(*ASKED, "Asked for $50.00 more", about="to a manager"),
        Spoken(*ASKED, "Asked for $50.00 more", (AWAY,), about="to a manager who is away"),
        Spoken("ana", "request 20 a quick test", "$20.00 approved at once", about="granted at once"),
        Spoken(*LARGE, "Asked for $600.00 more", about="of two stages"),
        Spoken("max", "request 50 for crawler nightly reindex", "Asked for $50.00 more", about="for an agent"),
        Spoken(
            "ana", "request 50 of search-pool the demo", "Asked for $50.00 more", about="a share, of the pool's lead"
        ),
        Spoken("ana", "request", "Ask for more", about="its form"),
    ),
    "raise": (Spoken(*LASTING, "Asked for $600.00 a month"),),
    "permanent": (Spoken("ana", "permanent: 900 a month for me: I lead it", "Asked for $900.00 a month"),),
    "end-exception": (
        Spoken(
            "max",
            "end-exception 1 it is over",
            "The exception of request #1 has ended",
            (LASTING, ("max", "approve 1")),
        ),
    ),
    "promote": (Spoken("fay", "promote next", "“next” will count from", prepare=with_shadow),),
    "demote": (Spoken("fay", "demote next", "“next” stays a shadow budget", prepare=promoted),),
    "propose": (Spoken("max", "propose per-person 200 USD", "Sent to 1 person in finance"),),
    "claim": (
        Spoken(*CLAIMED, "Claimed $20.00 for cursor", prepare=with_claims),
        Spoken(
            "ana", "claim 20 USD llm: again", "Claimed $20.00 for llm", prepare=with_claims, about="provided already"
        ),
    ),
    "receipt": (Spoken("ana", "receipt 1", "Added to claim #1", prepare=claim_with_file),),
    "paid": (Spoken("fay", "paid 1", "1 claim is noted", prepare=claim_approved),),
    "change": (Spoken("ana", "change 1 the review", "Updated the reason of request #1", (ASKED,)),),
    "remind": (Spoken("ana", "remind 1", "Sent a reminder about", (ASKED,)),),
    "withdraw": (Spoken("ana", "withdraw 1", "Request #1 is withdrawn", (ASKED,)),),
    "approve": (
        Spoken("max", "approve 1", "Approved: $50.00", (ASKED,), about="the only stage"),
        Spoken(
            "max", "approve 1", "Approved: $600.00 a month", (LASTING,), about="of an exception", most=ORDER_MAX + AGAIN
        ),
        Spoken("max", "approve 1", "Approved: $20.00", prepare=claim_made, about="of a claim"),
        Spoken(
            "max", "approve 1", "Approved: $50.00", (SHARE,), about="of what is free in a pool", most=ORDER_MAX + AGAIN
        ),
        Spoken(
            "max",
            "approve 1",
            "You gave $",
            (*TAKEN, SHARE),
            about="of a pool that lacks the rest",
            most=ORDER_MAX + ABOVE + AGAIN,
        ),
        Spoken("max", "approve 1", "You agreed to $600.00", (LARGE,), about="the first of two stages"),
        Spoken("fay", "approve 1", "Approved: $600.00", (LARGE, ("max", "approve 1")), about="the last of two stages"),
        Spoken("kim", "approve 1", "You agreed. Still to agree: Fay Osei", (BOTH,), about="one of two who must agree"),
        Spoken("kim", "approve 1 30", "Approved: $30.00", TALK, about="after a reminder and questions"),
    ),
    "approve-anew": (Spoken("max", "approve-anew 1", "Approved: $50.00", (ASKED,), prepare=month_turns),),
    "deny": (Spoken("max", "deny 1 too early", "Denied: $50.00", (ASKED,)),),
    "question": (
        Spoken("max", "question 1 why?", "Sent", (ASKED,), about="asked back"),
        Spoken("ana", "question 1 so", "Sent", (ASKED, ("max", "question 1 why?")), about="answered"),
    ),
    "revoke": (Spoken("max", "revoke 1 the project ended", "$50.00 taken back", GRANTED),),
    "return-grant": (Spoken("ana", "return-grant 1", "$50.00 returned", GRANTED),),
    "delegate": (
        Spoken(*AWAY, "Kim Tanaka decides for you", about="nothing waits"),
        Spoken(
            *AWAY,
            "Kim Tanaka decides for you",
            (ASKED, ("ana", "request 60 more"), ("ana", "request 70 more")),
            about="three requests wait",
            most=ORDER_MAX + 3 * WAITING,
        ),
        Spoken("max", "delegate", "You decide yourself again", (AWAY,), about="the end of it"),
    ),
    "done": (Spoken("ana", "done 1", "#1 is done", prepare=finds),),
    "dismiss": (Spoken("ana", "dismiss 1 the review needs it", "#1 is not waste", prepare=finds),),
    "postpone": (Spoken("ana", "postpone 1", "I'll remind you of #1", prepare=finds),),
    "comment": (Spoken("ana", "comment 1 it is needed", "Sent", prepare=finds),),
    "keep": (Spoken("ana", "keep 1", "You keep your seat", prepare=finds_a_seat),),
    "release": (Spoken("ana", "release 1", "Your seat is released", prepare=finds_a_seat),),
    "expected": (Spoken("max", "expected 1", "The spending of Crawler is marked as expected", prepare=spikes_up),),
    "unexpected": (Spoken("max", "unexpected 1", "Crawler: marked as not expected", prepare=spikes_up),),
    "allot": (Spoken("max", "allot 510 to ana", "Ana Silva's share is now $510.00"),),
    "split": (Spoken("max", "split now", "$917.75 more for each of 3 people and agents"),),
    "transfer": (Spoken("kim", "transfer 30 from ana to bob for the demo", "$30.00 moved"),),
    "go-live": (Spoken("ada", "go-live", "This is no restored copy"),),
    "erase": (Spoken("ada", "erase ana", "Ana Silva can't be erased yet"),),
    "correct": (Spoken("fay", "correct 20 of ana refund", "Ana Silva's budget corrected by $20.00"),),
    "price": (
        Spoken("fay", "price", "Every model that was used has a price"),
        Spoken("fay", "price my-model input 3 output 15", "Price of my-model set from"),
        Spoken("fay", "price my-model", "Set the price of a model", about="its form"),
    ),
    "link": (
        Spoken(
            "fay",
            "link llm user usr_stranger to ana",
            "usr_stranger is linked to Ana Silva",
            prepare=knows_a_stranger,
            most=ORDER_MAX + BATCH + HOURS + SOURCES,
        ),
    ),
    "enforce": (Spoken("fay", "enforce per-person", "All limits already have the current amount"),),
    "pause": (Spoken("fay", "pause ana", "Ana Silva is being paused"),),
    "resume": (Spoken("fay", "resume ana", "Ana Silva is being resumed", (("fay", "pause ana"),)),),
    "proceed": (Spoken("fay", "proceed llm", "8 limits are being changed"),),
    "restore": (
        Spoken(
            "fay",
            "restore llm",
            "Fay Osei restored 1 limit at",
            prepare=is_changed_over_there,
        ),
    ),
    "keep-theirs": (Spoken("fay", "press Keep their limit", "Fay Osei kept", prepare=is_changed_over_there),),
    "restore-ours": (Spoken("fay", "press Restore our limit", "Fay Osei restored", prepare=is_changed_over_there),),
    "adopt": (
        Spoken(
            "fay",
            "press Adopt it in the budget",
            "Fay Osei adopted",
            prepare=is_changed_over_there,
        ),
    ),
    "known": (Spoken("ana", "press Got it", "Noted", prepare=passes_a_threshold),),
    "snooze": (Spoken("ana", "press Remind me tomorrow", "I'll remind you", prepare=passes_a_threshold),),
    "close": (Spoken("fay", "close october", "Acme: $0.00 spent in October"),),
    "retry": (Spoken("fay", "retry", "There is nothing to try again"),),
    "settings": (Spoken("ana", "settings weekly on", "Your weekly summary is on"),),
    "token": (
        Spoken("ana", "token new", "Token #1: copy it now"),
        Spoken("max", "token rotate 1", "Token #2: copy it now", (("max", "token new for agent crawler"),)),
        Spoken("fay", "token revoke 1", "Token #1 no longer works", (("ana", "token new"),)),
    ),
}

ORDERS |= {
    "send": (Spoken("ana", "press Send", "Asked for $50.00 more", prepare=asks_by_a_program, most=21),),
    "dont-send": (Spoken("ana", "press Don't send", "Request #1 is not sent", prepare=asks_by_a_program),),
    "continue": (
        Spoken("max", "press Continue", "Crawler goes on", (FOR_A_JOB, ("kim", "approve 1")), prepare=is_half_spent),
    ),
}

BALANCES = (
    Spoken("ana", "balance", "$", most=BALANCE_MAX),
    Spoken("max", "balance of team search", "Search: $", most=BALANCE_MAX + WHO_LEFT),
    Spoken("bob", "balance", "$", most=BALANCE_MAX),
)


# Counting ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Everybody has two chats, a provider takes limits, and Ana has a share of the pool."""
    clock.moment = MONDAY
    slack = (Link("slack", "user", f"T1/{each.id}", f"person/{each.id}") for each in PEOPLE)
    directory = replace(ACME, links=(*ACME.links, *slack))
    made = Company(database, clock, {**RULES, "approvals": LADDER}, directory)
    made.llm.knows(*(each.id for each in PEOPLE), "crawler-key")
    made.app.limits.read(made.llm)
    made.hear("max", "allot 500 to ana")
    return made


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    engines = (database._orders, database._questions)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def says(company: Company, spoken: Spoken) -> tuple[Card, list[str]]:
    """What is answered, and all statements that it took."""
    for person, words in spoken.before:
        company.clock.forward(timedelta(minutes=1))
        company.hear(person, words)
    spoken.prepare(company)
    words = spoken.words
    if words.startswith("press "):
        company.settle()
        buttons = [button for card in company.messages(spoken.person) for button in card.buttons]
        words = [button.says for button in buttons if button.label == words.removeprefix("press ")][-1]
    company.clock.forward(timedelta(minutes=1))
    with counted(company.database) as sent:
        card = company.hear(spoken.person, words, delivery="press-1")
    return card, sent


def test_every_order_is_counted() -> None:
    """A new order needs a case here."""
    assert set(ORDERS) == {one.name for one in handlers.COMMANDS.values() if one.writes}


@pytest.mark.parametrize("spoken", [each for cases in ORDERS.values() for each in cases], ids=lambda each: each.words)
def test_an_order_takes_at_most_twenty_statements(company: Company, spoken: Spoken) -> None:
    """Whatever it decides, and however many people hear of it."""
    card, sent = says(company, spoken)
    assert card.title.startswith(spoken.answer)
    sys.stdout.write(f"\n| `{spoken.words}` | {spoken.about} | {len(sent)} |\n")
    assert len(sent) <= spoken.most, "\n".join(sent)


@pytest.fixture
def rode_along(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went in each trip to PostgreSQL besides the one that needed it."""
    found: list[int] = []
    original = StatementQueue.trip

    def trip(self: StatementQueue, question: Any = None, end: Any = None) -> Any:
        found.append(len(self._waiting) - (question is None and end is None))
        return original(self, question, end)

    monkeypatch.setattr(StatementQueue, "trip", trip)
    return found


@pytest.mark.parametrize("spoken", [ORDERS["request"][0], ORDERS["approve"][0]], ids=lambda each: each.words)
def test_a_request_and_its_approval_take_at_most_fifteen_trips(
    company: Company, spoken: Spoken, rode_along: list[int]
) -> None:
    """On PostgreSQL, with the commit."""
    if company.database.is_sqlite:
        pytest.skip("there is no way to go to a file")
    for person, words in spoken.before:
        company.hear(person, words)
    rode_along.clear()
    card, sent = says(company, replace(spoken, before=()))
    trips = len(sent) - sum(rode_along) + 1
    assert card.title.startswith(spoken.answer)
    sys.stdout.write(f"\n| `{spoken.words}` | {spoken.about} | {trips} trips |\n")
    assert trips <= TRIPS_MAX, "\n".join(sent)


@pytest.mark.parametrize("spoken", BALANCES, ids=lambda each: f"{each.person}: {each.words}")
def test_a_balance_takes_at_most_six_statements(company: Company, spoken: Spoken) -> None:
    """Also where the pool is split."""
    card, sent = says(company, spoken)
    assert card.title.startswith(spoken.answer)
    sys.stdout.write(f"\n| `{spoken.words}` | {spoken.about} | {len(sent)} |\n")
    assert len(sent) <= spoken.most, "\n".join(sent)


def test_a_request_takes_no_more_where_more_people_decide(company: Company) -> None:
    """A rule that asks everybody of finance reads and writes for all of them at once."""
    few = len(says(company, ORDERS["request"][0])[1])
    many = replace(company.directory, people=tuple(replace(each, roles=("finance",)) for each in PEOPLE))
    company.directory = many
    company.app.refresh_people()
    _, sent = says(company, Spoken("bob", "request 600 train a model", "Asked", before=()))
    company.hear("lea", "approve 2")
    _, more = says(company, Spoken("bob", "change 2 train it better", ""))
    assert len(sent) <= few
    assert len(more) <= ORDER_MAX
