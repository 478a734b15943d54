"""Tick: what is due by the calendar is written into the outbox, once, whichever replica gets there first."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection

from bot.config import ProviderSettings, ScheduleLine
from bot.providers.base import Provider
from handlers.context import CLOCK, NOWHERE, Context, place_to_json
from handlers.events import (
    CheckContracts,
    CheckDrifts,
    CheckJobs,
    CheckRequests,
    CheckShadows,
    CheckSources,
    CheckThresholds,
    DetectWaste,
    EndGrants,
    Event,
    ForgetMonths,
    ForgetOld,
    GiveAllotments,
    RepriceCharges,
    SendNotes,
)
from handlers.place import named_place
from handlers.policy import Policy, next_workday
from handlers.pricing import fingerprint
from storage import hours, idempotency, outbox, telemetry

ONE_HOUR = timedelta(hours=1)
LIMITS_AT = "20 * * * *"
OUTCOMES_AT = "50 3 * * *"
CLOCKS_SET_MAX = timedelta(hours=3)  # no change of clocks in the zones of today is larger
REQUESTS_GRACE = timedelta(minutes=5)  # they are soon asked for again
MOVED_MAX = timedelta(days=14)  # no longer are holidays in a row


@dataclass(frozen=True, slots=True)
class Recurring:
    """What is due in every company, whatever app.yaml says.

    Args:
        at: a cron line, in the organization's zone.
        event: what is raised.
        grace: how late it may still be raised.
    """

    at: str
    event: Event
    grace: timedelta


# Allotments shortly after midnight, and again each hour for newcomers. Thresholds are checked after each reading; the
# line here tells those that were held back at night, and what a change of limits brought about.
RECURRING = (
    Recurring("1 * * * *", GiveAllotments(), timedelta(hours=24)),
    Recurring("*/15 * * * *", EndGrants(), timedelta(hours=24)),
    Recurring("*/15 * * * *", CheckRequests(), timedelta(hours=1)),
    Recurring("*/15 * * * *", CheckThresholds(), timedelta(hours=1)),
    Recurring("*/5 * * * *", CheckJobs(), timedelta(hours=1)),
    Recurring("5 * * * *", SendNotes(), timedelta(hours=1)),
    Recurring("25 * * * *", ForgetOld(), timedelta(hours=24)),
    Recurring("55 * * * *", ForgetMonths(), timedelta(hours=24)),
    Recurring("40 4 * * *", DetectWaste(), timedelta(hours=24)),
    Recurring("30 8 * * *", CheckShadows(), timedelta(hours=24)),
    Recurring("35 8 * * *", CheckContracts(), timedelta(hours=24)),
    Recurring("40 8 * * *", CheckSources(), timedelta(hours=24)),
    Recurring("45 4 * * *", CheckDrifts(), timedelta(hours=24)),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is due by the calendar.

    Args:
        lines: of app.yaml: sentences that the clock says.
        providers: of app.yaml.
        reached: those that this process can reach, by name.
        outcomes: the names of sources of outcomes.
    """

    lines: Sequence[ScheduleLine]
    providers: Sequence[ProviderSettings]
    reached: Mapping[str, Provider]
    outcomes: Sequence[str] = ()

    def write(self, conn: Connection, policy: Policy, now: datetime) -> None:
        """Write all that is due now into the outbox. Every replica does; a slot is one item."""
        ctx = Context(conn, now, CLOCK, NOWHERE, policy)
        for line in self.lines:
            slot = _slot(line, policy, now)
            if slot is not None:
                _say(ctx, line, slot)
        for each in RECURRING:
            slot = latest_slot(each.at, policy.zone, now, each.grace)
            if slot is not None:
                ctx.emit(f"{slot:%Y-%m-%dT%H:%M}", each.event)
        ctx.emit("app.yaml", RepriceCharges(fingerprint(policy)))  # another word only if prices have changed
        for provider in self.providers:
            if provider.name in self.reached:
                _read(ctx, provider, self.reached[provider.name])
        slot = latest_slot(OUTCOMES_AT, policy.zone, now, timedelta(days=1))
        for name in self.outcomes if slot is not None else ():
            ctx.pull(outcomes_target(name), f"{slot:%Y-%m-%dT%H:%M}", what="outcomes")
        ctx.write()
        outbox.prune(conn, now)
        idempotency.prune(conn, now)
        telemetry.prune(conn, now)
        hours.prune(conn, now.date())


