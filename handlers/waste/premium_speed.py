"""A more expensive tier for speed."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import PREMIUM, Peers, Usage, add, monthly, plain, share, tokens_of, unknown
from storage.findings import Found, Said

TIMES = 2  # what speed costs where the ordinary price is not known here


def premium_speed(one: Usage, peers: Peers) -> Iterator[Found]:
    """What the faster tier costs above the ordinary one.

    Not of a program whose requests come and go with the day: people wait for it.
    """
    if one.hours and not one.person and not one.is_clockwork:
        return
    fast = [habit for habit in one.habits if habit.tier in PREMIUM]
    cost = sum(habit.cost_nanos for habit in fast)
    ordinary = sum(peers.price(habit.model, add([habit]).weight) or habit.cost_nanos // TIMES for habit in fast)
    if cost <= ordinary:
        return
    excess = monthly(cost - ordinary)
    yield Found(
        one.account_id,
        "",
        Said(N_("{percent} % of the spending is on a priority tier"), {"percent": percent(cost, one.whole.cost_nanos)}),
        (
            (Said(N_("Models")), plain(", ".join(sorted({habit.model for habit in fast})))),
            (Said(N_("Above the standard price")), share(cost - ordinary, ordinary)),
            unknown(N_("whether somebody waits for the answers")),
        ),
        Said(N_("Use the standard tier where nobody waits for the answer.")),
        monthly(cost),
        (0, excess),
        "low",
        tokens_of(habit.model for habit in fast),
    )
