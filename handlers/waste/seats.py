"""Seats that are paid for and not used, second seats, and seats that are larger than needed."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median_low

from handlers.language import N_
from handlers.waste.usage import PEERS_MIN, WINDOW_DAYS, Peers, Usage, plain, unknown
from storage.findings import Found, Said
from storage.seats import Seat

IDLE_DAYS = 30
LESS_USED = N_("less than the median of {count} people with a cheaper seat, two months in a row")


def idle_seat(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Nobody sat there for 30 days. The person is asked before anything is done.

    Who used it before and uses nothing else now may be away for long, and need it afterwards.
    """
    for seat in one.seats:
        days = _rested(one, seat)
        if days is None or days < IDLE_DAYS:
            continue
        may_be_away = seat.used_on is not None and not one.whole.requests
        low = 0 if may_be_away else seat.month_nanos
        yield Found(
            one.account_id,
            _name(seat),
            Said(N_("The {plan} seat has not been used for {days} days"), {"plan": seat.plan, "days": days}),
            (
                (Said(N_("Last used")), plain(f"{seat.used_on}") if seat.used_on else Said(N_("never"))),
                (Said(N_("Provider")), plain(seat.provider)),
                *((unknown(N_("whether you are away, and need it afterwards")),) if may_be_away else ()),
            ),
            Said(N_("Keep it if you will need it, or release it for somebody else.")),
            seat.month_nanos,
            (low, seat.month_nanos) if seat.month_nanos else None,
            "low" if may_be_away else "high",
            frozenset({f"seat {_name(seat)}"}),
        )


def doubled_seat(one: Usage, peers: Peers) -> Iterator[Found]:
    """Somebody has two seats or more and uses both; the cheaper one may be spared, unless most have both."""
    used = [seat for seat in one.seats if seat.month_nanos and (_rested(one, seat) or 0) < IDLE_DAYS]
    if len(used) < 2:  # noqa: PLR2004 - one is not doubled
        return
    spare = min(used, key=lambda seat: (seat.month_nanos, seat.provider))
    others = [seat for seat in used if seat is not spare]
    if all(peers.are_given_together(spare.plan, each.plan) for each in others if each.plan != spare.plan):
        return
    yield Found(
        one.account_id,
        _name(spare),
        Said(N_("The {plan} seat duplicates another seat"), {"plan": spare.plan}),
        (
            (Said(N_("Other seat")), plain(", ".join(f"{each.plan} ({each.provider})" for each in others))),
            unknown(N_("whether each does something that the other cannot")),
        ),
        Said(N_("Keep the one that you prefer, and release the other.")),
        spare.month_nanos,
        (0, spare.month_nanos),
        "low",
        frozenset({f"seat {_name(spare)}"}),
    )


def larger_seat(one: Usage, peers: Peers) -> Iterator[Found]:
    """Half of those who have a cheaper seat of the same product use more than this one holds, two months in a row.

    What a seat includes is in no report, so nothing is said of seats that are too small.
    """
    for seat in one.seats:
        others = peers.cheaper_seats(seat)
        new = seat.since is not None and one.today - seat.since < timedelta(days=2 * WINDOW_DAYS)
        if len(others) < PEERS_MIN or new or (_rested(one, seat) or 0) >= IDLE_DAYS:
            continue
        mine = peers.used(seat)
        usual = tuple(median_low(months) for months in zip(*(peers.used(each) for each in others), strict=True))
        if not any(mine) or any(own >= theirs for own, theirs in zip(mine, usual, strict=True)):
            continue
        instead = max(others, key=lambda each: each.month_nanos)
        kept = seat.month_nanos - instead.month_nanos
        yield Found(
            one.account_id,
            _name(seat),
            Said(N_("The {plan} seat is larger than needed"), {"plan": seat.plan}),
            (
                (Said(N_("Usage")), Said(LESS_USED, {"count": len(others)})),
                (Said(N_("Cheaper plan")), plain(instead.plan)),
                unknown(N_("what the seat includes besides")),
            ),
            Said(N_("Switch to {plan}, and back if that is too small."), {"plan": instead.plan}),
            seat.month_nanos,
            (0, kept),
            "low",
            frozenset({f"seat {_name(seat)}"}),
        )


def _rested(one: Usage, seat: Seat) -> int | None:
    """For how many days it was not used, since its owner joined at most; None if nobody can say."""
    last = (seat.used_on or seat.since) if seat.use_known else None
    if last is None:
        return None
    return (one.today - max(last, one.joined or last)).days


def _name(seat: Seat) -> str:
    return f"{seat.provider}/{seat.external_id}"
