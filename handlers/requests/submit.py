"""More, on request: how one asks, and what one may do until it is decided. decide.py is the other half."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.arguments import (
    AsFile,
    ForAgent,
    FormText,
    MaybeHowMuch,
    OfBudget,
    One,
    Page,
    Rest,
    Until,
    WhatFor,
    units_above_zero,
)
from handlers.budgets import BudgetStatus, refuse_too_much, share_of, statuses
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import in_units
from handlers.pages import Cell, as_file, part_of
from handlers.periods import THIS
from handlers.policy import Budget
from handlers.questions import gauge, looked_at
from handlers.requests.approvers import LEAD, decider
from handlers.requests.case import Case, asked_of, cases_of, load
from handlers.requests.claimed import receipts_buttons, receipts_in_words
from handlers.requests.effect import (
    after_it,
    ask_to_raise,
    binding_facts,
    in_effect,
    instead_of,
    lower_caps,
    more_of,
    pool_facts,
    stays_capped,
)
from handlers.requests.expiry import can_be_decided, in_words, next_period
from handlers.requests.form import form, is_absurd, is_same
from handlers.requests.messages import approve_button, asked_facts, page_of_request, unreached
from handlers.requests.opening import Opened, check_reason, last_day_asked, open_request
from handlers.requests.quoted import reason_of
from handlers.requests.routing import names_of
from handlers.requests.wording import (
    OVER,
    STATES,
    all_of,
    asked_for,
    asks,
    decided,
    goes_to,
    last_day_of,
    stages_in_words,
    sum_of,
)
from handlers.requests.write import record
from storage import receipts, requests
from storage.people import Account
from storage.requests import Request, Resolution
from storage.tables import FOREVER

QUEUE_MAX = 4
"""How many of the requests that wait are shown in full, each with five buttons."""


def request(
    ctx: Context,
    amount: MaybeHowMuch = None,
    agent: ForAgent = None,
    budget: OfBudget = None,
    until: Until = None,
    ticket: FormText = "",
    result: FormText = "",
    again: FormText = "",
    reason: WhatFor = "",
) -> Card:
    """Ask for extra budget: say how much and what for.

    “request 50 finish the migration” sends the request. “request” alone opens a form. The approval policy names who
    decides.

    “request 300 for crawler until friday nightly reindex” asks for an agent that you own. When half of it is spent, I
    ask you whether to continue.

    “request 50 of flagship the review” asks for more of the budget “flagship”. If you name no budget, it is the one
    that limits you first. If you name no day, the extra budget lasts until the budget resets.
    """
    account = agent or own_account(ctx)
    found = looked_at(ctx, account)
    own = own_statuses(ctx, account, found)
    status = chosen_of(own, budget, account)
    share = share_of(ctx, found, status.budget, account) if status.budget.is_pool and amount else None
    if amount is None:
        return form(ctx, status, own, account, reason)
    reason = _in_full(ctx, reason, ticket, result)
    status = share.status if share else status
    units = units_above_zero(amount, status.budget.unit)
    refuse_too_much(ctx, status, units)
    last = last_day_asked(ctx, status, until)
    check_reason(reason)
    if is_absurd(status, units) and not is_same(ctx, again, units, status.budget.unit):
        return form(ctx, status, own, account, reason, units)
    return opened_card(ctx, open_request(ctx, found, status, units, last, reason, share=share), found, status)


def opened_card(ctx: Context, opened: Opened, found: Sequence[BudgetStatus], status: BudgetStatus) -> Card:
    """What has become of a request that was just made, for whoever asked.

    Args:
        ctx: of whoever asks.
        opened: the request, and whom it was sent to.
        found: how all budgets stand that bind the account.
        status: how the one stands of which more was asked.
    """
    asked = opened.case.request
    if asked.state == "approved":
        return _granted_card(ctx, opened.case, found)
    instead = instead_of(ctx, opened.case)
    after = [
        *pool_facts(ctx, opened.case, found),
        after_it(ctx, status, more_of(asked, status), asked),
        *binding_facts(ctx, opened.case, found),
    ]
    until = [(ctx.t("Until"), last_day_of(ctx, asked))] if asked.is_exception else []
    reason = (ctx.t("Reason"), reason_of(ctx, asked))
    shown = sum_of(ctx, asked, asked.amount)
    text = N_("Asked for {amount}") if asked.is_exception else N_("Asked for {amount} more")
    confirm = ctx.t("Withdraw the request for {amount}?", amount=shown)
    return Card(
        ctx.t(text, amount=shown),
        (
            Facts(((ctx.t("Request"), f"#{asked.id}"), *route_facts(ctx, opened), *until, *instead, reason, *after)),
            Text(what_next(ctx, opened.case)),
            Button(ctx.t("Withdraw"), f"withdraw {asked.handle}", confirm=confirm),
            *ctx.on_a_page(page_of_request(opened.case)),
        ),
    )


def requests_(ctx: Context, page: Page = 1, as_csv: AsFile = False) -> Card:
    """Your requests of the last 60 days, and those that wait for your decision.

    “requests page 2” shows more of a long list, and “requests as csv” sends you all of them as a file.
    """
    own = requests.mine(ctx.conn, ctx.person.id, ctx.now - timedelta(days=60))
    asked = cases_of(ctx, requests.waiting_for(ctx.conn, ctx.person.id))
    waiting = [case for case in asked if decider(case, ctx.person) and can_be_decided(ctx, case)]
    open_ = [one for one in own if one.state == "pending"]
    title = _count(ctx, len(open_), len(waiting))
    ctx.look_up({one.account_id for one in own})
    if as_csv:
        names = {ctx.person.id: ctx.person.name, **{each.request.asker_id: _asker(each) for each in waiting}}
        found = [*own, *(each.request for each in waiting)]
        return as_file(ctx, title, f"requests-{ctx.today}", *_cells(ctx, found, names))
    queue, part = part_of(waiting, page, QUEUE_MAX), part_of(own, page)
    blocks: list[Block] = [block for case in queue.rows for block in waiting_case(ctx, case)]
    if own:
        rows = tuple(
            (
                f"#{one.id}",
                asked_for(ctx, one),
                ctx.t(STATES[one.state]),
                _for_whom(ctx, one),
                one.budget,
                _until_of(ctx, one),
                reason_of(ctx, one)[:60],
            )
            for one in part.rows
        )
        columns = (
            ctx.t("Request"),
            ctx.t("Amount"),
            ctx.t("State"),
            ctx.t("For"),
            ctx.t("Budget"),
            ctx.t("Until"),
            ctx.t("Reason"),
        )
        blocks.append(Table(part.captioned(ctx, ctx.t("Your requests")), columns, rows, "lrlllll"))
    if open_:
        number, handle = open_[0].id, open_[0].handle
        confirm = ctx.t("Withdraw this request?")
        blocks += [
            Button(ctx.t("Send a reminder about #{number}", number=number), f"remind {handle}"),
            Button(ctx.t("Withdraw #{number}", number=number), f"withdraw {handle}", confirm=confirm),
        ]
    longest = queue if queue.pages > part.pages else part
    blocks += longest.buttons(ctx, "requests")
    return Card(title, tuple(blocks or [Text(ctx.t("You asked for nothing in the last 60 days."))]))


def _count(ctx: Context, own: int, waiting: int) -> str:
    """How many requests are open: one's own, and those that wait for one's decision."""
    if own and waiting:
        return ctx.t("{open} open, {waiting} for you to decide", open=own, waiting=waiting)
    if waiting:
        return ctx.t("{waiting} for you to decide", waiting=waiting)
    if own:
        return ctx.nt("{n} open request", "{n} open requests", own)
    return ctx.t("No open requests, 0 for you to decide")


def _until_of(ctx: Context, one: Request) -> str:
    """Until when it is asked for; a claim is for what was bought before."""
    if one.is_claim:
        return ""
    return ctx.t("no end (permanent)") if one.until == FOREVER else ctx.short_day(one.until)


def _for_whom(ctx: Context, one: Request) -> str:
    """The agent that a request of one's own is for."""
    account = ctx.account(one.account_id)
    return account.name if account and account.kind == "agent" else ctx.t("me")


