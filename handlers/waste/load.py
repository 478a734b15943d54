"""Reads what detectors look at: everybody's use of four weeks, seats, shares of pools, and what is nobody's."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.budgets import current, spent_below, used
from handlers.context import Context
from handlers.periods import Period, period_of
from handlers.policy import Budget
from handlers.telemetry import costs_of
from handlers.waste.failed_calls import FAILED_PERCENT_MIN
from handlers.waste.usage import WINDOW_DAYS, Peers, PoolShare, ToldUse, Usage
from storage import comparisons, ledger, people, seats, spend, telemetry, usage_patterns
from storage.directory import Person
from storage.people import Account
from storage.seats import Seat
from storage.tables import ORGANIZATION, UNALLOCATED
from storage.telemetry import Dimension
from storage.usage_patterns import Bucket, Habit, Hour

IN_USE = timedelta(days=7)
TOLD: tuple[Dimension, ...] = ("subagent", "mcp_server")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that detectors look at, and the day until which it goes."""

    usages: list[Usage]
    peers: Peers
    end: date


def gather(ctx: Context) -> Evidence:
    """Read it, once for all accounts."""
    end = comparisons.whole_until(ctx.conn, ctx.today)
    first = end - timedelta(days=WINDOW_DAYS)
    every = list(usage_patterns.habits(ctx.conn, first, end))
    hours: dict[str, list[Hour]] = defaultdict(list)
    for hour in usage_patterns.hours(ctx.conn, first, end):
        hours[hour.account_id].append(hour)
    failing: dict[str, list[Bucket]] = defaultdict(list)
    for bucket in usage_patterns.failing_days(ctx.conn, first, end, FAILED_PERCENT_MIN):
        failing[bucket.account_id].append(bucket)
    own: dict[str, list[Habit]] = defaultdict(list)
    for habit in every:
        own[habit.account_id].append(habit)
    owned, shares, told = seats.owned(ctx.conn), _shares(ctx), _told(ctx, first, end)
    recent = {each.account_id for each in usage_patterns.habits(ctx.conn, end - IN_USE, end)}
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    here = {each.id: each for each in people.active_people(ctx.conn)}
    usages = [
        Usage(
            account_id,
            person=accounts[account_id].kind == "person",
            left=_has_left(accounts, account_id, here) and account_id in recent,
            habits=tuple(own[account_id]),
            hours=tuple(hours[account_id]),
            zone=ZoneInfo(_zone(here.get(accounts[account_id].owner_id)) or ctx.policy.organization.zone),
            today=ctx.today,
            tier_of=ctx.policy.tier_of,
            seats=tuple(owned.get(account_id, ())),
            strays=tuple(spend.unallocated(ctx.conn, first)) if account_id == UNALLOCATED else (),
            shares=tuple(shares[account_id]),
            joined=_joined(here.get(accounts[account_id].owner_id)),
            buckets=tuple(failing[account_id]),
            told=tuple(told[account_id]),
        )
        for account_id in sorted({*own, *owned, *shares, *told} & accounts.keys())
    ]
    peers = Peers(every, ctx.policy.tier_of, _used_seats(ctx, owned, end), owned.values())
    return Evidence(usages, peers, end)


def _told(ctx: Context, first: date, end: date) -> dict[str, list[ToldUse]]:
    """What programs told of themselves, by account."""
    found: dict[str, list[ToldUse]] = defaultdict(list)
    start, stop = (datetime.combine(day, time(), ctx.policy.zone) for day in (first, end))
    for dimension in TOLD:
        costs: dict[tuple[str, str], int] = defaultdict(int)
        models: dict[tuple[str, str], set[str]] = defaultdict(set)
        for use, cost in costs_of(ctx, telemetry.used_by(ctx.conn, ORGANIZATION, start, stop, dimension)):
            costs[use.account_id, use.name] += cost or 0
            models[use.account_id, use.name].add(use.model)
        for (account_id, name), cost in sorted(costs.items()):
            found[account_id].append(ToldUse(dimension, name, cost, tuple(sorted(models[account_id, name]))))
    return found


def _zone(owner: Person | None) -> str:
    return owner.zone if owner else ""


def _joined(owner: Person | None) -> date | None:
    return owner.joined if owner else None


def _used_seats(ctx: Context, owned: dict[str, list[Seat]], end: date) -> dict[Seat, tuple[int, ...]]:
    """What was used with each seat in the last four weeks, and in the four before."""
    window = timedelta(days=WINDOW_DAYS)
    months = [usage_patterns.spent_by_user(ctx.conn, last - window, last) for last in (end, end - window)]
    every = [seat for some in owned.values() for seat in some]
    return {seat: tuple(each.get((seat.provider, seat.external_id), 0) for each in months) for seat in every}


def _has_left(accounts: dict[str, Account], account_id: str, here: dict[str, Person]) -> bool:
    account = accounts[account_id]
    return account.kind in ("person", "agent") and account.owner_id not in here


def _shares(ctx: Context) -> dict[str, list[PoolShare]]:
    """Shares of pools in the last two periods that are over."""
    found: dict[str, list[PoolShare]] = defaultdict(list)
    for budget in ctx.policy.budgets:
        if budget.is_pool:
            last = _before(ctx, current(ctx, budget))
            now, old = (dict(_used(ctx, budget, period)) for period in (last, _before(ctx, last)))
            for account_id in sorted(now.keys() & old.keys()):
                found[account_id].append(PoolShare(budget.name, (now[account_id], old[account_id])))
    return found


def _before(ctx: Context, period: Period) -> Period:
    return period_of(period.first - timedelta(days=1), period.every, ctx.policy.budget_calendar)


def _used(ctx: Context, budget: Budget, period: Period) -> Iterator[tuple[str, tuple[int, int]]]:
    """The limit of each share of a pool in a period, and what was used of it."""
    shares = {
        account_id: posted.moved
        for account_id, posted in ledger.shares(ctx.conn, budget.name, period.first).items()
        if account_id != budget.account_id and posted.moved > 0
    }
    spent = spent_below(ctx, budget, period, budget.account_id) if shares else {}
    for account_id, limit in shares.items():
        yield account_id, (limit, used(ctx.policy, budget, spent.get(account_id, [])))
