"""Work that could wait runs at the price of work that cannot."""

from collections import Counter
from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import BATCH, WINDOW_DAYS, Peers, Usage, monthly, tokens_of
from storage.findings import Found, Said

HOURS_MAX = 6
DAYS_MIN = 10
REGULAR_PERCENT = 20


def batchable_run_live(one: Usage, _peers: Peers) -> Iterator[Found]:
    """A program that works at the same few hours each day, so by a timetable, and never as a batch, which costs half.

    Whether these hours are at night is not asked: where the work is waited for, usage does not show.
    """
    live = one.of(lambda habit: habit.tier not in BATCH)
    if one.person or not one.hours or live.cost_nanos != one.whole.cost_nanos:
        return
    busy = Counter(hour.start.astimezone(one.zone).hour for hour in one.hours if hour.requests)
    days = max(busy.values(), default=0)
    regular = sorted(hour for hour, seen in busy.items() if seen * 100 >= days * REGULAR_PERCENT)
    if days < DAYS_MIN or len(regular) > HOURS_MAX:
        return
    cost, hours = monthly(live.cost_nanos), ", ".join(f"{hour}:00" for hour in regular)
    yield Found(
        one.account_id,
        "",
        Said(N_("Runs on a schedule, but pays for immediate answers")),
        (
            (Said(N_("Active hours")), Said(N_("{hours} ({zone})"), {"hours": hours, "zone": str(one.zone)})),
            (Said(N_("Active days")), Said(N_("{days} of {all}"), {"days": days, "all": WINDOW_DAYS})),
        ),
        Said(N_("Send this work as a batch: the answers arrive within a day, at half the price.")),
        cost,
        (cost // 4, cost // 2),
        "medium",
        tokens_of(one.models),
    )