def waiting_case(ctx: Context, case: Case) -> tuple[Block, ...]:
    """A request that waits for whoever reads, with its numbers and what can be done."""
    request, account = case.request, case.account
    status = asked_of(statuses(ctx, account), request) if account and not case.claim else None
    title = ctx.t("#{number}: {what}", number=request.id, what=asks(ctx, case))
    kept = receipts.of_request(ctx.conn, request.id) if case.claim else []
    facts = [*asked_facts(ctx, case), *([after_it(ctx, status, more_of(request, status), request)] if status else [])]
    facts += [(ctx.t("Receipt"), receipts_in_words(ctx, kept))] if case.claim else []
    number = {"number": request.id}
    return (
        Text(title),
        *([gauge(ctx, status)] if status else []),
        Facts(tuple(facts)),
        replace(approve_button(ctx, case), label=_approve_label(ctx, case)),
        Button(ctx.t("Other amount for #{number}", **number), f"other {request.seen}"),
        Button(ctx.t("Deny #{number}", **number), f"deny {request.seen}", style="danger"),
        Button(ctx.t("Ask about #{number}", **number), f"question {request.handle}"),
        Button(ctx.t("Look at #{number}", **number), f"history {request.handle}"),
        *receipts_buttons(ctx, request.id, kept),
    )


