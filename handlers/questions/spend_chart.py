"""The picture of where it went: the course over all days of a sum, and what it is made of."""

from datetime import date, timedelta

from handlers.card import Chart, Series
from handlers.context import Context
from handlers.language import N_
from handlers.money import scale_of, symbol_of
from handlers.periods import Every, Period, period_of
from handlers.questions.breakdown import TIMES, few_behind, inside
from handlers.questions.why import NAMES
from handlers.spans import Span
from storage import comparisons
from storage.charges import TOKENS
from storage.people import Account
from storage.spend import spent_by, spent_by_account, spent_by_day_and, spent_by_day_and_account, tokens_by_day

SERIES_MAX = 5
POINTS_MAX = 31

DRAWN = {
    ("day", "model"): N_("Cost per day by model"),
    ("day", "provider"): N_("Cost per day by provider"),
    ("day", "team"): N_("Cost per day by team"),
    ("day", "agent"): N_("Cost per day by agent"),
    ("day", "tier"): N_("Cost per day by tier"),
    ("day", "tokens"): N_("Tokens per day by kind"),
    ("day", ""): N_("Cost per day"),
    ("week", "model"): N_("Cost per week by model"),
    ("week", "provider"): N_("Cost per week by provider"),
    ("week", "team"): N_("Cost per week by team"),
    ("week", "agent"): N_("Cost per week by agent"),
    ("week", "tier"): N_("Cost per week by tier"),
    ("week", "tokens"): N_("Tokens per week by kind"),
    ("week", ""): N_("Cost per week"),
    ("month", "model"): N_("Cost per month by model"),
    ("month", "provider"): N_("Cost per month by provider"),
    ("month", "team"): N_("Cost per month by team"),
    ("month", "agent"): N_("Cost per month by agent"),
    ("month", "tier"): N_("Cost per month by tier"),
    ("month", "tokens"): N_("Tokens per month by kind"),
    ("month", ""): N_("Cost per month"),
    ("year", "model"): N_("Cost per year by model"),
    ("year", "provider"): N_("Cost per year by provider"),
    ("year", "team"): N_("Cost per year by team"),
    ("year", "agent"): N_("Cost per year by agent"),
    ("year", "tier"): N_("Cost per year by tier"),
    ("year", "tokens"): N_("Tokens per year by kind"),
    ("year", ""): N_("Cost per year"),
}
"""A chart's title by the length of its steps and by what its colours are."""

MOST = {
    "day": N_("{amount} from {first} to {last}. The most expensive day was {peak} with {most}."),
    "week": N_("{amount} from {first} to {last}. The most expensive week began on {peak}, with {most}."),
    "month": N_("{amount} from {first} to {last}. The most expensive month was {peak} with {most}."),
    "year": N_("{amount} from {first} to {last}. The most expensive year was {peak} with {most}."),
}
MOST_TOKENS = {
    "day": N_("{amount} from {first} to {last}. Most were used on {peak}: {most}."),
    "week": N_("{amount} from {first} to {last}. Most were used in the week from {peak}: {most}."),
    "month": N_("{amount} from {first} to {last}. Most were used in {peak}: {most}."),
    "year": N_("{amount} from {first} to {last}. Most were used in {peak}: {most}."),
}
STEPS: tuple[Every, ...] = ("day", "week", "month", "year")
COLOURS = {"day": "model", "week": "model", "month": "model", "person": "", "key": ""}
"""What the colours are where it is not what was asked for: people and keys are not told apart."""

Cells = dict[tuple[date, str], int]


def chart_of(ctx: Context, account: Account, by: str, span: Span) -> Chart | None:
    """Cost over all days of the sum, stacked by what was asked for; None for a single day, or for nothing."""
    end = min(span.end, ctx.today + timedelta(days=1))
    first = max(span.first, comparisons.begun(ctx.conn) or end)
    if (end - first).days < 2:  # noqa: PLR2004 - one day is no course
        return None
    last = end - timedelta(days=1)
    steps = STEPS[STEPS.index(by) :] if by in TIMES else STEPS
    step = next((each for each in steps if len(_starts(ctx, first, last, each)) <= POINTS_MAX), STEPS[-1])
    starts = _starts(ctx, first, last, step)[-POINTS_MAX:]
    if len(starts) < 2:  # noqa: PLR2004 - nor is a single week
        return None
    colours = COLOURS.get(by, by)
    hidden = few_behind(ctx, account, colours, span)
    if ctx.only is not None:  # a colour of a day may be one person's, and so may a day
        if by == "tokens" or few_behind(ctx, account, "day", span):
            return None
        colours = ""
    cells: Cells = {}
    firsts: dict[date, date] = {}
    for (day, said), sum_ in _cells(ctx, account, colours, max(first, starts[0]), end).items():
        name = ctx.t("others") if said in hidden else said
        if day not in firsts:
            firsts[day] = _period(ctx, day, step).first
        cell = (firsts[day], name)
        cells[cell] = cells.get(cell, 0) + sum_
    if not any(cells.values()):
        return None
    unit = "tokens" if by == "tokens" else ctx.policy.organization.currency
    sums = {start: sum(one for (when, _), one in cells.items() if when == start) for start in starts}
    peak = max(starts, key=lambda start: sums[start])
    alt = ctx.t(
        (MOST_TOKENS if by == "tokens" else MOST)[step],
        amount=ctx.amount(sum(sums.values()), unit),
        first=ctx.day(max(first, starts[0])),
        last=ctx.day(last),
        peak={"month": ctx.month, "year": ctx.year}.get(step, ctx.day)(peak),
        most=ctx.amount(sums[peak], unit),
    )
    series = _series(ctx, cells, starts, scale_of(unit))
    sign = ctx.t("tokens") if by == "tokens" else symbol_of(unit, ctx.locale)
    return Chart(ctx.t(DRAWN[step, colours]), "stack", _labels(ctx, starts, step), series, sign, alt, locale=ctx.locale)


