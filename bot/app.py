"""Hear, handle, tick, deliver: the bot as a whole. It is put together here; nothing is made at import."""

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

import handlers
from bot import trouble_cards
from bot.config import ProviderSettings, Settings
from bot.delivery import Delivery
from bot.directory.reading import PeopleReading
from bot.directory.source import UnusableSourceError
from bot.errors import OutsideError, UnreachableError
from bot.exports import files
from bot.metrics import HEARD, timed
from bot.outcomes import OutcomeSource
from bot.ports import Platform
from bot.providers.base import Provider
from bot.request_ids import number, numbered
from bot.schedule import Schedule
from bot.shared_clock import SharedClock
from bot.sync.limits import LimitSync
from bot.sync.live import LiveLimits
from bot.sync.outcomes import read_outcomes
from bot.sync.usage import Reading
from bot.texts import in_words
from bot.upkeep import Upkeep
from handlers.card import CARD, Button, Card, Text
from handlers.context import CHAT_PLATFORMS, CLOCK, NOWHERE, Context, place_to_json, spoken_to
from handlers.errors import RefusedError
from handlers.events import CheckRequests, CheckTokens, Event, GiveAllotments, Raiser
from handlers.parser import Command
from handlers.place import HOME, UNLINKED, Place
from handlers.planning import counting
from handlers.policy import Policy, Vendor
from handlers.programs import Call, Caller, CallType, Shape
from handlers.requests import keep_receipt, opened
from handlers.sentence import Sentence
from storage import (
    aliases,
    exceptions,
    idempotency,
    outbox,
    people,
    promotions,
)
from storage.db import POOL_WAIT_S, BusyError, Database, InDoubtError, why_unusable
from storage.directory import Directory, Link, Person

log = structlog.get_logger()

DELIVERY_MAX = 250  # letters of a delivery's id that are kept; no platform sends longer ones


def utc_now() -> datetime:
    """The moment. The one clock of the program; everything below is given it."""
    return datetime.now(UTC)


class WritesError(Exception):
    """What was asked as a question would do something; nothing was changed."""


class KeyUsedError(Exception):
    """Under this key something else was ordered before."""


class BrokeError(Exception):
    """A bug of ours, under the number that the log has."""


