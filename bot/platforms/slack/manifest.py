"""The app's manifest: what Slack has to know of the bot, with the fewest rights it can do its work with.

The limits are those of Slack's own JSON Schema of manifests (slackapi/manifest-schema).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.platforms.about import DESCRIPTION, LONG_DESCRIPTION, NAME
from handlers.language import N_

SCOPES: Mapping[str, str] = {
    "app_mentions:read": N_("receive messages that mention the bot in a channel"),
    "chat:write": N_("answer, and update its own messages"),
    "commands": N_("receive the slash command"),
    "files:write": N_("add charts as images, and files for finance, to its messages"),
    "im:history": N_("receive direct messages to the bot"),
    "im:write": N_("send direct messages, such as a request to the manager"),
    "users:read": N_("see whether an account is a guest, a bot or deactivated"),
    "users:read.email": N_("match a person by their e-mail address"),
}
"""Every scope of the bot token and what for."""

DIRECTORY_SCOPES: Mapping[str, str] = {"users.profile:read": N_("read people's managers from their profiles")}
"""What else it takes to have Slack's directory as a people source."""

GROUP_SCOPES: Mapping[str, str] = {"usergroups:read": N_("read the members of user groups that app.yaml names")}
"""What groups of app.yaml take that are user groups of Slack."""

CHANNEL_SCOPES: Mapping[str, str] = {
    "channels:read": N_("see whether it is in a public channel that app.yaml names"),
    "groups:read": N_("see whether it is in a private channel that app.yaml names"),
}
"""What `check` needs to see whether the bot is in the channels of app.yaml."""

AGENT_SCOPES: Mapping[str, str] = {"assistant:write": N_("suggest what to ask in the agent view")}
"""What `slack.agent` takes."""

CLAIM_SCOPES: Mapping[str, str] = {"files:read": N_("read receipts that people send to it")}
"""What receipts of claims take."""

SHORTCUTS: Mapping[str, tuple[str, str, str]] = {
    "ask-for-more": ("global", "Ask for more budget", "Ask for more of your AI budget"),
    "what-is-left": ("global", "What is left?", "Show what is left of your AI budget"),
    "ask-about-this": ("message", "Ask for more budget", "Ask for more of your AI budget, with this message as reason"),
}
"""Kind, name and description of what stands in Slack's menus, by the id that comes back (see listener.py)."""

PROMPTS: Sequence[tuple[str, str]] = (
    (N_("What is left?"), "balance"),
    (N_("Ask for more"), "request"),
    (N_("Where did it go?"), "spend"),
    (N_("What waits for me?"), "home"),
)
"""What the agent view suggests: how it is called, and what it says."""

EVENTS = ("app_home_opened", "app_mention", "message.im", "user_change")

REMOVALS = ("app_uninstalled", "tokens_revoked")
"""What Slack tells besides if the app is installed in several workspaces."""

COMMAND = re.compile(r"/[^\sA-Z/]{1,31}\Z")


def wanted_scopes(*, directory: bool, groups: bool, channels: bool, agent: bool, receipts: bool) -> list[str]:
    """The scopes of the bot token; see manifest."""
    more = (
        (directory, DIRECTORY_SCOPES),
        (groups, GROUP_SCOPES),
        (channels, CHANNEL_SCOPES),
        (agent, AGENT_SCOPES),
        (receipts, CLAIM_SCOPES),
    )
    return [*SCOPES, *(scope for wanted, scopes in more if wanted for scope in scopes)]


def manifest(
    command: str,
    url: str | None,
    *,
    directory: bool = False,
    groups: bool = False,
    channels: bool = False,
    agent: bool = False,
    receipts: bool = False,
    back: str = "",
) -> dict[str, Any]:
    """The manifest of the app, to be pasted at api.slack.com under "From a manifest".

    Args:
        command: the slash command, such as "/tokens".
        url: the public https address of /slack/events, or None to use Socket Mode, which needs none.
        directory: whether Slack's directory is a people source.
        groups: whether app.yaml names user groups.
        channels: whether app.yaml names channels.
        agent: whether the app is one of Slack's agents, with suggestions in its Messages tab.
        receipts: whether people send receipts of claims.
        back: the public address to which people are sent back who install the app in one of several workspaces; ""
            if it is installed in one by its token. Tokens of several expire and are renewed.

    Raises:
        ValueError: the command is not one that Slack takes.
    """
    if not COMMAND.match(command):
        raise ValueError(f"{command!r} cannot be a slash command: / and up to 31 lower-case characters, no spaces.")
    address = {"request_url": url} if url else {}
    scopes = wanted_scopes(directory=directory, groups=groups, channels=channels, agent=agent, receipts=receipts)
    view = {
        "agent_description": DESCRIPTION,
        "suggested_prompts": [{"title": title, "message": says} for title, says in PROMPTS],
    }
    slash = {
        "command": command,
        "description": "What is left, where it went, more on request",
        "usage_hint": "balance | spend | request 50 for the migration | help",
        "should_escape": True,
    }
    if url:
        slash["url"] = url
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": DESCRIPTION,
            "long_description": LONG_DESCRIPTION,
            "background_color": "#1f3a34",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": NAME, "always_online": True},
            "slash_commands": [slash],
            "shortcuts": [
                {"type": kind, "name": name, "callback_id": id, "description": description}
                for id, (kind, name, description) in SHORTCUTS.items()
            ],
            **({"agent_view": view} if agent else {}),
        },
        "oauth_config": {
            **({"redirect_urls": [back]} if back else {}),
            "scopes": {"bot": scopes},
        },
        "settings": {
            "event_subscriptions": {**address, "bot_events": [*EVENTS, *(REMOVALS if back else ())]},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": True,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": bool(back),
        },
    }
