"""Somebody's own key that runs through the nights."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.waste.usage import Peers, Usage, monthly, share, tokens_of
from storage.findings import Found

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
            "A key of your own runs while you sleep",
            (
                ("Key", f"…{key[-8:]}"),
                ("At night", f"{share(cost, whole)} of its cost, on {nights} days"),
            ),
            "See what still runs (a notebook, a script), and stop it.",
            monthly(whole),
            (monthly(cost) * 9 // 10, monthly(cost)),
            "medium",
            tokens_of([f"key {key}"]),
        )


def _is_off(start: datetime, zone: ZoneInfo) -> bool:
    hour = start.astimezone(zone).hour
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS
