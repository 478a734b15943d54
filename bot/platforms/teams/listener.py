"""Words in: messages, mentions, slash commands and presses become sentences, by way of Microsoft's SDK.

A message is answered through the outbox. A press is answered in the response itself: the card takes the place of the
one that was pressed, and the outbox changes the message, so that everybody sees it and it stays.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from typing import Any, Protocol, TypeVar

from microsoft_teams.api import ActivityBase, ConversationUpdateActivity, InvokeResponse
from microsoft_teams.api.activities import (
    AdaptiveCardInvokeActivity,
    InstalledActivity,
    MessageActivity,
    UninstalledActivity,
)
from microsoft_teams.api.models import MentionEntity
from microsoft_teams.apps import ActivityContext

from bot.errors import OutsideError
from bot.platforms.sent_files import RECEIPT, kept
from bot.platforms.teams.adaptive_cards import FIELD, LOOK, NUMBER, SAY, Json
from bot.platforms.teams.connector import Connector, where
from bot.platforms.teams.identity import TeamsPeople, TeamsSpeaker
from bot.platforms.teams.messenger import (
    IN_THE_CHAT,
    WHISPER,
    Teams,
    in_a_line,
    readers_of,
    said_beside,
    shown_in_place,
)
from bot.platforms.text import exact, line, plain
from bot.ports import Conversation, Conversations, Hears, broken, in_language
from handlers.card import Card, Text
from handlers.errors import RefusedError
from handlers.language import ENGLISH, N_
from handlers.place import Place
from handlers.requests import BYTES_MAX
from handlers.sentence import Sentence

FILE_INFO = "application/vnd.microsoft.teams.file.download.info"
FILE_SERVICE = "OneDrive"
SENTENCE_MAX = 4_000
HTML_MAX = 40_000
GREETING = "help"
FORGOTTEN = Card(N_("I don't know that message any more. Say in words what you want to know."))

A = TypeVar("A", bound=ActivityBase)
T = TypeVar("T")

_log = logging.getLogger("bursar.teams")


class TeamsApp(Hears, Protocol):
    """What the listener needs of the app behind it."""

    def post(self, key: str, place: Place, card: Card) -> None:
        """Have a card shown at a place, once for every key."""

    def reshow(self, platform: str, receipt: str, card: Card) -> bool:
        """Let an answer that was shown become another card; False for a message about something of its own."""

    def views(self, card: Card, readers: Sequence[str]) -> list[Card]:
        """A card as each of several people should see it; "" is somebody unknown."""


@dataclass(frozen=True, slots=True)
class Call:
    """What every request says: who, where, and which.

    Args:
        id: Teams' own id of it.
        speaker: who.
        conversation: where, as Teams calls it, without the thread.
        thread: the message at the head of the thread, "" outside channels.
        private: a chat of the person with us alone.
        targeted: Teams can answer to the person alone, even in a channel.
        service_url: where answers go.
    """

    id: str
    speaker: TeamsSpeaker
    conversation: str
    thread: str
    private: bool
    targeted: bool
    service_url: str

    @classmethod
    def of(cls, activity: ActivityBase) -> "Call":
        """Read what all kinds of requests have in common."""
        conversation, _, thread = activity.conversation.id.partition(";messageid=")
        sender, kind = activity.from_, activity.conversation.conversation_type
        data = activity.channel_data
        tenant = activity.conversation.tenant_id or (data and data.tenant and data.tenant.id) or ""
        return cls(
            id=activity.id,
            speaker=TeamsSpeaker(tenant.lower(), (sender.aad_object_id or "").lower(), sender.id),
            conversation=conversation,
            thread=thread,
            private=kind == "personal",
            targeted=bool(activity.recipient.is_targeted),
            service_url=activity.service_url or "",
        )

    @property
    def place(self) -> Place:
        """Where the answer goes."""
        if self.private:
            return Place("teams", self.speaker.id)
        whisper = f"/{WHISPER}" if self.targeted else ""
        return Place("teams", f"{self.conversation}/{self.speaker.id}{whisper}", public=True, thread=self.thread)

    def receipt(self, message: str) -> str:
        """What the outbox knows a message of this conversation by: that of a new message has no thread."""
        thread = self.thread if self.thread != message else ""
        return f"{self.conversation};messageid={thread} {message}" if thread else f"{self.conversation} {message}"

    @property
    def here(self) -> Conversation:
        """How the conversation is reached."""
        return Conversation("", self.conversation, "", self.service_url, self.speaker.tenant)

    def conversations(self) -> Iterable[Conversation]:
        """What is learnt about how the place and the person are reached."""
        if not self.private:
            yield replace(self.here, place_id=self.conversation)
        elif self.speaker.id:
            yield replace(self.here, place_id=self.speaker.id, member_id=self.speaker.member)


class TeamsListener:
    """Hears what people say in Teams.

    Args:
        app: who answers.
        connector: where it is heard.
        teams: where answers to presses are shown that must not stand in a channel.
        conversations: where it is kept how people are reached.
        language: of the organization, for what is said to somebody unknown.
    """

    def __init__(
        self,
        app: TeamsApp,
        connector: Connector,
        teams: Teams,
        conversations: Conversations,
        language: str = ENGLISH,
    ) -> None:
        self._app = app
        self._files = connector.files
        self._language = language
        self._people = TeamsPeople(app, connector, language)
        self._teams = teams
        self._conversations = conversations
        connector.sdk.on_message(self._on_message)
        connector.sdk.on_card_action(self._on_press)
        connector.sdk.on_install_add(self._on_install)
        connector.sdk.on_install_remove(self._on_removal)
        connector.sdk.on_conversation_update(self._on_meeting)

    # For the SDK, which reads the types. Its loop is left free: the core waits for the database.

    async def _on_message(self, ctx: ActivityContext[MessageActivity]) -> None:
        trouble = await self._unbroken(self._written, ctx.activity)
        if isinstance(trouble, Card):
            await asyncio.to_thread(self._said_broken, Call.of(ctx.activity), trouble)

    async def _on_press(self, ctx: ActivityContext[AdaptiveCardInvokeActivity]) -> InvokeResponse[Any]:
        done = await self._unbroken(self._pressed, ctx.activity)
        return InvokeResponse(status=200, body=said_beside(done) if isinstance(done, Card) else done)

    async def _on_install(self, ctx: ActivityContext[InstalledActivity]) -> None:
        await self._unbroken(self._installed, ctx.activity)

    async def _on_removal(self, ctx: ActivityContext[UninstalledActivity]) -> None:
        await self._unbroken(self._removed, ctx.activity)

    async def _on_meeting(self, ctx: ActivityContext[ConversationUpdateActivity]) -> None:
        await self._unbroken(self._noted, ctx.activity)

    # What they do ----------------------------------------------------------------------------------------------------

    def _written(self, activity: MessageActivity) -> None:
        call = self._noted(activity)
        words = self._words(activity, call.speaker.tenant)
        if quoted := _quoted(activity):
            words = self._app.in_reply("teams", call.receipt(quoted), words)
        sent = _sent(activity) if call.private else []
        self._say(call, words or (RECEIPT if sent else ""), sent)

    def _say(self, call: Call, words: str, sent: Sequence[str] = ()) -> None:
        """Have a sentence answered where it was said, with what can be done with files that came along."""
        person = self._people.person(call.speaker, call.conversation, call.service_url)
        if isinstance(person, Card):
            self._tell(call, person)
            return
        try:
            named = self._kept(person, sent) if sent and self._app.takes_file(words) else {}
        except RefusedError as refused:
            language = self._app.language(person)
            self._tell(call, Card(refused.said(language), tone="warn", language=language))
            return
        self._app.answer(f"teams/{call.id}", Sentence(words, person, call.place, named, delivery=call.id))

    def _kept(self, person: str, sent: Sequence[str]) -> dict[str, str]:
        """The field that names files that were sent.

        Raises:
            RefusedError: one of them cannot be had or kept.
        """
        return kept(self._app, person, [partial(self._files.fetch, FILE_SERVICE, each, BYTES_MAX) for each in sent])

    def _pressed(self, activity: AdaptiveCardInvokeActivity) -> Json:
        """Answer a press: by a card in place, or by a sentence beside it."""
        call = self._noted(activity)
        if activity.value.action.verb == LOOK:
            return self._looked(call, activity.reply_to_id or "")
        data = activity.value.action.data
        inputs = _inputs(data)
        person = self._people.person(call.speaker, call.conversation, call.service_url)
        if isinstance(person, Card):
            return said_beside(person)
        said = plain(str(data.get(SAY, "")))[:SENTENCE_MAX]
        card = self._app.hear(Sentence(said, person, call.place, inputs, call.id))
        if card.tone in {"warn", "bad"} and not card.blocks:
            return said_beside(card)
        if card.has_secret:
            self._tell(call, card)
            return said_beside(in_language(IN_THE_CHAT, card.language))
        if card.personal and not call.private:
            self._app.post(f"teams/{call.id}", Place("teams", call.speaker.id), card)
            return said_beside(in_language(IN_THE_CHAT, card.language))
        return self._in_place(call, call.receipt(activity.reply_to_id or ""), card)

    def _in_place(self, call: Call, receipt: str, card: Card) -> Json:
        """Answer a press in a private chat where it was pressed.

        An answer becomes the next one. A message about something of its own is not gone for it: a few words stand above
        it, what is longer gives way to it when the chat is opened again, and a form, which must not go while it is
        filled in, when its reader chooses so.
        """
        if self._app.reshow("teams", receipt, card):
            return shown_in_place(card, None)
        own = self._app.look("teams", receipt, "")
        if own is None:
            return shown_in_place(card, None)
        if card.inputs:
            return shown_in_place(card, [])
        if all(isinstance(block, Text) for block in card.blocks):
            own = replace(own, blocks=(Text(in_a_line(card)), *own.blocks))
            return shown_in_place(own, readers_of(own, call.speaker.member))
        return shown_in_place(card, [call.speaker.member])

    def _looked(self, call: Call, message: str) -> Json:
        """Answer who looks at a card again by how it stands now, for them."""
        reader = self._app.who("teams", call.speaker.identity) or ""
        card = self._app.look("teams", call.receipt(message), reader)
        if card is None:
            return said_beside(in_language(FORGOTTEN, self._language))
        return shown_in_place(card, readers_of(card, call.speaker.member))

    def _installed(self, activity: InstalledActivity) -> None:
        call = self._noted(activity)
        if call.private:
            self._say(call, GREETING)

    def _removed(self, activity: UninstalledActivity) -> None:
        call = Call.of(activity)
        self._conversations.forget(call.speaker.id if call.private else call.conversation)

    def _noted(self, activity: ActivityBase) -> Call:
        call = Call.of(activity)
        for each in call.conversations():
            self._conversations.note(each)
        return call

    def _tell(self, call: Call, card: Card) -> None:
        """Show a card to who speaks, in the private chat."""
        try:
            self._teams.show(Place("teams", call.speaker.id), card, "")
        except OutsideError as trouble:
            _log.warning("%s", trouble)

    def _said_broken(self, call: Call, card: Card) -> None:
        """Say where it was said that it broke; the database may be what broke, so it is not asked."""
        try:
            self._teams.reply(call.here, call.thread, card)
        except OutsideError as trouble:
            _log.warning("%s", trouble)

    def _words(self, activity: MessageActivity, tenant: str) -> str:
        """What somebody typed, as one line of words; being addressed is no part of the sentence."""
        words = _without_quote(activity)[:SENTENCE_MAX]
        for each in activity.entities or ():
            if isinstance(each, MentionEntity) and each.text:
                ours = each.mentioned.id == activity.recipient.id
                words = words.replace(each.text, " " if ours else f" @{self._named(each, tenant)} ")
        return line(unescape(re.sub("</?at>", " ", words))).removeprefix("/")

    def _named(self, mention: MentionEntity, tenant: str) -> str:
        """The person id of somebody who is mentioned, else the name."""
        person = self._conversations.person_of(mention.mentioned.id)
        return (person and self._app.who("teams", f"{tenant}/{person}")) or mention.mentioned.name or ""

    async def _unbroken(self, work: Callable[[A], T], activity: A) -> T | Card:
        """Do something with a request, beside the loop; if it breaks, a card that says so.

        The log has the place; what the error says may be what a person wrote.
        """
        try:
            return await asyncio.to_thread(work, activity)
        except Exception as trouble:  # noqa: BLE001 - the boundary of this listener; whoever spoke must hear of it
            number = secrets.token_hex(2)
            _log.error("Teams' listener broke (%s): %s\n%s", number, type(trouble).__name__, where(trouble))
            return broken(number, self._language)


def _inputs(data: Mapping[str, object]) -> dict[str, str]:
    """What was filled in, by the name of the field."""
    words = {name.removeprefix(FIELD): plain(str(value)) for name, value in data.items() if name.startswith(FIELD)}
    numbers = {
        name.removeprefix(NUMBER): exact(plain(str(value))) for name, value in data.items() if name.startswith(NUMBER)
    }
    return words | numbers


def _quoted(activity: MessageActivity) -> str:
    """The id of the message that somebody replies to, "" for none.

    A private chat has no threads; a reply there quotes a message. Teams names it in an entity (QuotedReplyEntity of its
    SDK), older clients in the HTML of the message alone.
    """
    named = next((each.quoted_reply.message_id for each in activity.get_quoted_messages()), "")
    return named or next((found[1] for each in _drawn(activity) if (found := _QUOTED_HTML.search(each))), "")


def _without_quote(activity: MessageActivity) -> str:
    """What somebody wrote, without what they reply to."""
    replies = (each for each in _drawn(activity) if not activity.get_quoted_messages() and _QUOTED_HTML.search(each))
    drawn = next(replies, None)
    if drawn is not None:
        return unescape(_TAG.sub(" ", _QUOTED_HTML.sub(" ", drawn)))
    return _QUOTE.sub(" ", activity.text)


def _sent(activity: MessageActivity) -> list[str]:
    """Where the files lie that came with a message. The address itself opens one, for some minutes.

    Source: Microsoft's "Send and receive files through a bot": in a private chat a file is an attachment of this type,
    and lies in the OneDrive of who sent it.
    """
    files = (each for each in activity.attachments or () if each.content_type == FILE_INFO)
    told = (each.content.get("downloadUrl") for each in files if isinstance(each.content, dict))
    return [each for each in told if isinstance(each, str)]


def _drawn(activity: MessageActivity) -> Iterable[str]:
    """The message as HTML, which comes along with its text."""
    found = (each for each in activity.attachments or () if each.content_type == "text/html")
    return (each.content[:HTML_MAX] for each in found if isinstance(each.content, str))


_QUOTE = re.compile(r"<quoted [^<>]*/>")
_QUOTED_HTML = re.compile(
    r'<blockquote[^<>]*schema\.skype\.com/Reply"[^<>]*itemid="(\d{1,20})".*?</blockquote>', re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")
