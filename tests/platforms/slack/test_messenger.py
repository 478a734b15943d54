"""Showing cards in Slack: where they go, how they change, and what it means when Slack says no."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.errors import RefusesUsError, UndeliverableError, UnreachableError
from bot.platforms.slack.client import confirmed_address, web_client
from bot.platforms.slack.messenger import Slack, check
from bot.ports import Platform
from bot.reach import Finds
from handlers.card import Button, Card, Chart, File, Series, Table, Text
from handlers.place import Place
from tests.support.fakes.loopback import Answer, Heard
from tests.support.fakes.slack import FakeSlack, NotOkError

NEWS = Card("$380.00 left", (Text("As of 11:00"), Button("Approve", "approve 7f3a")))
TOTALS = Card("Team Search: $4,200.00", personal=False)
CHART = Chart("By day", "bar", ("Mon",), (Series("all", (7.0,)),), "$", "Monday was highest with $7.")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana and Ben."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        made.add_user("UBEN", "ben@acme.com")
        yield made


@pytest.fixture
def shows(slack: FakeSlack) -> Platform:
    """The platform under test."""
    return Slack(web_client(slack.bot_token, slack.base_url))


def test_a_direct_message_that_is_gone_is_opened_anew(slack: FakeSlack, shows: Platform) -> None:
    """Slack knows the channel of earlier no more: the person is written to in another one, and a message anew."""
    receipt = shows.show(Place("slack", "UANA"), NEWS, "")
    slack.fail_next(200, body={"ok": False, "error": "channel_not_found"}, path="/api/chat.update")
    slack.fail_next(200, body={"ok": False, "error": "channel_not_found"}, path="/api/chat.postMessage")
    slack.directs["UANA"] = "DNEW"
    again = shows.show(Place("slack", "UANA"), NEWS, receipt)

    assert (receipt.partition("/")[0], again.partition("/")[0]) == ("DUANA", "DNEW")
    assert len(slack.seen("DNEW", "UANA")) == 1


@pytest.mark.parametrize("id", ["UANA", "T1/UANA"])
def test_a_person_is_written_to_directly(slack: FakeSlack, shows: Platform, id: str) -> None:
    """A place that is a person is their conversation with the bot, which is opened once."""
    shows.show(Place("slack", id), NEWS, "")
    shows.show(Place("slack", id), NEWS, "")

    assert len(slack.seen("DUANA", "UANA")) == 2
    assert [method for method, _ in slack.calls] == ["conversations.open", "chat.postMessage", "chat.postMessage"]


def test_a_receipt_changes_the_same_message(slack: FakeSlack, shows: Platform) -> None:
    """What a show returned makes the next show change that message; its buttons go with the change."""
    receipt = shows.show(Place("slack", "UANA"), NEWS, "")
    again = shows.show(Place("slack", "UANA"), Card("Approved by Ana"), receipt)

    (message,) = slack.seen("DUANA", "UANA")
    assert again == receipt
    assert message.text == "Approved by Ana"
    assert [block["type"] for block in message.blocks] == ["header"]


def test_a_message_that_is_gone_is_posted_anew(slack: FakeSlack, shows: Platform) -> None:
    """Somebody may delete a message; what it should say is shown again, under a new receipt."""
    receipt = shows.show(Place("slack", "UANA"), NEWS, "")
    slack.messages.clear()
    again = shows.show(Place("slack", "UANA"), NEWS, receipt)

    assert again not in {"", receipt}
    assert len(slack.seen("DUANA", "UANA")) == 1


def test_what_is_personal_is_whispered_in_a_channel(slack: FakeSlack, shows: Platform) -> None:
    """In a place where others read, a personal card goes to the person named in the place, and leaves no receipt."""
    assert shows.show(Place("slack", "C1/UANA", public=True), NEWS, "") == ""

    assert len(slack.seen("C1", "UANA")) == 1
    assert slack.seen("C1", "UBEN") == []


def test_what_is_personal_is_never_posted_for_all(slack: FakeSlack, shows: Platform) -> None:
    """Without a person to whisper to, a personal card is not shown in a channel at all."""
    with pytest.raises(UndeliverableError, match="personal"):
        shows.show(Place("slack", "C1", public=True), NEWS, "")

    assert slack.calls == []


@pytest.mark.parametrize(("thread", "aloud"), [("D0/1763800000.000100", True), ("1763800000.000100", None), ("", None)])
def test_what_must_be_seen_now_leaves_its_thread(
    slack: FakeSlack, shows: Platform, thread: str, aloud: bool | None
) -> None:
    """Slack tells nobody of a reply in a thread they took no part in, so a question stands in the chat as well."""
    shows.show(Place("slack", "UANA", thread=thread, aloud=bool(aloud)), NEWS, "")

    said = next(each for name, each in slack.calls if name == "chat.postMessage")
    assert said.get("reply_broadcast") in ({"1", "true", True} if aloud else {None, "0", "false", False})


@pytest.mark.parametrize("id", ["C1", "C1/UANA"])
def test_totals_are_posted_in_the_thread(slack: FakeSlack, shows: Platform, id: str) -> None:
    """What is not personal is posted where it belongs, for all, without unfolding links."""
    receipt = shows.show(Place("slack", id, public=True, thread="1763800000.000100"), TOTALS, "")

    (message,) = slack.seen("C1", "UBEN")
    assert (message.thread_ts, receipt) == ("1763800000.000100", f"C1/{message.ts}")
    assert slack.calls[0][1]["unfurl_links"] is False


def test_slack_that_is_busy_is_asked_again_when_it_says(slack: FakeSlack, shows: Platform) -> None:
    """A rate limit is trouble that passes, and Slack's own waiting time goes along."""
    slack.fail_next(429, {"Retry-After": "7"}, {"ok": False, "error": "ratelimited"}, path="/api/chat.postMessage")

    with pytest.raises(UnreachableError, match="busy") as busy:
        shows.show(Place("slack", "C1", public=True), TOTALS, "")
    assert busy.value.retry_after_s == 7.0


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("body", [b"<html>oops</html>", b"", b'{"ok": false, "error": "internal_error"}'])
def test_slack_that_is_down_is_asked_again(slack: FakeSlack, shows: Platform, status: int, body: bytes) -> None:
    """Whatever a broken server answers, nothing is given up."""
    slack.fail_next(status, body=body, path="/api/chat.postMessage")

    with pytest.raises(UnreachableError):
        shows.show(Place("slack", "C1", public=True), TOTALS, "")


