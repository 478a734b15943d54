"""The manifest asks for what the bot uses, and for nothing else."""

from collections.abc import Iterator

import pytest

from bot.platforms.slack.manifest import SCOPES, manifest
from handlers.card import Card, Chart, Series
from handlers.place import Place
from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import BALANCE, running

CHART = Chart("By day", "bar", ("Mon",), (Series("all", (7.0,)),), "$", "Monday was highest with $7.")
URL = "https://bursar.acme.com/slack/events"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana, whom the bot knows, and Ben, whom it does not."""
    with FakeSlack() as made:
        made.add_user("UANA", "ana@acme.com")
        made.add_user("UBEN", "ben@acme.com")
        yield made


def test_the_scopes_are_those_that_are_used(slack: FakeSlack) -> None:
    """Doing everything the bot can do needs every scope of the manifest, and no other."""
    with running(slack) as bot:
        slack.command("UBEN", "balance")
        slack.click("UBEN", "Ask for more")
        slack.wait(lambda: slack.modal("UBEN"))
        slack.submit("UBEN", amount="5", reason="x")
        slack.mention("UANA", "balance")
        slack.write("UANA", "balance")
        slack.open_home("UANA")
        slack.wait(lambda: slack.homes)
        bot.app.slack.show(Place("slack", "UBEN"), BALANCE, "")
        bot.app.slack.show(Place("slack", "UBEN"), Card("Week 47", (CHART,)), "")

    assert slack.scopes_used == set(SCOPES)
    assert set(manifest("/tokens", None)["oauth_config"]["scopes"]["bot"]) == slack.scopes_used


def test_without_an_address_it_is_socket_mode() -> None:
    """A self-hosted bot needs no public address."""
    settings = manifest("/tokens", None)["settings"]

    assert settings["socket_mode_enabled"] is True
    assert "request_url" not in str(manifest("/tokens", None))
    events = ["app_home_opened", "app_mention", "message.im", "user_change"]
    assert settings["event_subscriptions"]["bot_events"] == events


def test_with_an_address_everything_goes_there() -> None:
    """Commands, events and interactivity all come to the one endpoint."""
    made = manifest("/tokenbudget", URL)

    assert made["features"]["slash_commands"][0]["command"] == "/tokenbudget"
    assert made["features"]["slash_commands"][0]["url"] == URL
    assert made["features"]["slash_commands"][0]["should_escape"] is True
    assert made["settings"]["event_subscriptions"]["request_url"] == URL
    assert made["settings"]["interactivity"] == {"is_enabled": True, "request_url": URL}
    assert made["settings"]["socket_mode_enabled"] is False


def test_the_texts_are_within_the_limits() -> None:
    """The limits of Slack's schema of manifests."""
    made = manifest("/tokens", URL)
    shown, slash = made["display_information"], made["features"]["slash_commands"][0]

    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4_000
    assert len(made["features"]["bot_user"]["display_name"]) <= 80
    assert len(slash["description"]) <= 2_000
    assert len(slash["usage_hint"]) <= 1_000


@pytest.mark.parametrize("command", ["tokens", "/", "/Tokens", "/to kens", "/" + "x" * 32, "/a/b"])
def test_a_command_that_slack_would_refuse_is_refused(command: str) -> None:
    """A wrong name is found here, not when the manifest is pasted."""
    with pytest.raises(ValueError, match="slash command"):
        manifest(command, None)
