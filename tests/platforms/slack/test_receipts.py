"""Files that people send in Slack: fetched from Slack alone, with the token for nobody else, and kept elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import OutsideError, UndeliverableError
from bot.http import Origin
from bot.platforms.slack.client import web_client
from bot.platforms.slack.files import content
from handlers.card import Button, Card, Input
from handlers.requests import BYTES_MAX
from tests.support.fakes.slack import FakeSlack
from tests.support.receipt_files import pdf
from tests.support.slack_bot import SlackBot, running

FORM = Card(
    "Claim",
    (Input("amount", "How much?"), Input("receipt", "Receipt", form="file", optional=True), Button("Send", "claim")),
)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Acme's workspace, where the app may read files."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        made.scopes |= {"files:read"}
        yield made


@pytest.fixture
def bot(slack: FakeSlack) -> Iterator[SlackBot]:
    """A bot in it."""
    with running(slack) as made:
        yield made


def told(slack: FakeSlack, user: str) -> str:
    """What the bot wrote to somebody directly."""
    channel = slack.direct(user)
    said = slack.wait(lambda: [each for each in slack.messages.get(channel, []) if each.user == slack.bot_user])
    return "\n".join(each.words for each in said)


def test_a_file_comes_with_a_message(slack: FakeSlack, bot: SlackBot) -> None:
    """Its number stands in the field of the sentence."""
    slack.write("UANA", "claim 20 USD cursor: x", subtype="file_share", files=[slack.sends("UANA", pdf())])

    assert bot.app.kept == [pdf()]
    assert bot.app.heard[-1].text == "claim 20 USD cursor: x"
    assert bot.app.heard[-1].inputs == {"receipt": "1"}


def test_a_file_without_words_is_a_receipt_of_something(slack: FakeSlack, bot: SlackBot) -> None:
    """The answer asks of what; several are named together."""
    files = [slack.sends("UANA", pdf(name)) for name in ("a", "b")]
    slack.write("UANA", "", subtype="file_share", files=files)

    assert (bot.app.heard[-1].text, bot.app.heard[-1].inputs) == ("receipt", {"receipt": "1 2"})


def test_a_file_that_nobody_asked_for_is_not_fetched(slack: FakeSlack, bot: SlackBot) -> None:
    """Neither with another sentence, nor in a channel."""
    slack.write("UANA", "balance", subtype="file_share", files=[slack.sends("UANA", pdf())])
    slack.mention("UANA", "claim 20 USD cursor: x", files=[slack.sends("UANA", pdf())])

    assert [each.text for each in bot.app.heard] == ["balance", "claim 20 USD cursor: x"]
    assert slack.downloads == []
    assert bot.app.kept == []


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"size": BYTES_MAX + 1}, "The file is too large"),
        ({"is_external": True, "mode": "external"}, "only has a link to the file"),
        ({"url_private_download": "https://evil.example/receipt.pdf"}, "address that we do not trust"),
        ({"url_private_download": "http://169.254.169.254/latest/meta-data"}, "address that we do not trust"),
        ({"url_private_download": None}, "only has a link to the file"),
        ({"mode": "tombstone"}, "only has a link to the file"),
    ],
)
def test_what_is_no_file_of_slack_is_never_asked_for(
    slack: FakeSlack, bot: SlackBot, odd: dict[str, Any], says: str
) -> None:
    """One sentence says so; the token goes nowhere, and nothing is heard."""
    slack.write("UANA", "claim 20 USD cursor: x", subtype="file_share", files=[slack.sends("UANA", pdf(), **odd)])

    assert says in told(slack, "UANA")
    assert slack.downloads == []
    assert bot.app.heard == []


def test_more_than_it_says_is_not_read(slack: FakeSlack, bot: SlackBot) -> None:
    """A file may be larger than Slack says it is."""
    slack.write("UANA", "receipt 1", subtype="file_share", files=[slack.sends("UANA", b"x" * (BYTES_MAX + 1), size=10)])

    assert "The file is too large" in told(slack, "UANA")
    assert bot.app.kept == []


def test_a_file_that_is_refused_is_said_to_who_sent_it(slack: FakeSlack, bot: SlackBot) -> None:
    """In the words of the refusal."""
    slack.write("UANA", "receipt 1", subtype="file_share", files=[slack.sends("UANA", b"<html>")])

    assert "This is no receipt." in told(slack, "UANA")
    assert bot.app.heard == []


def test_without_the_scope_it_is_said_what_is_missing(slack: FakeSlack, bot: SlackBot) -> None:
    """Slack refuses; nothing is fetched without it."""
    slack.scopes -= {"files:read"}
    slack.write("UANA", "receipt 1", subtype="file_share", files=[slack.sends("UANA", pdf())])

    assert "The app lacks a scope" in told(slack, "UANA")
    assert (slack.downloads, bot.app.heard) == ([], [])


def test_a_redirect_is_not_followed(slack: FakeSlack) -> None:
    """It leads to a page to sign in, or to somebody else's machine."""
    file = slack.sends("UANA", pdf())
    with pytest.raises(UndeliverableError, match=r"302"):
        Origin(slack.base_url).fetch("Slack", file["url_private_download"], BYTES_MAX, {"Authorization": "Bearer x"})
    with pytest.raises(OutsideError, match="invalid_auth"):
        content(web_client("xoxb-other", slack.base_url), file["id"])


@pytest.mark.parametrize(
    ("address", "is_there"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.pdf", True),
        ("https://slack.com/files-pri/T1-F1/a.pdf", True),
        ("http://files.slack.com/a.pdf", False),
        ("https://files.slack.com:8443/a.pdf", False),
        ("https://files.slack.com@evil.example/a.pdf", False),
        ("https://evil.example@files.slack.com/a.pdf", False),
        ("https://evilslack.com/a.pdf", False),
        ("https://slack.com.evil.example/a.pdf", False),
        ("https://evil.example/?https://files.slack.com", False),
        ("https://[::1]/a.pdf", False),
        ("file:///etc/passwd", False),
        ("//files.slack.com/a.pdf", False),
        ("https://files.slack.com\\@evil.example/", False),
        ("", False),
        ("https://files.slack.com\x00.evil.example", False),
    ],
)
def test_only_the_platforms_own_servers_are_asked(address: str, is_there: bool) -> None:
    """By scheme, port and the end of the name."""
    assert Origin("https://slack.com/api/").covers(address) is is_there


def test_a_form_has_a_field_for_the_file(slack: FakeSlack, bot: SlackBot) -> None:
    """Slack says in the form which file it is."""
    bot.app.instead["claim"] = FORM
    slack.command("UANA", "claim")
    slack.wait(lambda: bool(slack.views.get("UANA")))
    del bot.app.instead["claim"]
    slack.submit("UANA", amount="20", receipt=[slack.sends("UANA", pdf())])

    assert bot.app.heard[-1].inputs == {"amount": "20", "receipt": "1"}
    assert bot.app.kept == [pdf()]


def test_a_form_opens_without_the_field_where_slack_refuses_it(slack: FakeSlack, bot: SlackBot) -> None:
    """An app of an older manifest may not read files."""
    slack.scopes -= {"files:read"}
    bot.app.instead["claim"] = FORM
    slack.command("UANA", "claim")
    slack.wait(lambda: bool(slack.views.get("UANA")))

    kinds = [block["element"]["type"] for block in slack.modal("UANA")["blocks"] if block["type"] == "input"]
    assert kinds == ["plain_text_input"]
