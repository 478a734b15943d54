"""Jobs of agents that a request allowed: what was granted is reserved, and at half of it the owner is asked.

Until the owner answers, `check` says no to the agent: a hook or an MCP client holds it. Where neither is, the owner is
asked all the same, and the job goes on.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.arguments import One
from handlers.budgets import statuses
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import CheckJobs
from storage import requests, reservations
from storage.people import Account
from storage.requests import Request
from storage.reservations import Reservation


def is_for_a_job(request: Request) -> bool:
    """Whether what is granted is reserved for a job: extra budget of an agent, in a unit that jobs are counted in."""
    return request.account_id.startswith("agent/") and not request.is_exception and request.unit != "credits"


def reserve_for_job(ctx: Context, request: Request) -> None:
    """Reserve what was granted to an agent, until the end of its last day."""
    account = ctx.account(request.account_id)
    if account is None or not is_for_a_job(request):
        return
    rule = next(iter(ctx.policy.rules_named(request.budget)), None)
    zone = ZoneInfo(rule.zone) if rule and rule.zone else ctx.policy.zone
    end = datetime.combine(request.until + timedelta(days=1), time(), zone).astimezone(UTC)
    reservations.reserve(
        ctx.conn,
        Reservation(
            id=0,
            account_id=account.id,
            by_id=request.asker_id,
            through="",
            external_id="",
            what=request.reason,
            model="",
            amount=request.resolved_amount,
            unit=request.unit,
            day=ctx.today,
            spent_before=reservations.spent_since(ctx.conn, account.id, ctx.today, request.unit),
            reserved_at=ctx.now,
            counts_until=end,
            state="held",
            ended_at=None,
            cost=None,
            request_id=request.id,
            asked_at=None,
            continued_by="",
        ),
    )


def end_job(ctx: Context, request: Request) -> None:
    """Let go of what was reserved for the job of a request, if anything is."""
    one = reservations.of_request(ctx.conn, request.id)
    if one and one.state == "held":
        reservations.save(ctx.conn, one, replace(one, state="released", ended_at=ctx.now))


def is_at_checkpoint(one: Reservation, arrived: int) -> bool:
    """Whether half of a job is spent and nobody has let it go on.

    Args:
        one: a reservation that is held.
        arrived: what has arrived of it as charges.
    """
    return one.request_id is not None and not one.continued_by and arrived * 2 >= one.amount


def check_jobs(ctx: Context, _event: CheckJobs) -> None:
    """Ask the owners of agents whether jobs go on of which half is spent."""
    for one, arrived in reservations.at_checkpoint(ctx.conn, ctx.now):
        request, account = requests.find(ctx.conn, str(one.request_id)), ctx.account(one.account_id)
        owner = ctx.somebody(account.owner_id) if account else None
        if request is None or account is None or owner is None or not owner.active:
            continue
        reservations.save(ctx.conn, one, replace(one, asked_at=ctx.now))
        theirs = replace(ctx, person=owner)
        left = theirs.amount(max(0, _left(ctx, account, request)), one.unit)
        card = Card(
            theirs.t("{agent} has {amount} left. Let it continue?", agent=account.name, amount=left),
            (
                Facts(
                    (
                        (theirs.t("Request"), f"#{request.id}"),
                        (theirs.t("Reserved"), theirs.amount(one.amount, one.unit)),
                        (theirs.t("Spent since"), theirs.amount(arrived, one.unit)),
                    )
                ),
                Text(theirs.t("Until you answer, it is held wherever it asks Bursar first: by a hook or by MCP.")),
                Button(theirs.t("Continue"), f"continue {request.handle}", style="primary"),
                Button(theirs.t("Stop and return the rest"), f"return-grant {request.handle}", style="danger"),
            ),
        )
        theirs.tell(owner.id, f"half/{request.id}", card)


def _left(ctx: Context, account: Account, request: Request) -> int:
    """What is left of the budget that the job is paid from."""
    found = (each.left for each in statuses(ctx, account) if each.budget.name == request.budget)
    return next(found, 0)


def continue_(ctx: Context, number: One) -> Card:
    """Let the job of an agent of yours go on, of which half is spent; said by a button."""
    request = requests.find(ctx.conn, number)
    one = reservations.of_request(ctx.conn, request.id) if request else None
    account = ctx.account(one.account_id) if one else None
    if request is None or one is None or account is None or account.owner_id != ctx.person.id:
        raise RefusedError("You have no job with that number.")
    if one.state != "held" or one.counts_until <= ctx.now:
        raise RefusedError("The job of request #{number} has already ended.", number=request.id)
    if not one.continued_by:
        reservations.save(ctx.conn, one, replace(one, continued_by=ctx.person.id))
        ctx.deed("continued", f"request/{request.id}", "owner")
    card = Card(ctx.t("{agent} goes on", agent=account.name), tone="good")
    ctx.tell(ctx.person.id, f"half/{request.id}", card, again=True)
    return card
