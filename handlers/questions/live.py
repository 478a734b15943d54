"""What a provider itself counts, where it can be asked at any time: it refuses by its own figures, not by ours."""

from dataclasses import dataclass
from datetime import timedelta

from handlers.context import Context
from storage import limits
from storage.limits import Held
from storage.people import Account
from storage.units import from_nanos

FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CountedNow:
    """What live providers count for an account.

    Args:
        facts: how much of which limit, and as of when.
        refused: a sentence for each provider that refuses requests now.
        stale: limits that should be asked for anew, as in Card.
    """

    facts: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    stale: tuple[tuple[str, str, str], ...] = ()


def counted_now(ctx: Context, account: Account) -> CountedNow:
    """What live providers count for an account; nothing where there is none."""
    services = {each.name: each.service for each in ctx.policy.vendors if each.live}
    if not services:
        return CountedNow()
    held = [each for each in limits.of_account(ctx.conn, account.id) if each.provider in services]
    known = [each for each in held if each.spent_nanos is not None and each.seen_nanos is not None]
    return CountedNow(
        facts=tuple(_counted(ctx, services[each.provider], each) for each in known),
        refused=tuple(
            ctx.t("{service} refuses requests now: its limit is used up.", service=services[each.provider])
            for each in known
            if (each.spent_nanos or 0) >= (each.seen_nanos or 0)
        ),
        stale=tuple(
            (each.provider, each.subject.kind, each.subject.external_id)
            for each in held
            if each.seen_at < ctx.now - FRESH
        ),
    )


def _counted(ctx: Context, service: str, held: Held) -> tuple[str, str]:
    spent, limit = (
        ctx.amount(from_nanos(nanos or 0, held.currency), held.currency)
        for nanos in (held.spent_nanos, held.seen_nanos)
    )
    name = ctx.t("{service} itself counts", service=service)
    return name, ctx.t("{spent} of {limit}, as of {time}", spent=spent, limit=limit, time=ctx.moment(held.seen_at))