def _approve_label(ctx: Context, case: Case) -> str:
    period, number = next_period(ctx, case), case.request.id
    if period is None:
        return ctx.t("Approve #{number}", number=number)
    return ctx.t("Approve #{number} for {period}", number=number, period=ctx.t(THIS[period.every]))


def _asker(case: Case) -> str:
    return case.name_of(case.request.asker_id)


def _cells(
    ctx: Context, found: Sequence[Request], names: Mapping[str, str]
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Requests as rows of a file."""
    zone = ctx.policy.zone
    return ("request", "asked_on", "who", "amount", "unit", "state", "reason"), [
        (
            one.id,
            str(one.asked_at.astimezone(zone).date()),
            names.get(one.asker_id, one.asker_id),
            in_units(one.amount, one.unit),
            one.unit,
            one.state,
            one.reason,
        )
        for one in found
    ]


def withdraw(ctx: Context, number: One) -> Card:
    """Withdraw a request of yours that is not decided yet: “withdraw 42”."""
    case = _open_of_mine(ctx, number)
    record(ctx, case, case.resolved(Resolution("withdrawn", ctx.person.id), ctx.now), "withdrawn", "asker")
    return Card(ctx.t("Request #{number} is withdrawn", number=case.request.id))


def change(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Change the reason of a request of yours, until it is decided: “change 42 the customer's deadline moved”."""
    case = _open_of_mine(ctx, number)
    check_reason(reason)
    record(ctx, case, case.changed(reason=reason), "changed", "asker", reason)
    return Card(ctx.t("Updated the reason of request #{number}", number=case.request.id), (Text(f"“{reason}”"),))


def remind(ctx: Context, number: One) -> Card:
    """Remind whoever decides a request of yours, once a day: “remind 42”."""
    case = _open_of_mine(ctx, number)
    if case.request.reminded_on == ctx.today:
        raise RefusedError("You already sent a reminder today. Try again tomorrow.")
    reminded = case.changed(reminded_on=ctx.today)
    record(ctx, case, reminded, "reminded", "asker", anew=f"reminder/{ctx.today}")
    return Card(ctx.t("Sent a reminder about request #{number}", number=case.request.id))


def route_facts(ctx: Context, opened: Opened) -> list[tuple[str, str]]:
    """Whom it was sent to by name, who decides after, and why."""
    case, route = opened.case, opened.route
    facts = [(ctx.t("Goes to"), goes_to(ctx, case, opened.deciders))]
    if len(route.stages) > 1 and route.stages[0] == LEAD:
        above = stages_in_words(ctx, route.stages[1:], names_of(case.circle.people))
        facts.append((ctx.t("For what the pool lacks"), above))
    elif len(route.stages) > 1:
        facts.append((ctx.t("Then"), stages_in_words(ctx, route.stages[1:], names_of(case.circle.people))))
    if route.exceeded is not None:
        most = ctx.amount(route.exceeded, case.request.unit)
        facts.append((ctx.t("Why"), ctx.t("It is more than {amount}.", amount=most)))
    return facts


def what_next(ctx: Context, case: Case) -> str:
    """What to expect; somebody who was never seen in the chat has to be found first, and the asker must know."""
    unseen = unreached(case)
    if unseen:
        return ctx.t(
            "I don't know a chat account of {names} yet. I'm looking for it, and I'll tell you if I can't find it.",
            names=all_of(ctx, unseen),
        )
    return ctx.t("I'll let you know when it's decided.")


def own_account(ctx: Context) -> Account:
    """The account of whoever speaks.

    Raises:
        RefusedError: they have none.
    """
    account = ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError("You have no account of your own, so you can't ask for more.")
    return account


def own_statuses(ctx: Context, account: Account, found: Sequence[BudgetStatus]) -> list[BudgetStatus]:
    """The budgets of which more can be asked: its own, the deciding one first, then pools of which it has no share."""
    if account.kind == "agent" and account.owner_id != ctx.person.id:
        raise RefusedError("Only the owner of {agent} can ask for it.", agent=account.name)
    own = [each for each in found if each.account_id == account.id]
    shared = {each.budget.name for each in own}
    pools = {each.budget.name: each for each in found if each.budget.is_pool and each.budget.name not in shared}
    if not own and not pools:
        raise RefusedError("{name} has no budget, so there is nothing to ask more of.", name=account.name)
    return [*own, *pools.values()]


def chosen_of(own: list[BudgetStatus], budget: Budget | None, account: Account) -> BudgetStatus:
    """The budget that was named, else the one that decides.

    Raises:
        RefusedError: it is no budget of theirs.
    """
    if budget is None:
        return own[0]
    found = next((each for each in own if each.budget.name == budget.name), None)
    if found is None:
        known = ", ".join(each.budget.name for each in own)
        raise RefusedError(
            "“{budget}” is not a budget of {name}. Choose one of: {known}",
            fault="budget",
            budget=budget.name,
            name=account.name,
            known=known,
        )
    return found


def _in_full(ctx: Context, reason: str, ticket: str, result: str) -> str:
    """What who decides reads, in the words of who asks: the reason, the ticket, and what is expected of it."""
    more = [ctx.t("Ticket: {ticket}", ticket=ticket)] if ticket else []
    more += [ctx.t("Expected result: {result}", result=result)] if result else []
    return "\n".join([reason, *more]) if reason else reason


def _granted_card(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> Card:
    asked = case.request
    shown, before = decided(ctx, asked), asked_of(found, asked)
    more = more_of(asked, before)
    with_it = [replace(each, moved=each.moved + more) if each is before else each for each in found]
    status = asked_of(with_it, asked)
    facts = Facts(
        (
            (ctx.t("Request"), f"#{asked.id}"),
            (ctx.t("Reason"), reason_of(ctx, asked)),
            (ctx.t("Until"), last_day_of(ctx, asked)),
            *([after_it(ctx, status, 0)] if status else []),
        ),
    )
    left = Button(ctx.t("What is left?"), "balance")
    not_yet, capped = in_effect(ctx, case, with_it), lower_caps(ctx, case, with_it)
    if capped and case.account:
        ask_to_raise(ctx, asked, case.account, capped)
    title = ctx.t("{amount} approved at once", amount=shown)
    return Card(title, (facts, *not_yet, *stays_capped(ctx, capped), left), "warn" if not_yet or capped else "good")


def _open_of_mine(ctx: Context, word: str) -> Case:
    """The case of a request of the speaker's own; unknown and another's get the same answer."""
    case = load(ctx, word)
    if case is None or case.request.asker_id != ctx.person.id:
        raise RefusedError("You have no request with that number. To see yours, say: requests")
    if case.request.state == "expired":
        text, values = in_words(ctx, case, case.request.resolved_note)
        raise RefusedError(text, **values)
    if case.request.state != "pending":
        raise RefusedError(OVER[case.request.state], number=case.request.id)
    return case
