"""Where it went."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from handlers.access import is_for_all
from handlers.arguments import OneOf, When, Whom
from handlers.card import Block, Button, Card, Chart, Series, Table, Text
from handlers.context import Context
from handlers.days import Span
from handlers.language import N_
from handlers.money import NANOS, percent, symbol_of
from handlers.periods import Every, period_of
from handlers.provenance import as_of, begun_later, known_cost, not_priced, spent_in_words
from handlers.questions.whose import asked_about, headed, said_of
from storage import comparisons, people
from storage.people import Account
from storage.spend import Spent, spent_by, spent_by_account, spent_by_day_and, spent_by_day_and_account, spent_by_key

ROWS_MAX = 20
SERIES_MAX = 5
POINTS_MAX = 31

By = Annotated[str, OneOf("by", ("model", "day", "provider", "team", "person", "agent", "key"))]

HEADS = {
    "model": N_("Model"),
    "day": N_("Day"),
    "provider": N_("Provider"),
    "team": N_("Team"),
    "person": N_("Person"),
    "agent": N_("Agent"),
    "key": N_("Key"),
}
WAYS = {
    "model": N_("By model"),
    "day": N_("By day"),
    "provider": N_("By provider"),
    "team": N_("By team"),
    "person": N_("By person"),
    "agent": N_("By agent"),
    "key": N_("By key"),
}
DRAWN = {
    ("day", "model"): N_("Cost per day by model"),
    ("day", "provider"): N_("Cost per day by provider"),
    ("day", "team"): N_("Cost per day by team"),
    ("day", "agent"): N_("Cost per day by agent"),
    ("day", ""): N_("Cost per day"),
    ("week", "model"): N_("Cost per week by model"),
    ("week", "provider"): N_("Cost per week by provider"),
    ("week", "team"): N_("Cost per week by team"),
    ("week", "agent"): N_("Cost per week by agent"),
    ("week", ""): N_("Cost per week"),
    ("month", "model"): N_("Cost per month by model"),
    ("month", "provider"): N_("Cost per month by provider"),
    ("month", "team"): N_("Cost per month by team"),
    ("month", "agent"): N_("Cost per month by agent"),
    ("month", ""): N_("Cost per month"),
    ("year", "model"): N_("Cost per year by model"),
    ("year", "provider"): N_("Cost per year by provider"),
    ("year", "team"): N_("Cost per year by team"),
    ("year", "agent"): N_("Cost per year by agent"),
    ("year", ""): N_("Cost per year"),
}
"""A chart's title by the length of its steps and by what its colours are."""

MOST = {
    "day": N_("{amount} from {first} to {last}. The most expensive day was {peak} with {most}."),
    "week": N_("{amount} from {first} to {last}. The most expensive week began on {peak}, with {most}."),
    "month": N_("{amount} from {first} to {last}. The most expensive month began on {peak}, with {most}."),
    "year": N_("{amount} from {first} to {last}. The most expensive year began on {peak}, with {most}."),
}
STEPS: tuple[Every, ...] = ("day", "week", "month", "year")

Cells = dict[tuple[date, str], int]


def spend(ctx: Context, whom: Whom = None, by: By = "model", period: When = None) -> Card:
    """Where the money went: by model, day, provider, team, person, agent or key.

    Say whose and when, in any order: `spend of team search by day last week`, `spend by key october`,
    `spend 2026-10-01..2026-10-15`. Without words it is yours, by model, this month.
    """
    account = asked_about(ctx, whom, "spend of team search")
    month = period_of(ctx.today, "month")
    span = period or Span(month.first, month.end, ctx.t("this month"))
    rows = _rows(ctx, account, by, span)
    total = sum(each.cost_nanos for each in rows)
    outside = sum(each.tokens_unpriced for each in rows)
    title = headed(ctx, account, spent_in_words(ctx, total, outside, span.label))
    blocks: list[Block] = []
    if not rows:
        blocks.append(Text(ctx.t("No usage was reported for these days.")))
    else:
        chart = _chart(ctx, account, by, span)
        blocks += [_table(ctx, by, rows, total), *([chart] if chart else [])]
    blocks += [*not_priced(ctx, outside), *begun_later(ctx, span.first), as_of(ctx)]
    personal = by in ("person", "agent", "key") or not all(is_for_all(ctx, each) for each in _groups(ctx, account, by))
    return Card(title, (*blocks, *_buttons(ctx, account, by)), personal=personal)


