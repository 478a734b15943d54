"""Little of the input is read from a cache, though requests are large enough to repeat much of it."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.cacheable import DOUBT, REPEATED_PERCENT_MAX, TOKENS_MIN, cacheable, saved_by_reading
from handlers.waste.usage import INPUT_KINDS, Peers, Usage, monthly, share, some_tokens, tokens_of
from storage.findings import Found, Said

REUSED_PERCENT_MAX = 25


def low_cache_reuse(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Less than a quarter of the input is read; it could be up to two thirds, with a write for every five reads."""
    part, models = cacheable(one)
    whole = part.input
    if part.plain < TOKENS_MIN or part.plain <= part.written or part.read * 100 >= whole * REUSED_PERCENT_MAX:
        return
    saved = monthly(saved_by_reading(part, whole * REPEATED_PERCENT_MAX // 100 - part.read))
    yield Found(
        one.account_id,
        "",
        Said(N_("{percent} % of the input is read from a cache"), {"percent": percent(part.read, whole)}),
        (
            (Said(N_("Input per request")), some_tokens(part.per_request("input"))),
            (Said(N_("Read from the cache")), share(part.read, whole)),
            DOUBT,
        ),
        Said(N_("Put what stays the same first (instructions, tools, documents) and mark it for caching.")),
        monthly(part.cost_nanos),
        (0, saved),
        "low",
        tokens_of(models, INPUT_KINDS),
    )
