"""`overspent`: which budgets are used up, of all that somebody may see; people stand in the order of the alphabet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.access import may_see
from handlers.alerts.thresholds import still_binds, used_up
from handlers.arguments import Page
from handlers.budgets import current
from handlers.card import Block, Button, Card, Table, Text, Tone
from handlers.context import Context
from handlers.pages import part_of
from handlers.periods import THIS
from handlers.policy import Budget
from handlers.provenance import as_of
from handlers.questions import looked_at, missing
from storage.people import Account

AHEAD_MAX = 20
"""Of so many teams and agents, those that have used most, it is worked out whether they will be over."""
KINDS = {"organization": 0, "team": 1, "agent": 2, "person": 3}


@dataclass(frozen=True, slots=True)
class _Over:
    """A limit that is used up, or will be.

    Args:
        account: whose.
        budget: which rule.
        limit: all that may be spent in its period.
        spent: so far.
        lacks: what it lacks, or will lack.
    """

    account: Account
    budget: Budget
    limit: int
    spent: int
    lacks: int


def overspent(ctx: Context, page: Page = 1) -> Card:
    """Which budgets are over their limit, and which teams and agents will be. You see those that are yours to see."""
    found = sorted(_found(ctx), key=lambda each: (KINDS[each.account.kind], each.account.name.casefold()))
    ahead = [] if ctx.only is not None else sorted(_ahead(ctx), key=lambda each: -each.lacks)
    part = part_of(found, page)
    blocks: list[Block] = []
    if found:
        shown = 5 if ctx.only is None else 2  # what is used by now grows by single charges, so no viewer sees it
        columns = (ctx.t("Whose"), ctx.t("Budget"), ctx.t("Used"), ctx.t("Limit"), ctx.t("Over"))[:shown]
        rows = tuple(_row(ctx, each, ctx.amount(each.lacks, each.budget.unit))[:shown] for each in part.rows)
        blocks.append(Table(part.captioned(ctx, ctx.t("Over the limit")), columns, rows, "llrrr"[:shown]))
    if ahead:
        columns = ctx.t("Whose"), ctx.t("Budget"), ctx.t("Used"), ctx.t("Limit"), ctx.t("Likely over by")
        rows = tuple(_row(ctx, each, ctx.estimate(each.lacks, each.budget.unit)) for each in ahead)
        blocks.append(Table(ctx.t("Likely over when the period ends"), columns, rows, "llrrr"))
    if not found and not ahead:
        blocks.append(Text(ctx.t("Every budget that you can see is within its limit.")))
    buttons = [_look_at(ctx, each) for each in [*part.rows, *ahead][:1]]
    tone: Tone = "bad" if found else "warn" if ahead else "good"
    return Card(_title(ctx, found, ahead), (*blocks, as_of(ctx), *part.buttons(ctx, "overspent"), *buttons), tone)


def _title(ctx: Context, found: Sequence[_Over], ahead: Sequence[_Over]) -> str:
    if len(found) == 1:
        return ctx.t("{name} is over the limit", name=ctx.called(found[0].account))
    if found:
        return ctx.nt("{n} budget is over its limit", "{n} budgets are over their limits", len(found))
    if ahead:
        return ctx.nt("{n} budget will likely be over", "{n} budgets will likely be over", len(ahead))
    return ctx.t("No budget is over its limit")


def _row(ctx: Context, each: _Over, lacks: str) -> tuple[str, ...]:
    unit = each.budget.unit
    label = ctx.t("{budget}, {period}", budget=each.budget.name, period=ctx.t(THIS[each.budget.every]))
    return ctx.called(each.account), label, ctx.amount(each.spent, unit), ctx.amount(each.limit, unit), lacks


def _look_at(ctx: Context, each: _Over) -> Button:
    says = f"why of {each.account.id.replace('/', ' ')}"
    return Button(ctx.t("Why {name}?", name=ctx.called(each.account)), says)


def _found(ctx: Context) -> Iterator[_Over]:
    """Every limit that is used up, of those that whoever asks may see."""
    for budget in ctx.policy.budgets:
        if budget.limit == "watch":
            continue
        passed = [each for each in used_up(ctx, budget, current(ctx, budget)) if each.spent > each.limit]
        ctx.look_up({each.account_id for each in passed})
        for each in passed:
            account = ctx.account(each.account_id)
            if account and account.active and may_see(ctx, account.id) and still_binds(ctx, budget, account):
                yield _Over(account, budget, each.limit, each.spent, each.spent - each.limit)


def _ahead(ctx: Context) -> Iterator[_Over]:
    """The teams' pools that are not used up and will be, as far as each has a course of its own."""
    pools = [each for each in ctx.policy.budgets if each.is_pool and each.limit != "watch" and each.account_id]
    seen = [each for each in pools if may_see(ctx, each.account_id)]
    for budget in seen[:AHEAD_MAX]:
        account = ctx.account(budget.account_id)
        if account is None or not account.active:
            continue
        for status in looked_at(ctx, account):
            if status.budget is budget and not status.is_share and 0 < status.spent <= status.limit:
                lacks = missing(ctx, status)
                if lacks:
                    yield _Over(account, budget, status.limit, status.spent, lacks)
