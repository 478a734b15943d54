"""How the process is doing: whether it lives, has started, may be sent requests, and figures of what waits."""

import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.app import App
from bot.database_trouble import SENTENCES
from bot.metrics import ASIDE, CONNECTED, OLDEST, OUTBOX, PAUSED, READ, STOPPED, UNPRICED, UNREACHED, UNUSED, UNWRITABLE
from bot.shared_clock import NOTED_S, skew_of
from handlers.admin import REPLICA
from handlers.language import ENGLISH, said_of
from handlers.place import UNLINKED
from storage import installation, outbox, outcomes, pauses, pulls, set_aside, spend
from storage.db import BusyError, why_unusable
from storage.tables import ORGANIZATION

STANDSTILL_S = 120.0
"""After so long without a look at the outbox, nothing is delivered any more."""
MEASURED_S = 10.0
"""The database is not asked for figures more often."""
UNPRICED_SINCE = timedelta(days=30)


def _said(why: str) -> str:
    """A reason in English, for machines and operators; one without a sentence as it is."""
    return SENTENCES.get(why, why)


class Health:
    """Looks after one process.

    Args:
        app: the bot.
        connected: whether Slack's socket stands.
        ticks: seconds that only go forward.
    """

    def __init__(self, app: App, connected: Callable[[], bool], ticks: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._connected = connected
        self._ticks = ticks
        self._measured_s = -MEASURED_S

    def started(self) -> str:
        """What is not started yet, "" once all is."""
        return "" if self._app.looked_s else "delivery has not started"

    def not_ready(self) -> str:
        """Why no requests should be sent here, "" if they should.

        A chat platform that is down is no reason: another one, and the next attempt of this one, come here as well.
        """
        if self._app.unwritable:
            return f"the database takes no writes: {_said(self._app.unwritable)}"
        try:
            self._app.database.ask(lambda conn: conn.exec_driver_sql("select 1"))
        except BusyError:
            return "the database is busy"
        except SQLAlchemyError as trouble:
            return f"the database cannot be asked: {_said(why_unusable(trouble) or type(trouble).__name__)}"
        if self._app.looked_s and self._ticks() - self._app.looked_s > STANDSTILL_S:
            return "nothing has been delivered for two minutes: the process stands still"
        return ""

    def notes(self) -> list[str]:
        """What else a person should know, a line each."""
        held = self._app.database.ask(lambda conn: installation.noted(conn, installation.RESTORED))
        lines = ["a restored copy: nothing is sent or limited until an admin says go-live"] if held else []
        lines += [] if self._app.platforms else ["chat: no platform is set up, so nobody is notified there"]
        lines += self._skew()
        lines += [f"read replica: {said_of(ENGLISH, REPLICA[trouble])}"] if (trouble := self._replica()) else []
        lines += [] if self._connected() else ["slack: the socket is not connected; it is opened again by itself"]
        for each in self._app.database.ask(pauses.every):
            if each.target.partition("/")[0] not in self._app.platforms and each.target not in self._app.providers:
                continue  # app.yaml names it no more
            kind = "refuses us" if each.refused else "is down"
            lines.append(f"{each.target}: {kind} since {each.since:%Y-%m-%d %H:%M} UTC: {said_of(ENGLISH, each.error)}")
        return lines + self._outcomes()

    def _outcomes(self) -> list[str]:
        """Sources of outcomes that cannot be read."""
        names = list(self._app.outcomes)
        states = self._app.database.ask(lambda conn: [outcomes.state_of(conn, name) for name in names])
        return [
            f"outcomes of {each.name}: {'refuses the token' if each.refused else 'cannot be read'} since "
            f"{each.since:%Y-%m-%d %H:%M} UTC: {said_of(ENGLISH, each.error)}"
            for each in states
            if each.error and each.since
        ]

    def _skew(self) -> list[str]:
        """That the clock of this host is wrong, if it is."""
        skew_s = skew_of(self._app.now)
        if abs(skew_s) < NOTED_S:
            return []
        off = f"{abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'}"
        return [f"clock: this host is {off} the database, whose time is used; set the host's clock right"]

    def _replica(self) -> str:
        """What is the matter with the read replica, "" if nothing is."""
        replica = self._app.database.replica
        return replica.trouble if replica else ""

    def measure(self) -> None:
        """Bring the gauges up to date, unless that was done just now."""
        if self._ticks() - self._measured_s < MEASURED_S:
            return
        self._measured_s = self._ticks()
        UNWRITABLE.set(bool(self._app.unwritable))
        UNUSED.set(bool(self._replica()))
        if "slack" in self._app.platforms:
            CONNECTED.labels("slack").set(self._connected())
        self._app.database.ask(self._read)

    def _read(self, conn: Connection) -> None:
        now = self._app.now()
        for gauge in (OUTBOX, OLDEST, PAUSED, STOPPED, READ, ASIDE, UNPRICED):
            gauge.clear()
        for target, kind, state, count, since in outbox.depth(conn, now):
            OUTBOX.labels(target, kind, state).set(count)
            if state == "open":
                OLDEST.labels(target, kind).set((now - since).total_seconds())
        for pause in pauses.every(conn):
            gauge = STOPPED if pause.target in self._app.providers else PAUSED
            gauge.labels(pause.target, "refused" if pause.refused else "down").set((now - pause.since).total_seconds())
        for pull in pulls.pulled(conn):
            READ.labels(pull.provider).set(pull.done_at.timestamp() if pull.done_at else 0)
        today = now.astimezone(self._app.policy.zone).date()
        for provider, tokens in spend.unpriced_tokens(conn, ORGANIZATION, today - UNPRICED_SINCE).items():
            UNPRICED.labels(provider).set(tokens)
        for aside in set_aside.everything(conn):
            ASIDE.labels(aside.provider).inc(aside.rows or 1)
        UNREACHED.set(len(outbox.waiting_at(conn, UNLINKED)))
