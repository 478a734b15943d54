"""A pool, as its lead sees it: who has what share, what is not split, and how to split it anew."""

from dataclasses import dataclass

from handlers.access import owns
from handlers.arguments import MaybeHowMuch, MaybeTo, PoolOf, Whom, units_of
from handlers.budgets.posting import post
from handlers.budgets.status import current, spent_below, used
from handlers.card import Block, Button, Card, Facts, Gauge, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import percent
from handlers.periods import Period
from handlers.policy import Budget
from handlers.provenance import as_of
from storage import ledger, people
from storage.ledger import Entry
from storage.people import Account

ROWS_MAX = 50


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool in its present period.

    Args:
        budget: its rule.
        account: whose pool it is.
        period: which days.
        limit: all of it.
        spent: by everybody below.
        shares: what was given to whom, by account.
        used: what each account has spent on the days on which it was below, by account.
        names: of the people and agents that are below now.
        version: how many entries it has, so that each new one has a key of its own.
    """

    budget: Budget
    account: Account
    period: Period
    limit: int
    spent: int
    shares: dict[str, int]
    used: dict[str, int]
    names: dict[str, str]
    version: int

    @property
    def unsplit(self) -> int:
        """What is given to nobody."""
        return self.limit - sum(self.shares.values())

    @property
    def common(self) -> int:
        """What was spent by those who have no share, who have left, or by the team itself."""
        return self.spent - sum(self.used.get(each, 0) for each in self.shares)

    @property
    def free(self) -> int:
        """What is given to nobody and spent by nobody: as much can be given away now."""
        return self.unsplit - self.common


def pool(ctx: Context, whom: Whom = None) -> Card:
    """The pool of your team: who has what share of it, who used how much, and what is still free.

    `pool of team search` for another one that you own. Buttons split it.
    """
    mine = _pool_of(ctx, whom)
    unit = mine.budget.unit
    gauge = Gauge(
        f"{mine.account.name} pool, this {mine.budget.every}",
        max(0, mine.spent * 1000 // mine.limit) if mine.limit > 0 else 0,
        f"{ctx.amount(mine.spent, unit)} of {ctx.amount(mine.limit, unit)} used ({percent(mine.spent, mine.limit)} %)",
    )
    facts = Facts((("Not split", ctx.amount(mine.unsplit, unit)), ("Free to give", ctx.amount(mine.free, unit))))
    of = f"of {mine.account.id.replace('/', ' ')}"
    blocks: tuple[Block, ...] = (
        gauge,
        facts,
        _table(ctx, mine),
        as_of(ctx),
        Button("Give a share", f"allot from {mine.account.id.replace('/', ' ')}", style="primary"),
        Button("Split evenly", f"split {of}", confirm=f"Split what is left of {mine.account.name} evenly?"),
        Button("Where did it go?", f"spend {of} by model"),
    )
    return Card(f"{ctx.amount(mine.limit - mine.spent, unit)} left in the pool of {mine.account.name}", blocks)


def allot(ctx: Context, amount: MaybeHowMuch = None, to: MaybeTo = None, pool: PoolOf = None) -> Card:
    """Set a person's share of your pool: `allot 300 to ana`. It replaces the share that was, also in mid-period.

    A person with a share is bound by it; all others share what is not split. Alone it opens a form.
    """
    mine = _pool_of(ctx, pool)
    if amount is None or to is None:
        return _form(ctx, mine, to)
    if to.id not in mine.names:
        raise RefusedError(f"{to.name} is not in {mine.account.name}.", fault="to")
    share = units_of(amount, mine.budget.unit)
    _move(ctx, mine, {to.id: share})
    given = ctx.amount(share, mine.budget.unit)
    ctx.deed("allotted", to.id, "owner", f"{given} of {mine.account.id}, {mine.budget.name} since {mine.period.first}")
    after = _pool_of(ctx, mine.account)
    if to.person_id and to.person_id != ctx.person.id:
        news = Card(f"Your share of the {mine.account.name} pool is {given} now", (Button("What is left?", "balance"),))
        ctx.tell(to.person_id, f"share/{mine.budget.name}/{mine.period.first}/{to.id}/{mine.version}", news)
    free = Facts((("Free to give", ctx.amount(after.free, mine.budget.unit)),))
    return Card(f"{to.name}'s share is {given} now", (free, Button("The pool", f"pool of {_said(mine.account)}")))


def split(ctx: Context, whom: Whom = None) -> Card:
    """Split what your pool has left evenly among its people; what each has used stays theirs."""
    mine = _pool_of(ctx, whom)
    members = sorted(each for each in mine.names if each.startswith("person/"))
    if not members:
        raise RefusedError(f"There is nobody in {mine.account.name} to split the pool among.")
    others = mine.common - sum(mine.used.get(each, 0) for each in members if each not in mine.shares)
    reserved = sum(share for each, share in mine.shares.items() if each not in members)
    spent = sum(mine.used.get(each, 0) for each in members)
    left = mine.limit - reserved - others - spent
    if left < 0:
        raise RefusedError(f"The pool of {mine.account.name} is used up; there is nothing left to split.")
    _move(ctx, mine, {each: mine.used.get(each, 0) + left // len(members) for each in members})
    each = ctx.amount(left // len(members), mine.budget.unit)
    said = f"{each} more for each of {len(members)}, {mine.budget.name} since {mine.period.first}"
    ctx.deed("split", mine.account.id, "owner", said)
    return Card(
        f"{each} more for each of {len(members)} people", (Button("The pool", f"pool of {_said(mine.account)}"),)
    )


def _pool_of(ctx: Context, account: Account | None) -> Pool:
    """The pool of an account that the person who speaks owns, or their only one."""
    pools = {each.account_id: each for each in ctx.policy.budgets if each.is_pool and each.models == "all"}
    if account is None:
        lines = {each: ctx.line(each) for each in sorted(pools)}
        owned = [each for each, line in lines.items() if people.owns(ctx.person.id, line)]
        direct = [each for each in owned if people.owns(ctx.person.id, lines[each][:1])]
        chosen = direct or owned
        if len(chosen) > 1:
            raise RefusedError(
                f"You own several pools: {', '.join(each.replace('/', ' ') for each in chosen)}. Say which one."
            )
        account = ctx.account(chosen[0]) if chosen else None
    if account is None or account.id not in pools or not owns(ctx, account.id):
        raise RefusedError(
            "You own no such pool. A pool is a budget of a team in app.yaml, and the team's owner splits it."
        )
    return _read(ctx, pools[account.id], account)


def _read(ctx: Context, budget: Budget, account: Account) -> Pool:
    period = current(ctx, budget)
    posted = ledger.shares(ctx.conn, budget.name, period.first)
    own = posted.pop(account.id, None)
    allotment = own.allotment if own and own.has_allotment else budget.allotment
    limit = allotment + (own.moved if own else 0) + sum(each.moved for each in posted.values())
    below = [each for each in people.descendants(ctx.conn, account.id) if each.kind in ("person", "agent")]
    names = {each.id: each.name for each in below if each.active}
    spent = spent_below(ctx, budget, period, account.id)
    everybody = {each: used(ctx.policy, budget, sums) for each, sums in spent.items()}
    total = everybody.get(account.id, 0)
    shares = {each: sums.moved for each, sums in posted.items() if sums.moved}
    version = ledger.count(ctx.conn, budget.name, period.first)
    return Pool(budget, account, period, limit, total, shares, everybody, names, version)


def _move(ctx: Context, mine: Pool, shares: dict[str, int]) -> None:
    """Post the differences between the shares that are and those that are wanted; together they sum to zero."""
    for each, share in shares.items():
        if share < mine.used.get(each, 0):
            already = ctx.amount(mine.used[each], mine.budget.unit)
            raise RefusedError(
                f"{mine.names[each]} has used {already} already; a share cannot be less.", fault="amount"
            )
    moves = {each: share - mine.shares.get(each, 0) for each, share in sorted(shares.items())}
    needed = sum(moves.values()) - sum(mine.used.get(each, 0) for each in shares if each not in mine.shares)
    if needed > max(0, mine.free):  # of an overspent pool nothing is given, but a share may become less
        free = ctx.amount(max(0, mine.free), mine.budget.unit)
        raise RefusedError(f"Only {free} of the pool is free to give.", fault="amount")
    moves[mine.account.id] = -sum(moves.values())
    post(ctx, *(_entry(ctx, mine, each, amount) for each, amount in moves.items() if amount))


def _entry(ctx: Context, mine: Pool, account_id: str, amount: int) -> Entry:
    return Entry(
        key=f"split/{mine.budget.name}/{mine.period.first}/{mine.version}/{account_id}",
        account_id=account_id,
        budget=mine.budget.name,
        period_start=mine.period.first,
        kind="transfer",
        amount=amount,
        unit=mine.budget.unit,
        said_by=ctx.person.id,
        note="",
        posted_at=ctx.now,
    )


def _table(ctx: Context, mine: Pool) -> Table:
    """People in the order of the alphabet: nobody is ranked."""
    unit = mine.budget.unit
    rows = []
    for each, name in sorted(mine.names.items(), key=lambda pair: pair[1]):
        share, spent = mine.shares.get(each), mine.used.get(each, 0)
        left = ctx.amount(share - spent, unit) if share is not None else "from the rest"
        rows.append((name, ctx.amount(share, unit) if share is not None else "no share", ctx.amount(spent, unit), left))
    cut = rows[:ROWS_MAX]
    if len(rows) > ROWS_MAX:
        cut.append((f"and {len(rows) - ROWS_MAX} more", "", "", ""))
    return Table("Who has what", ("Name", "Share", "Used", "Left"), tuple(cut), "lrrr")


def _form(ctx: Context, mine: Pool, to: Account | None) -> Card:
    free = ctx.amount(max(0, mine.free), mine.budget.unit)
    return Card(
        f"Give a share of the {mine.account.name} pool",
        (
            Text(f"{free} are free to give. A share replaces the one that was."),
            Input("to", "Whose share?", hint="A name, such as ana", value=to.name if to else ""),
            Input("amount", f"How much in all ({mine.budget.unit})?", hint="Such as 300"),
            Button("Set the share", f"allot from {_said(mine.account)}", style="primary"),
        ),
    )


def _said(account: Account) -> str:
    return account.id.replace("/", " ")
