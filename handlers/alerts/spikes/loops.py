"""Hours on end in which every request is as large as the others, which people's work never is."""

from datetime import datetime

from handlers.alerts.spikes.burn import HOUR, HOUR_LATE, WEEK, Burn, Spell
from storage.spikes import Sight

LOOP_HOURS = 8
LOOP_REQUESTS = 10
LOOP_PERMILLE = 10


def loop(burn: Burn, now: datetime, floor_nanos: int) -> Sight | None:
    """The last hours, as long as their requests are all alike; the floor counts for a week of it."""
    alike: list[Spell] = []
    whole = [spell for spell in burn.hours if spell.start + HOUR <= now]
    for spell in reversed(whole):
        if spell.requests < LOOP_REQUESTS or (alike and not _alike(spell, alike[-1])):
            break
        alike.append(spell)
    if len(alike) < LOOP_HOURS or alike[0].start < burn.heard_by("loop", now) - HOUR_LATE - HOUR:
        return None
    cost = sum(spell.cost_nanos for spell in alike)
    rate = cost // len(alike)
    if rate * 24 * WEEK < floor_nanos:
        return None
    until = min(now, alike[0].start + HOUR)
    return Sight("loop", alike[-1].start, until, alike[0].cost_nanos, 0, cost, rate)


def _alike(one: Spell, other: Spell) -> bool:
    """Whether the requests of two hours that follow each other are of the same size and as many, to a hundredth."""
    pairs = (
        (one.requests, other.requests),
        (one.input * other.requests, other.input * one.requests),
        (one.output * other.requests, other.output * one.requests),
    )
    near = all(abs(a - b) * 1000 <= LOOP_PERMILLE * max(a, b) for a, b in pairs)
    return near and other.start - one.start == HOUR
