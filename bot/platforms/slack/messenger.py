"""Showing cards in Slack: posting, changing and whispering messages, and what it means when Slack says no."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.charts.png import draw
from bot.checks import CheckLine
from bot.csv_files import text_of
from bot.errors import RefusesUsError, UndeliverableError
from bot.platforms.about import NAME
from bot.platforms.slack.block_kit import ALT_MAX, CHARTS_MAX, NO_PICTURES, Json, home, message
from bot.platforms.slack.client import (
    TROUBLE,
    asked,
    code,
    confirmed_address,
    is_at_home,
    is_guest,
    is_machine,
    lowered,
    trouble,
    web_client,
)
from bot.platforms.slack.manifest import SCOPES
from bot.texts import in_words, t
from handlers.card import Card, Chart, Table, Text
from handlers.language import N_, Words, say
from handlers.place import HOMES, Place

# Codes of docs.slack.dev that say the blocks are at fault, not the place.
BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_arguments"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
CLOSED = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
"""What Slack says of a direct message that is not the one of this person any more: it is opened anew."""
PICTURE_WAITS_S = (0.0, 0.5, 1.0, 2.0)
FILE_MAX_BYTES = 200 * 1024 * 1024
TOO_LARGE = N_("The people who run Bursar can write it on the machine with the command export.")

_log = logging.getLogger("bursar.slack")


def no_files(name: str) -> AbstractContextManager[Path]:
    """For where nothing makes files.

    Raises:
        KeyError: always.
    """
    raise KeyError(name)


class Slack:
    """The platform Slack, as far as showing goes.

    A place's id is somebody's Home ("home/U1"), a channel ("C1", "D1"), a person ("U1", or "T1/U1" with the workspace)
    who is written to directly, or a person in a channel ("C1/U1"): there, what is personal is whispered to that person,
    the rest is posted. Of several workspaces all but the first have their id before it ("T2/C1", "home/T2/U1"), and
    before receipts.
    """

    name = "slack"

    def __init__(
        self,
        client: WebClient,
        made: Callable[[str], AbstractContextManager[Path]] = no_files,
        *,
        native: bool = True,
        pause: Callable[[float], None] = time.sleep,
        workspace: str = "",
        prefix: str = "",
    ) -> None:
        """Show cards through a client.

        Args:
            client: of the Web API.
            made: makes the file of a name.
            native: draw tables and charts as Slack's own blocks.
            pause: waits some seconds, while Slack looks at a picture.
            workspace: under which its people are known, "" for the one that the token says.
            prefix: what its places and receipts begin with, such as "T2/".
        """
        self._workspace = workspace
        self._prefix = prefix
        self._client = client
        self._made = made
        self._native = native
        self._pause = pause
        self._direct: dict[str, str] = {}

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform.show.

        A whisper leaves no receipt, for it cannot be changed. A message that is gone is posted anew.
        """
        try:
            return self._show(place, card, receipt)
        except UndeliverableError as no:
            known = self._direct.pop(self._user(place), None)
            if known is None or code(no.__cause__) not in CLOSED:
                raise
            return self._show(place, card, receipt)

    def _show(self, place: Place, card: Card, receipt: str) -> str:
        if place.id.startswith(HOMES):
            return self._publish(place.id.removeprefix(HOMES).removeprefix(self._prefix), card)
        channel, user = self._where(place)
        thread = place.thread.rpartition("/")[2]  # of a message of ours it is the receipt
        if card.personal and place.public:
            if not user:
                raise UndeliverableError(
                    "Post to {channel}: the card is personal and others read there; nothing was shown.", channel=channel
                )
            self._whisper(channel, user, thread, card)
            return ""
        if card.files:
            return receipt or self._attach(channel, thread, card)
        shown, _, ts = receipt.removeprefix(self._prefix).partition("/")
        if ts:
            changed = self._change(shown, ts, card)
            if changed:
                return changed
        posted = self._post(channel, thread, card, aloud=place.aloud)
        return f"{self._prefix}{posted['channel']}/{posted['ts']}"

    def probe(self) -> None:
        """See Probes in bot/ports.py."""
        asked(Words("Ask Slack who the bot is"), self._client.auth_test)

    def find(self, email: str) -> str:
        """See Finds in bot/reach.py. A guest, a bot and somebody of another company are nobody."""
        doing = Words("Look somebody up by their e-mail address")
        try:
            user = self._client.users_lookupByEmail(email=email)["user"]
        except TROUBLE as error:
            if code(error) == "users_not_found":
                return ""
            raise trouble(doing, error) from error
        here = asked(Words("Ask Slack which workspace it is"), self._client.auth_test)
        home = {str(here[each]) for each in ("team_id", "enterprise_id") if here.get(each)}
        strange = not is_at_home(user, home) or is_guest(user) or is_machine(user) or user.get("deleted")
        if strange or confirmed_address(user) != lowered(email):
            return ""
        return f"{self._workspace or here['team_id']}/{user['id']}"

    def _publish(self, user: str, card: Card) -> str:
        """Show a card as the Home tab of somebody; more simply where Slack refuses the blocks."""
        for native in dict.fromkeys((self._native, False)):
            try:
                self._client.views_publish(user_id=user, view=home(card, native=native))
            except TROUBLE as error:
                last = trouble(Words("Show the Home tab"), error)
                last.__cause__ = error
                if code(error) not in BLOCKS_REFUSED:
                    break
            else:
                return f"{HOMES}{self._prefix}{user}"
        raise last

    def _where(self, place: Place) -> tuple[str, str]:
        """The channel, and the person in it who is spoken to, if that is known."""
        user = self._user(place)
        if user:
            return self._direct_channel(user), user
        channel, _, spoken_to = self._own(place).partition("/")
        return channel, spoken_to

    @staticmethod
    def _own(place: Place) -> str:
        """A place's id as its workspace itself has it."""
        first, _, rest = place.id.partition("/")
        return rest if rest and first[:1] in {"T", "E"} else place.id

    @staticmethod
    def _user(place: Place) -> str:
        """The person who is written to directly, "" for a channel."""
        first, _, second = place.id.partition("/")
        user = second if first[:1] in {"T", "E"} and second else first
        return user if user[:1] in {"U", "W"} else ""

    def _direct_channel(self, user: str) -> str:
        channel = self._direct.get(user)
        if channel is None:
            doing = Words("Open a direct message to {user}", {"user": user})
            opened = asked(doing, lambda: self._client.conversations_open(users=[user]))
            channel = self._direct[user] = str(opened["channel"]["id"])
        return channel

    def _attach(self, channel: str, thread: str, card: Card) -> str:
        """Upload files into a channel or a thread; one that is too large is only named.

        Returns:
            What says that it is done.
        """
        for file in card.files:
            if file.is_here:
                content = text_of(file).encode()
                self._upload(content, file.name, channel=channel, thread_ts=thread or None)
                continue
            with self._made(file.name) as path:
                if path.stat().st_size > FILE_MAX_BYTES:
                    title = say(card.language, "{name} is too large for Slack", name=file.name)
                    self._post(channel, thread, Card(title, (Text(say(card.language, TOO_LARGE)),)))
                else:
                    self._upload(path.read_bytes(), file.name, channel=channel, thread_ts=thread or None)
        return f"{self._prefix}{channel}/files"

    def _pictures(self, card: Card) -> dict[Chart, str]:
        """Slack's ids of the pictures of a card's charts; none if it may not upload, for Slack draws, too."""
        charts = [block for block in card.blocks if isinstance(block, Chart)][:CHARTS_MAX]
        try:
            return {each: self._upload(draw(each), "chart.png", alt_txt=each.alt[:ALT_MAX]) for each in charts}
        except (UndeliverableError, RefusesUsError) as no:  # without the right to upload, what is posted says it all
            _log.warning("No pictures: %s", no)
            return {}

    def _upload(self, content: bytes, name: str, **more: str | None) -> str:
        """Upload a file in the three steps that Slack wants: ask where to, send it, say that it is there."""

        def upload() -> SlackResponse:
            return self._client.files_upload_v2(content=content, filename=name, title=name, **more)  # type: ignore[arg-type]

        done = asked(Words("Upload {name}", {"name": name}), upload)
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

        return self._degrading(Words("Post to {channel}", {"channel": channel}), card, post, pictures)

    def _whisper(self, channel: str, user: str, thread: str, card: Card) -> None:
        def whisper(said: Json) -> SlackResponse:
            return self._client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread or None, **said)

        self._degrading(Words("Whisper to {user} in {channel}", {"user": user, "channel": channel}), card, whisper)

    def _change(self, channel: str, ts: str, card: Card) -> str:
        """The receipt of the changed message, "" if it is gone."""

        def change(said: Json) -> SlackResponse:
            return self._client.chat_update(channel=channel, ts=ts, **said)

        try:
            self._degrading(Words("Change a message in {channel}", {"channel": channel}), card, change)
        except UndeliverableError as no:
            said = code(no.__cause__)
            if said in GONE or (said in CLOSED and channel.startswith("D")):
                return ""
            raise
        return f"{self._prefix}{channel}/{ts}"

    def _degrading(
        self,
        doing: Words,
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


def check(client: WebClient) -> Iterator[CheckLine]:
    """Whether the bot token works and has the scopes that the bot needs; a line for each."""
    try:
        answer = client.auth_test()
    except TROUBLE as error:
        yield CheckLine(
            t("Slack: bot token"), ok=False, advice=in_words(trouble(Words("Ask Slack who the bot is"), error))
        )
        return
    who, where = answer.get("user", "?"), answer.get("team", "?")
    yield CheckLine(t("Slack: bot token, as {name} in {team}", name=who, team=where), ok=True)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    for scope, what_for in SCOPES.items():
        advice = t(
            "Add the scope {scope} to the app and install it again; without it the bot cannot {what_for}.",
            scope=scope,
            what_for=t(what_for),
        )
        yield CheckLine(
            t("Slack: scope {scope}", scope=scope), ok=scope in granted, advice="" if scope in granted else advice
        )


def check_app_token(token: str, base_url: str) -> CheckLine:
    """Whether Slack lets the app-level token open a socket; none is opened.

    Args:
        token: "xapp-…".
        base_url: of the Web API.
    """
    what = t("Slack: app-level token")
    try:
        web_client(None, base_url).apps_connections_open(app_token=token)
    except TROUBLE as error:
        if code(error) in ("missing_scope", "not_allowed_token_type", "invalid_auth"):
            advice = t("Generate it under Basic Information, App-Level Tokens, with the scope connections:write.")
            return CheckLine(what, ok=False, advice=f"{code(error)}: {advice}")
        return CheckLine(what, ok=False, advice=in_words(trouble(Words("Ask Slack for a socket"), error)))
    return CheckLine(what, ok=True)


def check_channel(client: WebClient, channel: str) -> CheckLine:
    """Whether the bot is in a channel; conversations.info says it, with `is_member`.

    Args:
        client: with the bot token.
        channel: its id.
    """
    what = t("Slack: channel {id}", id=channel)
    try:
        said = client.conversations_info(channel=channel)["channel"]
    except TROUBLE as error:
        if code(error) == "missing_scope":
            advice = t("Whether the bot is in it cannot be seen: print the manifest again and install the app again.")
            return CheckLine(what, ok=True, advice=advice)
        if code(error) in ("channel_not_found", "not_in_channel"):
            return CheckLine(
                what, ok=False, advice=t("Correct its id, or invite the bot there: /invite @{name}", name=NAME)
            )
        return CheckLine(what, ok=False, advice=in_words(trouble(Words("Ask Slack for a channel"), error)))
    if said.get("name"):
        what = t("Slack: channel {id}, {name}", id=channel, name=f"#{said['name']}")
    if said.get("is_archived"):
        return CheckLine(what, ok=False, advice=t("It is archived. Write another channel in app.yaml."))
    if not said.get("is_member"):
        return CheckLine(what, ok=False, advice=t("The bot is not in it. Write there: /invite @{name}", name=NAME))
    shared = said.get("is_ext_shared") or said.get("is_pending_ext_shared")
    others = t("People of another company can read it (Slack Connect), and see the totals that are posted there.")
    return CheckLine(what, ok=True, advice=others if shared else "")
