"""A request comes into being: it is written down, and granted at once or sent to whoever decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.budgets import BudgetStatus, Share, give
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.policy import STAGES
from handlers.requests.approvers import Decider
from handlers.requests.case import Case, base_of, case_of, counts_of, in_all, make_background
from handlers.requests.routing import Route, ask_of, by_way_of_the_lead, route_of
from handlers.requests.wording import (
    sum_of,
)
from handlers.requests.write import at_its_stage, deed, grant, show
from storage import requests
from storage.people import NOBODY
from storage.requests import Request, RequestKind, Resolution, Wanted
from storage.tables import FOREVER

OPEN_MAX = 5
REASON_MAX = 500
NOTE_MAX = 500


@dataclass(frozen=True, slots=True)
class Opened:
    """A request that was just made: granted already if the rules say so, else who was asked to decide."""

    case: Case
    route: Route
    deciders: Sequence[Decider]


def open_request(
    ctx: Context,
    found: Sequence[BudgetStatus],
    status: BudgetStatus,
    amount: int,
    last: date,
    reason: str,
    origin: str = "",
    kind: RequestKind = "",
    share: Share | None = None,
    through: str = "",
    proposed: Request | None = None,
    draft: bool = False,
) -> Opened:
    """Make a request and send it where the rules say; a small one inside them is granted at once, if a person asks.

    Args:
        ctx: of whoever asks.
        found: how all budgets stand that bind the account.
        status: how the one stands of which more is asked; its account would spend.
        amount: how much more, in the budget's unit; of an exception the limit of a period.
        last: the last day, FOREVER for a permanent exception.
        reason: what for.
        origin: "provider/id" of the provider's own request, "" if it is asked here.
        kind: "exception" for another limit than app.yaml gives.
        share: what the account has of the pool, if a share of one is asked for.
        through: the program that asks in the speaker's stead, "" if they ask themself.
        proposed: what a program asked for and the speaker sends on now; it becomes the request.
        draft: only write it down, as proposed by the program.

    Raises:
        RefusedError: too many wait already, no rule fits, or nobody can be found who decides.
    """
    budget, account_id = status.budget, status.account_id
    line = ctx.line(account_id)
    most = ctx.policy.requests.most(budget.unit)
    more = amount - base_of(ctx, budget).allotment if kind == "exception" else amount
    if most is not None and more > most:
        raise RefusedError(
            "You can ask for at most {amount} at once.", fault="amount", amount=ctx.amount(most, budget.unit)
        )
    counts = counts_of(ctx, account_id, ctx.person.id, budget, budget.unit, status.period.first)
    if counts.open >= OPEN_MAX and not origin:
        raise RefusedError("You have {n} open requests. Wait for a decision, or withdraw one.", n=OPEN_MAX)
    ask = ask_of(status, more, found, line, counts)
    if kind == "exception":
        ask = replace(ask, amount=in_all(ctx, budget, more, last), permanent=last == FOREVER)
    rules = tuple(each for each in ctx.policy.approvals if not through or draft or each.stages[0].by != "nobody")
    route = route_of(rules, ask)
    if share is not None:
        route = by_way_of_the_lead(ctx, route, ask, share, line)
    wanted = Wanted(
        asker_id=ctx.person.id,
        account_id=account_id,
        budget=budget.name,
        period_start=status.period.first,
        until=last,
        amount=amount,
        unit=budget.unit,
        reason=reason,
        stages=STAGES.dump_json(route.stages).decode(),
        origin=origin,
        kind=kind,
        share_base=share.used if share is not None and not share.has_one else None,
        through=through,
    )
    if draft:
        return Opened(case_of(ctx, requests.ask_for(ctx.conn, wanted, ctx.now, "proposed"), ()), route, ())
    asked = _sent_on(ctx, proposed, wanted) if proposed else requests.ask_for(ctx.conn, wanted, ctx.now)
    said = "" if asked.through else f": {reason}"  # what a program wrote is in the audit of nobody
    deed(ctx, asked, "asked", "asker", f"{sum_of(ctx, asked, amount)}{said}")
    if route.stages[0].by == "nobody":
        return Opened(_granted(ctx, asked, share), route, ())
    case, deciders = at_its_stage(ctx, case_of(ctx, replace(asked, before=max(counts.granted, counts.amount)), ()))
    requests.note_asked(ctx.conn, asked.id, case.asked)
    show(ctx, case, {}, make_background(ctx, asked, found, counts))
    return Opened(case, route, deciders)


def _sent_on(ctx: Context, proposed: Request, wanted: Wanted) -> Request:
    """What a program asked for, when the person it works for asks for it.

    Raises:
        RefusedError: it was sent or withdrawn meanwhile.
    """
    asked = replace(
        proposed,
        state="pending",
        version=proposed.version + 1,
        stages=wanted.stages,
        share_base=wanted.share_base,
        asked_at=ctx.now,
    )
    if not requests.save(ctx.conn, proposed, asked):
        raise RefusedError(
            "Request #{number} was changed or decided a moment ago. Nothing was saved; look at it again.",
            number=proposed.id,
        )
    return asked


def _granted(ctx: Context, asked: Request, share: Share | None) -> Case:
    """What is inside the rules is granted in the same breath; a share out of what is free in the pool."""
    case = Case(asked, ctx.line(asked.account_id), (), NOBODY)
    if share is not None:
        given = min(asked.amount, max(0, share.free))
        give(ctx, share, f"share/{asked.id}", given)
        case = case.changed(amount=asked.amount - given, given=given)
    resolved = case.resolved(Resolution("approved", "rules", case.request.amount), ctx.now)
    requests.save(ctx.conn, asked, resolved.request)
    if resolved.request.resolved_amount:
        grant(ctx, resolved.request)
    deed(ctx, resolved.request, "approved", "approval policy", sum_of(ctx, asked, asked.amount))
    return resolved


def check_reason(reason: str, example: str = "request 50 finish the migration") -> None:
    """Refuse what says nothing, or too much.

    Raises:
        RefusedError: as said; the example is what would be right.
    """
    if not reason:
        raise RefusedError("Say what it is for, for example: {example}", fault="reason", example=example)
    if len(reason) > REASON_MAX:
        raise RefusedError("The reason is too long. Use at most {n} characters.", fault="reason", n=REASON_MAX)


def last_day_asked(ctx: Context, status: BudgetStatus, until: date | None) -> date:
    """The last day of what is asked for: as said, within the period; else the last one of the period."""
    end = status.period.end - timedelta(days=1)
    if until is None:
        return end
    if until < ctx.today:
        raise RefusedError("{day} is in the past. Choose a day to come.", fault="until", day=ctx.day(until))
    if until > end:
        raise RefusedError(
            "The budget resets on {reset}. Choose {last} or an earlier day.",
            fault="until",
            reset=ctx.day(status.period.end),
            last=ctx.day(end),
        )
    return until
