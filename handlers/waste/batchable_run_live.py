"""Work that could wait runs at the price of work that cannot."""

from collections import Counter
from collections.abc import Iterator

from handlers.waste.usage import BATCH, Peers, Usage, monthly, tokens_of
from storage.findings import Found

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
    cost = monthly(live.cost_nanos)
    yield Found(
        one.account_id,
        "",
        "Works by a timetable, and pays for answers at once",
        (
            ("Its hours", ", ".join(f"{hour}:00" for hour in regular) + f" ({one.zone})"),
            ("On", f"{days} days of 28"),
        ),
        "Send it as a batch: the answers come within a day, at half the price.",
        cost,
        (cost // 4, cost // 2),
        "medium",
        tokens_of(one.models),
    )
