"""Delivery in lanes: who hangs, asks to wait or takes nothing from us holds up nobody else, and nothing is lost."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bot.clock import Clock as Runs
from bot.errors import OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from handlers.card import Card
from handlers.context import CLOCK, Context
from handlers.place import Place
from handlers.sentence import Sentence
from storage import outbox, pauses, people
from storage.db import BusyError, Connection, Database
from storage.directory import Link
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.fakes.slack import PATIENCE_S


@dataclass
class Chat:
    """A chat platform. What is in `trouble` meets every message and question, in `full` those at one place."""

    name: str
    shown: list[tuple[str, str]] = field(default_factory=list)
    trouble: UnreachableError | None = None
    full: dict[str, OutsideError] = field(default_factory=dict)
    asked: int = 0
    came: threading.Event = field(default_factory=threading.Event)

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform."""
        for trouble in filter(None, (self.trouble, self.full.get(place.id))):
            raise trouble
        self.shown.append((place.id, card.title))
        self.came.set()
        return receipt or f"m{len(self.shown)}"

    def probe(self) -> None:
        """See Probes."""
        self.asked += 1
        if self.trouble:
            raise self.trouble


TIMED_OUT = OperationalError("select", {}, Exception("canceling statement due to statement timeout"))
SCHEDULE = [
    {"at": "0 * * * *", "say": "spend of team search", "in": "slack:C1"},
    {"at": "0 * * * *", "say": "spend of organization", "in": "slack:C2", "owner": "max"},
]


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company with two chat platforms, on each database."""
    made = Company(database, clock, {**RULES, "schedule": SCHEDULE})
    made.app.platforms = {"slack": Chat("slack"), "teams": Chat("teams")}
    links = [
        Link(each, "user", f"T1/{name}", f"person/{name}")
        for each in ("slack", "teams")
        for name in ("ada", "fay", "max")
    ]
    database.transact(lambda conn: [people.link(conn, each, "explicit") for each in links])
    return made


def chat(company: Company, name: str = "slack") -> Chat:
    found = company.app.platforms[name]
    assert isinstance(found, Chat)
    return found


def post(company: Company, place: str, *titles: str, platform: str = "slack") -> None:
    """Leave messages for a place."""

    def work(conn: Connection) -> None:
        there = Place(platform, place, public=True)
        for title in titles:
            ctx = Context(conn, company.clock(), CLOCK, there, company.app.policy)
            ctx.show(f"test/{title}", there, Card(title, personal=False))
            ctx.write()

    company.database.transact(work)


def settle(company: Company, **passed: float) -> None:
    company.clock.forward(timedelta(**passed))
    while company.app.deliver():
        pass


def test_a_place_that_is_asked_to_wait_for_keeps_its_order_and_stops_no_other(company: Company) -> None:
    """Slack says 429 for one channel: what comes after waits there, and is shown elsewhere."""
    chat(company).full["C1"] = UnreachableError("too many", 30)
    post(company, "C1", "one")
    post(company, "C2", "elsewhere")
    settle(company)
    chat(company).full.clear()
    post(company, "C1", "two", "three")
    post(company, "C2", "elsewhere too")
    settle(company, seconds=5)
    assert chat(company).shown == [("C2", "elsewhere"), ("C2", "elsewhere too")]

    settle(company, seconds=30)
    assert chat(company).shown[2:] == [("C1", "one"), ("C1", "two"), ("C1", "three")]


@pytest.mark.parametrize(
    "trouble", [RefusesUsError("token_revoked"), UnreachableError("down")], ids=["refused", "down"]
)
def test_trouble_of_a_platform_is_no_trouble_of_a_message(company: Company, trouble: UnreachableError) -> None:
    """For hours; nothing is given up, and when it is well again all is shown within seconds, in order."""
    chat(company).trouble = trouble
    for number in range(60):
        post(company, f"C{number % 3}", f"{number:02}")
        post(company, "19:a", f"t{number:02}", platform="teams")
        settle(company, minutes=3)
    assert chat(company).shown == []
    assert len(chat(company, "teams").shown) >= 60
    waiting = company.database.ask(lambda conn: outbox.payloads(conn, "test/0"))
    assert len(waiting) == 10

    chat(company).trouble = None
    settle(company, seconds=11)
    assert [title for _, title in chat(company).shown] == [f"{number:02}" for number in range(60)]
    assert company.database.ask(pauses.every) == []


def test_a_platform_that_refuses_us_is_said_in_status_and_to_finance_elsewhere(company: Company) -> None:
    """Once, however often it is asked again."""
    chat(company).trouble = RefusesUsError("Slack said token_revoked.")
    post(company, "C1", "one")
    for _ in range(5):
        settle(company, minutes=1)

    told = [place for place, title in chat(company, "teams").shown if title == "Slack takes no messages from me"]
    assert sorted(told) == ["ada", "fay"]
    status = company.say("fay", "status")
    assert "Slack takes no messages from me" in status
    assert "token_revoked" in status


def test_a_message_that_a_well_platform_does_not_take_holds_up_its_place_for_a_while_only(company: Company) -> None:
    """It is the message that is odd; the others of its place follow in the end, those of other places at once."""
    chat(company).full["C1"] = UnreachableError("500")
    post(company, "C1", "odd")
    settle(company)
    assert company.database.ask(pauses.every) == []
    chat(company).full.clear()
    post(company, "C2", "other")
    settle(company, seconds=1)
    assert chat(company).shown == [("C2", "other")]
    settle(company, seconds=5)
    assert chat(company).shown[1:] == [("C1", "odd")]


def test_a_hanging_provider_delays_no_message(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lane has a thread of its own: a reading that never ends, and a card that comes all the same."""
    hangs, free = threading.Event(), threading.Event()

    def charges(*_days: object) -> list[object]:
        hangs.set()
        free.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(company.llm, "charges", charges)
    runs = Runs(company.app)
    runs.start()
    try:
        company.app.tick()
        assert hangs.wait(PATIENCE_S)
        post(company, "C1", "decided")
        company.app.wake.set()
        assert chat(company).came.wait(PATIENCE_S)
        assert not free.is_set()
    finally:
        free.set()
        runs.stop()


