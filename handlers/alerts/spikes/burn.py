"""What an account burns, as the guard sees it: plain figures by the hour and by the day."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.spikes import Sight, SpikeRule

PRESSING: frozenset[SpikeRule] = frozenset({"velocity", "daily", "wave", "ceiling"})
BY_THE_HOUR: frozenset[SpikeRule] = frozenset({"velocity", "loop"})

KINDS = ("person", "agent", "unallocated")  # whose figures are looked at
HISTORY_DAYS = 56  # before a day, by which it is judged
HOURS_DAYS = 28
LATE_DAYS = 7  # a day that arrives later than that is judged by nobody
ACTIVE_DAYS_FEW = 5  # from here on an account's own days say something
ACTIVE_DAYS_MIN = 14
LITTLE_FLOORS = 2  # above the usual: of so little, what happened once is usual, too
DAYS_FEW = 20  # four working weeks: with fewer days, that they are alike may be chance
WEEK = 7
STRETCH_MAX = 7  # days on end
HOUR_LATE = timedelta(hours=3)  # an hour is reported by then, where nothing is known of how late a provider is

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Spell:
    """What an account cost in an hour. `input` and `output` are tokens."""

    start: datetime
    cost_nanos: int
    requests: int
    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an account without a history may cost.

    Args:
        hour: a usual dear hour of its kind, in nanos.
        day: what a day may cost, in nanos.
        dear_day: a dear day of others of its kind, in nanos; 0 where they are few.
    """

    hour: int
    day: int
    dear_day: int = 0


@dataclass(frozen=True, slots=True)
class Burn:
    """An account as the guard sees it.

    Args:
        hours: what is reported by the hour, of the last four weeks, the oldest first.
        days: what each day cost, of the last eight weeks and today.
        new_hour: a usual dear hour of an account of its kind without a history.
        new_day: what a day of such an account may cost.
        dear_day: what a dear day of others of its kind costs, nothing where they are few.
        heard_until: up to when the providers that report it have told something, of anybody.
        judged_from: days before this one are the past, which nobody needs to hear of any more.
        since: when the danger began that is known already, if there is one: what is usual was before.
        odd: days of a danger to which nobody said anything: not usual, but a batch comes again.
        has_timetable: whether it may have one: programs do, people do not.
        hours_until: up to when they told hours beside their days, None if the hours are the days, or none are told.
    """

    hours: Sequence[Spell]
    days: Mapping[date, int]
    new_hour: int
    new_day: int
    heard_until: datetime
    judged_from: date
    dear_day: int = 0
    since: datetime | None = None
    odd: AbstractSet[date] = frozenset()
    has_timetable: bool = True
    hours_until: datetime | None = None

    def heard_by(self, rule: SpikeRule, now: datetime) -> datetime:
        """Up to when it is known what a rule looks at."""
        by_hour = self.hours_until if rule in BY_THE_HOUR else None
        return min(now, by_hour or self.heard_until)


def goes_on(burn: Burn, sight: Sight, now: datetime) -> bool:
    """Whether it goes on, as far as is known: nothing later is, or it is too soon to say."""
    rest = DAY if sight.rule not in BY_THE_HOUR else 2 * HOUR
    return sight.until + rest > burn.heard_by(sight.rule, now)


def ahead(rate_nanos: int, now: datetime, morning: datetime) -> int:
    """What it will cost until somebody is there again."""
    return rate_nanos * max(0, int((morning - now).total_seconds())) // 3600
