"""What is reported of late, and how far each provider is known."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from handlers.alerts.spikes.burn import (
    DAY,
    HOUR_LATE,
    LATE_DAYS,
    WEEK,
)
from handlers.alerts.spikes.figures import SpendFigures
from handlers.context import Context
from storage import pulls
from storage.burn_rate import Bucket
from storage.charges import HOURS_OF_A_DAY
from storage.pulls import Pull
from storage.spikes import Spike

NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # before anything was read


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the providers are known that report an account.

    Args:
        until: up to when one of them told something, of anybody, or would have.
        judged_from: days before it were read when readings began.
        unheard: whether one of them was not read of late.
        hours_until: the same as `until` of hours that are told beside days, None if none are.
    """

    until: datetime
    judged_from: date
    unheard: bool = False
    hours_until: datetime | None = None

    def plus(self, other: "Heard") -> "Heard":
        """Both."""
        return Heard(
            max(self.until, other.until),
            min(self.judged_from, other.judged_from),
            self.unheard or other.unheard,
            max(filter(None, (self.hours_until, other.hours_until)), default=None),
        )


class Recent:
    """What all accounts cost of late, and which of them are worth a close look."""

    def __init__(self, ctx: Context, figures: SpendFigures, hot: Mapping[str, Spike]) -> None:
        floor = ctx.policy.guard_floor_nanos
        recent = datetime.combine(ctx.today - 2 * DAY, time(), ctx.policy.zone)
        self.buckets: dict[str, list[Bucket]] = defaultdict(list)
        self.dear = set[str](hot)
        self._heard: dict[str, Heard] = {}
        self._nobody = Heard(NEVER, ctx.today)
        for pull in pulls.pulled(ctx.conn):
            here = _heard_of(ctx, pull)
            self._nobody = Heard(max(self._nobody.until, here.until), min(self._nobody.judged_from, here.judged_from))
            since = min([recent, *(each.since for each in hot.values())]) if here.unheard else recent
            for bucket in figures.latest(ctx.conn, pull.provider, since):
                self.buckets[bucket.account_id].append(bucket)
                self._note(bucket.account_id, here)
            days = recent - (LATE_DAYS - 2) * DAY, recent
            for account_id in figures.late(ctx.conn, pull.provider, *days, ctx.now - DAY, floor):
                self.dear.add(account_id)
                self._note(account_id, here)
        self.dear |= {each for each, buckets in self.buckets.items() if is_dear(buckets, floor)}

    def heard(self, account_id: str) -> Heard:
        """How far the providers of an account are known; of one without recent figures, how far any is."""
        return self._heard.get(account_id, self._nobody)

    def _note(self, account_id: str, here: Heard) -> None:
        self._heard[account_id] = self._heard[account_id].plus(here) if account_id in self._heard else here


def _heard_of(ctx: Context, pull: Pull) -> Heard:
    """How far a provider is known. One that app.yaml names no more is not waited for."""
    is_waited_for = ctx.policy.vendor(pull.provider) is not None
    done = pull.done_at or NEVER
    told = _told_until(ctx, pull.done_at, pull.heard_until, pull.late_seconds)
    hours = _told_until(ctx, pull.hours_read_at, pull.hours_until, pull.hours_late_seconds)
    earliest = ctx.today - LATE_DAYS * DAY
    began = pull.began_at.date() - DAY if pull.began_at else earliest
    unheard = is_waited_for and done < ctx.now - HOUR_LATE
    has_hours = pull.hours_read_at is not None and pull.hours_read_at > ctx.now - DAY
    return Heard(told, max(earliest, began), unheard, hours if has_hours else None)


def _told_until(
    ctx: Context, read_at: datetime | None, heard_until: datetime | None, late_seconds: int | None
) -> datetime:
    """Up to when something is known: it was told, or would have been if there were anything."""
    late = max(HOUR_LATE, timedelta(seconds=late_seconds or 0))
    return max(read_at - late if read_at else NEVER, min(heard_until or NEVER, ctx.now))


def is_dear(buckets: Sequence[Bucket], floor_nanos: int) -> bool:
    """Whether an hour of it for a week, or a day of it, comes to the floor."""
    return any(each.cost_nanos * _days_long(each) >= floor_nanos for each in buckets)


def _days_long(one: Bucket) -> int:
    """How many times as long what goes on by the hour may go on: for a week. A day is a day."""
    return 24 * WEEK // one.hours if one.hours < HOURS_OF_A_DAY else 1