def _groups(ctx: Context, account: Account, by: str) -> list[str]:
    """The groups whose totals an answer shows."""
    teams = people.descendants(ctx.conn, account.id) if by == "team" else []
    return [account.id, *(each.id for each in teams if each.kind == "team")]


def _rows(ctx: Context, account: Account, by: str, span: Span) -> list[Spent]:
    """The sums, the most expensive first; days stay in their order."""
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
    inside = _inside(ctx, account, kind)
    found = spent_by_account(ctx.conn, account.id, sorted(inside), span.first, span.end)
    named = [
        Spent(inside[each.name], each.cost_nanos, each.tokens, each.tokens_unpriced, each.requests) for each in found
    ]
    whole = spent_by(ctx.conn, account.id, span.first, span.end, "provider")
    rest = Spent(
        ctx.t("others"),
        sum(each.cost_nanos for each in whole) - sum(each.cost_nanos for each in named),
        sum(each.tokens for each in whole) - sum(each.tokens for each in named),
        sum(each.tokens_unpriced for each in whole) - sum(each.tokens_unpriced for each in named),
        sum(each.requests for each in whole) - sum(each.requests for each in named),
    )
    return [*named, rest] if rest.cost_nanos or rest.tokens else named


def _inside(ctx: Context, account: Account, kind: str) -> dict[str, str]:
    """The accounts of a kind below, with their names: of teams those that have no team below."""
    inside = {each.id: each.name for each in people.descendants(ctx.conn, account.id) if each.kind == kind}
    if kind == "team":
        inside = {each: name for each, name in inside.items() if _is_leaf(ctx, each) and each != account.id}
    return inside


def _is_leaf(ctx: Context, account_id: str) -> bool:
    below = people.descendants(ctx.conn, account_id)
    return not any(each.kind == "team" and each.id != account_id for each in below)


def _table(ctx: Context, by: str, rows: list[Spent], total: int) -> Table:
    lines = [
        (
            _name(ctx, by, each.name),
            known_cost(ctx, each.cost_nanos, each.tokens_unpriced),
            "" if each.tokens_unpriced > 0 and not each.cost_nanos else f"{percent(each.cost_nanos, total)} %",
            _tokens(ctx, each.tokens),
        )
        for each in rows[:ROWS_MAX]
    ]
    rest = rows[ROWS_MAX:]
    if rest:
        cost = sum(each.cost_nanos for each in rest)
        more = ctx.nt("{n} more", "{n} more", len(rest))
        tokens = _tokens(ctx, sum(each.tokens for each in rest))
        known = known_cost(ctx, cost, sum(each.tokens_unpriced for each in rest))
        lines.append((more, known, f"{percent(cost, total)} %", tokens))
    columns = (ctx.t(HEADS[by]), ctx.t("Cost"), ctx.t("Share"), ctx.t("Tokens"))
    return Table(ctx.t(WAYS[by]), columns, tuple(lines), "lrrr")


def _tokens(ctx: Context, tokens: int) -> str:
    """A number of tokens under a column's head that says so."""
    return ctx.amount(tokens, "tokens").removesuffix("tokens").rstrip()


def _name(ctx: Context, by: str, name: str) -> str:
    if by == "day":
        return ctx.day(date.fromisoformat(name))
    if by == "key":
        return f"…{name[-8:]}" if name else ctx.t("no key")
    return name or ctx.t("no name")


