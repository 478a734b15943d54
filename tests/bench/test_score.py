"""A quick version of `make score`: companies whose truth is known, and for which nothing was tuned."""

from datetime import timedelta
from functools import lru_cache

from bench.score.play import detected, play
from bench.score.report import false_rate, large, missed, recall, wrong
from bench.score.waste_cases import Judged
from bench.score.waste_cases import judged as judge
from handlers.waste.detectors import DETECTORS

SEED = 2001
BY_TELEMETRY = {"costly_subagent", "costly_mcp_server"}
"""What providers do not report; tests/telemetry looks at these."""


@lru_cache(maxsize=1)
def judged(seed: int) -> Judged:
    """What is said in a company of that seed, looked at once for all tests."""
    return judge(seed)


def test_the_detectors_find_all_that_is_wrong_and_nothing_else() -> None:
    """Every kind of waste of the sample company, through the whole bot, in one night."""
    truths, found = detected(SEED)

    assert missed(truths, found) <= {("unattributed", "user/usr_contractor")}  # which is about the floor
    assert wrong(truths, found) == set()
    assert {each.found.detector for each in found} == DETECTORS.keys() - BY_TELEMETRY


def test_the_guard_tells_of_large_runaways_and_beats_the_plain_rules() -> None:
    """Twelve days of one company; `make score` plays three weeks of twenty."""
    played = [play(SEED, days=12, every=timedelta(hours=6))]
    plain = ("3 × own 7-day mean, floor $25", "mean + 3 sd of 7 days, floor $25", "static cap of $50 a day")

    assert len(list(large(played))) >= 5
    assert false_rate(played, "guard") <= 2
    assert recall(played, "guard") >= max(recall(played, rule) for rule in plain)


def test_what_only_looks_like_waste_is_claimed_seldom_and_never_surely() -> None:
    """A company of another kind: nineteen kinds of use that are no waste, sixteen that are, and many others."""
    played = judged(SEED)
    claimed = [one for one in played.cases if not one.right and played.claims(one.actor)]
    waste = [(one.right, played.claims(one.actor)) for one in played.cases if one.right]

    assert len(claimed) <= 4
    assert {each.found.confidence for one in claimed for each in played.claims(one.actor)} <= {"low"}
    assert not [each for each in played.ordinary if played.claims(each)]
    assert all(len(claims) == 1 and claims[0].found.detector in right for right, claims in waste)


def test_what_is_not_sure_says_why_and_promises_nothing() -> None:
    """The range begins at nothing, and the evidence names what usage figures cannot show."""
    every = [each.found for some in judged(SEED).found.values() for each in some]

    assert all(each.saving is None or each.saving[0] == 0 for each in every if each.confidence == "low")
    assert all(
        (each.confidence == "low") == any(name.text == "Usage data does not show" for name, _ in each.evidence)
        for each in every
    )
