"""Little of the input is read from a cache, though requests are large enough to repeat much of it."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import (
    INPUT,
    INPUT_KINDS,
    READ,
    WRITE_5M,
    Peers,
    Usage,
    monthly,
    share,
    some_tokens,
    tokens_of,
)
from storage.findings import Found, Said

REUSED_PERCENT_MAX = 25
TOKENS_MIN = 10**6
INPUT_MIN = 2_000
AIMS_PERCENT = (35, 70)
READS_OF_A_WRITE = 5


def low_cache_reuse(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Less than a quarter of the input is read; it could be a third at least, with a write for every five reads."""
    part = one.whole
    whole = part.input
    large = part.plain >= TOKENS_MIN and part.plain > part.written and part.per_request("input") >= INPUT_MIN
    if not large or part.read * 100 >= whole * REUSED_PERCENT_MAX:
        return
    savings = []
    for aim in AIMS_PERCENT:
        moved = whole * aim // 100 - part.read
        savings.append(part.worth(moved * (INPUT - READ) - moved // READS_OF_A_WRITE * (WRITE_5M - INPUT)))
    low, high = map(monthly, savings)
    yield Found(
        one.account_id,
        "",
        Said(N_("{percent} % of the input is read from a cache"), {"percent": percent(part.read, whole)}),
        (
            (Said(N_("Input per request")), some_tokens(part.per_request("input"))),
            (Said(N_("Read from the cache")), share(part.read, whole)),
        ),
        Said(N_("Put what stays the same first (instructions, tools, documents) and mark it for caching.")),
        monthly(part.cost_nanos),
        (low, high),
        "medium",
        tokens_of(one.models, INPUT_KINDS),
    )
