"""A dearer tier for speed."""

from collections.abc import Iterator

from handlers.waste.usage import PREMIUM, Peers, Usage, add, monthly, share, tokens_of
from storage.findings import Found

TIMES = 2  # what speed costs where the ordinary price is not known here


def premium_speed(one: Usage, peers: Peers) -> Iterator[Found]:
    """What the faster tier costs above the ordinary one; half of it at least where nobody waits for the answer."""
    fast = [habit for habit in one.habits if habit.tier in PREMIUM]
    cost = sum(habit.cost_nanos for habit in fast)
    ordinary = sum(peers.price(habit.model, add([habit]).weight) or habit.cost_nanos // TIMES for habit in fast)
    if cost <= ordinary:
        return
    excess = monthly(cost - ordinary)
    yield Found(
        one.account_id,
        "",
        f"{share(cost, one.whole.cost_nanos)} of the money buys speed",
        (
            ("Models", ", ".join(sorted({habit.model for habit in fast}))),
            ("Above the ordinary price", share(cost - ordinary, ordinary)),
        ),
        "Use the ordinary tier where nobody waits for the answer.",
        monthly(cost),
        (excess // 2, excess),
        "high",
        tokens_of(habit.model for habit in fast),
    )
