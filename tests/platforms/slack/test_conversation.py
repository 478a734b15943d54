"""What people say in Slack and what they see, over HTTP, against a workspace that refuses what Slack refuses."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.platforms.slack.client import web_client
from bot.platforms.slack.identity import OwnHome, SlackPeople, SlackSpeaker
from bot.platforms.slack.listener import ListenerSettings
from bot.platforms.slack.messenger import Slack
from handlers.card import Button, Card, Chart, Facts, Heading, Input, Series, Text
from handlers.place import Place
from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import SlackBot, SmallApp, running

APPROVE = {"action_id": "say-0", "text": {"type": "plain_text", "text": "Approve"}, "value": "approve 7f3a"}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Acme's workspace: Ana and Ben, a guest, and Cy of another company."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        made.add_user("UBEN", "ben@acme.com")
        made.add_user("UGUEST", "guest@acme.com", is_restricted=True)
        made.add_user("UCY", "ben@acme.com", team_id="T2", is_stranger=True)
        yield made


@pytest.fixture(params=["past_bolt", "by_bolt"])
def way(request: pytest.FixtureRequest) -> ListenerSettings:
    """Each way of a question in turn: what people see is the same."""
    return ListenerSettings(all_by_bolt=request.param == "by_bolt")


@pytest.fixture
def bot(slack: FakeSlack, way: ListenerSettings) -> Iterator[SlackBot]:
    """A bot in it that waits for an answer, as long as it takes."""
    with running(slack, settings=way) as made:
        yield made


@pytest.fixture
def hasty_bot(slack: FakeSlack, way: ListenerSettings) -> Iterator[SlackBot]:
    """A bot in it that waits half a second for an answer."""
    with running(slack, wait_s=0.5, settings=way) as made:
        yield made


# Commands ----------------------------------------------------------------------------------------------------------


def test_a_command_is_answered_in_the_response(slack: FakeSlack, bot: SlackBot) -> None:
    """The answer to a slash command is the HTTP response itself; nothing is posted."""
    reply = slack.command("UANA", "balance")

    assert reply.status == 200
    assert "$380.00 left of $1,000.00" in reply.json["text"]
    assert reply.json["response_type"] == "ephemeral"
    assert [method for method, _ in slack.calls] == ["auth.test", "users.info"]  # and then not again for an hour
    sentence = bot.app.heard[0]
    assert (sentence.text, sentence.person, sentence.place) == ("balance", "ana", Place("slack", "C1", public=True))
    assert sentence.delivery


def test_what_is_personal_is_seen_by_one_and_totals_by_all(slack: FakeSlack, bot: SlackBot) -> None:
    """A personal card is shown to the asker alone; group totals are shown to the channel."""
    slack.command("UANA", "balance")
    slack.command("UANA", "totals")

    assert [message.text.partition("\n")[0] for message in slack.seen("C1", "UBEN")] == [
        "Team Search: $4,200.00 used of $10,000.00"
    ]
    assert len(slack.seen("C1", "UANA")) == 2
    assert bot.app.heard[1].text == "totals"


@pytest.mark.parametrize(
    "text", ["why is my payload so large", "payload={}", "100 % & <b> + =", "späte Fragen 🙂", "", "x" * 3_900]
)
def test_any_words_arrive_as_typed(slack: FakeSlack, bot: SlackBot, text: str) -> None:
    """No text is lost or changed on its way, the word "payload" included."""
    assert slack.command("UANA", text).status == 200
    assert bot.app.heard[0].text == text


def test_names_in_a_sentence_become_people(slack: FakeSlack, bot: SlackBot) -> None:
    """A mention becomes the person's id if we know them, and the name as typed otherwise."""
    slack.command("UBEN", "balance of @ana and @guest")

    assert bot.app.heard[0].text == "balance of @ana and @guest"
    bot.app.links["T1/UGUEST"] = "gus"
    slack.command("UBEN", "balance of @guest")
    assert bot.app.heard[1].text == "balance of @gus"


def test_marks_of_slack_become_words(slack: FakeSlack, bot: SlackBot) -> None:
    """Channels, links and addresses are heard as what the person saw, and pings as words."""
    said = "see <#C1|general> <https://acme.com|acme.com> <mailto:a@acme.com|a@acme.com> <!channel> <!date^1^{x}|today>"
    slack.event({"type": "message", "channel_type": "im", "text": said}, "UANA", "DUANA", "1.1", {})

    assert bot.app.heard[0].text == "see #general acme.com a@acme.com @channel today"


