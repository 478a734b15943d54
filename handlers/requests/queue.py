"""Requests that wait, as they are shown to whoever decides, to finance, and to whoever asked."""

from collections.abc import Collection
from datetime import timedelta

from handlers.card import Block, Button, Heading, Table, Text
from handlers.context import Context
from handlers.requests.approvers import decider, deciders, to_be_asked
from handlers.requests.case import Case, cases_of
from handlers.requests.expiry import can_be_decided
from handlers.requests.submit import _in_queue
from handlers.requests.wording import any_of, sum_of
from storage import requests

OWN_SINCE = timedelta(days=60)
ROWS_MAX = 10
LOOKS_MAX = 3


def waiting_for(ctx: Context) -> list[Case]:
    """What waits for the decision of the one who speaks, oldest first."""
    asked = cases_of(ctx, requests.waiting_for(ctx.conn, ctx.person.id))
    here = [case for case in asked if decider(case, ctx.person) and can_be_decided(ctx, case)]
    return sorted(here, key=lambda case: case.request.id)


def in_queue(ctx: Context, case: Case) -> tuple[Block, ...]:
    """A request with its numbers and buttons, below a heading of its own."""
    first, *rest = _in_queue(ctx, case)
    return (Heading(first.text) if isinstance(first, Text) else first, *rest)


def all_waiting(ctx: Context, but: Collection[int]) -> tuple[int, tuple[Block, ...]]:
    """Every request that waits for somebody, the oldest first, for finance; but for some of them.

    Returns:
        How many there are, and what shows them.
    """
    rows = [each for each in requests.all_pending(ctx.conn) if each[0].id not in but]
    if not rows:
        return 0, ()
    cases = sorted(cases_of(ctx, rows[:ROWS_MAX]), key=lambda case: case.request.id)
    table = Table(
        ctx.t("The {n} oldest", n=ROWS_MAX) if len(rows) > ROWS_MAX else "",
        (ctx.t("Request"), ctx.t("Asked by"), ctx.t("Amount"), ctx.t("Waits for"), ctx.t("Since")),
        tuple(
            (
                f"#{case.request.id}",
                case.name_of(case.request.asker_id),
                sum_of(ctx, case.request, case.request.amount),
                _whom(ctx, case),
                ctx.short_day(case.request.asked_at.astimezone(ctx.policy.zone).date()),
            )
            for case in cases
        ),
        "llrll",
    )
    looks = (
        Button(ctx.t("Look at #{number}", number=case.request.id), f"history {case.request.handle}")
        for case in cases[:LOOKS_MAX]
    )
    return len(rows), (table, *looks)


def open_ones(ctx: Context) -> tuple[Block, ...]:
    """The requests of the one who speaks that are not decided yet."""
    own = [each for each in requests.mine(ctx.conn, ctx.person.id, ctx.now - OWN_SINCE) if each.state == "pending"]
    rows = (
        [(one, asked) for one, asked in requests.all_pending(ctx.conn) if one.asker_id == ctx.person.id] if own else []
    )
    cases = cases_of(ctx, rows)
    if not cases:
        return ()
    table = Table(
        ctx.t("Your requests"),
        (ctx.t("Request"), ctx.t("Amount"), ctx.t("Waits for"), ctx.t("Reason")),
        tuple(
            (
                f"#{case.request.id}",
                sum_of(ctx, case.request, case.request.amount),
                _whom(ctx, case),
                case.request.reason[:60],
            )
            for case in cases
        ),
        "lrll",
    )
    first = cases[0].request
    return (
        table,
        Button(ctx.t("Send a reminder about #{number}", number=first.id), f"remind {first.handle}"),
        Button(ctx.t("All your requests"), "requests"),
    )


def _whom(ctx: Context, case: Case) -> str:
    """For whom it waits, by name."""
    found = to_be_asked(deciders(case))
    return any_of(ctx, [case.name_of(each) for each in found]) if found else ctx.t("nobody")
