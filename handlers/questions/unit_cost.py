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
from handlers.provenance import as_of
from storage import comparisons, outcomes, people, spend
from storage.people import Account

WEEKS = 4
TIMES = 3
TEAMS_MIN = 3
HONEST = (
    "The whole spending of the team, divided by what was counted. It does not say that one made the other, nor what an "
    "outcome is worth; and it is never told of a person."
)


def value(ctx: Context, whom: Whom = None, period: When = None) -> Card:
    """What a merged pull request, a closed ticket or another outcome costs a team: `value of team search last month`.

    For teams of five people and more. Outcomes come from providers that count them, or from a list
    (python -m bot outcomes FILE). Without a period it is the last four whole weeks.
    """
    team = _team(ctx, whom)
    span = _span(ctx, period)
    days = span.end - span.first
    cost = _cost(ctx, team.id, span.first, span.end)
    before = _cost(ctx, team.id, span.first - days, span.first)
    now = outcomes.counted(ctx.conn, team.id, span.first, span.end)
    then = outcomes.counted(ctx.conn, team.id, span.first - days, span.first)
    personal = not is_for_all(ctx, team.id)
    if not any(now.values()):
        why = Text("No provider counts outcomes here. An admin can bring a list: python -m bot outcomes FILE")
        return Card(f"{team.name}: nothing was counted {span.label}", (why, as_of(ctx)), personal=personal)
    each = {kind: cost // number for kind, number in now.items() if number}
    old = {kind: before // number for kind, number in then.items() if number}
    main = max(each, key=lambda kind: (kind in ("pull_requests", "tickets"), now[kind]))
    rows = tuple((_words(kind), str(now[kind]), _money(ctx, each[kind]), _shown(ctx, old.get(kind))) for kind in each)
    blocks: list[Block] = [
        Table("Cost of one", ("What", "Counted", "Cost of one", "Before"), rows, "lrrr"),
        *_returns(ctx, team, span, main, each[main], old.get(main)),
        Button("Where did it go?", f"spend of {team.id.replace('/', ' ')} by model"),
        Text(HONEST, quiet=True),
        as_of(ctx),
    ]
    title = f"{team.name}: {_money(ctx, each[main])} for one of {now[main]} {_words(main)} {span.label}"
    return Card(title, tuple(blocks), personal=personal)


def _team(ctx: Context, whom: Account | None) -> Account:
    if whom is None or whom.kind not in ("team", "organization"):
        raise RefusedError("Value is told of teams, never of a person. Say which one, such as: value of team search")
    persons = [one for one in people.descendants(ctx.conn, whom.id) if one.kind == "person" and one.active]
    if len(persons) < GROUP_MIN:
        raise RefusedError(f"{whom.name} has fewer than five people, so its value would be that of persons.")
    return whom


def _span(ctx: Context, period: Span | None) -> Span:
    end = comparisons.whole_until(ctx.conn, ctx.today)
    return period or Span(end - timedelta(weeks=WEEKS), end, "in the last four weeks")


def _cost(ctx: Context, account_id: str, first: date, end: date) -> int:
    return sum(each.cost_nanos for each in spend.spent_by(ctx.conn, account_id, first, end, "provider"))


def _returns(ctx: Context, team: Account, span: Span, kind: str, cost: int, before: int | None) -> Iterator[Text]:
    """The note that more money brings less: dearer than thrice the median of the teams, and rising."""
    others = [
        _cost(ctx, each.id, span.first, span.end) // number
        for each in people.every_account(ctx.conn)
        if each.kind == "team" and each.id != team.id
        if (number := outcomes.counted(ctx.conn, each.id, span.first, span.end).get(kind, 0))
    ]
    if before is not None and cost > before and len(others) >= TEAMS_MIN and cost > TIMES * median(others):
        yield Text(
            "More money brings less here: one costs more than three times the median of the teams, and more than "
            "before. It is a question to the team, not a verdict: its work may be another one."
        )


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _shown(ctx: Context, nanos: int | None) -> str:
    return "–" if nanos is None else _money(ctx, nanos)


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
