"""Calls that fail and are tried again."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Part, Peers, Usage, monthly, plain, tokens_of
from storage.findings import Found, Said

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
    share = {"percent": percent(part.failed, part.requests)}
    failed = Said(N_("{failed} of {all} ({percent} %)"), {"failed": part.failed, "all": part.requests, **share})
    evidence = [(Said(N_("Failed calls")), failed)]
    evidence += [(Said(N_("Hours in which every call failed")), plain(dead))] if dead else []
    yield Found(
        one.account_id,
        "",
        Said(N_("{percent} % of the calls fail"), share),
        tuple(evidence),
        Said(N_("Wait longer between retries, limit their number, and check the error messages.")),
        monthly(part.cost_nanos),
        (lost // 2, lost),
        "high",
        tokens_of(one.models),
    )
