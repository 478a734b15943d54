"""Calls that fail and are tried again."""

from collections.abc import Iterator

from handlers.waste.usage import Part, Peers, Usage, count, monthly, share, tokens_of
from storage.findings import Found

FAILED_PERCENT_MIN = 5
FAILED_MIN = 100


def failed_calls(one: Usage, _peers: Peers) -> Iterator[Found]:
    """More than one call in twenty fails; its input may be paid for, and nothing comes of it."""
    part = one.whole
    if part.failed < FAILED_MIN or part.failed * 100 < part.requests * FAILED_PERCENT_MIN:
        return
    inputs = part.worth(Part(0, (*part.tokens[:4], 0), 0, 0).weight)
    lost = monthly(inputs * part.failed // part.requests)
    dead = sum(1 for hour in one.hours if hour.requests and hour.failed == hour.requests)
    evidence = [("Failed", f"{count(part.failed)} of {count(part.requests)} ({share(part.failed, part.requests)})")]
    evidence += [("Hours in which all failed", str(dead))] if dead else []
    yield Found(
        one.account_id,
        "",
        f"{share(part.failed, part.requests)} of the calls fail",
        tuple(evidence),
        "Wait longer between tries, stop after a few, and look at what the errors say.",
        monthly(part.cost_nanos),
        (lost // 2, lost),
        "high",
        tokens_of(one.models),
    )