def outcomes_target(name: str) -> str:
    """What a source of outcomes is called in the outbox: no provider has such a name."""
    return f"outcomes/{name}"


def _slot(line: ScheduleLine, policy: Policy, now: datetime) -> datetime | None:
    zone = ZoneInfo(line.zone) if line.zone else policy.zone
    move = partial(next_workday, working=policy.working) if line.workday else None
    return latest_slot(line.at, zone, now, timedelta(hours=line.grace_hours), move)


def _say(ctx: Context, line: ScheduleLine, slot: datetime) -> None:
    place = named_place(line.place) if line.place else NOWHERE
    said = {"sentence": line.say, "place": place_to_json(place)}
    payload = json.dumps(said | ({"owner": line.owner} if line.owner else {}))
    key = f"say/{line.say}@{line.place}@{slot:%Y-%m-%dT%H:%M}"
    outbox.ensure(ctx.conn, key, "say", "clock", payload, ctx.now, ctx.now)


def _read(ctx: Context, settings: ProviderSettings, provider: Provider) -> None:
    """Have what is due of a provider read: its usage, its limits, its own requests for more."""
    slot = latest_slot(settings.read, ctx.policy.zone, ctx.now, timedelta(days=1))
    if slot is not None:
        ctx.pull(settings.name, f"{slot:%Y-%m-%dT%H:%M}")
    slot = latest_slot(LIMITS_AT, ctx.policy.zone, ctx.now, timedelta(hours=2))
    if slot is not None and "limits" in provider.can:
        ctx.pull(settings.name, f"limits/{slot:%Y-%m-%dT%H:%M}", what="limits")
    slot = latest_slot(settings.requests, ctx.policy.zone, ctx.now, REQUESTS_GRACE)
    if slot is not None and "increase_requests" in provider.can:
        ctx.pull(settings.name, "requests", what="requests", slot=f"{slot:%Y-%m-%dT%H:%M}")


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
    trigger = CronTrigger.from_crontab(cron, timezone=UTC)  # reads the wall clock as it stands, whatever its offset
    step, earliest = timedelta(minutes=2), now - grace
    if move:
        step = grace + MOVED_MAX
    while True:
        start = now - step if move else max(now - step, earliest)
        slots = _slots(trigger, start.astimezone(zone), now.astimezone(zone))
        if move:
            slots = [datetime.combine(move(slot.date()), slot.time()) for slot in slots]
        due = [(moment, slot) for moment, slot in _said(slots, zone) if earliest <= moment <= now]
        if due:
            return max(due)[1]
        if move or start == earliest:
            return None
        step *= 4


def _slots(trigger: CronTrigger, start: datetime, end: datetime) -> list[datetime]:
    """All local times in a span, the hours before and after it in which clocks may be set included."""
    found: list[datetime] = []
    until = end.replace(tzinfo=UTC) + CLOCKS_SET_MAX
    fire = trigger.get_next_fire_time(None, start.replace(tzinfo=UTC, fold=0) - CLOCKS_SET_MAX)
    while fire is not None and fire <= until:
        found.append(fire.replace(tzinfo=None))
        fire = trigger.get_next_fire_time(fire, until)
    return found


def _said(slots: Iterable[datetime], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """When local times are said. One that does not exist is left out if the line says itself within the hour after."""
    moments = [(_moment(slot, zone), slot) for slot in slots]
    real = {slot: moment for moment, slot in moments if _is_real(moment, slot, zone)}
    for moment, slot in moments:
        if slot in real or not any(moment <= each < moment + ONE_HOUR for each in real.values()):
            yield moment, slot


def _is_real(moment: datetime, slot: datetime, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0) == slot


def _moment(slot: datetime, zone: ZoneInfo) -> datetime:
    """When a local time is: the first time, if the hour happens twice; the next that exists, if it does not happen."""
    moment = slot.replace(tzinfo=zone).astimezone(UTC)
    while not _is_real(moment, slot, zone):
        slot += timedelta(minutes=1)
        moment = slot.replace(tzinfo=zone).astimezone(UTC)
    return moment
