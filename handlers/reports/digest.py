"""The week in five seconds: what was spent, whether that is usual, why, and where it will end.

A channel sees the totals of a group of five people or more. The details stand in the thread. A week in which nothing
happened is not told, and a week that is not known as a whole says so before it says anything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated

from handlers.access import is_for_all, is_group
from handlers.arguments import OneOf, Whom
from handlers.card import Block, Button, Card, Chart, Facts, Series, Table, Text, Tone
from handlers.context import CLOCK, Context
from handlers.days import Span
from handlers.errors import RefusedError
from handlers.money import NANOS, percent, symbol_of
from handlers.place import Place
from handlers.provenance import as_of, late
from handlers.questions import AS_USUAL_PERCENT, compared, explained, gauge, in_a_line, runs_out, seen_ahead, tone_of
from handlers.waste import Summary, summary
from storage import comparisons, people, requests, spend
from storage.people import Account
from storage.pulls import Pull
from storage.spend import Spent
from storage.tables import ORGANIZATION, UNALLOCATED

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
WEEKS_DRAWN = 8
FACTS_MAX = 6

Preview = Annotated[str, OneOf("", ("preview",))]


def digest(ctx: Context, whom: Whom = None, preview: Preview = "") -> Card:
    """The last week: what was spent, what changed and why, and where it will end.

    Say it of a team that you own: `digest of team search`. `digest preview of team search` shows you what a channel
    would see of it.
    """
    account = whom or _own(ctx)
    if not preview:
        return _digest(ctx, account)
    there = replace(ctx, person=CLOCK, place=Place(ctx.place.platform, "", public=True))
    shown = _digest(there, account)
    return replace(shown, blocks=(Text(_fate(shown)), *shown.blocks), personal=True, idle=False)


def _own(ctx: Context) -> Account:
    """The one team of the person who speaks; everybody for finance; else their own account."""
    owned = [each for each in people.owned(ctx.conn, ctx.person.id) if each.kind == "team"]
    if len(owned) == 1:
        return owned[0]
    found = ctx.account(ORGANIZATION if "finance" in ctx.person.roles else ctx.account_id)
    if found is None:
        raise RefusedError("You have no account of your own. Say whose week you mean, such as: digest of team search")
    return found


def _fate(shown: Card) -> str:
    if shown.idle:
        return "A channel is not shown this: there is nothing to say."
    if shown.personal:
        return "A channel is not shown this: fewer than five people are behind it."
    return "This is what a channel sees; what stands below the source of the figures is in the thread."


@dataclass(frozen=True, slots=True)
class Week:
    """A week of an account, and those before it.

    Args:
        account: whose.
        span: the last whole week.
        spent: on each Monday's week, by model; the last one is the week that is told.
        begun: the first day on which anything was used.
        late: readings that do not reach the end of the week.
    """

    account: Account
    span: Span
    spent: dict[date, dict[str, int]]
    begun: date
    late: tuple[Pull, ...]

    def total(self, weeks_before: int = 0) -> int:
        """What was spent in the week, or so many weeks before it."""
        return sum(self.spent.get(self.span.first - weeks_before * WEEK, {}).values())


def _digest(ctx: Context, account: Account) -> Card:
    week = _week(ctx, account)
    asked = requests.open_below(ctx.conn, account.id)
    scope, seen = seen_ahead(ctx, account)
    status = scope.status
    here = spend.spent_by(ctx.conn, account.id, week.span.first, week.span.end, "model")
    change = compared(ctx, account, week.span)
    facts = [(f"Likely by {ctx.day(scope.period.end - DAY)}", _likely(ctx, scope.unit, seen.p10, seen.p50, seen.p90))]
    facts += [("Runs out", runs_out(ctx, scope, seen))] if status and seen.runs_out[0] else []
    facts += [("Changed most", line)] if not week.late and (line := in_a_line(ctx, change)) else []
    facts += [("Models", shares)] if (shares := _tiers(ctx, here)) else []
    facts += [("Waiting for a decision", _asked(ctx, asked))] if asked else []
    wasted = _wasted(ctx, week)
    facts += _saved(ctx, wasted)
    facts += _nobodys(ctx, week)
    blocks: list[Block] = [Text(line) for line in _late(ctx, week)]
    blocks += [gauge(ctx, status)] if status else []
    blocks += [Facts(tuple(facts)), *_chart(ctx, week), *_buttons(ctx, account)]
    blocks.append(as_of(ctx, sum(each.tokens_unpriced for each in here)))
    return Card(
        _title(ctx, week),
        tuple(blocks),
        _tone(week, tone_of(status) if status else "plain"),
        personal=not is_for_all(ctx, account.id),
        thread=(*explained(ctx, change), *_teams(ctx, week), *_waste(ctx, week, wasted)),
        idle=not (week.total() or week.total(1) or asked or week.late),
    )


def _week(ctx: Context, account: Account) -> Week:
    monday = ctx.today - timedelta(days=ctx.today.weekday())
    spent: dict[date, dict[str, int]] = {}
    for day, each in spend.spent_by_day_and_model(ctx.conn, account.id, monday - WEEKS_DRAWN * WEEK, monday):
        models = spent.setdefault(day - timedelta(days=day.weekday()), {})
        models[each.name] = models.get(each.name, 0) + each.cost_nanos
    begun = min(comparisons.first_used(ctx.conn, account.id).values(), default=monday)
    return Week(account, Span(monday - WEEK, monday, "last week"), spent, begun, late(ctx, monday))


def _title(ctx: Context, week: Week) -> str:
    whose = "" if week.account.id == ctx.account_id else f"{week.account.name}: "
    spent = f"{whose}{_money(ctx, week.total())}"
    if week.late:
        return f"{spent} known of last week, and not all is known"
    before = week.total(1) if week.begun <= week.span.first - WEEK + 2 * DAY else 0  # a whole week, or no comparison
    change = week.total() - before
    if not before or abs(change) * 100 <= AS_USUAL_PERCENT * before:
        return f"{spent} spent last week" + (", like the week before" if before else "")
    return f"{spent} spent last week, {percent(abs(change), before)} % {'more' if change > 0 else 'less'}"


def _tone(week: Week, tone: Tone) -> Tone:
    return "warn" if week.late and tone != "bad" else tone


def _late(ctx: Context, week: Week) -> Iterator[str]:
    for each in week.late:
        if each.through is None:
            yield f"{each.provider} was never read, so nothing of it is counted."
        else:
            yield f"{each.provider} was last read on {ctx.day(each.through)}; what came after is missing here."


def _likely(ctx: Context, unit: str, low: int, middle: int, high: int) -> str:
    return f"{ctx.amount(middle, unit)} ({ctx.amount(low, unit)} to {ctx.amount(high, unit)})"


def _tiers(ctx: Context, here: Sequence[Spent]) -> str:
    """The share of each tier of models, the largest first."""
    sums: dict[str, int] = {}
    for each in here:
        tier = ctx.policy.tier_of(each.name)
        sums[tier] = sums.get(tier, 0) + each.cost_nanos
    total = sum(sums.values())
    ordered = sorted((tier for tier in sums if sums[tier] > 0), key=lambda tier: -sums[tier])
    return ", ".join(f"{tier} {percent(sums[tier], total)}\N{NO-BREAK SPACE}%" for tier in ordered)


def _asked(ctx: Context, asked: Sequence[tuple[str, int, int]]) -> str:
    count = sum(each[1] for each in asked)
    amounts = " and ".join(ctx.amount(amount, unit) for unit, _, amount in asked)
    return f"{count} {'request' if count == 1 else 'requests'} for {amounts}"


def _nobodys(ctx: Context, week: Week) -> list[tuple[str, str]]:
    """What belongs to nobody is a share of the whole company's week only."""
    if week.account.id != ORGANIZATION or not week.total():
        return []
    rows = spend.spent_by(ctx.conn, UNALLOCATED, week.span.first, week.span.end, "provider")
    nobodys = sum(each.cost_nanos for each in rows)
    return [("Charged to nobody", f"{_money(ctx, nobodys)} ({percent(nobodys, week.total())} %)")] if nobodys else []


