"""Budget moved between people, and corrected by finance: what one gets, another gives, or finance says why."""

from dataclasses import replace

from handlers.access import owns
from handlers.arguments import From, HowMuch, Rest, Signed, To, WhatFor, WhomSeen, units_above_zero, units_of
from handlers.budgets.pool import free_in
from handlers.budgets.posting import move
from handlers.budgets.status import BudgetStatus, statuses
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import Amount
from storage import people, requests
from storage.people import Account

REASON_MAX = 500
POOLS = ("team", "organization")


def transfer(ctx: Context, amount: HowMuch, to: To, giver: From = None, reason: WhatFor = "") -> Card:
    """Give some of your budget to a colleague of your team: “transfer 50 to bob for the demo”.

    An owner can move budget between any two people below them: “transfer 50 from ana to bob”. Finance moves it between
    pools: “transfer 500 from team search to team ads”.
    """
    ctx.meet([each for each in (giver, to) if each])
    if giver and giver.kind in POOLS and to.kind in POOLS:
        return _between_pools(ctx, amount, giver, to, reason)
    source = giver or ctx.account(ctx.account_id)
    if source is None or (source.id != ctx.account_id and not owns(ctx, source.id)):
        raise RefusedError("You can only give from your own budget, or from that of people and agents below you.")
    _refuse_side_doors(ctx, source, to)
    given, taken = _common(ctx, source, to)
    units = units_above_zero(amount, given.budget.unit)
    if source.kind in POOLS:
        _refuse_more_than_free(ctx, given, source, units)
    granted = requests.running(ctx.conn, given.account_id, given.budget.name, given.period.first)
    may_give = given.left - max(granted, given.held)  # what was granted for a job is reserved for it
    if units > may_give:
        left = ctx.amount(max(0, may_give), given.budget.unit)
        if granted:
            raise RefusedError(
                "Only {amount} is left to give. Extra budget that was granted can't be passed on.",
                fault="amount",
                amount=left,
            )
        raise RefusedError("Only {amount} is left to give.", fault="amount", amount=left)
    move(ctx, "transfer", [(given, -units), (taken, units)], reason[:REASON_MAX])
    shown = ctx.amount(units, given.budget.unit)
    own = "own" if source.id == ctx.account_id else "owner"
    ctx.deed("transferred", source.id, own, f"{shown} to {to.id}: {reason[:REASON_MAX]}")
    _tell(ctx, source, N_("{amount} of your budget moved to {name}"), to.name, (units, given.budget.unit), reason)
    _tell(ctx, to, N_("{amount} added to your budget from {name}"), source.name, (units, given.budget.unit), reason)
    return Card(
        ctx.t("{amount} moved from {giver} to {name}", amount=shown, giver=source.name, name=to.name),
        (Button(ctx.t("What is left?"), "balance"),),
    )


def _between_pools(ctx: Context, amount: Amount, giver: Account, to: Account, reason: str) -> Card:
    """Move what is free in one pool to another one."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can move budget between pools.")
    if to.id == giver.id:
        raise RefusedError("Both are the same budget.", fault="to")
    if _profits_from(ctx, to):
        raise RefusedError("You spend from {name}'s budget yourself. Ask a colleague in finance.", name=to.name)
    given, taken = _common(ctx, giver, to, by_name=False)
    units = units_above_zero(amount, given.budget.unit)
    _refuse_more_than_free(ctx, given, giver, units)
    move(ctx, "transfer", [(given, -units), (taken, units)], reason[:REASON_MAX])
    shown = ctx.amount(units, given.budget.unit)
    ctx.deed("transferred", giver.id, "role finance", f"{shown} to {to.id}: {reason[:REASON_MAX]}")
    for pool, text, other in (
        (giver, N_("{amount} of the {pool} pool moved to {name}"), to),
        (to, N_("{amount} added to the {pool} pool from {name}"), giver),
    ):
        owner = ctx.somebody(pool.owner_id) if pool.owner_id else None
        if owner and owner.id != ctx.person.id:
            theirs = replace(ctx, person=owner)
            blocks = (Text(f"“{reason}”"),) if reason else ()
            title = theirs.t(text, amount=theirs.amount(units, given.budget.unit), pool=pool.name, name=other.name)
            news = Card(title, (*blocks, Button(theirs.t("The pool"), f"pool of {pool.id.replace('/', ' ')}")))
            ctx.tell(owner.id, f"transfer/{_stamp(ctx)}/{pool.id}", news)
    return Card(ctx.t("{amount} moved from {giver} to {name}", amount=shown, giver=giver.name, name=to.name))


def _refuse_more_than_free(ctx: Context, given: BudgetStatus, giver: Account, units: int) -> None:
    """Of a pool only that can be given which is nobody's share and which nobody has spent."""
    free = free_in(ctx, given.budget, giver)
    if units > free:
        left = ctx.amount(max(0, free), given.budget.unit)
        raise RefusedError("Only {amount} of the pool is free to give.", fault="amount", amount=left)


