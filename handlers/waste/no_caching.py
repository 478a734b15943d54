"""No cache at all."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import (
    INPUT,
    INPUT_KINDS,
    READ,
    WRITE_5M,
    Peers,
    Usage,
    monthly,
    plain,
    some_tokens,
    tokens_of,
)
from storage.findings import Found, Said

CACHED_PERCENT_MAX = 1
TOKENS_MIN = 10**6
INPUT_MIN = 1_024  # vendors cache nothing shorter
REPEATED_PERCENT = (35, 70)
READS_OF_A_WRITE = 5


def no_caching(one: Usage, _peers: Peers) -> Iterator[Found]:
    """All input is paid in full; a third to two thirds of it repeats where requests are alike."""
    part = one.whole
    used = (part.read + part.written) * 100 >= part.plain * CACHED_PERCENT_MAX
    if used or part.plain < TOKENS_MIN or part.per_request("input") < INPUT_MIN:
        return
    repeated = [part.plain * percent // 100 for percent in REPEATED_PERCENT]
    low, high = (
        monthly(part.worth(tokens * (INPUT - READ) - tokens // READS_OF_A_WRITE * (WRITE_5M - INPUT)))
        for tokens in repeated
    )
    yield Found(
        one.account_id,
        "",
        Said(N_("No caching: every input token is paid in full")),
        (
            (Said(N_("Input per request")), some_tokens(part.per_request("input"))),
            (Said(N_("Requests in four weeks")), plain(part.requests)),
        ),
        Said(N_("Mark the instructions that all requests share for caching: reading from the cache costs a tenth.")),
        monthly(part.cost_nanos),
        (low, high),
        "medium",
        tokens_of(one.models, INPUT_KINDS),
    )
