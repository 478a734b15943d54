"""Teams from end to end: Microsoft's own SDK behind its HTTP entry, the Bot Connector on loopback, a whole company."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from bot.app import App
from bot.cli.check import unreached
from bot.config import ConfigError, TeamsSettings
from bot.errors import UnreachableError
from bot.optional import optional
from bot.platforms import terminal
from bot.platforms.slack.client import web_client
from bot.platforms.slack.messenger import Slack
from bot.platforms.teams.adaptive_cards import adaptive
from bot.platforms.teams.connector import PATH, Connector
from bot.platforms.teams.messenger import LIMITS, Pace
from bot.platforms.teams.setup import checked
from bot.run import teams_connected, teams_secret
from handlers.card import Button, Card, Text
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.db import Database
from storage.directory import Link
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company, says_first
from tests.support.databases import migrated
from tests.support.fakes.slack import FakeSlack, Message
from tests.support.fakes.teams import CHANNEL, MICROSOFT, FakeTeams, Keys, elements, words_in
from tests.support.small_bot import served

OTHER_TENANT = str(UUID(int=0xBAD))
NAMES = ("ana", "max", "kim", "fay", "bob", "lea", "ada")


@dataclass
class Office:
    """A company whose people are in Teams."""

    teams: FakeTeams
    company: Company

    @property
    def app(self) -> App:
        """The bot."""
        return self.company.app

    def says(self, name: str, text: str, channel: str = "", *, slash: bool = False) -> None:
        """Somebody says something, and what is to be shown is shown."""
        assert self.teams.say(name, text, channel, slash=slash).status == 200
        self.company.settle()

    def presses(self, name: str, title: str, where: str = "", **inputs: str) -> object:
        """Somebody presses a button of the newest card; what the bot answered to it."""
        reply = self.teams.press(name, title, where, **inputs)
        assert reply.status == 200
        self.company.settle()
        return reply.body

    def reads(self, where: str) -> str:
        """The newest card at a place, in words."""
        return words_in(self.teams.last(where))

    def count(self, where: str) -> int:
        """How many messages of the bot are there."""
        return len(self.teams.messages(where))


@contextmanager
def opened(teams: FakeTeams, database: Database, clock: Clock) -> Iterator[Office]:
    """The office at work."""
    rules: dict[str, object] = {**RULES, "msteams": {"app_id": teams.app_id, "tenants": [teams.tenant]}}
    company = Company(database, clock, rules)
    line = Connector(company.app.settings.msteams, "", teams.cloud, teams.token)
    with teams_connected(company.app, line) as route, served(Starlette(routes=[route])) as url:
        teams.bot_url = url + PATH
        yield Office(teams, company)


@pytest.fixture
def teams() -> Iterator[FakeTeams]:
    """A tenant in which everybody of the company is."""
    with FakeTeams() as tenant:
        for name in NAMES:
            tenant.join(name)
        yield tenant


@pytest.fixture
def office(teams: FakeTeams, tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """The company, on a SQLite file."""
    database = migrated(tmp_path / "acme.db")
    with opened(teams, database, clock) as made:
        yield made
    database.close()


# What nobody knows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["messageSeen", "suggestion", "", "x"])
def test_a_kind_of_request_that_is_new_is_passed_over(
    office: Office, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Microsoft adds kinds; to answer that we broke would have it come again. Nothing of it is logged but its kind."""
    activity = {**office.teams.activity("ana", "message"), "type": kind, "text": "my secret plan"}
    assert office.teams.post(activity).status == 200
    assert office.count("ana") == 0
    assert "is passed over" in caplog.text
    assert "secret plan" not in caplog.text


def test_a_message_without_its_sender_is_passed_over(office: Office) -> None:
    """Nobody is answered."""
    activity = {**office.teams.activity("ana", "message"), "from": None, "text": "balance"}
    assert office.teams.post(activity).status == 200
    assert office.count("ana") == 0


