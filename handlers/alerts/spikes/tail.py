"""What next to no day costs: how far beyond its dearest days an account goes by chance.

People and programs differ in how unlike their days are. For one, twice the dearest day is out of the question; for
another, whose work comes in bursts, it is next month. The dearest days themselves say which: on the logarithm the
distances between them (Hill, 1975) tell how far away the amount is that is passed one time in so many (Weissman, 1978).
"""

from collections.abc import Sequence
from math import exp, log

TOP_PART = 3  # the dearest third of all
TOP_MIN = 3
SPREAD_MIN, SPREAD_FEW, SPREAD_MAX = 0.15, 0.35, 0.5
ALONE_TIMES = 2  # of the second: beyond it, the dearest stands alone
RECORD_PERCENT = 140  # of the dearest: less is never out of the ordinary
RECORD_PERCENT_MAX, RECORD_PERCENT_FEW = 200, 300  # more always is


def seldom_above(costs: Sequence[int], seldom: float, few: int) -> int:
    """What is passed so seldom: never less than well above the dearest of them, and never more than a few times that.

    Args:
        costs: what days cost, in nanos, none of them nothing; two at least.
        seldom: how often it is passed, as a part of all of them.
        few: with fewer than these, that they are alike may be chance.
    """
    dearest = sorted(costs, reverse=True)
    record = min(dearest[0], dearest[1] * ALONE_TIMES)  # what happened once is not usual
    top = min(max(TOP_MIN, len(dearest) // TOP_PART), len(dearest) - 1)
    base = log(dearest[top])
    spread = sum(log(min(each, record)) - base for each in dearest[:top]) / top
    least, most = (SPREAD_MIN, RECORD_PERCENT_MAX) if len(dearest) >= few else (SPREAD_FEW, RECORD_PERCENT_FEW)
    spread = min(max(spread, least), SPREAD_MAX)
    beyond = int(exp(base + spread * log(top / (len(dearest) * seldom))))
    return min(max(beyond, record * RECORD_PERCENT // 100), record * most // 100)
