"""An account as the rules see it: its figures, without what people said of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from handlers.alerts.spikes.burn import DAY, HOUR, WEEK, Allowed, Burn, Spell
from handlers.alerts.spikes.recent import Heard
from handlers.context import Context
from storage.burn_rate import Bucket
from storage.spikes import Sight, Spike

NEW_USUAL_DAYS, NEW_USUAL_PART = 4 * WEEK, 4  # one in so many of the days of late


@dataclass(frozen=True, slots=True)
class Look:
    """An account that was looked at closely.

    Args:
        burn: what it burns.
        sights: what is out of the ordinary there, the most pressing first.
        unheard: whether a provider that reports it was not read of late, so that silence means nothing.
    """

    burn: Burn
    sights: list[Sight]
    unheard: bool


def burn_of(
    ctx: Context,
    hours: Iterable[Bucket],
    days: Mapping[date, int],
    allowed: Allowed,
    here: Heard,
    mine: Sequence[Spike],
) -> Burn:
    """An account as the rules see it, without what was said not to be expected, and without what is not usual."""
    mine = _unusual(ctx, days, mine)
    spells = [spell for one in hours for spell in _spells(one, ctx.now)]
    never = [each for each in mine if each.verdict == "unexpected"]
    return Burn(
        hours=[spell for spell in spells if not _was_spike(spell.start, mine)] if mine else spells,
        days={day: cost for day, cost in days.items() if not _was_spike_on(day, ctx, never)},
        new_hour=allowed.hour,
        new_day=allowed.day,
        dear_day=allowed.dear_day,
        heard_until=here.until,
        hours_until=here.hours_until,
        judged_from=here.judged_from,
        since=min((one.since for one in mine if one.burns), default=None),
        odd=frozenset(day for day in days if _was_spike_on(day, ctx, mine)) if mine else frozenset(),
    )


def _spells(one: Bucket, now: datetime) -> Iterator[Spell]:
    """An hour, or those of a block of some, which is taken to be spent evenly over what has passed of it.

    What a block tells of requests says nothing of a single hour: how alike its hours are is not known.
    """
    if one.hours == 1:
        yield Spell(one.start, one.cost_nanos, one.requests, one.input, one.output)
        return
    passed = min(one.hours, max(1, -((one.start - now) // HOUR)))
    for number in range(passed):
        share = one.cost_nanos * (number + 1) // passed - one.cost_nanos * number // passed
        yield Spell(one.start + number * HOUR, share, 0, 0, 0)


def _unusual(ctx: Context, days: Mapping[date, int], mine: Sequence[Spike]) -> list[Spike]:
    """The dangers that say nothing of what is usual: those to which nobody answered do, once they are every fourth day.

    So a burn that comes again rings again, and somebody who has come to use more does not ring each week for ever.
    """
    unanswered = [each for each in mine if not each.burns and not each.verdict]
    recent = [day for day, cost in days.items() if cost > 0 and day >= ctx.today - NEW_USUAL_DAYS * DAY]
    odd = sum(_was_spike_on(day, ctx, unanswered) for day in recent) if unanswered else 0
    return [each for each in mine if each not in unanswered] if odd * NEW_USUAL_PART > len(recent) else list(mine)


def _was_spike(start: datetime, mine: Iterable[Spike]) -> bool:
    """Whether an hour lies in a danger that is over, so that it is not taken for usual."""
    return any(each.since <= start < each.until for each in mine if not each.burns)


def _was_spike_on(day: date, ctx: Context, mine: Iterable[Spike]) -> bool:
    """Whether a day does. A danger of days has those of the provider, one of hours those of the organization."""
    for each in mine:
        zone = UTC if each.rule == "daily" else ctx.policy.zone
        last = each.until - timedelta(seconds=1)
        if not each.burns and each.since.astimezone(zone).date() <= day <= last.astimezone(zone).date():
            return True
    return False