def _period(ctx: Context, day: date, step: Every) -> Period:
    """A step; years are those of the calendar."""
    return period_of(day, "year") if step == "year" else ctx.period(day, step)


def _starts(ctx: Context, first: date, last: date, step: Every) -> list[date]:
    """The first days of the steps from one day to another."""
    period = _period(ctx, last, step)
    starts = [period.first]
    while period.first > first and len(starts) <= POINTS_MAX:
        period = _period(ctx, period.first - timedelta(days=1), step)
        starts.append(period.first)
    return starts[::-1]


def _labels(ctx: Context, starts: list[date], step: Every) -> tuple[str, ...]:
    if step == "year":
        return tuple(map(ctx.year, starts))
    if step == "month":
        return ctx.short_months(starts)
    one_month = len({(start.year, start.month) for start in starts}) == 1
    return tuple(str(start.day) if one_month else ctx.short_day(start) for start in starts)


def _series(ctx: Context, cells: Cells, starts: list[date], unit: int) -> tuple[Series, ...]:
    """The largest ones, and the others together."""
    totals: dict[str, int] = {}
    for (_, name), sum_ in cells.items():
        totals[name] = totals.get(name, 0) + sum_
    word = ctx.t("others")
    names = sorted(totals.keys() - {word}, key=lambda name: (-totals[name], name))
    shown, others = names[:SERIES_MAX], [*names[SERIES_MAX:], *([word] if word in totals else [])]
    series = [
        Series(name or ctx.t("no name"), tuple(cells.get((start, name), 0) / unit for start in starts))
        for name in shown
    ]
    if others:
        sums = (sum(cells.get((start, name), 0) for name in others) for start in starts)
        series.append(Series(word, tuple(each / unit for each in sums)))
    return tuple(series)


def _cells(ctx: Context, account: Account, by: str, first: date, end: date) -> Cells:
    """What each day cost: by model, tier or provider, by the teams or agents below, or all together under one name.

    Of kinds of tokens it is how many were used.
    """
    if by == "tokens":
        days = tokens_by_day(ctx.conn, account.id, first, end)
        kinds = [ctx.t(NAMES[each]) for each in TOKENS]
        return {(day, kind): n for day, each in days for kind, n in zip(kinds, each, strict=True) if n}
    if by in ("model", "provider", "tier"):
        found = spent_by_day_and(ctx.conn, account.id, first, end, "model" if by == "tier" else by)
        cells: Cells = {}
        for day, each in found:
            cell = (day, ctx.tier(ctx.policy.tier_of(each.name)) if by == "tier" else each.name)
            cells[cell] = cells.get(cell, 0) + each.cost_nanos
        return cells
    return _by_account(ctx, account, by, first, end)


def _by_account(ctx: Context, account: Account, by: str, first: date, end: date) -> Cells:
    whole = {date.fromisoformat(each.name): each for each in spent_by(ctx.conn, account.id, first, end, "day")}
    rest = {day: each.cost_nanos for day, each in whole.items()}
    if not by:
        return {(day, ctx.t("Cost")): cost for day, cost in rest.items()}
    names = inside(ctx, account, by, Span(first, end, ""))
    # Of a thousand teams the days of those are read that have a colour of their own.
    totals: dict[str, int] = {}
    sums = spent_by_account(ctx.conn, account.id, sorted(names), first, end)
    for each in sums:
        totals[names[each.name]] = totals.get(names[each.name], 0) + each.cost_nanos
    drawn = {*sorted(totals, key=lambda name: (-totals[name], name))[:SERIES_MAX]}
    ids = sorted(each.name for each in sums if names[each.name] in drawn)
    cells: Cells = {}
    for day, each in spent_by_day_and_account(ctx.conn, account.id, ids, first, end):
        cells[day, names[each.name]] = cells.get((day, names[each.name]), 0) + each.cost_nanos
        rest[day] = rest.get(day, 0) - each.cost_nanos
    cells |= {(day, ctx.t("others")): cost for day, cost in rest.items() if cost}
    return cells
