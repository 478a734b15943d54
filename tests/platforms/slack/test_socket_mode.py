"""The same conversations through Slack's own socket, where no public address is needed."""

from collections.abc import Iterator

import pytest

from bot.errors import RefusesUsError, UnreachableError
from bot.platforms.slack.transport import Socket
from bot.platforms.slack.verification import Verifier
from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import SlackBot, running


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        yield made


@pytest.fixture(scope="module")
def connected(slack: FakeSlack) -> Iterator[SlackBot]:
    """A bot at the other end of the socket; closing takes some seconds, so it serves the whole module."""
    with running(slack, "socket") as made:
        yield made


@pytest.fixture
def bot(slack: FakeSlack, connected: SlackBot) -> SlackBot:
    """The bot, with nothing said yet."""
    slack.messages.clear()
    slack.views.clear()
    slack.calls.clear()
    connected.app.heard.clear()
    connected.app.keys.clear()
    return connected


def test_a_command_is_answered_in_the_envelope(slack: FakeSlack, bot: SlackBot) -> None:
    """The acknowledgement of the envelope carries the answer."""
    reply = slack.command("UANA", "why is my payload so large")

    assert reply.status == 200
    assert reply.json["text"] == "You said: why is my payload so large"
    assert bot.app.heard[0].person == "ana"
    assert [method for method, _ in slack.calls] == ["auth.test", "users.info"]  # and then not again for an hour


def test_a_form_goes_both_ways(slack: FakeSlack, bot: SlackBot) -> None:
    """A form opens, says what is wrong, and shows its result."""
    slack.command("UANA", "request")
    slack.wait(lambda: slack.modal("UANA"))

    assert slack.submit("UANA", amount="x", reason="y").json["errors"] == {"in:amount": "An amount must be a number."}
    assert slack.submit("UANA", amount="5", reason="y").json["response_action"] == "update"
    assert len(bot.app.heard) == 3


def test_a_press_is_acknowledged_and_answered(slack: FakeSlack, bot: SlackBot) -> None:
    """The envelope is acknowledged empty; the answer follows."""
    slack.command("UANA", "balance")
    assert slack.click("UANA", "Where did it go?").body == ""

    slack.wait(lambda: len(slack.seen("C1", "UANA")) == 2)
    assert bot.app.heard[1].text == "spend by model"


def test_an_event_that_is_repeated_is_answered_once(slack: FakeSlack, bot: SlackBot) -> None:
    """Events are acknowledged every time and heard once."""
    replies = [slack.write("UANA", "balance", event_id="Ev1") for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert len(bot.app.heard) == 1


def test_a_slow_answer_follows_an_empty_envelope() -> None:
    """Slack is not kept waiting; the answer goes to the response_url."""
    with FakeSlack() as slack:
        slack.add_user("UANA", "ana@acme.com")
        with running(slack, "socket", wait_s=0.5) as bot:
            reply = slack.command("UANA", "slow")

            assert (reply.status, reply.body) == (200, "")
            bot.app.gate.set()
            slack.wait(lambda: slack.seen("C1", "UANA"))
            assert "At last" in slack.seen("C1", "UANA")[0].words


@pytest.mark.parametrize(
    "payload", [{}, {"type": "nonsense"}, {"command": 7}, {"type": "block_actions", "actions": []}, {"a": {"b": []}}]
)
def test_every_envelope_is_acknowledged(slack: FakeSlack, bot: SlackBot, payload: dict[str, object]) -> None:
    """An envelope that makes no sense is acknowledged all the same, for Slack takes silence for a failure."""
    assert slack.send("interactive", payload).status == 200
    assert bot.app.heard == []


def test_a_lost_connection_is_renewed(slack: FakeSlack, bot: SlackBot) -> None:
    """When Slack says it will hang up, a new connection is opened and takes over."""
    slack.refresh_socket()

    assert slack.command("UANA", "balance").status == 200
    assert len(bot.app.heard) == 1


def test_a_bad_app_token_is_for_the_operator(slack: FakeSlack, bot: SlackBot) -> None:
    """A wrong app-level token is said at once, and nothing keeps running."""
    socket = Socket(bot.listener, Verifier([], slack.now), "xapp-wrong", slack.base_url)

    with pytest.raises(RefusesUsError, match="invalid_auth"):
        socket.connect()
    assert not socket.connected
    socket.close()


def test_slack_out_of_reach_at_the_start_may_be_tried_again(bot: SlackBot, slack: FakeSlack) -> None:
    """No server is trouble that passes."""
    socket = Socket(bot.listener, Verifier([], slack.now), slack.app_token, "http://127.0.0.1:9/api/")

    with pytest.raises(UnreachableError):
        socket.connect()
    socket.close()
