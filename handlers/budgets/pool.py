"""A pool, as its owner sees it: who has what share, what is not shared out, and how to split it."""

from dataclasses import dataclass, replace
from typing import Annotated

from handlers.access import owns, page_of, sees_all
from handlers.arguments import MaybeHowMuch, MaybeTo, OneOf, Page, PoolOf, Whom, units_of
from handlers.budgets.holds import Hold, holds_on
from handlers.budgets.posting import entry_of, post
from handlers.budgets.status import current, spent_below, unpriced, used
from handlers.card import Block, Button, Card, Facts, Gauge, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import AMOUNT_MAX, percent
from handlers.pages import Part, part_of
from handlers.periods import THIS, Period
from handlers.policy import Budget
from handlers.provenance import as_of
from storage import ledger, people, requests, reservations
from storage.ledger import Entry
from storage.people import Account

ROWS_MAX = 50
Now = Annotated[str, OneOf("", ("now",))]


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
        unpriced: tokens of everybody below that it should count, and whose price nobody knows.
        holds: what is reserved for jobs of those below.
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
    unpriced: int
    holds: tuple[Hold, ...]

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
        """What is given to nobody, spent by nobody and reserved for nobody: as much can be given away now."""
        return (
            self.unsplit - self.common - sum(each.amount for each in self.holds if each.account_id not in self.shares)
        )

    def held(self, account_id: str) -> int:
        """What is reserved for jobs of an account."""
        return sum(each.amount for each in self.holds if each.account_id == account_id)

    @property
    def left(self) -> int:
        """What is left of all of it, less what is reserved."""
        return self.limit - self.spent - sum(each.amount for each in self.holds)


