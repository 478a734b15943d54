"""`forecast`: what a period will have cost, and the day the budget runs out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from handlers.access import is_for_all
from handlers.arguments import Whom
from handlers.budgets import LOOK_BACK, SEASON, BudgetStatus
from handlers.card import Block, Button, Card, Chart, Facts, Series, Text, Tone
from handlers.context import Context
from handlers.language import N_
from handlers.money import percent, scale_of, symbol_of
from handlers.provenance import as_of
from handlers.questions.balance import label_of
from handlers.questions.free_days import free_days
from handlers.questions.known_events import Known
from handlers.questions.outlook import (
    Scope,
    days_of,
    events_of,
    gone_of,
    last_day,
    look_ahead,
    looked_at,
    scope_of,
    whole_until,
)
from handlers.questions.projection import DAY, YEAR, Forecast, coverage
from handlers.questions.whose import asked_about, headed, said_of
from storage.people import Account

POINTS_MAX = 31
TRIED_MIN = 14
"""With fewer past days it says little how often the range was right."""
HELD_OF_TEN_MIN = 6
"""Who was right less often promises nothing: the range is a rough one."""
LATELY = timedelta(days=28)
WORTH_SAYING = 50
"""One part of so many of an estimate, 2 percent, is worth a line of its own."""
QUIET_DAYS_MIN = 3
"""So many free days ahead, weekends not counted, are a season."""


DIGITS_TOLD = 2
"""So many digits of an estimate are told to viewers: of more, every single charge would show."""


def forecast(ctx: Context, whom: Whom = None) -> Card:
    """Where the period will end, how certain that is, and the day the budget runs out.

    Without a name it is yours. You can also name a team or an agent that you own: “forecast of team search”.
    """
    account = asked_about(ctx, whom, "forecast of team search")
    found = looked_at(ctx, account)
    scope = scope_of(ctx, account, found)
    days = days_of(ctx, scope)
    events, gone = events_of(ctx, scope), gone_of(ctx, scope)
    seen = look_ahead(ctx, scope, days, events=events, gone=gone)
    until = whole_until(ctx)
    past = [each for each in days if ctx.today - LOOK_BACK <= each[0] < until]
    held, tried = coverage(past) if seen.method == "weeks" else (0, 0)
    if tried >= TRIED_MIN and held * 10 < tried * HELD_OF_TEN_MIN:
        seen = replace(seen, trials=0)
    limit = scope.status.limit if scope.status else None
    outside = scope.status.unpriced if scope.status else 0
    if ctx.only is not None:
        return _for_viewers(ctx, account, scope, seen)
    blocks: list[Block] = [Facts(tuple(_facts(ctx, scope, seen)))]
    blocks += [Text(words) for words in (*_doubts(ctx, seen), *_season(ctx, scope), *_elsewhere(ctx, scope, found))]
    if seen.since:
        blocks += [Text(words) for words in _includes(ctx, scope, days, events, gone)]
    blocks += _chart(ctx, scope, seen)
    if seen.method == "weeks":
        blocks += [Text(words, quiet=True) for words in _method(ctx, seen, held, tried)]
    return Card(
        headed(ctx, account, _title(ctx, scope, seen)),
        (*blocks, as_of(ctx, outside), *_buttons(ctx, account, scope, seen)),
        _tone(seen, limit),
        personal=not is_for_all(ctx, account.id),
    )


def _for_viewers(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> Card:
    """Where a group's period will end, so roughly that a charge more changes nothing, and nothing of today."""
    middle, low, high = (ctx.estimate(_roughly(each), scope.unit) for each in (seen.p50, seen.p10, seen.p90))
    day = ctx.day(last_day(scope))
    title = ctx.t("About {amount} expected by {day}", amount=middle, day=day)
    blocks: list[Block] = []
    if seen.since:
        blocks.append(Facts(((ctx.t("Range"), ctx.t("roughly {low} to {high}", low=low, high=high)),)))
    blocks += [Text(words) for words in (*_doubts(ctx, seen), *_season(ctx, scope))]
    return Card(headed(ctx, account, title), (*blocks, as_of(ctx)), personal=not is_for_all(ctx, account.id))


def _roughly(units: int) -> int:
    """An amount with the first two of its digits."""
    return round(units, DIGITS_TOLD - len(str(abs(units))))


def _title(ctx: Context, scope: Scope, seen: Forecast) -> str:
    amount, day = ctx.estimate(seen.p50, scope.unit), ctx.day(last_day(scope))
    if scope.status is None:
        return ctx.t("{amount} expected by {day}", amount=amount, day=day)
    limit = ctx.amount(scope.status.limit, scope.unit)
    return ctx.t("{amount} expected by {day}, limit {limit}", amount=amount, day=day, limit=limit)


