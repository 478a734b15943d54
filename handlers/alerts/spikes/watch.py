"""The guard at work: after each pull it looks, remembers, and tells."""

from dataclasses import replace

from handlers.alerts.spikes.burn import (
    DAY,
    HISTORY_DAYS,
    WEEK,
)
from handlers.alerts.spikes.figures import SpendFigures
from handlers.alerts.spikes.looking import looked
from handlers.alerts.spikes.remembering import beyond, continues, grow, remember, still
from handlers.alerts.spikes.telling import end_of, tell
from handlers.alerts.spikes.weeks import WEEK_FLOORS, drift
from handlers.context import Context
from handlers.events import CheckDrifts, CheckSpikes
from storage import burn_rate, comparisons, people, pulls, spikes
from storage.spikes import Spike


def check_spikes(ctx: Context, _event: CheckSpikes) -> None:
    """Look at what everybody spends, and tell owners and finance of spikes."""
    watch_hours(ctx, burn_rate)


def check_drifts(ctx: Context, _event: CheckDrifts) -> None:
    """Look for weeks that grew slowly."""
    watch_weeks(ctx)


def watch_hours(ctx: Context, figures: SpendFigures) -> int:
    """Look, remember and tell.

    Returns:
        How many burn.
    """
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * DAY)
    expected = spikes.expected(ctx.conn, ctx.today)
    hot = [each for each in known if each.burns and each.rule != "weekly"]
    over: list[Spike] = []
    for account_id, here in looked(ctx, figures, accounts, known).items():
        mine = [each for each in known if each.account_id == account_id]
        sights = beyond(ctx, expected.get(account_id), here.burn, here.sights)
        over += remember(ctx, account_id, replace(here, sights=sights), mine)
        for each in hot:
            if each.account_id == account_id and not (still(ctx, each, here.burn, sights) or here.unheard):
                end_of(ctx, accounts[account_id], each, here.burn)
    burning = [each for each in spikes.known(ctx.conn, ctx.now) if each.burns]
    for each in (*over, *burning):
        tell(ctx, accounts[each.account_id], each)
    return len(burning)


def watch_weeks(ctx: Context, figures: SpendFigures = burn_rate) -> None:
    """Look for slow drifts, once a night; whoever drifts is told in working hours."""
    end = comparisons.whole_until(ctx.conn, ctx.today)
    floor = ctx.policy.guard_floor_nanos
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * DAY)
    expected = {who for who, said in spikes.expected(ctx.conn, ctx.today).items() if said.first <= ctx.today}
    dear = figures.dear(ctx.conn, end - WEEK * DAY, end, WEEK_FLOORS * floor)
    days = figures.days(ctx.conn, dear, end - (HISTORY_DAYS + WEEK) * DAY)
    began = min((each.began_at for each in pulls.pulled(ctx.conn) if each.began_at), default=ctx.now)
    seen = {each: sight for each in dear if (sight := drift(days.get(each, {}), end, began, floor))}
    for account_id, sight in seen.items():
        mine = [each for each in known if each.account_id == account_id]
        recent = any(each.until > sight.since for each in mine if each.rule != "weekly")
        if account_id not in expected and not recent:
            same = next((each for each in reversed(mine) if each.rule == "weekly" and continues(each, sight)), None)
            if same:
                grow(ctx, same, sight)
            elif not any(each.burns for each in mine):
                spikes.begin(ctx.conn, account_id, sight)
    for each in known:
        if each.burns and each.rule == "weekly" and each.account_id not in seen:
            spikes.note(ctx.conn, each.id, burns=False, ended_at=ctx.now)
