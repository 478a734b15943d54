"""No cache at all."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.cacheable import DOUBT, REPEATED_PERCENT_MAX, TOKENS_MIN, cacheable, saved_by_reading
from handlers.waste.usage import INPUT_KINDS, Peers, Usage, monthly, plain, some_tokens, tokens_of
from storage.findings import Found, Said

CACHED_PERCENT_MAX = 1


def no_caching(one: Usage, _peers: Peers) -> Iterator[Found]:
    """All input is paid in full; up to two thirds of it repeat where requests are alike."""
    part, models = cacheable(one)
    if part.plain < TOKENS_MIN or (part.read + part.written) * 100 >= part.plain * CACHED_PERCENT_MAX:
        return
    saved = monthly(saved_by_reading(part, part.plain * REPEATED_PERCENT_MAX // 100))
    yield Found(
        one.account_id,
        "",
        Said(N_("No caching: every input token is paid in full")),
        (
            (Said(N_("Input per request")), some_tokens(part.per_request("input"))),
            (Said(N_("Requests in four weeks")), plain(part.requests)),
            DOUBT,
        ),
        Said(N_("Mark the instructions that all requests share for caching: reading from the cache costs a tenth.")),
        monthly(part.cost_nanos),
        (0, saved),
        "low",
        tokens_of(models, INPUT_KINDS),
    )
