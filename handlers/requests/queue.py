"""Requests that wait, as they are shown to whoever decides, to finance, and to whoever asked."""

from collections.abc import Collection
from datetime import timedelta

from handlers.card import Block, Button, Facts, Heading, Text
from handlers.context import Context
from handlers.requests.approvers import decider, deciders, to_be_asked
from handlers.requests.case import Case, cases_of
from handlers.requests.expiry import can_be_decided
from handlers.requests.quoted import reason_of
from handlers.requests.submit import waiting_case
from handlers.requests.wording import any_of, sum_of
from storage import requests

OWN_SINCE = timedelta(days=60)
ROWS_MAX = 10
LOOKS_MAX = 3
REASON_MAX = 60


def waiting_for(ctx: Context) -> list[Case]:
    """What waits for the decision of the one who speaks, oldest first."""
    asked = cases_of(ctx, requests.waiting_for(ctx.conn, ctx.person.id))
    here = [case for case in asked if decider(case, ctx.person) and can_be_decided(ctx, case)]
    return sorted(here, key=lambda case: case.request.id)


def in_queue(ctx: Context, case: Case) -> tuple[Block, ...]:
    """A request with its numbers and buttons, below a heading of its own."""
    first, *rest = waiting_case(ctx, case)
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
    facts = Facts(
        tuple((_in_short(ctx, case, case.name_of(case.request.asker_id)), _whom(ctx, case)) for case in cases)
    )
    older = [Text(ctx.t("The {n} oldest", n=ROWS_MAX), quiet=True)] if len(rows) > ROWS_MAX else []
    looks = (
        Button(ctx.t("Look at #{number}", number=case.request.id), f"history {case.request.handle}")
        for case in cases[:LOOKS_MAX]
    )
    return len(rows), (facts, *older, *looks)


def open_ones(ctx: Context) -> tuple[Block, ...]:
    """The requests of the one who speaks that are not decided yet."""
    own = [each for each in requests.mine(ctx.conn, ctx.person.id, ctx.now - OWN_SINCE) if each.state == "pending"]
    rows = (
        [(one, asked) for one, asked in requests.all_pending(ctx.conn) if one.asker_id == ctx.person.id] if own else []
    )
    cases = cases_of(ctx, rows)
    if not cases:
        return ()
    facts = Facts(
        tuple((_in_short(ctx, case, reason_of(ctx, case.request)[:REASON_MAX]), _whom(ctx, case)) for case in cases)
    )
    first = cases[0].request
    return (
        Heading(ctx.t("Your requests")),
        facts,
        Button(ctx.t("Send a reminder about #{number}", number=first.id), f"remind {first.handle}"),
        Button(ctx.t("All your requests"), "requests"),
    )


def _in_short(ctx: Context, case: Case, what: str) -> str:
    """A request in a line."""
    amount = sum_of(ctx, case.request, case.request.amount)
    return ctx.t("#{number} {what}: {amount}", number=case.request.id, what=what, amount=amount)


def _whom(ctx: Context, case: Case) -> str:
    """For whom it waits, by name, and since when."""
    found = to_be_asked(deciders(case))
    names = any_of(ctx, [case.name_of(each) for each in found]) if found else ctx.t("nobody")
    day = ctx.short_day(case.request.asked_at.astimezone(ctx.policy.zone).date())
    return ctx.t("waits for {names} since {day}", names=names, day=day)