def _chart(ctx: Context, week: Week) -> Iterator[Chart]:
    """The cost of the last eight weeks, by tier of models."""
    mondays = [week.span.first - number * WEEK for number in range(WEEKS_DRAWN - 1, -1, -1)]
    mondays = [each for each in mondays if each + WEEK > week.begun]
    if len(mondays) < 2:  # noqa: PLR2004 - one week is no course
        return
    sums: dict[str, list[int]] = {}
    for number, monday in enumerate(mondays):
        for model, cost in week.spent.get(monday, {}).items():
            sums.setdefault(ctx.policy.tier_of(model), [0] * len(mondays))[number] += cost
    tiers = sorted(sums, key=lambda tier: -sum(sums[tier]))
    series = tuple(Series(tier, tuple(cost / NANOS for cost in sums[tier])) for tier in tiers)
    labels = tuple(map(ctx.short_day, mondays))
    unit = symbol_of(ctx.policy.organization.currency, ctx.locale)
    yield Chart("Cost per week by tier", "stack", labels, series, unit, _finding(ctx, week, mondays), locale=ctx.locale)


def _finding(ctx: Context, week: Week, mondays: Sequence[date]) -> str:
    last = f"{_money(ctx, week.total())} in the week from {ctx.day(week.span.first)}"
    if week.late:
        return f"{last}, which is not known as a whole yet."
    mean = sum(sum(week.spent.get(each, {}).values()) for each in mondays[:-1]) // (len(mondays) - 1)
    count = len(mondays) - 1
    return f"{last}; the {'week' if count == 1 else f'{count} weeks'} before had {_money(ctx, mean)} on average."


