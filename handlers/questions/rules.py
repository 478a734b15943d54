"""`budgets`: which budgets there are, whose they are, and what happens at their limit."""

from collections.abc import Mapping

from handlers.access import may_see, sees_all
from handlers.arguments import Page, Whom
from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.language import N_
from handlers.pages import part_of
from handlers.policy import Budget, ExceptionRule, rules_for
from handlers.questions.whose import said_of
from storage import people
from storage.people import Account

A_PERIOD: Mapping[str, str] = {
    "day": N_("{amount} a day"),
    "week": N_("{amount} a week"),
    "month": N_("{amount} a month"),
    "quarter": N_("{amount} a quarter"),
    "year": N_("{amount} a year"),
}
AT_LIMIT: Mapping[str, str] = {
    "hard": N_("a stop, where providers can"),
    "soft": N_("a warning"),
    "watch": N_("nothing, it only counts"),
    "shadow": N_("nothing, it is tried"),
}


def budgets_(ctx: Context, whom: Whom = None, page: Page = 1) -> Card:
    """Which budgets there are. You see those that bind you and what you own; finance sees all.

    With a name it is those that bind it: “budgets of team search”.
    """
    rules = _binding(ctx, whom) if whom else _rules(ctx)
    if not rules:
        title = (
            ctx.t("No budget is set for {name}.", name=ctx.called(whom)) if whom else ctx.t("No budget is set for you")
        )
        return Card(title, (Text(ctx.t("Finance sets budgets in app.yaml.")),), tone="warn")
    ctx.look_up({each for rule in rules for each in (rule.account_id, rule.team_id) if each})
    part = part_of(rules, page)
    columns = ctx.t("Budget"), ctx.t("For"), ctx.t("Amount"), ctx.t("Models"), ctx.t("At the limit")
    said = ctx.nt("{n} budget", "{n} budgets", len(rules))
    title = ctx.t("{name}: {news}", name=ctx.called(whom), news=said) if whom else said
    table = Table(part.captioned(ctx, ctx.t("Budgets")), columns, tuple(_row(ctx, each) for each in part.rows), "llrll")
    left = Button(ctx.t("What is left?"), "balance")
    return Card(title, (table, *part.buttons(ctx, f"budgets{said_of(ctx, whom) if whom else ''}"), left), personal=True)


def _rules(ctx: Context) -> list[Budget]:
    """All budgets for who sees all, else those that bind the asker or are of what they may see."""
    if sees_all(ctx):
        return [*ctx.policy.budgets, *ctx.policy.shadows]
    account = ctx.account(ctx.account_id)
    own = _binding(ctx, account) if account else []
    owned = {each.id for each in people.owned(ctx.conn, ctx.person.id)}
    others = [each for each in ctx.policy.budgets if each.account_id in owned and may_see(ctx, each.account_id)]
    return [*own, *(each for each in others if each not in own)]


def _binding(ctx: Context, account: Account) -> list[Budget]:
    person = ctx.somebody(account.person_id) if account.person_id else None
    return rules_for(ctx.budgets_of(account.id), account, person, [each.id for each in ctx.line(account.id)])


def _row(ctx: Context, rule: Budget) -> tuple[str, ...]:
    amount = ctx.t(A_PERIOD[rule.every], amount=ctx.amount(rule.allotment, rule.unit))
    models = ctx.t("all models") if rule.models == "all" else ctx.tier(rule.models)
    return rule.name, whom_of(ctx, rule), amount, models, ctx.t(AT_LIMIT[rule.limit])


def whom_of(ctx: Context, rule: Budget) -> str:
    """For whom a rule is, in words."""
    if isinstance(rule, ExceptionRule):
        return ctx.t("exception, request #{number}", number=rule.number)
    if rule.group:
        return ctx.t("each person in the group {group}", group=rule.group)
    if rule.role:
        return ctx.t("each person with the role {role}", role=rule.role)
    team = ctx.account(rule.team_id) if rule.team_id else None
    if rule.team_id:
        name = ctx.called(team) if team else rule.team_id.partition("/")[2]
        text = N_("each agent in {team}") if rule.kind == "agent" else N_("each person in {team}")
        return ctx.t(text, team=name)
    if rule.kind:
        return ctx.t("each agent") if rule.kind == "agent" else ctx.t("each person")
    account = ctx.account(rule.account_id)
    return ctx.called(account) if account else rule.account_id.partition("/")[2]