# Who may speak ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": str(UUID(int=7))},
        {"iss": "https://sts.evil.example"},
        {"exp": 1_600_000_000, "nbf": 1_500_000_000},
        {"serviceurl": "https://evil.example"},
    ],
    ids=["for another bot", "of another issuer", "expired", "for another address"],
)
def test_a_token_that_is_not_good_is_refused(office: Office, claims: dict[str, object]) -> None:
    """Microsoft's SDK checks every request at its own HTTP entry; nothing of a refused one is heard."""
    activity = office.teams.activity("ana", "message", text="balance")

    assert office.teams.post(activity, MICROSOFT.signed(**office.teams.claims(**claims))).status == 401
    assert office.teams.post(activity, MICROSOFT.signed(**office.teams.claims())).status == 200


def test_a_forged_token_is_refused(office: Office) -> None:
    """Signed by another key that calls itself Microsoft's, by none, or no token at all."""
    activity = office.teams.activity("ana", "message", text="balance")

    for token in (Keys().signed(**office.teams.claims()), "", "no.token.atall", "eyJhbGciOiJub25lIn0.e30."):
        assert office.teams.post(activity, token).status == 401
    office.company.settle()
    assert office.count("ana") == 0


@pytest.mark.parametrize("where", ["conversation", "channelData", "nowhere"])
def test_people_of_another_tenant_are_refused(office: Office, where: str) -> None:
    """A good signature says that Microsoft sent it, and not for whom: the tenant must be on our list."""
    activity = office.teams.activity("ana", "message", text="balance")
    if where in {"conversation", "nowhere"}:
        activity["conversation"]["tenantId"] = OTHER_TENANT
    if where in {"channelData", "nowhere"}:
        activity["channelData"]["tenant"]["id"] = OTHER_TENANT
    if where == "nowhere":
        del activity["conversation"]["tenantId"], activity["channelData"]

    assert office.teams.post(activity).status == 403
    office.company.settle()
    assert office.count("ana") == 0


def test_what_is_no_activity_is_refused(office: Office) -> None:
    """Too long, no JSON, no object: never a stack trace."""
    bodies: list[Any] = [[], "words", {"type": "message"}, {"text": "x" * 300_000}]
    assert [office.teams.post(body).status for body in bodies] == [400, 400, 403, 413]
    office.says("ana", "balance")
    assert "left of" in office.reads("ana")


def test_guests_and_strangers_are_refused(office: Office) -> None:
    """A guest of the tenant, and somebody whose address is on no list, hear why in the private chat."""
    office.teams.join("gus", "ana@acme.example", role="guest")
    office.teams.join("eve", "eve@elsewhere.example")

    office.says("gus", "balance")
    office.says("eve", "balance")

    assert "only speak with people of this organization" in office.reads("gus")
    assert "I don't find you among the people of Bursar" in office.reads("eve")


def test_who_was_linked_and_is_a_guest_now_is_refused(office: Office) -> None:
    """A link of earlier is no proof: Teams is asked who they are now."""
    link(office, "ana")
    office.teams.members["ana"] = replace(office.teams.members["ana"], role="guest")

    office.says("ana", "balance")
    assert "only speak with people of this organization" in office.reads("ana")


def test_a_secret_that_is_not_taken_makes_nobody_a_stranger(office: Office) -> None:
    """Then it is not known who speaks; the next time it is."""
    link(office, "ana")
    path = f"/v3/conversations/{office.teams.chat('ana')}/members/{office.teams.members['ana'].member}"
    office.teams.fail_next(401, path=path)
    office.says("ana", "balance")
    office.says("ana", "balance")

    said = [words_in(each.card) for each in office.teams.messages("ana")]
    assert "I could not find out who you are" in said[0]
    assert "left of" in said[1]


def test_an_address_is_enough_only_if_app_yaml_says_so(office: Office) -> None:
    """`msteams.link_by_email: false` leaves linking to an administrator."""
    office.app.link_by_email = {"teams": False}
    office.says("ana", "balance")
    assert "I don't find you" in office.reads("ana")


