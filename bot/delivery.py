"""Deliver: what the outbox says should be so outside is made so; trouble is kept there and tried again later."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

import handlers
from bot.errors import KeyRefusedError, NotYetError, OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from bot.metrics import DELIVERED, timed
from bot.ports import Divided, Knows, Platform, Probes
from bot.providers.base import Provider
from bot.reach import NoAccountError, Reach
from bot.request_ids import numbered
from bot.schedule import outcomes_target
from bot.sync.limits import LimitSync
from bot.sync.live import LiveLimits
from bot.sync.usage import Reading, pull
from handlers.card import CARD, Card
from handlers.context import CLOCK, NOWHERE, Context, locale_at
from handlers.errors import RefusedError
from handlers.events import (
    ChannelClosed,
    CheckCredit,
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
    ServiceRefused,
)
from handlers.language import N_, Words, language_of, stored
from handlers.place import UNLINKED, Place
from handlers.policy import Policy
from handlers.sentence import Sentence
from storage import installation, outbox, pauses, set_aside
from storage.db import BusyError, Database, Turn
from storage.limits import Subject
from storage.outbox import Lane, OutboxItem, OutboxKind
from storage.pauses import DeliveryPause

log = structlog.get_logger()

CLAIM_MAX = 20
READING_LEASE = timedelta(minutes=15)
BACKOFF_FIRST = timedelta(seconds=5)
BACKOFF_MAX = timedelta(hours=1)
DOWN_AGAIN = timedelta(seconds=1)
REFUSED_AGAIN = timedelta(seconds=10)
PROVIDER_AGAIN = timedelta(minutes=1)
"""A provider that is down or refuses us is asked so often whether that has ended."""
BLOCKING_ATTEMPTS_MAX = 4
"""A message that its platform does not take, though it is well, holds up its place for so many attempts."""
HURRIED_ATTEMPTS_MAX = 8
READS: tuple[OutboxKind, ...] = ("pull",)
"""What may be done of a restored copy: the world has gone on, and reading changes nothing there."""
LIMIT_KINDS: tuple[OutboxKind, ...] = ("limit", "pause", "answer")
KINDS: dict[OutboxKind, str] = {"pull": "reading", **dict.fromkeys(LIMIT_KINDS, "limit")}
"""What traces call the work on an item; all else is a delivery."""
ATTEMPTS_MAX = 60
THREAD_WAIT_S = 5.0
AFTER_READING: tuple[Event, ...] = (
    CheckThresholds(),
    CheckSpikes(),
    CheckPrices(),
    CheckCredit(),
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

    def read_outcomes(self, name: str) -> str:
        """See App."""


def _gives_no_pause(trouble: Exception) -> bool:
    return isinstance(trouble, UnreachableError) and trouble.retry_after_s is None


def _is_held(conn: Connection) -> bool:
    return installation.noted(conn, installation.RESTORED) is not None


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
        outcomes: the names of sources of outcomes.
    """

    database: Database
    platforms: Mapping[str, Platform]
    providers: Mapping[str, Provider]
    now: Callable[[], datetime]
    limits: LimitSync
    core: Core
    outcomes: Collection[str] = ()
    reach: Reach = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", Reach(self.database, self.platforms, self.core, self.core.policy.workspaces))

    def lanes(self) -> dict[str, Lane]:
        """What is delivered beside each other: a provider or platform that hangs stops nobody else."""
        found = {"timers": Lane(("clock",), ("event",)), "sentences": Lane(("clock",), ("say",))}
        for name, platform in self.platforms.items():
            others = tuple(platform.workspaces) if isinstance(platform, Divided) else ()
            found[f"chat {name}"] = Lane((name,), ("show",), others=others)
            found |= {f"chat {name}/{each}": Lane((name,), ("show",), workspace=each) for each in others}
        found |= {f"chat {UNLINKED}": Lane((UNLINKED,), ("show",))} if self.platforms else {}
        found |= {f"limits {name}": Lane((name,), LIMIT_KINDS) for name in self.providers}
        read = [*self.providers, *(outcomes_target(name) for name in self.outcomes)]
        return found | {f"readings {name}": Lane((name,), READS) for name in read}

    def waiting(self) -> set[str]:
        """The names of the lanes in which something is due."""
        due, is_held = self.database.ask(lambda conn: (outbox.waiting_kinds(conn, self.now()), _is_held(conn)))
        return {
            name
            for name, lane in self.lanes().items()
            if any((lane.targets[0], kind) in due for kind in lane.kinds) and not (is_held and lane.kinds != READS)
        }

    def deliver(self, lane: Lane | None = None) -> int:
        """Deliver what is due out of the outbox. What fails is tried again later, each time after a longer pause.

        Args:
            lane: only this one; else all, one after the other.

        Returns:
            How many items were looked at.
        """
        if lane is None:
            return sum(self.deliver(each) for each in self.lanes().values())
        if lane.kinds != READS and self.database.ask(_is_held):
            return 0
        if not self._is_well(lane) and lane.kinds != READS:
            return 0
        self.reach.missed.clear()
        taken = self.now()
        # One deliverer at a time takes messages, so that each sees what another is just showing at a place.
        turn: Turn = "outbox" if "show" in lane.kinds else ""
        items = self.database.transact(lambda conn: outbox.claim(conn, lane, taken, CLAIM_MAX, outbox.LEASE), turn=turn)
        left = self._newest(items) if lane.kinds == READS else list(items)
        while left:
            item = left.pop(0)
            if self.now() >= taken + outbox.LEASE / 4 and not self._renew(item, outbox.LEASE):
                continue
            waits = self._deliver_one(item)
            if waits is not None:
                left = self._released(left, waits)
        return len(items)

    def _released(self, left: list[OutboxItem], place: str) -> list[OutboxItem]:
        """Give back what must wait at a place, or everywhere; the rest."""
        back = [each for each in left if place in {"", each.place}]
        if back:
            self.database.transact(lambda conn: outbox.release(conn, back, self.now()))
        return [each for each in left if each not in back]

    def _newest(self, items: list[OutboxItem]) -> list[OutboxItem]:
        """Of readings that would read the same, the newest."""
        newest = {each.payload: each for each in items}
        for each in newest.values() if len(newest) < len(items) else ():
            self.database.transact(lambda conn, each=each: outbox.overtake(conn, each, self.now()))  # type: ignore[misc]
        return list(newest.values())

    def _is_well(self, lane: Lane) -> bool:
        """Whether a platform or provider takes anything from us. One that did not is asked, and nothing is changed."""
        name = lane.name
        if lane.targets[0] not in self.platforms and name not in self.providers:
            return True
        pause = self.database.ask(lambda conn: pauses.of(conn, name))
        if pause is None:
            return True
        trouble = self._probed(name) if self.now() >= pause.until else None
        if trouble:
            self.pause(name, trouble)
        elif self.now() >= pause.until:
            self._go_on(name)
            return True
        if lane.kinds == LIMIT_KINDS:
            self._tell_held_up(lane, stored(trouble) if trouble else pause.error)
        return False

    def _go_on(self, name: str) -> None:
        """A platform or provider is well again: what waited for it is tried at once."""

        def work(conn: Connection) -> DeliveryPause | None:
            pause = pauses.of(conn, name)
            if pause and pauses.end(conn, name):
                for lane in self.lanes().values():
                    if lane.name == name:
                        outbox.hurry(conn, lane, HURRIED_ATTEMPTS_MAX, self.now())
            return pause

        pause = self.database.transact(work)
        if pause:
            log.info("well again", service=name, paused_s=round((self.now() - pause.since).total_seconds()))

    def _probed(self, name: str) -> UnreachableError | None:
        """Why a platform, a workspace or a provider takes nothing now, None if it does, or cannot be asked."""
        target, _, workspace = name.partition("/")
        asked: object = self.platforms.get(target) or self.providers.get(name)
        if workspace and isinstance(asked, Divided):
            asked = asked.workspaces.get(workspace)
        try:
            if isinstance(asked, Provider):
                asked.try_key()
            elif isinstance(asked, Probes):
                asked.probe()
        except UnreachableError as trouble:
            return trouble
        return None

    def pause(self, name: str, trouble: UnreachableError) -> None:
        """Let all that is for a provider, a platform or one of its workspaces such as "slack/T2" wait as it is."""
        refused = isinstance(trouble, RefusesUsError)
        now = self.now()
        again = PROVIDER_AGAIN if name in self.providers else REFUSED_AGAIN if refused else DOWN_AGAIN
        pause = DeliveryPause(name, now, now + again, stored(trouble), refused)
        before = self.database.ask(lambda conn: pauses.of(conn, name))
        news = self.database.transact(lambda conn: pauses.begin(conn, pause))
        if before is None or news:
            log.warning("paused", service=name, why=str(trouble))
        if news:
            self.core.handle(ServiceRefused(name), "sync")

    def _tell_held_up(self, lane: Lane, why: str) -> None:
        """Let those hear of it whose limits are not even tried."""
        held_up = self.database.transact(lambda conn: outbox.first_held_up(conn, lane, why, self.now()))
        for item in held_up:
            self._tell(item, None, useless=False)

    def _renew(self, item: OutboxItem, lease: timedelta) -> bool:
        """Keep the lease of an item that waited for those before it, or takes long; False if another has it now."""
        return self.database.transact(lambda conn: outbox.renew(conn, item, self.now() + lease))

    @numbered
    def _deliver_one(self, item: OutboxItem) -> str | None:
        """Deliver an item.

        Returns:
            The place at which what follows must wait, "" if everything must, None if nothing need.
        """
        try:
            with timed(DELIVERED, item.kind, KINDS.get(item.kind, "delivery"), target=item.target):
                receipt = self._make_so(item)
        except Exception as trouble:  # noqa: BLE001 - the loop must live; the item keeps the reason and is tried again
            return self._postpone(item, trouble)
        self.database.transact(lambda conn: self._settle(conn, item, receipt))
        return None

    def _settle(self, conn: Connection, item: OutboxItem, receipt: str) -> None:
        outbox.settle(conn, item, receipt, self.now())
        if item.target in self.providers:  # it answers: what failed before need not wait on
            outbox.hurry(conn, Lane((item.target,), LIMIT_KINDS), HURRIED_ATTEMPTS_MAX, self.now())

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
        slot = key.rpartition("@")[0]
        outbox.supersede(conn, f"{slot}@", f"@{place}", key, self.now())

    def _handle(self, item: OutboxItem) -> str:
        name = json.loads(item.payload)["event"]
        event = handlers.EVENTS[name].from_json(item.payload)
        if not self.core.handle(event, "clock", f"{item.key}/{item.version}"):
            raise UnreachableError("“{name}” was not handled. The log says why.", name=name)
        return "handled"

    def _read(self, item: OutboxItem) -> str:
        """Read a provider's usage, its limits or its own requests for more."""
        wanted = json.loads(item.payload)
        what: str = wanted.get("what", "")
        if what == "outcomes":
            self._renew(item, READING_LEASE)
            return self.core.read_outcomes(item.target.removeprefix(outcomes_target("")))
        provider = self.providers[item.target]
        if what == "live":
            return self._ask_live(provider, item, wanted)
        self._renew(item, READING_LEASE)
        self.database.transact(lambda conn: outbox.overtake(conn, item, self.now()))
        if what == "limits":
            self.limits.read(provider)
        elif what == "requests":
            self.limits.take_requests(provider)
        else:
            what = str(pull(self.database, provider, self.core.reading(provider.name), self.now))
            self.database.transact(lambda conn: self._emit(conn, f"after/{item.key}", *AFTER_READING))
        self._go_on(provider.name)
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
            NotYetError: it is not there yet.
            UndeliverableError: it was given up.
        """
        state, receipt = self.database.ask(lambda conn: outbox.receipt_of(conn, key))
        if receipt:
            return receipt
        if state == "parked":
            raise UndeliverableError("The message above it was given up.")
        raise NotYetError("The message above it is not there yet.", THREAD_WAIT_S)

    def _postpone(self, item: OutboxItem, trouble: Exception) -> str | None:
        """Note why an item is not delivered, and when it is tried again; returns what _deliver_one does."""
        stopped = self._stops_all(item, trouble)
        if stopped and item.kind == "show":
            self.database.transact(lambda conn: outbox.release(conn, [item], self.now()))
            return ""
        if stopped:
            self._hold_up(item, stopped)
            return ""
        asked_to_wait = isinstance(trouble, UnreachableError) and trouble.retry_after_s is not None
        waits = item.kind == "show" and isinstance(trouble, UnreachableError) and not isinstance(trouble, NotYetError)
        blocks = waits and (asked_to_wait or item.attempts < BLOCKING_ATTEMPTS_MAX)
        # A key may be exchanged or be given a right, and then what waits for it goes on by itself.
        final = isinstance(trouble, UndeliverableError) and not isinstance(trouble, KeyRefusedError)
        useless = final or item.attempts + 1 >= ATTEMPTS_MAX
        pause = min(BACKOFF_FIRST * 2 ** min(item.attempts, 20), BACKOFF_MAX)
        if isinstance(trouble, UnreachableError) and trouble.retry_after_s is not None:
            pause = timedelta(seconds=trouble.retry_after_s)
        known = isinstance(trouble, OutsideError | BusyError)
        why = trouble if known else Words(N_("our own fault: {error}"), {"error": type(trouble).__name__})
        log.warning(
            "not delivered", key=item.key, kind=item.kind, attempts=item.attempts + 1, why=str(why), exc_info=not known
        )
        until = None if useless else self.now() + pause
        self.database.transact(
            lambda conn: outbox.postpone(conn, item, stored(why), until, blocks=blocks, counts=not asked_to_wait)
        )
        self._tell(item, trouble, useless=useless)
        return item.place if blocks else None

    def _hold_up(self, item: OutboxItem, why: UnreachableError) -> None:
        """Let an item wait until its provider is well; that it was tried is no failure of its own."""
        log.warning("held up", key=item.key, kind=item.kind, why=str(why))
        self.database.transact(lambda conn: outbox.postpone(conn, item, stored(why), self.now(), counts=False))
        if not item.error:
            self._tell(item, why, useless=False)

    def _stops_all(self, item: OutboxItem, trouble: Exception) -> UnreachableError | None:
        """What it is if it is no trouble of one item; then the provider, the platform or its workspace is paused."""
        if isinstance(trouble, NoAccountError | NotYetError):
            return None
        name = next((lane.name for lane in self.lanes().values() if lane.holds(item)), item.target)
        found: UnreachableError | None = None
        if isinstance(trouble, RefusesUsError):
            found = trouble
        elif isinstance(trouble, KeyRefusedError) or _gives_no_pause(trouble):
            found = self._probed(name)
        if found:
            self.pause(name, found)
        return found

    def _tell(self, item: OutboxItem, trouble: Exception | None, *, useless: bool) -> None:
        """Let those hear of it who wait for it."""
        if item.kind == "show" and (useless or isinstance(trouble, NoAccountError)):
            self.core.handle(MessageGivenUp(item.key), "sync")
        if item.kind == "show" and useless and json.loads(item.payload)["place"]["public"]:
            self.core.handle(ChannelClosed(item.key), "sync")
        if item.kind == "pull" and isinstance(trouble, KeyRefusedError) and item.attempts == 0:
            self.core.handle(ServiceRefused(item.target), "sync")
        if item.kind == "limit" and (item.attempts == 0 or useless):
            wanted = json.loads(item.payload)
            self.core.handle(LimitFailed(item.target, Subject(wanted["kind"], wanted["id"])), "sync")
        if item.kind == "pause" and (item.attempts == 0 or useless):
            wanted = json.loads(item.payload)
            self.core.handle(PauseFailed(item.target, Subject(wanted["kind"], wanted["id"])), "sync")
