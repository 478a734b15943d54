"""What the clock does about requests: it reminds, asks the manager above, refuses, and ends what was granted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from handlers.budgets import lately_ended, statuses
from handlers.card import Button
from handlers.context import Context
from handlers.events import CheckJobs, EndGrants, Escalate, RemindApprover, RequestExpired
from handlers.requests.approvers import deciders, to_be_asked
from handlers.requests.case import Case, load
from handlers.requests.follow import expire
from handlers.requests.jobs import check_jobs
from handlers.requests.lasting import end_exceptions
from handlers.requests.write import deed, record, take_back, tell_asker
from storage import requests, reservations
from storage.requests import Request

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
        expire(ctx, case, "silent")


def end_grants(ctx: Context, _event: EndGrants) -> None:
    """End grants and exceptions whose day is over, and tell those concerned a day before."""
    end_exceptions(ctx)
    moving = {(each.name, period.first) for each in ctx.policy.budgets for period in lately_ended(ctx, each)}
    for one in requests.grants_until(ctx.conn, ctx.today - timedelta(days=1)):
        if (one.budget, one.period_start) not in moving:  # what was spent of it in time may be reported late
            _end(ctx, one)
    for one in (each for each in requests.grants_until(ctx.conn, ctx.today) if each.until == ctx.today):
        tell_asker(ctx, one, _ends_tonight(one), _ask_again, key="ending")
    for one in requests.grants_until(ctx.conn, ctx.today + ANY_DAY):
        _ask_at_half(ctx, one)
    check_jobs(ctx, CheckJobs())


def _end(ctx: Context, one: Request) -> None:
    """Take back what is left of a grant whose last day is over."""
    ended = replace(one, ended_at=ctx.now, version=one.version + 1)
    if requests.save(ctx.conn, one, ended):
        take_back(ctx, ended)
        deed(ctx, ended, "ended", "its last day is over")


def _ask_at_half(ctx: Context, one: Request) -> None:
    """An agent's owner is asked whether to go on when half of what was granted for a job is spent."""
    account = ctx.account(one.account_id)
    if account is None or account.kind != "agent" or reservations.of_request(ctx.conn, one.id):
        return  # what is reserved has a checkpoint of its own
    here = (
        each
        for each in statuses(ctx, account)
        if (each.budget.name, each.period.first) == (one.budget, one.period_start)
    )
    status = next(here, None)
    if status and status.left * 2 <= one.granted:
        left = max(0, status.remaining)

        def title(theirs: Context) -> str:
            shown = theirs.amount(left, one.unit)
            return theirs.t("{agent} has {amount} left. Let it continue?", agent=account.name, amount=shown)

        def stop(theirs: Context) -> tuple[Button]:
            return (Button(theirs.t("Stop and return the rest"), f"return-grant {one.handle}", style="danger"),)

        tell_asker(ctx, one, title, stop, key="half")


def _ends_tonight(one: Request) -> Callable[[Context], str]:
    return lambda theirs: theirs.t(
        "Your extra budget of {amount} ends tonight",
        amount=theirs.amount(one.granted, one.unit),
    )


def _ask_again(theirs: Context) -> tuple[Button]:
    return (Button(theirs.t("Ask for more"), "request"),)


def _waiting(ctx: Context, timer: RemindApprover | Escalate | RequestExpired) -> Case | None:
    """The case of a timer, if it still waits at that stage."""
    case = load(ctx, str(timer.request_id))
    return case if case and (case.request.state, case.request.stage) == ("pending", timer.stage) else None