def _tone(seen: Forecast, limit: int | None) -> Tone:
    if limit is None:
        return "plain"
    if seen.spent >= limit:
        return "bad"
    return "warn" if seen.p90 >= limit else "good"


def _facts(ctx: Context, scope: Scope, seen: Forecast) -> Iterator[tuple[str, str]]:
    yield ctx.t("Range"), _range(ctx, scope, seen)
    spent = ctx.amount(seen.spent, scope.unit)
    if scope.status is None:
        yield ctx.t("Spent so far"), spent
        return
    yield out_on(ctx, scope, seen)
    share = percent(seen.spent, scope.status.limit)
    yield ctx.t("Spent so far"), ctx.t("{amount} ({percent} %)", amount=spent, percent=share)
    yield ctx.t("Budget"), label_of(ctx, scope.status)


def _range(ctx: Context, scope: Scope, seen: Forecast) -> str:
    low, high = (ctx.estimate(each, scope.unit) for each in (seen.p10, seen.p90))
    if not seen.since:
        return ctx.t("not known")
    if seen.is_rough:
        return ctx.t("roughly {low} to {high}", low=low, high=high)
    return ctx.t("{low} to {high} in 8 of 10 cases", low=low, high=high)


def out_on(ctx: Context, scope: Scope, seen: Forecast) -> tuple[str, str]:
    """The day the budget runs out, or on which it did, as a fact."""
    is_out = scope.status is not None and seen.spent >= scope.status.limit
    return ctx.t("Ran out on") if is_out else ctx.t("Runs out"), runs_out(ctx, scope, seen)


def runs_out(ctx: Context, scope: Scope, seen: Forecast) -> str:
    """The day the budget runs out, and how certain that is."""
    early, middle, late = (ctx.day(day) if day else "" for day in seen.runs_out)
    last = ctx.day(last_day(scope))
    if not early and seen.since is None:
        return ctx.t("not known")
    if not early and not seen.is_rough:
        return ctx.t("not by {day}, in 9 of 10 cases", day=last)
    if not early:
        return ctx.t("not by {day} at this pace", day=last)
    if not middle:
        return ctx.t("probably not by {day}; {early} at the earliest", day=last, early=early)
    if early == late:
        return early
    if not late:
        return ctx.t("{middle}; {early} at the earliest, perhaps not at all", middle=middle, early=early)
    return ctx.t("{middle}; {early} at the earliest, {late} at the latest", middle=middle, early=early, late=late)


def _doubts(ctx: Context, seen: Forecast) -> Iterator[str]:
    """What makes the forecast weak."""
    if seen.since is None:
        yield ctx.t("There is no full day of usage in the last 90 days, so this shows only what is spent so far.")
    elif seen.method == "pace":
        yield ctx.nt(
            "This is a rough estimate: there is only {n} day with usage in the last 90 days.",
            "This is a rough estimate: there are only {n} days with usage in the last 90 days.",
            seen.history_days,
        )


def _season(ctx: Context, scope: Scope) -> Iterator[str]:
    """Holidays that lie ahead, for last year's same weeks may not be known."""
    quiet = sorted(free_days(ctx.policy, ctx.today, scope.period.end))
    if len(quiet) >= QUIET_DAYS_MIN:
        yield ctx.t(
            "Holiday season ahead: {n} working days from {first} to {last} are expected to be as quiet as a weekend.",
            n=len(quiet),
            first=ctx.day(quiet[0]),
            last=ctx.day(quiet[-1]),
        )


def _includes(
    ctx: Context,
    scope: Scope,
    days: Sequence[tuple[date, int]],
    events: Sequence[Known],
    gone: Sequence[tuple[date, int]],
) -> Iterator[str]:
    """What the estimate reckons with beside what was used before, a line each."""
    every = look_ahead(ctx, scope, days, events=events, gone=gone).p50
    for each in events:
        without = [other for other in events if other is not each]
        more = every - look_ahead(ctx, scope, days, events=without, gone=gone).p50
        day, amount = ctx.day(each.since), ctx.estimate(abs(more), scope.unit)
        if each.seats:
            yield ctx.nt(
                "Includes {n} new {name} seat from {day}: {amount}.",
                "Includes {n} new {name} seats from {day}: {amount}.",
                each.seats,
                name=each.name,
                day=day,
                amount=ctx.amount(sum(amount for _, amount in each.extra), scope.unit),
            )
        elif each.since > ctx.today and more:
            text = N_("Includes the new prices of {name} from {day}: {amount} more.")
            text = text if more > 0 else N_("Includes the new prices of {name} from {day}: {amount} less.")
            yield ctx.t(text, name=each.name, day=day, amount=amount)
    if scope.status and scope.status.holds:
        held = ctx.amount(scope.status.held, scope.unit)
        jobs = len(scope.status.holds)
        yield ctx.nt(
            "Includes {amount} reserved for {n} job.", "Includes {amount} reserved for {n} jobs.", jobs, amount=held
        )
    if left := sum(amount for day, amount in gone if day >= ctx.today - LATELY):
        amount = ctx.estimate(left, scope.unit)
        yield ctx.t("Leaves out {amount} that people who have left used in the last four weeks.", amount=amount)
    last_year = [each for each in days if each[0] < scope.period.first - YEAR + SEASON]
    if last_year:
        without_it = [each for each in days if each not in last_year]
        more = every - look_ahead(ctx, scope, without_it, events=events, gone=gone).p50
        if abs(more) * WORTH_SAYING > every:
            text = N_("Includes {amount} more, as in the same weeks of last year.")
            text = text if more > 0 else N_("Includes {amount} less, as in the same weeks of last year.")
            yield ctx.t(text, amount=ctx.estimate(abs(more), scope.unit))


