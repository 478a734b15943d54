"""Somebody's own key that runs through the nights."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, Usage, monthly, plain, tokens_of
from storage.findings import Found, Said

TIMES_MIN = 3
SHARE_PERCENT_MIN = 20
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


def off_hours_loop(one: Usage, _peers: Peers) -> Iterator[Found]:
    """A person's key that costs three times as much in an hour at night as in one by day, and much of the whole."""
    for key, hours in one.keys() if one.person and not one.left else ():
        asleep = [hour.cost_nanos for hour in hours if _is_off(hour.start, one.zone)]
        awake = [hour.cost_nanos for hour in hours if not _is_off(hour.start, one.zone)]
        cost = sum(asleep)
        usual = sum(awake) // max(1, len(awake))
        whole = cost + sum(awake)
        if not asleep or cost < TIMES_MIN * usual * len(asleep) or cost * 100 < whole * SHARE_PERCENT_MIN:
            continue
        nights = len({hour.start.astimezone(one.zone).date() for hour in hours if _is_off(hour.start, one.zone)})
        yield Found(
            one.account_id,
            key,
            Said(N_("One of your keys runs at night")),
            (
                (Said(N_("Key")), plain(f"…{key[-8:]}")),
                (Said(N_("At night")), Said(N_("{percent} % of its cost"), {"percent": percent(cost, whole)})),
                (Said(N_("Nights")), plain(nights)),
            ),
            Said(N_("Check what is still running, such as a notebook or a script, and stop it.")),
            monthly(whole),
            (monthly(cost) * 9 // 10, monthly(cost)),
            "medium",
            tokens_of([f"key {key}"]),
        )


def _is_off(start: datetime, zone: ZoneInfo) -> bool:
    hour = start.astimezone(zone).hour
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS
