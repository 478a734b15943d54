"""Deliver: what the outbox says should be so outside is made so; trouble is kept there and tried again later."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

import handlers
from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.metrics import DELIVERED, timed
from bot.ports import Knows, Platform
from bot.providers.base import Provider
from bot.reach import NoAccountError, Reach
from bot.sync.limits import LimitSync
from bot.sync.live import LiveLimits
from bot.sync.usage import Reading, pull
from handlers.card import CARD, Card
from handlers.context import CLOCK, NOWHERE, Context, locale_at
from handlers.errors import RefusedError
from handlers.events import (
    CheckJobs,
    CheckPrices,
    CheckSpikes,
    CheckThresholds,
    Event,
    LimitFailed,
    MessageGivenUp,
    PauseFailed,
    Raiser,
    RefreshHomes,
    ReportSetAside,
)
from handlers.language import N_, Words, language_of, stored
from handlers.place import UNLINKED, Place
from handlers.policy import Policy
from handlers.sentence import Sentence
from storage import outbox, set_aside
from storage.db import BusyError, Database
from storage.limits import Subject
from storage.outbox import OutboxItem

log = structlog.get_logger()

CLAIM_MAX = 20
READING_LEASE = timedelta(minutes=15)
BACKOFF_FIRST = timedelta(seconds=5)
BACKOFF_MAX = timedelta(hours=1)
ATTEMPTS_MAX = 60
THREAD_WAIT_S = 5.0
AFTER_READING: tuple[Event, ...] = (
    CheckThresholds(),
    CheckSpikes(),
    CheckPrices(),
    CheckJobs(),
    RefreshHomes(),
)


class Core(Knows, Protocol):
    """What delivering needs of the bot."""

    policy: Policy
    live: LiveLimits

    def carry_out(self, sentence: Sentence) -> Card:
        """See App."""

    def handle(self, event: Event, by: Raiser, delivery: str = "") -> bool:
        """See App."""

    def reading(self, name: str) -> Reading:
        """See App."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Makes items of the outbox so.

    Args:
        database: where the outbox is.
        platforms: those that this process can show cards on, by name.
        providers: those that this process can reach, by name.
        now: the clock.
        limits: keeps limits at the providers equal to the ledger.
        core: hears sentences and handles events.
    """

    database: Database
    platforms: Mapping[str, Platform]
    providers: Mapping[str, Provider]
    now: Callable[[], datetime]
    limits: LimitSync
    core: Core
    reach: Reach = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", Reach(self.database, self.platforms, self.core))

    def deliver(self) -> int:
        """Deliver what is due. What fails is tried again later, each time after a longer pause.

        Returns:
            How many items were looked at.
        """
        targets = ["clock", *self.platforms, *self.providers, *([UNLINKED] if self.platforms else [])]
        self.reach.missed.clear()
        taken = self.now()
        items = self.database.transact(
            lambda conn: outbox.claim(conn, targets, taken, CLAIM_MAX, outbox.LEASE),
        )
        for item in items:
            if self.now() < taken + outbox.LEASE / 4 or self._renew(item, outbox.LEASE):
                self._deliver_one(item)
        return len(items)

    def _renew(self, item: OutboxItem, lease: timedelta) -> bool:
        """Keep the lease of an item that waited for those before it, or takes long; False if another has it now."""
        return self.database.transact(lambda conn: outbox.renew(conn, item, self.now() + lease))

    def _deliver_one(self, item: OutboxItem) -> None:
        try:
            with timed(DELIVERED, item.kind):
                receipt = self._make_so(item)
        except Exception as trouble:  # noqa: BLE001 - the loop must live; the item keeps the reason and is tried again
            self._postpone(item, trouble)
        else:
            self.database.transact(lambda conn: outbox.settle(conn, item, receipt, self.now()))

    def _make_so(self, item: OutboxItem) -> str:
        match item.kind:
            case "show":
                return self._show(item)
            case "say":
                return self._say(item)
            case "event":
                return self._handle(item)
            case "pull":
                return self._read(item)
            case "limit":
                return self.limits.set_limit(self.providers[item.target], item)
            case "pause":
                return self.limits.pause(self.providers[item.target], item)
            case "answer":
                return self.limits.answer(self.providers[item.target], item)

    def _show(self, item: OutboxItem) -> str:
        if item.target == UNLINKED:
            return self.reach.forward(item, self.now())
        payload = json.loads(item.payload)
        place = Place(**payload["place"])
        if payload.get("below"):
            place = replace(place, thread=self._thread(payload["below"]))
        card = CARD.validate_python(payload["card"])
        return self.platforms[item.target].show(place, card, item.receipt)

    def _say(self, item: OutboxItem) -> str:
        """Say a sentence as the clock, and have the answer shown. A refusal is an answer; trouble is not."""
        payload = json.loads(item.payload)
        place = Place(**payload["place"])
        try:
            card = self.core.carry_out(Sentence(payload["sentence"], CLOCK.id, place, delivery=item.key))
        except RefusedError as refused:
            spoken = language_of(locale_at(place, self.core.policy))
            card = Card(refused.said(spoken), tone="warn", language=spoken)
        if place.platform in self.platforms and not card.idle:
            self.database.transact(lambda conn: self._answer(conn, item.key, place, card))
        return ""

    def _answer(self, conn: Connection, key: str, place: Place, card: Card) -> None:
        ctx = Context(conn, self.now(), CLOCK, place, self.core.policy)
        ctx.show(key, place, card)
        ctx.write()

    def _handle(self, item: OutboxItem) -> str:
        name = json.loads(item.payload)["event"]
        event = handlers.EVENTS[name].from_json(item.payload)
        if not self.core.handle(event, "clock", f"{item.key}/{item.version}"):
            raise UnreachableError("“{name}” was not handled. The log says why.", name=name)
        return "handled"

    def _read(self, item: OutboxItem) -> str:
        """Read a provider's usage, its limits or its own requests for more."""
        provider, wanted = self.providers[item.target], json.loads(item.payload)
        what: str = wanted.get("what", "")
        if what == "live":
            return self._ask_live(provider, item, wanted)
        self._renew(item, READING_LEASE)
        if what == "limits":
            self.limits.read(provider)
        elif what == "requests":
            self.limits.take_requests(provider)
        else:
            what = str(pull(self.database, provider, self.core.reading(provider.name), self.now))
            self.database.transact(lambda conn: self._emit(conn, f"after/{item.key}", *AFTER_READING))
        if self.database.ask(lambda conn: set_aside.untold(conn, provider.name)):
            self.database.transact(lambda conn: self._emit(conn, f"after/{item.key}", ReportSetAside(provider.name)))
        return what

    def _ask_live(self, provider: Provider, item: OutboxItem, wanted: Mapping[str, Any]) -> str:
        """Ask for single limits for a moment only; what is shown with them is drawn again if they were told."""
        if not self.core.live.refreshed(
            [(provider.name, kind, external_id) for kind, external_id in wanted["subjects"]]
        ):
            return "not told in time"
        then = handlers.EVENTS[json.loads(wanted["then"])["event"]].from_json(wanted["then"])
        self.database.transact(lambda conn: self._emit(conn, f"after/{item.key}", then))
        return "asked"

    def _emit(self, conn: Connection, cause: str, *events: Event) -> None:
        ctx = Context(conn, self.now(), CLOCK, NOWHERE, self.core.policy)
        for event in events:
            ctx.emit(cause, event)
        ctx.write()

    def _thread(self, key: str) -> str:
        """The receipt of the message that another stands below.

        Raises:
            UnreachableError: it is not there yet.
            UndeliverableError: it was given up.
        """
        state, receipt = self.database.ask(lambda conn: outbox.receipt_of(conn, key))
        if receipt:
            return receipt
        if state == "parked":
            raise UndeliverableError("The message above it was given up.")
        raise UnreachableError("The message above it is not there yet.", THREAD_WAIT_S)

    def _postpone(self, item: OutboxItem, trouble: Exception) -> None:
        useless = isinstance(trouble, UndeliverableError) or item.attempts + 1 >= ATTEMPTS_MAX
        pause = min(BACKOFF_FIRST * 2 ** min(item.attempts, 20), BACKOFF_MAX)
        if isinstance(trouble, UnreachableError) and trouble.retry_after_s is not None:
            pause = max(pause, timedelta(seconds=trouble.retry_after_s))
        known = isinstance(trouble, OutsideError | BusyError)
        why = trouble if known else Words(N_("our own fault: {error}"), {"error": type(trouble).__name__})
        log.warning(
            "not delivered", key=item.key, kind=item.kind, attempts=item.attempts + 1, why=str(why), exc_info=not known
        )
        until = None if useless else self.now() + pause
        self.database.transact(lambda conn: outbox.postpone(conn, item, stored(why), until))
        if item.kind == "show" and (useless or isinstance(trouble, NoAccountError)):
            self.core.handle(MessageGivenUp(item.key), "sync")
        if item.kind == "limit" and (item.attempts == 0 or useless):
            wanted = json.loads(item.payload)
            self.core.handle(LimitFailed(item.target, Subject(wanted["kind"], wanted["id"])), "sync")
        if item.kind == "pause" and (item.attempts == 0 or useless):
            wanted = json.loads(item.payload)
            self.core.handle(PauseFailed(item.target, Subject(wanted["kind"], wanted["id"])), "sync")
