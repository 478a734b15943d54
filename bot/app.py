"""Hear, tick, deliver: the bot as a whole. It is put together here; nothing is made at import."""

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection

import handlers
from bot.config import ProviderSettings, ScheduleLine, Settings
from bot.directory.source import Unusable
from bot.errors import Outside, Undeliverable, Unreachable
from bot.exports import files
from bot.metrics import DELIVERED, HEARD, timed
from bot.ports import Platform
from bot.providers.base import Provider
from bot.sync.limits import Equal
from bot.sync.usage import Reading, pull
from handlers.card import CARD, Button, Card
from handlers.context import CLOCK, Context, place_to_json
from handlers.errors import Refused
from handlers.parser import Command
from handlers.place import Place, named_place
from handlers.policy import House, Vendor, next_workday
from handlers.sentence import Sentence
from storage import idempotency, ingest, outbox, people
from storage.db import Busy, Database
from storage.directory import Directory, Link, Person
from storage.outbox import Wish

log = structlog.get_logger()

CLAIM_MAX = 20
LEASE = {"pull": timedelta(minutes=15)}
BACKOFF_FIRST = timedelta(seconds=5)
BACKOFF_MAX = timedelta(hours=1)
ATTEMPTS_MAX = 60
NOWHERE = Place("nowhere", "")
LIMITS_AT = "20 * * * *"
REQUESTS_GRACE = timedelta(minutes=5)  # they are soon asked for again
PRUNE_EVERY = timedelta(hours=6)
AFTER_PULL = ("alerts", "watch")  # what the clock says whenever a provider was read
IN_BULK = frozenset(  # they take long, and write nothing to the audit
    {"alerts", "begin", "close", "drifts", "follow", "notes", "reconcile", "sift", "watch"}
)
THREAD_WAIT_S = 5.0
MOVED_MAX = timedelta(days=14)  # no longer are holidays in a row
DELIVERY_MAX = 250  # letters of a delivery's id that are kept; no platform sends longer ones