def test_a_slow_answer_follows_an_empty_one(slack: FakeSlack, hasty_bot: SlackBot) -> None:
    """When the answer is not ready in time, Slack gets an empty response and the person gets the answer after."""
    reply = slack.command("UANA", "slow")

    assert (reply.status, reply.body) == (200, "")
    assert slack.seen("C1", "UANA") == []
    hasty_bot.app.gate.set()
    slack.wait(lambda: slack.seen("C1", "UANA"))
    assert "At last" in slack.seen("C1", "UANA")[0].words
    assert slack.seen("C1", "UBEN") == []


def test_nothing_is_sent_to_a_response_url_elsewhere(slack: FakeSlack, bot: SlackBot) -> None:
    """An answer goes to Slack's own host, whatever a request says."""
    with FakeSlack() as elsewhere:
        bot.app.gate.set()
        slack.command("UANA", "request", trigger_id="gone", response_url=f"{elsewhere.url}/response/1")
        slack.wait(lambda: ("views.open", "gone") in [(method, said.get("trigger_id")) for method, said in slack.calls])
        bot.listener.close()
        assert elsewhere.requests == []


def test_a_message_with_fields_gives_them_along(slack: FakeSlack, bot: SlackBot) -> None:
    """Where no form can open, the fields stand in the message, and its buttons take them along."""
    slack.write("UANA", "request")
    slack.click("UANA", "Send", "DUANA", amount="9", reason="x")

    slack.wait(lambda: len(slack.seen("DUANA", "UANA")) == 3)
    assert bot.app.heard[1].inputs == {"amount": "9", "reason": "x", "until": "week"}
    assert "Asked for 9 more" in slack.seen("DUANA", "UANA")[2].words


# Forms -------------------------------------------------------------------------------------------------------------


def test_a_card_that_asks_opens_a_form(slack: FakeSlack, bot: SlackBot) -> None:
    """A card with inputs is a modal: its first button sends it, and the response to the command is empty."""
    reply = slack.command("UANA", "request")

    assert (reply.status, reply.body) == (200, "")
    form = slack.wait(lambda: slack.modal("UANA"))
    assert form["title"]["text"] == "Ask for more"
    assert form["submit"]["text"] == "Send"
    assert [block["type"] for block in form["blocks"]] == ["input", "input", "input", "actions"]
    assert bot.app.heard[0].text == "request"


def test_a_form_says_its_sentence_with_what_was_filled_in(slack: FakeSlack, bot: SlackBot) -> None:
    """Sending a form says the button's sentence, with the fields by name, where the form was asked for."""
    slack.command("UANA", "request")
    slack.wait(lambda: slack.modal("UANA"))
    reply = slack.submit("UANA", amount="50", reason="R&D, “urgent”")

    assert reply.json["response_action"] == "update"
    assert slack.modal("UANA")["title"]["text"] == "Asked for 50 more"
    sentence = bot.app.heard[1]
    assert (sentence.text, sentence.person) == ("request", "ana")
    assert sentence.inputs == {"amount": "50", "reason": "R&D, “urgent”", "until": "week"}
    assert sentence.place == Place("slack", "C1", public=True)
    assert sentence.delivery not in {"", bot.app.heard[0].delivery}


def test_days_and_numbers_are_chosen_in_slacks_own_fields(slack: FakeSlack, bot: SlackBot) -> None:
    """A number comes with a point whatever the language, and 1.125 must not be taken for a thousand."""
    bot.app.instead["plan"] = Card(
        "Plan",
        (
            Input("amount", "How much?", form="number", value="50", least="0"),
            Input("until", "Until when?", form="date", value="2026-11-30", optional=True),
            Button("Send", "request"),
        ),
    )
    for typed, heard in (("12.50", "12.5"), ("1.125", "1.1250"), ("1.250", "1.25"), ("900", "900")):
        slack.command("UANA", "plan")
        form = slack.wait(lambda: slack.modal("UANA"))
        assert [block["element"]["type"] for block in form["blocks"]] == ["number_input", "datepicker"]
        slack.submit("UANA", amount=typed)
        assert bot.app.heard[-1].inputs == {"amount": heard, "until": "2026-11-30"}
        slack.close("UANA")


