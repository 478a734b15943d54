"""The week in five seconds: what was spent, whether that is usual, why, and where it will end.

A channel sees the totals of a group of five people or more. The details stand in the thread. A week in which nothing
happened is not told, and a week that is not known as a whole says so before it says anything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated

from handlers.access import TooFewError, groups_below, is_for_all, is_group, page_of
from handlers.arguments import OneOf, Whom
from handlers.card import Block, Button, Card, Chart, Facts, Series, Table, Text, Tone
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent, scale_of, symbol_of
from handlers.place import Place
from handlers.provenance import as_of, begun_later, late, not_whole, spent_in_words, together
from handlers.questions import (
    ALIKE_PERCENT,
    Forecast,
    Scope,
    compared,
    estimated,
    explained,
    gauge,
    in_a_line,
    out_on,
    seen_ahead,
    tone_of,
)
from handlers.spans import Span
from handlers.waste import Summary, saving_of, summary
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
    """The last week: what was spent, what changed and why, and the estimate for the end of the period.

    For a team that you own: “digest of team search”. “digest preview of team search” shows what a channel would see.
    """
    account = whom or _own(ctx)
    if not preview:
        return _digest(ctx, account)
    there = replace(ctx, person=CLOCK, place=Place(ctx.place.platform, "", public=True))
    shown = _digest(there, account)
    return replace(shown, blocks=(Text(ctx.t(_fate(shown))), *shown.blocks), personal=True, idle=False)


def _own(ctx: Context) -> Account:
    """The one team of the person who speaks; the organization for finance; else their own account."""
    owned = [each for each in people.owned(ctx.conn, ctx.person.id) if each.kind == "team"]
    if len(owned) == 1:
        return owned[0]
    found = ctx.account(ORGANIZATION if "finance" in ctx.person.roles else ctx.account_id)
    if found is None:
        raise RefusedError(
            "You don't have an account of your own. Say whose figures you want, for example: {example}",
            example="digest of team search",
        )
    return found


def _fate(shown: Card) -> str:
    if shown.idle:
        return N_("A channel does not see this, because nothing happened.")
    if shown.personal:
        return N_("A channel does not see this, because fewer than five people are behind it.")
    return N_("This is what a channel sees. Everything below the source of the figures is in the thread.")


@dataclass(frozen=True, slots=True)
class Week:
    """A week of an account, and those before it.

    Args:
        account: whose.
        span: the last whole week.
        spent: on each Monday's week, by model; the last one is the week that is told.
        begun: the first day on which anything was used.
        late: readings that do not reach the end of the week.
        odd: what else is not known of the week.
    """

    account: Account
    span: Span
    spent: dict[date, dict[str, int]]
    begun: date
    late: tuple[Pull, ...]
    odd: list[str]

    @property
    def drawn(self) -> Span:
        """All days of which something is told."""
        return Span(max(self.begun, self.span.first - (WEEKS_DRAWN - 1) * WEEK), self.span.end, "")

    def total(self, weeks_before: int = 0) -> int:
        """What was spent in the week, or so many weeks before it."""
        return sum(self.spent.get(self.span.first - weeks_before * WEEK, {}).values())


def _digest(ctx: Context, account: Account) -> Card:
    if ctx.only is not None:
        raise TooFewError("You see the company by the month. Say: spend of organization by team")
    week = _week(ctx, account)
    asked = requests.open_below(ctx.conn, account.id)
    scope, seen = seen_ahead(ctx, account)
    status = scope.status
    here = spend.spent_by(ctx.conn, account.id, week.span.first, week.span.end, "model")
    change = compared(ctx, account, week.span)
    facts = [_likely(ctx, scope, seen)]
    facts += [out_on(ctx, scope, seen)] if status and seen.runs_out[0] else []
    facts += [(ctx.t("Biggest change"), line)] if not week.late and (line := in_a_line(ctx, change)) else []
    facts += [(ctx.t("Models"), shares)] if (shares := _tiers(ctx, here)) else []
    facts += [(ctx.t("Waiting for a decision"), _asked(ctx, asked))] if asked else []
    wasted = _wasted(ctx, week)
    facts += _saved(ctx, wasted)
    facts += _unallocated(ctx, week)
    outside = sum(each.tokens_unpriced for each in here)
    facts += [(ctx.t("Without a price"), _outside(ctx, here))] if outside else []
    blocks: list[Block] = [Text(line) for line in _late(ctx, week)]
    blocks += begun_later(ctx, week.span.first) if week.begun > week.span.first else ()
    blocks += [gauge(ctx, status)] if status else []
    blocks += [Facts(tuple(facts)), *_chart(ctx, week), *_buttons(ctx, account)]
    begins = min(week.span.first, status.period.first) if status else week.span.first
    blocks.append(as_of(ctx, sum(each.tokens_unpriced for each in here), begins))
    blocks += ctx.on_a_page(page_of(account))
    return Card(
        _title(ctx, week, outside),
        tuple(blocks),
        _tone(week, tone_of(status) if status else "plain"),
        personal=not is_for_all(ctx, account.id, week.drawn),
        thread=(*explained(ctx, change), *_teams(ctx, week), *_waste(ctx, week, wasted)),
        idle=not (week.total() or week.total(1) or asked or week.late or week.odd or outside),
    )


def _week(ctx: Context, account: Account) -> Week:
    start = ctx.period(ctx.today, "week").first
    spent: dict[date, dict[str, int]] = {}
    for day, each in spend.spent_by_day_and_model(ctx.conn, account.id, start - WEEKS_DRAWN * WEEK, start):
        models = spent.setdefault(ctx.period(day, "week").first, {})
        models[each.name] = models.get(each.name, 0) + each.cost_nanos
    begun = min(comparisons.first_used(ctx.conn, account.id).values(), default=start)
    span = Span(start - WEEK, start, ctx.t("last week"))
    return Week(account, span, spent, begun, late(ctx, start), not_whole(ctx, span.first, span.end))


def _title(ctx: Context, week: Week, outside: int) -> str:
    unknown = outside and not (week.total() or week.late)
    title = spent_in_words(ctx, 0, outside, ctx.t("last week")) if unknown else _spent(ctx, week)
    if week.account.id == ctx.account_id:
        return title
    return ctx.t("{name}: {news}", name=ctx.called(week.account), news=title)


def _spent(ctx: Context, week: Week) -> str:
    """What was spent, beside the week before if that was a whole one."""
    spent = _money(ctx, week.total())
    if week.late or week.odd:
        return ctx.t("{amount} reported for last week so far, and figures are missing", amount=spent)
    before = week.total(1) if week.begun <= week.span.first - WEEK + 2 * DAY else 0  # a whole week, or no comparison
    if not before:
        return ctx.t("{amount} spent last week", amount=spent)
    change = week.total() - before
    if abs(change) * 100 <= ALIKE_PERCENT * before:
        return ctx.t("{amount} spent last week, like the week before", amount=spent)
    share = percent(abs(change), before)
    if change > 0:
        return ctx.t("{amount} spent last week, {percent} % more than the week before", amount=spent, percent=share)
    return ctx.t("{amount} spent last week, {percent} % less than the week before", amount=spent, percent=share)


def _tone(week: Week, tone: Tone) -> Tone:
    return "warn" if (week.late or week.odd) and tone != "bad" else tone


def _late(ctx: Context, week: Week) -> Iterator[str]:
    for each in week.late:
        if each.through is None:
            yield ctx.t("{provider} has never been read, so its usage is missing here.", provider=each.provider)
        else:
            yield ctx.t(
                "{provider} was last read on {day}, so later usage is missing here.",
                provider=each.provider,
                day=ctx.day(each.through),
            )
    if week.odd:
        yield ctx.t("Not in the sum: {what}.", what=together(ctx, week.odd))


def _likely(ctx: Context, scope: Scope, seen: Forecast) -> tuple[str, str]:
    """The estimate for the end of the period, with its range."""
    name, amount = estimated(ctx, scope, seen)
    if seen.since is None:
        return name, amount
    low, high = (ctx.estimate(each, scope.unit) for each in (seen.p10, seen.p90))
    text = N_("{amount} (roughly {low} to {high})") if seen.is_rough else N_("{amount} ({low} to {high})")
    return name, ctx.t(text, amount=amount, low=low, high=high)


def _tiers(ctx: Context, here: Sequence[Spent]) -> str:
    """The share of each tier of models, the largest first."""
    sums: dict[str, int] = {}
    for each in here:
        tier = ctx.policy.tier_of(each.name)
        sums[tier] = sums.get(tier, 0) + each.cost_nanos
    total = sum(sums.values())
    ordered = sorted((tier for tier in sums if sums[tier] > 0), key=lambda tier: -sums[tier])
    shares = [(ctx.tier(tier), percent(sums[tier], total)) for tier in ordered]
    return ctx.listed([ctx.t("{tier} {percent}\N{NO-BREAK SPACE}%", tier=tier, percent=of) for tier, of in shares])


def _outside(ctx: Context, here: Sequence[Spent]) -> str:
    """The tokens that no sum of money counts, such as "950M tokens of 2 models, not in these figures"."""
    tokens = ctx.amount(sum(each.tokens_unpriced for each in here), "tokens")
    return ctx.nt(
        "{tokens} of {n} model, not in these figures",
        "{tokens} of {n} models, not in these figures",
        sum(each.tokens_unpriced > 0 for each in here),
        tokens=tokens,
    )


def _asked(ctx: Context, asked: Sequence[tuple[str, int, int]]) -> str:
    amounts = ctx.listed([ctx.amount(amount, unit) for unit, _, amount in asked])
    return ctx.nt(
        "{n} request for {amounts}", "{n} requests for {amounts}", sum(each[1] for each in asked), amounts=amounts
    )


def _unallocated(ctx: Context, week: Week) -> list[tuple[str, str]]:
    """What is unallocated is a share of the whole organization's week only."""
    if week.account.id != ORGANIZATION or not week.total():
        return []
    rows = spend.spent_by(ctx.conn, UNALLOCATED, week.span.first, week.span.end, "provider")
    cost = sum(each.cost_nanos for each in rows)
    if not cost:
        return []
    share = ctx.t("{amount} ({percent} %)", amount=_money(ctx, cost), percent=percent(cost, week.total()))
    return [(ctx.t("Unallocated"), share)]