def _chart(ctx: Context, account: Account, by: str, span: Span) -> Chart | None:
    """Cost over all days of the sum, stacked by what was asked for; people and keys are not told apart."""
    end = min(span.end, ctx.today + timedelta(days=1))
    first = max(span.first, comparisons.begun(ctx.conn) or end)
    if (end - first).days < 2:  # noqa: PLR2004 - one day is no course
        return None
    last = end - timedelta(days=1)
    step = next((each for each in STEPS if len(_starts(first, last, each)) <= POINTS_MAX), STEPS[-1])
    starts = _starts(first, last, step)[-POINTS_MAX:]
    colours = {"day": "model", "person": "", "key": ""}.get(by, by)
    cells: Cells = {}
    for (day, name), cost in _cells(ctx, account, colours, max(first, starts[0]), end).items():
        cell = (period_of(day, step).first, name)
        cells[cell] = cells.get(cell, 0) + cost
    if not any(cells.values()):
        return None
    series = _series(ctx, cells, starts)
    unit = ctx.policy.organization.currency
    sums = {start: sum(cost for (when, _), cost in cells.items() if when == start) for start in starts}
    peak = max(starts, key=lambda start: sums[start])
    alt = ctx.t(
        MOST[step],
        amount=ctx.amount(sum(sums.values()), unit),
        first=ctx.day(max(first, starts[0])),
        last=ctx.day(last),
        peak=ctx.day(peak),
        most=ctx.amount(sums[peak], unit),
    )
    labels = _labels(ctx, starts, step)
    title = ctx.t(DRAWN[step, colours])
    return Chart(title, "stack", labels, series, symbol_of(unit, ctx.locale), alt, locale=ctx.locale)


def _starts(first: date, last: date, step: Every) -> list[date]:
    """The first days of the steps from one day to another."""
    period = period_of(last, step)
    starts = [period.first]
    while period.first > first and len(starts) <= POINTS_MAX:
        period = period_of(period.first - timedelta(days=1), step)
        starts.append(period.first)
    return starts[::-1]


def _labels(ctx: Context, starts: list[date], step: Every) -> tuple[str, ...]:
    if step == "year":
        return tuple(str(start.year) for start in starts)
    if step == "month":
        return tuple(f"{start:%Y-%m}" for start in starts)
    one_month = len({start.month for start in starts}) == 1
    return tuple(str(start.day) if one_month else ctx.short_day(start) for start in starts)


def _series(ctx: Context, cells: Cells, starts: list[date]) -> tuple[Series, ...]:
    """The most expensive ones, and the others together."""
    totals: dict[str, int] = {}
    for (_, name), cost in cells.items():
        totals[name] = totals.get(name, 0) + cost
    names = sorted(totals, key=lambda name: -totals[name])
    shown, others = names[:SERIES_MAX], names[SERIES_MAX:]
    series = [
        Series(name or ctx.t("no name"), tuple(cells.get((start, name), 0) / NANOS for start in starts))
        for name in shown
    ]
    if others:
        sums = (sum(cells.get((start, name), 0) for name in others) for start in starts)
        series.append(Series(ctx.t("others"), tuple(each / NANOS for each in sums)))
    return tuple(series)


def _cells(ctx: Context, account: Account, by: str, first: date, end: date) -> Cells:
    """What each day cost: by model or provider, by the teams or agents below, or all together under one name."""
    if by in ("model", "provider"):
        found = spent_by_day_and(ctx.conn, account.id, first, end, by)
        return {(day, each.name): each.cost_nanos for day, each in found}
    whole = {date.fromisoformat(each.name): each for each in spent_by(ctx.conn, account.id, first, end, "day")}
    rest = {day: each.cost_nanos for day, each in whole.items()}
    if not by:
        return {(day, ctx.t("Cost")): cost for day, cost in rest.items()}
    inside = _inside(ctx, account, by)
    cells: Cells = {}
    for day, each in spent_by_day_and_account(ctx.conn, account.id, sorted(inside), first, end):
        cells[day, inside[each.name]] = each.cost_nanos
        rest[day] = rest.get(day, 0) - each.cost_nanos
    cells |= {(day, ctx.t("others")): cost for day, cost in rest.items() if cost}
    return cells


def _buttons(ctx: Context, account: Account, by: str) -> tuple[Button, ...]:
    of = said_of(ctx, account)
    ways = ["model", "day"] + (["person"] if account.kind in ("team", "organization") else ["key"])
    return tuple(Button(ctx.t(WAYS[way]), f"spend{of} by {way}") for way in ways if way != by)
