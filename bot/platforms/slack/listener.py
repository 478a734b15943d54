"""Words in: commands, buttons, forms, mentions, direct messages and the Home tab become sentences, by way of Bolt.

The answer rides the ack: a command is answered in the HTTP response (or the envelope of Socket Mode) itself. Bolt runs
with `process_before_response`, for otherwise it polls for the ack every ten milliseconds. What is slow, such as opening
a form, is done once the response is on its way. If the answer itself is late, an empty response goes out first and the
answer follows by another way; `Turn` sees to it that exactly one of the two happens.
"""

import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any

import orjson
from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.authorize import Authorize
from slack_sdk import WebClient

from bot.errors import OutsideError
from bot.platforms.sent_files import RECEIPT, kept
from bot.platforms.slack.agent_view import AgentView
from bot.platforms.slack.block_kit import FIELD, SAY, Json, fault, message, modal, origin
from bot.platforms.slack.client import TROUBLE, trouble, web_client
from bot.platforms.slack.files import fetches
from bot.platforms.slack.identity import Home, OwnHome, SlackPeople, SlackSpeaker
from bot.platforms.slack.manifest import PROMPTS
from bot.platforms.slack.messenger import Slack
from bot.platforms.slack.mrkdwn import heard, unescaped
from bot.platforms.slack.response_url import Hooks
from bot.platforms.text import cut, line, plain
from bot.ports import Hears, broken, in_language
from handlers.card import Card, Facts, Heading, Input, Text
from handlers.errors import RefusedError
from handlers.language import ENGLISH, N_, Words, say
from handlers.place import Place, home_of
from handlers.sentence import Sentence

SHORTCUTS: Mapping[str, str] = {"ask-for-more": "request", "what-is-left": "balance", "ask-about-this": "request"}
"""What the shortcuts of the manifest say."""

WORKERS = 4
QUOTE_MAX = 300
ASK_MAX_S = 3
ANY = re.compile("")
HOME_SENTENCE = "home"

_log = logging.getLogger("bursar.slack")


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """What can be set.

    Args:
        command: the slash command, to be named in advice; any command that Slack sends is heard.
        teams: workspaces and organizations whose members are ours, besides that of the bot token.
        native: draw tables and charts as Slack's own blocks.
        language: of the organization, for what is said to somebody unknown.
        agent: the app is one of Slack's agents: it suggests what to ask, and answers each message in a thread.
        all_by_bolt: let Bolt dispatch questions, too.
        prefix: of several workspaces, what the ids of the places of this one begin with, such as "T2/".
    """

    command: str = "/tokens"
    teams: frozenset[str] = frozenset()
    native: bool = True
    language: str = ENGLISH
    agent: bool = False
    all_by_bolt: bool = False
    prefix: str = ""


class Turn:
    """Whose turn it is to answer a request: the listener's, in the response, or the clock's, with an empty one."""

    __slots__ = ("_lock", "after")

    def __init__(self) -> None:
        self._lock = Lock()
        self.after: list[Callable[[], None]] = []

    def take(self) -> bool:
        """Take the turn; False if somebody else has it."""
        return self._lock.acquire(blocking=False)

    def then(self, work: Callable[[], None]) -> None:
        """Do something after the response: it is left to who sends it, or, if that was done, it is done now."""
        if self.take():
            self.after.append(work)
        else:
            work()


