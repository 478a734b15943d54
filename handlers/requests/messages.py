"""What becomes of a request: its messages, its timers, its grant and its trace in the audit.

Messages are made to match the state of the request: whoever was asked sees buttons only while the decision is theirs.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.budgets import UNHEARD, BudgetStatus, post, statuses
from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import CHAT_PLATFORMS, Context
from handlers.errors import Refused
from handlers.policy import after_working
from handlers.questions import gauge, pace
from handlers.requests.approvers import Decider, deciders, stage_of, to_be_asked
from handlers.waste import cheaper
from storage import audit, people, requests
from storage.audit import Deed
from storage.ledger import Entry
from storage.requests import Request

VERBS = {
    "approved": "Approved",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "expired": "Lapsed",
    "revoked": "Revoked",
}


def deed(ctx: Context, request: Request, what: str, authority: str, details: str = "") -> None:
    """Write down what was done to a request."""
    ctx.deed(what, f"request/{request.id}", authority, details)


def start_stage(ctx: Context, request: Request) -> list[str]:
    """Ask whoever decides at the present stage, and set its timers.

    Returns:
        The names of those who were asked.

    Raises:
        Refused: nobody can be found.
    """
    found = deciders(ctx, request)
    chosen = to_be_asked(found)
    if not chosen:
        raise Refused("Nobody can be found who may decide this. Ask an admin to look at the approval rules.")
    requests.note_asked(ctx.conn, request.id, request.stage, chosen)
    _set_timers(ctx, request, found)
    refresh(ctx, request)
    return [each.person.name for each in found if each.person.id in chosen]


def _set_timers(ctx: Context, request: Request, found: list[Decider]) -> None:
    """Reminders, raising and lapsing count the working hours of the first one asked."""
    stage = stage_of(request)
    zone = ZoneInfo(found[0].person.zone or ctx.house.organization.zone)
    unheard = replace(ctx, place=UNHEARD)
    timers = {"nudge": stage.remind_after_hours, "raise": stage.raise_after_hours, "lapse": stage.refuse_after_hours}
    for word, hours in timers.items():
        if hours:
            due = after_working(ctx.now, hours, ctx.house.working, zone)
            unheard.later(f"{word}/{request.id}/{request.stage}", f"{word} {request.handle} {request.stage}", due)


def refresh(ctx: Context, request: Request, anew: str = "") -> None:
    """Make every message about a request look as it stands.

    Args:
        ctx: of whoever changed it.
        request: as it is now.
        anew: for a reminder: a key under which those who decide get a message of its own.
    """
    asked = requests.who_was_asked(ctx.conn, request.id)
    copies = _copies(ctx, request)
    open_ = request.state == "pending"
    may = {each.person.id: each for each in deciders(ctx, request)} if open_ else {}
    done = {each.person_id for each in asked if each.said and each.stage == request.stage}
    for one in {each.person_id: each for each in asked}.values():
        person = ctx.somebody(one.person_id)
        if person is None:
            continue
        theirs = replace(ctx, person=person)
        to_decide = person.id in may and person.id not in done
        card = to_decide_card(theirs, request, may[person.id]) if to_decide else settled_card(theirs, request)
        theirs.tell(person.id, f"request/{request.id}", card)
        for key in copies:
            theirs.tell(person.id, key, card, again=True)
        if anew and to_decide:
            theirs.tell(person.id, f"request/{request.id}/{anew}", replace(card, title=f"Reminder: {card.title}"))
    answer_origin(ctx, request)
    asker = ctx.somebody(request.asker_id)
    if asker and not open_:  # whoever was asked back has messages with a button, too
        theirs = replace(ctx, person=asker)
        for key in copies:
            theirs.tell(asker.id, key, settled_card(theirs, request), again=True)


def answer_origin(ctx: Context, request: Request) -> None:
    """Let the provider where it was asked hear of a decision."""
    if request.origin and request.resolved_at and request.state in ("approved", "denied", "expired"):
        unheard = replace(ctx, place=UNHEARD)
        unheard.later(f"answered/{request.id}", f"answered {request.handle}", ctx.now)


def _copies(ctx: Context, request: Request) -> list[str]:
    """Keys of further messages with buttons: reminders, and questions once they can no longer be answered."""
    keys = []
    for deed in _deeds(ctx, request):
        if deed.what == "reminded":
            keys.append(f"request/{request.id}/reminder/{deed.at.astimezone(ctx.house.zone).date()}")
        elif deed.what == "nudged":
            keys.append(f"request/{request.id}/nudge/{deed.details}")
        elif deed.what == "said" and request.resolved_at:
            keys.append(_said(request, deed.at))
    return keys


def tell_about(ctx: Context, request: Request, person_id: str, card: Card) -> None:
    """Tell somebody what was said about a request, below its message or else below what was said first."""
    keys = [_said(request, deed.at) for deed in _deeds(ctx, request) if deed.what == "said"]
    ctx.tell_below(person_id, [f"request/{request.id}", *keys], _said(request, ctx.now), card)


def _said(request: Request, at: datetime) -> str:
    """The key of what was said about a request."""
    return f"question/{request.id}/{at:%Y%m%dT%H%M%S%f}"


def _deeds(ctx: Context, request: Request) -> list[Deed]:
    """What was done to a request, in its order."""
    return [row.deed for row in audit.rows(ctx.conn, f"request/{request.id}")]


def who_is_reached(ctx: Context, request: Request) -> dict[str, bool]:
    """The names of those asked at the present stage, each with whether they have a place to be written to."""
    asked = [each for each in requests.who_was_asked(ctx.conn, request.id) if each.stage == request.stage]
    return {
        name_of(ctx, each.person_id): bool(people.identities(ctx.conn, f"person/{each.person_id}", CHAT_PLATFORMS))
        for each in asked
    }


def to_decide_card(ctx: Context, request: Request, why: Decider) -> Card:
    """What somebody needs to decide: who, how much, why; what was used; what was asked before; the buttons."""
    asker = ctx.somebody(request.asker_id)
    name = asker.name if asker else request.asker_id
    amount = ctx.amount(request.amount, request.unit)
    status = status_of(ctx, request)
    times, sum_ = requests.granted(ctx.conn, request.account_id, request.budget, request.period_start)
    facts = [("Until", ctx.day(request.until))]
    facts += [("Granted before", f"{times} times, {ctx.amount(sum_, request.unit)} in all")] if times else []
    facts += pace(ctx, status) if status else []
    facts += _pool_after(ctx, request)
    instead = cheaper(ctx, request.account_id)
    facts += [("Before you say yes", instead)] if instead else []
    whose = _whose(ctx, request)
    blocks: list[Block] = [Text(f"“{request.reason}”")]
    blocks += [gauge(ctx, status)] if status else []
    blocks += [
        Facts(tuple(facts)),
        Button("Approve", f"approve {request.seen}", style="primary"),
        Button("Approve other amount", f"other {request.seen}"),
        Button("Deny", f"deny {request.seen}", style="danger"),
        Button("Ask a question", f"question {request.handle}"),
        Text(_small_print(ctx, request, why), quiet=True),
    ]
    return Card(f"{name} asks for {amount} more{whose}", tuple(blocks))


def settled_card(ctx: Context, request: Request) -> Card:
    """A request without buttons: decided, or waiting for others."""
    asker = ctx.somebody(request.asker_id)
    name = asker.name if asker else request.asker_id
    amount = ctx.amount(request.resolved_amount or request.amount, request.unit)
    facts = [
        ("Request", f"#{request.id}"),
        ("Asked", ctx.amount(request.amount, request.unit)),
        ("For", request.reason),
    ]
    if request.state == "pending":
        return Card(f"{amount} for {name}: others decide now", (Facts(tuple(facts)),))
    facts += [("Said", request.resolved_note)] if request.resolved_note else []
    decider = name_of(ctx, request.resolved_by)
    small = Text(f"By {decider}, {ctx.moment(request.resolved_at)}.", quiet=True) if request.resolved_at else Text("")
    return Card(f"{VERBS[request.state]}: {amount} for {name}", (Facts(tuple(facts)), small))


def grant(ctx: Context, request: Request, authority: str) -> None:
    """Post what was granted, in the same transaction as the decision, and write it down."""
    post(
        ctx,
        Entry(
            key=f"grant/{request.id}",
            account_id=request.account_id,
            budget=request.budget,
            period_start=request.period_start,
            kind="grant",
            amount=request.resolved_amount,
            unit=request.unit,
            said_by=request.resolved_by,
            note=request.reason,
            posted_at=ctx.now,
        ),
    )
    deed(ctx, request, "approved", authority, ctx.amount(request.resolved_amount, request.unit))


def tell_asker(ctx: Context, request: Request, title: str, blocks: tuple[Block, ...] = (), key: str = "answer") -> None:
    """Tell whoever asked, and the owner if it was for an agent, in their own words of numbers and dates."""
    asker = ctx.somebody(request.asker_id)
    if asker:
        good = request.state == "approved"
        facts = Facts((("Request", f"#{request.id}"), ("For", request.reason)))
        card = Card(title, (facts, *blocks, Button("What is left?", "balance")), "good" if good else "warn")
        replace(ctx, person=asker).tell(asker.id, f"{key}/{request.id}", card)


def status_of(ctx: Context, request: Request) -> BudgetStatus | None:
    """How the budget stands that more is asked of."""
    account = people.account(ctx.conn, request.account_id)
    found = statuses(ctx, account) if account else []
    return next(
        (one for one in found if (one.budget.name, one.account_id) == (request.budget, request.account_id)), None
    )


def _pool_after(ctx: Context, request: Request) -> list[tuple[str, str]]:
    """What the pools above would have left if all of it were spent."""
    account = people.account(ctx.conn, request.account_id)
    pools = [one for one in (statuses(ctx, account) if account else []) if one.budget.is_pool and not one.is_share]
    return [
        (f"{one.name} pool after", ctx.amount(one.left - request.amount, one.budget.unit))
        for one in pools
        if one.budget.unit == request.unit
    ]


def _whose(ctx: Context, request: Request) -> str:
    account = people.account(ctx.conn, request.account_id)
    return f" for {account.name}" if account and account.kind == "agent" else ""


def _small_print(ctx: Context, request: Request, why: Decider) -> str:
    stand_in = f" You decide for {name_of(ctx, why.for_id)}." if why.for_id else ""
    number, yours = request.id, why.authority.partition(",")[0]
    return (
        f"Request #{number}, asked {ctx.moment(request.asked_at)}; yours as {yours}.{stand_in} "
        f"In words: approve {number}, approve {number} 30, deny {number} …"
    )


def name_of(ctx: Context, person_id: str) -> str:
    """Who did something, as people call them."""
    if person_id in ("rules", "clock"):
        return "the house rules"
    person = ctx.somebody(person_id)
    return person.name if person else person_id
