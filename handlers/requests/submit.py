"""More, on request: how one asks, and what one may do until it is decided. decide.py is the other half."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.amounts import read_amount
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
from handlers.budgets import BudgetStatus, Share, give, refuse_too_much, share_of, statuses
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import COUNTED, AmountError, in_units, scale_of, show_count
from handlers.pages import Cell, as_file, part_of
from handlers.periods import THIS
from handlers.policy import MANAGER, STAGES, ApprovalRule, Ask, Budget, Conditions, Stage, exceeded, stages_for
from handlers.questions import gauge, looked_at, missing
from handlers.requests.approvers import LEAD, Decider, decider, lead_of
from handlers.requests.case import Case, asked_of, base_of, case_of, cases_of, counts_of, in_all, load, make_background
from handlers.requests.claimed import receipts_buttons, receipts_in_words
from handlers.requests.effect import (
    after_it,
    ask_to_raise,
    binding_facts,
    enough_for,
    in_effect,
    instead_of,
    lower_caps,
    more_of,
    pool_facts,
    stays_capped,
)
from handlers.requests.expiry import can_be_decided, in_words, next_period
from handlers.requests.messages import approve_button, asked_facts, unreached
from handlers.requests.quoted import reason_of
from handlers.requests.wording import (
    OVER,
    STATES,
    all_of,
    asked_for,
    asks,
    decided,
    goes_to,
    last_day_of,
    named,
    stages_in_words,
    sum_of,
)
from handlers.requests.write import at_its_stage, deed, grant, record, show
from storage import people, receipts, requests
from storage.directory import Person
from storage.people import NOBODY, Account
from storage.requests import Counts, Request, RequestKind, Resolution, Wanted
from storage.tables import FOREVER

OPEN_MAX = 5
ABSURD_TIMES = 20
"""So many times the budget is asked about before it is asked for."""
QUEUE_MAX = 4
"""How many of the requests that wait are shown in full, each with five buttons."""
REASON_MAX = 500
NOTE_MAX = 500
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Args:
        stages: who has to decide.
        exceeded: the amount of an easier rule that the request exceeds, in the budget's unit; None if there is none.
    """

    stages: tuple[Stage, ...]
    exceeded: int | None


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
        return _form(ctx, status, own, account, reason)
    reason = _in_full(ctx, reason, ticket, result)
    status = share.status if share else status
    units = units_above_zero(amount, status.budget.unit)
    refuse_too_much(ctx, status, units)
    last = last_day_asked(ctx, status, until)
    check_reason(reason)
    if is_absurd(status, units) and not is_same(ctx, again, units, status.budget.unit):
        return _form(ctx, status, own, account, reason, units)
    return opened_card(ctx, open_request(ctx, found, status, units, last, reason, share=share), found, status)


def opened_card(ctx: Context, opened: "Opened", found: Sequence[BudgetStatus], status: BudgetStatus) -> Card:
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
            *ctx.on_a_page("/requests"),
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
    title = ctx.t("{waiting} for you to decide", waiting=len(waiting))
    if open_ or not waiting:
        title = ctx.t("{open} open, {waiting} for you to decide", open=len(open_), waiting=len(waiting))
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
    return Card(title, tuple(blocks or [Text(ctx.t("You have no requests."))]))


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


def route_of(rules: tuple[ApprovalRule, ...], ask: Ask) -> Route:
    """Where a request would go.

    Args:
        rules: of approval.
        ask: what they look at.

    Raises:
        RefusedError: no rule of app.yaml fits.
    """
    stages = stages_for(rules, ask)
    if stages is None:
        raise RefusedError("The approval policy does not say who decides this request. Ask an admin to add a rule.")
    return Route(stages, exceeded(rules, ask))


def _ask(
    status: BudgetStatus, amount: int, found: Sequence[BudgetStatus], line: Sequence[Account], counts: Counts
) -> Ask:
    """What the rules look at."""
    budget = status.budget
    pools = [one.remaining for one in found if one.budget.is_pool and one.budget.unit == budget.unit]
    return Ask(
        amount=amount,
        limit=status.limit - counts.amount,
        unit=budget.unit,
        models=budget.models,
        teams=frozenset(each.id.removeprefix("team/") for each in line),
        times=max(counts.times, counts.at_once),
        granted=max(counts.amount, counts.at_once_amount),
        pool_left=min(pools, default=None),
    )


