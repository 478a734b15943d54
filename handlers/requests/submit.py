"""More, on request: how one asks, and what one may do until it is decided. decide.py is the other half."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.arguments import ForAgent, FormText, MaybeHowMuch, OfBudget, One, Rest, Until, WhatFor, units_above_zero
from handlers.budgets import BudgetStatus, statuses
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import COUNTED, NANOS
from handlers.policy import STAGES, ApprovalRule, Ask, Budget, Stage, because, stages_for
from handlers.questions import gauge, missing
from handlers.requests.approvers import Decider
from handlers.requests.case import Case, case_of, load, make_background
from handlers.requests.messages import unreached
from handlers.requests.write import at_its_stage, deed, grant, record, show
from storage import people, requests
from storage.people import NOBODY, Account
from storage.requests import Counts, Request, Resolution, Wanted

OPEN_MAX = 5
REASON_MAX = 500
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: the stages, and in words."""

    stages: tuple[Stage, ...]
    words: str


def request(
    ctx: Context,
    amount: MaybeHowMuch = None,
    agent: ForAgent = None,
    budget: OfBudget = None,
    until: Until = None,
    ticket: FormText = "",
    result: FormText = "",
    reason: WhatFor = "",
) -> Card:
    """Ask for more: say how much and what for, and it goes to whom the house rules name.

    `request 50 finish the migration` sends it at once; `request` alone opens a form. `request 300 for crawler until
    friday nightly reindex` asks for an agent that you own, before it runs; at half of it you are asked whether to go
    on. `request 50 of flagship the review` asks for more of that budget, else it is of the one that decides. Without a
    day it counts until the budget starts anew.
    """
    account = agent or _own_account(ctx)
    found = statuses(ctx, account)
    own = _own_statuses(ctx, account, found)
    status = _chosen(own, budget, account)
    if amount is None:
        return _form(ctx, status, own, account, reason)
    reason = _in_full(reason, ticket, result)
    units = units_above_zero(amount, status.budget.unit)
    last = _last_day(ctx, status, until)
    _check_reason(reason)
    opened = open_request(ctx, found, status, units, last, reason)
    asked = opened.case.request
    if asked.state == "approved":
        return _granted_card(ctx, asked)
    shown = ctx.amount(units, asked.unit)
    return Card(
        f"Asked for {shown} more",
        (
            Facts((("Request", f"#{asked.id}"), ("Goes to", _goes_to(opened)), ("For", reason))),
            Text(_what_next(opened.case)),
            Button("Withdraw it", f"withdraw {asked.handle}", confirm=f"Withdraw the request for {shown}?"),
        ),
    )


def requests_(ctx: Context) -> Card:
    """Your requests of the last 60 days and how they stand, and those that wait for your decision."""
    own = requests.mine(ctx.conn, ctx.person.id, ctx.now - timedelta(days=60))
    waiting = requests.open_for(ctx.conn, ctx.person.id)
    blocks: list[Block] = []
    if own:
        rows = tuple((f"#{one.id}", ctx.amount(one.amount, one.unit), one.state, one.reason[:60]) for one in own)
        blocks.append(Table("What you asked", ("Request", "Amount", "State", "For"), rows, "lrll"))
    if waiting:
        names = {one.id: one.name for one in people.active_people(ctx.conn)}
        lines = tuple(
            (f"#{one.id}", names.get(one.asker_id, one.asker_id), ctx.amount(one.amount, one.unit), one.reason[:60])
            for one in waiting
        )
        blocks.append(Table("What waits for you", ("Request", "Who", "Amount", "For"), lines, "llrl"))
        first = waiting[0]
        blocks.append(Button(f"Look at #{first.id}", f"history {first.handle}", style="primary"))
    open_ = [one for one in own if one.state == "pending"]
    if open_:
        blocks += [
            Button(f"Remind about #{open_[0].id}", f"remind {open_[0].handle}"),
            Button(f"Withdraw #{open_[0].id}", f"withdraw {open_[0].handle}", confirm="Withdraw this request?"),
        ]
    return Card(f"{len(open_)} open, {len(waiting)} for you to decide", tuple(blocks or [Text("Nothing was asked.")]))


def withdraw(ctx: Context, number: One) -> Card:
    """Take back a request of yours that is not yet decided: `withdraw 42`."""
    case = _open_of_mine(ctx, number)
    record(ctx, case, case.resolved(Resolution("withdrawn", ctx.person.id), ctx.now), "withdrawn", "asker")
    return Card(f"Request #{case.request.id} is withdrawn")


