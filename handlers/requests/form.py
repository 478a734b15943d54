"""The form with which one asks for more, and the question before an absurd amount."""

from collections.abc import Mapping
from datetime import timedelta

from handlers.amounts import read_amount
from handlers.budgets import BudgetStatus
from handlers.card import Block, Button, Card, Input, Text
from handlers.context import Context
from handlers.money import COUNTED, AmountError, in_units, scale_of, show_count
from handlers.policy import ApprovalRule, Conditions
from handlers.questions import gauge, missing
from handlers.requests.effect import (
    enough_for,
)
from handlers.requests.routing import names_of
from handlers.requests.wording import (
    named,
    stages_in_words,
)
from storage import people
from storage.people import Account

ABSURD_TIMES = 20
"""So many times the budget is asked about before it is asked for."""
MILLION = 10**6


def is_absurd(status: BudgetStatus, units: int) -> bool:
    """Whether so much is asked that a finger may have slipped."""
    return units > ABSURD_TIMES * max(status.limit, status.budget.allotment) > 0


def is_same(ctx: Context, words: str, units: int, unit: str) -> bool:
    """Whether the amount was written a second time."""
    try:
        amount = read_amount(words, ctx.locale, ctx.policy.organization.currency) if words.strip() else None
        return amount is not None and amount.units(unit) == units
    except AmountError:
        return False


def sure(ctx: Context, status: BudgetStatus, units: int) -> tuple[Block, ...]:
    """The question before an absurd amount; it is answered by writing it again."""
    unit = status.budget.unit
    text = ctx.t(
        "{amount} is {times} times your budget of {limit}. Nothing is sent yet.",
        amount=ctx.amount(units, unit),
        times=show_count(units // max(1, status.limit, status.budget.allotment), ctx.locale),
        limit=ctx.amount(status.limit, unit),
    )
    return Text(text), Input("again", ctx.t("If you mean it, write the amount once more"), optional=True)


def form(
    ctx: Context, status: BudgetStatus, own: list[BudgetStatus], account: Account, reason: str, units: int = 0
) -> Card:
    """The form; with an amount it asks whether that is meant."""
    says = "request" if account.id == ctx.account_id else f"request for {account.id.replace('/', ' ')}"
    return Card(
        ctx.t("Ask for more"),
        (
            gauge(ctx, status),
            Input(
                "amount",
                ctx.t("How much more ({unit})?", unit=status.budget.unit),
                value=plain(units, status.budget.unit) if units else _likely(ctx, status),
                hint=ctx.t("For example: {example}", example="50"),
                form="text" if status.budget.unit in COUNTED else "number",
                least="0",
            ),
            *(sure(ctx, status, units) if units else _at_least(ctx, status)),
            *_which(ctx, status, own),
            Input("reason", ctx.t("What is it for?"), form="long", value=reason),
            Input("ticket", ctx.t("Link to the ticket"), optional=True),
            Input(
                "result",
                ctx.t("What result do you expect?"),
                optional=True,
                hint=ctx.t("For example: tests run twice as fast"),
            ),
            Input(
                "until",
                ctx.t("Until when?"),
                optional=True,
                form="date",
                hint=ctx.t("If empty: until the budget resets"),
                least=str(ctx.today),
                most=str(status.period.end - timedelta(days=1)),
            ),
            Text(_routes(ctx, status, account), quiet=True),
            Button(ctx.t("Send"), says, style="primary"),
        ),
    )


def _at_least(ctx: Context, status: BudgetStatus) -> tuple[Block, ...]:
    """What it takes to go on at all, for who is over the limit."""
    if status.usable > 0:
        return ()
    enough = ctx.amount(enough_for(status), status.budget.unit)
    return (Text(ctx.t("The budget is used up. {enough} would do to go on.", enough=enough)),)


def _which(ctx: Context, status: BudgetStatus, own: list[BudgetStatus]) -> list[Input]:
    """A choice, where there is one."""
    if len(own) == 1:
        return []
    choices = tuple((each.budget.name, gauge(ctx, each).label) for each in own)
    return [Input("budget", ctx.t("Which budget?"), form="choice", value=status.budget.name, choices=choices)]


def plain(units: int, unit: str) -> str:
    """An amount as it can be typed."""
    return f"{in_units(units, unit):f}"


def _likely(ctx: Context, status: BudgetStatus) -> str:
    """What will likely be missing, rounded up, as somebody would type it; "" if nothing will."""
    lacking = missing(ctx, status)
    if status.budget.unit in COUNTED:
        return f"{-(-lacking // MILLION)}M" if lacking else ""
    return str(-(-lacking // (10 * scale_of(status.budget.unit))) * 10) if lacking else ""


def _routes(ctx: Context, status: BudgetStatus, account: Account) -> str:
    """What will happen, before anything is sent: a sentence for each rule that may fit."""
    budget = status.budget
    teams = {each.id.removeprefix("team/") for each in ctx.line(account.id)}
    rules = [
        rule
        for rule in ctx.policy.approvals
        if rule.when.models in ("", budget.models)
        and (not rule.when.team or rule.when.team in teams)
        and (rule.when.amount_up_to is None or rule.when.amount_up_to.unit in ("", budget.unit))
    ]
    ids = {each for rule in rules for stage in rule.stages for each in named(stage.by)}
    names = names_of(people.persons(ctx.conn, ids)) if ids else {}
    return " ".join(_rule(ctx, budget.unit, rule, names) for rule in rules)


def _rule(ctx: Context, unit: str, rule: ApprovalRule, names: Mapping[str, str]) -> str:
    """A rule in a sentence: up to how much, and who decides."""
    most, share = rule.when.amount_up_to, rule.when.share_up_to
    values = {"amount": ctx.amount(most.units(unit), unit) if most else "", "percent": share}
    if rule.stages[0].by == "nobody":
        return _at_once(ctx, rule.when, values)
    values["whom"] = stages_in_words(ctx, rule.stages, names)
    if most and share:
        return ctx.t("Up to {amount} and {percent} % of the budget: decided by {whom}.", **values)
    if most:
        return ctx.t("Up to {amount}: decided by {whom}.", **values)
    if share:
        return ctx.t("Up to {percent} % of the budget: decided by {whom}.", **values)
    return ctx.t("Otherwise: decided by {whom}.", **values)


def _at_once(ctx: Context, when: Conditions, values: Mapping[str, object]) -> str:
    """The same for what nobody has to decide; the policy limits how often."""
    times = when.times_up_to or 0
    if when.amount_up_to and when.share_up_to:
        return ctx.nt(
            "Up to {amount} and {percent} % of the budget: approved at once, {n} time per period.",
            "Up to {amount} and {percent} % of the budget: approved at once, {n} times per period.",
            times,
            **values,
        )
    if when.amount_up_to:
        return ctx.nt(
            "Up to {amount}: approved at once, {n} time per period.",
            "Up to {amount}: approved at once, {n} times per period.",
            times,
            **values,
        )
    return ctx.nt(
        "Up to {percent} % of the budget: approved at once, {n} time per period.",
        "Up to {percent} % of the budget: approved at once, {n} times per period.",
        times,
        **values,
    )