def test_a_form_that_is_wrong_says_so_at_the_field(slack: FakeSlack, bot: SlackBot) -> None:
    """A refused form stays open, with the reason at the field at fault, and can be sent again."""
    slack.command("UANA", "request")
    slack.wait(lambda: slack.modal("UANA"))
    reply = slack.submit("UANA", amount="much", reason="x")

    assert reply.json == {"response_action": "errors", "errors": {"in:amount": "An amount must be a number."}}
    assert slack.submit("UANA", amount="5", reason="x").json["response_action"] == "update"
    assert len(bot.app.heard) == 3


def test_other_buttons_of_a_form_take_the_fields_along(slack: FakeSlack, bot: SlackBot) -> None:
    """A second button in a form says its own sentence; the answer takes the form's place."""
    slack.command("UANA", "request")
    slack.wait(lambda: slack.modal("UANA"))
    slack.click("UANA", "Rather not", amount="7")

    slack.wait(lambda: slack.modal("UANA")["title"]["text"] == "$380.00 left of $1,000.…")
    assert bot.app.heard[1].text == "balance"
    assert bot.app.heard[1].inputs["amount"] == "7"
    assert bot.app.heard[1].place == Place("slack", "C1", public=True)


def test_a_form_asked_for_too_late_is_explained(slack: FakeSlack, bot: SlackBot) -> None:
    """Slack gives three seconds to open a form; after that the person is told, and nothing is changed."""
    slack.command("UANA", "request", trigger_id=_expired(slack))

    slack.wait(lambda: slack.seen("C1", "UANA"))
    assert "could not be opened" in slack.seen("C1", "UANA")[0].words
    assert bot.app.heard[0].text == "request"


def test_a_slow_form_asks_for_patience(slack: FakeSlack, hasty_bot: SlackBot) -> None:
    """A form whose answer is late shows so, and then the answer."""
    slack.command("UANA", "request")
    form = slack.wait(lambda: slack.modal("UANA"))
    form["private_metadata"] = json.dumps(["slow", "C1", True, ""])
    reply = slack.submit("UANA", amount="1", reason="x")

    assert reply.json["response_action"] == "update"
    assert slack.modal("UANA")["title"]["text"] == "One moment"
    hasty_bot.app.gate.set()
    slack.wait(lambda: slack.modal("UANA")["title"]["text"] == "At last")


def test_a_form_of_another_make_is_refused_politely(slack: FakeSlack, bot: SlackBot) -> None:
    """A form whose metadata is not ours changes nothing."""
    slack.command("UANA", "request")
    slack.wait(lambda: slack.modal("UANA"))["private_metadata"] = '{"approve": "everything"}'
    slack.submit("UANA", amount="1", reason="x")

    assert slack.modal("UANA")["title"]["text"] == "This form is from an ol…"
    assert len(bot.app.heard) == 1


# Buttons -----------------------------------------------------------------------------------------------------------


def test_a_button_says_its_sentence_and_only_the_presser_sees_the_answer(slack: FakeSlack, bot: SlackBot) -> None:
    """A press is acknowledged at once; the answer comes by the response_url and leaves the message as it is."""
    slack.command("UANA", "balance")
    reply = slack.click("UANA", "Where did it go?")

    assert (reply.status, reply.body) == (200, "")
    slack.wait(lambda: len(slack.seen("C1", "UANA")) == 2)
    assert "You said: spend by model" in slack.seen("C1", "UANA")[1].words
    assert slack.seen("C1", "UBEN") == []
    method, said = slack.calls[-1]
    assert (method, said["replace_original"], said["response_type"]) == ("response_url", False, "ephemeral")
    assert bot.app.heard[1].place == Place("slack", "C1", public=True)


def test_a_button_may_open_a_form(slack: FakeSlack, bot: SlackBot) -> None:
    """A button whose answer asks something opens a form."""
    slack.command("UANA", "balance")
    slack.click("UANA", "Ask for more")

    slack.wait(lambda: slack.modal("UANA"))
    assert slack.modal("UANA")["submit"]["text"] == "Send"
    assert bot.app.heard[1].text == "request"


def test_a_slow_press_is_answered_all_the_same(slack: FakeSlack, hasty_bot: SlackBot) -> None:
    """A press whose answer is late is acknowledged in time, and the answer follows."""
    slack.command("UANA", "totals")
    slow = {**APPROVE, "value": "slow"}
    reply = slack.press("UANA", slow, channel="C1", message=slack.seen("C1", "UANA")[0])

    assert (reply.status, reply.body) == (200, "")
    hasty_bot.app.gate.set()
    slack.wait(lambda: len(slack.seen("C1", "UANA")) == 2)
    assert "At last" in slack.seen("C1", "UANA")[1].words


