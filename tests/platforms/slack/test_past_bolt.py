"""A question in a slash command is answered the same past Bolt as by it, and nobody sees what they should not."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from slack_bolt import BoltResponse

import handlers
from bot.errors import RefusesUsError
from bot.platforms.slack.block_kit import message
from bot.platforms.slack.client import web_client
from bot.platforms.slack.identity import Home
from bot.platforms.slack.listener import ListenerSettings, SlackListener, Turn
from bot.platforms.slack.verification import Rejection, Verifier
from handlers.card import Card
from handlers.errors import RefusedError
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.db import BusyError, Database
from storage.directory import Link, Person
from tests.support.clock import Clock
from tests.support.company import ACME, MAIL, PEOPLE, Company
from tests.support.fakes.slack import FakeSlack
from tests.support.paths import ROOT

VIC = Person("vic", "Vic Viewer", f"vic{MAIL}", "kim", roles=("viewer",))
EVERYBODY = (*PEOPLE, VIC)
LINKED = replace(
    ACME,
    people=EVERYBODY,
    links=(
        *ACME.links,
        *(Link("slack", "user", f"T1/U{each.id.upper()}", f"person/{each.id}") for each in EVERYBODY),
    ),
)
QUESTIONS = (
    "",
    "balance",
    "balance of team search",
    "balance of @max",
    "balance of nobody-there",
    "balanse",
    "what is left?",
    "spend by model",
    "forecast",
    "why last week",
    "help",
    "help balance",
    "who",
    "models",
    "digest",
    "status",
    "people",
    "value of team search",
    "余额",
    "x" * 3_100,
)


@dataclass
class Typed:
    """Two listeners before one app: questions go past Bolt at one of them, and through it at the other."""

    company: Company
    slack: FakeSlack
    past: SlackListener
    through: SlackListener
    verifier: Verifier
    number: int = 0

    def payload(self, user: str, text: str, **more: str) -> dict[str, Any]:
        """A slash command as it is let in."""
        self.number += 1
        form = {
            "command": "/tokens",
            "text": text,
            "team_id": "T1",
            "user_id": user,
            "channel_id": "C1",
            "api_app_id": "A1",
            "trigger_id": f"{self.number}.1.a",
            "response_url": f"{self.slack.url}/response/{self.number}",
            **more,
        }
        shaped = self.verifier.shape(form)
        assert not isinstance(shaped, Rejection)
        return shaped

    def ask(self, person: str, text: str) -> str:
        """Ask past Bolt; what is seen."""
        return self.past.dispatch(self.payload(f"U{person.upper()}", text), Turn()).body

    def ask_through(self, person: str, text: str) -> str:
        """Ask by way of Bolt; what is seen."""
        return self.through.dispatch(self.payload(f"U{person.upper()}", text), Turn()).body

    def afresh(self, person: str, text: str) -> str:
        """What is seen if nothing was kept: an order keeps nothing, so it is asked as one."""
        app, sentence = self.company.app, Sentence(text, person, Place("slack", "C1", public=True))
        try:
            card = app.database.transact(lambda conn: app._answer(conn, sentence, *handlers.parse_command(text))).whole
        except RefusedError:
            return self.ask_through(person, text)
        shown = message(card) | {"response_type": "ephemeral" if card.personal else "in_channel"}
        return "" if card.inputs or card.files else orjson.dumps(shown).decode()

    def at_once(self, person: str, text: str) -> BoltResponse | None:
        """Ask for what can be answered without waiting."""
        return self.past.at_once(self.payload(f"U{person.upper()}", text), Turn())


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Acme with a viewer, in Slack, on both databases."""
    return Company(database, clock, directory=LINKED)


@pytest.fixture
def typed(company: Company) -> Iterator[Typed]:
    """Its listeners. Everybody was seen by both of them."""
    with FakeSlack() as slack:
        for each in EVERYBODY:
            slack.add_user(f"U{each.id.upper()}", each.email)
        client = web_client(slack.bot_token, slack.base_url)
        past = SlackListener(company.app, client)
        through = SlackListener(company.app, client, ListenerSettings(all_by_bolt=True))
        made = Typed(company, slack, past, through, Verifier((), now=lambda: 0.0))
        for each in EVERYBODY:
            made.ask(each.id, "help")
            made.ask_through(each.id, "help")
        slack.calls.clear()
        yield made
        past.close()
        through.close()