def test_without_a_tenant_nobody_may_speak_but_the_playground() -> None:
    """Requests that nobody has signed are taken in the Playground only, and there no tenant is real."""
    with pytest.raises(ValueError, match="remove tenants or playground"):
        TeamsSettings(app_id=str(UUID(int=1)), tenants=(str(UUID(int=2)),), playground=True)
    with pytest.raises(ValueError, match="whose people may speak"):
        TeamsSettings(app_id=str(UUID(int=1)))
    with pytest.raises(ValueError, match="as Microsoft Entra shows"):
        TeamsSettings(app_id="bursar", tenants=(str(UUID(int=2)),))


def test_the_environment_cannot_switch_the_check_off(
    teams: FakeTeams, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK has a variable that lets everybody in; with a tenant it means nothing."""
    monkeypatch.setenv("DANGEROUSLY_ALLOW_UNAUTHENTICATED_REQUESTS", "true")
    database = migrated(tmp_path / "acme.db")
    with opened(teams, database, clock) as office:
        assert teams.post(office.teams.activity("ana", "message", text="balance"), "").status == 401
    database.close()


def test_missing_packages_are_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teams' packages are optional."""
    monkeypatch.setitem(sys.modules, "bot.platforms.teams.setup", None)
    with pytest.raises(ConfigError, match="pip install -r requirements-teams"):
        optional("bot.platforms.teams.setup")


# What they hear -----------------------------------------------------------------------------------------------------


def test_plain_words_in_the_private_chat_are_answered_there(office: Office) -> None:
    """`balance`, and the card with its gauge comes."""
    office.says("ana", "balance")

    assert office.count("ana") == 1
    assert "left of $400.00" in office.reads("ana")
    assert "Chart.Gauge" in json.dumps(office.teams.last("ana"))
    assert "left of" in office.teams.messages("ana")[0].activity["summary"]


def test_the_same_message_delivered_twice_is_answered_once(office: Office) -> None:
    """Teams repeats what was not acknowledged in time."""
    activity = office.teams.activity("ana", "message", text="balance")
    office.teams.post(activity)
    office.teams.post(activity)
    office.company.settle()

    assert office.count("ana") == 1


def test_nothing_personal_is_shown_in_a_channel(office: Office) -> None:
    """The answer goes to the private chat, and the channel is told only that."""
    office.says("ana", "balance", CHANNEL)

    assert "left of $400.00" in office.reads("ana")
    assert office.reads(CHANNEL).startswith("Your answer is in our private chat")
    assert "left of" not in json.dumps([each.activity for each in office.teams.messages(CHANNEL)])


def test_a_group_is_spoken_to_as_a_channel_is(office: Office) -> None:
    """Others read there: the answer goes to the private chat. A group has no threads."""
    group = "19:seven@thread.v2"
    office.teams.chats[group] = []
    activity = office.teams.activity("ana", "message", text="balance")
    activity["conversation"] |= {"id": group, "conversationType": "groupChat"}
    assert office.teams.post(activity).status == 200
    office.company.settle()

    assert "left of $400.00" in office.reads("ana")
    assert office.reads(group).startswith("Your answer is in our private chat")


def test_a_slash_command_is_answered_in_the_channel_to_the_person_alone(office: Office) -> None:
    """Where Teams can show something to one alone, it is asked to; the channel sees nothing."""
    office.says("ana", "ping from the private chat")
    office.says("ana", "/balance", CHANNEL, slash=True)

    (message,) = office.teams.messages(CHANNEL)
    assert message.to == office.teams.members["ana"].member
    assert "left of $400.00" in words_in(message.card)


def test_where_teams_cannot_whisper_the_answer_goes_to_the_private_chat(office: Office) -> None:
    """Targeted messages are new: a refusal of them loses no answer."""
    office.teams.whispers = False
    office.says("ana", "/balance", CHANNEL, slash=True)

    assert "left of $400.00" in office.reads("ana")
    assert "left of" not in json.dumps([each.activity for each in office.teams.messages(CHANNEL)])


def test_somebody_who_is_mentioned_is_the_person(office: Office) -> None:
    """A mention of somebody we know reads as their id, whatever their name in Teams is."""
    office.says("max", "help")
    activity = office.teams.activity("kim", "message", text="balance of <at>Max W.</at>")
    mentioned = {"id": office.teams.members["max"].member, "name": "Max W."}
    activity["entities"] = [{"type": "mention", "mentioned": mentioned, "text": "<at>Max W.</at>"}]
    office.teams.post(activity)
    office.company.settle()

    assert "Max Weber" in office.reads("kim")


def test_who_installs_the_app_is_greeted_once_and_known_from_then_on(office: Office) -> None:
    """The address of the private chat is kept at the installation, so alerts can come before any question."""
    office.teams.install("ana")
    office.company.settle()
    assert "What you can say" in office.reads("ana")

    tell(office, "ana", Card("80 % of your budget is used", (Text("As of now."),)))
    assert "80 % of your budget is used" in office.reads("ana")


def tell(office: Office, person: str, card: Card, key: str = "alert/1") -> None:
    """The bot speaks first."""
    app = office.app
    says_first(app, lambda ctx: ctx.tell(person, key, card))
    office.company.settle()


# What they press ----------------------------------------------------------------------------------------------------


def test_a_press_changes_the_card_for_who_presses_and_the_message_for_everybody(office: Office) -> None:
    """The response carries the new card, and the outbox changes the message, so it is still there tomorrow."""
    office.says("ana", "balance")
    answer = office.presses("ana", "Where did it go?")

    assert isinstance(answer, dict)
    assert answer["type"] == "application/vnd.microsoft.card.adaptive"
    assert words_in(answer["value"]) == office.reads("ana")
    assert office.count("ana") == 1
    assert office.teams.messages("ana")[0].changes == 1


def test_a_form_is_filled_in_on_the_card(office: Office) -> None:
    """A word that is wrong is said beside the form, which stays as it is; then it is sent."""
    office.says("max", "help")
    office.says("ana", "request")
    wrong = office.presses("ana", "Send", amount="many", reason="the migration")
    assert isinstance(wrong, dict)
    assert wrong["type"] == "application/vnd.microsoft.activity.message"
    assert "many" in wrong["value"]

    office.presses("ana", "Send", amount="50", reason="the migration")
    assert "Asked for $50.00 more" in office.reads("ana")
    assert "Ana Silva" in office.reads("max")


def test_a_request_is_decided_in_another_chat_and_both_cards_say_so(office: Office) -> None:
    """Max approves; his card and Ana's say the same."""
    office.says("max", "help")
    office.says("ana", "request 50 the migration")
    message = office.teams.messages("max")[-1]

    office.presses("max", "Approve")

    assert "Approve" not in words_in(message.card).splitlines()
    assert "approved" in words_in(message.card).lower()
    assert "$50.00" in office.reads("ana")


def test_who_may_not_decide_presses_in_vain(office: Office) -> None:
    """The sentence on a button carries no authority: Bob gets hold of Max's card and presses it."""
    office.says("max", "help")
    office.says("bob", "help")
    office.says("ana", "request 50 the migration")
    stolen = office.teams.messages("max")[-1]

    answer = office.teams.press_on("bob", stolen.id, stolen.card, "Approve").body

    assert answer["type"] == "application/vnd.microsoft.activity.message"
    office.company.settle()
    assert "Approve" in words_in(stolen.card)


def test_a_press_that_is_delivered_twice_counts_once(office: Office) -> None:
    """The order under the same id gives the answer of then."""
    office.says("max", "help")
    office.says("ana", "request")
    message = office.teams.messages("ana")[-1]
    fields = {"in:amount": "50", "in:reason": "the migration", "in:until": ""}
    action = {"type": "Action.Execute", "verb": "say", "data": {"say": "request", **fields}}
    activity = office.teams.activity(
        "ana", "invoke", name="adaptiveCard/action", value={"action": action}, replyToId=message.id
    )

    first, second = office.teams.post(activity), office.teams.post(activity)

    assert first == second
    office.company.settle()
    assert "1 open" in office.company.say("ana", "requests")


def test_what_is_personal_is_not_shown_in_place_of_a_card_in_a_channel(office: Office) -> None:
    """A button of a card for all is pressed: the answer is for the one who pressed."""
    office.teams.say("kim", "help")
    office.company.settle()
    place = Place("teams", CHANNEL, public=True)
    card = Card("Search spent $4,200.00", (Button("What is left of mine?", "balance"),), personal=False)
    app = office.app
    says_first(app, lambda ctx: ctx.show("digest/1", place, card))
    office.company.settle()

    answer = office.presses("ana", "What is left of mine?", CHANNEL)

    assert isinstance(answer, dict)
    assert "value" in answer
    assert "left of" not in json.dumps(answer)
    assert "left of $400.00" in office.reads("ana")
    assert office.reads(CHANNEL).startswith("Search spent $4,200.00")


def show_in_channel(office: Office, card: Card) -> None:
    """The clock shows a card of totals in the channel."""
    place, app = Place("teams", CHANNEL, public=True), office.app
    says_first(app, lambda ctx: ctx.show("digest/1", place, card))
    office.company.settle()


TOTALS = Card(
    "Search spent $4,200.00",
    (Button("Where did it go?", "spend of team search by model"), Button("What is left of mine?", "balance")),
    personal=False,
)
BUTTONS = {"Where did it go?", "What is left of mine?"}


def buttons(drawn: dict[str, Any]) -> set[str]:
    """What can be pressed on a card."""
    return {each["title"] for each in elements(drawn) if each["type"] == "Action.Execute"}


def test_a_card_in_a_channel_has_the_buttons_that_its_reader_may_press(office: Office) -> None:
    """Max owns the team and Fay is finance; Bob sees the same figures without a button that would be refused."""
    for name in ("max", "fay", "bob"):
        office.says(name, "help")
    show_in_channel(office, TOTALS)

    assert buttons(office.teams.last(CHANNEL)) == {"What is left of mine?"}
    seen = {name: office.teams.look(name, CHANNEL) for name in ("max", "fay", "bob", "lea")}
    assert {name: buttons(card) for name, card in seen.items()} == {
        "max": BUTTONS,
        "fay": BUTTONS,
        "bob": BUTTONS - {"Where did it go?"},
        "lea": BUTTONS - {"Where did it go?"},
    }
    assert all("Search spent $4,200.00" in words_in(card) for card in seen.values())


def test_a_reader_who_is_not_known_any_more_sees_what_all_see(office: Office) -> None:
    """Teams asks for those whom the card names; who they are to us is looked up when it asks."""
    office.says("max", "help")
    show_in_channel(office, TOTALS)
    office.company.directory = replace(ACME, people=tuple(one for one in ACME.people if one.id != "max"))
    office.app.refresh_people()

    assert buttons(office.teams.look("max", CHANNEL)) == {"What is left of mine?"}


def test_a_card_names_sixty_readers_at_most() -> None:
    """Teams takes no more; the others see what all see, and have words."""
    readers = [f"29:{number}" for number in range(100)]
    assert len(adaptive(TOTALS, readers)["refresh"]["userIds"]) == 60


def test_a_question_about_a_request_leaves_its_buttons_to_who_decides(office: Office) -> None:
    """The form takes the place of the card; once the question is sent, the request is there to be decided."""
    office.says("max", "help")
    office.says("ana", "request 50 the migration")
    form = office.presses("max", "Ask a question")
    assert isinstance(form, dict)
    assert form["value"]["refresh"]["userIds"] == []  # while he writes, nothing takes it from him

    request = office.teams.messages("max")[-1].id
    sent = office.teams.press_on("max", request, form["value"], "Send", words="why now?").body
    office.company.settle()
    assert "Sent. I'll send you the answer." in words_in(sent["value"])
    assert "Approve" in buttons(sent["value"])
    assert "“why now?”" in office.reads("ana")
    assert "I'll send you the answer." not in office.reads("max")


QUOTED = '<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="{id}"><p>Max asks</p></blockquote>'


@pytest.mark.parametrize("client", ["new", "old"])
def test_a_reply_to_a_question_answers_it(office: Office, client: str) -> None:
    """Max replies to the request and Ana to his question; no command has to be known for it.

    New clients name the message they quote, older ones only draw it.
    """

    def replies(name: str, words: str) -> None:
        id = office.teams.messages(name)[-1].id
        if client == "new":
            quoted = {"type": "quotedReply", "quotedReply": {"messageId": id, "preview": "balance"}}
            more: dict[str, Any] = {"text": f'<quoted messageId="{id}"/>{words}', "entities": [quoted]}
        else:
            html = f"{QUOTED.format(id=id)}<p>{words}</p>"
            more = {"text": f"balance\n\n{words}", "attachments": [{"contentType": "text/html", "content": html}]}
        assert office.teams.post(office.teams.activity(name, "message", **more)).status == 200
        office.company.clock.forward(timedelta(minutes=1))
        office.company.settle()

    office.says("max", "help")
    office.says("ana", "help")
    office.company.say("ana", "request 50 the migration")
    office.company.settle()
    replies("max", "Why &amp; when?")
    assert "“Why & when?”" in office.reads("ana")
    assert "Sent" in office.reads("max")
    replies("ana", "the demo is on Friday")
    assert "“the demo is on Friday”" in office.reads("max")


def test_what_is_shown_in_place_of_a_message_gives_way_to_it(office: Office) -> None:
    """Ana looks where it went from an alert; when she opens the chat again, the alert is there."""
    office.says("ana", "help")
    tell(
        office, "ana", Card("80 % is used", (Button("Where did it go?", "spend by model"), Button("Got it", "known x")))
    )
    answer = office.presses("ana", "Where did it go?")

    assert isinstance(answer, dict)
    assert "$246.76 spent" in words_in(answer["value"])
    assert answer["value"]["refresh"]["userIds"] == [office.teams.members["ana"].member]
    assert words_in(office.teams.look("ana")).startswith("80 % is used")


def test_an_answer_is_not_asked_for_anew(office: Office) -> None:
    """It says how things were when it was asked; only what others may decide meanwhile is looked at again."""
    office.says("ana", "balance")
    pressed = office.presses("ana", "Where did it go?")
    assert isinstance(pressed, dict)
    assert "refresh" not in pressed["value"]
    assert "refresh" not in office.teams.last("ana")


def test_an_old_card_says_how_it_stands_when_it_is_looked_at_again(office: Office) -> None:
    """Max decided elsewhere, and Teams was down: his card in Teams says so all the same."""
    office.says("max", "help")
    office.says("ana", "request 50 the migration")
    assert office.company.say("max", "approve 1").startswith("Approved")

    assert buttons(office.teams.last("max")) >= {"Approve", "Deny"}  # nothing was delivered yet
    assert "Approved: $50.00" in words_in(office.teams.look("max"))


def test_a_message_that_is_not_known_any_more_is_no_error(office: Office) -> None:
    """Such as one from before the database was lost."""
    office.says("max", "help")
    action = {"type": "Action.Execute", "verb": "look", "data": {}}
    said = {"action": action, "trigger": "automatic"}
    activity = office.teams.activity("max", "invoke", name="adaptiveCard/action", value=said, replyToId="17")
    answer = office.teams.post(activity)

    assert answer.status == 200
    assert "I don't know that message any more" in answer.body["value"]


def test_details_stand_in_the_thread_below(office: Office) -> None:
    """What the clock says in a channel has its details as an answer to the message above."""
    office.says("kim", "help", CHANNEL)
    before = office.count(CHANNEL)
    place = Place("teams", CHANNEL, public=True)
    card = Card("Search spent $4,200.00", personal=False, thread=(Text("Twelve people."),))
    app = office.app
    says_first(app, lambda ctx: ctx.show("digest/1", place, card))
    office.company.settle()
    office.company.clock.forward(timedelta(minutes=5))
    office.company.settle()

    above, below = office.teams.messages(CHANNEL)[before:]
    assert "Twelve people." in words_in(below.card)
    assert below.activity["conversation"]["id"] == f"{CHANNEL};messageid={above.id}"


# How it is reached --------------------------------------------------------------------------------------------------


def test_who_never_wrote_is_written_to_if_the_app_is_installed_for_them(office: Office) -> None:
    """The link comes from the directory; the private chat is opened, and its address kept."""
    office.says("ana", "help")  # from here on it is known where this tenant's messages go
    link(office, "lea")
    tell(office, "lea", Card("News for Lea"))
    tell(office, "lea", Card("More news for Lea"), "alert/2")

    assert [words_in(each.card) for each in office.teams.messages("lea")] == ["News for Lea", "More news for Lea"]
    assert len([each for each in office.teams.requests if each.path == "/v3/conversations"]) == 1


def test_who_has_not_installed_the_app_is_named_and_nothing_is_lost(office: Office) -> None:
    """The item is parked with the reason; after the installation `retry` delivers it."""
    office.says("ana", "help")
    office.teams.installed.discard(office.teams.members["lea"].id)
    link(office, "lea")
    tell(office, "lea", Card("News for Lea"))
    assert office.count("lea") == 0
    assert "Install the app there" in office.company.say("ada", "status")

    office.teams.installed.add(office.teams.members["lea"].id)
    office.company.say("ada", "retry")
    office.company.settle()
    assert office.reads("lea") == "News for Lea"


def link(office: Office, name: str) -> None:
    """Somebody is known by their id in Microsoft Entra, as the directory says it."""
    identity = f"{office.teams.tenant}/{office.teams.members[name].id}"
    new = Link("teams", "user", identity, f"person/{name}")
    office.app.database.transact(lambda conn: people.link(conn, new, "email"))


def test_a_message_that_is_gone_is_posted_anew(office: Office) -> None:
    """Somebody deleted it; what is to be seen is seen."""
    office.says("ana", "balance")
    tell(office, "ana", Card("80 % is used"))
    office.teams.messages("ana").pop()
    tell(office, "ana", Card("90 % is used"))

    assert office.reads("ana") == "90 % is used"


def test_teams_asks_to_wait_and_is_waited_for(office: Office, clock: Clock) -> None:
    """A 429 says for how long; the message comes after, once."""
    office.says("ana", "help")
    office.teams.fail_next(429, {"Retry-After": "30"})
    tell(office, "ana", Card("80 % is used"))
    assert office.count("ana") == 1

    clock.forward(timedelta(seconds=31))
    office.company.settle()
    assert [words_in(each.card) for each in office.teams.messages("ana")][1:] == ["80 % is used"]


def test_the_limits_of_one_chat_are_kept() -> None:
    """Seven messages in a second, eight in two, and so on; another chat has its own."""
    moments = [0.0]
    pace = Pace(lambda: moments[0])
    for _ in range(LIMITS[1]):
        pace.step("a")
    with pytest.raises(UnreachableError) as early:
        pace.step("a")
    assert early.value.retry_after_s == 1
    pace.step("b")
    moments[0] = 1.1
    pace.step("a")
    with pytest.raises(UnreachableError):
        pace.step("a")


def test_whispers_count_as_messages_of_their_channel(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where too much was said just now, a whisper waits a moment, and comes there all the same."""

    def full(_pace: Pace, conversation_id: str) -> None:
        raise UnreachableError(f"Too much was said in {conversation_id}.", 1)

    with monkeypatch.context() as busy:
        busy.setattr(Pace, "step", full)
        office.says("ana", "/balance", CHANNEL, slash=True)
        assert office.count(CHANNEL) == 0
    clock.forward(timedelta(seconds=10))
    office.company.settle()

    (message,) = office.teams.messages(CHANNEL)
    assert message.to == office.teams.members["ana"].id
    assert office.count("ana") == 0


def test_messages_and_secrets_stay_out_of_the_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Neither what people write nor tokens, not even when the SDK stumbles over a request."""
    caplog.set_level(logging.DEBUG)
    office.says("ana", "balance of my secret project")
    activity = office.teams.activity("ana", "message", text="my secret project")
    activity["entities"] = "my secret project"
    office.teams.post(activity)
    office.teams.post(activity, "no.token.secret")

    written = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "secret project" not in written
    assert "no.token.secret" not in written


@pytest.mark.parametrize("where", ["ana", CHANNEL])
def test_a_message_that_breaks_the_door_is_answered_all_the_same(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A bug of ours: one plain sentence with a number; under it the log has the place, and not what was said."""
    office.says("ana", "help")
    with monkeypatch.context() as faulty:
        faulty.setattr(office.app, "answer", broken)
        assert office.teams.say("ana", "my secret project", "" if where == "ana" else where).status == 200

    said = office.reads(where)
    assert re.match(r"That broke \([0-9a-f]{4}\)\.\nThe fault is ours\.", said)
    written = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert f"Teams' listener broke ({said[12:16]}): RuntimeError" in written
    assert "bot/platforms/teams/listener.py" in written
    assert "secret project" not in written

    office.says("ana", "balance")
    assert "left of $400.00" in office.reads("ana")


def test_a_press_that_breaks_the_door_leaves_the_card_as_it_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said beside the card; the request is still there to be decided, and then it is."""
    office.says("max", "help")
    office.says("ana", "request 50 the migration")
    with monkeypatch.context() as faulty:
        faulty.setattr(office.app, "hear", broken)
        answer = office.presses("max", "Approve")

    assert isinstance(answer, dict)
    assert answer["type"] == "application/vnd.microsoft.activity.message"
    assert "That broke (" in answer["value"]
    office.presses("max", "Approve")
    assert "Approved: $50.00" in office.reads("max")


def broken(*said: object) -> None:
    """A bug of ours that says what a person wrote."""
    raise RuntimeError(str(said))


def test_check_names_who_has_no_chat_with_the_app(office: Office) -> None:
    """Their directory knows them, and Teams has no address of theirs."""
    office.says("ana", "help")
    assert unreached(office.app).what == "Teams: 1 person can be written to"
    link(office, "lea")
    assert "1 person has no chat with the app yet (lea)" in unreached(office.app).what


def test_check_says_what_is_missing(office: Office, teams: FakeTeams) -> None:
    """The secret; and one that Microsoft Entra does not take."""
    with pytest.raises(ConfigError, match="TEAMS_APP_SECRET is not set"):
        teams_secret(office.app, {})

    def refused(_scope: str | list[str], _tenant: str | None) -> str:
        raise ValueError("invalid_client: the secret abc has ended")

    line = Connector(office.app.settings.msteams, "", teams.cloud, refused)
    finding = checked(line)
    assert not finding.ok
    assert "TEAMS_APP_SECRET" in finding.advice
    assert "abc" not in finding.advice


def said_in(slack: FakeSlack) -> list[Message]:
    """All messages of the workspace."""
    return [message for channel in slack.messages.values() for message in channel]


def test_a_request_made_in_slack_is_decided_in_teams(office: Office) -> None:
    """Max has it in both; wherever he decides, both messages end in the same state, and Ana hears of it in Slack."""
    with FakeSlack() as slack:
        for name in ("ana", "max"):
            slack.add_user(f"U{name.upper()}", f"{name}@acme.example")
            new = Link("slack", "user", f"{slack.team}/U{name.upper()}", f"person/{name}")
            office.app.database.transact(partial(people.link, new=new, how="email"))
        there = Slack(web_client(slack.bot_token, slack.base_url))
        office.app.platforms = {**office.app.platforms, there.name: there}
        office.says("max", "help")

        office.app.hear(Sentence("request 50 the migration", "ana", Place("slack", "UANA")))
        office.company.settle()
        (asked,) = [each for each in said_in(slack) if each.text.startswith("Ana Silva asks for $50.00 more")]
        office.presses("max", "Approve")

        assert office.reads("max").startswith("Approved: $50.00 for Ana Silva")
        assert asked.text.startswith("Approved: $50.00 for Ana Silva")
        assert "Approve" not in json.dumps([each.get("elements") for each in asked.blocks])
        assert any(each.text.startswith("Max Weber approved $50.00") for each in said_in(slack))


def test_one_person_on_two_platforms_is_one_person(office: Office) -> None:
    """Ana asks in Teams; Max decides on the page; his message in Teams ends the same."""
    office.says("max", "help")
    office.says("ana", "request 50 the migration")
    asked = office.teams.messages("max")[-1]
    (there,) = [each for each in office.company.messages("max") if "Approve" in terminal.render(each)]

    says = next(button.says for button in there.buttons if button.label == "Approve")
    office.company.say("max", says)
    office.company.settle()

    assert "Approve" not in words_in(asked.card).splitlines()
    assert "approved" in words_in(asked.card).lower()
