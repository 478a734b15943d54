"""Who is told of a spike, and when."""

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from handlers.alerts.spikes import cards
from handlers.alerts.spikes.burn import (
    PRESSING,
    Burn,
)
from handlers.alerts.spikes.rules import total
from handlers.context import Context
from handlers.events import PauseAccount
from handlers.limits import is_pausable
from handlers.policy import after_working
from storage import people, spikes
from storage.directory import Person
from storage.people import Account
from storage.spikes import Spike

FINANCE_FLOORS = 10  # of a drift in a week, for finance to hear of it too


def tell(ctx: Context, account: Account, one: Spike) -> None:
    """Tell of a danger at once, and again each time it has doubled; of the rest once, in working hours."""
    pressing = one.rule in PRESSING
    if one.told_nanos is not None and (not pressing or one.excess_nanos < 2 * one.told_nanos):
        return
    readers = [each for each in told(ctx, account, one) if pressing or _is_awake(ctx, each)]
    if not readers and not pressing:
        return
    one = _pause(ctx, account, one)
    for person in readers:
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"danger/{one.id}/{one.told_times}", cards.spike_card(theirs, account, one))
    spikes.note(ctx.conn, one.id, told_nanos=one.excess_nanos, told_times=one.told_times + 1)


def _pause(ctx: Context, account: Account, one: Spike) -> Spike:
    """Have an agent paused that has burnt more than the rules allow."""
    limit = ctx.policy.pause_above_nanos
    if one.paused or limit is None or account.kind != "agent" or one.excess_nanos < limit or one.verdict:
        return one
    if not is_pausable(ctx, account):
        return one
    ctx.emit(str(one.id), PauseAccount(account.id))
    return spikes.note(ctx.conn, one.id, paused=True)


def end_of(ctx: Context, account: Account, one: Spike, burn: Burn) -> None:
    """It is over: say what it came to, and take the buttons off what was said before."""
    whole = total(burn, one)
    values = {"until": whole.until, "excess_nanos": whole.excess_nanos}
    over = spikes.note(ctx.conn, one.id, burns=False, ended_at=ctx.now, **values)
    if one.told_nanos is None:
        return
    for person in told(ctx, account, one):
        theirs = replace(ctx, person=person)
        card = cards.over_card(theirs, account, over)
        for number in range(one.told_times):
            theirs.tell(person.id, f"danger/{one.id}/{number}", card, again=True)
        theirs.tell(person.id, f"danger/{one.id}/over", card)


def told(ctx: Context, account: Account, one: Spike) -> Iterator[Person]:
    """Whom it concerns: the owner; finance, too, if it is a danger, if nobody owns it, or if much is at stake."""
    owner = people.person(ctx.conn, account.owner_id)
    if owner is not None and owner.active:
        yield owner
    at_stake = one.rule == "weekly" and one.excess_nanos >= FINANCE_FLOORS * ctx.policy.guard_floor_nanos
    if one.rule in PRESSING or at_stake or owner is None or not owner.active:
        yield from (each for each in people.people_with_role(ctx.conn, "finance") if each.id != account.owner_id)


def _is_awake(ctx: Context, person: Person) -> bool:
    return after_working(ctx.now, 0, ctx.policy.working, zone_of(ctx, person)) == ctx.now


def zone_of(ctx: Context, person: Person | None) -> ZoneInfo:
    """The zone of somebody, the organization's of nobody."""
    return ZoneInfo((person.zone if person else "") or ctx.policy.organization.zone)