def utc_now() -> datetime:
    """The moment. The one clock of the program; everything below is given it."""
    return datetime.now(UTC)


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
        wake: set when there is something to deliver.
    """

    settings: Settings
    database: Database
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    directory: Callable[[], Directory] = Directory
    now: Callable[[], datetime] = utc_now
    link_by_email: Mapping[str, bool] = field(default_factory=dict)
    wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        vendors = tuple(self._vendor(each) for each in self.settings.providers if each.name in self.providers)
        self.house: House = self.settings.house.model_copy(update={"vendors": vendors})
        self.equal = Equal(self.database, self.say, self.now)

    def _vendor(self, one: ProviderSettings) -> Vendor:
        """What a provider declares, less what app.yaml forbids."""
        provider = self.providers[one.name]
        forbidden = {"set_limit", "pause"} if one.limits == "read" else set()
        return Vendor(
            name=one.name,
            service=one.service,
            can=frozenset(provider.can - forbidden),
            limited=frozenset(provider.limited),
            window=provider.window,
            step_nanos=provider.step_nanos,
            cannot=provider.cannot,
        )

    def close(self) -> None:
        """Let all connections go."""
        for provider in self.providers.values():
            provider.close()
        self.database.close()

    # Hear ----------------------------------------------------------------------------------------------------------

    def hear(self, sentence: Sentence) -> Card:
        """Answer a sentence. It never raises: a refusal, a busy database and a bug of ours are cards, too."""
        try:
            one, rest = handlers.heed(sentence.text)
            with timed(HEARD, one.name):
                work = self._order if one.writes else self._question
                card = work(sentence, one, rest)
                return card if sentence.person == CLOCK.id else card.whole
        except Refused as refused:
            return Card(str(refused), tone="warn", fault=refused.fault)
        except Busy:
            return Card("I am busy just now. Nothing was changed; please say it again.", tone="warn")
        except Exception:
            incident = secrets.token_hex(2)
            log.exception("broke", incident=incident, person=sentence.person, platform=sentence.place.platform)
            return Card(f"That broke ({incident}). Nothing was changed.", tone="bad")

    def say(self, words: str) -> Card:
        """Say a sentence as the clock, where nobody waits for the answer."""
        return self.hear(Sentence(words, CLOCK.id, NOWHERE))

    def _question(self, sentence: Sentence, one: Command, rest: str) -> Card:
        return self.database.ask(
            lambda conn: handlers.answer(one, rest, sentence.inputs, self._context(conn, sentence))
        )

    def _order(self, sentence: Sentence, one: Command, rest: str) -> Card:
        def work(conn: Connection) -> Card:
            delivery = f"{sentence.place.platform}/{sentence.delivery}"[-DELIVERY_MAX:]
            if sentence.delivery:
                before = idempotency.note(conn, delivery, self.now())
                if before is not None:
                    return CARD.validate_json(before)
            card = handlers.answer(one, rest, sentence.inputs, self._context(conn, sentence))
            if sentence.delivery:
                idempotency.answered(conn, delivery, CARD.dump_json(card).decode())
            return card

        card = self.database.transact(work, in_turn=one.name not in IN_BULK)
        self.wake.set()
        return card

    def _context(self, conn: Connection, sentence: Sentence) -> Context:
        person = CLOCK if sentence.person == CLOCK.id else people.person(conn, sentence.person)
        if person is None or not person.active:
            raise Refused("I don't know you. Ask an admin to add you to the people of Bursar.")
        return Context(conn, self.now(), person, sentence.place, self.house, {sentence.person: person})

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
            people.link(conn, Link(platform, "user", external_id, f"person/{found.id}"), "email")
            return found.id

        return self.database.transact(work)

    def everybody(self) -> list[Person]:
        """All active people, by name."""
        return self.database.ask(people.active_people)

    # Show ----------------------------------------------------------------------------------------------------------

    def answer(self, key: str, sentence: Sentence) -> None:
        """Hear a sentence and have its card shown through the outbox, once under a key."""
        self.post(key, sentence.place, self.hear(sentence))

    def post(self, key: str, place: Place, card: Card) -> None:
        """Have a card shown through the outbox, once under a key."""

        def work(conn: Connection) -> None:
            context = Context(conn, self.now(), CLOCK, place, self.house)
            if idempotency.note(conn, f"answer/{key}", self.now()) is None:
                context.show(key, place, card)
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
        wish = self.database.ask(lambda conn: outbox.shown_as(conn, platform, receipt))
        if wish is None:
            return None
        said = json.loads(wish.payload)
        card = CARD.validate_python(said["card"])
        return self.views(card, [reader])[0] if said["place"]["public"] and not card.personal else card

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
        ctx = Context(conn, self.now(), known, NOWHERE, self.house)
        kept = (each for each in card.blocks if not isinstance(each, Button) or handlers.may_say(ctx, each.says))
        return replace(card, blocks=tuple(kept))

    def reshow(self, platform: str, receipt: str, card: Card) -> bool:
        """Let an answer that was shown become the answer to a press on it.

        A message about something of its own, such as a request to decide, is left alone: it shows how that stands.

        Returns:
            Whether it becomes so.
        """

        def work(conn: Connection) -> bool:
            wish = outbox.shown_as(conn, platform, receipt)
            if wish is None or not wish.key.startswith(f"{platform}/"):
                return False
            payload = json.dumps(json.loads(wish.payload) | {"card": CARD.dump_python(card, mode="json")})
            outbox.ensure(conn, wish.key, "show", wish.target, payload, self.now(), self.now())
            return True

        became = self.database.transact(work)
        self.wake.set()
        return became

    def messages(self, place: Place) -> Sequence[tuple[str, int, Card]]:
        """What has been shown at a place: id, version and card of each message, oldest first."""
        wishes = self.database.ask(lambda conn: outbox.shown_at(conn, place.platform, place.id))
        return [
            (str(wish.id), wish.version, CARD.validate_python(json.loads(wish.payload)["card"]))
            for wish in wishes
            if wish.state == "done"
        ]

    def sentences(self) -> list[tuple[str, str]]:
        """The menu: how each command is written, and what it is for."""
        return [(one.usage, one.help) for one in handlers.COMMANDS.values() if not one.hidden]

    def file(self, name: str) -> AbstractContextManager[Path]:
        """The file of a name, such as "focus-1.2-2026-10.csv", made now and gone afterwards.

        Raises:
            KeyError: there is no export of that name.
        """
        return files.made(self.database, self.house, name)

    # Tick ----------------------------------------------------------------------------------------------------------

    def refresh_people(self) -> str:
        """Make people, teams and links as the people sources say, and give newcomers their allotment.

        A source that cannot be read, or not be believed, leaves everybody as they were.

        Returns:
            Why nothing was learnt, or "".

        Raises:
            Outside: a source cannot be asked, and nobody is known yet.
            Unusable: a source contradicts itself, and nobody is known yet.
        """
        why = ""
        try:
            directory = self.directory()
            today = self.now().astimezone(self.house.zone).date()
            self.database.transact(lambda conn: self._apply(conn, directory, today))
        except (Outside, Unusable, people.Shrunk) as trouble:
            if not self.everybody():
                raise
            why = str(trouble)
            log.warning("people were not refreshed", why=why)
        self.hear(Sentence("begin", CLOCK.id, NOWHERE))
        return why

    def _apply(self, conn: Connection, directory: Directory, today: date) -> None:
        new = people.apply(conn, directory, today)
        ingest.reattribute(conn, (each for each in new if each.platform in self.providers), self.now())

    def tick(self) -> None:
        """Wish for what the schedule has for now. Every replica does, and the same wish twice is one wish."""
        now = self.now()
        lines = [*self.settings.schedule, *_standing_lines()]

        def work(conn: Connection) -> None:
            for line in lines:
                slot = self._slot(line, now)
                if slot is not None:
                    self._say_later(conn, line, slot, now)
            ctx = Context(conn, now, CLOCK, NOWHERE, self.house)
            for each in self.settings.providers:
                if each.name in self.providers:
                    self._pull_later(ctx, each)
            ctx.write()
            outbox.prune(conn, now)
            idempotency.prune(conn, now)

        self.database.transact(work)
        self.wake.set()

    def _pull_later(self, ctx: Context, one: ProviderSettings) -> None:
        """Wish that what is due of a provider be read: its usage, its limits, its own requests for more."""
        can = self.providers[one.name].can
        slot = latest_slot(one.read, self.house.zone, ctx.now, timedelta(days=1))
        if slot is not None:
            ctx.pull(one.name, f"{slot:%Y-%m-%dT%H:%M}")
        slot = latest_slot(LIMITS_AT, self.house.zone, ctx.now, timedelta(hours=2))
        if slot is not None and "limits" in can:
            ctx.pull(one.name, f"limits/{slot:%Y-%m-%dT%H:%M}", what="limits")
        slot = latest_slot(one.requests, self.house.zone, ctx.now, REQUESTS_GRACE)
        if slot is not None and "increase_requests" in can:
            ctx.pull(one.name, "requests", what="requests", slot=f"{slot:%Y-%m-%dT%H:%M}")

    def _slot(self, line: ScheduleLine, now: datetime) -> datetime | None:
        zone = ZoneInfo(line.zone) if line.zone else self.house.zone
        move = partial(next_workday, working=self.house.working) if line.workday else None
        return latest_slot(line.at, zone, now, timedelta(hours=line.grace_hours), move)

    def _say_later(self, conn: Connection, line: ScheduleLine, slot: datetime, now: datetime) -> None:
        place = named_place(line.place) if line.place else NOWHERE
        payload = json.dumps({"sentence": line.say, "place": place_to_json(place)})
        key = f"say/{line.say}@{line.place}@{slot:%Y-%m-%dT%H:%M}"
        outbox.ensure(conn, key, "say", "clock", payload, now, now)

    # Deliver -------------------------------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Make wishes true that are due. A failed one is tried again later, each time after a longer pause.

        Returns:
            How many were looked at.
        """
        targets = ["clock", *self.platforms, *self.providers]
        taken = self.now()
        wishes = self.database.transact(
            lambda conn: outbox.claim(conn, targets, taken, CLAIM_MAX, outbox.LEASE),
        )
        for wish in wishes:
            if self.now() < taken + outbox.LEASE / 4 or self._still_ours(wish):
                self._deliver_one(wish)
        return len(wishes)

    def _still_ours(self, wish: Wish) -> bool:
        """Keep the lease of a wish that had to wait for those before it, unless another has taken it meanwhile."""
        return self.database.transact(lambda conn: outbox.renew(conn, wish, self.now() + outbox.LEASE))

    def guarded(self, work: Callable[[], object]) -> object:
        """Run a piece of the clock's work; trouble is logged and the clock goes on."""
        try:
            return work()
        except Exception as trouble:
            log.exception("the clock stumbled", work=getattr(work, "__name__", ""), trouble=type(trouble).__name__)
            return None

    def _deliver_one(self, wish: Wish) -> None:
        try:
            with timed(DELIVERED, wish.kind):
                receipt = self._make_true(wish)
        except Exception as trouble:  # noqa: BLE001 - the loop must live; the wish keeps the reason and is tried again
            self._postpone(wish, trouble)
        else:
            self.database.transact(lambda conn: outbox.settle(conn, wish, receipt, self.now()))

    def _make_true(self, wish: Wish) -> str:
        payload = json.loads(wish.payload)
        match wish.kind:
            case "show":
                place = Place(**payload["place"])
                if payload.get("below"):
                    place = replace(place, thread=self._thread(payload["below"]))
                card = CARD.validate_python(payload["card"])
                return self.platforms[wish.target].show(place, card, wish.receipt)
            case "say":
                place = Place(**payload["place"])
                card = self.hear(Sentence(payload["sentence"], CLOCK.id, place, delivery=wish.key))
                if place.platform in self.platforms and not card.idle:
                    self._show_said(wish, place, card)
                return ""
            case "pull":
                self.database.transact(
                    lambda conn: outbox.renew(conn, wish, self.now() + LEASE["pull"]),
                )
                return self._pull(wish, payload.get("what", ""))
            case "limit":
                return self.equal.set_limit(self.providers[wish.target], wish)
            case "pause":
                return self.equal.pause(self.providers[wish.target], wish)
            case "answer":
                return self.equal.answer(self.providers[wish.target], wish)

    def _pull(self, wish: Wish, what: str) -> str:
        provider = self.providers[wish.target]
        if what == "limits":
            self.equal.read(provider)
            return "limits"
        if what == "requests":
            self.equal.take_requests(provider)
            return "requests"
        done = pull(self.database, provider, self.reading(provider.name), self.now)
        self._say_at_once(AFTER_PULL, wish.key)
        return str(done)

    def _thread(self, key: str) -> str:
        """The receipt of the message that another stands below.

        Raises:
            Unreachable: it is not there yet.
            Undeliverable: it was given up.
        """
        state, receipt = self.database.ask(lambda conn: outbox.receipt_of(conn, key))
        if receipt:
            return receipt
        if state == "parked":
            raise Undeliverable("The message above it was given up.")
        raise Unreachable("The message above it is not there yet.", THREAD_WAIT_S)

    def _say_at_once(self, sentences: Iterable[str], cause: str) -> None:
        """Wish that the clock say some sentences, each once for a cause."""

        def work(conn: Connection) -> None:
            ctx = Context(conn, self.now(), CLOCK, NOWHERE, self.house)
            for words in sentences:
                ctx.later(f"{words}@{cause}", words, self.now())
            ctx.write()

        self.database.transact(work)

    def _show_said(self, wish: Wish, place: Place, card: Card) -> None:
        def work(conn: Connection) -> None:
            ctx = Context(conn, self.now(), CLOCK, place, self.house)
            ctx.show(wish.key, place, card)
            ctx.write()

        self.database.transact(work)

    def reading(self, name: str) -> Reading:
        """How a provider is read, as app.yaml says."""
        each = next(one for one in self.settings.providers if one.name == name)
        return Reading(self.house, each.days_back, each.history_days)

    def _postpone(self, wish: Wish, trouble: Exception) -> None:
        useless = isinstance(trouble, Undeliverable) or wish.attempts + 1 >= ATTEMPTS_MAX
        pause = min(BACKOFF_FIRST * 2 ** min(wish.attempts, 20), BACKOFF_MAX)
        if isinstance(trouble, Unreachable) and trouble.retry_after_s is not None:
            pause = max(pause, timedelta(seconds=trouble.retry_after_s))
        known = isinstance(trouble, Unreachable | Undeliverable)
        why = str(trouble) if known else f"our own fault: {type(trouble).__name__}"
        log.warning(
            "not delivered", key=wish.key, kind=wish.kind, attempts=wish.attempts + 1, why=why, exc_info=not known
        )
        until = None if useless else self.now() + pause
        self.database.transact(lambda conn: outbox.postpone(conn, wish, why, until))
        if wish.kind == "limit" and (wish.attempts == 0 or useless):
            self.say(f"stuck {wish.key.removeprefix('limit/').replace('/', ' ', 1)}")