def test_the_same_press_has_the_same_delivery(slack: FakeSlack, bot: SlackBot) -> None:
    """Two presses are two deliveries; one press sent twice is one."""
    slack.command("UANA", "balance")
    message = slack.seen("C1", "UANA")[0]
    for action_ts in ("1.000001", "1.000002", "1.000002"):
        slack.press("UANA", APPROVE, channel="C1", message=message, action_ts=action_ts)

    first, second, again = (sentence.delivery for sentence in bot.app.heard[1:])
    assert first != second == again
    assert first == f"{message.ts}/1.000001/UANA"


def test_who_presses_counts_not_who_asked(slack: FakeSlack, bot: SlackBot) -> None:
    """A button carries words and no authority: the one who presses is the one who speaks."""
    slack.command("UANA", "totals")
    message = slack.seen("C1", "UBEN")[0]
    slack.press("UBEN", APPROVE, channel="C1", message=message)

    assert (bot.app.heard[1].text, bot.app.heard[1].person) == ("approve 7f3a", "ben")


# Speaking ----------------------------------------------------------------------------------------------------------


def test_a_direct_message_is_answered_where_it_was_written(slack: FakeSlack, bot: SlackBot) -> None:
    """What is written to the bot is a sentence; the answer is a message in the same conversation."""
    assert slack.write("UANA", "balance").body == ""

    assert "$380.00 left" in slack.seen("DUANA", "UANA")[1].words
    assert bot.app.heard[0].place == Place("slack", "DUANA")


def test_a_mention_is_answered_to_the_asker_alone_if_it_is_personal(slack: FakeSlack, bot: SlackBot) -> None:
    """In a channel, what is personal is whispered, the rest is posted; our own name is no part of the sentence."""
    slack.mention("UANA", "balance")
    slack.mention("UANA", "totals")

    assert [sentence.text for sentence in bot.app.heard] == ["balance", "totals"]
    assert not any("$380.00" in message.words for message in slack.seen("C1", "UBEN"))
    assert any("$380.00" in message.words for message in slack.seen("C1", "UANA"))
    assert any("Team Search" in message.words for message in slack.seen("C1", "UBEN"))


def test_an_event_that_slack_repeats_is_answered_once(slack: FakeSlack, bot: SlackBot) -> None:
    """Slack sends an event up to four times; it is heard once."""
    for _ in range(4):
        assert slack.write("UANA", "balance", event_id="Ev9").status == 200

    assert bot.app.keys == ["slack/Ev9"]
    assert len(bot.app.heard) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B9"},
        {"subtype": "message_changed"},
        {"subtype": "bot_message"},
        {"edited": {"user": "UANA", "ts": "1.1"}},
        {"user": "UBOT"},
        {"channel_type": "channel"},
    ],
    ids=str,
)
def test_bots_edits_and_talk_of_others_are_not_heard(slack: FakeSlack, bot: SlackBot, more: dict[str, object]) -> None:
    """The bot does not answer itself, other bots, corrections, or what is said beside it."""
    assert slack.write("UANA", "balance", **more).status == 200

    assert bot.app.heard == []


def test_a_thread_is_answered_in_the_thread(slack: FakeSlack, bot: SlackBot) -> None:
    """What is said in a thread is answered there."""
    slack.mention("UANA", "totals", thread_ts="1763800000.000100")

    assert bot.app.heard[0].place.thread == "1763800000.000100"
    assert slack.seen("C1", "UBEN")[-1].thread_ts == "1763800000.000100"


def test_a_reply_below_a_message_of_ours_may_mean_something_of_its_own(slack: FakeSlack, bot: SlackBot) -> None:
    """The app knows what the message is about; elsewhere the words stay as they are."""
    bot.app.asked.add(("slack", "DUANA/1763800000.000100"))
    for thread_ts in ("1763800000.000100", "1763800000.000200"):
        slack.write("UANA", "Why?", thread_ts=thread_ts)

    assert [sentence.text for sentence in bot.app.heard] == ["question 42 Why?", "Why?"]
    assert {sentence.place.id for sentence in bot.app.heard} == {"DUANA"}


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share"])
def test_a_reply_is_heard_with_a_file_and_when_all_see_it(slack: FakeSlack, bot: SlackBot, subtype: str) -> None:
    """“Also send to channel” makes it another kind of message, and so does a picture; a picture alone says nothing."""
    slack.write("UANA", "balance", subtype=subtype)
    slack.write("UANA", "", subtype=subtype)

    assert [sentence.text for sentence in bot.app.heard] == ["balance"]


