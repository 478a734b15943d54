"""The top tier for everything."""

from collections.abc import Iterator

from handlers.policy import STANDARD
from handlers.waste.usage import Part, Peers, Usage, monthly, share, tokens_of
from storage.findings import Found

SHARE_PERCENT_MIN = 90


def top_tier_only(one: Usage, peers: Peers) -> Iterator[Found]:
    """Nine tenths of the money go to the top tier; the tier below is in use here and would do for some of it."""
    top = one.top
    others = peers.below([STANDARD], 0)
    if not top.cost_nanos or top.cost_nanos * 100 < one.whole.cost_nanos * SHARE_PERCENT_MIN or not others:
        return
    instead = max(others, key=lambda model: peers.models[model].cost_nanos)
    kept = monthly(top.cost_nanos - peers.price(instead, top.weight))
    if kept <= 0:
        return
    yield Found(
        one.account_id,
        instead,
        f"{share(top.cost_nanos, one.whole.cost_nanos)} of the money goes to the top tier",
        (("Models", ", ".join(one.top_models)), _same(top, peers, instead)),
        f"Make {instead} the usual one, and keep the top for what it fails at.",
        monthly(top.cost_nanos),
        (kept * 2 // 5, kept),
        "medium",
        tokens_of(one.top_models),
    )


def _same(top: Part, peers: Peers, instead: str) -> tuple[str, str]:
    """What the same tokens would cost elsewhere."""
    return f"The same tokens on {instead}", f"{share(peers.price(instead, top.weight), top.cost_nanos)} of the price"
