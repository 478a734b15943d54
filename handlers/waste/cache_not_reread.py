"""A cache is written and hardly read: it costs more than it saves."""

from collections.abc import Iterator

from handlers.waste.usage import INPUT, INPUT_KINDS, READ, WRITE_1H, WRITE_5M, Peers, Usage, count, monthly, tokens_of
from storage.findings import Found

TOKENS_MIN = 10**6


def cache_not_reread(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Writing is dearer than plain input; below 0.28 reads a token (1.11 for an hour's cache) it is a loss."""
    part = one.whole
    short, long = part.tokens[2], part.tokens[3]
    loss = short * (WRITE_5M - INPUT) + long * (WRITE_1H - INPUT) - part.read * (INPUT - READ)
    if part.written < TOKENS_MIN or loss <= 0:
        return
    lost = monthly(part.worth(loss))
    yield Found(
        one.account_id,
        "",
        "The cache is written and hardly read again",
        (
            ("Written", f"{count(part.written)} tokens"),
            ("Read again", f"{count(part.read)} tokens, {part.read / part.written:.2f} for each written"),
        ),
        "Ask sooner after each other, choose the cache that lasts an hour, or do not write one.",
        monthly(part.cost_nanos),
        (lost // 2, lost),
        "high",
        tokens_of(one.models, INPUT_KINDS),
    )