class SlackListener:
    """Hears what people say in Slack.

    Args:
        app: who answers.
        client: the Web API, with the bot token.
        settings: see Settings.
        asks: the same with little patience; made of the client if not said.
        home: which workspaces are ours; those of the token if not said.
    """

    def __init__(
        self,
        app: Hears,
        client: WebClient,
        settings: ListenerSettings = ListenerSettings(),
        asks: WebClient | None = None,
        home: Callable[[], Home] | None = None,
    ) -> None:
        self._app = app
        self._client = client
        self._settings = settings
        asks = asks or web_client(client.token, client.base_url, ASK_MAX_S)
        self._files = asks
        self._people = SlackPeople(app, asks, home or OwnHome(asks, settings.teams), settings.language)
        self._slack = Slack(client, native=settings.native, prefix=settings.prefix)
        self._hooks = Hooks(client.base_url, native=settings.native)
        self._agent = AgentView(asks) if settings.agent else None
        self._workers = ThreadPoolExecutor(WORKERS, "slack-after")
        self._bolt = self._wired()

    def dispatch(self, payload: Json, turn: Turn) -> BoltResponse:
        """Answer a payload that was verified."""
        asked = self._asked(payload, turn, at_once=False)
        if asked is not None:
            return asked
        return self._bolt.dispatch(BoltRequest(body=payload, mode="socket_mode", context={"turn": turn}))

    def at_once(self, payload: Json, turn: Turn) -> BoltResponse | None:
        """The answer to a payload that was verified, if it can be had here and now; None: it is to be dispatched."""
        return self._asked(payload, turn, at_once=True)

    def late(self, payload: Json) -> BoltResponse:
        """What to answer when the answer is not ready: nothing, or a view that asks for patience."""
        if payload.get("type") != "view_submission":
            return BoltResponse(status=200)
        view = modal(in_language(PATIENCE, self._settings.language), self._place(payload))
        return BoltResponse(status=200, body={"response_action": "update", "view": view})

    def after(self, turn: Turn) -> None:
        """Do what was put off until the response was on its way."""
        for work in turn.after:
            self._workers.submit(work).add_done_callback(report)

    def close(self) -> None:
        """Finish what was put off, and stop."""
        self._workers.shutdown()

    # Wiring ----------------------------------------------------------------------------------------------------------

    def _wired(self) -> App:
        bolt = App(
            name="bursar.slack.bolt",  # Bolt sets the level of the logger of this name
            client=web_client(None, self._client.base_url),
            authorize=_OneWorkspace(),
            process_before_response=True,
            request_verification_enabled=False,  # the verifier has done it, on the raw bytes
            ignoring_self_events_enabled=False,
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
            listener_executor=self._workers,
        )
        bolt.command(ANY)(self._commanded)
        bolt.action(re.compile(f"^{SAY}"))(self._pressed)
        bolt.view(ANY)(self._submitted)
        bolt.event("message")(self._written)
        bolt.event("app_mention")(self._written)
        bolt.event("app_home_opened")(self._home_opened)
        bolt.event("user_change")(self._user_changed)
        for ignored in (bolt.event, bolt.action, bolt.view_closed):
            ignored(ANY)(_ignored)
        bolt.shortcut(ANY)(self._shortcut)
        bolt.error(self._broken)
        return bolt

    # Questions, past Bolt (docs/explanation/decisions/0015) ----------------------------------------------------------

    def _asked(self, body: Json, turn: Turn, *, at_once: bool) -> BoltResponse | None:
        """The answer to a slash command that asks something of somebody who is known; None for all else."""
        if self._settings.all_by_bolt or "command" not in body or (at_once and "<" in body["text"]):
            return None
        try:
            identities = self._people.looked_for_as(_speaker(body))
            if not identities:
                return None
            words, place = self._words(body["text"]), self._typed_at(body)
            card = self._app.ask_linked(identities, words, place, at_once=at_once)
            return None if card is None else self._reply_command(_ack(), body, turn, card, place)
        except Exception as error:  # noqa: BLE001 - it is logged and told as what breaks behind Bolt is
            return self._broken(_ack(), body, BoltContext({"turn": turn}), error)

    def _typed_at(self, body: Json) -> Place:
        place = _conversation(body["channel_id"])
        return replace(place, id=f"{self._settings.prefix}{place.id}") if self._settings.prefix else place

    # Sentences -------------------------------------------------------------------------------------------------------

    def _commanded(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        words = self._words(body["text"])
        place = self._place(body)
        return self._reply(ack, body, context, self._hear(_speaker(body), words, place, {}, body["trigger_id"]), place)

    def _pressed(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        pressed = body["actions"][0]
        if pressed["type"] != "button":
            return ack()
        place = self._place(body)
        moment = body["message"]["ts"] or body.get("view", {}).get("id", "")
        delivery = f"{self._settings.prefix}{moment}/{pressed['action_ts'] or body['trigger_id']}/{body['user']['id']}"
        words = plain(unescaped(pressed["value"]))
        return self._reply(ack, body, context, self._hear(_speaker(body), words, place, _inputs(body), delivery), place)

    def _submitted(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        asked = origin(body["view"]["private_metadata"])
        place = self._place(body)
        if asked is None:
            return self._reply(ack, body, context, in_language(OUTDATED, self._settings.language), place)
        card = self._hear(_speaker(body), asked[0], place, _inputs(body), body["trigger_id"], body["files"])
        return self._reply(ack, body, context, card, place)

    def _written(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        if not _is_for_us(body):
            return ack()
        place = self._place(body)
        person = self._people.person(_speaker(body))
        if isinstance(person, Card):
            return self._reply(ack, body, context, person, place)
        words = self._words(body["event"]["text"], body["bot_user"])
        if place.thread:
            words = self._app.in_reply(
                "slack", f"{self._settings.prefix}{body['event']['channel']}/{place.thread}", words
            )
        if self._agent and not place.public:
            place = self._agent.threaded(place, body["event"], words, context["turn"].then)
        event_id, sent = body["event_id"], body["event"]["files"] if not place.public else []
        words = words or (RECEIPT if sent else "")
        try:
            named = self._kept(person, words, sent)
        except RefusedError as refused:
            return self._reply(ack, body, context, self._refusal(refused, person), place)
        self._app.answer(f"slack/{event_id}", Sentence(words, person, place, named, delivery=event_id))
        return ack()

    def _home_opened(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        event = body["event"]
        if event["tab"] == "home" and event["user"]:
            context["turn"].then(partial(self._publish, _speaker(body)))
        if event["tab"] == "messages" and event["user"] and self._agent:
            context["turn"].then(partial(self._suggest, _speaker(body), event["channel"]))
        return ack()

    def _user_changed(self, ack: Ack, body: Json) -> BoltResponse:
        self._people.changed(body["event"]["user"])
        return ack()

    def _shortcut(self, ack: Ack, body: Json, context: BoltContext) -> BoltResponse:
        says = SHORTCUTS.get(body["callback_id"])
        if says:
            words = self._words(body["text"])
            inputs = {"reason": cut(words, QUOTE_MAX)} if words else {}
            place = self._place(body)
            card = self._hear(_speaker(body), says, place, inputs, body["trigger_id"])
            return self._reply(ack, body, context, card, place)
        language = self._settings.language
        advice = say(language, "Say {command} help to see what I understand.", command=self._settings.command)
        card = Card(say(language, "I don't know that shortcut"), (Text(advice),), language=language)
        return self._reply(ack, body, context, card, self._place(body))

    def _broken(self, ack: Ack, body: Json, context: BoltContext, error: Exception) -> BoltResponse:
        """What a person sees of a bug here; the app has its own boundary behind `hear`."""
        number = secrets.token_hex(2)
        _log.error("Slack listener broke (%s)", number, exc_info=error)
        return self._reply(ack, body, context, broken(number, self._settings.language), self._place(body))

    def _hear(
        self,
        speaker: SlackSpeaker,
        words: str,
        place: Place,
        inputs: Mapping[str, str],
        delivery: str,
        sent: Sequence[str] = (),
    ) -> Card:
        person = self._people.person(speaker)
        if isinstance(person, Card):
            return person
        try:
            named = self._kept(person, words, sent)
        except RefusedError as refused:
            return self._refusal(refused, person)
        return self._app.hear(Sentence(words, person, place, {**inputs, **named}, delivery))

    def _kept(self, person: str, words: str, sent: Sequence[str]) -> dict[str, str]:
        """The field that names files that were sent, if the sentence can do something with them.

        Raises:
            RefusedError: one of them cannot be had or kept.
        """
        return kept(self._app, person, fetches(self._files, sent)) if sent and self._app.takes_file(words) else {}

    def _refusal(self, refused: RefusedError, person: str) -> Card:
        language = self._app.language(person)
        return Card(refused.said(language), tone="warn", fault=refused.fault, language=language)

    def _words(self, text: str, bot: str = "") -> str:
        return heard(text, bot, self._people.named)

    def _private(self, user: str) -> Place:
        return Place("slack", f"{self._settings.prefix}{user}")

    def _place(self, body: Json) -> Place:
        """Where something was said. In a channel, what is said by mention can be answered to the speaker alone."""
        if asked := origin(body.get("view", {}).get("private_metadata", "")):
            return asked[1]
        place = _place(body)
        return replace(place, id=f"{self._settings.prefix}{place.id}")

    # Answers ---------------------------------------------------------------------------------------------------------

    def _reply(self, ack: Ack, body: Json, context: BoltContext, card: Card, place: Place) -> BoltResponse:
        """Answer in the way that fits the kind of the request."""
        turn: Turn = context["turn"]
        if "command" in body:
            return self._reply_command(ack, body, turn, card, place)
        match body["type"]:
            case "view_submission":
                return self._reply_form(ack, body, turn, card, place)
            case "event_callback":
                turn.then(partial(self._tell, place, card))
            case _:
                turn.then(partial(self._show, body, card, place))
        return ack()

    def _reply_command(self, ack: Ack, body: Json, turn: Turn, card: Card, place: Place) -> BoltResponse:
        if card.inputs:
            turn.then(partial(self._open, body, card, place))
            return ack()
        answer = message(card, native=self._settings.native)
        answer["response_type"] = "ephemeral" if card.personal else "in_channel"
        if turn.take():
            return BoltResponse(status=200, body=orjson.dumps(answer).decode())
        self._hooks.answer(body["response_url"], card, public=not card.personal)
        return ack()

    def _reply_form(self, ack: Ack, body: Json, turn: Turn, card: Card, place: Place) -> BoltResponse:
        at_fault = _block_of(body["state"], card.fault)
        if at_fault:
            answer = {"response_action": "errors", "errors": {at_fault: fault(card)}}
        else:
            answer = {"response_action": "update", "view": modal(card, place)}
        if turn.take():
            return BoltResponse(status=200, body=answer)
        self._update(body, card, place)
        return ack()

    def _show(self, body: Json, card: Card, place: Place) -> None:
        """Show the answer to a press: where it was pressed, and to nobody else.

        The message that was pressed shows a decision itself, so that nobody reads it twice.
        """
        view = body.get("view", {})
        url = body.get("response_url")
        if view.get("type") == "modal":
            self._update(body, card, place)
        elif card.inputs or view or not url:
            self._open(body, card, place)
        elif not self._says_so_itself(body, card):
            self._hooks.answer(url, card, public=False)

    def _says_so_itself(self, body: Json, card: Card) -> bool:
        """Whether the message that was pressed becomes the answer, but for a few figures."""
        receipt = f"{self._settings.prefix}{body['channel']['id']}/{body['message']['ts']}"
        own = self._app.look("slack", receipt, "")
        if own is None or own.title != card.title:
            return False
        return all(isinstance(block, Facts) for block in card.blocks if block not in own.blocks)

    def _open(self, body: Json, card: Card, place: Place) -> None:
        try:
            try:
                self._client.views_open(trigger_id=body["trigger_id"], view=modal(card, place))
            except (
                TROUBLE
            ):  # an app of an older manifest may not read files, and Slack opens no form with a field of one
                bare = _without_files(card)
                if bare == card:
                    raise
                self._client.views_open(trigger_id=body["trigger_id"], view=modal(bare, place))
        except TROUBLE as error:
            _log.warning("%s", trouble(Words("Open a form"), error))
            instead = in_language(TOO_LATE, card.language) if card.inputs else card
            url = body.get("response_url")
            if not url or not self._hooks.answer(url, instead, public=False):
                self._tell(self._private(_speaker(body).user), instead)

    def _update(self, body: Json, card: Card, place: Place) -> None:
        try:
            self._client.views_update(view_id=body["view"]["id"], view=modal(card, place))
        except TROUBLE as error:
            _log.warning("%s", trouble(Words("Change a form"), error))
            self._tell(self._private(body["user"]["id"]), card)

    def _publish(self, speaker: SlackSpeaker) -> None:
        """Show the Home tab. What is shown to somebody we know stays true from then on."""
        person, place = self._people.person(speaker), home_of(self._private(speaker.user))
        if isinstance(person, Card):
            self._tell(place, person)
        else:
            self._app.show_home(Sentence(HOME_SENTENCE, person, place))

    def _suggest(self, speaker: SlackSpeaker, channel: str) -> None:
        """Suggest what to ask, in the person's language; first what waits for them, if anything does."""
        person = self._people.person(speaker)
        if self._agent and not isinstance(person, Card):
            waits = self._app.hear(Sentence(HOME_SENTENCE, person, self._private(speaker.user)))
            prompts = [(say(waits.language, title), says) for title, says in PROMPTS]
            if any(isinstance(block, Heading) for block in waits.blocks):
                prompts = [(line(waits.title), HOME_SENTENCE), *prompts[:-1]]
            self._agent.suggest(channel, prompts)

    def _tell(self, place: Place, card: Card) -> None:
        try:
            self._slack.show(place, card, "")
        except OutsideError as error:
            _log.warning("%s", error)


class _OneWorkspace(Authorize):
    """Lets Bolt ask nobody: there is one workspace and one token, and the verifier has checked whose request it is."""

    def __init__(self) -> None:
        """Nothing to prepare."""

    def __call__(self, **_context: object) -> AuthorizeResult:
        return AUTHORIZED


def _ack() -> Ack:
    """What Bolt gives its listeners."""
    return Ack()  # type: ignore[no-untyped-call]


def _ignored(ack: Ack) -> BoltResponse:
    return ack()


def report(done: Future[Any]) -> None:
    """Log what broke in work that nobody waits for."""
    error = done.exception()
    if error is not None:
        _log.error("What was to be done after an answer broke.", exc_info=error)


def _speaker(body: Json) -> SlackSpeaker:
    """Who speaks. An organization is named beside the workspace in which somebody types or presses."""
    if "command" in body:
        return _member(body["user_id"], body["team_id"], body["enterprise_id"])
    if body["type"] == "event_callback":
        return _member(body["event"]["user"], body["event"]["team"])
    user = body["user"]
    if user["team_id"]:
        return _member(user["id"], user["team_id"])
    return _member(user["id"], body["team"]["id"], body["enterprise_id"])


def _member(user: str, *teams: str) -> SlackSpeaker:
    return SlackSpeaker(user, tuple(filter(None, teams)))


def _without_files(card: Card) -> Card:
    return replace(
        card, blocks=tuple(each for each in card.blocks if not isinstance(each, Input) or each.form != "file")
    )


def _place(body: Json) -> Place:
    """Where something was said, as its workspace itself has it."""
    if "command" in body:
        return _conversation(body["channel_id"])
    if body["type"] == "event_callback":
        event = body["event"]
        place = _conversation(event["channel"], event["thread_ts"])
        return replace(place, id=f"{place.id}/{event['user']}") if place.public else place
    channel = body.get("channel", {}).get("id", "")
    return _conversation(channel, body["message"]["thread_ts"]) if channel else Place("slack", body["user"]["id"])


def _conversation(channel: str, thread: str = "") -> Place:
    return Place("slack", channel, public=not channel.startswith("D"), thread=thread)


def _inputs(body: Json) -> dict[str, str]:
    return {
        action_id.removeprefix(FIELD): plain(unescaped(value))
        for block in body["state"].values()
        for action_id, value in block.items()
        if action_id.startswith(FIELD)
    }


def _block_of(state: Json, name: str) -> str:
    """The id of the block with the field of that name, "" if there is none."""
    return next((block_id for block_id, block in state.items() if name and FIELD + name in block), "")


def _is_for_us(body: Json) -> bool:
    """Whether an event is a person speaking to us now: no bot, not ourselves, no edit, no other conversation."""
    event = body["event"]
    if event["bot_id"] or event["edited"] or event["user"] in {"", body["bot_user"]}:
        return False
    if event["subtype"] not in SPOKEN or (event["subtype"] and not event["text"].strip() and not event["files"]):
        return False
    return bool(event["channel"]) and (event["type"] == "app_mention" or event["channel_type"] == "im")


SPOKEN = frozenset({"", "thread_broadcast", "file_share"})
"""Kinds of messages that a person writes: plain, a reply that is shown in the chat as well, and one with a file."""
AUTHORIZED = AuthorizeResult(enterprise_id=None, team_id=None)
PATIENCE = Card(N_("One moment"), (Text(N_("This takes a little longer. The answer appears here.")),))
OUTDATED = Card(
    N_("This form is from an older version"), (Text(N_("Nothing was changed. Please open it again.")),), "warn"
)
TOO_LATE = Card(
    N_("The form could not be opened"),
    (Text(N_("Slack gives three seconds for that, and they were over. Nothing was changed. Please say it again.")),),
    "warn",
)
