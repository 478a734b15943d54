"""What it costs to get something done: the spending of a team beside what came out of its work."""

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from handlers.access import GROUP_MIN, is_for_all
from handlers.arguments import When, Whom
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import Context
from handlers.days import Span
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.provenance import as_of, begun_later
from storage import comparisons, outcomes, people, spend
from storage.people import Account
from storage.tables import ORGANIZATION

WEEKS = 4
TIMES = 3
TEAMS_MIN = 3
HONEST = N_(
    "This is all spending of the team divided by the number of outcomes. It does not show that the spending caused the "
    "outcomes, nor what an outcome is worth. It is never shown for a person."
)
KINDS = {
    "commits": N_("commits"),
    "edits_accepted": N_("accepted edits"),
    "lines_accepted": N_("accepted lines"),
    "lines_added": N_("added lines"),
    "lines_removed": N_("removed lines"),
    "pull_requests": N_("pull requests"),
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
    days = span.end - span.first
    cost = _cost(ctx, team.id, span.first, span.end)
    before = _cost(ctx, team.id, span.first - days, span.first)
    now = outcomes.counted(ctx.conn, team.id, span.first, span.end)
    then = outcomes.counted(ctx.conn, team.id, span.first - days, span.first)
    personal = not is_for_all(ctx, team.id, span)
    if not any(now.values()):
        why = Text(ctx.t("No provider counts outcomes here. An admin can import a list: python -m bot outcomes FILE"))
        title = ctx.t("{name}: no outcomes counted {period}", name=team.name, period=span.label)
        return Card(title, (why, as_of(ctx, first=span.first, end=span.end)), personal=personal)
    each = {kind: cost // number for kind, number in now.items() if number}
    old = {kind: before // number for kind, number in then.items() if number}
    main = max(each, key=lambda kind: (kind in ("pull_requests", "tickets"), now[kind]))
    rows = tuple(
        (_words(ctx, kind), str(now[kind]), _money(ctx, each[kind]), _shown(ctx, old.get(kind))) for kind in each
    )
    columns = (ctx.t("Outcome"), ctx.t("Counted"), ctx.t("Cost of one"), ctx.t("Before"))
    blocks: list[Block] = [
        Table(ctx.t("Cost of one"), columns, rows, "lrrr"),
        *_returns(ctx, team, span, main, each[main], old.get(main)),
        *begun_later(ctx, span.first),
        Button(ctx.t("Where did it go?"), f"spend of {team.id.replace('/', ' ')} by model"),
        Text(ctx.t(HONEST), quiet=True),
        as_of(ctx, first=span.first - days, end=span.end),
    ]
    title = ctx.t(
        "{name}: {amount} for each of {count} {outcomes} {period}",
        name=team.name,
        amount=_money(ctx, each[main]),
        count=now[main],
        outcomes=_words(ctx, main),
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
    end = comparisons.whole_before(ctx.readings(), ctx.today)
    return period or Span(end - timedelta(weeks=WEEKS), end, ctx.t("in the last four weeks"))


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


def _words(ctx: Context, kind: str) -> str:
    return ctx.t(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")


def _shown(ctx: Context, nanos: int | None) -> str:
    return "–" if nanos is None else _money(ctx, nanos)


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
