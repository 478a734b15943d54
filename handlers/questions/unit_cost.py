"""What it costs to get something done: the spending of a team beside what came out of its work."""

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from handlers.access import GROUP_MIN, TooFewError, is_for_all, refuse_parts_of_months, told_until
from handlers.arguments import When, Whom
from handlers.card import Block, Button, Card, Chart, Series, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import in_units
from handlers.periods import called_after
from handlers.provenance import as_of, begun_later
from handlers.spans import Span
from storage import comparisons, outcomes, people, spend
from storage.people import Account
from storage.tables import ORGANIZATION

WEEKS = 4
ONE_DAY = timedelta(days=1)
WINDOWS = 6
"""So many spans are drawn, the last of them the one that is asked about."""
FEW = 10
"""Below so many, one more or less changes the cost of one by a lot."""
REVERTS = "reverts"
PREFERRED = ("merged_pull_requests", "pull_requests", "tickets", "closed_issues", "deployments", "commits")
"""What a card is about, if several are counted."""
TIMES = 3
TREND_MIN = 3
RISE_PERCENT = 10
TWICE = 2
TEAMS_MIN = 3
HONEST = N_(
    "This is all spending of the team divided by the number of outcomes. It does not show that the spending caused the "
    "outcomes, nor what an outcome is worth. It is never shown for a person."
)
KINDS = {
    "closed_issues": N_("closed issues"),
    "commits": N_("commits"),
    "deployments": N_("deployments"),
    "edits_accepted": N_("accepted edits"),
    "lines_accepted": N_("accepted lines"),
    "lines_added": N_("added lines"),
    "lines_removed": N_("removed lines"),
    "merged_pull_requests": N_("merged pull requests"),
    "pull_requests": N_("pull requests"),
    "reverts": N_("reverts"),
    "sessions": N_("sessions"),
    "tickets": N_("tickets"),
}


