"""What was seen is remembered: it is new, goes on, grows, or was expected."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta

from handlers.alerts.spikes.burn import (
    DAY,
    PRESSING,
    Burn,
    goes_on,
)
from handlers.alerts.spikes.burns import Look
from handlers.context import Context
from storage import spikes
from storage.spikes import Expectation, Sight, Spike

NEAR = timedelta(hours=8)  # what is seen so short before something known is the same matter; what comes after is new


def beyond(ctx: Context, said: Expectation | None, burn: Burn, sights: list[Sight]) -> list[Sight]:
    """What is not expected of what was seen; if more was spent than was said, that is what is seen."""
    if said is None or ctx.today < said.first:
        return sights
    begun = datetime.combine(said.first, time(), ctx.policy.zone)
    before = [each for each in sights if each.until <= begun]
    spent = {day: cost for day, cost in burn.days.items() if said.first <= day <= said.until}
    total_nanos, ceiling = sum(spent.values()), said.ceiling_nanos
    if ceiling is None or total_nanos <= ceiling:
        return before
    rate = spent.get(max(spent), 0) // 24
    since, until = max(begun, said.said_at), max(ctx.now, said.said_at + timedelta(seconds=1))
    return [Sight("ceiling", since, until, total_nanos, ceiling, total_nanos - ceiling, rate), *before]


def remember(ctx: Context, account_id: str, here: Look, mine: Sequence[Spike]) -> list[Spike]:
    """Bring what burns up to date, or note what is new; of several sights of one time the most pressing counts.

    Returns:
        What is new and over already: its figures came late.
    """
    known, over = list(mine), []
    for sight in here.sights:
        same = next((each for each in reversed(known) if each.rule == sight.rule and continues(each, sight)), None)
        if same is not None:
            grown = grow(ctx, same, sight)
            known = [grown if each.id == same.id else each for each in known]
            continue
        pressing = sight.rule in PRESSING
        if any(each.burns and pressing <= (each.rule in PRESSING) and meets(each, sight) for each in known):
            continue
        if any(not each.burns and each.rule != "weekly" and meets(each, sight) for each in known):
            continue
        new = spikes.begin(ctx.conn, account_id, sight)
        if not goes_on(here.burn, sight, ctx.now):
            new = spikes.note(ctx.conn, new.id, burns=False, ended_at=ctx.now)
            over.append(new)
        known.append(new)
    return over


def grow(ctx: Context, same: Spike, sight: Sight) -> Spike:
    """Bring a spike up to date by what is seen of it now."""
    since, excess = min(same.since, sight.since), max(same.excess_nanos, sight.excess_nanos)
    grown = replace(sight, since=since, excess_nanos=excess)
    return spikes.note(ctx.conn, same.id, burns=True, ended_at=None, **asdict(grown))


def meets(one: Spike, sight: Sight) -> bool:
    """Whether both are, in part, of the same time; what burns is of all time since it began."""
    return one.since - NEAR < sight.until and (one.burns or one.until > sight.since)


def continues(one: Spike, sight: Sight) -> bool:
    """Whether a sight is of what is known already; what is no danger may rest for a day, and is not told again."""
    if one.burns:
        return one.since < sight.until and sight.until >= one.until
    return one.rule not in PRESSING and one.until >= sight.since - DAY and one.since < sight.until


def still(ctx: Context, one: Spike, burn: Burn, sights: Iterable[Sight]) -> bool:
    """Whether what burnt does so still."""
    return any(each.rule == one.rule and continues(one, each) and goes_on(burn, each, ctx.now) for each in sights)
