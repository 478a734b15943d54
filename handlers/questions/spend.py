"""Where it went."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

from handlers.access import is_for_all, ours, refuse_parts_of_months, told_span
from handlers.arguments import SORTED_BY, Chosen, OneOf, OnModels, OrFile, Page, Sorted, When, Whom
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent, show_count
from handlers.pages import Part, as_file, part_of
from handlers.periods import called_after
from handlers.provenance import as_of, begun_later, known_cost, spent_in_words, spent_on_in_words
from handlers.questions.breakdown import (
    CAPTIONS,
    HEADS,
    OTHERS,
    WAYS,
    added,
    cells,
    few_behind,
    named,
    named_on,
    rows_of,
    rows_on,
    without_few,
)
from handlers.questions.spend_chart import chart_of
from handlers.questions.whose import asked_about, headed, said_of
from handlers.spans import Span
from handlers.telemetry import DIMENSIONS
from storage.people import Account
from storage.spend import Spent, spent_by

By = Annotated[str, OneOf("by", WAYS, but=SORTED_BY)]

OWN = ("person", "agent", "key", "hour", *DIMENSIONS)
"""What tells of single people, or may."""
OF_SEVERAL = ("team", "person")
"""What a single account cannot be divided by, so that whoever names none means all that they may see together."""
TOTALS = ("team", "month")
"""What tells totals of groups, which viewers see of the month that runs, too."""
WAYS_ON = ("day", "week")
NOT_DRAWN = ("hour", *DIMENSIONS)
HOURS_OF_DAYS_MAX = 7


def spend(
    ctx: Context,
    whom: Whom = None,
    by: By = "model",
    period: When = None,
    order: Sorted = "",
    page: Page = 1,
    as_csv: OrFile = False,
    on: OnModels = None,
) -> Card:
    """Where the money went: by model, day, team, person and more.

    Say by what: model, hour, day, week, month, provider, team, person, agent, key, tier or kind of tokens; where
    programs send telemetry, also skill, subagent, mcp (server), source, speed or effort. Say whose and when, in any
    order: “spend of team search by day last week”, “spend by key october”, “spend 2026-10-01..2026-10-15”.
    Without words it is yours, by model, this month. “spend on opus last month” counts some models only; a provider or a
    tier is named the same way.

    A long list has several pages: “spend by key page 2”. “spend by key as csv” sends you all of it as a file, and
    “spend by team sorted by name” puts it in the order of the alphabet. People always stand in that order.
    """
    account = asked_about(ctx, whom or (ours(ctx) if by in OF_SEVERAL else None), "spend of team search")
    ctx.ask_about(account.id)
    month = ctx.period(ctx.today, "month")
    span = period or Span(month.first, month.end, ctx.t("this month"))
    if by == "hour":
        span = _few_days(ctx, period)
    span = span if by == "hour" else _told(ctx, account, by, period or span, is_usual=period is None, on=on)
    if on:
        by = "week" if on.provider and by == "model" else by
        rows = rows_on(ctx, account, by, span, on)
    else:
        rows = without_few(rows_of(ctx, account, by, span, order), few_behind(ctx, account, by, span))
    whole = added("", rows)
    counted = added("", spent_by(ctx.conn, account.id, span.first, span.end, "provider")) if by == "hour" else whole
    title = headed(ctx, account, _title(ctx, by, counted, span, on))
    if as_csv:
        columns, lines = cells(by, rows, ctx.policy.organization.currency)
        return as_file(ctx, title, f"spend {account.name}{named_on(on)} by {by} {span.first}", columns, lines)
    part = part_of(rows, page)
    blocks: list[Block] = []
    if not rows:
        to_come = span.first > ctx.today
        none = N_("These days are still to come.") if to_come else N_("No usage was reported for these days.")
        none = N_("No program told this on these days.") if by in DIMENSIONS and not to_come else none
        none = N_("No hours of these days are known.") if by == "hour" and not to_come else none
        blocks.append(Text(ctx.t(none)))
    else:
        drawn = part.number == 1 and by not in NOT_DRAWN and not on
        chart = chart_of(ctx, account, by, span) if drawn else None
        if on:
            blocks.append(Text(_of_all(ctx, account, whole, span)))
        blocks += [_table(ctx, by, part, whole, span), *([chart] if chart else [])]
    if by in ("day", "week") and any(each.name == OTHERS for each in rows):
        blocks.append(Text(ctx.t("“Others” are days on which fewer than five people spent anything."), quiet=True))
    if by in DIMENSIONS and rows:
        blocks.append(
            Text(ctx.t("As programs told it themselves; what providers report may be more or less."), quiet=True)
        )
    if by == "hour" and rows:
        known = ctx.amount(whole.cost_nanos, ctx.policy.organization.currency)
        blocks.append(
            Text(
                ctx.t(
                    "{amount} is known by the hour, in part as an estimate. What counts is told by the day.",
                    amount=known,
                ),
                quiet=True,
            )
        )
    blocks += [*begun_later(ctx, span.first), as_of(ctx, whole.tokens_unpriced, span.first, span.end)]
    personal = by in OWN or not is_for_all(ctx, account.id, span)
    of, when = said_of(ctx, account), f" {span.words}" if span.words else ""
    sorted_ = f" sorted by {order}" if order else ""
    says = f"spend{of}{named_on(on)}"
    turn = part.buttons(ctx, f"{says} by {by}{sorted_}{when}")
    ways = _ways(ctx, account, by, says, when, only=WAYS_ON if on else None)
    return Card(title, (*blocks, *turn, *ways), personal=personal)


def _told(ctx: Context, account: Account, by: str, span: Span, *, is_usual: bool, on: Chosen | None) -> Span:
    """The days as far as whoever asks is told of them: a viewer of whole months, as far as these are told."""
    last = ctx.period(ctx.period(ctx.today, "month").first - timedelta(days=1), "month")
    example = f"spend{said_of(ctx, account)} {called_after(last.first):%Y-%m}"
    refuse_parts_of_months(ctx, span.first, span.end, example)
    parts = account.kind == "organization" and (by not in TOTALS or on is not None)
    return told_span(ctx, span, example, parts=parts, is_usual=is_usual)


def _few_days(ctx: Context, period: Span | None) -> Span:
    """The days whose hours are shown: today, or the few that were asked for."""
    span = period or Span(ctx.today, ctx.today + timedelta(days=1), ctx.t("today"), "today")
    if (span.end - span.first).days > HOURS_OF_DAYS_MAX:
        raise RefusedError("Choose at most {n} days, such as: spend yesterday by hour", n=HOURS_OF_DAYS_MAX)
    return span


def _title(ctx: Context, by: str, whole: Spent, span: Span, on: Chosen | None) -> str:
    if on:
        return spent_on_in_words(ctx, whole.cost_nanos, whole.tokens_unpriced, on.said, span.label)
    if by == "tokens":
        return ctx.t("{tokens} used {period}", tokens=ctx.amount(whole.tokens, "tokens"), period=span.label)
    return spent_in_words(ctx, whole.cost_nanos, whole.tokens_unpriced, span.label)


def _of_all(ctx: Context, account: Account, whole: Spent, span: Span) -> str:
    """How much some models are of all that was spent."""
    every = added("", spent_by(ctx.conn, account.id, span.first, span.end, "provider"))
    return ctx.t(
        "That is {percent} of the {amount} spent on all models.",
        percent=ctx.percent(percent(whole.cost_nanos, every.cost_nanos)),
        amount=ctx.amount(every.cost_nanos, ctx.policy.organization.currency),
    )


def _table(ctx: Context, by: str, part: Part[Spent], whole: Spent, span: Span) -> Table:
    """A page of the rows; those of the other pages are one more row, so that the sums agree."""
    lines = [(named(ctx, by, each.name, span), *_figures(ctx, by, each, whole)) for each in part.rows]
    if part.rest:
        more = ctx.nt("{n} more", "{n} more", len(part.rest))
        lines.append((more, *_figures(ctx, by, added("", part.rest), whole)))
    figures = ("Tokens", "Share") if by == "tokens" else ("Cost", "Share", "Tokens")
    heads = {"Tokens": ctx.t("Tokens"), "Share": ctx.t("Share"), "Cost": ctx.t("Cost")}
    columns = (ctx.t(HEADS[by]), *(heads[each] for each in figures))
    return Table(part.captioned(ctx, ctx.t(CAPTIONS[by])), columns, tuple(lines), "l" + "r" * len(figures))


def _figures(ctx: Context, by: str, sums: Spent, whole: Spent) -> tuple[str, ...]:
    """What a row says of its sums; tokens stand under a head that says so."""
    tokens = show_count(sums.tokens, ctx.locale)
    if by == "tokens":
        return tokens, ctx.percent(percent(sums.tokens, whole.tokens))
    unknown = sums.tokens_unpriced > 0 and not sums.cost_nanos
    share = "" if unknown else ctx.percent(percent(sums.cost_nanos, whole.cost_nanos))
    return known_cost(ctx, sums.cost_nanos, sums.tokens_unpriced), share, tokens


def _ways(
    ctx: Context, account: Account, by: str, says: str, when: str, *, only: Collection[str] | None
) -> tuple[Button, ...]:
    """Other ways to divide the same sum, or some of them only."""
    finer = ["person"] if account.kind in ("team", "organization") else ["key"]
    ways = ["model", "day", *finer] if only is None else only
    if ctx.only is not None:  # whoever sees groups only is told neither of single people nor of single days of a model
        ways = ["model", "day"] if only is None and account.kind == "organization" else ()
    return tuple(Button(ctx.t(CAPTIONS[way]), f"{says} by {way}{when}") for way in ways if way != by)
