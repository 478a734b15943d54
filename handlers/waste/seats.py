"""Seats that are paid for and not used, and second seats."""

from collections.abc import Iterator
from datetime import timedelta

from handlers.waste.use import Peers, Usage
from storage.findings import Found

IDLE = timedelta(days=30)


def idle_seat(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Nobody sat there for 30 days. The person is asked before anything is done."""
    for seat in one.seats:
        last = seat.used_on or seat.since
        if one.today - last < IDLE:
            continue
        used = f"{seat.used_on}" if seat.used_on else f"never, since {seat.since}"
        yield Found(
            "idle_seat",
            one.account_id,
            f"{seat.provider}/{seat.external_id}",
            f"The {seat.plan} seat was not used for {(one.today - last).days} days",
            (("Last used", used), ("Provider", seat.provider)),
            "Keep it if you will need it, or release it for somebody else.",
            seat.month_nanos,
            (seat.month_nanos, seat.month_nanos),
            "high",
            frozenset({f"seat {seat.provider}/{seat.external_id}"}),
        )


def doubled_seat(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Somebody has two seats or more and uses both; the cheaper one may be spared."""
    used = [seat for seat in one.seats if one.today - (seat.used_on or seat.since) < IDLE and seat.month_nanos]
    if len(used) < 2:  # noqa: PLR2004 - one is not doubled
        return
    spare = min(used, key=lambda seat: (seat.month_nanos, seat.provider))
    others = ", ".join(f"{seat.plan} ({seat.provider})" for seat in used if seat is not spare)
    yield Found(
        "doubled_seat",
        one.account_id,
        f"{spare.provider}/{spare.external_id}",
        f"The {spare.plan} seat does what another seat does as well",
        (("The other", others),),
        "Keep the one you like, and release the other.",
        spare.month_nanos,
        (0, spare.month_nanos),
        "low",
        frozenset({f"seat {spare.provider}/{spare.external_id}"}),
    )
