"""A share of a pool that lies idle while others could use it."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, Usage, share
from storage.findings import Found, Said

USED_PERCENT_MAX = 20


def stranded_quota(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Less than a fifth of the share was used in each of two periods: nothing is lost, but others went without."""
    for mine in one.shares:
        if any(used * 100 >= limit * USED_PERCENT_MAX for limit, used in mine.periods):
            continue
        (limit, used), (_, before) = mine.periods
        yield Found(
            one.account_id,
            mine.budget,
            Said(
                N_("{percent} % of the share of {budget} was used, two periods in a row"),
                {"percent": percent(used, limit), "budget": mine.budget},
            ),
            ((Said(N_("Period before")), share(before, mine.periods[1][0])),),
            Said(N_("Make the share smaller with “allot”, so that others can use the rest.")),
            0,
            None,
            "high",
        )
