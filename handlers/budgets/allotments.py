"""The start of a period: every account gets what its rules say, once, and keeps what may be kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from handlers.access import role_of, sees_all
from handlers.arguments import One
from handlers.budgets.posting import post_many
from handlers.budgets.status import STILL_MOVES, allotment_of, binds, current, spent_below, used
from handlers.card import Card
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import GiveAllotments
from handlers.periods import Period, period_of
from handlers.policy import Budget
from storage import ledger, people, requests
from storage.directory import Person
from storage.ledger import Entry, EntryKind, Posted
from storage.people import Account
from storage.spend import Spent
from storage.tables import ORGANIZATION


@dataclass(frozen=True, slots=True)
class Member:
    """An account with its person, if it is one's own."""

    account: Account
    person: Person | None


def give_allotments(ctx: Context, _event: GiveAllotments) -> None:
    """Post the allotments of the current periods, and carry on what is left of the last ones."""
    members = _members(ctx)
    new = [entry for budget in ctx.policy.budgets for entry in _allotments(ctx, budget, members)]
    carried = [entry for budget in ctx.policy.budgets for entry in _rollovers(ctx, budget)]
    post_many(ctx, new + carried)


def enforce(ctx: Context, budget: One) -> Card:
    """Apply a changed budget of app.yaml in the current period already: `enforce monthly`. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can apply a changed budget.")
    rule = next((each for each in ctx.policy.budgets if each.name == budget), None)
    if rule is None:
        known = ", ".join(each.name for each in ctx.policy.budgets)
        raise RefusedError(
            "There is no budget “{budget}” in app.yaml. Budgets there: {known}.", budget=budget, known=known
        )
    period = current(ctx, rule)
    posted = ledger.shares(ctx.conn, rule.name, period.first)
    changes = [
        _entry(ctx, rule, period, member.account.id, "allotment", difference, f"enforced/{_stamp(ctx)}")
        for member in _members(ctx)
        if _is_holder(rule, member)
        and (difference := _missing(posted.get(member.account.id), _wanted(rule, period, member)))
    ]
    post_many(ctx, changes)
    ctx.deed("enforced", f"budget/{rule.name}", role_of(ctx), f"{len(changes)} limits since {period.first}")
    return Card(
        ctx.nt(
            "{n} limit changed to the current amount of “{budget}”",
            "{n} limits changed to the current amount of “{budget}”",
            len(changes),
            budget=rule.name,
        )
    )


def _missing(posted: Posted | None, wanted: int) -> int:
    """What is to be added so that it is as wanted; what is not yet posted will be posted so."""
    return wanted - posted.allotment if posted and posted.has_allotment else 0


def _wanted(rule: Budget, period: Period, member: Member) -> int:
    return allotment_of(rule, period, member.person.joined if member.person else None)


def _stamp(ctx: Context) -> str:
    return f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"


def _members(ctx: Context) -> list[Member]:
    by_id = {person.id: person for person in people.active_people(ctx.conn)}
    return [Member(each, by_id.get(each.person_id)) for each in people.every_account(ctx.conn)]


def _is_holder(budget: Budget, member: Member) -> bool:
    """Whether the account has a budget of its own by this rule."""
    if budget.is_pool:
        return member.account.id == budget.account_id
    roles = member.person.roles if member.person else ()
    return binds(budget, member.account, roles, {member.account.id})


def _allotments(ctx: Context, budget: Budget, members: list[Member]) -> Iterator[Entry]:
    period = current(ctx, budget)
    have = ledger.allotted(ctx.conn, budget.name, period.first)
    for member in members:
        if member.account.id not in have and _is_holder(budget, member):
            amount = _wanted(budget, period, member)
            yield _entry(ctx, budget, period, member.account.id, "allotment", amount)


def _rollovers(ctx: Context, budget: Budget) -> Iterator[Entry]:
    """What is left of the last period, taken out there and put in here: together nothing."""
    period = current(ctx, budget)
    cap = budget.rollover_max
    if cap == 0 or ctx.today < period.first + STILL_MOVES:
        return
    last = period_of(period.first - timedelta(days=1), budget.every, ctx.policy.organization.fiscal_year_starts)
    if any(each.has_rollover for each in ledger.shares(ctx.conn, budget.name, period.first).values()):
        return
    over = requests.grants_until(ctx.conn, ctx.today - timedelta(days=1))
    if any((each.budget, each.period_start) == (budget.name, last.first) for each in over):
        return  # what was granted is not carried on: it is taken back first
    before = ledger.shares(ctx.conn, budget.name, last.first)
    spent = spent_below(ctx, budget, last, budget.account_id or ORGANIZATION)
    for account_id, left in sorted(_left(ctx, budget, before, spent).items()):
        amount = left if cap is None else min(left, cap)
        if amount > 0:
            yield _entry(ctx, budget, last, account_id, "rollover", -amount, f"into/{period.first}")
            yield _entry(ctx, budget, period, account_id, "rollover", amount)


def _left(ctx: Context, budget: Budget, before: dict[str, Posted], spent: dict[str, list[Spent]]) -> dict[str, int]:
    """What each account, or a pool as a whole, has left of a period that ended."""

    def used_by(account_id: str) -> int:
        return used(ctx.policy, budget, spent.get(account_id, []))

    if budget.is_pool:
        limit = sum(each.allotment + each.moved for each in before.values())
        return {budget.account_id: limit - used_by(budget.account_id)}
    return {each: posted.allotment + posted.moved - used_by(each) for each, posted in before.items()}


def _entry(
    ctx: Context, budget: Budget, period: Period, account_id: str, kind: EntryKind, amount: int, cause: str = ""
) -> Entry:
    return Entry(
        key="/".join(filter(None, (kind, budget.name, account_id, str(period.first), cause))),
        account_id=account_id,
        budget=budget.name,
        period_start=period.first,
        kind=kind,
        amount=amount,
        unit=budget.unit,
        said_by=ctx.person.id,
        note=cause,
        posted_at=ctx.now,
    )
