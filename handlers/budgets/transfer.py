"""Budget moved between people, and corrected by finance: what one gets, another gives, or finance says why."""

from handlers.access import owns
from handlers.arguments import From, HowMuch, Rest, Signed, To, WhatFor, WhomSeen, units_above_zero, units_of
from handlers.budgets.posting import move
from handlers.budgets.status import BudgetStatus, statuses
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from storage import people, requests
from storage.people import Account

REASON_MAX = 500


def transfer(ctx: Context, amount: HowMuch, to: To, giver: From = None, reason: WhatFor = "") -> Card:
    """Give some of your budget to a colleague of your team: `transfer 50 to bob for the demo`.

    An owner moves it between any two people below: `transfer 50 from ana to bob`.
    """
    ctx.meet([each for each in (giver, to) if each])
    source = giver or ctx.account(ctx.account_id)
    if source is None or (source.id != ctx.account_id and not owns(ctx, source.id)):
        raise RefusedError("You can give of your own budget, or of that of people and agents below you.")
    _refuse_side_doors(ctx, source, to)
    given, taken = _common(ctx, source, to)
    units = units_above_zero(amount, given.budget.unit)
    granted = requests.running(ctx.conn, given.account_id, given.budget.name, given.period.first)
    if units > given.left - granted:
        left = ctx.amount(max(0, given.left - granted), given.budget.unit)
        why = " What was granted is for you alone." if granted else ""
        raise RefusedError(f"Only {left} are left to give.{why}", fault="amount")
    move(ctx, "transfer", [(given, -units), (taken, units)], reason[:REASON_MAX])
    shown = ctx.amount(units, given.budget.unit)
    own = "own" if source.id == ctx.account_id else "owner"
    ctx.deed("transferred", source.id, own, f"{shown} to {to.id}: {reason[:REASON_MAX]}")
    for account, verb in ((source, "went to " + to.name), (to, "came from " + source.name)):
        if account.person_id and account.person_id != ctx.person.id:
            blocks = (Text(f"“{reason}”"),) if reason else ()
            news = Card(f"{shown} {verb}", (*blocks, Button("What is left?", "balance")))
            ctx.tell(account.person_id, f"transfer/{_stamp(ctx)}/{account.id}", news)
    return Card(f"{shown} moved from {source.name} to {to.name}", (Button("What is left?", "balance"),))


def correct(ctx: Context, amount: Signed, whom: WhomSeen, reason: Rest = "") -> Card:
    """Correct somebody's budget, with the reason: `correct 20 of ana refund of the outage`, `correct -5 of bob …`.

    For finance, and never for oneself. It counts in the present period and stands in the ledger with who and why.
    """
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance corrects budgets.")
    if whom.id == ctx.account_id or whom.owner_id == ctx.person.id:
        raise RefusedError("Nobody corrects a budget of their own. Ask a colleague of finance.")
    if whom.id in {each.id for each in ctx.line(ctx.account_id)}:
        raise RefusedError(
            f"You spend of {whom.name}'s budget yourself. Ask a colleague of finance, or change app.yaml."
        )
    if not reason:
        raise RefusedError("Say why, such as: correct 20 of ana refund of the outage", fault="reason")
    own = (each for each in statuses(ctx, whom) if each.account_id == whom.id and not each.is_share)
    status = next(own, None)  # a share is the pool owner's to set; corrected, it would enlarge the pool
    if status is None:
        raise RefusedError(f"{whom.name} has no budget of their own that could be corrected.")
    units = units_of(amount, status.budget.unit)
    if not units:
        raise RefusedError("An amount must be above zero.", fault="amount")
    move(ctx, "correction", [(status, units)], reason[:REASON_MAX])
    shown = ctx.amount(units, status.budget.unit)
    ctx.deed("corrected", whom.id, "role finance", f"{shown}: {reason[:REASON_MAX]}")
    return Card(
        f"{whom.name} corrected by {shown}",
        (Facts((("Limit now", ctx.amount(status.limit + units, status.budget.unit)), ("Why", reason))),),
    )


def _refuse_side_doors(ctx: Context, source: Account, to: Account) -> None:
    """A transfer never raises one's own limit, and stays where one owner answers for both."""
    if to.id == source.id:
        raise RefusedError("That is the same budget.", fault="to")
    if to.id == ctx.account_id or to.owner_id == ctx.person.id:
        raise RefusedError("Nobody moves budget to themself. Ask for more with: request 50 what it is for")
    if source.id == ctx.account_id and _decides_for(ctx, to):
        raise RefusedError(
            f"{to.name} decides your requests, so you cannot give to them. The owner above both moves it."
        )
    owns_both = owns(ctx, source.id) and owns(ctx, to.id)
    if not owns_both and (source.parent_id != to.parent_id or source.parent_id == "org"):
        raise RefusedError(
            f"{to.name} is not in the same team. Ask the owner above both of you to move it.", fault="to"
        )


def _decides_for(ctx: Context, to: Account) -> bool:
    """Whether somebody decides about the speaker's budget: a gift, and more approved in its stead, would be theirs."""
    manages = bool(to.person_id) and to.person_id == ctx.person.manager
    return manages or people.owns(to.person_id, ctx.line(ctx.account_id))


def _common(ctx: Context, source: Account, to: Account) -> tuple[BudgetStatus, BudgetStatus]:
    """The budget that both have by the same rule."""
    theirs = {each.budget.name: each for each in statuses(ctx, to) if each.account_id == to.id}
    for each in statuses(ctx, source):
        if each.account_id == source.id and each.budget.name in theirs and each.budget.models == "all":
            return each, theirs[each.budget.name]
    raise RefusedError(f"{source.name} and {to.name} have no budget of the same kind.")


def _stamp(ctx: Context) -> str:
    return f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
