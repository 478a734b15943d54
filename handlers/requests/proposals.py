"""What a program asks for: first shown to the person it works for, who sends it on or not.

A program gets no more than that person could ask for: it is asked in their name, of their budget or their agent's, by
the same rules. Until they send it, nobody else sees it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from handlers.arguments import One, units_above_zero
from handlers.budgets import BudgetStatus, refuse_too_much, share_of
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import ProposalExpired
from handlers.money import Amount
from handlers.policy import Budget
from handlers.questions import gauge, looked_at
from handlers.requests.case import Case, load
from handlers.requests.effect import after_it
from handlers.requests.expiry import in_words, why_expired
from handlers.requests.messages import asked_by
from handlers.requests.opening import last_day_asked, open_request
from handlers.requests.quoted import clean, reason_of
from handlers.requests.submit import chosen_of, opened_card, own_statuses
from handlers.requests.write import deed
from storage import requests
from storage.people import Account
from storage.requests import Request, Resolution

WAITS = timedelta(days=3)
"""So long a program's request waits for the person it works for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a program asks for.

    Args:
        account: who would spend: the speaker's own account, or an agent that they own.
        amount: how much more.
        reason: what for, in the program's words.
        through: the program, as its token is called.
        budget: of which budget, None for the one that limits the account first.
        until: the last day, None for the budget's.
    """

    account: Account
    amount: Amount
    reason: str
    through: str
    budget: Budget | None = None
    until: date | None = None


def ask_through(ctx: Context, ask: Ask) -> Request:
    """Ask for more in the stead of the person who speaks.

    Returns:
        The request: proposed to that person, or sent on if the policy does not have them asked first.

    Raises:
        RefusedError: the person could not ask for it either; or the program asks too often, or was denied.
    """
    found = looked_at(ctx, ask.account)
    status = chosen_of(own_statuses(ctx, ask.account, found), ask.budget, ask.account)
    share = share_of(ctx, found, status.budget, ask.account) if status.budget.is_pool else None
    status = share.status if share else status
    units = units_above_zero(ask.amount, status.budget.unit)
    refuse_too_much(ctx, status, units)
    last, reason = last_day_asked(ctx, status, ask.until), clean(ask.reason)
    if not reason:
        raise RefusedError("Say what it is for in plain words.", fault="reason")
    _not_too_often(ctx, status)
    draft = ctx.policy.programs.ask_first == "owner"
    made = open_request(ctx, found, status, units, last, reason, share=share, through=ask.through, draft=draft)
    proposed = made.case.request
    if not draft:
        return proposed
    deed(ctx, proposed, "proposed", "token", ctx.amount(units, proposed.unit))
    ctx.emit(str(proposed.id), ProposalExpired(proposed.id), ctx.now + WAITS)
    ctx.tell(ctx.person.id, _key(proposed), _to_send(ctx, made.case, status))
    return proposed


def _not_too_often(ctx: Context, status: BudgetStatus) -> None:
    """A program that asks again and again, or after a no, is refused; a person may always ask."""
    since = datetime.combine(status.period.first, time(), ctx.policy.zone)
    before = requests.through_programs(ctx.conn, status.account_id, min(since, ctx.now - timedelta(days=1)))
    waiting = next((each for each in before if each.state in ("proposed", "pending")), None)
    if waiting:
        raise RefusedError("Request #{number} is not decided yet. Wait for it, do not ask again.", number=waiting.id)
    if before and before[0].state in ("denied", "withdrawn"):
        raise RefusedError(
            "Request #{number} was not granted. Only a person can ask again: {example}",
            number=before[0].id,
            example="request 50 …",
        )
    most = ctx.policy.programs.requests_a_day
    if sum(each.asked_at > ctx.now - timedelta(days=1) for each in before) >= most:
        raise RefusedError("Programs may ask at most {n} times a day. A person can always ask.", n=most)


def _to_send(ctx: Context, case: Case, status: BudgetStatus) -> Card:
    """What the person it works for sees: our figures first, then the program's words, quoted."""
    request, account = case.request, case.account
    amount = ctx.amount(request.amount, request.unit)
    title = (
        ctx.t("{agent} wants to ask for {amount} more", agent=account.name, amount=amount)
        if account and account.kind == "agent"
        else ctx.t("A program of yours wants to ask for {amount} more", amount=amount)
    )
    facts = (
        (ctx.t("Request"), f"#{request.id}"),
        *asked_by(ctx, case),
        (ctx.t("Budget"), request.budget),
        (ctx.t("Until"), ctx.day(request.until)),
        after_it(ctx, status, request.amount, request),
    )
    return Card(
        title,
        (
            gauge(ctx, status),
            Facts(facts),
            Text(reason_of(ctx, request)),
            Text(ctx.t("Nothing is sent yet. If you send it, it goes on in your name."), quiet=True),
            Button(ctx.t("Send"), f"send {request.handle}", style="primary"),
            Button(ctx.t("Don't send"), f"dont-send {request.handle}"),
        ),
        "warn",
    )


