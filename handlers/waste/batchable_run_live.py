"""Work that could wait runs at the price of work that cannot."""

from collections import Counter
from collections.abc import Iterator, Sequence

from handlers.language import N_
from handlers.waste.usage import BATCH, WINDOW_DAYS, Peers, Usage, monthly, tokens_of, unknown
from storage.findings import Found, Said

HOURS_MAX = 6
DAYS_MIN = 10
REGULAR_PERCENT = 20
DAY_BEGINS, DAY_ENDS = 7, 20  # somebody is likely to wait for what runs then
SHIFT_HOURS = 5  # so long and never at weekends: people work then, in whatever zone they live
SATURDAY = 5
WEEKENDS_PERCENT = 5
CHAINED_PERCENT = 75  # of the input is read from a cache where each request goes on from the last


def batchable_run_live(one: Usage, _peers: Peers) -> Iterator[Found]:
    """A program that works at the same few hours each day and never as a batch, for half the price.

    Not where people are likely to wait, on working days only, by day or for as long as a shift; nor where models are
    compared, nor where each request goes on from the last, which a batch cannot do.
    """
    live = one.of(lambda habit: habit.tier not in BATCH)
    if one.person or not one.hours or live.cost_nanos != one.whole.cost_nanos or one.is_comparison:
        return
    if live.read * 100 >= live.input * CHAINED_PERCENT:
        return
    busy = Counter(hour.start.astimezone(one.zone).hour for hour in one.hours if hour.requests)
    days = max(busy.values(), default=0)
    regular = sorted(hour for hour, seen in busy.items() if seen * 100 >= days * REGULAR_PERCENT)
    if days < DAYS_MIN or len(regular) > HOURS_MAX or _is_office_work(one, busy, regular):
        return
    cost, hours = monthly(live.cost_nanos), ", ".join(f"{hour}:00" for hour in regular)
    yield Found(
        one.account_id,
        "",
        Said(N_("Runs on a schedule, but pays for immediate answers")),
        (
            (Said(N_("Active hours")), Said(N_("{hours} ({zone})"), {"hours": hours, "zone": str(one.zone)})),
            (Said(N_("Active days")), Said(N_("{days} of {all}"), {"days": days, "all": WINDOW_DAYS})),
            unknown(N_("whether somebody waits for the answers")),
        ),
        Said(N_("Send this work as a batch: the answers arrive within a day, at half the price.")),
        cost,
        (0, cost // 2),
        "low",
        tokens_of(one.models),
    )


def _is_office_work(one: Usage, busy: Counter[int], regular: Sequence[int]) -> bool:
    """Whether next to nothing of it is done at weekends, and most by day or in hours that make a shift.

    A program's own schedule is short, or does not know weekends. People on the other side of the world work at night
    here, and the weekend begins and ends for them within half a day of ours.
    """
    by_day = sum(seen for hour, seen in busy.items() if DAY_BEGINS <= hour < DAY_ENDS)
    weekends = sum(1 for hour in one.hours if hour.requests and hour.start.astimezone(one.zone).weekday() >= SATURDAY)
    people = by_day * 2 > busy.total() or len(regular) >= SHIFT_HOURS
    return people and weekends * 100 < busy.total() * WEEKENDS_PERCENT
