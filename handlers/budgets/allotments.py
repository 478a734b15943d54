"""The start of a period: every account gets what its rules say, once, and keeps what may be kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.access import role_of, sees_all
from handlers.arguments import One
from handlers.budgets.posting import post_many
from handlers.budgets.status import STILL_MOVES, allotment_of, current, spent_below, used
from handlers.card import Card
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import GiveAllotments
from handlers.periods import Period, period_of
from handlers.policy import Budget, rules_for
from storage import ledger, people, requests
from storage.directory import Person
from storage.ledger import Entry, EntryKind, Posted
from storage.people import Account
from storage.spend import Spent
from storage.tables import ORGANIZATION


@dataclass(frozen=True, slots=True)
class Member:
    """An account with its person, if it is one's own, and the rules of its own budgets by their names."""

    account: Account
    person: Person | None
    rules: Mapping[str, Budget]


def give_allotments(ctx: Context, _event: GiveAllotments) -> None:
    """Post the allotments of the current periods, and carry on what is left of the last ones."""
    members = _members(ctx)
    families = _families(ctx)
    new = [entry for family in families for entry in _allotments(ctx, family[0], members)]
    carried = [entry for family in families for entry in _rollovers(ctx, family, members)]
    post_many(ctx, new + carried)


def enforce(ctx: Context, budget: One) -> Card:
    """Apply a changed budget of app.yaml in the current period already: `enforce monthly`. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can apply a changed budget.")
    family = ctx.policy.rules_named(budget)
    if not family:
        known = ", ".join(each.name for each in ctx.policy.budgets)
        raise RefusedError(
            "There is no budget “{budget}” in app.yaml. Budgets there: {known}.", budget=budget, known=known
        )
    period = current(ctx, family[0])
    posted = ledger.shares(ctx.conn, family[0].name, period.first)
    changes = [
        _entry(ctx, rule, period, member.account.id, "allotment", difference, f"enforced/{_stamp(ctx)}")
        for member in _members(ctx)
        if (rule := member.rules.get(family[0].name))
        and (difference := _missing(posted.get(member.account.id), _wanted(rule, period, member)))
    ]
    post_many(ctx, changes)
    ctx.deed("enforced", f"budget/{budget}", role_of(ctx), f"{len(changes)} limits since {period.first}")
    if not changes:
        return Card(ctx.t("All limits already have the current amount of “{budget}”", budget=budget))
    return Card(
        ctx.nt(
            "{n} limit changed to the current amount of “{budget}”",
            "{n} limits changed to the current amount of “{budget}”",
            len(changes),
            budget=budget,
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
    accounts = {each.id: each for each in people.every_account(ctx.conn)}
    return [_member(ctx, each, by_id.get(each.person_id), accounts) for each in accounts.values()]


def _member(ctx: Context, account: Account, person: Person | None, accounts: Mapping[str, Account]) -> Member:
    line = [account.id]
    while (above := accounts[line[-1]].parent_id) in accounts:
        line.append(above)
    rules = rules_for(ctx.budgets_of(account.id), account, person, line)
    own = {each.name: each for each in rules if not each.is_pool or each.account_id == account.id}
    return Member(account, person, own)


def _families(ctx: Context) -> list[tuple[Budget, ...]]:
    """The rules of each name, which have their periods in common."""
    return [ctx.policy.rules_named(name) for name in dict.fromkeys(each.name for each in ctx.policy.budgets)]


def _allotments(ctx: Context, budget: Budget, members: list[Member]) -> Iterator[Entry]:
    """What the rules of a budget's name give to everybody who has one and has not got it yet."""
    period = current(ctx, budget)
    have = ledger.allotted(ctx.conn, budget.name, period.first)
    for member in members:
        rule = member.rules.get(budget.name)
        if rule and member.account.id not in have:
            yield _entry(ctx, rule, period, member.account.id, "allotment", _wanted(rule, period, member))


def _rollovers(ctx: Context, family: Sequence[Budget], members: Sequence[Member]) -> Iterator[Entry]:
    """What is left of the last period, taken out there and put in here: together nothing."""
    budget = family[0]
    period = current(ctx, budget)
    if all(each.rollover_max == 0 for each in family) or ctx.today < period.first + STILL_MOVES:
        return
    last = period_of(period.first - timedelta(days=1), budget.every, ctx.policy.budget_calendar)
    if any(each.has_rollover for each in ledger.shares(ctx.conn, budget.name, period.first).values()):
        return
    over = requests.grants_until(ctx.conn, ctx.today - timedelta(days=1))
    if any((each.budget, each.period_start) == (budget.name, last.first) for each in over):
        return  # what was granted is not carried on: it is taken back first
    before = ledger.shares(ctx.conn, budget.name, last.first)
    spent = spent_below(ctx, budget, last, budget.account_id or ORGANIZATION)
    rules = {each.account.id: each.rules.get(budget.name, budget) for each in members}
    for account_id, left in sorted(_left(ctx, budget, before, spent).items()):
        cap = rules.get(account_id, budget).rollover_max
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
