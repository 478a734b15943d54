"""Calls that fail and are tried again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, Usage, monthly, plain, tokens_of, unknown
from storage.findings import Found, Said
from storage.usage_patterns import Bucket, Hour

FAILED_PERCENT_MIN = 5
FAILED_MIN = 100
BUCKETS_MIN = 14
DEVIATIONS = 3


def failed_calls(one: Usage, _peers: Peers) -> Iterator[Found]:
    """More than one call in twenty fails, and what these calls cost, which may be nothing.

    Most vendors bill no call that they refuse. So what a failed call costs is worked out from how the cost of an hour,
    or a day, goes up with failed calls and with others. Where it does not, nothing is said; where all hours are alike,
    so that this cannot be told, no saving is claimed.
    """
    part = one.whole
    if part.failed < FAILED_MIN or part.failed * 100 < part.requests * FAILED_PERCENT_MIN:
        return
    billed = _billed(one.hours or one.buckets)
    if billed is not None and billed.low <= 0:
        return
    share = {"percent": percent(part.failed, part.requests)}
    failed = Said(N_("{failed} of {all} ({percent} %)"), {"failed": part.failed, "all": part.requests, **share})
    evidence = [(Said(N_("Failed calls")), failed)]
    dead = sum(1 for hour in one.hours if hour.requests and hour.failed == hour.requests)
    evidence += [(Said(N_("Hours in which every call failed")), plain(dead))] if dead else []
    evidence += [] if billed else [unknown(N_("whether failed calls are billed"))]
    yield Found(
        one.account_id,
        "",
        Said(N_("{percent} % of the calls fail"), share),
        tuple(evidence),
        Said(N_("Wait longer between retries, limit their number, and check the error messages.")),
        monthly(part.cost_nanos),
        (monthly(int(billed.low * part.failed)), monthly(int(billed.high * part.failed))) if billed else None,
        "medium" if billed else "low",
        tokens_of(one.models),
    )


@dataclass(frozen=True, slots=True)
class _Billed:
    """What a failed call costs, in nanos: at least and at most."""

    low: float
    high: float


def _billed(buckets: Sequence[Hour | Bucket]) -> _Billed | None:
    """What a failed call costs beside one that works, by least squares; None where the figures cannot tell.

    Both counts explain the cost of an hour: cost = works × a + fails × b. An hour of many calls is known no better by
    share, so each counts by what one call of it costs.
    """
    rows = [
        (1 / each.requests, each.requests - each.failed, each.failed, each.cost_nanos)
        for each in buckets
        if each.requests
    ]
    works = sum(w * good * good for w, good, _, _ in rows)
    fails = sum(w * bad * bad for w, _, bad, _ in rows)
    both = sum(w * good * bad for w, good, bad, _ in rows)
    spread = works * fails - both * both
    if len(rows) < BUCKETS_MIN or spread <= works * fails / 1_000:
        return None
    good_cost = sum(w * good * cost for w, good, _, cost in rows)
    bad_cost = sum(w * bad * cost for w, _, bad, cost in rows)
    per_work = (good_cost * fails - bad_cost * both) / spread
    per_fail = (bad_cost * works - good_cost * both) / spread
    errors = sum(w * (cost - good * per_work - bad * per_fail) ** 2 for w, good, bad, cost in rows)
    error = sqrt(errors / (len(rows) - 2) * works / spread)
    low, high = per_fail - DEVIATIONS * error, per_fail + DEVIATIONS * error
    if low <= 0 and high * 2 >= per_work:
        return None  # it may be nothing, and it may be half of a call that works
    return _Billed(low, min(high, per_work))