def test_a_decision_is_read_once(slack: FakeSlack, bot: SlackBot) -> None:
    """The message that was pressed becomes the decision; nothing is whispered beside it unless there is more to say."""
    slack.command("UANA", "totals")
    message = slack.seen("C1", "UANA")[0]
    decided = Card("Approved: $50.00", (Text("By Max."),))
    bot.app.shown["slack", f"C1/{message.ts}"] = decided
    for more in ((), (Facts((("Left", "$90"),)),), (Text("Approved, but not in effect."),)):
        bot.app.instead["approve"] = replace(decided, blocks=(*decided.blocks, *more))
        assert slack.press("UANA", APPROVE, channel="C1", message=message).status == 200
    slack.wait(lambda: len(slack.seen("C1", "UANA")) == 2)

    bot.listener.close()
    (said,) = (each.words for each in slack.seen("C1", "UANA") if "Approved:" in each.words)
    assert "Approved, but not in effect." in said


def test_the_home_tab_shows_the_balance(slack: FakeSlack, bot: SlackBot) -> None:
    """Opening the Home tab publishes what is left; the other tabs do nothing."""
    slack.open_home("UANA", "messages")
    slack.open_home("UANA")

    slack.wait(lambda: slack.homes)
    assert "$380.00 left of $1,000.00" in json.dumps(slack.homes["UANA"])
    assert [sentence.person for sentence in bot.app.heard] == ["ana"]


def test_the_home_tab_has_charts(slack: FakeSlack, bot: SlackBot) -> None:
    """Slack draws charts in the Home tab; if it refuses them there, they are told in words."""
    bot.app.instead["home"] = Card("x", (Chart("Days", "bar", ("Mon",), (Series("s", (1.0,)),), "$", "Monday."),))
    slack.open_home("UANA")
    slack.wait(lambda: slack.homes)
    assert slack.homes.pop("UANA")["blocks"][1]["type"] == "data_visualization"

    slack.fail_next(200, body={"ok": False, "error": "invalid_arguments"}, path="/api/views.publish")
    slack.open_home("UANA")
    slack.wait(lambda: slack.homes)
    assert slack.homes["UANA"]["blocks"][1]["text"]["text"] == "Days\nMonday."


def test_an_answer_that_cannot_open_comes_as_a_message(slack: FakeSlack, bot: SlackBot) -> None:
    """What was decided is said, even if the window for it does not open in time."""
    slack.open_home("UANA")
    slack.wait(lambda: slack.homes)
    slack.fail_next(200, body={"ok": False, "error": "expired_trigger_id"}, path="/api/views.open")
    slack.click("UANA", "Where did it go?")

    slack.wait(lambda: slack.seen("DUANA", "UANA"))
    assert "You said: spend by model" in slack.seen("DUANA", "UANA")[0].words
    assert bot.app.heard[1].text == "spend by model"


def test_a_button_of_the_home_tab_answers_in_a_window(slack: FakeSlack, bot: SlackBot) -> None:
    """There is no conversation in the Home tab, so the answer opens over it."""
    slack.open_home("UANA")
    slack.wait(lambda: slack.homes)
    slack.click("UANA", "Where did it go?")

    slack.wait(lambda: slack.modal("UANA"))
    assert bot.app.heard[1].place == Place("slack", "UANA")


# People ------------------------------------------------------------------------------------------------------------


def test_a_newcomer_is_known_by_the_address_of_the_company(slack: FakeSlack, bot: SlackBot) -> None:
    """Somebody new is linked by the confirmed address that Slack has of them, and asked about once."""
    slack.command("UBEN", "balance")
    slack.command("UBEN", "balance")

    assert [sentence.person for sentence in bot.app.heard] == ["ben", "ben"]
    assert [method for method, _ in slack.calls] == ["auth.test", "users.info"]