def value(ctx: Context, whom: Whom = None, period: When = None) -> Card:
    """What a merged pull request, a closed ticket or another outcome costs a team: “value of team search last month”.

    For teams of five people or more. Outcomes come from providers that count them, or from a list
    (python -m bot outcomes FILE). Without a period it covers the last four full weeks.
    """
    team = _team(ctx, whom)
    span = _span(ctx, period)
    refuse_parts_of_months(
        ctx, span.first, span.end, f"value of {team.id.replace('/', ' ')} {called_after(span.first):%Y-%m}"
    )
    if ctx.only is not None and span.end > told_until(ctx)[1]:
        raise TooFewError("You see the cost of an outcome when its month is over. Say: value of {name}", name=team.name)
    earlier = as_long_before(ctx, span)
    cost = _cost(ctx, team.id, span.first, span.end)
    before = _cost(ctx, team.id, earlier, span.first)
    now = outcomes.counted(ctx.conn, team.id, span.first, span.end)
    then = outcomes.counted(ctx.conn, team.id, earlier, span.first)
    personal = not is_for_all(ctx, team.id, span)
    if not any(number for kind, number in now.items() if kind != REVERTS):
        why = Text(ctx.t("No provider counts outcomes here. An admin can import a list: python -m bot outcomes FILE"))
        title = ctx.t("{name}: no outcomes counted {period}", name=team.name, period=span.label)
        return Card(title, (why, as_of(ctx, first=span.first, end=span.end)), personal=personal)
    each = {kind: cost // number for kind, number in now.items() if number and kind != REVERTS}
    old = {kind: before // number for kind, number in then.items() if number}
    main = next((kind for kind in PREFERRED if kind in each), max(each, key=lambda kind: now[kind]))
    rows = tuple(
        (words_of(ctx, kind), str(now[kind]), _money(ctx, each[kind]), _shown(ctx, old.get(kind))) for kind in each
    )
    columns = (ctx.t("Outcome"), ctx.t("Counted"), ctx.t("Cost of one"), ctx.t("Before"))
    blocks: list[Block] = [
        Table(ctx.t("Cost of one"), columns, rows, "lrrr"),
        *_trend(ctx, team, span, main),
        *_more_brought(ctx, main, (cost, before), (now[main], then.get(main, 0))),
        *_few(ctx, now[main]),
        *_taken_back(ctx, now.get(REVERTS, 0)),
        *_returns(ctx, team, span, main, each[main], old.get(main)),
        *begun_later(ctx, span.first),
        Button(ctx.t("Where did it go?"), f"spend of {team.id.replace('/', ' ')} by model"),
        Text(ctx.t(HONEST), quiet=True),
        as_of(ctx, first=earlier, end=span.end),
    ]
    title = ctx.t(
        "{name}: {amount} for each of {count} {outcomes} {period}",
        name=team.name,
        amount=_money(ctx, each[main]),
        count=now[main],
        outcomes=words_of(ctx, main),
        period=span.label,
    )
    return Card(title, tuple(blocks), personal=personal)


def _team(ctx: Context, whom: Account | None) -> Account:
    if whom is None or whom.kind not in ("team", "organization"):
        raise RefusedError(
            "The cost of an outcome is shown for teams, never for a person. Name one, for example: value of team search"
        )
    if sum(people.headcounts(ctx.conn, whom.id).values()) < GROUP_MIN:
        raise RefusedError(
            "{name} has fewer than five people, so its figures would be those of single persons.", name=whom.name
        )
    return whom


def _span(ctx: Context, period: Span | None) -> Span:
    return period or usual_span(ctx)


def usual_span(ctx: Context) -> Span:
    """The days of which outcomes are shown: the last four weeks; to viewers, who see whole months, the last one."""
    end = comparisons.whole_before(ctx.readings(), ctx.today)
    if ctx.only is None:
        return Span(end - timedelta(weeks=WEEKS), end, ctx.t("in the last four weeks"))
    month = ctx.period(ctx.period(end, "month").first - ONE_DAY, "month")
    return Span(month.first, month.end, ctx.t("in {month}", month=ctx.month(month.first)))


def as_long_before(ctx: Context, span: Span) -> date:
    """The first of as many days before a span; for viewers, of as many whole months."""
    if ctx.only is None:
        return span.first - (span.end - span.first)
    first, day = span.first, span.first
    while day < span.end:
        day, first = ctx.period(day, "month").end, ctx.period(first - ONE_DAY, "month").first
    return first


def _cost(ctx: Context, account_id: str, first: date, end: date) -> int:
    return sum(each.cost_nanos for each in spend.spent_by(ctx.conn, account_id, first, end, "provider"))


def _returns(ctx: Context, team: Account, span: Span, kind: str, cost: int, before: int | None) -> Iterator[Text]:
    """The note that more money brings less: more expensive than thrice the median of the teams, and rising."""
    if before is None or cost <= before:
        return
    others = [
        _cost(ctx, each.id, span.first, span.end) // number
        for each in people.teams_below(ctx.conn, ORGANIZATION)
        if each.id != team.id
        if (number := outcomes.counted(ctx.conn, each.id, span.first, span.end).get(kind, 0))
    ]
    if len(others) >= TEAMS_MIN and cost > TIMES * median(others):
        yield Text(
            ctx.t(
                "Here one costs more than before, and more than three times the median of all teams. Ask the team why "
                "before you judge: its work may be different."
            )
        )


def _trend(ctx: Context, team: Account, span: Span, kind: str) -> Iterator[Chart]:
    """What one cost in each of the last spans of the same length, beside nobody but the team itself."""
    if ctx.only is not None:  # these are no whole months
        return
    days = span.end - span.first
    starts = [span.first - days * back for back in range(WINDOWS - 1, -1, -1)]
    known = [
        (start, _cost(ctx, team.id, start, start + days) // number)
        for start in starts
        if (number := outcomes.counted(ctx.conn, team.id, start, start + days).get(kind, 0))
    ]
    if len(known) < TREND_MIN:
        return
    currency = ctx.policy.organization.currency
    values = tuple(float(round(in_units(nanos, currency), 2)) for _, nanos in known)
    alt = ctx.t("From {first} to {last}.", first=_money(ctx, known[0][1]), last=_money(ctx, known[-1][1]))
    yield Chart(
        title=ctx.t("Cost of one, by {n} days", n=days.days),
        form="line",
        categories=tuple(ctx.short_day(start) for start, _ in known),
        series=(Series(words_of(ctx, kind), values),),
        unit=currency,
        alt=alt,
        locale=ctx.locale,
    )


def _more_brought(ctx: Context, kind: str, costs: tuple[int, int], numbers: tuple[int, int]) -> Iterator[Text]:
    """What was spent more than before, and what more came of it: the next one may cost more than the others do."""
    (cost, before), (now, then) = costs, numbers
    if not then or not before or cost * 100 < before * (100 + RISE_PERCENT):
        return
    values = {"more": _money(ctx, cost - before), "outcomes": words_of(ctx, kind)}
    if now <= then:
        yield Text(ctx.t("{more} more was spent than before, and there are no more {outcomes}.", **values))
    elif (cost - before) * then > TWICE * before * (now - then):
        text = N_("{more} more was spent than before and brought {n} more {outcomes}: {each} for each, against {old}.")
        each = _money(ctx, (cost - before) // (now - then))
        yield Text(ctx.t(text, **values, n=now - then, each=each, old=_money(ctx, before // then)))


def _few(ctx: Context, number: int) -> Iterator[Text]:
    if number < FEW:
        yield Text(ctx.t("These are few: one more or less changes the cost of one by a lot."))


def _taken_back(ctx: Context, reverts: int) -> Iterator[Text]:
    if reverts:
        text = ctx.nt("{n} revert is counted apart.", "{n} reverts are counted apart.", reverts)
        yield Text(text)


def cost_words(ctx: Context, cost: int, number: int) -> str:
    """What one of so many costs, a dash for none."""
    return _shown(ctx, cost // number if number else None)


def words_of(ctx: Context, kind: str) -> str:
    """What is counted, as people call it."""
    return ctx.t(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")


def _shown(ctx: Context, nanos: int | None) -> str:
    return "–" if nanos is None else _money(ctx, nanos)


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