def change(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Say better what a request of yours is for, until it is decided: `change 42 the customer's deadline moved`."""
    case = _open_of_mine(ctx, number)
    _check_reason(reason)
    record(ctx, case, case.changed(reason=reason), "changed", "asker", reason)
    return Card(f"Request #{case.request.id} says now what it is for", (Text(f"“{reason}”"),))


def remind(ctx: Context, number: One) -> Card:
    """Remind whoever is to decide a request of yours, once a day: `remind 42`."""
    case = _open_of_mine(ctx, number)
    if case.request.reminded_on == ctx.today:
        raise RefusedError("You reminded them today already. Try again tomorrow.")
    reminded = case.changed(reminded_on=ctx.today)
    record(ctx, case, reminded, "reminded", "asker", anew=f"reminder/{ctx.today}")
    return Card(f"Reminded about request #{case.request.id}")


def route_of(rules: tuple[ApprovalRule, ...], ask: Ask, shown: Callable[[int, str], str]) -> Route:
    """Where a request would go.

    Args:
        rules: of approval.
        ask: what they look at.
        shown: how an amount is written.

    Raises:
        RefusedError: no rule of app.yaml fits.
    """
    stages = stages_for(rules, ask)
    if stages is None:
        raise RefusedError("No rule of app.yaml says who decides such a request. Ask an admin to add one (approvals:).")
    words = ", then ".join(stage.by.removeprefix("role ") for stage in stages)
    return Route(stages, words + because(rules, ask, shown))


def _ask(
    status: BudgetStatus, amount: int, found: Sequence[BudgetStatus], line: Sequence[Account], counts: Counts
) -> Ask:
    """What the rules look at."""
    budget = status.budget
    pools = [one.left for one in found if one.budget.is_pool and one.budget.unit == budget.unit]
    return Ask(
        amount=amount,
        limit=status.limit - counts.amount,
        unit=budget.unit,
        models=budget.models,
        teams=frozenset(each.id.removeprefix("team/") for each in line),
        times=counts.times,
        pool_left=min(pools, default=None),
    )


def _goes_to(opened: "Opened") -> str:
    """Whom it was sent to by name, then the stages after, and why."""
    route = opened.route
    first, _, after = route.words.partition(", then ")
    by = route.stages[0].by
    names = " or ".join(each.person.name for each in opened.deciders)
    whom = names + (f" (your {by})" if by in ("manager", "owner") else "")
    return whom + (f", then {after}" if after else route.words.removeprefix(first))


def _what_next(case: Case) -> str:
    """What to expect; somebody who was never seen in the chat cannot be written to, and the asker must know."""
    unseen = unreached(case)
    if unseen:
        return f"{' and '.join(unseen)} never spoke to me here, so I cannot write to them. Tell them to say: requests"
    return "You hear from me when it is decided."


def _own_account(ctx: Context) -> Account:
    account = ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError("You have no account of your own, so there is nothing to ask more of.")
    return account


def _own_statuses(ctx: Context, account: Account, found: Sequence[BudgetStatus]) -> list[BudgetStatus]:
    """The budgets of its own, the deciding one first; a pool is asked for by correcting its rule, not here."""
    if account.kind == "agent" and account.owner_id != ctx.person.id:
        raise RefusedError(f"Only the owner of {account.name} asks for it.")
    own = [each for each in found if each.account_id == account.id]
    if not own:
        raise RefusedError(f"No budget of its own binds {account.name}, so there is nothing to ask more of.")
    return own


def _chosen(own: list[BudgetStatus], budget: Budget | None, account: Account) -> BudgetStatus:
    if budget is None:
        return own[0]
    found = next((each for each in own if each.budget.name == budget.name), None)
    if found is None:
        known = ", ".join(each.budget.name for each in own)
        raise RefusedError(f"“{budget.name}” is no budget of {account.name}'s own. There is {known}.", fault="budget")
    return found


def _in_full(reason: str, ticket: str, result: str) -> str:
    """What who decides reads: the reason, the ticket, and what is expected of it."""
    more = [f"{name}: {words}" for name, words in (("Ticket", ticket), ("Expected", result)) if words]
    return "\n".join(filter(None, [reason, *more])) if reason else reason


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
) -> Opened:
    """Make a request and send it where the rules say; a small one inside them is granted at once.

    Args:
        ctx: of whoever asks.
        found: how all budgets stand that bind the account.
        status: how the one stands of which more is asked; its account would spend.
        amount: how much more, in the budget's unit.
        last: the last day.
        reason: what for.
        origin: "provider/id" of the provider's own request, "" if it is asked here.

    Raises:
        RefusedError: too many wait already, no rule fits, or nobody can be found who decides.
    """
    budget, account_id = status.budget, status.account_id
    counts = requests.counts(ctx.conn, account_id, budget.name, status.period.first, ctx.person.id)
    if counts.open >= OPEN_MAX and not origin:
        raise RefusedError(f"You have {OPEN_MAX} open requests. Wait for a decision, or withdraw one.")
    route = route_of(ctx.policy.approvals, _ask(status, amount, found, ctx.line(account_id), counts), ctx.amount)
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
    )
    asked = requests.ask_for(ctx.conn, wanted, ctx.now)
    deed(ctx, asked, "asked", "asker", f"{ctx.amount(amount, asked.unit)} for: {reason}")
    if route.stages[0].by == "nobody":
        return Opened(_granted(ctx, asked), route, ())
    case, deciders = at_its_stage(ctx, case_of(ctx, asked, ()))
    requests.note_asked(ctx.conn, asked.id, case.asked)
    show(ctx, case, {}, make_background(ctx, asked, found, counts))
    return Opened(case, route, deciders)


def _granted(ctx: Context, asked: Request) -> Case:
    """What is inside the rules is granted in the same breath."""
    case = Case(asked, ctx.line(asked.account_id), (), NOBODY)
    resolved = case.resolved(Resolution("approved", "rules", asked.amount), ctx.now)
    requests.save(ctx.conn, asked, resolved.request)
    grant(ctx, resolved.request)
    deed(ctx, resolved.request, "approved", "house rules", ctx.amount(asked.amount, asked.unit))
    return resolved


def _granted_card(ctx: Context, asked: Request) -> Card:
    shown = ctx.amount(asked.amount, asked.unit)
    facts = Facts((("Request", f"#{asked.id}"), ("For", asked.reason), ("Until", ctx.day(asked.until))))
    return Card(f"{shown} granted at once", (facts, Button("What is left?", "balance")), "good")


def _last_day(ctx: Context, status: BudgetStatus, until: date | None) -> date:
    end = status.period.end - timedelta(days=1)
    if until is None:
        return end
    if until < ctx.today:
        raise RefusedError(f"{ctx.day(until)} is over. Name a day to come.", fault="until")
    if until > end:
        raise RefusedError(
            f"The budget starts anew on {ctx.day(status.period.end)}. Ask until {ctx.day(end)} at most.",
            fault="until",
        )
    return until


def _check_reason(reason: str) -> None:
    if not reason:
        raise RefusedError("Say what it is for, such as: request 50 finish the migration", fault="reason")
    if len(reason) > REASON_MAX:
        raise RefusedError(f"Keep the reason under {REASON_MAX} characters.", fault="reason")


def _open_of_mine(ctx: Context, word: str) -> Case:
    """The case of a request of the speaker's own; unknown and another's get the same answer."""
    case = load(ctx, word)
    if case is None or case.request.asker_id != ctx.person.id:
        raise RefusedError("You have no request of that number. Say: requests")
    if case.request.state != "pending":
        raise RefusedError(f"Request #{case.request.id} is {case.request.state} already.")
    return case


def _form(ctx: Context, status: BudgetStatus, own: list[BudgetStatus], account: Account, reason: str) -> Card:
    says = "request" if account.id == ctx.account_id else f"request for {account.id.replace('/', ' ')}"
    return Card(
        "Ask for more",
        (
            gauge(ctx, status),
            Input("amount", f"How much more ({status.budget.unit})?", value=_likely(ctx, status), hint="Such as 50"),
            *_which(ctx, status, own),
            Input("reason", "What is it for?", form="long", value=reason),
            Input("ticket", "Link to the ticket", optional=True),
            Input("result", "What do you expect of it?", optional=True, hint="Such as: tests run twice as fast"),
            Input("until", "Until when?", optional=True, hint="A day such as friday; else until it starts anew"),
            Text(_routes(ctx, status), quiet=True),
            Button("Send", says, style="primary"),
        ),
    )


def _which(ctx: Context, status: BudgetStatus, own: list[BudgetStatus]) -> list[Input]:
    """A choice, where there is one."""
    if len(own) == 1:
        return []
    choices = tuple((each.budget.name, gauge(ctx, each).label) for each in own)
    return [Input("budget", "Of which budget?", form="choice", value=status.budget.name, choices=choices)]


def _likely(ctx: Context, status: BudgetStatus) -> str:
    """What will likely be missing, rounded up, as somebody would type it; "" if nothing will."""
    lacking = missing(ctx, status)
    if status.budget.unit in COUNTED:
        return f"{-(-lacking // MILLION)}M" if lacking else ""
    return str(-(-lacking // (10 * NANOS)) * 10) if lacking else ""


def _routes(ctx: Context, status: BudgetStatus) -> str:
    """What will happen, before anything is sent: the rules in words."""
    parts = []
    for rule in ctx.policy.approvals:
        who = ", then ".join(stage.by.removeprefix("role ") for stage in rule.stages)
        verb = (
            "granted at once"
            if who == "nobody"
            else f"decided by your {who}"
            if who == "manager"
            else f"decided by {who}"
        )
        most = rule.when.amount_up_to
        if most and most.unit not in ("", status.budget.unit):
            continue
        share = rule.when.share_up_to
        limits = [f"up to {ctx.amount(most.units(status.budget.unit), status.budget.unit)}"] if most else []
        limits += [f"up to {share} % of the budget"] if share else []
        parts.append(f"{' and '.join(limits) or 'else'}: {verb}")
    words = "; ".join(parts)
    return words[0].upper() + words[1:] + "." if words else ""