@pytest.mark.parametrize(
    ("user", "flags", "says"),
    [
        ("U9", {"is_restricted": True}, "guest"),
        ("U9", {"is_ultra_restricted": True}, "guest"),
        ("U9", {"is_stranger": True}, "another company"),
        ("U9", {"team_id": "T2"}, "another company"),
        ("U9", {"deleted": True}, "somebody who has left"),
        ("U9", {"is_bot": True}, "bot"),
        ("U9", {"is_email_confirmed": False}, "no confirmed e-mail"),
        ("U9", {"profile": {}}, "no confirmed e-mail"),
        ("U9", {"profile": {"email": "eve@acme.com"}}, "not on the list of people"),
        ("UNOBODY", {}, "another company"),
    ],
    ids=str,
)
def test_who_is_not_one_of_us_is_told_so(
    slack: FakeSlack, bot: SlackBot, user: str, flags: dict[str, object], says: str
) -> None:
    """Guests, bots, leavers, strangers and the unlisted are told what to do, and are not heard."""
    slack.add_user("U9", **{"email": "ben@acme.com", **flags})  # type: ignore[arg-type]
    reply = slack.command(user, "balance")

    assert says in reply.json["text"]
    assert reply.json["response_type"] == "ephemeral"
    assert bot.app.heard == []
    assert "T1/U9" not in bot.app.links


def test_a_stranger_in_a_shared_channel_cannot_press(slack: FakeSlack, bot: SlackBot) -> None:
    """Somebody of another company is refused even if their user id is known here."""
    bot.app.links["T1/UCY"] = "ana"
    slack.command("UANA", "totals")
    slack.press("UCY", APPROVE, channel="C1", message=slack.seen("C1", "UCY")[0])

    slack.wait(lambda: len(slack.seen("C1", "UCY")) == 2)
    assert "another company" in slack.seen("C1", "UCY")[1].words
    assert [sentence.text for sentence in bot.app.heard] == ["totals"]


@pytest.fixture
def partner(slack: FakeSlack) -> str:
    """Somebody of another company who shares a channel with us and has the address of Ben, whom we know."""
    return slack.add_user("UFOREIGN", "ben@acme.com", team_id="T9", is_stranger=False)


def test_who_writes_from_another_workspace_is_not_ours(slack: FakeSlack, bot: SlackBot, partner: str) -> None:
    """The message comes with the workspace of the other company, and with an address that its admin wrote."""
    slack.write(partner, "balance")

    slack.wait(lambda: slack.seen(f"D{partner}", partner)[1:])
    assert "another company" in slack.seen(f"D{partner}", partner)[1].words
    assert (bot.app.heard, bot.app.keys) == ([], [])
    assert not {"T1/UFOREIGN", "T9/UFOREIGN"} & set(bot.app.links)


@pytest.mark.parametrize("organization", [{}, {"enterprise_user": {"enterprise_id": "E9"}}], ids=["plain", "grid"])
def test_who_mentions_us_from_another_company_is_not_ours(
    slack: FakeSlack, bot: SlackBot, organization: dict[str, object]
) -> None:
    """The event names our workspace; only beside it stands whose the sender is."""
    slack.add_user("UFOREIGN", "ben@acme.com", team_id="T9", is_stranger=False, **organization)
    slack.mention("UFOREIGN", "balance")
    slack.command("UFOREIGN", "balance")

    slack.wait(lambda: slack.seen("C1", "UFOREIGN")[1:])
    assert all("another company" in each.words for each in slack.seen("C1", "UFOREIGN")[1:])
    assert bot.app.heard == []


def test_one_of_ours_is_heard_in_a_channel_of_another_company(slack: FakeSlack, bot: SlackBot) -> None:
    """The event comes from their workspace; Ana is known by ours."""
    slack.hosts[slack.add_channel("C9")] = "T9"
    slack.mention("UANA", "totals", "C9")
    slack.mention("UBEN", "totals", "C9")

    assert [sentence.person for sentence in bot.app.heard] == ["ana", "ben"]
    assert set(bot.app.links) == {"T1/UANA", "T1/UBEN"}


def test_one_of_another_workspace_of_our_organization_is_ours(slack: FakeSlack, bot: SlackBot) -> None:
    """On Enterprise Grid the organization counts, and a link of earlier to the other workspace holds."""
    slack.enterprise = "E1"
    slack.add_user("UNEW", "ben@acme.com", team_id="T2", enterprise_user={"enterprise_id": "E1"})
    slack.add_user("UOLD", team_id="T2", enterprise_user={"enterprise_id": "E1"})
    bot.app.links["T2/UOLD"] = "ana"
    slack.command("UNEW", "balance", team_id="T3", enterprise_id="E1")
    slack.command("UOLD", "balance", team_id="T2", enterprise_id="E1")

    assert [sentence.person for sentence in bot.app.heard] == ["ben", "ana"]
    assert bot.app.links["T1/UNEW"] == "ben"