def _chart(ctx: Context, week: Week) -> Iterator[Chart]:
    """The cost of the last eight weeks, by tier of models."""
    starts = [week.span.first - number * WEEK for number in range(WEEKS_DRAWN - 1, -1, -1)]
    starts = [each for each in starts if each + WEEK > week.begun]
    if len(starts) < 2:  # noqa: PLR2004 - one week is no course
        return
    sums: dict[str, list[int]] = {}
    for number, start in enumerate(starts):
        for model, cost in week.spent.get(start, {}).items():
            sums.setdefault(ctx.policy.tier_of(model), [0] * len(starts))[number] += cost
    tiers = sorted(sums, key=lambda tier: -sum(sums[tier]))
    scale = scale_of(ctx.policy.organization.currency)
    series = tuple(Series(ctx.tier(tier), tuple(cost / scale for cost in sums[tier])) for tier in tiers)
    labels = tuple(map(ctx.short_day, starts))
    unit = symbol_of(ctx.policy.organization.currency, ctx.locale)
    title = ctx.t("Cost per week by tier")
    yield Chart(title, "stack", labels, series, unit, _finding(ctx, week, starts), locale=ctx.locale)


def _finding(ctx: Context, week: Week, starts: Sequence[date]) -> str:
    last, day = _money(ctx, week.total()), ctx.day(week.span.first)
    if week.late:
        return ctx.t("{amount} in the week from {day}, which is not complete yet.", amount=last, day=day)
    count = len(starts) - 1
    mean = _money(ctx, sum(sum(week.spent.get(each, {}).values()) for each in starts[:-1]) // count)
    return ctx.nt(
        "{amount} in the week from {day}; {mean} in the week before.",
        "{amount} in the week from {day}; the {n} weeks before had {mean} on average.",
        count,
        amount=last,
        day=day,
        mean=mean,
    )


def _teams(ctx: Context, week: Week) -> Iterator[Table]:
    """The teams right below, in the order of the alphabet; in a channel those that tell of nobody."""
    below = [each for each in people.descendants(ctx.conn, week.account.id) if each.parent_id == week.account.id]
    teams = sorted((each for each in below if each.kind == "team"), key=lambda each: each.name)
    told = groups_below(ctx, week.account.id, week.span) if ctx.place.public else frozenset(each.id for each in teams)
    shown = [each for each in teams if each.id in told]
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
        rows.append((ctx.t("All others"), _money(ctx, rest), _money(ctx, rest_before)))
    heads = (ctx.t("Team"), ctx.t("Last week"), ctx.t("Week before"))
    yield Table(ctx.t("By team"), heads, tuple(rows), "lrr")


def _wasted(ctx: Context, week: Week) -> Summary | None:
    """What looked like waste and what was saved, as totals: whose it is stays between me and its owner."""
    if week.account.id != ctx.account_id and not is_group(ctx, week.account.id):
        return None
    return summary(ctx, week.account.id, week.span.first, ctx.today + DAY)


def _saved(ctx: Context, wasted: Summary | None) -> list[tuple[str, str]]:
    """What acting on findings has saved, as measured; nothing is said before the first is measured."""
    if wasted is None or not wasted.realised_nanos:
        return []
    amount = _money(ctx, wasted.realised_nanos)
    facts = [
        (
            ctx.t("Saved"),
            ctx.nt(
                "{amount} a month, measured on {n} finding",
                "{amount} a month, measured on {n} findings",
                wasted.measured,
                amount=amount,
            ),
        ),
    ]
    if wasted.waiting:
        facts.append((ctx.t("Not measured yet"), ctx.nt("{n} finding", "{n} findings", wasted.waiting)))
    return facts


def _waste(ctx: Context, week: Week, wasted: Summary | None) -> Iterator[Block]:
    """Potential savings: the total, and the kinds it is of. Those may overlap, so they may come to more."""
    if wasted is None or not wasted.high_nanos:
        return
    sums = [(ctx.t("Potential savings"), (wasted.low_nanos, wasted.high_nanos))]
    sums += [(ctx.t(title), saving) for title, _, saving in wasted.kinds if saving] if len(wasted.kinds) > 1 else []
    facts = [(title, ctx.t("{amount} a month", amount=saving_of(ctx, saving))) for title, saving in sums]
    yield Facts(tuple(facts[:FACTS_MAX]))
    yield Button(ctx.t("What can I do?"), f"waste{_of(ctx, week.account)}")


def _of(ctx: Context, account: Account) -> str:
    return "" if account.id == ctx.account_id else f" of {account.id.replace('/', ' ')}"


def _buttons(ctx: Context, account: Account) -> tuple[Button, ...]:
    of = _of(ctx, account)
    return (
        Button(ctx.t("Why?"), f"why{of} last week"),
        Button(ctx.t("Where did it go?"), f"spend{of} by model last week"),
    )


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
