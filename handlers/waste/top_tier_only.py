"""The top tier for everything."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.policy import STANDARD
from handlers.waste.usage import Peers, Usage, monthly, on_another, plain, tokens_of, unknown
from storage.findings import Found, Said

SHARE_PERCENT_MIN = 90
OTHERS_PERCENT_MAX = 10
LONG_ANSWER_TOKENS = 2_500
"""A page or three: whoever gets such answers on the mean gives it large tasks, and no small talk."""


def top_tier_only(one: Usage, peers: Peers) -> Iterator[Found]:
    """Nine tenths of the money and of the requests go to the top tier; the tier below is in use here.

    Who sends many requests to smaller models chooses already, even if these cost next to nothing; who gets long answers
    to few questions gives it what it is for.
    """
    top = one.top
    if top.per_request("output") >= LONG_ANSWER_TOKENS:
        return
    if (one.whole.requests - top.requests) * 100 > one.whole.requests * OTHERS_PERCENT_MAX:
        return
    others = peers.below([STANDARD], 0)
    if not top.cost_nanos or top.cost_nanos * 100 < one.whole.cost_nanos * SHARE_PERCENT_MIN or not others:
        return
    instead = max(others, key=lambda model: peers.models[model].cost_nanos)
    price = peers.price(instead, top.weight)
    kept = monthly(top.cost_nanos - price)
    if kept <= 0:
        return
    share = percent(top.cost_nanos, one.whole.cost_nanos)
    yield Found(
        one.account_id,
        instead,
        Said(N_("{percent} % of the spending is on flagship models"), {"percent": share}),
        (
            (Said(N_("Models")), plain(", ".join(one.top_models))),
            on_another(instead, price, top.cost_nanos),
            unknown(N_("whether the work needs the largest model")),
        ),
        Said(N_("Use {model} by default, and a flagship model only where it fails."), {"model": instead}),
        monthly(top.cost_nanos),
        (0, kept),
        "low",
        tokens_of(one.top_models),
    )
