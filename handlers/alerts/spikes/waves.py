"""Many new agents that spend much together are one matter."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from handlers.alerts.spikes.burn import (
    DAY,
    WEEK,
    Allowed,
)
from handlers.alerts.spikes.burns import Look, burn_of
from handlers.alerts.spikes.recent import Heard, Recent
from handlers.context import Context
from storage import comparisons
from storage.people import Account
from storage.spikes import Sight

WAVE_MIN = 8  # new agents
WAVE_PART = 10  # each spends this part of the floor at least
WAVE_FLOORS = 10  # and all of them together so many floors a day


@dataclass(frozen=True, slots=True)
class Wave:
    """Many new agents that spend much together: who they are, and how it looks."""

    who: list[str]
    look: Look


def agents_of(accounts: Mapping[str, Account]) -> set[str]:
    """The agents among some accounts."""
    return {each.id for each in accounts.values() if each.kind == "agent"}


def small_agents(recent: Recent, accounts: Mapping[str, Account], floor_nanos: int) -> set[str]:
    """Agents that are too small to be looked at alone, and may be part of a wave; none where few agents are active."""
    least = floor_nanos // WAVE_PART
    agents = {each for each in recent.buckets if each in accounts and accounts[each].kind == "agent"}
    sums = {each: sum(one.cost_nanos for one in recent.buckets[each] if not one.beside) for each in agents}
    some = {each for each, cost in sums.items() if cost >= least}
    return some if len(some) >= WAVE_MIN else set()


def wave_of(ctx: Context, found: Mapping[str, Look], newcomers: Iterable[str], here: Heard) -> Wave | None:
    """Whether many new agents together spend what is worth a word; then it is told once, as one."""
    floor = ctx.policy.guard_floor_nanos
    first = comparisons.begun(ctx.conn) or ctx.today
    begun = min((day for each in found.values() for day in each.burn.days), default=first)
    begun = min(begun, first)
    who = [each for each in newcomers if max(found[each].burn.days.values(), default=0) >= floor // WAVE_PART]
    if len(who) < WAVE_MIN or begun > ctx.today - 2 * WEEK * DAY:
        return None
    days: dict[date, int] = defaultdict(int)
    for each in who:
        for day, cost in found[each].burn.days.items():
            days[day] += cost
    dear = sorted(day for day, cost in days.items() if cost >= WAVE_FLOORS * floor and day >= here.judged_from)
    if not dear:
        return None
    since, end = (datetime.combine(day, time(), UTC) for day in (dear[0], dear[-1] + DAY))
    now, until = days[dear[-1]], min(end, ctx.now)
    rate = now // max(1, (until - end + DAY) // timedelta(hours=1))
    sight = Sight("wave", since, until, now, 0, sum(days[day] for day in dear), rate)
    burn = burn_of(ctx, (), days, Allowed(0, 0), here, ())
    return Wave(who, Look(burn, [sight], unheard=False))
