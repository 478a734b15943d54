"""A quick version of `make score`: companies whose truth is known, and for which nothing was tuned."""

from datetime import timedelta

from bench.score.play import detected, play
from bench.score.report import false_rate, large, missed, recall, wrong
from handlers.waste.detectors import DETECTORS

SEED = 2001


def test_the_detectors_find_all_that_is_wrong_and_nothing_else() -> None:
    """Every kind of waste of the sample company, through the whole bot, in one night."""
    truths, found = detected(SEED)

    assert missed(truths, found) <= {("unattributed", "user/usr_contractor")}  # which is about the floor
    assert wrong(truths, found) == set()
    assert {each.found.detector for each in found} == DETECTORS.keys()


def test_the_guard_tells_of_large_runaways_and_beats_the_plain_rules() -> None:
    """Twelve days of one company; `make score` plays three weeks of twenty."""
    played = [play(SEED, days=12, every=timedelta(hours=6))]
    plain = ("3 × own 7-day mean, floor $25", "mean + 3 sd of 7 days, floor $25", "static cap of $50 a day")

    assert len(list(large(played))) >= 5
    assert false_rate(played, "guard") <= 2
    assert recall(played, "guard") >= max(recall(played, rule) for rule in plain)