def send(ctx: Context, number: One) -> Card:
    """Send on what a program of yours asks for; said by a button."""
    case = _proposed(ctx, number)
    request = case.request
    found = looked_at(ctx, case.account) if case.account else []
    status = next((each for each in found if each.budget.name == request.budget), None)
    why = why_expired(ctx, case)
    if case.account is None or status is None or why not in ("", "nobody"):
        text, values = in_words(ctx, case, why)
        raise RefusedError(text, **values)
    share = share_of(ctx, found, status.budget, case.account) if status.budget.is_pool else None
    status = share.status if share else status
    made = open_request(
        ctx, found, status, request.amount, request.until, request.reason, share=share, proposed=request
    )
    _settled(ctx, case, ctx.t("You sent it on."))
    return opened_card(ctx, made, found, status)


def dont_send(ctx: Context, number: One) -> Card:
    """Do not send on what a program of yours asks for; said by a button."""
    case = _proposed(ctx, number)
    ended = case.resolved(Resolution("withdrawn", ctx.person.id), ctx.now)
    _save(ctx, case.request, ended.request)
    deed(ctx, ended.request, "not sent", "asker")
    _settled(ctx, case, ctx.t("You did not send it."))
    return Card(ctx.t("Request #{number} is not sent", number=case.request.id))


def proposal_expired(ctx: Context, event: ProposalExpired) -> None:
    """End a program's request that the person it works for has not sent on."""
    case = load(ctx, str(event.request_id))
    if case is None or case.request.state != "proposed":
        return
    ended = case.resolved(Resolution("expired", "clock", note="silent"), ctx.now)
    if requests.save(ctx.conn, case.request, ended.request):
        deed(ctx, ended.request, "lapsed", "silent")
        asker = case.person(case.request.asker_id)
        if asker and asker.active:
            theirs = replace(ctx, person=asker)
            _settled(theirs, case, theirs.t("You did not send it in time."))


def _proposed(ctx: Context, word: str) -> Case:
    """A program's request that waits for whoever speaks; unknown and another's get the same answer."""
    case = load(ctx, word)
    if case is None or case.request.asker_id != ctx.person.id or not case.request.through:
        raise RefusedError("You have no request with that number. To see yours, say: requests")
    if case.request.state != "proposed":
        raise RefusedError("Request #{number} does not wait for you any more.", number=case.request.id)
    return case


def _save(ctx: Context, before: Request, after: Request) -> None:
    if not requests.save(ctx.conn, before, after):
        raise RefusedError(
            "Request #{number} was changed or decided a moment ago. Nothing was saved; look at it again.",
            number=before.id,
        )


def _settled(theirs: Context, case: Case, end: str) -> None:
    """Make the message look so that nothing is asked of its reader any more."""
    request, account = case.request, case.account
    amount = theirs.amount(request.amount, request.unit)
    whose = account.name if account else case.name_of(request.asker_id)
    facts = Facts(((theirs.t("Request"), f"#{request.id}"), (theirs.t("Reason"), reason_of(theirs, request))))
    card = Card(theirs.t("A program asked for {amount} for {name}", amount=amount, name=whose), (facts, Text(end)))
    theirs.tell(request.asker_id, _key(request), card, again=True)


def _key(request: Request) -> str:
    return f"proposal/{request.id}"
