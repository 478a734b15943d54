"""Seats of a contract: how many are used, and which of them can go when it renews."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from handlers.access import may_see, sees_all
from handlers.card import Block, Table, Text
from handlers.context import Context
from handlers.language import N_
from handlers.planning.cards import money
from handlers.policy import Contract
from storage import findings, seats
from storage.tables import ORGANIZATION

IDLE_DAYS = 30
ROWS_MAX = 20
IDLE = "idle_seat"
SEAT_DETECTORS: Mapping[str, str] = {
    IDLE: N_("not used for 30 days"),
    "doubled_seat": N_("has another seat, too"),
    "larger_seat": N_("a cheaper one would do"),
}
"""What detectors of waste find about seats, in a word each."""


def seat_facts(ctx: Context, contract: Contract) -> Iterator[tuple[str, str]]:
    """How many of the seats that were bought are given away and used, and what the others cost a month."""
    if not contract.seats:
        return
    here = seats.at_provider(ctx.conn, contract.provider)
    used = [each for each in here if not is_idle(ctx, each)]
    idle = max(0, contract.seats - len(used))
    prices = sorted(each.month_nanos for each in here if each.month_nanos)
    text = ctx.t(
        "{all} bought, {given} given away, {used} used in the last {days} days",
        all=contract.seats,
        given=len(here),
        used=len(used),
        days=IDLE_DAYS,
    )
    yield ctx.t("Seats"), text
    if len(here) > contract.seats:
        yield ctx.t("More than bought"), str(len(here) - contract.seats)
    if idle and prices:
        cost = money(ctx, idle * prices[len(prices) // 2])
        yield ctx.t("Not used"), ctx.nt("{n} seat, {amount} a month", "{n} seats, {amount} a month", idle, amount=cost)


def spare_seats(ctx: Context, spare: int) -> Iterator[Block]:
    """Seats that were bought and that nobody has."""
    if spare:
        text = ctx.nt(
            "{n} seat was bought and nobody has it: do not renew it.",
            "{n} seats were bought and nobody has them: do not renew them.",
            spare,
        )
        yield Text(text)


def to_let_go(ctx: Context, contract: Contract, times: Decimal) -> Iterator[Block]:
    """Seats that can go: first those that nobody used, then what the detectors of waste found; not what is kept."""
    held = [
        (who, seat)
        for who, those in seats.owned(ctx.conn).items()
        for seat in those
        if seat.provider == contract.provider
    ]
    of_seats = [each for each in findings.below(ctx.conn, ORGANIZATION) if each.found.detector in SEAT_DETECTORS]
    kept = {each.found.about for each in of_seats if each.state == "dismissed"}
    yield from _idle(ctx, [(who, seat) for who, seat in held if is_idle(ctx, seat) and _about(seat) not in kept], times)
    if not sees_all(ctx):
        return
    open_ = {each.found.about: each.found.detector for each in of_seats if each.state == "open"}
    why = {
        **{about: SEAT_DETECTORS[each] for about, each in open_.items() if each != IDLE},
        **dict.fromkeys(kept, N_("its owner keeps it")),
    }
    ctx.look_up([who for who, _ in held])
    rows = sorted(
        (ctx.line(who)[0].name, seat.plan, ctx.t(why[_about(seat)]), money(ctx, int(seat.month_nanos * times)))
        for who, seat in held
        if _about(seat) in why and ctx.line(who)
    )
    heads = (ctx.t("Who"), ctx.t("Seat"), ctx.t("Why"), ctx.t("A month at the offer"))
    if rows:
        yield Table(ctx.t("Look at these next"), heads, tuple(rows[:ROWS_MAX]), "lllr")


def _idle(ctx: Context, idle: Sequence[tuple[str, seats.Seat]], times: Decimal) -> Iterator[Block]:
    """Seats that nobody used for a month: to be let go first. Of whom one may not see, only how many there are."""
    ctx.look_up([who for who, _ in idle])
    seen = [(who, seat) for who, seat in idle if ctx.line(who) and may_see(ctx, who)]
    rows = sorted((ctx.line(who)[0].name, seat.plan, money(ctx, int(seat.month_nanos * times))) for who, seat in seen)
    heads = (ctx.t("Who"), ctx.t("Seat"), ctx.t("A month at the offer"))
    if rows:
        yield Table(ctx.t("Not used for 30 days: let these go first"), heads, tuple(rows[:ROWS_MAX]), "llr")
    hidden = 0 if sees_all(ctx) else len(idle) - len(seen)
    if hidden:
        yield Text(
            ctx.nt(
                "{n} seat was not used for 30 days. Finance sees whose it is.",
                "{n} seats were not used for 30 days. Finance sees whose they are.",
                hidden,
            )
        )


def is_idle(ctx: Context, seat: seats.Seat) -> bool:
    """Whether it is known that nobody used a seat for a month."""
    last = (seat.used_on or seat.since) if seat.use_known else None
    return last is not None and (ctx.today - last).days >= IDLE_DAYS


def _about(seat: seats.Seat) -> str:
    """What a finding about a seat is about."""
    return f"{seat.provider}/{seat.external_id}"
