"""What people see of a danger: what it burns, what it will have cost by the morning, and what to do."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.alerts.spikes.rules import PRESSING
from handlers.budgets import statuses
from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import Context
from handlers.limits import is_pausable
from handlers.policy import next_morning
from handlers.provenance import as_of
from storage import limits, spend
from storage.people import Account
from storage.spikes import Spike

TIMES_WHOLE, TIMES_MAX = 10, 1000  # from where on tenths, and figures, say nothing more


def spike_card(ctx: Context, account: Account, one: Spike) -> Card:
    """A danger that burns, for one of those it concerns."""
    again = "Still burning: " if one.told_times else ""
    facts = [("Since", ctx.moment(one.since)), ("Above the usual so far", _money(ctx, one.excess_nanos))]
    if one.rule in PRESSING:
        morning = next_morning(ctx.now, ctx.policy.working, ZoneInfo(ctx.person.zone or ctx.policy.organization.zone))
        facts.append((f"By {ctx.moment(morning)}", f"{_money(ctx, _by(one, ctx.now, morning))}, if it goes on"))
    facts += _limit(ctx, account, one)
    facts += _model(ctx, account, one)
    blocks: list[Block] = [Text(_why(one)), Facts(tuple(facts))]
    if one.paused:
        blocks.append(Text("The house rules are having it paused."))
    elif is_paused(ctx, account):
        blocks.append(Text("It is paused already; what is reported late may still come."))
    bad = one.rule in PRESSING
    title = f"{again}{_title(ctx, account, one)}"
    return Card(title, (*blocks, *_buttons(ctx, account, one), as_of(ctx)), "bad" if bad else "warn")


def over_card(ctx: Context, account: Account, one: Spike) -> Card:
    """A danger that is over, with its total."""
    facts = (("From", ctx.moment(one.since)), ("To", ctx.moment(one.until)), *_model(ctx, account, one))
    verdict = {"expected": "It was expected.", "unexpected": "It was not expected."}.get(one.verdict, "")
    blocks: list[Block] = [Facts(facts), *([Text(verdict)] if verdict else [])]
    if not one.verdict:
        blocks += [Button("It was expected", f"expected {one.id}"), Button("It was not", f"unexpected {one.id}")]
    return Card(
        f"{account.name} is back to usual: {_money(ctx, one.excess_nanos)} above it in all", (*blocks, as_of(ctx))
    )


def is_paused(ctx: Context, account: Account) -> bool:
    """Whether somebody has had it paused, at one provider at least."""
    held = limits.of_account(ctx.conn, account.id)
    return any(limits.find_paused(ctx.conn, each.provider, each.subject) for each in held)


def pause_sentence(account: Account) -> str:
    """How an agent or a person is paused."""
    return f"pause {account.id.replace('/', ' ')}"


def _title(ctx: Context, account: Account, one: Spike) -> str:
    match one.rule:
        case "velocity":
            return f"{account.name} burns {_money(ctx, one.now_nanos)} an hour, usually {_money(ctx, one.usual_nanos)}"
        case "daily":
            return f"{account.name} burns {_money(ctx, one.now_nanos)} a day, usually {_money(ctx, one.usual_nanos)}"
        case "loop":
            return f"{account.name} may be in a loop, at {_money(ctx, one.rate_nanos * 24)} a day"
        case _:
            return f"{account.name}: {_money(ctx, one.now_nanos)} last week, usually {_money(ctx, one.usual_nanos)}"


def _why(one: Spike) -> str:
    match one.rule:
        case "velocity":
            return f"{_times(one)} its dearest usual hour."
        case "daily":
            return f"{_times(one)} a usual day, and more than any of the last eight weeks."
        case "loop":
            return "Every request is of the same size, hour after hour."
        case _:
            return f"{_times(one)} a usual week, and more than any of the last eight."


def _times(one: Spike) -> str:
    """How many times the usual: 1.8 times, 64 times; far more where next to nothing is usual."""
    if one.now_nanos >= TIMES_MAX * one.usual_nanos:
        return "Far more than"
    times = one.now_nanos / one.usual_nanos
    return f"{times:.0f} times" if times >= TIMES_WHOLE else f"{times:.1f} times"


def _by(one: Spike, now: datetime, morning: datetime) -> int:
    return one.excess_nanos + one.rate_nanos * max(0, int((morning - now).total_seconds())) // 3600


def _limit(ctx: Context, account: Account, one: Spike) -> list[tuple[str, str]]:
    """What is left of its budget, or that there is none: a forgotten cap is how this begins."""
    found = [each for each in statuses(ctx, account) if each.budget.unit == ctx.policy.organization.currency]
    if not found:
        return [("Limit", "none: no budget of app.yaml binds it")]
    left = found[0].left
    if left <= 0 or one.rate_nanos <= 0:
        return [("Limit", f"used up, {_money(ctx, -left)} over")]
    return [("Limit", f"{_money(ctx, left)} left, for {_hours(left // one.rate_nanos)}")]


def _hours(number: int) -> str:
    return "less than an hour" if number < 1 else f"about {number} {'hour' if number == 1 else 'hours'}"


def _model(ctx: Context, account: Account, one: Spike) -> list[tuple[str, str]]:
    """The model on which most of it goes."""
    first = one.since.astimezone(ctx.policy.zone).date()
    spent = spend.spent_by(ctx.conn, account.id, first, ctx.today + timedelta(days=2), "model")
    most = max(spent, key=lambda each: each.cost_nanos, default=None)
    return [("Most on", most.name)] if most and most.name else []


def _buttons(ctx: Context, account: Account, one: Spike) -> list[Block]:
    buttons: list[Block] = []
    if not one.paused and is_pausable(ctx, account) and not is_paused(ctx, account):
        confirm = f"Pause {account.name}? Nothing it asks is answered until it is let go on."
        buttons.append(Button("Pause", pause_sentence(account), style="danger", confirm=confirm))
    return [
        *buttons,
        Button("It is expected", f"expected {one.id}"),
        Button("It is not", f"unexpected {one.id}"),
        Button("Where did it go?", f"spend of {account.id.replace('/', ' ')} by day"),
    ]


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