def test_a_connection_that_breaks_is_trouble_that_passes(slack: FakeSlack, shows: Platform) -> None:
    """A hang-up, half an answer or no server at all: the same thing may work later."""
    place = Place("slack", "C1", public=True)
    slack.drop_next(path="/api/chat.postMessage")
    with pytest.raises(UnreachableError, match="cannot be reached"):
        shows.show(place, TOTALS, "")
    slack.halve_next(path="/api/chat.postMessage")
    with pytest.raises(UnreachableError):
        shows.show(place, TOTALS, "")
    with pytest.raises(UnreachableError):
        Slack(web_client("xoxb-1", "http://127.0.0.1:9/api/")).show(place, TOTALS, "")


@pytest.mark.parametrize(
    ("place", "says", "advice"),
    [
        (Place("slack", "C404", public=True), "channel_not_found", "invite the bot"),
        (Place("slack", "C2", public=True), "not_in_channel", "Invite the bot"),
        (Place("slack", "U404"), "user_not_found", "no such person"),
        (Place("slack", "C1/U404", public=True), "user_not_in_channel", "not in that channel"),
    ],
)
def test_a_no_for_good_says_what_to_do(slack: FakeSlack, shows: Platform, place: Place, says: str, advice: str) -> None:
    """Slack's no becomes one sentence with its word and what to do, and nothing is tried again."""
    slack.add_channel("C2", bot=False)
    card = NEWS if "/" in place.id or place.id.startswith("U") else TOTALS

    with pytest.raises(UndeliverableError, match=says) as no:
        shows.show(place, card, "")
    assert advice in str(no.value)


def test_a_bad_token_is_for_the_operator(slack: FakeSlack) -> None:
    """A revoked or wrong token cannot be waited away."""
    with pytest.raises(RefusesUsError, match="invalid_auth"):
        Slack(web_client("xoxb-wrong", slack.base_url)).show(Place("slack", "C1", public=True), TOTALS, "")


def test_no_secret_and_no_word_of_a_message_is_in_an_error(slack: FakeSlack, shows: Platform) -> None:
    """Errors are kept and shown to operators; they name the place and nothing of what was to be said."""
    with pytest.raises(UndeliverableError) as no:
        shows.show(Place("slack", "C404", public=True), TOTALS, "")

    assert slack.bot_token not in str(no.value)
    assert "4,200" not in str(no.value)