@pytest.mark.parametrize(
    ("now", "says"),
    [({"is_restricted": True}, "guest"), ({"deleted": True}, "has left"), ({"team_id": "T9"}, "another company")],
    ids=str,
)
def test_who_was_one_of_us_is_refused_once_they_are_not(
    slack: FakeSlack, bot: SlackBot, now: dict[str, object], says: str
) -> None:
    """A link of earlier is no proof: Slack says that somebody changed, and they are looked at again."""
    assert "left of" in slack.command("UANA", "balance").json["text"]
    slack.users["UANA"] |= now
    changed = slack.users["UANA"]
    slack.event({"type": "user_change", "user": changed}, "UANA", "", "1.1", {"user": changed})

    assert says in slack.command("UANA", "balance").json["text"]
    assert len(bot.app.heard) == 1


def test_who_is_known_is_looked_at_again_each_hour_and_for_a_day_without_slack(slack: FakeSlack) -> None:
    """In another process nobody hears of the change; and an outage of Slack stops nobody whom we knew just now."""
    seconds = [0.0]
    client = web_client(slack.bot_token, slack.base_url)
    app = SmallApp(Slack(client))
    people = SlackPeople(app, client, OwnHome(client), now=lambda: seconds[0])
    ana = SlackSpeaker("UANA", ("T1",))

    def at(hours: float) -> object:
        seconds[0] = hours * 3600
        found = people.person(ana)
        return found.title if isinstance(found, Card) else found

    assert (at(0), at(0.9)) == ("ana", "ana")
    assert [method for method, _ in slack.calls] == ["auth.test", "users.info"]
    slack.fail_next(503, path="/api/users.info", times=2)
    assert (at(1.1), at(24.1)) == ("ana", "I could not find out who you are")
    slack.users["UANA"]["is_restricted"] = True
    assert at(24.2) == "I don't speak with guests"


def test_who_says_to_be_of_another_company_is_not_taken_for_the_user_of_that_id_here(
    slack: FakeSlack, bot: SlackBot
) -> None:
    """Ids of users are unique in a workspace only."""
    slack.mention("UANA", "balance", "C1", user_team="T9")

    slack.wait(lambda: slack.seen("C1", "UANA")[1:])
    assert "another company" in slack.seen("C1", "UANA")[1].words
    assert bot.app.heard == []


def test_a_guest_who_writes_is_told_why(slack: FakeSlack, bot: SlackBot) -> None:
    """A refusal of an event reaches the one who spoke, and nobody else."""
    slack.write("UGUEST", "balance")
    slack.mention("UGUEST", "balance")

    slack.wait(lambda: len(slack.seen("DUGUEST", "UGUEST")) == 2 and len(slack.seen("C1", "UGUEST")) == 2)
    assert "guests" in slack.seen("C1", "UGUEST")[1].words
    assert len(slack.seen("C1", "UANA")) == 1
    assert bot.app.keys == []


def test_when_slack_does_not_say_who_somebody_is_they_may_ask_again(slack: FakeSlack, bot: SlackBot) -> None:
    """Trouble at Slack is not taken for an answer about a person."""
    slack.fail_next(503, path="/api/users.info")
    first = slack.command("UBEN", "balance")

    assert "could not find out who you are" in first.json["text"]
    assert "$380.00 left" in slack.command("UBEN", "balance").json["text"]
    assert len(bot.app.heard) == 1


# Trouble -----------------------------------------------------------------------------------------------------------


def test_our_own_bug_is_told_with_a_number(slack: FakeSlack, bot: SlackBot) -> None:
    """Whatever breaks in the door, Slack gets 200 and the person a number to pass on."""
    bot.app.bug = True

    assert slack.command("UANA", "balance").json["text"].startswith("That broke (")
    assert slack.write("UANA", "balance").status == 200
    slack.wait(lambda: len(slack.seen("DUANA", "UANA")) == 2)
    assert "That broke" in slack.seen("DUANA", "UANA")[1].words


def test_a_shortcut_of_another_version_is_refused_politely(slack: FakeSlack, bot: SlackBot) -> None:
    """Who uses one that the bot does not know is told what to say instead."""
    assert slack.shortcut("UANA", "x").status == 200

    slack.wait(lambda: slack.modal("UANA"))
    assert "/tokens help" in json.dumps(slack.modal("UANA"))
    assert bot.app.heard == []


# Shortcuts ---------------------------------------------------------------------------------------------------------


