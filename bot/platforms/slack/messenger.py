"""Showing cards in Slack: posting, changing and whispering messages, and what it means when Slack says no."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from http.client import HTTPException
from pathlib import Path

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from bot.charts.png import draw
from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.platforms.slack.block_kit import ALT_MAX, CHARTS_MAX, NO_PICTURES, Json, message
from bot.platforms.slack.manifest import SCOPES
from bot.providers.base import Finding
from handlers.card import Card, Chart, File, Table, Text
from handlers.place import Place

BASE_URL = "https://slack.com/api/"
TIMEOUT_S = 10
TOO_MANY, BROKEN = 429, 500

# Codes of docs.slack.dev that say the blocks are at fault, not the place.
BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_arguments"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "accesslimited",
    }
)
ADVICE: Mapping[str, str] = {
    "channel_not_found": "The channel does not exist or is private: invite the bot there, or correct the channel's id.",
    "not_in_channel": "Invite the bot to the channel: /invite it there.",
    "user_not_in_channel": "The person is not in that channel.",
    "is_archived": "The channel is archived: choose another one.",
    "user_not_found": "There is no such person in this workspace.",
    "users_not_found": "There is no such person in this workspace.",
    "cannot_dm_bot": "A bot cannot be written to.",
    "user_disabled": "The person's Slack account is deactivated.",
    "invalid_auth": "The bot token is not valid: copy it again from the app's page, OAuth & Permissions.",
    "not_authed": "There is no bot token: set it in the environment.",
    "account_inactive": "The bot was removed from the workspace: install the app again.",
    "token_revoked": "The bot token was revoked: install the app again and set the new token.",
    "token_expired": "The bot token has expired: set a new one.",
    "missing_scope": "The app lacks a scope: compare with the manifest and install the app again.",
    "restricted_action": "The workspace's settings do not let the bot post there.",
    "msg_too_long": "The message is too long for Slack.",
    "expired_trigger_id": "A form must be opened within three seconds; the person was told to say it again.",
    "exchanged_trigger_id": "A form was opened already for this press.",
}

PICTURE_WAITS_S = (0.0, 0.5, 1.0, 2.0)
FILE_MAX_BYTES = 200 * 1024 * 1024
TOO_LARGE = Text("The people who run Bursar can write it on the machine with the command export.")

UNADVISED = "Look that word up in the docs of the Web API."

_log = logging.getLogger("bursar.slack")


def web_client(token: str | None, base_url: str = BASE_URL, timeout_s: int = TIMEOUT_S) -> WebClient:
    """A client of Slack's Web API. It does not retry by itself: the outbox does, and knows what for."""
    return WebClient(token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[])


TROUBLE = (SlackApiError, SlackRequestError, OSError, HTTPException)
"""Everything that a call of slack_sdk raises when Slack is not there or says no."""


def code(error: BaseException | None) -> str:
    """Slack's own word for an error, "" if it has not said one."""
    body = error.response if isinstance(error, SlackApiError) else {}
    found = body.get("error") if isinstance(body, (SlackResponse, dict)) else None
    return found if isinstance(found, str) else ""


def trouble(doing: str, error: Exception) -> OutsideError:
    """One of TROUBLE in our own words.

    Args:
        doing: what was tried, such as "Post to C1".
        error: what came back.
    """
    said = code(error)
    response = error.response if isinstance(error, SlackApiError) else None
    status = response.status_code if isinstance(response, SlackResponse) else 0
    if said in PASSING or status == TOO_MANY or status >= BROKEN:
        wait = response.headers.get("Retry-After", "") if isinstance(response, SlackResponse) else ""
        why = f"{doing}: Slack is busy or down ({said or status})."
        return UnreachableError(why, float(wait) if wait.isdigit() else None)
    if said:
        return UndeliverableError(f"{doing}: Slack said {said}. {ADVICE.get(said, UNADVISED)}")
    return UnreachableError(f"{doing}: Slack cannot be reached ({type(error).__name__}).")


def no_files(name: str) -> AbstractContextManager[Path]:
    """For where nothing makes files.

    Raises:
        KeyError: always.
    """
    raise KeyError(name)


