"""What everybody sees of a request: cards, and which message of whom shows which. Nothing is read or written here.

Messages are made to match the state of the request: whoever was asked sees buttons only while the decision is theirs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import Context
from handlers.periods import THIS
from handlers.place import Place
from handlers.questions import gauge, pace
from handlers.requests.approvers import Decider, deciders
from handlers.requests.case import Background, Case
from handlers.requests.claimed import claim_facts, receipts_buttons, year_facts
from handlers.requests.effect import (
    after_it,
    binding_facts,
    caps_facts,
    instead_of,
    more_of,
    pool_facts,
)
from handlers.requests.expiry import next_period
from handlers.requests.quoted import reason_of
from handlers.requests.wording import (
    SETTLED,
    asked_for,
    asks,
    decided,
    goes_to,
    last_day_of,
    name_of,
    note_of,
    you_decide,
)
from handlers.waste import advice_in_words
from storage.directory import Person
from storage.outbox import ItemState
from storage.requests import Request

Sent = Mapping[str, ItemState]
"""The whole keys of all messages about a request that there ever were, in their order, and how far each has come."""


@dataclass(frozen=True, slots=True)
class Message:
    """A card as somebody should see it. `below` is the whole key of the message in whose thread it stands, or ""."""

    key: str
    place: Place
    card: Card
    below: str = ""


_ABOUT = re.compile(r"(?:request|question|answer)/(\d+)[/@]")
_SAYS = re.compile(r"(?:question|withdraw) (\S+)\Z")


def request_of(key: str, card: Card) -> str:
    """The number or the handle of the request that a message is about, "" if it is about none.

    Args:
        key: of the message, as the outbox has it.
        card: what it shows; the answer to `request` is known by its buttons.
    """
    if found := _ABOUT.match(key):
        return found[1]
    says = (_SAYS.match(each.says) for each in card.buttons)
    return next((each[1] for each in says if each), "")


def prefixes(request: Request) -> list[str]:
    """How the keys of all messages about a request begin."""
    return [f"request/{request.id}@", f"request/{request.id}/", f"question/{request.id}/"]


def messages(ctx: Context, case: Case, sent: Sent, known: Background | None, anew: str = "") -> Iterator[Message]:
    """Every message about a request as it stands now.

    Args:
        ctx: for the words only.
        case: as it is now.
        sent: which messages there are.
        known: what whoever decides should know; None when nobody decides any more.
        anew: for a reminder: a key under which those who decide get a message of its own.
    """
    request = case.request
    may = {each.person.id: each for each in deciders(case)} if request.state == "pending" else {}
    done = {each.person_id for each in case.asked_now if each.agreed}
    for person in filter(None, map(case.person, dict.fromkeys(each.person_id for each in case.asked))):
        theirs = replace(ctx, person=person)
        if not person.active:
            continue
        decides = known is not None and person.id in may and person.id not in done
        card = to_decide_card(theirs, case, known, may[person.id]) if known and decides else settled_card(theirs, case)
        for place in case.places_of(person.id):
            yield Message(f"request/{request.id}", place, card)
            yield from _copies(request, place, card, sent)
            if anew and decides:
                reminder = replace(card, title=theirs.t("Reminder: {title}", title=card.title))
                yield Message(f"request/{request.id}/{anew}", place, reminder)


def _copies(request: Request, place: Place, card: Card, sent: Sent) -> Iterator[Message]:
    """Further messages with buttons: reminders."""
    for key in sent:
        if key.startswith(f"request/{request.id}/") and key.endswith(f"@{place}"):
            yield Message(key.removesuffix(f"@{place}"), place, card)


def answered(ctx: Context, case: Case, shown: Iterable[Message]) -> Iterator[Message]:
    """What was said about a request once it is decided: the words stay, and no answer is asked for any more.

    Args:
        ctx: for the words only.
        case: as it is now.
        shown: the messages as they are.
    """
    readers = {place: each for each in case.circle.people.values() for place in case.places_of(each.id)}
    for each in shown:
        reader = readers.get(replace(each.place, aloud=False))
        if reader and each.card.buttons:
            end = Text(settled_card(replace(ctx, person=reader), case).title, quiet=True)
            kept = tuple(block for block in each.card.blocks if not isinstance(block, Button))
            yield replace(each, card=replace(each.card, blocks=(*kept, end)))


def said(ctx: Context, case: Case, sent: Sent, to: Person, card: Card) -> Iterator[Message]:
    """What was said about a request, below its message or else below what was said first."""
    number, key = case.request.id, _question_key(case.request.id, ctx.now)
    for place in case.places_of(to.id):
        heads = [
            each
            for each, state in sent.items()
            if each.startswith((f"request/{number}@", f"question/{number}/")) and each.endswith(f"@{place}")
            if state != "parked" and each != f"{key}@{place}"
        ]
        head = min(heads, key=lambda each: (not each.startswith("request/"), each), default="")
        yield Message(key, replace(place, aloud=True), card, head)


def _question_key(number: int, at: datetime) -> str:
    """The key of what was said about a request; they sort by their moment."""
    return f"question/{number}/{at:%Y%m%dT%H%M%S%f}"


def unreached(case: Case) -> list[str]:
    """The names of those asked at the present stage of whom no account is known."""
    return [case.name_of(each.person_id) for each in case.asked_now if not case.is_linked(each.person_id)]


def to_decide_card(ctx: Context, case: Case, known: Background, why: Decider) -> Card:
    """What somebody needs to decide: who, how much, why; what was used; what was asked before; the buttons."""
    request, status = case.request, known.status
    more = more_of(request, status)
    facts = [*asked_by(ctx, case), *_what_for(ctx, case), *instead_of(ctx, case)]
    facts += year_facts(ctx, known.claims, case.claim) if known.claims and case.claim else []
    facts += _granted_before(ctx, case, known)
    facts += pool_facts(ctx, case, known.found)
    facts += [after_it(ctx, status, more, request)] if status and status.account_id == request.account_id else []
    facts += binding_facts(ctx, case, known.found) if status else []
    facts += pace(ctx, status) if status else []
    facts += [
        (
            ctx.t("Left in the {pool} pool if you approve", pool=pool.name),
            ctx.amount(pool.remaining - more, pool.budget.unit),
        )
        for pool in known.found
        if pool.budget.is_pool and not pool.is_share and pool.budget.unit == request.unit and pool.left > 0
        if pool.budget.name != request.budget
    ]
    instead = advice_in_words(ctx, known.advice)
    facts += [(ctx.t("Before you approve"), instead)] if instead else []
    facts += [*known.there.facts, *caps_facts(ctx, known.there.caps)]
    blocks: list[Block] = [Text(reason_of(ctx, request) if request.through else f"“{request.reason}”")]
    blocks += [gauge(ctx, status)] if status else []
    blocks += [Text(each) for each in known.there.refused]
    blocks += [
        Facts(tuple(facts)),
        approve_button(ctx, case),
        *(() if next_period(ctx, case) else (Button(ctx.t("Approve other amount"), f"other {request.seen}"),)),
        Button(ctx.t("Deny"), f"deny {request.seen}", style="danger"),
        Button(ctx.t("Ask a question"), f"question {request.handle}"),
        *(receipts_buttons(ctx, request.id, known.claims.receipts) if known.claims else ()),
        Text(_small_print(ctx, case, why), quiet=True),
        *ctx.on_a_page(page_of_request(case), elsewhere=True),
    ]
    return Card(asks(ctx, case), tuple(blocks))


def page_of_request(case: Case) -> str:
    """The page that shows a request, or a claim with its receipts, to whom it concerns."""
    return f"/claim/{case.request.id}" if case.claim else f"/request/{case.request.id}"


def approve_button(ctx: Context, case: Case) -> Button:
    """The button that approves; for the period that has begun, if that of the request is over."""
    period, seen = next_period(ctx, case), case.request.seen
    if period is None:
        return Button(ctx.t("Approve"), f"approve {seen}", style="primary")
    label = ctx.t("Approve for {period}", period=ctx.t(THIS[period.every]))
    return Button(label, f"approve-anew {seen}", style="primary")


def asked_facts(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """What was asked for: the agent, if it is for one, the budget, until when, and why."""
    request, account = case.request, case.account
    agent = [(ctx.t("For"), account.name)] if account and account.kind == "agent" else []
    return [
        *agent,
        *asked_by(ctx, case),
        (ctx.t("Budget"), request.budget),
        *_what_for(ctx, case),
        (ctx.t("Reason"), reason_of(ctx, request)),
    ]


def _what_for(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """Until when more is asked for; of a claim, what was bought."""
    return claim_facts(ctx, case.claim) if case.claim else [(ctx.t("Until"), last_day_of(ctx, case.request))]


def asked_by(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """That a program asked, and for whom, if one did."""
    if not case.request.through:
        return []
    values = {"program": case.request.through, "name": case.name_of(case.request.asker_id)}
    return [(ctx.t("Asked by"), ctx.t("a program ({program}), for {name}", **values))]


def _granted_before(ctx: Context, case: Case, known: Background) -> list[tuple[str, str]]:
    if not known.times:
        return []
    amount = ctx.amount(known.granted, case.request.unit)
    times = ctx.nt("{n} time, {amount} in total", "{n} times, {amount} in total", known.times, amount=amount)
    return [(ctx.t("Extra budget so far"), times)]


def settled_card(ctx: Context, case: Case) -> Card:
    """A request without buttons: decided, or waiting for others."""
    request, note = case.request, note_of(ctx, case)
    title = ctx.t(SETTLED[request.state], amount=decided(ctx, request), name=case.name_of(request.asker_id))
    facts = [
        (ctx.t("Request"), f"#{request.id}"),
        (ctx.t("Asked for"), asked_for(ctx, request)),
        *asked_facts(ctx, case),
    ]
    if request.resolved_at is None:
        facts.append((ctx.t("Goes to"), goes_to(ctx, case, deciders(case))))
        return Card(title, (Facts(tuple(facts)),))
    facts += [(ctx.t("Answer"), note)] if note else []
    by = ctx.t(
        "By {name}, {moment}.",
        name=name_of(ctx, case, request.resolved_by),
        moment=ctx.moment(request.resolved_at),
    )
    return Card(title, (Facts(tuple(facts)), Text(by, quiet=True)))


def _small_print(ctx: Context, case: Case, why: Decider) -> str:
    number = case.request.id
    asked = ctx.t("Request #{number}, asked {moment}.", number=number, moment=ctx.moment(case.request.asked_at))
    example = f"approve {number}" if case.request.is_exception else f"approve {number} 30"
    say = ctx.t("You can also say: {example}", example=example)
    return f"{asked} {you_decide(ctx, case, why)} {say}"
