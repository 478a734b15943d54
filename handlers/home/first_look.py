"""What stands on the Home tab, and answers `home`: first what waits for whoever reads, then what is left."""

from collections.abc import Iterator
from dataclasses import replace

from handlers.access import sees_all
from handlers.admin import late
from handlers.alerts import unusual
from handlers.card import Block, Button, Card, Facts, Heading, Tone
from handlers.context import Context
from handlers.questions import balance
from handlers.requests import Case, all_waiting, in_queue, open_ones, waiting_for

QUEUE_MAX = 8
"""So many requests are shown in full: with headings, bars, facts and buttons they are 40 of Slack's 100 blocks."""


def home(ctx: Context) -> Card:
    """What waits for you to decide, and what is left of your budget.

    Finance and admins also see every request that waits, unusual spending, and what is late.
    """
    mine, own = waiting_for(ctx), balance(ctx)
    if sees_all(ctx):
        return _of_finance(ctx, mine, own)
    if mine:
        title = ctx.nt("{n} request waits for you", "{n} requests wait for you", len(mine))
        there = ctx.on_a_page("/queue")
        return Card(title, (*_queue(ctx, mine), *there, *_below(own), *open_ones(ctx)), stale=own.stale)
    return replace(own, blocks=(*own.blocks, *open_ones(ctx), *ctx.on_a_page("/")))


def _of_finance(ctx: Context, mine: list[Case], own: Card) -> Card:
    """What finance watches over: what waits, what spends far above usual, what is late; then their own."""
    waiting, others = all_waiting(ctx, {case.request.id for case in mine})
    burning, spikes = unusual(ctx)
    delayed = late(ctx)
    blocks: list[Block] = [*_queue(ctx, mine)]
    said = [ctx.nt("{n} request waits for you", "{n} requests wait for you", len(mine))] if mine else []
    if others:
        blocks += [Heading(ctx.t("Requests that wait for others")), *others]
        said.append(ctx.nt("{n} request waits for others", "{n} requests wait for others", waiting))
    if spikes:
        blocks += [Heading(ctx.t("Unusual spending now")), *spikes]
        said.append(ctx.nt("{n} spike now", "{n} spikes now", burning))
    if delayed:
        blocks += [Heading(ctx.t("Late or not working")), Facts(delayed), Button(ctx.t("Status"), "status")]
        said.append(ctx.nt("{n} thing is late", "{n} things are late", len(delayed)))
    title = ctx.listed(said) if said else ctx.t("No request waits, and nothing is unusual or late")
    tone: Tone = "warn" if spikes or delayed else "plain"
    return Card(title, (*blocks, *_below(own), *open_ones(ctx)), tone, stale=own.stale)


def _below(own: Card) -> tuple[Block, ...]:
    """One's own balance, where it comes second."""
    return Heading(own.title), *own.blocks


def _queue(ctx: Context, mine: list[Case]) -> Iterator[Block]:
    """Requests for whoever reads, the oldest first, each with its numbers and what can be done."""
    for case in mine[:QUEUE_MAX]:
        yield from in_queue(ctx, case)
    if len(mine) > QUEUE_MAX:
        yield Button(ctx.nt("All {n} request", "All {n} requests", len(mine)), "requests")