def test_shortcuts_open_a_form_or_the_answer(slack: FakeSlack, bot: SlackBot) -> None:
    """Anywhere in Slack, with nothing typed; both show in a window."""
    for id, title in (("ask-for-more", "Ask for more"), ("what-is-left", "$380.00 left of $1,000.…")):
        assert slack.shortcut("UANA", id).status == 200
        assert slack.wait(lambda: slack.modal("UANA"))["title"]["text"] == title
        slack.close("UANA")
    assert [sentence.text for sentence in bot.app.heard] == ["request", "balance"]
    assert {sentence.place for sentence in bot.app.heard} == {Place("slack", "UANA")}


def test_the_shortcut_of_a_message_takes_its_words_as_the_reason(slack: FakeSlack, bot: SlackBot) -> None:
    """They are words, whoever wrote them and wherever: cut, on one line, and no order."""
    slack.shortcut("UANA", "ask-about-this", "approve 42\nwe need <b> & " + "more " * 200)
    slack.wait(lambda: slack.modal("UANA"))

    (sentence,) = bot.app.heard
    assert sentence.text == "request"
    assert sentence.inputs["reason"].startswith("approve 42 we need <b> & more more")
    assert len(sentence.inputs["reason"]) <= 300
    assert sentence.place == Place("slack", "UANA")


# The agent view ----------------------------------------------------------------------------------------------------


@pytest.fixture
def agent(slack: FakeSlack) -> Iterator[SlackBot]:
    """A bot that is one of Slack's agents."""
    slack.scopes |= {"assistant:write"}
    with running(slack, settings=ListenerSettings(agent=True)) as made:
        yield made


def test_an_agent_answers_each_message_below_it(slack: FakeSlack, agent: SlackBot) -> None:
    """A line says that the answer comes; a new conversation is called after what was said; a channel stays as it is."""
    slack.write("UANA", "balance")
    said = slack.seen("DUANA", "UANA")[0]
    answer = slack.wait(lambda: slack.seen("DUANA", "UANA")[1:])[0]
    assert answer.thread_ts == said.ts
    assert slack.statuses == [("DUANA", said.ts, "is thinking…")]
    slack.write("UANA", "and now?", thread_ts=said.ts)
    slack.mention("UANA", "totals")

    agent.listener.close()
    assert slack.titles == {("DUANA", said.ts): "balance"}
    assert [sentence.place.thread for sentence in agent.app.heard] == [said.ts, said.ts, ""]


def test_an_agent_suggests_first_what_waits(slack: FakeSlack, agent: SlackBot) -> None:
    """When its Messages tab is opened; who has nothing to decide is offered the questions of everybody."""
    slack.open_home("UANA", "messages")
    slack.wait(lambda: slack.prompts)
    assert slack.prompts.pop("DUANA") == [
        ("What is left?", "balance"),
        ("Ask for more", "request"),
        ("Where did it go?", "spend"),
        ("What waits for me?", "home"),
    ]
    agent.app.instead["home"] = Card("3 requests wait for you", (Heading("#1"),))
    slack.open_home("UANA", "messages")
    slack.wait(lambda: slack.prompts)
    assert slack.prompts["DUANA"][0] == ("3 requests wait for you", "home")
    assert len(slack.prompts["DUANA"]) == 4


def test_without_agents_in_the_workspace_nothing_is_lost(slack: FakeSlack, agent: SlackBot) -> None:
    """The methods are not there: the answer is, and they are not tried again."""
    slack.missing |= {"assistant.threads.setStatus", "agents.sessions.rename", "assistant.threads.setSuggestedPrompts"}
    for _ in range(2):
        slack.write("UANA", "balance")
    slack.wait(lambda: len(slack.seen("DUANA", "UANA")) == 4)
    agent.listener.close()

    assert "$380.00 left" in slack.seen("DUANA", "UANA")[-1].words
    assert [method for method, _ in slack.calls].count("assistant.threads.setStatus") == 1


def test_an_app_that_is_no_agent_asks_for_nothing_of_it(slack: FakeSlack, bot: SlackBot) -> None:
    """It answers in the chat itself, as before."""
    slack.write("UANA", "balance")
    slack.open_home("UANA", "messages")
    bot.listener.close()

    assert (slack.statuses, slack.prompts, slack.titles) == ([], {}, {})
    assert slack.seen("DUANA", "UANA")[1].thread_ts == ""


def _expired(slack: FakeSlack) -> str:
    trigger = slack.trigger("UANA")
    slack.later(4)
    return trigger
