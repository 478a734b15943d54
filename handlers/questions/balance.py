"""What is left."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from handlers.access import is_for_all, may_see
from handlers.arguments import Chosen, OnModels, Whom
from handlers.budgets import BudgetStatus, used
from handlers.card import Block, Button, Card, Facts, Gauge, Table, Text, Tone
from handlers.context import Context
from handlers.language import N_, say
from handlers.money import COUNTED, percent, smallest
from handlers.periods import THIS, Every
from handlers.policy import Budget, ExceptionRule, rules_for
from handlers.provenance import as_of, is_unread, spent_in_words
from handlers.questions.at_providers import AtProviders, OwnCap, at_providers, cap_row
from handlers.questions.breakdown import for_all
from handlers.questions.outlook import looked_at, pace
from handlers.questions.whose import headed, said_of
from storage import spend
from storage.limits import HOOKS
from storage.people import Account
from storage.tables import FOREVER

WARN_PERMILLE = 800
FULL_PERMILLE = 1000
MODELS_SHOWN_MAX = 3


def balance(ctx: Context, whom: Whom = None, on: OnModels = None) -> Card:
    """What is left of your budget, and which limit decides.

    Without a name it is yours. You can also name a team or an agent that you own: “balance of team search”. With a
    model it is what is left for that model: “balance on opus”.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        return Card(
            ctx.t("You don't have an account yet. Ask an admin to add you to the people of Bursar."), tone="warn"
        )
    ctx.ask_about(account.id)
    found = looked_at(ctx, account)
    there = at_providers(ctx, account, found)
    stopped = [*_paused(ctx, account, there), *(Text(words) for words in there.refused)]
    if on:
        found = _for_models(ctx, found, on)
        if not found:
            title = headed(ctx, account, ctx.t("No limit counts {models}", models=on.said))
            where = Button(ctx.t("Where did it go?"), f"spend{said_of(ctx, account)} on {on.said}")
            return Card(title, (*stopped, as_of(ctx), where), "bad" if stopped else "plain", stale=there.stale)
    if not found:
        card = _without_budget(ctx, account)
        caps = (_others(ctx, [], there.caps),) if there.caps else ()
        tone = "bad" if stopped else card.tone
        return replace(card, blocks=(*stopped, *caps, *card.blocks), tone=tone, stale=there.stale)
    deciding = found[0]
    ahead = pace(ctx, deciding) if may_see(ctx, deciding.account_id) else []
    blocks: list[Block] = [
        *stopped,
        gauge(ctx, deciding),
        Facts(
            (*_on_models(ctx, deciding, on), *reserved(ctx, deciding), *_resets(ctx, deciding), *ahead, *there.facts)
        ),
    ]
    if deciding.since and deciding.permille >= WARN_PERMILLE:
        blocks.append(Text(_set_later(ctx, deciding.since, deciding.period.first)))
    if len(found) > 1 or there.caps:
        blocks.append(_others(ctx, found, there.caps))
    blocks += [as_of(ctx, first=min(each.period.first for each in found)), *_buttons(ctx, account)]
    personal = not is_for_all(ctx, account.id)
    tone = "bad" if stopped else tone_of(deciding)
    title = title_of(ctx, account, deciding)
    title = ctx.t("{title}, for {models}", title=title, models=on.said) if on else title
    return Card(title, tuple(blocks), tone, personal, stale=there.stale)


def _for_models(ctx: Context, found: Sequence[BudgetStatus], on: Chosen) -> list[BudgetStatus]:
    """The budgets that count some models: one that is used up decides, else the one with least left."""
    counting = [
        each for each in found if on.provider or any(ctx.policy.covers(each.budget, model) for model in on.models)
    ]
    return sorted(counting, key=lambda each: (each.unreserved > 0, each.budget.unit in COUNTED, each.unreserved))


def _on_models(ctx: Context, deciding: BudgetStatus, on: Chosen | None) -> list[tuple[str, str]]:
    """Which models are asked about, and what of a budget went to them, where that is known and the asker's to see."""
    if on is None:
        return []
    names = sorted(on.models)
    facts = [(ctx.t("Models"), ctx.listed(names) if 0 < len(names) <= MODELS_SHOWN_MAX else on.said)]
    if deciding.daily is None or on.provider or for_all(ctx):
        return facts
    period = deciding.period
    spent = [each for day, each in deciding.daily if period.first <= day < period.end and each.name in on.models]
    amount = ctx.amount(used(ctx.policy, deciding.budget, spent), deciding.budget.unit)
    return [*facts, (ctx.t("Used by them"), amount)]


