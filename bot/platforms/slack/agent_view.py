"""Slack's agent view: what is suggested, the line that says that an answer comes, and what a conversation is called.

Sources: docs.slack.dev, "Migrating to the Agent messaging experience" and the methods' pages (2026). There each message
of a person is the head of a thread. Nothing here is needed for an answer: where the workspace has no agents, or Slack
does not answer, it is left out.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.platforms.slack.client import TROUBLE, code
from bot.platforms.slack.payloads import Json
from bot.platforms.text import cut
from handlers.place import Place

PROMPTS_MAX = 4
TITLE_MAX = 200
STATUS = "is thinking…"
"""Slack writes the app's name before it; it goes when the answer comes, and after two minutes."""

LACKING = frozenset(
    {"unknown_method", "method_deprecated", "missing_scope", "not_allowed_token_type", "feature_not_enabled"}
)
"""What Slack says where an app is no agent, or a workspace has none."""

_log = logging.getLogger("bursar.slack")


class AgentView:
    """What is shown around answers.

    Args:
        client: the Web API, with the bot token and little patience.
    """

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._lacking: set[str] = set()

    def threaded(self, place: Place, event: Json, words: str, then: Callable[[Callable[[], None]], None]) -> Place:
        """Where a message of a private chat is answered, namely below it; it is said there that the answer comes.

        Args:
            place: the chat.
            event: the message.
            words: what it says; a new conversation is called so.
            then: does something after the response.
        """
        thread = event["thread_ts"] or event["ts"]
        if not thread:
            return place
        here = {"channel_id": event["channel"], "thread_ts": thread}
        self._try("status", lambda: self._client.assistant_threads_setStatus(**here, status=STATUS))
        title = cut(words, TITLE_MAX)
        if title and not event["thread_ts"]:
            then(lambda: self._try("title", lambda: self._client.agents_sessions_rename(**here, title=title)))
        return replace(place, thread=thread)

    def suggest(self, channel: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Suggest what to say, each with what it is called. With a thread Slack would silently do nothing."""
        said = [{"title": title, "message": message} for title, message in prompts[:PROMPTS_MAX]]
        self._try(
            "prompts", lambda: self._client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=said)
        )

    def _try(self, what: str, call: Callable[[], SlackResponse]) -> None:
        if what in self._lacking:
            return
        try:
            call()
        except TROUBLE as error:
            _log.info("The agent view's %s could not be set (%s).", what, code(error) or type(error).__name__)
            if code(error) in LACKING:
                self._lacking.add(what)