@dataclass(eq=False)
class App:
    """A whole bot.

    Args:
        settings: app.yaml.
        database: migrated.
        platforms: those that this process can show cards on, by name.
        providers: those that this process can reach, by name.
        directory: gives all that the people sources say.
        now: the clock.
        link_by_email: whether a verified e-mail address is enough to know somebody, by platform; True if not said.
        outcomes: where it is counted what came out of the work of teams, by name.
        wake: set when there is something to deliver.
        looked_s: when it was last looked whether something is due, by a clock that only goes forward; 0 for never.
        unwritable: why the database took no writes at the last tick, "" if it did.
    """

    settings: Settings
    database: Database
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    directory: Callable[[], Directory] = Directory
    now: Callable[[], datetime] = utc_now
    link_by_email: Mapping[str, bool] = field(default_factory=dict)
    outcomes: Mapping[str, OutcomeSource] = field(default_factory=dict)
    wake: threading.Event = field(default_factory=threading.Event)
    looked_s: float = field(default=0.0, init=False)
    unwritable: str = field(default="", init=False)

    def __post_init__(self) -> None:
        vendors = tuple(self._vendor(each) for each in self.settings.providers if each.name in self.providers)
        self.policy: Policy = self.settings.policy.model_copy(update={"vendors": vendors})
        self._call_models()
        self._let_shadows_count()
        self.limits = LimitSync(self.database, self.handle, self.now)
        self.live = LiveLimits(self.limits, self.providers, self.now)
        self.upkeep = Upkeep(self.database)

    def _call_models(self) -> None:
        """Learn by which names people ask for models; another replica may have read them."""
        with suppress(BusyError):
            self.policy.call_models(self.database.ask(aliases.of_models))

    def _let_shadows_count(self) -> None:
        """Let shadow budgets bind whose day has come; another replica may have been told so."""
        with suppress(BusyError):
            starts = self.database.ask(promotions.starts)
            self.policy.let_count(counting(self.policy, starts, self.now()))

    def _vendor(self, one: ProviderSettings) -> Vendor:
        """What a provider declares, less what app.yaml forbids."""
        provider = self.providers[one.name]
        forbidden = {"set_limit", "pause"} if one.limits == "read" else set()
        return Vendor(
            name=one.name,
            service=one.service,
            kind=one.kind,
            account=one.account,
            can=frozenset(provider.can - forbidden),
            limited=frozenset(provider.limited),
            window=provider.window,
            step_nanos=provider.step_nanos,
            cannot=provider.cannot,
            zero_is_cost=provider.zero_is_cost,
            live=provider.live,
        )

    def close(self) -> None:
        """Let all connections go."""
        self.live.close()
        for provider in self.providers.values():
            provider.close()
        for source in self.outcomes.values():
            source.close()
        self.database.close()

    # Hear ----------------------------------------------------------------------------------------------------------

    @numbered
    def hear(self, sentence: Sentence) -> Card:
        """Answer a sentence. It never raises: a refusal, a busy database and a bug of ours are cards, too."""
        try:
            card = self.carry_out(sentence)
        except RefusedError as refused:
            return trouble_cards.refusal(refused, self.language(sentence.person))
        except InDoubtError:
            return trouble_cards.in_doubt(self._own_language)
        except BusyError:
            return trouble_cards.busy(self._own_language)
        except Exception as trouble:  # noqa: BLE001 - a boundary; it is logged there
            return self._broke(trouble, sentence.place, sentence.person)
        return card if sentence.person == CLOCK.id else card.whole

    @numbered
    def ask_linked(self, identities: Sequence[str], text: str, place: Place, *, at_once: bool = False) -> Card | None:
        """Answer a question of somebody by what their platform calls them: who they are stands in the same snapshot.

        Args:
            identities: at the platform of the place, in the order in which they are looked for.
            text: what is asked.
            place: where.
            at_once: only if it can be done within a few milliseconds, and waits for nothing.

        Returns:
            What `hear` would answer. None for what is to be said to `hear`: it is no question, nobody is known by the
            identities, or more is needed than the database.
        """
        one, rest = handlers.parse_command(text)
        if one.writes or (at_once and (rest or not one.at_once or not self.database.is_sqlite)):
            return None
        try:
            with timed(HEARD, one.name, "sentence", platform=place.platform):
                card = self.database.ask(
                    lambda conn: self._answer_linked(conn, identities, place, one, rest),
                    0 if at_once else POOL_WAIT_S,
                    people.speaker_key(place.platform, identities),
                    anywhere=one.long,
                )
        except BusyError:
            return None if at_once else trouble_cards.busy(self._own_language)
        except Exception as trouble:  # noqa: BLE001 - a boundary; it is logged there
            return self._broke(trouble, place)
        return None if card is None or card.stale or card.whole.files else card.whole

    def _answer_linked(
        self, conn: Connection, identities: Sequence[str], place: Place, one: Command, rest: str
    ) -> Card | None:
        found = people.speaker(conn, place.platform, identities)
        if found is None or not found[0].active:
            return None
        person, line = found
        ctx = Context(conn, self.now(), person, place, self.policy, {person.id: person})
        ctx.excepted.append(exceptions.running_now(conn))
        ctx.stand_in(line)
        try:
            return replace(handlers.answer(one, rest, {}, ctx), language=ctx.language)
        except RefusedError as refused:
            return trouble_cards.refusal(refused, ctx.language)

    def _broke(self, trouble: Exception, place: Place, person: str = "") -> Card:
        """What somebody sees of a bug of ours, or of a database that is not well."""
        if why := why_unusable(trouble):
            log.error("the database cannot be used", why=why, person=person, platform=place.platform)
            return trouble_cards.unusable(why, self._own_language)
        incident = number()
        log.error("broke", incident=incident, person=person, platform=place.platform, exc_info=trouble)
        return trouble_cards.broke(incident, self._own_language)

    @property
    def _own_language(self) -> str:
        """That of the organization, for who is not known."""
        return spoken_to(None, self.policy)

    def language(self, person_id: str) -> str:
        """The language of somebody; that of the organization for who is not known, and while the database is busy."""
        try:
            person = self.database.ask(lambda conn: people.person(conn, person_id))
        except BusyError:
            person = None
        return spoken_to(person, self.policy)

    def chose_language(self, person_id: str) -> bool:
        """Whether somebody said in which language they want to be spoken to."""
        person = self.database.ask(lambda conn: people.person(conn, person_id))
        return bool(person and person.language)

    def carry_out(self, sentence: Sentence) -> Card:
        """The same for whoever must know whether it was done.

        Raises:
            RefusedError: no, and why.
            BusyError: the database had no time; nothing was changed, unless it is an `InDoubtError`.
        """
        one, rest = handlers.parse_command(sentence.text)
        with timed(HEARD, one.name, "order" if one.writes else "sentence", platform=sentence.place.platform):
            return self._order(sentence, one, rest) if one.writes else self._question(sentence, one, rest)

    @numbered
    def answers(self, person: str, place: Place, texts: Sequence[str]) -> list[Card | RefusedError]:
        """Answers to several questions out of one snapshot, so that their figures agree.

        What opens a form when it is said alone, such as `request`, is answered, too.

        Args:
            person: id of who asks.
            place: where.
            texts: the questions.

        Returns:
            A card for each, or why it is refused.

        Raises:
            WritesError: one of them would do something.
            BusyError: the database had no time.
            BrokeError: a bug of ours.
        """
        stale: set[tuple[str, str, str]] = set()

        def one(conn: Connection, text: str) -> Card | RefusedError:
            if handlers.is_order(text):
                raise WritesError(text)
            said, rest = handlers.parse_command(text)
            try:
                with timed(HEARD, said.name, "sentence", platform=place.platform):
                    card = self._answer(conn, Sentence(text, person, place), said, rest)
            except RefusedError as refused:
                return refused
            stale.update(card.stale)
            return replace(card, stale=())

        def ask() -> list[Card | RefusedError]:
            return self.database.ask(lambda conn: [one(conn, text) for text in texts], anywhere=True)

        try:
            found = ask()
            return ask() if stale and self.live.refreshed(tuple(sorted(stale))) else found
        except (BusyError, WritesError):
            raise
        except Exception as bug:
            if why_unusable(bug) == "read_only":  # questions are asked where nothing can be written
                raise WritesError(str(texts)) from bug
            incident = number()
            log.exception("broke", incident=incident, person=person, platform=place.platform)
            raise BrokeError(incident) from bug

    @numbered
    def call(self, caller: Caller, speaker: str, call: Call, key: str = "") -> Shape:
        """Answer a program.

        Args:
            caller: the program.
            speaker: id of the person for whom it speaks.
            call: what it says.
            key: names this order; under the same key it is carried out once, and answered the same.

        Raises:
            RefusedError: no, and why. Nothing was changed, so the same key may be used again.
            KeyUsedError: something else was said under this key.
            BusyError: the database had no time; nothing was changed, unless it is an `InDoubtError`.
            BrokeError: a bug of ours; nothing was changed.
        """
        kind = handlers.CALLS[type(call)]
        try:
            with timed(HEARD, kind.name, "order" if kind.writes else "sentence", platform="api"):
                if not kind.writes:
                    return self.database.ask(lambda conn: self._called(conn, kind, caller, speaker, call))
                answer = self.database.transact(
                    lambda conn: self._called_once(conn, kind, caller, speaker, call, key), in_turn=True
                )
        except (RefusedError, BusyError, KeyUsedError):
            raise
        except Exception as bug:
            if why_unusable(bug):
                raise BusyError("the database cannot be used") from bug
            incident = number()
            log.exception("broke", incident=incident, person=speaker, what=kind.name)
            raise BrokeError(incident) from bug
        self.wake.set()
        return answer

    def _called(self, conn: Connection, kind: CallType, caller: Caller, speaker: str, call: Call) -> Shape:
        ctx = self._context(conn, Sentence("", speaker, Place("api", caller.name)))
        answer: Shape = kind.handler(ctx, caller, call)
        ctx.write()
        return answer

    def _called_once(
        self, conn: Connection, kind: CallType, caller: Caller, speaker: str, call: Call, key: str
    ) -> Shape:
        if not key:
            return self._called(conn, kind, caller, speaker, call)
        delivery = f"api/{caller.name}/{sha256(key.encode()).hexdigest()}"
        said = sha256(f"{kind.name} {call.model_dump_json()}".encode()).hexdigest()
        before = idempotency.answer_of(conn, delivery)
        if before is not None:
            was, _, answer = before.partition(" ")
            if was != said:
                raise KeyUsedError(key)
            return kind.answer.model_validate_json(answer)
        given = self._called(conn, kind, caller, speaker, call)
        idempotency.keep(conn, delivery, f"{said} {given.model_dump_json()}", self.now())
        return given

    @numbered
    def handle(self, event: Event, by: Raiser, delivery: str = "") -> bool:
        """Handle an event, in one transaction.

        Args:
            event: what happened.
            by: who raises it.
            delivery: the outbox's id of this delivery; under the same id it is handled once.

        Returns:
            Whether it was handled. A busy database or a bug of ours is not; then nothing was changed, and it must be
            raised again. An event that is refused, for the world has moved on, is handled.
        """
        kind = handlers.event_type_of(event)
        try:
            if by not in kind.by:
                raise PermissionError(f"{by} may not raise {kind.name}.")  # noqa: TRY301 - a bug, logged as all are
            with timed(HEARD, kind.name, "event"):
                if kind.looks and self.database.looked(lambda conn: self._finds_nothing(conn, event)):
                    return True
                self.database.transact(lambda conn: self._handle(conn, event, delivery), in_turn=not kind.bulk)
        except RefusedError as refused:
            log.info("event refused", what=kind.name, why=str(refused))
        except BusyError:
            return False
        except Exception:
            log.exception("broke", incident=number(), what=kind.name)
            return False
        self.wake.set()
        return True

    def _handle(self, conn: Connection, event: Event, delivery: str) -> None:
        if delivery and not idempotency.note(conn, f"event/{delivery}"[-DELIVERY_MAX:], self.now()):
            return
        self._handled(conn, event).write()

    def _finds_nothing(self, conn: Connection, event: Event) -> bool:
        """Whether an event leaves everything as it is; asked where nothing can be written."""
        left = self._handled(conn, event).outgoing
        return not (left.deeds or left.items)

    def _handled(self, conn: Connection, event: Event) -> Context:
        """The context in which an event was handled, with what is still to be written."""
        ctx = Context(conn, self.now(), CLOCK, NOWHERE, self.policy)
        handlers.event_type_of(event).handler(ctx, event)
        return ctx

    def _question(self, sentence: Sentence, one: Command, rest: str) -> Card:
        def ask() -> Card:
            anywhere = one.long or sentence.person == CLOCK.id
            return self.database.ask(lambda conn: self._answer(conn, sentence, one, rest), anywhere=anywhere)

        card = ask()
        if card.stale and self.live.refreshed(card.stale):
            card = ask()
        card = replace(card, stale=())
        return self._in_private(sentence, card) if card.whole.files else card

    def _in_private(self, sentence: Sentence, card: Card) -> Card:
        """Send an answer that has files to who asked, in private; where that is not possible, it is the answer."""
        key = f"file/{sentence.delivery or secrets.token_hex(8)}"

        def work(conn: Connection) -> Card | None:
            ctx = self._context(conn, sentence)
            told = ctx.tell(ctx.person.id, key, card)
            ctx.write()
            return Card(card.title, (Text(ctx.t("The file is in your direct messages.")),)) if told else None

        if sentence.place.platform not in CHAT_PLATFORMS:
            return card
        answer = self.database.transact(work)
        self.wake.set()
        return answer or card

    def _order(self, sentence: Sentence, one: Command, rest: str) -> Card:
        delivery = f"{sentence.place.platform}/{sentence.delivery}"[-DELIVERY_MAX:] if sentence.delivery else ""

        def ask_ahead(conn: Connection) -> None:
            if delivery:
                idempotency.ask_ahead(conn, delivery)
            if sentence.person != CLOCK.id:
                exceptions.ask_ahead_for_speaker(conn, sentence.person)

        def alone(conn: Connection) -> Card:
            ask_ahead(conn)
            return work(conn)

        def work(conn: Connection) -> Card:
            before = idempotency.answer_of(conn, delivery) if delivery else None
            if before is not None:
                return CARD.validate_json(before)
            card = self._answer(conn, sentence, one, rest)
            if delivery:
                idempotency.keep(conn, delivery, CARD.dump_json(card).decode(), self.now())
            return card

        beside = self._beside(ask_ahead, work, one, rest)
        card = beside or self.database.transact(alone, in_turn=not one.bulk)
        self.wake.set()
        return card

    def _beside(
        self, ask_ahead: Callable[[Connection], None], work: Callable[[Connection], Card], one: Command, rest: str
    ) -> Card | None:
        """Carry out an order beside others of its kind, where the database can do that and it may; None if not."""
        apart = one.beside
        if apart is None or self.database.is_sqlite:
            return None
        return self.database.transact(
            lambda conn: work(conn) if apart(conn, rest, ask_ahead) else None, turn="decisions"
        )

    def _answer(self, conn: Connection, sentence: Sentence, one: Command, rest: str) -> Card:
        ctx = self._context(conn, sentence)
        return replace(handlers.answer(one, rest, sentence.inputs, ctx), language=ctx.language)

    def _context(self, conn: Connection, sentence: Sentence) -> Context:
        if sentence.person == CLOCK.id:
            return Context(conn, self.now(), CLOCK, sentence.place, self.policy, {CLOCK.id: CLOCK})
        person, running = exceptions.speaker(conn, sentence.person)
        if person is None or not person.active:
            raise RefusedError("I don't know you. Ask an admin to add you to the people of Bursar.")
        known: dict[str, Person | None] = {person.id: person}
        return Context(conn, self.now(), person, sentence.place, self.policy, known, excepted=[tuple(running)])

    # Files ---------------------------------------------------------------------------------------------------------

    def takes_file(self, text: str) -> bool:
        """Whether a sentence can do something with a file that was sent with it."""
        return bool(self.policy.claims.categories) and handlers.takes_file(text)

    def keep_receipt(self, person: str, content: bytes) -> str:
        """Keep a file that somebody sent; its number, for the field of a form.

        Args:
            person: id of who sent it.
            content: of the file.

        Raises:
            RefusedError: it can be no receipt.
            BusyError: the database had no time; nothing was kept.
        """

        def work(conn: Connection) -> str:
            return keep_receipt(self._context(conn, Sentence("", person, NOWHERE)), content)

        return self.database.transact(work, in_turn=True)

    def receipt(self, person: str, place: Place, name: str) -> tuple[str, bytes]:
        """The content of a receipt, and its type, for somebody who may see it; the audit says who looked.

        Args:
            person: id of who looks.
            place: where.
            name: such as "receipt-42-1.pdf".

        Raises:
            RefusedError: there is none, or it is not for them.
            BusyError: the database had no time.
        """

        def work(conn: Connection) -> tuple[str, bytes]:
            ctx = self._context(conn, Sentence("", person, place))
            found = opened(ctx, name)
            ctx.write()
            return found

        return self.database.transact(work, in_turn=True)

    # Who -----------------------------------------------------------------------------------------------------------

    def who(self, platform: str, external_id: str) -> str | None:
        """The id of the person that an identity on a platform is linked to, or None."""
        account = self.database.ask(lambda conn: people.linked(conn, platform, "user", external_id))
        return account.removeprefix("person/") if account and account.startswith("person/") else None

    def introduce(self, platform: str, external_id: str, email: str) -> str | None:
        """Link an identity by the e-mail address that its platform has verified, if app.yaml allows it.

        Returns:
            The person's id, or None if no active person has that address.
        """

        def work(conn: Connection) -> str | None:
            found = people.person_by_email(conn, email) if self.link_by_email.get(platform, True) else None
            if found is None:
                return None
            if people.link(conn, Link(platform, "user", external_id, f"person/{found.id}"), "email"):
                outbox.wake(conn, UNLINKED, [found.id], self.now())
            return found.id

        person = self.database.transact(work)
        self.wake.set()
        return person

    def everybody(self) -> list[Person]:
        """All active people, by name."""
        return self.database.ask(people.active_people)

    # Show ----------------------------------------------------------------------------------------------------------

    def answer(self, key: str, sentence: Sentence) -> None:
        """Hear a sentence and have its card shown through the outbox, once under a key.

        The outbox keeps no secret. A card that has one is shown at once; if that fails, it is shown without.
        """
        card = self.hear(sentence)
        platform = self.platforms.get(sentence.place.platform)
        if card.has_secret and platform:
            try:
                platform.show(sentence.place, card, "")
            except OutsideError as trouble:
                log.warning("a secret could not be shown", why=str(trouble))
            else:
                return
        self.post(key, sentence.place, card)

    def post(self, key: str, place: Place, card: Card) -> None:
        """Have a card shown through the outbox, once under a key."""

        def work(conn: Connection) -> None:
            context = Context(conn, self.now(), CLOCK, place, self.policy)
            if idempotency.note(conn, f"answer/{key}", self.now()):
                context.show(key, place, card, language=card.language)
                context.write()

        self.database.transact(work)
        self.wake.set()

    def look(self, platform: str, receipt: str, reader: str) -> Card | None:
        """A message as one of its readers should see it now; None if the outbox has no such message.

        Args:
            platform: where.
            receipt: of the message.
            reader: id of the person who looks, "" for somebody unknown.
        """
        item = self.database.ask(lambda conn: outbox.shown_as(conn, platform, receipt))
        if item is None:
            return None
        said = json.loads(item.payload)
        card = CARD.validate_python(said["card"])
        return self.views(card, [reader])[0] if said["place"]["public"] and not card.personal else card

    def show_home(self, sentence: Sentence) -> None:
        """Show somebody's Home: the answer to a sentence, at a place that is one. It is drawn again when it changes."""
        place, card = sentence.place, self.hear(sentence)
        said = {"place": place_to_json(place), "card": CARD.dump_python(card, mode="json"), "below": ""}

        def work(conn: Connection) -> None:
            now = self.now()
            key = f"{HOME}@{place}"
            outbox.ensure(conn, key, "show", place.platform, json.dumps(said), now, now, again=True)

        self.database.transact(work)
        self.wake.set()

    def in_reply(self, platform: str, receipt: str, words: str) -> str:
        """What words mean that somebody wrote in reply to a message: see handlers.in_reply.

        Args:
            platform: where.
            receipt: of the message.
            words: as they were written.
        """
        item = self.database.ask(lambda conn: outbox.shown_as(conn, platform, receipt))
        if item is None:
            return words
        return handlers.in_reply(item.key, CARD.validate_python(json.loads(item.payload)["card"]), words)

    def views(self, card: Card, readers: Sequence[str]) -> list[Card]:
        """A card that several people read, as each of them should see it: with the buttons that are of use to them.

        What a press may do is looked up when it is pressed; this only spares people buttons that would be refused.

        Args:
            card: as it was made, for all.
            readers: ids of persons; "" is somebody unknown.
        """
        return self.database.ask(lambda conn: [self._view(conn, card, reader) for reader in readers])

    def _view(self, conn: Connection, card: Card, reader: str) -> Card:
        person = people.person(conn, reader)
        known = person if person and person.active else Person(id="", name="")
        ctx = Context(conn, self.now(), known, NOWHERE, self.policy)
        kept = (each for each in card.blocks if not isinstance(each, Button) or handlers.may_say(ctx, each.says))
        return replace(card, blocks=tuple(kept))

    def reshow(self, platform: str, receipt: str, card: Card) -> bool:
        """Let an answer that was shown become the answer to a press on it.

        A message about something of its own, such as a request to decide, is left alone: it shows how that stands.

        Returns:
            Whether it becomes so.
        """

        def work(conn: Connection) -> bool:
            item = outbox.shown_as(conn, platform, receipt)
            if item is None or not item.key.startswith(f"{platform}/"):
                return False
            payload = json.dumps(json.loads(item.payload) | {"card": CARD.dump_python(card, mode="json")})
            outbox.ensure(conn, item.key, "show", item.target, payload, self.now(), self.now())
            return True

        became = self.database.transact(work)
        self.wake.set()
        return became

    def messages(self, place: Place) -> Sequence[tuple[str, int, Card]]:
        """What has been shown at a place: id, version and card of each message, oldest first."""
        items = self.database.ask(lambda conn: outbox.shown_at(conn, place.platform, place.id))
        return [
            (str(item.id), item.version, CARD.validate_python(json.loads(item.payload)["card"]))
            for item in items
            if item.state == "done"
        ]

    def sentences(self) -> list[tuple[str, str]]:
        """The menu: an example of each command, and what it is for."""
        return [(one.example, one.texts[0]) for one in handlers.COMMANDS.values() if not one.hidden]

    def file(self, name: str) -> AbstractContextManager[Path]:
        """The file of a name, such as "focus-1.2-2026-10.csv", made now and gone afterwards.

        Raises:
            KeyError: there is no export of that name.
        """
        return files.made(self.database, self.policy, name)

    # Tick ----------------------------------------------------------------------------------------------------------

    def knows_people(self) -> bool:
        """Whether the people sources were ever read here."""
        return self.database.ask(people.any_known)

    def refresh_people(self, *, anew: bool = False) -> str:
        """Make people, teams and links as the people sources say, and give newcomers their allotment.

        A source that cannot be read, or not be believed, leaves everybody as they were. Sources that say the same as
        on the last reading of the day are not read again.

        Args:
            anew: read them in any case, for whoever wants to know what cannot be used of them.

        Returns:
            Why nothing was learnt, or "".

        Raises:
            OutsideError: a source cannot be asked, and nobody is known yet.
            UnusableSourceError: a source contradicts itself, and nobody is known yet.
        """
        reading = PeopleReading(self.database, self.directory, self.policy, self.providers, self.now)
        learnt = reading.read(anew=anew)
        self.handle(GiveAllotments(), "clock")
        self.handle(CheckRequests(learnt.renamed), "clock")
        self.handle(CheckTokens(), "clock")
        return learnt.why

    def tick(self) -> None:
        """Write what is due by the calendar into the outbox. Every replica does; the same slot is one item."""
        schedule = Schedule(self.settings.schedule, self.settings.providers, self.providers, tuple(self.outcomes))
        if isinstance(self.now, SharedClock):
            self.now.sync(self.database.time)
        try:
            self.database.transact(lambda conn: schedule.write(conn, self.policy, self.now()))
            self.upkeep.note_skew(self.now)
        except DBAPIError as trouble:
            self.unwritable = why_unusable(trouble) or type(trouble.orig or trouble).__name__
            raise
        self.unwritable = ""
        self._call_models()
        self._let_shadows_count()
        self.wake.set()
        self.upkeep.compact()
        self.upkeep.look_at_replica(self.now())

    def deliver(self, lane: str = "") -> int:
        """Deliver what is due out of the outbox, in all lanes or in one; how many items were looked at."""
        delivery = self._delivery()
        return delivery.deliver(delivery.lanes()[lane] if lane else None)

    def welcome(self) -> None:
        """Somewhere else people can be written to now: they are looked for again, and what waits for them is sent."""
        try:
            self.refresh_people(anew=True)
        except (OutsideError, UnusableSourceError) as trouble:
            log.warning("people were not refreshed", why=in_words(trouble))
        self.database.transact(lambda conn: outbox.wake(conn, UNLINKED, outbox.waiting_at(conn, UNLINKED), self.now()))
        self.wake.set()

    def pause(self, name: str, trouble: UnreachableError) -> None:
        """Let all that is for a chat platform, or one of its workspaces such as "slack/T2", wait until it is well."""
        self._delivery().pause(name, trouble)

    def waiting_lanes(self) -> set[str]:
        """The lanes of the outbox in which something is due; each may be delivered beside the others."""
        return self._delivery().waiting()

    def _delivery(self) -> Delivery:
        return Delivery(self.database, self.platforms, self.providers, self.now, self.limits, self, self.outcomes)

    def read_outcomes(self, name: str) -> str:
        """Read what a source of outcomes counts; what came of it, in a word for the outbox.

        Raises:
            OutsideError: it cannot be asked; what was known before stands.
        """
        rules = next(each for each in self.settings.outcomes if each.called == name)
        return read_outcomes(self.database, self.outcomes[name], rules, self.policy, self.now)

    def reading(self, name: str) -> Reading:
        """How a provider is read, as app.yaml says."""
        each = next(one for one in self.settings.providers if one.name == name)
        return Reading(self.policy, each.days_back, each.history_days)