def _paused(ctx: Context, account: Account, there: AtProviders) -> list[Block]:
    """That somebody paused the account at a provider: whatever is left, requests are refused there."""
    text = N_("Paused at {service}. Requests there are refused until somebody resumes {name}.")
    vendors = {each.name: each.service for each in ctx.policy.vendors}
    vendors[HOOKS] = ctx.t("programs that ask Bursar first")
    return [Text(ctx.t(text, service=vendors.get(each, each), name=ctx.called(account))) for each in there.paused]


def tone_of(status: BudgetStatus) -> Tone:
    """How worrying a status is."""
    if status.permille >= FULL_PERMILLE:
        return "bad"
    return "warn" if status.permille >= WARN_PERMILLE or status.unpriced else "good"


def gauge(ctx: Context, status: BudgetStatus) -> Gauge:
    """How much of a budget is used, as a bar and in words."""
    unit = status.budget.unit
    caption = ctx.t(
        "{used} of {limit} used ({percent} %)",
        used=ctx.amount(status.spent, unit),
        limit=ctx.amount(status.limit, unit),
        percent=percent(status.spent, status.limit),
    )
    if status.unpriced:
        tokens = ctx.amount(status.unpriced, "tokens")
        caption = ctx.t("{used}. {tokens} have no known price and are not counted.", used=caption, tokens=tokens)
    return Gauge(label_of(ctx, status), max(0, status.permille), caption, tone_of(status))


def label_of(ctx: Context, status: BudgetStatus) -> str:
    """What a status is about, such as "Own budget, this month" or "Search pool for flagship models, this week"."""
    budget, models, own = status.budget, status.budget.models, _own_name(ctx, status.budget)
    is_own = not status.is_share and status.account_id.startswith(("person/", "agent/"))
    if status.is_share and status.account_id != budget.account_id:
        text = N_("Share of the {name} pool") if models == "all" else N_("Share of the {name} pool for {models} models")
    elif status.is_share:
        text = N_("Rest of the {name} pool") if models == "all" else N_("Rest of the {name} pool for {models} models")
    elif is_own and own:
        text = N_("Own budget ({own})") if models == "all" else N_("Own budget ({own}) for {models} models")
    elif is_own:
        text = N_("Own budget") if models == "all" else N_("Own budget for {models} models")
    else:
        text = N_("{name} pool") if models == "all" else N_("{name} pool for {models} models")
    return _label(ctx.language, text, "" if is_own else status.name, own, models, budget.every, is_pool=budget.is_pool)


@lru_cache(maxsize=4096)  # everybody has a few of the same labels, and there are as many more as pools
def _label(language: str, text: str, name: str, own: str, models: str, every: Every, *, is_pool: bool) -> str:
    name = say(language, "{name} ({own})", name=name, own=own) if own and is_pool else name
    said = say(language, text, name=name, models=say(language, models), own=own)
    return say(language, "{budget}, {period}", budget=said, period=say(language, THIS[every]))


def _own_name(ctx: Context, budget: Budget) -> str:
    """The name of a budget if another one could be taken for it, else ""."""
    return "" if ctx.policy.names_by_look.get(budget.look, frozenset()) <= {budget.name} else budget.name