def _elsewhere(ctx: Context, scope: Scope, found: Sequence[BudgetStatus]) -> Iterator[str]:
    """A limit that decides now, but whose course is not the asker's to see."""
    if found and found[0] is not scope.status:
        budget, amount = label_of(ctx, found[0]), ctx.amount(abs(found[0].remaining), found[0].budget.unit)
        if found[0].left < 0:
            yield ctx.t(
                "Another limit applies first: {budget}, {amount} over the limit. Its owner can see its forecast.",
                budget=budget,
                amount=amount,
            )
        else:
            yield ctx.t(
                "Another limit applies first: {budget}, {amount} left. Its owner can see its forecast.",
                budget=budget,
                amount=amount,
            )


def _method(ctx: Context, seen: Forecast, held: int, tried: int) -> Iterator[str]:
    if seen.since:
        yield ctx.t(
            "Based on the days since {day}. Recent weeks count more, and weekends count separately.",
            day=ctx.day(seen.since),
        )
    if tried >= TRIED_MIN:
        yield ctx.t(
            "Tested on {tried} past days, looking one week ahead: the range was right {held} times.",
            tried=tried,
            held=held,
        )


def _chart(ctx: Context, scope: Scope, seen: Forecast) -> Iterator[Chart]:
    """The sum day by day: what is spent, until today, and what is likely."""
    period, unit = scope.period, scope.unit
    if period.days < 2:  # noqa: PLR2004 - one day is no course
        return
    step = 1 if period.days <= POINTS_MAX else -(-period.days // (POINTS_MAX - 1))
    today = min((ctx.today - period.first).days, period.days - 1)
    points = [*range(today % step, today + 1, step), *range(period.days - 1, today, -step)[::-1]]
    days = [period.first + n * DAY for n in points]
    scale = scale_of(unit)
    likely = tuple(seen.course[n] / scale for n in points)
    spent = tuple(min(seen.course[n], seen.spent) / scale for n in points if n <= today)
    limit = scope.status.limit / scale if scope.status else None
    labels = tuple(str(day.day) if period.every in ("week", "month") else ctx.short_day(day) for day in days)
    series = (Series(ctx.t("Spent"), spent), Series(ctx.t("Expected"), likely))
    yield Chart(
        ctx.t("Spent so far and expected"),
        "line",
        labels,
        series,
        symbol_of(unit, ctx.locale),
        _finding(ctx, scope, seen),
        limit,
        ctx.locale,
    )


def _finding(ctx: Context, scope: Scope, seen: Forecast) -> str:
    known = {
        "spent": ctx.amount(seen.spent, scope.unit),
        "today": ctx.day(ctx.today),
        "amount": ctx.estimate(seen.p50, scope.unit),
        "day": ctx.day(last_day(scope)),
    }
    if scope.status is None:
        return ctx.t("{spent} spent by {today}, {amount} expected by {day}.", **known)
    gap = scope.status.limit - seen.p50
    known |= {"gap": ctx.estimate(abs(gap), scope.unit), "limit": ctx.amount(scope.status.limit, scope.unit)}
    if gap >= 0:
        return ctx.t("{spent} spent by {today}, {amount} expected by {day}: {gap} below the limit of {limit}.", **known)
    return ctx.t("{spent} spent by {today}, {amount} expected by {day}: {gap} above the limit of {limit}.", **known)


def _buttons(ctx: Context, account: Account, scope: Scope, seen: Forecast) -> Iterator[Button]:
    of = said_of(ctx, account)
    yield Button(ctx.t("What is left?"), f"balance{of}")
    yield Button(ctx.t("Why?"), f"why{of}")
    if not of and scope.status and scope.status.account_id == account.id and seen.runs_out[0]:
        yield Button(ctx.t("Ask for more"), "request", style="primary")