def _profits_from(ctx: Context, pool: Account) -> bool:
    """Whether the speaker spends from a pool, owns it, or owns an agent that spends from it."""
    return any(each.owner_id == ctx.person.id for each in people.descendants(ctx.conn, pool.id))


def _tell(ctx: Context, account: Account, text: str, name: str, amount: tuple[int, str], reason: str) -> None:
    """Tell whose budget it is, unless they said it themselves."""
    if not account.person_id or account.person_id == ctx.person.id:
        return
    theirs = replace(ctx, person=ctx.somebody(account.person_id) or ctx.person)
    blocks = (Text(f"“{reason}”"),) if reason else ()
    title = theirs.t(text, amount=theirs.amount(*amount), name=name)
    news = Card(title, (*blocks, Button(theirs.t("What is left?"), "balance")))
    ctx.tell(account.person_id, f"transfer/{_stamp(ctx)}/{account.id}", news)


def correct(ctx: Context, amount: Signed, whom: WhomSeen, reason: Rest = "") -> Card:
    """Correct somebody's budget and say why: “correct 20 of ana refund of the outage”, “correct -5 of bob …”.

    For finance, and never for yourself. It counts in the current period, and the ledger keeps who did it and why.
    """
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can correct budgets.")
    if whom.id == ctx.account_id or whom.owner_id == ctx.person.id:
        raise RefusedError("You can't correct a budget of your own. Ask a colleague in finance.")
    if _profits_from(ctx, whom):
        raise RefusedError(
            "You spend from {name}'s budget yourself. Ask a colleague in finance, or change app.yaml.", name=whom.name
        )
    if not reason:
        raise RefusedError(
            "Say why, for example: {example}", fault="reason", example="correct 20 of ana refund of the outage"
        )
    own = (each for each in statuses(ctx, whom) if each.account_id == whom.id and not each.is_share)
    status = next(own, None)  # a share is the pool owner's to set; corrected, it would enlarge the pool
    if status is None:
        raise RefusedError("{name} has no budget of their own to correct.", name=whom.name)
    units = units_of(amount, status.budget.unit)
    if not units:
        raise RefusedError("An amount must be above zero.", fault="amount")
    move(ctx, "correction", [(status, units)], reason[:REASON_MAX])
    shown = ctx.amount(units, status.budget.unit)
    ctx.deed("corrected", whom.id, "role finance", f"{shown}: {reason[:REASON_MAX]}")
    limit = ctx.amount(status.limit + units, status.budget.unit)
    return Card(
        ctx.t("{name}'s budget corrected by {amount}", name=whom.name, amount=shown),
        (Facts(((ctx.t("New limit"), limit), (ctx.t("Reason"), reason))),),
    )


def _refuse_side_doors(ctx: Context, source: Account, to: Account) -> None:
    """A transfer never raises one's own limit, and stays where one owner answers for both."""
    if to.id == source.id:
        raise RefusedError("Both are the same budget.", fault="to")
    if to.id == ctx.account_id or to.owner_id == ctx.person.id:
        raise RefusedError(
            "You can't move budget to yourself. To ask for more, say for example: request 50 finish the migration"
        )
    if source.id == ctx.account_id and _decides_for(ctx, to):
        raise RefusedError(
            "{name} decides about your requests, so you can't give budget to them. Ask the owner above both of you to "
            "move it.",
            name=to.name,
        )
    owns_both = owns(ctx, source.id) and owns(ctx, to.id)
    if not owns_both and (source.parent_id != to.parent_id or source.parent_id == "org"):
        raise RefusedError(
            "{name} is not in the same team. Ask the owner above both of you to move it.", fault="to", name=to.name
        )


def _decides_for(ctx: Context, to: Account) -> bool:
    """Whether somebody decides about the speaker's budget: a gift, and more approved in its stead, would be theirs."""
    manages = bool(to.person_id) and to.person_id == ctx.person.manager
    return manages or people.owns(to.person_id, ctx.line(ctx.account_id))


def _common(ctx: Context, source: Account, to: Account, *, by_name: bool = True) -> tuple[BudgetStatus, BudgetStatus]:
    """The budget that both have by the same rule; of pools, which have rules of their own, one of the same kind."""

    def kind(one: BudgetStatus) -> tuple[object, ...]:
        return (one.budget.name,) if by_name else (one.budget.unit, one.budget.every)

    theirs = {
        kind(each): each for each in statuses(ctx, to) if each.account_id == to.id and each.budget.models == "all"
    }
    for each in statuses(ctx, source):
        if each.account_id == source.id and kind(each) in theirs and each.budget.models == "all":
            return each, theirs[kind(each)]
    raise RefusedError("{giver} and {name} have no budget of the same kind.", giver=source.name, name=to.name)


def _stamp(ctx: Context) -> str:
    return f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