def route_facts(ctx: Context, opened: "Opened") -> list[tuple[str, str]]:
    """Whom it was sent to by name, who decides after, and why."""
    case, route = opened.case, opened.route
    facts = [(ctx.t("Goes to"), goes_to(ctx, case, opened.deciders))]
    if len(route.stages) > 1 and route.stages[0] == LEAD:
        above = stages_in_words(ctx, route.stages[1:], _names(case.circle.people))
        facts.append((ctx.t("For what the pool lacks"), above))
    elif len(route.stages) > 1:
        facts.append((ctx.t("Then"), stages_in_words(ctx, route.stages[1:], _names(case.circle.people))))
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


def _names(persons: Mapping[str, Person]) -> dict[str, str]:
    return {each.id: each.name for each in persons.values()}


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
    """The budget that was named, else the one that decides."""
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
    ask = _ask(status, more, found, line, counts)
    if kind == "exception":
        ask = replace(ask, amount=in_all(ctx, budget, more, last), permanent=last == FOREVER)
    rules = tuple(each for each in ctx.policy.approvals if not through or draft or each.stages[0].by != "nobody")
    route = route_of(rules, ask)
    if share is not None:
        route = _by_way_of_the_lead(ctx, route, ask, share, line)
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


def _by_way_of_the_lead(ctx: Context, route: Route, ask: Ask, share: Share, line: Sequence[Account]) -> Route:
    """A share is asked of the pool's lead first, and of those above only what the pool lacks.

    What would be granted at once is, if the pool has so much free; a pool grows by nobody's word alone.
    """
    lead = lead_of(ctx, share.pool.budget, line)
    if lead is None or lead.id == ctx.person.id or (route.stages[0].by == "nobody" and ask.amount <= share.free):
        return route
    if ask.amount <= share.free:
        return Route((LEAD,), None)
    above = _above(ctx, replace(ask, amount=ask.amount - max(0, share.free)))
    return Route((LEAD, *above), None)


def _above(ctx: Context, ask: Ask) -> tuple[Stage, ...]:
    """Who decides over a pool: by the first rule that fits and does not approve at once."""
    rules = tuple(each for each in ctx.policy.approvals if not each.at_once)
    return route_of(rules or MANAGER, ask).stages


def stages_above(ctx: Context, share: Share, lacking: int, found: Sequence[BudgetStatus], counts: Counts) -> str:
    """The stages of a request whose first is the pool's lead, as the rules stand now, for what the pool lacks.

    Raises:
        RefusedError: no rule of app.yaml fits.
    """
    ask = _ask(share.status, lacking, found, ctx.line(share.account.id), counts)
    return STAGES.dump_json((LEAD, *_above(ctx, ask))).decode()


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


def check_reason(reason: str, example: str = "request 50 finish the migration") -> None:
    """Refuse what says nothing, or too much.

    Raises:
        RefusedError: as said; the example is what would be right.
    """
    if not reason:
        raise RefusedError("Say what it is for, for example: {example}", fault="reason", example=example)
    if len(reason) > REASON_MAX:
        raise RefusedError("The reason is too long. Use at most {n} characters.", fault="reason", n=REASON_MAX)


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


def is_absurd(status: BudgetStatus, units: int) -> bool:
    """Whether so much is asked that a finger may have slipped."""
    return units > ABSURD_TIMES * max(status.limit, status.budget.allotment) > 0


def is_same(ctx: Context, words: str, units: int, unit: str) -> bool:
    """Whether the amount was written a second time."""
    try:
        amount = read_amount(words, ctx.locale, ctx.policy.organization.currency) if words.strip() else None
        return amount is not None and amount.units(unit) == units
    except AmountError:
        return False


