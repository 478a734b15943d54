"""Somebody's own key that runs through the nights."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, Usage, monthly, plain, tokens_of, unknown
from storage.findings import Found, Said
from storage.usage_patterns import Hour

TIMES_MIN = 3
SHARE_PERCENT_MIN = 20
NIGHT_BEGINS, NIGHT_ENDS = 22, 6
HALF_A_DAY = timedelta(hours=12)
SLEEP_HOURS = 5  # who has no pause of five hours from noon to noon is no person
NIGHT_HOURS_MIN = 4


def off_hours_loop(one: Usage, _peers: Peers) -> Iterator[Found]:
    """A person's key that costs three times as much in an hour at night as in one by day, and never sleeps.

    Who works at night, or far away, sleeps by day: their key has its pause then, and nothing is said.
    """
    for key, hours in one.keys() if one.person and not one.left else ():
        nights = _sleepless(hours, one.zone)
        asleep = [hour.cost_nanos for hour in hours if _is_off(hour, one.zone) and _night(hour, one.zone) in nights]
        awake = [hour.cost_nanos for hour in hours if not _is_off(hour, one.zone)]
        cost, whole = sum(asleep), sum(hour.cost_nanos for hour in hours)
        usual = sum(awake) // max(1, len(awake))
        if not asleep or cost < TIMES_MIN * usual * len(asleep) or cost * 100 < whole * SHARE_PERCENT_MIN:
            continue
        yield Found(
            one.account_id,
            key,
            Said(N_("One of your keys runs at night")),
            (
                (Said(N_("Key")), plain(f"…{key[-8:]}")),
                (Said(N_("At night")), Said(N_("{percent} % of its cost"), {"percent": percent(cost, whole)})),
                (Said(N_("Nights without a pause")), plain(len(nights))),
                unknown(N_("whether you wanted it to run")),
            ),
            Said(N_("Check what is still running, such as a notebook or a script, and stop it.")),
            monthly(whole),
            (0, monthly(cost)),
            "low",
            tokens_of([f"key {key}"]),
        )


def _sleepless(hours: Sequence[Hour], zone: ZoneInfo) -> set[date]:
    """The evenings of nights through which the key ran, without a pause from noon to noon that one could sleep in."""
    active: dict[date, set[int]] = defaultdict(set)
    for hour in hours:
        if hour.requests or hour.cost_nanos:
            active[_night(hour, zone)].add((_local(hour.start, zone) - HALF_A_DAY).hour)
    return {evening for evening, seen in active.items() if _is_sleepless(seen)}


def _is_sleepless(seen: set[int]) -> bool:
    """Whether so it is, by the active hours from noon (0) to noon."""
    begins, ends = NIGHT_BEGINS - 12, NIGHT_ENDS + 12
    if sum(begins <= hour < ends for hour in seen) < NIGHT_HOURS_MIN:
        return False
    bounds = [-1, *sorted(seen), 24]
    return all(after - before - 1 < SLEEP_HOURS for before, after in pairwise(bounds))


def _local(start: datetime, zone: ZoneInfo) -> datetime:
    return start.astimezone(zone)


def _night(hour: Hour, zone: ZoneInfo) -> date:
    """The evening before, for what happens until noon."""
    return (_local(hour.start, zone) - HALF_A_DAY).date()


def _is_off(hour: Hour, zone: ZoneInfo) -> bool:
    clock = _local(hour.start, zone).hour
    return clock >= NIGHT_BEGINS or clock < NIGHT_ENDS
