"""What the clock does about requests: it reminds, asks the manager above, refuses, and ends what was granted."""

from dataclasses import replace
from datetime import timedelta

from handlers.budgets import statuses
from handlers.card import Button
from handlers.context import Context
from handlers.events import EndGrants, Escalate, RemindApprover, RequestExpired
from handlers.requests.approvers import deciders, to_be_asked
from handlers.requests.case import Case, load
from handlers.requests.write import deed, record, take_back, tell_asker
from storage import requests
from storage.requests import Request, Resolution

ANY_DAY = timedelta(days=400)
NO_ANSWER = "no answer in time"


def remind_approver(ctx: Context, event: RemindApprover) -> None:
    """Remind those who have not decided."""
    case = _waiting(ctx, event)
    if case:
        record(ctx, case, case, "nudged", NO_ANSWER, str(event.stage), anew=f"nudge/{event.stage}")


def escalate(ctx: Context, event: Escalate) -> None:
    """Ask the manager above, too, for want of an answer."""
    case = _waiting(ctx, event)
    if case:
        raised = case.changed(raised=case.request.raised + 1)
        record(ctx, case, raised.with_asked(to_be_asked(deciders(raised))), "raised", NO_ANSWER)


def request_expired(ctx: Context, event: RequestExpired) -> None:
    """Refuse a request that nobody decided."""
    case = _waiting(ctx, event)
    if case:
        ended = case.resolved(Resolution("expired", "clock", note="Nobody decided in time."), ctx.now)
        record(ctx, case, ended, "lapsed", NO_ANSWER)
        shown = ctx.amount(case.request.amount, case.request.unit)
        tell_asker(ctx, ended.request, f"Nobody decided on {shown} in time")


def end_grants(ctx: Context, _event: EndGrants) -> None:
    """End grants whose day is over, and tell askers a day before."""
    for one in requests.grants_until(ctx.conn, ctx.today - timedelta(days=1)):
        _end(ctx, one)
    for one in requests.grants_until(ctx.conn, ctx.today):
        extend = Button("Ask for more", "request")
        tell_asker(ctx, one, f"Your {ctx.amount(one.resolved_amount, one.unit)} end tonight", (extend,), key="ending")
    for one in requests.grants_until(ctx.conn, ctx.today + ANY_DAY):
        _ask_at_half(ctx, one)


def _end(ctx: Context, one: Request) -> None:
    """Take back what is left of a grant whose last day is over."""
    ended = replace(one, ended_at=ctx.now, version=one.version + 1)
    if requests.save(ctx.conn, one, ended):
        take_back(ctx, ended)
        deed(ctx, ended, "ended", "its last day is over")


def _ask_at_half(ctx: Context, one: Request) -> None:
    """An agent's owner is asked whether to go on when half of what was granted for a job is spent."""
    account = ctx.account(one.account_id)
    if account is None or account.kind != "agent":
        return
    here = (
        each
        for each in statuses(ctx, account)
        if (each.budget.name, each.period.first) == (one.budget, one.period_start)
    )
    status = next(here, None)
    if status and status.left * 2 <= one.resolved_amount:
        left = ctx.amount(max(0, status.left), one.unit)
        stop = Button("Stop: take back the rest", f"return-grant {one.handle}", style="danger")
        tell_asker(ctx, one, f"{account.name} has {left} left of what you asked: go on?", (stop,), key="half")


def _waiting(ctx: Context, timer: RemindApprover | Escalate | RequestExpired) -> Case | None:
    """The case of a timer, if it still waits at that stage."""
    case = load(ctx, str(timer.request_id))
    return case if case and (case.request.state, case.request.stage) == ("pending", timer.stage) else None