class OldSlack(FakeSlack):
    """A workspace that does not know some blocks yet."""

    unknown = frozenset({"data_visualization", "table"})

    def answer(self, heard: Heard) -> Answer:
        """Refuse what is not known here."""
        said = json.loads(heard.body) if heard.path.startswith("/api/chat.") else {}
        if any(block["type"] in self.unknown for block in said.get("blocks", [])):
            return Answer(200, NotOkError("invalid_blocks").body)
        return super().answer(heard)


PICTURED = Card("Week 47", (CHART, Button("More", "spend")), personal=False)
CHANNEL = Place("slack", "C1", public=True)


def test_a_chart_is_a_picture_in_the_message(slack: FakeSlack, shows: Platform) -> None:
    """It is uploaded in the three steps that Slack wants, belongs to no channel, and says what it shows."""
    shows.show(CHANNEL, PICTURED, "")

    (message,) = slack.seen("C1", "UANA")
    ((id, upload),) = slack.uploads.items()
    assert message.blocks[1] == {
        "type": "image",
        "slack_file": {"id": id},
        "alt_text": "By day. Monday was highest with $7.",
    }
    assert upload.content.startswith(b"\x89PNG")
    assert upload.alt == "Monday was highest with $7."
    assert [method for method, _ in slack.calls] == [
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "chat.postMessage",
    ]


def test_a_picture_is_waited_for_while_slack_looks_at_it(slack: FakeSlack) -> None:
    """Twice refused, then shown; a picture that Slack never takes is drawn by Slack instead."""
    waited: list[float] = []
    shows = Slack(web_client(slack.bot_token, slack.base_url), pause=waited.append)
    for looks, kind in ((2, "image"), (99, "data_visualization")):
        slack.looks = looks
        shows.show(CHANNEL, PICTURED, "")
        assert slack.seen("C1", "UANA")[-1].blocks[1]["type"] == kind

    assert waited == [0.5, 1.0, 0.5, 1.0, 2.0]


def test_without_the_right_to_upload_slack_draws(slack: FakeSlack, shows: Platform) -> None:
    """An app that was installed before pictures came loses nothing."""
    slack.scopes.discard("files:write")
    shows.show(CHANNEL, PICTURED, "")

    assert slack.seen("C1", "UANA")[-1].blocks[1]["type"] == "data_visualization"


def test_an_upload_that_fails_is_tried_again_with_its_message(slack: FakeSlack, shows: Platform) -> None:
    """Nothing is posted before the picture is there."""
    slack.fail_next(503, path="/api/files.getUploadURLExternal")
    with pytest.raises(UnreachableError, match=r"Upload chart\.png"):
        shows.show(CHANNEL, PICTURED, "")
    assert slack.seen("C1", "UANA") == []


@contextmanager
def made(name: str) -> Iterator[Path]:
    """A file of a few bytes, or of more than Slack should get."""
    with TemporaryDirectory() as home:
        path = Path(home) / name
        path.write_bytes(b"a,b\n")
        if "large" in name:
            os.truncate(path, 201 * 1024 * 1024)
        yield path


@pytest.mark.parametrize(("name", "shown"), [("focus.csv", "focus.csv"), ("large.csv", "large.csv is too large")])
def test_a_file_is_put_into_the_thread(slack: FakeSlack, name: str, shown: str) -> None:
    """Below the message whose receipt the thread is, once; one that is too large is named."""
    shows = Slack(web_client(slack.bot_token, slack.base_url), made)
    above = shows.show(Place("slack", "UANA"), NEWS, "")
    place = Place("slack", "UANA", thread=above)
    receipt = shows.show(place, Card(name, (File(name),)), "")
    assert shows.show(place, Card(name, (File(name),)), receipt) == receipt

    first, file = slack.seen("DUANA", "UANA")
    assert file.thread_ts == first.ts == above.partition("/")[2]
    assert file.text.startswith(shown)


def test_a_list_that_a_card_brings_along_is_a_file(slack: FakeSlack, shows: Platform) -> None:
    """It is uploaded as it opens in Excel, below the message that says what it is."""
    above = shows.show(Place("slack", "UANA"), NEWS, "")
    file = File("spend.csv", ("who", "cost"), (("=Łucja", "-12.5"),))
    shows.show(Place("slack", "UANA", thread=above), Card(file.name, (file,)), "")

    [upload] = slack.uploads.values()
    assert upload.content.decode() == "\ufeffwho,cost\r\n'=Łucja,-12.5\r\n"


