"""Keeping providers equal to the ledger: their limits read in, ours written and read back, pauses, decisions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from bot.errors import GoneError, UndeliverableError, UnreachableError
from bot.providers.base import Limit, Provider, kind_of
from bot.sync.parts import read_apart
from handlers.events import (
    Event,
    IncreaseRequested,
    IncreaseWithdrawn,
    LimitApplied,
    PauseApplied,
    Raiser,
    SyncProvider,
    name_of,
)
from handlers.limits import compared
from storage import limits, requests
from storage.db import Database
from storage.limits import Held, SeenLimit, Subject
from storage.outbox import OutboxItem

BATCH_ROWS = 1_000
FRESH = timedelta(minutes=10)

# Handles an event; whether it was handled.
Handle = Callable[[Event, Raiser], bool]


@dataclass(frozen=True, slots=True)
class LimitSync:
    """Keeps providers equal to the ledger.

    Args:
        database: where what is known stands.
        handle: handles an event.
        now: the clock.
    """

    database: Database
    handle: Handle
    now: Callable[[], datetime]

    def read(self, provider: Provider, *, compare: bool = True) -> None:
        """Read every limit of a provider, in constant memory, then compare them with the ledger.

        Args:
            provider: it declares `limits`.
            compare: have written what differs; without it only what is there is noted.

        Raises:
            OutsideError: it did not tell them all; then nothing is compared, and nobody is forgotten. Nor is anybody
                if a row was set aside: it may be theirs.
        """
        started = self.now()
        with read_apart(self.database, provider.name, "limits", self.now, alone=False) as odd:
            said = provider.limits()
            while batch := list(islice(said, BATCH_ROWS)):
                self._note(provider, batch)
        if not odd:
            self.database.transact(lambda conn: limits.forget_unseen(conn, provider.name, started))
        if compare:
            self._raise(SyncProvider(provider.name))

    def note(self, provider: Provider, subject: Subject) -> Limit | None:
        """Ask for one limit and note what is said.

        Returns:
            The limit, None if the subject is not there.

        Raises:
            OutsideError: it cannot be asked.
        """
        seen = provider.limit(subject)
        if seen is not None:
            self._note(provider, [seen])
        return seen

    def set_limit(self, provider: Provider, item: OutboxItem) -> str:
        """Write a limit, unless it was changed there or paused here meanwhile; read it back.

        What somebody who is paused may have is worked out anew when they are resumed. Who is not there any more is
        forgotten.

        Raises:
            OutsideError: it cannot be said, is refused, or what is there afterwards is not what was said.
        """
        wanted = json.loads(item.payload)
        subject = Subject(wanted["kind"], wanted["id"])
        try:
            return self._set_limit(provider, subject, wanted)
        except GoneError:
            return self._gone(provider, subject)

    def _gone(self, provider: Provider, subject: Subject) -> str:
        self.database.transact(lambda conn: limits.forget(conn, provider.name, subject))
        return "gone there"

    def _set_limit(self, provider: Provider, subject: Subject, wanted: Mapping[str, Any]) -> str:
        nanos = int(wanted["nanos"])
        held = self.database.ask(lambda conn: limits.find(conn, provider.name, subject))
        unsure = held is None or held.said_nanos not in (None, held.known_nanos)
        if held is None or unsure or held.seen_at < self.now() - FRESH:
            if self.note(provider, subject) is None:
                return self._gone(provider, subject)
            held = self.database.ask(lambda conn: limits.find(conn, provider.name, subject))
        what = compared(held, nanos, provider.window) if held else "same"
        if self._is_paused(provider, subject):
            if unsure:  # what we said before may have arrived after the pause
                self._pause(provider, subject)
            return "paused"
        if held and held.currency != wanted.get("currency", "USD"):
            self._raise(SyncProvider(provider.name))  # it is worked out anew, in the currency that is there
            return f"its currency is {held.currency}"
        if what == "ask":
            self._raise(SyncProvider(provider.name))
            return "changed there"
        if held and what == "write" and not self._write(provider, held, nanos):
            return "paused"
        self._raise(LimitApplied(provider.name, subject, nanos, wanted["limit"]))
        return "set"

    def pause(self, provider: Provider, item: OutboxItem) -> str:
        """Pause somebody or let them go on; how they were before is kept before anything is changed.

        Who is not there any more is forgotten.
        """
        wanted = json.loads(item.payload)
        subject = Subject(wanted["kind"], wanted["id"])
        try:
            return self._paused_or_resumed(provider, subject, paused=wanted["paused"])
        except GoneError:
            return self._gone(provider, subject)

    def _paused_or_resumed(self, provider: Provider, subject: Subject, *, paused: bool) -> str:
        one = self.database.ask(lambda conn: limits.find_paused(conn, provider.name, subject))
        if one is None:
            return "settled before"
        if paused:
            before = provider.before(subject)
            self.database.transact(lambda conn: limits.note_before(conn, provider.name, subject, before))
            self._pause(provider, subject)
        else:
            if one.before:
                provider.resume(subject, one.before)
            self._read_back(provider, subject)
        self._raise(PauseApplied(provider.name, subject, paused))
        return "done"

    def take_requests(self, provider: Provider) -> None:
        """Take up a provider's own requests for more, and let go of those that were decided there.

        With a request that is not understood, one that is not told is not known to be decided.
        """
        with read_apart(self.database, provider.name, "requests", self.now, alone=False) as odd:
            waiting = list(provider.increase_requests())
        open_ = self.database.ask(lambda conn: requests.open_from(conn, provider.name))
        taken = {one.origin for one in open_}
        for each in (each for each in waiting if f"{provider.name}/{each.external_id}" not in taken):
            more = None if each.total_nanos is None else max(0, each.total_nanos - (each.limit_nanos or 0))
            asked = IncreaseRequested(provider.name, each.external_id, each.subject, more, each.reason, each.currency)
            self._raise(asked)
        ids = {f"{provider.name}/{each.external_id}" for each in waiting}
        for one in open_:
            if one.origin not in ids and not odd:
                name, _, increase_id = one.origin.partition("/")
                self._raise(IncreaseWithdrawn(name, increase_id))

    def answer(self, provider: Provider, item: OutboxItem) -> str:
        """Write a decision back to a provider's own queue."""
        wanted: dict[str, Any] = json.loads(item.payload)
        provider.answer(wanted["id"], wanted["total_nanos"])
        if wanted["who"] and wanted["total_nanos"] is not None:
            subject = Subject(wanted["who"]["kind"], wanted["who"]["external_id"])
            self._raise(LimitApplied(provider.name, subject, wanted["total_nanos"], wanted["limit"]))
        return "answered"

    def _pause(self, provider: Provider, subject: Subject) -> None:
        """Pause somebody, and look whether it holds: an order that was taken and did nothing stops nobody."""
        provider.pause(subject)
        seen = self._read_back(provider, subject)
        if seen and not seen.paused:
            raise UndeliverableError(
                "{provider} was told to pause {kind} {id}, and it is not paused there",
                provider=provider.name,
                kind=kind_of(subject),
                id=subject.external_id,
            )

    def _read_back(self, provider: Provider, subject: Subject) -> Limit | None:
        return self.note(provider, subject) if "limits" in provider.can else None

    def _is_paused(self, provider: Provider, subject: Subject) -> bool:
        return self.database.ask(lambda conn: limits.find_paused(conn, provider.name, subject)) is not None

    def _write(self, provider: Provider, held: Held, nanos: int) -> bool:
        """Say a limit; before that, note that we do, for the answer may be lost.

        Returns:
            False if somebody was paused in this very moment: what we said let them go on, so they are paused again.
        """
        subject = held.subject
        self.database.transact(lambda conn: limits.note_said(conn, held, nanos))
        after = provider.set_limit(subject, nanos)
        if self._is_paused(provider, subject):
            self._pause(provider, subject)
            return False
        self._note(provider, [after])
        if after.currency != held.currency:
            raise UndeliverableError(
                "{provider} took a limit for {kind} {id} in {currency}, and it was worked out in "
                "{other}. The next reading sets it right",
                provider=provider.name,
                kind=kind_of(subject),
                id=subject.external_id,
                currency=after.currency,
                other=held.currency,
            )
        if after.amount_nanos != nanos:
            raise UndeliverableError(
                "{provider} was told a limit for {kind} {id} and shows another one",
                provider=provider.name,
                kind=kind_of(subject),
                id=subject.external_id,
            )
        return True

    def _raise(self, event: Event) -> None:
        if not self.handle(event, "sync"):
            raise UnreachableError("“{event}” was not handled. The log says why.", event=name_of(type(event)))

    def _note(self, provider: Provider, batch: list[Limit]) -> None:
        rows = [
            SeenLimit(
                each.subject,
                each.name,
                each.window,
                each.amount_nanos,
                each.paused,
                each.currency,
                each.resets_at,
                each.spent_nanos,
                each.caps,
                each.refusing,
            )
            for each in batch
        ]

        def work(conn: Connection) -> None:
            limits.note_seen(conn, provider.name, rows, self.now())

        self.database.transact(work)