def _teams(ctx: Context, week: Week) -> Iterator[Table]:
    """The teams right below, in the order of the alphabet; in a channel those of five people or more."""
    below = [each for each in people.descendants(ctx.conn, week.account.id) if each.parent_id == week.account.id]
    teams = sorted((each for each in below if each.kind == "team"), key=lambda each: each.name)
    shown = [each for each in teams if not ctx.place.public or is_for_all(ctx, each.id)]
    if len(shown) < 2:  # noqa: PLR2004 - one team would be seen by what the others are not
        return
    spans = [(week.span.first, week.span.end), (week.span.first - WEEK, week.span.first)]
    ids = [each.id for each in shown]
    now, before = (
        {one.name: one.cost_nanos for one in spend.spent_by_account(ctx.conn, week.account.id, ids, first, end)}
        for first, end in spans
    )
    rows = [(each.name, _money(ctx, now.get(each.id, 0)), _money(ctx, before.get(each.id, 0))) for each in shown]
    rest, rest_before = week.total() - sum(now.values()), week.total(1) - sum(before.values())
    if rest or rest_before:
        rows.append(("Everybody else", _money(ctx, rest), _money(ctx, rest_before)))
    yield Table("By team", ("Team", "Last week", "Week before"), tuple(rows), "lrr")


def _wasted(ctx: Context, week: Week) -> Summary | None:
    """What looked like waste and what was saved, as totals: whose it is stays between me and its owner."""
    if week.account.id != ctx.account_id and not is_group(ctx, week.account.id):
        return None
    return summary(ctx, week.account.id, week.span.first, ctx.today + DAY)


def _saved(ctx: Context, wasted: Summary | None) -> list[tuple[str, str]]:
    """What acting on findings has saved, as measured; nothing is said before the first is measured."""
    if wasted is None or not wasted.realised_nanos:
        return []
    count = f"{wasted.measured} {'finding' if wasted.measured == 1 else 'findings'}"
    more = f", {wasted.waiting} more to be measured" if wasted.waiting else ""
    return [("Saved by acting on waste", f"{_money(ctx, wasted.realised_nanos)} a month, measured on {count}{more}")]


def _waste(ctx: Context, week: Week, wasted: Summary | None) -> Iterator[Block]:
    """What could still be kept: the total, and the kinds it is of. Those may overlap, so they may come to more."""
    if wasted is None or not wasted.high_nanos:
        return
    sums = [("Looks like waste", (wasted.low_nanos, wasted.high_nanos))]
    sums += [(title, saving) for title, _, saving in wasted.kinds if saving] if len(wasted.kinds) > 1 else []
    facts = [(title, f"{_money(ctx, low)} to {_money(ctx, high)} a month") for title, (low, high) in sums]
    yield Facts(tuple(facts[:FACTS_MAX]))
    yield Button("What to do?", f"waste{_of(ctx, week.account)}")


def _of(ctx: Context, account: Account) -> str:
    return "" if account.id == ctx.account_id else f" of {account.id.replace('/', ' ')}"


def _buttons(ctx: Context, account: Account) -> tuple[Button, ...]:
    of = _of(ctx, account)
    return (Button("Why?", f"why{of} last week"), Button("Where did it go?", f"spend{of} by model last week"))


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