def test_a_text_that_a_card_brings_along_is_a_file_as_it_is(slack: FakeSlack, shows: Platform) -> None:
    """Lines for app.yaml are no list."""
    above = shows.show(Place("slack", "UANA"), NEWS, "")
    file = File("a.yaml", text="budgets:\n- {name: ä}\n")
    shows.show(Place("slack", "UANA", thread=above), Card(file.name, (file,)), "")

    [upload] = slack.uploads.values()
    assert (upload.content.decode(), upload.name) == ("budgets:\n- {name: ä}\n", "a.yaml")


def test_blocks_that_a_workspace_does_not_know_are_told_in_words() -> None:
    """Where Slack refuses a chart, the message comes without it and keeps its figures and its buttons."""
    card = Card(
        "Week 47", (CHART, Table("By model", ("M",), (("gpt",),), "l"), Button("More", "spend")), personal=False
    )
    with OldSlack() as slack:
        shows = Slack(web_client(slack.bot_token, slack.base_url), pause=lambda _: None)
        shows.show(Place("slack", "C1", public=True), card, "")
        (message,) = slack.seen("C1", "UANA")

    assert "Monday was highest with $7." in message.words
    assert [block["type"] for block in message.blocks][-1] == "actions"


def test_at_last_a_message_is_text() -> None:
    """If Slack refuses even plain blocks, the words and figures arrive as text."""

    class Worst(OldSlack):
        unknown = frozenset({"header"})

    with Worst() as slack:
        Slack(web_client(slack.bot_token, slack.base_url)).show(Place("slack", "C1", public=True), TOTALS, "")
        (message,) = slack.seen("C1", "UANA")

    assert (message.text, message.blocks) == ("Team Search: $4,200.00", [])


def test_a_check_says_what_works(slack: FakeSlack) -> None:
    """With a good token and all scopes, every line is good."""
    findings = list(check(web_client(slack.bot_token, slack.base_url)))

    assert all(finding.ok for finding in findings)
    assert findings[0].what == "Slack: bot token, as bursar in Acme"
    assert len(findings) == 9


def test_a_check_names_the_scope_that_is_missing(slack: FakeSlack) -> None:
    """A missing scope is one line that says what the bot cannot do and what to do."""
    slack.scopes.discard("im:write")
    (bad,) = [finding for finding in check(web_client(slack.bot_token, slack.base_url)) if not finding.ok]

    assert bad.what == "Slack: scope im:write"
    assert "install it again" in bad.advice


def test_a_check_with_a_bad_token_is_one_line(slack: FakeSlack) -> None:
    """Without a good token nothing else can be known."""
    (bad,) = check(web_client("xoxb-wrong", slack.base_url))

    assert not bad.ok
    assert "copy it again" in bad.advice


def test_somebody_is_found_by_the_address_that_slack_has_confirmed(slack: FakeSlack) -> None:
    """In any case of its letters; the identity is the one that a request of theirs would have."""
    finds = Slack(web_client(slack.bot_token, slack.base_url))

    assert isinstance(finds, Finds)
    assert finds.find("Ana@Acme.com") == "T1/UANA"
    assert finds.find("zoe@acme.com") == ""


def test_an_address_with_a_letter_that_only_looks_alike_is_nobodys() -> None:
    """A Kelvin sign becomes a plain k in lower case; Kim's address is without one."""
    assert confirmed_address({"profile": {"email": "\N{KELVIN SIGN}im@acme.com"}}) == "\N{KELVIN SIGN}im@acme.com"
    assert confirmed_address({"profile": {"email": "KIM@acme.com"}}) == "kim@acme.com"
    assert confirmed_address({"profile": {"email": "JÖRG@acme.com"}}) == "jörg@acme.com"


@pytest.mark.parametrize(
    "flags", [{"is_restricted": True}, {"is_bot": True}, {"deleted": True}, {"is_email_confirmed": False}]
)
def test_a_guest_a_bot_and_an_unconfirmed_address_are_nobody(slack: FakeSlack, flags: dict[str, bool]) -> None:
    """Whoever could not speak to the bot is not written to, either."""
    slack.add_user("UEVE", "eve@acme.com", **flags)

    assert Slack(web_client(slack.bot_token, slack.base_url)).find("eve@acme.com") == ""


def test_a_workspace_that_cannot_be_asked_is_not_one_without_the_person(slack: FakeSlack) -> None:
    """It is asked again later."""
    slack.scopes -= {"users:read.email"}

    with pytest.raises(RefusesUsError, match="missing_scope"):
        Slack(web_client(slack.bot_token, slack.base_url)).find("ana@acme.com")
