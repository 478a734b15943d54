"""Where it went."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from handlers.access import is_for_all
from handlers.arguments import OneOf, When, Whom
from handlers.card import Block, Button, Card, Chart, Series, Table, Text
from handlers.context import Context
from handlers.days import Span
from handlers.errors import RefusedError
from handlers.money import NANOS, percent, symbol_of
from handlers.periods import period_of
from handlers.provenance import as_of
from storage import people
from storage.people import Account
from storage.spend import Spent, spent_by, spent_by_account, spent_by_day_and_model, spent_by_key

ROWS_MAX = 20
SERIES_MAX = 5
CHART_DAYS_MAX = 31

By = Annotated[str, OneOf("by", ("model", "day", "provider", "team", "person", "agent", "key"))]


def spend(ctx: Context, whom: Whom = None, by: By = "model", period: When = None) -> Card:
    """Where the money went: by model, day, provider, team, person, agent or key.

    Say whose and when, in any order: `spend of team search by day last week`, `spend by key october`,
    `spend 2026-10-01..2026-10-15`. Without words it is yours, by model, this month.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError("You have no account of your own. Say whose figures you mean, such as: spend of team search")
    month = period_of(ctx.today, "month")
    span = period or Span(month.first, month.end, "this month")
    rows = _rows(ctx, account, by, span)
    total = sum(each.cost_nanos for each in rows)
    unit = ctx.policy.organization.currency
    whose = "You" if account.id == ctx.account_id else account.name
    title = f"{ctx.amount(total, unit)} spent {span.label}"
    if whose != "You":
        title = f"{whose}: {title}"
    blocks: list[Block] = []
    if not rows:
        blocks.append(Text("Nothing was reported for these days."))
    else:
        chart = _chart(ctx, account, span)
        blocks += [_table(ctx, by, rows, total), *([chart] if chart else [])]
    blocks.append(as_of(ctx, sum(each.tokens_unpriced for each in rows)))
    personal = by in ("person", "agent", "key") or not all(is_for_all(ctx, each) for each in _groups(ctx, account, by))
    return Card(title, (*blocks, *_buttons(ctx, account, by)), personal=personal)


def _groups(ctx: Context, account: Account, by: str) -> list[str]:
    """The groups whose totals an answer shows."""
    teams = people.descendants(ctx.conn, account.id) if by == "team" else []
    return [account.id, *(each.id for each in teams if each.kind == "team")]


def _rows(ctx: Context, account: Account, by: str, span: Span) -> list[Spent]:
    """The sums, dearest first; days stay in their order."""
    match by:
        case "model" | "day" | "provider":
            found = spent_by(ctx.conn, account.id, span.first, span.end, by)
        case "key":
            found = spent_by_key(ctx.conn, account.id, span.first, span.end)
        case _:
            found = _by_account(ctx, account, by, span)
    return found if by == "day" else sorted(found, key=_order_of(by))


def _order_of(by: str) -> Callable[[Spent], Any]:
    """People are never ranked: they stand in the order of the alphabet."""
    return (lambda each: each.name) if by == "person" else (lambda each: -each.cost_nanos)


def _by_account(ctx: Context, account: Account, kind: str, span: Span) -> list[Spent]:
    """Sums of the accounts of a kind below; what is left of the whole is a row of its own, so that sums agree."""
    inside = {each.id: each.name for each in people.descendants(ctx.conn, account.id) if each.kind == kind}
    if kind == "team":
        inside = {each: name for each, name in inside.items() if _is_leaf(ctx, each) and each != account.id}
    found = spent_by_account(ctx.conn, account.id, sorted(inside), span.first, span.end)
    named = [
        Spent(inside[each.name], each.cost_nanos, each.tokens, each.tokens_unpriced, each.requests) for each in found
    ]
    whole = spent_by(ctx.conn, account.id, span.first, span.end, "provider")
    rest = Spent(
        "others",
        sum(each.cost_nanos for each in whole) - sum(each.cost_nanos for each in named),
        sum(each.tokens for each in whole) - sum(each.tokens for each in named),
        sum(each.tokens_unpriced for each in whole) - sum(each.tokens_unpriced for each in named),
        sum(each.requests for each in whole) - sum(each.requests for each in named),
    )
    return [*named, rest] if rest.cost_nanos or rest.tokens else named