class Slack:
    """The platform Slack, as far as showing goes.

    A place's id is a channel ("C1", "D1"), a person ("U1", or "T1/U1" with the workspace) who is written to directly,
    or a person in a channel ("C1/U1"): there, what is personal is whispered to that person, the rest is posted.
    """

    name = "slack"

    def __init__(
        self,
        client: WebClient,
        made: Callable[[str], AbstractContextManager[Path]] = no_files,
        *,
        native: bool = True,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Show cards through a client.

        Args:
            client: of the Web API.
            made: makes the file of a name.
            native: draw tables and charts as Slack's own blocks.
            pause: waits some seconds, while Slack looks at a picture.
        """
        self._client = client
        self._made = made
        self._native = native
        self._pause = pause
        self._direct: dict[str, str] = {}

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform.show.

        A whisper leaves no receipt, for it cannot be changed. A message that is gone is posted anew.
        """
        channel, user = self._where(place)
        thread = place.thread.rpartition("/")[2]  # of a message of ours it is the receipt
        if card.personal and place.public:
            if not user:
                raise UndeliverableError(
                    f"Post to {channel}: the card is personal and others read there; nothing was shown."
                )
            self._whisper(channel, user, thread, card)
            return ""
        if card.files:
            return receipt or self._attach(channel, thread, card.files)
        shown, _, ts = receipt.partition("/")
        if ts:
            changed = self._change(shown, ts, card)
            if changed:
                return changed
        posted = self._post(channel, thread, card, aloud=place.aloud)
        return f"{posted['channel']}/{posted['ts']}"

    def _where(self, place: Place) -> tuple[str, str]:
        """The channel, and the person in it who is spoken to, if that is known."""
        first, _, second = place.id.partition("/")
        if first[:1] in {"T", "E"} and second:
            first, second = second, ""
        return (self._direct_channel(first), first) if first[:1] in {"U", "W"} else (first, second)

    def _direct_channel(self, user: str) -> str:
        channel = self._direct.get(user)
        if channel is None:
            try:
                opened = self._client.conversations_open(users=[user])
            except TROUBLE as error:
                raise trouble(f"Open a direct message to {user}", error) from error
            channel = self._direct[user] = str(opened["channel"]["id"])
        return channel

    def _attach(self, channel: str, thread: str, files: Sequence[File]) -> str:
        """Upload files into a channel or a thread; one that is too large is only named.

        Returns:
            What says that it is done.
        """
        for file in files:
            with self._made(file.name) as path:
                if path.stat().st_size > FILE_MAX_BYTES:
                    self._post(channel, thread, Card(f"{file.name} is too large for Slack", (TOO_LARGE,)))
                else:
                    self._upload(path.read_bytes(), file.name, channel=channel, thread_ts=thread or None)
        return f"{channel}/files"

    def _pictures(self, card: Card) -> dict[Chart, str]:
        """Slack's ids of the pictures of a card's charts; none if it may not upload, for Slack draws, too."""
        charts = [block for block in card.blocks if isinstance(block, Chart)][:CHARTS_MAX]
        try:
            return {each: self._upload(draw(each), "chart.png", alt_txt=each.alt[:ALT_MAX]) for each in charts}
        except UndeliverableError as no:
            _log.warning("No pictures: %s", no)
            return {}

    def _upload(self, content: bytes, name: str, **more: str | None) -> str:
        """Upload a file in the three steps that Slack wants: ask where to, send it, say that it is there."""
        try:
            done = self._client.files_upload_v2(content=content, filename=name, title=name, **more)  # type: ignore[arg-type]
        except TROUBLE as error:
            raise trouble(f"Upload {name}", error) from error
        return str(done["files"][0]["id"])

    def _post(self, channel: str, thread: str, card: Card, *, aloud: bool = False) -> SlackResponse:
        """Post a message. Slack tells nobody of a reply in a thread they took no part in, so some are shown twice."""
        pictures = self._pictures(card)

        def post(said: Json) -> SlackResponse:
            return self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread or None,
                reply_broadcast=aloud if thread else None,
                unfurl_links=False,
                unfurl_media=False,
                **said,
            )

        return self._degrading(f"Post to {channel}", card, post, pictures)

    def _whisper(self, channel: str, user: str, thread: str, card: Card) -> None:
        def whisper(said: Json) -> SlackResponse:
            return self._client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread or None, **said)

        self._degrading(f"Whisper to {user} in {channel}", card, whisper)

    def _change(self, channel: str, ts: str, card: Card) -> str:
        """The receipt of the changed message, "" if it is gone."""

        def change(said: Json) -> SlackResponse:
            return self._client.chat_update(channel=channel, ts=ts, **said)

        try:
            self._degrading(f"Change a message in {channel}", card, change)
        except UndeliverableError as no:
            if code(no.__cause__) in GONE:
                return ""
            raise
        return f"{channel}/{ts}"

    def _degrading(
        self,
        doing: str,
        card: Card,
        send: Callable[[Json], SlackResponse],
        pictures: Mapping[Chart, str] = NO_PICTURES,
    ) -> SlackResponse:
        """Send the card as it should look; where Slack refuses the blocks, more simply, and at last as text.

        Slack refuses a picture for as long as it is looking at it, which takes a moment.
        """
        drawn = message(card, native=self._native, pictures=pictures)
        first = [(wait_s, drawn) for wait_s in PICTURE_WAITS_S] if pictures else []
        for wait_s, said in (*first, *((0.0, each) for each in degrees(card, native=self._native))):
            if wait_s:
                self._pause(wait_s)
            try:
                return send(said)
            except TROUBLE as error:
                last = trouble(doing, error)
                last.__cause__ = error
                if code(error) not in BLOCKS_REFUSED:
                    break
                _log.warning("%s: Slack refused the blocks (%s).", doing, code(error))
        raise last


def degrees(card: Card, *, native: bool) -> Iterator[Json]:
    """The card as a message in ever simpler forms: with native charts and tables, without, and as text alone."""
    said = message(card, native=native)
    yield said
    if native and any(isinstance(block, (Table, Chart)) for block in card.blocks):
        yield message(card, native=False)
    yield {"text": said["text"], "blocks": []}


def check(client: WebClient) -> Iterator[Finding]:
    """Whether the bot token works and has the scopes that the bot needs; a line for each."""
    try:
        answer = client.auth_test()
    except TROUBLE as error:
        yield Finding("Slack: bot token", ok=False, advice=str(trouble("Ask Slack who the bot is", error)))
        return
    yield Finding(f"Slack: bot token, as {answer.get('user', '?')} in {answer.get('team', '?')}", ok=True)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    for scope, what_for in SCOPES.items():
        advice = f"Add the scope {scope} to the app and install it again; without it the bot cannot {what_for}."
        yield Finding(f"Slack: scope {scope}", ok=scope in granted, advice="" if scope in granted else advice)
