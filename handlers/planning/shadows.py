"""Shadow budgets: evaluated fully, told to finance at the end of each period, and to nobody else.

What binds people knows nothing of them: they stand apart from all other budgets (Policy.shadows). What one of them
would have done is a replay of its period. When finance lets one count, it binds as a hard budget from its next period
on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.access import role_of, sees_all
from handlers.arguments import One
from handlers.budgets import STILL_MOVES, current
from handlers.card import Block, Button, Card, Facts, Heading, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import CheckShadows, ReportShadow
from handlers.money import percent
from handlers.periods import Period, period_of
from handlers.planning.cards import falls, stops_table
from handlers.planning.history import History, load
from handlers.planning.proposal import Window
from handlers.planning.trial import Tried, tried
from handlers.policy import Budget, Policy
from handlers.provenance import as_of
from storage import people, promotions
from storage.tables import ORGANIZATION

TOLD_WITHIN = timedelta(days=10)
DAY = timedelta(days=1)


def counting(policy: Policy, starts: Mapping[str, date], now: datetime) -> set[str]:
    """The names of the shadow budgets whose day has come."""
    zones = {each.name: ZoneInfo(each.zone) if each.zone else policy.zone for each in policy.shadows}
    return {name for name, first in starts.items() if name in zones and first <= now.astimezone(zones[name]).date()}


def lab(ctx: Context) -> Card:
    """Shadow budgets, and what each would have done in this period and in the last one. For finance and admins."""
    _refuse_others(ctx)
    families = _families(ctx.policy.shadows)
    if not families:
        how = ctx.t("Add a budget to app.yaml with “limit: shadow”: it counts and tells you, and binds nobody.")
        return Card(ctx.t("There are no shadow budgets"), (Text(how),))
    starts = promotions.starts(ctx.conn)
    blocks: list[Block] = []
    for family in families:
        blocks += _of_family(ctx, family, starts.get(family[0].name))
    title = ctx.nt("{n} shadow budget", "{n} shadow budgets", len(families))
    return Card(title, (*blocks, as_of(ctx)))


def promote(ctx: Context, budget: One) -> Card:
    """Let a shadow budget count from its next period on: “promote per-person-next”. For finance and admins."""
    family = _family(ctx, budget)
    first = current(ctx, family[0]).end
    if not promotions.promote(ctx.conn, budget, first, ctx.person.id, ctx.now):
        raise RefusedError(
            "“{budget}” counts from {day} on.", budget=budget, day=ctx.last_day(promotions.starts(ctx.conn)[budget])
        )
    ctx.deed("promoted", f"budget/{budget}", role_of(ctx), f"from {first}")
    then = ctx.t("Write “limit: hard” into app.yaml after that day, so that the file says what counts.")
    undo = Button(ctx.t("Take it back"), f"demote {budget}")
    return Card(
        ctx.t("“{budget}” will count from {day} on", budget=budget, day=ctx.last_day(first)), (Text(then), undo), "good"
    )


def demote(ctx: Context, budget: One) -> Card:
    """Take back that a shadow budget will count, before its day: “demote per-person-next”. For finance and admins."""
    family = _family(ctx, budget)
    today = current(ctx, family[0])
    if not promotions.take_back(ctx.conn, budget, today.end - DAY):
        raise RefusedError(
            "“{budget}” is not going to count, or it counts already. To let it bind nobody, take it out of app.yaml.",
            budget=budget,
        )
    ctx.deed("demoted", f"budget/{budget}", role_of(ctx))
    return Card(ctx.t("“{budget}” stays a shadow budget", budget=budget))


def check_shadows(ctx: Context, _event: CheckShadows) -> None:
    """Have finance told of periods of shadow budgets that are over and whose figures no longer move."""
    binding = {each.name for each in ctx.policy.budgets}
    shadows = {each.name for each in ctx.policy.shadows}
    promotions.forget(ctx.conn, promotions.starts(ctx.conn).keys() & (binding - shadows))
    for family in _families(each for each in ctx.policy.shadows if each.name not in binding):
        last = _last(ctx, family[0])
        if last.end + STILL_MOVES <= ctx.today < last.end + STILL_MOVES + TOLD_WITHIN:
            name = family[0].name
            ctx.emit(f"{name}/{last.first}", ReportShadow(name, f"{last.first}"))


def report_shadow(ctx: Context, event: ReportShadow) -> None:
    """Tell all of finance what a shadow budget would have done in a period."""
    family = tuple(each for each in ctx.policy.shadows if each.name == event.budget)
    if not family:
        return
    period = period_of(date.fromisoformat(event.first), family[0].every, ctx.policy.budget_calendar)
    for person in people.people_with_role(ctx.conn, "finance"):
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"shadow/{event.budget}/{event.first}", _report(theirs, family, period))


def _report(ctx: Context, family: Sequence[Budget], period: Period) -> Card:
    history = load(ctx, ORGANIZATION, period.first, period.end)
    found = _tried(ctx, family, history, period)
    name = family[0].name
    title = ctx.nt(
        "Shadow budget “{budget}”: {n} account would have reached it",
        "Shadow budget “{budget}”: {n} accounts would have reached it",
        len(found.figures.stopped),
        budget=name,
    )
    blocks: list[Block] = [
        Facts(tuple(_facts(ctx, found, period))),
        *falls(ctx, history, found.figures),
        *_button(ctx, name, promotions.starts(ctx.conn).get(name)),
        as_of(ctx, history.tokens_unpriced, period.first, period.end),
    ]
    return Card(title, tuple(blocks), thread=tuple(stops_table(ctx, history, found.replayed.stops)))


def _of_family(ctx: Context, family: Sequence[Budget], starts: date | None) -> Iterator[Block]:
    """A shadow budget in this period and in the last one."""
    yield Heading(family[0].name)
    for period in (_last(ctx, family[0]), current(ctx, family[0])):
        facts = _facts(ctx, _tried(ctx, family, load(ctx, ORGANIZATION, period.first, period.end), period), period)
        yield Facts(tuple(facts))  # nothing of a period is kept while the next is looked at
    yield from _button(ctx, family[0].name, starts)


def _tried(ctx: Context, family: Sequence[Budget], history: History, period: Period) -> Tried:
    """What a shadow budget alone would have done if it had bound."""
    hard = [each.model_copy(update={"limit": "hard"}) for each in family]
    return tried(ctx, ctx.policy, history, hard, "as then", Window(period.first, period.end, period.every))


def _facts(ctx: Context, found: Tried, period: Period) -> Iterator[tuple[str, str]]:
    figures = found.figures
    last = min(period.end - DAY, ctx.today)
    yield ctx.t("Period"), ctx.t("{first} to {last}", first=ctx.day(period.first), last=ctx.last_day(last))
    yield (
        ctx.t("Would reach it"),
        ctx.t("{n} of {all} people and agents", n=len(figures.stopped), all=figures.spenders),
    )
    if figures.earliest:
        yield ctx.t("The earliest"), ctx.day(figures.earliest)
    yield (
        ctx.t("Not spent"),
        ctx.t(
            "at most {amount} ({percent} %)",
            amount=ctx.estimate(figures.most_nanos, ctx.policy.organization.currency),
            percent=percent(figures.most_nanos, figures.spent_nanos),
        ),
    )


def _button(ctx: Context, name: str, starts: date | None) -> Iterator[Block]:
    if starts is None:
        sure = ctx.t("From its next period on it stops people. Go on?")
        yield Button(ctx.t("Let it count"), f"promote {name}", confirm=sure)
    elif starts > ctx.today:
        yield Text(ctx.t("It will count from {day} on.", day=ctx.last_day(starts)))
        yield Button(ctx.t("Take it back"), f"demote {name}")
    else:
        yield Text(ctx.t("It counts since {day}. Write “limit: hard” into app.yaml.", day=ctx.last_day(starts)))


def _refuse_others(ctx: Context) -> None:
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins see shadow budgets.")


def _family(ctx: Context, name: str) -> tuple[Budget, ...]:
    """The rules of a shadow budget.

    Raises:
        RefusedError: there is none of that name, or it is not for the asker.
    """
    _refuse_others(ctx)
    family = tuple(each for each in ctx.policy.shadows if each.name == name)
    if not family:
        raise RefusedError("There is no shadow budget “{budget}” in app.yaml. To see them, say: lab", budget=name)
    return family


def _families(shadows: Iterable[Budget]) -> list[tuple[Budget, ...]]:
    found: dict[str, list[Budget]] = {}
    for each in shadows:
        found.setdefault(each.name, []).append(each)
    return [tuple(family) for family in found.values()]


def _last(ctx: Context, budget: Budget) -> Period:
    """The period before the present one."""
    return period_of(current(ctx, budget).first - DAY, budget.every, ctx.policy.budget_calendar)
