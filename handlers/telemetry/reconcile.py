"""Telemetry held against what providers report, day by day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from handlers.access import sees_all
from handlers.arguments import When
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent
from handlers.policy import PROGRAMS
from handlers.provenance import as_of
from handlers.telemetry.counting import is_settled
from handlers.telemetry.uses import costs_of
from storage import telemetry
from storage.tables import ORGANIZATION, UNALLOCATED

DAYS, DAYS_MAX = 7, 62
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Day:
    """What was told and reported on a day (UTC) of whom programs told something, in the house currency."""

    speaker: str
    day: date
    told: int
    reported: int
    missing: int
    final: bool


def reconcile(ctx: Context, period: When = None) -> Card:
    """Hold what programs told against what their providers reported, by day: “reconcile last week”.

    For finance and admins. Reported is all that the provider reports of the people and agents whose programs told
    something on that day. More told than reported is usage that the provider does not know of, or knows of under
    another name.
    """
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    first, end = (period.first, period.end) if period else (ctx.today - DAYS * ONE_DAY, ctx.today + ONE_DAY)
    if (end - first).days > DAYS_MAX:
        raise RefusedError("Choose at most {n} days, such as: reconcile last month", n=DAYS_MAX)
    start, stop = (datetime.combine(day, time(), UTC) for day in (first, end))
    told: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    alone: dict[str, int] = defaultdict(int)
    for use, cost in costs_of(ctx, telemetry.used_by(ctx.conn, ORGANIZATION, start, stop, "tier")):
        speaker = ctx.policy.speaker(use.program)
        if speaker:
            told[speaker, use.day][use.account_id] += cost or 0
        else:
            alone[use.program] += cost or 0
    days = _days(ctx, told)
    unit = ctx.policy.organization.currency
    blocks: list[Block] = [_table(ctx, speaker, days) for speaker in dict.fromkeys(each.speaker for each in days)]
    for program, cost in sorted(alone.items()):
        words = ctx.t(
            "{program}: {amount} told. No provider reports it.",
            program=ctx.t(PROGRAMS[program].title),
            amount=ctx.amount(cost, unit),
        )
        blocks.append(Text(words))
    blocks += [Button(ctx.t("What is not linked?"), "link"), as_of(ctx)]
    if not days and not alone:
        return Card(ctx.t("No telemetry came in on these days"), tuple(blocks))
    whole = ctx.amount(sum(each.told for each in days) + sum(alone.values()), unit)
    reported = ctx.amount(sum(each.reported for each in days), unit)
    return Card(ctx.t("{told} told, {reported} reported", told=whole, reported=reported), tuple(blocks))


def _days(ctx: Context, told: Mapping[tuple[str, date], Mapping[str, int]]) -> list[_Day]:
    read = telemetry.told_at(ctx.conn, {speaker for speaker, _ in told}, {day for _, day in told})
    found = []
    for (speaker, day), costs in sorted(told.items()):
        reported: dict[str, int] = defaultdict(int)
        # Of what is nobody's it cannot be said whose it is over there.
        for each in telemetry.reported(ctx.conn, speaker, day, costs.keys() - {UNALLOCATED}):
            reported[each.account_id] += each.cost_house
        missing = sum(max(0, cost - reported.get(account, 0)) for account, cost in costs.items())
        final = is_settled(day, read.get((speaker, day)))
        found.append(_Day(speaker, day, sum(costs.values()), sum(reported.values()), missing, final))
    return found


def _table(ctx: Context, speaker: str, days: Sequence[_Day]) -> Table:
    unit = ctx.policy.organization.currency
    rows = tuple(
        (
            ctx.day(each.day),
            ctx.amount(each.told, unit),
            ctx.amount(each.reported, unit),
            ctx.amount(each.missing, unit),
            ctx.percent(percent(each.missing, each.told)),
            ctx.t(N_("final")) if each.final else ctx.t(N_("so far")),
        )
        for each in days
        if each.speaker == speaker
    )
    columns = (
        ctx.t("Day (UTC)"),
        ctx.t("Told"),
        ctx.t("Reported"),
        ctx.t("Missing there"),
        ctx.t("Share"),
        ctx.t("State"),
    )
    vendor = ctx.policy.vendor(speaker)
    caption = ctx.t("Telemetry and {service}", service=vendor.service if vendor else speaker)
    return Table(caption, columns, rows, "lrrrrl")