def test_what_is_said_each_week_is_said_once_after_weeks(company: Company) -> None:
    """The digest of the week before last is of no use beside the one of last week."""
    chat(company).trouble = UnreachableError("down")
    place = Place("slack", "C1", public=True)
    for week in ("2026-11-02T09:00", "2026-11-09T09:00", "2026-11-16T09:00"):
        key = f"say/digest@slack:C1@{week}"
        payload = '{"sentence": "spend of team search", "place": {"platform": "slack", "id": "C1", "public": true}}'
        company.database.transact(
            lambda conn, key=key, payload=payload: outbox.ensure(  # type: ignore[misc]
                conn, key, "say", "clock", payload, company.clock(), company.clock()
            )
        )
        settle(company, minutes=1)
    chat(company).trouble = None
    settle(company, seconds=30)

    assert len([each for each in chat(company).shown if each[0] == place.id]) == 1


def test_a_channel_that_is_closed_is_told_to_who_had_something_posted_there(company: Company) -> None:
    """Its owner by app.yaml, else the admins; once, however often it is tried; and once it is open, only the newest."""
    archived = UndeliverableError("Slack said is_archived. The channel is archived: choose another one.")
    chat(company).full = {"C1": archived, "C2": archived}
    for _ in range(3):
        company.app.tick()
        settle(company, hours=1)
    told = [each for each in chat(company, "teams").shown if "can't post" in each[1]]
    assert told == [("ada", "I can't post to slack:C1"), ("max", "I can't post to slack:C2")]
    assert "is_archived" in company.say("fay", "status")

    chat(company).full.clear()
    company.app.tick()
    settle(company)
    shown = [place for place, _ in chat(company).shown if place in {"C1", "C2"}]
    assert sorted(shown) == ["C1", "C2"]
    assert company.database.ask(lambda conn: outbox.waiting(conn, company.clock(), timedelta())).get("parked", 0) == 0


def test_a_scheduled_sentence_that_meets_trouble_of_the_database_is_said_later(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement time-out, a busy database and a bug of ours: its slot is not lost, and said once."""
    carry_out, troubles = company.app.carry_out, [TIMED_OUT, BusyError("no connection"), ZeroDivisionError()]

    def sometimes(sentence: Sentence) -> Card:
        if troubles:
            raise troubles.pop()
        return carry_out(sentence)

    monkeypatch.setattr(company.app, "carry_out", sometimes)
    company.app.tick()
    settle(company)
    for _ in range(6):
        settle(company, minutes=1)
        company.app.tick()
    assert troubles == []
    assert sorted(place for place, _ in chat(company).shown if place in {"C1", "C2"}) == ["C1", "C2"]