def sure(ctx: Context, status: BudgetStatus, units: int) -> tuple[Block, ...]:
    """The question before an absurd amount; it is answered by writing it again."""
    unit = status.budget.unit
    text = ctx.t(
        "{amount} is {times} times your budget of {limit}. Nothing is sent yet.",
        amount=ctx.amount(units, unit),
        times=show_count(units // max(1, status.limit, status.budget.allotment), ctx.locale),
        limit=ctx.amount(status.limit, unit),
    )
    return Text(text), Input("again", ctx.t("If you mean it, write the amount once more"), optional=True)


def _form(
    ctx: Context, status: BudgetStatus, own: list[BudgetStatus], account: Account, reason: str, units: int = 0
) -> Card:
    """The form; with an amount it asks whether that is meant."""
    says = "request" if account.id == ctx.account_id else f"request for {account.id.replace('/', ' ')}"
    return Card(
        ctx.t("Ask for more"),
        (
            gauge(ctx, status),
            Input(
                "amount",
                ctx.t("How much more ({unit})?", unit=status.budget.unit),
                value=plain(units, status.budget.unit) if units else _likely(ctx, status),
                hint=ctx.t("For example: {example}", example="50"),
                form="text" if status.budget.unit in COUNTED else "number",
                least="0",
            ),
            *(sure(ctx, status, units) if units else _at_least(ctx, status)),
            *_which(ctx, status, own),
            Input("reason", ctx.t("What is it for?"), form="long", value=reason),
            Input("ticket", ctx.t("Link to the ticket"), optional=True),
            Input(
                "result",
                ctx.t("What result do you expect?"),
                optional=True,
                hint=ctx.t("For example: tests run twice as fast"),
            ),
            Input(
                "until",
                ctx.t("Until when?"),
                optional=True,
                form="date",
                hint=ctx.t("If empty: until the budget resets"),
                least=str(ctx.today),
                most=str(status.period.end - timedelta(days=1)),
            ),
            Text(_routes(ctx, status, account), quiet=True),
            Button(ctx.t("Send"), says, style="primary"),
        ),
    )


def _at_least(ctx: Context, status: BudgetStatus) -> tuple[Block, ...]:
    """What it takes to go on at all, for who is over the limit."""
    if status.usable > 0:
        return ()
    enough = ctx.amount(enough_for(status), status.budget.unit)
    return (Text(ctx.t("The budget is used up. {enough} would do to go on.", enough=enough)),)


def _which(ctx: Context, status: BudgetStatus, own: list[BudgetStatus]) -> list[Input]:
    """A choice, where there is one."""
    if len(own) == 1:
        return []
    choices = tuple((each.budget.name, gauge(ctx, each).label) for each in own)
    return [Input("budget", ctx.t("Which budget?"), form="choice", value=status.budget.name, choices=choices)]


def plain(units: int, unit: str) -> str:
    """An amount as it can be typed."""
    return f"{in_units(units, unit):f}"


def _likely(ctx: Context, status: BudgetStatus) -> str:
    """What will likely be missing, rounded up, as somebody would type it; "" if nothing will."""
    lacking = missing(ctx, status)
    if status.budget.unit in COUNTED:
        return f"{-(-lacking // MILLION)}M" if lacking else ""
    return str(-(-lacking // (10 * scale_of(status.budget.unit))) * 10) if lacking else ""


def _routes(ctx: Context, status: BudgetStatus, account: Account) -> str:
    """What will happen, before anything is sent: a sentence for each rule that may fit."""
    budget = status.budget
    teams = {each.id.removeprefix("team/") for each in ctx.line(account.id)}
    rules = [
        rule
        for rule in ctx.policy.approvals
        if rule.when.models in ("", budget.models)
        and (not rule.when.team or rule.when.team in teams)
        and (rule.when.amount_up_to is None or rule.when.amount_up_to.unit in ("", budget.unit))
    ]
    ids = {each for rule in rules for stage in rule.stages for each in named(stage.by)}
    names = _names(people.persons(ctx.conn, ids)) if ids else {}
    return " ".join(_rule(ctx, budget.unit, rule, names) for rule in rules)


def _rule(ctx: Context, unit: str, rule: ApprovalRule, names: Mapping[str, str]) -> str:
    """A rule in a sentence: up to how much, and who decides."""
    most, share = rule.when.amount_up_to, rule.when.share_up_to
    values = {"amount": ctx.amount(most.units(unit), unit) if most else "", "percent": share}
    if rule.stages[0].by == "nobody":
        return _at_once(ctx, rule.when, values)
    values["whom"] = stages_in_words(ctx, rule.stages, names)
    if most and share:
        return ctx.t("Up to {amount} and {percent} % of the budget: decided by {whom}.", **values)
    if most:
        return ctx.t("Up to {amount}: decided by {whom}.", **values)
    if share:
        return ctx.t("Up to {percent} % of the budget: decided by {whom}.", **values)
    return ctx.t("Otherwise: decided by {whom}.", **values)


def _at_once(ctx: Context, when: Conditions, values: Mapping[str, object]) -> str:
    """The same for what nobody has to decide; the policy limits how often."""
    times = when.times_up_to or 0
    if when.amount_up_to and when.share_up_to:
        return ctx.nt(
            "Up to {amount} and {percent} % of the budget: approved at once, {n} time per period.",
            "Up to {amount} and {percent} % of the budget: approved at once, {n} times per period.",
            times,
            **values,
        )
    if when.amount_up_to:
        return ctx.nt(
            "Up to {amount}: approved at once, {n} time per period.",
            "Up to {amount}: approved at once, {n} times per period.",
            times,
            **values,
        )
    return ctx.nt(
        "Up to {percent} % of the budget: approved at once, {n} time per period.",
        "Up to {percent} % of the budget: approved at once, {n} times per period.",
        times,
        **values,
    )