def pool(ctx: Context, page: Page = 1, whom: Whom = None) -> Card:
    """The pool of your team: who has what share of it, who used how much, and what is still free.

    To see another pool that you own: “pool of team search”. Buttons split it. Finance sees every pool.
    """
    mine = _pool_of(ctx, whom, seen=True)
    unit = mine.budget.unit
    name = mine.account.name
    facts = Facts(
        (
            (ctx.t("Not shared out"), ctx.amount(mine.unsplit, unit)),
            *_reserved(ctx, mine),
            (ctx.t("Free to give"), ctx.amount(mine.free, unit)),
        )
    )
    said = _said(mine.account)
    part = part_of(sorted(mine.names.items(), key=lambda pair: pair[1]), page, ROWS_MAX)
    blocks: tuple[Block, ...] = (
        Gauge(
            ctx.t("{budget}, {period}", budget=ctx.t("{name} pool", name=name), period=ctx.t(THIS[mine.budget.every])),
            max(0, mine.spent * 1000 // mine.limit) if mine.limit > 0 else 0,
            ctx.t(
                "{used} of {limit} used ({percent} %)",
                used=ctx.amount(mine.spent, unit),
                limit=ctx.amount(mine.limit, unit),
                percent=percent(mine.spent, mine.limit),
            ),
        ),
        facts,
        _table(ctx, mine, part),
        *part.buttons(ctx, f"pool of {said}", file=False),
        as_of(ctx, mine.unpriced),
        *(_owners_buttons(ctx, said) if owns(ctx, mine.account.id) else ()),
        Button(ctx.t("Where did it go?"), f"spend of {said} by model"),
        *ctx.on_a_page(page_of(mine.account)),
    )
    over = mine.spent - mine.limit
    amount = ctx.amount(over if over > 0 else max(0, mine.left), unit)
    if over > 0:
        limit = ctx.amount(mine.limit, unit)
        title = ctx.t("{name} pool: {amount} over the limit of {limit}", name=name, amount=amount, limit=limit)
    else:
        title = ctx.t("{amount} left in the {name} pool", amount=amount, name=name)
    return Card(title, blocks)


def allot(ctx: Context, amount: MaybeHowMuch = None, to: MaybeTo = None, pool: PoolOf = None) -> Card:
    """Set a person's share of your pool: “allot 300 to ana”. It replaces their share so far, also within a period.

    A person with a share is limited to it. Everybody else uses the rest of the pool together. Without an amount it
    opens a form.
    """
    mine = _pool_of(ctx, pool)
    if amount is None or to is None:
        return _form(ctx, mine, to)
    name = mine.account.name
    if to.id not in mine.names:
        raise RefusedError("{name} is not in {team}.", fault="to", name=to.name, team=name)
    share = units_of(amount, mine.budget.unit, most=AMOUNT_MAX)
    _move(ctx, mine, {to.id: share})
    given = ctx.amount(share, mine.budget.unit)
    ctx.deed("allotted", to.id, "owner", f"{given} of {mine.account.id}, {mine.budget.name} since {mine.period.first}")
    shares = {**mine.shares, to.id: share}
    after = replace(mine, shares={each: units for each, units in shares.items() if units})
    if to.person_id and to.person_id != ctx.person.id:
        theirs = replace(ctx, person=ctx.somebody(to.person_id) or ctx.person)
        title = theirs.t(
            "Your share of the {name} pool is now {amount}", name=name, amount=theirs.amount(share, mine.budget.unit)
        )
        news = Card(title, (Button(theirs.t("What is left?"), "balance"),))
        ctx.tell(to.person_id, f"share/{mine.budget.name}/{mine.period.first}/{to.id}/{mine.version}", news)
    blocks: list[Block] = [Facts(((ctx.t("Free to give"), ctx.amount(after.free, mine.budget.unit)),))]
    without = len(after.names.keys() - after.shares.keys())
    if after.free <= 0 and without:
        stopped = ctx.nt(
            "{n} person or agent has no share, and nothing is left for them.",
            "{n} people and agents have no share, and nothing is left for them.",
            without,
        )
        blocks.append(Text(stopped))
    return Card(
        ctx.t("{name}'s share is now {amount}", name=to.name, amount=given),
        (*blocks, Button(ctx.t("The pool"), f"pool of {_said(mine.account)}")),
    )


def split(ctx: Context, whom: Whom = None, now: Now = "") -> Card:
    """See what an even split of your pool would give each person and agent; a button does it.

    What each has used stays part of their share, and the reserve of app.yaml is kept back.
    """
    mine = _pool_of(ctx, whom)
    if not mine.names:
        raise RefusedError("There is nobody in {name} to split the pool among.", name=mine.account.name)
    members = sorted(mine.names)
    reserve = mine.limit * mine.budget.reserve_percent // 100
    granted = _granted(ctx, mine)
    kept = {each: max(granted.get(each, 0), mine.held(each)) for each in members}
    left = mine.limit - reserve - mine.spent - _held_by_others(mine) - sum(kept.values())
    if left < 0:
        raise RefusedError("The {name} pool is used up. There is nothing left to split.", name=mine.account.name)
    each = left // len(members)
    wanted = {member: mine.used.get(member, 0) + kept[member] + each for member in members}
    amount = ctx.amount(each, mine.budget.unit)
    title = ctx.nt(
        "{amount} more for {n} person or agent",
        "{amount} more for each of {n} people and agents",
        len(members),
        amount=amount,
    )
    if not now:
        return _proposal(ctx, mine, wanted, title, reserve)
    _move(ctx, mine, wanted)
    said = f"{amount} more for each of {len(members)}, {mine.budget.name} since {mine.period.first}"
    ctx.deed("split", mine.account.id, "owner", said)
    return Card(title, (Button(ctx.t("The pool"), f"pool of {_said(mine.account)}"),))


def free_in(ctx: Context, budget: Budget, account: Account) -> int:
    """What of a pool is given to nobody and spent by nobody; a team may have several, so it is said which."""
    return _read(ctx, budget, account).free


def _reserved(ctx: Context, mine: Pool) -> list[tuple[str, str]]:
    """What is reserved for jobs, as a fact; nothing if nothing is."""
    total = sum(each.amount for each in mine.holds)
    return [(ctx.t("Reserved"), ctx.amount(total, mine.budget.unit))] if total else []


def _granted(ctx: Context, mine: Pool) -> dict[str, int]:
    """What is unspent of extra budget granted for shares, by account: it is given back and never passed on."""
    granted = requests.running_of_all(ctx.conn, mine.budget.name, mine.period.first)
    unspent = {each: mine.shares[each] - mine.used.get(each, 0) for each in granted if each in mine.shares}
    return {each: min(granted[each], left) for each, left in unspent.items() if left > 0}


def _held_by_others(mine: Pool) -> int:
    """What is left of the shares of those who are no longer there."""
    gone = mine.shares.keys() - mine.names.keys()
    return sum(max(0, mine.shares[each] - mine.used.get(each, 0)) for each in gone)


def _proposal(ctx: Context, mine: Pool, wanted: dict[str, int], title: str, reserve: int) -> Card:
    """What a split would do to everybody, before it is done."""
    unit, said = mine.budget.unit, _said(mine.account)
    rows = [
        (
            name,
            ctx.amount(mine.shares[each], unit) if each in mine.shares else ctx.t("no share"),
            ctx.amount(mine.used.get(each, 0), unit),
            ctx.amount(wanted[each], unit),
        )
        for each, name in sorted(mine.names.items(), key=lambda pair: pair[1])
    ]
    shown, more = rows[:ROWS_MAX], len(rows) - ROWS_MAX
    shown += [(ctx.nt("{n} more", "{n} more", more), "", "", "")] if more > 0 else []
    heads = (ctx.t("Name"), ctx.t("Share now"), ctx.t("Used"), ctx.t("Share then"))
    facts = [(ctx.t("Kept in reserve"), ctx.amount(reserve, unit))] if reserve else []
    return Card(
        ctx.t("This would be {what}", what=title),
        (
            Text(ctx.t("Nothing has changed yet. Afterwards each is limited to their share, agents included.")),
            *((Facts(tuple(facts)),) if facts else ()),
            Table(ctx.t("Shares of the pool"), heads, tuple(shown), "lrrr"),
            as_of(ctx),
            Button(ctx.t("Split now"), f"split now of {said}", style="primary"),
            Button(ctx.t("The pool"), f"pool of {said}"),
        ),
    )


def _owners_buttons(ctx: Context, said: str) -> tuple[Button, ...]:
    give = Button(ctx.t("Give a share"), f"allot from {said}", style="primary")
    return give, Button(ctx.t("Split evenly …"), f"split of {said}")


def _pool_of(ctx: Context, account: Account | None, *, seen: bool = False) -> Pool:
    """The pool of an account that the person who speaks owns, or their only one; finance may look at any."""
    pools = {each.account_id: each for each in ctx.policy.budgets if each.is_pool and each.models == "all"}
    if account is None:
        lines = {each: ctx.line(each) for each in sorted(pools)}
        owned = [each for each, line in lines.items() if people.owns(ctx.person.id, line)]
        direct = [each for each in owned if people.owns(ctx.person.id, lines[each][:1])]
        chosen = direct or owned
        if len(chosen) > 1:
            raise RefusedError(
                "You own several pools: {pools}. Say which one.",
                pools=", ".join(each.replace("/", " ") for each in chosen),
            )
        account = ctx.account(chosen[0]) if chosen else None
    if account is None or account.id not in pools or not (owns(ctx, account.id) or (seen and sees_all(ctx))):
        raise RefusedError(
            "You don't own such a pool. A pool is the budget of a team in app.yaml, and the team's owner splits it."
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
    outside = unpriced(ctx.policy, budget, spent.get(account.id, []))
    holds = holds_on(ctx.policy, budget, period, reservations.below(ctx.conn, account.id, ctx.now), ctx.now)
    return Pool(budget, account, period, limit, total, shares, everybody, names, version, outside, holds)


def _move(ctx: Context, mine: Pool, shares: dict[str, int]) -> None:
    """Post the differences between the shares that are and those that are wanted; together they sum to zero."""
    for each, share in shares.items():
        if share < mine.used.get(each, 0) + mine.held(each):
            already = ctx.amount(mine.used.get(each, 0) + mine.held(each), mine.budget.unit)
            if mine.held(each):
                raise RefusedError(
                    "{name} has already used {amount}, or reserved it for jobs. A share can't be less than that.",
                    fault="amount",
                    name=mine.names[each],
                    amount=already,
                )
            raise RefusedError(
                "{name} has already used {amount}. A share can't be less than that.",
                fault="amount",
                name=mine.names[each],
                amount=already,
            )
    granted = _granted(ctx, mine)
    for each, share in shares.items():
        most = mine.shares.get(each, 0) - mine.used.get(each, 0) - granted.get(each, 0)
        if each in granted and mine.shares[each] - share > most:
            raise RefusedError(
                "Only {amount} is left to give. Extra budget that was granted can't be passed on.",
                fault="amount",
                amount=ctx.amount(max(0, most), mine.budget.unit),
            )
    moves = {each: share - mine.shares.get(each, 0) for each, share in sorted(shares.items())}
    mixed = [each for each in shares if each not in mine.shares]  # what they used or reserved is not free already
    needed = sum(moves.values()) - sum(mine.used.get(each, 0) + mine.held(each) for each in mixed)
    if needed > max(0, mine.free):  # of an overspent pool nothing is given, but a share may become less
        free = ctx.amount(max(0, mine.free), mine.budget.unit)
        raise RefusedError("Only {amount} of the pool is free to give.", fault="amount", amount=free)
    moves[mine.account.id] = -sum(moves.values())
    post(ctx, *(_entry(ctx, mine, each, amount) for each, amount in moves.items() if amount))


def _entry(ctx: Context, mine: Pool, account_id: str, amount: int) -> Entry:
    key = f"split/{mine.budget.name}/{mine.period.first}/{mine.version}/{account_id}"
    return entry_of(ctx, mine.budget, mine.period, key, account_id, amount)


def _table(ctx: Context, mine: Pool, part: Part[tuple[str, str]]) -> Table:
    """People in the order of the alphabet: nobody is ranked."""
    unit = mine.budget.unit
    rows = []
    for each, name in part.rows:
        share, spent = mine.shares.get(each), mine.used.get(each, 0)
        left = ctx.amount(share - spent - mine.held(each), unit) if share is not None else ctx.t("from the rest")
        given = ctx.amount(share, unit) if share is not None else ctx.t("no share")
        rows.append((name, given, ctx.amount(spent, unit), left))
    rows += [(ctx.nt("{n} more", "{n} more", len(part.rest)), "", "", "")] if part.rest else []
    columns = (ctx.t("Name"), ctx.t("Pool share"), ctx.t("Used"), ctx.t("Left"))
    return Table(part.captioned(ctx, ctx.t("Shares of the pool")), columns, tuple(rows), "lrrr")


def _form(ctx: Context, mine: Pool, to: Account | None) -> Card:
    free = ctx.amount(max(0, mine.free), mine.budget.unit)
    total = ctx.t("How much in total ({unit})?", unit=mine.budget.unit)
    return Card(
        ctx.t("Give a share of the {name} pool", name=mine.account.name),
        (
            Text(ctx.t("{amount} free to give. A new share replaces the one before.", amount=free)),
            Input("to", ctx.t("Whose share?"), hint=ctx.t("A name, such as ana"), value=to.name if to else ""),
            Input("amount", total, hint=ctx.t("Such as 300")),
            Button(ctx.t("Set the share"), f"allot from {_said(mine.account)}", style="primary"),
        ),
    )


def _said(account: Account) -> str:
    return account.id.replace("/", " ")
