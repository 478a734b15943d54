"""Requests of programs: ask for more in the name of the person it works for, and see what has become of it."""

from collections.abc import Sequence
from datetime import timedelta

from handlers.context import Context
from handlers.language import N_
from handlers.programs.caller import Caller, CallRefusedError, account_of, amount_said, money
from handlers.programs.shapes import AskForMore, RequestAnswer, RequestList, SeeRequest, SeeRequests
from handlers.requests import Ask, ask_through
from storage import limits, requests
from storage.requests import Request

LOOK_AGAIN_S = {"proposed": 60, "pending": 60}
SEEN_FOR = timedelta(days=60)


def ask_for_more(ctx: Context, caller: Caller, call: AskForMore) -> RequestAnswer:
    """Ask for more. A person sends it on, another one decides."""
    account = account_of(ctx, caller, call.account)
    budget = next(iter(ctx.policy.rules_named(call.budget)), None) if call.budget else None
    if call.budget and budget is None:
        raise CallRefusedError("refused", "There is no budget “{budget}”.", budget=call.budget[:40])
    amount = amount_said(call.amount, ctx.policy.organization.currency)
    asked = ask_through(ctx, Ask(account, amount, call.reason, caller.name, budget, call.until))
    return _answer(ctx, asked)


def see_request(ctx: Context, caller: Caller, call: SeeRequest) -> RequestAnswer:
    """Say what has become of a request."""
    found = requests.find(ctx.conn, str(call.request))
    if found is None or not _may_see(ctx, caller, found):
        unknown = "There is no request {number} that this token may see."
        raise CallRefusedError("not-found", unknown, number=call.request)
    return _answer(ctx, found)


def see_requests(ctx: Context, caller: Caller, _call: SeeRequests) -> RequestList:
    """Say what was asked in the last 60 days."""
    found = requests.mine(ctx.conn, ctx.person.id, ctx.now - SEEN_FOR)
    ctx.look_up({each.account_id for each in found})
    return RequestList(requests=tuple(_answer(ctx, each) for each in found if _may_see(ctx, caller, each)))


def _may_see(ctx: Context, caller: Caller, found: Request) -> bool:
    """Their own requests but claims, for an account that is theirs to see; an agent's program those for the agent."""
    if found.asker_id != ctx.person.id or found.is_claim:
        return False
    try:
        account_of(ctx, caller, found.account_id)
    except CallRefusedError:
        return False
    return True


def _answer(ctx: Context, found: Request) -> RequestAnswer:
    waiting = _not_applied(ctx, found) if found.state == "approved" else ()
    granted = found.resolved_amount if found.state in ("approved", "revoked") else 0
    return RequestAnswer(
        request=found.id,
        account=found.account_id,
        state=found.state,
        asked=money(ctx, found.amount, found.unit),
        granted=money(ctx, granted, found.unit) if granted else None,
        applied=found.state == "approved" and not waiting,
        until=found.until,
        by_program=bool(found.through),
        ask_again_in_seconds=LOOK_AGAIN_S.get(found.state),
        message=_message(ctx, found, granted, waiting),
    )


def _not_applied(ctx: Context, found: Request) -> list[str]:
    """The providers that set the account's limit and are not known to have what was granted yet."""
    vendors = {each.name: each.service for each in ctx.policy.vendors if "set_limit" in each.can}
    here = {each.provider for each in limits.of_account(ctx.conn, found.account_id)} & vendors.keys()
    return sorted(vendors[each] for each in here - set(found.applied.split()))


def _message(ctx: Context, found: Request, granted: int, waiting: Sequence[str]) -> str:
    """What has become of it. What people wrote about it is not told: a model reads this."""
    number, amount = found.id, ctx.amount(found.amount, found.unit)
    match found.state:
        case "proposed":
            name = ctx.person.name
            return ctx.t(
                "Request {number} waits for {name} to send it on. Nothing is granted yet.", number=number, name=name
            )
        case "pending":
            return ctx.t("Request {number} for {amount} waits for a decision.", number=number, amount=amount)
        case "approved" if waiting:
            text = N_("Approved, but not yet in effect at {services}. Wait before you go on.")
            return ctx.t(text, services=ctx.listed(waiting))
        case "approved":
            return ctx.t("Approved: {amount}. It is in effect.", amount=ctx.amount(granted, found.unit))
        case "denied":
            return ctx.t("Request {number} was denied. Do not ask again; a person can.", number=number)
        case "withdrawn":
            return ctx.t("Request {number} was not sent. Do not ask again; a person can.", number=number)
        case "expired":
            return ctx.t("Request {number} has expired. Nobody decided it.", number=number)
        case _:
            return ctx.t("What was left of request {number} is returned.", number=number)