def _is_leaf(ctx: Context, account_id: str) -> bool:
    below = people.descendants(ctx.conn, account_id)
    return not any(each.kind == "team" and each.id != account_id for each in below)


def _table(ctx: Context, by: str, rows: list[Spent], total: int) -> Table:
    unit = ctx.policy.organization.currency
    shown = rows[:ROWS_MAX]
    lines = [
        (
            _name(ctx, by, each.name),
            ctx.amount(each.cost_nanos, unit),
            f"{percent(each.cost_nanos, total)} %",
            ctx.amount(each.tokens, "tokens").removesuffix(" tokens"),
        )
        for each in shown
    ]
    rest = rows[ROWS_MAX:]
    if rest:
        cost = sum(each.cost_nanos for each in rest)
        tokens = ctx.amount(sum(each.tokens for each in rest), "tokens").removesuffix(" tokens")
        lines.append((f"{len(rest)} more", ctx.amount(cost, unit), f"{percent(cost, total)} %", tokens))
    return Table(f"By {by}", (by.capitalize(), "Cost", "Share", "Tokens"), tuple(lines), "lrrr")


def _name(ctx: Context, by: str, name: str) -> str:
    if by == "day":
        return ctx.day(date.fromisoformat(name))
    if by == "key":
        return f"…{name[-8:]}" if name else "no key"
    return name or "not named"


def _chart(ctx: Context, account: Account, span: Span) -> Chart | None:
    """Cost per day, stacked by the dearest models."""
    end = min(span.end, ctx.today + timedelta(days=1))
    first = max(span.first, end - timedelta(days=CHART_DAYS_MAX))
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    cells = {
        (day, each.name): each.cost_nanos for day, each in spent_by_day_and_model(ctx.conn, account.id, first, end)
    }
    if len(days) < 2 or not any(cells.values()):  # noqa: PLR2004 - one day is no course
        return None
    totals: dict[str, int] = {}
    for (_, model), cost in cells.items():
        totals[model] = totals.get(model, 0) + cost
    models = sorted(totals, key=lambda model: -totals[model])
    series = [Series(model, tuple(cells.get((day, model), 0) / NANOS for day in days)) for model in models[:SERIES_MAX]]
    others = models[SERIES_MAX:]
    if others:
        series.append(Series("others", tuple(sum(cells.get((day, m), 0) for m in others) / NANOS for day in days)))
    unit = ctx.policy.organization.currency
    per_day = {day: sum(cost for (when, _), cost in cells.items() if when == day) for day in days}
    peak = max(days, key=lambda day: per_day[day])
    alt = (
        f"{ctx.amount(sum(per_day.values()), unit)} from {ctx.day(first)} to {ctx.day(days[-1])}; "
        f"the dearest day was {ctx.day(peak)} with {ctx.amount(per_day[peak], unit)}; "
        f"{models[0]} cost most, {ctx.amount(totals[models[0]], unit)}."
    )
    labels = tuple(f"{day.day}.{day.month}." if len({d.month for d in days}) > 1 else str(day.day) for day in days)
    return Chart(
        "Cost per day by model", "stack", labels, tuple(series), symbol_of(unit, ctx.locale), alt, locale=ctx.locale
    )


def _buttons(ctx: Context, account: Account, by: str) -> tuple[Button, ...]:
    of = "" if account.id == ctx.account_id else f" of {account.id.replace('/', ' ')}"
    ways = ["model", "day"] + (["person"] if account.kind in ("team", "organization") else ["key"])
    return tuple(Button(f"By {way}", f"spend{of} by {way}") for way in ways if way != by)
