"""Showing cards in Teams: to a person in the private chat, in a channel, or there to one person alone."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from microsoft_teams.api import Account
from microsoft_teams.api.activities import MessageActivityInput
from microsoft_teams.api.clients.conversation import CreateConversationParams
from microsoft_teams.api.models import Attachment

from bot.checks import CheckLine
from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.http import refusal_of
from bot.platforms.teams.adaptive_cards import Json, adaptive
from bot.platforms.teams.connector import Connector
from bot.platforms.text import cut, line
from bot.ports import Conversation, Conversations, in_language
from bot.texts import in_words
from handlers import is_order
from handlers.card import Card, Text
from handlers.language import N_
from handlers.place import Place

Views = Callable[[Card, Sequence[str]], list[Card]]
LookUp = Callable[[str], str]

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
SUMMARY_MAX = 150
ENDS = (".", "!", "?", ":", "…")
NOT_FOUND = 404
SERVICE_URL = "https://smba.trafficmanager.net/teams"
"""Where messages go whose region we never heard of."""

WHISPER = "whisper"
"""The third part of a place where Teams shows a message to one person alone."""

LIMITS: Mapping[float, int] = {1: 7, 2: 8, 30: 60, 3600: 1800}
"""Messages of a bot in one conversation, by seconds (Teams' page "Optimize your bot with rate limiting", 2026)."""

_log = logging.getLogger("bursar.teams")


class Pace:
    """Keeps to the limits of Teams for one conversation; several replicas together may still be told to wait."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=max(LIMITS.values())))

    def step(self, conversation_id: str) -> None:
        """Count a message that is about to be sent.

        Raises:
            UnreachableError: it is too early; it says for how long.
        """
        sent, now = self._sent[conversation_id], self._now()
        waits = [sent[-most] + span - now for span, most in LIMITS.items() if len(sent) >= most]
        wait_s = max(waits, default=0.0)
        if wait_s > 0:
            raise UnreachableError("Teams takes no more messages in one chat for a moment.", wait_s)
        sent.append(now)


class Teams:
    """The platform Teams, as far as showing goes.

    A place's id is a person, by the id in Microsoft Entra; or, if the place is public, a channel or group with the
    person who is spoken to ("19:…@thread.tacv2/7e3…"), and "/whisper" if Teams can show something there to one alone.
    What is personal goes to the private chat otherwise. A receipt is a conversation and a message in it.

    Args:
        connector: to the Bot Connector.
        conversations: how places are reached.
        views: gives a card as each of several people should see it; "" is somebody unknown.
        tenants: whose chats they are.
        look_up: gives the identity of the member with a verified address, "" if there is none.
    """

    name = "teams"

    def __init__(
        self,
        connector: Connector,
        conversations: Conversations,
        views: Views,
        tenants: Sequence[str] = (),
        look_up: LookUp = lambda _email: "",
    ) -> None:
        self._connector = connector
        self._views = views
        self._conversations = conversations
        self._tenants = tenants
        self._look_up = look_up
        self._pace = Pace()

    def probe(self) -> None:
        """See Probes in bot/ports.py. The Connector is asked for a chat that is not there."""
        api = self._connector.sdk.api.clone(service_url=self._service_url()).conversations
        with suppress(UndeliverableError):
            self._connector.run(api.get_member_by_id("none", "none"))

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform.show. A whisper leaves no receipt. A message that is gone is posted anew."""
        if not place.public:
            return self._tell(place.id, card, receipt)
        channel, _, rest = place.id.partition("/")
        person, _, how = rest.partition("/")
        thread = place.thread.rpartition(" ")[2]  # of a message of ours it is the receipt
        if not card.personal:
            common, readers = self._for_all(card)
            return self._put(self._channel(channel), common, receipt, thread, readers)
        if not person:
            raise UndeliverableError(
                "Post to {channel}: the card is personal and others read there; nothing was shown.", channel=channel
            )
        if how == WHISPER and self._whisper(channel, person, thread, card):
            return ""
        shown = self._tell(person, card, receipt)
        if not receipt and thread == place.thread:  # else it was said with the message above
            self._point_to_the_chat(channel, thread, card.language)
        return shown

    def find(self, email: str) -> str:
        """See Finds in bot/reach.py. Teams itself looks nobody up; Microsoft Entra does."""
        return self._look_up(email)

    def reply(self, where: Conversation, thread: str, card: Card) -> None:
        """Show a card in a conversation that was heard from just now, whoever reads there.

        Raises:
            OutsideError: it could not be shown.
        """
        self._put(where, card, "", thread)

    def _tell(self, person: str, card: Card, receipt: str) -> str:
        """Show a card in the private chat with a person."""
        found = self._conversations.find(person)
        if found is None or not found.conversation_id:
            found = self._opened(person, found)
        above = receipt if receipt.startswith(f"{found.conversation_id} ") else ""
        return self._put(found, card, above, "", readers_of(card, found.member_id))

    def _for_all(self, card: Card) -> tuple[Card, list[str] | None]:
        """A card for a channel, without the buttons that not everybody may press, and for whom there are more."""
        if not card.buttons:
            return card, None
        people = self._conversations.who_answers()
        common, *views = self._views(card, ["", *people])
        return common, [one for one, view in zip(people.values(), views, strict=True) if view != common] or None

    def _opened(self, person: str, found: Conversation | None) -> Conversation:
        """A private chat with somebody who never wrote. Teams allows it if the app is installed for them."""
        url = found.service_url if found else self._service_url()
        tenant = found.tenant_id if found else next(iter(self._tenants), "")
        params = CreateConversationParams(members=[Account(id=person)], tenant_id=tenant)
        made = self._connector.run(self._connector.sdk.api.clone(service_url=url).conversations.create(params))
        opened = Conversation(person, made.id, found.member_id if found else "", url, tenant)
        self._conversations.note(opened)
        return opened

    def _channel(self, channel: str) -> Conversation:
        return self._conversations.find(channel) or Conversation(channel, channel, "", self._service_url(), "")

    def _service_url(self) -> str:
        """The best guess for a place that was never heard from: that of the last one that was."""
        latest = self._conversations.latest()
        return latest.service_url if latest else SERVICE_URL

    def _put(
        self, where: Conversation, card: Card, receipt: str, thread: str, readers: Sequence[str] | None = None
    ) -> str:
        """Post a card, or change the message of a receipt."""
        shown, _, message = receipt.rpartition(" ")
        if message:
            try:
                self._send(where, shown, _message(card, readers), message)
            except UndeliverableError as no:
                if refusal_of(no.__cause__ or no).status != NOT_FOUND:
                    raise
            else:
                return receipt
        conversation = f"{where.conversation_id};messageid={thread}" if thread else where.conversation_id
        return f"{conversation} {self._send(where, conversation, _message(card, readers), '')}"

    def _send(self, where: Conversation, conversation: str, said: MessageActivityInput, message: str) -> str:
        self._pace.step(where.conversation_id)
        said.id = message or None
        sent = self._connector.run(self._connector.sdk.send(conversation, said, service_url=where.service_url))
        return sent.id

    def _whisper(self, channel: str, person: str, thread: str, card: Card) -> bool:
        """Show a card in a channel to one person alone; False if Teams would not."""
        where, whom = self._channel(channel), self._conversations.find(person)
        self._pace.step(where.conversation_id)
        said = _message(card)
        said.recipient = Account(id=whom.member_id if whom else person, is_targeted=True)
        conversation = f"{channel};messageid={thread}" if thread else channel
        try:
            self._connector.run(self._connector.sdk.send(conversation, said, service_url=where.service_url))
        except UndeliverableError as no:
            _log.warning("A private reply in a channel is sent to the private chat: %s", no)
            return False
        return True

    def _point_to_the_chat(self, channel: str, thread: str, language: str) -> None:
        """Tell who asked in a channel where the answer is; the answer itself is more important than this."""
        try:
            self._put(self._channel(channel), in_language(IN_THE_CHAT, language), "", thread)
        except OutsideError as trouble:
            _log.warning("%s", trouble)


IN_THE_CHAT = Card(N_("Your answer is in our private chat"), (Text(N_("Only you can read it there.")),), personal=False)


def readers_of(card: Card, member: str) -> list[str] | None:
    """Who is shown a card of a private chat anew when the chat is opened: it may have been overtaken by others."""
    overtaken = any(is_order(each.says) for each in card.buttons) and not card.inputs
    return [member] if member and overtaken else None


def _message(card: Card, readers: Sequence[str] | None = None) -> MessageActivityInput:
    """A message that is nothing but the card; the summary is what a notification shows."""
    attachment = Attachment(content_type=CARD_TYPE, content=adaptive(card, readers))
    return MessageActivityInput(attachments=[attachment], summary=cut(line(card.title), SUMMARY_MAX))


def check(connector: Connector) -> CheckLine:
    """Whether Entra gives us a token for the Bot Connector."""
    try:
        connector.run(connector.sdk.token_provider.get_app_token())
    except OutsideError as trouble:
        return CheckLine("Teams: app registration", ok=False, advice=in_words(trouble))
    return CheckLine("Teams: app registration and secret", ok=True)


def shown_in_place(card: Card, readers: Sequence[str] | None) -> Json:
    """What answers a press by a card in place of the one that was pressed, until its readers look at it again."""
    return {"statusCode": 200, "type": CARD_TYPE, "value": adaptive(card, readers)}


def said_beside(card: Card) -> Json:
    """What answers a press by a sentence beside the card, which stays as it is."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": in_a_line(card)}


def in_a_line(card: Card) -> str:
    """What a card says in words."""
    said = [card.title, *(block.text for block in card.blocks if isinstance(block, Text))]
    return line(" ".join(each if each.endswith(ENDS) else f"{each}." for each in said))
