"""What next to no day costs: how far beyond its dearest days an account goes by chance.

People and programs differ in how unlike their days are. For one, twice the dearest day is out of the question; for
another, whose work comes in bursts, it is next month. The dearest days themselves say which: on the logarithm the
distances between them (Hill, 1975) tell how far away the amount is that is passed one time in so many (Weissman, 1978).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import exp, log, sqrt

TOP_PART = 3  # the dearest third of all
TOP_MIN = 3
SPREAD_MIN, SPREAD_FEW, SPREAD_MAX = 0.15, 0.35, 0.5
ALONE_PERCENT = 150  # of the dearest on another day: beyond it, the dearest stands alone
RECORD_PERCENT = 150  # of the dearest: less is never out of the ordinary, but on days that there seldom are
RECORD_PERCENT_MAX, RECORD_PERCENT_FEW = 225, 300  # more always is
MEDIANS = 8  # usual days: so many always are, if they are more than the dearest by as much as has to be


def repeated(costs: Mapping[date, int]) -> list[int]:
    """What days cost, of what happened once only as much as half more than what happened again.

    What happened once is not usual. A night has a midnight, so the days beside the dearest may be of the same matter.
    """
    dearest = max(costs, key=lambda day: costs[day])
    apart = max((cost for day, cost in costs.items() if abs((day - dearest).days) > 1), default=costs[dearest])
    return [min(cost, apart * ALONE_PERCENT // 100) for cost in costs.values()]


def seldom_above(costs: Sequence[int], seldom: float, few: int, rare: float = 1.0) -> int:
    """What is passed so seldom: never less than well above the dearest of them, and never more than a few times that.

    Args:
        costs: what days cost, in nanos, none of them nothing; two at least.
        seldom: how often it is passed, as a part of all of them.
        few: with fewer than these, that they are alike may be chance.
        rare: how many times as seldom as the others such a day is at all, as one on a weekend; 1 or more.
    """
    dearest = sorted(costs, reverse=True)
    record = dearest[0]
    top = min(max(TOP_MIN, len(dearest) // TOP_PART), len(dearest) - 1)
    base = log(dearest[top])
    spread = sum(log(each) - base for each in dearest[:top]) / top
    least, most = (SPREAD_MIN, RECORD_PERCENT_MAX) if len(dearest) >= few else (SPREAD_FEW, RECORD_PERCENT_FEW)
    spread = min(max(spread, least), SPREAD_MAX)
    beyond = int(exp(base + spread * log(top / (len(dearest) * seldom * rare))))
    always = min(record * most // 100, MEDIANS * dearest[len(dearest) // 2])
    above = int(record * (1 + (RECORD_PERCENT - 100) / 100 / sqrt(rare)))
    return max(above, min(beyond, always))