def _rule(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """For whom the rule is, where several have its name and it is the one that counts."""
    budget = status.budget
    if isinstance(budget, ExceptionRule):
        return _exception(ctx, status, budget)
    if len(ctx.policy.rules_named(budget.name)) == 1:
        return []
    if budget.group:
        whom = ctx.t("the group {group}", group=budget.group)
    elif budget.role:
        whom = ctx.t("the role {role}", role=budget.role)
    elif budget.team_id:
        names = {each.id: each.name for each in ctx.line(status.account_id)}
        whom = ctx.t("everyone in {team}", team=names.get(budget.team_id, budget.team_id))
    elif budget.account_id:
        whom = ctx.t("{name} only", name=status.name)
    else:
        whom = ctx.t("everyone")
    return [(ctx.t("For"), whom)]


def _exception(ctx: Context, status: BudgetStatus, rule: ExceptionRule) -> list[tuple[str, str]]:
    """By which request somebody has another limit and until when, and what app.yaml says beside it."""
    said: dict[str, object] = {"number": rule.number, "day": ctx.last_day(rule.until)}
    text = N_("request #{number}, permanent") if rule.until == FOREVER else N_("request #{number}, until {day}")
    line = ctx.line(status.account_id)
    person = ctx.somebody(line[0].person_id) if line and line[0].person_id else None
    base = rules_for(ctx.policy.budgets, line[0], person, [each.id for each in line]) if line else []
    says = [ctx.amount(each.allotment, each.unit) for each in base if each.name == rule.name]
    return [
        (ctx.t("Exception"), ctx.t(text, **said)),
        (ctx.t("In app.yaml"), says[0] if says else ctx.t("no limit for them")),
    ]


def title_of(ctx: Context, account: Account, status: BudgetStatus) -> str:
    """What is left, or what is over."""
    unit, limit = status.budget.unit, ctx.amount(status.limit, status.budget.unit)
    if is_unread(ctx):
        return headed(ctx, account, ctx.t("{limit} limit; no usage has been read yet", limit=limit))
    least = smallest(unit)
    free = status.remaining
    tiny = 0 < abs(free) * 2 <= least
    amount = ctx.amount(least if tiny else abs(free), unit)
    if status.left > 0 >= free:
        said = ctx.t("All that is left of {limit} is reserved", limit=limit)
    elif tiny and status.left > 0:
        said = ctx.t("Less than {amount} left of {limit}", amount=amount, limit=limit)
    elif tiny:
        said = ctx.t("Less than {amount} over the limit of {limit}", amount=amount, limit=limit)
    elif status.left < 0:
        said = ctx.t("{amount} over the limit of {limit}", amount=amount, limit=limit)
    else:
        said = ctx.t("{left} left of {limit}", left=amount, limit=limit)
    return headed(ctx, account, said)


def reserved(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """What of a budget is reserved for jobs and has not arrived as charges; for who may see whose."""
    if not status.held or not may_see(ctx, status.account_id):
        return []
    amount = ctx.amount(status.held, status.budget.unit)
    return [
        (ctx.t("Reserved"), ctx.nt("{amount} for {n} job", "{amount} for {n} jobs", len(status.holds), amount=amount))
    ]


def facts(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """When a budget resets, what it got or gave since, and where it will end."""
    return [*reserved(ctx, status), *_resets(ctx, status), *pace(ctx, status)]


def _resets(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    period, unit = status.period, status.budget.unit
    days = period.left(ctx.today)
    when = ctx.nt("{day} (in {n} day)", "{day} (in {n} days)", days, day=ctx.day(period.end))
    found = [(ctx.t("Resets on"), when), *_rule(ctx, status)]
    if status.moved > 0 and not status.is_share:
        found.append((ctx.t("Extra budget"), ctx.amount(status.moved, unit)))
    elif status.moved < 0:
        found.append((ctx.t("Reduced by"), ctx.amount(-status.moved, unit)))
    return found


def _set_later(ctx: Context, since: date, first: date) -> str:
    return ctx.t(
        "This limit was set on {day}. It counts everything spent since {first}.",
        day=ctx.day(since),
        first=ctx.day(first),
    )


def _others(ctx: Context, found: list[BudgetStatus], caps: Sequence[OwnCap]) -> Table:
    """All limits that bind: budgets, and what a provider caps by itself, such as a single key."""
    rows = tuple(
        (
            label_of(ctx, each),
            ctx.amount(each.remaining, each.budget.unit),
            ctx.amount(each.limit, each.budget.unit),
        )
        for each in found
    )
    columns = (ctx.t("Budget"), ctx.t("Left"), ctx.t("Limit"))
    caption = ctx.t("All limits that apply; the first one decides") if found else ctx.t("Limits at the providers")
    return Table(caption, columns, (*rows, *(cap_row(ctx, each) for each in caps)), "lrr")


def _without_budget(ctx: Context, account: Account) -> Card:
    month = ctx.period(ctx.today, "month")
    sums = spend.spent_by(ctx.conn, account.id, month.first, month.end, "model")
    outside = sum(each.tokens_unpriced for each in sums)
    if account.kind == "organization":
        why = ctx.t("No organization-wide budget is set.")
    else:
        why = ctx.t("No budget is set for {name}.", name=account.name)
    return Card(
        spent_in_words(ctx, sum(each.cost_nanos for each in sums), outside, ctx.t(THIS["month"])),
        (Text(why), as_of(ctx, outside, month.first), *_buttons(ctx, account)[:1]),
    )


def _buttons(ctx: Context, account: Account) -> tuple[Button, ...]:
    where = Button(ctx.t("Where did it go?"), f"spend{said_of(ctx, account)} by model")
    mine = account.id == ctx.account_id
    return (where, Button(ctx.t("Ask for more"), "request", style="primary")) if mine else (where,)
