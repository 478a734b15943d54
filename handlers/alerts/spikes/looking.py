"""Who spends enough of late is looked at closely."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from handlers.alerts.spikes.burn import (
    ACTIVE_DAYS_FEW,
    DAY,
    HISTORY_DAYS,
    HOURS_DAYS,
    KINDS,
    LATE_DAYS,
    PRESSING,
    STRETCH_MAX,
    Allowed,
)
from handlers.alerts.spikes.burns import Look, burn_of
from handlers.alerts.spikes.figures import SpendFigures
from handlers.alerts.spikes.peers import Peers
from handlers.alerts.spikes.recent import Heard, Recent, is_dear
from handlers.alerts.spikes.rules import look
from handlers.alerts.spikes.telling import zone_of
from handlers.alerts.spikes.waves import agents_of, small_agents, wave_of
from handlers.context import Context
from handlers.policy import next_morning
from storage import people
from storage.charges import HOURS_OF_A_DAY
from storage.people import Account
from storage.spikes import Sight, Spike
from storage.tables import ORGANIZATION


def looked(
    ctx: Context, figures: SpendFigures, accounts: dict[str, Account], known: Sequence[Spike]
) -> dict[str, Look]:
    """What is out of the ordinary, by account. Only who spent enough of late, or burns, is looked at closely."""
    recent = Recent(ctx, figures, {each.account_id: each for each in known if each.burns})
    agents = small_agents(recent, accounts, ctx.policy.guard_floor_nanos)
    chosen = sorted(each for each in recent.dear | agents if each in accounts and accounts[each].kind in KINDS)
    hours = figures.hours(ctx.conn, chosen, ctx.today - HOURS_DAYS * DAY)
    days = figures.days(ctx.conn, chosen, ctx.today - (HISTORY_DAYS + LATE_DAYS + STRETCH_MAX) * DAY)
    burning = {each.account_id for each in known if each.burns}
    newcomers = {each for each in chosen if sum(cost > 0 for cost in days.get(each, {}).values()) < ACTIVE_DAYS_FEW}
    persons = {each.id: each for each in people.active_people(ctx.conn)}
    usual = {who: each for who, each in recent.buckets.items() if who not in newcomers | burning}
    peers = Peers(ctx, accounts, persons, usual)
    found: dict[str, Look] = {}
    for each in chosen:
        mine = [one for one in known if one.account_id == each and one.rule in PRESSING and one.verdict != "expected"]
        allowed = peers.allowed(each, is_new=each in newcomers)
        here = recent.heard(each)
        burn = burn_of(ctx, hours.get(each, ()), days.get(each, {}), allowed, here, mine)
        burn = replace(burn, has_timetable=accounts[each].kind != "person")
        morning = next_morning(ctx.now, ctx.policy.working, zone_of(ctx, persons.get(accounts[each].owner_id)))
        sights = look(burn, ctx.now, morning, ctx.policy.guard_floor_nanos)
        if accounts[each].kind == "unallocated":
            sights += _of_strays(ctx, figures, allowed, here, morning)
        found[each] = Look(burn, _of_late(sights, here), here.unheard)
    wave = wave_of(ctx, found, newcomers & agents_of(accounts), recent.heard(ORGANIZATION))
    if wave:
        for each in wave.who:
            found[each] = replace(found[each], sights=[])
        found[ORGANIZATION] = wave.look
    elif any(one.burns and one.account_id == ORGANIZATION for one in known):
        nothing = burn_of(ctx, (), {}, Allowed(0, 0), recent.heard(ORGANIZATION), ())
        found[ORGANIZATION] = Look(nothing, [], unheard=False)
    return found


def _of_late(sights: Iterable[Sight], here: Heard) -> list[Sight]:
    """Without what was over when readings began."""
    return [each for each in sights if each.until.date() >= here.judged_from]


def _of_strays(ctx: Context, figures: SpendFigures, allowed: Allowed, here: Heard, morning: datetime) -> list[Sight]:
    """What is out of the ordinary at a single key that is unallocated: in the sum of all it may not show."""
    floor = ctx.policy.guard_floor_nanos
    found: list[list[Sight]] = []
    for buckets in figures.strays(ctx.conn, ctx.today - HOURS_DAYS * DAY).values():
        if not is_dear([each for each in buckets if each.day >= here.judged_from], floor):
            continue
        days: dict[date, int] = defaultdict(int)
        for each in buckets:
            days[each.day] += 0 if each.beside else each.cost_nanos
        hours = [each for each in buckets if each.hours < HOURS_OF_A_DAY]
        found.append(look(burn_of(ctx, hours, days, allowed, here, ()), ctx.now, morning, floor))
    found.sort(key=lambda sights: max((each.excess_nanos for each in sights), default=0), reverse=True)
    return [each for sights in found for each in sights]