def _standing_lines() -> Iterable[ScheduleLine]:
    """What the clock says in every house: allotments shortly after midnight, and again each hour for newcomers; waste.

    Alerts are looked for after each reading; the line here tells those that were held back at night, and what a change
    of limits brought about.
    """
    return [
        ScheduleLine.model_validate({"at": "1 * * * *", "say": "begin", "grace_hours": 24}),
        ScheduleLine.model_validate({"at": "*/15 * * * *", "say": "grants", "grace_hours": 24}),
        ScheduleLine.model_validate({"at": "*/15 * * * *", "say": "alerts", "grace_hours": 1}),
        ScheduleLine.model_validate({"at": "5 * * * *", "say": "notes", "grace_hours": 1}),
        ScheduleLine.model_validate({"at": "40 4 * * *", "say": "sift", "grace_hours": 24}),
        ScheduleLine.model_validate({"at": "45 4 * * *", "say": "drifts", "grace_hours": 24}),
    ]


def latest_slot(
    cron: str, zone: ZoneInfo, now: datetime, grace: timedelta, move: Callable[[date], date] | None = None
) -> datetime | None:
    """The last local time at or before now at which a cron line was due, if it is not older than the grace.

    The slot is named by its local time without an offset, so an hour that happens twice in autumn is one slot.

    Args:
        cron: the line.
        zone: in which it is read.
        now: the moment.
        grace: how old a slot may be.
        move: the day on which what is due on a day is said.
    """
    trigger = CronTrigger.from_crontab(cron, timezone=zone)
    if move:
        slots = _slots(trigger, (now - grace - MOVED_MAX).astimezone(zone), now)
        moved = [datetime.combine(move(slot.date()), slot.timetz()) for slot in slots]
        due = [slot for slot in moved if now - grace <= slot <= now]
        return max(due).replace(tzinfo=None, fold=0) if due else None
    step, earliest = timedelta(minutes=2), now - grace
    while True:
        start = max(now - step, earliest)
        slots = _slots(trigger, start.astimezone(zone), now)
        if slots:
            return slots[-1].replace(tzinfo=None, fold=0)
        if start == earliest:
            return None
        step *= 4


def _slots(trigger: CronTrigger, start: datetime, end: datetime) -> list[datetime]:
    """All of them, counted in UTC: on the wall clock an hour that happens twice has no end."""
    found: list[datetime] = []
    fire = trigger.get_next_fire_time(None, start)
    while fire is not None and fire <= end:
        found.append(fire)
        fire = trigger.get_next_fire_time(fire, end)
    return found
