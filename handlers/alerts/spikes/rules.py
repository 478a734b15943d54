"""The guard's rules: plain figures in, a judgement out.

- **Velocity**, where a provider reports hours: some hours in a row that cost more than an account's usual dear hours,
  and together, for an hour, three or eight, more than such hours ever did but once.
- **Daily**: a day, even while it lasts, or some days together, that cost more than next to no day does, by how unlike
  the dearest days of the eight weeks before are.
- **Loop**: hours on end in which every request is as large as the others, which people's work never is.
- **Weekly**: a slow drift, by whole weeks.

What happened once is not usual, what happened twice is; and what comes after one, two or four weeks, or on the same day
of the month, in the size of last time is a batch. Each hour and each day is judged when it becomes known, however late.

An account without a history of its own is measured by what it may cost as a newcomer. Logarithms are only compared;
money stays in whole nanos.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from handlers.alerts.spikes.burn import BY_THE_HOUR, DAY, HOUR, Burn, Spell
from handlers.alerts.spikes.days import daily
from handlers.alerts.spikes.hours import RUN_PERCENT, hourly
from handlers.alerts.spikes.loops import loop
from storage.spikes import Sight


def look(burn: Burn, now: datetime, morning: datetime, floor_nanos: int) -> list[Sight]:
    """What is out of the ordinary, the most pressing first, the latest first of each.

    Args:
        burn: the account.
        now: the moment.
        morning: when somebody will be there again.
        floor_nanos: what it must have cost above the usual, or will have by the morning.
    """
    alike = loop(burn, now, floor_nanos)
    return [
        *hourly(burn, now, morning, floor_nanos),
        *daily(burn, now, morning, floor_nanos),
        *([alike] if alike else []),
    ]


def total(burn: Burn, one: Sight) -> Sight:
    """What came of something that is over, by all that is reported of it now.

    Figures come late, and it may have gone on after the last look, until somebody read the provider again.
    """
    if one.rule in {"wave", "ceiling"}:
        return one
    if one.rule not in BY_THE_HOUR:
        first, last = (each.astimezone(UTC).date() for each in (one.since, one.until - timedelta(seconds=1)))
        days = (first + number * DAY for number in range((last - first).days + 1))
        return replace(one, excess_nanos=sum(burn.days.get(day, 0) - one.usual_nanos for day in days))
    run: list[Spell] = []
    for spell in burn.hours:
        near = not run or spell.start <= run[-1].start + 2 * HOUR
        if spell.start >= one.since and near and spell.cost_nanos * 100 > RUN_PERCENT * one.usual_nanos:
            run.append(spell)
    if not run:
        return one
    excess = sum(spell.cost_nanos - one.usual_nanos for spell in run)
    return replace(one, until=max(one.until, run[-1].start + HOUR), excess_nanos=excess)
