"""Answers by response_url go to Slack's own hosts, and to nobody else."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bot.platforms.slack.response_url import Hooks
from handlers.card import Card, Table
from tests.support.fakes.slack import FakeSlack

NEWS = Card("$380.00 left")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        yield made


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://hooks.slack.com/commands/T1/1/abc", True),
        ("https://hooks.slack-gov.com/actions/T1/1/abc", True),
        ("http://hooks.slack.com/commands/T1/1/abc", False),
        ("https://hooks.slack.com:8443/commands", False),
        ("https://hooks.slack.com.evil.example/", False),
        ("https://hooks.slack.com@evil.example/", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_hosts_of_slack_are_answered(url: str, ours: bool) -> None:
    """Another host, scheme or port is not Slack, however much it looks like it."""
    assert Hooks()._is_slacks(urlsplit(url)) is ours


def test_a_stand_in_answers_for_itself_alone(slack: FakeSlack) -> None:
    """With another base URL, response_urls must be on that very host and port, not on Slack's."""
    hooks = Hooks(slack.base_url)

    assert hooks.answer(slack.response_url("C1", "UANA"), NEWS, public=False)
    assert not hooks._is_slacks(urlsplit("https://hooks.slack.com/commands/1"))
    assert not hooks.answer("http://127.0.0.1:9/response/1", NEWS, public=False)


def test_a_redirect_is_not_followed(slack: FakeSlack) -> None:
    """Whoever could make Slack redirect would get the answer; so nobody does."""
    with FakeSlack() as elsewhere:
        slack.fail_next(307, {"Location": f"{elsewhere.url}/response/1"})
        slack.fail_next(302, {"Location": f"{elsewhere.url}/response/1"})
        url = slack.response_url("C1", "UANA")

        assert not Hooks(slack.base_url).answer(url, NEWS, public=False)
        assert not Hooks(slack.base_url).answer(url, NEWS, public=False)
        assert elsewhere.requests == []


def test_a_url_that_is_used_up_or_gone_is_no_error(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    """After five answers or half an hour Slack takes no more; the log says so, and does not say the address."""
    url = slack.response_url("C1", "UANA")
    hooks = Hooks(slack.base_url)

    assert [hooks.answer(url, NEWS, public=False) for _ in range(6)] == [True] * 5 + [False]
    slack.later(31 * 60)
    assert not hooks.answer(url, NEWS, public=True)
    slack.drop_next()
    assert not hooks.answer(url, NEWS, public=True)
    assert "404" in caplog.text
    assert url not in caplog.text


def test_an_answer_whose_blocks_are_refused_is_sent_more_simply(slack: FakeSlack) -> None:
    """A table that Slack does not take becomes text."""
    card = Card("By model", (Table("", ("Model", "Cost"), (("gpt", "$1"),), "lr"),))
    slack.fail_next(400, body={"ok": False, "error": "invalid_blocks"})

    assert Hooks(slack.base_url).answer(slack.response_url("C1", "UANA"), card, public=True)
    (message,) = slack.seen("C1", "UANA")
    assert [block["type"] for block in message.blocks] == ["header", "rich_text"]
