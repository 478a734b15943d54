"""What is left."""

from datetime import timedelta

from handlers.access import is_for_all
from handlers.arguments import Whom
from handlers.budgets import BudgetStatus, statuses
from handlers.card import Block, Button, Card, Facts, Gauge, Table, Text, Tone
from handlers.context import Context
from handlers.money import percent
from handlers.periods import period_of
from handlers.provenance import as_of
from storage import spend
from storage.people import Account

WARN_PERMILLE = 800
FULL_PERMILLE = 1000
PACE_DAYS_MIN = 3


def balance(ctx: Context, whom: Whom = None) -> Card:
    """What is left of your budget, and which limit decides.

    Say it alone for yourself, or of a team or an agent that you own: `balance of team search`.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        return Card("You have no account yet. Ask an admin to add you to the people of Bursar.", tone="warn")
    found = statuses(ctx, account)
    if not found:
        return _without_budget(ctx, account)
    deciding = found[0]
    blocks: list[Block] = [gauge(ctx, deciding), Facts(tuple(facts(ctx, deciding)))]
    if deciding.since and deciding.permille >= WARN_PERMILLE:
        set_on, counts_from = ctx.day(deciding.since), ctx.day(deciding.period.first)
        blocks.append(Text(f"This limit was set on {set_on}; it counts all that was spent since {counts_from}."))
    if len(found) > 1:
        blocks.append(_others(ctx, found))
    blocks += [as_of(ctx), *_buttons(ctx, account)]
    personal = not is_for_all(ctx, account.id)
    return Card(title_of(ctx, account, deciding), tuple(blocks), tone_of(deciding), personal)


def tone_of(status: BudgetStatus) -> Tone:
    """How worrying a status is."""
    if status.permille >= FULL_PERMILLE:
        return "bad"
    return "warn" if status.permille >= WARN_PERMILLE else "good"


def gauge(ctx: Context, status: BudgetStatus) -> Gauge:
    """How much of a budget is used, as a bar and in words."""
    unit = status.budget.unit
    used, limit = ctx.amount(status.spent, unit), ctx.amount(status.limit, unit)
    share = percent(status.spent, status.limit)
    return Gauge(
        label=label_of(status),
        permille=max(0, status.permille),
        caption=f"{used} of {limit} used ({share} %)",
        tone=tone_of(status),
    )


def label_of(status: BudgetStatus) -> str:
    """What a status is about, such as "Own budget, this month" or "Search pool, flagship models, this week"."""
    budget = status.budget
    own = status.account_id.startswith(("person/", "agent/")) and not status.is_share
    share = "share of the " if status.account_id != budget.account_id else "rest of the "
    parts = [] if own else [f"{share if status.is_share else ''}{status.name} pool"]
    parts += [f"{budget.models} models"] if budget.models != "all" else []
    label = ", ".join([*(parts or ["own budget"]), f"this {budget.every}"])
    return label[0].upper() + label[1:]


def title_of(ctx: Context, account: Account, status: BudgetStatus) -> str:
    """What is left, or what is over."""
    unit = status.budget.unit
    limit = ctx.amount(status.limit, unit)
    whose = "" if account.id == ctx.account_id else f"{account.name}: "
    if status.left < 0:
        return f"{whose}{ctx.amount(-status.left, unit)} over the limit of {limit}"
    return f"{whose}{ctx.amount(status.left, unit)} left of {limit}"


def facts(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """When a budget starts anew, what was given on top, and where the pace leads."""
    period, unit = status.period, status.budget.unit
    days = period.left(ctx.today)
    found = [("Starts anew", f"{ctx.day(period.end)} ({days} {'day' if days == 1 else 'days'})")]
    if status.moved:
        found.append(("Given on top", ctx.amount(status.moved, unit)))
    return found + pace(ctx, status)


def pace(ctx: Context, status: BudgetStatus) -> list[tuple[str, str]]:
    """Where a period ends if it goes on like this; nothing while it is too young to say."""
    period, unit = status.period, status.budget.unit
    gone = period.days - period.left(ctx.today) + 1
    if gone < PACE_DAYS_MIN or status.spent <= 0:
        return []
    last = ctx.day(period.end - timedelta(days=1))
    return [("At this pace", f"{ctx.estimate(status.spent * period.days // gone, unit)} by {last}")]


def _others(ctx: Context, found: list[BudgetStatus]) -> Table:
    rows = tuple(
        (
            label_of(each),
            ctx.amount(each.left, each.budget.unit),
            ctx.amount(each.limit, each.budget.unit),
        )
        for each in found
    )
    return Table("All limits that bind here; the first one decides", ("Limit", "Left", "Of"), rows, "lrr")


def _without_budget(ctx: Context, account: Account) -> Card:
    month = period_of(ctx.today, "month")
    spent = sum(each.cost_nanos for each in spend.spent_by(ctx.conn, account.id, month.first, month.end, "model"))
    amount = ctx.amount(spent, ctx.policy.organization.currency)
    return Card(
        f"{amount} spent this month",
        (Text(f"No budget in app.yaml binds {account.name}."), as_of(ctx), *_buttons(ctx, account)[:1]),
    )


def _buttons(ctx: Context, account: Account) -> tuple[Button, ...]:
    mine = account.id == ctx.account_id
    of = "" if mine else f" of {account.id.replace('/', ' ')}"
    where = Button("Where did it go?", f"spend{of} by model")
    return (where, Button("Ask for more", "request", style="primary")) if mine else (where,)
