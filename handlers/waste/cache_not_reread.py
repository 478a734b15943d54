"""A cache is written and hardly read: it costs more than it saves."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import (
    INPUT,
    INPUT_KINDS,
    READ,
    WRITE_1H,
    WRITE_5M,
    Peers,
    Usage,
    monthly,
    some_tokens,
    tokens_of,
)
from storage.findings import Found, Said

TOKENS_MIN = 10**6


def cache_not_reread(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Writing costs more than plain input; below 0.28 reads a token (1.11 for an hour's cache) it is a loss."""
    part = one.whole
    short, long = part.tokens[2], part.tokens[3]
    loss = short * (WRITE_5M - INPUT) + long * (WRITE_1H - INPUT) - part.read * (INPUT - READ)
    if part.written < TOKENS_MIN or loss <= 0:
        return
    lost, times = monthly(part.worth(loss)), round(part.read / part.written, 2)
    yield Found(
        one.account_id,
        "",
        Said(N_("The cache is written, but rarely read")),
        (
            (Said(N_("Written to the cache")), some_tokens(part.written)),
            (
                Said(N_("Read from the cache")),
                Said(N_("{count} tokens, {times} for each token written"), {"count": part.read, "times": times}),
            ),
        ),
        Said(N_("Send related requests closer together, use the one-hour cache, or turn caching off.")),
        monthly(part.cost_nanos),
        (lost // 2, lost),
        "high",
        tokens_of(one.models, INPUT_KINDS),
    )
