"""The manifest asks for what the bot uses, and for nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import fastjsonschema
import pytest

from bot.platforms.slack.listener import SHORTCUTS as SAYS
from bot.platforms.slack.listener import ListenerSettings
from bot.platforms.slack.manifest import SCOPES, SHORTCUTS, manifest
from handlers.card import Card, Chart, Series
from handlers.place import Place
from tests.support.fakes.slack import FakeSlack
from tests.support.paths import SCHEMAS
from tests.support.slack_bot import BALANCE, running

valid = fastjsonschema.compile(json.loads((SCHEMAS / "slack_manifest.json").read_text()), detailed_exceptions=False)

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


@pytest.mark.parametrize("url", [None, URL])
@pytest.mark.parametrize("all_", [False, True])
def test_slacks_own_types_know_all_of_it(url: str | None, *, all_: bool) -> None:
    """Each key and value stands in the types that Slack publishes, and each text is within the limits of its docs."""
    valid(manifest("/tokens", url, directory=all_, groups=all_, channels=all_, agent=all_))


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        (("features", "shortcuts", 0, "name"), "x" * 25),
        (("features", "shortcuts", 0, "type"), "local"),
        (("features", "agent_view", "suggested_prompts"), [{"title": "x"}]),
        (("settings", "event_subscriptions", "bot_events", 0), "message.dm"),
        (("oauth_config", "scopes", "bot", 0), "chat:shout"),
        (("features", "agents"), {}),
    ],
    ids=str,
)
def test_what_slack_does_not_know_is_found(where: tuple[str | int, ...], wrong: object) -> None:
    """The schema is not so kind that it would find nothing."""
    made: Any = manifest("/tokens", URL, agent=True)
    inside = made
    for step in where[:-1]:
        inside = inside[step]
    inside[where[-1]] = wrong
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid(made)


def test_every_shortcut_of_the_manifest_says_something() -> None:
    """And there is none that the manifest does not have."""
    assert set(SAYS) == set(SHORTCUTS)
    assert {each["callback_id"] for each in manifest("/tokens", None)["features"]["shortcuts"]} == set(SHORTCUTS)


def test_an_agent_has_one_scope_more(slack: FakeSlack) -> None:
    """It is needed to suggest what to ask, and for nothing else."""
    slack.scopes |= {"assistant:write"}
    with running(slack, settings=ListenerSettings(agent=True)) as bot:
        slack.open_home("UANA", "messages")
        slack.wait(lambda: slack.prompts)
        bot.listener.close()

    made = manifest("/tokens", None, agent=True)
    assert set(made["oauth_config"]["scopes"]["bot"]) - set(SCOPES) == {"assistant:write"}
    assert "assistant:write" in slack.scopes_used
    assert "agent_view" not in manifest("/tokens", None)["features"]


@pytest.mark.parametrize("command", ["tokens", "/", "/Tokens", "/to kens", "/" + "x" * 32, "/a/b"])
def test_a_command_that_slack_would_refuse_is_refused(command: str) -> None:
    """A wrong name is found here, not when the manifest is pasted."""
    with pytest.raises(ValueError, match="slash command"):
        manifest(command, None)