def through_bolt(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Bolt is given from now on."""
    given: list[str] = []
    bolt = typed.past._bolt
    dispatch = bolt.dispatch

    def noted(request: Any) -> BoltResponse:
        given.append(request.body["text"])
        return dispatch(request)

    monkeypatch.setattr(bolt, "dispatch", noted)
    return given


def test_both_ways_say_the_same_to_everybody(typed: Typed) -> None:
    """Each question, of each kind of person, byte for byte; refusals and misspelt words included."""
    for text in QUESTIONS:
        for each in EVERYBODY:
            seen = typed.ask(each.id, text)
            assert seen == typed.ask_through(each.id, text), (each.id, text)
            assert seen == typed.afresh(each.id, text), (each.id, text)


def test_a_question_goes_past_bolt_and_an_order_does_not(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does what opens a form, nor who is not known to Slack's word of the last hour. Slack is asked nothing."""
    given = through_bolt(typed, monkeypatch)

    typed.ask("ana", "balance")
    typed.ask("ana", "spend by day")
    assert given == []
    assert typed.slack.calls == []
    typed.ask("ana", "request 50 tests")
    typed.ask("ana", "settings")
    typed.past.dispatch(typed.payload("UNEW", "balance"), Turn())
    assert given == ["request 50 tests", "settings", "balance"]


def test_only_the_own_balance_on_sqlite_is_answered_without_a_thread(typed: Typed) -> None:
    """What may take longer, or waits for a server, does not stand in the way of others' requests."""
    answer = typed.at_once("ana", "balance")

    if not typed.company.database.is_sqlite:
        assert answer is None
        return
    assert answer is not None
    assert answer.body == typed.ask_through("ana", "balance")
    others = ("balance of team search", "spend", "digest", "help", "request 50 tests", "balance <@UMAX>", "nonsense")
    for text in others:
        assert typed.at_once("fay", text) is None, text
    assert typed.past.at_once(typed.payload("UNEW", "balance"), Turn()) is None
    assert typed.slack.calls == []


def test_while_all_connections_are_in_use_nothing_waits_for_one_at_once(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to a thread, which may wait."""
    assert typed.company.database.is_sqlite is (typed.at_once("ana", "balance") is not None)

    def busy(*_args: object, **_named: object) -> None:
        raise BusyError("all connections to the database are in use")

    monkeypatch.setattr(typed.company.database, "ask", busy)
    assert typed.at_once("ana", "balance") is None
    assert "I am busy just now" in typed.ask("ana", "balance")


def test_a_bug_is_told_by_a_number(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the app and in the listener alike, without the person or the words in what is shown."""

    def bug(*_args: object, **_named: object) -> Card:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.app.handlers.answer", bug)
    assert "That broke" in typed.ask("ana", "balance")
    monkeypatch.setattr(typed.company.app, "ask_linked", bug)
    assert "That broke" in typed.ask("ana", "balance")


def test_a_workspace_without_the_app_is_no_bug(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken off while somebody asked: both ways say so alike."""

    def gone() -> Home:
        raise RefusesUsError("The app is not installed there.")

    for each in (typed.past, typed.through):
        monkeypatch.setattr(each._people, "_home", gone)
    assert "broke" not in typed.ask("ana", "balance")
    assert typed.ask("ana", "balance") == typed.ask_through("ana", "balance")


def test_an_order_is_seen_by_the_next_question(typed: Typed) -> None:
    """What was kept of the state before it is not used."""
    assert "$153.24 left" in typed.ask("ana", "balance")
    assert "$153.24 left" in typed.ask("ana", "balance")
    typed.company.say("fay", "correct 20 of ana refund")
    assert "$173.24 left" in typed.ask("ana", "balance")
    typed.company.llm.spends("ana", "250.00", date(2026, 11, 21))
    typed.company.pull()
    assert "$170.00 left" in typed.ask("ana", "balance")


def test_an_order_of_another_process_is_seen_by_the_next_question(typed: Typed) -> None:
    """The version of what is kept is the database's own."""
    before = typed.ask("bob", "balance")
    assert before == typed.ask("bob", "balance")
    url = typed.company.database.url.render_as_string(hide_password=False)
    program = (
        "import sys; from sqlalchemy import text; from storage.db import Database; d = Database(sys.argv[1]); "
        "d.transact(lambda c: c.execute(text(\"update accounts set name = 'Advertising' where id = 'team/ads'\")));"
        "d.transact(lambda c: c.execute(text(\"update people set language = 'zh_Hans' where id = 'bob'\")))"
    )
    subprocess.run([sys.executable, "-c", program, url], check=True, cwd=ROOT)

    after = typed.ask("bob", "balance")
    assert after != before
    assert after == typed.ask_through("bob", "balance")
    assert "Advertising" in typed.ask("lea", "balance of team ads")


def test_a_leaver_is_told_nothing(typed: Typed) -> None:
    """From the commit on that says so."""
    assert "left of" in typed.ask("ana", "balance")
    without = replace(LINKED, people=tuple(each for each in EVERYBODY if each.id != "ana"))
    typed.company.directory = without
    typed.company.app.refresh_people(anew=True)

    seen = typed.ask("ana", "balance")
    assert "left of" not in seen
    assert seen == typed.ask_through("ana", "balance")
    assert typed.at_once("ana", "balance") is None


def test_who_moves_to_another_team_sees_its_pool_and_the_old_one_no_more(typed: Typed) -> None:
    """Accounts above somebody are kept by the tree that stands."""
    assert "Search pool" in typed.ask("ana", "balance")
    assert "Search pool" not in typed.ask("bob", "balance")
    moved = {"ana": "ads", "bob": "search"}
    typed.company.directory = replace(
        LINKED, people=tuple(replace(each, team=moved.get(each.id, each.team)) for each in EVERYBODY)
    )
    typed.company.app.refresh_people(anew=True)

    assert "Search pool" not in typed.ask("ana", "balance")
    assert "Search pool" in typed.ask("bob", "balance")
    for each in EVERYBODY:
        assert typed.ask(each.id, "balance") == typed.afresh(each.id, "balance")


def test_an_identity_that_is_anothers_now_shows_the_other_ones_figures(typed: Typed) -> None:
    """Who speaks is looked up in the snapshot of the answer."""
    anas, bobs = typed.ask("ana", "balance"), typed.ask("bob", "balance")
    assert anas != bobs
    new = Link("slack", "user", "T1/UANA", "person/bob")
    typed.company.database.transact(lambda conn: people.relink(conn, new))
    assert typed.ask("ana", "balance") == bobs


def test_ids_of_another_workspace_are_not_ours(typed: Typed) -> None:
    """Somebody of another company whose user has the same id in theirs is told nothing, however often ours asked."""
    typed.ask("ana", "balance")
    for listener in (typed.past, typed.through):
        strange = typed.payload("UANA", "balance", team_id="T2")
        assert listener.at_once(strange, Turn()) is None
        assert "left of" not in listener.dispatch(strange, Turn()).body


def test_a_switched_language_counts_from_the_next_question_on(typed: Typed) -> None:
    """And only for who switched it."""
    before = typed.ask("ana", "balance")
    typed.company.say("ana", "settings language zh")
    chinese = typed.ask("ana", "balance")
    assert chinese == typed.ask_through("ana", "balance") != before
    assert "left of" in typed.ask("max", "balance")


def test_a_viewer_sees_no_more_after_others_asked(typed: Typed) -> None:
    """What finance was shown is not what a viewer is shown."""
    for text in ("balance of team search", "spend of team search", "balance of @ana", "spend of organization"):
        first = typed.ask("vic", text)
        typed.ask("fay", text)
        typed.ask("max", text)
        assert typed.ask("vic", text) == first


def test_the_last_question_of_a_day_says_nothing_of_the_next(typed: Typed, clock: Clock) -> None:
    """Nothing that depends on the moment is kept: a period ends while nobody writes anything."""
    for moment in ((11, 30, 22, 59), (11, 30, 23, 1), (12, 31, 22, 59)):
        clock.moment = datetime(2026, *moment, tzinfo=UTC)
        for each in EVERYBODY:
            assert typed.ask(each.id, "balance") == typed.afresh(each.id, "balance")
    clock.moment += timedelta(days=1)
    assert "$400.00 left of $400.00" in typed.ask("ana", "balance")
